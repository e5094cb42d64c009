//! Usage filters: which of a customer's usage counts on which of its contracts.

use std::collections::BTreeMap;
use std::time::Duration;

use billfold::prelude::*;
use proptest::prelude::*;

use crate::support::catalog::{at, cpu_hours, of_type, summing, usage};
use crate::support::fault;
use crate::support::provisioned::{day, fields, provisioned};

fn from(region: &str) -> BTreeMap<String, String> {
    [("region".to_owned(), region.to_owned()), ("cpu_hours".to_owned(), "3".to_owned())].into()
}

/// Filters of a contract as they are read: values, start and end.
fn segments(store: &Store, contract: ContractId) -> Vec<(String, Time, Option<Time>)> {
    let read = store.contract(contract).unwrap().usage_filter;
    let values = |filter: &UsageFilter| filter.group_values.iter().cloned().collect::<Vec<_>>().join("+");
    read.iter().map(|one| (values(&one.filter), one.filter.starting_at, one.ending_before)).collect()
}

/// The seed's customer with three divisions. From 2025 on usage of the EU division is billed by the US contract.
#[test]
fn the_eu_divisions_usage_goes_over_to_the_us_contract_with_the_new_year() {
    let store = Store::in_memory().unwrap();
    let ingest_aliases = vec!["team@widgetsexpress.com".to_owned()];
    let customer = store.create_customer(CreateCustomer { ingest_aliases, ..Default::default() }).unwrap();
    let product = store.create_product(usage(cpu_hours(&store))).unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    let start = at("2024-10-01T00:00:00Z");
    store.add_rate(card, AddRate::new(product, start, Rate::flat(100.into()))).unwrap();
    let contract = |region: &str| {
        let request = CreateContract {
            rate_card: Some(CardChoice::Id(card)),
            usage_filter: Some(UsageFilter::new("region", [region], start)),
            ..CreateContract::new(customer, start)
        };
        store.create_contract(request).unwrap()
    };
    let [us, eu, apac] = ["US", "EU", "APAC"].map(contract);
    let new_year = day("01-01");
    store.set_usage_filter(us, UsageFilter::new("region", ["US", "EU"], new_year)).unwrap();
    // The seed speaks of the US contract alone. The EU contract takes its own usage until it ends.
    store.set_contract_end(eu, Some(new_year)).unwrap();

    let last = at("2024-12-31T23:59:59.999999999Z");
    for (moment, region, counts) in [
        (at("2024-09-30T23:59:59Z"), "US", vec![]),
        (start, "US", vec![us]),
        (last, "US", vec![us]),
        (last, "EU", vec![eu]),
        (last, "APAC", vec![apac]),
        (new_year, "US", vec![us]),
        (new_year, "EU", vec![us]),
        (new_year, "APAC", vec![apac]),
        (new_year, "us", vec![]),
        (new_year, "LATAM", vec![]),
    ] {
        let found = store.contracts_for_usage(customer, moment, &from(region)).unwrap();
        assert_eq!(found, counts, "{region} at {moment}");
        let found = store.contracts_for_usage("team@widgetsexpress.com", moment, &from(region)).unwrap();
        assert_eq!(found, counts, "{region} at {moment} by alias");
    }
    let nowhere = BTreeMap::new();
    assert!(store.contracts_for_usage(customer, new_year, &nowhere).unwrap().is_empty());
    assert!(store.contracts_for_usage("someone@else.com", new_year, &from("US")).unwrap().is_empty());
    let unknown = CustomerId::from(uuid::Uuid::from_u128(1));
    let missing = store.contracts_for_usage(unknown, new_year, &from("US"));
    assert_eq!(fault(missing), Fault::InstanceNotFound { target: unknown.into() });
    let expected = [("US".to_owned(), start, Some(new_year)), ("EU+US".to_owned(), new_year, None)];
    assert_eq!(segments(&store, us), expected);
}

