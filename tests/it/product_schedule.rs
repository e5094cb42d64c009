//! Updates of products: what a product is at which moment.

use billfold::prelude::*;
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::catalog::{at, cpu_hours, of_type, refused, strings, summing, usage};
use crate::support::fault;

const GROUPS: &str = "pricing and presentation group key together are one group key of the billable metric";

/// A store at the beginning of 2025, and its clock.
fn in_2025() -> (Store, SetClock) {
    let clock = SetClock::default();
    clock.set(at("2025-01-01T00:00:00Z"));
    (StoreOptions::new().clock_from(&clock).in_memory().unwrap(), clock)
}

fn named(name: &str) -> ProductChanges {
    ProductChanges { name: Some(name.into()), ..Default::default() }
}

fn tagged(tags: &[&str]) -> ProductChanges {
    ProductChanges { tags: Some(strings(tags)), ..Default::default() }
}

fn name_at(store: &Store, id: ContractProductId, moment: &str) -> String {
    store.product_at(id, at(moment)).unwrap().current.name
}

#[test]
fn an_update_counts_from_its_start_on_and_the_first_state_from_ever() {
    let (store, clock) = in_2025();
    let id = store.create_product(of_type(ProductType::Fixed)).unwrap();
    store.update_product(id, at("2025-03-01T00:00:00Z"), named("March")).unwrap();
    assert_eq!(name_at(&store, id, "0001-01-01T00:00:00Z"), "My Product");
    assert_eq!(name_at(&store, id, "2025-02-28T23:59:59.999999999Z"), "My Product");
    assert_eq!(name_at(&store, id, "2025-03-01T00:00:00Z"), "March");
    assert_eq!(name_at(&store, id, "9999-01-01T00:00:00Z"), "March");

    let snapshot = store.snapshot().unwrap();
    assert_eq!(store.product(id).unwrap().current.name, "My Product");
    clock.set(at("2025-03-01T00:00:00Z"));
    let product = store.product(id).unwrap();
    assert_eq!(product.current.name, "March");
    assert_eq!(product.initial.name, "My Product");
    assert_eq!(product.current.starting_at, Some(at("2025-03-01T00:00:00Z")));
    assert_eq!(store.products(ArchiveFilter::All, &PageRequest::default()).unwrap().items[0], product);
    assert_eq!(store.write(|tx| tx.product(id)).unwrap(), product);
    // A snapshot's time stands still, as everything in it does.
    assert_eq!(snapshot.product(id).unwrap().current.name, "My Product");
    assert_eq!(store.snapshot().unwrap().product(id).unwrap(), product);
}

#[test]
fn of_two_updates_that_count_the_one_made_later_wins_even_if_it_starts_earlier() {
    let (store, _) = in_2025();
    let id = store.create_product(of_type(ProductType::Fixed)).unwrap();
    store.update_product(id, at("2024-06-01T00:00:00Z"), named("June")).unwrap();
    store.update_product(id, at("2024-03-01T00:00:00Z"), named("March")).unwrap();
    store.update_product(id, at("2030-01-01T00:00:00Z"), named("To come")).unwrap();
    assert_eq!(name_at(&store, id, "2024-02-01T00:00:00Z"), "My Product");
    assert_eq!(name_at(&store, id, "2024-04-01T00:00:00Z"), "March");
    assert_eq!(name_at(&store, id, "2024-07-01T00:00:00Z"), "March");
    let product = store.product(id).unwrap();
    assert_eq!(product.current.name, "March");
    assert_eq!(product.current.starting_at, Some(at("2024-03-01T00:00:00Z")));
    let starts = product.updates.iter().map(|update| update.starting_at.to_string());
    let in_order = ["2024-06-01T00:00:00Z", "2024-03-01T00:00:00Z", "2030-01-01T00:00:00Z"];
    assert_eq!(starts.collect::<Vec<_>>(), in_order);
}

#[test]
fn what_an_update_does_not_speak_of_stays() {
    let (store, _) = in_2025();
    let metric = cpu_hours(&store);
    let rounding = QuantityRounding { rounding_method: RoundingMethod::RoundUp, decimal_places: 2 };
    let request = CreateProduct { tags: strings(&["a"]), quantity_rounding: Some(rounding), ..usage(metric) };
    let id = store.create_product(request).unwrap();
    store.update_product(id, at("2024-02-01T00:00:00Z"), named("Other")).unwrap();
    store.update_product(id, at("2024-03-01T00:00:00Z"), tagged(&["b"])).unwrap();
    let state = store.product(id).unwrap().current;
    assert_eq!(
        (state.name.as_str(), state.tags, state.quantity_rounding),
        ("Other", strings(&["b"]), Some(rounding))
    );
    let clear = ProductChanges { quantity_rounding: Some(None), tags: Some(vec![]), ..Default::default() };
    store.update_product(id, at("2024-04-01T00:00:00Z"), clear.clone()).unwrap();
    let product = store.product(id).unwrap();
    assert_eq!((product.current.tags, product.current.quantity_rounding), (vec![], None));
    assert_eq!(product.current.name, "Other");
    assert_eq!(product.updates[2].changes, clear);
    assert_eq!(product.updates[0].changes, named("Other"));
}

