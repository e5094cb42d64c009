//! Pure answers over model values: no storage, no clock, no ids of their own.

pub(crate) mod balance;
pub(crate) mod calendar;
pub(crate) mod expand;
pub(crate) mod part_text;
pub(crate) mod product;
pub(crate) mod quantity;
pub(crate) mod rate;
pub(crate) mod recurring;
pub(crate) mod schedule;
pub(crate) mod scheduled_charge;
pub(crate) mod statement;
pub(crate) mod subscription;
