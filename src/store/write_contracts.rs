//! The calls that change contracts, commits and credits.

use super::write::sealed::Target;
use super::{Store, Transaction, balances, contract_edits, contracts};
use crate::entity::{CommitId, ContractCreditId, ContractId};
use crate::error::Result;
use crate::id::ContractEditId;
use crate::model::balance::{CreateCommit, CreateCredit, CustomerLevel};
use crate::model::contract::CreateContract;
use crate::model::contract_edit::EditContract;
use crate::model::scalar::Time;
use crate::model::usage_filter::UsageFilter;

impl WritingContracts for Store {}
impl WritingContracts for Transaction<'_> {}

/// The calls that change contracts, commits and credits: part of [`Writing`](crate::Writing), and each carried out
/// as those are.
///
/// # Errors
/// As [`Writing`](crate::Writing).
pub trait WritingContracts: Target {
    /// Makes a contract with all of its parts and all of their values, in one commit of the store; its id. Source:
    /// the seed "Provision a customer".
    ///
    /// Each part has an id of its own, and those that are managed entities have values, which
    /// [`set_values`](crate::Writing::set_values) changes and [`find`](crate::Reading::find) finds. A recurring
    /// schedule becomes dated items at once.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Commit, "sfdc_opportunity_id", KeyKind::Enforced)?;
    /// let customer = store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
    /// let product = store.create_product(CreateProduct {
    ///     name: "Prepaid commit".into(),
    ///     product_type: ProductType::Fixed,
    ///     ..Default::default()
    /// })?;
    /// let (start, end) = ("2024-11-01T00:00:00Z".parse()?, "2025-11-01T00:00:00Z".parse()?);
    /// let whole_year = CreateAccessItem { amount: 1_000_000.into(), starting_at: start, ending_before: end };
    /// let contract = store.create_contract(CreateContract {
    ///     commits: vec![CreateCommit {
    ///         custom_fields: [("sfdc_opportunity_id", "opp_01")].into(),
    ///         ..CreateCommit::prepaid(BalanceTerms::new(product), [whole_year].into())
    ///     }],
    ///     ..CreateContract::new(customer, start)
    /// })?;
    /// let commit: CommitId = store.find("sfdc_opportunity_id", "opp_01")?.ok_or("no commit")?;
    /// assert_eq!(store.commit(commit)?.contract_id, Some(contract));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the request: a customer, product, card or contract that there is not, or that
    /// is archived; a part whose product is of another type than it needs; a product without a rate on the card;
    /// whatever the types of the parts say is not allowed; a uniqueness key that was used before; more than 1,000
    /// parts of a kind, or a part of more than 1 MiB; a second recurring commit or credit that comes every day; a start
    /// so long ago that more than [10,000](crate::MAX_INVOICES_DUE) invoices would be due already; and what
    /// [`set_values`](crate::Writing::set_values) refuses.
    ///
    /// Also a package that there is not or that is archived, and anything beside it that is not the contract's own.
    /// What a package says and this contract cannot have is named as the package names it.
    fn create_contract(&self, request: CreateContract) -> Result<ContractId> {
        self.changing(|member| contracts::create(member, request))
    }

    /// Edits a contract, all of it or nothing; the edit's id. First parts are changed, archived and removed, then
    /// the contract gets its new end, then parts are added.
    ///
    /// Moving the end forward cuts off what its parts have behind it; moving it back does not bring that back, and
    /// parts with an end of their own keep it. Custom fields are no part of an edit: `set_values` changes them.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let contract = store.create_contract(CreateContract::new(customer, "2024-11-01T00:00:00Z".parse()?))?;
    /// let rename = EditContract { update_contract_name: Some(Some("Enterprise".into())), ..Default::default() };
    /// store.edit_contract(contract, rename)?;
    /// assert_eq!(store.contract(contract)?.terms.name.as_deref(), Some("Enterprise"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such contract, it is archived, or it was taken in with nothing but its id;
    /// otherwise with every fault of the edit, as in [`create_contract`](Self::create_contract), and: a part that
    /// is not the contract's; a commit or credit that is archived, or came about by a renewal; a part that one
    /// list names twice; changes of which the history would have to keep more than 1 MiB; parts or an end that would
    /// bring about more than [10,000](crate::MAX_INVOICES_DUE) invoices that are due already.
    ///
    /// And with [`Fault::OnASettledInvoice`](crate::Fault::OnASettledInvoice), which names the invoice: a change or
    /// removal of a charge that is on a finalised one, and a removal of one on a void one; a commit or scheduled charge
    /// that is to be archived, for each finalised invoice that a charge of it is on; and, where the edit
    /// [says so](EditContract::allow_contract_ending_before_finalized_invoice), an end, for each finalised invoice
    /// that is dated behind it.
    fn edit_contract(&self, id: ContractId, edit: EditContract) -> Result<ContractEditId> {
        self.changing(|member| contract_edits::edit(member, id, edit))
    }

