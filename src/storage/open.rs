//! Opening the file: what it is, whether it may be opened, and what it says of itself.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::{Builder, Database, ReadableDatabase as _, TableHandle as _};
use uuid::Uuid;

use super::backend::{Adapted, Backend};
use super::catalog::Catalog;
use super::codec::{self, KeyRow};
use super::engine::Db;
use super::failure::guarded;
use super::journal;
use super::key_bytes;
use super::make::{make_file, open_options, sync_folder};
use super::member::Progress;
use super::opened::{ReadRows, open_for_reading};
use super::overlay::Overlay;
use super::probe::{MAGIC, check, check_format, check_magic, database_error};
use super::tables::TableId;
use crate::error::{EngineError, Error, Result};
use crate::model::scalar::Time;

/// The newest format of a file that this version reads, and the one it writes.
pub(super) const FORMAT: u32 = 1;
/// The oldest format that this version reads.
pub(super) const OLDEST_FORMAT: u32 = 1;
/// So much of a backend is looked at at once: a page.
const BLOCK: usize = 4096;
pub(super) const FORMAT_ROW: &[u8] = b"format";
pub(super) const STORE_ROW: &[u8] = b"store";

/// Opens the file for writing, making it, with this id, if it is not there.
pub(super) fn writable(path: &Path, cache: usize, new_id: impl FnOnce() -> Uuid) -> Result<Db> {
    let folder = folder_of(path)?;
    let found = match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(not_a_file(path)),
        Ok(found) if found.permissions().readonly() => {
            return Err(Error::ReadOnlyFile { path: path.to_owned() });
        }
        // An empty file counts as none, but it is there, and so it is filled where it is.
        Ok(found) => Some(found.len()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(cause) => return Err(open_error(path, &cause)),
    };
    let whole = match found {
        Some(len) => len > 0,
        None => make_file(path, folder, new_id())?,
    };
    if whole {
        check(path)?;
    }
    let file = open_options().create(true).truncate(false).open(path);
    let file = file.map_err(|cause| match cause.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::ReadOnlyFile { path: path.to_owned() }
        }
        _ => open_error(path, &cause),
    })?;
    let db = create(path, cache, |builder| builder.create_file(file))?;
    if !whole {
        sync_folder(folder).map_err(|cause| open_error(path, &cause))?;
    }
    Ok(Db::Writable(db))
}

/// The folder that a file is in, or is to be in.
pub(super) fn folder_of(path: &Path) -> Result<&Path> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Err(not_a_file(path)),
    };
    if folder.is_dir() { Ok(folder) } else { Err(Error::FolderMissing { folder: folder.to_owned() }) }
}

/// Opens the file, or makes the store, in a backend of the caller's.
pub(super) fn on_backend(backend: Arc<dyn Backend>, cache: usize) -> Result<Db> {
    start_anew(&*backend).map_err(|cause| Error::Io(EngineError::new(cause)))?;
    let db = create(Path::new("(backend)"), cache, |builder| builder.create_with_backend(Adapted(backend)))?;
    Ok(Db::Writable(db))
}

/// Opens what is there and writes nothing to it.
pub(super) fn over(path: &Path, overlay: Overlay, cache: usize) -> Result<Database> {
    create(path, cache, |builder| builder.create_with_backend(overlay))
}

/// Empties bytes in which the making of a store was cut off.
fn start_anew(backend: &dyn Backend) -> io::Result<()> {
    if backend.is_empty()? || is_made(backend)? { Ok(()) } else { backend.set_len(0) }
}

