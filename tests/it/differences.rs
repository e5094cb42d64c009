//! How two stores differ, told for a person.

use billfold::prelude::*;
use billfold::{MAX_DIFFERENCES, assert_same, difference};

use crate::support::moved::rich;
use crate::support::provisioned::day;
use crate::support::{contract, customer};

fn at(moment: &str) -> Time {
    moment.parse().unwrap()
}

/// Two customers with an account and a tier each, and a contract.
fn two() -> Fixture {
    Fixture::make(at("2025-02-01T00:00:00Z"), |store| {
        store.add_key(ManagedEntity::Customer, "account", KeyKind::Enforced)?;
        store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
        store.adopt(contract(3))?;
        for (number, tier) in [(1, "gold"), (2, "iron")] {
            store.adopt(customer(number))?;
            store.set_values(customer(number), [("account", number.to_string().as_str()), ("tier", tier)])?;
        }
        Ok(())
    })
    .unwrap()
}

fn told(first: &Store, second: &Store) -> Vec<String> {
    let found = difference(first, second).unwrap();
    assert_eq!(found.more, 0);
    assert_eq!(found.is_empty(), found.lines.is_empty());
    found.lines
}

#[test]
fn what_is_the_same_has_no_difference_whatever_it_went_through() {
    let fixture = two();
    let (one, other) = (fixture.fork().unwrap(), fixture.fork().unwrap());
    one.adopt(customer(9)).unwrap();
    one.forget(customer(9)).unwrap();
    one.set_values(customer(1), [("tier", "tin")]).unwrap();
    assert_eq!(told(&one, &other).len(), 1);
    one.set_values(customer(1), [("tier", "gold")]).unwrap();
    assert_eq!(told(&one, &other), [""; 0]);
    assert_same(&one, &other.snapshot().unwrap());
    assert_eq!(difference(&one, &other).unwrap().to_string(), "both hold the same");
}

#[test]
fn every_field_that_differs_is_told_with_both_values_in_the_order_of_exports() {
    let fixture = two();
    let (one, other) = (fixture.fork().unwrap(), fixture.fork().unwrap());
    let before = one.snapshot().unwrap();
    one.set_values(customer(1), [("tier", "tin")]).unwrap();
    one.delete_values(customer(2), ["account"]).unwrap();
    one.forget(contract(3)).unwrap();
    one.add_key(ManagedEntity::Contract, "slot", KeyKind::Enforced).unwrap();
    other.remove_key(ManagedEntity::Customer, "tier").unwrap();
    other.adopt(customer(4)).unwrap();
    let [first, second, third] = [1, 2, 4].map(|number| customer(number).to_string());
    assert_eq!(
        told(&one, &other),
        [
            "only in the first: key \"slot\" of contract".to_owned(),
            "only in the first: key \"tier\" of customer".to_owned(),
            format!("customer {first}: custom_fields.tier: \"tin\" / nothing"),
            format!("customer {second}: custom_fields.account: nothing / \"2\""),
            format!("customer {second}: custom_fields.tier: \"iron\" / nothing"),
            format!("only in the second: customer {third}"),
            format!("only in the second: contract {}", contract(3)),
        ]
    );
    assert_eq!(told(&other, &one).len(), 7);
    let lines = difference(&before, &one).unwrap().lines;
    assert!(lines.iter().any(|line| line.ends_with("custom_fields.tier: \"gold\" / \"tin\"")), "{lines:?}");
}

