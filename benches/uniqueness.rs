//! Unique look-ups, by key and by ingest alias, and durable sets, at 10 thousand and at 1 million instances.
//!
//! `cargo bench` runs all of it; `cargo bench -- find` a part. The files go to the system's folder for temporary
//! files, or to `BILLFOLD_BENCH_DIR`: how long a durable set takes is for the most part how long the disk under
//! that folder takes to sync.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use billfold::prelude::*;
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use redb::{Database, ReadableTable as _, TableDefinition};
use tempfile::TempDir;
use uuid::Uuid;

const SIZES: [u64; 2] = [10_000, 1_000_000];
const CALLERS: [u64; 4] = [1, 4, 16, 64];
/// How many instances one transaction takes in.
const CHUNK: u64 = 50_000;

/// A store on disk with `n` customers: one value of an enforced key and three of others each.
struct Loaded {
    store: Store,
    n: u64,
    _folder: TempDir,
}

fn folder() -> TempDir {
    match std::env::var_os("BILLFOLD_BENCH_DIR") {
        Some(folder) => TempDir::new_in(folder).unwrap(),
        None => TempDir::new().unwrap(),
    }
}

/// The value of the enforced key: 21 characters, in no order.
fn account(n: u64) -> String {
    format!("acct_{:016x}", scattered(n))
}

/// A number for each number, in no order: the finaliser of splitmix64.
fn scattered(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn customer(n: u64) -> CustomerId {
    CustomerId::from(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + u128::from(n)))
}

fn load(n: u64, options: StoreOptions) -> Loaded {
    let folder = folder();
    let store =
        options.cache_bytes(1 << 30).adopt_unknown(true).open(folder.path().join("bench.redb")).unwrap();
    store
        .write(|tx| {
            tx.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
            for key in ["tier", "region", "owner"] {
                tx.add_key(ManagedEntity::Customer, key, KeyKind::Unindexed)?;
            }
            Ok(())
        })
        .unwrap();
    for start in (0..n).step_by(CHUNK as usize) {
        let values = |n: u64| {
            [
                ("x_account_id", account(n)),
                ("tier", "gold".to_owned()),
                ("region", "EU".to_owned()),
                ("owner", format!("owner {n}")),
            ]
        };
        store.set_many((start..(start + CHUNK).min(n)).map(|n| (customer(n), values(n)))).unwrap();
    }
    Loaded { store, n, _folder: folder }
}

/// Numbers of instances in no order, the same in every run.
fn walk(n: u64) -> impl FnMut() -> u64 {
    let mut step = 0;
    move || {
        step += 1;
        scattered(step) % n
    }
}

