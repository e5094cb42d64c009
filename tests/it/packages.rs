//! Packages: making, reading, naming, listing and archiving them.

use billfold::prelude::*;
use billfold::{PackageId, Part};
use uuid::Uuid;

use crate::support::catalog::{at, everything};
use crate::support::ready::{MADE, Ready, fields};
use crate::support::template::{PACKAGE_PARTS, ready, segment, with_keys};
use crate::support::{every, fault};

/// Midnight of that day of November 2024.
fn day(day: u32) -> Time {
    at(&format!("2024-11-{day:02}T00:00:00Z"))
}

/// The alias `starter` for these days of November 2024; 0 is no limit.
fn alias(from: u32, to: u32) -> ScheduledAlias {
    let some = |n: u32| (n > 0).then(|| day(n));
    ScheduledAlias { name: "starter".into(), starting_at: some(from), ending_before: some(to) }
}

fn named(ready: &Ready, name: &str, aliases: &[ScheduledAlias]) -> PackageId {
    ready.store.create_package(CreatePackage { aliases: aliases.to_vec(), ..ready.plan(name) }).unwrap()
}

/// The parts of a package that have values: one of each kind.
fn instances(package: &Package) -> [EntityRef; 4] {
    [
        package.commits[0].id.into(),
        package.credits[0].id.into(),
        package.scheduled_charges[0].id.into(),
        package.subscriptions[0].id.into(),
    ]
}

fn parts<I, T: Clone>(parts: &[Part<I, T>]) -> Vec<T> {
    parts.iter().map(|part| part.part.clone()).collect()
}

#[test]
fn a_package_is_read_back_as_it_was_made() {
    let ready = ready();
    let terms = PackageTerms {
        contract_name: Some("A year of it".into()),
        uniqueness_key: Some("full-2024".into()),
        rate_card: Some(CardChoice::Alias("base_usage_products".into())),
        duration: Some(RelativeDate::years(1)),
        net_payment_terms_days: Some(30.into()),
        multiplier_override_prioritization: Some(OverridePrioritization::LowestMultiplier),
        scheduled_charges_on_usage_invoices: Some(ConsolidatedCharges::All),
        usage_statement_schedule: Some(CreateStatementSchedule {
            day: StatementDay::ContractStart,
            invoice_generation_starting_at: Some(RelativeDate::months(1)),
            ..Default::default()
        }),
        settings: ContractSettings {
            billing_provider: Some(BillingProviderConfiguration::from(ConfigurationChoice::Of {
                provider: BillingProvider::Stripe,
                delivery_method: DeliveryMethod::DirectToBillingProvider,
            })),
            ..Default::default()
        },
        ..PackageTerms::new("Full plan")
    };
    let asked = CreatePackage {
        terms: terms.clone(),
        aliases: vec![alias(1, 9), ScheduledAlias::from("full")],
        ..ready.full_plan(&CustomFields::default())
    };
    let about = About { actor: Some("sales".into()), reason: None };
    let id = ready.store.write_as(about, |tx| tx.create_package(asked.clone())).unwrap();

    let package = ready.store.package(id).unwrap();
    assert_eq!((package.id, &package.terms, &package.aliases), (id, &terms, &asked.aliases));
    assert_eq!(parts(&package.commits), asked.commits);
    assert_eq!(parts(&package.credits), asked.credits);
    assert_eq!(parts(&package.recurring_commits), asked.recurring_commits);
    assert_eq!(parts(&package.recurring_credits), asked.recurring_credits);
    assert_eq!(parts(&package.overrides), asked.overrides);
    assert_eq!(parts(&package.scheduled_charges), asked.scheduled_charges);
    assert_eq!(parts(&package.subscriptions), asked.subscriptions);
    assert_eq!((package.created_at, package.created_by.as_deref()), (at(MADE), Some("sales")));
    assert_eq!(package.archived_at, None);

    let bare = ready.store.create_package(CreatePackage::from(PackageTerms::new("Bare"))).unwrap();
    let package = ready.store.package(bare).unwrap();
    assert_eq!((package.terms, package.created_by), (PackageTerms::new("Bare"), None));
    let unknown = PackageId::from(Uuid::from_u128(1));
    assert_eq!(fault(ready.store.package(unknown)), Fault::PackageNotFound { package: unknown });
}

