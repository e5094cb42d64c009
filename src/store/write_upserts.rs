//! The calls that find an instance or make it.

use super::write::sealed::Target;
use super::{Store, Transaction, WritingRecords as _, upsert};
use crate::entity::{CustomerId, EntityId};
use crate::error::Result;
use crate::model::customer::CreateCustomer;
use crate::model::unique_name::{GotOrCreated, UniqueName, Upserted};

impl WritingUpserts for Store {}
impl WritingUpserts for Transaction<'_> {}

/// The calls that find an instance by a [unique name](UniqueName) or make it: part of [`Writing`](crate::Writing), and
/// each carried out as those are. Callers at the same time come to the same instance, and one of them has made it.
///
/// The closures that they take get a transaction, or go on with the one that the call is made in. They can change
/// anything; where a call fails, all that its closures did is taken back, whatever else a larger transaction did
/// stands, and that can go on. Closures wait for nothing, as those of [`Store::write`].
///
/// # Errors
/// As [`Writing`](crate::Writing), and the errors that closures return.
pub trait WritingUpserts: Target {
    /// The instance that has this name, archived or not; where there is none, the one that `make` makes. If that has
    /// not the name yet it gets it: the value is set, the alias added. What is made by a uniqueness key has to be made
    /// with it.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let make = |tx: &Transaction<'_>| tx.create_customer(CreateCustomer::default());
    /// let first = store.get_or_create(("x_account_id", "KyVn"), make)?;
    /// let again = store.get_or_create(("x_account_id", "KyVn"), make)?;
    /// assert_eq!(again, GotOrCreated::Found(first.id()));
    /// assert_eq!(store.find("x_account_id", "KyVn")?, Some(first.id()));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where the name is not one of the entity's: a key that is not registered or not enforced, so that
    /// several instances could have the value; an alias of anything but a customer; a uniqueness key of anything but a
    /// contract, commit, credit or alert, or one that a commit has where a credit is asked for, or the other way round;
    /// a text that is too long. And a refusal where what was made cannot have the name: it has another value for the
    /// key, it is archived and the key releases what archived ones hold, it was made without the uniqueness key, or
    /// something else that `make` made has the name.
    fn get_or_create<I: EntityId>(
        &self,
        by: impl Into<UniqueName>,
        make: impl FnOnce(&Transaction<'_>) -> Result<I>,
    ) -> Result<GotOrCreated<I>> {
        self.changing(|member| upsert::get_or_create(member, &by.into(), make))
    }

    /// [`get_or_create`](Self::get_or_create) of a customer, by a value or an ingest alias, which need not be in the
    /// request.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let request = CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() };
    /// let by = UniqueName::ingest_alias("team@widgetsexpress.com");
    /// let made = store.get_or_create_customer(by, request)?;
    /// assert_eq!(store.find_customer("team@widgetsexpress.com")?, Some(made.id()));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create), and, where there is no such customer,
    /// [`create_customer`](crate::WritingRecords::create_customer).
    fn get_or_create_customer(
        &self,
        by: impl Into<UniqueName>,
        request: CreateCustomer,
    ) -> Result<GotOrCreated<CustomerId>> {
        self.get_or_create(by, |tx| tx.create_customer(request))
    }

    /// Changes the instance that has this name with `change`, or makes it with `make` where there is none, as
    /// [`get_or_create`](Self::get_or_create) does.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let put = |name: &str| {
    ///     let request = CreateCustomer { name: name.into(), ..Default::default() };
    ///     let make = |tx: &Transaction<'_>| tx.create_customer(request);
    ///     store.upsert(("x_account_id", "KyVn"), make, |tx, id| tx.set_customer_name(id, name))
    /// };
    /// let made = put("Widgets")?;
    /// assert_eq!(put("Widgets")?, Upserted::Unchanged(made.id()));
    /// assert_eq!(put("WidgetsExpress")?, Upserted::Updated(made.id()));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create).
    fn upsert<I: EntityId>(
        &self,
        by: impl Into<UniqueName>,
        make: impl FnOnce(&Transaction<'_>) -> Result<I>,
        change: impl FnOnce(&Transaction<'_>, I) -> Result<()>,
    ) -> Result<Upserted<I>> {
        self.changing(|member| upsert::upsert(member, &by.into(), make, change))
    }
}
