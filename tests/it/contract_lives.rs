//! What becomes of contracts: archived with their parts and with their customers, and forgotten.

use std::collections::BTreeMap;

use billfold::prelude::*;

use crate::support::catalog::at;
use crate::support::fault;
use crate::support::ready::{PARTS, Ready, item};

const NOON: &str = "2025-03-15T12:34:56Z";

fn later(ready: &Ready) -> Time {
    ready.clock.set(at(NOON));
    at(NOON)
}

fn archived(ready: &Ready, target: impl Into<EntityRef>) -> bool {
    let target = target.into();
    let page = PageRequest::first(1_000);
    let instances = ready.store.entities(target.entity, &page).unwrap().items;
    instances.iter().find(|instance| instance.id == target).unwrap().archived
}

#[test]
fn archiving_a_contract_ends_it_now_and_archives_its_commits_and_credits() {
    let ready = Ready::new();
    let keyed = CreateContract { uniqueness_key: Some("order 7".into()), ..ready.with_every_part("A") };
    let id = ready.store.create_contract(keyed).unwrap();
    let before = ready.store.contract(id).unwrap();
    let now = later(&ready);
    ready.store.archive_contract(id).unwrap();
    let after = ready.store.contract(id).unwrap();
    assert_eq!((after.terms.archived_at, after.terms.ending_before), (Some(now), Some(now)));
    let (commit, credit) = (&after.commits[0], &after.credits[0]);
    assert_eq!((commit.archived_at, credit.archived_at), (Some(now), Some(now)));
    assert_eq!(commit.access_schedule.schedule_items[0].ending_before, now);
    assert!(archived(&ready, id) && archived(&ready, commit.id) && archived(&ready, credit.id));
    assert!(
        !archived(&ready, after.scheduled_charges[0].id),
        "charges go with the contract, not by themselves"
    );
    assert_eq!(after.scheduled_charges[0].archived_at, None);
    assert_eq!(after.custom_fields, before.custom_fields, "values stay, and stay held");
    assert_eq!(ready.store.find("slot", "A").unwrap(), Some(commit.id));
    assert_eq!(ready.store.contract_as_of(id, before.origin.created_at).unwrap(), before);

    // No usage counts on it any more, whenever it was.
    let none = ready.store.contracts_for_usage(ready.customer, at("2025-01-01T00:00:00Z"), &BTreeMap::new());
    assert!(none.unwrap().is_empty());
    let covering = ContractFilter {
        covering_date: Some(at("2025-03-15T12:34:55Z")),
        include_archived: true,
        ..Default::default()
    };
    let page = PageRequest::default();
    assert_eq!(
        ready.store.contracts(ready.customer, &covering, &page).unwrap().items,
        std::slice::from_ref(&after)
    );
    let past = ContractFilter { covering_date: Some(now), ..covering };
    assert!(ready.store.contracts(ready.customer, &past, &page).unwrap().items.is_empty());

    let [edit] = &ready.store.contract_edits(id, &page).unwrap().items[..] else { panic!("one edit") };
    assert!(edit.archived);
    assert_eq!(edit.update_contract_end_date, Some(Some(now)));

    let twice = Fault::AlreadyArchived { target: id.into() };
    let told = [
        fault(ready.store.archive_contract(id)),
        fault(ready.store.archive(id)),
        fault(ready.store.edit_contract(id, EditContract::default())),
        fault(ready.store.set_contract_end(id, None)),
        fault(ready.store.archive(commit.id)),
    ];
    assert_eq!(told[..4], [twice.clone(), twice.clone(), twice.clone(), twice]);
    assert_eq!(told[4], Fault::AlreadyArchived { target: commit.id.into() });
    assert_eq!(ready.store.contract(id).unwrap(), after);
}

#[test]
fn a_contract_that_is_over_or_to_come_keeps_or_gets_a_window_of_its_own() {
    let ready = Ready::new();
    let over = CreateContract { ending_before: Some(at("2024-12-01T00:00:00Z")), ..ready.plain() };
    let over = ready.store.create_contract(over).unwrap();
    let to_come = CreateContract::new(ready.customer, at("2026-01-01T00:00:00Z"));
    let to_come = ready.store.create_contract(to_come).unwrap();
    later(&ready);
    ready.store.archive_contract(over).unwrap();
    ready.store.archive(to_come).unwrap();
    let end = |id| ready.store.contract(id).unwrap().terms.ending_before.unwrap().to_string();
    assert_eq!(end(over), "2024-12-01T00:00:00Z");
    assert_eq!(end(to_come), "2026-01-01T00:00:00Z", "it ends as it would have begun");
}

