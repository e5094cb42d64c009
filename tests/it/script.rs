//! Call scripts: what a line may say, and what makes one stop.

use std::io;

use billfold::prelude::*;
use billfold::{Answer, MAX_SCRIPT_LINE_BYTES, Script, ScriptError};
use proptest::prelude::*;
use serde_json::json;

use crate::wire::{SEED_CUSTOMER, SEED_VALUES, everything, message};

/// A line that registers a key of customers, unique or not.
fn key(name: &str, unique: bool) -> String {
    json!({"path": "/v1/customFields/addKey",
        "body": {"entity": "customer", "key": name, "enforce_uniqueness": unique}})
    .to_string()
}

fn adopting() -> Store {
    StoreOptions::new().id_source(IdSource::Counted).adopt_unknown(true).in_memory().unwrap()
}

fn run(store: &Store, lines: &[&str]) -> (Vec<Answer>, Result<(), ScriptError>) {
    run_with(&mut Script::new(store), lines)
}

fn run_with(script: &mut Script, lines: &[&str]) -> (Vec<Answer>, Result<(), ScriptError>) {
    let mut answers = Vec::new();
    let ended = script.run(lines.join("\n").as_bytes(), |answer| {
        answers.push(answer.clone());
        Ok(())
    });
    (answers, ended)
}

/// Asserts that the second of two lines is no call, for that reason, and that nothing came of it.
#[track_caller]
fn no_call(line: &str, reason: &str) {
    let store = adopting();
    let (answers, ended) = run(&store, &[&key("tier", false), line, &key("late", false)]);
    assert_eq!(ended.unwrap_err().to_string(), format!("line 2 is not a call: {reason}"));
    assert_eq!(answers.len(), 1);
    assert_eq!(store.keys(&[]).unwrap().len(), 1);
}