#[test]
fn values_of_its_parts_find_them_and_stand_beside_them() {
    let ready = ready();
    let values = CustomFields::from([("slot", "A"), ("note", "told")]);
    let id = ready.store.create_package(ready.full_plan(&values)).unwrap();
    let package = ready.store.package(id).unwrap();
    let page = PageRequest::default();
    for target in instances(&package) {
        assert_eq!(ready.store.find_ref(target.entity, "slot", "A").unwrap(), Some(target));
        assert_eq!(ready.store.find_all_ref(target.entity, "note", "told", &page).unwrap().items, [target]);
        assert_eq!(ready.store.value(target, "note").unwrap().as_deref(), Some("told"));
    }
    let found: Option<PackageCommitId> = ready.store.find("slot", "A").unwrap();
    assert_eq!(found, Some(package.commits[0].id));
    let expected = [("note".to_owned(), "told".to_owned()), ("slot".to_owned(), "A".to_owned())].into();
    assert_eq!(package.commits[0].custom_fields, expected);
    assert_eq!(package.credits[0].custom_fields, expected);
    assert_eq!(package.scheduled_charges[0].custom_fields, expected);
    assert_eq!(package.subscriptions[0].custom_fields, expected);
    assert!(package.overrides[0].custom_fields.is_empty(), "overrides have none");
    let listed = ready.store.packages(ArchiveFilter::All, &page).unwrap().items;
    assert_eq!(listed, [package], "a list has the values too");

    // A value is unique among the parts of all packages, and of one.
    let valued = |slot: &str| CreateCommit { custom_fields: [("slot", slot)].into(), ..ready.year_long(1) };
    let with = |commits: Vec<CreateCommit<RelativeDate>>| CreatePackage { commits, ..ready.plan("More") };
    let told = fault(ready.store.create_package(with(vec![valued("B"), valued("A")])));
    assert!(matches!(&told, Fault::ValueTaken { holder, .. } if *holder == listed[0].commits[0].id.uuid()));
    ready.refused(|store| store.create_package(with(vec![valued("C"), valued("C")])));
    ready.store.create_package(with(vec![valued("B"), valued("C")])).unwrap();
}

#[test]
fn a_package_and_its_values_are_fixed() {
    let ready = ready();
    let values = CustomFields::from([("slot", "A"), ("note", "told")]);
    let id = ready.store.create_package(ready.full_plan(&values)).unwrap();
    let package = ready.store.package(id).unwrap();
    let before = everything(&ready.store);
    for target in instances(&package) {
        let fields = [("note", "changed")];
        for told in [
            fault(ready.store.set_values(target, fields)),
            fault(ready.store.set_values_if(target, fields, &[])),
            fault(ready.store.set_many([(target, fields)])),
            fault(ready.store.replace_values(target, fields)),
            fault(ready.store.delete_values(target, ["note"])),
        ] {
            assert_eq!(told, Fault::FieldsOfAPackage { target });
            assert!(told.to_string().ends_with("Setting package managed fields is not yet supported"));
        }
        let stays = Fault::PartOfAPackage { target, package: id };
        assert_eq!(fault(ready.store.archive(target)), stays);
        assert_eq!(fault(ready.store.forget(target)), stays);
        assert!(stays.to_string().contains(&id.to_string()));
    }
    assert_eq!(everything(&ready.store), before);

    // A key that goes takes its values along, here as anywhere.
    ready.store.remove_key(ManagedEntity::PackageCommit, "note").unwrap();
    let package = ready.store.package(id).unwrap();
    assert_eq!(package.commits[0].custom_fields, [("slot".to_owned(), "A".to_owned())].into());
    assert_eq!(package.credits[0].custom_fields["note"], "told");
}

