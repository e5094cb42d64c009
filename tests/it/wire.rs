//! The five calls about custom fields: what they do and what they answer.

use billfold::Answer;
use billfold::prelude::*;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

/// The payloads of the seeds "Create a custom field key" and "Set custom field values".
pub const SEED_KEY: &str = r#"{"entity": "customer", "key": "x_account_id", "enforce_uniqueness": true}"#;
pub const SEED_VALUES: &str = r#"{"entity": "customer", "entity_id": "99594816-e8a5-4bca-be21-8d1de0f45120",
    "custom_fields": {"x_account_id": "KyVnHhSBWl7eY2bl"}}"#;
pub const SEED_CUSTOMER: Uuid = uuid!("99594816-e8a5-4bca-be21-8d1de0f45120");

pub fn call(store: &Store, name: &str, body: impl AsRef<[u8]>) -> Answer {
    store.handle("POST", &format!("/v1/customFields/{name}"), &[], body.as_ref())
}

pub fn message(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1, "{answer}");
    body["message"].as_str().unwrap().to_owned()
}

/// A store after the seeds' two calls.
pub fn seeded() -> Store {
    let store = Store::in_memory().unwrap();
    store.adopt(CustomerId::from(SEED_CUSTOMER)).unwrap();
    assert_eq!(call(&store, "addKey", SEED_KEY).status, 200);
    assert_eq!(call(&store, "setValues", SEED_VALUES), Answer { status: 200, body: "null".into() });
    store
}

/// Everything that the five calls can change.
pub fn everything(store: &Store) -> String {
    let mut all = format!("{:?}", store.keys(&[]).unwrap());
    for entity in ManagedEntity::ALL {
        for instance in store.entities(entity, &PageRequest::first(1_000)).unwrap().items {
            all += &format!("{instance:?} {:?}", store.values(instance.id).unwrap());
        }
    }
    all
}

/// Asserts that the call is refused so, and that it changed nothing.
#[track_caller]
pub fn refused(store: &Store, name: &str, body: impl AsRef<[u8]>, status: u16, text: &str) {
    let before = everything(store);
    let answer = call(store, name, body);
    assert_eq!((answer.status, message(&answer).as_str()), (status, text));
    assert_eq!(everything(store), before);
}

