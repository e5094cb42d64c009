//! Values: setting, replacing, deleting and reading them.

use std::collections::BTreeMap;

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::{contract, customer, fault, faults, store_with_keys};

use KeyKind::{Enforced, Indexed, Unindexed};
use ManagedEntity::Customer;
use ValueOutcome::{Absent, Added, Changed, Removed, Unchanged};

fn values<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn outcomes<const N: usize>(pairs: [(&str, ValueOutcome); N]) -> BTreeMap<String, ValueOutcome> {
    pairs.into_iter().map(|(key, outcome)| (key.to_owned(), outcome)).collect()
}

#[test]
fn setting_merges_and_says_for_each_key_what_it_did() {
    let store = store_with_keys([("a", Enforced), ("b", Indexed), ("c", Unindexed)]);
    let first = store.set_values(customer(1), [("a", "1"), ("b", "1")]).unwrap();
    assert_eq!(first.values, outcomes([("a", Added), ("b", Added)]));
    let second = store.set_values(customer(1), [("a", "1"), ("b", "2"), ("c", "")]).unwrap();
    assert_eq!(second.values, outcomes([("a", Unchanged), ("b", Changed), ("c", Added)]));
    assert!(second.changed() && second.revision > first.revision);
    assert_eq!(store.values(customer(1)).unwrap(), values([("a", "1"), ("b", "2"), ("c", "")]));
    assert_eq!(store.value(customer(1), "c").unwrap().as_deref(), Some(""), "an empty text is a value");
}

#[test]
fn replacing_removes_what_is_not_named() {
    let store = store_with_keys([("a", Enforced), ("b", Indexed), ("c", Unindexed)]);
    store.set_values(customer(1), [("a", "1"), ("b", "1"), ("c", "1")]).unwrap();
    let set = store.replace_values(customer(1), [("b", "1"), ("a", "2")]).unwrap();
    assert_eq!(set.values, outcomes([("a", Changed), ("b", Unchanged), ("c", Removed)]));
    assert_eq!(store.values(customer(1)).unwrap(), values([("a", "2"), ("b", "1")]));
    let cleared = store.replace_values(customer(1), CustomFields::default()).unwrap();
    assert_eq!(cleared.values, outcomes([("a", Removed), ("b", Removed)]));
    assert!(store.values(customer(1)).unwrap().is_empty());
    assert_eq!(store.find::<CustomerId>("a", "2").unwrap(), None);
    let refused = store.replace_values(customer(1), [("a", "3"), ("d", "1")]);
    assert_eq!(fault(refused), Fault::KeysNotRegistered { entity: Customer, keys: vec!["d".into()] });
}

#[test]
fn deleting_what_is_not_there_is_no_fault_and_what_is_not_registered_is_named() {
    let store = store_with_keys([("a", Enforced), ("b", Indexed)]);
    let set = store.set_values(customer(1), [("a", "1")]).unwrap();
    let none = store.delete_values(customer(1), ["b"]).unwrap();
    assert_eq!((none.values, none.revision), (outcomes([("b", Absent)]), set.revision));
    let unknown = Fault::KeysNotRegistered { entity: Customer, keys: vec!["x".into(), "y".into()] };
    assert_eq!(fault(store.delete_values(customer(1), ["x", "a", "y"])), unknown);
    assert_eq!(store.value(customer(1), "a").unwrap().as_deref(), Some("1"), "all or nothing");
    let deleted = store.delete_values(customer(1), ["a", "b"]).unwrap();
    assert_eq!(deleted.values, outcomes([("a", Removed), ("b", Absent)]));
    store.set_values(customer(2), [("a", "1")]).unwrap();
    let repeated = fault(store.delete_values(customer(2), ["a", "a"]));
    assert_eq!(repeated, Fault::KeyRepeated { target: customer(2).into(), key: "a".into() });
}

#[test]
fn every_fault_of_a_call_is_reported_and_nothing_of_it_is_done() {
    let store = store_with_keys([("slot", Enforced), ("note", Indexed)]);
    store.set_values(customer(1), [("slot", "taken")]).unwrap();
    store.archive(customer(1)).unwrap();
    let before = store.set_values(customer(2), [("note", "as it was")]).unwrap();
    let long = "x".repeat(201);
    let pairs = [
        ("slot", "taken"),
        ("note", long.as_str()),
        ("unknown", "1"),
        ("note", "again"),
        ("also unknown", "1"),
    ];
    let result = store.set_values_if(customer(2), pairs, &[Expectation::Revision(before.revision + 1)]);
    let error = result.unwrap_err();
    let expected = [
        Fault::RevisionDiffers {
            target: customer(2).into(),
            expected: before.revision + 1,
            found: before.revision,
        },
        Fault::ValueTooLong { entity: Customer, key: "note".into(), characters: 201 },
        Fault::KeyRepeated { target: customer(2).into(), key: "note".into() },
        Fault::KeysNotRegistered { entity: Customer, keys: vec!["unknown".into(), "also unknown".into()] },
        Fault::ValueTaken {
            target: customer(2).into(),
            key: "slot".into(),
            value: "taken".into(),
            holder: customer(1).uuid(),
            archived: true,
        },
    ];
    for fault in &expected {
        assert!(error.faults().contains(fault), "{fault:?} is not in {error:?}");
        assert!(error.to_string().contains(&fault.to_string()));
    }
    assert_eq!(error.faults().len(), expected.len());
    assert_eq!(error.kind(), ErrorKind::Invalid, "what is wrong in itself comes first");
    assert_eq!(store.values(customer(2)).unwrap(), values([("note", "as it was")]));
    assert_eq!(store.revision(customer(2)).unwrap(), before.revision);
}

