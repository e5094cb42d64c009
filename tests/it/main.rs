//! The library's behaviour, through its public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod failures;
mod finding;
mod instances;
mod keys;
mod model;
mod opening;
mod pages_written;
mod support;
mod transactions;
mod turns;
mod uniqueness;
mod values;
