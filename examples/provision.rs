//! The main job, step by step: keys, a customer, a catalog, values, look-ups, a refused duplicate, one change of
//! many things, contracts, all of it still there when the file is opened again, and the invoices of the year.
//!
//! `cargo run --example provision`

use std::path::Path;

use billfold::prelude::*;
use uuid::{Uuid, uuid};

#[path = "provision/contracts.rs"]
mod contracts;
#[path = "provision/invoices.rs"]
mod invoices;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The ids are those of the vendor's own examples: they were issued there, and are taken in here.
const CUSTOMER: Uuid = uuid!("99594816-e8a5-4bca-be21-8d1de0f45120");
const CONTRACT: Uuid = uuid!("0a6180da-336a-40e6-98f4-20b6be08211d");

/// What the other steps go on with.
struct Made {
    clock: SetClock,
    widgets_express: CustomerId,
    product: ContractProductId,
}

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    provision(&folder.path().join("billing.redb"))?;
    Ok(())
}

/// All of it, in a file of its own, at moments that are set, so that what is printed of them is the same every time.
/// Returns the table of invoices.
pub fn provision(file: &Path) -> Outcome<Vec<String>> {
    let clock = SetClock::default();
    clock.set("2024-10-15T12:00:00Z".parse()?);
    let open = || StoreOptions::new().clock_from(&clock).open(file);
    let store = open()?;
    register_keys(&store)?;
    let widgets_express = create_a_customer(&store)?;
    let product = create_a_catalog(&store)?;
    let made = Made { clock: clock.clone(), widgets_express, product };
    take_in_entities(&store)?;
    set_values(&store, &made)?;
    find(&store)?;
    refuse_a_duplicate(&store, &made)?;
    provision_as_one(&store, &made)?;
    exchange_as_one(&store, &made)?;
    let contract = contracts::tell(&store, &made)?;
    look_at_one_moment(&store)?;
    store.close()?;
    let store = open()?;
    find_it_again(&store)?;
    let table = invoices::tell(&store, &made, contract)?;
    store.close()?;
    Ok(table)
}

fn step(title: &str) {
    println!("\n{title}");
}

fn register_keys(store: &Store) -> billfold::Result<()> {
    step("Keys are registered for an entity; the values of an enforced one are unique.");
    for (entity, key, kind) in [
        (ManagedEntity::Customer, "x_account_id", KeyKind::Enforced),
        (ManagedEntity::Customer, "sfdc_account_id", KeyKind::Enforced),
        (ManagedEntity::Customer, "tier", KeyKind::Indexed),
        (ManagedEntity::Contract, "salesforce_opportunity_id", KeyKind::Enforced),
        (ManagedEntity::Commit, "salesforce_opportunity_id", KeyKind::Enforced),
        (ManagedEntity::ContractProduct, "netsuite_item", KeyKind::Indexed),
    ] {
        store.add_key(entity, key, kind)?;
        println!("  {entity} {key}: {kind}");
    }
    Ok(())
}

fn create_a_customer(store: &Store) -> billfold::Result<CustomerId> {
    step("A customer is made with its ingest aliases and fields, in one commit.");
    let widgets_express = store.create_customer(CreateCustomer {
        name: "WidgetsExpress".into(),
        ingest_aliases: vec!["team@widgetsexpress.com".into()],
        custom_fields: [("sfdc_account_id", "sfdc1001"), ("tier", "gold")].into(),
        ..Default::default()
    })?;
    println!("  WidgetsExpress: customer {widgets_express}");
    let found = store.find_customer("team@widgetsexpress.com")?;
    println!("  ingest alias team@widgetsexpress.com: {}", shown(found));
    Ok(widgets_express)
}

fn create_a_catalog(store: &Store) -> Outcome<ContractProductId> {
    step("A metric, a product that it measures, and a rate card that prices the product.");
    let property =
        |name: &str| PropertyFilter { name: name.into(), exists: Some(true), ..Default::default() };
    let metric = store.create_billable_metric(CreateBillableMetric {
        name: "CPU Hours".into(),
        aggregation_type: Some(Aggregation::Sum),
        aggregation_key: Some("cpu_hours".into()),
        property_filters: vec![property("cpu_hours"), property("region")],
        group_keys: vec![vec!["region".into()]],
        ..Default::default()
    })?;
    let product = store.create_product(CreateProduct {
        name: "My Product".into(),
        product_type: ProductType::Usage,
        billable_metric_id: Some(metric),
        pricing_group_key: vec!["region".into()],
        tags: vec!["cloud".into()],
        custom_fields: [("netsuite_item", "SKU-1001")].into(),
        ..Default::default()
    })?;
    let card = store.create_rate_card(CreateRateCard {
        name: "Base usage products".into(),
        aliases: vec!["base_usage_products".into()],
        ..Default::default()
    })?;
    let start: Time = "2024-11-01T00:00:00Z".parse()?;
    for (region, cents) in [("US", "1.5"), ("EU", "1.75")] {
        let pricing_group_values = [("region".to_owned(), region.to_owned())].into();
        let rate = AddRate::new(product, start, Rate::flat(cents.parse()?));
        store.add_rate(card, AddRate { pricing_group_values, ..rate })?;
    }
    let named = store.rate_card_by_alias("base_usage_products", start)?;
    println!("  base_usage_products: rate card {}", named.unwrap_or(card));
    for segment in store.rates(card, start, &[], &PageRequest::default())?.items {
        let groups: Vec<_> = segment.pricing_group_values.values().cloned().collect();
        let price = segment.rate.price.unwrap_or_default();
        println!("  {} in {}: {price} cents a unit", segment.product_name, groups.join(", "));
    }
    Ok(product)
}

