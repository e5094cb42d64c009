//! Looking whether everything in a store is as it should be.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::derived;
use super::{Store, entities};
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::{Error, Result};
use crate::model::change::{ChangeRow, Collection};
use crate::model::recorded::{AnyPart, AnyRecord};
use crate::storage::catalog::Catalog;
use crate::storage::codec::{self, FieldsRow, KeyRow, PastRow};
use crate::storage::idempotency::{OutcomeRow, until_row};
use crate::storage::key_bytes;
use crate::storage::member::Row;
use crate::storage::package;
use crate::storage::tables::{ID_BYTES, TableId};
use crate::storage::view::{Reader as _, View};

/// The most problems that are told of.
const MAX_PROBLEMS: usize = 1_000;

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
    /// In which table of the file.
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
    /// Reads every row of the store and looks whether it is whole, whether the instance it belongs to is there, and whether
    /// the indexes and lists agree with it, both ways. What a record names besides is not looked for: it may have been
    /// forgotten. Writers go on meanwhile: one moment of the store is looked at.
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
    /// [`Closed`](crate::Error::Closed), and [`Corrupt`](crate::Error::Corrupt) where the file is damaged so that its
    /// tables cannot be walked. A damaged row is a problem that is told of.
    pub fn verify(&self) -> Result<Verified> {
        let view = self.view()?;
        let mut check = Check { view: &view, found: Verified::default(), expected: BTreeMap::new() };
        for table in view.with_catalog(|catalog| catalog.tables().collect::<Vec<_>>()) {
            check.table(table)?;
        }
        check.counts()?;
        Ok(check.found)
    }
}

struct Check<'v> {
    view: &'v View,
    found: Verified,
    /// How many rows each table has that follow from others.
    expected: BTreeMap<TableId, u64>,
}

impl Check<'_> {
    fn problem(&mut self, table: TableId, what: impl fmt::Display) {
        if self.found.problems.len() < MAX_PROBLEMS {
            self.found.problems.push(Problem { table: table.to_string(), what: what.to_string() });
        }
    }

    /// Looks at each row of a table by itself, and for the rows that have to follow from it.
    fn table(&mut self, table: TableId) -> Result<()> {
        let view = self.view;
        let mut entries = 0;
        view.scan(table, Bound::Unbounded, |key, row| {
            entries += 1;
            match self.row(table, key, row) {
                Ok(()) => {}
                Err(Error::Corrupt(what)) => self.problem(table, what),
                Err(Error::Refused(faults)) => {
                    faults.iter().for_each(|fault| self.problem(table, fault));
                }
                Err(failure) => return Err(failure),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.found.rows += entries;
        if entries != view.len(table)? {
            self.problem(
                table,
                format_args!("{entries} rows are there, and {} are counted", view.len(table)?),
            );
        }
        Ok(())
    }

    fn row(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<()> {
        match table {
            TableId::Keys => codec::decode::<KeyRow>(table, key, row).map(drop),
            TableId::Journal => codec::decode::<ChangeRow>(table, key, row).map(drop),
            TableId::PastValues => codec::decode::<PastRow>(table, key, row).map(drop),
            TableId::Idempotency => {
                let outcome: OutcomeRow = codec::decode(table, key, row)?;
                let key = str::from_utf8(key).map_err(|_| Error::corrupt("a key that is not text"))?;
                self.follow(table, vec![until_row(outcome.until, key)])
            }
            TableId::Fields(entity) => {
                let fields: FieldsRow = codec::decode(table, key, row)?;
                self.found.instances += 1;
                let target = EntityRef { entity, id: key_bytes::id(key)? };
                let rows = derived::of_values(self.view, target, &fields);
                self.follow(table, rows)
            }
            TableId::Record(entity) => self.record(table, entity, key_bytes::id(key)?),
            TableId::Package => match package::get(self.view, key_bytes::id(key)?.into())? {
                Some(row) => self.follow(table, derived::of_package(&row.package)?),
                None => Ok(()),
            },
            TableId::Parts(of) => self.part(table, of, key, row),
            _ => Ok(()),
        }
    }

    fn record(&mut self, table: TableId, entity: ManagedEntity, id: Uuid) -> Result<()> {
        if !entities::exists(self.view, EntityRef { entity, id })? {
            self.problem(table, format_args!("a record of {entity} {id}, which is not there"));
        }
        match AnyRecord::get(self.view, EntityRef { entity, id })? {
            Some(record) => self.follow(table, derived::of_record(self.view, id, &record)?),
            None => Ok(()),
        }
    }

    fn part(&mut self, table: TableId, of: Collection, key: &[u8], row: &[u8]) -> Result<()> {
        let part = AnyPart::decode(of, key, row)?;
        let Some((owner, child)) = key.split_first_chunk::<ID_BYTES>() else {
            return Err(Error::corrupt("a key without an owner"));
        };
        let target = EntityRef { entity: of.owner(), id: Uuid::from_bytes(*owner) };
        if !entities::exists(self.view, target)? {
            self.problem(table, format_args!("a part of {target}, which is not there"));
        }
        self.follow(table, derived::of_part(self.view, target.id, child, &part)?)
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
