//! A contract as it was made and the history of its edits, as the calls answer them while the clock stands still.

use serde_json::{Value, json};

use crate::support::desk::{Desk, END, START, and};
use crate::wire_contract_fields::access;

#[test]
fn what_a_contract_was_made_with_has_nothing_of_an_edit_of_the_same_moment() {
    let desk = Desk::new();
    let usage_filter = json!({"group_key": "region", "group_values": ["US"]});
    let commit =
        json!({"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access(), "name": "Made"});
    let to_come = json!({"timestamp": "2025-05-01T00:00:00.000Z", "amount": 1});
    let charge = json!({"product_id": desk.fixed, "schedule": {"schedule_items": [to_come]}});
    let free = json!({"starting_at": START, "product_id": desk.usage, "type": "MULTIPLIER", "multiplier": 0});
    let id = desk.made(
        "/v1/contracts/create",
        &desk.contract(json!({"name": "Made", "ending_before": END, "usage_filter": usage_filter,
            "commits": [commit], "overrides": [free], "scheduled_charges": [charge]})),
    );
    let made = desk.read_v1(&id);
    assert_eq!(made["initial"], made["current"]);
    let change = |more: Value| desk.done("/v2/contracts/edit", &desk.of(&id, more));
    let (commit, free) = (&made["initial"]["commits"][0]["id"], &made["initial"]["overrides"][0]["id"]);
    let charge = &made["initial"]["scheduled_charges"][0]["id"];
    change(json!({"update_contract_name": "Edited", "update_contract_end_date": "2025-06-01T00:00:00.000Z",
        "add_credits": [{"product_id": desk.fixed, "access_schedule": access()}]}));
    for name in ["Once", "Twice"] {
        change(json!({"update_commits": [{"commit_id": commit, "name": name}]}));
    }
    change(json!({"remove_overrides": [{"id": free}], "archive_scheduled_charges": [{"id": charge}]}));
    let both = json!({"group_key": "region", "group_values": ["EU", "US"], "starting_at": START});
    desk.done("/v1/contracts/setUsageFilter", &desk.of(&id, both));
    let edited = desk.read_v1(&id);
    assert_eq!(edited["initial"], made["initial"]);
    assert_eq!(edited["current"]["name"], "Edited");
    assert_eq!(
        (&edited["current"]["commits"][0]["name"], &edited["current"]["overrides"]),
        (&json!("Twice"), &json!([]))
    );
    let listed = desk.done("/v1/contracts/list", &json!({"customer_id": desk.customer}));
    assert_eq!(listed["data"][0], edited);
    // Nor does it have what came when the clock had gone back.
    desk.clock.set("2024-11-30T00:00:00Z".parse().unwrap());
    change(json!({"add_overrides": [and(free_of(&desk), json!({"multiplier": 0.5}))]}));
    assert_eq!(desk.read_v1(&id)["initial"], made["initial"]);
    // An edit of a moment before shows the parts as it left them.
    let history = desk.done("/v2/contracts/getEditHistory", &desk.of(&id, json!({})));
    assert_eq!(history["data"].as_array().unwrap().len(), 6);
}

fn free_of(desk: &Desk) -> Value {
    json!({"starting_at": START, "product_id": desk.usage, "type": "MULTIPLIER", "multiplier": 0})
}

#[test]
fn an_edit_that_brought_a_subscription_is_always_told_as_it_was_answered() {
    let desk = Desk::new();
    let id = desk.made("/v1/contracts/create", &desk.contract(json!({})));
    let subscription = json!({"subscription_rate": {"billing_frequency": "MONTHLY", "product_id": desk.seats},
        "collection_schedule": "ADVANCE", "proration": {"is_prorated": true}, "initial_quantity": 2});
    let edit = desk.of(&id, json!({"add_subscriptions": [subscription]}));
    let told = desk.done("/v2/contracts/edit", &edit)["data"]["edit"].take();
    assert_eq!(
        told["add_subscriptions"][0]["quantity_schedule"],
        json!([{"quantity": 2, "starting_at": START}])
    );
    let history = || desk.done("/v2/contracts/getEditHistory", &desk.of(&id, json!({})))["data"][0].take();
    assert_eq!(history(), told);
    desk.clock.set("2025-03-15T00:00:00Z".parse().unwrap());
    assert_eq!(history(), told, "the clock went on");
    let end = desk.of(&id, json!({"ending_before": "2025-02-01T00:00:00Z"}));
    desk.done("/v1/contracts/updateEndDate", &end);
    assert_eq!(history(), told, "the contract ended");
}
