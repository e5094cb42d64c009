//! What goes in and out of a store as a whole: call scripts.

mod reference;
pub(crate) mod script;
