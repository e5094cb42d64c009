//! redb by hand: billfold's rows and indexes, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context as _, Result, ensure};
use redb::{
    Builder, Database, ReadOnlyTable, ReadableDatabase as _, ReadableTable as _, Table, TableDefinition,
    WriteTransaction,
};
use uuid::Uuid;

use super::counted::CountedFile;
use super::record::{Record, listed};
use super::{CACHE, Setup, System, Values};
use crate::plan::{Fields, Rows};

/// Id -> values, behind as many bytes as billfold has before its own: version, checksum, state, revision, count.
const FIELDS: TableDefinition<[u8; 16], &[u8]> = TableDefinition::new("fields");
/// Enforced value -> id, with as many bytes more as billfold has for its checksum.
const UNIQUE: TableDefinition<&[u8], [u8; 20]> = TableDefinition::new("unique");
/// Value and id -> as many bytes as billfold has for its checksum.
const LISTED: [TableDefinition<&[u8], [u8; 4]>; 3] =
    [TableDefinition::new("tier"), TableDefinition::new("region"), TableDefinition::new("owner")];
/// billfold has one byte more for each value, its key's number.
const HEADER: usize = 16;

/// What it is set to.
pub const SETTINGS: &str = "by hand: billfold's rows to the byte in length (id to values, value to id), 1 GiB \
    of cache, load in one transaction as the rows come, a read transaction and its tables held open and renewed \
    after a write";

pub struct Redb {
    db: Database,
    indexed: bool,
}

/// The tables of a transaction that writes.
struct Tables<'t> {
    fields: Table<'t, [u8; 16], &'static [u8]>,
    /// Where an enforced value changes.
    unique: Option<Table<'t, &'static [u8], [u8; 20]>>,
    listed: Vec<Table<'t, &'static [u8], [u8; 4]>>,
    row: Vec<u8>,
}

impl<'t> Tables<'t> {
    fn open(txn: &'t WriteTransaction, indexed: bool, unique: bool) -> Result<Self> {
        let listed = if indexed { LISTED.as_slice() } else { &[] };
        let listed = listed.iter().map(|table| txn.open_table(*table)).collect::<Result<_, _>>()?;
        let unique = if unique { Some(txn.open_table(UNIQUE)?) } else { None };
        let fields = txn.open_table(FIELDS)?;
        Ok(Self { fields, unique, listed, row: Vec::new() })
    }

    fn insert(&mut self, id: [u8; 16], account: &str, fields: &Fields) -> Result<()> {
        Record::new(account, fields).encode(HEADER, &mut self.row)?;
        self.fields.insert(id, self.row.as_slice())?;
        self.give(id, account)?;
        for (table, value) in self.listed.iter_mut().zip(fields) {
            table.insert(listed(value, &id).as_slice(), [0; 4])?;
        }
        Ok(())
    }

    fn unique(&mut self) -> Result<&mut Table<'t, &'static [u8], [u8; 20]>> {
        self.unique.as_mut().context("the table of enforced values is not open")
    }

    /// Gives a customer an enforced value that nobody has.
    fn give(&mut self, id: [u8; 16], account: &str) -> Result<()> {
        let mut row = [0; 20];
        let (place, _) = row.split_at_mut(id.len());
        place.copy_from_slice(&id);
        let is_free = self.unique()?.insert(account.as_bytes(), row)?.is_none();
        ensure!(is_free, "{account} is held");
        Ok(())
    }

    fn set(&mut self, id: [u8; 16], fields: &Fields) -> Result<()> {
        {
            let before = self.fields.get(id)?.context("no such customer")?;
            let before = Record::decode(before.value(), HEADER)?;
            Record::new(before.account(), fields).encode(HEADER, &mut self.row)?;
            for ((table, old), new) in self.listed.iter_mut().zip(before.fields()).zip(fields) {
                if old != new {
                    table.remove(listed(old, &id).as_slice())?;
                    table.insert(listed(new, &id).as_slice(), [0; 4])?;
                }
            }
        }
        self.fields.insert(id, self.row.as_slice())?;
        Ok(())
    }

