//! Instances: taking them in, archiving, forgetting, listing.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::find::cut;
use super::{customers, rate_cards};
use crate::entity::{CustomerId, EntityRef, ManagedEntity, RateCardId};
use crate::error::{Fault, Result};
use crate::model::custom_field::Instance;
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::storage::codec::FieldsRow;
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::view::Reader;

/// The row of an instance, or the fault that there is no such instance.
pub fn known(reader: &impl Reader, target: EntityRef) -> Result<FieldsRow> {
    Ok(rows::fields(reader, target)?.ok_or(Fault::InstanceNotFound { target })?)
}

pub fn exists(reader: &impl Reader, target: EntityRef) -> Result<bool> {
    Ok(rows::fields(reader, target)?.is_some())
}

/// A page of the instances of an entity, in order of their ids.
pub fn page(
    reader: &impl Reader,
    entity: ManagedEntity,
    page: &PageRequest,
) -> Result<Page<Instance<EntityRef>>> {
    let question = Question::Instances { entity };
    let store = reader.with_catalog(crate::storage::catalog::Catalog::store);
    let after = page.resume(store, &question)?;
    let mut found = Vec::new();
    rows::scan_fields(reader, entity, after, |id, row| {
        let FieldsRow { archived_at, revision, .. } = row;
        found.push(Instance { id: EntityRef { entity, id }, archived: archived_at.is_some(), revision });
        if found.len() > page.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(cut(found, page.limit, |last| Cursor::new(store, question, last.id.id.as_bytes())))
}

/// An id that no instance of the entity has.
pub fn fresh_id(member: &Member<'_>, entity: ManagedEntity) -> Result<Uuid> {
    loop {
        let id = member.new_id();
        // Counted ids begin anew when a store is opened, and any id may have been taken in.
        if !exists(member, EntityRef { entity, id })? {
            return Ok(id);
        }
    }
}

/// Takes an instance in; whether it was new.
pub fn adopt(member: &Member<'_>, target: EntityRef) -> Result<bool> {
    let new = !exists(member, target)?;
    if new {
        rows::adopt(member, target)?;
    }
    Ok(new)
}

pub fn archive(member: &Member<'_>, target: EntityRef) -> Result<()> {
    let row = known(member, target)?;
    if row.archived_at.is_some() {
        return Err(Fault::AlreadyArchived { target }.into());
    }
    rows::archive(member, target, row)
}

pub fn forget(member: &Member<'_>, target: EntityRef) -> Result<()> {
    let row = known(member, target)?;
    if let Ok(customer) = CustomerId::try_from(target) {
        customers::release(member, customer)?;
    }
    if let Ok(card) = RateCardId::try_from(target) {
        rate_cards::release(member, card)?;
    }
    rows::forget(member, target, &row)
}
