//! Keys, and what they make of values: what their operations do to the model.

use std::collections::BTreeMap;

use billfold::prelude::*;
use billfold::{KeyProblem, MAX_KEY_CHARACTERS};

use super::operation::{Answer, Refusal};
use super::state::Model;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub entity: ManagedEntity,
    pub name: String,
    pub rules: KeyRules,
    pub revision: u64,
}

impl Key {
    /// Whether it has each value once, and an instance, archived or not, is among those that have.
    pub fn is_unique_to(&self, archived: bool) -> bool {
        self.rules.kind == KeyKind::Enforced && holds(self.rules, archived)
    }

    pub fn compared(&self, value: &str) -> String {
        compared(self.rules, value)
    }
}

/// The same text for values that are the same. The values of programs need no more to be folded.
fn compared(rules: KeyRules, value: &str) -> String {
    match rules.comparison {
        Comparison::Exact => value.to_owned(),
        Comparison::CaseFolded => value.to_lowercase(),
    }
}

fn holds(rules: KeyRules, archived: bool) -> bool {
    !archived || rules.kind != KeyKind::Enforced || rules.archived == ArchivedHolders::Hold
}

impl Model {
    pub fn key(&self, entity: ManagedEntity, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.entity == entity && key.name == name)
    }

    /// All (value, id) of a key, by looking at every instance.
    pub fn holders(&self, entity: ManagedEntity, name: &str) -> Vec<(String, EntityRef)> {
        let rules = self.key(entity, name).map(|key| key.rules);
        rules.map(|rules| self.holders_by(entity, name, rules)).unwrap_or_default()
    }

    /// As that, where the key has these rules.
    fn holders_by(&self, entity: ManagedEntity, name: &str, rules: KeyRules) -> Vec<(String, EntityRef)> {
        let holding =
            self.instances.iter().filter(|(id, held)| id.entity == entity && holds(rules, held.archived));
        let mut holders: Vec<_> =
            holding.filter_map(|(id, held)| Some((held.values.get(name)?.clone(), *id))).collect();
        holders.sort_by_key(|(value, id)| (compared(rules, value), *id));
        holders
    }

    fn known_key(&mut self, entity: ManagedEntity, name: &str) -> Refusal<&mut Key> {
        let key = self.keys.iter_mut().find(|key| key.entity == entity && key.name == name);
        key.ok_or_else(|| vec![Fault::KeyNotFound { entity, key: name.to_owned() }])
    }

    pub fn add_key(&mut self, entity: ManagedEntity, name: &str, rules: KeyRules) -> Refusal<Answer> {
        let key = name.to_owned();
        let mut faults = Vec::new();
        let characters = name.chars().count();
        let problem = if characters == 0 {
            Some(KeyProblem::Empty)
        } else if characters > MAX_KEY_CHARACTERS {
            Some(KeyProblem::TooLong { characters })
        } else {
            name.chars().position(char::is_control).map(|at| KeyProblem::ControlCharacter { at })
        };
        faults.extend(problem.map(|problem| Fault::KeyText { entity, key: key.clone(), problem }));
        if self.key(entity, name).is_some() {
            faults.push(Fault::KeyExists { entity, key: key.clone() });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        self.issued += 1;
        let revision = self.next(0);
        self.keys.push(Key { entity, name: key, rules, revision });
        Ok(Answer::Done)
    }

    pub fn remove_key(&mut self, entity: ManagedEntity, name: &str) -> Refusal<Answer> {
        let before = self.known_key(entity, name)?.revision;
        self.keys.retain(|key| key.entity != entity || key.name != name);
        for (target, held) in &mut self.instances {
            if target.entity == entity {
                held.left_over += u64::from(held.values.remove(name).is_some());
            }
        }
        self.next(before);
        Ok(Answer::Done)
    }

    pub fn enforce(&mut self, entity: ManagedEntity, name: &str) -> Refusal<Answer> {
        if self.known_key(entity, name)?.rules.kind == KeyKind::Enforced {
            return Ok(Answer::Done);
        }
        let mut by_value: BTreeMap<String, Vec<_>> = BTreeMap::new();
        let rules = KeyRules { kind: KeyKind::Enforced, ..self.known_key(entity, name)?.rules };
        for (value, holder) in self.holders_by(entity, name, rules) {
            by_value.entry(compared(rules, &value)).or_default().push(holder.id);
        }
        by_value.retain(|_, holders| holders.len() > 1);
        let shared = |(value, holders): (String, _)| Fault::ValueShared {
            entity,
            key: name.to_owned(),
            value: value.into(),
            holders,
        };
        let faults: Vec<_> = by_value.into_iter().map(shared).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        self.set_kind(entity, name, KeyKind::Enforced)
    }

    pub fn relax(&mut self, entity: ManagedEntity, name: &str) -> Refusal<Answer> {
        match self.known_key(entity, name)?.rules.kind {
            KeyKind::Enforced => self.set_kind(entity, name, KeyKind::Indexed),
            _ => Ok(Answer::Done),
        }
    }

    fn set_kind(&mut self, entity: ManagedEntity, name: &str, kind: KeyKind) -> Refusal<Answer> {
        let before = self.known_key(entity, name)?.revision;
        let revision = self.next(before);
        let key = self.known_key(entity, name)?;
        (key.rules.kind, key.revision) = (kind, revision);
        Ok(Answer::Done)
    }
}
