//! What goes in and out of a store as a whole: call scripts, and the fixtures they make.

mod fixture;
mod reference;
pub(crate) mod script;
