//! Which override wins, told a second time: each pair of overrides is compared by what the documents say, moment by
//! moment, and the answers have to be the same.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::contract_rate::{Overrides, Span, in_force, rate_at, segment_at};
use super::override_target::Line;
use crate::entity::{CommitId, ContractProductId, RateCardId};
use crate::id::{OverrideId, RecurringCommitId};
use crate::model::balance::RateChoice;
use crate::model::contract_rate::{ContractRateSegment, PayingBalance};
use crate::model::price_override::{
    Override, OverridePrioritization, OverrideSpecifier, OverrideTerms, OverrideTier, OverrideType,
    OverwriteRate,
};
use crate::model::rate::{CommitRate, Rate, RateSegment};
use crate::model::scalar::{Amount, Time};

use OverridePrioritization::{Explicit, LowestMultiplier};

fn uuid(number: usize) -> Uuid {
    Uuid::from_u128(number as u128)
}

fn hour(hour: u64) -> Time {
    Time::UNIX_EPOCH.after(Duration::from_secs(hour * 3_600))
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// 100 for each unit, 80 where a commit that draws at the commit rate pays.
fn listed() -> RateSegment {
    RateSegment {
        product_id: ContractProductId::from(uuid(1)),
        product_name: "CPU hours".into(),
        product_tags: vec!["cloud".into(), "compute".into()],
        product_custom_fields: BTreeMap::new(),
        pricing_group_values: values(&[("region", "EU"), ("tier", "gold")]),
        billing_frequency: None,
        starting_at: hour(0),
        ending_before: Some(hour(20)),
        entitled: true,
        rate: Rate::flat(100.into()),
        credit_type: None,
        commit_rate: Some(CommitRate { price: Some(80.into()), ..CommitRate::default() }),
    }
}

fn multiplier(multiplier: &str) -> OverrideTerms {
    let override_type = Some(OverrideType::Multiplier);
    OverrideTerms { override_type, multiplier: Some(amount(multiplier)), ..OverrideTerms::new(hour(0)) }
}

fn overwrite(price: i64) -> OverrideTerms {
    OverrideTerms {
        override_type: Some(OverrideType::Overwrite),
        overwrite_rate: Some(OverwriteRate { rate: Rate::flat(price.into()), credit_type_id: None }),
        product_id: Some(listed().product_id),
        ..OverrideTerms::new(hour(0))
    }
}

/// An override for what one specifier says.
fn with(terms: OverrideTerms, specifier: OverrideSpecifier) -> OverrideTerms {
    OverrideTerms { product_id: None, override_specifiers: vec![specifier], ..terms }
}

const COMMIT: usize = 71;
const GIVER: usize = 72;

fn commit() -> PayingBalance {
    let given_by = Some(RecurringCommitId::from(uuid(GIVER)));
    PayingBalance::Commit { id: CommitId::from(uuid(COMMIT)), given_by }
}

fn made(terms: impl IntoIterator<Item = OverrideTerms>) -> Vec<(OverrideId, Override)> {
    let one = |(place, terms)| (OverrideId::from(uuid(place)), Override { terms, created_at: hour(0) });
    terms.into_iter().enumerate().map(one).collect()
}

fn overrides(made: &[(OverrideId, Override)], prioritization: OverridePrioritization) -> Overrides<'_> {
    Overrides { added: made.iter().map(|(id, one)| (*id, one)).collect(), prioritization }
}

/// The price in force and the commit rate's, in the fifth hour.
fn prices(
    listed: &RateSegment,
    terms: impl IntoIterator<Item = OverrideTerms>,
    paid_by: Option<PayingBalance>,
) -> (Option<Amount>, Option<Amount>) {
    let shown = values(&[("cluster", "7"), ("team", "a")]);
    let line = Line { listed, presentation_group_values: &shown, paid_by };
    let made = made(terms);
    let rate = rate_at(&line, &overrides(&made, LowestMultiplier), hour(5)).unwrap();
    let by = rate.override_rate.as_ref();
    (by.and_then(|by| by.rate.price), rate.commit_rate.and_then(|rate| rate.price))
}

fn price(terms: OverrideTerms) -> Option<Amount> {
    prices(&listed(), [terms], None).0
}

