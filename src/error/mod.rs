//! What can go wrong, and what a caller needs to know to act on it.

mod fault;
mod problem;
mod withheld;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub use fault::Fault;
pub(crate) use problem::short;
pub use problem::{FieldProblem, KeyProblem, NameSpace};
pub use withheld::Withheld;

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
    /// There is something already where a file is to be made.
    #[error("{path}: there already; nothing was written", path = .path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
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
    /// The file was written by an older version of this library, in a format that this one does not read. It was not
    /// touched.
    #[error("{path}: the store has format {found}; this version reads none before {oldest}", path = .path.display())]
    OlderFormat {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: u32,
        /// The oldest format this version knows.
        oldest: u32,
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
    /// A snapshot is held, or a reader is under way: the file cannot be compacted below what they show.
    #[error(
        "a snapshot of the store is held, or a reader is under way; the file can be compacted without them"
    )]
    SnapshotsHeld,
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
            | Self::OlderFormat { .. }
            | Self::ReadOnlyFile { .. }
            | Self::NotClosedCleanly { .. }
            | Self::FileExists { .. } => ErrorKind::Open,
            Self::ReadOnly | Self::Reentrant | Self::Unwinding => ErrorKind::Misuse,
            Self::Busy { .. } | Self::SnapshotsHeld => ErrorKind::Busy,
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

/// How many faults a message names; of the others it says how many they are.
pub(crate) const MAX_FAULTS_NAMED: usize = 100;

fn list(faults: &[Fault]) -> String {
    let mut named: Vec<_> = faults.iter().take(MAX_FAULTS_NAMED).map(Fault::to_string).collect();
    if faults.len() > MAX_FAULTS_NAMED {
        named.push(more_faults(faults.len() - MAX_FAULTS_NAMED));
    }
    named.join("; ")
}

/// What a message says of faults that it does not name.
pub(crate) fn more_faults(number: usize) -> String {
    format!("and {number} more faults")
}
