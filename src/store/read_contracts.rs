//! The calls that read contracts, commits and credits, and what follows from them.

use super::read::sealed::Source;
use super::{Snapshot, Store, Transaction, balances, contract_edits, contract_read, contracts};
use crate::entity::{CommitId, ContractCreditId, ContractId, CustomerId, EntityRef};
use crate::error::Result;
use crate::id::ContractEditId;
use crate::model::balance::{BalanceFilter, Commit, Credit};
use crate::model::contract::{Contract, ContractFilter, ContractOrigin};
use crate::model::contract_edit::ContractEdit;
use crate::model::page::{Page, PageRequest};
use crate::model::scalar::Time;
use crate::storage::versions::AsOf;

impl ReadingContracts for Store {}
impl ReadingContracts for Snapshot {}
impl ReadingContracts for Transaction<'_> {}

/// The calls that read contracts, commits and credits, and what follows from them: part of
/// [`Reading`](crate::Reading).
///
/// # Errors
/// As [`Reading`](crate::Reading).
pub trait ReadingContracts: Source {
    /// A contract with all of its parts and their values, of one moment.
    ///
    /// # Errors
    /// A refusal where there is no such contract, or it was taken in with nothing but its id.
    fn contract(&self, id: ContractId) -> Result<Contract> {
        self.reading(|reader| contract_read::get(reader, id, AsOf::Now))
    }

    /// A contract as it was at a moment: with the parts it had, as its edits had left them. Values of custom
    /// fields are those of now, because they are no part of edits.
    ///
    /// It is read from the contract's own versions, so that it does not depend on the journal.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use std::time::Duration;
    ///
    /// let clock = SetClock::new("2025-01-01T00:00:00Z".parse()?);
    /// let store = StoreOptions::new().clock(clock.clone()).in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let contract = store.create_contract(CreateContract::new(customer, "2024-11-01T00:00:00Z".parse()?))?;
    /// let at_first = store.contract(contract)?;
    /// clock.advance(Duration::from_secs(60));
    /// let rename = EditContract { update_contract_name: Some(Some("Enterprise".into())), ..Default::default() };
    /// store.edit_contract(contract, rename)?;
    /// assert_eq!(store.contract_as_of(contract, "2025-01-01T00:00:00Z".parse()?)?, at_first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`contract`](Self::contract), and where the contract was made later.
    fn contract_as_of(&self, id: ContractId, time: Time) -> Result<Contract> {
        self.reading(|reader| contract_read::as_of(reader, id, time))
    }

    /// Contracts of a customer that a filter lets through, in order of their starts, a page at a time.
    ///
    /// # Errors
    /// A refusal where there is no such customer, where the filter has both dates, where the page's limit is not 1
    /// to 1,000, or where its cursor belongs to another question.
    fn contracts(
        &self,
        customer: CustomerId,
        filter: &ContractFilter,
        page: &PageRequest,
    ) -> Result<Page<Contract>> {
        self.reading(|reader| contracts::page(reader, customer, filter, page))
    }

    /// The edits of a contract, the oldest first, a page at a time: with every change of its end, its usage filter,
    /// and its archiving.
    ///
    /// # Errors
    /// As [`contract`](Self::contract), and where the page's limit is not 1 to 1,000, or its cursor belongs to
    /// another question.
    fn contract_edits(&self, id: ContractId, page: &PageRequest) -> Result<Page<ContractEdit>> {
        self.reading(|reader| contract_edits::page(reader, id, page))
    }

    /// The contract that was made with a uniqueness key; `None` where none was.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let new = CreateContract {
    ///     uniqueness_key: Some("order 7".into()),
    ///     ..CreateContract::new(customer, "2024-11-01T00:00:00Z".parse()?)
    /// };
    /// let contract = store.create_contract(new.clone())?;
    /// assert_eq!(store.create_contract(new).unwrap_err().to_string(), "This uniqueness key has already been used.");
    /// assert_eq!(store.contract_by_key("order 7")?, Some(contract));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Reading`](crate::Reading).
    fn contract_by_key(&self, uniqueness_key: &str) -> Result<Option<ContractId>> {
        self.reading(|reader| contracts::by_key(reader, uniqueness_key))
    }

    /// The edit of a contract that was made with a uniqueness key; `None` where none was.
    ///
    /// # Errors
    /// As [`Reading`](crate::Reading).
    fn contract_edit_by_key(&self, uniqueness_key: &str) -> Result<Option<ContractEditId>> {
        self.reading(|reader| contract_edits::by_key(reader, uniqueness_key))
    }

    /// The commit or credit that was made with a uniqueness key; `None` where none was.
    ///
    /// # Errors
    /// As [`Reading`](crate::Reading).
    fn balance_by_key(&self, uniqueness_key: &str) -> Result<Option<EntityRef>> {
        self.reading(|reader| balances::by_key(reader, uniqueness_key))
    }

    /// A commit, of a customer or of a contract.
    ///
    /// # Errors
    /// A refusal where there is no such commit, or it was taken in with nothing but its id.
    fn commit(&self, id: CommitId) -> Result<Commit> {
        self.reading(|reader| balances::get(reader, id))
    }

    /// A credit, of a customer or of a contract.
    ///
    /// # Errors
    /// A refusal where there is no such credit, or it was taken in with nothing but its id.
    fn credit(&self, id: ContractCreditId) -> Result<Credit> {
        self.reading(|reader| balances::get(reader, id))
    }

    /// Commits of a customer that a filter lets through, in order of their ids, a page at a time.
    ///
    /// # Errors
    /// A refusal where there is no such customer, where the page's limit is not 1 to 1,000, or where its cursor
    /// belongs to another question.
    fn commits(
        &self,
        customer: CustomerId,
        filter: &BalanceFilter,
        page: &PageRequest,
    ) -> Result<Page<Commit>> {
        self.reading(|reader| balances::page(reader, customer, filter, page))
    }

    /// Credits of a customer that a filter lets through, in order of their ids, a page at a time.
    ///
    /// # Errors
    /// As [`commits`](Self::commits).
    fn credits(
        &self,
        customer: CustomerId,
        filter: &BalanceFilter,
        page: &PageRequest,
    ) -> Result<Page<Credit>> {
        self.reading(|reader| balances::page(reader, customer, filter, page))
    }

    /// What a contract was made with: whose it is, and what else never changes. Reads nothing of its parts.
    fn contract_origin(&self, id: ContractId) -> Result<ContractOrigin> {
        self.reading(|reader| contract_read::known(reader, id).map(|(_, origin)| origin))
    }
}

#[cfg(feature = "wire")]
impl Transaction<'_> {
    /// The edit that was made of a contract when it had that revision.
    pub(crate) fn edit_made_at(&self, id: ContractId, revision: u64) -> Result<ContractEdit> {
        self.reading(|reader| contract_edits::made_at(reader, id, revision))
    }
}
