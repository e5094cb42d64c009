//! What is left of a store that was closed.

use billfold::prelude::*;

use crate::support::{contract, customer, store_with_keys};

#[test]
fn a_snapshot_answers_closed_after_its_store_also_where_it_knows_the_answer() {
    let endings: [fn(Store); 2] = [|store| store.close().unwrap(), drop];
    for end in endings {
        let store = store_with_keys([("slot", KeyKind::Enforced), ("note", KeyKind::Unindexed)]);
        store.set_values(customer(1), [("slot", "left")]).unwrap();
        let snapshot = store.snapshot().unwrap();
        // Read once, so that tables are open and pages in memory.
        snapshot.values(customer(1)).unwrap();
        snapshot.keys(&[]).unwrap();
        end(store);
        assert!(matches!(snapshot.values(customer(1)), Err(Error::Closed(_))));
        assert!(matches!(snapshot.find::<CustomerId>("slot", "left"), Err(Error::Closed(_))));
        assert!(matches!(snapshot.keys(&[]), Err(Error::Closed(_))));
        // No table is read for these.
        assert!(matches!(snapshot.keys(&[ManagedEntity::Contract]), Err(Error::Closed(_))));
        assert!(matches!(snapshot.exists(contract(1)), Err(Error::Closed(_))));
        assert!(matches!(snapshot.find_many::<CustomerId>("slot", [""; 0]), Err(Error::Closed(_))));
    }
}
