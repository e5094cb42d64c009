//! What becomes of invoices when their contract is archived or ends.

use serde_json::{Value, json};

use crate::support::desk::{Desk, and};
use crate::wire_contracts::seed_contract;
use crate::wire_invoices::{listed, told};

/// The seed's contract on 15 January 2025, when two of its months are over.
fn two_months_on() -> (Desk, String) {
    let desk = Desk::new();
    let contract = desk.made("/v1/contracts/create", &seed_contract(&desk));
    desk.clock.set("2025-01-15T00:00:00Z".parse().unwrap());
    let expected = [
        "2024-11-01 SCHEDULED FINALIZED 1100000",
        "2024-12-01 USAGE FINALIZED 0",
        "2025-01-01 USAGE FINALIZED 0",
        "2025-02-01 USAGE DRAFT 0",
    ];
    assert_eq!(told(&listed(&desk, &[])), expected);
    (desk, contract)
}

fn statuses(invoices: &[Value]) -> Vec<&str> {
    invoices.iter().map(|invoice| invoice["status"].as_str().unwrap()).collect()
}

#[test]
fn final_invoices_of_an_archived_contract_stay_or_are_voided_and_its_drafts_are_gone() {
    for (void_invoices, status) in [(false, "FINALIZED"), (true, "VOID")] {
        let (desk, contract) = two_months_on();
        let before = listed(&desk, &[]);
        let path = "/v1/contracts/archive";
        desk.refused(path, &desk.of(&contract, json!({})), 400, "void_invoices: missing");
        desk.made(path, &desk.of(&contract, json!({"void_invoices": void_invoices})));
        let after = listed(&desk, &[]);
        assert_eq!(statuses(&after), [status; 3]);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((&after["id"], &after["line_items"]), (&before["id"], &before["line_items"]));
        }
        desk.clock.set("2025-03-01T00:00:00Z".parse().unwrap());
        assert_eq!(listed(&desk, &[]), after);
    }
}

/// The calls that give a contract an end, each with its fields for the end and for what it may be before.
const ENDING: [[&str; 3]; 2] = [
    ["/v1/contracts/updateEndDate", "ending_before", "allow_ending_before_finalized_invoice"],
    ["/v2/contracts/edit", "update_contract_end_date", "allow_contract_ending_before_finalized_invoice"],
];

#[test]
fn a_contract_may_end_before_final_invoices_which_stay_as_they_are() {
    for [path, end, allowed] in ENDING {
        for more in [json!({allowed: true}), json!({})] {
            let (desk, contract) = two_months_on();
            let before = listed(&desk, &[]);
            let request = and(json!({end: "2024-12-15T00:00:00Z"}), more);
            desk.made(path, &desk.of(&contract, request));
            assert_eq!(listed(&desk, &[]), before[..3]);
        }
    }
}

#[test]
fn a_contract_may_end_with_or_behind_its_last_final_invoice() {
    for end in ["2025-01-01T00:00:00Z", "2025-01-15T00:00:00Z", "2025-03-01T00:00:00Z"] {
        let (desk, contract) = two_months_on();
        let request = json!({"ending_before": end, "allow_ending_before_finalized_invoice": false});
        desk.made("/v1/contracts/updateEndDate", &desk.of(&contract, request));
        assert_eq!(statuses(&listed(&desk, &[]))[..3], ["FINALIZED"; 3]);
    }
}

#[test]
fn a_contract_does_not_end_before_final_invoices_where_that_is_forbidden() {
    for [path, end, allowed] in ENDING {
        let (desk, contract) = two_months_on();
        let before = listed(&desk, &[]);
        let december = before[2]["id"].as_str().unwrap();
        let text = format!("{end}: it is on invoice {december}, which is FINALIZED");
        let request = desk.of(&contract, json!({end: "2024-12-15T00:00:00Z", allowed: false}));
        desk.refused(path, &request, 400, &text);
        assert_eq!(listed(&desk, &[]), before);
    }
}
