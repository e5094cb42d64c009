//! The calls that read.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    ReadingAlerts, ReadingContracts, ReadingHistory, ReadingInvoices, ReadingPackages, ReadingQueries,
    ReadingRecords, Snapshot, Store, Transaction, custom_field_keys, custom_fields, entities, find,
};
use crate::entity::{EntityId, EntityRef, ManagedEntity};
use crate::error::Result;
use crate::model::custom_field::{CustomFieldKey, Instance};
use crate::model::page::{Page, PageRequest};
use crate::model::scalar::Time;
use crate::storage::member::Member;
use crate::storage::resident::Seen;
use crate::storage::view::{Reader, View};

pub(super) mod sealed {
    use super::{ManagedEntity, Reader, Result, Seen, Time};

    /// What reading calls read from.
    pub trait Source {
        type Reader: Reader;

        fn reading<T>(&self, read: impl FnOnce(&Self::Reader) -> Result<T>) -> Result<T>;

        /// Who holds a value of an enforced key, where that is known without anything being read.
        fn seen_value(&self, _entity: ManagedEntity, _key: &str, _value: &str) -> Seen {
            Seen::Unknown
        }

        /// What time it is where nobody says: the store's, or that of the moment that was frozen.
        fn now(&self) -> Time;
    }
}

impl sealed::Source for Store {
    type Reader = View;

    fn reading<T>(&self, read: impl FnOnce(&View) -> Result<T>) -> Result<T> {
        self.engine.look(|view| read(view))
    }

    #[inline]
    fn seen_value(&self, entity: ManagedEntity, key: &str, value: &str) -> Seen {
        self.engine.seen_value(entity, key, value)
    }

    fn now(&self) -> Time {
        self.engine.now()
    }
}

impl sealed::Source for Snapshot {
    type Reader = View;

    fn reading<T>(&self, read: impl FnOnce(&View) -> Result<T>) -> Result<T> {
        self.view.check_open()?;
        read(&self.view)
    }

    fn now(&self) -> Time {
        self.taken_at
    }
}

impl<'t> sealed::Source for Transaction<'t> {
    type Reader = Member<'t>;

    fn reading<T>(&self, read: impl FnOnce(&Member<'t>) -> Result<T>) -> Result<T> {
        self.checked(read)
    }

    fn now(&self) -> Time {
        self.member.now()
    }
}

impl Reading for Store {}
impl Reading for Snapshot {}
impl Reading for Transaction<'_> {}

/// The one holder of a value of an enforced key, told from memory where that can be.
#[inline]
fn holder(
    source: &(impl Reading + ?Sized),
    entity: ManagedEntity,
    key: &str,
    value: &str,
) -> Result<Option<Uuid>> {
    match source.seen_value(entity, key, value) {
        Seen::Holder(id) => Ok(Some(id)),
        Seen::Nobody => Ok(None),
        Seen::Unknown => holder_by_reading(source, entity, key, value),
    }
}

/// Stands by itself, so that whoever is told from memory does not carry it along.
#[inline(never)]
fn holder_by_reading(
    source: &(impl Reading + ?Sized),
    entity: ManagedEntity,
    key: &str,
    value: &str,
) -> Result<Option<Uuid>> {
    source.reading(|reader| find::holder(reader, entity, key, value))
}

/// The calls that read: of a [`Store`], which shows the last commit, of a [`Snapshot`], which shows one moment,
/// and of a [`Transaction`], which shows its own changes too.
///
/// Each call reads one moment, waits for no writer and, on a store, sees every change that has returned. What
/// entities have besides custom fields is read by the calls of [`ReadingRecords`]; contracts, commits and credits
/// are read by those of [`ReadingContracts`], packages by those of [`ReadingPackages`], invoices by those of
/// [`ReadingInvoices`], alerts by those of [`ReadingAlerts`], and what was by those of [`ReadingHistory`]. Those of
/// [`ReadingQueries`] ask for instances by conditions on their values.
///
/// # Errors
/// Besides what each call names, any of them returns [`Closed`](crate::Error::Closed),
/// [`Io`](crate::Error::Io) or [`Corrupt`](crate::Error::Corrupt) where the store cannot be read.
pub trait Reading:
    ReadingAlerts
    + ReadingContracts
    + ReadingHistory
    + ReadingInvoices
    + ReadingPackages
    + ReadingQueries
    + ReadingRecords
    + sealed::Source
{
    /// The registered key of that entity and text; `None` where there is none.
    ///
    /// How many instances carry it is known at once for an enforced or indexed key; for an unindexed one the
    /// entity's instances are counted.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let key = store.key(ManagedEntity::Customer, "x_account_id")?.unwrap();
    /// assert_eq!((key.kind, key.instances), (KeyKind::Enforced, 0));
    /// assert_eq!(store.key(ManagedEntity::Contract, "x_account_id")?, None);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn key(&self, entity: ManagedEntity, key: &str) -> Result<Option<CustomFieldKey>> {
        self.reading(|reader| custom_field_keys::one(reader, entity, key))
    }

