//! The history of instances, values and keys, and values as they were.

use std::collections::BTreeMap;
use std::time::Duration;

use billfold::prelude::*;
use proptest::prelude::*;

use crate::support::disk::Disk;
use crate::support::{customer, every, fault, faults, store_with_keys};

const CUSTOMER: ManagedEntity = ManagedEntity::Customer;

fn map<const N: usize>(values: [(&str, &str); N]) -> BTreeMap<String, String> {
    values.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn value(key: &str, old: Option<&str>, new: Option<&str>) -> ChangedValue {
    ChangedValue { key: key.into(), old: old.map(Into::into), new: new.map(Into::into) }
}

fn whats(changes: Vec<Change>) -> Vec<ChangeKind> {
    changes.into_iter().map(|change| change.what).collect()
}

/// Changes of a key, without the ids that it had.
fn kinds(changes: Vec<Change>) -> Vec<ChangeKind> {
    let without_id = |change: Change| match change.what {
        ChangeKind::KeyAdded { rules, .. } => added(rules.kind),
        other => other,
    };
    changes.into_iter().map(without_id).collect()
}

fn added(kind: KeyKind) -> ChangeKind {
    ChangeKind::KeyAdded { rules: kind.into(), id: uuid::Uuid::nil(), added_at: Time::UNIX_EPOCH }
}

fn at(hour: u64) -> Time {
    Time::UNIX_EPOCH.after(Duration::from_secs(hour * 3_600))
}

fn trimmed(asked: impl Into<Moment>, kept_from: u64) -> Fault {
    Fault::HistoryTrimmed { asked: asked.into(), kept_from }
}

#[test]
fn a_history_tells_who_changed_what_when_and_why_newest_first() {
    let clock = SetClock::default();
    clock.set(at(1));
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    store.add_key(CUSTOMER, "tier", KeyKind::Indexed).unwrap();
    store.add_key(CUSTOMER, "region", KeyKind::Unindexed).unwrap();
    store.adopt(customer(1)).unwrap();
    store.adopt(customer(2)).unwrap();
    clock.set(at(2));
    let merger = About { actor: Some("ops".into()), reason: Some("merger".into()) };
    let set = |tx: &Transaction<'_>| tx.set_values(customer(1), [("tier", "gold"), ("region", "EU")]);
    store.write_as(merger.clone(), set).unwrap();
    clock.set(at(3));
    store.delete_values(customer(1), ["region"]).unwrap();
    store.archive(customer(1)).unwrap();
    let told =
        |sequence, hour, about: &About, before, what| (sequence, at(hour), about.clone(), before, what);
    let nobody = About::default();
    let expected = [
        told(7, 3, &nobody, 6, ChangeKind::Archived { archived_at: at(3) }),
        told(6, 3, &nobody, 5, ChangeKind::Values(vec![value("region", Some("EU"), None)])),
        told(
            5,
            2,
            &merger,
            3,
            ChangeKind::Values(vec![value("tier", None, Some("gold")), value("region", None, Some("EU"))]),
        ),
        told(3, 1, &nobody, 0, ChangeKind::Adopted),
    ];
    for limit in [1, 2, 3, 4, 5] {
        let history = every(limit, |page| store.history(customer(1), page));
        let itself = ChangeSubject::Instance(customer(1).into());
        assert!(history.iter().all(|change| change.subject == itself));
        let told = history
            .into_iter()
            .map(|Change { sequence, at, about, before, what, .. }| (sequence, at, about, before, what));
        assert_eq!(told.collect::<Vec<_>>(), expected, "{limit} a page");
    }
}

#[test]
fn a_keys_history_goes_on_through_its_removal_and_its_being_added_again() {
    let store = store_with_keys([("tier", KeyKind::Indexed), ("slot", KeyKind::Indexed)]);
    store.enforce_uniqueness(CUSTOMER, "tier").unwrap();
    store.relax_uniqueness(CUSTOMER, "tier").unwrap();
    store.remove_key(CUSTOMER, "slot").unwrap();
    store.remove_key(CUSTOMER, "tier").unwrap();
    store.add_key(ManagedEntity::Contract, "tier", KeyKind::Enforced).unwrap();
    store.add_key(CUSTOMER, "tier", KeyKind::Unindexed).unwrap();
    let changed = |from, to| ChangeKind::KeyKind { from, to };
    let expected = [
        added(KeyKind::Unindexed),
        ChangeKind::KeyRemoved,
        changed(KeyKind::Enforced, KeyKind::Indexed),
        changed(KeyKind::Indexed, KeyKind::Enforced),
        added(KeyKind::Indexed),
    ];
    for limit in 1..=6 {
        let history = every(limit, |page| store.history_of_key(CUSTOMER, "tier", page));
        assert!(history.is_sorted_by(|newer, older| newer.sequence > older.sequence));
        let tier = ChangeSubject::Key { entity: CUSTOMER, key: "tier".into() };
        assert!(history.iter().all(|change| change.subject == tier));
        assert_eq!(kinds(history), expected, "{limit} a page");
    }
}

#[test]
fn a_values_history_has_its_key_alone_and_not_that_it_left_with_it() {
    let store = store_with_keys([("tier", KeyKind::Indexed), ("slot", KeyKind::Indexed)]);
    store.set_values(customer(1), [("tier", "gold"), ("slot", "left")]).unwrap();
    store.set_values(customer(1), [("slot", "right")]).unwrap();
    store.set_values(customer(1), [("tier", "iron")]).unwrap();
    store.remove_key(CUSTOMER, "tier").unwrap();
    store.set_values(customer(1), [("slot", "left")]).unwrap();
    store.add_key(CUSTOMER, "tier", KeyKind::Indexed).unwrap();
    store.set_values(customer(1), [("tier", "zinc")]).unwrap();
    let expected = [
        value("tier", None, Some("zinc")),
        value("tier", Some("gold"), Some("iron")),
        value("tier", None, Some("gold")),
    ];
    for limit in 1..=4 {
        let history = every(limit, |page| store.history_of_value(customer(1), "tier", page));
        assert_eq!(whats(history), expected.clone().map(|value| ChangeKind::Values(vec![value])));
    }
    let all = whats(store.history(customer(1), &PageRequest::default()).unwrap().items);
    let left = value("slot", Some("right"), Some("left"));
    assert_eq!(all[1], ChangeKind::Values(vec![left]), "the removed key's value left with it, unseen");
}

#[test]
fn values_as_of_a_change_are_those_it_left_also_for_keys_that_were_removed_since() {
    let store = store_with_keys([("tier", KeyKind::Indexed), ("slot", KeyKind::Enforced)]);
    let first = store.set_values(customer(1), [("tier", "gold"), ("slot", "left")]).unwrap().revision;
    store.remove_key(CUSTOMER, "tier").unwrap();
    let removed = store.last_change().unwrap();
    let before_purge = store.values_as_of(customer(1), first).unwrap();
    let second = store.set_values(customer(1), [("slot", "right")]).unwrap().revision;
    store.add_key(CUSTOMER, "tier", KeyKind::Indexed).unwrap();
    let third = store.set_values(customer(1), [("tier", "iron")]).unwrap().revision;
    let as_of = |moment: u64| store.values_as_of(customer(1), moment).unwrap();
    assert_eq!(as_of(0), None);
    assert_eq!(as_of(first - 2), None, "only keys were there");
    assert_eq!(as_of(first - 1), Some(map([])), "it was taken in");
    assert_eq!(as_of(first), Some(map([("tier", "gold"), ("slot", "left")])));
    assert_eq!(before_purge, as_of(first));
    assert_eq!(as_of(removed), Some(map([("slot", "left")])));
    assert_eq!(as_of(second), Some(map([("slot", "right")])));
    assert_eq!(as_of(third), Some(map([("slot", "right"), ("tier", "iron")])));
    let beyond = Fault::ChangeNotThere { asked: third + 1, last: third };
    assert_eq!(fault(store.values_as_of(customer(1), third + 1)), beyond);
}

#[test]
fn values_as_of_a_time_have_all_changes_of_that_time() {
    let clock = SetClock::default();
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    for (hour, tiers) in [(2, ["a", "b"]), (4, ["c", "d"]), (6, ["e", "f"])] {
        clock.set(at(hour));
        if hour == 2 {
            store.add_key(CUSTOMER, "tier", KeyKind::Indexed).unwrap();
            store.adopt(customer(1)).unwrap();
        }
        for tier in tiers {
            store.set_values(customer(1), [("tier", tier)]).unwrap();
        }
    }
    let as_of =
        |hour| store.values_as_of(customer(1), at(hour)).unwrap().map(|values| values["tier"].clone());
    let expected = [None, None, Some("b"), Some("b"), Some("d"), Some("d"), Some("f"), Some("f")];
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(as_of), expected.map(|tier| tier.map(str::to_owned)));
}

