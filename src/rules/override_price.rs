//! What an override makes of a price.

use rust_decimal::Decimal;

use crate::error::{FieldProblem, Result};
use crate::id::OverrideId;
use crate::model::contract_rate::OverrideRate;
use crate::model::credit_type::CreditType;
use crate::model::price_override::{OverrideTerms, OverrideTier, OverrideType, OverwriteRate};
use crate::model::rate::{CommitRate, Rate, RateSegment, RateType, Tier};
use crate::model::scalar::{Amount, Written};

use RateType::{Flat, Percentage, Subscription, Tiered};

/// Whether an override does anything to rates of a type.
pub fn changes(terms: &OverrideTerms, rate_type: RateType) -> bool {
    match terms.override_type {
        Some(OverrideType::Overwrite) => match &terms.overwrite_rate {
            // No commit-specific override goes with a minimum, its own included.
            Some(overwrite) => !(terms.is_commit_specific && overwrite.rate.minimum.is_some()),
            None => false,
        },
        Some(OverrideType::Multiplier) => {
            terms.multiplier.is_some() && matches!(rate_type, Flat | Percentage | Subscription | Tiered)
        }
        // How many units came before means nothing to a share.
        Some(OverrideType::Tiered) => {
            !terms.tiers.is_empty() && matches!(rate_type, Flat | Subscription | Tiered)
        }
        None => false,
    }
}

/// What an override puts in place of the card's rate. A price of more than 28 digits is rounded to them once, and
/// what is halfway goes to the even digit.
///
/// # Errors
/// A refusal where a price or the size of a tier needs more digits than there are.
pub fn on_list(id: OverrideId, terms: &OverrideTerms, listed: &RateSegment) -> Result<OverrideRate> {
    if let Some(overwrite) = overwritten(terms) {
        let credit_type = overwrite.credit_type_id.map(CreditType::of);
        let credit_type = credit_type.or_else(|| listed.credit_type.clone());
        return Ok(OverrideRate { override_id: id, rate: overwrite.rate.clone(), credit_type });
    }
    let CommitRate { rate_type, price, tiers, minimum } = multiplied(id, terms, &shared(&listed.rate))?;
    let rate = Rate { rate_type, price, tiers, minimum, ..listed.rate.clone() };
    Ok(OverrideRate { override_id: id, rate, credit_type: listed.credit_type.clone() })
}

/// What an override puts in place of the card's commit rate. An OVERWRITE gives it what a commit rate has.
///
/// # Errors
/// As [`on_list`].
pub fn on_commit(id: OverrideId, terms: &OverrideTerms, listed: &CommitRate) -> Result<CommitRate> {
    match overwritten(terms) {
        Some(overwrite) => Ok(shared(&overwrite.rate)),
        None => multiplied(id, terms, listed),
    }
}

fn overwritten(terms: &OverrideTerms) -> Option<&OverwriteRate> {
    terms.overwrite_rate.as_ref().filter(|_| terms.override_type == Some(OverrideType::Overwrite))
}

/// What rates and commit rates both have.
fn shared(rate: &Rate) -> CommitRate {
    let Rate { rate_type, price, minimum, .. } = *rate;
    CommitRate { rate_type, price, tiers: rate.tiers.clone(), minimum }
}

fn multiplied(id: OverrideId, terms: &OverrideTerms, listed: &CommitRate) -> Result<CommitRate> {
    let rate = match (terms.override_type, terms.multiplier) {
        (Some(OverrideType::Tiered), _) => by_tiers(listed, &terms.tiers),
        (_, Some(multiplier)) => by_one(listed, multiplier),
        _ => Some(listed.clone()),
    };
    rate.ok_or_else(|| {
        let rule = "what it makes of a price has more digits than the 28 there is room for";
        FieldProblem::Value { value: id.to_string(), rule }.at("override_id").into()
    })
}

fn by_one(listed: &CommitRate, multiplier: Amount) -> Option<CommitRate> {
    let price = match listed.price {
        Some(price) => Some(times(price, multiplier)?),
        None => None,
    };
    let tier = |tier: &Tier| Some(Tier { price: times(tier.price, multiplier)?, ..*tier });
    let tiers = listed.tiers.iter().map(tier).collect::<Option<_>>()?;
    Some(CommitRate { price, tiers, ..listed.clone() })
}

/// A rate with one price is one tier without an end.
fn by_tiers(listed: &CommitRate, factors: &[OverrideTier]) -> Option<CommitRate> {
    let tiers = match listed.price {
        Some(price) => combined(&[Tier { size: None, price }], factors)?,
        None => combined(&listed.tiers, factors)?,
    };
    Some(CommitRate { rate_type: Tiered, price: None, tiers, minimum: listed.minimum })
}

/// Tiers that begin wherever a price or a factor begins. Beyond the factors prices stay as they are.
fn combined(prices: &[Tier], factors: &[OverrideTier]) -> Option<Vec<Tier>> {
    let as_it_is = OverrideTier { size: None, multiplier: Amount::from(1) };
    let mut prices = prices.iter().copied();
    let mut factors = factors.iter().copied().chain([as_it_is]);
    let (mut price, mut factor) = (prices.next(), factors.next());
    let mut tiers = Vec::new();
    while let (Some(tier), Some(by)) = (price, factor) {
        let size = tier.size.into_iter().chain(by.size).min();
        tiers.push(Tier { size, price: times(tier.price, by.multiplier)? });
        let Some(taken) = size else { break };
        price = match left(tier.size, taken)? {
            Left::Nothing => prices.next(),
            Left::Some(size) => Some(Tier { size, ..tier }),
        };
        factor = match left(by.size, taken)? {
            Left::Nothing => factors.next(),
            Left::Some(size) => Some(OverrideTier { size, ..by }),
        };
    }
    Some(tiers)
}

