//! Contracts: making, listing and archiving them.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::contract_editing::Editing;
use super::contract_parts::{self, Additions, Site};
use super::contract_products::OnCard;
use super::contract_updates::with_archived_at;
use super::custom_fields::Plan;
use super::drafts::tag_name;
use super::find::cut;
use super::{
    balances, contract_edits, contract_read, drafts, entities, hierarchies, invoices_due, packages, renewals,
    settling,
};
use crate::entity::{ContractId, CustomerId, EntityId, EntityRef, ManagedEntity, RateCardId};
use crate::error::{Fault, FieldProblem, Result};
use crate::id::PackageId;
use crate::model::change::Collection;
use crate::model::contract::{
    CardChoice, Contract, ContractFilter, ContractOrigin, ContractPart, ContractTerms, CreateContract,
    PartKind,
};
use crate::model::contract_row::ContractWindow;
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::scalar::Time;
use crate::rules::invoice::id::contract_tag;
use crate::rules::package::of_the_package;
use crate::rules::{contract as rule, statement};
use crate::storage::catalog::Catalog;
use crate::storage::member::Member;
use crate::storage::tables::{KeySpace, TableId};
use crate::storage::versions::{self, AsOf, NewVersion, Stamp};
use crate::storage::view::Reader;
use crate::storage::{alias, alias_schedule, collection, contract_window, rows};

/// The part of a contract that is the contract itself.
pub const ITSELF: Uuid = Uuid::nil();

pub fn create(member: &Member<'_>, request: CreateContract) -> Result<ContractId> {
    let id = fresh_id(member)?;
    let mut told = Vec::new();
    let (mut request, package) = packages::fill_in(member, request, &mut told)?;
    let parts = request.take_parts();
    let mut faults = rule::creation_faults(&request);
    faults.extend(entities::reference_fault(member, "customer_id", request.customer_id.into())?);
    faults.extend(key_fault(member, KeySpace::Contract, request.uniqueness_key.as_deref())?);
    faults.extend(contract_parts::reference_faults(member, &request.settings.references())?);
    faults.extend(hierarchies::parent_fault(member, &request.settings)?);
    let card = card(member, request.rate_card.as_ref(), request.starting_at, &mut faults)?;
    if let Some(filter) = &request.usage_filter {
        faults.extend(contract_edits::group_key_fault(member, card, "usage_filter.", &filter.group_key)?);
    }
    let origin = origin(member, &request, package, card.id());
    let site = Site { id, origin: &origin, card, ending_before: request.ending_before, prefix: "" };
    let mut additions = contract_parts::additions(member, &site, parts, &mut faults)?;
    let renewed = match request.transition {
        Some(renewal) => renewals::plan(member, &site, renewal, &mut additions, &mut faults)?,
        None => None,
    };
    let values = [(id.into(), std::mem::take(&mut request.custom_fields))];
    let plan = Plan::for_all_new(member, values.into_iter().chain(additions.take_values()))?;
    faults.extend_from_slice(plan.faults());
    let settings = request.settings.clone();
    add_itself(&mut additions, request);
    faults.extend(entities::size_fault(id.into(), &origin)?);
    faults.extend(additions.size_faults(site.prefix)?);
    faults.extend(invoices_due::creation_fault(member, &origin, site.ending_before, &additions)?);
    told.extend(
        faults.into_iter().map(|fault| if package.is_some() { of_the_package(fault) } else { fault }),
    );
    Fault::none_of(told)?;
    write_new(member, id, &origin, site.ending_before, additions, plan)?;
    hierarchies::list(member, id, &settings, true)?;
    if let Some(renewed) = renewed {
        renewed.carry_out(id)?;
    }
    settling::after_change(member, id, Vec::new(), Some(Time::FIRST))?;
    Ok(id)
}

/// An id that no contract has, nor the ids of any contract's invoices lead to.
fn fresh_id(member: &Member<'_>) -> Result<ContractId> {
    loop {
        let id = ContractId::from(entities::fresh_id(member, ManagedEntity::Contract)?);
        if drafts::contract_of(member, contract_tag(id))?.is_none() {
            return Ok(id);
        }
    }
}

