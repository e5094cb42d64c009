//! What a part of a period costs or gives.

use crate::model::product::RoundingMethod;
use crate::model::recurring::{ProrationRounding, ProrationRoundingMethod};
use crate::model::scalar::{Amount, Time, Written};

/// A price for each of a quantity, for a part of a whole period: by time, and rounded once. Both are 0 or more.
///
/// A part is rounded as is said, what is whole is not. Where nothing is said, and for what is whole too, an amount of
/// more digits than there is room for goes to the even one of the two nearest of 28 digits; one of more than 28
/// digits before the point is the largest there is.
pub fn prorated(
    (unit_price, quantity): (Amount, Amount),
    part: (Time, Time),
    whole: (Time, Time),
    rounding: Option<ProrationRounding>,
) -> Amount {
    let all = Written::of(unit_price).times(quantity);
    let found = if part == whole {
        all.rounded(i32::MAX, None)
    } else {
        all.times(length(part)).over(length(whole)).and_then(|share| rounded(share, rounding))
    };
    found.unwrap_or(Amount::MAX)
}

/// In nanoseconds, which the range of moments has far fewer of than an amount has room for.
fn length((from, to): (Time, Time)) -> Amount {
    Amount::scaled(from.nanoseconds_to(to), 0).unwrap_or_default()
}

fn rounded(share: Written, rounding: Option<ProrationRounding>) -> Option<Amount> {
    let Some(ProrationRounding { rounding_method, decimal_places }) = rounding else {
        return share.rounded(i32::MAX, None);
    };
    // Amounts are 0 or more, so that down is towards 0.
    let method = match rounding_method {
        ProrationRoundingMethod::HalfUp => RoundingMethod::RoundHalfUp,
        ProrationRoundingMethod::Floor => RoundingMethod::RoundDown,
        ProrationRoundingMethod::Ceiling => RoundingMethod::RoundUp,
    };
    match u32::try_from(decimal_places) {
        Ok(_) => share.rounded(decimal_places.into(), Some(method)),
        Err(_) => share.rounded_to_power(decimal_places.unsigned_abs().into(), method),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use ProrationRoundingMethod::{Ceiling, Floor, HalfUp};

    /// What so many of a period's minutes cost.
    fn share(price: &str, minutes: u64, of: u64, rounding: Option<(ProrationRoundingMethod, i8)>) -> String {
        let at = |minutes: u64| Time::UNIX_EPOCH.after(std::time::Duration::from_secs(minutes * 60));
        let rounding = rounding
            .map(|(rounding_method, decimal_places)| ProrationRounding { rounding_method, decimal_places });
        let price = (price.parse().unwrap(), 1.into());
        prorated(price, (at(of - minutes), at(of)), (at(0), at(of)), rounding).to_string()
    }

    #[test]
    fn a_part_is_rounded_once_as_is_said() {
        for (rounding, expected) in [
            (None, "48.38709677419354838709677419"),
            (Some((HalfUp, 0)), "48"),
            (Some((HalfUp, 1)), "48.4"),
            (Some((HalfUp, -1)), "50"),
            (Some((HalfUp, -2)), "0"),
            (Some((Floor, 1)), "48.3"),
            (Some((Floor, -1)), "40"),
            (Some((Ceiling, 0)), "49"),
            (Some((Ceiling, 5)), "48.3871"),
            (Some((Ceiling, -5)), "100000"),
        ] {
            assert_eq!(share("100", 15, 31, rounding), expected, "{rounding:?}");
            assert_eq!(share("100.5", 31, 31, rounding), "100.5");
        }
        // The middle goes up, and what is a little less does not.
        assert_eq!(share("5", 1, 2, Some((HalfUp, 0))), "3");
        assert_eq!(share("4.999999999999999999999999999", 1, 2, Some((HalfUp, 0))), "2");
        assert_eq!(share("500", 1, 10, Some((HalfUp, -2))), "100");
        assert_eq!(share("499.99", 1, 10, Some((HalfUp, -2))), "0");
        assert_eq!(share("0", 1, 2, Some((Ceiling, -5))), "0");
    }

    #[test]
    fn without_a_rounding_the_middle_goes_to_the_even_digit() {
        assert_eq!(share("0.0000000000000000000000000001", 1, 2, None), "0");
        assert_eq!(share("0.0000000000000000000000000003", 1, 2, None), "0.0000000000000000000000000002");
        assert_eq!(share("2", 1, 3, None), "0.6666666666666666666666666667");
    }

    #[test]
    fn what_has_no_room_is_the_largest_amount() {
        let nines = "9999999999999999999999999999";
        assert_eq!(share(nines, 1, 1, Some((Ceiling, -5))), nines);
        assert_eq!(share(nines, 99, 100, Some((Ceiling, -5))), "9900000000000000000000000000");
        let whole = (Time::UNIX_EPOCH, Time::LAST);
        assert_eq!(prorated((Amount::MAX, 10.into()), whole, whole, None), Amount::MAX);
    }
}
