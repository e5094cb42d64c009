//! Commits and credits, of customers and of their contracts.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use uuid::Uuid;

use super::contract_products::{OnCard, Products};
use super::contracts::key_fault;
use super::custom_fields::Plan;
use super::drafts::days;
use super::find::cut;
use super::settled_charges::SettledCharges;
use super::settling::Due;
use super::{contract_read, entities, settling};
use crate::entity::{CommitId, ContractCreditId, ContractId, CustomerId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Fault, Result};
use crate::id::ScheduleItemId;
use crate::model::balance::{
    Balance, BalanceFilter, BalanceHome, BalanceOf, CommitRecord, CreateCommit, CreateCredit, CreditRecord,
    CustomerBalance, CustomerLevel,
};
use crate::model::contract::{ContractOrigin, ContractPart, PartKind};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::scalar::Time;
use crate::rules::balance as rule;
use crate::rules::invoice;
use crate::storage::catalog::Catalog;
use crate::storage::member::{Member, Row};
use crate::storage::tables::{KeySpace, TableId};
use crate::storage::versions::{self, AsOf};
use crate::storage::view::Reader;
use crate::storage::{alias, rows};

/// Commits or credits: an entity whose instances are of customers and of contracts.
pub trait BalanceId: EntityId {
    const KIND: PartKind;
    const LIST: TableId;

    fn home(reader: &impl Reader, id: Uuid) -> Result<Option<BalanceHome>>;
}

impl BalanceId for CommitId {
    const KIND: PartKind = PartKind::Commit;
    const LIST: TableId = TableId::CustomerCommits;

    fn home(reader: &impl Reader, id: Uuid) -> Result<Option<BalanceHome>> {
        Ok(rows::record::<CommitRecord>(reader, id)?.map(|record| record.0))
    }
}

impl BalanceId for ContractCreditId {
    const KIND: PartKind = PartKind::Credit;
    const LIST: TableId = TableId::CustomerCredits;

    fn home(reader: &impl Reader, id: Uuid) -> Result<Option<BalanceHome>> {
        Ok(rows::record::<CreditRecord>(reader, id)?.map(|record| record.0))
    }
}

/// Makes a commit that is a customer's.
pub fn create_commit(
    member: &Member<'_>,
    level: CustomerLevel,
    mut request: CreateCommit,
) -> Result<CommitId> {
    let mut faults = rule::commit_faults("", &request);
    faults.extend(rule::commit_level_faults(&level, &request));
    let making = Making::begin(member, ManagedEntity::Commit, level, faults)?;
    let mut new_id = || ScheduleItemId::from(member.new_id());
    let (now, by) = (member.now(), member.about().actor.clone());
    let values = std::mem::take(&mut request.custom_fields);
    let make = || rule::commit(&request, &mut new_id, now, by);
    making.finish(&request.terms, values, make).map(CommitId::from)
}

/// Makes a credit that is a customer's.
pub fn create_credit(
    member: &Member<'_>,
    level: CustomerLevel,
    mut request: CreateCredit,
) -> Result<ContractCreditId> {
    let mut faults = rule::credit_faults("", &request);
    faults.extend(rule::credit_level_faults(&level, &request));
    let making = Making::begin(member, ManagedEntity::ContractCredit, level, faults)?;
    let mut new_id = || ScheduleItemId::from(member.new_id());
    let (now, by) = (member.now(), member.about().actor.clone());
    let values = std::mem::take(&mut request.custom_fields);
    let make = || rule::credit(&request, &mut new_id, now, by);
    making.finish(&request.terms, values, make).map(ContractCreditId::from)
}

/// A commit or credit of a customer that is being made.
struct Making<'a, 'm> {
    member: &'a Member<'m>,
    target: EntityRef,
    level: CustomerLevel,
    faults: Vec<Fault>,
}

impl<'a, 'm> Making<'a, 'm> {
    fn begin(
        member: &'a Member<'m>,
        entity: ManagedEntity,
        level: CustomerLevel,
        mut faults: Vec<Fault>,
    ) -> Result<Self> {
        let target = EntityRef { entity, id: entities::fresh_id(member, entity)? };
        faults.extend(entities::reference_fault(member, "customer_id", level.customer_id.into())?);
        for (place, contract) in level.applicable_contract_ids.iter().enumerate() {
            let field = format!("applicable_contract_ids[{place}]");
            faults.extend(contract_fault(member, field, &level, *contract)?);
        }
        if let Some(contract) = level.invoice_contract_id {
            let field = "invoice_contract_id".to_owned();
            faults.extend(contract_fault(member, field, &level, contract)?);
        }
        faults.extend(key_fault(member, KeySpace::Balance, level.uniqueness_key.as_deref())?);
        Ok(Self { member, target, level, faults })
    }

