//! What an override needs and may have, and whose ids the names in it are.

use uuid::Uuid;

use super::rate::{below, group_faults, not_above_zero, rate_itself_faults, size_problem};
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::price_override::{
    MAX_OVERRIDE_SPECIFIERS, OverridePrioritization, OverrideSpecifier, OverrideTerms, OverrideTier,
    OverrideType,
};
use crate::model::rate::MAX_TIERS;

use OverrideType::{Multiplier, Overwrite, Tiered};

/// What is wrong with an override in itself; `at` stands in front of the names of its fields.
pub fn faults(at: &str, terms: &OverrideTerms, prioritization: OverridePrioritization) -> Vec<Fault> {
    let mut faults = effect_faults(at, terms);
    faults.extend(priority_faults(at, terms, prioritization));
    faults.extend(target_faults(at, terms));
    for (place, specifier) in terms.override_specifiers.iter().take(MAX_OVERRIDE_SPECIFIERS).enumerate() {
        faults.extend(specifier_faults(&format!("{at}override_specifiers[{place}]."), terms, specifier));
    }
    let end = check_end(Some(terms.starting_at), terms.ending_before);
    faults.extend(end.map(|problem| problem.at(format!("{at}ending_before"))));
    if terms.target.is_some() && !terms.is_commit_specific {
        faults.push(FieldProblem::NotAllowed { rule: ONLY_COMMIT_SPECIFIC }.at(format!("{at}target")));
    }
    faults
}

const ONLY_COMMIT_SPECIFIC: &str = "it is for overrides with is_commit_specific";

/// Faults of what it does to a rate.
fn effect_faults(at: &str, terms: &OverrideTerms) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (field, of, said, missing, not_allowed) in [
        (
            "multiplier",
            Multiplier,
            terms.multiplier.is_some(),
            "a MULTIPLIER override has a multiplier",
            "it is for MULTIPLIER overrides",
        ),
        (
            "overwrite_rate",
            Overwrite,
            terms.overwrite_rate.is_some(),
            "an OVERWRITE override has an overwrite_rate",
            "it is for OVERWRITE overrides",
        ),
        (
            "tiers",
            Tiered,
            !terms.tiers.is_empty(),
            "a TIERED override has tiers",
            "they are for TIERED overrides",
        ),
    ] {
        let problem = match (terms.override_type == Some(of), said) {
            (true, false) => FieldProblem::Missing { rule: missing },
            (false, true) => FieldProblem::NotAllowed { rule: not_allowed },
            _ => continue,
        };
        faults.push(problem.at(format!("{at}{field}")));
    }
    faults.extend(match terms.override_type {
        Some(Multiplier) => {
            let low = terms.multiplier.and_then(|multiplier| below(multiplier, "it has to be 0 or more"));
            low.map(|problem| problem.at(format!("{at}multiplier"))).into_iter().collect()
        }
        Some(Overwrite) => terms
            .overwrite_rate
            .as_ref()
            .map_or_else(Vec::new, |to| rate_itself_faults(&format!("{at}overwrite_rate."), &to.rate)),
        Some(Tiered) => tier_faults(&format!("{at}tiers"), &terms.tiers),
        None if terms.entitled.is_none() => {
            let rule = "an override without a type says whether the product is entitled";
            vec![FieldProblem::Missing { rule }.at(format!("{at}entitled"))]
        }
        None => Vec::new(),
    });
    faults
}

fn tier_faults(field: &str, tiers: &[OverrideTier]) -> Vec<Fault> {
    let items = tiers.len();
    if items > MAX_TIERS {
        return vec![FieldProblem::TooMany { items, most: MAX_TIERS }.at(field)];
    }
    let mut faults = Vec::new();
    for (place, tier) in tiers.iter().enumerate() {
        let size = size_problem(tier.size, place + 1 == items);
        faults.extend(size.map(|problem| problem.at(format!("{field}[{place}].size"))));
        let multiplier = below(tier.multiplier, "it has to be 0 or more");
        faults.extend(multiplier.map(|problem| problem.at(format!("{field}[{place}].multiplier"))));
    }
    faults
}

/// Faults of what decides between it and others.
fn priority_faults(at: &str, terms: &OverrideTerms, prioritization: OverridePrioritization) -> Vec<Fault> {
    let explicit = prioritization == OverridePrioritization::Explicit;
    let missing = |rule| Some(FieldProblem::Missing { rule });
    let priority = match (terms.override_type, terms.priority) {
        (None, Some(_)) => Some(FieldProblem::NotAllowed { rule: "it is for overrides with a type" }),
        (_, Some(priority)) => not_above_zero(priority),
        (Some(Tiered), None) => missing("a TIERED override has a priority"),
        (Some(Multiplier), None) if explicit => {
            missing("a MULTIPLIER override has a priority where the contract's prioritization is EXPLICIT")
        }
        (_, None) => None,
    };
    let tiered = (terms.override_type == Some(Tiered) && !explicit).then(|| {
        let rule = "TIERED overrides need multiplier_override_prioritization EXPLICIT";
        FieldProblem::Value { value: Tiered.name().to_owned(), rule }.at(format!("{at}type"))
    });
    let priority = priority.map(|problem| problem.at(format!("{at}priority")));
    tiered.into_iter().chain(priority).collect()
}

