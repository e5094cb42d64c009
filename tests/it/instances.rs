//! Instances: taking them in, archiving, forgetting, listing.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::{contract, customer, every, fault, store_with_keys};

use KeyKind::{Enforced, Indexed};
use ManagedEntity::{Contract, Customer};

#[test]
fn an_instance_is_taken_in_once_under_one_entity() {
    let store = Store::in_memory().unwrap();
    assert!(store.adopt(customer(1)).unwrap());
    let revision = store.revision(customer(1)).unwrap();
    assert!(!store.adopt(customer(1)).unwrap());
    assert_eq!(store.revision(customer(1)).unwrap(), revision);
    assert!(!store.exists(contract(1)).unwrap());
    assert!(store.adopt((Contract, Uuid::from_u128(1))).unwrap());
    assert!(store.exists(contract(1)).unwrap());
    assert!(store.adopt((Customer, Uuid::nil())).unwrap());
    assert!(store.adopt((Customer, Uuid::max())).unwrap());
}

#[test]
fn an_archived_instance_keeps_its_values_and_its_hold_on_the_unique_ones() {
    let store = store_with_keys([("slot", Enforced), ("tier", Indexed)]);
    store.set_values(customer(1), [("slot", "left"), ("tier", "gold")]).unwrap();
    assert!(!store.is_archived(customer(1)).unwrap());
    store.archive(customer(1)).unwrap();
    assert!(store.is_archived(customer(1)).unwrap());
    assert_eq!(store.values(customer(1)).unwrap().len(), 2);
    assert_eq!(store.find("slot", "left").unwrap(), Some(customer(1)));
    let taken = store.set_values(customer(2), [("slot", "left")]).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Conflict);
    assert!(taken.to_string().ends_with("which is archived"), "{taken}");
    let revision = store.revision(customer(1)).unwrap();
    assert_eq!(fault(store.archive(customer(1))), Fault::AlreadyArchived { target: customer(1).into() });
    assert_eq!(store.revision(customer(1)).unwrap(), revision);

    store.set_values(customer(1), [("slot", "right")]).unwrap();
    assert!(store.is_archived(customer(1)).unwrap(), "setting a value does not bring it back");
    store.set_values(customer(2), [("slot", "left")]).unwrap();
    store.delete_values(customer(1), ["slot"]).unwrap();
    store.set_values(customer(3), [("slot", "right")]).unwrap();
    assert!(!store.adopt(customer(1)).unwrap());
    assert!(store.is_archived(customer(1)).unwrap());
    let missing = Fault::InstanceNotFound { target: customer(9).into() };
    assert_eq!(fault(store.archive(customer(9))), missing);
}

#[test]
fn a_forgotten_instance_is_as_if_it_had_never_been() {
    let store = store_with_keys([("slot", Enforced), ("tier", Indexed)]);
    store.set_values(customer(1), [("slot", "left"), ("tier", "gold")]).unwrap();
    store.set_values(customer(2), [("tier", "gold")]).unwrap();
    store.archive(customer(1)).unwrap();
    let view = store.snapshot().unwrap();
    store.forget(customer(1)).unwrap();
    assert!(!store.exists(customer(1)).unwrap());
    assert!(store.values(customer(1)).is_err());
    assert_eq!(store.find::<CustomerId>("slot", "left").unwrap(), None);
    let gold: Page<CustomerId> = store.find_all("tier", "gold", &PageRequest::default()).unwrap();
    assert_eq!(gold.items, [customer(2)]);
    assert_eq!(store.key(Customer, "slot").unwrap().unwrap().instances, 0);
    assert_eq!(fault(store.forget(customer(1))), Fault::InstanceNotFound { target: customer(1).into() });
    assert_eq!(view.values(customer(1)).unwrap().len(), 2);

    store.set_values(customer(3), [("slot", "left")]).unwrap();
    assert!(store.adopt(customer(1)).unwrap());
    assert!(!store.is_archived(customer(1)).unwrap());
    assert!(store.values(customer(1)).unwrap().is_empty());
}

#[test]
fn forgetting_frees_values_of_keys_that_came_back() {
    let store = store_with_keys([("slot", Enforced)]);
    store.set_values(customer(1), [("slot", "old")]).unwrap();
    store.remove_key(Customer, "slot").unwrap();
    store.add_key(Customer, "slot", Enforced).unwrap();
    store.set_values(customer(2), [("slot", "old")]).unwrap();
    // The first one's row still has the removed key's value, which is not the new key's.
    store.forget(customer(1)).unwrap();
    assert_eq!(store.find("slot", "old").unwrap(), Some(customer(2)));
}

#[test]
fn instances_are_listed_in_the_order_of_their_ids_a_page_at_a_time() {
    let store = Store::in_memory().unwrap();
    let ids = [9, u128::MAX, 0, 1 << 64, 255, 256, 3];
    for n in ids {
        store.adopt(customer(n)).unwrap();
    }
    store.adopt(contract(5)).unwrap();
    store.archive(customer(255)).unwrap();
    let mut sorted = ids;
    sorted.sort_unstable();
    for limit in [1, 2, 6, 7, 8] {
        let listed = every(limit, |page| store.entities(Customer, page));
        assert_eq!(listed.iter().map(|one| one.id.id.as_u128()).collect::<Vec<_>>(), sorted);
        for one in listed {
            assert_eq!(one.archived, one.id.id.as_u128() == 255);
            assert_eq!(one.revision, store.revision(one.id).unwrap());
        }
    }
    let cursor = store.entities(Customer, &PageRequest::first(2)).unwrap().next.unwrap();
    let next = PageRequest::after(cursor, 2);
    assert_eq!(fault(store.entities(Contract, &next)), Fault::CursorOfAnotherQuestion);
    store.forget(customer(3)).unwrap();
    store.adopt(customer(4)).unwrap();
    let page = store.entities(Customer, &next).unwrap();
    assert_eq!(page.items[0].id, customer(4).into(), "what came behind the cursor is there");
}
