//! Subscriptions that are edited, or whose contract ends earlier.

use super::change::{change_faults, named, value_field};
use super::{end_problem, key_problem, quantity};
use crate::error::{Fault, FieldProblem};
use crate::model::contract_edit::UpdateSubscription;
use crate::model::recurring::ProrationRounding;
use crate::model::scalar::Time;
use crate::model::subscription::{
    MAX_NAMED_SEATS, MAX_QUANTITY_UPDATES, MAX_SEATS, QuantityChange, QuantityManagement, QuantityUpdate,
    Subscription,
};

use QuantityChange::{AddSeats, ManageBySeats, RemoveSeats};
use QuantityManagement::{QuantityOnly, SeatBased};

/// What is wrong with a change of a subscription; `at` stands in front of the names of its fields.
///
/// Quantities are looked at as they would be at every date, changes included that were made before: one that is
/// sent now for an earlier date can leave too few for a later one.
pub fn update_faults(
    at: &str,
    before: &Subscription,
    update: &UpdateSubscription,
    contract_end: Option<Time>,
) -> Vec<Fault> {
    let end = update.ending_before.flatten();
    let rounding = update.rounding.flatten();
    let problems = [
        ("ending_before", end_problem(before.starting_at, end, contract_end)),
        ("proration_rounding.decimal_places", rounding.and_then(ProrationRounding::check)),
    ];
    let mut faults = Fault::of_fields(at, problems);
    faults.extend(seats_from_now_faults(at, before, update));
    // When seats begin to count without any being named makes no difference to what is possible.
    let after = self::update(before, update, before.starting_at);
    let named: Vec<_> = named(at, &update.quantity_updates);
    let in_changes = change_faults(&after, &named, contract_end);
    if in_changes.is_empty() {
        faults.extend(count_faults(at, before, &after, &named));
    }
    faults.extend(in_changes);
    faults
}

fn seats_from_now_faults(at: &str, before: &Subscription, update: &UpdateSubscription) -> Vec<Fault> {
    let Some(key) = &update.manage_by_seats else { return Vec::new() };
    let already = before.terms.quantity_management_mode == SeatBased;
    let already =
        already.then_some(FieldProblem::NotAllowed { rule: "seats say how many there are already" });
    let problems = [
        ("quantity_management_mode_update", already),
        ("quantity_management_mode_update.seat_config.seat_group_key", key_problem(Some(key))),
    ];
    Fault::of_fields(at, problems)
}

/// What is wrong with the changes taken together.
fn count_faults(
    at: &str,
    before: &Subscription,
    after: &Subscription,
    named: &[(String, &QuantityUpdate)],
) -> Vec<Fault> {
    let field = format!("{at}quantity_updates");
    if let Some(problem) = FieldProblem::too_many(after.quantity_updates.len(), MAX_QUANTITY_UPDATES) {
        return vec![problem.at(field)];
    }
    let in_call = named_seats(named.iter().map(|(_, update)| *update));
    let in_all = after.initial_seat_ids.len() + named_seats(&after.quantity_updates);
    let many = FieldProblem::too_many(in_call, MAX_SEATS);
    let many = many.or_else(|| FieldProblem::too_many(in_all, MAX_NAMED_SEATS).filter(|_| in_call > 0));
    if let Some(problem) = many {
        return vec![problem.at(format!("{at}seat_updates"))];
    }
    if named.is_empty() {
        return Vec::new();
    }
    // The new ones stand behind those there were and, where there is one, the step to seats.
    let new_from = after.quantity_updates.len() - named.len();
    let fault = |(place, problem): (usize, FieldProblem)| {
        let new = place.checked_sub(new_from).and_then(|place| named.get(place));
        match new {
            Some((at, update)) => problem.at(format!("{at}{}", value_field(&update.change))),
            None => left_over(before, place).at(field.as_str()),
        }
    };
    quantity::impossible(after).into_iter().map(fault).collect()
}

/// How many times changes name a seat.
fn named_seats<'u>(updates: impl IntoIterator<Item = &'u QuantityUpdate>) -> usize {
    let seats = updates.into_iter().map(|update| match &update.change {
        AddSeats(seats) | RemoveSeats(seats) => seats.len(),
        _ => 0,
    });
    seats.sum()
}

/// The problem of changes after which one that was made before is not possible any more.
fn left_over(before: &Subscription, place: usize) -> FieldProblem {
    let date = before.quantity_updates.get(place).map(|update| update.starting_at.to_string());
    let rule = "the change that was made for this date before is not possible then";
    FieldProblem::Value { value: date.unwrap_or_default(), rule }
}

