//! A store that is built from the feed of another one.

use std::time::Duration;

use billfold::prelude::*;

use crate::support::catalog::at;
use crate::support::customer;
use crate::support::disk::Disk;
use crate::support::following::{assert_same, catch_up, follow_some, late_follower};
use crate::support::ready::Ready;
use crate::support::template::with_keys;
use crate::support::{fault, store_with_keys, whole};

const CUSTOMER: ManagedEntity = ManagedEntity::Customer;

fn note(text: &str) -> CustomFields {
    [("note", text)].into()
}

fn on_day(ready: &Ready, date: &str) {
    ready.clock.set(at(&format!("{date}T00:00:00Z")));
}

/// A contract with parts of several kinds, some of which have values.
fn full(ready: &Ready) -> CreateContract {
    CreateContract {
        uniqueness_key: Some("first".into()),
        commits: vec![CreateCommit { custom_fields: note("commit"), ..ready.commit(100) }],
        credits: vec![CreateCredit { custom_fields: note("credit"), ..ready.credit(200) }],
        scheduled_charges: vec![CreateScheduledCharge { custom_fields: note("charge"), ..ready.charge(300) }],
        professional_services: vec![ready.professional_service()],
        subscriptions: vec![ready.subscription(5)],
        recurring_commits: vec![ready.recurring(600, RecurrenceFrequency::Monthly)],
        custom_fields: note("contract"),
        ..ready.plain()
    }
}

fn void_first(ready: &Ready, contract: ContractId) {
    let question = InvoiceQuestion::through(ready.clock.now());
    let found = ready.store.invoices(contract, &question, &PageRequest::default()).unwrap().items;
    let settled = found.iter().find(|invoice| invoice.status == InvoiceStatus::Finalized).unwrap();
    ready.store.void_invoice(settled.id).unwrap();
    ready.store.add_key(ManagedEntity::Invoice, "note", KeyKind::Indexed).unwrap();
    ready.store.set_values(settled.id, note("voided")).unwrap();
}

#[test]
fn contracts_with_all_they_ever_were_come_out_the_same() {
    let ready = Ready::new();
    let store = &ready.store;
    let copy = Store::in_memory().unwrap();
    let check = |step: &str| {
        println!("{step}");
        catch_up(&copy, store, 3);
        assert_same(&copy, store);
        assert_same(&late_follower(store), store);
    };
    with_keys(store);
    check("keys, a customer, a card and products");
    store.add_key(CUSTOMER, "note", KeyKind::Indexed).unwrap();
    store.set_values(ready.customer, note("before")).unwrap();
    let contract = store.create_contract(full(&ready)).unwrap();
    let read = store.contract(contract).unwrap();
    store.set_values(read.commits[0].id, note("at once")).unwrap();
    store.set_values(ready.customer, note("with a contract")).unwrap();
    check("a contract");
    on_day(&ready, "2024-12-05");
    store.set_values(contract, note("december")).unwrap();
    store.set_values(ready.customer, note("december")).unwrap();
    let later = AddRate::new(ready.cloud, at("2025-01-01T00:00:00Z"), Rate::flat(7.into()));
    store.add_rate(ready.card, later.clone()).unwrap();
    let edit = EditContract {
        uniqueness_key: Some("edit".into()),
        add_commits: vec![ready.commit(50)],
        ..EditContract::default()
    };
    store.edit_contract(contract, edit).unwrap();
    check("an edit, and what was due before it");
    void_first(&ready, contract);
    store.add_rate(ready.card, AddRate { rate: Rate::flat(9.into()), ..later }).unwrap();
    store.set_contract_end(contract, Some(at("2025-06-01T00:00:00Z"))).unwrap();
    store.archive(store.contract(contract).unwrap().scheduled_charges[0].id).unwrap();
    check("a void invoice, a new price, an end");
    let other = store.create_contract(CreateContract { uniqueness_key: None, ..full(&ready) }).unwrap();
    store.archive_contract(contract).unwrap();
    check("archived");
    store.forget(other).unwrap();
    check("forgotten");
    store.forget(ready.customer).unwrap();
    check("everything is forgotten");
}

