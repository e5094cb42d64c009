//! Edits of contracts: what is added, changed and archived, all at once.

use serde::{Deserialize, Serialize};

use super::balance::{Applicability, Balance, ChildAccess, CreateCommit, CreateCredit, RateChoice};
use super::contract::{ContractPart, NewParts, Part, PartKind};
use super::price_override::{Override, OverrideTerms};
use super::recurring::{CreateRecurring, ProrationRounding, Recurring, RecurringChanges};
use super::scalar::{Amount, Time};
use super::schedule::{CreateAccessItem, CreateInvoiceItem, Price};
use super::scheduled_charge::{
    CreateProfessionalService, CreateScheduledCharge, ProfessionalService, ScheduledCharge,
};
use super::settings::SettingsChanges;
use super::subscription::{CreateSubscription, QuantityUpdate, Subscription};
use super::usage_filter::UsageFilter;
use crate::entity::{
    CommitId, ContractCreditId, ContractProductId, DiscountId, ProfessionalServiceId, ScheduledChargeId,
    SubscriptionId,
};
use crate::id::{ContractEditId, OverrideId, RecurringCommitId, RecurringCreditId, ScheduleItemId};

/// An edit of a contract: all of it or nothing. Source: `metronome-api.md` §6.5.
///
/// ```
/// use billfold::prelude::*;
///
/// let rename = EditContract { update_contract_name: Some(Some("Enterprise".into())), ..Default::default() };
/// assert!(rename.add_commits.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditContract {
    /// Refuses to make another edit of any contract with the same key: 1 to 128 characters.
    pub uniqueness_key: Option<String>,
    /// More commits.
    pub add_commits: Vec<CreateCommit>,
    /// More credits.
    pub add_credits: Vec<CreateCredit>,
    /// More recurring commits.
    pub add_recurring_commits: Vec<CreateRecurring>,
    /// More recurring credits.
    pub add_recurring_credits: Vec<CreateRecurring>,
    /// More overrides.
    pub add_overrides: Vec<OverrideTerms>,
    /// More scheduled charges.
    pub add_scheduled_charges: Vec<CreateScheduledCharge>,
    /// More discounts.
    pub add_discounts: Vec<CreateScheduledCharge>,
    /// More professional services.
    pub add_professional_services: Vec<CreateProfessionalService>,
    /// More subscriptions.
    pub add_subscriptions: Vec<CreateSubscription>,
    /// Another name; `Some(None)` for none.
    pub update_contract_name: Option<Option<String>>,
    /// Another end; `Some(None)` for none.
    pub update_contract_end_date: Option<Option<Time>>,
    /// Within how many other days an invoice is to be paid; `Some(None)` says nothing of it.
    pub update_net_payment_terms_days: Option<Option<Amount>>,
    /// What changes in its parts.
    pub updates: PartUpdates,
    /// What changes in what other systems make something of.
    pub settings: SettingsChanges,
    /// Whether the new end may be before the period's end of a finalised usage invoice, or the date of a finalised
    /// scheduled one; it may where nothing is said.
    pub allow_contract_ending_before_finalized_invoice: Option<bool>,
}

/// What an edit changes in the parts of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PartUpdates {
    /// Changes of commits, each once.
    pub update_commits: Vec<UpdateBalance<CommitId>>,
    /// Changes of credits, each once.
    pub update_credits: Vec<UpdateBalance<ContractCreditId>>,
    /// Changes of recurring commits, each once: of grants that have not begun.
    pub update_recurring_commits: Vec<UpdateRecurring<RecurringCommitId>>,
    /// Changes of recurring credits, each once: of grants that have not begun.
    pub update_recurring_credits: Vec<UpdateRecurring<RecurringCreditId>>,
    /// Changes of scheduled charges, each once.
    pub update_scheduled_charges: Vec<UpdateScheduledCharge>,
    /// Changes of subscriptions, each once.
    pub update_subscriptions: Vec<UpdateSubscription>,
    /// Commits that are to be archived: none with a charge on a finalised invoice.
    pub archive_commits: Vec<CommitId>,
    /// Credits that are to be archived.
    pub archive_credits: Vec<ContractCreditId>,
    /// Scheduled charges that are to be archived: none with a charge on a finalised invoice.
    pub archive_scheduled_charges: Vec<ScheduledChargeId>,
    /// Overrides that are to be removed.
    pub remove_overrides: Vec<OverrideId>,
}

/// What changes in an access schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateAccessSchedule {
    /// More segments.
    pub add_schedule_items: Vec<CreateAccessItem>,
    /// Changes of segments, each once.
    pub update_schedule_items: Vec<UpdateAccessItem>,
    /// Segments that go. At least one stays.
    pub remove_schedule_items: Vec<ScheduleItemId>,
}