fn listed(store: &Store, query: &[(&str, &str)], body: &str) -> Value {
    let answer = store.handle("POST", "/v1/customFields/listKeys", query, body.as_bytes());
    assert_eq!(answer.status, 200, "{answer}");
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn the_seeds_calls_register_a_key_and_set_its_value() {
    let store = seeded();
    let key = store.key(ManagedEntity::Customer, "x_account_id").unwrap().unwrap();
    assert_eq!(key.kind, KeyKind::Enforced);
    let found = store.find::<CustomerId>("x_account_id", "KyVnHhSBWl7eY2bl").unwrap();
    assert_eq!(found, Some(SEED_CUSTOMER.into()));
    assert_eq!(call(&store, "setValues", SEED_VALUES).body, "null");
}

#[test]
fn a_registered_key_is_answered_with_its_id() {
    let store = Store::in_memory().unwrap();
    let answer = call(&store, "addKey", SEED_KEY);
    let id = store.key(ManagedEntity::Customer, "x_account_id").unwrap().unwrap().id;
    assert_eq!(answer, Answer { status: 200, body: format!(r#"{{"data":{{"id":"{id}"}}}}"#) });
}

#[test]
fn a_key_without_uniqueness_is_indexed() {
    let store = Store::in_memory().unwrap();
    call(&store, "addKey", r#"{"entity":"contract","key":"tier","enforce_uniqueness":false}"#);
    assert_eq!(store.key(ManagedEntity::Contract, "tier").unwrap().unwrap().kind, KeyKind::Indexed);
}

#[test]
fn a_key_registered_again_is_refused() {
    let text = r#"Duplicate custom field key: customer has "x_account_id" already"#;
    refused(&seeded(), "addKey", SEED_KEY, 400, text);
}

#[test]
fn a_key_that_breaks_the_limits_is_refused() {
    let long = format!(r#"{{"entity":"customer","key":"{}","enforce_uniqueness":true}}"#, "k".repeat(101));
    let answer = call(&seeded(), "addKey", long);
    assert_eq!(answer.status, 400);
    assert!(message(&answer).ends_with("has 101 characters; a key has 1 to 100"), "{answer}");
    let empty = r#"{"entity":"customer","key":"","enforce_uniqueness":true}"#;
    let text = r#"customer: key "" is empty; a key has 1 to 100 characters"#;
    refused(&seeded(), "addKey", empty, 400, text);
}

#[test]
fn a_removed_key_is_gone_and_cannot_be_removed_again() {
    let store = seeded();
    let body = r#"{"entity":"customer","key":"x_account_id"}"#;
    assert_eq!(call(&store, "removeKey", body).to_string(), r#"{"status":200,"body":null}"#);
    assert!(store.values(CustomerId::from(SEED_CUSTOMER)).unwrap().is_empty());
    let text = r#"Custom field key not found: customer has no key "x_account_id""#;
    refused(&store, "removeKey", body, 404, text);
}

#[test]
fn values_of_keys_that_are_not_registered_are_refused_with_all_their_names() {
    let body = json!({"entity": "customer", "entity_id": SEED_CUSTOMER,
        "custom_fields": {"a": "1", "x_account_id": "2", "b": "3"}});
    let text = r#"Invalid custom field keys: "a", "b" (not registered for customer)"#;
    refused(&seeded(), "setValues", body.to_string(), 400, text);
    let body = json!({"entity": "customer", "entity_id": SEED_CUSTOMER, "keys": ["a", "x_account_id", "b"]});
    refused(&seeded(), "deleteValues", body.to_string(), 400, text);
}

#[test]
fn a_value_over_200_characters_is_refused_and_200_are_not() {
    let store = seeded();
    let body = |value: String| {
        json!({"entity": "customer", "entity_id": SEED_CUSTOMER, "custom_fields": {"x_account_id": value}})
            .to_string()
    };
    let text = r#"customer: the value of "x_account_id" has 201 characters; at most 200 are allowed"#;
    refused(&store, "setValues", body("é".repeat(201)), 400, text);
    assert_eq!(call(&store, "setValues", body("é".repeat(200))).status, 200);
}

#[test]
fn a_unique_value_that_another_instance_holds_is_a_conflict_naming_the_holder() {
    let store = seeded();
    let other = uuid!("7f3c1c7a-0d55-4a34-9a36-3a3a5f0c6d10");
    store.adopt(CustomerId::from(other)).unwrap();
    let body = SEED_VALUES.replace(&SEED_CUSTOMER.to_string(), &other.to_string());
    let text = format!(
        "customer {other}: the value \"KyVnHhSBWl7eY2bl\" of the unique key \"x_account_id\" is held by \
         customer {SEED_CUSTOMER}"
    );
    refused(&store, "setValues", &body, 409, &text);
    store.archive(CustomerId::from(SEED_CUSTOMER)).unwrap();
    refused(&store, "setValues", &body, 409, &format!("{text}, which is archived"));
}

#[test]
fn an_unknown_instance_is_not_found_unless_the_store_adopts() {
    let store = Store::in_memory().unwrap();
    call(&store, "addKey", SEED_KEY);
    let text = format!("there is no customer {SEED_CUSTOMER}");
    refused(&store, "setValues", SEED_VALUES, 404, &text);
    let body = json!({"entity": "customer", "entity_id": SEED_CUSTOMER, "keys": []}).to_string();
    refused(&store, "deleteValues", body, 404, &text);

    let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
    call(&store, "addKey", SEED_KEY);
    assert_eq!(call(&store, "setValues", SEED_VALUES).status, 200);
}

#[test]
fn an_id_is_of_one_entity() {
    let store = seeded();
    call(&store, "addKey", SEED_KEY.replace("customer", "contract"));
    let text = format!("there is no contract {SEED_CUSTOMER}");
    refused(&store, "setValues", SEED_VALUES.replace("customer", "contract"), 404, &text);
}

#[test]
fn the_terms_of_packages_are_refused() {
    let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
    for entity in ManagedEntity::ALL.into_iter().filter(|entity| entity.is_of_a_package()) {
        call(&store, "addKey", SEED_KEY.replace("customer", entity.name()));
        let text = format!("{entity} {SEED_CUSTOMER}: Setting package managed fields is not yet supported");
        refused(&store, "setValues", SEED_VALUES.replace("customer", entity.name()), 400, &text);
    }
}

#[test]
fn of_several_faults_all_are_named_and_400_goes_before_404_and_409() {
    let store = seeded();
    let body = json!({"entity": "customer", "entity_id": Uuid::nil(),
        "custom_fields": {"x_account_id": "KyVnHhSBWl7eY2bl", "tier": "gold"}});
    let answer = call(&store, "setValues", body.to_string());
    assert_eq!(answer.status, 400);
    for part in ["Invalid custom field keys: \"tier\"", "there is no customer", "is held by customer"] {
        assert!(message(&answer).contains(part), "{answer}");
    }
    let body = SEED_VALUES.replace(&SEED_CUSTOMER.to_string(), &Uuid::nil().to_string());
    let answer = call(&store, "setValues", body);
    assert_eq!(answer.status, 404);
    assert!(message(&answer).contains("is held by customer"), "{answer}");
}

#[test]
fn values_are_deleted_and_others_stay() {
    let store = seeded();
    call(&store, "addKey", r#"{"entity":"customer","key":"tier","enforce_uniqueness":false}"#);
    let set = json!({"entity": "customer", "entity_id": SEED_CUSTOMER, "custom_fields": {"tier": ""}});
    assert_eq!(call(&store, "setValues", set.to_string()).status, 200);
    let delete = json!({"entity": "customer", "entity_id": SEED_CUSTOMER, "keys": ["x_account_id"]});
    for _ in 0..2 {
        assert_eq!(call(&store, "deleteValues", delete.to_string()).body, "null");
    }
    let values = store.values(CustomerId::from(SEED_CUSTOMER)).unwrap();
    assert_eq!(values, [("tier".to_owned(), String::new())].into());
}

#[test]
fn a_key_to_delete_given_twice_is_refused() {
    let body =
        json!({"entity": "customer", "entity_id": SEED_CUSTOMER, "keys": ["x_account_id", "x_account_id"]});
    let text = format!("customer {SEED_CUSTOMER}: key \"x_account_id\" is given more than once");
    refused(&seeded(), "deleteValues", body.to_string(), 400, &text);
}

#[test]
fn keys_are_listed_of_all_entities_or_of_those_named() {
    let store = seeded();
    store.add_key(ManagedEntity::Contract, "plain", KeyKind::Unindexed).unwrap();
    let customer = json!({"entity": "customer", "key": "x_account_id", "enforce_uniqueness": true});
    let contract = json!({"entity": "contract", "key": "plain", "enforce_uniqueness": false});
    let all = json!({"data": [customer, contract], "next_page": null});
    assert_eq!(listed(&store, &[], ""), all);
    assert_eq!(listed(&store, &[], "{}"), all);
    assert_eq!(listed(&store, &[], r#"{"entities":[]}"#), all);
    assert_eq!(listed(&store, &[], r#"{"entities":["customer","contract","customer"]}"#), all);
    let one = json!({"data": [contract], "next_page": null});
    assert_eq!(listed(&store, &[], r#"{"entities":["contract","alert"]}"#), one);
    assert_eq!(listed(&store, &[], r#"{"entities":["alert"]}"#)["data"], json!([]));
}

#[test]
fn keys_are_listed_page_by_page_under_either_name_of_the_cursor() {
    let store = Store::in_memory().unwrap();
    for number in 0..205 {
        store.add_key(ManagedEntity::Alert, &format!("k{number:03}"), KeyKind::Indexed).unwrap();
    }
    assert_eq!(listed(&store, &[], "")["data"].as_array().unwrap().len(), 100);
    for name in ["next_page", "cursor"] {
        let mut keys = Vec::new();
        let mut page = listed(&store, &[("limit", "50")], "");
        loop {
            keys.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next_page"].as_str() else { break };
            page = listed(&store, &[("limit", "50"), (name, next)], "");
        }
        assert_eq!(keys.len(), 205);
        assert!(keys.is_sorted_by_key(|key| key["key"].as_str().unwrap().to_owned()));
    }
}

#[test]
fn a_cursor_of_another_list_or_store_is_refused() {
    let store = seeded();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    let next = listed(&store, &[("limit", "1")], "")["next_page"].as_str().unwrap().to_owned();
    let text = "the cursor belongs to another question or another store";
    for (store, body) in [(&store, r#"{"entities":["customer"]}"#), (&seeded(), "")] {
        let answer = store.handle("POST", "/v1/customFields/listKeys", &[("cursor", &next)], body.as_bytes());
        assert_eq!((answer.status, message(&answer).as_str()), (400, text));
    }
}

#[test]
fn a_store_for_reading_answers_and_forbids_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = Store::open(&path).unwrap();
    call(&store, "addKey", SEED_KEY);
    store.close().unwrap();
    let store = Store::open_read_only(&path).unwrap();
    assert_eq!(listed(&store, &[], "")["data"].as_array().unwrap().len(), 1);
    refused(&store, "addKey", SEED_KEY, 403, "the store was opened for reading only");
}

#[test]
fn a_closed_store_answers_503() {
    let store = seeded();
    store.clone().close().unwrap();
    for answer in [call(&store, "listKeys", ""), call(&store, "addKey", SEED_KEY)] {
        assert_eq!(answer.status, 503);
        assert!(message(&answer).starts_with("the store is closed"), "{answer}");
        assert!(answer.is_failure() && !answer.is_success());
    }
}

#[test]
fn a_store_kept_busy_answers_503() {
    let store = seeded();
    let hasty = store.with_time_limit(std::time::Duration::from_millis(5));
    store
        .write(|_| {
            std::thread::scope(|scope| {
                let answer = scope.spawn(|| call(&hasty, "setValues", SEED_VALUES)).join().unwrap();
                assert_eq!(answer.status, 503);
                assert!(message(&answer).ends_with("nothing was done"), "{answer}");
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_change_from_inside_a_transaction_answers_500_and_changes_nothing() {
    let store = seeded();
    let answer = store.write(|_| Ok(call(&store, "setValues", SEED_VALUES))).unwrap();
    assert_eq!(answer.status, 500);
    assert!(message(&answer).contains("use the transaction"), "{answer}");
}
