//! The calls about alerts (source: `metronome-api.md` §8).
//!
//! Nothing is measured here, so that no alert is ever `ok` or `in_alarm`: one in use is `evaluating`, and an archived
//! one is nothing at all, as the API has it.

use serde::Serialize;

use super::answer::{Refusal, data, id as made, page};
use super::body::{Object, Value, amount, choice, flag, list, text, texts, typed_id, word};
use super::listed_alert::ListedAlert;
use super::{Request, Route};
use crate::entity::{AlertId, CustomerId};
use crate::error::Fault;
use crate::model::alert::{
    Alert, AlertFilter, AlertGroupKey, AlertGroupValue, AlertSeatFilter, AlertSpecifier,
    AlertSpecifierFilter, AlertStatus, CreateAlert,
};
use crate::model::page::{ArchiveFilter, Page};
use crate::store::{Reading as _, ReadingAlerts as _, Store, WritingAlerts as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/alerts/create", create),
    ("POST", "/v1/alerts/archive", archive),
    ("POST", "/v1/customer-alerts/get", get),
    ("POST", "/v1/customer-alerts/list", list_of_customer),
];

fn create(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    made(store.create_alert(request.read(|body, _| new_alert(body))?)?)
}

fn new_alert(body: &Object<'_>) -> Option<CreateAlert> {
    let alert_type = body.required("alert_type", word);
    let name = body.required("name", text);
    let threshold = body.required("threshold", amount);
    let uniqueness_key = body.optional("uniqueness_key", text);
    let customer_id = body.optional("customer_id", typed_id);
    let credit_type_id = body.optional("credit_type_id", typed_id);
    let access_type = body.optional("access_type", word);
    let billable_metric_id = body.optional("billable_metric_id", typed_id);
    let evaluate_on_create = body.optional("evaluate_on_create", flag);
    let filters = body.objects("custom_field_filters", filter);
    let specifiers = body.objects("alert_specifiers", specifier);
    let group_values = body.objects("group_values", group_value);
    let group_key_filter = body.within("group_key_filter", group_key);
    let invoice_types = body.optional("invoice_types_filter", texts);
    let seat_filter = body.within("seat_filter", seat_filter);
    let credit_grant_types = body.optional("credit_grant_type_filters", texts);
    body.optional("plan_id", no_plans)?;
    Some(CreateAlert {
        alert_type: alert_type?,
        name: name?,
        threshold: threshold?,
        uniqueness_key: uniqueness_key?,
        customer_id: customer_id?,
        credit_type_id: credit_type_id?,
        access_type: access_type?,
        billable_metric_id: billable_metric_id?,
        evaluate_on_create: evaluate_on_create?,
        custom_field_filters: filters?,
        alert_specifiers: specifiers?,
        group_values: group_values?,
        group_key_filter: group_key_filter?,
        invoice_types_filter: invoice_types?.unwrap_or_default(),
        seat_filter: seat_filter?,
        credit_grant_type_filters: credit_grant_types?.unwrap_or_default(),
    })
}

fn no_plans(value: Value<'_>) -> Option<()> {
    value.fault("there are no plans, which are older than contracts");
    None
}

fn filter(fields: &Object<'_>) -> Option<AlertFilter> {
    let entity = fields.required("entity", word);
    let key = fields.required("key", text);
    let value = fields.required("value", text);
    Some(AlertFilter { entity: entity?, key: key?, value: value? })
}

fn specifier(fields: &Object<'_>) -> Option<AlertSpecifier> {
    let filters = fields.objects("custom_field_filters", |fields| {
        let entity = fields.required("entity", word);
        let key = fields.required("key", text);
        let value = fields.optional("value", text);
        Some(AlertSpecifierFilter { entity: entity?, key: key?, value: value? })
    });
    let exclude = exclude(fields);
    Some(AlertSpecifier { filters: filters?, exclude: exclude? })
}

fn exclude(fields: &Object<'_>) -> Option<Vec<Vec<AlertFilter>>> {
    fields.objects("exclude", |fields| fields.required_objects("custom_field_filters", filter))
}

fn group_value(fields: &Object<'_>) -> Option<AlertGroupValue> {
    let key = fields.required("key", text);
    let value = fields.optional("value", text);
    Some(AlertGroupValue { key: key?, value: value? })
}

fn group_key(fields: &Object<'_>) -> Option<AlertGroupKey> {
    let key = fields.required("key", text);
    let value = fields.required("value", text);
    Some(AlertGroupKey { key: key?, value: value? })
}

fn seat_filter(fields: &Object<'_>) -> Option<AlertSeatFilter> {
    let seat_group_key = fields.required("seat_group_key", text);
    let seat_group_value = fields.optional("seat_group_value", text);
    Some(AlertSeatFilter { seat_group_key: seat_group_key?, seat_group_value: seat_group_value? })
}

fn archive(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (id, release) = request.read(|body, _| {
        let id = body.required("id", typed_id::<AlertId>);
        let release = body.optional("release_uniqueness_key", flag);
        Some((id?, release?.unwrap_or_default()))
    })?;
    store.archive_alert(id, release)?;
    made(id)
}

/// An alert as one customer has it.
#[derive(Serialize)]
struct CustomerAlert {
    customer_status: Option<&'static str>,
    triggered_by: Option<&'static str>,
    alert: ListedAlert,
}

