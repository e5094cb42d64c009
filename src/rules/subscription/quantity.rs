//! How many there are of a subscription, and when: its changes played from its start, by date and, on one date, in
//! the order they were sent.
//!
//! So a change that is sent later for an earlier date counts before those of later dates: `By` adds to what there
//! was then and shifts what follows, until the next `To`, which counts for itself.

use std::collections::BTreeSet;

use super::last_moment;
use crate::error::FieldProblem;
use crate::model::scalar::{Amount, Time};
use crate::model::subscription::{
    MAX_SEATS, QuantityChange, QuantityManagement, QuantitySegment, QuantityUpdate, Subscription,
};

/// The whole schedule of how many there are, from the subscription's start to its end or that of its contract.
/// Neighbours have different quantities.
pub fn quantities(subscription: &Subscription, contract_end: Option<Time>) -> Vec<QuantitySegment> {
    let mut from = subscription.starting_at;
    let end = last_moment(subscription.ending_before, contract_end);
    if end.is_some_and(|end| end <= from) {
        return Vec::new();
    }
    let mut segments = Vec::new();
    let mut count = Count::first(subscription);
    let in_time = |update: &&QuantityUpdate| end.is_none_or(|end| update.starting_at < end);
    for update in
        in_order(&subscription.quantity_updates).into_iter().map(|(_, update)| update).filter(in_time)
    {
        if update.starting_at > from {
            push(&mut segments, count.quantity(), from);
            from = update.starting_at;
        }
        // Of what is stored every change can be made.
        let _ = count.take(&update.change);
    }
    push(&mut segments, count.quantity(), from);
    if let Some(last) = segments.last_mut() {
        last.ending_before = end;
    }
    segments
}

fn push(segments: &mut Vec<QuantitySegment>, quantity: Amount, starting_at: Time) {
    match segments.last_mut() {
        Some(last) if last.quantity == quantity => return,
        Some(last) => last.ending_before = Some(starting_at),
        None => {}
    }
    segments.push(QuantitySegment { quantity, starting_at, ending_before: None });
}

/// How many there are at a moment: none outside of the subscription's own time. The contract's end is not known
/// here.
pub fn quantity_at(subscription: &Subscription, at: Time) -> Amount {
    count_at(subscription, at).map_or(Amount::ZERO, |count| count.quantity())
}

/// The seats that are there at a moment: none outside of the subscription's own time, nor where a number says how
/// many there are.
pub fn seats_at(subscription: &Subscription, at: Time) -> BTreeSet<String> {
    count_at(subscription, at).map_or_else(BTreeSet::new, |count| count.seats)
}

fn count_at(subscription: &Subscription, at: Time) -> Option<Count> {
    let over = subscription.ending_before.is_some_and(|end| at >= end);
    if at < subscription.starting_at || over {
        return None;
    }
    let mut count = Count::first(subscription);
    for (_, update) in in_order(&subscription.quantity_updates) {
        if update.starting_at <= at {
            let _ = count.take(&update.change);
        }
    }
    Some(count)
}

/// The changes that cannot be made, by their places, and why not.
pub(super) fn impossible(subscription: &Subscription) -> Vec<(usize, FieldProblem)> {
    let mut count = Count::first(subscription);
    let mut problems = Vec::new();
    for (place, update) in in_order(&subscription.quantity_updates) {
        if let Err(problem) = count.take(&update.change) {
            problems.push((place, problem));
        }
    }
    problems
}

/// The changes by date, with their places; the sort leaves those of one date in the order they were sent.
fn in_order(updates: &[QuantityUpdate]) -> Vec<(usize, &QuantityUpdate)> {
    let mut updates: Vec<_> = updates.iter().enumerate().collect();
    updates.sort_by_key(|(_, update)| update.starting_at);
    updates
}

/// How many there are, and what says so.
#[derive(Debug)]
struct Count {
    by_seats: bool,
    number: Amount,
    seats: BTreeSet<String>,
    unassigned: usize,
}

impl Count {
    fn first(subscription: &Subscription) -> Self {
        // One that was put on seats later says SEAT_BASED too, but began with a number.
        let seats_later = |update: &QuantityUpdate| update.change == QuantityChange::ManageBySeats;
        Self {
            by_seats: subscription.terms.quantity_management_mode == QuantityManagement::SeatBased
                && !subscription.quantity_updates.iter().any(seats_later),
            number: subscription.initial_quantity,
            seats: subscription.initial_seat_ids.clone(),
            unassigned: whole(subscription.initial_unassigned_seats),
        }
    }

