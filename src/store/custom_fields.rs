//! Values: reading, setting, deleting.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::entities;
use super::find::searchable;
use crate::entity::EntityRef;
use crate::error::{Error, Fault, Result};
use crate::model::custom_field::{
    CustomFields, Expectation, KeyKind, SetOutcome, Taken, ValueOutcome, check_value,
};
#[cfg(feature = "wire")]
use crate::model::scalar::Time;
use crate::storage::catalog::Key;
use crate::storage::codec::FieldsRow;
use crate::storage::index;
use crate::storage::member::Member;
use crate::storage::rows::{self, Edit, KeyChange};
use crate::storage::view::Reader;

/// All values of an instance, by key.
pub fn all(reader: &impl Reader, target: EntityRef) -> Result<BTreeMap<String, String>> {
    match rows::look_at(reader, target, |row| under_names(reader, row.values))? {
        Some(values) => Ok(values),
        // It may be an invoice of which nothing is stored.
        None => Ok(named(reader, entities::known(reader, target)?)),
    }
}

/// All values of several instances; every unknown one is a fault.
pub fn many(reader: &impl Reader, targets: &[EntityRef]) -> Result<Vec<BTreeMap<String, String>>> {
    let mut faults = Vec::new();
    let mut values = Vec::with_capacity(targets.len());
    for &target in targets {
        match entities::row(reader, target)? {
            Some(row) => values.push(named(reader, row)),
            None => faults.push(Fault::InstanceNotFound { target }),
        }
    }
    Fault::none_of(faults)?;
    Ok(values)
}

/// An instance's value for one key.
pub fn one(reader: &impl Reader, target: EntityRef, name: &str) -> Result<Option<String>> {
    let key = reader.with_catalog(|catalog| catalog.known_key(target.entity, name).cloned());
    let row = entities::row(reader, target)?.ok_or(Fault::InstanceNotFound { target });
    match (key, row) {
        (Ok(key), Ok(row)) => Ok(row.value(key.number).map(str::to_owned)),
        (key, row) => Fault::none_of(key.err().into_iter().chain(row.err()).collect()).map(|()| None),
    }
}

/// Values under their keys' names; those of removed keys are not shown.
pub fn named(reader: &impl Reader, row: FieldsRow) -> BTreeMap<String, String> {
    under_names(reader, row.values)
}

fn under_names(reader: &impl Reader, values: Vec<(u32, impl Into<String>)>) -> BTreeMap<String, String> {
    reader.with_catalog(|catalog| {
        let mut named = BTreeMap::new();
        for (number, value) in values {
            if let Some(key) = catalog.key_of(number) {
                named.insert(String::from(&*key.name), value.into());
            }
        }
        named
    })
}

/// What is to become of an instance's values.
pub enum Wish {
    /// These are set; others stay.
    Merge(Vec<(String, String)>),
    /// These are set; others go.
    Replace(Vec<(String, String)>),
    /// The values of these keys go; others stay.
    Delete(Vec<String>),
}

/// Carries out wishes for several instances as one operation: all of them, or none and every fault of all.
pub fn change(
    member: &Member<'_>,
    wishes: Vec<(EntityRef, Wish)>,
    expectations: &[Expectation],
) -> Result<Vec<SetOutcome>> {
    let mut plan = Plan { adopts: member.setting().adopts_unknown, ..Plan::default() };
    let mut seen = HashSet::new();
    for (target, wish) in wishes {
        if !seen.insert(target) {
            plan.faults.push(Fault::InstanceRepeated { target });
        }
        plan.add(member, target, wish, expectations)?;
    }
    plan.carry_out(member)
}

/// Gives an instance a value of an enforced key, which leaves whoever holds it.
pub fn take(member: &Member<'_>, target: EntityRef, name: &str, value: String) -> Result<Taken> {
    let mut plan = Plan { adopts: member.setting().adopts_unknown, ..Plan::default() };
    let from = plan.holder_besides(member, target, name, &value)?;
    if let Some(from) = from {
        plan.add(member, from, Wish::Delete(vec![name.to_owned()]), &[])?;
    }
    plan.add(member, target, Wish::Merge(vec![(name.to_owned(), value)]), &[])?;
    let outcome = plan.carry_out(member)?.pop();
    let outcome = outcome.ok_or_else(|| Error::corrupt("a change without an outcome"))?;
    Ok(Taken { from, outcome })
}