    fn finish(
        mut self,
        terms: &crate::model::balance::BalanceTerms,
        values: crate::model::custom_field::CustomFields,
        make: impl FnOnce() -> Balance,
    ) -> Result<Uuid> {
        let (member, target) = (self.member, self.target);
        let mut products = Products::new(member, OnCard::None, member.now());
        self.faults.extend(products.balance_faults("", terms)?);
        let plan = Plan::for_new(member, target, values)?;
        self.faults.extend_from_slice(plan.faults());
        Fault::none_of(self.faults)?;
        let level = self.level.clone();
        let due = due(member, &level)?;
        let CustomerLevel { customer_id, uniqueness_key, .. } = level.clone();
        let balance = make();
        let since = charged_since(member, target.id, &balance);
        let home = BalanceHome::Customer(Box::new(CustomerBalance { level: self.level, balance }));
        let row = if target.entity == ManagedEntity::Commit {
            created(member, target, &CommitRecord(home))?
        } else {
            created(member, target, &CreditRecord(home))?
        };
        plan.apply_new(member, row)?;
        list(member, target, customer_id, true)?;
        list_as_charged(member, target.id, &level, true)?;
        if let Some((contract, due)) = due {
            settling::after_change(member, contract, due, since)?;
        }
        if let Some(key) = uniqueness_key {
            alias::give(member, TableId::UniquenessKey(KeySpace::Balance), &key, target.id)?;
        }
        Ok(target.id)
    }
}

fn created<R: crate::storage::codec::EntityRecord>(
    member: &Member<'_>,
    target: EntityRef,
    record: &R,
) -> Result<crate::storage::codec::FieldsRow> {
    Fault::none_of(entities::size_fault(target, record)?.into_iter().collect())?;
    rows::create(member, target.id, record)
}

/// The fault of a contract that is none of the customer's, or is archived.
fn contract_fault(
    reader: &impl Reader,
    field: String,
    level: &CustomerLevel,
    contract: ContractId,
) -> Result<Option<Fault>> {
    let origin: Option<ContractOrigin> = rows::record(reader, contract.uuid())?;
    let theirs = origin.is_some_and(|origin| origin.customer_id == level.customer_id);
    if theirs {
        return entities::reference_fault(reader, &field, contract.into());
    }
    Ok(Some(Fault::ReferenceNotFound { field, target: contract.into() }))
}

/// Puts a commit or credit on its customer's list, or takes it off; parts of other kinds are on none.
pub fn list(member: &Member<'_>, target: EntityRef, customer: CustomerId, on: bool) -> Result<()> {
    match listing(target, customer) {
        Some(row) if on => member.put_row(&row),
        Some(row) => member.take_row(&row),
        None => Ok(()),
    }
}

/// The row of a commit or credit on its customer's list; `None` for parts of other kinds.
pub fn listing(target: EntityRef, customer: CustomerId) -> Option<Row> {
    let table = match target.entity {
        ManagedEntity::Commit => CommitId::LIST,
        ManagedEntity::ContractCredit => ContractCreditId::LIST,
        _ => return None,
    };
    Some(alias::listing(table, &customer.to_string(), target.id))
}

/// A commit or credit, wherever it stands.
pub fn get<I: BalanceId>(reader: &impl Reader, id: I) -> Result<BalanceOf<I>> {
    entities::known(reader, id.into())?;
    find(reader, id)?.ok_or_else(|| Fault::NothingButAnId { target: id.into() }.into())
}

/// A commit or credit, wherever it stands; `None` where there is none, or nothing but an id.
pub fn find<I: BalanceId>(reader: &impl Reader, id: I) -> Result<Option<BalanceOf<I>>> {
    let Some(home) = I::home(reader, id.uuid())? else { return Ok(None) };
    let custom_fields = contract_read::values(reader, id.into())?;
    match home {
        BalanceHome::Customer(own) => Ok(Some(of_customer(id, *own, custom_fields))),
        BalanceHome::Contract(contract) => of_contract(reader, id, contract, custom_fields),
    }
}

