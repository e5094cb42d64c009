//! Reading what can still be read of a damaged file, as redb would read it if nothing were wrong.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::Arc;

use redb::{ReadTransaction, ReadableDatabase as _, StorageBackend as _};

use super::check::Wrong;
use super::codec;
use super::engine::Db;
use super::failure::{Failure, guarded, let_go};
use super::make::Beside;
use super::memory::Memory;
use super::open::{self, FORMAT_ROW, STORE_ROW, on_backend, open_error, read_only};
use super::opened::{ReadRows, open_for_reading, open_for_writing};
use super::overlay::{Overlay, Sharing};
use super::probe::{MAGIC, check_magic};
use super::tables::{ID_BYTES, TableId};
use crate::error::{Error, Result};

/// Rows that come in order need little memory.
const CACHE: usize = 64 << 20;
/// In redb's header, behind its magic number, this bit of a byte says that it was not closed: it is repaired then, and
/// where the last commit is damaged the one before is taken.
const NOT_CLOSED: u8 = 2;
/// Where the header says how long the file is: the bytes of a page; of a region the pages of its header, and those for data
/// at most; how many regions are full, and the pages for data in the last one that is not.
const LAYOUT: u64 = MAGIC.len() as u64 + 3;
/// No file is taken to have been so many times as long as it is: a header that says so is damaged.
const MOST_CUT_OFF: u64 = 32;
/// So often a gap between readable rows is halved, to find others in it,
const HALVINGS: u32 = 16;
/// and so many gaps of a table are looked into.
const GAPS: u32 = 256;

/// Rows by their keys.
pub type Found = BTreeMap<Vec<u8>, Vec<u8>>;

/// What can be read of a file: of each table the rows that are as they were written, and what is not.
#[derive(Default)]
pub struct Gathered {
    pub tables: BTreeMap<TableId, Found>,
    pub lost: Vec<Wrong>,
}

impl Gathered {
    fn rows(&self) -> usize {
        self.tables.values().map(Found::len).sum()
    }
}

/// Reads the rows of these tables: of the file as it is, or as a repair would leave it, whichever has more.
pub fn gather(path: &Path, tables: &[TableId]) -> Result<Gathered> {
    check_magic(path)?;
    match (as_it_is(path, tables), repaired(path, tables)) {
        (Ok(one), Ok(other)) if one.rows() < other.rows() => Ok(other),
        (Ok(one), _) => Ok(one),
        (Err(_), Ok(other)) => Ok(other),
        (Err(error), Err(_)) => Err(error),
    }
}

/// Of a copy, which is only read: redb reads no more of it than it is asked for. With zeroes in place of an end that was cut
/// off.
fn as_it_is(path: &Path, tables: &[TableId]) -> Result<Gathered> {
    let folder = std::env::temp_dir();
    let copy = Beside::of(&folder.join(path.file_name().unwrap_or_default()), &folder);
    let failed = |cause: io::Error| open_error(path, &cause);
    let mut source = File::open(path).map_err(failed)?;
    let mut file = copy.create()?;
    let there = io::copy(&mut source, &mut file).map_err(failed)?;
    // A header that is cut off itself says nothing.
    if let Ok(len) = length(&mut source)
        && len > there
        && len / MOST_CUT_OFF <= there
    {
        file.set_len(len).map_err(failed)?;
    }
    drop(file);
    let db = read_only(copy.file(), CACHE)?;
    let gathered = read(&db, tables);
    let_go(db);
    gathered
}

/// With all that a repair writes kept in memory. It takes nothing but a commit that is whole.
fn repaired(path: &Path, tables: &[TableId]) -> Result<Gathered> {
    let overlay = Overlay::over_file(path, Sharing::Alone).map_err(|cause| open_error(path, &cause))?;
    let at = MAGIC.len() as u64;
    let mut flags = [0];
    let flagged =
        overlay.read(at, &mut flags).and_then(|()| overlay.write(at, &flags.map(|flags| flags | NOT_CLOSED)));
    flagged.map_err(|cause| open_error(path, &cause))?;
    let db = Db::Writable(open::over(path, overlay, CACHE)?);
    let gathered = read(&db, tables);
    let_go(db);
    gathered
}

