//! The calls about packages: what they take is given back, and what they refuse is named.

use billfold::ManagedEntity;
use billfold::prelude::*;
use serde_json::{Value, json};

use crate::support::desk::{Desk, USD, and};
use crate::wire_contract_fields::holds;

pub const CREATE: &str = "/v1/packages/create";
pub const GET: &str = "/v1/packages/get";
const LIST: &str = "/v1/packages/list";
const ARCHIVE: &str = "/v1/packages/archive";

/// A length of time.
pub fn length(value: u32, unit: &str) -> Value {
    json!({"value": value, "unit": unit})
}

/// A desk where the parts of packages have a key of their own.
pub fn desk() -> Desk {
    let desk = Desk::new();
    for entity in [
        ManagedEntity::PackageCommit,
        ManagedEntity::PackageCredit,
        ManagedEntity::PackageScheduledCharge,
        ManagedEntity::PackageSubscription,
    ] {
        desk.store.add_key(entity, "owner", KeyKind::Indexed).unwrap();
    }
    desk
}

pub fn package(desk: &Desk, id: &str) -> Value {
    desk.done(GET, &json!({"package_id": id}))["data"].take()
}

/// The plan of the vendor's guide: a thousand credits a month for three months, and seats paid in advance.
pub fn starter(desk: &Desk) -> Value {
    json!({
        "name": "Starter Plan",
        "aliases": [{"name": "starter"}],
        "rate_card_alias": "base_usage_products",
        "recurring_credits": [{
            "product_id": desk.fixed, "priority": 1, "name": "Welcome",
            "access_amount": {"unit_price": 1000, "quantity": 1, "credit_type_id": USD},
            "starting_at_offset": length(0, "DAYS"), "duration": length(3, "MONTHS"),
            "commit_duration": {"value": 1, "unit": "PERIODS"}, "recurrence_frequency": "MONTHLY"}],
        "subscriptions": [{
            "subscription_rate": {"billing_frequency": "MONTHLY", "product_id": desk.seats},
            "collection_schedule": "ADVANCE", "proration": {"is_prorated": true}, "initial_quantity": 2}],
    })
}

#[test]
fn the_guides_package_is_read_as_it_was_made() {
    let desk = desk();
    let id = desk.made(CREATE, &starter(&desk));
    let read = package(&desk, &id);
    let seats = json!({"billing_frequency": "MONTHLY", "product": {"id": desk.seats, "name": "Seats"}});
    let expected = json!({
        "id": id, "name": "Starter Plan", "aliases": [{"name": "starter"}],
        "created_at": "2024-12-01T00:00:00.000Z", "created_by": "system",
        "multiplier_override_prioritization": "LOWEST_MULTIPLIER",
        "usage_statement_schedule": {"frequency": "MONTHLY", "day": "FIRST_OF_MONTH"},
        "commits": [], "credits": [], "overrides": [], "scheduled_charges": [], "recurring_commits": [],
        "recurring_credits": [{
            "id": read["recurring_credits"][0]["id"], "name": "Welcome", "priority": 1,
            "product": {"id": desk.fixed, "name": "Fee"}, "rate_type": "LIST_RATE",
            "access_amount": {"unit_price": 1000, "quantity": 1, "credit_type_id": USD},
            "starting_at_offset": length(0, "DAYS"), "duration": length(3, "MONTHS"),
            "commit_duration": {"value": 1, "unit": "PERIODS"}, "recurrence_frequency": "MONTHLY",
            "proration": "FIRST_AND_LAST"}],
        "subscriptions": [{
            "id": read["subscriptions"][0]["id"], "subscription_rate": seats, "initial_quantity": 2,
            "collection_schedule": "ADVANCE", "quantity_management_mode": "QUANTITY_ONLY",
            "proration": {"is_prorated": true, "invoice_behavior": "BILL_ON_NEXT_COLLECTION_DATE"},
            "billing_cycle_config": {"invoice_placement": "ON_USAGE_INVOICE"}, "custom_fields": {}}],
    });
    assert_eq!(read, expected);
    assert_eq!(desk.done(LIST, &json!({})), json!({"data": [expected], "next_page": null}));
    desk.store
        .update_product(
            desk.fixed.parse::<ContractProductId>().unwrap(),
            "2024-12-01T00:00:00Z".parse().unwrap(),
            ProductChanges { name: Some("Gift".into()), ..Default::default() },
        )
        .unwrap();
    assert_eq!(package(&desk, &id)["recurring_credits"][0]["product"]["name"], "Gift");
}

