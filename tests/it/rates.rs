//! Rates: their rules, when they are in force, and what reading and adding many costs.

use std::collections::BTreeMap;

use billfold::FieldProblem;
use billfold::prelude::*;
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::disk::{Access, Disk};
use crate::support::{every, fault, faults};

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// Midnight of that day of January 2025.
fn day(day: u32) -> Time {
    time(&format!("2025-01-{day:02}T00:00:00Z"))
}

fn number(text: &str) -> Amount {
    text.parse().unwrap()
}

fn product(store: &Store, product_type: ProductType) -> ContractProductId {
    let request = CreateProduct { name: "a product".into(), product_type, ..Default::default() };
    store.create_product(request).unwrap()
}

/// A product whose usage is priced by `region` and `cloud`.
fn grouped(store: &Store, tags: &[&str]) -> ContractProductId {
    let filters =
        ["region", "cloud", "n"].map(|name| PropertyFilter { name: name.into(), ..Default::default() });
    let metric = store
        .create_billable_metric(CreateBillableMetric {
            name: "a metric".into(),
            aggregation_type: Some(Aggregation::Sum),
            aggregation_key: Some("n".into()),
            property_filters: filters.into(),
            group_keys: vec![vec!["region".into(), "cloud".into()]],
            ..Default::default()
        })
        .unwrap();
    store
        .create_product(CreateProduct {
            name: "grouped".into(),
            billable_metric_id: Some(metric),
            pricing_group_key: vec!["region".into(), "cloud".into()],
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Default::default()
        })
        .unwrap()
}

