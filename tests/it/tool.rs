//! The command-line tool, as a shell sees it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use billfold::prelude::*;
use tempfile::TempDir;

use crate::support::customer;
use crate::wire::SEED_CUSTOMER;

const KEY: &str = r#"{"path":"/v1/customFields/addKey","body":{"entity":"customer","key":"x_account_id","enforce_uniqueness":true}}"#;
const LIST: &str = r#"{"path":"/v1/customFields/listKeys"}"#;
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/provision.jsonl");

/// The tool, in a shell that names no store.
pub fn tool(arguments: &[&str]) -> Command {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_billfold"));
    tool.args(arguments).env_remove("BILLFOLD_STORE");
    tool
}

pub fn billfold(arguments: &[&str], input: &str) -> Output {
    let mut tool =
        tool(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A tool that stops early does not read to the end.
    let _ = tool.stdin.take().unwrap().write_all(input.as_bytes());
    tool.wait_with_output().unwrap()
}

fn apply(options: &[&str], lines: &[&str]) -> Output {
    billfold(&[&["apply", "-"], options].concat(), &lines.join("\n"))
}

fn set(id: impl std::fmt::Display, value: &str) -> String {
    format!(
        r#"{{"path":"/v1/customFields/setValues","body":{{"entity":"customer","entity_id":"{id}","custom_fields":{{"x_account_id":"{value}"}}}}}}"#
    )
}

pub fn out(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

fn statuses(output: &Output) -> Vec<u64> {
    let status =
        |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["status"].as_u64().unwrap();
    out(output).iter().map(status).collect()
}

/// Asserts the exit code and the one line of complaint; none where it is empty.
#[track_caller]
pub fn ended(output: &Output, code: i32, complaint: &str) {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(complaint) && said.is_empty() == complaint.is_empty(), "{said}");
    assert!(said.lines().count() <= 1, "{said}");
}

/// What a command that did it says, as JSON.
#[track_caller]
pub fn json(arguments: &[&str]) -> serde_json::Value {
    let output = billfold(&[arguments, &["--json"]].concat(), "");
    ended(&output, 0, "");
    let lines = out(&output);
    assert_eq!(lines.len(), 1, "{lines:?}");
    serde_json::from_str(&lines[0]).unwrap()
}

/// Its table, line by line.
#[track_caller]
pub fn table(arguments: &[&str]) -> Vec<String> {
    let output = billfold(arguments, "");
    ended(&output, 0, "");
    out(&output)
}

/// A store that was closed: the seed's customer with tier gold and an account, five more with tier iron, of which the
/// first is archived, and a product.
pub fn filled(folder: &TempDir) -> String {
    let path = at(folder, "billing.redb");
    let now = SetClock::default();
    now.set("2025-02-01T00:00:00Z".parse().unwrap());
    let options = StoreOptions::new().clock_from(&now).id_source(IdSource::Counted).adopt_unknown(true);
    let store = options.open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced).unwrap();
    let folded = KeyRules { comparison: Comparison::CaseFolded, ..KeyKind::Indexed.into() };
    store.add_key(ManagedEntity::Customer, "tier", folded).unwrap();
    let seed = CustomerId::from(SEED_CUSTOMER);
    let about = About { actor: Some("ops".into()), reason: Some("moved\nhere".into()) };
    let values = [("x_account_id", "KyVnHhSBWl7eY2bl"), ("tier", "gold")];
    store.write_as(about, |tx| tx.set_values(seed, values)).unwrap();
    for number in 1..=5 {
        store.set_values(customer(number), [("tier", "iron")]).unwrap();
    }
    store.archive(customer(1)).unwrap();
    store
        .create_product(CreateProduct {
            name: "CPU hours".into(),
            product_type: ProductType::Fixed,
            ..Default::default()
        })
        .unwrap();
    store.close().unwrap();
    path
}

