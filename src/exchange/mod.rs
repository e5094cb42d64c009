//! What goes in and out of a store as a whole: call scripts, the fixtures they make, exports and imports.

pub(crate) mod export;
mod fixture;
pub(crate) mod import;
mod item_line;
mod lines;
mod reference;
pub(crate) mod script;
