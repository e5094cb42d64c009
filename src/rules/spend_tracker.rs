//! What spend trackers need, and which there are after an edit.

use std::collections::HashSet;

use crate::error::{Fault, FieldProblem};
use crate::model::settings::{ContractSettings, MAX_SPEND_TRACKERS, SettingsChanges};
use crate::model::spend_tracker::{
    MAX_SPEND_SPECIFIERS, MAX_SPEND_TRACKER_ALIAS_CHARACTERS, SpendSpecifier, SpendTracker,
};

/// What is wrong with trackers that are to be a contract's beside those it has.
pub(super) fn faults(field: &str, trackers: &[SpendTracker], beside: &[SpendTracker]) -> Vec<Fault> {
    let items = trackers.len() + beside.len();
    if let Some(problem) = FieldProblem::too_many(items, MAX_SPEND_TRACKERS) {
        return vec![problem.at(field)];
    }
    let mut aliases: HashSet<_> = beside.iter().map(|tracker| tracker.alias.as_str()).collect();
    let mut faults = Vec::new();
    for (place, tracker) in trackers.iter().enumerate() {
        let at = format!("{field}[{place}].");
        let rule = "an alias has 1 to 1,000 characters";
        let alias = FieldProblem::of_text(&tracker.alias, MAX_SPEND_TRACKER_ALIAS_CHARACTERS, rule);
        let again =
            (!aliases.insert(&tracker.alias)).then(|| FieldProblem::Repeated { item: tracker.alias.clone() });
        let specifiers = FieldProblem::too_many(tracker.specifiers.len(), MAX_SPEND_SPECIFIERS);
        let many = specifiers.is_some();
        let problems = [("alias", alias.or(again)), ("applicable_spend_specifiers", specifiers)];
        faults.extend(Fault::of_fields(&at, problems));
        if !many {
            faults.extend(source_faults(&format!("{at}applicable_spend_specifiers"), &tracker.specifiers));
        }
    }
    faults
}

/// There are few sources, so that a list of different ones is short.
fn source_faults(field: &str, specifiers: &[SpendSpecifier]) -> Vec<Fault> {
    let repeated = |specifier: &SpendSpecifier| {
        let mut seen = HashSet::new();
        let again = specifier.sources.iter().find(|source| !seen.insert(**source))?;
        Some(FieldProblem::Repeated { item: again.to_string() })
    };
    let places = specifiers.iter().enumerate();
    places
        .filter_map(|(place, specifier)| Some(repeated(specifier)?.at(format!("{field}[{place}].sources"))))
        .collect()
}

/// The trackers afterwards; what cannot be done is among the faults now.
pub(super) fn after(
    changes: &SettingsChanges,
    before: &ContractSettings,
    faults: &mut Vec<Fault>,
) -> Vec<SpendTracker> {
    let archived = &changes.archive_spend_trackers;
    if let Some(problem) = FieldProblem::too_many(archived.len(), MAX_SPEND_TRACKERS) {
        faults.push(problem.at("archive_spend_trackers"));
        return before.spend_trackers.clone();
    }
    let known: HashSet<_> = before.spend_trackers.iter().map(|tracker| tracker.alias.as_str()).collect();
    let mut gone = HashSet::new();
    for (place, alias) in archived.iter().enumerate() {
        let problem = if !known.contains(alias.as_str()) {
            let rule = "the contract has no spend tracker with this alias";
            FieldProblem::Value { value: alias.clone(), rule }
        } else if !gone.insert(alias.as_str()) {
            FieldProblem::Repeated { item: alias.clone() }
        } else {
            continue;
        };
        faults.push(problem.at(format!("archive_spend_trackers[{place}]")));
    }
    let mut after = before.spend_trackers.clone();
    after.retain(|tracker| !gone.contains(tracker.alias.as_str()));
    faults.extend(self::faults("add_spend_trackers", &changes.add_spend_trackers, &after));
    after.extend(changes.add_spend_trackers.iter().cloned());
    after
}
