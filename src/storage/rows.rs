//! The one place where rows change: an instance's row, the indexes and the journal, together.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use uuid::Uuid;

use super::catalog::Key;
use super::codec::{self, EntityRecord, FieldsLook, FieldsRow, KeyRow};
use super::index;
use super::journal;
use super::key_bytes;
use super::member::Member;
use super::past;
use super::tables::TableId;
use super::view::Reader;
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::{Error, Result};
use crate::model::change::{Subject, ValueChange, What};
use crate::model::scalar::Time;

impl FieldsRow {
    /// The value for the key of that number.
    pub fn value(&self, number: u32) -> Option<&str> {
        let at = self.values.binary_search_by_key(&number, |(key, _)| *key).ok()?;
        self.values.get(at).map(|(_, value)| value.as_str())
    }
}

/// The row of an instance; `None` where there is no such instance.
pub fn fields(reader: &impl Reader, target: EntityRef) -> Result<Option<FieldsRow>> {
    let table = TableId::Fields(target.entity);
    let key = target.id.as_bytes();
    reader.get(table, key, |row| codec::decode(table, key, row))
}

/// What `read` makes of the row of an instance, with the values where they stand; `None` where there is no such instance.
pub fn look_at<T>(
    reader: &impl Reader,
    target: EntityRef,
    read: impl FnOnce(FieldsLook<'_>) -> T,
) -> Result<Option<T>> {
    let table = TableId::Fields(target.entity);
    let key = target.id.as_bytes();
    reader.get(table, key, |row| codec::look_at(table, key, row).map(read))
}

/// Calls `visit` with each instance of the entity behind the id `after`, in order of the ids.
pub fn scan_fields(
    reader: &impl Reader,
    entity: ManagedEntity,
    after: Option<&[u8]>,
    mut visit: impl FnMut(Uuid, FieldsRow) -> ControlFlow<()>,
) -> Result<()> {
    let table = TableId::Fields(entity);
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    reader.scan(table, from, |key, row| Ok(visit(key_bytes::id(key)?, codec::decode(table, key, row)?)))
}

/// Values of one instance that are to change.
#[derive(Debug)]
pub struct Edit {
    pub target: EntityRef,
    /// The instance's row before, or a new one.
    pub row: FieldsRow,
    /// Whether the instance is made with these values, so that it never had others.
    pub new: bool,
    /// Whether it is made by being taken in here: there is nothing of it yet.
    pub taken_in: bool,
    pub changes: Vec<KeyChange>,
}

/// A value that is to change, with its key.
#[derive(Debug)]
pub struct KeyChange {
    pub key: Arc<Key>,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// Carries out edits that were found to be sound. All old index rows go before any new one comes, so that
/// instances can exchange unique values. The revisions of the edited instances come back.
pub fn apply(member: &Member<'_>, mut edits: Vec<Edit>) -> Result<Vec<u64>> {
    for edit in edits.iter_mut().filter(|edit| edit.taken_in) {
        edit.row.revision = journal::record(member, Subject::Instance(edit.target), 0, &What::Adopted)?;
    }
    for (edit, change) in held_changes(&edits) {
        if let Some(old) = &change.old {
            index::remove(member, &change.key, old, edit.target.id)?;
        }
    }
    for (edit, change) in held_changes(&edits) {
        if let Some(new) = &change.new {
            index::insert(member, &change.key, new, edit.target.id)?;
        }
    }
    edits.into_iter().map(|edit| apply_row(member, edit)).collect()
}

/// The changes of values that their instances hold.
pub fn held_changes(edits: &[Edit]) -> impl Iterator<Item = (&Edit, &KeyChange)> {
    edits.iter().flat_map(|edit| {
        let held = edit.changes.iter().filter(|change| change.key.is_held_by(&edit.row));
        held.map(move |change| (edit, change))
    })
}

fn apply_row(member: &Member<'_>, edit: Edit) -> Result<u64> {
    let Edit { target, row, new, taken_in, changes } = edit;
    if changes.is_empty() {
        if taken_in {
            write_fields(member, target, &row)?;
        }
        return Ok(row.revision);
    }
    let changes = changes.into_iter();
    let changes =
        changes.map(|KeyChange { key, old, new }| ValueChange { key: key.number, old, new }).collect();
    let kept = if !new && past::is_shown(member, target)? { Some(member.now()) } else { None };
    put_values(member, target, row, changes, kept)
}

/// Writes an instance's row with changed values; those before are kept where an invoice can show them, until that
/// moment. The indexes are the caller's. The instance's revision comes back.
pub fn put_values(
    member: &Member<'_>,
    target: EntityRef,
    row: FieldsRow,
    changes: Vec<ValueChange>,
    kept: Option<Time>,
) -> Result<u64> {
    if let Some(until) = kept {
        past::keep(member, target, &row, until)?;
    }
    write_values(member, target, row, changes, kept)
}

/// Has values of keys that were removed leave the rows in which they still are; how many.
pub fn clear_removed_values(member: &Member<'_>, entity: ManagedEntity) -> Result<u64> {
    /// So many rows are held in memory at once.
    const ROWS: usize = 1_000;
    let (mut cleared, mut after) = (0, None::<Uuid>);
    let is_removed =
        |(number, _): &(u32, String)| member.with_catalog(|catalog| catalog.key_of(*number).is_none());
    loop {
        let mut found = Vec::new();
        scan_fields(member, entity, after.as_ref().map(|id| id.as_bytes().as_slice()), |id, row| {
            let removed = row.values.iter().filter(|value| is_removed(value)).count();
            if removed > 0 {
                cleared += removed as u64;
                found.push((id, row));
            }
            if found.len() < ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let Some((last, _)) = found.last() else { return Ok(cleared) };
        after = Some(*last);
        for (id, row) in found {
            write_values(member, EntityRef { entity, id }, row, Vec::new(), None)?;
        }
    }
}

fn write_values(
    member: &Member<'_>,
    target: EntityRef,
    mut row: FieldsRow,
    mut changes: Vec<ValueChange>,
    kept: Option<Time>,
) -> Result<u64> {
    // Values of keys that were removed leave when the row is written next; the journal has them, because they were
    // there before the keys were removed.
    member.with_catalog(|catalog| {
        let gone = row.values.extract_if(.., |(key, _)| catalog.key_of(*key).is_none());
        changes.extend(gone.map(|(key, old)| ValueChange { key, old: Some(old), new: None }));
    });
    let what = What::Values { changes, kept };
    row.revision = journal::record(member, Subject::Instance(target), row.revision, &what)?;
    for change in what.into_values() {
        let place = row.values.binary_search_by_key(&change.key, |(key, _)| *key);
        match (place, change.new) {
            (Ok(at), None) => drop(row.values.remove(at)),
            (Ok(at), Some(new)) => {
                if let Some((_, value)) = row.values.get_mut(at) {
                    *value = new;
                }
            }
            (Err(at), Some(new)) => row.values.insert(at, (change.key, new)),
            (Err(_), None) => {}
        }
    }
    write_fields(member, target, &row)?;
    Ok(row.revision)
}

/// Takes an instance in.
pub fn adopt(member: &Member<'_>, target: EntityRef) -> Result<FieldsRow> {
    let mut row = FieldsRow { archived_at: None, revision: 0, values: Vec::new() };
    put_fields(member, target, &mut row, &What::Adopted)?;
    Ok(row)
}

/// Archives an instance. It keeps its values, and its hold on the unique ones but those of keys that release them.
pub fn archive(member: &Member<'_>, target: EntityRef, row: FieldsRow) -> Result<()> {
    archive_at(member, target, row, member.now())
}

/// Archives an instance that was archived at a moment elsewhere.
pub fn archive_at(member: &Member<'_>, target: EntityRef, mut row: FieldsRow, at: Time) -> Result<()> {
    let held = held(member, &row);
    row.archived_at = Some(at);
    for (key, value) in held.iter().filter(|(key, _)| !key.is_held_by(&row)) {
        index::remove(member, key, value, target.id)?;
    }
    put_fields(member, target, &mut row, &What::Archived)
}

/// The values that an instance holds, with their keys.
fn held(member: &Member<'_>, row: &FieldsRow) -> Vec<(Arc<Key>, String)> {
    member.with_catalog(|catalog| {
        let values = row.values.iter();
        let known = values.filter_map(|(number, value)| Some((catalog.key_of(*number)?, value)));
        let held = known.filter(|(key, _)| key.is_held_by(row));
        held.map(|(key, value)| (Arc::clone(key), value.clone())).collect()
    })
}

/// Removes an instance with its record and values, and empties its changes in the journal.
pub fn forget(member: &Member<'_>, target: EntityRef, row: &FieldsRow) -> Result<()> {
    for (key, value) in held(member, row) {
        index::remove(member, &key, &value, target.id)?;
    }
    member.put(TableId::Record(target.entity), target.id.as_bytes(), None)?;
    member.put(TableId::Fields(target.entity), target.id.as_bytes(), None)?;
    past::forget(member, target)?;
    journal::forget(member, target, row.revision)?;
    journal::record(member, Subject::Instance(target), 0, &What::Forgotten).map(drop)
}

/// The record of an instance; `None` where there is no such instance, or it was taken in with nothing but its id.
pub fn record<R: EntityRecord>(reader: &impl Reader, id: Uuid) -> Result<Option<R>> {
    let table = TableId::Record(R::ENTITY);
    let key = id.as_bytes();
    reader.get(table, key, |row| codec::decode(table, key, row))
}

/// Makes an instance with a record.
pub fn create<R: EntityRecord>(member: &Member<'_>, id: Uuid, record: &R) -> Result<FieldsRow> {
    let mut row = FieldsRow { archived_at: None, revision: 0, values: Vec::new() };
    put_record(member, id, record)?;
    let what = What::Created { record: codec::payload(record)? };
    put_fields(member, EntityRef { entity: R::ENTITY, id }, &mut row, &what)?;
    Ok(row)
}

/// Puts another record in place of an instance's.
pub fn update<R: EntityRecord>(
    member: &Member<'_>,
    id: Uuid,
    mut row: FieldsRow,
    old: &R,
    new: &R,
) -> Result<()> {
    put_record(member, id, new)?;
    let what = What::Record { old: codec::payload(old)?, new: codec::payload(new)? };
    put_fields(member, EntityRef { entity: R::ENTITY, id }, &mut row, &what)
}

fn put_record<R: EntityRecord>(member: &Member<'_>, id: Uuid, record: &R) -> Result<()> {
    let key = id.as_bytes();
    member.put(TableId::Record(R::ENTITY), key, Some(&codec::encode(key, record)?))
}

/// Writes an instance's row and the change that made it so, whose number is the row's new revision.
fn put_fields(member: &Member<'_>, target: EntityRef, row: &mut FieldsRow, what: &What) -> Result<()> {
    row.revision = journal::record(member, Subject::Instance(target), row.revision, what)?;
    write_fields(member, target, row)
}

fn write_fields(member: &Member<'_>, target: EntityRef, row: &FieldsRow) -> Result<()> {
    let key = target.id.as_bytes();
    member.put(TableId::Fields(target.entity), key, Some(&codec::encode(key, row)?))
}

/// Writes what was changed of an instance, in a row that is not its own, into the journal, and with it the instance's
/// row.
pub(super) fn note(member: &Member<'_>, target: EntityRef, what: &What) -> Result<()> {
    let missing = || Error::corrupt(format!("table {}: {target} is missing", TableId::Fields(target.entity)));
    let mut row = fields(member, target)?.ok_or_else(missing)?;
    put_fields(member, target, &mut row, what)
}

/// Writes what becomes of some parts of an instance into the journal, and with it the instance's row.
pub(super) fn note_parts(
    member: &Member<'_>,
    target: EntityRef,
    row: &mut FieldsRow,
    what: &What,
) -> Result<()> {
    put_fields(member, target, row, what)
}

/// The record of a key, registered or removed.
pub fn key_row(reader: &impl Reader, number: u32) -> Result<Option<KeyRow>> {
    let key = number.to_be_bytes();
    reader.get(TableId::Keys, &key, |row| codec::decode(TableId::Keys, &key, row))
}

/// Calls `visit` with the record of each key, registered or removed, in order of the numbers.
pub fn scan_keys(reader: &impl Reader, mut visit: impl FnMut(u32, KeyRow) -> ControlFlow<()>) -> Result<()> {
    reader.scan(TableId::Keys, Bound::Unbounded, |key, row| {
        Ok(visit(key_bytes::key_number(key)?, codec::decode(TableId::Keys, key, row)?))
    })
}

/// Writes the record of a key, and the catalog's with it.
pub fn put_key(member: &Member<'_>, mut key: Key, what: &What) -> Result<()> {
    let removed_at = (*what == What::KeyRemoved).then(|| member.now());
    key.revision = journal::record(member, Subject::Key(key.number), key.revision, what)?;
    let number = key.number.to_be_bytes();
    member.put(TableId::Keys, &number, Some(&codec::encode(&number, &key.to_row(removed_at))?))?;
    member
        .change_catalog(|catalog| if removed_at.is_some() { catalog.remove(&key) } else { catalog.put(key) });
    Ok(())
}
