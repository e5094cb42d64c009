//! Random programs: operations, transactions that end in every way, several callers at once, reopening, crashes, copies.

use std::cell::RefCell;
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use billfold::prelude::*;
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::alerts::first_alerts;
use super::compare::{compare, same};
use super::contracts::first_contracts;
use super::customers::{ACCOUNTS, texts};
use super::metrics::grouped;
use super::operation::{NewCustomer, Op, Pairs, carry_out};
use super::packages::first_package;
use super::products::first_products;
use super::program::{
    ENTITIES, KEYS, KINDS, NEXT, SHORT_VALUES, adopted_targets, operation, pairs, rules, target,
};
use super::rate_cards::card;
use super::rates::first_rates;
use super::state::Model;
use super::store_calls::{KEPT, Outcomes, run_load, run_once};
use crate::support::disk::Disk;
use crate::support::following::{assert_same, catch_up, follow_some, late_follower};
use crate::support::{panic_quietly, whole};

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Well,
    Error,
    Panic,
    /// A rehearsal that gives its outcome.
    Dry,
}

#[derive(Debug, Clone)]
enum Step {
    One(Box<Op>),
    Transaction(Vec<Op>, End),
    /// Several callers, each on a thread of its own.
    Together(Vec<(Vec<Op>, End)>),
    /// Values of instances, put in as one.
    Load(Vec<(EntityRef, Pairs)>),
    /// A transaction with a key and a request, which may fail.
    Once([u8; 2], Vec<Op>, bool),
    Reopen,
    /// The power goes, where it can.
    Crash,
    Flush,
    Compact,
    /// All indexes are made anew.
    Rebuild,
    /// A copy is written, and compared.
    Copy,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Well), 1 => Just(End::Error), 1 => Just(End::Panic), 1 => Just(End::Dry)]
}

fn step() -> BoxedStrategy<Step> {
    prop_oneof![
        12 => operation().prop_map(|op| Step::One(Box::new(op))),
        4 => (vec(operation(), 0..6), end()).prop_map(|(ops, end)| Step::Transaction(ops, end)),
        2 => vec((vec(operation(), 1..4), end()), 2..6).prop_map(Step::Together),
        1 => vec((target(), pairs()), 0..5).prop_map(Step::Load),
        2 => ([0..2_u8, 0..2], vec(operation(), 0..4), weighted(0.2))
            .prop_map(|(once, ops, fails)| Step::Once(once, ops, fails)),
        1 => select(vec![Step::Reopen, Step::Crash, Step::Flush, Step::Compact, Step::Rebuild, Step::Copy]),
    ]
    .boxed()
}

/// A program begins with some keys and values, so that most of what follows is not refused.
fn program() -> impl Strategy<Value = Vec<Step>> {
    let keys = ENTITIES.len() * KINDS.len();
    (vec(rules(), keys), vec(step(), 1..16))
        .prop_map(|(rules, steps)| [vec![Step::Transaction(start(&rules), End::Well)], steps].concat())
}

/// The start of a program: three keys for each entity, with these rules but the kinds.
fn start(rules: &[KeyRules]) -> Vec<Op> {
    let keys = ENTITIES.into_iter().flat_map(move |entity| {
        KEYS.into_iter().zip(KINDS).map(move |(key, kind)| (entity, key.to_owned(), kind))
    });
    let keys = keys
        .zip(rules)
        .map(|((entity, key, kind), rules)| Op::AddKey(entity, key, KeyRules { kind, ..*rules }));
    let adoptions = adopted_targets().filter(|target| target.id.as_u128() < 4).map(Op::Adopt);
    // Unique values differ, and of the others the first two instances share one.
    let values = adopted_targets().zip([(1, 1), (2, 1), (3, 2), (5, 5)].into_iter().cycle());
    let values = values.map(|(target, (unique, listed))| {
        let pair = |key: usize, value: usize| (KEYS[key].to_owned(), SHORT_VALUES[value].to_owned());
        Op::Set(target, vec![pair(0, unique), pair(1, listed)])
    });
    let made = texts().into_iter().skip(1).take(3).map(|alias| {
        let aliases = vec![alias.to_owned()];
        let account = Some(ACCOUNTS[0].to_owned());
        Op::CreateCustomer(NewCustomer { name: "name".to_owned(), aliases, account, values: Vec::new() })
    });
    let metrics = [grouped(), grouped()].map(|new| Op::CreateMetric(new, Vec::new()));
    let products = first_products().map(|new| Op::CreateProduct(new, Vec::new()));
    let cards = [card(true), card(false)].map(|new| Op::CreateCard(new, Vec::new()));
    let catalog = metrics
        .into_iter()
        .chain(products)
        .chain(cards)
        .chain(first_rates().map(|(card, rate)| Op::AddRate(card, rate)));
    let contracts = first_contracts().map(|new| Op::CreateContract(Box::new(new)));
    let package = Op::CreatePackage(first_package());
    let alerts = first_alerts().map(|new| Op::CreateAlert(Box::new(new)));
    let start = keys.chain(adoptions).chain(values).chain(made).chain(catalog).chain(contracts);
    start.chain([package]).chain(alerts).collect()
}

