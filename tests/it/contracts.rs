//! Contracts: made, read back, listed, archived and forgotten.

use billfold::FieldProblem;
use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::at;
use crate::support::ready::{Ready, fields, item, segment};
use crate::support::{every, fault, faults};

const START: &str = "2024-11-01T00:00:00Z";

/// The contract of the seed "Provision a customer".
fn of_the_seed(ready: &Ready) -> CreateContract {
    let prepaid = CreateCommit {
        invoice_schedule: Some([item(START, 1_000_000)].into()),
        ..CreateCommit::prepaid(
            BalanceTerms {
                name: Some("Contract Prepaid Commit".into()),
                description: Some("Usage Commit".into()),
                applies_to: Applicability { product_tags: vec!["cloud".into()], ..Default::default() },
                ..BalanceTerms::new(ready.fixed)
            },
            [segment(1_000_000, START, "2025-11-01T00:00:00Z")].into(),
        )
    };
    let each_quarter = RecurringSchedule {
        starting_at: at(START),
        ending_before: at("2025-11-01T00:00:00Z"),
        frequency: ScheduleFrequency::Quarterly,
        price: Price { unit_price: 100_000.into(), quantity: 1.into() },
        amount_distribution: AmountDistribution::Each,
    };
    CreateContract {
        rate_card: Some(CardChoice::Alias("base_usage_products".into())),
        commits: vec![prepaid],
        scheduled_charges: vec![CreateScheduledCharge {
            name: Some("Platform Charge".into()),
            ..CreateScheduledCharge::new(ready.fixed, each_quarter.into())
        }],
        usage_statement_schedule: Some(CreateStatementSchedule {
            day: StatementDay::ContractStart,
            ..Default::default()
        }),
        ..CreateContract::new(ready.customer, at(START))
    }
}

#[test]
fn the_contract_of_the_seed_is_read_back_with_every_item() {
    let ready = Ready::new();
    let about = About { actor: Some("sales".into()), reason: None };
    let request = of_the_seed(&ready);
    let id = ready.store.write_as(about, |tx| tx.create_contract(request)).unwrap();
    let contract = ready.store.contract(id).unwrap();

    assert_eq!((contract.id, contract.origin.customer_id), (id, ready.customer));
    assert_eq!(contract.origin.rate_card_id, Some(ready.card));
    assert_eq!((contract.origin.starting_at, contract.terms.ending_before), (at(START), None));
    assert_eq!(contract.origin.created_at, ready.clock.now());
    assert_eq!(contract.origin.created_by.as_deref(), Some("sales"));
    let statements = contract.origin.usage_statement_schedule;
    assert_eq!(statements.frequency, BillingFrequency::Monthly);
    assert_eq!(statements.billing_anchor_date, at(START));
    assert_eq!((&contract.terms.name, contract.terms.archived_at), (&None, None));

    // 10,000 dollars for the year, paid at its start.
    let [commit] = &contract.commits[..] else { panic!("{:?}", contract.commits) };
    assert_eq!(commit.commit_type, Some(CommitType::Prepaid));
    assert_eq!(commit.terms.product_id, ready.fixed);
    assert_eq!(commit.terms.name.as_deref(), Some("Contract Prepaid Commit"));
    assert_eq!(commit.terms.description.as_deref(), Some("Usage Commit"));
    assert_eq!(commit.terms.applies_to.product_tags, ["cloud"]);
    assert_eq!(commit.access_schedule.credit_type_id, CreditType::USD_CENTS);
    let [access] = commit.access_schedule.schedule_items[..] else { panic!("{commit:?}") };
    assert_eq!(access.amount, 1_000_000.into());
    assert_eq!((access.starting_at, access.ending_before), (at(START), at("2025-11-01T00:00:00Z")));
    let [paid] = commit.invoice_schedule.as_ref().unwrap().schedule_items[..] else { panic!("{commit:?}") };
    assert_eq!((paid.timestamp, paid.price), (at(START), Amount::from(1_000_000).into()));
    assert_eq!(commit.created_by.as_deref(), Some("sales"));

    // 1,000 dollars each quarter.
    let [charge] = &contract.scheduled_charges[..] else { panic!("{:?}", contract.scheduled_charges) };
    assert_eq!(charge.name.as_deref(), Some("Platform Charge"));
    let dates: Vec<_> = charge.schedule.schedule_items.iter().map(|item| item.timestamp).collect();
    let quarters = ["2024-11-01", "2025-02-01", "2025-05-01", "2025-08-01"];
    assert_eq!(dates, quarters.map(|day| at(&format!("{day}T00:00:00Z"))));
    for item in &charge.schedule.schedule_items {
        assert_eq!(item.price, Price { unit_price: 100_000.into(), quantity: 1.into() });
    }
    let mut ids: Vec<_> = charge.schedule.schedule_items.iter().map(|item| item.id).collect();
    ids.extend([access.id, paid.id]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "every item has an id of its own");

    assert_eq!(ready.store.commit(commit.id).unwrap().contract_id, Some(id));
    assert_eq!(ready.store.contract_as_of(id, ready.clock.now()).unwrap(), contract);
    assert!(ready.store.contract_edits(id, &PageRequest::default()).unwrap().items.is_empty());
}

