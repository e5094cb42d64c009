//! Making all indexes and lists anew, of the rows that they follow from.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::Store;
use super::derived;
use super::verify::{MAX_PROBLEMS, Problem};
use crate::error::{Error, Result};
use crate::storage::engine::Terms;
use crate::storage::member::{Member, Row};
use crate::storage::tables::TableId;
use crate::storage::view::{Aside, Reader as _};

/// What [`rebuild_indexes`](Store::rebuild_indexes) did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// How many rows the indexes and lists have now.
    pub rows: u64,
    /// How many of these were not there, or led elsewhere.
    pub restored: u64,
    /// How many rows are gone that followed from nothing.
    pub removed: u64,
    /// Rows that nothing could be made of, and names that several lay claim to: the first in order has them.
    pub problems: Vec<Problem>,
}

impl Store {
    /// Makes every index and list anew, of the rows that they follow from: for a store of which [`verify`](Self::verify)
    /// says that they do not agree. Values, records and history are not changed. All of it is one transaction; writers wait
    /// meanwhile. A file whose pages are damaged can be too far gone for it.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let custom_fields = [("x_account_id", "KyVnHhSBWl7eY2bl")].into();
    /// store.create_customer(CreateCustomer { custom_fields, ..Default::default() })?;
    /// let rebuilt = store.rebuild_indexes()?;
    /// assert_eq!((rebuilt.rows, rebuilt.restored, rebuilt.removed), (1, 0, 0));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn rebuild_indexes(&self) -> Result<Rebuilt> {
        let terms =
            Terms { patience: self.patience, bulk: Some(self.engine.most_waiting()), ..Terms::default() };
        self.engine.run(&terms, |member| {
            // Nobody else writes now, so it shows what the transaction began with.
            let view = self.view()?;
            Rebuild { before: Aside(&view), member, done: Rebuilt::default(), kept: BTreeMap::new() }.run()
        })
    }
}

struct Rebuild<'r> {
    before: Aside<'r>,
    member: &'r Member<'r>,
    done: Rebuilt,
    /// How many rows of each table were there before, and are there still.
    kept: BTreeMap<TableId, u64>,
}

impl Rebuild<'_> {
    fn run(mut self) -> Result<Rebuilt> {
        let tables: Vec<_> = self.before.with_catalog(|catalog| catalog.tables().collect());
        let (derived, own): (Vec<_>, Vec<_>) = tables.into_iter().partition(|table| table.is_derived());
        for table in &derived {
            self.member.clear(*table)?;
        }
        for table in own {
            self.follow(table)?;
        }
        for table in derived {
            let there = self.before.len(table).unwrap_or(0);
            self.done.removed += there.saturating_sub(self.kept.get(&table).copied().unwrap_or(0));
        }
        Ok(self.done)
    }

    /// Puts what follows from the rows of a table.
    fn follow(&mut self, table: TableId) -> Result<()> {
        let before = self.before;
        before.scan(table, Bound::Unbounded, |key, row| {
            match derived::of_row(&before, table, key, row) {
                Ok(rows) => rows.into_iter().try_for_each(|row| self.put(&row))?,
                Err(Error::Corrupt(what)) => self.problem(table, what.to_string()),
                Err(failure) => return Err(failure),
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    fn put(&mut self, row: &Row) -> Result<()> {
        match self.member.get(row.table, &row.key, |there| Ok(there == row.value))? {
            Some(true) => return Ok(()),
            Some(false) => {
                self.problem(row.table, "several lay claim to a name".to_owned());
                return Ok(());
            }
            None => self.member.put_row(row)?,
        }
        self.done.rows += 1;
        match self.before.get(row.table, &row.key, |there| Ok(there == row.value)) {
            Ok(Some(same)) => {
                *self.kept.entry(row.table).or_default() += 1;
                self.done.restored += u64::from(!same);
            }
            Ok(None) | Err(Error::Corrupt(_)) => self.done.restored += 1,
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn problem(&mut self, table: TableId, what: String) {
        if self.done.problems.len() < MAX_PROBLEMS {
            self.done.problems.push(Problem { table: table.to_string(), what });
        }
    }
}