#[test]
fn parts_of_contracts_are_named_for_what_they_are() {
    let here = rich();
    let before = here.store.snapshot().unwrap();
    let commit = here.now().commits[0].id;
    let edit = EditContract { add_discounts: vec![here.quarterly()], ..EditContract::default() };
    here.clock.set(day("04-11"));
    let edit = here.edit(edit).unwrap();
    here.store.set_contract_end(here.contract, None).unwrap();
    here.store.set_values(commit, [("slot", "new")]).unwrap();
    here.store.add_rate(here.card, AddRate::new(here.cloud, day("01-01"), Rate::flat(7.into()))).unwrap();
    let contract = format!("contract {}", here.contract);
    let found = difference(&before, &here.store).unwrap();
    let text = found.to_string();
    let has = |begins: &str, ends: &str| {
        let fits = |line: &str| line.starts_with(begins) && line.ends_with(ends);
        assert!(text.lines().any(fits), "{begins} ... {ends} in\n{text}");
    };
    has(&format!("{contract}: terms: terms.ending_before: \"2025-10-01T00:00:00Z\" / nothing"), "");
    has(&format!("only in the second: {contract}: discount "), "");
    has(&format!("only in the second: {contract}: edit {edit}"), "");
    has(&format!("only in the second: {contract}: terms as it was from "), " on");
    has("only in the second: discount ", "");
    has(&format!("commit {commit}: custom_fields.slot: nothing / \"new\""), "");
    has(&format!("commit {commit}"), "");
    has(
        &format!(
            "rate_card {}: rate of contract_product {} from 2025-01-01T00:00:00Z: ",
            here.card, here.cloud
        ),
        "",
    );
    has(&format!("only in the second: rate_card {}: replaced rate of ", here.card), "");
    assert!(!text.contains("Some("), "{text}");
}

#[test]
fn an_instance_that_one_alone_has_is_told_once_with_nothing_of_what_belongs_to_it() {
    let here = rich();
    let before = here.store.snapshot().unwrap();
    let new = here.store.create_contract(here.with_every_part("Z")).unwrap();
    let found = difference(&before, &here.store).unwrap();
    assert_eq!(found.lines.iter().filter(|line| line.contains(&new.to_string())).count(), 1, "{found}");
    assert_eq!(found.lines[0], format!("only in the second: contract {new}"));
    assert_eq!(found.lines.len(), 7, "the contract and the parts that are instances: {found}");
}

#[test]
fn keys_in_another_order_are_a_difference_as_they_are_listed_in_it() {
    let keys = |names: [&str; 2]| {
        Fixture::make(at("2025-02-01T00:00:00Z"), |store| {
            store.add_key(ManagedEntity::Customer, names[0], KeyKind::Indexed)?;
            store.add_key(ManagedEntity::Customer, names[1], KeyKind::Indexed).map(drop)
        })
        .unwrap()
        .fork()
        .unwrap()
    };
    let found = told(&keys(["a", "b"]), &keys(["b", "a"]));
    assert_eq!(found[0], "keys: they were registered in another order");
    assert!(found[1].starts_with("key \"a\" of customer: id: "), "{found:?}");
    assert_eq!(found.len(), 3);
}

#[test]
fn so_many_differences_are_told_and_of_the_others_how_many_there_are() {
    let fixture = two();
    let (one, other) = (fixture.fork().unwrap(), fixture.fork().unwrap());
    one.load((100..1_100).map(|n| (customer(n), CustomFields::default()))).unwrap();
    other.load((600..1_100).map(|n| (customer(n), CustomFields::from([("tier", "x".repeat(200))])))).unwrap();
    let found = difference(&one, &other).unwrap();
    assert_eq!((found.lines.len(), found.more), (MAX_DIFFERENCES, 900));
    assert!(found.to_string().ends_with("\nand 900 more"));
}

#[test]
#[should_panic(expected = "the first and the second store differ:\nonly in the second: customer")]
fn stores_that_must_be_the_same_and_are_not_end_the_test() {
    let fixture = two();
    let (one, other) = (fixture.fork().unwrap(), fixture.fork().unwrap());
    other.adopt(customer(4)).unwrap();
    assert_same(&one, &other);
}

#[test]
fn a_closed_store_cannot_be_compared() {
    let fixture = two();
    let (one, other) = (fixture.fork().unwrap(), fixture.fork().unwrap());
    let frozen = other.snapshot().unwrap();
    other.close().unwrap();
    assert!(matches!(difference(&one, &frozen), Err(Error::Closed(_))));
    assert!(matches!(difference(&frozen, &one), Err(Error::Closed(_))));
}
