//! Contracts that are made of packages, through the calls that make, read and list them.

use serde_json::{Value, json};

use crate::support::desk::{Desk, START, and};
use crate::wire_packages::{CREATE, desk, length, package, rich, starter};

const MAKE: &str = "/v1/contracts/create";
const LIST: &str = "/v1/packages/listContractsOnPackage";
const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

/// A request for a contract of a package, and these fields besides.
fn of_package(desk: &Desk, package: &str, more: Value) -> Value {
    and(json!({"customer_id": desk.customer, "starting_at": START, "package_id": package}), more)
}

#[test]
fn a_contract_of_a_package_has_its_parts_with_dates_of_its_own() {
    let desk = desk();
    let (request, _) = rich(&desk);
    let id = desk.made(CREATE, &request);
    let contract = desk.made(MAKE, &of_package(&desk, &id, json!({})));
    let read = desk.read(&contract);
    assert_eq!(read["package_id"], json!(id));
    assert_eq!(desk.read_v1(&contract)["package_id"], json!(id));
    assert_eq!((&read["name"], &read["rate_card_id"]), (&request["contract_name"], &json!(desk.card)));
    assert_eq!(read["ending_before"], "2026-11-01T00:00:00.000Z");
    assert_eq!(read["net_payment_terms_days"], 30);
    let statements = json!({"frequency": "QUARTERLY", "billing_anchor_date": START});
    assert_eq!(read["usage_statement_schedule"], statements);
    let segment = &read["commits"][0]["access_schedule"]["schedule_items"][0];
    let window = (&segment["starting_at"], &segment["ending_before"]);
    assert_eq!(window, (&json!(START), &json!("2024-12-01T00:00:00.000Z")));
    let charge = &read["scheduled_charges"][0]["schedule"]["schedule_items"][0];
    assert_eq!((&charge["timestamp"], &charge["amount"]), (&json!("2024-11-15T00:00:00.000Z"), &json!(100)));
    let december = json!("2024-12-01T00:00:00.000Z");
    let recurring = &read["recurring_commits"][0];
    assert_eq!(recurring["starting_at"], december);
    assert_eq!(recurring["ending_before"], "2025-12-01T00:00:00.000Z");
    let seats = &read["subscriptions"][0];
    assert_eq!(
        (&seats["starting_at"], &seats["ending_before"]),
        (&december, &json!("2025-06-01T00:00:00.000Z"))
    );
    assert_eq!(read["recurring_credits"][0]["subscription_config"]["subscription_id"], seats["id"]);
    let named = &read["overrides"][0]["override_specifiers"][0];
    assert_eq!(named["commit_ids"], json!([read["commits"][0]["id"]]));
    assert_eq!(read["customer_billing_provider_configuration"]["billing_provider"], "stripe");
    assert_eq!(read["spend_trackers"], request["spend_trackers"]);
}

#[test]
fn the_guides_package_is_chosen_by_its_alias() {
    let desk = desk();
    let id = desk.made(CREATE, &starter(&desk));
    let by_alias = |alias: &str, start: &str| json!({"customer_id": desk.customer, "starting_at": start, "package_alias": alias});
    let contract = desk.done(MAKE, &by_alias("starter", "2024-01-31T00:00:00Z"))["data"]["contract"].take();
    assert_eq!((&contract["package_id"], &contract["rate_card_id"]), (&json!(id), &json!(desk.card)));
    let credit = &contract["recurring_credits"][0];
    assert_eq!(credit["starting_at"], "2024-01-31T00:00:00.000Z");
    assert_eq!(credit["ending_before"], "2024-04-30T00:00:00.000Z");
    assert_eq!(contract["subscriptions"][0]["quantity_schedule"][0]["quantity"], 2);
    desk.refused(MAKE, &by_alias("enterprise", START), 404, "package_alias");
    let both = and(by_alias("starter", START), json!({"package_id": id}));
    desk.refused(MAKE, &both, 400, "package_alias: not allowed here; there is a package_id already");
}

#[test]
fn beside_its_package_a_contract_says_only_what_is_its_own() {
    let desk = desk();
    let id = desk.made(CREATE, &json!({"name": "P"}));
    let charge = json!({"product_id": desk.fixed, "schedule": {"schedule_items": [{"timestamp": START, "amount": 1}]}});
    let more = json!({"name": "Mine", "ending_before": "2025-01-01T00:00:00Z", "rate_card_id": desk.card,
        "net_payment_terms_days": 3, "scheduled_charges": [charge], "total_contract_value": 5,
        "usage_filter": {"group_key": "region", "group_values": ["US"]},
        "billing_provider_configuration": {"billing_provider": "stripe",
            "delivery_method": "direct_to_billing_provider"}});
    let body = desk.refused(MAKE, &of_package(&desk, &id, more.clone()), 400, "name");
    let message = body["message"].as_str().unwrap();
    for field in more.as_object().unwrap().keys() {
        assert!(message.contains(&format!("{field}: ")), "{field} in {message}");
    }
    let old = desk.made(MAKE, &of_package(&desk, &id, json!({})));
    let renewal = json!({"uniqueness_key": "c-2", "custom_fields": {"owner": "sales"},
        "starting_at": "2025-01-01T00:00:00.000Z",
        "transition": {"type": "RENEWAL", "from_contract_id": old}});
    let new = desk.read(&desk.made(MAKE, &of_package(&desk, &id, renewal)));
    assert_eq!((&new["uniqueness_key"], &new["custom_fields"]), (&json!("c-2"), &json!({"owner": "sales"})));
    assert_eq!(desk.read(&old)["ending_before"], new["starting_at"]);
}

