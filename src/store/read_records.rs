//! The calls that read what entities have besides custom fields.

use super::read::sealed::Source;
use super::{Snapshot, Store, Transaction, billable_metrics, customers, products, rate_cards, rates};
use crate::entity::{BillableMetricId, ContractProductId, CustomerId, RateCardId};
use crate::error::Result;
use crate::model::billable_metric::BillableMetric;
use crate::model::customer::{Customer, CustomerFilter};
use crate::model::page::{ArchiveFilter, Page, PageRequest};
use crate::model::product::Product;
use crate::model::rate::{RateSegment, RateSelector};
use crate::model::rate_card::RateCard;
use crate::model::scalar::Time;

impl ReadingRecords for Store {}
impl ReadingRecords for Snapshot {}
impl ReadingRecords for Transaction<'_> {}

/// The calls that read customers, billable metrics, products and rate cards: part of
/// [`Reading`](crate::Reading).
///
/// # Errors
/// As [`Reading`](crate::Reading).
pub trait ReadingRecords: Source {
    /// A customer, with its values, of one moment.
    ///
    /// # Errors
    /// A refusal where there is no such customer, or it was taken in with nothing but its id.
    fn customer(&self, id: CustomerId) -> Result<Customer> {
        self.reading(|reader| customers::get(reader, id))
    }

    /// Customers that a filter lets through, in order of their ids, a page at a time. Those taken in with
    /// nothing but an id are not among them.
    ///
    /// # Errors
    /// A refusal where the filter names more than 100 ids or accounts, where the page's limit is not 1 to 1,000,
    /// or where its cursor belongs to another question.
    fn customers(&self, filter: &CustomerFilter, page: &PageRequest) -> Result<Page<Customer>> {
        self.reading(|reader| customers::page(reader, filter, page))
    }

