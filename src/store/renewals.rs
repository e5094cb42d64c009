//! Renewals: a contract that goes on from another one.

use uuid::Uuid;

use super::contract_editing::Editing;
use super::contract_parts::{Additions, Site};
use super::entities;
use crate::entity::{ContractId, EntityRef, ManagedEntity};
use crate::error::{Error, Fault, FieldProblem, Result};
use crate::id::ScheduleItemId;
use crate::model::contract::{ContractPart, Renewal, TrueupBehavior};
use crate::model::custom_field::CustomFields;
use crate::rules::balance::rollover;
use crate::storage::member::Member;

const FROM: &str = "transition.from_contract_id";

/// What a renewal does to the contract that is renewed.
pub struct Renewed<'a, 'm> {
    editing: Editing<'a, 'm>,
}

/// Looks at the contract that is renewed: what is left of its commits and credits is added to the new one's parts.
pub fn plan<'a, 'm>(
    member: &'a Member<'m>,
    site: &Site<'_>,
    renewal: Renewal,
    additions: &mut Additions,
    faults: &mut Vec<Fault>,
) -> Result<Option<Renewed<'a, 'm>>> {
    let Some(mut editing) = begin(member, site, renewal.from_contract_id, faults)? else { return Ok(None) };
    let start = site.origin.starting_at;
    for (id, part) in editing.parts()? {
        let (entity, before) = match &part {
            ContractPart::Commit(before) => (ManagedEntity::Commit, before),
            ContractPart::Credit(before) => (ManagedEntity::ContractCredit, before),
            _ => continue,
        };
        let from = (EntityRef { entity, id: Uuid::from_bytes(id) }, editing.id);
        let mut new_id = || ScheduleItemId::from(member.new_id());
        let rolled = rollover(before, from, start, site.ending_before, &mut new_id, member.now(), None);
        let Some(rolled) = rolled else { continue };
        let target = EntityRef { entity, id: entities::fresh_id(member, entity)? };
        let part = match entity {
            ManagedEntity::Commit => ContractPart::Commit(rolled.into()),
            _ => ContractPart::Credit(rolled.into()),
        };
        additions.add(target, part, CustomFields::default());
    }
    let trueup_stays = renewal.trueup.unwrap_or_default() == TrueupBehavior::AsIs;
    if editing.terms.ending_before.is_none_or(|end| start < end) {
        editing.end_at(Some(start), trueup_stays)?;
    } else {
        // What was rolled over is not to be drawn from twice, and what was to be charged can go all the same.
        editing.cut_balances(start, trueup_stays)?;
    }
    Ok(Some(Renewed { editing }))
}

/// The contract that is renewed, where it can be.
fn begin<'a, 'm>(
    member: &'a Member<'m>,
    site: &Site<'_>,
    from: ContractId,
    faults: &mut Vec<Fault>,
) -> Result<Option<Editing<'a, 'm>>> {
    let not_found = |target: EntityRef| Fault::ReferenceNotFound { field: FROM.to_owned(), target };
    let value = |rule| FieldProblem::Value { value: from.to_string(), rule }.at(FROM);
    let editing = match Editing::begin(member, from) {
        Ok(editing) => editing,
        Err(Error::Refused(found)) => {
            faults.extend(found.into_iter().map(|fault| match fault {
                Fault::InstanceNotFound { target } => not_found(target),
                Fault::AlreadyArchived { .. } => value("an archived contract cannot be renewed"),
                other => other,
            }));
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    if editing.origin.customer_id != site.origin.customer_id {
        faults.push(not_found(from.into()));
        return Ok(None);
    }
    let fault = if editing.terms.renewed_by.is_some() {
        Some(value("it was renewed before"))
    } else if site.origin.starting_at <= editing.origin.starting_at {
        Some(value("a contract is renewed by one that starts later"))
    } else {
        None
    };
    let sound = fault.is_none();
    faults.extend(fault);
    Ok(sound.then_some(editing))
}

impl Renewed<'_, '_> {
    /// Ends the old contract, now that the new one is there.
    pub fn carry_out(mut self, by: ContractId) -> Result<()> {
        self.editing.terms.renewed_by = Some(by);
        self.editing.finish(Vec::new(), Vec::new()).map(drop)
    }
}