#[test]
fn recorded_times_do_not_run_backwards_though_the_clock_does_and_the_store_is_reopened() {
    let (disk, clock) = (Disk::default(), SetClock::default());
    let mut store = StoreOptions::new().clock_from(&clock).on_backend(disk.clone()).unwrap();
    for (n, hour) in [5, 3, 6, 1, 2, 7, 4].into_iter().enumerate() {
        clock.set(at(hour));
        store.adopt(customer(n as u128)).unwrap();
        if n % 2 == 1 {
            drop(store);
            store = StoreOptions::new().clock_from(&clock).on_backend(disk.clone()).unwrap();
        }
    }
    let times: Vec<_> = store.changes_since(0, 10).unwrap().into_iter().map(|change| change.at).collect();
    assert_eq!(times, [5, 5, 6, 6, 6, 7, 7].map(at));
    assert_eq!(store.values_as_of(customer(3), at(5)).unwrap(), None);
    assert_eq!(store.values_as_of(customer(3), at(6)).unwrap(), Some(map([])));
}

#[test]
fn what_was_forgotten_has_no_history_and_its_next_life_has_its_own() {
    let store = store_with_keys([("tier", KeyKind::Indexed)]);
    let first = store.set_values(customer(1), [("tier", "gold")]).unwrap().revision;
    store.forget(customer(1)).unwrap();
    let missing = Fault::InstanceNotFound { target: customer(1).into() };
    assert_eq!(fault(store.history(customer(1), &PageRequest::default())), missing);
    assert_eq!(fault(store.values_as_of(customer(1), first)), missing);
    store.set_values(customer(1), [("tier", "iron")]).unwrap();
    let history = store.history(customer(1), &PageRequest::default()).unwrap().items;
    let iron = ChangeKind::Values(vec![value("tier", None, Some("iron"))]);
    assert_eq!(whats(history), [iron, ChangeKind::Adopted]);
    assert_eq!(store.values_as_of(customer(1), first).unwrap(), None);
}

