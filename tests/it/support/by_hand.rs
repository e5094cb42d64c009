//! Contracts of packages, written out by hand.

use billfold::prelude::*;
use jiff::civil::DateTime;
use jiff::{Span, ToSpan as _};

use super::catalog::at;

/// The moment that is so long after another one, by a calendar that is not the store's.
fn after(start: Time, length: RelativeDate) -> Time {
    let start: DateTime = start.to_string().trim_end_matches('Z').parse().unwrap();
    let value = i64::from(length.value);
    let span: Span = match length.unit {
        DurationUnit::Days => value.days(),
        DurationUnit::Weeks => value.weeks(),
        DurationUnit::Months => value.months(),
        DurationUnit::Years => value.years(),
    };
    at(&format!("{}Z", start.checked_add(span).unwrap()))
}

fn access(start: Time, template: &CreateAccessSchedule<RelativeDate>) -> CreateAccessSchedule {
    let dated = |item: &CreateAccessItem<RelativeDate>| {
        let starting_at = after(start, item.starting_at);
        let ending_before = after(starting_at, item.ending_before);
        CreateAccessItem { amount: item.amount, starting_at, ending_before }
    };
    CreateAccessSchedule {
        credit_type_id: template.credit_type_id,
        schedule_items: template.schedule_items.iter().map(dated).collect(),
    }
}

fn invoice(start: Time, template: &CreateInvoiceSchedule<RelativeDate>) -> CreateInvoiceSchedule {
    let ScheduleDates::Items(items) = &template.dates else { panic!("packages have dates one by one") };
    let dated = |item: &CreateInvoiceItem<RelativeDate>| CreateInvoiceItem {
        timestamp: after(start, item.timestamp),
        price: item.price,
    };
    CreateInvoiceSchedule {
        credit_type_id: template.credit_type_id,
        dates: ScheduleDates::Items(items.iter().map(dated).collect()),
        do_not_invoice: template.do_not_invoice,
    }
}

fn commit(start: Time, template: &CreateCommit<RelativeDate>) -> CreateCommit {
    CreateCommit {
        commit_type: template.commit_type,
        invoice_schedule: template.invoice_schedule.as_ref().map(|schedule| invoice(start, schedule)),
        temporary_id: template.temporary_id.clone(),
        custom_fields: template.custom_fields.clone(),
        ..CreateCommit::prepaid(template.terms.clone(), access(start, &template.access_schedule))
    }
}

fn recurring(start: Time, template: &CreateRecurring<RelativeDate>) -> CreateRecurring {
    let terms = &template.terms;
    let starting_at = after(start, terms.starting_at);
    CreateRecurring {
        terms: RecurringTerms {
            invoice_amount: terms.invoice_amount,
            ending_before: terms.ending_before.map(|length| after(starting_at, length)),
            commit_duration: terms.commit_duration,
            recurrence_frequency: terms.recurrence_frequency,
            proration: terms.proration,
            proration_rounding: terms.proration_rounding,
            ..RecurringTerms::new(terms.terms.clone(), terms.access_amount, starting_at)
        },
        subscription_config: template.subscription_config.clone(),
        temporary_id: template.temporary_id.clone(),
    }
}

fn price_override(start: Time, template: &OverrideTerms<RelativeDate>) -> OverrideTerms {
    let starting_at = after(start, template.starting_at);
    OverrideTerms {
        ending_before: template.ending_before.map(|length| after(starting_at, length)),
        entitled: template.entitled,
        override_type: template.override_type,
        multiplier: template.multiplier,
        priority: template.priority,
        overwrite_rate: template.overwrite_rate.clone(),
        tiers: template.tiers.clone(),
        override_specifiers: template.override_specifiers.clone(),
        is_commit_specific: template.is_commit_specific,
        target: template.target,
        ..OverrideTerms::new(starting_at)
    }
}

fn subscription(start: Time, template: &CreateSubscription<RelativeDate>) -> CreateSubscription {
    let starting_at = template.starting_at.map(|length| after(start, length));
    let begins = starting_at.unwrap_or(start);
    CreateSubscription {
        terms: template.terms.clone(),
        starting_at,
        ending_before: template.ending_before.map(|length| after(begins, length)),
        initial_quantity: template.initial_quantity,
        initial_seat_ids: template.initial_seat_ids.clone(),
        initial_unassigned_seats: template.initial_unassigned_seats,
        temporary_id: template.temporary_id.clone(),
        custom_fields: template.custom_fields.clone(),
    }
}

/// The contract that a package stands for.
pub fn by_hand(customer: CustomerId, start: Time, package: &CreatePackage) -> CreateContract {
    let terms = &package.terms;
    let statements = terms.usage_statement_schedule;
    let charge = |template: &CreateScheduledCharge<RelativeDate>| CreateScheduledCharge {
        name: template.name.clone(),
        custom_fields: template.custom_fields.clone(),
        ..CreateScheduledCharge::new(template.product_id, invoice(start, &template.schedule))
    };
    let credit = |template: &CreateCredit<RelativeDate>| CreateCredit {
        custom_fields: template.custom_fields.clone(),
        ..CreateCredit::new(template.terms.clone(), access(start, &template.access_schedule))
    };
    CreateContract {
        name: terms.contract_name.clone(),
        rate_card: terms.rate_card.clone(),
        ending_before: terms.duration.map(|length| after(start, length)),
        net_payment_terms_days: terms.net_payment_terms_days,
        commits: package.commits.iter().map(|template| commit(start, template)).collect(),
        credits: package.credits.iter().map(credit).collect(),
        recurring_commits: package.recurring_commits.iter().map(|part| recurring(start, part)).collect(),
        recurring_credits: package.recurring_credits.iter().map(|part| recurring(start, part)).collect(),
        overrides: package.overrides.iter().map(|template| price_override(start, template)).collect(),
        multiplier_override_prioritization: terms.multiplier_override_prioritization,
        scheduled_charges: package.scheduled_charges.iter().map(charge).collect(),
        scheduled_charges_on_usage_invoices: terms.scheduled_charges_on_usage_invoices,
        subscriptions: package.subscriptions.iter().map(|template| subscription(start, template)).collect(),
        usage_statement_schedule: statements.map(|schedule| CreateStatementSchedule {
            frequency: schedule.frequency,
            day: schedule.day,
            billing_anchor_date: None,
            invoice_generation_starting_at: schedule
                .invoice_generation_starting_at
                .map(|length| after(start, length)),
        }),
        settings: terms.settings.clone(),
        ..CreateContract::new(customer, start)
    }
}
