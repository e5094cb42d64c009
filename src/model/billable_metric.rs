//! Billable metrics: rules that turn usage events into a quantity.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::custom_field::CustomFields;
use super::scalar::Time;
use super::word::words;
use crate::entity::BillableMetricId;
use crate::error::{Fault, FieldProblem};

words! {
    /// How a metric makes one quantity of many events. Source: `metronome-api.md` §3.
    ///
    /// ```
    /// use billfold::Aggregation;
    ///
    /// assert_eq!(Aggregation::Sum.name(), "SUM");
    /// ```
    Aggregation {
        /// How many events there are.
        Count "COUNT",
        /// The last value of the aggregation key.
        Latest "LATEST",
        /// The highest value of the aggregation key.
        Max "MAX",
        /// The values of the aggregation key added up.
        Sum "SUM",
        /// How many different values the aggregation key has.
        Unique "UNIQUE",
    }
}

/// Which types of event count. A list that is there names at least one. Source: `metronome-api.md` §3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct EventTypeFilter {
    /// These types alone.
    pub in_values: Option<Vec<String>>,
    /// All types but these.
    pub not_in_values: Option<Vec<String>>,
}

/// What a property of an event has to be for the event to count. A list that is there names at least one value.
/// Source: `metronome-api.md` §3.
///
/// ```
/// use billfold::PropertyFilter;
///
/// let region = PropertyFilter {
///     name: "region".into(),
///     exists: Some(true),
///     in_values: Some(vec!["EU".into(), "NA".into()]),
///     ..Default::default()
/// };
/// # drop(region);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PropertyFilter {
    /// The property's name.
    pub name: String,
    /// Whether the event must have the property (`true`), must not (`false`), or may.
    pub exists: Option<bool>,
    /// These values alone.
    pub in_values: Option<Vec<String>>,
    /// All values but these.
    pub not_in_values: Option<Vec<String>>,
}

/// A billable metric that is to be made: a query in SQL, or an aggregation of filtered events ("streaming").
/// Source: `metronome-api.md` §3.
///
/// ```
/// use billfold::prelude::*;
///
/// let cpu_hours = CreateBillableMetric {
///     name: "CPU Hours".into(),
///     aggregation_type: Some(Aggregation::Sum),
///     aggregation_key: Some("cpu_hours".into()),
///     property_filters: vec![PropertyFilter { name: "cpu_hours".into(), ..Default::default() }],
///     ..Default::default()
/// };
/// # drop(cpu_hours);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateBillableMetric {
    /// The name.
    pub name: String,
    /// The query of an SQL metric, kept as it is and never looked into. Goes with none of the streaming fields
    /// that follow.
    pub sql: Option<String>,
    /// How events become a quantity. Required for a streaming metric.
    pub aggregation_type: Option<Aggregation>,
    /// The property whose values are aggregated: the name of a property filter. Required, except for
    /// [`Count`](Aggregation::Count), which makes no use of it.
    pub aggregation_key: Option<String>,
    /// Which types of event count; all, where there is none.
    pub event_type_filter: Option<EventTypeFilter>,
    /// Which events count: those that pass all of these.
    pub property_filters: Vec<PropertyFilter>,
    /// Groups that usage can be cut into: each a set of properties, each of them the name of a property filter.
    pub group_keys: Vec<Vec<String>>,
    /// Values of registered keys, set in the same commit.
    pub custom_fields: CustomFields,
}

/// A billable metric, as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillableMetric {
    /// Its id.
    pub id: BillableMetricId,
    /// Its name.
    pub name: String,
    /// See [`CreateBillableMetric::sql`].
    pub sql: Option<String>,
    /// See [`CreateBillableMetric::aggregation_type`].
    pub aggregation_type: Option<Aggregation>,
    /// See [`CreateBillableMetric::aggregation_key`].
    pub aggregation_key: Option<String>,
    /// See [`CreateBillableMetric::event_type_filter`].
    pub event_type_filter: Option<EventTypeFilter>,
    /// See [`CreateBillableMetric::property_filters`].
    pub property_filters: Vec<PropertyFilter>,
    /// See [`CreateBillableMetric::group_keys`].
    pub group_keys: Vec<Vec<String>>,
    /// Its values, by key.
    pub custom_fields: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was archived; `None` where it is active. Products that have it keep it; no others can get it.
    pub archived_at: Option<Time>,
}

