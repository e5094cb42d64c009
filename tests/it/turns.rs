//! Turns of the writers: re-entrant calls, time limits, threads that unwind.

use std::sync::mpsc;
use std::time::Duration;

use billfold::prelude::*;

use crate::support::{customer, panic_quietly, panics, store_with_keys};

use ManagedEntity::Customer;

#[test]
fn a_writing_call_of_the_store_from_inside_its_transaction_is_refused_and_reads_are_not() {
    let store = store_with_keys([("slot", KeyKind::Enforced)]);
    let clone = store.with_time_limit(Duration::from_secs(600));
    store
        .write(|tx| {
            tx.set_values(customer(1), [("slot", "a")])?;
            for store in [&store, &clone] {
                assert!(matches!(store.write(|_| Ok(())), Err(Error::Reentrant)));
                assert!(matches!(store.dry_run(|_| Ok(())), Err(Error::Reentrant)));
                assert!(matches!(store.set_values(customer(1), [("slot", "b")]), Err(Error::Reentrant)));
                assert!(matches!(store.adopt(customer(2)), Err(Error::Reentrant)));
                assert!(matches!(store.flush(), Err(Error::Reentrant)));
                assert!(matches!(store.stats(), Err(Error::Reentrant)));
                assert!(matches!(store.clone().close(), Err(Error::Reentrant)));
                assert!(!store.exists(customer(1))?);
                assert!(!store.snapshot()?.exists(customer(1))?);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(store.find("slot", "a").unwrap(), Some(customer(1)), "the transaction went on");
    store.adopt(customer(2)).unwrap();
}

#[test]
fn a_transaction_may_write_to_another_store_but_not_back_from_there() {
    let [one, other] = [(); 2].map(|()| store_with_keys([("slot", KeyKind::Enforced)]));
    one.write(|tx| {
        tx.adopt(customer(1))?;
        other.adopt(customer(2))?;
        other.write(|inner| {
            assert!(matches!(one.adopt(customer(3)), Err(Error::Reentrant)));
            assert!(matches!(other.adopt(customer(3)), Err(Error::Reentrant)));
            tx.adopt(customer(4))?;
            inner.adopt(customer(5))
        })?;
        Err::<(), _>(Error::stop("only this one"))
    })
    .unwrap_err();
    assert!(!one.exists(customer(1)).unwrap() && !one.exists(customer(4)).unwrap());
    assert!(other.exists(customer(2)).unwrap() && other.exists(customer(5)).unwrap());
    one.adopt(customer(3)).unwrap();
}

#[test]
fn a_thread_that_panicked_in_a_transaction_can_write_again() {
    let store = store_with_keys([]);
    panics(|| store.write(|_| -> Result<(), Error> { panic_quietly() }));
    assert!(store.adopt(customer(1)).unwrap());
    panics(|| store.dry_run(|_| -> Result<(), Error> { panic_quietly() }));
    assert!(store.adopt(customer(2)).unwrap());
}

#[test]
fn a_caller_whose_time_runs_out_is_told_and_holds_nobody_up() {
    let store = store_with_keys([]);
    let (inside, is_inside) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| {
            let goes_on = goes_on;
            store.write(|tx| {
                inside.send(()).unwrap();
                goes_on.recv().unwrap();
                tx.adopt(customer(1))
            })
        });
        is_inside.recv().unwrap();
        let patient = scope.spawn(|| store.with_time_limit(Duration::from_secs(600)).adopt(customer(2)));
        for limit in [Duration::ZERO, Duration::from_millis(5)] {
            let limited = store.with_time_limit(limit);
            assert!(matches!(limited.adopt(customer(3)), Err(Error::Busy { .. })));
            assert!(matches!(limited.write(|tx| tx.adopt(customer(3))), Err(Error::Busy { .. })));
            assert!(matches!(limited.flush(), Err(Error::Busy { .. })));
            assert_eq!(limited.adopt(customer(3)).unwrap_err().kind(), ErrorKind::Busy);
            // Readers never wait.
            assert!(!limited.exists(customer(1)).unwrap());
        }
        go_on.send(()).unwrap();
        assert!(holder.join().unwrap().unwrap());
        assert!(patient.join().unwrap().unwrap());
    });
    assert!(!store.exists(customer(3)).unwrap(), "who was told Busy did nothing");
    assert!(store.with_time_limit(Duration::ZERO).adopt(customer(3)).unwrap(), "there is nobody to wait for");
}

