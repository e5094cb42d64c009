//! Custom fields: keys that are registered for an entity, and values that instances hold for them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::scalar::Time;
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::{Fault, KeyProblem};

/// The most characters a key has (source: `metronome-api.md` §1.5).
pub const MAX_KEY_CHARACTERS: usize = 100;
/// The most characters a value has (source: the seed "Set custom field values").
pub const MAX_VALUE_CHARACTERS: usize = 200;
/// The most keys an entity has registered at a time. An instance holds at most one value for each, so
/// this is also the most values an instance holds.
pub const MAX_KEYS_PER_ENTITY: usize = 1_000;

/// What the store does with the values of a key.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// At most one instance of the entity holds a given value, archived instances included (unless the key
    /// [releases](ArchivedHolders::Release) what they hold), and [`find`](crate::Reading::find) answers which. The vendor's `enforce_uniqueness: true`.
    Enforced,
    /// Many instances may hold the same value, and [`find_all`](crate::Reading::find_all) answers which.
    /// The vendor's `enforce_uniqueness: false`.
    Indexed,
    /// Values are kept and given back but cannot be searched; setting one writes fewer pages.
    Unindexed,
}

/// Which values of a key are the same. Values are stored and given back as they were set, whatever the rule.
///
/// A value that tells things apart by case must not be folded: Salesforce's ids of 15 characters are of that kind.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Those of the same bytes. The default, and the vendor's.
    #[default]
    Exact,
    /// Those that differ in case alone, by Unicode's full case folding: `Straße` and `STRASSE` are the same, `é` and
    /// `e` are not, nor are the two ways to write `é`.
    CaseFolded,
}

/// What becomes of the values that an instance holds for an [enforced](KeyKind::Enforced) key when it is archived.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
#[serde(rename_all = "snake_case")]
pub enum ArchivedHolders {
    /// Nothing: it is found by them, and nobody else can have them. The default, and the vendor's.
    #[default]
    Hold,
    /// It lets them go: it still shows them, and they can still be set and deleted, but it is not found by them, and
    /// they are free for others. For a key that is not enforced this means nothing until it is.
    Release,
}

/// How a key treats its values: what [`add_key`](crate::Writing::add_key) registers one with. A [`KeyKind`] alone
/// stands for the rules of that kind with the defaults.
///
/// ```
/// use billfold::prelude::*;
///
/// let email = KeyRules { comparison: Comparison::CaseFolded, ..KeyKind::Enforced.into() };
/// let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
/// store.add_key(ManagedEntity::Customer, "email", email)?;
/// # use uuid::Uuid;
/// let customer = CustomerId::from(Uuid::from_u128(1));
/// store.set_values(customer, [("email", "Team@WidgetsExpress.com")])?;
/// assert_eq!(store.find("email", "team@widgetsexpress.com")?, Some(customer));
/// assert_eq!(store.values(customer)?["email"], "Team@WidgetsExpress.com");
/// # Ok::<(), Error>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, bincode::Encode, bincode::Decode,
)]
pub struct KeyRules {
    /// Whether its values are unique, searchable or neither.
    pub kind: KeyKind,
    /// Which of its values are the same.
    pub comparison: Comparison,
    /// What archived instances do with the unique values they hold.
    pub archived: ArchivedHolders,
}

impl From<KeyKind> for KeyRules {
    fn from(kind: KeyKind) -> Self {
        Self { kind, comparison: Comparison::default(), archived: ArchivedHolders::default() }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Enforced => "enforced",
            Self::Indexed => "indexed",
            Self::Unindexed => "unindexed",
        })
    }
}

/// A registered key, as [`key`](crate::Reading::key) and [`keys`](crate::Reading::keys) answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomFieldKey {
    /// The id that registering the key gave it. No call takes it: a key is named by entity and text.
    pub id: Uuid,
    /// The entity whose instances may hold values for the key.
    pub entity: ManagedEntity,
    /// The key itself: 1 to 100 characters, compared exactly.
    pub key: String,
    /// Whether its values are unique, searchable or neither.
    pub kind: KeyKind,
    /// Which of its values are the same.
    pub comparison: Comparison,
    /// What archived instances do with the unique values they hold.
    pub archived: ArchivedHolders,
    /// When it was registered.
    pub added_at: Time,
    /// How many instances hold a value for it now; archived ones that let theirs go are not among them.
    pub instances: u64,
}

