//! Copies of a store, made while it is written to, and put back.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use billfold::prelude::*;

use crate::support::{customer, whole};

fn options() -> StoreOptions {
    StoreOptions::new().adopt_unknown(true).durability(Durability::OnFlush)
}

#[test]
fn a_copy_is_the_store_as_it_was_with_its_history_and_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("billing.redb"), folder.path().join("copy.redb"));
    let store = options().open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.set_many((1..=5_000).map(|n| (customer(n), [("slot", format!("slot {n}"))]))).unwrap();
    store.archive(customer(3)).unwrap();
    let written = store.backup(&copy).unwrap();
    assert_eq!((written.instances, written.bytes), (5_000, fs::metadata(&copy).unwrap().len()));
    let last = store.last_change().unwrap();
    store.set_values(customer(1), [("slot", "later")]).unwrap();

    let copied = options().open(&copy).unwrap();
    whole(&copied);
    assert_eq!(copied.last_change().unwrap(), last);
    assert_eq!(copied.value(customer(1), "slot").unwrap().as_deref(), Some("slot 1"));
    let page = PageRequest::default();
    assert_eq!(
        copied.history(customer(3), &page).unwrap().items,
        store.history(customer(3), &page).unwrap().items
    );
    copied.set_values(customer(1), [("slot", "elsewhere")]).unwrap();
    assert_eq!(copied.last_change().unwrap(), last + 1);
    whole(&copied);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside them");
}

#[test]
fn copies_that_are_made_while_others_write_have_whole_transactions_and_all_that_had_returned() {
    let folder = tempfile::tempdir().unwrap();
    let store = options().open(folder.path().join("billing.redb")).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    let pair = |n: u128, at: u64| {
        [
            (customer(2 * n), [("slot", format!("{n} even {at}"))]),
            (customer(2 * n + 1), [("slot", format!("{n} odd {at}"))]),
        ]
    };
    for n in 0..200 {
        store.set_many(pair(n, 0)).unwrap();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                for at in 1.. {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    store.set_many(pair(u128::from(at) * 2 % 200 + writer, at)).unwrap();
                }
            });
        }
        for number in 0..6 {
            let before = store.last_change().unwrap();
            let copy = folder.path().join(format!("copy {number}"));
            store.backup(&copy).unwrap();
            let path = folder.path().join(format!("again {number}"));
            Store::restore(&copy, &path).unwrap();
            let again = options().open(&path).unwrap();
            whole(&again);
            assert!(again.last_change().unwrap() >= before, "what had returned is in the copy");
            for n in 0..200 {
                let at = |n| again.value(customer(n), "slot").unwrap().unwrap();
                let [even, odd] = [at(2 * n), at(2 * n + 1)];
                assert_eq!(even.replace("even", "odd"), odd, "a transaction is there by half");
            }
            again.set_values(customer(1), [("slot", "on its own")]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    whole(&store);
}

#[test]
fn nothing_is_written_over_and_nothing_is_left_of_a_copy_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.redb");
    let store = options().open(&path).unwrap();
    for taken in [&path, &folder.path().to_owned()] {
        let error = store.backup(taken).unwrap_err();
        assert!(matches!(&error, Error::FileExists { path } if path == taken), "{error:?}");
    }
    let error = store.backup(folder.path().join("none/copy")).unwrap_err();
    assert!(matches!(error, Error::FolderMissing { .. }), "{error:?}");
    store.close().unwrap();
    let missing = folder.path().join("missing");
    assert!(matches!(Store::restore(&missing, folder.path().join("x")), Err(Error::StoreMissing { .. })));
    assert!(matches!(Store::restore(&path, &path), Err(Error::FileExists { .. })));
    fs::write(&missing, "a text").unwrap();
    assert!(matches!(Store::restore(&missing, folder.path().join("x")), Err(Error::NotAStore { .. })));
    fs::remove_file(missing).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let store = Store::in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.backup(&copy).unwrap();
    let mut bytes = fs::read(&copy).unwrap();
    let place = bytes.windows(4).position(|window| window == b"slot").unwrap();
    bytes[place] ^= 1;
    fs::write(&copy, bytes).unwrap();
    let error = Store::restore(&copy, folder.path().join("again")).unwrap_err();
    assert!(matches!(error, Error::Corrupt(_)), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_copy_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (copy, again) = (folder.path().join("copy"), folder.path().join("again"));
    Store::in_memory().unwrap().backup(&copy).unwrap();
    Store::restore(&copy, &again).unwrap();
    for path in [copy, again] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
