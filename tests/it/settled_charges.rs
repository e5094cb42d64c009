//! What an edit may not do because invoices are settled, and what it may.

use billfold::prelude::*;
use billfold::{FieldProblem, MAX_INVOICES_DUE};

use crate::support::catalog::at;
use crate::support::provisioned::{Provisioned, charge, day, provisioned};
use crate::support::ready::{Ready, item, year};
use crate::support::{fault, faults};

/// A contract with a commit that is charged in January and July, and a scheduled charge every quarter, on the days
/// after New Year's.
fn charged() -> Provisioned {
    let here = provisioned();
    let dates = |dates: &[&str]| -> Vec<_> { dates.iter().map(|date| charge(700, day(date))).collect() };
    let schedule = |dates| CreateInvoiceSchedule {
        credit_type_id: None,
        dates: ScheduleDates::Items(dates),
        do_not_invoice: false,
    };
    let commit =
        CreateCommit { invoice_schedule: Some(schedule(dates(&["01-10", "07-01"]))), ..here.commit() };
    let quarterly =
        CreateScheduledCharge::new(here.fixed, schedule(dates(&["01-10", "04-01", "07-01", "10-01"])));
    let edit = EditContract {
        add_commits: vec![commit],
        add_scheduled_charges: vec![quarterly],
        ..Default::default()
    };
    here.edit(edit).unwrap();
    here
}

fn invoices(store: &Store, of: impl Into<InvoicesOf>, invoice_type: InvoiceType) -> Vec<Invoice> {
    let question = InvoiceQuestion {
        invoice_type: Some(invoice_type),
        ..InvoiceQuestion::through(at("2026-12-31T00:00:00Z"))
    };
    store.invoices(of, &question, &PageRequest::first(1_000)).unwrap().items
}

/// The scheduled invoice of a day.
fn dated(here: &Provisioned, date: &str) -> InvoiceId {
    let found = invoices(&here.store, here.contract, InvoiceType::Scheduled);
    found.iter().find(|invoice| invoice.issued_at == day(date)).unwrap().id
}

fn settled(field: &str, invoice: InvoiceId, status: InvoiceStatus) -> Fault {
    Fault::OnASettledInvoice { field: field.to_owned(), invoice: invoice.into(), status }
}

fn final_at(field: &str, invoice: InvoiceId) -> Fault {
    settled(field, invoice, InvoiceStatus::Finalized)
}

fn items(schedule: &InvoiceSchedule) -> Vec<ScheduleItemId> {
    schedule.schedule_items.iter().map(|item| item.id).collect()
}

/// Doubles some items, and takes others away.
fn changes(double: &[ScheduleItemId], remove: &[ScheduleItemId]) -> UpdateInvoiceSchedule {
    let price = Some(UpdatePrice::Quantity(2.into()));
    let double = double.iter().map(|id| UpdateInvoiceItem { id: *id, timestamp: None, price });
    UpdateInvoiceSchedule {
        add_schedule_items: Vec::new(),
        update_schedule_items: double.collect(),
        remove_schedule_items: remove.to_vec(),
    }
}

/// The schedules of the commit and the scheduled charge change.
fn both(here: &Provisioned, commit: UpdateInvoiceSchedule, charge: UpdateInvoiceSchedule) -> PartUpdates {
    let contract = here.now();
    let (commit_id, charge_id) = (contract.commits[0].id, contract.scheduled_charges[0].id);
    PartUpdates {
        update_commits: vec![UpdateBalance { invoice_schedule: commit, ..UpdateBalance::new(commit_id) }],
        update_scheduled_charges: vec![UpdateScheduledCharge {
            schedule: charge,
            ..UpdateScheduledCharge::new(charge_id)
        }],
        ..Default::default()
    }
}

fn ids(here: &Provisioned) -> (Vec<ScheduleItemId>, Vec<ScheduleItemId>) {
    let contract = here.now();
    let of_commit = items(contract.commits[0].invoice_schedule.as_ref().unwrap());
    (of_commit, items(&contract.scheduled_charges[0].schedule))
}

