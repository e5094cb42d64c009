//! The journal: every change, written in the commit that makes it.
//!
//! The changes of one subject are a chain through it, from the subject's revision back to 0. Old changes may have left
//! at the front; where the journal was not kept for a while, a row says so.

use std::ops::{Bound, ControlFlow};

use super::codec;
use super::ids::Ids;
use super::key_bytes;
use super::member::{Member, Progress};
use super::tables::TableId;
use super::view::Reader;
use crate::entity::EntityRef;
use crate::error::{Error, Result};
use crate::model::change::{ChangeRow, NewChange, Subject, What};
use crate::model::history::Retention;
use crate::model::scalar::Time;

const TABLE: TableId = TableId::Journal;

/// A change that is written takes up to so many old ones out of the journal: more than one, so that a long journal
/// that is to be short gets there.
const REMOVED_AT_ONCE: usize = 4;

/// Where the journal is not kept, one row says it of so many numbers, so that none of them is ever given again.
const UNKEPT_AT_ONCE: u64 = 1 << 16;

/// Writes a change into the journal; its number in it, which is the revision of what it changed. A number is never
/// given twice, whether the journal is kept or not.
pub fn record(member: &Member<'_>, subject: Subject, before: u64, what: &What) -> Result<u64> {
    let last = member.progress().sequence;
    let sequence = last.max(before).checked_add(1).ok_or_else(no_numbers)?;
    if member.setting().keeps_journal {
        let at = member.now();
        let key = sequence.to_be_bytes();
        let change = member.with_about_change(|about| {
            codec::encode(&key, &NewChange { at, about, subject, before, what })
        })?;
        member.put(TABLE, &key, Some(&change))?;
        trim(member, sequence, at)?;
    } else if sequence > member.progress().unkept {
        let unkept = sequence.checked_add(UNKEPT_AT_ONCE).ok_or_else(no_numbers)?;
        put(member, unkept, &ChangeRow::not_kept(member.now(), last))?;
        member.set_unkept(unkept);
    }
    keep_count(member)?;
    member.set_sequence(sequence);
    Ok(sequence)
}

fn no_numbers() -> Error {
    Error::corrupt("table journal: there are no sequence numbers left")
}

/// Takes what is older than the store keeps out of the journal's front. The last change always stays: where the journal
/// stands is known from it.
fn trim(member: &Member<'_>, last: u64, now: Time) -> Result<()> {
    let retention = member.setting().retention;
    if retention == Retention::All {
        return Ok(());
    }
    let mut old = Vec::new();
    scan(member, 0, |sequence, change| {
        let stays = match retention {
            Retention::All => true,
            Retention::For(age) => change.at.after(age) >= now,
            Retention::Changes(most) => last.saturating_sub(sequence) < most,
        };
        if stays || sequence >= last || old.len() >= REMOVED_AT_ONCE {
            return Ok(ControlFlow::Break(()));
        }
        old.push(sequence);
        Ok(ControlFlow::Continue(()))
    })?;
    old.into_iter().try_for_each(|sequence| member.put(TABLE, &sequence.to_be_bytes(), None))
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
#[cfg(feature = "wire")]
pub fn fill_up_to(member: &Member<'_>, number: u64) -> Result<()> {
    while member.progress().sequence < number {
        record(member, Subject::Nothing, 0, &What::Emptied)?;
    }
    Ok(())
}

/// Empties the changes of an instance, from its last one back; their numbers and times stay.
pub fn forget(member: &Member<'_>, target: EntityRef, last: u64) -> Result<()> {
    let subject = Subject::Instance(target);
    let mut sequence = last;
    while sequence > 0 {
        let Some(change) = link(member, subject, sequence)? else {
            return forget_unchained(member, subject, sequence);
        };
        put(member, sequence, &ChangeRow::emptied(change.at))?;
        sequence = change.before;
    }
    Ok(())
}

/// Empties what there is of a chain from a change back that is not in the journal. Where that one has left it, so have
/// those before; where it was not kept, these may still be there.
fn forget_unchained(member: &Member<'_>, subject: Subject, missing: u64) -> Result<()> {
    let mut found = Vec::new();
    scan(member, 0, |sequence, change| {
        if sequence >= missing {
            return Ok(ControlFlow::Break(()));
        }
        if change.subject == subject {
            found.push((sequence, change.at));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    found.into_iter().try_for_each(|(sequence, at)| put(member, sequence, &ChangeRow::emptied(at)))
}

/// Where the journal stands, from its last row.
pub(super) fn progress(sequence: &[u8], change: &[u8]) -> Result<Progress> {
    let change: ChangeRow = codec::decode(TABLE, sequence, change)?;
    let sequence = key_bytes::sequence(sequence)?;
    Ok(Progress { sequence, time: change.at, issued: 0, unkept: sequence })
}

fn put(member: &Member<'_>, sequence: u64, change: &ChangeRow) -> Result<()> {
    let key = sequence.to_be_bytes();
    member.put(TABLE, &key, Some(&codec::encode(&key, change)?))
}

/// A change of this subject; `None` where it is not in the journal, be it that it left or that it was not kept.
pub fn link(reader: &impl Reader, subject: Subject, sequence: u64) -> Result<Option<ChangeRow>> {
    let key = sequence.to_be_bytes();
    let change: Option<ChangeRow> = reader.get(TABLE, &key, |row| codec::decode(TABLE, &key, row))?;
    let change = change.filter(|change| change.subject == subject);
    match &change {
        Some(change) if change.before >= sequence => {
            Err(Error::corrupt("table journal: a change that comes before the one it follows"))
        }
        _ => Ok(change),
    }
}

/// Calls `visit` with each change behind that number, in order.
pub fn scan(
    reader: &impl Reader,
    after: u64,
    mut visit: impl FnMut(u64, ChangeRow) -> Result<ControlFlow<()>>,
) -> Result<()> {
    reader.scan(TABLE, Bound::Excluded(&after.to_be_bytes()), |key, row| {
        visit(key_bytes::sequence(key)?, codec::decode(TABLE, key, row)?)
    })
}

/// The first change behind that number.
pub fn next(reader: &impl Reader, after: u64) -> Result<Option<(u64, ChangeRow)>> {
    let mut found = None;
    scan(reader, after, |sequence, change| {
        found = Some((sequence, change));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The number of the last change that was recorded at that time or before; 0 where none that is there was.
///
/// Where the journal was not kept then, it is the last one before.
pub fn last_until(reader: &impl Reader, time: Time) -> Result<u64> {
    // Every change up to `found` is of that time or before, none from `end` on is.
    let (mut found, mut seen, mut end) = (0, 0, u64::MAX);
    while seen < end {
        let middle = seen + (end - seen) / 2;
        match next(reader, middle)? {
            Some((sequence, change)) if change.at <= time => {
                found = if change.what == What::NotKept { change.before } else { sequence };
                seen = sequence;
            }
            _ => end = middle,
        }
    }
    Ok(found)
}