#[test]
fn a_contract_without_a_card_has_fixed_charges_alone() {
    let ready = Ready::new();
    let bare = |request| CreateContract { rate_card: None, ..request };
    let charges = CreateContract { scheduled_charges: vec![ready.charge(5)], ..ready.plain() };
    let id = ready.store.create_contract(bare(charges)).unwrap();
    let contract = ready.store.contract(id).unwrap();
    assert_eq!((contract.origin.rate_card_id, contract.scheduled_charges.len()), (None, 1));
    let priced = CreateContract {
        overrides: vec![ready.discounted()],
        subscriptions: vec![ready.subscription(1)],
        ..ready.plain()
    };
    let told = ready.refused(|store| store.create_contract(bare(priced)));
    assert_eq!(fields(&told), ["subscriptions[0].subscription_rate.product_id", "overrides[0]"], "{told:?}");
}

#[test]
fn statements_are_counted_from_the_day_that_is_said() {
    let ready = Ready::new();
    let anchored = |schedule: Option<CreateStatementSchedule>| {
        let request = CreateContract {
            usage_statement_schedule: schedule,
            ..CreateContract::new(ready.customer, at("2024-09-15T07:00:00Z"))
        };
        let id = ready.store.create_contract(request).unwrap();
        let read = ready.store.contract(id).unwrap().origin.usage_statement_schedule;
        (read.frequency, read.billing_anchor_date.to_string())
    };
    let said = |day, date: Option<&str>| {
        Some(CreateStatementSchedule {
            frequency: BillingFrequency::Quarterly,
            day,
            billing_anchor_date: date.map(at),
            invoice_generation_starting_at: None,
        })
    };
    use BillingFrequency::{Monthly, Quarterly};
    assert_eq!(anchored(None), (Monthly, "2024-09-01T00:00:00Z".into()));
    assert_eq!(anchored(said(StatementDay::FirstOfMonth, None)), (Quarterly, "2024-09-01T00:00:00Z".into()));
    assert_eq!(anchored(said(StatementDay::ContractStart, None)), (Quarterly, "2024-09-15T07:00:00Z".into()));
    let custom = said(StatementDay::CustomDate, Some("2024-09-10T00:00:00Z"));
    assert_eq!(anchored(custom), (Quarterly, "2024-09-10T00:00:00Z".into()));
    for wrong in [said(StatementDay::CustomDate, None), said(StatementDay::FirstOfMonth, Some(START))] {
        let request = CreateContract { usage_statement_schedule: wrong, ..ready.plain() };
        let told = ready.refused(|store| store.create_contract(request));
        assert_eq!(fields(&told), ["usage_statement_schedule.billing_anchor_date"]);
    }
}

