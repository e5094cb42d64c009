//! The calls about products (source: `metronome-api.md` §4, and the seed "Create a product").

use super::answer::{Refusal, data, id as made, page};
use super::body::{
    Object, Value, amount, count, flag, id, list, moment, nullable, object, pairs, text, word,
};
use super::listed_product::ListedProduct;
use super::{Request, Route};
use crate::entity::{BillableMetricId, ContractProductId};
use crate::model::product::{CreateProduct, ProductChanges, QuantityConversion, QuantityRounding};
use crate::store::{ReadingRecords as _, Store, Writing as _, WritingRecords as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/contract-pricing/products/create", create),
    ("POST", "/v1/contract-pricing/products/get", get),
    ("POST", "/v1/contract-pricing/products/list", list_products),
    ("POST", "/v1/contract-pricing/products/update", update),
    ("POST", "/v1/contract-pricing/products/archive", archive),
];

fn create(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let request = request.read(|body, _| {
        let product_type = body.required("type", word);
        let changes = changes(body, false);
        let scope = body.optional("composite_scope", word);
        let custom_fields = body.optional("custom_fields", |value| pairs(value, text));
        let changes = changes?;
        Some(CreateProduct {
            name: changes.name?,
            product_type: product_type?,
            billable_metric_id: changes.billable_metric_id,
            composite_product_ids: changes.composite_product_ids.unwrap_or_default(),
            composite_tags: changes.composite_tags.unwrap_or_default(),
            tags: changes.tags.unwrap_or_default(),
            pricing_group_key: changes.pricing_group_key.unwrap_or_default(),
            presentation_group_key: changes.presentation_group_key.unwrap_or_default(),
            quantity_conversion: changes.quantity_conversion.flatten(),
            quantity_rounding: changes.quantity_rounding.flatten(),
            exclude_free_usage: changes.exclude_free_usage,
            include_composite_spend: changes.include_composite_spend,
            composite_scope: scope?,
            is_refundable: changes.is_refundable,
            sql_breakdown_granularity: changes.sql_breakdown_granularity,
            netsuite_internal_item_id: changes.netsuite_internal_item_id,
            netsuite_overage_item_id: changes.netsuite_overage_item_id,
            custom_fields: custom_fields?.unwrap_or_default().into(),
        })
    })?;
    made(store.create_product(request)?)
}

fn update(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (id, starting_at, changes) = request.read(|body, _| {
        let id = body.required("product_id", id);
        let starting_at = body.required("starting_at", moment);
        let changes = changes(body, true);
        Some((id?, starting_at?, changes?))
    })?;
    store.update_product(ContractProductId::from(id), starting_at, changes)?;
    made(id)
}

/// The fields that a product can be made with and that an update can change. A name may be left out of an update.
fn changes(body: &Object<'_>, name_optional: bool) -> Option<ProductChanges> {
    let name =
        if name_optional { body.optional("name", text) } else { body.required("name", text).map(Some) };
    let metric = body.optional("billable_metric_id", id);
    let parts = body.optional("composite_product_ids", |value| list(value, id));
    let composite_tags = texts(body, "composite_tags");
    let tags = texts(body, "tags");
    let pricing_group_key = texts(body, "pricing_group_key");
    let presentation_group_key = texts(body, "presentation_group_key");
    let quantity_conversion = body.optional("quantity_conversion", |value| nullable(value, conversion));
    let quantity_rounding = body.optional("quantity_rounding", |value| nullable(value, rounding));
    let exclude_free_usage = body.optional("exclude_free_usage", flag);
    let include_composite_spend = body.optional("include_composite_spend", flag);
    let is_refundable = body.optional("is_refundable", flag);
    let sql_breakdown_granularity = body.optional("sql_breakdown_granularity", word);
    let netsuite_internal_item_id = body.optional("netsuite_internal_item_id", text);
    let netsuite_overage_item_id = body.optional("netsuite_overage_item_id", text);
    Some(ProductChanges {
        name: name?,
        billable_metric_id: metric?.map(BillableMetricId::from),
        composite_product_ids: parts?.map(|ids| ids.into_iter().map(ContractProductId::from).collect()),
        composite_tags: composite_tags?,
        tags: tags?,
        pricing_group_key: pricing_group_key?,
        presentation_group_key: presentation_group_key?,
        quantity_conversion: quantity_conversion?,
        quantity_rounding: quantity_rounding?,
        exclude_free_usage: exclude_free_usage?,
        include_composite_spend: include_composite_spend?,
        is_refundable: is_refundable?,
        sql_breakdown_granularity: sql_breakdown_granularity?,
        netsuite_internal_item_id: netsuite_internal_item_id?,
        netsuite_overage_item_id: netsuite_overage_item_id?,
    })
}

fn texts(body: &Object<'_>, name: &'static str) -> Option<Option<Vec<String>>> {
    body.optional(name, |value| list(value, text))
}

fn conversion(value: Value<'_>) -> Option<QuantityConversion> {
    let fields = object(value)?;
    let conversion_factor = fields.required("conversion_factor", amount);
    let operation = fields.required("operation", word);
    let name = fields.optional("name", text);
    fields.finish();
    Some(QuantityConversion { conversion_factor: conversion_factor?, operation: operation?, name: name? })
}

fn rounding(value: Value<'_>) -> Option<QuantityRounding> {
    let fields = object(value)?;
    let rounding_method = fields.required("rounding_method", word);
    let decimal_places = fields.required("decimal_places", count);
    fields.finish();
    Some(QuantityRounding { rounding_method: rounding_method?, decimal_places: decimal_places? })
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| body.required("id", id))?;
    data(ListedProduct::of(store.product(ContractProductId::from(id))?))
}

fn list_products(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (archived, wanted) = request.read(|body, query| {
        let archived = body.optional("archive_filter", word);
        let wanted = query.page();
        Some((archived?.unwrap_or_default(), wanted?))
    })?;
    page(store.products(archived, &wanted)?.map(ListedProduct::of))
}

fn archive(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| body.required("product_id", id))?;
    store.archive(ContractProductId::from(id))?;
    made(id)
}
