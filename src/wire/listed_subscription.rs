//! Subscriptions as the calls that read contracts answer them, and what an edit changed in one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listed_recurring::Rounding;
use super::listing::{Listing, NamedProduct, Number, Term};
use crate::entity::SubscriptionId;
use crate::model::contract::Part;
use crate::model::contract_edit::UpdateSubscription;
use crate::model::rate::BillingFrequency;
use crate::model::scalar::Time;
use crate::model::subscription::{
    CollectionSchedule, InvoiceBehavior, InvoicePlacement, QuantityChange, QuantityManagement,
    QuantitySegment, QuantityUpdate, Subscription, SubscriptionTerms,
};
use crate::rules::statement::around;
use crate::rules::subscription::{billing_schedule, last_moment, quantities};

#[derive(Serialize)]
pub(super) struct ListedSubscription {
    id: SubscriptionId,
    #[serde(flatten)]
    terms: ListedTerms,
    quantity_schedule: Vec<Quantity>,
    billing_periods: BillingPeriods,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    billing_cycle_config: BillingCycle,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_gate_config: Option<PaymentGate>,
    custom_fields: BTreeMap<String, String>,
}

/// What subscriptions of contracts and packages have in common.
#[derive(Serialize)]
pub(super) struct ListedTerms {
    subscription_rate: ListedRate,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    collection_schedule: CollectionSchedule,
    proration: Proration,
    quantity_management_mode: QuantityManagement,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat_config: Option<Seats>,
}

#[derive(Serialize)]
struct ListedRate {
    billing_frequency: BillingFrequency,
    product: NamedProduct,
}

#[derive(Serialize)]
struct Proration {
    is_prorated: bool,
    invoice_behavior: InvoiceBehavior,
    #[serde(skip_serializing_if = "Option::is_none")]
    rounding: Option<Rounding>,
}

#[derive(Serialize)]
struct Quantity {
    quantity: Number,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
}

impl Quantity {
    fn of(segment: &QuantitySegment) -> Self {
        Self {
            quantity: number(segment.quantity),
            starting_at: timestamp(segment.starting_at),
            ending_before: segment.ending_before.map(timestamp),
        }
    }
}

#[derive(Serialize)]
struct BillingPeriods {
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Period>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Period>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Period>,
}

#[derive(Serialize)]
struct Period {
    starting_at: String,
    ending_before: String,
}

impl Period {
    fn of((start, end): (Time, Time)) -> Self {
        Self { starting_at: timestamp(start), ending_before: timestamp(end) }
    }
}

#[derive(Serialize)]
struct Seats {
    seat_group_key: String,
}

#[derive(Serialize)]
struct BillingCycle {
    anchor_date: String,
    invoice_placement: InvoicePlacement,
}

#[derive(Serialize)]
struct PaymentGate {
    payment_gate_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_type: Option<&'static str>,
}

impl ListedSubscription {
    pub(super) fn of(part: Part<SubscriptionId, Subscription>, term: Term, listing: &Listing<'_>) -> Self {
        let quantity_schedule = quantities(&part.part, term.ending_before)
            .iter()
            // What is over is not shown.
            .filter(|segment| segment.ending_before.is_none_or(|end| term.at < end))
            .map(Quantity::of)
            .collect();
        let billing_periods = billing_periods(&part.part, term);
        let Subscription { terms, starting_at, ending_before, .. } = part.part;
        Self {
            id: part.id,
            quantity_schedule,
            billing_periods,
            starting_at: timestamp(starting_at),
            ending_before: ending_before.map(timestamp),
            billing_cycle_config: BillingCycle {
                anchor_date: timestamp(
                    terms.billing_anchor_date.unwrap_or(term.statements.billing_anchor_date),
                ),
                invoice_placement: terms.invoice_placement.unwrap_or(InvoicePlacement::OnUsageInvoice),
            },
            payment_gate_config: terms.payment_gate.map(|gate| PaymentGate {
                payment_gate_type: "STRIPE",
                tax_type: gate.stripe_tax.map(|tax| if tax { "STRIPE" } else { "NONE" }),
            }),
            custom_fields: part.custom_fields,
            terms: ListedTerms::of(terms, listing),
        }
    }
}

