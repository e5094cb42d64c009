//! Scheduled charges, discounts and professional services as the calls that read contracts answer them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listed_schedule::{InvoiceItem, ListedInvoiceSchedule, ListedScheduleUpdate, invoice_update};
use super::listing::{Listing, NamedProduct, Number};
use crate::entity::{ContractProductId, ProfessionalServiceId, ScheduledChargeId};
use crate::model::contract::Part;
use crate::model::contract_edit::UpdateScheduledCharge;
use crate::model::scheduled_charge::{ProfessionalService, ScheduledCharge};

/// A scheduled charge, or a discount.
#[derive(Serialize)]
pub(super) struct ListedScheduledCharge<I> {
    id: I,
    product: NamedProduct,
    schedule: ListedInvoiceSchedule,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_sales_order_id: Option<String>,
    custom_fields: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
}

impl<I> ListedScheduledCharge<I> {
    pub(super) fn of(part: Part<I, ScheduledCharge>, listing: &Listing<'_>) -> Self {
        Self {
            id: part.id,
            product: listing.product(part.part.product_id),
            schedule: ListedInvoiceSchedule::of(&part.part.schedule),
            name: part.part.name,
            netsuite_sales_order_id: part.part.netsuite_sales_order_id,
            custom_fields: part.custom_fields,
            archived_at: part.part.archived_at.map(timestamp),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ListedProfessionalService {
    id: ProfessionalServiceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    product_id: ContractProductId,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_sales_order_id: Option<String>,
    unit_price: Number,
    quantity: Number,
    max_amount: Number,
    custom_fields: BTreeMap<String, String>,
}

impl ListedProfessionalService {
    pub(super) fn of(part: Part<ProfessionalServiceId, ProfessionalService>) -> Self {
        let service = part.part;
        Self {
            id: part.id,
            description: service.description,
            product_id: service.product_id,
            netsuite_sales_order_id: service.netsuite_sales_order_id,
            unit_price: number(service.unit_price),
            quantity: number(service.quantity),
            max_amount: number(service.max_amount),
            custom_fields: part.custom_fields,
        }
    }
}

/// What an edit changed in a scheduled charge.
#[derive(Serialize)]
pub(super) struct ListedChargeUpdate {
    id: ScheduledChargeId,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_schedule: Option<ListedScheduleUpdate<InvoiceItem>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_sales_order_id: Option<Option<String>>,
}

impl ListedChargeUpdate {
    pub(super) fn of(update: UpdateScheduledCharge) -> Self {
        Self {
            id: update.id,
            invoice_schedule: invoice_update(&update.schedule),
            netsuite_sales_order_id: update.netsuite_sales_order_id,
        }
    }
}
