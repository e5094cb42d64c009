//! The calls that change something.

use uuid::Uuid;

use super::custom_fields::Wish;
use super::{
    Store, Transaction, WritingAlerts, WritingContracts, WritingInvoices, WritingPackages, WritingRecords,
    WritingUpserts, custom_field_keys, custom_fields, entities,
};
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::{Error, Result};
use crate::model::custom_field::{CustomFields, Expectation, KeyRules, SetOutcome, Taken};
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
/// returns (see [`Durability`](crate::Durability)), and of a [`Transaction`]. What entities have besides custom
/// fields is changed by the calls of [`WritingRecords`], contracts, commits and credits by those of
/// [`WritingContracts`], packages by those of [`WritingPackages`], alerts by those of [`WritingAlerts`], and invoices are settled by those of
/// [`WritingInvoices`]. Those of [`WritingUpserts`] find an instance by a unique name or make it.
///
/// A call is carried out whole or not at all. If it is refused, the error holds every fault of the call, and
/// nothing has changed.
///
/// # Errors
/// Besides what each call names, any of them on a store returns what [`Store::write`] names.
pub trait Writing:
    WritingAlerts
    + WritingContracts
    + WritingInvoices
    + WritingPackages
    + WritingRecords
    + WritingUpserts
    + sealed::Target
{
    /// Registers a key for an entity; its id. The rules are a [`KeyKind`](crate::KeyKind), for what the vendor has, or
    /// [`KeyRules`] in full; but for the kind they are the key's for good.
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
    fn add_key(&self, entity: ManagedEntity, key: &str, rules: impl Into<KeyRules>) -> Result<Uuid> {
        self.changing(|member| custom_field_keys::add(member, entity, key, rules.into()))
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

    /// Makes a key enforced that is not, with the values it has; they are compared by the key's own rule, and archived
    /// instances do not count where it releases what they hold. All its values are held in memory meanwhile.
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

    /// Gives an instance a value of an enforced key, and takes it from whoever holds it, archived or not, in one step:
    /// nobody sees a moment at which neither or both have it. Where nobody else holds it this is
    /// [`set_values`](Self::set_values).
    ///
    /// An archived instance holds nothing under a key that [releases](crate::ArchivedHolders::Release) what archived
    /// ones hold, so that it takes the value from nobody.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let [old, new] = [1, 2].map(|n| CustomerId::from(Uuid::from_u128(n)));
    /// store.set_values(old, [("x_account_id", "KyVn")])?;
    /// let taken = store.take_value(new, "x_account_id", "KyVn")?;
    /// assert_eq!(taken.from, Some(old.into()));
    /// assert_eq!(store.find("x_account_id", "KyVn")?, Some(new));
    /// assert!(store.values(old)?.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_values`](Self::set_values), and a refusal where the key is not enforced.
    fn take_value(&self, target: impl Into<EntityRef>, key: &str, value: impl Into<String>) -> Result<Taken> {
        self.changing(|member| custom_fields::take(member, target.into(), key, value.into()))
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
    /// the unique ones, unless their key [releases](crate::ArchivedHolders::Release) them.
    ///
    /// With a customer all of its contracts are archived, and with a contract all of its commits and credits: see
    /// [`archive_contract`](WritingContracts::archive_contract). Commits and credits that are the customer's own stay
    /// in use, and so do its alerts, which cover nothing any more. Archiving a commit, credit or scheduled charge of a
    /// contract is an edit of the contract. An alert keeps its uniqueness key: see
    /// [`archive_alert`](WritingAlerts::archive_alert).
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
    /// A refusal where there is no such instance, or it was archived before; where it is a discount, professional
    /// service or subscription of a contract, which end with it; where it is a charge of a contract that is archived;
    /// where it is a commit or scheduled charge with a charge on a finalised invoice, which has to be voided before.
    fn archive(&self, target: impl Into<EntityRef>) -> Result<()> {
        self.changing(|member| entities::archive(member, target.into()))
    }

    /// Removes an instance with its values and its history, as if it had never been: for mistakes, and for
    /// personal data. The journal keeps the numbers of its changes, emptied, and that this id was forgotten.
    ///
    /// With a contract all of its parts go, its versions, its edits and its uniqueness keys, which can be used again;
    /// with a customer all of its contracts, commits, credits and alerts of its own. What others say of them stays: a contract that was
    /// renewed by one that is forgotten still names it.
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
    /// A refusal where there is no such instance, or it is a part of a contract: it goes with the contract alone.
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
