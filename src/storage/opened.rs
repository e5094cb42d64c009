//! An open table, whatever its shape: rows as slices.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{Bound, ControlFlow};

use redb::{
    CursorError, DatabaseStats, Key, ReadOnlyTable, ReadTransaction, ReadableTable, StorageError, Table,
    TableError, TableStats, Value, WriteTransaction,
};

use super::bulk::Rows;
use super::failure::{Failure, guarded};
use super::fill::fill;
use super::tables::{ById, Listed, Named, Numbered, Sequence, Shape, TableId, Unique};

/// What is called with the key and value of each row of a scan.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// The rows of an open table.
pub(super) trait ReadRows {
    /// Calls `read` with the row's value; whether there is such a row.
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError>;
    /// Calls `visit` with each row from there on, in order, until it breaks off.
    fn scan(&self, from: Bound<&[u8]>, visit: Visit<'_>) -> Result<(), StorageError>;
    /// Calls `read` with the key and value of the last row.
    fn last(&self, read: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StorageError>;
    fn len(&self) -> Result<u64, StorageError>;
    /// Walks all of the table's pages.
    fn stats(&self) -> Result<TableStats, StorageError>;
}

/// The rows of a table that is open for writing.
pub(super) trait WriteRows: ReadRows {
    /// Puts a row, or removes it where there is no value; calls `old` with the value it had.
    fn put(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        old: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StorageError>;
    /// Puts or removes many rows, which stand in order, fastest those behind the table's last one.
    fn put_all(&mut self, rows: &Rows) -> Result<(), StorageError>;
}

/// A type of redb's whose values are plain slices.
trait Slices: for<'a> Value<SelfType<'a> = &'a [u8]> + 'static {}
impl<V: for<'a> Value<SelfType<'a> = &'a [u8]> + 'static> Slices for V {}

macro_rules! read_rows {
    ($table:ty) => {
        impl<K: Key + Slices, V: Slices> ReadRows for $table {
            fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StorageError> {
                let row = ReadableTable::get(self, key)?;
                if let Some(row) = &row {
                    read(row.value());
                }
                Ok(row.is_some())
            }

            fn scan(&self, from: Bound<&[u8]>, visit: Visit<'_>) -> Result<(), StorageError> {
                for row in ReadableTable::range::<&[u8]>(self, (from, Bound::Unbounded))? {
                    let (key, value) = row?;
                    if visit(key.value(), value.value()).is_break() {
                        break;
                    }
                }
                Ok(())
            }

            fn last(&self, read: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StorageError> {
                if let Some((key, value)) = ReadableTable::last(self)? {
                    read(key.value(), value.value());
                }
                Ok(())
            }

            fn len(&self) -> Result<u64, StorageError> {
                redb::ReadableTableMetadata::len(self)
            }

            fn stats(&self) -> Result<TableStats, StorageError> {
                redb::ReadableTableMetadata::stats(self)
            }
        }
    };
}

read_rows!(ReadOnlyTable<K, V>);
read_rows!(Table<'_, K, V>);

impl<K: Key + Slices, V: Slices> WriteRows for Table<'_, K, V> {
    fn put(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        old: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StorageError> {
        check_widths::<K, V>(key, value)?;
        let before = match value {
            Some(value) => self.insert(key, value)?,
            None => self.remove(key)?,
        };
        if let Some(before) = before {
            old(before.value());
        }
        Ok(())
    }

    fn put_all(&mut self, rows: &Rows) -> Result<(), StorageError> {
        let within = rows.within();
        rows.visit(0..within, |key, value| self.put(key, value, &mut |_| ()))?;
        let mut end = self.upper_bound_mut(Bound::<&[u8]>::Unbounded)?;
        rows.visit(within..rows.len(), |key, value| {
            let Some(value) = value else { return Ok(()) };
            check_widths::<K, V>(key, Some(value))?;
            end.insert_before(key, value).map_err(|error| match error {
                CursorError::Storage(error) => error,
                other => StorageError::Corrupted(format!("rows out of order: {other}")),
            })
        })?;
        end.close()
    }
}

/// redb trusts the widths its types state; a slice of another width would damage the table.
fn check_widths<K: Key, V: Value>(key: &[u8], value: Option<&[u8]>) -> Result<(), StorageError> {
    let fits = |width: Option<usize>, slice: &[u8]| width.is_none_or(|width| slice.len() == width);
    if fits(K::fixed_width(), key) && value.is_none_or(|value| fits(V::fixed_width(), value)) {
        return Ok(());
    }
    Err(StorageError::Corrupted("a row of another width than its table's".to_owned()))
}

pub(super) fn open_for_writing(
    txn: &WriteTransaction,
    table: TableId,
) -> Result<Box<dyn WriteRows + '_>, TableError> {
    let name = table.to_string();
    Ok(match table.shape() {
        Shape::Named => Box::new(txn.open_table(Named::new(&name))?),
        Shape::Numbered => Box::new(txn.open_table(Numbered::new(&name))?),
        Shape::ById => Box::new(txn.open_table(ById::new(&name))?),
        Shape::Unique => Box::new(txn.open_table(Unique::new(&name))?),
        Shape::Listed => Box::new(txn.open_table(Listed::new(&name))?),
        Shape::Sequence => Box::new(txn.open_table(Sequence::new(&name))?),
    })
}

pub(super) fn open_for_reading(
    txn: &ReadTransaction,
    table: TableId,
) -> Result<Box<dyn ReadRows + Send + Sync>, TableError> {
    let name = table.to_string();
    Ok(match table.shape() {
        Shape::Named => Box::new(txn.open_table(Named::new(&name))?),
        Shape::Numbered => Box::new(txn.open_table(Numbered::new(&name))?),
        Shape::ById => Box::new(txn.open_table(ById::new(&name))?),
        Shape::Unique => Box::new(txn.open_table(Unique::new(&name))?),
        Shape::Listed => Box::new(txn.open_table(Listed::new(&name))?),
        Shape::Sequence => Box::new(txn.open_table(Sequence::new(&name))?),
    })
}

/// The tables that a write transaction has open, each from when it is first used.
pub(super) struct OpenTables<'t> {
    txn: &'t WriteTransaction,
    open: RefCell<HashMap<TableId, Box<dyn WriteRows + 't>>>,
}

impl<'t> OpenTables<'t> {
    pub(super) fn of(txn: &'t WriteTransaction) -> Self {
        Self { txn, open: RefCell::default() }
    }
}

/// [`OpenTables`] behind a pointer, which keeps what holds them covariant in the transaction's lifetime.
pub(super) trait Tables {
    /// Calls `act` with the open table.
    fn with(
        &self,
        table: TableId,
        act: &mut dyn FnMut(&mut dyn WriteRows) -> Result<(), StorageError>,
    ) -> Result<(), Failure>;
    /// Puts all of the rows into their tables.
    fn fill(&self, tables: Vec<(TableId, Rows)>) -> Result<(), Failure>;
    /// Deletes a table, with all of its rows.
    fn delete(&self, table: TableId) -> Result<(), Failure>;
    fn stats(&self) -> Result<DatabaseStats, Failure>;
}

impl Tables for OpenTables<'_> {
    fn with(
        &self,
        table: TableId,
        act: &mut dyn FnMut(&mut dyn WriteRows) -> Result<(), StorageError>,
    ) -> Result<(), Failure> {
        use std::collections::hash_map::Entry;
        let mut open = self.open.borrow_mut();
        let rows = match open.entry(table) {
            Entry::Occupied(rows) => rows.into_mut(),
            Entry::Vacant(place) => place.insert(guarded(|| open_for_writing(self.txn, table))?),
        };
        guarded(|| act(rows.as_mut()))
    }

    fn fill(&self, tables: Vec<(TableId, Rows)>) -> Result<(), Failure> {
        let mut open = self.open.borrow_mut();
        for (table, _) in &tables {
            drop(open.remove(table));
        }
        fill(self.txn, tables)
    }

    fn delete(&self, table: TableId) -> Result<(), Failure> {
        drop(self.open.borrow_mut().remove(&table));
        guarded(|| delete(self.txn, table)).map(drop)
    }

    fn stats(&self) -> Result<DatabaseStats, Failure> {
        guarded(|| self.txn.stats())
    }
}

/// Deletes the table, as a call that redb makes for any shape.
pub(super) fn delete(txn: &WriteTransaction, table: TableId) -> Result<bool, TableError> {
    txn.delete_table(Named::new(&table.to_string()))
}
