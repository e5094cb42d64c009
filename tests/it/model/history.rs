//! The journal against the model: told again from the first change on, it gives what there is.

use std::collections::BTreeMap;

use billfold::prelude::*;

use super::state::Model;
use crate::support::{every, retold::Retold};

/// Compares what the feed comes to with the model, and each instance's history with its changes in the feed.
pub fn compare_history(from: &impl Reading, model: &Model) {
    if !model.keeps_journal {
        let told = from.changes_since(0, 1);
        assert!(model.sequence == 0 || told.unwrap_err().kind() == ErrorKind::NotFound);
        return;
    }
    let changes = every_change(from);
    assert_eq!(changes.last().map_or(0, |last| last.sequence), from.last_change().unwrap());
    let mut retold = Retold::default();
    changes.iter().for_each(|change| retold.tell(change));
    let held = |(target, held): (&EntityRef, &super::state::Held)| (*target, held.values.clone());
    let expected: BTreeMap<_, _> = model.instances.iter().map(held).collect();
    assert_eq!(retold.instances, expected);
    let keys = model.keys.iter().map(|key| ((key.entity, key.name.clone()), key.rules.kind));
    assert_eq!(retold.keys, keys.collect());
    for target in model.instances.keys() {
        let history = every(3, |page| from.history(*target, page));
        let in_feed =
            changes.iter().rev().filter(|change| change.subject == ChangeSubject::Instance(*target));
        // An earlier life of the same id ended in its being forgotten.
        let in_feed: Vec<_> = in_feed.take_while(|change| change.what != ChangeKind::Forgotten).collect();
        assert_eq!(history.iter().collect::<Vec<_>>(), in_feed);
    }
}

fn every_change(from: &impl Reading) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    loop {
        let seen = changes.last().map_or(0, |last| last.sequence);
        let more = from.changes_since(seen, 1_000).unwrap();
        if more.is_empty() {
            return changes;
        }
        changes.extend(more);
    }
}
