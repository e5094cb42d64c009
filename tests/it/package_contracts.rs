//! Contracts that are made of packages, and what becomes of them.

use billfold::PackageId;
use billfold::prelude::*;
use uuid::Uuid;

use crate::invoices::table;
use crate::support::catalog::at;
use crate::support::ready::{Ready, fields, year};
use crate::support::template::{item, ready};
use crate::support::{every, fault, faults};

/// Midnight of that day of November 2024.
fn day(day: u32) -> Time {
    at(&format!("2024-11-{day:02}T00:00:00Z"))
}

fn told() -> CustomFields {
    [("note", "told")].into()
}

/// A package with every part, whose values are not unique.
fn full(ready: &Ready) -> PackageId {
    ready.store.create_package(ready.full_plan(&told())).unwrap()
}

/// The parts of a contract of a full package that have values.
fn instances(contract: &Contract) -> [EntityRef; 4] {
    [
        contract.commits[0].id.into(),
        contract.credits[0].id.into(),
        contract.scheduled_charges[0].id.into(),
        contract.subscriptions[0].id.into(),
    ]
}

#[test]
fn values_are_copied_and_then_the_contracts_to_change() {
    let ready = ready();
    let package = full(&ready);
    let before = ready.store.package(package).unwrap();
    let [first, second] = [(); 2].map(|()| ready.store.create_contract(ready.of_package(package)).unwrap());
    let page = PageRequest::default();
    let read = ready.store.contract(first).unwrap();
    for target in instances(&read) {
        assert_eq!(ready.store.find_all_ref(target.entity, "note", "told", &page).unwrap().items.len(), 2);
        ready.store.set_values(target, [("note", "changed"), ("slot", "mine")]).unwrap();
        assert_eq!(ready.store.find_ref(target.entity, "slot", "mine").unwrap(), Some(target));
    }
    let note = |contract: &Contract| {
        let [commit, credit, charge, subscription] = [
            &contract.commits[0].custom_fields,
            &contract.credits[0].custom_fields,
            &contract.scheduled_charges[0].custom_fields,
            &contract.subscriptions[0].custom_fields,
        ];
        [commit, credit, charge, subscription].map(|values| values["note"].clone())
    };
    assert_eq!(note(&ready.store.contract(first).unwrap()), ["changed"; 4]);
    assert_eq!(note(&ready.store.contract(second).unwrap()), ["told"; 4]);
    assert_eq!(ready.store.package(package).unwrap(), before);
    let third = ready.store.create_contract(ready.of_package(package)).unwrap();
    assert_eq!(note(&ready.store.contract(third).unwrap()), ["told"; 4], "the package says what it said");
    for target in instances(&ready.store.contract(second).unwrap()) {
        ready.store.delete_values(target, ["note"]).unwrap();
    }
    assert_eq!(ready.store.package(package).unwrap(), before);
}

