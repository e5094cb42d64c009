//! Which usage an override is for.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::contract_rate::PayingBalance;
use crate::model::price_override::{OverrideSpecifier, OverrideTerms, OverrideType};
use crate::model::rate::RateSegment;

/// Usage whose rate is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Line<'l> {
    /// The card's rate for it, with the product's tags of the moment.
    pub listed: &'l RateSegment,
    /// What it is shown by.
    pub presentation_group_values: &'l BTreeMap<String, String>,
    /// The commit or credit that pays for it; `None` where none does.
    pub paid_by: Option<PayingBalance>,
}

/// Whether an override is for this usage, whenever it counts.
pub fn is_for(terms: &OverrideTerms, line: &Line<'_>) -> bool {
    if terms.is_commit_specific && line.paid_by.is_none() {
        return false;
    }
    let listed = line.listed;
    if let Some(product) = terms.product_id {
        return product == listed.product_id;
    }
    if !terms.applicable_product_tags.is_empty() {
        return terms.applicable_product_tags.iter().any(|tag| listed.product_tags.contains(tag));
    }
    let exactly = terms.override_type == Some(OverrideType::Overwrite);
    terms.override_specifiers.is_empty()
        || terms.override_specifiers.iter().any(|specifier| fits(specifier, line, exactly))
}

/// Whether all that a specifier says is so; `exactly` where it names all pricing group values or none.
fn fits(specifier: &OverrideSpecifier, line: &Line<'_>, exactly: bool) -> bool {
    let listed = line.listed;
    let all_of = |tags: &[String]| tags.iter().all(|tag| listed.product_tags.contains(tag));
    let groups = &specifier.pricing_group_values;
    let priced = if exactly && !groups.is_empty() {
        *groups == listed.pricing_group_values
    } else {
        is_part_of(groups, &listed.pricing_group_values)
    };
    specifier.product_id.is_none_or(|product| product == listed.product_id)
        && all_of(&specifier.product_tags)
        && priced
        && is_part_of(&specifier.presentation_group_values, line.presentation_group_values)
        && specifier.billing_frequency.is_none_or(|often| listed.billing_frequency == Some(often))
        && names(specifier, line.paid_by)
        && !specifier.exclude.iter().any(|tags| !tags.is_empty() && all_of(tags))
}

fn is_part_of(part: &BTreeMap<String, String>, whole: &BTreeMap<String, String>) -> bool {
    part.iter().all(|(name, value)| whole.get(name) == Some(value))
}

/// Whether a specifier names what pays, or leaves it open.
fn names(specifier: &OverrideSpecifier, paid_by: Option<PayingBalance>) -> bool {
    if !specifier.names_balances() {
        return true;
    }
    let Some(paid_by) = paid_by else { return false };
    let (own, giver) = (Some(paid_by.id()), paid_by.given_by());
    let has = |texts: &[String], id: Option<Uuid>| {
        id.is_some() && texts.iter().any(|text| Uuid::try_parse(text).ok() == id)
    };
    let any = &specifier.any_commit_or_credit_ids;
    let as_commit = match paid_by {
        PayingBalance::Commit { .. } => {
            has(&specifier.commit_ids, own) || has(&specifier.recurring_commit_ids, giver)
        }
        PayingBalance::Credit { .. } => false,
    };
    as_commit || has(any, own) || has(any, giver)
}