/// What is stored of a contract that never changes.
pub fn origin(
    member: &Member<'_>,
    request: &CreateContract,
    package: Option<PackageId>,
    card: Option<RateCardId>,
) -> ContractOrigin {
    let schedule = request.usage_statement_schedule.unwrap_or_default();
    ContractOrigin {
        customer_id: request.customer_id,
        uniqueness_key: request.uniqueness_key.clone(),
        package_id: package,
        rate_card_id: card,
        starting_at: request.starting_at,
        multiplier_override_prioritization: request.multiplier_override_prioritization.unwrap_or_default(),
        scheduled_charges_on_usage_invoices: request.scheduled_charges_on_usage_invoices,
        usage_statement_schedule: statement::resolve(&schedule, request.starting_at),
        renewal_of: request.transition.map(|renewal| renewal.from_contract_id),
        netsuite_sales_order_id: request.netsuite_sales_order_id.clone(),
        salesforce_opportunity_id: request.salesforce_opportunity_id.clone(),
        total_contract_value: request.total_contract_value,
        created_at: member.now(),
        created_by: member.about().actor.clone(),
    }
}

/// The card that holds for a contract from its start on.
pub fn card(
    reader: &impl Reader,
    choice: Option<&CardChoice>,
    start: Time,
    faults: &mut Vec<Fault>,
) -> Result<OnCard> {
    let (field, id) = match choice {
        None => return Ok(OnCard::None),
        Some(CardChoice::Id(id)) => ("rate_card_id", *id),
        Some(CardChoice::Alias(name)) => {
            let field = "rate_card_alias";
            match alias_schedule::resolve(reader, TableId::RateCardAlias, name, start)? {
                Some(id) => (field, RateCardId::from(id)),
                None => {
                    faults.push(Fault::NameNotFound { field: field.to_owned(), name: name.clone() });
                    return Ok(OnCard::Unknown);
                }
            }
        }
    };
    let fault = entities::reference_fault(reader, field, id.into())?;
    let card = if fault.is_some() { OnCard::Unknown } else { OnCard::Of(id) };
    faults.extend(fault);
    Ok(card)
}

/// The fault of a uniqueness key that was used before.
pub fn key_fault(reader: &impl Reader, space: KeySpace, key: Option<&str>) -> Result<Option<Fault>> {
    let Some(key) = key else { return Ok(None) };
    let holder = alias::holder(reader, TableId::UniquenessKey(space), key)?;
    Ok(holder.map(|conflicting_id| Fault::UniquenessKeyUsed { key: key.to_owned(), conflicting_id }))
}

/// The contract that was made with a uniqueness key.
pub fn by_key(reader: &impl Reader, key: &str) -> Result<Option<ContractId>> {
    let found = alias::holder(reader, TableId::UniquenessKey(KeySpace::Contract), key)?;
    Ok(found.map(ContractId::from))
}

/// Adds the versions of what is the contract itself.
fn add_itself(additions: &mut Additions, request: CreateContract) {
    let terms = ContractTerms {
        name: request.name,
        ending_before: request.ending_before,
        net_payment_terms_days: request.net_payment_terms_days,
        ..ContractTerms::default()
    };
    additions.versions.push(NewVersion::of(ITSELF, ContractPart::Terms(terms)));
    if request.settings != crate::model::settings::ContractSettings::default() {
        additions.versions.push(NewVersion::of(ITSELF, ContractPart::Settings(request.settings.into())));
    }
    additions.versions.extend(request.usage_filter.map(NewVersion::filter));
}

fn write_new(
    member: &Member<'_>,
    id: ContractId,
    origin: &ContractOrigin,
    ending_before: Option<Time>,
    additions: Additions,
    plan: Plan,
) -> Result<()> {
    let mut made = vec![rows::create(member, id.uuid(), origin)?];
    made.extend(additions.make_instances(member, id, origin.customer_id)?);
    plan.apply_all_new(member, made)?;
    let mut row = entities::known(member, id.into())?;
    let stamp = Stamp { time: origin.created_at, revision: 0 };
    versions::put(member, id.uuid(), &mut row, stamp, additions.versions)?;
    let window = ContractWindow { starting_at: origin.starting_at, ending_before, archived: false };
    contract_window::put(member, origin.customer_id.uuid(), id.uuid(), &window)?;
    if let Some(package) = origin.package_id {
        packages::list(member, package, id, true)?;
    }
    alias::give(member, TableId::InvoiceTag, &tag_name(contract_tag(id)), id.uuid())?;
    if let Some(key) = &origin.uniqueness_key {
        alias::give(member, TableId::UniquenessKey(KeySpace::Contract), key, id.uuid())?;
    }
    Ok(())
}

