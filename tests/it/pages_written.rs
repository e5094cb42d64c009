//! What a durable set costs: pages written and syncs, counted at the backend.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::customer;
use crate::support::disk::{Access, Disk};

/// Enough rows for trees of three pages from root to leaf, as they are from some ten thousand rows to some
/// hundred thousand. By the formula (header + 3 system pages + directory + the pages of all paths touched) that
/// makes 5 + 3 for the fields row, 3 more for the journal, and 5 more for a value of an enforced key that moves
/// from one leaf of its index to another. The design's figures for the larger trees of 300 thousand rows are 9,
/// 13 and 18.
const ROWS: u128 = 60_000;
const SETS: u128 = 100;

/// Ids far apart, so that each set goes to pages of its own.
fn scattered(n: u128) -> CustomerId {
    CustomerId::from(Uuid::from_u128(n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)))
}

fn options(journal: bool) -> StoreOptions {
    StoreOptions::new().adopt_unknown(true).keep_journal(journal)
}

fn filled(journal: bool) -> Disk {
    let disk = Disk::default();
    let store = options(journal).durability(Durability::OnFlush).on_backend(disk.clone()).unwrap();
    store.add_key(ManagedEntity::Customer, "note", KeyKind::Unindexed).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    for from in (0..ROWS).step_by(10_000) {
        let values = |n: u128| [("note", "as it was"), ("slot", &format!("slot {n:07}"))].into();
        let sets = (from..from + 10_000).map(|n| (scattered(n), values(n)));
        store.set_many::<_, CustomFields>(sets).unwrap();
    }
    store.close().unwrap();
    disk
}

/// How many pages a set of `key` writes on average. Each syncs exactly once.
fn average(disk: &Disk, journal: bool, key: &str) -> f64 {
    let store = options(journal).on_backend(disk.clone()).unwrap();
    // The first commit after opening also marks the file as open.
    store.set_values(scattered(1), [("note", "first")]).unwrap();
    let before = disk.count(Access::Write);
    for n in 0..SETS {
        let syncs = disk.count(Access::Sync);
        let set = store.set_values(scattered(n * 599), [(key, &format!("slot {n:02} changed"))]).unwrap();
        assert!(set.changed());
        assert_eq!(disk.count(Access::Sync), syncs + 1);
    }
    (disk.count(Access::Write) - before) as f64 / SETS as f64
}

#[test]
fn a_durable_set_writes_no_more_pages_than_its_paths_have_and_syncs_once() {
    let disk = filled(true);
    let unindexed = average(&disk, true, "note");
    assert!((5.0..=11.0).contains(&unindexed), "{unindexed} pages for a fields row and the journal");
    let enforced = average(&disk, true, "slot");
    assert!((unindexed + 3.0..=16.0).contains(&enforced), "{enforced} pages with an enforced key");
}

#[test]
fn without_a_journal_a_durable_set_writes_the_path_of_its_fields_row_alone() {
    let pages = average(&filled(false), false, "note");
    assert!((5.0..=8.0).contains(&pages), "{pages} pages for a fields row");
}

#[test]
fn a_set_of_a_customer_without_contracts_writes_no_more_pages_than_one_of_what_no_invoice_shows() {
    let disk = Disk::default();
    let store = options(true).id_source(IdSource::Counted).on_backend(disk.clone()).unwrap();
    let fill = |entity| {
        store.add_key(entity, "note", KeyKind::Unindexed).unwrap();
        let targets = (0..1_000).map(|n| EntityRef { entity, id: scattered(n).into() });
        store.set_many(targets.map(|target| (target, [("note", "as it was")]))).unwrap();
    };
    let entities = [ManagedEntity::Alert, ManagedEntity::Customer];
    entities.into_iter().for_each(fill);
    let other = store.create_customer(CreateCustomer::default()).unwrap();
    store.create_contract(CreateContract::new(other, Time::UNIX_EPOCH)).unwrap();
    let pages = |target: EntityRef, note: u128| {
        let before = disk.count(Access::Write);
        store.set_values(target, [("note", note.to_string())]).unwrap();
        disk.count(Access::Write) - before
    };
    // So that the table of what was is there.
    pages(other.into(), SETS);
    let (mut sum, mut with_contracts) = (0, 0);
    for n in 0..SETS {
        let [alert, customer] =
            entities.map(|entity| pages(EntityRef { entity, id: scattered(n).into() }, n));
        assert!(customer <= alert, "{customer} pages for a customer, {alert} for an alert");
        sum += customer;
        with_contracts += pages(other.into(), n);
    }
    assert!(with_contracts > sum, "so the counting works: {with_contracts} with contracts, {sum} without");
}

