//! What a rate needs and may have, when it is in force, and which selectors it fits.

use std::collections::BTreeMap;
use std::ops::Bound;

use uuid::Uuid;

use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::product::{ProductRecord, ProductType};
use crate::model::rate::{
    AddRate, CommitRate, MAX_CUSTOM_RATE_CHARACTERS, MAX_PRICING_GROUP_CHARACTERS, MAX_PRICING_GROUP_VALUES,
    MAX_TIERS, Rate, RateRecord, RateSelector, RateType, Tier,
};
use crate::model::scalar::{Amount, Time};

use RateType::{Custom, Flat, Percentage, Subscription, Tiered, TieredPercentage};

/// What is wrong with a rate in itself; `at` stands in front of the names of its fields.
pub fn rate_faults(at: &str, added: &AddRate) -> Vec<Fault> {
    let AddRate { rate, commit_rate, .. } = added;
    let mut faults = rate_itself_faults(at, rate);
    if let Some(commit) = commit_rate {
        faults.extend(price_faults(&format!("{at}commit_rate."), &Price::of_commit(commit)));
    }
    let end = check_end(Some(added.starting_at), added.ending_before);
    faults.extend(end.map(|problem| problem.at(format!("{at}ending_before"))));
    let groups = format!("{at}pricing_group_values");
    faults.extend(group_faults(&groups, &added.pricing_group_values));
    faults
}

/// What is wrong with what a unit costs, wherever it is said.
pub fn rate_itself_faults(at: &str, rate: &Rate) -> Vec<Fault> {
    let mut faults = price_faults(at, &Price::of(rate));
    faults.extend(own_faults(at, rate));
    faults
}

/// What a rate and a commit rate both have.
struct Price<'r> {
    rate_type: RateType,
    price: Option<Amount>,
    tiers: &'r [Tier],
    minimum: Option<Amount>,
}

impl<'r> Price<'r> {
    fn of(rate: &'r Rate) -> Self {
        Self { rate_type: rate.rate_type, price: rate.price, tiers: &rate.tiers, minimum: rate.minimum }
    }

    fn of_commit(rate: &'r CommitRate) -> Self {
        Self { rate_type: rate.rate_type, price: rate.price, tiers: &rate.tiers, minimum: rate.minimum }
    }
}

fn price_faults(at: &str, price: &Price<'_>) -> Vec<Fault> {
    let problem = match (price.rate_type, price.price) {
        (Flat | Subscription, None) => {
            Some(FieldProblem::Missing { rule: "FLAT and SUBSCRIPTION rates have a price" })
        }
        (Percentage, None) => Some(FieldProblem::Missing { rule: "a PERCENTAGE rate has a price" }),
        (Tiered, Some(_)) => {
            Some(FieldProblem::NotAllowed { rule: "the tiers of a TIERED rate have the prices" })
        }
        (Flat | Subscription, Some(price)) => below(price, "it has to be 0 or more"),
        (Percentage, Some(price)) => {
            let rule = "a PERCENTAGE rate's price is a fraction from 0 to 1";
            below(price, rule).or_else(|| above_one(price, rule))
        }
        (TieredPercentage | Custom, _) | (Tiered, None) => None,
    };
    let mut faults: Vec<_> = problem.map(|problem| problem.at(format!("{at}price"))).into_iter().collect();
    faults.extend(tier_faults(&format!("{at}tiers"), price));
    let minimum = price.minimum.and_then(|minimum| {
        if price.rate_type.is_a_share() {
            below(minimum, "it has to be 0 or more")
        } else {
            Some(FieldProblem::NotAllowed { rule: "it is for PERCENTAGE and TIERED_PERCENTAGE rates" })
        }
    });
    faults.extend(minimum.map(|problem| problem.at(format!("{at}minimum_config.minimum"))));
    faults
}

fn tier_faults(field: &str, price: &Price<'_>) -> Vec<Fault> {
    let items = price.tiers.len();
    match price.rate_type {
        Tiered if items == 0 => {
            return vec![FieldProblem::Missing { rule: "a TIERED rate has tiers" }.at(field)];
        }
        Flat | Percentage | Subscription | Custom if items > 0 => {
            return vec![FieldProblem::NotAllowed { rule: "they are for TIERED rates" }.at(field)];
        }
        _ if items > MAX_TIERS => return vec![FieldProblem::TooMany { items, most: MAX_TIERS }.at(field)],
        _ => {}
    }
    let mut faults = Vec::new();
    for (place, tier) in price.tiers.iter().enumerate() {
        let size = match (tier.size, place + 1 == items) {
            (Some(_), true) => Some(FieldProblem::NotAllowed { rule: "the last tier has no end" }),
            (size, last) => size_problem(size, last),
        };
        faults.extend(size.map(|problem| problem.at(format!("{field}[{place}].size"))));
        let price = below(tier.price, "it has to be 0 or more");
        faults.extend(price.map(|problem| problem.at(format!("{field}[{place}].price"))));
    }
    faults
}

/// What is wrong with a tier's size, where the last tier may have one or none.
pub fn size_problem(size: Option<Amount>, last: bool) -> Option<FieldProblem> {
    match size {
        None if !last => Some(FieldProblem::Missing { rule: "every tier but the last has a size" }),
        Some(size) => not_above_zero(size),
        None => None,
    }
}

