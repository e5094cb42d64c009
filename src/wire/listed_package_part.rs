//! Overrides, charges and subscriptions of packages as the calls that read packages answer them, and what parts of
//! packages name each other by.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::answer::number;
use super::listed_override::{ListedOverrideTerms, ListedSpecifier, specifiers};
use super::listed_package_balance::InvoiceTemplate;
use super::listed_subscription::ListedTerms;
use super::listing::{Listing, NamedProduct, Number};
use super::when::ListedLength;
use crate::entity::{PackageScheduledChargeId, PackageSubscriptionId};
use crate::id::OverrideId;
use crate::model::contract::Part;
use crate::model::package::Package;
use crate::model::price_override::{OverrideSpecifier, OverrideTerms};
use crate::model::relative_date::RelativeDate;
use crate::model::scheduled_charge::CreateScheduledCharge;
use crate::model::subscription::{CreateSubscription, InvoicePlacement};

/// What the temporary ids in a package lead to. Those of commits and credits, recurring or not, are all different.
pub(super) struct Names {
    balances: BTreeMap<String, Uuid>,
    subscriptions: BTreeMap<String, PackageSubscriptionId>,
}

impl Names {
    pub(super) fn of(package: &Package) -> Self {
        let mut balances = named(&package.commits, |commit| commit.temporary_id.as_ref());
        balances.extend(named(&package.recurring_commits, |commit| commit.temporary_id.as_ref()));
        balances.extend(named(&package.recurring_credits, |credit| credit.temporary_id.as_ref()));
        let subscriptions = named(&package.subscriptions, |subscription| subscription.temporary_id.as_ref());
        Self { balances, subscriptions }
    }

    pub(super) fn subscription(&self, name: &str) -> Option<PackageSubscriptionId> {
        self.subscriptions.get(name).copied()
    }

    fn balances(&self, names: &[String]) -> Vec<Uuid> {
        names.iter().filter_map(|name| self.balances.get(name).copied()).collect()
    }
}

/// The parts that have temporary ids, by these.
fn named<I: Copy + Into<N>, T, N>(
    parts: &[Part<I, T>],
    temporary_id: impl Fn(&T) -> Option<&String>,
) -> BTreeMap<String, N> {
    parts.iter().filter_map(|part| Some((temporary_id(&part.part)?.clone(), part.id.into()))).collect()
}

#[derive(Serialize)]
pub(super) struct ListedOverrideTemplate {
    id: OverrideId,
    override_specifiers: Vec<ListedSpecifier<Named>>,
    starting_at_offset: ListedLength,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<ListedLength>,
    #[serde(flatten)]
    terms: ListedOverrideTerms,
}

/// The commits and credits that a specifier names.
#[derive(Serialize, Default)]
struct Named {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commit_template_ids: Vec<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recurring_commit_template_ids: Vec<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_commit_or_credit_template_ids: Vec<Uuid>,
}

impl ListedOverrideTemplate {
    pub(super) fn of(
        part: Part<OverrideId, OverrideTerms<RelativeDate>>,
        names: &Names,
        listing: &Listing<'_>,
    ) -> Self {
        let terms = part.part;
        let named = |specifier: &OverrideSpecifier| Named {
            commit_template_ids: names.balances(&specifier.commit_ids),
            recurring_commit_template_ids: names.balances(&specifier.recurring_commit_ids),
            any_commit_or_credit_template_ids: names.balances(&specifier.any_commit_or_credit_ids),
        };
        Self {
            id: part.id,
            override_specifiers: specifiers(&terms, named),
            starting_at_offset: ListedLength::of(terms.starting_at),
            duration: terms.ending_before.map(ListedLength::of),
            terms: ListedOverrideTerms::of(terms, listing),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ListedChargeTemplate {
    id: PackageScheduledChargeId,
    product: NamedProduct,
    schedule: InvoiceTemplate,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    custom_fields: BTreeMap<String, String>,
}

impl ListedChargeTemplate {
    pub(super) fn of(
        part: Part<PackageScheduledChargeId, CreateScheduledCharge<RelativeDate>>,
        listing: &Listing<'_>,
    ) -> Self {
        let charge = part.part;
        Self {
            id: part.id,
            product: listing.product(charge.product_id),
            schedule: InvoiceTemplate::of(part.id.into(), charge.schedule, false),
            name: charge.name,
            custom_fields: part.custom_fields,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ListedSubscriptionTemplate {
    id: PackageSubscriptionId,
    #[serde(flatten)]
    terms: ListedTerms,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_quantity: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_at_offset: Option<ListedLength>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<ListedLength>,
    billing_cycle_config: BillingCycle,
    custom_fields: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct BillingCycle {
    invoice_placement: InvoicePlacement,
}

impl ListedSubscriptionTemplate {
    pub(super) fn of(
        part: Part<PackageSubscriptionId, CreateSubscription<RelativeDate>>,
        listing: &Listing<'_>,
    ) -> Self {
        let subscription = part.part;
        let placement = subscription.terms.invoice_placement.unwrap_or(InvoicePlacement::OnUsageInvoice);
        Self {
            id: part.id,
            initial_quantity: subscription.initial_quantity.and_then(number),
            starting_at_offset: subscription.starting_at.map(ListedLength::of),
            duration: subscription.ending_before.map(ListedLength::of),
            billing_cycle_config: BillingCycle { invoice_placement: placement },
            terms: ListedTerms::of(subscription.terms, listing),
            custom_fields: part.custom_fields,
        }
    }
}
