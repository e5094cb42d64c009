//! When something that comes around does so, in the UTC calendar.
//!
//! Every occurrence is counted from the first one, never from the one before it: 31 January, 28 February, 31 March.
//! Whatever the distance, an occurrence is calculated and not walked to.

use crate::error::FieldProblem;
use crate::model::rate::BillingFrequency;
use crate::model::recurring::RecurrenceFrequency;
use crate::model::scalar::Time;
use crate::model::schedule::ScheduleFrequency;

/// How far two occurrences are apart: 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// So many calendar months.
    Months(i64),
    /// So many days of 24 hours.
    Days(i64),
}

impl From<ScheduleFrequency> for Step {
    fn from(frequency: ScheduleFrequency) -> Self {
        match frequency {
            ScheduleFrequency::Monthly => Self::Months(1),
            ScheduleFrequency::Quarterly => Self::Months(3),
            ScheduleFrequency::SemiAnnual => Self::Months(6),
            ScheduleFrequency::Annual => Self::Months(12),
            ScheduleFrequency::Weekly => Self::Days(7),
        }
    }
}

impl From<BillingFrequency> for Step {
    fn from(frequency: BillingFrequency) -> Self {
        match frequency {
            BillingFrequency::Monthly => Self::Months(1),
            BillingFrequency::Quarterly => Self::Months(3),
            BillingFrequency::Annual => Self::Months(12),
            BillingFrequency::Weekly => Self::Days(7),
        }
    }
}

impl From<RecurrenceFrequency> for Step {
    fn from(frequency: RecurrenceFrequency) -> Self {
        match frequency {
            RecurrenceFrequency::Monthly => Self::Months(1),
            RecurrenceFrequency::Quarterly => Self::Months(3),
            RecurrenceFrequency::Annual => Self::Months(12),
            RecurrenceFrequency::Weekly => Self::Days(7),
            RecurrenceFrequency::Daily => Self::Days(1),
        }
    }
}

/// Moments that come around in both directions from an anchor, which is the one with number 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cycle {
    /// What is counted from.
    pub anchor: Time,
    /// How far two of them are apart.
    pub step: Step,
}

impl Cycle {
    pub fn new(anchor: Time, step: impl Into<Step>) -> Self {
        Self { anchor, step: step.into() }
    }

    /// The moment with that number; `None` beyond the calendar.
    pub fn nth(self, number: i64) -> Option<Time> {
        match self.step {
            Step::Months(months) => self.anchor.plus_months(number.checked_mul(months)?),
            Step::Days(days) => self.anchor.plus_days(number.checked_mul(days)?),
        }
    }

    /// The number of the last one at or before a moment.
    pub fn at_or_before(self, moment: Time) -> i64 {
        let number = match self.step {
            Step::Months(months) => self.anchor.months_to(moment).div_euclid(months),
            Step::Days(days) => {
                let day = i128::from(days) * 86_400_000_000_000;
                let number = self.anchor.nanoseconds_to(moment).div_euclid(day);
                return i64::try_from(number).unwrap_or_default();
            }
        };
        // It is in the moment's month, or in an earlier one; where in the month, the anchor's day says.
        let later = match self.nth(number) {
            Some(found) => found > moment,
            None => number > 0,
        };
        if later { number - 1 } else { number }
    }

