//! Which of a customer's configurations for invoicing and for revenue a contract is handled with.

use serde::{Deserialize, Serialize};

use super::word::words;
use crate::id::{BillingProviderConfigurationId, RevenueSystemConfigurationId};

words! {
    /// Who sends invoices and collects payments. A contract is made with one of the first five; an edit may name
    /// any.
    BillingProvider {
        /// The marketplace of AWS.
        AwsMarketplace "aws_marketplace",
        /// The marketplace of Azure.
        AzureMarketplace "azure_marketplace",
        /// The marketplace of GCP.
        GcpMarketplace "gcp_marketplace",
        /// Stripe.
        Stripe "stripe",
        /// NetSuite.
        Netsuite "netsuite",
        /// A system of the caller's own.
        Custom "custom",
        /// QuickBooks Online.
        QuickbooksOnline "quickbooks_online",
        /// Workday.
        Workday "workday",
        /// Metronome itself.
        Metronome "metronome",
    }
}

words! {
    /// Who keeps account of revenue.
    RevenueSystem {
        /// NetSuite.
        Netsuite "netsuite",
    }
}

words! {
    /// How a provider is given what it needs. A contract's revenue system is told directly; an edit may name any.
    DeliveryMethod {
        /// By its own interface.
        DirectToBillingProvider "direct_to_billing_provider",
        /// By a queue of AWS.
        AwsSqs "aws_sqs",
        /// By Tackle.
        Tackle "tackle",
        /// By a topic of AWS.
        AwsSns "aws_sns",
    }
}

words! {
    /// From when on a configuration that an edit adds is in force.
    ConfigurationStart {
        /// From the start of the usage period that the edit is made in.
        CurrentPeriod "START_OF_CURRENT_PERIOD",
        /// From the start of the one after it.
        NextPeriod "START_OF_NEXT_PERIOD",
    }
}

/// How a customer's configuration is named. Whether the customer has it is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ConfigurationChoice<I, P> {
    /// The one with this id.
    Id(I),
    /// The one of this provider with this delivery method.
    Of {
        /// The provider.
        provider: P,
        /// The delivery method.
        delivery_method: DeliveryMethod,
    },
}

/// A configuration that a contract is handled with, and from when on. Kept and given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ProviderConfiguration<I, P> {
    /// Which.
    pub choice: ConfigurationChoice<I, P>,
    /// From when on: what an edit adds says it, what a contract is made with is `None` and holds from its start.
    pub effective_at: Option<ConfigurationStart>,
}

impl<I, P> From<ConfigurationChoice<I, P>> for ProviderConfiguration<I, P> {
    /// The configuration from the contract's start on.
    fn from(choice: ConfigurationChoice<I, P>) -> Self {
        Self { choice, effective_at: None }
    }
}

/// Who sends a contract's invoices. The API's `billing_provider_configuration`.
pub type BillingProviderConfiguration =
    ProviderConfiguration<BillingProviderConfigurationId, BillingProvider>;
/// Who keeps account of a contract's revenue. The API's `revenue_system_configuration`.
pub type RevenueSystemConfiguration = ProviderConfiguration<RevenueSystemConfigurationId, RevenueSystem>;
