//! Values of enforced keys, ingest aliases and values of instances in memory: what is there, when, and how much of it.

use std::time::{Duration, Instant};

use billfold::prelude::*;
use billfold::{LoadItem, NamesInMemory, NamesInMemoryStats};

use crate::support::disk::Disk;
use crate::support::{customer, store_with_keys, whole};

const KEY: &str = "account";

fn account(number: u128) -> String {
    format!("account-{number:04}")
}

fn alias(number: u128) -> String {
    format!("alias-{number:04}")
}

fn holder(store: &impl Reading, value: &str) -> Option<CustomerId> {
    store.find(KEY, value).unwrap()
}

fn in_memory(store: &Store) -> NamesInMemoryStats {
    store.stats().unwrap().names_in_memory
}

/// The disk of a store that was closed with so many customers, which have an account and an alias each.
fn closed(customers: u128) -> Disk {
    let disk = Disk::default();
    let store = options().on_backend(disk.clone()).unwrap();
    store.add_key(ManagedEntity::Customer, KEY, KeyKind::Enforced).unwrap();
    let made = |n| CreateCustomer {
        ingest_aliases: vec![alias(n)],
        custom_fields: [(KEY, account(n))].into(),
        ..CreateCustomer::default()
    };
    store.load((1..=customers).map(|n| LoadItem::from((customer(n), made(n))))).unwrap();
    store.close().unwrap();
    disk
}

fn options() -> StoreOptions {
    StoreOptions::new().adopt_unknown(true).durability(Durability::OnFlush)
}

/// Asks until all names are in memory.
#[track_caller]
fn ask_until_whole(store: &Store) -> NamesInMemoryStats {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let stats = in_memory(store);
        if stats.whole_tables == stats.tables {
            return stats;
        }
        assert!(Instant::now() < until, "{stats:?}");
        holder(store, "nobody's");
        store.find_customer("nobody's").unwrap();
        std::thread::sleep(Duration::from_micros(100));
    }
}

#[test]
fn what_a_new_store_is_given_is_in_memory_at_once() {
    let store = store_with_keys([(KEY, KeyKind::Enforced)]);
    store.set_many((1..=100).map(|n| (customer(n), [(KEY, account(n))]))).unwrap();
    let stats = in_memory(&store);
    assert_eq!((stats.names, stats.most_bytes), (100, 512 << 20));
    assert!(stats.bytes >= 100 * 64 && stats.bytes <= stats.most_bytes, "{stats:?}");
    store.set_values(customer(1), [(KEY, account(2_000))]).unwrap();
    store.delete_values(customer(2), [KEY]).unwrap();
    assert_eq!(in_memory(&store).names, 99);
    store.remove_key(ManagedEntity::Customer, KEY).unwrap();
    assert_eq!((in_memory(&store).names, in_memory(&store).bytes), (0, 0));
}

#[test]
fn a_store_that_is_told_so_keeps_no_name() {
    let store = options().names_in_memory(NamesInMemory::Off).on_backend(closed(50)).unwrap();
    store.set_values(customer(1), [(KEY, "another")]).unwrap();
    for _ in 0..100 {
        assert_eq!(holder(&store, &account(7)), Some(customer(7)));
    }
    let NamesInMemoryStats { names, bytes, most_bytes, tables, whole_tables, .. } = in_memory(&store);
    assert_eq!((names, bytes, most_bytes, tables, whole_tables), (0, 0, 0, 0, 0));
}

#[test]
fn what_a_store_has_when_it_is_opened_is_taken_in_after_so_many_questions() {
    let store = options().on_backend(closed(900)).unwrap();
    for n in 1..=31 {
        assert_eq!(holder(&store, &account(n)), Some(customer(n)));
    }
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(in_memory(&store).bytes, 0);
    let stats = ask_until_whole(&store);
    assert_eq!((stats.names, stats.tables), (1_800, 2));
    for n in 1..=900 {
        assert_eq!(holder(&store, &account(n)), Some(customer(n)));
        assert_eq!(store.find_customer(&alias(n)).unwrap(), Some(customer(n)));
    }
    assert_eq!(holder(&store, &account(901)), None);
}

