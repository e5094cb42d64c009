//! What usage a commit or credit is for, in requests and in answers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::body::{Object, list, map, texts, typed_id};
use crate::entity::ContractProductId;
use crate::model::balance::{Applicability, UsageSpecifier};

/// The fields of an object that say what usage it is for.
pub(super) fn applies_to(fields: &Object<'_>) -> Option<Applicability> {
    let product_ids = fields.optional("applicable_product_ids", |value| list(value, typed_id));
    let product_tags = fields.optional("applicable_product_tags", texts);
    let specifiers = fields.objects("specifiers", specifier);
    Some(Applicability {
        product_ids: product_ids?.unwrap_or_default(),
        product_tags: product_tags?.unwrap_or_default(),
        specifiers: specifiers?,
    })
}

pub(super) fn specifier(fields: &Object<'_>) -> Option<UsageSpecifier> {
    let product_id = fields.optional("product_id", typed_id);
    let product_tags = fields.optional("product_tags", texts);
    let pricing_group_values = fields.optional("pricing_group_values", map);
    let presentation_group_values = fields.optional("presentation_group_values", map);
    let exclude = exclude(fields);
    Some(UsageSpecifier {
        product_id: product_id?,
        product_tags: product_tags?.unwrap_or_default(),
        pricing_group_values: pricing_group_values?.unwrap_or_default(),
        presentation_group_values: presentation_group_values?.unwrap_or_default(),
        exclude: exclude?,
    })
}

/// What a specifier leaves out. The API lets an exclusion say nothing, which could only mean everything or nothing.
pub(super) fn exclude(fields: &Object<'_>) -> Option<Vec<Vec<String>>> {
    fields.objects("exclude", |fields| fields.required("product_tags", texts))
}

/// What usage a commit or credit is for. What nobody said is left out.
#[derive(Serialize)]
pub(super) struct ListedApplicability {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applicable_product_ids: Vec<ContractProductId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applicable_product_tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    specifiers: Vec<ListedSpecifier>,
}

#[derive(Serialize)]
pub(super) struct ListedSpecifier {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<ContractProductId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pricing_group_values: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    presentation_group_values: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<ListedExclusion>,
}

#[derive(Serialize)]
pub(super) struct ListedExclusion {
    product_tags: Vec<String>,
}

impl ListedExclusion {
    pub(super) fn of_all(exclude: &[Vec<String>]) -> Vec<Self> {
        exclude.iter().map(|tags| Self { product_tags: tags.clone() }).collect()
    }
}

impl ListedApplicability {
    pub(super) fn of(applies_to: &Applicability) -> Self {
        Self {
            applicable_product_ids: applies_to.product_ids.clone(),
            applicable_product_tags: applies_to.product_tags.clone(),
            specifiers: applies_to.specifiers.iter().map(ListedSpecifier::of).collect(),
        }
    }
}

impl ListedSpecifier {
    pub(super) fn of(specifier: &UsageSpecifier) -> Self {
        Self {
            product_id: specifier.product_id,
            product_tags: specifier.product_tags.clone(),
            pricing_group_values: specifier.pricing_group_values.clone(),
            presentation_group_values: specifier.presentation_group_values.clone(),
            exclude: ListedExclusion::of_all(&specifier.exclude),
        }
    }
}
