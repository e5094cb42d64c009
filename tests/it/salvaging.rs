//! What is read of damaged files: all that is whole, nothing that is not, and a word on what is lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use billfold::prelude::*;

use crate::support::moved::{exported, rich_on, rich_options};
use crate::support::{customer, whole};

const CUSTOMERS: u128 = 4_000;
const PAGE: usize = 4096;

fn options() -> StoreOptions {
    StoreOptions::new().adopt_unknown(true).id_source(IdSource::Counted)
}

/// A store of many customers in a file; the lines of its export.
fn filled(path: &Path) -> String {
    let store = options().open(path).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.add_key(ManagedEntity::Customer, "note", KeyKind::Unindexed).unwrap();
    let values = |n: u128| [("slot", format!("slot {n:05}")), ("note", format!("a note of {n:05}"))];
    store.set_many((1..=CUSTOMERS).map(|n| (customer(n), values(n)))).unwrap();
    let lines = exported(&store);
    store.close().unwrap();
    lines
}

/// The lines that are there and were not before, and how many are missing.
fn compared(before: &str, after: &str) -> (Vec<String>, usize) {
    let [before, after] =
        [before, after].map(|lines| lines.lines().map(str::to_owned).collect::<BTreeSet<_>>());
    (after.difference(&before).cloned().collect(), before.difference(&after).count())
}

/// Overwrites the pages in which these bytes stand.
fn destroyed(path: &Path, bytes: &[u8], most: usize) -> usize {
    let mut file = fs::read(path).unwrap();
    let places =
        file.windows(bytes.len()).enumerate().filter(|(_, it)| *it == bytes).map(|(place, _)| place / PAGE);
    let pages: BTreeSet<_> = places.take(most).collect();
    for page in &pages {
        file[page * PAGE..(page + 1) * PAGE].fill(0xab);
    }
    fs::write(path, file).unwrap();
    pages.len()
}

#[test]
fn of_a_file_that_is_whole_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("store"), folder.path().join("salvaged"));
    let clock = SetClock::default();
    let made = rich_on(rich_options(&clock).open(&path).unwrap(), clock);
    let lines = exported(&made.store);
    // Also where it was not closed: of a copy of what is on disk.
    let unclean = folder.path().join("unclean");
    fs::copy(&path, &unclean).unwrap();
    drop(made);
    for path in [&path, &unclean] {
        let before = fs::read(path).unwrap();
        let salvaged = Store::salvage(path).unwrap();
        assert_eq!(salvaged.lost, []);
        assert_eq!(exported(&salvaged.store), lines);
        whole(&salvaged.store);
        assert!(fs::read(path).unwrap() == before, "it was changed");
    }
    let salvaged = Store::salvage(&path).unwrap().store;
    salvaged.backup(&copy).unwrap();
    let again = options().verify_on_open(true).open(&copy).unwrap();
    again.adopt(customer(77)).unwrap();
    assert_eq!(again.history(customer(77), &PageRequest::default()).unwrap().items.len(), 1);
    whole(&again);
}

#[test]
fn rows_around_a_destroyed_page_are_read_and_values_that_an_index_has_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let lines = filled(&path);
    let pages = destroyed(&path, b"a note of 02000", 1);
    assert_eq!(pages, 1);
    assert!(matches!(options().verify_on_open(true).open(&path), Err(Error::Corrupt(_))));
    let salvaged = Store::salvage(&path).unwrap();
    let (new, missing) = compared(&lines, &exported(&salvaged.store));
    assert!((1..100).contains(&missing), "{missing} of {CUSTOMERS} customers are not as they were");
    // Their slots are in the index.
    assert_eq!(new.len(), missing);
    assert!(new.iter().all(|line| line.contains("slot ") && !line.contains("a note of")), "{new:?}");
    assert_eq!(salvaged.store.find("slot", "slot 02000").unwrap(), Some(customer(2_000)));
    assert!(salvaged.lost.len() > missing, "{:?}", salvaged.lost);
    assert!(salvaged.lost.iter().all(|lost| lost.table == "customer.fields"), "{:?}", salvaged.lost);
    whole(&salvaged.store);
}

#[test]
fn a_destroyed_index_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let lines = filled(&path);
    // In the index values stand one behind the other.
    let pages = destroyed(&path, b"slot 01000slot 01001", usize::MAX);
    assert!(pages > 0);
    let salvaged = Store::salvage(&path).unwrap();
    assert_eq!(exported(&salvaged.store), lines);
    assert_eq!(salvaged.lost, []);
    whole(&salvaged.store);
}

#[test]
fn of_a_file_that_is_cut_off_there_is_what_stands_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let lines = filled(&path);
    let bytes = fs::read(&path).unwrap();
    let mut read = 0;
    for percent in (5..100).step_by(5) {
        fs::write(&path, &bytes[..bytes.len() * percent / 100]).unwrap();
        match Store::salvage(&path) {
            Ok(salvaged) => {
                let (new, missing) = compared(&lines, &exported(&salvaged.store));
                assert!(
                    missing == 0 || !salvaged.lost.is_empty(),
                    "{percent}: {missing} are missing, and nobody says so"
                );
                assert!(new.iter().all(|line| !line.contains("a note of")), "{percent}: {new:?}");
                read += usize::from(missing < lines.lines().count());
            }
            Err(error) => assert!(matches!(error, Error::Corrupt(_)), "{percent}: {error:?}"),
        }
    }
    assert!(read > 0, "nothing was ever read");
}

#[test]
fn what_is_no_store_is_not_salvaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    assert!(matches!(Store::salvage(&path), Err(Error::StoreMissing { .. })));
    fs::write(&path, "a text of some length").unwrap();
    assert!(matches!(Store::salvage(&path), Err(Error::NotAStore { .. })));
}
