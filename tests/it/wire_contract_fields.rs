//! A walk through every field of the parts of contracts, in the calls that make and edit them: each is taken and
//! given back, or refused for a reason that the API gives too.

use billfold::prelude::*;
use serde_json::{Value, json};

use crate::support::catalog::everything;
use crate::wire_contracts::{Desk, END, START, USD};

/// A kind of part: what its list is called, a request with what it needs, and its other fields.
struct Kind {
    list: &'static str,
    base: Value,
    /// A field, a sound value, and what is read back of it under the field's name; nothing where it is `null`.
    fields: Vec<(&'static str, Value, Value)>,
}

/// A field that is read back as it was given.
fn same(field: &'static str, value: Value) -> (&'static str, Value, Value) {
    (field, value.clone(), value)
}

fn with(base: &Value, field: &str, value: &Value) -> Value {
    let mut request = base.clone();
    request[field] = value.clone();
    request
}

fn access() -> Value {
    json!({"schedule_items": [{"amount": 100, "starting_at": START, "ending_before": END}]})
}

/// Whether all that is expected is found; there may be more in what is found.
fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(found, one)| holds(found, one))
        }
        _ => found == expected,
    }
}

fn usage_specifier(desk: &Desk) -> Value {
    json!([{"product_id": desk.usage, "product_tags": ["cloud"], "pricing_group_values": {"region": "EU"},
        "presentation_group_values": {"zone": "a"}, "exclude": [{"product_tags": ["beta"]}]}])
}

/// The fields that commits and credits of contracts have in common with the recurring ones.
fn terms(desk: &Desk) -> Vec<(&'static str, Value, Value)> {
    let children = |access: Value| json!({"child_access": access});
    vec![
        same("name", json!("A name")),
        same("description", json!("What it is for")),
        same("priority", json!(2.5)),
        ("rate_type", json!("commit_rate"), json!("COMMIT_RATE")),
        same("rollover_fraction", json!(0.1)),
        same("applicable_product_ids", json!([desk.usage])),
        same("applicable_product_tags", json!(["cloud"])),
        same("specifiers", usage_specifier(desk)),
        same("netsuite_sales_order_id", json!("NS 1")),
        same("hierarchy_configuration", children(json!({"type": "ALL"}))),
        ("hierarchy_configuration", children(json!({"type": "none"})), children(json!({"type": "NONE"}))),
        ("temporary_id", json!("t-1"), json!(null)),
    ]
}

