//! What a key's rules make of its values: compared by folded case, and let go by archived instances.

use billfold::prelude::*;

use crate::support::{contract, customer, every, fault, store_with_keys};

use ArchivedHolders::{Hold, Release};
use Comparison::{CaseFolded, Exact};
use KeyKind::{Enforced, Indexed, Unindexed};
use ManagedEntity::Customer;

/// A store as [`store_with_keys`] makes it, with one customer key.
fn store_with(key: &str, kind: KeyKind, comparison: Comparison, archived: ArchivedHolders) -> Store {
    let store = store_with_keys([]);
    store.add_key(Customer, key, KeyRules { kind, comparison, archived }).unwrap();
    store
}

/// Salesforce's ids of 15 characters tell records apart by case alone; those of 18 say the same without case.
/// Source: `peers.md` §e 13.
const SALESFORCE_IDS: [&str; 2] = ["0068c00000AbCdE", "0068c00000aBcDe"];

#[test]
fn ids_that_differ_in_case_alone_are_two_under_an_exact_key_and_one_under_a_folded_one() {
    let [first, second] = SALESFORCE_IDS;
    let exact = store_with("sfdc_opportunity_id", Enforced, Exact, Hold);
    exact.set_values(customer(1), [("sfdc_opportunity_id", first)]).unwrap();
    exact.set_values(customer(2), [("sfdc_opportunity_id", second)]).unwrap();
    assert_eq!(exact.find("sfdc_opportunity_id", first).unwrap(), Some(customer(1)));
    assert_eq!(exact.find("sfdc_opportunity_id", second).unwrap(), Some(customer(2)));

    let folded = store_with("sfdc_opportunity_id", Enforced, CaseFolded, Hold);
    folded.set_values(customer(1), [("sfdc_opportunity_id", first)]).unwrap();
    let refused = folded.set_values(customer(2), [("sfdc_opportunity_id", second)]);
    let taken = Fault::ValueTaken {
        target: customer(2).into(),
        key: "sfdc_opportunity_id".into(),
        value: second.into(),
        holder: customer(1).into(),
        archived: false,
    };
    assert_eq!(fault(refused), taken);
    for id in SALESFORCE_IDS.map(str::to_owned).into_iter().chain([first.to_lowercase()]) {
        assert_eq!(folded.find("sfdc_opportunity_id", &id).unwrap(), Some(customer(1)), "{id}");
    }
}

#[test]
fn a_folded_value_is_given_back_as_it_was_set_and_its_holder_may_write_it_otherwise() {
    let store = store_with("email", Enforced, CaseFolded, Hold);
    let first = store.set_values(customer(1), [("email", "Straße@B.example")]).unwrap();
    assert_eq!(store.value(customer(1), "email").unwrap().as_deref(), Some("Straße@B.example"));
    let again = store.set_values(customer(1), [("email", "STRASSE@b.example")]).unwrap();
    assert_eq!(again.values["email"], ValueOutcome::Changed, "the text is another");
    assert!(again.revision > first.revision);
    assert_eq!(store.value(customer(1), "email").unwrap().as_deref(), Some("STRASSE@b.example"));
    assert_eq!(store.find_many("email", ["straße@b.EXAMPLE", "x"]).unwrap(), [Some(customer(1)), None]);
    let held = Expectation::Holds("email".into(), "strasse@b.example".into());
    let differs = store.set_values_if(customer(1), [("email", "")], &[held]);
    assert!(matches!(fault(differs), Fault::ValueDiffers { .. }), "what is expected is expected exactly");
    store.delete_values(customer(1), ["email"]).unwrap();
    assert_eq!(store.find::<CustomerId>("email", "strasse@b.example").unwrap(), None);
}

#[test]
fn instances_exchange_folded_values_and_one_call_cannot_give_one_twice() {
    let store = store_with("slot", Enforced, CaseFolded, Hold);
    store.set_many([(customer(1), [("slot", "Left")]), (customer(2), [("slot", "Right")])]).unwrap();
    store.set_many([(customer(1), [("slot", "RIGHT")]), (customer(2), [("slot", "LEFT")])]).unwrap();
    assert_eq!(store.find("slot", "left").unwrap(), Some(customer(2)));
    let both = store.set_many([(customer(3), [("slot", "up")]), (customer(4), [("slot", "UP")])]);
    assert!(matches!(fault(both), Fault::ValueTaken { holder, .. } if customer(3) == holder.into()));
}

#[test]
fn a_prefix_finds_folded_values_as_they_were_set_in_the_order_of_the_folded_ones() {
    for kind in [Enforced, Indexed] {
        let store = store_with("name", kind, CaseFolded, Hold);
        let set = ["apple", "Banana", "APRICOT", "avocado", "ARSS", "arße"];
        for (number, name) in (1..).zip(set) {
            store.set_values(customer(number), [("name", name)]).unwrap();
        }
        let found = every(2, |page| store.find_prefix::<CustomerId>("name", "A", page));
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["apple", "APRICOT", "ARSS", "arße", "avocado"], "{kind}");
        assert_eq!(every(1, |page| store.find_prefix::<CustomerId>("name", "ARß", page)).len(), 2, "{kind}");
        let one = every(1, |page| store.find_all::<CustomerId>("name", "BANANA", page));
        assert_eq!(one, [customer(2)], "{kind}");
    }
}

#[test]
fn a_value_at_the_limit_may_get_longer_when_it_is_folded() {
    // Three characters, and three times the bytes of most: the limit is on what is stored.
    let store = store_with("name", Enforced, CaseFolded, Hold);
    let longest = "\u{390}".repeat(200);
    store.set_values(customer(1), [("name", &longest)]).unwrap();
    assert_eq!(store.find("name", &longest).unwrap(), Some(customer(1)));
    assert_eq!(store.value(customer(1), "name").unwrap(), Some(longest));
}

