//! Transactions that carry a key: carried out once, and answered alike ever after, for a while.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use billfold::prelude::*;
use billfold::{FieldProblem, MAX_IDEMPOTENT_BYTES};

use crate::support::{customer, fault, faults};

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// Makes a customer, once for the key.
fn make(store: &Store, key: &str, request: &[u8]) -> Result<Once, Error> {
    store.write_once(key, request, |tx| {
        tx.create_customer(CreateCustomer::default()).map(|id| id.to_string().into_bytes())
    })
}

fn all_customers(store: &Store) -> usize {
    store.entities(ManagedEntity::Customer, &PageRequest::first(1_000)).unwrap().items.len()
}

#[test]
fn the_same_request_again_is_answered_alike_and_changes_nothing_also_after_a_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    let first = make(&store, "order 7", b"request").unwrap();
    assert!(matches!(first, Once::Done(_)));
    let outcome = first.into_outcome();
    assert_eq!(make(&store, "order 7", b"request").unwrap(), Once::Replayed(outcome.clone()));
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(make(&store, "order 7", b"request").unwrap(), Once::Replayed(outcome));
    assert_eq!(all_customers(&store), 1);
    assert!(matches!(make(&store, "order 8", b"request").unwrap(), Once::Done(_)));
    assert_eq!(all_customers(&store), 2);
}

#[test]
fn another_request_under_the_key_is_refused_by_the_keys_name() {
    let store = Store::in_memory().unwrap();
    make(&store, "order 7", b"request").unwrap();
    for other in [b"request ".as_slice(), b"Request", b""] {
        let refused = make(&store, "order 7", other).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert_eq!(refused.faults(), [Fault::IdempotencyKeyReused { key: "order 7".into() }]);
    }
    assert_eq!(all_customers(&store), 1);
}

#[test]
fn of_16_threads_with_one_request_one_carries_it_out() {
    let store = Store::in_memory().unwrap();
    let (start, runs) = (Barrier::new(16), AtomicUsize::new(0));
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let call = || {
            start.wait();
            let act = |tx: &Transaction<'_>| {
                runs.fetch_add(1, Ordering::Relaxed);
                tx.create_customer(CreateCustomer::default()).map(|id| id.to_string().into_bytes())
            };
            store.write_once("order 7", b"request", act).unwrap()
        };
        let callers: Vec<_> = (0..16).map(|_| scope.spawn(call)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Once::Done(_))).count(), 1);
    let first = outcomes[0].clone().into_outcome();
    assert!(outcomes.into_iter().all(|outcome| outcome.into_outcome() == first));
}

#[test]
fn a_transaction_that_was_refused_or_panicked_keeps_nothing_and_can_be_tried_again() {
    let store = Store::in_memory().unwrap();
    let refused = store.write_once("order 7", b"request", |tx| {
        tx.adopt(customer(1))?;
        tx.archive(customer(2))?;
        Ok(Vec::new())
    });
    assert!(matches!(fault(refused), Fault::InstanceNotFound { .. }));
    crate::support::panics(|| {
        store.write_once("order 7", b"request", |tx| {
            tx.adopt(customer(1))?;
            crate::support::panic_quietly()
        })
    });
    assert!(!store.exists(customer(1)).unwrap());
    assert!(matches!(make(&store, "order 7", b"another").unwrap(), Once::Done(_)));
}

#[test]
fn an_outcome_is_kept_as_long_as_the_options_say_and_then_as_if_it_had_never_been() {
    let clock = SetClock::default();
    clock.set(time("2025-01-01T00:00:00Z"));
    let hour = Duration::from_secs(3_600);
    let store = StoreOptions::new().clock_from(&clock).keep_outcomes(hour).in_memory().unwrap();
    make(&store, "order 7", b"request").unwrap();
    clock.set(time("2025-01-01T00:59:59Z"));
    assert!(matches!(make(&store, "order 7", b"request").unwrap(), Once::Replayed(_)));
    clock.set(time("2025-01-01T01:00:00Z"));
    assert!(matches!(make(&store, "order 7", b"another").unwrap(), Once::Done(_)), "a request of its own");
    clock.set(time("2025-01-01T01:30:00Z"));
    assert!(matches!(make(&store, "order 7", b"another").unwrap(), Once::Replayed(_)));
    assert_eq!(all_customers(&store), 2);
}

