//! What the journal records of each change.

use serde::Serialize;

use super::custom_field::{KeyKind, KeyRules};
use super::scalar::Time;
use crate::entity::EntityRef;
use crate::id::PackageId;

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, bincode::Encode, bincode::Decode)]
pub struct About {
    /// Who: a person, a program, a job. Up to 1,000 characters.
    pub actor: Option<String>,
    /// Why. Up to 1,000 characters.
    pub reason: Option<String>,
}

/// One row of the journal.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) struct ChangeRow {
    /// When, never before the change in front of it.
    pub(crate) at: Time,
    pub(crate) about: About,
    pub(crate) subject: Subject,
    /// The subject's revision before, so that each has a chain of its own through the journal; 0 for a new one.
    pub(crate) before: u64,
    pub(crate) what: What,
}

/// A row of the journal on its way there, the same as a [`ChangeRow`]: what it tells stands elsewhere.
#[derive(Debug, Clone, Copy, bincode::Encode)]
pub(crate) struct NewChange<'c> {
    pub(crate) at: Time,
    pub(crate) about: &'c About,
    pub(crate) subject: Subject,
    pub(crate) before: u64,
    pub(crate) what: &'c What,
}

impl What {
    /// The values that it changed, for whoever writes them elsewhere too.
    pub(crate) fn into_values(self) -> Vec<ValueChange> {
        match self {
            Self::Values { changes, .. } => changes,
            _ => Vec::new(),
        }
    }

    /// The values that it changed.
    pub(crate) fn values(&self) -> &[ValueChange] {
        match self {
            Self::Values { changes, .. } => changes,
            _ => &[],
        }
    }
}

impl ChangeRow {
    /// What is left of a change that was forgotten: its number, and when it was.
    pub(crate) fn emptied(at: Time) -> Self {
        Self { at, about: About::default(), subject: Subject::Nothing, before: 0, what: What::Emptied }
    }

    /// That changes were made from then on, behind the change `before`, of which the journal says nothing.
    pub(crate) fn not_kept(at: Time, before: u64) -> Self {
        Self { before, what: What::NotKept, ..Self::emptied(at) }
    }
}

/// What a change is a change of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) enum Subject {
    Nothing,
    /// The key of that number.
    Key(u32),
    Instance(EntityRef),
    Package(PackageId),
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) enum What {
    Emptied,
    KeyAdded(KeyRules),
    KeyRemoved,
    KeyKind {
        from: KeyKind,
        to: KeyKind,
    },
    /// An instance was taken in, with nothing but its id.
    Adopted,
    /// An instance was made, with this record in bytes.
    Created {
        record: Vec<u8>,
    },
    /// An instance's record, in bytes, before and after.
    Record {
        old: Vec<u8>,
        new: Vec<u8>,
    },
    Values {
        changes: Vec<ValueChange>,
        /// Until when an invoice can show what they were, where it is kept for that.
        kept: Option<Time>,
    },
    /// Values were kept that an instance had until a moment elsewhere.
    PastValues {
        until: Time,
        values: Vec<(u32, String)>,
    },
    Archived,
    Forgotten,
    /// Parts of an instance that stand in rows of their own. Many that change together are several changes, each
    /// of some of them.
    Parts {
        of: Collection,
        changes: Vec<PartChange>,
    },
    /// All invoices of a contract that were due until then are settled.
    Settled {
        until: Time,
    },
    /// Changes up to this one's number were made by a store that kept no journal, and are not in it.
    NotKept,
}

/// What an instance can have any number of: each in a row of its own, so that changing one reads and writes no
/// other.
///
/// ```
/// use billfold::prelude::*;
///
/// assert_eq!(serde_json::to_string(&Collection::Rates)?, r#""rates""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, bincode::Encode, bincode::Decode,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Collection {
    /// The rates of a rate card.
    Rates,
    /// What a contract consists of, in all versions.
    ContractParts,
    /// The edits of a contract.
    ContractEdits,
    /// The invoices of a contract that are settled.
    ContractInvoices,
    /// What the rates of a rate card were that were replaced.
    PastRates,
}

impl Collection {
    pub(crate) const ALL: [Self; 5] =
        [Self::Rates, Self::ContractParts, Self::ContractEdits, Self::ContractInvoices, Self::PastRates];

    /// The name of its table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rates => "rate_card.rates",
            Self::ContractParts => "contract.parts",
            Self::ContractEdits => "contract.edits",
            Self::ContractInvoices => "contract.invoices",
            Self::PastRates => "rate_card.past_rates",
        }
    }
}

/// A part of an instance, before and after.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) struct PartChange {
    /// The part's key behind its owner's id.
    pub(crate) key: Vec<u8>,
    /// Its record in bytes; `None` where there was none.
    pub(crate) old: Option<Vec<u8>>,
    /// `None` where there is none any more.
    pub(crate) new: Option<Vec<u8>>,
}

/// A value of one key, before and after.
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub(crate) struct ValueChange {
    /// The key's number.
    pub(crate) key: u32,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}
