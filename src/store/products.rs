//! Products: making, updating and reading them.

use super::custom_fields::{self, Plan};
use super::{billable_metrics, entities};
use crate::entity::{BillableMetricId, ContractProductId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Error, Fault, FieldProblem, Result};
use crate::model::page::{ArchiveFilter, Page, PageRequest};
use crate::model::product::{
    CreateProduct, MAX_UPDATES_PER_PRODUCT, Product, ProductChanges, ProductRecord, ProductState,
    ProductType, ProductUpdate,
};
use crate::model::scalar::Time;
use crate::rules::product::{
    creation_faults, group_key_fault, missing, not_allowed_in_update, update_faults,
};
use crate::storage::codec::FieldsRow;
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::view::Reader;

const METRIC: &str = "billable_metric_id";

pub fn create(member: &Member<'_>, request: CreateProduct) -> Result<ContractProductId> {
    let target = EntityRef {
        entity: ManagedEntity::ContractProduct,
        id: entities::fresh_id(member, ManagedEntity::ContractProduct)?,
    };
    let product_type = request.product_type;
    let (state, values) = ProductState::new(request, member.now(), member.about().actor.clone());
    let mut faults = creation_faults(product_type, &state);
    faults.extend(metric_fault(member, state.billable_metric_id)?);
    faults.extend(part_faults(member, None, &state.composite_product_ids)?);
    let grouping = grouping_fault(member, product_type, &state)?;
    faults.extend(grouping.filter(|fault| !faults.contains(fault)));
    let plan = Plan::for_new(member, target, values)?;
    faults.extend_from_slice(plan.faults());
    let record = ProductRecord { product_type, initial: state, updates: Vec::new() };
    faults.extend(entities::size_fault(target, &record)?);
    Fault::none_of(faults)?;
    let row = rows::create(member, target.id, &record)?;
    plan.apply_new(member, row)?;
    Ok(ContractProductId::from(target.id))
}

/// Adds an update to a product's schedule.
pub fn update(
    member: &Member<'_>,
    id: ContractProductId,
    starting_at: Time,
    changes: ProductChanges,
) -> Result<()> {
    let mut faults = update_faults(starting_at, &changes);
    faults.extend(metric_fault(member, changes.billable_metric_id)?);
    let parts = changes.composite_product_ids.as_deref().unwrap_or_default();
    faults.extend(part_faults(member, Some(id), parts)?);
    let (row, before) = match known(member, id) {
        Ok(found) => found,
        Err(Error::Refused(unknown)) => return Err(Error::Refused([unknown, faults].concat())),
        Err(failure) => return Err(failure),
    };
    faults.extend(not_allowed_in_update(before.product_type, &changes));
    let groups = changes.billable_metric_id.is_some()
        || changes.pricing_group_key.is_some()
        || changes.presentation_group_key.is_some();
    let shares = changes.composite_product_ids.is_some() || changes.composite_tags.is_some();
    let (created_at, created_by) = (member.now(), member.about().actor.clone());
    let mut after = before.clone();
    after.updates.push(ProductUpdate { starting_at, created_at, created_by, changes });
    let items = after.updates.len();
    if items > MAX_UPDATES_PER_PRODUCT {
        faults.push(FieldProblem::TooMany { items, most: MAX_UPDATES_PER_PRODUCT }.at("updates"));
    }
    if groups || shares {
        schedule_faults(member, &after, starting_at, groups, &mut faults)?;
    }
    faults.extend(entities::size_fault(id.into(), &after)?);
    Fault::none_of(faults)?;
    rows::update(member, id.uuid(), row, &before, &after)
}

/// The product, with what it is at that moment.
pub fn get(reader: &impl Reader, id: ContractProductId, at: Time) -> Result<Product> {
    let (row, record) = known(reader, id)?;
    Ok(joined(reader, id, row, record, at))
}

/// A page of products, in order of their ids.
pub fn page(
    reader: &impl Reader,
    filter: ArchiveFilter,
    page: &PageRequest,
    at: Time,
) -> Result<Page<Product>> {
    let found = entities::records_page(reader, filter, page)?;
    Ok(found.map(|(id, row, record)| joined(reader, ContractProductId::from(id), row, record, at)))
}

pub fn known(reader: &impl Reader, id: ContractProductId) -> Result<(FieldsRow, ProductRecord)> {
    let row = entities::known(reader, id.into())?;
    let record = rows::record(reader, id.uuid())?.ok_or(Fault::NothingButAnId { target: id.into() })?;
    Ok((row, record))
}

/// The fault of a metric that a product cannot get: there is none, or it is archived.
fn metric_fault(reader: &impl Reader, id: Option<BillableMetricId>) -> Result<Option<Fault>> {
    let Some(id) = id else { return Ok(None) };
    entities::reference_fault(reader, METRIC, id.into())
}

/// Faults of the products that one is a share of: they have to be there, and others than itself. Archived ones
/// are as good as any, because they may still be on invoices.
fn part_faults(
    reader: &impl Reader,
    own: Option<ContractProductId>,
    parts: &[ContractProductId],
) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let field = format!("composite_product_ids[{place}]");
        if own == Some(*part) {
            let rule = "a product is no share of itself";
            faults.push(FieldProblem::Value { value: part.to_string(), rule }.at(field));
        } else if !entities::exists(reader, part.into())? {
            faults.push(Fault::ReferenceNotFound { field, target: part.into() });
        }
    }
    Ok(faults)
}

/// What is wrong with the states that an update leaves, from its start on: it is looked at together with every
/// later start, because updates that were made before may change the metric under its group keys.
fn schedule_faults(
    reader: &impl Reader,
    record: &ProductRecord,
    from: Time,
    groups: bool,
    faults: &mut Vec<Fault>,
) -> Result<()> {
    for state in record.states_from(from) {
        let mut found = missing(record.product_type, &state);
        if groups {
            found.extend(grouping_fault(reader, record.product_type, &state)?);
        }
        found.retain(|fault| !faults.contains(fault));
        faults.extend(found);
    }
    Ok(())
}

/// Group keys are those of a metric whose definition is known here.
fn grouping_fault(
    reader: &impl Reader,
    product_type: ProductType,
    state: &ProductState,
) -> Result<Option<Fault>> {
    let grouped = !state.pricing_group_key.is_empty() || !state.presentation_group_key.is_empty();
    let Some(id) = state.billable_metric_id.filter(|_| grouped && product_type == ProductType::Usage) else {
        return Ok(None);
    };
    let target = EntityRef::from(id);
    Ok(match billable_metrics::group_keys(reader, id)? {
        Some(keys) => group_key_fault(state, &keys),
        None if entities::exists(reader, target)? => Some(Fault::NothingButAnId { target }),
        None => Some(Fault::ReferenceNotFound { field: METRIC.to_owned(), target }),
    })
}

fn joined(
    reader: &impl Reader,
    id: ContractProductId,
    row: FieldsRow,
    record: ProductRecord,
    at: Time,
) -> Product {
    let archived_at = row.archived_at;
    Product {
        id,
        product_type: record.product_type,
        current: record.state_at(at),
        initial: record.initial,
        updates: record.updates,
        custom_fields: custom_fields::named(reader, row),
        archived_at,
    }
}
