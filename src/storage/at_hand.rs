//! What each thread keeps at hand of the store that it asked last: its enforced keys, with what is in memory of their
//! values.
//!
//! Who holds a value is mostly told from memory alone. Even to count who reads the view would then take as long as the
//! answer, because the processor goes on with nothing else until the count stands. So a thread keeps what it needs between
//! two questions, and sees by the number of the view whether that is the newest still. It keeps no view, which would keep
//! pages of the file, and nothing that holds the file open.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::{Arc, Weak};

use super::catalog::{Catalog, Key};
use super::resident::{Directory, Names, Resident, Seen};
use super::sorted;
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
    /// In order of the entities, and then as [`Key::order`] has it.
    keys: Vec<(Arc<Key>, Arc<Names>)>,
}

struct Last {
    /// The store that was asked last: looked at, and never followed.
    asked: Cell<*const Resident>,
    at_hand: RefCell<Option<AtHand>>,
}

thread_local! {
    static LAST: Last = const { Last { asked: Cell::new(ptr::null()), at_hand: RefCell::new(None) } };
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
    let seen = LAST.try_with(|last| {
        let asked = last.asked.replace(Arc::as_ptr(resident));
        if let Some(at_hand) = &*last.at_hand.borrow()
            && at_hand.is_newest(resident)
        {
            return at_hand.seen_value(entity, key, value);
        }
        // A thread that asks several stores in turn would have all it keeps made anew for each question.
        if ptr::eq(asked, Arc::as_ptr(resident)) {
            last.renew(published);
        }
        Seen::Unknown
    });
    // A thread that is about to end keeps nothing any more.
    seen.unwrap_or(Seen::Unknown)
}

/// Has the thread keep nothing of that store any more.
pub fn forget(resident: &Arc<Resident>) {
    let _ = LAST.try_with(|last| {
        let is_of_another = |at_hand: &AtHand| !Arc::ptr_eq(&at_hand.resident, resident);
        let at_hand = last.at_hand.take().filter(is_of_another);
        last.at_hand.replace(at_hand);
    });
}

impl Last {
    /// Keeps what there is of the published view, for the next question: this one is left to the view.
    #[cold]
    fn renew(&self, published: &Published) {
        // What goes does so while nothing is borrowed.
        let (view, before) = (published.load(), self.at_hand.take());
        self.at_hand.replace(view.as_ref().map(|view| AtHand::of(view, before)));
    }
}

impl AtHand {
    fn of(view: &View, before: Option<Self>) -> Self {
        let (number, catalog, directory) = (view.number(), view.catalog(), view.directory());
        let is_same = |before: &Self| {
            before.catalog.as_ptr() == Arc::as_ptr(catalog)
                && before.directory.as_ptr() == Arc::as_ptr(directory)
        };
        match before.filter(is_same) {
            Some(before) => Self { number, ..before },
            None => Self {
                resident: Arc::clone(view.resident()),
                number,
                catalog: Arc::downgrade(catalog),
                directory: Arc::downgrade(directory),
                keys: keys(catalog, directory),
            },
        }
    }

    #[inline]
    fn is_newest(&self, resident: &Arc<Resident>) -> bool {
        Arc::ptr_eq(&self.resident, resident) && resident.is_published(self.number)
    }

    fn seen_value(&self, entity: ManagedEntity, key: &str, value: &str) -> Seen {
        let place =
            sorted::place(&self.keys, |(found, _)| found.entity.cmp(&entity).then_with(|| found.order(key)));
        let found = place.ok().and_then(|place| self.keys.get(place));
        found.map_or(Seen::Unknown, |(key, names)| {
            self.resident.look(names, key.compared(value).as_bytes(), self.number)
        })
    }
}

fn keys(catalog: &Catalog, directory: &Directory) -> Vec<(Arc<Key>, Arc<Names>)> {
    let enforced = catalog.keys().filter(|key| key.kind == KeyKind::Enforced);
    let names = |key: &Arc<Key>| directory.of(key.index_table()?).map(Arc::clone);
    let mut keys: Vec<_> = enforced.filter_map(|key| Some((Arc::clone(key), names(key)?))).collect();
    keys.sort_by(|(a, _), (b, _)| a.entity.cmp(&b.entity).then_with(|| a.order(&b.name)));
    keys
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::super::engine::Engine;
    use super::super::failure::Failure;
    use super::super::memory::Memory;
    use super::*;
    use crate::StoreOptions;
    use crate::error::EngineError;

    fn engine() -> Engine {
        Engine::in_memory(Memory::default(), StoreOptions::new().into()).unwrap()
    }

    /// Asks as often as it takes to be kept.
    fn ask(engine: &Engine) {
        for _ in 0..2 {
            assert_eq!(engine.seen_value(ManagedEntity::Customer, "account", "a-1"), Seen::Unknown);
        }
    }

    fn kept_here<T>(engine: &Engine, look: impl FnOnce(&AtHand) -> T) -> Option<T> {
        LAST.with(|last| {
            let at_hand = last.at_hand.borrow();
            at_hand.as_ref().filter(|kept| Arc::ptr_eq(&kept.resident, &engine.core.resident)).map(look)
        })
    }

    #[test]
    fn a_thread_keeps_what_is_of_the_store_it_asked_twice_running() {
        let [one, other] = [engine(), engine()];
        let is_kept = || [&one, &other].map(|engine| kept_here(engine, |_| ()).is_some());
        assert_eq!(is_kept(), [false, false]);
        ask(&one);
        assert_eq!(is_kept(), [true, false]);
        for _ in 0..3 {
            for engine in [&other, &one] {
                engine.seen_value(ManagedEntity::Customer, "account", "a-1");
                assert_eq!(is_kept(), [true, false]);
            }
        }
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
        let counts = || [0, 1].map(|place| kept[place].strong_count());
        thread::scope(|scope| {
            let (tell, told) = mpsc::channel::<&Engine>();
            let (answer, answers) = mpsc::channel();
            let asker = scope.spawn(move || {
                for engine in told {
                    ask(engine);
                    answer.send(()).unwrap();
                }
            });
            let before = counts();
            tell.send(&first).unwrap();
            answers.recv().unwrap();
            assert_eq!(counts(), [before[0] + 1, before[1]]);
            first.close().unwrap();
            let closed = counts();
            tell.send(&second).unwrap();
            answers.recv().unwrap();
            assert_eq!(counts(), [closed[0] - 1, before[1] + 1]);
            drop(tell);
            asker.join().unwrap();
            assert_eq!(counts(), [closed[0] - 1, before[1]]);
        });
    }

    #[test]
    fn nothing_that_was_published_while_a_store_failed_is_taken_for_the_newest() {
        let engine = engine();
        let core = &engine.core;
        thread::scope(|scope| {
            let db = core.db.lock();
            let failure = Failure::Closed(EngineError::new("the disk is gone"));
            let failing = scope.spawn(move || core.fail(failure));
            while core.closed.get().is_none() {
                thread::yield_now();
            }
            thread::sleep(std::time::Duration::from_millis(5));
            let view = View::new(core, db.as_ref().unwrap(), &engine.tip.lock()).unwrap();
            core.published.store(Some(Arc::new(view)));
            ask(&engine);
            drop(db);
            failing.join().unwrap();
        });
        assert_eq!(kept_here(&engine, |kept| kept.is_newest(&core.resident)), Some(false));
    }
}
