//! Reseller royalties: what share of a contract's revenue a marketplace keeps.

use serde::{Deserialize, Serialize};

use super::scalar::{Amount, Time};
use super::word::words;
use crate::entity::ContractProductId;

words! {
    /// The marketplace.
    ResellerType {
        /// AWS.
        Aws "AWS",
        /// AWS, for professional services.
        AwsProService "AWS_PRO_SERVICE",
        /// GCP.
        Gcp "GCP",
        /// GCP, for professional services.
        GcpProService "GCP_PRO_SERVICE",
    }
}

/// What AWS calls things. Each has up to 10,000 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AwsOptions {
    /// The account.
    pub account_number: Option<String>,
    /// Who pays.
    pub payer_reference_id: Option<String>,
    /// The offer.
    pub offer_id: Option<String>,
}

/// What GCP calls things. Each has up to 10,000 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct GcpOptions {
    /// The account.
    pub account_id: Option<String>,
    /// The offer.
    pub offer_id: Option<String>,
}

/// What share a marketplace keeps. Kept and given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ResellerRoyalty {
    /// Who keeps it.
    pub reseller_type: ResellerType,
    /// The share: 0 to 1.
    pub fraction: Amount,
    /// What NetSuite calls the reseller: up to 10,000 characters.
    pub netsuite_reseller_id: String,
    /// Of which products. At least one product or tag is named, and up to 1,000 of each.
    pub applicable_product_ids: Vec<ContractProductId>,
    /// And of products with any of these tags.
    pub applicable_product_tags: Vec<String>,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive: later than the start. `None` without an end.
    pub ending_before: Option<Time>,
    /// What the contract with the reseller comes to: 0 or more.
    pub reseller_contract_value: Option<Amount>,
    /// What AWS calls things.
    pub aws: AwsOptions,
    /// What GCP calls things.
    pub gcp: GcpOptions,
}

/// A reseller royalty that an edit adds or changes.
///
/// With a start it is a royalty from then on, beside those there are; what is left out is as in the last one of the
/// reseller, its end aside. Without a start the last one of the reseller is changed. The last is the one that
/// starts last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ResellerRoyaltyChange {
    /// See [`ResellerRoyalty::reseller_type`].
    pub reseller_type: ResellerType,
    /// See [`ResellerRoyalty::fraction`].
    pub fraction: Option<Amount>,
    /// See [`ResellerRoyalty::netsuite_reseller_id`].
    pub netsuite_reseller_id: Option<String>,
    /// See [`ResellerRoyalty::applicable_product_ids`].
    pub applicable_product_ids: Option<Vec<ContractProductId>>,
    /// See [`ResellerRoyalty::applicable_product_tags`].
    pub applicable_product_tags: Option<Vec<String>>,
    /// See [`ResellerRoyalty::starting_at`].
    pub starting_at: Option<Time>,
    /// See [`ResellerRoyalty::ending_before`]; `Some(None)` takes the end away.
    #[serde(default, with = "super::serde_form::change_of")]
    pub ending_before: Option<Option<Time>>,
    /// See [`ResellerRoyalty::reseller_contract_value`].
    pub reseller_contract_value: Option<Amount>,
    /// See [`ResellerRoyalty::aws`]: what is said takes the place of what was.
    pub aws: AwsOptions,
    /// See [`ResellerRoyalty::gcp`]: what is said takes the place of what was.
    pub gcp: GcpOptions,
}

impl ResellerRoyaltyChange {
    /// No change yet.
    #[must_use]
    pub fn new(reseller_type: ResellerType) -> Self {
        Self {
            reseller_type,
            fraction: None,
            netsuite_reseller_id: None,
            applicable_product_ids: None,
            applicable_product_tags: None,
            starting_at: None,
            ending_before: None,
            reseller_contract_value: None,
            aws: AwsOptions::default(),
            gcp: GcpOptions::default(),
        }
    }
}
