//! When the usage of a contract is invoiced: the periods of its statements.

use super::calendar::Cycle;
use crate::error::{Fault, FieldProblem};
use crate::model::scalar::Time;
use crate::model::statement::{CreateStatementSchedule, StatementDay, StatementSchedule};

/// What is wrong with a statement schedule that is to be; `at` stands in front of the names of its fields.
pub fn faults(at: &str, schedule: &CreateStatementSchedule) -> Vec<Fault> {
    let problem = match (schedule.day, schedule.billing_anchor_date) {
        (StatementDay::CustomDate, None) => {
            FieldProblem::Missing { rule: "CUSTOM_DATE counts periods from a date" }
        }
        (StatementDay::FirstOfMonth | StatementDay::ContractStart, Some(_)) => {
            FieldProblem::NotAllowed { rule: "it is for CUSTOM_DATE" }
        }
        _ => return Vec::new(),
    };
    vec![problem.at(format!("{at}billing_anchor_date"))]
}

/// What is stored of a statement schedule that has no faults.
///
/// The first of the month is that of the contract's start, at 00:00 UTC: quarters and years of statements are
/// counted from there, and so are weeks.
pub fn resolve(schedule: &CreateStatementSchedule, contract_start: Time) -> StatementSchedule {
    let anchor = match schedule.day {
        StatementDay::FirstOfMonth => contract_start.first_of_month(),
        StatementDay::ContractStart => None,
        StatementDay::CustomDate => schedule.billing_anchor_date,
    };
    StatementSchedule {
        frequency: schedule.frequency,
        billing_anchor_date: anchor.unwrap_or(contract_start),
        invoice_generation_starting_at: schedule.invoice_generation_starting_at,
    }
}

/// From when on there are statements of a contract that starts there.
pub fn first_moment(schedule: &StatementSchedule, contract_start: Time) -> Time {
    schedule.invoice_generation_starting_at.map_or(contract_start, |from| from.max(contract_start))
}

/// The moments at which one statement's period ends and the next one's begins.
pub fn boundaries(schedule: &StatementSchedule) -> Cycle {
    Cycle::new(schedule.billing_anchor_date, schedule.frequency)
}

/// The periods of statements from one moment to another, or to the end of the calendar: each begins where the one
/// before it ends. The first one begins at `from`, wherever in a period that is, and the last one ends at `to`.
pub fn periods(
    schedule: &StatementSchedule,
    from: Time,
    to: Option<Time>,
) -> impl Iterator<Item = (Time, Time)> + use<> {
    let boundaries = boundaries(schedule);
    let to = to.unwrap_or(Time::LAST);
    let mut number = boundaries.at_or_before(from);
    let mut start = from;
    std::iter::from_fn(move || {
        if start >= to {
            return None;
        }
        number += 1;
        let end = boundaries.nth(number).map_or(to, |next| next.min(to));
        Some((std::mem::replace(&mut start, end), end))
    })
}

/// The period from the boundary with that number to the next one, of those that [`periods`] tells; `None` where there
/// is none.
pub fn period(
    schedule: &StatementSchedule,
    from: Time,
    to: Option<Time>,
    number: i64,
) -> Option<(Time, Time)> {
    let boundaries = boundaries(schedule);
    let to = to.unwrap_or(Time::LAST);
    let first = boundaries.at_or_before(from);
    let start = if number == first { from } else { boundaries.nth(number).filter(|_| number > first)? };
    let end = boundaries.nth(number.checked_add(1)?).map_or(to, |next| next.min(to));
    (start < end).then_some((start, end))
}