fn take_in_entities(store: &Store) -> billfold::Result<()> {
    step("Instances that were made elsewhere are taken in under the ids they have.");
    let new = store.adopt(CustomerId::from(CUSTOMER))?;
    println!("  customer {CUSTOMER}{}", if new { "" } else { " (was here already)" });
    Ok(())
}

fn set_values(store: &Store, made: &Made) -> billfold::Result<()> {
    step("Setting values: those named change, the others stay, all of a call or nothing.");
    let customer = CustomerId::from(CUSTOMER);
    for values in [
        vec![("x_account_id", "KyVnHhSBWl7eY2bl"), ("tier", "silver")],
        vec![("x_account_id", "KyVnHhSBWl7eY2bl"), ("tier", "gold")],
    ] {
        let outcome = store.set_values(customer, values)?;
        let each: Vec<_> =
            outcome.values.iter().map(|(key, outcome)| format!("{key} {}", word(*outcome))).collect();
        println!("  {}; revision {}", each.join(", "), outcome.revision);
    }
    let same = store.set_values(made.widgets_express, [("tier", "gold")])?;
    println!("  WidgetsExpress: tier {}", same.values.get("tier").map_or("", |outcome| word(*outcome)));
    Ok(())
}

fn word(outcome: ValueOutcome) -> &'static str {
    match outcome {
        ValueOutcome::Added => "added",
        ValueOutcome::Changed => "changed",
        ValueOutcome::Unchanged => "unchanged",
        ValueOutcome::Removed => "removed",
        ValueOutcome::Absent => "not there",
    }
}

fn find(store: &Store) -> billfold::Result<()> {
    step("Finding an instance by an id of your own, and all that share a value.");
    let found: Option<CustomerId> = store.find("x_account_id", "KyVnHhSBWl7eY2bl")?;
    println!("  x_account_id KyVnHhSBWl7eY2bl: {}", shown(found));
    let missing: Option<CustomerId> = store.find("x_account_id", "nobody's")?;
    println!("  x_account_id nobody's: {}", shown(missing));
    for id in store.find_all::<CustomerId>("tier", "gold", &PageRequest::default())?.items {
        println!("  tier gold: {id}");
    }
    Ok(())
}

fn shown(found: Option<CustomerId>) -> String {
    found.map_or_else(|| "no customer".to_owned(), |id| format!("customer {id}"))
}

fn refuse_a_duplicate(store: &Store, made: &Made) -> billfold::Result<()> {
    step("A unique value that is taken is refused, with its holder; so is every other fault of the call.");
    let other = made.widgets_express;
    let values = [("x_account_id", "KyVnHhSBWl7eY2bl"), ("tear", "gold"), ("tier", "iron")];
    match store.set_values(other, values) {
        Err(Error::Refused(faults)) => faults.iter().for_each(|fault| println!("  refused: {fault}")),
        Err(error) => return Err(error),
        Ok(_) => return Err(Error::stop("a duplicate was let in")),
    }
    println!("  tier is still {}", store.value(other, "tier")?.unwrap_or_default());
    Ok(())
}

fn provision_as_one(store: &Store, made: &Made) -> billfold::Result<()> {
    step("A contract's and its product's fields, in one transaction.");
    let contract = ContractId::from(CONTRACT);
    store.write(|tx| {
        tx.adopt(contract)?;
        tx.set_values(made.product, [("netsuite_item", "SKU-1002")])?;
        tx.set_values(contract, [("salesforce_opportunity_id", "opp_01")])
    })?;
    let found: Option<ContractId> = store.find("salesforce_opportunity_id", "opp_01")?;
    println!("  salesforce_opportunity_id opp_01: contract {}", found.unwrap_or(contract));
    let failed = store.write(|tx| {
        tx.set_values(contract, [("salesforce_opportunity_id", "opp_02")])?;
        Err::<(), _>(Error::stop("the deal fell through"))
    });
    println!("  {}", failed.err().map_or_else(String::new, |error| error.to_string()));
    let held = store.value(contract, "salesforce_opportunity_id")?;
    println!("  salesforce_opportunity_id is still {}", held.unwrap_or_default());
    Ok(())
}

fn exchange_as_one(store: &Store, made: &Made) -> billfold::Result<()> {
    step("Unique values change hands in one operation.");
    let (from, to) = (CustomerId::from(CUSTOMER), made.widgets_express);
    store.set_values(from, [("sfdc_account_id", "sfdc1002")])?;
    store.set_many([(from, [("sfdc_account_id", "sfdc1001")]), (to, [("sfdc_account_id", "sfdc1002")])])?;
    for account in ["sfdc1001", "sfdc1002"] {
        println!("  sfdc_account_id {account}: {}", shown(store.find("sfdc_account_id", account)?));
    }
    Ok(())
}

fn look_at_one_moment(store: &Store) -> billfold::Result<()> {
    step("A snapshot shows one moment, whatever is written meanwhile.");
    let before = store.snapshot()?;
    store.remove_key(ManagedEntity::Customer, "tier")?;
    println!("  keys in the snapshot: {}, in the store: {}", before.keys(&[])?.len(), store.keys(&[])?.len());
    for key in store.keys(&[])? {
        println!("  {} {}: {}, held by {}", key.entity, key.key, key.kind, key.instances);
    }
    Ok(())
}

fn find_it_again(store: &Store) -> billfold::Result<()> {
    step("Closed and opened again.");
    let customer: Option<CustomerId> = store.find("sfdc_account_id", "sfdc1001")?;
    println!("  sfdc_account_id sfdc1001: {}", shown(customer));
    for (key, value) in store.values(CustomerId::from(CUSTOMER))? {
        println!("  {key}: {value}");
    }
    Ok(())
}
