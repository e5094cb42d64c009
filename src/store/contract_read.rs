//! Contracts as they are, and as they were.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::contract_parts::entity_of;
use super::{custom_fields, entities, hierarchies};
use crate::entity::{ContractId, EntityId, EntityRef};
use crate::error::{Fault, FieldProblem, Result};
use crate::model::contract::{Contract, ContractOrigin, ContractPart, ContractTerms, Part};
use crate::model::contract_edit::AddedParts;
#[cfg(feature = "wire")]
use crate::model::contract_edit::ContractEdit;
use crate::model::scalar::Time;
use crate::model::settings::ContractSettings;
use crate::rules::usage_filter;
use crate::storage::codec::FieldsRow;
use crate::storage::rows;
use crate::storage::versions::{self, AsOf, PartId, Stamp};
use crate::storage::view::Reader;

/// The contract, with the parts that one of its versions had, and the values of now.
pub fn get(reader: &impl Reader, id: ContractId, at: AsOf) -> Result<Contract> {
    let (row, origin) = known(reader, id)?;
    let mut contract = Contract {
        id,
        origin,
        terms: ContractTerms::default(),
        settings: ContractSettings::default(),
        children: hierarchies::children(reader, id)?,
        commits: Vec::new(),
        credits: Vec::new(),
        recurring_commits: Vec::new(),
        recurring_credits: Vec::new(),
        overrides: Vec::new(),
        scheduled_charges: Vec::new(),
        discounts: Vec::new(),
        professional_services: Vec::new(),
        subscriptions: Vec::new(),
        usage_filter: Vec::new(),
        custom_fields: custom_fields::named(reader, row),
    };
    let mut added = AddedParts::default();
    let mut filters = Vec::new();
    for (part_id, part) in versions::parts(reader, id.uuid(), None, at)? {
        match part {
            ContractPart::Terms(terms) => contract.terms = terms,
            ContractPart::Settings(settings) => contract.settings = *settings,
            ContractPart::UsageFilter(filter) => filters.push(filter),
            part => sort_in(reader, &mut added, part_id, part)?,
        }
    }
    contract.usage_filter = usage_filter::segments(&filters, contract.terms.ending_before);
    Ok(with_parts(contract, added))
}

/// The contract as it was at a moment.
pub fn as_of(reader: &impl Reader, id: ContractId, time: Time) -> Result<Contract> {
    let (_, origin) = known(reader, id)?;
    if time < origin.created_at {
        let rule = "the contract was made later";
        return Err(FieldProblem::Value { value: time.to_string(), rule }.at("as_of_date").into());
    }
    get(reader, id, AsOf::Past(Stamp::end_of(time)))
}

/// The contract as it was made, without what edits of the same moment did.
#[cfg(feature = "wire")]
pub fn as_made(reader: &impl Reader, id: ContractId) -> Result<Contract> {
    let (_, origin) = known(reader, id)?;
    get(reader, id, AsOf::Past(Stamp::making(origin.created_at)))
}

/// What edits had changed of a contract itself when that one was made.
#[cfg(feature = "wire")]
pub fn terms_after(reader: &impl Reader, id: ContractId, edit: &ContractEdit) -> Result<ContractTerms> {
    terms_at(reader, id, AsOf::Past(Stamp { time: edit.timestamp, revision: edit.revision }))
}

/// The row of a contract and what it was made with.
pub fn known(reader: &impl Reader, id: ContractId) -> Result<(FieldsRow, ContractOrigin)> {
    let row = entities::known(reader, id.into())?;
    let origin = rows::record(reader, id.uuid())?.ok_or(Fault::NothingButAnId { target: id.into() })?;
    Ok((row, origin))
}

/// What edits change of a contract itself, as it is now.
pub fn terms(reader: &impl Reader, id: ContractId) -> Result<ContractTerms> {
    terms_at(reader, id, AsOf::Now)
}

fn terms_at(reader: &impl Reader, id: ContractId, at: AsOf) -> Result<ContractTerms> {
    let kind = crate::model::contract::PartKind::Terms;
    let part = versions::part(reader, id.uuid(), kind, PartId::default(), at)?;
    Ok(match part {
        Some(ContractPart::Terms(terms)) => terms,
        _ => ContractTerms::default(),
    })
}

/// Puts a part into the list of its kind, with its values.
pub fn sort_in(reader: &impl Reader, lists: &mut AddedParts, id: PartId, part: ContractPart) -> Result<()> {
    let id = Uuid::from_bytes(id);
    let values = match entity_of(part.kind()) {
        Some(entity) => values(reader, EntityRef { entity, id })?,
        None => BTreeMap::new(),
    };
    match part {
        ContractPart::Commit(part) => push(&mut lists.commits, id, values, *part),
        ContractPart::Credit(part) => push(&mut lists.credits, id, values, *part),
        ContractPart::RecurringCommit(part) => push(&mut lists.recurring_commits, id, values, *part),
        ContractPart::RecurringCredit(part) => push(&mut lists.recurring_credits, id, values, *part),
        ContractPart::Override(part) => push(&mut lists.overrides, id, values, *part),
        ContractPart::ScheduledCharge(part) => push(&mut lists.scheduled_charges, id, values, *part),
        ContractPart::Discount(part) => push(&mut lists.discounts, id, values, *part),
        ContractPart::ProfessionalService(part) => push(&mut lists.professional_services, id, values, *part),
        ContractPart::Subscription(part) => push(&mut lists.subscriptions, id, values, *part),
        ContractPart::Terms(_) | ContractPart::Settings(_) | ContractPart::UsageFilter(_) => {}
    }
    Ok(())
}

fn push<I: From<Uuid>, T>(
    list: &mut Vec<Part<I, T>>,
    id: Uuid,
    custom_fields: BTreeMap<String, String>,
    part: T,
) {
    list.push(Part { id: I::from(id), custom_fields, part });
}

/// The values of an instance; none where it was forgotten.
pub fn values(reader: &impl Reader, target: EntityRef) -> Result<BTreeMap<String, String>> {
    let row = rows::fields(reader, target)?;
    Ok(row.map(|row| custom_fields::named(reader, row)).unwrap_or_default())
}

fn with_parts(contract: Contract, parts: AddedParts) -> Contract {
    Contract {
        commits: parts.commits,
        credits: parts.credits,
        recurring_commits: parts.recurring_commits,
        recurring_credits: parts.recurring_credits,
        overrides: parts.overrides,
        scheduled_charges: parts.scheduled_charges,
        discounts: parts.discounts,
        professional_services: parts.professional_services,
        subscriptions: parts.subscriptions,
        ..contract
    }
}