#[test]
fn an_item_on_a_finalised_invoice_stays_as_it_is_and_the_others_change() {
    let here = charged();
    let (of_commit, of_charge) = ids(&here);
    // Nothing was written since these invoices became due.
    here.clock.set(day("04-01"));
    let before = here.everything();
    let mut updates =
        both(&here, changes(&of_commit[..1], &[]), changes(&of_charge[1..2], &[of_charge[2], of_charge[0]]));
    updates.update_commits[0].name = Some(String::new());
    let (january, april) = (dated(&here, "01-10"), dated(&here, "04-01"));
    let found = faults(here.update(updates.clone()));
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        matches!(&found[0], Fault::Field { field, .. } if field == "update_commits[0].name"),
        "{found:?}"
    );
    let front = "update_scheduled_charges[0].invoice_schedule.";
    assert_eq!(
        found[1..],
        [
            final_at("update_commits[0].invoice_schedule.update_schedule_items[0].id", january),
            final_at(&format!("{front}update_schedule_items[0].id"), april),
            final_at(&format!("{front}remove_schedule_items[1].id"), january),
        ]
    );
    assert_eq!(here.everything(), before);

    // Stored by another edit, they are as final; what is due later changes.
    here.edit(EditContract { update_contract_name: Some(None), ..Default::default() }).unwrap();
    updates.update_commits[0].name = None;
    assert_eq!(faults(here.update(updates)), found[1..]);
    here.update(both(&here, changes(&of_commit[1..], &[]), changes(&of_charge[2..3], &of_charge[3..])))
        .unwrap();
    assert_eq!(here.now().scheduled_charges[0].schedule.schedule_items.len(), 3);
}

#[test]
fn an_edit_that_takes_a_charge_off_and_archives_it_is_told_that_it_may_do_neither() {
    let here = charged();
    let (of_commit, of_charge) = ids(&here);
    here.clock.set(day("01-10"));
    let january = dated(&here, "01-10");
    let mut updates = both(&here, changes(&[], &of_commit[..1]), changes(&[], &of_charge[..1]));
    updates.archive_commits = vec![updates.update_commits[0].id];
    updates.archive_scheduled_charges = vec![updates.update_scheduled_charges[0].id];
    let expected = [
        "update_commits[0].invoice_schedule.remove_schedule_items[0].id",
        "update_scheduled_charges[0].invoice_schedule.remove_schedule_items[0].id",
        "archive_commits[0].id",
        "archive_scheduled_charges[0].id",
    ];
    assert_eq!(faults(here.update(updates)), expected.map(|field| final_at(field, january)));
}

#[test]
fn an_item_on_a_void_invoice_changes_but_does_not_go() {
    let here = charged();
    let (of_commit, of_charge) = ids(&here);
    let july = dated(&here, "07-01");
    here.store.void_invoice(july).unwrap();
    let field = "update_scheduled_charges[0].invoice_schedule.remove_schedule_items[0].id";
    let updates = both(&here, changes(&of_commit[1..], &[]), changes(&[], &of_charge[2..3]));
    assert_eq!(fault(here.update(updates)), settled(field, july, InvoiceStatus::Void));
    here.update(both(&here, changes(&of_commit[1..], &[]), changes(&[], &[]))).unwrap();
    let july = here.store.invoice(july).unwrap();
    assert_eq!(july.total, 1_400.into(), "and shows what it showed");
}

#[test]
fn a_charge_finalised_by_hand_before_it_is_due_is_as_final() {
    let here = charged();
    let (of_commit, _) = ids(&here);
    let july = dated(&here, "07-01");
    here.store.finalize_invoice(july, &[]).unwrap();
    let field = "update_commits[0].invoice_schedule.update_schedule_items[0].id";
    let updates = both(&here, changes(&of_commit[1..], &[]), changes(&[], &[]));
    assert_eq!(fault(here.update(updates)), final_at(field, july));
}

#[test]
fn a_charge_on_a_usage_invoice_changes_until_a_day_behind_its_period() {
    let here = provisioned();
    let contract = CreateContract {
        scheduled_charges: vec![CreateScheduledCharge::new(here.fixed, [charge(7, day("02-01"))].into())],
        scheduled_charges_on_usage_invoices: Some(ConsolidatedCharges::All),
        starting_at: day("01-01"),
        ..here.plain()
    };
    let id = here.store.create_contract(contract).unwrap();
    let charge = here.store.contract(id).unwrap().scheduled_charges[0].clone();
    let schedule = changes(&items(&charge.schedule), &[]);
    let update = || {
        let update =
            UpdateScheduledCharge { schedule: schedule.clone(), ..UpdateScheduledCharge::new(charge.id) };
        let updates = PartUpdates { update_scheduled_charges: vec![update], ..Default::default() };
        here.store.edit_contract(id, EditContract { updates, ..Default::default() })
    };
    here.clock.set(at("2025-02-01T23:59:59Z"));
    update().unwrap();
    here.clock.set(day("02-02"));
    let january = invoices(&here.store, id, InvoiceType::Usage)[0].id;
    let field = "update_scheduled_charges[0].invoice_schedule.update_schedule_items[0].id";
    assert_eq!(fault(update()), final_at(field, january));
}

