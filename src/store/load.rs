//! Loading: many instances at once, faster than call by call.

use super::{Store, Transaction, custom_fields, customers};
use crate::entity::{CustomerId, EntityId, EntityRef};
use crate::error::{Error, Fault, Result};
use crate::model::custom_field::CustomFields;
use crate::model::customer::CreateCustomer;
use crate::storage::engine::Terms;
use crate::storage::member::Member;

/// A load that meets this many faults looks no further.
const MOST_FAULTS: usize = 1_000;

/// One item of a [`load`](Store::load).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadItem {
    /// Values of an instance, which is taken in where there is none with the id. Its other values stay.
    Values(EntityRef, CustomFields),
    /// A customer, made with an id that was issued elsewhere.
    Customer(CustomerId, CreateCustomer),
}

impl<I: EntityId> From<(I, CustomFields)> for LoadItem {
    fn from((id, values): (I, CustomFields)) -> Self {
        Self::Values(id.into(), values)
    }
}

impl From<(EntityRef, CustomFields)> for LoadItem {
    fn from((target, values): (EntityRef, CustomFields)) -> Self {
        Self::Values(target, values)
    }
}

impl From<(CustomerId, CreateCustomer)> for LoadItem {
    fn from((id, customer): (CustomerId, CreateCustomer)) -> Self {
        Self::Customer(id, customer)
    }
}

/// What a [`load`](Store::load) came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// Items.
    pub items: u64,
    /// Instances that there were not before.
    pub made: u64,
}

impl Store {
    /// Puts many instances into the store as one change: all of them, or none and why not.
    ///
    /// Every item is checked as by the call of its own that it stands for, in order, each seeing those before it, and
    /// the journal has the same changes. But rows are gathered, put in order and then into several tables at a time,
    /// which is several times faster than transactions of a thousand calls, above all where ids come in no order.
    ///
    /// The iterator is read once, and any number of items is loaded in bounded memory: besides the store's
    /// [cache](crate::StoreOptions::cache_bytes), half as much for rows that wait, but not less than 64 MiB nor more
    /// than 1 GiB, and half of that again while they are put in order. A load whose rows fit in there, about 170 bytes
    /// for an instance with one unique value, puts each table in order but once. It runs inside the transaction, which no other caller shares: what
    /// [`write`](Self::write) says of its closure holds for it too. Other writers wait until the load is done; readers
    /// do not.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use uuid::Uuid;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let items = (1..=1_000).map(|n| {
    ///     let name = format!("Customer {n}");
    ///     let custom_fields = [("x_account_id", format!("{n:018}"))].into();
    ///     (CustomerId::from(Uuid::from_u128(n)), CreateCustomer { name, custom_fields, ..Default::default() })
    /// });
    /// assert_eq!(store.load(items)?.made, 1_000);
    ///
    /// let id: Option<CustomerId> = store.find("x_account_id", "000000000000000007")?;
    /// assert_eq!(id, Some(CustomerId::from(Uuid::from_u128(7))));
    ///
    /// // Values alone are added to those that are there; an unknown id is taken in.
    /// let twice = [7, 2_000].map(|n| {
    ///     (CustomerId::from(Uuid::from_u128(n)), CustomFields::from([("x_account_id", "one for two")]))
    /// });
    /// let refused = store.load(twice).unwrap_err();
    /// assert!(refused.to_string().contains("instances[1]: "), "{refused}");
    /// assert!(store.find_ref(ManagedEntity::Customer, "x_account_id", "one for two")?.is_none());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with an [`Item`](crate::Fault::Item) for every fault of every item, as those calls have them, up to
    /// those of the item that brings them to 1,000; [`InstanceExists`](crate::Fault::InstanceExists) where there is a
    /// customer with that id already. Otherwise as [`write`](Self::write).
    pub fn load<I>(&self, instances: I) -> Result<Loaded>
    where
        I: IntoIterator,
        I::Item: Into<LoadItem>,
    {
        let terms =
            Terms { patience: self.patience, bulk: Some(self.engine.most_waiting()), ..Terms::default() };
        self.engine.run(&terms, |member| Transaction::new(member).checked(|member| load(member, instances)))
    }
}

pub(super) fn load<I>(member: &Member<'_>, instances: I) -> Result<Loaded>
where
    I: IntoIterator,
    I::Item: Into<LoadItem>,
{
    let mut faults = Vec::new();
    let mut loaded = Loaded::default();
    for item in instances {
        match put_in(member, item.into()) {
            Ok(is_new) => loaded.made += u64::from(is_new),
            Err(Error::Refused(refused)) => {
                let item = loaded.items;
                faults.extend(refused.into_iter().map(|fault| Fault::Item { item, fault: Box::new(fault) }));
            }
            Err(failure) => return Err(failure),
        }
        loaded.items += 1;
        if faults.len() >= MOST_FAULTS {
            break;
        }
    }
    Fault::none_of(faults).map(|()| loaded)
}

/// Carries out an item; whether its instance is new.
fn put_in(member: &Member<'_>, item: LoadItem) -> Result<bool> {
    match item {
        LoadItem::Values(target, values) => custom_fields::load(member, target, values),
        LoadItem::Customer(id, request) => customers::create_known(member, id, request).map(|_| true),
    }
}
