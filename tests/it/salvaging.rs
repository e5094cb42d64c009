//! What is read of damaged files: all that is whole, nothing that is not, and a word on what is lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use billfold::Salvaged;
use billfold::prelude::*;

use crate::damage::{VARIABLE, flipped, original};
use crate::support::chance::{chances, seed};
use crate::support::moved::{exported, rich_on, rich_options};
use crate::support::tape::{Kept, Player, Tape};
use crate::support::workload::{self, CALLS};
use crate::support::{contract, customer, whole};

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
fn what_the_last_commit_has_lost_is_taken_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("store"), folder.path().join("damaged"));
    filled(&path);
    let store = options().open(&path).unwrap();
    store.set_values(customer(9), [("note", "the last but one")]).unwrap();
    let before = exported(&store);
    store.set_values(customer(9), [("note", "the last one")]).unwrap();
    let last = exported(&store);
    // As a crash leaves it: closing it would be one more commit.
    let bytes = fs::read(&path).unwrap();
    drop(store);
    let restored = |note: &str| {
        fs::write(&damaged, &bytes).unwrap();
        // In the customer's row the key's number and the value's length stand before the value; not so in the journal.
        let row = [&[2, u8::try_from(note.len()).unwrap()], note.as_bytes()].concat();
        assert_eq!(destroyed(&damaged, &row, usize::MAX), 1, "{note}");
        Store::salvage(&damaged).unwrap()
    };
    let salvaged = restored("the last but one");
    assert_eq!(exported(&salvaged.store), last);
    assert_eq!(salvaged.lost, []);
    let salvaged = restored("the last one");
    assert_eq!(exported(&salvaged.store), before);
    let lost: Vec<_> = salvaged.lost.iter().map(ToString::to_string).collect();
    assert_eq!(lost, ["table file: the last commit; what there is, is of the one before it"]);
}

#[test]
fn what_stands_in_no_list_of_tables_is_found_by_a_list_of_whatever_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("store"), folder.path().join("damaged"));
    let lines = filled(&path);
    let bytes = fs::read(&path).unwrap();
    // The header is lost but for the bytes that say what the file is.
    let mut headless = bytes.clone();
    headless[9..512].fill(0);
    fs::write(&damaged, headless).unwrap();
    let salvaged = Store::salvage(&damaged).unwrap();
    assert_eq!(exported(&salvaged.store), lines);
    assert!(salvaged.lost.iter().any(|lost| lost.table == "customer.fields"), "{:?}", salvaged.lost);
    whole(&salvaged.store);
    // Every list of tables that there ever was.
    fs::write(&damaged, bytes).unwrap();
    assert!(destroyed(&damaged, b"customer.fields", usize::MAX) > 0);
    assert!(matches!(Store::salvage(&damaged), Err(Error::Corrupt(_))));
}

#[test]
fn the_newer_commit_is_read_whichever_the_header_says_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("store"), folder.path().join("damaged"));
    filled(&path);
    let store = options().open(&path).unwrap();
    for note in ["the last but one", "the last one"] {
        store.set_values(customer(9), [("note", note)]).unwrap();
        // As a crash leaves it.
        let mut bytes = fs::read(&path).unwrap();
        bytes[9] ^= 1;
        fs::write(&damaged, bytes).unwrap();
        let salvaged = Store::salvage(&damaged).unwrap();
        assert_eq!(salvaged.store.value(customer(9), "note").unwrap().as_deref(), Some(note));
        assert_eq!(salvaged.lost, []);
    }
}

