//! What alerts cover at a moment, and which alerts cover something.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::alert_candidates::candidates;
use super::balances::{self, BalanceId};
use super::{alerts, contract_read, contracts, entities};
use crate::entity::{
    AlertId, CommitId, ContractCreditId, ContractId, CustomerId, EntityId, EntityRef, ManagedEntity,
};
use crate::error::{FieldProblem, Result};
use crate::model::alert::CreateAlert;
use crate::model::alert_scope::{AlertGroup, AlertScope};
use crate::model::balance::{AccessType, BalanceOf};
use crate::model::scalar::Time;
use crate::rules::alert_scope::{self as rule, Standing};
use crate::storage::rows;
use crate::storage::view::Reader;

type Values = BTreeMap<String, String>;

/// What an alert covers at a moment.
pub fn of(reader: &impl Reader, id: AlertId, at: Time) -> Result<AlertScope> {
    let (row, record) = alerts::known(reader, id)?;
    if row.archived_at.is_some() {
        return Ok(scope_of(&record.terms, BTreeMap::new()));
    }
    covered(reader, &record.terms, at)
}

/// What an alert with these terms covers at a moment.
pub fn covered(reader: &impl Reader, terms: &CreateAlert, at: Time) -> Result<AlertScope> {
    let mut looking = Looking::at(reader, at, terms.asks_of_contracts());
    let mut groups = BTreeMap::new();
    for entity in terms.alert_type.covers() {
        for id in candidates(reader, terms, *entity)? {
            let target = EntityRef { entity: *entity, id };
            let Some(live) = looking.live(target)? else { continue };
            for value in live.groups(terms) {
                add(groups.entry(value).or_default(), target);
            }
        }
    }
    Ok(scope_of(terms, groups))
}

fn scope_of(terms: &CreateAlert, mut groups: BTreeMap<Option<String>, AlertGroup>) -> AlertScope {
    if terms.by_value().is_none() {
        groups.entry(None).or_default();
    }
    AlertScope { groups: groups.into_iter().map(|(value, group)| AlertGroup { value, ..group }).collect() }
}

fn add(group: &mut AlertGroup, target: EntityRef) {
    if let Ok(contract) = ContractId::try_from(target) {
        group.contracts.push(contract);
    } else if let Ok(commit) = CommitId::try_from(target) {
        group.commits.push(commit);
    } else if let Ok(credit) = ContractCreditId::try_from(target) {
        group.credits.push(credit);
    }
}

/// The alerts in use that cover a contract, commit or credit at a moment, or that are for a customer, in order of their
/// ids.
pub fn touching(reader: &impl Reader, target: EntityRef, at: Time) -> Result<Vec<AlertId>> {
    let customer = customer_of(reader, target)?;
    let mut in_use = Vec::new();
    for id in alerts::ids_for(reader, customer)? {
        let (row, record) = alerts::known(reader, id)?;
        if row.archived_at.is_none() {
            in_use.push((id, record.terms));
        }
    }
    let of_contracts = in_use.iter().any(|(_, terms)| terms.asks_of_contracts());
    let mut looking = Looking::at(reader, at, of_contracts);
    if target.entity == ManagedEntity::Customer {
        let stopped = looking.is_archived(target)?;
        return Ok(in_use.into_iter().filter(|_| !stopped).map(|(id, _)| id).collect());
    }
    let Some(live) = looking.live(target)? else { return Ok(Vec::new()) };
    let covering = in_use.into_iter().filter(|(_, terms)| !live.groups(terms).is_empty());
    Ok(covering.map(|(id, _)| id).collect())
}

fn customer_of(reader: &impl Reader, target: EntityRef) -> Result<CustomerId> {
    if let Ok(customer) = CustomerId::try_from(target) {
        return entities::known(reader, target).map(|_| customer);
    }
    if let Ok(contract) = ContractId::try_from(target) {
        return contract_read::known(reader, contract).map(|(_, origin)| origin.customer_id);
    }
    if let Ok(commit) = CommitId::try_from(target) {
        return balances::get(reader, commit).map(|found| found.customer_id);
    }
    if let Ok(credit) = ContractCreditId::try_from(target) {
        return balances::get(reader, credit).map(|found| found.customer_id);
    }
    let rule = "alerts cover contracts, commits and credits, and are for customers";
    Err(FieldProblem::Value { value: target.entity.to_string(), rule }.at("entity").into())
}

/// A contract, commit or credit that is in use.
struct Live {
    entity: ManagedEntity,
    /// What usage takes from a commit or credit.
    access_type: Option<AccessType>,
    customer: CustomerId,
    values: Values,
    /// The values of the contracts that it is looked at with.
    contracts: Vec<Values>,
}

