//! The calls about customers' commits and credits: every field of their requests, and what their lists answer.

use serde_json::{Value, json};

use crate::support::desk::{Desk, END, START, and};
use crate::wire_contract_fields::{access, holds, of_another_kind, same, terms, with};

#[test]
fn every_field_of_a_customers_commit_and_credit_is_taken_and_given_back() {
    let desk = Desk::new();
    let contract = desk.made("/v1/contracts/create", &desk.contract(json!({})));
    let base = json!({"customer_id": desk.customer, "product_id": desk.fixed, "priority": 1, "type": "POSTPAID",
        "access_schedule": access(), "invoice_contract_id": contract,
        "invoice_schedule": {"schedule_items": [{"timestamp": END, "amount": 100}]}});
    let mut of_credit = base.clone();
    for field in ["type", "invoice_contract_id", "invoice_schedule"] {
        of_credit.as_object_mut().unwrap().remove(field);
    }
    let not_here = ["rollover_fraction", "hierarchy_configuration", "temporary_id"];
    let mut fields: Vec<_> = terms(&desk);
    fields.extend([
        same("custom_fields", json!({"owner": "sales"})),
        same("salesforce_opportunity_id", json!("SF 1")),
        same("applicable_contract_ids", json!([contract])),
        same("uniqueness_key", json!("u")),
    ]);
    for (path, id, base) in
        [("customerCommits", "commit_id", base), ("customerCredits", "credit_id", of_credit)]
    {
        let (create, list) = (format!("/v1/contracts/{path}/create"), format!("/v1/contracts/{path}/list"));
        for (field, value, expected) in &fields {
            let value = if *field == "uniqueness_key" { json!(path) } else { value.clone() };
            let expected = if *field == "uniqueness_key" { &value } else { expected };
            let request = with(&base, field, &value);
            if not_here.contains(field) {
                desk.refused(&create, &request, 400, &format!("{field}: unknown field"));
                continue;
            }
            let made = desk.made(&create, &request);
            let found = desk.done(&list, &json!({"customer_id": desk.customer, id: made}));
            assert!(holds(&found["data"][0][field], expected), "{path} {field}: {found}");
            let wrong = with(&base, field, &of_another_kind(&value));
            desk.refused(&create, &wrong, 400, &format!("{field}: "));
        }
        for field in ["customer_id", "product_id", "priority", "access_schedule"] {
            let mut without = base.clone();
            without.as_object_mut().unwrap().remove(field);
            desk.refused(&create, &without, 400, &format!("{field}: missing"));
        }
    }
    let commits = desk.done("/v1/contracts/customerCommits/list", &json!({"customer_id": desk.customer}));
    assert_eq!(commits["data"][0]["invoice_contract"], json!({"id": contract}));
    assert_eq!(commits["data"][0]["type"], "POSTPAID");
}

#[test]
fn balances_of_customers_and_contracts_are_listed_with_what_their_open_segments_give() {
    let desk = Desk::new();
    let segment = |amount: i64, from: &str, to: &str| json!({"amount": amount, "starting_at": format!("{from}T00:00:00Z"), "ending_before": format!("{to}T00:00:00Z")});
    let schedule = json!({"schedule_items": [
        segment(5, "2024-11-01", "2024-12-01"),
        segment(7, "2024-11-15", "2024-12-15"),
        segment(11, "2024-12-01", "2025-01-01"),
    ]});
    let part =
        json!({"product_id": desk.fixed, "type": "PREPAID", "priority": 1, "access_schedule": schedule});
    let contract = desk.made("/v1/contracts/create", &desk.contract(json!({"commits": [part]})));
    let mut own = part.clone();
    own["customer_id"] = json!(desk.customer);
    let id = desk.made("/v1/contracts/customerCommits/create", &own);
    let list = "/v1/contracts/customerCommits/list";
    let asked = |more: Value| {
        let request = and(json!({"customer_id": desk.customer}), more);
        desk.done(list, &request)
    };
    let ids = |answer: &Value| {
        let balances = answer["data"].as_array().unwrap().iter();
        balances.map(|balance| balance["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = asked(json!({"include_balance": true, "include_ledgers": true}));
    assert_eq!(ids(&own), std::slice::from_ref(&id));
    assert_eq!((&own["data"][0]["balance"], &own["data"][0]["ledger"]), (&json!(18), &json!([])));
    assert_eq!(own["data"][0].get("contract"), None);
    let plain = asked(json!({}));
    assert_eq!((plain["data"][0].get("balance"), plain["data"][0].get("ledger")), (None, None));
    let all = asked(json!({"include_contract_commits": true}));
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    let of_contract: Vec<_> =
        all["data"].as_array().unwrap().iter().map(|one| &one["contract"]["id"]).collect();
    assert!(of_contract.contains(&&json!(contract)), "{all}");
    for (condition, found) in [
        (json!({"commit_id": id}), true),
        (json!({"commit_id": contract}), false),
        (json!({"covering_date": "2024-12-31T00:00:00Z"}), true),
        (json!({"covering_date": "2025-01-01T00:00:00Z"}), false),
        (json!({"starting_at": "2024-12-31T00:00:00Z"}), true),
        (json!({"starting_at": "2025-01-01T00:00:00Z"}), false),
        (json!({"effective_before": "2024-11-02T00:00:00Z"}), true),
        (json!({"effective_before": "2024-11-01T00:00:00Z"}), false),
        (json!({"access_type": "spend"}), true),
        (json!({"access_type": "QUANTITY"}), false),
    ] {
        assert_eq!(!ids(&asked(condition.clone())).is_empty(), found, "{condition}");
    }
    let first = asked(json!({"include_contract_commits": true, "limit": 1}));
    let next = first["next_page"].as_str().unwrap();
    let rest = asked(json!({"include_contract_commits": true, "next_page": next}));
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_page"]), (1, &Value::Null));
    for limit in [0, 26] {
        let request = json!({"customer_id": desk.customer, "limit": limit});
        desk.refused(list, &request, 400, "limit: a whole number from 1 to 25 is expected");
    }
    let read = desk.done("/v2/contracts/get", &desk.of(&contract, json!({"include_balance": true})));
    assert_eq!(read["data"]["commits"][0]["balance"], json!(18));
    let both = json!({"as_of_date": START, "include_ledgers": true});
    desk.refused("/v2/contracts/get", &desk.of(&contract, both), 400, "as_of_date: not allowed");
}
