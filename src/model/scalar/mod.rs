//! The scalars that records are made of.

mod amount;
mod time;
mod written;

pub use amount::{Amount, AmountError};
pub use time::{Time, TimeError};
pub(crate) use written::Written;
