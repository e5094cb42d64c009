//! A transaction: the view and the changes of one closure.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::error::{Error, Result};
use crate::storage::member::Member;

/// What the closure of [`Store::write`](crate::Store::write) gets: the calls of
/// [`Reading`](crate::Reading), which see the transaction's own changes, and of [`Writing`](crate::Writing).
#[derive(Clone, Copy)]
pub struct Transaction<'t> {
    pub(super) member: &'t Member<'t>,
}

impl std::fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}

impl<'t> Transaction<'t> {
    pub(super) const fn new(member: &'t Member<'t>) -> Self {
        Self { member }
    }

    /// Runs an operation. One that met damage may have broken off between its writes, so the transaction
    /// cannot stand any more, even if its closure goes on as if nothing had been.
    pub(super) fn checked<T>(&self, operation: impl FnOnce(&Member<'t>) -> Result<T>) -> Result<T> {
        let result = operation(self.member);
        if let Err(Error::Corrupt(why) | Error::Io(why) | Error::Closed(why)) = &result {
            self.member.spoil(Error::Corrupt(why.clone()));
        }
        result
    }

    /// Runs an operation that changes something. The store's clock is the caller's code and may panic between two
    /// writes; a closure that catches the panic and goes on must not have half an operation committed.
    pub(super) fn whole<T>(&self, operation: impl FnOnce(&Member<'t>) -> Result<T>) -> Result<T> {
        catch_unwind(AssertUnwindSafe(|| self.checked(operation))).unwrap_or_else(|panic| {
            self.member.spoil(Error::stop("a call in it panicked, and may have broken off halfway"));
            resume_unwind(panic)
        })
    }

    /// Puts something that another store holds.
    #[cfg(feature = "wire")]
    pub(crate) fn carry<T>(&self, put: impl FnOnce(&Member<'_>) -> Result<T>) -> Result<T> {
        self.whole(|member| put(member))
    }
}
