//! The scalars that records are made of.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
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

    /// What the system's clock says now.
    #[must_use]
    pub fn now() -> Self {
        Self(Timestamp::now())
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
