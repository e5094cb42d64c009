//! Rates of cards: what programs add, what that does to the model, and which are in force.

use std::collections::{BTreeMap, BTreeSet};

use billfold::FieldProblem;
use billfold::prelude::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::compare::same;
use super::metrics::PROPERTIES;
use super::operation::{Answer, MISSING, NOT_ALLOWED, Op, Refusal, at, not_a_value};
use super::products::{moments, products};
use super::program::mostly;
use super::rate_cards::{UNIT, cards};
use super::state::Model;
use crate::support::catalog::strings;
use crate::support::every;

/// What a rate is the price of: product, pricing group values and billing frequency.
pub type Series = (ContractProductId, BTreeMap<String, String>, Option<BillingFrequency>);

fn series(rate: &AddRate) -> Series {
    (rate.product_id, rate.pricing_group_values.clone(), rate.billing_frequency)
}

fn price() -> impl Strategy<Value = Rate> {
    let tier = |size: Option<i64>| Tier { size: size.map(Amount::from), price: 1.into() };
    let share = |share: &str| Rate::percentage(share.parse().unwrap());
    prop_oneof![
        12 => (0..4_i64).prop_map(|price| Rate::flat(price.into())),
        4 => Just(share("0.5")),
        4 => Just(Rate::tiered([tier(Some(10)), tier(None)])),
        1 => Just(Rate::flat((-1).into())),
        1 => Just(share("1.5")),
        1 => Just(Rate::tiered([])),
        1 => Just(Rate { price: None, ..Rate::default() }),
    ]
}

fn groups() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = prop_oneof![8 => Just(PROPERTIES[0]), 1 => Just(PROPERTIES[1])].prop_map(str::to_owned);
    let value = select(&["EU", "EU\0"]).prop_map(str::to_owned);
    prop_oneof![1 => Just(BTreeMap::new()), 2 => btree_map(name, value, 0..=2)]
}

fn frequency() -> impl Strategy<Value = Option<BillingFrequency>> {
    let frequency = select(&[BillingFrequency::Monthly, BillingFrequency::Annual]);
    prop_oneof![2 => Just(None), 1 => frequency.prop_map(Some)]
}

fn rate() -> BoxedStrategy<AddRate> {
    let product = mostly(products().skip(2).take(3), products());
    let moment = || select(moments().to_vec());
    let unit = prop_oneof![10 => Just(None), 2 => Just(Some(UNIT)), 1 => Just(Some(CreditType::USD_CENTS))];
    (product, groups(), frequency(), moment(), option::weighted(0.2, moment()), price(), unit, any::<bool>())
        .prop_map(|(product, groups, frequency, start, end, price, credit_type_id, entitled)| {
            // The product that programs begin with and that has a frequency is the second one they make.
            let is_subscription = products().nth(3) == Some(product);
            let groups = if products().nth(4) == Some(product) { BTreeMap::new() } else { groups };
            AddRate {
                pricing_group_values: if is_subscription { BTreeMap::new() } else { groups },
                billing_frequency: match frequency {
                    None if is_subscription && entitled => Some(BillingFrequency::Monthly),
                    other => other
                        .filter(|often| is_subscription || *often == BillingFrequency::Annual && !entitled),
                },
                ending_before: end,
                entitled,
                credit_type_id,
                ..AddRate::new(product, start, price)
            }
        })
        .boxed()
}

/// The rates that programs begin with, of the first card: of usage in the EU, and of the subscription.
pub fn first_rates() -> [(RateCardId, AddRate); 2] {
    let rate = |nth, price: i64| {
        let product = products().nth(nth).unwrap();
        (cards().next().unwrap(), AddRate::new(product, moments()[0], Rate::flat(price.into())))
    };
    let [(card, usage), (_, subscription)] = [rate(2, 2), rate(3, 3)];
    let pricing_group_values = [(PROPERTIES[0].to_owned(), "EU".to_owned())].into();
    let billing_frequency = Some(BillingFrequency::Monthly);
    [
        (card, AddRate { pricing_group_values, entitled: true, ..usage }),
        (card, AddRate { billing_frequency, ..subscription }),
    ]
}

/// One rate, or several for one card.
pub fn one_or_more_rates(id: RateCardId) -> BoxedStrategy<Op> {
    prop_oneof![
        2 => rate().prop_map(move |rate| Op::AddRate(id, rate)),
        1 => vec(rate(), 0..4).prop_map(move |rates| Op::AddRates(id, rates)),
        // The same price from several moments on, so that most are there to be replaced and cut off.
        2 => (rate(), 0..4_usize).prop_map(move |(rate, first)| {
            let starts = moments().into_iter().skip(first).take(2);
            let from = |starting_at| AddRate { starting_at, ending_before: None, ..rate.clone() };
            Op::AddRates(id, starts.map(from).collect())
        }),
    ]
    .boxed()
}

