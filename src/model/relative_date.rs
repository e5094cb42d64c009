//! Lengths of time in whole units of the calendar, from a date that is not known yet.

use serde::{Deserialize, Serialize};

use super::scalar::Time;
use super::word::words;

words! {
    /// The unit of a length of time.
    DurationUnit {
        /// Days of 24 hours.
        Days "DAYS",
        /// Weeks of seven days.
        Weeks "WEEKS",
        /// Calendar months, in UTC.
        Months "MONTHS",
        /// Calendar years, in UTC.
        Years "YEARS",
    }
}

/// A length of time in whole units: how long something lasts, or how long after something else it is. The API's
/// `RelativeDate`. Source: `metronome-api.md` §7.
///
/// In a [package](crate::Package) it stands wherever a contract has a date. Where something starts, or is charged, it
/// is counted from the contract's start, and may be 0; where something ends, it says how long that lasts, counted from
/// its own start, and is 1 or more. Months and years go by the calendar: one month after 31 January is the last of
/// February.
///
/// ```
/// use billfold::{DurationUnit, RelativeDate};
///
/// let a_year = RelativeDate { value: 1, unit: DurationUnit::Years };
/// assert_eq!(a_year, RelativeDate::years(1));
/// assert_eq!(RelativeDate::at_start(), RelativeDate::days(0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct RelativeDate {
    /// How many units.
    pub value: u32,
    /// Of which kind.
    pub unit: DurationUnit,
}

impl RelativeDate {
    /// So many days.
    #[must_use]
    pub const fn days(value: u32) -> Self {
        Self { value, unit: DurationUnit::Days }
    }

    /// So many calendar months.
    #[must_use]
    pub const fn months(value: u32) -> Self {
        Self { value, unit: DurationUnit::Months }
    }

    /// So many calendar years.
    #[must_use]
    pub const fn years(value: u32) -> Self {
        Self { value, unit: DurationUnit::Years }
    }

    /// The very start.
    #[must_use]
    pub const fn at_start() -> Self {
        Self::days(0)
    }

    /// The moment that it is after another one; `None` beyond the calendar.
    pub(crate) fn after(self, start: Time) -> Option<Time> {
        let value = i64::from(self.value);
        match self.unit {
            DurationUnit::Days => start.plus_days(value),
            DurationUnit::Weeks => start.plus_days(value * 7),
            DurationUnit::Months => start.plus_months(value),
            DurationUnit::Years => start.plus_months(value * 12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_by_the_calendar_and_not_beyond_it() {
        let start: Time = "2024-01-31T05:00:00Z".parse().unwrap();
        let after = |value, unit| RelativeDate { value, unit }.after(start).map(|time| time.to_string());
        assert_eq!(after(0, DurationUnit::Months).as_deref(), Some("2024-01-31T05:00:00Z"));
        assert_eq!(after(29, DurationUnit::Days).as_deref(), Some("2024-02-29T05:00:00Z"));
        assert_eq!(after(2, DurationUnit::Weeks).as_deref(), Some("2024-02-14T05:00:00Z"));
        assert_eq!(after(1, DurationUnit::Months).as_deref(), Some("2024-02-29T05:00:00Z"));
        assert_eq!(after(1, DurationUnit::Years).as_deref(), Some("2025-01-31T05:00:00Z"));
        assert_eq!(after(u32::MAX, DurationUnit::Days), None);
        assert_eq!(after(u32::MAX, DurationUnit::Years), None);
    }
}
