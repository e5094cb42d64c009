//! The library's behaviour, through its public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod keys;
#[cfg(feature = "wire")]
mod script;
#[cfg(feature = "cli")]
mod tool;
#[cfg(feature = "wire")]
mod wire;
#[cfg(feature = "wire")]
mod wire_requests;
