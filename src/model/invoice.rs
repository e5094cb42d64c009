//! Invoices: what a customer is asked to pay, and when. Source: the seed "Provision a customer", and
//! `metronome-api.md` §1.9 and §9.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::balance::CommitType;
use super::charge_line::LineSource;
use super::contract_rate::RateQuestion;
use super::product::ProductType;
use super::scalar::{Amount, Time};
use super::statement::StatementPeriod;
use super::word::words;
use crate::entity::{ContractId, ContractProductId, CustomerId, EntityRef, InvoiceId};
use crate::id::{CreditTypeId, InvoiceLineId};

/// The most quantities of usage that one question has.
pub const MAX_USAGE_QUANTITIES: usize = 1_000;
/// The most invoices of a contract that one call may bring about although they are due already.
///
/// They are counted by their dates before any of them is worked out, so that some count that there are not. Each
/// statement period counts; each day on which items of schedules are charged, by credit type; each time that recurring
/// commits come around, once for those that do so together in one credit type; and each time that subscriptions come
/// around or change, by product.
pub const MAX_INVOICES_DUE: usize = 10_000;

words! {
    /// Where an invoice stands.
    InvoiceStatus {
        /// It still follows its contract.
        Draft "DRAFT",
        /// It stays as it is.
        Finalized "FINALIZED",
        /// It is not to be paid. What was on it is charged on no other.
        Void "VOID",
    }
}

words! {
    /// What an invoice is for.
    InvoiceType {
        /// What is charged on one day.
        Scheduled "SCHEDULED",
        /// The usage of one statement period, and what is charged on the day of its end.
        Usage "USAGE",
        /// Usage of several contracts of a hierarchy. Nothing is metered here, so that there is none.
        UsageConsolidated "USAGE_CONSOLIDATED",
    }
}

words! {
    /// In which order invoices are listed.
    #[derive(Default)]
    InvoiceOrder {
        /// By date of issue, the earliest first; those of one date by id. The default.
        #[default]
        DateAscending "date_asc",
        /// The other way round.
        DateDescending "date_desc",
    }
}

/// Whose invoices are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoicesOf {
    /// Of all contracts of a customer, archived ones too.
    Customer(CustomerId),
    /// Of one contract.
    Contract(ContractId),
}

impl From<CustomerId> for InvoicesOf {
    fn from(id: CustomerId) -> Self {
        Self::Customer(id)
    }
}

impl From<ContractId> for InvoicesOf {
    fn from(id: ContractId) -> Self {
        Self::Contract(id)
    }
}

/// How much of a product was used: measured by someone else, and given to be priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageQuantity {
    /// The contract it counts on.
    pub contract_id: ContractId,
    /// When it was used: it is priced at the rate of this moment, and shown on the invoice of this moment's statement
    /// period.
    pub at: Time,
    /// What was used: the product, and its groups.
    pub of: RateQuestion,
    /// How much was measured, before conversion and rounding: 0 or more.
    pub quantity: Amount,
}

/// Which invoices are asked for: all conditions have to hold.
///
/// ```
/// use billfold::prelude::*;
///
/// let question = InvoiceQuestion::through("2025-01-31T00:00:00Z".parse()?);
/// assert_eq!((question.status, question.order), (None, InvoiceOrder::DateAscending));
/// # Ok::<(), billfold::TimeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceQuestion {
    /// Up to when: scheduled invoices dated at this moment or before it, and usage invoices whose period begins at
    /// this moment or before it. A page may ask for another one than the page before.
    pub through: Time,
    /// Those that stand so.
    pub status: Option<InvoiceStatus>,
    /// Those of this type.
    pub invoice_type: Option<InvoiceType>,
    /// Those in this credit type.
    pub credit_type_id: Option<CreditTypeId>,
    /// Those of this contract.
    pub contract_id: Option<ContractId>,
    /// Those whose period begins at this moment or after it. A scheduled invoice's period is the moment of its date.
    pub starting_on: Option<Time>,
    /// Those whose period is over before this moment: a usage invoice whose period ends at it or before, exclusive as
    /// ends are; a scheduled invoice dated before it.
    pub ending_before: Option<Time>,
    /// In which order.
    pub order: InvoiceOrder,
    /// What was used, to be shown on usage invoices: up to 1,000 quantities. Each is priced by itself.
    pub usage: Vec<UsageQuantity>,
}

impl InvoiceQuestion {
    /// All invoices up to a moment, by date.
    #[must_use]
    pub const fn through(through: Time) -> Self {
        Self {
            through,
            status: None,
            invoice_type: None,
            credit_type_id: None,
            contract_id: None,
            starting_on: None,
            ending_before: None,
            order: InvoiceOrder::DateAscending,
            usage: Vec::new(),
        }
    }
}

