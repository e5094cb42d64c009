//! How a batch ended, told to everybody whose changes are in it.

use std::sync::Arc;

use super::locks::{Condvar, Mutex};
use crate::error::EngineError;

/// How a batch ended.
#[derive(Debug, Clone)]
pub(super) enum Ended {
    Committed,
    NotApplied(EngineError),
    OutcomeUnknown(EngineError),
}

/// What a member waits for.
pub(super) struct Answer {
    ended: Mutex<Option<Ended>>,
    told: Condvar,
}

impl Answer {
    pub(super) fn wait(&self) -> Ended {
        let mut ended = self.ended.lock();
        loop {
            match &*ended {
                Some(ended) => return ended.clone(),
                None => self.told.wait(&mut ended),
            }
        }
    }
}

/// The batch's side of the answer. Dropped without one, it answers that nothing was applied.
pub(super) struct Verdict(Arc<Answer>);

impl Verdict {
    pub(super) fn new() -> Self {
        Self(Arc::new(Answer { ended: Mutex::new(None), told: Condvar::new() }))
    }

    pub(super) fn answer(&self) -> Arc<Answer> {
        Arc::clone(&self.0)
    }

    pub(super) fn tell(&self, how: Ended) {
        self.0.ended.lock().get_or_insert(how);
        self.0.told.notify_all();
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        if self.0.ended.lock().is_none() {
            self.tell(Ended::NotApplied(EngineError::new("the batch was given up")));
        }
    }
}
