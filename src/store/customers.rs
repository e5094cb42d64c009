//! Customers: making, changing and finding them, above all by an ingest alias.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use uuid::Uuid;

use super::custom_fields::{self, Plan};
use super::entities;
use super::find::cut;
use crate::entity::{CustomerId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Fault, FieldProblem, NameSpace, Result};
use crate::model::customer::{
    CreateCustomer, Customer, CustomerFilter, CustomerRecord, MAX_ALIASES_PER_CUSTOMER, UpdateCustomerConfig,
    check_alias, check_aliases, cut_name,
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
    let id = entities::fresh_id(member, ManagedEntity::Customer)?;
    let mut faults = check_aliases(ALIASES, &request.ingest_aliases);
    faults.extend(taken(member, &request.ingest_aliases, id)?);
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
    let (row, record) = known(reader, id)?;
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
    let faults = [
        too_many("customer_ids", filter.customer_ids.len()),
        too_many("salesforce_account_ids", filter.salesforce_account_ids.len()),
    ];
    Fault::none_of(faults.into_iter().flatten().collect())?;
    let question = question(filter);
    let store = reader.with_catalog(Catalog::store);
    let after = page.resume(store, &question)?;
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
    // Ids first, records then: a scan may not read other tables on its way. Those taken in with nothing but an
    // id are passed over, so it may take several rounds.
    loop {
        let mut ids = Vec::new();
        rows::scan_fields(reader, ManagedEntity::Customer, after.as_deref(), |id, row| {
            if row.archived_at.is_some() == filter.only_archived {
                ids.push(id);
            }
            if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        after = ids.last().map(|id| id.as_bytes().to_vec());
        let full = ids.len() == limit;
        found.extend(some_of(reader, ids.into_iter(), filter, limit - found.len())?);
        if !full || found.len() >= limit {
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
    change(member, id, |record| record.name = cut_name(name))
}

/// Puts another set of aliases in place of a customer's.
pub fn set_aliases(member: &Member<'_>, id: CustomerId, names: Vec<String>) -> Result<()> {
    let (row, record) = known(member, id)?;
    let mut faults = check_aliases(ALIASES, &names);
    faults.extend(taken(member, &names, id.uuid())?);
    Fault::none_of(faults)?;
    put_aliases(member, id, row, &record, names)
}

/// Gives a customer one more alias; nothing happens where it has it.
pub fn add_alias(member: &Member<'_>, id: CustomerId, name: &str) -> Result<()> {
    let (row, record) = known(member, id)?;
    let mut names = record.ingest_aliases.clone();
    if names.iter().any(|own| own == name) {
        return Ok(());
    }
    names.push(name.to_owned());
    let problem = check_alias(name).map(|problem| problem.at("ingest_alias"));
    let full = (names.len() > MAX_ALIASES_PER_CUSTOMER)
        .then(|| FieldProblem::TooMany { items: names.len(), most: MAX_ALIASES_PER_CUSTOMER }.at(ALIASES));
    let mut faults: Vec<_> = problem.into_iter().chain(full).collect();
    faults.extend(taken(member, &[name.to_owned()], id.uuid())?);
    Fault::none_of(faults)?;
    put_aliases(member, id, row, &record, names)
}

/// Takes an alias from a customer; nothing happens where it has it not.
pub fn remove_alias(member: &Member<'_>, id: CustomerId, name: &str) -> Result<()> {
    let (row, record) = known(member, id)?;
    let names = record.ingest_aliases.iter().filter(|own| *own != name).cloned().collect();
    put_aliases(member, id, row, &record, names)
}

/// Takes an alias from the customer that has it, archived or not, and gives it to another, in one operation.
pub fn move_alias(member: &Member<'_>, name: &str, to: CustomerId) -> Result<()> {
    known(member, to)?;
    match find(member, name)? {
        Some(from) if from == to => return Ok(()),
        Some(from) => {
            // Room for it is looked for before anything changes.
            let (_, record) = known(member, to)?;
            let items = record.ingest_aliases.len() + 1;
            if items > MAX_ALIASES_PER_CUSTOMER {
                return Err(FieldProblem::TooMany { items, most: MAX_ALIASES_PER_CUSTOMER }
                    .at(ALIASES)
                    .into());
            }
            remove_alias(member, from, name)?;
        }
        None => {}
    }
    add_alias(member, to, name)
}

pub fn update_config(member: &Member<'_>, id: CustomerId, update: UpdateCustomerConfig) -> Result<()> {
    let (_, before) = known(member, id)?;
    let account = update.salesforce_account_id.unwrap_or_else(|| before.salesforce_account_id.clone());
    list_account(member, id.uuid(), before.salesforce_account_id.as_deref(), account.as_deref())?;
    change(member, id, |record| {
        record.salesforce_account_id = account;
        if let Some(leave) = update.leave_stripe_invoices_in_draft {
            record.leave_stripe_invoices_in_draft = leave;
        }
    })
}

/// Frees a customer's names, because it is forgotten.
pub fn release(member: &Member<'_>, id: CustomerId) -> Result<()> {
    let Some(record) = rows::record::<CustomerRecord>(member, id.uuid())? else { return Ok(()) };
    for name in &record.ingest_aliases {
        alias::take(member, TableId::Alias, name)?;
    }
    list_account(member, id.uuid(), record.salesforce_account_id.as_deref(), None)
}

fn known(reader: &impl Reader, id: CustomerId) -> Result<(FieldsRow, CustomerRecord)> {
    let row = entities::known(reader, id.into())?;
    let record = rows::record(reader, id.uuid())?.ok_or(Fault::NothingButAnId { target: id.into() })?;
    Ok((row, record))
}

/// Changes a customer's record; one that is left as it was is not written.
fn change(member: &Member<'_>, id: CustomerId, change: impl FnOnce(&mut CustomerRecord)) -> Result<()> {
    let (row, before) = known(member, id)?;
    let mut after = before.clone();
    change(&mut after);
    if after == before {
        return Ok(());
    }
    after.updated_at = member.now();
    rows::update(member, id.uuid(), row, &before, &after)
}

fn put_aliases(
    member: &Member<'_>,
    id: CustomerId,
    row: FieldsRow,
    before: &CustomerRecord,
    names: Vec<String>,
) -> Result<()> {
    if before.ingest_aliases == names {
        return Ok(());
    }
    for gone in before.ingest_aliases.iter().filter(|name| !names.contains(name)) {
        alias::take(member, TableId::Alias, gone)?;
    }
    for new in names.iter().filter(|name| !before.ingest_aliases.contains(name)) {
        alias::give(member, TableId::Alias, new, id.uuid())?;
    }
    let after = CustomerRecord { ingest_aliases: names, updated_at: member.now(), ..before.clone() };
    rows::update(member, id.uuid(), row, before, &after)
}

/// Faults of aliases that belong to another customer.
fn taken(member: &Member<'_>, names: &[String], id: Uuid) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for name in names {
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
    let custom_fields: BTreeMap<_, _> = custom_fields::named(reader, row);
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
