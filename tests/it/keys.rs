//! Keys: registering, removing, making unique.

use billfold::prelude::*;

#[test]
fn a_key_is_of_one_entity() {
    let store = Store::in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    assert_eq!(store.key(ManagedEntity::Contract, "tier").unwrap(), None);
}
