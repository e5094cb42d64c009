//! Commits and credits as the calls that read contracts answer them. What nobody said is left out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{number, timestamp};
use super::applicability::ListedApplicability;
use super::listed_schedule::{ListedAccess, ListedInvoiceSchedule};
use super::listing::{JustId, Listing, NamedProduct, Number};
use super::payment_gate::ListedGate;
use crate::entity::{CommitId, ContractCreditId, ContractId, EntityId, ManagedEntity};
use crate::model::balance::{Balance, BalanceOf, BalanceTerms, ChildAccess, RateChoice};
use crate::model::contract::Part;

/// A commit or credit.
#[derive(Serialize)]
pub(super) struct ListedBalance<I> {
    id: I,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<JustId<ContractId>>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    terms: ListedTerms,
    product: NamedProduct,
    access_schedule: ListedAccess,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_schedule: Option<ListedInvoiceSchedule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_contract: Option<JustId<ContractId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rolled_over_from: Option<RolledOver>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applicable_contract_ids: Vec<ContractId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salesforce_opportunity_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Number,
    custom_fields: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spend_tracker_attributes: Option<SpendTracking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_gate_config: Option<ListedGate>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
}

/// What commits, credits and the recurring ones have in common, but for the product.
#[derive(Serialize)]
pub(super) struct ListedTerms {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_type: Option<RateChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollover_fraction: Number,
    #[serde(flatten)]
    applies_to: ListedApplicability,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_sales_order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hierarchy_configuration: Option<Hierarchy>,
}

#[derive(Serialize)]
pub(super) struct Hierarchy {
    child_access: Access,
}

#[derive(Serialize)]
struct Access {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_ids: Option<Vec<ContractId>>,
}

#[derive(Serialize)]
struct RolledOver {
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_id: Option<CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_id: Option<ContractCreditId>,
    contract_id: ContractId,
}

#[derive(Serialize)]
struct SpendTracking {
    counts_as_discounted: bool,
}

impl<I: EntityId> ListedBalance<I> {
    /// A contract's.
    pub(super) fn part(contract: ContractId, part: Part<I, Balance>, listing: &Listing<'_>) -> Self {
        let contract = Some(JustId { id: contract });
        Self { contract, ..Self::bare(part.id, part.part, part.custom_fields, listing) }
    }

    /// A contract's or a customer's.
    pub(super) fn of(found: BalanceOf<I>, listing: &Listing<'_>) -> Self {
        let id = |id| JustId { id };
        Self {
            contract: found.contract_id.map(id),
            invoice_contract: found.invoice_contract_id.map(id),
            applicable_contract_ids: found.applicable_contract_ids.into_iter().collect(),
            uniqueness_key: found.uniqueness_key,
            salesforce_opportunity_id: found.salesforce_opportunity_id,
            ..Self::bare(found.id, found.balance, found.custom_fields, listing)
        }
    }

    fn bare(id: I, balance: Balance, custom_fields: BTreeMap<String, String>, listing: &Listing<'_>) -> Self {
        Self {
            id,
            contract: None,
            kind: balance.commit_type.map_or("CREDIT", |kind| kind.name()),
            product: listing.product(balance.terms.product_id),
            access_schedule: ListedAccess::of(&balance.access_schedule, balance.terms.access_type),
            invoice_schedule: balance.invoice_schedule.as_ref().map(ListedInvoiceSchedule::of),
            invoice_contract: None,
            rolled_over_from: balance.rolled_over_from.map(|(from, contract_id)| RolledOver {
                commit_id: (from.entity == ManagedEntity::Commit).then_some(from.id.into()),
                credit_id: (from.entity == ManagedEntity::ContractCredit).then_some(from.id.into()),
                contract_id,
            }),
            applicable_contract_ids: Vec::new(),
            salesforce_opportunity_id: None,
            ledger: listing.ledger(),
            balance: listing.balance(&balance),
            terms: ListedTerms::of(balance.terms),
            custom_fields,
            uniqueness_key: None,
            archived_at: balance.archived_at.map(timestamp),
            spend_tracker_attributes: balance
                .counts_as_discounted
                .map(|counts_as_discounted| SpendTracking { counts_as_discounted }),
            payment_gate_config: balance.payment_gate.as_ref().map(ListedGate::of),
            created_at: timestamp(balance.created_at),
            created_by: balance.created_by,
        }
    }
}

impl ListedTerms {
    pub(super) fn of(terms: BalanceTerms) -> Self {
        Self {
            name: terms.name,
            description: terms.description,
            priority: terms.priority.and_then(number),
            rate_type: terms.rate_type,
            rollover_fraction: terms.rollover_fraction.and_then(number),
            applies_to: ListedApplicability::of(&terms.applies_to),
            netsuite_sales_order_id: terms.netsuite_sales_order_id,
            hierarchy_configuration: terms.child_access.map(Hierarchy::of),
        }
    }

    /// Recurring ones always say at which rates usage draws from them: at those of the list, if nothing was said.
    pub(super) fn with_rate_type(self) -> Self {
        Self { rate_type: self.rate_type.or(Some(RateChoice::ListRate)), ..self }
    }
}

impl Hierarchy {
    pub(super) fn of(access: ChildAccess) -> Self {
        let (kind, contract_ids) = match access {
            ChildAccess::All => ("ALL", None),
            ChildAccess::None => ("NONE", None),
            ChildAccess::Contracts(ids) => ("CONTRACT_IDS", Some(ids)),
        };
        Self { child_access: Access { kind, contract_ids } }
    }
}
