//! Queries: which instances are asked for, by conditions on the values they hold.

use std::collections::BTreeSet;
use std::ops::{Bound, Not, RangeBounds};

use serde::{Deserialize, Serialize};

use super::custom_field::check_value;
use super::page::ArchiveFilter;
use crate::entity::ManagedEntity;
use crate::error::{Fault, FieldProblem};

/// The most conditions of a query, each `all`, `any` and `not` among them.
pub const MAX_CONDITIONS: usize = 1_000;
/// The most values that the conditions of a query name altogether.
pub const MAX_CONDITION_VALUES: usize = 10_000;
/// How deep conditions stand inside one another at the most; one alone is 1 deep.
pub const MAX_CONDITION_DEPTH: usize = 32;

/// Which instances of an entity are asked for. [`query`](crate::ReadingQueries::query) answers it a page at a time, and
/// [`count`](crate::ReadingQueries::count) with a number.
///
/// It has a JSON form, in which `archived` may be left out and nothing that is not known may stand:
///
/// ```
/// use billfold::prelude::*;
///
/// let query = Query::new(ManagedEntity::Customer, Condition::equals("tier", "gold"));
/// assert_eq!(query.archived, ArchiveFilter::NotArchived);
/// let written = r#"{"entity":"customer","condition":{"equals":{"key":"tier","value":"gold"}},"archived":"ALL"}"#;
/// assert_eq!(serde_json::to_string(&query.clone().showing(ArchiveFilter::All))?, written);
/// let short = r#"{"entity":"customer","condition":{"equals":{"key":"tier","value":"gold"}}}"#;
/// assert_eq!(serde_json::from_str::<Query>(short)?, query);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The entity whose instances are asked for.
    pub entity: ManagedEntity,
    /// What has to be true of them.
    pub condition: Condition,
    /// Whether those in use are asked for, archived ones, or both. Those in use by default.
    #[serde(default)]
    pub archived: ArchiveFilter,
}

impl Query {
    /// The instances in use that the condition is true of.
    #[must_use]
    pub fn new(entity: ManagedEntity, condition: Condition) -> Self {
        Self { entity, condition, archived: ArchiveFilter::default() }
    }

    /// The same, of archived instances or of all.
    #[must_use]
    pub fn showing(self, archived: ArchiveFilter) -> Self {
        Self { archived, ..self }
    }
}

/// What has to be true of an instance: a test of its value for one key, or several conditions put together.
///
/// Values are compared exactly, and ordered by the bytes of their UTF-8; those of a
/// [case-folded](crate::Comparison::CaseFolded) key, and what is asked of them, as what folding makes of them. `""` is a
/// value like any other: an instance that has it has a value. What an archived instance
/// [let go](crate::ArchivedHolders::Release) and still shows is asked about as well. A test of a value is false of an
/// instance that has none, and so `!` of that test is true of it.
///
/// A query has up to [`MAX_CONDITIONS`] of them, which name up to [`MAX_CONDITION_VALUES`] values and stand up to
/// [`MAX_CONDITION_DEPTH`] deep inside one another; it is refused beyond. In JSON, each is an object with one name:
///
/// ```
/// use billfold::prelude::*;
///
/// let condition = Condition::prefix("region", "EU-").and(!Condition::one_of("tier", ["iron", "tin"]));
/// let written = serde_json::json!({"all": [
///     {"prefix": {"key": "region", "text": "EU-"}},
///     {"not": {"one_of": {"key": "tier", "values": ["iron", "tin"]}}},
/// ]});
/// assert_eq!(serde_json::to_value(&condition)?, written);
/// assert_eq!(serde_json::from_value::<Condition>(written)?, condition);
///
/// let since_march = serde_json::json!({"range": {"key": "signed_on", "at_least": "2025-03", "below": "2026"}});
/// assert_eq!(serde_json::from_value::<Condition>(since_march)?, Condition::range("signed_on", "2025-03".."2026"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What is put together stands behind its parts. Not as a tree, which could be so deep that to drop, copy or
    /// compare it would take more stack than there is.
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Test(String, Test),
    Join(Join, usize),
}

/// What is asked of the value for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    Equals(String),
    OneOf(Vec<String>),
    Exists,
    Absent,
    Prefix(String),
    Range(Bound<String>, Bound<String>),
}

/// How conditions are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    All,
    Any,
    /// Of the one part it has.
    Not,
}

impl Condition {
    /// The instance holds this value for the key.
    #[must_use]
    pub fn equals(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::test(key.into(), Test::Equals(value.into()))
    }

    /// It holds one of these values. Of no value at all it is never true.
    #[must_use]
    pub fn one_of(key: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::test(key.into(), Test::OneOf(values.into_iter().map(Into::into).collect()))
    }

