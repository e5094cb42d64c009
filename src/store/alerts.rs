//! Alerts: making, reading and archiving them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use uuid::Uuid;

use super::contracts::key_fault;
use super::find::{cut, searchable};
use super::{alert_scopes, custom_fields, entities};
use crate::entity::{AlertId, CustomerId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Fault, FieldProblem, Result};
use crate::model::alert::{
    Alert, AlertRecord, AlertStatus, CreateAlert, MAX_ALERT_VALUES, MAX_ALERTS_BY_VALUE,
};
use crate::model::credit_type::CreditType;
use crate::model::custom_field::KeyKind;
use crate::model::page::{ArchiveFilter, Cursor, Page, PageRequest, Question};
use crate::rules::alert as rule;
use crate::storage::catalog::Catalog;
use crate::storage::codec::FieldsRow;
use crate::storage::member::Member;
use crate::storage::tables::{KeySpace, TableId};
use crate::storage::view::Reader;
use crate::storage::{alias, rows};

const KEYS: TableId = TableId::UniquenessKey(KeySpace::Alert);

pub fn create(member: &Member<'_>, request: CreateAlert) -> Result<AlertId> {
    let mut faults = rule::faults(&request);
    if let Some(customer) = request.customer_id {
        faults.extend(entities::reference_fault(member, "customer_id", customer.into())?);
    }
    if let Some(metric) = request.billable_metric_id {
        faults.extend(entities::reference_fault(member, "billable_metric_id", metric.into())?);
    }
    faults.extend(key_fault(member, KeySpace::Alert, request.uniqueness_key.as_deref())?);
    filter_key_faults(member, &request, &mut faults)?;
    if faults.is_empty() && request.by_value().is_some() {
        faults.extend(by_value_fault(member, &request)?);
    }
    let id = entities::fresh_id(member, ManagedEntity::Alert)?;
    let (created_at, created_by) = (member.now(), member.about().actor.clone());
    let record = AlertRecord { terms: request, created_at, created_by };
    let target = EntityRef { entity: ManagedEntity::Alert, id };
    faults.extend(entities::size_fault(target, &record)?);
    Fault::none_of(faults)?;
    rows::create(member, id, &record)?;
    list(member, id, record.terms.customer_id, true)?;
    if let Some(key) = &record.terms.uniqueness_key {
        alias::give(member, KEYS, key, id)?;
    }
    Ok(AlertId::from(id))
}

/// Faults of keys that filters name and that cannot be searched, each named once.
fn filter_key_faults(reader: &impl Reader, request: &CreateAlert, faults: &mut Vec<Fault>) -> Result<()> {
    let filters = request.filters();
    let named =
        filters.iter().flat_map(|(_, filter)| filter.entity.entities().iter().map(|on| (*on, filter.key)));
    for (entity, key) in named.collect::<BTreeSet<_>>() {
        let found = searchable(reader, entity, key, &[KeyKind::Enforced, KeyKind::Indexed]);
        Fault::gather(found, faults)?;
    }
    Ok(())
}

/// The fault of one more alert that looks at each value by itself.
fn by_value_fault(member: &Member<'_>, request: &CreateAlert) -> Result<Option<Fault>> {
    let at_specifiers = |rule| Ok(Some(FieldProblem::NotAllowed { rule }.at("alert_specifiers")));
    if most_by_value(member, request.customer_id)? >= MAX_ALERTS_BY_VALUE {
        return at_specifiers(
            "at most 3 alerts in use look at each value of a customer's balances by itself",
        );
    }
    let scope = alert_scopes::covered(member, request, member.now())?;
    if scope.groups.len() > MAX_ALERT_VALUES {
        return at_specifiers("there are more than 1,000 values to look at");
    }
    Ok(None)
}

/// How many alerts in use look at each value of a customer's balances by itself, its own and those for all; where none
/// is named, of the customer that has the most.
fn most_by_value(reader: &impl Reader, customer: Option<CustomerId>) -> Result<usize> {
    let ids = match customer {
        Some(customer) => ids_for(reader, customer)?,
        None => every_id(reader)?,
    };
    let (mut for_all, mut own) = (0, BTreeMap::<_, usize>::new());
    for id in ids {
        let Some(record) = rows::record::<AlertRecord>(reader, id.uuid())? else { continue };
        let in_use = entities::known(reader, id.into())?.archived_at.is_none();
        if !in_use || record.terms.by_value().is_none() {
            continue;
        }
        match record.terms.customer_id {
            Some(customer) => *own.entry(customer).or_default() += 1,
            None => for_all += 1,
        }
    }
    Ok(for_all + own.into_values().max().unwrap_or_default())
}

fn every_id(reader: &impl Reader) -> Result<Vec<AlertId>> {
    let mut ids = Vec::new();
    rows::scan_fields(reader, ManagedEntity::Alert, None, |id, _| {
        ids.push(AlertId::from(id));
        ControlFlow::Continue(())
    })?;
    Ok(ids)
}

