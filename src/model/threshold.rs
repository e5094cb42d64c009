//! Thresholds: charges that are made when what was spent, or what is left, comes to an amount.

use serde::{Deserialize, Serialize};

use super::balance::{Applicability, RateChoice};
use super::payment_gate::PaymentGate;
use super::relative_date::RelativeDate;
use super::scalar::Amount;
use super::word::words;
use crate::entity::ContractProductId;
use crate::id::CreditTypeId;

/// The most specifiers of balances that do not count, of exclusions of one, and of filters of one exclusion.
pub const MAX_BALANCE_SPECIFIERS: usize = 1_000;

/// The commit that a charge at a threshold is paid as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ThresholdCommit {
    /// The product that it is charged and shown as.
    pub product_id: ContractProductId,
    /// What invoices call it: up to 1,000 characters. The product's name where nothing is said.
    pub name: Option<String>,
    /// What it is for: up to 10,000 characters.
    pub description: Option<String>,
    /// Of several that could pay, the lowest goes first; 100 where nothing is said.
    pub priority: Option<Amount>,
}

impl ThresholdCommit {
    /// A commit that says nothing but its product.
    #[must_use]
    pub const fn new(product_id: ContractProductId) -> Self {
        Self { product_id, name: None, description: None, priority: None }
    }
}

/// The commit that fills a prepaid balance up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PrepaidThresholdCommit {
    /// What it is charged as.
    pub commit: ThresholdCommit,
    /// How long it can be drawn from; a year where nothing is said.
    pub duration: Option<RelativeDate>,
    /// What share of an unused rest goes on to the contract that renews this one: 0 to 1.
    pub rollover_fraction: Option<Amount>,
    /// At which rates usage draws from it.
    pub rate_type: Option<RateChoice>,
    /// What usage it is for.
    pub applies_to: Applicability,
}

impl PrepaidThresholdCommit {
    /// A commit for all usage, for a year.
    #[must_use]
    pub fn new(product_id: ContractProductId) -> Self {
        Self {
            commit: ThresholdCommit::new(product_id),
            duration: None,
            rollover_fraction: None,
            rate_type: None,
            applies_to: Applicability::default(),
        }
    }
}

/// Until how much a discount is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct DiscountCap {
    /// The alias of the contract's [spend tracker](crate::SpendTracker) that counts what was spent.
    pub spend_tracker_alias: String,
    /// From how much on there is no discount any more: 0 or more.
    pub amount: Amount,
}

/// What of a charge at a threshold is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ThresholdDiscount {
    /// The share that is paid: 0 to 1. At 0.85 it is fifteen per cent off.
    pub payment_fraction: Amount,
    /// Until how much; without an end where nothing is said.
    pub cap: Option<DiscountCap>,
}

words! {
    /// What kind of balance has a custom field.
    BalanceEntity {
        /// A commit.
        Commit "Commit",
        /// A credit.
        Credit "ContractCredit",
        /// Either.
        CreditOrCommit "ContractCreditOrCommit",
    }
}

/// Balances with a value of a custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct BalanceFieldFilter {
    /// What they are.
    pub entity: BalanceEntity,
    /// The key: 1 to 100 characters. It need not be registered.
    pub key: String,
    /// The value: up to 200 characters.
    pub value: String,
}

/// Which balances do not count: those that one of these exclusions is about, which is those that all of its
/// filters fit. Each list has up to 1,000 items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ThresholdBalanceSpecifier {
    /// The exclusions.
    pub exclude: Vec<Vec<BalanceFieldFilter>>,
}

/// A charge each time that usage comes to an amount. The API's `spend_threshold_configuration`. Kept and given
/// back: nothing is charged here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SpendThreshold {
    /// Whether it is looked at.
    pub is_enabled: bool,
    /// How much: 0 or more.
    pub threshold_amount: Amount,
    /// What is charged.
    pub commit: ThresholdCommit,
    /// How its payment is waited for.
    pub payment_gate: PaymentGate,
    /// What of it is paid; all where nothing is said. The API's `discount_configuration`.
    pub discount: Option<ThresholdDiscount>,
}

/// A charge each time that a prepaid balance sinks to an amount. The API's
/// `prepaid_balance_threshold_configuration`. Kept and given back: nothing is charged here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PrepaidBalanceThreshold {
    /// Whether it is looked at.
    pub is_enabled: bool,
    /// How much: 0 or more.
    pub threshold_amount: Amount,
    /// To how much the balance is filled up: more than the threshold.
    pub recharge_to_amount: Amount,
    /// What both amounts are in; the currency where nothing is said.
    pub custom_credit_type_id: Option<CreditTypeId>,
    /// What is charged.
    pub commit: PrepaidThresholdCommit,
    /// How its payment is waited for.
    pub payment_gate: PaymentGate,
    /// What of it is paid; all where nothing is said. The API's `discount_configuration`.
    pub discount: Option<ThresholdDiscount>,
    /// Which balances do not count; all do where nothing is said. The API's `threshold_balance_specifiers`.
    pub balance_specifiers: Vec<ThresholdBalanceSpecifier>,
}
