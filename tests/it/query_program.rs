//! Random instances and random conditions: what a query answers is what a look at every instance does.

use std::collections::BTreeMap;
use std::ops::Bound;

use billfold::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::support::every;

const ENTITIES: [ManagedEntity; 2] = [ManagedEntity::Customer, ManagedEntity::Contract];
const KEYS: [&str; 4] = ["account", "tier", "region", "handle"];
const VALUES: [&str; 15] = [
    "",
    "\0",
    "\0\0",
    "A",
    "AB",
    "a",
    "a\0",
    "a\0b",
    "a=b&c",
    "ab",
    "ab\u{ff}",
    "b",
    "\u{c9}",
    "\u{e9}",
    "\u{1F4B0}",
];

/// Unique and shared, exact and folded, held and let go.
fn rules(key: &str) -> KeyRules {
    let folded = |kind: KeyKind| KeyRules { comparison: Comparison::CaseFolded, ..kind.into() };
    match key {
        "account" => KeyKind::Enforced.into(),
        "tier" => KeyKind::Indexed.into(),
        "region" => folded(KeyKind::Indexed),
        _ => KeyRules { archived: ArchivedHolders::Release, ..folded(KeyKind::Enforced) },
    }
}

/// What a key makes of a text, of those that stand here.
fn compared(key: &str, text: &str) -> String {
    if rules(key).comparison == Comparison::CaseFolded { text.to_lowercase() } else { text.to_owned() }
}