    /// Gives a contract another end, or none; the id of the edit that this is. See
    /// [`edit_contract`](Self::edit_contract) for what that does to its parts.
    ///
    /// # Errors
    /// As [`edit_contract`](Self::edit_contract); an end that is not on the hour, or not later than the start.
    fn set_contract_end(&self, id: ContractId, ending_before: Option<Time>) -> Result<ContractEditId> {
        self.changing(|member| contract_edits::set_end(member, id, ending_before))
    }

    /// Says which usage counts on a contract from a moment on, until the next filter begins; the id of the edit
    /// that this is. A filter with the same start is replaced.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let contract = store.create_contract(CreateContract {
    ///     usage_filter: Some(UsageFilter::new("region", ["US"], "2024-10-01T00:00:00Z".parse()?)),
    ///     ..CreateContract::new(customer, "2024-10-01T00:00:00Z".parse()?)
    /// })?;
    /// store.set_usage_filter(contract, UsageFilter::new("region", ["US", "EU"], "2025-01-01T00:00:00Z".parse()?))?;
    /// let from_eu = [("region".to_owned(), "EU".to_owned())].into();
    /// assert!(store.contracts_for_usage(customer, "2024-12-31T23:00:00Z".parse()?, &from_eu)?.is_empty());
    /// assert_eq!(store.contracts_for_usage(customer, "2025-01-01T00:00:00Z".parse()?, &from_eu)?, [contract]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`edit_contract`](Self::edit_contract); a filter without a value, or one that starts outside of the
    /// contract; values of more than 1 MiB altogether; a key that is no group key of the metric of a usage product
    /// that the contract's card prices.
    fn set_usage_filter(&self, id: ContractId, filter: UsageFilter) -> Result<ContractEditId> {
        self.changing(|member| contract_edits::set_usage_filter(member, id, filter))
    }

    /// Archives a contract with all of its commits and credits. It ends now, where it would have gone on; it stays
    /// readable, and its uniqueness key stays used. Drafts of its invoices are gone; those that are finalised stay as
    /// they are.
    ///
    /// # Errors
    /// As [`edit_contract`](Self::edit_contract).
    fn archive_contract(&self, id: ContractId) -> Result<()> {
        self.changing(|member| contracts::archive(member, id, false))
    }

    /// [`archive_contract`](Self::archive_contract), and voids the invoices that are finalised.
    ///
    /// # Errors
    /// As [`edit_contract`](Self::edit_contract).
    fn archive_contract_and_void_invoices(&self, id: ContractId) -> Result<()> {
        self.changing(|member| contracts::archive(member, id, true))
    }

    /// Makes a commit that is a customer's and no one contract's; its id. Source: `metronome-api.md` §6.6.
    ///
    /// # Errors
    /// A refusal with every fault of the request, as for a commit of a contract, and: a contract that is not the
    /// customer's, or is archived; no priority; no contract that is charged although there is something to charge; a uniqueness key
    /// with which a commit or credit was made before.
    fn create_commit(&self, level: CustomerLevel, request: CreateCommit) -> Result<CommitId> {
        self.changing(|member| balances::create_commit(member, level, request))
    }

    /// Makes a credit that is a customer's and no one contract's; its id. See
    /// [`create_commit`](Self::create_commit).
    ///
    /// # Errors
    /// As [`create_commit`](Self::create_commit).
    fn create_credit(&self, level: CustomerLevel, request: CreateCredit) -> Result<ContractCreditId> {
        self.changing(|member| balances::create_credit(member, level, request))
    }
}