/// What is left of a tier's size.
enum Left {
    Nothing,
    /// So much, or no end.
    Some(Option<Amount>),
}

fn left(size: Option<Amount>, taken: Amount) -> Option<Left> {
    let Some(size) = size else { return Some(Left::Some(None)) };
    if size <= taken {
        return Some(Left::Nothing);
    }
    difference(size, taken).map(|size| Left::Some(Some(size)))
}

/// The exact difference of two numbers that are more than 0; `None` where it has too many digits.
fn difference(a: Amount, b: Amount) -> Option<Amount> {
    let (a, b): (Decimal, Decimal) = (a.decimal(), b.decimal());
    let difference = a.checked_sub(b)?;
    // The library keeps all decimal places or, where it has no room for them, rounds.
    (difference.scale() == a.scale().max(b.scale())).then(|| Amount::of(difference))
}

/// The product of two numbers of 0 or more: exact where it has up to 28 digits; where it has more, rounded once, and
/// what is halfway goes to the even digit. `None` where it has more than 28 before its point.
fn times(a: Amount, b: Amount) -> Option<Amount> {
    Written::of(a).times(b).rounded(i32::MAX, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn tier(size: Option<&str>, price: &str) -> Tier {
        Tier { size: size.map(amount), price: amount(price) }
    }

    fn factor(size: Option<&str>, multiplier: &str) -> OverrideTier {
        OverrideTier { size: size.map(amount), multiplier: amount(multiplier) }
    }

    #[test]
    fn one_price_gets_the_tiers_of_the_override_and_stays_as_it_is_beyond_them() {
        let listed = CommitRate { price: Some(amount("2.5")), ..CommitRate::default() };
        let made = by_tiers(&listed, &[factor(Some("10"), "0.8"), factor(Some("10"), "0.7")]).unwrap();
        assert_eq!(made.rate_type, Tiered);
        assert_eq!(made.price, None);
        assert_eq!(made.tiers, [tier(Some("10"), "2"), tier(Some("10"), "1.75"), tier(None, "2.5")]);
    }

    #[test]
    fn tiers_on_tiers_begin_wherever_one_of_both_begins() {
        let prices = [tier(Some("5"), "10"), tier(Some("10"), "8"), tier(None, "6")];
        let made = combined(&prices, &[factor(Some("8"), "0.5"), factor(Some("7"), "1"), factor(None, "0")]);
        let tiers = [tier(Some("5"), "5"), tier(Some("3"), "4"), tier(Some("7"), "8"), tier(None, "0")];
        assert_eq!(made.unwrap(), tiers);
    }

    #[test]
    fn a_price_that_has_no_room_is_refused_and_one_with_too_many_places_is_rounded_once() {
        let large = CommitRate { price: Some(amount("1e27")), ..CommitRate::default() };
        assert_eq!(by_one(&large, amount("10")), None);
        let tiny =
            CommitRate { price: Some(amount("0.0000000000000000000000000005")), ..CommitRate::default() };
        assert_eq!(by_one(&tiny, amount("0.1")).unwrap().price, Some(Amount::ZERO));
        assert_eq!(by_one(&tiny, amount("0.3")).unwrap().price, Some(amount("2e-28")));
    }

    #[test]
    fn a_size_that_cannot_be_told_exactly_is_refused() {
        let made = combined(&[tier(None, "1")], &[factor(Some("1e27"), "1")]);
        assert_eq!(made.unwrap().len(), 2);
        let prices = [tier(Some("1e-28"), "1"), tier(None, "1")];
        assert_eq!(combined(&prices, &[factor(Some("1e27"), "1")]), None);
        assert_eq!(difference(amount("0.3"), amount("0.1")), Some(amount("0.2")));
    }

    fn at<T: Copy>(tiers: &[T], size: impl Fn(&T) -> Option<Amount>, unit: i64) -> Option<T> {
        let mut end = Decimal::ZERO;
        tiers.iter().copied().find(|tier| {
            let Some(size) = size(tier) else { return true };
            end += size.decimal();
            Decimal::from(unit) <= end
        })
    }

    proptest! {
        #[test]
        fn each_unit_costs_its_price_times_its_factor(
            prices in prop::collection::vec((1..6_i64, 0..9_i64), 1..5),
            factors in prop::collection::vec((1..6_i64, 0..9_i64), 1..5),
            factors_end in any::<bool>(),
        ) {
            let last = prices.len() - 1;
            let prices: Vec<_> = prices.iter().enumerate().map(|(place, (size, price))| {
                Tier { size: (place < last).then(|| (*size).into()), price: (*price).into() }
            }).collect();
            let last = factors.len() - 1;
            let factors: Vec<_> = factors.iter().enumerate().map(|(place, (size, by))| {
                let size = (factors_end || place < last).then(|| (*size).into());
                OverrideTier { size, multiplier: (*by).into() }
            }).collect();
            let made = combined(&prices, &factors).unwrap();
            prop_assert!(made.iter().all(|tier| tier.size.is_none_or(|size| size > Amount::ZERO)));
            prop_assert!(made.last().is_some_and(|tier| tier.size.is_none()));
            for unit in 1..60 {
                let price = at(&prices, |tier| tier.size, unit).unwrap().price.decimal();
                let factor = at(&factors, |tier| tier.size, unit).map_or(Decimal::ONE, |by| by.multiplier.decimal());
                let found = at(&made, |tier| tier.size, unit).unwrap().price;
                prop_assert_eq!(found, Amount::of(price * factor));
            }
        }
    }
}
