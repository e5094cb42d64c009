//! The contracts of a customer by their start: customer, start and contract -> when the contract is in force.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::codec;
use super::key_bytes;
use super::member::{Member, Row};
use super::tables::{ID_BYTES, TableId};
use super::view::Reader;
use crate::error::Result;
use crate::model::contract_row::ContractWindow;
use crate::model::scalar::Time;

const TABLE: TableId = TableId::CustomerContracts;

/// Says when a contract is in force. Its start never changes.
pub fn put(member: &Member<'_>, customer: Uuid, contract: Uuid, window: &ContractWindow) -> Result<()> {
    member.put_row(&row(customer, contract, window)?)
}

/// The row of a contract in its customer's list.
pub fn row(customer: Uuid, contract: Uuid, window: &ContractWindow) -> Result<Row> {
    let key = [from(customer, window.starting_at).as_slice(), contract.as_bytes()].concat();
    Ok(Row { table: TABLE, value: codec::encode(&key, window)?, key })
}

/// Takes a contract out of the list, because it is forgotten.
pub fn take(member: &Member<'_>, customer: Uuid, contract: Uuid, starting_at: Time) -> Result<()> {
    let key = [from(customer, starting_at).as_slice(), contract.as_bytes()].concat();
    member.put(TABLE, &key, None)
}

/// Calls `visit` with each contract of a customer that starts at a moment or later, in order of their starts, with
/// the place that a scan can go on behind.
pub fn scan(
    reader: &impl Reader,
    customer: Uuid,
    starting_at: Option<Time>,
    after: Option<&[u8]>,
    mut visit: impl FnMut(&[u8], Uuid, ContractWindow) -> ControlFlow<()>,
) -> Result<()> {
    let begin = starting_at.map_or_else(|| customer.as_bytes().to_vec(), |start| from(customer, start));
    let after = after.map(|after| [customer.as_bytes().as_slice(), after].concat());
    let start = match &after {
        Some(after) if *after >= begin => Bound::Excluded(after.as_slice()),
        _ => Bound::Included(begin.as_slice()),
    };
    reader.scan(TABLE, start, |key, row| {
        let Some(place) = key.strip_prefix(customer.as_bytes().as_slice()) else {
            return Ok(ControlFlow::Break(()));
        };
        let contract = place.last_chunk::<ID_BYTES>().map_or(&[][..], |id| id.as_slice());
        let contract = key_bytes::id(contract)?;
        Ok(visit(place, contract, codec::decode(TABLE, key, row)?))
    })
}

/// Whether a customer has any contract.
pub fn any(reader: &impl Reader, customer: Uuid) -> Result<bool> {
    let mut any = false;
    reader.scan(TABLE, Bound::Included(customer.as_bytes()), |key, _| {
        any = key.starts_with(customer.as_bytes());
        Ok(ControlFlow::Break(()))
    })?;
    Ok(any)
}

fn from(customer: Uuid, starting_at: Time) -> Vec<u8> {
    let mut key = customer.as_bytes().to_vec();
    key.extend(key_bytes::moment(Some(starting_at)));
    key
}
