//! Overrides in requests.

use super::applicability::exclude;
use super::body::{Object, amount, flag, map, texts, typed_id, word};
use super::rates::unit_rate;
use super::when::When;
use crate::model::price_override::{OverrideSpecifier, OverrideTerms, OverrideTier, OverwriteRate};

/// An override that is to be made.
pub(super) fn price_override<D: When>(fields: &Object<'_>) -> Option<OverrideTerms<D>> {
    let starting_at = fields.required(D::START, D::read);
    let ending_before = fields.optional(D::END, D::read);
    let entitled = fields.optional("entitled", flag);
    let override_type = fields.optional("type", word);
    let multiplier = fields.optional("multiplier", amount);
    let priority = fields.optional("priority", amount);
    let overwrite_rate = fields.within("overwrite_rate", overwrite_rate);
    let tiers = fields.objects("tiers", tier);
    let product_id = D::in_contract(|| fields.optional("product_id", typed_id));
    let product_tags = D::in_contract(|| fields.optional("applicable_product_tags", texts));
    let specifiers = fields.objects("override_specifiers", specifier);
    let is_commit_specific = fields.optional("is_commit_specific", flag);
    let target = fields.optional("target", word);
    Some(OverrideTerms {
        starting_at: starting_at?,
        ending_before: ending_before?,
        entitled: entitled?,
        override_type: override_type?,
        multiplier: multiplier?,
        priority: priority?,
        overwrite_rate: overwrite_rate?,
        tiers: tiers?,
        product_id: product_id?,
        applicable_product_tags: product_tags?.unwrap_or_default(),
        override_specifiers: specifiers?,
        is_commit_specific: is_commit_specific?.unwrap_or_default(),
        target: target?,
    })
}

fn overwrite_rate(fields: &Object<'_>) -> Option<OverwriteRate> {
    let rate = unit_rate(fields);
    let credit_type_id = fields.optional("credit_type_id", typed_id);
    Some(OverwriteRate { rate: rate?, credit_type_id: credit_type_id? })
}

fn tier(fields: &Object<'_>) -> Option<OverrideTier> {
    let size = fields.optional("size", amount);
    let multiplier = fields.required("multiplier", amount);
    Some(OverrideTier { size: size?, multiplier: multiplier? })
}

fn specifier(fields: &Object<'_>) -> Option<OverrideSpecifier> {
    let product_id = fields.optional("product_id", typed_id);
    let product_tags = fields.optional("product_tags", texts);
    let pricing_group_values = fields.optional("pricing_group_values", map);
    let presentation_group_values = fields.optional("presentation_group_values", map);
    let billing_frequency = fields.optional("billing_frequency", word);
    let commit_ids = fields.optional("commit_ids", texts);
    let recurring_commit_ids = fields.optional("recurring_commit_ids", texts);
    let any_commit_or_credit_ids = fields.optional("any_commit_or_credit_ids", texts);
    let exclude = exclude(fields);
    Some(OverrideSpecifier {
        product_id: product_id?,
        product_tags: product_tags?.unwrap_or_default(),
        pricing_group_values: pricing_group_values?.unwrap_or_default(),
        presentation_group_values: presentation_group_values?.unwrap_or_default(),
        billing_frequency: billing_frequency?,
        commit_ids: commit_ids?.unwrap_or_default(),
        recurring_commit_ids: recurring_commit_ids?.unwrap_or_default(),
        any_commit_or_credit_ids: any_commit_or_credit_ids?.unwrap_or_default(),
        exclude: exclude?,
    })
}
