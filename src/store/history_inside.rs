//! How many rows the history reads: its own, however many others there are.

use uuid::Uuid;

use super::counting_inside::Counting;
use super::{ReadingHistory as _, SetClock, Store, StoreOptions, Writing as _, feed, history};
use crate::entity::{CustomerId, ManagedEntity};
use crate::model::custom_field::KeyKind;
use crate::model::history::Moment;
use crate::model::page::PageRequest;
use crate::model::scalar::Time;

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

fn customer(n: u128) -> CustomerId {
    CustomerId::from(Uuid::from_u128(n))
}

/// A store in which customer 1 was set three times, with 1,000 changes of others in between each time, one a minute.
fn large() -> Store {
    let clock = SetClock::default();
    let store = StoreOptions::new().adopt_unknown(true).clock_from(&clock).in_memory().unwrap();
    let mut now = Time::UNIX_EPOCH;
    clock.set(now);
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    for tier in ["gold", "iron", "zinc"] {
        store.set_values(customer(1), [("tier", tier)]).unwrap();
        store
            .write(|tx| {
                (0..1_000).try_for_each(|n| {
                    now = now.after(MINUTE);
                    clock.set(now);
                    tx.set_values(customer(2 + n % 7), [("tier", n.to_string())]).map(drop)
                })
            })
            .unwrap();
    }
    store
}

#[test]
fn a_history_reads_its_own_changes_and_a_feed_those_it_tells() {
    let store = large();
    let view = store.view().unwrap();
    let reader = Counting::of(&view);
    let page = PageRequest::default();
    assert_eq!(history::of_instance(&reader, customer(1).into(), &page).unwrap().items.len(), 4);
    // The instance, its four changes, and the key that three of them name.
    assert_eq!(reader.rows(), 6);

    let reader = Counting::of(&view);
    assert_eq!(history::of_key(&reader, ManagedEntity::Customer, "tier", &page).unwrap().items.len(), 1);
    assert_eq!(reader.rows(), 3);

    let reader = Counting::of(&view);
    assert_eq!(feed::since(&reader, 1_500, 10).unwrap().len(), 10);
    assert!(reader.rows() <= 12, "{}", reader.rows());
}

#[test]
fn values_as_of_a_time_look_for_it_by_halves() {
    let store = large();
    assert!(store.last_change().unwrap() > 3_000);
    let view = store.view().unwrap();
    let tier = |moment: Moment| {
        let reader = Counting::of(&view);
        let values = history::values_as_of(&reader, customer(1).into(), moment).unwrap().unwrap();
        (values["tier"].clone(), reader.rows())
    };
    for (minutes, expected) in [(500, "gold"), (1_500, "iron"), (2_500, "zinc"), (9_000, "zinc")] {
        let (found, rows) = tier(Time::UNIX_EPOCH.after(MINUTE * minutes).into());
        assert_eq!(found, expected);
        assert!(rows <= 70, "{rows} rows of 3,000");
    }
    let (found, rows) = tier(1_000.into());
    assert_eq!(found, "gold");
    assert!(rows <= 4, "{rows} rows for a number");
}