#[test]
fn a_package_has_a_history() {
    let store = Store::in_memory().unwrap();
    let package = |name: &str| CreatePackage {
        aliases: vec!["starter".into()],
        ..CreatePackage::from(PackageTerms::new(name))
    };
    let first = store.create_package(package("First")).unwrap();
    store.create_package(package("Second")).unwrap();
    store.archive_package(first).unwrap();
    let history = every(1, |page| store.package_history(first, page));
    assert!(history.iter().all(|change| change.subject == ChangeSubject::Package(first)));
    let [archived, handed_over, made] = whats(history).try_into().unwrap();
    let archived_at = store.package(first).unwrap().archived_at.unwrap();
    assert_eq!(archived, ChangeKind::Archived { archived_at });
    let (ChangeKind::Record { old, new }, ChangeKind::Created { record }) = (handed_over, made) else {
        panic!()
    };
    assert_eq!(old, record);
    let aliases =
        |record: Recorded| serde_json::to_value(record).unwrap()["aliases"].as_array().unwrap().len();
    assert_eq!([old, new].map(aliases), [1, 0]);
    let unknown = PackageId::from(uuid::Uuid::nil());
    let missing = Fault::PackageNotFound { package: unknown };
    assert_eq!(fault(store.package_history(unknown, &PageRequest::default())), missing);
}

