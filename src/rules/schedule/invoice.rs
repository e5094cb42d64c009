//! When how much is charged.

use std::collections::{BTreeMap, BTreeSet};

use super::{check_not_negative, check_product, count_after, id_faults, too_many};
use crate::error::{Fault, FieldProblem};
use crate::id::ScheduleItemId;
use crate::model::alias::check_end;
use crate::model::contract_edit::{UpdateInvoiceItem, UpdateInvoiceSchedule, UpdatePrice};
use crate::model::credit_type::CreditType;
use crate::model::scalar::Time;
use crate::model::schedule::{
    CreateInvoiceItem, CreateInvoiceSchedule, InvoiceItem, InvoiceSchedule, Price, RecurringSchedule,
    ScheduleDates,
};
use crate::rules::expand;

/// What is wrong with an invoice schedule that is to be; `at` stands in front of the names of its fields.
///
/// What a commit is bought for is 0 or more. Any other price may be negative: it is what an invoice adds, and a
/// discount makes an invoice smaller.
pub fn invoice_faults(at: &str, schedule: &CreateInvoiceSchedule, for_commit: bool) -> Vec<Fault> {
    let mut faults = match &schedule.dates {
        ScheduleDates::Items(items) => {
            let field = format!("{at}schedule_items");
            let count = if items.is_empty() {
                Some(FieldProblem::Empty { rule: "an invoice schedule has 1 to 1000 items" })
            } else {
                too_many(items.len())
            };
            match count {
                Some(problem) => vec![problem.at(field)],
                None => all_item_faults(&field, items, for_commit),
            }
        }
        ScheduleDates::Recurring(recurring) => recurring_faults(at, recurring, for_commit),
    };
    if schedule.do_not_invoice && !for_commit {
        let rule = "it is for the invoice schedules of commits";
        faults.push(FieldProblem::NotAllowed { rule }.at(format!("{at}do_not_invoice")));
    }
    faults
}

fn recurring_faults(at: &str, recurring: &RecurringSchedule, for_commit: bool) -> Vec<Fault> {
    let at = format!("{at}recurring_schedule");
    let end = check_end(Some(recurring.starting_at), Some(recurring.ending_before));
    let mut faults: Vec<_> =
        end.map(|problem| problem.at(format!("{at}.ending_before"))).into_iter().collect();
    faults.extend(too_many(expand::date_count(recurring)).map(|problem| problem.at(at.as_str())));
    faults.extend(price_faults(&format!("{at}."), recurring.price, for_commit));
    faults
}

fn all_item_faults(field: &str, items: &[CreateInvoiceItem], for_commit: bool) -> Vec<Fault> {
    let items = items.iter().enumerate();
    items
        .flat_map(|(place, item)| price_faults(&format!("{field}[{place}]."), item.price, for_commit))
        .collect()
}

fn price_faults(at: &str, price: Price, for_commit: bool) -> Vec<Fault> {
    let Price { unit_price, quantity } = price;
    let problems = [
        ("unit_price", check_not_negative(unit_price).filter(|_| for_commit)),
        ("unit_price", check_product(unit_price, quantity)),
        ("quantity", check_not_negative(quantity)),
    ];
    problems.into_iter().filter_map(|(field, problem)| Some(problem?.at(format!("{at}{field}")))).collect()
}

/// What is stored of an invoice schedule that has no faults: its dates, one by one.
pub fn invoice(
    schedule: &CreateInvoiceSchedule,
    new_id: &mut impl FnMut() -> ScheduleItemId,
) -> InvoiceSchedule {
    let credit_type_id = schedule.credit_type_id.unwrap_or(CreditType::USD_CENTS);
    let expanded;
    let items = match &schedule.dates {
        ScheduleDates::Items(items) => items,
        ScheduleDates::Recurring(recurring) => {
            expanded = expand::items(recurring, credit_type_id);
            &expanded
        }
    };
    InvoiceSchedule {
        credit_type_id,
        schedule_items: items.iter().map(|item| stored(item, new_id())).collect(),
        do_not_invoice: schedule.do_not_invoice,
    }
}

