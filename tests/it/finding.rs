//! Look-ups, each checked against a scan of all values.

use billfold::prelude::*;

use crate::support::{contract, customer, every, fault, store_with_keys};

use KeyKind::{Enforced, Indexed, Unindexed};
use ManagedEntity::Customer;

/// Values that begin each other, with bytes that an order by text or by length would put elsewhere.
const VALUES: [&str; 16] = [
    "",
    "\0",
    "\0\0",
    "\0\u{1}",
    "\u{1}",
    "a",
    "a\0",
    "a\0\0",
    "a\0b",
    "a\u{1}",
    "a\u{7f}",
    "a\u{80}",
    "a\u{ff}",
    "ab",
    "b",
    "\u{10ffff}",
];

/// Every (value, id) of a key, by looking at every instance, in their order.
fn scan(from: &impl Reading, key: &str) -> Vec<(String, CustomerId)> {
    let mut all = Vec::new();
    for instance in every(100, |page| from.entities(Customer, page)) {
        let value = from.values(instance.id).unwrap().remove(key);
        all.extend(value.map(|value| (value, CustomerId::try_from(instance.id).unwrap())));
    }
    all.sort();
    all
}

fn assert_found_as_scanned(from: &impl Reading, key: &str, enforced: bool) {
    let all = scan(from, key);
    for value in VALUES.into_iter().chain(["never set", "a\0\u{ff}"]) {
        let holders: Vec<_> = all.iter().filter(|(held, _)| held == value).map(|(_, id)| *id).collect();
        for limit in [1, 2, 1_000] {
            assert_eq!(every(limit, |page| from.find_all::<CustomerId>(key, value, page)), holders);
        }
        if enforced {
            assert_eq!(from.find::<CustomerId>(key, value).unwrap(), holders.first().copied());
        }
        let beginning: Vec<_> = all.iter().filter(|(held, _)| held.starts_with(value)).cloned().collect();
        for limit in [1, 3, 1_000] {
            let found = every(limit, |page| from.find_prefix::<CustomerId>(key, value, page));
            assert_eq!(found, beginning, "values that begin with {value:?}");
        }
    }
}

#[test]
fn an_enforced_key_is_searched_in_the_order_of_value_and_id() {
    let store = store_with_keys([("slot", Enforced)]);
    for (n, value) in (1..).zip(VALUES.into_iter().rev()) {
        store.set_values(customer(n), [("slot", value)]).unwrap();
    }
    assert_eq!(scan(&store, "slot").len(), VALUES.len());
    assert_found_as_scanned(&store, "slot", true);
}

#[test]
fn an_indexed_key_is_searched_in_the_order_of_value_and_id() {
    let store = store_with_keys([("slot", Indexed)]);
    for n in 0..50_u32 {
        let value = VALUES[(n * 7 % 16) as usize];
        // Ids whose bytes could be taken for part of a value.
        let id = (u128::from(n) << 120) | (u128::from(n % 3) << 8);
        store.set_values(customer(id), [("slot", value)]).unwrap();
    }
    assert_found_as_scanned(&store, "slot", false);
    store
        .write(|tx| {
            tx.set_values(customer(0), [("slot", "ab")])?;
            assert_found_as_scanned(tx, "slot", false);
            Ok(())
        })
        .unwrap();
    assert_found_as_scanned(&store.snapshot().unwrap(), "slot", false);
}

#[test]
fn look_ups_agree_with_a_scan_while_values_come_and_go() {
    let store = store_with_keys([("unique", Enforced), ("listed", Indexed)]);
    let mut noise = 1_u32;
    let mut random = |below: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 16) % below
    };
    for round in 0..400 {
        let target = customer(u128::from(random(12)));
        let key = ["unique", "listed"][random(2) as usize];
        let value = VALUES[random(16) as usize];
        match random(8) {
            0 => drop(store.delete_values(target, [key])),
            1 => drop(store.forget(target)),
            2 => drop(store.archive(target)),
            _ => drop(store.set_values(target, [(key, value)])),
        }
        if round % 40 == 39 {
            assert_found_as_scanned(&store, "unique", true);
            assert_found_as_scanned(&store, "listed", false);
        }
    }
    assert!(scan(&store, "unique").len() > 3 && scan(&store, "listed").len() > 3);
}

#[test]
fn several_values_are_found_in_the_order_they_are_asked_for() {
    let store = store_with_keys([("slot", Enforced), ("tier", Indexed)]);
    for (n, slot) in [(1, "a"), (2, "b"), (3, "")] {
        store.set_values(customer(n), [("slot", slot)]).unwrap();
    }
    let found = store.find_many::<CustomerId>("slot", ["", "never", "b", "a", "b"]).unwrap();
    assert_eq!(found, [Some(customer(3)), None, Some(customer(2)), Some(customer(1)), Some(customer(2))]);
    assert!(store.find_many::<CustomerId>("slot", [""; 0]).unwrap().is_empty());
    assert!(store.find_many::<CustomerId>("tier", ["a"]).is_err());
}

