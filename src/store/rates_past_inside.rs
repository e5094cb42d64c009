//! What a rate was as of a moment: asked in here, because invoices alone are told it.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::counting_inside::Counting;
use super::{
    SetClock, Store, StoreOptions, Writing as _, WritingContracts as _, WritingRecords as _,
    contract_answers, rates,
};
use crate::entity::{ContractId, ContractProductId, RateCardId};
use crate::model::change::Collection;
use crate::model::contract::{CardChoice, CreateContract};
use crate::model::contract_rate::{ContractRate, RateQuestion};
use crate::model::customer::CreateCustomer;
use crate::model::price_override::{OverrideTerms, OverrideType};
use crate::model::product::{CreateProduct, ProductChanges, ProductType};
use crate::model::rate::{AddRate, Rate, RateSegment};
use crate::model::rate_card::CreateRateCard;
use crate::model::scalar::Time;
use crate::storage::tables::TableId;
use crate::storage::view::Reader as _;

fn hour(n: u64) -> Time {
    second(3_600 * n)
}

fn second(n: u64) -> Time {
    Time::UNIX_EPOCH.after(Duration::from_secs(n))
}

/// A store whose clock stands at second 10, with a product and a card without rates.
struct Stage {
    store: Store,
    clock: SetClock,
    card: RateCardId,
    product: ContractProductId,
}

fn stage(journal: bool) -> Stage {
    let clock = SetClock::default();
    clock.set(second(10));
    let store = StoreOptions::new().clock_from(&clock).keep_journal(journal).in_memory().unwrap();
    let product = CreateProduct { name: "Seats".into(), ..CreateProduct::default() };
    let product = CreateProduct { product_type: ProductType::Fixed, ..product };
    let product = store.create_product(product).unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    Stage { store, clock, card, product }
}

impl Stage {
    /// Adds a rate at that second.
    fn add(&self, at: u64, start: u64, end: Option<u64>, price: i64) {
        self.clock.set(second(at));
        let rate = AddRate::new(self.product, hour(start), Rate::flat(price.into()));
        self.store.add_rate(self.card, AddRate { ending_before: end.map(hour), ..rate }).unwrap();
    }

    fn segment(&self, moment: Time, as_of: Option<Time>) -> Option<RateSegment> {
        let view = self.store.view().unwrap();
        rates::one(&*view, self.card, self.product, &BTreeMap::new(), None, moment, as_of).unwrap()
    }

    /// The price in force in that hour, as of that second.
    fn price(&self, moment: u64, as_of: Option<u64>) -> Option<i64> {
        let segment = self.segment(hour(moment), as_of.map(second))?;
        segment.rate.price.unwrap().to_string().parse().ok()
    }

    /// How many replaced rates are kept.
    fn replaced(&self) -> u64 {
        self.store.view().unwrap().len(TableId::Parts(Collection::PastRates)).unwrap()
    }
}

#[test]
fn a_rate_that_was_replaced_counts_as_of_every_moment_up_to_when_it_was() {
    let stage = stage(true);
    stage.add(20, 0, None, 1);
    stage.add(30, 0, None, 2);
    assert_eq!(stage.price(5, Some(20)), None, "what is recorded at a moment does not count as of it");
    assert_eq!(stage.price(5, Some(21)), Some(1));
    assert_eq!(stage.price(5, Some(30)), Some(1));
    assert_eq!(stage.price(5, Some(31)), Some(2));
    assert_eq!(stage.price(5, None), Some(2));
}

#[test]
fn a_rate_that_starts_later_takes_over_as_of_moments_after_it_was_added_alone() {
    let stage = stage(true);
    stage.add(20, 0, None, 1);
    stage.add(30, 4, Some(6), 2);
    assert_eq!(stage.segment(hour(3), Some(second(30))).unwrap().ending_before, None);
    assert_eq!(stage.segment(hour(3), Some(second(31))).unwrap().ending_before, Some(hour(4)));
    assert_eq!([30, 31].map(|as_of| stage.price(5, Some(as_of))), [Some(1), Some(2)]);
    assert_eq!([30, 31].map(|as_of| stage.price(6, Some(as_of))), [Some(1), None]);
}

#[test]
fn a_rate_that_is_added_again_as_it_is_keeps_the_moment_it_was_added_first() {
    let stage = stage(true);
    stage.add(20, 0, None, 1);
    let revision = || super::Reading::revision(&stage.store, stage.card).unwrap();
    let before = revision();
    stage.add(30, 0, None, 1);
    assert_eq!((revision(), stage.replaced()), (before, 0));
    assert_eq!(stage.price(5, Some(21)), Some(1));
}

#[test]
fn of_rates_that_replace_each_other_at_one_moment_the_last_counts_and_none_between() {
    let stage = stage(true);
    stage.add(20, 0, None, 1);
    for price in [2, 3, 1, 4] {
        stage.add(30, 0, None, price);
    }
    assert_eq!(stage.replaced(), 1);
    assert_eq!([20, 21, 30, 31].map(|as_of| stage.price(5, Some(as_of))), [None, Some(1), Some(1), Some(4)]);
}

#[test]
fn a_clock_that_went_back_between_two_openings_leaves_the_rates_in_the_order_they_were_added() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(false);
    let open = |clock: &SetClock| {
        StoreOptions::new().clock_from(clock).keep_journal(false).open(folder.path().join("store")).unwrap()
    };
    stage.store = open(&stage.clock);
    let product = CreateProduct { product_type: ProductType::Fixed, ..Default::default() };
    stage.product = stage.store.create_product(product).unwrap();
    stage.card = stage.store.create_rate_card(CreateRateCard::default()).unwrap();
    stage.add(20, 0, None, 1);
    stage.add(30, 0, None, 2);
    stage.store.clone().close().unwrap();
    stage.store = open(&stage.clock);
    stage.add(25, 0, None, 3);
    assert_eq!([21, 30, 31].map(|as_of| stage.price(5, Some(as_of))), [Some(1), Some(1), Some(3)]);
}

