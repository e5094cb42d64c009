//! What a recurring commit or credit gives, period by period.

use super::change::{Settled, terms_at};
use super::period::{Period, Periods};
use crate::model::recurring::{Grant, Recurring};
use crate::model::scalar::{Amount, Time};
use crate::model::statement::StatementSchedule;

/// The grants of a recurring commit or credit, one after the other: without an end, to the end of the calendar.
///
/// **When.** Those with a frequency of their own begin at `starting_at` and every period from there. Those without
/// begin at `starting_at` and then with every usage statement. A grant begins before the end, which is the earlier
/// one of its own and its contract's. It can be drawn from for `commit_duration` periods, also beyond the end of its
/// own, which says when there are no more new ones; but not beyond the contract's.
///
/// **What.** A grant is of the terms with the updates that were made at or before its begin. So a grant that has
/// begun stays as it is, and one that would have begun while there was an end is not made up for when the end is
/// moved. Its number is that of its period, so that it does not change either.
///
/// **How much.** Unit price times quantity, which `quantity_at` the grant's begin says where a subscription does. The
/// first is smaller where it begins within a period of statements, the last where the end is within its period, as
/// far as `proration` says so: by the time that is missing of the whole period. It is rounded once, as
/// `proration_rounding` says, else to the even one of the two nearest of 28 digits; likewise what a subscription's
/// quantity makes more digits of than there is room for. More than 28 digits before the point are the largest amount
/// there is.
///
/// `from` is the number of the first one that is wanted: those before it are not worked out.
pub fn grants<'r>(
    recurring: &'r Recurring,
    statements: &StatementSchedule,
    contract_end: Option<Time>,
    from: u32,
    quantity_at: impl Fn(Time) -> Amount + 'r,
) -> impl Iterator<Item = Grant> + 'r {
    let periods = Periods::of(&recurring.terms, statements);
    let contract_end = contract_end.unwrap_or(Time::LAST);
    let settled = Settled::of(recurring);
    let starts = (from..=u32::MAX).map_while(move |number| {
        let start = periods.start(number)?;
        let more = start < contract_end && !settled.over_at(start);
        more.then_some((number, start))
    });
    starts.filter_map(move |(number, start)| {
        let terms = terms_at(recurring, start);
        let end = terms.ending_before.map_or(contract_end, |own| own.min(contract_end));
        let period = Period { start, end, whole: periods.whole(number) };
        let subscribed = recurring.subscription_config.is_some().then(|| quantity_at(start));
        (start < end).then(|| Grant {
            number,
            starting_at: start,
            ending_before: periods.end_after(number, terms.commit_duration).min(contract_end),
            amount: period.amount(
                terms.proration,
                &terms.access_amount,
                subscribed,
                terms.proration_rounding.access,
            ),
            invoice_amount: terms.invoice_amount.as_ref().map(|charged| {
                period.amount(terms.proration, charged, None, terms.proration_rounding.invoice)
            }),
            rate_type: terms.terms.rate_type,
        })
    })
}