#[test]
fn calls_are_made_in_order_and_their_answers_given_away() {
    let store = adopting();
    let set = format!(
        r#"{{"method":"POST","path":"/v1/customFields/setValues","query":{{}},"body":{SEED_VALUES}}}"#
    );
    let set = set.replace('\n', " ");
    let (answers, ended) = run(&store, &["", &key("x_account_id", true), "  \t\r", &set, ""]);
    ended.unwrap();
    let answers: Vec<_> = answers.iter().map(Answer::to_string).collect();
    let made = r#"{"status":200,"body":{"data":{"id":"00000000-0000-7000-8000-000000000001"}}}"#;
    assert_eq!(answers, [made, r#"{"status":200,"body":null}"#]);
    assert_eq!(
        store.find::<CustomerId>("x_account_id", "KyVnHhSBWl7eY2bl").unwrap(),
        Some(SEED_CUSTOMER.into())
    );
}

#[test]
fn each_answer_is_given_away_before_the_next_call_is_made() {
    let store = adopting();
    let lines = [key("a", true), key("b", true)].join("\n");
    let mut seen = Vec::new();
    let mut script = Script::new(&store);
    script
        .run(lines.as_bytes(), |_| {
            seen.push(store.keys(&[]).unwrap().len());
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, [1, 2]);
}

#[test]
fn references_stand_for_what_was_answered_before() {
    let store = adopting();
    let named = |line: String, name: &str| line.replacen('{', &format!(r#"{{"as":"{name}","#), 1);
    let lines = [
        named(key("tier", false), "made"),
        r#"{"path":"/v1/customFields/listKeys","query":{"limit":1},"as":"keys"}"#.to_owned(),
        json!({"path": "/v1/customFields/setValues", "body": {
            "entity": "${keys.data.0.entity}", "entity_id": "${made}",
            "custom_fields": {"${keys.data.0.key}": "${made.data.id} ${keys.data.0.enforce_uniqueness} $${made}"}}})
        .to_string(),
    ];
    let (_, ended) = run(&store, &lines.each_ref().map(String::as_str));
    ended.unwrap();
    let id = store.key(ManagedEntity::Customer, "tier").unwrap().unwrap().id;
    let value = store.value(CustomerId::from(id), "tier").unwrap().unwrap();
    assert_eq!(value, format!("{id} false ${{made}}"));
}

#[test]
fn a_later_script_knows_the_names_of_an_earlier_one() {
    let store = adopting();
    let mut script = Script::new(&store);
    let list = r#"{"path":"/v1/customFields/listKeys","as":"keys"}"#;
    run_with(&mut script, &[&key("tier", false), list]).1.unwrap();
    let answer = script.answer("keys").unwrap();
    assert!(answer.body.contains("tier"));
    assert_eq!(script.answer("other"), None);
    let (_, ended) = run_with(&mut script, &[&key("${keys.data.0.key}_2", false), list]);
    assert_eq!(
        ended.unwrap_err().to_string(),
        "line 2 is not a call: as: keys is the name of an earlier call"
    );
    assert!(store.key(ManagedEntity::Customer, "tier_2").unwrap().is_some());
}

#[test]
fn a_reference_that_leads_nowhere_is_no_call() {
    no_call(&key("${none}", true), r#""none" is the name of no call before this line"#);
    let store = adopting();
    let gone = json!({"path": "/v1/customFields/removeKey", "as": "gone", "body": {"entity": "customer", "key": "a"}});
    let (_, ended) = run(&store, &[&key("a", true), &gone.to_string(), &key("${gone}", true)]);
    assert_eq!(ended.unwrap_err().to_string(), r#"line 3 is not a call: the answer of "gone" has no id"#);
}

#[test]
fn a_line_that_is_no_call_stops_with_its_number_and_all_reasons() {
    no_call("{", "it is not JSON: EOF while parsing an object at line 1 column 1");
    no_call("[]", "it is an array, not an object");
    no_call("{}", "path: missing");
    no_call(
        r#"{"path": 1, "method": null, "query": {"a": []}, "as": "a.b", "Body": {}}"#,
        "method: a string is expected, null was found; path: a string is expected, a number was found; \
         query.a: a string, a number or a boolean is expected, an array was found; \
         as: \"a.b\" is no name: 1 to 100 letters, digits, _ and -; Body: unknown field",
    );
    no_call(r#"{"path": "/", "path": "/"}"#, "path: given more than once");
    no_call(r#"{"path": "/", "as": ""}"#, r#"as: "" is no name: 1 to 100 letters, digits, _ and -"#);
}

#[test]
fn bytes_that_are_no_text_are_no_call() {
    let store = adopting();
    let ended = Script::new(&store).run(&b"\n{\"path\":\"\xff\"}"[..], |_| Ok(()));
    assert_eq!(ended.unwrap_err().to_string(), "line 2 is not a call: it is not UTF-8 from byte 9 on");
}

#[test]
fn a_line_that_is_too_long_is_no_call_and_is_not_read_to_its_end() {
    let store = adopting();
    let call = key("tier", false);
    let whole = call.clone() + &" ".repeat(MAX_SCRIPT_LINE_BYTES - call.len()) + "\n";
    Script::new(&store).run(whole.as_bytes(), |_| Ok(())).unwrap();
    let endless = io::BufReader::new(io::repeat(b' '));
    let ended = Script::new(&store).run(endless, |_| Ok(()));
    let text = format!("line 1 is not a call: it has more than {MAX_SCRIPT_LINE_BYTES} bytes");
    assert_eq!(ended.unwrap_err().to_string(), text);
}

#[test]
fn a_line_that_becomes_too_long_by_its_references_is_no_call() {
    let store = adopting();
    let mut script = Script::new(&store).keep_going(true);
    let long = json!({"path": "/", "body": {}, "method": "x".repeat(100), "as": "long"}).to_string();
    let line = json!({"path": "${long.message}".repeat(MAX_SCRIPT_LINE_BYTES / 20)}).to_string();
    let (_, ended) = run_with(&mut script, &[&long, &line]);
    let text = format!("line 2 is not a call: it has more than {MAX_SCRIPT_LINE_BYTES} bytes");
    assert_eq!(ended.unwrap_err().to_string(), text);
}

#[test]
fn a_refused_call_stops_the_script_and_its_answer_is_given_away() {
    let store = adopting();
    let (answers, ended) = run(&store, &[&key("a", true), &key("a", true), &key("b", true)]);
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 400]);
    let Err(ScriptError::Refused { line: 2, answer }) = ended else { panic!("{ended:?}") };
    assert_eq!(message(&answer), r#"Duplicate custom field key: customer has "a" already"#);
    assert_eq!(store.keys(&[]).unwrap().len(), 1);
}

#[test]
fn a_script_that_keeps_going_runs_to_its_end_and_knows_refused_calls_by_name() {
    let store = adopting();
    let mut script = Script::new(&store).keep_going(true);
    let refused = key("a", true).replacen('{', r#"{"as":"again","#, 1);
    let last = key("${again.message}", true);
    let [nowhere, elsewhere] = [r#"{"path":"/"}"#, r#"{"path":"/v1/usage"}"#];
    let (answers, ended) = run_with(&mut script, &[&key("a", true), &refused, nowhere, elsewhere, &last]);
    ended.unwrap();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 400, 404, 501, 200]);
    assert!(store.keys(&[]).unwrap()[1].key.starts_with("Duplicate custom field key"));
    let (_, ended) = run_with(&mut script, &["x"]);
    assert!(matches!(ended, Err(ScriptError::NotACall { line: 1, .. })));
}

#[test]
fn a_store_that_fails_stops_a_script_that_keeps_going() {
    let store = adopting();
    store.clone().close().unwrap();
    let (answers, ended) =
        run_with(&mut Script::new(&store).keep_going(true), &[&key("a", true), &key("b", true)]);
    assert_eq!(answers.len(), 1);
    let Err(ScriptError::Failed { line: 1, answer }) = ended else { panic!("{ended:?}") };
    assert_eq!(answer.status, 503);
}

#[test]
fn an_answer_that_cannot_be_given_away_stops_the_script() {
    let store = adopting();
    let lines = [key("a", true), key("b", true)].join("\n");
    let ended = Script::new(&store).run(lines.as_bytes(), |_| Err(io::Error::other("full")));
    assert_eq!(ended.unwrap_err().to_string(), "the answer to line 1 cannot be written: full");
    assert_eq!(store.keys(&[]).unwrap().len(), 1);
}

#[test]
fn a_now_line_sets_the_clock_from_there_on() {
    let clock = SetClock::default();
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    let mut script = Script::new(&store).clock(&clock);
    let first = r#"{"now":"2025-02-01T00:00:00Z"}"#;
    let second = r#"{"now":"2025-02-01T03:00:00+01:00"}"#;
    let (answers, ended) =
        run_with(&mut script, &[first, &key("a", true), second, &key("b", true), &key("c", true)]);
    ended.unwrap();
    assert_eq!(answers.len(), 3);
    let times: Vec<_> = store.keys(&[]).unwrap().iter().map(|key| key.added_at.to_string()).collect();
    assert_eq!(times, ["2025-02-01T00:00:00Z", "2025-02-01T02:00:00Z", "2025-02-01T02:00:00Z"]);
}

#[test]
fn a_now_line_that_is_wrong_leaves_the_clock_as_it_is() {
    let clock = SetClock::default();
    let set = "2025-02-01T00:00:00Z".parse().unwrap();
    clock.set(set);
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    for line in
        [r#"{"now":"2025-02-30T00:00:00Z"}"#, r#"{"now":1}"#, r#"{"now":"2026-01-01T00:00:00Z","path":"/"}"#]
    {
        let (_, ended) = run_with(&mut Script::new(&store).clock(&clock), &[line]);
        assert!(matches!(ended, Err(ScriptError::NotACall { line: 1, .. })), "{line}");
        assert_eq!(clock.now(), set);
    }
    let (_, ended) = run(&store, &[r#"{"now":"2026-01-01T00:00:00Z"}"#]);
    assert_eq!(ended.unwrap_err().to_string(), "line 1 is not a call: there is no clock to set here");
}

#[test]
fn a_body_reaches_its_call_as_it_was_written() {
    let store = adopting();
    let before = everything(&store);
    let half = r#"{"path":"/v1/customFields/addKey","body":{"entity":"customer","key":"\ud83d","enforce_uniqueness":true}}"#;
    let null = r#"{"path":"/v1/customFields/listKeys","body":null}"#;
    let (answers, ended) = run_with(&mut Script::new(&store).keep_going(true), &[half, null]);
    ended.unwrap();
    assert!(message(&answers[0]).starts_with("key: the string holds an escape"));
    assert_eq!(message(&answers[1]), "the body is null, not an object");
    assert_eq!(everything(&store), before);
}

fn ran_or_no_call(ended: &Result<(), ScriptError>) -> bool {
    matches!(ended, Ok(()) | Err(ScriptError::NotACall { line: 1.., .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_run_or_refused_by_line(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        texts in prop::collection::vec("(\\$|\\{|\\}|made|keys|\\.|data|id|0|\\\\u0024|\\\\\"|\\\\\\\\|\"|é){0,12}", 0..4),
    ) {
        let clock = SetClock::default();
        let store = StoreOptions::new().clock_from(&clock).adopt_unknown(true).in_memory().unwrap();
        let mut script = Script::new(&store).clock(&clock).keep_going(true);
        let list = r#"{"path":"/v1/customFields/listKeys","as":"keys"}"#.to_owned();
        let made = key("a", true).replacen('{', r#"{"as":"made","#, 1);
        run_with(&mut script, &[&made, &list]).1.unwrap();
        for text in texts {
            let line = format!(r#"{{"path":"/v1/customFields/listKeys","body":{{"{text}":"{text}"}}}}"#);
            let (answers, ended) = run_with(&mut script, &[&line]);
            prop_assert!(answers.iter().all(|answer| answer.status < 500));
            prop_assert_eq!(answers.len(), usize::from(ended.is_ok()));
            prop_assert!(ran_or_no_call(&ended), "{ended:?}");
        }
        let ended = script.run(&bytes[..], |_| Ok(()));
        prop_assert!(ran_or_no_call(&ended), "{ended:?}");
    }
}
