//! Which invoices a contract gives rise to, and what is on them.

use billfold::prelude::*;

use crate::support::catalog::at;
use crate::support::provisioned::{Provisioned, charge, day, provisioned, segment};
use crate::support::ready::Ready;

/// The first thousand invoices up to a moment, without usage.
pub fn all(store: &impl Reading, of: impl Into<InvoicesOf>, through: Time) -> Vec<Invoice> {
    let question = InvoiceQuestion::through(through);
    store.invoices(of, &question, &PageRequest::first(1_000)).unwrap().items
}

/// Date, type, status and total of each, as a person would write them down.
pub fn table(store: &impl Reading, of: impl Into<InvoicesOf>, through: Time) -> Vec<String> {
    let row = |invoice: &Invoice| {
        let date = &invoice.issued_at.to_string()[..10];
        format!(
            "{date} {} {} {} {}",
            invoice.invoice_type,
            invoice.status,
            invoice.lines.len(),
            invoice.total
        )
    };
    all(store, of, through).iter().map(row).collect()
}

/// A recurring commit of 100 dollars a month, for 75.
fn best_package(ready: &Ready, start: Time) -> CreateContract {
    let amount = |unit_price: i64| RecurringAmount {
        credit_type_id: CreditType::USD_CENTS,
        unit_price: unit_price.into(),
        quantity: Some(1.into()),
    };
    let terms = RecurringTerms {
        invoice_amount: Some(amount(7_500)),
        ..RecurringTerms::new(BalanceTerms::new(ready.fixed), amount(10_000), start)
    };
    CreateContract {
        recurring_commits: vec![CreateRecurring::from(terms)],
        scheduled_charges_on_usage_invoices: Some(ConsolidatedCharges::All),
        starting_at: start,
        ..ready.plain()
    }
}

#[test]
fn the_best_package_is_charged_alone_at_first_and_then_with_the_usage_of_the_month_before() {
    let ready = Ready::new();
    ready.clock.set(day("01-01"));
    let contract = ready.store.create_contract(best_package(&ready, day("01-01"))).unwrap();
    assert_eq!(
        table(&ready.store, contract, day("01-01")),
        ["2025-01-01 SCHEDULED FINALIZED 1 7500", "2025-02-01 USAGE DRAFT 1 7500"]
    );
    ready.clock.set(at("2025-02-01T23:00:00Z"));
    assert_eq!(
        table(&ready.store, contract, day("02-01")),
        [
            "2025-01-01 SCHEDULED FINALIZED 1 7500",
            "2025-02-01 USAGE DRAFT 1 7500",
            "2025-03-01 USAGE DRAFT 1 7500"
        ]
    );
    ready.clock.set(day("02-02"));
    assert_eq!(table(&ready.store, contract, day("02-01"))[1], "2025-02-01 USAGE FINALIZED 1 7500");
}

/// An edit that adds a scheduled charge of that many cents on these moments.
pub fn charging(here: &Provisioned, amount: i64, moments: &[Time]) -> EditContract {
    let items = moments.iter().map(|moment| charge(amount, *moment)).collect();
    let schedule = CreateInvoiceSchedule {
        credit_type_id: None,
        dates: ScheduleDates::Items(items),
        do_not_invoice: false,
    };
    let add_scheduled_charges = vec![CreateScheduledCharge::new(here.fixed, schedule)];
    EditContract { add_scheduled_charges, ..Default::default() }
}

/// A contract from 2025 on whose charges are on usage invoices where they can be.
pub fn consolidated(here: &Provisioned) -> ContractId {
    let contract = CreateContract {
        starting_at: day("01-01"),
        scheduled_charges_on_usage_invoices: Some(ConsolidatedCharges::All),
        ..here.plain()
    };
    here.store.create_contract(contract).unwrap()
}

