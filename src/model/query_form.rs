//! Conditions in JSON.

use std::ops::Bound;

use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

use super::query::{Condition, Join, MAX_CONDITION_DEPTH, Test};

/// A condition as it is written. How deep it can be when it is read is up to the format, as `serde_json` has it 128
/// deep.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Form {
    Equals {
        key: String,
        value: String,
    },
    OneOf {
        key: String,
        values: Vec<String>,
    },
    Exists {
        key: String,
    },
    Absent {
        key: String,
    },
    Prefix {
        key: String,
        text: String,
    },
    Range {
        key: String,
        #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
        at_least: Option<String>,
        #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
        above: Option<String>,
        #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
        at_most: Option<String>,
        #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
        below: Option<String>,
    },
    All(Vec<Form>),
    Any(Vec<Form>),
    Not(Box<Form>),
}

/// A text that is there: `null` is none, and must not pass for a bound that was left out.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth();
        if depth > MAX_CONDITION_DEPTH {
            let most = MAX_CONDITION_DEPTH;
            return Err(S::Error::custom(format!(
                "conditions stand {depth} deep; at most {most} can be written"
            )));
        }
        self.fold(|key, test| Form::of_test(key.to_owned(), test.clone()), Form::of_join)
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Form::deserialize(deserializer)?.condition().map_err(D::Error::custom)
    }
}

impl Form {
    fn of_test(key: String, test: Test) -> Self {
        match test {
            Test::Equals(value) => Self::Equals { key, value },
            Test::OneOf(values) => Self::OneOf { key, values },
            Test::Exists => Self::Exists { key },
            Test::Absent => Self::Absent { key },
            Test::Prefix(text) => Self::Prefix { key, text },
            Test::Range(from, to) => {
                let (at_least, above) = split(from);
                let (at_most, below) = split(to);
                Self::Range { key, at_least, above, at_most, below }
            }
        }
    }

    fn of_join(join: Join, mut parts: Vec<Self>) -> Self {
        match (join, parts.pop()) {
            (Join::Not, Some(part)) => Self::Not(part.into()),
            (Join::Any, last) => Self::Any(parts.into_iter().chain(last).collect()),
            (_, last) => Self::All(parts.into_iter().chain(last).collect()),
        }
    }

    fn condition(self) -> Result<Condition, &'static str> {
        let several =
            |parts: Vec<Self>| parts.into_iter().map(Self::condition).collect::<Result<Vec<_>, _>>();
        Ok(match self {
            Self::Equals { key, value } => Condition::equals(key, value),
            Self::OneOf { key, values } => Condition::one_of(key, values),
            Self::Exists { key } => Condition::exists(key),
            Self::Absent { key } => Condition::absent(key),
            Self::Prefix { key, text } => Condition::prefix(key, text),
            Self::Range { key, at_least, above, at_most, below } => {
                let from = bound(at_least, above, "a range has `at_least` or `above`, not both")?;
                let to = bound(at_most, below, "a range has `at_most` or `below`, not both")?;
                Condition::test(key, Test::Range(from, to))
            }
            Self::All(parts) => Condition::all(several(parts)?),
            Self::Any(parts) => Condition::any(several(parts)?),
            Self::Not(part) => !part.condition()?,
        })
    }
}

/// The text of a bound that is part of the range, or of one that is not.
fn split(bound: Bound<String>) -> (Option<String>, Option<String>) {
    match bound {
        Bound::Included(text) => (Some(text), None),
        Bound::Excluded(text) => (None, Some(text)),
        Bound::Unbounded => (None, None),
    }
}

fn bound(
    included: Option<String>,
    excluded: Option<String>,
    both: &'static str,
) -> Result<Bound<String>, &'static str> {
    match (included, excluded) {
        (Some(_), Some(_)) => Err(both),
        (Some(text), None) => Ok(Bound::Included(text)),
        (None, Some(text)) => Ok(Bound::Excluded(text)),
        (None, None) => Ok(Bound::Unbounded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(written: &str) -> String {
        serde_json::from_str::<Condition>(written).unwrap_err().to_string()
    }

    #[test]
    fn every_condition_is_read_as_it_was_written() {
        let conditions = [
            (Condition::equals("k", "a=b&c"), r#"{"equals":{"key":"k","value":"a=b&c"}}"#),
            (Condition::one_of("k", ["", "\0"]), r#"{"one_of":{"key":"k","values":["","\u0000"]}}"#),
            (Condition::exists("k"), r#"{"exists":{"key":"k"}}"#),
            (Condition::absent("k"), r#"{"absent":{"key":"k"}}"#),
            (Condition::prefix("k", ""), r#"{"prefix":{"key":"k","text":""}}"#),
            (Condition::range("k", "a"..), r#"{"range":{"key":"k","at_least":"a"}}"#),
            (Condition::range("k", ..="b"), r#"{"range":{"key":"k","at_most":"b"}}"#),
            (Condition::range::<&str>("k", ..), r#"{"range":{"key":"k"}}"#),
            (
                Condition::range::<&str>("k", (Bound::Excluded("a"), Bound::Excluded("b"))),
                r#"{"range":{"key":"k","above":"a","below":"b"}}"#,
            ),
            (Condition::all([]), r#"{"all":[]}"#),
            (Condition::any([!Condition::all([])]), r#"{"any":[{"not":{"all":[]}}]}"#),
        ];
        for (condition, written) in conditions {
            assert_eq!(serde_json::to_string(&condition).unwrap(), written);
            assert_eq!(serde_json::from_str::<Condition>(written).unwrap(), condition);
        }
    }

    #[test]
    fn what_is_not_a_condition_is_refused_by_name() {
        let told = [
            (r#"{"equal":{"key":"k","value":"a"}}"#, "unknown variant `equal`"),
            (r#"{"equals":{"key":"k","value":"a","fold":true}}"#, "unknown field `fold`"),
            (r#"{"exists":{"key":"k","value":"a"}}"#, "unknown field `value`"),
            (r#"{"equals":{"key":"k"}}"#, "missing field `value`"),
            (r#"{"equals":{"key":"k","value":null}}"#, "invalid type: null"),
            (r#"{"range":{"key":"k","above":null}}"#, "invalid type: null"),
            (r#"{"range":{"key":"k","above":"a","at_least":"a"}}"#, "`at_least` or `above`, not both"),
            (r#"{"range":{"key":"k","below":"a","at_most":"a"}}"#, "`at_most` or `below`, not both"),
            (r#"{"exists":{"key":"a"},"absent":{"key":"b"}}"#, "expected"),
            ("{}", "expected"),
        ];
        for (written, why) in told {
            assert!(refused(written).contains(why), "{written}: {}", refused(written));
        }
    }

    #[test]
    fn a_condition_that_is_far_too_deep_is_neither_read_nor_written() {
        let written =
            [r#"{"not":"#.repeat(100_000), r#"{"all":[]}"#.to_owned(), "}".repeat(100_000)].concat();
        assert!(refused(&written).contains("recursion limit"));
        let deepest = (1..MAX_CONDITION_DEPTH).fold(Condition::all([]), |inside, _| Condition::any([inside]));
        let written = serde_json::to_string(&deepest).unwrap();
        assert_eq!(serde_json::from_str::<Condition>(&written).unwrap(), deepest);
        let far_too_deep = (0..100_000).fold(deepest, |inside, _| !inside);
        assert!(serde_json::to_string(&far_too_deep).unwrap_err().to_string().contains("100032 deep"));
    }
}
