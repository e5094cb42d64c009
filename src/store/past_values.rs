//! Values as of a moment: those that all changes recorded before it had left.

use std::collections::BTreeMap;

use crate::entity::EntityRef;
use crate::error::Result;
use crate::model::scalar::Time;
use crate::storage::view::Reader;
use crate::storage::{past, rows};

/// An instance's values by key, as of a moment or as they are: none where there is no such instance. Values of keys
/// that were removed before the moment are not shown.
///
/// The past is told of what an invoice can show, from the moment on that it can: see [`past`].
pub fn values(
    reader: &impl Reader,
    target: EntityRef,
    as_of: Option<Time>,
) -> Result<BTreeMap<String, String>> {
    let past = as_of.map(|as_of| past::values(reader, target, as_of)).transpose()?.flatten();
    let values = match past {
        Some(values) => values,
        None => rows::fields(reader, target)?.map(|row| row.values).unwrap_or_default(),
    };
    let mut named = BTreeMap::new();
    for (number, value) in values {
        named.extend(name(reader, number, as_of)?.map(|name| (name, value)));
    }
    Ok(named)
}

/// The name of a key, unless it was removed.
fn name(reader: &impl Reader, number: u32, as_of: Option<Time>) -> Result<Option<String>> {
    let registered = reader.with_catalog(|catalog| Some(catalog.key_of(number)?.name.to_string()));
    let (None, Some(as_of)) = (&registered, as_of) else { return Ok(registered) };
    let key = rows::key_row(reader, number)?;
    Ok(key.filter(|key| key.removed_at.is_some_and(|at| as_of <= at)).map(|key| key.name))
}
