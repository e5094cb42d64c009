//! Making a store: the first rows, and a file that is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use redb::Database;
use uuid::Uuid;

use super::failure::{Failure, guarded};
use super::open::{FORMAT, FORMAT_ROW, STORE_ROW, open_error};
use super::opened::open_for_writing;
use super::probe::database_error;
use super::tables::TableId;
use crate::error::{Error, Result};

/// Making a file needs little memory.
const CACHE: usize = 4 << 20;

/// Makes an empty store at a path where nothing is. It is made beside it, under another name, and gets its own
/// name when it is whole and on disk: a crash on the way leaves no half-made store, at most a file to delete.
///
/// False where something came to be there meanwhile.
pub(super) fn make_file(path: &Path, folder: &Path, store: Uuid) -> Result<bool> {
    let beside = Beside::of(path, folder);
    beside.fill(CACHE, |db| Ok(initialise(db, store)?))?;
    match beside.name() {
        Ok(()) => Ok(true),
        Err(Error::FileExists { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// How a store's file is opened. What customers are billed by is nobody else's business, so a new one is its
/// owner's alone.
pub(super) fn open_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file that is made beside the path it is for, and gets its name when it is whole and on disk. Gone when it is dropped
/// before.
pub(super) struct Beside {
    path: PathBuf,
    folder: PathBuf,
    file: PathBuf,
}

impl Beside {
    pub(super) fn of(path: &Path, folder: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = folder.join(format!(".{name}.{}", Uuid::now_v7()));
        Self { path: path.to_owned(), folder: folder.to_owned(), file }
    }

    /// Where it is until it has its name.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn create(&self) -> Result<File> {
        open_options().create_new(true).open(&self.file).map_err(|cause| open_error(&self.path, &cause))
    }

    /// Makes it a database with what `fill` puts there, which it is closed with.
    pub(super) fn fill(&self, cache: usize, fill: impl FnOnce(&Database) -> Result<()>) -> Result<()> {
        let file = self.create()?;
        let mut builder = Database::builder();
        builder.set_cache_size(cache);
        let db = guarded(|| Ok::<_, redb::Error>(builder.create_file(file)))?
            .map_err(|error| database_error(&self.path, error))?;
        let filled = fill(&db);
        let dropped = guarded(|| {
            drop(db);
            Ok::<_, redb::Error>(())
        });
        filled.and(Ok(dropped?))
    }

    /// Gives it its name, if nothing has that.
    pub(super) fn name(self) -> Result<()> {
        let there = || Error::FileExists { path: self.path.clone() };
        match fs::hard_link(&self.file, &self.path) {
            Ok(()) => drop(fs::remove_file(&self.file)),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => return Err(there()),
            // The file system has no links: what comes to be there at this moment would be replaced.
            Err(_) if fs::symlink_metadata(&self.path).is_ok() => return Err(there()),
            Err(_) => fs::rename(&self.file, &self.path).map_err(|cause| open_error(&self.path, &cause))?,
        }
        sync_folder(&self.folder).map_err(|cause| open_error(&self.path, &cause))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// Has the folder's entries on disk, which syncing a file does not do.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Writes the first rows of a store that has none, durably.
pub(super) fn initialise(db: &Database, store: Uuid) -> Result<(), Failure> {
    let txn = guarded(|| db.begin_write())?;
    {
        let mut meta = guarded(|| open_for_writing(&txn, TableId::Meta))?;
        let format = FORMAT.to_be_bytes();
        guarded(|| meta.put(FORMAT_ROW, Some(&format), &mut |_| ()))?;
        guarded(|| meta.put(STORE_ROW, Some(store.as_bytes()), &mut |_| ()))?;
    }
    guarded(|| txn.commit())
}