    /// The customer that an ingest alias belongs to, archived or not; `None` where it belongs to none.
    ///
    /// An alias is resolved when it is asked for, so one that is given to a customer later resolves usage that
    /// was sent before.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer {
    ///     name: "WidgetsExpress".into(),
    ///     ingest_aliases: vec!["team@widgetsexpress.com".into()],
    ///     ..Default::default()
    /// })?;
    /// assert_eq!(store.find_customer("team@widgetsexpress.com")?, Some(customer));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn find_customer(&self, alias: &str) -> Result<Option<CustomerId>> {
        self.reading(|reader| customers::find(reader, alias))
    }

    /// A billable metric, with its values.
    ///
    /// # Errors
    /// A refusal where there is no such metric, or it was taken in with nothing but its id.
    fn billable_metric(&self, id: BillableMetricId) -> Result<BillableMetric> {
        self.reading(|reader| billable_metrics::get(reader, id))
    }

    /// Billable metrics, in order of their ids, a page at a time. Those taken in with nothing but an id are not
    /// among them.
    ///
    /// # Errors
    /// A refusal where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn billable_metrics(&self, archived: ArchiveFilter, page: &PageRequest) -> Result<Page<BillableMetric>> {
        self.reading(|reader| billable_metrics::page(reader, archived, page))
    }

    /// A product, with its values, its updates and what it is now: by the store's clock, for a snapshot at the
    /// moment it was taken.
    ///
    /// # Errors
    /// A refusal where there is no such product, or it was taken in with nothing but its id.
    fn product(&self, id: ContractProductId) -> Result<Product> {
        self.product_at(id, self.now())
    }

    /// [`product`](Self::product), with what it is at another moment, past or to come.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let id = store.create_product(CreateProduct {
    ///     name: "Platform fee".into(),
    ///     product_type: ProductType::Fixed,
    ///     ..Default::default()
    /// })?;
    /// let past = "2020-01-01T00:00:00Z".parse()?;
    /// assert_eq!(store.product_at(id, past)?.current.name, "Platform fee");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`product`](Self::product).
    fn product_at(&self, id: ContractProductId, at: Time) -> Result<Product> {
        self.reading(|reader| products::get(reader, id, at))
    }

    /// Products, each as [`product`](Self::product) gives it, in order of their ids, a page at a time. Those taken
    /// in with nothing but an id are not among them.
    ///
    /// # Errors
    /// A refusal where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn products(&self, archived: ArchiveFilter, page: &PageRequest) -> Result<Page<Product>> {
        let now = self.now();
        self.reading(|reader| products::page(reader, archived, page, now))
    }

    /// A rate card, with its values, of one moment.
    ///
    /// # Errors
    /// A refusal where there is no such rate card, or it was taken in with nothing but its id.
    fn rate_card(&self, id: RateCardId) -> Result<RateCard> {
        self.reading(|reader| rate_cards::get(reader, id))
    }

    /// Rate cards, in order of their ids, a page at a time. Those taken in with nothing but an id are not among
    /// them.
    ///
    /// # Errors
    /// A refusal where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn rate_cards(&self, archived: ArchiveFilter, page: &PageRequest) -> Result<Page<RateCard>> {
        self.reading(|reader| rate_cards::page(reader, archived, page))
    }

    /// The rate card that an alias leads to at a moment, archived or not; `None` where it leads to none then.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let card = store.create_rate_card(CreateRateCard {
    ///     name: "Base usage products".into(),
    ///     aliases: vec!["base_usage_products".into()],
    ///     ..Default::default()
    /// })?;
    /// let successor = store.create_rate_card(CreateRateCard {
    ///     name: "Base usage products, 2026".into(),
    ///     aliases: vec![ScheduledAlias {
    ///         starting_at: Some("2026-01-01T00:00:00Z".parse()?),
    ///         ..ScheduledAlias::from("base_usage_products")
    ///     }],
    ///     ..Default::default()
    /// })?;
    /// let at = |time: &str| Ok::<_, Box<dyn std::error::Error>>(
    ///     store.rate_card_by_alias("base_usage_products", time.parse()?)?
    /// );
    /// assert_eq!(at("2025-12-31T23:59:59Z")?, Some(card));
    /// assert_eq!(at("2026-01-01T00:00:00Z")?, Some(successor));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn rate_card_by_alias(&self, alias: &str, at: Time) -> Result<Option<RateCardId>> {
        self.reading(|reader| rate_cards::by_alias(reader, alias, at))
    }

    /// The rates of a card that are in force at a moment and that one of the selectors lets through, all of them
    /// where there is no selector: in order of (product, pricing group values, billing frequency), a page at a time.
    ///
    /// Where selectors name products, no other product's rates are read.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let product = store.create_product(CreateProduct {
    ///     name: "Support".into(),
    ///     product_type: ProductType::Fixed,
    ///     ..Default::default()
    /// })?;
    /// let card = store.create_rate_card(CreateRateCard::default())?;
    /// store.add_rates(card, [
    ///     AddRate::new(product, "2025-01-01T00:00:00Z".parse()?, Rate::flat(Amount::from(100))),
    ///     AddRate::new(product, "2026-01-01T00:00:00Z".parse()?, Rate::flat(Amount::from(120))),
    /// ])?;
    /// let selector = RateSelector { product_id: Some(product), ..Default::default() };
    /// let rates = store.rates(card, "2025-07-01T00:00:00Z".parse()?, &[selector], &PageRequest::default())?;
    /// assert_eq!(rates.items[0].rate.price, Some(Amount::from(100)));
    /// assert_eq!(rates.items[0].ending_before, Some("2026-01-01T00:00:00Z".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such rate card, or it was taken in with nothing but its id; where there are more
    /// than 100 selectors; where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn rates(
        &self,
        card: RateCardId,
        at: Time,
        selectors: &[RateSelector],
        page: &PageRequest,
    ) -> Result<Page<RateSegment>> {
        self.reading(|reader| rates::at(reader, card, at, selectors, page))
    }

    /// The rates of a card that are in force at some moment from `starting_at` on, inclusive, and before
    /// `ending_before`, or ever after: otherwise as [`rates`](Self::rates), and each series in order of its starts.
    /// Starts and ends are the rates' own, also where they are outside of the time that is asked about.
    ///
    /// # Errors
    /// As [`rates`](Self::rates), and where the end is not later than the start.
    fn rate_schedule(
        &self,
        card: RateCardId,
        starting_at: Time,
        ending_before: Option<Time>,
        selectors: &[RateSelector],
        page: &PageRequest,
    ) -> Result<Page<RateSegment>> {
        self.reading(|reader| rates::schedule(reader, card, starting_at, ending_before, selectors, page))
    }
}
