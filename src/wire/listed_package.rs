//! A package as the calls that read one answer it. What nobody said is left out.

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listed_contract::listed;
use super::listed_package_balance::{ListedBalanceTemplate, ListedRecurringTemplate};
use super::listed_package_part::{
    ListedChargeTemplate, ListedOverrideTemplate, ListedSubscriptionTemplate, Names,
};
use super::listed_product::NOBODY;
use super::listed_settings::ListedSpending;
use super::listing::{Listing, Number};
use super::rate_cards::ListedAlias;
use super::when::ListedLength;
use crate::entity::{PackageCommitId, PackageCreditId, RateCardId};
use crate::id::{PackageId, RecurringCommitId, RecurringCreditId};
use crate::model::contract::{CardChoice, ConsolidatedCharges};
use crate::model::package::{Package, PackageTerms};
use crate::model::price_override::OverridePrioritization;
use crate::model::provider_configuration::{BillingProvider, ConfigurationChoice, DeliveryMethod};
use crate::model::rate::BillingFrequency;
use crate::model::statement::StatementDay;

#[derive(Serialize)]
pub(super) struct ListedPackage {
    id: PackageId,
    #[serde(flatten)]
    terms: ListedPackageTerms,
    aliases: Vec<ListedAlias>,
    commits: Vec<ListedBalanceTemplate<PackageCommitId>>,
    credits: Vec<ListedBalanceTemplate<PackageCreditId>>,
    recurring_commits: Vec<ListedRecurringTemplate<RecurringCommitId>>,
    recurring_credits: Vec<ListedRecurringTemplate<RecurringCreditId>>,
    overrides: Vec<ListedOverrideTemplate>,
    scheduled_charges: Vec<ListedChargeTemplate>,
    subscriptions: Vec<ListedSubscriptionTemplate>,
    created_at: String,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
}

#[derive(Serialize)]
struct ListedPackageTerms {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    /// Which card an alias leads to is known when a contract starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_card_id: Option<RateCardId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<ListedLength>,
    #[serde(skip_serializing_if = "Option::is_none")]
    net_payment_terms_days: Number,
    multiplier_override_prioritization: OverridePrioritization,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_charges_on_usage_invoices: Option<ConsolidatedCharges>,
    usage_statement_schedule: Statements,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_provider: Option<BillingProvider>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_method: Option<DeliveryMethod>,
    #[serde(flatten)]
    spending: ListedSpending,
}

#[derive(Serialize)]
struct Statements {
    frequency: BillingFrequency,
    day: StatementDay,
}

impl ListedPackage {
    pub(super) fn of(package: Package, listing: &Listing<'_>) -> Self {
        let names = Names::of(&package);
        Self {
            id: package.id,
            terms: ListedPackageTerms::of(package.terms),
            aliases: listed(package.aliases, ListedAlias::of),
            commits: listed(package.commits, |part| ListedBalanceTemplate::commit(part, listing)),
            credits: listed(package.credits, |part| ListedBalanceTemplate::credit(part, listing)),
            recurring_commits: listed(package.recurring_commits, |part| {
                ListedRecurringTemplate::of(part, &names, listing)
            }),
            recurring_credits: listed(package.recurring_credits, |part| {
                ListedRecurringTemplate::of(part, &names, listing)
            }),
            overrides: listed(package.overrides, |part| ListedOverrideTemplate::of(part, &names, listing)),
            scheduled_charges: listed(package.scheduled_charges, |part| {
                ListedChargeTemplate::of(part, listing)
            }),
            subscriptions: listed(package.subscriptions, |part| {
                ListedSubscriptionTemplate::of(part, listing)
            }),
            created_at: timestamp(package.created_at),
            created_by: package.created_by.unwrap_or_else(|| NOBODY.to_owned()),
            archived_at: package.archived_at.map(timestamp),
        }
    }
}

impl ListedPackageTerms {
    fn of(terms: PackageTerms) -> Self {
        let spending = ListedSpending::of(&terms.settings);
        let statements = terms.usage_statement_schedule.unwrap_or_default();
        let provider = terms.settings.billing_provider.and_then(|billing| match billing.choice {
            ConfigurationChoice::Of { provider, delivery_method } => Some((provider, delivery_method)),
            ConfigurationChoice::Id(_) => None,
        });
        Self {
            name: terms.name,
            contract_name: terms.contract_name,
            uniqueness_key: terms.uniqueness_key,
            rate_card_id: terms.rate_card.and_then(|card| match card {
                CardChoice::Id(id) => Some(id),
                CardChoice::Alias(_) => None,
            }),
            duration: terms.duration.map(ListedLength::of),
            net_payment_terms_days: terms.net_payment_terms_days.and_then(number),
            multiplier_override_prioritization: terms.multiplier_override_prioritization.unwrap_or_default(),
            scheduled_charges_on_usage_invoices: terms.scheduled_charges_on_usage_invoices,
            usage_statement_schedule: Statements { frequency: statements.frequency, day: statements.day },
            billing_provider: provider.map(|(provider, _)| provider),
            delivery_method: provider.map(|(_, delivery_method)| delivery_method),
            spending,
        }
    }
}
