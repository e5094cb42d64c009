//! Customers: who is billed.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::custom_field::CustomFields;
use super::scalar::Time;
use crate::entity::CustomerId;
use crate::error::{Fault, FieldProblem};

/// The most characters of a customer's name that are kept; a longer one is cut, as the API does.
pub const MAX_CUSTOMER_NAME_CHARACTERS: usize = 160;
/// The most characters of an ingest alias.
pub const MAX_ALIAS_CHARACTERS: usize = 128;
/// The most ingest aliases of a customer.
pub const MAX_ALIASES_PER_CUSTOMER: usize = 2_000;
/// The most characters of a Salesforce account. The API names no limit; Salesforce's own ids have up to 18.
pub const MAX_SALESFORCE_ACCOUNT_CHARACTERS: usize = 200;
/// The most characters of one part of a request that is [kept](CreateCustomer::kept). The API names no limit.
pub const MAX_KEPT_CHARACTERS: usize = 65_536;

/// The fields of the API's request that are kept as they are written, because they mean nothing here.
pub(crate) const KEPT_FIELDS: [&str; 3] =
    ["billing_config", "customer_billing_provider_configurations", "customer_revenue_system_configurations"];

/// A customer that is to be made. Source: the seed "Provision a customer", and `metronome-api.md` §2.
///
/// ```
/// use billfold::prelude::*;
///
/// let widgets_express = CreateCustomer {
///     name: "WidgetsExpress".into(),
///     ingest_aliases: vec!["team@widgetsexpress.com".into()],
///     custom_fields: [("sfdc_account_id", "sfdc1001")].into(),
///     ..Default::default()
/// };
/// # drop(widgets_express);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateCustomer {
    /// The name. Cut behind 160 characters, as the API does.
    pub name: String,
    /// What usage events may call the customer: up to 2,000 aliases of 1 to 128 characters, each a customer's own.
    pub ingest_aliases: Vec<String>,
    /// The account in Salesforce that the customer is, in up to 200 characters; many customers may be the same.
    pub salesforce_account_id: Option<String>,
    /// Values of registered keys, set in the same commit.
    pub custom_fields: CustomFields,
    /// Parts of the API's request that mean nothing here, as JSON text of up to 65,536 characters, by their
    /// field's name: `billing_config`, `customer_billing_provider_configurations` and
    /// `customer_revenue_system_configurations`. They are given back unchanged.
    pub kept: BTreeMap<String, String>,
}

/// What changes in a customer's configuration: a field left `None` stays as it is, `Some(None)` clears it.
/// Source: `metronome-api.md` §2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateCustomerConfig {
    /// The account in Salesforce that the customer is, in up to 200 characters.
    pub salesforce_account_id: Option<Option<String>>,
    /// Whether the customer's invoices stay drafts in Stripe.
    pub leave_stripe_invoices_in_draft: Option<Option<bool>>,
}

/// A customer, as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its name: up to 160 characters.
    pub name: String,
    /// What usage events may call it, in the order it was given.
    pub ingest_aliases: Vec<String>,
    /// The account in Salesforce that it is.
    pub salesforce_account_id: Option<String>,
    /// Whether its invoices stay drafts in Stripe; `None` where nobody said.
    pub leave_stripe_invoices_in_draft: Option<bool>,
    /// Its values, by key.
    pub custom_fields: BTreeMap<String, String>,
    /// See [`CreateCustomer::kept`].
    pub kept: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Time,
    /// When its name, aliases or configuration changed last, or when it was archived.
    pub updated_at: Time,
    /// When it was archived; `None` where it is active.
    pub archived_at: Option<Time>,
}

/// Which customers are asked for: all conditions have to hold.
///
/// ```
/// use billfold::CustomerFilter;
///
/// let filter = CustomerFilter { ingest_alias: Some("team@widgetsexpress.com".into()), ..Default::default() };
/// assert!(!filter.only_archived);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Has this ingest alias.
    pub ingest_alias: Option<String>,
    /// Is one of these, where any is named: up to 100.
    pub customer_ids: Vec<CustomerId>,
    /// Has one of these Salesforce accounts, where any is named: up to 100.
    pub salesforce_account_ids: Vec<String>,
    /// Archived customers alone; otherwise active ones alone, as the API does.
    pub only_archived: bool,
}

/// What is stored of a customer besides its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct CustomerRecord {
    pub(crate) name: String,
    pub(crate) ingest_aliases: Vec<String>,
    pub(crate) salesforce_account_id: Option<String>,
    pub(crate) leave_stripe_invoices_in_draft: Option<bool>,
    pub(crate) kept: BTreeMap<String, String>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// A customer's name as it is kept.
pub(crate) fn cut_name(name: &str) -> String {
    name.chars().take(MAX_CUSTOMER_NAME_CHARACTERS).collect()
}

/// Faults of a set of aliases, whoever else may have them.
pub(crate) fn check_aliases(field: &str, aliases: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if aliases.len() > MAX_ALIASES_PER_CUSTOMER {
        let (items, most) = (aliases.len(), MAX_ALIASES_PER_CUSTOMER);
        faults.push(FieldProblem::TooMany { items, most }.at(field));
    }
    let mut seen = HashSet::new();
    for (place, alias) in aliases.iter().enumerate() {
        let repeated = (!seen.insert(alias)).then(|| FieldProblem::Repeated { item: alias.clone() });
        let problems = check_alias(alias).into_iter().chain(repeated);
        faults.extend(problems.map(|problem| problem.at(format!("{field}[{place}]"))));
    }
    faults
}

/// What is wrong with the text of an alias.
pub(crate) fn check_alias(alias: &str) -> Option<FieldProblem> {
    FieldProblem::of_text(alias, MAX_ALIAS_CHARACTERS, "an ingest alias has 1 to 128 characters")
}

/// What is wrong with a Salesforce account.
pub(crate) fn check_account(account: Option<&str>) -> Option<Fault> {
    let problem = FieldProblem::too_long(account?, MAX_SALESFORCE_ACCOUNT_CHARACTERS)?;
    Some(problem.at("salesforce_account_id"))
}

/// Faults of what is to be kept. Without a limit a record could grow larger than one can be read.
pub(crate) fn check_kept(kept: &BTreeMap<String, String>) -> Vec<Fault> {
    let rule = "what is kept are parts of the request for a customer that mean nothing here";
    let problem = |(name, json): (&String, &String)| {
        let unknown = !KEPT_FIELDS.contains(&name.as_str());
        let problem = if unknown {
            Some(FieldProblem::NotAllowed { rule })
        } else {
            FieldProblem::too_long(json, MAX_KEPT_CHARACTERS)
        };
        problem.map(|problem| problem.at(name))
    };
    kept.iter().filter_map(problem).collect()
}