/// Whether there is anything, unless the making of it was cut off: redb writes what its files begin with before anything
/// behind their first page, and last of what is on that. With another beginning, and something behind, it is damaged.
pub(super) fn is_made(backend: &dyn Backend) -> io::Result<bool> {
    let len = backend.len()?;
    let mut block = [0; BLOCK];
    for start in (0..len).step_by(BLOCK) {
        let shown = usize::try_from(len - start).map_or(BLOCK, |left| left.min(BLOCK));
        let place = block.get_mut(..shown).unwrap_or_default();
        backend.read(start, place)?;
        let looked_at = if start == 0 { place.get(..MAGIC.len()).unwrap_or_default() } else { place };
        if looked_at.iter().any(|byte| *byte != 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens the file for reading; many may do so at once.
pub(super) fn read_only(path: &Path, cache: usize) -> Result<Db> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(not_a_file(path)),
        Err(cause) => return Err(open_error(path, &cause)),
    }
    check_magic(path)?;
    let mut builder = Builder::new();
    builder.set_cache_size(cache);
    let opened =
        guarded(|| Ok::<_, redb::Error>(builder.open_read_only(path))).map_err(|failure| failure.at(path))?;
    opened.map(Db::ReadOnly).map_err(|error| database_error(path, error))
}

fn create(
    path: &Path,
    cache: usize,
    open: impl FnOnce(&Builder) -> Result<Database, redb::DatabaseError>,
) -> Result<Database> {
    let mut builder = Builder::new();
    builder.set_cache_size(cache);
    let opened = guarded(|| Ok::<_, redb::Error>(open(&builder))).map_err(|failure| failure.at(path))?;
    opened.map_err(|error| database_error(path, error))
}

fn not_a_file(path: &Path) -> Error {
    Error::NotAStore { path: path.to_owned(), found: "a folder or a device".to_owned() }
}

pub(super) fn open_error(path: &Path, cause: &io::Error) -> Error {
    match cause.kind() {
        io::ErrorKind::NotFound => Error::StoreMissing { path: path.to_owned() },
        _ => {
            Error::Io(EngineError::new(io::Error::new(cause.kind(), format!("{}: {cause}", path.display()))))
        }
    }
}

/// What the file says of itself: keys, tables and where the journal stands; `None` where it holds nothing.
pub(super) fn load(path: &Path, db: &Db) -> Result<Option<(Catalog, Progress)>> {
    let txn = guarded(|| match db {
        Db::Writable(db) => db.begin_read(),
        Db::ReadOnly(db) => db.begin_read(),
    })?;
    let names: Vec<_> = guarded(|| txn.list_tables())?.map(|table| table.name().to_owned()).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let tables: BTreeSet<_> = names.iter().filter_map(|name| TableId::named(name)).collect();
    let open = |table| guarded(|| open_for_reading(&txn, table));
    let not_ours =
        || Error::NotAStore { path: path.to_owned(), found: "another program's redb file".to_owned() };
    if !tables.contains(&TableId::Meta) {
        return Err(not_ours());
    }
    let meta = open(TableId::Meta)?;
    check_format(path, &row(&*meta, FORMAT_ROW)?.ok_or_else(not_ours)?)?;
    let store = row(&*meta, STORE_ROW)?
        .and_then(|id| Uuid::from_slice(&id).ok())
        .ok_or_else(|| Error::corrupt("table meta: the store has no id"))?;

    let mut catalog = Catalog::new(store, tables);
    if catalog.has_table(TableId::Keys) {
        let keys = open(TableId::Keys)?;
        for (number, key) in rows(&*keys)? {
            let row: KeyRow = codec::decode(TableId::Keys, &number, &key)?;
            catalog.load(key_bytes::key_number(&number)?, row);
        }
    }
    let mut progress = Progress { sequence: 0, time: Time::UNIX_EPOCH, issued: 0, unkept: 0 };
    if catalog.has_table(TableId::Journal) {
        let journal = open(TableId::Journal)?;
        let mut last = None;
        guarded(|| journal.last(&mut |sequence, change| last = Some((sequence.to_vec(), change.to_vec()))))?;
        if let Some((sequence, change)) = last {
            progress = journal::progress(&sequence, &change)?;
        }
    }
    if let Some(issued) = row(&*meta, journal::ISSUED)? {
        progress.issued = codec::decode(TableId::Meta, journal::ISSUED, &issued)?;
    }
    Ok(Some((catalog, progress)))
}

fn row(table: &dyn ReadRows, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut found = None;
    guarded(|| table.get(key, &mut |value| found = Some(value.to_vec())))?;
    Ok(found)
}

fn rows(table: &dyn ReadRows) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut all = Vec::new();
    guarded(|| {
        table.scan(std::ops::Bound::Unbounded, &mut |key, value| {
            all.push((key.to_vec(), value.to_vec()));
            std::ops::ControlFlow::Continue(())
        })
    })?;
    Ok(all)
}
