//! What a subscription charges in a window, against a walk from day to day.

use std::time::Duration;

use proptest::prelude::*;

use super::Term;
use super::subscription::tests::{charges, day, seats, term, with};
use crate::model::rate::BillingFrequency;
use crate::model::scalar::{Amount, Time};
use crate::model::subscription::{
    CollectionSchedule, InvoiceBehavior, QuantityChange, QuantityUpdate, Subscription,
};
use crate::rules::statement;
use crate::rules::subscription::{billing_schedule, last_moment, quantity_at};

use CollectionSchedule::{Advance, Arrears};
use InvoiceBehavior::{BillImmediately, BillOnNextCollectionDate};

fn on(days: u64) -> Time {
    day("01-01").after(Duration::from_secs(days * 86_400))
}

fn any_subscription() -> impl Strategy<Value = Subscription> {
    use BillingFrequency::{Monthly, Quarterly, Weekly};
    let times = (0..100_u64, prop::option::of(1..300_u64), prop::option::of(0..400_u64));
    let changes = prop::collection::vec((0..400_u64, 0..6_i64), 0..12);
    let terms = (prop::sample::select(vec![Monthly, Quarterly, Weekly]), any::<[bool; 3]>());
    (times, 0..6_i64, changes, terms).prop_map(|((start, length, anchor), first, changes, terms)| {
        let (billing_frequency, [arrears, at_once, is_prorated]) = terms;
        let change = |(at, to): (u64, i64)| QuantityUpdate {
            starting_at: on(at),
            change: QuantityChange::To(to.into()),
        };
        Subscription {
            starting_at: on(start),
            ending_before: length.map(|length| on(start + length)),
            quantity_updates: changes.into_iter().map(change).collect(),
            ..with(seats(first, &[]), |terms| {
                terms.billing_frequency = billing_frequency;
                terms.billing_anchor_date = anchor.map(on);
                terms.collection_schedule = if arrears { Arrears } else { Advance };
                terms.invoice_behavior =
                    if at_once && !arrears { BillImmediately } else { BillOnNextCollectionDate };
                terms.is_prorated = is_prorated;
            })
        }
    })
}

/// When is charged, from when, how many: from day to day, and from the first one on.
fn walked(part: &Subscription, term: &Term, until: Time) -> Vec<(Time, Time, Amount)> {
    let terms = &part.terms;
    let schedule = billing_schedule(terms, &term.statements);
    let end = last_moment(part.ending_before, term.ending_before);
    let mut found = Vec::new();
    for (start, end) in
        statement::periods(&schedule, part.starting_at, end).take_while(|(start, _)| *start < until)
    {
        let stretches = terms.collection_schedule == Arrears && terms.is_prorated;
        let due = |from| match terms.collection_schedule {
            Arrears => end,
            Advance if from == start || terms.invoice_behavior == BillImmediately => from,
            Advance => end,
        };
        let (mut last, mut most) = (quantity_at(part, start), quantity_at(part, start));
        found.push((due(start), start, last));
        for at in (1..).map(|days| start.plus_days(days).unwrap()).take_while(|at| *at < end && *at < until) {
            let quantity = quantity_at(part, at);
            if stretches && quantity != last {
                found.push((end, at, quantity));
            } else if !stretches && quantity > most {
                found.push((due(at), at, quantity.minus(most).unwrap()));
            }
            (last, most) = (quantity, most.max(quantity));
        }
    }
    found
}

proptest! {
    #[test]
    fn a_window_has_the_charges_that_a_walk_from_the_start_finds_in_it(
        part in any_subscription(),
        contract_end in prop::option::of(1..400_u64),
        (from, length) in (0..420_u64, 0..120_u64),
    ) {
        let term = Term { ending_before: contract_end.map(on), ..term(BillingFrequency::Monthly) };
        let window = on(from)..on(from + length);
        let found = charges(&part, &term, &window);
        let told: Vec<_> =
            found.iter().map(|charge| (charge.at, charge.period.unwrap().0, charge.quantity)).collect();
        let all = walked(&part, &term, window.end);
        let expected: Vec<_> = all.into_iter().filter(|(at, ..)| window.contains(at)).collect();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn stretches_of_one_quantity_cost_as_much_as_the_whole_period(quantity in 0..50_i64, cut in 2..31_u32) {
        // The same number on another date makes no stretch; one more and then the same again makes three.
        let (middle, then) = (format!("01-{cut:02}"), format!("01-{:02}", cut + 1));
        let part = seats(quantity, &[(middle.as_str(), quantity + 1), (then.as_str(), quantity)]);
        let arrears = with(part, |terms| terms.collection_schedule = Arrears);
        let found = charges(&arrears, &term(BillingFrequency::Monthly), &(day("01-01")..day("02-02")));
        let total = Amount::sum(found.iter().map(|charge| charge.total));
        // 868 for each, and 28 for a day of one more.
        prop_assert_eq!(total, Some((quantity * 868 + 28).into()));
    }
}
