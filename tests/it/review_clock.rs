//! A clock of the caller's that goes back, stands still or panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use billfold::prelude::*;

use crate::support::{customer, panic_quietly};

#[test]
fn a_panic_of_the_clock_that_a_closure_catches_leaves_no_half_of_a_call() {
    let panics = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&panics);
    let clock = move || if flag.load(Ordering::Relaxed) { panic_quietly() } else { Time::now() };
    let store = StoreOptions::new().clock(clock).in_memory().unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.adopt(customer(1)).unwrap();
    store.adopt(customer(2)).unwrap();
    let result = store.write(|tx| {
        panics.store(true, Ordering::Relaxed);
        let came = catch_unwind(AssertUnwindSafe(|| tx.set_values(customer(1), [("slot", "left")])));
        panics.store(false, Ordering::Relaxed);
        assert!(came.is_err());
        Ok(())
    });
    assert_eq!(
        store.find::<CustomerId>("slot", "left").unwrap(),
        None,
        "the index has what no instance holds"
    );
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Stopped);
    store.set_values(customer(2), [("slot", "left")]).unwrap();
}
