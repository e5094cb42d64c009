//! Random programs: operations, transactions that end in every way, several callers at once, reopening.

use std::ops::Range;
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use billfold::prelude::*;
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::alerts::{first_alerts, of_alerts};
use super::compare::{compare, same};
use super::contracts::{first_contracts, of_contracts};
use super::customers::{ACCOUNTS, texts};
use super::metrics::{grouped, of_metrics};
use super::operation::{NewCustomer, Op, Pairs, Wanted, carry_out};
use super::packages::{first_package, of_packages};
use super::products::{first_products, of_products};
use super::rate_cards::{card, of_cards};
use super::rates::first_rates;
use super::state::{Model, counted};
use super::store_calls::{KEPT, Outcomes, run_load, run_once};
use super::upserts::of_upserts;
use crate::support::disk::Disk;
use crate::support::following::{assert_same, catch_up, follow_some, late_follower};
use crate::support::{panic_quietly, whole};

/// The entities that have keys.
pub const ENTITIES: [ManagedEntity; 6] = [
    ManagedEntity::Customer,
    ManagedEntity::ContractProduct,
    ManagedEntity::BillableMetric,
    ManagedEntity::RateCard,
    ManagedEntity::Contract,
    ManagedEntity::Commit,
];
pub const KEYS: [&str; 4] = ["id", "__proto__", "slot", "never added"];
const SHORT_VALUES: [&str; 10] = ["", "a", "ab", "a\0", "A", "\0", "a\0\u{ff}", "b", "\u{1F4B0}", "AB"];

const KINDS: [KeyKind; 3] = [KeyKind::Enforced, KeyKind::Indexed, KeyKind::Unindexed];

/// Values that meet each other often, and two at the limit.
pub fn all_values() -> impl Iterator<Item = String> {
    let at_the_limit = [200, 201].map(|length| "\u{1F4B0}".repeat(length));
    SHORT_VALUES.map(str::to_owned).into_iter().chain(at_the_limit)
}

pub fn adopted_ids() -> impl Iterator<Item = Uuid> + Clone {
    (1..=4).map(Uuid::from_u128)
}

fn adopted_targets() -> impl Iterator<Item = EntityRef> {
    let entities = ENTITIES.into_iter().take(2);
    entities.flat_map(|entity| adopted_ids().map(move |id| (entity, id).into()))
}

// The numbers of the ids that a program's start issues, behind those of the eighteen keys.
const CUSTOMERS: Range<u128> = 19..22;
pub const METRICS: Range<u128> = 22..24;
pub const PRODUCTS: Range<u128> = 24..28;
pub const CARDS: Range<u128> = 28..30;
/// The first contract and, behind its parts and their dates, the second one.
const CONTRACTS: [u128; 2] = [30, 40];
const COMMIT: u128 = 31;
pub const ALERTS: Range<u128> = 48..51;
/// The first numbers behind the package and the alerts: whatever a program makes next has them, or takes in before.
const NEXT: Range<u128> = 51..53;

/// The ids of those numbers, and the next ones that are issued.
pub fn ids_of(made: Range<u128>) -> impl Iterator<Item = Uuid> + Clone {
    made.chain(NEXT).map(counted)
}

/// Mostly one of those that a program begins with, and now and then any.
pub fn mostly<T: Clone + std::fmt::Debug + 'static>(
    first: impl Iterator<Item = T>,
    any: impl Iterator<Item = T>,
) -> BoxedStrategy<T> {
    prop_oneof![6 => select(first.collect::<Vec<_>>()), 1 => select(any.collect::<Vec<_>>())].boxed()
}

/// The customers that programs name: one that is taken in at the start, and ids that the store issues itself, or
/// that are taken in before it does.
pub fn customers() -> impl Iterator<Item = CustomerId> {
    adopted_ids().take(1).chain(ids_of(CUSTOMERS)).map(CustomerId::from)
}