#[test]
fn every_field_but_type_and_scope_can_be_updated() {
    let (store, _) = in_2025();
    let (old, new) = (cpu_hours(&store), cpu_hours(&store));
    let id = store.create_product(usage(old)).unwrap();
    let conversion = QuantityConversion {
        conversion_factor: 10.into(),
        operation: ConversionOperation::Multiply,
        name: None,
    };
    let rounding = QuantityRounding { rounding_method: RoundingMethod::RoundDown, decimal_places: 1 };
    let changes = ProductChanges {
        name: Some("n".into()),
        billable_metric_id: Some(new),
        tags: Some(strings(&["t"])),
        pricing_group_key: Some(strings(&["region"])),
        presentation_group_key: Some(strings(&["machine_type"])),
        quantity_conversion: Some(Some(conversion.clone())),
        quantity_rounding: Some(Some(rounding)),
        is_refundable: Some(false),
        sql_breakdown_granularity: Some(SqlBreakdownGranularity::Hour),
        netsuite_internal_item_id: Some("1".into()),
        netsuite_overage_item_id: Some("2".into()),
        ..Default::default()
    };
    store.update_product(id, at("2024-01-01T00:00:00Z"), changes).unwrap();
    let state = store.product(id).unwrap().current;
    assert_eq!((state.name.as_str(), state.billable_metric_id), ("n", Some(new)));
    assert_eq!((state.tags, state.is_refundable), (strings(&["t"]), Some(false)));
    assert_eq!(state.pricing_group_key, ["region"]);
    assert_eq!(state.presentation_group_key, ["machine_type"]);
    assert_eq!((state.quantity_conversion, state.quantity_rounding), (Some(conversion), Some(rounding)));
    assert_eq!(state.sql_breakdown_granularity, Some(SqlBreakdownGranularity::Hour));
    assert_eq!(state.netsuite_internal_item_id.as_deref(), Some("1"));
    assert_eq!(state.netsuite_overage_item_id.as_deref(), Some("2"));

    let share = CreateProduct { composite_tags: strings(&["x"]), ..of_type(ProductType::Composite) };
    let share = store.create_product(share).unwrap();
    let changes = ProductChanges {
        composite_product_ids: Some(vec![id]),
        composite_tags: Some(vec![]),
        exclude_free_usage: Some(true),
        include_composite_spend: Some(true),
        ..Default::default()
    };
    store.update_product(share, at("2024-01-01T00:00:00Z"), changes).unwrap();
    let state = store.product(share).unwrap().current;
    assert_eq!((state.composite_product_ids, state.composite_tags), (vec![id], vec![]));
    assert_eq!((state.exclude_free_usage, state.include_composite_spend), (Some(true), Some(true)));
}

#[test]
fn an_update_starts_on_the_hour() {
    let (store, _) = in_2025();
    let id = store.create_product(of_type(ProductType::Fixed)).unwrap();
    for start in ["2025-01-01T00:00:00Z", "1969-12-31T23:00:00Z", "2025-01-01T05:30:00+05:30"] {
        store.update_product(id, at(start), named("x")).unwrap();
    }
    for start in ["2025-01-01T00:30:00Z", "2025-01-01T00:00:00.000000001Z", "1969-12-31T22:59:59Z"] {
        let faults = refused(&store, |store| store.update_product(id, at(start), named("y")));
        let rule = "a product's update is required to be on an hour boundary";
        assert_eq!(faults, [format!("starting_at: \"{start}\" is not allowed; {rule}")]);
    }
}

#[test]
fn the_actor_of_a_transaction_is_who_made_it() {
    let (store, clock) = in_2025();
    let actor = |actor: &str| About { actor: Some(actor.into()), reason: None };
    let id = store.write_as(actor("importer"), |tx| tx.create_product(of_type(ProductType::Fixed))).unwrap();
    clock.set(at("2025-01-02T00:00:00Z"));
    let start = at("2024-06-01T00:00:00Z");
    store.write_as(actor("billing job"), |tx| tx.update_product(id, start, named("x"))).unwrap();
    let product = store.product(id).unwrap();
    assert_eq!(product.initial.created_by.as_deref(), Some("importer"));
    assert_eq!(product.initial.created_at, at("2025-01-01T00:00:00Z"));
    assert_eq!(product.updates[0].created_by.as_deref(), Some("billing job"));
    assert_eq!(product.updates[0].created_at, at("2025-01-02T00:00:00Z"));
    assert_eq!(product.current.created_by.as_deref(), Some("billing job"));
    assert_eq!(product.current.created_at, at("2025-01-02T00:00:00Z"));
}

