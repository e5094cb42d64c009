//! Following another store: carrying out the changes of its feed, so that this one holds the same and tells the same.
//!
//! A change is put as it stands in the feed, without the rules that it went through where it was made; what follows
//! from it comes from [`derived`]. What makes sure that it fits is the journal: the change that was written here has to
//! be told as the one that was followed, with all that was there before.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Store, custom_field_keys, derived, history};
use crate::entity::{ContractId, EntityRef, ManagedEntity};
use crate::error::{Error, Fault, Result};
use crate::id::PackageId;
use crate::model::change::{Collection, Subject, ValueChange, What};
use crate::model::custom_field::KeyKind;
use crate::model::history::{Change, ChangeKind, ChangeSubject, ChangedValue};
use crate::model::package::PackageRow;
use crate::model::recorded::{AnyPart, AnyRecord, AnyRecorded, ChangedPart, Recorded};
use crate::storage::catalog::Key;
use crate::storage::codec::FieldsRow;
use crate::storage::member::{Member, Row};
use crate::storage::view::Reader as _;
use crate::storage::{collection, index, journal, package, past, rows, settled};

impl Store {
    /// Carries out changes of another store's [feed](crate::ReadingHistory::changes_since) on this one, all of them or
    /// none, each under its own number, time and [`About`](crate::About): this store holds what that one held behind
    /// the last of them, and tells the same history. The number of its last change comes back, from which the feed
    /// goes on.
    ///
    /// The store that follows begins empty, changes by nothing else, and keeps its journal
    /// ([`keep_journal`](crate::StoreOptions::keep_journal)), if only the newest changes of it
    /// ([`history`](crate::StoreOptions::history)). Its clock and its ids are not asked. What
    /// [`write_once`](Self::write_once) keeps of requests is no change, and stays where it was made.
    ///
    /// What one transaction changed may be followed in pieces, as the feed was taken. What was forgotten meanwhile has
    /// no changes in the feed any more but that it was forgotten: until the store that follows comes to that, it holds
    /// of it what it had followed before.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
    /// let customer = store.create_customer(CreateCustomer {
    ///     name: "WidgetsExpress".into(),
    ///     custom_fields: [("x_account_id", "KyVnHhSB")].into(),
    ///     ..Default::default()
    /// })?;
    ///
    /// let copy = Store::in_memory()?;
    /// let mut seen = copy.last_change()?;
    /// while seen < store.last_change()? {
    ///     seen = copy.follow(&store.changes_since(seen, 100)?)?;
    /// }
    /// assert_eq!(copy.customer(customer)?, store.customer(customer)?);
    /// assert_eq!(copy.find("x_account_id", "KyVnHhSB")?, Some(customer));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where a change is not the next one ([`ChangeOutOfTurn`](crate::Fault::ChangeOutOfTurn)), or is a
    /// change of what this store does not hold so ([`ChangeDoesNotFit`](crate::Fault::ChangeDoesNotFit)), which means
    /// that the feed is another store's than the one that was followed so far; where this store keeps no journal; and
    /// what [`write`](Self::write) names.
    pub fn follow(&self, changes: &[Change]) -> Result<u64> {
        self.change(|member| follow(member, changes))
    }
}

fn follow(member: &Member<'_>, changes: &[Change]) -> Result<u64> {
    if !member.setting().keeps_journal {
        return Err(Fault::FollowsWithoutJournal.into());
    }
    let mut last = member.last_change();
    let mut time = journal::next(member, last.saturating_sub(1))?.map(|(_, change)| change.at);
    for change in changes {
        let (found, expected) = (change.sequence, last.saturating_add(1));
        if found != expected {
            return Err(Fault::ChangeOutOfTurn { found, expected }.into());
        }
        if time.is_some_and(|time| change.at < time) {
            return Err(misfit(change));
        }
        member.follow(change.at, change.about.clone());
        let fits = match carry_out(member, change) {
            Ok(()) => told(member, last)?.as_ref() == Some(change),
            Err(Error::Refused(_)) => false,
            Err(failure) => return Err(failure),
        };
        if !fits {
            return Err(misfit(change));
        }
        (last, time) = (found, Some(change.at));
    }
    Ok(last)
}

fn misfit(change: &Change) -> Error {
    Fault::ChangeDoesNotFit { sequence: change.sequence }.into()
}

/// The change behind that one, if it is the only one.
fn told(member: &Member<'_>, last: u64) -> Result<Option<Change>> {
    let next = journal::next(member, last)?;
    let next = next.filter(|(sequence, _)| *sequence == member.last_change());
    Ok(history::told(member, next.into_iter().collect())?.pop())
}

