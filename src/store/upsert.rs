//! An instance by a unique name: found, or made in the same step.

use uuid::Uuid;

use super::custom_fields::{self, Wish};
use super::find::searchable;
use super::{Transaction, alerts, balances, contracts, customers, entities};
use crate::entity::{CustomerId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Fault, FieldProblem, Result};
use crate::model::custom_field::{KeyKind, check_value};
use crate::model::customer::check_alias;
use crate::model::unique_name::{GotOrCreated, UniqueName, Upserted};
use crate::rules::part_text;
use crate::storage::index;
use crate::storage::member::Member;
use crate::storage::view::Reader;

const INGEST_ALIAS: &str = "ingest_alias";
const UNIQUENESS_KEY: &str = "uniqueness_key";

/// The instance with that name; one that is made and gets it where there is none.
pub fn get_or_create<I: EntityId>(
    member: &Member<'_>,
    by: &UniqueName,
    make: impl FnOnce(&Transaction<'_>) -> Result<I>,
) -> Result<GotOrCreated<I>> {
    if let Some(found) = holder(member, I::ENTITY, by)? {
        return Ok(GotOrCreated::Found(I::from_uuid(found)));
    }
    let made = member.attempt(|| {
        let id = make(&Transaction::new(member))?;
        name(member, id.into(), by).map(|()| id)
    })?;
    Ok(GotOrCreated::Created(made))
}

/// As [`get_or_create`], with a change of the one that there is.
pub fn upsert<I: EntityId>(
    member: &Member<'_>,
    by: &UniqueName,
    make: impl FnOnce(&Transaction<'_>) -> Result<I>,
    change: impl FnOnce(&Transaction<'_>, I) -> Result<()>,
) -> Result<Upserted<I>> {
    let id = match get_or_create(member, by, make)? {
        GotOrCreated::Created(id) => return Ok(Upserted::Created(id)),
        GotOrCreated::Found(id) => id,
    };
    // Every change of anything has a number of its own.
    let before = member.progress().sequence;
    member.attempt(|| change(&Transaction::new(member), id))?;
    let changed = member.progress().sequence != before;
    Ok(if changed { Upserted::Updated(id) } else { Upserted::Unchanged(id) })
}

/// The instance of the entity that has a name, or every fault of the name.
fn holder(reader: &impl Reader, entity: ManagedEntity, by: &UniqueName) -> Result<Option<Uuid>> {
    match by {
        UniqueName::Value { key, value } => {
            let mut faults: Vec<_> = check_value(entity, key, value).into_iter().collect();
            let key = Fault::gather(searchable(reader, entity, key, &[KeyKind::Enforced]), &mut faults)?;
            Fault::none_of(faults)?;
            key.map_or(Ok(None), |key| index::holder(reader, &key, value))
        }
        UniqueName::IngestAlias(alias) => {
            let rule = "only customers have ingest aliases";
            let elsewhere = (entity != ManagedEntity::Customer).then_some(FieldProblem::NotAllowed { rule });
            let problem = elsewhere.or_else(|| check_alias(alias));
            Fault::none_of(problem.map(|problem| problem.at(INGEST_ALIAS)).into_iter().collect())?;
            Ok(customers::find(reader, alias)?.map(CustomerId::uuid))
        }
        UniqueName::UniquenessKey(key) => made_with(reader, entity, key),
    }
}

/// The instance of the entity that was made with a uniqueness key. Commits and credits share theirs.
fn made_with(reader: &impl Reader, entity: ManagedEntity, key: &str) -> Result<Option<Uuid>> {
    let problem = part_text::uniqueness_key(Some(key)).map(|problem| problem.at(UNIQUENESS_KEY));
    Fault::none_of(problem.into_iter().collect())?;
    let found = match entity {
        ManagedEntity::Alert => alerts::by_key(reader, key)?.map(EntityRef::from),
        ManagedEntity::Contract => contracts::by_key(reader, key)?.map(EntityRef::from),
        ManagedEntity::Commit | ManagedEntity::ContractCredit => balances::by_key(reader, key)?,
        _ => {
            let rule = "only contracts, commits, credits and alerts have uniqueness keys";
            return Err(FieldProblem::NotAllowed { rule }.at(UNIQUENESS_KEY).into());
        }
    };
    match found {
        Some(found) if found.entity != entity => Err(used(key, found.id)),
        found => Ok(found.map(|found| found.id)),
    }
}

fn used(key: &str, conflicting_id: Uuid) -> crate::error::Error {
    Fault::UniquenessKeyUsed { key: key.to_owned(), conflicting_id }.into()
}

/// Sees to it that an instance that was just made has the name.
fn name(member: &Member<'_>, target: EntityRef, by: &UniqueName) -> Result<()> {
    let found = holder(member, target.entity, by)?;
    if found == Some(target.id) {
        return Ok(());
    }
    match (by, found) {
        (UniqueName::Value { key, value }, _) => give_value(member, target, key, value),
        (UniqueName::IngestAlias(alias), _) => customers::add_alias(member, target.id.into(), alias),
        (UniqueName::UniquenessKey(key), Some(other)) => Err(used(key, other)),
        (UniqueName::UniquenessKey(_), None) => {
            let rule = "what is made by a uniqueness key is made with it";
            Err(FieldProblem::Missing { rule }.at(UNIQUENESS_KEY).into())
        }
    }
}

/// Gives an instance a value of an enforced key, unless it has one already or could not hold it.
fn give_value(member: &Member<'_>, target: EntityRef, name: &str, value: &str) -> Result<()> {
    let key = searchable(member, target.entity, name, &[KeyKind::Enforced])?;
    if let Some(row) = entities::row(member, target)? {
        if !key.is_held_by(&row) {
            return Err(Fault::AlreadyArchived { target }.into());
        }
        if row.value(key.number).is_some() {
            let (key, expected) = (name.to_owned(), Some(value.to_owned()));
            return Err(Fault::ValueDiffers { target, key, expected, holds_another: true }.into());
        }
    }
    let wish = Wish::Merge(vec![(name.to_owned(), value.to_owned())]);
    custom_fields::change(member, vec![(target, wish)], &[]).map(drop)
}
