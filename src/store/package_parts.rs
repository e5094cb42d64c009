//! The parts of packages: their ids, and their values, which stand with instances.

use uuid::Uuid;

use super::{contract_read, entities};
use crate::entity::{EntityId, EntityRef, ManagedEntity};
use crate::error::{Fault, Result};
use crate::id::PackageId;
use crate::model::contract::{NewParts, Part};
use crate::model::contract_row::{
    PackageCommitHome, PackageCreditHome, PackageScheduledChargeHome, PackageSubscriptionHome,
};
use crate::model::custom_field::CustomFields;
use crate::model::package::{CreatePackage, Package};
use crate::model::relative_date::RelativeDate;
use crate::storage::codec::FieldsRow;
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::view::Reader;

/// A package that is about to be made, and the values that its parts are to have.
pub struct Assembled {
    pub package: Package,
    pub values: Vec<(EntityRef, CustomFields)>,
}

/// Gives ids to the parts of a package.
pub fn assemble(
    member: &Member<'_>,
    id: PackageId,
    request: CreatePackage,
    parts: NewParts<RelativeDate>,
) -> Result<Assembled> {
    let mut values = Vec::new();
    let package = Package {
        id,
        terms: request.terms,
        aliases: request.aliases,
        commits: instances(member, parts.commits, &mut values, |part| &mut part.custom_fields)?,
        credits: instances(member, parts.credits, &mut values, |part| &mut part.custom_fields)?,
        recurring_commits: numbered(member, parts.recurring_commits),
        recurring_credits: numbered(member, parts.recurring_credits),
        overrides: numbered(member, parts.overrides),
        scheduled_charges: instances(member, parts.scheduled_charges, &mut values, |part| {
            &mut part.custom_fields
        })?,
        subscriptions: instances(member, parts.subscriptions, &mut values, |part| &mut part.custom_fields)?,
        created_at: member.now(),
        created_by: member.about().actor.clone(),
        archived_at: None,
    };
    Ok(Assembled { package, values })
}

/// Parts that are instances: their values stand beside them.
fn instances<I: EntityId, T>(
    member: &Member<'_>,
    parts: Vec<T>,
    values: &mut Vec<(EntityRef, CustomFields)>,
    values_of: fn(&mut T) -> &mut CustomFields,
) -> Result<Vec<Part<I, T>>> {
    let mut made = Vec::with_capacity(parts.len());
    for mut part in parts {
        let id = I::from_uuid(entities::fresh_id(member, I::ENTITY)?);
        values.push((id.into(), std::mem::take(values_of(&mut part))));
        made.push(Part { id, custom_fields: Default::default(), part });
    }
    Ok(made)
}

fn numbered<I: From<Uuid>, T>(member: &Member<'_>, parts: Vec<T>) -> Vec<Part<I, T>> {
    let number = |part| Part { id: I::from(member.new_id()), custom_fields: Default::default(), part };
    parts.into_iter().map(number).collect()
}

/// Makes the instance of a part.
pub fn make_instance(member: &Member<'_>, target: EntityRef, package: PackageId) -> Result<FieldsRow> {
    let id = target.id;
    match target.entity {
        ManagedEntity::PackageCommit => rows::create(member, id, &PackageCommitHome { package }),
        ManagedEntity::PackageCredit => rows::create(member, id, &PackageCreditHome { package }),
        ManagedEntity::PackageScheduledCharge => {
            rows::create(member, id, &PackageScheduledChargeHome { package })
        }
        _ => rows::create(member, id, &PackageSubscriptionHome { package }),
    }
}

/// The package that an instance is a part of.
fn home(reader: &impl Reader, target: EntityRef) -> Result<Option<PackageId>> {
    let id = target.id;
    Ok(match target.entity {
        ManagedEntity::PackageCommit => {
            rows::record::<PackageCommitHome>(reader, id)?.map(|home| home.package)
        }
        ManagedEntity::PackageCredit => {
            rows::record::<PackageCreditHome>(reader, id)?.map(|home| home.package)
        }
        ManagedEntity::PackageScheduledCharge => {
            rows::record::<PackageScheduledChargeHome>(reader, id)?.map(|home| home.package)
        }
        ManagedEntity::PackageSubscription => {
            rows::record::<PackageSubscriptionHome>(reader, id)?.map(|home| home.package)
        }
        _ => None,
    })
}

/// Refuses what would take a part from its package.
pub fn stays(reader: &impl Reader, target: EntityRef) -> Result<()> {
    match home(reader, target)? {
        Some(package) => Err(Fault::PartOfAPackage { target, package }.into()),
        None => Ok(()),
    }
}

/// Puts the values of a package's parts beside them.
pub fn fill_in_values(reader: &impl Reader, package: &mut Package) -> Result<()> {
    fill_in(reader, &mut package.commits)?;
    fill_in(reader, &mut package.credits)?;
    fill_in(reader, &mut package.scheduled_charges)?;
    fill_in(reader, &mut package.subscriptions)
}

fn fill_in<I: EntityId, T>(reader: &impl Reader, parts: &mut [Part<I, T>]) -> Result<()> {
    for part in parts {
        part.custom_fields = contract_read::values(reader, part.id.into())?;
    }
    Ok(())
}
