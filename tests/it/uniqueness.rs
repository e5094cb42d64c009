//! Unique values: races for one, and exchanges within one operation.

use std::sync::Barrier;

use billfold::prelude::*;

use crate::support::{customer, fault, faults, store_with_keys};

use KeyKind::Enforced;

fn holder_in(fault: &Fault) -> CustomerId {
    match fault {
        Fault::ValueTaken { holder, .. } => CustomerId::from(*holder),
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_16_threads_that_race_for_a_value_one_wins_and_the_others_learn_who() {
    const CALLERS: u128 = 16;
    let store = store_with_keys([("slot", Enforced)]);
    for round in 0..20 {
        let value = format!("slot {round}");
        let start = Barrier::new(CALLERS as usize);
        let results: Vec<_> = std::thread::scope(|scope| {
            let race = |n| {
                let (store, start, value) = (&store, &start, &value);
                scope.spawn(move || {
                    start.wait();
                    let result = store.set_values(customer(n), [("slot", value)]);
                    if let Err(Error::Refused(faults)) = &result {
                        // A refusal is an answer too: the holder it names is there for everybody.
                        let found = store.find("slot", value).unwrap();
                        assert_eq!(found, Some(holder_in(&faults[0])));
                    }
                    result
                })
            };
            let callers: Vec<_> = (1..=CALLERS).map(race).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        let winner = store.find::<CustomerId>("slot", &value).unwrap().expect("one of them has it");
        for (n, result) in (1..).zip(results) {
            if customer(n) == winner {
                result.unwrap();
            } else {
                let fault = fault(result);
                assert_eq!(holder_in(&fault), winner);
                let expected = Fault::ValueTaken {
                    target: customer(n).into(),
                    key: "slot".into(),
                    value: value.clone(),
                    holder: winner.uuid(),
                    archived: false,
                };
                assert_eq!(fault, expected);
            }
        }
    }
}

#[test]
fn of_16_threads_that_race_in_transactions_that_may_stop_one_of_those_that_stay_wins() {
    const CALLERS: u128 = 16;
    let store = store_with_keys([("slot", Enforced)]);
    for round in 0..10 {
        let value = format!("slot {round}");
        let start = Barrier::new(CALLERS as usize);
        std::thread::scope(|scope| {
            for n in 1..=CALLERS {
                let (store, start, value) = (&store, &start, &value);
                scope.spawn(move || {
                    start.wait();
                    let result = store.write(|tx| {
                        tx.set_values(customer(n), [("slot", value)])?;
                        if n % 2 == 0 { Err(Error::stop("no, after all")) } else { Ok(()) }
                    });
                    match result {
                        Ok(()) => assert_eq!(n % 2, 1),
                        Err(Error::Stopped(_)) => assert_eq!(n % 2, 0),
                        Err(Error::Refused(faults)) => {
                            assert_eq!(holder_in(&faults[0]).uuid().as_u128() % 2, 1, "the holder stays");
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                });
            }
        });
        let winner = store.find::<CustomerId>("slot", &value).unwrap().expect("one of them has it");
        assert_eq!(winner.uuid().as_u128() % 2, 1);
        assert_eq!(store.value(winner, "slot").unwrap(), Some(value));
    }
}

#[test]
fn values_are_swapped_rotated_and_moved_in_one_operation() {
    let store = store_with_keys([("slot", Enforced)]);
    let slots = || [1, 2, 3].map(|n| store.value(customer(n), "slot").unwrap_or_default());
    let set = |changes: &[(u128, &str)]| {
        store.set_many(changes.iter().map(|(n, value)| (customer(*n), [("slot", *value)])))
    };
    set(&[(1, "a"), (2, "b"), (3, "c")]).unwrap();
    set(&[(1, "b"), (2, "a")]).unwrap();
    assert_eq!(slots(), ["b", "a", "c"].map(|slot| Some(slot.to_owned())));
    set(&[(1, "c"), (2, "b"), (3, "a")]).unwrap();
    assert_eq!(slots(), ["c", "b", "a"].map(|slot| Some(slot.to_owned())));
    // Moved on: what the first gives up the next takes, whichever is named first.
    set(&[(2, "c"), (1, "new")]).unwrap();
    assert_eq!(slots(), ["new", "c", "a"].map(|slot| Some(slot.to_owned())));
    for (n, slot) in [(1, "new"), (2, "c"), (3, "a")] {
        assert_eq!(store.find("slot", slot).unwrap(), Some(customer(n)));
    }
    assert_eq!(store.find::<CustomerId>("slot", "b").unwrap(), None);
    assert_eq!(store.key(ManagedEntity::Customer, "slot").unwrap().unwrap().instances, 3);
}

#[test]
fn a_value_that_two_instances_would_have_after_the_operation_is_refused() {
    let store = store_with_keys([("slot", Enforced)]);
    store.set_values(customer(1), [("slot", "a")]).unwrap();
    store.set_values(customer(2), [("slot", "b")]).unwrap();
    let set = |changes: &[(u128, &str)]| {
        store.set_many(changes.iter().map(|(n, value)| (customer(*n), [("slot", *value)])))
    };
    let both = faults(set(&[(3, "x"), (4, "x"), (5, "x")]));
    assert_eq!(both.iter().map(holder_in).collect::<Vec<_>>(), [customer(3), customer(3)]);
    // The first keeps its value, so that the second cannot have it, though both are named.
    assert_eq!(holder_in(&fault(set(&[(1, "a"), (2, "a")]))), customer(1));
    assert_eq!(holder_in(&fault(set(&[(1, "b"), (3, "a")]))), customer(2));
    let given_up_and_taken_twice = faults(set(&[(1, "new"), (2, "a"), (3, "a")]));
    assert_eq!(given_up_and_taken_twice.iter().map(holder_in).collect::<Vec<_>>(), [customer(2)]);
    assert!(!store.exists(customer(3)).unwrap());
    assert_eq!(store.find("slot", "a").unwrap(), Some(customer(1)));
    assert_eq!(store.find("slot", "b").unwrap(), Some(customer(2)));
}

#[test]
fn a_value_is_moved_by_delete_and_set_in_one_transaction_and_every_look_up_between_agrees() {
    let store = store_with_keys([("slot", Enforced)]);
    store.set_values(customer(1), [("slot", "a")]).unwrap();
    store
        .write(|tx| {
            assert_eq!(holder_in(&fault(tx.set_values(customer(2), [("slot", "a")]))), customer(1));
            tx.delete_values(customer(1), ["slot"])?;
            assert_eq!(tx.find::<CustomerId>("slot", "a")?, None);
            tx.set_values(customer(2), [("slot", "a")])?;
            assert_eq!(tx.find("slot", "a")?, Some(customer(2)));
            assert_eq!(holder_in(&fault(tx.set_values(customer(1), [("slot", "a")]))), customer(2));
            tx.set_values(customer(1), [("slot", "b")])
        })
        .unwrap();
    assert_eq!(store.find_many("slot", ["a", "b"]).unwrap(), [Some(customer(2)), Some(customer(1))]);
}

#[test]
fn the_same_value_is_no_conflict_with_oneself_nor_across_entities_or_keys() {
    let store = store_with_keys([("slot", Enforced), ("other", Enforced)]);
    store.add_key(ManagedEntity::Contract, "slot", Enforced).unwrap();
    store.set_values(customer(1), [("slot", "a")]).unwrap();
    assert!(!store.set_values(customer(1), [("slot", "a")]).unwrap().changed());
    store.set_values(customer(2), [("other", "a")]).unwrap();
    store.set_values(crate::support::contract(1), [("slot", "a")]).unwrap();
    // Compared exactly.
    for (n, value) in (3..).zip(["A", "a ", " a", "", "a\0"]) {
        store.set_values(customer(n), [("slot", value)]).unwrap();
    }
    let taken = fault(store.set_values(customer(9), [("slot", "")]));
    assert_eq!(holder_in(&taken), customer(6), "an empty text is unique like any other");
}