fn groups(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A store with a card and a product of fixed amounts.
fn store() -> (Store, RateCardId, ContractProductId) {
    let store = Store::in_memory().unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    let product = product(&store, ProductType::Fixed);
    (store, card, product)
}

fn flat(product: ContractProductId, start: u32, price: i64) -> AddRate {
    AddRate::new(product, day(start), Rate::flat(price.into()))
}

/// What the prices of the card are at a moment.
fn prices(store: &Store, card: RateCardId, at: Time) -> Vec<String> {
    let rates = every(7, |page| store.rates(card, at, &[], page));
    rates.into_iter().map(|rate| rate.rate.price.unwrap_or_default().to_string()).collect()
}

#[track_caller]
fn fields<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<String> {
    let field = |fault: Fault| match fault {
        Fault::Field { field, .. }
        | Fault::ReferenceNotFound { field, .. }
        | Fault::ReferenceArchived { field, .. } => field,
        other => panic!("{other:?}"),
    };
    faults(result).into_iter().map(field).collect()
}

#[test]
fn each_type_of_rate_has_what_it_needs_and_nothing_else() {
    let (store, card, product) = store();
    let tier = |size: Option<&str>, price: &str| Tier { size: size.map(number), price: number(price) };
    let tiers = |tiers: &[Tier]| Rate::tiered(tiers);
    let of =
        |rate_type, price: Option<&str>| Rate { rate_type, price: price.map(number), ..Default::default() };
    let subscription = of(RateType::Subscription, Some("1"));
    let cases: Vec<(Rate, &[&str])> = vec![
        (of(RateType::Flat, Some("0")), &[]),
        (of(RateType::Flat, Some("-0.01")), &["price"]),
        (of(RateType::Flat, None), &["price"]),
        (of(RateType::Subscription, Some("0")), &[]),
        (of(RateType::Subscription, Some("-1")), &["price"]),
        (of(RateType::Subscription, None), &["price"]),
        (of(RateType::Percentage, Some("0")), &[]),
        (of(RateType::Percentage, Some("1")), &[]),
        (of(RateType::Percentage, Some("1.0001")), &["price"]),
        (of(RateType::Percentage, Some("-0.1")), &["price"]),
        (of(RateType::Percentage, None), &["price"]),
        (tiers(&[tier(None, "1")]), &[]),
        (tiers(&[tier(Some("10"), "1"), tier(None, "0")]), &[]),
        (tiers(&[]), &["tiers"]),
        (Rate { price: Some(number("1")), ..tiers(&[tier(None, "1")]) }, &["price"]),
        (tiers(&[tier(None, "1"), tier(None, "1")]), &["tiers[0].size"]),
        (tiers(&[tier(Some("10"), "1")]), &["tiers[0].size"]),
        (tiers(&[tier(Some("0"), "1"), tier(None, "1")]), &["tiers[0].size"]),
        (
            tiers(&[tier(Some("-1"), "-1"), tier(None, "-1")]),
            &["tiers[0].size", "tiers[0].price", "tiers[1].price"],
        ),
        (Rate { rate_type: RateType::TieredPercentage, ..tiers(&[tier(None, "0.1")]) }, &[]),
        (of(RateType::TieredPercentage, Some("0.5")), &[]),
        (of(RateType::Custom, None), &[]),
        (Rate { custom_rate: Some("{}".into()), ..of(RateType::Custom, Some("3")) }, &[]),
        (Rate { custom_rate: Some("{}".into()), ..of(RateType::Flat, Some("3")) }, &["custom_rate"]),
        (Rate { custom_rate: Some("x".repeat(10_001)), ..of(RateType::Custom, None) }, &["custom_rate"]),
        (Rate { tiers: vec![tier(None, "1")], ..of(RateType::Flat, Some("1")) }, &["tiers"]),
        (Rate { tiers: vec![tier(None, "1")], ..of(RateType::Custom, None) }, &["tiers"]),
        (Rate { minimum: Some(number("0")), ..of(RateType::Percentage, Some("0.1")) }, &[]),
        (
            Rate { minimum: Some(number("-1")), ..of(RateType::Percentage, Some("0.1")) },
            &["minimum_config.minimum"],
        ),
        (Rate { minimum: Some(number("1")), ..of(RateType::Flat, Some("1")) }, &["minimum_config.minimum"]),
        (Rate { quantity: Some(number("0")), ..subscription.clone() }, &[]),
        (Rate { quantity: Some(number("-1")), ..subscription.clone() }, &["quantity"]),
        (Rate { is_prorated: Some(true), ..subscription.clone() }, &[]),
        (Rate { is_prorated: Some(false), ..subscription }, &["is_prorated"]),
        (Rate { is_prorated: Some(true), ..of(RateType::Flat, Some("1")) }, &["is_prorated"]),
    ];
    for (rate, wrong) in cases {
        let added = store.add_rate(card, AddRate::new(product, day(1), rate.clone()));
        if wrong.is_empty() {
            added.unwrap();
            let read = store.rates(card, day(1), &[], &PageRequest::default()).unwrap().items;
            assert_eq!(read[0].rate, rate);
        } else {
            assert_eq!(fields(added), wrong, "{rate:?}");
        }
    }
}

#[test]
fn a_commit_rate_has_the_rules_of_a_rate() {
    let (store, card, product) = store();
    let with = |commit_rate: CommitRate| AddRate { commit_rate: Some(commit_rate), ..flat(product, 1, 1) };
    let commit = CommitRate { price: Some(number("0.5")), ..Default::default() };
    store.add_rate(card, with(commit.clone())).unwrap();
    let read = store.rates(card, day(1), &[], &PageRequest::default()).unwrap().items;
    assert_eq!(read[0].commit_rate, Some(commit));
    let over = CommitRate { rate_type: RateType::Percentage, price: Some(number("2")), ..Default::default() };
    assert_eq!(fields(store.add_rate(card, with(over))), ["commit_rate.price"]);
    let tiered = CommitRate { rate_type: RateType::Tiered, ..Default::default() };
    assert_eq!(fields(store.add_rate(card, with(tiered))), ["commit_rate.tiers"]);
}

#[test]
fn a_flat_rate_of_a_subscription_has_a_billing_frequency_and_no_other_has_one() {
    let (store, card, fixed) = store();
    let seats = product(&store, ProductType::Subscription);
    let monthly = |rate: AddRate| AddRate { billing_frequency: Some(BillingFrequency::Monthly), ..rate };
    assert_eq!(fields(store.add_rate(card, flat(seats, 1, 1))), ["billing_frequency"]);
    store.add_rate(card, monthly(flat(seats, 1, 1))).unwrap();
    assert_eq!(fields(store.add_rate(card, monthly(flat(fixed, 1, 1)))), ["billing_frequency"]);
    let old = Rate { rate_type: RateType::Subscription, ..Rate::flat(2.into()) };
    store.add_rate(card, AddRate::new(seats, day(2), old)).unwrap();
    let annual = AddRate { billing_frequency: Some(BillingFrequency::Annual), ..flat(seats, 1, 10) };
    store.add_rate(card, annual).unwrap();
    assert_eq!(prices(&store, card, day(2)), ["2", "1", "10"], "each frequency has a price of its own");
}

#[test]
fn pricing_group_values_are_those_of_the_products_key() {
    let (store, card, fixed) = store();
    let usage = grouped(&store, &[]);
    let of = |product, values: &[(&str, &str)]| AddRate {
        pricing_group_values: groups(values),
        ..flat(product, 1, 1)
    };
    store.add_rate(card, of(usage, &[("region", "EU"), ("cloud", "aws")])).unwrap();
    store.add_rate(card, of(usage, &[("region", "EU")])).unwrap();
    store.add_rate(card, of(usage, &[])).unwrap();
    assert_eq!(fields(store.add_rate(card, of(usage, &[("zone", "1")]))), ["pricing_group_values"]);
    assert_eq!(fields(store.add_rate(card, of(fixed, &[("region", "EU")]))), ["pricing_group_values"]);
    store.add_rate(card, of(usage, &[("region", &"\u{10ffff}".repeat(494))])).unwrap();
    let long = of(usage, &[("region", &"x".repeat(495))]);
    assert_eq!(fields(store.add_rate(card, long)), ["pricing_group_values"]);
    let all = every(1, |page| store.rates(card, day(1), &[], page));
    assert_eq!(all.len(), 4, "a cursor can hold the longest values");
}

#[test]
fn a_rate_needs_a_product_that_is_there_and_a_card_that_is_in_use() {
    let (store, card, product) = store();
    let unknown = ContractProductId::from(Uuid::from_u128(5));
    assert_eq!(fields(store.add_rate(card, flat(unknown, 1, 1))), ["product_id"]);
    store.adopt(unknown).unwrap();
    let adopted = fault(store.add_rate(card, flat(unknown, 1, 1)));
    assert_eq!(adopted, Fault::NothingButAnId { target: unknown.into() });
    store.add_rate(card, flat(product, 1, 1)).unwrap();
    store.archive(product).unwrap();
    assert_eq!(fields(store.add_rate(card, flat(product, 2, 1))), ["product_id"]);
    assert_eq!(prices(&store, card, day(3)), ["1"], "rates that are there stay");
    store.archive(card).unwrap();
    assert_eq!(fields(store.add_rate(card, flat(product, 2, 1))), ["rate_card_id", "product_id"]);
    assert_eq!(prices(&store, card, day(3)), ["1"]);
    let nowhere = RateCardId::from(Uuid::from_u128(6));
    let found = faults(store.add_rate(nowhere, flat(product, 1, 1)));
    assert!(
        matches!(found.as_slice(), [Fault::InstanceNotFound { .. }, Fault::ReferenceArchived { .. }]),
        "{found:?}"
    );
    let page = PageRequest::default();
    assert!(matches!(fault(store.rates(nowhere, day(1), &[], &page)), Fault::InstanceNotFound { .. }));
}

#[test]
fn a_products_rates_are_in_one_credit_type_that_the_card_has() {
    let (store, card, product) = store();
    let other = self::product(&store, ProductType::Fixed);
    let unit = CreditTypeId::new(Uuid::from_u128(8));
    let priced = |product, start, unit| AddRate { credit_type_id: Some(unit), ..flat(product, start, 1) };
    assert_eq!(fields(store.add_rate(card, priced(product, 1, unit))), ["credit_type_id"]);
    let worth = CreditTypeConversion { custom_credit_type_id: unit, fiat_per_custom_credit: 50.into() };
    let update = UpdateRateCard { add_credit_type_conversions: vec![worth], ..Default::default() };
    store.update_rate_card(card, update).unwrap();
    store.add_rate(card, priced(product, 1, unit)).unwrap();
    store.add_rate(card, priced(product, 2, unit)).unwrap();
    assert_eq!(fields(store.add_rate(card, flat(product, 3, 1))), ["credit_type_id"], "cents by default");
    assert_eq!(fields(store.add_rate(card, priced(product, 1, CreditType::USD_CENTS))), ["credit_type_id"]);
    store.add_rate(card, priced(other, 1, CreditType::USD_CENTS)).unwrap();
    let mixed = store.add_rates(card, [flat(other, 2, 1), priced(other, 3, unit)]);
    assert_eq!(fields(mixed), ["rates[1].credit_type_id"]);
    // A share is in what it is a share of.
    store.add_rate(card, AddRate::new(product, day(4), Rate::percentage(number("0.1")))).unwrap();
    let rates = store.rates(card, day(5), &[], &PageRequest::default()).unwrap().items;
    let types: Vec<_> = rates.iter().map(|rate| rate.credit_type.as_ref().map(|unit| unit.id)).collect();
    assert_eq!(types, [None, Some(CreditType::USD_CENTS)]);
    let euros = CreateRateCard { fiat_credit_type_id: Some(CreditType::EUR), ..Default::default() };
    let euros = store.create_rate_card(euros).unwrap();
    assert_eq!(fields(store.add_rate(euros, flat(product, 1, 1))), ["credit_type_id"]);
    store.add_rate(euros, priced(product, 1, CreditType::EUR)).unwrap();
}

#[test]
fn every_fault_of_all_rates_is_named_at_once_and_nothing_is_added() {
    let (store, card, product) = store();
    let unknown = ContractProductId::from(Uuid::from_u128(5));
    let ends = |rate: AddRate, end| AddRate { ending_before: Some(day(end)), ..rate };
    let refused = store.add_rates(
        card,
        [
            flat(product, 1, 1),
            ends(flat(product, 2, -1), 2),
            flat(unknown, 1, 1),
            flat(unknown, 2, 1),
            flat(product, 1, 3),
            ends(flat(product, 3, 1), 4),
        ],
    );
    let expected = [
        "rates[1].price",
        "rates[1].ending_before",
        "rates[2].product_id",
        "rates[3].product_id",
        "rates[4]",
    ];
    assert_eq!(fields(refused), expected);
    assert!(prices(&store, card, day(9)).is_empty());
    store.add_rates(card, []).unwrap();
}

#[test]
fn an_unknown_card_is_named_together_with_what_is_wrong_with_the_rates() {
    let (store, _, product) = store();
    let card = RateCardId::from(Uuid::from_u128(5));
    let unknown = ContractProductId::from(Uuid::from_u128(6));
    let found =
        faults(store.add_rates(card, [flat(product, 1, -1), flat(unknown, 1, 1), flat(product, 1, 1)]));
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 4, "{found:?}");
    for (fault, text) in found.iter().zip(["rate_card", "rates[0].price", "rates[1].product_id", "rates[2]"])
    {
        assert!(fault.contains(text), "{fault}: {text}");
    }
    faults(store.add_rates(card, []));
}

