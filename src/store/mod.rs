//! The store: its public operations, a file per subject.
//!
//! Each operation is a function over a reader or a member of a batch; the calls of [`Reading`] and
//! [`Writing`] lead there.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

mod alert_candidates;
mod alert_scopes;
mod alerts;
mod aliases;
#[cfg(test)]
mod at_hand_inside;
mod backup;
mod balances;
mod billable_metrics;
#[cfg(feature = "wire")]
pub(crate) mod carried;
#[cfg(feature = "wire")]
pub(crate) mod carry;
#[cfg(feature = "wire")]
mod carry_checks;
mod charging;
mod contract_answers;
mod contract_editing;
mod contract_edits;
mod contract_parts;
mod contract_products;
mod contract_read;
mod contract_schedules;
mod contract_updates;
mod contracts;
#[cfg(test)]
mod contracts_forgotten;
#[cfg(test)]
mod contracts_inside;
#[cfg(test)]
mod counting_inside;
mod custom_field_keys;
mod custom_fields;
mod customers;
mod dependents;
mod derived;
mod drafts;
mod entities;
mod feed;
mod find;
mod fixture;
mod follow;
mod held;
mod hierarchies;
mod history;
#[cfg(test)]
mod history_inside;
mod idempotency;
mod invoice_lines;
mod invoice_search;
mod invoice_usage;
mod invoices;
mod invoices_due;
#[cfg(test)]
mod invoices_inside;
mod key_values;
mod load;
#[cfg(test)]
mod load_inside;
mod net_balances;
mod options;
mod package_parts;
mod packages;
#[cfg(test)]
mod packages_inside;
mod part_names;
mod past_values;
#[cfg(test)]
mod past_values_inside;
mod products;
mod query;
mod query_plan;
mod query_search;
mod rate_cards;
mod rate_series;
mod rates;
#[cfg(test)]
mod rates_inside;
#[cfg(test)]
mod rates_past_inside;
mod read;
mod read_alerts;
mod read_contracts;
#[cfg(feature = "wire")]
mod read_for_answers;
mod read_history;
mod read_invoices;
mod read_packages;
mod read_queries;
mod read_records;
mod rebuild;
mod renewals;
mod salvage;
mod settled_charges;
mod settling;
mod snapshot;
mod transaction;
mod upkeep;
mod upsert;
mod verify;
mod write;
mod write_alerts;
mod write_contracts;
mod write_invoices;
mod write_packages;
mod write_records;
mod write_upserts;

pub use backup::Backup;
pub use fixture::Fixture;
pub use load::{LoadItem, Loaded};
pub use options::{Durability, IdSource, NamesInMemory, SetClock, StoreOptions};
pub use read::Reading;
pub use read_alerts::ReadingAlerts;
pub use read_contracts::ReadingContracts;
#[cfg(feature = "wire")]
pub(crate) use read_for_answers::ReadingForAnswers;
pub use read_history::ReadingHistory;
pub use read_invoices::ReadingInvoices;
pub use read_packages::ReadingPackages;
pub use read_queries::ReadingQueries;
pub use read_records::ReadingRecords;
pub use rebuild::Rebuilt;
pub use salvage::Salvaged;
pub use snapshot::Snapshot;
pub use transaction::Transaction;
pub use upkeep::{Compaction, NamesInMemoryStats, Stats, TableStats};
pub use verify::{Problem, Verified};
pub use write::Writing;
pub use write_alerts::WritingAlerts;
pub use write_contracts::WritingContracts;
pub use write_invoices::WritingInvoices;
pub use write_packages::WritingPackages;
pub use write_records::WritingRecords;
pub use write_upserts::WritingUpserts;

use held::HeldSnapshots;

use crate::error::{Fault, Result};
use crate::model::change::About;
use crate::storage::engine::{Engine, Terms};
use crate::storage::member::Member;
use crate::storage::view::View;

/// The most characters of an actor or a reason.
const MAX_ABOUT_CHARACTERS: usize = 1_000;

