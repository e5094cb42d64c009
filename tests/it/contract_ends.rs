//! What edits do over time: grants and seats to come, and a contract's end that moves forward and back.

use billfold::prelude::*;

use crate::support::catalog::at;
use crate::support::provisioned::{Provisioned, charge, day, fields, five_percent_off, provisioned, segment};

fn new_year() -> Time {
    at("2026-01-01T00:00:00Z")
}

fn ends(here: &Provisioned, end: Option<Time>) -> ContractEditId {
    here.store.set_contract_end(here.contract, end).unwrap()
}

/// Starts and amounts of a recurring commit's grants in the year.
fn grants(here: &Provisioned, commit: RecurringCommitId) -> Vec<(Time, Amount)> {
    let page = PageRequest::first(100);
    let found = here.store.grants(here.contract, commit, at("2027-01-01T00:00:00Z"), &page).unwrap();
    found.items.iter().map(|grant| (grant.starting_at, grant.amount)).collect()
}

#[test]
fn an_updated_recurring_commit_gives_more_from_the_next_grant_on() {
    let here = provisioned();
    let terms = RecurringTerms { ending_before: Some(day("05-01")), ..here.monthly() };
    here.edit(EditContract { add_recurring_commits: vec![terms.into()], ..Default::default() }).unwrap();
    let id = here.now().recurring_commits[0].id;
    // The grant of 1 February has begun, that of 1 March begins this very moment.
    here.clock.set(day("03-01"));
    let update = |changes| {
        let update_recurring_commits = vec![UpdateRecurring { id, changes }];
        here.update(PartUpdates { update_recurring_commits, ..Default::default() })
    };
    update(RecurringChanges { access_quantity: Some(2.into()), ..Default::default() }).unwrap();
    here.clock.set(day("03-02"));
    update(RecurringChanges { access_unit_price: Some(7.into()), ..Default::default() }).unwrap();
    let expected = [("01-01", 10_000), ("02-01", 10_000), ("03-01", 20_000), ("04-01", 14)];
    assert_eq!(grants(&here, id), expected.map(|(start, amount)| (day(start), amount.into())));

    let charged = RecurringChanges { invoice_unit_price: Some(1.into()), ..Default::default() };
    assert_eq!(fields(update(charged)), ["update_recurring_commits[0].invoice_amount"]);
    let early = RecurringChanges { ending_before: Some(Some(day("01-01"))), ..Default::default() };
    assert_eq!(fields(update(early)), ["update_recurring_commits[0].ending_before"]);
    let fewer = RecurringChanges { access_quantity: Some((-1).into()), ..Default::default() };
    assert_eq!(fields(update(fewer)), ["update_recurring_commits[0].access_amount.quantity"]);
}

#[test]
fn quantities_are_set_and_moved_in_the_order_sent_and_are_never_less_than_none() {
    let here = provisioned();
    here.edit(EditContract { add_subscriptions: vec![here.subscription()], ..Default::default() }).unwrap();
    let id = here.now().subscriptions[0].id;
    let update = |changes: Vec<(Time, QuantityChange)>| {
        let quantity_updates =
            changes.into_iter().map(|(starting_at, change)| QuantityUpdate { starting_at, change });
        let update = UpdateSubscription {
            id,
            ending_before: None,
            manage_by_seats: None,
            quantity_updates: quantity_updates.collect(),
            rounding: None,
        };
        here.update(PartUpdates { update_subscriptions: vec![update], ..Default::default() })
    };
    let (to, by) = (|n: i64| QuantityChange::To(n.into()), |n: i64| QuantityChange::By(n.into()));
    update(vec![(day("03-01"), to(10)), (day("03-01"), by(-4)), (day("02-01"), by(2))]).unwrap();
    let quantities = || -> Vec<(Time, Amount, Option<Time>)> {
        let segments = here.store.subscription_quantities(id).unwrap();
        segments.iter().map(|one| (one.starting_at, one.quantity, one.ending_before)).collect()
    };
    let expected = [
        (day("01-01"), 3.into(), Some(day("02-01"))),
        (day("02-01"), 5.into(), Some(day("03-01"))),
        (day("03-01"), 6.into(), Some(new_year())),
    ];
    assert_eq!(quantities(), expected);

    let before = here.everything();
    let too_few = update(vec![(day("06-01"), by(-6)), (day("07-01"), by(-1))]);
    assert_eq!(fields(too_few), ["update_subscriptions[0].quantity_updates[1].quantity_delta"]);
    assert_eq!(fields(update(vec![(day("06-01"), by(0))])).len(), 1);
    assert_eq!(fields(update(vec![(new_year(), to(1))])).len(), 1, "the contract is over then");
    assert_eq!(here.everything(), before);
    update(vec![(day("06-01"), by(-6))]).expect("none is a quantity");
    assert_eq!(quantities()[3], (day("06-01"), 0.into(), Some(new_year())));
}

