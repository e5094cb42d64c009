//! Opening, closing, and what a store is told that cannot be opened.

use std::fs;
use std::path::Path;

use billfold::prelude::*;
use redb::{Database, ReadableDatabase as _, TableDefinition};
use tempfile::TempDir;

use crate::support::{customer, whole};

const META: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("meta");
const STOCK: TableDefinition<'_, &str, u64> = TableDefinition::new("stock");

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn fill(store: &Store) {
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.adopt(customer(1)).unwrap();
    store.set_values(customer(1), [("slot", "left")]).unwrap();
}

fn assert_filled(store: &Store) {
    assert_eq!(store.find("slot", "left").unwrap(), Some(customer(1)));
    assert_eq!(store.values(customer(1)).unwrap(), [("slot".to_owned(), "left".to_owned())].into());
}

/// Opens a file, which must be refused and left as it was.
fn refused(path: &Path) -> Error {
    let before = fs::read(path).unwrap();
    let error = Store::open(path).expect_err("the file was opened");
    assert!(fs::read(path).unwrap() == before, "the file was changed");
    assert_eq!(error.kind(), ErrorKind::Open, "{error:?}");
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(error.to_string().contains(name), "{error} does not say which file");
    error
}

#[test]
fn what_was_written_is_there_when_the_file_is_opened_again() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    fill(&store);
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_filled(&store);
    store.close().unwrap();
    assert_filled(&Store::open(&path).unwrap());
}

#[test]
#[ignore = "changes the folder of the whole process; run alone by the test below"]
fn a_program_that_changes_its_folder() {
    let store = Store::open("store").unwrap();
    fill(&store);
    std::fs::create_dir("elsewhere").unwrap();
    std::env::set_current_dir("elsewhere").unwrap();
    whole(&store);
    store.close().unwrap();
}

#[test]
fn a_store_of_a_relative_path_is_the_same_when_the_program_has_changed_its_folder() {
    let folder = folder();
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    program.args(["--ignored", "--exact", "opening::a_program_that_changes_its_folder"]);
    let output = program.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_filled(&Store::open(folder.path().join("store")).unwrap());
}

#[test]
fn a_store_is_open_once_at_a_time_for_writing_and_not_beside_readers() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    fill(&store);
    let second = Store::open(&path).unwrap_err();
    assert!(matches!(&second, Error::AlreadyOpen { path: named } if *named == path), "{second:?}");
    assert!(matches!(Store::open_read_only(&path), Err(Error::AlreadyOpen { .. })));
    assert_filled(&store);
    let clone = store.clone();
    drop(store);
    assert!(matches!(Store::open(&path), Err(Error::AlreadyOpen { .. })), "a clone still has it");
    drop(clone);

    let readers = [Store::open_read_only(&path).unwrap(), Store::open_read_only(&path).unwrap()];
    assert!(matches!(Store::open(&path), Err(Error::AlreadyOpen { .. })));
    readers.iter().for_each(assert_filled);
    drop(readers);
    assert_filled(&Store::open(&path).unwrap());
}

#[test]
fn a_missing_folder_and_a_missing_file_are_named() {
    let folder = folder();
    let missing = folder.path().join("missing");
    let path = missing.join("store");
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(&error, Error::FolderMissing { folder } if *folder == missing), "{error:?}");
    let path = folder.path().join("store");
    let error = Store::open_read_only(&path).unwrap_err();
    assert!(matches!(&error, Error::StoreMissing { path: named } if *named == path), "{error:?}");
    assert!(!path.exists());
    assert!(matches!(Store::open(folder.path()), Err(Error::NotAStore { .. })), "a folder is no store");
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_was() {
    let folder = folder();
    let path = folder.path().join("other");
    let mut noise = 7_u64;
    let mut random = |len: usize| -> Vec<u8> {
        (0..len)
            .map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                noise.to_be_bytes()[0]
            })
            .collect()
    };
    let files =
        [b"{\"customers\": []}\n".to_vec(), b"r".to_vec(), random(10), random(100_000), vec![0; 5_000]];
    for bytes in files {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(refused(&path), Error::NotAStore { .. }));
        assert!(matches!(Store::open_read_only(&path), Err(Error::NotAStore { .. })));
    }
}

#[test]
fn a_file_that_begins_like_a_store_and_is_none_is_refused_and_left_as_it_was() {
    let folder = folder();
    let path = folder.path().join("cut");
    let whole = folder.path().join("whole");
    let store = Store::open(&whole).unwrap();
    fill(&store);
    store.close().unwrap();
    let whole = fs::read(&whole).unwrap();
    for len in [9, 64, 320, 4_096, 10_000] {
        fs::write(&path, &whole[..len]).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(Store::open(&path).is_err(), "cut to {len}");
        assert!(fs::read(&path).unwrap() == before, "cut to {len}, and changed");
    }
}