/// A package with every list and every field, and what is read of it; their parts say the same but for products,
/// credit types and what is named by temporary ids.
pub fn rich(desk: &Desk) -> (Value, Value) {
    let (start, month) = (length(0, "DAYS"), length(1, "MONTHS"));
    let access = |more: Value| {
        let item = json!({"amount": 100, "starting_at_offset": start, "duration": month});
        and(json!({"schedule_items": [item]}), more)
    };
    let charged = |more: Value| {
        let item = json!({"unit_price": 50, "quantity": 2, "date_offset": length(2, "WEEKS")});
        and(json!({"schedule_items": [item]}), more)
    };
    let specifiers = json!([{"product_id": desk.usage, "product_tags": ["cloud"],
        "pricing_group_values": {"region": "EU"}, "presentation_group_values": {"zone": "a"}}]);
    let terms = json!({"name": "Part", "description": "What for", "priority": 2, "rate_type": "COMMIT_RATE"});
    let tagged = |more: Value| and(and(terms.clone(), json!({"applicable_product_tags": ["cloud"]})), more);
    let owned = |more: Value| and(json!({"custom_fields": {"owner": "sales"}}), more);
    let amount = json!({"unit_price": 5, "quantity": 2, "credit_type_id": USD});
    let round = json!({"rounding_method": "HALF_UP", "decimal_places": 2});
    let recurring =
        tagged(json!({"access_amount": amount, "rollover_fraction": 0.5, "starting_at_offset": month,
        "duration": length(1, "YEARS"), "commit_duration": {"value": 2, "unit": "PERIODS"},
        "recurrence_frequency": "QUARTERLY", "proration": "NONE"}));
    let seats = owned(json!({"name": "Seats", "description": "Everyone's", "collection_schedule": "ARREARS",
        "proration": {"is_prorated": true, "invoice_behavior": "BILL_ON_NEXT_COLLECTION_DATE", "rounding": round},
        "quantity_management_mode": "SEAT_BASED", "starting_at_offset": month, "duration": length(6, "MONTHS"),
        "billing_cycle_config": {"invoice_placement": "ON_SCHEDULED_INVOICE"}}));
    let gate = json!({"payment_gate_type": "NONE"});
    let same = json!({
        "name": "Everything", "contract_name": "Contract of everything", "uniqueness_key": "everything",
        "rate_card_id": desk.card, "duration": length(2, "YEARS"), "net_payment_terms_days": 30,
        "aliases": [{"name": "all", "starting_at": "2024-01-01T00:00:00.000Z",
            "ending_before": "2030-01-01T00:00:00.000Z"}],
        "multiplier_override_prioritization": "EXPLICIT", "scheduled_charges_on_usage_invoices": "ALL",
        "usage_statement_schedule": {"frequency": "QUARTERLY", "day": "CONTRACT_START"},
        "billing_provider": "stripe", "delivery_method": "direct_to_billing_provider",
        "spend_threshold_configuration": {"is_enabled": true, "threshold_amount": 100,
            "commit": {"product_id": desk.fixed}, "payment_gate_config": gate},
        "prepaid_balance_threshold_configuration": {"is_enabled": false, "threshold_amount": 10,
            "recharge_to_amount": 50, "commit": {"product_id": desk.fixed, "duration": month},
            "payment_gate_config": gate},
        "spend_trackers": [{"alias": "spent", "credit_type_id": USD, "reset_frequency": "BILLING_PERIOD",
            "applicable_spend_specifiers": [{"spend_type": "COMMIT_PURCHASE", "sources": ["MANUAL"]}]}],
    });
    let (fee, usd) = (json!({"id": desk.fixed, "name": "Fee"}), json!({"id": USD, "name": "USD (cents)"}));
    let asked = |part: &Value, more: Value| and(and(part.clone(), json!({"product_id": desk.fixed})), more);
    let shown = |part: &Value, more: Value| and(and(part.clone(), json!({"product": fee})), more);
    let commit = owned(and(
        terms.clone(),
        json!({"type": "PREPAID", "rollover_fraction": 0.1,
        "specifiers": specifiers}),
    ));
    let credit = owned(tagged(json!({})));
    let charge = owned(json!({"name": "Fee"}));
    let rule = json!({"starting_at_offset": month, "duration": length(3, "MONTHS"), "type": "MULTIPLIER",
        "entitled": true, "multiplier": 0.5, "priority": 1, "is_commit_specific": true, "target": "LIST_RATE"});
    let named = |lists: Value| json!([and(json!({"product_id": desk.usage}), lists)]);
    let by = |subscription: Value| {
        let config = json!({"allocation": "POOLED", "apply_seat_increase_config": {"is_prorated": true}});
        json!({"subscription_config": and(config, subscription),
            "access_amount": {"unit_price": 5, "credit_type_id": USD}})
    };
    let roundings = json!({"access": round, "invoice": round});
    let request = json!({
        "commits": [asked(&commit, json!({"temporary_id": "c", "access_schedule": access(json!({"credit_type_id": USD})),
            "invoice_schedule": charged(json!({"credit_type_id": USD, "do_not_invoice": true}))}))],
        "credits": [asked(&credit, json!({"access_schedule": access(json!({}))}))],
        "recurring_commits": [asked(&recurring, json!({"temporary_id": "rc", "invoice_amount": amount,
            "proration_rounding": roundings}))],
        "recurring_credits": [asked(&recurring, and(by(json!({"subscription_id": "s"})),
            json!({"temporary_id": "rd"})))],
        "overrides": [
            and(rule.clone(), json!({"override_specifiers": named(json!({"commit_ids": ["c"],
                "recurring_commit_ids": ["rc"]}))})),
            and(rule.clone(), json!({"override_specifiers": named(json!({"any_commit_or_credit_ids": ["rd", "c"]}))}))],
        "scheduled_charges": [asked(&charge, json!({"schedule": charged(json!({}))}))],
        "subscriptions": [and(seats.clone(), json!({"temporary_id": "s",
            "subscription_rate": {"billing_frequency": "MONTHLY", "product_id": desk.seats},
            "seat_config": {"seat_group_key": "seat", "initial_unassigned_seats": 3}}))],
    });
    let in_cents = json!({"credit_type": usd});
    let invoiced = charged(and(in_cents.clone(), json!({"do_not_invoice": true})));
    let answer = json!({
        "commits": [shown(&commit, json!({"access_schedule": access(in_cents.clone()),
            "invoice_schedule": invoiced}))],
        "credits": [shown(&credit, json!({"access_schedule": access(in_cents.clone())}))],
        "recurring_commits": [shown(&recurring, json!({"invoice_amount": amount,
            "proration_rounding": roundings}))],
        "recurring_credits": [shown(&recurring, by(json!({})))],
        "overrides": [rule, rule],
        "scheduled_charges": [shown(&charge, json!({"schedule": charged(in_cents)}))],
        "subscriptions": [and(seats, json!({"seat_config": {"seat_group_key": "seat"},
            "subscription_rate": {"billing_frequency": "MONTHLY",
                "product": {"id": desk.seats, "name": "Seats"}}}))],
    });
    (and(same.clone(), request), and(same, answer))
}

