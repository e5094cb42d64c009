//! Writers and readers for a while: at the end the store is whole, and nothing has grown that should not.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use billfold::prelude::*;

#[cfg(target_os = "linux")]
use crate::support::alone;
use crate::support::{customer, whole};

/// For how many seconds.
const VARIABLE: &str = "BILLFOLD_SOAK_SECONDS";
const WRITERS: u64 = 16;
const READERS: u64 = 4;
const CUSTOMERS: u64 = 400;
/// So many calls are made at least before it is looked for the first time at what there is, and twice as many then.
const CALLS: u64 = 20_000;

/// What the process has, as far as the system tells.
#[derive(Debug, Clone, Copy)]
#[cfg(target_os = "linux")]
struct Held {
    threads: usize,
    files: usize,
    kilobytes: usize,
}

#[cfg(target_os = "linux")]
fn held() -> Held {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let files = std::fs::read_dir("/proc/self/fd").unwrap().count();
    Held { threads: of("Threads:"), files, kilobytes: of("VmRSS:") }
}

/// As [`held`], when nothing moves any more: a thread is there for a while after it has ended.
#[cfg(target_os = "linux")]
fn settled() -> Held {
    let mut before = held();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = held();
        if (now.threads, now.files) == (before.threads, before.files) {
            return now;
        }
        before = now;
    }
}

fn written(store: &Store, writer: u64, step: u64) {
    let one = customer(u128::from((writer * 7 + step * 13) % CUSTOMERS));
    let other = customer(u128::from((writer * 11 + step * 17 + 1) % CUSTOMERS));
    match step % 5 {
        // Two that always hold the same.
        0 => {
            let both = [1_000, 1_001].map(|n| (customer(n), both(writer, step)));
            drop(store.set_many(both).unwrap());
        }
        1 => drop(store.take_value(one, "slot", format!("slot {}", step % 50)).unwrap()),
        2 => drop(store.delete_values(other, ["note"]).unwrap()),
        3 => {
            let stopped = store.write(|tx| {
                tx.set_values(one, [("note", "never")])?;
                Err::<(), _>(Error::stop("a change of mind"))
            });
            assert!(stopped.is_err());
        }
        _ => drop(store.set_values(other, [("note", "x".repeat((step % 200) as usize))]).unwrap()),
    }
}

fn both(writer: u64, step: u64) -> [(&'static str, String); 1] {
    [("note", format!("{writer} {step}"))]
}

fn read(store: &Store, step: u64) {
    let snapshot = store.snapshot().unwrap();
    let of = |n| snapshot.value(customer(n), "note").unwrap();
    assert_eq!(of(1_000), of(1_001), "a transaction is seen by half");
    let value = format!("slot {}", step % 50);
    let holder: Option<CustomerId> = snapshot.find("slot", &value).unwrap();
    if let Some(holder) = holder {
        assert_eq!(snapshot.value(holder, "slot").unwrap(), Some(value));
    }
    let _: Option<CustomerId> = store.find("slot", "slot 1").unwrap();
}

/// Everybody writes or reads until the time is over and that many calls are made, however slow the machine is; how many were.
fn busy(store: &Store, time: Duration, least: u64) -> u64 {
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let each = (0..WRITERS + READERS).map(|number| {
            let (over, done) = (&over, &done);
            scope.spawn(move || {
                for step in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    if number < WRITERS {
                        written(store, number, step);
                    } else {
                        read(store, step);
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let (each, end) = (each.collect::<Vec<_>>(), Instant::now() + time);
        let is_enough = || Instant::now() >= end && done.load(Ordering::Relaxed) >= least;
        // One that has ended has panicked, which is told when all have.
        while !is_enough() && !each.iter().any(ScopedJoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(10));
        }
        over.store(true, Ordering::Relaxed);
    });
    done.into_inner()
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "measures the whole process; run alone by the test below"]
fn the_process() {
    let seconds: f64 = std::env::var(VARIABLE).map_or(6.0, |seconds| seconds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let options = StoreOptions::new()
        .adopt_unknown(true)
        .durability(Durability::OnFlush)
        .history(Retention::Changes(1_000))
        .cache_bytes(8 << 20)
        .names_in_memory(NamesInMemory::UpTo(4 << 20));
    let store = options.open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.add_key(ManagedEntity::Customer, "note", KeyKind::Indexed).unwrap();
    store.adopt(customer(1_000)).unwrap();
    store.adopt(customer(1_001)).unwrap();
    let part = Duration::from_secs_f64(seconds / 3.0);
    let start = Instant::now();
    let before = busy(&store, part, CALLS);
    let (begin, bytes) = (settled(), std::fs::metadata(&path).unwrap().len());
    let after = busy(&store, part * 2, CALLS * 2);
    let (end, bytes_after) = (settled(), std::fs::metadata(&path).unwrap().len());
    whole(&store);
    println!(
        "{} calls in {:?}; {begin:?}, then {end:?}; {bytes} bytes, then {bytes_after}",
        before + after,
        start.elapsed()
    );
    assert_eq!((begin.threads, begin.files), (end.threads, end.files));
    assert!(end.kilobytes < begin.kilobytes + (24 << 10), "{begin:?}, then {end:?}");
    assert!(bytes_after <= bytes * 2, "{bytes} bytes, then {bytes_after}");
    store.close().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_store_that_is_busy_for_long_stays_whole_and_does_not_grow() {
    let said = alone("soak::the_process");
    print!("{said}");
    assert!(said.contains("calls in"), "{said}");
}
