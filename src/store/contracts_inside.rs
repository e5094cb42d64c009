//! What cannot be seen from outside: how many rows it takes to read a contract and to answer from it, whatever was
//! edited before and however many others its customer has.

use std::collections::BTreeMap;
use std::time::Duration;

use super::counting_inside::Counting;
use super::{
    ReadingContracts as _, SetClock, Store, StoreOptions, Transaction, WritingContracts as _,
    WritingRecords as _, contract_answers, contract_read, contracts,
};
use crate::entity::{ContractId, ContractProductId, CustomerId};
use crate::error::Result;
use crate::model::balance::{BalanceTerms, CreateCommit};
use crate::model::contract::{CardChoice, ContractFilter, CreateContract};
use crate::model::contract_edit::{EditContract, PartUpdates, UpdateBalance};
use crate::model::contract_rate::RateQuestion;
use crate::model::customer::CreateCustomer;
use crate::model::page::PageRequest;
use crate::model::price_override::{OverrideTerms, OverrideType};
use crate::model::product::{CreateProduct, ProductType};
use crate::model::rate::{AddRate, Rate};
use crate::model::rate_card::CreateRateCard;
use crate::model::scalar::Time;
use crate::model::schedule::CreateAccessItem;
use crate::model::usage_filter::UsageFilter;
use crate::storage::versions::AsOf;

const MANY: u64 = 10_000;

fn hour(n: u64) -> Time {
    Time::UNIX_EPOCH.after(Duration::from_secs(3_600 * n))
}

/// A store with a customer and a contract that has a card with one rate, and a commit.
struct Stage {
    store: Store,
    customer: CustomerId,
    contract: ContractId,
    product: ContractProductId,
}

fn stage() -> Stage {
    let store = Store::in_memory().unwrap();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let product_type = ProductType::Fixed;
    let product = store.create_product(CreateProduct { product_type, ..Default::default() }).unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    store.add_rate(card, AddRate::new(product, hour(0), Rate::flat(100.into()))).unwrap();
    let segment = CreateAccessItem { amount: 1.into(), starting_at: hour(0), ending_before: hour(9) };
    let contract = CreateContract {
        rate_card: Some(CardChoice::Id(card)),
        commits: vec![CreateCommit::prepaid(BalanceTerms::new(product), [segment].into())],
        ..CreateContract::new(customer, hour(0))
    };
    let contract = store.create_contract(contract).unwrap();
    // A neighbour, so that there is always a row behind the contract's own.
    let other = store.create_customer(CreateCustomer::default()).unwrap();
    store.create_contract(CreateContract::new(other, hour(0))).unwrap();
    Stage { store, customer, contract, product }
}

impl Stage {
    /// The edit of that number: names, filters of three starts, an override that comes and goes, a commit.
    fn edit(&self, tx: &Transaction<'_>, n: u64) -> Result<()> {
        let mut edit = EditContract::default();
        let mut updates = PartUpdates::default();
        match n % 5 {
            0 => edit.update_contract_name = Some(Some(format!("name {n}"))),
            1 => {
                let filter = UsageFilter::new("region", [n.to_string()], hour(n % 3));
                return tx.set_usage_filter(self.contract, filter).map(drop);
            }
            2 => edit.add_overrides.push(OverrideTerms {
                override_type: Some(OverrideType::Multiplier),
                multiplier: Some("0.5".parse().unwrap()),
                ..OverrideTerms::new(hour(0))
            }),
            3 => updates.remove_overrides.push(tx.contract(self.contract)?.overrides[0].id),
            _ => {
                let commit = tx.contract(self.contract)?.commits[0].id;
                let name = Some(format!("commit {n}"));
                updates.update_commits.push(UpdateBalance { name, ..UpdateBalance::new(commit) });
            }
        }
        tx.edit_contract(self.contract, EditContract { updates, ..edit }).map(drop)
    }

    fn edited(self, edits: u64) -> Self {
        self.store.write(|tx| (0..edits).try_for_each(|n| self.edit(tx, n))).unwrap();
        self
    }

