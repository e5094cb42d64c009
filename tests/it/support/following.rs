//! A second store that follows a first one.

use billfold::prelude::*;

use super::{every, whole};

/// Has a store follow another one up to its last change, so many changes at a time.
pub fn catch_up(copy: &Store, store: &Store, piece: usize) {
    while follow_some(copy, store, piece) {}
}

/// Has a store follow the next changes of another one; whether there were any.
pub fn follow_some(copy: &Store, store: &Store, most: usize) -> bool {
    let changes = store.changes_since(copy.last_change().unwrap(), most).unwrap();
    let followed = copy.follow(&changes).unwrap();
    assert_eq!(followed, copy.last_change().unwrap());
    !changes.is_empty()
}

/// The two stores hold the same, tell the same history of it, and the one that follows is whole.
#[track_caller]
pub fn assert_same(copy: &Store, store: &Store) {
    whole(copy);
    for (told, expected) in feed(copy).iter().zip(&feed(store)) {
        assert_eq!(told, expected);
    }
    assert_eq!(copy.last_change().unwrap(), store.last_change().unwrap());
    for entity in ManagedEntity::ALL {
        let instances = |of: &Store| every(1_000, |page| of.entities(entity, page));
        assert_eq!(instances(copy), instances(store));
    }
    #[cfg(feature = "wire")]
    assert_eq!(exported(copy), exported(store));
}

/// A follower from the very beginning that comes late, and sees nothing of what was forgotten.
pub fn late_follower(store: &Store) -> Store {
    let copy = Store::in_memory().unwrap();
    catch_up(&copy, store, 1_000);
    copy
}

fn feed(store: &Store) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    loop {
        let seen = changes.last().map_or(0, |last| last.sequence);
        let more = store.changes_since(seen, 1_000).unwrap();
        if more.is_empty() {
            return changes;
        }
        changes.extend(more);
    }
}

/// All that a store holds, a line for each thing.
#[cfg(feature = "wire")]
fn exported(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    store.export(&mut lines).unwrap();
    String::from_utf8(lines).unwrap().lines().map(str::to_owned).collect()
}
