//! Reading what can still be read of a damaged file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::check::Wrong;
use super::codec;
use super::engine::Db;
use super::failure::guarded;
use super::memory::Memory;
use super::open::{FORMAT, FORMAT_ROW, STORE_ROW, on_backend};
use super::opened::open_for_writing;
use super::pages::{self, Found, Pages, Tree, Widths};
use super::past;
use super::probe::check_format;
use super::tables::{ID_BYTES, TableId};
use crate::entity::ManagedEntity;
use crate::error::{Error, Result};

/// Filling memory, one table behind the other, needs little besides.
const CACHE: usize = 64 << 20;

/// Rows by their keys.
pub type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// What can be read of a file: of each table the rows that are as they were written, and what is not.
#[derive(Default)]
pub struct Gathered {
    pub tables: BTreeMap<TableId, Rows>,
    pub lost: Vec<Wrong>,
}

/// What can be read of one of the two commits that a file has.
#[derive(Default)]
struct Commit {
    tables: BTreeMap<TableId, Reach>,
    /// How many pages of the list of tables are not as they were written.
    damaged: u64,
}

/// What can be read of a table.
#[derive(Default)]
struct Reach {
    rows: Rows,
    /// How many rows it had.
    counted: u64,
    damaged: u64,
}

/// Reads the rows of the tables that are wanted: as the last commit left them, and what is lost of it as the commit before
/// did. Where more is left of that one, it is the other way around.
pub fn gather(path: &Path, is_wanted: &dyn Fn(TableId) -> bool) -> Result<Gathered> {
    let pages = Pages::open(path)?;
    let [last, before] = pages.commits;
    let mut best = commit(&pages, last, is_wanted, pages.was_closed);
    let (mut other, mut lost) = (Commit::default(), Vec::new());
    if best.damage() > 0 {
        // Whoever wrote behind the last commit may have put other pages in the place of some of the one before it.
        other = commit(&pages, before, is_wanted, false);
        let is_cut_off = !pages.was_closed && other.damage() == 0;
        if !best.has_all() && (is_cut_off || other.has_more_than(&best)) {
            std::mem::swap(&mut best, &mut other);
            lost.push((None, "the last commit; what there is, is of the one before it".to_owned()));
        }
    }
    if best.damaged > 0 && other.damaged > 0 {
        for (table, reach) in anywhere(&pages, is_wanted) {
            if !best.tables.contains_key(&table) {
                other.tables.entry(table).or_insert(reach);
            }
        }
    }
    let meta = best.tables.get(&TableId::Meta).or_else(|| other.tables.get(&TableId::Meta));
    match meta.and_then(|meta| meta.rows.get(FORMAT_ROW)) {
        Some(format) => drop(check_format(path, format)?),
        None if best.damage() == 0 => {
            let found = "another program's redb file".to_owned();
            return Err(Error::NotAStore { path: path.to_owned(), found });
        }
        None => {}
    }
    if best.tables.is_empty() && other.tables.is_empty() {
        let what = "nothing can be read, neither of the last commit nor of any before";
        return Err(Error::corrupt(format!("{}: {what}", path.display())));
    }
    Ok(best.filled_up(other, lost))
}

/// What can be read of a commit; `in_part` also of pages that are not as they were written.
fn commit(pages: &Pages, tables: Option<Tree>, is_wanted: &dyn Fn(TableId) -> bool, in_part: bool) -> Commit {
    // Every commit has tables.
    let Some(tree) = tables else { return Commit { damaged: 1, ..Commit::default() } };
    let mut commit = Commit::default();
    let mut found = Vec::new();
    commit.damaged = pages.walk(tree, Widths::OF_TABLES, &mut |row| {
        if let Some((name, tree)) = pages::table(&row)
            && let Some(table) = TableId::named(name).filter(|table| is_wanted(*table))
        {
            found.push((table, tree));
        }
    });
    for (table, tree) in found {
        let reach = tree.map_or_else(Reach::default, |tree| reach(pages, table, tree, in_part));
        commit.tables.insert(table, reach);
    }
    commit
}

impl Commit {
    fn damage(&self) -> u64 {
        self.damaged + self.tables.values().map(|table| table.damaged).sum::<u64>()
    }

    /// Those that follow from others aside, which can be made anew.
    fn own(&self) -> impl Iterator<Item = &Reach> {
        self.tables.iter().filter(|(table, _)| !table.is_derived()).map(|(_, reach)| reach)
    }

    /// Whether more is left of it: more rows, and not because they were taken out later.
    fn has_more_than(&self, later: &Self) -> bool {
        let rows = |of: &Self| of.own().map(|table| table.rows.len()).sum::<usize>();
        let lost = |of: &Self| of.own().map(Reach::lost).fold(0, u64::saturating_add);
        rows(self) > rows(later) && (later.damaged > 0 || lost(self) < lost(later))
    }

    /// Whether nothing is lost that cannot be made anew.
    fn has_all(&self) -> bool {
        self.damaged == 0 && self.own().all(Reach::has_all)
    }

    /// Whether an instance is certainly not there.
    fn lacks(&self, entity: ManagedEntity, id: &[u8]) -> bool {
        match self.tables.get(&TableId::Fields(entity)) {
            Some(instances) => instances.has_all() && !instances.rows.contains_key(id),
            None => self.damaged == 0,
        }
    }

