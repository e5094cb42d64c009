//! The calls that change what entities have besides custom fields.

use super::write::sealed::Target;
use super::{Store, Transaction, billable_metrics, customers, products, rate_cards, rates};
use crate::entity::{BillableMetricId, ContractProductId, CustomerId, RateCardId};
use crate::error::Result;
use crate::model::billable_metric::CreateBillableMetric;
use crate::model::customer::{CreateCustomer, UpdateCustomerConfig};
use crate::model::product::{CreateProduct, ProductChanges};
use crate::model::rate::AddRate;
use crate::model::rate_card::{CreateRateCard, UpdateRateCard};
use crate::model::scalar::Time;

impl WritingRecords for Store {}
impl WritingRecords for Transaction<'_> {}

/// The calls that change customers, billable metrics, products and rate cards: part of
/// [`Writing`](crate::Writing), and each carried out as those are.
///
/// # Errors
/// As [`Writing`](crate::Writing).
pub trait WritingRecords: Target {
    /// Makes a customer, with its aliases and values, in one commit; its id. Source: the seed "Provision a
    /// customer".
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "sfdc_account_id", KeyKind::Enforced)?;
    /// let customer = store.create_customer(CreateCustomer {
    ///     name: "WidgetsExpress".into(),
    ///     ingest_aliases: vec!["team@widgetsexpress.com".into()],
    ///     custom_fields: [("sfdc_account_id", "sfdc1001")].into(),
    ///     ..Default::default()
    /// })?;
    /// assert_eq!(store.find("sfdc_account_id", "sfdc1001")?, Some(customer));
    /// assert_eq!(store.customer(customer)?.name, "WidgetsExpress");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the request: aliases that are not 1 to 128 characters, given twice, more than
    /// 2,000, or another customer's, archived or not; and what [`set_values`](crate::Writing::set_values) refuses.
    fn create_customer(&self, request: CreateCustomer) -> Result<CustomerId> {
        self.changing(|member| customers::create(member, request))
    }

    /// Gives a customer another name, cut behind 160 characters as the API does.
    ///
    /// # Errors
    /// A refusal where there is no such customer, or it was taken in with nothing but its id.
    fn set_customer_name(&self, id: CustomerId, name: &str) -> Result<()> {
        self.changing(|member| customers::set_name(member, id, name))
    }

    /// Puts another set of ingest aliases in place of a customer's.
    ///
    /// # Errors
    /// As [`set_customer_name`](Self::set_customer_name), and with every fault of the aliases as in
    /// [`create_customer`](Self::create_customer).
    fn set_ingest_aliases(
        &self,
        id: CustomerId,
        aliases: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<()> {
        let aliases = aliases.into_iter().map(Into::into).collect();
        self.changing(|member| customers::set_aliases(member, id, aliases))
    }

    /// Gives a customer one more ingest alias, behind those it has; nothing happens where it has it already.
    ///
    /// # Errors
    /// As [`set_ingest_aliases`](Self::set_ingest_aliases).
    fn add_ingest_alias(&self, id: CustomerId, alias: &str) -> Result<()> {
        self.changing(|member| customers::add_alias(member, id, alias))
    }

    /// Takes an ingest alias from a customer, archived or not; nothing happens where it has it not.
    ///
    /// # Errors
    /// As [`set_customer_name`](Self::set_customer_name).
    fn remove_ingest_alias(&self, id: CustomerId, alias: &str) -> Result<()> {
        self.changing(|member| customers::remove_alias(member, id, alias))
    }

    /// Takes an ingest alias from whichever customer has it, archived or not, and gives it to another, in one
    /// step.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let ingest_aliases = vec!["team@widgetsexpress.com".to_owned()];
    /// store.create_customer(CreateCustomer { ingest_aliases, ..Default::default() })?;
    /// let successor = store.create_customer(CreateCustomer::default())?;
    /// store.move_ingest_alias("team@widgetsexpress.com", successor)?;
    /// assert_eq!(store.find_customer("team@widgetsexpress.com")?, Some(successor));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`add_ingest_alias`](Self::add_ingest_alias), but that it is another customer's is no fault.
    fn move_ingest_alias(&self, alias: &str, to: CustomerId) -> Result<()> {
        self.changing(|member| customers::move_alias(member, alias, to))
    }

    /// Changes a customer's configuration.
    ///
    /// # Errors
    /// As [`set_customer_name`](Self::set_customer_name).
    fn update_customer_config(&self, id: CustomerId, update: UpdateCustomerConfig) -> Result<()> {
        self.changing(|member| customers::update_config(member, id, update))
    }

    /// Makes a billable metric, with its values, in one commit; its id.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let filters = ["cpu_hours", "region"];
    /// let metric = store.create_billable_metric(CreateBillableMetric {
    ///     name: "CPU Hours".into(),
    ///     aggregation_type: Some(Aggregation::Sum),
    ///     aggregation_key: Some("cpu_hours".into()),
    ///     property_filters: filters.map(|name| PropertyFilter { name: name.into(), ..Default::default() }).into(),
    ///     group_keys: vec![vec!["region".into()]],
    ///     ..Default::default()
    /// })?;
    /// assert_eq!(store.billable_metric(metric)?.name, "CPU Hours");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the request: neither an aggregation nor `sql`, or `sql` with any streaming
    /// field; no aggregation key, except for [`Count`](crate::Aggregation::Count), or one that no property filter
    /// has the name of; a property of a group key that no property filter has the name of; an empty list of
    /// values; more than 1 MiB of it all; and what [`set_values`](crate::Writing::set_values) refuses.
    fn create_billable_metric(&self, request: CreateBillableMetric) -> Result<BillableMetricId> {
        self.changing(|member| billable_metrics::create(member, request))
    }

    /// Gives a billable metric another name, which is all that can change of it.
    ///
    /// # Errors
    /// A refusal where there is no such metric, or it was taken in with nothing but its id.
    fn set_billable_metric_name(&self, id: BillableMetricId, name: &str) -> Result<()> {
        self.changing(|member| billable_metrics::set_name(member, id, name))
    }

    /// Makes a product, with its values, in one commit; its id. Source: the seed "Create a product".
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::ContractProduct, "stripe_product_id", KeyKind::Enforced)?;
    /// let product = store.create_product(CreateProduct {
    ///     name: "Platform fee".into(),
    ///     product_type: ProductType::Subscription,
    ///     tags: vec!["cloud".into()],
    ///     custom_fields: [("stripe_product_id", "prod_1")].into(),
    ///     ..Default::default()
    /// })?;
    /// assert_eq!(store.product(product)?.current.tags, ["cloud"]);
    /// assert_eq!(store.find("stripe_product_id", "prod_1")?, Some(product));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the request: a field that the type needs and that is not there, or that the
    /// type does not have; a metric or a product of a share that there is not; an archived metric; group keys that
    /// together are none of the metric's; a conversion factor of 0 or less; more than 1 MiB of it all; and what
    /// [`set_values`](crate::Writing::set_values) refuses.
    fn create_product(&self, request: CreateProduct) -> Result<ContractProductId> {
        self.changing(|member| products::create(member, request))
    }

    /// Changes a product from a moment on, past or to come; an archived one too, because its rates go on.
    /// [`Product`](crate::Product) says which update wins where several count.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let product = store.create_product(CreateProduct {
    ///     name: "Prepaid".into(),
    ///     product_type: ProductType::Fixed,
    ///     ..Default::default()
    /// })?;
    /// let rename = ProductChanges { name: Some("Prepaid commit".into()), ..Default::default() };
    /// store.update_product(product, "2020-01-01T00:00:00Z".parse()?, rename)?;
    /// assert_eq!(store.product(product)?.current.name, "Prepaid commit");
    /// assert_eq!(store.product(product)?.initial.name, "Prepaid");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such product, or it was taken in with nothing but its id; otherwise with every
    /// fault of the update: a start that is not on the hour, and what [`create_product`](Self::create_product)
    /// refuses, and one more than 1,000 updates. Group keys have to be a group key of the metric at the update's start and at every later one.
    fn update_product(
        &self,
        id: ContractProductId,
        starting_at: Time,
        changes: ProductChanges,
    ) -> Result<()> {
        self.changing(|member| products::update(member, id, starting_at, changes))
    }

    /// Makes a rate card, with its aliases and values, in one commit; its id. Its rates come after. Source:
    /// `metronome-api.md` §5.
    ///
    /// An alias leads to one card at a time. Given to this card, it is taken from the card that has it: that card's
    /// time with it ends where this card's begins, and does not come back where this card's ends.
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
    /// assert_eq!(store.rate_card(card)?.fiat_credit_type.name, "USD (cents)");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the request: a name, description or list that is too long, an alias that is
    /// not 1 to 128 characters, ends before it begins or is given twice for times that overlap, a pricing unit
    /// converted twice or not worth more than 0; and what [`set_values`](crate::Writing::set_values) refuses.
    fn create_rate_card(&self, request: CreateRateCard) -> Result<RateCardId> {
        self.changing(|member| rate_cards::create(member, request))
    }

    /// Changes a rate card's name, description or aliases, or has it convert more pricing units. Its rates stay as
    /// they are.
    ///
    /// # Errors
    /// A refusal where there is no such rate card, or it was taken in with nothing but its id; where the update
    /// changes nothing at all; where a conversion there is would change; where an archived card would get an alias
    /// it does not have; and with every fault that [`create_rate_card`](Self::create_rate_card) names.
    fn update_rate_card(&self, id: RateCardId, update: UpdateRateCard) -> Result<()> {
        self.changing(|member| rate_cards::update(member, id, update))
    }

    /// Adds a rate to a card, or puts it in place of the one for the same product, pricing group values, billing
    /// frequency and start. [`AddRate`] says when it is in force. Source: `metronome-api.md` §5.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let seats = store.create_product(CreateProduct {
    ///     name: "Seats".into(),
    ///     product_type: ProductType::Subscription,
    ///     ..Default::default()
    /// })?;
    /// let card = store.create_rate_card(CreateRateCard::default())?;
    /// store.add_rate(card, AddRate {
    ///     billing_frequency: Some(BillingFrequency::Monthly),
    ///     ..AddRate::new(seats, "2025-01-01T00:00:00Z".parse()?, Rate::flat(Amount::from(2_000)))
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such card, or it was taken in with nothing but its id; otherwise with every fault
    /// of the rate: an archived card, no product or an archived one, what [`Rate`](crate::Rate) and [`AddRate`] say
    /// of each field, and a credit type that the card does not convert or that is another than that of the product's
    /// rates before.
    fn add_rate(&self, card: RateCardId, rate: AddRate) -> Result<()> {
        self.changing(|member| rates::add(member, card, rate))
    }

    /// Adds any number of rates to a card, as [`add_rate`](Self::add_rate) does, all of them or none.
    ///
    /// # Errors
    /// As [`add_rate`](Self::add_rate), with the faults of all rates, and where two of them are for the same product,
    /// pricing group values, billing frequency and start.
    fn add_rates(&self, card: RateCardId, rates: impl IntoIterator<Item = AddRate>) -> Result<()> {
        let rates = rates.into_iter().collect();
        self.changing(|member| rates::add_all(member, card, rates))
    }
}
