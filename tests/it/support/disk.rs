//! Bytes in memory that count what is done with them, fail where a test says so, and outlive the store.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard};

use billfold::Backend;

/// What a store does with its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Read,
    Write,
    SetLen,
    Sync,
}

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// From then on, and not once.
    pub for_ever: bool,
    /// It is full, where it is not broken.
    pub full: bool,
}

impl Failing {
    pub const ALL: [Self; 4] = [
        Self { for_ever: false, full: false },
        Self { for_ever: true, full: false },
        Self { for_ever: false, full: true },
        Self { for_ever: true, full: true },
    ];

    fn error(self) -> Error {
        Error::from(if self.full { ErrorKind::StorageFull } else { ErrorKind::Other })
    }
}

/// A disk. Clones are the same disk, so a test keeps one and gives another to the store.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    bytes: Vec<u8>,
    /// The bytes as they were when they were last synced, for a disk that remembers.
    synced: Option<Vec<u8>>,
    counts: BTreeMap<Access, u64>,
    /// Fail the access of that kind after so many more.
    fails: Option<(Access, u64, Failing)>,
    failed: bool,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.inner().bytes.len())
    }
}

impl Disk {
    /// A disk that can lose what was not synced.
    pub fn that_can_lose_power() -> Self {
        let disk = Self::default();
        disk.inner().synced = Some(Vec::new());
        disk
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Another disk with the same bytes, as if the file had been copied.
    pub fn copy(&self) -> Self {
        let copy = Self::default();
        copy.inner().bytes.clone_from(&self.inner().bytes);
        copy
    }

    /// Another disk with what was synced, which can lose power too.
    pub fn after_power_loss(&self) -> Self {
        let synced = self.inner().synced.clone().expect("a disk that can lose power");
        let copy = Self::of(synced.clone());
        copy.inner().synced = Some(synced);
        copy
    }

    /// How often that was done.
    pub fn count(&self, access: Access) -> u64 {
        self.inner().counts.get(&access).copied().unwrap_or(0)
    }

    /// Lets the access of that kind fail, once, that comes after `more` others of it.
    pub fn fail(&self, access: Access, more: u64) {
        self.fail_so(access, more, Failing { for_ever: false, full: false });
    }

    /// Lets accesses of that kind fail so, from the one on that comes after `more` others of it.
    pub fn fail_so(&self, access: Access, more: u64, failing: Failing) {
        let mut inner = self.inner();
        inner.fails = Some((access, more, failing));
        inner.failed = false;
    }

    /// Whether the access that was to fail came, and failed.
    pub fn has_failed(&self) -> bool {
        self.inner().failed
    }

    /// A disk with these bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.inner().bytes = bytes;
        disk
    }

    /// What is on it.
    pub fn bytes(&self) -> Vec<u8> {
        self.inner().bytes.clone()
    }

    /// Takes back what [`fail`](Self::fail) said.
    pub fn heal(&self) {
        self.inner().fails = None;
    }

    /// Changes every place where these bytes stand; how many there were.
    pub fn overwrite(&self, old: &[u8], new: &[u8]) -> usize {
        assert_eq!(old.len(), new.len());
        let bytes = &mut self.inner().bytes;
        let places: Vec<_> =
            (0..bytes.len() - old.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
        for at in &places {
            bytes[*at..at + old.len()].copy_from_slice(new);
        }
        places.len()
    }

    fn access(&self, access: Access) -> Result<MutexGuard<'_, Inner>> {
        let mut inner = self.inner();
        *inner.counts.entry(access).or_default() += 1;
        match &mut inner.fails {
            Some((kind, 0, failing)) if *kind == access => {
                let failing = *failing;
                if !failing.for_ever {
                    inner.fails = None;
                }
                inner.failed = true;
                return Err(failing.error());
            }
            Some((kind, more, _)) if *kind == access => *more -= 1,
            _ => {}
        }
        Ok(inner)
    }
}

pub fn place(offset: u64, len: usize) -> std::ops::Range<usize> {
    let start = usize::try_from(offset).unwrap();
    start..start + len
}

impl Backend for Disk {
    fn len(&self) -> Result<u64> {
        Ok(self.inner().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let inner = self.access(Access::Read)?;
        out.copy_from_slice(&inner.bytes[place(offset, out.len())]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let mut inner = self.access(Access::SetLen)?;
        inner.bytes.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let mut inner = self.access(Access::Sync)?;
        if inner.synced.is_some() {
            inner.synced = Some(inner.bytes.clone());
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let mut inner = self.access(Access::Write)?;
        inner.bytes[place(offset, data.len())].copy_from_slice(data);
        Ok(())
    }
}