#[test]
fn a_filter_between_two_others_ends_the_first_and_one_of_the_same_start_takes_its_place() {
    let here = provisioned();
    let end = Some(at("2026-01-01T00:00:00Z"));
    let set = |value: &str, start: &str| {
        let filter = UsageFilter::new("region", [value], day(start));
        here.store.set_usage_filter(here.contract, filter).unwrap();
    };
    let read = || segments(&here.store, here.contract);
    let counts = |region: &str, date: &str| {
        !here.store.contracts_for_usage(here.customer, day(date), &from(region)).unwrap().is_empty()
    };
    assert!(counts("anything", "01-01"), "without a filter everything counts");
    set("c", "09-01");
    assert!(counts("anything", "08-31"), "everything counts before the first one begins");
    set("a", "03-01");
    set("b", "06-01");
    let segment = |value: &str, start: &str, end| (value.to_owned(), day(start), end);
    assert_eq!(
        read(),
        [
            segment("a", "03-01", Some(day("06-01"))),
            segment("b", "06-01", Some(day("09-01"))),
            segment("c", "09-01", end)
        ]
    );
    assert!(counts("a", "05-31") && !counts("a", "06-01") && counts("b", "06-01") && !counts("b", "09-01"));
    set("d", "06-01");
    assert_eq!(read()[1], segment("d", "06-01", Some(day("09-01"))));
    assert!(!counts("b", "07-01") && counts("d", "07-01"));

    // Segments behind the contract's end are not shown, and are there again when it goes on.
    here.store.set_contract_end(here.contract, Some(day("06-01"))).unwrap();
    assert_eq!(read(), [segment("a", "03-01", Some(day("06-01")))]);
    here.store.set_contract_end(here.contract, None).unwrap();
    assert_eq!(read()[2], segment("c", "09-01", None));
    assert_eq!(here.edits().len(), 6);
}

#[test]
fn another_key_can_take_over_and_a_filter_begins_within_its_contract() {
    let here = provisioned();
    let set = |key: &str, values: &[&str], start| {
        let filter = UsageFilter::new(key, values.iter().copied(), start);
        here.store.set_usage_filter(here.contract, filter)
    };
    set("region", &["EU"], day("01-01")).unwrap();
    set("machine_type", &["large"], at("2025-03-01T12:34:56Z")).unwrap();
    let large = [("machine_type".to_owned(), "large".to_owned())].into();
    let counts = |moment, properties: &BTreeMap<String, String>| {
        !here.store.contracts_for_usage(here.customer, moment, properties).unwrap().is_empty()
    };
    assert!(counts(at("2025-03-01T12:34:55Z"), &from("EU")));
    assert!(!counts(at("2025-03-01T12:34:56Z"), &from("EU")));
    assert!(counts(at("2025-03-01T12:34:56Z"), &large));

    let before = here.everything();
    assert_eq!(fields(set("region", &[], day("02-01"))), ["group_values"]);
    assert_eq!(fields(set("region", &["EU"], at("2024-12-31T23:59:59Z"))), ["starting_at"]);
    assert_eq!(fields(set("region", &["EU"], at("2026-01-01T00:00:00Z"))), ["starting_at"]);
    assert_eq!(fields(set("", &["EU"], day("02-01"))), ["group_key", "group_key"]);
    assert_eq!(fields(set("colour", &["red"], day("02-01"))), ["group_key"]);
    assert_eq!(here.everything(), before);
}