#[test]
fn the_contracts_entities_need_the_keys_too() {
    let ready = ready();
    for entity in [ManagedEntity::PackageCommit, ManagedEntity::PackageSubscription] {
        ready.store.add_key(entity, "here_alone", KeyKind::Unindexed).unwrap();
    }
    let mut plan = ready.full_plan(&told());
    plan.commits[0].custom_fields = [("note", "told"), ("here_alone", "1")].into();
    plan.subscriptions[0].custom_fields = [("here_alone", "1")].into();
    let package = ready.store.create_package(plan).unwrap();
    let refused = faults(ready.store.create_contract(ready.of_package(package)));
    let entities: Vec<_> = refused
        .iter()
        .map(|fault| match fault {
            Fault::KeysNotRegistered { entity, keys } if *keys == ["here_alone"] => *entity,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(entities, [ManagedEntity::Commit, ManagedEntity::Subscription]);
    for entity in entities {
        ready.store.add_key(entity, "here_alone", KeyKind::Unindexed).unwrap();
    }
    let contract = ready.store.create_contract(ready.of_package(package)).unwrap();
    assert_eq!(ready.store.contract(contract).unwrap().commits[0].custom_fields["here_alone"], "1");
}

#[test]
fn a_value_that_is_unique_among_contracts_goes_to_one_of_them() {
    let ready = ready();
    let package = ready.store.create_package(ready.full_plan(&[("slot", "A")].into())).unwrap();
    let first = ready.store.create_contract(ready.of_package(package)).unwrap();
    let parts = instances(&ready.store.contract(first).unwrap());
    let again = || faults(ready.store.create_contract(ready.of_package(package)));
    let holders: Vec<_> = again()
        .iter()
        .map(|fault| match fault {
            Fault::ValueTaken { holder, .. } => *holder,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(holders, parts.map(|part| part.id));
    for target in &parts[1..] {
        ready.store.set_values(*target, [("slot", "B")]).unwrap();
    }
    assert_eq!(again().len(), 1);
    ready.store.set_values(parts[0], [("slot", "B")]).unwrap();
    ready.store.create_contract(ready.of_package(package)).unwrap();
    // One value in two of a package's commits is none that contracts can have where it is unique.
    ready.store.remove_key(ManagedEntity::PackageCredit, "slot").unwrap();
    ready.store.add_key(ManagedEntity::PackageCredit, "slot", KeyKind::Unindexed).unwrap();
    let credit = || CreateCredit { custom_fields: [("slot", "C")].into(), ..ready.welcome(1) };
    let twice = CreatePackage { credits: vec![credit(), credit()], ..ready.plan("Twice") };
    let twice = ready.store.create_package(twice).unwrap();
    assert_eq!(ready.refused(|store| store.create_contract(ready.of_package(twice))).len(), 1);
}

#[test]
fn what_is_said_beside_a_package_is_refused_by_name_and_all_at_once() {
    let ready = ready();
    let package = full(&ready);
    let said = CreateContract {
        package: Some(PackageChoice::Id(package)),
        name: Some("mine".into()),
        ending_before: Some(at("2025-11-01T00:00:00Z")),
        net_payment_terms_days: Some(30.into()),
        multiplier_override_prioritization: Some(OverridePrioritization::Explicit),
        scheduled_charges_on_usage_invoices: Some(ConsolidatedCharges::All),
        usage_filter: Some(UsageFilter::new("region", ["EU"], day(1))),
        usage_statement_schedule: Some(CreateStatementSchedule::default()),
        netsuite_sales_order_id: Some("1".into()),
        salesforce_opportunity_id: Some("1".into()),
        total_contract_value: Some(1.into()),
        settings: ContractSettings {
            hierarchy: Some(Hierarchy::Parent { invoice_consolidation_type: None }),
            ..Default::default()
        },
        ..ready.with_every_part("A")
    };
    let told = ready.refused(|store| store.create_contract(said));
    let rule = "the package that the contract is made of says it";
    assert!(told.iter().all(|fault| fault.ends_with(rule)), "{told:#?}");
    assert_eq!(
        fields(&told),
        [
            "name",
            "rate_card_id",
            "ending_before",
            "net_payment_terms_days",
            "multiplier_override_prioritization",
            "scheduled_charges_on_usage_invoices",
            "usage_filter",
            "usage_statement_schedule",
            "netsuite_sales_order_id",
            "salesforce_opportunity_id",
            "total_contract_value",
            "commits",
            "credits",
            "recurring_commits",
            "recurring_credits",
            "overrides",
            "scheduled_charges",
            "discounts",
            "professional_services",
            "subscriptions",
            "hierarchy_configuration",
        ]
    );
    // Nothing is judged of what is refused whole, and a package that there is not is told besides.
    let mut beside = CreateContract { commits: vec![ready.commit(-1)], ..ready.with_every_part("A") };
    beside.package = Some(PackageChoice::Alias("nobody".into()));
    let told = ready.refused(|store| store.create_contract(beside));
    let (unknown, beside) = told.split_last().unwrap();
    assert!(beside.len() == 10 && beside.iter().all(|fault| fault.ends_with(rule)), "{told:#?}");
    assert_eq!(unknown, "package_alias: \"nobody\" leads to nothing");
    let card = Some(CardChoice::Alias("base_usage_products".into()));
    let alias = CreateContract { rate_card: card, ..ready.of_package(package) };
    assert_eq!(fields(&ready.refused(|store| store.create_contract(alias))), ["rate_card_alias"]);
}

#[test]
fn what_is_said_with_a_package_is_the_contracts_own() {
    let ready = ready();
    let package = full(&ready);
    let said = || CreateContract {
        uniqueness_key: Some("k".into()),
        custom_fields: [("slot", "A"), ("note", "told")].into(),
        ..ready.of_package(package)
    };
    let id = ready.store.create_contract(said()).unwrap();
    assert_eq!(ready.store.contract_by_key("k").unwrap(), Some(id));
    assert_eq!(ready.store.find("slot", "A").unwrap(), Some(id));
    let read = ready.store.contract(id).unwrap();
    assert_eq!((read.origin.package_id, read.origin.starting_at), (Some(package), day(1)));
    assert_eq!(read.origin.rate_card_id, Some(ready.card));
    let unknown = CustomerId::from(Uuid::from_u128(9));
    let again = CreateContract { customer_id: unknown, ..said() };
    let told = ready.refused(|store| store.create_contract(again));
    assert_eq!(told.len(), 3, "the customer, the key and the value: {told:#?}");
}

#[test]
fn packages_and_cards_are_those_that_an_alias_leads_to_at_the_contracts_start() {
    let ready = ready();
    let from = |name: &str, from: u32| {
        let starting_at = Some(day(from));
        ScheduledAlias { name: name.into(), starting_at, ending_before: None }
    };
    let card = CreateRateCard { aliases: vec![from("base_usage_products", 20)], ..Default::default() };
    let later_card = ready.store.create_rate_card(card).unwrap();
    let plan = |alias: ScheduledAlias| {
        let mut plan = ready.plan("Starter");
        plan.terms.rate_card = Some(CardChoice::Alias("base_usage_products".into()));
        plan.aliases = vec![alias];
        ready.store.create_package(plan).unwrap()
    };
    let (old, new) = (plan(from("starter", 5)), plan(from("starter", 10)));
    let starting = |start: u32| {
        let package = Some(PackageChoice::Alias("starter".into()));
        let request = CreateContract { package, ..CreateContract::new(ready.customer, day(start)) };
        let id = ready.store.create_contract(request)?;
        let origin = ready.store.contract(id)?.origin;
        Ok::<_, Error>((origin.package_id, origin.rate_card_id))
    };
    assert_eq!(fields(&[fault(starting(4)).to_string()]), ["package_alias"]);
    assert_eq!(starting(5).unwrap(), (Some(old), Some(ready.card)));
    assert_eq!(starting(10).unwrap(), (Some(new), Some(ready.card)));
    assert_eq!(starting(20).unwrap(), (Some(new), Some(later_card)));
    // An archived one keeps its alias, and makes no contracts.
    ready.store.archive_package(new).unwrap();
    let told = fault(starting(10)).to_string();
    assert!(told.starts_with("package_alias: ") && told.contains("archived"), "{told}");
    let told = fault(ready.store.create_contract(ready.of_package(new))).to_string();
    assert!(told.starts_with("package_id: "), "{told}");
    assert_eq!(starting(9).unwrap(), (Some(old), Some(ready.card)));
    let unknown = PackageId::from(Uuid::from_u128(9));
    let told = fault(ready.store.create_contract(ready.of_package(unknown)));
    assert_eq!(told, Fault::PackageNotFound { package: unknown });
}

#[test]
fn a_contract_goes_on_as_a_package_and_a_packages_contract_goes_on() {
    let ready = ready();
    let rolling = |mut commit: CreateCommit| {
        commit.terms.rollover_fraction = Some("0.5".parse().unwrap());
        commit
    };
    let old = CreateContract { commits: vec![rolling(ready.commit(1_000))], ..ready.plain() };
    let old = ready.store.create_contract(old).unwrap();
    let mut plan = ready.full_plan(&told());
    plan.commits[0].terms.rollover_fraction = Some("0.1".parse().unwrap());
    let package = ready.store.create_package(plan).unwrap();
    let renewal = |from: ContractId| Some(Renewal { from_contract_id: from, trueup: None });
    let onto = CreateContract {
        transition: renewal(old),
        starting_at: at("2025-02-01T00:00:00Z"),
        ..ready.of_package(package)
    };
    let middle = ready.store.create_contract(onto).unwrap();
    let read = ready.store.contract(middle).unwrap();
    assert_eq!((read.origin.renewal_of, read.origin.package_id), (Some(old), Some(package)));
    assert_eq!(read.commits.len(), 2, "the package's, and what is left of the old one's");
    let ended = ready.store.contract(old).unwrap().terms;
    assert_eq!((ended.ending_before, ended.renewed_by), (Some(at("2025-02-01T00:00:00Z")), Some(middle)));

    let onward = CreateContract {
        transition: renewal(middle),
        starting_at: at("2025-06-01T00:00:00Z"),
        ..ready.plain()
    };
    let last = ready.store.contract(ready.store.create_contract(onward).unwrap()).unwrap();
    assert_eq!(last.origin.package_id, None);
    let amounts: Vec<_> = last.commits[0].access_schedule.schedule_items.iter().collect();
    assert_eq!(amounts[0].amount, 10.into(), "a tenth of 100");
    let listed = ready.store.package_contracts(package, &ContractFilter::default(), &PageRequest::default());
    let [found] = listed.unwrap().items[..] else { panic!("one contract is of the package") };
    assert_eq!((found.contract_id, found.ending_before), (middle, Some(at("2025-06-01T00:00:00Z"))));
}

#[test]
fn what_a_package_charges_is_on_the_contracts_invoices() {
    let ready = ready();
    let charge = |items: [CreateInvoiceItem<RelativeDate>; 3]| CreateScheduledCharge {
        schedule: items.into(),
        ..ready.set_up(0)
    };
    let dates = [
        item(RelativeDate::at_start(), 500),
        item(RelativeDate::months(1), 600),
        item(RelativeDate::years(1), 700),
    ];
    let mut plan = CreatePackage { scheduled_charges: vec![charge(dates)], ..ready.plan("Charged") };
    plan.terms.rate_card = None;
    plan.terms.duration = Some(RelativeDate::years(1));
    let package = ready.store.create_package(plan).unwrap();
    let start = at("2025-01-31T00:00:00Z");
    let contract = CreateContract { starting_at: start, ..ready.of_package(package) };
    let contract = ready.store.create_contract(contract).unwrap();
    ready.clock.set(at("2025-03-01T00:00:00Z"));
    let mut dates = table(&ready.store, contract, at("2027-01-01T00:00:00Z"));
    dates.retain(|row| row.contains("SCHEDULED"));
    assert_eq!(
        dates,
        [
            "2025-01-31 SCHEDULED FINALIZED 1 500",
            "2025-02-28 SCHEDULED FINALIZED 1 600",
            "2026-01-31 SCHEDULED DRAFT 1 700"
        ]
    );
}

#[test]
fn a_contract_of_a_package_is_edited_like_any_other() {
    let ready = ready();
    let package = full(&ready);
    let before = ready.store.package(package).unwrap();
    let id = ready.store.create_contract(ready.of_package(package)).unwrap();
    let read = ready.store.contract(id).unwrap();
    let updates = PartUpdates {
        archive_credits: vec![read.credits[0].id],
        remove_overrides: vec![read.overrides[0].id],
        ..Default::default()
    };
    let edit = EditContract {
        update_contract_name: Some(Some("mine".into())),
        update_contract_end_date: Some(Some(at("2025-05-01T00:00:00Z"))),
        add_commits: vec![CreateCommit::prepaid(BalanceTerms::new(ready.fixed), year(7))],
        updates,
        ..Default::default()
    };
    ready.clock.set(day(2));
    ready.store.edit_contract(id, edit).unwrap();
    ready.store.archive(read.commits[0].id).unwrap();
    let edited = ready.store.contract(id).unwrap();
    assert_eq!(edited.origin, read.origin);
    assert_eq!((edited.commits.len(), edited.overrides.len()), (2, 0));
    assert_eq!(edited.terms.name.as_deref(), Some("mine"));
    assert_eq!(ready.store.contract_as_of(id, day(1)).unwrap().commits.len(), 1);
    assert_eq!(ready.store.package(package).unwrap(), before);
    let other = ready.store.create_contract(ready.of_package(package)).unwrap();
    assert_eq!(ready.store.contract(other).unwrap().terms.name, None);
}

#[test]
fn the_contracts_of_a_package_are_listed_while_they_are_there() {
    let ready = ready();
    let mut plan = ready.plan("Listed");
    plan.terms.duration = Some(RelativeDate::days(10));
    let package = ready.store.create_package(plan).unwrap();
    let others = full(&ready);
    let second = ready.store.create_customer(CreateCustomer::default()).unwrap();
    let starting = |customer_id: CustomerId, start: u32, package: PackageId| {
        let contract = CreateContract { customer_id, starting_at: day(start), ..ready.of_package(package) };
        ready.store.create_contract(contract).unwrap()
    };
    let [a, b, c, d] = [(ready.customer, 1), (second, 5), (ready.customer, 9), (second, 15)]
        .map(|(customer, start)| starting(customer, start, package));
    starting(second, 5, others);
    ready.store.create_contract(ready.plain()).unwrap();
    let listed = |filter: &ContractFilter| {
        let found = every(2, |page| ready.store.package_contracts(package, filter, page));
        found.into_iter().map(|found| found.contract_id).collect::<Vec<_>>()
    };
    let from = |start: u32| ContractFilter { starting_at: Some(day(start)), ..Default::default() };
    let on = |date: u32| ContractFilter { covering_date: Some(day(date)), ..Default::default() };
    let all = ContractFilter { include_archived: true, ..Default::default() };
    assert_eq!(listed(&ContractFilter::default()), [a, b, c, d]);
    assert_eq!((listed(&from(5)), listed(&from(16))), (vec![b, c, d], vec![]));
    assert_eq!((listed(&on(9)), listed(&on(11)), listed(&on(25))), (vec![a, b, c], vec![b, c], vec![]));
    let both = ContractFilter { starting_at: Some(day(1)), ..on(1) };
    let told = ready.refused(|store| store.package_contracts(package, &both, &PageRequest::default()));
    assert_eq!(fields(&told), ["covering_date"]);
    let unknown = PackageId::from(Uuid::from_u128(9));
    let told = faults(ready.store.package_contracts(unknown, &both, &PageRequest::first(0)));
    assert_eq!(told.len(), 3, "{told:?}");

    ready.store.archive_contract(b).unwrap();
    assert_eq!((listed(&ContractFilter::default()), listed(&all)), (vec![a, c, d], vec![a, b, c, d]));
    ready.store.archive_package(package).unwrap();
    assert_eq!(listed(&all), [a, b, c, d], "those of an archived package stay on its list");
    let short = ready.store.package_contracts(package, &all, &PageRequest::first(2)).unwrap();
    let summary = (short.items[1].customer_id, short.items[1].starting_at, short.items[1].archived_at);
    assert_eq!(summary, (second, day(5), Some(ready.clock.now())));

    ready.store.forget(c).unwrap();
    assert_eq!(listed(&all), [a, b, d]);
    ready.store.forget(second).unwrap();
    assert_eq!(listed(&all), [a]);
    ready.store.archive(ready.customer).unwrap();
    assert_eq!((listed(&ContractFilter::default()), listed(&all)), (vec![], vec![a]));
}
