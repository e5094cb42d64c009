//! The calls that read what was.

use std::collections::BTreeMap;

use super::read::sealed::Source;
use super::{Snapshot, Store, Transaction, feed, history};
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::Result;
use crate::id::PackageId;
use crate::model::history::{Change, Moment};
use crate::model::page::{Page, PageRequest};
use crate::storage::view::Reader as _;

impl ReadingHistory for Store {}
impl ReadingHistory for Snapshot {}
impl ReadingHistory for Transaction<'_> {}

/// The calls that read the journal, in which every change is: part of [`Reading`](crate::Reading).
///
/// What is not in the journal is never left out in silence. Where changes that a call needs have left it
/// ([`StoreOptions::history`](crate::StoreOptions::history)), or were made while it was not kept
/// ([`keep_journal`](crate::StoreOptions::keep_journal)), the call is refused with
/// [`HistoryTrimmed`](crate::Fault::HistoryTrimmed). A page ends before such a gap, with a cursor that is refused.
///
/// What was [forgotten](crate::Writing::forget) has no history; in the feed the numbers and times of its changes are
/// left, and that it was forgotten.
///
/// # Errors
/// As [`Reading`](crate::Reading).
pub trait ReadingHistory: Source {
    /// The changes of an instance, newest first, a page at a time. Reads these and no others.
    ///
    /// An invoice has its history from when something of it is first stored.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// let about = About { actor: Some("ops@widgetsexpress.com".into()), reason: None };
    /// store.write_as(about, |tx| {
    ///     tx.adopt(customer)?;
    ///     tx.set_values(customer, [("tier", "gold")])
    /// })?;
    /// let changes = store.history(customer, &PageRequest::default())?.items;
    /// assert_eq!(changes[1].what, ChangeKind::Adopted);
    /// assert_eq!(changes[0].about.actor.as_deref(), Some("ops@widgetsexpress.com"));
    /// assert_eq!(changes[0].sequence, store.revision(customer)?);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such instance, where the page's limit is not 1 to 1,000, where its cursor belongs
    /// to another question, and where the first change of the page is not in the journal.
    fn history(&self, target: impl Into<EntityRef>, page: &PageRequest) -> Result<Page<Change>> {
        self.reading(|reader| history::of_instance(reader, target.into(), page))
    }

    /// The changes of a package, as [`history`](Self::history) has those of an instance.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// let package = store.create_package(CreatePackage::from(PackageTerms::new("Starter")))?;
    /// store.archive_package(package)?;
    /// let changes = store.package_history(package, &PageRequest::default())?.items;
    /// let what: Vec<_> = changes.into_iter().map(|change| change.what).collect();
    /// assert!(matches!(what[..], [ChangeKind::Archived { .. }, ChangeKind::Created { .. }]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`history`](Self::history), and a refusal where there is no such package.
    fn package_history(&self, id: PackageId, page: &PageRequest) -> Result<Page<Change>> {
        self.reading(|reader| history::of_package(reader, id, page))
    }

    /// When a key was added, made unique, relaxed, removed and added again: all that was registered for the entity
    /// under that text, newest first, a page at a time.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// store.remove_key(ManagedEntity::Customer, "tier")?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Unindexed)?;
    /// let changes = store.history_of_key(ManagedEntity::Customer, "tier", &PageRequest::default())?.items;
    /// let what: Vec<_> = changes.into_iter().map(|change| change.what).collect();
    /// use ChangeKind::{KeyAdded, KeyRemoved};
    /// assert!(matches!(what[..], [KeyAdded { .. }, KeyRemoved, KeyAdded { .. }]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`history`](Self::history), and a refusal where there never was such a key.
    fn history_of_key(&self, entity: ManagedEntity, key: &str, page: &PageRequest) -> Result<Page<Change>> {
        self.reading(|reader| history::of_key(reader, entity, key, page))
    }

    /// The changes of an instance's value for one key, newest first, a page at a time: also of those before that had
    /// the same text and were removed. That a value went with its key, [`history_of_key`](Self::history_of_key) has.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// store.add_key(ManagedEntity::Customer, "region", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.set_values(customer, [("tier", "gold"), ("region", "EU")])?;
    /// store.set_values(customer, [("region", "US")])?;
    /// let changes = store.history_of_value(customer, "tier", &PageRequest::default())?.items;
    /// let gold = ChangedValue { key: "tier".into(), old: None, new: Some("gold".into()) };
    /// assert_eq!(changes.len(), 1);
    /// assert_eq!(changes[0].what, ChangeKind::Values(vec![gold]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`history`](Self::history), and a refusal where there never was such a key.
    fn history_of_value(
        &self,
        target: impl Into<EntityRef>,
        key: &str,
        page: &PageRequest,
    ) -> Result<Page<Change>> {
        self.reading(|reader| history::of_value(reader, target.into(), key, page))
    }

    /// The values that an instance had at a moment, by key; `None` where it was not there yet. Values of keys that
    /// were registered then are among them, also where these were removed since.
    ///
    /// A moment is a [`Time`](crate::Time) or the number of a change: with all changes up to it.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.adopt(customer)?;
    /// let gold = store.set_values(customer, [("tier", "gold")])?.revision;
    /// store.set_values(customer, [("tier", "iron")])?;
    /// assert_eq!(store.values_as_of(customer, gold)?.unwrap()["tier"], "gold");
    /// assert_eq!(store.values_as_of(customer, Time::now())?.unwrap()["tier"], "iron");
    /// assert_eq!(store.values_as_of(customer, Time::UNIX_EPOCH)?, None);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such instance, where a number is beyond the last change, and where a change of
    /// the instance since then is not in the journal.
    fn values_as_of(
        &self,
        target: impl Into<EntityRef>,
        moment: impl Into<Moment>,
    ) -> Result<Option<BTreeMap<String, String>>> {
        self.reading(|reader| history::values_as_of(reader, target.into(), moment.into()))
    }

    /// The number of the last change; 0 before the first. What is read of a [`Snapshot`](crate::Snapshot) is as this
    /// change left it, so that a follower can begin with one and go on with the feed.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// let store = Store::in_memory()?;
    /// assert_eq!(store.last_change()?, 0);
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// assert_eq!(store.last_change()?, 1);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn last_change(&self) -> Result<u64> {
        self.reading(|reader| Ok(reader.last_change()))
    }

    /// The changes with numbers higher than that one, in the order in which they were committed, up to `limit`: 1 to
    /// 1,000. None is left out, and the number of each is one more than that of the one before. With the number of the
    /// last one that was seen it goes on, also when the store was reopened; 0 begins at the beginning. Each says all that
    /// it changed, so that [another store can follow](crate::Store::follow).
    ///
    /// With [`Durability::OnFlush`](crate::Durability::OnFlush) it shows what a crash may still take back, and whose
    /// numbers are then given anew: a follower that keeps what it saw is to follow a store that syncs every commit.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// for key in ["a", "b", "c"] {
    ///     store.add_key(ManagedEntity::Customer, key, KeyKind::Indexed)?;
    /// }
    /// let mut seen = 0;
    /// loop {
    ///     let changes = store.changes_since(seen, 2)?;
    ///     let Some(last) = changes.last() else { break };
    ///     seen = last.sequence;
    /// }
    /// assert_eq!(seen, 3);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where the limit is not 1 to 1,000, where the number is beyond the last change, which means that it is
    /// another store's, and where the next change is not in the journal.
    fn changes_since(&self, sequence: u64, limit: usize) -> Result<Vec<Change>> {
        self.reading(|reader| feed::since(reader, sequence, limit))
    }
}
