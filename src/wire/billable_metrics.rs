//! The calls about billable metrics (source: `metronome-api.md` §3).

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{Refusal, data, id as made, page, timestamp};
use super::body::{Object, Value, flag, id, list, nullable, object, pairs, text, word};
use super::{Request, Route};
use crate::entity::BillableMetricId;
use crate::model::billable_metric::{
    Aggregation, BillableMetric, CreateBillableMetric, EventTypeFilter, PropertyFilter,
};
use crate::model::page::ArchiveFilter;
use crate::store::{ReadingRecords as _, Store, Writing as _, WritingRecords as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/billable-metrics/create", create),
    ("GET", "/v1/billable-metrics", list_metrics),
    ("POST", "/v1/billable-metrics/archive", archive),
    ("GET", "/v1/billable-metrics/{billable_metric_id}", get),
    ("PUT", "/v1/billable-metrics/{billable_metric_id}", rename),
];

fn create(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let request = request.read(|body, _| {
        let name = body.required("name", text);
        let sql = body.optional("sql", text);
        let aggregation_type = body.optional("aggregation_type", word);
        let aggregation_key = body.optional("aggregation_key", text);
        let event_type_filter = body.optional("event_type_filter", event_type_filter);
        let property_filters = body.optional("property_filters", |value| list(value, property_filter));
        let group_keys = body.optional("group_keys", |value| list(value, |key| list(key, text)));
        let custom_fields = body.optional("custom_fields", |value| pairs(value, text));
        Some(CreateBillableMetric {
            name: name?,
            sql: sql?,
            aggregation_type: aggregation_type?,
            aggregation_key: aggregation_key?,
            event_type_filter: event_type_filter?,
            property_filters: property_filters?.unwrap_or_default(),
            group_keys: group_keys?.unwrap_or_default(),
            custom_fields: custom_fields?.unwrap_or_default().into(),
        })
    })?;
    made(store.create_billable_metric(request)?)
}

fn event_type_filter(value: Value<'_>) -> Option<EventTypeFilter> {
    let fields = object(value)?;
    let in_values = values(&fields, "in_values");
    let not_in_values = values(&fields, "not_in_values");
    fields.finish();
    Some(EventTypeFilter { in_values: in_values?, not_in_values: not_in_values? })
}

fn property_filter(value: Value<'_>) -> Option<PropertyFilter> {
    let fields = object(value)?;
    let name = fields.required("name", text);
    let exists = fields.optional("exists", |value| nullable(value, flag));
    let in_values = values(&fields, "in_values");
    let not_in_values = values(&fields, "not_in_values");
    fields.finish();
    Some(PropertyFilter {
        name: name?,
        exists: exists?.flatten(),
        in_values: in_values?,
        not_in_values: not_in_values?,
    })
}

/// A list of values in a filter, where `null` says as little as nothing.
fn values(fields: &Object<'_>, name: &'static str) -> Option<Option<Vec<String>>> {
    Some(fields.optional(name, |value| nullable(value, |value| list(value, text)))?.flatten())
}

fn list_metrics(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (archived, wanted) = request.read(|_, query| {
        let include_archived = query.flag("include_archived");
        let wanted = query.page();
        let all = include_archived?.unwrap_or(false);
        Some((if all { ArchiveFilter::All } else { ArchiveFilter::NotArchived }, wanted?))
    })?;
    page(store.billable_metrics(archived, &wanted)?.map(Listed::of))
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|_, _| request.id("billable_metric_id"))?;
    data(Listed::of(store.billable_metric(BillableMetricId::from(id))?))
}

fn rename(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (id, name) = request.read(|body, _| {
        let id = request.id("billable_metric_id");
        let name = body.required("name", text);
        Some((id?, name?))
    })?;
    store.set_billable_metric_name(BillableMetricId::from(id), &name)?;
    made(id)
}

fn archive(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| body.required("id", id))?;
    store.archive(BillableMetricId::from(id))?;
    made(id)
}

/// A billable metric as it is read.
#[derive(Serialize)]
struct Listed {
    id: BillableMetricId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type_filter: Option<ListedEventTypes>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    property_filters: Vec<ListedFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregation_type: Option<Aggregation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregation_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    group_keys: Vec<Vec<String>>,
    custom_fields: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
}

#[derive(Serialize)]
struct ListedEventTypes {
    #[serde(skip_serializing_if = "Option::is_none")]
    in_values: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_in_values: Option<Vec<String>>,
}

#[derive(Serialize)]
struct ListedFilter {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_values: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_in_values: Option<Vec<String>>,
}

impl Listed {
    fn of(metric: BillableMetric) -> Self {
        let filter = |filter: PropertyFilter| {
            let PropertyFilter { name, exists, in_values, not_in_values } = filter;
            ListedFilter { name, exists, in_values, not_in_values }
        };
        Self {
            id: metric.id,
            name: metric.name,
            sql: metric.sql,
            event_type_filter: metric.event_type_filter.map(
                |EventTypeFilter { in_values, not_in_values }| ListedEventTypes { in_values, not_in_values },
            ),
            property_filters: metric.property_filters.into_iter().map(filter).collect(),
            aggregation_type: metric.aggregation_type,
            aggregation_key: metric.aggregation_key,
            group_keys: metric.group_keys,
            custom_fields: metric.custom_fields,
            archived_at: metric.archived_at.map(timestamp),
        }
    }
}
