//! Which invoices a customer's list has: its filters, its order, its pages, and what it refuses.

use serde_json::{Value, json};

use crate::support::desk::{Desk, START, USD};
use crate::wire_contracts::seed_contract;
use crate::wire_invoices::{listed, path, told};

const EUR: &str = "58f0be15-cc47-4220-bdaf-072ab0e44f96";

/// A query, and the invoices that it finds.
type Case<'c> = (&'c [(&'c str, &'c str)], &'c [&'c str]);

/// Two contracts on 15 December 2024: the seed's, and one from that month on that is charged 7 euros on the 10th.
fn desk_with_two() -> (Desk, String, String) {
    let desk = Desk::new();
    let seed = desk.made("/v1/contracts/create", &seed_contract(&desk));
    let schedule = json!({"credit_type_id": EUR,
        "schedule_items": [{"timestamp": "2024-12-10T00:00:00Z", "amount": 7}]});
    let charge = json!({"product_id": desk.fixed, "schedule": schedule});
    let other = json!({"starting_at": "2024-12-01T00:00:00Z", "scheduled_charges": [charge]});
    let other = desk.made("/v1/contracts/create", &desk.contract(other));
    desk.clock.set("2024-12-15T00:00:00Z".parse().unwrap());
    (desk, seed, other)
}

fn ids(invoices: &[Value]) -> Vec<&str> {
    invoices.iter().map(|invoice| invoice["id"].as_str().unwrap()).collect()
}

#[test]
fn a_list_has_the_invoices_that_meet_all_conditions() {
    let (desk, seed, other) = desk_with_two();
    let first = listed(&desk, &[("type", "SCHEDULED"), ("contract_id", &seed)]);
    desk.done("/v1/invoices/void", &json!({"id": first[0]["id"]}));
    let november = "2024-12-01 USAGE FINALIZED 0";
    let december = "2025-01-01 USAGE DRAFT 0";
    let paid = "2024-11-01 SCHEDULED VOID 1100000";
    let euros = "2024-12-10 SCHEDULED FINALIZED 7";
    let cases: &[Case<'_>] = &[
        (&[], &[paid, november, euros, december, december]),
        (&[("webhook_notification_id", "n-1")], &[paid, november, euros, december, december]),
        (&[("status", "DRAFT")], &[december, december]),
        (&[("status", "finalized")], &[november, euros]),
        (&[("status", "VOID")], &[paid]),
        (&[("type", "USAGE")], &[november, december, december]),
        (&[("type", "scheduled")], &[paid, euros]),
        (&[("type", "USAGE_CONSOLIDATED")], &[]),
        (&[("credit_type_id", EUR)], &[euros]),
        (&[("credit_type_id", USD)], &[paid, november, december, december]),
        (&[("contract_id", &seed)], &[paid, november, december]),
        (&[("contract_id", &other)], &[euros, december]),
        (&[("starting_on", "2024-12-01T00:00:00Z")], &[euros, december, december]),
        (&[("starting_on", "2024-12-10T00:00:00Z")], &[euros]),
        (&[("starting_on", "2024-12-10T00:00:01Z")], &[]),
        (&[("starting_on", START)], &[paid, november, euros, december, december]),
        (&[("ending_before", "2024-11-01T00:00:01Z")], &[paid]),
        (&[("ending_before", START)], &[]),
        (&[("ending_before", "2024-12-01T00:00:00Z")], &[paid, november]),
        (&[("ending_before", "2024-12-10T00:00:00Z")], &[paid, november]),
        (&[("ending_before", "2025-01-01T00:00:00Z")], &[paid, november, euros, december, december]),
        (&[("type", "USAGE"), ("status", "DRAFT"), ("contract_id", &other)], &[december]),
        (&[("type", "USAGE"), ("credit_type_id", EUR)], &[]),
    ];
    let in_euros = &listed(&desk, &[("credit_type_id", EUR)])[0];
    assert_eq!(in_euros["credit_type"]["id"], EUR);
    assert_eq!(in_euros["line_items"][0]["credit_type"]["id"], EUR);
    for (query, expected) in cases {
        assert_eq!(told(&listed(&desk, query)), *expected, "{query:?}");
    }
}

#[test]
fn a_customer_without_contracts_has_no_invoices_and_anothers_contract_is_none() {
    let (desk, seed, _) = desk_with_two();
    let nobody = "00000000-0000-4000-8000-000000000001";
    let other = desk.made("/v1/customers", &json!({"name": "Other"}));
    let of = |customer: &str| format!("/v1/customers/{customer}/invoices");
    assert_eq!(desk.got(&of(&other), &[]), json!({"data": [], "next_page": null}));
    desk.not_got(&of(nobody), &[], 404, &format!("there is no customer {nobody}"));
    let not_theirs = format!("there is no contract {seed}");
    desk.not_got(&of(&other), &[("contract_id", &seed)], 404, &not_theirs);
    let no_contract = format!("there is no contract {nobody}");
    desk.not_got(&path(&desk), &[("contract_id", nobody)], 404, &no_contract);
}

