//! Contracts above and below others: a child names its parent, and the parent is told its children.

use crate::entity::{ContractId, EntityId};
use crate::error::{Fault, FieldProblem, Result};
use crate::model::contract::{ContractOrigin, ContractPart, PartKind};
use crate::model::hierarchy::{Hierarchy, HierarchyLink};
use crate::model::settings::ContractSettings;
use crate::storage::member::Member;
use crate::storage::tables::TableId;
use crate::storage::versions::{self, AsOf, PartId};
use crate::storage::view::Reader;
use crate::storage::{alias, rows};

/// The contracts that name one as their parent.
pub fn children(reader: &impl Reader, parent: ContractId) -> Result<Vec<HierarchyLink>> {
    let mut children = Vec::new();
    for id in alias::listed(reader, TableId::ContractChildren, &parent.to_string())? {
        let origin: Option<ContractOrigin> = rows::record(reader, id)?;
        children.extend(origin.map(|origin| HierarchyLink {
            contract_id: ContractId::from(id),
            customer_id: origin.customer_id,
        }));
    }
    Ok(children)
}

/// Puts a contract on the list of its parent's children, or takes it off.
pub fn list(member: &Member<'_>, id: ContractId, settings: &ContractSettings, on: bool) -> Result<()> {
    let Some(Hierarchy::Child { parent, .. }) = &settings.hierarchy else { return Ok(()) };
    alias::list(member, TableId::ContractChildren, &parent.contract_id.to_string(), id.uuid(), on)
}

/// The fault of a parent that is another customer's contract.
pub fn parent_fault(reader: &impl Reader, settings: &ContractSettings) -> Result<Option<Fault>> {
    let Some(Hierarchy::Child { parent, .. }) = &settings.hierarchy else { return Ok(None) };
    let origin: Option<ContractOrigin> = rows::record(reader, parent.contract_id.uuid())?;
    let another = origin.is_some_and(|origin| origin.customer_id != parent.customer_id);
    let rule = "the parent contract is another customer's";
    let field = "hierarchy_configuration.parent.customer_id";
    let fault = || FieldProblem::Value { value: parent.customer_id.to_string(), rule }.at(field);
    Ok(another.then(fault))
}

/// Takes a contract that is forgotten off the list of its parent's children.
pub fn release(member: &Member<'_>, id: ContractId) -> Result<()> {
    let part = versions::part(member, id.uuid(), PartKind::Settings, PartId::default(), AsOf::Now)?;
    match part {
        Some(ContractPart::Settings(settings)) => list(member, id, &settings, false),
        _ => Ok(()),
    }
}
