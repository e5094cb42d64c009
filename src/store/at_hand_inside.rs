//! That finds are told from what the thread keeps at hand, wherever they can be.

use uuid::Uuid;

use super::{Reading as _, Store, Writing as _};
use crate::entity::{CustomerId, ManagedEntity};
use crate::model::custom_field::KeyKind;
use crate::storage::resident::Seen;

fn key(number: usize) -> String {
    format!("key_{number}")
}

fn account(number: usize) -> String {
    format!("account {number}")
}

/// Asks often enough for the thread to keep it, and says what that tells.
fn told(store: &Store, number: usize, value: &str) -> Seen {
    for _ in 0..2 {
        store.find::<CustomerId>(&key(number), value).unwrap();
    }
    store.engine.seen_value(ManagedEntity::Customer, &key(number), value)
}

#[test]
fn whoever_asked_before_is_told_of_every_key_without_the_view() {
    for keys in [1, 16, 17, 40] {
        let store = crate::StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
        let holder = |number: usize| Uuid::from_u128(number as u128 + 1);
        for number in 0..keys {
            store.add_key(ManagedEntity::Customer, &key(number), KeyKind::Enforced).unwrap();
            store.set_values(CustomerId::from(holder(number)), [(key(number), account(number))]).unwrap();
        }
        for number in 0..keys {
            assert_eq!(told(&store, number, &account(number)), Seen::Holder(holder(number)), "{keys} keys");
            assert_eq!(told(&store, number, &account(number + 1)), Seen::Nobody, "{keys} keys");
        }
        store.set_values(CustomerId::from(holder(0)), [(key(0), "another")]).unwrap();
        assert_eq!(told(&store, 0, &account(0)), Seen::Nobody);
        store.remove_key(ManagedEntity::Customer, &key(0)).unwrap();
        assert_eq!(
            store.engine.seen_value(ManagedEntity::Customer, &key(0), "another"),
            Seen::Unknown,
            "what was kept is of an older view"
        );
    }
}
