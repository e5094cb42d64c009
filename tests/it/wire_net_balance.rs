//! The call about a customer's net balance: the API's own example, and what is asked wrongly.

use billfold::prelude::*;
use serde_json::{Value, json};

use crate::support::desk::{Desk, USD, and};

const PATH: &str = "/v1/contracts/customerBalances/getNetBalance";
const TOKENS: &str = "6f1a2b3c-4d5e-4f60-8172-93a4b5c6d7e8";

/// A desk whose customer has a commit and a credit of each campaign, of its own or of a contract, some in tokens.
fn campaigns() -> Desk {
    let desk = Desk::new();
    for entity in [ManagedEntity::Commit, ManagedEntity::ContractCredit] {
        desk.store.add_key(entity, "campaign", KeyKind::Indexed).unwrap();
    }
    let part = |amount: i64, campaign: &str, more: Value| {
        let segment = json!({"amount": amount, "starting_at": "2024-11-01T00:00:00Z", "ending_before": "2025-01-01T00:00:00Z"});
        let part = json!({"product_id": desk.fixed, "priority": 1, "custom_fields": {"campaign": campaign},
            "access_schedule": {"schedule_items": [segment]}});
        and(part, more)
    };
    let own = json!({"customer_id": desk.customer});
    desk.made("/v1/contracts/customerCredits/create", &part(1, "free-trial", own.clone()));
    desk.made("/v1/contracts/customerCredits/create", &part(10, "signup-promotion", own.clone()));
    let prepaid = and(own, json!({"type": "PREPAID"}));
    desk.made("/v1/contracts/customerCommits/create", &part(100, "free-trial", prepaid));
    let postpaid = json!({"type": "POSTPAID", "invoice_schedule":
        {"schedule_items": [{"timestamp": "2025-01-01T00:00:00Z", "amount": 1_000}]}});
    let mut tokens = part(100_000, "free-trial", json!({}));
    tokens["access_schedule"]["credit_type_id"] = json!(TOKENS);
    desk.made(
        "/v1/contracts/create",
        &desk.contract(json!({
            "commits": [part(1_000, "signup-promotion", postpaid)],
            "credits": [part(10_000, "free-trial", json!({})), tokens],
        })),
    );
    desk
}

/// What the call answers for the desk's customer and these fields besides.
#[track_caller]
fn asked(desk: &Desk, more: Value) -> Value {
    let mut answer = desk.done(PATH, &and(json!({"customer_id": desk.customer}), more));
    answer["data"].take()
}

#[test]
fn the_apis_own_example_adds_up_free_trial_credits_and_signup_promotion_commits() {
    let desk = campaigns();
    let filters = json!([
        {"balance_types": ["CREDIT"], "custom_fields": {"campaign": "free-trial"}},
        {"balance_types": ["PREPAID_COMMIT", "POSTPAID_COMMIT"], "custom_fields": {"campaign": "signup-promotion"}},
    ]);
    let found = asked(&desk, json!({"credit_type_id": USD, "filters": filters}));
    assert_eq!(found, json!({"balance": 11_001, "credit_type_id": USD}));
    desk.clock.set("2025-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(asked(&desk, json!({"filters": filters})), json!({"balance": 0, "credit_type_id": USD}));
}

#[test]
fn what_is_left_out_is_no_condition_and_neither_is_what_names_nothing() {
    let desk = campaigns();
    let balance = |more: Value| asked(&desk, more)["balance"].clone();
    for everything in [
        json!({}),
        json!({"filters": []}),
        json!({"filters": [{}]}),
        json!({"filters": [{"balance_types": [], "ids": [], "custom_fields": {}}]}),
        json!({"invoice_inclusion_mode": "FINALIZED"}),
        json!({"invoice_inclusion_mode": "finalized_and_draft"}),
    ] {
        assert_eq!(balance(everything.clone()), json!(11_111), "{everything}");
    }
    assert_eq!(balance(json!({"filters": [{"balance_types": ["credit"]}]})), json!(10_011));
    assert_eq!(
        asked(&desk, json!({"credit_type_id": TOKENS})),
        json!({"balance": 100_000, "credit_type_id": TOKENS})
    );
    let credits = desk.done("/v1/contracts/customerCredits/list", &json!({"customer_id": desk.customer}));
    let ids: Vec<_> = credits["data"].as_array().unwrap().iter().map(|credit| &credit["id"]).collect();
    assert_eq!(balance(json!({"filters": [{"ids": ids}]})), json!(11));
    assert_eq!(balance(json!({"filters": [{"ids": [ids[0], ids[0]]}]})), json!(1));
}

#[test]
fn a_balance_is_answered_with_every_digit() {
    let desk = Desk::new();
    let number = "1234567890123456.12345678901";
    let request = json!({"customer_id": desk.customer, "product_id": desk.fixed, "priority": 1,
        "access_schedule": {"schedule_items": [{"amount": 7,
            "starting_at": "2024-11-01T00:00:00Z", "ending_before": "2025-01-01T00:00:00Z"}]}});
    let request = request.to_string().replace(r#""amount":7"#, &format!(r#""amount":{number}"#));
    let made = desk.store.handle("POST", "/v1/contracts/customerCredits/create", &[], request.as_bytes());
    assert_eq!(made.status, 200, "{made}");
    let answer = desk.asked(PATH, &json!({"customer_id": desk.customer}));
    let expected = format!(r#"{{"data":{{"balance":{number},"credit_type_id":"{USD}"}}}}"#);
    assert_eq!((answer.status, answer.body), (200, expected));
}

#[test]
fn what_is_wrong_with_a_request_is_all_named() {
    let desk = campaigns();
    let wrong = json!({"credit_type_id": 1, "invoice_inclusion_mode": "DRAFT", "filter": [], "filters": [
        {"balance_types": ["COMMIT"], "ids": ["x"], "custom_fields": {"campaign": 1}, "key": "campaign"},
    ]});
    let body = desk.refused(PATH, &wrong, 400, "customer_id: missing");
    let told: Vec<_> = body["message"].as_str().unwrap().split("; ").collect();
    assert_eq!(
        told,
        [
            "customer_id: missing",
            "credit_type_id: a string is expected, a number was found",
            r#"filters[0].balance_types[0]: "COMMIT" is none of PREPAID_COMMIT, POSTPAID_COMMIT, CREDIT"#,
            r#"filters[0].ids[0]: "x" is not a UUID"#,
            "filters[0].custom_fields.campaign: a string is expected, a number was found",
            "filters[0].key: unknown field",
            r#"invoice_inclusion_mode: "DRAFT" is none of FINALIZED, FINALIZED_AND_DRAFT"#,
            "filter: unknown field",
        ]
    );
    let many = json!({"customer_id": desk.customer, "filters": vec![json!({}); 101]});
    desk.refused(PATH, &many, 400, "filters: 101 items; at most 100 are allowed");
    let unknown = json!({"customer_id": TOKENS, "filters": [{"custom_fields": {"tear": "1"}}]});
    desk.refused(PATH, &unknown, 404, r#"Custom field key not found: contract_credit has no key "tear""#);
    desk.refused(PATH, &unknown, 404, &format!("there is no customer {TOKENS}"));
}