/// A store of billing metadata, in one file or in memory.
///
/// Cheap to clone, and to be shared between threads: every clone is the same store. The calls that read are
/// those of [`Reading`], the calls that change something those of [`Writing`]; each of the latter is a
/// transaction of its own, on disk when it returns (see [`Durability`]). [`write`](Self::write) makes many
/// changes one.
///
/// The file is given back when the last clone is dropped, or by [`close`](Self::close), which also says
/// whether that went well.
///
/// ```
/// use billfold::prelude::*;
/// use uuid::uuid;
///
/// let store = Store::in_memory()?;
/// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
///
/// let customer = CustomerId::from(uuid!("99594816-e8a5-4bca-be21-8d1de0f45120"));
/// store.adopt(customer)?;
/// store.set_values(customer, [("x_account_id", "KyVnHhSBWl7eY2bl")])?;
///
/// let found: Option<CustomerId> = store.find("x_account_id", "KyVnHhSBWl7eY2bl")?;
/// assert_eq!(found, Some(customer));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Store {
    engine: Arc<Engine>,
    snapshots: Arc<HeldSnapshots>,
    patience: Option<Duration>,
}

impl Store {
    fn new(engine: Engine) -> Self {
        Self { engine: Arc::new(engine), snapshots: Arc::default(), patience: None }
    }

