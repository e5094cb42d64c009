//! Calls from unusual places in a thread's life.

use std::cell::RefCell;

use billfold::prelude::*;

use crate::support::customer;

/// Writes when it is dropped, as something that tidies up after itself does.
struct Tidies(Store);

impl Drop for Tidies {
    fn drop(&mut self) {
        let adopted = self.0.write(|tx| {
            assert!(matches!(self.0.adopt(customer(2)), Err(Error::Reentrant)));
            tx.adopt(customer(1))
        });
        adopted.unwrap();
    }
}

thread_local! {
    static AT_THE_END: RefCell<Option<Tidies>> = const { RefCell::new(None) };
}

#[test]
fn a_thread_that_ends_can_write_from_its_last_destructors() {
    let store = Store::in_memory().unwrap();
    let inside = store.clone();
    let thread = std::thread::spawn(move || {
        AT_THE_END.set(Some(Tidies(inside.clone())));
        // Whatever the store keeps for each thread is made after it, and so destroyed before it.
        inside.adopt(customer(3)).unwrap();
    });
    thread.join().unwrap();
    assert!(store.exists(customer(1)).unwrap());
}
