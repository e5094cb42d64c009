//! Keys: registering, removing, listing, and making them unique or not.

use billfold::prelude::*;
use billfold::{KeyProblem, MAX_KEYS_PER_ENTITY};
use uuid::Uuid;

use crate::support::{contract, customer, every, fault, faults, store_with_keys};

use ManagedEntity::{Contract, Customer};

fn names(store: &impl Reading, entities: &[ManagedEntity]) -> Vec<String> {
    store.keys(entities).unwrap().into_iter().map(|key| key.key).collect()
}

#[test]
fn a_key_is_of_one_entity() {
    let store = Store::in_memory().unwrap();
    store.add_key(Customer, "tier", KeyKind::Indexed).unwrap();
    assert_eq!(store.key(Contract, "tier").unwrap(), None);
    store.add_key(Contract, "tier", KeyKind::Enforced).unwrap();
    assert_eq!(store.key(Customer, "tier").unwrap().unwrap().kind, KeyKind::Indexed);
    store.remove_key(Customer, "tier").unwrap();
    assert_eq!(store.key(Contract, "tier").unwrap().unwrap().kind, KeyKind::Enforced);
}

#[test]
fn keys_are_listed_in_the_order_they_were_registered_with_how_many_carry_them() {
    let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
    let kinds = [KeyKind::Unindexed, KeyKind::Indexed, KeyKind::Enforced];
    for (name, kind) in ["z", "m", "a"].into_iter().zip(kinds) {
        store.add_key(Customer, name, kind).unwrap();
    }
    store.add_key(Contract, "a", KeyKind::Indexed).unwrap();
    store.set_values(customer(1), [("z", "1"), ("m", "1"), ("a", "1")]).unwrap();
    store.set_values(customer(2), [("z", "1"), ("m", "1"), ("a", "2")]).unwrap();
    store.set_values(customer(3), [("z", "1"), ("m", "1")]).unwrap();
    store.set_values(customer(4), [("z", "1")]).unwrap();
    store.delete_values(customer(3), ["m"]).unwrap();
    store.archive(customer(4)).unwrap();

    let shown = |key: CustomFieldKey| (key.entity, key.key, key.kind, key.instances);
    let listed: Vec<_> = store.keys(&[]).unwrap().into_iter().map(shown).collect();
    let of_customers = [
        (Customer, "z".to_owned(), KeyKind::Unindexed, 4),
        (Customer, "m".to_owned(), KeyKind::Indexed, 2),
        (Customer, "a".to_owned(), KeyKind::Enforced, 2),
    ];
    assert_eq!(listed[..3], of_customers);
    assert_eq!(listed[3..], [(Contract, "a".to_owned(), KeyKind::Indexed, 0)]);
    assert_eq!(names(&store, &[Contract]), ["a"]);
    assert_eq!(names(&store, &[Contract, Customer, Contract]), ["z", "m", "a", "a"]);
    assert!(names(&store, &[ManagedEntity::Alert]).is_empty());
    assert_eq!(store.key(Customer, "z").unwrap().map(shown).unwrap(), of_customers[0]);
}

#[test]
fn a_key_says_when_it_was_registered_and_keeps_its_id_when_it_changes_kind() {
    let clock = SetClock::default();
    clock.set("2025-02-01T00:00:00Z".parse().unwrap());
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    let id = store.add_key(Customer, "slot", KeyKind::Indexed).unwrap();
    clock.set("2025-03-01T00:00:00Z".parse().unwrap());
    store.enforce_uniqueness(Customer, "slot").unwrap();
    let key = store.key(Customer, "slot").unwrap().unwrap();
    assert_eq!((key.id, key.kind), (id, KeyKind::Enforced));
    assert_eq!(key.added_at.to_string(), "2025-02-01T00:00:00Z");
}

