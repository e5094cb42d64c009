//! What cannot be seen from outside: that nothing is left in any table, nor in the journal, of a contract that was
//! refused or forgotten, and that nothing is written of a part that stays as it was.

use std::ops::{Bound, ControlFlow};

use super::counting_inside::rows;
use super::{
    ReadingContracts as _, ReadingInvoices as _, Store, Writing as _, WritingAlerts as _,
    WritingContracts as _, WritingInvoices as _, WritingRecords as _,
};
use crate::entity::{ContractId, ContractProductId, CustomerId, ManagedEntity};
use crate::model::alert::{AlertType, CreateAlert};
use crate::model::balance::{BalanceTerms, CreateCommit, CreateCredit, CustomerLevel};
use crate::model::change::Collection;
use crate::model::contract::CreateContract;
use crate::model::contract_edit::{EditContract, PartUpdates, UpdateBalance};
use crate::model::custom_field::KeyKind;
use crate::model::customer::CreateCustomer;
use crate::model::invoice::{InvoiceQuestion, InvoiceType};
use crate::model::page::PageRequest;
use crate::model::product::{CreateProduct, ProductType};
use crate::model::scalar::Time;
use crate::model::schedule::{
    CreateAccessItem, CreateAccessSchedule, CreateInvoiceItem, CreateInvoiceSchedule,
};
use crate::model::scheduled_charge::CreateScheduledCharge;
use crate::model::usage_filter::UsageFilter;
use crate::storage::tables::TableId;
use crate::storage::view::Reader as _;

const SECRET: &str = "nobody is to know";

fn hour(hour: u64) -> Time {
    Time::UNIX_EPOCH.after(std::time::Duration::from_secs(hour * 3_600))
}

