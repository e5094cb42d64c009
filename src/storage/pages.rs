//! The pages of redb's file format, version 3, as its design document describes them. redb itself reads no file that it would
//! first have to repair and cannot; what is left in one is read here, and nowhere else.
//!
//! Every link to a page has the checksum of what is on it, so that a page is known to be the one that was written, wherever
//! the link itself stands.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::open::open_error;
use super::probe::{MAGIC, check_magic};
use super::tables::Shape;
use crate::error::{Error, Result};

/// In the byte behind the magic number: which of the two commits is in force, and that the file was not closed.
const SECOND_IN_FORCE: u8 = 1;
const NOT_CLOSED: u8 = 2;
/// The bytes of the smallest page, and how many of these a region has. redb has no others; the header, which says so, has no
/// checksum.
const PAGE_BYTES: u64 = 4096;
const REGION_PAGES: u64 = 1 << 20;
/// No page of a store is larger: it has one row then, of a record and what it was before, at most.
const MOST_BYTES: u64 = 64 << 20;
/// Where the two commits stand, one behind the other.
const COMMITS: usize = 64;
const COMMIT_BYTES: usize = 128;
/// In a commit: whether there is a tree of tables, the link to it, and the commit's number.
const HAS_TABLES: usize = 1;
const TABLES: usize = 8;
const NUMBER: usize = 104;
/// In what is said of a table: how many rows it has, and the link to them if it has any.
const ROWS: usize = 1;
const HAS_ROWS: usize = 9;
const ROOT: usize = 10;
/// The first byte of a page.
const LEAF: u8 = 1;
const BRANCH: u8 = 2;
/// Behind that and a byte of nothing: how many rows or keys it has. Then what it is made of begins.
const COUNT: usize = 2;
const LEAF_START: usize = 4;
const BRANCH_START: usize = 8;
const NUMBER_BYTES: usize = size_of::<u64>();
const CHECKSUM_BYTES: usize = size_of::<u128>();
const END_BYTES: usize = size_of::<u32>();

/// Where a page is, and the checksum of what is on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    number: u64,
    checksum: u128,
    /// Whether the link itself stands where all is as it was written.
    sure: bool,
}

/// The rows of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tree {
    root: Link,
    /// How many rows there are.
    pub(super) rows: u64,
}

/// How wide keys and values are; `None` where each says so itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    key: Option<usize>,
    value: Option<usize>,
}

/// A row as it is found, and whether the page around it is as it was written.
pub(super) struct Found<'p> {
    pub(super) key: &'p [u8],
    pub(super) value: &'p [u8],
    pub(super) whole: bool,
}

/// A file, page by page.
pub(super) struct Pages {
    file: File,
    len: u64,
    /// The trees of tables of the last commit and of the one before it, where there are any.
    pub(super) commits: [Option<Tree>; 2],
    /// Whether all of the last commit was on disk. Else it can have been cut off: its header is written before its pages
    /// are, in the place of which there can be any others.
    pub(super) was_closed: bool,
}

