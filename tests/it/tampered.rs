//! Imports of lines that were changed so that each by itself could be right: nothing of it makes a store that is not
//! whole, and nothing is left out without a word.

use billfold::ImportReport;
use billfold::prelude::*;

use crate::support::moved::{best_effort, exported};
use crate::support::{customer, whole};

/// A customer with a contract that was edited twice.
fn edited() -> (Store, ContractId) {
    let now = "2025-01-01T00:00:00Z".parse().unwrap();
    let store = StoreOptions::new().id_source(IdSource::Counted).clock(move || now).in_memory().unwrap();
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let contract = store.create_contract(CreateContract::new(customer, now)).unwrap();
    for (key, end) in [("one", "2026-01-01T00:00:00Z"), ("two", "2027-01-01T00:00:00Z")] {
        let uniqueness_key = Some(key.to_owned());
        let update_contract_end_date = Some(Some(end.parse().unwrap()));
        store
            .edit_contract(
                contract,
                EditContract { uniqueness_key, update_contract_end_date, ..Default::default() },
            )
            .unwrap();
    }
    (store, contract)
}

/// What an empty store takes of these lines: it is whole afterwards, and its own export can be imported.
#[track_caller]
fn taken(lines: &str) -> ImportReport {
    let store = Store::in_memory().unwrap();
    let report = best_effort(&store, lines);
    whole(&store);
    let again = exported(&store);
    assert_eq!(best_effort(&Store::in_memory().unwrap(), &again).refused, 0);
    report
}

/// The reason of the only bad line.
#[track_caller]
fn reason(report: &ImportReport) -> &str {
    let [bad] = &report.bad_lines[..] else { panic!("{report:#?}") };
    &bad.reason
}

#[test]
fn changes_of_a_contract_that_are_not_counted_from_one_are_refused() {
    let (store, _) = edited();
    let lines = exported(&store);
    assert_eq!(taken(&lines).refused, 0);
    // As many empty changes would be put into the journal as the number says.
    let far = lines.replace("\"key\":\"0000000000000002\"", "\"key\":\"00000000000f4240\"");
    let far = far.replace("\"revision\":2", "\"revision\":1000000");
    assert_ne!(far, lines);
    let report = taken(&far);
    assert!(reason(&report).contains("none is left out"), "{report:?}");
}

#[test]
fn edits_of_one_contract_do_not_share_a_uniqueness_key() {
    let (store, _) = edited();
    let lines = exported(&store);
    let shared = lines.replace("\"uniqueness_key\":\"two\"", "\"uniqueness_key\":\"one\"");
    assert_ne!(shared, lines);
    let report = taken(&shared);
    assert!(reason(&report).contains("leads to another part already"), "{report:?}");
}

#[test]
fn what_is_larger_than_calls_make_it_is_refused() {
    let (store, _) = edited();
    let lines = exported(&store);
    let long = lines.replace("\"two\"", &format!("\"{}\"", "x".repeat(129)));
    assert!(reason(&taken(&long)).contains("129 characters"));
    let archived = "\"archive_commits\":[]";
    let ids = vec![format!("\"{}\"", customer(1)); 70_000].join(",");
    let large = lines.replacen(archived, &format!("\"archive_commits\":[{ids}]"), 1);
    assert_eq!(large.len(), lines.len() + ids.len());
    assert!(reason(&taken(&large)).contains("at most 1048576"));
}

#[test]
fn terms_of_a_contract_stand_in_their_place_alone() {
    let (store, _) = edited();
    let lines = exported(&store);
    let (own, other) = ("0".repeat(34), "0".repeat(33) + "1");
    let moved = lines.replace(&format!("\"key\":\"{own}\""), &format!("\"key\":\"{other}\""));
    assert_ne!(moved, lines);
    let report = taken(&moved);
    assert!(reason(&report).contains("the key does not fit what the part says"), "{report:?}");
}

/// The ids of invoices lead to their contract by 50 bits; these two were found by trying.
#[test]
fn a_contract_whose_invoices_would_have_the_ids_of_those_of_another_is_refused() {
    let (store, contract) = edited();
    let lines = exported(&store);
    let [one, other] = [29_372_325, 40_909_913].map(|number| crate::support::contract(number).to_string());
    let of = |id: &str| {
        let of_it = lines.lines().filter(|line| line.contains(&contract.to_string()));
        let of_it = of_it.filter(|line| !line.contains("contract.edits") && !line.contains("\"revision\":1"));
        of_it
            .map(|line| {
                line.replace(&contract.to_string(), id).replace("\"revision\":2", "\"revision\":1") + "\n"
            })
            .collect::<String>()
    };
    let customer = lines.lines().find(|line| line.contains("\"entity\":\"customer\"")).unwrap();
    let report = taken(&format!("{customer}\n{}{}", of(&one), of(&other)));
    assert!(reason(&report).contains("would lead to another contract"), "{report:?}");
}

