//! What a contract says of payments and of other contracts, which has no meaning here: checked for shape, kept and
//! given back.

use serde::{Deserialize, Serialize};

use super::hierarchy::Hierarchy;
use super::provider_configuration::{BillingProviderConfiguration, RevenueSystemConfiguration};
use super::reseller_royalty::{ResellerRoyalty, ResellerRoyaltyChange};
use super::spend_tracker::SpendTracker;
use super::threshold::{PrepaidBalanceThreshold, SpendThreshold};
use super::threshold_change::{PrepaidBalanceThresholdChanges, SpendThresholdChanges};

/// The most reseller royalties of a contract.
pub const MAX_RESELLER_ROYALTIES: usize = 1_000;
/// The most spend trackers of a contract.
pub const MAX_SPEND_TRACKERS: usize = 1_000;

/// What is kept of a contract because other systems make something of it. Source: `metronome-api.md` §6.1.
///
/// ```
/// use billfold::{BillingProvider, ConfigurationChoice, ContractSettings, DeliveryMethod};
///
/// let stripe = ConfigurationChoice::Of {
///     provider: BillingProvider::Stripe,
///     delivery_method: DeliveryMethod::DirectToBillingProvider,
/// };
/// let settings = ContractSettings { billing_provider: Some(stripe.into()), ..Default::default() };
/// assert!(settings.spend_threshold.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ContractSettings {
    /// A charge when usage comes to an amount.
    pub spend_threshold: Option<SpendThreshold>,
    /// A charge when a prepaid balance sinks to an amount.
    pub prepaid_balance_threshold: Option<PrepaidBalanceThreshold>,
    /// Who sends its invoices.
    pub billing_provider: Option<BillingProviderConfiguration>,
    /// Who keeps account of its revenue.
    pub revenue_system: Option<RevenueSystemConfiguration>,
    /// Which contracts are above and below it.
    pub hierarchy: Option<Hierarchy>,
    /// What marketplaces keep: up to 1,000.
    pub reseller_royalties: Vec<ResellerRoyalty>,
    /// What counts its spending: up to 1,000, each with an alias of its own.
    pub spend_trackers: Vec<SpendTracker>,
}

/// What an edit changes in a contract's settings. Source: `metronome-api.md` §6.5.
///
/// What is added must not be there yet, and what is updated or archived has to be. The settings afterwards follow
/// the rules of new ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SettingsChanges {
    /// A spend threshold, where there is none yet.
    pub add_spend_threshold: Option<SpendThreshold>,
    /// A prepaid balance threshold, where there is none yet.
    pub add_prepaid_balance_threshold: Option<PrepaidBalanceThreshold>,
    /// Changes of the spend threshold.
    pub update_spend_threshold: Option<SpendThresholdChanges>,
    /// Changes of the prepaid balance threshold.
    pub update_prepaid_balance_threshold: Option<PrepaidBalanceThresholdChanges>,
    /// Who sends its invoices, where nobody does yet. It says from when on.
    pub add_billing_provider: Option<BillingProviderConfiguration>,
    /// Who keeps account of its revenue, where nobody does yet. It says from when on.
    pub add_revenue_system: Option<RevenueSystemConfiguration>,
    /// More reseller royalties, and changes of those there are, in this order.
    pub add_reseller_royalties: Vec<ResellerRoyaltyChange>,
    /// More spend trackers.
    pub add_spend_trackers: Vec<SpendTracker>,
    /// The aliases of spend trackers that go, each once. They go before others come, so that an alias can stay.
    pub archive_spend_trackers: Vec<String>,
}

impl SettingsChanges {
    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
