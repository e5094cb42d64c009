//! What became of a contract: the edits it has had, and the contract as it was at any moment.

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
    let contract = here.now();
    let which = usize::from(step.n);
    let amount = i64::from(step.n);
    let mut edit = EditContract::default();
    let mut updates = PartUpdates::default();
    // The part of that number, if there is any.
    macro_rules! pick {
        ($list:ident) => {
            contract.$list.get(which % contract.$list.len().max(1))
        };
    }
    match step.kind {
        0 => edit = here.one_of_each(),
        1 => edit.update_contract_name = Some((step.n > 9).then(|| format!("name {amount}"))),
        2 => edit.update_net_payment_terms_days = Some(Some(amount.into())),
        3 => edit.add_overrides = vec![five_percent_off("cloud"), five_percent_off(&step.n.to_string())],
        4 => updates.remove_overrides.extend(pick!(overrides).map(|one| one.id)),
        5 => updates.update_commits.extend(pick!(commits).map(|one| UpdateBalance {
            name: Some(format!("commit {amount}")),
            access_schedule: UpdateAccessSchedule {
                add_schedule_items: vec![segment(amount, day("01-01"), day("02-01"))],
                ..Default::default()
            },
            ..UpdateBalance::new(one.id)
        })),
        6 => {
            updates.update_credits.extend(pick!(credits).map(|one| UpdateBalance {
                priority: Some(Some(amount.into())),
                ..UpdateBalance::new(one.id)
            }))
        }
        7 => updates.archive_commits.extend(pick!(commits).map(|one| one.id)),
        8 => updates.archive_credits.extend(pick!(credits).map(|one| one.id)),
        9 => updates.archive_scheduled_charges.extend(pick!(scheduled_charges).map(|one| one.id)),
        10 => updates.update_scheduled_charges.extend(pick!(scheduled_charges).map(|one| {
            let add_schedule_items = vec![charge(amount, day("03-01"))];
            UpdateScheduledCharge {
                id: one.id,
                schedule: UpdateInvoiceSchedule { add_schedule_items, ..Default::default() },
                netsuite_sales_order_id: Some(Some(amount.to_string())),
            }
        })),
        11 => updates.update_recurring_commits.extend(pick!(recurring_commits).map(|one| UpdateRecurring {
            id: one.id,
            changes: RecurringChanges { access_quantity: Some(amount.into()), ..Default::default() },
        })),
        12 => updates.update_recurring_credits.extend(pick!(recurring_credits).map(|one| UpdateRecurring {
            id: one.id,
            changes: RecurringChanges { access_unit_price: Some(amount.into()), ..Default::default() },
        })),
        13 => updates.update_subscriptions.extend(pick!(subscriptions).map(|one| UpdateSubscription {
            id: one.id,
            ending_before: None,
            manage_by_seats: None,
            quantity_updates: vec![QuantityUpdate {
                starting_at: day("02-01"),
                change: QuantityChange::By((amount - 5).into()),
            }],
            rounding: None,
        })),
        14 => {
            edit.settings.add_spend_trackers.push(SpendTracker {
                alias: amount.to_string(),
                credit_type_id: CreditType::USD_CENTS,
                reset_frequency: SpendReset::BillingPeriod,
                specifiers: vec![SpendSpecifier {
                    spend_type: SpendType::CommitPurchase,
                    sources: vec![SpendSource::Manual],
                    discounted: None,
                }],
            });
        }
        15 => {
            let hours = Duration::from_secs(3_600 * 24 * (1 + u64::from(step.n) * 2));
            let end = (step.n % 4 > 0).then(|| day("01-01").after(hours));
            let _ = here.store.set_contract_end(here.contract, end);
            return;
        }
        16 => {
            let start = day("01-01").after(Duration::from_secs(3_600 * u64::from(step.n % 6)));
            let filter = UsageFilter::new("region", [amount.to_string()], start);
            let _ = here.store.set_usage_filter(here.contract, filter);
            return;
        }
        _ => {
            if step.n == 0 {
                let _ = here.store.archive_contract(here.contract);
            }
            return;
        }
    }
    let _ = here.edit(EditContract { updates, ..edit });
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
