//! A part of the names in memory: an open-addressing table of one size, that one thread changes while others read.
//!
//! Whoever reads looks before and after whether the table was being changed, and then does not know: readers wait for
//! nobody, and nobody waits for them.

use std::sync::Arc;

use uuid::Uuid;

use super::budget::{Budget, Taken};
use super::room::{self, GROUP, GROUPS_OF_A_FILTER, lines_for};
use super::stamp::{self, Stamp, Stamper};
use crate::storage::lines::{Line, Lines};
use crate::storage::locks::{AtomicU64, Mutex, MutexGuard, Ordering, fence};

/// What a part says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Held(Uuid),
    /// It was somebody's, and is nobody's.
    Gone,
    /// It is being changed, or the part is.
    InFlux,
    /// Nothing is known of it here.
    Absent,
}

/// The bits of a slot's first word that say which entry it is; the others are the name's length.
const STATE: u64 = 0b11;
const HELD: u64 = 0b01;
const GONE: u64 = 0b10;
const IN_FLUX: u64 = 0b11;

/// A line with a name and its entry.
#[derive(Clone, Copy)]
struct Slot<'p> {
    head: &'p AtomicU64,
    id: [&'p AtomicU64; 2],
    name: &'p [AtomicU64; stamp::WORDS],
}

impl<'p> Slot<'p> {
    #[inline]
    const fn new([head, high, low, name @ ..]: &'p Line) -> Self {
        Self { head, id: [high, low], name }
    }

    #[inline]
    fn is_of(self, stamp: &Stamp) -> bool {
        self.len() == stamp.len
            && self.name.iter().zip(stamp.kept).all(|(word, kept)| word.load(Ordering::Relaxed) == kept)
    }

    /// Says something of the name that it has, or is about to have.
    fn set(self, stamp: &Stamp, entry: Entry) {
        let (state, (high, low)) = match entry {
            Entry::Held(id) => (HELD, id.as_u64_pair()),
            Entry::Gone => (GONE, (0, 0)),
            Entry::InFlux | Entry::Absent => (IN_FLUX, (0, 0)),
        };
        let words = [stamp.len << 2 | state, high, low];
        let places = std::iter::once(self.head).chain(self.id);
        places.zip(words).for_each(|(place, word)| place.store(word, Ordering::Relaxed));
    }

    fn keep(self, stamp: &Stamp) {
        self.name.iter().zip(stamp.kept).for_each(|(place, word)| place.store(word, Ordering::Relaxed));
    }

    fn entry(self) -> Entry {
        let [high, low] = self.id;
        match self.head.load(Ordering::Relaxed) & STATE {
            HELD => {
                Entry::Held(Uuid::from_u64_pair(high.load(Ordering::Relaxed), low.load(Ordering::Relaxed)))
            }
            GONE => Entry::Gone,
            _ => Entry::InFlux,
        }
    }

    fn len(self) -> u64 {
        self.head.load(Ordering::Relaxed) >> 2
    }

    /// The stamp of the name that it has.
    fn stamp(self, stamper: &Stamper) -> Stamp {
        stamper.stamp_of(self.len(), self.name.each_ref().map(|word| word.load(Ordering::Relaxed)))
    }
}

/// A byte of a slot that has a name; the others are 0.
const USED: u64 = 0x80;
const EACH: u64 = 0x0101_0101_0101_0101;
/// Nobody looks further than this many groups: however names crowd, looking for one takes no longer.
const FURTHEST: usize = 64;

/// A part of the names. Aligned to a line of the processor's cache, so that changing one disturbs no reader of another.
#[repr(align(64))]
pub struct Part {
    /// Odd while it is being changed.
    changes: AtomicU64,
    /// The filter, the tags of the groups, and the slots.
    lines: Lines,
    groups: usize,
    /// The lines that tags and slots begin with.
    first_of_tags: usize,
    first_of_slots: usize,
    state: Mutex<State>,
    _taken: Taken,
}

#[derive(Default)]
struct State {
    /// How many slots have a name.
    used: usize,
    /// Whether the names were moved to a larger part: what is said here is true in older views alone.
    retired: bool,
}

/// Where a name is: its slot, or the first free one on the way, which is in a group and has a number there.
enum Found<'p> {
    Slot(Slot<'p>),
    Free(usize, usize),
    /// Neither, as far as anybody looks.
    Nothing,
}

