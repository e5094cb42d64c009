//! The calls about alerts: the API's own examples, what is answered of one, and what is asked wrongly.

use billfold::prelude::*;
use serde_json::{Value, json};

use crate::support::desk::{Desk, USD, and};

const CREATE: &str = "/v1/alerts/create";
const ARCHIVE: &str = "/v1/alerts/archive";
const GET: &str = "/v1/customer-alerts/get";
const LIST: &str = "/v1/customer-alerts/list";
const BALANCES: &str = "low_remaining_contract_credit_and_commit_balance_reached";

/// A desk whose contracts, commits and credits have keys for filters.
fn desk() -> Desk {
    let desk = Desk::new();
    for entity in [ManagedEntity::Contract, ManagedEntity::Commit, ManagedEntity::ContractCredit] {
        desk.store.add_key(entity, "contract_type", KeyKind::Indexed).unwrap();
    }
    desk
}

fn spend(more: Value) -> Value {
    and(
        json!({"alert_type": "spend_threshold_reached", "name": "$100 spend threshold reached", "threshold": 10_000}),
        more,
    )
}

fn balances(more: Value) -> Value {
    and(json!({"alert_type": BALANCES, "name": "Little left", "threshold": 500}), more)
}

/// What the desk's customer is answered of an alert.
#[track_caller]
fn got(desk: &Desk, alert: &str) -> Value {
    desk.done(GET, &json!({"customer_id": desk.customer, "alert_id": alert}))["data"].take()
}

