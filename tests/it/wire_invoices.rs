//! Invoices as the calls answer them: what the seeds' contracts are charged and when, what is passed down, and what is
//! settled by voiding, archiving and ending.

use std::collections::BTreeSet;

use billfold::prelude::*;
use serde_json::{Value, json};

use crate::support::desk::{Desk, START, USD, and};
use crate::wire_contract_fields::access;
use crate::wire_contracts::seed_contract;
use crate::wire_customers::has_fields;

const INVOICE: &str = "id customer_id ?customer_custom_fields ?net_payment_terms_days credit_type \
                       ?invoice_adjustments line_items ?start_timestamp ?end_timestamp ?issued_at status ?subtotal \
                       total type ?contract_id ?contract_custom_fields ?custom_fields";
const LINE: &str = "name ?quantity total ?unit_price ?product_id ?product_custom_fields ?product_tags ?product_type \
                    type ?is_prorated credit_type ?starting_at ?ending_before ?commit_id ?commit_custom_fields \
                    ?commit_type ?postpaid_commit ?professional_service_id ?professional_service_custom_fields \
                    ?scheduled_charge_id ?scheduled_charge_custom_fields ?subscription_custom_fields \
                    ?subscription_id ?discount_id ?discount_custom_fields";

pub fn path(desk: &Desk) -> String {
    format!("/v1/customers/{}/invoices", desk.customer)
}

/// The invoices of the desk's customer that a query finds, each of which is answered the same by itself.
#[track_caller]
pub fn listed(desk: &Desk, query: &[(&str, &str)]) -> Vec<Value> {
    let found = desk.got(&path(desk), query);
    assert_eq!(found["next_page"], Value::Null);
    let found = found["data"].as_array().unwrap().clone();
    for invoice in &found {
        has_fields(invoice, INVOICE);
        invoice["line_items"].as_array().unwrap().iter().for_each(|line| has_fields(line, LINE));
        assert_eq!(got(desk, invoice), *invoice);
    }
    found
}

/// An invoice as it is now.
#[track_caller]
fn got(desk: &Desk, invoice: &Value) -> Value {
    desk.got(&format!("{}/{}", path(desk), invoice["id"].as_str().unwrap()), &[])["data"].take()
}

/// The day, the status and the total of each.
pub fn told(invoices: &[Value]) -> Vec<String> {
    let text = |invoice: &Value, field: &str| invoice[field].as_str().unwrap().to_owned();
    let tell = |invoice: &Value| {
        let day = text(invoice, "issued_at");
        let day = day.split_once('T').unwrap().0;
        format!("{day} {} {} {}", text(invoice, "type"), text(invoice, "status"), invoice["total"])
    };
    invoices.iter().map(tell).collect()
}

fn on(desk: &Desk, day: &str) {
    desk.clock.set(format!("{day}T00:00:00Z").parse().unwrap());
}

