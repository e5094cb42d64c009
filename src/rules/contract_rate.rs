//! Which of a contract's overrides win, and the rate that is in force.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::override_price::{changes, on_commit, on_list};
use super::override_target::{Line, is_for};
use super::rate::{Window, effective_end};
use crate::entity::RateCardId;
use crate::error::Result;
use crate::id::OverrideId;
use crate::model::balance::RateChoice;
use crate::model::contract_rate::{ContractRate, ContractRateSegment};
use crate::model::price_override::{Override, OverridePrioritization, OverrideTerms, OverrideType};
use crate::model::rate::RateSegment;
use crate::model::scalar::{Amount, Time};

/// A contract's overrides.
#[derive(Debug, Clone)]
pub struct Overrides<'o> {
    /// In the order they were added.
    pub added: Vec<(OverrideId, &'o Override)>,
    /// Which of several multipliers wins.
    pub prioritization: OverridePrioritization,
}

/// Some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From when on, inclusive.
    pub from: Time,
    /// Until when, exclusive; `None` for ever.
    pub to: Option<Time>,
}

impl Span {
    pub(super) fn holds(self, at: Time) -> bool {
        Window::at(at).overlaps(self.from, self.to)
    }

    /// The time of both.
    pub fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), to: effective_end(self.to, other.to) }
    }

    /// The time around `at` without another, which does not hold then.
    fn without(self, other: Self, at: Time) -> Self {
        if other.to.is_some_and(|to| to <= other.from) {
            self
        } else if at < other.from {
            Self { to: effective_end(self.to, Some(other.from)), ..self }
        } else {
            Self { from: other.to.map_or(self.from, |to| self.from.max(to)), ..self }
        }
    }
}

/// The rate that is in force at a moment, at which the card's rate is.
///
/// # Errors
/// A refusal where a price that an override makes needs more digits than there are.
pub fn rate_at(line: &Line<'_>, overrides: &Overrides<'_>, at: Time) -> Result<ContractRate> {
    in_force(line, overrides, at).map(|(rate, _)| rate)
}

/// The rate that is in force at a moment for usage that nothing pays for, and for how long. `None` where the product
/// is no part of the contract then, or the card's rate or the contract is not in force.
///
/// `within` is the contract's time, or the part of it in which the product has the tags of the moment.
///
/// # Errors
/// As [`rate_at`].
pub fn segment_at(
    card: RateCardId,
    listed: RateSegment,
    within: Span,
    overrides: &Overrides<'_>,
    at: Time,
) -> Result<Option<ContractRateSegment>> {
    let within = within.and(Span { from: listed.starting_at, to: listed.ending_before });
    if !within.holds(at) {
        return Ok(None);
    }
    let none = BTreeMap::new();
    let line = Line { listed: &listed, presentation_group_values: &none, paid_by: None };
    let (rate, span) = in_force(&line, overrides, at)?;
    let Span { from, to } = within.and(span);
    Ok(rate.entitled.then_some(ContractRateSegment {
        rate_card_id: card,
        product_id: listed.product_id,
        product_name: listed.product_name,
        product_tags: listed.product_tags,
        product_custom_fields: listed.product_custom_fields,
        pricing_group_values: listed.pricing_group_values,
        billing_frequency: listed.billing_frequency,
        starting_at: from,
        ending_before: to,
        rate,
    }))
}

/// An override that is for the usage that is asked about.
struct Candidate<'o> {
    id: OverrideId,
    terms: &'o OverrideTerms,
    span: Span,
    /// When it was added; of several at the same time, after how many others.
    added: (Time, usize),
}

/// The lower, the sooner it wins. No two overrides have the same.
type Rank = (bool, bool, (bool, Amount), Reverse<(Time, usize)>);

impl Candidate<'_> {
    fn rank(&self, prioritization: OverridePrioritization) -> Rank {
        let overwrites = self.terms.override_type == Some(OverrideType::Overwrite);
        let number = match prioritization {
            _ if overwrites => None,
            OverridePrioritization::LowestMultiplier => self.terms.multiplier,
            OverridePrioritization::Explicit => self.terms.priority,
        };
        // One without a number comes behind all that have one.
        let number = (number.is_none(), number.unwrap_or_default());
        (!self.terms.is_commit_specific, !overwrites, number, Reverse(self.added))
    }

    fn target(&self) -> RateChoice {
        self.terms.target.unwrap_or(RateChoice::ListRate)
    }
}

