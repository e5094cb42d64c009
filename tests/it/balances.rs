//! Commits and credits of customers, and lists of all that a customer has.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::at;
use crate::support::ready::{Ready, fields, item, segment, year};
use crate::support::{every, fault};

/// A commit that a customer can have.
fn first(ready: &Ready, amount: i64) -> CreateCommit {
    let mut commit = ready.commit(amount);
    commit.terms.priority = Some(1.into());
    commit
}

fn first_credit(ready: &Ready, amount: i64) -> CreateCredit {
    let mut credit = ready.credit(amount);
    credit.terms.priority = Some("2.5".parse().unwrap());
    credit
}

#[test]
fn a_customers_commit_and_credit_are_read_back_as_they_were_made() {
    let ready = Ready::new();
    let contract = ready.store.create_contract(ready.plain()).unwrap();
    let level = CustomerLevel {
        applicable_contract_ids: [contract].into(),
        invoice_contract_id: Some(contract),
        uniqueness_key: Some("grant 1".into()),
        salesforce_opportunity_id: Some("opp_01".into()),
        ..CustomerLevel::new(ready.customer)
    };
    let request = CreateCommit {
        invoice_schedule: Some([item("2024-11-01T00:00:00Z", 90)].into()),
        custom_fields: [("slot", "A")].into(),
        ..first(&ready, 100)
    };
    let about = About { actor: Some("sales".into()), reason: None };
    let id = ready.store.write_as(about, |tx| tx.create_commit(level.clone(), request)).unwrap();
    let commit = ready.store.commit(id).unwrap();
    assert_eq!((commit.id, commit.customer_id, commit.contract_id), (id, ready.customer, None));
    assert_eq!(commit.applicable_contract_ids, [contract].into());
    assert_eq!(commit.invoice_contract_id, Some(contract));
    assert_eq!(commit.uniqueness_key.as_deref(), Some("grant 1"));
    assert_eq!(commit.salesforce_opportunity_id.as_deref(), Some("opp_01"));
    assert_eq!(commit.custom_fields["slot"], "A");
    assert_eq!(commit.balance.access_schedule.schedule_items[0].amount, 100.into());
    assert_eq!(commit.balance.invoice_schedule.unwrap().schedule_items[0].price, Amount::from(90).into());
    assert_eq!((commit.balance.created_at, commit.balance.archived_at), (ready.clock.now(), None));
    assert_eq!(commit.balance.created_by.as_deref(), Some("sales"));
    assert_eq!(ready.store.find("slot", "A").unwrap(), Some(id));
    assert!(ready.store.contract(contract).unwrap().commits.is_empty(), "it is no part of the contract");

    let level = CustomerLevel::new(ready.customer);
    let credit = ready.store.create_credit(level, first_credit(&ready, 7)).unwrap();
    let credit = ready.store.credit(credit).unwrap();
    assert_eq!(credit.balance.terms.priority, Some("2.5".parse().unwrap()));
    assert_eq!((credit.balance.commit_type, credit.uniqueness_key), (None, None));
}

#[test]
fn every_fault_of_a_customers_commit_is_told_and_leaves_nothing() {
    let ready = Ready::new();
    let another = ready.store.create_customer(CreateCustomer::default()).unwrap();
    let theirs =
        ready.store.create_contract(CreateContract::new(another, at("2024-11-01T00:00:00Z"))).unwrap();
    let archived = ready.store.create_contract(ready.plain()).unwrap();
    ready.store.archive_contract(archived).unwrap();
    let unknown = ContractId::from(Uuid::from_u128(3));
    let mut request = first(&ready, -1);
    request.terms.priority = None;
    request.terms.product_id = ready.cloud;
    request.custom_fields = [("tear", "1")].into();
    let level = CustomerLevel {
        applicable_contract_ids: [unknown, archived, theirs].into(),
        invoice_contract_id: Some(theirs),
        uniqueness_key: Some(String::new()),
        ..CustomerLevel::new(ready.customer)
    };
    let told = ready.refused(|store| store.create_commit(level, request));
    let mut found = fields(&told);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "Invalid custom field keys",
            "access_schedule.schedule_items[0].amount",
            "applicable_contract_ids[0]",
            "applicable_contract_ids[1]",
            "applicable_contract_ids[2]",
            "invoice_contract_id",
            "priority",
            "product_id",
            "uniqueness_key",
        ],
        "{told:#?}"
    );
    let nobody = CustomerId::from(Uuid::from_u128(8));
    let told =
        ready.refused(|store| store.create_credit(CustomerLevel::new(nobody), first_credit(&ready, 1)));
    assert_eq!(fields(&told), ["customer_id"]);
}

