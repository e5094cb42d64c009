//! What editing a contract costs: pages read and written, counted at the backend, whatever was edited before and
//! however many other contracts its customer has.

use std::time::Duration;

use billfold::prelude::*;

use crate::support::disk::{Access, Disk};
use crate::support::provisioned::{Provisioned, day, five_percent_off, on};

const EDITS: u32 = 20;

fn open(disk: &Disk, clock: &SetClock, cache: usize) -> Store {
    StoreOptions::new().cache_bytes(cache).clock_from(clock).on_backend(disk.clone()).unwrap()
}

/// A contract with a commit and an override that was edited so often and has so many others beside it, in a store
/// that keeps no page in memory.
fn stage(disk: &Disk, edits: u32, contracts: u32) -> Provisioned {
    let clock = SetClock::default();
    clock.set(day("01-01"));
    let mut here = on(open(disk, &clock, 1 << 28), clock.clone());
    let first = EditContract {
        add_commits: vec![here.commit()],
        add_overrides: vec![five_percent_off("cloud")],
        ..Default::default()
    };
    here.edit(first).unwrap();
    let other = CreateContract::new(here.customer, day("01-01"));
    here.store
        .write(|tx| {
            (0..contracts).try_for_each(|_| tx.create_contract(other.clone()).map(drop))?;
            (0..edits / 2).try_for_each(|n| edit(tx, &here, n))
        })
        .unwrap();
    assert_eq!(here.edits().len(), (1 + edits as usize).min(1_000));
    here.store.close().unwrap();
    here.store = open(disk, &clock, 0);
    here
}

/// Renames the contract and its commit, sets a filter, and puts another override in the place of the one it has.
fn edit(tx: &Transaction<'_>, here: &Provisioned, n: u32) -> Result<(), Error> {
    let contract = tx.contract(here.contract)?;
    let name = || Some(format!("name {n}"));
    let update = UpdateBalance { name: name(), ..UpdateBalance::new(contract.commits[0].id) };
    let updates = PartUpdates {
        update_commits: vec![update],
        remove_overrides: vec![contract.overrides[0].id],
        ..Default::default()
    };
    let add_overrides = vec![five_percent_off("cloud")];
    let update_contract_name = Some(name());
    tx.edit_contract(
        here.contract,
        EditContract { update_contract_name, updates, add_overrides, ..Default::default() },
    )?;
    let filter = UsageFilter::new("region", [n.to_string()], day("01-01"));
    tx.set_usage_filter(here.contract, filter).map(drop)
}

/// Pages that an edit reads and writes on average.
fn costs(disk: &Disk, here: &Provisioned) -> (f64, f64) {
    let count = |access| disk.count(access) as f64;
    let before = (count(Access::Read), count(Access::Write));
    for n in 0..EDITS {
        here.clock.set(here.clock.now().after(Duration::from_secs(1)));
        here.store.write(|tx| edit(tx, here, n)).unwrap();
    }
    let each = |access, before| (count(access) - before) / f64::from(EDITS);
    (each(Access::Read, before.0), each(Access::Write, before.1))
}

/// A tree of ten times as many rows is a level higher at most, and a path in it so much longer. What is read or
/// written row by row would cost ten times as much.
#[test]
fn an_edit_costs_the_same_after_ten_thousand_others_and_beside_ten_thousand_contracts() {
    let costs = |edits, contracts| {
        let disk = Disk::default();
        costs(&disk, &stage(&disk, edits, contracts))
    };
    for [few, many] in [[costs(1_000, 1), costs(10_000, 1)], [costs(0, 1_000), costs(0, 10_000)]] {
        assert!(many.0 <= few.0 * 1.4, "{} pages read, {} where there is a tenth", many.0, few.0);
        assert!(many.1 <= few.1 * 1.4, "{} pages written, {} where there is a tenth", many.1, few.1);
        assert!(few.0 > 10.0 && few.1 > 10.0, "{few:?}, so the counting works");
    }
}
