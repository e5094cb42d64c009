//! The README's table of calls, held to the calls that are answered.

use std::collections::BTreeSet;

use super::{ROUTES, elsewhere};

const README: &str = include_str!("../../README.md");

/// The calls of the table, as method and path, and whether the table says that they are answered.
fn told() -> Vec<(String, bool)> {
    let mut told = Vec::new();
    for row in README.lines().filter(|row| row.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [calls, _, wire] = cells.as_slice() else { continue };
        let mut before = String::new();
        for call in calls.split(", ").map(|call| call.trim_matches('`')) {
            // A word alone stands in the place of the last one of the path before it.
            if call.contains(' ') {
                before = call.to_owned();
            } else if let Some((front, _)) = before.rsplit_once('/') {
                before = format!("{front}/{call}");
            }
            told.push((before.clone(), *wire == "the same path"));
        }
    }
    told
}

#[test]
fn the_readme_names_every_call_that_is_answered_and_none_besides() {
    let answered: BTreeSet<_> =
        ROUTES.into_iter().flatten().map(|(method, path, _)| format!("{method} {path}")).collect();
    let told = told();
    let said: BTreeSet<_> = told.iter().filter(|(_, here)| *here).map(|(call, _)| call.clone()).collect();
    assert_eq!(said, answered);
    assert_eq!(told.len(), told.iter().map(|(call, _)| call).collect::<BTreeSet<_>>().len(), "{told:?}");
}

#[test]
fn what_the_readme_says_is_not_answered_is_refused_by_its_name() {
    let named: BTreeSet<_> =
        elsewhere::CALLS.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let missing: Vec<_> = told().into_iter().filter(|(_, here)| !here).map(|(call, _)| call).collect();
    assert!(!missing.is_empty());
    for call in missing {
        assert!(named.contains(&call), "{call}");
    }
}
