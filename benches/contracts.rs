//! Contracts: reading, editing, rates and where usage counts, where there is one contract and where its customer has
//! ten thousand, and before and after ten thousand edits. Figures that belong together stand side by side.
//!
//! `cargo bench --bench contracts -- --quick` tells them in a minute. All stores are in memory, because how long a
//! durable edit takes is for the most part how long a disk takes to sync.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use billfold::prelude::*;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const MANY: u32 = 10_000;

/// A customer with a contract of a card with a rate, a commit and an override.
struct Stage {
    store: Store,
    customer: CustomerId,
    contract: ContractId,
    product: ContractProductId,
}

fn start() -> Time {
    "2025-01-01T00:00:00Z".parse().unwrap()
}

fn hour(n: u32) -> Time {
    start().after(Duration::from_secs(3_600 * u64::from(n)))
}

fn five_percent_off() -> OverrideTerms {
    OverrideTerms {
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some("0.95".parse().unwrap()),
        ..OverrideTerms::new(start())
    }
}

fn stage() -> Stage {
    let store = Store::in_memory().unwrap();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let product_type = ProductType::Fixed;
    let product = store.create_product(CreateProduct { product_type, ..Default::default() }).unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    store.add_rate(card, AddRate::new(product, start(), Rate::flat(100.into()))).unwrap();
    let segment = CreateAccessItem { amount: 1.into(), starting_at: start(), ending_before: hour(1) };
    let request = CreateContract {
        rate_card: Some(CardChoice::Id(card)),
        commits: vec![CreateCommit::prepaid(BalanceTerms::new(product), [segment].into())],
        overrides: vec![five_percent_off()],
        ..CreateContract::new(customer, start())
    };
    let contract = store.create_contract(request).unwrap();
    Stage { store, customer, contract, product }
}

impl Stage {
    /// With other contracts of the customer, so many in all: of an hour each, one after the other.
    fn among(self, contracts: u32) -> Self {
        let contract = |n: u32| CreateContract {
            ending_before: Some(hour(n + 1)),
            usage_filter: Some(UsageFilter::new("region", ["US"], hour(n))),
            ..CreateContract::new(self.customer, hour(n))
        };
        self.store
            .write(|tx| (1..contracts).try_for_each(|n| tx.create_contract(contract(n)).map(drop)))
            .unwrap();
        self
    }

    /// Renames the commit, sets the filter anew and puts another override in the place of the one there is.
    fn edit(&self, tx: &Transaction<'_>, n: u32) -> Result<(), Error> {
        if n.is_multiple_of(2) {
            let filter = UsageFilter::new("region", [n.to_string()], start());
            return tx.set_usage_filter(self.contract, filter).map(drop);
        }
        let contract = tx.contract(self.contract)?;
        let update =
            UpdateBalance { name: Some(format!("name {n}")), ..UpdateBalance::new(contract.commits[0].id) };
        let updates = PartUpdates {
            update_commits: vec![update],
            remove_overrides: vec![contract.overrides[0].id],
            ..Default::default()
        };
        let edit = EditContract { updates, add_overrides: vec![five_percent_off()], ..Default::default() };
        tx.edit_contract(self.contract, edit).map(drop)
    }

    fn after(self, edits: u32) -> Self {
        self.store.write(|tx| (0..edits).try_for_each(|n| self.edit(tx, n))).unwrap();
        self
    }
}

fn among_others(criterion: &mut Criterion) {
    let stages = [1, MANY].map(|contracts| (contracts, stage().among(contracts)));
    let mut group = criterion.benchmark_group("of a customer with contracts");
    for (contracts, stage) in &stages {
        group.bench_function(BenchmarkId::new("read one", contracts), |bencher| {
            bencher.iter(|| black_box(stage.store.contract(stage.contract).unwrap()));
        });
    }
    for (contracts, stage) in &stages {
        let question = RateQuestion::new(stage.product);
        group.bench_function(BenchmarkId::new("rate", contracts), |bencher| {
            bencher.iter(|| {
                black_box(stage.store.rate(stage.contract, &question, hour(MANY)).unwrap().unwrap())
            });
        });
    }
    let usage = BTreeMap::from([("region".to_owned(), "US".to_owned())]);
    for (contracts, stage) in &stages {
        group.bench_function(BenchmarkId::new("where usage counts", contracts), |bencher| {
            bencher.iter(|| {
                black_box(stage.store.contracts_for_usage(stage.customer, hour(MANY), &usage).unwrap())
            });
        });
    }
    for (contracts, stage) in &stages {
        let mut n = 0;
        group.bench_function(BenchmarkId::new("edit one", contracts), |bencher| {
            bencher.iter(|| {
                n += 1;
                stage.store.write(|tx| stage.edit(tx, n)).unwrap();
            });
        });
    }
    group.finish();
}

fn after_edits(criterion: &mut Criterion) {
    let stages = [0, MANY].map(|edits| (edits, stage().after(edits)));
    let mut group = criterion.benchmark_group("of a contract with edits");
    for (edits, stage) in &stages {
        group.bench_function(BenchmarkId::new("read it", edits), |bencher| {
            bencher.iter(|| black_box(stage.store.contract(stage.contract).unwrap()));
        });
    }
    for (edits, stage) in &stages {
        let question = RateQuestion::new(stage.product);
        group.bench_function(BenchmarkId::new("rate", edits), |bencher| {
            bencher
                .iter(|| black_box(stage.store.rate(stage.contract, &question, hour(1)).unwrap().unwrap()));
        });
    }
    // Last, because the contract has more edits from then on. Each is taken back, so that there are no more.
    for (edits, stage) in &stages {
        let mut n = 0;
        group.bench_function(BenchmarkId::new("edit it", edits), |bencher| {
            bencher.iter(|| {
                n += 1;
                stage.store.dry_run(|tx| stage.edit(tx, n)).unwrap();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, among_others, after_edits);
criterion_main!(benches);
