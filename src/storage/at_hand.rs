//! What each thread keeps at hand of the store that it asked last: its enforced keys, with what is in memory of their
//! values.
//!
//! Who holds a value is mostly told from memory alone. Even to count who reads the view would then take as long as the
//! answer, because the processor goes on with nothing else until the count stands. So a thread keeps what it needs between
//! two questions, and sees by the number of the view whether that is the newest still. It keeps no view, which would keep
//! pages of the file, and nothing that holds the file open.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::{Arc, Weak};

use super::catalog::{Catalog, Key};
use super::resident::{Directory, Names, Resident, Seen};
use super::sorted;
use super::tables::TableId;
use super::view::{Published, View};
use crate::entity::ManagedEntity;
use crate::model::custom_field::KeyKind;

struct AtHand {
    resident: Arc<Resident>,
    /// The number of the view.
    number: u64,
    /// What the keys were taken from, to see whether that is still the same.
    catalog: Weak<Catalog>,
    directory: Weak<Directory>,
    /// In order of the entities, and of the names' lengths and the names.
    keys: Vec<(Arc<Key>, Arc<Names>)>,
}

thread_local! {
    static LAST: RefCell<Option<AtHand>> = const { RefCell::new(None) };
}

/// Who holds a value of an enforced key in the published view, where that is known without it.
#[inline]
pub fn seen_value(
    resident: &Arc<Resident>,
    published: &Published,
    entity: ManagedEntity,
    key: &str,
    value: &str,
) -> Seen {
    // A thread that is about to end has nothing any more.
    let seen = LAST.try_with(|last| match &*last.borrow() {
        Some(at_hand) if at_hand.is_newest(resident) => Some(at_hand.seen_value(entity, key, value)),
        _ => None,
    });
    seen.ok().flatten().unwrap_or_else(|| {
        renew(resident, published);
        Seen::Unknown
    })
}

/// Has the thread keep what there is of the published view, for the next question: this one is left to the view.
#[cold]
fn renew(resident: &Resident, published: &Published) {
    if resident.is_off() {
        return;
    }
    let _ = LAST.try_with(|last| {
        let mut last = last.borrow_mut();
        *last = published.load().as_ref().map(|view| AtHand::of(view, last.take()));
    });
}

/// Has the thread keep nothing of that store any more.
pub fn let_go(resident: &Arc<Resident>) {
    let _ = LAST.try_with(|last| {
        let mut last = last.borrow_mut();
        *last = last.take().filter(|at_hand| !Arc::ptr_eq(&at_hand.resident, resident));
    });
}

impl AtHand {
    fn of(view: &View, last: Option<Self>) -> Self {
        let (catalog, directory) = (view.catalog(), view.directory());
        let is_same = |last: &Self| {
            last.catalog.as_ptr() == Arc::as_ptr(catalog) && last.directory.as_ptr() == Arc::as_ptr(directory)
        };
        Self {
            resident: Arc::clone(view.resident()),
            number: view.number(),
            catalog: Arc::downgrade(catalog),
            directory: Arc::downgrade(directory),
            keys: last.filter(is_same).map_or_else(|| keys(catalog, directory), |last| last.keys),
        }
    }

    #[inline]
    fn is_newest(&self, resident: &Arc<Resident>) -> bool {
        Arc::ptr_eq(&self.resident, resident) && resident.is_published(self.number)
    }

    fn seen_value(&self, entity: ManagedEntity, key: &str, value: &str) -> Seen {
        let place = sorted::place(&self.keys, |(found, _)| order(found, entity, key));
        let found = place.ok().and_then(|place| self.keys.get(place));
        found.map_or(Seen::Unknown, |(key, names)| {
            self.resident.look(names, key.compared(value).as_bytes(), self.number)
        })
    }
}

#[inline]
fn order(key: &Key, entity: ManagedEntity, name: &str) -> Ordering {
    let by_length = || key.name.len().cmp(&name.len());
    key.entity.cmp(&entity).then_with(by_length).then_with(|| (*key.name).cmp(name))
}

fn keys(catalog: &Catalog, directory: &Directory) -> Vec<(Arc<Key>, Arc<Names>)> {
    let enforced = catalog.keys().filter(|key| key.kind == KeyKind::Enforced);
    let names = |key: &Arc<Key>| directory.of(TableId::Unique(key.entity, key.index)).map(Arc::clone);
    let mut keys: Vec<_> = enforced.filter_map(|key| Some((Arc::clone(key), names(key)?))).collect();
    keys.sort_by(|(a, _), (b, _)| order(a, b.entity, &b.name));
    keys
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::super::engine::Engine;
    use super::super::memory::Memory;
    use super::*;
    use crate::StoreOptions;

    fn engine() -> Engine {
        Engine::in_memory(Memory::default(), StoreOptions::new().into()).unwrap()
    }

    fn ask(engine: &Engine) {
        assert_eq!(engine.seen_value(ManagedEntity::Customer, "account", "a-1"), Seen::Unknown);
    }

    fn is_kept_here(resident: &Arc<Resident>) -> bool {
        LAST.with_borrow(|last| last.as_ref().is_some_and(|at_hand| Arc::ptr_eq(&at_hand.resident, resident)))
    }

    #[test]
    fn a_thread_keeps_what_is_of_the_store_it_asked_last() {
        let [one, other] = [engine(), engine()];
        let is_kept = || [&one, &other].map(|engine| is_kept_here(&engine.core.resident));
        assert_eq!(is_kept(), [false, false]);
        ask(&one);
        assert_eq!(is_kept(), [true, false]);
        ask(&other);
        assert_eq!(is_kept(), [false, true]);
        one.close().unwrap();
        assert_eq!(is_kept(), [false, true]);
        other.close().unwrap();
        assert_eq!(is_kept(), [false, false]);
        ask(&other);
        assert_eq!(is_kept(), [false, false], "there is nothing of a store that is closed");
    }

    #[test]
    fn what_an_idle_thread_keeps_of_a_closed_store_goes_when_it_asks_another_or_ends() {
        let [first, second] = [engine(), engine()];
        let kept = [&first, &second].map(|engine| Arc::downgrade(&engine.core.resident));
        let is_kept = || [0, 1].map(|place| kept[place].strong_count() > 0);
        let step = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                ask(&first);
                step.wait();
                step.wait();
                ask(&second);
                step.wait();
                step.wait();
            });
            step.wait();
            first.close().unwrap();
            assert!(kept[0].strong_count() > 1);
            let alone = kept[0].strong_count() - 1;
            step.wait();
            step.wait();
            assert_eq!(kept[0].strong_count(), alone);
            step.wait();
        });
        drop([first, second]);
        assert_eq!(is_kept(), [false, false]);
    }

    #[test]
    fn a_store_that_keeps_no_names_is_not_kept_either() {
        let options = StoreOptions::new().names_in_memory(crate::NamesInMemory::Off);
        let engine = Engine::in_memory(Memory::default(), options.into()).unwrap();
        ask(&engine);
        assert!(!is_kept_here(&engine.core.resident));
    }
}