#[test]
fn an_update_is_bound_to_the_type_like_a_creation() {
    let (store, _) = in_2025();
    let metric = cpu_hours(&store);
    let fixed = store.create_product(of_type(ProductType::Fixed)).unwrap();
    let all = ProductChanges {
        billable_metric_id: Some(metric),
        composite_product_ids: Some(vec![]),
        composite_tags: Some(vec![]),
        pricing_group_key: Some(vec![]),
        presentation_group_key: Some(vec![]),
        quantity_conversion: Some(Some(QuantityConversion {
            conversion_factor: 1.into(),
            operation: ConversionOperation::Multiply,
            name: None,
        })),
        quantity_rounding: Some(Some(QuantityRounding {
            rounding_method: RoundingMethod::RoundUp,
            decimal_places: 0,
        })),
        exclude_free_usage: Some(false),
        include_composite_spend: Some(false),
        netsuite_overage_item_id: Some("1".into()),
        ..Default::default()
    };
    let faults = refused(&store, |store| store.update_product(fixed, at("2025-01-01T00:00:00Z"), all));
    assert_eq!(faults.len(), 10, "{faults:?}");
    assert!(faults.iter().all(|fault| fault.contains(": not allowed here; it is for ")), "{faults:?}");
    let ended = ProductChanges {
        quantity_conversion: Some(None),
        quantity_rounding: Some(None),
        ..Default::default()
    };
    store.update_product(fixed, at("2025-01-01T00:00:00Z"), ended).unwrap();
}

#[test]
fn an_update_cannot_take_what_the_type_needs_or_name_what_is_not_there() {
    let (store, _) = in_2025();
    let start = at("2025-01-01T00:00:00Z");
    let share = CreateProduct { composite_tags: strings(&["x"]), ..of_type(ProductType::Composite) };
    let share = store.create_product(share).unwrap();
    let nothing = ProductChanges { composite_tags: Some(vec![]), ..Default::default() };
    let faults = refused(&store, |store| store.update_product(share, start, nothing));
    assert!(faults.len() == 1 && faults[0].starts_with("composite_product_ids: missing"), "{faults:?}");
    let itself = ProductChanges { composite_product_ids: Some(vec![share]), ..Default::default() };
    let faults = refused(&store, |store| store.update_product(share, start, itself));
    assert!(faults.len() == 1 && faults[0].ends_with("a product is no share of itself"), "{faults:?}");

    let metric = cpu_hours(&store);
    let id = store.create_product(usage(metric)).unwrap();
    let unknown = BillableMetricId::from(Uuid::from_u128(5));
    let other = |metric| ProductChanges { billable_metric_id: Some(metric), ..Default::default() };
    let not_found = fault(store.update_product(id, start, other(unknown)));
    assert_eq!(not_found.kind(), ErrorKind::NotFound);
    store.archive(metric).unwrap();
    let archived = fault(store.update_product(id, start, other(metric)));
    assert_eq!(archived.kind(), ErrorKind::Invalid);
    let unknown = ContractProductId::from(Uuid::from_u128(5));
    let target = unknown.into();
    assert_eq!(fault(store.update_product(unknown, start, named("x"))), Fault::InstanceNotFound { target });
    // What is wrong besides is named with it.
    let half_past = at("2025-01-01T00:30:00Z");
    let faults = refused(&store, |store| store.update_product(unknown, half_past, other(metric)));
    assert_eq!(faults.len(), 3, "{faults:?}");
    store.adopt(unknown).unwrap();
    assert_eq!(fault(store.update_product(unknown, start, named("x"))), Fault::NothingButAnId { target });
}

