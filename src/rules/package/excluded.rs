//! What contracts have and packages do not, and what a contract that is made of a package does not say.

use crate::error::{Fault, FieldProblem};
use crate::model::balance::BalanceTerms;
use crate::model::contract::{CardChoice, CreateContract};
use crate::model::package::{CreatePackage, PackageTerms};
use crate::model::price_override::OverrideTerms;
use crate::model::provider_configuration::ConfigurationChoice;
use crate::model::relative_date::RelativeDate;
use crate::model::schedule::{CreateInvoiceSchedule, ScheduleDates};
use crate::model::settings::ContractSettings;
use crate::model::statement::StatementDay;
use crate::rules::contract::placed;

/// Faults of what a package says that only a contract can. Source: `metronome-api.md` §7.
pub fn faults(request: &CreatePackage) -> Vec<Fault> {
    let CreatePackage {
        terms,
        aliases: _,
        commits,
        credits,
        recurring_commits,
        recurring_credits,
        overrides,
        scheduled_charges,
        subscriptions,
    } = request;
    let mut faults = terms_faults(terms);
    for (at, commit) in placed("", "commits", commits) {
        let given = [
            ("payment_gate_config", commit.payment_gate.is_some()),
            ("spend_tracker_attributes", commit.counts_as_discounted.is_some()),
        ];
        faults.extend(given_faults(&at, given));
        faults.extend(balance_faults(&at, &commit.terms));
        let schedule = commit.invoice_schedule.as_ref();
        faults.extend(
            schedule.and_then(|schedule| recurring_fault(&format!("{at}invoice_schedule."), schedule)),
        );
    }
    for (at, credit) in placed("", "credits", credits) {
        let rollover = ("rollover_fraction", credit.terms.rollover_fraction.is_some());
        faults.extend(given_faults(&at, [rollover]));
        faults.extend(balance_faults(&at, &credit.terms));
    }
    for (at, commit) in placed("", "recurring_commits", recurring_commits) {
        faults.extend(balance_faults(&at, &commit.terms.terms));
    }
    for (at, credit) in placed("", "recurring_credits", recurring_credits) {
        faults.extend(balance_faults(&at, &credit.terms.terms));
    }
    for (at, terms) in placed("", "overrides", overrides) {
        faults.extend(override_faults(&at, terms));
    }
    for (at, charge) in placed("", "scheduled_charges", scheduled_charges) {
        let netsuite = ("netsuite_sales_order_id", charge.netsuite_sales_order_id.is_some());
        faults.extend(given_faults(&at, [netsuite]));
        faults.extend(recurring_fault(&format!("{at}schedule."), &charge.schedule));
    }
    for (at, subscription) in placed("", "subscriptions", subscriptions) {
        let given = [
            ("seat_config.initial_seat_ids", !subscription.initial_seat_ids.is_empty()),
            ("payment_gate_config", subscription.terms.payment_gate.is_some()),
            ("billing_cycle_config.anchor_date", subscription.terms.billing_anchor_date.is_some()),
        ];
        faults.extend(given_faults(&at, given));
    }
    faults
}

fn terms_faults(terms: &PackageTerms) -> Vec<Fault> {
    let settings = &terms.settings;
    let by_id = settings
        .billing_provider
        .as_ref()
        .is_some_and(|provider| matches!(provider.choice, ConfigurationChoice::Id(_)));
    let schedule = terms.usage_statement_schedule.as_ref();
    let on_a_date = schedule.is_some_and(|schedule| schedule.day == StatementDay::CustomDate);
    let date = schedule.is_some_and(|schedule| schedule.billing_anchor_date.is_some());
    given_faults(
        "",
        [
            ("billing_provider_configuration_id", by_id),
            ("revenue_system_configuration", settings.revenue_system.is_some()),
            ("hierarchy_configuration", settings.hierarchy.is_some()),
            ("reseller_royalties", !settings.reseller_royalties.is_empty()),
            ("usage_statement_schedule.day", on_a_date),
            ("usage_statement_schedule.billing_anchor_date", date),
        ],
    )
}

fn balance_faults(at: &str, terms: &BalanceTerms) -> Vec<Fault> {
    let given = [
        ("hierarchy_configuration", terms.child_access.is_some()),
        ("netsuite_sales_order_id", terms.netsuite_sales_order_id.is_some()),
    ];
    given_faults(at, given)
}

fn override_faults(at: &str, terms: &OverrideTerms<RelativeDate>) -> Vec<Fault> {
    let rule = "an override of a package says by override_specifiers what it is for";
    let given = |given: bool| given.then_some(FieldProblem::NotAllowed { rule });
    let missing = terms.override_specifiers.is_empty().then_some(FieldProblem::Missing { rule });
    let problems = [
        ("product_id", given(terms.product_id.is_some())),
        ("applicable_product_tags", given(!terms.applicable_product_tags.is_empty())),
        ("override_specifiers", missing),
    ];
    Fault::of_fields(at, problems)
}

