//! The change feed: all changes in the order in which they were committed.

use std::ops::ControlFlow;
use std::time::Duration;

use super::history::{not_there, told};
use super::{ReadingHistory as _, Store};
use crate::error::{Fault, Result};
use crate::model::change::{ChangeRow, What};
use crate::model::history::{Change, Moment};
use crate::model::page::MAX_PAGE_LIMIT;
use crate::storage::journal;
use crate::storage::view::Reader;

/// The changes behind that number, in order, up to `limit`.
pub fn since(reader: &impl Reader, sequence: u64, limit: usize) -> Result<Vec<Change>> {
    let mut faults = Vec::new();
    if !(1..=MAX_PAGE_LIMIT).contains(&limit) {
        faults.push(Fault::PageLimit { found: limit, most: MAX_PAGE_LIMIT });
    }
    faults.extend(not_there(reader, sequence));
    Fault::none_of(faults)?;
    let trimmed = |kept_from| Fault::HistoryTrimmed { asked: Moment::Change(sequence), kept_from };
    let first = journal::next(reader, 0)?.map_or(1, |(first, change)| kept_from(first, &change));
    if sequence.saturating_add(1) < first {
        return Err(trimmed(first).into());
    }
    let (mut found, mut unkept) = (Vec::new(), None);
    journal::scan(reader, sequence, |number, change| {
        if change.what == What::NotKept {
            unkept = Some(kept_from(number, &change));
            return Ok(ControlFlow::Break(()));
        }
        found.push((number, change));
        Ok(if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    match unkept {
        Some(kept_from) if found.is_empty() => Err(trimmed(kept_from).into()),
        _ => told(reader, found),
    }
}

/// From which change on the feed goes on at a row of the journal: behind one that stands for those that were not kept.
fn kept_from(number: u64, row: &ChangeRow) -> u64 {
    if row.what == What::NotKept { number.saturating_add(1) } else { number }
}

impl Store {
    /// The changes behind that number, as [`changes_since`](crate::ReadingHistory::changes_since) has them; where
    /// there are none yet, it waits until there are, or until the time is over, and then there are none in the answer.
    ///
    /// For a thread that follows the store. Any number of threads may wait, and no writer waits for them. With
    /// [`Duration::MAX`] the time is never over.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use std::time::Duration;
    ///
    /// let store = Store::in_memory()?;
    /// std::thread::scope(|scope| {
    ///     let follower = scope.spawn(|| store.wait_for_changes(0, 100, Duration::from_secs(60)));
    ///     store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    ///     let changes = follower.join().unwrap()?;
    ///     assert!(matches!(changes[0].what, ChangeKind::KeyAdded { .. }));
    ///     Ok::<_, Error>(())
    /// })?;
    /// assert!(store.wait_for_changes(1, 100, Duration::ZERO)?.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`changes_since`](crate::ReadingHistory::changes_since); [`Closed`](crate::Error::Closed), also where the
    /// store is closed while it waits; [`Reentrant`](crate::Error::Reentrant) from inside a transaction of this store.
    pub fn wait_for_changes(&self, sequence: u64, limit: usize, time_limit: Duration) -> Result<Vec<Change>> {
        let found = self.changes_since(sequence, limit)?;
        if !found.is_empty() {
            return Ok(found);
        }
        since(&*self.engine.view_behind(sequence, time_limit)?, sequence, limit)
    }
}
