//! How many invoices of a contract are due already, at most: counted by arithmetic, before any of them is worked out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use uuid::Uuid;

use super::Term;
use crate::error::Result;
use crate::model::contract::ContractPart;
use crate::model::recurring::Recurring;
use crate::model::scalar::Time;
use crate::model::subscription::Subscription;
use crate::rules::calendar::Cycle;
use crate::rules::recurring::cycle;
use crate::rules::statement::{boundaries, first_moment};
use crate::rules::subscription::{billing_schedule, last_moment, quantities};

/// The invoices that charges of a window of time are on, at most.
///
/// Charges of one day and credit type count once where they come around together or are items of schedules. What is
/// on a usage invoice counts besides it, and a subscription counts whether or not its rate is known and it is
/// entitled: its product stands for what it is priced in.
#[derive(Debug, Default)]
pub struct DueCount {
    usage: i64,
    days: BTreeSet<(Time, Uuid)>,
    /// First and last number of what comes around, by what it is in.
    rounds: BTreeMap<(Cycle, Uuid), (i64, i64)>,
}

impl DueCount {
    /// How many there are.
    pub fn invoices(&self) -> usize {
        let rounds: i64 = self.rounds.values().map(|(first, last)| last - first + 1).sum();
        usize::try_from(self.usage.saturating_add(rounds))
            .unwrap_or(usize::MAX)
            .saturating_add(self.days.len())
    }

    /// Adds the usage invoices of a contract that are final in a window of time.
    pub fn add_usage(&mut self, term: &Term, window: &Range<Time>) {
        let from = first_moment(&term.statements, term.starting_at);
        // One whose period ended on the day before the window became final in it.
        let from = from.max(window.start.plus_days(-1).unwrap_or(Time::FIRST));
        let to = term.ending_before.unwrap_or(Time::LAST).min(window.end);
        if from < to {
            let boundaries = boundaries(&term.statements);
            self.usage += boundaries.at_or_before(to) - boundaries.at_or_before(from) + 1;
        }
    }

    /// Adds those of a part.
    pub fn add(&mut self, id: Uuid, part: &ContractPart, term: &Term, window: &Range<Time>) -> Result<()> {
        match part {
            ContractPart::RecurringCommit(recurring) => self.add_recurring(recurring, term, window),
            ContractPart::Subscription(subscription) => self.add_subscription(subscription, term, window),
            _ => {
                for charge in super::charges(id, part, term, window, &mut |_, _| Ok(None))? {
                    self.days.insert((charge.at.first_of_day(), charge.credit_type_id.into()));
                }
            }
        }
        Ok(())
    }

    fn add_recurring(&mut self, recurring: &Recurring, term: &Term, window: &Range<Time>) {
        let terms = &recurring.terms;
        let Some(amount) = terms.invoice_amount else { return };
        // No grant begins behind the last end that there ever was.
        let changed = recurring.updates.iter().filter_map(|update| update.changes.ending_before);
        let ends = changed.chain([terms.ending_before]).map(|end| end.unwrap_or(Time::LAST));
        let end = ends.fold(Time::FIRST, Time::max).min(term.ending_before.unwrap_or(Time::LAST));
        let cycle = cycle(terms, &term.statements);
        self.add_round(cycle, amount.credit_type_id.into(), (terms.starting_at, end), window);
    }

    fn add_subscription(&mut self, subscription: &Subscription, term: &Term, window: &Range<Time>) {
        let of = Uuid::from(subscription.terms.product_id);
        let end = last_moment(subscription.ending_before, term.ending_before);
        let cycle = boundaries(&billing_schedule(&subscription.terms, &term.statements));
        let last = end.unwrap_or(Time::LAST);
        self.add_round(cycle, of, (subscription.starting_at, last), window);
        let changes = quantities(subscription, term.ending_before);
        let changes = changes.iter().map(|segment| segment.starting_at).chain(end);
        self.days.extend(changes.filter(|at| window.contains(at)).map(|at| (at.first_of_day(), of)));
    }

