//! The names of one table in memory, and what they lead to, who holds them or a row: all of them, or those that are known
//! so far.
//!
//! The rule. Before a commit, every name that it changes is [marked](Names::mark); then come the commit, the view that
//! shows it, and the [settling](Names::settle) of the marks. So what is said of a name that is not marked is true in the
//! published view, and whoever meets a mark asks that view. A [fill](Names::fill) puts in what the table has, and never
//! over what a commit said, which is newer. Names that need more room [move](Names::moved) for the next view; those they
//! left stay as they are, and true for whoever still reads the view before.

use std::sync::Arc;

use uuid::Uuid;

use super::arena::Arena;
use super::budget::Budget;
use super::part::{self, Change, Entry, Part, scaled};
use super::room::lines_for;
use super::stamp::{Stamp, Stamper};
use super::touched::Target;
use crate::storage::lines::Line;
use crate::storage::locks::{AtomicU8, AtomicU64, OnceLock, Ordering};

/// How many parts the names have, each of which grows by itself: so many at least, and one for as many names as this,
/// which takes one large page, and no longer to grow than a commit may.
const FEWEST_PARTS: usize = 16;
const NAMES_OF_A_PART: usize = 20 << 10;
const MOST_PARTS: usize = 1 << 10;
/// Which part a name is in is told by the upper bits of the lower half of its place, none of which has another meaning.
const _: () = assert!(MOST_PARTS <= 1 << (u32::BITS - part::FREE));

/// What is known of the names of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// Nothing yet; they were asked for often.
    Wanted,
    /// Those that were put in so far.
    Filling,
    /// All: a name that is not there is nobody's.
    All,
    /// Those that there was room for.
    Some,
}

/// What is said of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Who holds it; of the id of an instance, where its row is.
    Holder(Uuid),
    Nobody,
    /// Ask the view.
    Unknown,
}

/// What came of putting a name in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    Done,
    /// The names have moved, and the next view has them.
    Moved,
    /// There is no room, or nobody needs it any more.
    Over,
}

/// The names of one table, as one or several views have them.
pub struct Names {
    fate: Arc<Fate>,
    /// Not there before anything is known.
    parts: OnceLock<Box<[Arc<Part>]>>,
}

/// What stays with the names of a table when they move.
struct Fate {
    known: AtomicU8,
    /// How often the view was asked because nothing is known here.
    asked: AtomicU64,
    budget: Arc<Budget>,
    /// The rows that names lead to; none where they lead to holders.
    rows: Arena,
}

impl Names {
    pub fn unknown(budget: &Arc<Budget>) -> Self {
        let known = AtomicU8::new(Known::Nothing as u8);
        let rows = Arena::new(budget);
        let fate = Fate { known, asked: AtomicU64::new(0), budget: Arc::clone(budget), rows };
        Self { fate: Arc::new(fate), parts: OnceLock::new() }
    }

    pub fn known(&self) -> Known {
        let known = self.fate.known.load(Ordering::Acquire);
        let all = [Known::Wanted, Known::Filling, Known::All, Known::Some];
        all.into_iter().find(|state| *state as u8 == known).unwrap_or(Known::Nothing)
    }

    /// Goes from one state to another, if it is in the one.
    pub fn turn(&self, from: Known, to: Known) -> bool {
        let known = &self.fate.known;
        known.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Gets ready to be filled with so many names, or as many as there is memory for. Between commits, which say from now
    /// on what they change.
    pub fn begin(&self, from: Known, names: usize) -> bool {
        let parts = (names / NAMES_OF_A_PART).clamp(FEWEST_PARTS, MOST_PARTS);
        // They are spread by chance: some parts get more than others, and a fill that finds one full leaves the rest out.
        // Four times the spread, instead of six, is too little for one fill of fifty where there are ten million names.
        let each = names / parts;
        let each = if names > 0 { each + 6 * each.isqrt() + 8 } else { 0 };
        let lines = lines_for(each, self.fate.budget.left() / parts / size_of::<Line>());
        let parts =
            (0..parts).map(|_| Part::new(lines, &self.fate.budget).map(Arc::new)).collect::<Option<_>>();
        parts.is_some_and(|parts| self.parts.set(parts).is_ok()) && self.turn(from, Known::Filling)
    }

    /// Counts a question that only the view could answer; how many there were.
    pub fn count_asked(&self) -> u64 {
        self.fate.asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether these are the same table's names, before or after a move.
    pub fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.fate, &other.fate)
    }