#[track_caller]
fn listed(desk: &Desk, more: Value) -> Vec<String> {
    let answer = desk.done(LIST, &and(json!({"customer_id": desk.customer}), more));
    let id = |found: &Value| found["alert"]["id"].as_str().unwrap().to_owned();
    answer["data"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn the_apis_own_example_is_answered_with_all_it_says_and_as_not_evaluated() {
    let desk = desk();
    let filters = json!([{"entity": "Contract", "key": "contract_type", "value": "paygo"}]);
    let alert = desk.made(
        CREATE,
        &spend(json!({"credit_type_id": USD, "customer_id": desk.customer, "uniqueness_key": "x",
            "custom_field_filters": filters, "evaluate_on_create": false,
            "credit_grant_type_filters": ["enterprise"]})),
    );
    assert_eq!(
        got(&desk, &alert),
        json!({"customer_status": "evaluating", "triggered_by": null, "alert": {
            "id": alert, "name": "$100 spend threshold reached", "uniqueness_key": "x",
            "type": "spend_threshold_reached", "status": "enabled",
            "credit_type": {"id": USD, "name": "USD (cents)"}, "threshold": 10_000,
            "updated_at": "2024-12-01T00:00:00.000Z", "credit_grant_type_filters": ["enterprise"],
            "custom_field_filters": filters}})
    );
}

#[test]
fn what_narrows_an_alert_down_is_given_back_as_it_was_given() {
    let desk = desk();
    let specifiers = json!([
        {"custom_field_filters": [{"entity": "ContractCreditOrCommit", "key": "contract_type", "value": "paygo"}],
         "exclude": [{"custom_field_filters": [{"entity": "Commit", "key": "contract_type", "value": "trial"}]}]},
        {"custom_field_filters": [{"entity": "Commit", "key": "contract_type", "value": "pilot"}]},
    ]);
    let alert = desk.made(CREATE, &balances(json!({"alert_specifiers": specifiers})));
    assert_eq!(got(&desk, &alert)["alert"]["alert_specifiers"], specifiers);

    let groups = json!([{"key": "region", "value": "EU"}, {"key": "team"}]);
    let group = json!({"key": "region", "value": "US"});
    let alert = desk.made(CREATE, &spend(json!({"group_values": groups, "group_key_filter": group})));
    let found = &got(&desk, &alert)["alert"];
    assert_eq!((&found["group_values"], &found["group_key_filter"]), (&groups, &group));

    let total = json!({"alert_type": "invoice_total_reached", "name": "n", "threshold": 1.5,
        "invoice_types_filter": ["SCHEDULED"]});
    let found = &got(&desk, &desk.made(CREATE, &total))["alert"];
    assert_eq!((&found["invoice_types_filter"], &found["threshold"]), (&json!(["SCHEDULED"]), &json!(1.5)));

    let seats = json!({"seat_group_key": "seat"});
    let seat = json!({"alert_type": "low_remaining_seat_balance_reached", "name": "n", "threshold": 1, "seat_filter": seats});
    assert_eq!(got(&desk, &desk.made(CREATE, &seat))["alert"]["seat_filter"], seats);

    let days =
        json!({"alert_type": "LOW_REMAINING_DAYS_FOR_COMMIT_SEGMENT_REACHED", "name": "n", "threshold": 30});
    let found = got(&desk, &desk.made(CREATE, &days));
    assert_eq!(found["alert"]["type"], "low_remaining_days_for_commit_segment_reached");
    assert_eq!(found["alert"].get("credit_type"), None, "days are in no credit type");
}

#[test]
fn an_alert_about_what_is_left_says_whether_that_is_money_or_units() {
    let desk = desk();
    let found = |alert: &str| got(&desk, alert)["alert"].take();
    let money = found(&desk.made(CREATE, &balances(json!({}))));
    assert_eq!((&money["access_type"], &money["credit_type"]["id"]), (&json!("SPEND"), &json!(USD)));
    let units = balances(json!({"access_type": "quantity"}));
    let shown = found(&desk.made(CREATE, &units));
    assert_eq!((&shown["access_type"], shown.get("credit_type")), (&json!("QUANTITY"), None));
    desk.refused(CREATE, &and(units, json!({"credit_type_id": USD})), 400, "credit_type_id");

    let specifiers = json!([{"custom_field_filters":
        [{"entity": "ContractCreditOrCommit", "key": "contract_type", "value": "paygo"}]}]);
    let share = json!({"alert_type": "low_remaining_contract_credit_and_commit_percentage_reached",
        "alert_specifiers": specifiers, "access_type": "SPEND"});
    let shown = found(&desk.made(CREATE, &balances(share)));
    assert_eq!((&shown["alert_specifiers"], &shown["access_type"]), (&specifiers, &json!("SPEND")));
    assert_eq!(shown.get("credit_type"), None, "a percentage is in no credit type");

    desk.refused(CREATE, &spend(json!({"access_type": "SPEND"})), 400, "access_type");
    assert_eq!(found(&desk.made(CREATE, &spend(json!({})))).get("access_type"), None);
}

#[test]
fn an_archived_alert_is_listed_on_demand_and_its_key_is_free_where_it_was_released() {
    let desk = desk();
    let kept = desk.made(CREATE, &spend(json!({"uniqueness_key": "kept"})));
    let freed = desk.made(CREATE, &spend(json!({"uniqueness_key": "freed"})));
    let own = desk.made(CREATE, &spend(json!({"customer_id": desk.customer})));
    assert_eq!(desk.done(ARCHIVE, &json!({"id": kept})), json!({"data": {"id": kept}}));
    desk.done(ARCHIVE, &json!({"id": freed, "release_uniqueness_key": true}));
    desk.refused(ARCHIVE, &json!({"id": freed}), 400, "already archived");

    let found = got(&desk, &kept);
    assert_eq!((&found["customer_status"], &found["alert"]["status"]), (&Value::Null, &json!("archived")));
    assert_eq!(found["alert"]["uniqueness_key"], "kept");
    assert_eq!(got(&desk, &freed)["alert"].get("uniqueness_key"), None);

    let used = desk.refused(CREATE, &spend(json!({"uniqueness_key": "kept"})), 409, "already been used");
    assert_eq!((&used["conflicting_id"], &used["conflicting_value"]), (&json!(kept), &json!("kept")));
    desk.made(CREATE, &spend(json!({"uniqueness_key": "freed"})));

    let all = listed(&desk, json!({"alert_statuses": ["ENABLED", "archived"]}));
    assert_eq!(all.len(), 4);
    assert_eq!(listed(&desk, json!({"alert_statuses": ["ARCHIVED"]})), [kept, freed]);
    assert_eq!(listed(&desk, json!({"alert_statuses": ["DISABLED"]})), [""; 0]);
    assert_eq!(listed(&desk, json!({})).first(), Some(&own));
    desk.refused(
        LIST,
        &json!({"customer_id": desk.customer, "alert_statuses": []}),
        400,
        "alert_statuses: empty",
    );
    let unknown = AlertId::from(uuid::Uuid::from_u128(9));
    desk.refused(
        LIST,
        &json!({"customer_id": unknown, "alert_statuses": ["DISABLED"]}),
        404,
        "there is no customer",
    );
}

#[test]
fn a_list_of_alerts_comes_page_by_page() {
    let desk = desk();
    let made: Vec<_> = (0..3).map(|_| desk.made(CREATE, &spend(json!({})))).collect();
    let request = json!({"customer_id": desk.customer}).to_string();
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let query: Vec<_> =
            [("limit", "2")].into_iter().chain(next.as_deref().map(|next| ("next_page", next))).collect();
        let answer = desk.store.handle("POST", LIST, &query, request.as_bytes());
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        found.extend(body["data"].as_array().unwrap().iter().map(|found| found["alert"]["id"].clone()));
        match body["next_page"].as_str() {
            Some(cursor) => next = Some(cursor.to_owned()),
            None => break,
        }
    }
    assert_eq!(json!(found), json!(made));
}

#[test]
fn an_alert_is_asked_for_one_of_the_values_that_it_looks_at() {
    let desk = desk();
    let asked =
        |alert: &str, more: Value| and(json!({"customer_id": desk.customer, "alert_id": alert}), more);
    let by_team = desk.made(CREATE, &spend(json!({"group_values": [{"key": "team"}]})));
    desk.done(GET, &asked(&by_team, json!({"group_values": [{"key": "team", "value": "red"}]})));
    desk.done(GET, &asked(&by_team, json!({"plans_or_contracts": "CONTRACTS"})));
    let another = json!({"group_values": [{"key": "region", "value": "EU"}]});
    desk.refused(GET, &asked(&by_team, another), 400, "it has no such value by itself");
    let plans = json!({"plans_or_contracts": "PLANS", "group_values": [{"key": "team"}]});
    let body = desk.refused(GET, &asked(&by_team, plans), 400, "plans_or_contracts");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("group_values[0].value: missing") && !message.contains("unknown"), "{message}");

    let specifiers = json!([{"custom_field_filters": [{"entity": "Commit", "key": "contract_type"}]}]);
    let by_value = desk.made(CREATE, &balances(json!({"alert_specifiers": specifiers})));
    let of = |value: &str| json!({"alert_specifiers": [{"custom_field_filters": [{"entity": "Commit", "key": "contract_type", "value": value}]}]});
    desk.done(GET, &asked(&by_value, of("paygo")));
    desk.refused(GET, &asked(&by_team, of("paygo")), 400, "it has no such value by itself");

    let seats = json!({"alert_type": "low_remaining_seat_balance_reached", "name": "n", "threshold": 1,
        "seat_filter": {"seat_group_key": "seat", "seat_group_value": "1"}});
    let seats = desk.made(CREATE, &seats);
    let seat = |value: &str| json!({"seat_filter": {"seat_group_key": "seat", "seat_group_value": value}});
    desk.done(GET, &asked(&seats, seat("1")));
    desk.refused(GET, &asked(&seats, seat("2")), 400, "it has no such value by itself");
}

