//! Customers: making, changing and finding them, above all by an ingest alias.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use uuid::Uuid;

use super::custom_fields::{self, Plan};
use super::entities;
use super::find::cut;
use crate::entity::{CustomerId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Error, Fault, FieldProblem, NameSpace, Result};
use crate::model::customer::{
    CreateCustomer, Customer, CustomerFilter, CustomerRecord, MAX_ALIASES_PER_CUSTOMER, UpdateCustomerConfig,
    check_account, check_alias, check_aliases, check_kept, cut_name,
};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::storage::catalog::Catalog;
use crate::storage::codec::FieldsRow;
use crate::storage::member::Member;
use crate::storage::tables::TableId;
use crate::storage::view::Reader;
use crate::storage::{alias, rows};

/// The most ids or accounts that a filter names, as in the API.
const MAX_FILTER_ITEMS: usize = 100;

const ALIASES: &str = "ingest_aliases";

pub fn create(member: &Member<'_>, request: CreateCustomer) -> Result<CustomerId> {
    create_as(member, entities::fresh_id(member, ManagedEntity::Customer)?, request, Vec::new())
}

/// Makes a customer whose id was issued elsewhere.
pub fn create_known(member: &Member<'_>, id: CustomerId, request: CreateCustomer) -> Result<CustomerId> {
    let target = EntityRef::from(id);
    let exists = entities::exists(member, target)?.then_some(Fault::InstanceExists { target });
    create_as(member, id.uuid(), request, exists.into_iter().collect())
}

fn create_as(
    member: &Member<'_>,
    id: Uuid,
    request: CreateCustomer,
    mut faults: Vec<Fault>,
) -> Result<CustomerId> {
    faults.extend(check_aliases(ALIASES, &request.ingest_aliases));
    faults.extend(taken(member, &request.ingest_aliases, id)?);
    faults.extend(check_account(request.salesforce_account_id.as_deref()));
    faults.extend(check_kept(&request.kept));
    let plan =
        Plan::for_new(member, EntityRef { entity: ManagedEntity::Customer, id }, request.custom_fields)?;
    faults.extend_from_slice(plan.faults());
    Fault::none_of(faults)?;
    let now = member.now();
    let record = CustomerRecord {
        name: cut_name(&request.name),
        ingest_aliases: request.ingest_aliases,
        salesforce_account_id: request.salesforce_account_id,
        leave_stripe_invoices_in_draft: None,
        kept: request.kept,
        created_at: now,
        updated_at: now,
    };
    let row = rows::create(member, id, &record)?;
    plan.apply_new(member, row)?;
    for name in &record.ingest_aliases {
        alias::give(member, TableId::Alias, name, id)?;
    }
    list_account(member, id, None, record.salesforce_account_id.as_deref())?;
    Ok(CustomerId::from(id))
}

pub fn get(reader: &impl Reader, id: CustomerId) -> Result<Customer> {
    let (row, record) = look_up(reader, id)??;
    Ok(joined(reader, id, row, record))
}

/// The customer that an ingest alias belongs to at this moment.
pub fn find(reader: &impl Reader, name: &str) -> Result<Option<CustomerId>> {
    Ok(alias::holder(reader, TableId::Alias, name)?.map(CustomerId::from))
}