fn carry_out(member: &Member<'_>, change: &Change) -> Result<()> {
    match &change.subject {
        ChangeSubject::Forgotten => journal::record(member, Subject::Nothing, 0, &What::Emptied).map(drop),
        ChangeSubject::Key { entity, key } => of_key(member, change, *entity, key),
        ChangeSubject::Instance(target) => of_instance(member, change, *target),
        ChangeSubject::Package(id) => of_package(member, change, *id),
    }
}

fn of_key(member: &Member<'_>, change: &Change, entity: ManagedEntity, key: &str) -> Result<()> {
    match &change.what {
        ChangeKind::KeyAdded { rules, id, added_at } => {
            custom_field_keys::add_as(member, entity, key, *rules, *id, *added_at)
        }
        ChangeKind::KeyRemoved => custom_field_keys::remove(member, entity, key),
        ChangeKind::KeyKind { to, .. } => custom_field_keys::set_kind(member, entity, key, *to),
        _ => Err(misfit(change)),
    }
}

fn of_package(member: &Member<'_>, change: &Change, id: PackageId) -> Result<()> {
    let there = package::get(member, id)?;
    match (&change.what, there) {
        (ChangeKind::Created { record: Recorded(AnyRecorded::Package(new)) }, None) => {
            exchange(member, &[], &derived::of_package(new)?)?;
            package::create(member, (**new).clone())
        }
        (ChangeKind::Record { new: Recorded(AnyRecorded::Package(new)), .. }, Some(row)) => {
            exchange(member, &derived::of_package(&row.package)?, &derived::of_package(new)?)?;
            let new = PackageRow { package: (**new).clone(), ..row.clone() };
            package::update(member, new, &row.package)
        }
        (ChangeKind::Archived { archived_at }, Some(row)) => package::archive(member, row, *archived_at),
        _ => Err(misfit(change)),
    }
}

fn of_instance(member: &Member<'_>, change: &Change, target: EntityRef) -> Result<()> {
    match (&change.what, rows::fields(member, target)?) {
        (ChangeKind::Adopted, None) => rows::adopt(member, target).map(drop),
        (ChangeKind::Created { record: Recorded(AnyRecorded::Record(record)) }, None) => {
            exchange(member, &[], &derived::of_record(member, target.id, record)?)?;
            record.create(member, target.id).map(drop)
        }
        (ChangeKind::Forgotten, there) => forget(member, target, there),
        (_, Some(row)) => of_row(member, change, target, row),
        // An invoice is there before anything is stored of it.
        (_, None) if target.entity == ManagedEntity::Invoice => {
            let row = FieldsRow { archived_at: None, revision: 0, values: Vec::new() };
            of_row(member, change, target, row)
        }
        _ => Err(misfit(change)),
    }
}

fn of_row(member: &Member<'_>, change: &Change, target: EntityRef, row: FieldsRow) -> Result<()> {
    match &change.what {
        ChangeKind::Record { new: Recorded(AnyRecorded::Record(new)), .. } => {
            let old = AnyRecord::get(member, target)?.ok_or_else(|| misfit(change))?;
            let before = derived::of_record(member, target.id, &old)?;
            exchange(member, &before, &derived::of_record(member, target.id, new)?)?;
            if new.update(member, target.id, row, &old)? { Ok(()) } else { Err(misfit(change)) }
        }
        ChangeKind::Values(values) => set_values(member, change, target, row, values),
        ChangeKind::PastValues { until, values } if row.revision > 0 => {
            let mut values = numbered(member, change, target.entity, values.clone())?;
            values.sort_unstable();
            past::put(member, target, *until, values)
        }
        ChangeKind::Archived { archived_at } => rows::archive_at(member, target, row, *archived_at),
        ChangeKind::Parts { of, changes } => put_parts(member, target, row, *of, changes),
        ChangeKind::Settled { until } if target.entity == ManagedEntity::Contract => {
            settled::set_until(member, ContractId::from(target.id), *until)
        }
        _ => Err(misfit(change)),
    }
}

/// What is given by key, by the keys' numbers.
fn numbered<T>(
    member: &Member<'_>,
    change: &Change,
    entity: ManagedEntity,
    by_key: impl IntoIterator<Item = (String, T)>,
) -> Result<Vec<(u32, T)>> {
    member.with_catalog(|catalog| {
        let number = |(name, of_it): (String, T)| {
            let key = catalog.key(entity, &name).ok_or_else(|| misfit(change))?;
            Ok((key.number, of_it))
        };
        by_key.into_iter().map(number).collect()
    })
}

