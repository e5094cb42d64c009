//! What other systems make something of, in requests that make and edit contracts and make packages.

use uuid::Uuid;

use super::body::{Object, amount, fields, list, moment, nullable, text, texts, typed_id, word};
use super::thresholds;
use crate::model::hierarchy::{Hierarchy, HierarchyLink};
use crate::model::provider_configuration::{ConfigurationChoice, DeliveryMethod, ProviderConfiguration};
use crate::model::reseller_royalty::{AwsOptions, GcpOptions, ResellerRoyalty, ResellerRoyaltyChange};
use crate::model::settings::{ContractSettings, SettingsChanges};
use crate::model::spend_tracker::{SpendSpecifier, SpendTracker};
use crate::model::word::Word;

/// The settings of a contract that is to be made. The body's other fields are left to the caller.
pub(super) fn read(body: &Object<'_>) -> Option<ContractSettings> {
    let shared = shared(body);
    let billing_provider =
        body.within("billing_provider_configuration", |fields| configuration(fields, &BILLING));
    let revenue_system =
        body.within("revenue_system_configuration", |fields| configuration(fields, &REVENUE));
    let hierarchy = body.within("hierarchy_configuration", hierarchy);
    let reseller_royalties = body.objects("reseller_royalties", royalty);
    Some(ContractSettings {
        billing_provider: billing_provider?.map(ProviderConfiguration::from),
        revenue_system: revenue_system?.map(ProviderConfiguration::from),
        hierarchy: hierarchy?,
        reseller_royalties: reseller_royalties?,
        ..shared?
    })
}

/// The settings of a package that is to be made. Its provider has no id and stands in the body itself.
pub(super) fn of_package(body: &Object<'_>) -> Option<ContractSettings> {
    let shared = shared(body);
    let provider = body.optional(BILLING.provider, word);
    let delivery_method = body.optional("delivery_method", word);
    let billing_provider = by_provider(body, &BILLING, provider?, delivery_method?);
    Some(ContractSettings { billing_provider: billing_provider?.map(ProviderConfiguration::from), ..shared? })
}

/// What contracts and packages have in common.
fn shared(body: &Object<'_>) -> Option<ContractSettings> {
    let spend_threshold = body.within("spend_threshold_configuration", thresholds::spend);
    let prepaid_balance_threshold =
        body.within("prepaid_balance_threshold_configuration", thresholds::prepaid_balance);
    let spend_trackers = body.objects("spend_trackers", tracker);
    Some(ContractSettings {
        spend_threshold: spend_threshold?,
        prepaid_balance_threshold: prepaid_balance_threshold?,
        spend_trackers: spend_trackers?,
        ..ContractSettings::default()
    })
}

/// What an edit changes in a contract's settings. The body's other fields are left to the caller.
pub(super) fn read_changes(body: &Object<'_>) -> Option<SettingsChanges> {
    let add_spend_threshold = body.within("add_spend_threshold_configuration", thresholds::spend);
    let add_prepaid_balance_threshold =
        body.within("add_prepaid_balance_threshold_configuration", thresholds::prepaid_balance);
    let update_spend_threshold =
        body.within("update_spend_threshold_configuration", thresholds::spend_changes);
    let update_prepaid_balance_threshold =
        body.within("update_prepaid_balance_threshold_configuration", thresholds::prepaid_balance_changes);
    let add_billing_provider =
        body.within("add_billing_provider_configuration_update", |fields| update(fields, &BILLING));
    let add_revenue_system =
        body.within("add_revenue_system_configuration_update", |fields| update(fields, &REVENUE));
    let add_reseller_royalties = body.objects("add_reseller_royalties", royalty_change);
    let add_spend_trackers = body.objects("add_spend_trackers", tracker);
    let archive_spend_trackers = body.optional("archive_spend_trackers", texts);
    Some(SettingsChanges {
        add_spend_threshold: add_spend_threshold?,
        add_prepaid_balance_threshold: add_prepaid_balance_threshold?,
        update_spend_threshold: update_spend_threshold?,
        update_prepaid_balance_threshold: update_prepaid_balance_threshold?,
        add_billing_provider: add_billing_provider?,
        add_revenue_system: add_revenue_system?,
        add_reseller_royalties: add_reseller_royalties?,
        add_spend_trackers: add_spend_trackers?,
        archive_spend_trackers: archive_spend_trackers?.unwrap_or_default(),
    })
}