/// How long the file was, as its header says.
fn length(file: &mut File) -> io::Result<u64> {
    let mut layout = [0; 5 * size_of::<u32>()];
    file.seek(SeekFrom::Start(LAYOUT))?;
    file.read_exact(&mut layout)?;
    let (numbers, _) = layout.as_chunks();
    let mut numbers = numbers.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
    let mut next = || numbers.next().unwrap_or(0);
    let (page, header, most, full, trailing) = (next(), next(), next(), next(), next());
    let last = if trailing > 0 { header + trailing } else { 0 };
    let pages = (header + most).saturating_mul(full).saturating_add(last).saturating_add(1);
    Ok(pages.saturating_mul(page))
}

fn read(db: &Db, tables: &[TableId]) -> Result<Gathered> {
    let txn = guarded(|| match db {
        Db::Writable(db) => db.begin_read(),
        Db::ReadOnly(db) => db.begin_read(),
    })?;
    let mut gathered = Gathered::default();
    tables.iter().for_each(|table| gathered.add(&txn, *table));
    let_go(txn);
    Ok(gathered)
}

impl Gathered {
    fn add(&mut self, txn: &ReadTransaction, table: TableId) {
        let rows = match guarded(|| Ok::<_, redb::Error>(open_for_reading(txn, table))) {
            Ok(Ok(rows)) => rows,
            Ok(Err(redb::TableError::TableDoesNotExist(_))) => return,
            Ok(Err(error)) => return self.lost.push((Some(table), error.to_string())),
            Err(failure) => return self.lost.push((Some(table), failure.cause().to_string())),
        };
        let mut reach = Reach { rows: &*rows, table, found: Found::new(), unsound: 0, gaps: GAPS, why: None };
        reach.between(None, None, HALVINGS);
        let Reach { found, unsound, why, .. } = reach;
        let counted = guarded(|| rows.len()).ok();
        let is_short = counted.is_none_or(|counted| counted != found.len() as u64);
        if unsound > 0 || is_short {
            let counted = counted.map_or("unknown many".to_owned(), |counted| counted.to_string());
            let why = why.map_or(String::new(), |why| format!(" ({why})"));
            self.lost.push((Some(table), format!("{} rows of {counted} can be read{why}", found.len())));
        }
        self.tables.insert(table, found);
        let_go(rows);
    }
}

/// Memory with these rows, as the bytes of a store.
pub fn filled(tables: &BTreeMap<TableId, Found>) -> Result<Memory> {
    let memory = Memory::default();
    let Db::Writable(db) = on_backend(Arc::new(memory.clone()), CACHE)? else {
        return Err(Error::ReadOnly);
    };
    let txn = guarded(|| db.begin_write())?;
    for (table, found) in tables {
        let mut rows = guarded(|| open_for_writing(&txn, *table))?;
        for (key, value) in found {
            guarded(|| rows.put(key, Some(value), &mut |_| ()))?;
        }
    }
    guarded(|| txn.commit())?;
    guarded(|| {
        drop(db);
        Ok::<_, redb::Error>(())
    })?;
    Ok(memory)
}

/// How far the rows of a table can be read.
struct Reach<'r> {
    rows: &'r dyn ReadRows,
    table: TableId,
    found: Found,
    /// How many rows are not as they were written.
    unsound: u64,
    gaps: u32,
    why: Option<String>,
}