#[test]
fn packages_are_listed_in_the_order_they_were_made_in() {
    let ready = ready();
    let ids: Vec<_> = (0..7).map(|n| named(&ready, &format!("Plan {n}"), &[])).collect();
    for place in [1, 4, 6] {
        ready.store.archive_package(ids[place]).unwrap();
    }
    let listed = |filter| {
        let found = every(2, |page| ready.store.packages(filter, page));
        found.into_iter().map(|package| package.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(ArchiveFilter::NotArchived), [ids[0], ids[2], ids[3], ids[5]]);
    assert_eq!(listed(ArchiveFilter::Archived), [ids[1], ids[4], ids[6]]);
    assert_eq!(listed(ArchiveFilter::All), ids);

    let first = ready.store.packages(ArchiveFilter::All, &PageRequest::first(2)).unwrap();
    let cursor = || PageRequest::after(first.next.clone().unwrap(), 2);
    let archived = ready.store.packages(ArchiveFilter::Archived, &cursor());
    assert_eq!(fault(archived), Fault::CursorOfAnotherQuestion);
    let elsewhere = ready.store.package_contracts(ids[0], &ContractFilter::default(), &cursor());
    assert_eq!(fault(elsewhere), Fault::CursorOfAnotherQuestion);
    for limit in [0, 1_001] {
        let told = fault(ready.store.packages(ArchiveFilter::All, &PageRequest::first(limit)));
        assert!(told.to_string().contains("1000"), "{told}");
    }
}

#[test]
fn an_archived_package_can_be_read_and_keeps_its_names() {
    let ready = ready();
    let terms = PackageTerms { uniqueness_key: Some("once".into()), ..PackageTerms::new("Old") };
    let package = CreatePackage { aliases: vec!["starter".into()], ..CreatePackage::from(terms) };
    let id = ready.store.create_package(package).unwrap();
    let before = ready.store.package(id).unwrap();
    ready.clock.set(day(5));
    ready.store.archive_package(id).unwrap();
    let after = ready.store.package(id).unwrap();
    assert_eq!(after, {
        let mut archived = before;
        archived.archived_at = Some(day(5));
        archived
    });
    assert_eq!(ready.store.package_by_alias("starter", day(9)).unwrap(), Some(id));
    assert_eq!(ready.store.package_by_key("once").unwrap(), Some(id));

    ready.clock.set(day(6));
    assert_eq!(fault(ready.store.archive_package(id)), Fault::PackageArchived { package: id });
    assert_eq!(ready.store.package(id).unwrap(), after, "the first moment stays");
    let unknown = PackageId::from(Uuid::from_u128(1));
    assert_eq!(fault(ready.store.archive_package(unknown)), Fault::PackageNotFound { package: unknown });
    // Another one can still have the name.
    let new = named(&ready, "New", &["starter".into()]);
    assert_eq!(ready.store.package_by_alias("starter", day(9)).unwrap(), Some(new));
    assert!(ready.store.package(id).unwrap().aliases.is_empty());
}

#[test]
fn a_new_package_takes_a_name_from_a_moment_on() {
    let ready = ready();
    let leads = |at: u32| ready.store.package_by_alias("starter", day(at)).unwrap();
    let aliases = |id| ready.store.package(id).unwrap().aliases;
    let first = named(&ready, "First", &[alias(0, 0), ScheduledAlias::from("base")]);
    assert_eq!((leads(1), leads(30)), (Some(first), Some(first)));
    let second = named(&ready, "Second", &[alias(10, 0)]);
    assert_eq!((leads(9), leads(10)), (Some(first), Some(second)));
    assert_eq!(aliases(first), [alias(0, 10), ScheduledAlias::from("base")]);
    // For a while: it comes back to nobody.
    let third = named(&ready, "Third", &[alias(15, 20)]);
    assert_eq!((leads(14), leads(15), leads(19), leads(20)), (Some(second), Some(third), Some(third), None));
    assert_eq!((aliases(second), aliases(third)), (vec![alias(10, 15)], vec![alias(15, 20)]));
    // Over the ends of two, for two times of its own.
    let fourth = named(&ready, "Fourth", &[alias(5, 8), alias(12, 17)]);
    let days = [4, 5, 8, 11, 12, 16, 17, 18].map(leads);
    assert_eq!(days, [Some(first), Some(fourth), None, Some(second), Some(fourth), Some(fourth), None, None]);
    assert_eq!(aliases(first), [alias(0, 5), ScheduledAlias::from("base")]);
    assert_eq!((aliases(second), aliases(third)), (vec![alias(10, 12)], vec![]));
    assert_eq!(ready.store.package_by_alias("base", day(1)).unwrap(), Some(first));
    assert_eq!(ready.store.package_by_alias("Starter", day(1)).unwrap(), None);

    // A name of a rate card is another one.
    assert_eq!(ready.store.package_by_alias("base_usage_products", day(1)).unwrap(), None);
    assert_eq!(ready.store.rate_card_by_alias("starter", day(1)).unwrap(), None);
}

#[test]
fn a_uniqueness_key_makes_one_package_and_no_more() {
    let ready = ready();
    let with = |key: &str| {
        let mut plan = ready.plan("Keyed");
        plan.terms.uniqueness_key = Some(key.to_owned());
        plan
    };
    let id = ready.store.create_package(with("k")).unwrap();
    let told = fault(ready.store.create_package(with("k")));
    assert_eq!(told, Fault::UniquenessKeyUsed { key: "k".into(), conflicting_id: id.into() });
    assert_eq!(told.kind(), ErrorKind::Conflict);
    assert_eq!(ready.store.package_by_key("k").unwrap(), Some(id));
    assert_eq!(ready.store.package_by_key("K").unwrap(), None);
    // Keys of contracts are others.
    let contract = CreateContract { uniqueness_key: Some("k".into()), ..ready.of_package(id) };
    ready.store.create_contract(contract).unwrap();
    ready.store.create_package(with(&"k".repeat(128))).unwrap();
    ready.refused(|store| store.create_package(with(&"k".repeat(129))));
    ready.refused(|store| store.create_package(with("")));
}

#[test]
fn a_package_that_is_taken_back_was_never_there() {
    let ready = ready();
    let held = ready.store.snapshot().unwrap();
    let plan = || CreatePackage {
        aliases: vec!["starter".into()],
        ..ready.full_plan(&[("slot", "A"), ("note", "told")].into())
    };
    let before = everything(&ready.store);
    let stopped: Result<(), _> = ready.store.write(|tx| {
        let id = tx.create_package(plan())?;
        assert_eq!(tx.package_by_alias("starter", day(1))?, Some(id));
        let contract = tx.create_contract(ready.of_package(id))?;
        tx.archive_package(id)?;
        assert_eq!(
            tx.package_contracts(id, &ContractFilter::default(), &PageRequest::default())?.items.len(),
            1
        );
        assert!(tx.contract(contract)?.commits[0].custom_fields.contains_key("slot"));
        Err(Error::stop("not today"))
    });
    assert!(matches!(stopped, Err(Error::Stopped(_))));
    assert_eq!(everything(&ready.store), before);
    assert_eq!(ready.store.package_by_alias("starter", day(1)).unwrap(), None);
    let rehearsed = ready.store.dry_run(|tx| tx.create_package(plan())).unwrap();
    assert_eq!(fault(ready.store.package(rehearsed)), Fault::PackageNotFound { package: rehearsed });

    let id = ready.store.create_package(plan()).unwrap();
    let shown = ready.store.snapshot().unwrap();
    ready.store.archive_package(id).unwrap();
    named(&ready, "Next", &["starter".into()]);
    assert_eq!(fault(held.package(id)), Fault::PackageNotFound { package: id });
    let then = shown.package(id).unwrap();
    assert_eq!((then.archived_at, then.aliases.as_slice()), (None, ["starter".into()].as_slice()));
    assert_eq!(shown.package_by_alias("starter", day(1)).unwrap(), Some(id));
}

#[test]
fn a_file_that_is_opened_again_has_its_packages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let clock = SetClock::default();
    clock.set(at(MADE));
    let open = || StoreOptions::new().clock_from(&clock).open(&path).unwrap();
    let store = open();
    for entity in crate::support::ready::PARTS {
        store.add_key(entity, "note", KeyKind::Indexed).unwrap();
        store.add_key(entity, "slot", KeyKind::Enforced).unwrap();
    }
    with_keys(&store);
    let ready = Ready::on(store, clock.clone(), at("2024-01-01T00:00:00Z"), [30, 2_000]);
    let mut plan = ready.full_plan(&[("slot", "A"), ("note", "told")].into());
    plan.terms.uniqueness_key = Some("k".into());
    plan.aliases = vec![alias(1, 0)];
    let id = ready.store.create_package(plan).unwrap();
    let contract = ready.store.create_contract(ready.of_package(id)).unwrap();
    let (package, made) = (ready.store.package(id).unwrap(), ready.store.contract(contract).unwrap());
    let request = ready.of_package(id);
    ready.store.close().unwrap();

    let store = open();
    assert_eq!(store.package(id).unwrap(), package);
    assert_eq!(store.contract(contract).unwrap(), made);
    assert_eq!(store.package_by_alias("starter", day(1)).unwrap(), Some(id));
    assert_eq!(store.package_by_alias("starter", at(MADE)).unwrap(), None);
    assert_eq!(store.package_by_key("k").unwrap(), Some(id));
    for (entity, target) in PACKAGE_PARTS.into_iter().zip(instances(&package)) {
        assert_eq!(store.find_ref(entity, "slot", "A").unwrap(), Some(target));
    }
    let listed = store.package_contracts(id, &ContractFilter::default(), &PageRequest::default()).unwrap();
    assert_eq!(listed.items.len(), 1);
    // Its unique values are the first contract's now; one that lost them leaves room for the next.
    store.forget(contract).unwrap();
    store.create_contract(request).unwrap();
    store.archive_package(id).unwrap();
    store.close().unwrap();
    let store = open();
    assert_eq!(store.package(id).unwrap().archived_at, Some(at(MADE)));
    store.close().unwrap();
}