/// A condition that the test can look into.
#[derive(Debug, Clone)]
enum Tree {
    Equals(&'static str, String),
    OneOf(&'static str, Vec<String>),
    Exists(&'static str),
    Absent(&'static str),
    Prefix(&'static str, String),
    Range(&'static str, Bound<String>, Bound<String>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
}

impl Tree {
    fn condition(&self) -> Condition {
        match self {
            Self::Equals(key, value) => Condition::equals(*key, value),
            Self::OneOf(key, values) => Condition::one_of(*key, values),
            Self::Exists(key) => Condition::exists(*key),
            Self::Absent(key) => Condition::absent(*key),
            Self::Prefix(key, text) => Condition::prefix(*key, text),
            Self::Range(key, from, to) => Condition::range(*key, (from.clone(), to.clone())),
            Self::All(parts) => Condition::all(parts.iter().map(Self::condition)),
            Self::Any(parts) => Condition::any(parts.iter().map(Self::condition)),
            Self::Not(part) => !part.condition(),
        }
    }

    fn admits(&self, values: &BTreeMap<String, String>) -> bool {
        let held = |key: &str| values.get(key).map(|value| compared(key, value));
        match self {
            Self::Equals(key, value) => held(key) == Some(compared(key, value)),
            Self::OneOf(key, some) => {
                held(key).is_some_and(|held| some.iter().any(|value| held == compared(key, value)))
            }
            Self::Exists(key) => values.contains_key(*key),
            Self::Absent(key) => !values.contains_key(*key),
            Self::Prefix(key, text) => held(key).is_some_and(|held| held.starts_with(&compared(key, text))),
            Self::Range(key, from, to) => held(key).is_some_and(|held| {
                let behind = match from {
                    Bound::Included(from) => held >= compared(key, from),
                    Bound::Excluded(from) => held > compared(key, from),
                    Bound::Unbounded => true,
                };
                let before = match to {
                    Bound::Included(to) => held <= compared(key, to),
                    Bound::Excluded(to) => held < compared(key, to),
                    Bound::Unbounded => true,
                };
                behind && before
            }),
            Self::All(parts) => parts.iter().all(|part| part.admits(values)),
            Self::Any(parts) => parts.iter().any(|part| part.admits(values)),
            Self::Not(part) => !part.admits(values),
        }
    }
}

fn key() -> impl Strategy<Value = &'static str> {
    select(KEYS.to_vec())
}

/// A value of those that are shared, or one that is an instance's own.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(VALUES.to_vec()).prop_map(str::to_owned), 1 => (0..400_u32).prop_map(own)]
}

fn own(number: u32) -> String {
    format!("a{number}")
}

fn bound() -> impl Strategy<Value = Bound<String>> {
    prop_oneof![value().prop_map(Bound::Included), value().prop_map(Bound::Excluded), Just(Bound::Unbounded)]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        3 => (key(), value()).prop_map(|(key, value)| Tree::Equals(key, value)),
        2 => (key(), vec(value(), 0..5)).prop_map(|(key, values)| Tree::OneOf(key, values)),
        1 => key().prop_map(Tree::Exists),
        1 => key().prop_map(Tree::Absent),
        2 => (key(), value()).prop_map(|(key, text)| Tree::Prefix(key, text)),
        2 => (key(), bound(), bound()).prop_map(|(key, from, to)| Tree::Range(key, from, to)),
    ];
    leaf.prop_recursive(4, 20, 4, |inside| {
        prop_oneof![
            vec(inside.clone(), 0..4).prop_map(Tree::All),
            vec(inside.clone(), 0..4).prop_map(Tree::Any),
            inside.prop_map(|inside| Tree::Not(inside.into())),
        ]
    })
}

/// What one instance is given: the entity, its values, and whether it is archived.
#[derive(Debug, Clone)]
struct Given {
    entity: ManagedEntity,
    number: u32,
    account: bool,
    handle: bool,
    tier: Option<&'static str>,
    region: Option<&'static str>,
    archived: bool,
}

fn given() -> impl Strategy<Value = Given> {
    let shared = || prop::option::weighted(0.8, select(VALUES.to_vec()));
    let which = (select(ENTITIES.to_vec()), 0..400_u32);
    let unique = (any::<bool>(), any::<bool>());
    (which, unique, shared(), shared(), prop::bool::weighted(0.2)).prop_map(
        |((entity, number), (account, handle), tier, region, archived)| Given {
            entity,
            number,
            account,
            handle,
            tier,
            region,
            archived,
        },
    )
}

fn provision(tx: &Transaction<'_>, all: &[Given]) -> billfold::Result<()> {
    for given in all {
        // In another order than their values.
        let id = Uuid::from_u128(u128::from(given.number.wrapping_mul(0x9E37_79B1)) << 90);
        let target = EntityRef { entity: given.entity, id };
        let mut values = BTreeMap::new();
        // The awkward values are unique as well.
        let account =
            VALUES.get(given.number as usize).map_or_else(|| own(given.number), |v| (*v).to_owned());
        values.extend(given.account.then_some(("account", account)));
        let handle = own(given.number);
        let handle = if given.number.is_multiple_of(2) { handle.to_uppercase() } else { handle };
        values.extend(given.handle.then_some(("handle", handle)));
        values.extend(given.tier.map(|tier| ("tier", tier.to_owned())));
        values.extend(given.region.map(|region| ("region", region.to_owned())));
        tx.adopt(target)?;
        tx.replace_values(target, values)?;
        if given.archived && !tx.is_archived(target)? {
            tx.archive(target)?;
        }
    }
    Ok(())
}

fn assert_answered_as_looked_through(from: &impl Reading, trees: &[Tree], limit: usize) {
    for entity in ENTITIES {
        let all = every(1_000, |page| from.entities(entity, page));
        let values = from.values_many(all.iter().map(|instance| instance.id)).unwrap();
        for (tree, archived) in trees.iter().zip(
            [ArchiveFilter::NotArchived, ArchiveFilter::All, ArchiveFilter::Archived].into_iter().cycle(),
        ) {
            let shown = |instance: &Instance<EntityRef>| match archived {
                ArchiveFilter::NotArchived => !instance.archived,
                ArchiveFilter::Archived => instance.archived,
                ArchiveFilter::All => true,
            };
            let looked_through = all.iter().zip(&values);
            let expected: Vec<_> = looked_through
                .filter(|(instance, values)| shown(instance) && tree.admits(values))
                .map(|(instance, _)| instance.id)
                .collect();
            let query = Query::new(entity, tree.condition()).showing(archived);
            for limit in [limit, 1_000] {
                assert_eq!(every(limit, |page| from.query(&query, page)), expected, "{tree:?}");
            }
            assert_eq!(from.count(&query).unwrap(), expected.len() as u64, "{tree:?}");
        }
        for key in KEYS {
            let mut held: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
            let releases = rules(key).archived == ArchivedHolders::Release;
            let holders = all.iter().zip(&values).filter(|(instance, _)| !(releases && instance.archived));
            for (instance, values) in holders {
                if let Some(value) = values.get(key) {
                    held.entry(compared(key, value)).or_default().push(instance.id.id);
                }
            }
            let counts: Vec<_> = held.iter().map(|(value, ids)| (value.clone(), ids.len() as u64)).collect();
            assert_eq!(every(limit, |page| from.distinct_values(entity, key, page)), counts);
            let shared = held.into_iter().filter(|(_, ids)| ids.len() > 1);
            assert_eq!(every(limit, |page| from.duplicates(entity, key, page)), shared.collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_query_answers_what_a_look_at_every_instance_does(
        first in vec(given(), 0..300),
        then in vec(given(), 0..40),
        trees in vec(tree(), 1..8),
        limit in 1..40_usize,
    ) {
        let store = Store::in_memory().unwrap();
        for entity in ENTITIES {
            for key in KEYS {
                store.add_key(entity, key, rules(key)).unwrap();
            }
        }
        store.write(|tx| provision(tx, &first)).unwrap();
        assert_answered_as_looked_through(&store, &trees, limit);
        let before = store.snapshot().unwrap();
        store
            .write(|tx| {
                provision(tx, &then)?;
                assert_answered_as_looked_through(tx, &trees, limit);
                Ok(())
            })
            .unwrap();
        assert_answered_as_looked_through(&store, &trees, limit);
        assert_answered_as_looked_through(&before, &trees, limit);
    }
}
