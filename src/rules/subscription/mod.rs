//! What subscriptions need and may have, and how many there are of one, and when.

mod change;
mod quantity;
mod update;

pub use quantity::{quantities, quantity_at, seats_at};
pub use update::{end, update, update_faults};

use std::collections::BTreeSet;

use super::schedule::check_not_negative;
use super::{part_text, rate};
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::recurring::ProrationRounding;
use crate::model::scalar::Time;
use crate::model::statement::StatementSchedule;
use crate::model::subscription::{
    CollectionSchedule, CreateSubscription, InvoiceBehavior, MAX_SEAT_CHARACTERS, MAX_SEATS,
    QuantityManagement, Subscription, SubscriptionTerms,
};

/// What is wrong with a subscription that is to be made; `at` stands in front of the names of its fields.
pub fn faults(
    at: &str,
    request: &CreateSubscription,
    contract_start: Time,
    contract_end: Option<Time>,
) -> Vec<Fault> {
    let terms = &request.terms;
    let problems = [
        ("name", part_text::label(terms.name.as_deref())),
        ("description", part_text::text(terms.description.as_deref())),
        ("temporary_id", part_text::temporary_id(request.temporary_id.as_deref())),
        ("proration.invoice_behavior", behaviour_problem(terms)),
        ("proration.rounding.decimal_places", terms.rounding.and_then(ProrationRounding::check)),
    ];
    let mut faults = Fault::of_fields(at, problems);
    faults.extend(window_faults(at, request, contract_start, contract_end));
    faults.extend(match terms.quantity_management_mode {
        QuantityManagement::QuantityOnly => number_faults(at, request),
        QuantityManagement::SeatBased => seat_faults(at, request),
    });
    faults
}

fn behaviour_problem(terms: &SubscriptionTerms) -> Option<FieldProblem> {
    let at_once = terms.invoice_behavior == InvoiceBehavior::BillImmediately;
    let rule = "BILL_IMMEDIATELY is for subscriptions that are charged in ADVANCE";
    (at_once && terms.collection_schedule != CollectionSchedule::Advance)
        .then_some(FieldProblem::NotAllowed { rule })
}

fn window_faults(
    at: &str,
    request: &CreateSubscription,
    contract_start: Time,
    contract_end: Option<Time>,
) -> Vec<Fault> {
    let start = request.starting_at.unwrap_or(contract_start);
    let outside = start < contract_start || contract_end.is_some_and(|end| start >= end);
    let begins = outside.then(|| {
        let rule = "a subscription begins while its contract is in force";
        FieldProblem::Value { value: start.to_string(), rule }
    });
    let ends = end_problem(start, request.ending_before, contract_end);
    Fault::of_fields(at, [("starting_at", begins), ("ending_before", ends)])
}

/// What is wrong with the end of a subscription that starts there.
fn end_problem(start: Time, end: Option<Time>, contract_end: Option<Time>) -> Option<FieldProblem> {
    check_end(Some(start), end).or_else(|| {
        let end = end.filter(|end| contract_end.is_some_and(|last| *end > last))?;
        let rule = "a subscription ends with its contract at the latest";
        Some(FieldProblem::Value { value: end.to_string(), rule })
    })
}

fn number_faults(at: &str, request: &CreateSubscription) -> Vec<Fault> {
    let quantity = match request.initial_quantity {
        None => Some(FieldProblem::Missing { rule: "a QUANTITY_ONLY subscription has a quantity" }),
        Some(quantity) => check_not_negative(quantity),
    };
    let seats = request.terms.seat_group_key.is_some()
        || !request.initial_seat_ids.is_empty()
        || request.initial_unassigned_seats > 0;
    let seats = seats.then_some(FieldProblem::NotAllowed { rule: "it is for SEAT_BASED subscriptions" });
    Fault::of_fields(at, [("initial_quantity", quantity), ("seat_config", seats)])
}

fn seat_faults(at: &str, request: &CreateSubscription) -> Vec<Fault> {
    let quantity = request.initial_quantity.is_some();
    let quantity = quantity
        .then_some(FieldProblem::NotAllowed { rule: "the seats of a SEAT_BASED subscription say how many" });
    let unassigned = usize::try_from(request.initial_unassigned_seats).unwrap_or(usize::MAX);
    let seats = request.initial_seat_ids.len().saturating_add(unassigned);
    let problems = [
        ("initial_quantity", quantity),
        ("seat_config.seat_group_key", key_problem(request.terms.seat_group_key.as_deref())),
        ("seat_config.initial_seat_ids", seat_problem(&request.initial_seat_ids)),
        ("seat_config.initial_unassigned_seats", FieldProblem::too_many(seats, MAX_SEATS)),
    ];
    Fault::of_fields(at, problems)
}