#[test]
fn every_part_and_field_of_a_package_is_given_back() {
    let desk = desk();
    let (request, expected) = rich(&desk);
    let id = desk.made(CREATE, &request);
    let read = package(&desk, &id);
    assert!(holds(&read, &expected), "{read:#}\n{expected:#}");
    let id_of = |list: &str| &read[list][0]["id"];
    let (commit, recurring) = (id_of("commits"), id_of("recurring_commits"));
    let specifier = json!({"product_id": desk.usage, "commit_template_ids": [commit],
        "recurring_commit_template_ids": [recurring]});
    assert_eq!(read["overrides"][0]["override_specifiers"], json!([specifier]));
    let any = json!({"product_id": desk.usage,
        "any_commit_or_credit_template_ids": [id_of("recurring_credits"), commit]});
    assert_eq!(read["overrides"][1]["override_specifiers"], json!([any]));
    let config = &read["recurring_credits"][0]["subscription_config"];
    assert_eq!(&config["subscription_template_id"], id_of("subscriptions"));
    // What a package keeps without an id has one in every answer, the same, and no other has it.
    let mut items = vec![
        &read["commits"][0]["access_schedule"]["schedule_items"][0]["id"],
        &read["commits"][0]["invoice_schedule"]["schedule_items"][0]["id"],
        &read["credits"][0]["access_schedule"]["schedule_items"][0]["id"],
        &read["scheduled_charges"][0]["schedule"]["schedule_items"][0]["id"],
    ];
    assert!(items.iter().all(|id| id.as_str().is_some_and(|id| id.parse::<uuid::Uuid>().is_ok())));
    items.sort_by_key(ToString::to_string);
    items.dedup();
    assert_eq!(items.len(), 4);
    assert_eq!(package(&desk, &id), read);
}