#[test]
fn a_caller_on_another_thread_waits_for_the_transaction_that_started_it() {
    let store = store_with_keys([]);
    store
        .write(|tx| {
            let limited = store.with_time_limit(Duration::from_millis(5));
            let other =
                std::thread::scope(|scope| scope.spawn(|| limited.adopt(customer(1))).join().unwrap());
            assert!(matches!(other, Err(Error::Busy { .. })), "{other:?}");
            tx.adopt(customer(2))
        })
        .unwrap();
    assert!(!store.exists(customer(1)).unwrap());
}

#[test]
fn readers_beside_writers_see_whole_transactions_and_every_one_that_has_returned() {
    const ROUNDS: u64 = 200;
    let store = store_with_keys([("round", KeyKind::Indexed)]);
    let pair = [customer(1), customer(2)];
    store.set_many(pair.map(|id| (id, [("round", "0000")]))).unwrap();
    let (returned, returns) = mpsc::channel();
    std::thread::scope(|scope| {
        let store = &store;
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                let value = format!("{round:04}");
                store
                    .write(|tx| {
                        tx.set_values(pair[0], [("round", &value)])?;
                        tx.set_values(pair[1], [("round", &value)])
                    })
                    .unwrap();
                returned.send(value).unwrap();
            }
        });
        let mut last = store.revision(pair[0]).unwrap();
        for value in returns {
            let values = store.values_many(pair).unwrap();
            assert_eq!(values[0], values[1], "one moment of both");
            assert!(values[0]["round"] >= value, "{value} had returned");
            let view = store.snapshot().unwrap();
            let shown = view.value(pair[0], "round").unwrap().unwrap();
            let holders = view.find_all::<CustomerId>("round", &shown, &PageRequest::default()).unwrap();
            assert_eq!(holders.items, pair, "row and index are of one moment");
            let revision = view.revision(pair[0]).unwrap();
            assert!(revision >= last);
            last = revision;
        }
    });
    assert_eq!(store.value(pair[0], "round").unwrap(), Some(format!("{ROUNDS:04}")));
}

/// Writes to a store when it is dropped.
struct WritesAtTheEnd<'s>(&'s Store, mpsc::Sender<Result<bool, Error>>);

impl Drop for WritesAtTheEnd<'_> {
    fn drop(&mut self) {
        self.1.send(self.0.adopt(customer(1))).unwrap();
    }
}

#[test]
fn a_writing_call_from_a_thread_that_unwinds_is_refused() {
    let store = store_with_keys([("slot", KeyKind::Enforced)]);
    let (sender, results) = mpsc::channel();
    drop(WritesAtTheEnd(&store, sender.clone()));
    assert!(results.recv().unwrap().unwrap(), "without a panic it is carried out");
    store.forget(customer(1)).unwrap();
    panics(|| -> () {
        let _guard = WritesAtTheEnd(&store, sender.clone());
        panic_quietly()
    });
    assert!(matches!(results.recv().unwrap(), Err(Error::Unwinding)));
    assert!(!store.exists(customer(1)).unwrap());
}

#[test]
fn closing_waits_for_the_transaction_that_runs_and_keeps_its_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    let (inside, is_inside) = mpsc::channel();
    let (closing, is_closing) = mpsc::channel();
    std::thread::scope(|scope| {
        let (writer, inside) = (&store, inside);
        let running = scope.spawn(move || {
            writer.write(|tx| {
                tx.add_key(Customer, "slot", KeyKind::Enforced)?;
                inside.send(()).unwrap();
                is_closing.recv().unwrap();
                (0..100).for_each(|_| std::thread::yield_now());
                tx.adopt(customer(1))
            })
        });
        is_inside.recv().unwrap();
        let closes = store.clone();
        closing.send(()).unwrap();
        closes.close().unwrap();
        assert!(running.join().unwrap().unwrap());
    });
    assert!(matches!(store.exists(customer(1)), Err(Error::Closed(_))));
    assert!(Store::open(&path).unwrap().exists(customer(1)).unwrap());
}

#[test]
fn callers_that_wait_when_the_store_is_closed_are_told_so_or_were_before_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let store = Store::open(&path).unwrap();
        let results: Vec<_> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..6_u128)
                .map(|n| {
                    scope.spawn({
                        let store = store.clone();
                        move || store.adopt(customer(n))
                    })
                })
                .collect();
            store.clone().close().unwrap();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        let again = Store::open(&path).unwrap();
        for (n, result) in (0..).zip(results) {
            let there = again.exists(customer(n)).unwrap();
            assert!(
                matches!((&result, there), (Ok(true), true) | (Err(Error::Closed(_)), false)),
                "{result:?}"
            );
        }
    }
}
