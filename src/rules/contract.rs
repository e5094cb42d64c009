//! What a contract and its edits need and may have, and what becomes of its parts when it ends earlier.

use super::calendar::check_hour;
use super::rate::below;
use super::{
    balance, part_text, price_override, recurring, scheduled_charge, statement, subscription, usage_filter,
};
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::contract::{ContractOrigin, ContractPart, CreateContract, MAX_PARTS_PER_CALL, NewParts};
use crate::model::contract_edit::{EditContract, PartUpdates};
use crate::model::price_override::OverridePrioritization;
use crate::model::recurring::{CreateRecurring, RecurrenceFrequency, RecurringTerms};
use crate::model::scalar::{Amount, Time};

/// What is wrong with a contract that is to be made, its parts aside.
pub fn creation_faults(request: &CreateContract) -> Vec<Fault> {
    let end = request.ending_before.and_then(|end| end_problem(request.starting_at, end));
    let mut faults = Fault::of_fields(
        "",
        [
            ("uniqueness_key", part_text::uniqueness_key(request.uniqueness_key.as_deref())),
            ("name", part_text::label(request.name.as_deref())),
            ("netsuite_sales_order_id", part_text::text(request.netsuite_sales_order_id.as_deref())),
            ("salesforce_opportunity_id", part_text::text(request.salesforce_opportunity_id.as_deref())),
            ("starting_at", check_hour(request.starting_at)),
            ("ending_before", end),
            ("net_payment_terms_days", not_negative(request.net_payment_terms_days)),
        ],
    );
    if let Some(schedule) = &request.usage_statement_schedule {
        faults.extend(statement::faults("usage_statement_schedule.", schedule));
    }
    if let Some(filter) = &request.usage_filter {
        faults.extend(usage_filter::faults(
            "usage_filter.",
            filter,
            request.starting_at,
            request.ending_before,
        ));
    }
    faults.extend(request.settings.check());
    faults
}

/// What is wrong with an edit that can be seen from the contract itself, its parts aside.
pub fn edit_faults(edit: &EditContract, origin: &ContractOrigin) -> Vec<Fault> {
    let name = edit.update_contract_name.as_ref().and_then(Option::as_deref);
    let end = edit.update_contract_end_date.flatten();
    let days = edit.update_net_payment_terms_days.flatten();
    let mut faults = Fault::of_fields(
        "",
        [
            ("uniqueness_key", part_text::uniqueness_key(edit.uniqueness_key.as_deref())),
            ("update_contract_name", part_text::label(name)),
            ("update_contract_end_date", end.and_then(|end| end_problem(origin.starting_at, end))),
            ("update_net_payment_terms_days", not_negative(days)),
        ],
    );
    faults.extend(count_faults("", &update_counts(&edit.updates)));
    faults
}

fn update_counts(updates: &PartUpdates) -> [(&'static str, usize); 10] {
    [
        ("update_commits", updates.update_commits.len()),
        ("update_credits", updates.update_credits.len()),
        ("update_recurring_commits", updates.update_recurring_commits.len()),
        ("update_recurring_credits", updates.update_recurring_credits.len()),
        ("update_scheduled_charges", updates.update_scheduled_charges.len()),
        ("update_subscriptions", updates.update_subscriptions.len()),
        ("archive_commits", updates.archive_commits.len()),
        ("archive_credits", updates.archive_credits.len()),
        ("archive_scheduled_charges", updates.archive_scheduled_charges.len()),
        ("remove_overrides", updates.remove_overrides.len()),
    ]
}

/// When a contract is in force.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    pub starting_at: Time,
    pub ending_before: Option<Time>,
}

/// What is wrong with parts that are to be added to a contract; `prefix` stands in front of the names of the lists.
pub fn part_faults(
    prefix: &str,
    parts: &NewParts,
    term: Term,
    prioritization: OverridePrioritization,
) -> Vec<Fault> {
    let Term { starting_at: start, ending_before: end } = term;
    let mut faults = count_faults(prefix, &part_counts(parts));
    let mut add = |found: Vec<Fault>| faults.extend(found);
    for (at, commit) in placed(prefix, "commits", &parts.commits) {
        add(balance::commit_faults(&at, commit));
    }
    for (at, credit) in placed(prefix, "credits", &parts.credits) {
        add(balance::credit_faults(&at, credit));
    }
    for (at, commit) in placed(prefix, "recurring_commits", &parts.recurring_commits) {
        add(recurring_faults(&at, commit, true, start));
    }
    for (at, credit) in placed(prefix, "recurring_credits", &parts.recurring_credits) {
        add(recurring_faults(&at, credit, false, start));
    }
    for (at, terms) in placed(prefix, "overrides", &parts.overrides) {
        add(price_override::faults(&at, terms, prioritization));
    }
    for (at, charge) in placed(prefix, "scheduled_charges", &parts.scheduled_charges) {
        add(scheduled_charge::faults(&at, charge));
    }
    for (at, discount) in placed(prefix, "discounts", &parts.discounts) {
        add(scheduled_charge::faults(&at, discount));
    }
    for (at, service) in placed(prefix, "professional_services", &parts.professional_services) {
        add(scheduled_charge::service_faults(&at, service));
    }
    for (at, subscription) in placed(prefix, "subscriptions", &parts.subscriptions) {
        add(subscription::faults(&at, subscription, start, end));
    }
    faults
}

