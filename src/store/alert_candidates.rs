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
