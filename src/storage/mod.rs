//! The engine room. Nothing outside names redb, and only `codec` turns records into bytes.
//!
//! From the bottom up: `tables`, `key_bytes` and `codec` say what a row looks like; `view` and `member` read and
//! write rows; `rows`, `index`, `journal` and `catalog` give them meaning; `queue` orders the writers and `batch`
//! carries them through, where rows that come in `bulk` wait until there are many to `fill` tables with. What an
//! instance has any number of stands in a `collection`; `versions` keeps the parts of a
//! contract as they are and as they were, `contract_window` the contracts of a customer by their starts, `settled` the
//! invoices that stay as they are, and `past` the values that instances had; a `package` is no instance, and stands in a table of its own. The names that are looked up most are `resident` in memory, and those that a thread asks for `at_hand`. `open` and `probe` look at the file, and
//! `engine` is the store that runs.

pub mod alias;
pub mod alias_schedule;
mod at_hand;
pub mod backend;
mod batch;
mod bulk;
pub mod catalog;
pub mod check;
pub mod codec;
pub mod collection;
mod compact;
pub mod contract_window;
pub mod copy;
pub mod engine;
mod failure;
mod fill;
pub mod idempotency;
pub mod ids;
pub mod index;
pub mod journal;
pub mod key_bytes;
mod lines;
mod locks;
mod make;
pub mod member;
pub mod memory;
mod open;
mod opened;
mod overlay;
pub mod package;
mod pages;
pub mod past;
mod probe;
mod queue;
pub mod recorded;
pub mod resident;
pub mod rows;
pub mod salvage;
pub mod settled;
mod sorted;
pub mod tables;
mod verdict;
pub mod versions;
pub mod view;
