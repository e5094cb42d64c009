//! Commits and credits in requests: of a contract, of a customer, and what changes in one.

use super::applicability::applies_to;
use super::body::{Object, Value, amount, choice, flag, list, map, nullable, text, texts, typed_id, word};
use super::payment_gate::commit_payment_gate;
use super::schedules;
use super::when::When;
use crate::model::balance::{BalanceTerms, ChildAccess, CreateCommit, CreateCredit};
use crate::model::contract_edit::UpdateBalance;

/// Where a commit or credit stands, which says what fields it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a contract, or as a commit in a package.
    Contract,
    /// As a credit in a package.
    PackageCredit,
    /// In a contract or a package, and given anew every period.
    Recurring,
    /// With a customer.
    Customer,
}

/// What commits, credits and the recurring ones have in common.
pub(super) fn terms<D: When>(fields: &Object<'_>, place: Place) -> Option<BalanceTerms> {
    let product_id = fields.required("product_id", typed_id);
    let name = fields.optional("name", text);
    let description = fields.optional("description", text);
    let priority = match place {
        Place::Contract | Place::PackageCredit => fields.optional("priority", amount),
        Place::Recurring | Place::Customer => fields.required("priority", amount).map(Some),
    };
    let rate_type = fields.optional("rate_type", word);
    let applies_to = applies_to(fields);
    let (rollover_fraction, child_access) = match place {
        Place::Customer | Place::PackageCredit => (Some(None), Some(None)),
        Place::Contract | Place::Recurring => {
            (fields.optional("rollover_fraction", amount), D::in_contract(|| child_access(fields)))
        }
    };
    let netsuite_sales_order_id = D::in_contract(|| fields.optional("netsuite_sales_order_id", text));
    Some(BalanceTerms {
        product_id: product_id?,
        name: name?,
        description: description?,
        priority: priority?,
        rate_type: rate_type?,
        rollover_fraction: rollover_fraction?,
        applies_to: applies_to?,
        child_access: child_access?,
        access_type: None,
        netsuite_sales_order_id: netsuite_sales_order_id?,
    })
}

/// Who below a contract may draw from its commit or credit.
fn child_access(fields: &Object<'_>) -> Option<Option<ChildAccess>> {
    fields.within("hierarchy_configuration", |fields| fields.inside("child_access", access_of_children))
}

fn access_of_children(fields: &Object<'_>) -> Option<ChildAccess> {
    let wide = fields.required("type", |value| choice(value, CHILD_ACCESS));
    let contracts = fields.optional("contract_ids", |value| list(value, typed_id));
    match (wide?, contracts?) {
        (Children::Named, Some(contracts)) => Some(ChildAccess::Contracts(contracts)),
        (Children::Named, None) => fields.fault("contract_ids", "missing; the type CONTRACT_IDS needs it"),
        (_, Some(_)) => fields.fault("contract_ids", "not allowed here; it is for CONTRACT_IDS"),
        (Children::All, None) => Some(ChildAccess::All),
        (Children::None, None) => Some(ChildAccess::None),
    }
}

#[derive(Clone, Copy)]
enum Children {
    All,
    None,
    Named,
}

const CHILD_ACCESS: &[(&str, Children)] =
    &[("ALL", Children::All), ("NONE", Children::None), ("CONTRACT_IDS", Children::Named)];

/// A commit of a contract or a package.
pub(super) fn commit<D: When>(fields: &Object<'_>) -> Option<CreateCommit<D>> {
    let commit = bare_commit(fields, Place::Contract);
    let temporary_id = fields.optional("temporary_id", text);
    let counts_as_discounted = D::in_contract(|| {
        fields.within("spend_tracker_attributes", |fields| fields.required("counts_as_discounted", flag))
    });
    let payment_gate = D::in_contract(|| fields.within("payment_gate_config", commit_payment_gate));
    if fields.optional("amount", |_| Some(()))?.is_some() {
        return fields.fault("amount", "no longer known; access_schedule and invoice_schedule say how much");
    }
    Some(CreateCommit {
        temporary_id: temporary_id?,
        counts_as_discounted: counts_as_discounted?,
        payment_gate: payment_gate?,
        ..commit?
    })
}

/// What commits of contracts, packages and customers have in common.
pub(super) fn bare_commit<D: When>(fields: &Object<'_>, place: Place) -> Option<CreateCommit<D>> {
    let terms = terms::<D>(fields, place);
    let commit_type = fields.required("type", word);
    let access = fields.inside("access_schedule", schedules::access);
    let invoice_schedule = fields.within("invoice_schedule", |fields| schedules::invoice(fields, true));
    let custom_fields = fields.optional("custom_fields", map);
    let (access_schedule, access_type) = access?;
    Some(CreateCommit {
        terms: BalanceTerms { access_type, ..terms? },
        commit_type: commit_type?,
        access_schedule,
        invoice_schedule: invoice_schedule?,
        temporary_id: None,
        counts_as_discounted: None,
        payment_gate: None,
        custom_fields: custom_fields?.unwrap_or_default().into(),
    })
}

/// A credit.
pub(super) fn credit<D: When>(fields: &Object<'_>, place: Place) -> Option<CreateCredit<D>> {
    let terms = terms::<D>(fields, place);
    let access = fields.inside("access_schedule", schedules::access);
    let custom_fields = fields.optional("custom_fields", map);
    let (access_schedule, access_type) = access?;
    Some(CreateCredit {
        terms: BalanceTerms { access_type, ..terms? },
        access_schedule,
        custom_fields: custom_fields?.unwrap_or_default().into(),
    })
}

/// What changes in a commit, or, without an invoice schedule, in a credit; `id` is what the API calls its id.
pub(super) fn update<I: From<uuid::Uuid>>(
    fields: &Object<'_>,
    id: &'static str,
    of_commit: bool,
) -> Option<UpdateBalance<I>> {
    let id = fields.required(id, typed_id);
    let name = fields.optional("name", text);
    let description = fields.optional("description", text);
    let product_id = fields.optional("product_id", typed_id);
    let access_schedule = fields.within("access_schedule", schedules::update_access);
    let invoice_schedule =
        if of_commit { fields.within("invoice_schedule", schedules::update_invoice) } else { Some(None) };
    let rollover_fraction = fields.optional("rollover_fraction", |value| nullable(value, amount));
    let product_ids = |value: Value<'_>| nullable(value, |value| list(value, typed_id));
    let applicable_product_ids = fields.optional("applicable_product_ids", product_ids);
    let applicable_product_tags = fields.optional("applicable_product_tags", |value| nullable(value, texts));
    let priority = fields.optional("priority", |value| nullable(value, amount));
    let rate_type = fields.optional("rate_type", word);
    let child_access = child_access(fields);
    let netsuite = fields.optional("netsuite_sales_order_id", |value| nullable(value, text));
    Some(UpdateBalance {
        id: id?,
        name: name?,
        description: description?,
        product_id: product_id?,
        access_schedule: access_schedule?.unwrap_or_default(),
        invoice_schedule: invoice_schedule?.unwrap_or_default(),
        rollover_fraction: rollover_fraction?,
        applicable_product_ids: applicable_product_ids?,
        applicable_product_tags: applicable_product_tags?,
        priority: priority?,
        rate_type: rate_type?,
        child_access: child_access?,
        netsuite_sales_order_id: netsuite?,
    })
}