/// A page of customers, in order of their ids.
pub fn page(reader: &impl Reader, filter: &CustomerFilter, page: &PageRequest) -> Result<Page<Customer>> {
    let too_many = |field, items| {
        (items > MAX_FILTER_ITEMS).then(|| FieldProblem::TooMany { items, most: MAX_FILTER_ITEMS }.at(field))
    };
    let mut faults: Vec<_> = [
        too_many("customer_ids", filter.customer_ids.len()),
        too_many("salesforce_account_ids", filter.salesforce_account_ids.len()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let question = question(filter);
    let store = reader.with_catalog(Catalog::store);
    let after = page.resume(store, &question);
    faults.extend(after.as_ref().err().into_iter().flat_map(Error::faults).cloned());
    Fault::none_of(faults)?;
    let after = after?;
    let found = match named(reader, filter)? {
        Some(ids) => {
            let behind =
                ids.into_iter().filter(|id| after.is_none_or(|after| id.as_bytes().as_slice() > after));
            some_of(reader, behind, filter, page.limit + 1)?
        }
        None => all_of(reader, after, filter, page.limit + 1)?,
    };
    Ok(cut(found, page.limit, |last| Cursor::new(store, question, last.id.uuid().as_bytes())))
}

/// The ids that a filter comes down to; `None` where it names none.
fn named(reader: &impl Reader, filter: &CustomerFilter) -> Result<Option<BTreeSet<Uuid>>> {
    let mut sets = Vec::new();
    if let Some(name) = &filter.ingest_alias {
        sets.push(alias::holder(reader, TableId::Alias, name)?.into_iter().collect());
    }
    if !filter.customer_ids.is_empty() {
        sets.push(filter.customer_ids.iter().map(|id| id.uuid()).collect());
    }
    if !filter.salesforce_account_ids.is_empty() {
        let mut of_accounts = BTreeSet::new();
        for account in &filter.salesforce_account_ids {
            of_accounts.extend(alias::listed(reader, TableId::SalesforceAccount, account)?);
        }
        sets.push(of_accounts);
    }
    Ok(sets.into_iter().reduce(|all, set: BTreeSet<Uuid>| &all & &set))
}

fn some_of(
    reader: &impl Reader,
    ids: impl Iterator<Item = Uuid>,
    filter: &CustomerFilter,
    limit: usize,
) -> Result<Vec<Customer>> {
    let mut found = Vec::new();
    for id in ids.map(CustomerId::from) {
        let Some(row) = rows::fields(reader, id.into())? else { continue };
        if row.archived_at.is_some() != filter.only_archived {
            continue;
        }
        let Some(record) = rows::record(reader, id.uuid())? else { continue };
        found.push(joined(reader, id, row, record));
        if found.len() == limit {
            break;
        }
    }
    Ok(found)
}

fn all_of(
    reader: &impl Reader,
    after: Option<&[u8]>,
    filter: &CustomerFilter,
    limit: usize,
) -> Result<Vec<Customer>> {
    let mut after = after.map(<[u8]>::to_vec);
    let mut found = Vec::new();
    // Rows first, records then: a scan may not read other tables on its way. Those taken in with nothing but an
    // id are passed over, so it may take several rounds.
    loop {
        let mut round = Vec::new();
        rows::scan_fields(reader, ManagedEntity::Customer, after.as_deref(), |id, row| {
            if row.archived_at.is_some() == filter.only_archived {
                round.push((CustomerId::from(id), row));
            }
            if round.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let is_last = round.len() < limit;
        after = round.last().map(|(id, _)| id.uuid().as_bytes().to_vec());
        for (id, row) in round {
            let Some(record) = rows::record(reader, id.uuid())? else { continue };
            found.push(joined(reader, id, row, record));
            if found.len() == limit {
                return Ok(found);
            }
        }
        if is_last {
            return Ok(found);
        }
    }
}

fn question(filter: &CustomerFilter) -> Question {
    let mut parts = vec![format!("archived {}", filter.only_archived)];
    parts.extend(filter.ingest_alias.iter().map(|name| format!("alias {name}")));
    parts.extend(filter.customer_ids.iter().map(|id| format!("id {id}")));
    parts.extend(filter.salesforce_account_ids.iter().map(|account| format!("account {account}")));
    Question::filtered("customers", &parts)
}

pub fn set_name(member: &Member<'_>, id: CustomerId, name: &str) -> Result<()> {
    let (row, before) = look_up(member, id)??;
    let after = CustomerRecord { name: cut_name(name), ..before.clone() };
    save(member, id, row, &before, after)
}

/// Puts another set of aliases in place of a customer's.
pub fn set_aliases(member: &Member<'_>, id: CustomerId, names: Vec<String>) -> Result<()> {
    let found = look_up(member, id)?;
    let mut faults = check_aliases(ALIASES, &names);
    faults.extend(taken(member, &names, id.uuid())?);
    let (row, before) = sound(found, faults)?;
    put_aliases(member, id, row, &before, names)
}

/// Gives a customer one more alias; nothing happens where it has it.
pub fn add_alias(member: &Member<'_>, id: CustomerId, name: &str) -> Result<()> {
    append_alias(member, id, name, taken(member, &[name.to_owned()], id.uuid())?, None)
}

/// Takes an alias from a customer; nothing happens where it has it not.
pub fn remove_alias(member: &Member<'_>, id: CustomerId, name: &str) -> Result<()> {
    let (row, before) = look_up(member, id)??;
    let names = before.ingest_aliases.iter().filter(|own| *own != name).cloned().collect();
    put_aliases(member, id, row, &before, names)
}

/// Takes an alias from the customer that has it, archived or not, and gives it to another, in one operation.
pub fn move_alias(member: &Member<'_>, name: &str, to: CustomerId) -> Result<()> {
    append_alias(member, to, name, Vec::new(), find(member, name)?)
}

/// Gives a customer one more alias, unless there are faults; it leaves the customer that has it `from` now on.
fn append_alias(
    member: &Member<'_>,
    id: CustomerId,
    name: &str,
    mut faults: Vec<Fault>,
    from: Option<CustomerId>,
) -> Result<()> {
    let found = look_up(member, id)?;
    let mut names = found.as_ref().map(|(_, record)| record.ingest_aliases.clone()).unwrap_or_default();
    if names.iter().any(|own| own == name) {
        return Ok(());
    }
    names.push(name.to_owned());
    faults.extend(check_alias(name).map(|problem| problem.at("ingest_alias")));
    if names.len() > MAX_ALIASES_PER_CUSTOMER {
        let (items, most) = (names.len(), MAX_ALIASES_PER_CUSTOMER);
        faults.push(FieldProblem::TooMany { items, most }.at(ALIASES));
    }
    let (row, before) = sound(found, faults)?;
    if let Some(from) = from {
        remove_alias(member, from, name)?;
    }
    put_aliases(member, id, row, &before, names)
}

pub fn update_config(member: &Member<'_>, id: CustomerId, update: UpdateCustomerConfig) -> Result<()> {
    let UpdateCustomerConfig { salesforce_account_id: account, leave_stripe_invoices_in_draft: leave } =
        update;
    let faults = check_account(account.as_ref().and_then(Option::as_deref));
    let (row, before) = sound(look_up(member, id)?, faults.into_iter().collect())?;
    let mut after = before.clone();
    after.salesforce_account_id = account.unwrap_or(after.salesforce_account_id);
    after.leave_stripe_invoices_in_draft = leave.unwrap_or(after.leave_stripe_invoices_in_draft);
    let (old, new) = (before.salesforce_account_id.as_deref(), after.salesforce_account_id.as_deref());
    list_account(member, id.uuid(), old, new)?;
    save(member, id, row, &before, after)
}

/// Frees a customer's names, because it is forgotten.
pub fn release(member: &Member<'_>, id: CustomerId) -> Result<()> {
    let Some(record) = rows::record::<CustomerRecord>(member, id.uuid())? else { return Ok(()) };
    for name in &record.ingest_aliases {
        alias::take(member, TableId::Alias, name)?;
    }
    list_account(member, id.uuid(), record.salesforce_account_id.as_deref(), None)
}

/// A customer's row and record, or the fault that there are none.
fn look_up(reader: &impl Reader, id: CustomerId) -> Result<Result<(FieldsRow, CustomerRecord), Fault>> {
    let target = EntityRef::from(id);
    let Some(row) = rows::fields(reader, target)? else {
        return Ok(Err(Fault::InstanceNotFound { target }));
    };
    let record = rows::record(reader, id.uuid())?;
    Ok(record.map(|record| (row, record)).ok_or(Fault::NothingButAnId { target }))
}

/// What was looked up, where nothing else is wrong either; otherwise a refusal with every fault.
fn sound<T>(found: Result<T, Fault>, faults: Vec<Fault>) -> Result<T> {
    match found {
        Ok(found) => Fault::none_of(faults).map(|()| found),
        Err(fault) => Err(Error::Refused(std::iter::once(fault).chain(faults).collect())),
    }
}

/// Writes a customer's record; one that is left as it was is not written.
fn save(
    member: &Member<'_>,
    id: CustomerId,
    row: FieldsRow,
    before: &CustomerRecord,
    mut after: CustomerRecord,
) -> Result<()> {
    if after == *before {
        return Ok(());
    }
    after.updated_at = member.now();
    rows::update(member, id.uuid(), row, before, &after)
}

fn put_aliases(
    member: &Member<'_>,
    id: CustomerId,
    row: FieldsRow,
    before: &CustomerRecord,
    names: Vec<String>,
) -> Result<()> {
    let (old, new): (HashSet<_>, HashSet<_>) =
        (before.ingest_aliases.iter().collect(), names.iter().collect());
    for gone in old.difference(&new) {
        alias::take(member, TableId::Alias, gone)?;
    }
    for come in new.difference(&old) {
        alias::give(member, TableId::Alias, come, id.uuid())?;
    }
    save(member, id, row, before, CustomerRecord { ingest_aliases: names, ..before.clone() })
}

/// Faults of aliases that belong to another customer.
fn taken(member: &Member<'_>, names: &[String], id: Uuid) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for name in names.iter().filter(|name| seen.insert(*name)) {
        if let Some(other) = alias::holder(member, TableId::Alias, name)?.filter(|other| *other != id) {
            let holder = EntityRef { entity: ManagedEntity::Customer, id: other };
            let archived = rows::fields(member, holder)?.is_some_and(|row| row.archived_at.is_some());
            faults.push(Fault::NameTaken {
                space: NameSpace::IngestAlias,
                name: name.clone(),
                holder,
                archived,
            });
        }
    }
    Ok(faults)
}

fn list_account(member: &Member<'_>, id: Uuid, before: Option<&str>, after: Option<&str>) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let steps = [(before, false), (after, true)];
    steps.into_iter().try_for_each(|(account, on)| match account {
        Some(account) => alias::list(member, TableId::SalesforceAccount, account, id, on),
        None => Ok(()),
    })
}

fn joined(reader: &impl Reader, id: CustomerId, row: FieldsRow, record: CustomerRecord) -> Customer {
    let archived_at = row.archived_at;
    let custom_fields = custom_fields::named(reader, row);
    Customer {
        id,
        name: record.name,
        ingest_aliases: record.ingest_aliases,
        salesforce_account_id: record.salesforce_account_id,
        leave_stripe_invoices_in_draft: record.leave_stripe_invoices_in_draft,
        custom_fields,
        kept: record.kept,
        created_at: record.created_at,
        updated_at: archived_at.map_or(record.updated_at, |at| at.max(record.updated_at)),
        archived_at,
    }
}
