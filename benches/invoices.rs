//! Invoices: reading one that is settled and one that follows from its contract, listing those of a contract and of a
//! customer with a thousand contracts, and what settling costs when a contract is made or edited. Figures that belong
//! together stand side by side.
//!
//! `cargo bench --bench invoices -- --quick` tells them in a minute. All stores are in memory, because how long a
//! durable write takes is for the most part how long a disk takes to sync.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::hint::black_box;

use billfold::prelude::*;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const MANY: u32 = 1_000;

/// A customer with contracts from 2024 on, each with a charge on the first of every month of three years.
struct Stage {
    store: Store,
    clock: SetClock,
    customer: CustomerId,
    product: ContractProductId,
    contract: ContractId,
}

fn at(day: &str) -> Time {
    format!("{day}T00:00:00Z").parse().unwrap()
}

fn new_contract(customer: CustomerId, product: ContractProductId) -> CreateContract {
    let monthly = RecurringSchedule {
        starting_at: at("2024-01-01"),
        ending_before: at("2027-01-01"),
        frequency: ScheduleFrequency::Monthly,
        price: Amount::from(7_500).into(),
        amount_distribution: AmountDistribution::Each,
    };
    CreateContract {
        scheduled_charges: vec![CreateScheduledCharge::new(product, monthly.into())],
        ..CreateContract::new(customer, at("2024-01-01"))
    }
}

/// So many contracts, made on one day.
fn stage(contracts: u32, made: &str) -> Stage {
    let clock = SetClock::default();
    clock.set(at(made));
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let product_type = ProductType::Fixed;
    let product = store.create_product(CreateProduct { product_type, ..Default::default() }).unwrap();
    let make = |tx: &Transaction<'_>| tx.create_contract(new_contract(customer, product));
    let contract = store.write(|tx| make(tx)).unwrap();
    store.write(|tx| (1..contracts).try_for_each(|_| make(tx).map(drop))).unwrap();
    Stage { store, clock, customer, product, contract }
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("of a contract in its third year");
    // Made on its first day, so that its invoices became due by themselves; or today, so that they are settled.
    for (name, made) in [("follows from it", "2024-01-01"), ("settled", "2026-06-15")] {
        let stage = stage(1, made);
        stage.clock.set(at("2026-06-15"));
        let question = InvoiceQuestion::through(at("2026-06-15"));
        let list = || stage.store.invoices(stage.contract, &question, &PageRequest::default()).unwrap();
        let one = list().items[10].id;
        group.bench_function(BenchmarkId::new("read an invoice", name), |bencher| {
            bencher.iter(|| black_box(stage.store.invoice(one).unwrap()));
        });
        group.bench_function(BenchmarkId::new("list all of them", name), |bencher| {
            bencher.iter(|| black_box(list()));
        });
    }
    group.finish();
}

fn listing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("of a customer with contracts");
    for contracts in [1, MANY] {
        let stage = stage(contracts, "2024-01-01");
        let question = InvoiceQuestion::through(at("2024-06-15"));
        let page = PageRequest::first(10);
        group.bench_function(BenchmarkId::new("list ten invoices", contracts), |bencher| {
            bencher.iter(|| black_box(stage.store.invoices(stage.customer, &question, &page).unwrap()));
        });
        let first = stage.store.invoices(stage.customer, &question, &page).unwrap().items[0].id;
        group.bench_function(BenchmarkId::new("read an invoice", contracts), |bencher| {
            bencher.iter(|| black_box(stage.store.invoice(first).unwrap()));
        });
    }
    group.finish();
}

fn settling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("with invoices that are due");
    for (due, made) in [(0, "2023-12-31"), (24, "2025-01-02")] {
        let stage = stage(1, made);
        group.bench_function(BenchmarkId::new("make a contract", due), |bencher| {
            bencher.iter(|| {
                let make =
                    |tx: &Transaction<'_>| tx.create_contract(new_contract(stage.customer, stage.product));
                stage.store.dry_run(|tx| make(tx)).unwrap()
            });
        });
    }
    for (due, made) in [(0, "2025-01-02"), (24, "2023-12-31")] {
        let stage = stage(1, made);
        stage.clock.set(at("2025-01-02"));
        let edit =
            EditContract { update_contract_name: Some(Some("Enterprise".into())), ..Default::default() };
        group.bench_function(BenchmarkId::new("rename a contract", due), |bencher| {
            bencher
                .iter(|| stage.store.dry_run(|tx| tx.edit_contract(stage.contract, edit.clone())).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, reading, listing, settling);
criterion_main!(benches);
