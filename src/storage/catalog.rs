//! The keys and tables of the store, held in memory: every call looks a key up by name.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use unicase::UniCase;
use uuid::Uuid;

use super::codec::{FieldsRow, KeyRow};
use super::sorted;
use super::tables::TableId;
use crate::entity::ManagedEntity;
use crate::error::{Error, Fault, Result};
use crate::model::custom_field::{ArchivedHolders, Comparison, KeyKind, KeyRules};
use crate::model::scalar::Time;

/// A registered key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub number: u32,
    pub id: Uuid,
    pub entity: ManagedEntity,
    pub name: Arc<str>,
    pub kind: KeyKind,
    pub comparison: Comparison,
    pub archived: ArchivedHolders,
    /// See [`KeyRow::index`].
    pub index: u32,
    pub added_at: Time,
    pub revision: u64,
}

impl Key {
    /// The table of its index; `None` where it is not indexed.
    pub fn index_table(&self) -> Option<TableId> {
        match self.kind {
            KeyKind::Enforced => Some(TableId::Unique(self.entity, self.index)),
            KeyKind::Indexed => Some(TableId::Listed(self.entity, self.index)),
            KeyKind::Unindexed => None,
        }
    }

    pub fn rules(&self) -> KeyRules {
        KeyRules { kind: self.kind, comparison: self.comparison, archived: self.archived }
    }

    /// What stands for a value where values are compared and looked up, and so in the index. What stands for a
    /// beginning of the value is a beginning of it, and stands for itself.
    #[inline]
    pub fn compared<'v>(&self, value: &'v str) -> Cow<'v, str> {
        match self.comparison {
            Comparison::Exact => Cow::Borrowed(value),
            Comparison::CaseFolded => Cow::Owned(folded(value)),
        }
    }

    /// In which order keys are looked through, beside one of that name: by the lengths of their names, and by these.
    #[inline]
    pub fn order(&self, name: &str) -> Ordering {
        self.name.len().cmp(&name.len()).then_with(|| (*self.name).cmp(name))
    }

    /// Whether an instance holds the values it has for the key, and the index has them: an archived one lets go of
    /// unique ones where the key says so.
    pub fn is_held_by(&self, row: &FieldsRow) -> bool {
        !(self.releases() && row.archived_at.is_some())
    }

    /// Whether archived instances let go of its values.
    pub fn releases(&self) -> bool {
        self.kind == KeyKind::Enforced && self.archived == ArchivedHolders::Release
    }

    pub fn to_row(&self, removed_at: Option<Time>) -> KeyRow {
        KeyRow {
            id: self.id.into_bytes(),
            entity: self.entity,
            name: self.name.to_string(),
            rules: self.rules(),
            index: self.index,
            removed_at,
            added_at: self.added_at,
            revision: self.revision,
        }
    }

    pub fn from_row(number: u32, row: KeyRow) -> Self {
        Self {
            number,
            id: Uuid::from_bytes(row.id),
            entity: row.entity,
            name: row.name.into(),
            kind: row.rules.kind,
            comparison: row.rules.comparison,
            archived: row.rules.archived,
            index: row.index,
            added_at: row.added_at,
            revision: row.revision,
        }
    }
}

/// Stands by itself, so that values that are compared exactly do not carry it along.
#[inline(never)]
fn folded(value: &str) -> String {
    UniCase::new(value).to_folded_case()
}

/// Keys in order of their names' lengths and their names. Every call looks one up.
#[derive(Debug, Clone, Default)]
struct ByName(Vec<Arc<Key>>);

impl ByName {
    #[inline]
    fn place(&self, name: &str) -> std::result::Result<usize, usize> {
        sorted::place(&self.0, |key| key.order(name))
    }

    #[inline]
    fn get(&self, name: &str) -> Option<&Arc<Key>> {
        self.0.get(self.place(name).ok()?)
    }

    fn put(&mut self, key: Arc<Key>) {
        match self.place(&key.name) {
            Ok(place) => drop(self.0.get_mut(place).map(|old| *old = key)),
            Err(place) => self.0.insert(place, key),
        }
    }

    fn remove(&mut self, name: &str) {
        if let Ok(place) = self.place(name) {
            self.0.remove(place);
        }
    }
}

/// The keys that are registered, and the tables that exist: at one moment of the store.
#[derive(Debug, Clone)]
pub struct Catalog {
    store: Uuid,
    /// A map for each entity, in the order of [`ManagedEntity::ALL`].
    by_name: [ByName; ManagedEntity::ALL.len()],
    by_number: BTreeMap<u32, Arc<Key>>,
    tables: BTreeSet<TableId>,
    next_number: u32,
    /// The last in order of the ids that keys had when the store was opened.
    newest_id: Uuid,
}

