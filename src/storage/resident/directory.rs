//! The tables of names that a view has, with what is in memory of each.

use std::sync::Arc;

use super::names::{Known, Names};
use super::{Changed, Resident};
use crate::storage::catalog::Catalog;
use crate::storage::sorted;
use crate::storage::tables::TableId;

/// In order of the numbers.
#[derive(Clone, Default)]
pub struct Directory(Vec<Place>);

#[derive(Clone)]
struct Place {
    number: Option<u64>,
    table: TableId,
    names: Arc<Names>,
}

impl Place {
    const fn new(table: TableId, names: Arc<Names>) -> Self {
        Self { number: table.number_in_memory(), table, names }
    }
}

impl Directory {
    /// The directory of a store that was just opened: nothing is known yet.
    pub(in crate::storage) fn opened(resident: &Resident, catalog: &Catalog) -> Arc<Self> {
        let unknown = |table| Place::new(table, Arc::new(Names::unknown(&resident.budget)));
        Arc::new(Self::of_tables(resident, catalog, unknown))
    }

    fn of_tables(resident: &Resident, catalog: &Catalog, names_of: impl FnMut(TableId) -> Place) -> Self {
        let is_on = resident.budget.most() > 0;
        let tables = catalog.tables().filter(|table| is_on && table.number_in_memory().is_some());
        let mut tables: Vec<_> = tables.map(names_of).collect();
        tables.sort_by_key(|place| place.number);
        Self(tables)
    }

    #[inline]
    fn place(&self, table: TableId) -> Option<usize> {
        let number = table.number_in_memory();
        sorted::place(&self.0, |place| place.number.cmp(&number)).ok()
    }

    #[inline]
    pub(in crate::storage) fn of(&self, table: TableId) -> Option<&Arc<Names>> {
        self.0.get(self.place(table)?).map(|place| &place.names)
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = (TableId, &Names)> + Clone {
        self.0.iter().map(|place| (place.table, &*place.names))
    }

    /// Puts other names in place of a table's.
    pub(super) fn put(&mut self, table: TableId, names: Names) {
        if let Some(place) = self.place(table).and_then(|place| self.0.get_mut(place)) {
            place.names = Arc::new(names);
        }
    }

    /// The directory of the next view, and the tables that are new in it, whose names are those that the commit changes.
    ///
    /// Where a commit does not tell which names of a table it changes, nothing is known of them any more; nor where too
    /// many rows are left that no name leads to. What was known stays as it is for whoever still reads the view before:
    /// there it is true.
    pub(super) fn next(
        self: &Arc<Self>,
        resident: &Resident,
        changed: &Changed<'_>,
    ) -> (Arc<Self>, Vec<TableId>) {
        let mut new = Vec::new();
        let is_lost = |table, known: Option<&Arc<Names>>| {
            changed.touched.is_lost(table) || known.is_some_and(|names| names.is_worn())
        };
        let mut names_of = |table| {
            let known = self.of(table);
            if let Some(names) = known
                && !is_lost(table, known)
            {
                return Place::new(table, Arc::clone(names));
            }
            let names = Names::unknown(&resident.budget);
            let is_new = known.is_none() && !is_lost(table, None) && !table.is_of_values();
            if is_new && names.begin(Known::Nothing, 0) {
                new.push(table);
            }
            Place::new(table, Arc::new(names))
        };
        let next = match changed.catalog {
            Some(catalog) => Self::of_tables(resident, catalog, names_of),
            None if !self.0.iter().any(|place| is_lost(place.table, Some(&place.names))) => {
                return (Arc::clone(self), new);
            }
            None => Self(self.0.iter().map(|place| names_of(place.table)).collect()),
        };
        (Arc::new(next), new)
    }
}