fn of_customer<I>(id: I, own: CustomerBalance, custom_fields: BTreeMap<String, String>) -> BalanceOf<I> {
    let CustomerBalance { level, balance } = own;
    BalanceOf {
        id,
        customer_id: level.customer_id,
        contract_id: None,
        balance,
        applicable_contract_ids: level.applicable_contract_ids,
        invoice_contract_id: level.invoice_contract_id,
        uniqueness_key: level.uniqueness_key,
        salesforce_opportunity_id: level.salesforce_opportunity_id,
        custom_fields,
    }
}

fn of_contract<I: BalanceId>(
    reader: &impl Reader,
    id: I,
    contract: ContractId,
    custom_fields: BTreeMap<String, String>,
) -> Result<Option<BalanceOf<I>>> {
    let Some(origin) = rows::record::<ContractOrigin>(reader, contract.uuid())? else { return Ok(None) };
    let part_id = id.uuid().into_bytes();
    let part = versions::part(reader, contract.uuid(), I::KIND, part_id, AsOf::Now)?;
    let Some(ContractPart::Commit(balance) | ContractPart::Credit(balance)) = part else { return Ok(None) };
    Ok(Some(BalanceOf {
        id,
        customer_id: origin.customer_id,
        contract_id: Some(contract),
        balance: *balance,
        applicable_contract_ids: Default::default(),
        invoice_contract_id: None,
        uniqueness_key: None,
        salesforce_opportunity_id: None,
        custom_fields,
    }))
}

/// A page of a customer's commits or credits, in order of their ids.
pub fn page<I: BalanceId>(
    reader: &impl Reader,
    customer: CustomerId,
    filter: &BalanceFilter,
    page: &PageRequest,
) -> Result<Page<BalanceOf<I>>> {
    let mut faults = Vec::new();
    Fault::gather(entities::known(reader, customer.into()), &mut faults)?;
    let question = Question::filtered(I::ENTITY.name(), &[customer.to_string(), format!("{filter:?}")]);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let admits = |balance: &BalanceOf<I>| lets_through(filter, balance);
    let found = match filter.id {
        Some(id) => Vec::from_iter(named(reader, customer, I::from(id), after)?.filter(admits)),
        None => listed(reader, customer, after, page.limit + 1, admits)?,
    };
    Ok(cut(found, page.limit, |last| Cursor::new(store, question, last.id.uuid().as_bytes())))
}

/// The customer's commit or credit of that id, where it comes behind the id `after`.
fn named<I: BalanceId>(
    reader: &impl Reader,
    customer: CustomerId,
    id: I,
    after: Option<&[u8]>,
) -> Result<Option<BalanceOf<I>>> {
    let behind = after.is_none_or(|after| after < id.uuid().as_bytes().as_slice());
    Ok(find(reader, id)?.filter(|found| behind && found.customer_id == customer))
}

/// Up to so many of a customer's commits or credits behind the id `after`, those of its contracts included.
pub fn listed<I: BalanceId>(
    reader: &impl Reader,
    customer: CustomerId,
    after: Option<&[u8]>,
    limit: usize,
    admits: impl Fn(&BalanceOf<I>) -> bool,
) -> Result<Vec<BalanceOf<I>>> {
    let mut found = Vec::new();
    let mut after = after.map(<[u8]>::to_vec);
    // A scan may not read other tables on its way, so it goes by turns with looking the ids up.
    loop {
        let ids = some_ids::<I>(reader, customer, after.as_deref(), limit)?;
        for id in &ids {
            found.extend(find(reader, I::from(*id))?.filter(&admits));
        }
        after = ids.last().map(|id| id.as_bytes().to_vec());
        if ids.len() < limit || found.len() >= limit {
            return Ok(found);
        }
    }
}

fn lets_through<I>(filter: &BalanceFilter, found: &BalanceOf<I>) -> bool {
    (filter.include_contract_balances || found.contract_id.is_none()) && filter.admits(&found.balance)
}