#[test]
fn packages_and_alerts_come_out_the_same() {
    let ready = Ready::new();
    let store = &ready.store;
    with_keys(store);
    let copy = Store::in_memory().unwrap();
    let named = |name: &str| {
        let package = ready.full_plan(&note("template"));
        CreatePackage {
            aliases: vec!["starter".into()],
            terms: PackageTerms { uniqueness_key: Some(name.into()), ..package.terms.clone() },
            ..package
        }
    };
    let first = store.create_package(named("first")).unwrap();
    let contract = store.create_contract(ready.of_package(first)).unwrap();
    follow_some(&copy, store, 1_000);
    on_day(&ready, "2024-11-02");
    store.create_package(named("second")).unwrap();
    store.archive_package(first).unwrap();
    let alert = |customer_id| CreateAlert {
        customer_id,
        uniqueness_key: customer_id.map(|_| "low".into()),
        ..CreateAlert::new(AlertType::InvoiceTotal, "spend", Amount::from(5))
    };
    let own = store.create_alert(alert(Some(ready.customer))).unwrap();
    store.create_alert(alert(None)).unwrap();
    catch_up(&copy, store, 2);
    store.archive_alert(own, true).unwrap();
    store.archive_contract(contract).unwrap();
    catch_up(&copy, store, 2);
    assert_same(&copy, store);
    assert_same(&late_follower(store), store);
    let page = PageRequest::default();
    assert_eq!(copy.package_history(first, &page).unwrap(), store.package_history(first, &page).unwrap());
    assert_eq!(
        copy.packages(ArchiveFilter::All, &page).unwrap(),
        store.packages(ArchiveFilter::All, &page).unwrap()
    );
}

#[test]
fn values_that_are_exchanged_and_keys_that_come_and_go_do_so_in_the_copy() {
    let store = store_with_keys([("slot", KeyKind::Enforced), ("tier", KeyKind::Indexed)]);
    let copy = Store::in_memory().unwrap();
    let slots = |slots: [(u128, &str); 3]| {
        store.set_many(slots.map(|(n, slot)| (customer(n), [("slot", slot)]))).unwrap();
        catch_up(&copy, &store, 1);
        assert_same(&copy, &store);
    };
    slots([(1, "a"), (2, "b"), (3, "c")]);
    slots([(1, "b"), (2, "c"), (3, "a")]);
    store.set_values(customer(1), [("tier", "gold")]).unwrap();
    store.relax_uniqueness(CUSTOMER, "slot").unwrap();
    slots([(1, "b"), (2, "b"), (3, "b")]);
    slots([(1, "x"), (2, "y"), (3, "z")]);
    store.enforce_uniqueness(CUSTOMER, "slot").unwrap();
    store.remove_key(CUSTOMER, "tier").unwrap();
    store.add_key(CUSTOMER, "tier", KeyKind::Unindexed).unwrap();
    slots([(1, "z"), (2, "x"), (3, "y")]);
    store.archive(customer(2)).unwrap();
    slots([(1, "y"), (2, "z"), (3, "x")]);
    let page = PageRequest::default();
    let history = |of: &Store| of.history_of_value(customer(1), "slot", &page).unwrap();
    assert_eq!(history(&copy), history(&store));
}

