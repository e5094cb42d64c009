//! The calls about contracts: the seed's story as it is told, and what the answers say where something is not there.

use serde_json::{Value, json};

use crate::support::desk::{Desk, END, START, USD, and};

/// The seed's call to `contracts/create`, with ids of instances that there are.
pub fn seed_contract(desk: &Desk) -> Value {
    let text = r#"{
    "customer_id": "aa58107d-162f-407e-9f09-940f16adbb1c",
    "rate_card_alias": "base_usage_products",
    "starting_at": "2024-11-01T00:00:00.000Z",
    "commits": [
      {
        "type": "prepaid",
        "name": "Contract Prepaid Commit",
        "product_id": "a1f4e40b-f8c4-496b-b687-0a103396b479",
        "access_schedule": {
          "schedule_items": [
            {
              "amount": 1000000,
              "starting_at": "2024-11-01T00:00:00.000Z",
              "ending_before": "2025-11-01T00:00:00.000Z"
            }
          ]
        },
        "invoice_schedule": {
          "schedule_items": [
            {
              "unit_price": 1000000,
              "quantity": 1,
              "timestamp": "2024-11-01T00:00:00.000Z"
            }
          ]
        },
        "applicable_product_tags": ["cloud"],
        "description": "Usage Commit"
      }
    ],
    "scheduled_charges": [
      {
        "product_id": "06cf3703-3f5e-467c-8ba1-0ee934c740b9",
        "name": "Platform Charge",
        "schedule": {
          "recurring_schedule": {
            "starting_at": "2024-11-01T00:00:00.000Z",
            "ending_before": "2025-11-01T00:00:00.000Z",
            "frequency": "quarterly",
            "unit_price": 100000,
            "quantity": 1,
            "amount_distribution": "each"
          }
        }
      }
    ],
    "usage_statement_schedule": {
      "frequency": "monthly",
      "day": "contract_start"
    }
  }"#;
    let text = text.replace("aa58107d-162f-407e-9f09-940f16adbb1c", &desk.customer);
    let text = text.replace("a1f4e40b-f8c4-496b-b687-0a103396b479", &desk.fixed);
    serde_json::from_str(&text.replace("06cf3703-3f5e-467c-8ba1-0ee934c740b9", &desk.fixed)).unwrap()
}

