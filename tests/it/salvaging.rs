//! What is read of damaged files: all that is whole, nothing that is not, and a word on what is lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use billfold::Salvaged;
use billfold::prelude::*;

use crate::damage::{VARIABLE, flipped, original};
use crate::support::chance::{chances, seed};
use crate::support::moved::{exported, rich_on, rich_options};
use crate::support::{customer, whole};

const CUSTOMERS: u128 = 4_000;
pub const PAGE: usize = 4096;

pub fn options() -> StoreOptions {
    StoreOptions::new().adopt_unknown(true).id_source(IdSource::Counted)
}

/// A store of many customers in a file; the lines of its export.
pub fn filled(path: &Path) -> String {
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
pub fn destroyed(path: &Path, bytes: &[u8], most: usize) -> usize {
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
fn values_whose_key_is_lost_are_left_under_a_name_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let lines = filled(&path);
    // The registered name stands in the row of the key, and in none of the customers'.
    assert!(destroyed(&path, b"\x04slot", usize::MAX) > 0);
    let salvaged = Store::salvage(&path).unwrap();
    assert_eq!(exported(&salvaged.store).lines().count(), lines.lines().count());
    let value = salvaged.store.value(customer(2_000), "salvaged_1").unwrap();
    assert_eq!(value.as_deref(), Some("slot 02000"));
    let lost: Vec<_> = salvaged.lost.iter().map(ToString::to_string).collect();
    assert_eq!(
        lost,
        [
            "table keys: damaged pages: 1; 0 rows of 2 can be read",
            "table keys: key 1 of customer: its values are left, under the name salvaged_1",
            "table keys: key 2 of customer: its values are left, under the name salvaged_2",
        ]
    );
    whole(&salvaged.store);
}

#[test]
fn a_page_in_the_place_of_another_keeps_nobody_from_reading_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("store"), folder.path().join("damaged"));
    let clock = SetClock::default();
    let made = rich_on(rich_options(&clock).open(&path).unwrap(), clock);
    let lines = exported(&made.store).lines().count();
    let bytes = fs::read(&path).unwrap();
    drop(made);
    let pages: Vec<_> = bytes.chunks(PAGE).skip(1).collect();
    let mut left = 0;
    for (number, other) in pages.iter().cycle().skip(1).take(pages.len()).enumerate() {
        let mut bytes = bytes.clone();
        bytes[(number + 1) * PAGE..][..PAGE].copy_from_slice(other);
        fs::write(&damaged, bytes).unwrap();
        let salvaged = Store::salvage(&damaged).unwrap_or_else(|error| panic!("page {number}: {error}"));
        let mut there = Vec::new();
        salvaged.store.export(&mut there).unwrap_or_else(|error| panic!("page {number}: {error}"));
        left += there.iter().filter(|byte| **byte == b'\n').count();
    }
    assert!(left > lines * pages.len() * 9 / 10, "{left} of {} times {lines} lines", pages.len());
}

#[test]
fn of_values_that_come_of_an_index_it_is_told_that_they_are_folded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = options().open(&path).unwrap();
    let rules = KeyRules { comparison: Comparison::CaseFolded, ..KeyKind::Enforced.into() };
    store.add_key(ManagedEntity::Customer, "email", rules).unwrap();
    store.set_many((1..=400).map(|n| (customer(n), [("email", format!("Ann{n:04}@X.com"))]))).unwrap();
    store.close().unwrap();
    assert!(destroyed(&path, b"Ann0100@", usize::MAX) > 0);
    let salvaged = Store::salvage(&path).unwrap();
    let value = salvaged.store.value(customer(100), "email").unwrap();
    assert_eq!(value.as_deref(), Some("ann0100@x.com"));
    let lost: Vec<_> = salvaged.lost.iter().map(ToString::to_string).collect();
    let told = "table customer.fields: values of key 1 that only its index has, which are folded: ";
    assert!(lost.iter().any(|lost| lost.starts_with(told)), "{lost:?}");
}

