//! A walk through every field of the requests about billable metrics and products: each is taken and given back,
//! or refused for a reason that the API gives too.

use billfold::Answer;
use billfold::prelude::*;
use serde_json::{Value, json};

use crate::support::catalog::everything;
use crate::wire::message;

const METRICS: &str = "/v1/billable-metrics";
const PRODUCTS: &str = "/v1/contract-pricing/products";

/// A store with a metric, a product that others can be a share of, and a key for each entity.
struct Walk {
    store: Store,
    metric: String,
    part: String,
}

impl Walk {
    fn new() -> Self {
        let store = Store::in_memory().unwrap();
        store.add_key(ManagedEntity::BillableMetric, "owner", KeyKind::Indexed).unwrap();
        store.add_key(ManagedEntity::ContractProduct, "owner", KeyKind::Indexed).unwrap();
        let mut walk = Self { store, metric: String::new(), part: String::new() };
        let mut metric = streaming();
        metric["group_keys"] = json!([["region"], ["region", "zone"]]);
        walk.metric = walk.made(&format!("{METRICS}/create"), &metric);
        walk.part = walk.made(&format!("{PRODUCTS}/create"), &json!({"name": "Part", "type": "FIXED"}));
        walk
    }

    fn call(&self, path: &str, request: &Value) -> Answer {
        self.store.handle("POST", path, &[], request.to_string().as_bytes())
    }

