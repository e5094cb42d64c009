//! A clock of the caller's that goes back, stands still or panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::disk::Disk;
use crate::support::{customer, panic_quietly};

#[test]
fn a_panic_of_the_clock_that_a_closure_catches_leaves_no_half_of_a_call() {
    let panics = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&panics);
    let clock = move || if flag.load(Ordering::Relaxed) { panic_quietly() } else { Time::now() };
    let store = StoreOptions::new().clock(clock).in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.adopt(customer(1)).unwrap();
    store.adopt(customer(2)).unwrap();
    let result = store.write(|tx| {
        panics.store(true, Ordering::Relaxed);
        let came = catch_unwind(AssertUnwindSafe(|| tx.set_values(customer(1), [("slot", "left")])));
        panics.store(false, Ordering::Relaxed);
        assert!(came.is_err());
        Ok(())
    });
    assert_eq!(
        store.find::<CustomerId>("slot", "left").unwrap(),
        None,
        "the index has what no instance holds"
    );
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Stopped);
    store.set_values(customer(2), [("slot", "left")]).unwrap();
}

#[test]
fn the_time_a_key_was_added_does_not_run_backwards() {
    let clock = SetClock::default();
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    clock.set("2025-01-01T00:00:00Z".parse().unwrap());
    store.add_key(ManagedEntity::Customer, "first", KeyKind::Enforced).unwrap();
    clock.set("2020-01-01T00:00:00Z".parse().unwrap());
    store.add_key(ManagedEntity::Customer, "second", KeyKind::Enforced).unwrap();
    let keys = store.keys(&[]).unwrap();
    assert_eq!(keys[1].added_at, keys[0].added_at);
}

#[test]
fn ids_go_up_though_the_store_is_reopened_while_the_clock_stands_still_or_has_gone_back() {
    let disk = Disk::default();
    let clock = SetClock::default();
    let mut last = Uuid::nil();
    for (n, now) in ["2025-01-01T00:00:00Z"; 8].iter().chain(&["2020-01-01T00:00:00Z"; 4]).enumerate() {
        clock.set(now.parse().unwrap());
        let store = StoreOptions::new().clock_from(&clock).on_backend(disk.clone()).unwrap();
        let id = store.add_key(ManagedEntity::Customer, &n.to_string(), KeyKind::Enforced).unwrap();
        assert!(id > last, "{id} after {last}");
        last = id;
    }
}

#[test]
fn counted_ids_are_not_issued_twice_whatever_was_tried_before_the_store_was_reopened() {
    for keeps_journal in [true, false] {
        let disk = Disk::default();
        let mut last = Uuid::nil();
        for n in 0..4 {
            let options = StoreOptions::new().id_source(IdSource::Counted).keep_journal(keeps_journal);
            let store = options.on_backend(disk.clone()).unwrap();
            let add =
                |tx: &Transaction<'_>| tx.add_key(ManagedEntity::Customer, &n.to_string(), KeyKind::Enforced);
            let tried = store.dry_run(add).unwrap();
            store.write(|tx| add(tx).and(Err::<(), _>(Error::stop("not this time")))).unwrap_err();
            let id = store.write(add).unwrap();
            assert_eq!(id, tried, "what was rolled back has used no number up");
            assert!(id > last, "{id} after {last}");
            last = id;
        }
    }
}
