//! The calls about customers: what they do, what they answer, and how their requests are read.

use billfold::Answer;
use billfold::prelude::*;
use serde_json::{Value, json};

use crate::wire::message;

/// The payload of the seed "Provision a customer", as it is.
const SEED: &str = r#"{
    "ingest_aliases": [
      "team@widgetsexpress.com"
    ],
    "name": "WidgetsExpress",
    "custom_fields": {
      "sfdc_account_id": "sfdc1001"
    }
  }"#;

pub fn post(store: &Store, path: &str, body: &impl ToString) -> Answer {
    store.handle("POST", path, &[], body.to_string().as_bytes())
}

/// What a call that must have succeeded answered.
#[track_caller]
pub fn body(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer}");
    serde_json::from_str(&answer.body).unwrap()
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, text: &str) {
    assert_eq!((answer.status, message(answer).as_str()), (status, text));
}

/// The id of a new customer with that name and alias.
fn made(store: &Store, name: &str) -> String {
    let answer = post(store, "/v1/customers", &json!({"name": name, "ingest_aliases": [name]}));
    body(&answer)["data"]["id"].as_str().unwrap().to_owned()
}

fn got(store: &Store, id: &str) -> Value {
    body(&store.handle("GET", &format!("/v1/customers/{id}"), &[], b""))["data"].take()
}

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

fn listed(store: &Store, query: &[(&str, &str)]) -> Value {
    body(&store.handle("GET", "/v1/customers", query, b""))
}

/// Asserts that an object has these fields and no others; those behind `?` may be missing.
#[track_caller]
pub fn has_fields(object: &Value, fields: &str) {
    let object = object.as_object().unwrap();
    let known: Vec<_> = fields.split(' ').collect();
    for field in known.iter().filter(|field| !field.starts_with('?')) {
        assert!(object.contains_key(*field), "{field} is missing in {object:?}");
    }
    for field in object.keys() {
        assert!(
            known.iter().any(|name| name.trim_start_matches('?') == field),
            "{field} is not in the schema"
        );
    }
}

const CUSTOMER: &str = "id external_id ingest_aliases name ?custom_fields";
const CUSTOMER_DETAIL: &str = "id external_id ingest_aliases name customer_config custom_fields created_at \
                               updated_at ?archived_at ?current_billable_status";

fn seeded() -> (Store, String) {
    let clock = SetClock::default();
    clock.set("2025-02-01T00:00:00Z".parse().unwrap());
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "sfdc_account_id", KeyKind::Enforced).unwrap();
    let made = body(&post(&store, "/v1/customers", &SEED));
    has_fields(&made, "data");
    has_fields(&made["data"], CUSTOMER);
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    let expected = json!({"data": {
        "id": id,
        "external_id": "team@widgetsexpress.com",
        "ingest_aliases": ["team@widgetsexpress.com"],
        "name": "WidgetsExpress",
        "custom_fields": {"sfdc_account_id": "sfdc1001"},
    }});
    assert_eq!(made, expected);
    (store, id)
}

#[test]
fn the_seeds_customer_is_made_and_read_back() {
    let (store, id) = seeded();
    let found = got(&store, &id);
    has_fields(&found, CUSTOMER_DETAIL);
    has_fields(&found["customer_config"], "salesforce_account_id ?leave_stripe_invoices_in_draft");
    let expected = json!({
        "id": id,
        "external_id": "team@widgetsexpress.com",
        "ingest_aliases": ["team@widgetsexpress.com"],
        "name": "WidgetsExpress",
        "custom_fields": {"sfdc_account_id": "sfdc1001"},
        "customer_config": {"salesforce_account_id": null},
        "created_at": "2025-02-01T00:00:00.000Z",
        "updated_at": "2025-02-01T00:00:00.000Z",
        "archived_at": null,
    });
    assert_eq!(found, expected);
    let page = listed(&store, &[]);
    has_fields(&page, "data next_page");
    assert_eq!(page, json!({"data": [expected], "next_page": null}));
    let found = store.find_customer("team@widgetsexpress.com").unwrap().unwrap();
    assert_eq!(found.to_string(), id);
    assert_eq!(store.find("sfdc_account_id", "sfdc1001").unwrap(), Some(found));
}

