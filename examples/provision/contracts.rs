//! What a customer is to pay for: a contract with its parts, the discount that an edit brings, the contract of each
//! division, and the contract of the year after.

use std::collections::BTreeMap;

use billfold::prelude::*;

use super::{Made, Outcome, step};

/// The products that are charged for without usage.
struct Fixed {
    commit: ContractProductId,
    platform: ContractProductId,
}

/// Returns the contract of the first year.
pub fn tell(store: &Store, made: &Made) -> Outcome<ContractId> {
    let fixed = products(store)?;
    let contract = create(store, made, &fixed)?;
    find_the_commit(store, contract)?;
    discount(store, made, contract)?;
    read_as_it_was(store, contract)?;
    divide(store, made)?;
    renew(store, contract)?;
    Ok(contract)
}

fn products(store: &Store) -> Outcome<Fixed> {
    let fixed = |name: &str| {
        let product_type = ProductType::Fixed;
        store.create_product(CreateProduct { name: name.into(), product_type, ..Default::default() })
    };
    Ok(Fixed { commit: fixed("Prepaid commit")?, platform: fixed("Platform fee")? })
}

fn create(store: &Store, made: &Made, fixed: &Fixed) -> Outcome<ContractId> {
    step("A contract: $10,000 paid in advance for a year, and a platform fee of $1,000 each quarter.");
    let (start, end): (Time, Time) = ("2024-11-01T00:00:00Z".parse()?, "2025-11-01T00:00:00Z".parse()?);
    let whole_year = CreateAccessItem { amount: 1_000_000.into(), starting_at: start, ending_before: end };
    let at_once = CreateInvoiceItem { timestamp: start, price: Amount::from(1_000_000).into() };
    let mut terms = BalanceTerms::new(fixed.commit);
    terms.name = Some("Contract Prepaid Commit".into());
    terms.applies_to.product_tags = vec!["cloud".into()];
    terms.rollover_fraction = Some("0.5".parse()?);
    let commit = CreateCommit {
        invoice_schedule: Some([at_once].into()),
        custom_fields: [("salesforce_opportunity_id", "opp_02")].into(),
        ..CreateCommit::prepaid(terms, [whole_year].into())
    };
    let each_quarter = RecurringSchedule {
        starting_at: start,
        ending_before: end,
        frequency: ScheduleFrequency::Quarterly,
        price: Amount::from(100_000).into(),
        amount_distribution: AmountDistribution::Each,
    };
    let every_month =
        CreateStatementSchedule { day: StatementDay::ContractStart, ..CreateStatementSchedule::default() };
    let contract = store.create_contract(CreateContract {
        rate_card: Some(CardChoice::Alias("base_usage_products".into())),
        uniqueness_key: Some("order 1001".into()),
        commits: vec![commit],
        scheduled_charges: vec![CreateScheduledCharge::new(fixed.platform, each_quarter.into())],
        usage_statement_schedule: Some(every_month),
        custom_fields: [("salesforce_opportunity_id", "opp_02")].into(),
        ..CreateContract::new(made.widgets_express, start)
    })?;
    let made = store.contract(contract)?;
    for item in made.commits.iter().flat_map(|commit| &commit.access_schedule.schedule_items) {
        println!("  commit: {} cents from {} to {}", item.amount, item.starting_at, item.ending_before);
    }
    for item in made.scheduled_charges.iter().flat_map(|charge| &charge.schedule.schedule_items) {
        println!("  platform fee: {} cents on {}", item.price.amount().unwrap_or_default(), item.timestamp);
    }
    println!("  order 1001: contract {}", store.contract_by_key("order 1001")?.unwrap_or(contract));
    Ok(contract)
}

fn find_the_commit(store: &Store, contract: ContractId) -> Outcome<()> {
    step(
        "Each part has an id and fields of its own: the opportunity leads to the contract and to its commit.",
    );
    let found: Option<ContractId> = store.find("salesforce_opportunity_id", "opp_02")?;
    println!("  salesforce_opportunity_id opp_02: contract {}", found.unwrap_or(contract));
    let found: Option<CommitId> = store.find("salesforce_opportunity_id", "opp_02")?;
    let commit = store.commit(found.ok_or("no commit")?)?;
    let name = commit.balance.terms.name.unwrap_or_default();
    println!("  salesforce_opportunity_id opp_02: commit {} ({name})", commit.id);
    Ok(())
}

fn price(store: &Store, made: &Made, contract: ContractId, region: &str) -> Outcome<String> {
    let question = RateQuestion {
        pricing_group_values: [("region".to_owned(), region.to_owned())].into(),
        ..RateQuestion::new(made.product)
    };
    let rate = store.rate(contract, &question, "2025-01-15T00:00:00Z".parse()?)?;
    Ok(rate.and_then(|rate| rate.in_force().price).map_or("no price".into(), |price| price.to_string()))
}

