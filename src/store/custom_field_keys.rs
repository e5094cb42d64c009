//! Keys: registering, removing, making unique.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;
use std::sync::Arc;

use uuid::Uuid;

use super::find::cut;
use crate::entity::ManagedEntity;
use crate::error::{Error, Fault, Result};
use crate::model::change::What;
use crate::model::custom_field::{CustomFieldKey, KeyKind, KeyRules, MAX_KEYS_PER_ENTITY, check_key};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::scalar::Time;
use crate::storage::catalog::{Catalog, Key};
use crate::storage::member::Member;
use crate::storage::view::Reader;
use crate::storage::{index, rows};

pub fn one(reader: &impl Reader, entity: ManagedEntity, name: &str) -> Result<Option<CustomFieldKey>> {
    let key = reader.with_catalog(|catalog| catalog.key(entity, name).cloned());
    Ok(described(reader, key.into_iter().collect())?.pop())
}

/// The keys of these entities, or of all where none is named, in the order they were registered.
pub fn all(reader: &impl Reader, entities: &[ManagedEntity]) -> Result<Vec<CustomFieldKey>> {
    described(reader, of(reader, entities))
}

pub fn page(
    reader: &impl Reader,
    entities: &[ManagedEntity],
    page: &PageRequest,
) -> Result<Page<CustomFieldKey>> {
    let mut entities = entities.to_vec();
    entities.sort_unstable();
    entities.dedup();
    let mut keys = of(reader, &entities);
    let question = Question::Keys { entities };
    let store = reader.with_catalog(Catalog::store);
    if let Some(after) = page.resume(store, &question)? {
        keys.retain(|key| key.number.to_be_bytes().as_slice() > after);
    }
    keys.truncate(page.limit + 1);
    let page = cut(keys, page.limit, |last| Cursor::new(store, question, &last.number.to_be_bytes()));
    Ok(Page { items: described(reader, page.items)?, next: page.next })
}

fn of(reader: &impl Reader, entities: &[ManagedEntity]) -> Vec<Arc<Key>> {
    let wanted = |key: &&Arc<Key>| entities.is_empty() || entities.contains(&key.entity);
    reader.with_catalog(|catalog| catalog.keys().filter(wanted).cloned().collect())
}

/// Keys as they are answered, with how many instances carry each. An index says so at once; for unindexed
/// keys the entity's instances are counted, once for all of them.
fn described(reader: &impl Reader, keys: Vec<Arc<Key>>) -> Result<Vec<CustomFieldKey>> {
    let mut counted: BTreeMap<ManagedEntity, BTreeMap<u32, u64>> = BTreeMap::new();
    let mut described = Vec::with_capacity(keys.len());
    for key in keys {
        let instances = match index::count(reader, &key)? {
            Some(instances) => instances,
            None => {
                let by_key = match counted.entry(key.entity) {
                    Entry::Occupied(by_key) => by_key.into_mut(),
                    Entry::Vacant(place) => place.insert(count_by_key(reader, key.entity)?),
                };
                by_key.get(&key.number).copied().unwrap_or(0)
            }
        };
        described.push(CustomFieldKey {
            id: key.id,
            entity: key.entity,
            key: key.name.to_string(),
            kind: key.kind,
            comparison: key.comparison,
            archived: key.archived,
            added_at: key.added_at,
            instances,
        });
    }
    Ok(described)
}

fn count_by_key(reader: &impl Reader, entity: ManagedEntity) -> Result<BTreeMap<u32, u64>> {
    let mut by_key = BTreeMap::new();
    rows::scan_fields(reader, entity, None, |_, row| {
        for (number, _) in row.values {
            *by_key.entry(number).or_default() += 1;
        }
        ControlFlow::Continue(())
    })?;
    Ok(by_key)
}

pub fn add(member: &Member<'_>, entity: ManagedEntity, name: &str, rules: KeyRules) -> Result<Uuid> {
    // No id is taken where the key is refused.
    Fault::none_of(new_faults(member, entity, name))?;
    let id = member.new_id();
    add_as(member, entity, name, rules, id, member.now())?;
    Ok(id)
}

fn new_faults(member: &Member<'_>, entity: ManagedEntity, name: &str) -> Vec<Fault> {
    let mut faults: Vec<_> = check_key(entity, name).into_iter().collect();
    member.with_catalog(|catalog| {
        if catalog.key(entity, name).is_some() {
            faults.push(Fault::KeyExists { entity, key: name.to_owned() });
        } else if catalog.count(entity) >= MAX_KEYS_PER_ENTITY {
            faults.push(Fault::TooManyKeys { entity, key: name.to_owned() });
        }
    });
    faults
}