#[test]
fn no_more_memory_is_taken_than_may_be_and_the_file_has_the_rest() {
    const MOST: usize = 50_000;
    let limited = || options().names_in_memory(NamesInMemory::UpTo(MOST));
    let new = limited().in_memory().unwrap();
    new.add_key(ManagedEntity::Customer, KEY, KeyKind::Enforced).unwrap();
    for n in 1..=2_000 {
        new.set_values(customer(n), [(KEY, account(n))]).unwrap();
        let stats = in_memory(&new);
        assert!(stats.bytes <= MOST as u64, "{stats:?}");
    }
    let opened = limited().on_backend(closed(2_000)).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while in_memory(&opened).names == 0 {
        assert!(Instant::now() < until);
        holder(&opened, "nobody's");
    }
    for store in [new, opened] {
        for n in 1..=2_000 {
            assert_eq!(holder(&store, &account(n)), Some(customer(n)));
        }
        assert_eq!(holder(&store, &account(2_001)), None);
        let stats = in_memory(&store);
        assert!(stats.names > 0 && stats.names < 2_000 && stats.bytes <= MOST as u64, "{stats:?}");
        assert_eq!(stats.whole_tables, 0);
    }
}

#[test]
fn writers_go_on_while_names_are_taken_in() {
    let store = options().on_backend(closed(3_000)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=300 {
                // A new one, one that moves, and one that goes.
                store.set_values(customer(10_000 + n), [(KEY, account(10_000 + n))]).unwrap();
                store.take_value(customer(20_000 + n), KEY, account(n)).unwrap();
                store.delete_values(customer(3_001 - n), [KEY]).unwrap();
            }
        });
        ask_until_whole(&store);
    });
    let stats = ask_until_whole(&store);
    assert_eq!(stats.names, 3_000 + 3_000 + 300 - 300);
    for n in 1..=300 {
        assert_eq!(holder(&store, &account(10_000 + n)), Some(customer(10_000 + n)));
        assert_eq!(holder(&store, &account(n)), Some(customer(20_000 + n)));
        assert_eq!(holder(&store, &account(3_001 - n)), None);
    }
    whole(&store);
}

#[test]
fn after_a_load_names_are_taken_in_anew() {
    let store = options().on_backend(closed(10)).unwrap();
    ask_until_whole(&store);
    let fields = |n| CustomFields::from([(KEY, account(n))]);
    store.load((11..=500).map(|n| LoadItem::from((customer(n), fields(n))))).unwrap();
    let stats = in_memory(&store);
    assert_eq!((stats.names, stats.whole_tables), (10, 1), "the aliases, of which it has none");
    assert_eq!(holder(&store, &account(500)), Some(customer(500)));
    assert_eq!(ask_until_whole(&store).names, 510);
    assert_eq!(holder(&store, &account(500)), Some(customer(500)));
}

#[test]
fn values_are_told_apart_however_long_they_are() {
    let long = "x".repeat(40);
    let values = ["".to_owned(), long.clone(), format!("{long}a"), format!("{long}b"), "y".repeat(199)];
    let store = store_with_keys([(KEY, KeyKind::Enforced)]);
    for (value, n) in values.iter().zip(1..) {
        store.set_values(customer(n), [(KEY, value)]).unwrap();
    }
    assert_eq!(in_memory(&store).names, 5);
    for (value, n) in values.iter().zip(1..) {
        assert_eq!(holder(&store, value), Some(customer(n)), "{value:?}");
    }
    for nobodys in [format!("{long}c"), format!("{long}ab"), "y".repeat(198), "\0".to_owned()] {
        assert_eq!(holder(&store, &nobodys), None, "{nobodys:?}");
    }
}