#[test]
fn the_seeds_five_percent_off_cloud_products() {
    let terms = OverrideTerms {
        entitled: Some(true),
        applicable_product_tags: vec!["cloud".into()],
        ..multiplier("0.95")
    };
    assert_eq!(price(terms.clone()), Some(95.into()));
    let other = RateSegment { product_tags: vec!["support".into()], ..listed() };
    assert_eq!(prices(&other, [terms], None).0, None);
}

#[test]
fn all_of_a_specifier_and_one_of_many() {
    let reads = |specifier: OverrideSpecifier| price(with(multiplier("0.5"), specifier)).is_some();
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let all = OverrideSpecifier::default;
    assert!(reads(all()));
    assert!(reads(OverrideSpecifier { product_tags: tags(&["cloud", "compute"]), ..all() }));
    assert!(!reads(OverrideSpecifier { product_tags: tags(&["cloud", "storage"]), ..all() }));
    assert!(reads(OverrideSpecifier { pricing_group_values: values(&[("region", "EU")]), ..all() }));
    assert!(!reads(OverrideSpecifier { pricing_group_values: values(&[("region", "US")]), ..all() }));
    assert!(reads(OverrideSpecifier { presentation_group_values: values(&[("team", "a")]), ..all() }));
    assert!(!reads(OverrideSpecifier { presentation_group_values: values(&[("user", "a")]), ..all() }));
    assert!(!reads(OverrideSpecifier { exclude: vec![tags(&["cloud"])], ..all() }));
    assert!(reads(OverrideSpecifier { exclude: vec![tags(&["cloud", "storage"])], ..all() }));
    let other = OverrideSpecifier { product_id: Some(uuid(2).into()), ..all() };
    let mut terms = with(multiplier("0.5"), other);
    assert_eq!(price(terms.clone()), None);
    terms.override_specifiers.push(all());
    assert_eq!(price(terms), Some(50.into()));
}

#[test]
fn an_overwrite_names_all_pricing_group_values_or_none() {
    let of = |pairs: &[(&str, &str)]| OverrideSpecifier {
        product_id: Some(listed().product_id),
        pricing_group_values: values(pairs),
        ..OverrideSpecifier::default()
    };
    assert_eq!(price(with(overwrite(7), of(&[]))), Some(7.into()));
    assert_eq!(price(with(overwrite(7), of(&[("region", "EU")]))), None);
    assert_eq!(price(with(overwrite(7), of(&[("region", "EU"), ("tier", "gold")]))), Some(7.into()));
}

#[test]
fn what_is_for_usage_that_a_commit_pays_for_counts_there_alone_and_first() {
    let specific = |terms| OverrideTerms { is_commit_specific: true, ..terms };
    let named = |ids: &[usize], givers: &[usize]| {
        let texts = |ids: &[usize]| ids.iter().map(|id| uuid(*id).to_string()).collect::<Vec<_>>();
        let product_tags = vec!["cloud".into()];
        let (commit_ids, recurring_commit_ids) = (texts(ids), texts(givers));
        let specifier =
            OverrideSpecifier { product_tags, commit_ids, recurring_commit_ids, ..Default::default() };
        specific(with(multiplier("0.9"), specifier))
    };
    let paid = |terms: Vec<OverrideTerms>| prices(&listed(), terms, Some(commit()));
    let any = specific(multiplier("0.9"));
    assert_eq!(prices(&listed(), [any.clone(), overwrite(3)], None), (Some(3.into()), Some(80.into())));
    assert_eq!(paid(vec![any.clone(), overwrite(3)]), (Some(90.into()), Some(80.into())));
    assert_eq!(paid(vec![any, specific(overwrite(4)), overwrite(3)]).0, Some(4.into()));
    assert_eq!(paid(vec![named(&[COMMIT], &[])]).0, Some(90.into()));
    assert_eq!(paid(vec![named(&[1], &[GIVER])]).0, Some(90.into()));
    assert_eq!(paid(vec![named(&[1], &[2])]).0, None);

    let target = Some(RateChoice::CommitRate);
    let on_commit = |terms| OverrideTerms { target, ..specific(terms) };
    assert_eq!(paid(vec![on_commit(multiplier("0.9"))]), (None, Some(72.into())));
    assert_eq!(paid(vec![on_commit(overwrite(5)), multiplier("0.5")]), (Some(50.into()), Some(5.into())));
    let without = RateSegment { commit_rate: None, ..listed() };
    assert_eq!(prices(&without, [on_commit(overwrite(5))], Some(commit())), (None, None));
}

