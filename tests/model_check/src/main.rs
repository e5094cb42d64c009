//! Runs the rule of the names in memory (see `src/storage/resident/names.rs` of the library) and the turns that writers take
//! (`src/storage/queue.rs`), whose very files are built here, through every order in which threads can meet, and everything
//! that the memory model lets them see: with loom's atomics, fences, locks and threads in place of the real ones.
//!
//! `cargo run --release --manifest-path tests/model_check/Cargo.toml -- [SCENARIO]`: an answer that is wrong ends it with
//! the scenario's name and what was expected.

mod scenarios;
mod storage;

/// What failures are told with.
mod error {
    #[derive(Debug, Clone)]
    pub struct EngineError(#[expect(dead_code, reason = "nobody reads it here")] String);

    impl EngineError {
        pub fn new(what: &str) -> Self {
            Self(what.to_owned())
        }
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use storage::store::Answers;
use storage::turns;

fn main() {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|only| name.contains(only.as_str()));
    for (name, preemptions, scenario) in scenarios::ALL.into_iter().filter(|(name, ..)| is_wanted(name)) {
        let answers = Answers::default();
        let told = answers.clone();
        let orders = every_order(name, preemptions, move || scenario(&told));
        println!("{orders}; {answers}");
        answers.must_be_of_all_kinds();
    }
    for (name, writers) in turns::ALL.into_iter().filter(|(name, _)| is_wanted(name)) {
        let most = Arc::new(AtomicUsize::new(0));
        let told = Arc::clone(&most);
        let orders = every_order(name, Some(3), move || {
            told.fetch_max(turns::meet(writers), Ordering::Relaxed);
        });
        let most = most.load(Ordering::Relaxed);
        println!("{orders}; up to {most} changes committed");
        assert!(most > 0, "nobody ever wrote");
    }
}

/// Runs a scenario in every order; says how many there were.
fn every_order(
    name: &str,
    preemptions: Option<usize>,
    scenario: impl Fn() + Send + Sync + 'static,
) -> String {
    let (begun, orders) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&orders);
    let mut checker = loom::model::Builder::new();
    checker.preemption_bound = preemptions;
    checker.max_branches = 100_000;
    println!("{name}:");
    checker.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        scenario();
    });
    let bound = preemptions.map_or("all".to_owned(), |most| format!("at most {most} preemptions, all"));
    format!("    {bound} {} orders in {:.1?}", orders.load(Ordering::Relaxed), begun.elapsed())
}
