//! When the bytes underneath fail: what callers are told, and what is there when the store is reopened.

use std::sync::mpsc;

use billfold::prelude::*;

use crate::support::disk::{Access, Disk};
use crate::support::{customer, panic_quietly, panics};

const ROWS: u128 = 400;

/// A disk with a store of some hundred customers, so that its trees are more than one page.
fn filled() -> Disk {
    let disk = Disk::default();
    let store = open(&disk);
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.add_key(ManagedEntity::Customer, "note", KeyKind::Unindexed).unwrap();
    let values = |n: u128| [("slot", format!("slot {n}")), ("note", "as it was".repeat(15))];
    store.set_many((1..=ROWS).map(|n| (customer(n), values(n)))).unwrap();
    store.close().unwrap();
    disk
}

/// Without a cache, so that every page comes from the disk.
fn open(disk: &Disk) -> Store {
    StoreOptions::new().adopt_unknown(true).cache_bytes(0).on_backend(disk.clone()).unwrap()
}

/// The notes of a few customers, which tell whether a change is there.
fn notes(store: &Store) -> Vec<Option<String>> {
    [1, ROWS / 2, ROWS, ROWS + 1].map(|n| store.value(customer(n), "note").ok().flatten()).to_vec()
}

fn change(tx: &Transaction<'_>) -> Result<(), Error> {
    for n in [1, ROWS / 2, ROWS, ROWS + 1] {
        tx.set_values(customer(n), [("note", "changed"), ("slot", &format!("changed {n}"))])?;
    }
    Ok(())
}

fn assert_closed(store: &Store) {
    assert!(matches!(store.values(customer(1)), Err(Error::Closed(_))));
    assert!(matches!(store.snapshot(), Err(Error::Closed(_))));
    assert!(matches!(store.adopt(customer(1)), Err(Error::Closed(_))));
    assert!(matches!(store.write(change), Err(Error::Closed(_))));
    assert!(matches!(store.flush(), Err(Error::Closed(_))));
}

#[test]
fn an_error_of_the_disk_in_a_closure_cannot_be_swallowed() {
    let filled = filled();
    let endings: [fn() -> Result<(), Error>; 2] = [|| Ok(()), || Err(Error::stop("for another reason"))];
    for end in endings {
        let disk = filled.copy();
        let store = open(&disk);
        let before = notes(&store);
        let snapshot = store.snapshot().unwrap();
        let result = store.write(|tx| {
            tx.set_values(customer(1), [("note", "changed")])?;
            disk.fail(Access::Read, 0);
            let read = tx.values(customer(ROWS));
            assert!(disk.has_failed() && matches!(read, Err(Error::Io(_))), "{read:?}");
            let again = tx.set_values(customer(2), [("note", "changed")]);
            assert_eq!(again.unwrap_err().kind(), ErrorKind::Engine, "the failure is not forgotten");
            end()
        });
        assert!(matches!(result, Err(Error::NotApplied(_))), "{result:?}");
        assert_closed(&store);
        assert!(matches!(snapshot.values(customer(1)), Err(Error::Closed(_))));
        // The failed store is still there, and lets go of the bytes all the same.
        assert_eq!(notes(&open(&disk)), before);
    }
}

#[test]
fn a_panic_after_an_error_of_the_disk_comes_through_and_closes_the_store() {
    let disk = filled();
    let store = open(&disk);
    let before = notes(&store);
    panics(|| {
        store.write(|tx| -> Result<(), Error> {
            tx.set_values(customer(1), [("note", "changed")])?;
            disk.fail(Access::Read, 0);
            let _ = tx.values(customer(ROWS));
            panic_quietly()
        })
    });
    assert_closed(&store);
    assert_eq!(notes(&open(&disk)), before);
}

