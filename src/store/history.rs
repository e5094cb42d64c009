//! The history of what is kept: the changes of one subject, newest first, and values as they were.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use uuid::Uuid;

use super::{entities, packages};
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::{Error, Fault, Result};
use crate::id::PackageId;
use crate::model::change::{ChangeRow, Collection, PartChange, Subject, ValueChange, What};
use crate::model::custom_field::KeyRules;
use crate::model::history::{Change, ChangeKind, ChangeSubject, ChangedValue, Moment};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::recorded::{AnyPart, AnyRecord, AnyRecorded, ChangedPart, Recorded};
use crate::model::scalar::Time;
use crate::storage::catalog::Catalog;
use crate::storage::codec::{self, KeyRow};
use crate::storage::view::Reader;
use crate::storage::{journal, package, rows};

/// A page of the changes of an instance.
pub fn of_instance(reader: &impl Reader, target: EntityRef, request: &PageRequest) -> Result<Page<Change>> {
    let chain = (Subject::Instance(target), entities::known(reader, target)?.revision);
    let question = Question::filtered("history", &[target.to_string()]);
    page(reader, &[chain], question, request, |_, _| true)
}

/// A page of the changes of a package.
pub fn of_package(reader: &impl Reader, id: PackageId, request: &PageRequest) -> Result<Page<Change>> {
    let chain = (Subject::Package(id), packages::known(reader, id)?.revision);
    let question = Question::filtered("package history", &[id.to_string()]);
    page(reader, &[chain], question, request, |_, _| true)
}

/// A page of the changes of the keys that had a text, one after the other.
pub fn of_key(
    reader: &impl Reader,
    entity: ManagedEntity,
    key: &str,
    request: &PageRequest,
) -> Result<Page<Change>> {
    let keys = keys_named(reader, entity, key)?;
    // A key of that text was removed before the next one came, so that all of its changes are older.
    let chains: Vec<_> =
        keys.iter().rev().map(|(number, row)| (Subject::Key(*number), row.revision)).collect();
    let question = Question::filtered("key history", &[entity.to_string(), key.to_owned()]);
    page(reader, &chains, question, request, |_, _| true)
}

/// A page of the changes of the values that an instance had for a key, or for those before it that had its text.
pub fn of_value(
    reader: &impl Reader,
    target: EntityRef,
    key: &str,
    request: &PageRequest,
) -> Result<Page<Change>> {
    let (row, keys) = (entities::known(reader, target), keys_named(reader, target.entity, key));
    let mut faults = Vec::new();
    let found = (Fault::gather(row, &mut faults)?, Fault::gather(keys, &mut faults)?);
    Fault::none_of(faults)?;
    let (Some(row), Some(keys)) = found else { return Ok(Page { items: Vec::new(), next: None }) };
    let of_key = |sequence: u64, value: &ValueChange| {
        keys.get(&value.key).is_some_and(|row| is_registered(row, sequence))
    };
    let wanted =
        |sequence: u64, change: &ChangeRow| change.what.values().iter().any(|value| of_key(sequence, value));
    let question = Question::filtered("value history", &[target.to_string(), key.to_owned()]);
    let chain = (Subject::Instance(target), row.revision);
    let mut page = page(reader, &[chain], question, request, wanted)?;
    for change in &mut page.items {
        if let ChangeKind::Values(values) = &mut change.what {
            values.retain(|value| value.key == key);
        }
    }
    Ok(page)
}

/// All keys that have or had a text, by number; the fault that there never was one.
fn keys_named(reader: &impl Reader, entity: ManagedEntity, key: &str) -> Result<BTreeMap<u32, KeyRow>> {
    let mut found = BTreeMap::new();
    rows::scan_keys(reader, |number, row| {
        if row.entity == entity && row.name == key {
            found.insert(number, row);
        }
        ControlFlow::Continue(())
    })?;
    if found.is_empty() {
        return Err(Fault::KeyNotFound { entity, key: key.to_owned() }.into());
    }
    Ok(found)
}

/// Whether a key that had been registered by then still was behind that change.
fn is_registered(key: &KeyRow, sequence: u64) -> bool {
    key.removed_at.is_none() || key.revision > sequence
}