/// Sets values of one instance, which is taken in where there is none; whether it was.
pub fn load(member: &Member<'_>, target: EntityRef, values: CustomFields) -> Result<bool> {
    let mut plan = Plan { adopts: true, ..Plan::default() };
    plan.add(member, target, Wish::Merge(values.into_pairs()), &[])?;
    let is_new = plan.edits.iter().any(|edit| edit.taken_in);
    plan.write(member).map(|_| is_new)
}

/// The edits that wishes come to, and what is wrong with them; nothing is written while it is made.
#[derive(Default)]
pub struct Plan {
    edits: Vec<Edit>,
    /// The values that are named and stay as they are, each with the place of its edit.
    idle: Vec<(usize, Arc<Key>, ValueOutcome)>,
    faults: Vec<Fault>,
    /// Whether unknown instances are taken in.
    adopts: bool,
}

impl Plan {
    /// What it takes to give an instance that is about to be made its values, checked.
    pub fn for_new(member: &Member<'_>, target: EntityRef, values: CustomFields) -> Result<Self> {
        Self::for_all_new(member, [(target, values)])
    }

    /// As [`for_new`](Self::for_new), for an instance that is put in as it is elsewhere, archived or not.
    #[cfg(feature = "wire")]
    pub fn for_carried(
        member: &Member<'_>,
        target: EntityRef,
        archived_at: Option<Time>,
        values: CustomFields,
    ) -> Result<Self> {
        let mut plan = Self::default();
        let row = FieldsRow { archived_at, revision: 0, values: Vec::new() };
        plan.add_edit(member, target, row, false, Wish::Merge(values.into_pairs()));
        plan.check_uniqueness(member)?;
        Ok(plan)
    }

    /// As [`for_new`](Self::for_new), for several instances that are made together.
    pub fn for_all_new(
        member: &Member<'_>,
        instances: impl IntoIterator<Item = (EntityRef, CustomFields)>,
    ) -> Result<Self> {
        let mut plan = Self::default();
        for (target, values) in instances {
            let row = FieldsRow { archived_at: None, revision: 0, values: Vec::new() };
            plan.add_edit(member, target, row, false, Wish::Merge(values.into_pairs()));
        }
        plan.check_uniqueness(member)?;
        Ok(plan)
    }

    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Gives the instance its values, now that it has a row.
    pub fn apply_new(self, member: &Member<'_>, row: FieldsRow) -> Result<()> {
        self.apply_all_new(member, [row]).map(drop)
    }

    /// Gives the instances their values, now that they have rows, in the order they were named; their revisions.
    pub fn apply_all_new(
        mut self,
        member: &Member<'_>,
        rows: impl IntoIterator<Item = FieldsRow>,
    ) -> Result<Vec<u64>> {
        for (edit, row) in self.edits.iter_mut().zip(rows) {
            edit.row = row;
        }
        rows::apply(member, self.edits)
    }

    /// Carries the edits out, unless there are faults.
    fn carry_out(mut self, member: &Member<'_>) -> Result<Vec<SetOutcome>> {
        let outcomes = self.outcomes();
        let both = self.write(member)?.into_iter().zip(outcomes);
        Ok(both.map(|(revision, values)| SetOutcome { revision, values }).collect())
    }

    /// What becomes of the values that each edit names, or takes from its instance.
    fn outcomes(&mut self) -> Vec<BTreeMap<String, ValueOutcome>> {
        let of_changes = |edit: &Edit| {
            edit.changes.iter().map(|change| (change.key.name.to_string(), outcome(change))).collect()
        };
        let mut outcomes: Vec<BTreeMap<_, _>> = self.edits.iter().map(of_changes).collect();
        for (edit, key, outcome) in self.idle.drain(..) {
            if let Some(outcomes) = outcomes.get_mut(edit) {
                outcomes.insert(key.name.to_string(), outcome);
            }
        }
        outcomes
    }

    /// As [`carry_out`](Self::carry_out), for whoever asks for nothing but revisions.
    fn write(mut self, member: &Member<'_>) -> Result<Vec<u64>> {
        self.check_uniqueness(member)?;
        Fault::none_of(self.faults)?;
        rows::apply(member, self.edits)
    }