/// The number from which on [`grants`] begin at a moment or later.
pub fn first_grant_from(recurring: &Recurring, statements: &StatementSchedule, moment: Time) -> u32 {
    Periods::of(&recurring.terms, statements).number_from(moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{ContractProductId, SubscriptionId};
    use crate::model::balance::{BalanceTerms, RateChoice};
    use crate::model::credit_type::CreditType;
    use crate::model::rate::BillingFrequency;
    use crate::model::recurring::{
        ProrationRounding, ProrationRoundingMethod, RecurrenceFrequency, RecurringAmount, RecurringChanges,
        RecurringProration, RecurringRounding, RecurringTerms, SeatAllocation, SubscriptionConfig,
    };
    use crate::rules::recurring::{end, update};
    use crate::rules::statement::{boundaries, periods};
    use proptest::prelude::*;
    use std::time::Duration;
    use uuid::Uuid;

    use RecurringProration::{First, FirstAndLast, Last};

    fn day(text: &str) -> Time {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    /// Statements on the first of every month.
    fn monthly() -> StatementSchedule {
        StatementSchedule {
            frequency: BillingFrequency::Monthly,
            billing_anchor_date: day("2025-01-01"),
            invoice_generation_starting_at: None,
        }
    }

    fn given(unit_price: i64) -> RecurringAmount {
        RecurringAmount {
            unit_price: unit_price.into(),
            quantity: Some(1.into()),
            credit_type_id: CreditType::USD_CENTS,
        }
    }

    fn recurring(unit_price: i64, (start, end): (&str, Option<&str>)) -> Recurring {
        Recurring {
            terms: RecurringTerms {
                terms: BalanceTerms::new(ContractProductId::from(Uuid::from_u128(1))),
                access_amount: given(unit_price),
                invoice_amount: None,
                starting_at: day(start),
                ending_before: end.map(day),
                commit_duration: 1,
                recurrence_frequency: None,
                proration: FirstAndLast,
                proration_rounding: RecurringRounding::default(),
            },
            subscription_config: None,
            updates: Vec::new(),
            created_at: day("2024-12-01"),
        }
    }

    fn own(frequency: RecurrenceFrequency, mut recurring: Recurring) -> Recurring {
        recurring.terms.recurrence_frequency = Some(frequency);
        recurring
    }

    fn none_asked(_: Time) -> Amount {
        panic!("no subscription says how many there are")
    }

    fn all(recurring: &Recurring, contract_end: Option<&str>) -> Vec<Grant> {
        grants(recurring, &monthly(), contract_end.map(day), 0, none_asked).take(20).collect()
    }

    /// The days on which grants begin, and what they give.
    fn told(recurring: &Recurring, contract_end: Option<&str>) -> Vec<(String, String)> {
        let grants = all(recurring, contract_end);
        let text = |grant: &Grant| (grant.starting_at.to_string()[..10].to_owned(), grant.amount.to_string());
        grants.iter().map(text).collect()
    }

    fn amounts(recurring: &Recurring) -> Vec<String> {
        told(recurring, None).into_iter().map(|(_, amount)| amount).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(day, amount)| ((*day).to_owned(), (*amount).to_owned())).collect()
    }

    #[test]
    fn with_a_frequency_of_its_own_periods_are_counted_from_its_start() {
        let monthly = own(RecurrenceFrequency::Monthly, recurring(100, ("2025-01-31", Some("2025-04-30"))));
        assert_eq!(
            told(&monthly, None),
            pairs(&[("2025-01-31", "100"), ("2025-02-28", "100"), ("2025-03-31", "100")])
        );
        let ends: Vec<_> = all(&monthly, None).iter().map(|grant| grant.ending_before).collect();
        assert_eq!(ends, ["2025-02-28", "2025-03-31", "2025-04-30"].map(day));
        let annual = own(RecurrenceFrequency::Annual, recurring(365, ("2025-06-01", Some("2026-06-11"))));
        assert_eq!(told(&annual, None), pairs(&[("2025-06-01", "365"), ("2026-06-01", "10")]));
        let daily = own(RecurrenceFrequency::Daily, recurring(24, ("2025-06-01", Some("2025-06-03"))));
        assert_eq!(amounts(&daily), ["24", "24"]);
        let weekly = own(RecurrenceFrequency::Weekly, recurring(7, ("2025-06-01", Some("2025-06-09"))));
        assert_eq!(amounts(&weekly), ["7", "1"]);
        let quarterly = own(RecurrenceFrequency::Quarterly, recurring(9, ("2025-06-01", Some("2025-09-02"))));
        assert_eq!(told(&quarterly, Some("2025-09-01")), pairs(&[("2025-06-01", "9")]));
    }

    #[test]
    fn without_one_they_are_those_of_the_statements_and_what_is_cut_short_is_smaller() {
        // 15 of January's 31 days, and 10 of March's.
        let mut cut = recurring(310, ("2025-01-17", Some("2025-03-11")));
        for (proration, expected) in [
            (FirstAndLast, ["150", "310", "100"]),
            (First, ["150", "310", "310"]),
            (Last, ["310", "310", "100"]),
            (RecurringProration::None, ["310", "310", "310"]),
        ] {
            cut.terms.proration = proration;
            assert_eq!(amounts(&cut), expected);
        }
        let days: Vec<_> = all(&cut, None).iter().map(|grant| grant.starting_at).collect();
        assert_eq!(days, ["2025-01-17", "2025-02-01", "2025-03-01"].map(day));
        // What ends with a period is whole.
        assert_eq!(amounts(&recurring(310, ("2025-01-01", Some("2025-03-01")))), ["310", "310"]);
    }

    #[test]
    fn one_grant_may_be_the_first_and_the_last() {
        let mut only = recurring(310, ("2025-01-17", Some("2025-01-27")));
        for (proration, expected) in
            [(FirstAndLast, "100"), (First, "150"), (Last, "260"), (RecurringProration::None, "310")]
        {
            only.terms.proration = proration;
            assert_eq!(amounts(&only), [expected]);
        }
    }

    #[test]
    fn what_is_charged_is_prorated_and_rounded_by_itself() {
        let mut cut = recurring(100, ("2025-01-17", Some("2025-03-01")));
        cut.terms.invoice_amount = Some(given(310));
        cut.terms.proration_rounding.invoice =
            Some(ProrationRounding { rounding_method: ProrationRoundingMethod::Floor, decimal_places: -2 });
        let charged: Vec<_> = all(&cut, None).iter().map(|grant| grant.invoice_amount).collect();
        assert_eq!(charged, [Some(100.into()), Some(310.into())]);
    }

    #[test]
    fn a_grant_lasts_beyond_its_own_end_but_not_beyond_the_contracts() {
        let mut long = recurring(310, ("2025-01-17", Some("2025-03-01")));
        long.terms.commit_duration = 3;
        let ends = |contract_end| -> Vec<_> {
            all(&long, contract_end).iter().map(|grant| grant.ending_before).collect()
        };
        assert_eq!(ends(None), ["2025-04-01", "2025-05-01"].map(day));
        assert_eq!(ends(Some("2025-04-15")), ["2025-04-01", "2025-04-15"].map(day));
        assert_eq!(ends(Some("2025-02-01")), ["2025-02-01"].map(day));
        assert!(ends(Some("2025-01-17")).is_empty());
        let mut for_ever = recurring(310, ("2025-01-01", Some("2025-02-01")));
        for_ever.terms.commit_duration = u32::MAX;
        assert_eq!(all(&for_ever, None)[0].ending_before, Time::LAST);
    }

    #[test]
    fn an_update_counts_for_grants_that_begin_when_it_was_made_or_later() {
        let price = |price: i64, rate| RecurringChanges {
            access_unit_price: Some(price.into()),
            rate_type: rate,
            ..Default::default()
        };
        let before = recurring(100, ("2025-01-01", Some("2025-05-01")));
        let after = update(&before, &price(200, Some(RateChoice::ListRate)), day("2025-02-10"));
        let after = update(&after, &price(300, None), day("2025-04-01"));
        assert_eq!(amounts(&after), ["100", "100", "200", "300"]);
        let rates: Vec<_> = all(&after, None).iter().map(|grant| grant.rate_type).collect();
        let list = Some(RateChoice::ListRate);
        assert_eq!(rates, [None, None, list, list]);
    }

    #[test]
    fn another_end_shortens_or_lengthens_the_run_and_changes_no_grant_that_has_begun() {
        let ending =
            |end: Option<&str>| RecurringChanges { ending_before: Some(end.map(day)), ..Default::default() };
        let open = recurring(310, ("2025-01-01", None));
        let shorter = update(&open, &ending(Some("2025-03-11")), day("2025-02-10"));
        assert_eq!(amounts(&shorter), ["310", "310", "100"]);
        let past = update(&open, &ending(Some("2025-02-05")), day("2025-02-10"));
        assert_eq!(amounts(&past), ["310", "310"]);
        let before = recurring(310, ("2025-01-01", Some("2025-03-01")));
        let longer = update(&before, &ending(Some("2025-04-01")), day("2025-02-10"));
        assert_eq!(amounts(&longer), ["310", "310", "310"]);
        // There was an end in March and April; what did not begin then does not come later.
        let again = update(&before, &ending(Some("2025-07-01")), day("2025-04-10"));
        assert_eq!(told(&again, None)[2..], pairs(&[("2025-05-01", "310"), ("2025-06-01", "310")]));
        assert_eq!(all(&again, None).iter().map(|grant| grant.number).collect::<Vec<_>>(), [0, 1, 4, 5]);
    }

    #[test]
    fn the_end_of_the_contract_cuts_also_what_has_begun() {
        let open = recurring(310, ("2025-01-01", None));
        assert_eq!(told(&open, Some("2025-02-15")), pairs(&[("2025-01-01", "310"), ("2025-02-01", "155")]));
        // Moved back, it brings nothing back.
        assert_eq!(told(&end(&open, day("2025-02-15")), None), told(&open, Some("2025-02-15")));
    }

    #[test]
    fn a_subscription_says_how_many_there_are_when_the_grant_begins() {
        let mut seats = recurring(310, ("2025-01-17", Some("2025-04-01")));
        seats.terms.access_amount.quantity = None;
        seats.subscription_config = Some(SubscriptionConfig {
            subscription_id: SubscriptionId::from(Uuid::from_u128(7)),
            is_prorated: false,
            allocation: SeatAllocation::Pooled,
        });
        let quantity = |at: Time| if at < day("2025-03-01") { 2.into() } else { 3.into() };
        let grants = grants(&seats, &monthly(), None, 0, quantity);
        assert_eq!(grants.map(|grant| grant.amount).collect::<Vec<_>>(), [300, 620, 930].map(Amount::from));
        let many = super::grants(&seats, &monthly(), None, 0, |_| Amount::MAX);
        assert!(many.map(|grant| grant.amount).all(|amount| amount == Amount::MAX));
        let fine =
            super::grants(&seats, &monthly(), None, 0, |_| "0.1234567890123456789012345678".parse().unwrap());
        assert_eq!(fine.last().unwrap().amount.to_string(), "38.27160459382716045938271602");
    }

    #[test]
    fn there_are_grants_to_the_end_of_the_calendar() {
        let open = own(RecurrenceFrequency::Annual, recurring(100, ("9990-01-01", None)));
        assert_eq!(amounts(&open).len(), 10);
    }

    fn hour(hours: u64) -> Time {
        Time::UNIX_EPOCH.after(Duration::from_secs(hours * 3_600))
    }

    fn hours(from: Time, to: Time) -> Amount {
        Amount::scaled(from.nanoseconds_to(to) / 3_600_000_000_000, 0).unwrap()
    }

    proptest! {
        #[test]
        fn grants_tile_the_run_and_give_their_share_of_it(
            anchor in 0..400_000_u64,
            start in 0..400_000_u64,
            length in 1..10_000_u64,
            price in 0..1_000_000_i64,
            frequency in prop::sample::select(vec![BillingFrequency::Monthly, BillingFrequency::Quarterly, BillingFrequency::Annual, BillingFrequency::Weekly]),
        ) {
            let statements = StatementSchedule {
                frequency,
                billing_anchor_date: hour(anchor),
                invoice_generation_starting_at: None,
            };
            let mut run = recurring(price, ("2025-01-01", None));
            run.terms.starting_at = hour(start);
            let end = hour(start + length);
            let found: Vec<_> = grants(&run, &statements, Some(end), 0, none_asked).collect();
            let windows: Vec<_> = found.iter().map(|grant| (grant.starting_at, grant.ending_before)).collect();
            let expected: Vec<_> = periods(&statements, hour(start), Some(end)).collect();
            prop_assert_eq!(windows, expected);
            let cycle = boundaries(&statements);
            for grant in found {
                let number = cycle.at_or_before(grant.starting_at);
                let whole = hours(cycle.nth(number).unwrap(), cycle.nth(number + 1).unwrap());
                let part = hours(grant.starting_at, grant.ending_before);
                // Times the whole it is the price times the part, but for the rounding of the 28th digit.
                let off = grant.amount.decimal() * whole.decimal() - part.decimal() * Amount::from(price).decimal();
                prop_assert!(off.abs() < "1e-15".parse::<Amount>().unwrap().decimal(), "{}", off);
                prop_assert!(grant.amount <= price.into());
            }
        }

        #[test]
        fn more_updates_never_stop_the_grants_from_being_in_order(
            ends in prop::collection::vec((0..40_u64, prop::option::of(1..40_u64)), 0..6),
            duration in 1..4_u32,
        ) {
            let mut run = own(RecurrenceFrequency::Weekly, recurring(70, ("2025-01-01", Some("2025-04-01"))));
            run.terms.commit_duration = duration;
            let week = |weeks: u64| day("2025-01-01").after(Duration::from_secs(weeks * 604_800 + 3_600));
            let mut ends = ends;
            ends.sort_unstable();
            for (made, end) in &ends {
                let changes = RecurringChanges { ending_before: Some(end.map(week)), ..Default::default() };
                run = update(&run, &changes, week(*made));
            }
            let found: Vec<_> = grants(&run, &monthly(), Some(week(60)), 0, none_asked).collect();
            prop_assert!(found.windows(2).all(|pair| pair[0].number < pair[1].number && pair[0].starting_at < pair[1].starting_at));
            // A grant begins in a week if and only if the last word about the end, as of then, is a later one.
            for number in 0..61_u32 {
                let start = day("2025-01-01").after(Duration::from_secs(u64::from(number) * 604_800));
                let word = ends.iter().rfind(|(made, _)| week(*made) <= start);
                let end = word.map_or(Some(day("2025-04-01")), |(_, end)| end.map(week));
                let expected = start < week(60) && end.is_none_or(|end| start < end);
                prop_assert_eq!(found.iter().any(|grant| grant.number == number), expected, "{}", number);
            }
        }
    }
}