/// The rate at a moment, and the time around it in which the same overrides win.
pub(super) fn in_force(line: &Line<'_>, overrides: &Overrides<'_>, at: Time) -> Result<(ContractRate, Span)> {
    let listed = line.listed;
    let candidates = candidates(line, overrides);
    let whole = Span { from: listed.starting_at, to: listed.ending_before };

    let entitling = candidates.iter().filter(|one| one.terms.entitled.is_some());
    let (entitling, mut span) = winner(entitling.map(|one| (one, Reverse(one.added))), at, whole);
    let (on_list_rate, list_span) = list_winner(line, &candidates, overrides.prioritization, at, whole);
    let (on_commit_rate, commit_span) = commit_winner(line, &candidates, overrides.prioritization, at, whole);
    span = span.and(list_span).and(commit_span);

    let override_rate = on_list_rate.map(|one| on_list(one.id, one.terms, listed)).transpose()?;
    let commit_rate = match (&listed.commit_rate, on_commit_rate) {
        (Some(rate), Some(one)) => Some(on_commit(one.id, one.terms, rate)?),
        (rate, _) => rate.clone(),
    };
    let rate = ContractRate {
        entitled: entitling.and_then(|one| one.terms.entitled).unwrap_or(listed.entitled),
        list_rate: listed.rate.clone(),
        credit_type: listed.credit_type.clone(),
        override_rate,
        commit_rate,
        commit_rate_override_id: on_commit_rate.map(|one| one.id),
    };
    Ok((rate, span))
}

fn candidates<'o>(line: &Line<'_>, overrides: &Overrides<'o>) -> Vec<Candidate<'o>> {
    let fitting = overrides.added.iter().enumerate().filter(|(_, (_, one))| is_for(&one.terms, line));
    fitting
        .map(|(place, (id, one))| Candidate {
            id: *id,
            terms: &one.terms,
            span: Span { from: one.terms.starting_at, to: one.terms.ending_before },
            added: (one.created_at, place),
        })
        .collect()
}

/// The override that changes the list rate. A minimum on that rate, or on what wins without those for usage that
/// something pays for, keeps all of these out.
fn list_winner<'c, 'o>(
    line: &Line<'_>,
    candidates: &'c [Candidate<'o>],
    prioritization: OverridePrioritization,
    at: Time,
    whole: Span,
) -> (Option<&'c Candidate<'o>>, Span) {
    let listed = &line.listed.rate;
    let changing = candidates
        .iter()
        .filter(|one| one.target() == RateChoice::ListRate && changes(one.terms, listed.rate_type))
        .map(|one| (one, one.rank(prioritization)));
    let without = changing.clone().filter(|(one, _)| !one.terms.is_commit_specific);
    let (general, general_span) = winner(without, at, whole);
    let overwrite = general.and_then(|one| one.terms.overwrite_rate.as_ref());
    if listed.minimum.or_else(|| overwrite?.rate.minimum).is_some() {
        return (general, general_span);
    }
    let (any, span) = winner(changing, at, whole);
    let specific = any.is_some_and(|one| one.terms.is_commit_specific);
    // Another one below it may have a minimum.
    (any, if specific { span.and(general_span) } else { span })
}

/// The override that changes the commit rate: one for usage that something pays for, unless that rate has a
/// minimum.
fn commit_winner<'c, 'o>(
    line: &Line<'_>,
    candidates: &'c [Candidate<'o>],
    prioritization: OverridePrioritization,
    at: Time,
    whole: Span,
) -> (Option<&'c Candidate<'o>>, Span) {
    let Some(listed) = line.listed.commit_rate.as_ref().filter(|rate| rate.minimum.is_none()) else {
        return (None, whole);
    };
    let changing = candidates.iter().filter(|one| {
        one.terms.is_commit_specific
            && one.target() == RateChoice::CommitRate
            && changes(one.terms, listed.rate_type)
    });
    winner(changing.map(|one| (one, one.rank(prioritization))), at, whole)
}

/// Which of several wins at a moment, and the time around it in which none that goes before it is in force.
fn winner<'c, 'o, R: Ord>(
    ranked: impl Iterator<Item = (&'c Candidate<'o>, R)> + Clone,
    at: Time,
    whole: Span,
) -> (Option<&'c Candidate<'o>>, Span) {
    let holding = ranked.clone().filter(|(one, _)| one.span.holds(at));
    let best = holding.min_by(|(_, a), (_, b)| a.cmp(b));
    let whole = best.as_ref().map_or(whole, |(one, _)| whole.and(one.span));
    // At the moment itself none is in force that goes before the winner.
    let before = ranked.filter(|(_, rank)| best.as_ref().is_none_or(|(_, best)| rank < best));
    let span = before.fold(whole, |span, (one, _)| span.without(one.span, at));
    (best.map(|(one, _)| one), span)
}
