//! Rows on their way into a bulk load: they wait in memory and go to their tables many at a time, in order.
//!
//! A table takes rows that come in order several times faster than rows that come anywhere, above all behind its last
//! one. What waits is seen by whoever reads a row; whoever reads several has the table's rows put in first.

use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use hashbrown::HashTable;
use redb::StorageError;

use super::tables::TableId;

/// Stands for the length of a value where the row goes.
const GOES: u32 = u32::MAX;

/// Rows of one table. Their bytes stand one behind the other, so that a row takes no memory of its own: that would cost
/// more than all else that is done with it here.
pub(super) struct Rows {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// The last key that the table itself has.
    last: Option<Vec<u8>>,
    /// Whether each row came behind the one before. Such rows are found where they stand, and need no `by_hash`.
    in_order: bool,
    by_hash: HashTable<Place>,
    /// Keyed with a secret, because keys come from strangers.
    hasher: SeedableRandomState,
}

/// Where a row is: its key, and behind it its value.
#[derive(Clone, Copy)]
struct Row {
    start: usize,
    key: u32,
    value: u32,
}

impl Row {
    /// The bytes of its key and its value.
    const fn len(&self) -> usize {
        self.key as usize + if self.value == GOES { 0 } else { self.value as usize }
    }
}

struct Place {
    hash: u32,
    row: u32,
}

impl Place {
    /// The beginning and the end of what a table of hashes looks at.
    const fn spread(hash: u32) -> u64 {
        (hash as u64) << 32 | hash as u64
    }
}

/// What is known of a row by what waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known<'w> {
    /// It waits with this value, or to go.
    Waits(Option<&'w [u8]>),
    /// There is none, because all of the table's rows are before it.
    Absent,
    /// It is as the table has it.
    Unknown,
}

impl Rows {
    /// None yet, of a table whose last key is this one.
    pub(super) fn behind(last: Option<Vec<u8>>) -> Self {
        Self {
            bytes: Vec::new(),
            rows: Vec::new(),
            last,
            in_order: true,
            by_hash: HashTable::new(),
            hasher: SeedableRandomState::with_seed(
                RandomState::new().hash_one(0),
                SharedSeed::global_random(),
            ),
        }
    }

