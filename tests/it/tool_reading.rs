//! The commands of the tool that read: get, find, query, keys, history.

use serde_json::json;

use crate::support::customer;
use crate::tool::{billfold, ended, filled, json, table};
use crate::wire::SEED_CUSTOMER;

#[test]
fn get_shows_an_instance_with_its_values_and_what_else_there_is_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let seed = SEED_CUSTOMER.to_string();
    let answer = json(&["get", "customer", &seed, "--store", &path]);
    let expected = json!({
        "entity": "customer", "id": seed, "archived": false, "revision": 4,
        "custom_fields": {"tier": "gold", "x_account_id": "KyVnHhSBWl7eY2bl"}, "record": null,
    });
    assert_eq!(answer, expected);
    let expected = [
        "entity    id                                    state   last change",
        "customer  99594816-e8a5-4bca-be21-8d1de0f45120  in use  4",
        "",
        "custom field  value",
        "tier          gold",
        "x_account_id  KyVnHhSBWl7eY2bl",
    ];
    assert_eq!(table(&["get", "customer", &seed, "--store", &path]), expected);
    let archived = json(&["get", "customer", &customer(1).to_string(), "--store", &path]);
    assert_eq!(archived["archived"], true);

    let products = json(&["query", "contract_product", r#"{"all":[]}"#, "--store", &path]);
    let product = products["items"][0]["id"].as_str().unwrap();
    let shown = json(&["get", "contract_product", product, "--store", &path]);
    assert_eq!(shown["record"]["current"]["name"], "CPU hours");
    let shown = table(&["get", "contract_product", product, "--store", &path]);
    assert!(shown.contains(&"no custom fields".to_owned()), "{shown:#?}");
    assert!(shown.iter().any(|line| line.starts_with("current") && line.contains("CPU hours")), "{shown:#?}");
}

#[test]
fn get_says_what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let nobody = customer(99).to_string();
    for options in [&[][..], &["--json"]] {
        let arguments = [&["get", "customer", &nobody, "--store", &path], options].concat();
        let output = billfold(&arguments, "");
        ended(&output, 1, &format!("billfold: there is no customer {nobody}"));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn find_shows_the_holder_of_a_value_or_all_holders_a_page_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let find = ["find", "customer", "x_account_id", "KyVnHhSBWl7eY2bl", "--store", &path];
    let fields = json!({"tier": "gold", "x_account_id": "KyVnHhSBWl7eY2bl"});
    let item = json!({"entity": "customer", "id": SEED_CUSTOMER, "custom_fields": fields});
    assert_eq!(json(&find), json!({"items": [item], "next": null}));
    let expected = [
        "entity    id                                    custom fields",
        r#"customer  99594816-e8a5-4bca-be21-8d1de0f45120  tier="gold", x_account_id="KyVnHhSBWl7eY2bl""#,
    ];
    assert_eq!(table(&find), expected);

    let page = ["find", "customer", "tier", "IRON", "--limit", "3", "--store", &path];
    let first = json(&page);
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let lines = table(&page);
    let cursor = lines.last().unwrap().strip_prefix("more: --after ").unwrap();
    assert_eq!(first["next"], cursor);
    let rest = json(&[&page[..], &["--after", cursor]].concat());
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (2, &json!(null)));
}