fn recurring_fault(at: &str, schedule: &CreateInvoiceSchedule<RelativeDate>) -> Option<Fault> {
    let recurring = matches!(schedule.dates, ScheduleDates::Recurring(_));
    given_faults(at, [("recurring_schedule", recurring)]).pop()
}

fn given_faults<const N: usize>(at: &str, fields: [(&str, bool); N]) -> Vec<Fault> {
    let rule = "a package does not have it";
    let problem = |given: bool| given.then_some(FieldProblem::NotAllowed { rule });
    Fault::of_fields(at, fields.map(|(field, given)| (field, problem(given))))
}

/// Faults of what a contract says beside the package that it is made of.
pub fn beside_a_package(request: &CreateContract) -> Vec<Fault> {
    // All fields are named, so that a new one has to find its place here.
    let CreateContract {
        customer_id: _,
        starting_at: _,
        package: _,
        uniqueness_key: _,
        transition: _,
        custom_fields: _,
        name,
        rate_card,
        ending_before,
        net_payment_terms_days,
        commits,
        credits,
        recurring_commits,
        recurring_credits,
        overrides,
        multiplier_override_prioritization,
        scheduled_charges,
        scheduled_charges_on_usage_invoices,
        discounts,
        professional_services,
        subscriptions,
        usage_filter,
        usage_statement_schedule,
        settings,
        netsuite_sales_order_id,
        salesforce_opportunity_id,
        total_contract_value,
    } = request;
    let by_alias = matches!(rate_card, Some(CardChoice::Alias(_)));
    let mut faults = beside(&[
        ("name", name.is_some()),
        (if by_alias { "rate_card_alias" } else { "rate_card_id" }, rate_card.is_some()),
        ("ending_before", ending_before.is_some()),
        ("net_payment_terms_days", net_payment_terms_days.is_some()),
        ("multiplier_override_prioritization", multiplier_override_prioritization.is_some()),
        ("scheduled_charges_on_usage_invoices", scheduled_charges_on_usage_invoices.is_some()),
        ("usage_filter", usage_filter.is_some()),
        ("usage_statement_schedule", usage_statement_schedule.is_some()),
        ("netsuite_sales_order_id", netsuite_sales_order_id.is_some()),
        ("salesforce_opportunity_id", salesforce_opportunity_id.is_some()),
        ("total_contract_value", total_contract_value.is_some()),
    ]);
    faults.extend(beside(&[
        ("commits", !commits.is_empty()),
        ("credits", !credits.is_empty()),
        ("recurring_commits", !recurring_commits.is_empty()),
        ("recurring_credits", !recurring_credits.is_empty()),
        ("overrides", !overrides.is_empty()),
        ("scheduled_charges", !scheduled_charges.is_empty()),
        ("discounts", !discounts.is_empty()),
        ("professional_services", !professional_services.is_empty()),
        ("subscriptions", !subscriptions.is_empty()),
    ]));
    faults.extend(settings_beside(settings));
    faults
}

/// What a contract says beside the package that it is made of, without what it may not.
pub fn own(said: CreateContract) -> CreateContract {
    CreateContract {
        package: said.package,
        uniqueness_key: said.uniqueness_key,
        transition: said.transition,
        custom_fields: said.custom_fields,
        ..CreateContract::new(said.customer_id, said.starting_at)
    }
}

fn settings_beside(settings: &ContractSettings) -> Vec<Fault> {
    let ContractSettings {
        spend_threshold,
        prepaid_balance_threshold,
        billing_provider,
        revenue_system,
        hierarchy,
        reseller_royalties,
        spend_trackers,
    } = settings;
    beside(&[
        ("spend_threshold_configuration", spend_threshold.is_some()),
        ("prepaid_balance_threshold_configuration", prepaid_balance_threshold.is_some()),
        ("billing_provider_configuration", billing_provider.is_some()),
        ("revenue_system_configuration", revenue_system.is_some()),
        ("hierarchy_configuration", hierarchy.is_some()),
        ("reseller_royalties", !reseller_royalties.is_empty()),
        ("spend_trackers", !spend_trackers.is_empty()),
    ])
}

fn beside(fields: &[(&str, bool)]) -> Vec<Fault> {
    let rule = "the package that the contract is made of says it";
    let fault = |(field, given): &(&str, bool)| given.then(|| FieldProblem::NotAllowed { rule }.at(*field));
    fields.iter().filter_map(fault).collect()
}