#[test]
fn another_programs_redb_file_is_refused_and_left_as_it_was() {
    let folder = folder();
    let (path, copy) = (folder.path().join("stock"), folder.path().join("copy"));
    let db = Database::create(&path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(STOCK).unwrap().insert("apples", 7).unwrap();
    txn.commit().unwrap();
    fs::copy(&path, &copy).unwrap();
    drop(db);
    for path in [&path, &copy] {
        assert!(matches!(refused(path), Error::NotAStore { .. }));
        let db = Database::create(path).unwrap();
        let stock = db.begin_read().unwrap().open_table(STOCK).unwrap();
        assert_eq!(stock.get("apples").unwrap().unwrap().value(), 7);
    }
    assert!(matches!(Store::open_read_only(&path), Err(Error::NotAStore { .. })));
}

#[test]
fn another_programs_table_called_meta_does_not_make_it_a_store() {
    let folder = folder();
    let (path, copy) = (folder.path().join("meta"), folder.path().join("copy"));
    let db = Database::create(&path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(b"version".as_slice(), b"7".as_slice()).unwrap();
    txn.commit().unwrap();
    fs::copy(&path, &copy).unwrap();
    drop(db);
    for path in [&path, &copy] {
        assert!(matches!(refused(path), Error::NotAStore { .. }));
        assert!(matches!(
            Store::open_read_only(path),
            Err(Error::NotAStore { .. } | Error::NotClosedCleanly { .. })
        ));
    }
}

#[test]
fn a_store_of_a_newer_format_or_an_older_one_is_refused_and_left_as_it_was() {
    for format in [0, 2] {
        let folder = folder();
        let (path, copy) = (folder.path().join("store"), folder.path().join("copy"));
        let store = Store::open(&path).unwrap();
        fill(&store);
        store.close().unwrap();
        let db = Database::create(&path).unwrap();
        let txn = db.begin_write().unwrap();
        let other = u32::to_be_bytes(format);
        txn.open_table(META).unwrap().insert(b"format".as_slice(), other.as_slice()).unwrap();
        txn.commit().unwrap();
        fs::copy(&path, &copy).unwrap();
        drop(db);
        let verified = StoreOptions::new().verify_on_open(true).open(&path).unwrap_err();
        for error in [refused(&path), refused(&copy), Store::open_read_only(&path).unwrap_err(), verified] {
            match error {
                Error::OlderFormat { found: 0, oldest: 1, .. } if format == 0 => {}
                Error::NewerFormat { found: 2, known: 1, .. } if format == 2 => {}
                other => panic!("{format}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_file_that_may_not_be_written_is_read_and_not_written() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    fill(&store);
    store.close().unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    assert!(matches!(refused(&path), Error::ReadOnlyFile { .. }));
    assert_filled(&Store::open_read_only(&path).unwrap());
}

#[test]
fn a_store_opened_for_reading_reads_everything_and_writes_nothing() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    fill(&store);
    store.close().unwrap();
    let before = fs::read(&path).unwrap();
    let store = Store::open_read_only(&path).unwrap();
    assert_filled(&store);
    assert!(store.snapshot().unwrap().exists(customer(1)).unwrap());
    assert!(matches!(store.adopt(customer(2)), Err(Error::ReadOnly)));
    assert!(matches!(store.write(|_| Ok(())), Err(Error::ReadOnly)));
    assert!(matches!(store.dry_run(|_| Ok(())), Err(Error::ReadOnly)));
    assert!(matches!(store.flush(), Err(Error::ReadOnly)));
    store.close().unwrap();
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_file_that_was_not_closed_has_everything_acknowledged_once_a_writer_has_opened_it() {
    let folder = folder();
    let (path, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let store = Store::open(&path).unwrap();
    fill(&store);
    fs::copy(&path, &copy).unwrap();
    let before = fs::read(&copy).unwrap();
    assert!(matches!(Store::open_read_only(&copy), Err(Error::NotClosedCleanly { .. })));
    assert!(fs::read(&copy).unwrap() == before);
    let repaired = Store::open(&copy).unwrap();
    assert_filled(&repaired);
    repaired.set_values(customer(1), [("slot", "left")]).unwrap();
    repaired.close().unwrap();
    assert_filled(&Store::open_read_only(&copy).unwrap());
}

#[test]
fn a_flush_puts_on_disk_what_came_before_it() {
    let folder = folder();
    let (path, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let store = StoreOptions::new().durability(Durability::OnFlush).open(&path).unwrap();
    fill(&store);
    store.flush().unwrap();
    fs::copy(&path, &copy).unwrap();
    assert_filled(&Store::open(&copy).unwrap());
    store.adopt(customer(2)).unwrap();
    store.close().unwrap();
    assert!(Store::open(&path).unwrap().exists(customer(2)).unwrap());
}

#[test]
fn a_store_that_is_dropped_without_a_flush_has_everything_on_disk() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = StoreOptions::new().durability(Durability::OnFlush).open(&path).unwrap();
    fill(&store);
    drop(store);
    assert_filled(&Store::open(&path).unwrap());
}

#[test]
fn an_empty_file_becomes_a_store_and_a_new_file_is_its_owners_alone() {
    let folder = folder();
    let path = folder.path().join("store");
    fs::write(&path, b"").unwrap();
    fill(&Store::open(&path).unwrap());
    assert_filled(&Store::open(&path).unwrap());
    let new = folder.path().join("new");
    drop(Store::open(&new).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn closing_gives_the_file_back_and_clones_and_snapshots_say_so() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    fill(&store);
    let (clone, snapshot) = (store.clone(), store.snapshot().unwrap());
    store.close().unwrap();
    assert!(matches!(clone.values(customer(1)), Err(Error::Closed(_))));
    assert!(matches!(clone.adopt(customer(2)), Err(Error::Closed(_))));
    assert!(matches!(clone.snapshot(), Err(Error::Closed(_))));
    assert!(matches!(clone.flush(), Err(Error::Closed(_))));
    assert!(matches!(clone.stats(), Err(Error::Closed(_))));
    assert!(matches!(snapshot.values(customer(1)), Err(Error::Closed(_))));
    assert!(matches!(snapshot.keys(&[]), Err(Error::Closed(_))));
    assert!(matches!(snapshot.key(ManagedEntity::Customer, "slot"), Err(Error::Closed(_))));
    let again = Store::open(&path).unwrap();
    assert_filled(&again);
    assert!(matches!(clone.close(), Err(Error::Closed(_))));
    assert_filled(&again);
}

#[test]
fn a_snapshot_does_not_keep_the_file_from_its_next_opener() {
    let folder = folder();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    fill(&store);
    let snapshot = store.snapshot().unwrap();
    assert!(snapshot.exists(customer(1)).unwrap());
    drop(store);
    assert_filled(&Store::open(&path).unwrap());
    assert!(matches!(snapshot.exists(customer(1)), Err(Error::Closed(_))));
}

#[test]
fn a_relative_path_without_a_folder_is_in_the_working_folder() {
    // A name that no file has: opened for reading, so that nothing is left behind.
    let error = Store::open_read_only("no such store").unwrap_err();
    assert!(matches!(error, Error::StoreMissing { .. }), "{error:?}");
}

#[test]
fn making_a_store_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    Store::open(folder.path().join("billing.redb")).unwrap().close().unwrap();
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["billing.redb"]);
}

#[test]
fn of_many_who_make_a_store_at_once_one_has_it_and_the_others_are_told() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("billing.redb");
        let start = std::sync::Barrier::new(4);
        let opened: Vec<_> = std::thread::scope(|scope| {
            let opening = || {
                start.wait();
                let opened = Store::open(&path);
                start.wait();
                opened
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(opening)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let refused = opened.iter().filter(|opened| matches!(opened, Err(Error::AlreadyOpen { .. }))).count();
        assert_eq!((opened.iter().filter(|opened| opened.is_ok()).count(), refused), (1, 3), "{opened:?}");
    }
}

#[test]
fn a_file_that_was_cut_off_or_garbled_is_damaged_and_named_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.redb");
    let store = Store::open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    store.close().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut garbled = whole.clone();
    garbled[9..].fill(0xAB);
    let cut = |len: usize| whole[..len].to_vec();
    for bytes in [cut(9), cut(64), cut(400), cut(4096), cut(whole.len() - 1), garbled] {
        std::fs::write(&path, &bytes).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, Error::Corrupt(_)), "{} bytes: {error:?}", bytes.len());
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        // A reader cannot tell a cut from a crash.
        let error = Store::open_read_only(&path).unwrap_err();
        let told = matches!(error, Error::Corrupt(_) | Error::NotClosedCleanly { .. });
        assert!(
            told && error.to_string().contains(path.to_str().unwrap()),
            "{} bytes: {error:?}",
            bytes.len()
        );
        assert!(std::fs::read(&path).unwrap() == bytes, "{} bytes were touched", bytes.len());
    }
}
