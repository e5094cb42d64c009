//! Amounts: exact decimal numbers.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Written;
use crate::error::short;

/// An exact decimal number: an amount of money, a price, a quantity, a factor.
///
/// Up to 28 digits, up to 28 of them behind the point; a number that needs more is refused, never rounded. Amounts
/// in US dollars are cents, amounts in other currencies whole units (source: `metronome-api.md` §0). As text there
/// are no needless zeroes, so equal amounts have equal texts. On disk an amount takes 16 bytes.
///
/// ```
/// use billfold::Amount;
///
/// let price: Amount = "10.50".parse()?;
/// assert_eq!(price.to_string(), "10.5");
/// assert_eq!("1e3".parse(), Ok(Amount::from(1_000)));
/// assert!("0.00000000000000000000000000001".parse::<Amount>().is_err());
/// # Ok::<(), billfold::AmountError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

/// A text that is no decimal number, or one that needs more than 28 digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a decimal number of up to 28 digits", short(text))]
pub struct AmountError {
    /// The text that was given.
    pub text: String,
}

impl Amount {
    /// 0.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// The largest there is: 28 nines.
    pub(crate) const MAX: Self = Self(Decimal::from_parts(0x0FFF_FFFF, 0x3E25_0261, 0x204F_CE5E, false, 0));

    /// Whether it is less than 0.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    /// The number in the decimal type that the rules calculate with.
    pub(crate) const fn decimal(self) -> Decimal {
        self.0
    }

    pub(crate) fn of(number: Decimal) -> Self {
        Self(number.normalize())
    }

    /// The whole number with that many of its digits behind the point, if it is an amount.
    pub(crate) fn scaled(mantissa: i128, places: u32) -> Option<Self> {
        let fits = mantissa.unsigned_abs() < MOST.unsigned_abs();
        Decimal::try_from_i128_with_scale(mantissa, places).ok().filter(|_| fits).map(Self::of)
    }

    /// This amount that many times; `None` where that is no amount exactly. (The decimal library's own product is
    /// rounded without a word.)
    pub(crate) fn times(self, by: Self) -> Option<Self> {
        let product = Written::of(self).times(by).exact()?;
        Some(if self.is_negative() == by.is_negative() { product } else { Self::of(-product.0) })
    }

    /// This amount less another; `None` where that is no amount exactly.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        Self::sum([self, Self::of(-other.0)])
    }

    /// All of them together; `None` where that is no amount exactly. Their order does not matter.
    pub(crate) fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (whole, mut fraction) = Self::added(amounts)?;
        let (mut places, mut one) = (28, MOST);
        while places > 0 && fraction % 10 == 0 {
            (places, one, fraction) = (places - 1, one / 10, fraction / 10);
        }
        Self::scaled(whole.checked_mul(one)?.checked_add(fraction)?, places)
    }

    /// All of them together: where that is no amount exactly, the even one of the two nearest. `None` where it has more
    /// than 28 digits before its point.
    pub(crate) fn rounded_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (whole, fraction) = Self::added(amounts)?;
        // What is behind the point is 0 or more, and so to be taken off of what is before it.
        let below = whole < 0 && fraction > 0;
        let fraction = if below { MOST - fraction } else { fraction };
        let magnitude = whole.unsigned_abs() - u128::from(below);
        let rounded = Written::joined(magnitude, fraction.unsigned_abs()).rounded(i32::MAX, None)?;
        Some(if whole < 0 { Self::of(-rounded.0) } else { rounded })
    }

    /// As [`rounded_sum`](Self::rounded_sum), and the largest or least amount where it is beyond it.
    pub(crate) fn total(amounts: &(impl IntoIterator<Item = Self> + Clone)) -> Self {
        let below = || Self::added(amounts.clone()).is_some_and(|(whole, _)| whole < 0);
        let rounded = Self::rounded_sum(amounts.clone());
        rounded.unwrap_or_else(|| if below() { Self::of(-Self::MAX.0) } else { Self::MAX })
    }

    /// All of them together: what stands before the point, and what there is besides as digits behind it.
    fn added(amounts: impl IntoIterator<Item = Self>) -> Option<(i128, i128)> {
        let (mut whole, mut fraction) = (0_i128, 0_i128);
        for amount in amounts {
            let one = 10_i128.checked_pow(amount.0.scale())?;
            let mantissa = amount.0.mantissa();
            whole = whole.checked_add(mantissa / one)?;
            fraction = fraction.checked_add((mantissa % one).checked_mul(MOST / one)?)?;
        }
        whole = whole.checked_add(fraction.div_euclid(MOST))?;
        Some((whole, fraction.rem_euclid(MOST)))
    }
}

