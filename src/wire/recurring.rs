//! Recurring commits and credits in requests.

use super::balance_terms::{Place, terms};
use super::body::{
    Object, Value, amount, choice, count, fields as inside, flag, moment, nullable, text, typed_id, word,
};
use super::when::When;
use crate::model::contract_edit::UpdateRecurring;
use crate::model::recurring::{
    CreateRecurring, ProrationRounding, RecurringAmount, RecurringChanges, RecurringRounding, RecurringTerms,
    RoundingChanges, SubscriptionConfig,
};
use crate::model::scalar::Amount;

/// A recurring commit, or, without what is charged for it, a recurring credit.
pub(super) fn recurring<D: When>(fields: &Object<'_>, of_commit: bool) -> Option<CreateRecurring<D>> {
    let terms = terms::<D>(fields, Place::Recurring);
    let access_amount = fields.inside("access_amount", |fields| recurring_amount(fields, false));
    let invoice_amount = if of_commit {
        fields.within("invoice_amount", |fields| recurring_amount(fields, true))
    } else {
        Some(None)
    };
    let starting_at = fields.required(D::START, D::read);
    let ending_before = fields.optional(D::END, D::read);
    let commit_duration = fields.inside("commit_duration", duration);
    let recurrence_frequency = fields.optional("recurrence_frequency", word);
    let proration = fields.optional("proration", word);
    let rounding = fields.within("proration_rounding", |fields| rounding_of(fields, of_commit));
    let subscription_config = fields.within("subscription_config", subscription_config);
    let temporary_id = fields.optional("temporary_id", text);
    Some(CreateRecurring {
        terms: RecurringTerms {
            terms: terms?,
            access_amount: access_amount?,
            invoice_amount: invoice_amount?,
            starting_at: starting_at?,
            ending_before: ending_before?,
            commit_duration: commit_duration?,
            recurrence_frequency: recurrence_frequency?,
            proration: proration?.unwrap_or_default(),
            proration_rounding: rounding?.unwrap_or_default(),
        },
        subscription_config: subscription_config?,
        temporary_id: temporary_id?,
    })
}

fn recurring_amount(fields: &Object<'_>, with_quantity: bool) -> Option<RecurringAmount> {
    let unit_price = fields.required("unit_price", amount);
    let quantity = if with_quantity {
        fields.required("quantity", amount).map(Some)
    } else {
        fields.optional("quantity", amount)
    };
    let credit_type_id = fields.required("credit_type_id", typed_id);
    Some(RecurringAmount { unit_price: unit_price?, quantity: quantity?, credit_type_id: credit_type_id? })
}

/// For how many periods a grant can be drawn from. Periods are the only unit there is.
fn duration(fields: &Object<'_>) -> Option<u32> {
    let value = fields.required("value", count);
    fields.optional("unit", |value| choice(value, &[("PERIODS", ())]))?;
    value
}

fn rounding_of(fields: &Object<'_>, of_commit: bool) -> Option<RecurringRounding> {
    let access = fields.within("access", rounding);
    let invoice = if of_commit { fields.within("invoice", rounding) } else { Some(None) };
    Some(RecurringRounding { access: access?, invoice: invoice? })
}

/// How a prorated amount is rounded.
pub(super) fn rounding(fields: &Object<'_>) -> Option<ProrationRounding> {
    let rounding_method = fields.required("rounding_method", word);
    let decimal_places = fields.required("decimal_places", places);
    Some(ProrationRounding { rounding_method: rounding_method?, decimal_places: decimal_places? })
}

/// A whole number, which may be less than 0. How small and how large it may be is for the rules to say.
fn places(value: Value<'_>) -> Option<i8> {
    let places = amount(value)?.to_string().parse().ok();
    if places.is_none() {
        value.not_whole(-5, 5);
    }
    places
}

fn subscription_config(fields: &Object<'_>) -> Option<SubscriptionConfig<String>> {
    let subscription_id = fields.required("subscription_id", text);
    let is_prorated =
        fields.inside("apply_seat_increase_config", |fields| fields.required("is_prorated", flag));
    let allocation = fields.optional("allocation", word);
    Some(SubscriptionConfig {
        subscription_id: subscription_id?,
        is_prorated: is_prorated?,
        allocation: allocation?.unwrap_or_default(),
    })
}

/// What changes in a recurring commit or credit; `id` is what the API calls its id.
pub(super) fn update<I: From<uuid::Uuid>>(
    fields: &Object<'_>,
    id: &'static str,
    of_commit: bool,
) -> Option<UpdateRecurring<I>> {
    let id = fields.required(id, typed_id);
    let access = fields.within("access_amount", amount_changes);
    let invoice = if of_commit { fields.within("invoice_amount", amount_changes) } else { Some(None) };
    let ending_before = fields.optional("ending_before", |value| nullable(value, moment));
    let rate_type = fields.optional("rate_type", word);
    let rounding = fields.optional("proration_rounding", |value| {
        nullable(value, |value| inside(value, |fields| rounding_changes(fields, of_commit)))
    });
    let (access_unit_price, access_quantity) = access?.unwrap_or_default();
    let (invoice_unit_price, invoice_quantity) = invoice?.unwrap_or_default();
    Some(UpdateRecurring {
        id: id?,
        changes: RecurringChanges {
            access_unit_price,
            access_quantity,
            invoice_unit_price,
            invoice_quantity,
            ending_before: ending_before?,
            rate_type: rate_type?,
            proration_rounding: rounding?,
        },
    })
}

fn amount_changes(fields: &Object<'_>) -> Option<(Option<Amount>, Option<Amount>)> {
    let unit_price = fields.optional("unit_price", amount);
    let quantity = fields.optional("quantity", amount);
    Some((unit_price?, quantity?))
}

fn rounding_changes(fields: &Object<'_>, of_commit: bool) -> Option<RoundingChanges> {
    let access = fields.optional("access", rounding_or_none);
    let invoice = if of_commit { fields.optional("invoice", rounding_or_none) } else { Some(None) };
    Some(RoundingChanges { access: access?, invoice: invoice? })
}

/// How a prorated amount is rounded from now on; `null` for not at all.
pub(super) fn rounding_or_none(value: Value<'_>) -> Option<Option<ProrationRounding>> {
    nullable(value, |value| inside(value, rounding))
}
