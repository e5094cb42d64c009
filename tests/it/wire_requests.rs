//! How requests are read: strictly, with every fault named, whatever the bytes.

use billfold::prelude::*;
use proptest::prelude::*;

use crate::wire::{SEED_CUSTOMER, SEED_KEY, SEED_VALUES, call, everything, message, refused, seeded};

const CALLS: [&str; 5] = ["addKey", "removeKey", "listKeys", "setValues", "deleteValues"];

/// Asserts what a query of `listKeys` is refused with.
#[track_caller]
fn query_refused(query: &[(&str, &str)], text: &str) {
    let answer = seeded().handle("POST", "/v1/customFields/listKeys", query, b"");
    assert_eq!((answer.status, message(&answer).as_str()), (400, text));
}

#[test]
fn a_path_that_is_no_call_is_not_found() {
    let store = seeded();
    for path in ["/v1/customFields/addkey", "/v1/customFields/addKey/", "", "/v1/customFields/addKey?limit=1"]
    {
        let answer = store.handle("POST", path, &[], SEED_KEY.as_bytes());
        assert_eq!((answer.status, message(&answer)), (404, format!("there is no call {path:?}")));
    }
}

#[test]
fn a_call_with_another_method_names_the_right_one() {
    let store = seeded();
    for method in ["GET", "post", ""] {
        let answer = store.handle(method, "/v1/customFields/listKeys", &[], b"");
        let text = format!("/v1/customFields/listKeys is called with POST, not with {method:?}");
        assert_eq!((answer.status, message(&answer)), (405, text));
    }
}

#[test]
fn a_call_that_only_the_vendor_answers_is_named_and_is_no_failure_of_the_store() {
    let store = seeded();
    let invoices = format!("/v1/customers/{SEED_CUSTOMER}/invoices");
    for (method, path, named) in [
        ("GET", "/v1/plans", "GET /v1/plans (listPlans-v1)"),
        ("POST", "/v1/ingest", "POST /v1/ingest (ingest-v1)"),
        // Calls on a path of which another call is answered here, and on one that fits a call's parameter.
        ("POST", "/v1/billable-metrics", "POST /v1/billable-metrics (createBillableMetric-v1)"),
        (
            "GET",
            &format!("{invoices}/breakdowns"),
            "GET /v1/customers/{customer_id}/invoices/breakdowns (listBreakdownInvoices-v1)",
        ),
        (
            "GET",
            &format!("{invoices}/{SEED_CUSTOMER}/pdf"),
            "GET /v1/customers/{customer_id}/invoices/{invoice_id}/pdf (getInvoicePdf-v1)",
        ),
    ] {
        let answer = store.handle(method, path, &[("limit", "nonsense")], b"{");
        let text = format!("{named} is a call of the API that is not answered here");
        assert_eq!((answer.status, message(&answer)), (501, text));
        assert!(!answer.is_success() && !answer.is_failure());
        assert!(Store::methods(path).contains(&method));
    }
}

#[test]
fn the_methods_of_a_path_are_all_of_the_api_s_and_no_other() {
    let store = seeded();
    let customer = format!("/v1/customers/{SEED_CUSTOMER}");
    for (path, called, methods) in [
        ("/v1/plans", "/v1/plans", vec!["GET"]),
        ("/v1/billable-metrics", "/v1/billable-metrics", vec!["GET", "POST"]),
        ("/v1/customers/setBillableStatus", "/v1/customers/setBillableStatus", vec!["POST"]),
        (&customer, "/v1/customers/{customer_id}", vec!["GET"]),
    ] {
        assert_eq!(Store::methods(path), methods);
        let answer = store.handle("HEAD", path, &[], b"");
        let text = format!("{called} is called with {}, not with \"HEAD\"", methods.join(" or "));
        assert_eq!((answer.status, message(&answer)), (405, text));
    }
    assert_eq!(Store::methods("/v1/plan"), [""; 0]);
}

#[test]
fn missing_fields_are_all_named() {
    let store = seeded();
    for body in ["", "{}", " {\n} "] {
        let text = "entity: missing; key: missing; enforce_uniqueness: missing";
        refused(&store, "addKey", body, 400, text);
        refused(&store, "removeKey", body, 400, "entity: missing; key: missing");
        refused(
            &store,
            "setValues",
            body,
            400,
            "entity: missing; entity_id: missing; custom_fields: missing",
        );
        refused(&store, "deleteValues", body, 400, "entity: missing; entity_id: missing; keys: missing");
    }
}

