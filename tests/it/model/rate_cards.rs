//! Rate cards and their aliases: what programs do with them, what that does to the model, and what can be read.

use std::collections::BTreeMap;

use billfold::FieldProblem;
use billfold::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::compare::{admits, same};
use super::operation::{Answer, MISSING, Op, Pairs, Refusal, at, not_a_value};
use super::products::moments;
use super::program::{CARDS, ids_of, instance_ops, mostly, pairs, short_name};
use super::rates::{Series, one_or_more_rates};
use super::state::{Held, Model};
use crate::support::every;

/// A pricing unit that some cards convert.
pub const UNIT: CreditTypeId = CreditTypeId::new(Uuid::from_u128(0xC0));

/// A rate card of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    pub name: String,
    pub conversions: Vec<CreditTypeConversion>,
    pub aliases: Vec<ScheduledAlias>,
    /// By what they are the price of, and their start.
    pub rates: BTreeMap<(Series, Time), AddRate>,
}

/// The rate cards that programs name.
pub fn cards() -> impl Iterator<Item = RateCardId> + Clone {
    ids_of(CARDS).map(RateCardId::from)
}

/// The names of rate cards: two that meet each other often, an empty one, and one beyond the limit.
fn names() -> Vec<String> {
    ["a", "a\0", ""].map(str::to_owned).into_iter().chain(["\u{1F4B0}".repeat(129)]).collect()
}

fn alias() -> impl Strategy<Value = ScheduledAlias> {
    let name = prop_oneof![24 => Just(0_usize), 8 => Just(1), 1 => Just(2), 1 => Just(3)];
    let moment = || option::weighted(0.6, select(moments().to_vec()));
    let in_order = prop_oneof![6 => Just(true), 1 => Just(false)];
    (name, moment(), moment(), in_order).prop_map(|(name, start, end, in_order)| {
        // Most of those that end before they start are turned around.
        let (start, end) = match (start, end) {
            (Some(start), Some(end)) if in_order && end <= start => {
                (Some(end), (start != end).then_some(start))
            }
            other => other,
        };
        ScheduledAlias { name: names()[name].clone(), starting_at: start, ending_before: end }
    })
}

fn conversions() -> impl Strategy<Value = Vec<CreditTypeConversion>> {
    let worth = prop_oneof![6 => Just(10), 1 => Just(20), 1 => Just(0)];
    let conversion = worth.prop_map(|worth: i64| CreditTypeConversion {
        custom_credit_type_id: UNIT,
        fiat_per_custom_credit: worth.into(),
    });
    vec(conversion, 0..=1)
}

/// A card that converts the unit, or not.
pub fn card(converts: bool) -> CreateRateCard {
    let conversion = CreditTypeConversion { custom_credit_type_id: UNIT, fiat_per_custom_credit: 10.into() };
    CreateRateCard {
        name: "first".to_owned(),
        credit_type_conversions: converts.then_some(conversion).into_iter().collect(),
        aliases: vec![ScheduledAlias::from(if converts { "a" } else { "a\0" })],
        ..Default::default()
    }
}

fn card_name() -> impl Strategy<Value = String> {
    prop_oneof![8 => short_name(), 1 => Just("\u{1F4B0}".repeat(1_001))]
}

fn new_card() -> BoxedStrategy<CreateRateCard> {
    (card_name(), conversions(), vec(alias(), 0..3))
        .prop_map(|(name, credit_type_conversions, aliases)| CreateRateCard {
            name,
            credit_type_conversions,
            aliases,
            ..Default::default()
        })
        .boxed()
}

fn update() -> BoxedStrategy<UpdateRateCard> {
    let name = option::weighted(0.4, card_name());
    let aliases = option::weighted(0.8, vec(alias(), 0..4));
    let conversions = prop_oneof![3 => Just(Vec::new()), 1 => conversions()];
    (name, aliases, conversions)
        .prop_map(|(name, aliases, add_credit_type_conversions)| UpdateRateCard {
            name,
            aliases,
            add_credit_type_conversions,
            ..Default::default()
        })
        .boxed()
}