#[test]
fn a_key_keeps_its_rules_when_it_is_made_unique_and_shared_again_and_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = StoreOptions::new().adopt_unknown(true).open(&path).unwrap();
    let rules = KeyRules { kind: Indexed, comparison: CaseFolded, archived: Release };
    store.add_key(Customer, "email", rules).unwrap();
    store.set_values(customer(1), [("email", "A@b.example")]).unwrap();
    store.set_values(customer(2), [("email", "a@B.example")]).unwrap();
    let shared = Fault::ValueShared {
        entity: Customer,
        key: "email".into(),
        value: "a@b.example".to_owned().into(),
        holders: vec![customer(1).into(), customer(2).into()],
    };
    assert_eq!(fault(store.enforce_uniqueness(Customer, "email")), shared);

    store.archive(customer(1)).unwrap();
    let duplicates = every(1, |page| store.duplicates(Customer, "email", page));
    assert_eq!(duplicates.len(), 1, "while it is shared nobody lets it go");
    store.enforce_uniqueness(Customer, "email").unwrap();
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    let key = store.key(Customer, "email").unwrap().unwrap();
    assert_eq!((key.kind, key.comparison, key.archived), (Enforced, CaseFolded, Release));
    assert_eq!(key.instances, 1, "the archived one lets its value go");
    assert_eq!(store.find("email", "A@B.EXAMPLE").unwrap(), Some(customer(2)));

    store.relax_uniqueness(Customer, "email").unwrap();
    let key = store.key(Customer, "email").unwrap().unwrap();
    assert_eq!((key.kind, key.comparison, key.archived), (Indexed, CaseFolded, Release));
    let all = every(1, |page| store.find_all::<CustomerId>("email", "a@b.example", page));
    assert_eq!(all, [customer(1), customer(2)], "a shared value is let go by nobody");
}

#[test]
fn an_archived_instance_keeps_what_it_held_or_lets_it_go_as_the_key_says() {
    let hold = store_with("x_account_id", Enforced, Exact, Hold);
    let release = store_with("x_account_id", Enforced, Exact, Release);
    for store in [&hold, &release] {
        store.set_values(customer(1), [("x_account_id", "KyVn")]).unwrap();
        store.archive(customer(1)).unwrap();
        assert_eq!(store.value(customer(1), "x_account_id").unwrap().as_deref(), Some("KyVn"));
    }
    assert_eq!(hold.find("x_account_id", "KyVn").unwrap(), Some(customer(1)));
    let taken = fault(hold.set_values(customer(2), [("x_account_id", "KyVn")]));
    assert!(matches!(taken, Fault::ValueTaken { archived: true, .. }));

    assert_eq!(release.find::<CustomerId>("x_account_id", "KyVn").unwrap(), None);
    assert_eq!(release.key(Customer, "x_account_id").unwrap().unwrap().instances, 0);
    release.set_values(customer(2), [("x_account_id", "KyVn")]).unwrap();
    assert_eq!(release.find("x_account_id", "KyVn").unwrap(), Some(customer(2)));
}

#[test]
fn what_an_archived_instance_is_given_under_a_releasing_key_is_shown_and_holds_nothing() {
    let store = store_with("x_account_id", Enforced, Exact, Release);
    store.set_values(customer(1), [("x_account_id", "KyVn")]).unwrap();
    store.archive(customer(1)).unwrap();
    store.set_values(customer(2), [("x_account_id", "KyVn")]).unwrap();
    // Neither setting, nor deleting, nor forgetting what it shows takes anything from the holder.
    store.set_values(customer(1), [("x_account_id", "other")]).unwrap();
    store.set_values(customer(1), [("x_account_id", "KyVn")]).unwrap();
    store.delete_values(customer(1), ["x_account_id"]).unwrap();
    store.set_values(customer(1), [("x_account_id", "KyVn")]).unwrap();
    store.forget(customer(1)).unwrap();
    assert_eq!(store.find("x_account_id", "KyVn").unwrap(), Some(customer(2)));
    assert_eq!(store.find::<CustomerId>("x_account_id", "other").unwrap(), None);
}

#[test]
fn what_goes_with_an_archived_customer_lets_its_values_go_too() {
    let store = store_with_keys([]);
    let rules = KeyRules { archived: Release, ..Enforced.into() };
    for entity in [ManagedEntity::Contract, ManagedEntity::Commit] {
        store.add_key(entity, "opportunity", rules).unwrap();
    }
    let owner = store.create_customer(CreateCustomer::default()).unwrap();
    let start = "2025-01-01T00:00:00Z".parse().unwrap();
    let own = |request: CreateContract| CreateContract {
        custom_fields: [("opportunity", "opp_01")].into(),
        ..request
    };
    let made = store.create_contract(own(CreateContract::new(owner, start))).unwrap();
    assert_eq!(store.find("opportunity", "opp_01").unwrap(), Some(made));
    store.archive(owner).unwrap();
    assert_eq!(store.find::<ContractId>("opportunity", "opp_01").unwrap(), None);
    store.set_values(contract(1), [("opportunity", "opp_01")]).unwrap();
    assert_eq!(store.find("opportunity", "opp_01").unwrap(), Some(contract(1)));
    assert_eq!(store.value(made, "opportunity").unwrap().as_deref(), Some("opp_01"));
}

#[test]
fn a_key_that_is_not_searched_has_rules_for_when_it_is() {
    let store = store_with("email", Unindexed, CaseFolded, Release);
    store.set_values(customer(1), [("email", "A")]).unwrap();
    store.enforce_uniqueness(Customer, "email").unwrap();
    assert_eq!(store.find("email", "a").unwrap(), Some(customer(1)));
}