#[test]
fn the_seeds_commit_and_first_fee_are_on_one_invoice_and_each_further_fee_on_its_own() {
    let desk = Desk::new();
    let contract = desk.made("/v1/contracts/create", &seed_contract(&desk));
    on(&desk, "2025-08-01");
    let scheduled = listed(&desk, &[("type", "SCHEDULED")]);
    let fees =
        ["2025-02-01", "2025-05-01", "2025-08-01"].map(|day| format!("{day} SCHEDULED FINALIZED 100000"));
    assert_eq!(
        told(&scheduled),
        [vec!["2024-11-01 SCHEDULED FINALIZED 1100000".to_owned()], fees.into()].concat()
    );
    let read = desk.read(&contract);
    let usd = json!({"id": USD, "name": "USD (cents)"});
    let line = |name: &str, kind: &str, total: i64, more: Value| {
        let line = json!({"name": name, "type": kind, "quantity": 1, "unit_price": total, "total": total,
            "credit_type": usd, "product_id": desk.fixed, "product_type": "FixedProductListItem",
            "product_tags": [], "product_custom_fields": {}});
        and(line, more)
    };
    let commit = json!({"commit_id": read["commits"][0]["id"], "commit_type": "PrepaidCommit",
        "commit_custom_fields": {}});
    let fee = json!({"scheduled_charge_id": read["scheduled_charges"][0]["id"],
        "scheduled_charge_custom_fields": {}});
    let lines = [
        line("Contract Prepaid Commit", "commit_purchase", 1_000_000, commit),
        line("Platform Charge", "scheduled", 100_000, fee),
    ];
    let expected = json!({"id": scheduled[0]["id"], "customer_id": desk.customer, "customer_custom_fields": {},
        "contract_id": contract, "contract_custom_fields": {}, "custom_fields": {}, "status": "FINALIZED",
        "type": "SCHEDULED", "credit_type": usd, "issued_at": START, "line_items": lines,
        "invoice_adjustments": [], "subtotal": 1_100_000, "total": 1_100_000});
    assert_eq!(scheduled[0], expected);
    assert_eq!(scheduled[1]["line_items"], json!([lines[1]]));
}

#[test]
fn there_is_a_usage_invoice_for_every_statement_period_that_has_begun() {
    let desk = Desk::new();
    desk.made("/v1/contracts/create", &seed_contract(&desk));
    on(&desk, "2025-02-01");
    let usage = listed(&desk, &[("type", "usage")]);
    let expected = [
        "2024-12-01 USAGE FINALIZED 0",
        "2025-01-01 USAGE FINALIZED 0",
        "2025-02-01 USAGE DRAFT 0",
        "2025-03-01 USAGE DRAFT 0",
    ];
    assert_eq!(told(&usage), expected);
    assert_eq!((&usage[0]["start_timestamp"], &usage[0]["line_items"]), (&json!(START), &json!([])));
    assert_eq!(usage[0]["end_timestamp"], "2024-12-01T00:00:00.000Z");
    assert_eq!(usage[0]["end_timestamp"], usage[0]["issued_at"]);
    on(&desk, "2025-02-02");
    assert_eq!(told(&[got(&desk, &usage[2])]), ["2025-02-01 USAGE FINALIZED 0"]);
}

#[test]
fn the_best_package_is_charged_alone_at_first_and_then_with_the_usage_of_the_month_before() {
    let desk = Desk::new();
    let january = "2025-01-01T00:00:00.000Z";
    let amount = |price: i64| json!({"unit_price": price, "quantity": 1, "credit_type_id": USD});
    let monthly = json!({"name": "Best", "product_id": desk.fixed, "priority": 1, "starting_at": january,
        "access_amount": amount(10_000), "invoice_amount": amount(7_500), "recurrence_frequency": "MONTHLY",
        "commit_duration": {"value": 1}});
    let contract = json!({"starting_at": january, "recurring_commits": [monthly], "net_payment_terms_days": 30,
        "scheduled_charges_on_usage_invoices": "ALL"});
    desk.made("/v1/contracts/create", &desk.contract(contract));
    assert_eq!(listed(&desk, &[]), [] as [Value; 0]);
    on(&desk, "2025-01-31");
    let first = listed(&desk, &[]);
    let expected = ["2025-01-01 SCHEDULED FINALIZED 7500", "2025-02-01 USAGE DRAFT 7500"];
    assert_eq!(told(&first), expected);
    assert_eq!(first[1]["net_payment_terms_days"], 30);
    on(&desk, "2025-02-01");
    let expected = [expected[0], expected[1], "2025-03-01 USAGE DRAFT 7500"];
    assert_eq!(told(&listed(&desk, &[])), expected);
    on(&desk, "2025-02-02");
    let then = listed(&desk, &[]);
    assert_eq!(told(&then), [expected[0], "2025-02-01 USAGE FINALIZED 7500", expected[2]]);
    assert_eq!(then[1]["line_items"], first[1]["line_items"]);
    let line = |invoice: &Value| invoice["line_items"][0].clone();
    let february = line(&then[1]);
    assert_eq!((&february["name"], &february["type"]), (&json!("Best"), &json!("commit_purchase")));
    assert_eq!(february["starting_at"], "2025-02-01T00:00:00.000Z");
    assert_eq!(february["ending_before"], "2025-03-01T00:00:00.000Z");
    assert_ne!(february["commit_id"], line(&then[0])["commit_id"]);
    assert_eq!(february["commit_type"], "PrepaidCommit");
    assert_eq!(then[0]["net_payment_terms_days"], 30);
}