/// Faults of what a commit rate does not have.
fn own_faults(at: &str, rate: &Rate) -> Vec<Fault> {
    let quantity = rate.quantity.and_then(|quantity| below(quantity, "it has to be 0 or more"));
    let prorated = match (rate.is_prorated, rate.rate_type) {
        (Some(false), Subscription) => {
            let rule = "the proration of a SUBSCRIPTION rate is true or left out";
            Some(FieldProblem::Value { value: "false".to_owned(), rule })
        }
        (Some(_), other) if other != Subscription => {
            Some(FieldProblem::NotAllowed { rule: "it is for SUBSCRIPTION rates" })
        }
        _ => None,
    };
    let custom = rate.custom_rate.as_ref().and_then(|custom| {
        if rate.rate_type != Custom {
            return Some(FieldProblem::NotAllowed { rule: "it is for CUSTOM rates" });
        }
        let (characters, most) = (custom.chars().count(), MAX_CUSTOM_RATE_CHARACTERS);
        (characters > most).then_some(FieldProblem::TooLong { characters, most })
    });
    let problems = [("quantity", quantity), ("is_prorated", prorated), ("custom_rate", custom)];
    Fault::of_fields(at, problems)
}

/// What is wrong with the group values of a rate, or with those that something is to fit.
pub fn group_faults(field: &str, groups: &BTreeMap<String, String>) -> Vec<Fault> {
    let characters: usize =
        groups.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    let many = FieldProblem::too_many(groups.len(), MAX_PRICING_GROUP_VALUES);
    let long = (characters > MAX_PRICING_GROUP_CHARACTERS)
        .then_some(FieldProblem::TooLong { characters, most: MAX_PRICING_GROUP_CHARACTERS });
    many.into_iter().chain(long).map(|problem| problem.at(field)).collect()
}

/// The problem of an amount below 0.
pub fn below(amount: Amount, rule: &'static str) -> Option<FieldProblem> {
    amount.is_negative().then(|| FieldProblem::Value { value: amount.to_string(), rule })
}

/// The problem of an amount that is 0 or less.
pub fn not_above_zero(amount: Amount) -> Option<FieldProblem> {
    let rule = "it has to be more than 0";
    (amount <= Amount::ZERO).then(|| FieldProblem::Value { value: amount.to_string(), rule })
}

/// The problem of an amount above 1.
pub fn above_one(amount: Amount, rule: &'static str) -> Option<FieldProblem> {
    (amount > Amount::from(1)).then(|| FieldProblem::Value { value: amount.to_string(), rule })
}

/// What is wrong with a rate for this product. Its pricing group key may be that of the rate's start or that of
/// today, because both schedules are made ahead.
pub fn product_faults(at: &str, added: &AddRate, product: &ProductRecord, now: Time) -> Vec<Fault> {
    let subscription = product.product_type == ProductType::Subscription;
    let frequency = match added.billing_frequency {
        None if subscription && added.rate.rate_type == Flat => Some(FieldProblem::Missing {
            rule: "a FLAT rate of a SUBSCRIPTION product is billed at a frequency",
        }),
        Some(_) if !subscription => {
            Some(FieldProblem::NotAllowed { rule: "it is for SUBSCRIPTION products" })
        }
        _ => None,
    };
    let mut faults: Vec<_> =
        frequency.map(|problem| problem.at(format!("{at}billing_frequency"))).into_iter().collect();
    if added.pricing_group_values.is_empty() {
        return faults;
    }
    let keys = [added.starting_at, now].map(|at| product.state_at(at).pricing_group_key);
    let unknown =
        added.pricing_group_values.keys().filter(|name| !keys.iter().flatten().any(|key| key == *name));
    faults.extend(unknown.map(|name| {
        let rule = "it is not in the product's pricing_group_key";
        FieldProblem::Value { value: name.clone(), rule }.at(format!("{at}pricing_group_values"))
    }));
    faults
}

/// The time that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From when on, inclusive.
    pub from: Time,
    /// Until when.
    pub to: Bound<Time>,
}

impl Window {
    pub const fn at(moment: Time) -> Self {
        Self { from: moment, to: Bound::Included(moment) }
    }

    /// Whether something that is in force from `start` to `end`, exclusive, is so at some moment of the window.
    pub fn overlaps(&self, start: Time, end: Option<Time>) -> bool {
        let starts_in_time = match self.to {
            Bound::Included(last) => start <= last,
            Bound::Excluded(end) => start < end,
            Bound::Unbounded => true,
        };
        // A rate whose end is its start, because the next one starts there too, was never in force.
        starts_in_time && end.is_none_or(|end| self.from < end && start < end)
    }
}

/// Until when a rate is in force whose next one starts there.
pub fn effective_end(own: Option<Time>, next: Option<Time>) -> Option<Time> {
    own.into_iter().chain(next).min()
}

/// Whether a selector lets any rate of this product through.
pub fn selects_product(selector: &RateSelector, product: Uuid, tags: &[String]) -> bool {
    let tagged =
        selector.product_tags.is_empty() || selector.product_tags.iter().any(|tag| tags.contains(tag));
    tagged && selector.product_id.is_none_or(|wanted| Uuid::from(wanted) == product)
}

/// Whether a selector that lets the product through lets this rate of it through.
pub fn selects_rate(selector: &RateSelector, rate: &RateRecord) -> bool {
    let groups = &rate.pricing_group_values;
    let exact = selector.pricing_group_values.as_ref().is_none_or(|wanted| wanted == groups);
    let partial = selector
        .partial_pricing_group_values
        .as_ref()
        .is_none_or(|wanted| wanted.iter().all(|(name, value)| groups.get(name) == Some(value)));
    let billed = selector.billing_frequency.is_none_or(|wanted| rate.billing_frequency == Some(wanted));
    exact && partial && billed
}