impl ListedTerms {
    pub(super) fn of(terms: SubscriptionTerms, listing: &Listing<'_>) -> Self {
        let SubscriptionTerms { billing_frequency, product_id, .. } = terms;
        Self {
            subscription_rate: ListedRate { billing_frequency, product: listing.product(product_id) },
            name: terms.name,
            description: terms.description,
            collection_schedule: terms.collection_schedule,
            proration: Proration {
                is_prorated: terms.is_prorated,
                invoice_behavior: terms.invoice_behavior,
                rounding: terms.rounding.map(Rounding::of),
            },
            quantity_management_mode: terms.quantity_management_mode,
            seat_config: terms.seat_group_key.map(|seat_group_key| Seats { seat_group_key }),
        }
    }
}

fn billing_periods(subscription: &Subscription, term: Term) -> BillingPeriods {
    let schedule = billing_schedule(&subscription.terms, &term.statements);
    let end = last_moment(subscription.ending_before, term.ending_before);
    let [previous, current, next] = around(&schedule, subscription.starting_at, end, term.at);
    BillingPeriods {
        previous: previous.map(Period::of),
        current: current.map(Period::of),
        next: next.map(Period::of),
    }
}

/// What an edit changed in a subscription. The API's answer has the fields of its request, but for the id.
#[derive(Serialize)]
pub(super) struct ListedSubscriptionUpdate {
    id: SubscriptionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity_management_mode_update: Option<SeatsFromNowOn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quantity_updates: Vec<ListedQuantityUpdate>,
    #[serde(skip_serializing_if = "SeatUpdates::is_empty")]
    seat_updates: SeatUpdates,
    #[serde(skip_serializing_if = "Option::is_none")]
    proration_rounding: Option<Option<Rounding>>,
}

#[derive(Serialize)]
struct SeatsFromNowOn {
    quantity_management_mode: QuantityManagement,
    seat_config: Seats,
}

#[derive(Serialize)]
struct ListedQuantityUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity_delta: Number,
    starting_at: String,
}

#[derive(Serialize, Default)]
struct SeatUpdates {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_seat_ids: Vec<NamedSeats>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove_seat_ids: Vec<NamedSeats>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_unassigned_seats: Vec<UnassignedSeats>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove_unassigned_seats: Vec<UnassignedSeats>,
}

#[derive(Serialize)]
struct NamedSeats {
    seat_ids: BTreeSet<String>,
    starting_at: String,
}

#[derive(Serialize)]
struct UnassignedSeats {
    quantity: u32,
    starting_at: String,
}

impl SeatUpdates {
    fn is_empty(&self) -> bool {
        self.add_seat_ids.is_empty()
            && self.remove_seat_ids.is_empty()
            && self.add_unassigned_seats.is_empty()
            && self.remove_unassigned_seats.is_empty()
    }
}

impl ListedSubscriptionUpdate {
    pub(super) fn of(update: UpdateSubscription) -> Self {
        let mut listed = Self {
            id: update.id,
            ending_before: update.ending_before.map(|end| end.map(timestamp)),
            quantity_management_mode_update: update.manage_by_seats.map(|seat_group_key| SeatsFromNowOn {
                quantity_management_mode: QuantityManagement::SeatBased,
                seat_config: Seats { seat_group_key },
            }),
            quantity_updates: Vec::new(),
            seat_updates: SeatUpdates::default(),
            proration_rounding: update.rounding.map(|to| to.map(Rounding::of)),
        };
        update.quantity_updates.into_iter().for_each(|update| listed.push(update));
        listed
    }

    fn push(&mut self, update: QuantityUpdate) {
        let starting_at = timestamp(update.starting_at);
        let seats = &mut self.seat_updates;
        match update.change {
            QuantityChange::To(quantity) => self.quantity_updates.push(ListedQuantityUpdate {
                quantity: number(quantity),
                quantity_delta: None,
                starting_at,
            }),
            QuantityChange::By(delta) => self.quantity_updates.push(ListedQuantityUpdate {
                quantity: None,
                quantity_delta: number(delta),
                starting_at,
            }),
            QuantityChange::AddSeats(seat_ids) => {
                seats.add_seat_ids.push(NamedSeats { seat_ids, starting_at });
            }
            QuantityChange::RemoveSeats(seat_ids) => {
                seats.remove_seat_ids.push(NamedSeats { seat_ids, starting_at });
            }
            QuantityChange::AddUnassigned(quantity) => {
                seats.add_unassigned_seats.push(UnassignedSeats { quantity, starting_at });
            }
            QuantityChange::RemoveUnassigned(quantity) => {
                seats.remove_unassigned_seats.push(UnassignedSeats { quantity, starting_at });
            }
            // Said by the change of the mode.
            QuantityChange::ManageBySeats => {}
        }
    }
}
