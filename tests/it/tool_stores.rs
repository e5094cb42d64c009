//! Which stores the tool opens, how it looks after them, and what its help says.

use std::fs;
use std::path::Path;

use billfold::prelude::*;
use redb::{Database, TableHandle as _};
use serde_json::json;

use crate::support::customer;
use crate::tool::{at, billfold, ended, filled, json, out, table, tool};

const NOBODY: &str = "00000000-0000-0000-0000-000000000099";
const COMMANDS: [&str; 15] = [
    "get",
    "find",
    "query",
    "keys",
    "history",
    "stats",
    "export",
    "import",
    "apply",
    "verify",
    "compact",
    "rebuild-indexes",
    "salvage",
    "backup",
    "restore",
];

/// The commands that work on a store that is there.
const ON_A_STORE: [&[&str]; 10] = [
    &["get", "customer", NOBODY],
    &["find", "customer", "tier", "gold"],
    &["query", "customer", r#"{"all":[]}"#],
    &["keys"],
    &["history", "customer", NOBODY],
    &["stats"],
    &["export"],
    &["verify"],
    &["compact"],
    &["rebuild-indexes"],
];

#[test]
fn no_command_but_apply_and_import_makes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    for command in ON_A_STORE {
        for name in ["store.redb", "none/store.redb"] {
            let path = at(&folder, name);
            let output = billfold(&[command, &["--store", &path]].concat(), "");
            ended(&output, 1, &format!("{path}: no such file"));
            assert!(output.stdout.is_empty(), "{command:?}");
        }
        let empty = at(&folder, "empty");
        fs::write(&empty, "").unwrap();
        ended(&billfold(&[command, &["--store", &empty]].concat(), ""), 1, "not a billfold store");
        assert_eq!(fs::metadata(&empty).unwrap().len(), 0, "{command:?}");
        fs::remove_file(empty).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_store_is_named_by_option_or_by_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    for command in ON_A_STORE.into_iter().chain([&["import", "-"][..]]) {
        let complaint = "billfold: which store? Give --store PATH, or set BILLFOLD_STORE";
        ended(&billfold(command, ""), 2, complaint);
        ended(&tool(command).env("BILLFOLD_STORE", "").output().unwrap(), 2, complaint);
    }
    let by_variable = tool(&["keys"]).env("BILLFOLD_STORE", &path).output().unwrap();
    ended(&by_variable, 0, "");
    assert_eq!(out(&by_variable), table(&["keys", "--store", &path]));
    let by_option = tool(&["keys", "--store", &path]).env("BILLFOLD_STORE", at(&folder, "none")).output();
    ended(&by_option.unwrap(), 0, "");
    assert_eq!(billfold(&["keys", "--store", ""], "").status.code(), Some(2));

    let script = at(&folder, "calls.jsonl");
    fs::write(&script, r#"{"path":"/v1/customFields/listKeys"}"#).unwrap();
    let applied =
        |store: &str| out(&tool(&["apply", &script]).env("BILLFOLD_STORE", store).output().unwrap());
    assert!(applied(&path)[0].contains("x_account_id"));
    assert!(!applied("")[0].contains("x_account_id"), "it is in memory where no store is named");
}

#[test]
fn those_that_read_change_no_byte_and_read_beside_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let before = fs::read(&path).unwrap();
    let reader = Store::open_read_only(&path).unwrap();
    for command in ON_A_STORE {
        let output = billfold(&[command, &["--store", &path]].concat(), "");
        if ["stats", "compact", "rebuild-indexes"].contains(&command[0]) {
            ended(&output, 1, "the store is open already");
        } else {
            assert!(output.status.success() || command.contains(&NOBODY), "{command:?}");
        }
    }
    drop(reader);
    assert!(fs::read(&path).unwrap() == before);
    let _writer = Store::open(&path).unwrap();
    for command in ON_A_STORE {
        ended(&billfold(&[command, &["--store", &path]].concat(), ""), 1, "the store is open already");
    }
}

#[test]
fn a_store_that_was_not_closed_is_repaired_as_the_complaint_says() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (filled(&folder), at(&folder, "copy.redb"));
    let store = Store::open(&path).unwrap();
    store.adopt(customer(7)).unwrap();
    fs::copy(&path, &copy).unwrap();
    let complaint = "open it for writing once, as billfold stats does";
    ended(&billfold(&["keys", "--store", &copy], ""), 1, complaint);
    table(&["stats", "--store", &copy]);
    assert_eq!(table(&["keys", "--store", &copy]).len(), 3);
}