    fn set_account(&mut self, id: [u8; 16], account: &str) -> Result<()> {
        let old = {
            let before = self.fields.get(id)?.context("no such customer")?;
            let before = Record::decode(before.value(), HEADER)?;
            Record::new(account, &before.fields().map(str::to_owned)).encode(HEADER, &mut self.row)?;
            before.account().to_owned()
        };
        self.unique()?.remove(old.as_bytes())?;
        self.fields.insert(id, self.row.as_slice())?;
        self.give(id, account)
    }
}

impl Redb {
    fn write(&self, unique: bool, act: impl FnOnce(&mut Tables<'_>) -> Result<()>) -> Result<()> {
        let txn = self.db.begin_write()?;
        act(&mut Tables::open(&txn, self.indexed, unique)?)?;
        Ok(txn.commit()?)
    }
}

fn path(setup: &Setup) -> PathBuf {
    setup.folder.join("plain.redb")
}

impl System for Redb {
    type Reader<'a> = Held<'a>;

    fn open(setup: &Setup) -> Result<Self> {
        let db = Builder::new().set_cache_size(CACHE).create(path(setup))?;
        Ok(Self { db, indexed: setup.is_indexed() })
    }

    fn load(&self, _setup: &Setup, rows: &mut Rows) -> Result<()> {
        self.write(true, |tables| {
            rows.try_for_each(|row| tables.insert(row.id.into_bytes(), &row.account, &row.fields))
        })
    }

    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T> {
        work(&mut Held::new(&self.db)?)
    }

    fn set(&self, id: Uuid, fields: &Fields) -> Result<()> {
        self.write(false, |tables| tables.set(id.into_bytes(), fields))
    }

    fn set_many(&self, sets: &[(Uuid, Fields)]) -> Result<()> {
        self.write(false, |tables| {
            sets.iter().try_for_each(|(id, fields)| tables.set(id.into_bytes(), fields))
        })
    }

    fn set_account(&self, id: Uuid, account: &str) -> Result<()> {
        self.write(true, |tables| tables.set_account(id.into_bytes(), account))
    }

    fn close(self) -> Result<()> {
        Ok(())
    }

    fn open_counted(setup: &Setup, pages: &Arc<AtomicU64>) -> Result<Option<Self>> {
        let file = CountedFile::open(&path(setup), pages)?;
        let db = Builder::new().set_cache_size(CACHE).create_with_backend(file)?;
        Ok(Some(Self { db, indexed: setup.is_indexed() }))
    }
}

/// The tables of one moment.
pub struct Held<'a> {
    db: &'a Database,
    fields: ReadOnlyTable<[u8; 16], &'static [u8]>,
    unique: ReadOnlyTable<&'static [u8], [u8; 20]>,
}

impl<'a> Held<'a> {
    fn new(db: &'a Database) -> Result<Self> {
        let txn = db.begin_read()?;
        Ok(Self { db, fields: txn.open_table(FIELDS)?, unique: txn.open_table(UNIQUE)? })
    }
}

impl super::Reader for Held<'_> {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>> {
        let Some(row) = self.unique.get(account.as_bytes())? else { return Ok(None) };
        let row = row.value();
        let (id, _) = row.split_first_chunk().context("an index row without an id")?;
        Ok(Some(Uuid::from_bytes(*id)))
    }

    fn values(&mut self, id: Uuid) -> Result<Option<Values>> {
        let Some(row) = self.fields.get(id.into_bytes())? else { return Ok(None) };
        Ok(Some(Record::decode(row.value(), HEADER)?.values()))
    }

    fn renew(&mut self) -> Result<()> {
        *self = Self::new(self.db)?;
        Ok(())
    }
}
