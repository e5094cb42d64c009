//! Edits of contracts, and their history.

use std::ops::{Bound, ControlFlow};

use super::contract_editing::Editing;
use super::contract_parts::{self, Additions, Site};
use super::contract_products::{OnCard, Products};
use super::contracts::{ITSELF, key_fault};
use super::custom_fields::Plan;
use super::find::cut;
use super::{contract_read, contract_updates, invoices_due, settled_charges};
use crate::entity::{ContractId, EntityId};
use crate::error::{Error, Fault, FieldProblem, Result};
use crate::id::ContractEditId;
use crate::model::contract::ContractPart;
use crate::model::contract_edit::{AddedParts, ContractEdit, EditContract, EditRecord, PartUpdates};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::scalar::Time;
use crate::model::usage_filter::UsageFilter;
use crate::rules::contract::{edit_faults, end_problem};
use crate::rules::usage_filter;
use crate::storage::catalog::Catalog;
use crate::storage::member::Member;
use crate::storage::tables::{KeySpace, TableId};
use crate::storage::versions::{self, AsOf, NewVersion, Stamp};
use crate::storage::view::Reader;
use crate::storage::{alias, collection};

/// Edits a contract: parts are changed first, then it gets its end, then parts are added.
pub fn edit(member: &Member<'_>, id: ContractId, mut edit: EditContract) -> Result<ContractEditId> {
    let mut editing = Editing::begin(member, id)?;
    let mut faults = edit_faults(&edit, &editing.origin);
    faults.extend(key_fault(member, KeySpace::ContractEdit, edit.uniqueness_key.as_deref())?);
    faults.extend(contract_parts::reference_faults(member, &edit.settings.references())?);
    let last = last_end(editing.terms.ending_before, edit.update_contract_end_date);
    let archived = contract_updates::apply(member, &mut editing, &edit.updates, last, &mut faults)?;
    if let Some(end) = edit.update_contract_end_date {
        if let Some(end) = end.filter(|_| edit.allow_contract_ending_before_finalized_invoice == Some(false))
        {
            faults.extend(settled_charges::end_faults(member, id, &editing.origin, &editing.due, end)?);
        }
        editing.end_at(end, true)?;
    }
    settings(&mut editing, &edit, &mut faults)?;
    let origin = editing.origin.clone();
    let (card, ending_before) = (OnCard::of(origin.rate_card_id), editing.terms.ending_before);
    let site = Site { id, origin: &origin, card, ending_before, prefix: "add_" };
    let mut additions = contract_parts::additions(member, &site, edit.take_parts(), &mut faults)?;
    let plan = Plan::for_all_new(member, additions.take_values())?;
    faults.extend_from_slice(plan.faults());
    let end_field = "update_contract_end_date";
    faults.extend(invoices_due::edit_fault(member, &editing, &edit.updates, &additions, end_field)?);
    note(&mut editing, edit, &additions);
    faults.extend(additions.size_faults(site.prefix)?);
    faults.extend(editing.size_faults("edit")?);
    Fault::none_of(faults)?;
    write(member, editing, additions, plan, archived)
}

/// Where a contract ends at the latest, before an edit or after it. Parts may be changed up to there: an edit can
/// move the end back and use the time it gains, and an end that it moves forward cuts what is behind it anyway.
fn last_end(before: Option<Time>, after: Option<Option<Time>>) -> Option<Time> {
    let before = before?;
    let after = after.unwrap_or(Some(before))?;
    Some(before.max(after))
}

fn settings(editing: &mut Editing<'_, '_>, edit: &EditContract, faults: &mut Vec<Fault>) -> Result<()> {
    if edit.settings.is_empty() {
        return Ok(());
    }
    match edit.settings.apply(&editing.settings()?) {
        Ok(after) => editing.set(ITSELF.into_bytes(), ContractPart::Settings(after.into())),
        Err(found) => faults.extend(found),
    }
    Ok(())
}

/// What the contract itself becomes, and what the history keeps.
fn note(editing: &mut Editing<'_, '_>, edit: EditContract, additions: &Additions) {
    if let Some(name) = &edit.update_contract_name {
        editing.terms.name.clone_from(name);
    }
    if let Some(days) = edit.update_net_payment_terms_days {
        editing.terms.net_payment_terms_days = days;
    }
    editing.record.uniqueness_key = edit.uniqueness_key;
    editing.record.name = edit.update_contract_name;
    editing.record.net_payment_terms_days = edit.update_net_payment_terms_days;
    editing.record.updates = edit.updates;
    editing.record.settings = edit.settings;
    editing.record.added = additions.names();
}

fn write(
    member: &Member<'_>,
    editing: Editing<'_, '_>,
    additions: Additions,
    plan: Plan,
    archived: Vec<crate::entity::EntityRef>,
) -> Result<ContractEditId> {
    let made = additions.make_instances(member, editing.id, editing.origin.customer_id)?;
    plan.apply_all_new(member, made)?;
    let key = editing.record.uniqueness_key.clone();
    let id = editing.finish(additions.versions, archived)?;
    if let Some(key) = key {
        alias::give(member, TableId::UniquenessKey(KeySpace::ContractEdit), &key, id.into())?;
    }
    Ok(id)
}

