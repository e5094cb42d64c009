//! What an alert may cover, found through the index: never by looking at all there is, where it asks anything.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use uuid::Uuid;

use super::balances::BalanceId;
use crate::entity::{CommitId, ContractCreditId, CustomerId, EntityId, ManagedEntity};
use crate::error::Result;
use crate::model::alert::{AlertEntity, CreateAlert, Filter};
use crate::model::contract::ContractOrigin;
use crate::rules::alert_scope::concerns;
use crate::storage::catalog::Key;
use crate::storage::tables::TableId;
use crate::storage::view::Reader;
use crate::storage::{alias, contract_window, index, rows};

/// How many rows of each source are looked at first, and how many times more each time that none came to its end.
const FIRST: usize = 64;
const MORE: usize = 4;

/// Instances of an entity among which all are that an alert covers, in order of their ids.
pub fn candidates(
    reader: &impl Reader,
    terms: &CreateAlert,
    entity: ManagedEntity,
) -> Result<BTreeSet<Uuid>> {
    let own: Vec<Filter<'_>> = terms.custom_field_filters.iter().map(Filter::from).collect();
    let mut found = BTreeSet::new();
    if !concerns(own.iter().copied(), entity) {
        return Ok(found);
    }
    if terms.alert_specifiers.is_empty() {
        found.extend(fitting(reader, terms.customer_id, entity, &own)?);
    }
    for specifier in &terms.alert_specifiers {
        let filters = specifier.filters.iter().map(Filter::from);
        if concerns(filters.clone(), entity) {
            let all: Vec<_> = own.iter().copied().chain(filters).collect();
            found.extend(fitting(reader, terms.customer_id, entity, &all)?);
        }
    }
    Ok(found)
}

