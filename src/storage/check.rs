//! Looking whether the bytes of a store are as redb wrote them. redb does not compare checksums when it reads; it does when
//! it repairs, so that is what it is made to do, with all it writes kept in memory.

use std::fs;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crc32fast::Hasher;
use redb::{Database, ReadableDatabase as _};

use super::backend::Backend;
use super::engine::{Db, Engine, Home, Opening};
use super::failure::{guarded, let_go};
use super::open::{self, open_error};
use super::opened::open_for_reading;
use super::overlay::{Overlay, Sharing};
use super::probe::check_magic;
use super::tables::TableId;
use super::view::View;
use crate::error::{EngineError, Error, Result};

/// Something that is wrong with the bytes of a store, and in which table, where that is known.
pub type Wrong = (Option<TableId>, String);

/// Looking needs little memory.
const CACHE: usize = 4 << 20;

impl Engine {
    /// The store in a file, to be looked at before it is opened: nothing of the file is changed. `None` where there is no
    /// store yet.
    pub fn before_opening(path: &Path, to_write: bool, opening: Opening) -> Result<Option<Self>> {
        if fs::metadata(path).map_or(true, |found| !found.is_file() || found.len() == 0) {
            // Whoever opens it says what it is.
            return Ok(None);
        }
        check_magic(path)?;
        let sharing = if to_write { Sharing::Alone } else { Sharing::Readers };
        let overlay = Overlay::over_file(path, sharing).map_err(|cause| open_error(path, &cause))?;
        let db = sound(path, overlay)?;
        Self::start(path, Db::Writable(db), Home::Nowhere, opening).map(Some)
    }

    /// As [`before_opening`](Self::before_opening), of a backend.
    pub fn before_opening_on(backend: &Arc<dyn Backend>, opening: Opening) -> Result<Option<Self>> {
        let io = |cause| Error::Io(EngineError::new(cause));
        if open::is_made(&**backend).map_err(io)? {
            let overlay = Overlay::over_backend(Arc::clone(backend)).map_err(io)?;
            let path = Path::new("(backend)");
            Self::start(path, Db::Writable(sound(path, overlay)?), Home::Nowhere, opening).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A view of the store, and what is on disk for it, or what is wrong with that. It takes a turn among the writers until the
    /// checksums were looked at, so that nobody writes meanwhile.
    pub fn check(&self, patience: Option<Duration>) -> Result<(Arc<View>, Result<OnDisk, String>)> {
        if self.is_writable() {
            let (_inside, mut turn) = self.enter(patience)?;
            self.commit_last(&mut turn)?;
            Ok((self.view()?, self.looked_at()?))
        } else {
            Ok((self.view()?, self.looked_at()?))
        }
    }

    fn looked_at(&self) -> Result<Result<OnDisk, String>> {
        let Some(overlay) = self.overlay()? else { return Ok(Ok(OnDisk(None))) };
        match sound(Path::new("(store)"), overlay) {
            Ok(db) => Ok(Ok(OnDisk(Some(db)))),
            Err(Error::Io(cause)) => Err(Error::Io(cause)),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    fn overlay(&self) -> Result<Option<Overlay>> {
        match &self.core.home {
            Home::File(path) => {
                Overlay::over_file(path, Sharing::Own).map_err(|cause| open_error(path, &cause))
            }
            Home::Backend(backend) => {
                Overlay::over_backend(Arc::clone(backend)).map_err(|cause| Error::Io(EngineError::new(cause)))
            }
            Home::Memory(_) | Home::Nowhere => return Ok(None),
        }
        .map(Some)
    }
}

/// Opens what is there, if each page has the checksum that it should have.
fn sound(path: &Path, overlay: Overlay) -> Result<Database> {
    let mut db = open::over(path, overlay, CACHE)?;
    let wrong = match guarded(|| Ok::<_, redb::Error>(db.check_integrity()?)) {
        Ok(true) => return Ok(db),
        Ok(false) => Error::corrupt(format!("{}: a page is not what its checksum says", path.display())),
        Err(failure) => failure.at(path).into(),
    };
    let_go(db);
    Err(wrong)
}

/// The bytes of a store, opened once more; `None` where they are in memory.
pub struct OnDisk(Option<Database>);

impl OnDisk {
    /// Whether the table has these rows there: redb passes over a last commit that is damaged as over one that was cut off.
    pub fn has(&self, table: TableId, rows: &Digest) -> Result<bool> {
        let Self(Some(db)) = self else { return Ok(true) };
        let txn = guarded(|| db.begin_read())?;
        let opened = guarded(|| open_for_reading(&txn, table))?;
        let mut there = Digest::default();
        guarded(|| {
            opened.scan(Bound::Unbounded, &mut |key, value| {
                there.add(key, value);
                ControlFlow::Continue(())
            })
        })?;
        Ok(there.sums() == rows.sums())
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        let_go(self.0.take());
    }
}

/// How many rows there are, and a checksum of them.
#[derive(Default)]
pub struct Digest {
    pub rows: u64,
    sum: Hasher,
}

impl Digest {
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.rows += 1;
        for part in [key, value] {
            self.sum.update(&(part.len() as u64).to_le_bytes());
            self.sum.update(part);
        }
    }

    fn sums(&self) -> (u64, u32) {
        (self.rows, self.sum.clone().finalize())
    }
}
