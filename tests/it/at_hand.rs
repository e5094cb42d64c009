//! What a thread that has found something keeps between two questions: it is told what is so now, whatever it found before.

use std::sync::mpsc;
use std::thread;

use billfold::prelude::*;
use billfold::{Comparison, KeyRules};

use crate::support::{customer, store_with_keys};

const KEY: &str = "account";

fn store() -> Store {
    let store = store_with_keys([(KEY, KeyKind::Enforced), ("email", KeyKind::Enforced)]);
    store
        .set_many((1..=9).map(|n| (customer(n), [(KEY, format!("a-{n}")), ("email", format!("{n}@x"))])))
        .unwrap();
    store
}

fn holder(store: &Store, key: &str, value: &str) -> Result<Option<CustomerId>, ErrorKind> {
    store.find(key, value).map_err(|error| error.kind())
}

/// A thread that answers questions to a store, and does nothing between them.
struct Asker {
    ask: mpsc::Sender<(Store, &'static str, &'static str)>,
    answers: mpsc::Receiver<Result<Option<CustomerId>, ErrorKind>>,
}

impl Asker {
    fn begin() -> Self {
        let (ask, questions) = mpsc::channel::<(Store, _, _)>();
        let (tell, answers) = mpsc::channel();
        thread::spawn(move || {
            questions.into_iter().try_for_each(|(store, key, value)| {
                let answer = holder(&store, key, value);
                // Before the answer: whoever has it may open the file again.
                drop(store);
                tell.send(answer)
            })
        });
        Self { ask, answers }
    }

    fn holder(
        &self,
        store: &Store,
        key: &'static str,
        value: &'static str,
    ) -> Result<Option<CustomerId>, ErrorKind> {
        self.ask.send((store.clone(), key, value)).unwrap();
        self.answers.recv().unwrap()
    }
}

/// Asks on this thread and on another, both of which have asked before; three times, as the first answers may be read.
#[track_caller]
fn assert_holder(
    asker: &Asker,
    store: &Store,
    key: &'static str,
    value: &'static str,
    expected: Result<Option<CustomerId>, ErrorKind>,
) {
    for _ in 0..3 {
        assert_eq!(holder(store, key, value), expected, "{key} {value}");
        assert_eq!(asker.holder(store, key, value), expected, "{key} {value}, on another thread");
    }
}

#[test]
fn every_thread_finds_what_was_changed_since_it_found_last() {
    let (store, asker) = (store(), Asker::begin());
    assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(1))));
    store.set_values(customer(1), [(KEY, "moved")]).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Ok(None));
    assert_holder(&asker, &store, KEY, "moved", Ok(Some(customer(1))));
    store.set_values(customer(2), [(KEY, "a-1")]).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(2))));
    store.delete_values(customer(2), [KEY]).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Ok(None));
    store.load([(customer(3), CustomFields::from([(KEY, "a-1")]))]).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(3))));
}

#[test]
fn a_key_that_goes_or_comes_again_is_asked_for_as_it_is_now() {
    let (store, asker) = (store(), Asker::begin());
    assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(1))));
    assert_holder(&asker, &store, "email", "1@x", Ok(Some(customer(1))));
    store.remove_key(ManagedEntity::Customer, KEY).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Err(ErrorKind::NotFound));
    assert_holder(&asker, &store, "email", "1@x", Ok(Some(customer(1))));
    store.add_key(ManagedEntity::Customer, KEY, KeyKind::Indexed).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Err(ErrorKind::Invalid));
    store.remove_key(ManagedEntity::Customer, KEY).unwrap();
    let folded = KeyRules { comparison: Comparison::CaseFolded, ..KeyKind::Enforced.into() };
    store.add_key(ManagedEntity::Customer, KEY, folded).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Ok(None));
    store.set_values(customer(7), [(KEY, "A-1")]).unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(7))));
}

#[test]
fn a_key_of_another_entity_has_values_of_its_own() {
    let store = store();
    store.add_key(ManagedEntity::Contract, KEY, KeyKind::Enforced).unwrap();
    let contract = ContractId::from(customer(5).uuid());
    store.set_values(contract, [(KEY, "a-1")]).unwrap();
    for _ in 0..3 {
        assert_eq!(store.find(KEY, "a-1").unwrap(), Some(customer(1)));
        assert_eq!(store.find(KEY, "a-1").unwrap(), Some(contract));
        assert_eq!(store.find::<ContractId>(KEY, "a-2").unwrap(), None);
        let found = store.find_ref(ManagedEntity::Contract, KEY, "a-1").unwrap();
        assert_eq!(found, Some(contract.into()));
    }
}

#[test]
fn stores_that_are_asked_in_turn_tell_each_their_own() {
    let (one, other, asker) = (store(), store(), Asker::begin());
    other.set_values(customer(1), [(KEY, "a-0")]).unwrap();
    other.set_values(customer(9), [(KEY, "a-1")]).unwrap();
    for _ in 0..3 {
        assert_holder(&asker, &one, KEY, "a-1", Ok(Some(customer(1))));
        assert_holder(&asker, &other, KEY, "a-1", Ok(Some(customer(9))));
        assert_eq!((holder(&one, KEY, "a-0"), holder(&other, KEY, "a-0")), (Ok(None), Ok(Some(customer(1)))));
    }
}

#[test]
fn a_closed_store_tells_nothing_to_whoever_found_in_it_before() {
    let (store, asker) = (store(), Asker::begin());
    assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(1))));
    store.clone().close().unwrap();
    assert_holder(&asker, &store, KEY, "a-1", Err(ErrorKind::Engine));
}

#[test]
fn threads_that_have_found_hinder_neither_compacting_nor_opening_the_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let asker = Asker::begin();
    for round in 0..3 {
        let store = StoreOptions::new().adopt_unknown(true).open(&path).unwrap();
        if round == 0 {
            store.add_key(ManagedEntity::Customer, KEY, KeyKind::Enforced).unwrap();
        }
        store.set_values(customer(1), [(KEY, "a-1")]).unwrap();
        assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(1))));
        store.compact().unwrap();
        assert_holder(&asker, &store, KEY, "a-1", Ok(Some(customer(1))));
        if round == 1 { drop(store) } else { store.close().unwrap() }
    }
}

#[test]
fn memory_that_an_idle_thread_found_in_is_counted_until_it_finds_again() {
    let (store, asker) = (store(), Asker::begin());
    let bytes = || store.stats().unwrap().names_in_memory.bytes;
    assert_holder(&asker, &store, "email", "1@x", Ok(Some(customer(1))));
    let with_both = bytes();
    store.remove_key(ManagedEntity::Customer, KEY).unwrap();
    for _ in 0..2 {
        assert_eq!(holder(&store, "email", "1@x"), Ok(Some(customer(1))));
    }
    assert_eq!(bytes(), with_both);
    for _ in 0..2 {
        assert_eq!(asker.holder(&store, "email", "1@x"), Ok(Some(customer(1))));
    }
    assert!(bytes() < with_both);
}