#[test]
fn an_alias_of_a_card_is_resolved_once_as_of_the_contracts_start() {
    let ready = Ready::new();
    let from = |day: &str| ScheduledAlias { starting_at: Some(at(day)), ..ScheduledAlias::from("current") };
    let card = |alias| {
        let request = CreateRateCard { aliases: vec![alias], ..Default::default() };
        ready.store.create_rate_card(request).unwrap()
    };
    let (old, new) = (card(from("2024-01-01T00:00:00Z")), card(from("2025-01-01T00:00:00Z")));
    let starting = |day: &str| CreateContract {
        rate_card: Some(CardChoice::Alias("current".into())),
        ..CreateContract::new(ready.customer, at(day))
    };
    let card_of = |id| ready.store.contract(id).unwrap().origin.rate_card_id;
    let contract = ready.store.create_contract(starting("2024-12-31T23:00:00Z")).unwrap();
    assert_eq!(card_of(contract), Some(old));
    let later = ready.store.create_contract(starting("2025-01-01T00:00:00Z")).unwrap();
    assert_eq!(card_of(later), Some(new));

    card(from("2024-06-01T00:00:00Z"));
    assert_eq!(card_of(contract), Some(old), "the alias moved on, the contract did not");
    let early = starting("2023-12-31T23:00:00Z");
    let told = ready.refused(|store| store.create_contract(early));
    assert_eq!(told, ["rate_card_alias: \"current\" leads to nothing"]);
}

#[test]
fn an_archived_or_unknown_card_or_customer_gets_no_contract() {
    let ready = Ready::new();
    let unknown = RateCardId::from(Uuid::from_u128(7));
    let nobody = CustomerId::from(Uuid::from_u128(8));
    let request =
        CreateContract { rate_card: Some(CardChoice::Id(unknown)), ..CreateContract::new(nobody, at(START)) };
    let found = faults(ready.store.create_contract(request));
    assert_eq!(
        found,
        [
            Fault::ReferenceNotFound { field: "customer_id".into(), target: nobody.into() },
            Fault::ReferenceNotFound { field: "rate_card_id".into(), target: unknown.into() },
        ]
    );
    ready.store.archive(ready.card).unwrap();
    let archived = |field: &str| Fault::ReferenceArchived { field: field.into(), target: ready.card.into() };
    let by_alias =
        CreateContract { rate_card: Some(CardChoice::Alias("base_usage_products".into())), ..ready.plain() };
    assert_eq!(fault(ready.store.create_contract(ready.plain())), archived("rate_card_id"));
    assert_eq!(fault(ready.store.create_contract(by_alias)), archived("rate_card_alias"));
    ready.store.archive(ready.customer).unwrap();
    let told = ready.refused(|store| store.create_contract(ready.plain()));
    assert_eq!(fields(&told), ["customer_id", "rate_card_id"]);
}

#[test]
fn a_contract_starts_and_ends_on_the_hour_and_ends_later_than_it_starts() {
    let ready = Ready::new();
    let from_to = |start: &str, end: &str| CreateContract {
        ending_before: Some(at(end)),
        ..CreateContract::new(ready.customer, at(start))
    };
    let hour = from_to("2024-11-01T01:00:00Z", "2024-11-01T02:00:00Z");
    let id = ready.store.create_contract(hour).unwrap();
    assert_eq!(ready.store.contract(id).unwrap().terms.ending_before, Some(at("2024-11-01T02:00:00Z")));
    for (start, end, wrong) in [
        ("2024-11-01T01:30:00Z", "2024-11-01T02:00:00Z", &["starting_at"][..]),
        ("2024-11-01T01:00:00.001Z", "2024-11-01T02:00:01Z", &["starting_at", "ending_before"]),
        ("2024-11-01T01:00:00Z", "2024-11-01T01:00:00Z", &["ending_before"]),
        ("2024-11-01T01:00:00Z", "2024-11-01T00:00:00Z", &["ending_before"]),
    ] {
        let request = from_to(start, end);
        let told = ready.refused(|store| store.create_contract(request));
        assert_eq!(fields(&told), wrong, "{told:?}");
    }
}

