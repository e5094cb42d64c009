//! Pure answers over model values: no storage, no clock, no ids of their own.

pub(crate) mod calendar;
pub(crate) mod expand;
pub(crate) mod product;
pub(crate) mod quantity;
pub(crate) mod rate;
pub(crate) mod recurring;
pub(crate) mod schedule;
pub(crate) mod statement;
