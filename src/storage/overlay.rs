//! Bytes that are only read: what is written to them stays in memory, and is gone with it.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use super::backend::{Adapted, Backend};

const BLOCK: usize = 4096;

/// With whom a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// With nobody.
    Alone,
    /// With others who only read.
    Readers,
    /// With this store, which has it open.
    Own,
}

/// What is there, and what was written over it.
#[derive(Debug)]
pub(super) struct Overlay {
    under: Box<dyn StorageBackend>,
    sharing: Sharing,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    len: u64,
    /// Where what is under it still shows: a block of zeroes stands behind this.
    file_len: u64,
    blocks: HashMap<u64, Box<[u8; BLOCK]>>,
}

impl Overlay {
    pub(super) fn over_file(path: &Path, sharing: Sharing) -> io::Result<Self> {
        // Opened for writing because an exclusive lock asks for that on some systems.
        let file = OpenOptions::new().read(true).write(sharing == Sharing::Alone).open(path)?;
        let file = FileBackend::new(file).map_err(|error| io::Error::other(error.to_string()))?;
        Self::over(Box::new(file), sharing)
    }

    /// Over bytes of a caller's, which are locked by nobody.
    pub(super) fn over_backend(backend: Arc<dyn Backend>) -> io::Result<Self> {
        Self::over(Box::new(Adapted(backend)), Sharing::Own)
    }

    /// What is to be locked, unless the store has done so.
    fn to_lock(&self) -> Result<&dyn StorageBackend, BackendError> {
        if self.sharing == Sharing::Own { Err(BackendError::Unsupported) } else { Ok(&*self.under) }
    }

    fn over(under: Box<dyn StorageBackend>, sharing: Sharing) -> io::Result<Self> {
        let len = under.len()?;
        let written = Written { len, file_len: len, blocks: HashMap::new() };
        Ok(Self { under, sharing, written: Mutex::new(written) })
    }

    /// The block as it stands now.
    fn block(&self, written: &Written, number: u64) -> io::Result<Box<[u8; BLOCK]>> {
        if let Some(block) = written.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = Box::new([0; BLOCK]);
        let start = number.saturating_mul(BLOCK as u64);
        let shown = written.file_len.saturating_sub(start).min(BLOCK as u64);
        let shown = usize::try_from(shown).ok().filter(|shown| *shown > 0);
        if let Some(place) = shown.and_then(|shown| block.get_mut(..shown)) {
            self.under.read(start, place)?;
        }
        Ok(block)
    }

    /// Calls `each` with every block of a span, the span's part of the block and where in the span it is.
    fn blocks(
        offset: u64,
        len: usize,
        mut each: impl FnMut(u64, std::ops::Range<usize>, std::ops::Range<usize>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < len {
            let at = offset + done as u64;
            let within = usize::try_from(at % BLOCK as u64).unwrap_or(0);
            let part = (BLOCK - within).min(len - done);
            each(at / BLOCK as u64, within..within + part, done..done + part)?;
            done += part;
        }
        Ok(())
    }
}

fn outside() -> io::Error {
    io::Error::from(io::ErrorKind::UnexpectedEof)
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written.lock();
        if offset.saturating_add(out.len() as u64) > written.len {
            return Err(outside());
        }
        Self::blocks(offset, out.len(), |number, within, at| {
            let block = self.block(&written, number)?;
            let (to, from) = (out.get_mut(at), block.get(within));
            to.ok_or_else(outside)?.copy_from_slice(from.ok_or_else(outside)?);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written.lock();
        if len < written.len {
            written.blocks.retain(|number, _| number.saturating_mul(BLOCK as u64) < len);
            written.file_len = written.file_len.min(len);
        }
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock();
        Self::blocks(offset, data.len(), |number, within, at| {
            let mut block = self.block(&written, number)?;
            let (to, from) = (block.get_mut(within), data.get(at));
            to.ok_or_else(outside)?.copy_from_slice(from.ok_or_else(outside)?);
            written.blocks.insert(number, block);
            Ok(())
        })
    }

    fn close(&self) -> io::Result<()> {
        self.under.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        match self.sharing {
            Sharing::Readers => self.under.try_lock_shared_range(start, end),
            _ => self.to_lock()?.try_lock_range(start, end),
        }
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.to_lock()?.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        match self.sharing {
            Sharing::Readers => self.under.lock_shared_range(start, end),
            _ => self.to_lock()?.lock_range(start, end),
        }
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.to_lock()?.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.to_lock()?.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.to_lock()?.query_lock_range(start, end)
    }
}
