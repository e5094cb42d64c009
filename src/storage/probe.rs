//! Looking at a file without touching it, to see whose it is.

use std::io;
use std::path::Path;

use redb::{Database, DatabaseError, ReadableDatabase, TableError, TableHandle as _};

use super::failure::{Failure, guarded, let_go};
use super::open::{FORMAT, FORMAT_ROW, OLDEST_FORMAT, open_error};
use super::overlay::{Overlay, Sharing};
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
        Ok(db) => inspected(path, db),
        // Not closed in good order: have redb repair it, with what it writes kept in memory and then dropped.
        Err(DatabaseError::RepairAborted) => {
            let overlay =
                Overlay::over_file(path, Sharing::Alone).map_err(|cause| open_error(path, &cause))?;
            match guarded(|| Ok::<_, redb::Error>(builder.create_with_backend(overlay))).map_err(at)? {
                Ok(db) => inspected(path, db),
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

fn inspected(path: &Path, db: impl ReadableDatabase) -> Result<()> {
    let found = inspect(path, &db);
    let_go(db);
    found
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
    if found < OLDEST_FORMAT {
        return Err(Error::OlderFormat { path: path.to_owned(), found, oldest: OLDEST_FORMAT });
    }
    Ok(found)
}
