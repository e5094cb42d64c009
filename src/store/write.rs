//! The calls that change something.

use uuid::Uuid;

use super::custom_fields::Wish;
use super::{
    Store, Transaction, billable_metrics, custom_field_keys, custom_fields, customers, entities, products,
    rate_cards, rates,
};
use crate::entity::{BillableMetricId, ContractProductId, CustomerId, EntityRef, ManagedEntity, RateCardId};
use crate::error::{Error, Result};
use crate::model::billable_metric::CreateBillableMetric;
use crate::model::custom_field::{CustomFields, Expectation, KeyKind, SetOutcome};
use crate::model::customer::{CreateCustomer, UpdateCustomerConfig};
use crate::model::product::{CreateProduct, ProductChanges};
use crate::model::rate::AddRate;
use crate::model::rate_card::{CreateRateCard, UpdateRateCard};
use crate::model::scalar::Time;
use crate::storage::member::Member;

pub(super) mod sealed {
    use super::{Member, Result};

    /// Where changes are made.
    pub trait Target {
        fn changing<T>(&self, change: impl FnOnce(&Member<'_>) -> Result<T>) -> Result<T>;
    }
}

impl sealed::Target for Store {
    fn changing<T>(&self, change: impl FnOnce(&Member<'_>) -> Result<T>) -> Result<T> {
        self.change(change)
    }
}

impl sealed::Target for Transaction<'_> {
    fn changing<T>(&self, change: impl FnOnce(&Member<'_>) -> Result<T>) -> Result<T> {
        self.whole(|member| change(member))
    }
}

impl Writing for Store {}
impl Writing for Transaction<'_> {}

/// The calls that change something: of a [`Store`], where each is a transaction of its own and durable when it
/// returns (see [`Durability`](crate::Durability)), and of a [`Transaction`].
///
/// A call is carried out whole or not at all. If it is refused, the error holds every fault of the call, and
/// nothing has changed.
///
/// # Errors
/// Besides what each call names, any of them on a store returns what [`Store::write`] names.
pub trait Writing: sealed::Target {
    /// Registers a key for an entity; its id.
    ///
    /// A key that was removed and is registered again is a new key, and starts with no values.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let again = store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Indexed).unwrap_err();
    /// assert_eq!(again.to_string(), r#"Duplicate custom field key: customer has "x_account_id" already"#);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where the key is not 1 to 100 characters without control characters, is registered already, or
    /// is one more than the 1,000 an entity may have.
    fn add_key(&self, entity: ManagedEntity, key: &str, kind: KeyKind) -> Result<Uuid> {
        self.changing(|member| custom_field_keys::add(member, entity, key, kind))
    }

    /// Removes a key. No instance has a value for it any more, from the commit on and however many had one; the
    /// pages of its index are free for other use.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.set_values(customer, [("tier", "gold")])?;
    /// store.remove_key(ManagedEntity::Customer, "tier")?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Enforced)?;
    /// assert!(store.values(customer)?.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such key.
    fn remove_key(&self, entity: ManagedEntity, key: &str) -> Result<()> {
        self.changing(|member| custom_field_keys::remove(member, entity, key))
    }

    /// Makes a key enforced that is not, with the values it has. All its values are held in memory meanwhile.
    /// Nothing happens to a key that is enforced already.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "email", KeyKind::Indexed)?;
    /// let [a, b] = [1, 2].map(|n| CustomerId::from(Uuid::from_u128(n)));
    /// store.set_many([(a, [("email", "a@b.example")]), (b, [("email", "a@b.example")])])?;
    /// let refused = store.enforce_uniqueness(ManagedEntity::Customer, "email").unwrap_err();
    /// assert!(matches!(refused.faults(), [Fault::ValueShared { holders, .. }] if holders.len() == 2));
    /// store.set_values(b, [("email", "b@b.example")])?;
    /// store.enforce_uniqueness(ManagedEntity::Customer, "email")?;
    /// assert_eq!(store.find("email", "b@b.example")?, Some(b));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such key, or where instances share values: then one
    /// [`ValueShared`](crate::Fault::ValueShared) for every value with more than one holder, in order of the
    /// values, with all holders of it.
    fn enforce_uniqueness(&self, entity: ManagedEntity, key: &str) -> Result<()> {
        self.changing(|member| custom_field_keys::enforce_uniqueness(member, entity, key))
    }