#[test]
fn a_fork_that_is_asked_a_few_times_takes_nothing_in() {
    let made = Fixture::make("2025-02-01T00:00:00Z".parse().unwrap(), |store| {
        store.add_key(ManagedEntity::Customer, KEY, KeyKind::Enforced)?;
        let id = store.create_customer(CreateCustomer::default())?;
        store.set_values(id, [(KEY, "a-1")]).map(drop)
    });
    let fork = made.unwrap().fork().unwrap();
    for _ in 0..31 {
        assert!(holder(&fork, "a-1").is_some());
    }
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!((in_memory(&fork).names, in_memory(&fork).bytes), (0, 0));
}

#[test]
fn a_store_can_be_opened_again_at_once_while_names_are_still_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = options().open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, KEY, KeyKind::Enforced).unwrap();
    store.set_many((1..=5_000).map(|n| (customer(n), [(KEY, account(n))]))).unwrap();
    drop(store);
    for round in 0..30 {
        let store = options().open(&path).unwrap();
        for n in 1..=64 {
            assert_eq!(holder(&store, &account(n)), Some(customer(n)));
        }
        if round % 2 == 0 { drop(store) } else { store.close().unwrap() }
    }
}

#[test]
fn a_damaged_row_is_told_to_who_asks_for_it_and_to_nobody_else() {
    let disk = closed(2_000);
    assert!(disk.overwrite(b"alias-0500", b"alias-050!") > 0);
    let store = options().on_backend(disk).unwrap();
    let has = |n| store.find_customer(&alias(n)).unwrap() == Some(customer(n));
    let until = Instant::now() + Duration::from_secs(60);
    while in_memory(&store).names == 0 {
        assert!(Instant::now() < until);
        assert!(has(2));
    }
    std::thread::sleep(Duration::from_millis(50));
    for _ in 0..100 {
        assert!(matches!(store.find_customer("alias-050!"), Err(Error::Corrupt(_))));
        assert!(has(2) && has(1_999));
        assert_eq!(store.find_customer("nobody's").unwrap(), None);
    }
    assert_eq!(in_memory(&store).whole_tables, 0);
    store.move_ingest_alias("goes on", customer(1)).unwrap();
    assert_eq!(store.find_customer("goes on").unwrap(), Some(customer(1)));
}

/// Asks for customers' values until those of so many are in memory.
#[track_caller]
fn ask_for_values(store: &Store, customers: u64) {
    let until = Instant::now() + Duration::from_secs(60);
    while in_memory(store).instances < customers {
        assert!(Instant::now() < until, "{:?}", in_memory(store));
        store.values(customer(1)).unwrap();
        std::thread::sleep(Duration::from_micros(100));
    }
}

fn values(store: &impl Reading, number: u128) -> Vec<String> {
    store.values(customer(number)).unwrap().into_values().collect()
}

