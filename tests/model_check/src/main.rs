//! Runs the rule of the names in memory (see `src/storage/resident/names.rs` of the library, whose very files are built
//! here) through every order in which threads can meet, and everything that the memory model lets them see: with loom's
//! atomics, fences, locks and threads in place of the real ones.
//!
//! `cargo run --release --manifest-path tests/model_check/Cargo.toml -- [SCENARIO]`: an answer that is wrong ends it with
//! the scenario's name and what was expected.

mod scenarios;
mod storage;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use storage::store::Answers;

fn main() {
    let only: Vec<String> = std::env::args().skip(1).collect();
    for (name, preemptions, scenario) in scenarios::ALL {
        if !only.is_empty() && !only.iter().any(|only| name.contains(only.as_str())) {
            continue;
        }
        let (begun, orders, answers) = (Instant::now(), AtomicU64::new(0), Answers::default());
        let orders = std::sync::Arc::new(orders);
        let (counted, told) = (std::sync::Arc::clone(&orders), answers.clone());
        let mut checker = loom::model::Builder::new();
        checker.preemption_bound = preemptions;
        checker.max_branches = 100_000;
        println!("{name}:");
        checker.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            scenario(&told);
        });
        let bound = preemptions.map_or("all".to_owned(), |most| format!("at most {most} preemptions, all"));
        let orders = orders.load(Ordering::Relaxed);
        println!("    {bound} {orders} orders in {:.1?}; {answers}", begun.elapsed());
        answers.must_be_of_all_kinds();
    }
}