#[test]
fn an_invoice_is_answered_to_its_customer_alone() {
    let desk = Desk::new();
    desk.made("/v1/contracts/create", &seed_contract(&desk));
    let other = desk.made("/v1/customers", &json!({"name": "Other"}));
    let nobody = "00000000-0000-4000-8000-000000000001";
    let id = listed(&desk, &[])[0]["id"].as_str().unwrap().to_owned();
    let of = |customer: &str, id: &str| format!("/v1/customers/{customer}/invoices/{id}");
    desk.not_got(&of(nobody, &id), &[], 404, &format!("there is no customer {nobody}"));
    desk.not_got(&of(&other, &id), &[], 404, &format!("there is no invoice {id}"));
    desk.not_got(&of(&desk.customer, nobody), &[], 404, &format!("there is no invoice {nobody}"));
    let wrong = [("skip_zero_qty_line_items", "1"), ("limit", "1")];
    let text = "customer_id: \"x\" is not a UUID; invoice_id: \"y\" is not a UUID; \
                query parameter skip_zero_qty_line_items: \"1\" is neither true nor false; \
                query parameter \"limit\": unknown";
    desk.not_got(&of("x", "y"), &wrong, 400, text);
    let posted = desk.store.handle("POST", &path(&desk), &[], b"");
    assert_eq!(posted.status, 405, "{posted}");
}

#[test]
fn amounts_are_written_to_the_last_digit_and_lines_of_nothing_are_skipped_on_request() {
    let desk = Desk::new();
    let item = |unit_price: &str, quantity: &str| {
        format!("{{\"timestamp\": \"{START}\", \"unit_price\": {unit_price}, \"quantity\": {quantity}}}")
    };
    let items = [item("0.1", "0.3"), item("5", "0"), item("0", "5"), item("12345678901234567890.5", "1")];
    let items = items.join(", ");
    let request = format!(
        "{{\"customer_id\": \"{}\", \"starting_at\": \"{START}\", \"scheduled_charges\": [{{\"product_id\": \"{}\", \
         \"schedule\": {{\"schedule_items\": [{items}]}}}}]}}",
        desk.customer, desk.fixed
    );
    let made = desk.store.handle("POST", "/v1/contracts/create", &[], request.as_bytes());
    assert_eq!(made.status, 200, "{made}");
    let asked = |skip: &str| {
        let query = [("type", "SCHEDULED"), ("skip_zero_qty_line_items", skip)];
        desk.store.handle("GET", &path(&desk), &query, b"").body
    };
    let all = asked("false");
    let lines = |body: &str| body.matches("\"unit_price\":").count();
    assert_eq!((lines(&all), lines(&asked("true"))), (4, 3));
    assert_eq!(desk.store.handle("GET", &path(&desk), &[("type", "SCHEDULED")], b"").body, all);
    for text in
        ["\"total\":12345678901234567890.53", "\"unit_price\":0.1", "\"quantity\":0.3", "\"total\":0.03"]
    {
        assert!(all.contains(text), "{text} in {all}");
    }
    let invoice: Value = serde_json::from_str(&asked("true")).unwrap();
    let one = format!("{}/{}", path(&desk), invoice["data"][0]["id"].as_str().unwrap());
    let skipped = desk.got(&one, &[("skip_zero_qty_line_items", "true")]);
    assert_eq!(skipped["data"], invoice["data"][0]);
}

