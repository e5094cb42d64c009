//! The change feed: every change once, in the order of the commits, for who follows a store.

use std::time::{Duration, Instant};

use billfold::prelude::*;

use crate::support::disk::Disk;
use crate::support::retold::Retold;
use crate::support::{customer, fault, faults, store_with_keys};

/// A change that did not come in this time will not come.
const LONG: Duration = Duration::from_secs(60);

fn numbers(changes: &[Change]) -> Vec<u64> {
    changes.iter().map(|change| change.sequence).collect()
}

#[test]
fn the_feed_goes_on_with_the_next_number_when_the_store_is_reopened() {
    let disk = Disk::default();
    for opening in 0..3_u64 {
        let store = StoreOptions::new().on_backend(disk.clone()).unwrap();
        assert_eq!(store.last_change().unwrap(), opening * 3);
        for n in 0..3 {
            store.adopt(customer(u128::from(opening * 3 + n))).unwrap();
        }
        assert_eq!(numbers(&store.changes_since(opening * 3, 2).unwrap()), [1, 2].map(|n| opening * 3 + n));
        store.close().unwrap();
    }
    let store = StoreOptions::new().on_backend(disk.clone()).unwrap();
    assert_eq!(numbers(&store.changes_since(0, 1_000).unwrap()), (1..=9).collect::<Vec<_>>());
    assert_eq!(store.changes_since(9, 1_000).unwrap(), []);
}

#[test]
fn what_was_rolled_back_or_only_tried_leaves_no_gap() {
    let store = store_with_keys([("slot", KeyKind::Enforced)]);
    store.dry_run(|tx| tx.set_values(customer(1), [("slot", "left")])).unwrap();
    let tried = store.write(|tx| {
        tx.set_values(customer(1), [("slot", "left")])?;
        assert_eq!(tx.last_change()?, 3, "the transaction sees its own");
        assert_eq!(numbers(&tx.changes_since(1, 10)?), [2, 3]);
        Err::<(), _>(Error::stop("not this time"))
    });
    tried.unwrap_err();
    assert_eq!(store.last_change().unwrap(), 1);
    store.set_values(customer(2), [("slot", "left")]).unwrap();
    assert_eq!(numbers(&store.changes_since(0, 10).unwrap()), [1, 2, 3]);
}

#[test]
fn a_snapshots_feed_ends_where_it_was_taken() {
    let store = store_with_keys([]);
    store.adopt(customer(1)).unwrap();
    let before = store.snapshot().unwrap();
    store.adopt(customer(2)).unwrap();
    assert_eq!(before.last_change().unwrap(), 1);
    assert_eq!(numbers(&before.changes_since(0, 10).unwrap()), [1]);
    assert_eq!(fault(before.changes_since(2, 10)), Fault::ChangeNotThere { asked: 2, last: 1 });
}

#[test]
fn a_number_of_another_store_and_a_limit_out_of_range_are_refused_together() {
    let store = store_with_keys([("tier", KeyKind::Indexed)]);
    for limit in [0, 1_001] {
        let limit_fault = Fault::PageLimit { found: limit, most: 1_000 };
        let number_fault = Fault::ChangeNotThere { asked: 2, last: 1 };
        assert_eq!(faults(store.changes_since(2, limit)), [limit_fault.clone(), number_fault]);
        assert_eq!(fault(store.wait_for_changes(1, limit, Duration::MAX)), limit_fault);
    }
    let refused = store.wait_for_changes(u64::MAX, 10, Duration::MAX).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("there is no change {} in this store; its last one is 1", u64::MAX)
    );
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[test]
fn what_is_forgotten_leaves_numbers_and_times_in_the_feed_and_nothing_else() {
    let store = store_with_keys([("email", KeyKind::Enforced)]);
    let about = About { actor: Some("secret".into()), reason: Some("secret".into()) };
    store.write_as(about, |tx| tx.set_values(customer(1), [("email", "secret")])).unwrap();
    let before = store.changes_since(0, 10).unwrap();
    store.forget(customer(1)).unwrap();
    let after = store.changes_since(0, 10).unwrap();
    assert_eq!(after[0], before[0], "the key's");
    for (was, is) in before.iter().zip(&after).skip(1) {
        assert_eq!((is.sequence, is.at), (was.sequence, was.at));
        assert_eq!((&is.subject, &is.what, is.before), (&ChangeSubject::Forgotten, &ChangeKind::Emptied, 0));
        assert_eq!(is.about, About::default());
    }
    assert_eq!(numbers(&after), [1, 2, 3, 4]);
    assert_eq!(after[3].what, ChangeKind::Forgotten);
    assert!(!format!("{after:?}").contains("secret"));
}