    /// Adds a row, or puts it in place of the one with its key.
    pub(super) fn put(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StorageError> {
        let is_behind = self.rows.last().is_none_or(|last| self.key(last) < key);
        if self.in_order && is_behind {
            let row = self.keep(key, value)?;
            self.rows.push(row);
            return Ok(());
        }
        let hash = self.hash(key);
        if let Some(place) = self.find_by(hash, key) {
            return self.replace(place, key, value);
        }
        if std::mem::take(&mut self.in_order) {
            for place in 0..self.rows.len() {
                let hash = self.rows.get(place).map_or(0, |row| self.hash(self.key(row)));
                self.index(place, hash)?;
            }
        }
        let row = self.keep(key, value)?;
        self.index(self.rows.len(), hash)?;
        self.rows.push(row);
        Ok(())
    }

    fn replace(&mut self, place: usize, key: &[u8], value: Option<&[u8]>) -> Result<(), StorageError> {
        let Some(old) = self.rows.get(place).copied() else { return Ok(()) };
        if old.start + old.len() == self.bytes.len() {
            self.bytes.truncate(old.start);
        }
        let new = self.keep(key, value)?;
        if let Some(row) = self.rows.get_mut(place) {
            *row = new;
        }
        Ok(())
    }

    fn keep(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<Row, StorageError> {
        let row = Row { start: self.bytes.len(), key: length(key)?, value: value.map_or(Ok(GOES), length)? };
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        Ok(row)
    }

    /// Has the row that stands there found by the hash of its key.
    fn index(&mut self, place: usize, hash: u32) -> Result<(), StorageError> {
        let row = u32::try_from(place).map_err(|_| StorageError::ValueTooLarge(place))?;
        let spread = |place: &Place| Place::spread(place.hash);
        self.by_hash.insert_unique(Place::spread(hash), Place { hash, row }, spread);
        Ok(())
    }

    fn hash(&self, key: &[u8]) -> u32 {
        let [a, b, c, d, ..] = self.hasher.hash_one(key).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    fn find(&self, key: &[u8]) -> Option<usize> {
        let is_behind = self.rows.last().is_none_or(|last| self.key(last) < key);
        if self.in_order && is_behind { None } else { self.find_by(self.hash(key), key) }
    }

    fn find_by(&self, hash: u32, key: &[u8]) -> Option<usize> {
        if self.in_order {
            return self.rows.binary_search_by(|row| self.key(row).cmp(key)).ok();
        }
        let is_it = |place: &Place| {
            place.hash == hash && self.rows.get(place.row as usize).is_some_and(|row| self.key(row) == key)
        };
        self.by_hash.find(Place::spread(hash), is_it).map(|place| place.row as usize)
    }

    fn slice(&self, start: usize, length: usize) -> &[u8] {
        self.bytes.get(start..start + length).unwrap_or_default()
    }

    fn key(&self, row: &Row) -> &[u8] {
        self.slice(row.start, row.key as usize)
    }

    fn value(&self, row: &Row) -> Option<&[u8]> {
        (row.value != GOES).then(|| self.slice(row.start + row.key as usize, row.value as usize))
    }

    fn known(&self, key: &[u8]) -> Known<'_> {
        if let Some(row) = self.find(key).and_then(|place| self.rows.get(place)) {
            return Known::Waits(self.value(row));
        }
        let may_be_there = self.last.as_deref().is_some_and(|last| key <= last);
        if may_be_there { Known::Unknown } else { Known::Absent }
    }

    /// Puts the rows in order of their keys. No row is looked up from then on.
    pub(super) fn sort(&mut self) {
        self.by_hash = HashTable::new();
        if self.in_order {
            return;
        }
        // Most keys differ in the first bytes that not all of them share: those are compared without a look at the key.
        let shared = self.shared();
        let begins = |row: &Row| {
            let rest = self.key(row).get(shared..).unwrap_or_default();
            let begins = rest.first_chunk().copied().unwrap_or_else(|| {
                let mut begins = [0; 8];
                begins.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
                begins
            });
            u64::from_be_bytes(begins)
        };
        let mut sorted: Vec<(u64, Row)> = self.rows.iter().map(|row| (begins(row), *row)).collect();
        sorted.sort_unstable_by(|(a, left), (b, right)| {
            a.cmp(b).then_with(|| self.key(left).cmp(self.key(right)))
        });
        self.rows = sorted.into_iter().map(|(_, row)| row).collect();
        self.in_order = true;
    }

    /// With how many bytes, the same in all, the keys begin.
    fn shared(&self) -> usize {
        let Some(first) = self.rows.first().map(|row| self.key(row)) else { return 0 };
        self.rows.iter().fold(first.len(), |shared, row| {
            let key = self.key(row);
            if key.get(..shared) == first.get(..shared) {
                return shared;
            }
            first.iter().zip(key).take_while(|(a, b)| a == b).count()
        })
    }

    /// Calls `visit` with the key and the value, none where the row goes, of the rows in these places.
    ///
    /// Rows that came in another order stand far from each other, and the memory would be waited for at each. So
    /// several are fetched at a time, none of which depends on another.
    pub(super) fn visit<E>(
        &self,
        places: Range<usize>,
        mut visit: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), E>,
    ) -> Result<(), E> {
        /// So many.
        const FETCHED: usize = 32;
        let mut near = Vec::new();
        for rows in self.rows.get(places).unwrap_or_default().chunks(FETCHED) {
            near.clear();
            rows.iter().for_each(|row| near.extend_from_slice(self.slice(row.start, row.len())));
            let mut rest = near.as_slice();
            for row in rows {
                let (row_bytes, behind) = rest.split_at_checked(row.len()).unwrap_or_default();
                let (key, value) = row_bytes.split_at_checked(row.key as usize).unwrap_or_default();
                visit(key, (row.value != GOES).then_some(value))?;
                rest = behind;
            }
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows, which stand in order, are not behind the table's last one.
    pub(super) fn within(&self) -> usize {
        let Some(last) = self.last.as_deref() else { return 0 };
        self.rows.partition_point(|row| self.key(row) <= last)
    }

    /// The bytes that they take.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + size_of_val(self.rows.as_slice()) + self.by_hash.allocation_size()
    }
}

fn length(bytes: &[u8]) -> Result<u32, StorageError> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length != GOES);
    length.ok_or(StorageError::ValueTooLarge(bytes.len()))
}

