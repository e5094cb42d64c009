//! How the payment of a charge at a threshold is waited for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scalar::Amount;
use super::word::words;

/// The most entries of what is written on a Stripe invoice.
pub const MAX_INVOICE_METADATA: usize = 100;

words! {
    /// Who collects a payment before what is paid for can be used.
    PaymentGateType {
        /// Nobody: it can be used at once.
        None "NONE",
        /// Stripe.
        Stripe "STRIPE",
        /// A system of the caller's own.
        External "EXTERNAL",
    }
}

words! {
    /// Who calculates the tax of a payment.
    TaxType {
        /// Nobody.
        None "NONE",
        /// Stripe, where it collects the payment.
        Stripe "STRIPE",
        /// Anrok.
        Anrok "ANROK",
        /// The caller: the tax is known.
        Precalculated "PRECALCULATED",
    }
}

words! {
    /// What Stripe is given to collect a payment.
    StripePaymentType {
        /// An invoice.
        Invoice "INVOICE",
        /// A payment without an invoice.
        PaymentIntent "PAYMENT_INTENT",
    }
}

/// How Stripe collects a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct StripePayment {
    /// What it is given.
    pub payment_type: StripePaymentType,
    /// What is written on the invoice: up to 100 entries, INVOICE alone.
    pub invoice_metadata: BTreeMap<String, String>,
    /// Whether the customer is there when it is collected. Of commits alone; the API has it for no threshold.
    pub on_session_payment: Option<bool>,
}

/// A tax that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PrecalculatedTax {
    /// How much: 0 or more, in the unit of the charge.
    pub tax_amount: Amount,
    /// What it is called: up to 1,000 characters.
    pub tax_name: Option<String>,
}

/// How the payment of a charge at a threshold is waited for. The API's `payment_gate_config`. Kept and given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PaymentGate {
    /// Who collects it.
    pub gate_type: PaymentGateType,
    /// Who calculates the tax; nobody where nothing is said. Stripe does where it collects the payment.
    pub tax_type: Option<TaxType>,
    /// How Stripe collects it: STRIPE alone, which sends an invoice where nothing is said.
    pub stripe: Option<StripePayment>,
    /// The tax: needed for PRECALCULATED, and for no other type.
    pub precalculated_tax: Option<PrecalculatedTax>,
}

impl PaymentGate {
    /// Payment that is collected so, without a tax.
    #[must_use]
    pub const fn new(gate_type: PaymentGateType) -> Self {
        Self { gate_type, tax_type: None, stripe: None, precalculated_tax: None }
    }
}
