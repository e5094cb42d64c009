//! Copies of a store, and putting them back.

use std::path::Path;

use serde::Serialize;

use super::{Store, StoreOptions};
use crate::error::Result;
use crate::storage::copy::Copy;

/// What [`backup`](Store::backup) and [`restore`](Store::restore) wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Backup {
    /// How many instances are in the copy.
    pub instances: u64,
    /// How many rows.
    pub rows: u64,
    /// The bytes of its file.
    pub bytes: u64,
}

impl Store {
    /// Writes a copy of this moment of the store to a new file, while readers and writers go on. What has returned before is
    /// in it, whole, and nothing that comes after. The copy is a store like this one, with its id and its history, as small
    /// as what it holds. It is verified before the file has its name: a crash on the way leaves none under it.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let store = Store::open(folder.path().join("billing.redb"))?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let copy = folder.path().join("monday.redb");
    /// store.backup(&copy)?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// assert_eq!(Store::open_read_only(&copy)?.keys(&[])?.len(), 1);
    /// assert!(matches!(store.backup(&copy), Err(Error::FileExists { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`FileExists`](crate::Error::FileExists), [`FolderMissing`](crate::Error::FolderMissing),
    /// [`Io`](crate::Error::Io); [`Corrupt`](crate::Error::Corrupt) where this store is damaged, or the copy;
    /// [`Closed`](crate::Error::Closed). There is no file then, and this store goes on, unless it is damaged.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<Backup> {
        finish(Copy::of(&*self.view()?, path.as_ref())?)
    }

    /// Puts a copy of a file, such as [`backup`](Self::backup) wrote, where no file is, and verifies it before it has that
    /// name. To put one in place of a store, move that away first, when nobody has it open: it is the only thing that knows
    /// what came after the copy.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (copy, path) = (folder.path().join("monday.redb"), folder.path().join("billing.redb"));
    /// Store::in_memory()?.backup(&copy)?;
    /// Store::restore(&copy, &path)?;
    /// Store::open(&path)?.close()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`backup`](Self::backup), and as [`open_read_only`](StoreOptions::open_read_only) of the copy.
    pub fn restore(backup: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<Backup> {
        // Held open, so that nobody writes to it meanwhile.
        let _held = Self::open_read_only(&backup)?;
        finish(Copy::of_file(backup.as_ref(), path.as_ref())?)
    }
}

/// Verifies a copy, and gives it its name.
fn finish(copy: Copy) -> Result<Backup> {
    let found = StoreOptions::new().open_read_only(copy.file())?.whole()?;
    let bytes = copy.name()?;
    Ok(Backup { instances: found.instances, rows: found.rows, bytes })
}
