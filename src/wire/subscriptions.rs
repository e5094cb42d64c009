//! Subscriptions in requests, and what changes in one.

use std::collections::BTreeSet;

use super::body::{Object, amount, choice, count, flag, map, moment, nullable, set, text, typed_id, word};
use super::recurring::{rounding, rounding_or_none};
use super::when::When;
use crate::entity::ContractProductId;
use crate::model::contract_edit::UpdateSubscription;
use crate::model::rate::BillingFrequency;
use crate::model::recurring::ProrationRounding;
use crate::model::scalar::Time;
use crate::model::subscription::{
    CreateSubscription, InvoiceBehavior, InvoicePlacement, QuantityChange, QuantityUpdate,
    SubscriptionPaymentGate, SubscriptionTerms,
};

/// A subscription that is to be made.
pub(super) fn subscription<D: When>(fields: &Object<'_>) -> Option<CreateSubscription<D>> {
    let terms = terms::<D>(fields);
    let starting_at = fields.optional(D::START, D::read);
    let ending_before = fields.optional(D::END, D::read);
    let initial_quantity = fields.optional("initial_quantity", amount);
    let seats = fields.within("seat_config", seats::<D>);
    let temporary_id = fields.optional("temporary_id", text);
    let custom_fields = fields.optional("custom_fields", map);
    let seats = seats?.unwrap_or_default();
    Some(CreateSubscription {
        terms: SubscriptionTerms { seat_group_key: seats.group_key, ..terms? },
        starting_at: starting_at?,
        ending_before: ending_before?,
        initial_quantity: initial_quantity?,
        initial_seat_ids: seats.ids,
        initial_unassigned_seats: seats.unassigned,
        temporary_id: temporary_id?,
        custom_fields: custom_fields?.unwrap_or_default().into(),
    })
}

fn terms<D: When>(fields: &Object<'_>) -> Option<SubscriptionTerms> {
    let rate = fields.inside("subscription_rate", subscription_rate);
    let name = fields.optional("name", text);
    let description = fields.optional("description", text);
    let collection_schedule = fields.required("collection_schedule", word);
    let proration = fields.inside("proration", proration);
    let management = fields.optional("quantity_management_mode", word);
    let cycle = fields.within("billing_cycle_config", billing_cycle::<D>);
    let payment_gate = D::in_contract(|| fields.within("payment_gate_config", payment_gate));
    let (product_id, billing_frequency) = rate?;
    let proration = proration?;
    let (billing_anchor_date, invoice_placement) = cycle?.unwrap_or_default();
    let unsaid = SubscriptionTerms::new(product_id, billing_frequency);
    Some(SubscriptionTerms {
        name: name?,
        description: description?,
        collection_schedule: collection_schedule?,
        is_prorated: proration.is_prorated.unwrap_or(unsaid.is_prorated),
        invoice_behavior: proration.invoice_behavior.unwrap_or(unsaid.invoice_behavior),
        rounding: proration.rounding,
        quantity_management_mode: management?.unwrap_or_default(),
        billing_anchor_date,
        invoice_placement,
        payment_gate: payment_gate?,
        ..unsaid
    })
}

fn subscription_rate(fields: &Object<'_>) -> Option<(ContractProductId, BillingFrequency)> {
    let product_id = fields.required("product_id", typed_id);
    let billing_frequency = fields.required("billing_frequency", word);
    Some((product_id?, billing_frequency?))
}

struct Proration {
    is_prorated: Option<bool>,
    invoice_behavior: Option<InvoiceBehavior>,
    rounding: Option<ProrationRounding>,
}

fn proration(fields: &Object<'_>) -> Option<Proration> {
    let is_prorated = fields.optional("is_prorated", flag);
    let invoice_behavior = fields.optional("invoice_behavior", word);
    let rounding = fields.within("rounding", rounding);
    Some(Proration { is_prorated: is_prorated?, invoice_behavior: invoice_behavior?, rounding: rounding? })
}

fn billing_cycle<D: When>(fields: &Object<'_>) -> Option<(Option<Time>, Option<InvoicePlacement>)> {
    let anchor_date = D::in_contract(|| fields.optional("anchor_date", moment));
    let invoice_placement = fields.optional("invoice_placement", word);
    Some((anchor_date?, invoice_placement?))
}

