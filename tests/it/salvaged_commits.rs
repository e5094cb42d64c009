//! Of the two commits that a file has, which one is read of a damaged file, and what of the other.

use std::collections::BTreeSet;
use std::fs;

use billfold::prelude::*;

use crate::salvaging::{PAGE, destroyed, filled, options};
use crate::support::chance::chances;
use crate::support::moved::exported;
use crate::support::tape::{Kept, Player, Tape};
use crate::support::workload::{self, CALLS};
use crate::support::{contract, customer, whole};

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