#[test]
fn stats_tells_what_there_is_and_what_it_takes_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let answer = json(&["stats", "--store", &path]);
    assert_eq!(answer["instances"], json!({"contract_product": 1, "customer": 6}));
    assert_eq!((&answer["values"], &answer["oldest_snapshot"]), (&json!(7), &json!(null)));
    let tables = answer["by_table"].as_array().unwrap();
    let fields = tables.iter().find(|table| table["name"] == "customer.fields").unwrap();
    assert_eq!(fields["rows"], 6);
    let lines = table(&["stats", "--store", &path]);
    let has = |begin: &str| lines.iter().any(|line| line.starts_with(begin));
    assert!(has("values                    7"), "{lines:#?}");
    assert!(has("customer          6"), "{lines:#?}");
    assert!(has("oldest snapshot held for  none is held"), "{lines:#?}");
    assert!(has("table") && has("customer.fields"), "{lines:#?}");
}

/// Has the index of accounts be gone.
fn lost_index(path: &str) {
    let db = Database::open(path).unwrap();
    let txn = db.begin_write().unwrap();
    let lost: Vec<_> =
        txn.list_tables().unwrap().filter(|table| table.name() == "customer.unique.1").collect();
    assert_eq!(lost.len(), 1);
    for table in lost {
        assert!(txn.delete_table(table).unwrap());
    }
    txn.commit().unwrap();
}

#[test]
fn verify_lists_what_is_wrong_with_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let answer = json(&["verify", "--store", &path]);
    assert_eq!((&answer["instances"], &answer["problems"]), (&json!(7), &json!([])));
    assert!(table(&["verify", "--store", &path])[0].starts_with("whole: 7 instances, "));

    lost_index(&path);
    for options in [&[][..], &["--json"]] {
        let output = billfold(&[&["verify", "--store", &path], options].concat(), "");
        ended(&output, 1, "billfold: the store is not whole; problems found: ");
        assert!(out(&output).concat().contains("customer.unique.1"), "{output:?}");
    }
}

/// Has the first customer's value in the index of accounts be another, on disk alone.
fn damaged(path: &str) {
    let mut bytes = fs::read(path).unwrap();
    let value = b"KyVnHhSBWl7eY2bl";
    let places: Vec<_> = bytes.windows(value.len()).enumerate().filter(|(_, it)| it == value).collect();
    let places: Vec<_> = places.into_iter().map(|(place, _)| place).collect();
    assert!(places.len() >= 2, "in a row, and in the index");
    places.into_iter().for_each(|place| bytes[place] = b'?');
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_store_is_refused_by_every_command_unless_it_is_to_be_tried_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    damaged(&path);
    let before = fs::read(&path).unwrap();
    let dest = at(&folder, "backup.redb");
    let backup = ["backup", &dest];
    let all = ON_A_STORE.into_iter().chain([&backup[..]]);
    for command in all.filter(|command| !["verify", "rebuild-indexes"].contains(&command[0])) {
        let output = billfold(&[command, &["--store", &path]].concat(), "");
        ended(&output, 1, "the store is damaged: ");
    }
    assert!(fs::read(&path).unwrap() == before, "it was written to");
    assert_eq!(table(&["keys", "--store", &path, "--no-verify"]).len(), 3);
    let output = billfold(&["verify", "--store", &path, "--json"], "");
    ended(&output, 1, "billfold: the store is not whole; problems found: ");
    assert!(out(&output).concat().contains(r#"{"table":"file""#), "{output:?}");
}

#[test]
fn indexes_are_made_anew_of_what_they_follow_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let whole = json(&["rebuild-indexes", "--store", &path]);
    assert_eq!(
        (&whole["restored"], &whole["removed"], &whole["problems"]),
        (&json!(0), &json!(0), &json!([]))
    );
    lost_index(&path);
    let lines = table(&["rebuild-indexes", "--store", &path]);
    assert!(lines[0].contains("of which 1 were not there; 0 others are gone"), "{lines:?}");
    assert!(table(&["verify", "--store", &path])[0].starts_with("whole: 7 instances, "));
}

#[test]
fn what_can_be_read_of_a_damaged_store_is_written_as_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (filled(&folder), at(&folder, "salvaged.jsonl"));
    let lines = table(&["export", "--store", &path]);
    let answer = json(&["salvage", &file, "--store", &path]);
    assert_eq!(answer, json!({"lines": lines.len(), "lost": []}));
    let salvaged = || fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(salvaged(), lines);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    damaged(&path);
    ended(&billfold(&["salvage", &file, "--store", &path], ""), 1, "it is there already");
    let output = billfold(&["salvage", &file, "--store", &path, "--force"], "");
    ended(&output, 1, "not all of the store can be read; losses: ");
    assert!(out(&output).concat().contains("customer.fields"), "{output:?}");
    assert_eq!(salvaged().len(), lines.len(), "it is there, with what is left of its values");
}

