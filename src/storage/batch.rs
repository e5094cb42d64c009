//! Writers that share a transaction: each runs in its turn, one of them commits for all, and all are answered.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::{Durability, WriteTransaction};

use super::engine::{Engine, Terms, Tip};
use super::failure::{Failure, guarded, let_go};
use super::member::{Leavings, Member};
use super::queue::Turn;
use super::resident::{Changed, Touched};
use super::verdict::{Ended, Verdict};
use crate::error::{EngineError, Error, Result};

/// A batch takes no more members than this,
const MOST_MEMBERS: usize = 256;
/// nor members after this many bytes,
const MOST_BYTES: usize = 1 << 20;
/// nor any this long after its first member was done.
const LONGEST: Duration = Duration::from_millis(2);

/// Members that share a transaction.
pub(super) struct Batch {
    txn: WriteTransaction,
    tip: Tip,
    members: usize,
    written: usize,
    must_sync: bool,
    touched: Touched,
    first_done: Option<Instant>,
    verdict: Verdict,
}

impl Batch {
    pub(super) fn new(txn: WriteTransaction, tip: Tip) -> Self {
        Self {
            txn,
            tip,
            members: 0,
            written: 0,
            must_sync: false,
            touched: Touched::default(),
            first_done: None,
            verdict: Verdict::new(),
        }
    }

    /// Has the batch committed, on disk, even if nothing changed.
    pub(super) fn demand_sync(&mut self) {
        self.must_sync = true;
        self.written += 1;
    }

    fn is_full(&self) -> bool {
        self.members >= MOST_MEMBERS
            || self.written >= MOST_BYTES
            || self.first_done.is_some_and(|first| first.elapsed() >= LONGEST)
    }
}

impl Ended {
    pub(super) fn into_result(self) -> Result<()> {
        match self {
            Self::Committed => Ok(()),
            Self::NotApplied(cause) => Err(Error::NotApplied(cause)),
            Self::OutcomeUnknown(cause) => Err(Error::OutcomeUnknown(cause)),
        }
    }
}

/// What a caller's closure came to: its result, or the panic it ended in.
type Came<T> = std::thread::Result<Result<T>>;