fn discount(store: &Store, made: &Made, contract: ContractId) -> Outcome<()> {
    step("Five days later, an edit takes 5% off all cloud products.");
    made.clock.set("2024-10-20T12:00:00Z".parse()?);
    for region in ["US", "EU"] {
        println!("  {region}: {} cents a unit", price(store, made, contract, region)?);
    }
    let five_percent_off = OverrideTerms {
        entitled: Some(true),
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some("0.95".parse()?),
        applicable_product_tags: vec!["cloud".into()],
        ..OverrideTerms::new("2024-11-01T00:00:00Z".parse()?)
    };
    store.edit_contract(
        contract,
        EditContract { add_overrides: vec![five_percent_off], ..Default::default() },
    )?;
    for region in ["US", "EU"] {
        println!("  {region}: {} cents a unit with the discount", price(store, made, contract, region)?);
    }
    Ok(())
}

fn read_as_it_was(store: &Store, contract: ContractId) -> Outcome<()> {
    step("The contract as it was when it was made, and what was edited since.");
    let now = store.contract(contract)?;
    let then = store.contract_as_of(contract, now.origin.created_at)?;
    println!("  overrides: {} then, {} now", then.overrides.len(), now.overrides.len());
    for edit in store.contract_edits(contract, &PageRequest::default())?.items {
        println!("  edit {}: {} override more", edit.id, edit.added.overrides.len());
    }
    Ok(())
}

/// Which of the divisions an event of a region counts on.
fn counted(
    store: &Store,
    divisions: &BTreeMap<ContractId, &str>,
    customer: CustomerId,
    region: &str,
    moment: &str,
) -> Outcome<String> {
    let properties = [("region".to_owned(), region.to_owned())].into();
    let contracts = store.contracts_for_usage(customer, moment.parse()?, &properties)?;
    let names: Vec<_> = contracts.iter().filter_map(|id| divisions.get(id).copied()).collect();
    Ok(if names.is_empty() { "no contract".to_owned() } else { names.join(" and ") })
}

fn divide(store: &Store, made: &Made) -> Outcome<()> {
    step("Three divisions with a contract each; from 2025 on the US contract has the usage of the EU too.");
    let (start, change): (Time, Time) = ("2024-10-01T00:00:00Z".parse()?, "2025-01-01T00:00:00Z".parse()?);
    let card = store.rate_card_by_alias("base_usage_products", start)?.map(CardChoice::Id);
    let customer = store.create_customer(CreateCustomer {
        name: "WidgetsExpress Worldwide".into(),
        ingest_aliases: vec!["worldwide@widgetsexpress.com".into()],
        ..Default::default()
    })?;
    let mut divisions = BTreeMap::new();
    for region in ["US", "EU", "APAC"] {
        let contract = store.create_contract(CreateContract {
            rate_card: card.clone(),
            usage_filter: Some(UsageFilter::new("region", [region], start)),
            ..CreateContract::new(customer, start)
        })?;
        divisions.insert(contract, region);
    }
    let of = |wanted: &str| divisions.iter().find(|(_, name)| **name == wanted).map(|(id, _)| *id);
    let (us, eu) = (of("US").ok_or("no US")?, of("EU").ok_or("no EU")?);
    store.write(|tx| {
        tx.set_usage_filter(us, UsageFilter::new("region", ["US", "EU"], change))?;
        // Else the EU contract would go on to count that usage a second time.
        tx.set_contract_end(eu, Some(change))
    })?;
    for (region, moment) in [
        ("EU", "2024-12-31T23:59:59Z"),
        ("EU", "2025-01-01T00:00:00Z"),
        ("APAC", "2025-01-01T00:00:00Z"),
        ("LATAM", "2025-01-01T00:00:00Z"),
    ] {
        let counted = counted(store, &divisions, customer, region, moment)?;
        println!("  an event of {region} on {moment} counts on: {counted}");
    }
    println!(
        "  prices of the US contract: {}, {}",
        price(store, made, us, "US")?,
        price(store, made, us, "EU")?
    );
    Ok(())
}

fn renew(store: &Store, before: ContractId) -> Outcome<()> {
    step("A renewal: the old contract ends where the new one starts, and half of its commit goes on.");
    let old = store.contract(before)?;
    let (start, end): (Time, Time) = ("2025-11-01T00:00:00Z".parse()?, "2026-11-01T00:00:00Z".parse()?);
    let renewed = store.create_contract(CreateContract {
        rate_card: old.origin.rate_card_id.map(CardChoice::Id),
        ending_before: Some(end),
        transition: Some(Renewal { from_contract_id: before, trueup: None }),
        ..CreateContract::new(old.origin.customer_id, start)
    })?;
    let old = store.contract(before)?;
    println!(
        "  the old one ends on {}",
        old.terms.ending_before.map_or("no day".into(), |end| end.to_string())
    );
    for commit in store.contract(renewed)?.commits {
        let items = &commit.access_schedule.schedule_items;
        let amounts: Vec<_> = items.iter().map(|item| item.amount.to_string()).collect();
        println!("  rolled over: {} cents", amounts.join(", "));
    }
    Ok(())
}