/// How a transaction answers: the error it stopped with is no failure of the test.
fn run_transaction(store: &Store, model: &Mutex<Model>, ops: &[Op], end: End) {
    let act = |tx: &Transaction<'_>| {
        // Closures run one at a time, in the order of their commit: so the model can move along with them.
        let mut shared = model.try_lock().expect("two transactions of a store ran at once");
        let mut own = shared.clone();
        for op in ops {
            run_one(tx, &mut own, op);
        }
        compare(tx, &own);
        match end {
            End::Well => *shared = own,
            End::Dry => {}
            End::Error => return Err(Error::stop("the program says so")),
            End::Panic => {
                drop(shared);
                panic_quietly()
            }
        }
        Ok(())
    };
    match end {
        End::Well => store.write(act).unwrap(),
        End::Dry => store.dry_run(act).unwrap(),
        End::Error => assert!(matches!(store.write(act), Err(Error::Stopped(_)))),
        End::Panic => crate::support::panics(|| store.write(act)),
    }
}

/// Runs an operation on both; whether it was carried out.
pub fn run_one(on: &(impl Writing + Reading), model: &mut Model, op: &Op) -> bool {
    let op = &model.resolved(op);
    let revision = match op {
        Op::SetIf(target, ..) => model.instances.get(target).map_or(0, |held| held.revision),
        _ => 0,
    };
    let before = model.clone();
    let expected = model.carry_out(op);
    let carried_out = expected.is_ok();
    same(carry_out(op, revision, on), expected);
    if carried_out && keeps_what_was(op) {
        model.follow_revisions(on, &before);
    }
    carried_out
}

/// Whether it may keep what was, besides what it changes: invoices that were due, last of all it does to a contract,
/// or rates that it replaces.
fn keeps_what_was(op: &Op) -> bool {
    matches!(
        op,
        Op::CreateContract(_)
            | Op::EditContract(..)
            | Op::SetEnd(..)
            | Op::SetFilter(..)
            | Op::CreateBalance(_)
            | Op::Archive(_)
            | Op::Forget(_)
            | Op::AddRate(..)
            | Op::AddRates(..)
    )
}

fn run_together(store: &Store, model: &Mutex<Model>, callers: &[(Vec<Op>, End)]) {
    let start = Barrier::new(callers.len());
    std::thread::scope(|scope| {
        for (ops, end) in callers {
            scope.spawn(|| {
                start.wait();
                run_transaction(store, model, ops, *end);
            });
        }
    });
}

/// Writes a copy of the store, and looks whether it is one.
fn run_copy(store: &Store, clock: &SetClock, model: &Model) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    store.backup(&path).unwrap();
    let copy = StoreOptions::new().clock_from(clock).open_read_only(path).unwrap();
    compare(&copy, model);
    whole(&copy);
}

