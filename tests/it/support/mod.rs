//! What several subjects' tests need.

pub mod by_hand;
pub mod catalog;
#[cfg(feature = "wire")]
pub mod chance;
#[cfg(feature = "wire")]
pub mod desk;
#[cfg_attr(not(feature = "wire"), allow(dead_code))]
pub mod disk;
pub mod following;
#[cfg(feature = "wire")]
pub mod moved;
pub mod provisioned;
pub mod ready;
pub mod retold;
pub mod scopes;
#[cfg(feature = "wire")]
pub mod tape;
pub mod template;
#[cfg(feature = "wire")]
pub mod workload;

use billfold::prelude::*;
use uuid::Uuid;

/// What a test that is ignored says in a process of its own, where it goes well.
#[cfg(target_os = "linux")]
pub fn alone(test: &str) -> String {
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    let output = program.args(["--ignored", "--exact", test, "--nocapture"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The customer with that number.
pub fn customer(number: u128) -> CustomerId {
    CustomerId::from(Uuid::from_u128(number))
}

/// The contract with that number.
pub fn contract(number: u128) -> ContractId {
    ContractId::from(Uuid::from_u128(number))
}

/// A store in memory with these customer keys, that takes in unknown instances when they are set.
pub fn store_with_keys<const N: usize>(keys: [(&str, KeyKind); N]) -> Store {
    let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
    for (key, kind) in keys {
        store.add_key(ManagedEntity::Customer, key, kind).unwrap();
    }
    store
}

/// The faults of a call that must have been refused.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<Fault> {
    match result {
        Err(Error::Refused(faults)) => faults,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The one fault of a call that must have been refused.
#[track_caller]
pub fn fault<T: std::fmt::Debug>(result: Result<T, Error>) -> Fault {
    let mut faults = faults(result);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

/// Every item of a paged answer, read `limit` at a time; pages are full up to the last one.
#[track_caller]
pub fn every<T>(limit: usize, mut page: impl FnMut(&PageRequest) -> Result<Page<T>, Error>) -> Vec<T> {
    let mut items = Vec::new();
    let mut request = PageRequest::first(limit);
    loop {
        let page = page(&request).unwrap();
        assert!(page.items.len() <= limit, "a page of {} with limit {limit}", page.items.len());
        assert!(
            page.next.is_none() || page.items.len() == limit,
            "a page that is not full has another behind"
        );
        items.extend(page.items);
        match page.next {
            Some(cursor) => request = PageRequest::after(cursor, limit),
            None => return items,
        }
    }
}

/// Ends a transaction's closure in a panic, without the message that a panic prints.
pub fn panic_quietly() -> ! {
    std::panic::resume_unwind(Box::new("a panic that the test wants"))
}

/// Runs `act`, which must panic.
#[track_caller]
pub fn panics<T: std::fmt::Debug>(act: impl FnOnce() -> T) {
    let came = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
    assert!(came.is_err(), "no panic came through: {came:?}");
}

/// Rows, and the indexes and lists that follow from them, agree.
pub fn whole(store: &Store) {
    let found = store.verify().unwrap();
    assert!(found.problems.is_empty(), "{:#?}", found.problems);
}