    /// Makes an enforced key an indexed one. All its values are held in memory meanwhile. Nothing happens to a
    /// key that is not enforced.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "email", KeyKind::Enforced)?;
    /// store.relax_uniqueness(ManagedEntity::Customer, "email")?;
    /// assert_eq!(store.key(ManagedEntity::Customer, "email")?.unwrap().kind, KeyKind::Indexed);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such key.
    fn relax_uniqueness(&self, entity: ManagedEntity, key: &str) -> Result<()> {
        self.changing(|member| custom_field_keys::relax_uniqueness(member, entity, key))
    }

    /// Sets values of an instance; values of other keys stay. `""` is a value like any other. Source: the seed
    /// "Set custom field values".
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use uuid::Uuid;
    ///
    /// let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// let first = store.set_values(customer, [("tier", "gold")])?;
    /// let again = store.set_values(customer, [("tier", "gold")])?;
    /// assert_eq!(first.values["tier"], ValueOutcome::Added);
    /// assert_eq!(again.values["tier"], ValueOutcome::Unchanged);
    /// assert_eq!(again.revision, first.revision);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the call: an unknown instance (unless the store adopts), keys that are not
    /// registered or given twice, values over 200 characters, values of enforced keys that another instance
    /// holds, and the terms of packages, whose values are fixed.
    fn set_values(
        &self,
        target: impl Into<EntityRef>,
        values: impl Into<CustomFields>,
    ) -> Result<SetOutcome> {
        self.set_values_if(target, values, &[])
    }

    /// Sets values of several instances as one operation. Uniqueness is judged on what the whole operation
    /// leaves, so that instances may exchange unique values. The outcomes are in the order of the instances.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use uuid::Uuid;
    ///
    /// let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Contract, "slot", KeyKind::Enforced)?;
    /// let [a, b] = [1, 2].map(|n| ContractId::from(Uuid::from_u128(n)));
    /// store.set_many([(a, [("slot", "left")]), (b, [("slot", "right")])])?;
    /// store.set_many([(a, [("slot", "right")]), (b, [("slot", "left")])])?;
    /// assert_eq!(store.find::<ContractId>("slot", "left")?, Some(b));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_values`](Self::set_values), and a refusal where an instance is named twice.
    fn set_many<I: Into<EntityRef>, F: Into<CustomFields>>(
        &self,
        changes: impl IntoIterator<Item = (I, F)>,
    ) -> Result<Vec<SetOutcome>> {
        let merge = |(target, values): (I, F)| (target.into(), Wish::Merge(values.into().into_pairs()));
        let wishes = changes.into_iter().map(merge).collect();
        self.changing(|member| custom_fields::change(member, wishes, &[]))
    }

    /// Sets values of an instance if all expectations hold; without any it is [`set_values`](Self::set_values).
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use uuid::Uuid;
    ///
    /// let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// let first = store.set_values_if(customer, [("tier", "gold")], &[Expectation::Absent("tier".into())])?;
    /// store.set_values_if(customer, [("tier", "iron")], &[Expectation::Revision(first.revision)])?;
    /// let late = store.set_values_if(customer, [("tier", "lead")], &[Expectation::Revision(first.revision)]);
    /// assert_eq!(late.unwrap_err().kind(), ErrorKind::Conflict);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_values`](Self::set_values), and a refusal with every expectation that does not hold.
    fn set_values_if(
        &self,
        target: impl Into<EntityRef>,
        values: impl Into<CustomFields>,
        expectations: &[Expectation],
    ) -> Result<SetOutcome> {
        let wish = Wish::Merge(values.into().into_pairs());
        self.changing(|member| change_one(member, target.into(), wish, expectations))
    }