#[test]
fn find_says_where_nobody_holds_the_value_or_the_key_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let find = |key: &str, value: &str| billfold(&["find", "customer", key, value, "--store", &path], "");
    let nobody = r#"billfold: no customer holds "no\nbody" for the key "x_account_id""#;
    ended(&find("x_account_id", "no\nbody"), 1, nobody);
    ended(&find("tear", "gold"), 1, r#"customer has no key "tear""#);
    // A value may look like an option.
    ended(&find("tier", "--x"), 1, r#"no customer holds "--x""#);
    ended(&find("tier", "-1"), 1, r#"no customer holds "-1""#);
}

#[test]
fn query_takes_conditions_in_json_and_shows_or_counts_what_they_are_true_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let query = |condition: &str, options: &[&str]| {
        json(&[&["query", "customer", condition, "--store", &path], options].concat())
    };
    let ids = |answer: serde_json::Value| {
        let items = answer["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let iron = r#"{"equals":{"key":"tier","value":"iron"}}"#;
    let named = |numbers: &[u128]| numbers.iter().map(|n| customer(*n).to_string()).collect::<Vec<_>>();
    assert_eq!(ids(query(iron, &[])), named(&[2, 3, 4, 5]));
    assert_eq!(ids(query(iron, &["--archived", "archived"])), named(&[1]));
    assert_eq!(ids(query(iron, &["--archived", "all"])), named(&[1, 2, 3, 4, 5]));
    assert_eq!(ids(query(&format!(r#"{{"not":{iron}}}"#), &[])), [SEED_CUSTOMER.to_string()]);
    assert_eq!(query(iron, &["--count"]), json!({"count": 4}));
    assert_eq!(table(&["query", "customer", iron, "--count", "--store", &path]), ["4"]);

    let first = query(iron, &["--limit", "3"]);
    let next = first["next"].as_str().unwrap().to_owned();
    assert_eq!(ids(query(iron, &["--after", &next])), named(&[5]));
    let other = billfold(&["query", "customer", "{\"all\":[]}", "--after", &next, "--store", &path], "");
    ended(&other, 1, "cursor");
    let none = r#"{"equals":{"key":"tier","value":"tin"}}"#;
    assert_eq!(query(none, &[]), json!({"items": [], "next": null}));
    assert_eq!(table(&["query", "customer", none, "--store", &path]), ["none"]);
}

#[test]
fn query_passes_over_no_condition_that_it_cannot_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let output = billfold(&["query", "customer", r#"{"exists":{"key":"tear"}}"#, "--store", &path], "");
    ended(&output, 1, "tear");
    for wrong in ["", "tier=gold", r#"{"exits":{"key":"tier"}}"#, r#"{"exists":{"key":"tier","not":1}}"#] {
        let output = billfold(&["query", "customer", wrong, "--store", &path], "");
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("for '<CONDITION>'"), "{wrong}");
    }
}

#[test]
fn keys_lists_what_is_registered_with_its_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let lines = table(&["keys", "--store", &path]);
    let expected = [
        "entity    key           rules                 instances  added at              id",
        "customer  x_account_id  enforced              1          2025-02-01T00:00:00Z  00000000-0000-7000-8000-000000000001",
        "customer  tier          indexed, case-folded  6          2025-02-01T00:00:00Z  00000000-0000-7000-8000-000000000002",
    ];
    assert_eq!(lines, expected);
    let answer = json(&["keys", "customer", "contract", "--store", &path]);
    assert_eq!(answer["items"][1]["comparison"], "case_folded");
    assert_eq!(answer["next"], json!(null));
    assert_eq!(table(&["keys", "contract", "--store", &path]), ["none"]);
}

#[test]
fn history_tells_who_changed_what_of_an_instance_a_value_and_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let seed = SEED_CUSTOMER.to_string();
    let expected = [
        "change  at                    by   reason       what",
        r#"4       2025-02-01T00:00:00Z  ops  moved\nhere  x_account_id: none -> "KyVnHhSBWl7eY2bl", tier: none -> "gold""#,
        r"3       2025-02-01T00:00:00Z  ops  moved\nhere  taken in",
    ];
    assert_eq!(table(&["history", "customer", &seed, "--store", &path]), expected);
    let of_tier = json(&["history", "customer", &seed, "--key", "tier", "--store", &path]);
    let values = json!([{"key": "tier", "old": null, "new": "gold"}]);
    assert_eq!(of_tier["items"][0]["what"], json!({"values": values}));
    assert_eq!(of_tier["items"][0]["about"], json!({"actor": "ops", "reason": "moved\nhere"}));
    let of_key = table(&["history", "customer", "--key", "tier", "--store", &path]);
    assert!(of_key[1].ends_with("-       key added: indexed, case-folded"), "{of_key:#?}");
    let archived = customer(1).to_string();
    let page = json(&["history", "customer", &archived, "--limit", "1", "--store", &path]);
    assert_eq!(page["items"][0]["what"], json!({"archived": {"archived_at": "2025-02-01T00:00:00Z"}}));
    let next = page["next"].as_str().unwrap();
    let rest = json(&["history", "customer", &archived, "--after", next, "--store", &path]);
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
}

#[test]
fn history_is_of_something_that_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let nobody = customer(99).to_string();
    ended(&billfold(&["history", "customer", &nobody, "--store", &path], ""), 1, "there is no customer");
    ended(&billfold(&["history", "customer", "--key", "tear", "--store", &path], ""), 1, "\"tear\"");
    assert_eq!(billfold(&["history", "customer", "--store", &path], "").status.code(), Some(2));
}