#[test]
fn a_follower_sees_what_several_writers_do_once_and_in_order() {
    const WRITERS: u128 = 4;
    const SETS: u128 = 50;
    let store = store_with_keys([("slot", KeyKind::Enforced)]);
    // The key; an instance and its value in one call each.
    let last = u64::try_from(1 + WRITERS * SETS * 2).unwrap();
    let mut retold = Retold::default();
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            while retold.last < last {
                let changes = store.wait_for_changes(retold.last, 7, LONG).unwrap();
                assert!(!changes.is_empty() && changes.len() <= 7);
                changes.iter().for_each(|change| retold.tell(change));
            }
        });
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || {
                for n in writer * SETS..(writer + 1) * SETS {
                    store.set_values(customer(n), [("slot", n.to_string())]).unwrap();
                    let tried = store.write(|tx| {
                        tx.set_values(customer(n), [("slot", "taken back")])?;
                        Err::<(), _>(Error::stop("not this time"))
                    });
                    assert!(tried.is_err());
                }
            });
        }
        follower.join().unwrap();
    });
    assert_eq!(store.last_change().unwrap(), last);
    let values = |n: u128| store.values(customer(n)).unwrap();
    let expected = (0..WRITERS * SETS).map(|n| (customer(n).into(), values(n)));
    assert_eq!(retold.instances, expected.collect());
}

#[test]
fn a_wait_ends_when_its_time_is_over_and_then_there_is_nothing() {
    let store = store_with_keys([]);
    let since = Instant::now();
    assert_eq!(store.wait_for_changes(0, 10, Duration::from_millis(30)).unwrap(), []);
    assert!(since.elapsed() >= Duration::from_millis(30));
    assert_eq!(store.wait_for_changes(0, 10, Duration::ZERO).unwrap(), []);
}

#[test]
fn a_wait_without_an_end_is_woken_by_a_change_and_by_the_stores_being_closed() {
    let store = store_with_keys([]);
    let wait = |sequence| {
        let store = store.clone();
        std::thread::spawn(move || store.wait_for_changes(sequence, 10, Duration::MAX))
    };
    let (first, second) = (wait(0), wait(0));
    store.adopt(customer(1)).unwrap();
    for woken in [first, second] {
        assert_eq!(numbers(&woken.join().unwrap().unwrap()), [1]);
    }
    let third = wait(1);
    std::thread::sleep(Duration::from_millis(20));
    assert!(!third.is_finished());
    store.close().unwrap();
    let came = third.join().unwrap();
    assert!(matches!(came, Err(Error::Closed(_))), "{came:?}");
}

#[test]
fn a_store_that_is_closed_gives_its_file_back_whoever_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    for opening in 0..5 {
        let store = Store::open(&path).unwrap();
        let waits = store.clone();
        let waiter = std::thread::spawn(move || waits.wait_for_changes(opening, 10, Duration::MAX));
        std::thread::sleep(Duration::from_millis(5));
        store.adopt(customer(u128::from(opening))).unwrap();
        assert_eq!(waiter.join().unwrap().unwrap().len(), 1);
        let waits = store.clone();
        let waiter = std::thread::spawn(move || waits.wait_for_changes(opening + 1, 10, Duration::MAX));
        std::thread::sleep(Duration::from_millis(5));
        store.close().unwrap();
        Store::open(&path).unwrap().close().unwrap();
        assert!(matches!(waiter.join().unwrap(), Err(Error::Closed(_))));
    }
}

#[test]
fn a_transaction_cannot_wait_for_changes_that_come_after_it() {
    let store = store_with_keys([]);
    let came = store.write(|_| store.wait_for_changes(0, 10, Duration::MAX));
    assert!(matches!(came, Err(Error::Reentrant)), "{came:?}");
}

#[test]
fn a_time_without_a_journal_is_a_gap_that_the_feed_does_not_pass_over() {
    let disk = Disk::default();
    let open = |keeps| StoreOptions::new().keep_journal(keeps).on_backend(disk.clone()).unwrap();
    let store = open(true);
    store.adopt(customer(1)).unwrap();
    drop(store);
    let store = open(false);
    store.adopt(customer(2)).unwrap();
    let unkept = store.last_change().unwrap();
    let gap = |asked, kept_from| Fault::HistoryTrimmed { asked: Moment::Change(asked), kept_from };
    let wait = store.wait_for_changes(unkept, 10, Duration::MAX);
    assert!(matches!(fault(wait), Fault::HistoryTrimmed { asked: Moment::Change(2), .. }));
    drop(store);
    let store = open(true);
    let last = store.last_change().unwrap();
    assert!(last >= unkept, "no number is given twice");
    store.adopt(customer(3)).unwrap();
    assert_eq!(numbers(&store.changes_since(0, 10).unwrap()), [1], "up to the gap");
    for asked in [1, unkept, last - 1] {
        assert_eq!(fault(store.changes_since(asked, 10)), gap(asked, last + 1));
    }
    assert_eq!(numbers(&store.changes_since(last, 10).unwrap()), [last + 1]);
}

#[test]
fn a_gap_at_the_front_is_told_with_the_change_behind_it() {
    let disk = Disk::default();
    let open = |keeps| StoreOptions::new().keep_journal(keeps).on_backend(disk.clone()).unwrap();
    let store = open(false);
    store.adopt(customer(1)).unwrap();
    drop(store);
    let store = open(true);
    let last = store.last_change().unwrap();
    store.adopt(customer(2)).unwrap();
    for asked in [0, 1, last - 1] {
        let gap = Fault::HistoryTrimmed { asked: Moment::Change(asked), kept_from: last + 1 };
        assert_eq!(fault(store.changes_since(asked, 10)), gap);
    }
    assert_eq!(numbers(&store.changes_since(last, 10).unwrap()), [last + 1]);
}
