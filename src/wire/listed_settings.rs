//! What other systems make something of, as contracts and their edits answer it. What nobody said is left out.

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{number, timestamp};
use super::listed_provider::{
    BillingConfiguration, BillingSegment, BillingUpdate, RevenueSegment, RevenueUpdate,
};
use super::listed_threshold::ListedThreshold;
use crate::entity::{ContractId, ContractProductId, CustomerId};
use crate::id::CreditTypeId;
use crate::model::hierarchy::{
    Hierarchy, HierarchyLink, InvoiceConsolidation, Payer, UsageStatementBehavior,
};
use crate::model::reseller_royalty::{
    AwsOptions, GcpOptions, ResellerRoyalty, ResellerRoyaltyChange, ResellerType,
};
use crate::model::scalar::Time;
use crate::model::settings::{ContractSettings, SettingsChanges};
use crate::model::spend_tracker::{
    DiscountedSpend, SpendReset, SpendSource, SpendSpecifier, SpendTracker, SpendType,
};

/// A number where there is one.
type Number = Option<Box<RawValue>>;

/// The settings of a contract, for its answer to flatten.
#[derive(Serialize)]
pub(super) struct ListedSettings {
    #[serde(skip_serializing_if = "Royalties::is_empty")]
    reseller_royalties: Royalties,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_billing_provider_configuration: Option<BillingConfiguration>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    billing_provider_configuration_schedule: Vec<BillingSegment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revenue_system_configuration_schedule: Vec<RevenueSegment>,
    #[serde(flatten)]
    spending: ListedSpending,
    #[serde(skip_serializing_if = "Option::is_none")]
    hierarchy_configuration: Option<ListedHierarchy>,
}

/// What settings of contracts and packages have in common.
#[derive(Serialize)]
pub(super) struct ListedSpending {
    #[serde(skip_serializing_if = "Option::is_none")]
    spend_threshold_configuration: Option<ListedThreshold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prepaid_balance_threshold_configuration: Option<ListedThreshold>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spend_trackers: Vec<Tracker>,
}

/// What an edit changed in a contract's settings, for its answer to flatten. The API leaves out what it changes in
/// configurations of providers and in spend trackers; here they are as they were asked for.
#[derive(Serialize)]
pub(super) struct ListedSettingsChanges {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_reseller_royalties: Vec<RoyaltyChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_prepaid_balance_threshold_configuration: Option<ListedThreshold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_spend_threshold_configuration: Option<ListedThreshold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_prepaid_balance_threshold_configuration: Option<ListedThreshold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_spend_threshold_configuration: Option<ListedThreshold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_billing_provider_configuration_update: Option<BillingUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_revenue_system_configuration_update: Option<RevenueUpdate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_spend_trackers: Vec<Tracker>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    archive_spend_trackers: Vec<String>,
}

/// The royalties of a contract, as the two versions of the API have them.
#[derive(Serialize)]
#[serde(untagged)]
enum Royalties {
    Each(Vec<RoyaltyChange>),
    ByReseller(Vec<OfReseller>),
}

/// All royalties of a reseller.
#[derive(Serialize)]
struct OfReseller {
    reseller_type: ResellerType,
    segments: Vec<RoyaltyChange>,
}

/// A royalty, or what changes in one.
#[derive(Serialize)]
struct RoyaltyChange {
    reseller_type: ResellerType,
    #[serde(skip_serializing_if = "Option::is_none")]
    fraction: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_reseller_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applicable_product_tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applicable_product_ids: Option<Vec<ContractProductId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reseller_contract_value: Number,
    #[serde(flatten)]
    marketplaces: Marketplaces,
}

#[derive(Serialize)]
struct Marketplaces {
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_account_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_payer_reference_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_offer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gcp_account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gcp_offer_id: Option<String>,
}

#[derive(Serialize)]
struct Tracker {
    alias: String,
    credit_type_id: CreditTypeId,
    reset_frequency: SpendReset,
    applicable_spend_specifiers: Vec<Specifier>,
}