#[test]
fn all_that_is_charged_on_one_day_is_on_one_invoice_and_each_has_a_line() {
    let here = provisioned();
    let monthly = here.monthly();
    let paid = RecurringAmount { unit_price: 7_500.into(), ..monthly.access_amount };
    let paid = RecurringTerms { invoice_amount: Some(paid), ..monthly };
    let off = CreateScheduledCharge::new(
        here.fixed,
        [charge(-500, day("01-01")), charge(-500, day("04-01"))].into(),
    );
    here.edit(EditContract {
        add_recurring_commits: vec![paid.into()],
        add_discounts: vec![off],
        ..here.one_of_each()
    })
    .unwrap();
    assert_eq!(
        table(&here.store, here.contract, day("04-01")),
        [
            // 40,000 + 7,500 + 700 - 500 + 10 x 5,000 + 3 x 1,000.
            "2025-01-01 SCHEDULED FINALIZED 6 100700",
            "2025-02-01 SCHEDULED DRAFT 1 7500",
            // A subscription is on the usage invoice where nothing is said.
            "2025-02-01 USAGE DRAFT 1 3000",
            "2025-03-01 SCHEDULED DRAFT 1 7500",
            "2025-03-01 USAGE DRAFT 1 3000",
            "2025-04-01 SCHEDULED DRAFT 3 7700",
            "2025-04-01 USAGE DRAFT 1 3000",
            "2025-05-01 USAGE DRAFT 1 3000",
        ]
    );
    let now = here.now();
    let mut sources: Vec<_> =
        all(&here.store, here.contract, day("01-01"))[0].lines.iter().map(|line| line.source).collect();
    let (commit, charged, off) = (&now.commits[0], &now.scheduled_charges[0], &now.discounts[0]);
    let mut expected = vec![
        LineSource::Commit {
            id: commit.id,
            item: commit.invoice_schedule.as_ref().unwrap().schedule_items[0].id,
        },
        LineSource::RecurringCommit { id: now.recurring_commits[0].id, number: 0 },
        LineSource::ScheduledCharge { id: charged.id, item: charged.schedule.schedule_items[0].id },
        LineSource::Discount { id: off.id, item: off.schedule.schedule_items[0].id },
        LineSource::ProfessionalService { id: now.professional_services[0].id },
        LineSource::Subscription { id: now.subscriptions[0].id, period: day("01-01"), from: day("01-01") },
    ];
    sources.sort();
    expected.sort();
    assert_eq!(sources, expected);
}

#[test]
fn charges_of_one_day_in_two_credit_types_are_on_two_invoices() {
    let here = provisioned();
    let contract = consolidated(&here);
    let in_euros = CreateInvoiceSchedule {
        credit_type_id: Some(CreditType::EUR),
        ..[charge(300, day("02-01")), charge(40, day("02-10"))].into()
    };
    let add_scheduled_charges = vec![CreateScheduledCharge::new(here.fixed, in_euros)];
    let euros = EditContract { add_scheduled_charges, ..Default::default() };
    here.store.edit_contract(contract, euros).unwrap();
    here.store.edit_contract(contract, charging(&here, 70, &[day("02-01"), day("02-10")])).unwrap();
    let found = |unit| {
        let question =
            InvoiceQuestion { credit_type_id: Some(unit), ..InvoiceQuestion::through(day("02-10")) };
        let found = here.store.invoices(contract, &question, &PageRequest::default()).unwrap().items;
        found
            .iter()
            .map(|invoice| format!("{} {} {}", invoice.issued_at, invoice.invoice_type, invoice.total))
            .collect::<Vec<_>>()
    };
    // A usage invoice takes in what is in its own unit.
    assert_eq!(
        found(CreditType::EUR),
        ["2025-02-01T00:00:00Z SCHEDULED 300", "2025-02-10T00:00:00Z SCHEDULED 40"]
    );
    assert_eq!(
        found(CreditType::USD_CENTS),
        [
            "2025-02-01T00:00:00Z USAGE 70",
            "2025-02-10T00:00:00Z SCHEDULED 70",
            "2025-03-01T00:00:00Z USAGE 0",
        ]
    );
    assert_eq!(all(&here.store, contract, day("02-10")).len(), 5);
}

#[test]
fn an_invoice_of_a_day_is_dated_and_final_when_the_last_of_its_charges_is_due() {
    let here = provisioned();
    let (morning, evening) = (at("2025-03-05T09:00:00Z"), at("2025-03-05T17:00:00Z"));
    here.edit(charging(&here, 100, &[evening, morning])).unwrap();
    let found = || {
        let question = InvoiceQuestion {
            invoice_type: Some(InvoiceType::Scheduled),
            ..InvoiceQuestion::through(day("03-31"))
        };
        let mut found = here.store.invoices(here.contract, &question, &PageRequest::default()).unwrap().items;
        assert_eq!(found.len(), 1);
        found.remove(0)
    };
    here.clock.set(at("2025-03-05T16:59:59Z"));
    let draft = found();
    assert_eq!((draft.status, draft.issued_at, draft.lines.len()), (InvoiceStatus::Draft, evening, 2));
    // What comes late joins it as long as it is a draft.
    here.edit(charging(&here, 30, &[morning])).unwrap();
    assert_eq!((found().id, found().total), (draft.id, 230.into()));
    here.clock.set(evening);
    assert_eq!((found().status, found().settled_at), (InvoiceStatus::Finalized, evening));
}

