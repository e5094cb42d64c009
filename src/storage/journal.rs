//! The journal: every change, written in the commit that makes it.

use std::ops::{Bound, ControlFlow};

use super::codec;
use super::ids::Ids;
use super::key_bytes;
use super::member::{Member, Progress};
use super::tables::TableId;
use super::view::Reader;
use crate::entity::EntityRef;
use crate::error::{Error, Result};
use crate::model::change::{Change, Subject, What};

/// Writes a change into the journal; its number in it, which is the revision of what it changed.
///
/// Where the journal is not kept nothing is written, and the number is only higher than the revision before: an
/// instance's revisions go up either way.
pub fn record(member: &Member<'_>, subject: Subject, before: u64, what: What) -> Result<u64> {
    let last = member.progress();
    let sequence = last
        .sequence
        .max(before)
        .checked_add(1)
        .ok_or_else(|| Error::corrupt("table journal: there are no sequence numbers left"))?;
    let at = member.now();
    if member.setting().keeps_journal {
        let about = member.about().clone();
        put(member, sequence, &Change { at, about, subject, before, what })?;
    }
    keep_count(member)?;
    member.set_sequence(sequence);
    Ok(sequence)
}

/// The name in the table `meta` of how many counted ids were issued.
pub(super) const ISSUED: &[u8] = b"issued";

/// Keeps how many counted ids were issued: parts of instances have ids too, so that no change tells how many there
/// were. Ids of another kind tell it by themselves.
fn keep_count(member: &Member<'_>) -> Result<()> {
    if !matches!(member.setting().ids, Ids::Counted) {
        return Ok(());
    }
    let issued = member.progress().issued;
    member.put(TableId::Meta, ISSUED, Some(&codec::encode(ISSUED, &issued)?))
}

/// Has the next change bear a higher number than that one. The numbers before it are those of empty changes, so that
/// none is missing.
pub fn fill_up_to(member: &Member<'_>, number: u64) -> Result<()> {
    while member.progress().sequence < number {
        let sequence = member.progress().sequence + 1;
        if member.setting().keeps_journal {
            put(member, sequence, &Change::emptied(member.now()))?;
        }
        member.set_sequence(sequence);
    }
    Ok(())
}

/// Empties the changes of an instance, from its last one back; their numbers and times stay.
pub fn forget(member: &Member<'_>, target: EntityRef, last: u64) -> Result<()> {
    let mut sequence = last;
    while sequence > 0 {
        match read(member, sequence)? {
            Some(change) if change.subject == Subject::Instance(target) => {
                put(member, sequence, &Change::emptied(change.at))?;
                sequence = change.before;
            }
            // The journal was not kept for a while, which broke the chain: older changes may still stand in it.
            _ => return forget_unchained(member, target),
        }
    }
    Ok(())
}

fn forget_unchained(member: &Member<'_>, target: EntityRef) -> Result<()> {
    let mut found = Vec::new();
    member.scan(TableId::Journal, Bound::Unbounded, |key, row| {
        let change: Change = codec::decode(TableId::Journal, key, row)?;
        if change.subject == Subject::Instance(target) {
            found.push((key_bytes::sequence(key)?, change.at));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    found.into_iter().try_for_each(|(sequence, at)| put(member, sequence, &Change::emptied(at)))
}

/// Where the journal stands, from its last row.
pub(super) fn progress(sequence: &[u8], change: &[u8]) -> Result<Progress> {
    let change: Change = codec::decode(TableId::Journal, sequence, change)?;
    let sequence = key_bytes::sequence(sequence)?;
    Ok(Progress { sequence, time: change.at, issued: 0 })
}

fn put(member: &Member<'_>, sequence: u64, change: &Change) -> Result<()> {
    let key = sequence.to_be_bytes();
    member.put(TableId::Journal, &key, Some(&codec::encode(&key, change)?))
}

fn read(reader: &impl Reader, sequence: u64) -> Result<Option<Change>> {
    let key = sequence.to_be_bytes();
    reader.get(TableId::Journal, &key, |row| codec::decode(TableId::Journal, &key, row))
}
