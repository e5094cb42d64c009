//! Which grants of a recurring commit or credit can be drawn from at a moment.

use super::grant::grants;
use super::period::Periods;
use crate::model::recurring::{Grant, Recurring};
use crate::model::scalar::{Amount, Time};
use crate::model::statement::StatementSchedule;

/// The grants that can be drawn from at a moment, of those that [`grants`] tells. Those that are over by then are not
/// worked out.
pub fn open_grants<'r>(
    recurring: &'r Recurring,
    statements: &StatementSchedule,
    contract_end: Option<Time>,
    at: Time,
    quantity_at: impl Fn(Time) -> Amount + 'r,
) -> impl Iterator<Item = Grant> + 'r {
    let first = Periods::of(&recurring.terms, statements).lasting_at(at, recurring.terms.commit_duration);
    let grants = grants(recurring, statements, contract_end, first, quantity_at);
    grants.take_while(move |grant| grant.starting_at <= at).filter(move |grant| at < grant.ending_before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ContractProductId;
    use crate::model::balance::BalanceTerms;
    use crate::model::credit_type::CreditType;
    use crate::model::rate::BillingFrequency;
    use crate::model::recurring::{RecurrenceFrequency, RecurringAmount, RecurringTerms};
    use proptest::prelude::*;
    use std::time::Duration;
    use uuid::Uuid;

    fn hour(hours: u64) -> Time {
        Time::UNIX_EPOCH.after(Duration::from_secs(hours * 3_600))
    }

    /// 7 each time from that hour on.
    fn seven(start: u64, often: Option<RecurrenceFrequency>, duration: u32) -> Recurring {
        let amount = RecurringAmount {
            unit_price: 7.into(),
            quantity: Some(1.into()),
            credit_type_id: CreditType::USD_CENTS,
        };
        let terms = BalanceTerms::new(ContractProductId::from(Uuid::from_u128(1)));
        Recurring {
            terms: RecurringTerms {
                recurrence_frequency: often,
                commit_duration: duration,
                ..RecurringTerms::new(terms, amount, hour(start))
            },
            subscription_config: None,
            updates: Vec::new(),
            created_at: hour(0),
        }
    }

    proptest! {
        #[test]
        fn they_are_those_that_have_begun_and_are_not_over_of_all_there_are(
            anchor in 0..400_000_u64,
            start in 0..400_000_u64,
            run in 1..30_000_u64,
            passed in 0..30_000_u64,
            duration in prop_oneof![1..5_u32, Just(u32::MAX)],
            often in prop::option::of(prop::sample::select(vec![
                RecurrenceFrequency::Daily, RecurrenceFrequency::Weekly, RecurrenceFrequency::Monthly, RecurrenceFrequency::Annual,
            ])),
        ) {
            let statements = StatementSchedule {
                frequency: BillingFrequency::Monthly,
                billing_anchor_date: hour(anchor),
                invoice_generation_starting_at: None,
            };
            let (recurring, end) = (seven(start, often, duration), Some(hour(start + run)));
            // A month before the start, exactly at it, and later.
            for at in [hour(start.saturating_sub(720)), hour(start), hour(start + passed)] {
                let all = grants(&recurring, &statements, end, 0, |_| Amount::ZERO);
                let expected: Vec<_> =
                    all.filter(|grant| grant.starting_at <= at && at < grant.ending_before).collect();
                let found: Vec<_> = open_grants(&recurring, &statements, end, at, |_| Amount::ZERO).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn those_that_are_over_are_not_worked_out() {
        let daily = seven(0, Some(RecurrenceFrequency::Daily), 2);
        let statements = StatementSchedule {
            frequency: BillingFrequency::Monthly,
            billing_anchor_date: hour(0),
            invoice_generation_starting_at: None,
        };
        let numbers = |hours| -> Vec<u32> {
            let open = open_grants(&daily, &statements, None, hour(hours), |_| Amount::ZERO);
            open.map(|grant| grant.number).collect()
        };
        assert_eq!(numbers(23), [0]);
        assert_eq!(numbers(24), [0, 1]);
        assert_eq!(numbers(24 * 20_000), [19_999, 20_000]);
        let first = Periods::of(&daily.terms, &statements).lasting_at(hour(24 * 20_000), 2);
        assert_eq!(first, 19_999);
    }
}
