//! Packages: id -> the package, with when it last changed.

use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::codec;
use super::journal;
use super::key_bytes;
use super::member::Member;
use super::tables::TableId;
use super::view::Reader;
use crate::error::Result;
use crate::id::PackageId;
use crate::model::change::{Subject, What};
use crate::model::package::{Package, PackageRow};
use crate::model::scalar::Time;

const TABLE: TableId = TableId::Package;

pub fn get(reader: &impl Reader, id: PackageId) -> Result<Option<PackageRow>> {
    let key = Uuid::from(id).into_bytes();
    reader.get(TABLE, &key, |row| codec::decode(TABLE, &key, row))
}

/// Calls `visit` with each package behind the id `after`, in order of the ids.
pub fn scan(
    reader: &impl Reader,
    after: Option<&[u8]>,
    mut visit: impl FnMut(Package) -> ControlFlow<()>,
) -> Result<()> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    reader.scan(TABLE, from, |key, row| {
        key_bytes::id(key)?;
        let row: PackageRow = codec::decode(TABLE, key, row)?;
        Ok(visit(row.package))
    })
}

/// Makes a package.
pub fn create(member: &Member<'_>, package: Package) -> Result<()> {
    let mut row = PackageRow { package, revision: 0 };
    let what = What::Created { record: codec::payload(&row.package)? };
    put(member, &mut row, &what)
}

/// Puts what a package is now in place of what it was.
pub fn update(member: &Member<'_>, mut row: PackageRow, old: &Package) -> Result<()> {
    let what = What::Record { old: codec::payload(old)?, new: codec::payload(&row.package)? };
    put(member, &mut row, &what)
}

/// Archives a package.
pub fn archive(member: &Member<'_>, mut row: PackageRow, at: Time) -> Result<()> {
    row.package.archived_at = Some(at);
    put(member, &mut row, &What::Archived)
}

fn put(member: &Member<'_>, row: &mut PackageRow, what: &What) -> Result<()> {
    let id = row.package.id;
    row.revision = journal::record(member, Subject::Package(id), row.revision, what)?;
    let key = Uuid::from(id).into_bytes();
    member.put(TABLE, &key, Some(&codec::encode(&key, row)?))
}
