//! Billable metrics: what programs do with them, what that does to the model, and what can be read of them.

use std::collections::BTreeMap;

use billfold::FieldProblem;
use billfold::prelude::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::compare::{admits, same};
use super::operation::{Answer, MISSING, NOT_ALLOWED, Op, Pairs, Refusal, at, not_a_value};
use super::program::{METRICS, ids_of, instance_ops, mostly, pairs, short_name};
use super::state::{Held, Model};
use crate::support::catalog::{filter, strings};
use crate::support::every;

/// Properties of events. The last one is in no filter.
pub const PROPERTIES: [&str; 3] = ["region", "machine", "other"];

/// The metric that programs begin with: grouped by the region, and by region and machine.
pub fn grouped() -> CreateBillableMetric {
    CreateBillableMetric {
        name: "grouped".to_owned(),
        aggregation_type: Some(Aggregation::Count),
        property_filters: PROPERTIES[..2].iter().map(|name| filter(name)).collect(),
        group_keys: vec![strings(&PROPERTIES[..1]), strings(&["machine", "region", "machine"])],
        ..Default::default()
    }
}

/// The ids of metrics that programs name.
pub fn metrics() -> impl Iterator<Item = BillableMetricId> + Clone {
    ids_of(METRICS).map(BillableMetricId::from)
}

fn new_metric() -> BoxedStrategy<CreateBillableMetric> {
    let or_none = |often| proptest::option::weighted(0.9, select(often));
    let aggregation = or_none(vec![Aggregation::Count, Aggregation::Sum]);
    let key = proptest::option::of(select(&PROPERTIES)).prop_map(|key| key.map(str::to_owned));
    let filters = prop_oneof![4 => Just(2), 1 => Just(1)];
    let values = proptest::option::weighted(0.2, subsequence(vec!["EU".to_owned()], 0..=1));
    let group = select(vec![&PROPERTIES[..1], &PROPERTIES[1..2], &PROPERTIES[..2], &[], &PROPERTIES[2..]]);
    let sql = proptest::option::weighted(0.15, select(&["SELECT 1", " "]));
    let groups = proptest::collection::vec(group, 0..3);
    (short_name(), aggregation, key, filters, values, groups, sql)
        .prop_map(|(name, aggregation_type, aggregation_key, filters, in_values, groups, sql)| {
            CreateBillableMetric {
                name,
                sql: sql.map(str::to_owned),
                aggregation_type,
                aggregation_key,
                property_filters: PROPERTIES[..filters]
                    .iter()
                    .map(|name| PropertyFilter { in_values: in_values.clone(), ..filter(name) })
                    .collect(),
                group_keys: groups.into_iter().map(strings).collect(),
                ..Default::default()
            }
        })
        .boxed()
}

/// A metric in SQL and nothing else.
fn new_sql() -> impl Strategy<Value = CreateBillableMetric> {
    short_name().prop_map(|name| CreateBillableMetric {
        name,
        sql: Some("SELECT 1".to_owned()),
        ..Default::default()
    })
}

/// What happens to metrics besides what happens to any instance.
pub fn of_metrics() -> BoxedStrategy<Op> {
    let id = || mostly(metrics().take(2), metrics());
    let new = prop_oneof![1 => Just(grouped()), 6 => new_metric(), 1 => new_sql()];
    prop_oneof![
        4 => (new, pairs()).prop_map(|(new, values)| Op::CreateMetric(new, values)),
        2 => (id(), short_name()).prop_map(|(id, name)| Op::RenameMetric(id, name)),
        2 => id().prop_flat_map(|id| instance_ops(id.into())),
    ]
    .boxed()
}

fn faults(new: &CreateBillableMetric) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(sql) = &new.sql {
        let streaming = [
            ("aggregation_type", new.aggregation_type.is_some()),
            ("aggregation_key", new.aggregation_key.is_some()),
            ("property_filters", !new.property_filters.is_empty()),
            ("group_keys", !new.group_keys.is_empty()),
        ];
        faults.extend(streaming.iter().filter(|(_, said)| *said).map(|(field, _)| at(*field, NOT_ALLOWED)));
        faults.extend((sql == " ").then(|| at("sql", FieldProblem::Empty { rule: "" })));
        return faults;
    }
    let filtered = |name: &String| new.property_filters.iter().any(|filter| filter.name == *name);
    faults.extend(new.aggregation_type.is_none().then(|| at("aggregation_type", MISSING)));
    if new.aggregation_type != Some(Aggregation::Count) {
        match &new.aggregation_key {
            Some(key) if !filtered(key) => faults.push(at("aggregation_key", not_a_value(&key))),
            None if new.aggregation_type.is_some() => faults.push(at("aggregation_key", MISSING)),
            _ => {}
        }
    }
    for (place, filter) in new.property_filters.iter().enumerate() {
        if filter.in_values == Some(Vec::new()) {
            let field = format!("property_filters[{place}].in_values");
            faults.push(at(field, FieldProblem::Empty { rule: "" }));
        }
    }
    for (place, key) in new.group_keys.iter().enumerate() {
        for (part, name) in key.iter().enumerate().filter(|(_, name)| !filtered(name)) {
            faults.push(at(format!("group_keys[{place}][{part}]"), not_a_value(&name)));
        }
    }
    faults
}

impl Model {
    pub fn metric(&self, id: BillableMetricId) -> Refusal<(&Held, &CreateBillableMetric)> {
        self.made(id.into(), |held| held.metric.as_ref())
    }

    pub fn create_metric(&mut self, new: &CreateBillableMetric, values: &Pairs) -> Refusal<Answer> {
        let target = self.fresh(ManagedEntity::BillableMetric);
        let held = Held { metric: Some(new.clone()), ..Held::default() };
        self.make(target, held, faults(new), self.values_of_new(target, values))
    }

    pub fn rename_metric(&mut self, id: BillableMetricId, name: &str) -> Refusal<Answer> {
        let (_, before) = self.metric(id)?;
        if before.name != name {
            let after = Some(CreateBillableMetric { name: name.to_owned(), ..before.clone() });
            self.touch(id.into(), |held| held.metric = after);
        }
        Ok(Answer::Done)
    }
}

/// What can be read of a metric, but for its times.
type Shown = (BillableMetricId, CreateBillableMetric, BTreeMap<String, String>, bool);

fn shown(metric: BillableMetric) -> Shown {
    let as_made = CreateBillableMetric {
        name: metric.name,
        sql: metric.sql,
        aggregation_type: metric.aggregation_type,
        aggregation_key: metric.aggregation_key,
        event_type_filter: metric.event_type_filter,
        property_filters: metric.property_filters,
        group_keys: metric.group_keys,
        custom_fields: CustomFields::default(),
    };
    (metric.id, as_made, metric.custom_fields, metric.archived_at.is_some())
}

/// Metrics one by one, and as every list has them.
pub fn compare_metrics(from: &impl Reading, model: &Model) {
    let expected = |id: BillableMetricId| {
        let (held, metric) = model.metric(id)?;
        Ok((id, metric.clone(), held.values.clone(), held.archived))
    };
    for id in metrics() {
        same(from.billable_metric(id).map(shown), expected(id));
    }
    for filter in [ArchiveFilter::NotArchived, ArchiveFilter::Archived, ArchiveFilter::All] {
        let of_entity = model.of_entity(ManagedEntity::BillableMetric);
        let listed: Vec<_> = of_entity
            .filter_map(|id| expected(id.into()).ok())
            .filter(|(.., archived)| admits(filter, *archived))
            .collect();
        let found = every(2, |page| from.billable_metrics(filter, page));
        assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), listed, "{filter}");
    }
}
