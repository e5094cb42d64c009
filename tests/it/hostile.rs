//! What the fuzzer does, on bytes made here: of calls and lines that are good, with pieces that are not.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::moved::exported;

#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#[path = "../../fuzz/bodies.rs"]
mod bodies;

/// How many bytes of each kind are tried.
const VARIABLE: &str = "BILLFOLD_HOSTILE_CASES";

/// Pieces that have been trouble somewhere.
const PIECES: [&str; 24] = [
    "\\ud800",
    "\\udc00",
    "\\u0000",
    "\u{0}",
    "\u{FFFD}",
    "1e999",
    "-0",
    "1e-999",
    "0.1e1",
    "-1",
    "9223372036854775808",
    "99999999999999999999999999999999999999",
    "79228162514264337593543950336",
    "0.00000000000000000000000000001",
    "null",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\"\"",
    "{}",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2025-02-30T00:00:00Z",
    "2025-01-01T00:00:00+23:59",
    "-9999-01-01T00:00:00Z",
];

/// What is done to good bytes.
#[derive(Debug, Clone)]
enum Change {
    Byte(Index, u8),
    Piece(Index, &'static str),
    /// In place of the next value, as far as such can be told.
    Value(Index, &'static str),
    Cut(Index, Index),
    Twice(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (place(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Piece(at, piece)),
        (place(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Value(at, piece)),
        (place(), place()).prop_map(|(from, to)| Change::Cut(from, to)),
        (place(), place()).prop_map(|(from, to)| Change::Twice(from, to)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let at = |index: &Index| index.index(bytes.len());
        match change {
            Change::Byte(place, byte) => {
                let place = at(place);
                bytes[place] = *byte;
            }
            Change::Piece(place, piece) => drop(bytes.splice(at(place)..at(place), piece.bytes())),
            Change::Value(place, piece) => {
                let Some(start) = bytes.iter().skip(at(place)).position(|byte| *byte == b':') else {
                    continue;
                };
                let start = at(place) + start + 1;
                let ends = |byte: &u8| b",}]".contains(byte);
                let end = bytes.iter().skip(start).position(ends).map_or(bytes.len(), |end| start + end);
                drop(bytes.splice(start..end, piece.bytes()));
            }
            Change::Cut(from, to) => {
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                drop(bytes.drain(from..to));
            }
            Change::Twice(from, to) => {
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                let again = bytes[from..to].to_vec();
                drop(bytes.splice(to..to, again));
            }
        }
    }
    bytes
}

/// Good bytes for a body.
fn seeds(body: &str) -> Vec<Vec<u8>> {
    match body {
        "wire" => {
            let calls = bodies::seeds();
            let by_number = calls
                .iter()
                .enumerate()
                .map(|(number, (_, body))| [&[u8::try_from(number).unwrap()], body.as_bytes()].concat());
            let written =
                calls.iter().map(|(path, body)| format!("\u{7f}POST\n{path}\nlimit=2\n{body}").into_bytes());
            by_number.chain(written).collect()
        }
        "script" => vec![bodies::CALLS.into()],
        "import" => vec![exported(&crate::support::moved::rich().store).into()],
        "cursor" => {
            let store = crate::wire::seeded();
            let page = billfold::prelude::PageRequest::first(1);
            use billfold::prelude::*;
            store.adopt(CustomerId::from(uuid::Uuid::from_u128(1))).unwrap();
            let cursor = store.entities(ManagedEntity::Customer, &page).unwrap().next.unwrap();
            vec![cursor.to_string().into_bytes()]
        }
        "stored" | "salvaged" => vec![vec![0; 40], (0..=255).collect()],
        // Each table, its first row: a number that is too large, and nothing at all that is changed.
        "rows" => {
            (0..40).flat_map(|table| [vec![table, 0, 0, 0xff, 0xff, 0xff, 0xff], vec![table, 0, 0]]).collect()
        }
        _ => vec![b"x_account_id\0KyVnHhSBWl7eY2bl".to_vec(), "schlüssel\0\u{1F4B0}".into()],
    }
}

/// Runs a body on bytes of every kind.
fn tried(body: &str) {
    let cases = std::env::var(VARIABLE).map_or(96, |cases| cases.parse().unwrap());
    let (_, run) = bodies::ALL.into_iter().find(|(name, _)| *name == body).unwrap();
    let seeds = seeds(body);
    seeds.iter().for_each(|seed| run(seed));
    let near = (select(seeds), proptest::collection::vec(change(), 1..6));
    let near = near.prop_map(|(seed, changes)| changed(seed, &changes));
    let bytes = prop_oneof![6 => near, 1 => proptest::collection::vec(any::<u8>(), 0..200)];
    proptest!(ProptestConfig::with_cases(cases), |(bytes in bytes)| run(&bytes));
}

#[test]
fn any_bytes_as_a_call_are_answered_and_change_nothing_where_they_are_refused() {
    tried("wire");
}

#[test]
fn any_lines_as_a_script_leave_a_whole_store() {
    tried("script");
}

#[test]
fn any_lines_as_an_import_are_taken_whole_or_not_at_all() {
    tried("import");
}

#[test]
fn any_text_as_a_cursor_is_a_place_in_a_list_or_refused() {
    tried("cursor");
}

#[test]
fn any_bytes_in_a_file_are_found_out_where_they_are_read() {
    tried("stored");
}

#[test]
fn of_a_file_with_any_bytes_nothing_wrong_is_salvaged() {
    tried("salvaged");
}

#[test]
fn any_record_behind_a_checksum_that_fits_is_an_error_at_most() {
    tried("rows");
}

#[test]
fn any_text_as_a_key_and_a_value_is_kept_or_refused() {
    tried("keys");
}
