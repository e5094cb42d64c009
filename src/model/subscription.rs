//! Subscriptions: fixed charges that come around, for a quantity that changes on dates.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::custom_field::CustomFields;
use super::rate::BillingFrequency;
use super::recurring::ProrationRounding;
use super::scalar::{Amount, Time};
use super::word::words;
use crate::entity::ContractProductId;

/// The most changes of one subscription's quantity, seats included.
pub const MAX_QUANTITY_UPDATES: usize = 1_000;
/// The most seats that one subscription has, or one call names.
pub const MAX_SEATS: usize = 10_000;
/// The most times that one subscription names a seat: those at first, and those of every change.
pub const MAX_NAMED_SEATS: usize = 40_000;
/// The most characters of a seat's id.
pub const MAX_SEAT_CHARACTERS: usize = 200;

words! {
    /// When a period of a subscription is charged.
    CollectionSchedule {
        /// At its start.
        Advance "ADVANCE",
        /// At its end.
        Arrears "ARREARS",
    }
}

words! {
    /// When a change of the quantity within a period is charged.
    InvoiceBehavior {
        /// At once. For subscriptions that are charged in advance alone.
        BillImmediately "BILL_IMMEDIATELY",
        /// With the next period.
        BillOnNextCollectionDate "BILL_ON_NEXT_COLLECTION_DATE",
    }
}

words! {
    /// What says how many there are of a subscription.
    #[derive(Default)]
    QuantityManagement {
        /// A number. The default.
        #[default]
        QuantityOnly "QUANTITY_ONLY",
        /// The seats that it has.
        SeatBased "SEAT_BASED",
    }
}

words! {
    /// Which invoice a subscription's charges are on.
    InvoicePlacement {
        /// One of their own.
        OnScheduledInvoice "ON_SCHEDULED_INVOICE",
        /// The usage invoice.
        OnUsageInvoice "ON_USAGE_INVOICE",
    }
}

/// How the payment of a subscription is waited for. Kept and given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SubscriptionPaymentGate {
    /// Whether Stripe calculates the tax; nobody does otherwise. `None` where nothing is said.
    pub stripe_tax: Option<bool>,
}

/// What a subscription is. Source: `metronome-api.md` §6.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SubscriptionTerms {
    /// The product of type SUBSCRIPTION. The contract's rate card has a rate for it with this frequency.
    pub product_id: ContractProductId,
    /// How often it is charged.
    pub billing_frequency: BillingFrequency,
    /// What it is called.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// When a period is charged.
    pub collection_schedule: CollectionSchedule,
    /// Whether a part of a period costs a part of the price.
    pub is_prorated: bool,
    /// When a change of the quantity within a period is charged.
    pub invoice_behavior: InvoiceBehavior,
    /// How prorated amounts are rounded.
    pub rounding: Option<ProrationRounding>,
    /// What says how many there are.
    pub quantity_management_mode: QuantityManagement,
    /// Of a SEAT_BASED one, and of no other: the property of usage events that names the seat.
    pub seat_group_key: Option<String>,
    /// The date that its periods are counted from; that of the contract's usage statements where nothing is said.
    pub billing_anchor_date: Option<Time>,
    /// Which invoice it is on.
    pub invoice_placement: Option<InvoicePlacement>,
    /// How its payment is waited for.
    pub payment_gate: Option<SubscriptionPaymentGate>,
}

impl SubscriptionTerms {
    /// Charged in advance, in whole periods, for a number of them.
    #[must_use]
    pub const fn new(product_id: ContractProductId, billing_frequency: BillingFrequency) -> Self {
        Self {
            product_id,
            billing_frequency,
            name: None,
            description: None,
            collection_schedule: CollectionSchedule::Advance,
            is_prorated: false,
            invoice_behavior: InvoiceBehavior::BillOnNextCollectionDate,
            rounding: None,
            quantity_management_mode: QuantityManagement::QuantityOnly,
            seat_group_key: None,
            billing_anchor_date: None,
            invoice_placement: None,
            payment_gate: None,
        }
    }
}

/// A subscription that is to be made with a contract.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateSubscription<D = Time> {
    /// What it is.
    pub terms: SubscriptionTerms,
    /// From when on, inclusive; with the contract where nothing is said.
    pub starting_at: Option<D>,
    /// Until when, exclusive; with the contract where nothing is said.
    pub ending_before: Option<D>,
    /// How many there are at first: 0 or more. QUANTITY_ONLY: needed, and no other has it.
    pub initial_quantity: Option<Amount>,
    /// The seats at first. SEAT_BASED alone.
    pub initial_seat_ids: BTreeSet<String>,
    /// How many seats there are besides that nobody has yet. SEAT_BASED alone.
    pub initial_unassigned_seats: u32,
    /// A name of the caller's own, by which recurring commits and credits of the same call name it.
    pub temporary_id: Option<String>,
    /// Values of registered keys, set in the same commit of the store.
    pub custom_fields: CustomFields,
}

impl<D> CreateSubscription<D> {
    /// This many of it, for as long as the contract lasts.
    #[must_use]
    pub fn new(terms: SubscriptionTerms, initial_quantity: impl Into<Amount>) -> Self {
        Self {
            terms,
            starting_at: None,
            ending_before: None,
            initial_quantity: Some(initial_quantity.into()),
            initial_seat_ids: BTreeSet::new(),
            initial_unassigned_seats: 0,
            temporary_id: None,
            custom_fields: CustomFields::default(),
        }
    }
}

/// A subscription of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Subscription {
    /// What it is.
    pub terms: SubscriptionTerms,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive; with the contract where nothing is said.
    pub ending_before: Option<Time>,
    /// How many there are at first, where a number says so.
    pub initial_quantity: Amount,
    /// The seats at first, where they say so.
    pub initial_seat_ids: BTreeSet<String>,
    /// How many seats there are at first that nobody has.
    pub initial_unassigned_seats: u32,
    /// What changes the quantity, in the order it was sent.
    pub quantity_updates: Vec<QuantityUpdate>,
    /// When it was made.
    pub created_at: Time,
}

/// A change of a subscription's quantity from a date on. Of several on one date the order they were sent in counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct QuantityUpdate {
    /// From when on.
    pub starting_at: Time,
    /// What changes.
    pub change: QuantityChange,
}

/// What changes a subscription's quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QuantityChange {
    /// There are this many: 0 or more. QUANTITY_ONLY alone.
    To(Amount),
    /// This many more, or fewer; not 0, and not so few that less than 0 are left. QUANTITY_ONLY alone.
    By(Amount),
    /// Seats that come; first they take those that nobody has. SEAT_BASED alone.
    AddSeats(BTreeSet<String>),
    /// Seats that go; those that are not there are passed over. SEAT_BASED alone.
    RemoveSeats(BTreeSet<String>),
    /// So many more that nobody has: 1 or more. SEAT_BASED alone.
    AddUnassigned(u32),
    /// So many fewer that nobody has: 1 or more, and no more than there are. SEAT_BASED alone.
    RemoveUnassigned(u32),
    /// Seats say how many there are from here on, counted from none. Of a QUANTITY_ONLY one alone.
    ManageBySeats,
}

/// How many there are of a subscription, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuantitySegment {
    /// How many.
    pub quantity: Amount,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive; `None` without an end.
    pub ending_before: Option<Time>,
}
