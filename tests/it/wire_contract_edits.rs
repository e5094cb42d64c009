//! What edits change in contracts and their parts: every field, what the edit tells of it, and what is read after it.

use serde_json::{Value, json};

use crate::support::desk::{Desk, END, START, and};
use crate::wire_contract_fields::{
    access, charge_kinds, holds, of_another_kind, override_kind, recurring_kinds, subscription_kind,
};

/// When what an edit can change or archive is charged: later than the desk's clock.
const TO_COME: &str = "2025-05-01T00:00:00.000Z";

/// A contract with one part of each kind that an edit can change.
fn contract_of_all(desk: &Desk) -> (String, Value) {
    let schedule = json!({"schedule_items": [{"timestamp": TO_COME, "amount": 5}]});
    let charge = and(charge_kinds(desk)[0].base.clone(), json!({"schedule": schedule}));
    let request = desk.contract(json!({
        "commits": [{"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access(),
            "invoice_schedule": schedule}],
        "credits": [{"product_id": desk.fixed, "access_schedule": access()}],
        "recurring_commits": [recurring_kinds(desk)[0].base],
        "recurring_credits": [recurring_kinds(desk)[1].base],
        "scheduled_charges": [charge],
        "subscriptions": [subscription_kind(desk).base],
        "overrides": [override_kind(desk).base],
    }));
    let id = desk.made("/v1/contracts/create", &request);
    let read = desk.read(&id);
    (id, read)
}

#[test]
fn every_field_of_an_update_is_taken_and_told_in_the_edit() {
    let desk = Desk::new();
    let round = json!({"rounding_method": "CEILING", "decimal_places": 1});
    let segment = json!({"amount": 9, "starting_at": START, "ending_before": END});
    let update = |list: &str, id: &'static str, fields: Vec<(&'static str, Value)>| {
        let (contract, read) = contract_of_all(&desk);
        let part = read[list][0]["id"].clone();
        for (field, value) in fields {
            let change = json!({id: part, field: value});
            let edit = json!({format!("update_{list}"): [change]});
            let told = desk.done("/v2/contracts/edit", &desk.of(&contract, edit));
            let told = &told["data"]["edit"][format!("update_{list}")][0];
            assert_eq!(told["id"], part);
            assert!(holds(&told[field], &value), "{list} {field}: {told}");
            let wrong = json!({format!("update_{list}"): [{id: part, field: of_another_kind(&value)}]});
            let text = format!("update_{list}[0].{field}: ");
            desk.refused("/v2/contracts/edit", &desk.of(&contract, wrong), 400, &text);
        }
        let odd = json!({format!("update_{list}"): [{id: part, "colour": 1}]});
        desk.refused("/v2/contracts/edit", &desk.of(&contract, odd), 400, "colour: unknown field");
        let without = json!({format!("update_{list}"): [{}]});
        desk.refused("/v2/contracts/edit", &desk.of(&contract, without), 400, &format!("[0].{id}: missing"));
    };
    let balance = || {
        vec![
            ("name", json!("Other")),
            ("description", json!("Another")),
            ("product_id", json!(desk.fixed)),
            ("access_schedule", json!({"add_schedule_items": [segment]})),
            ("rollover_fraction", json!(0.5)),
            ("rollover_fraction", json!(null)),
            ("applicable_product_ids", json!([desk.usage])),
            ("applicable_product_ids", json!(null)),
            ("applicable_product_tags", json!(["cloud"])),
            ("applicable_product_tags", json!(null)),
            ("priority", json!(3)),
            ("priority", json!(null)),
            ("rate_type", json!("LIST_RATE")),
            ("hierarchy_configuration", json!({"child_access": {"type": "ALL"}})),
            ("netsuite_sales_order_id", json!("NS 2")),
            ("netsuite_sales_order_id", json!(null)),
        ]
    };
    let added = json!({"add_schedule_items": [{"timestamp": END, "unit_price": 2, "quantity": 3}]});
    let mut of_commit = balance();
    of_commit.push(("invoice_schedule", added.clone()));
    update("commits", "commit_id", of_commit);
    update("credits", "credit_id", balance());
    let recurring = || {
        vec![
            ("access_amount", json!({"unit_price": 6, "quantity": 3})),
            ("ending_before", json!(END)),
            ("ending_before", json!(null)),
            ("rate_type", json!("LIST_RATE")),
            ("proration_rounding", json!({"access": round})),
            ("proration_rounding", json!({"access": null})),
            ("proration_rounding", json!(null)),
        ]
    };
    update("recurring_commits", "recurring_commit_id", recurring());
    update("recurring_credits", "recurring_credit_id", recurring());
    let charge = vec![
        ("invoice_schedule", added),
        ("netsuite_sales_order_id", json!("NS 2")),
        ("netsuite_sales_order_id", json!(null)),
    ];
    update("scheduled_charges", "scheduled_charge_id", charge);
    let later = "2025-01-01T00:00:00.000Z";
    let seats = json!({"add_seat_ids": [{"seat_ids": ["a", "b"], "starting_at": later}],
        "remove_seat_ids": [{"seat_ids": ["a"], "starting_at": later}],
        "add_unassigned_seats": [{"quantity": 2, "starting_at": later}],
        "remove_unassigned_seats": [{"quantity": 1, "starting_at": later}]});
    let subscription = vec![
        ("ending_before", json!(END)),
        ("ending_before", json!(null)),
        (
            "quantity_updates",
            json!([{"quantity": 7, "starting_at": later}, {"quantity_delta": -1, "starting_at": later}]),
        ),
        ("proration_rounding", round.clone()),
        ("proration_rounding", json!(null)),
        (
            "quantity_management_mode_update",
            json!({"quantity_management_mode": "SEAT_BASED", "seat_config": {"seat_group_key": "seat"}}),
        ),
        ("seat_updates", seats),
    ];
    update("subscriptions", "subscription_id", subscription);
}