impl From<i64> for Amount {
    fn from(whole: i64) -> Self {
        Self::of(whole.into())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        exact(text).map(Self::of).ok_or_else(|| AmountError { text: text.to_owned() })
    }
}

/// The most digits of an amount, and the most of them behind its point.
const MAX_DIGITS: usize = 28;
/// The first whole number with more digits than an amount has.
const MOST: i128 = 10_i128.pow(28);
/// The most characters of a number that is looked at.
const MAX_NUMBER_TEXT: usize = 100;

/// The number that a text in JSON's notation is, if it is one exactly.
fn exact(text: &str) -> Option<Decimal> {
    if text.len() > MAX_NUMBER_TEXT {
        return None;
    }
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_end_matches('0');
    let dropped = i32::try_from(digits.len() - significant.len()).ok()?;
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some(Decimal::ZERO);
    }
    // How many of the significant digits stand behind the point; below 0, how many zeroes follow them.
    let behind = i32::try_from(fraction.len()).ok()?.checked_sub(dropped)?.checked_sub(exponent)?;
    let zeroes = usize::try_from(behind.checked_neg()?).unwrap_or(0);
    let behind = u32::try_from(behind).unwrap_or(0);
    if significant.len().saturating_add(zeroes) > MAX_DIGITS || behind as usize > MAX_DIGITS {
        return None;
    }
    let mantissa: i128 = format!("{significant}{}", "0".repeat(zeroes)).parse().ok()?;
    Decimal::try_from_i128_with_scale(sign * mantissa, behind).ok()
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// 16 bytes, as the decimal library lays them out.
impl bincode::Encode for Amount {
    fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.0.serialize().encode(encoder)
    }
}

impl<Context> bincode::Decode<Context> for Amount {
    fn decode<D: bincode::de::Decoder<Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        let bytes: [u8; 16] = bincode::Decode::decode(decoder)?;
        let number = Self::of(Decimal::deserialize(bytes));
        if number.0.serialize() == bytes {
            Ok(number)
        } else {
            Err(bincode::error::DecodeError::Other("a number that is not in its one form"))
        }
    }
}

