//! The values of a key: which there are, and which are held more than once.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::find::{cut, searchable};
use super::query_plan::SEARCHED;
use crate::entity::ManagedEntity;
use crate::error::{Error, Result};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::storage::catalog::Catalog;
use crate::storage::index;
use crate::storage::view::Reader;

/// A page of the values of a key that at least so many instances hold, with all their holders in order of the ids: in
/// order of the values.
pub fn page(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    least: usize,
    page: &PageRequest,
) -> Result<Page<(String, Vec<Uuid>)>> {
    let key = searchable(reader, entity, key, SEARCHED)?;
    let question = Question::filtered("values", &[key.number.to_string(), least.to_string()]);
    let store = reader.with_catalog(Catalog::store);
    let after = page.resume(store, &question)?.map(str::from_utf8).transpose();
    let after = after.map_err(|_| Error::corrupt("a cursor without a value"))?;
    let mut found: Vec<(String, Vec<Uuid>)> = Vec::new();
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    index::each(reader, &key, from, |value, id| {
        match found.last_mut() {
            Some((last, holders)) if *last == value => holders.push(id),
            _ => {
                found.pop_if(|(_, holders)| holders.len() < least);
                found.push((value, vec![id]));
            }
        }
        // Of the value behind the page it is enough to know that it is there.
        let behind = found.get(page.limit).is_some_and(|(_, holders)| holders.len() >= least);
        if behind { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    found.pop_if(|(_, holders)| holders.len() < least);
    Ok(cut(found, page.limit, |(last, _)| Cursor::new(store, question, last.as_bytes())))
}
