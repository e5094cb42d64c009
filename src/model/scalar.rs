//! The scalars that records are made of.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, exact to the nanosecond, from year -9999 to year 9999.
///
/// As text and in JSON it is RFC 3339 (`2025-02-01T00:00:00Z`); an offset is understood and turned into
/// UTC. On disk it takes 12 bytes.
///
/// ```
/// use billfold::Time;
///
/// let start: Time = "2025-02-01T01:00:00+01:00".parse()?;
/// assert_eq!(start.to_string(), "2025-02-01T00:00:00Z");
/// assert!("2025-02-30T00:00:00Z".parse::<Time>().is_err());
/// # Ok::<(), billfold::TimeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Timestamp);

/// A text that is no RFC 3339 moment, or one outside the range of [`Time`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a moment in RFC 3339 form, such as 2025-02-01T00:00:00Z: {reason}")]
pub struct TimeError {
    /// The text that was given.
    pub text: String,
    reason: String,
}

impl Time {
    /// 1 January 1970, 00:00 UTC.
    pub const UNIX_EPOCH: Self = Self(Timestamp::UNIX_EPOCH);

    /// What the system's clock says now, cut to the millisecond, as the API's times are.
    #[must_use]
    pub fn now() -> Self {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).map_or(Self(now), Self)
    }

    /// Whole seconds since 1970 and the nanoseconds beyond them, both negative before 1970.
    #[must_use]
    pub fn unix(self) -> (i64, i32) {
        (self.0.as_second(), self.0.subsec_nanosecond())
    }

    /// The moment `later` after this one, or the last one there is.
    ///
    /// ```
    /// use billfold::Time;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Time::UNIX_EPOCH.after(Duration::from_secs(90)).to_string(), "1970-01-01T00:01:30Z");
    /// ```
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self(self.0.checked_add(later).unwrap_or(Timestamp::MAX))
    }

    /// Whether a UTC hour begins at this very moment. Much of the API is scheduled by the hour.
    ///
    /// ```
    /// use billfold::Time;
    ///
    /// assert!("2025-02-01T13:00:00Z".parse::<Time>()?.is_on_the_hour());
    /// assert!(!"2025-02-01T13:00:00.001Z".parse::<Time>()?.is_on_the_hour());
    /// # Ok::<(), billfold::TimeError>(())
    /// ```
    #[must_use]
    pub fn is_on_the_hour(self) -> bool {
        self.0.as_second().rem_euclid(3_600) == 0 && self.0.subsec_nanosecond() == 0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.parse()
            .map(Self)
            .map_err(|reason: jiff::Error| TimeError { text: text.to_owned(), reason: reason.to_string() })
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Eight bytes of seconds, four of nanoseconds, big-endian whatever bincode is told.
impl bincode::Encode for Time {
    fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        let (seconds, nanoseconds) = self.unix();
        seconds.to_be_bytes().encode(encoder)?;
        nanoseconds.to_be_bytes().encode(encoder)
    }
}

impl<Context> bincode::Decode<Context> for Time {
    fn decode<D: bincode::de::Decoder<Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        let seconds = i64::from_be_bytes(bincode::Decode::decode(decoder)?);
        let nanoseconds = i32::from_be_bytes(bincode::Decode::decode(decoder)?);
        Timestamp::new(seconds, nanoseconds)
            .map(Self)
            .map_err(|_| bincode::error::DecodeError::Other("a moment out of range"))
    }
}

bincode::impl_borrow_decode!(Time);

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
#[error("{text:?} is not a decimal number of up to 28 digits")]
pub struct AmountError {
    /// The text that was given.
    pub text: String,
}

impl Amount {
    /// 0.
    pub const ZERO: Self = Self(Decimal::ZERO);

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

    proptest! {
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