#[test]
fn a_minimum_that_is_to_come_ends_the_time_of_what_is_for_usage_that_a_commit_pays_for() {
    let specific = OverrideTerms { is_commit_specific: true, ..overwrite(50) };
    let share = Rate { minimum: Some(10.into()), ..Rate::percentage(amount("0.1")) };
    let overwrite_rate = Some(OverwriteRate { rate: share, credit_type_id: None });
    let later = OverrideTerms { overwrite_rate, starting_at: hour(9), ..overwrite(0) };
    let made = made([specific, later]);
    let none = BTreeMap::new();
    let listed = listed();
    let line = Line { listed: &listed, presentation_group_values: &none, paid_by: Some(commit()) };
    let (rate, span) = in_force(&line, &overrides(&made, LowestMultiplier), hour(5)).unwrap();
    assert_eq!(rate.override_rate.and_then(|by| by.rate.price), Some(50.into()));
    assert_eq!(span, Span { from: hour(0), to: Some(hour(9)) });
}

#[test]
fn a_minimum_keeps_out_what_is_for_usage_that_a_commit_pays_for() {
    let share = Rate { minimum: Some(10.into()), ..Rate::percentage(amount("0.1")) };
    let listed_share = RateSegment { rate: share.clone(), ..listed() };
    let specific = OverrideTerms { is_commit_specific: true, ..multiplier("0.5") };
    assert_eq!(prices(&listed_share, [specific.clone()], Some(commit())).0, None);
    assert_eq!(prices(&listed_share, [multiplier("0.5")], Some(commit())).0, Some(amount("0.05")));
    assert_eq!(prices(&listed_share, [specific.clone(), overwrite(7)], Some(commit())).0, Some(7.into()));
    let mut with_minimum = overwrite(0);
    with_minimum.overwrite_rate = Some(OverwriteRate { rate: share, credit_type_id: None });
    assert_eq!(prices(&listed(), [specific, with_minimum], Some(commit())).0, Some(amount("0.1")));
}

/// What a price list shows at that hour.
fn shown(terms: Vec<OverrideTerms>, within: Span, at: u64) -> Option<ContractRateSegment> {
    let made = made(terms);
    let overrides = overrides(&made, LowestMultiplier);
    segment_at(RateCardId::from(uuid(9)), listed(), within, &overrides, hour(at)).unwrap()
}

#[test]
fn a_segment_lasts_as_long_as_the_same_overrides_win() {
    let within = Span { from: hour(2), to: Some(hour(30)) };
    let terms =
        |from, to, terms| OverrideTerms { starting_at: hour(from), ending_before: Some(hour(to)), ..terms };
    let all = vec![
        terms(4, 8, multiplier("0.9")),
        terms(6, 12, multiplier("0.5")),
        // It never wins, and so cuts nothing.
        terms(7, 11, multiplier("0.7")),
        OverrideTerms { entitled: Some(false), ..OverrideTerms::new(hour(15)) },
    ];
    for (at, from, to, price) in
        [(2, 2, 4, None), (5, 4, 6, Some(90)), (6, 6, 12, Some(50)), (14, 12, 15, None)]
    {
        let segment = shown(all.clone(), within, at).unwrap();
        assert_eq!((segment.starting_at, segment.ending_before), (hour(from), Some(hour(to))), "{at}");
        assert_eq!(segment.rate.override_rate.map(|by| by.rate.price.unwrap()), price.map(Amount::from));
        assert_eq!(segment.rate.list_rate, listed().rate);
    }
    for (at, nothing) in [(1, "before the contract"), (15, "no part of it"), (20, "behind the card's rate")] {
        assert!(shown(all.clone(), within, at).is_none(), "{nothing}");
    }
    assert!(shown(all, Span { from: hour(2), to: Some(hour(5)) }, 5).is_none());
}

