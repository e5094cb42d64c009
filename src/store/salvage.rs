//! What can still be read of a damaged file, as a store.

use std::collections::BTreeMap;
use std::path::Path;

use uuid::Uuid;

use super::verify::Problem;
use super::{Store, StoreOptions, derived};
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::Result;
use crate::model::change::{ChangeRow, Collection};
use crate::model::custom_field::{Comparison, KeyKind};
use crate::model::package::PackageRow;
use crate::model::recorded::{AnyPart, AnyRecord};
use crate::model::scalar::Time;
use crate::storage::check::Wrong;
use crate::storage::codec::{self, FieldsRow, KeyRow, PastRow};
use crate::storage::engine::Engine;
use crate::storage::key_bytes;
use crate::storage::salvage::{Gathered, Rows, gather};
use crate::storage::tables::TableId;

/// What [`salvage`](Store::salvage) could read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Salvaged {
    /// A store in memory with what could be read: to be [backed up](Store::backup) into a file, or exported.
    pub store: Store,
    /// What is lost, as far as it is known; nothing where the file was whole.
    pub lost: Vec<Problem>,
}

impl Store {
    /// Reads what can still be read of a file that is damaged: every row that is as it was written, wherever in the file it
    /// can be reached; of a file that was not closed, on a page that is too. Where the values of an instance are lost, those
    /// that an index still has come back, folded where they are compared so. The indexes are made anew. Where a page is
    /// lost, what the commit before the last one had in its place is taken, if that is left; and values of which the key is
    /// lost have one with a name that says so, as `salvaged_7`. A table that neither commit leads to any more is looked for by
    /// the lists that earlier ones have left: alone then something can be there that was forgotten, and what is lost says so.
    /// The file is not changed, and nobody may have it open for writing; all that is read stands in memory. The journal and
    /// outcomes of [`write_once`](Self::write_once) are not in it.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("billing.redb");
    /// # let store = Store::open(&path)?;
    /// # store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// # store.close()?;
    /// let salvaged = Store::salvage(&path)?;
    /// assert_eq!(salvaged.lost, []);
    /// salvaged.store.backup(folder.path().join("salvaged.redb"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](crate::Error::Corrupt) where nothing at all can be read, as where every list of the tables is lost;
    /// [`NotAStore`](crate::Error::NotAStore) where the file is none, or does not begin like one;
    /// [`NewerFormat`](crate::Error::NewerFormat), [`OlderFormat`](crate::Error::OlderFormat),
    /// [`AlreadyOpen`](crate::Error::AlreadyOpen), [`Io`](crate::Error::Io), [`StoreMissing`](crate::Error::StoreMissing).
    pub fn salvage(damaged: impl AsRef<Path>) -> Result<Salvaged> {
        let mut wreck = Wreck(gather(damaged.as_ref(), &is_needed)?);
        wreck.leave_out();
        wreck.name_keys()?;
        let values = wreck.values_in_indexes()?;
        wreck.restore_instances(values)?;
        wreck.end_journal()?;
        // Indexes are made anew.
        wreck.0.tables.retain(|table, _| !table.is_derived());
        wreck.0.lost.retain(|(table, _)| table.is_none_or(|table| !table.is_derived()));
        let (memory, lost) = wreck.0.into_memory()?;
        let store = Self::new(Engine::in_memory(memory, StoreOptions::new().into())?);
        let mut lost: Vec<_> = lost.into_iter().map(problem).collect();
        lost.extend(store.rebuild_indexes()?.problems);
        lost.extend(store.verify()?.problems);
        Ok(Salvaged { store, lost })
    }
}

fn problem((table, what): Wrong) -> Problem {
    Problem { table: table.map_or_else(|| "file".to_owned(), |table| table.to_string()), what }
}

/// Whether a table has what follows from no other, or values that can be lost there.
fn is_needed(table: TableId) -> bool {
    match table {
        TableId::Unique(..) | TableId::Listed(..) => true,
        TableId::Journal | TableId::Idempotency => false,
        _ => !table.is_derived(),
    }
}

/// Whether something can be made of a row, which can have come from another table.
fn is_readable(table: TableId, key: &[u8], row: &[u8]) -> bool {
    match table {
        TableId::Keys => codec::decode::<KeyRow>(table, key, row).is_ok(),
        TableId::Fields(_) => codec::decode::<FieldsRow>(table, key, row).is_ok(),
        TableId::Record(entity) => AnyRecord::decode(entity, key, row).is_ok(),
        TableId::Parts(of) => derived::owner_of(key).is_ok() && AnyPart::decode(of, key, row).is_ok(),
        TableId::Package => codec::decode::<PackageRow>(table, key, row).is_ok(),
        TableId::PastValues => codec::decode::<PastRow>(table, key, row).is_ok(),
        TableId::SettledUntil => codec::decode::<Time>(table, key, row).is_ok(),
        TableId::Listed(..) => key_bytes::split_listed(key).is_ok(),
        _ => true,
    }
}

/// Values by the numbers of their keys, of instances.
type Values = BTreeMap<EntityRef, BTreeMap<u32, String>>;

struct Wreck(Gathered);

