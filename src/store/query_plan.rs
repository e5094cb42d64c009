//! A query's condition with its keys looked up, in the form that is searched: only tests are negated in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use super::find::searchable;
use crate::entity::ManagedEntity;
use crate::error::{Fault, Result};
use crate::model::custom_field::KeyKind;
use crate::model::query::{Condition, Join, Test};
use crate::storage::catalog::Key;
use crate::storage::codec::FieldsRow;
use crate::storage::view::Reader;

/// The kinds of keys that queries can ask about.
pub const SEARCHED: &[KeyKind] = &[KeyKind::Enforced, KeyKind::Indexed];

pub enum Plan {
    Test(KeyTest),
    All(Vec<Plan>),
    Any(Vec<Plan>),
}

/// A test of the value for a key; negated, it is true of an instance that has none.
pub struct KeyTest {
    pub key: Arc<Key>,
    pub values: Values,
    pub negated: bool,
}

/// Values that are looked for, as the key compares them.
pub enum Values {
    OneOf(BTreeSet<String>),
    Prefix(String),
    Range(Bound<String>, Bound<String>),
}

/// The plan for a condition; every fault of the condition where it has any.
pub fn plan(reader: &impl Reader, entity: ManagedEntity, condition: &Condition) -> Result<Plan> {
    let mut faults = condition.check(entity);
    let mut keys = BTreeMap::new();
    for name in condition.keys() {
        let key = Fault::gather(searchable(reader, entity, name, SEARCHED), &mut faults)?;
        keys.extend(key.map(|key| (name, key)));
    }
    Fault::none_of(faults)?;
    let test = |name: &str, test: &Test| match keys.get(name) {
        Some(key) => Plan::of_test(Arc::clone(key), test),
        // There is none such left.
        None => Plan::Any(Vec::new()),
    };
    Ok(condition.fold(test, |join, parts| match join {
        Join::All => Plan::All(parts),
        Join::Any => Plan::Any(parts),
        Join::Not => Plan::All(parts.into_iter().map(Plan::negated).collect()),
    }))
}

impl Plan {
    fn of_test(key: Arc<Key>, test: &Test) -> Self {
        let compared = |text: &String| key.compared(text).into_owned();
        let values = match test {
            Test::Equals(value) => Values::OneOf([compared(value)].into()),
            Test::OneOf(values) => Values::OneOf(values.iter().map(compared).collect()),
            Test::Exists | Test::Absent => Values::Prefix(String::new()),
            Test::Prefix(text) => Values::Prefix(compared(text)),
            Test::Range(from, to) => Values::Range(from.as_ref().map(compared), to.as_ref().map(compared)),
        };
        Self::Test(KeyTest { key, values, negated: *test == Test::Absent })
    }

    fn negated(self) -> Self {
        let each = |parts: Vec<Self>| parts.into_iter().map(Self::negated).collect();
        match self {
            Self::Test(test) => Self::Test(KeyTest { negated: !test.negated, ..test }),
            Self::All(parts) => Self::Any(each(parts)),
            Self::Any(parts) => Self::All(each(parts)),
        }
    }

    /// Whether the condition is true of an instance.
    pub fn admits(&self, row: &FieldsRow) -> bool {
        match self {
            Self::Test(KeyTest { key, values, negated }) => {
                let value = row.value(key.number).map(|value| key.compared(value));
                value.is_some_and(|value| values.admit(&value)) != *negated
            }
            Self::All(parts) => parts.iter().all(|part| part.admits(row)),
            Self::Any(parts) => parts.iter().any(|part| part.admits(row)),
        }
    }

    /// Adds all that the plan says, so that no other plan says the same.
    pub fn say(&self, said: &mut Vec<String>) {
        match self {
            Self::Test(KeyTest { key, values, negated }) => {
                let not = if *negated { "not " } else { "" };
                said.push(format!("{not}{} {}", key.number, values.name()));
                values.say(said);
            }
            Self::All(parts) => say_parts("all", parts, said),
            Self::Any(parts) => say_parts("any", parts, said),
        }
    }
}

fn say_parts(join: &str, parts: &[Plan], said: &mut Vec<String>) {
    said.push(format!("{join} {}", parts.len()));
    parts.iter().for_each(|part| part.say(said));
}

impl Values {
    pub fn admit(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.contains(value),
            Self::Prefix(text) => value.starts_with(text.as_str()),
            Self::Range(from, to) => {
                let range = (from.as_ref().map(String::as_str), to.as_ref().map(String::as_str));
                RangeBounds::<str>::contains(&range, value)
            }
        }
    }

    /// Where the first of them would stand.
    pub fn start(&self) -> Bound<&str> {
        match self {
            Self::OneOf(values) => values.first().map_or(Bound::Unbounded, |value| Bound::Included(value)),
            Self::Prefix(text) => Bound::Included(text),
            Self::Range(from, _) => from.as_ref().map(String::as_str),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::OneOf(_) => "one of",
            Self::Prefix(_) => "prefix",
            Self::Range(..) => "range",
        }
    }

    fn say(&self, said: &mut Vec<String>) {
        match self {
            Self::OneOf(values) => {
                said.push(values.len().to_string());
                said.extend(values.iter().cloned());
            }
            Self::Prefix(text) => said.push(text.clone()),
            Self::Range(from, to) => {
                for bound in [from, to] {
                    said.push(match bound {
                        Bound::Included(text) => format!("with {text}"),
                        Bound::Excluded(text) => format!("without {text}"),
                        Bound::Unbounded => "none".to_owned(),
                    });
                }
            }
        }
    }
}