#[test]
fn an_edit_changes_schedules_and_archives_and_removes() {
    let desk = Desk::new();
    let (contract, read) = contract_of_all(&desk);
    let commit = &read["commits"][0];
    let segment = &commit["access_schedule"]["schedule_items"][0]["id"];
    let charge = &commit["invoice_schedule"]["schedule_items"][0]["id"];
    let schedules = json!({"commit_id": commit["id"],
        "access_schedule": {"update_schedule_items": [{"id": segment, "amount": 7, "ending_before": "2025-10-01T00:00:00.000Z"}]},
        "invoice_schedule": {"update_schedule_items": [{"id": charge, "quantity": 3, "timestamp": END}]}});
    desk.made("/v2/contracts/edit", &desk.of(&contract, json!({"update_commits": [schedules]})));
    let commit = desk.read(&contract)["commits"][0].take();
    let segment = json!({"id": segment, "amount": 7, "starting_at": START, "ending_before": "2025-10-01T00:00:00.000Z"});
    assert_eq!(commit["access_schedule"]["schedule_items"], json!([segment]));
    let item = json!({"id": charge, "amount": 15, "unit_price": 5, "quantity": 3, "timestamp": END});
    assert_eq!(commit["invoice_schedule"]["schedule_items"], json!([item]));
    let (name, end) = (json!("Other"), json!("2026-01-01T00:00:00.000Z"));
    let edit = json!({
        "uniqueness_key": "e-1",
        "update_contract_name": name,
        "update_contract_end_date": end,
        "update_net_payment_terms_days": 45,
        "allow_contract_ending_before_finalized_invoice": true,
        "archive_credits": [{"id": read["credits"][0]["id"]}],
        "archive_commits": [{"id": read["commits"][0]["id"]}],
        "archive_scheduled_charges": [{"id": read["scheduled_charges"][0]["id"]}],
        "remove_overrides": [{"id": read["overrides"][0]["id"]}],
    });
    let told = desk.done("/v2/contracts/edit", &desk.of(&contract, edit.clone()))["data"]["edit"].take();
    for (field, value) in edit.as_object().unwrap() {
        if field != "allow_contract_ending_before_finalized_invoice" {
            assert_eq!(&told[field], value, "{field}");
        }
    }
    let read = desk.read(&contract);
    assert_eq!(
        (&read["name"], &read["ending_before"], &read["net_payment_terms_days"]),
        (&name, &end, &json!(45))
    );
    for list in ["commits", "credits", "scheduled_charges"] {
        assert_eq!(read[list][0]["archived_at"], "2024-12-01T00:00:00.000Z", "{list}");
    }
    assert_eq!(read["overrides"], json!([]));
    let cleared = json!({"update_contract_name": null, "update_contract_end_date": null,
        "update_net_payment_terms_days": null});
    desk.made("/v2/contracts/edit", &desk.of(&contract, cleared));
    let read = desk.read(&contract);
    for field in ["name", "ending_before", "net_payment_terms_days"] {
        assert_eq!(read.get(field), None);
    }
    let unknown = json!({"add_colour": 1, "update_usage_filter": {}, "custom_fields": {}});
    let text = "add_colour: unknown field; custom_fields: unknown field; update_usage_filter: unknown field";
    desk.refused("/v2/contracts/edit", &desk.of(&contract, unknown), 400, text);
}

#[test]
fn a_part_that_an_edit_names_twice_is_told_once() {
    let desk = Desk::new();
    let (contract, read) = contract_of_all(&desk);
    let id = read["subscriptions"][0]["id"].as_str().unwrap();
    let fewer = json!({"subscription_id": id,
        "quantity_updates": [{"quantity_delta": -3, "starting_at": "2025-01-01T00:00:00Z"}]});
    let edit = json!({"update_subscriptions": [fewer, fewer, fewer]});
    let again = |place: usize| {
        format!("update_subscriptions[{place}].subscription_id: \"{id}\" is given more than once")
    };
    let refused = desk.refused("/v2/contracts/edit", &desk.of(&contract, edit), 400, "");
    assert_eq!(refused["message"], format!("{}; {}", again(1), again(2)));
}
