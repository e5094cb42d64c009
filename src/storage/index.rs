//! The index of a key: which instance holds a value, or which instances do.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::alias;
use super::catalog::Key;
use super::codec;
use super::key_bytes;
use super::member::Member;
use super::tables::TableId;
use super::view::Reader;
use crate::error::Result;
use crate::model::custom_field::KeyKind;
use crate::model::page::ArchiveFilter;

/// The holder of a value of an enforced key.
pub fn holder(reader: &impl Reader, key: &Key, value: &str) -> Result<Option<Uuid>> {
    alias::holder(reader, TableId::Unique(key.entity, key.index), &key.compared(value))
}

/// As [`holder`], from the index itself.
pub fn read_holder(reader: &impl Reader, key: &Key, value: &str) -> Result<Option<Uuid>> {
    alias::read(reader, TableId::Unique(key.entity, key.index), &key.compared(value))
}

/// How many instances hold a value; `None` where the key has no index to tell.
pub fn count(reader: &impl Reader, key: &Key) -> Result<Option<u64>> {
    key.index_table().map(|table| reader.len(table)).transpose()
}

/// Up to `limit` values that begin with `prefix`, as they are [compared](Key::compared), with their holders, in order of
/// (value, id), behind the row with the key `after`.
pub fn with_prefix(
    reader: &impl Reader,
    key: &Key,
    prefix: &str,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(String, Uuid)>> {
    let prefix = key.compared(prefix);
    let begins = match key.kind {
        KeyKind::Enforced => prefix.as_bytes().to_vec(),
        _ => key_bytes::values_from(&prefix),
    };
    entries(reader, key, &begins, after, limit, |value, id| (value, id))
}

/// Up to `limit` holders of this value, in order of their ids, behind the row with the key `after`.
pub fn holders(
    reader: &impl Reader,
    key: &Key,
    value: &str,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Uuid>> {
    if key.kind == KeyKind::Enforced {
        let holder = if after.is_none() { holder(reader, key, value)? } else { None };
        return Ok(holder.into_iter().collect());
    }
    // However many they are, the value they all hold is not kept with each.
    entries(reader, key, &key_bytes::holders_of(&key.compared(value)), after, limit, |_, id| id)
}

/// Calls `visit` with each value from there on and its holder, in order of (value, id).
pub fn each(
    reader: &impl Reader,
    key: &Key,
    from: Bound<&str>,
    mut visit: impl FnMut(String, Uuid) -> ControlFlow<()>,
) -> Result<()> {
    let Some(table) = key.index_table() else { return Ok(()) };
    // The first row of a value, and the last one that it could have.
    let first = |value: &str| match key.kind {
        KeyKind::Enforced => value.as_bytes().to_vec(),
        _ => key_bytes::holders_of(value),
    };
    let from = match from {
        Bound::Included(value) => Bound::Included(first(value)),
        Bound::Excluded(value) => Bound::Excluded(row_key(key, value, Uuid::max())),
        Bound::Unbounded => Bound::Unbounded,
    };
    reader.scan(table, from.as_ref().map(Vec::as_slice), |row_key, row| {
        let (value, id) = entry(table, row_key, row)?;
        Ok(visit(value, id))
    })
}

/// Whether the index has every value of the key that instances have which such a list shows: archived ones may have let
/// go of theirs.
pub fn is_whole(key: &Key, archived: ArchiveFilter) -> bool {
    key.index_table().is_some() && (!key.releases() || archived == ArchiveFilter::NotArchived)
}

/// The row key that stands for a holder of a value, to go on behind.
pub fn row_key(key: &Key, value: &str, id: Uuid) -> Vec<u8> {
    let value = key.compared(value);
    match key.kind {
        KeyKind::Enforced => value.as_bytes().to_vec(),
        _ => key_bytes::listed(&value, id),
    }
}

fn entries<T>(
    reader: &impl Reader,
    key: &Key,
    begins: &[u8],
    after: Option<&[u8]>,
    limit: usize,
    take: impl Fn(String, Uuid) -> T,
) -> Result<Vec<T>> {
    let Some(table) = key.index_table() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    // A cursor cannot lead outside of what was asked for.
    let from = match after.filter(|after| *after >= begins) {
        Some(after) => Bound::Excluded(after),
        None => Bound::Included(begins),
    };
    reader.scan(table, from, |row_key, row| {
        if found.len() == limit || !row_key.starts_with(begins) {
            return Ok(ControlFlow::Break(()));
        }
        let (value, id) = entry(table, row_key, row)?;
        found.push(take(value, id));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn entry(table: TableId, row_key: &[u8], row: &[u8]) -> Result<(String, Uuid)> {
    if let TableId::Unique(..) = table {
        let value = String::from_utf8(row_key.to_vec())
            .map_err(|_| crate::error::Error::corrupt(format!("table {table}: a value that is not text")))?;
        Ok((value, codec::open_holder(table, row_key, row)?))
    } else {
        codec::check_listed(table, row_key, row)?;
        key_bytes::split_listed(row_key)
    }
}

/// Adds the row of a value that an instance holds.
pub fn insert(member: &Member<'_>, key: &Key, value: &str, id: Uuid) -> Result<()> {
    let Some(table) = key.index_table() else { return Ok(()) };
    let value = &*key.compared(value);
    match key.kind {
        KeyKind::Enforced => alias::give(member, table, value, id),
        _ => alias::list(member, table, value, id, true),
    }
}

/// Removes the row of a value that an instance holds no more.
pub fn remove(member: &Member<'_>, key: &Key, value: &str, id: Uuid) -> Result<()> {
    let Some(table) = key.index_table() else { return Ok(()) };
    let value = &*key.compared(value);
    match key.kind {
        KeyKind::Enforced => alias::take(member, table, value),
        _ => alias::list(member, table, value, id, false),
    }
}