#[test]
fn another_customers_alert_is_not_there() {
    let desk = desk();
    let another = desk.made("/v1/customers", &json!({"name": "another"}));
    let theirs = desk.made(CREATE, &spend(json!({"customer_id": another})));
    let request = json!({"customer_id": desk.customer, "alert_id": theirs});
    desk.refused(GET, &request, 404, &format!("there is no alert {theirs}"));
    let nobody = "00000000-0000-0000-0000-000000000009";
    let both = json!({"customer_id": nobody, "alert_id": nobody});
    let body = desk.refused(GET, &both, 404, &format!("there is no customer {nobody}"));
    assert!(body["message"].as_str().unwrap().contains(&format!("there is no alert {nobody}")), "{body}");
    desk.refused(ARCHIVE, &json!({"id": nobody}), 404, &format!("there is no alert {nobody}"));
}

#[test]
fn all_that_is_wrong_with_a_new_alert_is_said_at_once() {
    let desk = desk();
    let shape = json!({"alert_type": "spend", "threshold": "1", "plan_id": USD, "other": 1,
        "custom_field_filters": [{"entity": "Customer", "key": "k"}]});
    let body = desk.refused(CREATE, &shape, 400, "alert_type: \"spend\" is none of");
    let message = body["message"].as_str().unwrap();
    for part in [
        "name: missing",
        "threshold: a number is expected",
        "plan_id: there are no plans",
        "other: unknown field",
        "custom_field_filters[0].entity: \"Customer\" is none of",
        "custom_field_filters[0].value: missing",
    ] {
        assert!(message.contains(part), "{part:?} in {message}");
    }
    let unregistered = json!([{"entity": "Contract", "key": "nobody_has_it", "value": "1"}]);
    desk.refused(CREATE, &spend(json!({"custom_field_filters": unregistered})), 404, "nobody_has_it");
    let differing = json!([
        {"entity": "Commit", "key": "contract_type", "value": "paygo"},
        {"entity": "ContractCredit", "key": "contract_type", "value": "trial"},
    ]);
    let same = "the same set of key and value pairs for every entity type";
    desk.refused(CREATE, &balances(json!({"custom_field_filters": differing})), 400, same);
    desk.refused(CREATE, &spend(json!({"alert_specifiers": [{}]})), 400, "alert_specifiers");
    assert_eq!(listed(&desk, json!({})), [""; 0]);
}