/// The periods before, around and after a moment, of those that [`periods`] tells; none where there is none. Before
/// all of them the first one is the one after, and behind them the last one is the one before.
#[cfg(feature = "wire")]
pub fn around(
    schedule: &StatementSchedule,
    from: Time,
    to: Option<Time>,
    at: Time,
) -> [Option<(Time, Time)>; 3] {
    let last = to.unwrap_or(Time::LAST);
    let number = boundaries(schedule).at_or_before(at.clamp(from.min(last), last));
    let period = |number| period(schedule, from, to, number);
    if at < from {
        return [None, None, period(number)];
    }
    let near = [period(number - 1), period(number), period(number + 1)];
    match near {
        [_, Some(last), _] if last.1 <= at => [Some(last), None, None],
        near => near,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rate::BillingFrequency;
    use proptest::prelude::*;
    use std::time::Duration;

    use BillingFrequency::{Annual, Monthly, Quarterly, Weekly};

    fn time(text: &str) -> Time {
        format!("{text}:00:00Z").parse().unwrap()
    }

    fn asked(
        frequency: BillingFrequency,
        day: StatementDay,
        anchor: Option<&str>,
    ) -> CreateStatementSchedule {
        CreateStatementSchedule {
            frequency,
            day,
            billing_anchor_date: anchor.map(time),
            invoice_generation_starting_at: None,
        }
    }

    fn days(schedule: &CreateStatementSchedule, start: &str, end: Option<&str>, count: usize) -> Vec<String> {
        let resolved = resolve(schedule, time(start));
        let periods = periods(&resolved, time(start), end.map(time)).take(count);
        periods
            .map(|(start, end)| format!("{} {}", &start.to_string()[..13], &end.to_string()[..13]))
            .collect()
    }

    #[test]
    fn a_date_is_for_custom_date_which_needs_one() {
        let fields = |day, anchor| -> Vec<String> {
            faults("usage_statement_schedule.", &asked(Monthly, day, anchor))
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert!(fields(StatementDay::FirstOfMonth, None).is_empty());
        assert!(fields(StatementDay::ContractStart, None).is_empty());
        assert!(fields(StatementDay::CustomDate, Some("2024-09-10T00")).is_empty());
        for (day, anchor, words) in [
            (StatementDay::FirstOfMonth, Some("2024-09-10T00"), "not allowed here"),
            (StatementDay::ContractStart, Some("2024-09-10T00"), "not allowed here"),
            (StatementDay::CustomDate, None, "missing"),
        ] {
            let found = fields(day, anchor);
            let start = format!("usage_statement_schedule.billing_anchor_date: {words}");
            assert!(found.len() == 1 && found[0].starts_with(&start), "{found:?}");
        }
    }

    #[test]
    fn periods_are_counted_from_the_day_that_was_chosen() {
        // The seed's contract, and the example of the API's reference.
        let seed = asked(Monthly, StatementDay::ContractStart, None);
        assert_eq!(
            days(&seed, "2024-11-01T00", None, 2),
            ["2024-11-01T00 2024-12-01T00", "2024-12-01T00 2025-01-01T00"]
        );
        let custom = asked(Monthly, StatementDay::CustomDate, Some("2024-09-10T00"));
        assert_eq!(
            days(&custom, "2024-09-15T00", None, 2),
            ["2024-09-15T00 2024-10-10T00", "2024-10-10T00 2024-11-10T00"]
        );
        let later = asked(Monthly, StatementDay::CustomDate, Some("2025-01-31T00"));
        assert_eq!(
            days(&later, "2024-11-15T06", Some("2025-01-15T00"), 9),
            ["2024-11-15T06 2024-11-30T00", "2024-11-30T00 2024-12-31T00", "2024-12-31T00 2025-01-15T00"]
        );
        let first = asked(Quarterly, StatementDay::FirstOfMonth, None);
        assert_eq!(days(&first, "2024-11-15T06", Some("2025-02-01T00"), 9), ["2024-11-15T06 2025-02-01T00"]);
        let leap = asked(Annual, StatementDay::ContractStart, None);
        assert_eq!(
            days(&leap, "2024-02-29T07", Some("2026-03-01T00"), 9),
            ["2024-02-29T07 2025-02-28T07", "2025-02-28T07 2026-02-28T07", "2026-02-28T07 2026-03-01T00"]
        );
    }

    #[test]
    fn there_are_none_in_no_time_and_the_calendar_ends() {
        let weekly = asked(Weekly, StatementDay::ContractStart, None);
        assert!(days(&weekly, "2024-11-01T00", Some("2024-11-01T00"), 9).is_empty());
        assert!(days(&weekly, "2024-11-01T00", Some("2024-10-01T00"), 9).is_empty());
        let last = resolve(&weekly, time("9999-12-20T00"));
        let all: Vec<_> = periods(&last, time("9999-12-20T00"), None).collect();
        assert_eq!((all.len(), all[1].1), (2, Time::LAST));
    }

    #[test]
    fn behind_the_last_period_of_the_calendar_there_is_none() {
        let schedule = resolve(&asked(Monthly, StatementDay::ContractStart, None), time("9999-11-01T00"));
        let from = time("9999-11-01T00");
        let last = period(&schedule, from, None, 1);
        assert_eq!(last, Some((time("9999-12-01T00"), Time::LAST)));
        for number in [i64::MIN, -1, 2, i64::MAX] {
            assert_eq!(period(&schedule, from, None, number), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn periods_tile_what_is_asked_for(
            anchor in 0..800_000_u64,
            from in 0..800_000_u64,
            length in 1..20_000_u64,
            frequency in prop::sample::select(vec![Monthly, Quarterly, Annual, Weekly]),
        ) {
            let hour = |hours: u64| Time::UNIX_EPOCH.after(Duration::from_secs(hours * 3_600));
            let schedule = StatementSchedule {
                frequency,
                billing_anchor_date: hour(anchor),
                invoice_generation_starting_at: None,
            };
            let (from, to) = (hour(from), hour(from + length));
            let all: Vec<_> = periods(&schedule, from, Some(to)).collect();
            prop_assert_eq!((all[0].0, all[all.len() - 1].1), (from, to));
            prop_assert!(all.iter().all(|(start, end)| start < end));
            prop_assert!(all.windows(2).all(|pair| pair[0].1 == pair[1].0));
            // Every cut inside is a boundary, and every boundary is a cut.
            let cycle = boundaries(&schedule);
            let first = cycle.at_or_before(from);
            let numbered = |number| period(&schedule, from, Some(to), number);
            prop_assert_eq!(&(first..).map_while(numbered).collect::<Vec<_>>(), &all);
            prop_assert_eq!(numbered(first - 1), None);
            prop_assert!(all.windows(2).all(|pair| cycle.nth(cycle.at_or_before(pair[0].1)) == Some(pair[0].1)));
            let inside = cycle.at_or_before(to) - cycle.at_or_before(from);
            let at_the_end = cycle.nth(cycle.at_or_before(to)) == Some(to);
            prop_assert_eq!(all.len() as i64, inside + 1 - i64::from(at_the_end));
        }

        #[cfg(feature = "wire")]
        #[test]
        fn the_periods_around_a_moment_are_found_without_walking_there(
            anchor in 0..20_000_u64,
            from in 0..20_000_u64,
            length in 0..10_000_u64,
            at in 0..40_000_u64,
            frequency in prop::sample::select(vec![Monthly, Quarterly, Annual, Weekly]),
        ) {
            let hour = |hours: u64| Time::UNIX_EPOCH.after(Duration::from_secs(hours * 3_600));
            let schedule = StatementSchedule {
                frequency,
                billing_anchor_date: hour(anchor),
                invoice_generation_starting_at: None,
            };
            let (from, to, at) = (hour(from), hour(from + length), hour(at));
            let all: Vec<_> = periods(&schedule, from, Some(to)).collect();
            let mut over = all.iter().filter(|(_, end)| *end <= at);
            let current = all.iter().find(|(start, end)| *start <= at && at < *end);
            let to_come = all.iter().find(|(start, _)| at < *start);
            let expected = [over.next_back().copied(), current.copied(), to_come.copied()];
            prop_assert_eq!(around(&schedule, from, Some(to), at), expected);
        }
    }
}