/// Faults of a text that is to be registered as a key: 1 to 100 characters, none a control character.
pub(crate) fn check_key(entity: ManagedEntity, key: &str) -> Option<Fault> {
    let characters = key.chars().count();
    let problem = if characters == 0 {
        KeyProblem::Empty
    } else if characters > MAX_KEY_CHARACTERS {
        KeyProblem::TooLong { characters }
    } else {
        let at = key.chars().position(char::is_control)?;
        KeyProblem::ControlCharacter { at }
    };
    Some(Fault::KeyText { entity, key: key.to_owned(), problem })
}

/// Faults of a value: at most 200 characters (Unicode scalar values, not bytes), any text, `""` included.
pub(crate) fn check_value(entity: ManagedEntity, key: &str, value: &str) -> Option<Fault> {
    // A value of so few bytes cannot have too many characters.
    if value.len() <= MAX_VALUE_CHARACTERS {
        return None;
    }
    let characters = value.chars().count();
    (characters > MAX_VALUE_CHARACTERS).then(|| Fault::ValueTooLong {
        entity,
        key: key.to_owned(),
        characters,
    })
}

/// Values to set, by key, as they were given: a key given twice stays twice, and is refused when used.
///
/// ```
/// use billfold::CustomFields;
/// use std::collections::BTreeMap;
///
/// let fields = CustomFields::from([("tier", "gold"), ("region", "EU")]);
/// assert_eq!(fields.iter().count(), 2);
/// assert_eq!(fields, BTreeMap::from([("region", "EU"), ("tier", "gold")]).into_iter().rev().collect());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct CustomFields(Vec<(String, String)>);

impl CustomFields {
    /// The pairs, in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

/// An object, with a key as often as it was given.
impl Serialize for CustomFields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for CustomFields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> serde::de::Visitor<'de> for Pairs {
    type Value = CustomFields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<CustomFields, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(CustomFields(pairs))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for CustomFields {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for CustomFields {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> From<Vec<(K, V)>> for CustomFields {
    fn from(pairs: Vec<(K, V)>) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> From<BTreeMap<K, V>> for CustomFields {
    fn from(pairs: BTreeMap<K, V>) -> Self {
        pairs.into_iter().collect()
    }
}

/// What a writing call did to one key of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueOutcome {
    /// The instance had no value for the key and has one now.
    Added,
    /// The instance had another value.
    Changed,
    /// The instance had this very value; nothing was written for it.
    Unchanged,
    /// The instance had a value and has none now.
    Removed,
    /// There was no value to remove.
    Absent,
}

/// What a writing call did to one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetOutcome {
    /// The instance's revision afterwards; the one it had before where nothing changed.
    pub revision: u64,
    /// For each key the call named or removed, what happened to it.
    pub values: BTreeMap<String, ValueOutcome>,
}

impl SetOutcome {
    /// Whether the call changed any value.
    #[must_use]
    pub fn changed(&self) -> bool {
        !self.values.values().all(|outcome| matches!(outcome, ValueOutcome::Unchanged | ValueOutcome::Absent))
    }
}

/// What [`take_value`](crate::Writing::take_value) did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Who held the value before and has none for the key now; `None` where nobody else held it.
    pub from: Option<EntityRef>,
    /// What it did to the instance that has the value now.
    pub outcome: SetOutcome,
}

/// What must hold for [`set_values_if`](crate::Writing::set_values_if) to go ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// The instance's revision is exactly this one: nobody has changed it since it was read. 0 is the revision of
    /// an instance that a store which adopts does not have yet.
    Revision(u64),
    /// The instance has no value for this key.
    Absent(String),
    /// The instance holds exactly this value for this key.
    Holds(String, String),
}

/// One instance, as [`entities`](crate::Reading::entities) lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Instance<I> {
    /// Which instance.
    pub id: I,
    /// Whether it was archived.
    pub archived: bool,
    /// The sequence number of its last change.
    pub revision: u64,
}