fn any_override() -> impl Strategy<Value = OverrideTerms> {
    let effect = prop_oneof![
        Just(OverrideTerms::new(hour(0))),
        (1..4_i64).prop_map(|tenths| multiplier(&format!("0.{tenths}"))),
        (1..4_i64).prop_map(overwrite),
        Just(OverrideTerms {
            override_type: Some(OverrideType::Tiered),
            tiers: vec![OverrideTier { size: None, multiplier: 2.into() }],
            ..OverrideTerms::new(hour(0))
        }),
    ];
    let rest = (1..4_i64, any::<bool>(), any::<bool>(), any::<bool>(), prop::option::of(any::<bool>()));
    (effect, 0..10_u64, prop::option::of(0..6_u64), rest).prop_map(|(terms, start, length, rest)| {
        let (priority, fits, is_commit_specific, on_commit, entitled) = rest;
        OverrideTerms {
            starting_at: hour(start),
            ending_before: length.map(|length| hour(start + length)),
            priority: Some(priority.into()),
            product_id: Some(if fits { listed().product_id } else { uuid(2).into() }),
            is_commit_specific,
            target: (is_commit_specific && on_commit).then_some(RateChoice::CommitRate),
            entitled,
            ..terms
        }
    })
}

/// Whether `a`, which is in front of `b` in the list, loses to it.
fn loses(a: &OverrideTerms, b: &OverrideTerms, prioritization: OverridePrioritization) -> bool {
    let overwrites = |terms: &OverrideTerms| terms.override_type == Some(OverrideType::Overwrite);
    if a.is_commit_specific != b.is_commit_specific {
        return b.is_commit_specific;
    }
    match (overwrites(a), overwrites(b)) {
        (false, true) | (true, true) => return true,
        (true, false) => return false,
        (false, false) => {}
    }
    match (prioritization, a.multiplier, b.multiplier) {
        (Explicit, ..) => b.priority <= a.priority,
        (LowestMultiplier, Some(a), Some(b)) => b <= a,
        (LowestMultiplier, None, _) => true,
        (LowestMultiplier, Some(_), None) => false,
    }
}

/// The places of those that change the list rate, that change the commit rate, and that say what is entitled.
fn brute_force(
    all: &[OverrideTerms],
    prioritization: OverridePrioritization,
    paid: bool,
    at: Time,
) -> [Option<usize>; 3] {
    let mut found: [Option<usize>; 3] = [None; 3];
    for (place, one) in all.iter().enumerate() {
        let begun = one.starting_at <= at;
        let over = one.ending_before.is_some_and(|end| end <= at);
        let other = one.product_id != Some(listed().product_id);
        if !begun || over || other || (one.is_commit_specific && !paid) {
            continue;
        }
        if one.entitled.is_some() {
            found[2] = Some(place);
        }
        if one.override_type.is_some() {
            let rate = usize::from(one.target == Some(RateChoice::CommitRate));
            if found[rate].is_none_or(|before| loses(&all[before], one, prioritization)) {
                found[rate] = Some(place);
            }
        }
    }
    found
}

proptest! {
    #[test]
    fn the_winner_is_the_one_that_loses_to_no_other(
        all in prop::collection::vec(any_override(), 0..8),
        explicit in any::<bool>(),
        paid in any::<bool>(),
        at in 0..14_u64,
    ) {
        let prioritization = if explicit { Explicit } else { LowestMultiplier };
        let (listed, none) = (listed(), BTreeMap::new());
        let paid_by = paid.then(commit);
        let line = Line { listed: &listed, presentation_group_values: &none, paid_by };
        let made = made(all.clone());
        let (rate, span) = in_force(&line, &overrides(&made, prioritization), hour(at)).unwrap();

        let expected = brute_force(&all, prioritization, paid, hour(at));
        let id = |place: Option<usize>| place.map(|place| OverrideId::from(uuid(place)));
        prop_assert_eq!(rate.override_rate.as_ref().map(|by| by.override_id), id(expected[0]));
        prop_assert_eq!(rate.commit_rate_override_id, id(expected[1]));
        prop_assert_eq!(rate.entitled, expected[2].is_none_or(|place| all[place].entitled == Some(true)));

        let same = |at| brute_force(&all, prioritization, paid, hour(at)) == expected;
        prop_assert!(span.holds(hour(at)));
        prop_assert!((0..20).filter(|at| span.holds(hour(*at))).all(same));
        // Usage that nothing pays for has the longest such time.
        if !paid {
            let before = (0..at).rev().take_while(|at| same(*at)).last().unwrap_or(at);
            let behind = (at..20).take_while(|at| same(*at)).last().unwrap_or(at);
            prop_assert_eq!((span.from, span.to), (hour(before), Some(hour(behind + 1))));
        }
    }
}
