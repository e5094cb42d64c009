//! The commands of the tool that move data: export, import.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use billfold::Export;
use billfold::prelude::*;
use serde_json::{Value, json};

use crate::support::whole;
use crate::tool::{at, billfold, ended, filled, json, out, table, tool};

#[test]
fn what_is_exported_and_imported_is_exported_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (filled(&folder), at(&folder, "billing.jsonl"));
    let copy = at(&folder, "copy.redb");
    let exported = table(&["export", &file, "--store", &path]);
    let lines = fs::read(&file).unwrap();
    let number = lines.split(|byte| *byte == b'\n').count() - 1;
    assert!(exported[0].starts_with(&format!("{number} lines, ")), "{exported:?}");
    let printed = billfold(&["export", "--store", &path], "");
    ended(&printed, 0, "");
    assert_eq!(printed.stdout, lines);

    let report = json(&["import", &file, "--store", &copy]);
    let expected = json!({
        "applied": true, "lines": number, "added": number - 1, "changed": 0, "unchanged": 0, "refused": 0,
        "bad_lines": [],
    });
    assert_eq!(report, expected);
    let again = table(&["import", &file, "--store", &copy]);
    assert_eq!(again, ["lines  added  changed  unchanged  refused", "10     0      0        9          0"]);
    let printed = billfold(&["export", "-", "--store", &copy], "");
    assert_eq!(printed.stdout, lines);
    whole(&Store::open(copy).unwrap());
}

#[test]
fn how_many_lines_an_export_has_is_known_before_it_is_written() {
    let calls = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/provision.jsonl")).unwrap();
    let options = StoreOptions::new().adopt_unknown(true);
    let now = "2025-02-01T00:00:00Z".parse().unwrap();
    let store = Fixture::from_script_with(options, now, calls.as_slice()).unwrap().fork().unwrap();
    let customer = store.find_customer("team@widgetsexpress.com").unwrap().unwrap();
    // An invoice can show what it had before.
    store.set_values(customer, [("x_account_id", "b")]).unwrap();
    store.set_values(customer, [("x_account_id", "c")]).unwrap();
    let export = Export::of(&store).unwrap();
    let most = export.most_lines().unwrap();
    assert_eq!(export.write(std::io::sink()).unwrap().lines, most);
    let some = Export::of(&store).unwrap().only(&[ManagedEntity::ContractProduct]);
    let most_of_some = some.most_lines().unwrap();
    let lines = some.write(std::io::sink()).unwrap().lines;
    assert!(lines <= most_of_some && most_of_some < most, "{lines}, {most_of_some}, {most}");
}

#[test]
fn an_export_of_some_entities_has_these_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let output = billfold(&["export", "--only", "contract_product,contract", "--store", &path], "");
    ended(&output, 0, "");
    let lines = out(&output);
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains("CPU hours"));
    let output = billfold(&["export", "--only", "customer,plan", "--store", &path], "");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_export_replaces_a_file_by_force_alone_and_the_store_never() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (filled(&folder), at(&folder, "notes.txt"));
    fs::write(&file, "notes").unwrap();
    let refused = billfold(&["export", &file, "--store", &path], "");
    ended(&refused, 1, "notes.txt: it is there already; --force replaces it");
    assert_eq!(fs::read_to_string(&file).unwrap(), "notes");
    let answer = json(&["export", &file, "--force", "--store", &path]);
    assert_eq!(answer, json!({"lines": 10, "bytes": fs::metadata(&file).unwrap().len()}));

    let before = fs::read(&path).unwrap();
    let refused = billfold(&["export", &path, "--force", "--store", &path], "");
    ended(&refused, 1, "billing.redb: it is the store itself");
    assert_eq!(fs::read(&path).unwrap(), before);
    let within = at(&folder, "none/billing.jsonl");
    ended(&billfold(&["export", &within, "--store", &path], ""), 1, "none/billing.jsonl: ");
    let over_a_folder =
        billfold(&["export", folder.path().to_str().unwrap(), "--force", "--store", &path], "");
    ended(&over_a_folder, 1, "it is no file that could be replaced");
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["billing.redb", "notes.txt"], "nothing that was begun is left");
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_that_cannot_be_written_says_so_and_one_that_nobody_reads_on_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    for command in [&["export"][..], &["keys"], &["stats"]] {
        let arguments = [command, &["--store", &path]].concat();
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let spawned = tool(&arguments).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        ended(&spawned.wait_with_output().unwrap(), 1, "cannot be written: No space left");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let spawned = tool(&arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        ended(&spawned.wait_with_output().unwrap(), 0, "");
    }
}