/// The subscription after a sound change. One that is put on seats without naming any counts none from `now` on, or
/// from its start where that is to come.
pub fn update(before: &Subscription, update: &UpdateSubscription, now: Time) -> Subscription {
    let mut after = before.clone();
    if let Some(end) = update.ending_before {
        after.ending_before = end;
    }
    if let Some(rounding) = update.rounding {
        after.terms.rounding = rounding;
    }
    if let Some(key) = &update.manage_by_seats {
        after.terms.seat_group_key = Some(key.clone());
        if after.terms.quantity_management_mode == QuantityOnly {
            after.terms.quantity_management_mode = SeatBased;
            let first = update.quantity_updates.iter().map(|update| update.starting_at).min();
            let starting_at = first.unwrap_or_else(|| now.max(before.starting_at));
            after.quantity_updates.push(QuantityUpdate { starting_at, change: ManageBySeats });
        }
    }
    after.quantity_updates.extend(update.quantity_updates.iter().cloned());
    after
}

/// What a subscription becomes when its contract ends at a moment before the one it was to end at. Without an end
/// of its own it ends with its contract anyway; one that was to begin later has no time at all.
pub fn end(before: &Subscription, end: Time) -> Subscription {
    let ending_before = before.ending_before.map(|own| own.min(end.max(before.starting_at)));
    Subscription { ending_before, ..before.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::quantity::{quantities, quantity_at};
    use super::super::sample::{change, changes, day, made, number, seated, seats, wrong};
    use super::*;
    use crate::model::recurring::ProrationRoundingMethod;
    use QuantityChange::{AddUnassigned, By, RemoveUnassigned, To};

    fn add(names: &[&str]) -> QuantityChange {
        AddSeats(seats(names))
    }

    #[test]
    fn a_quantity_is_never_less_than_nothing() {
        let ten = made(&number(10));
        let all = changes([change("02-01", By((-10).into()))]);
        assert!(wrong(&ten, &all).is_empty());
        let more = changes([change("02-01", By((-10).into())), change("03-01", By((-1).into()))]);
        assert_eq!(wrong(&ten, &more), ["u.quantity_updates[1].quantity_delta"]);
        // Enough is left on the date of the new change, but not on that of the old one.
        let after = update(&ten, &all, day("01-05"));
        let earlier = changes([change("01-15", By((-1).into()))]);
        assert_eq!(wrong(&after, &earlier), ["u.quantity_updates"]);
        assert!(wrong(&after, &changes([change("01-15", By(1.into()))])).is_empty());
        let two = made(&seated(&["ada"], 1));
        let gone = changes([change("02-01", add(&["bob"])), change("02-01", RemoveUnassigned(1))]);
        assert_eq!(wrong(&two, &gone), ["u.seat_updates.remove_unassigned_seats[0].quantity"]);
    }

    #[test]
    fn seats_count_from_the_first_that_is_named() {
        let ten = made(&number(10));
        let seated = UpdateSubscription {
            manage_by_seats: Some("seat_id".into()),
            ..changes([change("03-01", AddUnassigned(2)), change("02-01", add(&["ada"]))])
        };
        assert!(wrong(&ten, &seated).is_empty());
        let after = update(&ten, &seated, day("01-05"));
        assert_eq!(after.terms.seat_group_key.as_deref(), Some("seat_id"));
        let counted: Vec<_> = quantities(&after, None).into_iter().map(|segment| segment.quantity).collect();
        assert_eq!(counted, [10.into(), 1.into(), 3.into()]);
        // From then on seats can be changed, and not for a date before it; a number never again.
        assert!(wrong(&after, &changes([change("02-01", add(&["bob"]))])).is_empty());
        let early = changes([change("01-31", add(&["bob"])), change("03-01", To(1.into()))]);
        assert_eq!(
            wrong(&after, &early),
            ["u.seat_updates.add_seat_ids[0].starting_at", "u.quantity_updates[0].quantity"]
        );
        assert_eq!(
            wrong(&after, &UpdateSubscription { manage_by_seats: Some("seat_id".into()), ..changes([]) }),
            ["u.quantity_management_mode_update"]
        );
    }

    #[test]
    fn without_a_seat_named_none_counts_from_now_on() {
        let ten = made(&number(10));
        let bare = |key: &str| UpdateSubscription { manage_by_seats: Some(key.into()), ..changes([]) };
        assert!(wrong(&ten, &bare("seat_id")).is_empty());
        let key = ["u.quantity_management_mode_update.seat_config.seat_group_key"];
        assert_eq!(wrong(&ten, &bare("")), key);
        let after = update(&ten, &bare("seat_id"), day("01-05"));
        assert_eq!(quantity_at(&after, day("01-04")), 10.into());
        assert_eq!(quantity_at(&after, day("01-05")), 0.into());
        let early = update(&ten, &bare("seat_id"), "2024-06-01T00:00:00Z".parse().unwrap());
        assert_eq!(quantity_at(&early, day("01-01")), 0.into());
        let beside = UpdateSubscription {
            manage_by_seats: Some("seat_id".into()),
            ..changes([change("02-01", To(1.into()))])
        };
        assert_eq!(wrong(&ten, &beside), ["u.quantity_updates[0].quantity"]);
    }

    #[test]
    fn there_are_only_so_many_changes_and_seats() {
        let ten = made(&number(10));
        let many = |count| changes(vec![change("02-01", By(1.into())); count]);
        assert!(wrong(&ten, &many(MAX_QUANTITY_UPDATES)).is_empty());
        assert_eq!(wrong(&ten, &many(MAX_QUANTITY_UPDATES + 1)), ["u.quantity_updates"]);
        let full = update(&ten, &many(MAX_QUANTITY_UPDATES), day("01-05"));
        assert_eq!(wrong(&full, &many(1)), ["u.quantity_updates"]);
        assert!(wrong(&full, &many(0)).is_empty());
        let none = made(&seated(&[], 0));
        let names: Vec<_> = (0..=MAX_SEATS).map(|seat| seat.to_string()).collect();
        let adding = |seats: &[String]| change("02-01", AddSeats(seats.iter().cloned().collect()));
        assert!(wrong(&none, &changes([adding(&names[1..])])).is_empty());
        assert_eq!(wrong(&none, &changes([adding(&names)])), ["u.seat_updates.add_seat_ids[0].seat_ids"]);
        let halves = changes([adding(&names[..5_000]), adding(&names[5_000..])]);
        assert_eq!(wrong(&none, &halves), ["u.seat_updates"]);
        // What is kept of all that was ever named has a limit too.
        let all = || change("02-01", RemoveSeats(names[1..].iter().cloned().collect()));
        let often = update(&none, &changes([all(), all(), all()]), day("01-05"));
        assert!(wrong(&often, &changes([all()])).is_empty());
        let full = update(&often, &changes([all()]), day("01-05"));
        assert_eq!(wrong(&full, &changes([change("02-01", add(&["ada"]))])), ["u.seat_updates"]);
        assert!(wrong(&full, &changes([change("02-01", AddUnassigned(1))])).is_empty());
    }

    #[test]
    fn another_end_is_later_than_the_start_and_no_later_than_the_contracts() {
        let ten = made(&number(10));
        let ending =
            |end: Option<&str>| UpdateSubscription { ending_before: Some(end.map(day)), ..changes([]) };
        for (end, well) in [("01-01", false), ("01-02", true), ("12-31", true)] {
            assert_eq!(wrong(&ten, &ending(Some(end))).is_empty(), well, "{end}");
        }
        let beyond = UpdateSubscription {
            ending_before: Some(Some("2026-01-01T00:00:00Z".parse().unwrap())),
            ..changes([])
        };
        assert_eq!(wrong(&ten, &beyond), ["u.ending_before"]);
        assert!(update_faults("u.", &ten, &beyond, None).is_empty());
        let ended = update(&ten, &ending(Some("02-01")), day("01-05"));
        assert_eq!(ended.ending_before, Some(day("02-01")));
        assert_eq!(update(&ended, &changes([]), day("01-05")), ended);
        assert_eq!(update(&ended, &ending(None), day("01-05")).ending_before, None);
    }

    #[test]
    fn rounding_is_set_and_cleared() {
        let ten = made(&number(10));
        let rounding_method = ProrationRoundingMethod::Floor;
        let rounded = |decimal_places| UpdateSubscription {
            rounding: Some(Some(ProrationRounding { rounding_method, decimal_places })),
            ..changes([])
        };
        assert!(wrong(&ten, &rounded(5)).is_empty());
        assert_eq!(wrong(&ten, &rounded(6)), ["u.proration_rounding.decimal_places"]);
        let after = update(&ten, &rounded(2), day("01-05"));
        assert_eq!(after.terms.rounding.map(|rounding| rounding.decimal_places), Some(2));
        let cleared = UpdateSubscription { rounding: Some(None), ..changes([]) };
        assert_eq!(update(&after, &cleared, day("01-05")).terms.rounding, None);
    }

    #[test]
    fn it_ends_with_its_contract() {
        let open = made(&number(10));
        assert_eq!(end(&open, day("02-01")), open);
        let own = Subscription { ending_before: Some(day("03-01")), ..open };
        assert_eq!(end(&own, day("02-01")).ending_before, Some(day("02-01")));
        assert_eq!(end(&own, day("04-01")), own);
        let later = Subscription { starting_at: day("02-15"), ..own };
        let never = end(&later, day("02-01"));
        assert_eq!(never.ending_before, Some(day("02-15")));
        assert!(quantities(&never, None).is_empty());
    }
}