fn set_values(
    member: &Member<'_>,
    change: &Change,
    target: EntityRef,
    row: FieldsRow,
    values: &[ChangedValue],
) -> Result<()> {
    let by_key = values.iter().map(|value| (value.key.clone(), (value.old.clone(), value.new.clone())));
    let numbered = numbered(member, change, target.entity, by_key)?;
    let changes: Vec<_> =
        numbered.into_iter().map(|(key, (old, new))| ValueChange { key, old, new }).collect();
    if changes.iter().any(|change| row.value(change.key) != change.old.as_deref()) {
        return Err(misfit(change));
    }
    let of = |values: Vec<(u32, String)>| {
        derived::of_values(member, target, &FieldsRow { archived_at: row.archived_at, revision: 0, values })
    };
    let old = changes.iter().filter_map(|change| Some((change.key, change.old.clone()?))).collect();
    let new = changes.iter().filter_map(|change| Some((change.key, change.new.clone()?))).collect();
    exchange(member, &of(old), &of(new))?;
    rows::put_values(member, target, row, changes, change.kept).map(drop)
}

fn put_parts(
    member: &Member<'_>,
    target: EntityRef,
    mut row: FieldsRow,
    of: Collection,
    changes: &[ChangedPart],
) -> Result<()> {
    let (mut before, mut after, mut puts) = (Vec::new(), Vec::new(), Vec::new());
    for ChangedPart { key, old, new } in changes {
        if let Some(Recorded(AnyRecorded::Part(old))) = old {
            before.extend(derived::of_part(member, target.id, key, old)?);
        }
        let new = match new {
            Some(Recorded(AnyRecorded::Part(new))) => {
                after.extend(derived::of_part(member, target.id, key, new)?);
                Some(new.clone())
            }
            _ => None,
        };
        puts.push((key.clone(), new));
    }
    exchange(member, &before, &after)?;
    AnyPart::put_all(of, member, target.id, &mut row, puts.into_iter())
}

/// Takes out the rows that followed from what was, and puts those that follow from what is. A name may have gone over to
/// another instance before the one that had it says so: what leads there by now stays.
fn exchange(member: &Member<'_>, before: &[Row], after: &[Row]) -> Result<()> {
    let (old, new): (HashSet<_>, HashSet<_>) = (before.iter().collect(), after.iter().collect());
    for row in old.difference(&new) {
        if member.get(row.table, &row.key, |value| Ok(value == row.value))? == Some(true) {
            member.take_row(row)?;
        }
    }
    after.iter().filter(|row| !old.contains(row)).try_for_each(|row| member.put_row(row))
}

/// Forgets an instance with all that belongs to it, or says that one was forgotten of which nothing is here.
fn forget(member: &Member<'_>, target: EntityRef, there: Option<FieldsRow>) -> Result<()> {
    let Some(mut row) = there else {
        return journal::record(member, Subject::Instance(target), 0, &What::Forgotten).map(drop);
    };
    let mut leading = Vec::new();
    if let Some(record) = AnyRecord::get(member, target)? {
        leading = derived::of_record(member, target.id, &record)?;
    }
    for of in Collection::ALL.into_iter().filter(|of| of.owner() == target.entity) {
        let mut parts = Vec::new();
        collection::scan_any(member, of, target.id, |key, part| {
            parts.push((key.to_vec(), part));
            Ok(ControlFlow::Continue(()))
        })?;
        for (key, part) in parts {
            leading.extend(derived::of_part(member, target.id, &key, &part)?);
        }
    }
    leading.extend(derived::of_values(member, target, &row));
    exchange(member, &leading, &[])?;
    for of in Collection::ALL.into_iter().filter(|of| of.owner() == target.entity) {
        collection::clear(member, of, target.id)?;
    }
    if target.entity == ManagedEntity::Contract {
        settled::clear(member, ContractId::from(target.id))?;
    }
    hand_over(member, target, &row)?;
    // Its values lead to it no more, and what leads elsewhere by now stays.
    row.values.clear();
    rows::forget(member, target, &row)
}

/// Has unique values lead to who else holds them. That is so where a key was made unique while the feed, and so this
/// store, said no more of an instance that was forgotten later: it still had a value here that had gone over to another.
fn hand_over(member: &Member<'_>, target: EntityRef, row: &FieldsRow) -> Result<()> {
    for (number, value) in &row.values {
        let key = member.with_catalog(|catalog| catalog.key_of(*number).cloned());
        let rebuilt = |key: &Arc<Key>| key.kind == KeyKind::Enforced && key.revision > row.revision;
        let Some(key) = key.filter(rebuilt) else { continue };
        let value = key.compared(value);
        let others = custom_field_keys::held(member, &key)?.into_iter();
        for (_, holder) in others.filter(|(held, id)| *held == value && *id != target.id) {
            index::insert(member, &key, &value, holder)?;
        }
    }
    Ok(())
}
