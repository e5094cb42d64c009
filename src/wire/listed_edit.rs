//! An edit as the calls that make and list edits answer it: what it said, and the parts it brought.

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listed_balance::{Hierarchy, ListedBalance};
use super::listed_contract::{ListedFilter, listed};
use super::listed_override::ListedOverride;
use super::listed_recurring::{ListedRecurring, ListedRecurringUpdate};
use super::listed_schedule::{AccessItem, InvoiceItem, ListedScheduleUpdate, access_update, invoice_update};
use super::listed_scheduled_charge::{ListedChargeUpdate, ListedProfessionalService, ListedScheduledCharge};
use super::listed_settings::ListedSettingsChanges;
use super::listed_subscription::{ListedSubscription, ListedSubscriptionUpdate};
use super::listing::{JustId, Listing, Number, Term};
use crate::entity::{
    CommitId, ContractCreditId, ContractId, ContractProductId, DiscountId, ScheduledChargeId,
};
use crate::id::{ContractEditId, OverrideId, RecurringCommitId, RecurringCreditId};
use crate::model::balance::RateChoice;
use crate::model::contract_edit::{AddedParts, ContractEdit, PartUpdates, UpdateBalance};

/// What making an edit answers.
#[derive(Serialize)]
pub(super) struct EditMade {
    pub(super) id: ContractEditId,
    pub(super) edit: ListedEdit,
}

#[derive(Serialize)]
pub(super) struct ListedEdit {
    id: ContractEditId,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(flatten)]
    added: ListedParts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_usage_filters: Vec<ListedFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_contract_name: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_contract_end_date: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_net_payment_terms_days: Option<Number>,
    #[serde(flatten)]
    updates: ListedUpdates,
    #[serde(flatten)]
    settings: ListedSettingsChanges,
    /// Whether the whole contract was archived, for which the API has no field.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archived: bool,
}

#[derive(Serialize)]
struct ListedParts {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_commits: Vec<ListedBalance<CommitId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_credits: Vec<ListedBalance<ContractCreditId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_recurring_commits: Vec<ListedRecurring<RecurringCommitId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_recurring_credits: Vec<ListedRecurring<RecurringCreditId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_overrides: Vec<ListedOverride>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_scheduled_charges: Vec<ListedScheduledCharge<ScheduledChargeId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_discounts: Vec<ListedScheduledCharge<DiscountId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_pro_services: Vec<ListedProfessionalService>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_subscriptions: Vec<ListedSubscription>,
}

#[derive(Serialize)]
struct ListedUpdates {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update_commits: Vec<ListedBalanceUpdate<CommitId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update_credits: Vec<ListedBalanceUpdate<ContractCreditId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update_recurring_commits: Vec<ListedRecurringUpdate<RecurringCommitId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update_recurring_credits: Vec<ListedRecurringUpdate<RecurringCreditId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update_scheduled_charges: Vec<ListedChargeUpdate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update_subscriptions: Vec<ListedSubscriptionUpdate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    archive_commits: Vec<JustId<CommitId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    archive_credits: Vec<JustId<ContractCreditId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    archive_scheduled_charges: Vec<JustId<ScheduledChargeId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove_overrides: Vec<JustId<OverrideId>>,
}

#[derive(Serialize)]
struct ListedBalanceUpdate<I> {
    id: I,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<ContractProductId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_schedule: Option<ListedScheduleUpdate<AccessItem>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_schedule: Option<ListedScheduleUpdate<InvoiceItem>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollover_fraction: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applicable_product_ids: Option<Option<Vec<ContractProductId>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applicable_product_tags: Option<Option<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_type: Option<RateChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hierarchy_configuration: Option<Hierarchy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_sales_order_id: Option<Option<String>>,
}