const PASSING_DOWN: [&str; 6] =
    ["commit", "scheduled_charge", "discount", "professional_service", "subscription", "product"];

/// The values of an invoice and of its lines, each with the name of the field that it is in.
fn passed_down(invoice: &Value) -> BTreeSet<String> {
    let fields = |names: &[&str], object: &Value| {
        let told = |name: &&str| {
            let values = object.get(format!("{name}_custom_fields"))?;
            Some(format!("{name}: {}", values["owner"].as_str().unwrap()))
        };
        names.iter().filter_map(told).collect::<Vec<_>>()
    };
    let lines = invoice["line_items"].as_array().unwrap().iter();
    let of_lines = lines.flat_map(|line| fields(&PASSING_DOWN, line));
    fields(&["customer", "contract"], invoice).into_iter().chain(of_lines).collect()
}

/// What is passed down by those, whose values say whose they are.
fn from<'n>(names: impl IntoIterator<Item = &'n str>, owner: &str) -> BTreeSet<String> {
    let told = |name| match name {
        "product" => format!("product: {owner} of a contract_product"),
        name => format!("{name}: {owner} of a {name}"),
    };
    names.into_iter().map(told).collect()
}

/// A contract for 2025 with a charge of every kind on its first day, and the entities with their ids.
fn contract_of_all(desk: &Desk) -> Vec<(&'static str, String)> {
    let january = "2025-01-01T00:00:00.000Z";
    let schedule = json!({"schedule_items": [{"timestamp": january, "amount": 100}]});
    let charge = json!({"product_id": desk.fixed, "schedule": schedule});
    let rate = json!({"billing_frequency": "MONTHLY", "product_id": desk.seats});
    let request = desk.contract(json!({
        "starting_at": january,
        "commits": [{"type": "PREPAID", "product_id": desk.fixed, "access_schedule": access(),
            "invoice_schedule": schedule}],
        "scheduled_charges": [charge],
        "discounts": [{"product_id": desk.fixed, "schedule":
            {"schedule_items": [{"timestamp": january, "unit_price": -10, "quantity": 1}]}}],
        "professional_services": [{"product_id": desk.service, "unit_price": 50, "quantity": 2,
            "max_amount": 80}],
        "subscriptions": [{"subscription_rate": rate, "collection_schedule": "ADVANCE", "proration": {},
            "initial_quantity": 2}],
    }));
    let contract = desk.made("/v1/contracts/create", &request);
    let read = desk.read(&contract);
    let lists = ["commit", "scheduled_charge", "discount", "professional_service", "subscription"];
    let parts =
        lists.map(|entity| (entity, read[format!("{entity}s")][0]["id"].as_str().unwrap().to_owned()));
    let products = [&desk.fixed, &desk.seats, &desk.service].map(|id| ("contract_product", id.clone()));
    let whole = [("customer", desk.customer.clone()), ("contract", contract)];
    parts.into_iter().chain(products).chain(whole).collect()
}

