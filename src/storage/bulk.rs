//! Rows on their way into a bulk load: they wait in memory, in order, and go to their tables many at a time.
//!
//! A table takes rows that come in order several times faster than rows that come anywhere, above all behind its last
//! one. What waits is seen by whoever reads a row; whoever reads several has the table's rows put in first.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

use super::tables::TableId;

/// What a row takes besides its bytes, roughly: where they are, and how it is found.
const ROW: usize = 96;

/// Rows of one table. Their bytes stand one behind the other, so that a row takes no memory of its own: that would cost
/// more than all else that is done with it here.
#[derive(Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// By the hash of a key the last row that came with it, which leads to those before.
    by_hash: HashMap<u64, usize>,
    hasher: RandomState,
}

struct Row {
    key: Range<usize>,
    /// `None` where the row goes.
    value: Option<Range<usize>>,
    /// Another row whose key has the same hash.
    before: Option<usize>,
}

impl Rows {
    /// Adds a row, or puts it in place of the one with its key.
    fn put(&mut self, key: &[u8], value: Option<&[u8]>) {
        let hash = self.hasher.hash_one(key);
        let found = self.find(hash, key);
        let value = value.map(|value| self.keep(value));
        if let Some(row) = found.and_then(|place| self.rows.get_mut(place)) {
            row.value = value;
            return;
        }
        let key = self.keep(key);
        let before = self.by_hash.insert(hash, self.rows.len());
        self.rows.push(Row { key, value, before });
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let mut place = self.by_hash.get(&hash).copied();
        while let Some(row) = self.rows.get(place?) {
            if self.slice(&row.key) == key {
                return place;
            }
            place = row.before;
        }
        None
    }

    fn slice(&self, place: &Range<usize>) -> &[u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }

    fn row(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let place = self.find(self.hasher.hash_one(key), key)?;
        let row = self.rows.get(place)?;
        Some(row.value.as_ref().map(|value| self.slice(value)))
    }

    /// The rows in order of their keys; no value where one goes.
    pub(super) fn sorted(&self) -> Vec<(&[u8], Option<&[u8]>)> {
        let row = |row: &Row| (self.slice(&row.key), row.value.as_ref().map(|value| self.slice(value)));
        let mut sorted: Vec<_> = self.rows.iter().map(row).collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        sorted
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.rows.len() * ROW
    }
}

/// The rows that wait, of all tables.
pub(super) struct Waiting {
    tables: BTreeMap<TableId, Rows>,
    bytes: usize,
    most: usize,
}

impl Waiting {
    pub(super) fn new(most: usize) -> Self {
        Self { tables: BTreeMap::new(), bytes: 0, most }
    }

    /// Adds a row, or puts it in place of the one that waits under its key; whether enough wait now.
    pub(super) fn put(&mut self, table: TableId, key: &[u8], value: Option<&[u8]>) -> bool {
        let rows = self.tables.entry(table).or_default();
        let before = rows.size();
        rows.put(key, value);
        self.bytes += rows.size() - before;
        self.bytes >= self.most
    }

    /// What the row will be, if it waits: its value, or none where it goes.
    pub(super) fn row(&self, table: TableId, key: &[u8]) -> Option<Option<&[u8]>> {
        self.tables.get(&table)?.row(key)
    }

    /// Takes out the rows of a table; `None` where none wait.
    pub(super) fn take(&mut self, table: TableId) -> Option<Rows> {
        let rows = self.tables.remove(&table)?;
        self.bytes -= rows.size();
        Some(rows)
    }

    /// Any table of which rows wait.
    pub(super) fn any_table(&self) -> Option<TableId> {
        self.tables.keys().next().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ManagedEntity;

    const TABLE: TableId = TableId::Fields(ManagedEntity::Customer);

    #[test]
    fn no_more_waits_than_may_however_often_a_row_is_put() {
        let mut waiting = Waiting::new(10_000);
        let mut rounds = 0;
        for n in 0..1_000_u32 {
            waiting.put(TableId::Meta, b"issued", Some(&n.to_be_bytes()));
            let full = waiting.put(TABLE, &n.to_be_bytes(), Some(&[7; 100]));
            assert_eq!(full, waiting.bytes >= 10_000, "after row {n}");
            assert!(waiting.bytes <= 10_000 + ROW + 108, "{} bytes wait", waiting.bytes);
            while let Some(table) = waiting.any_table().filter(|_| full) {
                let rows = waiting.take(table).unwrap();
                let last = rows.sorted().last().map(|(key, _)| key.to_vec());
                rounds += usize::from(last == Some(n.to_be_bytes().to_vec()));
            }
        }
        assert_eq!(rounds, 20, "once for every 49 rows");
        while let Some(table) = waiting.any_table() {
            drop(waiting.take(table));
        }
        assert_eq!(waiting.bytes, 0);
    }

    #[test]
    fn a_row_that_waits_is_read_as_it_will_be() {
        let mut waiting = Waiting::new(10_000);
        assert_eq!(waiting.row(TABLE, b"a"), None);
        waiting.put(TABLE, b"b", Some(b"two"));
        waiting.put(TABLE, b"a", Some(b"one"));
        assert_eq!(waiting.row(TABLE, b"a"), Some(Some(&b"one"[..])));
        waiting.put(TABLE, b"a", None);
        assert_eq!((waiting.row(TABLE, b"a"), waiting.row(TableId::Meta, b"a")), (Some(None), None));
        let rows = waiting.take(TABLE).unwrap();
        assert_eq!(rows.sorted(), [(b"a".as_slice(), None), (b"b", Some(b"two".as_slice()))]);
    }
}