    fn quantity(&self) -> Amount {
        let seats = self.seats.len().saturating_add(self.unassigned);
        if self.by_seats { i64::try_from(seats).unwrap_or(i64::MAX).into() } else { self.number }
    }

    /// Makes a change, or none at all where it cannot be made. Numbers that were scheduled for a date when seats
    /// count mean nothing any more, and seats mean nothing as long as a number counts.
    fn take(&mut self, change: &QuantityChange) -> Result<(), FieldProblem> {
        match change {
            QuantityChange::ManageBySeats => self.by_seats = true,
            QuantityChange::To(number) if !self.by_seats => self.number = *number,
            QuantityChange::By(delta) if !self.by_seats => self.number = changed_by(self.number, *delta)?,
            QuantityChange::AddSeats(seats) if self.by_seats => {
                // New seats first take those that nobody has.
                let new = seats.iter().filter(|seat| !self.seats.contains(*seat)).count();
                let unassigned = self.unassigned.saturating_sub(new);
                check_room(self.seats.len() + new + unassigned)?;
                self.seats.extend(seats.iter().cloned());
                self.unassigned = unassigned;
            }
            QuantityChange::RemoveSeats(seats) if self.by_seats => {
                self.seats.retain(|seat| !seats.contains(seat));
            }
            QuantityChange::AddUnassigned(more) if self.by_seats => {
                let unassigned = self.unassigned.saturating_add(whole(*more));
                check_room(self.seats.len().saturating_add(unassigned))?;
                self.unassigned = unassigned;
            }
            QuantityChange::RemoveUnassigned(fewer) if self.by_seats => {
                let rule = "there are not as many seats that nobody has";
                let problem = FieldProblem::Value { value: fewer.to_string(), rule };
                self.unassigned = self.unassigned.checked_sub(whole(*fewer)).ok_or(problem)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn check_room(seats: usize) -> Result<(), FieldProblem> {
    FieldProblem::too_many(seats, MAX_SEATS).map_or(Ok(()), Err)
}

fn changed_by(number: Amount, delta: Amount) -> Result<Amount, FieldProblem> {
    let refused = |rule| FieldProblem::Value { value: delta.to_string(), rule };
    let after =
        Amount::sum([number, delta]).ok_or_else(|| refused("the quantity needs more than 28 digits then"))?;
    if after.is_negative() { Err(refused("less than 0 would be left")) } else { Ok(after) }
}

fn whole(seats: u32) -> usize {
    usize::try_from(seats).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample::{change, day, made, number, seated, seats};
    use super::*;
    use QuantityChange::{AddSeats, AddUnassigned, By, ManageBySeats, RemoveSeats, RemoveUnassigned, To};

    fn with(mut subscription: Subscription, updates: impl Into<Vec<QuantityUpdate>>) -> Subscription {
        subscription.quantity_updates = updates.into();
        subscription
    }

    /// Each quantity and the day it begins on.
    fn schedule(subscription: &Subscription) -> Vec<(String, String)> {
        let segments = quantities(subscription, None).into_iter();
        segments
            .map(|segment| (segment.quantity.to_string(), segment.starting_at.to_string()[5..10].to_owned()))
            .collect()
    }

    fn said(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(quantity, from)| ((*quantity).to_owned(), (*from).to_owned())).collect()
    }

    #[test]
    fn of_several_changes_on_one_date_the_order_they_were_sent_in_counts() {
        let twelve_less_one = [change("05-21", To(12.into())), change("05-21", By((-1).into()))];
        let subscription = with(made(&number(10)), twelve_less_one.clone());
        assert_eq!(schedule(&subscription), said(&[("10", "01-01"), ("11", "05-21")]));
        let [to, by] = twelve_less_one;
        let subscription = with(made(&number(10)), [by, to]);
        assert_eq!(schedule(&subscription), said(&[("10", "01-01"), ("12", "05-21")]));
    }

    #[test]
    fn what_is_sent_later_for_an_earlier_date_counts_from_that_date() {
        let delta = [change("05-21", To(12.into())), change("05-01", By((-1).into()))];
        let expected = said(&[("10", "01-01"), ("9", "05-01"), ("12", "05-21")]);
        assert_eq!(schedule(&with(made(&number(10)), delta)), expected);
        let absolute = [change("05-21", By(2.into())), change("05-01", To(5.into()))];
        let expected = said(&[("10", "01-01"), ("5", "05-01"), ("7", "05-21")]);
        assert_eq!(schedule(&with(made(&number(10)), absolute)), expected);
    }

    #[test]
    fn a_schedule_ends_with_the_contract_and_joins_what_is_equal() {
        let updates = [
            change("02-01", To(10.into())),
            change("03-01", By(1.into())),
            change("03-01", By((-1).into())),
            change("04-01", To(4.into())),
        ];
        let mut subscription = with(made(&number(10)), updates);
        assert_eq!(schedule(&subscription), said(&[("10", "01-01"), ("4", "04-01")]));
        let ends = |subscription: &Subscription, contract_end: Option<&str>| -> Vec<_> {
            let segments = quantities(subscription, contract_end.map(day)).into_iter();
            segments.map(|segment| segment.ending_before).collect()
        };
        assert_eq!(ends(&subscription, None), [Some(day("04-01")), None]);
        assert_eq!(ends(&subscription, Some("05-01")), [Some(day("04-01")), Some(day("05-01"))]);
        assert_eq!(ends(&subscription, Some("04-01")), [Some(day("04-01"))]);
        assert!(ends(&subscription, Some("01-01")).is_empty());
        subscription.ending_before = Some(day("03-15"));
        assert_eq!(ends(&subscription, Some("05-01")), [Some(day("03-15"))]);
        assert_eq!(ends(&subscription, Some("03-02")), [Some(day("03-02"))]);
    }

    #[test]
    fn new_seats_take_those_that_nobody_has_first() {
        let updates = [
            change("02-01", AddSeats(seats(&["bob", "ada"]))),
            change("03-01", AddSeats(seats(&["cid", "dan"]))),
            change("04-01", RemoveSeats(seats(&["ada", "eve"]))),
            change("05-01", AddUnassigned(2)),
            change("06-01", RemoveUnassigned(1)),
        ];
        let subscription = with(made(&seated(&["ada"], 2)), updates);
        // ada and 2; ada, bob and 1; ada, bob, cid, dan; without ada; 2 more; 1 fewer.
        let expected = [("3", "01-01"), ("4", "03-01"), ("3", "04-01"), ("5", "05-01"), ("4", "06-01")];
        assert_eq!(schedule(&subscription), said(&expected));
        assert_eq!(seats_at(&subscription, day("02-15")), seats(&["ada", "bob"]));
        assert_eq!(seats_at(&subscription, day("04-01")), seats(&["bob", "cid", "dan"]));
        assert_eq!(quantity_at(&subscription, day("05-31")), 5.into());
        assert!(impossible(&subscription).is_empty());
    }

    #[test]
    fn one_that_is_put_on_seats_counts_them_from_none() {
        let updates = [
            change("06-01", To(50.into())),
            change("02-01", To(7.into())),
            change("03-01", ManageBySeats),
            change("03-01", AddSeats(seats(&["ada", "bob"]))),
        ];
        let mut subscription = with(made(&number(10)), updates);
        subscription.terms.quantity_management_mode = QuantityManagement::SeatBased;
        assert_eq!(schedule(&subscription), said(&[("10", "01-01"), ("7", "02-01"), ("2", "03-01")]));
        assert!(seats_at(&subscription, day("02-15")).is_empty());
    }

    #[test]
    fn there_are_none_outside_of_its_time() {
        let mut subscription = made(&seated(&["ada"], 0));
        subscription.ending_before = Some(day("02-01"));
        let before = "2024-12-31T00:00:00Z".parse().unwrap();
        for (at, quantity) in [(before, 0), (day("01-01"), 1), (day("01-31"), 1), (day("02-01"), 0)] {
            assert_eq!(quantity_at(&subscription, at), quantity.into());
            assert_eq!(seats_at(&subscription, at).len(), usize::try_from(quantity).unwrap());
        }
    }

    #[test]
    fn what_cannot_be_is_told_by_its_place() {
        let places = |subscription: &Subscription, updates: &[QuantityUpdate]| -> Vec<_> {
            impossible(&with(subscription.clone(), updates)).into_iter().map(|(place, _)| place).collect()
        };
        let ten = made(&number(10));
        let less = |at, number: i64| change(at, By((-number).into()));
        assert!(places(&ten, &[less("02-01", 4), less("03-01", 6)]).is_empty());
        assert_eq!(places(&ten, &[less("03-01", 6), less("02-01", 5)]), [0]);
        let most = change("02-01", By("9999999999999999999999999990".parse().unwrap()));
        assert_eq!(places(&ten, &[most, change("01-15", By("0.1".parse().unwrap()))]), [0]);
        let two = made(&seated(&["ada"], 1));
        assert!(places(&two, &[change("02-01", RemoveUnassigned(1))]).is_empty());
        assert_eq!(places(&two, &[change("02-01", RemoveUnassigned(2))]), [0]);
        assert!(places(&two, &[change("02-01", AddUnassigned(9_998))]).is_empty());
        assert_eq!(places(&two, &[change("02-01", AddUnassigned(9_999))]), [0]);
        let all = made(&seated(&["ada"], 9_999));
        assert!(places(&all, &[change("02-01", AddSeats(seats(&["bob"])))]).is_empty());
        let full: Vec<_> = (0..10_000).map(|n| n.to_string()).collect();
        let full = made(&seated(&full.iter().map(String::as_str).collect::<Vec<_>>(), 0));
        assert_eq!(places(&full, &[change("02-01", AddSeats(seats(&["bob"])))]), [0]);
    }

    /// A number: that of the last `To` at or before the date, and the sum of what was added after it. Found from
    /// the end backwards, where the schedule is played forwards.
    fn number_by_hand(first: i64, updates: &[(u8, bool, i64)], at: u8) -> i64 {
        let mut past: Vec<_> = updates.iter().enumerate().filter(|(_, (day, ..))| *day <= at).collect();
        past.sort_by_key(|(sent, (day, ..))| std::cmp::Reverse((*day, *sent)));
        let mut added = 0;
        for (_, (_, absolute, number)) in past {
            if *absolute {
                return number + added;
            }
            added += number;
        }
        first + added
    }

    fn on(at: u8) -> Time {
        day(&format!("01-{at:02}"))
    }

    proptest! {
        #[test]
        fn the_schedule_is_what_every_date_says_for_itself(
            first in 100_i64..200,
            updates in prop::collection::vec((1_u8..=20, any::<bool>(), -9_i64..10), 0..12),
            end in prop::option::of(1_u8..=24),
        ) {
            let update = |&(at, absolute, number): &(u8, bool, i64)| {
                let number = if absolute { number + 100 } else { number };
                let change = if absolute { To(number.into()) } else { By(number.into()) };
                QuantityUpdate { starting_at: on(at), change }
            };
            let plain: Vec<_> = updates.iter().map(|&(at, absolute, number)| {
                (at, absolute, if absolute { number + 100 } else { number })
            }).collect();
            let subscription = with(made(&number(first)), updates.iter().map(update).collect::<Vec<_>>());
            let segments = quantities(&subscription, end.map(on));
            for at in 1..=24 {
                let inside = |segment: &&QuantitySegment| {
                    segment.starting_at <= on(at) && segment.ending_before.is_none_or(|end| on(at) < end)
                };
                let found: Vec<_> = segments.iter().filter(inside).map(|segment| segment.quantity).collect();
                let by_hand = Amount::from(number_by_hand(first, &plain, at));
                let expected = if end.is_none_or(|end| at < end) { vec![by_hand] } else { vec![] };
                prop_assert_eq!(found, expected);
                prop_assert_eq!(quantity_at(&subscription, on(at)), by_hand);
            }
            let tiled = segments.windows(2).all(|pair| {
                pair[0].ending_before == Some(pair[1].starting_at) && pair[0].quantity != pair[1].quantity
            });
            prop_assert!(tiled);
        }

        #[test]
        fn a_delta_is_impossible_where_some_date_would_have_less_than_nothing(
            deltas in prop::collection::vec((1_u8..=20, -6_i64..6), 1..6),
        ) {
            let updates: Vec<_> = deltas.iter().map(|&(at, delta)| {
                QuantityUpdate { starting_at: on(at), change: By(delta.into()) }
            }).collect();
            let plain: Vec<_> = deltas.iter().map(|&(at, delta)| (at, false, delta)).collect();
            // At every change, not only at the end of its date.
            let mut order: Vec<_> = plain.iter().enumerate().collect();
            order.sort_by_key(|(sent, (at, ..))| (*at, *sent));
            let sums = order.iter().scan(5, |sum, (_, (_, _, delta))| { *sum += delta; Some(*sum) });
            let below = sums.filter(|sum| *sum < 0).count() > 0;
            prop_assert_eq!(!impossible(&with(made(&number(5)), updates)).is_empty(), below);
        }
    }
}
