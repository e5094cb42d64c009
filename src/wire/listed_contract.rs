//! A contract as today's calls answer it. What nobody said is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listed_balance::ListedBalance;
use super::listed_override::ListedOverride;
use super::listed_product::NOBODY;
use super::listed_recurring::ListedRecurring;
use super::listed_scheduled_charge::{ListedProfessionalService, ListedScheduledCharge};
use super::listed_settings::ListedSettings;
use super::listed_subscription::ListedSubscription;
use super::listing::{Listing, Number, Term};
use crate::entity::{
    CommitId, ContractCreditId, ContractId, CustomerId, DiscountId, RateCardId, ScheduledChargeId,
};
use crate::id::{PackageId, RecurringCommitId, RecurringCreditId};
use crate::model::contract::{ConsolidatedCharges, Contract};
use crate::model::price_override::OverridePrioritization;
use crate::model::rate::BillingFrequency;
use crate::model::statement::StatementSchedule;
use crate::model::usage_filter::{UsageFilter, UsageFilterSegment};

/// What making a contract answers.
#[derive(Serialize)]
pub(super) struct ContractMade {
    pub(super) id: ContractId,
    pub(super) contract: ListedContract,
}

#[derive(Serialize)]
pub(super) struct ListedContract {
    id: ContractId,
    customer_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_id: Option<PackageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(flatten)]
    state: ListedState,
    subscriptions: Vec<ListedSubscription>,
    usage_filter: Vec<ListedFilter>,
    multiplier_override_prioritization: OverridePrioritization,
    has_more: HasMore,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
    custom_fields: BTreeMap<String, String>,
}

/// What a contract is at one moment, in the calls of today and of before.
#[derive(Serialize)]
pub(super) struct ListedState {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_card_id: Option<RateCardId>,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    net_payment_terms_days: Number,
    commits: Vec<ListedBalance<CommitId>>,
    credits: Vec<ListedBalance<ContractCreditId>>,
    recurring_commits: Vec<ListedRecurring<RecurringCommitId>>,
    recurring_credits: Vec<ListedRecurring<RecurringCreditId>>,
    overrides: Vec<ListedOverride>,
    scheduled_charges: Vec<ListedScheduledCharge<ScheduledChargeId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_charges_on_usage_invoices: Option<ConsolidatedCharges>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discounts: Vec<ListedScheduledCharge<DiscountId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    professional_services: Vec<ListedProfessionalService>,
    transitions: Vec<Transition>,
    usage_statement_schedule: Statements,
    #[serde(flatten)]
    settings: ListedSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_sales_order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salesforce_opportunity_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_contract_value: Number,
    created_at: String,
    created_by: String,
}

/// Whether there are more parts than are shown. All of them are.
#[derive(Serialize)]
struct HasMore {
    commits: bool,
    credits: bool,
}

#[derive(Serialize)]
struct Transition {
    #[serde(rename = "type")]
    kind: &'static str,
    from_contract_id: ContractId,
    to_contract_id: ContractId,
}

#[derive(Serialize)]
struct Statements {
    frequency: BillingFrequency,
    billing_anchor_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_generation_starting_at: Option<String>,
}

impl Statements {
    fn of(schedule: StatementSchedule) -> Self {
        Self {
            frequency: schedule.frequency,
            billing_anchor_date: timestamp(schedule.billing_anchor_date),
            invoice_generation_starting_at: schedule.invoice_generation_starting_at.map(timestamp),
        }
    }
}

/// A usage filter, with its end where it is known.
#[derive(Serialize)]
pub(super) struct ListedFilter {
    group_key: String,
    group_values: BTreeSet<String>,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
}

impl ListedFilter {
    pub(super) fn of(filter: UsageFilter) -> Self {
        Self {
            group_key: filter.group_key,
            group_values: filter.group_values,
            starting_at: timestamp(filter.starting_at),
            ending_before: None,
        }
    }