pub fn all_targets() -> impl Iterator<Item = EntityRef> {
    let made = ENTITIES.into_iter().zip([CUSTOMERS, PRODUCTS, METRICS, CARDS, 0..0, COMMIT..COMMIT + 1]);
    let made = made.flat_map(|(entity, made)| ids_of(made).map(move |id| (entity, id).into()));
    let contracts = CONTRACTS.into_iter().map(|made| (ManagedEntity::Contract, counted(made)).into());
    adopted_targets().chain(made).chain(contracts)
}

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
    Flush,
}

fn entity() -> impl Strategy<Value = ManagedEntity> {
    select(&ENTITIES)
}

fn key() -> impl Strategy<Value = String> {
    // The last one is never added.
    prop_oneof![20 => select(&KEYS[..3]), 1 => Just(KEYS[3])].prop_map(str::to_owned)
}

fn rules() -> impl Strategy<Value = KeyRules> {
    let comparison = prop_oneof![2 => Just(Comparison::Exact), 1 => Just(Comparison::CaseFolded)];
    let archived = prop_oneof![1 => Just(ArchivedHolders::Hold), 1 => Just(ArchivedHolders::Release)];
    let kind = KeyKind::Enforced;
    (comparison, archived).prop_map(move |(comparison, archived)| KeyRules { kind, comparison, archived })
}

fn target() -> impl Strategy<Value = EntityRef> {
    let package = EntityRef::from((ManagedEntity::PackageCommit, Uuid::from_u128(1)));
    prop_oneof![40 => select(all_targets().collect::<Vec<_>>()), 1 => Just(package)]
}

fn value() -> impl Strategy<Value = String> {
    let values: Vec<_> = all_values().collect();
    let (too_long, others) = values.split_last().unwrap();
    prop_oneof![20 => select(others.to_vec()), 1 => Just(too_long.clone())]
}

pub fn pairs() -> impl Strategy<Value = Pairs> {
    vec((key(), value()), 0..3)
}

/// A key that is enforced at first, mostly, and a value that meets others often.
pub fn unique_pair() -> impl Strategy<Value = (String, String)> {
    let key = prop_oneof![6 => Just(KEYS[0].to_owned()), 1 => key()];
    (key, value())
}

/// Several instances of one entity that are to have few values of a unique key: exchanges and conflicts.
fn contest() -> impl Strategy<Value = Op> {
    let instance = (1..=4_u128, select(&SHORT_VALUES[1..5]));
    (select(&ENTITIES[..2]), vec(instance, 2..4)).prop_map(|(entity, changes)| {
        let pairs = |value: &str| vec![(KEYS[0].to_owned(), value.to_owned())];
        let change = |(id, value)| ((entity, Uuid::from_u128(id)).into(), pairs(value));
        Op::SetMany(changes.into_iter().map(change).collect())
    })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        2 => Just(Wanted::RevisionOff(0)),
        1 => Just(Wanted::RevisionOff(1)),
        2 => key().prop_map(Wanted::Absent),
        2 => (key(), value()).prop_map(|(key, value)| Wanted::Holds(key, value)),
    ]
}

pub fn new_customer() -> BoxedStrategy<NewCustomer> {
    let aliases = prop_oneof![6 => vec(select(texts()[1..4].to_vec()), 0..3), 1 => vec(alias(), 0..4)];
    let account = proptest::option::of(select(&ACCOUNTS)).prop_map(|account| account.map(str::to_owned));
    (name(), aliases, account, pairs())
        .prop_map(|(name, aliases, account, values)| NewCustomer { name, aliases, account, values })
        .boxed()
}

/// Names of things whose names have no rule of their own.
pub fn short_name() -> impl Strategy<Value = String> {
    select(&["", "name", "\u{1F4B0}"]).prop_map(str::to_owned)
}

fn name() -> impl Strategy<Value = String> {
    select(&["", "name", "\u{1F4B0}"]).prop_flat_map(|name| select(vec![name.to_owned(), name.repeat(161)]))
}

fn alias() -> impl Strategy<Value = String> {
    select(texts())
}

