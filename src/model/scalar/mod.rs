//! The scalars that records are made of.

mod amount;
mod time;

pub use amount::{Amount, AmountError};
pub use time::{Time, TimeError};