/// Where instances are found, among which are all that are looked for.
enum Source<'a> {
    /// Those with a value of a key, or with any.
    Holders(Arc<Key>, Option<&'a str>),
    /// The commits or credits of the customers of contracts with a value of a key, or with any.
    OnContracts(Arc<Key>, Option<&'a str>),
    /// Those of a customer.
    Of(CustomerId),
}

/// Instances among which all are that filters fit: from the source with the fewest rows.
fn fitting(
    reader: &impl Reader,
    customer: Option<CustomerId>,
    entity: ManagedEntity,
    filters: &[Filter<'_>],
) -> Result<Vec<Uuid>> {
    let mut sources: Vec<_> = customer.map(Source::Of).into_iter().collect();
    for filter in filters {
        let of_contracts = filter.entity == AlertEntity::Contract;
        if !of_contracts && !filter.entity.entities().contains(&entity) {
            continue;
        }
        let on = if of_contracts { ManagedEntity::Contract } else { entity };
        let Some(key) = reader.with_catalog(|catalog| catalog.key(on, filter.key).cloned()) else {
            // The key was removed, and its values with it.
            return Ok(Vec::new());
        };
        // Nor is there an index where the key was added again as one that is not searched.
        if key.index_table().is_some() {
            let source = if on == entity { Source::Holders } else { Source::OnContracts };
            sources.push(source(key, filter.value));
        }
    }
    if sources.is_empty() {
        return all(reader, entity);
    }
    let mut most = FIRST;
    loop {
        for source in &sources {
            if let Some(found) = source.whole(reader, entity, customer, most)? {
                return Ok(found);
            }
        }
        most = most.saturating_mul(MORE);
    }
}

fn all(reader: &impl Reader, entity: ManagedEntity) -> Result<Vec<Uuid>> {
    let mut found = Vec::new();
    rows::scan_fields(reader, entity, None, |id, row| {
        if row.archived_at.is_none() {
            found.push(id);
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

impl Source<'_> {
    /// All that is found there; `None` where the source has as many rows as that, or more.
    fn whole(
        &self,
        reader: &impl Reader,
        entity: ManagedEntity,
        customer: Option<CustomerId>,
        rows: usize,
    ) -> Result<Option<Vec<Uuid>>> {
        let found = match self {
            Self::Holders(key, value) | Self::OnContracts(key, value) => holders(reader, key, *value, rows)?,
            Self::Of(customer) => some_of(reader, *customer, entity, rows)?,
        };
        if found.len() >= rows {
            return Ok(None);
        }
        match self {
            Self::OnContracts(..) => on_contracts(reader, entity, customer, &found).map(Some),
            _ => Ok(Some(found)),
        }
    }
}

/// Up to so many holders of a value, or of any.
fn holders(reader: &impl Reader, key: &Key, value: Option<&str>, most: usize) -> Result<Vec<Uuid>> {
    match value {
        Some(value) => index::holders(reader, key, value, None, most),
        None => {
            let found = index::with_prefix(reader, key, "", None, most)?;
            Ok(found.into_iter().map(|(_, id)| id).collect())
        }
    }
}

/// Up to so many contracts, commits or credits of a customer.
fn some_of(
    reader: &impl Reader,
    customer: CustomerId,
    entity: ManagedEntity,
    most: usize,
) -> Result<Vec<Uuid>> {
    let mut found = Vec::new();
    let mut take = |id| {
        found.push(id);
        if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    match list_of(entity) {
        Some(list) => alias::each_listed(reader, list, &customer.to_string(), None, take)?,
        None => contract_window::scan(reader, customer.uuid(), None, None, |_, id, _| take(id))?,
    }
    Ok(found)
}

/// The commits or credits of the customers that these contracts are of, where they are of that one.
fn on_contracts(
    reader: &impl Reader,
    entity: ManagedEntity,
    customer: Option<CustomerId>,
    contracts: &[Uuid],
) -> Result<Vec<Uuid>> {
    let mut customers = BTreeSet::new();
    for contract in contracts {
        let origin: Option<ContractOrigin> = rows::record(reader, *contract)?;
        customers.extend(origin.map(|origin| origin.customer_id));
    }
    let mut found = Vec::new();
    for theirs in customers.into_iter().filter(|theirs| customer.is_none_or(|customer| customer == *theirs)) {
        found.extend(some_of(reader, theirs, entity, usize::MAX)?);
    }
    Ok(found)
}

const fn list_of(entity: ManagedEntity) -> Option<TableId> {
    match entity {
        ManagedEntity::Commit => Some(CommitId::LIST),
        ManagedEntity::ContractCredit => Some(ContractCreditId::LIST),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ContractId;
    use crate::model::alert::{AlertFilter, AlertType};
    use crate::model::balance::{BalanceTerms, CreateCommit, CustomerLevel};
    use crate::model::contract::CreateContract;
    use crate::model::custom_field::KeyKind;
    use crate::model::customer::CreateCustomer;
    use crate::model::product::{CreateProduct, ProductType};
    use crate::model::scalar::{Amount, Time};
    use crate::model::schedule::{CreateAccessItem, CreateAccessSchedule};
    use crate::store::counting_inside::Counting;
    use crate::store::{SetClock, Store, StoreOptions, Writing, WritingAlerts as _};
    use crate::store::{alert_scopes, alerts};

    /// More than are looked at first.
    const OTHERS: usize = 3 * FIRST;
    /// A scan may look at the row behind the last one it is after.
    const BEHIND: usize = 8;

    /// A contract with that value for `tier`, and a commit of its customer's with the same.
    fn provision(store: &impl Writing, tier: &str) -> CustomerId {
        let customer = store.create_customer(CreateCustomer::default()).unwrap();
        let contract = CreateContract::new(customer, Time::UNIX_EPOCH);
        store.create_contract(CreateContract { custom_fields: [("tier", tier)].into(), ..contract }).unwrap();
        let product = CreateProduct { product_type: ProductType::Fixed, ..Default::default() };
        let terms = BalanceTerms::new(store.create_product(product).unwrap());
        let terms = BalanceTerms { priority: Some(1.into()), ..terms };
        let (starting_at, ending_before) =
            (Time::UNIX_EPOCH, Time::UNIX_EPOCH.after(std::time::Duration::from_secs(3_600)));
        let hour = CreateAccessItem { amount: 7.into(), starting_at, ending_before };
        let commit = CreateCommit::prepaid(terms, CreateAccessSchedule::from([hour]));
        let commit = CreateCommit { custom_fields: [("tier", tier)].into(), ..commit };
        store.create_commit(CustomerLevel::new(customer), commit).unwrap();
        customer
    }

    fn provision_others(store: &Store, tier: &str) {
        store
            .write(|tx| {
                (0..OTHERS).for_each(|_| {
                    provision(tx, tier);
                });
                Ok(())
            })
            .unwrap();
    }

    fn ready() -> (Store, CustomerId) {
        // No invoice is due yet.
        let clock = SetClock::default();
        clock.set(Time::UNIX_EPOCH);
        let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
        for entity in [ManagedEntity::Contract, ManagedEntity::Commit] {
            store.add_key(entity, "tier", KeyKind::Indexed).unwrap();
        }
        let customer = provision(&store, "gold");
        (store, customer)
    }

    fn alert(alert_type: AlertType, entity: AlertEntity, tier: &str) -> CreateAlert {
        CreateAlert {
            custom_field_filters: vec![AlertFilter::new(entity, "tier", tier)],
            ..CreateAlert::new(alert_type, "alert", Amount::ZERO)
        }
    }

    /// How many rows it takes to tell what these alerts cover, which is one thing each.
    fn rows(store: &Store, alerts: &[CreateAlert]) -> Vec<usize> {
        let view = store.view().unwrap();
        let read = |terms: &CreateAlert| {
            let reader = Counting::of(&view);
            let scope = alert_scopes::covered(&reader, terms, Time::UNIX_EPOCH).unwrap();
            let [group] = &scope.groups[..] else { panic!("{scope:?}") };
            assert_eq!(group.contracts.len() + group.commits.len(), 1, "{terms:?}");
            reader.rows()
        };
        alerts.iter().map(read).collect()
    }

    #[test]
    fn what_an_alert_covers_is_found_without_looking_at_what_it_does_not_cover() {
        let (store, customer) = ready();
        let commits = AlertType::LowRemainingCommitBalance;
        let of = |terms| CreateAlert { customer_id: Some(customer), ..terms };
        let asked = [
            alert(AlertType::SpendThreshold, AlertEntity::Contract, "gold"),
            alert(commits, AlertEntity::Commit, "gold"),
            alert(commits, AlertEntity::Contract, "gold"),
            of(alert(commits, AlertEntity::Commit, "gold")),
            of(CreateAlert::new(commits, "all of the customer's", Amount::ZERO)),
            of(CreateAlert::new(AlertType::InvoiceTotal, "all of the customer's", Amount::ZERO)),
        ];
        let alone = rows(&store, &asked);
        provision_others(&store, "silver");
        let among_others = rows(&store, &asked);
        for (alone, among_others) in alone.iter().zip(&among_others) {
            assert!(*among_others <= alone + BEHIND, "{alone} rows alone, {among_others} among others");
        }
    }

    #[test]
    fn the_filter_with_the_fewest_holders_is_the_one_that_is_looked_up() {
        let (store, _) = ready();
        store.add_key(ManagedEntity::Commit, "region", KeyKind::Indexed).unwrap();
        let both = |tier: &str| {
            let mut terms = alert(AlertType::LowRemainingCommitBalance, AlertEntity::Commit, tier);
            terms.custom_field_filters.push(AlertFilter::new(AlertEntity::Commit, "region", "EU"));
            terms
        };
        let mut commits = Vec::new();
        rows::scan_fields(&*store.view().unwrap(), ManagedEntity::Commit, None, |id, _| {
            commits.push(CommitId::from(id));
            ControlFlow::Continue(())
        })
        .unwrap();
        store.set_values(commits[0], [("region", "EU")]).unwrap();
        let alone = rows(&store, &[both("gold")]);
        provision_others(&store, "gold");
        let among_others = rows(&store, &[both("gold")]);
        // The other filter is given up after so many holders.
        assert!(among_others[0] <= alone[0] + FIRST + BEHIND, "{alone:?} rows, then {among_others:?}");
    }

    #[test]
    fn what_touches_a_contract_is_told_from_the_alerts_of_its_customer() {
        let (store, customer) = ready();
        let gold = alert(AlertType::SpendThreshold, AlertEntity::Contract, "gold");
        let mut own = Vec::new();
        own.push(store.create_alert(gold.clone()).unwrap());
        let mut contracts = Vec::new();
        contract_window::scan(&*store.view().unwrap(), customer.uuid(), None, None, |_, id, _| {
            contracts.push(ContractId::from(id));
            ControlFlow::Continue(())
        })
        .unwrap();
        let read = |expected: &[crate::entity::AlertId]| {
            let view = store.view().unwrap();
            let reader = Counting::of(&view);
            let found = alert_scopes::touching(&reader, contracts[0].into(), Time::UNIX_EPOCH).unwrap();
            assert_eq!(found, expected);
            reader.rows()
        };
        let alone = read(&own);
        for _ in 0..20 {
            let other = provision(&store, "gold");
            store.create_alert(CreateAlert { customer_id: Some(other), ..gold.clone() }).unwrap();
        }
        let among_others = read(&own);
        assert!(among_others <= alone + BEHIND, "{alone} rows alone, {among_others} among others");
        own.push(store.create_alert(CreateAlert { customer_id: Some(customer), ..gold.clone() }).unwrap());
        read(&own);
        assert_eq!(alerts::ids_for(&*store.view().unwrap(), customer).unwrap(), own);
    }
}