    /// Who else holds a value that an instance is to have alone; a key that is not enforced is a fault.
    fn holder_besides(
        &mut self,
        member: &Member<'_>,
        target: EntityRef,
        name: &str,
        value: &str,
    ) -> Result<Option<EntityRef>> {
        if member.with_catalog(|catalog| catalog.key(target.entity, name).is_none()) {
            // To be found with the faults of the values themselves.
            return Ok(None);
        }
        let key = searchable(member, target.entity, name, &[KeyKind::Enforced]);
        let Some(key) = Fault::gather(key, &mut self.faults)? else { return Ok(None) };
        // One that would not hold the value takes it from nobody.
        if entities::row(member, target)?.is_some_and(|row| !key.is_held_by(&row)) {
            return Ok(None);
        }
        let holder = index::holder(member, &key, value)?.filter(|holder| *holder != target.id);
        Ok(holder.map(|id| EntityRef { entity: target.entity, id }))
    }

    fn add(
        &mut self,
        member: &Member<'_>,
        target: EntityRef,
        wish: Wish,
        expectations: &[Expectation],
    ) -> Result<()> {
        if target.entity.is_of_a_package() {
            self.faults.push(Fault::FieldsOfAPackage { target });
        }
        let found = entities::row(member, target)?;
        if found.is_none() && !self.adopts {
            self.faults.push(Fault::InstanceNotFound { target });
        }
        let taken_in = found.is_none() && self.adopts && !matches!(wish, Wish::Delete(_));
        let row = found.unwrap_or(FieldsRow { archived_at: None, revision: 0, values: Vec::new() });
        self.expect(member, target, &row, expectations);
        self.add_edit(member, target, row, taken_in, wish);
        Ok(())
    }

    fn add_edit(
        &mut self,
        member: &Member<'_>,
        target: EntityRef,
        row: FieldsRow,
        taken_in: bool,
        wish: Wish,
    ) {
        let replaces = matches!(wish, Wish::Replace(_));
        let wanted = match wish {
            Wish::Merge(pairs) | Wish::Replace(pairs) => {
                pairs.into_iter().map(|(name, value)| (name, Some(value))).collect()
            }
            Wish::Delete(names) => names.into_iter().map(|name| (name, None)).collect::<Vec<_>>(),
        };
        let mut values = Values { changes: Vec::with_capacity(wanted.len()), idle: Vec::new() };
        self.resolve(member, target, &row, wanted, &mut values);
        if replaces {
            let gone: Vec<_> = member.with_catalog(|catalog| {
                let others = row.values.iter().filter(|(number, _)| !values.names(*number));
                let gone = others.filter_map(|(number, old)| Some((catalog.key_of(*number)?, old)));
                gone.map(|(key, old)| KeyChange { key: Arc::clone(key), old: Some(old.clone()), new: None })
                    .collect()
            });
            values.changes.splice(0..0, gone);
        }
        // Revision 0 is one that no instance has.
        let new = row.revision == 0;
        let edit = self.edits.len();
        self.idle.extend(values.idle.into_iter().map(|(key, outcome)| (edit, key, outcome)));
        self.edits.push(Edit { target, row, new, taken_in, changes: values.changes });
    }

    /// Finds the keys, what becomes of their values, and faults with keys and values.
    fn resolve(
        &mut self,
        member: &Member<'_>,
        target: EntityRef,
        row: &FieldsRow,
        wanted: Vec<(String, Option<String>)>,
        values: &mut Values,
    ) {
        let entity = target.entity;
        let (mut unregistered, mut unknown) = (Vec::new(), HashSet::new());
        member.with_catalog(|catalog| {
            for (name, value) in wanted {
                if let Some(value) = &value {
                    self.faults.extend(check_value(entity, &name, value));
                }
                match catalog.key(entity, &name) {
                    Some(key) if !values.names(key.number) => values.add(row, key, value),
                    None if unknown.insert(name.clone()) => unregistered.push(name),
                    _ => self.faults.push(Fault::KeyRepeated { target, key: name }),
                }
            }
        });
        if !unregistered.is_empty() {
            self.faults.push(Fault::KeysNotRegistered { entity, keys: unregistered });
        }
    }

