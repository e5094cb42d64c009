//! Random programs over unique values and ingest aliases, and all values of customers, against plain maps: with all of
//! them in memory, some or none.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use billfold::prelude::*;
use billfold::{LoadItem, NamesInMemory};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{customer, whole};

const KEYS: [&str; 2] = ["exact", "folded"];
const ENTITY: ManagedEntity = ManagedEntity::Customer;
const LONG: &str = "a value whose forty first character is: ";
const CUSTOMERS: u128 = 5;

/// Values and aliases. Two differ behind what is kept of a long one, and two only where letters are not folded.
fn texts() -> [String; 6] {
    [LONG.to_owned() + "a", LONG.to_owned() + "b", "acct".into(), "ACCT".into(), "0".into(), "1".into()]
}

fn rules(key: &str) -> KeyRules {
    let comparison = if key == "folded" { Comparison::CaseFolded } else { Comparison::Exact };
    KeyRules { comparison, ..KeyKind::Enforced.into() }
}

/// Who has which value of each key, as values are compared; no map where there is no such key. Aliases are the last.
#[derive(Debug, Clone, Default, PartialEq)]
struct Maps([Option<BTreeMap<String, u128>>; 3]);

const ALIASES: usize = 2;

fn compared(key: usize, value: &str) -> String {
    if key == 1 { value.to_lowercase() } else { value.to_owned() }
}

impl Maps {
    fn holder(&self, key: usize, text: &str) -> Option<Option<u128>> {
        self.0[key].as_ref().map(|map| map.get(&compared(key, text)).copied())
    }

    /// The values of a customer, as they are compared.
    fn values(&self, who: u128) -> BTreeMap<&'static str, String> {
        let of = |key: usize| self.0[key].iter().flatten().find(|(_, holder)| **holder == who);
        (0..ALIASES).filter_map(|key| of(key).map(|(value, _)| (KEYS[key], value.clone()))).collect()
    }

    /// Gives values of a key to customers, all at once; whether they can have them.
    fn give(&mut self, key: usize, values: &[(u128, &str)]) -> bool {
        let Some(map) = &mut self.0[key] else { return false };
        let mut after = map.clone();
        after.retain(|_, holder| values.iter().all(|(who, _)| who != holder));
        let given = values.iter().all(|(who, text)| after.insert(compared(key, text), *who).is_none());
        if given {
            *map = after;
        }
        given
    }
}

#[derive(Debug, Clone)]
enum Op {
    Set(usize, u128, usize),
    Swap(usize, u128, u128, usize, usize),
    Take(usize, u128, usize),
    Delete(usize, u128),
    RemoveKey(usize),
    AddKey(usize),
    MoveAlias(u128, usize),
    RemoveAlias(u128, usize),
}