/// An invoice. What it says can be read through it.
///
/// # Which there are
///
/// A contract gives rise to a *usage invoice* for every statement period, dated at the period's end, and to a *scheduled
/// invoice* for every UTC day on which something is charged, and credit type. Charges of one day are on one invoice. A
/// charge goes on the usage invoice whose period ends on its day, in place of a scheduled one, where the contract
/// [says so](crate::ConsolidatedCharges::All) or it is a subscription's that does, and where that usage invoice is not
/// settled yet.
///
/// No usage is stored or metered here: quantities that are [given](UsageQuantity) are priced and shown, and nothing is
/// kept of them but what [`finalize_invoice`](crate::WritingInvoices::finalize_invoice) is given. Nothing is drawn from
/// commits and credits, and nothing is sent to anyone.
///
/// # Drafts and settled invoices
///
/// A draft shows the contract, names and values as they are. A scheduled invoice is finalised when the last of its
/// charges is due, a usage invoice 24 hours after its period's end; [`finalize_invoice`] and [`void_invoice`] settle
/// one before. From then on it stays as it is: it shows what had been recorded by that moment, and takes in no more
/// charges. What an edit dates into the past, or on the day of an invoice that is settled, is on another invoice, which is
/// finalised at once where it is due already. Values of the invoice's own custom fields can always be set.
///
/// [`finalize_invoice`]: crate::WritingInvoices::finalize_invoice
/// [`void_invoice`]: crate::WritingInvoices::void_invoice
///
/// # Ids
///
/// An invoice's id is made of its contract, its kind and its date, so that it stays the same while the contract is
/// edited, and leads back to the invoice before anything is stored of it. A line's is made of that of its invoice and
/// of what is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// The contract that it comes from.
    pub contract_id: ContractId,
    /// What it says.
    pub statement: InvoiceStatement,
    /// What its lines in its own credit type come to; rounded to 28 digits where they need more.
    pub total: Amount,
    /// Its own values, by key: those of now, whatever its status.
    pub custom_fields: BTreeMap<String, String>,
}

impl Deref for Invoice {
    type Target = InvoiceStatement;

    fn deref(&self) -> &InvoiceStatement {
        &self.statement
    }
}

/// What an invoice says, and, once it is settled, goes on saying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct InvoiceStatement {
    /// Where it stands.
    pub status: InvoiceStatus,
    /// What it is for.
    pub invoice_type: InvoiceType,
    /// What its total is in; cents for US dollars.
    pub credit_type_id: CreditTypeId,
    /// A usage invoice's statement period.
    pub period: Option<StatementPeriod>,
    /// Its date: a usage invoice's end of the period; of a scheduled one, when the last of its charges is due.
    pub issued_at: Time,
    /// When it was settled, or is by itself: a scheduled invoice at its date, a usage invoice 24 hours after.
    pub settled_at: Time,
    /// Whether the usage it shows is settled with it, because it was settled by a call; otherwise it is what a question
    /// gives.
    pub usage_is_settled: bool,
    /// Within how many days it is to be paid.
    pub net_payment_terms_days: Option<Amount>,
    /// What is charged: usage first, in the order it was given; then by date.
    pub lines: Vec<InvoiceLine>,
    /// The values that are passed down to the invoice and its lines, by key, of each instance that has them: its
    /// customer, its contract, and the products, commits, charges, subscriptions, discounts and services of its lines.
    #[serde(with = "super::serde_form::pairs")]
    pub passed_down: BTreeMap<EntityRef, BTreeMap<String, String>>,
}

impl InvoiceStatement {
    /// The values that an instance passes down.
    ///
    /// ```
    /// # use billfold::prelude::*;
    /// # fn show(invoice: &Invoice) {
    /// let account = invoice.passed_down_by(invoice.customer_id).get("sfdc_account_id");
    /// # }
    /// ```
    pub fn passed_down_by(&self, from: impl Into<EntityRef>) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.passed_down.get(&from.into()).unwrap_or(&NONE)
    }
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct InvoiceLine {
    /// Its id.
    pub id: InvoiceLineId,
    /// What is charged.
    pub source: LineSource,
    /// What it is called: as the part of the contract, or as the product where that has no name.
    pub name: String,
    /// The product it is shown as; `None` for a conversion between credit types.
    pub product: Option<InvoicedProduct>,
    /// The price of one; `None` where nothing was charged for each.
    pub unit_price: Option<Amount>,
    /// How many.
    pub quantity: Amount,
    /// What it comes to.
    pub total: Amount,
    /// What it is in: that of the invoice, or for usage a pricing unit that a further line converts.
    pub credit_type_id: CreditTypeId,
    /// The time that is paid for, its end exclusive: of usage, subscriptions and grants.
    pub period: Option<StatementPeriod>,
    /// When a commit is paid for, of its line.
    pub commit_type: Option<CommitType>,
    /// Whether it is a part of a period's price.
    pub is_prorated: bool,
    /// Of usage with prices by group: the groups it is of.
    pub pricing_group_values: BTreeMap<String, String>,
    /// Of usage that is shown by group: the groups it is of.
    pub presentation_group_values: BTreeMap<String, String>,
    /// Of usage with prices by tier: which tier, the first one being 1.
    pub tier: Option<InvoicedTier>,
}

/// The product that a line is shown as, as it was when the invoice was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct InvoicedProduct {
    /// Its id.
    pub id: ContractProductId,
    /// What it charges for.
    pub product_type: ProductType,
    /// Its tags.
    pub tags: Vec<String>,
}

/// The tier of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct InvoicedTier {
    /// Its place, counted from 1.
    pub level: u32,
    /// Behind how many units it begins.
    pub starting_at: Amount,
    /// How many units it has; `None` without an end.
    pub size: Option<Amount>,
}
