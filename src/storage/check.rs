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
use super::failure::{Failure, guarded, let_go};
use super::open::{self, open_error};
use super::opened::{Visit, open_for_reading};
use super::overlay::{Overlay, Sharing};
use super::probe::check_magic;
use super::tables::TableId;
use super::view::{Reader as _, View};
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

    /// Looks whether the bytes of the store are whole, and say what it answers. It takes a turn among the writers until the
    /// checksums were looked at, so that nobody writes meanwhile.
    pub fn check(&self, patience: Option<Duration>) -> Result<Vec<Wrong>> {
        let (view, found) = if self.is_writable() {
            let (_inside, mut turn) = self.enter(patience)?;
            self.commit_last(&mut turn)?;
            (self.view()?, self.looked_at()?)
        } else {
            (self.view()?, self.looked_at()?)
        };
        match found {
            Ok(Some(db)) => {
                let wrong = differences(&view, &db);
                let_go(db);
                wrong
            }
            Ok(None) => Ok(Vec::new()),
            Err(what) => Ok(vec![(None, what)]),
        }
    }

    /// The bytes of the store, opened once more, or what is wrong with them; `None` where they are in memory.
    fn looked_at(&self) -> Result<Result<Option<Database>, String>> {
        let Some(overlay) = self.overlay()? else { return Ok(Ok(None)) };
        match sound(Path::new("(store)"), overlay) {
            Ok(db) => Ok(Ok(Some(db))),
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

/// The tables that have other rows than the view shows: redb passes over a last commit that is damaged as over one that
/// was cut off.
fn differences(view: &View, db: &Database) -> Result<Vec<Wrong>> {
    let txn = guarded(|| db.begin_read())?;
    let mut wrong = Vec::new();
    for table in view.with_catalog(|catalog| catalog.tables().collect::<Vec<_>>()) {
        let shown = digest(|visit| view.scan_aside(table, Bound::Unbounded, visit));
        let there = digest(|visit| {
            let rows = guarded(|| open_for_reading(&txn, table))?;
            guarded(|| rows.scan(Bound::Unbounded, visit))
        });
        let what = match (shown, there) {
            (Ok(shown), Ok(there)) if shown == there => continue,
            (Ok(_), Ok(_)) => "the rows on disk are not those that are read".to_owned(),
            (Err(failure), _) | (_, Err(failure)) => failure.cause().to_string(),
        };
        wrong.push((Some(table), what));
    }
    Ok(wrong)
}

/// How many rows there are, and a checksum of them.
fn digest(scan: impl FnOnce(Visit<'_>) -> Result<(), Failure>) -> Result<(u64, u32), Failure> {
    let (mut rows, mut sum) = (0, Hasher::new());
    scan(&mut |key, value| {
        rows += 1;
        for part in [key, value] {
            sum.update(&(part.len() as u64).to_le_bytes());
            sum.update(part);
        }
        ControlFlow::Continue(())
    })?;
    Ok((rows, sum.finalize()))
}
