//! Writers that take turns and share a batch: the library's queue and verdict, with numbers in place of changes.

use std::sync::Arc;
use std::time::Instant;

use loom::thread;

use super::locks::Mutex;
use super::queue::Queue;
use super::verdict::{Ended, Verdict};
use crate::error::EngineError;

/// What a writer does when its turn has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// It changes something.
    Writes,
    /// It panics, and what it changed is taken back.
    Panics,
    /// The engine fails under it: the batch is given up.
    Fails,
    /// It does not wait for long.
    Hasty,
}

/// Who meets whom: of each name, what the writers do.
pub const ALL: [(&str, &[Writer]); 6] = [
    ("writers share a batch", &[Writer::Writes, Writer::Writes, Writer::Writes]),
    ("a member that panics", &[Writer::Writes, Writer::Panics, Writer::Writes]),
    ("only members that panic", &[Writer::Panics, Writer::Writes, Writer::Panics]),
    ("the engine fails under a member", &[Writer::Writes, Writer::Fails, Writer::Writes]),
    ("a member that has no time", &[Writer::Writes, Writer::Hasty, Writer::Writes]),
    ("a failure and no time", &[Writer::Fails, Writer::Hasty, Writer::Writes]),
];

/// What a writer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Committed,
    NotApplied,
    Busy,
}

struct Batch {
    members: Vec<usize>,
    verdict: Verdict,
}

#[derive(Default)]
struct Seen {
    committed: Vec<usize>,
    told: Vec<(usize, Told)>,
}

/// Runs the writers, and looks whether each was told what is true.
pub fn meet(writers: &[Writer]) -> usize {
    let queue = Arc::new(Queue::<Batch>::new());
    let seen = Arc::new(Mutex::new(Seen::default()));
    let threads: Vec<_> = writers
        .iter()
        .enumerate()
        .map(|(number, writer)| {
            let (queue, seen, writer) = (Arc::clone(&queue), Arc::clone(&seen), *writer);
            thread::spawn(move || {
                let told = turn(&queue, &seen, number, writer);
                seen.lock().told.push((number, told));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let seen = seen.lock();
    assert_eq!(seen.told.len(), writers.len(), "somebody was told nothing");
    for (number, told) in &seen.told {
        let times = seen.committed.iter().filter(|member| *member == number).count();
        let wrote = matches!(writers[*number], Writer::Writes | Writer::Hasty);
        let expected = usize::from(*told == Told::Committed && wrote);
        assert_eq!(times, expected, "writer {number} was told {told:?}; {:?} were committed", seen.committed);
    }
    assert!(queue.enter(None).is_some(), "the turn is free again");
    seen.committed.len()
}

fn turn(queue: &Queue<Batch>, seen: &Mutex<Seen>, number: usize, writer: Writer) -> Told {
    let until = (writer == Writer::Hasty).then(Instant::now);
    let Some(mut turn) = queue.enter(until) else { return Told::Busy };
    let mut batch =
        turn.take_batch().unwrap_or_else(|| Batch { members: Vec::new(), verdict: Verdict::new() });
    let answer = batch.verdict.answer();
    match writer {
        Writer::Fails => {
            batch.verdict.tell(Ended::NotApplied(EngineError::new("it failed")));
            drop((batch, turn));
            return Told::NotApplied;
        }
        Writer::Panics => {}
        Writer::Writes | Writer::Hasty => batch.members.push(number),
    }
    let ended = match turn.pass(batch) {
        Ok(()) => answer.wait(),
        Err((turn, batch)) => {
            seen.lock().committed.extend(batch.members);
            batch.verdict.tell(Ended::Committed);
            drop(turn);
            Ended::Committed
        }
    };
    match ended {
        Ended::Committed => Told::Committed,
        Ended::NotApplied(_) | Ended::OutcomeUnknown(_) => Told::NotApplied,
    }
}