    /// What the name is in the published view. To be thrown away unless that view has stayed published.
    #[inline]
    pub fn look(&self, stamp: &Stamp) -> Seen {
        // Looked at first: a name may come in, and then all be known, between two looks.
        let known = self.fate.known.load(Ordering::Acquire);
        let Some(part) = self.part(stamp) else { return Seen::Unknown };
        match part.look(stamp) {
            Entry::Held(id) => Seen::Holder(id),
            Entry::Gone => Seen::Nobody,
            Entry::Absent if known == Known::All as u8 => Seen::Nobody,
            Entry::Absent | Entry::InFlux => Seen::Unknown,
        }
    }

    /// Marks a name that a commit is about to change; false where there is no room for the mark.
    pub fn mark(&self, stamp: &Stamp) -> bool {
        let Some(mut change) = self.change(stamp) else { return true };
        let before = change.look(stamp);
        if let Entry::Held(row) = before {
            self.fate.rows.leave(row);
        }
        // Where some are known, one that is not there is asked of the view, marked or not.
        let is_needed = self.known() != Known::Some || before != Entry::Absent;
        !is_needed || change.set(stamp, Entry::InFlux)
    }

    /// Says what a name is in the view that was just published.
    pub fn settle(&self, stamp: &Stamp, target: Option<&Target>) {
        let Some(mut change) = self.change(stamp) else { return };
        if change.look(stamp) == Entry::Absent {
            // There was no room for its mark.
            return;
        }
        let entry = match target {
            None => Entry::Gone,
            Some(Target::Holder(holder)) => Entry::Held(*holder),
            // Without memory for the row the name stays as it was marked, for the view to answer.
            Some(Target::Row(row)) => self.fate.rows.add(row).map_or(Entry::InFlux, Entry::Held),
        };
        change.set(stamp, entry);
    }

    /// What `read` makes of the row that a name leads to.
    #[inline]
    pub fn row<T>(&self, row: Uuid, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        self.fate.rows.read(row, read)
    }

    /// Whether most of the memory is rows that no name leads to any more.
    pub fn is_worn(&self) -> bool {
        self.fate.rows.is_worn()
    }

    /// The names with more room where that one belongs, and its mark; `None` where there is no memory for that, and from
    /// now on some are left out.
    pub fn moved(&self, stamp: &Stamp, stamper: &Stamper) -> Option<Self> {
        let grown = self.change(stamp).and_then(|mut change| {
            // A name that is gone could come back from an older view while the table is filled.
            let keeps_gone = self.known() == Known::Filling;
            let grown = change.grown(stamper, keeps_gone, &self.fate.budget)?;
            let is_marked = grown.change().set(stamp, Entry::InFlux);
            is_marked.then_some(grown)
        });
        let Some(grown) = grown else {
            self.fate.known.store(Known::Some as u8, Ordering::Release);
            return None;
        };
        let mut parts = self.parts.get()?.clone();
        *parts.get_mut(place(stamp, parts.len()))? = Arc::new(grown);
        Some(Self { fate: Arc::clone(&self.fate), parts: OnceLock::from(parts) })
    }

    /// Puts in what a view has of a name, unless a commit has said something of it since.
    pub fn fill(&self, stamp: &Stamp, target: &Target) -> Filled {
        let Some(mut change) = self.change(stamp) else { return Filled::Over };
        if self.known() != Known::Filling {
            return Filled::Over;
        }
        if change.is_retired() {
            return Filled::Moved;
        }
        if change.look(stamp) != Entry::Absent {
            return Filled::Done;
        }
        let held = match target {
            Target::Holder(holder) => Some(*holder),
            Target::Row(row) => self.fate.rows.add(row),
        };
        if held.is_some_and(|held| change.set(stamp, Entry::Held(held))) {
            return Filled::Done;
        }
        self.fate.known.store(Known::Some as u8, Ordering::Release);
        Filled::Over
    }

    /// How many names it has a holder of.
    pub fn held(&self) -> u64 {
        self.parts.get().map_or(0, |parts| parts.iter().map(|part| part.held() as u64).sum())
    }

    #[inline]
    fn part(&self, stamp: &Stamp) -> Option<&Part> {
        let parts = self.parts.get()?;
        parts.get(place(stamp, parts.len())).map(|part| &**part)
    }

    fn change(&self, stamp: &Stamp) -> Option<Change<'_>> {
        self.part(stamp).map(Part::change)
    }
}

/// Which part a name belongs to: by other bits of its place than those that say where it is in the part.
#[inline]
fn place(stamp: &Stamp, parts: usize) -> usize {
    scaled(stamp.place.rotate_left(32), parts)
}