/// What is wrong with the property that names the seat of a usage event.
fn key_problem(key: Option<&str>) -> Option<FieldProblem> {
    let Some(key) = key else {
        return Some(FieldProblem::Missing { rule: "usage events name the seat by a property" });
    };
    part_text::property(key)
}

/// What is wrong with the first of the seats that has something wrong with it.
fn seat_problem(seats: &BTreeSet<String>) -> Option<FieldProblem> {
    let rule = "a seat has 1 to 200 characters";
    seats.iter().find_map(|seat| FieldProblem::of_text(seat, MAX_SEAT_CHARACTERS, rule))
}

/// The subscription that a sound request makes.
pub fn make(request: &CreateSubscription, contract_start: Time, now: Time) -> Subscription {
    Subscription {
        terms: request.terms.clone(),
        starting_at: request.starting_at.unwrap_or(contract_start),
        ending_before: request.ending_before,
        initial_quantity: request.initial_quantity.unwrap_or_default(),
        initial_seat_ids: request.initial_seat_ids.clone(),
        initial_unassigned_seats: request.initial_unassigned_seats,
        quantity_updates: Vec::new(),
        created_at: now,
    }
}

/// When the periods of a subscription come around: by its own frequency, from its own date or that of its contract's
/// usage statements.
pub fn billing_schedule(terms: &SubscriptionTerms, statements: &StatementSchedule) -> StatementSchedule {
    StatementSchedule {
        frequency: terms.billing_frequency,
        billing_anchor_date: terms.billing_anchor_date.unwrap_or(statements.billing_anchor_date),
        invoice_generation_starting_at: None,
    }
}

/// Until when a subscription lasts whose contract ends there.
pub fn last_moment(own: Option<Time>, contract_end: Option<Time>) -> Option<Time> {
    rate::effective_end(own, contract_end)
}

/// What the tests of subscriptions are about.
#[cfg(test)]
mod sample {
    use uuid::Uuid;

    use super::*;
    use crate::model::contract_edit::UpdateSubscription;
    use crate::model::rate::BillingFrequency;
    use crate::model::scalar::Amount;
    use crate::model::subscription::{QuantityChange, QuantityUpdate};

    pub(super) fn day(text: &str) -> Time {
        format!("2025-{text}T00:00:00Z").parse().unwrap()
    }

    pub(super) fn terms() -> SubscriptionTerms {
        SubscriptionTerms::new(Uuid::from_u128(1).into(), BillingFrequency::Monthly)
    }

    pub(super) fn seats(seats: &[&str]) -> BTreeSet<String> {
        seats.iter().copied().map(str::to_owned).collect()
    }

    /// A request for so many from 1 January on.
    pub(super) fn number(quantity: impl Into<Amount>) -> CreateSubscription {
        CreateSubscription::new(terms(), quantity)
    }

    pub(super) fn seated(named: &[&str], unassigned: u32) -> CreateSubscription {
        let terms = SubscriptionTerms {
            quantity_management_mode: QuantityManagement::SeatBased,
            seat_group_key: Some("seat_id".into()),
            ..terms()
        };
        CreateSubscription {
            initial_quantity: None,
            initial_seat_ids: seats(named),
            initial_unassigned_seats: unassigned,
            ..CreateSubscription::new(terms, 0)
        }
    }

    pub(super) fn made(request: &CreateSubscription) -> Subscription {
        make(request, day("01-01"), day("01-01"))
    }

    pub(super) fn change(at: &str, change: QuantityChange) -> QuantityUpdate {
        QuantityUpdate { starting_at: day(at), change }
    }

    pub(super) fn changes(quantity_updates: impl Into<Vec<QuantityUpdate>>) -> UpdateSubscription {
        UpdateSubscription {
            id: Uuid::from_u128(1).into(),
            ending_before: None,
            manage_by_seats: None,
            quantity_updates: quantity_updates.into(),
            rounding: None,
        }
    }