pub fn at(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_example_runs_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "store.redb");
    let output = billfold(&["apply", "--adopt", EXAMPLE, "--store", &path], "");
    ended(&output, 0, "");
    assert_eq!(statuses(&output), [200; 19]);
    let store = Store::open(path).unwrap();
    let found = store.find::<CustomerId>("x_account_id", "KyVnHhSBWl7eY2bl").unwrap();
    assert_eq!(found, Some(SEED_CUSTOMER.into()));
    let key = store.key(ManagedEntity::Customer, "x_account_id").unwrap().unwrap();
    assert_eq!(key.added_at.to_string(), "2025-02-01T00:00:00Z");
    let customer = store.find_customer("team@widgetsexpress.com").unwrap().unwrap();
    let in_eu = [("region".to_owned(), "EU".to_owned())].into();
    let counts = |day: &str| store.contracts_for_usage(customer, day.parse().unwrap(), &in_eu).unwrap().len();
    assert_eq!((counts("2024-12-31T00:00:00Z"), counts("2025-01-01T00:00:00Z")), (1, 1));
    let contract = store.contracts_for_usage(customer, "2025-01-01T00:00:00Z".parse().unwrap(), &in_eu);
    let contract = store.contract(contract.unwrap()[0]).unwrap();
    assert_eq!((contract.overrides.len(), contract.usage_filter.len()), (1, 1));
}

#[test]
fn each_call_is_answered_by_a_line() {
    let output = apply(&["--counted-ids", "--adopt"], &[KEY, "", &set(SEED_CUSTOMER, "a"), LIST]);
    ended(&output, 0, "");
    let lines = [
        r#"{"status":200,"body":{"data":{"id":"00000000-0000-7000-8000-000000000001"}}}"#,
        r#"{"status":200,"body":null}"#,
        r#"{"status":200,"body":{"data":[{"entity":"customer","key":"x_account_id","enforce_uniqueness":true}],"next_page":null}}"#,
    ];
    assert_eq!(out(&output), lines);
}

#[test]
fn what_one_run_stored_the_next_one_finds() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "store.redb");
    let first = apply(&["--store", &path, "--adopt"], &[KEY, &set(SEED_CUSTOMER, "a")]);
    ended(&first, 0, "");
    let other = "00000000-0000-0000-0000-000000000001";
    let second = apply(&["--store", &path, "--adopt"], &[&set(SEED_CUSTOMER, "a"), &set(other, "a")]);
    ended(&second, 1, "line 2 was refused: ");
    assert_eq!(statuses(&second), [200, 409]);
    assert!(out(&second)[1].contains(&format!("is held by customer {SEED_CUSTOMER}")));
    let store = Store::open(path).unwrap();
    assert!(!store.exists(CustomerId::from(uuid::Uuid::from_u128(1))).unwrap());
}

