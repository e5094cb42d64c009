//! Billable metrics: what may be made, and what becomes of it.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::{cpu_hours, filter, refused, strings, summing};
use crate::support::{every, fault};

const NOT_A_FILTER: &str = "the aggregation key must be one of the property filter names";

#[test]
fn a_metric_is_read_as_it_was_made() {
    let store = Store::in_memory().unwrap();
    store.add_key(ManagedEntity::BillableMetric, "owner", KeyKind::Enforced).unwrap();
    let region = PropertyFilter {
        exists: Some(true),
        in_values: Some(strings(&["EU", "NA"])),
        not_in_values: Some(strings(&["AS"])),
        ..filter("region")
    };
    let request = CreateBillableMetric {
        event_type_filter: Some(EventTypeFilter {
            in_values: Some(strings(&["cpu_usage"])),
            not_in_values: Some(strings(&["test"])),
        }),
        property_filters: vec![filter("cpu_hours"), region],
        custom_fields: [("owner", "platform")].into(),
        ..summing("CPU Hours", &["cpu_hours", "region"], &[&["region"]])
    };
    let id = store.create_billable_metric(request.clone()).unwrap();
    let metric = store.billable_metric(id).unwrap();
    assert_eq!((metric.id, metric.name.as_str()), (id, "CPU Hours"));
    assert_eq!(metric.aggregation_type, Some(Aggregation::Sum));
    assert_eq!(metric.aggregation_key.as_deref(), Some("cpu_hours"));
    assert_eq!(metric.event_type_filter, request.event_type_filter);
    assert_eq!(metric.property_filters, request.property_filters);
    assert_eq!(metric.group_keys, [["region"]]);
    assert_eq!(metric.custom_fields["owner"], "platform");
    assert_eq!((metric.sql, metric.archived_at), (None, None));
    assert_eq!(store.find("owner", "platform").unwrap(), Some(id));
}

#[test]
fn sql_goes_with_no_streaming_field() {
    let store = Store::in_memory().unwrap();
    let sql = CreateBillableMetric { sql: Some("select 1".into()), ..Default::default() };
    let id = store.create_billable_metric(sql.clone()).unwrap();
    assert_eq!(store.billable_metric(id).unwrap().sql.as_deref(), Some("select 1"));
    let both = CreateBillableMetric {
        sql: sql.sql,
        event_type_filter: Some(EventTypeFilter::default()),
        ..summing("Both", &["cpu_hours"], &[&["cpu_hours"]])
    };
    let fields =
        ["aggregation_type", "aggregation_key", "event_type_filter", "property_filters", "group_keys"];
    let expected =
        fields.map(|field| format!("{field}: not allowed here; a metric with sql has no streaming fields"));
    assert_eq!(refused(&store, |store| store.create_billable_metric(both)), expected);
    let empty = CreateBillableMetric { sql: Some(" ".into()), ..Default::default() };
    assert_eq!(refused(&store, |store| store.create_billable_metric(empty)), ["sql: empty; sql is a query"]);
}

#[test]
fn a_metric_without_sql_has_an_aggregation() {
    let store = Store::in_memory().unwrap();
    let neither = CreateBillableMetric { name: "Nothing".into(), ..Default::default() };
    let expected = ["aggregation_type: missing; a metric without sql has an aggregation"];
    assert_eq!(refused(&store, |store| store.create_billable_metric(neither)), expected);
}

#[test]
fn the_aggregation_key_is_the_name_of_a_property_filter() {
    let store = Store::in_memory().unwrap();
    for aggregation in [Aggregation::Latest, Aggregation::Max, Aggregation::Sum, Aggregation::Unique] {
        let sound =
            CreateBillableMetric { aggregation_type: Some(aggregation), ..summing("m", &["bytes"], &[]) };
        store.create_billable_metric(sound.clone()).unwrap();
        let other = CreateBillableMetric { aggregation_key: Some("files".into()), ..sound.clone() };
        let expected = [format!("aggregation_key: \"files\" is not allowed; {NOT_A_FILTER}")];
        assert_eq!(refused(&store, |store| store.create_billable_metric(other)), expected);
        let none = CreateBillableMetric { aggregation_key: None, ..sound };
        let expected = ["aggregation_key: missing; every aggregation but COUNT has a key"];
        assert_eq!(refused(&store, |store| store.create_billable_metric(none)), expected);
    }
}