#[test]
fn a_backup_is_restored_where_no_store_is() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy, again) = (filled(&folder), at(&folder, "copy.redb"), at(&folder, "again.redb"));
    let written = json(&["backup", &copy, "--store", &path]);
    assert_eq!(written["instances"], 7);
    ended(&billfold(&["backup", &copy, "--store", &path], ""), 1, "there already");
    let restored = table(&["restore", &copy, "--store", &again]);
    assert!(restored[0].starts_with("whole: 7 instances, "), "{restored:?}");
    assert_eq!(table(&["export", "--store", &again]), table(&["export", "--store", &path]));
    ended(&billfold(&["restore", &copy, "--store", &path], ""), 1, "there already");
}

#[test]
fn compact_makes_the_file_smaller_and_says_by_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let store = Store::open(&path).unwrap();
    store.remove_key(ManagedEntity::Customer, "tier").unwrap();
    store.close().unwrap();
    let before = fs::metadata(&path).unwrap().len();
    let answer = json(&["compact", "--store", &path]);
    let after = fs::metadata(&path).unwrap().len();
    assert!(after < before, "{after} of {before} bytes");
    assert_eq!(answer, json!({"bytes_before": before, "bytes": after, "values_removed": 6}));
    let again = table(&["compact", "--store", &path]);
    assert!(again[0].ends_with("; values of removed keys that left: 0"), "{again:?}");
}

#[test]
fn what_is_no_entity_id_number_or_cursor_is_wrong_use() {
    let id = NOBODY;
    let cases: [(&[&str], &str); 6] = [
        (&["get", "plan", id], "package_scheduled_charge"),
        (&["get", "customer", "99594816"], "for '<ID>'"),
        (&["keys", "Customer"], "[possible values: alert, billable_metric,"),
        (&["find", "customer", "tier", "gold", "--limit", "0"], "0 is not in 1..=1000"),
        (&["find", "customer", "tier", "gold", "--after", "x"], "not a cursor of this library"),
        (&["query", "customer", r#"{"all":[]}"#, "--count", "--limit", "3"], "cannot be used with"),
    ];
    for (arguments, complaint) in cases {
        let output = billfold(&[arguments, &["--store", "none.redb"]].concat(), "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(complaint), "{said}");
    }
    assert!(!Path::new("none.redb").exists());
}

/// The lines of a help text that stand under its examples.
fn examples(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
    lines.take_while(|line| line.starts_with(' ') || line.is_empty()).map(str::trim).collect()
}

#[cfg(unix)]
#[test]
fn every_example_of_every_help_text_runs() {
    let folder_of_the_tool = Path::new(env!("CARGO_BIN_EXE_billfold")).parent().unwrap();
    for command in COMMANDS {
        let output = billfold(&[command, "--help"], "");
        ended(&output, 0, "");
        let help = String::from_utf8(output.stdout).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = filled(&folder);
        if command == "import" {
            table(&["export", &at(&folder, "billing.jsonl"), "--store", &path]);
        }
        if command == "apply" {
            fs::remove_file(&path).unwrap();
        }
        let calls: Vec<_> = examples(&help).into_iter().filter(|line| line.starts_with('{')).collect();
        fs::write(at(&folder, "calls.jsonl"), calls.join("\n")).unwrap();
        let runs: Vec<_> = examples(&help).into_iter().filter(|line| line.starts_with("billfold ")).collect();
        assert!(runs.iter().any(|run| run.starts_with(&format!("billfold {command}"))), "{help}");
        for run in runs {
            let mut shell = std::process::Command::new("/bin/sh");
            shell.args(["-c", run]).current_dir(&folder).env_remove("BILLFOLD_STORE");
            let output = shell.env("PATH", folder_of_the_tool).output().unwrap();
            ended(&output, 0, "");
        }
    }
    let help = String::from_utf8(billfold(&["--help"], "").stdout).unwrap();
    let readme = include_str!("../../README.md");
    for command in COMMANDS {
        assert!(readme.contains(&format!("| `billfold {command}")), "{command}");
    }
    for name in COMMANDS.into_iter().chain(ManagedEntity::ALL.map(ManagedEntity::name)) {
        assert!(help.contains(name), "{name}");
    }
}
