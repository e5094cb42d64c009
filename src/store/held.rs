//! Snapshots that are held: how long the oldest one has been.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// The snapshots of a store that are held, by when they were taken.
#[derive(Debug, Default)]
pub struct HeldSnapshots {
    since: Arc<Mutex<BTreeSet<(Instant, u64)>>>,
}

/// Stands for a snapshot and its clones, until the last of them is dropped.
#[derive(Debug)]
pub struct Hold {
    key: (Instant, u64),
    of: Arc<Mutex<BTreeSet<(Instant, u64)>>>,
}

impl HeldSnapshots {
    /// Counts a snapshot that is taken now.
    pub fn hold(&self) -> Arc<Hold> {
        let mut since = self.since.lock();
        let now = Instant::now();
        let number = since.last().map_or(0, |(_, last)| last.wrapping_add(1));
        let key = (now, number);
        since.insert(key);
        Arc::new(Hold { key, of: Arc::clone(&self.since) })
    }

    /// How long the oldest one has been held; `None` where none is.
    pub fn oldest(&self) -> Option<Duration> {
        self.since.lock().first().map(|(since, _)| since.elapsed())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.of.lock().remove(&self.key);
    }
}
