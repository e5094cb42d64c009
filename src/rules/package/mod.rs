//! What packages need and may have, and the contracts that are made of them.

mod dating;
mod excluded;

pub use excluded::{beside_a_package, own};

use dating::Dating;

use super::part_text;
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_schedule;
use crate::model::contract::{CreateContract, NewParts};
use crate::model::package::{CreatePackage, MAX_PACKAGE_NAME_CHARACTERS, PackageTerms};
use crate::model::relative_date::RelativeDate;

/// What is wrong with a package that is to be made, as far as it is no fault of the contracts that would be made of it.
pub fn creation_faults(request: &CreatePackage) -> Vec<Fault> {
    let terms = &request.terms;
    let rule = "a package has a name";
    let mut faults = Fault::of_fields(
        "",
        [
            ("name", FieldProblem::of_text(&terms.name, MAX_PACKAGE_NAME_CHARACTERS, rule)),
            ("uniqueness_key", part_text::uniqueness_key(terms.uniqueness_key.as_deref())),
        ],
    );
    faults.extend(check_schedule("aliases", &request.aliases));
    faults.extend(excluded::faults(request));
    faults
}

/// What a contract says of itself, with all that its package says. Dates that there are not are faults.
pub fn contract(
    terms: &PackageTerms,
    parts: &NewParts<RelativeDate>,
    said: CreateContract,
    faults: &mut Vec<Fault>,
) -> CreateContract {
    let mut dating = Dating::from(said.starting_at);
    let (_, ending_before) = dating.window("", None, terms.duration);
    let schedule = terms.usage_statement_schedule.as_ref();
    let usage_statement_schedule = schedule.map(|schedule| dating.statement_schedule(schedule));
    let parts = dating.parts(parts);
    faults.extend(dating.faults);
    CreateContract {
        name: terms.contract_name.clone(),
        rate_card: terms.rate_card.clone(),
        ending_before,
        net_payment_terms_days: terms.net_payment_terms_days,
        commits: parts.commits,
        credits: parts.credits,
        recurring_commits: parts.recurring_commits,
        recurring_credits: parts.recurring_credits,
        overrides: parts.overrides,
        multiplier_override_prioritization: terms.multiplier_override_prioritization,
        scheduled_charges: parts.scheduled_charges,
        scheduled_charges_on_usage_invoices: terms.scheduled_charges_on_usage_invoices,
        subscriptions: parts.subscriptions,
        usage_statement_schedule,
        settings: terms.settings.clone(),
        ..own(said)
    }
}

/// The faults of a contract as those of the package it would be made of, but for those inside of what the package is
/// refused for: that is not judged twice.
pub fn besides(own: &[Fault], of_a_contract: Vec<Fault>) -> Vec<Fault> {
    let refused: Vec<_> = own.iter().filter_map(field).collect();
    let inside = |field: &str| {
        let rest = |refused| field.strip_prefix(refused);
        let mut rests = refused.iter().copied().filter_map(rest);
        rests.any(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let told = |fault: &Fault| field(fault).is_some_and(inside);
    of_a_contract.into_iter().map(of_the_package).filter(|fault| !told(fault)).collect()
}

/// The field that a fault is about.
fn field(fault: &Fault) -> Option<&str> {
    match fault {
        Fault::Field { field, .. } | Fault::ReferenceNotFound { field, .. } => Some(field),
        _ => None,
    }
}

/// The fault of a contract as that of the package it is made of: what a contract dates, a package counts.
pub fn of_the_package(fault: Fault) -> Fault {
    let Fault::Field { field, problem } = fault else { return fault };
    let (at, name) = field.rsplit_once('.').map_or(("", field.as_str()), |(at, name)| (at, name));
    let dot = if at.is_empty() { "" } else { "." };
    let (at, dot) = if at == "billing_provider_configuration" { ("", "") } else { (at, dot) };
    let name = match name {
        "starting_at" if !at.is_empty() => "starting_at_offset",
        "ending_before" => "duration",
        "timestamp" => "date_offset",
        "name" if at.is_empty() => "contract_name",
        "product_id" if at.starts_with("overrides[") && !at.contains('.') => "override_specifiers",
        name => name,
    };
    problem.at(format!("{at}{dot}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_contract_dates_a_package_counts() {
        for (contracts, packages) in [
            ("ending_before", "duration"),
            ("name", "contract_name"),
            ("commits[0].name", "commits[0].name"),
            ("commits[0].temporary_id", "commits[0].temporary_id"),
            (
                "commits[2].access_schedule.schedule_items[1].starting_at",
                "commits[2].access_schedule.schedule_items[1].starting_at_offset",
            ),
            (
                "commits[2].access_schedule.schedule_items[1].ending_before",
                "commits[2].access_schedule.schedule_items[1].duration",
            ),
            (
                "scheduled_charges[0].schedule.schedule_items[0].timestamp",
                "scheduled_charges[0].schedule.schedule_items[0].date_offset",
            ),
            ("overrides[0]", "overrides[0]"),
            ("overrides[0].product_id", "overrides[0].override_specifiers"),
            (
                "overrides[0].override_specifiers[0].product_id",
                "overrides[0].override_specifiers[0].product_id",
            ),
            ("starting_at", "starting_at"),
            ("billing_provider_configuration.billing_provider", "billing_provider"),
        ] {
            let problem = || FieldProblem::Empty { rule: "" };
            assert_eq!(of_the_package(problem().at(contracts)), problem().at(packages));
        }
        let other = Fault::NameNotFound { field: "rate_card_alias".into(), name: "nobody".into() };
        assert_eq!(of_the_package(other.clone()), other);
    }

    #[test]
    fn what_a_package_is_refused_for_is_not_told_again() {
        let faults = |fields: &[&str]| -> Vec<Fault> {
            fields.iter().map(|field| FieldProblem::Empty { rule: "" }.at(*field)).collect()
        };
        let of_a_contract =
            ["credits[1].name", "credits[1].names", "credits[10].name", "credits[1].name.x", "a[0]"];
        let left = besides(&faults(&["credits[1].name", "a"]), faults(&of_a_contract));
        assert_eq!(left, faults(&["credits[1].names", "credits[10].name"]));
    }

    #[test]
    fn a_date_that_there_is_not_is_one_fault_and_leaves_others_right() {
        let start = "9990-01-31T00:00:00Z".parse().unwrap();
        let mut dating = Dating::from(start);
        let field = "commits[0].";
        assert_eq!(dating.end(field, start, RelativeDate::months(1)).to_string(), "9990-02-28T00:00:00Z");
        assert!(dating.faults.is_empty());
        // Where there is no such end, there is another one behind the start.
        for wrong in [RelativeDate::years(10), RelativeDate::days(0)] {
            assert!(start < dating.end(field, start, wrong));
        }
        let told: Vec<_> = dating.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "commits[0].duration: \"10 YEARS\" is not allowed; it leads beyond the end of the calendar",
                "commits[0].duration.value: \"0\" is not allowed; it has to be 1 or more",
            ]
        );
    }
}