#[test]
fn a_damaged_row_in_a_closure_cannot_be_swallowed() {
    let disk = Disk::default();
    let store = open(&disk);
    store.add_key(ManagedEntity::Customer, "note", KeyKind::Unindexed).unwrap();
    store.set_values(customer(1), [("note", "written as it should be")]).unwrap();
    store.set_values(customer(2), [("note", "whole")]).unwrap();
    store.close().unwrap();
    assert!(disk.overwrite(b"written as it should be", b"damaged as it never was") > 0);

    let store = open(&disk);
    assert!(matches!(store.values(customer(1)), Err(Error::Corrupt(_))));
    let result = store.write(|tx| {
        tx.set_values(customer(2), [("note", "changed")])?;
        assert!(matches!(tx.values(customer(1)), Err(Error::Corrupt(_))));
        Ok(())
    });
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Engine);
    drop(store);
    assert_eq!(open(&disk).value(customer(2), "note").unwrap().as_deref(), Some("whole"));
}

#[test]
fn a_failed_read_of_the_store_closes_it() {
    let disk = filled();
    let store = open(&disk);
    disk.fail(Access::Read, 0);
    assert!(matches!(store.values(customer(1)), Err(Error::Io(_))));
    assert_closed(&store);
    assert!(open(&disk).exists(customer(1)).unwrap());
}

/// Fails each access of a kind in turn, and calls `check` with what the transaction came to, whether its
/// closure had met the failure, and the notes before and after. How many accesses failed.
fn sweep(access: Access, check: impl Fn(&Result<(), Error>, bool, &[Vec<Option<String>>; 2], &Disk)) -> u64 {
    let filled = filled();
    let before = notes(&open(&filled.copy()));
    let changed = filled.copy();
    open(&changed).write(change).unwrap();
    let states = [before, notes(&open(&changed))];
    assert_ne!(states[0], states[1]);
    for nth in 0.. {
        let disk = filled.copy();
        let store = open(&disk);
        disk.fail(access, nth);
        let mut finished = false;
        let result = store.write(|tx| {
            change(tx)?;
            finished = true;
            Ok(())
        });
        if !disk.has_failed() {
            result.unwrap();
            return nth;
        }
        if result.is_err() {
            assert_closed(&store);
        }
        disk.heal();
        check(&result, finished, &states, &disk);
    }
    unreachable!("the accesses of a transaction come to an end")
}

#[test]
fn a_failure_before_the_commit_leaves_nothing_and_one_at_the_commit_leaves_all_or_nothing() {
    let mut unknown = 0;
    for access in [Access::Read, Access::Write, Access::SetLen, Access::Sync] {
        let unknown_before = std::cell::Cell::new(0);
        let failed = sweep(access, |result, finished, [before, after], disk| {
            let found = notes(&open(disk));
            match result {
                Err(Error::NotApplied(_)) => {
                    assert!(!finished, "the commit was reached");
                    assert_eq!(found, *before);
                }
                Err(Error::OutcomeUnknown(_)) => {
                    assert!(finished, "the commit was not reached");
                    assert!(found == *before || found == *after, "{found:?}");
                    unknown_before.set(unknown_before.get() + 1);
                }
                // The commit itself had gone well before the access that failed.
                Ok(()) => assert_eq!(found, *after),
                Err(other) => panic!("{access:?}: {other:?}"),
            }
        });
        unknown += unknown_before.get();
        match access {
            Access::Read => assert!(failed > 4, "only {failed} reads"),
            Access::Write => assert!(failed > 8, "only {failed} writes"),
            // The first commit of an opened store also marks the file as open.
            Access::Sync => assert!((1..=2).contains(&failed), "{failed} syncs"),
            // The file need not grow.
            Access::SetLen => {}
        }
    }
    assert!(unknown > 8, "only {unknown} failures at the commit");
}

#[test]
fn a_file_that_cannot_grow_loses_nothing_that_was_acknowledged() {
    let disk = filled();
    let store = open(&disk);
    let before = notes(&store);
    disk.fail(Access::SetLen, 0);
    let result = store.set_many((1_000..9_000).map(|n| (customer(n), [("note", "more".repeat(40))])));
    assert!(disk.has_failed());
    assert!(matches!(result, Err(Error::NotApplied(_) | Error::OutcomeUnknown(_))), "{result:?}");
    assert_closed(&store);
    let store = open(&disk);
    assert_eq!(notes(&store), before);
    assert!(!store.exists(customer(1_000)).unwrap());
}