#[test]
fn the_seeds_customer_cannot_be_made_without_its_key_or_twice() {
    let store = Store::in_memory().unwrap();
    let text = r#"Invalid custom field keys: "sfdc_account_id" (not registered for customer)"#;
    is_refused(&post(&store, "/v1/customers", &SEED), 400, text);
    assert_eq!(listed(&store, &[]), json!({"data": [], "next_page": null}));

    let (store, id) = seeded();
    let again = post(&store, "/v1/customers", &SEED);
    assert_eq!(again.status, 409);
    let said = message(&again);
    let alias = format!(r#"the ingest alias "team@widgetsexpress.com" belongs to customer {id}; customer "#);
    assert!(said.starts_with(&alias), "{said}");
    assert!(
        said.ends_with(&format!(r#"of the unique key "sfdc_account_id" is held by customer {id}"#)),
        "{said}"
    );
    assert_eq!(names(&listed(&store, &[])), ["WidgetsExpress"]);
}

#[test]
fn an_external_id_is_an_alias_that_comes_first() {
    let store = Store::in_memory().unwrap();
    let request = |external: Value, aliases: Value| {
        post(
            &store,
            "/v1/customers",
            &json!({"name": "a", "external_id": external, "ingest_aliases": aliases}),
        )
    };
    let first = body(&request("x".into(), json!(["y"])))["data"].take();
    assert_eq!((&first["external_id"], &first["ingest_aliases"]), (&json!("x"), &json!(["x", "y"])));
    let both = body(&request("z".into(), json!(["w", "z"])))["data"].take();
    assert_eq!((&both["external_id"], &both["ingest_aliases"]), (&json!("w"), &json!(["w", "z"])));
    let none = body(&post(&store, "/v1/customers", &json!({"name": "a"})))["data"].take();
    assert_eq!((&none["external_id"], &none["ingest_aliases"]), (&none["id"], &json!([])));

    let long = "x".repeat(129);
    let empty = "empty; an ingest alias has 1 to 128 characters";
    is_refused(&request("".into(), json!(["a"])), 400, &format!("external_id: {empty}"));
    let text = "external_id: 129 characters; at most 128 are allowed; \
                ingest_aliases[1]: empty; an ingest alias has 1 to 128 characters; \
                ingest_aliases[2]: \"a\" is given more than once";
    is_refused(&request(long.into(), json!(["a", "", "a"])), 400, text);
    let holder = first["id"].as_str().unwrap();
    is_refused(
        &request("y".into(), json!([])),
        409,
        &format!("the ingest alias \"y\" belongs to customer {holder}"),
    );
}

#[test]
fn aliases_are_set_and_names_and_configurations_changed() {
    let (store, id) = seeded();
    let path = |call: &str| format!("/v1/customers/{id}/{call}");
    let null = Answer { status: 200, body: "null".into() };
    for _ in 0..2 {
        let set = post(&store, &path("setIngestAliases"), &json!({"ingest_aliases": ["b", "a"]}));
        assert_eq!(set, null);
        assert_eq!(got(&store, &id)["ingest_aliases"], json!(["b", "a"]));
    }
    let renamed = body(&post(&store, &path("setName"), &json!({"name": "\u{1F4B0}".repeat(161)})));
    has_fields(&renamed["data"], CUSTOMER);
    assert_eq!(renamed["data"]["name"], "\u{1F4B0}".repeat(160));
    let config = |body: Value| {
        assert_eq!(post(&store, &path("updateConfig"), &body), null);
        got(&store, &id)["customer_config"].take()
    };
    let account = "0015500001WO1ZiABL";
    let after = config(json!({"salesforce_account_id": account, "leave_stripe_invoices_in_draft": false}));
    assert_eq!(after, json!({"salesforce_account_id": account, "leave_stripe_invoices_in_draft": false}));
    assert_eq!(config(json!({})), after, "what is left out stays");
    let after = config(json!({"leave_stripe_invoices_in_draft": null}));
    assert_eq!(after, json!({"salesforce_account_id": account}));
    assert_eq!(config(json!({"salesforce_account_id": null})), json!({"salesforce_account_id": null}));
    assert_eq!(post(&store, &path("setIngestAliases"), &json!({"ingest_aliases": []})), null);
    assert_eq!(got(&store, &id)["external_id"], json!(id));
}

#[test]
fn an_archived_customer_is_read_listed_when_asked_for_and_keeps_its_aliases() {
    let (store, id) = seeded();
    let archived = body(&post(&store, "/v1/customers/archive", &json!({"id": id})));
    assert_eq!(archived, json!({"data": {"id": id}}));
    let found = got(&store, &id);
    has_fields(&found, CUSTOMER_DETAIL);
    assert_eq!(found["archived_at"], "2025-02-01T00:00:00.000Z");
    assert_eq!(names(&listed(&store, &[])), [""; 0]);
    assert_eq!(names(&listed(&store, &[("only_archived", "false")])), [""; 0]);
    assert_eq!(listed(&store, &[("only_archived", "true")]), json!({"data": [found], "next_page": null}));
    let again = post(&store, "/v1/customers/archive", &json!({"id": id}));
    is_refused(&again, 400, &format!("customer {id} is already archived"));
    let request = json!({"name": "new", "ingest_aliases": ["team@widgetsexpress.com"]});
    let text = format!(
        r#"the ingest alias "team@widgetsexpress.com" belongs to customer {id}, which is archived and keeps it"#
    );
    is_refused(&post(&store, "/v1/customers", &request), 409, &text);
}

#[test]
fn a_path_names_a_customer_that_there_is_and_a_call_has_its_method() {
    let (store, id) = seeded();
    let unknown = "d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc";
    let calls = [
        ("GET", "", json!({})),
        ("POST", "/setIngestAliases", json!({"ingest_aliases": ["new"]})),
        ("POST", "/setName", json!({"name": "new"})),
        ("POST", "/updateConfig", json!({"salesforce_account_id": "new"})),
    ];
    for (method, call, request) in calls {
        let ask = |method: &str, id: &str| {
            let body = request.to_string();
            store.handle(method, &format!("/v1/customers/{id}{call}"), &[], body.as_bytes())
        };
        is_refused(&ask(method, unknown), 404, &format!("there is no customer {unknown}"));
        is_refused(&ask(method, "widgets"), 400, r#"customer_id: "widgets" is not a UUID"#);
        let other = if method == "GET" { "POST" } else { "GET" };
        let text = format!("/v1/customers/{{customer_id}}{call} is called with {method}, not with {other:?}");
        is_refused(&ask(other, &id), 405, &text);
        let elsewhere = format!("/v1/customers/{id}{call}/");
        let answer = store.handle(method, &elsewhere, &[], b"");
        is_refused(&answer, 404, &format!("there is no call {elsewhere:?}"));
        body(&ask(method, &id.to_uppercase()));
    }
    is_refused(
        &post(&store, "/v1/customers/archive", &json!({"id": unknown})),
        404,
        &format!("there is no customer {unknown}"),
    );
    is_refused(&post(&store, "/v1/customers/archive", &json!({"id": "x"})), 400, r#"id: "x" is not a UUID"#);
    let text = "/v1/customers/archive is called with POST, not with \"GET\"";
    is_refused(&store.handle("GET", "/v1/customers/archive", &[], b""), 405, text);
    let text = "/v1/customers is called with POST or GET, not with \"PUT\"";
    is_refused(&store.handle("PUT", "/v1/customers", &[], b""), 405, text);
    is_refused(&store.handle("GET", "/v1/customers/", &[], b""), 404, "there is no call \"/v1/customers/\"");
}

#[test]
fn a_customer_that_is_nothing_but_an_id_is_not_found() {
    let store = Store::in_memory().unwrap();
    let id = crate::support::customer(7);
    store.adopt(id).unwrap();
    let text = format!("there is nothing but the id of customer {id}: it was made elsewhere and taken in");
    is_refused(&store.handle("GET", &format!("/v1/customers/{id}"), &[], b""), 404, &text);
    is_refused(&post(&store, &format!("/v1/customers/{id}/setName"), &json!({"name": "a"})), 404, &text);
    assert_eq!(names(&listed(&store, &[])), [""; 0]);
    body(&post(&store, "/v1/customers/archive", &json!({"id": id})));
}

#[test]
fn a_list_is_narrowed_by_every_parameter() {
    let store = Store::in_memory().unwrap();
    let ids = ["a", "b", "c", "d"].map(|name| made(&store, name));
    for (id, account) in [(&ids[0], "one"), (&ids[1], "two"), (&ids[2], "one")] {
        let config = json!({"salesforce_account_id": account});
        body(&post(&store, &format!("/v1/customers/{id}/updateConfig"), &config));
    }
    let list = |query: &[(&str, &str)]| names(&listed(&store, query)).join(" ");
    assert_eq!(list(&[]), "a b c d");
    assert_eq!(list(&[("ingest_alias", "b")]), "b");
    assert_eq!(list(&[("ingest_alias", "b,c")]), "", "an alias is one text, commas and all");
    let both = format!("{},{}", ids[3], ids[0]);
    assert_eq!(list(&[("customer_ids", &ids[1])]), "b");
    assert_eq!(list(&[("customer_ids", &both)]), "a d", "separated by commas");
    assert_eq!(list(&[("customer_ids", &ids[3]), ("customer_ids", &ids[0])]), "a d", "repeated");
    assert_eq!(list(&[("customer_ids", &both), ("customer_ids", &ids[1])]), "a b d", "both");
    let account = "salesforce_account_ids";
    assert_eq!(list(&[(account, "one")]), "a c");
    assert_eq!(list(&[(account, "one,two")]), "a b c");
    assert_eq!(list(&[(account, "two"), (account, "one")]), "a b c");
    assert_eq!(list(&[(account, "one"), ("customer_ids", &both)]), "a");
    assert_eq!(list(&[(account, "three")]), "");

    let many = vec![ids[0].as_str(); 101].join(",");
    let ask = |query: &[(&str, &str)]| store.handle("GET", "/v1/customers", query, b"");
    is_refused(&ask(&[("customer_ids", &many)]), 400, "customer_ids: 101 items; at most 100 are allowed");
    let hundred = vec![ids[0].as_str(); 100].join(",");
    assert_eq!(list(&[("customer_ids", &hundred)]), "a");
    is_refused(
        &ask(&[(account, &["x"; 101].join(","))]),
        400,
        "salesforce_account_ids: 101 items; at most 100 are allowed",
    );
    let wrong = [("only_archived", "yes"), ("customer_ids", "x,"), ("ingest_aliases", "a"), ("limit", "0")];
    let text = "query parameter customer_ids: \"x\" is not a UUID; query parameter customer_ids: \"\" is not a UUID; \
                query parameter only_archived: \"yes\" is neither true nor false; \
                query parameter limit: \"0\" is not a number from 1 to 100; \
                query parameter \"ingest_aliases\": unknown";
    is_refused(&ask(&wrong), 400, text);
    let twice = [("ingest_alias", "a"), ("ingest_alias", "b")];
    is_refused(&ask(&twice), 400, "query parameter ingest_alias: given more than once");
    is_refused(&store.handle("GET", "/v1/customers", &[], br#"{"x": 1}"#), 400, "x: unknown field");
}

#[test]
fn a_long_list_is_read_a_page_at_a_time() {
    let store = Store::in_memory().unwrap();
    let all: Vec<_> = (0..205).map(|n| format!("{n}")).collect();
    for name in &all {
        made(&store, name);
    }
    for (parameter, limit) in [("next_page", "100"), ("cursor", "7"), ("next_page", "")] {
        let mut found: Vec<String> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = Vec::new();
            if !limit.is_empty() {
                query.push(("limit", limit));
            }
            query.extend(cursor.as_deref().map(|cursor| (parameter, cursor)));
            let page = listed(&store, &query);
            found.extend(names(&page).into_iter().map(str::to_owned));
            let most = limit.parse().unwrap_or(100);
            let Some(next) = page["next_page"].as_str() else { break };
            assert_eq!(names(&page).len(), most, "a page is full where another follows");
            cursor = Some(next.to_owned());
        }
        assert_eq!(found, all);
    }
    let first = listed(&store, &[("limit", "1")]);
    let next = first["next_page"].as_str().unwrap();
    let other = store.handle("GET", "/v1/customers", &[("next_page", next), ("only_archived", "true")], b"");
    is_refused(&other, 400, "the cursor belongs to another question or another store");
}
