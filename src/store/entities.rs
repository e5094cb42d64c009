//! Instances: taking them in, archiving, forgetting, listing.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::find::cut;
use super::{dependents, invoices};
use crate::entity::{EntityRef, InvoiceId, ManagedEntity};
use crate::error::{Fault, Result};
use crate::model::custom_field::Instance;
use crate::model::page::{ArchiveFilter, Cursor, Page, PageRequest, Question};
use crate::storage::codec::{self, EntityRecord, FieldsRow};
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::view::Reader;

/// The row of an instance, or the fault that there is no such instance.
pub fn known(reader: &impl Reader, target: EntityRef) -> Result<FieldsRow> {
    Ok(row(reader, target)?.ok_or(Fault::InstanceNotFound { target })?)
}

pub fn exists(reader: &impl Reader, target: EntityRef) -> Result<bool> {
    Ok(row(reader, target)?.is_some())
}

/// The row of an instance; `None` where there is no such instance. An invoice is there before anything is stored of
/// it, and then it has no values.
pub fn row(reader: &impl Reader, target: EntityRef) -> Result<Option<FieldsRow>> {
    let stored = rows::fields(reader, target)?;
    let Ok(invoice) = InvoiceId::try_from(target) else { return Ok(stored) };
    if stored.is_some() || !invoices::exists(reader, invoice)? {
        return Ok(stored);
    }
    Ok(Some(FieldsRow { archived_at: None, revision: 0, values: Vec::new() }))
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

/// A page of an entity's instances that have a record, in order of their ids. Those taken in with nothing but an
/// id are passed over.
pub fn records_page<R: EntityRecord>(
    reader: &impl Reader,
    filter: ArchiveFilter,
    page: &PageRequest,
) -> Result<Page<(Uuid, FieldsRow, R)>> {
    let question = Question::filtered(R::ENTITY.name(), &[filter.to_string()]);
    let store = reader.with_catalog(crate::storage::catalog::Catalog::store);
    let after = page.resume(store, &question)?;
    let found = records(reader, filter, after, page.limit + 1)?;
    Ok(cut(found, page.limit, |(last, ..)| Cursor::new(store, question, last.as_bytes())))
}

fn records<R: EntityRecord>(
    reader: &impl Reader,
    filter: ArchiveFilter,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(Uuid, FieldsRow, R)>> {
    let mut after = after.map(<[u8]>::to_vec);
    let mut found = Vec::new();
    // Rows first, records then: a scan may not read other tables on its way. It may take several rounds, because
    // not every row has a record.
    loop {
        let mut some = Vec::new();
        let wanted = limit - found.len();
        rows::scan_fields(reader, R::ENTITY, after.as_deref(), |id, row| {
            if filter.admits(row.archived_at.is_some()) {
                some.push((id, row));
            }
            if some.len() < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let full = some.len() == wanted;
        after = some.last().map(|(id, _)| id.as_bytes().to_vec());
        for (id, row) in some {
            if let Some(record) = rows::record(reader, id)? {
                found.push((id, row, record));
            }
        }
        if !full || found.len() >= limit {
            return Ok(found);
        }
    }
}

/// The fault of a field that names what nothing new can have: there is no such instance, or it is archived.
pub fn reference_fault(reader: &impl Reader, field: &str, target: EntityRef) -> Result<Option<Fault>> {
    let field = field.to_owned();
    Ok(match row(reader, target)? {
        None => Some(Fault::ReferenceNotFound { field, target }),
        Some(row) if row.archived_at.is_some() => Some(Fault::ReferenceArchived { field, target }),
        Some(_) => None,
    })
}

/// The fault of a record that is too large to be kept.
pub fn size_fault<R: EntityRecord>(target: EntityRef, record: &R) -> Result<Option<Fault>> {
    let bytes = codec::payload(record)?.len();
    let most = codec::MAX_RECORD_BYTES;
    Ok((bytes > most).then_some(Fault::TooLarge { target, bytes, most }))
}

/// An id that no instance of the entity has.
pub fn fresh_id(member: &Member<'_>, entity: ManagedEntity) -> Result<Uuid> {
    loop {
        let id = member.new_id();
        // Any id may have been taken in before.
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
    if dependents::archive(member, target)? {
        return Ok(());
    }
    rows::archive(member, target, row)
}

pub fn forget(member: &Member<'_>, target: EntityRef) -> Result<()> {
    let row = known(member, target)?;
    dependents::release(member, target)?;
    rows::forget(member, target, &row)
}