fn wrong_price(front: &str, rate: &Rate) -> Option<Fault> {
    let price = format!("{front}price");
    match (rate.rate_type, rate.price) {
        (RateType::Tiered, _) => rate.tiers.is_empty().then(|| at(format!("{front}tiers"), MISSING)),
        (_, None) => Some(at(price, MISSING)),
        (RateType::Percentage, Some(share)) => (share > 1.into()).then(|| at(price, not_a_value(&share))),
        (_, Some(amount)) => (amount < Amount::ZERO).then(|| at(price, not_a_value(&amount))),
    }
}

/// What a rate is priced in; a share is in nothing.
fn unit(rate: &AddRate) -> Option<CreditTypeId> {
    let unit = rate.credit_type_id.unwrap_or(CreditType::USD_CENTS);
    (rate.rate.rate_type != RateType::Percentage).then_some(unit)
}

impl Model {
    /// Adds rates; `front` is what stands in front of the fields of the one at that place.
    pub fn add_rates(
        &mut self,
        id: RateCardId,
        rates: &[AddRate],
        front: impl Fn(usize) -> String,
    ) -> Refusal<Answer> {
        let archived = Fault::ReferenceArchived { field: "rate_card_id".to_owned(), target: id.into() };
        // What a card prices in is not asked where there is no card; all else is.
        let (known, before, mut faults) = match self.card(id) {
            Ok((held, card)) => (true, card.clone(), held.archived.then_some(archived).into_iter().collect()),
            Err(nothing) => (false, super::rate_cards::Card::default(), nothing),
        };
        let mut after = before.clone();
        let mut units: BTreeMap<ContractProductId, CreditTypeId> = BTreeMap::new();
        units.extend(before.rates.values().filter_map(|rate| Some((rate.product_id, unit(rate)?))));
        let mut named = BTreeSet::new();
        for (place, rate) in rates.iter().enumerate() {
            let front = front(place);
            faults.extend(wrong_price(&front, &rate.rate));
            let end = rate.ending_before.filter(|end| *end <= rate.starting_at);
            faults.extend(end.map(|end| at(format!("{front}ending_before"), not_a_value(&end))));
            faults.extend(self.wrong_product(&front, rate));
            if let Some(unit) = unit(rate).filter(|_| known) {
                let converted = unit == CreditType::USD_CENTS || !before.conversions.is_empty();
                if !converted || *units.entry(rate.product_id).or_insert(unit) != unit {
                    faults.push(at(format!("{front}credit_type_id"), not_a_value(&unit)));
                }
            }
            let key = (series(rate), rate.starting_at);
            if !named.insert(key.clone()) {
                let item = "a rate for this product, groups, frequency and start".to_owned();
                faults.push(at(format!("rates[{place}]"), FieldProblem::Repeated { item }));
            }
            let credit_type_id = unit(rate).or(rate.credit_type_id);
            after.rates.insert(key, AddRate { credit_type_id, ..rate.clone() });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        if after != before {
            self.touch(id.into(), |held| held.card = Some(after));
        }
        Ok(Answer::Done)
    }

    fn wrong_product(&self, front: &str, rate: &AddRate) -> Vec<Fault> {
        let target = rate.product_id.into();
        let mut faults: Vec<_> =
            self.wrong_reference(format!("{front}product_id"), target).into_iter().collect();
        let product = match self.product(rate.product_id) {
            Ok((_, product)) => product,
            Err(nothing) if faults.is_empty() => return nothing,
            Err(_) => return faults,
        };
        let field = format!("{front}billing_frequency");
        match (product.initial.product_type, rate.billing_frequency) {
            (ProductType::Subscription, None) if rate.rate.rate_type == RateType::Flat => {
                faults.push(at(field, MISSING));
            }
            (ProductType::Subscription, _) | (_, None) => {}
            (_, Some(_)) => faults.push(at(field, NOT_ALLOWED)),
        }
        let then = product.at(rate.starting_at).pricing_group_key;
        let now = product.at(Time::now()).pricing_group_key;
        let known = [then, now].concat();
        let unknown = rate.pricing_group_values.keys().filter(|name| !known.contains(name));
        faults.extend(unknown.map(|name| at(format!("{front}pricing_group_values"), not_a_value(&name))));
        faults
    }

    /// Every rate of a card that is in force at some moment from `from` on and before `to`, or at `from` where that
    /// is the only moment asked about. One ends where the next of its series starts.
    fn rates(
        &self,
        id: RateCardId,
        from: Time,
        to: Until,
        selectors: &[RateSelector],
    ) -> Refusal<Vec<Shown>> {
        let (_, card) = self.card(id)?;
        let mut found = Vec::new();
        for ((own, start), rate) in &card.rates {
            let nexts = card.rates.keys().filter(|(other, next)| other == own && next > start);
            let end = nexts.map(|(_, next)| *next).chain(rate.ending_before).min();
            let ends_later = end.is_none_or(|end| from < end);
            let starts_earlier = match to {
                Until::Then => *start <= from,
                Until::Before(to) => *start < to,
                Until::Ever => true,
            };
            let product = self.instances.get(&rate.product_id.into());
            let values = product.map(|held| held.values.clone()).unwrap_or_default();
            let state = product.and_then(|held| held.product.as_ref()).map(|product| product.at(from));
            let (name, tags) = state.map(|state| (state.name, state.tags)).unwrap_or_default();
            let selected =
                selectors.is_empty() || selectors.iter().any(|wanted| selects(wanted, rate, &tags));
            if ends_later && starts_earlier && selected {
                found.push((AddRate { ending_before: end, ..rate.clone() }, name, tags, values));
            }
        }
        Ok(found)
    }
}

fn selects(wanted: &RateSelector, rate: &AddRate, tags: &[String]) -> bool {
    let groups = &rate.pricing_group_values;
    let partial = wanted.partial_pricing_group_values.iter().flatten();
    wanted.product_id.is_none_or(|product| product == rate.product_id)
        && (wanted.product_tags.is_empty() || wanted.product_tags.iter().any(|tag| tags.contains(tag)))
        && wanted.pricing_group_values.as_ref().is_none_or(|exact| exact == groups)
        && partial.into_iter().all(|(name, value)| groups.get(name) == Some(value))
        && (wanted.billing_frequency.is_none() || wanted.billing_frequency == rate.billing_frequency)
}

#[derive(Clone, Copy)]
enum Until {
    Then,
    Before(Time),
    Ever,
}

/// A rate with the end it comes to, and its product's name, tags and values.
type Shown = (AddRate, String, Vec<String>, BTreeMap<String, String>);

fn shown(segment: RateSegment) -> Shown {
    let rate = AddRate {
        product_id: segment.product_id,
        pricing_group_values: segment.pricing_group_values,
        billing_frequency: segment.billing_frequency,
        starting_at: segment.starting_at,
        ending_before: segment.ending_before,
        entitled: segment.entitled,
        rate: segment.rate,
        credit_type_id: segment.credit_type.map(|credit_type| credit_type.id),
        commit_rate: segment.commit_rate,
    };
    (rate, segment.product_name, segment.product_tags, segment.product_custom_fields)
}

/// Some questions of each kind.
fn questions() -> [Vec<RateSelector>; 4] {
    let of = |nth| RateSelector { product_id: products().nth(nth), ..Default::default() };
    let tagged = RateSelector { product_tags: strings(&["other", "tag"]), ..Default::default() };
    let europe: BTreeMap<_, _> = [(PROPERTIES[0].to_owned(), "EU".to_owned())].into();
    let exact = RateSelector { pricing_group_values: Some(europe.clone()), ..tagged.clone() };
    let partial = RateSelector { partial_pricing_group_values: Some(europe), ..of(2) };
    let monthly = RateSelector { billing_frequency: Some(BillingFrequency::Monthly), ..Default::default() };
    [vec![], vec![of(3), partial], vec![tagged], vec![exact, monthly]]
}

/// The rates of each card at each moment and in some spans, by selectors.
pub fn compare_rates(from: &impl Reading, model: &Model) {
    let moments = moments();
    for card in cards() {
        if let Err(refused) = model.rates(card, moments[0], Until::Ever, &[]) {
            same(from.rates(card, moments[0], &[], &PageRequest::default()).map(drop), Err(refused));
            continue;
        }
        for selectors in questions() {
            let expected = |moment, to| model.rates(card, moment, to, &selectors).unwrap();
            for moment in moments {
                let found = every(2, |page| from.rates(card, moment, &selectors, page));
                let found: Vec<_> = found.into_iter().map(shown).collect();
                assert_eq!(found, expected(moment, Until::Then), "{card} at {moment}: {selectors:?}");
            }
            for (start, end) in [(moments[0], None), (moments[1], Some(moments[3]))] {
                let found = every(2, |page| from.rate_schedule(card, start, end, &selectors, page));
                let found: Vec<_> = found.into_iter().map(shown).collect();
                let to = end.map_or(Until::Ever, Until::Before);
                assert_eq!(found, expected(start, to), "{card} from {start} on: {selectors:?}");
            }
        }
    }
}