    #[track_caller]
    fn made(&self, path: &str, request: &Value) -> String {
        let answer = self.call(path, request);
        assert_eq!(answer.status, 200, "{request}: {answer}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        body["data"]["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn refused(&self, path: &str, request: &Value, text: &str) {
        let before = everything(&self.store);
        let answer = self.call(path, request);
        assert_eq!(answer.status, 400, "{request}: {answer}");
        assert!(message(&answer).contains(text), "{text:?} in {answer}");
        assert_eq!(everything(&self.store), before);
    }

    fn metric(&self, id: &str) -> Value {
        let answer = self.store.handle("GET", &format!("{METRICS}/{id}"), &[], b"");
        serde_json::from_str::<Value>(&answer.body).unwrap()["data"].clone()
    }

    fn product(&self, id: &str) -> Value {
        let answer = self.call(&format!("{PRODUCTS}/get"), &json!({"id": id}));
        serde_json::from_str::<Value>(&answer.body).unwrap()["data"].clone()
    }

    /// A request for a product of that type, with what it needs.
    fn of_type(&self, product_type: &str) -> Value {
        let mut request = json!({"name": "My Product", "type": product_type});
        match product_type {
            "USAGE" => request["billable_metric_id"] = json!(self.metric),
            "COMPOSITE" => request["composite_tags"] = json!(["cloud"]),
            _ => {}
        }
        request
    }

    /// Every field of a product but name and type, with a sound value and the types that have it; an update has
    /// all but those marked.
    fn product_fields(&self) -> Vec<(&'static str, Value, &'static [&'static str], bool)> {
        vec![
            ("netsuite_internal_item_id", json!("41"), TYPES, true),
            ("netsuite_overage_item_id", json!("42"), &["USAGE", "COMPOSITE"], true),
            ("billable_metric_id", json!(self.metric), &["USAGE"], true),
            ("sql_breakdown_granularity", json!("HOUR"), TYPES, true),
            ("composite_product_ids", json!([self.part]), &["COMPOSITE"], true),
            ("composite_tags", json!(["cloud", "x"]), &["COMPOSITE"], true),
            ("is_refundable", json!(false), TYPES, true),
            ("composite_scope", json!("CUSTOMER"), &["COMPOSITE"], false),
            ("exclude_free_usage", json!(true), &["COMPOSITE"], true),
            ("include_composite_spend", json!(true), &["COMPOSITE"], true),
            ("tags", json!(["a", "b"]), TYPES, true),
            ("pricing_group_key", json!(["region"]), &["USAGE"], true),
            ("presentation_group_key", json!(["zone", "region"]), &["USAGE"], true),
            (
                "quantity_conversion",
                json!({"conversion_factor": 1024, "operation": "DIVIDE", "name": "MB to GB"}),
                &["USAGE"],
                true,
            ),
            (
                "quantity_rounding",
                json!({"rounding_method": "ROUND_UP", "decimal_places": 2}),
                &["USAGE"],
                true,
            ),
        ]
    }
}

const TYPES: &[&str] = &["USAGE", "SUBSCRIPTION", "COMPOSITE", "FIXED", "PRO_SERVICE"];

fn streaming() -> Value {
    json!({
        "name": "Bytes",
        "aggregation_type": "SUM",
        "aggregation_key": "bytes",
        "property_filters": [{"name": "bytes"}, {"name": "region"}, {"name": "zone"}],
    })
}

fn with(base: &Value, field: &str, value: &Value) -> Value {
    let mut request = base.clone();
    request[field] = value.clone();
    request
}

#[test]
fn every_field_of_a_metric_is_taken_and_given_back() {
    let walk = Walk::new();
    let create = format!("{METRICS}/create");
    let everything_but =
        json!({"name": "region", "exists": false, "in_values": ["a"], "not_in_values": ["b"]});
    let fields = [
        ("name", json!("Another")),
        ("event_type_filter", json!({"in_values": ["a"], "not_in_values": ["b"]})),
        ("event_type_filter", json!({})),
        ("property_filters", json!([{"name": "bytes"}, everything_but])),
        ("aggregation_type", json!("MAX")),
        ("aggregation_key", json!("zone")),
        ("group_keys", json!([["region"], ["zone", "region"]])),
        ("custom_fields", json!({"owner": "storage"})),
    ];
    for (field, value) in fields {
        let id = walk.made(&create, &with(&streaming(), field, &value));
        assert_eq!(walk.metric(&id)[field], value, "{field}");
    }
    let id = walk.made(&create, &json!({"name": "SQL", "sql": "select count(*) from events"}));
    assert_eq!(walk.metric(&id)["sql"], "select count(*) from events");
    // What the API says of these is that they say nothing.
    let silent = json!([{"name": "bytes", "exists": null, "in_values": null, "not_in_values": null}]);
    let id = walk.made(&create, &with(&streaming(), "property_filters", &silent));
    assert_eq!(walk.metric(&id)["property_filters"], json!([{"name": "bytes"}]));
}

#[test]
fn every_field_of_a_metric_has_its_kind() {
    let walk = Walk::new();
    let create = format!("{METRICS}/create");
    let fields = [
        "name",
        "sql",
        "event_type_filter",
        "property_filters",
        "aggregation_type",
        "aggregation_key",
        "group_keys",
        "custom_fields",
    ];
    for field in fields {
        walk.refused(&create, &with(&streaming(), field, &json!(7)), &format!("{field}: "));
        walk.refused(&create, &with(&streaming(), field, &json!(null)), &format!("{field}: "));
    }
    let inside = [
        ("event_type_filter", json!({"in_values": "x"}), "event_type_filter.in_values"),
        ("event_type_filter", json!({"not_in_values": []}), "event_type_filter.not_in_values"),
        ("event_type_filter", json!({"values": []}), "event_type_filter.values: unknown field"),
        ("property_filters", json!([{}]), "property_filters[0].name: missing"),
        ("property_filters", json!([{"name": "a", "exists": 1}]), "property_filters[0].exists"),
        ("property_filters", json!([{"name": "a", "in_values": [1]}]), "property_filters[0].in_values[0]"),
        ("property_filters", json!([{"name": "a", "like": "b"}]), "property_filters[0].like: unknown field"),
        ("group_keys", json!(["region"]), "group_keys[0]: an array is expected"),
        ("aggregation_type", json!("AVERAGE"), "is none of COUNT, LATEST, MAX, SUM, UNIQUE"),
        ("custom_fields", json!({"owner": 1}), "custom_fields.owner"),
        ("aggregate", json!("SUM"), "aggregate: unknown field"),
    ];
    for (field, value, text) in inside {
        walk.refused(&create, &with(&streaming(), field, &value), text);
    }
}

#[test]
fn every_field_of_a_product_is_taken_for_its_types_and_refused_for_the_others() {
    let walk = Walk::new();
    let create = format!("{PRODUCTS}/create");
    for product_type in TYPES {
        let base = walk.of_type(product_type);
        for (field, value, types, _) in walk.product_fields() {
            let request = with(&base, field, &value);
            if types.contains(product_type) {
                let product = walk.product(&walk.made(&create, &request));
                assert_eq!(product["initial"][field], value, "{product_type} {field}");
                assert_eq!(product["current"][field], value, "{product_type} {field}");
            } else {
                walk.refused(
                    &create,
                    &request,
                    &format!("{field}: not allowed here; it is for {}", types[0]),
                );
            }
        }
        let id = walk.made(&create, &with(&base, "custom_fields", &json!({"owner": "sales"})));
        assert_eq!(walk.product(&id)["custom_fields"], json!({"owner": "sales"}));
        // Both may be null, for any type, and then say nothing.
        let nothing =
            with(&with(&base, "quantity_conversion", &json!(null)), "quantity_rounding", &json!(null));
        let id = walk.made(&create, &nothing);
        assert_eq!(walk.product(&id)["initial"].get("quantity_rounding"), None);
    }
}

#[test]
fn every_field_of_an_update_is_taken_for_its_types_and_refused_for_the_others() {
    let walk = Walk::new();
    let (create, update) = (format!("{PRODUCTS}/create"), format!("{PRODUCTS}/update"));
    for product_type in TYPES {
        let id = walk.made(&create, &walk.of_type(product_type));
        let base = json!({"product_id": id, "starting_at": "2020-01-01T00:00:00.000Z"});
        for (field, value, types, updatable) in walk.product_fields() {
            let request = with(&base, field, &value);
            if !updatable {
                walk.refused(&update, &request, &format!("{field}: unknown field"));
            } else if types.contains(product_type) {
                // Of a product of its own, so that group keys do not add up.
                let id = walk.made(&create, &walk.of_type(product_type));
                walk.made(&update, &with(&request, "product_id", &json!(id)));
                let product = walk.product(&id);
                assert_eq!(product["updates"][0][field], value, "{product_type} {field}");
                assert_eq!(product["current"][field], value, "{product_type} {field}");
                assert_eq!(product["updates"][0].as_object().unwrap().len(), 4, "{product}");
            } else {
                walk.refused(
                    &update,
                    &request,
                    &format!("{field}: not allowed here; it is for {}", types[0]),
                );
            }
        }
        for field in ["type", "custom_fields"] {
            walk.refused(&update, &with(&base, field, &json!({})), &format!("{field}: unknown field"));
        }
        walk.made(&update, &with(&base, "name", &json!("Another")));
        assert_eq!(walk.product(&id)["current"]["name"], "Another");
    }
}

#[test]
fn an_update_ends_conversion_and_rounding_with_null() {
    let walk = Walk::new();
    let mut request = walk.of_type("USAGE");
    request["quantity_conversion"] = json!({"conversion_factor": 2, "operation": "MULTIPLY"});
    request["quantity_rounding"] = json!({"rounding_method": "ROUND_DOWN", "decimal_places": 0});
    let id = walk.made(&format!("{PRODUCTS}/create"), &request);
    let end = json!({
        "product_id": id,
        "starting_at": "2020-01-01T00:00:00Z",
        "quantity_conversion": null,
        "quantity_rounding": null,
    });
    walk.made(&format!("{PRODUCTS}/update"), &end);
    let product = walk.product(&id);
    assert_eq!(product["updates"][0].get("quantity_conversion"), Some(&Value::Null));
    assert_eq!(product["current"].get("quantity_conversion"), None);
    assert_eq!(product["current"].get("quantity_rounding"), None);
    assert_eq!(product["initial"]["quantity_rounding"]["decimal_places"], 0);
}

#[test]
fn every_field_of_a_product_has_its_kind() {
    let walk = Walk::new();
    let (create, update) = (format!("{PRODUCTS}/create"), format!("{PRODUCTS}/update"));
    let base = walk.of_type("USAGE");
    let id = walk.made(&create, &base);
    let updating = json!({"product_id": id, "starting_at": "2020-01-01T00:00:00.000Z"});
    for (field, _, _, updatable) in walk.product_fields() {
        walk.refused(&create, &with(&base, field, &json!(7)), &format!("{field}: "));
        if updatable {
            walk.refused(&update, &with(&updating, field, &json!(7)), &format!("{field}: "));
        }
    }
    for (field, value, text) in [
        ("name", json!(null), "name: a string is expected"),
        ("type", json!("CREDIT"), "type: \"CREDIT\" is none of"),
        ("billable_metric_id", json!("x"), "billable_metric_id: \"x\" is not a UUID"),
        ("custom_fields", json!([]), "custom_fields: an object is expected"),
        (
            "quantity_conversion",
            json!({"operation": "DIVIDE"}),
            "quantity_conversion.conversion_factor: missing",
        ),
        ("quantity_conversion", json!({"conversion_factor": 1}), "quantity_conversion.operation: missing"),
        (
            "quantity_conversion",
            json!({"conversion_factor": 0, "operation": "DIVIDE"}),
            "quantity_conversion.conversion_factor: \"0\" is not allowed",
        ),
        (
            "quantity_conversion",
            json!({"conversion_factor": 1, "operation": "DIVIDE", "unit": "GB"}),
            "quantity_conversion.unit: unknown field",
        ),
        (
            "quantity_rounding",
            json!({"rounding_method": "ROUND_UP", "decimal_places": -1}),
            "quantity_rounding.decimal_places: \"-1\" is not a whole number",
        ),
        (
            "quantity_rounding",
            json!({"rounding_method": "ROUND_UP"}),
            "quantity_rounding.decimal_places: missing",
        ),
    ] {
        walk.refused(&create, &with(&base, field, &value), text);
    }
    for (field, value, text) in [
        ("product_id", json!(null), "product_id: a string is expected"),
        ("starting_at", json!("2020-01-01"), "starting_at: "),
        ("starting_at", json!("2020-01-01T00:30:00Z"), "on an hour boundary"),
    ] {
        walk.refused(&update, &with(&updating, field, &value), text);
    }
    walk.refused(&update, &json!({}), "product_id: missing; starting_at: missing");
}