#[test]
fn what_a_copy_had_of_the_forgotten_takes_nothing_from_others_when_it_goes() {
    let store = store_with_keys([("slot", KeyKind::Enforced)]);
    let copy = Store::in_memory().unwrap();
    store.set_values(customer(2), [("slot", "left")]).unwrap();
    store.set_values(customer(4), [("slot", "up")]).unwrap();
    catch_up(&copy, &store, 10);
    // What becomes of these two from here on is not in the feed any more when the copy gets there.
    store.set_values(customer(2), [("slot", "right")]).unwrap();
    store.set_values(customer(4), [("slot", "down")]).unwrap();
    store.set_values(customer(1), [("slot", "left")]).unwrap();
    store.relax_uniqueness(CUSTOMER, "slot").unwrap();
    store.enforce_uniqueness(CUSTOMER, "slot").unwrap();
    store.set_values(customer(3), [("slot", "up")]).unwrap();
    store.forget(customer(2)).unwrap();
    store.forget(customer(4)).unwrap();
    catch_up(&copy, &store, 1);
    assert_same(&copy, &store);
    let holder = |slot| copy.find::<CustomerId>("slot", slot).unwrap();
    assert_eq!([holder("left"), holder("up")], [Some(customer(1)), Some(customer(3))]);
}

#[test]
fn a_copy_that_is_reopened_goes_on_where_it_was() {
    let store = store_with_keys([("tier", KeyKind::Indexed)]);
    let disk = Disk::default();
    for n in 1..6 {
        store.set_values(customer(n), [("tier", n.to_string())]).unwrap();
        store.forget(customer(n - 1)).ok();
        let copy = StoreOptions::new().on_backend(disk.clone()).unwrap();
        catch_up(&copy, &store, 2);
        assert_same(&copy, &store);
        copy.close().unwrap();
    }
}

#[test]
fn several_writers_are_followed_by_another_thread() {
    const WRITERS: u128 = 3;
    let store = store_with_keys([("slot", KeyKind::Enforced), ("tier", KeyKind::Indexed)]);
    let copy = Store::in_memory().unwrap();
    let end = "the end";
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            loop {
                let seen = copy.last_change().unwrap();
                let changes = store.wait_for_changes(seen, 7, Duration::from_secs(60)).unwrap();
                copy.follow(&changes).unwrap();
                if copy.key(CUSTOMER, end).unwrap().is_some() {
                    return;
                }
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let store = &store;
                    move || write_some(store, writer * 100)
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        store.add_key(CUSTOMER, end, KeyKind::Unindexed).unwrap();
        follower.join().unwrap();
    });
    assert_same(&copy, &store);
}

fn write_some(store: &Store, first: u128) {
    for n in first..first + 20 {
        store.set_values(customer(n), [("slot", n.to_string()), ("tier", "gold".to_owned())]).unwrap();
        if n % 4 == 3 {
            let [left, right] =
                [n, n - 1].map(|other| (customer(n + (n - 1) - other), [("slot", other.to_string())]));
            store.set_many([left, right]).unwrap();
            store.forget(customer(n - 2)).unwrap();
            store.set_values(customer(n), [("slot", (n - 2).to_string())]).unwrap();
        }
    }
}