#[test]
fn a_refusal_of_very_many_rates_has_all_faults_and_a_message_of_some() {
    let (store, card, product) = store();
    let rates: Vec<_> = (0..5_000)
        .map(|n| {
            let start = day(1).after(std::time::Duration::from_secs(3_600 * n));
            AddRate::new(product, start, Rate::flat((-1).into()))
        })
        .collect();
    let error = store.add_rates(card, rates).unwrap_err();
    assert_eq!(error.faults().len(), 5_000);
    let message = error.to_string();
    assert!(message.ends_with("and 4900 more faults") && message.len() < 20_000, "{}", message.len());
}

#[test]
fn a_rate_is_in_force_until_its_end_or_the_next_start() {
    let (store, card, product) = store();
    let until = |rate: AddRate, end| AddRate { ending_before: Some(day(end)), ..rate };
    store.add_rate(card, flat(product, 10, 3)).unwrap();
    store.add_rates(card, [flat(product, 2, 1), until(flat(product, 5, 2), 7)]).unwrap();
    let at = |n| prices(&store, card, day(n)).first().cloned();
    let expected = [None, Some("1"), Some("1"), Some("2"), Some("2"), None, None, Some("3"), Some("3")];
    assert_eq!([1, 2, 4, 5, 6, 7, 9, 10, 31].map(at), expected.map(|price| price.map(str::to_owned)));
    assert_eq!(prices(&store, card, time("2025-01-04T23:59:59.999999999Z")), ["1"]);

    let segments = |from, to: Option<u32>| -> Vec<(String, Time, Option<Time>)> {
        every(1, |page| store.rate_schedule(card, day(from), to.map(day), &[], page))
            .into_iter()
            .map(|rate| (rate.rate.price.unwrap().to_string(), rate.starting_at, rate.ending_before))
            .collect()
    };
    let one = ("1".to_owned(), day(2), Some(day(5)));
    let two = ("2".to_owned(), day(5), Some(day(7)));
    let three = ("3".to_owned(), day(10), None);
    assert_eq!(segments(1, None), [one.clone(), two.clone(), three.clone()]);
    assert_eq!(segments(4, Some(5)), std::slice::from_ref(&one));
    assert_eq!(segments(4, Some(6)), [one, two]);
    assert_eq!(segments(5, Some(6)).len(), 1);
    assert_eq!(segments(7, Some(10)), []);
    assert_eq!(segments(7, None), [three]);
    let page = PageRequest::default();
    assert_eq!(fields(store.rate_schedule(card, day(2), Some(day(2)), &[], &page)), ["ending_before"]);
}