#[derive(Debug, Clone)]
enum Step {
    One(Op),
    /// Several in a transaction, which ends in an error, is dry, or stands.
    Transaction(Vec<Op>, Option<bool>),
    Load(usize, Vec<(u128, usize)>),
    /// Asks so often that names are taken in.
    Ask,
    Keep,
    Compact,
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let (key, who, text) = (|| 0..2_usize, || 1..=CUSTOMERS, || 0..6_usize);
    prop_oneof![
        5 => (key(), who(), text()).prop_map(|(key, who, text)| Op::Set(key, who, text)),
        3 => (key(), who(), who(), text(), text()).prop_map(|(key, a, b, one, two)| Op::Swap(key, a, b, one, two)),
        2 => (key(), who(), text()).prop_map(|(key, who, text)| Op::Take(key, who, text)),
        2 => (key(), who()).prop_map(|(key, who)| Op::Delete(key, who)),
        1 => key().prop_map(Op::RemoveKey),
        2 => key().prop_map(Op::AddKey),
        2 => (who(), text()).prop_map(|(who, text)| Op::MoveAlias(who, text)),
        1 => (who(), text()).prop_map(|(who, text)| Op::RemoveAlias(who, text)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let ends = select(&[Some(true), Some(false), None]);
    prop_oneof![
        6 => op().prop_map(Step::One),
        4 => (prop::collection::vec(op(), 1..6), ends).prop_map(|(ops, end)| Step::Transaction(ops, end)),
        1 => (0..2_usize, prop::collection::vec((1..=CUSTOMERS, 0..6_usize), 1..4))
            .prop_map(|(key, items)| Step::Load(key, items)),
        2 => Just(Step::Ask),
        1 => Just(Step::Keep),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
    ]
}

/// Carries an operation out on a store and on the maps, which agree on whether it can be.
fn carry_out(on: &impl Writing, maps: &mut Maps, op: &Op) {
    let texts = texts();
    let found = match *op {
        Op::Set(key, who, text) => on.set_values(customer(who), [(KEYS[key], &texts[text])]).map(drop),
        Op::Swap(key, a, b, one, two) => {
            let changes =
                [(customer(a), [(KEYS[key], &texts[one])]), (customer(b), [(KEYS[key], &texts[two])])];
            on.set_many(changes).map(drop)
        }
        Op::Take(key, who, text) => on.take_value(customer(who), KEYS[key], &texts[text]).map(drop),
        Op::Delete(key, who) => on.delete_values(customer(who), [KEYS[key]]).map(drop),
        Op::RemoveKey(key) => on.remove_key(ENTITY, KEYS[key]),
        Op::AddKey(key) => on.add_key(ENTITY, KEYS[key], rules(KEYS[key])).map(drop),
        Op::MoveAlias(who, text) => on.move_ingest_alias(&texts[text], customer(who)),
        Op::RemoveAlias(who, text) => on.remove_ingest_alias(customer(who), &texts[text]),
    };
    assert_eq!(found.is_ok(), expect(maps, op), "{op:?}: {found:?}");
}

/// What an operation does to the maps; whether it can be carried out.
fn expect(maps: &mut Maps, op: &Op) -> bool {
    let texts = texts();
    match *op {
        Op::Set(key, who, text) => maps.give(key, &[(who, &texts[text])]),
        // The same instance may not come twice.
        Op::Swap(key, a, b, one, two) => a != b && maps.give(key, &[(a, &texts[one]), (b, &texts[two])]),
        Op::Take(key, who, text) => {
            if let Some(map) = &mut maps.0[key] {
                map.remove(&compared(key, &texts[text]));
            }
            maps.give(key, &[(who, &texts[text])])
        }
        Op::Delete(key, who) => {
            maps.0[key].as_mut().map(|map| map.retain(|_, holder| *holder != who)).is_some()
        }
        Op::RemoveKey(key) => maps.0[key].take().is_some(),
        Op::AddKey(key) => maps.0[key].is_none() && maps.0[key].insert(BTreeMap::new()).is_empty(),
        Op::MoveAlias(who, text) => {
            maps.0[ALIASES].get_or_insert_default().insert(texts[text].clone(), who);
            true
        }
        Op::RemoveAlias(who, text) => {
            maps.0[ALIASES]
                .get_or_insert_default()
                .retain(|alias, holder| (alias, *holder) != (&texts[text], who));
            true
        }
    }
}

/// Who has a value, or an alias; no answer where there is no such key.
fn asked(from: &impl Reading, key: usize, text: &str) -> Option<Option<u128>> {
    let number = |id: CustomerId| id.uuid().as_u128();
    if key == ALIASES {
        return Some(from.find_customer(text).unwrap().map(number));
    }
    match from.find::<CustomerId>(KEYS[key], text) {
        Ok(found) => Some(found.map(number)),
        Err(Error::Refused(_)) => None,
        Err(other) => panic!("{other:?}"),
    }
}

/// The values of a customer, as they are compared.
fn values(from: &impl Reading, who: u128) -> BTreeMap<&'static str, String> {
    let values = from.values(customer(who)).unwrap();
    let of = |key: usize| values.get(KEYS[key]).map(|value| (KEYS[key], compared(key, value)));
    (0..ALIASES).filter_map(of).collect()
}

fn compare(from: &impl Reading, maps: &Maps) {
    for who in 1..=CUSTOMERS {
        assert_eq!(values(from, who), maps.values(who), "values of {who}");
    }
    for text in texts() {
        for key in 0..3 {
            assert_eq!(asked(from, key, &text), maps.holder(key, &text), "{} of {text:?}", key);
        }
    }
    for (key, name) in KEYS.into_iter().enumerate().filter(|(key, _)| maps.0[*key].is_some()) {
        let found = from.find_many::<CustomerId>(name, texts()).unwrap();
        let found: Vec<_> = found.into_iter().map(|id| id.map(|id| id.uuid().as_u128())).collect();
        assert_eq!(found, texts().map(|text| maps.holder(key, &text).flatten()), "{name}");
    }
}

/// Carries a step out that needs nothing but the store; `told` is told what comes before it is.
fn run_step(store: &Store, maps: &mut Maps, step: &Step, told: impl Fn(&Maps)) {
    let mut after = maps.clone();
    match step {
        Step::One(op) => {
            expect(&mut after, op);
            told(&after);
            carry_out(store, maps, op);
        }
        Step::Transaction(ops, end) => {
            for op in ops {
                expect(&mut after, op);
            }
            if *end == Some(true) {
                told(&after);
            }
            let mut inside = maps.clone();
            let act = |tx: &Transaction<'_>| {
                ops.iter().for_each(|op| carry_out(tx, &mut inside, op));
                compare(tx, &inside);
                if end.is_none() { Err(Error::stop("the program says so")) } else { Ok(()) }
            };
            let came = if *end == Some(false) { store.dry_run(act) } else { store.write(act) };
            assert_eq!(came.is_ok(), end.is_some());
            if *end == Some(true) {
                *maps = after;
            }
        }
        Step::Load(key, items) => {
            let texts = texts();
            let given = items.iter().all(|(who, text)| after.give(*key, &[(*who, &texts[*text])]));
            if given {
                told(&after);
            }
            let fields = |text: usize| CustomFields::from([(KEYS[*key], texts[text].clone())]);
            let items = items.iter().map(|(who, text)| LoadItem::from((customer(*who), fields(*text))));
            assert_eq!(store.load(items).is_ok(), given);
            if given {
                *maps = after;
            }
        }
        Step::Ask => (0..4).for_each(|_| compare(store, maps)),
        Step::Compact => drop(store.compact()),
        Step::Keep | Step::Reopen => {}
    }
}