#[test]
fn a_file_that_leads_to_its_pages_again_and_again_is_read_once() {
    const SIZE: usize = PAGE << 8;
    const CHILDREN: usize = 36_000;
    const LEVELS: u64 = 6;
    let number = |level: u64, reserved: u64| 8 << 59 | reserved << 40 | level;
    let mut bytes = vec![0; PAGE];
    let (mut pages, mut checksum) = (Vec::new(), 0);
    for level in (0..LEVELS).rev() {
        let mut page = vec![2, 0];
        page.extend(u16::try_from(CHILDREN - 1).unwrap().to_le_bytes());
        page.extend([0; 4]);
        page.extend((0..CHILDREN).flat_map(|_| u128::to_le_bytes(checksum)));
        // Bits 40 to 58 mean nothing.
        page.extend((0..CHILDREN as u64).flat_map(|child| number(level + 1, child).to_le_bytes()));
        // Keys of no bytes.
        let end = page.len() + (CHILDREN - 1) * 4;
        page.extend((1..CHILDREN).flat_map(|_| u32::try_from(end).unwrap().to_le_bytes()));
        checksum = xxhash_rust::xxh3::xxh3_128(&page);
        page.resize(SIZE, 0);
        pages.push(page);
    }
    bytes.extend(pages.into_iter().rev().flatten());
    bytes[..9].copy_from_slice(b"redb\x1A\x0A\xA9\x0D\x0A");
    // The link to the tree of tables, in the first commit.
    bytes[64 + 1] = 1;
    bytes[64 + 8..][..8].copy_from_slice(&number(0, 0).to_le_bytes());
    bytes[64 + 16..][..16].copy_from_slice(&checksum.to_le_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    fs::write(&path, &bytes).unwrap();
    // It would take minutes, and with more of them years.
    assert!(matches!(Store::salvage(&path), Err(Error::Corrupt(_) | Error::NotAStore { .. })));
}

/// Looks whether nothing is there that was not, but for what values of an instance are left, and that what is missing is told
/// of; how many lines are as they were.
fn assert_left(salvaged: &Salvaged, lines: &str, how: &str) -> usize {
    let (new, missing) = compared(lines, &exported(&salvaged.store));
    assert!(missing == 0 || !salvaged.lost.is_empty(), "{how}: {missing} are missing, and nobody says so");
    assert!(new.len() <= missing, "{how}: {new:?}");
    lines.lines().count() - missing
}

#[test]
fn of_a_file_that_is_cut_off_there_is_what_stands_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cut) = (folder.path().join("store"), folder.path().join("cut"));
    let lines = filled(&path);
    let bytes = fs::read(&path).unwrap();
    let mut left = 0;
    for percent in (0..=100).step_by(5) {
        fs::write(&cut, &bytes[..bytes.len() * percent / 100]).unwrap();
        let how = format!("{percent} % of {} bytes", bytes.len());
        match Store::salvage(&cut) {
            Ok(salvaged) => left += assert_left(&salvaged, &lines, &how),
            Err(error) => {
                assert!(percent == 0 || matches!(error, Error::Corrupt(_)), "{how}: {error:?}");
            }
        }
    }
    assert!(left > lines.lines().count() * 2, "{left} lines in all");
}

#[test]
fn of_a_file_with_flipped_bits_nothing_wrong_is_read_and_what_is_lost_is_told() {
    let original = original();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let files = std::env::var(VARIABLE).map_or(120, |flips| flips.parse().unwrap());
    let (seed, mut left, mut complete) = (seed(), 0, 0);
    let mut chance = chances(seed);
    for number in 0..files {
        let mut bytes = original.bytes.clone();
        let flips = 1 << chance(9);
        let how = format!("seed {seed}, file {number} with {flips} flips");
        let first = (0..flips).map(|_| flipped(&mut bytes, &mut chance).0).min().unwrap();
        fs::write(&path, &bytes).unwrap();
        match Store::salvage(&path) {
            Ok(salvaged) => {
                left += assert_left(&salvaged, &original.lines, &how);
                complete += usize::from(salvaged.lost.is_empty());
            }
            // Its first bytes say what it is.
            Err(Error::NotAStore { .. }) => assert!(first < 9, "{how}"),
            Err(error) => panic!("{how}: {error:?}"),
        }
    }
    let all = original.lines.lines().count() * files;
    println!("{files} files; {complete} could be read to the last row, and of all {left} of {all} lines");
    assert!(complete < files && left > all * 3 / 4, "{complete} of {files} files, {left} of {all} lines");
}

#[test]
fn a_store_that_is_open_is_not_salvaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = options().open(&path).unwrap();
    assert!(matches!(Store::salvage(&path), Err(Error::AlreadyOpen { .. })));
    store.close().unwrap();
    let store = options().open_read_only(&path).unwrap();
    assert_eq!(Store::salvage(&path).unwrap().lost, []);
    drop(store);
}

#[test]
fn what_is_no_store_is_not_salvaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    assert!(matches!(Store::salvage(&path), Err(Error::StoreMissing { .. })));
    fs::write(&path, "a text of some length").unwrap();
    assert!(matches!(Store::salvage(&path), Err(Error::NotAStore { .. })));
    let other = redb::Database::create(folder.path().join("other")).unwrap();
    let txn = other.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<&str, u64>::new("customer")).unwrap();
    txn.commit().unwrap();
    drop(other);
    assert!(matches!(Store::salvage(folder.path().join("other")), Err(Error::NotAStore { .. })));
}
