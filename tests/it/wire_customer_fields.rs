//! Every field of the requests about customers: there and not, of every type, with every word it may hold.

use billfold::prelude::*;
use serde_json::{Value, json};

use crate::wire::message;
use crate::wire_customers::{body, post};

/// What a field of a schema holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Flag,
    Id,
    Word(&'static [&'static str]),
    Array,
    Object,
}
use Holds::{Array, Flag, Id, Object, Text, Word};

/// A field: where it stands in a request, whether it has to, whether it may be null, and what it holds.
type Field = (&'static str, bool, bool, Holds);

const REQUIRED: bool = true;
const OPTIONAL: bool = false;
const NULLABLE: bool = true;
const NEVER_NULL: bool = false;

const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

const CREATE: &[Field] = &[
    ("/name", REQUIRED, NEVER_NULL, Text),
    ("/ingest_aliases", OPTIONAL, NEVER_NULL, Array),
    ("/ingest_aliases/1", OPTIONAL, NEVER_NULL, Text),
    ("/external_id", OPTIONAL, NEVER_NULL, Text),
    ("/custom_fields", OPTIONAL, NEVER_NULL, Object),
    ("/custom_fields/tier", OPTIONAL, NEVER_NULL, Text),
    ("/billing_config", OPTIONAL, NEVER_NULL, Object),
    (
        "/billing_config/billing_provider_type",
        REQUIRED,
        NEVER_NULL,
        Word(&[
            "aws_marketplace",
            "stripe",
            "netsuite",
            "custom",
            "azure_marketplace",
            "quickbooks_online",
            "workday",
            "gcp_marketplace",
            "metronome",
        ]),
    ),
    ("/billing_config/billing_provider_customer_id", REQUIRED, NEVER_NULL, Text),
    (
        "/billing_config/stripe_collection_method",
        OPTIONAL,
        NEVER_NULL,
        Word(&[
            "charge_automatically",
            "send_invoice",
            "auto_charge_payment_intent",
            "manually_charge_payment_intent",
        ]),
    ),
    ("/billing_config/aws_customer_id", OPTIONAL, NEVER_NULL, Text),
    ("/billing_config/aws_customer_account_id", OPTIONAL, NEVER_NULL, Text),
    ("/billing_config/aws_product_code", OPTIONAL, NEVER_NULL, Text),
    ("/billing_config/aws_region", OPTIONAL, NEVER_NULL, Word(REGIONS)),
    ("/billing_config/aws_is_subscription_product", OPTIONAL, NEVER_NULL, Flag),
    ("/customer_billing_provider_configurations", OPTIONAL, NEVER_NULL, Array),
    ("/customer_billing_provider_configurations/0", OPTIONAL, NEVER_NULL, Object),
    (
        "/customer_billing_provider_configurations/0/billing_provider",
        REQUIRED,
        NEVER_NULL,
        Word(&["aws_marketplace", "azure_marketplace", "gcp_marketplace", "stripe", "netsuite"]),
    ),
    (
        "/customer_billing_provider_configurations/0/tax_provider",
        OPTIONAL,
        NEVER_NULL,
        Word(&["anrok", "avalara", "stripe"]),
    ),
    ("/customer_billing_provider_configurations/0/configuration", OPTIONAL, NEVER_NULL, Object),
    ("/customer_billing_provider_configurations/0/delivery_method_id", OPTIONAL, NEVER_NULL, Id),
    (
        "/customer_billing_provider_configurations/0/delivery_method",
        OPTIONAL,
        NEVER_NULL,
        Word(&["direct_to_billing_provider", "aws_sqs", "tackle", "aws_sns"]),
    ),
    ("/customer_revenue_system_configurations", OPTIONAL, NEVER_NULL, Array),
    ("/customer_revenue_system_configurations/0", OPTIONAL, NEVER_NULL, Object),
    ("/customer_revenue_system_configurations/0/provider", REQUIRED, NEVER_NULL, Word(&["netsuite"])),
    ("/customer_revenue_system_configurations/0/configuration", OPTIONAL, NEVER_NULL, Object),
    ("/customer_revenue_system_configurations/0/delivery_method_id", OPTIONAL, NEVER_NULL, Id),
    (
        "/customer_revenue_system_configurations/0/delivery_method",
        OPTIONAL,
        NEVER_NULL,
        Word(&["direct_to_billing_provider"]),
    ),
];

const SET_INGEST_ALIASES: &[Field] =
    &[("/ingest_aliases", REQUIRED, NEVER_NULL, Array), ("/ingest_aliases/1", OPTIONAL, NEVER_NULL, Text)];
const SET_NAME: &[Field] = &[("/name", REQUIRED, NEVER_NULL, Text)];
const UPDATE_CONFIG: &[Field] = &[
    ("/salesforce_account_id", OPTIONAL, NULLABLE, Text),
    ("/leave_stripe_invoices_in_draft", OPTIONAL, NULLABLE, Flag),
];
const ARCHIVE: &[Field] = &[("/id", REQUIRED, NEVER_NULL, Id)];

/// A request for a customer with every field that the schema has.
fn full() -> Value {
    json!({
        "name": "full",
        "ingest_aliases": ["a", "b"],
        "external_id": "c",
        "custom_fields": {"tier": "gold"},
        "billing_config": {
            "billing_provider_type": "aws_marketplace",
            "billing_provider_customer_id": "cus_1",
            "stripe_collection_method": "send_invoice",
            "aws_customer_id": "1",
            "aws_customer_account_id": "2",
            "aws_product_code": "3",
            "aws_region": "eu-west-1",
            "aws_is_subscription_product": true,
        },
        "customer_billing_provider_configurations": [{
            "billing_provider": "stripe",
            "tax_provider": "anrok",
            "configuration": {"stripe_customer_id": "cus_1", "deep": [{"of": null}, 1.50]},
            "delivery_method_id": "5500a2f8-f9bc-4f0e-8a2f-0d7bd8c9f7a1",
            "delivery_method": "direct_to_billing_provider",
        }],
        "customer_revenue_system_configurations": [{
            "provider": "netsuite",
            "configuration": {"netsuite_customer_id": "7"},
            "delivery_method_id": "5500a2f8-f9bc-4f0e-8a2f-0d7bd8c9f7a2",
            "delivery_method": "direct_to_billing_provider",
        }],
    })
}

const ID: &str = "00000000-0000-7000-8000-000000000002";

/// A store with the key that requests use, and a customer of the id [`ID`].
fn store() -> Store {
    let store = StoreOptions::new().id_source(IdSource::Counted).in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    assert_eq!(store.create_customer(CreateCustomer::default()).unwrap().to_string(), ID);
    store
}

/// `/keys/0/name` as faults write it: `keys[0].name`.
fn in_words(pointer: &str) -> String {
    let mut said = String::new();
    for part in pointer.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(place) => said += &format!("[{place}]"),
            Err(_) if said.is_empty() => said += part,
            Err(_) => said += &format!(".{part}"),
        }
    }
    said
}

