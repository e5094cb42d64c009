//! Packages: making, reading and archiving them, and the contracts that are made of them.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::contract_parts::{self, Site};
use super::contract_products::OnCard;
use super::custom_fields::Plan;
use super::find::cut;
use super::package_parts::{self, Assembled};
use super::{aliases, contract_read, contracts};
use crate::entity::{ContractId, CustomerId, EntityId};
use crate::error::{Fault, FieldProblem, Result};
use crate::id::PackageId;
use crate::model::alias::ScheduledAlias;
use crate::model::contract::{CardChoice, ContractFilter, CreateContract, NewParts};
use crate::model::package::{
    CreatePackage, Package, PackageChoice, PackageContract, PackageRow, PackageTerms,
};
use crate::model::page::{ArchiveFilter, Cursor, Page, PageRequest, Question};
use crate::model::relative_date::RelativeDate;
use crate::model::scalar::Time;
use crate::rules::{contract, package as rule};
use crate::storage::catalog::Catalog;
use crate::storage::member::Member;
use crate::storage::tables::{KeySpace, TableId};
use crate::storage::view::Reader;
use crate::storage::{alias, alias_schedule, codec, package};

pub fn create(member: &Member<'_>, mut request: CreatePackage) -> Result<PackageId> {
    let mut faults = rule::creation_faults(&request);
    let key = request.terms.uniqueness_key.clone();
    faults.extend(contracts::key_fault(member, KeySpace::Package, key.as_deref())?);
    let parts = request.take_parts();
    let of_a_contract = faults_of_a_contract(member, &request.terms, &parts)?;
    faults.extend(rule::besides(&faults, of_a_contract));
    let Assembled { package, values } = package_parts::assemble(member, fresh_id(member)?, request, parts)?;
    let targets: Vec<_> = values.iter().map(|(target, _)| *target).collect();
    let plan = Plan::for_all_new(member, values)?;
    faults.extend_from_slice(plan.faults());
    faults.extend(codec::package_fault(&package)?);
    Fault::none_of(faults)?;
    let id = package.id;
    let made = targets.into_iter().map(|target| package_parts::make_instance(member, target, id));
    plan.apply_all_new(member, made.collect::<Result<Vec<_>>>()?)?;
    if let Some(key) = key {
        alias::give(member, TableId::UniquenessKey(KeySpace::Package), &key, id.into())?;
    }
    hand_over_aliases(member, &package)?;
    package::create(member, package)?;
    Ok(id)
}

/// An id that no package has.
fn fresh_id(member: &Member<'_>) -> Result<PackageId> {
    loop {
        let id = PackageId::from(member.new_id());
        if package::get(member, id)?.is_none() {
            return Ok(id);
        }
    }
}

/// Takes the names of a new package from others, and has them lead to it.
fn hand_over_aliases(member: &Member<'_>, new: &Package) -> Result<()> {
    let cuts = aliases::hand_over(member, TableId::PackageAlias, new.id.into(), &[], &new.aliases)?;
    for (holder, cuts) in cuts {
        let mut row = known(member, PackageId::from(holder))?;
        let before = row.package.clone();
        aliases::cut(&mut row.package.aliases, cuts);
        package::update(member, row, &before)?;
    }
    Ok(())
}

/// What would be wrong with a contract that starts now.
fn faults_of_a_contract(
    member: &Member<'_>,
    terms: &PackageTerms,
    parts: &NewParts<RelativeDate>,
) -> Result<Vec<Fault>> {
    let mut found = Vec::new();
    let nobody = CustomerId::from(Uuid::nil());
    let said = CreateContract::new(nobody, member.now().first_of_day());
    let mut made = rule::contract(terms, parts, said, &mut found);
    found.extend(contract::creation_faults(&made));
    found.extend(contract_parts::reference_faults(member, &made.settings.references())?);
    let card = card(member, made.rate_card.as_ref(), made.starting_at, &mut found)?;
    let parts = made.take_parts();
    let origin = contracts::origin(member, &made, None, card.id());
    let id = ContractId::from(Uuid::nil());
    let site = Site { id, origin: &origin, card, ending_before: made.ending_before, prefix: "" };
    let additions = contract_parts::additions(member, &site, parts, &mut found)?;
    found.extend(additions.size_faults(site.prefix)?);
    Ok(found)
}

/// The card of a package's contracts: that of an alias is the one it leads to first from now on.
fn card(
    member: &Member<'_>,
    choice: Option<&CardChoice>,
    start: Time,
    faults: &mut Vec<Fault>,
) -> Result<OnCard> {
    let mut at = start;
    if let Some(CardChoice::Alias(name)) = choice {
        let from_now = ScheduledAlias { name: name.clone(), starting_at: Some(start), ending_before: None };
        let found = alias_schedule::overlapping(member, TableId::RateCardAlias, &from_now)?;
        at = found.last().and_then(|(first, _)| first.starting_at).map_or(start, |first| first.max(start));
    }
    contracts::card(member, choice, at, faults)
}

/// What a contract says of itself with all that its package says, and which package that is. What it may not say
/// beside a package is at fault, and left out.
pub fn fill_in(
    member: &Member<'_>,
    request: CreateContract,
    faults: &mut Vec<Fault>,
) -> Result<(CreateContract, Option<PackageId>)> {
    let Some(choice) = &request.package else { return Ok((request, None)) };
    faults.extend(rule::beside_a_package(&request));
    let Some(found) = chosen(member, choice, request.starting_at, faults)? else {
        return Ok((rule::own(request), None));
    };
    let (id, terms) = (found.id, found.terms.clone());
    Ok((rule::contract(&terms, &found.into_parts(), request, faults), Some(id)))
}

