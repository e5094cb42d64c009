//! Looking whether everything in a store is as it should be.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, ControlFlow};

use super::derived;
use super::{Store, entities};
use crate::entity::EntityRef;
use crate::error::{Error, Result};
use crate::model::change::ChangeRow;
use crate::model::scalar::Time;
use crate::storage::catalog::Catalog;
use crate::storage::check::{Digest, OnDisk};
use crate::storage::codec::{self, KeyRow, PastRow};
use crate::storage::key_bytes;
use crate::storage::member::Row;
use crate::storage::tables::TableId;
use crate::storage::view::{Aside, Reader as _};

/// The most problems that are told of.
pub(super) const MAX_PROBLEMS: usize = 1_000;

/// What [`verify`](Store::verify) found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How many instances it looked at.
    pub instances: u64,
    /// How many rows.
    pub rows: u64,
    /// What is wrong, up to 1,000 of it; nothing where the store is whole.
    pub problems: Vec<Problem>,
}

/// Something in a store that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// In which table of the file; `file` where it is not known in which.
    pub table: String,
    /// What is wrong there. Values of custom fields are not in it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}: {}", self.table, self.what)
    }
}

impl Store {
    /// Looks whether the store is whole: whether each page on disk has its checksum and the rows are those that are read;
    /// whether each row is as it was written, is found again by its key, and is of an instance that is there; and whether
    /// the indexes and lists agree with the rows, both ways. What a record names besides is not looked for: it may have
    /// been forgotten. Writers wait while the checksums are looked at, and then go on: one moment of the store is looked
    /// at.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
    /// let verified = store.verify()?;
    /// assert_eq!((verified.instances, verified.problems), (1, vec![]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Closed`](crate::Error::Closed), [`Io`](crate::Error::Io) and, as for [`write`](Store::write), what keeps it from a
    /// turn among the writers. Damage is a problem that is told of, and no reason to close the store.
    pub fn verify(&self) -> Result<Verified> {
        let (view, on_disk) = self.engine.check(self.patience)?;
        let mut check = Check {
            view: Aside(&view),
            on_disk: None,
            found: Verified::default(),
            expected: BTreeMap::new(),
        };
        match on_disk {
            Ok(on_disk) => check.on_disk = Some(on_disk),
            Err(what) => check.problem(None, what),
        }
        for table in view.with_catalog(|catalog| catalog.tables().collect::<Vec<_>>()) {
            if let Some(damage) = damage_of(check.table(table))? {
                check.problem(table, damage);
            }
        }
        if let Some(damage) = damage_of(check.counts())? {
            check.problem(None, damage);
        }
        Ok(check.found)
    }

    /// As [`verify`](Self::verify), and `Corrupt` where there is any problem.
    pub(super) fn whole(&self) -> Result<Verified> {
        let found = self.verify()?;
        match found.problems.first() {
            None => Ok(found),
            Some(first) => Err(Error::corrupt(format!(
                "problems found: {}; the first is in {first}",
                found.problems.len()
            ))),
        }
    }
}

/// What is wrong with what was looked at, in the words of a problem; the failures that say nothing of it go on.
fn damage_of(looked: Result<()>) -> Result<Option<String>> {
    match looked {
        Ok(()) => Ok(None),
        Err(Error::Corrupt(what)) => Ok(Some(what.to_string())),
        Err(Error::Refused(faults)) => {
            Ok(Some(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
        }
        Err(failure) => Err(failure),
    }
}

struct Check<'v> {
    view: Aside<'v>,
    on_disk: Option<OnDisk>,
    found: Verified,
    /// How many rows each table has that follow from others.
    expected: BTreeMap<TableId, u64>,
}

impl Check<'_> {
    fn problem(&mut self, table: impl Into<Option<TableId>>, what: impl fmt::Display) {
        if self.found.problems.len() < MAX_PROBLEMS {
            let table = table.into().map_or_else(|| "file".to_owned(), |table| table.to_string());
            self.found.problems.push(Problem { table, what: what.to_string() });
        }
    }

    /// Looks at each row of a table by itself, and for the rows that have to follow from it.
    fn table(&mut self, table: TableId) -> Result<()> {
        let view = self.view;
        let mut read = Digest::default();
        view.scan(table, Bound::Unbounded, |key, row| {
            read.add(key, row);
            if let Some(damage) = damage_of(self.row(table, key, row))? {
                self.problem(table, damage);
            }
            if view.get(table, key, |found| Ok(found == row))? != Some(true) {
                self.problem(table, "a row is not found by its key");
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.found.rows += read.rows;
        let counted = view.len(table)?;
        if read.rows != counted {
            self.problem(table, format_args!("{} rows are there, and {counted} are counted", read.rows));
        }
        if let Some(on_disk) = &self.on_disk
            && !on_disk.has(table, &read)?
        {
            self.problem(table, "the rows on disk are not those that are read");
        }
        Ok(())
    }

    fn row(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<()> {
        match table {
            TableId::Keys => codec::decode::<KeyRow>(table, key, row).map(drop)?,
            TableId::Journal => codec::decode::<ChangeRow>(table, key, row).map(drop)?,
            TableId::PastValues => codec::decode::<PastRow>(table, key, row).map(drop)?,
            TableId::SettledUntil => codec::decode::<Time>(table, key, row).map(drop)?,
            TableId::Fields(_) => self.found.instances += 1,
            TableId::Record(entity) => self.belongs(table, EntityRef { entity, id: key_bytes::id(key)? })?,
            TableId::Parts(of) => {
                let (owner, _) = derived::owner_of(key)?;
                self.belongs(table, EntityRef { entity: of.owner(), id: owner })?;
            }
            _ => {}
        }
        let following = derived::of_row(&self.view, table, key, row)?;
        self.follow(table, following)
    }

    /// Looks whether that is there of which there is a row.
    fn belongs(&mut self, table: TableId, to: EntityRef) -> Result<()> {
        if !entities::exists(&self.view, to)? {
            self.problem(table, format_args!("a row of {to}, which is not there"));
        }
        Ok(())
    }

    /// Looks whether rows that have to follow from one of a table are there.
    fn follow(&mut self, from: TableId, rows: Vec<Row>) -> Result<()> {
        for row in rows {
            *self.expected.entry(row.table).or_default() += 1;
            let found = self.view.get(row.table, &row.key, |value| Ok(value == row.value))?;
            match found {
                Some(true) => {}
                Some(false) => {
                    self.problem(row.table, format_args!("a row leads elsewhere than a row of {from} says"));
                }
                None => self.problem(row.table, format_args!("a row is missing that a row of {from} needs")),
            }
        }
        Ok(())
    }

    /// Looks whether there are rows that follow from none.
    fn counts(&mut self) -> Result<()> {
        let tables = self.view.with_catalog(|catalog: &Catalog| catalog.tables().collect::<Vec<_>>());
        for table in tables.into_iter().filter(|table| table.is_derived()) {
            let (there, expected) = (self.view.len(table)?, self.expected.get(&table).copied().unwrap_or(0));
            if there > expected {
                self.problem(table, format_args!("{} rows follow from nothing", there - expected));
            }
        }
        Ok(())
    }
}
