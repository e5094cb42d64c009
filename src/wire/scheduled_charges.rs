//! Scheduled charges, discounts and professional services in requests.

use super::body::{Object, amount, map, nullable, text, typed_id};
use super::schedules;
use super::when::When;
use crate::model::contract_edit::UpdateScheduledCharge;
use crate::model::scheduled_charge::{CreateProfessionalService, CreateScheduledCharge, ProfessionalService};

/// A scheduled charge, or a discount.
pub(super) fn scheduled_charge<D: When>(fields: &Object<'_>) -> Option<CreateScheduledCharge<D>> {
    let product_id = fields.required("product_id", typed_id);
    let name = fields.optional("name", text);
    let schedule = fields.inside("schedule", |fields| schedules::invoice(fields, false));
    let netsuite_sales_order_id = D::in_contract(|| fields.optional("netsuite_sales_order_id", text));
    let custom_fields = fields.optional("custom_fields", map);
    Some(CreateScheduledCharge {
        product_id: product_id?,
        name: name?,
        schedule: schedule?,
        netsuite_sales_order_id: netsuite_sales_order_id?,
        custom_fields: custom_fields?.unwrap_or_default().into(),
    })
}

/// A professional service.
pub(super) fn professional_service(fields: &Object<'_>) -> Option<CreateProfessionalService> {
    let product_id = fields.required("product_id", typed_id);
    let description = fields.optional("description", text);
    let unit_price = fields.required("unit_price", amount);
    let quantity = fields.required("quantity", amount);
    let max_amount = fields.required("max_amount", amount);
    let netsuite_sales_order_id = fields.optional("netsuite_sales_order_id", text);
    let custom_fields = fields.optional("custom_fields", map);
    Some(CreateProfessionalService {
        service: ProfessionalService {
            product_id: product_id?,
            description: description?,
            unit_price: unit_price?,
            quantity: quantity?,
            max_amount: max_amount?,
            netsuite_sales_order_id: netsuite_sales_order_id?,
        },
        custom_fields: custom_fields?.unwrap_or_default().into(),
    })
}

/// What changes in a scheduled charge.
pub(super) fn update(fields: &Object<'_>) -> Option<UpdateScheduledCharge> {
    let id = fields.required("scheduled_charge_id", typed_id);
    let schedule = fields.within("invoice_schedule", schedules::update_invoice);
    let netsuite = fields.optional("netsuite_sales_order_id", |value| nullable(value, text));
    Some(UpdateScheduledCharge {
        id: id?,
        schedule: schedule?.unwrap_or_default(),
        netsuite_sales_order_id: netsuite?,
    })
}
