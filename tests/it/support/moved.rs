//! Stores with something of everything, and what comes of moving them.

use std::time::Duration;

use billfold::prelude::*;
use billfold::{Import, ImportReport};

use super::catalog::at;
use super::provisioned::{self, Provisioned, day};
use super::template;
use super::{contract, customer, whole};

/// The lines of everything that a store holds.
pub fn exported(store: &Store) -> String {
    let mut lines = Vec::new();
    store.export(&mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

/// A store in memory with what these lines say, whose ids are counted.
#[track_caller]
pub fn imported(lines: &str, clock: &SetClock) -> Store {
    let store = StoreOptions::new().id_source(IdSource::Counted).clock_from(clock).in_memory().unwrap();
    store.import(lines.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    store
}

/// What an import leaves out, which is to take what is good.
pub fn best_effort(store: &Store, lines: &str) -> ImportReport {
    Import::into(store).best_effort(true).read(lines.as_bytes()).unwrap()
}

/// A store that is moved gives the same lines again, and is whole.
#[track_caller]
pub fn comes_out_again(store: &Store) {
    let lines = exported(store);
    let other = Store::in_memory().unwrap();
    other.import(lines.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{lines}"));
    billfold::assert_same(store, &other);
    assert_eq!(exported(&other), lines);
    whole(&other);
    let nothing = other.import(lines.as_bytes()).unwrap();
    assert_eq!((nothing.added, nothing.changed), (0, 0));
}

const KEYED: [ManagedEntity; 7] = [
    ManagedEntity::Contract,
    ManagedEntity::Commit,
    ManagedEntity::ContractCredit,
    ManagedEntity::ScheduledCharge,
    ManagedEntity::Discount,
    ManagedEntity::ProfessionalService,
    ManagedEntity::Subscription,
];

/// A year of a customer's life with something of everything in it; the clock stands at 10 April 2025.
pub fn rich() -> Provisioned {
    let clock = SetClock::default();
    rich_on(rich_options(&clock).in_memory().unwrap(), clock)
}

/// What that store is opened with.
pub fn rich_options(clock: &SetClock) -> StoreOptions {
    clock.set(day("01-01"));
    StoreOptions::new().id_source(IdSource::Counted).clock_from(clock)
}

/// The same in that store, which goes by that clock.
pub fn rich_on(store: Store, clock: SetClock) -> Provisioned {
    for entity in KEYED {
        store.add_key(entity, "slot", KeyKind::Enforced).unwrap();
        store.add_key(entity, "note", KeyKind::Indexed).unwrap();
    }
    template::with_keys(&store);
    let here = provisioned::on(store, clock);
    customers(&here);
    contracts(&here);
    packages(&here);
    around(&here);
    // The last id is that of something that stays, so that both stores count on from it.
    here.store.create_customer(CreateCustomer::default()).unwrap();
    here
}

/// Keys of all rules, one of them removed and registered again, and customers that hold, released and lost values.
fn customers(here: &Provisioned) {
    let store = &here.store;
    let email = KeyRules {
        comparison: Comparison::CaseFolded,
        archived: ArchivedHolders::Release,
        ..KeyRules::from(KeyKind::Enforced)
    };
    store.add_key(ManagedEntity::Customer, "gone", KeyKind::Enforced).unwrap();
    store.add_key(ManagedEntity::Customer, "memo", KeyKind::Unindexed).unwrap();
    store.add_key(ManagedEntity::Customer, "email", email).unwrap();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    store
        .set_values(here.customer, [("gone", "once"), ("memo", "\u{1F4B0}\n\"\\\u{0}"), ("tier", "")])
        .unwrap();
    store.remove_key(ManagedEntity::Customer, "gone").unwrap();
    store.add_key(ManagedEntity::Customer, "gone", KeyKind::Indexed).unwrap();
    for number in 1..=4 {
        store.adopt(customer(number)).unwrap();
    }
    store.adopt(contract(7)).unwrap();
    store.set_values(contract(7), [("slot", "of a contract that was taken in")]).unwrap();
    // The one that let go comes before one holder in the order of ids, and behind another.
    store.set_values(customer(2), [("email", "Ann@Example.com"), ("tier", "gold")]).unwrap();
    store.archive(customer(2)).unwrap();
    store.set_values(customer(1), [("email", "ann@example.COM")]).unwrap();
    store.archive(customer(1)).unwrap();
    store.set_values(customer(4), [("email", "aNN@example.com")]).unwrap();
    store.archive(customer(4)).unwrap();
    store.set_values(customer(3), [("email", "ANN@example.com")]).unwrap();
    store.adopt(customer(9)).unwrap();
    store.forget(customer(9)).unwrap();
    let aliased = CreateCustomer {
        name: "Alias".into(),
        ingest_aliases: vec!["an alias".into(), "another".into()],
        salesforce_account_id: Some("0015500001WO1ZiABL".into()),
        ..CreateCustomer::default()
    };
    store.create_customer(aliased).unwrap();
}

/// Edits of every kind, versions that are over, invoices that are settled by time and by hand, late charges.
fn contracts(here: &Provisioned) {
    let store = &here.store;
    let values = |slot: &str| CustomFields::from([("slot", slot), ("note", "told")]);
    store.set_values(here.contract, values("A")).unwrap();
    let mut every = here.with_every_part("B");
    every.uniqueness_key = Some("every part".into());
    let every = store.create_contract(every).unwrap();
    here.clock.set(day("01-20"));
    let edit = EditContract { uniqueness_key: Some("one of each".into()), ..here.one_of_each_from_march() };
    store.edit_contract(here.contract, edit).unwrap();
    let added = store.contract(here.contract).unwrap();
    here.clock.set(day("02-10"));
    let gone = PartUpdates { archive_credits: vec![added.credits[0].id], ..PartUpdates::default() };
    here.update(gone).unwrap();
    store.set_values(here.contract, [("note", "told again")]).unwrap();
    store.set_values(here.customer, [("tier", "gold"), ("memo", "new")]).unwrap();
    store.set_contract_end(here.contract, Some(day("10-01"))).unwrap();
    let question = InvoiceQuestion::through(day("07-01"));
    let invoices = store.invoices(here.contract, &question, &PageRequest::default()).unwrap().items;
    let drafts = invoices.iter().filter(|invoice| invoice.status == InvoiceStatus::Draft);
    let drafts: Vec<_> = drafts.map(|invoice| invoice.id).collect();
    store.finalize_invoice(drafts[0], &[]).unwrap();
    let done = invoices.iter().find(|invoice| invoice.status == InvoiceStatus::Finalized).unwrap();
    store.void_invoice(done.id).unwrap();
    let archived = store.create_contract(CreateContract::new(here.customer, day("01-01"))).unwrap();
    store.archive_contract(archived).unwrap();
    let forgotten = store.create_contract(CreateContract::new(here.customer, day("01-01"))).unwrap();
    store.forget(forgotten).unwrap();
    let level = CustomerLevel {
        invoice_contract_id: Some(every),
        uniqueness_key: Some("prepaid".into()),
        ..CustomerLevel::new(here.customer)
    };
    let (mut commit, mut credit) = (here.commit(), here.credit());
    (commit.terms.priority, credit.terms.priority) = (Some(1.into()), Some(2.into()));
    store.create_commit(level, commit).unwrap();
    let level = CustomerLevel { uniqueness_key: Some("gift".into()), ..CustomerLevel::new(here.customer) };
    store.create_credit(level, credit).unwrap();
    here.clock.set(day("04-10"));
    store
        .edit_contract(every, EditContract { add_discounts: vec![here.quarterly()], ..Default::default() })
        .unwrap();
}

fn packages(here: &Provisioned) {
    let mut plan = here.full_plan(&CustomFields::from([("slot", "P"), ("note", "told")]));
    plan.terms.uniqueness_key = Some("plan".into());
    let plan = here.store.create_package(plan).unwrap();
    here.store.set_values(here.contract, [("slot", "C")]).unwrap();
    let of_plan = CreateContract { starting_at: day("03-01"), ..here.of_package(plan) };
    here.store.create_contract(of_plan).unwrap();
    let old = here.store.create_package(here.plan("Old plan")).unwrap();
    here.store.archive_package(old).unwrap();
}

/// Alerts, rates that were replaced, products with updates, and a contract below another.
fn around(here: &Provisioned) {
    let store = &here.store;
    let alert = CreateAlert {
        uniqueness_key: Some("spent".into()),
        customer_id: Some(here.customer),
        ..CreateAlert::new(AlertType::InvoiceTotal, "spent", Amount::from(500))
    };
    store.create_alert(alert).unwrap();
    let over = CreateAlert::new(AlertType::InvoiceTotal, "over", Amount::from(5));
    let over = store.create_alert(over).unwrap();
    store.archive_alert(over, true).unwrap();
    for price in [110, 120] {
        here.clock.set(here.clock.now().after(Duration::from_secs(60)));
        store.add_rate(here.card, AddRate::new(here.cloud, day("01-01"), Rate::flat(price.into()))).unwrap();
    }
    let renamed = ProductChanges { name: Some("Renamed".into()), ..Default::default() };
    store.update_product(here.fixed, at("2025-05-01T00:00:00Z"), renamed).unwrap();
    let parent = Hierarchy::Parent { invoice_consolidation_type: None };
    let settings = ContractSettings { hierarchy: Some(parent), ..Default::default() };
    let plain = CreateContract::new(here.customer, day("01-01"));
    let parent = store.create_contract(CreateContract { settings, ..plain.clone() }).unwrap();
    let parent = HierarchyLink { contract_id: parent, customer_id: here.customer };
    let child = Hierarchy::Child { parent, payer: None, usage_statement_behavior: None };
    let settings = ContractSettings { hierarchy: Some(child), ..Default::default() };
    store.create_contract(CreateContract { settings, ..plain }).unwrap();
}

/// Everything that a store answers about what it holds, but for revisions, which are places in its own journal.
pub fn told(store: &Store) -> String {
    let page = PageRequest::first(1_000);
    let mut all = String::new();
    let mut tell = |what: &dyn std::fmt::Debug| all += &format!("{what:?}\n");
    for entity in ManagedEntity::ALL {
        let mut keys = store.keys(&[entity]).unwrap();
        keys.sort_by(|one, other| one.key.cmp(&other.key));
        tell(&keys);
        for Instance { id, archived, .. } in store.entities(entity, &page).unwrap().items {
            tell(&(id, archived, store.values(id).unwrap()));
        }
        for key in keys.iter().filter(|key| key.kind != KeyKind::Unindexed) {
            tell(&store.find_prefix_ref(entity, &key.key, "", &page).unwrap().items);
        }
    }
    tell(&store.customers(&CustomerFilter::default(), &page).unwrap());
    tell(&store.billable_metrics(ArchiveFilter::All, &page).unwrap());
    tell(&store.products(ArchiveFilter::All, &page).unwrap());
    tell(&store.packages(ArchiveFilter::All, &page).unwrap());
    tell(&store.alerts(ArchiveFilter::All, &page).unwrap());
    for card in store.rate_cards(ArchiveFilter::All, &page).unwrap().items {
        for moment in [day("01-15"), day("05-01")] {
            tell(&store.rates(card.id, moment, &[], &page).unwrap());
        }
        tell(&card);
    }
    for customer in store.customers(&CustomerFilter::default(), &page).unwrap().items {
        told_of_customer(store, customer.id, &mut tell);
    }
    without_revisions(&all)
}

/// That text with the revisions, which are places in a store's own journal, left out.
pub fn without_revisions(told: &str) -> String {
    let mut parts = told.split("revision: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

fn told_of_customer(store: &Store, customer: CustomerId, tell: &mut dyn FnMut(&dyn std::fmt::Debug)) {
    let page = PageRequest::first(1_000);
    let contracts = ContractFilter { include_archived: true, ..Default::default() };
    let balances =
        BalanceFilter { include_archived: true, include_contract_balances: true, ..Default::default() };
    tell(&store.commits(customer, &balances, &page).unwrap());
    tell(&store.credits(customer, &balances, &page).unwrap());
    tell(&store.customer_alerts(customer, ArchiveFilter::All, &page).unwrap());
    for contract in store.contracts(customer, &contracts, &page).unwrap().items {
        let id = contract.id;
        tell(&contract);
        for moment in [day("01-10"), day("02-01"), day("03-01"), day("04-10")] {
            tell(&store.contract_as_of(id, moment));
        }
        tell(&store.contract_edits(id, &page).unwrap());
        let question = InvoiceQuestion::through(at("2026-02-01T00:00:00Z"));
        for invoice in store.invoices(id, &question, &page).unwrap().items {
            tell(&store.stripe_metadata(invoice.id));
            tell(&invoice);
        }
    }
}
