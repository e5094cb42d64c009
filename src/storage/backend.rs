//! Where the bytes of a store are: a file, memory, or whatever a caller puts there.

use std::fmt;
use std::io::Result;
use std::sync::Arc;

/// Bytes that a store keeps itself in, instead of a file.
///
/// [`StoreOptions::on_backend`](crate::StoreOptions::on_backend) takes one, so that a test can count or fail
/// each access, and an application can keep a store somewhere of its own. One store may use it at a time.
/// An error from any call closes the store.
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// How many bytes there are.
    ///
    /// # Errors
    /// Whatever kept it from finding out.
    fn len(&self) -> Result<u64>;

    /// Whether there are none.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// Whatever kept it from reading all of them; bytes past the end are an error.
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()>;

    /// Cuts the bytes off at `len`, or adds zeroes up to there.
    ///
    /// # Errors
    /// Whatever kept it from doing so.
    fn set_len(&self, len: u64) -> Result<()>;

    /// Returns when everything written before is where it survives what the backend is to survive.
    ///
    /// # Errors
    /// Whatever kept it from being sure of that.
    fn sync(&self) -> Result<()>;

    /// Writes `data` from `offset` on, within the length.
    ///
    /// # Errors
    /// Whatever kept it from writing all of it.
    fn write(&self, offset: u64, data: &[u8]) -> Result<()>;
}

/// A [`Backend`] as redb takes it.
#[derive(Debug)]
pub(super) struct Adapted(pub(super) Arc<dyn Backend>);

impl redb::StorageBackend for Adapted {
    fn len(&self) -> Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.0.write(offset, data)
    }
}
