//! LMDB, through heed.

use anyhow::{Context as _, Result, ensure};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, PutFlags, RoTxn, RwTxn, WithoutTls};
use uuid::Uuid;

use super::record::{Record, listed};
use super::{Setup, System, Values};
use crate::plan::{FIELDS, Fields, Rows};

type Table = Database<'static, Bytes, Bytes>;

/// Address space, and not memory: the file grows into it.
const MAP: usize = 64 << 30;

/// What it is set to.
pub const SETTINGS: &str = "through heed: durable (no NOSYNC), no flags, a map of 64 GiB, load in one \
    transaction as the rows come, a read transaction held and renewed after a write; its memory has the pages of \
    the file in it that the map shows";

pub struct Lmdb {
    env: Env<WithoutTls>,
    fields: Table,
    unique: Table,
    listed: Vec<Table>,
}

fn names(indexed: bool) -> Vec<&'static str> {
    let listed = if indexed { FIELDS.as_slice() } else { &[] };
    ["fields", "unique"].into_iter().chain(listed.iter().copied()).collect()
}

/// The tables that are there.
fn tables(env: &Env<WithoutTls>, names: &[&str]) -> Result<Option<Vec<Table>>> {
    let mut found = Vec::new();
    for name in names {
        let open = env.open_databases_and_commit(env.read_txn()?, |opener, txn| {
            let table = opener.open_database::<Bytes, Bytes>(txn, Some(name))?;
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(table))
        })?;
        match open.commit().flatten() {
            Some(table) => found.push(table),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn make_tables(env: &Env<WithoutTls>, names: &[&str]) -> Result<Vec<Table>> {
    let make = |name: &&str| {
        let made = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let table = opener.create_database::<Bytes, Bytes>(txn, Some(name))?;
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(table))
        })?;
        made.commit().context("the tables were not made")
    };
    names.iter().map(make).collect()
}

impl Lmdb {
    fn write(&self, act: impl FnOnce(&mut RwTxn<'_>, &mut Vec<u8>) -> Result<()>) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        act(&mut txn, &mut Vec::new())?;
        Ok(txn.commit()?)
    }

    fn insert(&self, txn: &mut RwTxn<'_>, row: &crate::plan::Row, out: &mut Vec<u8>) -> Result<()> {
        let id = row.id.as_bytes();
        Record::new(&row.account, &row.fields).encode(0, out)?;
        self.fields.put(txn, id, out)?;
        self.give(txn, id, &row.account)?;
        for (table, value) in self.listed.iter().zip(&row.fields) {
            table.put(txn, &listed(value, id), &[])?;
        }
        Ok(())
    }

    /// Gives a customer an enforced value that nobody has.
    fn give(&self, txn: &mut RwTxn<'_>, id: &[u8; 16], account: &str) -> Result<()> {
        let account = account.as_bytes();
        Ok(self.unique.put_with_flags(txn, PutFlags::NO_OVERWRITE, account, id)?)
    }

    fn set_one(&self, txn: &mut RwTxn<'_>, id: Uuid, fields: &Fields, out: &mut Vec<u8>) -> Result<()> {
        let id = id.as_bytes();
        let before = self.fields.get(txn, id)?.context("no such customer")?;
        let before = Record::decode(before, 0)?;
        Record::new(before.account(), fields).encode(0, out)?;
        let old = if self.listed.is_empty() { None } else { Some(before.fields().map(str::to_owned)) };
        for ((table, old), new) in self.listed.iter().zip(old.iter().flatten()).zip(fields) {
            if old != new {
                table.delete(txn, &listed(old, id))?;
                table.put(txn, &listed(new, id), &[])?;
            }
        }
        Ok(self.fields.put(txn, id, out)?)
    }
}

impl System for Lmdb {
    type Reader<'a> = Held<'a>;

    #[allow(unsafe_code)]
    fn open(setup: &Setup) -> Result<Self> {
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(MAP).max_dbs(5).max_readers(128);
        // SAFETY: the folder is this process's own, and nobody else changes the file while it is mapped.
        let env = unsafe { options.open(&setup.folder)? };
        let names = names(setup.is_indexed());
        let tables = match tables(&env, &names)? {
            Some(tables) => tables,
            None => make_tables(&env, &names)?,
        };
        let mut tables = tables.into_iter();
        let (fields, unique) = tables.next().zip(tables.next()).context("two tables at least")?;
        Ok(Self { env, fields, unique, listed: tables.collect() })
    }

    fn load(&self, _setup: &Setup, rows: &mut Rows) -> Result<()> {
        self.write(|txn, out| rows.try_for_each(|row| self.insert(txn, &row, out)))
    }

    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T> {
        work(&mut Held { lmdb: self, txn: Some(self.env.read_txn()?) })
    }

    fn set(&self, id: Uuid, fields: &Fields) -> Result<()> {
        self.write(|txn, out| self.set_one(txn, id, fields, out))
    }

    fn set_many(&self, sets: &[(Uuid, Fields)]) -> Result<()> {
        self.write(|txn, out| sets.iter().try_for_each(|(id, fields)| self.set_one(txn, *id, fields, out)))
    }

    fn set_account(&self, id: Uuid, account: &str) -> Result<()> {
        self.write(|txn, out| {
            let id = id.as_bytes();
            let before = self.fields.get(txn, id)?.context("no such customer")?;
            let before = Record::decode(before, 0)?;
            let old = before.account().to_owned();
            Record::new(account, &before.fields().map(str::to_owned)).encode(0, out)?;
            ensure!(self.unique.delete(txn, old.as_bytes())?, "an index without a row");
            self.fields.put(txn, id, out)?;
            self.give(txn, id, account)
        })
    }

    fn close(self) -> Result<()> {
        self.env.prepare_for_closing().wait();
        Ok(())
    }
}

/// A read transaction. There is none while it is renewed.
pub struct Held<'a> {
    lmdb: &'a Lmdb,
    txn: Option<RoTxn<'a, WithoutTls>>,
}

impl Held<'_> {
    fn txn(&self) -> Result<&RoTxn<'_, WithoutTls>> {
        self.txn.as_ref().context("no transaction")
    }
}

impl super::Reader for Held<'_> {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>> {
        let id = self.lmdb.unique.get(self.txn()?, account.as_bytes())?;
        Ok(id.map(Uuid::from_slice).transpose()?)
    }

    fn values(&mut self, id: Uuid) -> Result<Option<Values>> {
        let row = self.lmdb.fields.get(self.txn()?, id.as_bytes())?;
        row.map(|row| Ok(Record::decode(row, 0)?.values())).transpose()
    }

    fn renew(&mut self) -> Result<()> {
        self.txn = None;
        self.txn = Some(self.lmdb.env.read_txn()?);
        Ok(())
    }
}