#[test]
fn a_charge_off_the_ends_of_periods_is_on_an_invoice_of_its_own() {
    let here = provisioned();
    let contract = consolidated(&here);
    let moments = [at("2025-02-01T15:00:00Z"), day("02-10"), at("2025-02-28T23:00:00Z")];
    here.store.edit_contract(contract, charging(&here, 10, &moments)).unwrap();
    assert_eq!(
        table(&here.store, contract, day("02-28")),
        ["2025-02-01 USAGE DRAFT 1 10", "2025-02-10 SCHEDULED DRAFT 1 10", "2025-03-01 USAGE DRAFT 0 0",]
    );
    assert_eq!(table(&here.store, contract, day("03-01"))[2], "2025-02-28 SCHEDULED DRAFT 1 10");
}

#[test]
fn a_usage_invoice_takes_in_charges_of_its_day_until_it_is_final() {
    let here = provisioned();
    let contract = consolidated(&here);
    let add = |amount| {
        here.store.edit_contract(contract, charging(&here, amount, &[day("02-01")])).unwrap();
        table(&here.store, contract, day("01-01"))
    };
    here.clock.set(at("2025-02-01T23:59:59Z"));
    assert_eq!(add(10), ["2025-02-01 USAGE DRAFT 1 10"]);
    here.clock.set(day("02-02"));
    assert_eq!(table(&here.store, contract, day("01-01")), ["2025-02-01 USAGE FINALIZED 1 10"]);
    add(7);
    let late = [
        "2025-02-01 SCHEDULED FINALIZED 1 7",
        "2025-02-01 USAGE FINALIZED 1 10",
        "2025-03-01 USAGE DRAFT 0 0",
    ];
    assert_eq!(table(&here.store, contract, day("02-01")), late);
    // And the next one that comes late has one of its own again.
    add(5);
    let rows = table(&here.store, contract, day("02-01"));
    assert_eq!(rows.len(), 4);
    assert!(
        rows.contains(&late[0].to_owned()) && rows.contains(&"2025-02-01 SCHEDULED FINALIZED 1 5".to_owned())
    );
}

#[test]
fn a_commit_of_a_customer_is_charged_on_the_contract_that_it_names() {
    let here = provisioned();
    let other = consolidated(&here);
    let halves = [segment(50_000, day("01-01"), day("07-01"))];
    let commit = CreateCommit {
        invoice_schedule: Some([charge(20_000, day("02-01")), charge(20_000, day("03-05"))].into()),
        ..CreateCommit::prepaid(
            BalanceTerms {
                name: Some("Their own".into()),
                priority: Some(1.into()),
                ..BalanceTerms::new(here.fixed)
            },
            halves.into(),
        )
    };
    let level = CustomerLevel { invoice_contract_id: Some(other), ..CustomerLevel::new(here.customer) };
    here.clock.set(day("02-03"));
    let commit = here.store.create_commit(level, commit).unwrap();
    // January's usage invoice was final a day before.
    let rows = [
        "2025-02-01 SCHEDULED FINALIZED 1 20000",
        "2025-02-01 USAGE FINALIZED 0 0",
        "2025-03-01 USAGE DRAFT 0 0",
        "2025-03-05 SCHEDULED DRAFT 1 20000",
        "2025-04-01 USAGE DRAFT 0 0",
    ];
    assert_eq!(table(&here.store, other, day("03-05")), rows);
    let line = &all(&here.store, other, day("02-01"))[0].lines[0];
    assert_eq!((line.name.as_str(), line.commit_type), ("Their own", Some(CommitType::Prepaid)));
    // It is archived once what it charged is void, and charges nothing more.
    here.clock.set(day("02-05"));
    let charged = all(&here.store, other, day("02-01"))[0].id;
    assert!(here.store.archive(commit).is_err());
    here.store.void_invoice(charged).unwrap();
    here.store.archive(commit).unwrap();
    let left = table(&here.store, other, day("03-05"));
    assert_eq!(left, ["2025-02-01 SCHEDULED VOID 1 20000", rows[1], rows[2], rows[4]]);
}