    /// All that is left of it, and of what is lost the rows that the other commit has.
    fn filled_up(self, mut other: Self, lost: Vec<Wrong>) -> Gathered {
        let mut gathered = Gathered { lost, ..Gathered::default() };
        // What was forgotten does not come back.
        for (table, reach) in &mut other.tables {
            let is_gone = |key: &[u8], row: &[u8]| {
                instance_of(*table, key, row).is_some_and(|(entity, id)| self.lacks(entity, id))
            };
            reach.rows.retain(|key, row| !is_gone(key, row));
        }
        if self.damaged > 0 {
            let what = format!("damaged pages of the list of tables: {}", self.damaged);
            gathered.lost.push((None, what));
        }
        for (table, reach) in self.tables {
            let has_all = reach.has_all();
            let Reach { mut rows, counted, damaged } = reach;
            let there = rows.len() as u64;
            let mut others = other.tables.remove(&table).unwrap_or_default().rows;
            if !has_all {
                others.append(&mut rows);
                rows = others;
                let more = rows.len() as u64 - there;
                let of_other =
                    if more > 0 { format!(", and {more} of another commit") } else { String::new() };
                let what =
                    format!("damaged pages: {damaged}; {there} rows of {counted} can be read{of_other}");
                gathered.lost.push((Some(table), what));
            }
            gathered.tables.insert(table, rows);
        }
        if self.damaged > 0 {
            for (table, Reach { rows, .. }) in other.tables {
                let what = format!(
                    "it is in no list of tables; there are {} rows of another commit, of what was taken out since too",
                    rows.len()
                );
                gathered.lost.push((Some(table), what));
                gathered.tables.insert(table, rows);
            }
        }
        gathered
    }
}

impl Reach {
    /// How many rows are not there any more.
    fn lost(&self) -> u64 {
        self.counted.saturating_sub(self.rows.len() as u64)
    }

    fn has_all(&self) -> bool {
        self.damaged == 0 && self.rows.len() as u64 == self.counted
    }
}

/// The instance that a row is of, in tables besides that of instances.
fn instance_of<'r>(table: TableId, key: &'r [u8], row: &'r [u8]) -> Option<(ManagedEntity, &'r [u8])> {
    Some(match table {
        TableId::Record(entity) => (entity, key),
        TableId::Parts(of) => (of.owner(), key.get(..ID_BYTES)?),
        TableId::Unique(entity, _) => (entity, row.get(..ID_BYTES)?),
        TableId::Listed(entity, _) => (entity, key.last_chunk::<ID_BYTES>()?),
        TableId::SettledUntil => (ManagedEntity::Contract, key),
        TableId::PastValues => past::instance_of(key)?,
        _ => return None,
    })
}

/// Of each table the rows that can be read wherever a list of tables stands, even one of a commit long past: those of the list
/// by which most can be.
fn anywhere(pages: &Pages, is_wanted: &dyn Fn(TableId) -> bool) -> BTreeMap<TableId, Reach> {
    let mut trees = BTreeSet::new();
    pages.tables_anywhere(&mut |row| {
        if let Some((name, Some(tree))) = pages::table(&row)
            && let Some(table) = TableId::named(name).filter(|table| is_wanted(*table))
        {
            trees.insert((table, tree));
        }
    });
    let mut found = BTreeMap::new();
    for (table, tree) in trees {
        let reach = reach(pages, table, tree, false);
        let most: &mut Reach = found.entry(table).or_default();
        if reach.rows.len() > most.rows.len() {
            *most = reach;
        }
    }
    found
}

fn reach(pages: &Pages, table: TableId, tree: Tree, in_part: bool) -> Reach {
    let mut reach = Reach { counted: tree.rows, ..Reach::default() };
    reach.damaged = pages.walk(tree, table.shape().into(), &mut |found| {
        if (found.whole || in_part) && is_sound(table, &found) {
            reach.rows.insert(found.key.to_vec(), found.value.to_vec());
        }
    });
    reach
}

/// Whether a row is as it was written, whatever the page around it is.
fn is_sound(table: TableId, found: &Found<'_>) -> bool {
    match table {
        // They have no checksum of their own.
        TableId::Meta => found.whole,
        TableId::Unique(..) => codec::open_holder(table, found.key, found.value).is_ok(),
        TableId::Listed(..) => codec::check_listed(table, found.key, found.value).is_ok(),
        _ => codec::is_whole(table, found.key, found.value),
    }
}

impl Gathered {
    /// Memory with these rows, as the bytes of a store.
    pub fn into_memory(mut self) -> Result<(Memory, Vec<Wrong>)> {
        let meta = self.tables.entry(TableId::Meta).or_default();
        meta.insert(FORMAT_ROW.to_vec(), FORMAT.to_be_bytes().to_vec());
        if meta.get(STORE_ROW).is_none_or(|id| id.len() != ID_BYTES) {
            meta.insert(STORE_ROW.to_vec(), Uuid::now_v7().into_bytes().to_vec());
            self.lost.push((Some(TableId::Meta), "the store's id; it has a new one".to_owned()));
        }
        let memory = Memory::default();
        let Db::Writable(db) = on_backend(Arc::new(memory.clone()), CACHE)? else {
            return Err(Error::ReadOnly);
        };
        let txn = guarded(|| db.begin_write())?;
        for (table, found) in &self.tables {
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
        Ok((memory, self.lost))
    }
}
