//! What a contract consists of: contract, kind and part -> the part as it is; and, apart from these, contract, kind,
//! part and moment -> what the part was from that moment on.
//!
//! What is changed or removed goes over to the past and stays there, so that a contract can be read as it was at any
//! moment, whatever becomes of the journal. Reading it as it is reads one row of each part that it has, however many
//! versions there were, and however many parts that are gone; a change of a part writes two rows.

use std::collections::BTreeMap;
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
type Name = [u8; NAME_BYTES];
/// The bit of the kind that the versions have which are over.
const PAST: u8 = 1 << 7;

/// When a version began: a moment, and the contract's revision before, because several changes can fall on one
/// moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    pub time: Time,
    pub revision: u64,
}

impl Stamp {
    /// What a contract was made with at that moment. Every edit follows a revision.
    #[cfg(feature = "wire")]
    pub const fn making(time: Time) -> Self {
        Self { time, revision: 0 }
    }

    /// The last one of a moment.
    pub const fn end_of(time: Time) -> Self {
        Self { time, revision: u64::MAX }
    }

    fn of(version: &PartVersion) -> Self {
        Self { time: version.since, revision: version.revision }
    }

    /// Whether the version had been made by then. Where the clock went back, one that came later may bear an earlier
    /// moment; its revision tells.
    fn knows(self, version: &PartVersion) -> bool {
        Self::of(version) <= self && version.revision <= self.revision
    }
}

/// Which versions are asked for.
#[derive(Debug, Clone, Copy)]
pub enum AsOf {
    Now,
    /// The last ones that had been made by then.
    Past(Stamp),
}

