//! Lists of invoices: filters, order and pages; what snapshots and transactions show.

use billfold::prelude::*;
use uuid::Uuid;

use crate::invoices::{all, charging, consolidated, table};
use crate::support::catalog::at;
use crate::support::provisioned::{Provisioned, charge, day, fields, provisioned};
use crate::support::{every, fault};

/// Two contracts of 2025 and one of 2027 with all sorts of invoices: in two units, settled in every way.
fn many() -> (Provisioned, ContractId) {
    let here = provisioned();
    here.edit(here.one_of_each()).unwrap();
    let other = consolidated(&here);
    let moments = [day("01-10"), day("02-01"), day("02-10"), at("2026-06-15T07:00:00Z")];
    here.store.edit_contract(other, charging(&here, 10, &moments)).unwrap();
    let in_euros = CreateInvoiceSchedule {
        credit_type_id: Some(CreditType::EUR),
        ..[charge(5, day("02-01")), charge(5, day("04-01"))].into()
    };
    let add_discounts = vec![CreateScheduledCharge::new(here.fixed, in_euros)];
    here.store.edit_contract(other, EditContract { add_discounts, ..Default::default() }).unwrap();
    let later = CreateContract { starting_at: at("2027-01-01T00:00:00Z"), ..here.plain() };
    here.store.create_contract(later).unwrap();
    here.clock.set(day("03-10"));
    here.store.void_invoice(all(&here.store, other, day("02-01"))[1].id).unwrap();
    here.store
        .finalize_invoice(all(&here.store, here.contract, day("06-15")).pop().unwrap().id, &[])
        .unwrap();
    (here, other)
}

/// Every question whose answer is looked at, by what it says.
fn questions(here: &Provisioned, other: ContractId) -> Vec<InvoiceQuestion> {
    let mut all = Vec::new();
    for through in [day("01-01"), day("02-10"), day("06-30"), at("2030-01-01T00:00:00Z")] {
        let plain = InvoiceQuestion::through(through);
        let mut more = vec![plain.clone()];
        more.extend(
            [InvoiceStatus::Draft, InvoiceStatus::Finalized, InvoiceStatus::Void]
                .map(|status| InvoiceQuestion { status: Some(status), ..plain.clone() }),
        );
        more.extend(
            [InvoiceType::Scheduled, InvoiceType::Usage, InvoiceType::UsageConsolidated]
                .map(|kind| InvoiceQuestion { invoice_type: Some(kind), ..plain.clone() }),
        );
        more.extend(
            [CreditType::USD_CENTS, CreditType::EUR, CreditTypeId::from(Uuid::from_u128(3))]
                .map(|unit| InvoiceQuestion { credit_type_id: Some(unit), ..plain.clone() }),
        );
        more.extend(
            [here.contract, other].map(|id| InvoiceQuestion { contract_id: Some(id), ..plain.clone() }),
        );
        for moment in [day("01-01"), day("02-01"), day("02-10"), at("2025-02-10T00:00:01Z"), day("06-01")] {
            more.push(InvoiceQuestion { starting_on: Some(moment), ..plain.clone() });
            more.push(InvoiceQuestion { ending_before: Some(moment), ..plain.clone() });
            more.push(InvoiceQuestion {
                starting_on: Some(moment),
                status: Some(InvoiceStatus::Draft),
                ..plain.clone()
            });
        }
        all.extend(more);
    }
    all
}

/// Whether a question asks for an invoice, said once more.
fn is_asked_for(question: &InvoiceQuestion, invoice: &Invoice) -> bool {
    let (begins, over) = match invoice.period {
        Some(period) => (period.starting_at, period.ending_before),
        None => (invoice.issued_at, invoice.issued_at.after(std::time::Duration::from_nanos(1))),
    };
    begins <= question.through
        && question.status.is_none_or(|wanted| wanted == invoice.status)
        && question.invoice_type.is_none_or(|wanted| wanted == invoice.invoice_type)
        && question.credit_type_id.is_none_or(|wanted| wanted == invoice.credit_type_id)
        && question.contract_id.is_none_or(|wanted| wanted == invoice.contract_id)
        && question.starting_on.is_none_or(|from| from <= begins)
        && question.ending_before.is_none_or(|end| over <= end)
}

#[test]
fn a_question_finds_what_all_its_conditions_hold_for_in_both_orders_and_on_pages_of_any_size() {
    let (here, other) = many();
    let whole = all(&here.store, here.customer, at("2031-01-01T00:00:00Z"));
    assert!(whole.len() > 100);
    let sorted = whole.is_sorted_by_key(|invoice| (invoice.issued_at, invoice.id));
    assert!(sorted, "{whole:?}");
    let mut asked_for = 0;
    for question in questions(&here, other) {
        let mut expected: Vec<_> = whole
            .iter()
            .filter(|invoice| is_asked_for(&question, invoice))
            .map(|invoice| invoice.id)
            .collect();
        asked_for += expected.len();
        for (order, limit) in [
            (InvoiceOrder::DateAscending, 1_000),
            (InvoiceOrder::DateAscending, 7),
            (InvoiceOrder::DateDescending, 1_000),
            (InvoiceOrder::DateDescending, 7),
        ] {
            let question = InvoiceQuestion { order, ..question.clone() };
            let found = every(limit, |page| here.store.invoices(here.customer, &question, page));
            expected.sort_by_key(|id| {
                let invoice = whole.iter().find(|invoice| invoice.id == *id).unwrap();
                (invoice.issued_at, invoice.id)
            });
            if order == InvoiceOrder::DateDescending {
                expected.reverse();
            }
            let ids: Vec<_> = found.iter().map(|invoice| invoice.id).collect();
            assert_eq!(ids, expected, "{question:?} by {limit}");
        }
    }
    assert!(asked_for > 1_000, "{asked_for}");
    let one_by_one = InvoiceQuestion::through(day("02-10"));
    let found = every(1, |page| here.store.invoices(other, &one_by_one, page));
    assert_eq!(found, all(&here.store, other, day("02-10")));
}