#[test]
fn commits_and_credits_share_their_uniqueness_keys() {
    let ready = Ready::new();
    let keyed =
        |key: &str| CustomerLevel { uniqueness_key: Some(key.into()), ..CustomerLevel::new(ready.customer) };
    let commit = ready.store.create_commit(keyed("a"), first(&ready, 1)).unwrap();
    let credit = ready.store.create_credit(keyed("b"), first_credit(&ready, 1)).unwrap();
    assert_eq!(ready.store.balance_by_key("a").unwrap(), Some(commit.into()));
    assert_eq!(ready.store.balance_by_key("b").unwrap(), Some(credit.into()));
    assert_eq!(ready.store.balance_by_key("c").unwrap(), None);
    let used = |key: &str, id: Uuid| Fault::UniquenessKeyUsed { key: key.into(), conflicting_id: id };
    let of_credit = fault(ready.store.create_commit(keyed("b"), first(&ready, 1)));
    assert_eq!(of_credit, used("b", credit.uuid()));
    let told = ready.refused(|store| store.create_credit(keyed("a"), first_credit(&ready, 1)));
    assert_eq!(told, ["This uniqueness key has already been used."]);
    ready.store.archive(commit).unwrap();
    let archived = fault(ready.store.create_commit(keyed("a"), first(&ready, 1)));
    assert_eq!(archived, used("a", commit.uuid()), "also of an archived one");
    // Contracts have keys of their own.
    let contract = CreateContract { uniqueness_key: Some("a".into()), ..ready.plain() };
    ready.store.create_contract(contract).unwrap();
    ready.store.forget(commit).unwrap();
    ready.store.create_credit(keyed("a"), first_credit(&ready, 1)).unwrap();
}

