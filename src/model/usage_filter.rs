//! Usage filters: which of a customer's usage counts on a contract.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::scalar::Time;
use crate::entity::CustomerId;
use crate::error::{Fault, FieldProblem};

/// The most values of a usage filter.
pub const MAX_FILTER_VALUES: usize = 10_000;
/// The most characters of a usage filter's key, and of each of its values.
pub const MAX_FILTER_CHARACTERS: usize = 1_000;

/// Usage whose property has one of these values. Source: the seed "Provision a customer".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct UsageFilter {
    /// The property: a group key of the metrics that the card's products have.
    pub group_key: String,
    /// The values: at least one, each once.
    pub group_values: BTreeSet<String>,
    /// From when on, inclusive, until the next filter of the contract begins. Not before the contract does.
    pub starting_at: Time,
}

impl UsageFilter {
    /// A filter from a moment on.
    #[must_use]
    pub fn new(
        group_key: impl Into<String>,
        group_values: impl IntoIterator<Item = impl Into<String>>,
        starting_at: Time,
    ) -> Self {
        let group_values = group_values.into_iter().map(Into::into).collect();
        Self { group_key: group_key.into(), group_values, starting_at }
    }

    /// Faults that can be seen without the contract; `at` stands in front of the names of its fields.
    pub(crate) fn check(&self, at: &str) -> Vec<Fault> {
        let key = |problem: FieldProblem| problem.at(format!("{at}group_key"));
        let values = |problem: FieldProblem| problem.at(format!("{at}group_values"));
        let mut faults = Vec::new();
        if self.group_key.is_empty() {
            faults.push(key(FieldProblem::Empty { rule: "a usage filter has a group key" }));
        }
        faults.extend(too_long(&self.group_key).map(key));
        let items = self.group_values.len();
        if items == 0 {
            faults.push(values(FieldProblem::Empty { rule: "a usage filter has at least one value" }));
        }
        if items > MAX_FILTER_VALUES {
            faults.push(values(FieldProblem::TooMany { items, most: MAX_FILTER_VALUES }));
        }
        faults.extend(self.group_values.iter().find_map(|value| too_long(value)).map(values));
        faults
    }
}

fn too_long(text: &str) -> Option<FieldProblem> {
    FieldProblem::too_long(text, MAX_FILTER_CHARACTERS)
}

/// A usage filter and when it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageFilterSegment {
    /// The filter, with its start.
    pub filter: UsageFilter,
    /// Until when, exclusive: the next filter's start, or the contract's end; `None` without an end.
    pub ending_before: Option<Time>,
}

/// Whose usage it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageOf {
    /// This customer's.
    Customer(CustomerId),
    /// That of the customer with this ingest alias, if any has it.
    Alias(String),
}

impl From<CustomerId> for UsageOf {
    fn from(customer: CustomerId) -> Self {
        Self::Customer(customer)
    }
}

impl From<&str> for UsageOf {
    fn from(alias: &str) -> Self {
        Self::Alias(alias.to_owned())
    }
}