#[test]
fn what_does_not_exist_and_pages_of_another_question_are_refused() {
    let here = provisioned();
    let question = InvoiceQuestion::through(day("06-01"));
    let page = PageRequest::first(1);
    let ask = |of: InvoicesOf, question: &InvoiceQuestion, page: &PageRequest| {
        here.store.invoices(of, question, page)
    };
    let (nobody, nothing) = (CustomerId::from(Uuid::from_u128(5)), ContractId::from(Uuid::from_u128(5)));
    for (of, target) in [
        (InvoicesOf::from(nobody), EntityRef::from(nobody)),
        (InvoicesOf::from(nothing), EntityRef::from(nothing)),
    ] {
        assert_eq!(fault(ask(of, &question, &page)), Fault::InstanceNotFound { target });
        // Whatever else is asked for.
        let narrow = InvoiceQuestion { contract_id: Some(here.contract), ..question.clone() };
        assert_eq!(fault(ask(of, &narrow, &page)), Fault::InstanceNotFound { target });
    }
    let next = ask(here.contract.into(), &question, &page).unwrap().next.unwrap();
    let other = InvoiceQuestion { status: Some(InvoiceStatus::Draft), ..question.clone() };
    let next = PageRequest::after(next, 1);
    assert!(ask(here.contract.into(), &other, &next).is_err());
    assert!(ask(here.customer.into(), &question, &next).is_err());
    assert_eq!(ask(here.contract.into(), &question, &next).unwrap().items.len(), 1);
    assert!(ask(here.contract.into(), &question, &PageRequest::first(0)).is_err());
    // All that is wrong at once.
    let usage = vec![UsageQuantity {
        contract_id: here.contract,
        at: day("01-02"),
        of: RateQuestion::new(here.usage),
        quantity: (-1).into(),
    }];
    let wrong = InvoiceQuestion { usage, ..question };
    assert_eq!(fields(ask(here.contract.into(), &wrong, &PageRequest::first(0))).len(), 2);
}

#[test]
fn a_snapshot_shows_the_invoices_of_its_moment() {
    let here = provisioned();
    here.edit(charging(&here, 100, &[day("02-10")])).unwrap();
    here.store.add_key(ManagedEntity::Contract, "note", KeyKind::Indexed).unwrap();
    here.store.set_values(here.contract, [("note", "then")]).unwrap();
    here.clock.set(day("02-05"));
    let view = here.store.snapshot().unwrap();
    let then = all(&here.store, here.contract, day("02-10"));
    here.clock.set(day("03-10"));
    here.store.set_values(here.contract, [("note", "now")]).unwrap();
    here.edit(charging(&here, 7, &[day("02-10"), day("02-11")])).unwrap();
    assert_eq!(all(&view, here.contract, day("02-10")), then);
    for invoice in &then {
        assert_eq!(view.invoice(invoice.id).unwrap(), *invoice);
    }
    assert_eq!(then[1].status, InvoiceStatus::Draft);
    assert_eq!(all(&here.store, here.contract, day("02-10"))[1].status, InvoiceStatus::Finalized);
}

#[test]
fn a_transaction_sees_its_own_invoices_and_leaves_none_where_it_stops() {
    let here = provisioned();
    here.edit(charging(&here, 100, &[day("02-10")])).unwrap();
    here.clock.set(day("03-10"));
    let before = (here.everything(), all(&here.store, here.customer, day("12-31")));
    let act = |tx: &Transaction<'_>| {
        tx.edit_contract(here.contract, charging(&here, 7, &[day("02-10"), day("04-10")]))?;
        let made = CreateContract {
            scheduled_charges: charging(&here, 3, &[day("02-10")]).add_scheduled_charges,
            starting_at: day("02-01"),
            ..here.plain()
        };
        let made = tx.create_contract(made)?;
        let found = table(tx, here.contract, day("04-10"));
        assert_eq!(
            found[1..3],
            ["2025-02-10 SCHEDULED FINALIZED 1 100", "2025-02-10 SCHEDULED FINALIZED 1 7"]
        );
        assert_eq!(table(tx, made, day("02-10"))[0], "2025-02-10 SCHEDULED FINALIZED 1 3");
        let draft = all(tx, here.contract, day("04-10")).pop().unwrap();
        tx.finalize_invoice(draft.id, &[])?;
        tx.void_invoice(draft.id)?;
        assert_eq!(tx.invoice(draft.id)?.status, InvoiceStatus::Void);
        Ok(all(tx, here.customer, day("12-31")))
    };
    let now = || (here.everything(), all(&here.store, here.customer, day("12-31")));
    here.store.dry_run(act).unwrap();
    assert_eq!(now(), before);
    let stopped = here.store.write(|tx| act(tx).and(Err::<(), _>(Error::stop("not today"))));
    assert!(stopped.is_err());
    assert_eq!(now(), before);
    let told = here.store.write(act).unwrap();
    assert_eq!(all(&here.store, here.customer, day("12-31")), told);
}