#[derive(Serialize)]
struct Specifier {
    spend_type: SpendType,
    sources: Vec<SpendSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discounted: Option<DiscountedSpend>,
}

#[derive(Serialize)]
struct ListedHierarchy {
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<Vec<Link>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Payer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_statement_behavior: Option<UsageStatementBehavior>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_behavior: Option<ParentBehavior>,
}

#[derive(Serialize)]
struct Link {
    contract_id: ContractId,
    customer_id: CustomerId,
}

#[derive(Serialize)]
struct ParentBehavior {
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_consolidation_type: Option<InvoiceConsolidation>,
}

impl ListedSettings {
    /// The settings of a customer's contract that starts there.
    pub(super) fn of(
        settings: &ContractSettings,
        children: &[HierarchyLink],
        customer: CustomerId,
        starting_at: Time,
    ) -> Self {
        let billing =
            settings.billing_provider.map(|billing| BillingSegment::of(billing, customer, starting_at));
        let revenue =
            settings.revenue_system.map(|revenue| RevenueSegment::of(revenue, customer, starting_at));
        Self {
            reseller_royalties: Royalties::ByReseller(OfReseller::all(&settings.reseller_royalties)),
            customer_billing_provider_configuration: billing.as_ref().map(BillingSegment::configuration),
            billing_provider_configuration_schedule: billing.into_iter().collect(),
            revenue_system_configuration_schedule: revenue.into_iter().collect(),
            spending: ListedSpending::of(settings),
            hierarchy_configuration: settings
                .hierarchy
                .map(|hierarchy| ListedHierarchy::of(hierarchy, children)),
        }
    }

    /// As the API's first version has them.
    pub(super) fn of_v1(self) -> Self {
        Self { reseller_royalties: self.reseller_royalties.each(), ..self }
    }
}

impl ListedSpending {
    pub(super) fn of(settings: &ContractSettings) -> Self {
        Self {
            spend_threshold_configuration: settings.spend_threshold.as_ref().map(ListedThreshold::spend),
            prepaid_balance_threshold_configuration: settings
                .prepaid_balance_threshold
                .as_ref()
                .map(ListedThreshold::prepaid_balance),
            spend_trackers: settings.spend_trackers.iter().map(Tracker::of).collect(),
        }
    }
}

impl ListedSettingsChanges {
    pub(super) fn of(changes: &SettingsChanges) -> Self {
        Self {
            add_reseller_royalties: changes.add_reseller_royalties.iter().map(RoyaltyChange::of).collect(),
            add_prepaid_balance_threshold_configuration: changes
                .add_prepaid_balance_threshold
                .as_ref()
                .map(ListedThreshold::prepaid_balance),
            add_spend_threshold_configuration: changes
                .add_spend_threshold
                .as_ref()
                .map(ListedThreshold::spend),
            update_prepaid_balance_threshold_configuration: changes
                .update_prepaid_balance_threshold
                .as_ref()
                .map(ListedThreshold::prepaid_balance_changes),
            update_spend_threshold_configuration: changes
                .update_spend_threshold
                .as_ref()
                .map(ListedThreshold::spend_changes),
            add_billing_provider_configuration_update: changes.add_billing_provider.map(BillingUpdate::of),
            add_revenue_system_configuration_update: changes.add_revenue_system.map(RevenueUpdate::of),
            add_spend_trackers: changes.add_spend_trackers.iter().map(Tracker::of).collect(),
            archive_spend_trackers: changes.archive_spend_trackers.clone(),
        }
    }
}

impl Royalties {
    const fn is_empty(&self) -> bool {
        match self {
            Self::Each(royalties) => royalties.is_empty(),
            Self::ByReseller(resellers) => resellers.is_empty(),
        }
    }

    /// One after the other.
    fn each(self) -> Self {
        match self {
            Self::Each(_) => self,
            Self::ByReseller(all) => {
                Self::Each(all.into_iter().flat_map(|reseller| reseller.segments).collect())
            }
        }
    }
}