#[test]
fn whoever_waits_when_the_disk_fails_gets_an_answer_that_holds() {
    const CALLERS: u128 = 8;
    let filled = filled();
    let mut failures = 0;
    for (access, nth) in [(Access::Write, 0), (Access::Write, 6), (Access::Sync, 0), (Access::Read, 12)] {
        for round in 0..6 {
            let disk = filled.copy();
            let store = open(&disk);
            let (arrived, arrivals) = mpsc::channel();
            let results: Vec<_> = std::thread::scope(|scope| {
                let (opened, first_runs) = mpsc::channel();
                let (store, disk) = (&store, &disk);
                let first = scope.spawn(move || {
                    store.write(|tx| {
                        opened.send(()).unwrap();
                        // The others are on their way into the line, most of them in it.
                        arrivals.iter().take(CALLERS as usize).for_each(drop);
                        (0..100).for_each(|_| std::thread::yield_now());
                        disk.fail(access, nth + round);
                        tx.set_values(customer(2_000), [("note", "all"), ("slot", "2000")])
                    })
                });
                first_runs.recv().unwrap();
                let others = (2_001..=2_000 + CALLERS).map(|n| {
                    let arrived = arrived.clone();
                    scope.spawn(move || {
                        arrived.send(()).unwrap();
                        store.set_values(customer(n), [("note", "all"), ("slot", &n.to_string())])
                    })
                });
                let callers: Vec<_> = std::iter::once(first).chain(others.collect::<Vec<_>>()).collect();
                callers.into_iter().map(|caller| caller.join().unwrap()).collect()
            });
            failures += u32::from(disk.has_failed());
            disk.heal();
            drop(store);
            let store = open(&disk);
            for (n, result) in (2_000..).zip(results) {
                let there = store.exists(customer(n)).unwrap();
                match result {
                    Ok(_) => assert!(there, "acknowledged, and lost"),
                    Err(Error::NotApplied(_) | Error::Closed(_)) => assert!(!there, "refused, and there"),
                    Err(Error::OutcomeUnknown(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
                if there {
                    assert_eq!(store.value(customer(n), "note").unwrap().as_deref(), Some("all"));
                    let found: Option<CustomerId> = store.find("slot", &n.to_string()).unwrap();
                    assert_eq!(found, Some(customer(n)));
                }
            }
        }
    }
    assert!(failures > 12, "the disk failed only {failures} times");
}

#[test]
fn an_opening_that_fails_says_so_and_leaves_the_store_as_it_was() {
    let filled = filled();
    let before = notes(&open(&filled.copy()));
    let unclean = filled.copy();
    let running = open(&unclean);
    running.adopt(customer(7_000)).unwrap();
    let unclean = unclean.copy();
    drop(running);
    let mut failures = 0;
    for start in [&filled, &unclean] {
        for access in [Access::Read, Access::Write, Access::SetLen, Access::Sync] {
            for nth in 0.. {
                let disk = start.copy();
                disk.fail(access, nth);
                let opened = StoreOptions::new().cache_bytes(0).on_backend(disk.clone());
                let failed = disk.has_failed();
                failures += u32::from(failed);
                disk.heal();
                match opened {
                    Err(error) => {
                        assert!(failed, "{error:?}");
                        assert_eq!(error.kind(), ErrorKind::Engine, "{error:?}");
                    }
                    Ok(store) => drop(store),
                }
                assert_eq!(notes(&open(&disk)), before, "{access:?} {nth}");
                if !failed {
                    break;
                }
            }
        }
    }
    assert!(failures > 10, "the disk failed only {failures} times");
}

#[test]
fn a_store_whose_making_failed_can_be_made_on_the_same_bytes() {
    for access in [Access::Write, Access::SetLen, Access::Sync] {
        for nth in 0.. {
            let disk = Disk::default();
            disk.fail(access, nth);
            let made = StoreOptions::new().on_backend(disk.clone());
            let failed = disk.has_failed();
            disk.heal();
            assert!(made.is_err() || !failed, "{access:?} {nth}: the failure was swallowed");
            drop(made);
            let again = StoreOptions::new().on_backend(disk.clone());
            let store = again.unwrap_or_else(|error| panic!("{access:?} {nth}: {error:?}"));
            assert!(store.adopt(customer(1)).unwrap());
            if !failed {
                break;
            }
        }
    }
}
