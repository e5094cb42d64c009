//! How many rows it takes to answer a question, counted at the reader because pages stay in memory.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::Store;
use crate::error::Result;
use crate::storage::catalog::Catalog;
use crate::storage::tables::TableId;
use crate::storage::view::{Reader, View};

/// How many rows each table has that has any; the journal keeps the numbers of changes, and is left out.
pub fn rows(store: &Store) -> BTreeMap<TableId, u64> {
    let view = store.view().unwrap();
    let tables: Vec<TableId> = view.with_catalog(|catalog: &Catalog| catalog.tables().collect());
    let rows = tables.into_iter().map(|table| (table, view.len(table).unwrap()));
    rows.filter(|(table, rows)| *table != TableId::Journal && *rows > 0).collect()
}

/// A view that counts the rows it shows.
pub struct Counting<'v> {
    view: &'v View,
    rows: Cell<usize>,
}

impl<'v> Counting<'v> {
    pub fn of(view: &'v View) -> Self {
        Self { view, rows: Cell::new(0) }
    }

    /// How many rows it has shown.
    pub fn rows(&self) -> usize {
        self.rows.get()
    }

    fn count(&self) {
        self.rows.set(self.rows.get() + 1);
    }
}

impl Reader for Counting<'_> {
    fn with_catalog<T>(&self, read: impl FnOnce(&Catalog) -> T) -> T {
        self.view.with_catalog(read)
    }

    fn get<T>(&self, table: TableId, key: &[u8], read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
        self.count();
        self.view.get(table, key, read)
    }

    fn scan(
        &self,
        table: TableId,
        from: Bound<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.view.scan(table, from, |key, row| {
            self.count();
            visit(key, row)
        })
    }

    fn last_change(&self) -> u64 {
        self.view.last_change()
    }

    fn len(&self, table: TableId) -> Result<u64> {
        self.view.len(table)
    }
}
