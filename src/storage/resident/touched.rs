//! Which names a commit changes.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::storage::tables::TableId;

/// A commit that changes more names tells only of which tables they are.
const MOST: usize = 1 << 16;

/// A name of a table, and whose it becomes.
type Name = (TableId, Box<[u8]>, Option<Uuid>);

/// The names that were changed so far, in order, and the tables of which others were.
#[derive(Default)]
pub struct Touched {
    names: Vec<Name>,
    /// How many there were before these, of which only the tables are known.
    forgotten: usize,
    lost: BTreeSet<TableId>,
}

impl Touched {
    pub fn note(&mut self, table: TableId, name: &[u8], holder: Option<Uuid>) {
        self.add((table, name.into(), holder));
    }

    fn add(&mut self, name: Name) {
        if self.lost.contains(&name.0) {
            return;
        }
        self.names.push(name);
        if self.names.len() > MOST {
            self.forgotten += self.names.len();
            self.lost.extend(self.names.drain(..).map(|(table, ..)| table));
        }
    }

    /// Gives up telling which names of a table are changed.
    pub fn lose(&mut self, table: TableId) {
        self.lost.insert(table);
    }

    pub fn is_lost(&self, table: TableId) -> bool {
        self.lost.contains(&table)
    }

    /// How many were noted, to go [back](Self::back_to) to.
    pub fn len(&self) -> usize {
        self.forgotten + self.names.len()
    }

    /// Takes back what was noted since there were so many.
    pub fn back_to(&mut self, len: usize) {
        self.names.truncate(len.saturating_sub(self.forgotten));
    }

    /// Adds what came after.
    pub fn extend(&mut self, later: Self) {
        self.lost.extend(later.lost);
        later.names.into_iter().for_each(|name| self.add(name));
    }

    /// The names that are known, each once, with whose it is in the end: what it was between two changes is true in no
    /// view.
    pub fn names(&self) -> BTreeMap<(TableId, &[u8]), Option<Uuid>> {
        let known = self.names.iter().filter(|(table, ..)| !self.is_lost(*table));
        known.map(|(table, name, holder)| ((*table, &**name), *holder)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ManagedEntity;

    const ONE: TableId = TableId::Alias;
    const OTHER: TableId = TableId::Unique(ManagedEntity::Customer, 7);

    #[test]
    fn what_is_taken_back_was_not_touched() {
        let mut touched = Touched::default();
        touched.note(ONE, b"a", Some(Uuid::nil()));
        let before = touched.len();
        touched.note(ONE, b"b", None);
        touched.back_to(before);
        let mut later = Touched::default();
        later.note(OTHER, b"c", None);
        touched.extend(later);
        let names: Vec<_> = touched.names().into_iter().collect();
        assert_eq!(names, [((OTHER, &b"c"[..]), None), ((ONE, b"a"), Some(Uuid::nil()))]);
    }

    #[test]
    fn a_name_that_is_changed_twice_comes_once_as_it_is_in_the_end() {
        let mut touched = Touched::default();
        for holder in [Some(Uuid::nil()), None, Some(Uuid::max())] {
            touched.note(ONE, b"a", holder);
            touched.note(ONE, b"b", holder.xor(Some(Uuid::max())));
        }
        let names: Vec<_> = touched.names().into_iter().collect();
        assert_eq!(names, [((ONE, &b"a"[..]), Some(Uuid::max())), ((ONE, b"b"), None)]);
    }

    #[test]
    fn of_too_many_names_only_the_tables_are_known() {
        let mut touched = Touched::default();
        let before = touched.len();
        for n in 0..=MOST {
            touched.note(ONE, &n.to_be_bytes(), None);
        }
        touched.note(OTHER, b"c", None);
        touched.back_to(before);
        assert!(touched.is_lost(ONE), "also when the last of them was taken back");
        touched.note(ONE, b"a", None);
        touched.note(OTHER, b"d", None);
        touched.lose(OTHER);
        assert_eq!((touched.names().len(), touched.is_lost(OTHER)), (0, true));
    }

    #[test]
    fn what_is_taken_back_was_not_touched_even_behind_too_many_names() {
        let mut touched = Touched::default();
        touched.note(ONE, b"a", None);
        let before = touched.len();
        for n in 0..=MOST {
            touched.note(ONE, &n.to_be_bytes(), None);
        }
        touched.note(OTHER, b"b", None);
        touched.back_to(before);
        assert!(touched.names().is_empty());
        touched.note(OTHER, b"c", None);
        let before = touched.len();
        touched.note(OTHER, b"d", None);
        touched.back_to(before);
        let names: Vec<_> = touched.names().into_keys().collect();
        assert_eq!(names, [(OTHER, &b"c"[..])]);
    }
}