#[test]
fn values_of_a_package_are_fixed_and_those_of_its_contracts_are_theirs() {
    let desk = desk();
    let (request, _) = rich(&desk);
    let id = desk.made(CREATE, &request);
    let template = package(&desk, &id);
    let contract = desk.read(&desk.made(MAKE, &of_package(&desk, &id, json!({}))));
    let set = "/v1/customFields/setValues";
    let value = |entity: &str, part: &Value| json!({"entity": entity, "entity_id": part["id"], "custom_fields": {"owner": "support"}});
    for (list, of_package, of_contract) in [
        ("commits", "package_commit", "commit"),
        ("credits", "package_credit", "contract_credit"),
        ("scheduled_charges", "package_scheduled_charge", "scheduled_charge"),
        ("subscriptions", "package_subscription", "subscription"),
    ] {
        assert_eq!(contract[list][0]["custom_fields"], json!({"owner": "sales"}), "{list}");
        let fixed = value(of_package, &template[list][0]);
        desk.refused(set, &fixed, 400, "Setting package managed fields is not yet supported");
        desk.done(set, &value(of_contract, &contract[list][0]));
        let read = desk.read(contract["id"].as_str().unwrap());
        assert_eq!(read[list][0]["custom_fields"], json!({"owner": "support"}), "{list}");
    }
    assert_eq!(package(&desk, &id), template);
}

#[test]
fn a_package_that_is_archived_or_is_not_there_makes_no_contract() {
    let desk = desk();
    let id = desk.made(CREATE, &json!({"name": "P", "aliases": [{"name": "p"}]}));
    let before = desk.made(MAKE, &of_package(&desk, &id, json!({})));
    desk.made("/v1/packages/archive", &json!({"package_id": id}));
    desk.refused(MAKE, &of_package(&desk, &id, json!({})), 400, "package_id: ");
    let by_alias = json!({"customer_id": desk.customer, "starting_at": START, "package_alias": "p"});
    desk.refused(MAKE, &by_alias, 400, "package_alias: ");
    assert_eq!(desk.read(&before)["package_id"], json!(id));
    desk.refused(MAKE, &of_package(&desk, NOBODY, json!({})), 404, "there is no package");
}

#[test]
fn the_contracts_of_a_package_are_listed_by_when_they_are_in_force() {
    let desk = desk();
    let id = desk.made(CREATE, &json!({"name": "P", "duration": length(1, "MONTHS")}));
    let endless = desk.made(CREATE, &json!({"name": "Endless"}));
    desk.made(MAKE, &of_package(&desk, &endless, json!({})));
    let from = |start: &str| desk.made(MAKE, &of_package(&desk, &id, json!({"starting_at": start})));
    let (first, second) = (from("2024-01-01T00:00:00Z"), from("2024-02-01T00:00:00Z"));
    let gone = from("2024-03-01T00:00:00Z");
    desk.made("/v1/contracts/archive", &desk.of(&gone, json!({"void_invoices": true})));
    let shown = |contract: &str, start: &str, end: &str| {
        json!({"customer_id": desk.customer, "contract_id": contract,
            "starting_at": format!("{start}T00:00:00.000Z"), "ending_before": format!("{end}T00:00:00.000Z")})
    };
    let january = shown(&first, "2024-01-01", "2024-02-01");
    let february = shown(&second, "2024-02-01", "2024-03-01");
    let archived =
        and(shown(&gone, "2024-03-01", "2024-04-01"), json!({"archived_at": "2024-12-01T00:00:00.000Z"}));
    let listed = |more: Value| desk.done(LIST, &and(json!({"package_id": id}), more))["data"].take();
    assert_eq!(listed(json!({})), json!([january, february]));
    assert_eq!(listed(json!({"include_archived": true})), json!([january, february, archived]));
    assert_eq!(listed(json!({"starting_at": "2024-01-02T00:00:00Z"})), json!([february]));
    assert_eq!(listed(json!({"covering_date": "2024-01-31T23:59:59Z"})), json!([january]));
    let without_end = desk.done(LIST, &json!({"package_id": endless}));
    assert_eq!(without_end["data"][0].get("ending_before"), None);
    let both = json!({"package_id": id, "starting_at": START, "covering_date": START});
    desk.refused(LIST, &both, 400, "covering_date");
    let body = json!({"package_id": id}).to_string();
    let page = |query: &[(&str, &str)]| -> Value {
        serde_json::from_str(&desk.store.handle("POST", LIST, query, body.as_bytes()).body).unwrap()
    };
    let one = page(&[("limit", "1")]);
    assert_eq!(one["data"], json!([january]));
    let rest = page(&[("next_page", one["next_page"].as_str().unwrap())]);
    assert_eq!(rest, json!({"data": [february], "next_page": null}));
    let refused = desk.refused(LIST, &json!({"package_id": NOBODY}), 400, "there is no package");
    assert_eq!(refused["code"], "PackageNotFound");
}
