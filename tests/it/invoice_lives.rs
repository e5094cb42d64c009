//! What becomes of invoices: settled by time and by calls, late charges, and contracts that end, move and go.

use billfold::prelude::*;
use uuid::Uuid;

use crate::invoices::{all, charging, consolidated, table};
use crate::support::catalog::at;
use crate::support::fault;
use crate::support::provisioned::{Provisioned, charge, day, provisioned};

fn new_year() -> Time {
    at("2026-01-01T00:00:00Z")
}

/// What an edit must leave as it is: the invoices that are final or void.
pub fn settled(here: &Provisioned) -> Vec<Invoice> {
    let mut found = all(&here.store, here.contract, new_year());
    found.retain(|invoice| invoice.status != InvoiceStatus::Draft);
    found
}

fn usage_periods(here: &Provisioned, through: Time) -> Vec<String> {
    let found = all(&here.store, here.contract, through);
    let row = |invoice: &Invoice| {
        let period = invoice.period.unwrap();
        let day = |time: Time| time.to_string()[5..10].to_owned();
        format!("{} {} {}", day(period.starting_at), day(period.ending_before), invoice.status)
    };
    found.iter().filter(|invoice| invoice.period.is_some()).map(row).collect()
}

#[test]
fn the_rest_of_a_period_that_was_cut_and_settled_has_an_invoice_of_its_own() {
    let here = provisioned();
    let ends = |end| here.store.set_contract_end(here.contract, Some(end)).unwrap();
    here.clock.set(day("02-20"));
    ends(day("02-15"));
    assert_eq!(
        usage_periods(&here, new_year()),
        ["01-01 02-01 FINALIZED", "02-01 02-15 FINALIZED"],
        "both are due already"
    );
    let before = settled(&here);
    here.clock.set(day("02-21"));
    ends(day("02-25"));
    let rows = usage_periods(&here, new_year());
    assert_eq!(rows[1..], ["02-01 02-15 FINALIZED", "02-15 02-25 DRAFT"]);
    ends(new_year());
    let rows = usage_periods(&here, day("03-01"));
    assert_eq!(rows[1..], ["02-01 02-15 FINALIZED", "02-15 03-01 DRAFT", "03-01 04-01 DRAFT"]);
    assert_eq!(settled(&here), before);
    // The rest is settled by itself and cut again, and has a rest in its turn.
    let rest = all(&here.store, here.contract, day("02-15"))[2].clone();
    assert_eq!(here.store.invoice(rest.id).unwrap(), rest);
    here.store.finalize_invoice(rest.id, &[]).unwrap();
    ends(day("02-27"));
    ends(new_year());
    let rows = usage_periods(&here, day("03-01"));
    assert_eq!(rows[1..], ["02-01 02-15 FINALIZED", "02-15 03-01 FINALIZED", "03-01 04-01 DRAFT"]);
}

#[test]
fn an_end_that_is_moved_before_invoices_that_are_final_leaves_them() {
    let here = provisioned();
    here.clock.set(day("04-10"));
    let ahead = all(&here.store, here.contract, day("05-15")).pop().unwrap();
    here.store.finalize_invoice(ahead.id, &[]).unwrap();
    let before = settled(&here);
    assert_eq!(before.len(), 4, "three months by themselves, and May by hand");
    here.store.set_contract_end(here.contract, Some(day("02-10"))).unwrap();
    assert_eq!(settled(&here), before);
    assert_eq!(all(&here.store, here.contract, new_year()), before, "and there are no drafts");
    for invoice in &before {
        assert_eq!(here.store.invoice(invoice.id).unwrap(), *invoice);
    }
    // Each of them is asked for by its own period.
    assert_eq!(all(&here.store, here.contract, day("02-15")), before[..2]);
    assert_eq!(all(&here.store, here.contract, day("05-01")), before);
    here.store.set_contract_end(here.contract, None).unwrap();
    assert_eq!(
        usage_periods(&here, day("06-01"))[3..],
        ["04-01 05-01 DRAFT", "05-01 06-01 FINALIZED", "06-01 07-01 DRAFT"]
    );
}