#[test]
fn values_of_instances_are_taken_in_after_so_many_questions_and_follow_every_change() {
    let store = options().on_backend(closed(900)).unwrap();
    store.add_key(ManagedEntity::Customer, "note", KeyKind::Unindexed).unwrap();
    assert_eq!((values(&store, 1), in_memory(&store).instances), (vec![account(1)], 0));
    ask_for_values(&store, 900);
    let before = store.snapshot().unwrap();
    let long = "n".repeat(199);
    store.set_values(customer(1), [("note", "short"), (KEY, "another")]).unwrap();
    store.set_values(customer(2), [("note", &long)]).unwrap();
    store.delete_values(customer(3), [KEY]).unwrap();
    store.archive(customer(4)).unwrap();
    let made = store.create_customer(CreateCustomer::default()).unwrap();
    assert_eq!(in_memory(&store).instances, 901);
    assert_eq!(values(&store, 1), ["another", "short"]);
    assert_eq!(values(&store, 2), [account(2), long]);
    assert_eq!((values(&store, 3), values(&store, 4)), (vec![], vec![account(4)]));
    assert_eq!(store.value(customer(1), "note").unwrap().as_deref(), Some("short"));
    assert!(store.values(made).unwrap().is_empty());
    for n in 1..=900 {
        assert_eq!(values(&before, n), [account(n)]);
    }
    for n in 5..=900 {
        assert_eq!(values(&store, n), [account(n)]);
    }
    assert_eq!(store.values(customer(901)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(before.values(made).unwrap_err().kind(), ErrorKind::NotFound);
    store.remove_key(ManagedEntity::Customer, "note").unwrap();
    assert_eq!(values(&store, 1), ["another"]);
    whole(&store);
}

#[test]
fn values_of_any_length_are_read_out_of_memory_as_they_were_set() {
    let store = store_with_keys([]);
    let keys: Vec<_> = (0..40).map(|n| format!("key-{n:02}")).collect();
    for key in &keys {
        store.add_key(ManagedEntity::Customer, key, KeyKind::Unindexed).unwrap();
    }
    let text = |n: u128, key: usize| "v".repeat((usize::try_from(n).unwrap() * 7 + key * 13) % 200);
    let of = |n: u128| {
        (0..usize::try_from(n).unwrap() % 41).map(move |key| (format!("key-{key:02}"), text(n, key)))
    };
    store.set_many((1..=120).map(|n| (customer(n), of(n).collect::<CustomFields>()))).unwrap();
    ask_for_values(&store, 120);
    for n in 1..=120 {
        assert!(store.values(customer(n)).unwrap().into_iter().eq(of(n)), "customer {n}");
    }
}

#[test]
fn values_that_are_set_over_and_over_take_no_more_and_more_memory() {
    let store = store_with_keys([(KEY, KeyKind::Unindexed)]);
    let set = |round: u128| {
        let text = format!("{round:0>150}");
        store.set_many((1..=400).map(|n| (customer(n), [(KEY, &text)]))).unwrap();
    };
    set(0);
    ask_for_values(&store, 400);
    let mut least = u64::MAX;
    for round in 1..=60 {
        set(round);
        assert_eq!(values(&store, round), [format!("{round:0>150}")]);
        let stats = in_memory(&store);
        assert!(stats.bytes < 4 << 20, "{stats:?}");
        least = least.min(stats.instances);
    }
    assert_eq!(least, 0, "they were never taken in anew");
    ask_for_values(&store, 400);
    assert_eq!(values(&store, 400), [format!("{:0>150}", 60)]);
}

#[test]
fn values_that_find_no_room_in_memory_are_left_to_the_file() {
    // A little more than names take, and the first of the memory for values.
    let limited = options().names_in_memory(NamesInMemory::UpTo(400_000));
    let store = limited.on_backend(closed(2_000)).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while in_memory(&store).instances == 0 {
        assert!(Instant::now() < until);
        values(&store, 1);
    }
    for n in 1..=2_000 {
        store.set_values(customer(n), [(KEY, format!("{n:0>150}"))]).unwrap();
        assert_eq!(values(&store, n), [format!("{n:0>150}")]);
        let stats = in_memory(&store);
        assert!(stats.bytes <= stats.most_bytes, "{stats:?}");
    }
    for n in 1..=2_000 {
        assert_eq!(values(&store, n), [format!("{n:0>150}")]);
    }
    let stats = in_memory(&store);
    assert!(stats.instances > 0 && stats.instances < 2_000, "{stats:?}");
}

#[test]
fn a_damaged_row_of_values_is_told_to_who_asks_for_it_and_to_nobody_else() {
    let disk = closed(2_000);
    assert!(disk.overwrite(b"account-0500", b"account-050!") > 0);
    let store = options().on_backend(disk).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while store.names_in_memory().unwrap().instances == 0 {
        assert!(Instant::now() < until);
        values(&store, 1);
    }
    std::thread::sleep(Duration::from_millis(50));
    for _ in 0..100 {
        assert!(matches!(store.values(customer(500)), Err(Error::Corrupt(_))));
        assert_eq!((values(&store, 1), values(&store, 1_999)), (vec![account(1)], vec![account(1_999)]));
    }
    store.set_values(customer(1), [(KEY, "goes on")]).unwrap();
    assert_eq!(values(&store, 1), ["goes on"]);
}