/// A page of chains, newest first, each from the number of its last change: of those changes that are wanted. Reads no
/// other changes than the chains'.
///
/// What is missing ends the page before it; a page that would begin with it is refused.
fn page(
    reader: &impl Reader,
    chains: &[(Subject, u64)],
    question: Question,
    request: &PageRequest,
    wanted: impl Fn(u64, &ChangeRow) -> bool,
) -> Result<Page<Change>> {
    let store = reader.with_catalog(Catalog::store);
    let from = request.resume(store, &question)?.map(position).transpose()?.unwrap_or(u64::MAX);
    // The chains before the one that goes on there were read to their ends.
    let begin = chains.iter().rposition(|(_, last)| *last >= from).unwrap_or(0);
    let mut found = Vec::new();
    let mut rest = None;
    'chains: for (subject, last) in chains.iter().skip(begin) {
        let mut sequence = from.min(*last);
        while sequence > 0 {
            let Some(change) = journal::link(reader, *subject, sequence)? else {
                rest = Some(sequence);
                break 'chains;
            };
            let before = change.before;
            if wanted(sequence, &change) {
                if found.len() == request.limit {
                    rest = Some(sequence);
                    break 'chains;
                }
                found.push((sequence, change));
            }
            sequence = before;
        }
    }
    match rest {
        Some(missing) if found.is_empty() => Err(trimmed(Moment::Change(missing), missing).into()),
        rest => Ok(Page {
            items: told(reader, found)?,
            next: rest.map(|rest| Cursor::new(store, question, &rest.to_be_bytes())),
        }),
    }
}

fn position(bytes: &[u8]) -> Result<u64> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| Fault::CursorOfAnotherQuestion.into())
}

/// The fault of a question for which that change is missing.
fn trimmed(asked: Moment, missing: u64) -> Fault {
    Fault::HistoryTrimmed { asked, kept_from: missing.saturating_add(1) }
}

/// The values that an instance had at a moment, by key; `None` where it was not there yet.
pub fn values_as_of(
    reader: &impl Reader,
    target: EntityRef,
    moment: Moment,
) -> Result<Option<BTreeMap<String, String>>> {
    let mut faults = Vec::new();
    let row = Fault::gather(entities::known(reader, target), &mut faults)?;
    let until = match moment {
        Moment::Time(time) => journal::last_until(reader, time)?,
        Moment::Change(asked) => {
            faults.extend(not_there(reader, asked));
            asked
        }
    };
    Fault::none_of(faults)?;
    let Some(row) = row else { return Ok(None) };
    let mut values: BTreeMap<u32, String> = row.values.into_iter().collect();
    let mut sequence = row.revision;
    while sequence > until {
        let change = journal::link(reader, Subject::Instance(target), sequence)?;
        let change = change.ok_or_else(|| trimmed(moment, sequence))?;
        if let What::Values { changes, .. } = change.what {
            undo(&mut values, changes);
        }
        sequence = change.before;
    }
    // Before its first change an instance was not there.
    if sequence == 0 { Ok(None) } else { named(reader, values, until).map(Some) }
}

fn undo(values: &mut BTreeMap<u32, String>, changes: Vec<ValueChange>) {
    for ValueChange { key, old, .. } in changes {
        match old {
            Some(old) => drop(values.insert(key, old)),
            None => drop(values.remove(&key)),
        }
    }
}

/// Values under the names of their keys, without those of keys that were removed by then.
fn named(
    reader: &impl Reader,
    values: BTreeMap<u32, String>,
    until: u64,
) -> Result<BTreeMap<String, String>> {
    let mut keys = Keys::of(reader);
    let mut named = BTreeMap::new();
    for (number, value) in values {
        let key = keys.row(number)?;
        if is_registered(key, until) {
            named.insert(key.name.clone(), value);
        }
    }
    Ok(named)
}

/// The fault of a number that no change has yet.
pub fn not_there(reader: &impl Reader, asked: u64) -> Option<Fault> {
    let last = reader.last_change();
    (asked > last).then_some(Fault::ChangeNotThere { asked, last })
}

/// Changes as they are told.
pub fn told(reader: &impl Reader, changes: Vec<(u64, ChangeRow)>) -> Result<Vec<Change>> {
    let mut keys = Keys::of(reader);
    changes.into_iter().map(|(sequence, change)| keys.tell(sequence, change)).collect()
}

/// The keys that changes name by their numbers, registered or removed, each read once.
struct Keys<'r, R> {
    reader: &'r R,
    rows: HashMap<u32, KeyRow>,
}

impl<'r, R: Reader> Keys<'r, R> {
    fn of(reader: &'r R) -> Self {
        Self { reader, rows: HashMap::new() }
    }

    fn row(&mut self, number: u32) -> Result<&KeyRow> {
        use std::collections::hash_map::Entry;
        match self.rows.entry(number) {
            Entry::Occupied(row) => Ok(row.into_mut()),
            Entry::Vacant(place) => {
                let row = rows::key_row(self.reader, number)?;
                let missing = || Error::corrupt(format!("table keys: there is no key number {number}"));
                Ok(place.insert(row.ok_or_else(missing)?))
            }
        }
    }