#[test]
fn what_changes_nothing_writes_nothing_and_syncs_nothing() {
    let disk = Disk::default();
    let store = StoreOptions::new().on_backend(disk.clone()).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.adopt(customer(1)).unwrap();
    store.set_values(customer(1), [("slot", "left")]).unwrap();
    let before = (disk.count(Access::Write), disk.count(Access::Sync), disk.count(Access::SetLen));

    store.set_values(customer(1), [("slot", "left")]).unwrap();
    store.set_values(customer(1), CustomFields::default()).unwrap();
    store.set_many([(customer(1), [("slot", "left")])]).unwrap();
    store.replace_values(customer(1), [("slot", "left")]).unwrap();
    assert!(!store.adopt(customer(1)).unwrap());
    store.enforce_uniqueness(ManagedEntity::Customer, "slot").unwrap();
    assert!(store.set_values(customer(2), [("slot", "right")]).is_err());
    assert!(store.archive(customer(2)).is_err());
    store.write(|tx| tx.values(customer(1))).unwrap();
    store.dry_run(|tx| tx.set_values(customer(1), [("slot", "right")])).unwrap();
    let stopped = store.write(|tx| {
        tx.set_values(customer(1), [("slot", "right")])?;
        Err::<(), _>(Error::stop("no"))
    });
    assert!(stopped.is_err());
    store.values(customer(1)).unwrap();
    store.stats().unwrap();

    let after = (disk.count(Access::Write), disk.count(Access::Sync), disk.count(Access::SetLen));
    assert_eq!(after, before);
    store.set_values(customer(1), [("slot", "right")]).unwrap();
    assert_eq!(disk.count(Access::Sync), before.1 + 1, "the counting works");
}

#[test]
fn sets_that_are_durable_on_flush_sync_once_at_the_flush() {
    let disk = Disk::that_can_lose_power();
    let options = || options(true).durability(Durability::OnFlush);
    let store = options().on_backend(disk.clone()).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    store.flush().unwrap();
    let before = disk.count(Access::Sync);
    for n in 1..=20 {
        store.set_values(customer(n), [("slot", &n.to_string())]).unwrap();
    }
    assert_eq!(disk.count(Access::Sync), before);
    let lost = options().on_backend(disk.after_power_loss()).unwrap();
    let there = (1..=20).filter(|n| lost.exists(customer(*n)).unwrap()).count();
    assert_eq!(there, 0, "nothing was promised before the flush, and nothing was synced");

    store.flush().unwrap();
    assert_eq!(disk.count(Access::Sync), before + 1);
    store.set_values(customer(21), [("slot", "21")]).unwrap();
    let kept = options().on_backend(disk.after_power_loss()).unwrap();
    for n in 1..=20 {
        assert_eq!(kept.find::<CustomerId>("slot", &n.to_string()).unwrap(), Some(customer(n)));
    }
    assert!(!kept.exists(customer(21)).unwrap());
    store.close().unwrap();
    let closed = options().on_backend(disk.after_power_loss()).unwrap();
    assert!(closed.exists(customer(21)).unwrap(), "closing has everything on disk");
}

#[test]
fn every_acknowledged_set_survives_a_loss_of_power() {
    let disk = Disk::that_can_lose_power();
    let store = options(true).on_backend(disk.clone()).unwrap();
    store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    for n in 1..=30 {
        store.set_values(customer(n), [("slot", &n.to_string())]).unwrap();
        let after = options(true).on_backend(disk.after_power_loss()).unwrap();
        assert_eq!(after.find::<CustomerId>("slot", &n.to_string()).unwrap(), Some(customer(n)));
    }
}