#[test]
fn pages_of_keys_come_in_the_order_of_the_list_and_belong_to_one_question_of_one_store() {
    let store = Store::in_memory().unwrap();
    for n in 0..7 {
        store.add_key(Customer, &format!("key {n}"), KeyKind::Indexed).unwrap();
        store.add_key(Contract, &format!("key {n}"), KeyKind::Indexed).unwrap();
    }
    for limit in [1, 3, 7, 14, 1_000] {
        assert_eq!(every(limit, |page| store.keys_page(&[], page)), store.keys(&[]).unwrap());
        assert_eq!(every(limit, |page| store.keys_page(&[Contract], page)), store.keys(&[Contract]).unwrap());
    }
    let cursor = store.keys_page(&[Customer], &PageRequest::first(3)).unwrap().next.unwrap();
    let next = PageRequest::after(cursor.to_string().parse().unwrap(), 3);
    assert_eq!(store.keys_page(&[Customer], &next).unwrap().items, store.keys(&[Customer]).unwrap()[3..6]);
    assert_eq!(fault(store.keys_page(&[Contract], &next)), Fault::CursorOfAnotherQuestion);
    assert_eq!(fault(store.entities(Customer, &next)), Fault::CursorOfAnotherQuestion);
    let other = store_with_keys([("key 0", KeyKind::Indexed)]);
    assert_eq!(fault(other.keys_page(&[Customer], &next)), Fault::CursorOfAnotherQuestion);
    for limit in [0, 1_001] {
        let refused = store.keys_page(&[], &PageRequest::first(limit));
        assert_eq!(fault(refused), Fault::PageLimit { found: limit, most: 1_000 });
    }
    // The item it stands behind may be gone.
    store.remove_key(Customer, "key 2").unwrap();
    assert_eq!(store.keys_page(&[Customer], &next).unwrap().items, store.keys(&[Customer]).unwrap()[2..5]);
}

#[test]
fn a_key_has_1_to_100_characters_and_no_control_character() {
    let store = Store::in_memory().unwrap();
    let problem = |key: &str| match fault(store.add_key(Customer, key, KeyKind::Enforced)) {
        Fault::KeyText { entity: Customer, key: named, problem } if named == key => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(""), KeyProblem::Empty);
    assert_eq!(problem(&"k".repeat(101)), KeyProblem::TooLong { characters: 101 });
    assert_eq!(problem(&"\u{1F4B0}".repeat(101)), KeyProblem::TooLong { characters: 101 });
    assert_eq!(problem("a\0"), KeyProblem::ControlCharacter { at: 1 });
    assert_eq!(problem("\u{e9}\u{e9}\u{85}"), KeyProblem::ControlCharacter { at: 2 });
    assert!(store.keys(&[]).unwrap().is_empty());
    for key in ["k".repeat(100), "\u{1F4B0}".repeat(100), " ".into(), "Tier".into(), "tier".into()] {
        store.add_key(Customer, &key, KeyKind::Enforced).unwrap();
        assert_eq!(store.key(Customer, &key).unwrap().unwrap().key, key);
    }
}

#[test]
fn a_key_that_exists_is_not_added_and_one_that_does_not_cannot_be_changed() {
    let store = store_with_keys([("tier", KeyKind::Indexed)]);
    let exists = Fault::KeyExists { entity: Customer, key: "tier".into() };
    assert_eq!(fault(store.add_key(Customer, "tier", KeyKind::Enforced)), exists);
    assert_eq!(store.key(Customer, "tier").unwrap().unwrap().kind, KeyKind::Indexed);
    let missing = Fault::KeyNotFound { entity: Contract, key: "tier".into() };
    for refused in [
        store.remove_key(Contract, "tier"),
        store.enforce_uniqueness(Contract, "tier"),
        store.relax_uniqueness(Contract, "tier"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.faults(), std::slice::from_ref(&missing));
        let text = error.to_string();
        assert!(text.contains("contract") && text.contains("\"tier\""), "{text}");
    }
}

#[test]
fn the_key_after_the_thousandth_is_refused_and_fits_when_another_is_removed() {
    let store = Store::in_memory().unwrap();
    store
        .write(|tx| {
            for n in 0..MAX_KEYS_PER_ENTITY {
                tx.add_key(Customer, &format!("key {n}"), KeyKind::Unindexed)?;
            }
            Ok(())
        })
        .unwrap();
    let one_more = || store.add_key(Customer, "one more", KeyKind::Unindexed);
    assert_eq!(fault(one_more()), Fault::TooManyKeys { entity: Customer, key: "one more".into() });
    store.add_key(Contract, "one more", KeyKind::Unindexed).unwrap();
    store.remove_key(Customer, "key 500").unwrap();
    one_more().unwrap();
    assert_eq!(store.keys(&[Customer]).unwrap().len(), MAX_KEYS_PER_ENTITY);
}