    /// The fields that are wrong in a change in a contract that lasts until 31 December.
    pub(super) fn wrong(before: &Subscription, update: &UpdateSubscription) -> Vec<String> {
        let faults = update_faults("u.", before, update, Some(day("12-31")));
        Fault::fields(&faults).into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{day, made, number, seated, seats};
    use super::*;
    use crate::model::recurring::ProrationRoundingMethod;
    use crate::model::scalar::Amount;

    fn wrong(request: &CreateSubscription) -> Vec<String> {
        let faults = faults("s.", request, day("01-01"), Some(day("12-31")));
        Fault::fields(&faults).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_number_or_seats_say_how_many_there_are() {
        assert!(wrong(&number(0)).is_empty());
        assert_eq!(wrong(&number(-1)), ["s.initial_quantity"]);
        assert_eq!(
            wrong(&CreateSubscription { initial_quantity: None, ..number(0) }),
            ["s.initial_quantity"]
        );
        let both = CreateSubscription { initial_seat_ids: seats(&["ada"]), ..number(1) };
        assert_eq!(wrong(&both), ["s.seat_config"]);
        assert_eq!(
            wrong(&CreateSubscription { initial_unassigned_seats: 1, ..number(1) }),
            ["s.seat_config"]
        );
        let mut keyed = number(1);
        keyed.terms.seat_group_key = Some("seat_id".into());
        assert_eq!(wrong(&keyed), ["s.seat_config"]);

        assert!(wrong(&seated(&[], 0)).is_empty());
        assert!(wrong(&seated(&["ada"], 3)).is_empty());
        let both = CreateSubscription { initial_quantity: Some(1.into()), ..seated(&["ada"], 0) };
        assert_eq!(wrong(&both), ["s.initial_quantity"]);
        for key in [None, Some(String::new()), Some("x".repeat(1_001))] {
            let mut request = seated(&["ada"], 0);
            request.terms.seat_group_key = key;
            assert_eq!(wrong(&request), ["s.seat_config.seat_group_key"]);
        }
    }

    #[test]
    fn seats_have_1_to_200_characters_and_are_10000_at_most() {
        assert!(wrong(&seated(&["é".repeat(200).as_str()], 0)).is_empty());
        for seat in ["é".repeat(201), String::new()] {
            assert_eq!(wrong(&seated(&[&seat], 0)), ["s.seat_config.initial_seat_ids"]);
        }
        assert!(wrong(&seated(&["ada"], 9_999)).is_empty());
        assert_eq!(wrong(&seated(&["ada"], 10_000)), ["s.seat_config.initial_unassigned_seats"]);
        assert_eq!(wrong(&seated(&["ada"], u32::MAX)), ["s.seat_config.initial_unassigned_seats"]);
    }

    #[test]
    fn what_is_billed_at_once_is_charged_in_advance() {
        let mut request = number(1);
        request.terms.invoice_behavior = InvoiceBehavior::BillImmediately;
        assert!(wrong(&request).is_empty());
        request.terms.collection_schedule = CollectionSchedule::Arrears;
        assert_eq!(wrong(&request), ["s.proration.invoice_behavior"]);
        request.terms.invoice_behavior = InvoiceBehavior::BillOnNextCollectionDate;
        assert!(wrong(&request).is_empty());
    }

    #[test]
    fn it_lasts_no_longer_than_its_contract() {
        let lasts = |start: Option<&str>, end: Option<&str>| {
            wrong(&CreateSubscription {
                starting_at: start.map(day),
                ending_before: end.map(day),
                ..number(1)
            })
        };
        assert!(lasts(Some("01-01"), Some("12-31")).is_empty());
        assert!(lasts(Some("12-30"), None).is_empty());
        assert_eq!(lasts(Some("12-31"), None), ["s.starting_at"]);
        assert_eq!(lasts(None, Some("01-01")), ["s.ending_before"]);
        let beyond = CreateSubscription {
            starting_at: Some("2024-12-31T23:00:00Z".parse().unwrap()),
            ending_before: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            ..number(1)
        };
        assert_eq!(wrong(&beyond), ["s.starting_at", "s.ending_before"]);
        let later = CreateSubscription { starting_at: None, ..beyond };
        assert!(faults("s.", &later, day("01-01"), None).is_empty());
    }

    #[test]
    fn texts_and_decimal_places_have_limits() {
        let rounded = |decimal_places| {
            let mut request = number(1);
            let rounding_method = ProrationRoundingMethod::HalfUp;
            request.terms.rounding = Some(ProrationRounding { rounding_method, decimal_places });
            wrong(&request)
        };
        for (places, well) in [(-6, false), (-5, true), (5, true), (6, false)] {
            assert_eq!(rounded(places).is_empty(), well);
        }
        assert_eq!(rounded(6), ["s.proration.rounding.decimal_places"]);
        let mut request = CreateSubscription { temporary_id: Some(String::new()), ..number(1) };
        request.terms.name = Some("x".repeat(1_001));
        request.terms.description = Some("x".repeat(10_001));
        assert_eq!(wrong(&request), ["s.name", "s.description", "s.temporary_id"]);
        request.terms.name = Some(String::new());
        assert_eq!(wrong(&request), ["s.description", "s.temporary_id"]);
    }

    #[test]
    fn what_is_made_begins_with_the_contract_where_nothing_is_said() {
        let made = made(&number(3));
        assert_eq!((made.starting_at, made.ending_before), (day("01-01"), None));
        assert_eq!(made.initial_quantity, Amount::from(3));
        let later = CreateSubscription {
            starting_at: Some(day("02-01")),
            ending_before: Some(day("03-01")),
            ..seated(&["ada"], 2)
        };
        let later = super::sample::made(&later);
        assert_eq!((later.starting_at, later.ending_before), (day("02-01"), Some(day("03-01"))));
        assert_eq!((later.initial_quantity, later.initial_unassigned_seats), (Amount::ZERO, 2));
    }
}