/// A page of a customer's contracts, in order of their starts.
pub fn page(
    reader: &impl Reader,
    customer: CustomerId,
    filter: &ContractFilter,
    page: &PageRequest,
) -> Result<Page<Contract>> {
    let mut faults = Vec::from_iter(filter_fault(filter));
    Fault::gather(entities::known(reader, customer.into()), &mut faults)?;
    let question = question("contracts", &customer.to_string(), filter);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let mut found = Vec::new();
    contract_window::scan(reader, customer.uuid(), filter.starting_at, after, |place, id, window| {
        if filter.covering_date.is_some_and(|date| date < window.starting_at) {
            return ControlFlow::Break(());
        }
        if filter.admits(&window) {
            found.push((place.to_vec(), ContractId::from(id)));
        }
        if found.len() > page.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let found = cut(found, page.limit, |(place, _)| Cursor::new(store, question, place));
    let items = found.items.into_iter().map(|(_, id)| contract_read::get(reader, id, AsOf::Now));
    Ok(Page { items: items.collect::<Result<_>>()?, next: found.next })
}

/// The fault of a filter that has both dates.
pub fn filter_fault(filter: &ContractFilter) -> Option<Fault> {
    let rule = "starting_at and covering_date are not used together";
    let both = filter.starting_at.is_some() && filter.covering_date.is_some();
    both.then(|| FieldProblem::NotAllowed { rule }.at("covering_date"))
}

/// The question for those of somebody's contracts that a filter lets through.
pub fn question(list: &str, of: &str, filter: &ContractFilter) -> Question {
    let said = |time: Option<Time>| time.map(|time| time.to_string()).unwrap_or_default();
    Question::filtered(
        list,
        &[
            of.to_owned(),
            said(filter.starting_at),
            said(filter.covering_date),
            filter.include_archived.to_string(),
        ],
    )
}

/// Archives a contract with all of its commits and credits. It ends now, where it would have gone on. Its drafts are
/// gone; invoices that are final stay, or are voided.
pub fn archive(member: &Member<'_>, id: ContractId, void_invoices: bool) -> Result<()> {
    let mut editing = Editing::begin(member, id)?;
    let now = member.now();
    let end = now.max(editing.origin.starting_at);
    if editing.terms.ending_before.is_none_or(|before| end < before) {
        editing.end_at(Some(end), true)?;
    }
    let mut archived = Vec::new();
    for (part_id, part) in editing.parts()? {
        let entity = match part.kind() {
            PartKind::Commit => ManagedEntity::Commit,
            PartKind::Credit => ManagedEntity::ContractCredit,
            _ => continue,
        };
        let Some(part) = with_archived_at(part, now) else { continue };
        archived.push(EntityRef { entity, id: Uuid::from_bytes(part_id) });
        editing.set(part_id, part);
    }
    editing.terms.archived_at = Some(now);
    editing.record.archived = true;
    editing.finish(Vec::new(), archived)?;
    let row = entities::known(member, id.into())?;
    rows::archive(member, id.into(), row)?;
    if void_invoices { settling::void_all(member, id) } else { Ok(()) }
}

/// Archives all contracts of a customer, and voids all of their invoices.
pub fn archive_all_of(member: &Member<'_>, customer: CustomerId) -> Result<()> {
    for (id, window) in all_of(member, customer)? {
        if window.archived {
            settling::void_all(member, id)?;
        } else {
            archive(member, id, true)?;
        }
    }
    Ok(())
}

/// Every contract of a customer.
pub fn all_of(reader: &impl Reader, customer: CustomerId) -> Result<Vec<(ContractId, ContractWindow)>> {
    let mut found = Vec::new();
    contract_window::scan(reader, customer.uuid(), None, None, |_, id, window| {
        found.push((ContractId::from(id), window));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Takes away what leads to a contract that is forgotten, and its parts with their values.
pub fn release(member: &Member<'_>, id: ContractId) -> Result<()> {
    let Some(origin) = rows::record::<ContractOrigin>(member, id.uuid())? else { return Ok(()) };
    for target in contract_parts::instances(member, id)? {
        balances::list(member, target, origin.customer_id, false)?;
        if let Some(row) = rows::fields(member, target)? {
            rows::forget(member, target, &row)?;
        }
    }
    if let Some(package) = origin.package_id {
        packages::list(member, package, id, false)?;
    }
    hierarchies::release(member, id)?;
    contract_edits::release(member, id)?;
    collection::clear(member, Collection::ContractParts, id.uuid())?;
    collection::clear(member, Collection::ContractEdits, id.uuid())?;
    settling::release(member, id)?;
    contract_window::take(member, origin.customer_id.uuid(), id.uuid(), origin.starting_at)?;
    if let Some(key) = &origin.uniqueness_key {
        alias::take(member, TableId::UniquenessKey(KeySpace::Contract), key)?;
    }
    Ok(())
}