#[test]
fn the_type_of_the_id_says_which_entity_is_searched() {
    let store = store_with_keys([("slot", Enforced)]);
    store.add_key(ManagedEntity::Contract, "slot", Enforced).unwrap();
    store.set_values(customer(1), [("slot", "a")]).unwrap();
    store.set_values(contract(2), [("slot", "a")]).unwrap();
    assert_eq!(store.find::<CustomerId>("slot", "a").unwrap(), Some(customer(1)));
    assert_eq!(store.find::<ContractId>("slot", "a").unwrap(), Some(contract(2)));
    assert_eq!(store.find_ref(ManagedEntity::Contract, "slot", "a").unwrap(), Some(contract(2).into()));
    assert!(matches!(fault(store.find::<AlertId>("slot", "a")), Fault::KeyNotFound { .. }));
}

#[test]
fn a_search_that_a_key_does_not_serve_is_refused_by_name() {
    let store = store_with_keys([("tier", Indexed), ("note", Unindexed)]);
    let page = PageRequest::default();
    let refused =
        |key: &str, kind, needs| Fault::KeyNotSearchable { entity: Customer, key: key.into(), kind, needs };
    let unique: &[KeyKind] = &[Enforced];
    let listed: &[KeyKind] = &[Enforced, Indexed];
    assert_eq!(fault(store.find::<CustomerId>("tier", "a")), refused("tier", Indexed, unique));
    assert_eq!(fault(store.find::<CustomerId>("note", "a")), refused("note", Unindexed, unique));
    assert_eq!(fault(store.find_many::<CustomerId>("tier", ["a"])), refused("tier", Indexed, unique));
    assert_eq!(fault(store.find_all::<CustomerId>("note", "a", &page)), refused("note", Unindexed, listed));
    assert_eq!(
        fault(store.find_prefix::<CustomerId>("note", "a", &page)),
        refused("note", Unindexed, listed)
    );
    let unknown = Fault::KeyNotFound { entity: Customer, key: "x".into() };
    assert_eq!(fault(store.find::<CustomerId>("x", "a")), unknown);
    assert_eq!(fault(store.find_many::<CustomerId>("x", [""; 0])), unknown);
    assert_eq!(fault(store.find_all::<CustomerId>("x", "a", &page)), unknown);
    assert_eq!(fault(store.find_prefix::<CustomerId>("x", "a", &page)), unknown);
    let text = store.find::<CustomerId>("note", "a").unwrap_err().to_string();
    assert!(text.contains("customer") && text.contains("\"note\"") && text.contains("unindexed"), "{text}");
}

#[test]
fn a_cursor_of_one_search_does_not_continue_another() {
    let store = store_with_keys([("tier", Indexed), ("other", Indexed)]);
    for n in 0..6 {
        store.set_values(customer(n), [("tier", "gold"), ("other", "gold")]).unwrap();
    }
    let after = |cursor: Option<Cursor>| PageRequest::after(cursor.unwrap(), 2);
    let holders = after(store.find_all::<CustomerId>("tier", "gold", &PageRequest::first(2)).unwrap().next);
    let prefix = after(store.find_prefix::<CustomerId>("tier", "g", &PageRequest::first(2)).unwrap().next);
    let foreign = Fault::CursorOfAnotherQuestion;
    assert_eq!(fault(store.find_all::<CustomerId>("tier", "iron", &holders)), foreign);
    assert_eq!(fault(store.find_all::<CustomerId>("other", "gold", &holders)), foreign);
    assert_eq!(fault(store.find_prefix::<CustomerId>("tier", "gold", &holders)), foreign);
    assert_eq!(fault(store.find_prefix::<CustomerId>("tier", "go", &prefix)), foreign);
    assert_eq!(fault(store.find_all::<CustomerId>("tier", "gold", &prefix)), foreign);
    let refused = store.find_all::<CustomerId>("tier", "gold", &PageRequest::first(1_001));
    assert_eq!(fault(refused), Fault::PageLimit { found: 1_001, most: 1_000 });

    // What it stands behind may be gone, and a key of the same name may have come instead.
    store.forget(customer(1)).unwrap();
    let next: Page<CustomerId> = store.find_all("tier", "gold", &holders).unwrap();
    assert_eq!(next.items, [customer(2), customer(3)]);
    store.remove_key(Customer, "tier").unwrap();
    store.add_key(Customer, "tier", Indexed).unwrap();
    assert_eq!(fault(store.find_all::<CustomerId>("tier", "gold", &holders)), foreign);
}

#[test]
fn pages_of_a_snapshot_are_of_one_moment() {
    let store = store_with_keys([("tier", Indexed)]);
    for n in 0..10 {
        store.set_values(customer(n), [("tier", "gold")]).unwrap();
    }
    let view = store.snapshot().unwrap();
    let mut request = PageRequest::first(3);
    let mut found = Vec::new();
    loop {
        let page = view.find_all::<CustomerId>("tier", "gold", &request).unwrap();
        found.extend(page.items);
        store.set_values(customer(found.len() as u128), [("tier", "iron")]).unwrap();
        let Some(cursor) = page.next else { break };
        request = PageRequest::after(cursor, 3);
    }
    assert_eq!(found, (0..10).map(customer).collect::<Vec<_>>());
}