fn with(request: &Value, pointer: &str, value: Value) -> Value {
    let mut request = request.clone();
    *request.pointer_mut(pointer).unwrap() = value;
    request
}

/// The request without that field; `None` for an item of an array.
fn without(request: &Value, pointer: &str) -> Option<Value> {
    let mut request = request.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    request.pointer_mut(parent).unwrap().as_object_mut()?.remove(name).unwrap();
    Some(request)
}

#[track_caller]
fn refused(path: &str, request: &Value, text: &str) {
    let answer = post(&store(), path, request);
    assert_eq!((answer.status, message(&answer).as_str()), (400, text), "{request}");
}

#[track_caller]
fn accepted(path: &str, request: &Value) {
    body(&post(&store(), path, request));
}

/// Walks a whole request through every field: left out, null, of every type, with every word.
fn walk(path: &str, request: &Value, fields: &[Field]) {
    accepted(path, request);
    for &(pointer, required, nullable, holds) in fields {
        let said = in_words(pointer);
        match without(request, pointer) {
            Some(request) if required => refused(path, &request, &format!("{said}: missing")),
            Some(request) => accepted(path, &request),
            None => {}
        }
        let (expected, right) = match holds {
            Text | Id | Word(_) => ("a string", 0),
            Flag => ("a boolean", 1),
            Array => ("an array", 2),
            Object => ("an object", 3),
        };
        let values = [json!("x"), json!(false), json!([]), json!({}), json!(1), Value::Null];
        let kinds = ["a string", "a boolean", "an array", "an object", "a number", "null"];
        for (place, (value, found)) in values.into_iter().zip(kinds).enumerate() {
            let changed = with(request, pointer, value.clone());
            if nullable && value.is_null() {
                accepted(path, &changed);
            } else if place != right {
                refused(path, &changed, &format!("{said}: {expected} is expected, {found} was found"));
            }
        }
        match holds {
            Text => accepted(path, &with(request, pointer, json!("x"))),
            Flag => {
                for flag in [true, false] {
                    accepted(path, &with(request, pointer, json!(flag)));
                }
            }
            Id => {
                let changed = with(request, pointer, json!("x"));
                refused(path, &changed, &format!("{said}: \"x\" is not a UUID"));
            }
            Word(words) => {
                for word in words {
                    accepted(path, &with(request, pointer, json!(word)));
                }
                let changed = with(request, pointer, json!("x"));
                refused(path, &changed, &format!("{said}: \"x\" is none of {}", words.join(", ")));
            }
            Array => accepted(path, &with(request, pointer, json!([]))),
            Object => {
                // Free names are free; in an object with fields of its own another name is unknown.
                let mut changed = request.clone();
                changed.pointer_mut(pointer).unwrap()["x"] = json!("y");
                match said.rsplit('.').next().unwrap() {
                    "configuration" => accepted(path, &changed),
                    "custom_fields" => {
                        let text = "Invalid custom field keys: \"x\" (not registered for customer)";
                        refused(path, &changed, text);
                    }
                    _ => refused(path, &changed, &format!("{said}.x: unknown field")),
                }
            }
        }
    }
    let mut changed = request.clone();
    changed["x"] = json!("y");
    refused(path, &changed, "x: unknown field");
    let answer = store().handle("POST", path, &[("limit", "1")], request.to_string().as_bytes());
    assert_eq!((answer.status, message(&answer).as_str()), (400, "query parameter \"limit\": unknown"));
}