/// Stripe is the only one whose payment a subscription can wait for.
fn payment_gate(fields: &Object<'_>) -> Option<SubscriptionPaymentGate> {
    let gate = fields.required("payment_gate_type", |value| choice(value, &[("STRIPE", ())]));
    let stripe_tax = fields.optional("tax_type", |value| choice(value, &[("NONE", false), ("STRIPE", true)]));
    gate?;
    Some(SubscriptionPaymentGate { stripe_tax: stripe_tax? })
}

#[derive(Default)]
struct Seats {
    group_key: Option<String>,
    ids: BTreeSet<String>,
    unassigned: u32,
}

/// Who has the seats is known for a contract alone.
fn seats<D: When>(fields: &Object<'_>) -> Option<Seats> {
    let group_key = fields.required("seat_group_key", text);
    let ids = D::in_contract(|| fields.required("initial_seat_ids", |value| set(value, text)));
    let unassigned = fields.optional("initial_unassigned_seats", count);
    Some(Seats { group_key: Some(group_key?), ids: ids?, unassigned: unassigned?.unwrap_or_default() })
}

/// What changes in a subscription.
pub(super) fn update(fields: &Object<'_>) -> Option<UpdateSubscription> {
    let id = fields.required("subscription_id", typed_id);
    let ending_before = fields.optional("ending_before", |value| nullable(value, moment));
    let manage_by_seats = fields.within("quantity_management_mode_update", manage_by_seats);
    let quantities = fields.objects("quantity_updates", quantity_update);
    let seats = fields.within("seat_updates", seat_updates);
    let rounding = fields.optional("proration_rounding", rounding_or_none);
    let mut quantity_updates = quantities?;
    quantity_updates.extend(seats?.unwrap_or_default());
    Some(UpdateSubscription {
        id: id?,
        ending_before: ending_before?,
        manage_by_seats: manage_by_seats?,
        quantity_updates,
        rounding: rounding?,
    })
}

/// Seats are what the quantity can come to be managed by; there is no way back.
fn manage_by_seats(fields: &Object<'_>) -> Option<String> {
    let mode = fields.required("quantity_management_mode", |value| choice(value, &[("SEAT_BASED", ())]));
    let group_key = fields.inside("seat_config", |fields| fields.required("seat_group_key", text));
    mode?;
    group_key
}

fn quantity_update(fields: &Object<'_>) -> Option<QuantityUpdate> {
    let quantity = fields.optional("quantity", amount);
    let delta = fields.optional("quantity_delta", amount);
    let starting_at = fields.required("starting_at", moment);
    let change = match (quantity?, delta?) {
        (Some(quantity), None) => QuantityChange::To(quantity),
        (None, Some(delta)) => QuantityChange::By(delta),
        (Some(_), Some(_)) => {
            return fields.fault("quantity_delta", "not allowed here; there is a quantity already");
        }
        (None, None) => return fields.fault("quantity", "missing; there is no quantity_delta either"),
    };
    Some(QuantityUpdate { starting_at: starting_at?, change })
}

/// Seats that come go first, so that those who come on a day can take the places that are free before.
fn seat_updates(fields: &Object<'_>) -> Option<Vec<QuantityUpdate>> {
    let added = fields.objects("add_seat_ids", |fields| named_seats(fields, QuantityChange::AddSeats));
    let removed =
        fields.objects("remove_seat_ids", |fields| named_seats(fields, QuantityChange::RemoveSeats));
    let more = fields
        .objects("add_unassigned_seats", |fields| unassigned_seats(fields, QuantityChange::AddUnassigned));
    let fewer = fields.objects("remove_unassigned_seats", |fields| {
        unassigned_seats(fields, QuantityChange::RemoveUnassigned)
    });
    Some([added?, removed?, more?, fewer?].concat())
}

fn named_seats(
    fields: &Object<'_>,
    change: fn(BTreeSet<String>) -> QuantityChange,
) -> Option<QuantityUpdate> {
    let seats = fields.required("seat_ids", |value| set(value, text));
    let starting_at = fields.required("starting_at", moment);
    Some(QuantityUpdate { starting_at: starting_at?, change: change(seats?) })
}

fn unassigned_seats(fields: &Object<'_>, change: fn(u32) -> QuantityChange) -> Option<QuantityUpdate> {
    let quantity = fields.required("quantity", count);
    let starting_at = fields.required("starting_at", moment);
    Some(QuantityUpdate { starting_at: starting_at?, change: change(quantity?) })
}