#[test]
fn the_parts_of_a_rate_card_are_told_each_with_what_it_was_and_became() {
    let store = Store::in_memory().unwrap();
    let card =
        store.create_rate_card(CreateRateCard { name: "Card".into(), ..CreateRateCard::default() }).unwrap();
    let product = store
        .create_product(CreateProduct { product_type: ProductType::Fixed, ..CreateProduct::default() })
        .unwrap();
    let rate = |hour, price: i64| AddRate::new(product, at(hour), Rate::flat(price.into()));
    store.add_rates(card, [rate(0, 1), rate(24, 2)]).unwrap();
    let history = whats(store.history(card, &PageRequest::default()).unwrap().items);
    let [ChangeKind::Parts { of: Collection::Rates, changes }, ChangeKind::Created { record }] = &history[..]
    else {
        panic!("{history:?}")
    };
    assert_eq!(serde_json::to_value(record).unwrap()["name"], "Card");
    let prices = changes.iter().map(|change| {
        assert!(!change.key().is_empty() && change.before().is_none());
        serde_json::to_value(change.after()).unwrap()["rate"]["price"].clone()
    });
    assert_eq!(prices.collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn a_history_that_is_asked_for_wrongly_is_refused_with_what_is_wrong() {
    let store = store_with_keys([("tier", KeyKind::Indexed)]);
    let page = PageRequest::first(1);
    let missing = Fault::InstanceNotFound { target: customer(1).into() };
    let no_key = Fault::KeyNotFound { entity: CUSTOMER, key: "tear".into() };
    assert_eq!(fault(store.history_of_key(CUSTOMER, "tear", &page)), no_key);
    assert_eq!(faults(store.history_of_value(customer(1), "tear", &page)), [missing.clone(), no_key]);
    let beyond = Fault::ChangeNotThere { asked: 9, last: 1 };
    assert_eq!(faults(store.values_as_of(customer(1), 9)), [missing, beyond]);

    store.set_values(customer(1), [("tier", "gold")]).unwrap();
    store.set_values(customer(2), [("tier", "gold")]).unwrap();
    let wrong_limit = Fault::PageLimit { found: 0, most: 1_000 };
    assert_eq!(fault(store.history(customer(1), &PageRequest::first(0))), wrong_limit);
    let next = store.history(customer(1), &page).unwrap().next.unwrap();
    let next = PageRequest::after(next, 1);
    assert_eq!(store.history(customer(1), &next).unwrap().items.len(), 1);
    for refused in [
        store.history(customer(2), &next),
        store.history_of_value(customer(1), "tier", &next),
        store.history_of_key(CUSTOMER, "tier", &next),
    ] {
        assert_eq!(fault(refused), Fault::CursorOfAnotherQuestion);
    }
}

/// A store that keeps the last `changes`, with customer 1 set four times, and then customer 2 twice.
fn short(changes: u64) -> Store {
    let store =
        StoreOptions::new().adopt_unknown(true).history(Retention::Changes(changes)).in_memory().unwrap();
    store.add_key(CUSTOMER, "tier", KeyKind::Indexed).unwrap();
    for n in 1..=4 {
        store.set_values(customer(1), [("tier", format!("tier {n}"))]).unwrap();
    }
    store.set_values(customer(2), [("tier", "gold")]).unwrap();
    store.set_values(customer(2), [("tier", "iron")]).unwrap();
    assert_eq!(store.last_change().unwrap(), 9);
    store
}

#[test]
fn a_store_keeps_as_many_changes_as_it_was_told_and_the_last_one_always() {
    for (keeps, first) in [(0, 9), (1, 9), (5, 5), (8, 2), (9, 1), (u64::MAX, 1)] {
        let store = short(keeps);
        let kept = store.changes_since(first - 1, 100).unwrap();
        let numbers: Vec<_> = kept.iter().map(|change| change.sequence).collect();
        assert_eq!(numbers, (first..=9).collect::<Vec<_>>(), "{keeps}");
        for asked in 0..first - 1 {
            assert_eq!(fault(store.changes_since(asked, 100)), trimmed(asked, first));
        }
    }
}

#[test]
fn a_page_ends_before_what_has_left_and_a_chain_that_is_whole_is_read_to_its_end() {
    // Changes 5 to 9 are there: the last two of customer 1 and all of customer 2.
    let store = short(5);
    let page = store.history(customer(1), &PageRequest::default()).unwrap();
    assert_eq!(page.items.iter().map(|change| change.sequence).collect::<Vec<_>>(), [6, 5]);
    let next = PageRequest::after(page.next.unwrap(), 10);
    let refused = store.history(customer(1), &next).unwrap_err();
    assert_eq!(refused.faults(), [trimmed(4, 5)]);
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    let message =
        "the journal does not reach back to change 4; for this question it is whole from change 5 on";
    assert_eq!(refused.to_string(), message);
    assert_eq!(every(2, |page| store.history(customer(2), page)).len(), 3);
    assert_eq!(fault(store.history_of_key(CUSTOMER, "tier", &PageRequest::default())), trimmed(1, 2));

    let as_of = |n, moment: u64| store.values_as_of(customer(n), moment);
    assert_eq!(as_of(1, 5).unwrap(), Some(map([("tier", "tier 3")])));
    assert_eq!(as_of(1, 4).unwrap(), Some(map([("tier", "tier 2")])), "what change 5 says of before");
    assert_eq!(fault(as_of(1, 3)), trimmed(3, 5));
    assert_eq!(as_of(2, 3).unwrap(), None, "it was taken in later");
    assert_eq!(fault(store.values_as_of(customer(1), Time::UNIX_EPOCH)), trimmed(Time::UNIX_EPOCH, 5));
    assert_eq!(store.values_as_of(customer(2), Time::UNIX_EPOCH).unwrap(), None);

    // The first change of a history that has left is refused at once.
    let store = short(2);
    assert_eq!(fault(store.history(customer(1), &PageRequest::default())), trimmed(6, 7));
    assert_eq!(store.values_as_of(customer(1), 6).unwrap(), Some(map([("tier", "tier 4")])));
}

#[test]
fn a_journal_that_was_kept_whole_gets_short_over_time_and_by_age() {
    let (disk, clock) = (Disk::default(), SetClock::default());
    let options = || StoreOptions::new().clock_from(&clock).adopt_unknown(true);
    clock.set(at(0));
    let store = options().on_backend(disk.clone()).unwrap();
    for n in 0..40 {
        clock.set(at(n));
        store.adopt(customer(u128::from(n))).unwrap();
    }
    drop(store);
    let day = Retention::For(Duration::from_secs(24 * 3_600));
    let store = options().history(day).on_backend(disk.clone()).unwrap();
    assert_eq!(store.changes_since(0, 1).unwrap().len(), 1, "opening removes nothing");
    let first = |store: &Store| match store.changes_since(0, 1) {
        Err(error) => match error.faults() {
            [Fault::HistoryTrimmed { kept_from, .. }] => *kept_from,
            other => panic!("{other:?}"),
        },
        Ok(_) => 1,
    };
    let mut before = 1;
    for n in 100..110 {
        clock.set(at(40));
        store.adopt(customer(n)).unwrap();
        let now = first(&store);
        assert!(now - before <= 4, "from {before} to {now} by one change");
        before = now;
    }
    assert_eq!(before, 17, "the change of hour 16 is a day old and no older");
    // Whatever its age, the last one stays, and the numbers go on.
    clock.set(at(10_000));
    for n in 200..220 {
        clock.set(at(10_000 * u64::try_from(n).unwrap()));
        store.adopt(customer(n)).unwrap();
    }
    assert_eq!(first(&store), store.last_change().unwrap());
    drop(store);
    let store = options().on_backend(disk).unwrap();
    assert_eq!(store.last_change().unwrap(), 70);
}

#[test]
fn what_is_taken_back_takes_nothing_out_of_the_journal() {
    let store = short(5);
    let before = store.changes_since(4, 100).unwrap();
    let other = store.clone();
    std::thread::scope(|scope| {
        for n in 10..14 {
            let other = &other;
            scope.spawn(move || {
                for _ in 0..20 {
                    other.dry_run(|tx| tx.set_values(customer(n), [("tier", "gold")])).unwrap();
                }
            });
        }
    });
    assert_eq!(store.changes_since(4, 100).unwrap(), before);
}

#[test]
fn forgetting_empties_what_is_left_of_a_chain() {
    let store = short(5);
    store.forget(customer(1)).unwrap();
    let left = store.changes_since(5, 100).unwrap();
    assert_eq!(left[0].what, ChangeKind::Emptied);
    assert!(!format!("{left:?}").contains("tier 4"));
    assert!(format!("{left:?}").contains("iron"), "customer 2's are there");
}

#[test]
fn a_chain_with_changes_that_were_not_kept_is_broken_there_and_nowhere_else() {
    let disk = Disk::default();
    let open =
        |keeps| StoreOptions::new().adopt_unknown(true).keep_journal(keeps).on_backend(disk.clone()).unwrap();
    let set =
        |store: &Store, n, tier: &str| store.set_values(customer(n), [("tier", tier)]).unwrap().revision;
    let store = open(true);
    store.add_key(CUSTOMER, "tier", KeyKind::Indexed).unwrap();
    let kept = set(&store, 1, "gold");
    set(&store, 2, "gold");
    drop(store);
    let store = open(false);
    let unkept = set(&store, 1, "unseen");
    assert_eq!(fault(store.history(customer(1), &PageRequest::default())), trimmed(unkept, unkept + 1));
    assert_eq!(fault(store.values_as_of(customer(1), kept)), trimmed(kept, unkept + 1));
    assert_eq!(store.values_as_of(customer(1), unkept).unwrap(), Some(map([("tier", "unseen")])));
    let now = Time::now();
    assert_eq!(fault(store.values_as_of(customer(1), now)), trimmed(now, unkept + 1), "nobody knows when");
    drop(store);
    let store = open(true);
    let since = set(&store, 1, "iron");
    let page = store.history(customer(1), &PageRequest::default()).unwrap();
    assert_eq!(whats(page.items), [ChangeKind::Values(vec![value("tier", Some("unseen"), Some("iron"))])]);
    let next = PageRequest::after(page.next.unwrap(), 1);
    assert_eq!(fault(store.history(customer(1), &next)), trimmed(unkept, unkept + 1));
    assert_eq!(store.values_as_of(customer(1), since - 1).unwrap(), Some(map([("tier", "unseen")])));
    assert_eq!(store.history(customer(2), &PageRequest::default()).unwrap().items.len(), 2);
    assert_eq!(store.values_as_of(customer(2), 2).unwrap(), None);
    store.forget(customer(1)).unwrap();
    let left = [store.changes_since(0, 100).unwrap(), store.changes_since(since - 1, 100).unwrap()];
    assert!(!format!("{left:?}").contains("iron"), "also what stands behind the gap");
    assert_eq!(format!("{left:?}").matches("gold").count(), 1, "customer 2's: {left:?}");
}

/// What a random program does.
#[derive(Debug, Clone)]
enum Step {
    Set(u128, usize, u8),
    Delete(u128, usize),
    AddKey(usize),
    RemoveKey(usize),
    Forget(u128),
}

const KEYS: [&str; 3] = ["tier", "slot", "region"];

fn step() -> impl Strategy<Value = Step> {
    let (n, key) = (0..3_u128, 0..KEYS.len());
    prop_oneof![
        6 => (n.clone(), key.clone(), 0..4_u8).prop_map(|(n, key, value)| Step::Set(n, key, value)),
        2 => (n.clone(), key.clone()).prop_map(|(n, key)| Step::Delete(n, key)),
        2 => key.clone().prop_map(Step::AddKey),
        1 => key.prop_map(Step::RemoveKey),
        1 => n.prop_map(Step::Forget),
    ]
}

/// The values of each customer there is.
fn all_values(store: &Store) -> BTreeMap<u128, BTreeMap<String, String>> {
    (0..3).filter_map(|n| Some((n, store.values(customer(n)).ok()?))).collect()
}

/// Whether it was done, and so is a change; most of the others are refused.
fn run(store: &Store, step: &Step) -> bool {
    let before = store.last_change().unwrap();
    let done = match step {
        Step::Set(n, key, value) => {
            store.set_values(customer(*n), [(KEYS[*key], value.to_string())]).map(drop)
        }
        Step::Delete(n, key) => store.delete_values(customer(*n), [KEYS[*key]]).map(drop),
        Step::AddKey(key) => store.add_key(CUSTOMER, KEYS[*key], KeyKind::Indexed).map(drop),
        Step::RemoveKey(key) => store.remove_key(CUSTOMER, KEYS[*key]),
        Step::Forget(n) => store.forget(customer(*n)),
    };
    drop(done);
    store.last_change().unwrap() > before
}

proptest! {
    #[test]
    fn values_as_of_any_change_and_time_are_those_that_were_read_then(
        program in proptest::collection::vec(step(), 1..60),
    ) {
        let clock = SetClock::default();
        let store = StoreOptions::new().clock_from(&clock).adopt_unknown(true).in_memory().unwrap();
        // What was read behind which change, and when it was.
        let mut read = BTreeMap::from([(0, (at(0), all_values(&store)))]);
        for (hour, step) in (1..).zip(&program) {
            clock.set(at(hour));
            if run(&store, step) {
                read.insert(store.last_change().unwrap(), (at(hour), all_values(&store)));
            }
            if let Step::Forget(n) = step {
                // What was forgotten was never there.
                read.values_mut().for_each(|(_, values)| drop(values.remove(n)));
            }
        }
        for n in all_values(&store).into_keys() {
            for (sequence, (time, values)) in &read {
                let expected = values.get(&n).cloned();
                prop_assert_eq!(&store.values_as_of(customer(n), *sequence).unwrap(), &expected);
                prop_assert_eq!(&store.values_as_of(customer(n), *time).unwrap(), &expected);
            }
        }
    }
}
