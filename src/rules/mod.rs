//! Pure answers over model values: no storage, no clock, no ids of their own.

pub(crate) mod contract;
pub(crate) mod contract_rate;
pub(crate) mod override_price;
pub(crate) mod override_target;
pub(crate) mod price_override;
pub(crate) mod product;
pub(crate) mod quantity;
pub(crate) mod rate;
pub(crate) mod usage_filter;
