//! The calls that read packages.

use super::read::sealed::Source;
use super::{Snapshot, Store, Transaction, packages};
use crate::error::Result;
use crate::id::PackageId;
use crate::model::contract::ContractFilter;
use crate::model::package::{Package, PackageContract};
use crate::model::page::{ArchiveFilter, Page, PageRequest};
use crate::model::scalar::Time;

impl ReadingPackages for Store {}
impl ReadingPackages for Snapshot {}
impl ReadingPackages for Transaction<'_> {}

/// The calls that read packages: part of [`Reading`](crate::Reading).
///
/// # Errors
/// As [`Reading`](crate::Reading).
pub trait ReadingPackages: Source {
    /// A package with all of its parts and their values, archived or not.
    ///
    /// # Errors
    /// A refusal where there is no such package.
    fn package(&self, id: PackageId) -> Result<Package> {
        self.reading(|reader| packages::get(reader, id))
    }

    /// The package that an alias leads to at a moment, archived or not; `None` where it leads to none then.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let package = |name: &str| CreatePackage {
    ///     aliases: vec!["starter".into()],
    ///     ..CreatePackage::from(PackageTerms::new(name))
    /// };
    /// let old = store.create_package(package("Starter 2025"))?;
    /// let new = store.create_package(package("Starter 2026"))?;
    /// assert_eq!(store.package_by_alias("starter", Time::now())?, Some(new));
    /// assert!(store.package(old)?.aliases.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    fn package_by_alias(&self, alias: &str, at: Time) -> Result<Option<PackageId>> {
        self.reading(|reader| packages::by_alias(reader, alias, at))
    }

    /// The package that was made with a uniqueness key; `None` where none was.
    ///
    /// # Errors
    /// None of its own.
    fn package_by_key(&self, uniqueness_key: &str) -> Result<Option<PackageId>> {
        self.reading(|reader| packages::by_key(reader, uniqueness_key))
    }

    /// Packages, in order of their ids, which is the order they were made in, a page at a time.
    ///
    /// # Errors
    /// A refusal where the page's limit is not 1 to 1,000, or its cursor belongs to another question.
    fn packages(&self, filter: ArchiveFilter, page: &PageRequest) -> Result<Page<Package>> {
        self.reading(|reader| packages::page(reader, filter, page))
    }

    /// The contracts that were made of a package and that a filter lets through, in order of their ids, a page at a
    /// time. What became of a contract since makes no difference.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let package = store.create_package(CreatePackage::from(PackageTerms::new("Starter plan")))?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let start: Time = "2026-01-01T00:00:00Z".parse()?;
    /// let contract = store.create_contract(CreateContract {
    ///     package: Some(PackageChoice::Id(package)),
    ///     ..CreateContract::new(customer, start)
    /// })?;
    /// let on_that_day = ContractFilter { covering_date: Some(start), ..Default::default() };
    /// let found = store.package_contracts(package, &on_that_day, &PageRequest::default())?.items;
    /// assert_eq!((found[0].contract_id, found[0].customer_id), (contract, customer));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`packages`](Self::packages), and where there is no such package, or the filter has both dates.
    fn package_contracts(
        &self,
        id: PackageId,
        filter: &ContractFilter,
        page: &PageRequest,
    ) -> Result<Page<PackageContract>> {
        self.reading(|reader| packages::contracts(reader, id, filter, page))
    }
}