impl OfReseller {
    /// Each reseller where it is named first, its royalties by start.
    fn all(royalties: &[ResellerRoyalty]) -> Vec<Self> {
        let mut by_start: Vec<_> = royalties.iter().collect();
        by_start.sort_by_key(|royalty| royalty.starting_at);
        let mut all: Vec<Self> = Vec::new();
        for royalty in royalties {
            let reseller_type = royalty.reseller_type;
            if all.iter().any(|listed| listed.reseller_type == reseller_type) {
                continue;
            }
            let its = by_start.iter().filter(|royalty| royalty.reseller_type == reseller_type);
            all.push(Self {
                reseller_type,
                segments: its.map(|royalty| RoyaltyChange::whole(royalty)).collect(),
            });
        }
        all
    }
}

impl RoyaltyChange {
    fn whole(royalty: &ResellerRoyalty) -> Self {
        let (tags, products) = (&royalty.applicable_product_tags, &royalty.applicable_product_ids);
        Self {
            reseller_type: royalty.reseller_type,
            fraction: number(royalty.fraction),
            netsuite_reseller_id: Some(royalty.netsuite_reseller_id.clone()),
            starting_at: Some(timestamp(royalty.starting_at)),
            ending_before: royalty.ending_before.map(|end| Some(timestamp(end))),
            applicable_product_tags: (!tags.is_empty()).then(|| tags.clone()),
            applicable_product_ids: (!products.is_empty()).then(|| products.clone()),
            reseller_contract_value: royalty.reseller_contract_value.and_then(number),
            marketplaces: Marketplaces::of(&royalty.aws, &royalty.gcp),
        }
    }

    fn of(change: &ResellerRoyaltyChange) -> Self {
        Self {
            reseller_type: change.reseller_type,
            fraction: change.fraction.and_then(number),
            netsuite_reseller_id: change.netsuite_reseller_id.clone(),
            starting_at: change.starting_at.map(timestamp),
            ending_before: change.ending_before.map(|end| end.map(timestamp)),
            applicable_product_tags: change.applicable_product_tags.clone(),
            applicable_product_ids: change.applicable_product_ids.clone(),
            reseller_contract_value: change.reseller_contract_value.and_then(number),
            marketplaces: Marketplaces::of(&change.aws, &change.gcp),
        }
    }
}

impl Marketplaces {
    fn of(aws: &AwsOptions, gcp: &GcpOptions) -> Self {
        Self {
            aws_account_number: aws.account_number.clone(),
            aws_payer_reference_id: aws.payer_reference_id.clone(),
            aws_offer_id: aws.offer_id.clone(),
            gcp_account_id: gcp.account_id.clone(),
            gcp_offer_id: gcp.offer_id.clone(),
        }
    }
}

impl Tracker {
    fn of(tracker: &SpendTracker) -> Self {
        let specifier = |specifier: &SpendSpecifier| Specifier {
            spend_type: specifier.spend_type,
            sources: specifier.sources.clone(),
            discounted: specifier.discounted,
        };
        Self {
            alias: tracker.alias.clone(),
            credit_type_id: tracker.credit_type_id,
            reset_frequency: tracker.reset_frequency,
            applicable_spend_specifiers: tracker.specifiers.iter().map(specifier).collect(),
        }
    }
}

impl ListedHierarchy {
    fn of(hierarchy: Hierarchy, children: &[HierarchyLink]) -> Self {
        match hierarchy {
            Hierarchy::Parent { invoice_consolidation_type } => Self {
                children: Some(children.iter().copied().map(Link::of).collect()),
                parent: None,
                payer: None,
                usage_statement_behavior: None,
                parent_behavior: Some(ParentBehavior { invoice_consolidation_type }),
            },
            Hierarchy::Child { parent, payer, usage_statement_behavior } => Self {
                children: None,
                parent: Some(Link::of(parent)),
                payer,
                usage_statement_behavior,
                parent_behavior: None,
            },
        }
    }
}

impl Link {
    const fn of(link: HierarchyLink) -> Self {
        Self { contract_id: link.contract_id, customer_id: link.customer_id }
    }
}