/// What is stored of a billable metric besides its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct BillableMetricRecord {
    pub(crate) name: String,
    pub(crate) sql: Option<String>,
    pub(crate) aggregation_type: Option<Aggregation>,
    pub(crate) aggregation_key: Option<String>,
    pub(crate) event_type_filter: Option<EventTypeFilter>,
    pub(crate) property_filters: Vec<PropertyFilter>,
    pub(crate) group_keys: Vec<Vec<String>>,
    pub(crate) created_at: Time,
}

const NOT_WITH_SQL: &str = "a metric with sql has no streaming fields";

impl CreateBillableMetric {
    /// What is wrong with the request in itself, custom fields aside.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let Some(sql) = &self.sql else { return self.streaming_faults() };
        let empty = sql.trim().is_empty().then(|| FieldProblem::Empty { rule: "sql is a query" }.at("sql"));
        let fields = [
            ("aggregation_type", self.aggregation_type.is_some()),
            ("aggregation_key", self.aggregation_key.is_some()),
            ("event_type_filter", self.event_type_filter.is_some()),
            ("property_filters", !self.property_filters.is_empty()),
            ("group_keys", !self.group_keys.is_empty()),
        ];
        let said = fields.into_iter().filter(|(_, said)| *said);
        let not_allowed = said.map(|(field, _)| FieldProblem::NotAllowed { rule: NOT_WITH_SQL }.at(field));
        empty.into_iter().chain(not_allowed).collect()
    }

    fn streaming_faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.aggregation_type.is_none() {
            let rule = "a metric without sql has an aggregation";
            faults.push(FieldProblem::Missing { rule }.at("aggregation_type"));
        }
        if let Some(EventTypeFilter { in_values, not_in_values }) = &self.event_type_filter {
            check_values("event_type_filter", in_values.as_deref(), not_in_values.as_deref(), &mut faults);
        }
        for (place, PropertyFilter { in_values, not_in_values, .. }) in
            self.property_filters.iter().enumerate()
        {
            let field = format!("property_filters[{place}]");
            check_values(&field, in_values.as_deref(), not_in_values.as_deref(), &mut faults);
        }
        let filtered: HashSet<_> = self.property_filters.iter().map(|filter| filter.name.as_str()).collect();
        faults.extend(self.aggregation_key_fault(&filtered));
        for (place, key) in self.group_keys.iter().enumerate() {
            for (part, property) in
                key.iter().enumerate().filter(|(_, name)| !filtered.contains(name.as_str()))
            {
                let rule = "a property of a group key must be one of the property filter names";
                let problem = FieldProblem::Value { value: property.clone(), rule };
                faults.push(problem.at(format!("group_keys[{place}][{part}]")));
            }
        }
        faults
    }

    fn aggregation_key_fault(&self, filtered: &HashSet<&str>) -> Option<Fault> {
        let problem = match (&self.aggregation_type, &self.aggregation_key) {
            // Counting makes no use of a key, so any is as good as none.
            (Some(Aggregation::Count), _) => return None,
            (_, Some(key)) if filtered.contains(key.as_str()) => return None,
            (_, Some(key)) => FieldProblem::Value {
                value: key.clone(),
                rule: "the aggregation key must be one of the property filter names",
            },
            (Some(_), None) => FieldProblem::Missing { rule: "every aggregation but COUNT has a key" },
            (None, None) => return None,
        };
        Some(problem.at("aggregation_key"))
    }
}

/// Lists of values that are there must hold something.
fn check_values(at: &str, ins: Option<&[String]>, not_ins: Option<&[String]>, faults: &mut Vec<Fault>) {
    for (field, values) in [("in_values", ins), ("not_in_values", not_ins)] {
        if values.is_some_and(<[String]>::is_empty) {
            let rule = "a list of values that is there names at least one";
            faults.push(FieldProblem::Empty { rule }.at(format!("{at}.{field}")));
        }
    }
}