#[test]
fn a_package_has_a_largest_size() {
    let ready = ready();
    ready.store.create_package(ready.plan(&"\u{1F4B0}".repeat(1_000))).unwrap();
    let refused = |package| ready.refused(|store| store.create_package(package));
    assert_eq!(fields(&refused(ready.plan(&"n".repeat(1_001)))), ["name"]);
    let charges = |count: usize, name: usize| CreatePackage {
        scheduled_charges: (0..count)
            .map(|_| CreateScheduledCharge { name: Some("n".repeat(name)), ..ready.set_up(1) })
            .collect(),
        ..ready.plan("Large")
    };
    let id = ready.store.create_package(charges(1_000, 900)).unwrap();
    assert_eq!(ready.store.package(id).unwrap().scheduled_charges.len(), 1_000);
    assert_eq!(fields(&refused(charges(1_001, 1))), ["scheduled_charges"]);
    let told = refused(charges(1_000, 1_000));
    assert!(told.len() == 1 && told[0].contains("1 MiB"), "{told:?}");
    // A part that fits into the package, but is too large with the dates it gets.
    let mut commit = ready.year_long(1);
    commit.terms.applies_to.product_tags = (0..1_000).map(|n| format!("{n:0>1020}")).collect();
    commit.access_schedule.schedule_items =
        vec![segment(1, RelativeDate::at_start(), RelativeDate::days(1)); 1_000];
    let told = refused(CreatePackage { commits: vec![commit], ..ready.plan("Tight") });
    assert!(told.len() == 1 && told[0].starts_with("commits[0]: "), "{}", told[0].len());
}