impl Live {
    /// The groups of an alert that it is in; none where the alert does not cover it.
    fn groups(&self, terms: &CreateAlert) -> BTreeSet<Option<String>> {
        if terms.customer_id.is_some_and(|customer| customer != self.customer) {
            return BTreeSet::new();
        }
        let (entity, access_type, values) = (self.entity, self.access_type, &self.values);
        let standing = |contract| Standing { entity, access_type, values, contract };
        let alone = self.contracts.is_empty().then(|| standing(None));
        let standings = self.contracts.iter().map(|contract| standing(Some(contract))).chain(alone);
        let covered = standings.filter(|of| rule::covers(terms, *of));
        covered.map(|of| rule::value(terms, of).map(str::to_owned)).collect()
    }
}

/// Looks at contracts, commits and credits at one moment. What a customer's contracts have is read once.
struct Looking<'r, R> {
    reader: &'r R,
    at: Time,
    /// Whether anything is asked of contracts, so that their values have to be read.
    of_contracts: bool,
    contracts: BTreeMap<CustomerId, Rc<Vec<(ContractId, Values)>>>,
}

impl<'r, R: Reader> Looking<'r, R> {
    fn at(reader: &'r R, at: Time, of_contracts: bool) -> Self {
        Self { reader, at, of_contracts, contracts: BTreeMap::new() }
    }

    /// What is known of an instance; `None` where it is not in use.
    fn live(&mut self, target: EntityRef) -> Result<Option<Live>> {
        if let Ok(commit) = CommitId::try_from(target) {
            return self.balance(commit);
        }
        if let Ok(credit) = ContractCreditId::try_from(target) {
            return self.balance(credit);
        }
        let Ok(contract) = ContractId::try_from(target) else { return Ok(None) };
        self.contract(contract)
    }

    fn contract(&self, id: ContractId) -> Result<Option<Live>> {
        let Some(origin) = rows::record::<crate::model::contract::ContractOrigin>(self.reader, id.uuid())?
        else {
            return Ok(None);
        };
        let end = contract_read::terms(self.reader, id)?.ending_before;
        let in_force = origin.starting_at <= self.at && end.is_none_or(|end| self.at < end);
        if !in_force || self.is_archived(id.into())? {
            return Ok(None);
        }
        let values = contract_read::values(self.reader, id.into())?;
        Ok(Some(Live {
            entity: ManagedEntity::Contract,
            access_type: None,
            customer: origin.customer_id,
            contracts: vec![values.clone()],
            values,
        }))
    }

    fn balance<I: BalanceId>(&mut self, id: I) -> Result<Option<Live>> {
        let Some(found) = balances::find(self.reader, id)? else { return Ok(None) };
        let open = found.balance.access_schedule.open_amounts(self.at).next().is_some();
        let home = found.contract_id.map_or(EntityRef::from(found.customer_id), EntityRef::from);
        if !open || found.balance.archived_at.is_some() || self.is_archived(home)? {
            return Ok(None);
        }
        let contracts = if self.of_contracts { self.applicable(&found)? } else { Vec::new() };
        Ok(Some(Live {
            entity: I::ENTITY,
            access_type: Some(found.balance.terms.access_type.unwrap_or_default()),
            customer: found.customer_id,
            values: found.custom_fields,
            contracts,
        }))
    }

    /// The values of the contracts that a commit or credit is applicable to and that are not archived.
    fn applicable<I>(&mut self, found: &BalanceOf<I>) -> Result<Vec<Values>> {
        if let Some(contract) = found.contract_id {
            return Ok(vec![contract_read::values(self.reader, contract.into())?]);
        }
        let named = &found.applicable_contract_ids;
        let all = self.contracts_of(found.customer_id)?;
        let applicable = all.iter().filter(|(id, _)| named.is_empty() || named.contains(id));
        Ok(applicable.map(|(_, values)| values.clone()).collect())
    }

    fn contracts_of(&mut self, customer: CustomerId) -> Result<Rc<Vec<(ContractId, Values)>>> {
        if let Some(known) = self.contracts.get(&customer) {
            return Ok(Rc::clone(known));
        }
        let mut found = Vec::new();
        for (id, window) in contracts::all_of(self.reader, customer)? {
            if !window.archived {
                found.push((id, contract_read::values(self.reader, id.into())?));
            }
        }
        let found = Rc::new(found);
        self.contracts.insert(customer, Rc::clone(&found));
        Ok(found)
    }

    fn is_archived(&self, target: EntityRef) -> Result<bool> {
        Ok(rows::fields(self.reader, target)?.is_some_and(|row| row.archived_at.is_some()))
    }
}