fn some_ids<I: BalanceId>(
    reader: &impl Reader,
    customer: CustomerId,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    alias::each_listed(reader, I::LIST, &customer.to_string(), after, |id| {
        ids.push(id);
        if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(ids)
}

/// The commits of a customer that a contract is charged for.
pub fn charged_to(reader: &impl Reader, contract: ContractId) -> Result<Vec<(CommitId, Balance)>> {
    let mut found = Vec::new();
    for id in alias::listed(reader, TableId::InvoicedCommits, &contract.to_string())? {
        if let Some(BalanceHome::Customer(own)) = CommitId::home(reader, id)? {
            found.push((CommitId::from(id), own.balance));
        }
    }
    Ok(found)
}

/// Puts a customer's commit on the list of those that its contract is charged for, or takes it off.
fn list_as_charged(member: &Member<'_>, id: Uuid, level: &CustomerLevel, on: bool) -> Result<()> {
    let Some(contract) = level.invoice_contract_id else { return Ok(()) };
    alias::list(member, TableId::InvoicedCommits, &contract.to_string(), id, on)
}

/// The contract that is charged for a customer's commit, and its invoices that became due since it changed last; `None`
/// where there is no such contract, or not any more.
fn due(member: &Member<'_>, level: &CustomerLevel) -> Result<Option<(ContractId, Due)>> {
    let Some(contract) = level.invoice_contract_id else { return Ok(None) };
    let Some(origin) = rows::record::<ContractOrigin>(member, contract.uuid())? else { return Ok(None) };
    Ok(Some((contract, settling::due(member, contract, &origin)?)))
}

/// The first moment up to today at which a customer's commit charges anything: invoices before it are not its doing.
fn charged_since(member: &Member<'_>, id: Uuid, balance: &Balance) -> Option<Time> {
    let past = days(Time::FIRST, member.now());
    invoice::commit(id.into(), balance, &past).first().map(|charge| charge.at)
}

/// The commit or credit that was made with a uniqueness key.
pub fn by_key(reader: &impl Reader, key: &str) -> Result<Option<EntityRef>> {
    let Some(id) = alias::holder(reader, TableId::UniquenessKey(KeySpace::Balance), key)? else {
        return Ok(None);
    };
    let commit = EntityRef { entity: ManagedEntity::Commit, id };
    let credit = EntityRef { entity: ManagedEntity::ContractCredit, id };
    Ok(Some(if entities::exists(reader, commit)? { commit } else { credit }))
}

/// Takes away what leads to a customer's commit or credit that is forgotten.
pub fn release(member: &Member<'_>, target: EntityRef, own: &CustomerBalance) -> Result<()> {
    let due = due(member, &own.level)?;
    list(member, target, own.level.customer_id, false)?;
    list_as_charged(member, target.id, &own.level, false)?;
    if let Some(key) = &own.level.uniqueness_key {
        alias::take(member, TableId::UniquenessKey(KeySpace::Balance), key)?;
    }
    after_change(member, due)
}

/// Every commit and credit of a customer, and of its contracts.
pub fn all_of(reader: &impl Reader, customer: CustomerId) -> Result<Vec<EntityRef>> {
    let name = customer.to_string();
    let commits =
        alias::listed(reader, CommitId::LIST, &name)?.into_iter().map(|id| CommitId::from(id).into());
    let credits = alias::listed(reader, ContractCreditId::LIST, &name)?.into_iter();
    Ok(commits.chain(credits.map(|id| ContractCreditId::from(id).into())).collect())
}

/// Archives a customer's commit or credit.
pub fn archive(member: &Member<'_>, target: EntityRef, own: CustomerBalance) -> Result<()> {
    let mut after = own.clone();
    after.balance.archived_at = Some(member.now());
    let due = due(member, &own.level)?;
    if let (Some((contract, due)), ManagedEntity::Commit) = (&due, target.entity) {
        let commit = ContractPart::Commit(own.balance.clone().into());
        let mut settled = SettledCharges::of(member, *contract, due);
        Fault::none_of(settled.archive_faults("id", target.id, &commit)?)?;
    }
    let row = entities::known(member, target)?;
    let (before, after) = (BalanceHome::Customer(own.into()), BalanceHome::Customer(after.into()));
    if target.entity == ManagedEntity::Commit {
        rows::update(member, target.id, row, &CommitRecord(before), &CommitRecord(after))?;
    } else {
        rows::update(member, target.id, row, &CreditRecord(before), &CreditRecord(after))?;
    }
    rows::archive(member, target, entities::known(member, target)?)?;
    after_change(member, due)
}

fn after_change(member: &Member<'_>, due: Option<(ContractId, Due)>) -> Result<()> {
    due.map_or(Ok(()), |(contract, due)| settling::after_change(member, contract, due, None))
}