/// What the fields of a configuration are called.
struct Names {
    /// The configuration itself.
    configuration: &'static str,
    /// Its id.
    id: &'static str,
    /// Whose it is.
    provider: &'static str,
}

const BILLING: Names = Names {
    configuration: "billing_provider_configuration",
    id: "billing_provider_configuration_id",
    provider: "billing_provider",
};
const REVENUE: Names = Names {
    configuration: "revenue_system_configuration",
    id: "revenue_system_configuration_id",
    provider: "provider",
};

/// A configuration that a contract is made with.
fn configuration<I: From<Uuid>, P: Word>(
    fields: &Object<'_>,
    names: &Names,
) -> Option<ConfigurationChoice<I, P>> {
    let id = fields.optional(names.id, typed_id);
    choice(fields, names, id)
}

/// An id, or a provider and a delivery method.
fn choice<I, P: Word>(
    fields: &Object<'_>,
    names: &Names,
    id: Option<Option<I>>,
) -> Option<ConfigurationChoice<I, P>> {
    let provider = fields.optional(names.provider, word);
    let delivery_method = fields.optional("delivery_method", word);
    let besides = |name: &str, there: bool| {
        let rule = format_args!("not allowed here; {} says it", names.id).to_string();
        there.then(|| fields.fault::<()>(name, rule));
    };
    match (id?, provider?, delivery_method?) {
        (Some(id), None, None) => Some(ConfigurationChoice::Id(id)),
        (Some(_), provider, delivery_method) => {
            besides(names.provider, provider.is_some());
            besides("delivery_method", delivery_method.is_some());
            None
        }
        (None, provider, delivery_method) => {
            by_provider(fields, names, provider, delivery_method)?.or_else(|| {
                let rule =
                    format_args!("missing; without it {} and delivery_method are needed", names.provider);
                fields.fault(names.id, rule)
            })
        }
    }
}

/// A provider and a delivery method, of which none is without the other.
fn by_provider<I, P>(
    fields: &Object<'_>,
    names: &Names,
    provider: Option<P>,
    delivery_method: Option<DeliveryMethod>,
) -> Option<Option<ConfigurationChoice<I, P>>> {
    match (provider, delivery_method) {
        (Some(provider), Some(delivery_method)) => {
            Some(Some(ConfigurationChoice::Of { provider, delivery_method }))
        }
        (Some(_), None) => {
            fields.fault("delivery_method", format_args!("missing; it goes with {}", names.provider))
        }
        (None, Some(_)) => fields.fault(names.provider, "missing; it goes with delivery_method"),
        (None, None) => Some(None),
    }
}

/// A configuration that an edit adds. An id may be `null` there.
fn update<I: From<Uuid>, P: Word>(object: &Object<'_>, names: &Names) -> Option<ProviderConfiguration<I, P>> {
    let choice = object.required(names.configuration, |value| {
        fields(value, |fields| {
            let id = fields.optional(names.id, |value| nullable(value, typed_id));
            choice(fields, names, id.map(Option::flatten))
        })
    });
    let effective_at = object
        .required("schedule", |value| fields(value, |schedule| schedule.required("effective_at", word)));
    Some(ProviderConfiguration { choice: choice?, effective_at: Some(effective_at?) })
}

fn hierarchy(hierarchy: &Object<'_>) -> Option<Hierarchy> {
    let parent = hierarchy.within("parent", link);
    let payer = hierarchy.optional("payer", word);
    let usage_statement_behavior = hierarchy.optional("usage_statement_behavior", word);
    let consolidation = hierarchy
        .within("parent_behavior", |behaviour| behaviour.optional("invoice_consolidation_type", word));
    let (parent, payer, behaviour) = (parent?, payer?, usage_statement_behavior?);
    match (parent, consolidation?) {
        (Some(parent), None) => Some(Hierarchy::Child { parent, payer, usage_statement_behavior: behaviour }),
        (Some(_), Some(_)) => {
            hierarchy.fault("parent_behavior", "not allowed here; a contract with a parent is none")
        }
        (None, None) => hierarchy.fault("parent", "missing; without it parent_behavior is needed"),
        (None, Some(invoice_consolidation_type)) => {
            let parent = payer.is_none() && behaviour.is_none();
            for (name, said) in
                [("payer", payer.is_some()), ("usage_statement_behavior", behaviour.is_some())]
            {
                said.then(|| {
                    hierarchy.fault::<()>(name, "not allowed here; it is for contracts with a parent")
                });
            }
            parent.then_some(Hierarchy::Parent { invoice_consolidation_type })
        }
    }
}

