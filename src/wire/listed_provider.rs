//! Which configurations of a customer a contract is handled with, as contracts and their edits answer it.

use serde::Serialize;
use uuid::Uuid;

use super::answer::timestamp;
use crate::entity::CustomerId;
use crate::id::{BillingProviderConfigurationId, RevenueSystemConfigurationId};
use crate::model::provider_configuration::{
    BillingProvider, BillingProviderConfiguration, ConfigurationChoice, ConfigurationStart, DeliveryMethod,
    RevenueSystem, RevenueSystemConfiguration,
};
use crate::model::scalar::Time;

/// A configuration of a customer's, as far as it is known here: its id, or its provider and delivery method. All else
/// that the API promises is there for its readers and says nothing: an id of nought, or an empty object.
#[derive(Clone, Serialize)]
pub(super) struct BillingConfiguration {
    id: BillingProviderConfigurationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_provider: Option<BillingProvider>,
    customer_id: CustomerId,
    configuration: Nothing,
    delivery_method_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_method: Option<DeliveryMethod>,
    delivery_method_configuration: Nothing,
    /// Always `null`: nothing archives a configuration here.
    archived_at: Option<String>,
}

/// An empty object.
#[derive(Clone, Serialize)]
struct Nothing {}

/// From when on a configuration is in force, where that is known: an edit says it by usage periods.
#[derive(Serialize)]
pub(super) struct BillingSegment {
    billing_provider_configuration: BillingConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<String>,
}

#[derive(Serialize)]
pub(super) struct RevenueConfiguration {
    id: RevenueSystemConfigurationId,
    customer_id: CustomerId,
    configuration: Nothing,
    delivery_method_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<RevenueSystem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_method: Option<DeliveryMethod>,
}

#[derive(Serialize)]
pub(super) struct RevenueSegment {
    revenue_system_configuration: RevenueConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<String>,
}

#[derive(Serialize)]
pub(super) struct BillingUpdate {
    billing_provider_configuration: AskedBilling,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Start>,
}

#[derive(Serialize)]
struct AskedBilling {
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_provider_configuration_id: Option<BillingProviderConfigurationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_provider: Option<BillingProvider>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_method: Option<DeliveryMethod>,
}

#[derive(Serialize)]
pub(super) struct RevenueUpdate {
    revenue_system_configuration: AskedRevenue,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Start>,
}

#[derive(Serialize)]
struct AskedRevenue {
    #[serde(skip_serializing_if = "Option::is_none")]
    revenue_system_configuration_id: Option<RevenueSystemConfigurationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<RevenueSystem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_method: Option<DeliveryMethod>,
}

#[derive(Serialize)]
struct Start {
    effective_at: ConfigurationStart,
}

/// From the contract's start, where no edit says otherwise.
fn start(by_edit: Option<ConfigurationStart>, starting_at: Time) -> Option<String> {
    by_edit.is_none().then(|| timestamp(starting_at))
}

impl BillingSegment {
    pub(super) fn of(
        configuration: BillingProviderConfiguration,
        customer: CustomerId,
        starting_at: Time,
    ) -> Self {
        Self {
            billing_provider_configuration: BillingConfiguration::of(configuration, customer),
            effective_at: start(configuration.effective_at, starting_at),
        }
    }

    pub(super) fn configuration(&self) -> BillingConfiguration {
        self.billing_provider_configuration.clone()
    }
}

impl RevenueSegment {
    pub(super) fn of(
        configuration: RevenueSystemConfiguration,
        customer: CustomerId,
        starting_at: Time,
    ) -> Self {
        Self {
            revenue_system_configuration: RevenueConfiguration::of(configuration, customer),
            effective_at: start(configuration.effective_at, starting_at),
        }
    }
}

/// The id, or the provider and the delivery method.
fn parts<I, P>(choice: ConfigurationChoice<I, P>) -> (Option<I>, Option<P>, Option<DeliveryMethod>) {
    match choice {
        ConfigurationChoice::Id(id) => (Some(id), None, None),
        ConfigurationChoice::Of { provider, delivery_method } => {
            (None, Some(provider), Some(delivery_method))
        }
    }
}

impl BillingConfiguration {
    fn of(configuration: BillingProviderConfiguration, customer_id: CustomerId) -> Self {
        let (id, billing_provider, delivery_method) = parts(configuration.choice);
        Self {
            id: id.unwrap_or_else(|| Uuid::nil().into()),
            billing_provider,
            customer_id,
            configuration: Nothing {},
            delivery_method_id: Uuid::nil(),
            delivery_method,
            delivery_method_configuration: Nothing {},
            archived_at: None,
        }
    }
}

impl RevenueConfiguration {
    fn of(configuration: RevenueSystemConfiguration, customer_id: CustomerId) -> Self {
        let (id, provider, delivery_method) = parts(configuration.choice);
        Self {
            id: id.unwrap_or_else(|| Uuid::nil().into()),
            customer_id,
            configuration: Nothing {},
            delivery_method_id: Uuid::nil(),
            provider,
            delivery_method,
        }
    }
}

impl BillingUpdate {
    pub(super) fn of(configuration: BillingProviderConfiguration) -> Self {
        let (id, billing_provider, delivery_method) = parts(configuration.choice);
        Self {
            billing_provider_configuration: AskedBilling {
                billing_provider_configuration_id: id,
                billing_provider,
                delivery_method,
            },
            schedule: configuration.effective_at.map(|effective_at| Start { effective_at }),
        }
    }
}

impl RevenueUpdate {
    pub(super) fn of(configuration: RevenueSystemConfiguration) -> Self {
        let (id, provider, delivery_method) = parts(configuration.choice);
        Self {
            revenue_system_configuration: AskedRevenue {
                revenue_system_configuration_id: id,
                provider,
                delivery_method,
            },
            schedule: configuration.effective_at.map(|effective_at| Start { effective_at }),
        }
    }
}