impl Engine {
    /// Waits for its turn, runs `act` as a member of a batch and answers when what it saw is committed.
    pub fn run<T>(&self, terms: &Terms, act: impl FnOnce(&Member<'_>) -> Result<T>) -> Result<T> {
        let (inside, mut turn) = self.enter(terms.patience)?;
        let batch = match turn.take_batch() {
            Some(batch) if terms.bulk.is_some() && batch.written > 0 => {
                // What a bulk load writes is too much to be noted and played back, so it begins a transaction. If
                // this commit fails, those whose it is are told why, and there is none to begin.
                let _ = self.commit(batch);
                self.begin()?
            }
            Some(batch) => batch,
            None => self.begin()?,
        };
        let answer = batch.verdict.answer();
        let saw_changes = batch.written > 0;
        let (came, mut leavings) = self.member(&batch, terms, act);
        drop(inside);
        let spoiled = leavings.spoiled.take();
        let keep = matches!(came, Ok(Ok(_))) && !terms.dry && spoiled.is_none();
        let waits = saw_changes || (keep && leavings.written > 0);
        let ended = match self.settle(batch, leavings, keep) {
            Ok(Some(batch)) => match self.pass_or_end(turn, batch) {
                Some(ended) => ended,
                None if waits => answer.wait(),
                None => Ended::Committed,
            },
            Ok(None) => Ended::Committed,
            Err(cause) => Ended::NotApplied(cause),
        };
        let result = came.unwrap_or_else(|panic| resume_unwind(panic));
        ended.into_result()?;
        match spoiled {
            // The closure went on as if nothing had been, but its changes were taken back.
            Some(why) => result.and(Err(why)),
            None => result,
        }
    }

    /// Runs one member's closure, and closes its tables.
    fn member<T>(
        &self,
        batch: &Batch,
        terms: &Terms,
        act: impl FnOnce(&Member<'_>) -> Result<T>,
    ) -> (Came<T>, Leavings) {
        let Tip { catalog, progress, .. } = batch.tip.clone();
        let keeps_notes = batch.written > 0;
        let member = Member::new(&batch.txn, &self.setting, terms, catalog, progress, keeps_notes);
        let came = catch_unwind(AssertUnwindSafe(|| {
            let done = act(&member)?;
            member.put_waiting().map(|()| done)
        }));
        (came, member.finish())
    }

    /// Makes a member's changes the batch's, or takes them back. `None` where that left nothing of anybody's.
    fn settle(&self, mut batch: Batch, leavings: Leavings, keep: bool) -> Result<Option<Batch>, EngineError> {
        let neighbours = batch.written > 0;
        let settled = match &leavings.failure {
            Some(failure) => Err(failure.clone()),
            None if keep => leavings.delete_dropped(&batch.txn),
            None if leavings.written > 0 && neighbours => leavings.play_back(&batch.txn),
            None => Ok(()),
        };
        if let Err(failure) = settled {
            return Err(self.give_up(batch, &failure));
        }
        if !keep && leavings.written > 0 && !neighbours {
            // Members before this one changed nothing, but ids may have been issued to them.
            *self.tip.lock() = batch.tip;
            return match guarded(|| batch.txn.abort()) {
                Ok(()) => Ok(None),
                Err(failure) => Err(self.core.fail_with(&failure)),
            };
        }
        if keep {
            batch.tip = Tip { catalog: leavings.catalog, progress: leavings.progress, ..batch.tip };
            batch.touched.extend(leavings.touched);
            batch.written += leavings.written;
            batch.must_sync |= leavings.must_sync;
        }
        batch.members += 1;
        batch.first_done.get_or_insert_with(Instant::now);
        Ok(Some(batch))
    }

    /// Ends a batch whose engine failed before the commit. The database is dropped before anybody hears of
    /// it, so that the path can be opened again.
    fn give_up(&self, batch: Batch, failure: &Failure) -> EngineError {
        let Batch { txn, verdict, .. } = batch;
        let_go(txn);
        let cause = self.core.fail_with(failure);
        verdict.tell(Ended::NotApplied(cause.clone()));
        cause
    }

    /// Passes the batch to the next in line, or commits it where nobody is next or it is full.
    fn pass_or_end(&self, turn: Turn<'_, Batch>, batch: Batch) -> Option<Ended> {
        let (turn, batch) = if batch.is_full() {
            (turn, batch)
        } else {
            match turn.pass(batch) {
                Ok(()) => return None,
                Err(both) => both,
            }
        };
        let ended = self.commit(batch);
        drop(turn);
        Some(ended)
    }

    /// Commits the batch, publishes the view and answers its members.
    pub(super) fn commit(&self, batch: Batch) -> Ended {
        let Batch { mut txn, mut tip, written, must_sync, touched, verdict, .. } = batch;
        if written == 0 {
            // There is nothing to commit, but ids may have been issued.
            *self.tip.lock() = tip;
            return match guarded(|| txn.abort()) {
                Ok(()) => Ended::Committed,
                Err(failure) => Ended::NotApplied(self.core.fail_with(&failure)),
            };
        }
        if let Some(cause) = self.core.closed.get() {
            // A reader met damage meanwhile.
            let failure = Failure::Closed(cause.clone());
            let_go(txn);
            let ended = Ended::NotApplied(self.core.fail_with(&failure));
            verdict.tell(ended.clone());
            return ended;
        }
        let syncs = self.setting.syncs || must_sync;
        let has_other_tables = !Arc::ptr_eq(&tip.catalog, &self.tip.lock().catalog);
        let before = Arc::clone(&tip.names);
        let marked = self.core.resident.mark(&Changed {
            before: &before,
            touched: &touched,
            catalog: has_other_tables.then_some(&tip.catalog),
        });
        tip.names = marked.directory();
        let durability = if syncs { Durability::Immediate } else { Durability::None };
        let committed = guarded(|| -> Result<(), redb::Error> {
            txn.set_durability(durability)?;
            Ok(txn.commit()?)
        });
        let ended = match committed {
            Ok(()) => {
                *self.tip.lock() = tip.clone();
                // If it cannot be published the store is closed, but what was committed stays so.
                if self.core.publish(&tip).is_ok() {
                    marked.settle();
                }
                Ended::Committed
            }
            Err(failure) => Ended::OutcomeUnknown(self.core.fail_with(&failure)),
        };
        verdict.tell(ended.clone());
        ended
    }
}