#[test]
fn wrong_types_are_named_with_what_was_found() {
    let store = seeded();
    let body = r#"{"entity": 1, "key": ["x"], "enforce_uniqueness": "true"}"#;
    let text = "entity: a string is expected, a number was found; \
                key: a string is expected, an array was found; \
                enforce_uniqueness: a boolean is expected, a string was found";
    refused(&store, "addKey", body, 400, text);
    let body = r#"{"entity": null, "entity_id": true, "custom_fields": "x"}"#;
    let text = "entity: a string is expected, null was found; \
                entity_id: a string is expected, a boolean was found; \
                custom_fields: an object is expected, a string was found";
    refused(&store, "setValues", body, 400, text);
    let body = r#"{"entities": {"customer": true}}"#;
    refused(&store, "listKeys", body, 400, "entities: an array is expected, an object was found");
}

#[test]
fn values_inside_objects_and_arrays_are_named_by_their_path() {
    let store = seeded();
    let body = format!(
        r#"{{"entity": "customer", "entity_id": "{SEED_CUSTOMER}",
            "custom_fields": {{"tier": 1, "a b": null, "x_account_id": "ok", "": {{}}}}}}"#
    );
    let text = "custom_fields.tier: a string is expected, a number was found; \
                custom_fields[\"a b\"]: a string is expected, null was found; \
                custom_fields[\"\"]: a string is expected, an object was found";
    refused(&store, "setValues", body, 400, text);
    let body =
        format!(r#"{{"entity": "customer", "entity_id": "{SEED_CUSTOMER}", "keys": ["a", 1, "b", []]}}"#);
    let text = "keys[1]: a string is expected, a number was found; \
                keys[3]: a string is expected, an array was found";
    refused(&store, "deleteValues", body, 400, text);
}

