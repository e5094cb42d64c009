//! Names in memory, and what they lead to without a look into the file: who holds a value of an enforced key, or an ingest
//! alias; and, by the id of an instance, the row of its values.
//!
//! What is said here is true in the published view and in no other; [`names`] has the rule that makes it so. The names of
//! a table are put in once there were enough questions for them, and stay as long as there is memory for them.

mod arena;
mod budget;
mod directory;
pub(super) mod fill;
mod names;
mod part;
mod room;
mod stamp;
mod touched;

use std::sync::Arc;

use super::catalog::Catalog;
use super::locks::{AtomicU64, Mutex, MutexGuard, Ordering};
use super::tables::TableId;
use budget::Budget;
pub(super) use directory::Directory;
pub use names::Seen;
pub(super) use names::{Known, Names};
use stamp::Stamp;
pub use stamp::Stamper;
pub use touched::{Target, Touched};

/// The names in memory of a store.
pub struct Resident {
    stamper: Stamper,
    budget: Arc<Budget>,
    /// The number of the published view; behind that of the last one once there is none any more.
    published: AtomicU64,
    /// Held from the first mark of a commit to the last settling, and where a fill begins.
    committing: Mutex<()>,
}

impl Resident {
    /// With as much memory as that; with none, nothing is kept.
    pub fn new(stamper: Stamper, most_bytes: usize) -> Self {
        Self {
            stamper,
            budget: Arc::new(Budget::new(most_bytes)),
            published: AtomicU64::new(0),
            committing: Mutex::new(()),
        }
    }

    /// The number for a view that is about to be published: from now on nothing is said of those before.
    pub(super) fn next_view(&self) -> u64 {
        self.published.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Has nothing said of any view any more. Where none can follow.
    pub(super) fn end(&self) {
        self.next_view();
    }

    /// Whether the view of that number is the one that is published.
    #[inline]
    pub(super) fn is_published(&self, view: u64) -> bool {
        self.published.load(Ordering::Acquire) == view
    }

    /// What a name is in the view of that number.
    #[inline]
    pub(super) fn look(&self, names: &Names, name: &[u8], view: u64) -> Seen {
        if !self.is_published(view) {
            return Seen::Unknown;
        }
        let seen = names.look(&self.stamp(name));
        if self.is_published(view) { seen } else { Seen::Unknown }
    }

    #[inline]
    fn stamp(&self, name: &[u8]) -> Stamp {
        self.stamper.stamp(name)
    }

    /// Has commits from now on say what they change of names that are about to be put in.
    fn begin_fill(&self, names: &Names, rows: usize) -> bool {
        let _between_commits = self.committing.lock();
        names.begin(Known::Wanted, rows)
    }

    /// Marks what a commit is about to change of the names in memory.
    pub(super) fn mark<'r>(&'r self, changed: &Changed<'r>) -> Marked<'r> {
        let committing = self.committing.lock();
        let (mut directory, new) = changed.before.next(self, changed);
        let mut marks = Vec::new();
        for ((table, name), target) in changed.touched.names() {
            let stamp = self.stamp(name);
            if self.mark_one(&mut directory, table, &stamp) {
                marks.push((table, stamp, target));
            }
        }
        Marked { directory, new, marks, _committing: committing }
    }

    /// Marks a name; false where nothing is known of the table's.
    fn mark_one(&self, directory: &mut Arc<Directory>, table: TableId, stamp: &Stamp) -> bool {
        let Some(names) = directory.of(table) else { return false };
        if names.known() < Known::Filling {
            return false;
        }
        if !names.mark(stamp)
            && let Some(moved) = names.moved(stamp, &self.stamper)
        {
            Arc::make_mut(directory).put(table, moved);
        }
        true
    }

    /// Figures of the names of a directory.
    pub fn size(&self, directory: &Directory) -> Size {
        let tables = directory.tables().filter(|(table, _)| !table.is_of_values()).map(|(_, names)| names);
        let rows = directory.tables().filter(|(table, _)| table.is_of_values());
        // Counted first: of those that are whole then, the names are all counted.
        let whole_tables = tables.clone().filter(|names| names.known() == Known::All).count() as u64;
        Size {
            names: tables.clone().map(Names::held).sum(),
            instances: rows.map(|(_, names)| names.held()).sum(),
            bytes: (self.budget.most() - self.budget.left()) as u64,
            most_bytes: self.budget.most() as u64,
            tables: tables.count() as u64,
            whole_tables,
        }
    }
}

/// Figures of names in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub names: u64,
    /// Of how many instances the values are there.
    pub instances: u64,
    pub bytes: u64,
    pub most_bytes: u64,
    /// How many tables of names there are, and how many of them are here whole.
    pub tables: u64,
    pub whole_tables: u64,
}

/// What a commit is about to change.
pub(super) struct Changed<'c> {
    pub(super) before: &'c Arc<Directory>,
    pub(super) touched: &'c Touched,
    /// The tables there will be; `None` where they are those there were.
    pub(super) catalog: Option<&'c Catalog>,
}

/// The names that a commit changes, between their marks and their settling. Never settled where the commit failed: the
/// store is closed then.
pub(super) struct Marked<'r> {
    directory: Arc<Directory>,
    /// The tables that come with the commit.
    new: Vec<TableId>,
    marks: Vec<(TableId, Stamp, Option<&'r Target>)>,
    _committing: MutexGuard<'r, ()>,
}

impl Marked<'_> {
    /// The directory for the view that shows the commit.
    pub(super) fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    /// Says what the names are in the view that was just published.
    pub(super) fn settle(self) {
        for (table, stamp, target) in &self.marks {
            if let Some(names) = self.directory.of(*table) {
                names.settle(stamp, *target);
            }
        }
        for table in self.new {
            self.directory.of(table).map(|names| names.turn(Known::Filling, Known::All));
        }
    }
}