/// Whether the journal says it anywhere.
fn journal_tells(store: &Store, text: &str) -> bool {
    let view = store.view().unwrap();
    let mut tells = false;
    view.scan(TableId::Journal, Bound::Unbounded, |_, row| {
        tells |= row.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    tells
}

fn ready() -> (Store, ContractProductId) {
    let store = Store::in_memory().unwrap();
    for entity in [
        ManagedEntity::Contract,
        ManagedEntity::Commit,
        ManagedEntity::ContractCredit,
        ManagedEntity::Invoice,
    ] {
        store.add_key(entity, "enforced", KeyKind::Enforced).unwrap();
        store.add_key(entity, "indexed", KeyKind::Indexed).unwrap();
    }
    let product = CreateProduct { product_type: ProductType::Fixed, ..Default::default() };
    let product = store.create_product(product).unwrap();
    (store, product)
}

fn secret_terms(product: ContractProductId) -> BalanceTerms {
    BalanceTerms { name: Some(SECRET.into()), priority: Some(1.into()), ..BalanceTerms::new(product) }
}

fn access() -> CreateAccessSchedule {
    [CreateAccessItem { amount: 5.into(), starting_at: hour(0), ending_before: hour(1) }].into()
}

/// Something that was due long ago, and something that is due once nobody remembers.
fn charged() -> CreateInvoiceSchedule {
    let item = |timestamp| CreateInvoiceItem { timestamp, price: crate::Amount::from(5).into() };
    [item(hour(2)), item(hour(50_000_000))].into()
}

/// Charges of the past and of the future, and invoices with values: settled in both ways, and a draft.
fn fill_invoices(store: &Store, contract: ContractId, n: &str, product: ContractProductId) {
    let charge =
        CreateScheduledCharge { name: Some(SECRET.into()), ..CreateScheduledCharge::new(product, charged()) };
    let edit = EditContract { add_scheduled_charges: vec![charge], ..Default::default() };
    store.edit_contract(contract, edit).unwrap();
    let scheduled = InvoiceQuestion {
        invoice_type: Some(InvoiceType::Scheduled),
        ..InvoiceQuestion::through(Time::LAST)
    };
    let found = store.invoices(contract, &scheduled, &PageRequest::default()).unwrap().items;
    let [past, future] = &found[..] else { panic!("{found:?}") };
    for (invoice, place) in [(past, "past"), (future, "future")] {
        let value = format!("{n} {place}");
        store.set_values(invoice.id, [("enforced", value.as_str()), ("indexed", SECRET)]).unwrap();
    }
    store.set_values(contract, [("indexed", "what it was before is kept too")]).unwrap();
    store.void_invoice(past.id).unwrap();
    store.finalize_invoice(future.id, &[]).unwrap();
}

/// Two contracts with edits and settled invoices, one of them archived, and a commit and a credit of the customer's
/// own: the first contract is charged for the commit.
fn fill(store: &Store, customer: CustomerId, product: ContractProductId) {
    let mut first = None;
    let values = |text: &str| [("enforced", text), ("indexed", SECRET)].into();
    for n in ["1", "2"] {
        let commit = CreateCommit::prepaid(secret_terms(product), access());
        let contract = CreateContract {
            name: Some(SECRET.into()),
            uniqueness_key: Some(n.into()),
            commits: vec![CreateCommit { custom_fields: values(n), ..commit }],
            credits: vec![CreateCredit::new(secret_terms(product), access())],
            usage_filter: Some(UsageFilter::new("region", ["US"], hour(0))),
            custom_fields: values(n),
            ..CreateContract::new(customer, hour(0))
        };
        let id = store.create_contract(contract).unwrap();
        fill_invoices(store, id, n, product);
        let edit = EditContract {
            uniqueness_key: Some(n.into()),
            update_contract_name: Some(Some(format!("{SECRET}, either"))),
            add_credits: vec![CreateCredit::new(secret_terms(product), access())],
            ..Default::default()
        };
        store.edit_contract(id, edit).unwrap();
        store.set_usage_filter(id, UsageFilter::new("region", ["EU"], hour(5))).unwrap();
        store.set_contract_end(id, Some(hour(9))).unwrap();
        if n == "2" {
            store.archive_contract(id).unwrap();
        }
        first.get_or_insert(id);
    }
    let level =
        |key: &str| CustomerLevel { uniqueness_key: Some(key.into()), ..CustomerLevel::new(customer) };
    let commit = CreateCommit {
        invoice_schedule: Some(charged()),
        ..CreateCommit::prepaid(secret_terms(product), access())
    };
    let charged = CustomerLevel { invoice_contract_id: first, ..level("1") };
    store.create_commit(charged, CreateCommit { custom_fields: values("own"), ..commit }).unwrap();
    store.create_credit(level("2"), CreateCredit::new(secret_terms(product), access())).unwrap();
}

#[test]
fn nothing_is_left_of_a_customer_with_contracts_that_is_forgotten() {
    let (store, product) = ready();
    let before = rows(&store);
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    fill(&store, customer, product);
    let alert = CreateAlert {
        uniqueness_key: Some("1".into()),
        customer_id: Some(customer),
        ..CreateAlert::new(AlertType::InvoiceTotal, SECRET, 5.into())
    };
    store.create_alert(alert).unwrap();
    let filled = rows(&store);
    assert!(filled.len() > before.len() + 10, "{filled:?}");
    for table in [
        TableId::Parts(Collection::ContractInvoices),
        TableId::ContractCharged,
        TableId::InvoicedCommits,
        TableId::InvoiceTag,
        TableId::CustomerAlerts,
        TableId::PastValues,
    ] {
        assert!(filled.contains_key(&table), "{table:?} is empty");
    }
    assert!(journal_tells(&store, SECRET));
    store.forget(customer).unwrap();
    assert_eq!(rows(&store), before);
    assert!(!journal_tells(&store, SECRET), "the journal forgets too");
}

#[test]
fn nothing_is_left_of_a_contract_that_is_forgotten() {
    let (store, product) = ready();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let before = rows(&store);
    fill(&store, customer, product);
    let page = PageRequest::default();
    let filter = crate::model::contract::ContractFilter { include_archived: true, ..Default::default() };
    let contracts = store.contracts(customer, &filter, &page).unwrap().items;
    for contract in &contracts {
        store.forget(contract.id).unwrap();
    }
    let all = crate::model::balance::BalanceFilter { include_contract_balances: true, ..Default::default() };
    let (commits, credits) = (
        store.commits(customer, &all, &page).unwrap().items,
        store.credits(customer, &all, &page).unwrap().items,
    );
    assert_eq!((contracts.len(), commits.len(), credits.len()), (2, 1, 1));
    store.forget(commits[0].id).unwrap();
    store.forget(credits[0].id).unwrap();
    assert_eq!(rows(&store), before);
    assert!(!journal_tells(&store, SECRET));
}

#[test]
fn nothing_is_left_of_a_contract_whose_transaction_stops() {
    let (store, product) = ready();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let before = rows(&store);
    let stopped = store.write(|tx| {
        let commit = CreateCommit::prepaid(secret_terms(product), access());
        let contract = CreateContract {
            uniqueness_key: Some("1".into()),
            commits: vec![commit],
            ..CreateContract::new(customer, hour(0))
        };
        let id = tx.create_contract(contract)?;
        tx.archive_contract(id)?;
        Err::<(), _>(crate::error::Error::stop("no"))
    });
    assert!(stopped.is_err());
    assert_eq!(rows(&store), before);
    assert!(!journal_tells(&store, SECRET));
}

#[test]
fn an_edit_that_leaves_a_part_as_it_was_writes_no_version_of_it() {
    let (store, product) = ready();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let contract = CreateContract {
        commits: vec![CreateCommit::prepaid(secret_terms(product), access())],
        ..CreateContract::new(customer, hour(0))
    };
    let contract = store.create_contract(contract).unwrap();
    let commit = store.contract(contract).unwrap().commits[0].id;
    let rename = |name: &str| {
        let update = UpdateBalance { name: Some(name.into()), ..UpdateBalance::new(commit) };
        let updates = PartUpdates { update_commits: vec![update], ..Default::default() };
        store.edit_contract(contract, EditContract { updates, ..Default::default() }).unwrap();
        rows(&store)[&TableId::Parts(Collection::ContractParts)]
    };
    let at_first = rows(&store)[&TableId::Parts(Collection::ContractParts)];
    assert_eq!(rename(SECRET), at_first, "the name it has");
    assert_eq!(rename("another"), at_first + 1, "the version before stays beside it");
}
