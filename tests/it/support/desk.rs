//! What the calls about contracts need: a customer, a rate card, and products of all types.

use billfold::Answer;
use billfold::prelude::*;
use serde_json::{Value, json};

use super::ready::PARTS;
use crate::wire::message;

pub const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";
pub const START: &str = "2024-11-01T00:00:00.000Z";
pub const END: &str = "2025-11-01T00:00:00.000Z";

/// An object with the fields of another one besides.
pub fn and(mut object: Value, more: Value) -> Value {
    if let Value::Object(more) = more {
        object.as_object_mut().unwrap().extend(more);
    }
    object
}

/// A store with a customer, and a rate card with products of all types that contracts need.
pub struct Desk {
    pub store: Store,
    pub clock: SetClock,
    pub customer: String,
    pub card: String,
    pub usage: String,
    pub seats: String,
    pub fixed: String,
    pub service: String,
}

impl Desk {
    pub fn new() -> Self {
        let clock = SetClock::default();
        clock.set("2024-12-01T00:00:00Z".parse().unwrap());
        let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
        for entity in PARTS.into_iter().chain([ManagedEntity::Contract]) {
            store.add_key(entity, "owner", KeyKind::Indexed).unwrap();
        }
        let none = String::new;
        let (customer, card, usage, seats, fixed, service) = (none(), none(), none(), none(), none(), none());
        let mut desk = Self { store, clock, customer, card, usage, seats, fixed, service };
        desk.customer = desk.made("/v1/customers", &json!({"name": "WidgetsExpress"}));
        let filters = ["region", "n", "seat"].map(|name| json!({"name": name, "exists": true}));
        let metric = desk.made(
            "/v1/billable-metrics/create",
            &json!({"name": "m", "aggregation_type": "SUM", "aggregation_key": "n",
                "property_filters": filters, "group_keys": [["region"], ["seat"]]}),
        );
        let products = "/v1/contract-pricing/products/create";
        desk.usage = desk.made(
            products,
            &json!({"name": "Compute", "type": "USAGE", "billable_metric_id": metric, "tags": ["cloud"]}),
        );
        desk.seats = desk.made(products, &json!({"name": "Seats", "type": "SUBSCRIPTION"}));
        desk.fixed = desk.made(products, &json!({"name": "Fee", "type": "FIXED"}));
        desk.service = desk.made(products, &json!({"name": "Help", "type": "PRO_SERVICE"}));
        let cards = "/v1/contract-pricing/rate-cards";
        desk.card = desk.made(
            &format!("{cards}/create"),
            &json!({"name": "Card", "aliases": [{"name": "base_usage_products"}]}),
        );
        let rate = |product: &str, price: i64| {
            json!({"product_id": product, "starting_at": "2020-01-01T00:00:00.000Z", "entitled": true,
                "rate_type": "FLAT", "price": price})
        };
        let mut monthly = rate(&desk.seats, 1500);
        monthly["billing_frequency"] = json!("MONTHLY");
        desk.made(
            &format!("{cards}/addRates"),
            &json!({"rate_card_id": desk.card, "rates": [rate(&desk.usage, 100), monthly]}),
        );
        desk
    }

    pub fn asked(&self, path: &str, request: &Value) -> Answer {
        self.store.handle("POST", path, &[], request.to_string().as_bytes())
    }

    #[track_caller]
    pub fn done(&self, path: &str, request: &Value) -> Value {
        let answer = self.asked(path, request);
        assert_eq!(answer.status, 200, "{path} {request}: {answer}");
        serde_json::from_str(&answer.body).unwrap()
    }

    #[track_caller]
    pub fn made(&self, path: &str, request: &Value) -> String {
        self.done(path, request)["data"]["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn refused(&self, path: &str, request: &Value, status: u16, text: &str) -> Value {
        let answer = self.asked(path, request);
        assert_eq!(answer.status, status, "{path} {request}: {answer}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["message"].as_str().unwrap().contains(text), "{text:?} in {answer}");
        body
    }

    /// What a call with GET answers that must succeed.
    #[track_caller]
    pub fn got(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let answer = self.store.handle("GET", path, query, b"");
        assert_eq!(answer.status, 200, "{path} {query:?}: {answer}");
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Asserts that a call with GET is refused, and for what.
    #[track_caller]
    pub fn not_got(&self, path: &str, query: &[(&str, &str)], status: u16, text: &str) {
        let answer = self.store.handle("GET", path, query, b"");
        assert_eq!((answer.status, message(&answer).as_str()), (status, text), "{path} {query:?}");
    }

    /// The two ids that calls about a contract have, and these fields besides.
    pub fn of(&self, contract: &str, more: Value) -> Value {
        let request = json!({"customer_id": self.customer, "contract_id": contract});
        and(request, more)
    }

    /// A request for a contract with the card, and these fields besides.
    pub fn contract(&self, more: Value) -> Value {
        let request = json!({"customer_id": self.customer, "rate_card_id": self.card, "starting_at": START});
        and(request, more)
    }

    #[track_caller]
    pub fn read(&self, contract: &str) -> Value {
        self.done("/v2/contracts/get", &self.of(contract, json!({})))["data"].take()
    }

    #[track_caller]
    pub fn read_v1(&self, contract: &str) -> Value {
        self.done("/v1/contracts/get", &self.of(contract, json!({})))["data"].take()
    }
}