#[test]
fn the_faults_of_all_instances_of_a_call_are_reported_together() {
    let store = Store::in_memory().unwrap();
    store.add_key(Customer, "note", Indexed).unwrap();
    store.adopt(customer(1)).unwrap();
    let package = EntityRef::from(PackageCommitId::from(Uuid::from_u128(1)));
    store.adopt(package).unwrap();
    let sets: [(EntityRef, _); 5] = [
        (customer(1).into(), [("note", "1")]),
        (customer(2).into(), [("note", "1")]),
        (customer(3).into(), [("unknown", "1")]),
        (package, [("note", "1")]),
        (customer(1).into(), [("note", "2")]),
    ];
    let result = store.set_many(sets);
    assert_eq!(result.as_ref().unwrap_err().kind(), ErrorKind::Invalid);
    let unregistered = |entity, key: &str| Fault::KeysNotRegistered { entity, keys: vec![key.into()] };
    let expected = [
        Fault::InstanceNotFound { target: customer(2).into() },
        Fault::InstanceNotFound { target: customer(3).into() },
        unregistered(Customer, "unknown"),
        Fault::FieldsOfAPackage { target: package },
        unregistered(ManagedEntity::PackageCommit, "note"),
        Fault::InstanceRepeated { target: customer(1).into() },
    ];
    let found = faults(result);
    assert!(expected.iter().all(|fault| found.contains(fault)), "{found:?}");
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(store.values(customer(1)).unwrap().is_empty());
}

#[test]
fn an_instance_is_taken_in_by_a_set_only_where_the_store_says_so_and_the_set_is_sound() {
    let strict = Store::in_memory().unwrap();
    strict.add_key(Customer, "note", Indexed).unwrap();
    let missing = Fault::InstanceNotFound { target: customer(1).into() };
    assert_eq!(fault(strict.set_values(customer(1), [("note", "1")])), missing);
    assert_eq!(fault(strict.replace_values(customer(1), [("note", "1")])), missing);
    assert_eq!(fault(strict.delete_values(customer(1), ["note"])), missing);
    assert!(!strict.exists(customer(1)).unwrap());

    let adopting = store_with_keys([("note", Indexed)]);
    assert!(adopting.set_values(customer(1), [("unknown", "1")]).is_err());
    assert!(!adopting.exists(customer(1)).unwrap(), "a refused set takes nothing in");
    adopting.set_values(customer(1), [("note", "1")]).unwrap();
    assert!(!adopting.adopt(customer(1)).unwrap());
    assert!(!adopting.exists(contract(1)).unwrap(), "the same id of another entity is another instance");
}

#[test]
fn reading_names_every_unknown_instance_and_an_unknown_key() {
    let store = store_with_keys([("note", Unindexed)]);
    store.set_values(customer(2), [("note", "1")]).unwrap();
    let missing = |n| Fault::InstanceNotFound { target: customer(n).into() };
    assert_eq!(fault(store.values(customer(1))), missing(1));
    assert_eq!(fault(store.revision(customer(1))), missing(1));
    assert_eq!(fault(store.is_archived(customer(1))), missing(1));
    assert_eq!(faults(store.values_many([1, 2, 3].map(customer))), [missing(1), missing(3)]);
    let key = Fault::KeyNotFound { entity: Customer, key: "x".into() };
    assert_eq!(fault(store.value(customer(2), "x")), key);
    let both = faults(store.value(customer(1), "x"));
    assert!(both.len() == 2 && both.contains(&key) && both.contains(&missing(1)), "{both:?}");
    assert_eq!(fault(store.value(customer(1), "note")), missing(1));
    store.adopt(contract(7)).unwrap();
    let several: [EntityRef; 3] = [customer(2).into(), contract(7).into(), customer(2).into()];
    let expected = [values([("note", "1")]), values([]), values([("note", "1")])];
    assert_eq!(store.values_many(several).unwrap(), expected);
}

