//! How payments are waited for, in requests and in answers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::number;
use super::body::{Object, amount, flag, map, text, word};
use super::listing::Number;
use crate::model::payment_gate::{
    PaymentGate, PaymentGateType, PrecalculatedTax, StripePayment, StripePaymentType, TaxType,
};

/// A gate of a threshold.
pub(super) fn payment_gate(gate: &Object<'_>) -> Option<PaymentGate> {
    gate_of(gate, false)
}

/// A gate of a commit.
pub(super) fn commit_payment_gate(gate: &Object<'_>) -> Option<PaymentGate> {
    gate_of(gate, true)
}

fn gate_of(gate: &Object<'_>, of_commit: bool) -> Option<PaymentGate> {
    let gate_type = gate.required("payment_gate_type", word);
    let tax_type = gate.optional("tax_type", word);
    let stripe = gate.within("stripe_config", |fields| stripe(fields, of_commit));
    let precalculated_tax = gate.within("precalculated_tax_config", tax);
    Some(PaymentGate {
        gate_type: gate_type?,
        tax_type: tax_type?,
        stripe: stripe?,
        precalculated_tax: precalculated_tax?,
    })
}

fn stripe(stripe: &Object<'_>, of_commit: bool) -> Option<StripePayment> {
    let payment_type = stripe.required("payment_type", word);
    let invoice_metadata = stripe.optional("invoice_metadata", map);
    let on_session = if of_commit { stripe.optional("on_session_payment", flag) } else { Some(None) };
    Some(StripePayment {
        payment_type: payment_type?,
        invoice_metadata: invoice_metadata?.unwrap_or_default(),
        on_session_payment: on_session?,
    })
}

fn tax(tax: &Object<'_>) -> Option<PrecalculatedTax> {
    let tax_amount = tax.required("tax_amount", amount);
    let tax_name = tax.optional("tax_name", text);
    Some(PrecalculatedTax { tax_amount: tax_amount?, tax_name: tax_name? })
}

/// How a payment is waited for.
#[derive(Serialize)]
pub(super) struct ListedGate {
    payment_gate_type: PaymentGateType,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_type: Option<TaxType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe_config: Option<Stripe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    precalculated_tax_config: Option<Tax>,
}

#[derive(Serialize)]
struct Stripe {
    payment_type: StripePaymentType,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    invoice_metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_session_payment: Option<bool>,
}

#[derive(Serialize)]
struct Tax {
    tax_amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_name: Option<String>,
}

impl ListedGate {
    pub(super) fn of(gate: &PaymentGate) -> Self {
        Self {
            payment_gate_type: gate.gate_type,
            tax_type: gate.tax_type,
            stripe_config: gate.stripe.as_ref().map(|stripe| Stripe {
                payment_type: stripe.payment_type,
                invoice_metadata: stripe.invoice_metadata.clone(),
                on_session_payment: stripe.on_session_payment,
            }),
            precalculated_tax_config: gate
                .precalculated_tax
                .as_ref()
                .map(|tax| Tax { tax_amount: number(tax.tax_amount), tax_name: tax.tax_name.clone() }),
        }
    }
}
