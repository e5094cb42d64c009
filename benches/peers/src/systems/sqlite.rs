//! SQLite.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use rusqlite::{CachedStatement, Connection, OpenFlags, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::{Setup, System, Values};
use crate::plan::{ACCOUNT, FIELDS, Fields, Rows};

const TABLE: &str = "CREATE TABLE customer (id BLOB PRIMARY KEY, account TEXT NOT NULL UNIQUE, \
    tier TEXT, region TEXT, owner TEXT) WITHOUT ROWID";
const INDEXES: &str = "CREATE INDEX by_tier ON customer (tier); CREATE INDEX by_region ON customer (region); \
    CREATE INDEX by_owner ON customer (owner)";
const INSERT: &str = "INSERT INTO customer (id, account, tier, region, owner) VALUES (?1, ?2, ?3, ?4, ?5)";
const FIND: &str = "SELECT id FROM customer WHERE account = ?1";
const VALUES: &str = "SELECT account, tier, region, owner FROM customer WHERE id = ?1";
const SET: &str = "UPDATE customer SET tier = ?2, region = ?3, owner = ?4 WHERE id = ?1";
const SET_ACCOUNT: &str = "UPDATE customer SET account = ?2 WHERE id = ?1";

/// What it is set to.
pub const SETTINGS: &str = "WAL, synchronous=FULL, cache_size 1 GiB, mmap_size 16 GiB, WITHOUT ROWID, prepared \
    statements, load with one prepared insert in one transaction, readers with connections of their own in a read \
    transaction that is renewed after a write, all writes through one connection behind a mutex";

pub struct Sqlite {
    path: PathBuf,
    /// The one connection that writes. Several of them would wait for one another in steps of milliseconds.
    writer: Mutex<Option<Connection>>,
}

fn connect(path: &Path) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -1048576; \
         PRAGMA mmap_size = 17179869184; PRAGMA temp_store = MEMORY",
    )?;
    Ok(connection)
}

impl Sqlite {
    fn writing<T>(&self, act: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            *writer = Some(connect(&self.path)?);
        }
        writer.as_mut().map_or_else(|| anyhow::bail!("no connection"), act)
    }
}

fn set(connection: &Connection, id: Uuid, [tier, region, owner]: &Fields) -> Result<()> {
    let mut statement = connection.prepare_cached(SET)?;
    let changed = statement.execute(params![id.as_bytes(), tier, region, owner])?;
    ensure!(changed == 1, "no such customer");
    Ok(())
}

impl System for Sqlite {
    type Reader<'a> = Held<'a>;

    fn open(setup: &Setup) -> Result<Self> {
        Ok(Self { path: setup.folder.join("peer.sqlite"), writer: Mutex::new(None) })
    }

    fn load(&self, setup: &Setup, rows: &mut Rows) -> Result<()> {
        self.writing(|connection| {
            connection.execute_batch(TABLE)?;
            if setup.is_indexed() {
                connection.execute_batch(INDEXES)?;
            }
            let txn = connection.transaction()?;
            {
                let mut insert = txn.prepare(INSERT)?;
                for row in rows {
                    let [tier, region, owner] = &row.fields;
                    insert.execute(params![row.id.as_bytes(), row.account, tier, region, owner])?;
                }
            }
            Ok(txn.commit()?)
        })
    }

    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T> {
        let connection = connect(&self.path)?;
        connection.execute_batch("BEGIN")?;
        let mut held = Held {
            find: connection.prepare_cached(FIND)?,
            values: connection.prepare_cached(VALUES)?,
            connection: &connection,
        };
        work(&mut held)
    }

    fn set(&self, id: Uuid, fields: &Fields) -> Result<()> {
        self.writing(|connection| set(connection, id, fields))
    }

    fn set_many(&self, sets: &[(Uuid, Fields)]) -> Result<()> {
        self.writing(|connection| {
            let txn = connection.transaction()?;
            sets.iter().try_for_each(|(id, fields)| set(&txn, *id, fields))?;
            Ok(txn.commit()?)
        })
    }

    fn set_account(&self, id: Uuid, account: &str) -> Result<()> {
        self.writing(|connection| {
            let changed = connection.prepare_cached(SET_ACCOUNT)?.execute(params![id.as_bytes(), account])?;
            ensure!(changed == 1, "no such customer");
            Ok(())
        })
    }

    /// The last connection to close puts the log into the file.
    fn close(self) -> Result<()> {
        let writer = self.writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        match writer {
            Some(connection) => connection.close().map_err(|(_, error)| error.into()),
            None => Ok(()),
        }
    }
}

/// A connection in a read transaction.
pub struct Held<'a> {
    connection: &'a Connection,
    find: CachedStatement<'a>,
    values: CachedStatement<'a>,
}

fn values(row: &Row<'_>) -> rusqlite::Result<Values> {
    let keys = [ACCOUNT].into_iter().chain(FIELDS).enumerate();
    keys.map(|(column, key)| Ok((key.to_owned(), row.get(column)?))).collect()
}

impl super::Reader for Held<'_> {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>> {
        let id = self.find.query_row([account], |row| row.get::<_, [u8; 16]>(0)).optional()?;
        Ok(id.map(Uuid::from_bytes))
    }

    fn values(&mut self, id: Uuid) -> Result<Option<Values>> {
        Ok(self.values.query_row([id.as_bytes()], values).optional()?)
    }

    fn renew(&mut self) -> Result<()> {
        Ok(self.connection.execute_batch("COMMIT; BEGIN")?)
    }
}
