//! The calls about rate cards and rates: a walk through every field of their requests, and what they answer.

use billfold::Answer;
use billfold::prelude::*;
use serde_json::{Value, json};

use crate::wire::message;

const CARDS: &str = "/v1/contract-pricing/rate-cards";
const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";
const UNIT: &str = "00000000-0000-4000-8000-0000000000aa";
const START: &str = "2025-01-01T00:00:00.000Z";

/// A store with a rate card, and products of several types.
struct Walk {
    store: Store,
    card: String,
    usage: String,
    seats: String,
    fixed: String,
}

impl Walk {
    fn new() -> Self {
        let clock = SetClock::default();
        clock.set("2025-01-01T00:00:00Z".parse().unwrap());
        let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
        store.add_key(ManagedEntity::RateCard, "owner", KeyKind::Enforced).unwrap();
        store.add_key(ManagedEntity::ContractProduct, "sku", KeyKind::Indexed).unwrap();
        let mut walk = Self {
            store,
            card: String::new(),
            usage: String::new(),
            seats: String::new(),
            fixed: String::new(),
        };
        let filters = ["region", "cloud", "n"].map(|name| json!({"name": name, "exists": true}));
        let metric = walk.made(
            "/v1/billable-metrics/create",
            &json!({"name": "m", "aggregation_type": "SUM", "aggregation_key": "n", "property_filters": filters,
                "group_keys": [["region", "cloud"]]}),
        );
        let products = "/v1/contract-pricing/products/create";
        walk.usage = walk.made(
            products,
            &json!({"name": "Usage", "type": "USAGE", "billable_metric_id": metric, "tags": ["cloud"],
                "pricing_group_key": ["region", "cloud"], "custom_fields": {"sku": "s-1"}}),
        );
        walk.seats = walk.made(products, &json!({"name": "Seats", "type": "SUBSCRIPTION"}));
        walk.fixed = walk.made(products, &json!({"name": "Fee", "type": "FIXED"}));
        let conversions = json!([{"custom_credit_type_id": UNIT, "fiat_per_custom_credit": 2.5}]);
        walk.card = walk.made("create", &json!({"name": "Card", "credit_type_conversions": conversions}));
        walk
    }

    fn asked(&self, call: &str, query: &[(&str, &str)], request: &Value) -> Answer {
        let path = if call.starts_with('/') { call.to_owned() } else { format!("{CARDS}/{call}") };
        self.store.handle("POST", &path, query, request.to_string().as_bytes())
    }

    #[track_caller]
    fn done(&self, call: &str, request: &Value) -> Value {
        let answer = self.asked(call, &[], request);
        assert_eq!(answer.status, 200, "{call} {request}: {answer}");
        serde_json::from_str(&answer.body).unwrap()
    }

