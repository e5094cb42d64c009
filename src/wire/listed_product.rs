//! A product as the calls that read one answer it. What nobody said is left out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{number, timestamp};
use crate::entity::{BillableMetricId, ContractProductId};
use crate::model::product::{
    CompositeScope, ConversionOperation, Product, ProductChanges, ProductState, ProductType, ProductUpdate,
    QuantityConversion, QuantityRounding, RoundingMethod, SqlBreakdownGranularity,
};

/// Who is said to have made what nobody in particular made.
pub(super) const NOBODY: &str = "system";

#[derive(Serialize)]
pub(super) struct ListedProduct {
    id: ContractProductId,
    #[serde(rename = "type")]
    product_type: ProductType,
    archived_at: Option<String>,
    initial: Listed,
    current: Listed,
    updates: Vec<Listed>,
    custom_fields: BTreeMap<String, String>,
}

/// A state, or an update with the fields it changes.
#[derive(Serialize)]
struct Listed {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_at: Option<String>,
    created_at: String,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    billable_metric_id: Option<BillableMetricId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    composite_product_ids: Option<Vec<ContractProductId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    composite_tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pricing_group_key: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presentation_group_key: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity_conversion: Option<Option<Conversion>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity_rounding: Option<Option<Rounding>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_free_usage: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_composite_spend: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    composite_scope: Option<CompositeScope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_refundable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql_breakdown_granularity: Option<SqlBreakdownGranularity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_internal_item_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_overage_item_id: Option<String>,
}

#[derive(Serialize)]
struct Conversion {
    conversion_factor: Option<Box<RawValue>>,
    operation: ConversionOperation,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize)]
struct Rounding {
    rounding_method: RoundingMethod,
    decimal_places: u32,
}

impl ListedProduct {
    pub(super) fn of(product: Product) -> Self {
        Self {
            id: product.id,
            product_type: product.product_type,
            archived_at: product.archived_at.map(timestamp),
            initial: Listed::state(product.initial),
            current: Listed::state(product.current),
            updates: product.updates.into_iter().map(Listed::update).collect(),
            custom_fields: product.custom_fields,
        }
    }
}

impl Listed {
    fn state(state: ProductState) -> Self {
        let changes = ProductChanges {
            name: Some(state.name),
            billable_metric_id: state.billable_metric_id,
            composite_product_ids: some(state.composite_product_ids),
            composite_tags: some(state.composite_tags),
            tags: some(state.tags),
            pricing_group_key: some(state.pricing_group_key),
            presentation_group_key: some(state.presentation_group_key),
            quantity_conversion: state.quantity_conversion.map(Some),
            quantity_rounding: state.quantity_rounding.map(Some),
            exclude_free_usage: state.exclude_free_usage,
            include_composite_spend: state.include_composite_spend,
            is_refundable: state.is_refundable,
            sql_breakdown_granularity: state.sql_breakdown_granularity,
            netsuite_internal_item_id: state.netsuite_internal_item_id,
            netsuite_overage_item_id: state.netsuite_overage_item_id,
        };
        Self {
            starting_at: state.starting_at.map(timestamp),
            composite_scope: state.composite_scope,
            ..Self::changes(changes, timestamp(state.created_at), state.created_by)
        }
    }

    fn update(update: ProductUpdate) -> Self {
        Self {
            starting_at: Some(timestamp(update.starting_at)),
            ..Self::changes(update.changes, timestamp(update.created_at), update.created_by)
        }
    }

    fn changes(changes: ProductChanges, created_at: String, created_by: Option<String>) -> Self {
        Self {
            name: changes.name,
            starting_at: None,
            created_at,
            created_by: created_by.unwrap_or_else(|| NOBODY.to_owned()),
            billable_metric_id: changes.billable_metric_id,
            composite_product_ids: changes.composite_product_ids,
            composite_tags: changes.composite_tags,
            tags: changes.tags,
            pricing_group_key: changes.pricing_group_key,
            presentation_group_key: changes.presentation_group_key,
            quantity_conversion: changes.quantity_conversion.map(|to| to.map(Conversion::of)),
            quantity_rounding: changes.quantity_rounding.map(|to| to.map(Rounding::of)),
            exclude_free_usage: changes.exclude_free_usage,
            include_composite_spend: changes.include_composite_spend,
            composite_scope: None,
            is_refundable: changes.is_refundable,
            sql_breakdown_granularity: changes.sql_breakdown_granularity,
            netsuite_internal_item_id: changes.netsuite_internal_item_id,
            netsuite_overage_item_id: changes.netsuite_overage_item_id,
        }
    }
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    if items.is_empty() { None } else { Some(items) }
}

impl Conversion {
    fn of(conversion: QuantityConversion) -> Self {
        Self {
            conversion_factor: number(conversion.conversion_factor),
            operation: conversion.operation,
            name: conversion.name,
        }
    }
}

impl Rounding {
    const fn of(rounding: QuantityRounding) -> Self {
        Self { rounding_method: rounding.rounding_method, decimal_places: rounding.decimal_places }
    }
}