impl Catalog {
    pub fn new(store: Uuid, tables: BTreeSet<TableId>) -> Self {
        Self {
            store,
            by_name: Default::default(),
            by_number: BTreeMap::new(),
            tables,
            next_number: 1,
            newest_id: Uuid::nil(),
        }
    }

    /// Takes in a row of the `keys` table, removed keys included: their numbers are never given again.
    pub fn load(&mut self, number: u32, row: KeyRow) {
        self.next_number = self.next_number.max(number.max(row.index).saturating_add(1));
        self.newest_id = self.newest_id.max(Uuid::from_bytes(row.id));
        if row.removed_at.is_none() {
            self.put(Key::from_row(number, row));
        }
    }

    /// A number that no key and no index has had.
    pub fn take_number(&mut self) -> Result<u32> {
        let number = self.next_number;
        self.next_number = number
            .checked_add(1)
            .ok_or_else(|| Error::corrupt("table keys: there are no key numbers left"))?;
        Ok(number)
    }

    /// The last in order of the ids that keys had when the store was opened, removed ones included.
    pub fn newest_id(&self) -> Uuid {
        self.newest_id
    }

    /// The id of the store, made with its file.
    pub fn store(&self) -> Uuid {
        self.store
    }

    pub fn has_table(&self, table: TableId) -> bool {
        self.tables.contains(&table)
    }

    pub fn add_table(&mut self, table: TableId) {
        self.tables.insert(table);
    }

    pub fn drop_table(&mut self, table: TableId) {
        self.tables.remove(&table);
    }

    pub fn tables(&self) -> impl Iterator<Item = TableId> + '_ {
        self.tables.iter().copied()
    }

    #[inline]
    pub fn key(&self, entity: ManagedEntity, name: &str) -> Option<&Arc<Key>> {
        self.by_name.get(entity as usize)?.get(name)
    }

    /// The key, or the fault that there is none.
    pub fn known_key(&self, entity: ManagedEntity, name: &str) -> Result<&Arc<Key>, Fault> {
        self.key(entity, name).ok_or_else(|| Fault::KeyNotFound { entity, key: name.to_owned() })
    }

    /// The key of that number, unless it was removed.
    pub fn key_of(&self, number: u32) -> Option<&Arc<Key>> {
        self.by_number.get(&number)
    }

    /// All keys, in the order they were registered.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.by_number.values()
    }

    /// How many keys the entity has.
    pub fn count(&self, entity: ManagedEntity) -> usize {
        self.by_name.get(entity as usize).map_or(0, |keys| keys.0.len())
    }

    /// Adds the key, or puts it in place of the one with its number.
    pub fn put(&mut self, key: Key) {
        let key = Arc::new(key);
        if let Some(keys) = self.by_name.get_mut(key.entity as usize) {
            keys.put(Arc::clone(&key));
        }
        self.by_number.insert(key.number, key);
    }

    pub fn remove(&mut self, key: &Key) {
        if let Some(keys) = self.by_name.get_mut(key.entity as usize) {
            keys.remove(&key.name);
        }
        self.by_number.remove(&key.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded() -> Key {
        let rules = KeyRules { comparison: Comparison::CaseFolded, ..KeyKind::Enforced.into() };
        let row = KeyRow {
            id: [0; 16],
            entity: ManagedEntity::Customer,
            name: String::new(),
            rules,
            index: 1,
            removed_at: None,
            added_at: Time::UNIX_EPOCH,
            revision: 1,
        };
        Key::from_row(1, row)
    }

    #[test]
    fn folding_is_full_and_leaves_marks_alone() {
        let key = folded();
        let same = [("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ﬁ", "FI"), ("\u{212A}", "k")];
        for (a, b) in same {
            assert_eq!(key.compared(a), key.compared(b), "{a} {b}");
        }
        for (a, b) in [("e", "é"), ("é", "e\u{301}"), ("I", "ı"), ("a", "a\0")] {
            assert_ne!(key.compared(a), key.compared(b), "{a} {b}");
        }
    }

    #[test]
    fn every_character_folds_by_itself_and_once() {
        let key = folded();
        for character in char::MIN..=char::MAX {
            let alone = character.to_string();
            let once = key.compared(&alone);
            assert_eq!(key.compared(&once), once, "{character:?}");
            assert!(!once.is_empty(), "{character:?}");
            assert_eq!(key.compared(&format!("A{character}\u{df}")), format!("a{once}ss"), "{character:?}");
        }
    }
}
