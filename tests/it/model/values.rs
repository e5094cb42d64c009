//! What the operations on values do to the model.

use std::collections::{BTreeMap, BTreeSet};

use billfold::MAX_VALUE_CHARACTERS;
use billfold::prelude::*;

use super::operation::{Answer, Op, Pairs, Refusal, expectation};
use super::state::{Held, Model};

/// What one instance is to get: `None` removes.
pub struct Edit {
    target: EntityRef,
    before: Held,
    wanted: Vec<(String, Option<String>)>,
    /// Whether an unknown instance comes to be there.
    takes_in: bool,
}

impl Edit {
    fn changes(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let pairs = self.wanted.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
        pairs.filter(|(key, value)| self.before.values.get(*key).map(String::as_str) != *value)
    }

    fn outcomes(&self) -> BTreeMap<String, ValueOutcome> {
        let outcome = |key: &str, value: &Option<String>| match (self.before.values.get(key), value) {
            (None, None) => ValueOutcome::Absent,
            (None, Some(_)) => ValueOutcome::Added,
            (Some(_), None) => ValueOutcome::Removed,
            (Some(old), Some(new)) if old == new => ValueOutcome::Unchanged,
            (Some(_), Some(_)) => ValueOutcome::Changed,
        };
        self.wanted.iter().map(|(key, value)| (key.clone(), outcome(key, value))).collect()
    }
}

impl Model {
    pub fn change_values(&mut self, op: &Op) -> Refusal<Answer> {
        let mut faults = Vec::new();
        let some =
            |pairs: &Pairs| pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        let wishes: Vec<(EntityRef, Vec<_>)> = match op {
            Op::SetMany(changes) => changes.iter().map(|(target, pairs)| (*target, some(pairs))).collect(),
            Op::Set(target, pairs) | Op::SetIf(target, pairs, _) | Op::Replace(target, pairs) => {
                vec![(*target, some(pairs))]
            }
            Op::Delete(target, keys) => vec![(*target, keys.iter().map(|key| (key.clone(), None)).collect())],
            other => panic!("{other:?} does not change values"),
        };
        let mut edits = Vec::new();
        let mut named = BTreeSet::new();
        for (target, wanted) in wishes {
            if !named.insert(target) {
                faults.push(Fault::InstanceRepeated { target });
            }
            if target.entity.is_of_a_package() {
                faults.push(Fault::FieldsOfAPackage { target });
            }
            let known = self.instances.get(&target).cloned();
            if known.is_none() && !self.adopts_unknown {
                faults.push(Fault::InstanceNotFound { target });
            }
            let before = known.unwrap_or_default();
            if let Op::SetIf(_, _, expectations) = op {
                for wanted in expectations {
                    let expectation = expectation(wanted, before.revision);
                    if let Expectation::Holds(key, value) = &expectation {
                        let (entity, key, characters) = (target.entity, key.clone(), value.chars().count());
                        let too_long = characters > MAX_VALUE_CHARACTERS;
                        faults.extend(too_long.then_some(Fault::ValueTooLong { entity, key, characters }));
                    }
                    faults.extend(self.unmet(target, &before, &expectation));
                }
            }
            let mut wanted = self.sound(target, wanted, &mut faults);
            if matches!(op, Op::Replace(..)) {
                let others =
                    before.values.keys().filter(|key| !wanted.iter().any(|(other, _)| other == *key));
                wanted.extend(others.map(|key| (key.clone(), None)).collect::<Vec<_>>());
            }
            edits.push(Edit { target, before, wanted, takes_in: !matches!(op, Op::Delete(..)) });
        }
        faults.extend(self.taken(&edits));
        if faults.is_empty() { Ok(Answer::Outcomes(self.apply(&edits))) } else { Err(faults) }
    }

    pub fn take_value(&mut self, target: EntityRef, name: &str, value: &str) -> Refusal<Answer> {
        let holder = self.key(target.entity, name).and_then(|key| {
            let archived = self.instances.get(&target).is_some_and(|held| held.archived);
            let holders = self.holders(target.entity, name);
            let mut same = holders.iter().filter(|(held, _)| key.compared(held) == key.compared(value));
            same.find(|(_, id)| *id != target && key.is_unique_to(archived)).map(|(_, id)| *id)
        });
        let mut faults = Vec::new();
        if let Some(kind) = self.key(target.entity, name).map(|key| key.rules.kind)
            && kind != KeyKind::Enforced
        {
            let (entity, key) = (target.entity, name.to_owned());
            faults.push(Fault::KeyNotSearchable { entity, key, kind, needs: &[KeyKind::Enforced] });
        }
        let before = self.clone();
        if self.adopts_unknown {
            self.adopt(target);
        }
        if let Some(holder) = holder {
            self.change_values(&Op::Delete(holder, vec![name.to_owned()])).unwrap();
        }
        let pairs = vec![(name.to_owned(), value.to_owned())];
        match self.change_values(&Op::Set(target, pairs)) {
            Ok(Answer::Outcomes(mut outcomes)) if faults.is_empty() => {
                let outcome = outcomes.remove(0);
                Ok(Answer::Taken(Taken { from: holder, outcome }))
            }
            other => {
                *self = before;
                faults.extend(other.err().unwrap_or_default());
                Err(faults)
            }
        }
    }

