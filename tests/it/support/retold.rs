//! What the changes of a feed come to, told one after the other.

use std::collections::BTreeMap;

use billfold::prelude::*;

/// The values of the instances that there are, and the kinds of the keys.
#[derive(Debug, Default, PartialEq)]
pub struct Retold {
    pub instances: BTreeMap<EntityRef, BTreeMap<String, String>>,
    pub keys: BTreeMap<(ManagedEntity, String), KeyKind>,
    /// The number of the last change.
    pub last: u64,
}

impl Retold {
    /// Tells the next change, which must be the next one.
    #[track_caller]
    pub fn tell(&mut self, change: &Change) {
        assert_eq!(change.sequence, self.last + 1, "no number is left out, none comes twice");
        self.last = change.sequence;
        match &change.subject {
            ChangeSubject::Instance(target) => self.tell_instance(*target, &change.what),
            ChangeSubject::Key { entity, key } => self.tell_key(*entity, key, &change.what),
            ChangeSubject::Package(_) => {}
            ChangeSubject::Forgotten => assert_eq!(change.what, ChangeKind::Emptied),
            other => panic!("{other:?}"),
        }
    }

    fn tell_instance(&mut self, target: EntityRef, what: &ChangeKind) {
        match what {
            ChangeKind::Adopted | ChangeKind::Created { .. } => {
                assert_eq!(self.instances.insert(target, BTreeMap::new()), None, "{target} was made twice");
            }
            ChangeKind::Forgotten => drop(self.instances.remove(&target)),
            ChangeKind::Values(values) => {
                let held = self.instances.get_mut(&target).expect("it was made before");
                for ChangedValue { key, old, new } in values {
                    let before = match new {
                        Some(new) => held.insert(key.clone(), new.clone()),
                        None => held.remove(key),
                    };
                    assert_eq!(before, *old, "{target}, {key}");
                }
            }
            _ => assert!(self.instances.contains_key(&target), "{target}: {what:?}"),
        }
    }

    fn tell_key(&mut self, entity: ManagedEntity, key: &str, what: &ChangeKind) {
        let place = (entity, key.to_owned());
        match what {
            ChangeKind::KeyAdded { rules, .. } => drop(self.keys.insert(place, rules.kind)),
            ChangeKind::KeyKind { from, to } => assert_eq!(self.keys.insert(place, *to), Some(*from)),
            ChangeKind::KeyRemoved => {
                self.keys.remove(&place);
                let of_entity = self.instances.iter_mut().filter(|(target, _)| target.entity == entity);
                of_entity.for_each(|(_, values)| drop(values.remove(key)));
            }
            other => panic!("{other:?} of a key"),
        }
    }
}