    fn segment(segment: UsageFilterSegment) -> Self {
        Self { ending_before: segment.ending_before.map(timestamp), ..Self::of(segment.filter) }
    }
}

impl ListedContract {
    pub(super) fn of(mut contract: Contract, listing: &Listing<'_>) -> Self {
        let term = Term::of(&contract, listing.at);
        let subscriptions = std::mem::take(&mut contract.subscriptions);
        let usage_filter = std::mem::take(&mut contract.usage_filter);
        Self {
            id: contract.id,
            customer_id: contract.origin.customer_id,
            package_id: contract.origin.package_id,
            uniqueness_key: contract.origin.uniqueness_key.take(),
            subscriptions: subscriptions
                .into_iter()
                .map(|part| ListedSubscription::of(part, term, listing))
                .collect(),
            usage_filter: usage_filter.into_iter().map(ListedFilter::segment).collect(),
            multiplier_override_prioritization: contract.origin.multiplier_override_prioritization,
            has_more: HasMore { commits: false, credits: false },
            archived_at: contract.terms.archived_at.map(timestamp),
            custom_fields: std::mem::take(&mut contract.custom_fields),
            state: ListedState::of(contract, listing),
        }
    }
}

impl ListedState {
    pub(super) fn of(contract: Contract, listing: &Listing<'_>) -> Self {
        let id = contract.id;
        let transitions = transitions(&contract);

        let (origin, terms) = (contract.origin, contract.terms);
        Self {
            name: terms.name,
            rate_card_id: origin.rate_card_id,
            starting_at: timestamp(origin.starting_at),
            ending_before: terms.ending_before.map(timestamp),
            net_payment_terms_days: terms.net_payment_terms_days.and_then(number),
            commits: listed(contract.commits, |part| ListedBalance::part(id, part, listing)),
            credits: listed(contract.credits, |part| ListedBalance::part(id, part, listing)),
            recurring_commits: listed(contract.recurring_commits, |part| {
                ListedRecurring::of(id, part, listing)
            }),
            recurring_credits: listed(contract.recurring_credits, |part| {
                ListedRecurring::of(id, part, listing)
            }),
            overrides: listed(contract.overrides, |part| ListedOverride::of(part, listing)),
            scheduled_charges: listed(contract.scheduled_charges, |part| {
                ListedScheduledCharge::of(part, listing)
            }),
            scheduled_charges_on_usage_invoices: origin.scheduled_charges_on_usage_invoices,
            discounts: listed(contract.discounts, |part| ListedScheduledCharge::of(part, listing)),
            professional_services: listed(contract.professional_services, ListedProfessionalService::of),
            transitions,
            usage_statement_schedule: Statements::of(origin.usage_statement_schedule),
            settings: ListedSettings::of(
                &contract.settings,
                &contract.children,
                origin.customer_id,
                origin.starting_at,
            ),
            netsuite_sales_order_id: origin.netsuite_sales_order_id,
            salesforce_opportunity_id: origin.salesforce_opportunity_id,
            total_contract_value: origin.total_contract_value.and_then(number),
            created_at: timestamp(origin.created_at),
            created_by: origin.created_by.unwrap_or_else(|| NOBODY.to_owned()),
        }
    }

    /// As the API's first version has it.
    pub(super) fn of_v1(self) -> Self {
        Self { settings: self.settings.of_v1(), ..self }
    }
}

/// All of a list, as `of` shows each.
pub(super) fn listed<T, U>(items: Vec<T>, of: impl FnMut(T) -> U) -> Vec<U> {
    items.into_iter().map(of).collect()
}

/// The renewal that a contract came of, and the one that became of it.
fn transitions(contract: &Contract) -> Vec<Transition> {
    let renewal =
        |from_contract_id, to_contract_id| Transition { kind: "RENEWAL", from_contract_id, to_contract_id };
    let before = contract.origin.renewal_of.map(|from| renewal(from, contract.id));
    let after = contract.terms.renewed_by.map(|to| renewal(contract.id, to));
    before.into_iter().chain(after).collect()
}