    /// What it takes to give a new instance its values, and what is wrong with them.
    pub fn values_of_new(&self, target: EntityRef, pairs: &Pairs) -> (Vec<Edit>, Vec<Fault>) {
        self.values_of_all_new(&[(target, pairs.clone())])
    }

    /// As that, of several instances that are made together.
    pub fn values_of_all_new(&self, new: &[(EntityRef, Pairs)]) -> (Vec<Edit>, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut edits = Vec::new();
        for (target, pairs) in new {
            let wanted = pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
            let wanted = self.sound(*target, wanted, &mut faults);
            edits.push(Edit { target: *target, before: Held::default(), wanted, takes_in: true });
        }
        faults.extend(self.taken(&edits));
        (edits, faults)
    }

    fn unmet(&self, target: EntityRef, before: &Held, expectation: &Expectation) -> Option<Fault> {
        let (key, expected) = match expectation {
            Expectation::Revision(expected) => {
                let (expected, found) = (*expected, before.revision);
                return (expected != found).then_some(Fault::RevisionDiffers { target, expected, found });
            }
            Expectation::Absent(key) => (key.clone(), None),
            Expectation::Holds(key, value) => (key.clone(), Some(value.clone())),
        };
        if self.key(target.entity, &key).is_none() {
            return Some(Fault::KeyNotFound { entity: target.entity, key });
        }
        let found = before.values.get(&key);
        let holds_another = found.is_some();
        (found != expected.as_ref()).then_some(Fault::ValueDiffers { target, key, expected, holds_another })
    }

    /// The wanted values that could be set, as far as the call's own text says.
    fn sound(
        &self,
        target: EntityRef,
        wanted: Vec<(String, Option<String>)>,
        faults: &mut Vec<Fault>,
    ) -> Vec<(String, Option<String>)> {
        let entity = target.entity;
        let (mut sound, mut unregistered, mut named) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (key, value) in wanted {
            let characters = value.as_ref().map_or(0, |value| value.chars().count());
            if characters > MAX_VALUE_CHARACTERS {
                faults.push(Fault::ValueTooLong { entity, key: key.clone(), characters });
            }
            if !named.insert(key.clone()) {
                faults.push(Fault::KeyRepeated { target, key });
            } else if self.key(entity, &key).is_none() {
                unregistered.push(key);
            } else {
                sound.push((key, value));
            }
        }
        if !unregistered.is_empty() {
            faults.push(Fault::KeysNotRegistered { entity, keys: unregistered });
        }
        sound
    }

    /// Which values of unique keys would have two holders after the whole call.
    fn taken(&self, edits: &[Edit]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for edit in edits {
            let entity = edit.target.entity;
            for (key, value) in edit.changes() {
                let (Some(value), Some(known)) = (value, self.key(entity, key)) else { continue };
                if !known.is_unique_to(edit.before.archived) {
                    continue;
                }
                let is_it = |other: &str| known.compared(other) == known.compared(value);
                let gives_up = |holder: EntityRef| {
                    edits
                        .iter()
                        .any(|edit| edit.target == holder && edit.changes().any(|(other, _)| other == key))
                };
                let held = self.holders(entity, key).into_iter().find(|(held, _)| is_it(held));
                let stays = held.map(|(_, holder)| holder).filter(|holder| !gives_up(*holder));
                let takes = |other: &&Edit| {
                    other.target.entity == entity
                        && known.is_unique_to(other.before.archived)
                        && other.changes().any(|(theirs, new)| theirs == key && new.is_some_and(is_it))
                };
                let holder = stays.or_else(|| edits.iter().find(takes).map(|first| first.target));
                if let Some(holder) = holder.filter(|holder| *holder != edit.target) {
                    faults.push(Fault::ValueTaken {
                        target: edit.target,
                        key: key.to_owned(),
                        value: value.to_owned(),
                        holder: holder.id,
                        archived: self.instances.get(&holder).is_some_and(|held| held.archived),
                    });
                }
            }
        }
        faults
    }

    pub fn apply(&mut self, edits: &[Edit]) -> Vec<SetOutcome> {
        for edit in edits.iter().filter(|edit| edit.takes_in) {
            self.adopt(edit.target);
        }
        edits.iter().map(|edit| self.apply_one(edit)).collect()
    }

    fn apply_one(&mut self, edit: &Edit) -> SetOutcome {
        let Some(_) = self.instances.get(&edit.target) else {
            return SetOutcome { revision: 0, values: edit.outcomes() };
        };
        let changed = edit.changes().next().is_some();
        let before = self.instances.get(&edit.target).map_or(0, |held| held.revision);
        let revision = changed.then(|| self.next(before));
        let held = self.instances.get_mut(&edit.target).unwrap();
        held.revision = revision.unwrap_or(held.revision);
        if changed {
            // Those of removed keys leave with it.
            held.left_over = 0;
        }
        for (key, value) in edit.changes() {
            match value {
                Some(value) => held.values.insert(key.to_owned(), value.to_owned()),
                None => held.values.remove(key),
            };
        }
        SetOutcome { revision: held.revision, values: edit.outcomes() }
    }
}
