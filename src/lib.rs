//! An embedded store for billing metadata: custom fields with enforced uniqueness, atomic changes, one file.

mod entity;
mod error;
#[cfg(feature = "wire")]
mod exchange;
mod model;
mod storage;
mod store;
#[cfg(feature = "wire")]
mod wire;

pub use entity::*;
pub use error::{EngineError, Error, ErrorKind, Fault, KeyProblem, Result};
pub use model::change::About;
pub use model::custom_field::{
    CustomFieldKey, CustomFields, Expectation, Instance, KeyKind, MAX_KEY_CHARACTERS, MAX_KEYS_PER_ENTITY,
    MAX_VALUE_CHARACTERS, SetOutcome, ValueOutcome,
};
pub use model::page::{Cursor, CursorError, DEFAULT_PAGE_LIMIT, MAX_PAGE_LIMIT, Page, PageRequest};
pub use model::scalar::{Time, TimeError};
pub use storage::backend::Backend;
pub use store::{
    Durability, IdSource, Reading, SetClock, Snapshot, Stats, Store, StoreOptions, Transaction, Writing,
};

#[cfg(feature = "wire")]
pub use exchange::script::{MAX_SCRIPT_LINE_BYTES, Script, ScriptError};
#[cfg(feature = "wire")]
pub use wire::Answer;

/// What most programs need: `use billfold::prelude::*;`.
pub mod prelude {
    pub use crate::entity::*;
    pub use crate::{
        About, Cursor, CustomFieldKey, CustomFields, Durability, Error, ErrorKind, Expectation, Fault,
        IdSource, Instance, KeyKind, Page, PageRequest, Reading, SetClock, SetOutcome, Snapshot, Store,
        StoreOptions, Time, Transaction, ValueOutcome, Writing,
    };
}
