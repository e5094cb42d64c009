//! Pure answers over model values: no storage, no clock, no ids of their own.

pub(crate) mod alert;
pub(crate) mod alert_scope;
pub(crate) mod balance;
pub(crate) mod calendar;
pub(crate) mod charge;
pub(crate) mod contract;
pub(crate) mod contract_rate;
#[cfg(test)]
mod contract_rate_inside;
pub(crate) mod expand;
pub(crate) mod invoice;
pub(crate) mod override_names;
pub(crate) mod override_price;
pub(crate) mod override_target;
pub(crate) mod package;
pub(crate) mod part_text;
pub(crate) mod price_override;
pub(crate) mod product;
pub(crate) mod quantity;
pub(crate) mod rate;
pub(crate) mod recurring;
mod reseller_royalty;
pub(crate) mod schedule;
pub(crate) mod scheduled_charge;
mod settings;
#[cfg(test)]
mod settings_tests;
mod spend_tracker;
pub(crate) mod statement;
pub(crate) mod stripe;
pub(crate) mod subscription;
mod threshold;
mod threshold_change;
pub(crate) mod usage_filter;
