//! What became of a contract: the edits it has had, the keys they were made with, and the contract as it was at any
//! moment.

use std::time::Duration;

use billfold::prelude::*;
use proptest::prelude::*;

use crate::support::catalog::at;
use crate::support::disk::Disk;
use crate::support::provisioned::{
    Provisioned, charge, day, fields, five_percent_off, on, provisioned, segment,
};
use crate::support::{every, fault};

#[test]
fn ends_filters_and_the_archiving_stand_in_the_history_with_who_did_it_and_when() {
    let here = provisioned();
    let by = |name: &str| About { actor: Some(name.into()), reason: None };
    here.clock.set(day("02-01"));
    let store = &here.store;
    let end = store.write_as(by("ada"), |tx| tx.set_contract_end(here.contract, Some(day("06-01")))).unwrap();
    here.clock.set(day("03-01"));
    let eu = UsageFilter::new("region", ["EU"], day("04-01"));
    let filter = store.set_usage_filter(here.contract, eu.clone()).unwrap();
    here.clock.set(day("05-01"));
    store.write_as(by("bob"), |tx| tx.archive_contract(here.contract)).unwrap();

    let [ended, filtered, archived] = &here.edits()[..] else { panic!("{:?}", here.edits()) };
    assert_eq!((ended.id, filtered.id), (end, filter));
    assert_eq!(ended.update_contract_end_date, Some(Some(day("06-01"))));
    assert_eq!((ended.timestamp, ended.edited_by.as_deref()), (day("02-01"), Some("ada")));
    assert_eq!(filtered.add_usage_filters.as_ref(), Some(&eu));
    assert_eq!((filtered.timestamp, filtered.edited_by.as_deref()), (day("03-01"), None));
    assert!(archived.archived && !ended.archived && !filtered.archived);
    assert_eq!(archived.update_contract_end_date, Some(Some(day("05-01"))), "it ends now");
    assert_eq!((archived.timestamp, archived.edited_by.as_deref()), (day("05-01"), Some("bob")));
    let contract = here.now();
    let ends = (contract.terms.ending_before, contract.terms.archived_at);
    assert_eq!(ends, (Some(day("05-01")), Some(day("05-01"))));
}

#[test]
fn an_edit_shows_what_it_added_as_it_was_right_after_and_what_it_changed_as_it_was_asked_for() {
    let here = provisioned();
    let edit = EditContract {
        uniqueness_key: Some("first".into()),
        update_contract_name: Some(None),
        update_net_payment_terms_days: Some(Some(30.into())),
        ..here.one_of_each()
    };
    // All at one moment: the edits are told apart by what came before.
    here.edit(edit).unwrap();
    let first = here.now();
    let rename = UpdateBalance { name: Some("other".into()), ..UpdateBalance::new(first.commits[0].id) };
    let updates = PartUpdates {
        update_commits: vec![rename],
        remove_overrides: vec![first.overrides[0].id],
        archive_credits: vec![first.credits[0].id],
        ..Default::default()
    };
    here.update(updates.clone()).unwrap();
    here.store.set_contract_end(here.contract, Some(day("02-01"))).unwrap();

    let edits = here.edits();
    let added = &edits[0].added;
    assert_eq!((&added.commits, &added.credits), (&first.commits, &first.credits));
    assert_eq!((&added.overrides, &added.discounts), (&first.overrides, &first.discounts));
    assert_eq!(added.recurring_commits, first.recurring_commits);
    assert_eq!(added.recurring_credits, first.recurring_credits);
    assert_eq!(added.scheduled_charges, first.scheduled_charges);
    assert_eq!(added.professional_services, first.professional_services);
    assert_eq!(added.subscriptions, first.subscriptions);
    assert_eq!(edits[0].uniqueness_key.as_deref(), Some("first"));
    assert_eq!(edits[0].update_contract_name, Some(None));
    assert_eq!(edits[0].update_net_payment_terms_days, Some(Some(30.into())));
    assert_eq!((&edits[1].updates, edits[1].added.commits.len()), (&updates, 0));
    assert!(here.now().overrides.is_empty(), "and yet the history has it");
}

#[test]
fn edits_come_oldest_first_page_by_page_with_cursors_of_their_own_contract() {
    let here = provisioned();
    let other = here.store.create_contract(CreateContract::new(here.customer, day("01-01"))).unwrap();
    let rename = |contract, n: u32| {
        let update_contract_name = Some(Some(n.to_string()));
        here.store.edit_contract(contract, EditContract { update_contract_name, ..Default::default() })
    };
    let ids: Vec<_> = (0..7).map(|n| rename(here.contract, n).unwrap()).collect();
    rename(other, 7).unwrap();
    rename(other, 8).unwrap();
    for limit in 1..9 {
        let read = every(limit, |page| here.store.contract_edits(here.contract, page));
        assert_eq!(read.iter().map(|edit| edit.id).collect::<Vec<_>>(), ids);
    }
    let next = here.store.contract_edits(here.contract, &PageRequest::first(1)).unwrap().next.unwrap();
    let mixed = here.store.contract_edits(other, &PageRequest::after(next, 1));
    assert_eq!(fault(mixed), Fault::CursorOfAnotherQuestion);
}