#[test]
fn rates_as_they_are_are_read_without_those_they_replaced() {
    let (few, many) = (stage(true), stage(true));
    few.add(20, 0, None, 1);
    few.add(21, 7, None, 1);
    for n in 0..1_000 {
        many.add(20 + n, 0, None, n as i64);
        many.add(20 + n, 7, None, n as i64);
    }
    assert_eq!(many.replaced(), 2 * 999);
    let rows = |stage: &Stage| {
        let view = stage.store.view().unwrap();
        let reader = Counting::of(&view);
        let groups = BTreeMap::new();
        rates::one(&reader, stage.card, stage.product, &groups, None, hour(1), None).unwrap().unwrap();
        let one = reader.rows();
        let page = crate::model::page::PageRequest::default();
        rates::schedule(&reader, stage.card, hour(0), None, &[], &page).unwrap();
        (one, reader.rows() - one)
    };
    assert_eq!(rows(&many), rows(&few));
    assert_eq!(many.price(1, Some(520)), Some(499));
}

#[test]
fn a_card_that_is_forgotten_leaves_no_replaced_rate() {
    let stage = stage(true);
    stage.add(20, 0, None, 1);
    stage.add(30, 0, None, 2);
    assert_eq!(stage.replaced(), 1);
    stage.store.forget(stage.card).unwrap();
    assert_eq!(stage.replaced(), 0);
}

/// What a contract with the stage's card pays, as of that second.
fn paid(stage: &Stage, contract: ContractId, as_of: Option<u64>) -> ContractRate {
    let view = stage.store.view().unwrap();
    let question = RateQuestion::new(stage.product);
    contract_answers::price_as_of(&*view, contract, &question, hour(5), as_of.map(second)).unwrap().unwrap()
}

#[test]
fn a_contracts_price_as_of_a_moment_has_the_rate_of_then_under_the_override_of_now() {
    let stage = stage(true);
    stage.add(20, 0, None, 100);
    let customer = stage.store.create_customer(CreateCustomer::default()).unwrap();
    let contract = CreateContract {
        rate_card: Some(CardChoice::Id(stage.card)),
        overrides: vec![OverrideTerms {
            override_type: Some(OverrideType::Multiplier),
            multiplier: Some("0.5".parse().unwrap()),
            ..OverrideTerms::new(hour(0))
        }],
        ..CreateContract::new(customer, hour(0))
    };
    let contract = stage.store.create_contract(contract).unwrap();
    stage.add(30, 0, None, 300);
    let price = |as_of| paid(&stage, contract, as_of).override_rate.unwrap().rate.price;
    assert_eq!(price(Some(30)), Some(50.into()));
    assert_eq!(price(Some(31)), Some(150.into()));
    assert_eq!(price(None), Some(150.into()));
}

#[test]
fn a_product_is_called_as_the_updates_before_a_moment_had_it() {
    let stage = stage(true);
    stage.add(20, 0, None, 1);
    for (at, name) in [(30, "Users"), (30, "Persons"), (40, "People")] {
        stage.clock.set(second(at));
        let changes = ProductChanges { name: Some(name.into()), ..Default::default() };
        stage.store.update_product(stage.product, hour(2), changes).unwrap();
    }
    let name =
        |moment, as_of: Option<u64>| stage.segment(hour(moment), as_of.map(second)).unwrap().product_name;
    assert_eq!([30, 31, 40, 41].map(|as_of| name(2, Some(as_of))), ["Seats", "Persons", "Persons", "People"]);
    assert_eq!(name(2, None), "People");
    assert_eq!(name(1, Some(41)), "Seats", "it starts later");
}

/// A rate: seconds after the one before, start and hours until its end, price.
type Adding = (u64, u64, Option<u64>, i64);

/// What the rates that were added by then say of an hour: price and end.
fn told(added: &[(u64, Adding)], moment: u64, as_of: Option<u64>) -> Option<(i64, Option<u64>)> {
    let by_then = added.iter().filter(|(at, _)| as_of.is_none_or(|as_of| *at < as_of));
    let by_start: BTreeMap<_, _> =
        by_then.map(|(_, (_, start, hours, price))| (*start, (*hours, *price))).collect();
    let (start, (hours, price)) = by_start.range(..=moment).next_back()?;
    let next = by_start.range(moment + 1..).next().map(|(start, _)| *start);
    let end = hours.map(|hours| start + hours).into_iter().chain(next).min();
    end.is_none_or(|end| moment < end).then_some((*price, end))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn as_of_every_moment_the_rates_that_had_been_added_by_then_tell_the_price(
        adding in prop::collection::vec((0_u64..3, 0_u64..4, prop::option::of(1_u64..4), 0_i64..3), 1..12),
        journal in any::<bool>(),
    ) {
        let stage = stage(journal);
        let (mut added, mut now) = (Vec::new(), 10);
        for rate in adding {
            let (seconds, start, hours, price) = rate;
            now += seconds;
            stage.add(now, start, hours.map(|hours| start + hours), price);
            added.push((now, rate));
        }
        for as_of in (10..now + 2).map(Some).chain([None]) {
            for moment in 0..7 {
                let found = stage.segment(hour(moment), as_of.map(second));
                let found = found.map(|found| (found.rate.price.unwrap(), found.ending_before));
                let told = told(&added, moment, as_of).map(|(price, end)| (price.into(), end.map(hour)));
                prop_assert_eq!(found, told, "hour {} as of {:?}", moment, as_of);
            }
        }
    }
}