impl Part {
    /// A part of so many lines; `None` where there is no memory for them.
    pub fn new(lines: usize, budget: &Arc<Budget>) -> Option<Self> {
        let taken = Budget::take(budget, lines.saturating_mul(size_of::<Line>()))?;
        let groups = room::groups_in(lines);
        let first_of_tags = room::lines_of_filter(groups);
        Some(Self {
            changes: AtomicU64::new(0),
            lines: Lines::new(lines)?,
            groups,
            first_of_tags,
            first_of_slots: first_of_tags + room::lines_of_tags(groups),
            state: Mutex::new(State::default()),
            _taken: taken,
        })
    }

    /// What it says of a name; [`InFlux`](Entry::InFlux) where that cannot be told just now.
    #[inline]
    pub fn look(&self, stamp: &Stamp) -> Entry {
        let before = self.changes.load(Ordering::Acquire);
        if before % 2 == 1 {
            return Entry::InFlux;
        }
        let entry = self.entry(stamp);
        fence(Ordering::Acquire);
        if self.changes.load(Ordering::Relaxed) == before { entry } else { Entry::InFlux }
    }

    /// To be changed by nobody else meanwhile.
    pub fn change(&self) -> Change<'_> {
        Change { state: self.state.lock(), part: self }
    }

    /// How many names it has a holder of.
    pub fn held(&self) -> usize {
        let _still = self.state.lock();
        self.used().filter(|slot| matches!(slot.entry(), Entry::Held(_))).count()
    }

    /// How many names it has room for.
    fn room(&self) -> usize {
        room::names_in(self.groups)
    }

    /// The word of the filter for a name.
    #[inline]
    fn filter(&self, stamp: &Stamp) -> Option<&AtomicU64> {
        self.word(0, scaled(stamp.place, self.groups) / GROUPS_OF_A_FILTER)
    }

    /// The tags of a group: each in the byte of its slot.
    #[inline]
    fn tags(&self, group: usize) -> Option<&AtomicU64> {
        self.word(self.first_of_tags, group)
    }

    /// A word of those that begin with a line.
    #[inline]
    fn word(&self, first: usize, number: usize) -> Option<&AtomicU64> {
        self.lines.get().get(first + number / room::WORDS)?.get(number % room::WORDS)
    }

    #[inline]
    fn slot(&self, group: usize, number: usize) -> Option<Slot<'_>> {
        self.lines.get().get(self.line(group, number)).map(Slot::new)
    }

    /// The line of a slot.
    #[inline]
    const fn line(&self, group: usize, number: usize) -> usize {
        self.first_of_slots + group * GROUP + number
    }

    #[inline]
    fn entry(&self, stamp: &Stamp) -> Entry {
        let bits = bits(stamp);
        if self.filter(stamp).is_none_or(|filter| filter.load(Ordering::Relaxed) & bits != bits) {
            return Entry::Absent;
        }
        match self.find(stamp) {
            Found::Slot(slot) => slot.entry(),
            Found::Free(..) | Found::Nothing => Entry::Absent,
        }
    }

    #[inline]
    fn find(&self, stamp: &Stamp) -> Found<'_> {
        let tag = tag(stamp);
        let mut group = scaled(stamp.place, self.groups);
        let home = home(stamp);
        prefetch_index::prefetch_index(self.lines.get(), self.line(group, home));
        for _ in 0..FURTHEST {
            let Some(tags) = self.tags(group) else { break };
            let tags = tags.load(Ordering::Relaxed);
            // A byte is zero where the tags are the same; one behind such a byte may look as if it were.
            let differs = tags ^ (tag * EACH);
            let mut same = differs.wrapping_sub(EACH) & !differs & (USED * EACH);
            while same != 0 {
                if let Some(slot) = self.slot(group, byte(same)).filter(|slot| slot.is_of(stamp)) {
                    return Found::Slot(slot);
                }
                same &= same - 1;
            }
            let free = !tags & (USED * EACH);
            if free != 0 {
                let at_home = free >> (home * 8) & USED != 0;
                return Found::Free(group, if at_home { home } else { byte(free) });
            }
            group = if group + 1 == self.groups { 0 } else { group + 1 };
        }
        Found::Nothing
    }

    /// The slots that have a name.
    fn used(&self) -> impl Iterator<Item = Slot<'_>> {
        (0..self.groups).flat_map(move |group| {
            let tags = self.tags(group).map_or(0, |tags| tags.load(Ordering::Relaxed)).to_le_bytes();
            let used = tags.into_iter().enumerate().filter(|(_, tag)| *tag != 0);
            used.filter_map(move |(number, _)| self.slot(group, number))
        })
    }
}

