//! What a unit costs on a contract: the card's rate, and what overrides make of it.

use std::collections::BTreeMap;

use billfold::ContractRateSegment;
use billfold::prelude::*;

use crate::support::catalog::{at, cpu_hours, of_type, usage};
use crate::support::provisioned::{Provisioned, day, five_percent_off, number, provisioned};
use crate::support::{every, fault};

fn groups(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn times(multiplier: &str) -> OverrideTerms {
    OverrideTerms {
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some(number(multiplier)),
        ..OverrideTerms::new(day("01-01"))
    }
}

fn overwrite(product: ContractProductId, price: i64) -> OverrideTerms {
    OverrideTerms {
        override_type: Some(OverrideType::Overwrite),
        overwrite_rate: Some(OverwriteRate { rate: Rate::flat(price.into()), credit_type_id: None }),
        product_id: Some(product),
        ..OverrideTerms::new(day("01-01"))
    }
}

fn specified(terms: OverrideTerms, specifier: OverrideSpecifier) -> OverrideTerms {
    OverrideTerms { override_specifiers: vec![specifier], ..terms }
}

/// Adds overrides one by one; their ids.
fn add(here: &Provisioned, overrides: impl IntoIterator<Item = OverrideTerms>) -> Vec<OverrideId> {
    let one = |terms| {
        here.edit(EditContract { add_overrides: vec![terms], ..Default::default() }).unwrap();
        here.edits().last().unwrap().added.overrides[0].id
    };
    overrides.into_iter().map(one).collect()
}

fn remove(here: &Provisioned, id: OverrideId) {
    here.update(PartUpdates { remove_overrides: vec![id], ..Default::default() }).unwrap();
}

fn asked(here: &Provisioned, question: &RateQuestion, moment: Time) -> ContractRate {
    here.store.rate(here.contract, question, moment).unwrap().expect("a rate is in force")
}

/// What a unit of a product without groups costs on 1 February.
fn price(here: &Provisioned, product: ContractProductId) -> Amount {
    asked(here, &RateQuestion::new(product), day("02-01")).in_force().price.unwrap()
}

/// A product priced by region: 10 in the US and 20 in the EU.
fn by_region(here: &Provisioned) -> ContractProductId {
    let keys = vec!["region".to_owned()];
    let request = CreateProduct {
        pricing_group_key: keys,
        presentation_group_key: vec!["machine_type".into()],
        tags: vec!["cloud".into(), "gpu".into()],
        ..usage(cpu_hours(&here.store))
    };
    let product = here.store.create_product(request).unwrap();
    let rate = |region: &str, price: i64| AddRate {
        pricing_group_values: groups(&[("region", region)]),
        ..AddRate::new(product, day("01-01"), Rate::flat(price.into()))
    };
    here.store.add_rates(here.card, [rate("US", 10), rate("EU", 20)]).unwrap();
    product
}

fn in_region(product: ContractProductId, region: &str) -> RateQuestion {
    RateQuestion { pricing_group_values: groups(&[("region", region)]), ..RateQuestion::new(product) }
}

#[test]
fn overwrites_go_first_and_of_several_the_last_then_the_lowest_multiplier() {
    let here = provisioned();
    assert_eq!(price(&here, here.usage), 100.into());
    let ids = add(
        &here,
        [times("0.9"), times("0.5"), times("0.7"), overwrite(here.usage, 77), overwrite(here.usage, 88)],
    );
    assert_eq!(price(&here, here.usage), 88.into());
    let rate = asked(&here, &RateQuestion::new(here.usage), day("02-01"));
    assert_eq!(rate.override_rate.as_ref().unwrap().override_id, ids[4]);
    assert_eq!(rate.list_rate.price, Some(100.into()), "the card's rate is told as it is");
    // One by one what won is taken away, and the next wins: they never stack.
    for (gone, then) in [(4, 77), (3, 50), (1, 70), (2, 90), (0, 100)] {
        remove(&here, ids[gone]);
        assert_eq!(price(&here, here.usage), then.into(), "without {gone}");
    }
    assert_eq!(asked(&here, &RateQuestion::new(here.usage), day("02-01")).override_rate, None);
}

#[test]
fn explicit_priorities_go_by_their_numbers_and_by_what_was_added_last() {
    let mut here = provisioned();
    let request = CreateContract {
        rate_card: Some(CardChoice::Id(here.card)),
        multiplier_override_prioritization: Some(OverridePrioritization::Explicit),
        ..CreateContract::new(here.customer, day("01-01"))
    };
    here.contract = here.store.create_contract(request).unwrap();
    let at_priority = |multiplier: &str, priority: i64| OverrideTerms {
        priority: Some(priority.into()),
        ..times(multiplier)
    };
    let ids = add(&here, [at_priority("0.5", 2), at_priority("0.9", 1), at_priority("0.8", 1)]);
    assert_eq!(price(&here, here.usage), 80.into());
    remove(&here, ids[2]);
    assert_eq!(price(&here, here.usage), 90.into());
    let tiers = vec![
        OverrideTier { size: Some(10.into()), multiplier: number("0.5") },
        OverrideTier { size: None, multiplier: number("0.25") },
    ];
    let tiered = OverrideTerms {
        override_type: Some(OverrideType::Tiered),
        multiplier: None,
        tiers,
        ..at_priority("1", 1)
    };
    add(&here, [tiered]);
    let rate = asked(&here, &RateQuestion::new(here.usage), day("02-01"));
    let tiers = &rate.in_force().tiers;
    let tiers: Vec<_> = tiers.iter().map(|tier| (tier.size, tier.price)).collect();
    assert_eq!(tiers, [(Some(10.into()), 50.into()), (None, 25.into())]);
}

#[test]
fn an_override_is_for_its_product_its_tags_and_its_window() {
    let here = provisioned();
    let grouped = by_region(&here);
    let prices = || {
        let grouped = asked(&here, &in_region(grouped, "EU"), day("02-01"));
        (price(&here, here.usage), grouped.in_force().price.unwrap())
    };
    let alone = |terms: OverrideTerms| {
        let [id] = add(&here, [terms])[..] else { panic!("one") };
        let prices = prices();
        remove(&here, id);
        prices
    };
    let half = || times("0.5");
    assert_eq!(alone(half()), (50.into(), 10.into()), "for all");
    assert_eq!(alone(OverrideTerms { product_id: Some(grouped), ..half() }), (100.into(), 10.into()));
    // Any of the tags here, all of the tags in a specifier.
    let any = OverrideTerms { applicable_product_tags: vec!["cloud".into(), "gpu".into()], ..half() };
    assert_eq!(alone(any), (50.into(), 10.into()));
    let all = OverrideSpecifier { product_tags: vec!["cloud".into(), "gpu".into()], ..Default::default() };
    assert_eq!(alone(specified(half(), all)), (100.into(), 10.into()));
    let but = OverrideSpecifier {
        product_tags: vec!["cloud".into()],
        exclude: vec![vec!["gpu".into()]],
        ..Default::default()
    };
    assert_eq!(alone(specified(half(), but)), (50.into(), 20.into()));
    assert_eq!(alone(five_percent_off("other")), (100.into(), 20.into()));
    let until = |end: &str| OverrideTerms { ending_before: Some(day(end)), ..half() };
    assert_eq!(alone(until("02-01")), (100.into(), 20.into()), "the end is no part of it");
    assert_eq!(alone(until("02-02")), (50.into(), 10.into()));
    let later = OverrideTerms { starting_at: day("02-02"), ..half() };
    assert_eq!(alone(later), (100.into(), 20.into()));
    assert_eq!(alone(OverrideTerms { starting_at: day("02-01"), ..half() }), (50.into(), 10.into()));
}

#[test]
fn specifiers_pick_out_groups_and_a_product_of_its_own_billing_frequency() {
    let here = provisioned();
    let grouped = by_region(&here);
    let in_eu = OverrideSpecifier { pricing_group_values: groups(&[("region", "EU")]), ..Default::default() };
    let large = OverrideSpecifier {
        product_id: Some(grouped),
        presentation_group_values: groups(&[("machine_type", "large")]),
        ..Default::default()
    };
    add(&here, [specified(times("0.5"), in_eu), specified(times("0.25"), large)]);
    let rate = |question: &RateQuestion| asked(&here, question, day("02-01")).in_force().price.unwrap();
    assert_eq!(rate(&in_region(grouped, "EU")), 10.into());
    assert_eq!(rate(&in_region(grouped, "US")), 10.into(), "the card's");
    let shown_by = |region, machine| RateQuestion {
        presentation_group_values: groups(&[("machine_type", machine)]),
        ..in_region(grouped, region)
    };
    assert_eq!(rate(&shown_by("EU", "large")), 5.into());
    assert_eq!(rate(&shown_by("US", "large")), number("2.5"));
    assert_eq!(rate(&shown_by("US", "small")), 10.into());
    let nowhere = here.store.rate(here.contract, &in_region(grouped, "APAC"), day("02-01")).unwrap();
    assert_eq!(nowhere, None, "the card has no rate for it");

    let monthly =
        OverrideSpecifier { billing_frequency: Some(BillingFrequency::Monthly), ..Default::default() };
    add(&here, [specified(times("0.1"), monthly)]);
    let seats =
        RateQuestion { billing_frequency: Some(BillingFrequency::Monthly), ..RateQuestion::new(here.seats) };
    assert_eq!((rate(&seats), price(&here, here.usage)), (100.into(), 100.into()));
}

#[test]
fn overrides_for_what_a_commit_pays_count_where_that_commit_pays() {
    let here = provisioned();
    let second = AddRate {
        commit_rate: Some(CommitRate { price: Some(60.into()), ..Default::default() }),
        ..AddRate::new(here.usage, day("01-15"), Rate::flat(100.into()))
    };
    here.store.add_rate(here.card, second).unwrap();
    let two = vec![here.commit(), here.commit()];
    here.edit(EditContract { add_commits: two, ..Default::default() }).unwrap();
    let [first, other] = [0, 1].map(|n| here.now().commits[n].id);
    let specific = |multiplier: &str| OverrideTerms { is_commit_specific: true, ..times(multiplier) };
    let of_first = OverrideSpecifier {
        product_id: Some(here.usage),
        commit_ids: vec![first.to_string()],
        ..Default::default()
    };
    let on_commit_rate = OverrideTerms { target: Some(RateChoice::CommitRate), ..specific("0.1") };
    add(&here, [times("0.2"), specified(specific("0.5"), of_first), on_commit_rate]);
    let paid_by = |id: Option<CommitId>| {
        let paid_by = id.map(|id| PayingBalance::Commit { id, given_by: None });
        let question = RateQuestion { paid_by, ..RateQuestion::new(here.usage) };
        let rate = asked(&here, &question, day("02-01"));
        (rate.in_force().price.unwrap(), rate.commit_rate.unwrap().price.unwrap())
    };
    assert_eq!(paid_by(None), (20.into(), 60.into()));
    assert_eq!(paid_by(Some(first)), (50.into(), 6.into()), "its own goes before a lower one for all");
    assert_eq!(paid_by(Some(other)), (20.into(), 6.into()));
}

#[test]
fn the_last_override_that_says_so_entitles_and_else_the_card() {
    let here = provisioned();
    let hidden = here.store.create_product(of_type(ProductType::Fixed)).unwrap();
    let rate = AddRate { entitled: false, ..AddRate::new(hidden, day("01-01"), Rate::flat(5.into())) };
    here.store.add_rate(here.card, rate).unwrap();
    let entitled = |product| asked(&here, &RateQuestion::new(product), day("02-01")).entitled;
    let listed = || -> Vec<ContractProductId> {
        let found =
            every(100, |page| here.store.contract_rate_schedule(here.contract, day("02-01"), &[], page));
        found.iter().map(|one| one.product_id).collect()
    };
    assert_eq!((entitled(here.usage), entitled(hidden)), (true, false));
    assert_eq!(listed(), [here.usage, here.seats]);
    let says = |entitled| OverrideTerms { entitled: Some(entitled), ..OverrideTerms::new(day("01-01")) };
    add(&here, [OverrideTerms { product_id: Some(hidden), ..says(true) }]);
    assert!(entitled(hidden));
    assert_eq!(listed(), [here.usage, here.seats, hidden]);
    let ids = add(&here, [says(false)]);
    assert!(listed().is_empty(), "the last one is for all");
    let rate = asked(&here, &RateQuestion::new(here.usage), day("02-01"));
    assert!(!rate.entitled && rate.override_rate.is_none(), "it has a price all the same");
    remove(&here, ids[0]);
    assert_eq!(listed().len(), 3);
}

#[test]
fn tags_count_as_they_are_at_the_moment_that_is_asked_about() {
    let here = provisioned();
    let retag = |tags: &[&str], start| {
        let tags = Some(tags.iter().map(|tag| (*tag).to_owned()).collect());
        let changes = ProductChanges { tags, ..Default::default() };
        here.store.update_product(here.usage, start, changes).unwrap();
    };
    retag(&["other"], day("03-01"));
    retag(&["cloud"], day("05-01"));
    let ids = add(&here, [five_percent_off("cloud")]);
    let question = RateQuestion::new(here.usage);
    let rate = |moment| asked(&here, &question, moment).in_force().price.unwrap();
    let prices = ["02-28", "03-01", "04-30", "05-01"].map(|date| rate(day(date)));
    assert_eq!(prices, [95, 100, 100, 95].map(Amount::from));
    // The segments of the schedule end where the tags change.
    let at = |moment: Time| -> ContractRateSegment {
        let selectors = [RateSelector { product_id: Some(here.usage), ..Default::default() }];
        let page = PageRequest::default();
        let found = here.store.contract_rate_schedule(here.contract, moment, &selectors, &page).unwrap();
        found.items.into_iter().next().expect("one")
    };
    let segment = at(day("02-01"));
    assert_eq!((segment.starting_at, segment.ending_before), (day("01-01"), Some(day("03-01"))));
    assert_eq!(segment.rate.override_rate.unwrap().override_id, ids[0]);
    let segment = at(day("04-01"));
    assert_eq!((segment.starting_at, segment.ending_before), (day("03-01"), Some(day("05-01"))));
    assert_eq!((segment.rate.override_rate, segment.product_tags), (None, vec!["other".to_owned()]));
}

#[test]
fn a_schedules_segments_are_cut_by_the_contract_the_card_and_the_overrides() {
    let here = provisioned();
    here.store.add_rate(here.card, AddRate::new(here.usage, day("10-01"), Rate::flat(7.into()))).unwrap();
    let window = |multiplier: &str, from: &str, to: &str| OverrideTerms {
        starting_at: day(from),
        ending_before: Some(day(to)),
        ..times(multiplier)
    };
    add(&here, [window("0.5", "03-01", "06-01"), window("0.1", "04-01", "05-01")]);
    let selectors = [RateSelector { product_id: Some(here.usage), ..Default::default() }];
    // Walking from segment to segment tells the whole year.
    let mut told = Vec::new();
    let mut next = Some(day("01-01"));
    while let Some(moment) = next {
        let page = PageRequest::default();
        let found = here.store.contract_rate_schedule(here.contract, moment, &selectors, &page).unwrap();
        next = found.items.iter().find_map(|segment| {
            assert_eq!(segment.starting_at, moment);
            told.push((segment.starting_at, segment.rate.in_force().price.unwrap()));
            segment.ending_before
        });
    }
    let expected =
        [("01-01", 100), ("03-01", 50), ("04-01", 10), ("05-01", 50), ("06-01", 100), ("10-01", 7)];
    assert_eq!(told, expected.map(|(start, price)| (day(start), price.into())));
    let question = RateQuestion::new(here.usage);
    for outside in [at("2024-12-31T23:59:59Z"), at("2026-01-01T00:00:00Z")] {
        assert_eq!(here.store.rate(here.contract, &question, outside).unwrap(), None);
    }
}

#[test]
fn a_schedule_is_read_page_by_page_with_a_cursor_of_its_own_contract_moment_and_selectors() {
    let here = provisioned();
    let grouped = by_region(&here);
    let store = &here.store;
    let all = PageRequest::first(1);
    let moment = day("02-01");
    let read = every(1, |page| store.contract_rate_schedule(here.contract, moment, &[], page));
    let found: Vec<_> = read.iter().map(|one| (one.product_id, one.rate.list_rate.price.unwrap())).collect();
    let expected = [(here.usage, 100), (here.seats, 1_000), (grouped, 20), (grouped, 10)];
    assert_eq!(found, expected.map(|(product, price)| (product, price.into())));
    assert!(read.iter().all(|one| one.rate.override_rate.is_none()));

    let other = CreateContract {
        rate_card: Some(CardChoice::Id(here.card)),
        ..CreateContract::new(here.customer, day("01-01"))
    };
    let other = store.create_contract(other).unwrap();
    let bare = store.create_contract(CreateContract::new(here.customer, day("01-01"))).unwrap();
    let next = store.contract_rate_schedule(here.contract, moment, &[], &all).unwrap().next.unwrap();
    let after = PageRequest::after(next, 1);
    let selector = RateSelector { product_tags: vec!["cloud".into()], ..Default::default() };
    for refused in [
        store.contract_rate_schedule(other, moment, &[], &after),
        store.contract_rate_schedule(here.contract, day("02-02"), &[], &after),
        store.contract_rate_schedule(here.contract, moment, std::slice::from_ref(&selector), &after),
    ] {
        assert_eq!(fault(refused), Fault::CursorOfAnotherQuestion);
    }
    let in_eu = RateSelector {
        partial_pricing_group_values: Some(groups(&[("region", "EU")])),
        ..Default::default()
    };
    let count = |contract, selectors: &[RateSelector]| {
        let page = PageRequest::default();
        store.contract_rate_schedule(contract, moment, selectors, &page).unwrap().items.len()
    };
    assert_eq!(count(other, std::slice::from_ref(&selector)), 3);
    assert_eq!(count(other, std::slice::from_ref(&in_eu)), 1);
    assert_eq!(count(other, &[in_eu, selector]), 3);
    assert_eq!(count(bare, &[]), 0, "a contract without a card has no rates");
    assert_eq!(store.rate(bare, &RateQuestion::new(here.usage), moment).unwrap(), None);
}