    fn tell(&mut self, sequence: u64, change: ChangeRow) -> Result<Change> {
        let ChangeRow { at, about, subject, before, what } = change;
        let kept = if let What::Values { kept, .. } = what { kept } else { None };
        let what = match what {
            What::Values { changes, .. } => ChangeKind::Values(self.values(sequence, changes)?),
            What::PastValues { until, values } => {
                let values = named(self.reader, values.into_iter().collect(), sequence)?;
                ChangeKind::PastValues { until, values }
            }
            What::KeyAdded(rules) => self.key_added(subject, rules)?,
            What::Archived => ChangeKind::Archived { archived_at: archived_at(self.reader, subject, at)? },
            other => told_by_itself(subject, other)?,
        };
        Ok(Change { sequence, at, about, subject: self.subject(subject)?, before, what, kept })
    }

    fn subject(&mut self, subject: Subject) -> Result<ChangeSubject> {
        Ok(match subject {
            Subject::Nothing => ChangeSubject::Forgotten,
            Subject::Key(number) => {
                let key = self.row(number)?;
                ChangeSubject::Key { entity: key.entity, key: key.name.clone() }
            }
            Subject::Instance(target) => ChangeSubject::Instance(target),
            Subject::Package(id) => ChangeSubject::Package(id),
        })
    }

    fn key_added(&mut self, subject: Subject, rules: KeyRules) -> Result<ChangeKind> {
        let Subject::Key(number) = subject else {
            return Err(Error::corrupt("table journal: what was registered is no key"));
        };
        let key = self.row(number)?;
        Ok(ChangeKind::KeyAdded { rules, id: Uuid::from_bytes(key.id), added_at: key.added_at })
    }

    /// The values that a caller changed. Those of keys that had been removed only left with the change: nobody could
    /// see them any more.
    fn values(&mut self, sequence: u64, changes: Vec<ValueChange>) -> Result<Vec<ChangedValue>> {
        let mut values = Vec::with_capacity(changes.len());
        for ValueChange { key, old, new } in changes {
            let key = self.row(key)?;
            if is_registered(key, sequence) {
                values.push(ChangedValue { key: key.name.clone(), old, new });
            }
        }
        Ok(values)
    }
}

/// What a change says without anything else that is stored.
fn told_by_itself(subject: Subject, what: What) -> Result<ChangeKind> {
    Ok(match what {
        What::KeyRemoved => ChangeKind::KeyRemoved,
        What::KeyKind { from, to } => ChangeKind::KeyKind { from, to },
        What::Adopted => ChangeKind::Adopted,
        What::Created { record } => ChangeKind::Created { record: recorded(subject, &record)? },
        What::Record { old, new } => {
            ChangeKind::Record { old: recorded(subject, &old)?, new: recorded(subject, &new)? }
        }
        What::Forgotten => ChangeKind::Forgotten,
        What::Parts { of, changes } => {
            let changes = changes.into_iter().map(|change| changed_part(of, change));
            ChangeKind::Parts { of, changes: changes.collect::<Result<_>>()? }
        }
        What::Settled { until } => ChangeKind::Settled { until },
        _ => ChangeKind::Emptied,
    })
}

fn recorded(subject: Subject, payload: &[u8]) -> Result<Recorded> {
    Ok(Recorded(match subject {
        Subject::Instance(target) => AnyRecorded::Record(AnyRecord::of_journal(target.entity, payload)?),
        Subject::Package(_) => AnyRecorded::Package(Box::new(codec::from_journal(payload)?)),
        Subject::Key(_) | Subject::Nothing => {
            return Err(Error::corrupt("table journal: a record of what has none"));
        }
    }))
}

fn changed_part(of: Collection, change: PartChange) -> Result<ChangedPart> {
    let part = |payload: Option<Vec<u8>>| {
        let part = payload.map(|payload| AnyPart::of_journal(of, &payload)).transpose()?;
        Ok::<_, Error>(part.map(AnyRecorded::Part).map(Recorded))
    };
    Ok(ChangedPart { key: change.key, old: part(change.old)?, new: part(change.new)? })
}

/// When something was archived, which stands in its row: what is archived stays so.
fn archived_at(reader: &impl Reader, subject: Subject, at: Time) -> Result<Time> {
    let found = match subject {
        Subject::Instance(target) => rows::fields(reader, target)?.and_then(|row| row.archived_at),
        Subject::Package(id) => package::get(reader, id)?.and_then(|row| row.package.archived_at),
        Subject::Key(_) | Subject::Nothing => None,
    };
    Ok(found.unwrap_or(at))
}
