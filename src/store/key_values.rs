//! The values of a key: which there are, and which are held more than once.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::find::{cut, searchable};
use super::query_plan::SEARCHED;
use crate::entity::ManagedEntity;
use crate::error::{Fault, Result};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::storage::catalog::Catalog;
use crate::storage::index;
use crate::storage::view::Reader;

/// A page of the values of a key with how many instances hold each: in order of the values.
pub fn distinct(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    page: &PageRequest,
) -> Result<Page<(String, u64)>> {
    // Counted and not gathered: any number of instances may hold a value.
    values(reader, entity, key, "values", page, |holders, _| *holders += 1, |_| true)
}

/// A page of the values of a key that several instances hold, with all their holders in order of the ids: in order of
/// the values.
pub fn shared(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    page: &PageRequest,
) -> Result<Page<(String, Vec<Uuid>)>> {
    values(reader, entity, key, "shared values", page, Vec::push, |holders| holders.len() > 1)
}

/// A page of the values of a key with what `add` makes of their holders, of those that are `wanted` for it.
fn values<T: Default>(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    list: &str,
    page: &PageRequest,
    add: impl Fn(&mut T, Uuid),
    wanted: impl Fn(&T) -> bool,
) -> Result<Page<(String, T)>> {
    let key = searchable(reader, entity, key, SEARCHED)?;
    let question = Question::filtered(list, &[key.number.to_string()]);
    let store = reader.with_catalog(Catalog::store);
    let after = page.resume(store, &question)?.map(str::from_utf8).transpose();
    let after = after.map_err(|_| Fault::CursorOfAnotherQuestion)?;
    let mut found: Vec<(String, T)> = Vec::new();
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    index::each(reader, &key, from, |value, id| {
        if found.last().is_none_or(|(last, _)| *last != value) {
            found.pop_if(|(_, holders)| !wanted(holders));
            found.push((value, T::default()));
        }
        if let Some((_, holders)) = found.last_mut() {
            add(holders, id);
        }
        // Of the value behind the page it is enough to know that it is there.
        let behind = found.get(page.limit).is_some_and(|(_, holders)| wanted(holders));
        if behind { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    found.pop_if(|(_, holders)| !wanted(holders));
    Ok(cut(found, page.limit, |(last, _)| Cursor::new(store, question, last.as_bytes())))
}