/// The rows that wait, of all tables.
pub(super) struct Waiting {
    /// They are few.
    tables: Vec<(TableId, Rows)>,
    bytes: usize,
    most: usize,
}

impl Waiting {
    pub(super) fn new(most: usize) -> Self {
        Self { tables: Vec::new(), bytes: 0, most }
    }

    /// Whether rows of the table wait, or may from now on.
    pub(super) fn has(&self, table: TableId) -> bool {
        self.rows(table).is_some()
    }

    /// Has rows of a table wait from now on, the last one of which has this key.
    pub(super) fn begin(&mut self, table: TableId, last: Option<Vec<u8>>) {
        self.tables.push((table, Rows::behind(last)));
    }

    /// Adds a row, or puts it in place of the one that waits under its key; whether enough wait now.
    pub(super) fn put(
        &mut self,
        table: TableId,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<bool, StorageError> {
        if let Some((_, rows)) = self.tables.iter_mut().find(|(other, _)| *other == table) {
            let before = rows.size();
            rows.put(key, value)?;
            self.bytes = self.bytes - before + rows.size();
        }
        Ok(self.bytes >= self.most)
    }

    /// What is known of a row.
    pub(super) fn known(&self, table: TableId, key: &[u8]) -> Known<'_> {
        self.rows(table).map_or(Known::Unknown, |rows| rows.known(key))
    }

    fn rows(&self, table: TableId) -> Option<&Rows> {
        self.tables.iter().find(|(other, _)| *other == table).map(|(_, rows)| rows)
    }

    /// Takes out the rows of a table; `None` where none wait.
    pub(super) fn take(&mut self, table: TableId) -> Option<(TableId, Rows)> {
        let place = self.tables.iter().position(|(other, _)| *other == table)?;
        let (table, rows) = self.tables.swap_remove(place);
        self.bytes -= rows.size();
        Some((table, rows))
    }

    /// Takes out all rows.
    pub(super) fn take_all(&mut self) -> Vec<(TableId, Rows)> {
        self.bytes = 0;
        std::mem::take(&mut self.tables)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::entity::ManagedEntity;

    const TABLE: TableId = TableId::Fields(ManagedEntity::Customer);

    /// Rows that wait for a table whose last key is that one.
    pub fn rows_behind(last: Option<&[u8]>, wanted: &[(&[u8], Option<&[u8]>)]) -> Rows {
        let mut rows = Rows::behind(last.map(<[u8]>::to_vec));
        for (key, value) in wanted {
            rows.put(key, *value).unwrap();
        }
        rows
    }

    /// All of the rows, as they stand.
    pub fn standing(rows: &Rows) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut all = Vec::new();
        let take = |key: &[u8], value: Option<&[u8]>| {
            all.push((key.to_vec(), value.map(<[u8]>::to_vec)));
            Ok::<_, ()>(())
        };
        rows.visit(0..rows.len(), take).unwrap();
        all
    }

    fn waiting(most: usize) -> Waiting {
        let mut waiting = Waiting::new(most);
        waiting.begin(TABLE, None);
        waiting.begin(TableId::Meta, None);
        waiting
    }

