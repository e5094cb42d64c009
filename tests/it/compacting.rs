//! Making the file as small as what it holds.

use billfold::prelude::*;

use crate::support::{customer, whole};

fn filled(path: &std::path::Path) -> Store {
    let store = StoreOptions::new().adopt_unknown(true).durability(Durability::OnFlush).open(path).unwrap();
    for key in ["tier", "note"] {
        store.add_key(ManagedEntity::Customer, key, KeyKind::Indexed).unwrap();
    }
    let long = |n: u128| format!("{n:0180}");
    for thousand in 0..4 {
        let some = (1..=1_000).map(|n| thousand * 1_000 + n);
        let changes = some.map(|n| (customer(n), [("tier", "gold".to_owned()), ("note", long(n))]));
        store.set_many(changes).unwrap();
    }
    store
}

#[test]
fn values_of_removed_keys_leave_the_file_and_their_room_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.redb");
    let store = filled(&path);
    store.remove_key(ManagedEntity::Customer, "note").unwrap();
    let before = store.stats().unwrap();
    assert_eq!((before.values, before.values_of_removed_keys), (4_000, 4_000));
    let long = std::fs::metadata(&path).unwrap().len();

    let done = store.compact().unwrap();
    assert_eq!((done.values_removed, done.moved), (4_000, true));
    let after = store.stats().unwrap();
    assert_eq!((after.values, after.values_of_removed_keys), (4_000, 0));
    assert!(after.pages_in_use < before.pages_in_use / 2 + before.pages_of_tables);
    let short = std::fs::metadata(&path).unwrap().len();
    assert!(short < long, "{short} bytes of {long}");

    assert_eq!(store.values(customer(4_000)).unwrap()["tier"], "gold");
    store.set_values(customer(4_000), [("tier", "iron")]).unwrap();
    whole(&store);
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.values(customer(4_000)).unwrap()["tier"], "iron");
    assert_eq!(store.values(customer(1)).unwrap().len(), 1);
    whole(&store);
}

#[test]
fn what_a_key_held_before_it_was_removed_and_compacted_away_is_still_history() {
    let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    store.set_values(customer(1), [("tier", "gold")]).unwrap();
    let held = store.last_change().unwrap();
    store.remove_key(ManagedEntity::Customer, "tier").unwrap();
    assert_eq!(store.compact().unwrap().values_removed, 1);
    assert_eq!(store.values_as_of(customer(1), held).unwrap().unwrap()["tier"], "gold");
    assert!(store.values(customer(1)).unwrap().is_empty());
    let history = store.history(customer(1), &PageRequest::default()).unwrap().items;
    let whats: Vec<_> = history.into_iter().map(|change| change.what).collect();
    let set = ChangedValue { key: "tier".into(), old: None, new: Some("gold".into()) };
    // The one that took the value out of the file changed nothing that anybody could see.
    assert_eq!(whats, [ChangeKind::Values(vec![]), ChangeKind::Values(vec![set]), ChangeKind::Adopted]);
}

#[test]
fn a_snapshot_that_is_held_keeps_the_file_as_it_is_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("billing.redb"));
    let snapshot = store.snapshot().unwrap();
    let copy = snapshot.clone();
    assert!(store.stats().unwrap().oldest_snapshot.is_some());
    drop(snapshot);
    assert!(matches!(store.compact(), Err(Error::SnapshotsHeld)));
    assert_eq!(store.values(customer(1)).unwrap().len(), 2);
    store.set_values(customer(1), [("tier", "iron")]).unwrap();
    assert_eq!(copy.values(customer(1)).unwrap()["tier"], "gold");
    drop(copy);
    assert_eq!(store.stats().unwrap().oldest_snapshot, None);
    store.compact().unwrap();
    assert_eq!(store.values(customer(1)).unwrap()["tier"], "iron");
}

#[test]
fn readers_and_writers_wait_for_the_end_and_see_everything() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("billing.redb"));
    std::thread::scope(|scope| {
        for n in 1..=3 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..40 {
                    store.set_values(customer(n), [("note", round.to_string())]).unwrap();
                    assert_eq!(store.value(customer(n), "note").unwrap(), Some(round.to_string()));
                }
            });
        }
        for _ in 0..3 {
            store.compact().unwrap();
        }
    });
    whole(&store);
}

#[test]
fn a_store_that_cannot_be_written_or_is_closed_is_not_compacted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.redb");
    filled(&path).close().unwrap();
    let reading = Store::open_read_only(&path).unwrap();
    assert!(matches!(reading.compact(), Err(Error::ReadOnly)));
    drop(reading);
    let store = Store::open(&path).unwrap();
    let clone = store.clone();
    let inside = store.write(|_| Ok(clone.compact())).unwrap();
    assert!(matches!(inside, Err(Error::Reentrant)));
    store.close().unwrap();
    assert!(matches!(clone.compact(), Err(Error::Closed(_))));
}
