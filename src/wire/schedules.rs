//! Schedules in requests: when an amount can be drawn from, when something is charged, and what changes in either.

use super::body::{Object, amount, fields as inside, flag, list, moment, typed_id, word};
use super::when::When;
use crate::id::ScheduleItemId;
use crate::model::balance::AccessType;
use crate::model::contract_edit::{
    UpdateAccessItem, UpdateAccessSchedule, UpdateInvoiceItem, UpdateInvoiceSchedule, UpdatePrice,
};
use crate::model::schedule::{
    CreateAccessItem, CreateAccessSchedule, CreateInvoiceItem, CreateInvoiceSchedule, Price,
    RecurringSchedule, ScheduleDates,
};

/// When how much can be drawn from, and what usage takes from it.
pub(super) fn access<D: When>(fields: &Object<'_>) -> Option<(CreateAccessSchedule<D>, Option<AccessType>)> {
    let access_type = fields.optional("access_type", word);
    let credit_type_id = fields.optional("credit_type_id", typed_id);
    let items = fields.required_objects("schedule_items", access_item);
    Some((CreateAccessSchedule { credit_type_id: credit_type_id?, schedule_items: items? }, access_type?))
}

fn access_item<D: When>(fields: &Object<'_>) -> Option<CreateAccessItem<D>> {
    let amount = fields.required("amount", amount);
    let starting_at = fields.required(D::START, D::read);
    let ending_before = fields.required(D::END, D::read);
    Some(CreateAccessItem { amount: amount?, starting_at: starting_at?, ending_before: ending_before? })
}

/// When how much is charged. In a package only a commit can say that nobody is charged for it.
pub(super) fn invoice<D: When>(fields: &Object<'_>, of_commit: bool) -> Option<CreateInvoiceSchedule<D>> {
    let credit_type_id = fields.optional("credit_type_id", typed_id);
    let dates = dates(fields);
    let do_not_invoice =
        if of_commit || D::IN_CONTRACT { fields.optional("do_not_invoice", flag) } else { Some(None) };
    Some(CreateInvoiceSchedule {
        credit_type_id: credit_type_id?,
        dates: dates?,
        do_not_invoice: do_not_invoice?.unwrap_or_default(),
    })
}

/// On dates, or, in a contract, by a rule.
fn dates<D: When>(fields: &Object<'_>) -> Option<ScheduleDates<D>> {
    if !D::IN_CONTRACT {
        return fields.required_objects("schedule_items", invoice_item).map(ScheduleDates::Items);
    }
    let items = fields.optional("schedule_items", |value| list(value, |value| inside(value, invoice_item)));
    let recurring = fields.within("recurring_schedule", recurring);
    match (items?, recurring?) {
        (Some(items), None) => Some(ScheduleDates::Items(items)),
        (None, Some(recurring)) => Some(ScheduleDates::Recurring(recurring)),
        (Some(_), Some(_)) => {
            fields.fault("recurring_schedule", "not allowed here; there are schedule_items already")
        }
        (None, None) => fields.fault("schedule_items", "missing; there is no recurring_schedule either"),
    }
}

fn invoice_item<D: When>(fields: &Object<'_>) -> Option<CreateInvoiceItem<D>> {
    let timestamp = fields.required(D::CHARGED, D::read);
    let price = price(fields);
    Some(CreateInvoiceItem { timestamp: timestamp?, price: price? })
}

fn recurring(fields: &Object<'_>) -> Option<RecurringSchedule> {
    let starting_at = fields.required("starting_at", moment);
    let ending_before = fields.required("ending_before", moment);
    let frequency = fields.required("frequency", word);
    let price = price(fields);
    let amount_distribution = fields.required("amount_distribution", word);
    Some(RecurringSchedule {
        starting_at: starting_at?,
        ending_before: ending_before?,
        frequency: frequency?,
        price: price?,
        amount_distribution: amount_distribution?,
    })
}

/// An amount, or a unit price with a quantity.
fn price(fields: &Object<'_>) -> Option<Price> {
    match update_price(fields)? {
        Some(UpdatePrice::To(price)) => Some(price),
        Some(UpdatePrice::UnitPrice(_)) => fields.fault("quantity", "missing; there is a unit_price"),
        Some(UpdatePrice::Quantity(_)) => fields.fault("unit_price", "missing; there is a quantity"),
        None => fields.fault("amount", "missing; there are no unit_price and quantity either"),
    }
}

fn update_price(fields: &Object<'_>) -> Option<Option<UpdatePrice>> {
    let whole = fields.optional("amount", amount);
    let unit_price = fields.optional("unit_price", amount);
    let quantity = fields.optional("quantity", amount);
    match (whole?, unit_price?, quantity?) {
        (Some(whole), None, None) => Some(Some(UpdatePrice::To(Price::from(whole)))),
        (Some(_), _, _) => fields.fault("amount", "not allowed beside unit_price or quantity"),
        (None, Some(unit_price), Some(quantity)) => {
            Some(Some(UpdatePrice::To(Price { unit_price, quantity })))
        }
        (None, Some(unit_price), None) => Some(Some(UpdatePrice::UnitPrice(unit_price))),
        (None, None, Some(quantity)) => Some(Some(UpdatePrice::Quantity(quantity))),
        (None, None, None) => Some(None),
    }
}

/// What changes in an access schedule.
pub(super) fn update_access(fields: &Object<'_>) -> Option<UpdateAccessSchedule> {
    let added = fields.objects("add_schedule_items", access_item);
    let updated = fields.objects("update_schedule_items", update_access_item);
    let removed = fields.objects("remove_schedule_items", item_id);
    Some(UpdateAccessSchedule {
        add_schedule_items: added?,
        update_schedule_items: updated?,
        remove_schedule_items: removed?,
    })
}

fn update_access_item(fields: &Object<'_>) -> Option<UpdateAccessItem> {
    let id = item_id(fields);
    let amount = fields.optional("amount", amount);
    let starting_at = fields.optional("starting_at", moment);
    let ending_before = fields.optional("ending_before", moment);
    Some(UpdateAccessItem {
        id: id?,
        amount: amount?,
        starting_at: starting_at?,
        ending_before: ending_before?,
    })
}

/// What changes in an invoice schedule.
pub(super) fn update_invoice(fields: &Object<'_>) -> Option<UpdateInvoiceSchedule> {
    let added = fields.objects("add_schedule_items", invoice_item);
    let updated = fields.objects("update_schedule_items", update_invoice_item);
    let removed = fields.objects("remove_schedule_items", item_id);
    Some(UpdateInvoiceSchedule {
        add_schedule_items: added?,
        update_schedule_items: updated?,
        remove_schedule_items: removed?,
    })
}

fn update_invoice_item(fields: &Object<'_>) -> Option<UpdateInvoiceItem> {
    let id = item_id(fields);
    let timestamp = fields.optional("timestamp", moment);
    let price = update_price(fields);
    Some(UpdateInvoiceItem { id: id?, timestamp: timestamp?, price: price? })
}

fn item_id(fields: &Object<'_>) -> Option<ScheduleItemId> {
    fields.required("id", typed_id)
}
