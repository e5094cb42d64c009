//! billfold.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use billfold::prelude::*;
use uuid::Uuid;

use super::counted::CountedFile;
use super::{CACHE, Setup, System, Values, Variant};
use crate::plan::{ACCOUNT, FIELDS, Fields, Plan, Row, Rows, account};

/// What it is set to.
pub const SETTINGS: &str = "keep_journal(false) (but in the rows that say journal), 1 GiB of cache, up to 4 GiB \
    of names and values in memory, which are there before they are timed (but not after opening), bulk load \
    by `load`, finds and values through `Store` itself, so that each sees every write that has returned";

/// Nothing takes so long to come into memory.
const STUCK: Duration = Duration::from_secs(20);

pub struct Billfold(Store);

/// What a store is opened with, in a file or in memory.
pub(super) fn options(setup: &Setup) -> StoreOptions {
    StoreOptions::new()
        .cache_bytes(CACHE)
        .names_in_memory(NamesInMemory::UpTo(4 * CACHE))
        .adopt_unknown(true)
        .keep_journal(setup.variant == Variant::Journal)
}

/// Registers the keys and puts all rows into a store that is new.
pub(super) fn fill(store: &Store, indexed: bool, rows: &mut Rows) -> billfold::Result<()> {
    let kind = if indexed { KeyKind::Indexed } else { KeyKind::Unindexed };
    store.write(|tx| {
        tx.add_key(ManagedEntity::Customer, ACCOUNT, KeyKind::Enforced)?;
        FIELDS.into_iter().try_for_each(|key| tx.add_key(ManagedEntity::Customer, key, kind).map(drop))
    })?;
    store.load(rows.map(item)).map(drop)
}

fn item(row: Row) -> (CustomerId, CustomFields) {
    let values = FIELDS.into_iter().zip(row.fields).chain([(ACCOUNT, row.account)]);
    (CustomerId::from(row.id), values.collect())
}

fn pairs(fields: &Fields) -> [(&'static str, &str); 3] {
    let [tier, region, owner] = fields;
    let [tier_key, region_key, owner_key] = FIELDS;
    [(tier_key, tier), (region_key, region), (owner_key, owner)]
}

fn path(setup: &Setup) -> PathBuf {
    setup.folder.join("billfold.redb")
}

impl System for Billfold {
    type Reader<'a> = &'a Store;

    fn open(setup: &Setup) -> Result<Self> {
        Ok(Self(options(setup).open(path(setup))?))
    }

    fn load(&self, setup: &Setup, rows: &mut Rows) -> Result<()> {
        Ok(fill(&self.0, setup.is_indexed(), rows)?)
    }

    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T> {
        work(&mut &self.0)
    }

    fn set(&self, id: Uuid, fields: &Fields) -> Result<()> {
        self.0.set_values(CustomerId::from(id), pairs(fields))?;
        Ok(())
    }

    fn set_many(&self, sets: &[(Uuid, Fields)]) -> Result<()> {
        self.0.set_many(sets.iter().map(|(id, fields)| (CustomerId::from(*id), pairs(fields))))?;
        Ok(())
    }

    fn set_account(&self, id: Uuid, account: &str) -> Result<()> {
        self.0.set_values(CustomerId::from(id), [(ACCOUNT, account)])?;
        Ok(())
    }

    /// Asks until all names and values are in memory.
    fn warm(&self, plan: Plan) -> Result<()> {
        let (mut before, mut since) = (None, Instant::now());
        loop {
            for n in 0..1_000.min(plan.n) {
                let _: Option<CustomerId> = self.0.find(ACCOUNT, &account(n))?;
                self.0.values(CustomerId::from(plan.id(n)))?;
            }
            let found = self.0.names_in_memory()?;
            if found.whole_tables == found.tables && found.instances == plan.n {
                return Ok(());
            }
            if before != Some(found) {
                (before, since) = (Some(found), Instant::now());
            }
            ensure!(since.elapsed() < STUCK, "not all of it comes into memory: {found:?}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    fn close(self) -> Result<()> {
        Ok(self.0.close()?)
    }

    fn open_counted(setup: &Setup, pages: &Arc<AtomicU64>) -> Result<Option<Self>> {
        let file = CountedFile::open(&path(setup), pages)?;
        Ok(Some(Self(options(setup).on_backend(file)?)))
    }
}

impl super::Reader for &Store {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>> {
        let found: Option<CustomerId> = Reading::find(*self, ACCOUNT, account)?;
        Ok(found.map(CustomerId::uuid))
    }

    fn values(&mut self, id: Uuid) -> Result<Option<Values>> {
        match Reading::values(*self, CustomerId::from(id)) {
            Ok(values) => Ok(Some(values)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn renew(&mut self) -> Result<()> {
        Ok(())
    }
}
