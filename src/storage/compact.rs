//! Making the file as small as what it holds.

use std::sync::Arc;
use std::time::Duration;

use redb::CompactionError;

use super::engine::{Core, Db, Engine, Tip};
use super::failure::{Failure, guarded};
use super::view::View;
use crate::error::{Error, Result};

/// Readers that are under way are waited for so many times so long.
const TRIES: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(1);

impl Engine {
    /// Waits for its turn, has everything committed before on disk and moves what the file holds to its front; whether
    /// there was anything to move. Readers wait meanwhile, but for those that are told from memory.
    pub fn compact(&self, patience: Option<Duration>) -> Result<bool> {
        let (_inside, mut turn) = self.enter(patience)?;
        self.commit_last(&mut turn)?;
        let tip = self.tip.lock().clone();
        let compacted = self.core.compact(&tip);
        drop(turn);
        compacted
    }
}

impl Core {
    fn compact(self: &Arc<Self>, tip: &Tip) -> Result<bool> {
        match self.compacted(tip) {
            Ok(Some(moved)) => Ok(moved),
            Ok(None) => Err(Error::SnapshotsHeld),
            Err(failure) => Err(self.fail(failure)),
        }
    }

    /// `None` where somebody holds a view.
    fn compacted(self: &Arc<Self>, tip: &Tip) -> Result<Option<bool>, Failure> {
        let mut db = self.db.lock();
        let Some(view) = self.published.swap(None) else { return Err(self.closed_failure()) };
        if let Err(view) = let_go(view)? {
            self.published.store(Some(view));
            return Ok(None);
        }
        let Some(Db::Writable(open)) = &mut *db else { return Err(self.closed_failure()) };
        let mut compacted = guarded(|| Ok::<_, redb::Error>(open.compact()))?;
        for _ in 0..TRIES {
            // A reader of an older view, or a snapshot.
            let Err(CompactionError::TransactionInProgress) = compacted else { break };
            std::thread::sleep(PAUSE);
            compacted = guarded(|| Ok::<_, redb::Error>(open.compact()))?;
        }
        if let Some(db) = &*db {
            self.published.store(Some(Arc::new(View::new(self, db, tip)?)));
        }
        match compacted {
            Ok(moved) => Ok(Some(moved)),
            Err(CompactionError::TransactionInProgress) => Ok(None),
            Err(other) => Err(redb::Error::from(other).into()),
        }
    }

    fn closed_failure(&self) -> Failure {
        Failure::Closed(
            self.closed.get().cloned().unwrap_or_else(|| crate::error::EngineError::new("it was closed")),
        )
    }
}

/// Drops a view once nobody reads from it any more; gives it back where that takes too long.
fn let_go(mut view: Arc<View>) -> Result<Result<(), Arc<View>>, Failure> {
    for _ in 0..TRIES {
        view = match Arc::try_unwrap(view) {
            Ok(alone) => {
                return guarded(|| {
                    drop(alone);
                    Ok::<_, redb::Error>(Ok(()))
                });
            }
            Err(shared) => shared,
        };
        std::thread::sleep(PAUSE);
    }
    Ok(Err(view))
}
