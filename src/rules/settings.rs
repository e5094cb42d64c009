//! What a contract's settings need, and what they are after an edit.

use super::threshold::{Threshold as _, product_list};
use super::threshold_change::ThresholdChanges;
use super::{reseller_royalty, spend_tracker};
use crate::entity::EntityRef;
use crate::error::{Fault, FieldProblem};
use crate::model::hierarchy::Hierarchy;
use crate::model::provider_configuration::{
    BillingProvider, ConfigurationChoice, DeliveryMethod, ProviderConfiguration,
};
use crate::model::settings::{ContractSettings, SettingsChanges};
use crate::model::spend_tracker::SpendTracker;
use crate::model::threshold::ThresholdDiscount;

const SPEND: &str = "spend_threshold_configuration";
const PREPAID: &str = "prepaid_balance_threshold_configuration";

impl ContractSettings {
    /// Everything that is wrong with the settings of a new contract in themselves.
    pub(crate) fn check(&self) -> Vec<Fault> {
        let trackers = &self.spend_trackers;
        let mut faults = Vec::new();
        if let Some(threshold) = &self.spend_threshold {
            faults.extend(threshold.faults(&format!("{SPEND}."), trackers));
        }
        if let Some(threshold) = &self.prepaid_balance_threshold {
            faults.extend(threshold.faults(&format!("{PREPAID}."), trackers));
        }
        faults.extend(self.provider_faults());
        faults.extend(reseller_royalty::faults("reseller_royalties", &self.reseller_royalties));
        faults.extend(spend_tracker::faults("spend_trackers", trackers, &[]));
        faults
    }

    /// What they name, and in which fields of the request that makes a contract.
    pub(crate) fn references(&self) -> Vec<(String, EntityRef)> {
        let mut named = Vec::new();
        if let Some(threshold) = &self.spend_threshold {
            named.extend(threshold.references(&format!("{SPEND}.")));
        }
        if let Some(threshold) = &self.prepaid_balance_threshold {
            named.extend(threshold.references(&format!("{PREPAID}.")));
        }
        if let Some(Hierarchy::Child { parent, .. }) = self.hierarchy {
            let field = |name: &str| format!("hierarchy_configuration.parent.{name}");
            named.push((field("contract_id"), parent.contract_id.into()));
            named.push((field("customer_id"), parent.customer_id.into()));
        }
        for (place, royalty) in self.reseller_royalties.iter().enumerate() {
            let at = format!("reseller_royalties[{place}].");
            named.extend(product_list(&at, &royalty.applicable_product_ids));
        }
        named
    }

    /// A contract is made with fewer providers and delivery methods than an edit can add.
    fn provider_faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(configuration) = &self.billing_provider {
            let at = "billing_provider_configuration.";
            faults.extend(start_fault(at, configuration));
            faults.extend(provider_fault(&configuration.choice));
        }
        if let Some(configuration) = &self.revenue_system {
            let at = "revenue_system_configuration.";
            faults.extend(start_fault(at, configuration));
            if let ConfigurationChoice::Of { delivery_method, .. } = configuration.choice {
                let rule = "a contract's revenue system is told by direct_to_billing_provider";
                let problem = FieldProblem::Value { value: delivery_method.to_string(), rule };
                let wrong = delivery_method != DeliveryMethod::DirectToBillingProvider;
                faults.extend(wrong.then(|| problem.at(format!("{at}delivery_method"))));
            }
        }
        faults
    }
}

fn start_fault<I, P>(at: &str, configuration: &ProviderConfiguration<I, P>) -> Option<Fault> {
    configuration.effective_at.map(|_| {
        let rule = "what a contract is made with holds from its start";
        FieldProblem::NotAllowed { rule }.at(format!("{at}schedule.effective_at"))
    })
}

fn provider_fault<I>(choice: &ConfigurationChoice<I, BillingProvider>) -> Option<Fault> {
    use BillingProvider::{AwsMarketplace, AzureMarketplace, GcpMarketplace, Netsuite, Stripe};
    let ConfigurationChoice::Of { provider, .. } = choice else { return None };
    let known = [AwsMarketplace, AzureMarketplace, GcpMarketplace, Stripe, Netsuite].contains(provider);
    (!known).then(|| {
        let rule =
            "a contract is made with aws_marketplace, azure_marketplace, gcp_marketplace, stripe or netsuite";
        let value = provider.to_string();
        FieldProblem::Value { value, rule }.at("billing_provider_configuration.billing_provider")
    })
}

