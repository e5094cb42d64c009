//! Bits that flip in a store's file, and files that are cut off: nothing wrong is answered, nobody panics, and whoever looks
//! is told.

use std::fs;
use std::path::Path;

use billfold::prelude::*;
use serde_json::Value;

use crate::support::chance::{chances, seed};
use crate::support::disk::Disk;
use crate::support::moved::exported;
use crate::support::workload::{CALLS, options};
use crate::support::{customer, whole};

/// How many bits flip; each by itself.
pub const VARIABLE: &str = "BILLFOLD_FLIPS";

pub struct Original {
    pub bytes: Vec<u8>,
    pub lines: String,
    values: Vec<Option<std::collections::BTreeMap<String, String>>>,
}

const CUSTOMERS: std::ops::Range<u128> = 0..221;

/// The file of a store's life.
pub fn original() -> Original {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = options().open(&path).unwrap();
    for (_, call) in CALLS {
        call(&store).unwrap();
    }
    let (lines, values) = (exported(&store), CUSTOMERS.map(|n| values_of(&store, n).unwrap()).collect());
    store.close().unwrap();
    Original { bytes: fs::read(path).unwrap(), lines, values }
}

fn values_of(store: &Store, n: u128) -> Result<Option<std::collections::BTreeMap<String, String>>, Error> {
    let values = store.exists(customer(n))?.then(|| store.values(customer(n))).transpose()?;
    Ok(values.map(|values| values.into_iter().collect()))
}

/// All lines, where it can be read to its end.
fn lines(store: &Store) -> Option<String> {
    let mut lines = Vec::new();
    store.export(&mut lines).ok().map(|_| String::from_utf8(lines).unwrap())
}

/// Flips a bit, near bytes that are not zero: which.
pub fn flipped(bytes: &mut [u8], chance: &mut impl FnMut(u64) -> u64) -> (usize, u64) {
    let used: Vec<_> =
        bytes.chunks(64).enumerate().filter(|(_, part)| part.iter().any(|byte| *byte != 0)).collect();
    let mut below = |end: usize| usize::try_from(chance(end as u64)).unwrap();
    let place = used[below(used.len())].0 * 64 + below(64);
    let bit = chance(8);
    bytes[place] ^= 1 << bit;
    (place, bit)
}

/// Whether the error is one that damage may come to.
#[track_caller]
fn is_of_damage(error: &Error, how: &str) {
    let fits = matches!(error, Error::Corrupt(_) | Error::NotAStore { .. } | Error::Closed(_));
    assert!(fits, "{how}: {error:?}");
}

/// Looks whether each line is of one that was there, of which something can be hidden.
fn assert_no_other(lines: &str, original: &Original, how: &str) {
    let parsed = |lines: &str| -> Vec<Value> {
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let there = parsed(&original.lines);
    for line in parsed(lines) {
        assert!(there.iter().any(|it| is_of(&line, it)), "{how}: a wrong line was read: {line}");
    }
}

/// Whether all that one says the other says too.
fn is_of(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|it| is_of(value, it)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.iter().all(|value| whole.iter().any(|it| is_of(value, it)))
        }
        _ => part == whole,
    }
}

/// What comes of the file with these bytes.
struct Came {
    refused: bool,
    /// Whether it could be opened, without a look first.
    opened: bool,
    /// Whether something else is answered than was, or nothing.
    differs: bool,
    found: bool,
    /// Whether it is said in which table.
    named: bool,
}

fn tried(path: &Path, bytes: &[u8], original: &Original, how: &str) -> Came {
    fs::write(path, bytes).unwrap();
    let refused = match options().verify_on_open(true).open(path) {
        Ok(store) => {
            assert_eq!(lines(&store).as_ref(), Some(&original.lines), "{how}: wrong data were let in");
            store.close().unwrap();
            false
        }
        Err(error) => {
            is_of_damage(&error, how);
            assert!(fs::read(path).unwrap() == bytes, "{how}: a damaged file was written to");
            true
        }
    };
    fs::write(path, bytes).unwrap();
    let store = match options().open(path) {
        Ok(store) => store,
        Err(error) => {
            is_of_damage(&error, how);
            return Came { refused, opened: false, differs: true, found: true, named: false };
        }
    };
    let (found, named) = match store.verify() {
        Ok(verified) => {
            let named = verified.problems.iter().any(|problem| problem.table != "file");
            (!verified.problems.is_empty(), named)
        }
        Err(error) => {
            is_of_damage(&error, how);
            (true, false)
        }
    };
    // A store that met damage is closed; what is read is read from a new one.
    drop(store);
    fs::write(path, bytes).unwrap();
    let mut store = options().open(path).unwrap();
    let read = lines(&store);
    let mut differs = read.as_ref() != Some(&original.lines);
    if differs {
        assert_no_other(read.as_deref().unwrap_or_default(), original, how);
    }
    for (n, expected) in CUSTOMERS.zip(&original.values) {
        match values_of(&store, n) {
            Ok(None) => differs |= expected.is_some(),
            Ok(values) => assert_eq!(&values, expected, "{how}: a wrong value was read"),
            Err(error) => {
                is_of_damage(&error, how);
                differs = true;
                drop(store);
                fs::write(path, bytes).unwrap();
                store = options().open(path).unwrap();
            }
        }
    }
    Came { refused, opened: true, differs, found, named }
}