impl Wreck {
    fn rows(&self, table: TableId) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
        self.0.tables.get(&table).into_iter().flatten()
    }

    fn has(&self, target: EntityRef) -> bool {
        let rows = self.0.tables.get(&TableId::Fields(target.entity));
        rows.is_some_and(|rows| rows.contains_key(target.id.as_bytes().as_slice()))
    }

    /// Leaves out rows that nothing can be made of.
    fn leave_out(&mut self) {
        for (table, rows) in &mut self.0.tables {
            let there = rows.len();
            rows.retain(|key, row| is_readable(*table, key, row));
            if rows.len() < there {
                let what = format!("rows of which nothing can be made: {}", there - rows.len());
                self.0.lost.push((Some(*table), what));
            }
        }
    }

    /// Gives keys names of which nothing is left but values.
    fn name_keys(&mut self) -> Result<()> {
        let mut lost = BTreeMap::new();
        for entity in ManagedEntity::ALL {
            let table = TableId::Fields(entity);
            for (key, row) in self.rows(table) {
                let fields: FieldsRow = codec::decode(table, key, row)?;
                lost.extend(fields.values.into_iter().map(|(number, _)| (number, entity)));
            }
        }
        let known = self.0.tables.entry(TableId::Keys).or_default();
        lost.retain(|number, _| !known.contains_key(number.to_be_bytes().as_slice()));
        for (number, entity) in lost {
            let row = KeyRow {
                id: Uuid::now_v7().into_bytes(),
                entity,
                name: format!("salvaged_{number}"),
                rules: KeyKind::Unindexed.into(),
                index: number,
                removed_at: None,
                added_at: Time::now(),
                revision: 0,
            };
            let what = format!("key {number} of {entity}: its values are left, under the name {}", row.name);
            let key = number.to_be_bytes().to_vec();
            let row = codec::encode(&key, &row)?;
            known.insert(key, row);
            self.0.lost.push((Some(TableId::Keys), what));
        }
        Ok(())
    }

    /// The values that indexes have, of instances whose own row is lost.
    fn values_in_indexes(&mut self) -> Result<Values> {
        let mut keys = Vec::new();
        for (number, row) in self.rows(TableId::Keys) {
            let key: KeyRow = codec::decode(TableId::Keys, number, row)?;
            let table = match key.rules.kind {
                KeyKind::Enforced => TableId::Unique(key.entity, key.index),
                KeyKind::Indexed => TableId::Listed(key.entity, key.index),
                KeyKind::Unindexed => continue,
            };
            if key.removed_at.is_none() {
                let is_folded = key.rules.comparison == Comparison::CaseFolded;
                keys.push((key_bytes::key_number(number)?, key.entity, table, is_folded));
            }
        }
        let (mut values, mut folded) = (Values::new(), Vec::new());
        for (number, entity, table, is_folded) in keys {
            let mut found = 0_u64;
            for (key, row) in self.rows(table) {
                let (value, id) = match table {
                    TableId::Unique(..) => {
                        (String::from_utf8_lossy(key).into_owned(), codec::open_holder(table, key, row)?)
                    }
                    _ => key_bytes::split_listed(key)?,
                };
                let target = EntityRef { entity, id };
                if !self.has(target) {
                    values.entry(target).or_default().insert(number, value);
                    found += 1;
                }
            }
            if is_folded && found > 0 {
                let what =
                    format!("values of key {number} that only its index has, which are folded: {found}");
                folded.push((Some(TableId::Fields(entity)), what));
            }
        }
        self.0.lost.append(&mut folded);
        Ok(values)
    }

    /// Has the instances be there of which there is anything.
    fn restore_instances(&mut self, mut values: Values) -> Result<()> {
        let mut targets = Vec::new();
        for entity in ManagedEntity::ALL {
            for (key, _) in self.rows(TableId::Record(entity)) {
                targets.push(EntityRef { entity, id: key_bytes::id(key)? });
            }
        }
        for of in Collection::ALL {
            for (key, _) in self.rows(TableId::Parts(of)) {
                targets.push(EntityRef { entity: of.owner(), id: derived::owner_of(key)?.0 });
            }
        }
        for target in targets {
            values.entry(target).or_default();
        }
        values.retain(|target, _| !self.has(*target));
        for (target, values) in values {
            let table = TableId::Fields(target.entity);
            let what = format!(
                "{target}: of its values {} are left, and whether it was archived is not known",
                values.len()
            );
            self.0.lost.push((Some(table), what));
            let row = FieldsRow { archived_at: None, revision: 0, values: values.into_iter().collect() };
            let key = target.id.into_bytes().to_vec();
            let row = codec::encode(&key, &row)?;
            self.0.tables.entry(table).or_default().insert(key, row);
        }
        Ok(())
    }

    /// Has the journal say that it is not there, up to the last number that anything bears.
    fn end_journal(&mut self) -> Result<()> {
        let mut last = 0;
        for (key, row) in self.rows(TableId::Keys) {
            last = last.max(codec::decode::<KeyRow>(TableId::Keys, key, row)?.revision);
        }
        for (key, row) in self.rows(TableId::Package) {
            last = last.max(codec::decode::<PackageRow>(TableId::Package, key, row)?.revision);
        }
        for table in ManagedEntity::ALL.map(TableId::Fields) {
            for (key, row) in self.rows(table) {
                last = last.max(codec::decode::<FieldsRow>(table, key, row)?.revision);
            }
        }
        if last > 0 {
            let key = last.to_be_bytes().to_vec();
            let row = codec::encode(&key, &ChangeRow::not_kept(Time::now(), 0))?;
            self.0.tables.insert(TableId::Journal, Rows::from([(key, row)]));
        }
        Ok(())
    }
}
