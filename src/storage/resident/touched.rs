//! Which names a commit changes, and what they lead to.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::storage::tables::TableId;

/// A commit that changes more names tells only of which tables they are.
const MOST: usize = 1 << 16;

/// What a name leads to: who holds it, or the row of the instance whose id it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Holder(Uuid),
    Row(Box<[u8]>),
}

/// A name of a table, and what it leads to from now on.
type Name = (TableId, Box<[u8]>, Option<Target>);

/// The names that were changed so far, in order, and the tables of which others were.
#[derive(Default)]
pub struct Touched {
    names: Vec<Name>,
    /// How many there were before these, of which only the tables are known.
    forgotten: usize,
    lost: BTreeSet<TableId>,
}

impl Touched {
    pub fn note(&mut self, table: TableId, name: &[u8], target: Option<Target>) {
        self.add((table, name.into(), target));
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

    /// The names that are known, each once, with what it leads to in the end: what it was between two changes is true in
    /// no view.
    pub fn names(&self) -> BTreeMap<(TableId, &[u8]), Option<&Target>> {
        let known = self.names.iter().filter(|(table, ..)| !self.is_lost(*table));
        known.map(|(table, name, target)| ((*table, &**name), target.as_ref())).collect()
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
        touched.note(ONE, b"a", Some(Target::Holder(Uuid::nil())));
        let before = touched.len();
        touched.note(ONE, b"b", None);
        touched.back_to(before);
        let mut later = Touched::default();
        later.note(OTHER, b"c", None);
        touched.extend(later);
        let names: Vec<_> = touched.names().into_iter().collect();
        let nobody = Target::Holder(Uuid::nil());
        assert_eq!(names, [((OTHER, &b"c"[..]), None), ((ONE, b"a"), Some(&nobody))]);
    }

    #[test]
    fn a_name_that_is_changed_twice_comes_once_as_it_is_in_the_end() {
        let mut touched = Touched::default();
        let row = Target::Row([1].into());
        for target in [Some(Target::Holder(Uuid::nil())), None, Some(row.clone())] {
            touched.note(ONE, b"a", target.clone());
            touched.note(ONE, b"b", target.xor(Some(row.clone())));
        }
        let names: Vec<_> = touched.names().into_iter().collect();
        assert_eq!(names, [((ONE, &b"a"[..]), Some(&row)), ((ONE, b"b"), None)]);
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
