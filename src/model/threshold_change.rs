//! What an edit changes in thresholds: what is `None` stays as it is, `Some(None)` clears.

use serde::{Deserialize, Serialize};

use super::balance::{RateChoice, UsageSpecifier};
use super::payment_gate::PaymentGate;
use super::relative_date::RelativeDate;
use super::scalar::Amount;
use super::threshold::{DiscountCap, ThresholdBalanceSpecifier};
use crate::entity::ContractProductId;
use crate::id::CreditTypeId;

/// What changes in the commit of a threshold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ThresholdCommitChanges {
    /// Another product.
    pub product_id: Option<ContractProductId>,
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another priority.
    #[serde(default, with = "super::serde_form::change_of")]
    pub priority: Option<Option<Amount>>,
}

/// What changes in the commit of a prepaid balance threshold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PrepaidThresholdCommitChanges {
    /// What changes in what it is charged as.
    pub commit: ThresholdCommitChanges,
    /// Other products.
    #[serde(default, with = "super::serde_form::change_of")]
    pub applicable_product_ids: Option<Option<Vec<ContractProductId>>>,
    /// Other tags.
    #[serde(default, with = "super::serde_form::change_of")]
    pub applicable_product_tags: Option<Option<Vec<String>>>,
    /// Other specifiers.
    #[serde(default, with = "super::serde_form::change_of")]
    pub specifiers: Option<Option<Vec<UsageSpecifier>>>,
    /// Another duration.
    #[serde(default, with = "super::serde_form::change_of")]
    pub duration: Option<Option<RelativeDate>>,
    /// Another rollover fraction.
    #[serde(default, with = "super::serde_form::change_of")]
    pub rollover_fraction: Option<Option<Amount>>,
    /// Other rates.
    #[serde(default, with = "super::serde_form::change_of")]
    pub rate_type: Option<Option<RateChoice>>,
}

/// What changes in a discount. Where there is none yet it has to have a fraction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ThresholdDiscountChanges {
    /// Another share that is paid; `Some(None)` ends the discount, its cap included.
    #[serde(default, with = "super::serde_form::change_of")]
    pub payment_fraction: Option<Option<Amount>>,
    /// Another cap.
    #[serde(default, with = "super::serde_form::change_of")]
    pub cap: Option<Option<DiscountCap>>,
}

/// What changes in a spend threshold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SpendThresholdChanges {
    /// Whether it is looked at from now on.
    pub is_enabled: Option<bool>,
    /// Another amount.
    pub threshold_amount: Option<Amount>,
    /// What changes in the commit.
    pub commit: ThresholdCommitChanges,
    /// How payment is waited for from now on, all of it.
    pub payment_gate: Option<PaymentGate>,
    /// What changes in the discount.
    #[serde(default, with = "super::serde_form::change_of")]
    pub discount: Option<Option<ThresholdDiscountChanges>>,
}

/// What changes in a prepaid balance threshold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PrepaidBalanceThresholdChanges {
    /// Whether it is looked at from now on.
    pub is_enabled: Option<bool>,
    /// Another amount.
    pub threshold_amount: Option<Amount>,
    /// Another amount that the balance is filled up to.
    pub recharge_to_amount: Option<Amount>,
    /// Another credit type.
    #[serde(default, with = "super::serde_form::change_of")]
    pub custom_credit_type_id: Option<Option<CreditTypeId>>,
    /// What changes in the commit.
    pub commit: PrepaidThresholdCommitChanges,
    /// How payment is waited for from now on, all of it.
    pub payment_gate: Option<PaymentGate>,
    /// What changes in the discount.
    #[serde(default, with = "super::serde_form::change_of")]
    pub discount: Option<Option<ThresholdDiscountChanges>>,
    /// Other balances that do not count.
    #[serde(default, with = "super::serde_form::change_of")]
    pub balance_specifiers: Option<Option<Vec<ThresholdBalanceSpecifier>>>,
}
