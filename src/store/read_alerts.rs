//! The calls that read alerts.

use super::read::sealed::Source;
use super::{Snapshot, Store, Transaction, alert_scopes, alerts};
use crate::entity::{AlertId, CustomerId, EntityRef};
use crate::error::Result;
use crate::model::alert::Alert;
use crate::model::alert_scope::AlertScope;
use crate::model::page::{ArchiveFilter, Page, PageRequest};

impl ReadingAlerts for Store {}
impl ReadingAlerts for Snapshot {}
impl ReadingAlerts for Transaction<'_> {}

/// The calls that read alerts: part of [`Reading`](crate::Reading). No spend is measured and nothing is evaluated: an
/// alert is neither in alarm nor not.
///
/// # Errors
/// As [`Reading`](crate::Reading).
pub trait ReadingAlerts: Source {
    /// An alert, with its values.
    ///
    /// # Errors
    /// A refusal where there is no such alert, or it was taken in with nothing but its id.
    fn alert(&self, id: AlertId) -> Result<Alert> {
        self.reading(|reader| alerts::get(reader, id))
    }

    /// Alerts, in order of their ids, a page at a time. Those taken in with nothing but an id are not among them.
    ///
    /// # Errors
    /// A refusal where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn alerts(&self, archived: ArchiveFilter, page: &PageRequest) -> Result<Page<Alert>> {
        self.reading(|reader| alerts::page(reader, archived, page))
    }

    /// The alerts that are for a customer, its own and those for all customers, in order of their ids, a page at a
    /// time; of an archived customer too.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let total = CreateAlert::new(AlertType::InvoiceTotal, "Large invoice", Amount::from(500_000));
    /// let for_all = store.create_alert(total.clone())?;
    /// let own = store.create_alert(CreateAlert { customer_id: Some(customer), ..total })?;
    /// let found = store.customer_alerts(customer, ArchiveFilter::default(), &PageRequest::default())?.items;
    /// assert_eq!(found.iter().map(|alert| alert.id).collect::<Vec<_>>(), [for_all, own]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such customer, where the page's limit is not 1 to 1,000, or its cursor belongs to
    /// another question.
    fn customer_alerts(
        &self,
        customer: CustomerId,
        archived: ArchiveFilter,
        page: &PageRequest,
    ) -> Result<Page<Alert>> {
        self.reading(|reader| alerts::page_of(reader, customer, archived, page))
    }

    /// The alert that was made with a uniqueness key, archived or not; `None` where there is none, or it released the
    /// key.
    ///
    /// # Errors
    /// None of its own.
    fn alert_by_key(&self, uniqueness_key: &str) -> Result<Option<AlertId>> {
        self.reading(|reader| alerts::by_key(reader, uniqueness_key))
    }

    /// What an alert covers right now: by the store's clock, for a snapshot at the moment it was taken. [`AlertScope`]
    /// says what that is. Nothing is said of what was spent.
    ///
    /// Where the alert has filters, it is found through the index of the one with the fewest holders; otherwise among
    /// all that the customer has, or that there is.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Contract, "contract_type", KeyKind::Indexed)?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let contract = store.create_contract(CreateContract {
    ///     custom_fields: [("contract_type", "paygo")].into(),
    ///     ..CreateContract::new(customer, "2025-01-01T00:00:00Z".parse()?)
    /// })?;
    /// let alert = store.create_alert(CreateAlert {
    ///     custom_field_filters: vec![AlertFilter::new(AlertEntity::Contract, "contract_type", "paygo")],
    ///     ..CreateAlert::new(AlertType::SpendThreshold, "$100 spend threshold reached", Amount::from(10_000))
    /// })?;
    /// assert_eq!(store.alert_scope(alert)?.groups[0].contracts, [contract]);
    /// assert_eq!(store.alerts_touching(contract)?, [alert]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`alert`](Self::alert).
    fn alert_scope(&self, id: AlertId) -> Result<AlertScope> {
        let now = self.now();
        self.reading(|reader| alert_scopes::of(reader, id, now))
    }

    /// The alerts in use that cover a contract, commit or credit right now, as [`alert_scope`](Self::alert_scope) has
    /// it; or all that are for a customer: its own and those for all, and none where it is archived. In order of their
    /// ids.
    ///
    /// # Errors
    /// A refusal where there is no such instance, where a contract, commit or credit was taken in with nothing but its
    /// id, and where it is anything else.
    fn alerts_touching(&self, target: impl Into<EntityRef>) -> Result<Vec<AlertId>> {
        let (target, now) = (target.into(), self.now());
        self.reading(|reader| alert_scopes::touching(reader, target, now))
    }
}