fn begin(store: &Store) -> Maps {
    for key in KEYS {
        store.add_key(ENTITY, key, rules(key)).unwrap();
    }
    for who in 1..=CUSTOMERS {
        store.load([LoadItem::from((customer(who), CreateCustomer::default()))]).unwrap();
    }
    Maps([Some(BTreeMap::new()), Some(BTreeMap::new()), Some(BTreeMap::new())])
}

fn options(names: NamesInMemory) -> StoreOptions {
    StoreOptions::new().adopt_unknown(true).durability(Durability::OnFlush).names_in_memory(names)
}

/// What the store held, in order: the last may not be committed yet. And how many of it surely are.
struct Log {
    maps: Mutex<Vec<Maps>>,
    sure: AtomicUsize,
}

/// Has the reader end, however the writer does.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Log {
    /// Asks; what is answered was so at a moment between the question and the answer.
    fn ask<T: PartialEq + Debug>(&self, question: impl FnOnce() -> T, answer_of: impl Fn(&Maps) -> T) {
        let sure = self.sure.load(Ordering::SeqCst);
        let answer = question();
        let maps = self.maps.lock().unwrap();
        let was: Vec<_> = maps[sure..].iter().map(answer_of).collect();
        assert!(was.contains(&answer), "it is {answer:?}, and was {was:?}");
    }
}

/// Asks all the time.
fn read_on(store: &Store, log: &Log, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        for text in texts() {
            for key in 0..3 {
                log.ask(|| asked(store, key, &text), |maps| maps.holder(key, &text));
            }
        }
        for who in 1..=CUSTOMERS {
            log.ask(|| values(store, who), |maps| maps.values(who));
        }
    }
}

fn names() -> impl Strategy<Value = NamesInMemory> {
    // Room for a few names, and for names without the values.
    let some = [1 << 10, 40 << 10].map(NamesInMemory::UpTo);
    select([&[NamesInMemory::default(); 3][..], &some, &[NamesInMemory::Off]].concat())
}

/// How many programs are run; `PROPTEST_CASES` says otherwise.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(60), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_view_finds_what_it_holds(names in names(), program in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let open = || options(names).open(folder.path().join("store")).unwrap();
        let mut store = open();
        let mut maps = begin(&store);
        let mut kept: Vec<(Snapshot, Maps)> = Vec::new();
        for step in &program {
            match step {
                Step::Keep => kept.push((store.snapshot().unwrap(), maps.clone())),
                Step::Compact => kept.clear(),
                Step::Reopen => {
                    kept.clear();
                    drop(store);
                    store = open();
                }
                _ => {}
            }
            run_step(&store, &mut maps, step, |_| ());
            compare(&store, &maps);
            compare(&store.snapshot().unwrap(), &maps);
            kept.iter().for_each(|(snapshot, maps)| compare(snapshot, maps));
        }
        whole(&store);
    }

    #[test]
    fn readers_beside_writers_find_what_is_held_meanwhile(
        names in names(),
        program in prop::collection::vec(step(), 1..60),
    ) {
        let store = options(names).in_memory().unwrap();
        let mut maps = begin(&store);
        let log = Log { maps: Mutex::new(vec![maps.clone()]), sure: AtomicUsize::new(0) };
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| read_on(&store, &log, &is_over));
            let _over = Over(&is_over);
            for step in &program {
                run_step(&store, &mut maps, step, |after| log.maps.lock().unwrap().push(after.clone()));
                log.sure.store(log.maps.lock().unwrap().len() - 1, Ordering::SeqCst);
                if reader.is_finished() {
                    break;
                }
            }
        });
        compare(&store, &maps);
    }
}