#[test]
fn every_field_of_a_creation_is_read() {
    walk("/v1/customers", &full(), CREATE);
}

#[test]
fn every_field_of_the_other_calls_is_read() {
    let path = |call: &str| format!("/v1/customers/{ID}/{call}");
    walk(&path("setIngestAliases"), &json!({"ingest_aliases": ["a", "b"]}), SET_INGEST_ALIASES);
    walk(&path("setName"), &json!({"name": "a"}), SET_NAME);
    let config = json!({"salesforce_account_id": "a", "leave_stripe_invoices_in_draft": true});
    walk(&path("updateConfig"), &config, UPDATE_CONFIG);
    walk("/v1/customers/archive", &json!({"id": ID}), ARCHIVE);
}

#[test]
fn the_walks_leave_no_field_of_a_full_request_out() {
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect(),
            _ => Vec::new(),
        };
        for (name, value) in children {
            let here = format!("{at}/{name}");
            // What a provider's configuration holds is its own affair.
            if name != "configuration" {
                pointers(value, &here, found);
            }
            found.push(here);
        }
    }
    let mut found = Vec::new();
    pointers(&full(), "", &mut found);
    found.retain(|pointer| pointer != "/ingest_aliases/0");
    let mut walked: Vec<_> = CREATE.iter().map(|(pointer, ..)| (*pointer).to_owned()).collect();
    found.sort();
    walked.sort();
    assert_eq!(found, walked);
}

#[test]
fn what_means_nothing_here_is_kept_as_it_was_written() {
    let store = store();
    // Numbers, spaces and the order of names are the caller's.
    let billing = r#"{ "billing_provider_customer_id": "cus_1",  "billing_provider_type": "stripe" }"#;
    let providers = r#"[{"billing_provider":"stripe","configuration":{"z":1.50,"a":[1e400, {}]}}]"#;
    let request = format!(
        r#"{{"name": "a", "billing_config": {billing}, "customer_billing_provider_configurations": {providers}}}"#
    );
    let made = body(&post(&store, "/v1/customers", &request));
    let path = format!("/v1/customers/{}", made["data"]["id"].as_str().unwrap());
    let answer = store.handle("GET", &path, &[], b"");
    assert!(answer.body.contains(&format!(r#""billing_config":{billing}"#)), "{answer}");
    assert!(
        answer.body.contains(&format!(r#""customer_billing_provider_configurations":{providers}"#)),
        "{answer}"
    );
    assert!(!answer.body.contains("customer_revenue_system_configurations"), "{answer}");
}

#[test]
fn what_is_kept_and_was_written_in_several_lines_is_answered_in_one() {
    let store = store();
    let request = "{\"name\": \"a\",\n\"billing_config\": {\n  \"billing_provider_customer_id\": \"a\\nb\",\r\n  \
        \"billing_provider_type\": \"stripe\"\n}}";
    let made = body(&post(&store, "/v1/customers", &request));
    let path = format!("/v1/customers/{}", made["data"]["id"].as_str().unwrap());
    let answer = store.handle("GET", &path, &[], b"");
    assert_eq!(answer.to_string().lines().count(), 1, "{answer}");
    assert_eq!(body(&answer)["data"]["billing_config"]["billing_provider_customer_id"], "a\nb");
}

#[test]
fn faults_of_all_fields_are_named_together() {
    let mut request = full();
    request["name"] = json!(null);
    request["ingest_aliases"][1] = json!(1);
    request["billing_config"]["aws_region"] = json!("mars");
    request["customer_revenue_system_configurations"][0]["provider"] = json!("sap");
    let answer = post(&store(), "/v1/customers", &request);
    assert_eq!(answer.status, 400);
    let said = message(&answer);
    for part in [
        "name: a string is expected, null was found",
        "ingest_aliases[1]: a string is expected, a number was found",
        "billing_config.aws_region: \"mars\" is none of af-south-1",
        "customer_revenue_system_configurations[0].provider: \"sap\" is none of netsuite",
    ] {
        assert!(said.contains(part), "{said}");
    }
}