#[test]
fn all_that_a_request_says_wrongly_is_told_at_once_and_by_name() {
    let desk = desk();
    let start = length(0, "DAYS");
    let recurring = json!({"starting_at": "2024-11-01T00:00:00Z", "ending_before": "2025-11-01T00:00:00Z",
        "frequency": "MONTHLY", "amount": 1, "amount_distribution": "EACH"});
    let request = json!({
        "starting_at": "2024-11-01T00:00:00Z", "customer_id": desk.customer, "discounts": [],
        "rate_card_id": desk.card, "rate_card_alias": "base_usage_products", "billing_provider": "stripe",
        "duration": {"value": -1, "unit": "HOURS"},
        "usage_statement_schedule": {"frequency": "MONTHLY", "billing_anchor_date": "2024-11-01T00:00:00Z"},
        "commits": [{"type": "PREPAID", "product_id": desk.fixed, "payment_gate_config": {},
            "netsuite_sales_order_id": "NS", "invoice_schedule": {"recurring_schedule": recurring},
            "access_schedule": {"schedule_items": [{"amount": 1, "starting_at": "2024-11-01T00:00:00Z",
                "duration": start}]}}],
        "credits": [{"product_id": desk.fixed, "rollover_fraction": 0.5, "access_schedule": {"schedule_items": []}}],
        "recurring_credits": [{"product_id": desk.fixed, "priority": 1, "starting_at_offset": start,
            "hierarchy_configuration": {}, "commit_duration": {"value": 1},
            "access_amount": {"unit_price": 1, "quantity": 1, "credit_type_id": USD}}],
        "overrides": [{"starting_at_offset": start, "product_id": desk.usage, "type": "MULTIPLIER", "multiplier": 1}],
        "scheduled_charges": [{"product_id": desk.fixed, "schedule": {"do_not_invoice": true, "schedule_items": []}}],
        "subscriptions": [{"subscription_rate": {"billing_frequency": "MONTHLY", "product_id": desk.seats},
            "collection_schedule": "ADVANCE", "proration": {}, "payment_gate_config": {},
            "seat_config": {"seat_group_key": "seat", "initial_seat_ids": ["a"]},
            "billing_cycle_config": {"anchor_date": "2024-11-01T00:00:00Z"}}],
    });
    let body = desk.refused(CREATE, &request, 400, "name: missing");
    let message = body["message"].as_str().unwrap();
    let unknown = [
        "starting_at",
        "customer_id",
        "discounts",
        "usage_statement_schedule.billing_anchor_date",
        "commits[0].payment_gate_config",
        "commits[0].netsuite_sales_order_id",
        "commits[0].invoice_schedule.recurring_schedule",
        "commits[0].access_schedule.schedule_items[0].starting_at",
        "credits[0].rollover_fraction",
        "recurring_credits[0].hierarchy_configuration",
        "overrides[0].product_id",
        "scheduled_charges[0].schedule.do_not_invoice",
        "subscriptions[0].payment_gate_config",
        "subscriptions[0].seat_config.initial_seat_ids",
        "subscriptions[0].billing_cycle_config.anchor_date",
    ];
    for field in unknown {
        assert!(message.contains(&format!("{field}: unknown field")), "{field} in {message}");
    }
    for fault in [
        "rate_card_alias: not allowed here; there is a rate_card_id already",
        "delivery_method: missing; it goes with billing_provider",
        "duration.value: \"-1\" is not a whole number from 0 to 4294967295",
        "duration.unit: \"HOURS\" is none of DAYS, WEEKS, MONTHS, YEARS",
        "commits[0].access_schedule.schedule_items[0].starting_at_offset: missing",
        "commits[0].invoice_schedule.schedule_items: missing",
    ] {
        assert!(message.contains(fault), "{fault} in {message}");
    }
    assert_eq!(desk.done(LIST, &json!({})), json!({"data": [], "next_page": null}));
}