#[test]
fn a_list_is_read_a_page_at_a_time_in_either_order_while_the_clock_goes_on() {
    let (desk, ..) = desk_with_two();
    let ascending = listed(&desk, &[("sort", "date_asc")]);
    assert_eq!(listed(&desk, &[]), ascending);
    let descending = listed(&desk, &[("sort", "date_desc")]);
    assert_eq!(descending, ascending.iter().rev().cloned().collect::<Vec<_>>());
    for (order, expected) in [("date_asc", &ascending), ("date_desc", &descending)] {
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let mut query = vec![("limit", "1"), ("sort", order)];
            query.extend((!found.is_empty()).then_some(("next_page", next.as_str())));
            let mut page = desk.got(&path(&desk), &query);
            let items = page["data"].as_array_mut().unwrap();
            assert_eq!(items.len(), 1);
            found.append(items);
            desk.clock.set(format!("2024-12-15T0{}:00:00Z", found.len()).parse().unwrap());
            match page["next_page"].as_str() {
                Some(cursor) => next = cursor.to_owned(),
                None => break,
            }
        }
        assert_eq!(ids(&found), ids(expected), "{order}");
        desk.clock.set("2024-12-15T00:00:00Z".parse().unwrap());
    }
}

#[test]
fn a_cursor_goes_on_with_its_own_question_alone() {
    let (desk, seed, other) = desk_with_two();
    let asked = [("limit", "1"), ("contract_id", seed.as_str())];
    let page = desk.got(&path(&desk), &asked);
    let next = page["next_page"].as_str().unwrap();
    let rest = desk.got(&path(&desk), &[("contract_id", &seed), ("next_page", next)]);
    assert_eq!(ids(rest["data"].as_array().unwrap()), &ids(&listed(&desk, &[("contract_id", &seed)]))[1..]);
    let another = "the cursor belongs to another question or another store";
    let more = [
        ("status", "VOID"),
        ("type", "USAGE"),
        ("sort", "date_desc"),
        ("credit_type_id", USD),
        ("starting_on", START),
        ("ending_before", START),
    ];
    for condition in more {
        desk.not_got(&path(&desk), &[asked[1], ("next_page", next), condition], 400, another);
    }
    desk.not_got(&path(&desk), &[("next_page", next)], 400, another);
    desk.not_got(&path(&desk), &[("next_page", next), ("contract_id", &other)], 400, another);
    let customer = desk.made("/v1/customers", &json!({"name": "Other"}));
    desk.not_got(&format!("/v1/customers/{customer}/invoices"), &[("next_page", next)], 400, another);
}

#[test]
fn every_parameter_that_is_wrong_is_named() {
    let desk = Desk::new();
    let wrong = [
        ("limit", "101", "\"101\" is not a number from 1 to 100"),
        ("next_page", "behind", "\"behind\" is not a cursor that a page ended with"),
        ("status", "PAID", "\"PAID\" is none of DRAFT, FINALIZED, VOID"),
        ("type", "CREDIT", "\"CREDIT\" is none of SCHEDULED, USAGE, USAGE_CONSOLIDATED"),
        ("skip_zero_qty_line_items", "yes", "\"yes\" is neither true nor false"),
        ("sort", "newest", "\"newest\" is none of date_asc, date_desc"),
        ("credit_type_id", "usd", "\"usd\" is not a UUID"),
        ("contract_id", "first", "\"first\" is not a UUID"),
        (
            "starting_on",
            "today",
            "\"today\" is not a moment in RFC 3339 form, such as 2025-02-01T00:00:00Z: it has another form",
        ),
        (
            "ending_before",
            "2025-02-30T00:00:00Z",
            "\"2025-02-30T00:00:00Z\" is not a moment in RFC 3339 form, such as 2025-02-01T00:00:00Z: ",
        ),
        ("colour", "red", "unknown"),
    ];
    let refused = |path: &str, query: &[(&str, &str)], body: &[u8]| {
        let answer = desk.store.handle("GET", path, query, body);
        assert_eq!(answer.status, 400, "{answer}");
        crate::wire::message(&answer)
    };
    let all: Vec<_> = wrong.iter().map(|(name, value, _)| (*name, *value)).collect();
    let of_all = refused("/v1/customers/me/invoices", &all, b"{\"limit\": 1}");
    for (name, value, fault) in wrong {
        let said = if name == "colour" { "\"colour\"" } else { name };
        let text = format!("query parameter {said}: {fault}");
        let of_one = refused(&path(&desk), &[(name, value)], b"");
        assert!(of_one.starts_with(&text) && of_all.contains(&text), "{text} in {of_one} and in {of_all}");
        if name != "colour" {
            let twice = refused(&path(&desk), &[(name, value), (name, value)], b"");
            assert!(twice.starts_with(&format!("query parameter {name}: given more than once")), "{twice}");
        }
    }
    assert!(of_all.starts_with("customer_id: \"me\" is not a UUID; "), "{of_all}");
    assert!(of_all.contains("limit: unknown field"), "{of_all}");
    let notified = [("webhook_notification_id", "1"), ("webhook_notification_id", "2")];
    let text = "query parameter webhook_notification_id: given more than once";
    assert_eq!(refused(&path(&desk), &notified, b""), text);
}