    /// The registered keys of these entities, of all entities where none is named, in the order they were
    /// registered, with how many instances carry each.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// store.add_key(ManagedEntity::Contract, "tier", KeyKind::Unindexed)?;
    /// assert_eq!(store.keys(&[])?.len(), 2);
    /// assert_eq!(store.keys(&[ManagedEntity::Contract])?[0].kind, KeyKind::Unindexed);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn keys(&self, entities: &[ManagedEntity]) -> Result<Vec<CustomFieldKey>> {
        self.reading(|reader| custom_field_keys::all(reader, entities))
    }

    /// [`keys`](Self::keys), a page at a time.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # let store = Store::in_memory()?;
    /// for key in ["a", "b", "c"] {
    ///     store.add_key(ManagedEntity::Customer, key, KeyKind::Indexed)?;
    /// }
    /// let first = store.keys_page(&[], &PageRequest::first(2))?;
    /// let second = store.keys_page(&[], &PageRequest::after(first.next.unwrap(), 2))?;
    /// assert_eq!(second.items[0].key, "c");
    /// assert_eq!(second.next, None);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn keys_page(&self, entities: &[ManagedEntity], page: &PageRequest) -> Result<Page<CustomFieldKey>> {
        self.reading(|reader| custom_field_keys::page(reader, entities, page))
    }

    /// All values of an instance, by key. Values of removed keys are not among them.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.set_values(customer, [("tier", "gold")])?;
    /// assert_eq!(store.values(customer)?["tier"], "gold");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such instance.
    fn values(&self, target: impl Into<EntityRef>) -> Result<BTreeMap<String, String>> {
        self.reading(|reader| custom_fields::all(reader, target.into()))
    }

    /// An instance's value for one key; `None` where it has none.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.adopt(customer)?;
    /// assert_eq!(store.value(customer, "tier")?, None);
    /// assert_eq!(store.value(customer, "tear").unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such instance or no such key.
    fn value(&self, target: impl Into<EntityRef>, key: &str) -> Result<Option<String>> {
        self.reading(|reader| custom_fields::one(reader, target.into(), key))
    }

    /// All values of several instances, of any entities, in the order they are named, all of one moment.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let [a, b] = [1, 2].map(|n| CustomerId::from(Uuid::from_u128(n)));
    /// store.set_many([(a, [("tier", "gold")]), (b, [("tier", "iron")])])?;
    /// assert_eq!(store.values_many([b, a])?[0]["tier"], "iron");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal that names every instance there is not.
    fn values_many<I: Into<EntityRef>>(
        &self,
        targets: impl IntoIterator<Item = I>,
    ) -> Result<Vec<BTreeMap<String, String>>> {
        let targets: Vec<EntityRef> = targets.into_iter().map(Into::into).collect();
        self.reading(|reader| custom_fields::many(reader, &targets))
    }

    /// The one instance that holds this value for an enforced key, archived or not; `None` where none does. Which
    /// values are the same, and whether an archived instance holds them still, the key's
    /// [rules](crate::KeyRules) say. Which entity is meant, the type of the id says.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use uuid::uuid;
    ///
    /// let store = Store::in_memory()?;
    /// let contract = ContractId::from(uuid!("d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc"));
    /// store.add_key(ManagedEntity::Contract, "sfdc_opportunity_id", KeyKind::Enforced)?;
    /// store.adopt(contract)?;
    /// store.set_values(contract, [("sfdc_opportunity_id", "opp_01")])?;
    ///
    /// let found: Option<ContractId> = store.find("sfdc_opportunity_id", "opp_01")?;
    /// assert_eq!(found, Some(contract));
    /// assert_eq!(store.find::<ContractId>("sfdc_opportunity_id", "opp_02")?, None);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such key, or it is not enforced; [`find_all`](Self::find_all) searches an
    /// indexed one.
    #[inline]
    fn find<I: EntityId>(&self, key: &str, value: &str) -> Result<Option<I>> {
        Ok(holder(self, I::ENTITY, key, value)?.map(I::from_uuid))
    }

    /// [`find`](Self::find), where the entity is known only at run time.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "email", KeyKind::Enforced)?;
    /// let customer = EntityRef::from((ManagedEntity::Customer, Uuid::from_u128(1)));
    /// store.set_values(customer, [("email", "team@widgetsexpress.com")])?;
    /// assert_eq!(store.find_ref(customer.entity, "email", "team@widgetsexpress.com")?, Some(customer));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn find_ref(&self, entity: ManagedEntity, key: &str, value: &str) -> Result<Option<EntityRef>> {
        Ok(holder(self, entity, key, value)?.map(|id| EntityRef { entity, id }))
    }

    /// [`find`](Self::find) for several values, all of one moment: the answers in the order of the values.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "email", KeyKind::Enforced)?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.set_values(customer, [("email", "a@b.example")])?;
    /// assert_eq!(store.find_many("email", ["x@y.example", "a@b.example"])?, [None, Some(customer)]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn find_many<I: EntityId>(
        &self,
        key: &str,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Vec<Option<I>>> {
        let found = self.reading(|reader| find::holders(reader, I::ENTITY, key, values))?;
        Ok(found.into_iter().map(|id| id.map(I::from_uuid)).collect())
    }

    /// The instances that hold this value, by the key's [comparison](crate::Comparison), archived or not, in order of their ids, a page at a time.
    /// For an enforced key there is one at the most.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let [a, b] = [1, 2].map(|n| CustomerId::from(Uuid::from_u128(n)));
    /// store.set_many([(b, [("tier", "gold")]), (a, [("tier", "gold")])])?;
    /// assert_eq!(store.find_all::<CustomerId>("tier", "gold", &PageRequest::default())?.items, [a, b]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such key or it is unindexed, where the page's limit is not 1 to 1,000, or
    /// where its cursor belongs to another question.
    fn find_all<I: EntityId>(&self, key: &str, value: &str, page: &PageRequest) -> Result<Page<I>> {
        let found = self.reading(|reader| find::all(reader, I::ENTITY, key, value, page))?;
        Ok(found.map(I::from_uuid))
    }

    /// [`find_all`](Self::find_all), where the entity is known only at run time.
    ///
    /// # Errors
    /// As [`find_all`](Self::find_all).
    fn find_all_ref(
        &self,
        entity: ManagedEntity,
        key: &str,
        value: &str,
        page: &PageRequest,
    ) -> Result<Page<EntityRef>> {
        let found = self.reading(|reader| find::all(reader, entity, key, value, page))?;
        Ok(found.map(|id| EntityRef { entity, id }))
    }

    /// The values that begin with `prefix`, each with its holder, in order of (value, id), a page at a time.
    /// Values are in the order of their UTF-8 bytes, those of a [case-folded](crate::Comparison::CaseFolded) key in the
    /// order of what folding makes of them. An empty prefix gives all values of the key.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "region", KeyKind::Indexed)?;
    /// let [a, b] = [1, 2].map(|n| CustomerId::from(Uuid::from_u128(n)));
    /// store.set_many([(a, [("region", "EU-west")]), (b, [("region", "US")])])?;
    /// let page = store.find_prefix::<CustomerId>("region", "EU", &PageRequest::default())?;
    /// assert_eq!(page.items, [("EU-west".to_owned(), a)]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`find_all`](Self::find_all).
    fn find_prefix<I: EntityId>(
        &self,
        key: &str,
        prefix: &str,
        page: &PageRequest,
    ) -> Result<Page<(String, I)>> {
        let found = self.reading(|reader| find::prefix(reader, I::ENTITY, key, prefix, page))?;
        Ok(found.map(|(value, id)| (value, I::from_uuid(id))))
    }

    /// [`find_prefix`](Self::find_prefix), where the entity is known only at run time.
    ///
    /// # Errors
    /// As [`find_all`](Self::find_all).
    fn find_prefix_ref(
        &self,
        entity: ManagedEntity,
        key: &str,
        prefix: &str,
        page: &PageRequest,
    ) -> Result<Page<(String, EntityRef)>> {
        let found = self.reading(|reader| find::prefix(reader, entity, key, prefix, page))?;
        Ok(found.map(|(value, id)| (value, EntityRef { entity, id })))
    }

    /// Whether there is such an instance, archived or not.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// assert!(!store.exists(customer)?);
    /// store.adopt(customer)?;
    /// assert!(store.exists(customer)?);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn exists(&self, target: impl Into<EntityRef>) -> Result<bool> {
        self.reading(|reader| entities::exists(reader, target.into()))
    }

    /// Whether the instance was archived.
    ///
    /// # Errors
    /// A refusal where there is no such instance.
    fn is_archived(&self, target: impl Into<EntityRef>) -> Result<bool> {
        self.reading(|reader| Ok(entities::known(reader, target.into())?.archived_at.is_some()))
    }

    /// The sequence number of the instance's last change: it goes up with each, and with nothing else.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// let customer = CustomerId::from(Uuid::from_u128(1));
    /// store.adopt(customer)?;
    /// let before = store.revision(customer)?;
    /// store.archive(customer)?;
    /// assert!(store.revision(customer)? > before);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such instance.
    fn revision(&self, target: impl Into<EntityRef>) -> Result<u64> {
        self.reading(|reader| Ok(entities::known(reader, target.into())?.revision))
    }

    /// The instances of an entity, archived or not, in order of their ids, a page at a time.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = Store::in_memory()?;
    /// for n in 1..=3 {
    ///     store.adopt(CustomerId::from(Uuid::from_u128(n)))?;
    /// }
    /// let mut page = PageRequest::first(2);
    /// let mut seen = Vec::new();
    /// loop {
    ///     let customers = store.entities(ManagedEntity::Customer, &page)?;
    ///     seen.extend(customers.items);
    ///     match customers.next {
    ///         Some(cursor) => page.after = Some(cursor),
    ///         None => break,
    ///     }
    /// }
    /// assert_eq!(seen.len(), 3);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn entities(&self, entity: ManagedEntity, page: &PageRequest) -> Result<Page<Instance<EntityRef>>> {
        self.reading(|reader| entities::page(reader, entity, page))
    }
}