#[test]
fn what_a_package_means_is_judged_and_refused_by_its_own_fields() {
    let desk = desk();
    let charge = |items: Value| json!([{"product_id": desk.fixed, "schedule": {"schedule_items": items}}]);
    let cases = [
        (json!({"duration": length(0, "DAYS")}), 400, "duration.value: \"0\""),
        (json!({"uniqueness_key": ""}), 400, "uniqueness_key"),
        (json!({"net_payment_terms_days": -1}), 400, "net_payment_terms_days"),
        (
            json!({"usage_statement_schedule": {"frequency": "MONTHLY", "day": "CUSTOM_DATE"}}),
            400,
            "usage_statement_schedule.day",
        ),
        (
            json!({"overrides": [{"starting_at_offset": length(0, "DAYS"), "type": "MULTIPLIER", "multiplier": 1}]}),
            400,
            "overrides[0].override_specifiers",
        ),
        (
            json!({"scheduled_charges": charge(json!([{"amount": 1, "date_offset": length(u32::MAX, "YEARS")}]))}),
            400,
            "scheduled_charges[0].schedule.schedule_items[0].date_offset",
        ),
        (json!({"rate_card_id": desk.customer}), 404, "there is no rate_card"),
    ];
    for (more, status, text) in cases {
        desk.refused(CREATE, &and(json!({"name": "P"}), more), status, text);
    }
    let unregistered = json!([{"product_id": desk.fixed, "custom_fields": {"planet": "Mars"},
        "schedule": {"schedule_items": []}}]);
    desk.refused(CREATE, &json!({"name": "P", "scheduled_charges": unregistered}), 400, "planet");
    // An amount alone is a price for one.
    let whole = charge(json!([{"amount": 12.5, "date_offset": length(0, "DAYS")}]));
    let id = desk.made(CREATE, &json!({"name": "P", "scheduled_charges": whole}));
    let item = package(&desk, &id)["scheduled_charges"][0]["schedule"]["schedule_items"][0].take();
    assert_eq!((&item["unit_price"], &item["quantity"], item.get("amount")), (&json!(12.5), &json!(1), None));
}

