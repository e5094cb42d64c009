//! Reading: what every reader can do, and the published view that the store's reads use.

use std::collections::HashMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use redb::{ReadTransaction, ReadableDatabase as _};

use super::catalog::Catalog;
use super::engine::{Closed, Core, Db, Tip, closed_because};
use super::failure::{Failure, guarded};
use super::opened::{ReadRows, open_for_reading};
use super::tables::TableId;
use crate::error::Result;

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
}

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

/// One frozen moment of the store. Its tables are opened when they are first read.
pub struct View {
    core: Weak<Core>,
    closed: Closed,
    txn: ReadTransaction,
    catalog: Arc<Catalog>,
    last_change: u64,
    tables: RwLock<HashMap<TableId, Arc<dyn ReadRows + Send + Sync>>>,
}

impl View {
    pub(super) fn new(core: &Arc<Core>, db: &Db, tip: &Tip) -> Result<Self, Failure> {
        let txn = guarded(|| match db {
            Db::Writable(db) => db.begin_read(),
            Db::ReadOnly(db) => db.begin_read(),
        })?;
        let (core, closed) = (Arc::downgrade(core), Arc::clone(&core.closed));
        let (catalog, last_change) = (Arc::clone(&tip.catalog), tip.progress.sequence);
        Ok(Self { core, closed, txn, catalog, last_change, tables: RwLock::default() })
    }

    /// `Closed` where the store is: what redb still has in its cache is not shown any more.
    pub fn check_open(&self) -> Result<()> {
        self.closed.get().map_or(Ok(()), |why| Err(closed_because(Some(why))))
    }

    /// Makes a call into redb; if it fails, the store is closed.
    fn call<T, E: Into<redb::Error>>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T> {
        guarded(call).map_err(|failure| match self.core.upgrade() {
            Some(core) => core.fail(failure),
            None => failure.into(),
        })
    }

    fn table(&self, table: TableId) -> Result<Option<Arc<dyn ReadRows + Send + Sync>>> {
        if let Some(rows) = self.tables.read().get(&table) {
            return Ok(Some(Arc::clone(rows)));
        }
        if !self.catalog.has_table(table) {
            return Ok(None);
        }
        let rows = Arc::from(self.call(|| open_for_reading(&self.txn, table))?);
        self.tables.write().insert(table, Arc::clone(&rows));
        Ok(Some(rows))
    }
}

impl Reader for View {
    fn with_catalog<T>(&self, read: impl FnOnce(&Catalog) -> T) -> T {
        read(&self.catalog)
    }

    fn get<T>(&self, table: TableId, key: &[u8], read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
        match self.table(table)? {
            Some(rows) => get_through(read, |read| self.call(|| rows.get(key, read))),
            None => Ok(None),
        }
    }

    fn scan(
        &self,
        table: TableId,
        from: Bound<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        match self.table(table)? {
            Some(rows) => scan_through(visit, |visit| self.call(|| rows.scan(from, visit))),
            None => Ok(()),
        }
    }

    fn last_change(&self) -> u64 {
        self.last_change
    }

    fn len(&self, table: TableId) -> Result<u64> {
        match self.table(table)? {
            Some(rows) => self.call(|| rows.len()),
            None => Ok(0),
        }
    }
}