impl SettingsChanges {
    /// The settings afterwards; every fault of the changes where they cannot be made.
    pub(crate) fn apply(&self, before: &ContractSettings) -> Result<ContractSettings, Vec<Fault>> {
        let mut faults = Vec::new();
        let spend_trackers = spend_tracker::after(self, before, &mut faults);
        let spend = self.threshold(
            SPEND,
            before.spend_threshold.as_ref(),
            self.add_spend_threshold.as_ref(),
            self.update_spend_threshold.as_ref(),
            &spend_trackers,
            &mut faults,
        );
        let prepaid = self.threshold(
            PREPAID,
            before.prepaid_balance_threshold.as_ref(),
            self.add_prepaid_balance_threshold.as_ref(),
            self.update_prepaid_balance_threshold.as_ref(),
            &spend_trackers,
            &mut faults,
        );
        let (billing, revenue) = (&before.billing_provider, &before.revenue_system);
        let after = ContractSettings {
            spend_threshold: spend,
            prepaid_balance_threshold: prepaid,
            billing_provider: added("billing_provider", billing, &self.add_billing_provider, &mut faults),
            revenue_system: added("revenue_system", revenue, &self.add_revenue_system, &mut faults),
            hierarchy: before.hierarchy,
            reseller_royalties: reseller_royalty::after(
                &self.add_reseller_royalties,
                &before.reseller_royalties,
                &mut faults,
            ),
            spend_trackers,
        };
        if faults.is_empty() { Ok(after) } else { Err(faults) }
    }

    /// What the changes name, and in which fields of the request that edits a contract.
    pub(crate) fn references(&self) -> Vec<(String, EntityRef)> {
        let mut named = Vec::new();
        if let Some(threshold) = &self.add_spend_threshold {
            named.extend(threshold.references(&format!("add_{SPEND}.")));
        }
        if let Some(threshold) = &self.add_prepaid_balance_threshold {
            named.extend(threshold.references(&format!("add_{PREPAID}.")));
        }
        if let Some(changes) = &self.update_spend_threshold {
            let product = changes.commit.product_id;
            named.extend(product.map(|id| (format!("update_{SPEND}.commit.product_id"), id.into())));
        }
        if let Some(changes) = &self.update_prepaid_balance_threshold {
            named.extend(changes.references(&format!("update_{PREPAID}.commit.")));
        }
        for (place, change) in self.add_reseller_royalties.iter().enumerate() {
            let at = format!("add_reseller_royalties[{place}].");
            let products = change.applicable_product_ids.as_deref().unwrap_or_default();
            named.extend(product_list(&at, products));
        }
        named
    }

    /// The threshold afterwards, in a contract that has these trackers then.
    fn threshold<C: ThresholdChanges>(
        &self,
        name: &str,
        before: Option<&C::Of>,
        add: Option<&C::Of>,
        update: Option<&C>,
        trackers: &[SpendTracker],
        faults: &mut Vec<Fault>,
    ) -> Option<C::Of> {
        if let Some(add) = add {
            let rule = "the contract has one, which can be updated";
            let there = before.map(|_| FieldProblem::NotAllowed { rule }.at(format!("add_{name}")));
            faults.extend(there);
            faults.extend(add.faults(&format!("add_{name}."), trackers));
        }
        match (before, update) {
            (None, None) => add.cloned(),
            (None, Some(_)) => {
                let rule = "the contract has none yet that could be updated";
                faults.push(FieldProblem::NotAllowed { rule }.at(format!("update_{name}")));
                None
            }
            (Some(before), None) => {
                faults.extend(self.untracked(before.discount(), trackers));
                Some(before.clone())
            }
            (Some(before), Some(update)) => {
                let at = format!("update_{name}.");
                let (after, wrong) = update.changed(&at, before);
                faults.extend(wrong);
                faults.extend(after.faults(&at, trackers));
                Some(after)
            }
        }
    }

    /// The fault of archiving the tracker of a discount that the changes do not speak of.
    fn untracked(&self, discount: Option<&ThresholdDiscount>, after: &[SpendTracker]) -> Option<Fault> {
        let alias = &discount?.cap.as_ref()?.spend_tracker_alias;
        if after.iter().any(|tracker| tracker.alias == *alias) {
            return None;
        }
        let place = self.archive_spend_trackers.iter().position(|archived| archived == alias)?;
        let rule = "the cap of a discount is measured by it";
        let problem = FieldProblem::Value { value: alias.clone(), rule };
        Some(problem.at(format!("archive_spend_trackers[{place}]")))
    }
}

/// The configuration afterwards.
fn added<I: Copy, P: Copy>(
    kind: &str,
    before: &Option<ProviderConfiguration<I, P>>,
    add: &Option<ProviderConfiguration<I, P>>,
    faults: &mut Vec<Fault>,
) -> Option<ProviderConfiguration<I, P>> {
    let Some(add) = add else { return *before };
    let field = format!("add_{kind}_configuration_update");
    if before.is_some() {
        let rule = "the contract has such a configuration already";
        faults.push(FieldProblem::NotAllowed { rule }.at(field.as_str()));
    }
    if add.effective_at.is_none() {
        let rule = "what an edit adds says from when on it holds";
        faults.push(FieldProblem::Missing { rule }.at(format!("{field}.schedule.effective_at")));
    }
    Some(*add)
}
