//! The calls about billable metrics and products: what they do and what they answer.

use billfold::Answer;
use billfold::prelude::*;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::support::catalog::{at, everything};
use crate::wire::message;

const METRICS: &str = "/v1/billable-metrics";
const PRODUCTS: &str = "/v1/contract-pricing/products";

fn post(store: &Store, path: &str, body: &Value) -> Answer {
    store.handle("POST", path, &[], body.to_string().as_bytes())
}

fn body(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The id of what a call made, or named.
#[track_caller]
fn id(answer: &Answer) -> String {
    let body = body(answer);
    assert_eq!(body["data"].as_object().unwrap().len(), 1, "{answer}");
    body["data"]["id"].as_str().unwrap().to_owned()
}

fn metric(store: &Store, body: &Value) -> Answer {
    post(store, &format!("{METRICS}/create"), body)
}

fn product(store: &Store, body: &Value) -> Answer {
    post(store, &format!("{PRODUCTS}/create"), body)
}

fn read_metric(store: &Store, id: &str) -> Value {
    body(&store.handle("GET", &format!("{METRICS}/{id}"), &[], b""))["data"].clone()
}

fn read_product(store: &Store, id: &str) -> Value {
    body(&post(store, &format!("{PRODUCTS}/get"), &json!({"id": id})))["data"].clone()
}

/// Asserts that a call is refused with that status and a message with that text, and that it changed nothing.
#[track_caller]
fn refused(store: &Store, path: &str, request: &Value, status: u16, text: &str) {
    let before = everything(store);
    let answer = post(store, path, request);
    assert_eq!(answer.status, status, "{answer}");
    assert!(message(&answer).contains(text), "{text:?} in {answer}");
    assert_eq!(everything(store), before);
}

/// The metric of the API's example (`metronome-api.md` §11).
fn cpu_hours() -> Value {
    json!({
        "name": "CPU Hours",
        "aggregation_type": "SUM",
        "aggregation_key": "cpu_hours",
        "event_type_filter": {"in_values": ["cpu_usage"]},
        "property_filters": [
            {"name": "cpu_hours", "exists": true},
            {"name": "region", "exists": true, "in_values": ["EU", "NA"]},
            {"name": "machine_type", "exists": true, "in_values": ["slow", "fast"]},
        ],
        "group_keys": [["region"], ["machine_type"]],
    })
}

fn in_2019() -> (Store, SetClock) {
    let clock = SetClock::default();
    clock.set(at("2019-12-30T04:24:55.123Z"));
    (StoreOptions::new().clock_from(&clock).in_memory().unwrap(), clock)
}

#[test]
fn the_api_s_example_of_a_metric_is_made_read_renamed_and_archived() {
    let (store, _) = in_2019();
    let made = id(&metric(&store, &cpu_hours()));
    let mut expected = cpu_hours();
    expected["id"] = json!(made);
    expected["custom_fields"] = json!({});
    assert_eq!(read_metric(&store, &made), expected);
    let path = format!("{METRICS}/{made}");
    assert_eq!(id(&store.handle("PUT", &path, &[], br#"{"name":"CPU hours"}"#)), made);
    expected["name"] = json!("CPU hours");
    assert_eq!(read_metric(&store, &made), expected);
    let archive = format!("{METRICS}/archive");
    assert_eq!(id(&post(&store, &archive, &json!({"id": made}))), made);
    expected["archived_at"] = json!("2019-12-30T04:24:55.123Z");
    assert_eq!(read_metric(&store, &made), expected);
    refused(&store, &archive, &json!({"id": made}), 400, "already archived");
    refused(&store, &archive, &json!({"id": Uuid::nil()}), 404, "there is no billable_metric");
    let unknown = format!("{METRICS}/{}", Uuid::nil());
    assert_eq!(store.handle("GET", &unknown, &[], b"").status, 404);
    assert_eq!(store.handle("PUT", &unknown, &[], br#"{"name":"x"}"#).status, 404);
    assert_eq!(store.handle("PUT", &path, &[], b"{}").status, 400);
    assert_eq!(store.handle("PUT", &path, &[], br#"{"name":"x","sql":"y"}"#).status, 400);
    assert_eq!(store.handle("PUT", &format!("{METRICS}/x"), &[], br#"{"name":"x"}"#).status, 400);
    assert_eq!(store.handle("DELETE", &path, &[], b"").status, 405);
}

#[test]
fn the_seed_s_product_runs_as_it_is() {
    let store = Store::in_memory().unwrap();
    let seed = json!({
        "name": "My Product",
        "type": "USAGE",
        "billable_metric_id": "13117714-3f05-48e5-a6e9-a66093f13b4d",
    });
    let text = "billable_metric_id: there is no billable_metric 13117714-3f05-48e5-a6e9-a66093f13b4d";
    refused(&store, &format!("{PRODUCTS}/create"), &seed, 404, text);
    store.adopt(BillableMetricId::from(uuid!("13117714-3f05-48e5-a6e9-a66093f13b4d"))).unwrap();
    let made = id(&product(&store, &seed));
    let read = read_product(&store, &made);
    assert_eq!((&read["type"], &read["initial"]["name"]), (&json!("USAGE"), &json!("My Product")));
    assert_eq!(read["initial"]["billable_metric_id"], seed["billable_metric_id"]);
}

#[test]
fn a_product_is_answered_as_in_the_api_s_example() {
    let (store, clock) = in_2019();
    store.add_key(ManagedEntity::ContractProduct, "x_account_id", KeyKind::Enforced).unwrap();
    let part = id(&product(&store, &json!({"name": "Part", "type": "FIXED"})));
    let composite = json!({
        "name": "My Composite Product",
        "type": "COMPOSITE",
        "composite_product_ids": [part],
        "custom_fields": {"x_account_id": "KyVnHhSBWl7eY2bl"},
    });
    let made = id(&product(&store, &composite));
    clock.set(at("2019-12-30T09:24:55.123Z"));
    let update = json!({
        "product_id": made,
        "name": "My Updated Composite Product Name",
        "starting_at": "2020-02-01T00:00:00.000Z",
    });
    assert_eq!(id(&post(&store, &format!("{PRODUCTS}/update"), &update)), made);
    let initial = json!({
        "name": "My Composite Product",
        "created_at": "2019-12-30T04:24:55.123Z",
        "created_by": "system",
        "composite_product_ids": [part],
    });
    let mut expected = json!({
        "id": made,
        "type": "COMPOSITE",
        "archived_at": null,
        "initial": initial,
        "current": initial,
        "updates": [{
            "name": "My Updated Composite Product Name",
            "starting_at": "2020-02-01T00:00:00.000Z",
            "created_at": "2019-12-30T09:24:55.123Z",
            "created_by": "system",
        }],
        "custom_fields": {"x_account_id": "KyVnHhSBWl7eY2bl"},
    });
    assert_eq!(read_product(&store, &made), expected);
    clock.set(at("2020-02-01T00:00:00Z"));
    expected["current"] = expected["updates"][0].clone();
    expected["current"]["composite_product_ids"] = json!([part]);
    assert_eq!(read_product(&store, &made), expected);
    let archive = format!("{PRODUCTS}/archive");
    assert_eq!(id(&post(&store, &archive, &json!({"product_id": made}))), made);
    expected["archived_at"] = json!("2020-02-01T00:00:00.000Z");
    assert_eq!(read_product(&store, &made), expected);
    refused(&store, &archive, &json!({"product_id": made}), 400, "already archived");
    refused(&store, &archive, &json!({"product_id": Uuid::nil()}), 404, "there is no contract_product");
    assert_eq!(post(&store, &format!("{PRODUCTS}/get"), &json!({"id": Uuid::nil()})).status, 404);
}

#[test]
fn every_word_is_understood_in_both_cases_and_answered_in_upper_case() {
    let store = Store::in_memory().unwrap();
    let both = |word: &str| [word.to_owned(), word.to_lowercase()];
    for word in ["COUNT", "LATEST", "MAX", "SUM", "UNIQUE"] {
        for said in both(word) {
            let mut request = cpu_hours();
            request["aggregation_type"] = json!(said);
            let made = id(&metric(&store, &request));
            assert_eq!(read_metric(&store, &made)["aggregation_type"], word);
        }
    }
    let metric = id(&metric(&store, &cpu_hours()));
    let types = [
        ("USAGE", "USAGE"),
        ("SUBSCRIPTION", "SUBSCRIPTION"),
        ("COMPOSITE", "COMPOSITE"),
        ("FIXED", "FIXED"),
        ("PRO_SERVICE", "PRO_SERVICE"),
        ("PROFESSIONAL_SERVICE", "PRO_SERVICE"),
    ];
    for (word, answered) in types {
        for said in both(word) {
            let mut request = json!({"name": "x", "type": said});
            match word {
                "USAGE" => request["billable_metric_id"] = json!(metric),
                "COMPOSITE" => request["composite_tags"] = json!(["cloud"]),
                _ => {}
            }
            let made = id(&product(&store, &request));
            assert_eq!(read_product(&store, &made)["type"], answered);
        }
    }
    let usage = json!({"name": "x", "type": "USAGE", "billable_metric_id": metric});
    let composite = json!({"name": "x", "type": "COMPOSITE", "composite_tags": ["cloud"]});
    let words = [
        (&usage, "quantity_conversion", "operation", vec!["MULTIPLY", "DIVIDE"]),
        (&usage, "quantity_rounding", "rounding_method", vec!["ROUND_UP", "ROUND_DOWN", "ROUND_HALF_UP"]),
        (&usage, "sql_breakdown_granularity", "", vec!["HOUR", "SERVICE_PERIOD"]),
        (&composite, "composite_scope", "", vec!["CUSTOMER", "CONTRACT"]),
    ];
    for (base, field, inner, words) in words {
        for (word, said) in words.into_iter().flat_map(|word| both(word).map(|said| (word, said))) {
            let mut request = base.clone();
            request[field] = match field {
                "quantity_conversion" => json!({"conversion_factor": 2, inner: said}),
                "quantity_rounding" => json!({"decimal_places": 2, inner: said}),
                _ => json!(said),
            };
            let made = id(&product(&store, &request));
            let answered = read_product(&store, &made)["initial"][field].clone();
            assert_eq!(if inner.is_empty() { answered } else { answered[inner].clone() }, word);
        }
    }
    let wrong = json!({"name": "x", "type": "usages"});
    refused(
        &store,
        &format!("{PRODUCTS}/create"),
        &wrong,
        400,
        "type: \"usages\" is none of USAGE, SUBSCRIPTION",
    );
}

#[test]
fn every_fault_of_a_payload_is_named_at_once() {
    let store = Store::in_memory().unwrap();
    let path = format!("{PRODUCTS}/create");
    let form = json!({"type": 5, "tags": ["a", 1], "quantity_rounding": {"decimal_places": 1.5}, "price": 1});
    for text in [
        "name: missing",
        "type: a string is expected",
        "tags[1]: a string is expected",
        "quantity_rounding.rounding_method: missing",
        "quantity_rounding.decimal_places: \"1.5\" is not a whole number from 0 to 4294967295",
        "price: unknown field",
    ] {
        refused(&store, &path, &form, 400, text);
    }
    let content = json!({
        "name": "x",
        "type": "FIXED",
        "billable_metric_id": Uuid::nil(),
        "composite_tags": ["a"],
        "custom_fields": {"tier": "gold"},
    });
    for text in [
        "billable_metric_id: not allowed here",
        "composite_tags: not allowed here",
        "billable_metric_id: there is no billable_metric",
        "Invalid custom field keys: \"tier\"",
    ] {
        refused(&store, &path, &content, 400, text);
    }
}

#[test]
fn lists_hide_what_is_archived_unless_it_is_asked_for() {
    let store = Store::in_memory().unwrap();
    let metrics: Vec<_> = (0..3).map(|_| id(&metric(&store, &cpu_hours()))).collect();
    let fixed = json!({"name": "x", "type": "FIXED"});
    let products: Vec<_> = (0..3).map(|_| id(&product(&store, &fixed))).collect();
    post(&store, &format!("{METRICS}/archive"), &json!({"id": metrics[1]}));
    post(&store, &format!("{PRODUCTS}/archive"), &json!({"product_id": products[1]}));
    let ids = |answer: Answer| -> Vec<String> {
        let items = body(&answer)["data"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let of_metrics = |query: &[(&str, &str)]| ids(store.handle("GET", METRICS, query, b""));
    assert_eq!(of_metrics(&[]), [metrics[0].clone(), metrics[2].clone()]);
    assert_eq!(of_metrics(&[("include_archived", "false")]).len(), 2);
    assert_eq!(of_metrics(&[("include_archived", "true")]), metrics);
    let list = format!("{PRODUCTS}/list");
    let of_products = |request: Value| ids(post(&store, &list, &request));
    assert_eq!(of_products(json!({})), [products[0].clone(), products[2].clone()]);
    assert_eq!(of_products(json!({"archive_filter": "NOT_ARCHIVED"})).len(), 2);
    assert_eq!(of_products(json!({"archive_filter": "archived"})), [products[1].clone()]);
    assert_eq!(of_products(json!({"archive_filter": "All"})), products);
    refused(&store, &list, &json!({"archive_filter": "SOME"}), 400, "archive_filter: \"SOME\" is none of");
    assert_eq!(store.handle("GET", METRICS, &[("archive_filter", "ALL")], b"").status, 400);

    for (method, path, all) in [("GET", METRICS, &metrics), ("POST", &list, &products)] {
        let mut found = Vec::new();
        let mut next = Value::Null;
        loop {
            let cursor = next.as_str().unwrap_or_default().to_owned();
            let mut query = vec![("limit", "1")];
            query.extend((!cursor.is_empty()).then_some(("next_page", cursor.as_str())));
            let page = store.handle(method, path, &query, b"");
            next = body(&page)["next_page"].clone();
            found.extend(ids(page));
            if next.is_null() {
                break;
            }
        }
        assert_eq!(found, [all[0].clone(), all[2].clone()]);
        assert_eq!(store.handle(method, path, &[("limit", "101")], b"").status, 400);
    }
}

#[test]
fn amounts_are_answered_digit_by_digit() {
    let store = Store::in_memory().unwrap();
    let metric = id(&metric(&store, &cpu_hours()));
    let request = format!(
        r#"{{"name":"x","type":"USAGE","billable_metric_id":"{metric}","quantity_conversion":
            {{"conversion_factor":0.1234567890123456789012345678,"operation":"DIVIDE"}}}}"#
    );
    let made = id(&store.handle("POST", &format!("{PRODUCTS}/create"), &[], request.as_bytes()));
    let answer = post(&store, &format!("{PRODUCTS}/get"), &json!({"id": made}));
    assert!(answer.body.contains(r#""conversion_factor":0.1234567890123456789012345678,"#), "{answer}");
    let long = request.replace("45678,", "456789,");
    assert_eq!(store.handle("POST", &format!("{PRODUCTS}/create"), &[], long.as_bytes()).status, 400);
}