impl CustomerAlert {
    fn of(alert: Alert) -> Self {
        let customer_status = (alert.status == AlertStatus::Enabled).then_some("evaluating");
        Self { customer_status, triggered_by: None, alert: ListedAlert::of(alert) }
    }
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (customer, id, part) = request.read(|body, _| {
        let customer = body.required("customer_id", typed_id::<CustomerId>);
        let id = body.required("alert_id", typed_id::<AlertId>);
        let of_contracts = body.optional("plans_or_contracts", |value| choice(value, &[("CONTRACTS", ())]));
        let part = part(body);
        of_contracts?;
        Some((customer?, id?, part?))
    })?;
    let view = store.snapshot()?;
    let mut faults = Vec::new();
    Fault::gather(view.values(customer), &mut faults)?;
    let alert = Fault::gather(view.alert(id), &mut faults)?;
    let alert = alert.filter(|alert| alert.terms.customer_id.is_none_or(|own| own == customer));
    if alert.is_none() && faults.is_empty() {
        faults.push(Fault::InstanceNotFound { target: id.into() });
    }
    Fault::none_of(faults)?;
    match alert {
        Some(alert) if part.is_of(&alert.terms) => data(CustomerAlert::of(alert)),
        _ => Err(Refusal::invalid(NO_SUCH_PART.to_owned())),
    }
}

const NO_SUCH_PART: &str = "group_values, seat_filter and alert_specifiers say for which of its values an alert is \
                            asked; it has no such value by itself";

/// For which of the values that it looks at one by one an alert is asked.
struct AlertPart {
    group_values: Vec<AlertGroupKey>,
    seat: Option<AlertGroupKey>,
    specifiers: Vec<(Vec<AlertFilter>, Vec<Vec<AlertFilter>>)>,
}

fn part(body: &Object<'_>) -> Option<AlertPart> {
    let group_values = body.objects("group_values", group_key);
    let seat = body.within("seat_filter", |fields| {
        let key = fields.required("seat_group_key", text);
        let value = fields.required("seat_group_value", text);
        Some(AlertGroupKey { key: key?, value: value? })
    });
    let specifiers = body.objects("alert_specifiers", |fields| {
        let filters = fields.required_objects("custom_field_filters", filter);
        let exclude = exclude(fields);
        Some((filters?, exclude?))
    });
    Some(AlertPart { group_values: group_values?, seat: seat?, specifiers: specifiers? })
}

impl AlertPart {
    /// Whether the alert looks at all of these: by name, or at each value of their keys.
    fn is_of(&self, alert: &CreateAlert) -> bool {
        let fits = |value: Option<&String>, asked: &String| value.is_none_or(|value| value == asked);
        let group = |asked: &AlertGroupKey| {
            let mut groups = alert.group_values.iter();
            groups.any(|group| group.key == asked.key && fits(group.value.as_ref(), &asked.value))
        };
        let seat = |asked: &AlertGroupKey| {
            let seats = alert.seat_filter.as_ref();
            seats.is_some_and(|seats| {
                seats.seat_group_key == asked.key && fits(seats.seat_group_value.as_ref(), &asked.value)
            })
        };
        let filter = |(filter, asked): (&AlertSpecifierFilter, &AlertFilter)| {
            filter.entity == asked.entity
                && filter.key == asked.key
                && fits(filter.value.as_ref(), &asked.value)
        };
        let specifier = |(asked, exclude): &(Vec<AlertFilter>, Vec<Vec<AlertFilter>>)| {
            alert.alert_specifiers.iter().any(|specifier| {
                specifier.exclude == *exclude
                    && specifier.filters.len() == asked.len()
                    && specifier.filters.iter().zip(asked).all(filter)
            })
        };
        self.group_values.iter().all(group)
            && self.seat.iter().all(seat)
            && self.specifiers.iter().all(specifier)
    }
}

/// A status that alerts are asked for by. None is ever disabled here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Enabled,
    Disabled,
    Archived,
}

const STATUSES: &[(&str, Asked)] =
    &[("ENABLED", Asked::Enabled), ("DISABLED", Asked::Disabled), ("ARCHIVED", Asked::Archived)];

fn list_of_customer(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (customer, statuses, wanted) = request.read(|body, query| {
        let customer = body.required("customer_id", typed_id::<CustomerId>);
        let statuses = body.optional("alert_statuses", statuses);
        let wanted = query.page();
        Some((customer?, statuses?.unwrap_or_else(|| vec![Asked::Enabled]), wanted?))
    })?;
    let asked = |status| statuses.contains(&status);
    let filter = match (asked(Asked::Enabled), asked(Asked::Archived)) {
        (true, true) => ArchiveFilter::All,
        (true, false) => ArchiveFilter::NotArchived,
        (false, true) => ArchiveFilter::Archived,
        (false, false) => {
            store.values(customer)?;
            return page(Page::<CustomerAlert> { items: Vec::new(), next: None });
        }
    };
    page(store.customer_alerts(customer, filter, &wanted)?.map(CustomerAlert::of))
}

fn statuses(value: Value<'_>) -> Option<Vec<Asked>> {
    let statuses = list(value, |value| choice(value, STATUSES))?;
    if statuses.is_empty() {
        value.fault("empty; at least one status is named where any is");
        return None;
    }
    Some(statuses)
}
