//! Rows that lead from a text to instances: to the one it belongs to, or to the several it is listed for. Under
//! the values of keys, and under names of the API's own.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::codec;
use super::key_bytes;
use super::member::{Member, Row};
use super::resident::Seen;
use super::tables::TableId;
use super::view::Reader;
use crate::error::Result;

/// The instance that a name belongs to, in a table of names that each belong to one.
pub fn holder(reader: &impl Reader, table: TableId, name: &str) -> Result<Option<Uuid>> {
    match reader.seen(table, name.as_bytes()) {
        Seen::Holder(id) => Ok(Some(id)),
        Seen::Nobody => Ok(None),
        Seen::Unknown => read(reader, table, name),
    }
}

/// As [`holder`], from the table itself.
pub fn read(reader: &impl Reader, table: TableId, name: &str) -> Result<Option<Uuid>> {
    let name = name.as_bytes();
    reader.get(table, name, |row| codec::open_holder(table, name, row))
}

pub fn give(member: &Member<'_>, table: TableId, name: &str, holder: Uuid) -> Result<()> {
    let name = name.as_bytes();
    member.put(table, name, Some(&codec::seal_holder(name, holder)))
}

/// The row of a name that belongs to an instance.
pub fn given(table: TableId, name: &str, holder: Uuid) -> Row {
    let key = name.as_bytes().to_vec();
    Row { table, value: codec::seal_holder(&key, holder).to_vec(), key }
}

pub fn take(member: &Member<'_>, table: TableId, name: &str) -> Result<()> {
    member.put(table, name.as_bytes(), None)
}

/// All instances that a name leads to, in order of their ids, in a table of names that lead to several.
pub fn listed(reader: &impl Reader, table: TableId, name: &str) -> Result<Vec<Uuid>> {
    let mut found = Vec::new();
    each_listed(reader, table, name, None, |id| {
        found.push(id);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Calls `visit` with the instances that a name leads to, those behind the id `after` where there is one, in order
/// of their ids.
pub fn each_listed(
    reader: &impl Reader,
    table: TableId,
    name: &str,
    after: Option<&[u8]>,
    mut visit: impl FnMut(Uuid) -> ControlFlow<()>,
) -> Result<()> {
    let begins = key_bytes::holders_of(name);
    let from = [begins.as_slice(), after.unwrap_or_default()].concat();
    let from =
        if after.is_some() { Bound::Excluded(from.as_slice()) } else { Bound::Included(from.as_slice()) };
    reader.scan(table, from, |key, row| {
        if !key.starts_with(&begins) {
            return Ok(ControlFlow::Break(()));
        }
        codec::check_listed(table, key, row)?;
        Ok(visit(key_bytes::split_listed(key)?.1))
    })
}

/// Lists an instance under a name, or strikes it off.
pub fn list(member: &Member<'_>, table: TableId, name: &str, id: Uuid, on: bool) -> Result<()> {
    let row = listing(table, name, id);
    if on { member.put_row(&row) } else { member.take_row(&row) }
}

/// The row of an instance that is listed under a name.
pub fn listing(table: TableId, name: &str, id: Uuid) -> Row {
    let key = key_bytes::listed(name, id);
    Row { table, value: codec::seal_listed(&key).to_vec(), key }
}
