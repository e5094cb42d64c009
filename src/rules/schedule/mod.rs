//! When an amount can be drawn from, and when something is charged: what is wrong with such a schedule, what is
//! stored of it, and what an edit or the end of its contract makes of it.

mod access;
mod invoice;

use std::collections::BTreeSet;

pub use access::{access, access_faults, end_access, update_access, update_access_faults};
pub use invoice::{
    end_invoice, invoice, invoice_before, invoice_faults, update_invoice, update_invoice_faults,
};

use crate::error::{Fault, FieldProblem};
use crate::id::ScheduleItemId;
use crate::model::scalar::Amount;
use crate::model::schedule::MAX_SCHEDULE_ITEMS;
use crate::rules::rate::below;

/// Faults of the ids that an edit names: each has to be one of the schedule's, and is named once.
fn id_faults(
    at: &str,
    known: impl Iterator<Item = ScheduleItemId>,
    updated: impl Iterator<Item = ScheduleItemId>,
    removed: &[ScheduleItemId],
) -> Vec<Fault> {
    let known: BTreeSet<_> = known.collect();
    let updated = updated.enumerate().map(|(place, id)| ("update", place, id));
    let removed = removed.iter().enumerate().map(|(place, id)| ("remove", place, *id));
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for (what, place, id) in updated.chain(removed) {
        let problem = if !known.contains(&id) {
            FieldProblem::Value { value: id.to_string(), rule: "the schedule has no such item" }
        } else if !seen.insert(id) {
            FieldProblem::Repeated { item: id.to_string() }
        } else {
            continue;
        };
        faults.push(problem.at(format!("{at}{what}_schedule_items[{place}].id")));
    }
    faults
}

/// The fault of more items than a schedule has.
fn too_many(items: usize) -> Option<FieldProblem> {
    (items > MAX_SCHEDULE_ITEMS).then_some(FieldProblem::TooMany { items, most: MAX_SCHEDULE_ITEMS })
}

/// How many items a schedule has after an edit whose ids are in order.
const fn count_after(before: usize, added: usize, removed: usize) -> usize {
    before.saturating_add(added).saturating_sub(removed)
}

/// The problem of a number that has to be 0 or more.
pub fn check_not_negative(number: Amount) -> Option<FieldProblem> {
    below(number, "it has to be 0 or more")
}