    /// Adds what comes around from one moment on before another, and at the first one of them wherever that is.
    fn add_round(&mut self, cycle: Cycle, of: Uuid, (start, end): (Time, Time), window: &Range<Time>) {
        let (from, to) = (start.max(window.start), end.min(window.end));
        if from >= to {
            return;
        }
        let is_one = |moment: Time| cycle.nth(cycle.at_or_before(moment)) == Some(moment);
        if from == start && !is_one(start) {
            self.days.insert((start.first_of_day(), of));
        }
        let first = cycle.at_or_before(from) + i64::from(!is_one(from));
        let last = cycle.at_or_before(to) - i64::from(is_one(to));
        if first <= last {
            let round = self.rounds.entry((cycle, of)).or_insert((first, last));
            *round = (round.0.min(first), round.1.max(last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CreditTypeId;
    use crate::model::balance::BalanceTerms;
    use crate::model::credit_type::CreditType;
    use crate::model::rate::BillingFrequency;
    use crate::model::recurring::{RecurrenceFrequency, RecurringAmount, RecurringTerms};
    use crate::model::scalar::Amount;
    use crate::model::statement::StatementSchedule;
    use crate::model::subscription::{CollectionSchedule, CreateSubscription, SubscriptionTerms};
    use crate::rules::statement::periods;
    use crate::rules::subscription::make;
    use proptest::prelude::*;
    use std::time::Duration;

    fn hour(hours: u64) -> Time {
        Time::UNIX_EPOCH.after(Duration::from_secs(hours * 3_600))
    }

    fn term(start: Time, anchor: Time, end: Option<Time>) -> Term {
        let statements = StatementSchedule {
            frequency: BillingFrequency::Weekly,
            billing_anchor_date: anchor,
            invoice_generation_starting_at: None,
        };
        Term { starting_at: start, ending_before: end, statements }
    }

    fn commit(start: Time, often: Option<RecurrenceFrequency>, credit_type_id: CreditTypeId) -> ContractPart {
        let amount = RecurringAmount { unit_price: 1.into(), quantity: Some(1.into()), credit_type_id };
        let terms = RecurringTerms::new(BalanceTerms::new(Uuid::from_u128(1).into()), amount, start);
        ContractPart::RecurringCommit(Box::new(Recurring {
            terms: RecurringTerms { invoice_amount: Some(amount), recurrence_frequency: often, ..terms },
            subscription_config: None,
            updates: Vec::new(),
            created_at: start,
        }))
    }

    fn seats(start: Time, collection_schedule: CollectionSchedule) -> ContractPart {
        let terms = SubscriptionTerms::new(Uuid::from_u128(2).into(), BillingFrequency::Weekly);
        let terms = SubscriptionTerms { collection_schedule, ..terms };
        ContractPart::Subscription(Box::new(make(&CreateSubscription::new(terms, 1), start, start)))
    }

    fn counted(parts: &[ContractPart], term: &Term, window: &Range<Time>) -> usize {
        let mut count = DueCount::default();
        parts.iter().for_each(|part| count.add(Uuid::from_u128(7), part, term, window).unwrap());
        count.invoices()
    }

    /// The days of the charges themselves.
    fn walked(parts: &[ContractPart], term: &Term, window: &Range<Time>) -> usize {
        let mut price = |_, _| Ok(Some((Amount::from(1), CreditType::USD_CENTS)));
        let charges = parts.iter().flat_map(|part| {
            crate::rules::invoice::charges(Uuid::from_u128(7), part, term, window, &mut price).unwrap()
        });
        let days = charges.map(|charge| (charge.at.first_of_day(), charge.credit_type_id));
        days.collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn what_comes_around_together_in_one_credit_type_counts_once() {
        let (start, window) = (hour(0), Time::FIRST..hour(24 * 70));
        let term = term(start, start, None);
        let dollars = commit(start, None, CreditType::USD_CENTS);
        let euros = commit(start, None, CreditType::EUR);
        let alone = counted(std::slice::from_ref(&dollars), &term, &window);
        assert_eq!(alone, 10);
        assert_eq!(counted(&[dollars.clone(), dollars.clone()], &term, &window), alone);
        assert_eq!(counted(&[dollars, euros], &term, &window), 2 * alone);
    }

    #[test]
    fn what_is_to_come_does_not_count() {
        let term = term(hour(24), hour(0), None);
        let parts = [commit(hour(24), None, CreditType::EUR), seats(hour(24), CollectionSchedule::Advance)];
        let window = Time::FIRST..hour(24);
        let mut count = DueCount::default();
        count.add_usage(&term, &window);
        assert_eq!((count.invoices(), counted(&parts, &term, &window)), (0, 0));
    }

    proptest! {
        #[test]
        fn no_invoice_is_left_out_and_few_count_that_there_are_not(
            (start, anchor, now) in (0..9_000_u64, 0..9_000_u64, 0..20_000_u64),
            length in prop::option::of(1..9_000_u64),
            from in prop::option::of(0..20_000_u64),
            often in prop::option::of(prop::sample::select(vec![
                RecurrenceFrequency::Monthly, RecurrenceFrequency::Weekly, RecurrenceFrequency::Daily,
            ])),
            arrears in any::<bool>(),
        ) {
            let term = term(hour(start), hour(anchor), length.map(|length| hour(start + length)));
            let window = from.map_or(Time::FIRST, hour)..hour(now);
            let collected = if arrears { CollectionSchedule::Arrears } else { CollectionSchedule::Advance };
            for part in [commit(hour(start), often, CreditType::EUR), seats(hour(start), collected)] {
                let parts = std::slice::from_ref(&part);
                let (counted, walked) = (counted(parts, &term, &window), walked(parts, &term, &window));
                prop_assert!(walked <= counted && counted <= walked + 4, "{walked} {counted}");
            }
            let mut usage = DueCount::default();
            usage.add_usage(&term, &window);
            let ends = periods(&term.statements, hour(start), term.ending_before).map(|(_, end)| end);
            let walked = ends.take_while(|end| *end < hour(now)).filter(|end| window.contains(end)).count();
            prop_assert!(walked <= usage.invoices() && usage.invoices() <= walked + 4);
        }
    }
}