#[test]
fn group_keys_are_of_the_metric_in_force_at_the_start_and_at_every_later_one() {
    let (store, _) = in_2025();
    let by_region = store.create_billable_metric(summing("r", &["bytes", "region"], &[&["region"]])).unwrap();
    let by_zone = store.create_billable_metric(summing("z", &["bytes", "zone"], &[&["zone"]])).unwrap();
    let id = store
        .create_product(CreateProduct { pricing_group_key: strings(&["region"]), ..usage(by_region) })
        .unwrap();
    let metric = |metric| ProductChanges { billable_metric_id: Some(metric), ..Default::default() };
    let keyed = |key: &str| ProductChanges { pricing_group_key: Some(strings(&[key])), ..Default::default() };
    let both = |id, key: &str| ProductChanges { billable_metric_id: Some(id), ..keyed(key) };
    let wrong = |start: &str, changes: ProductChanges, value: &str| {
        let faults = refused(&store, |store| store.update_product(id, at(start), changes));
        assert_eq!(faults, [format!("pricing_group_key: \"{value}\" is not allowed; {GROUPS}")]);
    };
    wrong("2025-06-01T00:00:00Z", metric(by_zone), "region");
    wrong("2025-06-01T00:00:00Z", keyed("zone"), "zone");
    store.update_product(id, at("2025-06-01T00:00:00Z"), both(by_zone, "zone")).unwrap();
    // Made later, it would count in June too, over the metric that counts then.
    wrong("2025-03-01T00:00:00Z", keyed("region"), "region");
    store.update_product(id, at("2025-06-01T00:00:00Z"), keyed("zone")).unwrap();
    store.update_product(id, at("2025-03-01T00:00:00Z"), both(by_region, "region")).unwrap();
    assert_eq!(
        store.product_at(id, at("2025-07-01T00:00:00Z")).unwrap().current.pricing_group_key,
        ["region"]
    );
}

#[test]
fn an_archived_product_can_still_be_updated() {
    let (store, _) = in_2025();
    let id = store.create_product(of_type(ProductType::Fixed)).unwrap();
    store.archive(id).unwrap();
    store.update_product(id, at("2024-01-01T00:00:00Z"), named("x")).unwrap();
    let product = store.product(id).unwrap();
    assert_eq!((product.current.name.as_str(), product.archived_at.is_some()), ("x", true));
}

#[test]
fn a_product_has_up_to_1_000_updates() {
    let (store, _) = in_2025();
    let metric = cpu_hours(&store);
    let id = store.create_product(usage(metric)).unwrap();
    let start = at("2025-01-01T00:00:00Z");
    let keyed = ProductChanges { pricing_group_key: Some(strings(&["region"])), ..Default::default() };
    store.write(|tx| (0..1_000).try_for_each(|_| tx.update_product(id, start, keyed.clone()))).unwrap();
    assert_eq!(store.product(id).unwrap().updates.len(), billfold::MAX_UPDATES_PER_PRODUCT);
    let faults = refused(&store, |store| store.update_product(id, start, keyed));
    assert_eq!(faults, ["updates: 1001 items; at most 1000 are allowed"]);
}

#[test]
fn a_schedule_that_is_too_large_to_be_kept_is_refused() {
    let (store, _) = in_2025();
    let id = store.create_product(of_type(ProductType::Fixed)).unwrap();
    let long = named(&"n".repeat(300_000));
    for _ in 0..3 {
        store.update_product(id, at("2025-01-01T00:00:00Z"), long.clone()).unwrap();
    }
    let faults = refused(&store, |store| store.update_product(id, at("2025-01-01T00:00:00Z"), long));
    assert!(faults.len() == 1 && faults[0].ends_with("at most 1048576 are allowed"), "{faults:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The rule said the other way round: for each field, the update made last of those that count and speak of it.
    #[test]
    fn each_field_is_that_of_the_last_update_that_counts_and_speaks_of_it(
        updates in prop::collection::vec((0_u64..6, prop::option::of("[a-c]"), prop::option::of("[x-z]")), 0..8),
    ) {
        let store = Store::in_memory().unwrap();
        let id = store.create_product(of_type(ProductType::Fixed)).unwrap();
        let hour = |hour: u64| Time::UNIX_EPOCH.after(std::time::Duration::from_secs(hour * 3_600));
        for (start, name, tag) in &updates {
            let changes = ProductChanges { name: name.clone(), tags: tag.clone().map(|tag| vec![tag]), ..Default::default() };
            store.update_product(id, hour(*start), changes).unwrap();
        }
        let product = store.product(id).unwrap();
        for now in 0..7 {
            let state = store.product_at(id, hour(now)).unwrap().current;
            prop_assert_eq!(&state, &product.state_at(hour(now)));
            let counting = || updates.iter().rev().filter(|(start, ..)| *start <= now);
            let name = counting().find_map(|(_, name, _)| name.clone());
            let tag = counting().find_map(|(.., tag)| tag.clone());
            prop_assert_eq!(state.name, name.unwrap_or("My Product".into()));
            prop_assert_eq!(state.tags, tag.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(state.starting_at, counting().next().map(|(start, ..)| hour(*start)));
        }
    }
}