/// The problem of a price that is not exact for all of its quantity.
pub fn check_product(unit_price: Amount, quantity: Amount) -> Option<FieldProblem> {
    let rule = "times the quantity it has more digits than the 28 there is room for";
    let inexact = unit_price.times(quantity).is_none();
    inexact.then(|| FieldProblem::Value { value: unit_price.to_string(), rule })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::contract_edit::{
        UpdateAccessItem, UpdateAccessSchedule, UpdateInvoiceItem, UpdateInvoiceSchedule, UpdatePrice,
    };
    use crate::model::credit_type::CreditType;
    use crate::model::scalar::Time;
    use crate::model::schedule::*;
    use uuid::Uuid;

    fn time(text: &str) -> Time {
        format!("{text}:00Z").parse().unwrap()
    }

    fn id(number: u128) -> ScheduleItemId {
        ScheduleItemId::new(Uuid::from_u128(number))
    }

    /// Ids that count from a number on.
    fn ids(first: u128) -> impl FnMut() -> ScheduleItemId {
        let mut numbers = first..;
        move || id(numbers.next().unwrap())
    }

    fn segment(amount: i64, start: &str, end: &str) -> CreateAccessItem {
        CreateAccessItem { amount: amount.into(), starting_at: time(start), ending_before: time(end) }
    }

    fn charge(day: &str, price: impl Into<Price>) -> CreateInvoiceItem {
        CreateInvoiceItem { timestamp: time(&format!("{day}T00:00")), price: price.into() }
    }

    fn price(unit_price: &str, quantity: &str) -> Price {
        Price { unit_price: unit_price.parse().unwrap(), quantity: quantity.parse().unwrap() }
    }

    /// The fields of faults, with the first word of what is wrong with each.
    fn said(faults: &[Fault]) -> Vec<String> {
        let word = |fault: &Fault| match fault {
            Fault::Field { field, problem } => {
                let word = format!("{problem:?}").split(' ').next().unwrap_or_default().to_owned();
                format!("{field} {word}")
            }
            other => format!("{other:?}"),
        };
        faults.iter().map(word).collect()
    }

    fn quarter() -> CreateAccessSchedule {
        CreateAccessSchedule::from([
            segment(100, "2025-01-01T00:00", "2025-02-01T00:00"),
            segment(0, "2025-02-01T00:00", "2025-03-01T00:00"),
            segment(50, "2025-03-01T00:00", "2025-04-01T00:00"),
        ])
    }

    fn charges(items: Vec<CreateInvoiceItem>) -> CreateInvoiceSchedule {
        CreateInvoiceSchedule {
            credit_type_id: None,
            dates: ScheduleDates::Items(items),
            do_not_invoice: false,
        }
    }

    fn three_charges() -> InvoiceSchedule {
        let items = ["2025-01-01", "2025-02-01", "2025-03-01"].map(|day| charge(day, Amount::from(10)));
        invoice(&charges(items.into()), &mut ids(1))
    }

    #[test]
    fn every_fault_of_an_access_schedule_is_named() {
        assert!(access_faults("", &quarter()).is_empty());
        let none = CreateAccessSchedule::default();
        assert_eq!(
            said(&access_faults("commits[0].access_schedule.", &none)),
            ["commits[0].access_schedule.schedule_items Empty"]
        );
        let wrong = CreateAccessSchedule::from([
            segment(-1, "2025-01-01T00:30", "2025-01-01T00:30"),
            segment(1, "2025-01-02T00:00", "2025-01-01T00:00"),
        ]);
        assert_eq!(
            said(&access_faults("a.", &wrong)),
            [
                "a.schedule_items[0].amount Value",
                "a.schedule_items[0].starting_at Value",
                "a.schedule_items[0].ending_before Value",
                "a.schedule_items[0].ending_before Value",
                "a.schedule_items[1].ending_before Value",
            ]
        );
        let many = |count| CreateAccessSchedule {
            credit_type_id: None,
            schedule_items: vec![segment(1, "2025-01-01T00:00", "2025-01-01T01:00"); count],
        };
        assert!(access_faults("", &many(1_000)).is_empty());
        assert_eq!(said(&access_faults("", &many(1_001))), ["schedule_items TooMany"]);
    }

    #[test]
    fn an_access_schedule_is_kept_in_us_cents_where_nothing_is_said() {
        let stored = access(&quarter(), &mut ids(1));
        assert_eq!(stored.credit_type_id, CreditType::USD_CENTS);
        assert_eq!(
            stored.schedule_items.iter().map(|item| item.id).collect::<Vec<_>>(),
            [id(1), id(2), id(3)]
        );
        let euros = CreateAccessSchedule { credit_type_id: Some(CreditType::EUR), ..quarter() };
        assert_eq!(access(&euros, &mut ids(1)).credit_type_id, CreditType::EUR);
    }

    #[test]
    fn an_edit_changes_removes_and_adds_segments() {
        let before = access(&quarter(), &mut ids(1));
        let change = |id, amount: Option<i64>, end: Option<&str>| UpdateAccessItem {
            id,
            amount: amount.map(Into::into),
            starting_at: None,
            ending_before: end.map(time),
        };
        let update = UpdateAccessSchedule {
            add_schedule_items: vec![segment(7, "2025-06-01T00:00", "2025-07-01T00:00")],
            update_schedule_items: vec![
                change(id(3), Some(60), None),
                change(id(1), None, Some("2025-01-15T00:00")),
            ],
            remove_schedule_items: vec![id(2)],
        };
        assert!(update_access_faults("", &before, &update).is_empty());
        let after = update_access(&before, &update, &mut ids(9));
        let told: Vec<_> =
            after.schedule_items.iter().map(|item| (item.id, item.amount, item.ending_before)).collect();
        assert_eq!(
            told,
            [
                (id(1), 100.into(), time("2025-01-15T00:00")),
                (id(3), 60.into(), time("2025-04-01T00:00")),
                (id(9), 7.into(), time("2025-07-01T00:00")),
            ]
        );
        let wrong = UpdateAccessSchedule {
            add_schedule_items: vec![segment(-7, "2025-06-01T00:00", "2025-07-01T00:00")],
            update_schedule_items: vec![
                change(id(4), Some(-1), None),
                change(id(1), Some(-1), Some("2025-01-01T00:00")),
                change(id(1), None, None),
            ],
            remove_schedule_items: vec![id(1), id(5), id(2), id(2)],
        };
        assert_eq!(
            said(&update_access_faults("", &before, &wrong)),
            [
                "update_schedule_items[0].id Value",
                "update_schedule_items[2].id Repeated",
                "remove_schedule_items[0].id Repeated",
                "remove_schedule_items[1].id Value",
                "remove_schedule_items[3].id Repeated",
                "update_schedule_items[1].amount Value",
                "update_schedule_items[1].ending_before Value",
                "add_schedule_items[0].amount Value",
            ]
        );
    }

    #[test]
    fn one_segment_stays_and_there_are_never_too_many() {
        let before = access(&quarter(), &mut ids(1));
        let all =
            UpdateAccessSchedule { remove_schedule_items: vec![id(1), id(2), id(3)], ..Default::default() };
        assert_eq!(said(&update_access_faults("", &before, &all)), ["remove_schedule_items NotAllowed"]);
        let added = vec![segment(7, "2025-06-01T00:00", "2025-07-01T00:00"); 998];
        let fits = UpdateAccessSchedule {
            add_schedule_items: added.clone(),
            remove_schedule_items: vec![id(1)],
            ..Default::default()
        };
        assert!(update_access_faults("", &before, &fits).is_empty());
        let too_many = UpdateAccessSchedule { add_schedule_items: added, ..Default::default() };
        assert_eq!(said(&update_access_faults("", &before, &too_many)), ["add_schedule_items TooMany"]);
        // One that its contract's end has emptied takes an edit that does nothing to it.
        let ended = end_access(&before, time("2025-01-01T00:00"));
        assert!(ended.schedule_items.is_empty());
        assert!(update_access_faults("", &ended, &UpdateAccessSchedule::default()).is_empty());
    }

    #[test]
    fn the_end_of_a_contract_cuts_segments_and_drops_what_is_later() {
        let before = access(&quarter(), &mut ids(1));
        let ends = |end| -> Vec<_> {
            end_access(&before, time(end)).schedule_items.iter().map(|item| item.ending_before).collect()
        };
        assert_eq!(ends("2025-02-15T00:00"), [time("2025-02-01T00:00"), time("2025-02-15T00:00")]);
        assert_eq!(ends("2025-03-01T00:00"), [time("2025-02-01T00:00"), time("2025-03-01T00:00")]);
        assert_eq!(end_access(&before, time("2025-04-01T00:00")), before);
    }

    #[test]
    fn every_fault_of_an_invoice_schedule_is_named() {
        let faults = |items: Vec<CreateInvoiceItem>, for_commit| {
            said(&invoice_faults("s.", &charges(items), for_commit))
        };
        assert_eq!(faults(vec![], false), ["s.schedule_items Empty"]);
        assert_eq!(
            faults(vec![charge("2025-01-01", Amount::from(1)); 1_001], false),
            ["s.schedule_items TooMany"]
        );
        assert!(faults(vec![charge("2025-01-01", Amount::from(1)); 1_000], true).is_empty());
        // A discount is negative; nobody buys a commit for less than nothing.
        assert!(faults(vec![charge("2025-01-01", Amount::from(-1))], false).is_empty());
        assert_eq!(
            faults(vec![charge("2025-01-01", Amount::from(-1))], true),
            ["s.schedule_items[0].unit_price Value"]
        );
        let wrong = vec![charge("2025-01-01", price("0.1", "1e-28")), charge("2025-01-01", price("1", "-1"))];
        assert_eq!(
            faults(wrong, false),
            ["s.schedule_items[0].unit_price Value", "s.schedule_items[1].quantity Value"]
        );
        let silent = CreateInvoiceSchedule {
            do_not_invoice: true,
            ..charges(vec![charge("2025-01-01", Amount::from(1))])
        };
        assert!(invoice_faults("", &silent, true).is_empty());
        assert_eq!(said(&invoice_faults("", &silent, false)), ["do_not_invoice NotAllowed"]);
    }

    #[test]
    fn every_fault_of_a_recurring_schedule_is_named() {
        let recurring = |start, end, price| RecurringSchedule {
            starting_at: time(start),
            ending_before: time(end),
            frequency: ScheduleFrequency::Weekly,
            price,
            amount_distribution: AmountDistribution::Each,
        };
        let faults = |recurring| said(&invoice_faults("", &CreateInvoiceSchedule::from(recurring), false));
        let once = price("1", "1");
        assert_eq!(
            faults(recurring("2025-01-01T00:00", "2025-01-01T00:00", price("1e27", "-10"))),
            [
                "recurring_schedule.ending_before Value",
                "recurring_schedule.unit_price Value",
                "recurring_schedule.quantity Value"
            ]
        );
        // 1,000 weeks are 7,000 days: the one thousand and first begins on 2 March 2044.
        assert!(faults(recurring("2025-01-01T00:00", "2044-03-02T00:00", once)).is_empty());
        assert_eq!(
            faults(recurring("2025-01-01T00:00", "2044-03-02T01:00", once)),
            ["recurring_schedule TooMany"]
        );
        assert_eq!(
            faults(recurring("2025-01-01T00:00", "9999-01-01T00:00", once)),
            ["recurring_schedule TooMany"]
        );
    }

    #[test]
    fn an_edit_changes_removes_and_adds_charges_and_may_remove_all() {
        let before = three_charges();
        let change = |number, price| UpdateInvoiceItem { id: id(number), timestamp: None, price };
        let update = UpdateInvoiceSchedule {
            add_schedule_items: vec![charge("2025-06-01", Amount::from(5))],
            update_schedule_items: vec![
                change(1, Some(UpdatePrice::Quantity(3.into()))),
                UpdateInvoiceItem {
                    timestamp: Some(time("2025-02-02T00:00")),
                    ..change(2, Some(UpdatePrice::UnitPrice(4.into())))
                },
            ],
            remove_schedule_items: vec![id(3)],
        };
        assert!(update_invoice_faults("", &before, &update, true).is_empty());
        let after = update_invoice(&before, &update, &mut ids(9));
        let told: Vec<_> =
            after.schedule_items.iter().map(|item| (item.id, item.timestamp, item.price)).collect();
        assert_eq!(
            told,
            [
                (id(1), time("2025-01-01T00:00"), price("10", "3")),
                (id(2), time("2025-02-02T00:00"), price("4", "1")),
                (id(9), time("2025-06-01T00:00"), price("5", "1")),
            ]
        );
        let all =
            UpdateInvoiceSchedule { remove_schedule_items: vec![id(1), id(2), id(3)], ..Default::default() };
        assert!(update_invoice_faults("", &before, &all, true).is_empty());
        assert!(update_invoice(&before, &all, &mut ids(9)).schedule_items.is_empty());
        let wrong = UpdateInvoiceSchedule {
            update_schedule_items: vec![
                change(1, Some(UpdatePrice::To(price("-1", "1")))),
                change(2, Some(UpdatePrice::Quantity("1e27".parse().unwrap()))),
                change(7, None),
            ],
            ..Default::default()
        };
        assert_eq!(
            said(&update_invoice_faults("", &before, &wrong, true)),
            [
                "update_schedule_items[2].id Value",
                "update_schedule_items[0].unit_price Value",
                "update_schedule_items[1].unit_price Value"
            ]
        );
        let many = UpdateInvoiceSchedule {
            add_schedule_items: vec![charge("2025-06-01", Amount::from(5)); 998],
            ..Default::default()
        };
        assert_eq!(said(&update_invoice_faults("", &before, &many, true)), ["add_schedule_items TooMany"]);
    }

    #[test]
    fn a_charge_at_the_very_end_of_its_contract_stays() {
        let days = |end| -> Vec<_> {
            end_invoice(&three_charges(), time(end)).schedule_items.iter().map(|item| item.id).collect()
        };
        assert_eq!(days("2025-02-01T00:00"), [id(1), id(2)]);
        assert_eq!(days("2025-01-31T23:59"), [id(1)]);
        assert!(days("2024-12-31T00:00").is_empty());
    }
}
