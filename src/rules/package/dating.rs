//! Parts of a package as those of a contract that starts at a moment: lengths of time become dates.

use crate::error::{Fault, FieldProblem};
use crate::model::balance::{CreateCommit, CreateCredit};
use crate::model::contract::NewParts;
use crate::model::price_override::OverrideTerms;
use crate::model::recurring::{CreateRecurring, RecurringTerms};
use crate::model::relative_date::RelativeDate;
use crate::model::scalar::Time;
use crate::model::schedule::{
    CreateAccessItem, CreateAccessSchedule, CreateInvoiceItem, CreateInvoiceSchedule, ScheduleDates,
};
use crate::model::scheduled_charge::CreateScheduledCharge;
use crate::model::statement::{CreateStatementSchedule, StatementDay};
use crate::model::subscription::CreateSubscription;
use crate::rules::contract::placed;

/// The dates of a contract that starts at a moment. Those that there are not are faults; another moment then stands in
/// their place, so that there are no faults of other dates for it. What packages do not have is refused elsewhere, and
/// left out here where something else would be at fault for it.
#[derive(Debug)]
pub struct Dating {
    start: Time,
    pub faults: Vec<Fault>,
}

impl Dating {
    /// A start that is not on the hour is the contract's fault, and not that of every date that is counted from it.
    pub fn from(start: Time) -> Self {
        let next_day = || start.first_of_day().plus_days(1);
        let start = if start.is_on_the_hour() { start } else { next_day().unwrap_or(start) };
        Self { start, faults: Vec::new() }
    }

    /// The moment that something starts, or is charged.
    fn moment(&mut self, field: String, date: RelativeDate) -> Time {
        date.after(self.start).unwrap_or_else(|| {
            self.faults.push(beyond(date).at(field));
            self.start
        })
    }

    /// The moment that something ends which starts at another one.
    pub fn end(&mut self, at: &str, start: Time, duration: RelativeDate) -> Time {
        let problem = if duration.value == 0 {
            let rule = "it has to be 1 or more";
            Some(FieldProblem::Value { value: "0".to_owned(), rule }.at(format!("{at}duration.value")))
        } else {
            duration.after(start).is_none().then(|| beyond(duration).at(format!("{at}duration")))
        };
        self.faults.extend(problem);
        let end = duration.after(start).filter(|end| start < *end);
        end.or_else(|| RelativeDate::days(1).after(start)).unwrap_or(Time::LAST)
    }

    /// The start and the end of something that may have none of its own.
    pub fn window(
        &mut self,
        at: &str,
        start: Option<RelativeDate>,
        duration: Option<RelativeDate>,
    ) -> (Option<Time>, Option<Time>) {
        let start = start.map(|date| self.moment(format!("{at}starting_at_offset"), date));
        let end = duration.map(|duration| self.end(at, start.unwrap_or(self.start), duration));
        (start, end)
    }

    pub fn statement_schedule(
        &mut self,
        schedule: &CreateStatementSchedule<RelativeDate>,
    ) -> CreateStatementSchedule {
        let field = "usage_statement_schedule.invoice_generation_starting_at_offset";
        CreateStatementSchedule {
            frequency: schedule.frequency,
            day: match schedule.day {
                StatementDay::FirstOfMonth | StatementDay::CustomDate => StatementDay::FirstOfMonth,
                StatementDay::ContractStart => StatementDay::ContractStart,
            },
            billing_anchor_date: None,
            invoice_generation_starting_at: schedule
                .invoice_generation_starting_at
                .map(|date| self.moment(field.to_owned(), date)),
        }
    }

    pub fn parts(&mut self, parts: &NewParts<RelativeDate>) -> NewParts {
        NewParts {
            commits: self.each("commits", &parts.commits, Self::commit),
            credits: self.each("credits", &parts.credits, Self::credit),
            recurring_commits: self.each("recurring_commits", &parts.recurring_commits, Self::recurring),
            recurring_credits: self.each("recurring_credits", &parts.recurring_credits, Self::recurring),
            overrides: self.each("overrides", &parts.overrides, Self::price_override),
            scheduled_charges: self.each("scheduled_charges", &parts.scheduled_charges, Self::charge),
            subscriptions: self.each("subscriptions", &parts.subscriptions, Self::subscription),
            discounts: self.each("discounts", &parts.discounts, Self::charge),
            professional_services: parts.professional_services.clone(),
        }
    }

    fn each<T, U>(&mut self, list: &str, items: &[T], date: fn(&mut Self, &str, &T) -> U) -> Vec<U> {
        placed("", list, items).map(|(at, item)| date(self, &at, item)).collect()
    }

