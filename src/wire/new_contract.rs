//! A contract that is to be made, in requests.

use uuid::Uuid;

use super::balance_terms::{Place, commit, credit};
use super::body::{Object, amount, choice, map, moment, nullable, set, text, typed_id, word};
use super::overrides::price_override;
use super::recurring::recurring;
use super::scheduled_charges::{professional_service, scheduled_charge};
use super::settings;
use super::subscriptions::subscription;
use super::when::When;
use crate::model::contract::{CardChoice, CreateContract, NewParts, Renewal, TrueupBehavior};
use crate::model::package::PackageChoice;
use crate::model::scalar::Time;
use crate::model::statement::CreateStatementSchedule;
use crate::model::usage_filter::UsageFilter;

/// The body of `contracts/create`.
pub(super) fn new_contract(body: &Object<'_>) -> Option<CreateContract> {
    let parts = parts(body, PARTS);
    let customer_id = body.required("customer_id", typed_id);
    let starting_at = body.required("starting_at", moment);
    let ending_before = body.optional("ending_before", moment);
    let name = body.optional("name", text);
    let uniqueness_key = body.optional("uniqueness_key", text);
    let rate_card = rate_card(body);
    let net_payment_terms_days = body.optional("net_payment_terms_days", amount);
    let prioritization = body.optional("multiplier_override_prioritization", word);
    let consolidated = body.optional("scheduled_charges_on_usage_invoices", word);
    let transition = body.within("transition", transition);
    let usage_filter = body.within("usage_filter", |fields| usage_filter(fields, starting_at));
    let usage_statement_schedule = body.within("usage_statement_schedule", statement_schedule);
    let settings = settings::read(body);
    let netsuite_sales_order_id = body.optional("netsuite_sales_order_id", text);
    let salesforce_opportunity_id = body.optional("salesforce_opportunity_id", text);
    let total_contract_value = body.optional("total_contract_value", amount);
    let custom_fields = body.optional("custom_fields", map);
    let package = package(body);
    let parts = parts?;
    Some(CreateContract {
        package: package?,
        customer_id: customer_id?,
        starting_at: starting_at?,
        ending_before: ending_before?,
        name: name?,
        uniqueness_key: uniqueness_key?,
        rate_card: rate_card?,
        net_payment_terms_days: net_payment_terms_days?,
        multiplier_override_prioritization: prioritization?,
        scheduled_charges_on_usage_invoices: consolidated?,
        transition: transition?,
        usage_filter: usage_filter?,
        usage_statement_schedule: usage_statement_schedule?,
        settings: settings?,
        netsuite_sales_order_id: netsuite_sales_order_id?,
        salesforce_opportunity_id: salesforce_opportunity_id?,
        total_contract_value: total_contract_value?,
        custom_fields: custom_fields?.unwrap_or_default().into(),
        commits: parts.commits,
        credits: parts.credits,
        recurring_commits: parts.recurring_commits,
        recurring_credits: parts.recurring_credits,
        overrides: parts.overrides,
        scheduled_charges: parts.scheduled_charges,
        discounts: parts.discounts,
        professional_services: parts.professional_services,
        subscriptions: parts.subscriptions,
    })
}

/// What the parts of a contract or a package are called where it is made.
pub(super) const PARTS: [&str; 9] = [
    "commits",
    "credits",
    "recurring_commits",
    "recurring_credits",
    "overrides",
    "scheduled_charges",
    "discounts",
    "professional_services",
    "subscriptions",
];