impl AsOf {
    /// Whether the version that a part has now is the one that is asked for.
    fn shows(self, version: &PartVersion) -> bool {
        match self {
            Self::Now => true,
            Self::Past(stamp) => stamp.knows(version),
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

/// Puts versions in the place of those that parts have. A part that is to be as it is stays as it is.
pub fn put(
    member: &Member<'_>,
    contract: Uuid,
    row: &mut FieldsRow,
    stamp: Stamp,
    versions: Vec<NewVersion>,
) -> Result<()> {
    let mut puts = Vec::new();
    for NewVersion { kind, id, part } in versions {
        let name = name(kind, id);
        let before = live(member, contract, &name)?;
        if part.as_ref() == before.as_ref().and_then(|before| before.part.as_ref()) {
            continue;
        }
        // Where the clock went back while nobody knew, no version is put before the one it follows.
        let since = before.as_ref().map_or(stamp.time, |before| stamp.time.max(before.since));
        let version = PartVersion { since, revision: stamp.revision, part };
        puts.extend(before.map(|before| in_the_past(&name, before)));
        let (gone, there) =
            if version.part.is_some() { (None, Some(version)) } else { (Some(version), None) };
        puts.extend(gone.map(|gone| in_the_past(&name, gone)));
        puts.push(Put { key: name.to_vec(), part: there });
    }
    collection::put(member, contract, row, puts)
}

fn in_the_past(name: &Name, version: PartVersion) -> Put<PartVersion> {
    Put { key: [past(name).as_slice(), &suffix(Stamp::of(&version))].concat(), part: Some(version) }
}

fn live(reader: &impl Reader, contract: Uuid, name: &Name) -> Result<Option<PartVersion>> {
    collection::get(reader, contract, name)
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
    let there = live(reader, contract, &name)?;
    if let Some(version) = there.filter(|version| at.shows(version)) {
        return Ok(version.part);
    }
    let AsOf::Past(stamp) = at else { return Ok(None) };
    let name = past(&name);
    let from = [name.as_slice(), &suffix(stamp)].concat();
    let mut found = None;
    collection::scan(reader, contract, &name, Bound::Included(&from), |_, version: PartVersion| {
        if !stamp.knows(&version) {
            return Ok(ControlFlow::Continue(()));
        }
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
    let mut found = match at {
        AsOf::Now => BTreeMap::new(),
        AsOf::Past(stamp) => past_parts(reader, contract, kind, stamp)?,
    };
    let begins = Vec::from_iter(kind.map(|kind| kind as u8));
    collection::scan(reader, contract, &begins, Bound::Unbounded, |key, version: PartVersion| {
        let Some(name) = key.first_chunk::<NAME_BYTES>().filter(|[kind, ..]| kind & PAST == 0) else {
            return Ok(ControlFlow::Break(()));
        };
        if at.shows(&version) {
            found.insert(*name, version.part);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let there = found.into_iter().filter_map(|(name, part)| Some((id_of(&name), part?)));
    Ok(there.collect())
}

/// The usage filter of the latest start up to a moment.
pub fn filter_at(reader: &impl Reader, contract: Uuid, moment: Time) -> Result<Option<ContractPart>> {
    let begins = [PartKind::UsageFilter as u8];
    let from = name(PartKind::UsageFilter, filter_id(moment));
    let mut found = None;
    collection::scan(reader, contract, &begins, Bound::Included(&from), |_, version: PartVersion| {
        found = version.part;
        Ok(ControlFlow::Break(()))
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

/// The parts whose versions of a moment are over. Of the other versions of a part it reads at most two.
fn past_parts(
    reader: &impl Reader,
    contract: Uuid,
    kind: Option<PartKind>,
    stamp: Stamp,
) -> Result<BTreeMap<Name, Option<ContractPart>>> {
    let begins = [PAST | kind.map_or(0, |kind| kind as u8)];
    let begins = if kind.is_some() { begins.as_slice() } else { &[] };
    let suffix = suffix(stamp);
    let mut found = BTreeMap::new();
    let mut from = Some(Bound::Included(vec![PAST]));
    while let Some(start) = from.take() {
        let start = start.as_ref().map(Vec::as_slice);
        collection::scan(reader, contract, begins, start, |key, version: PartVersion| {
            let Some((past_name, made)) = key.split_first_chunk::<NAME_BYTES>() else {
                return Ok(ControlFlow::Continue(()));
            };
            let name = live_again(past_name);
            if found.contains_key(&name) {
                // An older version: on to the next part.
                from = Some(Bound::Excluded([past_name.as_slice(), &[u8::MAX; STAMP_BYTES + 1]].concat()));
                return Ok(ControlFlow::Break(()));
            }
            if made < suffix.as_slice() {
                // A version that came later.
                from = Some(Bound::Included([past_name.as_slice(), &suffix].concat()));
                return Ok(ControlFlow::Break(()));
            }
            if stamp.knows(&version) {
                found.insert(name, version.part);
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(found)
}

/// The key of a version with another revision.
#[cfg(feature = "wire")]
pub fn renumbered(key: &[u8], revision: u64) -> Vec<u8> {
    match key.split_last_chunk::<8>() {
        Some((name, _)) if !is_live(key) => [name, &revision.to_be_bytes().map(|byte| !byte)].concat(),
        _ => key.to_vec(),
    }
}

/// Whether a version can stand under a key.
#[cfg(feature = "wire")]
pub fn fits(key: &[u8], version: &PartVersion) -> bool {
    let Some((name, suffix_bytes)) = key.split_first_chunk::<NAME_BYTES>() else { return false };
    let live_name = live_again(name);
    let kind = version.part.as_ref().map(ContractPart::kind);
    let named = |kind: PartKind| live_name.first() == Some(&(kind as u8));
    let kind_fits = kind.map_or_else(|| PartKind::ALL.into_iter().any(named), named);
    let id_fits = match &version.part {
        // There is one of each, which is found by having no id.
        Some(ContractPart::Terms(_) | ContractPart::Settings(_)) => id_of(&live_name) == PartId::default(),
        Some(ContractPart::UsageFilter(filter)) => id_of(&live_name) == filter_id(filter.starting_at),
        _ => true,
    };
    let behind_fits = if is_live(key) {
        suffix_bytes.is_empty() && kind.is_some()
    } else {
        suffix_bytes == suffix(Stamp::of(version))
    };
    kind_fits && id_fits && behind_fits
}

/// The kind and the id of the part that a version is of.
#[cfg(feature = "wire")]
pub fn part_of(key: &[u8]) -> Option<(PartKind, Uuid)> {
    let name = live_again(key.first_chunk::<NAME_BYTES>()?);
    let kind = PartKind::ALL.into_iter().find(|kind| name.first() == Some(&(*kind as u8)))?;
    Some((kind, Uuid::from_bytes(id_of(&name))))
}

/// Whether the row with that key is a part as it is, and not as it was.
pub fn is_live(key: &[u8]) -> bool {
    key.first().is_some_and(|kind| kind & PAST == 0)
}

fn name(kind: PartKind, id: PartId) -> Name {
    let mut name = [kind as u8; NAME_BYTES];
    for (place, byte) in name.iter_mut().skip(1).zip(id) {
        *place = byte;
    }
    name
}

fn id_of(name: &Name) -> PartId {
    name.last_chunk().copied().unwrap_or_default()
}

/// What stands in front of the versions that are over.
fn past(name: &Name) -> Name {
    let mut past = *name;
    let [kind, ..] = &mut past;
    *kind |= PAST;
    past
}

fn live_again(past: &Name) -> Name {
    let mut name = *past;
    let [kind, ..] = &mut name;
    *kind &= !PAST;
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
