//! Copies of a store: of one moment of it, in a file that is there whole or not at all.

use std::fs::{self, File};
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::Path;

use redb::{Database, WriteTransaction};

use super::bulk::Rows;
use super::failure::{Failure, guarded};
use super::make::Beside;
use super::open::{folder_of, open_error};
use super::opened::open_for_writing;
use super::tables::TableId;
use super::view::{Reader as _, View};
use crate::error::{EngineError, Error, Result};

/// As many bytes of rows are put at a time.
const CHUNK: usize = 4 << 20;
/// Rows that come in order need little memory.
const CACHE: usize = 64 << 20;

/// A copy that has no name yet, so that it can be looked at before.
pub struct Copy(Beside);

impl Copy {
    /// All rows of the view, for a file at this path.
    pub fn of(view: &View, path: &Path) -> Result<Self> {
        let beside = begin(path)?;
        beside.fill(CACHE, |db| copy_rows(view, db))?;
        Ok(Self(beside))
    }

    /// The bytes of a file, for another at this path.
    pub fn of_file(from: &Path, path: &Path) -> Result<Self> {
        let beside = begin(path)?;
        let mut source = File::open(from).map_err(|cause| open_error(from, &cause))?;
        let mut file = beside.create()?;
        let copied = io::copy(&mut source, &mut file).and_then(|_| file.sync_all());
        copied.map_err(|cause| open_error(path, &cause))?;
        Ok(Self(beside))
    }

    /// Where it is for now.
    pub fn file(&self) -> &Path {
        self.0.file()
    }

    /// Gives it its name, if nothing has that; how many bytes it has.
    pub fn name(self) -> Result<u64> {
        let about = fs::metadata(self.file()).map_err(|cause| open_error(self.file(), &cause))?;
        self.0.name().map(|()| about.len())
    }
}

/// A file for this path, where nothing may be.
fn begin(path: &Path) -> Result<Beside> {
    let folder = folder_of(path)?;
    if path.symlink_metadata().is_ok() {
        return Err(Error::FileExists { path: path.to_owned() });
    }
    Ok(Beside::of(path, folder))
}

fn copy_rows(view: &View, db: &Database) -> Result<()> {
    let txn = guarded(|| db.begin_write())?;
    for table in view.with_catalog(|catalog| catalog.tables().collect::<Vec<_>>()) {
        copy_table(view, &txn, table)?;
    }
    Ok(guarded(|| txn.commit())?)
}

fn copy_table(view: &View, txn: &WriteTransaction, table: TableId) -> Result<()> {
    let mut to = guarded(|| open_for_writing(txn, table))?;
    let mut put = |rows: &Rows| guarded(|| to.put_all(rows));
    let mut rows = Rows::behind(None);
    view.scan(table, Bound::Unbounded, |key, value| {
        rows.put(key, Some(value)).map_err(|error| Failure::Corrupt(EngineError::new(error)))?;
        if rows.size() >= CHUNK {
            put(&rows)?;
            rows = Rows::behind(Some(key.to_vec()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(put(&rows)?)
}
