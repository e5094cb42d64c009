//! Overrides as the calls that read contracts answer them. What nobody said is left out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{number, timestamp};
use super::applicability::ListedExclusion;
use super::listed_rate::ListedRate;
use super::listing::{Listing, NamedProduct, Number};
use crate::entity::ContractProductId;
use crate::id::OverrideId;
use crate::model::balance::RateChoice;
use crate::model::contract::Part;
use crate::model::credit_type::CreditType;
use crate::model::price_override::{Override, OverrideSpecifier, OverrideTerms, OverrideTier, OverrideType};
use crate::model::rate::BillingFrequency;

#[derive(Serialize)]
pub(super) struct ListedOverride {
    id: OverrideId,
    created_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    override_specifiers: Vec<ListedSpecifier<Named>>,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    #[serde(flatten)]
    terms: ListedOverrideTerms,
}

/// What overrides of contracts and packages have in common.
#[derive(Serialize)]
pub(super) struct ListedOverrideTerms {
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<NamedProduct>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applicable_product_tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entitled: Option<bool>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    override_type: Option<OverrideType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    multiplier: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    overwrite_rate: Option<ListedRate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    override_tiers: Vec<ListedTier>,
    is_commit_specific: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<RateChoice>,
}

/// What an override is for, with the commits and credits that are named.
#[derive(Serialize, Default)]
pub(super) struct ListedSpecifier<N> {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<ContractProductId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pricing_group_values: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    presentation_group_values: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_frequency: Option<BillingFrequency>,
    #[serde(flatten)]
    named: N,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<ListedExclusion>,
}

#[derive(Serialize, Default)]
struct Named {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commit_ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recurring_commit_ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_commit_or_credit_ids: Vec<String>,
}

#[derive(Serialize)]
struct ListedTier {
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Number,
    multiplier: Number,
}

impl ListedOverride {
    pub(super) fn of(part: Part<OverrideId, Override>, listing: &Listing<'_>) -> Self {
        let Override { terms, created_at } = part.part;
        Self {
            id: part.id,
            created_at: timestamp(created_at),
            override_specifiers: specifiers(&terms, Named::of),
            starting_at: timestamp(terms.starting_at),
            ending_before: terms.ending_before.map(timestamp),
            terms: ListedOverrideTerms::of(terms, listing),
        }
    }
}

/// What an override is for, where `named` shows the commits and credits of a specifier.
pub(super) fn specifiers<D, N: Default>(
    terms: &OverrideTerms<D>,
    named: impl Fn(&OverrideSpecifier) -> N,
) -> Vec<ListedSpecifier<N>> {
    let listed = |specifier| ListedSpecifier::of(specifier, named(specifier));
    let mut specifiers: Vec<_> = terms.override_specifiers.iter().map(listed).collect();
    // The API says twice which product it is.
    specifiers.extend(
        terms
            .product_id
            .map(|product| ListedSpecifier { product_id: Some(product), ..ListedSpecifier::default() }),
    );
    specifiers
}

impl ListedOverrideTerms {
    pub(super) fn of<D>(terms: OverrideTerms<D>, listing: &Listing<'_>) -> Self {
        let overwrite_rate = terms
            .overwrite_rate
            .map(|by| ListedRate::of(&by.rate, &BTreeMap::new(), by.credit_type_id.map(CreditType::of)));
        Self {
            product: terms.product_id.map(|product| listing.product(product)),
            applicable_product_tags: terms.applicable_product_tags,
            entitled: terms.entitled,
            override_type: terms.override_type,
            priority: terms.priority.and_then(number),
            multiplier: terms.multiplier.and_then(number),
            overwrite_rate,
            override_tiers: terms.tiers.iter().map(ListedTier::of).collect(),
            is_commit_specific: terms.is_commit_specific,
            target: terms.target,
        }
    }
}

impl Named {
    fn of(specifier: &OverrideSpecifier) -> Self {
        Self {
            commit_ids: specifier.commit_ids.clone(),
            recurring_commit_ids: specifier.recurring_commit_ids.clone(),
            any_commit_or_credit_ids: specifier.any_commit_or_credit_ids.clone(),
        }
    }
}

impl<N> ListedSpecifier<N> {
    fn of(specifier: &OverrideSpecifier, named: N) -> Self {
        Self {
            product_id: specifier.product_id,
            product_tags: specifier.product_tags.clone(),
            pricing_group_values: specifier.pricing_group_values.clone(),
            presentation_group_values: specifier.presentation_group_values.clone(),
            billing_frequency: specifier.billing_frequency,
            named,
            exclude: ListedExclusion::of_all(&specifier.exclude),
        }
    }
}

impl ListedTier {
    fn of(tier: &OverrideTier) -> Self {
        Self { size: tier.size.and_then(number), multiplier: number(tier.multiplier) }
    }
}