/// Where the bits of a name's place begin that say which slot of its group is its home, and which bits of the filter it
/// has. The tag has those before. All are bits that say least of where the group is: names of one group would have the
/// same else.
const HOME: u32 = USED.trailing_zeros();
const FILTER: u32 = HOME + GROUP.trailing_zeros();
/// The bits of a place that say which bit of a word is meant.
const OF_A_WORD: u32 = u64::BITS.trailing_zeros();
/// The first bit of a place that is free to say which part a name is in.
pub const FREE: u32 = FILTER + 2 * OF_A_WORD;

/// The byte that stands for a name in its group.
fn tag(stamp: &Stamp) -> u64 {
    stamp.place & (USED - 1) | USED
}

/// The bits that a name has in its word of the filter.
const fn bits(stamp: &Stamp) -> u64 {
    let [one, other] = [stamp.place >> FILTER, stamp.place >> (FILTER + OF_A_WORD)];
    1 << (one % u64::BITS as u64) | 1 << (other % u64::BITS as u64)
}

/// The slot of its group that a name has where nobody else does, so that it can be fetched before its tag is known.
fn home(stamp: &Stamp) -> usize {
    usize::try_from((stamp.place >> HOME) % GROUP as u64).unwrap_or(0)
}

/// The number of the first byte that has a bit.
fn byte(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() / 8).unwrap_or(0)
}

/// A number below `below` that follows evenly from the upper bits of `number`.
pub fn scaled(number: u64, below: usize) -> usize {
    let scaled = (u128::from(number) * below as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}

/// A part that is being changed.
pub struct Change<'p> {
    part: &'p Part,
    state: MutexGuard<'p, State>,
}

