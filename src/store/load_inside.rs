//! A load leaves the rows that the calls it stands for would have left, in every table, however few rows wait.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use proptest::prelude::*;
use uuid::Uuid;

use super::load::{LoadItem, Loaded, load};
use super::{Store, StoreOptions, Transaction, customers};
use crate::error::{Error, Fault, Result};
use crate::prelude::*;
use crate::storage::catalog::Catalog;
use crate::storage::engine::Terms;
use crate::storage::tables::TableId;
use crate::storage::view::Reader as _;

/// Some fields, most of them of registered keys, and some of values that others have.
fn fields() -> impl Strategy<Value = CustomFields> {
    let key = prop_oneof![3 => Just("slot"), 3 => Just("tier"), 3 => Just("note"), 1 => Just("unknown")];
    let value = prop_oneof![4 => (0..12_u8).prop_map(|n| format!("v{n}")), 1 => Just("x".repeat(201))];
    proptest::collection::btree_map(key, value, 0..4).prop_map(CustomFields::from)
}

fn item() -> impl Strategy<Value = LoadItem> {
    let id = (1..40_u128).prop_map(|n| CustomerId::from(Uuid::from_u128(n * 0x1234_5678_9abc_def1)));
    let aliases = proptest::collection::vec((0..30_u8).prop_map(|n| format!("alias {n}")), 0..2);
    prop_oneof![
        (id.clone(), fields()).prop_map(LoadItem::from),
        (id, fields(), aliases).prop_map(|(id, custom_fields, ingest_aliases)| {
            let name = format!("Customer {id}");
            (id, CreateCustomer { name, ingest_aliases, custom_fields, ..Default::default() }).into()
        }),
    ]
}

/// A store in which these items were called one by one, as far as they were not refused.
fn made_by_calls(items: Vec<LoadItem>) -> Store {
    let store = StoreOptions::new().id_source(IdSource::Counted).adopt_unknown(true);
    let store = store.clock(|| Time::UNIX_EPOCH).in_memory().unwrap();
    let kinds = [("slot", KeyKind::Enforced), ("tier", KeyKind::Indexed), ("note", KeyKind::Unindexed)];
    for (key, kind) in kinds {
        store.add_key(ManagedEntity::Customer, key, kind).unwrap();
    }
    for item in items {
        let _ = store.write(|tx| call(tx, item));
    }
    store
}

fn call(tx: &Transaction<'_>, item: LoadItem) -> Result<()> {
    match item {
        LoadItem::Values(target, values) => tx.set_values(target, values).map(drop),
        LoadItem::Customer(id, request) => customers::create_known(tx.member, id, request).map(drop),
    }
}

/// Calls for every item in one transaction; every fault of every one.
fn call_all(store: &Store, items: Vec<LoadItem>) -> Result<()> {
    store.write(|tx| {
        let mut faults = Vec::new();
        for (item, wish) in (0..).zip(items) {
            let refused = call(tx, wish).err().map(|error| error.faults().to_vec()).unwrap_or_default();
            faults.extend(refused.into_iter().map(|fault| Fault::Item { item, fault: Box::new(fault) }));
        }
        Fault::none_of(faults)
    })
}

fn load_in_rounds(store: &Store, most_waiting: usize, items: Vec<LoadItem>) -> Result<Loaded> {
    let terms = Terms { bulk: Some(most_waiting), ..Terms::default() };
    store.engine.run(&terms, |member| load(member, items))
}

/// Every row of every table that has any.
fn rows(store: &Store) -> BTreeMap<(TableId, Vec<u8>), Vec<u8>> {
    let view = store.view().unwrap();
    let tables: Vec<TableId> = view.with_catalog(|catalog: &Catalog| catalog.tables().collect());
    let mut rows = BTreeMap::new();
    for table in tables {
        view.scan(table, Bound::Unbounded, |key, row| {
            rows.insert((table, key.to_vec()), row.to_vec());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_load_leaves_the_rows_that_the_calls_leave(
        before in proptest::collection::vec(item(), 0..12),
        items in proptest::collection::vec(item(), 0..12),
        most_waiting in prop_oneof![0..2_000_usize, Just(1 << 20)],
    ) {
        let (loaded, called) = (made_by_calls(before.clone()), made_by_calls(before));
        let begun = rows(&loaded);
        let answers = (load_in_rounds(&loaded, most_waiting, items.clone()), call_all(&called, items.clone()));
        match answers {
            (Ok(answer), Ok(())) => {
                prop_assert_eq!(answer.items, items.len() as u64);
                prop_assert!(rows(&loaded) == rows(&called), "{:#?} or {:#?}", rows(&loaded), rows(&called));
            }
            (Err(Error::Refused(left)), Err(Error::Refused(right))) => {
                prop_assert_eq!(left, right);
                prop_assert!(rows(&loaded) == begun, "a refused load changed something");
            }
            answers => prop_assert!(false, "{:?}", answers),
        }
        // What is made next is numbered alike.
        let next = |store: &Store| store.create_customer(CreateCustomer::default()).unwrap();
        prop_assert_eq!(next(&loaded), next(&called));
    }
}
