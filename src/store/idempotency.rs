//! Transactions that carry a key: the same request changes things once.

use super::{Store, Transaction, about_faults};
use crate::error::{Fault, Result};
use crate::model::change::About;
use crate::model::idempotency::{Once, check_outcome, check_request};
use crate::storage::idempotency::{self, OutcomeRow};

impl Store {
    /// Makes changes as [`write`](Self::write) does, once for a key: the same key with the same request again gives the
    /// outcome of the first time and changes nothing, however often and from however many callers it comes.
    ///
    /// `act` returns the outcome: bytes that mean something to the caller, such as an id. It is kept in the commit of
    /// the changes, with all bytes of the request, as long as [`StoreOptions::keep_outcomes`] says by the store's clock,
    /// and then it is as if it had never been. A transaction that is refused, stopped or panics keeps nothing, and can
    /// be tried again under its key. Nothing of this is in the journal, and [`forget`](crate::Writing::forget) does not
    /// reach it: what is in an outcome goes when its time is over.
    ///
    /// The key is 1 to 128 characters, compared exactly; request and outcome are up to 1 MiB each.
    ///
    /// [`StoreOptions::keep_outcomes`]: crate::StoreOptions::keep_outcomes
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let request = br#"{"name": "WidgetsExpress"}"#;
    /// let make = || {
    ///     store.write_once("order 7", request, |tx| {
    ///         let name = "WidgetsExpress".to_owned();
    ///         let made = tx.create_customer(CreateCustomer { name, ..Default::default() })?;
    ///         Ok(made.to_string().into_bytes())
    ///     })
    /// };
    /// let first = make()?.into_outcome();
    /// assert_eq!(make()?, Once::Replayed(first));
    /// assert_eq!(store.entities(ManagedEntity::Customer, &PageRequest::default())?.items.len(), 1);
    ///
    /// let other = store.write_once("order 7", b"{}", |_| Ok(Vec::new())).unwrap_err();
    /// assert!(matches!(other.faults(), [Fault::IdempotencyKeyReused { .. }]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write), and a refusal where the key was used with another request, where the key is not 1 to
    /// 128 characters, or where request or outcome is over 1 MiB.
    pub fn write_once(
        &self,
        key: &str,
        request: &[u8],
        act: impl FnOnce(&Transaction<'_>) -> Result<Vec<u8>>,
    ) -> Result<Once> {
        self.write_once_as(About::default(), key, request, act)
    }

    /// Like [`write_once`](Self::write_once), with who makes the changes and why: kept with each in the journal.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// let about = About { actor: Some("billing job".into()), reason: Some("order 7".into()) };
    /// let done = store.write_once_as(about, "order 7", b"tier", |tx| {
    ///     let key = tx.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    ///     Ok(key.as_bytes().to_vec())
    /// })?;
    /// assert!(matches!(done, Once::Done(id) if id.len() == 16));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write_once`](Self::write_once), and a refusal where actor or reason is too long.
    pub fn write_once_as(
        &self,
        about: About,
        key: &str,
        request: &[u8],
        act: impl FnOnce(&Transaction<'_>) -> Result<Vec<u8>>,
    ) -> Result<Once> {
        let mut faults = about_faults(&about);
        faults.extend(check_request(key, request));
        Fault::none_of(faults)?;
        self.transact(about, false, |tx| once(tx, key, request, act))
    }
}

/// The outcome that is kept for the key, or that of `act`, which is kept from now on.
fn once(
    tx: &Transaction<'_>,
    key: &str,
    request: &[u8],
    act: impl FnOnce(&Transaction<'_>) -> Result<Vec<u8>>,
) -> Result<Once> {
    if let Some(kept) = tx.checked(|member| idempotency::kept(member, key, member.now()))? {
        return if kept.request == request {
            Ok(Once::Replayed(kept.outcome))
        } else {
            Err(Fault::IdempotencyKeyReused { key: key.to_owned() }.into())
        };
    }
    let outcome = act(tx)?;
    Fault::none_of(check_outcome(&outcome).into_iter().collect())?;
    tx.whole(|member| {
        let now = member.now();
        let until = now.after(member.setting().keeps_outcomes);
        let row = OutcomeRow { until, request: request.to_vec(), outcome };
        idempotency::keep(member, key, &row, now)?;
        Ok(Once::Done(row.outcome))
    })
}