#[test]
fn a_call_whose_answer_was_printed_is_on_disk_when_the_tool_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "store.redb");
    let mut tool =
        tool(&["apply", "-", "--store", &path]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut calls = tool.stdin.take().unwrap();
    writeln!(calls, "{KEY}").unwrap();
    let mut line = String::new();
    BufReader::new(tool.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with(r#"{"status":200,"#) && line.ends_with('\n'), "{line}");
    tool.kill().unwrap();
    tool.wait().unwrap();
    let store = Store::open(path).unwrap();
    assert!(store.key(ManagedEntity::Customer, "x_account_id").unwrap().is_some());
}

#[test]
fn counted_ids_make_every_run_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let runs = ["a.redb", "b.redb"].map(|name| {
        let path = at(&folder, name);
        billfold(&["apply", EXAMPLE, "--adopt", "--counted-ids", "--store", &path], "")
    });
    ended(&runs[0], 0, "");
    assert_eq!(runs[0].stdout, runs[1].stdout);
    let uncounted = [(); 2].map(|()| billfold(&["apply", EXAMPLE, "--adopt"], ""));
    assert_ne!(uncounted[0].stdout, uncounted[1].stdout);
}

#[test]
fn unknown_ids_are_refused_unless_they_are_adopted() {
    let lines = [KEY, &set(SEED_CUSTOMER, "a")];
    let output = apply(&[], &lines);
    ended(&output, 1, "line 2 was refused");
    assert_eq!(statuses(&output), [200, 404]);
    ended(&apply(&["--adopt"], &lines), 0, "");
}

#[test]
fn the_first_refusal_stops_a_run_unless_it_keeps_going() {
    let lines = [KEY, KEY, LIST];
    let output = apply(&[], &lines);
    ended(&output, 1, "line 2 was refused: ");
    assert_eq!(statuses(&output), [200, 400]);
    let output = apply(&["--keep-going"], &lines);
    ended(&output, 0, "");
    assert_eq!(statuses(&output), [200, 400, 200]);
}

#[test]
fn a_line_that_is_no_call_stops_every_run_with_its_number_and_exit_code_2() {
    let lines = [
        ("{", "it is not JSON"),
        (r#"{"path":"/","boddy":{}}"#, "boddy: unknown field"),
        (r#"{"path":"${x}"}"#, r#""x" is the name of no call before this line"#),
        (r#"{"now":"today"}"#, "now: \"today\" is not a moment"),
    ];
    for (line, reason) in lines {
        for options in [&[][..], &["--keep-going"]] {
            let output = apply(options, &[KEY, "", line, LIST]);
            ended(&output, 2, &format!("billfold: line 3 is not a call: {reason}"));
            assert_eq!(statuses(&output), [200]);
        }
    }
}

#[test]
fn references_lead_to_earlier_answers() {
    let list = r#"{"path":"/v1/customFields/listKeys","as":"keys"}"#;
    let key = KEY.replacen('{', r#"{"as":"made","#, 1);
    let set = set("${made}", "${made.data.id}").replace(r#""x_account_id""#, r#""${keys.data.0.key}""#);
    let output = apply(&["--adopt"], &[&key, list, &set]);
    ended(&output, 0, "");
}

#[test]
fn now_lines_set_the_clock_and_print_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "store.redb");
    let now = r#"{"now":"2031-01-01T00:00:00Z"}"#;
    let output = apply(&["--store", &path], &[now, KEY]);
    ended(&output, 0, "");
    assert_eq!(out(&output).len(), 1);
    let store = Store::open(path).unwrap();
    assert_eq!(store.keys(&[]).unwrap()[0].added_at.to_string(), "2031-01-01T00:00:00Z");
}

#[test]
fn a_store_that_cannot_be_opened_is_one_line_of_complaint_also_when_keeping_going() {
    let folder = tempfile::tempdir().unwrap();
    let other = at(&folder, "other.txt");
    std::fs::write(&other, "these are notes, and no store at all\n".repeat(200)).unwrap();
    let held = at(&folder, "held.redb");
    let _holder = Store::open(&held).unwrap();
    let cases = [
        (at(&folder, "none/store.redb"), "no such folder"),
        (other, "not a billfold store"),
        (held, "the store is open already"),
    ];
    for (path, complaint) in cases {
        let output = apply(&["--keep-going", "--store", &path], &[KEY]);
        ended(&output, 1, complaint);
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_missing_script_leaves_no_store_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "store.redb");
    let output = billfold(&["apply", &at(&folder, "none.jsonl"), "--store", &path], "");
    ended(&output, 1, "none.jsonl: ");
    assert!(!Path::new(&path).exists());
}

#[test]
fn wrong_arguments_have_exit_code_2() {
    for arguments in [&["apply"][..], &["apply", "-", "--sotre", "x"], &["aply"], &[]] {
        assert_eq!(billfold(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_printed_stops_the_run() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let tool = tool(&["apply", EXAMPLE, "--adopt"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    ended(&tool.wait_with_output().unwrap(), 1, "the answer to line 2 cannot be written");
}
