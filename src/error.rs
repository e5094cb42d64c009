//! What can go wrong, and what a caller needs to know to act on it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use crate::entity::{EntityRef, ManagedEntity};
use crate::model::custom_field::{KeyKind, MAX_KEY_CHARACTERS, MAX_KEYS_PER_ENTITY, MAX_VALUE_CHARACTERS};

/// The result of every call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not do what it was asked to.
///
/// Whatever the error, nothing of the call is in the store, except after
/// [`OutcomeUnknown`](Self::OutcomeUnknown).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request cannot be carried out: every fault of the call, in the order they were found.
    #[error("{}", list(.0))]
    Refused(Vec<Fault>),
    /// The closure of a transaction stopped with a reason of its own; see [`Error::stop`].
    #[error("stopped by the transaction's own code: {0}")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another handle has the file open, in this process or another one.
    #[error("{path}: the store is open already; it can be open once at a time", path = .path.display())]
    AlreadyOpen {
        /// The file.
        path: PathBuf,
    },
    /// The folder that the file is to be in does not exist.
    #[error("{folder}: no such folder", folder = .folder.display())]
    FolderMissing {
        /// The folder.
        folder: PathBuf,
    },
    /// There is no file to open for reading only.
    #[error("{path}: no such file", path = .path.display())]
    StoreMissing {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else than a store of this library. It was not touched.
    #[error("{path}: not a billfold store: {found}; the file was left as it was", path = .path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// The file was written by a newer version of this library. It was not touched.
    #[error("{path}: the store has format {found}; this version reads up to format {known}", path = .path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: u32,
        /// The newest format this version knows.
        known: u32,
    },
    /// The file may not be written; [`open_read_only`](crate::Store::open_read_only) can read it.
    #[error("{path}: the file is read-only", path = .path.display())]
    ReadOnlyFile {
        /// The file.
        path: PathBuf,
    },
    /// The file was not closed in good order, and repairing it takes a writer: open it for writing once.
    #[error(
        "{path}: the store was not closed in good order, which a read-only opener cannot repair; \
         open it for writing once",
        path = .path.display()
    )]
    NotClosedCleanly {
        /// The file.
        path: PathBuf,
    },
    /// A writing call on a store that was opened for reading only.
    #[error("the store was opened for reading only")]
    ReadOnly,
    /// The operating system refused or failed an access to the file.
    #[error("input or output failed: {0}")]
    Io(#[source] EngineError),
    /// What the file holds is not what was written, or makes no sense. The message says which table.
    #[error("the store is damaged: {0}")]
    Corrupt(#[source] EngineError),
    /// The store was closed, by [`close`](crate::Store::close) or because the engine failed before.
    #[error("the store is closed: {0}")]
    Closed(#[source] EngineError),
    /// The engine failed before the commit: nothing of the call is in the store, which is closed now.
    /// Reopen it and call again.
    #[error("nothing was applied, and the store is closed: {0}")]
    NotApplied(#[source] EngineError),
    /// The engine failed during the commit: the call may be in the store, whole, or not at all. The store
    /// is closed now; reopen it and look.
    #[error("whether the change was applied is known only when the store is reopened: {0}")]
    OutcomeUnknown(#[source] EngineError),
    /// The time limit of [`with_time_limit`](crate::Store::with_time_limit) ran out before the call's turn.
    #[error("other writers kept the store busy for {} ms; nothing was done", .waited.as_millis())]
    Busy {
        /// How long the call waited.
        waited: std::time::Duration,
    },
    /// A writing call of the store from inside a transaction of the same store, on the same thread: it
    /// would wait for itself. Use the transaction's own calls.
    #[error("a writing call of the store from inside its own transaction; use the transaction instead")]
    Reentrant,
    /// A writing call while the calling thread is already unwinding from a panic.
    #[error("a writing call from a thread that is unwinding from a panic")]
    Unwinding,
}

/// What kind of error it is, for callers that branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is wrong in itself; the same request will always be refused.
    Invalid,
    /// The request names something that is not there.
    NotFound,
    /// The request is at odds with what the store holds.
    Conflict,
    /// The transaction's own code stopped it.
    Stopped,
    /// The file cannot be opened as asked.
    Open,
    /// The call is not possible here: read-only, re-entrant, unwinding.
    Misuse,
    /// Try again later.
    Busy,
    /// The file or the operating system failed; see the variant for what holds now.
    Engine,
}

impl Error {
    /// An error for a transaction's closure to stop with, for a reason of the caller's own.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let stopped = store.write(|tx| {
    ///     tx.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    ///     Err::<(), _>(Error::stop("changed my mind"))
    /// });
    /// assert_eq!(stopped.unwrap_err().to_string(), "stopped by the transaction's own code: changed my mind");
    /// assert_eq!(store.key(ManagedEntity::Customer, "tier")?, None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn stop(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Stopped(reason.into())
    }

    /// What kind of error it is. Of several faults the first in the order invalid, not found, conflict
    /// decides.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(faults) => {
                let kinds = || faults.iter().map(Fault::kind);
                [ErrorKind::Invalid, ErrorKind::NotFound]
                    .into_iter()
                    .find(|kind| kinds().any(|other| other == *kind))
                    .unwrap_or(ErrorKind::Conflict)
            }
            Self::Stopped(_) => ErrorKind::Stopped,
            Self::AlreadyOpen { .. }
            | Self::FolderMissing { .. }
            | Self::StoreMissing { .. }
            | Self::NotAStore { .. }
            | Self::NewerFormat { .. }
            | Self::ReadOnlyFile { .. }
            | Self::NotClosedCleanly { .. } => ErrorKind::Open,
            Self::ReadOnly | Self::Reentrant | Self::Unwinding => ErrorKind::Misuse,
            Self::Busy { .. } => ErrorKind::Busy,
            Self::Io(_)
            | Self::Corrupt(_)
            | Self::Closed(_)
            | Self::NotApplied(_)
            | Self::OutcomeUnknown(_) => ErrorKind::Engine,
        }
    }

    /// The faults of a refused call; none for any other error.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Refused(faults) => faults,
            _ => &[],
        }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(EngineError::new(what.into()))
    }
}