/// Puts an alert on the list of its customer, or of those for all, or takes it off.
fn list(member: &Member<'_>, id: Uuid, customer: Option<CustomerId>, on: bool) -> Result<()> {
    alias::list(member, TableId::CustomerAlerts, &list_name(customer), id, on)
}

/// What the list of a customer's own alerts is under, or of those for all customers.
pub fn list_name(customer: Option<CustomerId>) -> String {
    customer.map(|customer| customer.to_string()).unwrap_or_default()
}

pub fn get(reader: &impl Reader, id: AlertId) -> Result<Alert> {
    let (row, record) = known(reader, id)?;
    Ok(joined(reader, id, row, record))
}

/// The alert that was made with a uniqueness key and holds it still.
pub fn by_key(reader: &impl Reader, key: &str) -> Result<Option<AlertId>> {
    Ok(alias::holder(reader, KEYS, key)?.map(AlertId::from))
}

/// A page of alerts, in order of their ids.
pub fn page(reader: &impl Reader, filter: ArchiveFilter, page: &PageRequest) -> Result<Page<Alert>> {
    let found = entities::records_page(reader, filter, page)?;
    Ok(found.map(|(id, row, record)| joined(reader, AlertId::from(id), row, record)))
}

/// A page of the alerts that are for a customer, its own and those for all, in order of their ids.
pub fn page_of(
    reader: &impl Reader,
    customer: CustomerId,
    filter: ArchiveFilter,
    page: &PageRequest,
) -> Result<Page<Alert>> {
    let mut faults = Vec::new();
    Fault::gather(entities::known(reader, customer.into()), &mut faults)?;
    let question = Question::filtered("customer_alerts", &[customer.to_string(), filter.to_string()]);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let mut found = Vec::new();
    for id in ids_for(reader, customer)? {
        if after.is_some_and(|after| id.uuid().as_bytes().as_slice() <= after) {
            continue;
        }
        let (row, record) = known(reader, id)?;
        if filter.admits(row.archived_at.is_some()) {
            found.push(joined(reader, id, row, record));
        }
        if found.len() > page.limit {
            break;
        }
    }
    Ok(cut(found, page.limit, |last| Cursor::new(store, question, last.id.uuid().as_bytes())))
}

/// The alerts that are for a customer, its own and those for all, archived ones too, in order of their ids.
pub fn ids_for(reader: &impl Reader, customer: CustomerId) -> Result<Vec<AlertId>> {
    let mut ids = alias::listed(reader, TableId::CustomerAlerts, &list_name(Some(customer)))?;
    ids.extend(alias::listed(reader, TableId::CustomerAlerts, &list_name(None))?);
    ids.sort_unstable();
    Ok(ids.into_iter().map(AlertId::from).collect())
}

/// Archives an alert. It keeps its uniqueness key, unless that is released.
pub fn archive(member: &Member<'_>, id: AlertId, release_key: bool) -> Result<()> {
    entities::archive(member, id.into())?;
    let record: Option<AlertRecord> = rows::record(member, id.uuid())?;
    let Some(before) = record.filter(|record| release_key && record.terms.uniqueness_key.is_some()) else {
        return Ok(());
    };
    let mut after = before.clone();
    if let Some(key) = after.terms.uniqueness_key.take() {
        alias::take(member, KEYS, &key)?;
    }
    rows::update(member, id.uuid(), entities::known(member, id.into())?, &before, &after)
}

/// Takes away what leads to an alert that is forgotten.
pub fn release(member: &Member<'_>, id: AlertId) -> Result<()> {
    let Some(record) = rows::record::<AlertRecord>(member, id.uuid())? else { return Ok(()) };
    list(member, id.uuid(), record.terms.customer_id, false)?;
    record.terms.uniqueness_key.map_or(Ok(()), |key| alias::take(member, KEYS, &key))
}

/// The alerts that are one customer's own.
pub fn all_of(reader: &impl Reader, customer: CustomerId) -> Result<Vec<AlertId>> {
    let ids = alias::listed(reader, TableId::CustomerAlerts, &list_name(Some(customer)))?;
    Ok(ids.into_iter().map(AlertId::from).collect())
}

/// The row and the record of an alert, or the fault that there is none.
pub fn known(reader: &impl Reader, id: AlertId) -> Result<(FieldsRow, AlertRecord)> {
    let row = entities::known(reader, id.into())?;
    let record = rows::record(reader, id.uuid())?.ok_or(Fault::NothingButAnId { target: id.into() })?;
    Ok((row, record))
}

fn joined(reader: &impl Reader, id: AlertId, row: FieldsRow, record: AlertRecord) -> Alert {
    let archived_at = row.archived_at;
    Alert {
        id,
        status: if archived_at.is_some() { AlertStatus::Archived } else { AlertStatus::Enabled },
        credit_type: CreditType::of(record.terms.credit_type_id.unwrap_or(CreditType::USD_CENTS)),
        terms: record.terms,
        custom_fields: custom_fields::named(reader, row),
        created_at: record.created_at,
        created_by: record.created_by,
        updated_at: archived_at.unwrap_or(record.created_at),
        archived_at,
    }
}