#[test]
fn a_contract_that_is_archived_keeps_what_is_final_and_loses_its_drafts() {
    for voids in [false, true] {
        let here = provisioned();
        let moments = [day("01-10"), day("02-10"), day("03-10")];
        here.edit(charging(&here, 100, &moments)).unwrap();
        let drafts = all(&here.store, here.contract, day("03-10"));
        here.clock.set(day("02-10"));
        let status = if voids {
            here.store.archive_contract_and_void_invoices(here.contract).unwrap();
            "VOID"
        } else {
            here.store.archive_contract(here.contract).unwrap();
            "FINALIZED"
        };
        let rows = [
            format!("2025-01-10 SCHEDULED {status} 1 100"),
            format!("2025-02-01 USAGE {status} 0 0"),
            format!("2025-02-10 SCHEDULED {status} 1 100"),
        ];
        assert_eq!(table(&here.store, here.contract, new_year()), rows);
        here.clock.set(new_year());
        assert_eq!(table(&here.store, here.customer, new_year()), rows, "nothing comes by time");
        let gone = drafts.last().unwrap().id;
        assert!(matches!(fault(here.store.invoice(gone)), Fault::InstanceNotFound { .. }));
    }
}

#[test]
fn all_invoices_of_a_customer_that_is_archived_are_void() {
    let here = provisioned();
    let other = consolidated(&here);
    here.edit(charging(&here, 100, &[day("01-01"), day("02-10")])).unwrap();
    here.clock.set(day("02-05"));
    here.store.archive_contract(other).unwrap();
    here.clock.set(day("02-06"));
    here.store.archive(here.customer).unwrap();
    let mut rows = table(&here.store, here.customer, new_year());
    rows.sort();
    assert_eq!(
        rows,
        ["2025-01-01 SCHEDULED VOID 1 100", "2025-02-01 USAGE VOID 0 0", "2025-02-01 USAGE VOID 0 0"]
    );
}

#[test]
fn ids_of_invoices_and_lines_stay_through_edits_time_and_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let clock = SetClock::default();
    clock.set(day("01-01"));
    let open = || StoreOptions::new().clock_from(&clock).open(&path).unwrap();
    let here = crate::support::provisioned::on(open(), clock.clone());
    here.edit(here.one_of_each()).unwrap();
    let ids = |store: &Store| -> Vec<(InvoiceId, Vec<InvoiceLineId>)> {
        let found = all(store, here.contract, day("10-31"));
        let lines = |invoice: &Invoice| invoice.lines.iter().map(|line| line.id).collect();
        found.iter().map(|invoice| (invoice.id, lines(invoice))).collect()
    };
    let first = ids(&here.store);
    assert_eq!(first.len(), 14, "ten months of usage, and four days with charges");
    for now in ["01-02", "03-10", "08-15", "12-31"] {
        clock.set(day(now));
        assert_eq!(ids(&here.store), first);
        here.store.set_contract_end(here.contract, None).unwrap();
        assert_eq!(ids(&here.store), first);
        here.store.set_contract_end(here.contract, Some(new_year())).unwrap();
        assert_eq!(ids(&here.store), first);
    }
    let told = all(&here.store, here.contract, new_year());
    let (contract, Provisioned { ready, .. }) = (here.contract, here);
    ready.store.close().unwrap();
    let again = open();
    assert_eq!(all(&again, contract, new_year()), told);
    for invoice in told {
        assert_eq!(again.invoice(invoice.id).unwrap(), invoice);
    }
}

#[test]
fn what_is_charged_for_a_day_that_is_over_is_final_at_once_and_beside_what_was_final() {
    let here = provisioned();
    here.edit(charging(&here, 100, &[day("02-10")])).unwrap();
    here.clock.set(day("03-10"));
    let before = settled(&here);
    here.edit(charging(&here, 7, &[day("02-10"), day("02-20"), day("03-20")])).unwrap();
    assert_eq!(
        table(&here.store, here.contract, day("03-20")),
        [
            "2025-02-01 USAGE FINALIZED 0 0",
            "2025-02-10 SCHEDULED FINALIZED 1 100",
            "2025-02-10 SCHEDULED FINALIZED 1 7",
            "2025-02-20 SCHEDULED FINALIZED 1 7",
            "2025-03-01 USAGE FINALIZED 0 0",
            "2025-03-20 SCHEDULED DRAFT 1 7",
            "2025-04-01 USAGE DRAFT 0 0",
        ]
    );
    for invoice in before {
        assert_eq!(here.store.invoice(invoice.id).unwrap(), invoice);
    }
    let late = &all(&here.store, here.contract, day("02-10"))[2];
    assert_eq!((late.issued_at, late.settled_at), (day("02-10"), day("03-10")));
}