fn balance_kinds(desk: &Desk) -> Vec<Kind> {
    let schedule = json!({"access_type": "QUANTITY", "credit_type_id": USD,
        "schedule_items": access()["schedule_items"]});
    let mut shown = schedule.clone();
    shown.as_object_mut().unwrap().remove("credit_type_id");
    shown["credit_type"] = json!({"id": USD, "name": "USD (cents)"});
    let invoice = json!({"credit_type_id": USD, "do_not_invoice": true,
        "schedule_items": [{"timestamp": START, "unit_price": 50, "quantity": 2}]});
    let invoiced = json!({"do_not_invoice": true, "credit_type": {"id": USD, "name": "USD (cents)"},
        "schedule_items": [{"timestamp": START, "unit_price": 50, "quantity": 2, "amount": 100}]});
    let gate = json!({"payment_gate_type": "STRIPE", "tax_type": "STRIPE", "stripe_config":
        {"payment_type": "INVOICE", "invoice_metadata": {"a": "b"}, "on_session_payment": true}});
    let mut commit = terms(desk);
    commit.extend([
        ("type", json!("prepaid"), json!("PREPAID")),
        ("access_schedule", schedule.clone(), shown.clone()),
        ("invoice_schedule", invoice, invoiced),
        same("custom_fields", json!({"owner": "sales"})),
        same("spend_tracker_attributes", json!({"counts_as_discounted": true})),
        same("payment_gate_config", gate),
    ]);
    let mut credit: Vec<_> = terms(desk).into_iter().filter(|(field, ..)| *field != "temporary_id").collect();
    credit.extend([("access_schedule", schedule, shown), same("custom_fields", json!({"owner": "sales"}))]);
    vec![
        Kind {
            list: "commits",
            base: json!({"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access()}),
            fields: commit,
        },
        Kind {
            list: "credits",
            base: json!({"product_id": desk.fixed, "access_schedule": access()}),
            fields: credit,
        },
    ]
}

fn recurring_kinds(desk: &Desk) -> Vec<Kind> {
    let base = json!({"product_id": desk.fixed, "priority": 1, "starting_at": START,
        "access_amount": {"unit_price": 5, "quantity": 2, "credit_type_id": USD},
        "commit_duration": {"value": 1}});
    let round = |places: i64| json!({"rounding_method": "HALF_UP", "decimal_places": places});
    let shared = |rounding: Value| {
        let mut fields = terms(desk);
        fields.extend([
            same("access_amount", json!({"unit_price": 0.5, "quantity": 3, "credit_type_id": USD})),
            same("starting_at", json!("2024-12-01T00:00:00.000Z")),
            same("ending_before", json!(END)),
            same("commit_duration", json!({"value": 2, "unit": "PERIODS"})),
            ("recurrence_frequency", json!("weekly"), json!("WEEKLY")),
            ("proration", json!("none"), json!("NONE")),
            same("proration_rounding", rounding),
        ]);
        fields
    };
    let mut commit = shared(json!({"access": round(2), "invoice": round(-2)}));
    commit.push(same("invoice_amount", json!({"unit_price": 4, "quantity": 1, "credit_type_id": USD})));
    let credit = shared(json!({"access": round(-5)}));
    vec![
        Kind { list: "recurring_commits", base: base.clone(), fields: commit },
        Kind { list: "recurring_credits", base, fields: credit },
    ]
}

fn override_kind(desk: &Desk) -> Kind {
    Kind {
        list: "overrides",
        base: json!({"starting_at": START, "type": "MULTIPLIER", "multiplier": 0.5}),
        fields: vec![
            same("starting_at", json!("2024-12-01T00:00:00.000Z")),
            same("ending_before", json!(END)),
            same("entitled", json!(false)),
            ("type", json!("multiplier"), json!("MULTIPLIER")),
            same("multiplier", json!(0.25)),
            same("priority", json!(3)),
            ("product_id", json!(desk.usage), json!(null)),
            same("applicable_product_tags", json!(["cloud"])),
            same(
                "override_specifiers",
                json!([{"product_id": desk.usage, "product_tags": ["cloud"],
                    "presentation_group_values": {"zone": "a"}, "exclude": [{"product_tags": ["beta"]}]}]),
            ),
            same("override_specifiers", json!([{"product_id": desk.seats, "billing_frequency": "MONTHLY"}])),
            same("is_commit_specific", json!(true)),
        ],
    }
}

fn charge_kinds(desk: &Desk) -> Vec<Kind> {
    let schedule = json!({"schedule_items": [{"timestamp": START, "amount": 12.5}]});
    let base = json!({"product_id": desk.fixed, "schedule": schedule});
    let recurring = json!({"credit_type_id": USD, "recurring_schedule": {"starting_at": START,
        "ending_before": "2025-01-01T00:00:00Z", "frequency": "monthly", "amount": 10,
        "amount_distribution": "divided"}});
    let dated = json!({"credit_type": {"id": USD}, "schedule_items": [
        {"timestamp": START, "amount": 5}, {"timestamp": "2024-12-01T00:00:00.000Z", "amount": 5}]});
    let fields = || {
        vec![
            same("name", json!("Fee")),
            ("schedule", recurring.clone(), dated.clone()),
            same("netsuite_sales_order_id", json!("NS 1")),
            same("custom_fields", json!({"owner": "sales"})),
        ]
    };
    let service = json!({"product_id": desk.service, "unit_price": 5, "quantity": 2, "max_amount": 100});
    vec![
        Kind { list: "scheduled_charges", base: base.clone(), fields: fields() },
        Kind { list: "discounts", base, fields: fields() },
        Kind {
            list: "professional_services",
            base: service,
            fields: vec![
                same("product_id", json!(desk.service)),
                same("description", json!("Set up")),
                same("unit_price", json!(0.5)),
                same("quantity", json!(3)),
                same("max_amount", json!(7)),
                same("netsuite_sales_order_id", json!("NS 1")),
                same("custom_fields", json!({"owner": "sales"})),
            ],
        },
    ]
}

fn subscription_kind(desk: &Desk) -> Kind {
    let rate = json!({"billing_frequency": "monthly", "product_id": desk.seats});
    let round = json!({"rounding_method": "FLOOR", "decimal_places": 0});
    Kind {
        list: "subscriptions",
        base: json!({"subscription_rate": rate, "collection_schedule": "ADVANCE", "proration": {},
            "initial_quantity": 4}),
        fields: vec![
            (
                "subscription_rate",
                rate,
                json!({"billing_frequency": "MONTHLY", "product": {"id": desk.seats, "name": "Seats"}}),
            ),
            same("name", json!("Seats")),
            same("description", json!("Everyone's")),
            ("collection_schedule", json!("arrears"), json!("ARREARS")),
            same(
                "proration",
                json!({"is_prorated": true, "invoice_behavior": "BILL_IMMEDIATELY", "rounding": round}),
            ),
            ("initial_quantity", json!(0.5), json!(null)),
            same("starting_at", json!("2024-12-01T00:00:00.000Z")),
            same("ending_before", json!("2025-03-01T00:00:00.000Z")),
            ("quantity_management_mode", json!("quantity_only"), json!("QUANTITY_ONLY")),
            same(
                "billing_cycle_config",
                json!({"anchor_date": START, "invoice_placement": "ON_SCHEDULED_INVOICE"}),
            ),
            same("payment_gate_config", json!({"payment_gate_type": "STRIPE", "tax_type": "NONE"})),
            same("custom_fields", json!({"owner": "sales"})),
            ("temporary_id", json!("t-1"), json!(null)),
        ],
    }
}

fn kinds(desk: &Desk) -> Vec<Kind> {
    let mut kinds = balance_kinds(desk);
    kinds.extend(recurring_kinds(desk));
    kinds.push(override_kind(desk));
    kinds.extend(charge_kinds(desk));
    kinds.push(subscription_kind(desk));
    kinds
}

/// A value of another kind than a field's own.
fn of_another_kind(value: &Value) -> Value {
    if value.is_boolean() { json!(7) } else { json!(true) }
}

#[test]
fn every_field_of_a_part_is_taken_and_given_back() {
    let desk = Desk::new();
    let edited = desk.made("/v1/contracts/create", &desk.contract(json!({})));
    for Kind { list, base, fields } in kinds(&desk) {
        for (field, value, expected) in fields {
            let part = with(&base, field, &value);
            let id = desk.made("/v1/contracts/create", &desk.contract(json!({list: [part]})));
            let read = desk.read(&id);
            let added =
                desk.done("/v2/contracts/edit", &desk.of(&edited, json!({format!("add_{list}"): [part]})));
            let name = if list == "professional_services" {
                "add_pro_services".into()
            } else {
                format!("add_{list}")
            };
            let listed = desk.done("/v1/contracts/get", &desk.of(&id, json!({})));
            let older = if list == "subscriptions" {
                &listed["data"][list]
            } else {
                &listed["data"]["initial"][list]
            };
            for part in [&read[list][0], &added["data"]["edit"][&name][0], &older[0]] {
                match &expected {
                    Value::Null => assert_eq!(part.get(field), None, "{list} {field}: {part}"),
                    expected => assert!(holds(&part[field], expected), "{list} {field}: {part}"),
                }
            }
        }
    }
}

#[test]
fn every_field_of_a_part_has_its_kind() {
    let desk = Desk::new();
    let contract = desk.made("/v1/contracts/create", &desk.contract(json!({})));
    let before = everything(&desk.store);
    for Kind { list, base, fields } in kinds(&desk) {
        let added = format!("add_{list}");
        let refused = |part: Value, text: &str| {
            let request = desk.contract(json!({list: [part]}));
            desk.refused("/v1/contracts/create", &request, 400, &format!("{list}[0]{text}"));
            let request = desk.of(&contract, json!({&added: [part]}));
            desk.refused("/v2/contracts/edit", &request, 400, &format!("{added}[0]{text}"));
        };
        for (field, value, _) in fields {
            refused(with(&base, field, &of_another_kind(&value)), &format!(".{field}: "));
            refused(with(&base, field, &json!(null)), &format!(".{field}: "));
        }
        refused(with(&base, "colour", &json!("red")), ".colour: unknown field");
        refused(json!({}), ".");
        desk.refused("/v1/contracts/create", &desk.contract(json!({list: {}})), 400, list);
        desk.refused("/v1/contracts/create", &desk.contract(json!({list: null})), 400, list);
    }
    assert_eq!(everything(&desk.store), before);
}

#[test]
fn every_field_of_a_contract_is_taken_and_given_back() {
    let desk = Desk::new();
    let day = "2024-11-05T00:00:00.000Z";
    let fields = [
        same("name", json!("Enterprise")),
        same("uniqueness_key", json!("opp-1")),
        same("ending_before", json!(END)),
        same("net_payment_terms_days", json!(30)),
        ("multiplier_override_prioritization", json!("explicit"), json!("EXPLICIT")),
        ("scheduled_charges_on_usage_invoices", json!("all"), json!("ALL")),
        same("netsuite_sales_order_id", json!("NS 1")),
        same("salesforce_opportunity_id", json!("SF 1")),
        same("total_contract_value", json!(12.5)),
        same("custom_fields", json!({"owner": "sales"})),
        (
            "usage_filter",
            json!({"group_key": "region", "group_values": ["US"], "starting_at": day}),
            json!([{"group_key": "region", "group_values": ["US"], "starting_at": day}]),
        ),
        (
            "usage_statement_schedule",
            json!({"frequency": "quarterly", "day": "custom_date", "billing_anchor_date": day,
                "invoice_generation_starting_at": END}),
            json!({"frequency": "QUARTERLY", "billing_anchor_date": day, "invoice_generation_starting_at": END}),
        ),
        same(
            "spend_threshold_configuration",
            json!({"is_enabled": true, "threshold_amount": 5, "commit": {"product_id": desk.fixed},
                "payment_gate_config": {"payment_gate_type": "NONE"}}),
        ),
    ];
    for (field, value, expected) in fields {
        let request = with(&desk.contract(json!({})), field, &value);
        let read = desk.read(&desk.made("/v1/contracts/create", &request));
        assert!(holds(&read[field], &expected), "{field}: {read}");
        let wrong = with(&request, field, &of_another_kind(&value));
        desk.refused("/v1/contracts/create", &wrong, 400, &format!("{field}: "));
        desk.refused(
            "/v1/contracts/create",
            &with(&request, field, &json!(null)),
            400,
            &format!("{field}: "),
        );
    }
    let from =
        desk.made("/v1/contracts/create", &desk.contract(json!({"starting_at": "2024-06-01T00:00:00Z"})));
    let transition = json!({"type": "renewal", "from_contract_id": from,
        "future_invoice_behavior": {"trueup": null}});
    let to = desk.made("/v1/contracts/create", &desk.contract(json!({"transition": transition})));
    let renewal = json!([{"type": "RENEWAL", "from_contract_id": from, "to_contract_id": to}]);
    assert_eq!((&desk.read(&to)["transitions"], &desk.read(&from)["transitions"]), (&renewal, &renewal));
}

#[test]
fn what_a_contract_may_not_say_is_named() {
    let desk = Desk::new();
    let segment = json!({"amount": 1, "starting_at": START, "ending_before": END});
    let commit = |more: Value| {
        let mut commit = json!({"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access()});
        commit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"commits": [commit]})
    };
    let invoice = |more: Value| commit(json!({"invoice_schedule": more}));
    let item = |more: Value| {
        let mut item = json!({"timestamp": START});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        invoice(json!({"schedule_items": [item]}))
    };
    let at = "commits[0].invoice_schedule.schedule_items[0]";
    for (more, text) in [
        (json!({"package_id": desk.card}), "package_id: not available yet".to_owned()),
        (json!({"package_alias": "best"}), "package_alias: not available yet".to_owned()),
        (json!({"rate_card_alias": "x"}), "rate_card_alias: not allowed here".to_owned()),
        (
            json!({"transition": {"type": "SUPERSEDE", "from_contract_id": desk.card}}),
            "is none of RENEWAL".to_owned(),
        ),
        (
            json!({"usage_filter": {"group_key": "region", "group_values": ["US", "US"]}}),
            "usage_filter.group_values: \"US\" is given more than once".to_owned(),
        ),
        (commit(json!({"amount": 5})), "commits[0].amount: no longer known".to_owned()),
        (
            commit(json!({"access_schedule": {"schedule_items": [segment, {"amount": "1"}]}})),
            "commits[0].access_schedule.schedule_items[1].amount: a number is expected, a string was found"
                .to_owned(),
        ),
        (invoice(json!({})), "invoice_schedule.schedule_items: missing".to_owned()),
        (
            invoice(json!({"schedule_items": [], "recurring_schedule": {"starting_at": START,
                "ending_before": END, "frequency": "WEEKLY", "amount": 1, "amount_distribution": "EACH"}})),
            "invoice_schedule.recurring_schedule: not allowed here".to_owned(),
        ),
        (item(json!({})), format!("{at}.amount: missing")),
        (item(json!({"unit_price": 1})), format!("{at}.quantity: missing")),
        (item(json!({"quantity": 1})), format!("{at}.unit_price: missing")),
        (item(json!({"amount": 1, "quantity": 1})), format!("{at}.amount: not allowed")),
        (
            commit(json!({"hierarchy_configuration": {"child_access": {"type": "CONTRACT_IDS"}}})),
            "child_access.contract_ids: missing".to_owned(),
        ),
        (
            commit(json!({"hierarchy_configuration": {"child_access": {"type": "ALL", "contract_ids": []}}})),
            "child_access.contract_ids: not allowed here".to_owned(),
        ),
    ] {
        desk.refused("/v1/contracts/create", &desk.contract(more), 400, &text);
    }
    let nothing = "customer_id: missing; starting_at: missing";
    desk.refused("/v1/contracts/create", &json!({}), 400, nothing);
}

/// A contract with one part of each kind that an edit can change.
fn contract_of_all(desk: &Desk) -> (String, Value) {
    let request = desk.contract(json!({
        "commits": [{"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access(), "invoice_schedule":
            {"schedule_items": [{"timestamp": START, "amount": 5}]}}],
        "credits": [{"product_id": desk.fixed, "access_schedule": access()}],
        "recurring_commits": [recurring_kinds(desk)[0].base],
        "recurring_credits": [recurring_kinds(desk)[1].base],
        "scheduled_charges": [charge_kinds(desk)[0].base],
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
fn overrides_put_rates_in_place_of_others_and_name_what_pays() {
    let desk = Desk::new();
    let usd = json!({"id": USD, "name": "USD (cents)"});
    let explicit = |more: Value, parts: Value| {
        let mut request =
            desk.contract(json!({"multiplier_override_prioritization": "EXPLICIT", "overrides": [more]}));
        request.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
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
fn every_field_of_a_customers_commit_and_credit_is_taken_and_given_back() {
    let desk = Desk::new();
    let contract = desk.made("/v1/contracts/create", &desk.contract(json!({})));
    let base = json!({"customer_id": desk.customer, "product_id": desk.fixed, "priority": 1, "type": "POSTPAID",
        "access_schedule": access(), "invoice_contract_id": contract,
        "invoice_schedule": {"schedule_items": [{"timestamp": END, "amount": 100}]}});
    let mut of_credit = base.clone();
    for field in ["type", "invoice_contract_id", "invoice_schedule"] {
        of_credit.as_object_mut().unwrap().remove(field);
    }
    let not_here = ["rollover_fraction", "hierarchy_configuration", "temporary_id"];
    let mut fields: Vec<_> = terms(&desk);
    fields.extend([
        same("custom_fields", json!({"owner": "sales"})),
        same("salesforce_opportunity_id", json!("SF 1")),
        same("applicable_contract_ids", json!([contract])),
        same("uniqueness_key", json!("u")),
    ]);
    for (path, id, base) in
        [("customerCommits", "commit_id", base), ("customerCredits", "credit_id", of_credit)]
    {
        let (create, list) = (format!("/v1/contracts/{path}/create"), format!("/v1/contracts/{path}/list"));
        for (field, value, expected) in &fields {
            let value = if *field == "uniqueness_key" { json!(path) } else { value.clone() };
            let expected = if *field == "uniqueness_key" { &value } else { expected };
            let request = with(&base, field, &value);
            if not_here.contains(field) {
                desk.refused(&create, &request, 400, &format!("{field}: unknown field"));
                continue;
            }
            let made = desk.made(&create, &request);
            let found = desk.done(&list, &json!({"customer_id": desk.customer, id: made}));
            assert!(holds(&found["data"][0][field], expected), "{path} {field}: {found}");
            let wrong = with(&base, field, &of_another_kind(&value));
            desk.refused(&create, &wrong, 400, &format!("{field}: "));
        }
        for field in ["customer_id", "product_id", "priority", "access_schedule"] {
            let mut without = base.clone();
            without.as_object_mut().unwrap().remove(field);
            desk.refused(&create, &without, 400, &format!("{field}: missing"));
        }
    }
    let commits = desk.done("/v1/contracts/customerCommits/list", &json!({"customer_id": desk.customer}));
    assert_eq!(commits["data"][0]["invoice_contract"], json!({"id": contract}));
    assert_eq!(commits["data"][0]["type"], "POSTPAID");
}