#[test]
fn archiving_a_part_is_an_edit_of_its_contract() {
    let ready = Ready::new();
    let mut request = ready.with_every_part("A");
    request.scheduled_charges[0].schedule = [item("2025-10-01T00:00:00Z", 300)].into();
    let id = ready.store.create_contract(request).unwrap();
    let contract = ready.store.contract(id).unwrap();
    let now = later(&ready);
    let (commit, credit, charge) =
        (contract.commits[0].id, contract.credits[0].id, contract.scheduled_charges[0].id);
    for part in [EntityRef::from(commit), credit.into(), charge.into()] {
        ready.store.archive(part).unwrap();
        assert!(archived(&ready, part));
        assert!(matches!(fault(ready.store.archive(part)), Fault::AlreadyArchived { .. }));
    }
    let after = ready.store.contract(id).unwrap();
    assert_eq!(after.commits[0].archived_at, Some(now));
    assert_eq!(after.credits[0].archived_at, Some(now));
    assert_eq!(after.scheduled_charges[0].archived_at, Some(now));
    let edits = ready.store.contract_edits(id, &PageRequest::default()).unwrap().items;
    assert_eq!(edits.len(), 3);
    assert_eq!(edits[0].updates.archive_commits, [commit]);
    assert_eq!(edits[1].updates.archive_credits, [credit]);
    assert_eq!(edits[2].updates.archive_scheduled_charges, [charge]);

    // The others go with the contract alone; nobody is forgotten out of it.
    let alone = |target: EntityRef| Fault::PartOfAContract { target, contract: id.into() };
    for part in [
        EntityRef::from(contract.discounts[0].id),
        contract.professional_services[0].id.into(),
        contract.subscriptions[0].id.into(),
    ] {
        assert_eq!(fault(ready.store.archive(part)), alone(part));
        assert_eq!(fault(ready.store.forget(part)), alone(part));
    }
    assert_eq!(fault(ready.store.forget(commit)), alone(commit.into()));
    // A contract some of whose parts are archived is archived all the same, and they keep their time.
    ready.clock.set(at("2025-04-01T00:00:00Z"));
    ready.store.archive(id).unwrap();
    assert_eq!(ready.store.contract(id).unwrap().commits[0].archived_at, Some(now));
}

#[test]
fn a_customers_contracts_are_archived_with_it_and_its_own_commits_are_not() {
    let ready = Ready::new();
    let first = ready.store.create_contract(ready.with_every_part("A")).unwrap();
    let second = ready.store.create_contract(ready.plain()).unwrap();
    let mut own = ready.commit(1);
    own.terms.priority = Some(1.into());
    let own = ready.store.create_commit(CustomerLevel::new(ready.customer), own).unwrap();
    let now = later(&ready);
    ready.store.archive_contract(second).unwrap();
    ready.clock.set(at("2025-03-15T13:00:00Z"));
    let then = ready.clock.now();
    ready.store.archive(ready.customer).unwrap();
    assert_eq!(ready.store.contract(first).unwrap().terms.archived_at, Some(then));
    assert_eq!(ready.store.contract(second).unwrap().terms.archived_at, Some(now), "it was before");
    assert!(
        ready
            .store
            .commit(ready.store.contract(first).unwrap().commits[0].id)
            .unwrap()
            .balance
            .archived_at
            .is_some()
    );
    assert_eq!(ready.store.commit(own).unwrap().balance.archived_at, None);
    let unarchived =
        ready.store.contracts(ready.customer, &ContractFilter::default(), &PageRequest::default());
    assert!(unarchived.unwrap().items.is_empty());
}

/// How many instances there are of each entity that a contract has a part in.
fn instances(ready: &Ready) -> usize {
    let page = PageRequest::first(1_000);
    let entities = PARTS.into_iter().chain([ManagedEntity::Contract]);
    entities.map(|entity| ready.store.entities(entity, &page).unwrap().items.len()).sum()
}

#[test]
fn a_forgotten_contract_takes_its_parts_names_and_edits_with_it() {
    let ready = Ready::new();
    let keyed = CreateContract { uniqueness_key: Some("order 7".into()), ..ready.with_every_part("A") };
    let id = ready.store.create_contract(keyed.clone()).unwrap();
    let edit = EditContract {
        uniqueness_key: Some("edit 1".into()),
        add_commits: vec![ready.commit(5)],
        ..Default::default()
    };
    ready.store.edit_contract(id, edit.clone()).unwrap();
    let commit = ready.store.contract(id).unwrap().commits[0].id;
    ready.store.forget(id).unwrap();
    assert_eq!(instances(&ready), 0);
    assert_eq!(ready.store.contract_by_key("order 7").unwrap(), None);
    assert_eq!(ready.store.contract_edit_by_key("edit 1").unwrap(), None);
    assert_eq!(ready.store.find::<CommitId>("slot", "A").unwrap(), None);
    assert_eq!(fault(ready.store.commit(commit)), Fault::InstanceNotFound { target: commit.into() });
    let page = PageRequest::default();
    assert!(
        ready.store.contracts(ready.customer, &ContractFilter::default(), &page).unwrap().items.is_empty()
    );
    // All of it can be made again.
    let again = ready.store.create_contract(keyed).unwrap();
    ready.store.edit_contract(again, edit).unwrap();
}

#[test]
fn a_forgotten_customer_takes_its_contracts_and_its_own_balances_with_it() {
    let ready = Ready::new();
    let first = ready.store.create_contract(ready.with_every_part("A")).unwrap();
    ready.store.create_contract(ready.with_every_part("B")).unwrap();
    ready.store.archive_contract(first).unwrap();
    let level =
        CustomerLevel { uniqueness_key: Some("grant 1".into()), ..CustomerLevel::new(ready.customer) };
    let mut own = ready.credit(1);
    own.terms.priority = Some(1.into());
    ready.store.create_credit(level, own).unwrap();
    assert_eq!(instances(&ready), 7 + 7 + 1);
    ready.store.forget(ready.customer).unwrap();
    assert_eq!(instances(&ready), 0);
    assert_eq!(ready.store.balance_by_key("grant 1").unwrap(), None);
    assert!(!ready.store.exists(ready.customer).unwrap());
}
