//! Looking after the file.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::Serialize;

use super::Store;
use crate::entity::ManagedEntity;
use crate::error::{Error, Result};
use crate::storage::member::Member;
use crate::storage::resident::Size;
use crate::storage::rows;
use crate::storage::view::Reader as _;

/// Figures of a store and its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// How many instances there are of each entity that has any, archived ones included.
    pub instances: BTreeMap<ManagedEntity, u64>,
    /// How many values these have.
    pub values: u64,
    /// How many values of keys that were removed are still in the file: they are out of reach, and leave it with the
    /// next change of their instance.
    pub values_of_removed_keys: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Pages in use, those that only an older view still shows included.
    pub pages_in_use: u64,
    /// Pages that hold rows, or lead to pages that do.
    pub pages_of_tables: u64,
    /// How many tables there are.
    pub tables: u64,
    /// Each table, in order of the names.
    pub by_table: Vec<TableStats>,
    /// How long the oldest [`Snapshot`](crate::Snapshot) has been held; `None` where none is. What it shows cannot be
    /// used again for as long as it is.
    pub oldest_snapshot: Option<Duration>,
    /// What is in memory to find instances by unique values and ingest aliases, and to read their values.
    pub names_in_memory: NamesInMemoryStats,
}

/// Figures of what is in memory to find instances by unique values and ingest aliases, and to read their values; see
/// [`NamesInMemory`](crate::NamesInMemory).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NamesInMemoryStats {
    /// How many values and aliases are there with their holders.
    pub names: u64,
    /// Of how many instances the values are there.
    pub instances: u64,
    /// The bytes they take, with those that a thread still keeps.
    pub bytes: u64,
    /// The bytes they may take; 0 where they are switched off.
    pub most_bytes: u64,
    /// How many tables of names there are in the file.
    pub tables: u64,
    /// Of how many of these all are there.
    pub whole_tables: u64,
}

impl From<Size> for NamesInMemoryStats {
    fn from(Size { names, instances, bytes, most_bytes, tables, whole_tables }: Size) -> Self {
        Self { names, instances, bytes, most_bytes, tables, whole_tables }
    }
}

/// Figures of one table of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableStats {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// The bytes of these, keys and values.
    pub bytes: u64,
    /// The bytes of its pages that hold no row: what leads to rows, and what is free within a page.
    pub dead_bytes: u64,
}

impl Store {
    /// Figures of the store and its file. Reads all instances' values and walks all pages that lead to rows, and takes a
    /// turn among the writers: for looking at a store now and then.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
    /// let stats = store.stats()?;
    /// assert_eq!(stats.instances[&ManagedEntity::Customer], 1);
    /// assert!(stats.by_table.iter().any(|table| table.name == "customer" && table.rows == 1));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Store::write).
    pub fn stats(&self) -> Result<Stats> {
        let names_in_memory = self.names_in_memory()?;
        self.change(|member| {
            let (pages_in_use, pages_of_tables, page_bytes) = member.pages()?;
            let counted = Counted::of(member)?;
            let by_table = tables(member)?;
            Ok(Stats {
                instances: counted.instances,
                values: counted.values,
                values_of_removed_keys: counted.of_removed_keys,
                page_bytes: page_bytes as u64,
                pages_in_use,
                pages_of_tables,
                tables: by_table.len() as u64,
                by_table,
                oldest_snapshot: self.snapshots.oldest(),
                names_in_memory,
            })
        })
    }
}

impl Store {
    /// What is in memory to find instances and to read their values. Costs little beside [`stats`](Self::stats):
    /// for waiting until all of it is there, say.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let custom_fields = [("x_account_id", "KyVnHhSBWl7eY2bl")].into();
    /// store.create_customer(CreateCustomer { custom_fields, ..Default::default() })?;
    /// let in_memory = store.names_in_memory()?;
    /// assert_eq!((in_memory.names, in_memory.whole_tables), (1, in_memory.tables));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Closed`](crate::Error::Closed).
    pub fn names_in_memory(&self) -> Result<NamesInMemoryStats> {
        self.engine.look(|view| Ok(view.names_in_memory().into()))
    }
}

/// What [`compact`](Store::compact) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Compaction {
    /// How many values of removed keys left the file.
    pub values_removed: u64,
    /// Whether anything had to be moved; not where the file was as small as it can be.
    pub moved: bool,
}

impl Store {
    /// Makes the file as small as what it holds: values of removed keys leave it, and its free pages are given back. An
    /// instance whose values leave has another revision afterwards. Writers wait meanwhile, and readers of what is
    /// not in memory; it takes about as long as writing the file anew.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// store.set_values(CustomerId::from(Uuid::from_u128(1)), [("tier", "gold")])?;
    /// store.remove_key(ManagedEntity::Customer, "tier")?;
    /// assert_eq!(store.stats()?.values_of_removed_keys, 1);
    /// assert_eq!(store.compact()?.values_removed, 1);
    /// assert_eq!(store.stats()?.values_of_removed_keys, 0);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`SnapshotsHeld`](crate::Error::SnapshotsHeld) where a snapshot is held, or a reader takes longer than a moment:
    /// values of removed keys have left then, and nothing was moved. Otherwise as [`write`](Store::write).
    pub fn compact(&self) -> Result<Compaction> {
        let values_removed = self.change(|member| {
            let cleared =
                ManagedEntity::ALL.into_iter().map(|entity| rows::clear_removed_values(member, entity));
            cleared.sum::<Result<u64>>()
        })?;
        if self.snapshots.oldest().is_some() {
            return Err(Error::SnapshotsHeld);
        }
        let moved = self.engine.compact(self.patience)?;
        Ok(Compaction { values_removed, moved })
    }
}

#[derive(Default)]
struct Counted {
    instances: BTreeMap<ManagedEntity, u64>,
    values: u64,
    of_removed_keys: u64,
}

impl Counted {
    fn of(member: &Member<'_>) -> Result<Self> {
        let mut counted = Self::default();
        for entity in ManagedEntity::ALL {
            rows::scan_fields(member, entity, None, |_, row| {
                *counted.instances.entry(entity).or_default() += 1;
                let live = |number: u32| member.with_catalog(|catalog| catalog.key_of(number).is_some());
                for (number, _) in row.values {
                    if live(number) {
                        counted.values += 1;
                    } else {
                        counted.of_removed_keys += 1;
                    }
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(counted)
    }
}

fn tables(member: &Member<'_>) -> Result<Vec<TableStats>> {
    let tables: Vec<_> = member.with_catalog(|catalog| catalog.tables().collect());
    let mut found = Vec::with_capacity(tables.len());
    for table in tables {
        let (bytes, of_pages) = member.table_bytes(table)?;
        let name = table.to_string();
        found.push(TableStats { name, rows: member.len(table)?, bytes, dead_bytes: of_pages - bytes });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
