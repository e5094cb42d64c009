//! A package that is to be made, in requests.

use super::body::{Object, amount, list, text, word};
use super::new_contract::{PARTS, parts, rate_card, statement_schedule};
use super::rate_cards::alias;
use super::settings;
use super::when::When as _;
use crate::model::package::{CreatePackage, PackageTerms};
use crate::model::relative_date::RelativeDate;

/// The body of `packages/create`.
pub(super) fn new_package(body: &Object<'_>) -> Option<CreatePackage> {
    let terms = terms(body);
    let aliases = body.optional("aliases", |value| list(value, alias));
    let parts = parts(body, PARTS);
    let parts = parts?;
    Some(CreatePackage {
        terms: terms?,
        aliases: aliases?.unwrap_or_default(),
        commits: parts.commits,
        credits: parts.credits,
        recurring_commits: parts.recurring_commits,
        recurring_credits: parts.recurring_credits,
        overrides: parts.overrides,
        scheduled_charges: parts.scheduled_charges,
        subscriptions: parts.subscriptions,
    })
}

fn terms(body: &Object<'_>) -> Option<PackageTerms> {
    let name = body.required("name", text);
    let contract_name = body.optional("contract_name", text);
    let uniqueness_key = body.optional("uniqueness_key", text);
    let rate_card = rate_card(body);
    let duration = body.optional("duration", RelativeDate::read);
    let net_payment_terms_days = body.optional("net_payment_terms_days", amount);
    let prioritization = body.optional("multiplier_override_prioritization", word);
    let consolidated = body.optional("scheduled_charges_on_usage_invoices", word);
    let usage_statement_schedule = body.within("usage_statement_schedule", statement_schedule);
    let settings = settings::of_package(body);
    Some(PackageTerms {
        name: name?,
        contract_name: contract_name?,
        uniqueness_key: uniqueness_key?,
        rate_card: rate_card?,
        duration: duration?,
        net_payment_terms_days: net_payment_terms_days?,
        multiplier_override_prioritization: prioritization?,
        scheduled_charges_on_usage_invoices: consolidated?,
        usage_statement_schedule: usage_statement_schedule?,
        settings: settings?,
    })
}