/// The package that a contract is made of, where it can be.
fn chosen(
    reader: &impl Reader,
    choice: &PackageChoice,
    start: Time,
    faults: &mut Vec<Fault>,
) -> Result<Option<Package>> {
    let (field, id) = match choice {
        PackageChoice::Id(id) => ("package_id", *id),
        PackageChoice::Alias(name) => match by_alias(reader, name, start)? {
            Some(id) => ("package_alias", id),
            None => {
                let field = "package_alias".to_owned();
                faults.push(Fault::NameNotFound { field, name: name.clone() });
                return Ok(None);
            }
        },
    };
    let found = Fault::gather(get(reader, id), faults)?;
    if found.as_ref().is_some_and(|found| found.archived_at.is_some()) {
        let rule = "it is archived, and no more contracts are made of it";
        faults.push(FieldProblem::Value { value: id.to_string(), rule }.at(field));
    }
    Ok(found)
}

pub fn get(reader: &impl Reader, id: PackageId) -> Result<Package> {
    let mut package = known(reader, id)?.package;
    package_parts::fill_in_values(reader, &mut package)?;
    Ok(package)
}

/// The row of a package, or the fault that there is none.
pub fn known(reader: &impl Reader, id: PackageId) -> Result<PackageRow> {
    Ok(package::get(reader, id)?.ok_or(Fault::PackageNotFound { package: id })?)
}

/// The package that an alias leads to at a moment, archived or not.
pub fn by_alias(reader: &impl Reader, name: &str, at: Time) -> Result<Option<PackageId>> {
    Ok(alias_schedule::resolve(reader, TableId::PackageAlias, name, at)?.map(PackageId::from))
}

/// The package that was made with a uniqueness key.
pub fn by_key(reader: &impl Reader, key: &str) -> Result<Option<PackageId>> {
    let found = alias::holder(reader, TableId::UniquenessKey(KeySpace::Package), key)?;
    Ok(found.map(PackageId::from))
}

/// A page of packages, in order of their ids.
pub fn page(reader: &impl Reader, filter: ArchiveFilter, page: &PageRequest) -> Result<Page<Package>> {
    let question = Question::filtered("packages", &[filter.to_string()]);
    let store = reader.with_catalog(Catalog::store);
    let after = page.resume(store, &question)?;
    let mut found = Vec::new();
    package::scan(reader, after, |package| {
        if filter.admits(package.archived_at.is_some()) {
            found.push(package);
        }
        if found.len() > page.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let last = |last: &Package| Cursor::new(store, question, Uuid::from(last.id).as_bytes());
    let mut page = cut(found, page.limit, last);
    for package in &mut page.items {
        package_parts::fill_in_values(reader, package)?;
    }
    Ok(page)
}

pub fn archive(member: &Member<'_>, id: PackageId) -> Result<()> {
    let row = known(member, id)?;
    if row.package.archived_at.is_some() {
        return Err(Fault::PackageArchived { package: id }.into());
    }
    package::archive(member, row, member.now())
}

/// Puts a contract on the list of those that its package made, or takes it off.
pub fn list(member: &Member<'_>, package: PackageId, contract: ContractId, on: bool) -> Result<()> {
    alias::list(member, TableId::PackageContracts, &package.to_string(), contract.uuid(), on)
}

/// A page of the contracts that were made of a package, in order of their ids.
pub fn contracts(
    reader: &impl Reader,
    id: PackageId,
    filter: &ContractFilter,
    page: &PageRequest,
) -> Result<Page<PackageContract>> {
    let mut faults = Vec::from_iter(contracts::filter_fault(filter));
    Fault::gather(known(reader, id), &mut faults)?;
    let question = contracts::question("package contracts", &id.to_string(), filter);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let mut after = after.map(<[u8]>::to_vec);
    let mut found = Vec::new();
    while found.len() <= page.limit {
        let wanted = page.limit + 1 - found.len();
        let some = listed(reader, id, after.as_deref(), wanted)?;
        let Some(last) = some.last() else { break };
        after = Some(last.uuid().as_bytes().to_vec());
        for contract in some {
            found.extend(Some(summary(reader, contract)?).filter(|summary| filter.admits(&summary.window())));
        }
    }
    Ok(cut(found, page.limit, |last| Cursor::new(store, question, last.contract_id.uuid().as_bytes())))
}

fn listed(
    reader: &impl Reader,
    package: PackageId,
    after: Option<&[u8]>,
    most: usize,
) -> Result<Vec<ContractId>> {
    let mut found = Vec::new();
    alias::each_listed(reader, TableId::PackageContracts, &package.to_string(), after, |id| {
        found.push(ContractId::from(id));
        if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(found)
}

fn summary(reader: &impl Reader, id: ContractId) -> Result<PackageContract> {
    let (row, origin) = contract_read::known(reader, id)?;
    let terms = contract_read::terms(reader, id)?;
    Ok(PackageContract {
        contract_id: id,
        customer_id: origin.customer_id,
        starting_at: origin.starting_at,
        ending_before: terms.ending_before,
        archived_at: row.archived_at,
    })
}
