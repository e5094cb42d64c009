//! Every access to the disk fails in turn, once or for ever, because it is broken or full: a clean error, and the state
//! before or after.

use billfold::prelude::*;

use crate::support::disk::{Access, Disk, Failing};
use crate::support::workload::{CALLS, options, state};
use crate::support::{customer, whole};

/// How many accesses of each kind fail, spread over all there are.
const VARIABLE: &str = "BILLFOLD_FAULTS";

/// The store as it was before each call, and in the end.
fn states() -> Vec<(u64, String)> {
    let store = open(&Disk::default()).unwrap();
    let mut states = vec![state(&store)];
    for (_, call) in CALLS {
        call(&store).unwrap();
        states.push(state(&store));
    }
    states
}

/// With a cache so small that pages come from the disk.
fn open(disk: &Disk) -> Result<Store, Error> {
    options().cache_bytes(64 << 10).on_backend(disk.clone())
}

/// Lives until a call fails; how many went well, and the error of the one that did not.
fn lived(store: &Store) -> (usize, Option<Error>) {
    let failed = CALLS.iter().enumerate().find_map(|(number, (_, call))| Some((number, call(store).err()?)));
    failed.map_or((CALLS.len(), None), |(number, error)| (number, Some(error)))
}

/// Lives on a disk that fails so; whether it came to that.
fn broken(access: Access, nth: u64, failing: Failing, states: &[(u64, String)]) -> bool {
    let disk = Disk::default();
    let store = open(&disk).unwrap();
    disk.fail_so(access, nth, failing);
    let (calls, error) = lived(&store);
    if !disk.has_failed() {
        return false;
    }
    let by = CALLS.get(calls).map(|call| call.0);
    let how = format!("{access:?} {nth} {failing:?}, {by:?}: {error:?}");
    let may_be = match error {
        // Compacting is several commits.
        Some(Error::Io(_) | Error::Closed(_)) if by == Some("compacting") => &states[calls..calls + 2],
        Some(Error::NotApplied(_) | Error::Io(_) | Error::Closed(_)) => &states[calls..=calls],
        // An import tells in an error of its own what failed.
        None | Some(Error::OutcomeUnknown(_) | Error::Stopped(_)) => {
            &states[calls..states.len().min(calls + 2)]
        }
        Some(_) => panic!("{how}"),
    };
    if calls < CALLS.len() {
        assert!(matches!(store.adopt(customer(1)), Err(Error::Closed(_))), "{how}");
        assert!(matches!(store.exists(customer(1)), Err(Error::Closed(_))), "{how}");
        let found = store.find::<CustomerId>("x_account_id", "nobody's");
        assert!(matches!(found, Err(Error::Closed(_))), "{how}: {found:?}");
    }
    drop(store);
    disk.heal();
    let store = open(&disk).unwrap_or_else(|error| panic!("{how}: {error}"));
    whole(&store);
    let found = state(&store);
    assert!(may_be.contains(&found), "{how}: change {}", found.0);
    true
}

#[test]
fn whichever_access_fails_the_store_closes_and_has_one_of_two_states() {
    let wanted = std::env::var(VARIABLE).map_or(24, |wanted| wanted.parse().unwrap());
    let states = states();
    let counted = Disk::default();
    assert!(lived(&open(&counted).unwrap()).1.is_none());
    let mut faults = 0;
    for access in [Access::Read, Access::Write, Access::SetLen, Access::Sync] {
        let many = usize::try_from(counted.count(access)).unwrap();
        let places = (0..).step_by((many / wanted).max(1)).take(wanted.min(many));
        for (place, nth) in places.enumerate() {
            // Each in one of the ways, or in all of them where there are few.
            let ways = if wanted < many { place % 4..place % 4 + 1 } else { 0..4 };
            faults += Failing::ALL[ways].iter().filter(|way| broken(access, nth, **way, &states)).count();
        }
    }
    println!("{faults} faults injected");
    assert!(faults > 60, "only {faults} faults");
}