#[test]
fn counting_makes_no_use_of_an_aggregation_key() {
    let store = Store::in_memory().unwrap();
    for key in [None, Some("anything".to_owned())] {
        let count = CreateBillableMetric {
            aggregation_type: Some(Aggregation::Count),
            aggregation_key: key.clone(),
            ..Default::default()
        };
        let id = store.create_billable_metric(count).unwrap();
        assert_eq!(store.billable_metric(id).unwrap().aggregation_key, key);
    }
}

#[test]
fn every_property_of_a_group_key_is_the_name_of_a_property_filter() {
    let store = Store::in_memory().unwrap();
    cpu_hours(&store);
    let wrong = summing("m", &["bytes", "region"], &[&["region", "zone"], &["region"], &["disk"]]);
    let rule = "a property of a group key must be one of the property filter names";
    let expected = [
        format!("group_keys[0][1]: \"zone\" is not allowed; {rule}"),
        format!("group_keys[2][0]: \"disk\" is not allowed; {rule}"),
    ];
    assert_eq!(refused(&store, |store| store.create_billable_metric(wrong)), expected);
}

#[test]
fn a_list_of_values_that_is_there_is_not_empty() {
    let store = Store::in_memory().unwrap();
    let mut request = summing("m", &["bytes"], &[]);
    request.event_type_filter =
        Some(EventTypeFilter { in_values: Some(vec![]), not_in_values: Some(vec![]) });
    request.property_filters[0].in_values = Some(vec![]);
    request.property_filters[0].not_in_values = Some(vec![]);
    let fields = [
        "event_type_filter.in_values",
        "event_type_filter.not_in_values",
        "property_filters[0].in_values",
        "property_filters[0].not_in_values",
    ];
    let rule = "a list of values that is there names at least one";
    let expected = fields.map(|field| format!("{field}: empty; {rule}"));
    assert_eq!(refused(&store, |store| store.create_billable_metric(request)), expected);
}

#[test]
fn a_metric_is_made_with_its_values_or_not_at_all() {
    let store = Store::in_memory().unwrap();
    store.add_key(ManagedEntity::BillableMetric, "owner", KeyKind::Enforced).unwrap();
    let owned = |owner: &'static str| CreateBillableMetric {
        custom_fields: [("owner", owner)].into(),
        ..summing("m", &["bytes"], &[])
    };
    let holder = store.create_billable_metric(owned("platform")).unwrap();
    let unknown = CreateBillableMetric {
        aggregation_key: Some("files".into()),
        custom_fields: [("team", "x"), ("owner", "platform")].into(),
        ..owned("platform")
    };
    let faults = refused(&store, |store| store.create_billable_metric(unknown));
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(
        faults[0].contains(NOT_A_FILTER) && faults[1].contains("Invalid custom field keys"),
        "{faults:?}"
    );
    assert!(faults[2].contains(&holder.to_string()), "{faults:?}");
    assert_eq!(store.create_billable_metric(owned("platform")).unwrap_err().kind(), ErrorKind::Conflict);
    store.create_billable_metric(owned("storage")).unwrap();
    assert_eq!(store.key(ManagedEntity::BillableMetric, "owner").unwrap().unwrap().instances, 2);
}

#[test]
fn what_is_too_large_to_be_kept_is_refused_and_what_is_not_can_be_read() {
    let store = Store::in_memory().unwrap();
    let sized = |bytes: usize| CreateBillableMetric { sql: Some("x".repeat(bytes)), ..Default::default() };
    let id = store.create_billable_metric(sized((1 << 20) - 100)).unwrap();
    assert_eq!(store.billable_metric(id).unwrap().sql.unwrap().len(), (1 << 20) - 100);
    let long = "n".repeat(200);
    assert!(matches!(fault(store.set_billable_metric_name(id, &long)), Fault::TooLarge { .. }));
    let faults = refused(&store, |store| store.create_billable_metric(sized(1 << 20)));
    assert!(faults[0].ends_with("at most 1048576 are allowed"), "{faults:?}");
}