    #[track_caller]
    fn made(&self, call: &str, request: &Value) -> String {
        self.done(call, request)["data"]["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn refused(&self, call: &str, request: &Value, status: u16, text: &str) {
        let answer = self.asked(call, &[], request);
        assert_eq!(answer.status, status, "{call} {request}: {answer}");
        assert!(message(&answer).contains(text), "{text:?} in {answer}");
    }

    fn read(&self, card: &str) -> Value {
        self.done("get", &json!({"id": card}))["data"].clone()
    }

    /// A rate of the product with these fields in place of the usual ones; `null` leaves a field out.
    fn rate(&self, product: &str, fields: Value) -> Value {
        let mut rate = json!({"product_id": product, "starting_at": START, "entitled": true, "rate_type": "FLAT",
            "price": 100});
        let all = rate.as_object_mut().unwrap();
        if let Value::Object(fields) = fields {
            all.extend(fields);
        }
        all.retain(|_, value| !value.is_null());
        rate
    }

    /// The same, to be added to the card alone.
    fn one(&self, product: &str, fields: Value) -> Value {
        let mut rate = self.rate(product, fields);
        rate["rate_card_id"] = json!(self.card);
        rate
    }

    fn rates(&self) -> Vec<Value> {
        let request = json!({"rate_card_id": self.card, "at": "2025-06-01T00:00:00Z"});
        self.done("getRates", &request)["data"].as_array().unwrap().clone()
    }
}

#[test]
fn every_field_of_a_card_is_taken_and_given_back() {
    let walk = Walk::new();
    let id = walk.made(
        "create",
        &json!({"name": "My Rate Card", "description": "for all", "fiat_credit_type_id": USD,
            "credit_type_conversions": [{"custom_credit_type_id": USD, "fiat_per_custom_credit": 2}],
            "aliases": [{"name": "a"}, {"name": "b", "starting_at": START, "ending_before": "2026-01-01T00:00:00Z"}],
            "custom_fields": {"owner": "x"}}),
    );
    let cents = json!({"name": "USD (cents)", "id": USD});
    let expected = json!({"id": id, "name": "My Rate Card", "description": "for all", "created_at": START,
        "created_by": "system", "fiat_credit_type": cents,
        "credit_type_conversions": [{"custom_credit_type": cents, "fiat_per_custom_credit": "2"}],
        "aliases": [{"name": "a"}, {"name": "b", "starting_at": START, "ending_before": "2026-01-01T00:00:00.000Z"}],
        "custom_fields": {"owner": "x"}});
    assert_eq!(walk.read(&id), expected);
    let page = walk.asked("list", &[("limit", "1")], &json!({}));
    let page: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(page["data"][0]["id"], walk.card);
    let next = page["next_page"].as_str().unwrap();
    let page = walk.asked("list", &[("limit", "1"), ("next_page", next)], &json!({}));
    let page: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(page, json!({"data": [expected], "next_page": null}));
}

#[test]
fn a_card_is_refused_for_what_is_wrong_with_it() {
    let walk = Walk::new();
    let cases = [
        (json!({}), "name: missing"),
        (json!({"name": 1}), "name: a string is expected"),
        (json!({"name": "c", "description": null}), "description: a string"),
        (json!({"name": "c", "fiat_credit_type_id": "x"}), "fiat_credit_type_id: \"x\" is not a UUID"),
        (json!({"name": "c", "credit_type_conversions": [{}]}), "custom_credit_type_id: missing"),
        (
            json!({"name": "c", "credit_type_conversions": [{"custom_credit_type_id": USD, "fiat_per_custom_credit": 0}]}),
            "fiat_per_custom_credit: \"0\" is not allowed",
        ),
        (json!({"name": "c", "aliases": [{"starting_at": START}]}), "aliases[0].name: missing"),
        (json!({"name": "c", "aliases": [{"name": "a", "starting_at": "x"}]}), "aliases[0].starting_at"),
        (
            json!({"name": "c", "aliases": [{"name": "a", "starting_at": START, "ending_before": START}]}),
            "aliases[0].ending_before",
        ),
        (json!({"name": "c", "custom_fields": {"nobody": "x"}}), "Invalid custom field keys: \"nobody\""),
        (json!({"name": "c", "colour": "red"}), "colour: unknown field"),
    ];
    for (request, text) in cases {
        walk.refused("create", &request, 400, text);
    }
    walk.made("create", &json!({"name": "c", "custom_fields": {"owner": "x"}}));
    walk.refused("create", &json!({"name": "d", "custom_fields": {"owner": "x"}}), 409, "\"x\"");
    assert_eq!(walk.done("list", &json!({}))["data"].as_array().unwrap().len(), 2);
}

#[test]
fn every_field_of_an_update_is_taken() {
    let walk = Walk::new();
    let id = &walk.card;
    assert_eq!(walk.done("update", &json!({"rate_card_id": id, "name": "N"})), json!({"data": {"id": id}}));
    walk.done("update", &json!({"rate_card_id": id, "description": "D"}));
    walk.done("update", &json!({"rate_card_id": id, "aliases": [{"name": "a", "starting_at": START}]}));
    let added = json!([{"custom_credit_type_id": USD, "fiat_per_custom_credit": 1e-3}]);
    walk.done("update", &json!({"rate_card_id": id, "add_credit_type_conversions": added}));
    let read = walk.read(id);
    assert_eq!((&read["name"], &read["description"]), (&json!("N"), &json!("D")));
    assert_eq!(read["aliases"], json!([{"name": "a", "starting_at": START}]));
    assert_eq!(read["credit_type_conversions"][1]["fiat_per_custom_credit"], "0.001");

    let other = walk.made("create", &json!({"name": "other", "aliases": [{"name": "a"}]}));
    assert_eq!(walk.read(id)["aliases"], json!([]));
    assert_eq!(walk.read(&other)["aliases"], json!([{"name": "a"}]));

    walk.refused("update", &json!({"rate_card_id": id}), 400, "at least one of");
    walk.refused(
        "update",
        &json!({"rate_card_id": id, "custom_fields": {}}),
        400,
        "custom_fields: unknown field",
    );
    walk.refused("update", &json!({"rate_card_id": UNIT, "name": "N"}), 404, UNIT);
    let changed = json!([{"custom_credit_type_id": USD, "fiat_per_custom_credit": 3}]);
    let changed = json!({"rate_card_id": id, "add_credit_type_conversions": changed});
    walk.refused("update", &changed, 400, "a conversion cannot change");
}

#[test]
fn an_archived_card_is_read_but_not_listed_and_archived_once() {
    let walk = Walk::new();
    let request = json!({"id": walk.card});
    assert_eq!(walk.done("archive", &request), json!({"data": {"id": walk.card}}));
    walk.refused("archive", &request, 400, "already archived");
    assert_eq!(walk.done("list", &json!({})), json!({"data": [], "next_page": null}));
    assert_eq!(walk.read(&walk.card)["name"], "Card");
    walk.refused("addRate", &walk.one(&walk.fixed, json!({})), 400, "rate_card_id");
    for call in ["get", "archive"] {
        walk.refused(call, &json!({"id": UNIT}), 404, UNIT);
        walk.refused(call, &json!({}), 400, "id: missing");
    }
}

#[test]
fn every_field_of_a_rate_is_taken_and_answered() {
    let walk = Walk::new();
    let (usage, seats, fixed) = (&walk.usage, &walk.seats, &walk.fixed);
    let cents = json!({"name": "USD (cents)", "id": USD});
    let unit = json!({"name": UNIT, "id": UNIT});
    let groups = json!({"cloud": "aws", "region": "us-west-2"});
    let added =
        |product: &str, fields: Value| walk.done("addRate", &walk.one(product, fields))["data"].clone();

    let flat = added(
        usage,
        json!({"pricing_group_values": groups, "price": 0.10, "credit_type_id": USD,
        "ending_before": "2026-01-01T00:00:00Z",
        "commit_rate": {"rate_type": "flat", "price": 0.05}}),
    );
    let commit = json!({"rate_type": "FLAT", "price": 0.05});
    let rate =
        json!({"rate_type": "FLAT", "price": 0.1, "pricing_group_values": groups, "credit_type": cents});
    let mut with_commit = rate.clone();
    with_commit["commit_rate"] = commit.clone();
    assert_eq!(flat, with_commit);
    let row = walk.rates().remove(0);
    let expected = json!({"product_id": usage, "product_name": "Usage", "product_tags": ["cloud"],
        "product_custom_fields": {"sku": "s-1"}, "pricing_group_values": groups, "starting_at": START,
        "ending_before": "2026-01-01T00:00:00.000Z", "entitled": true, "rate": rate, "commit_rate": commit});
    assert_eq!(row, expected);

    let tiers = json!([{"size": 10, "price": 2}, {"price": 1.5}]);
    let tiered =
        added(fixed, json!({"rate_type": "tiered", "price": null, "tiers": tiers, "credit_type_id": UNIT}));
    assert_eq!(tiered, json!({"rate_type": "TIERED", "tiers": tiers, "credit_type": unit}));
    let share =
        added(fixed, json!({"rate_type": "PERCENTAGE", "price": 0.1, "minimum_config": {"minimum": 5}}));
    assert_eq!(share, json!({"rate_type": "PERCENTAGE", "price": 0.1, "minimum_config": {"minimum": 5}}));
    let old = added(seats, json!({"rate_type": "SUBSCRIPTION", "quantity": 3, "is_prorated": true}));
    let expected = json!({"rate_type": "SUBSCRIPTION", "price": 100, "quantity": 3, "is_prorated": true,
        "credit_type": cents});
    assert_eq!(old, expected);
    for frequency in ["MONTHLY", "quarterly", "ANNUAL", "weekly"] {
        added(seats, json!({"billing_frequency": frequency, "entitled": false}));
    }
    let listed: Vec<_> = walk.rates().iter().map(|row| row["billing_frequency"].clone()).collect();
    assert!(["MONTHLY", "QUARTERLY", "ANNUAL", "WEEKLY"].iter().all(|word| listed.contains(&json!(word))));
    let custom = added(
        fixed,
        json!({"rate_type": "CUSTOM", "custom_rate": {"any": [1, {"n": 2}]},
        "credit_type_id": UNIT}),
    );
    assert_eq!(custom["custom_rate"], json!({"any": [1, {"n": 2}]}));
    added(fixed, json!({"rate_type": "tiered_percentage", "price": null, "tiers": [{"price": 0.1}]}));
}

#[test]
fn a_rate_is_refused_for_what_is_wrong_with_it() {
    let walk = Walk::new();
    let (usage, seats) = (&walk.usage, &walk.seats);
    let cases = [
        (usage, json!({"product_id": null}), "product_id: missing"),
        (usage, json!({"starting_at": null}), "starting_at: missing"),
        (usage, json!({"entitled": null}), "entitled: missing"),
        (usage, json!({"rate_type": null}), "rate_type: missing"),
        (usage, json!({"rate_type": "Free"}), "rate_type: \"Free\" is none of FLAT, PERCENTAGE"),
        (usage, json!({"price": null}), "price: missing"),
        (usage, json!({"price": -1}), "price: \"-1\" is not allowed"),
        (usage, json!({"rate_type": "PERCENTAGE", "price": 1.01}), "price: \"1.01\" is not allowed"),
        (usage, json!({"price": "1"}), "price: a number is expected"),
        (usage, json!({"tiers": [{"price": 1}]}), "tiers: not allowed here"),
        (
            usage,
            json!({"rate_type": "TIERED", "price": null, "tiers": [{"size": 1}]}),
            "tiers[0].price: missing",
        ),
        (usage, json!({"minimum_config": {}}), "minimum_config.minimum: missing"),
        (usage, json!({"minimum_config": {"minimum": 1}}), "minimum_config.minimum: not allowed here"),
        (usage, json!({"custom_rate": {}}), "custom_rate: not allowed here"),
        (usage, json!({"custom_rate": []}), "custom_rate: an object is expected"),
        (usage, json!({"is_prorated": true}), "is_prorated: not allowed here"),
        (usage, json!({"quantity": -1}), "quantity: \"-1\" is not allowed"),
        (usage, json!({"ending_before": START}), "ending_before"),
        (usage, json!({"credit_type_id": "00000000-0000-4000-8000-0000000000ab"}), "credit_type_id"),
        (usage, json!({"pricing_group_values": {"zone": "1"}}), "pricing_group_values: \"zone\""),
        (usage, json!({"pricing_group_values": {"region": 1}}), "pricing_group_values.region: a string"),
        (usage, json!({"billing_frequency": "MONTHLY"}), "billing_frequency: not allowed here"),
        (seats, json!({}), "billing_frequency: missing"),
        (seats, json!({"billing_frequency": "DAILY"}), "billing_frequency: \"DAILY\" is none of"),
        (usage, json!({"commit_rate": {}}), "commit_rate.rate_type: missing"),
        (usage, json!({"commit_rate": {"rate_type": "FLAT", "price": -1}}), "commit_rate.price: \"-1\""),
        (usage, json!({"colour": "red"}), "colour: unknown field"),
    ];
    for (product, fields, text) in cases {
        walk.refused("addRate", &walk.one(product, fields.clone()), 400, text);
        let request = json!({"rate_card_id": walk.card, "rates": [walk.rate(product, fields)]});
        walk.refused("addRates", &request, 400, &format!("rates[0].{text}"));
    }
    walk.refused("addRate", &walk.one(UNIT, json!({})), 404, "product_id: there is no contract_product");
    let mut elsewhere = walk.one(usage, json!({}));
    elsewhere["rate_card_id"] = json!(UNIT);
    walk.refused("addRate", &elsewhere, 404, UNIT);
    walk.refused("addRates", &json!({}), 400, "rate_card_id: missing; rates: missing");
    assert!(walk.rates().is_empty());
}

#[test]
fn the_documented_rates_are_added_and_selected() {
    let walk = Walk::new();
    let rate = |region: &str, price: i64, start: &str| {
        let groups = json!({"region": region, "cloud": "aws"});
        walk.rate(&walk.usage, json!({"starting_at": start, "price": price, "pricing_group_values": groups}))
    };
    let rates = [
        rate("us-west-2", 100, "2020-01-01T00:00:00.000Z"),
        rate("us-east-2", 120, "2020-01-01T00:00:00.000Z"),
        rate("us-west-2", 110, "2024-01-01T00:00:00.000Z"),
        walk.rate(
            &walk.seats,
            json!({"starting_at": "2020-01-01T00:00:00Z", "billing_frequency": "MONTHLY"}),
        ),
    ];
    let added = walk.done("addRates", &json!({"rate_card_id": walk.card, "rates": rates}));
    assert_eq!(added, json!({"data": {"id": walk.card}}));

    let west = json!({"region": "us-west-2", "cloud": "aws"});
    let picked = |call: &str, selectors: Value| -> Vec<i64> {
        let mut request = json!({"rate_card_id": walk.card, "selectors": selectors});
        let moment = if call == "getRates" { "at" } else { "starting_at" };
        request[moment] = json!("2023-01-01T00:00:00Z");
        let rows = walk.done(call, &request)["data"].clone();
        let mut prices: Vec<_> =
            rows.as_array().unwrap().iter().map(|row| row["rate"]["price"].as_i64().unwrap()).collect();
        prices.sort_unstable();
        prices
    };
    for (selectors, at, schedule) in [
        (json!([]), vec![100, 100, 120], vec![100, 100, 110, 120]),
        (json!([{"product_id": walk.usage}]), vec![100, 120], vec![100, 110, 120]),
        (json!([{"pricing_group_values": west}]), vec![100], vec![100, 110]),
        (json!([{"partial_pricing_group_values": {"cloud": "aws"}}]), vec![100, 120], vec![100, 110, 120]),
        (json!([{"billing_frequency": "monthly"}]), vec![100], vec![100]),
    ] {
        assert_eq!(picked("getRates", selectors.clone()), at, "{selectors}");
        assert_eq!(picked("getRateSchedule", selectors.clone()), schedule, "{selectors}");
    }
    assert_eq!(picked("getRates", json!([{"product_tags": ["cloud", "x"]}])), [100, 120]);

    let request = json!({"rate_card_id": walk.card, "starting_at": "2023-01-01T00:00:00Z",
        "selectors": [{"product_tags": ["cloud"]}]});
    walk.refused("getRateSchedule", &request, 400, "selectors[0].product_tags: unknown field");
    let request = json!({"rate_card_id": walk.card, "starting_at": "2023-01-01T00:00:00Z",
        "ending_before": "2024-01-01T00:00:00Z"});
    assert_eq!(walk.done("getRateSchedule", &request)["data"].as_array().unwrap().len(), 3);
}

#[test]
fn rates_come_page_by_page() {
    let walk = Walk::new();
    let start = |n: usize| format!("2025-01-{:02}T00:00:00.000Z", n + 1);
    let rates: Vec<_> =
        (0..5).map(|n| walk.rate(&walk.fixed, json!({"starting_at": start(n), "price": n}))).collect();
    walk.done("addRates", &json!({"rate_card_id": walk.card, "rates": rates}));
    let request = json!({"rate_card_id": walk.card, "starting_at": START});
    let mut starts = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut query = vec![("limit", "2")];
        query.extend(next.as_deref().map(|next| ("next_page", next)));
        let answer = walk.asked("getRateSchedule", &query, &request);
        assert_eq!(answer.status, 200, "{answer}");
        let page: Value = serde_json::from_str(&answer.body).unwrap();
        starts.extend(page["data"].as_array().unwrap().iter().map(|row| row["starting_at"].clone()));
        next = page["next_page"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    assert_eq!(starts, (0..5).map(start).map(Value::from).collect::<Vec<_>>());
    for (query, text) in
        [(("limit", "101"), "limit"), (("limit", "0"), "limit"), (("next_page", "x"), "next_page")]
    {
        let answer = walk.asked("getRates", &[query], &json!({"rate_card_id": walk.card, "at": START}));
        assert_eq!(answer.status, 400);
        assert!(message(&answer).contains(text), "{answer}");
    }
    for (call, text) in [("getRates", "at: missing"), ("getRateSchedule", "starting_at: missing")] {
        walk.refused(call, &json!({"rate_card_id": walk.card}), 400, text);
        walk.refused(
            call,
            &json!({"rate_card_id": UNIT, "at": START, "starting_at": START}),
            400,
            "unknown field",
        );
    }
    walk.refused("getRates", &json!({"rate_card_id": UNIT, "at": START}), 404, UNIT);
}

#[test]
fn a_custom_rate_that_was_written_in_several_lines_is_answered_in_one() {
    let walk = Walk::new();
    let rate = walk.one(&walk.usage, json!({"rate_type": "CUSTOM", "price": null, "custom_rate": {"a": 1}}));
    let lines = serde_json::to_string_pretty(&rate).unwrap();
    assert!(lines.contains('\n'));
    let answer = walk.store.handle("POST", &format!("{CARDS}/addRate"), &[], lines.as_bytes());
    assert!(answer.is_success(), "{answer}");
    assert_eq!(answer.to_string().lines().count(), 1, "{answer}");
    let question = json!({"rate_card_id": walk.card, "at": START});
    let answer = walk.asked("getRates", &[], &question);
    assert!(answer.body.contains("custom_rate"), "{answer}");
    assert_eq!(answer.to_string().lines().count(), 1, "{answer}");
}
