//! Transactions: all or nothing, each, whatever its neighbours do.

use std::sync::mpsc;

use billfold::prelude::*;

use crate::support::disk::{Access, Disk};
use crate::support::{contract, customer, fault, faults, panic_quietly, panics, store_with_keys};

use KeyKind::{Enforced, Indexed, Unindexed};
use ManagedEntity::{Contract, Customer};

fn store() -> Store {
    let store = store_with_keys([("slot", Enforced), ("tier", Indexed), ("note", Unindexed)]);
    store.set_values(customer(1), [("slot", "left"), ("tier", "gold"), ("note", "1")]).unwrap();
    store
}

/// Everything a store shows that the transactions of these tests change, as text to compare.
fn everything(from: &impl Reading) -> String {
    let page = PageRequest::default();
    let instances = [Customer, Contract].map(|entity| from.entities(entity, &page).unwrap().items);
    let values: Vec<_> = instances.iter().flatten().map(|one| from.values(one.id).unwrap()).collect();
    let tiers = from.find_prefix::<CustomerId>("tier", "", &page).map(|page| page.items).ok();
    let slots = from.find_prefix::<CustomerId>("slot", "", &page).map(|page| page.items).ok();
    format!("{:#?}", (from.keys(&[]).unwrap(), instances, values, tiers, slots))
}

/// A transaction that does one of each.
fn one_of_each(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.add_key(Contract, "slot", Indexed)?;
    tx.set_values(contract(1), [("slot", "a")])?;
    tx.enforce_uniqueness(Contract, "slot")?;
    tx.set_many([(customer(1), [("slot", "right")]), (customer(2), [("slot", "left")])])?;
    tx.delete_values(customer(1), ["tier"])?;
    tx.replace_values(customer(2), [("note", "2"), ("tier", "iron")])?;
    tx.archive(customer(2))?;
    tx.forget(customer(1))?;
    tx.adopt(customer(3))?;
    tx.relax_uniqueness(Customer, "slot")?;
    tx.remove_key(Customer, "note")
}

#[test]
fn a_transaction_reads_its_own_changes_and_nobody_else_does_before_it_ends() {
    let store = store();
    let before = everything(&store);
    let snapshot = store.snapshot().unwrap();
    let inside = store
        .write(|tx| {
            one_of_each(tx)?;
            assert_eq!(everything(&store), before, "the store shows the last commit");
            assert_eq!(tx.find::<CustomerId>("slot", "left").unwrap_err().kind(), ErrorKind::Invalid);
            assert!(!tx.exists(customer(1))?);
            assert_eq!(tx.values(customer(2))?, [("tier".into(), "iron".into())].into());
            Ok(everything(tx))
        })
        .unwrap();
    assert_eq!(everything(&store), inside);
    assert_ne!(everything(&store), before);
    assert_eq!(everything(&snapshot), before, "a snapshot is frozen");
}

#[test]
fn an_error_an_early_return_and_a_panic_leave_nothing() {
    let store = store();
    let before = everything(&store);
    let stopped = store.write(|tx| {
        one_of_each(tx)?;
        Err::<(), _>(Error::stop("changed my mind"))
    });
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Stopped);
    assert_eq!(everything(&store), before);
    let early = store.write(|tx| {
        one_of_each(tx)?;
        tx.set_values(customer(2), [("unknown", "1")])?;
        unreachable!("the refusal ends the closure")
    });
    assert!(matches!(fault::<()>(early), Fault::KeysNotRegistered { .. }));
    assert_eq!(everything(&store), before);
    panics(|| {
        store.write(|tx| -> Result<(), Error> {
            one_of_each(tx)?;
            panic_quietly()
        })
    });
    assert_eq!(everything(&store), before);
    store.write(one_of_each).unwrap();
}