#[test]
fn a_rate_for_the_same_product_groups_and_start_replaces() {
    let (store, card, product) = store();
    let usage = grouped(&store, &[]);
    let eu = |price| AddRate { pricing_group_values: groups(&[("region", "EU")]), ..flat(usage, 1, price) };
    store.add_rates(card, [flat(product, 1, 1), flat(usage, 1, 2), eu(3)]).unwrap();
    store.add_rate(card, flat(product, 1, 4)).unwrap();
    store.add_rate(card, eu(5)).unwrap();
    assert_eq!(prices(&store, card, day(1)), ["4", "2", "5"]);
    let ended = AddRate { ending_before: Some(day(3)), ..flat(product, 1, 4) };
    store.add_rate(card, ended.clone()).unwrap();
    assert_eq!(prices(&store, card, day(3)), ["2", "5"], "so a price ends");
    let revision = store.revision(card).unwrap();
    store.add_rate(card, ended).unwrap();
    assert_eq!(store.revision(card).unwrap(), revision, "what changes nothing is no change");
    store.add_rate(card, flat(product, 4, 1)).unwrap();
    assert!(store.revision(card).unwrap() > revision);
}

#[test]
fn selectors_pick_by_product_tag_groups_and_frequency() {
    let (store, card, fixed) = store();
    let usage = grouped(&store, &["cloud", "beta"]);
    let seats = product(&store, ProductType::Subscription);
    let of = |price, values: &[(&str, &str)]| AddRate {
        pricing_group_values: groups(values),
        ..flat(usage, 1, price)
    };
    let billed = |price, often| AddRate { billing_frequency: Some(often), ..flat(seats, 1, price) };
    store
        .add_rates(
            card,
            [
                flat(fixed, 1, 1),
                of(2, &[("region", "EU"), ("cloud", "aws")]),
                of(3, &[("region", "EU"), ("cloud", "gcp")]),
                of(4, &[("region", "EU")]),
                billed(5, BillingFrequency::Monthly),
                billed(6, BillingFrequency::Annual),
            ],
        )
        .unwrap();
    let any = RateSelector::default;
    let region = |values: &[(&str, &str)]| Some(groups(values));
    let cases: Vec<(Vec<RateSelector>, &[&str])> = vec![
        (vec![], &["1", "2", "3", "4", "5", "6"]),
        (vec![any()], &["1", "2", "3", "4", "5", "6"]),
        (vec![RateSelector { product_id: Some(fixed), ..any() }], &["1"]),
        (vec![RateSelector { product_tags: vec!["beta".into(), "x".into()], ..any() }], &["2", "3", "4"]),
        (vec![RateSelector { product_tags: vec!["x".into()], ..any() }], &[]),
        (vec![RateSelector { product_id: Some(fixed), product_tags: vec!["beta".into()], ..any() }], &[]),
        (vec![RateSelector { pricing_group_values: region(&[("region", "EU")]), ..any() }], &["4"]),
        (vec![RateSelector { pricing_group_values: region(&[]), ..any() }], &["1", "5", "6"]),
        (
            vec![RateSelector { partial_pricing_group_values: region(&[("region", "EU")]), ..any() }],
            &["2", "3", "4"],
        ),
        (vec![RateSelector { partial_pricing_group_values: region(&[("cloud", "gcp")]), ..any() }], &["3"]),
        (vec![RateSelector { partial_pricing_group_values: region(&[("region", "US")]), ..any() }], &[]),
        (vec![RateSelector { billing_frequency: Some(BillingFrequency::Annual), ..any() }], &["6"]),
        (
            vec![
                RateSelector { product_id: Some(seats), ..any() },
                RateSelector { product_id: Some(fixed), ..any() },
            ],
            &["1", "5", "6"],
        ),
        (
            vec![
                RateSelector {
                    product_id: Some(seats),
                    billing_frequency: Some(BillingFrequency::Monthly),
                    ..any()
                },
                RateSelector { product_tags: vec!["cloud".into()], ..any() },
            ],
            &["2", "3", "4", "5"],
        ),
    ];
    for (selectors, expected) in cases {
        for limit in [1, 2, 6, 7] {
            let at = every(limit, |page| store.rates(card, day(1), &selectors, page));
            let scheduled = every(limit, |page| store.rate_schedule(card, day(1), None, &selectors, page));
            let prices: Vec<_> = at.iter().map(|rate| rate.rate.price.unwrap().to_string()).collect();
            let mut sorted = prices.clone();
            sorted.sort();
            assert_eq!(sorted, expected, "{selectors:?}");
            assert_eq!(at, scheduled);
        }
    }
    let selectors = vec![any(); 101];
    assert_eq!(fields(store.rates(card, day(1), &selectors, &PageRequest::default())), ["selectors"]);
    assert!(store.rates(card, day(1), &selectors[1..], &PageRequest::default()).is_ok());
}