#[test]
fn a_list_has_what_its_filter_lets_through_page_by_page() {
    let ready = Ready::new();
    let level = || CustomerLevel::new(ready.customer);
    let open = |from: &str, to: &str| {
        let access_schedule = [segment(1, from, to)].into();
        let commit = CreateCommit { access_schedule, ..first(&ready, 1) };
        ready.store.create_commit(level(), commit).unwrap()
    };
    let spring = open("2025-03-01T00:00:00Z", "2025-06-01T00:00:00Z");
    let summer = open("2025-06-01T00:00:00Z", "2025-09-01T00:00:00Z");
    let with = CreateContract { commits: vec![ready.commit(5)], ..ready.plain() };
    let contract = ready.store.create_contract(with).unwrap();
    let of_contract = ready.store.contract(contract).unwrap().commits[0].id;
    let both = CreateCommit {
        access_schedule: [
            segment(1, "2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z"),
            segment(1, "2025-08-01T00:00:00Z", "2025-09-01T00:00:00Z"),
        ]
        .into(),
        ..first(&ready, 1)
    };
    let both = ready.store.create_commit(level(), both).unwrap();
    let mut units = first(&ready, 1);
    units.terms.access_type = Some(AccessType::Quantity);
    let units = ready.store.create_commit(level(), units).unwrap();
    let archived = open("2025-03-01T00:00:00Z", "2025-06-01T00:00:00Z");
    ready.store.archive(archived).unwrap();
    let another = ready.store.create_customer(CreateCustomer::default()).unwrap();
    ready.store.create_commit(CustomerLevel::new(another), first(&ready, 1)).unwrap();
    ready.store.create_credit(level(), first_credit(&ready, 1)).unwrap();

    let list = |filter: BalanceFilter| {
        let pages = [1, 2, 3, 10].map(|limit| -> Vec<CommitId> {
            let found = every(limit, |page| ready.store.commits(ready.customer, &filter, page));
            found.into_iter().map(|commit| commit.id).collect()
        });
        assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
        pages[0].clone()
    };
    let none = BalanceFilter::default;
    let day = |day: &str| Some(at(&format!("{day}T00:00:00Z")));
    assert_eq!(list(none()), [spring, summer, both, units]);
    let everything = BalanceFilter { include_contract_balances: true, include_archived: true, ..none() };
    assert_eq!(list(everything), [spring, summer, of_contract, both, units, archived]);
    assert_eq!(
        list(BalanceFilter { include_archived: true, ..none() }),
        [spring, summer, both, units, archived]
    );
    let with_contracts = BalanceFilter { include_contract_balances: true, ..none() };
    assert_eq!(list(with_contracts.clone()), [spring, summer, of_contract, both, units]);
    assert_eq!(list(BalanceFilter { id: Some(both.uuid()), ..none() }), [both]);
    assert_eq!(list(BalanceFilter { id: Some(archived.uuid()), ..none() }), []);
    assert_eq!(list(BalanceFilter { access_type: Some(AccessType::Quantity), ..none() }), [units]);
    assert_eq!(
        list(BalanceFilter { access_type: Some(AccessType::Spend), ..none() }),
        [spring, summer, both]
    );
    // The year of `units` is open from November to November.
    assert_eq!(list(BalanceFilter { covering_date: day("2025-05-01"), ..none() }), [spring, units]);
    assert_eq!(list(BalanceFilter { covering_date: day("2025-06-01"), ..none() }), [summer, units]);
    assert_eq!(list(BalanceFilter { starting_at: day("2025-06-01"), ..none() }), [summer, both, units]);
    assert_eq!(list(BalanceFilter { effective_before: day("2025-06-01"), ..none() }), [spring, both, units]);
    assert_eq!(list(BalanceFilter { effective_before: day("2024-11-01"), ..none() }), []);

    let page = PageRequest::first(1);
    let next = ready.store.commits(ready.customer, &none(), &page).unwrap().next.unwrap();
    let mixed = ready.store.commits(ready.customer, &with_contracts, &PageRequest::after(next, 1));
    assert_eq!(fault(mixed), Fault::CursorOfAnotherQuestion);
    let credits = ready.store.credits(ready.customer, &none(), &PageRequest::default()).unwrap().items;
    assert_eq!(credits.len(), 1);
    let nobody = CustomerId::from(Uuid::from_u128(8));
    let unknown = fault(ready.store.credits(nobody, &none(), &PageRequest::default()));
    assert_eq!(unknown, Fault::InstanceNotFound { target: nobody.into() });
}

#[test]
fn a_customers_commit_is_archived_once_and_forgotten_whole() {
    let ready = Ready::new();
    let request = CreateCommit { custom_fields: [("slot", "A")].into(), ..first(&ready, 1) };
    let id = ready.store.create_commit(CustomerLevel::new(ready.customer), request).unwrap();
    ready.clock.set(at("2025-01-02T03:04:05Z"));
    ready.store.archive(id).unwrap();
    let commit = ready.store.commit(id).unwrap();
    assert_eq!(commit.balance.archived_at, Some(ready.clock.now()));
    assert_eq!(commit.balance.access_schedule.schedule_items.len(), 1);
    assert_eq!(fault(ready.store.archive(id)), Fault::AlreadyArchived { target: id.into() });
    ready.store.set_values(id, [("slot", "B")]).unwrap();
    assert_eq!(ready.store.find("slot", "B").unwrap(), Some(id));
    ready.store.forget(id).unwrap();
    assert_eq!(fault(ready.store.commit(id)), Fault::InstanceNotFound { target: id.into() });
    assert_eq!(ready.store.find::<CommitId>("slot", "B").unwrap(), None);
    let everything = BalanceFilter { include_archived: true, ..Default::default() };
    assert!(
        ready.store.commits(ready.customer, &everything, &PageRequest::default()).unwrap().items.is_empty()
    );

    let adopted = CommitId::from(Uuid::from_u128(2));
    ready.store.adopt(adopted).unwrap();
    assert_eq!(fault(ready.store.commit(adopted)), Fault::NothingButAnId { target: adopted.into() });
    assert_eq!(year(1), first(&ready, 1).access_schedule);
}