/// Gives a contract another end, or none.
pub fn set_end(member: &Member<'_>, id: ContractId, end: Option<Time>) -> Result<ContractEditId> {
    let mut editing = Editing::begin(member, id)?;
    let problem = end.and_then(|end| end_problem(editing.origin.starting_at, end));
    let mut faults: Vec<_> = problem.map(|problem| problem.at("ending_before")).into_iter().collect();
    editing.end_at(end, true)?;
    let (updates, additions) = (PartUpdates::default(), Additions::default());
    faults.extend(invoices_due::edit_fault(member, &editing, &updates, &additions, "ending_before")?);
    Fault::none_of(faults)?;
    editing.finish(Vec::new(), Vec::new())
}

/// Says which usage counts on a contract from a moment on, until the next filter begins.
pub fn set_usage_filter(member: &Member<'_>, id: ContractId, filter: UsageFilter) -> Result<ContractEditId> {
    let mut editing = Editing::begin(member, id)?;
    let (start, end) = (editing.origin.starting_at, editing.terms.ending_before);
    let mut faults = usage_filter::faults("", &filter, start, end);
    faults.extend(group_key_fault(member, OnCard::of(editing.origin.rate_card_id), "", &filter.group_key)?);
    editing.record.usage_filter = Some(filter.clone());
    faults.extend(editing.size_faults("group_values")?);
    Fault::none_of(faults)?;
    editing.finish(vec![NewVersion::filter(filter)], Vec::new())
}

/// The fault of a filter's key that usage of the card's products cannot be told apart by.
pub fn group_key_fault(
    member: &Member<'_>,
    card: OnCard,
    at: &str,
    group_key: &str,
) -> Result<Option<Fault>> {
    let known = Products::new(member, card, member.now()).can_filter_by(group_key)?;
    let rule = "it is in a group key of the billable metric of each USAGE product on the rate card, together with \
        the product's pricing and presentation group keys";
    let fault = || FieldProblem::Value { value: group_key.to_owned(), rule }.at(format!("{at}group_key"));
    Ok((!known).then(fault))
}

/// The edit that was made with a uniqueness key.
pub fn by_key(reader: &impl Reader, key: &str) -> Result<Option<ContractEditId>> {
    let found = alias::holder(reader, TableId::UniquenessKey(KeySpace::ContractEdit), key)?;
    Ok(found.map(ContractEditId::from))
}

/// A page of the edits of a contract, the oldest first.
pub fn page(reader: &impl Reader, id: ContractId, page: &PageRequest) -> Result<Page<ContractEdit>> {
    let mut faults = Vec::new();
    Fault::gather(contract_read::known(reader, id), &mut faults)?;
    let question = Question::filtered("contract_edits", &[id.to_string()]);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut found = Vec::new();
    collection::scan(reader, id.uuid(), &[], from, |key, edit: EditRecord| {
        found.push((key.to_vec(), edit));
        Ok(if found.len() > page.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let found = cut(found, page.limit, |(key, _)| Cursor::new(store, question, key));
    let items = found.items.into_iter().map(|(key, edit)| shown(reader, id, &key, edit));
    Ok(Page { items: items.collect::<Result<_>>()?, next: found.next })
}

/// The edit that was made when the contract had that revision.
#[cfg(feature = "wire")]
pub fn made_at(reader: &impl Reader, id: ContractId, revision: u64) -> Result<ContractEdit> {
    let key = revision.to_be_bytes();
    let mut found = None;
    collection::scan(reader, id.uuid(), &key, Bound::Unbounded, |_, edit: EditRecord| {
        found = Some(edit);
        Ok(ControlFlow::Break(()))
    })?;
    let edit =
        found.ok_or_else(|| Error::corrupt(format!("contract {id} has no edit of revision {revision}")))?;
    shown(reader, id, &key, edit)
}

/// An edit with the parts it added, as they were right after it.
fn shown(reader: &impl Reader, id: ContractId, key: &[u8], edit: EditRecord) -> Result<ContractEdit> {
    let revision = key.try_into().map(u64::from_be_bytes);
    let revision = revision.map_err(|_| Error::corrupt("table contract.edits: a key that is no revision"))?;
    let at = AsOf::Past(Stamp { time: edit.timestamp, revision });
    let mut added = AddedParts::default();
    for (kind, part_id) in edit.added {
        if let Some(part) = versions::part(reader, id.uuid(), kind, part_id, at)? {
            contract_read::sort_in(reader, &mut added, part_id, part)?;
        }
    }
    Ok(ContractEdit {
        id: edit.id,
        timestamp: edit.timestamp,
        edited_by: edit.edited_by,
        uniqueness_key: edit.uniqueness_key,
        added,
        update_contract_name: edit.name,
        update_contract_end_date: edit.ending_before,
        update_net_payment_terms_days: edit.net_payment_terms_days,
        updates: edit.updates,
        settings: edit.settings,
        add_usage_filters: edit.usage_filter,
        archived: edit.archived,
        revision,
    })
}

/// The edit of that id is gone with its contract: its uniqueness key can be used again.
pub fn release(member: &Member<'_>, id: ContractId) -> Result<()> {
    let mut keys = Vec::new();
    collection::scan(member, id.uuid(), &[], Bound::Unbounded, |_, edit: EditRecord| {
        keys.extend(edit.uniqueness_key);
        Ok(ControlFlow::Continue(()))
    })?;
    keys.iter().try_for_each(|key| alias::take(member, TableId::UniquenessKey(KeySpace::ContractEdit), key))
}