    fn expect(
        &mut self,
        member: &Member<'_>,
        target: EntityRef,
        row: &FieldsRow,
        expectations: &[Expectation],
    ) {
        let held = |name: &str| {
            let key = member.with_catalog(|catalog| catalog.known_key(target.entity, name).cloned())?;
            Ok::<_, Fault>(row.value(key.number))
        };
        for expectation in expectations {
            if let Expectation::Holds(name, value) = expectation {
                self.faults.extend(check_value(target.entity, name, value));
            }
            let met = match expectation {
                Expectation::Revision(expected) if row.revision != *expected => {
                    Err(Fault::RevisionDiffers { target, expected: *expected, found: row.revision })
                }
                Expectation::Revision(_) => Ok(()),
                Expectation::Absent(name) => {
                    held(name).and_then(|found| differs(target, name, None, found).map_or(Ok(()), Err))
                }
                Expectation::Holds(name, value) => {
                    held(name).and_then(|found| differs(target, name, Some(value), found).map_or(Ok(()), Err))
                }
            };
            self.faults.extend(met.err());
        }
    }

    /// Judges uniqueness on the state that the whole operation leaves: a value is free where its holder gives
    /// it up in the same operation, and taken where another edit takes it too.
    fn check_uniqueness(&mut self, member: &Member<'_>) -> Result<()> {
        let unique =
            || rows::held_changes(&self.edits).filter(|(_, change)| change.key.kind == KeyKind::Enforced);
        // What an edit gives up and takes concerns those that are made with it.
        let is_alone = self.edits.len() == 1;
        let freed: HashSet<_> = unique()
            .filter(|_| !is_alone)
            .filter_map(|(Edit { target, .. }, KeyChange { key, old, .. })| {
                Some((key.number, key.compared(old.as_deref()?), target.id))
            })
            .collect();
        let mut claims: HashMap<(u32, Cow<'_, str>), Uuid> = HashMap::new();
        let mut faults = Vec::new();
        for (Edit { target, .. }, KeyChange { key, new, .. }) in unique() {
            let Some(value) = new.as_deref() else { continue };
            let held = index::holder(member, key, value)?;
            let holder = if is_alone {
                held
            } else {
                let claim = (key.number, key.compared(value));
                let stays = |id: &Uuid| !freed.contains(&(claim.0, claim.1.clone(), *id));
                let claimed = *claims.entry(claim.clone()).or_insert(target.id);
                held.filter(stays).or_else(|| (claimed != target.id).then_some(claimed))
            };
            let Some(holder) = holder.filter(|holder| *holder != target.id) else { continue };
            let other = EntityRef { entity: target.entity, id: holder };
            faults.push(Fault::ValueTaken {
                target: *target,
                key: key.name.to_string(),
                value: value.to_owned(),
                holder,
                archived: rows::fields(member, other)?.is_some_and(|row| row.archived_at.is_some()),
            });
        }
        self.faults.extend(faults);
        Ok(())
    }
}

/// What becomes of the values of one instance, for each key at most once.
struct Values {
    changes: Vec<KeyChange>,
    /// The keys whose values stay as they are, and why.
    idle: Vec<(Arc<Key>, ValueOutcome)>,
}

impl Values {
    /// Whether it tells of the key of that number.
    fn names(&self, number: u32) -> bool {
        self.changes.iter().any(|change| change.key.number == number)
            || self.idle.iter().any(|(key, _)| key.number == number)
    }

    /// Adds what it takes to give a key this value.
    fn add(&mut self, row: &FieldsRow, key: &Arc<Key>, new: Option<String>) {
        let (key, old) = (Arc::clone(key), row.value(key.number));
        if old == new.as_deref() {
            let outcome = if new.is_some() { ValueOutcome::Unchanged } else { ValueOutcome::Absent };
            self.idle.push((key, outcome));
        } else {
            self.changes.push(KeyChange { key, old: old.map(str::to_owned), new });
        }
    }
}

/// What a change does to its value.
fn outcome(change: &KeyChange) -> ValueOutcome {
    match (&change.old, &change.new) {
        (None, _) => ValueOutcome::Added,
        (Some(_), Some(_)) => ValueOutcome::Changed,
        (Some(_), None) => ValueOutcome::Removed,
    }
}

fn differs(target: EntityRef, key: &str, expected: Option<&str>, found: Option<&str>) -> Option<Fault> {
    (expected != found).then(|| Fault::ValueDiffers {
        target,
        key: key.to_owned(),
        expected: expected.map(str::to_owned),
        holds_another: found.is_some(),
    })
}
