//! Putting what [`carried`](super::carried) tells of one store into another.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::carried::{self, InstanceItem, Item, KeyItem, PartItem, PastItem, SettledItem};
use super::custom_fields::{self, Plan, Wish};
use super::{carry_checks as checks, custom_field_keys, derived, entities};
use crate::entity::EntityRef;
use crate::error::{Fault, FieldProblem, Result};
use crate::model::custom_field::{CustomFields, check_value};
use crate::model::package::Package;
use crate::model::scalar::Time;
use crate::storage::codec::{self, FieldsRow};
use crate::storage::member::{Member, Row};
use crate::storage::view::Reader as _;
use crate::storage::{journal, package, past, rows, settled};

/// An instance with all that belongs to it.
#[derive(Debug)]
pub struct Bundle {
    pub instance: InstanceItem,
    pub parts: Vec<PartItem>,
    pub past: Vec<PastItem>,
    pub settled: Option<SettledItem>,
}

/// What became of something that was put into a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was not there, and is now.
    Added,
    /// It was there, and has values now, or of earlier moments, that it had not.
    Changed,
    /// It was there just so.
    Unchanged,
}

/// Puts a key. One that is registered is not changed.
pub fn key(member: &Member<'_>, item: KeyItem) -> Result<Put> {
    let KeyItem { entity, key, rules, id, added_at } = item;
    let there = member.with_catalog(|catalog| catalog.key(entity, &key).cloned());
    match there {
        Some(there) if there.rules() == rules => Ok(Put::Unchanged),
        Some(_) => Err(Fault::KeyExists { entity, key }.into()),
        None => {
            member.count_behind(id.as_bytes());
            custom_field_keys::add_as(member, entity, &key, rules, id, added_at)?;
            Ok(Put::Added)
        }
    }
}

/// Puts a package with its names.
pub fn package(member: &Member<'_>, package: Package) -> Result<Put> {
    if let Some(there) = package::get(member, package.id)? {
        let differs = || Fault::DiffersFromImport { what: format!("package {}", package.id) };
        return if there.package == package { Ok(Put::Unchanged) } else { Err(differs().into()) };
    }
    let mut faults = Vec::from_iter(codec::package_fault(&package)?);
    let rows = derived::of_package(&package)?;
    faults.extend(checks::taken(member, &rows)?);
    faults.extend(checks::aliases_taken(
        member,
        crate::storage::tables::TableId::PackageAlias,
        &package.aliases,
    )?);
    Fault::none_of(faults)?;
    member.count_behind(&codec::payload(&package)?);
    put_all(member, &rows)?;
    package::create(member, package)?;
    Ok(Put::Added)
}

/// Puts an instance with all that belongs to it. One that is there has to be as the bundle says, but for values: these
/// are set, and others stay.
pub fn bundle(member: &Member<'_>, bundle: Bundle) -> Result<Put> {
    let target = EntityRef { entity: bundle.instance.entity, id: bundle.instance.id };
    match rows::fields(member, target)? {
        Some(row) => merge(member, target, row, bundle),
        None => add(member, target, bundle),
    }
}

fn merge(member: &Member<'_>, target: EntityRef, row: FieldsRow, bundle: Bundle) -> Result<Put> {
    let Bundle { instance, parts, past, settled } = bundle;
    let has_more = instance.record.is_some() || !parts.is_empty() || settled.is_some();
    let mut same = instance.archived_at.is_none_or(|_| instance.archived_at == row.archived_at);
    if has_more {
        same &= instance.archived_at == row.archived_at;
        same &= crate::model::recorded::AnyRecord::get(member, target)? == instance.record;
        same &= belongs(member, target, parts, settled)?;
    }
    let mut faults = Vec::new();
    if !same {
        faults.push(Fault::DiffersFromImport { what: target.to_string() });
    }
    let (past, of_past) = new_past(member, target, &past)?;
    faults.extend(of_past);
    Fault::none_of(faults)?;
    let is_past_new = !past.is_empty();
    put_past(member, target, past)?;
    let held = custom_fields::named(member, row);
    let new = |(key, value): &(String, String)| held.get(key) != Some(value);
    let values: Vec<_> = instance.custom_fields.into_iter().filter(new).collect();
    if values.is_empty() {
        return Ok(if is_past_new { Put::Changed } else { Put::Unchanged });
    }
    custom_fields::change(member, vec![(target, Wish::Merge(values))], &[])?;
    Ok(Put::Changed)
}