#[test]
fn a_segment_shows_the_product_as_it_is_at_the_moment_asked_about() {
    let (store, card, _) = store();
    store.add_key(ManagedEntity::ContractProduct, "sku", KeyKind::Indexed).unwrap();
    let usage = grouped(&store, &["old"]);
    store.set_values(usage, [("sku", "s-1")]).unwrap();
    let changes =
        ProductChanges { name: Some("renamed".into()), tags: Some(vec!["new".into()]), ..Default::default() };
    store.update_product(usage, day(5), changes).unwrap();
    store.add_rate(card, AddRate { entitled: false, ..flat(usage, 1, 1) }).unwrap();
    let read = |at| store.rates(card, at, &[], &PageRequest::default()).unwrap().items.remove(0);
    assert_eq!(
        (read(day(4)).product_name.as_str(), read(day(4)).product_tags),
        ("grouped", vec!["old".to_owned()])
    );
    let rate = read(day(5));
    assert_eq!((rate.product_name.as_str(), &rate.product_tags[..]), ("renamed", &["new".to_owned()][..]));
    assert_eq!((rate.product_custom_fields["sku"].as_str(), rate.entitled), ("s-1", false));
    let tagged = RateSelector { product_tags: vec!["new".into()], ..Default::default() };
    assert!(store.rates(card, day(4), &[tagged], &PageRequest::default()).unwrap().items.is_empty());
    store.forget(usage).unwrap();
    assert_eq!(read(day(5)).product_name, "");
}