/// What the storage engine said. Shared, because one failure can end several calls.
#[derive(Debug, Clone)]
pub struct EngineError(Arc<dyn std::error::Error + Send + Sync>);

impl EngineError {
    pub(crate) fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// One reason why a request was refused, with what a caller needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A text that cannot be a key.
    #[error("{entity}: key {} {problem}", short(key))]
    KeyText {
        /// The entity it was to be registered for.
        entity: ManagedEntity,
        /// The text.
        key: String,
        /// What is wrong with it.
        problem: KeyProblem,
    },
    /// The key is registered already.
    #[error("Duplicate custom field key: {entity} has {key:?} already")]
    KeyExists {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
    },
    /// The entity has as many keys as an entity can have.
    #[error("{entity}: {key:?} would be key number {}; an entity has at most {MAX_KEYS_PER_ENTITY}", MAX_KEYS_PER_ENTITY + 1)]
    TooManyKeys {
        /// The entity.
        entity: ManagedEntity,
        /// The key that was one too many.
        key: String,
    },
    /// No such key is registered, in a call about the key itself or in a search.
    #[error("Custom field key not found: {entity} has no key {}", short(key))]
    KeyNotFound {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
    },
    /// No such key is registered, in a call that sets or deletes values.
    #[error("Invalid custom field keys: {} (not registered for {entity})", shorts(keys))]
    KeysNotRegistered {
        /// The entity.
        entity: ManagedEntity,
        /// Every such key of the call, in order.
        keys: Vec<String>,
    },
    /// One call gives the same key twice for the same instance.
    #[error("{target}: key {} is given more than once", short(key))]
    KeyRepeated {
        /// The instance.
        target: EntityRef,
        /// The key.
        key: String,
    },
    /// One call names the same instance twice.
    #[error("{target} is given more than once")]
    InstanceRepeated {
        /// The instance.
        target: EntityRef,
    },
    /// A value has too many characters.
    #[error(
        "{entity}: the value of {} has {characters} characters; at most {MAX_VALUE_CHARACTERS} are allowed",
        short(key)
    )]
    ValueTooLong {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
        /// How many characters the value has.
        characters: usize,
    },
    /// Another instance holds the value of an enforced key.
    #[error(
        "{target}: the value {value:?} of the unique key {key:?} is held by {entity} {holder}{}",
        if *.archived { ", which is archived" } else { "" },
        entity = target.entity
    )]
    ValueTaken {
        /// The instance that was to get the value.
        target: EntityRef,
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The instance that holds it, of the same entity. In a call that gives the value to several
        /// instances, the first of them.
        holder: Uuid,
        /// Whether the holder is archived. It keeps its values; they can be set or deleted all the same.
        archived: bool,
    },
    /// A key cannot be made unique, because instances share a value.
    #[error("{entity}: the value {value:?} of {key:?} is shared by {}", ids(holders))]
    ValueShared {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// All its holders, in order of their ids.
        holders: Vec<Uuid>,
    },
    /// The id names no instance of the entity.
    #[error("there is no {target}")]
    InstanceNotFound {
        /// The entity and the id.
        target: EntityRef,
    },
    /// The instance was archived before.
    #[error("{target} is already archived")]
    AlreadyArchived {
        /// The instance.
        target: EntityRef,
    },
    /// Values of a package's terms are given when the package is made, and fixed from then on.
    #[error("{target}: Setting package managed fields is not yet supported")]
    FieldsOfAPackage {
        /// The instance.
        target: EntityRef,
    },
    /// The key's values cannot be searched in this way.
    #[error("{entity}: {key:?} is {kind}; this search needs {}", kinds(needs))]
    KeyNotSearchable {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
        /// What the key is.
        kind: KeyKind,
        /// The kinds that can be searched so.
        needs: &'static [KeyKind],
    },
    /// The instance's revision is not the expected one.
    #[error("{target} is at revision {found}, not at {expected}")]
    RevisionDiffers {
        /// The instance.
        target: EntityRef,
        /// The revision that was expected.
        expected: u64,
        /// The instance's revision.
        found: u64,
    },
    /// The value of a key is not the expected one.
    #[error("{target}: {key:?} {}", differs(expected.as_deref(), *.holds_another))]
    ValueDiffers {
        /// The instance.
        target: EntityRef,
        /// The key.
        key: String,
        /// The value that was expected; `None` for none.
        expected: Option<String>,
        /// Whether the instance holds another value; if not, it holds none.
        holds_another: bool,
    },
    /// A page with no item or with too many.
    #[error("limit is {found}; a page holds 1 to {most} items")]
    PageLimit {
        /// The limit that was asked for.
        found: usize,
        /// The highest limit.
        most: usize,
    },
    /// A cursor that belongs to another question or another store.
    #[error("the cursor belongs to another question or another store")]
    CursorOfAnotherQuestion,
    /// A text about a change is too long.
    #[error("{field} has {characters} characters; at most {most} are allowed")]
    AboutTooLong {
        /// `actor` or `reason`.
        field: &'static str,
        /// How many characters it has.
        characters: usize,
        /// The most it may have.
        most: usize,
    },
}