/// A contract of 2025 with parts that go on after 1 June.
fn to_be_cut() -> Provisioned {
    let here = provisioned();
    let postpaid = CreateCommit {
        commit_type: CommitType::Postpaid,
        invoice_schedule: Some([charge(9, new_year())].into()),
        ..CreateCommit::prepaid(BalanceTerms::new(here.fixed), [segment(9, day("01-01"), new_year())].into())
    };
    let until = |end: &str| OverrideTerms { ending_before: Some(day(end)), ..five_percent_off("cloud") };
    let own_end = CreateSubscription { ending_before: Some(day("09-01")), ..here.subscription() };
    let edit = EditContract {
        add_commits: vec![here.commit(), postpaid],
        add_overrides: vec![until("05-01"), until("09-01"), five_percent_off("cloud")],
        add_subscriptions: vec![here.subscription(), own_end],
        ..here.one_of_each()
    };
    here.edit(edit).unwrap();
    here
}

#[test]
fn an_earlier_end_cuts_all_that_lies_behind_it_but_the_charge_for_what_was_not_used() {
    let here = to_be_cut();
    here.clock.set(day("02-15"));
    ends(&here, Some(day("06-01")));
    let after = here.now();
    assert_eq!(after.terms.ending_before, Some(day("06-01")));
    let segments = |balance: &Balance| -> Vec<_> {
        let items = &balance.access_schedule.schedule_items;
        items.iter().map(|item| (item.starting_at, item.ending_before, item.amount)).collect()
    };
    let charges = |schedule: &InvoiceSchedule| -> Vec<_> {
        schedule.schedule_items.iter().map(|item| item.timestamp).collect()
    };
    // The half that had begun ends with the contract, the other one goes.
    let half = [(day("01-01"), day("06-01"), 50_000.into())];
    assert_eq!(segments(&after.commits[0]), half);
    assert_eq!(charges(after.commits[0].invoice_schedule.as_ref().unwrap()), [day("01-01")]);
    assert_eq!(segments(&after.credits[0]), half);
    let postpaid = &after.commits[1];
    assert_eq!(segments(postpaid), [(day("01-01"), day("06-01"), 9.into())]);
    assert_eq!(charges(postpaid.invoice_schedule.as_ref().unwrap()), [new_year()], "the true-up stays");
    let left = [day("01-01"), day("04-01")];
    assert_eq!(charges(&after.scheduled_charges[0].schedule), left);
    assert_eq!(charges(&after.discounts[0].schedule), left);
    let override_ends: Vec<_> = after.overrides.iter().map(|one| one.terms.ending_before).collect();
    assert_eq!(override_ends, [Some(day("05-01")), Some(day("06-01")), None]);
    let ends: Vec<_> = after.subscriptions.iter().map(|one| one.ending_before).collect();
    assert_eq!(ends, [None, Some(day("06-01"))]);
    for subscription in &after.subscriptions {
        let [all] = &here.store.subscription_quantities(subscription.id).unwrap()[..] else { panic!("one") };
        assert_eq!(all.ending_before, Some(day("06-01")));
    }
    let starts: Vec<_> = grants(&here, after.recurring_commits[0].id).iter().map(|grant| grant.0).collect();
    assert_eq!(starts, ["01-01", "02-01", "03-01", "04-01", "05-01"].map(day));
}

