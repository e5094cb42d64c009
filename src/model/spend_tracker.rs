//! Spend trackers: what was spent in a billing period, by the kind of spending.

use serde::{Deserialize, Serialize};

use super::word::words;
use crate::id::CreditTypeId;

/// The most characters of a spend tracker's alias.
pub const MAX_SPEND_TRACKER_ALIAS_CHARACTERS: usize = 1_000;
/// The most specifiers of a spend tracker.
pub const MAX_SPEND_SPECIFIERS: usize = 1_000;

words! {
    /// When a spend tracker begins at 0 again.
    SpendReset {
        /// With every billing period.
        BillingPeriod "BILLING_PERIOD",
    }
}

words! {
    /// What is spent on.
    SpendType {
        /// Commits.
        CommitPurchase "COMMIT_PURCHASE",
    }
}

words! {
    /// How a commit came about.
    SpendSource {
        /// A threshold was reached.
        ThresholdRecharge "THRESHOLD_RECHARGE",
        /// Somebody made it.
        Manual "MANUAL",
    }
}

words! {
    /// Which spending counts by its discount.
    DiscountedSpend {
        /// All.
        Any "ANY",
        /// What was discounted.
        DiscountedOnly "DISCOUNTED_ONLY",
        /// What was not.
        UndiscountedOnly "UNDISCOUNTED_ONLY",
    }
}

/// Spending that counts on a tracker: all conditions have to hold. Of several specifiers one is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SpendSpecifier {
    /// On what.
    pub spend_type: SpendType,
    /// On what came about in one of these ways, each named once.
    pub sources: Vec<SpendSource>,
    /// By its discount; all where nothing is said.
    pub discounted: Option<DiscountedSpend>,
}

/// What counts a contract's spending. Kept and given back: nothing is counted here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SpendTracker {
    /// Its name, which no other tracker of the contract has: 1 to 1,000 characters.
    pub alias: String,
    /// What it counts in.
    pub credit_type_id: CreditTypeId,
    /// When it begins again.
    pub reset_frequency: SpendReset,
    /// What it counts. The API's `applicable_spend_specifiers`.
    pub specifiers: Vec<SpendSpecifier>,
}
