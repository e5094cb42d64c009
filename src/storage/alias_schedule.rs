//! Names that lead to one instance at a time: rows of (name, start), of which no two of a name overlap.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::codec::{self, AliasRow};
use super::key_bytes;
use super::member::{Member, Row};
use super::tables::TableId;
use super::view::Reader;
use crate::error::Result;
use crate::model::alias::ScheduledAlias;
use crate::model::scalar::Time;

/// Who a name leads to at a moment. Reads one row, however often the name has moved.
pub fn resolve(reader: &impl Reader, table: TableId, name: &str, at: Time) -> Result<Option<Uuid>> {
    let begins = key_bytes::holders_of(name);
    let from = key_bytes::scheduled(name, Some(at));
    let mut holder = None;
    reader.scan(table, Bound::Included(&from), |key, row| {
        if key.starts_with(&begins) {
            let row: AliasRow = codec::decode(table, key, row)?;
            let holds = row.ending_before.is_none_or(|end| at < end);
            holder = holds.then(|| Uuid::from_bytes(row.holder));
        }
        Ok(ControlFlow::Break(()))
    })?;
    Ok(holder)
}

/// Everybody a name leads to at some time of an alias, with their own times, the latest first.
pub fn overlapping(
    reader: &impl Reader,
    table: TableId,
    new: &ScheduledAlias,
) -> Result<Vec<(ScheduledAlias, Uuid)>> {
    let begins = key_bytes::holders_of(&new.name);
    let mut found = Vec::new();
    reader.scan(table, Bound::Included(&begins), |key, row| {
        if !key.starts_with(&begins) {
            return Ok(ControlFlow::Break(()));
        }
        let AliasRow { holder, starting_at, ending_before } = codec::decode(table, key, row)?;
        let held = ScheduledAlias { name: new.name.clone(), starting_at, ending_before };
        if held.overlaps(new) {
            found.push((held, Uuid::from_bytes(holder)));
        } else if ending_before.is_some_and(|end| new.starting_at.is_some_and(|start| end <= start)) {
            // It was over before the alias begins, and so were those that are still to come.
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Has a name lead to an instance for a while in which it leads to nobody.
pub fn give(member: &Member<'_>, table: TableId, alias: &ScheduledAlias, holder: Uuid) -> Result<()> {
    member.put_row(&given(table, alias, holder)?)
}

/// The row of a name that leads to an instance for a while.
pub fn given(table: TableId, alias: &ScheduledAlias, holder: Uuid) -> Result<Row> {
    let ScheduledAlias { name, starting_at, ending_before } = alias;
    let key = key_bytes::scheduled(name, *starting_at);
    let row =
        AliasRow { holder: holder.into_bytes(), starting_at: *starting_at, ending_before: *ending_before };
    Ok(Row { table, value: codec::encode(&key, &row)?, key })
}

/// Has a name lead to nobody for the while that begins there.
pub fn take(member: &Member<'_>, table: TableId, alias: &ScheduledAlias) -> Result<()> {
    member.put(table, &key_bytes::scheduled(&alias.name, alias.starting_at), None)
}
