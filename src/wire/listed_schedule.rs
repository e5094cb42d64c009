//! Schedules as the calls that read contracts answer them, and what an edit changed in one.

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listing::{JustId, Number};
use crate::id::ScheduleItemId;
use crate::model::balance::AccessType;
use crate::model::contract_edit::{UpdateAccessSchedule, UpdateInvoiceSchedule, UpdatePrice};
use crate::model::credit_type::CreditType;
use crate::model::scalar::Amount;
use crate::model::schedule::{AccessSchedule, InvoiceSchedule, Price};

#[derive(Serialize)]
pub(super) struct ListedAccess {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_type: Option<AccessType>,
    credit_type: CreditType,
    schedule_items: Vec<AccessItem>,
}

/// A segment; what an edit does not change of one is left out.
#[derive(Serialize)]
pub(super) struct AccessItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ScheduleItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
}

impl ListedAccess {
    pub(super) fn of(schedule: &AccessSchedule, access_type: Option<AccessType>) -> Self {
        let items = schedule.schedule_items.iter().map(|item| AccessItem {
            id: Some(item.id),
            amount: number(item.amount),
            starting_at: Some(timestamp(item.starting_at)),
            ending_before: Some(timestamp(item.ending_before)),
        });
        Self {
            access_type,
            credit_type: CreditType::of(schedule.credit_type_id),
            schedule_items: items.collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ListedInvoiceSchedule {
    credit_type: CreditType,
    schedule_items: Vec<InvoiceItem>,
    do_not_invoice: bool,
}

/// A charge; what an edit does not change of one is left out. The invoice that it is on is not told.
#[derive(Serialize)]
pub(super) struct InvoiceItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ScheduleItemId>,
    #[serde(flatten)]
    price: ListedPrice,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

#[derive(Serialize, Default)]
struct ListedPrice {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Number,
}

impl ListedPrice {
    fn of(price: Price) -> Self {
        Self {
            amount: price.amount().and_then(number),
            unit_price: number(price.unit_price),
            quantity: number(price.quantity),
        }
    }

    fn update(change: UpdatePrice) -> Self {
        match change {
            UpdatePrice::To(price) => Self::of(price),
            UpdatePrice::UnitPrice(unit_price) => Self { unit_price: number(unit_price), ..Self::default() },
            UpdatePrice::Quantity(quantity) => Self { quantity: number(quantity), ..Self::default() },
        }
    }
}

impl ListedInvoiceSchedule {
    pub(super) fn of(schedule: &InvoiceSchedule) -> Self {
        let items = schedule.schedule_items.iter().map(|item| InvoiceItem {
            id: Some(item.id),
            price: ListedPrice::of(item.price),
            timestamp: Some(timestamp(item.timestamp)),
        });
        Self {
            credit_type: CreditType::of(schedule.credit_type_id),
            schedule_items: items.collect(),
            do_not_invoice: schedule.do_not_invoice,
        }
    }
}

/// What an edit changed in a schedule.
#[derive(Serialize)]
pub(super) struct ListedScheduleUpdate<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add_schedule_items: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update_schedule_items: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove_schedule_items: Vec<JustId<ScheduleItemId>>,
}

/// A changed access schedule; `None` where it did not change.
pub(super) fn access_update(update: &UpdateAccessSchedule) -> Option<ListedScheduleUpdate<AccessItem>> {
    let amount = |amount: Option<Amount>| amount.and_then(number);
    let added = update.add_schedule_items.iter().map(|item| AccessItem {
        id: None,
        amount: number(item.amount),
        starting_at: Some(timestamp(item.starting_at)),
        ending_before: Some(timestamp(item.ending_before)),
    });
    let changed = update.update_schedule_items.iter().map(|item| AccessItem {
        id: Some(item.id),
        amount: amount(item.amount),
        starting_at: item.starting_at.map(timestamp),
        ending_before: item.ending_before.map(timestamp),
    });
    (*update != UpdateAccessSchedule::default()).then(|| ListedScheduleUpdate {
        add_schedule_items: added.collect(),
        update_schedule_items: changed.collect(),
        remove_schedule_items: removed(&update.remove_schedule_items),
    })
}

/// A changed invoice schedule; `None` where it did not change.
pub(super) fn invoice_update(update: &UpdateInvoiceSchedule) -> Option<ListedScheduleUpdate<InvoiceItem>> {
    let added = update.add_schedule_items.iter().map(|item| InvoiceItem {
        id: None,
        price: ListedPrice::of(item.price),
        timestamp: Some(timestamp(item.timestamp)),
    });
    let changed = update.update_schedule_items.iter().map(|item| InvoiceItem {
        id: Some(item.id),
        price: item.price.map(ListedPrice::update).unwrap_or_default(),
        timestamp: item.timestamp.map(timestamp),
    });
    (*update != UpdateInvoiceSchedule::default()).then(|| ListedScheduleUpdate {
        add_schedule_items: added.collect(),
        update_schedule_items: changed.collect(),
        remove_schedule_items: removed(&update.remove_schedule_items),
    })
}

fn removed(ids: &[ScheduleItemId]) -> Vec<JustId<ScheduleItemId>> {
    ids.iter().map(|id| JustId { id: *id }).collect()
}