    /// Sets values of an instance and removes its other ones.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// store.add_key(ManagedEntity::Customer, "region", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.set_values(customer, [("tier", "gold")])?;
    /// let outcome = store.replace_values(customer, [("region", "EU")])?;
    /// assert_eq!(outcome.values["tier"], ValueOutcome::Removed);
    /// assert_eq!(store.values(customer)?.len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_values`](Self::set_values).
    fn replace_values(
        &self,
        target: impl Into<EntityRef>,
        values: impl Into<CustomFields>,
    ) -> Result<SetOutcome> {
        let wish = Wish::Replace(values.into().into_pairs());
        self.changing(|member| change_one(member, target.into(), wish, &[]))
    }

    /// Removes the values of these keys from an instance; a value that is not there is no fault.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.set_values(customer, [("tier", "gold")])?;
    /// assert_eq!(store.delete_values(customer, ["tier"])?.values["tier"], ValueOutcome::Removed);
    /// assert_eq!(store.delete_values(customer, ["tier"])?.values["tier"], ValueOutcome::Absent);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_values`](Self::set_values).
    fn delete_values(
        &self,
        target: impl Into<EntityRef>,
        keys: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<SetOutcome> {
        let wish = Wish::Delete(keys.into_iter().map(Into::into).collect());
        self.changing(|member| change_one(member, target.into(), wish, &[]))
    }

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
    /// 2,000, or another customer's, archived or not; and what [`set_values`](Self::set_values) refuses.
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
    /// values; more than 1 MiB of it all; and what [`set_values`](Self::set_values) refuses.
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
    /// [`set_values`](Self::set_values) refuses.
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
    /// converted twice or not worth more than 0; and what [`set_values`](Self::set_values) refuses.
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

    /// Takes in an instance whose id was issued elsewhere; whether it was new.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// assert!(store.adopt(customer)?);
    /// assert!(!store.adopt(customer)?);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn adopt(&self, target: impl Into<EntityRef>) -> Result<bool> {
        self.changing(|member| entities::adopt(member, target.into()))
    }

    /// Archives an instance, for good. It keeps its values, which can still be set and deleted, and its hold on
    /// the unique ones.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.adopt(customer)?;
    /// store.archive(customer)?;
    /// assert!(store.is_archived(customer)?);
    /// assert!(matches!(store.archive(customer).unwrap_err().faults(), [Fault::AlreadyArchived { .. }]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such instance, or it was archived before.
    fn archive(&self, target: impl Into<EntityRef>) -> Result<()> {
        self.changing(|member| entities::archive(member, target.into()))
    }

    /// Removes an instance with its values and its history, as if it had never been: for mistakes, and for
    /// personal data. The journal keeps the numbers of its changes, emptied, and that this id was forgotten.
    ///
    /// The bytes are overwritten only as the file's pages are used again.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "email", KeyKind::Enforced)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.set_values(customer, [("email", "a@b.example")])?;
    /// store.forget(customer)?;
    /// assert!(!store.exists(customer)?);
    /// assert_eq!(store.find::<CustomerId>("email", "a@b.example")?, None);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such instance.
    fn forget(&self, target: impl Into<EntityRef>) -> Result<()> {
        self.changing(|member| entities::forget(member, target.into()))
    }
}

fn change_one(
    member: &Member<'_>,
    target: EntityRef,
    wish: Wish,
    expectations: &[Expectation],
) -> Result<SetOutcome> {
    let outcome = custom_fields::change(member, vec![(target, wish)], expectations)?.pop();
    outcome.ok_or_else(|| Error::corrupt("a change without an outcome"))
}