fn config() -> impl Strategy<Value = UpdateCustomerConfig> {
    let account = prop_oneof![
        10 => select(&ACCOUNTS).prop_map(|account| Some(account.to_owned())),
        4 => Just(None),
        1 => Just(Some("\u{1F4B0}".repeat(201))),
    ];
    let leave = proptest::option::of(proptest::option::of(any::<bool>()));
    (proptest::option::of(account), leave).prop_map(
        |(salesforce_account_id, leave_stripe_invoices_in_draft)| UpdateCustomerConfig {
            salesforce_account_id,
            leave_stripe_invoices_in_draft,
        },
    )
}

/// What happens to customers besides what happens to any instance.
fn of_customers() -> BoxedStrategy<Op> {
    let id = || select(customers().collect::<Vec<_>>());
    prop_oneof![
        6 => new_customer().prop_map(Op::CreateCustomer),
        1 => (id(), name()).prop_map(|(id, name)| Op::SetName(id, name)),
        3 => (id(), vec(alias(), 0..4)).prop_map(|(id, aliases)| Op::SetAliases(id, aliases)),
        4 => (id(), alias()).prop_map(|(id, alias)| Op::AddAlias(id, alias)),
        3 => (id(), alias()).prop_map(|(id, alias)| Op::RemoveAlias(id, alias)),
        5 => (id(), alias()).prop_map(|(id, alias)| Op::MoveAlias(alias, id)),
        3 => (id(), config()).prop_map(|(id, update)| Op::UpdateConfig(id, update)),
        4 => id().prop_flat_map(|id| instance_ops(id.into())),
    ]
    .boxed()
}

/// What ends an instance's life, or begins it.
pub fn instance_ops(target: EntityRef) -> impl Strategy<Value = Op> {
    prop_oneof![2 => Just(Op::Archive(target)), 1 => Just(Op::Forget(target)), 1 => Just(Op::Adopt(target))]
}

fn operation() -> BoxedStrategy<Op> {
    prop_oneof![
        6 => of_any_instance(),
        3 => of_customers(),
        2 => of_upserts(),
        1 => of_metrics(),
        3 => of_products(),
        4 => of_cards(),
        7 => of_contracts(),
        2 => of_packages(),
        2 => of_alerts(),
    ]
    .boxed()
}

fn of_any_instance() -> BoxedStrategy<Op> {
    let kind = select(&KINDS);
    let new_key = prop_oneof![10 => select(&KEYS[..3]), 1 => Just(""), 1 => Just("a\ttab")];
    prop_oneof![
        4 => (entity(), new_key, kind, rules()).prop_map(|(entity, key, kind, rules)| {
            Op::AddKey(entity, key.to_owned(), KeyRules { kind, ..rules })
        }),
        1 => (entity(), key()).prop_map(|(entity, key)| Op::RemoveKey(entity, key)),
        2 => (entity(), key()).prop_map(|(entity, key)| Op::Enforce(entity, key)),
        2 => (entity(), key()).prop_map(|(entity, key)| Op::Relax(entity, key)),
        6 => target().prop_map(Op::Adopt),
        1 => target().prop_map(Op::Archive),
        1 => target().prop_map(Op::Forget),
        8 => (target(), pairs()).prop_map(|(target, pairs)| Op::Set(target, pairs)),
        3 => (target(), pairs(), vec(wanted(), 0..3)).prop_map(|(target, pairs, wanted)| Op::SetIf(target, pairs, wanted)),
        3 => vec((target(), pairs()), 0..4).prop_map(Op::SetMany),
        5 => contest(),
        3 => (target(), pairs()).prop_map(|(target, pairs)| Op::Replace(target, pairs)),
        6 => (target(), key(), value()).prop_map(|(target, key, value)| Op::Take(target, key, value)),
        3 => (target(), vec(key(), 0..3)).prop_map(|(target, keys)| Op::Delete(target, keys)),
    ]
    .boxed()
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
        1 => Just(Step::Reopen),
        1 => Just(Step::Flush),
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

fn run_program(
    open: impl Fn(&SetClock) -> Store,
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
            Step::Reopen => {
                drop(view);
                drop(store);
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
        let disk = Disk::default();
        let open = |clock: &SetClock| options(adopts, journal, durability, names, clock).on_backend(disk.clone()).unwrap();
        run_program(open, adopts, journal, program);
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
        run_program(open, adopts, true, program);
    }
}