impl Change<'_> {
    pub fn look(&self, stamp: &Stamp) -> Entry {
        self.part.entry(stamp)
    }

    pub fn is_retired(&self) -> bool {
        self.state.retired
    }

    /// Says something of a name; false where it is not among those there are and there is no room.
    pub fn set(&mut self, stamp: &Stamp, entry: Entry) -> bool {
        match self.part.find(stamp) {
            Found::Slot(slot) => self.openly(|| slot.set(stamp, entry)),
            Found::Free(group, number) if self.state.used < self.part.room() => {
                let (part, filter) = (self.part, self.part.filter(stamp));
                let (Some(filter), Some(tags), Some(slot)) =
                    (filter, part.tags(group), part.slot(group, number))
                else {
                    return false;
                };
                self.openly(|| {
                    slot.keep(stamp);
                    slot.set(stamp, entry);
                    tags.fetch_or(tag(stamp) << (number * 8), Ordering::Relaxed);
                    filter.fetch_or(bits(stamp), Ordering::Relaxed);
                });
                self.state.used += 1;
            }
            Found::Free(..) | Found::Nothing => return false,
        }
        true
    }

    /// A larger part with the same names, but for those that are gone unless these are to be kept; `None` where there is
    /// no memory for it. This one is retired then.
    pub fn grown(&mut self, stamper: &Stamper, keeps_gone: bool, budget: &Arc<Budget>) -> Option<Part> {
        let stays = |slot: &Slot<'_>| keeps_gone || slot.entry() != Entry::Gone;
        let names = self.part.used().filter(stays).count();
        let lines = lines_for(names + names / 2 + GROUP, budget.left() / size_of::<Line>());
        let grown = Part::new(lines, budget)?;
        {
            let mut change = grown.change();
            let mut moved = self.part.used().filter(stays);
            if !moved.all(|slot| change.set(&slot.stamp(stamper), slot.entry())) {
                return None;
            }
        }
        self.state.retired = true;
        Some(grown)
    }

    /// Makes a change of which readers know that it is under way.
    fn openly(&self, change: impl FnOnce()) {
        let changes = &self.part.changes;
        let before = changes.load(Ordering::Relaxed);
        changes.store(before.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        change();
        changes.store(before.wrapping_add(2), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::room::lines_of;
    use super::*;
    use proptest::prelude::*;

    /// Names of few places, so that they crowd, and ways wrap around.
    fn stamp(name: &[u8; 8]) -> Stamp {
        let n = u64::from_be_bytes(*name);
        at(((n % 3) << 62) | ((n % 7) << 13) | ((n % 5) << 7) | (n % 2), name)
    }

    fn at(place: u64, name: &[u8; 8]) -> Stamp {
        let mut stamp = Stamper::new().stamp(name);
        stamp.place = place;
        stamp
    }

    fn name(n: u64) -> [u8; 8] {
        n.to_be_bytes()
    }

    fn budget() -> Arc<Budget> {
        Arc::new(Budget::new(1 << 20))
    }

    proptest! {
        #[test]
        fn a_part_says_of_every_name_what_was_said_last(steps in proptest::collection::vec((0..60_u64, 0..4_u8), 1..200)) {
            let part = Part::new(lines_of(10), &budget()).unwrap();
            let mut expected = HashMap::new();
            for (n, what) in steps {
                let entry = match what {
                    0 => Entry::Gone,
                    1 => Entry::InFlux,
                    _ => Entry::Held(Uuid::from_u128(u128::from(n) << 64 | u128::from(what))),
                };
                prop_assert!(part.change().set(&stamp(&name(n)), entry));
                expected.insert(n, entry);
                for n in 0..60 {
                    let entry = expected.get(&n).copied().unwrap_or(Entry::Absent);
                    prop_assert_eq!(part.look(&stamp(&name(n))), entry);
                    prop_assert_eq!(part.change().look(&stamp(&name(n))), entry);
                }
            }
            let held = expected.values().filter(|entry| matches!(entry, Entry::Held(_))).count();
            prop_assert_eq!(part.held(), held);
        }
    }

    #[test]
    fn a_part_grows_with_what_it_holds_and_not_with_what_is_gone() {
        let (stamper, budget) = (Stamper::new(), budget());
        let mut part = Part::new(0, &budget).unwrap();
        for n in 0..5_000 {
            let entry = if n % 10 == 0 { Entry::Held(Uuid::from_u64_pair(n, n)) } else { Entry::Gone };
            if !part.change().set(&stamper.stamp(&name(n)), entry) {
                let grown = part.change().grown(&stamper, false, &budget).unwrap();
                assert!(part.change().is_retired() && grown.change().set(&stamper.stamp(&name(n)), entry));
                part = grown;
            }
        }
        assert_eq!(part.held(), 500);
        assert!(part.room() < 1_200, "room for {}", part.room());
        for n in (0..5_000).step_by(10) {
            assert_eq!(part.look(&stamper.stamp(&name(n))), Entry::Held(Uuid::from_u64_pair(n, n)));
        }
        drop(part);
        assert_eq!(budget.left(), 1 << 20);
    }

    #[test]
    fn without_room_or_memory_nothing_is_taken_in() {
        let budget = Arc::new(Budget::new(lines_of(1) * size_of::<Line>()));
        assert!(Part::new(lines_of(2), &budget).is_none());
        let empty = Part::new(0, &budget).unwrap();
        assert!(!empty.change().set(&stamp(&name(1)), Entry::Gone), "there are no slots at all");
        let part = Part::new(lines_of(1), &budget).unwrap();
        let taken = (0..20).filter(|n| part.change().set(&stamp(&name(*n)), Entry::Gone)).count();
        assert_eq!((taken, part.room()), (6, 6));
        assert_eq!(part.look(&stamp(&name(19))), Entry::Absent);
        assert!(part.change().grown(&Stamper::new(), true, &budget).is_none());
        assert!(!part.change().is_retired());
    }

    #[test]
    fn however_names_crowd_nobody_looks_far() {
        let part = Part::new(lines_for(4_000, usize::MAX), &budget()).unwrap();
        let crowds = |n| part.change().set(&at(0, &name(n)), Entry::Gone);
        let taken = (0..4_000).filter(|n| crowds(*n)).count();
        assert_eq!(taken, FURTHEST * GROUP);
    }

    #[test]
    fn readers_see_a_whole_entry_or_none() {
        let part = Part::new(lines_of(2), &budget()).unwrap();
        let id = |n: u64| Uuid::from_u64_pair(n, n);
        assert!(part.change().set(&stamp(&name(1)), Entry::Held(id(0))));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..20_000)
                    .for_each(|n| assert!(part.change().set(&stamp(&name(1 + n % 3)), Entry::Held(id(n)))));
            });
            for _ in 0..20_000 {
                match part.look(&stamp(&name(1))) {
                    Entry::Held(found) => assert_eq!(found.as_u64_pair().0, found.as_u64_pair().1),
                    entry => assert_eq!(entry, Entry::InFlux),
                }
            }
        });
    }
}