/// Runs it on the store that `open` opens, and opens again when the power is gone, which `crash` takes it the store for.
fn run_program(
    open: impl Fn(&SetClock) -> Store,
    crash: impl Fn(Store),
    adopts_unknown: bool,
    keeps_journal: bool,
    program: Vec<Step>,
) {
    let clock = SetClock::default();
    let mut now: Time = "2025-01-01T00:00:00Z".parse().unwrap();
    clock.set(now);
    let mut store = open(&clock);
    let copy = Store::in_memory().unwrap();
    let model = Mutex::new(Model { adopts_unknown, keeps_journal, ..Model::default() });
    let mut outcomes = Outcomes::new();
    for (place, step) in program.into_iter().enumerate() {
        now = now.after(Duration::from_secs(3_600));
        clock.set(now);
        model.lock().unwrap().time = Some(now);
        let (view, before) = (store.snapshot().unwrap(), model.lock().unwrap().clone());
        match step {
            Step::One(op) => {
                let mut model = model.lock().unwrap();
                // A call of its own that is refused is taken back whole.
                let issued = model.issued;
                if !run_one(&store, &mut model, &op) {
                    model.issued = issued;
                }
            }
            Step::Transaction(ops, end) => run_transaction(&store, &model, &ops, end),
            Step::Together(callers) => run_together(&store, &model, &callers),
            Step::Load(items) => run_load(&store, &mut model.lock().unwrap(), &items),
            Step::Once(once, ops, fails) => run_once(&store, &model, &mut outcomes, once, &ops, fails),
            Step::Flush => store.flush().unwrap(),
            // Nothing to give back is no fault.
            Step::Compact => {
                drop(view);
                let mut model = model.lock().unwrap();
                assert_eq!(store.compact().unwrap().values_removed, model.clear());
                compare(&store, &model);
                whole(&store);
                continue;
            }
            Step::Rebuild => {
                let rebuilt = store.rebuild_indexes().unwrap();
                assert_eq!((rebuilt.restored, rebuilt.removed, rebuilt.problems), (0, 0, Vec::new()));
            }
            Step::Copy => run_copy(&store, &clock, &before),
            Step::Reopen | Step::Crash => {
                drop(view);
                if matches!(step, Step::Crash) {
                    store.flush().unwrap();
                    crash(store);
                } else {
                    drop(store);
                }
                store = open(&clock);
                model.lock().unwrap().reopen();
                compare(&store, &before);
                continue;
            }
        }
        compare(&view, &before);
        compare(&store, &model.lock().unwrap());
        whole(&store);
        // It lags behind, so that some of what it has is forgotten before it hears more of it.
        if keeps_journal {
            follow_some(&copy, &store, 5);
        }
        let issued = model.lock().unwrap().issued;
        assert!(place > 0 || issued + 1 == NEXT.start, "{issued} ids were issued at the start");
    }
    if keeps_journal {
        catch_up(&copy, &store, 100);
        assert_same(&copy, &store);
        assert_same(&late_follower(&store), &store);
    }
    #[cfg(feature = "wire")]
    crate::support::moved::comes_out_again(&store);
    store.close().unwrap();
    compare(&open(&clock), &model.lock().unwrap());
}

fn options(
    adopts_unknown: bool,
    keeps_journal: bool,
    durability: Durability,
    names: NamesInMemory,
    clock: &SetClock,
) -> StoreOptions {
    StoreOptions::new()
        .clock_from(clock)
        .adopt_unknown(adopts_unknown)
        .keep_journal(keeps_journal)
        .keep_outcomes(KEPT)
        .durability(durability)
        .names_in_memory(names)
        .cache_bytes(1 << 20)
        .id_source(IdSource::Counted)
}

fn durability() -> impl Strategy<Value = Durability> {
    select(&[Durability::EveryCommit, Durability::OnFlush])
}

/// All names in memory, some of them, or none. What is compared after a store was opened again asks often enough for
/// them to be taken in meanwhile.
fn names_in_memory() -> impl Strategy<Value = NamesInMemory> {
    select(vec![
        NamesInMemory::default(),
        NamesInMemory::UpTo(12 << 10),
        NamesInMemory::UpTo(2 << 10),
        NamesInMemory::Off,
    ])
}

/// How many programs are run: few on every run of the tests, as many as `PROPTEST_CASES` says otherwise.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(20), max_shrink_iters: 2_000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_store_in_a_backend_does_what_the_model_does(
        adopts in any::<bool>(),
        journal in any::<bool>(),
        durability in durability(),
        names in names_in_memory(),
        program in program(),
    ) {
        let disk = RefCell::new(Disk::that_can_lose_power());
        let open = |clock: &SetClock| {
            let disk = disk.borrow().clone();
            options(adopts, journal, durability, names, clock).on_backend(disk).unwrap()
        };
        let crash = |store| {
            let left = disk.borrow().after_power_loss();
            drop(store);
            *disk.borrow_mut() = left;
        };
        run_program(open, crash, adopts, journal, program);
    }

    #[test]
    fn a_store_in_a_file_does_what_the_model_does(
        adopts in any::<bool>(),
        durability in durability(),
        names in names_in_memory(),
        program in program(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let open = |clock: &SetClock| {
            options(adopts, true, durability, names, clock).open(folder.path().join("store")).unwrap()
        };
        run_program(open, drop, adopts, true, program);
    }
}