    /// Rows that are read for the contract, for where usage counts and for a rate.
    fn rows(&self) -> [usize; 3] {
        let view = self.store.view().unwrap();
        let reader = || Counting::of(&view);
        let (read, routed, rated) = (reader(), reader(), reader());
        contract_read::get(&read, self.contract, AsOf::Now).unwrap();
        let usage = BTreeMap::from([("region".to_owned(), "EU".to_owned())]);
        contract_answers::for_usage(&routed, &self.customer.into(), hour(2), &usage).unwrap();
        let question = RateQuestion::new(self.product);
        contract_answers::rate(&rated, self.contract, &question, hour(2)).unwrap().unwrap();
        [read.rows(), routed.rows(), rated.rows()]
    }
}

#[test]
fn a_contract_is_read_without_the_ten_thousand_edits_that_made_it_what_it_is() {
    // Five edits bring what all others only change: a name, filters of one start; the override is gone again.
    let (few, many) = (stage().edited(5), stage().edited(MANY));
    let [read, routed, rated] = few.rows();
    // There are two filters more.
    assert_eq!(many.rows(), [read + 2, routed, rated]);
    assert!(read > 4 && routed > 2 && rated > 4, "{:?}, so the counting works", few.rows());
    let contract = many.store.contract(many.contract).unwrap();
    assert_eq!(contract.terms.name.as_deref(), Some("name 9995"));
    assert_eq!((contract.overrides.len(), contract.usage_filter.len()), (0, 3));
    assert_eq!(contract.commits[0].terms.name.as_deref(), Some("commit 9999"));
}

#[test]
fn a_contract_as_it_was_is_read_without_the_names_it_had_before_and_since() {
    let clock = SetClock::default();
    clock.set(hour(0));
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let contract = store.create_contract(CreateContract::new(customer, hour(0))).unwrap();
    for n in 1..=1_000 {
        clock.set(hour(n));
        let update_contract_name = Some(Some(n.to_string()));
        store.edit_contract(contract, EditContract { update_contract_name, ..Default::default() }).unwrap();
    }
    let view = store.view().unwrap();
    for (at, name) in [(0, None), (1, Some("1")), (500, Some("500")), (999, Some("999"))] {
        let reader = Counting::of(&view);
        let read = contract_read::as_of(&reader, contract, hour(at)).unwrap();
        assert_eq!(read.terms.name.as_deref(), name);
        assert!(reader.rows() <= 12, "{} rows", reader.rows());
    }
}

#[test]
fn a_contract_among_ten_thousand_of_its_customer_is_read_as_if_it_were_alone() {
    let stage = stage();
    let [read, _, rated] = stage.rows();
    // Contracts of an hour each, one after the other, all in the past of the usage that is asked about.
    stage
        .store
        .write(|tx| {
            (1..MANY).try_for_each(|n| {
                let ending_before = Some(hour(n + 1));
                let filter = Some(UsageFilter::new("region", ["US"], hour(n)));
                let contract = CreateContract::new(stage.customer, hour(n));
                tx.create_contract(CreateContract { ending_before, usage_filter: filter, ..contract })
                    .map(drop)
            })
        })
        .unwrap();
    assert_eq!([stage.rows()[0], stage.rows()[2]], [read, rated]);
    let view = stage.store.view().unwrap();
    let rows = |at| {
        let reader = Counting::of(&view);
        let usage = BTreeMap::from([("region".to_owned(), "US".to_owned())]);
        let found = contract_answers::for_usage(&reader, &stage.customer.into(), at, &usage).unwrap();
        (found.len(), reader.rows())
    };
    // The customer, then the windows of contracts that have begun and the row behind them, then of each contract
    // in force its filter, or the row where it would be.
    assert_eq!(rows(hour(0)), (1, 1 + 1 + 1 + 1));
    assert_eq!(rows(hour(MANY)), (1, 1 + 10_000 + 1 + 1));
    assert_eq!(rows(hour(MANY - 1)), (2, 1 + 10_000 + 1 + 2));
    let page = |filter: ContractFilter, limit| {
        let reader = Counting::of(&view);
        let page = PageRequest::first(limit);
        let found = contracts::page(&reader, stage.customer, &filter, &page).unwrap().items;
        (found.len(), reader.rows())
    };
    let (found, rows) = page(ContractFilter { starting_at: Some(hour(9_000)), ..Default::default() }, 1);
    assert!(found == 1 && rows < 10, "{rows} rows for one of the last contracts");
}