/// Registers a key that was registered elsewhere, with the id it has there.
pub fn add_as(
    member: &Member<'_>,
    entity: ManagedEntity,
    name: &str,
    rules: KeyRules,
    id: Uuid,
    added_at: Time,
) -> Result<()> {
    Fault::none_of(new_faults(member, entity, name))?;
    let number = member.change_catalog(Catalog::take_number)?;
    let KeyRules { kind, comparison, archived } = rules;
    let name = name.into();
    let key =
        Key { number, id, entity, name, kind, comparison, archived, index: number, added_at, revision: 0 };
    rows::put_key(member, key, &What::KeyAdded(rules))
}

/// Removes a key. Its values are out of reach from now on; its index goes with the commit.
pub fn remove(member: &Member<'_>, entity: ManagedEntity, name: &str) -> Result<()> {
    let key = known(member, entity, name)?;
    rows::put_key(member, Key::clone(&key), &What::KeyRemoved)?;
    if let Some(table) = key.index_table() {
        member.drop_later(table);
    }
    Ok(())
}

/// Makes the values of a key unique, if they are.
pub fn enforce_uniqueness(member: &Member<'_>, entity: ManagedEntity, name: &str) -> Result<()> {
    let key = known(member, entity, name)?;
    if key.kind == KeyKind::Enforced {
        return Ok(());
    }
    let unique = Key { kind: KeyKind::Enforced, ..Key::clone(&key) };
    let held = held(member, &unique)?;
    let shared = held.chunk_by(|(a, _), (b, _)| a == b).filter(|holders| holders.len() > 1);
    let faults = shared.filter_map(|holders| {
        let (value, _) = holders.first()?;
        let holders = holders.iter().map(|(_, id)| *id).collect();
        Some(Fault::ValueShared { entity, key: name.to_owned(), value: value.clone().into(), holders })
    });
    Fault::none_of(faults.collect())?;
    rebuild(member, &key, unique, &held)
}

/// Lets instances share values of a key. A key that already does is left as it is.
pub fn relax_uniqueness(member: &Member<'_>, entity: ManagedEntity, name: &str) -> Result<()> {
    let key = known(member, entity, name)?;
    if key.kind != KeyKind::Enforced {
        return Ok(());
    }
    let shared = Key { kind: KeyKind::Indexed, ..Key::clone(&key) };
    let held = held(member, &shared)?;
    rebuild(member, &key, shared, &held)
}

fn known(member: &Member<'_>, entity: ManagedEntity, name: &str) -> Result<Arc<Key>> {
    member.with_catalog(|catalog| catalog.known_key(entity, name).cloned()).map_err(Error::from)
}

/// All values of a key as they are [compared](Key::compared), with their holders, in order of (value, id).
pub fn held(reader: &impl Reader, key: &Key) -> Result<Vec<(String, Uuid)>> {
    let mut held = Vec::new();
    rows::scan_fields(reader, key.entity, None, |id, row| {
        if let Some(value) = row.value(key.number).filter(|_| key.is_held_by(&row)) {
            held.push((key.compared(value).into_owned(), id));
        }
        ControlFlow::Continue(())
    })?;
    held.sort_unstable();
    Ok(held)
}

/// Gives a key another kind, whoever shares values of it.
pub fn set_kind(member: &Member<'_>, entity: ManagedEntity, name: &str, kind: KeyKind) -> Result<()> {
    let key = known(member, entity, name)?;
    let to = Key { kind, ..Key::clone(&key) };
    let held = held(member, &to)?;
    rebuild(member, &key, to, &held)
}

/// Puts a key of another kind in place of a key, with an index of its own; the old one goes with the commit.
fn rebuild(member: &Member<'_>, key: &Key, to: Key, held: &[(String, Uuid)]) -> Result<()> {
    let rebuilt = Key { index: member.change_catalog(Catalog::take_number)?, ..to };
    for (value, id) in held {
        index::insert(member, &rebuilt, value, *id)?;
    }
    let what = What::KeyKind { from: key.kind, to: rebuilt.kind };
    rows::put_key(member, rebuilt, &what)?;
    if let Some(table) = key.index_table() {
        member.drop_later(table);
    }
    Ok(())
}