impl ListedEdit {
    /// An edit of that contract; `term` is the contract's, for the subscriptions that came.
    pub(super) fn of(
        contract: ContractId,
        term: Option<Term>,
        edit: ContractEdit,
        listing: &Listing<'_>,
    ) -> Self {
        Self {
            id: edit.id,
            timestamp: timestamp(edit.timestamp),
            edited_by: edit.edited_by,
            uniqueness_key: edit.uniqueness_key,
            added: ListedParts::of(contract, term, edit.added, listing),
            add_usage_filters: edit.add_usage_filters.into_iter().map(ListedFilter::of).collect(),
            update_contract_name: edit.update_contract_name,
            update_contract_end_date: edit.update_contract_end_date.map(|end| end.map(timestamp)),
            update_net_payment_terms_days: edit
                .update_net_payment_terms_days
                .map(|days| days.and_then(number)),
            updates: ListedUpdates::of(edit.updates),
            settings: ListedSettingsChanges::of(&edit.settings),
            archived: edit.archived,
        }
    }
}

impl ListedParts {
    fn of(contract: ContractId, term: Option<Term>, parts: AddedParts, listing: &Listing<'_>) -> Self {
        let subscriptions = parts.subscriptions.into_iter().zip(std::iter::repeat(term));
        let subscription =
            |(part, term): (_, Option<Term>)| Some(ListedSubscription::of(part, term?, listing));
        Self {
            add_commits: listed(parts.commits, |part| ListedBalance::part(contract, part, listing)),
            add_credits: listed(parts.credits, |part| ListedBalance::part(contract, part, listing)),
            add_recurring_commits: listed(parts.recurring_commits, |part| {
                ListedRecurring::of(contract, part, listing)
            }),
            add_recurring_credits: listed(parts.recurring_credits, |part| {
                ListedRecurring::of(contract, part, listing)
            }),
            add_overrides: listed(parts.overrides, |part| ListedOverride::of(part, listing)),
            add_scheduled_charges: listed(parts.scheduled_charges, |part| {
                ListedScheduledCharge::of(part, listing)
            }),
            add_discounts: listed(parts.discounts, |part| ListedScheduledCharge::of(part, listing)),
            add_pro_services: listed(parts.professional_services, ListedProfessionalService::of),
            add_subscriptions: subscriptions.filter_map(subscription).collect(),
        }
    }
}

impl ListedUpdates {
    fn of(updates: PartUpdates) -> Self {
        Self {
            update_commits: listed(updates.update_commits, ListedBalanceUpdate::of),
            update_credits: listed(updates.update_credits, ListedBalanceUpdate::of),
            update_recurring_commits: listed(updates.update_recurring_commits, ListedRecurringUpdate::of),
            update_recurring_credits: listed(updates.update_recurring_credits, ListedRecurringUpdate::of),
            update_scheduled_charges: listed(updates.update_scheduled_charges, ListedChargeUpdate::of),
            update_subscriptions: listed(updates.update_subscriptions, ListedSubscriptionUpdate::of),
            archive_commits: ids(updates.archive_commits),
            archive_credits: ids(updates.archive_credits),
            archive_scheduled_charges: ids(updates.archive_scheduled_charges),
            remove_overrides: ids(updates.remove_overrides),
        }
    }
}

fn ids<I>(ids: Vec<I>) -> Vec<JustId<I>> {
    listed(ids, |id| JustId { id })
}

impl<I> ListedBalanceUpdate<I> {
    fn of(update: UpdateBalance<I>) -> Self {
        Self {
            access_schedule: access_update(&update.access_schedule),
            invoice_schedule: invoice_update(&update.invoice_schedule),
            id: update.id,
            name: update.name,
            description: update.description,
            product_id: update.product_id,
            rollover_fraction: update.rollover_fraction.map(|to| to.and_then(number)),
            applicable_product_ids: update.applicable_product_ids,
            applicable_product_tags: update.applicable_product_tags,
            priority: update.priority.map(|to| to.and_then(number)),
            rate_type: update.rate_type,
            hierarchy_configuration: update.child_access.map(Hierarchy::of),
            netsuite_sales_order_id: update.netsuite_sales_order_id,
        }
    }
}
