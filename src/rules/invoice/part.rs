//! What commits, scheduled charges, discounts and professional services charge in a window of time.

use std::ops::Range;

use super::Term;
use crate::entity::{CommitId, ContractProductId, DiscountId, ProfessionalServiceId, ScheduledChargeId};
use crate::id::{RecurringCommitId, ScheduleItemId};
use crate::model::balance::{Balance, CommitType};
use crate::model::charge_line::{DatedCharge, LineSource};
use crate::model::credit_type::CreditType;
use crate::model::recurring::{Grant, Recurring};
use crate::model::scalar::{Amount, Time};
use crate::model::schedule::{InvoiceItem, InvoiceSchedule, Price};
use crate::model::scheduled_charge::{ProfessionalService, ScheduledCharge};
use crate::rules::recurring::{first_grant_from, grants, terms_at};

/// What a commit of a contract or a customer charges. A postpaid one charges all of it: no usage is metered that would
/// have been drawn from it.
pub fn commit(id: CommitId, commit: &Balance, window: &Range<Time>) -> Vec<DatedCharge> {
    let Some(schedule) = commit.invoice_schedule.as_ref().filter(|_| commit.archived_at.is_none()) else {
        return Vec::new();
    };
    let terms = &commit.terms;
    let mut charges = scheduled(schedule, terms.product_id, terms.name.as_deref(), window, |item| {
        LineSource::Commit { id, item }
    });
    for charge in &mut charges {
        charge.commit_type = commit.commit_type;
    }
    charges
}

/// What a scheduled charge charges.
pub fn scheduled_charge(
    id: ScheduledChargeId,
    charge: &ScheduledCharge,
    window: &Range<Time>,
) -> Vec<DatedCharge> {
    of_charge(charge, window, |item| LineSource::ScheduledCharge { id, item })
}

/// What a discount takes off: its prices are negative by themselves.
pub fn discount(id: DiscountId, discount: &ScheduledCharge, window: &Range<Time>) -> Vec<DatedCharge> {
    of_charge(discount, window, |item| LineSource::Discount { id, item })
}

fn of_charge(
    charge: &ScheduledCharge,
    window: &Range<Time>,
    source: impl Fn(ScheduleItemId) -> LineSource,
) -> Vec<DatedCharge> {
    if charge.archived_at.is_some() {
        return Vec::new();
    }
    scheduled(&charge.schedule, charge.product_id, charge.name.as_deref(), window, source)
}

/// The items of a schedule in a window, by time; none where nothing is to be invoiced for it.
fn scheduled(
    schedule: &InvoiceSchedule,
    product_id: ContractProductId,
    name: Option<&str>,
    window: &Range<Time>,
    source: impl Fn(ScheduleItemId) -> LineSource,
) -> Vec<DatedCharge> {
    if schedule.do_not_invoice {
        return Vec::new();
    }
    let items = schedule.schedule_items.iter().filter(|item| window.contains(&item.timestamp));
    let charge = |item: &InvoiceItem| DatedCharge {
        name: name.map(str::to_owned),
        ..DatedCharge::new(source(item.id), product_id, item.timestamp, schedule.credit_type_id, item.price)
    };
    let mut charges: Vec<_> = items.map(charge).collect();
    charges.sort_by_key(|charge| (charge.at, charge.source));
    charges
}

/// What a professional service charges: once, when its contract starts, and no more than its most. It is in US
/// dollars, as schedules are where nothing is said.
pub fn professional_service(
    id: ProfessionalServiceId,
    service: &ProfessionalService,
    term: &Term,
    window: &Range<Time>,
) -> Vec<DatedCharge> {
    if !window.contains(&term.starting_at) {
        return Vec::new();
    }
    let price = Price { unit_price: service.unit_price, quantity: service.quantity };
    let source = LineSource::ProfessionalService { id };
    let charge = DatedCharge::new(source, service.product_id, term.starting_at, CreditType::USD_CENTS, price);
    vec![DatedCharge { total: charge.total.min(service.max_amount), ..charge }]
}

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
