//! What is wrong with what an edit names: parts, and the items of their schedules.

use std::collections::BTreeSet;

use billfold::FieldProblem;
use billfold::prelude::*;
use uuid::Uuid;

use super::contract_parts::{Charge, Segment, wrong_segment};
use super::operation::{NOT_ALLOWED, at, not_a_value};

/// The faults of the items that a change of a schedule names.
pub fn wrong_ids(
    front: &str,
    known: &[ScheduleItemId],
    updated: &[ScheduleItemId],
    removed: &[ScheduleItemId],
) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for (what, ids) in [("update", updated), ("remove", removed)] {
        for (place, id) in ids.iter().enumerate() {
            let field = format!("{front}{what}_schedule_items[{place}].id");
            if !known.contains(id) {
                faults.push(at(field, not_a_value(id)));
            } else if !seen.insert(*id) {
                faults.push(at(field, FieldProblem::Repeated { item: id.to_string() }));
            }
        }
    }
    faults
}

/// The faults of a change of an access schedule.
pub fn wrong_access(front: &str, before: &[Segment], update: &UpdateAccessSchedule) -> Vec<Fault> {
    let known: Vec<_> = before.iter().map(|(id, _)| *id).collect();
    let updated: Vec<_> = update.update_schedule_items.iter().map(|item| item.id).collect();
    let removed = &update.remove_schedule_items;
    let mut faults = wrong_ids(front, &known, &updated, removed);
    let all_go = !removed.is_empty() && known.len() + update.add_schedule_items.len() <= removed.len();
    if faults.is_empty() && all_go {
        faults.push(at(format!("{front}remove_schedule_items"), NOT_ALLOWED));
    }
    for (place, change) in update.update_schedule_items.iter().enumerate() {
        let Some((_, item)) = before.iter().find(|(id, _)| *id == change.id) else { continue };
        let after = CreateAccessItem { amount: change.amount.unwrap_or(item.amount), ..*item };
        faults.extend(wrong_segment(&format!("{front}update_schedule_items[{place}]."), &after));
    }
    for (place, item) in update.add_schedule_items.iter().enumerate() {
        faults.extend(wrong_segment(&format!("{front}add_schedule_items[{place}]."), item));
    }
    faults
}

/// The items of a list that it names for the first time, with their places: another one is a fault, and is looked
/// at no further.
pub fn once<'i, T>(
    items: &'i [T],
    id: impl Fn(&T) -> Uuid,
    field: impl Fn(usize) -> String,
    faults: &mut Vec<Fault>,
) -> Vec<(usize, &'i T)> {
    let mut seen = BTreeSet::new();
    let mut first = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let id = id(item);
        if seen.insert(id) {
            first.push((place, item));
        } else {
            faults.push(at(field(place), FieldProblem::Repeated { item: id.to_string() }));
        }
    }
    first
}

/// The faults of items that go and were charged already: the invoice of a day is final once its charges are due, and
/// programs put no charges on invoices of usage.
pub fn wrong_removal(front: &str, dates: &[Charge], removed: &[ScheduleItemId], now: Time) -> Vec<Fault> {
    let charged = |wanted: &ScheduleItemId| dates.iter().any(|(id, at, _)| id == wanted && *at <= now);
    let places = removed.iter().enumerate().filter(|(_, id)| charged(id));
    places.map(|(place, _)| on_a_final_invoice(format!("{front}remove_schedule_items[{place}].id"))).collect()
}

/// The faults of what is to be archived and was charged on these dates: one for each day that is over.
pub fn wrong_archived(field: &str, dates: &[Charge], now: Time) -> Vec<Fault> {
    let charged = dates.iter().filter(|(_, at, _)| *at <= now);
    let days: BTreeSet<_> = charged.map(|(_, at, _)| at.to_string()[..10].to_owned()).collect();
    days.into_iter().map(|_| on_a_final_invoice(field.to_owned())).collect()
}

fn on_a_final_invoice(field: String) -> Fault {
    let invoice = (ManagedEntity::Invoice, Uuid::nil()).into();
    Fault::OnASettledInvoice { field, invoice, status: InvoiceStatus::Finalized }
}