/// What happens to rate cards besides what happens to any instance.
pub fn of_cards() -> BoxedStrategy<Op> {
    let id = || mostly(cards().take(2), cards());
    prop_oneof![
        3 => (new_card(), pairs()).prop_map(|(new, values)| Op::CreateCard(new, values)),
        7 => (id(), update()).prop_map(|(id, update)| Op::UpdateCard(id, update)),
        8 => id().prop_flat_map(one_or_more_rates),
        2 => id().prop_flat_map(|id| instance_ops(id.into())),
    ]
    .boxed()
}

fn holds(alias: &ScheduledAlias, moment: Time) -> bool {
    alias.starting_at.is_none_or(|start| start <= moment)
        && alias.ending_before.is_none_or(|end| moment < end)
}

/// Nothing starts or ends in a program but at its moments: so what holds at any time holds at one of them, or in
/// front of all.
fn overlap(one: &ScheduledAlias, other: &ScheduledAlias) -> bool {
    let mut probes = moments().into_iter().chain(["1900-01-01T00:00:00Z".parse().unwrap()]);
    one.name == other.name && probes.any(|moment| holds(one, moment) && holds(other, moment))
}

fn wrong_aliases(aliases: &[ScheduledAlias]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, alias) in aliases.iter().enumerate() {
        let field = format!("aliases[{place}]");
        let characters = alias.name.chars().count();
        if characters == 0 {
            faults.push(at(format!("{field}.name"), FieldProblem::Empty { rule: "" }));
        } else if characters > 128 {
            faults.push(at(format!("{field}.name"), FieldProblem::TooLong { characters, most: 128 }));
        }
        let end = alias.ending_before.filter(|end| alias.starting_at.is_some_and(|start| *end <= start));
        faults.extend(end.map(|end| at(format!("{field}.ending_before"), not_a_value(&end))));
        let earlier = aliases.iter().enumerate().any(|(other_place, other)| {
            (other.starting_at, other_place) < (alias.starting_at, place) && overlap(other, alias)
        });
        faults.extend(earlier.then(|| at(field, not_a_value(&alias.name))));
    }
    faults
}

fn wrong_name(name: &str) -> Option<Fault> {
    let characters = name.chars().count();
    (characters > 1_000).then(|| at("name", FieldProblem::TooLong { characters, most: 1_000 }))
}

fn wrong_worth(field: &str, conversions: &[CreditTypeConversion]) -> Option<Fault> {
    let zero = conversions.iter().any(|conversion| conversion.fiat_per_custom_credit == Amount::ZERO);
    zero.then(|| at(format!("{field}[0].fiat_per_custom_credit"), not_a_value(&0)))
}

/// What is wrong with an update whatever card it is for.
fn wrong_update(update: &UpdateRateCard) -> Vec<Fault> {
    let nothing = (*update == UpdateRateCard::default()).then(|| at("name", MISSING));
    let name = update.name.as_deref().and_then(wrong_name);
    let worth = wrong_worth("add_credit_type_conversions", &update.add_credit_type_conversions);
    let aliases = update.aliases.as_deref().map(wrong_aliases).unwrap_or_default();
    nothing.into_iter().chain(name).chain(worth).chain(aliases).collect()
}

impl Model {
    pub fn card(&self, id: RateCardId) -> Refusal<(&Held, &Card)> {
        self.made(id.into(), |held| held.card.as_ref())
    }

    pub fn card_by_alias(&self, name: &str, moment: Time) -> Option<RateCardId> {
        let ids = self.of_entity(ManagedEntity::RateCard).map(RateCardId::from);
        let mut holders = ids.filter(|id| {
            let aliases = self.card(*id).map(|(_, card)| card.aliases.as_slice()).unwrap_or_default();
            aliases.iter().any(|alias| alias.name == name && holds(alias, moment))
        });
        let holder = holders.next();
        assert!(holders.next().is_none(), "two cards of the model have {name:?} at {moment}");
        holder
    }

    pub fn create_card(&mut self, new: &CreateRateCard, values: &Pairs) -> Refusal<Answer> {
        let target = self.fresh(ManagedEntity::RateCard);
        let conversions = &new.credit_type_conversions;
        let mut faults = wrong_aliases(&new.aliases);
        faults.extend(wrong_name(&new.name));
        faults.extend(wrong_worth("credit_type_conversions", conversions));
        let (name, aliases) = (new.name.clone(), new.aliases.clone());
        let card = Some(Card { name, aliases, conversions: conversions.clone(), rates: BTreeMap::new() });
        let held = Held { card, ..Held::default() };
        let made = self.make(target, held, faults, self.values_of_new(target, values))?;
        self.take_from_others(target, &new.aliases);
        Ok(made)
    }