    #[test]
    fn no_more_waits_than_may_however_often_a_row_is_put() {
        let mut waiting = waiting(10_000);
        let mut rounds = 0;
        for n in 0..1_000_u32 {
            waiting.put(TableId::Meta, b"issued", Some(&n.to_be_bytes())).unwrap();
            let full = waiting.put(TABLE, &n.to_be_bytes(), Some(&[7; 100])).unwrap();
            assert_eq!(full, waiting.bytes >= 10_000, "after row {n}");
            let most_of_a_row = size_of::<Row>() + 104;
            assert!(waiting.bytes < 10_000 + most_of_a_row, "{} bytes wait", waiting.bytes);
            if full {
                let (_, rows) = waiting.take(TABLE).unwrap();
                assert_eq!(standing(&rows).last().unwrap().0, n.to_be_bytes());
                waiting.take_all();
                waiting.begin(TABLE, Some(n.to_be_bytes().to_vec()));
                waiting.begin(TableId::Meta, None);
                rounds += 1;
            }
        }
        assert_eq!(rounds, 11, "once for every 84 rows");
        waiting.take_all();
        assert_eq!(waiting.bytes, 0);
    }

    #[test]
    fn a_row_that_waits_is_read_as_it_will_be() {
        let mut waiting = waiting(10_000);
        assert_eq!(waiting.known(TABLE, b"a"), Known::Absent);
        assert_eq!(waiting.known(TableId::Journal, b"a"), Known::Unknown);
        waiting.put(TABLE, b"b", Some(b"two")).unwrap();
        waiting.put(TABLE, b"a", Some(b"one")).unwrap();
        assert_eq!(waiting.known(TABLE, b"a"), Known::Waits(Some(b"one")));
        waiting.put(TABLE, b"a", None).unwrap();
        assert_eq!(waiting.known(TABLE, b"a"), Known::Waits(None));
        assert_eq!(waiting.known(TableId::Meta, b"a"), Known::Absent);
        let (_, mut rows) = waiting.take(TABLE).unwrap();
        rows.sort();
        assert_eq!(standing(&rows), [(b"a".to_vec(), None), (b"b".to_vec(), Some(b"two".to_vec()))]);
    }

    #[test]
    fn only_what_the_table_may_have_is_asked_of_it() {
        let rows = rows_behind(Some(b"m"), &[(b"c", Some(b"waits")), (b"x", None)]);
        assert_eq!(rows.known(b"c"), Known::Waits(Some(b"waits")));
        assert_eq!(rows.known(b"x"), Known::Waits(None));
        assert_eq!((rows.known(b"m"), rows.known(b"b")), (Known::Unknown, Known::Unknown));
        assert_eq!((rows.known(b"mm"), rows.known(b"z")), (Known::Absent, Known::Absent));
        assert_eq!(rows.within(), 1);
    }

    #[test]
    fn rows_are_found_and_stand_in_order_however_they_came() {
        let orders: [fn(u32) -> u32; 3] =
            [|n| n, |n| n.wrapping_mul(2_654_435_761), |n| if n < 500 { n } else { 1_500 - n }];
        for (which, order) in orders.into_iter().enumerate() {
            for prefix in ["", "the same beginning of every key "] {
                let key = |n: u32| [prefix.as_bytes(), &order(n).to_be_bytes()].concat();
                let mut rows = Rows::behind(None);
                for n in 0..1_000_u32 {
                    rows.put(&key(n), Some(&n.to_be_bytes())).unwrap();
                }
                for n in (0..1_000_u32).step_by(3) {
                    rows.put(&key(n), None).unwrap();
                }
                for n in 0..1_000_u32 {
                    let value = n.to_be_bytes();
                    let value = (!n.is_multiple_of(3)).then_some(&value[..]);
                    assert_eq!(rows.known(&key(n)), Known::Waits(value), "order {which}, row {n}");
                }
                rows.sort();
                let value = |n: u32| (!n.is_multiple_of(3)).then(|| n.to_be_bytes().to_vec());
                let mut wanted: Vec<_> = (0..1_000).map(|n| (key(n), value(n))).collect();
                wanted.sort();
                assert_eq!(standing(&rows), wanted, "order {which}");
            }
        }
    }
}
