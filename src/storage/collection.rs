//! What an instance can have any number of, each in a row of its own: owner id and child key -> record.
//!
//! The rows of one owner, and of one beginning of a child key, stand together. A change reads and writes no other
//! row than its own, besides the owner's row, whose revision it moves, and the journal.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::codec::{self, FieldsRow, Record};
use super::member::Member;
use super::rows;
use super::tables::{ID_BYTES, TableId};
use super::view::Reader;
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::Result;
use crate::model::change::{Collection, PartChange, What};
use crate::model::recorded::AnyPart;

/// A change in the journal holds parts of no more bytes than this, and one more.
const CHANGE_BYTES: usize = 64 << 10;

/// What stands in the rows of a collection.
pub trait Part: Record {
    const COLLECTION: Collection;
    const OWNER: ManagedEntity;
}

/// What is to be there under this key, whatever was; nothing where the part is `None`.
#[derive(Debug)]
pub struct Put<P> {
    pub key: Vec<u8>,
    pub part: Option<P>,
}

/// Puts parts of an instance. Those that are there already as they are to be are no change.
pub fn put<P: Part + PartialEq>(
    member: &Member<'_>,
    owner: Uuid,
    row: &mut FieldsRow,
    parts: impl IntoIterator<Item = Put<P>>,
) -> Result<()> {
    let mut changes = Vec::new();
    let mut bytes = 0;
    for Put { key, part } in parts {
        let Some(change) = put_one(member, owner, key, part.as_ref())? else { continue };
        bytes +=
            change.key.len() + [&change.old, &change.new].into_iter().flatten().map(Vec::len).sum::<usize>();
        changes.push(change);
        if bytes >= CHANGE_BYTES {
            note::<P>(member, owner, row, std::mem::take(&mut changes))?;
            bytes = 0;
        }
    }
    note::<P>(member, owner, row, changes)
}

fn put_one<P: Part + PartialEq>(
    member: &Member<'_>,
    owner: Uuid,
    key: Vec<u8>,
    part: Option<&P>,
) -> Result<Option<PartChange>> {
    let table = TableId::Parts(P::COLLECTION);
    let row_key = row_key(owner, &key);
    let old: Option<P> = member.get(table, &row_key, |row| codec::decode(table, &row_key, row))?;
    if old.as_ref() == part {
        return Ok(None);
    }
    let row = part.map(|part| codec::encode(&row_key, part)).transpose()?;
    member.put(table, &row_key, row.as_deref())?;
    let old = old.as_ref().map(codec::payload).transpose()?;
    Ok(Some(PartChange { key, old, new: part.map(codec::payload).transpose()? }))
}

fn note<P: Part>(
    member: &Member<'_>,
    owner: Uuid,
    row: &mut FieldsRow,
    changes: Vec<PartChange>,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let owner = EntityRef { entity: P::OWNER, id: owner };
    rows::note_parts(member, owner, row, &What::Parts { of: P::COLLECTION, changes })
}

/// Calls `visit` with the key and the record of each part of an instance whose key begins so, from the key `from`
/// on or behind it, in order of the keys. Reads no others.
pub fn scan<P: Part>(
    reader: &impl Reader,
    owner: Uuid,
    begins: &[u8],
    from: Bound<&[u8]>,
    mut visit: impl FnMut(&[u8], P) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let table = TableId::Parts(P::COLLECTION);
    let begins = row_key(owner, begins);
    // Nothing leads outside of what was asked for.
    let from = match from.map(|from| row_key(owner, from)) {
        Bound::Included(from) | Bound::Excluded(from) if from < begins => Bound::Included(begins.clone()),
        Bound::Unbounded => Bound::Included(begins.clone()),
        from => from,
    };
    reader.scan(table, from.as_ref().map(Vec::as_slice), |key, row| {
        match key.strip_prefix(owner.as_bytes().as_slice()) {
            Some(child) if key.starts_with(&begins) => visit(child, codec::decode(table, key, row)?),
            _ => Ok(ControlFlow::Break(())),
        }
    })
}

/// Calls `visit` with the key and the record of each part of an instance, whatever they are of, in order of the keys.
pub fn scan_any(
    reader: &impl Reader,
    of: Collection,
    owner: Uuid,
    mut visit: impl FnMut(&[u8], AnyPart) -> Result<ControlFlow<()>>,
) -> Result<()> {
    reader.scan(TableId::Parts(of), Bound::Included(owner.as_bytes()), |key, row| {
        match key.strip_prefix(owner.as_bytes().as_slice()) {
            Some(child) => visit(child, AnyPart::decode(of, key, row)?),
            None => Ok(ControlFlow::Break(())),
        }
    })
}

/// A part of an instance.
pub fn get<P: Part>(reader: &impl Reader, owner: Uuid, key: &[u8]) -> Result<Option<P>> {
    let (table, row_key) = (TableId::Parts(P::COLLECTION), row_key(owner, key));
    reader.get(table, &row_key, |row| codec::decode(table, &row_key, row))
}

/// The key of an instance's first part from the key `from` on, or behind it.
pub fn first_key(
    reader: &impl Reader,
    of: Collection,
    owner: Uuid,
    from: Bound<&[u8]>,
) -> Result<Option<Vec<u8>>> {
    let from = match from {
        Bound::Unbounded => Bound::Included(row_key(owner, &[])),
        from => from.map(|from| row_key(owner, from)),
    };
    let mut found = None;
    reader.scan(TableId::Parts(of), from.as_ref().map(Vec::as_slice), |key, _| {
        found = key.strip_prefix(owner.as_bytes().as_slice()).map(<[u8]>::to_vec);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Removes all parts of an instance, because it is forgotten; the journal forgets them with it.
pub fn clear(member: &Member<'_>, of: Collection, owner: Uuid) -> Result<()> {
    while let Some(key) = first_key(member, of, owner, Bound::Unbounded)? {
        member.put(TableId::Parts(of), &row_key(owner, &key), None)?;
    }
    Ok(())
}

fn row_key(owner: Uuid, child: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(ID_BYTES + child.len());
    key.extend(owner.as_bytes());
    key.extend(child);
    key
}
