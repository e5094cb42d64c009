//! Invoices as the calls that read them answer them. What nobody said is left out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listed_invoice_line::ListedInvoiceLine;
use super::listing::Number;
use crate::entity::{ContractId, CustomerId, InvoiceId};
use crate::model::credit_type::CreditType;
use crate::model::invoice::{Invoice, InvoiceStatus, InvoiceType};
use crate::model::scalar::Amount;

#[derive(Serialize)]
pub(super) struct ListedInvoice {
    id: InvoiceId,
    customer_id: CustomerId,
    customer_custom_fields: BTreeMap<String, String>,
    contract_id: ContractId,
    contract_custom_fields: BTreeMap<String, String>,
    custom_fields: BTreeMap<String, String>,
    status: InvoiceStatus,
    #[serde(rename = "type")]
    invoice_type: InvoiceType,
    credit_type: CreditType,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_timestamp: Option<String>,
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    net_payment_terms_days: Number,
    line_items: Vec<ListedInvoiceLine>,
    invoice_adjustments: [(); 0],
    subtotal: Number,
    total: Number,
}

impl ListedInvoice {
    /// An invoice, without the lines of which there are 0 where those are to be skipped. There are no adjustments
    /// here that the total could have besides the lines.
    pub(super) fn of(invoice: Invoice, skip_zeros: bool) -> Self {
        let lines = invoice.lines.iter().filter(|line| !skip_zeros || line.quantity != Amount::ZERO);
        let lines = lines.map(|line| ListedInvoiceLine::of(line, &invoice)).collect();
        Self {
            id: invoice.id,
            customer_id: invoice.customer_id,
            customer_custom_fields: invoice.passed_down_by(invoice.customer_id).clone(),
            contract_id: invoice.contract_id,
            contract_custom_fields: invoice.passed_down_by(invoice.contract_id).clone(),
            status: invoice.status,
            invoice_type: invoice.invoice_type,
            credit_type: CreditType::of(invoice.credit_type_id),
            start_timestamp: invoice.period.map(|period| timestamp(period.starting_at)),
            end_timestamp: invoice.period.map(|period| timestamp(period.ending_before)),
            issued_at: timestamp(invoice.issued_at),
            net_payment_terms_days: invoice.net_payment_terms_days.and_then(number),
            line_items: lines,
            invoice_adjustments: [],
            subtotal: number(invoice.total),
            total: number(invoice.total),
            custom_fields: invoice.custom_fields,
        }
    }
}
