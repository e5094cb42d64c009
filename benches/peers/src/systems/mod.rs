//! The systems that are compared, each behind the same few calls.

mod billfold;
mod counted;
mod fjall;
mod fork;
mod hashmap;
mod lmdb;
mod native_db;
mod record;
mod redb;
mod sqlite;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::plan::{Fields, Plan, Rows};

pub use self::billfold::Billfold;
pub use self::fjall::Fjall;
pub use self::fork::Forks;
pub use self::hashmap::Floor;
pub use self::lmdb::Lmdb;
pub use self::native_db::{IndexedNativeDb, NativeDb};
pub use self::redb::Redb;
pub use self::sqlite::Sqlite;

/// All values of one customer, by key: what every system is asked for.
pub type Values = BTreeMap<String, String>;

/// How much memory a system may take for what it has read, where it asks.
pub const CACHE: usize = 1 << 30;

/// The systems, in the order of the table.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Name {
    Billfold,
    Redb,
    Sqlite,
    Lmdb,
    Fjall,
    NativeDb,
    Hashmap,
}

impl Name {
    pub const ALL: [Self; 7] =
        [Self::Billfold, Self::Redb, Self::Sqlite, Self::Lmdb, Self::Fjall, Self::NativeDb, Self::Hashmap];

    pub const fn text(self) -> &'static str {
        match self {
            Self::Billfold => "billfold",
            Self::Redb => "redb",
            Self::Sqlite => "sqlite",
            Self::Lmdb => "lmdb",
            Self::Fjall => "fjall",
            Self::NativeDb => "native_db",
            Self::Hashmap => "hashmap",
        }
    }

    /// Whether it keeps things on disk, and is no floor for those that do.
    pub const fn is_durable(self) -> bool {
        !matches!(self, Self::Hashmap)
    }

    /// What the system is set to.
    pub const fn settings(self) -> &'static str {
        match self {
            Self::Billfold => billfold::SETTINGS,
            Self::Redb => redb::SETTINGS,
            Self::Sqlite => sqlite::SETTINGS,
            Self::Lmdb => lmdb::SETTINGS,
            Self::Fjall => fjall::SETTINGS,
            Self::NativeDb => native_db::SETTINGS,
            Self::Hashmap => hashmap::SETTINGS,
        }
    }
}

/// How the customers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Variant {
    /// The enforced key alone is indexed.
    Plain,
    /// All four values are.
    Indexed,
    /// billfold with its journal.
    Journal,
    /// billfold in memory, to be forked.
    Memory,
}

/// What a system is opened with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    pub system: Name,
    pub variant: Variant,
    pub plan: Plan,
    pub folder: PathBuf,
}

impl Setup {
    pub fn is_indexed(&self) -> bool {
        self.variant == Variant::Indexed
    }
}

/// A system with the customers in its folder.
pub trait System: Sized + Send + Sync {
    /// Whether it keeps the values that are not enforced.
    const HAS_VALUES: bool = true;

    /// Something that reads, of one thread.
    type Reader<'a>: Reader
    where
        Self: 'a;

    /// Opens what is in the setup's folder, and makes it if there is nothing.
    fn open(setup: &Setup) -> Result<Self>;

    /// Makes its tables and puts all rows into them; on disk when it returns.
    fn load(&self, setup: &Setup, rows: &mut Rows) -> Result<()>;

    /// Lends a reader that sees all that was written before.
    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T>;

    /// Changes the three values of a customer; on disk when it returns.
    fn set(&self, id: Uuid, fields: &Fields) -> Result<()>;

    /// Changes the values of several customers as one; on disk when it returns.
    fn set_many(&self, sets: &[(Uuid, Fields)]) -> Result<()>;

    /// Changes the enforced value of a customer; on disk when it returns.
    fn set_account(&self, id: Uuid, account: &str) -> Result<()>;

    /// Returns when nothing goes on in the background.
    fn settle(&self) -> Result<()> {
        Ok(())
    }

    /// Returns when all that is kept in memory is there; what reads is timed afterwards.
    fn warm(&self, _plan: Plan) -> Result<()> {
        Ok(())
    }

    /// Closes it, so that the next one to open it finds nothing to repair.
    fn close(self) -> Result<()>;

    /// Opens it so that the pages it writes are counted, if it can.
    fn open_counted(_setup: &Setup, _pages: &Arc<AtomicU64>) -> Result<Option<Self>> {
        Ok(None)
    }
}

/// What reads. It may show a moment of its own until it is renewed.
pub trait Reader {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>>;
    fn values(&mut self, id: Uuid) -> Result<Option<Values>>;
    /// Shows what was written up to now.
    fn renew(&mut self) -> Result<()>;
}
