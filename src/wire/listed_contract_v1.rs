//! A contract as the older calls answer it: as it was made, and as it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::timestamp;
use super::listed_contract::{ListedFilter, ListedState, listed};
use super::listed_settings::ListedSettings;
use super::listed_subscription::ListedSubscription;
use super::listing::{Listing, Term};
use crate::entity::{ContractId, CustomerId};
use crate::id::PackageId;
use crate::model::contract::{ConsolidatedCharges, Contract};
use crate::model::scalar::Time;
use crate::model::usage_filter::UsageFilterSegment;

#[derive(Serialize)]
pub(super) struct ListedContractV1 {
    id: ContractId,
    customer_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_id: Option<PackageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
    initial: State,
    current: State,
    /// What came before edits, and was never made here.
    amendments: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_charges_on_usage_invoices: Option<ConsolidatedCharges>,
    subscriptions: Vec<ListedSubscription>,
    #[serde(flatten)]
    settings: ListedSettings,
    custom_fields: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct State {
    #[serde(flatten)]
    state: ListedState,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_filter: Option<Filters>,
}

/// The usage filters that a contract has: the first one, that of now, and those that came after the first.
#[derive(Serialize)]
struct Filters {
    initial: ListedFilter,
    current: Option<ListedFilter>,
    updates: Vec<ListedFilter>,
}

impl ListedContractV1 {
    /// A contract as it was when it was made, and as it is.
    pub(super) fn of(initial: Contract, mut current: Contract, listing: &Listing<'_>) -> Self {
        let term = Term::of(&current, listing.at);
        let subscriptions = std::mem::take(&mut current.subscriptions);
        Self {
            id: current.id,
            customer_id: current.origin.customer_id,
            package_id: current.origin.package_id,
            uniqueness_key: current.origin.uniqueness_key.take(),
            archived_at: current.terms.archived_at.map(timestamp),
            amendments: [],
            scheduled_charges_on_usage_invoices: current.origin.scheduled_charges_on_usage_invoices,
            subscriptions: listed(subscriptions, |part| ListedSubscription::of(part, term, listing)),
            settings: ListedSettings::of(
                &current.settings,
                &current.children,
                current.origin.customer_id,
                current.origin.starting_at,
            )
            .of_v1(),
            custom_fields: std::mem::take(&mut current.custom_fields),
            initial: State::of(initial, listing),
            current: State::of(current, listing),
        }
    }
}

impl State {
    fn of(mut contract: Contract, listing: &Listing<'_>) -> Self {
        let usage_filter = Filters::of(std::mem::take(&mut contract.usage_filter), listing.at);
        Self { state: ListedState::of(contract, listing).of_v1(), usage_filter }
    }
}

impl Filters {
    fn of(segments: Vec<UsageFilterSegment>, at: Time) -> Option<Self> {
        let in_force = |segment: &&UsageFilterSegment| {
            segment.filter.starting_at <= at && segment.ending_before.is_none_or(|end| at < end)
        };
        let current = segments.iter().find(in_force).cloned();
        let mut filters = segments.into_iter().map(|segment| ListedFilter::of(segment.filter));
        Some(Self {
            initial: filters.next()?,
            current: current.map(|segment| ListedFilter::of(segment.filter)),
            updates: filters.collect(),
        })
    }
}