#[test]
fn what_was_charged_is_archived_once_its_finalised_invoices_are_void() {
    let here = charged();
    here.clock.set(day("05-01"));
    let contract = here.now();
    let (commit, charge) = (contract.commits[0].id, contract.scheduled_charges[0].id);
    let (january, april) = (dated(&here, "01-10"), dated(&here, "04-01"));
    let archive = PartUpdates {
        archive_commits: vec![commit],
        archive_scheduled_charges: vec![charge],
        ..Default::default()
    };
    let before = here.everything();
    let expected = [
        final_at("archive_commits[0].id", january),
        final_at("archive_scheduled_charges[0].id", january),
        final_at("archive_scheduled_charges[0].id", april),
    ];
    assert_eq!(faults(here.update(archive.clone())), expected);
    assert_eq!(faults(here.store.archive(commit)), expected[..1]);
    assert_eq!(here.everything(), before);
    here.store.void_invoice(january).unwrap();
    assert_eq!(faults(here.update(archive.clone())), expected[2..]);
    here.store.void_invoice(april).unwrap();
    here.update(archive).unwrap();
    assert!(here.now().commits[0].archived_at.is_some());
}

#[test]
fn a_commit_of_a_customer_is_archived_once_its_invoices_are_void_too() {
    let ready = Ready::new();
    let contract = ready.store.create_contract(ready.plain()).unwrap();
    let level = CustomerLevel { invoice_contract_id: Some(contract), ..CustomerLevel::new(ready.customer) };
    let terms = BalanceTerms { priority: Some(1.into()), ..BalanceTerms::new(ready.fixed) };
    let make = |date: &str| {
        let commit = CreateCommit {
            invoice_schedule: Some([item(date, 100)].into()),
            ..CreateCommit::prepaid(terms.clone(), year(100))
        };
        ready.store.create_commit(level.clone(), commit).unwrap()
    };
    let [due, to_come, last] =
        ["2024-12-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-02-02T00:00:00Z"].map(make);
    ready.clock.set(day("01-01"));
    ready.store.archive(to_come).unwrap();
    let found = invoices(&ready.store, contract, InvoiceType::Scheduled);
    assert_eq!(fault(ready.store.archive(due)), final_at("id", found[0].id));
    ready.store.void_invoice(found[0].id).unwrap();
    ready.store.archive(due).unwrap();
    // What a contract that is gone was charged for hinders nobody.
    ready.store.forget(contract).unwrap();
    ready.clock.set(day("03-01"));
    ready.store.archive(last).unwrap();
}

#[test]
fn a_contract_a_customer_and_an_end_go_on_whatever_was_charged() {
    let here = charged();
    here.clock.set(day("05-01"));
    here.store.set_contract_end(here.contract, Some(day("02-01"))).unwrap();
    assert_eq!(here.now().scheduled_charges[0].schedule.schedule_items.len(), 1);
    here.store.archive_contract(here.contract).unwrap();
    assert!(here.now().commits[0].archived_at.is_some());

    let here = charged();
    here.clock.set(day("05-01"));
    here.store.archive(here.customer).unwrap();
    assert!(here.now().commits[0].archived_at.is_some());
}

#[test]
fn an_edit_can_ask_that_no_finalised_invoice_is_behind_its_end() {
    let here = charged();
    here.clock.set(day("04-15"));
    let ends = |end: &str, allowed| EditContract {
        update_contract_end_date: Some(Some(day(end))),
        allow_contract_ending_before_finalized_invoice: allowed,
        ..Default::default()
    };
    let april = dated(&here, "04-01");
    let usage = invoices(&here.store, here.contract, InvoiceType::Usage);
    assert_eq!((usage[1].issued_at, usage[2].issued_at), (day("03-01"), day("04-01")));
    let before = here.everything();
    let expected = [usage[1].id, april, usage[2].id].map(|id| final_at("update_contract_end_date", id));
    let mut found = faults(here.edit(ends("02-15", Some(false))));
    found.sort_by_key(|fault| expected.iter().position(|expected| expected == fault));
    assert_eq!(found, expected);
    assert_eq!(here.everything(), before);

    // Stored, they hinder as much; void, or dated at the end, they do not.
    here.store.void_invoice(usage[1].id).unwrap();
    here.edit(EditContract { update_contract_name: Some(None), ..Default::default() }).unwrap();
    assert_eq!(faults(here.edit(ends("02-15", Some(false)))).len(), 2);
    here.edit(ends("04-01", Some(false))).unwrap();
    here.edit(ends("03-15", None)).unwrap();
    here.edit(ends("02-15", Some(true))).unwrap();
}

