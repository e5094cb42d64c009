//! fjall, a log-structured store.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fjall::config::{CompressionPolicy, HashRatioPolicy, PinningPolicy};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch as WriteBatch, PersistMode,
};
use uuid::Uuid;

use super::record::{Record, listed};
use super::{CACHE, Setup, System, Values};
use crate::plan::{FIELDS, Fields, Rows};

/// What it is set to.
pub const SETTINGS: &str = "PersistMode::SyncAll for each batch, 1 GiB of cache, no compression, hashes in the data blocks, \
    index and filter blocks pinned, load in batches of 10,000 with one SyncAll at the end, reads without a snapshot, a \
    mutex around what reads a row and then writes it; measured and closed when its memtables are flushed and its \
    compactions done";

pub struct Fjall {
    db: Database,
    fields: Keyspace,
    unique: Keyspace,
    listed: Vec<Keyspace>,
    /// Who changes a row has read it before.
    turn: Mutex<()>,
}

impl Fjall {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, batch: &mut WriteBatch, row: &crate::plan::Row) -> Result<()> {
        let id = row.id.as_bytes();
        let mut out = Vec::new();
        Record::new(&row.account, &row.fields).encode(0, &mut out)?;
        batch.insert(&self.fields, id.as_slice(), out);
        batch.insert(&self.unique, row.account.as_bytes(), id.as_slice());
        for (table, value) in self.listed.iter().zip(&row.fields) {
            batch.insert(table, listed(value, id), []);
        }
        Ok(())
    }

    fn set_one(&self, batch: &mut WriteBatch, id: Uuid, fields: &Fields) -> Result<()> {
        let id = id.as_bytes();
        let before = self.fields.get(id)?.context("no such customer")?;
        let before = Record::decode(&before, 0)?;
        let mut out = Vec::new();
        Record::new(before.account(), fields).encode(0, &mut out)?;
        batch.insert(&self.fields, id.as_slice(), out);
        for ((table, old), new) in self.listed.iter().zip(before.fields()).zip(fields) {
            if old != new {
                batch.remove(table, listed(old, id));
                batch.insert(table, listed(new, id), []);
            }
        }
        Ok(())
    }

    fn batch(&self) -> WriteBatch {
        self.db.batch().durability(Some(PersistMode::SyncAll))
    }
}

impl System for Fjall {
    type Reader<'a> = &'a Self;

    fn open(setup: &Setup) -> Result<Self> {
        let db = Database::builder(&setup.folder).cache_size(u64::try_from(CACHE)?).open()?;
        let options = || {
            KeyspaceCreateOptions::default()
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
                .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75))
                .index_block_pinning_policy(PinningPolicy::all(true))
                .filter_block_pinning_policy(PinningPolicy::all(true))
        };
        let listed = if setup.is_indexed() { FIELDS.as_slice() } else { &[] };
        let listed = listed.iter().map(|name| db.keyspace(name, options)).collect::<Result<_, _>>()?;
        let (fields, unique) = (db.keyspace("fields", options)?, db.keyspace("unique", options)?);
        Ok(Self { db, fields, unique, listed, turn: Mutex::new(()) })
    }

    fn load(&self, _setup: &Setup, rows: &mut Rows) -> Result<()> {
        const CHUNK: usize = 10_000;
        loop {
            let mut batch = self.db.batch();
            rows.by_ref().take(CHUNK).try_for_each(|row| self.insert(&mut batch, &row))?;
            if batch.is_empty() {
                return Ok(self.db.persist(PersistMode::SyncAll)?);
            }
            batch.commit()?;
        }
    }

    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T> {
        work(&mut &*self)
    }

    fn set(&self, id: Uuid, fields: &Fields) -> Result<()> {
        let _turn = self.turn();
        let mut batch = self.batch();
        self.set_one(&mut batch, id, fields)?;
        Ok(batch.commit()?)
    }

    fn set_many(&self, sets: &[(Uuid, Fields)]) -> Result<()> {
        let _turn = self.turn();
        let mut batch = self.batch();
        sets.iter().try_for_each(|(id, fields)| self.set_one(&mut batch, *id, fields))?;
        Ok(batch.commit()?)
    }

    fn set_account(&self, id: Uuid, account: &str) -> Result<()> {
        let _turn = self.turn();
        ensure!(!self.unique.contains_key(account)?, "{account} is held");
        let before = self.fields.get(id.as_bytes())?.context("no such customer")?;
        let before = Record::decode(&before, 0)?;
        let mut out = Vec::new();
        Record::new(account, &before.fields().map(str::to_owned)).encode(0, &mut out)?;
        let mut batch = self.batch();
        batch.remove(&self.unique, before.account());
        batch.insert(&self.unique, account, id.as_bytes().as_slice());
        batch.insert(&self.fields, id.as_bytes().as_slice(), out);
        Ok(batch.commit()?)
    }

    fn settle(&self) -> Result<()> {
        let tables = [&self.fields, &self.unique].into_iter().chain(&self.listed);
        tables.into_iter().try_for_each(Keyspace::rotate_memtable_and_wait)?;
        while self.db.active_compactions() > 0 || self.db.outstanding_flushes() > 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn close(self) -> Result<()> {
        self.settle()?;
        Ok(self.db.persist(PersistMode::SyncAll)?)
    }
}

impl super::Reader for &Fjall {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>> {
        let id = self.unique.get(account)?;
        Ok(id.map(|id| Uuid::from_slice(&id)).transpose()?)
    }

    fn values(&mut self, id: Uuid) -> Result<Option<Values>> {
        let row = self.fields.get(id.as_bytes())?;
        row.map(|row| Ok(Record::decode(&row, 0)?.values())).transpose()
    }

    fn renew(&mut self) -> Result<()> {
        Ok(())
    }
}
