//! Billable metrics: making, renaming and reading them.

use super::custom_fields::{self, Plan};
use super::entities;
use crate::entity::{BillableMetricId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Fault, Result};
use crate::model::billable_metric::{BillableMetric, BillableMetricRecord, CreateBillableMetric};
use crate::model::page::{ArchiveFilter, Page, PageRequest};
use crate::storage::codec::FieldsRow;
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::view::Reader;

pub fn create(member: &Member<'_>, request: CreateBillableMetric) -> Result<BillableMetricId> {
    let id = entities::fresh_id(member, ManagedEntity::BillableMetric)?;
    let target = EntityRef { entity: ManagedEntity::BillableMetric, id };
    let mut faults = request.faults();
    let plan = Plan::for_new(member, target, request.custom_fields)?;
    faults.extend_from_slice(plan.faults());
    let record = BillableMetricRecord {
        name: request.name,
        sql: request.sql,
        aggregation_type: request.aggregation_type,
        aggregation_key: request.aggregation_key,
        event_type_filter: request.event_type_filter,
        property_filters: request.property_filters,
        group_keys: request.group_keys,
        created_at: member.now(),
    };
    faults.extend(entities::size_fault(target, &record)?);
    Fault::none_of(faults)?;
    let row = rows::create(member, id, &record)?;
    plan.apply_new(member, row)?;
    Ok(BillableMetricId::from(id))
}

pub fn get(reader: &impl Reader, id: BillableMetricId) -> Result<BillableMetric> {
    let (row, record) = known(reader, id)?;
    Ok(joined(reader, id, row, record))
}

/// A page of billable metrics, in order of their ids.
pub fn page(reader: &impl Reader, filter: ArchiveFilter, page: &PageRequest) -> Result<Page<BillableMetric>> {
    let found = entities::records_page(reader, filter, page)?;
    Ok(found.map(|(id, row, record)| joined(reader, BillableMetricId::from(id), row, record)))
}

/// Gives a metric another name, which is all that changes of it.
pub fn set_name(member: &Member<'_>, id: BillableMetricId, name: &str) -> Result<()> {
    let (row, before) = known(member, id)?;
    if before.name == name {
        return Ok(());
    }
    let after = BillableMetricRecord { name: name.to_owned(), ..before.clone() };
    Fault::none_of(entities::size_fault(id.into(), &after)?.into_iter().collect())?;
    rows::update(member, id.uuid(), row, &before, &after)
}

/// The groups that a metric's usage can be cut into; `None` where nothing is known of the metric but its id.
pub fn group_keys(reader: &impl Reader, id: BillableMetricId) -> Result<Option<Vec<Vec<String>>>> {
    let record: Option<BillableMetricRecord> = rows::record(reader, id.uuid())?;
    Ok(record.map(|record| record.group_keys))
}

fn known(reader: &impl Reader, id: BillableMetricId) -> Result<(FieldsRow, BillableMetricRecord)> {
    let row = entities::known(reader, id.into())?;
    let record = rows::record(reader, id.uuid())?.ok_or(Fault::NothingButAnId { target: id.into() })?;
    Ok((row, record))
}

fn joined(
    reader: &impl Reader,
    id: BillableMetricId,
    row: FieldsRow,
    record: BillableMetricRecord,
) -> BillableMetric {
    let archived_at = row.archived_at;
    BillableMetric {
        id,
        name: record.name,
        sql: record.sql,
        aggregation_type: record.aggregation_type,
        aggregation_key: record.aggregation_key,
        event_type_filter: record.event_type_filter,
        property_filters: record.property_filters,
        group_keys: record.group_keys,
        custom_fields: custom_fields::named(reader, row),
        created_at: record.created_at,
        archived_at,
    }
}