#[test]
fn a_set_goes_ahead_only_where_every_expectation_holds() {
    let store = store_with_keys([("tier", Indexed), ("note", Unindexed)]);
    let first = store.set_values(customer(1), [("tier", "gold")]).unwrap();
    let revision = first.revision;
    let set = |tier: &str, expectations: &[Expectation]| {
        store.set_values_if(customer(1), [("tier", tier)], expectations)
    };
    let differs = |key: &str, expected: Option<&str>, holds_another| Fault::ValueDiffers {
        target: customer(1).into(),
        key: key.into(),
        expected: expected.map(str::to_owned),
        holds_another,
    };
    let holds = |key: &str, value: &str| Expectation::Holds(key.into(), value.into());
    let absent = |key: &str| Expectation::Absent(key.into());

    assert_eq!(fault(set("iron", &[absent("tier")])), differs("tier", None, true));
    assert_eq!(fault(set("iron", &[holds("tier", "lead")])), differs("tier", Some("lead"), true));
    assert_eq!(fault(set("iron", &[holds("note", "lead")])), differs("note", Some("lead"), false));
    let late = Fault::RevisionDiffers { target: customer(1).into(), expected: revision - 1, found: revision };
    assert_eq!(fault(set("iron", &[Expectation::Revision(revision - 1)])), late);
    let unknown = Fault::KeyNotFound { entity: Customer, key: "x".into() };
    assert_eq!(fault(set("iron", &[absent("x")])), unknown);
    assert_eq!(faults(set("iron", &[absent("x"), absent("tier"), absent("note")])).len(), 2);
    assert_eq!(store.value(customer(1), "tier").unwrap().as_deref(), Some("gold"));

    let all = [Expectation::Revision(revision), holds("tier", "gold"), absent("note")];
    assert_eq!(set("iron", &all).unwrap().values, outcomes([("tier", Changed)]));
    assert_eq!(faults(set("lead", &all)).len(), 2, "revision and value have moved on");
    let unchanged = set("iron", &[holds("tier", "iron")]).unwrap();
    assert_eq!(unchanged.values, outcomes([("tier", Unchanged)]));
}

#[test]
fn a_revision_goes_up_with_every_change_of_the_instance_and_with_nothing_else() {
    let store = store_with_keys([("note", Indexed)]);
    store.adopt(customer(1)).unwrap();
    store.adopt(customer(2)).unwrap();
    let mut last = store.revision(customer(1)).unwrap();
    let mut expect = |goes_up: bool| {
        let revision = store.revision(customer(1)).unwrap();
        assert_eq!(revision > last, goes_up, "{revision} after {last}");
        assert!(revision >= last);
        last = revision;
    };
    store.set_values(customer(2), [("note", "1")]).unwrap();
    store.add_key(Customer, "other", Enforced).unwrap();
    expect(false);
    let set = store.set_values(customer(1), [("note", "1"), ("other", "1")]).unwrap();
    assert_eq!(set.revision, store.revision(customer(1)).unwrap());
    expect(true);
    store.set_values(customer(1), [("note", "1")]).unwrap();
    store.adopt(customer(1)).unwrap();
    assert!(store.set_values(customer(1), [("unknown", "1")]).is_err());
    expect(false);
    store.remove_key(Customer, "other").unwrap();
    store.enforce_uniqueness(Customer, "note").unwrap_err();
    expect(false);
    store.delete_values(customer(1), ["note"]).unwrap();
    expect(true);
    store.archive(customer(1)).unwrap();
    expect(true);
    store.replace_values(customer(1), [("note", "1")]).unwrap();
    expect(true);
}

#[test]
fn values_are_kept_to_the_byte() {
    let store = store_with_keys([("id", Enforced), ("__proto__", Indexed), ("constructor", Unindexed)]);
    let texts = ["", "\0", "a\0b", "\u{feff}x", "e\u{301}", "\u{e9}", " x ", "\r\n", "\u{10ffff}", "'; DROP"];
    for (n, text) in (1..).zip(texts) {
        let set = [("id", text), ("__proto__", text), ("constructor", text)];
        store.set_values(customer(n), set).unwrap();
        assert_eq!(store.values(customer(n)).unwrap(), values(set));
        assert_eq!(store.find("id", text).unwrap(), Some(customer(n)), "{text:?} is like nothing before it");
        let listed: Page<CustomerId> = store.find_all("__proto__", text, &PageRequest::default()).unwrap();
        assert_eq!(listed.items, [customer(n)]);
    }
}

#[test]
fn a_value_has_up_to_200_characters_whatever_their_bytes() {
    let store = store_with_keys([("a", Enforced), ("b", Indexed), ("c", Unindexed)]);
    for character in ["x", "\u{e9}", "\u{20ac}", "\u{1F4B0}", "\0"] {
        for key in ["a", "b", "c"] {
            let fits = character.repeat(200);
            store.set_values(customer(1), [(key, &fits)]).unwrap();
            assert_eq!(store.value(customer(1), key).unwrap(), Some(fits));
            let refused = fault(store.set_values(customer(1), [(key, character.repeat(201))]));
            let too_long = Fault::ValueTooLong { entity: Customer, key: key.into(), characters: 201 };
            assert_eq!(refused, too_long);
        }
    }
}