/// What a contract or a package consists of, or what an edit brings, under these names in the order of [`PARTS`].
pub(super) fn parts<D: When>(body: &Object<'_>, names: [&'static str; 9]) -> Option<NewParts<D>> {
    let [
        commits,
        credits,
        commits_anew,
        credits_anew,
        overrides,
        charges,
        discounts,
        services,
        subscriptions,
    ] = names;
    let commits = body.objects(commits, commit);
    let place = if D::IN_CONTRACT { Place::Contract } else { Place::PackageCredit };
    let credits = body.objects(credits, |fields| credit(fields, place));
    let recurring_commits = body.objects(commits_anew, |fields| recurring(fields, true));
    let recurring_credits = body.objects(credits_anew, |fields| recurring(fields, false));
    let overrides = body.objects(overrides, price_override);
    let scheduled_charges = body.objects(charges, scheduled_charge);
    let discounts = D::in_contract(|| body.objects(discounts, scheduled_charge));
    let professional_services = D::in_contract(|| body.objects(services, professional_service));
    let subscriptions = body.objects(subscriptions, subscription);
    Some(NewParts {
        commits: commits?,
        credits: credits?,
        recurring_commits: recurring_commits?,
        recurring_credits: recurring_credits?,
        overrides: overrides?,
        scheduled_charges: scheduled_charges?,
        discounts: discounts?,
        professional_services: professional_services?,
        subscriptions: subscriptions?,
    })
}

/// The package that a contract is made of. What it may say besides is for the store to judge.
fn package(body: &Object<'_>) -> Option<Option<PackageChoice>> {
    by_id_or_alias(body, ["package_id", "package_alias"], PackageChoice::Id, PackageChoice::Alias)
}

/// The card of a contract or a package.
pub(super) fn rate_card(body: &Object<'_>) -> Option<Option<CardChoice>> {
    by_id_or_alias(body, ["rate_card_id", "rate_card_alias"], CardChoice::Id, CardChoice::Alias)
}

/// What is chosen by its id or by an alias, which have these names, and not by both.
fn by_id_or_alias<I: From<Uuid>, C>(
    body: &Object<'_>,
    [id_name, alias_name]: [&'static str; 2],
    by_id: fn(I) -> C,
    by_alias: fn(String) -> C,
) -> Option<Option<C>> {
    let id = body.optional(id_name, typed_id);
    let alias = body.optional(alias_name, text);
    match (id?, alias?) {
        (Some(_), Some(_)) => {
            let rule = format_args!("not allowed here; there is a {id_name} already").to_string();
            body.fault(alias_name, rule)
        }
        (Some(id), None) => Some(Some(by_id(id))),
        (None, alias) => Some(alias.map(by_alias)),
    }
}

/// The only transition is a renewal.
fn transition(fields: &Object<'_>) -> Option<Renewal> {
    let renewal = fields.required("type", |value| choice(value, &[("RENEWAL", ())]));
    let from_contract_id = fields.required("from_contract_id", typed_id);
    let trueup = fields.within("future_invoice_behavior", trueup);
    renewal?;
    Some(Renewal { from_contract_id: from_contract_id?, trueup: trueup?.flatten() })
}

fn trueup(fields: &Object<'_>) -> Option<Option<TrueupBehavior>> {
    Some(fields.optional("trueup", |value| nullable(value, word))?.flatten())
}

/// A usage filter, from the contract's start on where nothing is said.
fn usage_filter(fields: &Object<'_>, contract_start: Option<Time>) -> Option<UsageFilter> {
    let starting_at = fields.optional("starting_at", moment);
    let filter = filter_from(fields, contract_start);
    Some(match starting_at? {
        Some(starting_at) => UsageFilter { starting_at, ..filter? },
        None => filter?,
    })
}

/// The fields that all requests about a usage filter have, with a start.
pub(super) fn filter_from(fields: &Object<'_>, starting_at: Option<Time>) -> Option<UsageFilter> {
    let group_key = fields.required("group_key", text);
    let group_values = fields.required("group_values", |value| set(value, text));
    Some(UsageFilter { group_key: group_key?, group_values: group_values?, starting_at: starting_at? })
}

/// When usage is invoiced.
pub(super) fn statement_schedule<D: When>(fields: &Object<'_>) -> Option<CreateStatementSchedule<D>> {
    let frequency = fields.required("frequency", word);
    let day = fields.optional("day", word);
    let billing_anchor_date = D::in_contract(|| fields.optional("billing_anchor_date", moment));
    let invoice_generation = fields.optional(D::INVOICED_FROM, D::read);
    Some(CreateStatementSchedule {
        frequency: frequency?,
        day: day?.unwrap_or_default(),
        billing_anchor_date: billing_anchor_date?,
        invoice_generation_starting_at: invoice_generation?,
    })
}