    /// It holds a value for the key, be it `""`.
    #[must_use]
    pub fn exists(key: impl Into<String>) -> Self {
        Self::test(key.into(), Test::Exists)
    }

    /// It holds no value for the key. To hold `""` is to hold one.
    #[must_use]
    pub fn absent(key: impl Into<String>) -> Self {
        Self::test(key.into(), Test::Absent)
    }

    /// It holds a value that begins with this text, which every value does with `""`.
    #[must_use]
    pub fn prefix(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self::test(key.into(), Test::Prefix(text.into()))
    }

    /// It holds a value in this range, in the order of the bytes of UTF-8: `"9"` comes behind `"10"`, and `"a"` behind
    /// `"Z"`. In a range that ends before it begins there is none. Where bounds are given by themselves, the type of the
    /// text has to be named.
    ///
    /// ```
    /// use billfold::Condition;
    ///
    /// use std::ops::Bound::{Excluded, Unbounded};
    ///
    /// let in_march = Condition::range("signed_on", "2025-03-01"..="2025-03-31");
    /// let from_april_on = Condition::range("signed_on", String::from("2025-04-01")..);
    /// let later = Condition::range::<&str>("signed_on", (Excluded("2025-04-01"), Unbounded));
    /// assert!(in_march != from_april_on && from_april_on != later);
    /// ```
    #[must_use]
    pub fn range<T: AsRef<str>>(key: impl Into<String>, values: impl RangeBounds<T>) -> Self {
        let owned = |bound: Bound<&T>| bound.map(|text| text.as_ref().to_owned());
        Self::test(key.into(), Test::Range(owned(values.start_bound()), owned(values.end_bound())))
    }

    /// Every one of these is true. Of none at all it is always true.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let every_customer = Query::new(ManagedEntity::Customer, Condition::all([]));
    /// # assert_eq!(every_customer.condition, Condition::all([]));
    /// ```
    #[must_use]
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::join(Join::All, conditions)
    }

    /// At least one of these is true. Of none at all it is never true.
    #[must_use]
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::join(Join::Any, conditions)
    }

    /// Both are true. A row of them stands no deeper than two do.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.joined(Join::All, other)
    }

    /// At least one of the two is true. A row of them stands no deeper than two do.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.joined(Join::Any, other)
    }

    pub(crate) fn test(key: String, test: Test) -> Self {
        Self { steps: vec![Step::Test(key, test)] }
    }

    fn join(join: Join, conditions: impl IntoIterator<Item = Self>) -> Self {
        let (mut steps, mut parts) = (Vec::new(), 0);
        for condition in conditions {
            // The first one's steps are not copied, so that what is deep takes no longer to build than what is wide.
            if parts == 0 {
                steps = condition.steps;
            } else {
                steps.extend(condition.steps);
            }
            parts += 1;
        }
        steps.push(Step::Join(join, parts));
        Self { steps }
    }

    /// Adds a part to what is joined so already, or joins the two.
    fn joined(mut self, join: Join, other: Self) -> Self {
        match self.steps.last() {
            Some(Step::Join(last, parts)) if *last == join => {
                let parts = parts + 1;
                self.steps.pop();
                self.steps.extend(other.steps);
                self.steps.push(Step::Join(join, parts));
                self
            }
            _ => Self::join(join, [self, other]),
        }
    }

    /// What the condition comes to: `leaf` says it of a test, `join` of what is put together. However deep it is, this
    /// takes no deeper stack.
    pub(crate) fn fold<'c, T>(
        &'c self,
        mut leaf: impl FnMut(&'c str, &'c Test) -> T,
        mut join: impl FnMut(Join, Vec<T>) -> T,
    ) -> T {
        let mut done = Vec::new();
        for step in &self.steps {
            let next = match step {
                Step::Test(key, test) => leaf(key, test),
                Step::Join(how, parts) => join(*how, done.split_off(done.len().saturating_sub(*parts))),
            };
            done.push(next);
        }
        // Of what can be built, exactly one is left.
        done.pop().unwrap_or_else(|| join(Join::All, Vec::new()))
    }

    /// How deep conditions stand inside one another.
    pub(crate) fn depth(&self) -> usize {
        self.fold(|_, _| 1, |_, parts| 1 + parts.into_iter().max().unwrap_or(0))
    }

    fn tests(&self) -> impl Iterator<Item = (&str, &Test)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Test(key, test) => Some((key.as_str(), test)),
            Step::Join(..) => None,
        })
    }

    /// The keys that are asked about, each once, in order.
    pub(crate) fn keys(&self) -> BTreeSet<&str> {
        self.tests().map(|(key, _)| key).collect()
    }

    /// Faults that can be seen without the store.
    pub(crate) fn check(&self, entity: ManagedEntity) -> Vec<Fault> {
        let texts = || self.tests().flat_map(|(key, test)| test.texts().map(move |text| (key, text)));
        let too_many =
            |field: &str, items, most| FieldProblem::too_many(items, most).map(|problem| problem.at(field));
        let depth = self.depth();
        let too_deep = (depth > MAX_CONDITION_DEPTH).then(|| {
            let rule = "conditions stand at most 32 deep inside one another";
            FieldProblem::Value { value: depth.to_string(), rule }.at("depth")
        });
        let mut faults: Vec<_> = too_many("conditions", self.steps.len(), MAX_CONDITIONS)
            .into_iter()
            .chain(too_many("values", texts().count(), MAX_CONDITION_VALUES))
            .chain(too_deep)
            .collect();
        faults.extend(texts().filter_map(|(key, text)| check_value(entity, key, text)));
        faults
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::join(Join::Not, [self])
    }
}