fn stored(item: &CreateInvoiceItem, id: ScheduleItemId) -> InvoiceItem {
    InvoiceItem { id, timestamp: item.timestamp, price: item.price }
}

/// What is wrong with an edit of an invoice schedule; `at` stands in front of the names of its fields. All its
/// charges may go.
pub fn update_invoice_faults(
    at: &str,
    before: &InvoiceSchedule,
    update: &UpdateInvoiceSchedule,
    for_commit: bool,
) -> Vec<Fault> {
    let UpdateInvoiceSchedule { add_schedule_items, update_schedule_items, remove_schedule_items } = update;
    let items = before.schedule_items.iter();
    let updated = update_schedule_items.iter().map(|update| update.id);
    let mut faults = id_faults(at, items.clone().map(|item| item.id), updated, remove_schedule_items);
    let count = count_after(items.len(), add_schedule_items.len(), remove_schedule_items.len());
    if let Some(problem) = too_many(count) {
        faults.push(problem.at(format!("{at}add_schedule_items")));
        return faults;
    }
    let known: BTreeMap<_, _> = items.map(|item| (item.id, item)).collect();
    for (place, update) in update_schedule_items.iter().enumerate() {
        let after = known.get(&update.id).map(|item| changed(item, update));
        let at = format!("{at}update_schedule_items[{place}].");
        faults.extend(after.iter().flat_map(|item| price_faults(&at, item.price, for_commit)));
    }
    faults.extend(all_item_faults(&format!("{at}add_schedule_items"), add_schedule_items, for_commit));
    faults
}

fn changed(item: &InvoiceItem, update: &UpdateInvoiceItem) -> InvoiceItem {
    let price = match update.price {
        None => item.price,
        Some(UpdatePrice::To(price)) => price,
        Some(UpdatePrice::UnitPrice(unit_price)) => Price { unit_price, ..item.price },
        Some(UpdatePrice::Quantity(quantity)) => Price { quantity, ..item.price },
    };
    InvoiceItem { id: item.id, timestamp: update.timestamp.unwrap_or(item.timestamp), price }
}

/// The invoice schedule after an edit that has no faults: charges stay in their places, new ones come behind them.
pub fn update_invoice(
    before: &InvoiceSchedule,
    update: &UpdateInvoiceSchedule,
    new_id: &mut impl FnMut() -> ScheduleItemId,
) -> InvoiceSchedule {
    let removed: BTreeSet<_> = update.remove_schedule_items.iter().collect();
    let updates: BTreeMap<_, _> = update.update_schedule_items.iter().map(|item| (item.id, item)).collect();
    let kept = before.schedule_items.iter().filter(|item| !removed.contains(&item.id));
    let kept = kept.map(|item| updates.get(&item.id).map_or(*item, |update| changed(item, update)));
    let added = update.add_schedule_items.iter().map(|item| stored(item, new_id()));
    with_items(before, kept.chain(added).collect())
}

/// What is left of an invoice schedule whose contract ends at that moment: charges that would come later are gone.
/// One exactly at the end stays, as what is charged for a last period is.
pub fn end_invoice(schedule: &InvoiceSchedule, end: Time) -> InvoiceSchedule {
    let left = schedule.schedule_items.iter().filter(|item| item.timestamp <= end);
    with_items(schedule, left.copied().collect())
}

/// An invoice schedule without the charges of that moment and of later ones.
pub fn invoice_before(schedule: &InvoiceSchedule, moment: Time) -> InvoiceSchedule {
    let left = schedule.schedule_items.iter().filter(|item| item.timestamp < moment);
    with_items(schedule, left.copied().collect())
}

const fn with_items(schedule: &InvoiceSchedule, schedule_items: Vec<InvoiceItem>) -> InvoiceSchedule {
    let InvoiceSchedule { credit_type_id, do_not_invoice, .. } = *schedule;
    InvoiceSchedule { credit_type_id, schedule_items, do_not_invoice }
}
