//! Loading many instances as one change.

use std::collections::BTreeMap;

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::{customer, every, fault, faults, panic_quietly, panics, store_with_keys};

use KeyKind::{Enforced, Indexed, Unindexed};
use ManagedEntity::Customer as Customers;

fn values<const N: usize>(pairs: [(&str, &str); N]) -> CustomFields {
    pairs.into()
}

/// A customer with a value for each key.
fn request(number: u128) -> CreateCustomer {
    let slot = format!("{:021}", number * 7_919 % 1_000_003);
    CreateCustomer {
        name: format!("Customer {number}"),
        ingest_aliases: vec![format!("alias {number}")],
        salesforce_account_id: Some(format!("account {}", number % 7)),
        custom_fields: [("slot", slot), ("tier", format!("tier {}", number % 3)), ("note", "new".into())]
            .into(),
        ..CreateCustomer::default()
    }
}

fn keys() -> [(&'static str, KeyKind); 3] {
    [("slot", Enforced), ("tier", Indexed), ("note", Unindexed)]
}

fn add_keys(store: &Store) {
    for (key, kind) in keys() {
        store.add_key(Customers, key, kind).unwrap();
    }
}

fn customers(store: &Store) -> Vec<Customer> {
    every(100, |page| store.customers(&CustomerFilter::default(), page))
}

#[test]
fn a_load_is_as_if_each_item_had_been_a_call_of_its_own() {
    let clock = SetClock::default();
    clock.set("2025-02-01T00:00:00Z".parse().unwrap());
    let open = || {
        let options = StoreOptions::new().id_source(IdSource::Counted).adopt_unknown(true).clock_from(&clock);
        let store = options.in_memory().unwrap();
        add_keys(&store);
        store
    };
    let (called, loaded) = (open(), open());
    let ids: Vec<_> = (1..=250).map(|n| called.create_customer(request(n)).unwrap()).collect();
    called.set_values(ids[6], [("slot", "moved"), ("note", "old")]).unwrap();
    called.set_values(customer(9), [("tier", "tier 1")]).unwrap();

    let new = ids.iter().zip(1..).map(|(id, n)| LoadItem::from((*id, request(n))));
    let more =
        [(ids[6], values([("slot", "moved"), ("note", "old")])), (customer(9), values([("tier", "tier 1")]))];
    let outcome = loaded.load(new.chain(more.map(LoadItem::from))).unwrap();
    assert_eq!((outcome.items, outcome.made), (252, 251));

    assert_eq!(customers(&loaded), customers(&called));
    let instances = |store: &Store| every(50, |page| store.entities(Customers, page));
    assert_eq!(
        instances(&loaded),
        instances(&called),
        "revisions, which are places in the journal, included"
    );
    for store in [&loaded, &called] {
        assert_eq!(store.find("slot", "moved").unwrap(), Some(ids[6]));
        assert_eq!(store.find_customer("alias 200").unwrap(), Some(ids[199]));
        assert_eq!(store.values(customer(9)).unwrap(), BTreeMap::from([("tier".into(), "tier 1".into())]));
        let gold = every(30, |page| store.find_all::<CustomerId>("tier", "tier 1", page));
        assert_eq!(gold.len(), 85);
    }
}

#[test]
fn every_fault_of_a_load_names_its_item_and_nothing_is_changed() {
    let store = store_with_keys(keys());
    store.set_values(customer(1), [("slot", "left")]).unwrap();
    let revision = store.revision(customer(1)).unwrap();
    let items: [LoadItem; 6] = [
        (customer(2), values([("slot", "right")])).into(),
        (customer(3), values([("slot", "right"), ("size", "10")])).into(),
        (customer(1), request(1)).into(),
        (customer(4), values([("note", &"x".repeat(201))])).into(),
        (customer(5), values([("slot", "left")])).into(),
        (customer(6), request(6)).into(),
    ];
    let refused = faults(store.load(items));
    let told: Vec<_> = refused.iter().map(ToString::to_string).collect();
    let customer = |number: u128| format!("customer {}", Uuid::from_u128(number));
    assert_eq!(
        told,
        [
            "instances[1]: Invalid custom field keys: \"size\" (not registered for customer)".to_owned(),
            format!(
                "instances[1]: {}: the value \"right\" of the unique key \"slot\" is held by {}",
                customer(3),
                customer(2)
            ),
            format!("instances[2]: there is a {} already", customer(1)),
            "instances[3]: customer: the value of \"note\" has 201 characters; at most 200 are allowed"
                .to_owned(),
            format!(
                "instances[4]: {}: the value \"left\" of the unique key \"slot\" is held by {}",
                customer(5),
                customer(1)
            ),
        ]
    );
    assert_eq!(refused[2].kind(), ErrorKind::Conflict);
    assert_eq!(store.revision(crate::support::customer(1)).unwrap(), revision);
    assert_eq!(every(10, |page| store.entities(Customers, page)).len(), 1);
}

#[test]
fn a_load_without_end_stops_where_it_has_met_enough_faults() {
    let store = store_with_keys([]);
    let mut read = 0;
    let endless = (1..).map(|n| {
        read += 1;
        (customer(n), values([("tier", "gold")]))
    });
    assert_eq!(faults(store.load(endless)).len(), 1_000);
    assert_eq!(read, 1_000);
}

#[test]
fn a_load_far_larger_than_the_cache_is_whole_in_any_order_and_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.redb");
    let open = || StoreOptions::new().cache_bytes(1 << 20).open(&path).unwrap();
    let store = open();
    add_keys(&store);
    let scattered = |n: u128| {
        CustomerId::from(Uuid::from_u128(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
    };
    for (first, last) in [(1, 6_000), (6_001, 9_000)] {
        let made = store.load((first..=last).map(|n| (scattered(n), request(n)))).unwrap().made;
        assert_eq!(u128::from(made), last - first + 1);
    }
    store.close().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 4 << 20);
    let store = open();
    assert_eq!(customers(&store).len(), 9_000);
    for n in (1..=9_000).step_by(97) {
        let found = store.find_customer(&format!("alias {n}")).unwrap();
        assert_eq!(found, Some(scattered(n)));
        let fields: BTreeMap<String, String> =
            request(n).custom_fields.iter().map(|(key, value)| (key.into(), value.into())).collect();
        assert_eq!(store.values(scattered(n)).unwrap(), fields);
        assert_eq!(store.find("slot", &fields["slot"]).unwrap(), Some(scattered(n)));
    }
}

#[test]
fn a_load_that_ends_badly_leaves_the_changes_of_those_who_wrote_meanwhile() {
    let store = store_with_keys(keys());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..30 {
                    store
                        .set_values(customer(1_000 * thread + n), [("slot", format!("{thread} {n}"))])
                        .unwrap();
                }
            });
        }
        for _ in 0..10 {
            let mixed = [("slot", "free"), ("size", "10")].map(|pair| (customer(9_999), values([pair])));
            assert!(matches!(fault(store.load(mixed)), Fault::Item { item: 1, .. }));
        }
        panics(|| {
            let items =
                (1..).map(|n| if n > 3 { panic_quietly() } else { (customer(9_990 + n), values([])) });
            store.load(items)
        });
    });
    let there = every(100, |page| store.entities(Customers, page));
    assert_eq!(there.len(), 120);
    assert_eq!(store.load([(customer(9_999), values([("slot", "free")]))]).unwrap().made, 1);
}
