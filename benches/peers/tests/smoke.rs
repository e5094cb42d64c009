//! The program as it is run, on few customers: every system does every work, and answers what was put in.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_billfold-peers")).args(arguments).output().unwrap()
}

const SYSTEMS: [&str; 7] = ["billfold", "redb", "sqlite", "lmdb", "fjall", "native_db", "hashmap"];

#[test]
fn every_system_has_a_figure_of_every_work() {
    let done = run(&["--quick", "--indexed", "--json", "--sizes", "2000"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |work: &str, system: &str| {
        let mut of = lines.iter().filter(|line| line["work"] == work && line["system"] == system);
        let found = of.next();
        assert!(of.next().is_none(), "{work} of {system} twice");
        found.is_some_and(|line| line["value"].as_f64().is_some_and(f64::is_normal) && line["n"] == 2_000)
    };
    let finds = ["find_hit", "find_miss", "find_hit_2_threads", "gain_kept", "bulk_load", "peak_memory"];
    let kept = ["find_fresh", "values", "file_bytes", "file_bytes_updated", "open_clean", "open_killed"];
    let sets = [1, 4, 16, 64].map(|callers| format!("durable_set_{callers}"));
    let sets = sets.iter().flat_map(|set| [set.clone(), format!("{set}_indexed")]).collect::<Vec<_>>();
    for system in SYSTEMS {
        for work in finds {
            assert!(has(work, system), "{work} of {system}");
        }
        for work in kept.into_iter().chain(sets.iter().map(String::as_str)) {
            assert_eq!(has(work, system), system != "hashmap", "{work} of {system}");
        }
    }
    for work in ["durable_set_1_journal", "file_bytes_journal", "pages_set", "pages_set_journal", "fork"] {
        assert!(has(work, "billfold"), "{work}");
    }
    let named: BTreeSet<_> = lines.iter().map(|line| line["ids"].as_str().unwrap()).collect();
    assert_eq!(named, ["ordered"].into());
}

#[test]
fn a_table_tells_versions_and_settings_of_what_was_asked_for() {
    let done = run(&["--quick", "--sizes", "1000", "--systems", "redb,hashmap", "--only", "find_hit"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("1,000 customers, ordered ids"), "{text}");
    assert!(text.contains("hashmap") && text.contains("redb 4.") && text.contains("SyncAll"), "{text}");
    assert!(!text.contains("all values") && !text.contains("bulk load, "), "{text}");
}

#[test]
fn a_work_that_there_is_not_is_refused() {
    let done = run(&["--only", "find_hits"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("find_hit"));
}
