//! Names that lead to one thing at a time, and to another from some moment on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::scalar::Time;
use crate::error::{Fault, FieldProblem};

/// The most characters of a scheduled alias.
pub const MAX_SCHEDULED_ALIAS_CHARACTERS: usize = 128;
/// The most entries of one holder's aliases.
pub const MAX_SCHEDULED_ALIASES: usize = 1_000;

const NAME_RULE: &str = "an alias has 1 to 128 characters";

/// A name for a while: whoever holds it is found by it from `starting_at`, inclusive, to `ending_before`,
/// exclusive. Without a start it holds from the beginning of time, without an end for ever.
///
/// Source: `metronome-api.md` §5. A holder may have the same name for several times that do not overlap.
///
/// ```
/// use billfold::ScheduledAlias;
///
/// let for_ever = ScheduledAlias::from("paygo");
/// assert_eq!((for_ever.starting_at, for_ever.ending_before), (None, None));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ScheduledAlias {
    /// The name: 1 to 128 characters, compared exactly.
    pub name: String,
    /// From when on, inclusive; `None` from the beginning of time.
    pub starting_at: Option<Time>,
    /// Until when, exclusive; `None` for ever. Later than the start.
    pub ending_before: Option<Time>,
}

impl From<&str> for ScheduledAlias {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl ScheduledAlias {
    /// Whether both names are one at some moment.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let ends_behind = |end: Option<Time>, start: Option<Time>| match (end, start) {
            (Some(end), Some(start)) => start < end,
            _ => true,
        };
        self.name == other.name
            && ends_behind(self.ending_before, other.starting_at)
            && ends_behind(other.ending_before, self.starting_at)
    }

    /// What is left to the holder of this alias when another one is given the name: it ends where the other
    /// begins and does not come back behind it. `None` where nothing is left.
    pub(crate) fn cut_by(&self, other: &Self) -> Option<Self> {
        if !self.overlaps(other) {
            return Some(self.clone());
        }
        // A start of `None` is before every other, so that nothing of this one can be in front of it.
        let left = other.starting_at.filter(|_| self.starting_at < other.starting_at)?;
        Some(Self { ending_before: Some(left), ..self.clone() })
    }
}

/// Faults of one holder's aliases, whoever else may have the names.
pub(crate) fn check_schedule(field: &str, aliases: &[ScheduledAlias]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if aliases.len() > MAX_SCHEDULED_ALIASES {
        let (items, most) = (aliases.len(), MAX_SCHEDULED_ALIASES);
        faults.push(FieldProblem::TooMany { items, most }.at(field));
        return faults;
    }
    for (place, alias) in aliases.iter().enumerate() {
        let at = format!("{field}[{place}]");
        let name = FieldProblem::of_text(&alias.name, MAX_SCHEDULED_ALIAS_CHARACTERS, NAME_RULE);
        faults.extend(name.map(|problem| problem.at(format!("{at}.name"))));
        faults.extend(
            check_end(alias.starting_at, alias.ending_before)
                .map(|problem| problem.at(format!("{at}.ending_before"))),
        );
    }
    faults.extend(overlapping(aliases).into_iter().map(|place| {
        let value = aliases.get(place).map(|alias| alias.name.clone()).unwrap_or_default();
        let rule = "the same alias is given for times that overlap";
        FieldProblem::Value { value, rule }.at(format!("{field}[{place}]"))
    }));
    faults
}

/// What is wrong with the end of a time that starts there.
pub(crate) fn check_end(start: Option<Time>, end: Option<Time>) -> Option<FieldProblem> {
    let end = end.filter(|end| start.is_some_and(|start| *end <= start))?;
    Some(FieldProblem::Value { value: end.to_string(), rule: "the end has to be later than starting_at" })
}

/// The places of aliases that overlap one that starts earlier, or as early and in front of them. Those that end
/// before they begin are faults already, and hold at no time.
fn overlapping(aliases: &[ScheduledAlias]) -> BTreeSet<usize> {
    let mut order: Vec<_> = aliases.iter().enumerate().collect();
    order.retain(|(_, alias)| check_end(alias.starting_at, alias.ending_before).is_none());
    order.sort_by(|(_, a), (_, b)| (&a.name, a.starting_at).cmp(&(&b.name, b.starting_at)));
    let mut places = BTreeSet::new();
    // Of those so far, the one that reaches furthest.
    let mut reach: Option<&ScheduledAlias> = None;
    for (place, alias) in order {
        let before = reach.filter(|before| before.name == alias.name);
        if before.is_some_and(|before| before.overlaps(alias)) {
            places.insert(place);
        }
        let ends_later = |before: &ScheduledAlias| match (before.ending_before, alias.ending_before) {
            (Some(before), Some(end)) => before < end,
            (before, _) => before.is_some(),
        };
        if before.is_none_or(ends_later) {
            reach = Some(alias);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn alias(start: Option<u64>, end: Option<u64>) -> ScheduledAlias {
        let time = |hours: u64| Time::UNIX_EPOCH.after(Duration::from_secs(hours * 3_600));
        ScheduledAlias { name: "paygo".into(), starting_at: start.map(time), ending_before: end.map(time) }
    }

    fn window() -> impl Strategy<Value = ScheduledAlias> {
        (prop::option::of(0..6_u64), prop::option::of(1..4_u64))
            .prop_map(|(start, length)| alias(start, length.map(|length| start.unwrap_or(0) + length)))
    }

    proptest! {
        #[test]
        fn what_is_left_is_the_part_in_front_and_overlaps_no_more(old in window(), new in window()) {
            match old.cut_by(&new) {
                Some(left) => {
                    prop_assert!(!left.overlaps(&new));
                    prop_assert_eq!(left.starting_at, old.starting_at);
                    prop_assert!(left == old || left.ending_before == new.starting_at);
                    prop_assert_eq!(left == old, !old.overlaps(&new));
                    prop_assert!(check_end(left.starting_at, left.ending_before).is_none());
                }
                None => prop_assert!(old.overlaps(&new) && new.starting_at <= old.starting_at),
            }
        }

        #[test]
        fn a_schedule_is_refused_where_two_of_its_times_overlap(aliases in prop::collection::vec(window(), 0..4)) {
            let pairs = aliases.iter().enumerate().flat_map(|(n, a)| aliases.iter().skip(n + 1).map(move |b| (a, b)));
            let overlap = pairs.filter(|(a, b)| a.overlaps(b)).count() > 0;
            prop_assert_eq!(!check_schedule("aliases", &aliases).is_empty(), overlap);
        }
    }

    #[test]
    fn another_name_is_nobodys_business() {
        let other = ScheduledAlias::from("enterprise");
        assert!(!alias(None, None).overlaps(&other));
        assert_eq!(alias(None, None).cut_by(&other), Some(alias(None, None)));
    }
}