#[test]
fn the_seeds_contract_is_answered_as_it_was_asked_for() {
    let desk = Desk::new();
    let mut answer = desk.done("/v1/contracts/create", &seed_contract(&desk));
    let made = answer["data"]["contract"].take();
    let id = answer["data"]["id"].as_str().unwrap();
    assert_eq!(made, desk.read(id));
    assert_eq!((&made["id"], &made["customer_id"]), (&json!(id), &json!(desk.customer)));
    assert_eq!(made["rate_card_id"], json!(desk.card));
    assert_eq!(made["starting_at"], START);
    let (fee, usd) = (json!({"id": desk.fixed, "name": "Fee"}), json!({"id": USD, "name": "USD (cents)"}));
    let commit = &made["commits"][0];
    assert_eq!((&commit["type"], &commit["product"]), (&json!("PREPAID"), &fee));
    assert_eq!(commit["contract"], json!({"id": id}));
    assert_eq!(commit["name"], "Contract Prepaid Commit");
    assert_eq!(commit["description"], "Usage Commit");
    assert_eq!(commit["applicable_product_tags"], json!(["cloud"]));
    let access = &commit["access_schedule"];
    let segment = &access["schedule_items"][0];
    assert_eq!((&access["credit_type"], &segment["amount"]), (&usd, &json!(1_000_000)));
    assert_eq!((&segment["starting_at"], &segment["ending_before"]), (&json!(START), &json!(END)));
    let charge = &commit["invoice_schedule"]["schedule_items"][0];
    assert_eq!([&charge["amount"], &charge["unit_price"], &charge["quantity"]], [1_000_000, 1_000_000, 1]);
    assert_eq!(charge["timestamp"], START);
    assert_eq!(charge.get("invoice_id"), None);
    let fees = &made["scheduled_charges"][0];
    assert_eq!((&fees["name"], &fees["product"]), (&json!("Platform Charge"), &fee));
    let fees: Vec<_> = fees["schedule"]["schedule_items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["timestamp"].as_str().unwrap(), item["amount"].as_i64().unwrap()))
        .collect();
    let quarters = ["2024-11-01", "2025-02-01", "2025-05-01", "2025-08-01"];
    let quarters = quarters.map(|day| format!("{day}T00:00:00.000Z"));
    assert_eq!(fees, quarters.each_ref().map(|day| (day.as_str(), 100_000)));
    let statements = json!({"frequency": "MONTHLY", "billing_anchor_date": START});
    assert_eq!(made["usage_statement_schedule"], statements);
    assert_eq!([&made["overrides"], &made["usage_filter"], &made["transitions"]], [&json!([]); 3]);
    assert_eq!(made["created_by"], "system");
}

#[test]
fn the_seeds_edit_is_told_in_the_history_and_in_the_rates() {
    let desk = Desk::new();
    let id = desk.made("/v1/contracts/create", &seed_contract(&desk));
    desk.clock.set("2024-12-02T00:00:00Z".parse().unwrap());
    let edit = r#"{
    "customer_id": "aa58107d-162f-407e-9f09-940f16adbb1c",
    "contract_id": "0a6180da-336a-40e6-98f4-20b6be08211d",
    "add_overrides": [
      {
        "starting_at": "2024-11-01T00:00:00.000Z",
        "entitled": true,
        "type": "multiplier",
        "multiplier": 0.95,
        "applicable_product_tags": ["cloud"]
      }
    ]
  }"#;
    let edit = edit.replace("aa58107d-162f-407e-9f09-940f16adbb1c", &desk.customer);
    let edit = edit.replace("0a6180da-336a-40e6-98f4-20b6be08211d", &id);
    let edit = desk.done("/v2/contracts/edit", &serde_json::from_str(&edit).unwrap())["data"].take();
    let shown = &edit["edit"];
    assert_eq!(edit["id"], shown["id"]);
    assert_eq!(shown["timestamp"], "2024-12-02T00:00:00.000Z");
    let expected = json!({"id": shown["add_overrides"][0]["id"], "created_at": "2024-12-02T00:00:00.000Z",
        "starting_at": START, "entitled": true, "type": "MULTIPLIER", "multiplier": 0.95,
        "applicable_product_tags": ["cloud"], "is_commit_specific": false});
    assert_eq!(shown["add_overrides"], json!([expected]));
    assert_eq!(shown.as_object().unwrap().len(), 3, "{shown}");
    assert_eq!(desk.read(&id)["overrides"], json!([expected]));
    let history = desk.done("/v2/contracts/getEditHistory", &desk.of(&id, json!({})));
    assert_eq!(history, json!({"data": [shown], "next_page": null}));
    let before = desk.of(&id, json!({"as_of_date": "2024-12-01T12:00:00Z"}));
    assert_eq!(desk.done("/v2/contracts/get", &before)["data"]["overrides"], json!([]));
    let older = desk.read_v1(&id);
    assert_eq!((&older["initial"]["overrides"], &older["amendments"]), (&json!([]), &json!([])));
    assert_eq!(older["current"]["overrides"], json!([expected]));
    let question =
        desk.of(&id, json!({"at": "2024-12-01T00:00:00Z", "selectors": [{"product_id": desk.usage}]}));
    let rates = desk.done("/v1/contracts/getContractRateSchedule", &question)["data"].take();
    assert_eq!(rates.as_array().unwrap().len(), 1);
    let usd = json!({"id": USD, "name": "USD (cents)"});
    assert_eq!(rates[0]["list_rate"], json!({"rate_type": "FLAT", "price": 100, "credit_type": usd}));
    assert_eq!(rates[0]["override_rate"], json!({"rate_type": "FLAT", "price": 95, "credit_type": usd}));
    assert_eq!((&rates[0]["entitled"], &rates[0]["product_name"]), (&json!(true), &json!("Compute")));
}

#[test]
fn the_seeds_usage_filter_is_a_schedule_of_segments() {
    let desk = Desk::new();
    let create = r#"{
    "customer_id": "13117714-3f05-48e5-a6e9-a66093f13b4d",
    "rate_card_id": "d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc",
    "starting_at": "2024-10-01T00:00:00.000Z",
    "usage_filter": {
      "group_key": "region",
      "group_values": [
        "US"
      ]
    }
  }"#;
    let create = create.replace("13117714-3f05-48e5-a6e9-a66093f13b4d", &desk.customer);
    let create = create.replace("d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc", &desk.card);
    let id = desk.made("/v1/contracts/create", &serde_json::from_str(&create).unwrap());
    desk.clock.set("2024-12-02T00:00:00Z".parse().unwrap());
    let filter = r#"{
    "customer_id": "13117714-3f05-48e5-a6e9-a66093f13b4d",
    "contract_id": "d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc",
    "group_key": "region",
    "group_values": ["US", "EU"],
    "starting_at": "2025-01-01T00:00:00.000Z"
  }"#;
    let filter = filter.replace("13117714-3f05-48e5-a6e9-a66093f13b4d", &desk.customer);
    let filter = filter.replace("d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc", &id);
    assert_eq!(
        desk.done("/v1/contracts/setUsageFilter", &serde_json::from_str(&filter).unwrap()),
        Value::Null
    );
    let (october, january) = ("2024-10-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z");
    let us = json!({"group_key": "region", "group_values": ["US"], "starting_at": october});
    let both = json!({"group_key": "region", "group_values": ["EU", "US"], "starting_at": january});
    let mut until_january = us.clone();
    until_january["ending_before"] = json!(january);
    assert_eq!(desk.read(&id)["usage_filter"], json!([until_january, both]));
    let history = desk.done("/v2/contracts/getEditHistory", &desk.of(&id, json!({})));
    assert_eq!(history["data"][0]["add_usage_filters"], json!([both]));
    let older = desk.read_v1(&id);
    assert_eq!(older["initial"]["usage_filter"], json!({"initial": us, "current": us, "updates": []}));
    assert_eq!(older["current"]["usage_filter"], json!({"initial": us, "current": us, "updates": [both]}));
    desk.clock.set("2025-02-01T00:00:00Z".parse().unwrap());
    assert_eq!(desk.read_v1(&id)["current"]["usage_filter"]["current"], both);
    let unknown = desk.of(
        &id,
        json!({"group_key": "planet", "group_values": ["Mars"], "starting_at": "2025-03-01T00:00:00Z"}),
    );
    desk.refused("/v1/contracts/setUsageFilter", &unknown, 400, "group_key: \"planet\" is not allowed");
}

