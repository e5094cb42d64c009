//! Outcomes of transactions that carried a key: kept for a while, and then removed a few at a time.

use std::ops::{Bound, ControlFlow};

use bincode::{Decode, Encode};

use super::codec;
use super::key_bytes::{self, MOMENT_BYTES};
use super::member::{Member, Row};
use super::tables::TableId;
use super::view::Reader;
use crate::error::{Error, Result};
use crate::model::scalar::Time;

/// How many outcomes that are over one write removes: more than the one it adds, so that they get fewer, and few
/// enough that no write is slow.
const REMOVED_AT_ONCE: usize = 16;

/// What was made of a request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OutcomeRow {
    /// From then on it is as if the request had never been made.
    pub until: Time,
    /// All bytes of the request. Whoever can choose these could make two requests with one short digest, and a digest
    /// that holds against that would be one more dependency, to save what is gone in a day anyway.
    pub request: Vec<u8>,
    pub outcome: Vec<u8>,
}

/// The record of a key; `None` where there is none, or its time is over.
pub fn kept(reader: &impl Reader, key: &str, now: Time) -> Result<Option<OutcomeRow>> {
    Ok(stored(reader, key)?.filter(|row| now < row.until))
}

/// Keeps the record of a key, and removes some of those that are over.
pub fn keep(member: &Member<'_>, key: &str, row: &OutcomeRow, now: Time) -> Result<()> {
    if stored(member, key)?.is_some() {
        remove(member, key)?;
    }
    for over in some_over(member, now)? {
        remove(member, &over)?;
    }
    member.put(TableId::Idempotency, key.as_bytes(), Some(&codec::encode(key.as_bytes(), row)?))?;
    member.put_row(&until_row(row.until, key))
}

/// The row that says when an outcome is over.
pub fn until_row(until: Time, key: &str) -> Row {
    let key = until_key(until, key);
    Row { table: TableId::IdempotencyUntil, value: codec::seal_listed(&key).to_vec(), key }
}

fn stored(reader: &impl Reader, key: &str) -> Result<Option<OutcomeRow>> {
    let table = TableId::Idempotency;
    reader.get(table, key.as_bytes(), |row| codec::decode(table, key.as_bytes(), row))
}

fn remove(member: &Member<'_>, key: &str) -> Result<()> {
    let Some(row) = stored(member, key)? else { return Ok(()) };
    member.put(TableId::Idempotency, key.as_bytes(), None)?;
    member.put(TableId::IdempotencyUntil, &until_key(row.until, key), None)
}

/// Keys of records that are over, those that were first.
fn some_over(reader: &impl Reader, now: Time) -> Result<Vec<String>> {
    let mut found = Vec::new();
    reader.scan(TableId::IdempotencyUntil, Bound::Unbounded, |row_key, row| {
        codec::check_listed(TableId::IdempotencyUntil, row_key, row)?;
        let (until, key) = split_until_key(row_key)?;
        if found.len() == REMOVED_AT_ONCE || now < until {
            return Ok(ControlFlow::Break(()));
        }
        found.push(key);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn until_key(until: Time, key: &str) -> Vec<u8> {
    [key_bytes::moment(Some(until)).as_slice(), key.as_bytes()].concat()
}

fn split_until_key(row_key: &[u8]) -> Result<(Time, String)> {
    let damaged = || Error::corrupt("table idempotency.until: a row that does not hold a moment and a key");
    let (until, key) = row_key.split_first_chunk::<MOMENT_BYTES>().ok_or_else(damaged)?;
    let key = String::from_utf8(key.to_vec()).map_err(|_| damaged())?;
    Ok((key_bytes::moment_of(until)?, key))
}
