//! Turns: one writer at a time, first come first served, with a batch that is handed from one to the next.
//!
//! Knows nothing of what a batch is. The holder of the [`Turn`] works on the batch; then it passes batch and
//! turn to the next in line, or, where nobody waits or the batch is full, ends the batch itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::locks::{Condvar, Mutex};

pub(super) struct Queue<B> {
    line: Mutex<Line<B>>,
}

struct Line<B> {
    /// Whether somebody has the turn.
    taken: bool,
    waiting: VecDeque<Arc<Place<B>>>,
}

/// A place in the line.
struct Place<B> {
    call: Mutex<Call<B>>,
    called: Condvar,
}

enum Call<B> {
    NotYet,
    /// It is this place's turn, to go on with a batch or to begin one.
    Turn(Option<B>),
}

/// The right to write. Dropping it gives the turn to the next in line, with no batch.
pub(super) struct Turn<'q, B> {
    queue: &'q Queue<B>,
    batch: Option<B>,
    held: bool,
}

impl<B> Queue<B> {
    pub(super) fn new() -> Self {
        Self { line: Mutex::new(Line { taken: false, waiting: VecDeque::new() }) }
    }

    /// Waits for a turn; `None` where `until` comes first.
    pub(super) fn enter(&self, until: Option<Instant>) -> Option<Turn<'_, B>> {
        let place = {
            let mut line = self.line.lock();
            if !line.taken {
                line.taken = true;
                return Some(Turn { queue: self, batch: None, held: true });
            }
            let place = Arc::new(Place { call: Mutex::new(Call::NotYet), called: Condvar::new() });
            line.waiting.push_back(Arc::clone(&place));
            place
        };
        let batch = match until {
            None => place.wait(),
            Some(until) => match place.wait_until(until) {
                Some(batch) => batch,
                None if self.leave(&place) => return None,
                // Called between the time limit and leaving: the turn is ours.
                None => place.wait(),
            },
        };
        Some(Turn { queue: self, batch, held: true })
    }

    /// Takes a place out of the line; false if it was called meanwhile.
    fn leave(&self, place: &Arc<Place<B>>) -> bool {
        let mut line = self.line.lock();
        let before = line.waiting.len();
        line.waiting.retain(|other| !Arc::ptr_eq(other, place));
        line.waiting.len() < before
    }

    /// Gives the turn away: to the next in line, or back.
    fn give(&self, batch: Option<B>) {
        let next = {
            let mut line = self.line.lock();
            let next = line.waiting.pop_front();
            line.taken = next.is_some();
            next
        };
        if let Some(place) = next {
            place.summon(batch);
        }
    }
}

impl<B> Place<B> {
    fn summon(&self, batch: Option<B>) {
        *self.call.lock() = Call::Turn(batch);
        self.called.notify_one();
    }

    fn wait(&self) -> Option<B> {
        let mut call = self.call.lock();
        loop {
            match std::mem::replace(&mut *call, Call::NotYet) {
                Call::Turn(batch) => return batch,
                Call::NotYet => self.called.wait(&mut call),
            }
        }
    }

    fn wait_until(&self, until: Instant) -> Option<Option<B>> {
        let mut call = self.call.lock();
        loop {
            match std::mem::replace(&mut *call, Call::NotYet) {
                Call::Turn(batch) => return Some(batch),
                Call::NotYet if Instant::now() >= until => return None,
                Call::NotYet => {
                    self.called.wait_until(&mut call, until);
                }
            }
        }
    }
}

impl<'q, B> Turn<'q, B> {
    /// The batch that came with the turn, to go on with; `None` to begin one.
    pub(super) fn take_batch(&mut self) -> Option<B> {
        self.batch.take()
    }

    /// Passes batch and turn to the next in line; where nobody waits, gives both back to end the batch.
    pub(super) fn pass(mut self, batch: B) -> Result<(), (Self, B)> {
        let next = self.queue.line.lock().waiting.pop_front();
        match next {
            Some(place) => {
                self.held = false;
                place.summon(Some(batch));
                Ok(())
            }
            None => Err((self, batch)),
        }
    }
}

impl<B> Drop for Turn<'_, B> {
    fn drop(&mut self) {
        if self.held {
            self.queue.give(self.batch.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn callers_get_their_turns_in_the_order_they_came_and_one_batch_goes_through_all() {
        let queue = Queue::<Vec<usize>>::new();
        let first = queue.enter(None).unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let queue = &queue;
                scope.spawn(move || {
                    let mut turn = queue.enter(None).unwrap();
                    let mut batch = turn.take_batch().expect("a batch is handed on");
                    batch.push(n);
                    if let Err((_, batch)) = turn.pass(batch) {
                        assert_eq!(batch, (0..8).collect::<Vec<_>>());
                    }
                });
                while queue.line.lock().waiting.len() <= n {
                    std::thread::yield_now();
                }
            }
            assert!(first.pass(Vec::new()).is_ok());
        });
        assert!(!queue.line.lock().taken);
    }

    #[test]
    fn whoever_runs_out_of_time_leaves_the_line_and_holds_nobody_up() {
        let queue = Queue::<()>::new();
        let first = queue.enter(None).unwrap();
        assert!(queue.enter(Some(Instant::now() + Duration::from_millis(5))).is_none());
        assert!(queue.line.lock().waiting.is_empty());
        drop(first);
        assert!(queue.enter(Some(Instant::now())).is_some());
    }
}