#[test]
fn a_uniqueness_key_has_1_to_128_characters_and_is_used_once_for_ever() {
    let ready = Ready::new();
    let keyed = |key: &str| CreateContract { uniqueness_key: Some(key.into()), ..ready.plain() };
    for wrong in [String::new(), "é".repeat(129)] {
        let told = ready.refused(|store| store.create_contract(keyed(&wrong)));
        assert_eq!(fields(&told), ["uniqueness_key"]);
    }
    let longest = "é".repeat(128);
    let id = ready.store.create_contract(keyed(&longest)).unwrap();
    let used = Fault::UniquenessKeyUsed { key: longest.clone(), conflicting_id: id.into() };
    assert_eq!(ready.store.contract_by_key(&longest).unwrap(), Some(id));
    assert_eq!(ready.store.contract(id).unwrap().origin.uniqueness_key, Some(longest.clone()));

    let told = ready.refused(|store| store.create_contract(keyed(&longest)));
    assert_eq!(told, ["This uniqueness key has already been used."]);
    assert_eq!(fault(ready.store.create_contract(keyed(&longest))), used);
    assert_eq!(used.kind(), ErrorKind::Conflict);
    ready.store.archive_contract(id).unwrap();
    assert_eq!(fault(ready.store.create_contract(keyed(&longest))), used, "also of an archived one");
    assert_eq!(ready.store.contract_by_key(&longest).unwrap(), Some(id));

    // Edits have keys of their own, and a forgotten contract leaves none.
    let edit = EditContract { uniqueness_key: Some(longest.clone()), ..Default::default() };
    let other = ready.store.create_contract(keyed("other")).unwrap();
    ready.store.edit_contract(other, edit).unwrap();
    ready.store.forget(id).unwrap();
    assert_eq!(ready.store.contract_by_key(&longest).unwrap(), None);
    ready.store.create_contract(keyed(&longest)).unwrap();
}

#[test]
fn a_refused_contract_leaves_nothing_at_all() {
    let ready = Ready::new();
    let holder = ready.store.create_contract(ready.with_every_part("A")).unwrap();
    // Everything is sound but the value of the last part.
    let mut request = CreateContract { uniqueness_key: Some("order 7".into()), ..ready.with_every_part("B") };
    request.subscriptions[0].custom_fields = [("slot", "A")].into();
    let told = ready.refused(|store| store.create_contract(request.clone()));
    let taken = ready.store.contract(holder).unwrap().subscriptions[0].id;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains(&format!("is held by subscription {}", taken.uuid())), "{told:?}");
    assert_eq!(ready.store.contract_by_key("order 7").unwrap(), None);

    // In a transaction the call is refused and the rest stands.
    let other = ready
        .store
        .write(|tx| {
            assert!(tx.create_contract(request.clone()).is_err());
            tx.create_contract(ready.plain())
        })
        .unwrap();
    let all = ContractFilter::default();
    let listed = ready.store.contracts(ready.customer, &all, &PageRequest::default()).unwrap().items;
    assert_eq!(listed.iter().map(|contract| contract.id).collect::<Vec<_>>(), [holder, other]);

    // A first contract that is refused, or only rehearsed, makes no table.
    let first = Ready::new();
    request.commits[0].custom_fields = [("slot", "A"), ("tear", "1")].into();
    request.customer_id = first.customer;
    first.refused(|store| store.create_contract(request));
    let before = first.everything();
    first.store.dry_run(|tx| tx.create_contract(first.with_every_part("A"))).unwrap();
    assert_eq!(first.everything(), before);
}