#[test]
fn a_refusal_inside_is_an_ordinary_value_and_the_transaction_goes_on() {
    let store = store();
    store
        .write(|tx| {
            tx.set_values(customer(2), [("tier", "iron")])?;
            let sets = [(customer(2), [("slot", "left")]), (customer(3), [("unknown", "1")])];
            assert_eq!(faults(tx.set_many(sets)).len(), 2);
            let inside = everything(tx);
            assert!(tx.add_key(Customer, "slot", Unindexed).is_err());
            assert!(tx.archive(customer(9)).is_err());
            assert!(tx.find::<CustomerId>("tier", "iron").is_err());
            assert_eq!(everything(tx), inside);
            tx.set_values(customer(2), [("slot", "right")])
        })
        .unwrap();
    assert_eq!(store.values(customer(2)).unwrap().len(), 2);
    assert!(!store.exists(customer(3)).unwrap());
}

#[test]
fn a_rehearsal_gives_its_outcome_and_changes_nothing() {
    let store = store();
    let before = everything(&store);
    let tables = store.stats().unwrap().tables;
    let outcome = store
        .dry_run(|tx| {
            one_of_each(tx)?;
            tx.set_values(customer(2), [("tier", "lead")])
        })
        .unwrap();
    assert_eq!(outcome.values["tier"], ValueOutcome::Changed);
    assert_eq!(everything(&store), before);
    assert_eq!(store.stats().unwrap().tables, tables);
    let refused = store.dry_run(|tx| tx.set_values(customer(2), [("slot", "left")]));
    assert!(matches!(fault(refused), Fault::ValueTaken { .. }));
    panics(|| store.dry_run(|_| -> Result<(), Error> { panic_quietly() }));
    assert_eq!(everything(&store), before);
    let revision = store.set_values(customer(2), [("tier", "lead")]).unwrap().revision;
    assert!(revision < outcome.revision, "the rehearsal's changes were not counted");
}

/// How a caller that shares a commit with others ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Well,
    Error,
    Panic,
    Dry,
}

#[test]
fn callers_that_share_a_commit_each_get_all_of_theirs_or_nothing() {
    const CALLERS: usize = 12;
    let ends = [End::Well, End::Error, End::Well, End::Panic, End::Dry, End::Error, End::Well];
    let disk = Disk::default();
    let store = StoreOptions::new().adopt_unknown(true).on_backend(disk.clone()).unwrap();
    store.add_key(Customer, "slot", Enforced).unwrap();
    store.add_key(Customer, "tier", Indexed).unwrap();
    let (mut syncs, mut writers) = (0, 0);
    for round in 0..10_u128 {
        let (arrived, arrivals) = mpsc::channel();
        let before = disk.count(Access::Sync);
        std::thread::scope(|scope| {
            let (open, opened) = mpsc::channel();
            let store = &store;
            scope.spawn(move || {
                store.write(|tx| {
                    open.send(()).unwrap();
                    // The others are on their way into the line, most of them in it.
                    arrivals.iter().take(CALLERS).for_each(drop);
                    (0..100).for_each(|_| std::thread::yield_now());
                    tx.adopt(customer(round))
                })
            });
            opened.recv().unwrap();
            for n in 0..CALLERS {
                let (arrived, end) = (arrived.clone(), ends[n % ends.len()]);
                scope.spawn(move || {
                    arrived.send(()).unwrap();
                    let id = customer(1_000 + round * 100 + n as u128);
                    let act = |tx: &Transaction<'_>| {
                        tx.set_values(id, [("slot", format!("{id}")), ("tier", "gold".to_owned())])?;
                        let key = format!("key {id}");
                        tx.add_key(Contract, &key, Indexed)?;
                        tx.set_values(contract(id.uuid().as_u128()), [(key, "a")])?;
                        match end {
                            End::Error => Err(Error::stop("no")),
                            End::Panic => panic_quietly(),
                            End::Well | End::Dry => Ok(()),
                        }
                    };
                    match end {
                        End::Well => store.write(act).unwrap(),
                        End::Dry => store.dry_run(act).unwrap(),
                        End::Error => assert!(matches!(store.write(act), Err(Error::Stopped(_)))),
                        End::Panic => panics(|| store.write(act)),
                    }
                    // Whoever has an answer finds it in the store.
                    assert_eq!(store.exists(id).unwrap(), end == End::Well);
                });
            }
        });
        syncs += disk.count(Access::Sync) - before;
        for n in 0..CALLERS {
            let id = customer(1_000 + round * 100 + n as u128);
            let well = ends[n % ends.len()] == End::Well;
            writers += u64::from(well);
            assert_eq!(store.exists(id).unwrap(), well);
            assert_eq!(store.find::<CustomerId>("slot", &id.to_string()).unwrap(), well.then_some(id));
            assert_eq!(store.key(Contract, &format!("key {id}")).unwrap().is_some(), well);
            assert_eq!(store.exists(contract(id.uuid().as_u128())).unwrap(), well);
        }
    }
    assert!(syncs < writers, "{writers} callers needed {syncs} syncs: they shared no commit");
    let gold = store.key(Customer, "tier").unwrap().unwrap().instances;
    assert_eq!(gold, writers);
    drop(store);
    let store = StoreOptions::new().on_backend(disk).unwrap();
    assert_eq!(store.keys(&[Contract]).unwrap().len() as u64, writers);
    assert!(store.keys(&[Contract]).unwrap().iter().all(|key| key.instances == 1));
}