#[test]
fn of_what_a_crash_leaves_there_is_one_of_two_commits_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, tape) = (folder.path().join("store"), Tape::default());
    let store = workload::options().on_backend(tape.clone()).unwrap();
    let made = tape.len();
    let mut states = BTreeSet::from([exported(&store)]);
    for (_, call) in CALLS {
        call(&store).unwrap();
        states.insert(exported(&store));
    }
    drop(store);
    let (mut player, mut tried) = (Player::of(&tape), 0);
    while player.step() {
        if player.at() < made || player.at() % 3 != 0 {
            continue;
        }
        fs::write(&path, player.image(Kept::All, &mut chances(0)).bytes()).unwrap();
        let salvaged = Store::salvage(&path).unwrap();
        let how = format!("behind step {}: {:?}", player.at(), salvaged.lost);
        assert!(states.contains(&exported(&salvaged.store)), "{how}");
        // Nobody can tell a commit that was cut off from one that is damaged.
        assert!(salvaged.lost.iter().all(|lost| lost.what.starts_with("the last commit")), "{how}");
        whole(&salvaged.store);
        tried += 1;
    }
    assert!(tried > 50, "{tried} images");
}

#[test]
fn what_was_forgotten_does_not_come_back_because_others_are_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("store"), folder.path().join("damaged"));
    let store = options().open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    let create = |n: u32| CreateCustomer {
        name: format!("Customer {n:04}"),
        custom_fields: [("slot", format!("slot {n:04}")), ("tier", format!("tier {n:04}"))].into(),
        ..CreateCustomer::default()
    };
    let made: Vec<_> = (0..1_000).map(create).collect();
    let made = store
        .write(|tx| made.into_iter().map(|create| tx.create_customer(create)).collect::<Result<Vec<_>, _>>())
        .unwrap();
    store.set_values(made[1], [("tier", "the last but one")]).unwrap();
    store.forget(made[900]).unwrap();
    let lines = exported(&store);
    let bytes = fs::read(&path).unwrap();
    drop(store);
    // In an index, and in the records, where a name stands behind the envelope.
    for (bytes_there, costs) in
        [(&b"slot 0100slot 0101"[..], false), (b"tier 0100\0\0", false), (b"\x0dCustomer 0100", true)]
    {
        fs::write(&damaged, &bytes).unwrap();
        assert!(destroyed(&damaged, bytes_there, usize::MAX) > 0);
        let salvaged = Store::salvage(&damaged).unwrap();
        assert!(!salvaged.store.exists(made[900]).unwrap(), "{:?}", salvaged.lost);
        assert_eq!(!salvaged.lost.is_empty(), costs, "{:?}", salvaged.lost);
        assert_eq!(exported(&salvaged.store) != lines, costs);
        whole(&salvaged.store);
    }
}

#[test]
fn a_page_that_was_written_anew_behind_the_commit_before_the_last_is_none_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = options().open(&path).unwrap();
    for entity in [ManagedEntity::Customer, ManagedEntity::Contract] {
        store.add_key(entity, "memo", KeyKind::Unindexed).unwrap();
    }
    store.set_values(contract(1), [("memo", "of a contract")]).unwrap();
    store.set_values(customer(2), [("memo", "the last but one")]).unwrap();
    store.set_values(customer(2), [("memo", "the last one")]).unwrap();
    let bytes = fs::read(&path).unwrap();
    drop(store);
    let pages = |bytes: &[u8], value: &str| {
        // In the row the value's length stands before it.
        let row = [&[u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
        let places = bytes.windows(row.len()).enumerate().filter(|(_, it)| *it == row);
        // Each change is in the journal too, which is kept elsewhere.
        places.map(|(place, _)| place / PAGE * PAGE).collect::<BTreeSet<_>>()
    };
    let of_the_contract = pages(&bytes, "of a contract");
    for stands_there in of_the_contract {
        let page = bytes[stands_there..stands_there + PAGE].to_vec();
        let mut bytes = bytes.clone();
        for place in pages(&bytes, "the last but one") {
            bytes[place..place + PAGE].copy_from_slice(&page);
        }
        for place in pages(&bytes, "the last one") {
            bytes[place..place + PAGE].fill(0xab);
        }
        fs::write(&path, &bytes).unwrap();
        let salvaged = Store::salvage(&path).unwrap();
        assert!(!salvaged.store.exists(customer(1)).unwrap(), "a contract is read as a customer");
        assert!(!salvaged.lost.is_empty());
    }
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