#[test]
fn values_are_passed_down_to_drafts_as_they_are_and_to_finalised_invoices_as_they_were() {
    let desk = Desk::new();
    for entity in [ManagedEntity::Customer, ManagedEntity::ContractProduct] {
        desk.store.add_key(entity, "owner", KeyKind::Indexed).unwrap();
    }
    let instances = contract_of_all(&desk);
    let all_owned_by = |owner: &str| {
        for (entity, id) in &instances {
            let values = json!({"owner": format!("{owner} of a {entity}")});
            let request = json!({"entity": entity, "entity_id": id, "custom_fields": values});
            desk.done("/v1/customFields/setValues", &request);
        }
    };
    let everyone = |owner: &str| from(PASSING_DOWN.into_iter().chain(["customer", "contract"]), owner);
    let of_seats = |owner: &str| from(["contract", "customer", "product", "subscription"], owner);
    all_owned_by("first");
    on(&desk, "2025-01-10");
    let found = listed(&desk, &[]);
    // 100 for the commit, 100 for the charge, 10 off, 80 at the most for work, and two seats each month.
    assert_eq!(told(&found), ["2025-01-01 SCHEDULED FINALIZED 3270", "2025-02-01 USAGE DRAFT 3000"]);
    assert_eq!(passed_down(&found[0]), everyone("first"));
    assert_eq!(passed_down(&found[1]), of_seats("first"));
    let seats = &found[1]["line_items"][0];
    assert_eq!((&seats["type"], &seats["is_prorated"]), (&json!("subscription"), &json!(false)));
    assert_eq!(seats["starting_at"], "2025-02-01T00:00:00.000Z");
    assert_eq!(seats["ending_before"], "2025-03-01T00:00:00.000Z");
    all_owned_by("second");
    assert_eq!(passed_down(&got(&desk, &found[0])), everyone("first"));
    assert_eq!(passed_down(&got(&desk, &found[1])), of_seats("second"));
    on(&desk, "2025-02-03");
    all_owned_by("third");
    assert_eq!(passed_down(&got(&desk, &found[1])), of_seats("second"));
}

#[test]
fn an_invoices_own_values_can_be_set_whatever_its_status() {
    let desk = Desk::new();
    desk.store.add_key(ManagedEntity::Invoice, "po_number", KeyKind::Enforced).unwrap();
    desk.made("/v1/contracts/create", &seed_contract(&desk));
    let before = listed(&desk, &[]);
    let set = |invoice: &Value, number: &str| json!({"entity": "invoice", "entity_id": invoice["id"], "custom_fields": {"po_number": number}});
    for (invoice, number) in [(&before[0], "PO 1"), (&before[1], "PO 2")] {
        desk.done("/v1/customFields/setValues", &set(invoice, number));
    }
    let after = listed(&desk, &[]);
    assert_eq!(told(&after), told(&before));
    let numbers: Vec<_> = after.iter().map(|invoice| invoice["custom_fields"].clone()).collect();
    assert_eq!(numbers, [json!({"po_number": "PO 1"}), json!({"po_number": "PO 2"}), json!({})]);
    let id = after[0]["id"].as_str().unwrap();
    desk.refused("/v1/customFields/setValues", &set(&before[2], "PO 1"), 409, id);
}

#[test]
fn a_void_invoice_keeps_its_lines_and_is_charged_on_no_other() {
    let desk = Desk::new();
    let contract = desk.made("/v1/contracts/create", &seed_contract(&desk));
    let before = listed(&desk, &[]);
    let void = "/v1/invoices/void";
    for invoice in &before[..2] {
        let request = json!({"id": invoice["id"]});
        let id = invoice["id"].as_str().unwrap();
        assert_eq!(desk.done(void, &request), json!({"data": {"id": id}}));
        desk.refused(void, &request, 400, &format!("invoice {id} is VOID already"));
        let mut expected = invoice.clone();
        expected["status"] = json!("VOID");
        assert_eq!(got(&desk, invoice), expected);
    }
    let rename = desk.of(&contract, json!({"update_contract_name": "Renamed"}));
    desk.done("/v2/contracts/edit", &rename);
    let after = listed(&desk, &[]);
    assert_eq!(told(&after)[2..], told(&before)[2..]);
    assert_eq!(told(&after)[..2], ["2024-11-01 SCHEDULED VOID 1100000", "2024-12-01 USAGE VOID 0"]);
    let nobody = "00000000-0000-4000-8000-000000000001";
    desk.refused(void, &json!({"id": nobody}), 404, &format!("there is no invoice {nobody}"));
    desk.refused(void, &json!({"id": contract}), 404, &format!("there is no invoice {contract}"));
    desk.refused(void, &json!({"ids": 1}), 400, "id: missing; ids: unknown field");
    desk.refused(void, &json!({"id": "x"}), 400, "id: \"x\" is not a UUID");
}
