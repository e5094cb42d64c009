//! What recurring commits charge in a window of time.

use std::ops::Range;

use super::Term;
use crate::id::RecurringCommitId;
use crate::model::balance::CommitType;
use crate::model::charge_line::{DatedCharge, LineSource};
use crate::model::recurring::{Grant, Recurring};
use crate::model::scalar::{Amount, Time};
use crate::model::schedule::Price;
use crate::rules::recurring::{first_grant_from, grants, terms_at};

/// What the grants of a recurring commit charge, each when it begins.
pub fn recurring_commit(
    id: RecurringCommitId,
    recurring: &Recurring,
    term: &Term,
    window: &Range<Time>,
) -> Vec<DatedCharge> {
    if recurring.terms.invoice_amount.is_none() {
        return Vec::new();
    }
    let from = first_grant_from(recurring, &term.statements, window.start);
    // A subscription says how much a grant gives, not what it costs.
    let unasked = |_| Amount::ZERO;
    grants(recurring, &term.statements, term.ending_before, from, unasked)
        .take_while(|grant| grant.starting_at < window.end)
        .filter_map(|grant| granted(id, recurring, &grant))
        .collect()
}

fn granted(id: RecurringCommitId, recurring: &Recurring, grant: &Grant) -> Option<DatedCharge> {
    let charged = terms_at(recurring, grant.starting_at).invoice_amount?;
    let total = grant.invoice_amount?;
    let price = Price { unit_price: charged.unit_price, quantity: charged.quantity.unwrap_or_default() };
    let terms = &recurring.terms.terms;
    let source = LineSource::RecurringCommit { id, number: grant.number };
    let whole = DatedCharge::new(source, terms.product_id, grant.starting_at, charged.credit_type_id, price);
    Some(DatedCharge {
        name: terms.name.clone(),
        is_prorated: total != whole.total,
        total,
        commit_type: Some(CommitType::Prepaid),
        period: Some((grant.starting_at, grant.ending_before)),
        ..whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ContractProductId;
    use crate::id::CreditTypeId;
    use crate::model::balance::BalanceTerms;
    use crate::model::credit_type::CreditType;
    use crate::model::rate::BillingFrequency;
    use crate::model::recurring::{
        ProrationRounding, ProrationRoundingMethod, RecurrenceFrequency, RecurringAmount, RecurringChanges,
        RecurringTerms,
    };
    use crate::model::statement::StatementSchedule;
    use crate::rules::recurring::update;
    use proptest::prelude::*;
    use std::time::Duration;
    use uuid::Uuid;

    fn day(text: &str) -> Time {
        format!("2025-{text}T00:00:00Z").parse().unwrap()
    }

    fn term(end: Option<Time>) -> Term {
        Term {
            starting_at: day("01-01"),
            ending_before: end,
            statements: StatementSchedule {
                frequency: BillingFrequency::Monthly,
                billing_anchor_date: day("01-01"),
                invoice_generation_starting_at: None,
            },
        }
    }

    /// 7,500 a month from a day on.
    fn monthly(start: &str) -> Recurring {
        let amount = |unit_price: i64, credit_type_id: CreditTypeId| RecurringAmount {
            unit_price: unit_price.into(),
            quantity: Some(1.into()),
            credit_type_id,
        };
        let given = amount(8_000, CreditType::EUR);
        let terms = RecurringTerms::new(
            BalanceTerms::new(ContractProductId::from(Uuid::from_u128(1))),
            given,
            day(start),
        );
        let invoice_amount = Some(amount(7_500, CreditType::USD_CENTS));
        Recurring {
            terms: RecurringTerms { invoice_amount, ..terms },
            subscription_config: None,
            updates: Vec::new(),
            created_at: day("01-01"),
        }
    }

    fn granted_in(recurring: &Recurring, term: &Term, window: &Range<Time>) -> Vec<DatedCharge> {
        recurring_commit(Uuid::from_u128(2).into(), recurring, term, window)
    }

    #[test]
    fn a_grant_is_charged_when_it_begins_and_at_the_terms_it_has() {
        // 15 of January's 31 days, in whole cents: 7,500 x 15 / 31 = 3629.03.
        let mut cut = monthly("01-17");
        cut.terms.proration_rounding.invoice =
            Some(ProrationRounding { rounding_method: ProrationRoundingMethod::HalfUp, decimal_places: 0 });
        let dearer = RecurringChanges { invoice_unit_price: Some(9_000.into()), ..Default::default() };
        let cut = update(&cut, &dearer, day("02-02"));
        let found = granted_in(&cut, &term(Some(day("03-15"))), &(day("01-01")..day("12-31")));
        let told: Vec<_> = found
            .iter()
            .map(|charge| (charge.at, charge.unit_price, charge.total, charge.is_prorated))
            .collect();
        // 14 of March's 31 days: 9,000 x 14 / 31 = 4064.52.
        assert_eq!(
            told,
            [
                (day("01-17"), 7_500.into(), 3_629.into(), true),
                (day("02-01"), 7_500.into(), 7_500.into(), false),
                (day("03-01"), 9_000.into(), 4_065.into(), true),
            ]
        );
        assert_eq!(found[2].period, Some((day("03-01"), day("03-15"))));
        assert_eq!(found[2].credit_type_id, CreditType::USD_CENTS);
        assert_eq!(found[2].commit_type, Some(CommitType::Prepaid));
        let source = LineSource::RecurringCommit { id: Uuid::from_u128(2).into(), number: 2 };
        assert_eq!(found[2].source, source);
    }

    #[test]
    fn what_is_given_for_free_charges_nothing() {
        let mut free = monthly("01-01");
        free.terms.invoice_amount = None;
        assert!(granted_in(&free, &term(None), &(day("01-01")..day("06-01"))).is_empty());
    }

    proptest! {
        #[test]
        fn a_window_that_begins_late_has_the_grants_that_a_walk_from_the_first_finds(
            start in 0..400_u64,
            end in prop::option::of(1..1_000_u64),
            own in prop::option::of(prop::sample::select(vec![
                RecurrenceFrequency::Daily,
                RecurrenceFrequency::Weekly,
                RecurrenceFrequency::Monthly,
                RecurrenceFrequency::Quarterly,
            ])),
            ends in prop::collection::vec((0..900_u64, prop::option::of(1..900_u64)), 0..4),
            (from, length) in (0..900_u64, 0..200_u64),
        ) {
            let on = |days: u64| day("01-01").after(Duration::from_secs(days * 86_400));
            let mut recurring = monthly("01-01");
            recurring.terms.starting_at = on(start);
            recurring.terms.recurrence_frequency = own;
            let mut ends = ends;
            ends.sort_unstable();
            for (made, end) in ends {
                let changes = RecurringChanges { ending_before: Some(end.map(on)), ..Default::default() };
                recurring = update(&recurring, &changes, on(made));
            }
            let term = term(end.map(on));
            let window = on(from)..on(from + length);
            let walked: Vec<_> =
                grants(&recurring, &term.statements, term.ending_before, 0, |_| Amount::ZERO)
                    .take_while(|grant| grant.starting_at < window.end)
                    .filter(|grant| grant.starting_at >= window.start)
                    .map(|grant| (grant.number, grant.starting_at, grant.invoice_amount.unwrap()))
                    .collect();
            let found: Vec<_> = granted_in(&recurring, &term, &window)
                .into_iter()
                .map(|charge| match charge.source {
                    LineSource::RecurringCommit { number, .. } => (number, charge.at, charge.total),
                    other => panic!("{other:?}"),
                })
                .collect();
            prop_assert_eq!(found, walked);
        }
    }
}
