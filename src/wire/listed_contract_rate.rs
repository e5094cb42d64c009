//! A rate in force on a contract as the call that asks for them answers it. What nobody said is left out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::timestamp;
use super::listed_rate::{ListedRate, Price};
use crate::entity::{ContractProductId, RateCardId};
use crate::model::contract_rate::ContractRateSegment;
use crate::model::rate::BillingFrequency;

#[derive(Serialize)]
pub(super) struct ListedContractRate {
    rate_card_id: RateCardId,
    product_id: ContractProductId,
    product_name: String,
    product_tags: Vec<String>,
    product_custom_fields: BTreeMap<String, String>,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    entitled: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pricing_group_values: BTreeMap<String, String>,
    list_rate: ListedRate,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_rate: Option<ListedRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_rate: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_frequency: Option<BillingFrequency>,
}

impl ListedContractRate {
    pub(super) fn of(segment: ContractRateSegment) -> Self {
        let groups = segment.pricing_group_values;
        let rate = segment.rate;
        let override_rate = rate.override_rate.map(|by| ListedRate::of(&by.rate, &groups, by.credit_type));
        Self {
            rate_card_id: segment.rate_card_id,
            product_id: segment.product_id,
            product_name: segment.product_name,
            product_tags: segment.product_tags,
            product_custom_fields: segment.product_custom_fields,
            starting_at: timestamp(segment.starting_at),
            ending_before: segment.ending_before.map(timestamp),
            entitled: rate.entitled,
            list_rate: ListedRate::of(&rate.list_rate, &groups, rate.credit_type),
            override_rate,
            commit_rate: rate.commit_rate.as_ref().map(Price::of_commit),
            billing_frequency: segment.billing_frequency,
            pricing_group_values: groups,
        }
    }
}
