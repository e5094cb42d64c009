//! native_db: typed records over redb.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use native_db::db_type::{KeyOptions, ToKeyDefinition};
use native_db::transaction::{RTransaction, RwTransaction};
use native_db::{Builder, Database, Key, Models, ToInput, ToKey, native_db};
use native_model::{Model, native_model};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CACHE, Setup, System, Values};
use crate::plan::{ACCOUNT, FIELDS, Fields, Row, Rows};

/// What it is set to.
pub const SETTINGS: &str = "a unique secondary key, 1 GiB of cache, load in one transaction, values changed with \
    `update`, a read transaction held and renewed after a write";

/// An id as a key in the order of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Id([u8; 16]);

impl ToKey for Id {
    fn to_key(&self) -> Key {
        Key::new(self.0.to_vec())
    }

    fn key_names() -> Vec<String> {
        vec!["Id".to_owned()]
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[native_model(id = 1, version = 1)]
#[native_db]
pub struct Customer {
    #[primary_key]
    id: Id,
    #[secondary_key(unique)]
    account: String,
    tier: String,
    region: String,
    owner: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[native_model(id = 2, version = 1)]
#[native_db]
pub struct IndexedCustomer {
    #[primary_key]
    id: Id,
    #[secondary_key(unique)]
    account: String,
    #[secondary_key]
    tier: String,
    #[secondary_key]
    region: String,
    #[secondary_key]
    owner: String,
}

/// A customer as a record.
pub trait Kept: ToInput + Clone + Send + Sync + 'static {
    fn new(row: Row) -> Self;
    /// The records of a file, which it is opened with.
    fn models() -> Result<&'static Models>;
    /// The key that finds a record by its enforced value.
    fn by_account() -> impl ToKeyDefinition<KeyOptions>;
    fn id(&self) -> Uuid;
    fn set(&mut self, fields: &Fields);
    fn set_account(&mut self, account: &str);
    fn values(self) -> Values;
}

macro_rules! kept {
    ($record:ident, $key:ident) => {
        impl Kept for $record {
            fn new(row: Row) -> Self {
                let [tier, region, owner] = row.fields;
                Self { id: Id(row.id.into_bytes()), account: row.account, tier, region, owner }
            }

            fn models() -> Result<&'static Models> {
                static MODELS: OnceLock<Models> = OnceLock::new();
                let mut models = Models::new();
                models.define::<Self>()?;
                Ok(MODELS.get_or_init(|| models))
            }

            fn by_account() -> impl ToKeyDefinition<KeyOptions> {
                $key::account
            }

            fn id(&self) -> Uuid {
                Uuid::from_bytes(self.id.0)
            }

            fn set(&mut self, fields: &Fields) {
                [self.tier, self.region, self.owner] = fields.clone();
            }

            fn set_account(&mut self, account: &str) {
                account.clone_into(&mut self.account);
            }

            fn values(self) -> Values {
                let keys = [ACCOUNT].into_iter().chain(FIELDS).map(str::to_owned);
                keys.zip([self.account, self.tier, self.region, self.owner]).collect()
            }
        }
    };
}

kept!(Customer, CustomerKey);
kept!(IndexedCustomer, IndexedCustomerKey);

/// With one value indexed, or all of them.
pub struct NativeDb<R = Customer> {
    db: Database<'static>,
    records: PhantomData<R>,
}

/// native_db with all values indexed.
pub type IndexedNativeDb = NativeDb<IndexedCustomer>;

fn path(setup: &Setup) -> PathBuf {
    setup.folder.join("peer.native_db")
}

impl<R: Kept> NativeDb<R> {
    fn write(&self, act: impl FnOnce(&RwTransaction<'_>) -> Result<()>) -> Result<()> {
        let txn = self.db.rw_transaction()?;
        act(&txn)?;
        Ok(txn.commit()?)
    }
}

fn change<R: Kept>(txn: &RwTransaction<'_>, id: Uuid, change: impl FnOnce(&mut R)) -> Result<()> {
    let before: R = txn.get().primary(Id(id.into_bytes()))?.context("no such customer")?;
    let mut after = before.clone();
    change(&mut after);
    Ok(txn.update(before, after)?)
}

impl<R: Kept> System for NativeDb<R> {
    type Reader<'a> = Held<'a, R>;

    fn open(setup: &Setup) -> Result<Self> {
        let db = Builder::new().set_cache_size(CACHE).create(R::models()?, path(setup))?;
        Ok(Self { db, records: PhantomData })
    }

    fn load(&self, _setup: &Setup, rows: &mut Rows) -> Result<()> {
        self.write(|txn| rows.try_for_each(|row| Ok(txn.insert(R::new(row))?)))
    }

    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T> {
        work(&mut Held { db: &self.db, txn: self.db.r_transaction()?, records: PhantomData })
    }

    fn set(&self, id: Uuid, fields: &Fields) -> Result<()> {
        self.write(|txn| change(txn, id, |row: &mut R| row.set(fields)))
    }

    fn set_many(&self, sets: &[(Uuid, Fields)]) -> Result<()> {
        self.write(|txn| {
            sets.iter().try_for_each(|(id, fields)| change(txn, *id, |row: &mut R| row.set(fields)))
        })
    }

    fn set_account(&self, id: Uuid, account: &str) -> Result<()> {
        self.write(|txn| change(txn, id, |row: &mut R| row.set_account(account)))
    }

    fn close(self) -> Result<()> {
        Ok(())
    }
}

/// A read transaction.
pub struct Held<'a, R> {
    db: &'a Database<'static>,
    txn: RTransaction<'a>,
    records: PhantomData<R>,
}

impl<R: Kept> super::Reader for Held<'_, R> {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>> {
        let found: Option<R> = self.txn.get().secondary(R::by_account(), account)?;
        Ok(found.map(|row| row.id()))
    }

    fn values(&mut self, id: Uuid) -> Result<Option<Values>> {
        let found: Option<R> = self.txn.get().primary(Id(id.into_bytes()))?;
        Ok(found.map(R::values))
    }

    fn renew(&mut self) -> Result<()> {
        self.txn = self.db.r_transaction()?;
        Ok(())
    }
}