#[test]
fn outcomes_are_kept_a_day_by_default_not_at_all_or_for_good() {
    let clock = SetClock::default();
    let open = |options: StoreOptions| options.clock_from(&clock).in_memory().unwrap();
    let by_default = open(StoreOptions::new());
    let not_at_all = open(StoreOptions::new().keep_outcomes(Duration::ZERO));
    let for_good = open(StoreOptions::new().keep_outcomes(Duration::MAX));
    let replays = |store: &Store, at: &str| {
        clock.set(time(at));
        matches!(make(store, "order 7", b"request").unwrap(), Once::Replayed(_))
    };
    let [start, within, after] = ["2025-01-01T00:00:00Z", "2025-01-01T23:59:59Z", "2025-01-02T00:00:00Z"];
    assert_eq!([start, within, after].map(|at| replays(&by_default, at)), [false, true, false]);
    assert_eq!([start, start].map(|at| replays(&not_at_all, at)), [false, false]);
    assert_eq!([start, "9999-01-01T00:00:00Z"].map(|at| replays(&for_good, at)), [false, true]);
}

#[test]
fn what_is_over_is_removed_by_the_writes_that_come_after() {
    let clock = SetClock::default();
    clock.set(time("2025-01-01T00:00:00Z"));
    let folder = tempfile::tempdir().unwrap();
    let store = StoreOptions::new().clock_from(&clock).open(folder.path().join("store")).unwrap();
    let request = vec![7; 100_000];
    for number in 0..40 {
        make(&store, &format!("order {number}"), &request).unwrap();
    }
    let full = store.stats().unwrap();
    clock.set(time("2025-01-03T00:00:00Z"));
    for number in 0..4 {
        make(&store, &format!("later {number}"), b"").unwrap();
    }
    let after = store.stats().unwrap();
    assert!(after.pages_of_tables + 30 < full.pages_of_tables, "{full:?} {after:?}");
    assert!(matches!(make(&store, "later 0", b"").unwrap(), Once::Replayed(_)), "what is not over stays");
}

#[test]
fn a_key_or_a_text_that_is_too_long_is_refused_by_name_and_the_limits_are_allowed() {
    let store = Store::in_memory().unwrap();
    let most = vec![0; MAX_IDEMPOTENT_BYTES];
    let too_much = vec![0; MAX_IDEMPOTENT_BYTES + 1];
    let longest = "\u{1F4B0}".repeat(128);
    let done = store.write_once(&longest, &most, |_| Ok(most.clone())).unwrap();
    assert_eq!(done, Once::Done(most.clone()));
    assert_eq!(store.write_once(&longest, &most, |_| panic!("done before")).unwrap(), Once::Replayed(most));

    let about = About { actor: Some("x".repeat(1_001)), reason: None };
    let wrong = faults(store.write_once_as(about, "", &too_much, |_| Ok(Vec::new())));
    let fields: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        fields,
        [
            "actor has 1001 characters; at most 1000 are allowed",
            "idempotency_key: empty; an idempotency key has 1 to 128 characters",
            "request: \"1048577 bytes\" is not allowed; what is kept of a request and of its outcome takes at most 1 MiB each",
        ]
    );
    let long_key = fault(make(&store, &"k".repeat(129), b""));
    assert!(matches!(long_key, Fault::Field { problem: FieldProblem::TooLong { characters: 129, .. }, .. }));
    let outcome = fault(store.write_once("order 7", b"", |tx| {
        tx.adopt(customer(1))?;
        Ok(too_much)
    }));
    assert!(matches!(outcome, Fault::Field { field, .. } if field == "outcome"));
    assert!(!store.exists(customer(1)).unwrap());
}

#[test]
fn a_store_that_is_read_only_has_no_such_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    make(&store, "order 7", b"request").unwrap();
    store.close().unwrap();
    let store = Store::open_read_only(&path).unwrap();
    assert!(matches!(make(&store, "order 7", b"request"), Err(Error::ReadOnly)));
}

#[test]
fn a_replay_is_no_change_and_the_key_is_not_in_the_history() {
    let store = Store::in_memory().unwrap();
    let done = |_: &Transaction<'_>| Ok(b"outcome".to_vec());
    store.adopt(customer(1)).unwrap();
    store.write_once("order 7", b"request", done).unwrap();
    store.adopt(customer(2)).unwrap();
    // Keeping an outcome has no number among the changes.
    let revisions = [1, 2].map(|n| store.revision(customer(n)).unwrap());
    assert_eq!(revisions[1], revisions[0] + 1);
}
