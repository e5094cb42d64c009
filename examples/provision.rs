//! The main job, step by step: keys, instances, values, look-ups, a refused duplicate, one change of many
//! things, and all of it still there when the file is opened again.
//!
//! `cargo run --release --example provision`

use billfold::prelude::*;
use uuid::{Uuid, uuid};

/// The ids are those of the vendor's own examples: they were issued there, and are taken in here.
const CUSTOMER: Uuid = uuid!("99594816-e8a5-4bca-be21-8d1de0f45120");
const WIDGETS_EXPRESS: Uuid = uuid!("aa58107d-162f-407e-9f09-940f16adbb1c");
const CONTRACT: Uuid = uuid!("0a6180da-336a-40e6-98f4-20b6be08211d");
const PRODUCT: Uuid = uuid!("a1f4e40b-f8c4-496b-b687-0a103396b479");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("billing.redb");
    let store = Store::open(&file)?;
    register_keys(&store)?;
    take_in_entities(&store)?;
    set_values(&store)?;
    find(&store)?;
    refuse_a_duplicate(&store)?;
    provision_as_one(&store)?;
    exchange_as_one(&store)?;
    look_at_one_moment(&store)?;
    store.close()?;
    open_again(&file)?;
    Ok(())
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
        (ManagedEntity::ContractProduct, "netsuite_item", KeyKind::Indexed),
    ] {
        store.add_key(entity, key, kind)?;
        println!("  {entity} {key}: {kind}");
    }
    Ok(())
}

fn take_in_entities(store: &Store) -> billfold::Result<()> {
    step("Instances that were made elsewhere are taken in under the ids they have.");
    for id in [CUSTOMER, WIDGETS_EXPRESS] {
        let new = store.adopt(CustomerId::from(id))?;
        println!("  customer {id}{}", if new { "" } else { " (was here already)" });
    }
    Ok(())
}

fn set_values(store: &Store) -> billfold::Result<()> {
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
    store
        .set_values(CustomerId::from(WIDGETS_EXPRESS), [("sfdc_account_id", "sfdc1001"), ("tier", "gold")])?;
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

fn refuse_a_duplicate(store: &Store) -> billfold::Result<()> {
    step("A unique value that is taken is refused, with its holder; so is every other fault of the call.");
    let other = CustomerId::from(WIDGETS_EXPRESS);
    let values = [("x_account_id", "KyVnHhSBWl7eY2bl"), ("tear", "gold"), ("tier", "iron")];
    match store.set_values(other, values) {
        Err(Error::Refused(faults)) => faults.iter().for_each(|fault| println!("  refused: {fault}")),
        Err(error) => return Err(error),
        Ok(_) => return Err(Error::stop("a duplicate was let in")),
    }
    println!("  tier is still {}", store.value(other, "tier")?.unwrap_or_default());
    Ok(())
}

fn provision_as_one(store: &Store) -> billfold::Result<()> {
    step("A contract and its product with their fields, in one transaction.");
    let (contract, product) = (ContractId::from(CONTRACT), ContractProductId::from(PRODUCT));
    store.write(|tx| {
        tx.adopt(contract)?;
        tx.adopt(product)?;
        tx.set_values(product, [("netsuite_item", "SKU-1001")])?;
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

fn exchange_as_one(store: &Store) -> billfold::Result<()> {
    step("Unique values change hands in one operation.");
    let (from, to) = (CustomerId::from(CUSTOMER), CustomerId::from(WIDGETS_EXPRESS));
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

fn open_again(file: &std::path::Path) -> billfold::Result<()> {
    step("Closed and opened again.");
    let store = Store::open(file)?;
    let customer: Option<CustomerId> = store.find("sfdc_account_id", "sfdc1001")?;
    println!("  sfdc_account_id sfdc1001: {}", shown(customer));
    for (key, value) in store.values(CustomerId::from(CUSTOMER))? {
        println!("  {key}: {value}");
    }
    store.close()
}