/// What changes in a segment: what is `None` stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateAccessItem {
    /// Which segment.
    pub id: ScheduleItemId,
    /// See [`CreateAccessItem::amount`].
    pub amount: Option<Amount>,
    /// See [`CreateAccessItem::starting_at`].
    pub starting_at: Option<Time>,
    /// See [`CreateAccessItem::ending_before`].
    pub ending_before: Option<Time>,
}

/// What changes in an invoice schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateInvoiceSchedule {
    /// More charges.
    pub add_schedule_items: Vec<CreateInvoiceItem>,
    /// Changes of charges, each once: of none that is on a finalised invoice.
    pub update_schedule_items: Vec<UpdateInvoiceItem>,
    /// Charges that go: none that is on an invoice that is finalised or void.
    pub remove_schedule_items: Vec<ScheduleItemId>,
}

/// What changes in a charge: what is `None` stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateInvoiceItem {
    /// Which charge.
    pub id: ScheduleItemId,
    /// See [`CreateInvoiceItem::timestamp`].
    pub timestamp: Option<Time>,
    /// How much: the whole price, or one of its two numbers.
    pub price: Option<UpdatePrice>,
}

/// What changes in a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum UpdatePrice {
    /// Both numbers. The API's `amount` is [that amount once](Price).
    To(Price),
    /// Another price for each.
    UnitPrice(Amount),
    /// Another quantity.
    Quantity(Amount),
}

/// What changes in a commit or credit: what is `None` stays as it is, `Some(None)` clears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateBalance<I> {
    /// Which.
    pub id: I,
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another product of type FIXED.
    pub product_id: Option<ContractProductId>,
    /// Changes of the access schedule.
    pub access_schedule: UpdateAccessSchedule,
    /// Changes of the invoice schedule. Commits alone.
    pub invoice_schedule: UpdateInvoiceSchedule,
    /// Another rollover fraction.
    #[serde(default, with = "super::serde_form::change_of")]
    pub rollover_fraction: Option<Option<Amount>>,
    /// Other products in place of those there are.
    #[serde(default, with = "super::serde_form::change_of")]
    pub applicable_product_ids: Option<Option<Vec<ContractProductId>>>,
    /// Other tags in place of those there are.
    #[serde(default, with = "super::serde_form::change_of")]
    pub applicable_product_tags: Option<Option<Vec<String>>>,
    /// Another priority.
    #[serde(default, with = "super::serde_form::change_of")]
    pub priority: Option<Option<Amount>>,
    /// Other rates.
    pub rate_type: Option<RateChoice>,
    /// Other children.
    pub child_access: Option<ChildAccess>,
    /// Another one. Kept and given back.
    #[serde(default, with = "super::serde_form::change_of")]
    pub netsuite_sales_order_id: Option<Option<String>>,
}

impl<I> UpdateBalance<I> {
    /// No change yet of that one.
    #[must_use]
    pub fn new(id: I) -> Self {
        Self {
            id,
            name: None,
            description: None,
            product_id: None,
            access_schedule: UpdateAccessSchedule::default(),
            invoice_schedule: UpdateInvoiceSchedule::default(),
            rollover_fraction: None,
            applicable_product_ids: None,
            applicable_product_tags: None,
            priority: None,
            rate_type: None,
            child_access: None,
            netsuite_sales_order_id: None,
        }
    }

    /// The applicability afterwards.
    pub(crate) fn applies_to(&self, before: &Applicability) -> Applicability {
        let mut after = before.clone();
        if let Some(products) = &self.applicable_product_ids {
            after.product_ids = products.clone().unwrap_or_default();
        }
        if let Some(tags) = &self.applicable_product_tags {
            after.product_tags = tags.clone().unwrap_or_default();
        }
        after
    }
}

/// What changes in a recurring commit or credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateRecurring<I> {
    /// Which.
    pub id: I,
    /// What changes.
    pub changes: RecurringChanges,
}

/// What changes in a scheduled charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateScheduledCharge {
    /// Which.
    pub id: ScheduledChargeId,
    /// Changes of its schedule. The API's `invoice_schedule`.
    pub schedule: UpdateInvoiceSchedule,
    /// Another one. Kept and given back.
    #[serde(default, with = "super::serde_form::change_of")]
    pub netsuite_sales_order_id: Option<Option<String>>,
}

impl UpdateScheduledCharge {
    /// No change yet of that one.
    #[must_use]
    pub fn new(id: ScheduledChargeId) -> Self {
        Self { id, schedule: UpdateInvoiceSchedule::default(), netsuite_sales_order_id: None }
    }
}