/// The field that is told of too many invoices, and how many those are at most.
#[track_caller]
fn too_many<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, usize) {
    match fault(result) {
        Fault::Field { field, problem: FieldProblem::TooManyInvoices { invoices } } => (field, invoices),
        other => panic!("{other:?}"),
    }
}

/// So much every day from a moment on.
fn daily(here: &Ready, from: Time) -> CreateRecurring {
    let mut daily = here.recurring(10, RecurrenceFrequency::Daily);
    daily.terms.invoice_amount = Some(daily.terms.access_amount);
    daily.terms.starting_at = from;
    daily.terms.terms.priority = Some(1.into());
    daily
}

#[test]
fn a_contract_from_long_ago_does_not_bring_about_more_invoices_than_one_call_may() {
    let ready = Ready::new();
    let begun = |years: u32, frequency| CreateContract {
        usage_statement_schedule: Some(CreateStatementSchedule { frequency, ..Default::default() }),
        ..CreateContract::new(ready.customer, at(&format!("{:04}-11-01T00:00:00Z", 2024 - years)))
    };
    let before = ready.everything();
    let (field, invoices) = too_many(ready.store.create_contract(begun(200, BillingFrequency::Weekly)));
    assert_eq!(field, "starting_at");
    assert!((10_430..10_440).contains(&invoices), "{invoices} weeks in 200 years");
    let since = at("1990-11-01T00:00:00Z");
    let every_day = CreateContract {
        recurring_commits: vec![daily(&ready, since)],
        ..begun(34, BillingFrequency::Annual)
    };
    assert_eq!(too_many(ready.store.create_contract(every_day)).0, "starting_at");
    assert_eq!(ready.everything(), before);
    assert_eq!(MAX_INVOICES_DUE, 10_000);
    ready.store.create_contract(begun(20, BillingFrequency::Monthly)).unwrap();
}

#[test]
fn an_edit_that_brings_about_too_many_invoices_is_told_of_the_part_or_of_the_end() {
    let ready = Ready::new();
    let since = at("1990-11-01T00:00:00Z");
    let yearly = CreateStatementSchedule { frequency: BillingFrequency::Annual, ..Default::default() };
    let contract = CreateContract {
        usage_statement_schedule: Some(yearly),
        recurring_commits: vec![daily(&ready, since)],
        ending_before: Some(at("1990-12-01T00:00:00Z")),
        ..CreateContract::new(ready.customer, since)
    };
    let id = ready.store.create_contract(contract).unwrap();
    let before = ready.everything();
    let until =
        |end: &str| EditContract { update_contract_end_date: Some(Some(at(end))), ..Default::default() };
    let last = "2024-10-01T00:00:00Z";
    assert_eq!(too_many(ready.store.edit_contract(id, until(last))).0, "update_contract_end_date");
    assert_eq!(too_many(ready.store.set_contract_end(id, None)).0, "ending_before");
    assert_eq!(ready.everything(), before);

    let other = CreateContract {
        usage_statement_schedule: Some(yearly),
        ..CreateContract::new(ready.customer, since)
    };
    let other = ready.store.create_contract(other).unwrap();
    // What comes around on the same days is on the same invoices.
    let often = |count| {
        let mut often = daily(&ready, since);
        often.terms.recurrence_frequency = Some(RecurrenceFrequency::Weekly);
        EditContract { add_recurring_commits: vec![often; count], ..Default::default() }
    };
    ready.store.edit_contract(other, often(7)).unwrap();
    let every_day = EditContract {
        add_recurring_commits: vec![ready.recurring(1, RecurrenceFrequency::Monthly), daily(&ready, since)],
        ..Default::default()
    };
    assert_eq!(too_many(ready.store.edit_contract(other, every_day)).0, "add_recurring_commits[1]");
}

#[test]
fn invoices_that_become_due_as_time_passes_are_never_too_many() {
    let ready = Ready::new();
    let start = at("2024-11-01T00:00:00Z");
    let contract = CreateContract { recurring_commits: vec![daily(&ready, start)], ..ready.plain() };
    let id = ready.store.create_contract(contract).unwrap();
    let commit = ready.store.contract(id).unwrap().recurring_commits[0].id;
    ready.clock.set(at("2052-11-01T00:00:00Z"));
    // Nothing was due when it was made, and what is due now follows from it as it was.
    let changes = RecurringChanges { invoice_unit_price: Some(20.into()), ..Default::default() };
    let update_recurring_commits = vec![UpdateRecurring { id: commit, changes }];
    let updates = PartUpdates { update_recurring_commits, ..Default::default() };
    ready.store.edit_contract(id, EditContract { updates, ..Default::default() }).unwrap();
}
