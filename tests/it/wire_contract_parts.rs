//! Parts of contracts that say of others what they are: overrides of what pays, subscriptions of what they bring.

use serde_json::{Value, json};

use crate::support::desk::{Desk, END, START, USD, and};
use crate::wire_contract_fields::{access, recurring_kinds, with};

#[test]
fn overrides_put_rates_in_place_of_others_and_name_what_pays() {
    let desk = Desk::new();
    let usd = json!({"id": USD, "name": "USD (cents)"});
    let explicit = |more: Value, parts: Value| {
        let request = and(
            desk.contract(json!({"multiplier_override_prioritization": "EXPLICIT", "overrides": [more]})),
            parts,
        );
        desk.read(&desk.made("/v1/contracts/create", &request))
    };
    let overwrite = |rate: Value| json!({"starting_at": START, "type": "overwrite", "product_id": desk.usage, "overwrite_rate": rate});
    let flat = json!({"rate_type": "flat", "price": 7, "credit_type_id": USD});
    let read = explicit(overwrite(flat), json!({}))["overrides"][0].take();
    assert_eq!(read["overwrite_rate"], json!({"rate_type": "FLAT", "price": 7, "credit_type": usd}));
    assert_eq!(read["product"], json!({"id": desk.usage, "name": "Compute"}));
    assert_eq!(read["override_specifiers"], json!([{"product_id": desk.usage}]));
    let tiers = json!([{"size": 5, "price": 2}, {"price": 1}]);
    let read = explicit(overwrite(json!({"rate_type": "TIERED", "tiers": tiers})), json!({}));
    assert_eq!(read["overrides"][0]["overwrite_rate"]["tiers"], tiers);
    let tiers = json!([{"size": 5, "multiplier": 0.5}, {"multiplier": 0.25}]);
    let tiered = json!({"starting_at": START, "type": "TIERED", "priority": 1, "tiers": tiers});
    assert_eq!(explicit(tiered, json!({}))["overrides"][0]["override_tiers"], tiers);
    let named = |list: &str| {
        json!({"starting_at": START, "type": "MULTIPLIER", "multiplier": 0.5, "priority": 1,
            "is_commit_specific": true, "target": "commit_rate",
            "override_specifiers": [{"product_id": desk.usage, list: ["t-1"]}]})
    };
    let commit = json!({"commits": [{"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access(),
        "temporary_id": "t-1"}]});
    for list in ["commit_ids", "any_commit_or_credit_ids"] {
        let read = explicit(named(list), commit.clone());
        let shown = &read["overrides"][0];
        assert_eq!(shown["override_specifiers"][0][list], json!([read["commits"][0]["id"]]));
        assert_eq!((&shown["target"], &shown["is_commit_specific"]), (&json!("COMMIT_RATE"), &json!(true)));
    }
    let recurring = with(&recurring_kinds(&desk)[0].base, "temporary_id", &json!("t-1"));
    let read = explicit(named("recurring_commit_ids"), json!({"recurring_commits": [recurring]}));
    let ids = &read["overrides"][0]["override_specifiers"][0]["recurring_commit_ids"];
    assert_eq!(ids, &json!([read["recurring_commits"][0]["id"]]));
}

#[test]
fn a_subscription_shows_how_many_there_are_and_its_periods() {
    let desk = Desk::new();
    let seats = json!({"subscription_rate": {"billing_frequency": "MONTHLY", "product_id": desk.seats},
        "collection_schedule": "ADVANCE", "proration": {"is_prorated": true}, "temporary_id": "t-1",
        "quantity_management_mode": "SEAT_BASED", "seat_config": {"seat_group_key": "seat",
            "initial_seat_ids": ["a", "b"], "initial_unassigned_seats": 1}});
    let config = json!({"subscription_id": "t-1", "apply_seat_increase_config": {"is_prorated": false},
        "allocation": "individual"});
    let mut credit = with(&recurring_kinds(&desk)[1].base, "subscription_config", &config);
    credit["access_amount"].as_object_mut().unwrap().remove("quantity");
    let request = json!({"subscriptions": [seats], "recurring_credits": [credit], "ending_before": END});
    desk.clock.set("2024-12-15T00:00:00Z".parse().unwrap());
    let read = desk.read(&desk.made("/v1/contracts/create", &desk.contract(request)));
    let shown = &read["subscriptions"][0];
    assert_eq!(shown["seat_config"], json!({"seat_group_key": "seat"}));
    let all_the_time = json!([{"quantity": 3, "starting_at": START, "ending_before": END}]);
    assert_eq!(shown["quantity_schedule"], all_the_time);
    let period = |from: &str, to: &str| json!({"starting_at": format!("{from}T00:00:00.000Z"), "ending_before": format!("{to}T00:00:00.000Z")});
    let periods = json!({"previous": period("2024-11-01", "2024-12-01"), "current": period("2024-12-01", "2025-01-01"),
        "next": period("2025-01-01", "2025-02-01")});
    assert_eq!(shown["billing_periods"], periods);
    let cycle = json!({"anchor_date": START, "invoice_placement": "ON_USAGE_INVOICE"});
    assert_eq!(shown["billing_cycle_config"], cycle);
    let config = json!({"subscription_id": shown["id"], "apply_seat_increase_config": {"is_prorated": false},
        "allocation": "INDIVIDUAL"});
    assert_eq!(read["recurring_credits"][0]["subscription_config"], config);
}

#[test]
fn a_recurring_balance_says_at_which_rates_it_pays_even_where_nothing_was_said() {
    let desk = Desk::new();
    for (list, base) in ["recurring_commits", "recurring_credits"].into_iter().zip(recurring_kinds(&desk)) {
        let id = desk.made("/v1/contracts/create", &desk.contract(json!({list: [base.base]})));
        assert_eq!(desk.read(&id)[list][0]["rate_type"], "LIST_RATE");
        assert_eq!(desk.read_v1(&id)["current"][list][0]["rate_type"], "LIST_RATE");
    }
}

#[test]
fn royalties_are_shown_by_reseller_today_and_one_by_one_before() {
    let desk = Desk::new();
    let royalty = |reseller: &str, start: &str| {
        json!({"reseller_type": reseller, "fraction": 0.5, "netsuite_reseller_id": "n", "starting_at": start,
            "applicable_product_tags": ["cloud"]})
    };
    let [first, second] = [royalty("AWS", START), royalty("AWS", "2025-01-01T00:00:00.000Z")];
    let other = royalty("GCP", START);
    let id = desk
        .made("/v1/contracts/create", &desk.contract(json!({"reseller_royalties": [first, other, second]})));
    let by_reseller = json!([{"reseller_type": "AWS", "segments": [first, second]},
        {"reseller_type": "GCP", "segments": [other]}]);
    assert_eq!(desk.read(&id)["reseller_royalties"], by_reseller);
    let read = desk.read_v1(&id);
    for state in [&read, &read["initial"], &read["current"]] {
        assert_eq!(state["reseller_royalties"], json!([first, second, other]));
    }
    let plain = desk.read_v1(&desk.made("/v1/contracts/create", &desk.contract(json!({}))));
    assert_eq!(plain["initial"].get("reseller_royalties"), None);
}
