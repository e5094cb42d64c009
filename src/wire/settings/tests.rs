//! Settings read and answered: every field once, and every place where something can be wrong.

use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::entity::CustomerId;
use crate::wire::body::Faults;
use crate::wire::listed_settings::{ListedSettings, ListedSettingsChanges};

const A: &str = "0197a000-0000-7000-8000-00000000000a";
const B: &str = "0197a000-0000-7000-8000-00000000000b";

/// What is read of a body, or the message with its faults.
fn body<T>(json: &str, read: impl FnOnce(&Object<'_>) -> Option<T>) -> Result<T, String> {
    let faults = Faults::default();
    let read = Object::whole(json.as_bytes(), "the body", &faults).and_then(|body| {
        let read = read(&body);
        body.finish();
        read
    });
    faults.none_or(read)
}

fn faults_of(settings: &Value) -> String {
    body(&settings.to_string(), read).unwrap_err()
}

/// What is answered, flattened as a contract has it.
fn listed(settings: impl Serialize) -> String {
    #[derive(Serialize)]
    struct Contract<S> {
        id: u8,
        #[serde(flatten)]
        settings: S,
    }
    serde_json::to_string(&Contract { id: 1, settings }).unwrap()
}

fn answer(settings: &ContractSettings) -> Value {
    let customer = CustomerId::from(A.parse::<Uuid>().unwrap());
    let start = "2025-01-01T00:00:00Z".parse().unwrap();
    serde_json::from_str(&listed(ListedSettings::of(settings, &[], customer, start))).unwrap()
}

fn spend() -> Value {
    json!({
        "is_enabled": true, "threshold_amount": 5,
        "commit": {"product_id": A, "name": "Top up", "description": "d", "priority": 3},
        "payment_gate_config": {
            "payment_gate_type": "STRIPE", "tax_type": "STRIPE",
            "stripe_config": {"payment_type": "INVOICE", "invoice_metadata": {"team": "x"}},
        },
        "discount_configuration": {
            "payment_fraction": 1, "cap": {"spend_tracker_alias": "all", "amount": 7},
        },
    })
}

fn prepaid() -> Value {
    json!({
        "is_enabled": false, "threshold_amount": 1, "recharge_to_amount": 9, "custom_credit_type_id": B,
        "commit": {
            "product_id": A, "name": "n", "description": "d", "priority": 1,
            "duration": {"value": 3, "unit": "MONTHS"}, "rollover_fraction": 1, "rate_type": "LIST_RATE",
            "applicable_product_ids": [A], "applicable_product_tags": ["gpu"],
            "specifiers": [{
                "product_id": B, "product_tags": ["t"], "pricing_group_values": {"region": "EU"},
                "presentation_group_values": {"team": "x"}, "exclude": [{"product_tags": ["beta"]}],
            }],
        },
        "payment_gate_config": {
            "payment_gate_type": "EXTERNAL", "tax_type": "PRECALCULATED",
            "precalculated_tax_config": {"tax_amount": 2, "tax_name": "VAT"},
        },
        "discount_configuration": {"payment_fraction": 0},
        "threshold_balance_specifiers": [{"exclude": [{"custom_field_filters": [
            {"entity": "ContractCreditOrCommit", "key": "k", "value": "v"},
        ]}]}],
    })
}

fn trackers() -> Value {
    json!([{
        "alias": "all", "credit_type_id": B, "reset_frequency": "BILLING_PERIOD",
        "applicable_spend_specifiers": [{
            "spend_type": "COMMIT_PURCHASE", "sources": ["MANUAL", "THRESHOLD_RECHARGE"], "discounted": "ANY",
        }],
    }])
}

fn royalty() -> Value {
    json!({
        "reseller_type": "AWS", "fraction": 1, "netsuite_reseller_id": "n",
        "applicable_product_ids": [A], "applicable_product_tags": ["t"],
        "starting_at": "2025-01-01T00:00:00.000Z", "ending_before": "2026-01-01T00:00:00.000Z",
        "reseller_contract_value": 8,
        "aws_options": {"aws_account_number": "1", "aws_payer_reference_id": "2", "aws_offer_id": "3"},
        "gcp_options": {"gcp_account_id": "4", "gcp_offer_id": "5"},
    })
}

/// A royalty as it is answered: the options stand beside all else.
fn flat(mut royalty: Value) -> Value {
    let royalty_fields = royalty.as_object_mut().unwrap();
    for options in ["aws_options", "gcp_options"] {
        let Some(Value::Object(options)) = royalty_fields.remove(options) else { continue };
        royalty_fields.extend(options);
    }
    royalty
}

#[test]
fn what_a_contract_is_made_with_is_given_back() {
    let request = json!({
        "spend_threshold_configuration": spend(),
        "prepaid_balance_threshold_configuration": prepaid(),
        "billing_provider_configuration": {
            "billing_provider": "stripe", "delivery_method": "direct_to_billing_provider",
        },
        "revenue_system_configuration": {"revenue_system_configuration_id": B},
        "hierarchy_configuration": {
            "parent": {"contract_id": A, "customer_id": B},
            "payer": "SELF", "usage_statement_behavior": "CONSOLIDATE",
        },
        "reseller_royalties": [royalty()],
        "spend_trackers": trackers(),
    });
    let settings = body(&request.to_string(), read).unwrap();
    let start = "2025-01-01T00:00:00.000Z";
    let nobody = "00000000-0000-0000-0000-000000000000";
    let billing = json!({
        "customer_id": A, "billing_provider": "stripe", "delivery_method": "direct_to_billing_provider",
        "id": nobody, "configuration": {}, "delivery_method_id": nobody, "delivery_method_configuration": {},
        "archived_at": null,
    });
    let revenue = json!({"id": B, "customer_id": A, "configuration": {}, "delivery_method_id": nobody});
    let expected = json!({
        "id": 1,
        "spend_threshold_configuration": spend(),
        "prepaid_balance_threshold_configuration": prepaid(),
        "customer_billing_provider_configuration": billing,
        "billing_provider_configuration_schedule": [
            {"billing_provider_configuration": billing, "effective_at": start},
        ],
        "revenue_system_configuration_schedule": [
            {"revenue_system_configuration": revenue, "effective_at": start},
        ],
        "hierarchy_configuration": request["hierarchy_configuration"],
        "reseller_royalties": [{"reseller_type": "AWS", "segments": [flat(royalty())]}],
        "spend_trackers": trackers(),
    });
    assert_eq!(answer(&settings), expected);
    assert_eq!(answer(&body("{}", read).unwrap()), json!({"id": 1}));
    let parent =
        json!({"hierarchy_configuration": {"parent_behavior": {"invoice_consolidation_type": "NONE"}}});
    let settings = body(&parent.to_string(), read).unwrap();
    let shown = json!({"children": [], "parent_behavior": {"invoice_consolidation_type": "NONE"}});
    assert_eq!(answer(&settings)["hierarchy_configuration"], shown);
}

fn edit() -> Value {
    let mut cleared = royalty();
    cleared["ending_before"] = Value::Null;
    json!({
        "add_spend_threshold_configuration": spend(),
        "add_prepaid_balance_threshold_configuration": prepaid(),
        "update_spend_threshold_configuration": {
            "is_enabled": false, "threshold_amount": 2,
            "commit": {"product_id": B, "name": "n", "description": "d", "priority": null},
            "payment_gate_config": {"payment_gate_type": "NONE"},
            "discount_configuration": {"payment_fraction": null, "cap": null},
        },
        "update_prepaid_balance_threshold_configuration": {
            "is_enabled": true, "threshold_amount": 2, "recharge_to_amount": 4, "custom_credit_type_id": null,
            "commit": {
                "product_id": B, "priority": 5, "applicable_product_ids": null,
                "applicable_product_tags": null, "specifiers": [{"product_id": A}], "duration": null,
                "rollover_fraction": null, "rate_type": null,
            },
            "discount_configuration": null, "threshold_balance_specifiers": null,
        },
        "add_billing_provider_configuration_update": {
            "billing_provider_configuration": {"billing_provider": "workday", "delivery_method": "tackle"},
            "schedule": {"effective_at": "START_OF_CURRENT_PERIOD"},
        },
        "add_revenue_system_configuration_update": {
            "revenue_system_configuration": {"provider": "netsuite", "delivery_method": "aws_sns"},
            "schedule": {"effective_at": "START_OF_NEXT_PERIOD"},
        },
        "add_reseller_royalties": [cleared, {"reseller_type": "GCP_PRO_SERVICE"}],
        "add_spend_trackers": trackers(),
        "archive_spend_trackers": ["old"],
    })
}

#[test]
fn what_an_edit_changes_is_given_back() {
    let mut expected = edit();
    let changes = body(&expected.to_string(), read_changes).unwrap();
    let royalties = expected["add_reseller_royalties"].as_array().unwrap().iter().cloned().map(flat);
    expected["add_reseller_royalties"] = royalties.collect();
    expected["id"] = json!(1);
    let listed: Value = serde_json::from_str(&listed(ListedSettingsChanges::of(&changes))).unwrap();
    assert_eq!(listed, expected);
    assert!(body("{}", read_changes).unwrap().is_empty());
    let by_id = r#"{"add_billing_provider_configuration_update": {
        "billing_provider_configuration": {"billing_provider_configuration_id": null},
        "schedule": {"effective_at": "start_of_next_period"}}}"#;
    assert!(body(by_id, read_changes).unwrap_err().contains("_id: missing; without it billing_provider and"));
}