#[test]
fn a_cursor_belongs_to_its_question() {
    let (store, card, product) = store();
    store
        .add_rates(card, [flat(product, 1, 1), flat(self::product(&store, ProductType::Fixed), 1, 2)])
        .unwrap();
    let first = store.rates(card, day(1), &[], &PageRequest::first(1)).unwrap();
    let next = PageRequest::after(first.next.unwrap(), 1);
    assert_eq!(store.rates(card, day(1), &[], &next).unwrap().items.len(), 1);
    assert_eq!(fault(store.rates(card, day(2), &[], &next)), Fault::CursorOfAnotherQuestion);
    assert_eq!(
        fault(store.rates(card, day(1), &[RateSelector::default()], &next)),
        Fault::CursorOfAnotherQuestion
    );
    assert_eq!(fault(store.rate_schedule(card, day(1), None, &[], &next)), Fault::CursorOfAnotherQuestion);
}

#[test]
fn rates_are_gone_with_a_forgotten_card_and_with_a_transaction_that_stops() {
    let (store, card, product) = store();
    store.add_rate(card, flat(product, 1, 1)).unwrap();
    let stopped = store.write(|tx| {
        tx.add_rate(card, flat(product, 1, 2))?;
        tx.add_rate(card, flat(product, 2, 3))?;
        assert_eq!(tx.rates(card, day(2), &[], &PageRequest::default())?.items.len(), 1);
        Err::<(), _>(Error::stop("no"))
    });
    assert!(stopped.is_err());
    assert_eq!(prices(&store, card, day(2)), ["1"]);
    store.forget(card).unwrap();
    store.adopt(card).unwrap();
    assert!(matches!(
        fault(store.rates(card, day(2), &[], &PageRequest::default())),
        Fault::NothingButAnId { .. }
    ));
}

