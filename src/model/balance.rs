//! Commits and credits: amounts that usage draws from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::custom_field::CustomFields;
use super::payment_gate::PaymentGate;
use super::scalar::{Amount, Time};
use super::schedule::{
    AccessItem, AccessSchedule, CreateAccessSchedule, CreateInvoiceSchedule, InvoiceSchedule,
};
use super::word::words;
use crate::entity::{CommitId, ContractCreditId, ContractId, ContractProductId, CustomerId, EntityRef};

/// The most products, tags or specifiers that a commit or credit is bound to.
pub const MAX_APPLICABLE: usize = 1_000;

words! {
    /// When a commit is paid for. Source: `metronome-api.md` §6.2.
    #[derive(Default)]
    CommitType {
        /// At once: the access schedule opens it, the invoice schedule, where there is one, charges for it.
        #[default]
        Prepaid "PREPAID",
        /// At the end: what was not used of it is charged.
        Postpaid "POSTPAID",
    }
}

words! {
    /// Which of a product's two rates counts.
    RateChoice {
        /// The second price, for usage that a commit or credit pays for.
        CommitRate "COMMIT_RATE",
        /// The price on the card.
        ListRate "LIST_RATE",
    }
}

words! {
    /// What usage takes from a commit or credit. Kept and given back.
    #[derive(Default)]
    AccessType {
        /// What it costs. The default.
        #[default]
        Spend "SPEND",
        /// How many units it is.
        Quantity "QUANTITY",
    }
}

/// Which usage draws from a commit or credit: all conditions have to hold. Of several specifiers one is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UsageSpecifier {
    /// Of this product.
    pub product_id: Option<ContractProductId>,
    /// Of products that have all of these tags.
    pub product_tags: Vec<String>,
    /// With these pricing group values.
    pub pricing_group_values: BTreeMap<String, String>,
    /// With these presentation group values.
    pub presentation_group_values: BTreeMap<String, String>,
    /// Not of products that have all tags of one of these lists.
    pub exclude: Vec<Vec<String>>,
}

/// What usage a commit or credit is for. Where nothing is said it is for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Applicability {
    /// These products.
    pub product_ids: Vec<ContractProductId>,
    /// And products with any of these tags.
    pub product_tags: Vec<String>,
    /// Or what one of these says, in place of products and tags.
    pub specifiers: Vec<UsageSpecifier>,
}

/// Who below a parent contract may draw from its commit or credit. Kept and given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ChildAccess {
    /// Every child.
    All,
    /// No child.
    None,
    /// The children with these contracts: at least one.
    Contracts(Vec<ContractId>),
}

/// What commits, credits and the recurring ones have in common. Source: `metronome-api.md` §6.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct BalanceTerms {
    /// The product of type FIXED that it is charged and shown as.
    pub product_id: ContractProductId,
    /// What invoices call it: at least one character where it is there.
    pub name: Option<String>,
    /// What it is for. Only whoever uses the API sees it.
    pub description: Option<String>,
    /// Of several that could pay, the lowest goes first.
    pub priority: Option<Amount>,
    /// At which rates usage draws from it.
    pub rate_type: Option<RateChoice>,
    /// What share of an unused rest goes on to the contract that renews this one: 0 to 1.
    pub rollover_fraction: Option<Amount>,
    /// What usage it is for.
    pub applies_to: Applicability,
    /// Who below the contract may draw from it.
    pub child_access: Option<ChildAccess>,
    /// What usage takes from it; its cost where nothing is said. The API's `access_schedule.access_type`.
    pub access_type: Option<AccessType>,
    /// Kept and given back.
    pub netsuite_sales_order_id: Option<String>,
}

impl BalanceTerms {
    /// Terms that say nothing but the product, which is to be of type FIXED.
    #[must_use]
    pub fn new(product_id: ContractProductId) -> Self {
        Self {
            product_id,
            name: None,
            description: None,
            priority: None,
            rate_type: None,
            rollover_fraction: None,
            applies_to: Applicability::default(),
            child_access: None,
            access_type: None,
            netsuite_sales_order_id: None,
        }
    }
}