#[test]
fn a_uniqueness_key_makes_one_edit_of_all_contracts_for_ever() {
    let here = provisioned();
    let other = here.store.create_contract(CreateContract::new(here.customer, day("01-01"))).unwrap();
    let edit = EditContract { uniqueness_key: Some("k".repeat(128)), ..Default::default() };
    let id = here.edit(edit.clone()).unwrap();
    let key = "k".repeat(128);
    assert_eq!(here.store.contract_edit_by_key(&key).unwrap(), Some(id));
    let used = Fault::UniquenessKeyUsed { key: key.clone(), conflicting_id: id.into() };
    for contract in [here.contract, other] {
        let before = here.everything();
        assert_eq!(fault(here.store.edit_contract(contract, edit.clone())), used);
        assert_eq!(here.everything(), before);
    }
    here.store.archive_contract(here.contract).unwrap();
    assert_eq!(fault(here.store.edit_contract(other, edit)), used, "archiving gives nothing back");
    let long = EditContract { uniqueness_key: Some("k".repeat(129)), ..Default::default() };
    assert_eq!(fields(here.store.edit_contract(other, long)), ["uniqueness_key"]);
    // A contract and its edits have keys of their own.
    let same = CreateContract {
        uniqueness_key: Some(key),
        ..CreateContract::new(here.customer, at("2025-01-01T00:00:00Z"))
    };
    here.store.create_contract(same).unwrap();
}

#[test]
fn a_contract_is_not_there_before_it_was_made_and_shows_the_values_of_now() {
    let here = provisioned();
    here.store.add_key(ManagedEntity::Contract, "crm", KeyKind::Enforced).unwrap();
    let made = day("01-01");
    let early = at("2024-12-31T23:59:59.999999999Z");
    assert_eq!(fields(here.store.contract_as_of(here.contract, early)), ["as_of_date"]);
    let first = here.now();
    here.clock.set(day("02-01"));
    here.store.set_values(here.contract, [("crm", "7")]).unwrap();
    here.store.archive_contract(here.contract).unwrap();
    let then = here.store.contract_as_of(here.contract, made).unwrap();
    assert_eq!(then.terms, first.terms);
    assert_eq!(then.custom_fields["crm"], "7", "values are no part of edits");
    let future = here.store.contract_as_of(here.contract, at("2030-01-01T00:00:00Z")).unwrap();
    assert_eq!(future, here.now());
}

#[test]
fn an_edit_counts_though_the_clock_went_back_where_nothing_told_the_store() {
    let disk = Disk::default();
    let clock = SetClock::default();
    clock.set(day("03-01"));
    let open =
        || StoreOptions::new().keep_journal(false).clock_from(&clock).on_backend(disk.clone()).unwrap();
    let here = on(open(), clock.clone());
    let name =
        |name: &str| EditContract { update_contract_name: Some(Some(name.into())), ..Default::default() };
    here.edit(name("first")).unwrap();
    let Provisioned { store, contract, .. } = here;
    store.close().unwrap();
    clock.set(day("02-01"));
    let store = open();
    store.edit_contract(contract, name("second")).unwrap();
    let read = |contract: Contract| contract.terms.name.unwrap();
    assert_eq!(read(store.contract(contract).unwrap()), "second");
    assert_eq!(read(store.contract_as_of(contract, day("03-01")).unwrap()), "second");
    // Also when it is over.
    clock.set(day("04-01"));
    store.edit_contract(contract, name("third")).unwrap();
    let names = ["03-15", "04-01"].map(|date| read(store.contract_as_of(contract, day(date)).unwrap()));
    assert_eq!(names, ["second", "third"]);
}

/// One random step: an edit, by a number that says which and numbers for what is in it.
#[derive(Debug, Clone, Copy)]
struct Step {
    kind: u8,
    n: u8,
    /// Whether the clock goes on before it.
    later: bool,
}

/// Carries a step out, as far as the contract has what it is about. Some are refused, and then change nothing.
fn take(here: &Provisioned, step: Step) {
    let (contract, n) = (here.contract, step.n);
    let hours = |hours: u64| day("01-01").after(Duration::from_secs(3_600 * hours));
    // What is refused is no part of the history.
    let _ = match step.kind {
        0..5 => here.edit(whole(here, step)),
        5..10 => here.update(of_balances(&here.now(), step)),
        10..15 => here.update(of_others(&here.now(), step)),
        15 => here.store.set_contract_end(contract, (n % 4 > 0).then(|| hours(24 + 48 * u64::from(n)))),
        16 => {
            let filter = UsageFilter::new("region", [n.to_string()], hours(u64::from(n % 6)));
            here.store.set_usage_filter(contract, filter)
        }
        _ if n == 0 => {
            let _ = here.store.archive_contract(contract);
            return;
        }
        _ => return,
    };
}