#[test]
fn a_later_end_brings_nothing_back_but_what_had_no_end_of_its_own() {
    let here = to_be_cut();
    ends(&here, Some(day("06-01")));
    let short = here.now();
    ends(&here, None);
    let long = here.now();
    assert_eq!(long.terms.ending_before, None);
    assert_eq!((&long.commits, &long.credits), (&short.commits, &short.credits));
    assert_eq!((&long.overrides, &long.scheduled_charges), (&short.overrides, &short.scheduled_charges));
    assert_eq!((&long.recurring_commits, &long.discounts), (&short.recurring_commits, &short.discounts));
    assert_eq!(long.subscriptions, short.subscriptions);
    assert_eq!(grants(&here, long.recurring_commits[0].id).len(), 5);
    let [with_the_contract, own] = &long.subscriptions[..] else { panic!("two") };
    let end = |id| here.store.subscription_quantities(id).unwrap().last().unwrap().ending_before;
    assert_eq!((end(with_the_contract.id), end(own.id)), (None, Some(day("06-01"))));
    ends(&here, Some(new_year()));
    assert_eq!(end(with_the_contract.id), Some(new_year()));
}

#[test]
fn parts_change_first_then_the_contract_ends_then_parts_come() {
    let here = to_be_cut();
    let before = here.now();
    let commit = &before.commits[0];
    let later = UpdateAccessItem {
        id: commit.access_schedule.schedule_items[0].id,
        amount: Some(1.into()),
        starting_at: None,
        ending_before: Some(day("12-01")),
    };
    let update = UpdateBalance {
        access_schedule: UpdateAccessSchedule { update_schedule_items: vec![later], ..Default::default() },
        ..UpdateBalance::new(commit.id)
    };
    here.edit(EditContract {
        updates: PartUpdates { update_commits: vec![update], ..Default::default() },
        update_contract_end_date: Some(Some(day("06-01"))),
        add_credits: vec![here.credit()],
        ..Default::default()
    })
    .unwrap();
    let after = here.now();
    let [item] = &after.commits[0].access_schedule.schedule_items[..] else { panic!("one") };
    assert_eq!((item.amount, item.ending_before), (1.into(), day("06-01")), "changed, then cut");
    assert_eq!(
        after.credits[1].access_schedule.schedule_items.len(),
        2,
        "what comes then is as it is asked for"
    );

    // What comes has to fit the new end, not the old one.
    let late = CreateSubscription { starting_at: Some(day("07-01")), ..here.subscription() };
    let with = |end| EditContract {
        update_contract_end_date: Some(end),
        add_subscriptions: vec![late.clone()],
        ..Default::default()
    };
    assert_eq!(fields(here.edit(with(Some(day("06-15"))))), ["add_subscriptions[0].starting_at"]);
    here.edit(with(Some(day("08-01")))).unwrap();
}

#[test]
fn an_end_is_on_the_hour_and_later_than_the_start() {
    let here = provisioned();
    let half_past = at("2025-03-01T00:30:00Z");
    for wrong in [day("01-01"), at("2024-12-01T00:00:00Z"), half_past] {
        let end = Some(wrong);
        assert_eq!(fields(here.store.set_contract_end(here.contract, end)), ["ending_before"]);
        let edit = EditContract { update_contract_end_date: Some(end), ..Default::default() };
        assert_eq!(fields(here.edit(edit)), ["update_contract_end_date"]);
    }
    ends(&here, Some(at("2025-01-01T01:00:00Z")));
    let question = RateQuestion::new(here.usage);
    let rate = |moment| here.store.rate(here.contract, &question, moment).unwrap();
    assert!(rate(at("2025-01-01T00:59:59Z")).is_some());
    assert!(rate(at("2025-01-01T01:00:00Z")).is_none(), "the contract is over");
}