#[test]
fn numbers_are_as_they_were_to_the_last_digit() {
    let exact = "1234567890.123456789012345678";
    let request = json!({"spend_threshold_configuration": spend(), "reseller_royalties": [royalty()]})
        .to_string()
        .replace("\"threshold_amount\":5", &format!("\"threshold_amount\":{exact}"))
        .replace("\"amount\":7", &format!("\"amount\":{exact}"))
        .replace("\"reseller_contract_value\":8", &format!("\"reseller_contract_value\":{exact}"));
    let settings = body(&request, read).unwrap();
    let customer = CustomerId::from(Uuid::nil());
    let start = "2025-01-01T00:00:00Z".parse().unwrap();
    let text = listed(ListedSettings::of(&settings, &[], customer, start));
    for field in ["threshold_amount", "amount", "reseller_contract_value"] {
        assert!(text.contains(&format!("\"{field}\":{exact}")), "{text}");
    }
}

/// Every object and every leaf of a JSON, by its path.
fn places(json: &Value, at: &str, found: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            found.push(at.to_owned());
            fields.iter().for_each(|(name, field)| places(field, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

/// A path as faults name it.
fn named(pointer: &str) -> String {
    let steps = pointer.trim_start_matches('/').split('/');
    steps.fold(String::new(), |at, step| match step.parse::<usize>() {
        Ok(place) => format!("{at}[{place}]"),
        Err(_) if at.is_empty() => step.to_owned(),
        Err(_) => format!("{at}.{step}"),
    })
}

#[test]
fn an_unknown_field_and_a_wrong_type_anywhere_are_named_by_their_path() {
    let mut paths = Vec::new();
    places(&edit(), "", &mut paths);
    for path in paths.iter().filter(|path| !path.is_empty()) {
        let mut wrong = edit();
        let place = wrong.pointer_mut(path).unwrap();
        // The names in these are the caller's own.
        let free = ["invoice_metadata", "group_values"].iter().any(|map| path.ends_with(map));
        if let Some(fields) = place.as_object_mut().filter(|_| !free) {
            fields.insert("surprise".to_owned(), json!(1));
            let message = body(&wrong.to_string(), read_changes).unwrap_err();
            assert!(message.contains(&format!("{}.surprise: unknown field", named(path))), "{message}");
        } else {
            *place = if place.is_number() || place.is_null() { json!(true) } else { json!(1) };
            let message = body(&wrong.to_string(), read_changes).unwrap_err();
            assert!(message.contains(&named(path)) && message.contains("is expected"), "{message}");
        }
    }
}

#[test]
fn a_configuration_is_named_in_one_way_and_a_hierarchy_has_one_side() {
    let billing = |fields: Value| faults_of(&json!({"billing_provider_configuration": fields}));
    let at = "billing_provider_configuration";
    assert_eq!(
        billing(json!({"billing_provider_configuration_id": A, "billing_provider": "stripe"})),
        format!("{at}.billing_provider: not allowed here; billing_provider_configuration_id says it")
    );
    assert!(billing(json!({"billing_provider": "stripe"})).contains(".delivery_method: missing"));
    assert!(billing(json!({"delivery_method": "tackle"})).contains(".billing_provider: missing"));
    assert!(billing(json!({})).contains("_id: missing"));
    // Where an edit adds one, and only there, null is no id.
    assert!(billing(json!({"billing_provider_configuration_id": null})).contains("a string is expected"));
    let hierarchy = |fields: Value| faults_of(&json!({"hierarchy_configuration": fields}));
    let parent = json!({"contract_id": A, "customer_id": B});
    assert!(hierarchy(json!({})).contains("hierarchy_configuration.parent: missing"));
    assert!(hierarchy(json!({"payer": "SELF", "parent_behavior": {}})).contains(".payer: not allowed"));
    assert!(hierarchy(json!({"parent": parent, "parent_behavior": {}})).contains("parent_behavior: not"));
    let spend = json!({"spend_threshold_configuration": null});
    assert_eq!(faults_of(&spend), "spend_threshold_configuration: an object is expected, null was found");
}