#[test]
fn what_is_not_there_is_told_with_a_code_by_the_calls_of_version_2() {
    let desk = Desk::new();
    let id = desk.made("/v1/contracts/create", &desk.contract(json!({})));
    let other = desk.made("/v1/customers", &json!({"name": "Other"}));
    let nobody = "00000000-0000-4000-8000-000000000001";
    let cases = [
        (nobody, id.as_str(), "CustomerNotFound"),
        (desk.customer.as_str(), nobody, "ContractNotFound"),
        (other.as_str(), id.as_str(), "ContractNotFound"),
    ];
    for (customer, contract, code) in cases {
        let ids = json!({"customer_id": customer, "contract_id": contract});
        for path in ["/v2/contracts/get", "/v2/contracts/edit", "/v2/contracts/getEditHistory"] {
            assert_eq!(desk.refused(path, &ids, 400, "there is no c")["code"], code, "{path}");
        }
        let with = |more: Value| and(ids.clone(), more);
        for (path, more) in [
            ("/v1/contracts/get", json!({})),
            ("/v1/contracts/archive", json!({"void_invoices": false})),
            ("/v1/contracts/updateEndDate", json!({})),
            ("/v1/contracts/getContractRateSchedule", json!({})),
            (
                "/v1/contracts/setUsageFilter",
                json!({"group_key": "region", "group_values": ["US"], "starting_at": START}),
            ),
        ] {
            let body = desk.refused(path, &with(more), 404, "there is no c");
            assert_eq!(body.get("code"), None, "{path}");
        }
    }
    let nobodys = json!({"customer_id": nobody});
    assert_eq!(desk.refused("/v2/contracts/list", &nobodys, 400, "there is no")["code"], "CustomerNotFound");
    desk.refused("/v1/contracts/list", &nobodys, 404, "there is no customer");
    let unknown = desk.of(&id, json!({"archive_commits": [{"id": nobody}]}));
    let body = desk.refused("/v2/contracts/edit", &unknown, 400, "archive_commits[0]");
    assert!(body["code"] != "ContractNotFound", "{body}");
    desk.refused(
        "/v1/contracts/create",
        &json!({"customer_id": nobody, "starting_at": START}),
        404,
        "there is no",
    );
}

#[test]
fn a_uniqueness_key_is_used_once_and_leads_to_what_has_it() {
    let desk = Desk::new();
    let request = desk.contract(json!({"uniqueness_key": "opp-1"}));
    let id = desk.made("/v1/contracts/create", &request);
    assert_eq!(desk.read(&id)["uniqueness_key"], "opp-1");
    let used = "This uniqueness key has already been used.";
    let body = desk.refused("/v1/contracts/create", &request, 409, used);
    assert_eq!(body, json!({"message": used, "conflicting_id": id, "conflicting_value": "opp-1"}));
    let edit = desk.of(&id, json!({"uniqueness_key": "e-1", "update_contract_name": "A"}));
    let made = desk.made("/v2/contracts/edit", &edit);
    assert_eq!(desk.refused("/v2/contracts/edit", &edit, 409, used)["conflicting_id"], json!(made));
    let credit = json!({"customer_id": desk.customer, "product_id": desk.fixed, "priority": 1,
        "access_schedule": {"schedule_items": [{"amount": 1, "starting_at": START, "ending_before": END}]},
        "uniqueness_key": "b-1"});
    let made = desk.made("/v1/contracts/customerCredits/create", &credit);
    let mut commit = credit.clone();
    commit["type"] = json!("PREPAID");
    let body = desk.refused("/v1/contracts/customerCommits/create", &commit, 409, used);
    assert_eq!(body["conflicting_id"], json!(made));
}