impl Reach<'_> {
    /// Reads the rows between two keys from both ends; and where that breaks off, from the middle of what is left.
    fn between(&mut self, low: Option<Vec<u8>>, high: Option<Vec<u8>>, halvings: u32) {
        let Some(gaps) = self.gaps.checked_sub(1) else { return };
        self.gaps = gaps;
        let (last, ended) = self.forward(low, high.as_deref());
        if ended {
            return;
        }
        let (first, ended) = self.backward(high, last.as_deref());
        if ended || halvings == 0 {
            return;
        }
        if let Some(middle) = middle(last.as_deref(), first.as_deref()) {
            self.between(Some(middle.clone()), first, halvings - 1);
            self.between(last, Some(middle), halvings - 1);
        }
    }

    /// The last key that was read, and whether that was all.
    fn forward(&mut self, low: Option<Vec<u8>>, high: Option<&[u8]>) -> (Option<Vec<u8>>, bool) {
        let from = low.clone();
        let from = from.as_deref().map_or(Bound::Unbounded, Bound::Included);
        let rows = self.rows;
        let (mut last, mut in_order) = (low, true);
        let scanned = guarded(|| {
            rows.scan(from, &mut |key, value| {
                in_order = last.as_deref().is_none_or(|last| last <= key);
                if !in_order || high.is_some_and(|high| key >= high) {
                    return ControlFlow::Break(());
                }
                last = Some(key.to_vec());
                self.keep(key, value);
                ControlFlow::Continue(())
            })
        });
        (last, self.is_over(scanned, in_order))
    }

    /// The first key that was read, and whether that was all.
    fn backward(&mut self, high: Option<Vec<u8>>, low: Option<&[u8]>) -> (Option<Vec<u8>>, bool) {
        let until = high.clone();
        let until = until.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.rows;
        let (mut first, mut in_order) = (high, true);
        let scanned = guarded(|| {
            rows.scan_back(until, &mut |key, value| {
                in_order = first.as_deref().is_none_or(|first| key <= first);
                if !in_order || low.is_some_and(|low| key <= low) {
                    return ControlFlow::Break(());
                }
                first = Some(key.to_vec());
                self.keep(key, value);
                ControlFlow::Continue(())
            })
        });
        (first, self.is_over(scanned, in_order))
    }

    fn is_over(&mut self, scanned: Result<(), Failure>, in_order: bool) -> bool {
        let why = match scanned {
            Ok(()) if in_order => return true,
            Ok(()) => "rows out of order".to_owned(),
            Err(failure) => failure.cause().to_string(),
        };
        self.why.get_or_insert(why);
        false
    }

    fn keep(&mut self, key: &[u8], value: &[u8]) {
        if is_sound(self.table, key, value) {
            self.found.insert(key.to_vec(), value.to_vec());
        } else {
            self.unsound += 1;
        }
    }
}

/// Whether a row is as it was written, as far as that can be told.
fn is_sound(table: TableId, key: &[u8], value: &[u8]) -> bool {
    match (table, key) {
        (TableId::Meta, FORMAT_ROW) => value.len() == size_of::<u32>(),
        (TableId::Meta, STORE_ROW) => value.len() == ID_BYTES,
        (TableId::Unique(..), _) => codec::open_holder(table, key, value).is_ok(),
        (TableId::Listed(..), _) => codec::check_listed(table, key, value).is_ok(),
        _ => codec::is_whole(table, key, value),
    }
}

/// A key about in the middle of two, as long as the longer one.
fn middle(low: Option<&[u8]>, high: Option<&[u8]>) -> Option<Vec<u8>> {
    let width = low.or(high).map_or(ID_BYTES, |key| key.len().max(high.map_or(0, <[u8]>::len)));
    let byte =
        |key: Option<&[u8]>, at: usize, other: u8| key.map_or(other, |key| key.get(at).copied().unwrap_or(0));
    // The sum, from the last byte to the first; then half of it, from the first to the last.
    let mut carry = 0;
    let mut sum: Vec<u16> = (0..width)
        .rev()
        .map(|at| {
            let digits = u16::from(byte(low, at, 0)) + u16::from(byte(high, at, u8::MAX)) + carry;
            carry = digits >> 8;
            digits & 0xff
        })
        .collect();
    sum.push(carry);
    let mut rest = 0;
    let halved = sum.iter().rev().map(|digit| {
        let digits = rest << 8 | digit;
        rest = digits & 1;
        u8::try_from(digits >> 1).unwrap_or(u8::MAX)
    });
    let middle: Vec<u8> = halved.skip(1).collect();
    let is_between =
        low.is_none_or(|low| middle.as_slice() > low) && high.is_none_or(|high| middle.as_slice() < high);
    is_between.then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_middle_stands_between_two_keys() {
        let of = |low: &[u8], high: &[u8]| middle(Some(low), Some(high));
        assert_eq!(of(&[0, 0], &[0, 4]), Some(vec![0, 2]));
        assert_eq!(of(&[1, 0], &[2, 0]), Some(vec![1, 0x80]));
        assert_eq!(of(&[0xff, 0xfe], &[0xff, 0xff]), None);
        assert_eq!(of(&[1], &[1, 0, 4]), Some(vec![1, 0, 2]));
        assert_eq!(middle(None, Some(&[0x80])), Some(vec![0x40]));
        assert_eq!(middle(Some(&[0x80]), None), Some(vec![0xbf]));
        assert_eq!(middle(None, None).map(|middle| middle.len()), Some(ID_BYTES));
    }
}
