//! What a contract charges on dates, and its discounts and professional services.

use serde::{Deserialize, Serialize};

use super::custom_field::CustomFields;
use super::scalar::{Amount, Time};
use super::schedule::{CreateInvoiceSchedule, InvoiceSchedule};
use crate::entity::ContractProductId;

/// A scheduled charge, or a discount, that is to be made with a contract. Source: `metronome-api.md` §6.2.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateScheduledCharge<D = Time> {
    /// The product of type FIXED that it is shown as.
    pub product_id: ContractProductId,
    /// What invoices call it: at least one character where it is there.
    pub name: Option<String>,
    /// When how much is charged.
    pub schedule: CreateInvoiceSchedule<D>,
    /// Kept and given back.
    pub netsuite_sales_order_id: Option<String>,
    /// Values of registered keys, set in the same commit of the store.
    pub custom_fields: CustomFields,
}

impl<D> CreateScheduledCharge<D> {
    /// A charge that is called as its product is.
    #[must_use]
    pub fn new(product_id: ContractProductId, schedule: CreateInvoiceSchedule<D>) -> Self {
        Self {
            product_id,
            name: None,
            schedule,
            netsuite_sales_order_id: None,
            custom_fields: CustomFields::default(),
        }
    }
}

/// A scheduled charge of a contract, or a discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ScheduledCharge {
    /// The product that it is shown as.
    pub product_id: ContractProductId,
    /// What invoices call it.
    pub name: Option<String>,
    /// When how much is charged.
    pub schedule: InvoiceSchedule,
    /// Kept and given back.
    pub netsuite_sales_order_id: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was archived; `None` where it is in use.
    pub archived_at: Option<Time>,
}

/// A professional service that is to be made with a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateProfessionalService {
    /// What it is.
    pub service: ProfessionalService,
    /// Values of registered keys, set in the same commit of the store.
    pub custom_fields: CustomFields,
}

/// A professional service of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ProfessionalService {
    /// The product of type PRO_SERVICE.
    pub product_id: ContractProductId,
    /// What it is for.
    pub description: Option<String>,
    /// What one of them costs: 0 or more.
    pub unit_price: Amount,
    /// How many there are: 0 or more.
    pub quantity: Amount,
    /// The most that it may come to for the whole term: 0 or more.
    pub max_amount: Amount,
    /// Kept and given back.
    pub netsuite_sales_order_id: Option<String>,
}
