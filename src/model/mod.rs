//! What is stored and asked for: plain data, each type validating itself. No storage, no I/O.

pub(crate) mod alias;
pub(crate) mod balance;
pub(crate) mod billable_metric;
pub(crate) mod change;
pub(crate) mod contract;
pub(crate) mod contract_edit;
pub(crate) mod contract_rate;
pub(crate) mod credit_type;
pub(crate) mod custom_field;
pub(crate) mod customer;
pub(crate) mod page;
pub(crate) mod price_override;
pub(crate) mod product;
pub(crate) mod rate;
pub(crate) mod rate_card;
pub(crate) mod recurring;
pub(crate) mod scalar;
pub(crate) mod schedule;
pub(crate) mod scheduled_charge;
pub(crate) mod settings;
pub(crate) mod statement;
pub(crate) mod subscription;
pub(crate) mod usage_filter;
pub(crate) mod word;