    /// How many there are from the anchor on before that end, exclusive.
    pub fn count_before(self, end: Time) -> usize {
        if end <= self.anchor {
            return 0;
        }
        let last = self.at_or_before(end);
        let count = if self.nth(last) == Some(end) { last } else { last + 1 };
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// All of them from the anchor on before that end, exclusive.
    pub fn before(self, end: Time) -> impl Iterator<Item = Time> {
        (0..).map_while(move |number| self.nth(number).filter(|found| *found < end))
    }
}

/// What is wrong with a moment that has to be on the hour.
pub fn check_hour(time: Time) -> Option<FieldProblem> {
    let rule = "it has to be on the hour";
    (!time.is_on_the_hour()).then(|| FieldProblem::Value { value: time.to_string(), rule })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn days(cycle: Cycle, numbers: std::ops::Range<i64>) -> Vec<String> {
        numbers.map(|number| cycle.nth(number).unwrap().to_string()[..10].to_owned()).collect()
    }

    #[test]
    fn months_are_counted_from_the_first_and_not_from_the_one_before() {
        let monthly = Cycle::new(time("2025-01-31T05:00:00Z"), ScheduleFrequency::Monthly);
        assert_eq!(
            days(monthly, 0..5),
            ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]
        );
        assert_eq!(days(monthly, -2..0), ["2024-11-30", "2024-12-31"]);
        let leap = Cycle::new(time("2024-01-30T00:00:00Z"), ScheduleFrequency::Monthly);
        assert_eq!(days(leap, 0..3), ["2024-01-30", "2024-02-29", "2024-03-30"]);
        let yearly = Cycle::new(time("2024-02-29T00:00:00Z"), ScheduleFrequency::Annual);
        assert_eq!(
            days(yearly, 0..5),
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
        );
        let quarterly = Cycle::new(time("2023-11-30T00:00:00Z"), BillingFrequency::Quarterly);
        assert_eq!(days(quarterly, 0..3), ["2023-11-30", "2024-02-29", "2024-05-30"]);
        let half_yearly = Cycle::new(time("2023-08-31T00:00:00Z"), ScheduleFrequency::SemiAnnual);
        assert_eq!(days(half_yearly, 0..3), ["2023-08-31", "2024-02-29", "2024-08-31"]);
        let weekly = Cycle::new(time("2024-02-26T00:00:00Z"), RecurrenceFrequency::Weekly);
        assert_eq!(days(weekly, 0..3), ["2024-02-26", "2024-03-04", "2024-03-11"]);
    }

    #[test]
    fn the_calendar_ends() {
        let daily = Cycle::new(time("9999-12-29T00:00:00Z"), RecurrenceFrequency::Daily);
        assert_eq!((daily.nth(1).is_some(), daily.nth(2)), (true, None));
        assert_eq!(daily.before(Time::LAST).count(), 2);
        for step in [Step::Months(12), Step::Days(7)] {
            let cycle = Cycle::new(Time::UNIX_EPOCH, step);
            assert_eq!((cycle.nth(i64::MAX), cycle.nth(i64::MIN), cycle.nth(1 << 40)), (None, None, None));
        }
        // The moment's month has an occurrence, but beyond the last moment, or before the first.
        let last = Cycle::new(time("2025-01-31T00:00:00Z"), Step::Months(1));
        assert_eq!(last.nth(last.at_or_before(Time::LAST)), Some(time("9999-11-30T00:00:00Z")));
        let early = time("-009999-01-15T00:00:00Z");
        let first = Cycle::new(time("2025-01-01T00:00:00Z"), Step::Months(1));
        assert_eq!(first.nth(first.at_or_before(early) + 1), Some(time("-009999-02-01T00:00:00Z")));
    }

    fn any_time() -> impl Strategy<Value = Time> {
        (0..4_000_000_000_u64, prop::bool::ANY).prop_map(|(seconds, whole)| {
            let seconds = if whole { seconds / 86_400 * 86_400 } else { seconds };
            Time::UNIX_EPOCH.after(Duration::from_secs(seconds))
        })
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop::sample::select(vec![
            Step::Months(1),
            Step::Months(3),
            Step::Months(6),
            Step::Months(12),
            Step::Days(1),
            Step::Days(7),
        ])
    }

    proptest! {
        #[test]
        fn a_moment_is_between_the_occurrence_found_and_the_next(anchor in any_time(), moment in any_time(), step in any_step()) {
            let cycle = Cycle { anchor, step };
            let number = cycle.at_or_before(moment);
            prop_assert!(cycle.nth(number).unwrap() <= moment && moment < cycle.nth(number + 1).unwrap());
        }

        #[test]
        fn an_occurrence_is_found_at_itself(anchor in any_time(), number in -500..500_i64, step in any_step()) {
            let cycle = Cycle { anchor, step };
            prop_assert_eq!(cycle.at_or_before(cycle.nth(number).unwrap()), number);
        }

        #[test]
        fn the_count_is_that_of_the_walk(anchor in any_time(), length in 0..200_000_u64, step in any_step()) {
            let cycle = Cycle { anchor, step };
            let end = anchor.after(Duration::from_secs(length * 3_600));
            prop_assert_eq!(cycle.count_before(end), cycle.before(end).count());
        }
    }
}