#[test]
fn contracts_are_listed_by_when_they_are_in_force() {
    let desk = Desk::new();
    let from = |start: &str, end: Value| {
        let mut request = desk.contract(json!({"starting_at": format!("{start}T00:00:00Z")}));
        if !end.is_null() {
            request["ending_before"] = end;
        }
        desk.made("/v1/contracts/create", &request)
    };
    let second = from("2024-02-01", json!(null));
    let first = from("2024-01-01", json!("2024-02-01T00:00:00Z"));
    let gone = from("2024-03-01", json!(null));
    desk.made("/v1/contracts/archive", &desk.of(&gone, json!({"void_invoices": true})));
    let listed = |path: &str, more: Value| {
        let request = and(json!({"customer_id": desk.customer}), more);
        let answer = desk.done(path, &request);
        let contracts = answer["data"].as_array().unwrap();
        contracts.iter().map(|contract| contract["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for path in ["/v1/contracts/list", "/v2/contracts/list"] {
        assert_eq!(listed(path, json!({})), [first.clone(), second.clone()]);
        let all = [first.clone(), second.clone(), gone.clone()];
        assert_eq!(listed(path, json!({"include_archived": true})), all);
        assert_eq!(
            listed(path, json!({"starting_at": "2024-01-02T00:00:00Z"})),
            std::slice::from_ref(&second)
        );
        assert_eq!(
            listed(path, json!({"covering_date": "2024-01-31T23:59:59Z"})),
            std::slice::from_ref(&first)
        );
        assert_eq!(
            listed(path, json!({"covering_date": "2024-02-01T00:00:00Z"})),
            std::slice::from_ref(&second)
        );
        let both = json!({"customer_id": desk.customer, "starting_at": START, "covering_date": START});
        desk.refused(path, &both, 400, "covering_date");
        let query = [("limit", "1")];
        let body = json!({"customer_id": desk.customer}).to_string();
        let page = desk.store.handle("POST", path, &query, body.as_bytes());
        let page: Value = serde_json::from_str(&page.body).unwrap();
        let next = page["next_page"].as_str().unwrap();
        let rest = desk.store.handle("POST", path, &[("next_page", next)], body.as_bytes());
        let rest: Value = serde_json::from_str(&rest.body).unwrap();
        assert_eq!((&rest["data"][0]["id"], &rest["next_page"]), (&json!(second), &Value::Null));
        // The vendor's own clients say in the body which page they want, and look for `cursor`.
        let page = desk.done(path, &json!({"customer_id": desk.customer, "limit": 1}));
        assert_eq!((page["data"].as_array().unwrap().len(), &page["cursor"]), (1, &page["next_page"]));
        let rest = desk.done(path, &json!({"customer_id": desk.customer, "cursor": page["cursor"]}));
        assert_eq!((&rest["data"][0]["id"], &rest["cursor"]), (&json!(second), &Value::Null));
        for limit in [0, 101] {
            let request = json!({"customer_id": desk.customer, "limit": limit});
            desk.refused(path, &request, 400, "limit: ");
        }
        let request = json!({"customer_id": desk.customer, "cursor": "?"});
        desk.refused(path, &request, 400, "cursor: \"?\" is not a cursor that a page ended with");
    }
    let archived = desk.done("/v2/contracts/get", &desk.of(&gone, json!({})));
    assert_eq!(archived["data"]["archived_at"], "2024-12-01T00:00:00.000Z");
}

#[test]
fn a_contracts_end_is_moved_and_taken_away() {
    let desk = Desk::new();
    let id = desk.made("/v1/contracts/create", &desk.contract(json!({"ending_before": END})));
    let path = "/v1/contracts/updateEndDate";
    let past =
        json!({"ending_before": "2024-11-15T00:00:00Z", "allow_ending_before_finalized_invoice": false});
    assert_eq!(desk.made(path, &desk.of(&id, past)), id);
    assert_eq!(desk.read(&id)["ending_before"], "2024-11-15T00:00:00.000Z");
    desk.made(path, &desk.of(&id, json!({})));
    assert_eq!(desk.read(&id).get("ending_before"), None);
    let history = desk.done("/v2/contracts/getEditHistory", &desk.of(&id, json!({})));
    let ends = history["data"].as_array().unwrap().iter().map(|edit| &edit["update_contract_end_date"]);
    assert_eq!(ends.collect::<Vec<_>>(), [&json!("2024-11-15T00:00:00.000Z"), &Value::Null]);
    desk.refused(path, &desk.of(&id, json!({"ending_before": START})), 400, "ending_before: ");
}
