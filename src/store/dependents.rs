//! What goes with an instance when it is archived or forgotten: a customer's contracts, a contract's parts, names.

use super::balances;
use super::{
    alerts, contract_edits, contract_parts, contracts, customers, entities, package_parts, rate_cards,
};
use crate::entity::{
    AlertId, CommitId, ContractCreditId, ContractId, CustomerId, EntityId, EntityRef, RateCardId,
    ScheduledChargeId,
};
use crate::error::{Fault, Result};
use crate::model::balance::BalanceHome;
use crate::model::contract::ContractOrigin;
use crate::model::contract_edit::{EditContract, PartUpdates};
use crate::storage::member::Member;
use crate::storage::rows;

/// Archives what goes with an instance; whether the instance itself is archived with it.
pub fn archive(member: &Member<'_>, target: EntityRef) -> Result<bool> {
    package_parts::stays(member, target)?;
    if let Ok(customer) = CustomerId::try_from(target) {
        contracts::archive_all_of(member, customer)?;
        return Ok(false);
    }
    if let Ok(contract) = ContractId::try_from(target) {
        // One that was taken in with nothing but its id has nothing else to archive.
        let made = rows::record::<ContractOrigin>(member, contract.uuid())?.is_some();
        if made {
            contracts::archive(member, contract, false)?;
        }
        return Ok(made);
    }
    match contract_parts::home(member, target)? {
        None => Ok(false),
        Some(BalanceHome::Contract(contract)) => archive_part(member, contract, target).map(|()| true),
        Some(BalanceHome::Customer(own)) => balances::archive(member, target, *own).map(|()| true),
    }
}

/// Archiving a part is an edit of its contract.
fn archive_part(member: &Member<'_>, contract: ContractId, target: EntityRef) -> Result<()> {
    let mut updates = PartUpdates::default();
    if let Ok(commit) = CommitId::try_from(target) {
        updates.archive_commits.push(commit);
    } else if let Ok(credit) = ContractCreditId::try_from(target) {
        updates.archive_credits.push(credit);
    } else if let Ok(charge) = ScheduledChargeId::try_from(target) {
        updates.archive_scheduled_charges.push(charge);
    } else {
        return Err(Fault::PartOfAContract { target, contract: contract.into() }.into());
    }
    let edit = EditContract { updates, ..EditContract::default() };
    contract_edits::edit(member, contract, edit).map(drop)
}

/// Takes away what goes with an instance that is forgotten.
pub fn release(member: &Member<'_>, target: EntityRef) -> Result<()> {
    package_parts::stays(member, target)?;
    if let Ok(customer) = CustomerId::try_from(target) {
        for (contract, _) in contracts::all_of(member, customer)? {
            entities::forget(member, contract.into())?;
        }
        for balance in balances::all_of(member, customer)? {
            entities::forget(member, balance)?;
        }
        for alert in alerts::all_of(member, customer)? {
            entities::forget(member, alert.into())?;
        }
        return customers::release(member, customer);
    }
    if let Ok(alert) = AlertId::try_from(target) {
        return alerts::release(member, alert);
    }
    if let Ok(card) = RateCardId::try_from(target) {
        return rate_cards::release(member, card);
    }
    if let Ok(contract) = ContractId::try_from(target) {
        return contracts::release(member, contract);
    }
    match contract_parts::home(member, target)? {
        None => Ok(()),
        Some(BalanceHome::Contract(contract)) => {
            Err(Fault::PartOfAContract { target, contract: contract.into() }.into())
        }
        Some(BalanceHome::Customer(own)) => balances::release(member, target, &own),
    }
}