#[test]
fn changes_out_of_turn_or_of_another_store_are_refused_and_change_nothing() {
    let store = store_with_keys([("slot", KeyKind::Enforced)]);
    store.set_values(customer(1), [("slot", "left")]).unwrap();
    store.set_values(customer(1), [("slot", "right")]).unwrap();
    let changes = store.changes_since(0, 10).unwrap();
    let copy = Store::in_memory().unwrap();
    let out_of_turn = |found, expected| Fault::ChangeOutOfTurn { found, expected };
    assert_eq!(fault(copy.follow(&changes[1..])), out_of_turn(2, 1));
    let gap = [&changes[..2], &changes[3..]].concat();
    assert_eq!(fault(copy.follow(&gap)), out_of_turn(4, 3));
    assert_eq!(copy.last_change().unwrap(), 0, "the two before the gap are not there either");
    assert_eq!(copy.follow(&changes).unwrap(), 4);
    assert_eq!(copy.follow(&[]).unwrap(), 4);
    assert_eq!(fault(copy.follow(&changes[3..])), out_of_turn(4, 5), "it was followed before");

    let other = store_with_keys([("slot", KeyKind::Enforced), ("tier", KeyKind::Indexed)]);
    other.set_values(customer(1), [("slot", "left")]).unwrap();
    let before = |of: &Store| of.changes_since(0, 10).unwrap();
    let known = before(&copy);
    let refused = |next: Change| {
        assert_eq!(fault(copy.follow(&[next])), Fault::ChangeDoesNotFit { sequence: 5 });
        assert_eq!(before(&copy), known);
        whole(&copy);
    };
    other.set_values(customer(1), [("slot", "right")]).unwrap();
    refused(other.changes_since(4, 1).unwrap().remove(0));
    store.set_values(customer(1), [("slot", "up")]).unwrap();
    let set = store.changes_since(4, 1).unwrap().remove(0);
    let with = |altered: &dyn Fn(&mut Change)| {
        let mut change = set.clone();
        altered(&mut change);
        change
    };
    refused(with(&|change| change.before = 1));
    refused(with(&|change| change.at = Time::UNIX_EPOCH));
    refused(with(&|change| change.subject = ChangeSubject::Instance(customer(2).into())));
    refused(with(&|change| change.what = ChangeKind::Adopted));
    refused(with(&|change| change.what = ChangeKind::KeyRemoved));
    refused(with(&|change| change.what = ChangeKind::Forgotten));
    let value = |key: &str, old: &str| {
        let value = ChangedValue { key: key.into(), old: Some(old.into()), new: None };
        with(&|change| change.what = ChangeKind::Values(vec![value.clone()]))
    };
    refused(value("slot", "left"));
    refused(value("tier", "right"));
    assert_eq!(copy.follow(&[set]).unwrap(), 5);
    assert_same(&copy, &store);
}

#[test]
fn a_store_that_keeps_no_journal_follows_none() {
    let store = store_with_keys([("slot", KeyKind::Enforced)]);
    let copy = StoreOptions::new().keep_journal(false).in_memory().unwrap();
    assert_eq!(fault(copy.follow(&store.changes_since(0, 10).unwrap())), Fault::FollowsWithoutJournal);
    assert_eq!(copy.keys(&[]).unwrap(), []);
}

#[test]
fn a_copy_may_keep_a_shorter_history() {
    let store = store_with_keys([("tier", KeyKind::Indexed)]);
    for n in 1..20 {
        store.set_values(customer(n % 5), [("tier", n.to_string())]).unwrap();
    }
    store.forget(customer(3)).unwrap();
    let copy = StoreOptions::new().history(Retention::Changes(3)).in_memory().unwrap();
    catch_up(&copy, &store, 4);
    whole(&copy);
    assert_eq!(copy.values(customer(4)).unwrap(), store.values(customer(4)).unwrap());
    assert!(!copy.exists(customer(3)).unwrap());
}

#[cfg(feature = "wire")]
#[test]
fn what_was_imported_is_followed_with_its_times() {
    let ready = Ready::new();
    ready.store.add_key(CUSTOMER, "note", KeyKind::Indexed).unwrap();
    let contract = ready.store.create_contract(full(&ready)).unwrap();
    on_day(&ready, "2024-12-05");
    ready.store.set_values(contract, note("december")).unwrap();
    ready.store.set_values(ready.customer, note("december")).unwrap();
    ready
        .store
        .edit_contract(contract, EditContract { add_credits: vec![ready.credit(1)], ..Default::default() })
        .unwrap();
    ready.store.archive_contract(contract).unwrap();
    let mut lines = Vec::new();
    ready.store.export(&mut lines).unwrap();
    let imported = Store::in_memory().unwrap();
    imported.import(lines.as_slice()).unwrap();
    let changes = imported.last_change().unwrap();
    imported.import(lines.as_slice()).unwrap();
    assert_eq!(imported.last_change().unwrap(), changes, "what is there already is no change");
    let copy = late_follower(&imported);
    assert_same(&copy, &imported);
    let mut again = Vec::new();
    copy.export(&mut again).unwrap();
    assert!(again == lines, "the copy of an import is as what was exported");
}
