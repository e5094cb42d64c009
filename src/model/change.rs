//! What the journal records of each change.

use uuid::Uuid;

use super::custom_field::KeyKind;
use super::scalar::Time;
use crate::entity::{EntityRef, ManagedEntity};

/// Who makes a change, and why: kept in the journal with every change of a
/// [`write_as`](crate::Store::write_as).
///
/// ```
/// use billfold::About;
///
/// let about = About { actor: Some("ops@widgetsexpress.com".into()), reason: Some("merger".into()) };
/// assert!(About::default().actor.is_none());
/// # drop(about);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct About {
    /// Who: a person, a program, a job. Up to 1,000 characters.
    pub actor: Option<String>,
    /// Why. Up to 1,000 characters.
    pub reason: Option<String>,
}

/// One row of the journal.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) struct Change {
    /// When, never before the change in front of it.
    pub(crate) at: Time,
    pub(crate) about: About,
    pub(crate) what: What,
}

/// What changed. `before` is the revision of the instance or key before the change, so that each has a
/// chain of its own through the journal.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) enum What {
    /// The row's content was forgotten; its number stays.
    Emptied,
    KeyAdded {
        number: u32,
    },
    KeyRemoved {
        number: u32,
        before: u64,
    },
    KeyKind {
        number: u32,
        before: u64,
        from: KeyKind,
        to: KeyKind,
    },
    Adopted {
        entity: ManagedEntity,
        id: [u8; 16],
    },
    Values {
        entity: ManagedEntity,
        id: [u8; 16],
        before: u64,
        values: Vec<ValueChange>,
    },
    Archived {
        entity: ManagedEntity,
        id: [u8; 16],
        before: u64,
    },
    Forgotten {
        entity: ManagedEntity,
        id: [u8; 16],
    },
}

impl What {
    /// The revision, before the change, of what it changed; 0 for what is new.
    pub(crate) const fn before(&self) -> u64 {
        match self {
            Self::KeyRemoved { before, .. }
            | Self::KeyKind { before, .. }
            | Self::Values { before, .. }
            | Self::Archived { before, .. } => *before,
            Self::Emptied | Self::KeyAdded { .. } | Self::Adopted { .. } | Self::Forgotten { .. } => 0,
        }
    }

    /// The instance it is a change of, where it says so.
    pub(crate) const fn target(&self) -> Option<EntityRef> {
        match self {
            Self::Adopted { entity, id }
            | Self::Values { entity, id, .. }
            | Self::Archived { entity, id, .. }
            | Self::Forgotten { entity, id } => {
                Some(EntityRef { entity: *entity, id: Uuid::from_bytes(*id) })
            }
            Self::Emptied | Self::KeyAdded { .. } | Self::KeyRemoved { .. } | Self::KeyKind { .. } => None,
        }
    }
}

/// A value of one key, before and after.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) struct ValueChange {
    /// The key's number.
    pub(crate) key: u32,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}
