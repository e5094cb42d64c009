//! What the fuzzer does, on bytes made here: of calls and lines that are good, with pieces that are not.

use proptest::prelude::*;
use proptest::sample::{Index, select};

#[cfg(target_os = "linux")]
use crate::support::alone;
use crate::support::moved::exported;

#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#[path = "../../fuzz/bodies.rs"]
pub mod bodies;

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

/// A text of 10 MB is the largest that is tried,
const HUGE: usize = 10 << 20;
/// and so many times as much memory may be taken at any time: by the test, which holds it twice, by what it is read into, and
/// by the error that names it.
const MOST_TIMES: usize = 10;

const PARTS: [Part; 4] = [Part::Text, Part::Name, Part::Number, Part::Depth];

/// What is made too large.
#[derive(Debug, Clone, Copy)]
enum Part {
    Text,
    Name,
    Number,
    Depth,
}

/// The body with such a part of that many bytes, if it has one.
fn enlarged(body: &str, part: Part, bytes: usize) -> Option<String> {
    let with = |at: usize, filling: &str| {
        [&body[..at], &filling.repeat(bytes / filling.len()), &body[at..]].concat()
    };
    Some(match part {
        Part::Text => with(body.rfind(":\"")? + 2, "x"),
        Part::Name => with(body.find('"')? + 1, "x"),
        Part::Number => with(body.rfind(|digit: char| digit.is_ascii_digit())?, "9"),
        Part::Depth => with(body.find(':')? + 1, "["),
    })
}

/// How much memory the process has had at most, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "measures the whole process; run alone by the test below"]
fn the_process() {
    use billfold::prelude::*;
    use billfold::{Import, Script};

    let huge = "x".repeat(HUGE);
    let store = crate::wire::seeded();
    let before = peak();
    let asked = |path: &str, query: &[(&str, &str)], body: &[u8]| {
        let last = store.last_change().unwrap();
        let answer = store.handle("POST", path, query, body);
        assert!(answer.body.len() < 10_000 && !answer.is_failure(), "{path}: {:.600}", answer.body);
        // A customer's name is cut off, as the vendor does.
        let is_cut = path == "/v1/customers" && answer.is_success();
        assert!(is_cut || store.last_change().unwrap() == last, "{path}: {answer}");
    };
    for (path, body) in bodies::seeds() {
        for body in PARTS.into_iter().filter_map(|part| enlarged(body, part, HUGE)) {
            asked(path, &[], body.as_bytes());
        }
        asked(path, &[("next_page", &huge), (&huge, "1")], b"{}");
    }
    let last = store.last_change().unwrap();
    for line in exported(&crate::support::moved::rich().store).lines().take(20) {
        for line in PARTS.into_iter().filter_map(|part| enlarged(line, part, HUGE)) {
            assert!(Import::into(&store).read(line.as_bytes()).is_err());
        }
    }
    let line =
        format!(r#"{{"path":"/v1/customFields/addKey","body":{{"entity":"customer","key":"{huge}"}}}}"#);
    assert!(Script::new(&store).run(line.as_bytes(), |_| Ok(())).is_err());
    let customer = CustomerId::from(uuid::Uuid::from_u128(1));
    let error = store.set_values(customer, [("x_account_id", &*huge)]).unwrap_err().to_string();
    assert!(error.len() < 10_000);
    assert!(store.find::<CustomerId>("x_account_id", &huge).is_ok_and(|found| found.is_none()));
    assert!(huge.parse::<Cursor>().is_err() && huge.parse::<Time>().is_err());
    assert_eq!(store.last_change().unwrap(), last, "a refusal changed something");
    let taken = peak() - before;
    println!("at most {} KB for texts of {} KB", taken >> 10, HUGE >> 10);
    assert!(taken < HUGE * MOST_TIMES, "{} KB", taken >> 10);
}

#[cfg(target_os = "linux")]
#[test]
fn whatever_is_huge_is_refused_in_memory_of_a_few_times_its_size() {
    let said = alone("hostile::the_process");
    assert!(said.contains("KB for texts of"), "{said}");
    print!("{said}");
}
