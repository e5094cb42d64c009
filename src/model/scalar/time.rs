//! Moments.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::short;
use jiff::civil::Time as Clock;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, exact to the nanosecond, from 2 January of year -9999 to 30 December of year 9999.
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
#[error("{} is not a moment in RFC 3339 form, such as 2025-02-01T00:00:00Z: {reason:.200}", short(text))]
pub struct TimeError {
    /// The text that was given.
    pub text: String,
    reason: String,
}

impl Time {
    /// 1 January 1970, 00:00 UTC.
    pub const UNIX_EPOCH: Self = Self(Timestamp::UNIX_EPOCH);
    /// The first moment there is.
    pub(crate) const FIRST: Self = Self(Timestamp::MIN);
    /// The last moment there is.
    pub(crate) const LAST: Self = Self(Timestamp::MAX);

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

    /// The moment of that [`unix`](Self::unix) time.
    pub(crate) fn of_unix(seconds: i64, nanoseconds: i32) -> Option<Self> {
        Timestamp::new(seconds, nanoseconds).ok().map(Self)
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
        self.0.checked_add(later).map_or(Self::LAST, Self)
    }

    /// That many days of 24 hours later, or earlier; `None` beyond the range.
    pub(crate) fn plus_days(self, days: i64) -> Option<Self> {
        let days = SignedDuration::from_secs(days.checked_mul(86_400)?);
        self.0.checked_add(days).ok().map(Self)
    }

    /// The same day and clock that many UTC calendar months later, or earlier; the month's last day where it has no
    /// such day. `None` beyond the range.
    pub(crate) fn plus_months(self, months: i64) -> Option<Self> {
        let months = Span::new().try_months(months).ok()?;
        let date = TimeZone::UTC.to_datetime(self.0).checked_add(months).ok()?;
        TimeZone::UTC.to_timestamp(date).ok().map(Self)
    }

    /// How many calendar months the month of `later` is after this one's in UTC, wherever in them both are.
    pub(crate) fn months_to(self, later: Self) -> i64 {
        let month = |time: Self| {
            let date = TimeZone::UTC.to_datetime(time.0);
            i64::from(date.year()) * 12 + i64::from(date.month())
        };
        month(later) - month(self)
    }

    /// How many nanoseconds `later` is after this moment; negative where it is before.
    pub(crate) fn nanoseconds_to(self, later: Self) -> i128 {
        later.0.as_nanosecond() - self.0.as_nanosecond()
    }

    /// When the UTC month begins; `None` for the first month there is, whose begin is out of range.
    pub(crate) fn first_of_month(self) -> Option<Self> {
        let date = TimeZone::UTC.to_datetime(self.0).date().first_of_month();
        TimeZone::UTC.to_timestamp(date.to_datetime(Clock::midnight())).ok().map(Self)
    }

    /// When the UTC day begins; the first moment there is on its day, whose begin is out of range.
    pub(crate) fn first_of_day(self) -> Self {
        let (seconds, nanoseconds) = self.unix();
        // Before 1970 both are negative: the second that has begun is the one before.
        let second = seconds - i64::from(nanoseconds < 0);
        Self::of_unix(second.div_euclid(86_400) * 86_400, 0).unwrap_or(Self::FIRST)
    }

    /// How long after `earlier` this moment is; nothing where it is before it.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
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
        let error = |reason: String| TimeError { text: text.to_owned(), reason };
        // jiff knows many more forms, and takes a leap second for the one before it.
        if !has_the_form(text) {
            return Err(error("it has another form".to_owned()));
        }
        text.parse().map(Self).map_err(|reason: jiff::Error| error(reason.to_string()))
    }
}

/// Whether a text is written as RFC 3339 has it: `2025-02-01T00:00:00.5+01:00`. A year beyond four digits has a
/// sign and six, which is how such a moment is shown.
fn has_the_form(text: &str) -> bool {
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((date, clock)) = text.split_once(['T', 't']) else { return false };
    let (year, date) = match date.strip_prefix(['+', '-']) {
        Some(date) => (6, date),
        None => (4, date),
    };
    let clock = clock.strip_suffix(['Z', 'z']).or_else(|| {
        let (clock, offset) = clock.split_at_checked(clock.len().checked_sub("+00:00".len())?)?;
        let (hours, minutes) = offset.strip_prefix(['+', '-'])?.split_once(':')?;
        (digits(hours, 2) && digits(minutes, 2)).then_some(clock)
    });
    let Some(clock) = clock else { return false };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let date: Vec<_> = date.split('-').collect();
    let clock: Vec<_> = clock.split(':').collect();
    let dated = matches!(date[..], [y, m, d] if digits(y, year) && digits(m, 2) && digits(d, 2));
    let timed = matches!(clock[..], [h, m, s] if digits(h, 2) && digits(m, 2) && digits(s, 2) && s != "60");
    dated && timed && !fraction.is_empty() && digits(fraction, fraction.len())
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339_has_it_and_in_no_other_way() {
        for text in [
            "2025-02-01T00:00:00Z",
            "2025-02-01t00:00:00z",
            "2025-02-01T00:00:00.123456789Z",
            "2025-02-01T00:00:00+01:00",
            "2024-11-01T00:00:00.000Z",
        ] {
            assert!(text.parse::<Time>().is_ok(), "{text}");
        }
        for text in [
            "",
            "T",
            "20250201T000000Z",
            "2025-02-01",
            "2025-02-01T00Z",
            "2025-02-01T00:00Z",
            "2025-02-01T00:00:00",
            "2025-02-01 00:00:00Z",
            "2025-02-01T00:00:00Z[UTC]",
            "2025-02-01T00:00:00[Europe/Berlin]",
            "2025-02-01T00:00:00,5Z",
            "2025-02-01T00:00:00.Z",
            "2025-02-01T00:00:00+01",
            "2025-02-01T23:59:60Z",
            "2025-02-30T00:00:00Z",
            "2025-02-01T24:00:00Z",
            "+2025-02-01T00:00:00Z",
            "2025-02-01T00:00:00é1:00",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        let day = |text: &str| text.parse::<Time>().unwrap().first_of_day().to_string();
        assert_eq!(day("2025-02-01T00:00:00Z"), "2025-02-01T00:00:00Z");
        assert_eq!(day("2025-02-01T23:59:59.999Z"), "2025-02-01T00:00:00Z");
        for moment in ["1969-12-31T00:00:00Z", "1969-12-31T00:00:00.5Z", "1969-12-31T23:59:59.5Z"] {
            assert_eq!(day(moment), "1969-12-31T00:00:00Z");
        }
        assert_eq!(Time::FIRST.first_of_day(), Time::FIRST);
    }

    proptest! {
        #[test]
        fn every_moment_is_the_same_after_its_text(seconds in -377_705_023_201_i64..=253_402_207_200, nano in 0..=999_999_999_u64) {
            let time = Time(Timestamp::new(seconds, 0).unwrap()).after(Duration::from_nanos(nano));
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+:.TZtz0-9]{0,40}|\\PC{0,40}") {
            let _ = text.parse::<Time>();
        }
    }
}