impl Pages {
    /// Opens a file that nobody else has open, to be read only.
    pub(super) fn open(path: &Path) -> Result<Self> {
        check_magic(path)?;
        let failed = |cause: io::Error| open_error(path, &cause);
        let mut file = File::open(path).map_err(failed)?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::AlreadyOpen { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let len = file.metadata().map_err(failed)?.len();
        let mut header = vec![0; COMMITS + 2 * COMMIT_BYTES];
        let there = header.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        if let Some(there) = header.get_mut(..there) {
            file.read_exact(there).map_err(failed)?;
        }
        let mut slots = [0, 1].map(|slot| Slot::of(&header, slot).unwrap_or_default());
        let flags = header.get(MAGIC.len()).copied().unwrap_or_default();
        if flags & SECOND_IN_FORCE != 0 {
            slots.reverse();
        }
        // That bit can be one commit behind, and can flip.
        let [in_force, other] = &slots;
        if in_force.is_behind(other) {
            slots.reverse();
        }
        Ok(Self { file, len, commits: slots.map(|slot| slot.tables), was_closed: flags & NOT_CLOSED == 0 })
    }

    /// Calls `visit` with each row that can be found; how many pages are not as they were written.
    pub(super) fn walk(&self, tree: Tree, widths: Widths, visit: &mut dyn FnMut(Found<'_>)) -> u64 {
        // In a file that somebody made up, or where a page of links is damaged, many links can lead to one page: it is looked
        // at once for those that are sure, and once for others.
        let (mut damaged, mut seen) = (0, HashMap::new());
        let mut open = vec![tree.root];
        while let Some(link) = open.pop() {
            let place = Place::of(link.number);
            if seen.get(&place).is_some_and(|surely| *surely || !link.sure) {
                continue;
            }
            let bytes = self.page(place);
            let page = bytes.as_deref().and_then(|bytes| Page::of(bytes, widths));
            let whole = page.as_ref().is_some_and(|page| page.checksum() == Some(link.checksum));
            damaged += u64::from(!whole);
            seen.insert(place, whole || link.sure);
            // Where neither the link nor what it leads to is certain, it can lead anywhere.
            let Some(page) = page.filter(|_| whole || link.sure) else { continue };
            if page.is_leaf {
                for (key, value) in (0..page.count).filter_map(|number| page.row(number)) {
                    visit(Found { key, value, whole });
                }
            } else {
                open.extend((0..=page.count).filter_map(|number| page.child(number, whole)));
            }
        }
        damaged
    }

    /// Calls `visit` with each row of any page that looks as if it were of a tree of tables, of whatever commit.
    pub(super) fn tables_anywhere(&self, visit: &mut dyn FnMut(Found<'_>)) {
        for number in 1..self.len.div_ceil(PAGE_BYTES) {
            let place = Place { start: number * PAGE_BYTES, bytes: PAGE_BYTES };
            let Some(bytes) = self.page(place) else { continue };
            let Some(page) = Page::of(&bytes, Widths::OF_TABLES).filter(|page| page.is_leaf) else {
                continue;
            };
            for (key, value) in (0..page.count).filter_map(|number| page.row(number)) {
                visit(Found { key, value, whole: false });
            }
        }
    }

    /// The bytes of a page, as far as they are there. A sector that the disk cannot read any more is lost like any other.
    fn page(&self, place: Place) -> Option<Vec<u8>> {
        if place.start >= self.len || place.bytes > MOST_BYTES {
            return None;
        }
        let (mut file, mut page) = (&self.file, Vec::new());
        file.seek(SeekFrom::Start(place.start)).ok()?;
        file.take(place.bytes).read_to_end(&mut page).ok()?;
        Some(page)
    }
}

/// Where a page is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    start: u64,
    bytes: u64,
}

impl Place {
    /// A page's number is made of its size, as a power of 2 of the smallest one, its region, and its place among those of
    /// its size.
    fn of(number: u64) -> Self {
        const PART: u64 = REGION_PAGES - 1;
        let order = number >> 59;
        let (region, index) = (number >> 20 & PART, number & PART >> order);
        // The file's header takes a page too.
        let before = 1 + region * REGION_PAGES + (index << order);
        Self { start: before * PAGE_BYTES, bytes: PAGE_BYTES << order }
    }
}

/// What the header says of a commit.
#[derive(Default)]
struct Slot {
    tables: Option<Tree>,
    number: u64,
    /// Whether it is as it was written.
    sure: bool,
}

impl Slot {
    fn of(header: &[u8], slot: usize) -> Option<Self> {
        let slot = header.get(COMMITS + slot * COMMIT_BYTES..)?.get(..COMMIT_BYTES)?;
        let (said, checksum) = slot.split_last_chunk::<CHECKSUM_BYTES>()?;
        let sure = xxh3_128(said) == u128::from_le_bytes(*checksum);
        let tables = Tree {
            root: link(slot, TABLES, sure)?,
            rows: long(slot, TABLES + NUMBER_BYTES + CHECKSUM_BYTES)?,
        };
        let has_tables = *slot.get(HAS_TABLES)? != 0;
        Some(Self { tables: has_tables.then_some(tables), number: long(slot, NUMBER)?, sure })
    }

    /// Whether the other one is newer, as far as that is certain.
    fn is_behind(&self, other: &Self) -> bool {
        self.sure && other.sure && self.number < other.number
    }
}

/// The table that a row of the tree of tables is of: its name, and its rows.
pub(super) fn table<'p>(found: &Found<'p>) -> Option<(&'p str, Option<Tree>)> {
    let name = str::from_utf8(found.key).ok()?;
    let rows = long(found.value, ROWS)?;
    let has_rows = *found.value.get(HAS_ROWS)? != 0;
    let root = if has_rows { Some(link(found.value, ROOT, found.whole)?) } else { None };
    Some((name, root.map(|root| Tree { root, rows })))
}

impl Widths {
    /// Of the tree of tables.
    pub(super) const OF_TABLES: Self = Self { key: None, value: None };
}

impl From<Shape> for Widths {
    fn from(shape: Shape) -> Self {
        let (key, value) = shape.widths();
        Self { key, value }
    }
}

/// A page of a tree.
struct Page<'p> {
    bytes: &'p [u8],
    widths: Widths,
    is_leaf: bool,
    /// How many rows it has, or how many keys between its children.
    count: usize,
}

