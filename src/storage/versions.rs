//! What a contract consists of, in all versions: contract, kind, part and moment -> the part from that moment on.
//!
//! Nothing is ever put over an earlier version, so that a contract can be read as it was at any moment, whatever
//! becomes of the journal. The latest version comes first: reading a part as it is reads one row, and a change of
//! it writes one, however many versions there are.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::codec::FieldsRow;
use super::collection::{self, Put};
use super::key_bytes::{self, MOMENT_BYTES};
use super::member::Member;
use super::tables::ID_BYTES;
use super::view::Reader;
use crate::error::Result;
use crate::model::contract::{ContractPart, PartKind};
use crate::model::contract_edit::PartVersion;
use crate::model::scalar::Time;
use crate::model::usage_filter::UsageFilter;

/// The id of a part: of a usage filter, that of its start.
pub type PartId = [u8; ID_BYTES];

const STAMP_BYTES: usize = MOMENT_BYTES + 8;
/// The kind and the id.
const NAME_BYTES: usize = 1 + ID_BYTES;

/// When a version began: a moment, and the contract's revision before, because several changes can fall on one
/// moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub time: Time,
    pub revision: u64,
}

/// Which versions are asked for.
#[derive(Debug, Clone, Copy)]
pub enum AsOf {
    Now,
    /// The last ones of a moment.
    Time(Time),
    /// Those that one change left.
    Change(Stamp),
}

impl AsOf {
    /// What stands behind a part's name in the key of the version, or in front of it.
    fn suffix(self) -> [u8; STAMP_BYTES] {
        match self {
            Self::Now => [0; STAMP_BYTES],
            Self::Time(time) => suffix(Stamp { time, revision: u64::MAX }),
            Self::Change(stamp) => suffix(stamp),
        }
    }
}

/// A version that is to be: `None` where the part is removed.
#[derive(Debug)]
pub struct NewVersion {
    pub kind: PartKind,
    pub id: PartId,
    pub part: Option<ContractPart>,
}

impl NewVersion {
    pub fn of(id: impl Into<Uuid>, part: ContractPart) -> Self {
        Self { kind: part.kind(), id: id.into().into_bytes(), part: Some(part) }
    }

    pub fn filter(filter: UsageFilter) -> Self {
        let id = filter_id(filter.starting_at);
        Self { kind: PartKind::UsageFilter, id, part: Some(ContractPart::UsageFilter(filter)) }
    }
}

pub fn put(
    member: &Member<'_>,
    contract: Uuid,
    row: &mut FieldsRow,
    stamp: Stamp,
    versions: Vec<NewVersion>,
) -> Result<()> {
    let puts = versions.into_iter().map(|NewVersion { kind, id, part }| Put {
        key: [name(kind, id).as_slice(), &suffix(stamp)].concat(),
        part: PartVersion { part },
    });
    collection::put(member, contract, row, puts)
}

/// A part of a contract; `None` where there is none, not yet or not any more.
pub fn part(
    reader: &impl Reader,
    contract: Uuid,
    kind: PartKind,
    id: PartId,
    at: AsOf,
) -> Result<Option<ContractPart>> {
    let name = name(kind, id);
    let from = [name.as_slice(), &at.suffix()].concat();
    let mut found = None;
    collection::scan(reader, contract, &name, Bound::Included(&from), |_, version: PartVersion| {
        found = version.part;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The parts of a contract, all or of one kind, by kind and id.
pub fn parts(
    reader: &impl Reader,
    contract: Uuid,
    kind: Option<PartKind>,
    at: AsOf,
) -> Result<Vec<(PartId, ContractPart)>> {
    let begins = kind.map(|kind| vec![kind as u8]).unwrap_or_default();
    let mut found = Vec::new();
    walk(reader, contract, &begins, begins.clone(), at, |id, part| {
        found.push((id, part));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The usage filter that was set for the latest start up to a moment.
pub fn filter_at(
    reader: &impl Reader,
    contract: Uuid,
    moment: Time,
    at: AsOf,
) -> Result<Option<ContractPart>> {
    let begins = [PartKind::UsageFilter as u8];
    let from = name(PartKind::UsageFilter, filter_id(moment)).to_vec();
    let mut found = None;
    walk(reader, contract, &begins, from, at, |_, part| {
        found = Some(part);
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// The id of the usage filter that starts at a moment: the later, the earlier in the order of the keys.
pub fn filter_id(starting_at: Time) -> PartId {
    let mut id = [0; ID_BYTES];
    for (place, byte) in id.iter_mut().zip(key_bytes::moment(Some(starting_at))) {
        *place = !byte;
    }
    id
}

/// Visits the version of each part that counts, from the key `from` on. Of the other versions of a part it reads
/// at most two.
fn walk(
    reader: &impl Reader,
    contract: Uuid,
    begins: &[u8],
    from: Vec<u8>,
    at: AsOf,
    mut visit: impl FnMut(PartId, ContractPart) -> ControlFlow<()>,
) -> Result<()> {
    let suffix = at.suffix();
    let mut from = Some(Bound::Included(from));
    let mut settled: Option<Vec<u8>> = None;
    while let Some(start) = from.take() {
        let start = start.as_ref().map(Vec::as_slice);
        collection::scan(reader, contract, begins, start, |key, version: PartVersion| {
            let Some((name, stamp)) = key.split_at_checked(NAME_BYTES) else {
                return Ok(ControlFlow::Continue(()));
            };
            if settled.as_deref() == Some(name) {
                // An older version: on to the next part.
                from = Some(Bound::Excluded([name, &[u8::MAX; STAMP_BYTES + 1]].concat()));
                return Ok(ControlFlow::Break(()));
            }
            if stamp < suffix.as_slice() {
                // A version that came later.
                from = Some(Bound::Included([name, &suffix].concat()));
                return Ok(ControlFlow::Break(()));
            }
            settled = Some(name.to_vec());
            let id = name.last_chunk().copied().unwrap_or_default();
            Ok(version.part.map_or(ControlFlow::Continue(()), |part| visit(id, part)))
        })?;
    }
    Ok(())
}

fn name(kind: PartKind, id: PartId) -> [u8; NAME_BYTES] {
    let mut name = [kind as u8; NAME_BYTES];
    for (place, byte) in name.iter_mut().skip(1).zip(id) {
        *place = byte;
    }
    name
}

fn suffix(stamp: Stamp) -> [u8; STAMP_BYTES] {
    let mut suffix = [0; STAMP_BYTES];
    let bytes = key_bytes::moment(Some(stamp.time)).into_iter().chain(stamp.revision.to_be_bytes());
    for (place, byte) in suffix.iter_mut().zip(bytes) {
        *place = !byte;
    }
    suffix
}
