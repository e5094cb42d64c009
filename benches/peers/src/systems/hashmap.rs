//! A map in memory: the floor under finds.

use std::collections::HashMap;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};
use uuid::Uuid;

use super::{Setup, System, Values};
use crate::plan::{Fields, Rows};

/// What it is set to.
pub const SETTINGS: &str = "std::collections::HashMap<String, Uuid>, in memory alone, from the enforced value \
    to the id and with nothing else, made without knowing how many there will be: a floor and no peer";

#[derive(Default)]
pub struct Floor(OnceLock<HashMap<String, Uuid>>);

impl System for Floor {
    const HAS_VALUES: bool = false;

    type Reader<'a> = &'a HashMap<String, Uuid>;

    fn open(_setup: &Setup) -> Result<Self> {
        Ok(Self::default())
    }

    fn load(&self, _setup: &Setup, rows: &mut Rows) -> Result<()> {
        let mut map = HashMap::new();
        for row in rows {
            map.insert(row.account, row.id);
        }
        self.0.set(map).ok().context("a second load")
    }

    fn read<T>(&self, work: impl FnOnce(&mut Self::Reader<'_>) -> Result<T>) -> Result<T> {
        work(&mut self.0.get().context("nothing is loaded")?)
    }

    fn set(&self, _id: Uuid, _fields: &Fields) -> Result<()> {
        bail!("a map is not durable")
    }

    fn set_many(&self, _sets: &[(Uuid, Fields)]) -> Result<()> {
        bail!("a map is not durable")
    }

    fn set_account(&self, _id: Uuid, _account: &str) -> Result<()> {
        bail!("a map is not durable")
    }

    fn close(self) -> Result<()> {
        Ok(())
    }
}

impl super::Reader for &HashMap<String, Uuid> {
    fn find(&mut self, account: &str) -> Result<Option<Uuid>> {
        Ok(self.get(account).copied())
    }

    fn values(&mut self, _id: Uuid) -> Result<Option<Values>> {
        bail!("the map has no values")
    }

    fn renew(&mut self) -> Result<()> {
        Ok(())
    }
}