impl<'p> Page<'p> {
    fn of(bytes: &'p [u8], widths: Widths) -> Option<Self> {
        let is_leaf = match *bytes.first()? {
            LEAF => true,
            BRANCH => false,
            _ => return None,
        };
        let count = bytes.get(COUNT..)?.first_chunk().copied().map(u16::from_le_bytes)?;
        Some(Self { bytes, widths, is_leaf, count: count.into() })
    }

    /// Of all that is on it.
    fn checksum(&self) -> Option<u128> {
        let last = self.count.checked_sub(1)?;
        let end = if self.is_leaf { self.value_end(last) } else { self.key_end(last) };
        self.bytes.get(..end?).map(xxh3_128)
    }

    fn row(&self, number: usize) -> Option<(&'p [u8], &'p [u8])> {
        let (key_start, value_start) = match number.checked_sub(1) {
            Some(before) => (self.key_end(before)?, self.value_end(before)?),
            None => (self.keys_start(), self.key_end(self.count.checked_sub(1)?)?),
        };
        let key = self.bytes.get(key_start..self.key_end(number)?)?;
        Some((key, self.bytes.get(value_start..self.value_end(number)?)?))
    }

    fn child(&self, number: usize, sure: bool) -> Option<Link> {
        let children = self.count + 1;
        let checksum = self.bytes.get(BRANCH_START + number * CHECKSUM_BYTES..)?.first_chunk()?;
        let number = long(self.bytes, BRANCH_START + children * CHECKSUM_BYTES + number * NUMBER_BYTES)?;
        Some(Link { number, checksum: u128::from_le_bytes(*checksum), sure })
    }

    /// Where the ends of keys stand, if they are of any length.
    fn ends_start(&self) -> usize {
        if self.is_leaf {
            LEAF_START
        } else {
            BRANCH_START + (self.count + 1) * (CHECKSUM_BYTES + NUMBER_BYTES)
        }
    }

    /// Where the ends of values stand, if they are of any length.
    fn value_ends_start(&self) -> usize {
        self.ends_start() + if self.widths.key.is_none() { self.count * END_BYTES } else { 0 }
    }

    fn keys_start(&self) -> usize {
        let has_value_ends = self.is_leaf && self.widths.value.is_none();
        self.value_ends_start() + if has_value_ends { self.count * END_BYTES } else { 0 }
    }

    fn key_end(&self, number: usize) -> Option<usize> {
        match self.widths.key {
            Some(width) => Some(self.keys_start() + (number + 1) * width),
            None => end(self.bytes, self.ends_start() + number * END_BYTES),
        }
    }

    fn value_end(&self, number: usize) -> Option<usize> {
        match self.widths.value {
            Some(width) => Some(self.key_end(self.count.checked_sub(1)?)? + (number + 1) * width),
            None => end(self.bytes, self.value_ends_start() + number * END_BYTES),
        }
    }
}

fn link(bytes: &[u8], at: usize, sure: bool) -> Option<Link> {
    let checksum = bytes.get(at + NUMBER_BYTES..)?.first_chunk()?;
    Some(Link { number: long(bytes, at)?, checksum: u128::from_le_bytes(*checksum), sure })
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

fn int(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes).map(u64::from)
}

fn end(bytes: &[u8], at: usize) -> Option<usize> {
    int(bytes, at).and_then(|end| usize::try_from(end).ok())
}