    /// Opens the store in this file with the default [`StoreOptions`], and makes it if it is not there.
    ///
    /// # Errors
    /// As [`StoreOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        StoreOptions::new().open(path)
    }

    /// Opens the store in this file for reading, with the default [`StoreOptions`].
    ///
    /// # Errors
    /// As [`StoreOptions::open_read_only`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        StoreOptions::new().open_read_only(path)
    }

    /// Makes an empty store in memory, with the default [`StoreOptions`].
    ///
    /// # Errors
    /// As [`StoreOptions::in_memory`].
    pub fn in_memory() -> Result<Self> {
        StoreOptions::new().in_memory()
    }

    /// Makes any number of changes, of any number of entities, as one: all of them are in the store when this
    /// returns `Ok`, and none when `act` returns an error or panics.
    ///
    /// `act` sees its own changes; nobody else does before the commit. A refused call inside it is an ordinary
    /// value: it changed nothing, and the transaction can go on. Callers at the same time take turns, in the
    /// order they came, and share a commit: whoever came before may be waiting, inside its own call, for `act` to
    /// end. So `act` must wait for nothing, above all not for a lock that another thread may hold while it calls a
    /// writing call of this store: the two would wait for each other for ever.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use uuid::uuid;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = CustomerId::from(uuid!("99594816-e8a5-4bca-be21-8d1de0f45120"));
    /// let contract = ContractId::from(uuid!("d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc"));
    /// store.write(|tx| {
    ///     tx.add_key(ManagedEntity::Contract, "sfdc_opportunity_id", KeyKind::Enforced)?;
    ///     tx.adopt(customer)?;
    ///     tx.adopt(contract)?;
    ///     tx.set_values(contract, [("sfdc_opportunity_id", "opp_01")])
    /// })?;
    /// assert_eq!(store.value(contract, "sfdc_opportunity_id")?.as_deref(), Some("opp_01"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The error `act` returns; [`Busy`](crate::Error::Busy), [`Reentrant`](crate::Error::Reentrant),
    /// [`ReadOnly`](crate::Error::ReadOnly), [`Unwinding`](crate::Error::Unwinding),
    /// [`Closed`](crate::Error::Closed); and, whatever `act` returns, [`NotApplied`](crate::Error::NotApplied) or
    /// [`OutcomeUnknown`](crate::Error::OutcomeUnknown) if the engine fails,
    /// [`Corrupt`](crate::Error::Corrupt) if a call in it met a damaged row, and
    /// [`Stopped`](crate::Error::Stopped) if a writing call in it panicked, as a clock of the caller's may, and `act`
    /// caught the panic.
    pub fn write<T>(&self, act: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.transact(About::default(), false, act)
    }

    /// Like [`write`](Self::write), with who makes the changes and why: kept with each in the journal.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// let about = About { actor: Some("billing job".into()), reason: Some("month end".into()) };
    /// store.write_as(about, |tx| tx.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed))?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write), and a refusal where actor or reason is too long.
    pub fn write_as<T>(&self, about: About, act: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        Fault::none_of(about_faults(&about))?;
        self.transact(about, false, act)
    }

    /// A transaction of very many changes, whose rows are gathered and put in order.
    #[cfg(feature = "wire")]
    pub(crate) fn transact_in_bulk<T>(
        &self,
        about: About,
        dry: bool,
        act: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        Fault::none_of(about_faults(&about))?;
        let terms = Terms { patience: self.patience, about, dry, bulk: Some(self.engine.most_waiting()) };
        self.engine.run(&terms, |member| act(&Transaction::new(member)))
    }

    /// Runs a transaction and gives its outcome, but changes nothing: what would happen if.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let keys = store.dry_run(|tx| {
    ///     tx.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    ///     tx.keys(&[])
    /// })?;
    /// assert_eq!(keys.len(), 1);
    /// assert!(store.keys(&[])?.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn dry_run<T>(&self, act: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.transact(About::default(), true, act)
    }

    fn transact<T>(
        &self,
        about: About,
        dry: bool,
        act: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let terms = Terms { patience: self.patience, about, dry, ..Terms::default() };
        self.engine.run(&terms, |member| act(&Transaction::new(member)))
    }

    fn change<T>(&self, act: impl FnOnce(&Member<'_>) -> Result<T>) -> Result<T> {
        self.engine.run(&Terms { patience: self.patience, ..Terms::default() }, act)
    }

    fn view(&self) -> Result<Arc<View>> {
        self.engine.view()
    }

    /// One frozen moment of the store: what has returned before is in it, what comes after is not. Its time stands
    /// still too: the store's clock is asked now, and not again.
    ///
    /// # Errors
    /// [`Closed`](crate::Error::Closed).
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.view().map(|view| Snapshot::new(view, self.engine.now(), self.snapshots.hold()))
    }

    /// A handle on the same store whose writing calls wait for their turn no longer than this, and then return
    /// [`Busy`](crate::Error::Busy) with nothing done. A call whose turn has come is carried through.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// use std::time::Duration;
    ///
    /// let hasty = store.with_time_limit(Duration::from_millis(50));
    /// std::thread::scope(|scope| {
    ///     let (entered, wait_for_entry) = std::sync::mpsc::channel();
    ///     let (leave, wait_to_leave) = std::sync::mpsc::channel();
    ///     scope.spawn(|| store.write(move |_| {
    ///         entered.send(()).unwrap();
    ///         wait_to_leave.recv().unwrap();
    ///         Ok(())
    ///     }));
    ///     wait_for_entry.recv().unwrap();
    ///     assert_eq!(hasty.flush().unwrap_err().kind(), ErrorKind::Busy);
    ///     leave.send(()).unwrap();
    /// });
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn with_time_limit(&self, limit: Duration) -> Self {
        Self { patience: Some(limit), ..self.clone() }
    }

    /// Returns when everything committed before is on disk. Of use with [`Durability::OnFlush`]; otherwise
    /// everything is.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn flush(&self) -> Result<()> {
        self.engine.flush(self.patience)
    }

    /// Waits for the transactions that run, for as long as they take whatever the handle's time limit, has
    /// everything on disk and gives the file back. Other clones and snapshots answer
    /// [`Closed`](crate::Error::Closed) from then on.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// let clone = store.clone();
    /// store.close()?;
    /// assert!(matches!(clone.keys(&[]), Err(Error::Closed(_))));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write); the store is closed all the same, except after
    /// [`Reentrant`](crate::Error::Reentrant) and [`Unwinding`](crate::Error::Unwinding).
    pub fn close(self) -> Result<()> {
        self.engine.close()
    }
}

/// Faults of what a caller says of its changes.
fn about_faults(about: &About) -> Vec<Fault> {
    let fields = [("actor", &about.actor), ("reason", &about.reason)];
    let faults = fields.into_iter().filter_map(|(field, text)| {
        let characters = text.as_ref()?.chars().count();
        (characters > MAX_ABOUT_CHARACTERS).then_some(Fault::AboutTooLong {
            field,
            characters,
            most: MAX_ABOUT_CHARACTERS,
        })
    });
    faults.collect()
}
