//! The changes of a subscription's quantity, each by itself.

use std::collections::BTreeMap;

use super::{last_moment, seat_problem};
use crate::error::{Fault, FieldProblem};
use crate::model::scalar::{Amount, Time};
use crate::model::subscription::{
    MAX_SEATS, QuantityChange, QuantityManagement, QuantityUpdate, Subscription, SubscriptionTerms,
};
use crate::rules::schedule::check_not_negative;

use QuantityChange::{AddSeats, AddUnassigned, By, ManageBySeats, RemoveSeats, RemoveUnassigned, To};
use QuantityManagement::SeatBased;

/// The changes with the names that the API has for them: it keeps numbers and every kind of seats in lists of
/// their own.
pub(super) fn named<'u>(at: &str, updates: &'u [QuantityUpdate]) -> Vec<(String, &'u QuantityUpdate)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let name = |update: &'u QuantityUpdate| {
        let list = match update.change {
            To(_) | By(_) => "quantity_updates",
            AddSeats(_) => "seat_updates.add_seat_ids",
            RemoveSeats(_) => "seat_updates.remove_seat_ids",
            AddUnassigned(_) => "seat_updates.add_unassigned_seats",
            RemoveUnassigned(_) => "seat_updates.remove_unassigned_seats",
            ManageBySeats => "quantity_management_mode_update",
        };
        let place = places.entry(list).or_default();
        let field = format!("{at}{list}[{place}].");
        *place += 1;
        (field, update)
    };
    updates.iter().map(name).collect()
}

/// What is wrong with each change by itself, and with its date.
pub(super) fn change_faults(
    after: &Subscription,
    named: &[(String, &QuantityUpdate)],
    contract_end: Option<Time>,
) -> Vec<Fault> {
    let end = last_moment(after.ending_before, contract_end);
    let seats_from = after.quantity_updates.iter().find(|update| update.change == ManageBySeats);
    let mut faults = Vec::new();
    for (at, update) in named {
        let start = update.starting_at;
        let outside = start < after.starting_at || end.is_some_and(|end| start >= end);
        let by_number = seats_from.is_some_and(|from| start < from.starting_at);
        let early = by_number && after.terms.quantity_management_mode == SeatBased;
        let rule = match (outside, early) {
            (true, _) => Some("it is outside of the subscription's time"),
            (_, true) => Some("seats did not say how many there are yet"),
            _ => None,
        };
        let date = rule.map(|rule| FieldProblem::Value { value: start.to_string(), rule });
        let (field, problem) = change_problem(&after.terms, &update.change);
        faults.extend(Fault::of_fields(at, [("starting_at", date), (field, problem)]));
    }
    faults
}

/// The field that a change is in, and what is wrong with it.
fn change_problem(
    terms: &SubscriptionTerms,
    change: &QuantityChange,
) -> (&'static str, Option<FieldProblem>) {
    let field = value_field(change);
    let by_seats = terms.quantity_management_mode == SeatBased;
    let problem = match change {
        To(_) | By(_) if by_seats => {
            Some(FieldProblem::NotAllowed { rule: "seats say how many there are of a SEAT_BASED one" })
        }
        ManageBySeats => Some(FieldProblem::NotAllowed { rule: "it is no change of a date" }),
        AddSeats(_) | RemoveSeats(_) | AddUnassigned(_) | RemoveUnassigned(_) if !by_seats => {
            Some(FieldProblem::NotAllowed { rule: "it is for SEAT_BASED subscriptions" })
        }
        To(number) => check_not_negative(*number),
        By(delta) if *delta == Amount::ZERO => Some(zero("it has to be more or less than 0")),
        AddUnassigned(0) | RemoveUnassigned(0) => Some(zero("it has to be 1 or more")),
        AddSeats(seats) | RemoveSeats(seats) if seats.is_empty() => {
            Some(FieldProblem::Empty { rule: "it names at least one seat" })
        }
        AddSeats(seats) | RemoveSeats(seats) => {
            FieldProblem::too_many(seats.len(), MAX_SEATS).or_else(|| seat_problem(seats))
        }
        By(_) | AddUnassigned(_) | RemoveUnassigned(_) => None,
    };
    (field, problem)
}