/// Whether these parts are exactly those that an instance has.
fn belongs(
    member: &Member<'_>,
    target: EntityRef,
    parts: Vec<PartItem>,
    settled: Option<SettledItem>,
) -> Result<bool> {
    let mut wanted: Vec<_> = parts.into_iter().map(Item::Part).collect();
    wanted.extend(settled.map(Item::Settled));
    let mut wanted = wanted.into_iter();
    let mut same = true;
    carried::belonging(member, target, |item| {
        same = wanted.next() == Some(item);
        Ok(if same { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(same && wanted.next().is_none())
}

fn add(member: &Member<'_>, target: EntityRef, bundle: Bundle) -> Result<Put> {
    let Bundle { instance, parts, past, settled } = bundle;
    let values: CustomFields = instance.custom_fields.into_iter().collect();
    let plan = Plan::for_carried(member, target, instance.archived_at, values)?;
    let mut faults = plan.faults().to_vec();
    let mut leading = Vec::new();
    if let Some(record) = &instance.record {
        faults.extend(checks::record(member, target, record)?);
        leading = derived::of_record(member, target.id, record)?;
        faults.extend(checks::taken(member, &leading)?);
    }
    faults.extend(checks::parts(member, target, instance.record.as_ref(), &parts)?);
    let (past, of_past) = new_past(member, target, &past)?;
    faults.extend(of_past);
    Fault::none_of(faults)?;
    member.count_behind(target.id.as_bytes());
    let row = match &instance.record {
        Some(record) => {
            member.count_behind(&record.payload()?);
            record.create(member, target.id)?
        }
        None => rows::adopt(member, target)?,
    };
    put_all(member, &leading)?;
    // Before it has its values, because what is archived may not hold them.
    let row = match instance.archived_at {
        Some(at) => {
            rows::archive_at(member, target, row, at).and_then(|()| entities::known(member, target))?
        }
        None => row,
    };
    plan.apply_new(member, row)?;
    put_parts(member, target, parts)?;
    put_past(member, target, past)?;
    if let Some(SettledItem { contract, until }) = settled {
        settled::set_until(member, contract, until)?;
    }
    Ok(Put::Added)
}

fn put_parts(member: &Member<'_>, target: EntityRef, parts: Vec<PartItem>) -> Result<()> {
    // Later edits have to bear higher revisions.
    let mut last = BTreeSet::new();
    for item in &parts {
        last.extend(carried::revision(&item.key, &item.part)?);
    }
    if let Some(last) = last.last() {
        journal::fill_up_to(member, *last)?;
    }
    let mut row = entities::known(member, target)?;
    for PartItem { owner, key, part, .. } in parts {
        let leading = derived::of_part(member, owner, &key, &part)?;
        member.count_behind(&key);
        member.count_behind(&part.payload()?);
        part.put(member, owner, &mut row, key)?;
        put_all(member, &leading)?;
    }
    Ok(())
}

/// Values that an instance had, with the moment until which it had them.
type Past = Vec<(Time, Vec<(u32, String)>)>;

/// The values that an instance had which are not kept of it yet, and what is wrong with those that are told of.
fn new_past(member: &Member<'_>, target: EntityRef, items: &[PastItem]) -> Result<(Past, Vec<Fault>)> {
    let (mut new, mut faults) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for PastItem { until, custom_fields, .. } in items {
        if !seen.insert(*until) {
            faults.push(FieldProblem::Repeated { item: until.to_string() }.at("until"));
        }
        let (mut unknown, mut values) = (Vec::new(), Vec::new());
        for (name, value) in custom_fields {
            faults.extend(check_value(target.entity, name, value));
            match member.with_catalog(|catalog| catalog.key(target.entity, name).map(|key| key.number)) {
                Some(number) => values.push((number, value.clone())),
                None => unknown.push(name.clone()),
            }
        }
        values.sort_unstable();
        if !unknown.is_empty() {
            faults.push(Fault::KeysNotRegistered { entity: target.entity, keys: unknown });
        }
        match past::at(member, target, *until)? {
            None => new.push((*until, values)),
            Some(there) => {
                let row = FieldsRow { archived_at: None, revision: 0, values: there };
                if custom_fields::named(member, row) != *custom_fields {
                    let what = format!("what {target} was until {until}");
                    faults.push(Fault::DiffersFromImport { what });
                }
            }
        }
    }
    Ok((new, faults))
}

fn put_past(member: &Member<'_>, target: EntityRef, past: Past) -> Result<()> {
    past.into_iter().try_for_each(|(until, values)| past::put(member, target, until, values))
}

fn put_all(member: &Member<'_>, rows: &[Row]) -> Result<()> {
    rows.iter().try_for_each(|row| member.put_row(row))
}