const GOOD: &str = r#"{"instance":{"entity":"customer","id":"00000000-0000-0000-0000-0000000000aa","custom_fields":{"tier":"tin"}}}"#;
const BAD: &str = r#"{"instance":{"entity":"customer","id":"00000000-0000-0000-0000-0000000000bb","custom_fields":{"tear":"tin"}}}"#;

/// The report of an import of a good and of two bad lines, which ends with this complaint.
#[track_caller]
fn mixed(path: &str, options: &[&str], complaint: &str) -> Value {
    let input = [GOOD, BAD, "{"].join("\n");
    let arguments = [&["import", "-", "--json", "--store", path], options].concat();
    let output = billfold(&arguments, &input);
    ended(&output, 1, complaint);
    serde_json::from_str(&out(&output)[0]).unwrap()
}

fn has_tin(path: &str) -> bool {
    let count = json(&[
        "query",
        "customer",
        r#"{"equals":{"key":"tier","value":"tin"}}"#,
        "--count",
        "--store",
        path,
    ]);
    count["count"] == 1
}

#[test]
fn an_import_is_all_or_nothing_unless_what_is_good_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let nothing = "billfold: 2 of 3 lines were refused, and nothing was imported; the first one: line 2: ";
    let report = mixed(&path, &[], nothing);
    assert_eq!((&report["applied"], &report["refused"]), (&json!(false), &json!(2)));
    assert_eq!((&report["bad_lines"][0]["line"], &report["bad_lines"][1]["line"]), (&json!(2), &json!(3)));
    assert!(!has_tin(&path));
    mixed(&path, &["--dry-run"], nothing);
    let tried = "billfold: 2 of 3 lines were refused; nothing was imported, as was asked";
    let report = mixed(&path, &["--dry-run", "--best-effort"], tried);
    assert_eq!((&report["applied"], &report["added"]), (&json!(false), &json!(1)));
    assert!(!has_tin(&path));
    let report = mixed(&path, &["--best-effort"], "2 of 3 lines were refused; the others were imported");
    assert_eq!((&report["applied"], &report["added"]), (&json!(true), &json!(1)));
    assert!(has_tin(&path));
}

#[test]
fn every_bad_line_is_listed_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let output = billfold(&["import", "-", "--store", &path], &[GOOD, BAD, "{"].join("\n"));
    ended(&output, 1, "line 2: ");
    let lines = out(&output);
    assert_eq!(lines[3], "Nothing was imported: this is what would have come of it.");
    assert!(lines[6].starts_with("2     Invalid custom field keys: \"tear\""), "{lines:#?}");
    assert!(lines[7].starts_with("3     EOF while parsing"), "{lines:#?}");
}

#[test]
fn an_import_makes_the_store_and_a_dry_run_or_a_missing_file_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (filled(&folder), at(&folder, "billing.jsonl"));
    table(&["export", &file, "--store", &path]);
    let made = at(&folder, "made.redb");
    let report = json(&["import", &file, "--dry-run", "--store", &made]);
    assert_eq!((&report["applied"], &report["added"]), (&json!(false), &json!(9)));
    ended(&billfold(&["import", &at(&folder, "none.jsonl"), "--store", &made], ""), 1, "none.jsonl: ");
    let not_a_file = billfold(&["import", folder.path().to_str().unwrap(), "--store", &made], "");
    ended(&not_a_file, 1, "it is a folder");
    assert!(!Path::new(&made).exists());
    for options in [&[][..], &["--dry-run"]] {
        let within = at(&folder, "none/made.redb");
        let arguments = [&["import", &file, "--store", &within], options].concat();
        ended(&billfold(&arguments, ""), 1, "none: no such folder");
    }
    table(&["import", &file, "--store", &made]);
    assert_eq!(Store::open_read_only(made).unwrap().keys(&[]).unwrap().len(), 2);
}

#[test]
fn a_cell_has_nothing_in_it_that_a_terminal_acts_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let line = GOOD.replace("tin", r"t\u001b[31m\u202ein");
    ended(&billfold(&["import", "-", "--store", &path], &line), 0, "");
    let id = "00000000-0000-0000-0000-0000000000aa";
    let shown = table(&["get", "customer", id, "--store", &path]);
    assert_eq!(shown[4], r"tier          t\u{1b}[31m\u{202e}in");
    let answer = json(&["get", "customer", id, "--store", &path]);
    assert_eq!(answer["custom_fields"]["tier"], "t\u{1b}[31m\u{202e}in");
}
