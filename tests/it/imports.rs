//! Imports: lines that are bad, and stores that have other things already.

use billfold::prelude::*;
use billfold::{Export, Import, ImportError, ImportReport, MAX_BAD_LINES, MAX_IMPORT_LINE_BYTES};

use crate::support::moved::{best_effort, exported, imported, rich};
use crate::support::provisioned::day;
use crate::support::{customer, store_with_keys, whole};

const ID: &str = "99594816-e8a5-4bca-be21-8d1de0f45120";
const OTHER: &str = "13117714-3f05-48e5-a6e9-a66093f13b4d";

/// A line of a customer with these values and nothing else.
fn taken_in(id: &str, values: &str) -> String {
    format!(r#"{{"instance":{{"entity":"customer","id":"{id}","custom_fields":{{{values}}}}}}}"#)
}

fn refused(result: Result<ImportReport, ImportError>) -> ImportReport {
    match result {
        Err(ImportError::Refused(report)) => *report,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The reasons of the lines of a report, by their numbers.
fn reasons(report: &ImportReport) -> Vec<(u64, &str)> {
    assert_eq!(report.refused, report.bad_lines.len() as u64);
    report.bad_lines.iter().map(|bad| (bad.line, bad.reason.as_str())).collect()
}

/// All or nothing leaves nothing, a dry run reports as the real one, and best effort leaves out what is bad alone.
#[track_caller]
fn tried(store: &Store, lines: &str) -> ImportReport {
    let before = exported(store);
    let report = refused(store.import(lines.as_bytes()));
    assert_eq!(exported(store), before, "nothing was imported");
    let dry = |best| Import::into(store).dry_run(true).best_effort(best).read(lines.as_bytes());
    assert_eq!(refused(dry(false)), report);
    let looked = dry(true).unwrap();
    assert_eq!(exported(store), before, "a dry run changed something");
    assert_eq!(best_effort(store, lines), looked);
    assert_eq!(looked, report);
    whole(store);
    report
}

#[test]
fn every_bad_line_is_refused_by_its_number_with_the_reason() {
    let deep = "[".repeat(100_000);
    let value = |value: &str| taken_in(ID, &format!("\"tier\":{value}"));
    let cases = [
        ("nothing".to_owned(), "expected value"),
        ("{}".to_owned(), "expected value"),
        ("[]".to_owned(), "expected"),
        (r#"{"export":{"form":1,"more":2}}"#.to_owned(), "more"),
        (r#"{"thing":{}}"#.to_owned(), "unknown variant `thing`"),
        (format!(r#"{{"instance":{deep}"#), ""),
        (format!(r#"{{"instance":{{"entity":"customer","id":"{ID}","record":{deep}"#), ""),
        (r#"{"instance":{"entity":"customer","id":"x"}}"#.to_owned(), "UUID"),
        (format!(r#"{{"instance":{{"entity":"customers","id":"{ID}"}}}}"#), "customers"),
        (
            format!(r#"{{"instance":{{"entity":"customer","id":"{ID}","id":"{ID}"}}}}"#),
            "duplicate field `id`",
        ),
        (format!(r#"{{"instance":{{"entity":"customer","id":"{ID}","record":{{"name":1}}}}}}"#), "record: "),
        (
            format!(r#"{{"instance":{{"entity":"charge","id":"{ID}","record":{{}}}}}}"#),
            "charge has no record",
        ),
        (format!(r#"{{"instance":{{"entity":"customer","id":"{ID}","archived_at":"soon"}}}}"#), "soon"),
        (value("1"), "expected a string"),
        (value(r#""\ud800""#), "hex escape"),
        (value(r#""a","tier":"b""#), "more than once"),
        (value(&format!("\"{}\"", "x".repeat(201))), "201 characters"),
        (taken_in(ID, r#""size":"L""#), "\"size\" (not registered for customer)"),
        (r#"{"key":{"entity":"customer","key":"","rules":{"kind":"indexed"}}}"#.to_owned(), ""),
    ];
    for (line, why) in cases {
        let store = store_with_keys([("tier", KeyKind::Indexed)]);
        let lines = format!("{}\n\n{line}\n{}\n", taken_in(OTHER, "\"tier\":\"gold\""), taken_in(OTHER, ""));
        let report = tried(&store, &lines);
        let shown = &line[..line.len().min(120)];
        let [(3, reason)] = reasons(&report)[..] else { panic!("{shown}: {report:?}") };
        assert!(reason.contains(why), "{shown}: {reason}");
        assert!(reason.len() < 1_000, "{shown}: {reason}");
        assert_eq!((report.added, report.unchanged), (1, 1), "{shown}: the other lines are good");
    }
}

#[test]
fn what_belongs_to_nothing_or_to_something_else_is_refused_with_what_it_stands_behind() {
    let settled = format!(r#"{{"settled":{{"contract":"{ID}","until":"2025-01-01T00:00:00Z"}}}}"#);
    let lines = format!("{settled}\n{}\n{settled}\n{}", taken_in(ID, ""), taken_in(OTHER, ""));
    let report = tried(&Store::in_memory().unwrap(), &lines);
    assert_eq!(
        reasons(&report),
        [
            (1, "it stands behind no instance that it could belong to"),
            (2, "left out, because a line that belongs to it is bad"),
            (3, format!("it does not belong to customer {ID}, behind which it stands").as_str()),
        ]
    );
    assert_eq!(report.added, 1);
}

#[test]
fn lines_that_are_too_long_or_no_text_are_passed_over() {
    let mut lines = taken_in(ID, "").into_bytes();
    lines.push(b'\n');
    lines.extend(std::iter::repeat_n(b' ', MAX_IMPORT_LINE_BYTES + (4 << 20)));
    lines.extend(b"\n{\"instance\":\xff}\n");
    lines.extend(taken_in(OTHER, "").into_bytes());
    let store = Store::in_memory().unwrap();
    let report = refused(store.import(lines.as_slice()));
    assert_eq!(
        reasons(&report),
        [(2, "it has more than 16777216 bytes"), (3, "it is not UTF-8 from byte 12 on")]
    );
    assert_eq!((report.lines, report.added), (4, 2));
}

#[test]
fn so_many_bad_lines_are_named_and_all_are_counted() {
    let store = Store::in_memory().unwrap();
    let lines = "{}\n".repeat(MAX_BAD_LINES + 5);
    let report = refused(store.import(lines.as_bytes()));
    assert_eq!((report.refused, report.bad_lines.len()), (1_005, MAX_BAD_LINES));
    let error = store.import(lines.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "1005 of 1005 lines were refused, and nothing was imported; the first one: line 1: "
        )
    );
}

#[test]
fn the_form_of_a_newer_version_is_refused_at_once() {
    let store = Store::in_memory().unwrap();
    let newer = format!("{{\"export\":{{\"form\":2}}}}\n{}", taken_in(ID, ""));
    let result = Import::into(&store).best_effort(true).read(newer.as_bytes());
    assert!(matches!(result, Err(ImportError::NewerForm { found: 2, .. })), "{result:?}");
    assert_eq!(exported(&store).lines().count(), 1);
}

#[test]
fn a_reader_that_fails_says_at_which_line_and_nothing_is_imported() {
    struct Torn(bool);
    impl std::io::Read for Torn {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let line = taken_in(ID, "") + "\n";
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            into[..line.len()].copy_from_slice(line.as_bytes());
            Ok(line.len())
        }
    }
    let store = Store::in_memory().unwrap();
    let result = Import::into(&store).best_effort(true).read(std::io::BufReader::new(Torn(false)));
    assert!(matches!(result, Err(ImportError::Read { line: 2, .. })), "{result:?}");
    assert!(!store.exists(CustomerId::from(ID.parse::<uuid::Uuid>().unwrap())).unwrap());
}

/// Imports each beginning of the lines of a rich store: what is there is whole, and the rest can come afterwards.
#[test]
fn an_export_that_ends_early_never_leaves_half_of_something() {
    let here = rich();
    let lines = exported(&here.store);
    let all: Vec<_> = lines.lines().collect();
    for count in (1..all.len()).step_by(all.len() / 12) {
        let store = Store::in_memory().unwrap();
        let torn = all[..count].join("\n") + "\n" + &all[count][..all[count].len() / 2];
        let bad = refused(store.import(torn.as_bytes()));
        assert!(bad.bad_lines.iter().any(|bad| bad.line == count as u64 + 1), "{bad:?}");
        assert_eq!(exported(&store).lines().count(), 1);
        best_effort(&store, &torn);
        whole(&store);
    }
}

#[test]
fn what_conflicts_with_what_a_store_has_is_refused_and_names_the_holder() {
    let here = rich();
    let lines = exported(&here.store);
    let other = imported(&keys_alone(&here.store), &SetClock::default());
    let [mine, aliased] = [customer(50), customer(51)];
    other.adopt(mine).unwrap();
    other.set_values(mine, [("email", "aNN@example.com")]).unwrap();
    let request = CreateCustomer { ingest_aliases: vec!["another".into()], ..CreateCustomer::default() };
    other.load([(aliased, request)]).unwrap();
    let report = tried(&other, &lines);
    let told: Vec<_> = report.bad_lines.iter().map(|bad| bad.reason.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains(&format!("is held by customer {mine}")), "{told:?}");
    assert!(told[1].contains("another") && told[1].contains(&aliased.to_string()), "{told:?}");
}

fn keys_alone(store: &Store) -> String {
    exported(store)
        .lines()
        .filter(|line| line.starts_with("{\"key\""))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn what_is_there_and_differs_is_refused_and_values_are_set() {
    let here = rich();
    let lines = exported(&here.store);
    let other = imported(&lines, &here.clock);
    other.set_customer_name(here.customer, "Another name").unwrap();
    other.set_contract_end(here.contract, None).unwrap();
    other.set_values(customer(1), [("tier", "iron")]).unwrap();
    other.set_values(customer(3), [("tier", "iron"), ("email", "else@example.com")]).unwrap();
    let report = tried(&other, &lines);
    let told: Vec<_> = report.bad_lines.iter().map(|bad| bad.reason.clone()).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains(&format!("customer {}", here.customer)), "{told:?}");
    assert!(told[1].contains(&format!("contract {}", here.contract)), "{told:?}");
    assert_eq!(report.changed, 1);
    let values = other.values(customer(3)).unwrap();
    assert_eq!((values["email"].as_str(), values["tier"].as_str()), ("ANN@example.com", "iron"));
}

#[test]
fn a_key_with_other_rules_is_refused() {
    let store = store_with_keys([("tier", KeyKind::Indexed)]);
    let lines = exported(&store);
    let other = store_with_keys([("tier", KeyKind::Enforced)]);
    let report = refused(other.import(lines.as_bytes()));
    assert!(report.bad_lines[0].reason.contains("\"tier\""), "{report:?}");
}

/// Lines of a contract that were tampered with, so that they fit no store.
#[test]
fn parts_that_do_not_fit_are_refused_with_all_of_their_instance() {
    let here = rich();
    let lines = exported(&here.store);
    let edit = lines.lines().find(|line| line.contains("\"of\":\"contract.edits\"")).unwrap();
    let live =
        lines.lines().find(|line| line.contains("{\"key\":\"03") && line.contains("\"revision\":0")).unwrap();
    let rate = lines.lines().find(|line| line.contains("\"of\":\"rate_card.rates\"")).unwrap();
    let invoice = lines.lines().find(|line| line.contains("\"of\":\"contract.invoices\"")).unwrap();
    let card = here.card.to_string();
    let tampered = [
        (edit, edit.replace("\"key\":\"0000000000000", "\"key\":\"ffffffffffff0")),
        (edit, edit.replace("\"key\":\"", "\"key\":\"0")),
        (edit, edit.replace("\"key\":\"", "\"key\":\"00")),
        (edit, edit.replace("contract.edits", "contract.parts")),
        (live, live.replace("\"revision\":0", "\"revision\":18446744073709551615")),
        (live, live.replace("\"revision\":0", "\"revision\":1e400")),
        (live, live.replace("\"revision\":0", "\"revision\":-1")),
        (live, live.replace("\"key\":\"", "\"key\":\"7f")),
        (live, live.replace("\"key\":\"03", "\"key\":\"83")),
        (rate, rate.replace("\"key\":\"", "\"key\":\"ffff")),
        (rate, rate.replace(&card, ID)),
        (invoice, invoice.replace("\"key\":\"", "\"key\":\"ff")),
        (invoice, invoice.replace("\"key\":\"", "\"key\":\"\",\"key\":\"")),
    ];
    for (line, wrong) in tampered {
        assert_ne!(line, wrong);
        let number = lines.lines().position(|other| other == line).unwrap();
        let bad = lines.replacen(line, &wrong, 1);
        let store = Store::in_memory().unwrap();
        let report = refused(store.import(bad.as_bytes()));
        // The line is told of, or the instance that it belongs to.
        let told = &report.bad_lines[0];
        let owner = lines.lines().take(number).collect::<Vec<_>>();
        let owner = owner.iter().rposition(|line| line.starts_with("{\"instance\"")).unwrap();
        let of = [number as u64 + 1, owner as u64 + 1];
        assert!(of.contains(&told.line), "{told} of {of:?}: {}", &wrong[..wrong.len().min(200)]);
        best_effort(&store, &bad);
        whole(&store);
    }
}

#[test]
fn an_import_says_who_made_it_and_tells_how_far_it_is() {
    let here = rich();
    let lines = exported(&here.store);
    let store = Store::in_memory().unwrap();
    let mut told = Vec::new();
    let about = About { actor: Some("night job".into()), reason: None };
    let import = Import::into(&store).about(about.clone()).on_progress(|so_far| told.push(so_far));
    let report = import.read(lines.as_bytes()).unwrap();
    assert_eq!(
        told.last().map(|so_far| (so_far.lines, so_far.bytes)),
        Some((report.lines, lines.len() as u64))
    );
    let history = store.history(here.customer, &PageRequest::default()).unwrap().items;
    assert!(history.iter().all(|change| change.about == about));
    let long = About { actor: Some("x".repeat(10_000)), reason: None };
    let result = Import::into(&store).about(long).read(lines.as_bytes());
    assert!(matches!(result, Err(ImportError::Store(Error::Refused(_)))), "{result:?}");
}

#[test]
fn a_fixture_of_an_export_counts_on_behind_every_id_in_it() {
    let here = rich();
    let lines = exported(&here.store);
    let fixture = Fixture::from_export(day("04-10"), lines.as_bytes()).unwrap();
    assert_eq!(fixture.now(), day("04-10"));
    let (one, other) = (fixture.fork().unwrap(), fixture.fork().unwrap());
    assert_eq!(exported(&one), lines);
    let before = one.contract(here.contract).unwrap();
    one.edit_contract(here.contract, here.one_of_each_from_march()).unwrap();
    let after = one.contract(here.contract).unwrap();
    assert_eq!(after.overrides.len(), before.overrides.len() + 1);
    assert_eq!(after.recurring_commits.len(), before.recurring_commits.len() + 1);
    assert_eq!(after.scheduled_charges.len(), before.scheduled_charges.len() + 1);
    let new = one.create_customer(CreateCustomer::default()).unwrap();
    assert!(!other.exists(new).unwrap());
    whole(&one);
    let torn = Fixture::from_export(day("04-10"), &lines.as_bytes()[..lines.len() - 9]);
    assert!(matches!(torn, Err(ImportError::Refused(_))), "{torn:?}");
}

#[test]
fn customers_that_let_a_value_go_stand_before_or_behind_the_one_that_holds_it() {
    let here = rich();
    let mut lines = Vec::new();
    Export::of(&here.store).unwrap().only(&[ManagedEntity::Customer]).write(&mut lines).unwrap();
    let store = Store::in_memory().unwrap();
    store.import(lines.as_slice()).unwrap();
    assert_eq!(store.find("email", "ann@example.com").unwrap(), Some(customer(3)));
    for number in 1..=4 {
        assert_eq!(store.is_archived(customer(number)).unwrap(), number != 3);
        assert!(store.value(customer(number), "email").unwrap().is_some());
    }
}