#[test]
fn seats_that_come_late_are_charged_beside_the_usage_that_is_final_and_with_that_which_is_not() {
    let here = provisioned();
    here.clock.set(day("03-10"));
    let add_subscriptions = vec![here.subscription()];
    here.edit(EditContract { add_subscriptions, ..Default::default() }).unwrap();
    assert_eq!(
        table(&here.store, here.contract, day("03-31")),
        [
            "2025-01-01 SCHEDULED FINALIZED 1 3000",
            "2025-02-01 SCHEDULED FINALIZED 1 3000",
            "2025-02-01 USAGE FINALIZED 0 0",
            "2025-03-01 SCHEDULED FINALIZED 1 3000",
            "2025-03-01 USAGE FINALIZED 0 0",
            "2025-04-01 USAGE DRAFT 1 3000",
        ]
    );
}

#[test]
fn a_contract_of_the_past_has_final_invoices_from_the_start() {
    let here = provisioned();
    here.clock.set(day("03-10"));
    let contract = CreateContract {
        scheduled_charges: charging(&here, 40, &[day("01-15"), day("03-15")]).add_scheduled_charges,
        subscriptions: vec![here.subscription()],
        starting_at: day("01-01"),
        ..here.plain()
    };
    let contract = here.store.create_contract(contract).unwrap();
    assert_eq!(
        table(&here.store, contract, day("03-15")),
        [
            "2025-01-01 SCHEDULED FINALIZED 1 3000",
            "2025-01-15 SCHEDULED FINALIZED 1 40",
            // Seats are with the usage of the period whose end they begin at.
            "2025-02-01 USAGE FINALIZED 1 3000",
            "2025-03-01 USAGE FINALIZED 1 3000",
            "2025-03-15 SCHEDULED DRAFT 1 40",
            "2025-04-01 USAGE DRAFT 1 3000",
        ]
    );
    let settled_at: Vec<_> =
        all(&here.store, contract, day("03-01")).iter().take(4).map(|invoice| invoice.settled_at).collect();
    assert_eq!(settled_at, [day("03-10"); 4]);
}

#[test]
fn a_draft_that_is_finalised_takes_in_no_more_charges() {
    let here = provisioned();
    let contract = consolidated(&here);
    here.store.edit_contract(contract, charging(&here, 10, &[day("02-01")])).unwrap();
    here.clock.set(day("01-20"));
    let january = all(&here.store, contract, day("01-01"))[0].id;
    here.store.finalize_invoice(january, &[]).unwrap();
    here.store.edit_contract(contract, charging(&here, 7, &[day("02-01")])).unwrap();
    assert_eq!(
        table(&here.store, contract, day("02-01")),
        ["2025-02-01 SCHEDULED DRAFT 1 7", "2025-02-01 USAGE FINALIZED 1 10", "2025-03-01 USAGE DRAFT 0 0",]
    );
    let invoice = here.store.invoice(january).unwrap();
    assert_eq!((invoice.settled_at, invoice.issued_at), (day("01-20"), day("02-01")));
    let twice = fault(here.store.finalize_invoice(january, &[]));
    assert_eq!(twice, Fault::InvoiceSettled { target: january.into(), status: InvoiceStatus::Finalized });
    // That of the day is finalised by hand too, and a further charge has a third invoice of that day.
    let scheduled = all(&here.store, contract, day("02-01"))[0].id;
    here.store.finalize_invoice(scheduled, &[]).unwrap();
    here.store.edit_contract(contract, charging(&here, 5, &[day("02-01")])).unwrap();
    let totals: Vec<_> = table(&here.store, contract, day("02-01"));
    assert_eq!(totals[..2], ["2025-02-01 SCHEDULED FINALIZED 1 7", "2025-02-01 SCHEDULED DRAFT 1 5"]);
}