impl Fault {
    /// Whether the request is wrong in itself, names something missing, or conflicts with the store.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::KeyNotFound { .. } | Self::InstanceNotFound { .. } => ErrorKind::NotFound,
            Self::ValueTaken { .. }
            | Self::ValueShared { .. }
            | Self::RevisionDiffers { .. }
            | Self::ValueDiffers { .. } => ErrorKind::Conflict,
            _ => ErrorKind::Invalid,
        }
    }

    /// `Ok` where there is no fault, all of them as one refusal otherwise.
    pub(crate) fn none_of(faults: Vec<Self>) -> Result<()> {
        if faults.is_empty() { Ok(()) } else { Err(Error::Refused(faults)) }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Refused(vec![fault])
    }
}

/// What is wrong with a text that was to be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// It has no characters.
    #[error("is empty; a key has 1 to {MAX_KEY_CHARACTERS} characters")]
    Empty,
    /// It has too many characters.
    #[error("has {characters} characters; a key has 1 to {MAX_KEY_CHARACTERS}")]
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// It has a control character, which a key must not have.
    #[error("has a control character at place {at}; a key has none")]
    ControlCharacter {
        /// Which character, counted from 0.
        at: usize,
    },
}

/// How many characters of a text that broke a limit are shown.
const SHOWN: usize = 120;

/// A text of the caller's as an error shows it: quoted, and cut where it is far too long.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

fn shorts(texts: &[String]) -> String {
    texts.iter().map(|text| short(text)).collect::<Vec<_>>().join(", ")
}

fn ids(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ")
}

fn kinds(kinds: &[KeyKind]) -> String {
    kinds.iter().map(KeyKind::to_string).collect::<Vec<_>>().join(" or ")
}

fn differs(expected: Option<&str>, holds_another: bool) -> String {
    match (expected, holds_another) {
        (None, _) => "has a value; none was expected".to_owned(),
        (Some(expected), true) => format!("holds another value than {expected:?}"),
        (Some(expected), false) => format!("has no value; {expected:?} was expected"),
    }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}
