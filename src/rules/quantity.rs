//! From the quantity that a metric measured to the quantity that is billed: conversion and rounding, on exact
//! decimals, rounded once.

use super::product::conversion_fault;
use crate::error::{Fault, FieldProblem, Result};
use crate::model::product::{ConversionOperation, ProductState, QuantityConversion};
use crate::model::scalar::{Amount, Written};

/// The quantity that is billed where the metric of a product measured `raw`: converted first, then rounded, as
/// the product says in that state.
///
/// The outcome is exact where it has up to 28 digits, up to 28 of them behind the point. Where it has more, such
/// as a third, it is rounded once: by the product's own method to its decimal places, or to as many as 28 digits
/// have room for; without a method to 28 digits, and what is halfway goes to the even digit. A product without
/// conversion and rounding bills what was measured. Source: the seed "Create a product".
///
/// ```
/// use billfold::prelude::*;
/// use billfold::billed_quantity;
///
/// let store = Store::in_memory()?;
/// let metric = store.create_billable_metric(CreateBillableMetric {
///     name: "Data transfer (MB)".into(),
///     aggregation_type: Some(Aggregation::Count),
///     ..Default::default()
/// })?;
/// let product = store.create_product(CreateProduct {
///     name: "Data transfer (GB)".into(),
///     billable_metric_id: Some(metric),
///     quantity_conversion: Some(QuantityConversion {
///         conversion_factor: 1_024.into(),
///         operation: ConversionOperation::Divide,
///         name: Some("MB to GB".into()),
///     }),
///     quantity_rounding: Some(QuantityRounding {
///         rounding_method: RoundingMethod::RoundUp,
///         decimal_places: 2,
///     }),
///     ..Default::default()
/// })?;
/// let billed = billed_quantity(&store.product(product)?.current, 1_500.into())?;
/// assert_eq!(billed.to_string(), "1.47");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// A refusal where `raw` is negative, where the outcome has more than 28 digits before its point, or where the
/// conversion's factor is not more than 0, which no stored product has.
pub fn billed_quantity(product: &ProductState, raw: Amount) -> Result<Amount> {
    if raw.is_negative() {
        let rule = "a quantity is 0 or more";
        return Err(FieldProblem::Value { value: raw.to_string(), rule }.at("quantity").into());
    }
    Fault::none_of(conversion_fault(product.quantity_conversion.as_ref()).into_iter().collect())?;
    let converted = match &product.quantity_conversion {
        Some(conversion) => convert(raw, conversion),
        None => Some(Written::of(raw)),
    };
    let rounding = product.quantity_rounding;
    let places = rounding.map_or(i32::MAX, |to| to.decimal_places.try_into().unwrap_or(i32::MAX));
    let billed =
        converted.and_then(|quantity| quantity.rounded(places, rounding.map(|to| to.rounding_method)));
    billed.ok_or_else(|| {
        let rule = "converted, it has more digits than the 28 there is room for";
        FieldProblem::Value { value: raw.to_string(), rule }.at("quantity").into()
    })
}

/// `None` for a division by 0.
fn convert(raw: Amount, conversion: &QuantityConversion) -> Option<Written> {
    let factor = conversion.conversion_factor;
    match conversion.operation {
        ConversionOperation::Multiply => Some(Written::of(raw).times(factor)),
        ConversionOperation::Divide => Written::of(raw).over(factor),
    }
}