#[test]
fn the_key_has_to_be_one_that_every_usage_product_of_the_card_is_told_apart_by() {
    let store = Store::in_memory().unwrap();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let start = day("01-01");
    // A contract with these products on its card, filtered by that key.
    let filtered = |products: &[ContractProductId], key: &str| {
        let card = store.create_rate_card(CreateRateCard::default()).unwrap();
        for product in products {
            store.add_rate(card, AddRate::new(*product, start, Rate::flat(1.into()))).unwrap();
        }
        store.create_contract(CreateContract {
            rate_card: Some(CardChoice::Id(card)),
            usage_filter: Some(UsageFilter::new(key, ["x"], start)),
            ..CreateContract::new(customer, start)
        })
    };
    let product = |request| store.create_product(request).unwrap();
    let plain = product(usage(cpu_hours(&store)));
    let alone = store.create_billable_metric(summing("alone", &["n", "region"], &[&["region"]])).unwrap();
    let by_region = product(usage(alone));
    let sql = CreateBillableMetric { name: "sql".into(), sql: Some("SELECT 1".into()), ..Default::default() };
    let sql = product(usage(store.create_billable_metric(sql).unwrap()));
    let fixed = product(of_type(ProductType::Fixed));
    // Priced by region: a filter's key has to stand in one group key with it.
    let priced =
        product(CreateProduct { pricing_group_key: vec!["region".into()], ..usage(cpu_hours(&store)) });

    for (products, key, well) in [
        (vec![plain], "region", true),
        (vec![plain], "cpu_hours", false),
        (vec![plain, by_region], "region", true),
        (vec![plain, by_region], "machine_type", false),
        (vec![by_region, plain], "machine_type", false),
        (vec![sql], "anything", true),
        (vec![sql, by_region], "anything", false),
        (vec![fixed], "anything", true),
        (vec![fixed, sql, by_region], "region", true),
        (vec![priced], "machine_type", true),
        (vec![priced], "region", true),
        (vec![], "anything", true),
    ] {
        match filtered(&products, key) {
            Ok(_) => assert!(well, "{products:?} by {key}"),
            refused => {
                assert_eq!((fields(refused), well), (vec!["usage_filter.group_key".to_owned()], false));
            }
        }
    }
    let without = CreateContract {
        usage_filter: Some(UsageFilter::new("anything", ["x"], start)),
        ..CreateContract::new(customer, start)
    };
    store.create_contract(without).expect("a contract without a card has no products");
}

/// The hour of that number in 2025.
fn hour(n: u8) -> Time {
    day("01-01").after(Duration::from_secs(3_600 * u64::from(n)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Contracts with a start, an end, filters that are set in any order, and whether they are archived.
    #[test]
    fn usage_counts_where_a_plain_reading_of_the_segments_says(
        contracts in prop::collection::vec(
            (
                0_u8..8,
                prop::option::of(1_u8..12),
                prop::collection::vec((0_u8..12, prop::collection::btree_set(0_u8..4, 1..3)), 0..5),
                prop::bool::weighted(0.2),
            ),
            1..6,
        ),
    ) {
        let clock = SetClock::default();
        clock.set(hour(30));
        let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
        let customer = store.create_customer(CreateCustomer::default()).unwrap();
        let other = store.create_customer(CreateCustomer::default()).unwrap();
        store.create_contract(CreateContract::new(other, hour(0))).unwrap();
        let mut made = Vec::new();
        for (start, length, filters, archived) in contracts {
            let ending_before = length.map(|length| hour(start + length));
            let contract = CreateContract { ending_before, ..CreateContract::new(customer, hour(start)) };
            let id = store.create_contract(contract).unwrap();
            // What was set last for a start holds, up to the next start.
            let mut schedule = BTreeMap::new();
            for (from, values) in filters {
                let values: Vec<_> = values.iter().map(u8::to_string).collect();
                let filter = UsageFilter::new("region", values.clone(), hour(from));
                let within = from >= start && length.is_none_or(|length| from < start + length);
                prop_assert_eq!(store.set_usage_filter(id, filter).is_ok(), within);
                if within {
                    schedule.insert(from, values);
                }
            }
            if archived {
                store.archive_contract(id).unwrap();
            }
            made.push((start, length, schedule, archived, id));
        }
        made.sort_by_key(|(start, _, _, _, id)| (*start, *id));
        for n in 0..22 {
            for region in ["0", "1", "2", "3", "4"] {
                let counting = made.iter().filter(|(start, length, schedule, archived, _)| {
                    let filter = schedule.range(..=n).next_back();
                    !archived
                        && *start <= n
                        && length.is_none_or(|length| n < start + length)
                        && filter.is_none_or(|(_, values)| values.iter().any(|value| value == region))
                });
                let counting: Vec<_> = counting.map(|(.., id)| *id).collect();
                let found = store.contracts_for_usage(customer, hour(n), &from(region)).unwrap();
                prop_assert_eq!(found, counting, "{} at {}", region, n);
            }
        }
    }
}