fn reads(criterion: &mut Criterion) {
    for n in SIZES {
        let Loaded { store, _folder, .. } = &load(n, StoreOptions::new());
        let mut group = criterion.benchmark_group("find");
        let mut next = walk(n);
        group.bench_function(BenchmarkId::new("hit", n), |bencher| {
            bencher.iter_batched(
                || account(next()),
                |value| black_box(store.find::<CustomerId>("x_account_id", &value).unwrap().unwrap()),
                criterion::BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("miss", n), |bencher| {
            bencher.iter_batched(
                || account(n + next()),
                |value| assert!(store.find::<CustomerId>("x_account_id", &value).unwrap().is_none()),
                criterion::BatchSize::SmallInput,
            );
        });
        let snapshot = store.snapshot().unwrap();
        group.bench_function(BenchmarkId::new("hit in a held snapshot", n), |bencher| {
            bencher.iter_batched(
                || account(next()),
                |value| black_box(snapshot.find::<CustomerId>("x_account_id", &value).unwrap().unwrap()),
                criterion::BatchSize::SmallInput,
            );
        });
        group.finish();
        criterion.benchmark_group("values").bench_function(
            BenchmarkId::new("of one instance", n),
            |bencher| {
                bencher.iter_batched(
                    || customer(next()),
                    |id| black_box(store.values(id).unwrap()),
                    criterion::BatchSize::SmallInput,
                );
            },
        );
    }
}

/// A look-up by ingest alias beside one by an enforced key, of the same texts and the same customers: one is to be
/// as fast as the other.
fn customers(criterion: &mut Criterion) {
    for n in SIZES {
        let folder = folder();
        let store = StoreOptions::new().cache_bytes(1 << 30).open(folder.path().join("bench.redb")).unwrap();
        store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced).unwrap();
        for start in (0..n).step_by(CHUNK as usize) {
            let fill = |tx: &Transaction<'_>| {
                (start..(start + CHUNK).min(n)).try_for_each(|n| {
                    let request = CreateCustomer {
                        name: format!("customer {n}"),
                        ingest_aliases: vec![account(n)],
                        custom_fields: [("x_account_id", account(n))].into(),
                        ..Default::default()
                    };
                    tx.create_customer(request).map(drop)
                })
            };
            store.write(fill).unwrap();
        }
        let mut group = criterion.benchmark_group("find_customer");
        let mut next = walk(n);
        group.bench_function(BenchmarkId::new("by alias", n), |bencher| {
            bencher.iter_batched(
                || account(next()),
                |alias| black_box(store.find_customer(&alias).unwrap().unwrap()),
                criterion::BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("by key, with find", n), |bencher| {
            bencher.iter_batched(
                || account(next()),
                |value| black_box(store.find::<CustomerId>("x_account_id", &value).unwrap().unwrap()),
                criterion::BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

fn sets(criterion: &mut Criterion) {
    for n in SIZES {
        let durable = load(n, StoreOptions::new());
        let mut group = criterion.benchmark_group("durable set of 3 fields");
        tune(&mut group);
        for callers in CALLERS {
            group.bench_function(BenchmarkId::new(format!("{callers} callers"), n), |bencher| {
                bencher.iter_custom(|sets| timed_sets(&durable, callers, sets));
            });
        }
        group.finish();
        drop(durable);
        let lazy = load(n, StoreOptions::new().durability(Durability::OnFlush));
        let mut group = criterion.benchmark_group("non-durable set of 3 fields");
        tune(&mut group);
        group.bench_function(BenchmarkId::new("1 callers", n), |bencher| {
            bencher.iter_custom(|sets| timed_sets(&lazy, 1, sets));
        });
        group.finish();
    }
}

/// What the engine underneath takes for the same rows, written by hand: one commit after another, with nothing
/// checked. A lone caller of the store is to be no slower than this, but for the work of checking.
fn plain_commits(criterion: &mut Criterion) {
    const FIELDS: TableDefinition<[u8; 16], &[u8]> = TableDefinition::new("fields");
    const JOURNAL: TableDefinition<u64, &[u8]> = TableDefinition::new("journal");
    // As long as the store's own rows of these instances.
    let (fields_row, journal_row) = ([7_u8; 64], [7_u8; 110]);
    for n in SIZES {
        let folder = folder();
        let db =
            Database::builder().set_cache_size(1 << 30).create(folder.path().join("plain.redb")).unwrap();
        let txn = db.begin_write().unwrap();
        {
            let mut fields = txn.open_table(FIELDS).unwrap();
            let mut journal = txn.open_table(JOURNAL).unwrap();
            for row in 0..n {
                fields.insert(customer(row).uuid().into_bytes(), fields_row.as_slice()).unwrap();
                journal.insert(row, journal_row.as_slice()).unwrap();
            }
        }
        txn.commit().unwrap();
        let mut sequence = n;
        let mut next = walk(n);
        let mut group = criterion.benchmark_group("durable commit of the same rows, by hand");
        tune(&mut group);
        group.bench_function(BenchmarkId::new("1 callers", n), |bencher| {
            bencher.iter(|| {
                let txn = db.begin_write().unwrap();
                {
                    let id = customer(next()).uuid().into_bytes();
                    let mut fields = txn.open_table(FIELDS).unwrap();
                    black_box(fields.get(id).unwrap().unwrap().value().len());
                    fields.insert(id, fields_row.as_slice()).unwrap();
                    txn.open_table(JOURNAL).unwrap().insert(sequence, journal_row.as_slice()).unwrap();
                }
                txn.commit().unwrap();
                sequence += 1;
            });
        });
        group.finish();
    }
}

fn tune(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.sampling_mode(SamplingMode::Flat).sample_size(20).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(1));
}

/// How long `sets` sets take, spread over so many threads.
fn timed_sets(loaded: &Loaded, callers: u64, sets: u64) -> Duration {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for caller in 0..callers {
            let mine = sets / callers + u64::from(caller < sets % callers);
            scope.spawn(move || {
                let mut next = walk(loaded.n);
                for set in 0..mine {
                    let values = [
                        ("tier", format!("tier {caller} {set}")),
                        ("region", format!("region {set}")),
                        ("owner", format!("owner {set}")),
                    ];
                    let id = customer((next() + caller * 7_919) % loaded.n);
                    loaded.store.set_values(id, values).unwrap();
                }
            });
        }
    });
    start.elapsed()
}

criterion_group!(benches, customers, reads, sets, plain_commits);
criterion_main!(benches);