bincode::impl_borrow_decode!(Amount);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Result<String, AmountError> {
        text.parse::<Amount>().map(|amount| amount.to_string())
    }

    #[test]
    fn numbers_are_read_exactly_or_not_at_all() {
        for (said, read) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("0e99", "0"),
            ("10.50", "10.5"),
            ("1e3", "1000"),
            ("1.5E-3", "0.0015"),
            ("-12.0e+1", "-120"),
            ("1234567890123456789012345678", "1234567890123456789012345678"),
            ("0.1234567890123456789012345678", "0.1234567890123456789012345678"),
            ("1e27", "1000000000000000000000000000"),
            ("100e-2", "1"),
            ("0.00e5", "0"),
        ] {
            assert_eq!(text(said).as_deref(), Ok(read), "{said}");
        }
        for said in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "x",
            "1e99",
            "1e28",
            "1e-29",
            "--1",
            "1.2.3",
            "123456789012345678901234567890",
            "1_0",
            "+",
        ] {
            assert!(text(said).is_err(), "{said}");
        }
        assert!("9".repeat(10_000).parse::<Amount>().is_err());
        assert!("1e2147483647".parse::<Amount>().is_err() && "1e-2147483648".parse::<Amount>().is_err());
    }

    /// Any amount: up to 28 digits, of either sign, with any point.
    fn amount() -> impl Strategy<Value = Amount> {
        (1..=28_u32, any::<i128>(), 0..=28_u32)
            .prop_map(|(digits, any, places)| Amount::scaled(any % 10_i128.pow(digits), places).unwrap())
    }

    #[test]
    fn products_and_sums_are_exact_or_not_at_all() {
        let times = |a: &str, b: &str| a.parse::<Amount>().unwrap().times(b.parse().unwrap());
        let is = |text: &str| Some(text.parse::<Amount>().unwrap());
        assert_eq!(times("-1.5", "2"), is("-3"));
        assert_eq!(times("-1.5", "-0.02"), is("0.03"));
        assert_eq!(times("-1.5", "0"), is("0"));
        assert_eq!(times("1e-28", "1e-1"), None);
        assert_eq!(times("1e27", "10"), None);
        assert_eq!(times("3.333333333333333333333333333", "0.1"), is("0.3333333333333333333333333333"));
        assert_eq!(times("3.333333333333333333333333333", "0.01"), None);
        // 2 to the power of 93 and of -28: 48 digits together, and their product has 20.
        assert_eq!(
            times("9903520314283042199192993792", "0.0000000037252902984619140625"),
            is("36893488147419103232")
        );
        let sum = |amounts: &[&str]| Amount::sum(amounts.iter().map(|text| text.parse::<Amount>().unwrap()));
        assert_eq!(sum(&[]), is("0"));
        assert_eq!(sum(&["1e27", "1e-28", "-1e27"]), is("1e-28"));
        assert_eq!(sum(&["1e27", "1e-28"]), None);
        assert_eq!(sum(&["-0.5", "0.25", "-1"]), is("-1.25"));
        assert_eq!(sum(&["9999999999999999999999999999", "1"]), None);
        assert_eq!(sum(&["9999999999999999999999999999"]), Some(Amount::MAX));
    }

    #[test]
    fn a_sum_that_may_be_rounded_is_so_once_and_to_as_many_digits_as_there_are() {
        let sum = |amounts: &[&str]| {
            let amounts = amounts.iter().map(|text| text.parse::<Amount>().unwrap());
            Amount::rounded_sum(amounts).map(|sum| sum.to_string())
        };
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(sum(&[]), is("0"));
        assert_eq!(sum(&["0.5", "0.25", "1"]), is("1.75"));
        assert_eq!(sum(&["1e-28", "0"]), is("0.0000000000000000000000000001"));
        assert_eq!(sum(&["33.33333333333333333333333333", "1000000"]), is("1000033.333333333333333333333"));
        // Halfway it is the even one, and the halves of several do not get lost.
        assert_eq!(sum(&["1e27", "0.5"]), is("1000000000000000000000000000"));
        assert_eq!(sum(&["1e27", "1.5"]), is("1000000000000000000000000002"));
        assert_eq!(sum(&["1e27", "0.3", "0.3"]), is("1000000000000000000000000001"));
        assert_eq!(sum(&["9999999999999999999999999999", "0.4"]), is("9999999999999999999999999999"));
        assert_eq!(sum(&["9999999999999999999999999999", "0.5"]), None);
        assert_eq!(sum(&["9999999999999999999999999999", "1"]), None);
    }

    #[test]
    fn a_total_is_rounded_once_on_either_side_of_0_and_ends_with_the_largest_amount() {
        let total =
            |amounts: [&str; 3]| Amount::total(&amounts.map(|text| text.parse().unwrap())).to_string();
        let long = "1000000000000000000000000000";
        assert_eq!(total(["0.5", "0.25", "-2"]), "-1.25");
        assert_eq!(total([long, "0.4", "0.2"]), "1000000000000000000000000001");
        assert_eq!(total([&format!("-{long}"), "-0.4", "-0.2"]), "-1000000000000000000000000001");
        assert_eq!(total([&format!("-{long}"), "0.4", "-0.2"]), "-999999999999999999999999999.8");
        let most = Amount::MAX.to_string();
        assert_eq!(total([&most, &most, "-1"]), most);
        let least = format!("-{most}");
        assert_eq!(total([&least, "-1", "-1"]), least);
    }

    proptest! {
        #[test]
        fn a_sum_does_not_depend_on_the_order_and_goes_back(a in amount(), b in amount(), c in amount()) {
            prop_assert_eq!(Amount::sum([a, b, c]), Amount::sum([c, a, b]));
            prop_assert_eq!(Amount::sum([a, b, Amount::of(-b.decimal())]), Some(a));
            prop_assert_eq!(a.times(b), b.times(a));
            prop_assert_eq!(a.times(3.into()), Amount::sum([a, a, a]));
        }

        #[test]
        fn an_amount_is_the_same_after_text_and_disk(mantissa in any::<i64>(), scale in 0_u32..=28) {
            let amount = Amount::of(Decimal::try_from_i128_with_scale(mantissa.into(), scale).unwrap());
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            let bytes = bincode::encode_to_vec(amount, bincode::config::standard()).unwrap();
            prop_assert_eq!(bytes.len(), 16);
            let (read, _): (Amount, _) = bincode::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
            prop_assert_eq!(read, amount);
        }

        #[test]
        fn any_text_is_read_or_refused(said in "[-+.eE0-9]{0,40}") {
            let _ = said.parse::<Amount>();
        }
    }
}