    fn commit(&mut self, at: &str, commit: &CreateCommit<RelativeDate>) -> CreateCommit {
        let invoice_schedule = commit.invoice_schedule.as_ref();
        CreateCommit {
            terms: commit.terms.clone(),
            commit_type: commit.commit_type,
            access_schedule: self.access(at, &commit.access_schedule),
            invoice_schedule: invoice_schedule
                .map(|schedule| self.invoice(&format!("{at}invoice_schedule."), schedule)),
            temporary_id: commit.temporary_id.clone(),
            counts_as_discounted: commit.counts_as_discounted,
            payment_gate: commit.payment_gate.clone(),
            custom_fields: commit.custom_fields.clone(),
        }
    }

    fn credit(&mut self, at: &str, credit: &CreateCredit<RelativeDate>) -> CreateCredit {
        CreateCredit {
            terms: credit.terms.clone(),
            access_schedule: self.access(at, &credit.access_schedule),
            custom_fields: credit.custom_fields.clone(),
        }
    }

    fn access(&mut self, at: &str, schedule: &CreateAccessSchedule<RelativeDate>) -> CreateAccessSchedule {
        let at = format!("{at}access_schedule.");
        let items = placed(&at, "schedule_items", &schedule.schedule_items).map(|(at, item)| {
            let starting_at = self.moment(format!("{at}starting_at_offset"), item.starting_at);
            let ending_before = self.end(&at, starting_at, item.ending_before);
            CreateAccessItem { amount: item.amount, starting_at, ending_before }
        });
        CreateAccessSchedule { schedule_items: items.collect(), credit_type_id: schedule.credit_type_id }
    }

    fn invoice(&mut self, at: &str, schedule: &CreateInvoiceSchedule<RelativeDate>) -> CreateInvoiceSchedule {
        let dates = match &schedule.dates {
            ScheduleDates::Recurring(recurring) => ScheduleDates::Recurring(*recurring),
            ScheduleDates::Items(items) => {
                let items = placed(at, "schedule_items", items).map(|(at, item)| CreateInvoiceItem {
                    timestamp: self.moment(format!("{at}date_offset"), item.timestamp),
                    price: item.price,
                });
                ScheduleDates::Items(items.collect())
            }
        };
        CreateInvoiceSchedule {
            dates,
            credit_type_id: schedule.credit_type_id,
            do_not_invoice: schedule.do_not_invoice,
        }
    }

    fn charge(&mut self, at: &str, charge: &CreateScheduledCharge<RelativeDate>) -> CreateScheduledCharge {
        CreateScheduledCharge {
            product_id: charge.product_id,
            name: charge.name.clone(),
            schedule: self.invoice(&format!("{at}schedule."), &charge.schedule),
            netsuite_sales_order_id: charge.netsuite_sales_order_id.clone(),
            custom_fields: charge.custom_fields.clone(),
        }
    }

    fn recurring(&mut self, at: &str, recurring: &CreateRecurring<RelativeDate>) -> CreateRecurring {
        let terms = &recurring.terms;
        let (start, ending_before) = self.window(at, Some(terms.starting_at), terms.ending_before);
        CreateRecurring {
            terms: RecurringTerms {
                terms: terms.terms.clone(),
                access_amount: terms.access_amount,
                invoice_amount: terms.invoice_amount,
                starting_at: start.unwrap_or(self.start),
                ending_before,
                commit_duration: terms.commit_duration,
                recurrence_frequency: terms.recurrence_frequency,
                proration: terms.proration,
                proration_rounding: terms.proration_rounding,
            },
            subscription_config: recurring.subscription_config.clone(),
            temporary_id: recurring.temporary_id.clone(),
        }
    }

    fn price_override(&mut self, at: &str, terms: &OverrideTerms<RelativeDate>) -> OverrideTerms {
        let (start, ending_before) = self.window(at, Some(terms.starting_at), terms.ending_before);
        OverrideTerms {
            starting_at: start.unwrap_or(self.start),
            ending_before,
            entitled: terms.entitled,
            override_type: terms.override_type,
            multiplier: terms.multiplier,
            priority: terms.priority,
            overwrite_rate: terms.overwrite_rate.clone(),
            tiers: terms.tiers.clone(),
            product_id: None,
            applicable_product_tags: Vec::new(),
            override_specifiers: terms.override_specifiers.clone(),
            is_commit_specific: terms.is_commit_specific,
            target: terms.target,
        }
    }

    fn subscription(
        &mut self,
        at: &str,
        subscription: &CreateSubscription<RelativeDate>,
    ) -> CreateSubscription {
        let (starting_at, ending_before) =
            self.window(at, subscription.starting_at, subscription.ending_before);
        CreateSubscription {
            terms: subscription.terms.clone(),
            starting_at,
            ending_before,
            initial_quantity: subscription.initial_quantity,
            initial_seat_ids: subscription.initial_seat_ids.clone(),
            initial_unassigned_seats: subscription.initial_unassigned_seats,
            temporary_id: subscription.temporary_id.clone(),
            custom_fields: subscription.custom_fields.clone(),
        }
    }
}

fn beyond(date: RelativeDate) -> FieldProblem {
    let rule = "it leads beyond the end of the calendar";
    FieldProblem::Value { value: format!("{} {}", date.value, date.unit), rule }
}
