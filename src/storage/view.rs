//! Reading: what every reader can do, and the published view that the store's reads use.

use std::collections::HashMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwapOption;
use parking_lot::RwLock;
use redb::{ReadTransaction, ReadableDatabase as _};

use super::catalog::Catalog;
use super::engine::{Closed, Core, Db, Tip, closed_because};
use super::failure::{Failure, guarded};
use super::opened::{ReadRows, open_for_reading};
use super::resident::{self, Directory, Known, Names, Resident, Seen, fill};
use super::tables::TableId;
use crate::entity::ManagedEntity;
use crate::error::{Error, Result};
use crate::model::custom_field::KeyKind;

/// What can be read of the store at one moment: by a published view, and by a transaction that sees its own
/// changes. A table that does not exist is empty.
pub trait Reader {
    /// The keys and tables of that moment.
    fn with_catalog<T>(&self, read: impl FnOnce(&Catalog) -> T) -> T;

    /// What `read` makes of the row's value; `None` where there is no such row.
    fn get<T>(&self, table: TableId, key: &[u8], read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>>;

    /// Calls `visit` with each row from there on, in order of the keys, until it breaks off or fails.
    fn scan(
        &self,
        table: TableId,
        from: Bound<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()>;

    /// The number of the last change; 0 before the first.
    fn last_change(&self) -> u64;

    /// How many rows the table has. Costs the same however many there are.
    fn len(&self, table: TableId) -> Result<u64>;

    /// Whose a name is, where that is known without reading the table.
    fn seen(&self, _table: TableId, _name: &[u8]) -> Seen {
        Seen::Unknown
    }

    /// Who holds a value of the key, where that is known without reading its index.
    fn seen_value(&self, _entity: ManagedEntity, _key: &str, _value: &str) -> Seen {
        Seen::Unknown
    }
}

/// The view that the store's reads use; none once the store is closed, and while its file is compacted.
pub(super) type Published = ArcSwapOption<View>;

/// One row's value through `rows`, for the [`Reader::get`] of each reader.
pub(super) fn get_through<T>(
    read: impl FnOnce(&[u8]) -> Result<T>,
    rows: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<bool>,
) -> Result<Option<T>> {
    let mut read = Some(read);
    let mut answer = None;
    rows(&mut |value| answer = read.take().map(|read| read(value)))?;
    answer.transpose()
}

/// A scan through `rows`, for the [`Reader::scan`] of each reader.
pub(super) fn scan_through(
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    rows: impl FnOnce(&mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>) -> Result<()>,
) -> Result<()> {
    let mut failed = Ok(());
    rows(&mut |key, value| match visit(key, value) {
        Ok(flow) => flow,
        Err(error) => {
            failed = Err(error);
            ControlFlow::Break(())
        }
    })?;
    failed
}

type Rows = Arc<dyn ReadRows + Send + Sync>;

/// One frozen moment of the store. Its tables are opened when they are first read.
pub struct View {
    core: Weak<Core>,
    closed: Closed,
    txn: ReadTransaction,
    catalog: Arc<Catalog>,
    last_change: u64,
    /// Which one in order it is of those that were published.
    number: u64,
    names: Arc<Directory>,
    resident: Arc<Resident>,
    published: Arc<Published>,
    /// The tables of instances' values, which are read most.
    fields: [OnceLock<Rows>; ManagedEntity::ALL.len()],
    others: RwLock<HashMap<TableId, Rows>>,
}

impl View {
    pub(super) fn new(core: &Arc<Core>, db: &Db, tip: &Tip) -> Result<Self, Failure> {
        let txn = guarded(|| match db {
            Db::Writable(db) => db.begin_read(),
            Db::ReadOnly(db) => db.begin_read(),
        })?;
        Ok(Self {
            core: Arc::downgrade(core),
            closed: Arc::clone(&core.closed),
            txn,
            catalog: Arc::clone(&tip.catalog),
            last_change: tip.progress.sequence,
            number: core.resident.next_view(),
            names: Arc::clone(&tip.names),
            resident: Arc::clone(&core.resident),
            published: Arc::clone(&core.published),
            fields: Default::default(),
            others: RwLock::default(),
        })
    }

    pub(super) const fn closed(&self) -> &Closed {
        &self.closed
    }

    pub(super) const fn published(&self) -> &Arc<Published> {
        &self.published
    }

    pub(super) const fn resident(&self) -> &Arc<Resident> {
        &self.resident
    }

    pub(super) const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    pub(super) const fn directory(&self) -> &Arc<Directory> {
        &self.names
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn names_of(&self, table: TableId) -> Option<&Arc<Names>> {
        self.names.of(table)
    }

    /// Figures of the names that are in memory.
    pub fn names_in_memory(&self) -> resident::Size {
        self.resident.size(&self.names)
    }

    /// As [`scan`](Reader::scan), by somebody who reads what nobody asked for: a failure is no reason to close the store.
    pub(super) fn scan_aside(
        &self,
        table: TableId,
        from: Bound<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let scanned = self.with_rows(table, |rows| guarded(|| rows.scan(from, &mut visit)))?;
        scanned.unwrap_or(Ok(()))
    }

    /// `Closed` where the store is: what redb still has in its cache is not shown any more.
    pub fn check_open(&self) -> Result<()> {
        self.closed.get().map_or(Ok(()), |why| Err(closed_because(Some(why))))
    }

    /// Makes a call into redb; if it fails, the store is closed.
    fn call<T, E: Into<redb::Error>>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T> {
        guarded(call).map_err(|failure| self.failed(failure))
    }

    fn failed(&self, failure: Failure) -> Error {
        match self.core.upgrade() {
            Some(core) => core.fail(failure),
            None => failure.into(),
        }
    }

    /// As [`get`](Reader::get), of a row that is in memory; `None` where the file is to be asked, which then `read` is left
    /// for.
    fn get_in_memory<T>(
        &self,
        table: TableId,
        key: &[u8],
        read: &mut Option<impl FnOnce(&[u8]) -> Result<T>>,
    ) -> Option<Result<Option<T>>> {
        match if table.is_of_values() { self.seen(table, key) } else { Seen::Unknown } {
            Seen::Holder(row) => {
                let read = |row: &[u8]| read.take().map(|read| read(row));
                self.names.of(table)?.row(row, read)?.map(|answer| answer.map(Some))
            }
            Seen::Nobody => Some(Ok(None)),
            Seen::Unknown => None,
        }
    }

    /// What `read` makes of the rows of a table; `None` where there is no such table.
    fn with_table<T>(
        &self,
        table: TableId,
        read: impl FnOnce(&dyn ReadRows) -> Result<T>,
    ) -> Result<Option<T>> {
        self.with_rows(table, read).map_err(|failure| self.failed(failure))?.transpose()
    }

    /// As [`with_table`](Self::with_table), by somebody who deals with failures himself.
    fn with_rows<T>(
        &self,
        table: TableId,
        read: impl FnOnce(&dyn ReadRows) -> T,
    ) -> Result<Option<T>, Failure> {
        let place = match table {
            TableId::Fields(entity) => self.fields.get(entity as usize),
            _ => None,
        };
        if let Some(rows) = place.and_then(OnceLock::get) {
            return Ok(Some(read(&**rows)));
        }
        let opened = place.is_none().then(|| self.others.read().get(&table).cloned()).flatten();
        if let Some(rows) = opened {
            return Ok(Some(read(&*rows)));
        }
        if !self.catalog.has_table(table) {
            return Ok(None);
        }
        let rows: Rows = Arc::from(guarded(|| open_for_reading(&self.txn, table))?);
        match place {
            Some(place) => drop(place.set(Arc::clone(&rows))),
            None => drop(self.others.write().insert(table, Arc::clone(&rows))),
        }
        Ok(Some(read(&*rows)))
    }
}

impl Reader for View {
    fn with_catalog<T>(&self, read: impl FnOnce(&Catalog) -> T) -> T {
        read(&self.catalog)
    }

    fn get<T>(&self, table: TableId, key: &[u8], read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
        let mut read = Some(read);
        if let Some(answer) = self.get_in_memory(table, key, &mut read) {
            return answer;
        }
        let Some(read) = read else { return Ok(None) };
        let get = |rows: &dyn ReadRows| get_through(read, |read| self.call(|| rows.get(key, read)));
        self.with_table(table, get).map(Option::flatten)
    }

    fn scan(
        &self,
        table: TableId,
        from: Bound<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let scan = |rows: &dyn ReadRows| scan_through(visit, |visit| self.call(|| rows.scan(from, visit)));
        self.with_table(table, scan).map(Option::unwrap_or_default)
    }

    fn last_change(&self) -> u64 {
        self.last_change
    }

    fn len(&self, table: TableId) -> Result<u64> {
        let len = self.with_table(table, |rows| self.call(|| rows.len()))?;
        Ok(len.unwrap_or(0))
    }

    #[inline]
    fn seen(&self, table: TableId, name: &[u8]) -> Seen {
        let Some(names) = self.names.of(table) else { return Seen::Unknown };
        let seen = self.resident.look(names, name, self.number);
        if seen == Seen::Unknown && names.known() == Known::Nothing {
            fill::count(self, table, names);
        }
        seen
    }

    #[inline]
    fn seen_value(&self, entity: ManagedEntity, key: &str, value: &str) -> Seen {
        match self.catalog.key(entity, key) {
            Some(key) if key.kind == KeyKind::Enforced => {
                self.seen(TableId::Unique(entity, key.index), key.compared(value).as_bytes())
            }
            _ => Seen::Unknown,
        }
    }
}

/// A view by somebody who looks whether it is whole: from the file, whatever is in memory, and with a failure that is no
/// reason to close the store.
#[derive(Clone, Copy)]
pub struct Aside<'v>(pub &'v View);

impl Reader for Aside<'_> {
    fn with_catalog<T>(&self, read: impl FnOnce(&Catalog) -> T) -> T {
        self.0.with_catalog(read)
    }

    fn get<T>(&self, table: TableId, key: &[u8], read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
        let get = |rows: &dyn ReadRows| get_through(read, |read| Ok(guarded(|| rows.get(key, read))?));
        self.0.with_rows(table, get)?.transpose().map(Option::flatten)
    }

    fn scan(
        &self,
        table: TableId,
        from: Bound<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        scan_through(visit, |visit| Ok(self.0.scan_aside(table, from, visit)?))
    }

    fn last_change(&self) -> u64 {
        self.0.last_change()
    }

    fn len(&self, table: TableId) -> Result<u64> {
        let len = self.0.with_rows(table, |rows| guarded(|| rows.len()))?;
        Ok(len.transpose()?.unwrap_or(0))
    }
}
