//! Calls into redb: every one goes through [`guarded`], which turns its errors and panics into ours.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::error::{EngineError, Error};

/// A failure of the engine. Whatever failed, the store is closed: redb's handle is dead after an error of
/// input or output, and after damage nothing that is read can be trusted.
#[derive(Debug, Clone)]
pub enum Failure {
    Io(EngineError),
    Corrupt(EngineError),
    Closed(EngineError),
}

impl Failure {
    pub fn cause(&self) -> &EngineError {
        match self {
            Self::Io(cause) | Self::Corrupt(cause) | Self::Closed(cause) => cause,
        }
    }

    /// The failure of opening that file, with its name.
    pub fn at(self, path: &Path) -> Self {
        let named = |cause| EngineError::new(format!("{}: {cause}", path.display()));
        match self {
            Self::Io(cause) => Self::Io(named(cause)),
            Self::Corrupt(cause) => Self::Corrupt(named(cause)),
            Self::Closed(cause) => Self::Closed(named(cause)),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Io(cause) => Self::Io(cause),
            Failure::Corrupt(cause) => Self::Corrupt(cause),
            Failure::Closed(cause) => Self::Closed(cause),
        }
    }
}

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        match error {
            // A file that ends before it should was cut off, however well the disk reads it; and one with another beginning
            // is none of redb's any more.
            redb::Error::Io(cause)
                if matches!(cause.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
            {
                Self::Corrupt(EngineError::new(cause))
            }
            redb::Error::Io(cause) => Self::Io(EngineError::new(cause)),
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => Self::Closed(EngineError::new(error)),
            _ => Self::Corrupt(EngineError::new(error)),
        }
    }
}

/// Runs a call into redb. A panic in there means that what it read made no sense to it.
pub fn guarded<T, E: Into<redb::Error>>(call: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(error.into().into()),
        Err(panic) => Err(Failure::Corrupt(EngineError::new(format!(
            "the storage engine broke off: {}",
            panic_text(panic.as_ref())
        )))),
    }
}

/// Drops something of redb's, which writes on its way out: what goes wrong then was told before, or is found out by whoever
/// opens the file.
pub fn let_go(of_redb: impl Sized) {
    let _ = guarded(|| {
        drop(of_redb);
        Ok::<_, redb::Error>(())
    });
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
