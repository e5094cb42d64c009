//! A walk through every field of the parts of contracts, in the calls that make and edit them: each is taken and
//! given back, or refused for a reason that the API gives too.

use serde_json::{Value, json};

use crate::support::catalog::everything;
use crate::support::desk::{Desk, END, START, USD, and};

/// A kind of part: what its list is called, a request with what it needs, and its other fields.
pub struct Kind {
    list: &'static str,
    pub base: Value,
    /// A field, a sound value, and what is read back of it under the field's name; nothing where it is `null`.
    fields: Vec<(&'static str, Value, Value)>,
}

/// A field that is read back as it was given.
pub fn same(field: &'static str, value: Value) -> (&'static str, Value, Value) {
    (field, value.clone(), value)
}

pub fn with(base: &Value, field: &str, value: &Value) -> Value {
    let mut request = base.clone();
    request[field] = value.clone();
    request
}

pub fn access() -> Value {
    json!({"schedule_items": [{"amount": 100, "starting_at": START, "ending_before": END}]})
}

/// Whether all that is expected is found; there may be more in what is found.
pub fn holds(found: &Value, expected: &Value) -> bool {
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
pub fn terms(desk: &Desk) -> Vec<(&'static str, Value, Value)> {
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

pub fn recurring_kinds(desk: &Desk) -> Vec<Kind> {
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

pub fn override_kind(desk: &Desk) -> Kind {
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

pub fn charge_kinds(desk: &Desk) -> Vec<Kind> {
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

pub fn subscription_kind(desk: &Desk) -> Kind {
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
pub fn of_another_kind(value: &Value) -> Value {
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
        let commit =
            and(json!({"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access()}), more);
        json!({"commits": [commit]})
    };
    let invoice = |more: Value| commit(json!({"invoice_schedule": more}));
    let item = |more: Value| {
        let item = and(json!({"timestamp": START}), more);
        invoice(json!({"schedule_items": [item]}))
    };
    let at = "commits[0].invoice_schedule.schedule_items[0]";
    for (more, text) in [
        (json!({"package_id": 7}), "package_id: a string is expected, a number was found".to_owned()),
        (
            json!({"package_id": desk.card, "package_alias": "best"}),
            "package_alias: not allowed here; there is a package_id already".to_owned(),
        ),
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