/// A commit that is to be made with a contract. Source: the seed "Provision a customer".
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
///
/// POSTPAID commits need an invoice schedule, exactly one item in each schedule, and the same total in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateCommit<D = Time> {
    /// What it is.
    pub terms: BalanceTerms,
    /// When it is paid for.
    pub commit_type: CommitType,
    /// When how much can be drawn from.
    pub access_schedule: CreateAccessSchedule<D>,
    /// When what is charged. A prepaid commit without one is complimentary.
    pub invoice_schedule: Option<CreateInvoiceSchedule<D>>,
    /// A name of the caller's own, by which overrides of the same call name it. No other commit, recurring commit
    /// or recurring credit of the call has it.
    pub temporary_id: Option<String>,
    /// Whether spend trackers count it as discounted. Kept and given back.
    pub counts_as_discounted: Option<bool>,
    /// How its payment is waited for. Kept and given back.
    pub payment_gate: Option<PaymentGate>,
    /// Values of registered keys, set in the same commit of the store.
    pub custom_fields: CustomFields,
}

impl<D> CreateCommit<D> {
    /// A prepaid commit that charges nothing.
    #[must_use]
    pub fn prepaid(terms: BalanceTerms, access_schedule: CreateAccessSchedule<D>) -> Self {
        Self {
            terms,
            commit_type: CommitType::Prepaid,
            access_schedule,
            invoice_schedule: None,
            temporary_id: None,
            counts_as_discounted: None,
            payment_gate: None,
            custom_fields: CustomFields::default(),
        }
    }
}

/// A credit that is to be made with a contract.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateCredit<D = Time> {
    /// What it is.
    pub terms: BalanceTerms,
    /// When how much can be drawn from.
    pub access_schedule: CreateAccessSchedule<D>,
    /// Values of registered keys, set in the same commit of the store.
    pub custom_fields: CustomFields,
}

impl<D> CreateCredit<D> {
    /// A credit without values.
    #[must_use]
    pub fn new(terms: BalanceTerms, access_schedule: CreateAccessSchedule<D>) -> Self {
        Self { terms, access_schedule, custom_fields: CustomFields::default() }
    }
}

/// What a commit or credit of a customer has besides, because it belongs to no one contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CustomerLevel {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// The customer's contracts whose usage draws from it; all where none is named. None is archived when it is made.
    pub applicable_contract_ids: BTreeSet<ContractId>,
    /// The contract that is charged for it: needed with an invoice schedule, unless nothing is to be invoiced for
    /// it. Commits alone.
    pub invoice_contract_id: Option<ContractId>,
    /// Refuses to make another commit or credit with the same key: 1 to 128 characters.
    pub uniqueness_key: Option<String>,
    /// Kept and given back.
    pub salesforce_opportunity_id: Option<String>,
}

impl CustomerLevel {
    /// For all contracts of the customer.
    #[must_use]
    pub const fn new(customer_id: CustomerId) -> Self {
        Self {
            customer_id,
            applicable_contract_ids: BTreeSet::new(),
            invoice_contract_id: None,
            uniqueness_key: None,
            salesforce_opportunity_id: None,
        }
    }
}

/// A commit or credit, as it is at one moment: of a contract, or of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Balance {
    /// What it is.
    pub terms: BalanceTerms,
    /// When it is paid for; `None` for a credit.
    pub commit_type: Option<CommitType>,
    /// When how much can be drawn from.
    pub access_schedule: AccessSchedule,
    /// When what is charged.
    pub invoice_schedule: Option<InvoiceSchedule>,
    /// See [`CreateCommit::counts_as_discounted`].
    pub counts_as_discounted: Option<bool>,
    /// See [`CreateCommit::payment_gate`].
    pub payment_gate: Option<PaymentGate>,
    /// What it was made of when its contract was renewed: the commit or credit, and the contract it was of. One
    /// that came about so cannot be edited.
    pub rolled_over_from: Option<(EntityRef, ContractId)>,
    /// When it was made.
    pub created_at: Time,
    /// The [actor](crate::About::actor) who made it; `None` where nobody was named.
    pub created_by: Option<String>,
    /// When it was archived; `None` where it is in use.
    pub archived_at: Option<Time>,
}