fn whole(here: &Provisioned, step: Step) -> EditContract {
    let n = i64::from(step.n);
    let mut edit = EditContract::default();
    match step.kind {
        0 => edit = here.one_of_each(),
        1 => edit.update_contract_name = Some((n > 9).then(|| format!("name {n}"))),
        2 => edit.update_net_payment_terms_days = Some(Some(n.into())),
        3 => edit.add_overrides = vec![five_percent_off("cloud"), five_percent_off(&n.to_string())],
        _ => edit.settings.add_spend_trackers.push(SpendTracker {
            alias: n.to_string(),
            credit_type_id: CreditType::USD_CENTS,
            reset_frequency: SpendReset::BillingPeriod,
            specifiers: vec![SpendSpecifier {
                spend_type: SpendType::CommitPurchase,
                sources: vec![SpendSource::Manual],
                discounted: None,
            }],
        }),
    }
    edit
}

/// The part of a list that a step is about; none of an empty one.
fn pick<I: Copy, T>(list: &[Part<I, T>], step: Step) -> Option<I> {
    list.get(usize::from(step.n) % list.len().max(1)).map(|part| part.id)
}

fn of_balances(contract: &Contract, step: Step) -> PartUpdates {
    let n = i64::from(step.n);
    let mut updates = PartUpdates::default();
    match step.kind {
        5 => updates.update_commits.extend(pick(&contract.commits, step).map(|id| UpdateBalance {
            name: Some(format!("commit {n}")),
            access_schedule: UpdateAccessSchedule {
                add_schedule_items: vec![segment(n, day("01-01"), day("02-01"))],
                ..Default::default()
            },
            ..UpdateBalance::new(id)
        })),
        6 => updates.update_credits.extend(
            pick(&contract.credits, step)
                .map(|id| UpdateBalance { priority: Some(Some(n.into())), ..UpdateBalance::new(id) }),
        ),
        7 => updates.archive_commits.extend(pick(&contract.commits, step)),
        8 => updates.archive_credits.extend(pick(&contract.credits, step)),
        _ => updates.archive_scheduled_charges.extend(pick(&contract.scheduled_charges, step)),
    }
    updates
}

fn of_others(contract: &Contract, step: Step) -> PartUpdates {
    let n = i64::from(step.n);
    let mut updates = PartUpdates::default();
    if step.kind == 10 {
        let add_schedule_items = vec![charge(n, day("03-01"))];
        let schedule = UpdateInvoiceSchedule { add_schedule_items, ..Default::default() };
        let netsuite_sales_order_id = Some(Some(n.to_string()));
        let charge = pick(&contract.scheduled_charges, step);
        let charge = charge.map(|id| UpdateScheduledCharge { id, schedule, netsuite_sales_order_id });
        updates.update_scheduled_charges.extend(charge);
    } else if step.kind == 11 {
        let changes = RecurringChanges { access_quantity: Some(n.into()), ..Default::default() };
        let commit = pick(&contract.recurring_commits, step);
        updates.update_recurring_commits.extend(commit.map(|id| UpdateRecurring { id, changes }));
    } else if step.kind == 12 {
        let changes = RecurringChanges { access_unit_price: Some(n.into()), ..Default::default() };
        let credit = pick(&contract.recurring_credits, step);
        updates.update_recurring_credits.extend(credit.map(|id| UpdateRecurring { id, changes }));
    } else if step.kind == 13 {
        let change = QuantityChange::By((n - 5).into());
        let update = pick(&contract.subscriptions, step).map(|id| UpdateSubscription {
            id,
            ending_before: None,
            manage_by_seats: None,
            quantity_updates: vec![QuantityUpdate { starting_at: day("02-01"), change }],
            rounding: None,
        });
        updates.update_subscriptions.extend(update);
    } else {
        updates.remove_overrides.extend(pick(&contract.overrides, step));
    }
    updates
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_chain_of_edits_reads_back_at_each_moment_as_the_contract_was_then(
        steps in prop::collection::vec((0_u8..18, 0_u8..20, any::<bool>()), 1..40),
        keeps_journal: bool,
    ) {
        let disk = Disk::default();
        let clock = SetClock::default();
        clock.set(day("01-01"));
        let open = || {
            let options = StoreOptions::new().keep_journal(keeps_journal).clock_from(&clock);
            options.on_backend(disk.clone()).unwrap()
        };
        let mut here = on(open(), clock.clone());
        let mut now = day("01-01");
        // What was read last at each moment.
        let mut read = vec![(now, here.now())];
        for (kind, n, later) in steps {
            let step = Step { kind, n, later };
            if step.later {
                now = now.after(Duration::from_secs(7_200));
                clock.set(now);
            }
            take(&here, step);
            if read.last().is_some_and(|(at, _)| *at == now) {
                read.pop();
            }
            read.push((now, here.now()));
        }
        for reopened in [false, true] {
            if reopened {
                here.store.close().unwrap();
                here.store = open();
            }
            for (moment, contract) in &read {
                let as_of = |at| here.store.contract_as_of(here.contract, at).unwrap();
                prop_assert_eq!(&as_of(*moment), contract);
                prop_assert_eq!(&as_of(moment.after(Duration::from_nanos(7_199_999_999_999))), contract);
            }
        }
    }
}
