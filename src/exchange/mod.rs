//! What goes in and out of a store as a whole: call scripts, exports and imports, the fixtures they make, and how two
//! stores differ.

pub(crate) mod diff;
pub(crate) mod export;
mod fixture;
pub(crate) mod import;
mod item_line;
mod lines;
mod reference;
pub(crate) mod script;