#[test]
fn a_snapshot_stays_as_it_is_while_everything_under_it_changes() {
    let store = store();
    let view = store.snapshot().unwrap();
    let before = everything(&view);
    for n in 0..200 {
        store.set_values(customer(n), [("tier", format!("tier {n}"))]).unwrap();
    }
    store.write(one_of_each).unwrap();
    store.remove_key(Customer, "tier").unwrap();
    store.enforce_uniqueness(Customer, "slot").unwrap();
    assert_eq!(everything(&view), before);
    assert_eq!(everything(&view.clone()), before);
}

#[test]
fn who_and_why_have_up_to_1000_characters() {
    let store = Store::in_memory().unwrap();
    let about = |actor: usize, reason: usize| About {
        actor: Some("\u{1F4B0}".repeat(actor)),
        reason: Some("\u{1F4B0}".repeat(reason)),
    };
    store.write_as(about(1_000, 1_000), |tx| tx.adopt(customer(1))).unwrap();
    let refused = faults(store.write_as(about(1_001, 1_002), |tx| tx.adopt(customer(2))));
    let fault = |field, characters| Fault::AboutTooLong { field, characters, most: 1_000 };
    assert_eq!(refused, [fault("actor", 1_001), fault("reason", 1_002)]);
    assert!(!store.exists(customer(2)).unwrap());
}

#[test]
fn a_snapshot_answers_closed_after_its_store_also_where_it_knows_the_answer() {
    let endings: [fn(Store); 2] = [|store| store.close().unwrap(), drop];
    for end in endings {
        let store = store_with_keys([("slot", KeyKind::Enforced), ("note", KeyKind::Unindexed)]);
        store.set_values(customer(1), [("slot", "left")]).unwrap();
        let snapshot = store.snapshot().unwrap();
        // Read once, so that tables are open and pages in memory.
        snapshot.values(customer(1)).unwrap();
        snapshot.keys(&[]).unwrap();
        end(store);
        assert!(matches!(snapshot.values(customer(1)), Err(Error::Closed(_))));
        assert!(matches!(snapshot.find::<CustomerId>("slot", "left"), Err(Error::Closed(_))));
        assert!(matches!(snapshot.keys(&[]), Err(Error::Closed(_))));
        // No table is read for these.
        assert!(matches!(snapshot.keys(&[ManagedEntity::Contract]), Err(Error::Closed(_))));
        assert!(matches!(snapshot.exists(contract(1)), Err(Error::Closed(_))));
        assert!(matches!(snapshot.find_many::<CustomerId>("slot", [""; 0]), Err(Error::Closed(_))));
    }
}