#[test]
fn a_key_is_made_unique_only_where_no_value_is_shared_and_every_shared_one_is_named() {
    for kind in [KeyKind::Indexed, KeyKind::Unindexed] {
        let store = store_with_keys([("slot", kind)]);
        let values = [(5, "b"), (1, "b"), (2, "a"), (3, "a"), (4, "alone"), (6, ""), (7, ""), (8, "a")];
        for (n, value) in values {
            store.set_values(customer(n), [("slot", value)]).unwrap();
        }
        store.archive(customer(8)).unwrap();
        let revision = store.revision(customer(8)).unwrap();
        let shared = |value: &str, holders: &[u128]| Fault::ValueShared {
            entity: Customer,
            key: "slot".into(),
            value: value.to_owned().into(),
            holders: holders.iter().copied().map(Uuid::from_u128).collect(),
        };
        let expected = [shared("", &[6, 7]), shared("a", &[2, 3, 8]), shared("b", &[1, 5])];
        let refused = store.enforce_uniqueness(Customer, "slot");
        assert_eq!(refused.as_ref().unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(faults(refused), expected);
        assert_eq!(store.key(Customer, "slot").unwrap().unwrap().kind, kind);
        store.set_values(customer(9), [("slot", "b")]).unwrap();
        assert_eq!(store.revision(customer(8)).unwrap(), revision);
    }
}

#[test]
fn a_key_that_was_made_unique_is_searched_and_guarded_and_can_be_relaxed_again() {
    let store = store_with_keys([("slot", KeyKind::Unindexed)]);
    for n in 1..=3 {
        store.set_values(customer(n), [("slot", &format!("slot {n}"))]).unwrap();
    }
    store.enforce_uniqueness(Customer, "slot").unwrap();
    assert_eq!(store.find("slot", "slot 2").unwrap(), Some(customer(2)));
    let taken = fault(store.set_values(customer(4), [("slot", "slot 2")]));
    assert!(matches!(taken, Fault::ValueTaken { holder, .. } if holder == customer(2).uuid()), "{taken:?}");

    store.relax_uniqueness(Customer, "slot").unwrap();
    store.set_values(customer(4), [("slot", "slot 2")]).unwrap();
    let found: Page<CustomerId> = store.find_all("slot", "slot 2", &PageRequest::default()).unwrap();
    assert_eq!(found.items, [customer(2), customer(4)]);
    assert!(store.find::<CustomerId>("slot", "slot 2").is_err());
    assert_eq!(faults(store.enforce_uniqueness(Customer, "slot")).len(), 1);
}

#[test]
fn a_key_changes_kind_any_number_of_times_in_one_transaction() {
    let store = store_with_keys([("slot", KeyKind::Indexed)]);
    store.set_values(customer(1), [("slot", "a")]).unwrap();
    let turn = |tx: &Transaction<'_>| {
        for round in 0..5 {
            tx.enforce_uniqueness(Customer, "slot")?;
            assert_eq!(tx.find("slot", "a")?, Some(customer(1)));
            assert!(tx.set_values(customer(2), [("slot", "a")]).is_err());
            tx.set_values(customer(2), [("slot", format!("round {round}"))])?;
            tx.relax_uniqueness(Customer, "slot")?;
            tx.set_values(customer(2), [("slot", "a")])?;
            let page = tx.find_all::<CustomerId>("slot", "a", &PageRequest::default())?;
            assert_eq!(page.items, [customer(1), customer(2)]);
            tx.delete_values(customer(2), ["slot"])?;
        }
        Ok(())
    };
    store.dry_run(turn).unwrap();
    assert_eq!(store.key(Customer, "slot").unwrap().unwrap().kind, KeyKind::Indexed);
    let tables = store.stats().unwrap().tables;
    store.write(turn).unwrap();
    store.write(|tx| tx.enforce_uniqueness(Customer, "slot")).unwrap();
    assert_eq!(store.find("slot", "a").unwrap(), Some(customer(1)));
    assert_eq!(store.stats().unwrap().tables, tables, "every index but the last is gone");
}

