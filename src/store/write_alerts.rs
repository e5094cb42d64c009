//! The calls that change alerts.

use super::write::sealed::Target;
use super::{Store, Transaction, alerts};
use crate::entity::AlertId;
use crate::error::Result;
use crate::model::alert::CreateAlert;

impl WritingAlerts for Store {}
impl WritingAlerts for Transaction<'_> {}

/// The calls that change alerts: part of [`Writing`](crate::Writing), and each carried out as those are.
///
/// # Errors
/// As [`Writing`](crate::Writing).
pub trait WritingAlerts: Target {
    /// Makes an alert; its id. Its custom fields are [set](crate::Writing::set_values) after. Source:
    /// `metronome-api.md` §8.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Contract, "contract_type", KeyKind::Indexed)?;
    /// let alert = store.create_alert(CreateAlert {
    ///     custom_field_filters: vec![AlertFilter::new(AlertEntity::Contract, "contract_type", "paygo")],
    ///     ..CreateAlert::new(AlertType::SpendThreshold, "$100 spend threshold reached", Amount::from(10_000))
    /// })?;
    /// assert_eq!(store.alert(alert)?.status, AlertStatus::Enabled);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the request: what [`CreateAlert`] says of each field; a customer or metric that
    /// there is not, or that is archived; a key that is not registered for the entity of its filter, or cannot be
    /// searched; a uniqueness key that an alert has, archived or not; where each value is looked at by itself, a
    /// customer with 3 such alerts in use, or more than 1,000 values; more than 1 MiB of it all.
    fn create_alert(&self, request: CreateAlert) -> Result<AlertId> {
        self.changing(|member| alerts::create(member, request))
    }

    /// Archives an alert: it covers nothing any more, and can be read as before. Its uniqueness key stays its own, as
    /// with [`archive`](crate::Writing::archive), or is released and can be used again.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let alert = CreateAlert {
    ///     uniqueness_key: Some("large invoice".into()),
    ///     ..CreateAlert::new(AlertType::InvoiceTotal, "Large invoice", Amount::from(500_000))
    /// };
    /// let first = store.create_alert(alert.clone())?;
    /// assert!(store.create_alert(alert.clone()).is_err());
    /// store.archive_alert(first, true)?;
    /// let second = store.create_alert(alert)?;
    /// assert_eq!(store.alert_by_key("large invoice")?, Some(second));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such alert, or it was archived before: then its key is not released either.
    fn archive_alert(&self, id: AlertId, release_uniqueness_key: bool) -> Result<()> {
        self.changing(|member| alerts::archive(member, id, release_uniqueness_key))
    }
}
