//! Looking at a file without touching it, to see whose it is.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;

use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{
    BackendError, Database, DatabaseError, ReadableDatabase, StorageBackend, TableError, TableHandle as _,
};

use super::failure::{Failure, guarded};
use super::open::{FORMAT, FORMAT_ROW, open_error};
use super::tables::{Named, TableId};
use crate::error::{Error, Result};

/// What every redb file begins with.
pub(super) const MAGIC: &[u8; 9] = b"redb\x1A\x0A\xA9\x0D\x0A";
/// Looking at a few rows needs little memory.
const CACHE: usize = 4 << 20;

/// Refuses a file that is not a store of a format this version knows. Nothing is written to it.
pub(super) fn check(path: &Path) -> Result<()> {
    check_magic(path)?;
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    let at = |failure: Failure| failure.at(path);
    match guarded(|| Ok::<_, redb::Error>(builder.open_read_only(path))).map_err(at)? {
        Ok(db) => inspect(path, &db),
        // Not closed in good order: have redb repair it, with what it writes kept in memory and then dropped.
        Err(DatabaseError::RepairAborted) => {
            let overlay = Overlay::over(path).map_err(|cause| open_error(path, &cause))?;
            match guarded(|| Ok::<_, redb::Error>(builder.create_with_backend(overlay))).map_err(at)? {
                Ok(db) => inspect(path, &db),
                Err(error) => Err(database_error(path, error)),
            }
        }
        Err(error) => Err(database_error(path, error)),
    }
}

/// Refuses a file that is not redb's at all.
pub(super) fn check_magic(path: &Path) -> Result<()> {
    if begins_with(path, MAGIC).map_err(|cause| open_error(path, &cause))? {
        Ok(())
    } else {
        Err(Error::NotAStore { path: path.to_owned(), found: "some other file".to_owned() })
    }
}

/// What opening the file says, in our terms.
pub(super) fn database_error(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::AlreadyOpen { path: path.to_owned() },
        DatabaseError::RepairAborted => Error::NotClosedCleanly { path: path.to_owned() },
        DatabaseError::UpgradeRequired(version) => {
            Error::NotAStore { path: path.to_owned(), found: format!("a redb file of version {version}") }
        }
        other => Failure::from(redb::Error::from(other)).at(path).into(),
    }
}

fn begins_with(path: &Path, magic: &[u8]) -> io::Result<bool> {
    use io::Read as _;
    let mut start = Vec::with_capacity(magic.len());
    std::fs::File::open(path)?.take(magic.len() as u64).read_to_end(&mut start)?;
    Ok(start == magic)
}

fn inspect(path: &Path, db: &impl ReadableDatabase) -> Result<()> {
    let not_ours = |found: &str| Error::NotAStore { path: path.to_owned(), found: found.to_owned() };
    let txn = guarded(|| db.begin_read())?;
    let name = TableId::Meta.to_string();
    let meta = match guarded(|| Ok::<_, redb::Error>(txn.open_table(Named::new(&name))))? {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => {
            return Err(Failure::from(redb::Error::from(error)).at(path).into());
        }
        Err(_) => {
            let tables = guarded(|| txn.list_tables())?.map(|table| table.name().to_owned());
            let tables: Vec<_> = tables.take(3).collect();
            let holds = if tables.is_empty() { "nothing in it".to_owned() } else { tables.join(", ") };
            return Err(not_ours(&format!("another program's redb file, with {holds}")));
        }
    };
    let row = guarded(|| redb::ReadableTable::get(&meta, FORMAT_ROW))?.map(|row| row.value().to_vec());
    check_format(path, row.as_deref().ok_or_else(|| not_ours("a redb file without a format"))?).map(drop)
}

/// The format that a row of `meta` says, if this version knows it. It stands there in plain bytes, so that any
/// version can read it.
pub(super) fn check_format(path: &Path, row: &[u8]) -> Result<u32> {
    let found = row
        .try_into()
        .map(u32::from_be_bytes)
        .map_err(|_| Error::corrupt("table meta: the format is not a number"))?;
    if found > FORMAT {
        return Err(Error::NewerFormat { path: path.to_owned(), found, known: FORMAT });
    }
    Ok(found)
}

const BLOCK: usize = 4096;

/// A file that is only read: what is written to it stays in memory.
#[derive(Debug)]
struct Overlay {
    file: FileBackend,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    len: u64,
    /// Where the file still shows: a block of zeroes stands behind this.
    file_len: u64,
    blocks: HashMap<u64, Box<[u8; BLOCK]>>,
}

impl Overlay {
    fn over(path: &Path) -> io::Result<Self> {
        // Opened for writing because an exclusive lock asks for that on some systems.
        let file = FileBackend::new(OpenOptions::new().read(true).write(true).open(path)?)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let len = file.len()?;
        Ok(Self { file, written: Mutex::new(Written { len, file_len: len, blocks: HashMap::new() }) })
    }

    /// The block as it stands now.
    fn block(&self, written: &Written, number: u64) -> io::Result<Box<[u8; BLOCK]>> {
        if let Some(block) = written.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = Box::new([0; BLOCK]);
        let start = number.saturating_mul(BLOCK as u64);
        let shown = written.file_len.saturating_sub(start).min(BLOCK as u64);
        if let Some(place) = usize::try_from(shown).ok().and_then(|shown| block.get_mut(..shown)) {
            self.file.read(start, place)?;
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
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
