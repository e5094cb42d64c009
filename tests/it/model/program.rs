//! The operations that programs consist of, on few instances, so that they meet.

use std::ops::Range;

use billfold::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::alerts::of_alerts;
use super::contracts::of_contracts;
use super::customers::{ACCOUNTS, texts};
use super::metrics::of_metrics;
use super::operation::{NewCustomer, Op, Pairs, Wanted};
use super::packages::of_packages;
use super::products::of_products;
use super::rate_cards::of_cards;
use super::state::counted;
use super::upserts::of_upserts;

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
pub const SHORT_VALUES: [&str; 10] = ["", "a", "ab", "a\0", "A", "\0", "a\0\u{ff}", "b", "\u{1F4B0}", "AB"];

pub const KINDS: [KeyKind; 3] = [KeyKind::Enforced, KeyKind::Indexed, KeyKind::Unindexed];

/// Values that meet each other often, and two at the limit.
pub fn all_values() -> impl Iterator<Item = String> {
    let at_the_limit = [200, 201].map(|length| "\u{1F4B0}".repeat(length));
    SHORT_VALUES.map(str::to_owned).into_iter().chain(at_the_limit)
}

pub fn adopted_ids() -> impl Iterator<Item = Uuid> + Clone {
    (1..=4).map(Uuid::from_u128)
}

pub fn adopted_targets() -> impl Iterator<Item = EntityRef> {
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
pub const NEXT: Range<u128> = 51..53;

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

fn entity() -> impl Strategy<Value = ManagedEntity> {
    select(&ENTITIES)
}

fn key() -> impl Strategy<Value = String> {
    // The last one is never added.
    prop_oneof![20 => select(&KEYS[..3]), 1 => Just(KEYS[3])].prop_map(str::to_owned)
}

pub fn rules() -> impl Strategy<Value = KeyRules> {
    let comparison = prop_oneof![2 => Just(Comparison::Exact), 1 => Just(Comparison::CaseFolded)];
    let archived = prop_oneof![1 => Just(ArchivedHolders::Hold), 1 => Just(ArchivedHolders::Release)];
    let kind = KeyKind::Enforced;
    (comparison, archived).prop_map(move |(comparison, archived)| KeyRules { kind, comparison, archived })
}

pub fn target() -> impl Strategy<Value = EntityRef> {
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

pub fn operation() -> BoxedStrategy<Op> {
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