/// What changes in a subscription: what is `None` stays as it is, `Some(None)` clears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UpdateSubscription {
    /// Which.
    pub id: SubscriptionId,
    /// Another end.
    #[serde(default, with = "super::serde_form::change_of")]
    pub ending_before: Option<Option<Time>>,
    /// Seats say how many there are, from the first of the changes of seats below on, or from now on where there is
    /// none: the property of usage events that names the seat.
    pub manage_by_seats: Option<String>,
    /// Changes of the quantity, in this order.
    pub quantity_updates: Vec<QuantityUpdate>,
    /// How prorated amounts are rounded.
    #[serde(default, with = "super::serde_form::change_of")]
    pub rounding: Option<Option<ProrationRounding>>,
}

impl UpdateSubscription {
    /// No change yet of that one.
    #[must_use]
    pub const fn new(id: SubscriptionId) -> Self {
        Self { id, ending_before: None, manage_by_seats: None, quantity_updates: Vec::new(), rounding: None }
    }
}

/// An edit that was made, as the history shows it: parts that came are shown as they were right after it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContractEdit {
    /// Its id.
    pub id: ContractEditId,
    /// When it was made.
    pub timestamp: Time,
    /// The [actor](crate::About::actor) who made it; `None` where nobody was named.
    pub edited_by: Option<String>,
    /// See [`EditContract::uniqueness_key`].
    pub uniqueness_key: Option<String>,
    /// What came.
    pub added: AddedParts,
    /// See [`EditContract::update_contract_name`].
    pub update_contract_name: Option<Option<String>>,
    /// See [`EditContract::update_contract_end_date`].
    pub update_contract_end_date: Option<Option<Time>>,
    /// See [`EditContract::update_net_payment_terms_days`].
    pub update_net_payment_terms_days: Option<Option<Amount>>,
    /// What changed in its parts.
    pub updates: PartUpdates,
    /// What changed in what other systems make something of.
    pub settings: SettingsChanges,
    /// Which usage counts from a moment on.
    pub add_usage_filters: Option<UsageFilter>,
    /// Whether the contract was archived.
    pub archived: bool,
    /// The contract's revision before, which tells edits of one moment apart.
    pub(crate) revision: u64,
}

/// The parts that an edit brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddedParts {
    /// Commits.
    pub commits: Vec<Part<CommitId, Balance>>,
    /// Credits.
    pub credits: Vec<Part<ContractCreditId, Balance>>,
    /// Recurring commits.
    pub recurring_commits: Vec<Part<RecurringCommitId, Recurring>>,
    /// Recurring credits.
    pub recurring_credits: Vec<Part<RecurringCreditId, Recurring>>,
    /// Overrides.
    pub overrides: Vec<Part<OverrideId, Override>>,
    /// Scheduled charges.
    pub scheduled_charges: Vec<Part<ScheduledChargeId, ScheduledCharge>>,
    /// Discounts.
    pub discounts: Vec<Part<DiscountId, ScheduledCharge>>,
    /// Professional services.
    pub professional_services: Vec<Part<ProfessionalServiceId, ProfessionalService>>,
    /// Subscriptions.
    pub subscriptions: Vec<Part<SubscriptionId, Subscription>>,
}

impl EditContract {
    pub(crate) fn take_parts(&mut self) -> NewParts {
        NewParts {
            commits: std::mem::take(&mut self.add_commits),
            credits: std::mem::take(&mut self.add_credits),
            recurring_commits: std::mem::take(&mut self.add_recurring_commits),
            recurring_credits: std::mem::take(&mut self.add_recurring_credits),
            overrides: std::mem::take(&mut self.add_overrides),
            scheduled_charges: std::mem::take(&mut self.add_scheduled_charges),
            discounts: std::mem::take(&mut self.add_discounts),
            professional_services: std::mem::take(&mut self.add_professional_services),
            subscriptions: std::mem::take(&mut self.add_subscriptions),
        }
    }
}

/// What is stored of an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct EditRecord {
    pub(crate) id: ContractEditId,
    pub(crate) timestamp: Time,
    pub(crate) edited_by: Option<String>,
    pub(crate) uniqueness_key: Option<String>,
    /// The parts it brought; what they were stands with the contract's parts.
    pub(crate) added: Vec<(PartKind, [u8; 16])>,
    #[serde(default, with = "super::serde_form::change_of")]
    pub(crate) name: Option<Option<String>>,
    #[serde(default, with = "super::serde_form::change_of")]
    pub(crate) ending_before: Option<Option<Time>>,
    #[serde(default, with = "super::serde_form::change_of")]
    pub(crate) net_payment_terms_days: Option<Option<Amount>>,
    pub(crate) updates: PartUpdates,
    pub(crate) settings: SettingsChanges,
    pub(crate) usage_filter: Option<UsageFilter>,
    pub(crate) archived: bool,
}

/// A version of a part of a contract: what it was from one change of the contract on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct PartVersion {
    /// When the change was made.
    pub(crate) since: Time,
    /// The contract's revision before it.
    pub(crate) revision: u64,
    /// `None` where it was removed.
    pub(crate) part: Option<ContractPart>,
}