/// The items of a list with what stands in front of the names of their fields.
pub fn placed<'p, T>(
    prefix: &'p str,
    list: &'p str,
    items: &'p [T],
) -> impl Iterator<Item = (String, &'p T)> {
    items.iter().enumerate().map(move |(place, item)| (format!("{prefix}{list}[{place}]."), item))
}

fn part_counts(parts: &NewParts) -> [(&'static str, usize); 9] {
    [
        ("commits", parts.commits.len()),
        ("credits", parts.credits.len()),
        ("recurring_commits", parts.recurring_commits.len()),
        ("recurring_credits", parts.recurring_credits.len()),
        ("overrides", parts.overrides.len()),
        ("scheduled_charges", parts.scheduled_charges.len()),
        ("discounts", parts.discounts.len()),
        ("professional_services", parts.professional_services.len()),
        ("subscriptions", parts.subscriptions.len()),
    ]
}

fn count_faults(prefix: &str, counts: &[(&'static str, usize)]) -> Vec<Fault> {
    let many = counts.iter().filter_map(|(list, items)| {
        let problem = FieldProblem::too_many(*items, MAX_PARTS_PER_CALL)?;
        Some(problem.at(format!("{prefix}{list}")))
    });
    many.collect()
}

/// What is wrong with the end of a contract that starts there.
pub fn end_problem(start: Time, end: Time) -> Option<FieldProblem> {
    check_end(Some(start), Some(end)).or_else(|| check_hour(end))
}

fn not_negative(days: Option<Amount>) -> Option<FieldProblem> {
    below(days?, "it has to be 0 or more")
}

/// Whether one of the recurring commits and credits comes every day.
pub fn any_daily<'p>(mut terms: impl Iterator<Item = &'p RecurringTerms>) -> bool {
    terms.any(|terms| terms.recurrence_frequency == Some(RecurrenceFrequency::Daily))
}

/// The recurring commits and credits that are to be added.
pub fn recurring_terms(parts: &NewParts) -> impl Iterator<Item = &RecurringTerms> {
    parts.recurring_commits.iter().chain(&parts.recurring_credits).map(|part| &part.terms)
}

/// Faults of recurring commits and credits that come every day besides the one that a contract has at most;
/// `has_one` where it has that already. Source: `metronome-api.md` §6.2.
pub fn daily_faults(prefix: &str, parts: &NewParts, has_one: bool) -> Vec<Fault> {
    let commits = placed(prefix, "recurring_commits", &parts.recurring_commits);
    let credits = placed(prefix, "recurring_credits", &parts.recurring_credits);
    let daily = commits.chain(credits).filter(|(_, part)| any_daily([&part.terms].into_iter()));
    let rule = "a contract has at most one recurring commit or credit that comes every day";
    let fault = |(at, _): (String, &CreateRecurring)| {
        FieldProblem::NotAllowed { rule }.at(format!("{at}recurrence_frequency"))
    };
    daily.skip(usize::from(!has_one)).map(fault).collect()
}

/// What is wrong with what a recurring commit or credit gives, whose terms are those of any other.
fn recurring_faults(at: &str, asked: &CreateRecurring, is_commit: bool, start: Time) -> Vec<Fault> {
    let mut faults = recurring::faults(at, asked, is_commit, start);
    faults.extend(balance::terms_faults(at, &asked.terms.terms));
    let name = part_text::temporary_id(asked.temporary_id.as_deref());
    faults.extend(name.map(|problem| problem.at(format!("{at}temporary_id"))));
    faults
}

/// What a part becomes when its contract ends at a moment before the one it was to end at: nothing of it is left
/// behind the end. A postpaid commit is still charged for what was not used, unless `trueup_stays` is false.
/// Without an end of its own a part ends with its contract, and so stays as it is.
pub fn ended(part: &ContractPart, end: Time, trueup_stays: bool) -> ContractPart {
    match part {
        ContractPart::Commit(commit) => ContractPart::Commit(balance::end(commit, end, trueup_stays).into()),
        ContractPart::Credit(credit) => ContractPart::Credit(balance::end(credit, end, trueup_stays).into()),
        ContractPart::RecurringCommit(commit) => {
            ContractPart::RecurringCommit(recurring::end(commit, end).into())
        }
        ContractPart::RecurringCredit(credit) => {
            ContractPart::RecurringCredit(recurring::end(credit, end).into())
        }
        ContractPart::Override(priced) => {
            let mut priced = priced.clone();
            priced.terms.ending_before = priced.terms.ending_before.map(|before| before.min(end));
            ContractPart::Override(priced)
        }
        ContractPart::ScheduledCharge(charge) => {
            ContractPart::ScheduledCharge(scheduled_charge::end(charge, end).into())
        }
        ContractPart::Discount(discount) => {
            ContractPart::Discount(scheduled_charge::end(discount, end).into())
        }
        ContractPart::Subscription(subscription) => {
            ContractPart::Subscription(subscription::end(subscription, end).into())
        }
        other @ (ContractPart::Terms(_)
        | ContractPart::Settings(_)
        | ContractPart::UsageFilter(_)
        | ContractPart::ProfessionalService(_)) => other.clone(),
    }
}