#[test]
fn unknown_fields_are_refused_by_name() {
    let store = seeded();
    let body = r#"{"entity": "customer", "key": "k", "enforce_uniqueness": true, "Key": "k", "a\nb": 1}"#;
    refused(&store, "addKey", body, 400, r#"Key: unknown field; "a\nb": unknown field"#);
    refused(&store, "listKeys", r#"{"entity": "customer"}"#, 400, "entity: unknown field");
}

#[test]
fn names_given_twice_are_refused_also_where_they_are_escaped() {
    let store = seeded();
    let body = r#"{"entity": "customer", "key": "a", "key": "b", "key": "c", "enforce_uniqueness": true}"#;
    refused(&store, "addKey", body, 400, "key: given more than once");
    let body = SEED_VALUES.replace(r#"{"x_account_id":"#, r#"{"x_account\u005fid": "1", "x_account_id":"#);
    refused(&store, "setValues", body, 400, "custom_fields.x_account_id: given more than once");
}

#[test]
fn an_id_that_is_no_uuid_is_refused() {
    let store = seeded();
    let bad = ["", "99594816", "99594816e8a54bcabe218d1de0f45120", "{99594816-e8a5-4bca-be21-8d1de0f45120}"];
    for id in bad {
        let body = SEED_VALUES.replace(&SEED_CUSTOMER.to_string(), id);
        refused(&store, "setValues", body, 400, &format!("entity_id: {id:?} is not a UUID"));
    }
    let upper = SEED_VALUES.replace(&SEED_CUSTOMER.to_string(), &SEED_CUSTOMER.to_string().to_uppercase());
    assert_eq!(call(&store, "setValues", upper).status, 200);
}

#[test]
fn unknown_entities_are_refused_with_those_there_are() {
    let store = seeded();
    let known = "alert, billable_metric, charge, commit, contract_credit, contract_product, contract, customer, \
                 discount, invoice, professional_service, product, rate_card, scheduled_charge, subscription, \
                 package_commit, package_credit, package_subscription, package_scheduled_charge";
    for name in ["plan", "customer_plan", "credit_grant", "Customer", ""] {
        let text = |field| format!("{field}: {name:?} is not a managed entity; the entities are {known}");
        let named = |body: &str| body.replace("\"customer\"", &format!("{name:?}"));
        refused(&store, "addKey", named(SEED_KEY), 400, &text("entity"));
        refused(&store, "setValues", named(SEED_VALUES), 400, &text("entity"));
        let body = format!(r#"{{"entities": ["contract", {name:?}]}}"#);
        refused(&store, "listKeys", body, 400, &text("entities[1]"));
    }
}

#[test]
fn a_body_that_is_no_object_is_refused_saying_where() {
    let store = seeded();
    let cases: [(&[u8], &str); 9] = [
        (b"[1]", "the body is an array, not an object"),
        (b"null", "the body is null, not an object"),
        (b" \"x\" ", "the body is a string, not an object"),
        (b"-1.5e3", "the body is a number, not an object"),
        (b"{\"a\":1,}", "the body is not JSON: key must be a string at line 1 column 8"),
        (b"{\"a\":1}\n}", "the body is not JSON: trailing characters at line 2 column 1"),
        (b"{\"a\":[1,{\"b\":}]}", "the body is not JSON: expected value at line 1 column 14"),
        (b" ", "the body is not JSON: EOF while parsing a value at line 1 column 1"),
        (b"{\"a\":\"\xff\"}", "the body is not UTF-8 from byte 6 on"),
    ];
    for (body, text) in cases {
        for name in CALLS {
            refused(&store, name, body, 400, text);
        }
    }
}

#[test]
fn half_characters_are_refused() {
    let store = seeded();
    let half = "the string holds an escape that is half a character (a lone surrogate)";
    let body = SEED_VALUES.replace("KyVnHhSBWl7eY2bl", r"\ud83d");
    refused(&store, "setValues", body, 400, &format!("custom_fields.x_account_id: {half}"));
    let body = SEED_KEY.replace("x_account_id", r"a\udc00b");
    refused(&store, "addKey", body, 400, &format!("key: {half}"));
    let body = SEED_VALUES.replace("\"x_account_id\"", r#""\ud83dx""#);
    let text = "custom_fields: a name in it holds an escape that is half a character (a lone surrogate)";
    refused(&store, "setValues", body, 400, text);
    let answer = call(&store, "addKey", r#"{"\ud83d": 1}"#);
    assert_eq!(answer.status, 400, "{answer}");
    let whole = SEED_VALUES.replace("KyVnHhSBWl7eY2bl", r"\ud83d\ude00");
    assert_eq!(call(&store, "setValues", whole).status, 200);
}

#[test]
fn deep_nesting_is_refused_without_harm() {
    let store = seeded();
    const DEPTH: usize = 100_000;
    let arrays = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let objects = r#"{"a":"#.repeat(DEPTH) + "1" + &"}".repeat(DEPTH);
    for deep in [&arrays, &objects] {
        for name in CALLS {
            assert_eq!(call(&store, name, deep).status, 400);
            let field =
                format!(r#"{{"entity": {deep}, "custom_fields": {{"a": {deep}}}, "keys": [{deep}]}}"#);
            assert_eq!(call(&store, name, field).status, 400);
        }
    }
    assert_eq!(call(&store, "addKey", "[".repeat(DEPTH)).status, 400);
}

#[test]
fn huge_texts_are_refused_with_a_short_message() {
    let store = seeded();
    let huge = "x".repeat(4 << 20);
    let bodies = [
        ("addKey", SEED_KEY.replace("x_account_id", &huge)),
        ("addKey", SEED_KEY.replace("customer", &huge)),
        ("addKey", format!(r#"{{"{huge}": 1}}"#)),
        ("setValues", SEED_VALUES.replace("KyVnHhSBWl7eY2bl", &huge)),
        ("setValues", SEED_VALUES.replace("x_account_id", &huge)),
        ("setValues", SEED_VALUES.replace("x_account_id", &huge).replace("KyVnHhSBWl7eY2bl", &huge)),
        ("setValues", SEED_VALUES.replace(&SEED_CUSTOMER.to_string(), &huge)),
    ];
    for (name, body) in bodies {
        let answer = call(&store, name, body);
        assert_eq!(answer.status, 400);
        assert!(answer.body.len() < 1_000, "{}", answer.body.len());
    }
}

#[test]
fn of_very_many_faults_the_rest_is_counted() {
    let fields: Vec<_> = (0..5_000).map(|number| format!(r#""f{number}":0"#)).collect();
    let answer = call(&seeded(), "listKeys", format!("{{{}}}", fields.join(",")));
    assert_eq!(answer.status, 400);
    assert!(message(&answer).ends_with("f99: unknown field; and 4900 more faults"), "{answer}");
}

#[test]
fn a_limit_is_a_number_from_1_to_100() {
    for limit in ["0", "101", "-1", "+5", "ten", "", "1.0", "99999999999999999999999"] {
        let text = format!("query parameter limit: {limit:?} is not a number from 1 to 100");
        query_refused(&[("limit", limit)], &text);
    }
    for limit in ["1", "100"] {
        assert!(seeded().handle("POST", "/v1/customFields/listKeys", &[("limit", limit)], b"").is_success());
    }
}

#[test]
fn a_bad_cursor_is_refused() {
    for name in ["next_page", "cursor"] {
        for text in ["", "x", "AAAAAAAA"] {
            let said = format!("query parameter {name}: {text:?} is not a cursor that a page ended with");
            query_refused(&[(name, text)], &said);
        }
    }
    let both = "query parameter cursor: another name of next_page; give one of them";
    query_refused(&[("next_page", "x"), ("cursor", "x")], both);
}

#[test]
fn query_parameters_are_refused_that_are_unknown_or_given_twice() {
    query_refused(&[("Limit", "1")], r#"query parameter "Limit": unknown"#);
    query_refused(&[("limit", "1"), ("limit", "2")], "query parameter limit: given more than once");
    let store = seeded();
    let before = everything(&store);
    for name in ["addKey", "removeKey", "setValues", "deleteValues"] {
        let path = format!("/v1/customFields/{name}");
        let answer = store.handle("POST", &path, &[("limit", "1")], SEED_VALUES.as_bytes());
        assert_eq!(answer.status, 400);
        assert!(message(&answer).contains(r#"query parameter "limit": unknown"#), "{answer}");
    }
    assert_eq!(everything(&store), before);
}

#[test]
fn faults_of_body_and_query_are_named_together() {
    let store = seeded();
    let query = [("limit", "0"), ("page", "1")];
    let answer = store.handle("POST", "/v1/customFields/listKeys", &query, br#"{"entities":["plan"],"x":1}"#);
    let text = message(&answer);
    for part in
        ["entities[0]: \"plan\"", "x: unknown field", "parameter limit", "parameter \"page\": unknown"]
    {
        assert!(text.contains(part), "{text}");
    }
}

/// JSON that comes close to what the calls expect.
fn near_json() -> impl Strategy<Value = String> {
    let texts = prop_oneof![
        "\"(a|x_account_id|entity|KyVnHhSBWl7eY2bl|\\\\ud83d|\\\\u0000|é)\"",
        "\"(customer|contract|plan|package_commit)\"",
        Just(format!("\"{SEED_CUSTOMER}\"")),
    ];
    let leaf = prop_oneof![texts, "(null|true|false|-?[0-9]{1,30}|1e999)", "\\PC{0,3}"];
    let names = "\"(entity|entity_id|key|keys|entities|custom_fields|enforce_uniqueness|x_account_id|a)\"";
    leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((names, inner), 0..6).prop_map(|fields| {
                let fields: Vec<_> =
                    fields.into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_is_answered_and_none_is_a_failure(
        method in prop_oneof![4 => Just("POST".to_owned()), 1 => ".{0,8}"],
        path in prop_oneof![
            8 => prop::sample::select(&CALLS[..]).prop_map(|name| format!("/v1/customFields/{name}")),
            1 => ".{0,40}",
        ],
        query in prop::collection::vec(("(limit|next_page|cursor|.{0,3})", "([0-9]{1,3}|.{0,20})"), 0..3),
        body in prop_oneof![
            4 => near_json().prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..200),
        ],
        adopts in any::<bool>(),
    ) {
        let store = StoreOptions::new().adopt_unknown(adopts).in_memory().unwrap();
        call(&store, "addKey", SEED_KEY);
        let before = everything(&store);
        let query: Vec<_> = query.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let answer = store.handle(&method, &path, &query, &body);
        prop_assert!((200..500).contains(&answer.status), "{answer}");
        prop_assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_ok());
        prop_assert!(!answer.to_string().contains('\n'));
        if !answer.is_success() {
            prop_assert!(!message(&answer).is_empty());
            prop_assert_eq!(everything(&store), before);
        }
    }

    #[test]
    fn any_text_that_is_set_comes_back(value in "\\PC{0,60}|[\\x00-\\x7f]{0,60}") {
        let store = seeded();
        let body = serde_json::json!({"entity": "customer", "entity_id": SEED_CUSTOMER,
            "custom_fields": {"x_account_id": value}});
        prop_assert!(call(&store, "setValues", body.to_string()).is_success());
        let found = store.value(CustomerId::from(SEED_CUSTOMER), "x_account_id").unwrap();
        prop_assert_eq!(found, Some(value));
    }
}
