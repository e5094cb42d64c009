//! What cannot be seen from outside: how many rows it takes to read an invoice, and what a change of values that are
//! on many writes, however many invoices are final.

use std::time::Duration;

use super::counting_inside::{Counting, rows};
use super::{
    ReadingInvoices as _, SetClock, Store, StoreOptions, Writing as _, WritingContracts as _,
    WritingRecords as _, invoices,
};
use crate::entity::{ContractId, ContractProductId, InvoiceId, ManagedEntity};
use crate::model::contract::CreateContract;
use crate::model::contract_edit::EditContract;
use crate::model::custom_field::KeyKind;
use crate::model::customer::CreateCustomer;
use crate::model::invoice::{InvoiceQuestion, InvoiceStatus, InvoiceType};
use crate::model::page::PageRequest;
use crate::model::product::{CreateProduct, ProductType};
use crate::model::scalar::{Amount, Time};
use crate::model::schedule::{CreateInvoiceItem, CreateInvoiceSchedule, Price, ScheduleDates};
use crate::model::scheduled_charge::CreateScheduledCharge;
use crate::model::statement::CreateStatementSchedule;

fn on(days: u64) -> Time {
    Time::UNIX_EPOCH.after(Duration::from_secs(days * 86_400))
}

/// A contract with a charge on each of so many days, all of them over, and one of today.
struct Stage {
    store: Store,
    clock: SetClock,
    product: ContractProductId,
    contract: ContractId,
    days: u64,
}

fn stage(days: u64) -> Stage {
    let clock = SetClock::default();
    clock.set(on(0));
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    store.add_key(ManagedEntity::ContractProduct, "note", KeyKind::Indexed).unwrap();
    let product = CreateProduct { product_type: ProductType::Fixed, ..Default::default() };
    let product = store.create_product(product).unwrap();
    store.set_values(product, [("note", "first")]).unwrap();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let statements = CreateStatementSchedule {
        invoice_generation_starting_at: Some(on(10_000)),
        ..CreateStatementSchedule::default()
    };
    let contract =
        CreateContract { usage_statement_schedule: Some(statements), ..CreateContract::new(customer, on(0)) };
    let contract = store.create_contract(contract).unwrap();
    let stage = Stage { store, clock, product, contract, days };
    for first in (1..=days).step_by(1_000) {
        stage.charge(first..=days.min(first + 999));
    }
    stage.clock.set(on(days));
    stage
}

impl Stage {
    fn charge(&self, days: impl Iterator<Item = u64>) {
        let price = Price::from(Amount::from(1));
        let items = days.map(|day| CreateInvoiceItem { timestamp: on(day), price }).collect();
        let dates = ScheduleDates::Items(items);
        let schedule = CreateInvoiceSchedule { credit_type_id: None, dates, do_not_invoice: false };
        let add_scheduled_charges = vec![CreateScheduledCharge::new(self.product, schedule)];
        self.store
            .edit_contract(self.contract, EditContract { add_scheduled_charges, ..Default::default() })
            .unwrap();
    }

    fn last(&self) -> InvoiceId {
        let question = InvoiceQuestion {
            starting_on: Some(on(self.days)),
            invoice_type: Some(InvoiceType::Scheduled),
            ..InvoiceQuestion::through(on(self.days))
        };
        self.store.invoices(self.contract, &question, &PageRequest::default()).unwrap().items[0].id
    }

    /// How many rows it takes to read the last invoice, and what it shows of the product.
    fn read(&self) -> (usize, String) {
        let view = self.store.view().unwrap();
        let reader = Counting::of(&view);
        let found = invoices::get(&reader, self.last(), on(self.days)).unwrap();
        assert_eq!(found.status, InvoiceStatus::Finalized);
        (reader.rows(), found.passed_down_by(self.product)["note"].clone())
    }
}

#[test]
fn an_invoice_is_read_by_as_many_rows_however_many_others_are_final() {
    let told = |days| {
        let stage = stage(days);
        let derived = stage.read();
        // Changed behind their date, so that they have to be told as they were.
        stage.store.set_values(stage.product, [("note", "second")]).unwrap();
        let then = stage.read();
        // An edit stores them.
        stage.charge([days + 1].into_iter());
        let stored = stage.read();
        assert_eq!([&derived.1, &then.1, &stored.1], ["first"; 3]);
        [derived.0, then.0, stored.0]
    };
    let (few, many) = (told(3), told(1_000));
    assert_eq!(few, many);
    assert!(many.iter().all(|rows| *rows < 30), "{many:?}");
}

#[test]
fn a_change_of_values_that_many_invoices_show_writes_one_row() {
    for days in [3, 1_000] {
        let stage = stage(days);
        let count = || rows(&stage.store).values().sum::<u64>();
        let before = count();
        stage.store.set_values(stage.product, [("note", "second")]).unwrap();
        assert_eq!(count(), before + 1, "the values that it had");
    }
}
