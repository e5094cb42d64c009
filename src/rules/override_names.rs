//! The commits and credits that overrides name: by their ids, or by names that the same call gives them.

use uuid::Uuid;

use crate::error::{Fault, FieldProblem, Result};
use crate::model::price_override::{OverrideSpecifier, OverrideTerms};

/// What a list of a specifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedBalances {
    /// Commits.
    Commits,
    /// Recurring commits.
    RecurringCommits,
    /// Commits, credits, recurring commits and recurring credits.
    Any,
}

impl NamedBalances {
    /// The list.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Commits => "commit_ids",
            Self::RecurringCommits => "recurring_commit_ids",
            Self::Any => "any_commit_or_credit_ids",
        }
    }
}

/// The lists of a specifier.
pub fn lists(specifier: &OverrideSpecifier) -> [(NamedBalances, &Vec<String>); 3] {
    [
        (NamedBalances::Commits, &specifier.commit_ids),
        (NamedBalances::RecurringCommits, &specifier.recurring_commit_ids),
        (NamedBalances::Any, &specifier.any_commit_or_credit_ids),
    ]
}

/// The override with ids in place of the names that its specifiers have for commits and credits. `look_up` knows
/// the id of what a text names: by its id where the contract or its customer has it, or by the temporary id that
/// the same call gives it.
///
/// # Errors
/// A refusal with a fault for each text that names nothing, and what `look_up` fails with.
pub fn resolve(
    at: &str,
    mut terms: OverrideTerms,
    mut look_up: impl FnMut(NamedBalances, &str) -> Result<Option<Uuid>>,
) -> Result<OverrideTerms> {
    let mut faults = Vec::new();
    for (place, specifier) in terms.override_specifiers.iter_mut().enumerate() {
        for (list, texts) in [
            (NamedBalances::Commits, &mut specifier.commit_ids),
            (NamedBalances::RecurringCommits, &mut specifier.recurring_commit_ids),
            (NamedBalances::Any, &mut specifier.any_commit_or_credit_ids),
        ] {
            for (item, text) in texts.iter_mut().enumerate() {
                if let Some(id) = look_up(list, text)? {
                    *text = id.to_string();
                    continue;
                }
                let problem = FieldProblem::Value { value: text.clone(), rule: nothing_named(list) };
                let field = list.field();
                faults.push(problem.at(format!("{at}override_specifiers[{place}].{field}[{item}]")));
            }
        }
    }
    Fault::none_of(faults)?;
    Ok(terms)
}

const fn nothing_named(list: NamedBalances) -> &'static str {
    match list {
        NamedBalances::Commits => "it is the id or temporary id of a commit",
        NamedBalances::RecurringCommits => "it is the id or temporary id of a recurring commit",
        NamedBalances::Any => "it is the id or temporary id of a commit or credit, recurring or not",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_and_all_unknown_ones_are_told() {
        let specifier = OverrideSpecifier {
            commit_ids: vec!["a".into(), "b".into()],
            recurring_commit_ids: vec!["a".into()],
            ..OverrideSpecifier::default()
        };
        let start = "2024-11-01T00:00:00Z".parse().unwrap();
        let terms = OverrideTerms { override_specifiers: vec![specifier], ..OverrideTerms::new(start) };
        let id = Uuid::from_u128(7);
        let found = resolve("", terms.clone(), |_, _| Ok(Some(id))).unwrap();
        assert_eq!(found.override_specifiers[0].commit_ids, [id.to_string(), id.to_string()]);
        let commits = |list, text: &str| Ok((list == NamedBalances::Commits && text == "a").then_some(id));
        let faults = resolve("overrides[0].", terms, commits).unwrap_err();
        let texts: Vec<_> = faults.faults().iter().map(Fault::to_string).collect();
        assert!(
            texts[0].starts_with("overrides[0].override_specifiers[0].commit_ids[1]: \"b\""),
            "{texts:?}"
        );
        assert!(texts[1].starts_with("overrides[0].override_specifiers[0].recurring_commit_ids[0]: \"a\""));
        assert_eq!(texts.len(), 2);
    }
}