#[test]
fn what_is_on_an_invoice_that_is_void_is_charged_on_no_other() {
    let here = provisioned();
    here.edit(charging(&here, 10, &[day("01-01"), day("02-10"), day("03-10")])).unwrap();
    let [first, _, second, _, third, ..] = &all(&here.store, here.contract, day("03-10"))[..] else {
        panic!("five at least")
    };
    assert_eq!((first.status, second.status), (InvoiceStatus::Finalized, InvoiceStatus::Draft));
    here.clock.set(day("02-05"));
    here.store.void_invoice(first.id).unwrap();
    here.store.void_invoice(second.id).unwrap();
    here.clock.set(day("03-20"));
    // Final by itself meanwhile.
    here.store.void_invoice(third.id).unwrap();
    for invoice in [first, second, third] {
        let void = here.store.invoice(invoice.id).unwrap();
        assert_eq!((void.status, &void.lines, void.total), (InvoiceStatus::Void, &invoice.lines, 10.into()));
        let target = invoice.id.into();
        for refused in [here.store.void_invoice(invoice.id), here.store.finalize_invoice(invoice.id, &[])] {
            assert_eq!(fault(refused), Fault::InvoiceSettled { target, status: InvoiceStatus::Void });
        }
    }
    here.edit(charging(&here, 3, &[day("02-10")])).unwrap();
    let rows = table(&here.store, here.contract, day("03-10"));
    let of_the_day: Vec<_> = rows.iter().filter(|row| row.starts_with("2025-02-10")).collect();
    assert_eq!(of_the_day, ["2025-02-10 SCHEDULED VOID 1 10", "2025-02-10 SCHEDULED FINALIZED 1 3"]);
}

#[test]
fn an_id_that_leads_to_no_invoice_is_refused() {
    let here = provisioned();
    let of_one = all(&here.store, here.contract, day("01-01"))[0].id;
    let other = Uuid::from_u128(Uuid::from(of_one).as_u128() ^ 1);
    for id in [InvoiceId::from(Uuid::from_u128(7)), InvoiceId::from(other)] {
        let target = EntityRef::from(id);
        assert_eq!(fault(here.store.invoice(id)), Fault::InstanceNotFound { target });
        assert_eq!(fault(here.store.void_invoice(id)), Fault::InstanceNotFound { target });
        assert_eq!(fault(here.store.finalize_invoice(id, &[])), Fault::InstanceNotFound { target });
        here.store.adopt(id).unwrap();
        assert_eq!(fault(here.store.invoice(id)), Fault::NothingButAnId { target });
    }
}

#[test]
fn a_customers_commit_that_is_forgotten_stays_on_what_is_final_and_one_of_a_forgotten_contract_can_go() {
    let here = provisioned();
    let other = consolidated(&here);
    let commit = |key: &str| {
        let terms = BalanceTerms { priority: Some(1.into()), ..BalanceTerms::new(here.fixed) };
        let commit = CreateCommit {
            invoice_schedule: Some([charge(200, day("01-10")), charge(200, day("03-10"))].into()),
            ..CreateCommit::prepaid(terms, here.commit().access_schedule)
        };
        let level = CustomerLevel {
            invoice_contract_id: Some(other),
            uniqueness_key: Some(key.into()),
            ..CustomerLevel::new(here.customer)
        };
        here.store.create_commit(level, commit).unwrap()
    };
    let [first, second] = ["first", "second"].map(commit);
    here.clock.set(day("01-20"));
    here.store.forget(first).unwrap();
    let rows = table(&here.store, other, day("03-10"));
    assert_eq!(rows[0], "2025-01-10 SCHEDULED FINALIZED 2 400");
    assert!(rows.contains(&"2025-03-10 SCHEDULED DRAFT 1 200".to_owned()));
    here.store.forget(other).unwrap();
    here.store.archive(second).unwrap();
    here.store.forget(second).unwrap();
}