    pub fn update_card(&mut self, id: RateCardId, update: &UpdateRateCard) -> Refusal<Answer> {
        let mut faults = wrong_update(update);
        let (held, before) = match self.card(id) {
            Ok(found) => found,
            Err(nothing) => return Err([nothing, faults].concat()),
        };
        let mut after = before.clone();
        if let Some(name) = &update.name {
            after.name.clone_from(name);
        }
        let added = &update.add_credit_type_conversions;
        for conversion in added.iter().filter(|conversion| !before.conversions.contains(conversion)) {
            if !before.conversions.is_empty() {
                let field = "add_credit_type_conversions[0].custom_credit_type_id";
                faults.push(at(field, not_a_value(&UNIT)));
            }
            after.conversions.push(*conversion);
        }
        let mut new = Vec::new();
        if let Some(aliases) = &update.aliases {
            new.extend(aliases.iter().filter(|alias| !before.aliases.contains(alias)).cloned());
            after.aliases.clone_from(aliases);
        }
        if held.archived && !new.is_empty() {
            faults.push(Fault::ReferenceArchived { field: "aliases".to_owned(), target: id.into() });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        if after != *before {
            self.touch(id.into(), |held| held.card = Some(after));
            self.take_from_others(id.into(), &new);
        }
        Ok(Answer::Done)
    }

    /// Leaves of every other card's aliases what is in front of new ones that they meet: one change for a card.
    fn take_from_others(&mut self, owner: EntityRef, new: &[ScheduledAlias]) {
        let others = self.instances.iter().filter(|(target, _)| **target != owner);
        let others = others.filter_map(|(target, held)| Some((*target, held.card.as_ref()?.aliases.clone())));
        for (target, before) in others.collect::<Vec<_>>() {
            let mut after = before.clone();
            for new in new {
                after = after.iter().filter_map(|alias| left_of(alias, new)).collect();
            }
            if after != before {
                self.touch(target, |held| held.card.as_mut().unwrap().aliases = after);
            }
        }
    }
}

fn left_of(alias: &ScheduledAlias, new: &ScheduledAlias) -> Option<ScheduledAlias> {
    if !overlap(alias, new) {
        return Some(alias.clone());
    }
    let cut = ScheduledAlias { ending_before: new.starting_at, ..alias.clone() };
    (alias.starting_at < new.starting_at).then_some(cut)
}

/// What can be read of a card, but for its times and its rates.
type Shown = (RateCardId, Card, BTreeMap<String, String>, bool);

fn shown(card: RateCard) -> Shown {
    assert_eq!(card.fiat_credit_type.id, CreditType::USD_CENTS);
    let (name, aliases) = (card.name, card.aliases);
    let without_rates =
        Card { name, aliases, conversions: card.credit_type_conversions, rates: BTreeMap::new() };
    (card.id, without_rates, card.custom_fields, card.archived_at.is_some())
}

/// Cards one by one, by alias at each moment, and as every list has them.
pub fn compare_cards(from: &impl Reading, model: &Model) {
    let expected = |id: RateCardId| {
        let (held, card) = model.card(id)?;
        let without_rates = Card { rates: BTreeMap::new(), ..card.clone() };
        Ok((id, without_rates, held.values.clone(), held.archived))
    };
    for id in cards() {
        same(from.rate_card(id).map(shown), expected(id));
    }
    for name in names() {
        for moment in moments().into_iter().chain([Time::now()]) {
            let found = from.rate_card_by_alias(&name, moment).unwrap();
            assert_eq!(found, model.card_by_alias(&name, moment), "{name:?} at {moment}");
        }
    }
    for filter in [ArchiveFilter::NotArchived, ArchiveFilter::Archived, ArchiveFilter::All] {
        let of_entity = model.of_entity(ManagedEntity::RateCard);
        let listed: Vec<_> = of_entity
            .filter_map(|id| expected(id.into()).ok())
            .filter(|(.., archived)| admits(filter, *archived))
            .collect();
        let found = every(2, |page| from.rate_cards(filter, page));
        assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), listed, "{filter}");
    }
}