#[test]
fn of_a_flipped_bit_no_wrong_value_is_read_and_whoever_looks_is_told() {
    let original = original();
    let flips = std::env::var(VARIABLE).map_or(120, |flips| flips.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (seed, mut refused, mut differed) = (seed(), 0, 0);
    let mut chance = chances(seed);
    for number in 0..flips {
        let mut bytes = original.bytes.clone();
        let (place, bit) = flipped(&mut bytes, &mut chance);
        let how = format!("seed {seed}, flip {number}: bit {bit} of byte {place}");
        let came = tried(&path, &bytes, &original, &how);
        assert!(came.found || !came.differs, "{how}: verify found nothing, and something is not as it was");
        assert!(came.refused || !came.differs, "{how}: it was let in, and something is not as it was");
        assert!(came.named || !came.opened || !came.differs, "{how}: it is not said in which table");
        refused += usize::from(came.refused);
        differed += usize::from(came.differs);
    }
    println!("{flips} flips; {differed} would have changed an answer, {refused} were refused at once");
    assert!(differed > 0 && refused >= differed, "{differed} of {flips}, {refused}");
}

#[test]
fn a_file_that_is_cut_off_is_refused_or_whole() {
    let original = original();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let seed = seed();
    let mut chance = chances(seed);
    for number in 0..24 {
        let len = 1 + usize::try_from(chance(original.bytes.len() as u64 - 1)).unwrap();
        let how = format!("seed {seed}, cut {number}: {len} of {} bytes", original.bytes.len());
        let came = tried(&path, &original.bytes[..len], &original, &how);
        assert!(came.refused && came.found, "{how}");
    }
}

#[test]
fn of_a_file_that_was_not_closed_a_damaged_commit_is_one_that_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("store"), folder.path().join("damaged"));
    let store = options().open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    let states = ["before", "last"].map(|value| {
        store.set_values(customer(1), [("slot", value)]).unwrap();
        exported(&store)
    });
    let bytes = fs::read(&path).unwrap();
    drop(store);
    let mut seen = [0, 0];
    // The header has the two commits at 64 and at 192.
    for bit in (64 * 8..320 * 8).step_by(11) {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&damaged, &bytes).unwrap();
        match options().verify_on_open(true).open(&damaged) {
            Ok(store) => {
                let lines = exported(&store);
                let state = states.iter().position(|state| *state == lines);
                seen[state.unwrap_or_else(|| panic!("bit {bit}: neither of the two states"))] += 1;
            }
            Err(error) => is_of_damage(&error, &format!("bit {bit}")),
        }
    }
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
}

#[test]
fn what_is_wrong_is_told_with_its_table_and_the_indexes_can_be_made_anew() {
    let disk = Disk::default();
    let store = options().on_backend(disk.clone()).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.set_many((1..=300).map(|n| (customer(n), [("slot", format!("slot {n:04}"))]))).unwrap();
    store.close().unwrap();
    let whole_lines = exported(&options().on_backend(disk.copy()).unwrap());

    // In the index the value is followed by the next one's, in the row by its length.
    let bytes = disk.bytes();
    let index: Vec<_> = bytes.windows(18).enumerate().filter(|(_, it)| it == b"slot 0007slot 0008").collect();
    let mut bytes = bytes.clone();
    assert!(!index.is_empty(), "the index is not laid out as it was");
    for (place, _) in index {
        bytes[place + 5] = b'9';
    }
    let disk = Disk::of(bytes);
    let store = options().on_backend(disk.clone()).unwrap();
    let problems = store.verify().unwrap().problems;
    let of = |name: &str| problems.iter().filter(|problem| problem.table == name).count();
    assert!(of("customer.unique.1") >= 1 && of("file") == 1, "{problems:#?}");
    assert!(
        problems.iter().all(|problem| !problem.what.contains("slot ")),
        "no values are told: {problems:#?}"
    );
    let refused = options().verify_on_open(true).on_backend(disk.copy()).unwrap_err();
    assert!(matches!(refused, Error::Corrupt(_)), "{refused:?}");

    let rebuilt = store.rebuild_indexes().unwrap();
    assert_eq!((rebuilt.rows, rebuilt.restored, rebuilt.removed), (300, 1, 1), "{rebuilt:?}");
    whole(&store);
    assert_eq!(store.find("slot", "slot 0007").unwrap(), Some(customer(7)));
    assert_eq!(exported(&store), whole_lines);
}