/// Faults of what it is for, but those inside of its specifiers.
fn target_faults(at: &str, terms: &OverrideTerms) -> Vec<Fault> {
    let (tags, specifiers) = (&terms.applicable_product_tags, &terms.override_specifiers);
    let mut faults = Vec::new();
    let mut refuse = |field: &str, rule| {
        faults.push(FieldProblem::NotAllowed { rule }.at(format!("{at}{field}")));
    };
    if terms.product_id.is_some() && !tags.is_empty() {
        refuse("applicable_product_tags", "it does not go with product_id");
    }
    if !specifiers.is_empty() && (terms.product_id.is_some() || !tags.is_empty()) {
        refuse("override_specifiers", "they do not go with product_id or applicable_product_tags");
    }
    let overwrites = terms.override_type == Some(Overwrite);
    if overwrites && !tags.is_empty() {
        refuse("applicable_product_tags", "an OVERWRITE override names products by their ids, not by tags");
    }
    if overwrites && tags.is_empty() && specifiers.is_empty() && terms.product_id.is_none() {
        let rule = "an OVERWRITE override names the product, here or in its override_specifiers";
        faults.push(FieldProblem::Missing { rule }.at(format!("{at}product_id")));
    }
    let lengths = [("applicable_product_tags", tags.len()), ("override_specifiers", specifiers.len())];
    faults.extend(too_many(at, lengths));
    faults
}

fn too_many<'f>(at: &str, lengths: impl IntoIterator<Item = (&'f str, usize)>) -> Vec<Fault> {
    let most = MAX_OVERRIDE_SPECIFIERS;
    let over = lengths.into_iter().filter(|(_, items)| *items > most);
    over.map(|(field, items)| FieldProblem::TooMany { items, most }.at(format!("{at}{field}"))).collect()
}

fn specifier_faults(at: &str, terms: &OverrideTerms, specifier: &OverrideSpecifier) -> Vec<Fault> {
    let OverrideSpecifier { product_id, product_tags, presentation_group_values, exclude, .. } = specifier;
    let mut faults = Vec::new();
    if terms.override_type == Some(Overwrite) && product_id.is_none() {
        let rule = "a specifier of an OVERWRITE override names the product";
        faults.push(FieldProblem::Missing { rule }.at(format!("{at}product_id")));
    }
    faults.extend(balance_faults(at, terms, specifier));
    faults.extend(too_many(
        at,
        [
            ("product_tags", product_tags.len()),
            ("presentation_group_values", presentation_group_values.len()),
            ("commit_ids", specifier.commit_ids.len()),
            ("recurring_commit_ids", specifier.recurring_commit_ids.len()),
            ("any_commit_or_credit_ids", specifier.any_commit_or_credit_ids.len()),
            ("exclude", exclude.len()),
        ],
    ));
    let pricing = &specifier.pricing_group_values;
    faults.extend(group_faults(&format!("{at}pricing_group_values"), pricing));
    for (place, tags) in exclude.iter().take(MAX_OVERRIDE_SPECIFIERS).enumerate() {
        let at = format!("{at}exclude[{place}].");
        if tags.is_empty() {
            let rule = "what is left out has at least one tag";
            faults.push(FieldProblem::Empty { rule }.at(format!("{at}product_tags")));
        }
        faults.extend(too_many(&at, [("product_tags", tags.len())]));
    }
    faults
}

/// Faults of what a specifier says of commits and credits.
fn balance_faults(at: &str, terms: &OverrideTerms, specifier: &OverrideSpecifier) -> Vec<Fault> {
    let bare = specifier.product_id.is_none()
        && specifier.product_tags.is_empty()
        && specifier.pricing_group_values.is_empty()
        && specifier.presentation_group_values.is_empty();
    let others = !specifier.commit_ids.is_empty() || !specifier.recurring_commit_ids.is_empty();
    let mut faults = Vec::new();
    for (list, texts) in lists(specifier) {
        if texts.is_empty() {
            continue;
        }
        let mut refuse =
            |rule| faults.push(FieldProblem::NotAllowed { rule }.at(format!("{at}{}", list.field())));
        if !terms.is_commit_specific {
            refuse(ONLY_COMMIT_SPECIFIC);
        }
        if bare {
            refuse(
                "it goes with product_id, product_tags, pricing_group_values or presentation_group_values",
            );
        }
        if list == NamedBalances::Any && others {
            refuse("it stands in place of commit_ids and recurring_commit_ids");
        }
    }
    faults
}

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
    const fn field(self) -> &'static str {
        match self {
            Self::Commits => "commit_ids",
            Self::RecurringCommits => "recurring_commit_ids",
            Self::Any => "any_commit_or_credit_ids",
        }
    }
}

fn lists(specifier: &OverrideSpecifier) -> [(NamedBalances, &Vec<String>); 3] {
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
/// A refusal with a fault for each text that names nothing, and whatever `look_up` fails with.
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
