//! The values of a key: which there are, and which are held more than once.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::custom_field_keys;
use super::find::{cut, searchable};
use super::query_plan::SEARCHED;
use crate::entity::ManagedEntity;
use crate::error::{Error, Result};
use crate::model::page::{ArchiveFilter, Cursor, Page, PageRequest, Question};
use crate::storage::catalog::{Catalog, Key};
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
    each(reader, &key, after, |value, id| {
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

/// Calls `visit` with each value behind `after` and its holder, in order of (value, id), archived ones among them.
fn each(
    reader: &impl Reader,
    key: &Key,
    after: Option<&str>,
    visit: impl FnMut(String, Uuid) -> ControlFlow<()>,
) -> Result<()> {
    if index::is_whole(key, ArchiveFilter::All) {
        index::each(reader, key, after.map_or(Bound::Unbounded, Bound::Excluded), visit)
    } else {
        each_of_rows(reader, key, after, visit)
    }
}

/// The same, by looking at every instance.
fn each_of_rows(
    reader: &impl Reader,
    key: &Key,
    after: Option<&str>,
    mut visit: impl FnMut(String, Uuid) -> ControlFlow<()>,
) -> Result<()> {
    let held = custom_field_keys::held(reader, key)?;
    let mut held: Vec<_> =
        held.into_iter().map(|(value, id)| (key.compared(&value).into_owned(), id)).collect();
    held.sort_unstable();
    let mut behind = held.into_iter().filter(|(value, _)| after.is_none_or(|after| after < value.as_str()));
    let _ = behind.try_for_each(|(value, id)| visit(value, id));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::CustomerId;
    use crate::model::custom_field::KeyKind;
    use crate::store::{StoreOptions, Writing as _};

    #[test]
    fn the_rows_tell_the_same_values_as_the_index() {
        let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
        let values = ["", "\0", "a", "a\0", "a\0b", "ab", "\u{ff}"];
        for (name, kind) in [("slot", KeyKind::Enforced), ("tier", KeyKind::Indexed)] {
            store.add_key(ManagedEntity::Customer, name, kind).unwrap();
            for (n, value) in (1..).zip(values.into_iter().rev()) {
                store.set_values(CustomerId::from(Uuid::from_u128(n)), [(name, value)]).unwrap();
            }
        }
        store.set_values(CustomerId::from(Uuid::from_u128(u128::MAX)), [("tier", "a")]).unwrap();
        let view = store.view().unwrap();
        for name in ["slot", "tier"] {
            let key = searchable(&*view, ManagedEntity::Customer, name, SEARCHED).unwrap();
            for after in [None].into_iter().chain(values.map(Some)) {
                let [mut of_rows, mut of_index] = [const { Vec::new() }; 2];
                let taking = |found: &mut Vec<_>, value, id| {
                    found.push((value, id));
                    if found.len() < 5 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                };
                each_of_rows(&*view, &key, after, |value, id| taking(&mut of_rows, value, id)).unwrap();
                each(&*view, &key, after, |value, id| taking(&mut of_index, value, id)).unwrap();
                assert_eq!(of_rows, of_index, "{name} behind {after:?}");
                let first = values.iter().find(|value| after.is_none_or(|after| after < **value));
                assert_eq!(of_rows.first().map(|(value, _)| value.as_str()), first.copied());
            }
        }
    }
}