#[test]
fn contracts_are_listed_by_their_starts_and_a_page_goes_on_where_the_last_one_ended() {
    let ready = Ready::new();
    let make = |start: &str, end: Option<&str>| {
        let request =
            CreateContract { ending_before: end.map(at), ..CreateContract::new(ready.customer, at(start)) };
        ready.store.create_contract(request).unwrap()
    };
    let march = make("2025-03-01T00:00:00Z", None);
    let january = make("2025-01-01T00:00:00Z", Some("2025-02-01T00:00:00Z"));
    let again = make("2025-01-01T00:00:00Z", None);
    let before_1970 = make("1969-12-31T23:00:00Z", Some("2025-01-01T00:00:00Z"));
    let february = make("2025-02-01T00:00:00Z", None);
    let others = CreateCustomer { name: "another".into(), ..Default::default() };
    let others = ready.store.create_customer(others).unwrap();
    ready.store.create_contract(CreateContract::new(others, at(START))).unwrap();
    ready.store.archive_contract(february).unwrap();

    let list = |filter: &ContractFilter, limit| -> Vec<ContractId> {
        let found = every(limit, |page| ready.store.contracts(ready.customer, filter, page));
        found.into_iter().map(|contract| contract.id).collect()
    };
    let all = ContractFilter { include_archived: true, ..Default::default() };
    let since = |day: &str| ContractFilter { starting_at: Some(at(day)), ..Default::default() };
    let covering = |day: &str| ContractFilter { covering_date: Some(at(day)), ..Default::default() };
    for limit in 1..7 {
        assert_eq!(list(&ContractFilter::default(), limit), [before_1970, january, again, march]);
        assert_eq!(list(&all, limit), [before_1970, january, again, february, march]);
        assert_eq!(list(&since("2025-01-01T00:00:00Z"), limit), [january, again, march]);
        assert_eq!(list(&since("2025-01-01T00:00:00.001Z"), limit), [march]);
        assert_eq!(list(&covering("2024-12-31T23:59:59Z"), limit), [before_1970]);
        assert_eq!(list(&covering("2025-01-01T00:00:00Z"), limit), [january, again]);
        assert_eq!(list(&covering("2025-02-01T00:00:00Z"), limit), [again]);
        assert_eq!(list(&covering("2025-03-01T00:00:00Z"), limit), [again, march]);
    }
    let both = ContractFilter { starting_at: Some(at(START)), ..covering(START) };
    let told = fault(ready.store.contracts(ready.customer, &both, &PageRequest::default()));
    assert!(
        matches!(&told, Fault::Field { field, problem: FieldProblem::NotAllowed { .. } } if field == "covering_date"),
        "{told:?}"
    );
    let first = ready.store.contracts(ready.customer, &all, &PageRequest::first(1)).unwrap().next.unwrap();
    let mixed = ready.store.contracts(others, &all, &PageRequest::after(first, 1));
    assert_eq!(fault(mixed), Fault::CursorOfAnotherQuestion);
    let nobody = CustomerId::from(Uuid::from_u128(8));
    let unknown = fault(ready.store.contracts(nobody, &all, &PageRequest::default()));
    assert_eq!(unknown, Fault::InstanceNotFound { target: nobody.into() });
}

#[test]
fn a_contract_that_was_taken_in_is_nothing_but_its_id() {
    let ready = Ready::new();
    let adopted = crate::support::contract(5);
    ready.store.adopt(adopted).unwrap();
    let nothing = Fault::NothingButAnId { target: adopted.into() };
    assert_eq!(fault(ready.store.contract(adopted)), nothing);
    assert_eq!(fault(ready.store.edit_contract(adopted, EditContract::default())), nothing);
    assert_eq!(fault(ready.store.archive_contract(adopted)), nothing);
    assert_eq!(fault(ready.store.contract_edits(adopted, &PageRequest::default())), nothing);
    ready.store.archive(adopted).unwrap();
    assert!(matches!(fault(ready.store.archive(adopted)), Fault::AlreadyArchived { .. }));
    ready.store.forget(adopted).unwrap();
    let unknown = fault(ready.store.contract(adopted));
    assert_eq!(unknown, Fault::InstanceNotFound { target: adopted.into() });
}