#[test]
fn an_alias_goes_over_to_the_package_that_takes_it_from_then_on() {
    let desk = desk();
    let named = |aliases: Value| desk.made(CREATE, &json!({"name": "P", "aliases": aliases}));
    let (january, march) = ("2025-01-01T00:00:00.000Z", "2025-03-01T00:00:00.000Z");
    let old = named(json!([{"name": "starter"}]));
    let new = named(json!([{"name": "starter", "starting_at": january}]));
    assert_eq!(package(&desk, &old)["aliases"], json!([{"name": "starter", "ending_before": january}]));
    assert_eq!(package(&desk, &new)["aliases"], json!([{"name": "starter", "starting_at": january}]));
    let newest = named(json!([{"name": "starter", "starting_at": march}, {"name": "start"}]));
    let made_of = |start: &str| {
        let request = json!({"customer_id": desk.customer, "starting_at": start, "package_alias": "starter"});
        let id = desk.made("/v1/contracts/create", &request);
        desk.read(&id)["package_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(made_of("2024-12-01T00:00:00Z"), old);
    assert_eq!(made_of(january), new);
    assert_eq!(made_of(march), newest);
    let twice = json!({"name": "P", "aliases": [{"name": "a"}, {"name": "a"}]});
    desk.refused(CREATE, &twice, 400, "aliases[1]");
    let turned =
        json!({"name": "P", "aliases": [{"name": "a", "starting_at": march, "ending_before": january}]});
    desk.refused(CREATE, &turned, 400, "aliases[0].ending_before");
}

#[test]
fn a_uniqueness_key_makes_one_package() {
    let desk = desk();
    let request = json!({"name": "P", "uniqueness_key": "p-1"});
    let id = desk.made(CREATE, &request);
    assert_eq!(package(&desk, &id)["uniqueness_key"], "p-1");
    let used = "This uniqueness key has already been used.";
    let body = desk.refused(CREATE, &request, 409, used);
    assert_eq!(body, json!({"message": used, "conflicting_id": id, "conflicting_value": "p-1"}));
    // A contract's key is another matter.
    desk.made("/v1/contracts/create", &desk.contract(json!({"uniqueness_key": "p-1"})));
}

#[test]
fn packages_are_listed_a_page_at_a_time_by_whether_they_are_archived() {
    let desk = desk();
    let ids = ["A", "B", "C"].map(|name| desk.made(CREATE, &json!({"name": name})));
    assert_eq!(desk.made(ARCHIVE, &json!({"package_id": ids[1]})), ids[1]);
    let archived = package(&desk, &ids[1]);
    assert_eq!(
        (&archived["archived_at"], &archived["name"]),
        (&json!("2024-12-01T00:00:00.000Z"), &json!("B"))
    );
    let listed = |request: Value| {
        let answer = desk.done(LIST, &request);
        let names =
            answer["data"].as_array().unwrap().iter().map(|package| package["name"].as_str().unwrap());
        names.collect::<String>()
    };
    assert_eq!(listed(json!({})), "AC");
    assert_eq!(listed(json!({"archive_filter": "NOT_ARCHIVED"})), "AC");
    assert_eq!(listed(json!({"archive_filter": "archived"})), "B");
    assert_eq!(listed(json!({"archive_filter": "ALL"})), "ABC");
    desk.refused(LIST, &json!({"archive_filter": "SOME"}), 400, "archive_filter: \"SOME\" is none of");
    let page = |query: &[(&str, &str)]| {
        let answer = desk.store.handle("POST", LIST, query, br#"{"archive_filter": "ALL"}"#);
        assert_eq!(answer.status, 200, "{answer}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let next = body["next_page"].as_str().map(str::to_owned);
        (body["data"].as_array().unwrap().len(), next)
    };
    let (two, next) = page(&[("limit", "2")]);
    assert_eq!((two, page(&[("limit", "2"), ("next_page", &next.unwrap())])), (2, (1, None)));
    // The cursor belongs to the question that it came with.
    let (_, next) = page(&[("limit", "2")]);
    let other = desk.store.handle("POST", LIST, &[("next_page", &next.unwrap())], b"");
    assert_eq!(other.status, 400, "{other}");
}

#[test]
fn a_package_is_archived_once_and_one_there_is_not_is_not_found() {
    let desk = desk();
    let id = desk.made(CREATE, &json!({"name": "P", "aliases": [{"name": "p"}]}));
    let request = json!({"package_id": id});
    desk.made(ARCHIVE, &request);
    let body = desk.refused(ARCHIVE, &request, 422, "is already archived");
    assert_eq!(body, json!({"message": format!("package {id} is already archived")}));
    let nobody = json!({"package_id": "00000000-0000-4000-8000-000000000001"});
    for path in [GET, ARCHIVE] {
        let body = desk.refused(path, &nobody, 404, "there is no package 00000000");
        assert_eq!(body.get("code"), None, "{path}");
        desk.refused(path, &json!({}), 400, "package_id: missing");
        desk.refused(path, &json!({"package_id": "P"}), 400, "package_id: \"P\" is not a UUID");
    }
}
