//! The calls that make and archive packages.

use super::write::sealed::Target;
use super::{Store, Transaction, packages};
use crate::error::Result;
use crate::id::PackageId;
use crate::model::package::CreatePackage;

impl WritingPackages for Store {}
impl WritingPackages for Transaction<'_> {}

/// The calls that make and archive packages: part of [`Writing`](crate::Writing), and each carried out as those are.
///
/// # Errors
/// As [`Writing`](crate::Writing).
pub trait WritingPackages: Target {
    /// Makes a package with all of its parts and their values; its id. It is never changed: another one takes its
    /// place by taking its alias. Source: `metronome-api.md` §7.
    ///
    /// A contract is made of it by [`create_contract`](crate::WritingContracts::create_contract) with
    /// [`package`](crate::CreateContract::package).
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::PackageCommit, "campaign", KeyKind::Indexed)?;
    /// store.add_key(ManagedEntity::Commit, "campaign", KeyKind::Indexed)?;
    /// let product = store.create_product(CreateProduct {
    ///     name: "Welcome".into(),
    ///     product_type: ProductType::Fixed,
    ///     ..Default::default()
    /// })?;
    /// let first_month = CreateAccessItem {
    ///     amount: 1_000.into(),
    ///     starting_at: RelativeDate::at_start(),
    ///     ending_before: RelativeDate::months(1),
    /// };
    /// store.create_package(CreatePackage {
    ///     aliases: vec!["starter".into()],
    ///     commits: vec![CreateCommit {
    ///         custom_fields: [("campaign", "welcome")].into(),
    ///         ..CreateCommit::prepaid(BalanceTerms::new(product), [first_month].into())
    ///     }],
    ///     ..CreatePackage::from(PackageTerms::new("Starter plan"))
    /// })?;
    ///
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let contract = store.create_contract(CreateContract {
    ///     package: Some(PackageChoice::Alias("starter".into())),
    ///     ..CreateContract::new(customer, "2026-01-31T00:00:00Z".parse()?)
    /// })?;
    /// let commit = &store.contract(contract)?.commits[0];
    /// let end = commit.access_schedule.schedule_items[0].ending_before;
    /// assert_eq!(end, "2026-02-28T00:00:00Z".parse()?);
    /// assert_eq!(commit.custom_fields["campaign"], "welcome");
    /// store.set_values(commit.id, [("campaign", "goodbye")])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the request: no name, or one of more than 1,000 characters; aliases as of a rate
    /// card; a uniqueness key that was used before; what a package does not have; what
    /// [`create_contract`](crate::WritingContracts::create_contract) would refuse of a contract that starts now; values
    /// that [`set_values`](crate::Writing::set_values) refuses; more than 1 MiB altogether.
    fn create_package(&self, request: CreatePackage) -> Result<PackageId> {
        self.changing(|member| packages::create(member, request))
    }

    /// Archives a package: no more contracts are made of it, and those that were stay as they are. It keeps its
    /// aliases and its uniqueness key.
    ///
    /// # Errors
    /// A refusal where there is no such package, or it was archived before.
    fn archive_package(&self, id: PackageId) -> Result<()> {
        self.changing(|member| packages::archive(member, id))
    }
}
