//! The values that instances had: entity, id and moment -> the values the instance had until that moment.
//!
//! They are kept where an invoice can show them, because one that became due shows them as they were then, whatever
//! becomes of the journal. A row is written when values change; of several changes at one moment the first one writes
//! it. So values as of a moment are those of the first row from that moment on, or else those that the instance has.

use std::ops::{Bound, ControlFlow};

use super::codec::{self, FieldsRow, PastRow};
use super::contract_window;
use super::key_bytes;
use super::member::Member;
use super::rows;
use super::tables::{ID_BYTES, TableId};
use super::view::Reader;
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::Result;
use crate::model::change::What;
use crate::model::scalar::Time;

const TABLE: TableId = TableId::PastValues;

/// Values by key number.
type Values = Vec<(u32, String)>;

/// Keeps the values of an instance that are about to change, because an invoice can show them.
pub fn keep(member: &Member<'_>, target: EntityRef, row: &FieldsRow, until: Time) -> Result<()> {
    let key = key(target, until);
    // Where there is a row of this moment, its values are those that were there before it. Where there is one of a
    // later moment the clock went back while nobody knew, and these values count as of no moment.
    if first_from(member, target, &key)?.is_some() {
        return Ok(());
    }
    let past = PastRow { values: row.values.clone() };
    member.put(TABLE, &key, Some(&codec::encode(&key, &past)?))
}

/// The values that an instance had as of a moment, by key number: those that all changes before it had left. `None`
/// where they are those that the instance has.
///
/// What is not shown on an invoice is not kept: of a customer that means all it had before its first contract.
pub fn values(reader: &impl Reader, target: EntityRef, as_of: Time) -> Result<Option<Values>> {
    let Some(key) = first_from(reader, target, &key(target, as_of))? else { return Ok(None) };
    let past: Option<PastRow> = reader.get(TABLE, &key, |row| codec::decode(TABLE, &key, row))?;
    Ok(past.map(|past| past.values))
}

/// The values that are kept under a moment.
pub fn at(reader: &impl Reader, target: EntityRef, until: Time) -> Result<Option<Values>> {
    let key = key(target, until);
    let past: Option<PastRow> = reader.get(TABLE, &key, |row| codec::decode(TABLE, &key, row))?;
    Ok(past.map(|past| past.values))
}

/// Keeps values that an instance had until a moment elsewhere. Those that are kept already are no change.
pub fn put(member: &Member<'_>, target: EntityRef, until: Time, values: Values) -> Result<()> {
    if at(member, target, until)?.as_ref() == Some(&values) {
        return Ok(());
    }
    let key = key(target, until);
    let past = PastRow { values };
    member.put(TABLE, &key, Some(&codec::encode(&key, &past)?))?;
    rows::note(member, target, &What::PastValues { until, values: past.values })
}

/// All values that are kept of an instance, each with the moment until which it had them.
#[cfg(feature = "wire")]
pub fn all(reader: &impl Reader, target: EntityRef) -> Result<Vec<(Time, Values)>> {
    let begin = begin(target);
    let mut found = Vec::new();
    reader.scan(TABLE, Bound::Included(&begin), |key, row| {
        let Some(until) = key.strip_prefix(begin.as_slice()) else { return Ok(ControlFlow::Break(())) };
        let past: PastRow = codec::decode(TABLE, key, row)?;
        found.push((key_bytes::moment_of(until)?, past.values));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Removes all of it, because the instance is forgotten.
pub fn forget(member: &Member<'_>, target: EntityRef) -> Result<()> {
    let begin = begin(target);
    while let Some(key) = first_from(member, target, &begin)? {
        member.put(TABLE, &key, None)?;
    }
    Ok(())
}

/// Whether an invoice can show the values of an instance: of a customer that has contracts, and of what stands on
/// one, unless it was taken in with nothing but its id.
pub fn is_shown(reader: &impl Reader, target: EntityRef) -> Result<bool> {
    use ManagedEntity as E;
    match target.entity {
        E::Customer => contract_window::any(reader, target.id),
        E::Contract
        | E::ContractProduct
        | E::Commit
        | E::ScheduledCharge
        | E::Subscription
        | E::Discount
        | E::ProfessionalService => {
            let record = reader.get(TableId::Record(target.entity), target.id.as_bytes(), |_| Ok(()))?;
            Ok(record.is_some())
        }
        _ => Ok(false),
    }
}

/// The key of an instance's first row from that key on.
fn first_from(reader: &impl Reader, target: EntityRef, from: &[u8]) -> Result<Option<Vec<u8>>> {
    let begin = begin(target);
    let mut found = None;
    reader.scan(TABLE, Bound::Included(from), |key, _| {
        found = key.starts_with(&begin).then(|| key.to_vec());
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

fn key(target: EntityRef, until: Time) -> Vec<u8> {
    let mut key = begin(target);
    key.extend(key_bytes::moment(Some(until)));
    key
}

/// The instance that a key is of.
pub fn instance_of(key: &[u8]) -> Option<(ManagedEntity, &[u8])> {
    let (number, rest) = key.split_first()?;
    let entity = ManagedEntity::ALL.into_iter().find(|entity| *entity as u8 == *number)?;
    Some((entity, rest.get(..ID_BYTES)?))
}

fn begin(target: EntityRef) -> Vec<u8> {
    let mut key = vec![target.entity as u8];
    key.extend(target.id.as_bytes());
    key
}