#[test]
fn the_most_items_that_fit_can_be_read() {
    let store = Store::in_memory().unwrap();
    let items = (1 << 20) - 100;
    let types = EventTypeFilter { in_values: Some(vec![String::new(); items]), not_in_values: None };
    let plain = CreateBillableMetric { aggregation_type: Some(Aggregation::Count), ..Default::default() };
    let requests = [
        CreateBillableMetric { event_type_filter: Some(types), ..plain.clone() },
        CreateBillableMetric { group_keys: vec![vec![]; items], ..plain.clone() },
        CreateBillableMetric { property_filters: vec![filter(""); items / 4], ..plain },
    ];
    for request in requests {
        let id = store.create_billable_metric(request.clone()).unwrap();
        let metric = store.billable_metric(id).unwrap();
        assert!(metric.event_type_filter == request.event_type_filter);
        assert!(metric.group_keys == request.group_keys);
        assert!(metric.property_filters == request.property_filters);
        store.set_billable_metric_name(id, "renamed").unwrap();
        store.forget(id).unwrap();
    }
}

#[test]
fn the_name_is_all_that_changes() {
    let store = Store::in_memory().unwrap();
    let id = cpu_hours(&store);
    let before = store.billable_metric(id).unwrap();
    store.set_billable_metric_name(id, "Hours of CPU").unwrap();
    let revision = store.revision(id).unwrap();
    store.set_billable_metric_name(id, "Hours of CPU").unwrap();
    assert_eq!(store.revision(id).unwrap(), revision);
    let mut renamed = before;
    renamed.name = "Hours of CPU".into();
    assert_eq!(store.billable_metric(id).unwrap(), renamed);
    let unknown = BillableMetricId::from(Uuid::from_u128(5));
    let expected = Fault::InstanceNotFound { target: unknown.into() };
    assert_eq!(fault(store.set_billable_metric_name(unknown, "x")), expected);
    assert_eq!(fault(store.billable_metric(unknown)), expected);
    store.adopt(unknown).unwrap();
    assert!(matches!(fault(store.billable_metric(unknown)), Fault::NothingButAnId { .. }));
}

#[test]
fn archived_metrics_are_listed_where_they_are_asked_for() {
    let clock = SetClock::default();
    clock.set("2025-02-01T00:00:00Z".parse().unwrap());
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    let ids: Vec<_> = (0..7).map(|_| cpu_hours(&store)).collect();
    // One that was taken in is in no list of records.
    store.adopt(BillableMetricId::from(Uuid::from_u128(1))).unwrap();
    store.archive(ids[2]).unwrap();
    assert_eq!(fault(store.archive(ids[2])), Fault::AlreadyArchived { target: ids[2].into() });
    let archived_at = store.billable_metric(ids[2]).unwrap().archived_at;
    assert_eq!(archived_at.map(|at| at.to_string()).as_deref(), Some("2025-02-01T00:00:00Z"));
    for limit in 1..=8 {
        let listed = |filter| -> Vec<_> {
            every(limit, |page| store.billable_metrics(filter, page))
                .into_iter()
                .map(|metric| metric.id)
                .collect()
        };
        assert_eq!(listed(ArchiveFilter::All), ids);
        assert_eq!(listed(ArchiveFilter::Archived), [ids[2]]);
        assert_eq!(listed(ArchiveFilter::NotArchived).len(), 6);
    }
    let cursor = store.billable_metrics(ArchiveFilter::All, &PageRequest::first(1)).unwrap().next.unwrap();
    let other = store.billable_metrics(ArchiveFilter::NotArchived, &PageRequest::after(cursor, 1));
    assert_eq!(fault(other), Fault::CursorOfAnotherQuestion);
}