fn link(parent: &Object<'_>) -> Option<HierarchyLink> {
    let contract_id = parent.required("contract_id", typed_id);
    let customer_id = parent.required("customer_id", typed_id);
    Some(HierarchyLink { contract_id: contract_id?, customer_id: customer_id? })
}

fn royalty(royalty: &Object<'_>) -> Option<ResellerRoyalty> {
    let reseller_type = royalty.required("reseller_type", word);
    let fraction = royalty.required("fraction", amount);
    let netsuite_reseller_id = royalty.required("netsuite_reseller_id", text);
    let products = royalty.optional("applicable_product_ids", |value| list(value, typed_id));
    let tags = royalty.optional("applicable_product_tags", texts);
    let starting_at = royalty.required("starting_at", moment);
    let ending_before = royalty.optional("ending_before", moment);
    let reseller_contract_value = royalty.optional("reseller_contract_value", amount);
    let (aws, gcp) = marketplaces(royalty);
    Some(ResellerRoyalty {
        reseller_type: reseller_type?,
        fraction: fraction?,
        netsuite_reseller_id: netsuite_reseller_id?,
        applicable_product_ids: products?.unwrap_or_default(),
        applicable_product_tags: tags?.unwrap_or_default(),
        starting_at: starting_at?,
        ending_before: ending_before?,
        reseller_contract_value: reseller_contract_value?,
        aws: aws?,
        gcp: gcp?,
    })
}

fn royalty_change(royalty: &Object<'_>) -> Option<ResellerRoyaltyChange> {
    let reseller_type = royalty.required("reseller_type", word);
    let fraction = royalty.optional("fraction", amount);
    let netsuite_reseller_id = royalty.optional("netsuite_reseller_id", text);
    let products = royalty.optional("applicable_product_ids", |value| list(value, typed_id));
    let tags = royalty.optional("applicable_product_tags", texts);
    let starting_at = royalty.optional("starting_at", moment);
    let ending_before = royalty.optional("ending_before", |value| nullable(value, moment));
    let reseller_contract_value = royalty.optional("reseller_contract_value", amount);
    let (aws, gcp) = marketplaces(royalty);
    Some(ResellerRoyaltyChange {
        reseller_type: reseller_type?,
        fraction: fraction?,
        netsuite_reseller_id: netsuite_reseller_id?,
        applicable_product_ids: products?,
        applicable_product_tags: tags?,
        starting_at: starting_at?,
        ending_before: ending_before?,
        reseller_contract_value: reseller_contract_value?,
        aws: aws?,
        gcp: gcp?,
    })
}

/// What marketplaces call things, each of them where it could be read.
fn marketplaces(royalty: &Object<'_>) -> (Option<AwsOptions>, Option<GcpOptions>) {
    let aws = royalty.within("aws_options", |aws| {
        let account_number = aws.optional("aws_account_number", text);
        let payer_reference_id = aws.optional("aws_payer_reference_id", text);
        let offer_id = aws.optional("aws_offer_id", text);
        Some(AwsOptions {
            account_number: account_number?,
            payer_reference_id: payer_reference_id?,
            offer_id: offer_id?,
        })
    });
    let gcp = royalty.within("gcp_options", |gcp| {
        let account_id = gcp.optional("gcp_account_id", text);
        let offer_id = gcp.optional("gcp_offer_id", text);
        Some(GcpOptions { account_id: account_id?, offer_id: offer_id? })
    });
    (aws.map(Option::unwrap_or_default), gcp.map(Option::unwrap_or_default))
}

fn tracker(tracker: &Object<'_>) -> Option<SpendTracker> {
    let alias = tracker.required("alias", text);
    let credit_type_id = tracker.required("credit_type_id", typed_id);
    let reset_frequency = tracker.required("reset_frequency", word);
    let specifiers = tracker
        .required("applicable_spend_specifiers", |value| list(value, |value| fields(value, spend_specifier)));
    Some(SpendTracker {
        alias: alias?,
        credit_type_id: credit_type_id?,
        reset_frequency: reset_frequency?,
        specifiers: specifiers?,
    })
}

fn spend_specifier(specifier: &Object<'_>) -> Option<SpendSpecifier> {
    let spend_type = specifier.required("spend_type", word);
    let sources = specifier.required("sources", |value| list(value, word));
    let discounted = specifier.optional("discounted", word);
    Some(SpendSpecifier { spend_type: spend_type?, sources: sources?, discounted: discounted? })
}

#[cfg(test)]
mod tests;
