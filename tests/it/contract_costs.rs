//! What editing a contract costs: pages read and written, counted at the backend, whatever was edited before and
//! however many other contracts its customer has.

use std::time::Duration;

use billfold::prelude::*;

use crate::support::disk::{Access, Disk};
use crate::support::provisioned::{Provisioned, day, five_percent_off, on};

const MANY: u32 = 10_000;
const EDITS: u32 = 20;

/// A contract with a commit and an override, in a store that keeps no page in memory.
fn stage(disk: &Disk) -> Provisioned {
    let clock = SetClock::default();
    clock.set(day("01-01"));
    let options = StoreOptions::new().cache_bytes(0).clock_from(&clock);
    let here = on(options.on_backend(disk.clone()).unwrap(), clock.clone());
    let edit = EditContract {
        add_commits: vec![here.commit()],
        add_overrides: vec![five_percent_off("cloud")],
        ..Default::default()
    };
    here.edit(edit).unwrap();
    // A neighbour that has as much, because what stands beside a contract is read with it.
    here.store.create_contract(CreateContract::new(here.customer, day("01-01"))).unwrap();
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

/// Trees grow by a level from one page to a hundred and from there to ten thousand: a path is that much longer in
/// each of the tables that an edit goes to, and there are four that grow: parts, edits, journal and windows. Read in
/// order, a thousand times as many rows would cost a thousand times as much.
#[test]
fn an_edit_costs_no_more_after_ten_thousand_others_nor_beside_ten_thousand_contracts() {
    let few = Disk::default();
    let (reads, writes) = costs(&few, &stage(&few));

    let edited = Disk::default();
    let here = stage(&edited);
    here.store.write(|tx| (0..MANY / 2).try_for_each(|n| edit(tx, &here, n))).unwrap();
    assert!(here.store.contract_edits(here.contract, &PageRequest::first(1)).unwrap().next.is_some());
    let after_many = costs(&edited, &here);

    let crowded = Disk::default();
    let here = stage(&crowded);
    let contract = CreateContract::new(here.customer, day("01-01"));
    here.store
        .write(|tx| (0..MANY).try_for_each(|_| tx.create_contract(contract.clone()).map(drop)))
        .unwrap();
    let beside_many = costs(&crowded, &here);

    for (read, written) in [after_many, beside_many] {
        assert!(read <= reads * 3.0, "{read} pages read, {reads} where there is nothing else");
        assert!(written <= writes + 16.0, "{written} pages written, {writes} where there is nothing else");
    }
    println!("{reads} {writes} {after_many:?} {beside_many:?}");
}
