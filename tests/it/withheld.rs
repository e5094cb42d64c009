//! What the custom fields of customers hold is told to whoever asks for it, and stands in no error that somebody may log.

use std::fs;

use billfold::Import;
use billfold::prelude::*;

use crate::support::moved::exported;
use crate::support::{customer, whole};

const SECRET: &str = "a secret";

/// The error, as a log may have it: in each of its forms, and all that it came of.
fn logged<T: std::fmt::Debug, E: std::error::Error>(answer: Result<T, E>) -> String {
    let error = answer.unwrap_err();
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

/// A store where two customers hold the same.
fn store() -> Store {
    let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "shared", KeyKind::Indexed).unwrap();
    store.add_key(ManagedEntity::Customer, "own", KeyKind::Enforced).unwrap();
    let values = |n: u128| [("shared", SECRET.to_owned()), ("own", format!("{SECRET} {n}"))];
    store.set_many((1..=2).map(|n| (customer(n), values(n)))).unwrap();
    store
}

#[test]
fn no_error_holds_what_its_caller_did_not_pass_in() {
    let store = store();
    let given = ("own", "given");
    let taken = format!(
        r#"{{"instance":{{"entity":"customer","id":"{}","custom_fields":{{"own":"{SECRET} 1"}}}}}}"#,
        customer(3)
    );
    let expecting = |what| store.set_values_if(customer(1), [("shared", "given")], &[what]);
    let errors = [
        logged(store.enforce_uniqueness(ManagedEntity::Customer, "shared")),
        logged(expecting(Expectation::Holds("own".into(), "given".into()))),
        logged(expecting(Expectation::Absent("own".into()))),
        logged(store.get_or_create(given, |_| Ok(customer(1)))),
        logged(store.set_values(customer(1), [("not there", "given")])),
        logged(store.set_values(customer(1), [("own", "x".repeat(10_000))])),
        logged(store.find::<CustomerId>("nothing", "given")),
        logged(store.set_values(customer(1), [given, given])),
        logged(store.set_many([(customer(1), [given]), (customer(2), [given])])),
    ];
    for error in errors {
        assert!(!error.contains("secret"), "{error}");
    }
    // But what its caller did.
    assert!(logged(store.import(taken.as_bytes())).contains("secret"));
    for shown in [format!("{store:?}"), format!("{:?}", store.snapshot().unwrap())] {
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn a_value_that_is_shared_can_be_read_and_is_not_shown() {
    let refused = store().enforce_uniqueness(ManagedEntity::Customer, "shared").unwrap_err();
    let [Fault::ValueShared { value, .. }] = refused.faults() else { panic!("{refused:?}") };
    assert_eq!(&**value, SECRET);
    let (one, other) = (customer(1), customer(2));
    assert_eq!(refused.to_string(), format!(r#"customer: a value of "shared" is shared by {one}, {other}"#));
}

#[test]
fn of_damage_the_place_is_told_and_not_what_stood_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("store"), folder.path().join("damaged"));
    let options = StoreOptions::new().adopt_unknown(true);
    let store = options.clone().open(&path).unwrap();
    Import::into(&store).read(exported(&self::store()).as_bytes()).unwrap();
    whole(&store);
    store.close().unwrap();
    let bytes = fs::read(&path).unwrap();
    let places = bytes.windows(SECRET.len()).enumerate().filter(|(_, it)| *it == SECRET.as_bytes());
    let places: Vec<_> = places.map(|(place, _)| place).collect();
    assert!(places.len() > 4, "{places:?}");
    for place in places {
        // In front of a value stands how long it is.
        for at in [place - 1, place] {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            for looks_first in [true, false] {
                fs::write(&damaged, &bytes).unwrap();
                let opened = options.clone().verify_on_open(looks_first).open(&damaged);
                let said = opened.and_then(|store| store.verify());
                let said = said.map_or_else(
                    |error| logged(Err::<(), _>(error)),
                    |found| format!("{:?}", found.problems),
                );
                assert!(!said.contains("secret"), "{said}");
            }
        }
    }
}
