//! From a quantity and a rate to an amount.

use crate::error::{Fault, FieldProblem, Result};
use crate::model::charge::{Charge, ChargedPart};
use crate::model::contract_rate::ContractRate;
use crate::model::rate::{Rate, RateType, Tier};
use crate::model::scalar::{Amount, Written};

/// What a quantity comes to at a rate. `quantity` is what is billed, 0 or more; of a share, what it is a share of.
///
/// # Errors
/// A refusal where the rate is one that only the caller can make a price of, and where the amount needs more digits
/// than there are.
pub fn charge(rate: ContractRate, quantity: Amount) -> Result<Charge> {
    let in_force = rate.in_force();
    let parts = match in_force.rate_type {
        RateType::Flat | RateType::Subscription | RateType::Percentage => {
            vec![part(quantity, in_force.price.unwrap_or_default())?]
        }
        RateType::Tiered => tiers(&in_force.tiers, quantity)?,
        RateType::TieredPercentage | RateType::Custom => return Err(not_ours(in_force).into()),
    };
    let total = Amount::sum(parts.iter().map(|part| part.total)).ok_or_else(|| too_long(quantity))?;
    let total = in_force.minimum.map_or(total, |minimum| total.max(minimum));
    Ok(Charge { quantity, rate, parts, total })
}

/// A tier has the units beyond those before it, up to its size, inclusive; the last one has all that are left.
fn tiers(tiers: &[Tier], quantity: Amount) -> Result<Vec<ChargedPart>> {
    let mut left = quantity;
    let mut parts = Vec::new();
    for tier in tiers {
        if left <= Amount::ZERO {
            break;
        }
        let inside = tier.size.map_or(left, |size| size.min(left));
        parts.push(part(inside, tier.price)?);
        left = left.minus(inside).ok_or_else(|| too_long(quantity))?;
    }
    Ok(parts)
}

fn part(quantity: Amount, unit_price: Amount) -> Result<ChargedPart> {
    let total = Written::of(quantity).times(unit_price).rounded(i32::MAX, None);
    let total = total.ok_or_else(|| too_long(quantity))?;
    Ok(ChargedPart { quantity, unit_price, total })
}

fn not_ours(rate: &Rate) -> Fault {
    let rule = "what it comes to is for the caller to say";
    FieldProblem::Value { value: rate.rate_type.to_string(), rule }.at("rate_type")
}

fn too_long(quantity: Amount) -> Fault {
    let rule = "at this rate, it comes to more digits than the 28 there is room for";
    FieldProblem::Value { value: quantity.to_string(), rule }.at("quantity")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn of(rate: Rate, quantity: &str) -> Result<Charge> {
        let rate = ContractRate {
            entitled: true,
            list_rate: rate,
            credit_type: None,
            override_rate: None,
            commit_rate: None,
            commit_rate_override_id: None,
        };
        charge(rate, amount(quantity))
    }

    fn total(rate: Rate, quantity: &str) -> String {
        of(rate, quantity).unwrap().total.to_string()
    }

    fn tiered() -> Rate {
        let tier =
            |size: Option<i64>, price: &str| Tier { size: size.map(Amount::from), price: amount(price) };
        Rate::tiered([tier(Some(100), "10"), tier(Some(900), "5"), tier(None, "0.1")])
    }

    #[test]
    fn every_unit_costs_the_same_at_a_flat_rate() {
        assert_eq!(total(Rate::flat(amount("0.5")), "3"), "1.5");
        assert_eq!(total(Rate::flat(amount("0")), "3"), "0");
        assert_eq!(total(Rate::flat(amount("7")), "0"), "0");
    }

    #[test]
    fn tiers_are_filled_from_the_first_on_and_their_sizes_are_inclusive() {
        for (quantity, parts, whole) in [
            ("0", 0, "0"),
            ("99.5", 1, "995"),
            ("100", 1, "1000"),
            ("100.1", 2, "1000.5"),
            ("1000", 2, "5500"),
            ("1001", 3, "5500.1"),
        ] {
            let charge = of(tiered(), quantity).unwrap();
            assert_eq!((charge.parts.len(), charge.total), (parts, amount(whole)), "{quantity}");
        }
    }

    #[test]
    fn a_share_comes_to_its_minimum_at_the_least() {
        let share = Rate { minimum: Some(amount("50")), ..Rate::percentage(amount("0.1")) };
        assert_eq!(total(share.clone(), "499"), "50");
        assert_eq!(total(share.clone(), "501"), "50.1");
        assert_eq!(total(Rate { minimum: None, ..share }, "1"), "0.1");
    }

    #[test]
    fn what_has_no_room_and_what_is_the_callers_is_refused() {
        let huge = "9".repeat(28);
        assert_eq!(of(Rate::flat(amount("2")), &huge).unwrap_err().faults().len(), 1);
        let custom = Rate { rate_type: RateType::Custom, price: None, ..Rate::default() };
        assert_eq!(of(custom, "1").unwrap_err().faults()[0].to_string().split(':').next(), Some("rate_type"));
    }

    proptest! {
        #[test]
        fn tiers_take_the_whole_quantity_and_never_less_than_the_last_price(
            hundredths in 0_i64..200_000, sizes in prop::collection::vec(1_i64..500, 0..4), price in 0_i64..100,
        ) {
            let quantity = Amount::of(Decimal::new(hundredths, 2));
            let mut tiers: Vec<_> =
                sizes.iter().map(|size| Tier { size: Some((*size).into()), price: price.into() }).collect();
            tiers.push(Tier { size: None, price: price.into() });
            let charge = of(Rate::tiered(tiers), &quantity.to_string()).unwrap();
            let inside = charge.parts.iter().map(|part| part.quantity.decimal()).sum::<Decimal>();
            prop_assert_eq!(Amount::of(inside), quantity);
            // With the same price in every tier it is a flat rate.
            prop_assert_eq!(charge.total, of(Rate::flat(price.into()), &quantity.to_string()).unwrap().total);
        }
    }
}