impl Test {
    /// The values, and parts of values, that it names.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let (one, several, until): (Option<&String>, &[String], Option<&String>) = match self {
            Self::Equals(text) | Self::Prefix(text) => (Some(text), &[], None),
            Self::OneOf(values) => (None, values, None),
            Self::Exists | Self::Absent => (None, &[], None),
            Self::Range(from, to) => (text_of(from), &[], text_of(to)),
        };
        one.into_iter().chain(several).chain(until).map(String::as_str)
    }
}

fn text_of(bound: &Bound<String>) -> Option<&String> {
    match bound {
        Bound::Included(text) | Bound::Excluded(text) => Some(text),
        Bound::Unbounded => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(value: &str) -> Condition {
        Condition::equals("tier", value)
    }

    /// `!` of `!` of ... so many times.
    fn deep(times: usize) -> Condition {
        (0..times).fold(tier("gold"), |condition, _| !condition)
    }

    fn problems(condition: &Condition) -> Vec<String> {
        condition.check(ManagedEntity::Customer).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_row_of_ands_and_ors_stands_no_deeper_than_two() {
        let row = (0..100).fold(tier("gold").and(tier("a")), |row, _| row.and(tier("b")));
        assert_eq!(row.depth(), 2);
        assert_eq!((!row.clone()).and(tier("c")).depth(), 4);
        assert_eq!(row.or(tier("c")).or(tier("d")).depth(), 3);
        assert_eq!(
            tier("a").and(tier("b")).and(tier("c")),
            Condition::all([tier("a"), tier("b"), tier("c")])
        );
        assert_eq!(Condition::any([]).or(tier("a")), Condition::any([tier("a")]));
    }

    #[test]
    fn a_condition_of_any_depth_is_built_copied_compared_refused_and_dropped() {
        let far_too_deep = deep(1_000_000);
        assert_eq!(far_too_deep, far_too_deep.clone());
        assert_eq!(
            problems(&far_too_deep),
            [
                "conditions: 1000001 items; at most 1000 are allowed",
                "depth: \"1000001\" is not allowed; conditions stand at most 32 deep inside one another",
            ]
        );
        drop(far_too_deep);
        assert!(problems(&deep(MAX_CONDITION_DEPTH - 1)).is_empty());
        assert!(problems(&deep(MAX_CONDITION_DEPTH))[0].contains(&MAX_CONDITION_DEPTH.to_string()));
    }

    #[test]
    fn every_limit_that_is_broken_is_named_at_once() {
        let long = "\u{1F4B0}".repeat(201);
        let values = vec!["gold"; MAX_CONDITION_VALUES - 2];
        let some = Condition::one_of("tier", values).and(Condition::range("tier", "a".."b"));
        assert!(problems(&some).is_empty());
        let conditions = vec![Condition::exists("tier"); MAX_CONDITIONS - 4];
        let many = Condition::all(conditions).and(!Condition::absent("tier")).and(tier("gold"));
        assert!(problems(&many).is_empty());
        let faults = some.and(many).and(Condition::prefix("region", &long)).check(ManagedEntity::Customer);
        let expected = [
            FieldProblem::TooMany { items: MAX_CONDITIONS + 4, most: MAX_CONDITIONS }.at("conditions"),
            FieldProblem::TooMany { items: MAX_CONDITION_VALUES + 2, most: MAX_CONDITION_VALUES }
                .at("values"),
            Fault::ValueTooLong {
                entity: ManagedEntity::Customer,
                key: "region".to_owned(),
                characters: 201,
            },
        ];
        assert_eq!(faults, expected);
    }
}