/// The field of a change that says how many, or who.
pub(super) const fn value_field(change: &QuantityChange) -> &'static str {
    match change {
        By(_) => "quantity_delta",
        AddSeats(_) | RemoveSeats(_) => "seat_ids",
        To(_) | AddUnassigned(_) | RemoveUnassigned(_) => "quantity",
        ManageBySeats => "quantity_management_mode",
    }
}

fn zero(rule: &'static str) -> FieldProblem {
    FieldProblem::Value { value: "0".to_owned(), rule }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{change, changes, day, made, number, seated, seats, wrong};
    use super::super::{quantity_at, seats_at, update, update_faults};
    use super::*;
    use crate::model::contract_edit::UpdateSubscription;

    fn add(names: &[&str]) -> QuantityChange {
        AddSeats(seats(names))
    }

    #[test]
    fn a_number_is_changed_within_its_time() {
        let ten = made(&number(10));
        let well = changes([change("01-01", To(0.into())), change("12-30", By(1.into()))]);
        assert!(wrong(&ten, &well).is_empty());
        let after = update(&ten, &well, day("01-05"));
        assert_eq!(quantity_at(&after, day("12-30")), 1.into());
        let late = changes([change("12-31", By(1.into()))]);
        assert_eq!(wrong(&ten, &late), ["u.quantity_updates[0].starting_at"]);
        assert!(update_faults("u.", &ten, &late, None).is_empty());
        let mut later = ten;
        later.starting_at = day("02-01");
        later.ending_before = Some(day("03-01"));
        let outside = changes([change("01-31", To(1.into())), change("03-01", To(1.into()))]);
        assert_eq!(
            wrong(&later, &outside),
            ["u.quantity_updates[0].starting_at", "u.quantity_updates[1].starting_at"]
        );
        // The end of the same change counts.
        let longer =
            UpdateSubscription { ending_before: Some(None), ..changes([change("03-01", To(1.into()))]) };
        assert!(wrong(&later, &longer).is_empty());
    }

    #[test]
    fn every_change_says_something_that_its_mode_knows() {
        let ten = made(&number(10));
        let update_of = changes([
            change("02-01", To((-1).into())),
            change("02-01", By(Amount::ZERO)),
            change("02-01", add(&["ada"])),
            change("02-01", RemoveSeats(seats(&["ada"]))),
            change("02-01", AddUnassigned(1)),
            change("02-01", RemoveUnassigned(1)),
            change("02-01", ManageBySeats),
            change("02-01", By(Amount::ZERO)),
        ]);
        assert_eq!(
            wrong(&ten, &update_of),
            [
                "u.quantity_updates[0].quantity",
                "u.quantity_updates[1].quantity_delta",
                "u.seat_updates.add_seat_ids[0].seat_ids",
                "u.seat_updates.remove_seat_ids[0].seat_ids",
                "u.seat_updates.add_unassigned_seats[0].quantity",
                "u.seat_updates.remove_unassigned_seats[0].quantity",
                "u.quantity_management_mode_update[0].quantity_management_mode",
                "u.quantity_updates[2].quantity_delta",
            ]
        );
        let one = made(&seated(&["ada"], 1));
        let update_of = changes([
            change("02-01", To(1.into())),
            change("02-01", By(1.into())),
            change("02-01", add(&[])),
            change("02-01", add(&[""])),
            change("02-01", RemoveSeats(seats(&[&"x".repeat(201)]))),
            change("02-01", AddUnassigned(0)),
            change("02-01", RemoveUnassigned(0)),
        ]);
        assert_eq!(
            wrong(&one, &update_of),
            [
                "u.quantity_updates[0].quantity",
                "u.quantity_updates[1].quantity_delta",
                "u.seat_updates.add_seat_ids[0].seat_ids",
                "u.seat_updates.add_seat_ids[1].seat_ids",
                "u.seat_updates.remove_seat_ids[0].seat_ids",
                "u.seat_updates.add_unassigned_seats[0].quantity",
                "u.seat_updates.remove_unassigned_seats[0].quantity",
            ]
        );
        let well = changes([
            change("02-01", add(&["bob", "cid"])),
            change("02-01", RemoveSeats(seats(&["eve"]))),
            change("02-01", AddUnassigned(1)),
            change("02-01", RemoveUnassigned(1)),
        ]);
        assert!(wrong(&one, &well).is_empty());
        assert_eq!(seats_at(&update(&one, &well, day("01-05")), day("02-01")).len(), 3);
    }
}