const TIER: &str = r#"{"key":{"entity":"customer","key":"tier","rules":{"kind":"indexed","comparison":"exact","archived":"hold"},"id":"00000000-0000-7000-8000-0000000000ff","added_at":"2025-01-01T00:00:00Z"}}"#;

fn line(number: u128) -> String {
    format!(r#"{{"instance":{{"entity":"customer","id":"{}"}}}}"#, customer(number))
}

fn past(number: u128, until: &str, values: &str) -> String {
    let id = customer(number);
    format!(
        r#"{{"past":{{"entity":"customer","id":"{id}","until":"{until}","custom_fields":{{{values}}}}}}}"#
    )
}

#[test]
fn values_of_earlier_moments_are_checked_as_those_of_now() {
    let (one, long) = ("2025-01-01T00:00:00Z", "x".repeat(201));
    let cases = [
        (past(1, one, &format!("\"tier\":\"{long}\"")), "201 characters"),
        (past(1, one, "\"tier\":\"a\",\"tier\":\"b\""), "more than once"),
        (past(1, one, "\"size\":\"a\""), "not registered"),
        (format!("{}\n{}", past(1, one, "\"tier\":\"a\""), past(1, one, "\"tier\":\"b\"")), one),
    ];
    for (behind, why) in cases {
        let report = taken(&format!("{TIER}\n{}\n{behind}\n", line(1)));
        assert_eq!(report.added, 1, "{behind}: the key alone");
        assert!(report.bad_lines.iter().any(|bad| bad.reason.contains(why)), "{behind}: {report:?}");
    }
}

#[test]
fn values_of_earlier_moments_that_come_to_what_is_there_are_told_of() {
    let store = Store::in_memory().unwrap();
    best_effort(&store, &format!("{TIER}\n{}", line(1)));
    let lines = format!("{}\n{}", line(1), past(1, "2025-01-01T00:00:00Z", "\"tier\":\"a\""));
    let reports = [best_effort(&store, &lines), best_effort(&store, &lines)];
    assert_eq!(reports.map(|report| (report.changed, report.unchanged)), [(1, 0), (0, 1)]);
}

#[test]
fn until_when_invoices_are_settled_is_said_once() {
    let (store, contract) = edited();
    let settled = |until: &str| format!(r#"{{"settled":{{"contract":"{contract}","until":"{until}"}}}}"#);
    let lines: Vec<_> = exported(&store).lines().map(str::to_owned).collect();
    let lines =
        lines.into_iter().filter(|line| !line.starts_with("{\"settled\"")).collect::<Vec<_>>().join("\n");
    let twice = format!("{lines}\n{}\n{}", settled("2025-01-01T00:00:00Z"), settled("2025-02-01T00:00:00Z"));
    let report = taken(&twice);
    assert!(report.bad_lines.iter().any(|bad| bad.reason.contains("already")), "{report:?}");
    assert_eq!(report.added, 1, "the customer alone");
}

/// Whatever makes a line unreadable, an instance is taken only with all that belongs to it, and no other is left out.
#[test]
fn an_unreadable_line_costs_its_own_instance_and_no_other() {
    let good = past(2, "2025-01-01T00:00:00Z", "\"tier\":\"a\"");
    let with = |second: &[u8], behind: &[u8]| {
        let first = [TIER.as_bytes(), b"\n", line(1).as_bytes(), b"\n"].concat();
        let lines = [first.as_slice(), second, b"\n", behind, b"\n", line(3).as_bytes()].concat();
        let store = Store::in_memory().unwrap();
        billfold::Import::into(&store).best_effort(true).read(lines.as_slice()).unwrap();
        [1, 2, 3].map(|number| store.exists(customer(number)).unwrap())
    };
    let second = line(2).into_bytes();
    assert_eq!(with(&second, good.as_bytes()), [true; 3]);
    let too_long = [good.as_bytes(), &vec![b' '; billfold::MAX_IMPORT_LINE_BYTES]].concat();
    let no_text = [&good.as_bytes()[..good.len() - 4], b"\xff\"}}}"].concat();
    let spaced = good.replacen("{\"past\"", "{ \"past\"", 1).replace("2025", "soon");
    for behind in [too_long, no_text, spaced.into_bytes()] {
        let begins = String::from_utf8_lossy(&behind[..40]).into_owned();
        assert_eq!(with(&second, &behind), [true, false, true], "{begins}");
    }
    let misspelt = line(2).replace("customer", "customers");
    assert_eq!(with(misspelt.as_bytes(), good.as_bytes()), [true, false, true]);
}
