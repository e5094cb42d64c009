//! What the journal answers: changes as they are told, and which of them stay.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::change::{About, Collection};
use super::custom_field::{KeyKind, KeyRules};
use super::recorded::{ChangedPart, Recorded};
use super::scalar::Time;
use crate::entity::{EntityRef, ManagedEntity};
use crate::id::PackageId;

/// A change, as [`history`](crate::ReadingHistory::history) and the
/// [feed](crate::ReadingHistory::changes_since) tell it.
///
/// ```
/// use billfold::prelude::*;
/// # use uuid::Uuid;
/// # let store = Store::in_memory()?;
/// let customer = CustomerId::from(Uuid::from_u128(1));
/// store.adopt(customer)?;
/// let change = store.history(customer, &PageRequest::default())?.items.remove(0);
/// assert_eq!((change.sequence, change.before), (1, 0));
/// assert_eq!(change.subject, ChangeSubject::Instance(customer.into()));
/// assert_eq!(change.what, ChangeKind::Adopted);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its number: 1 and up, in the order in which changes were committed.
    pub sequence: u64,
    /// When it was made, by the store's clock; never before the change in front of it.
    pub at: Time,
    /// Who made it, and why, where that was said.
    pub about: About,
    /// What was changed.
    pub subject: ChangeSubject,
    /// The number of the change of the same subject before this one; 0 where this is its first.
    pub before: u64,
    /// What became of it.
    pub what: ChangeKind,
    /// Until when an invoice can show the values before, where they are kept for that. A store that follows needs it.
    #[serde(skip)]
    pub(crate) kept: Option<Time>,
}

/// What a [`Change`] changed.
///
/// ```
/// use billfold::prelude::*;
///
/// let subject = ChangeSubject::Key { entity: ManagedEntity::Customer, key: "tier".into() };
/// assert_eq!(serde_json::to_string(&subject)?, r#"{"key":{"entity":"customer","key":"tier"}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeSubject {
    /// A key of an entity, registered still or removed since.
    Key {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
    },
    /// An instance.
    Instance(EntityRef),
    /// A package.
    Package(PackageId),
    /// Something that was [forgotten](crate::Writing::forget) since: what it was is in the journal no more.
    Forgotten,
}

/// What a [`Change`] did.
///
/// ```
/// use billfold::prelude::*;
/// # use uuid::Uuid;
/// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
/// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
/// let customer = CustomerId::from(Uuid::from_u128(1));
/// store.set_values(customer, [("tier", "gold")])?;
/// store.set_values(customer, [("tier", "iron")])?;
/// let changes = store.history(customer, &PageRequest::first(1))?.items;
/// let tier = |old: &str, new: &str| ChangedValue {
///     key: "tier".into(),
///     old: Some(old.into()),
///     new: Some(new.into()),
/// };
/// assert_eq!(changes[0].what, ChangeKind::Values(vec![tier("gold", "iron")]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// A key was registered.
    KeyAdded {
        /// Its kind, and what goes with it.
        rules: KeyRules,
        /// Its id.
        id: Uuid,
        /// When: of a key that was imported, when it was registered elsewhere.
        added_at: Time,
    },
    /// A key was removed, and with it the values that instances had for it.
    KeyRemoved,
    /// A key was made unique, or was so no longer.
    KeyKind {
        /// Its kind before.
        from: KeyKind,
        /// Its kind since.
        to: KeyKind,
    },
    /// An instance was taken in, with nothing but its id.
    Adopted,
    /// An instance or a package was made.
    Created {
        /// What there is of it besides values and parts.
        record: Recorded,
    },
    /// What there is of an instance or a package besides values and parts was changed.
    Record {
        /// What it was.
        old: Recorded,
        /// What it became.
        new: Recorded,
    },
    /// Values of an instance were set or deleted.
    Values(Vec<ChangedValue>),
    /// Values were imported that an instance had elsewhere before, and that an invoice can show.
    PastValues {
        /// Until when it had them.
        until: Time,
        /// All that it had, by key, but those of keys that were removed since.
        values: BTreeMap<String, String>,
    },
    /// An instance or a package was archived.
    Archived {
        /// When: of an instance that was imported, when it was archived elsewhere.
        archived_at: Time,
    },
    /// An instance was forgotten. Its changes before are [`Emptied`](Self::Emptied).
    Forgotten,
    /// Parts of an instance were made, changed or taken away. Many that change together are several changes, each of
    /// some of them.
    Parts {
        /// Which parts.
        of: Collection,
        /// What became of each.
        changes: Vec<ChangedPart>,
    },
    /// All invoices of a contract that were due are settled, and follow from the contract no more.
    Settled {
        /// Those that were due until then.
        until: Time,
    },
    /// Something that was forgotten since. When it was is all that is left of it.
    Emptied,
}

/// A value of one key, before and after a [`Change`].
///
/// ```
/// use billfold::ChangedValue;
///
/// let deleted = ChangedValue { key: "tier".into(), old: Some("gold".into()), new: None };
/// assert_eq!(serde_json::to_string(&deleted)?, r#"{"key":"tier","old":"gold","new":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedValue {
    /// The key, registered still or removed since.
    pub key: String,
    /// What it was; `None` where there was none.
    pub old: Option<String>,
    /// What it became; `None` where it was deleted.
    pub new: Option<String>,
}

/// A moment in the history of a store: behind the change of that number, or behind all changes up to that time.
///
/// ```
/// use billfold::prelude::*;
///
/// assert_eq!(Moment::from(7), Moment::Change(7));
/// assert_eq!(Moment::from(Time::UNIX_EPOCH).to_string(), "1970-01-01T00:00:00Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// With all changes that were recorded at this time or before.
    Time(Time),
    /// With all changes up to the one of this number; 0 is before the first.
    Change(u64),
}

impl From<Time> for Moment {
    fn from(time: Time) -> Self {
        Self::Time(time)
    }
}

impl From<u64> for Moment {
    fn from(sequence: u64) -> Self {
        Self::Change(sequence)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => time.fmt(f),
            Self::Change(sequence) => write!(f, "change {sequence}"),
        }
    }
}

/// Which changes stay in the journal. See [`StoreOptions::history`](crate::StoreOptions::history).
///
/// ```
/// use billfold::prelude::*;
/// use std::time::Duration;
///
/// let month = Retention::For(Duration::from_secs(30 * 24 * 60 * 60));
/// let store = StoreOptions::new().history(month).in_memory()?;
/// assert_eq!(Retention::default(), Retention::All);
/// # drop(store);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retention {
    /// All of them. The default.
    #[default]
    All,
    /// Those that are no older than this by the store's clock.
    For(Duration),
    /// That many, the newest ones; with 0 as with 1 it is the last one.
    Changes(u64),
}
