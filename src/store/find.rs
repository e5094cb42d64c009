//! Finding instances by what they hold.

use uuid::Uuid;

use crate::entity::{EntityRef, ManagedEntity};
use crate::error::{Error, Fault, Result};
use crate::model::custom_field::{Comparison, KeyKind};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::storage::catalog::Key;
use crate::storage::index;
use crate::storage::resident::Seen;
use crate::storage::rows;
use crate::storage::view::Reader;

/// The one holder of a value of an enforced key.
#[inline]
pub fn holder(reader: &impl Reader, entity: ManagedEntity, key: &str, value: &str) -> Result<Option<Uuid>> {
    match reader.seen_value(entity, key, value) {
        Seen::Holder(id) => Ok(Some(id)),
        Seen::Nobody => Ok(None),
        Seen::Unknown => {
            let key = searchable(reader, entity, key, &[KeyKind::Enforced])?;
            index::read_holder(reader, &key, value)
        }
    }
}

/// The holders of several values of an enforced key, in the order of the values.
pub fn holders(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    values: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<Vec<Option<Uuid>>> {
    let key = searchable(reader, entity, key, &[KeyKind::Enforced])?;
    values.into_iter().map(|value| index::holder(reader, &key, value.as_ref())).collect()
}

/// A page of the holders of a value, in order of their ids.
pub fn all(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    value: &str,
    page: &PageRequest,
) -> Result<Page<Uuid>> {
    let key = searchable(reader, entity, key, &[KeyKind::Enforced, KeyKind::Indexed])?;
    let question = Question::Holders { entity, key: key.number, value: value.to_owned() };
    let store = reader.with_catalog(crate::storage::catalog::Catalog::store);
    let after = page.resume(store, &question)?;
    let found = index::holders(reader, &key, value, after, page.limit + 1)?;
    Ok(cut(found, page.limit, |id| Cursor::new(store, question, &index::row_key(&key, value, *id))))
}

/// A page of the values that begin with a prefix, with their holders, in order of (value, id); the order is that of the
/// values as they are compared.
pub fn prefix(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    prefix: &str,
    page: &PageRequest,
) -> Result<Page<(String, Uuid)>> {
    let key = searchable(reader, entity, key, &[KeyKind::Enforced, KeyKind::Indexed])?;
    let question = Question::Prefix { entity, key: key.number, prefix: prefix.to_owned() };
    let store = reader.with_catalog(crate::storage::catalog::Catalog::store);
    let after = page.resume(store, &question)?;
    let found = index::with_prefix(reader, &key, prefix, after, page.limit + 1)?;
    let cursor =
        |(value, id): &(String, Uuid)| Cursor::new(store, question, &index::row_key(&key, value, *id));
    let Page { items, next } = cut(found, page.limit, cursor);
    let items = items.into_iter().map(|found| as_set(reader, &key, found)).collect::<Result<_>>()?;
    Ok(Page { items, next })
}

/// A value out of the index, as its holder set it.
fn as_set(reader: &impl Reader, key: &Key, (value, id): (String, Uuid)) -> Result<(String, Uuid)> {
    if key.comparison == Comparison::Exact {
        return Ok((value, id));
    }
    let holder = EntityRef { entity: key.entity, id };
    let row = rows::fields(reader, holder)?;
    let set = row.as_ref().and_then(|row| row.value(key.number));
    let set = set.ok_or_else(|| Error::corrupt(format!("{holder} is in an index without a value for it")))?;
    Ok((set.to_owned(), id))
}

/// A page of up to `limit` items, from up to one more: if that one is there, another page follows.
pub fn cut<T>(mut found: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> Cursor) -> Page<T> {
    let more = found.len() > limit;
    found.truncate(limit);
    let next = if more { found.last().map(cursor) } else { None };
    Page { items: found, next }
}

/// The key of that text, or the fault that there is none, or that it is not of a kind that can be searched so.
pub fn searchable(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    needs: &'static [KeyKind],
) -> Result<std::sync::Arc<Key>> {
    let key = reader.with_catalog(|catalog| catalog.known_key(entity, key).cloned())?;
    if needs.contains(&key.kind) {
        Ok(key)
    } else {
        Err(Fault::KeyNotSearchable { entity, key: key.name.to_string(), kind: key.kind, needs }.into())
    }
}
