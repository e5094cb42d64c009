//! Pure answers over model values: no storage, no clock, no ids of their own.

pub(crate) mod product;
pub(crate) mod quantity;
pub(crate) mod rate;
mod reseller_royalty;
mod settings;
#[cfg(test)]
mod settings_tests;
mod spend_tracker;
mod threshold;
mod threshold_change;
