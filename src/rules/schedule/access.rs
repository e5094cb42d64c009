//! When how much of a commit or credit can be drawn from.

use std::collections::{BTreeMap, BTreeSet};

use super::{check_not_negative, count_after, id_faults, too_many};
use crate::error::{Fault, FieldProblem};
use crate::id::ScheduleItemId;
use crate::model::alias::check_end;
use crate::model::contract_edit::{UpdateAccessItem, UpdateAccessSchedule};
use crate::model::credit_type::CreditType;
use crate::model::scalar::Time;
use crate::model::schedule::{AccessItem, AccessSchedule, CreateAccessItem, CreateAccessSchedule};
use crate::rules::calendar::check_hour;

/// What is wrong with an access schedule that is to be; `at` stands in front of the names of its fields.
pub fn access_faults(at: &str, schedule: &CreateAccessSchedule) -> Vec<Fault> {
    let items = &schedule.schedule_items;
    let count = if items.is_empty() {
        Some(FieldProblem::Empty { rule: "an access schedule has 1 to 1000 items" })
    } else {
        too_many(items.len())
    };
    match count {
        Some(problem) => vec![problem.at(format!("{at}schedule_items"))],
        None => all_item_faults(&format!("{at}schedule_items"), items),
    }
}

fn all_item_faults(field: &str, items: &[CreateAccessItem]) -> Vec<Fault> {
    let items = items.iter().enumerate();
    items.flat_map(|(place, item)| item_faults(&format!("{field}[{place}]."), item)).collect()
}

fn item_faults(at: &str, item: &CreateAccessItem) -> Vec<Fault> {
    let problems = [
        ("amount", check_not_negative(item.amount)),
        ("starting_at", check_hour(item.starting_at)),
        ("ending_before", check_hour(item.ending_before)),
        ("ending_before", check_end(Some(item.starting_at), Some(item.ending_before))),
    ];
    problems.into_iter().filter_map(|(field, problem)| Some(problem?.at(format!("{at}{field}")))).collect()
}

/// What is stored of an access schedule that has no faults.
pub fn access(
    schedule: &CreateAccessSchedule,
    new_id: &mut impl FnMut() -> ScheduleItemId,
) -> AccessSchedule {
    AccessSchedule {
        credit_type_id: schedule.credit_type_id.unwrap_or(CreditType::USD_CENTS),
        schedule_items: schedule.schedule_items.iter().map(|item| stored(item, new_id())).collect(),
    }
}

fn stored(item: &CreateAccessItem, id: ScheduleItemId) -> AccessItem {
    let CreateAccessItem { amount, starting_at, ending_before } = *item;
    AccessItem { id, amount, starting_at, ending_before }
}

/// What is wrong with an edit of an access schedule; `at` stands in front of the names of its fields.
pub fn update_access_faults(at: &str, before: &AccessSchedule, update: &UpdateAccessSchedule) -> Vec<Fault> {
    let UpdateAccessSchedule { add_schedule_items, update_schedule_items, remove_schedule_items } = update;
    let items = before.schedule_items.iter();
    let updated = update_schedule_items.iter().map(|update| update.id);
    let mut faults = id_faults(at, items.clone().map(|item| item.id), updated, remove_schedule_items);
    let count = count_after(items.len(), add_schedule_items.len(), remove_schedule_items.len());
    if let Some(problem) = too_many(count) {
        faults.push(problem.at(format!("{at}add_schedule_items")));
        return faults;
    }
    if faults.is_empty() && count == 0 && !remove_schedule_items.is_empty() {
        let rule = "an access schedule keeps at least one item";
        faults.push(FieldProblem::NotAllowed { rule }.at(format!("{at}remove_schedule_items")));
    }
    let known: BTreeMap<_, _> = items.map(|item| (item.id, item)).collect();
    for (place, update) in update_schedule_items.iter().enumerate() {
        let after = known.get(&update.id).map(|item| changed(item, update));
        let at = format!("{at}update_schedule_items[{place}].");
        faults.extend(after.iter().flat_map(|item| {
            let AccessItem { amount, starting_at, ending_before, .. } = *item;
            item_faults(&at, &CreateAccessItem { amount, starting_at, ending_before })
        }));
    }
    faults.extend(all_item_faults(&format!("{at}add_schedule_items"), add_schedule_items));
    faults
}

fn changed(item: &AccessItem, update: &UpdateAccessItem) -> AccessItem {
    AccessItem {
        id: item.id,
        amount: update.amount.unwrap_or(item.amount),
        starting_at: update.starting_at.unwrap_or(item.starting_at),
        ending_before: update.ending_before.unwrap_or(item.ending_before),
    }
}

/// The access schedule after an edit that has no faults: segments stay in their places, new ones come behind them.
pub fn update_access(
    before: &AccessSchedule,
    update: &UpdateAccessSchedule,
    new_id: &mut impl FnMut() -> ScheduleItemId,
) -> AccessSchedule {
    let removed: BTreeSet<_> = update.remove_schedule_items.iter().collect();
    let updates: BTreeMap<_, _> = update.update_schedule_items.iter().map(|item| (item.id, item)).collect();
    let kept = before.schedule_items.iter().filter(|item| !removed.contains(&item.id));
    let kept = kept.map(|item| updates.get(&item.id).map_or(*item, |update| changed(item, update)));
    let added = update.add_schedule_items.iter().map(|item| stored(item, new_id()));
    AccessSchedule { credit_type_id: before.credit_type_id, schedule_items: kept.chain(added).collect() }
}

/// What is left of an access schedule whose contract ends at that moment: segments reach no further, and those that
/// would begin then or later are gone. It may be none.
pub fn end_access(schedule: &AccessSchedule, end: Time) -> AccessSchedule {
    let left = schedule.schedule_items.iter().filter(|item| item.starting_at < end);
    let cut = |item: &AccessItem| AccessItem { ending_before: item.ending_before.min(end), ..*item };
    AccessSchedule { credit_type_id: schedule.credit_type_id, schedule_items: left.map(cut).collect() }
}
