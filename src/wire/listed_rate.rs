//! A rate as the calls that add and read one answer it. What nobody said is left out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{kept, number, timestamp};
use crate::entity::ContractProductId;
use crate::model::credit_type::CreditType;
use crate::model::rate::{AddRate, BillingFrequency, CommitRate, Rate, RateSegment, RateType, Tier};
use crate::model::scalar::Amount;

/// A number where there is one.
type Number = Option<Box<RawValue>>;

/// A row of a card's rates.
#[derive(Serialize)]
pub(super) struct ListedSegment {
    product_id: ContractProductId,
    product_name: String,
    product_tags: Vec<String>,
    product_custom_fields: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pricing_group_values: BTreeMap<String, String>,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    entitled: bool,
    rate: ListedRate,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_rate: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_frequency: Option<BillingFrequency>,
}

/// A rate that was added, with its commit rate.
#[derive(Serialize)]
pub(super) struct AddedRate {
    #[serde(flatten)]
    rate: ListedRate,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_rate: Option<Price>,
}

#[derive(Serialize)]
pub(super) struct ListedRate {
    #[serde(flatten)]
    price: Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_rate: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_prorated: Option<bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pricing_group_values: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_type: Option<CreditType>,
}

/// What a rate and a commit rate both have.
#[derive(Serialize)]
pub(super) struct Price {
    rate_type: RateType,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Number,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<ListedTier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_config: Option<Minimum>,
}

#[derive(Serialize)]
struct ListedTier {
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Number,
    price: Number,
}

#[derive(Serialize)]
struct Minimum {
    minimum: Number,
}

impl ListedSegment {
    pub(super) fn of(segment: RateSegment) -> Self {
        Self {
            product_id: segment.product_id,
            product_name: segment.product_name,
            product_tags: segment.product_tags,
            product_custom_fields: segment.product_custom_fields,
            rate: ListedRate::of(&segment.rate, &segment.pricing_group_values, segment.credit_type),
            pricing_group_values: segment.pricing_group_values,
            starting_at: timestamp(segment.starting_at),
            ending_before: segment.ending_before.map(timestamp),
            entitled: segment.entitled,
            commit_rate: segment.commit_rate.as_ref().map(Price::of_commit),
            billing_frequency: segment.billing_frequency,
        }
    }
}

impl AddedRate {
    pub(super) fn of(added: &AddRate) -> Self {
        let credit_type = added.credit_type().map(CreditType::of);
        Self {
            rate: ListedRate::of(&added.rate, &added.pricing_group_values, credit_type),
            commit_rate: added.commit_rate.as_ref().map(Price::of_commit),
        }
    }
}

impl ListedRate {
    pub(super) fn of(
        rate: &Rate,
        groups: &BTreeMap<String, String>,
        credit_type: Option<CreditType>,
    ) -> Self {
        Self {
            price: Price::of(rate.rate_type, rate.price, &rate.tiers, rate.minimum),
            custom_rate: rate.custom_rate.as_deref().and_then(kept),
            quantity: rate.quantity.and_then(number),
            is_prorated: rate.is_prorated,
            pricing_group_values: groups.clone(),
            credit_type,
        }
    }
}

impl Price {
    fn of(rate_type: RateType, price: Option<Amount>, tiers: &[Tier], minimum: Option<Amount>) -> Self {
        let tier = |tier: &Tier| ListedTier { size: tier.size.and_then(number), price: number(tier.price) };
        Self {
            rate_type,
            price: price.and_then(number),
            tiers: tiers.iter().map(tier).collect(),
            minimum_config: minimum.map(|minimum| Minimum { minimum: number(minimum) }),
        }
    }

    pub(super) fn of_commit(rate: &CommitRate) -> Self {
        Self::of(rate.rate_type, rate.price, &rate.tiers, rate.minimum)
    }
}