/// A commit or credit of a customer or a contract, with what belongs to it wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BalanceOf<I> {
    /// Its id.
    pub id: I,
    /// The customer that has it.
    pub customer_id: CustomerId,
    /// The contract that has it; `None` where it is the customer's.
    pub contract_id: Option<ContractId>,
    /// What it is.
    pub balance: Balance,
    /// See [`CustomerLevel::applicable_contract_ids`].
    pub applicable_contract_ids: BTreeSet<ContractId>,
    /// See [`CustomerLevel::invoice_contract_id`].
    pub invoice_contract_id: Option<ContractId>,
    /// See [`CustomerLevel::uniqueness_key`].
    pub uniqueness_key: Option<String>,
    /// See [`CustomerLevel::salesforce_opportunity_id`].
    pub salesforce_opportunity_id: Option<String>,
    /// Its values, by key.
    pub custom_fields: BTreeMap<String, String>,
}

/// A commit, wherever it stands.
pub type Commit = BalanceOf<CommitId>;
/// A credit, wherever it stands.
pub type Credit = BalanceOf<ContractCreditId>;

/// Which of a customer's commits or credits are asked for: all conditions have to hold.
///
/// ```
/// use billfold::BalanceFilter;
///
/// let everything = BalanceFilter { include_contract_balances: true, include_archived: true, ..Default::default() };
/// assert!(everything.id.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BalanceFilter {
    /// The one with this id.
    pub id: Option<Uuid>,
    /// Those from which usage takes that.
    pub access_type: Option<AccessType>,
    /// Those with a segment that is open at this moment.
    pub covering_date: Option<Time>,
    /// Those with a segment that is open at this moment or after it.
    pub starting_at: Option<Time>,
    /// Those with a segment that opens before this moment.
    pub effective_before: Option<Time>,
    /// Those of the customer's contracts too, besides the customer's own.
    pub include_contract_balances: bool,
    /// Archived ones too.
    pub include_archived: bool,
}

impl BalanceFilter {
    /// Whether a commit or credit is asked for by what it is; its id and whose it is are not looked at.
    pub(crate) fn admits(&self, balance: &Balance) -> bool {
        let segments = &balance.access_schedule.schedule_items;
        let any = |at: Option<Time>, holds: fn(&AccessItem, Time) -> bool| {
            at.is_none_or(|at| segments.iter().any(|segment| holds(segment, at)))
        };
        (self.include_archived || balance.archived_at.is_none())
            && self.access_type.is_none_or(|wanted| wanted == balance.terms.access_type.unwrap_or_default())
            && any(self.covering_date, |segment, at| segment.starting_at <= at && at < segment.ending_before)
            && any(self.starting_at, |segment, at| at < segment.ending_before)
            && any(self.effective_before, |segment, at| segment.starting_at < at)
    }
}

/// What leads from the id of a commit or credit to what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum BalanceHome {
    /// It is a part of that contract.
    Contract(ContractId),
    /// It is a customer's, and stands here.
    Customer(Box<CustomerBalance>),
}

/// What is stored under the id of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct CommitRecord(pub(crate) BalanceHome);

/// What is stored under the id of a credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct CreditRecord(pub(crate) BalanceHome);

/// What is stored of a customer's commit or credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct CustomerBalance {
    pub(crate) level: CustomerLevel,
    pub(crate) balance: Balance,
}