/// By product and region, then by start: the end and the price.
type Model = BTreeMap<(usize, Option<usize>), BTreeMap<u32, (Option<u32>, i64)>>;

/// One rate of a program: its product, region, start and end.
fn program() -> impl Strategy<Value = Vec<(usize, Option<usize>, u32, Option<u32>)>> {
    let rate = (0..2_usize, prop::option::of(0..2_usize), 1..8_u32, prop::option::of(1..5_u32));
    prop::collection::vec(
        rate.prop_map(|(p, g, start, length)| (p, g, start, length.map(|n| start + n))),
        0..14,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rates_at_a_moment_and_schedules_are_those_of_the_plain_rule(program in program(), from in 1..12_u32, length in 1..6_u32) {
        let (store, card, _) = store();
        let products = [grouped(&store, &[]), grouped(&store, &[])];
        let regions = ["EU", "US"];
        let mut model = Model::new();
        for (price, (p, g, start, end)) in program.into_iter().enumerate() {
            let pricing_group_values = g.map(|g| groups(&[("region", regions[g])])).unwrap_or_default();
            let ending_before = end.map(day);
            let price = i64::try_from(price).unwrap();
            store.add_rate(card, AddRate { pricing_group_values, ending_before, ..flat(products[p], start, price) }).unwrap();
            model.entry((p, g)).or_default().insert(start, (end, price));
        }
        let expected = |from: u32, to: Option<u32>| {
            let mut expected = Vec::new();
            for series in model.values() {
                let starts: Vec<_> = series.keys().copied().chain([u32::MAX]).collect();
                for (n, (start, (end, price))) in series.iter().enumerate() {
                    let end = end.unwrap_or(u32::MAX).min(starts[n + 1]);
                    if from < end && to.is_none_or(|to| *start < to) {
                        expected.push((day(*start), (end < u32::MAX).then(|| day(end)), price.to_string()));
                    }
                }
            }
            expected
        };
        let read = |rates: Vec<RateSegment>| -> Vec<_> {
            rates.into_iter().map(|r| (r.starting_at, r.ending_before, r.rate.price.unwrap().to_string())).collect()
        };
        for limit in [1, 3, 50] {
            prop_assert_eq!(read(every(limit, |page| store.rates(card, day(from), &[], page))), expected(from, Some(from + 1)));
            let to = from + length;
            let between = read(every(limit, |page| store.rate_schedule(card, day(from), Some(day(to)), &[], page)));
            prop_assert_eq!(between, expected(from, Some(to)));
            prop_assert_eq!(read(every(limit, |page| store.rate_schedule(card, day(from), None, &[], page))), expected(from, None));
        }
    }
}

/// Adds 100 rates for each of so many products, 10,000 in a call.
fn fill(store: &Store, card: RateCardId, products: usize) -> Vec<ContractProductId> {
    let ids: Vec<_> = (0..products).map(|_| product(store, ProductType::Fixed)).collect();
    let start = time("2000-01-01T00:00:00Z");
    let hours = |n: u64| start.after(std::time::Duration::from_secs(3_600 * n));
    for ids in ids.chunks(100) {
        let rates =
            ids.iter().flat_map(|id| (0..100).map(|n| AddRate::new(*id, hours(n), Rate::flat(1.into()))));
        store.add_rates(card, rates).unwrap();
    }
    ids
}

/// Writes and bytes that it takes to fill a card.
fn written(fill: impl FnOnce(&Store, RateCardId)) -> (u64, u64) {
    let disk = Disk::default();
    let store = StoreOptions::new().durability(Durability::OnFlush).on_backend(disk.clone()).unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    fill(&store, card);
    store.close().unwrap();
    (disk.count(Access::Write), billfold::Backend::len(&disk).unwrap())
}

/// Ten times as much may take little more than ten times as many writes and bytes; a file grows in steps.
#[track_caller]
fn is_linear((writes, bytes): (u64, u64), (many_writes, many_bytes): (u64, u64)) {
    assert!(many_writes <= writes * 12, "{writes} writes, then {many_writes}");
    assert!(many_bytes <= bytes * 20, "{bytes} bytes, then {many_bytes}");
}

#[test]
fn adding_a_hundred_thousand_rates_writes_ten_times_what_ten_thousand_write() {
    let few = written(|store, card| drop(fill(store, card, 100)));
    let many = written(|store, card| drop(fill(store, card, 1_000)));
    is_linear(few, many);
}

#[test]
fn adding_rates_one_by_one_to_one_product_is_linear_too() {
    let one_by_one = |rates: u64| {
        written(|store, card| {
            let product = product(store, ProductType::Fixed);
            let start = |n: u64| Time::UNIX_EPOCH.after(std::time::Duration::from_secs(3_600 * n));
            for n in 0..rates {
                store.add_rate(card, AddRate::new(product, start(n), Rate::flat(1.into()))).unwrap();
            }
        })
    };
    is_linear(one_by_one(100), one_by_one(1_000));
}

#[test]
fn a_problem_says_what_is_wrong() {
    let (store, card, product) = store();
    match fault(store.add_rate(card, flat(product, 1, -1))) {
        Fault::Field { field, problem: FieldProblem::Value { value, rule } } => {
            assert_eq!((field.as_str(), value.as_str(), rule), ("price", "-1", "it has to be 0 or more"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_fault_of_a_question_is_named_at_once() {
    let store = Store::in_memory().unwrap();
    let card = RateCardId::from(uuid::Uuid::from_u128(9));
    let selectors = vec![RateSelector::default(); 101];
    let (from, to) = (Time::UNIX_EPOCH, Some(Time::UNIX_EPOCH));
    let refused = store.rate_schedule(card, from, to, &selectors, &PageRequest::first(0)).unwrap_err();
    let kinds: Vec<_> = refused
        .faults()
        .iter()
        .map(|fault| match fault {
            Fault::Field { field, .. } => field.clone(),
            Fault::InstanceNotFound { .. } => "card".to_owned(),
            Fault::PageLimit { .. } => "limit".to_owned(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(kinds, ["ending_before", "selectors", "card", "limit"]);
}
