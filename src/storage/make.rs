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
use crate::error::Result;

/// Making a file needs little memory.
const CACHE: usize = 4 << 20;

/// Makes an empty store at a path where nothing is. It is made beside it, under another name, and gets its own
/// name when it is whole and on disk: a crash on the way leaves no half-made store, at most a file to delete.
///
/// False where that cannot be, because something came to be there meanwhile or the file system has no links.
pub(super) fn make_file(path: &Path, folder: &Path, store: Uuid) -> Result<bool> {
    let beside = Beside::of(path, folder);
    let file = open_options().create_new(true).open(&beside.0).map_err(|cause| open_error(path, &cause))?;
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    let db = guarded(|| Ok::<_, redb::Error>(builder.create_file(file)))?
        .map_err(|error| database_error(path, error))?;
    initialise(&db, store)?;
    guarded(|| {
        drop(db);
        Ok::<_, redb::Error>(())
    })?;
    let linked = fs::hard_link(&beside.0, path).is_ok();
    drop(beside);
    sync_folder(folder).map_err(|cause| open_error(path, &cause))?;
    Ok(linked)
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

/// A name beside a path, removed when dropped.
struct Beside(PathBuf);

impl Beside {
    fn of(path: &Path, folder: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self(folder.join(format!(".{name}.{}", Uuid::now_v7())))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
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