#[test]
fn removing_a_key_of_100_000_values_takes_effect_at_once_and_frees_its_pages() {
    const VALUES: u128 = 100_000;
    let store = store_with_keys([("slot", KeyKind::Enforced), ("note", KeyKind::Unindexed)]);
    for from in (0..VALUES).step_by(20_000) {
        let values = |n: u128| [("slot", format!("the slot of customer {n}"))];
        store.set_many((from..from + 20_000).map(|n| (customer(n), values(n)))).unwrap();
    }
    let before = store.stats().unwrap();
    let view = store.snapshot().unwrap();
    store
        .write(|tx| {
            tx.remove_key(Customer, "slot")?;
            assert_eq!(tx.key(Customer, "slot")?, None);
            assert!(tx.values(customer(7))?.is_empty());
            assert!(matches!(fault(tx.value(customer(7), "slot")), Fault::KeyNotFound { .. }));
            assert!(matches!(fault(tx.find::<CustomerId>("slot", "")), Fault::KeyNotFound { .. }));
            Ok(())
        })
        .unwrap();
    assert!(store.values(customer(7)).unwrap().is_empty());
    let refused = fault(store.set_values(customer(7), [("slot", "again")]));
    assert_eq!(refused, Fault::KeysNotRegistered { entity: Customer, keys: vec!["slot".into()] });
    assert_eq!(view.find("slot", "the slot of customer 7").unwrap(), Some(customer(7)));
    drop(view);

    let after = store.stats().unwrap();
    assert_eq!(after.tables, before.tables - 1);
    assert!(after.pages_of_tables < before.pages_of_tables * 3 / 4, "{before:?}, {after:?}");
    // Pages are free for other use once a commit later shows that nobody reads them.
    store.adopt(contract(1)).unwrap();
    store.adopt(contract(2)).unwrap();
    let free = store.stats().unwrap();
    assert!(free.pages_in_use < before.pages_in_use * 3 / 4, "{before:?}, {free:?}");

    store.add_key(Customer, "slot", KeyKind::Indexed).unwrap();
    assert_eq!(store.key(Customer, "slot").unwrap().unwrap().instances, 0);
    assert!(store.values(customer(7)).unwrap().is_empty());
    assert_eq!(store.value(customer(7), "slot").unwrap(), None);
    let all = store.find_prefix::<CustomerId>("slot", "", &PageRequest::default()).unwrap();
    assert!(all.items.is_empty());
    store.set_values(customer(7), [("slot", "the slot of customer 8")]).unwrap();
    store.set_values(customer(8), [("slot", "the slot of customer 8")]).unwrap();
    assert_eq!(store.key(Customer, "slot").unwrap().unwrap().instances, 2);
}

#[test]
fn a_key_removed_and_added_again_in_one_transaction_starts_with_no_values() {
    for kind in [KeyKind::Enforced, KeyKind::Indexed, KeyKind::Unindexed] {
        let store = store_with_keys([("slot", kind), ("other", KeyKind::Unindexed)]);
        store.set_values(customer(1), [("slot", "a"), ("other", "stays")]).unwrap();
        let old = store.key(Customer, "slot").unwrap().unwrap().id;
        let new = store
            .write(|tx| {
                tx.remove_key(Customer, "slot")?;
                let id = tx.add_key(Customer, "slot", kind)?;
                assert_eq!(tx.value(customer(1), "slot")?, None);
                tx.set_values(customer(2), [("slot", "a")])?;
                Ok(id)
            })
            .unwrap();
        assert_ne!(old, new);
        assert_eq!(store.values(customer(1)).unwrap(), [("other".into(), "stays".into())].into());
        assert_eq!(store.key(Customer, "slot").unwrap().unwrap().instances, 1);
        assert_eq!(names(&store, &[]), ["other", "slot"]);
    }
}
