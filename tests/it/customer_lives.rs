//! Customers over time: configuration, times, forgetting, ids from elsewhere, rehearsals, reopening.

use billfold::prelude::*;
use billfold::{FieldProblem, MAX_ALIASES_PER_CUSTOMER};
use uuid::Uuid;

use crate::customers::with_aliases;
use crate::support::disk::Disk;
use crate::support::{customer, every, fault, panic_quietly, panics};
use KeyKind::Enforced;
use ManagedEntity::Customer;

fn of_account(account: &str) -> CustomerFilter {
    CustomerFilter { salesforce_account_ids: vec![account.into()], ..Default::default() }
}

fn ids(store: &impl Reading, filter: &CustomerFilter) -> Vec<CustomerId> {
    every(2, |page| store.customers(filter, page)).into_iter().map(|one| one.id).collect()
}

fn account(account: Option<&str>) -> UpdateCustomerConfig {
    UpdateCustomerConfig { salesforce_account_id: Some(account.map(str::to_owned)), ..Default::default() }
}

#[test]
fn a_configuration_changes_only_where_it_is_said_to() {
    let store = Store::in_memory().unwrap();
    let id = store.create_customer(with_aliases("a", ["a"])).unwrap();
    let other = store.create_customer(with_aliases("b", [])).unwrap();
    store.update_customer_config(other, account(Some("one"))).unwrap();
    store.update_customer_config(id, account(Some("one"))).unwrap();
    let leave =
        |leave| UpdateCustomerConfig { leave_stripe_invoices_in_draft: Some(leave), ..Default::default() };
    store.update_customer_config(id, leave(Some(false))).unwrap();
    let found = store.customer(id).unwrap();
    assert_eq!(found.salesforce_account_id.as_deref(), Some("one"));
    assert_eq!(found.leave_stripe_invoices_in_draft, Some(false));
    assert_eq!(ids(&store, &of_account("one")), [id, other], "many customers may be one account");

    let revision = store.revision(id).unwrap();
    store.update_customer_config(id, UpdateCustomerConfig::default()).unwrap();
    store.update_customer_config(id, account(Some("one"))).unwrap();
    assert_eq!(store.revision(id).unwrap(), revision, "nothing to do, nothing written");

    store.update_customer_config(id, account(Some("two"))).unwrap();
    assert_eq!(ids(&store, &of_account("one")), [other]);
    assert_eq!(ids(&store, &of_account("two")), [id]);
    store.update_customer_config(id, account(None)).unwrap();
    store.update_customer_config(id, leave(None)).unwrap();
    let found = store.customer(id).unwrap();
    assert_eq!((found.salesforce_account_id, found.leave_stripe_invoices_in_draft), (None, None));
    assert_eq!(ids(&store, &of_account("two")), []);
    assert_eq!((found.name.as_str(), found.ingest_aliases.len()), ("a", 1));
}

#[test]
fn a_salesforce_account_has_at_most_200_characters() {
    let store = Store::in_memory().unwrap();
    let (longest, too_much) = ("\u{1F4B0}".repeat(200), "\u{1F4B0}".repeat(201));
    let problem = FieldProblem::TooLong { characters: 201, most: 200 };
    let too_long = Fault::Field { field: "salesforce_account_id".into(), problem };
    let request = |account: &str| CreateCustomer {
        salesforce_account_id: Some(account.into()),
        ..with_aliases("a", [])
    };
    let id = store.create_customer(request(&longest)).unwrap();
    assert_eq!(fault(store.create_customer(request(&too_much))), too_long);
    assert_eq!(fault(store.update_customer_config(id, account(Some(&too_much)))), too_long);
    assert_eq!(ids(&store, &of_account(&longest)), [id]);
    assert_eq!(ids(&store, &of_account(&too_much)), []);
}

#[test]
fn what_is_kept_is_of_the_apis_request_and_has_a_limit() {
    let store = Store::in_memory().unwrap();
    let request = |name: &str, text: String| CreateCustomer {
        kept: [(name.to_owned(), text)].into(),
        ..with_aliases("a", [])
    };
    let longest = "\u{1F4B0}".repeat(65_536);
    let id = store.create_customer(request("billing_config", longest.clone())).unwrap();
    assert_eq!(store.customer(id).unwrap().kept["billing_config"], longest);
    let problem = FieldProblem::TooLong { characters: 65_537, most: 65_536 };
    let too_long = Fault::Field { field: "billing_config".into(), problem };
    assert_eq!(fault(store.create_customer(request("billing_config", longest + "x"))), too_long);
    match fault(store.create_customer(request("id", "1".into()))) {
        Fault::Field { field, problem: FieldProblem::NotAllowed { .. } } => assert_eq!(field, "id"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_largest_customer_there_can_be_is_changed_and_read_after_reopening() {
    let disk = Disk::default();
    let store = StoreOptions::new().on_backend(disk.clone()).unwrap();
    let wide = |n: usize| "\u{1F4B0}".repeat(n);
    let kept = [
        "billing_config",
        "customer_billing_provider_configurations",
        "customer_revenue_system_configurations",
    ];
    let id = store
        .create_customer(CreateCustomer {
            name: wide(160),
            ingest_aliases: (0..MAX_ALIASES_PER_CUSTOMER).map(|n| format!("{n:\u{1F4B0}>128}")).collect(),
            salesforce_account_id: Some(wide(200)),
            kept: kept.map(|name| (name.to_owned(), wide(65_536))).into(),
            ..Default::default()
        })
        .unwrap();
    store.set_customer_name(id, "short").unwrap();
    let before = store.customer(id).unwrap();
    store.close().unwrap();
    let store = StoreOptions::new().on_backend(disk).unwrap();
    assert_eq!(store.customer(id).unwrap(), before);
    assert_eq!(before.ingest_aliases.len(), 2_000);
    store.forget(id).unwrap();
    assert_eq!(store.find_customer(&before.ingest_aliases[7]).unwrap(), None);
}

#[test]
fn times_say_when_a_customer_was_made_changed_and_archived() {
    let clock = SetClock::default();
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    let hour = |hour: u32| format!("2025-02-01T{hour:02}:00:00Z").parse::<Time>().unwrap();
    clock.set(hour(1));
    store.add_key(Customer, "tier", KeyKind::Indexed).unwrap();
    let id = store.create_customer(with_aliases("a", ["a"])).unwrap();
    let times = |store: &Store| {
        let found = store.customer(id).unwrap();
        (found.created_at, found.updated_at, found.archived_at)
    };
    assert_eq!(times(&store), (hour(1), hour(1), None));
    for at in 2..=6 {
        clock.set(hour(at));
        let changed = match at {
            2 => store.set_customer_name(id, "b"),
            3 => store.set_ingest_aliases(id, ["b"]),
            4 => store.add_ingest_alias(id, "c"),
            5 => store.remove_ingest_alias(id, "c"),
            _ => store.update_customer_config(id, account(Some("s"))),
        };
        changed.unwrap();
        assert_eq!(times(&store), (hour(1), hour(at), None));
    }
    clock.set(hour(7));
    store.set_values(id, [("tier", "gold")]).unwrap();
    store.set_customer_name(id, "b").unwrap();
    assert_eq!(
        times(&store),
        (hour(1), hour(6), None),
        "values are no part of the record; the same name no change"
    );
    clock.set(hour(8));
    store.archive(id).unwrap();
    assert_eq!(times(&store), (hour(1), hour(8), Some(hour(8))));
    assert_eq!(fault(store.archive(id)), Fault::AlreadyArchived { target: id.into() });
    clock.set(hour(9));
    store.set_customer_name(id, "c").unwrap();
    assert_eq!(times(&store), (hour(1), hour(9), Some(hour(8))), "an archived one can still be corrected");
    clock.set(hour(3));
    store.set_customer_name(id, "d").unwrap();
    assert_eq!(times(&store), (hour(1), hour(9), Some(hour(8))), "recorded times never run backwards");
}

#[test]
fn forgetting_a_customer_frees_its_aliases_its_values_and_its_place_in_lists() {
    let store = Store::in_memory().unwrap();
    store.add_key(Customer, "account", Enforced).unwrap();
    let request = || CreateCustomer {
        salesforce_account_id: Some("s".into()),
        custom_fields: [("account", "1")].into(),
        ..with_aliases("a", ["a", "b"])
    };
    let first = store.create_customer(request()).unwrap();
    store.archive(first).unwrap();
    store.forget(first).unwrap();
    assert_eq!(fault(store.customer(first)), Fault::InstanceNotFound { target: first.into() });
    assert_eq!(store.find_customer("a").unwrap(), None);
    assert_eq!(ids(&store, &CustomerFilter { only_archived: true, ..of_account("s") }), []);
    let second = store.create_customer(request()).unwrap();
    assert_ne!(first, second);
    assert_eq!(store.find_customer("b").unwrap(), Some(second));
    assert_eq!(ids(&store, &of_account("s")), [second]);
    // The id taken in again is an id and nothing more: nothing of the customer comes back.
    store.adopt(first).unwrap();
    assert_eq!(fault(store.customer(first)), Fault::NothingButAnId { target: first.into() });
}

#[test]
fn an_id_is_not_issued_again_though_its_customer_was_forgotten() {
    let disk = Disk::default();
    // Without a journal, nothing but the count of the ids tells of it.
    let open = || {
        let options = StoreOptions::new().keep_journal(false).id_source(IdSource::Counted);
        options.on_backend(disk.clone()).unwrap()
    };
    let store = open();
    let request = CreateCustomer { salesforce_account_id: Some("s".into()), ..with_aliases("a", ["a"]) };
    let first = store.create_customer(request).unwrap();
    store.forget(first).unwrap();
    store.close().unwrap();
    let store = open();
    assert!(store.create_customer(with_aliases("b", [])).unwrap() > first);
    assert_eq!(ids(&store, &of_account("s")), []);
    assert_eq!(store.find_customer("a").unwrap(), None);
}

#[test]
fn a_customer_taken_in_from_elsewhere_is_nothing_but_an_id() {
    let store = Store::in_memory().unwrap();
    store.add_key(Customer, "tier", KeyKind::Indexed).unwrap();
    let id = customer(1);
    store.adopt(id).unwrap();
    store.set_values(id, [("tier", "gold")]).unwrap();
    let bare = Fault::NothingButAnId { target: id.into() };
    assert_eq!(bare.kind(), ErrorKind::NotFound);
    for refused in [
        store.customer(id).map(drop),
        store.set_customer_name(id, "a"),
        store.set_ingest_aliases(id, ["a"]),
        store.add_ingest_alias(id, "a"),
        store.remove_ingest_alias(id, "a"),
        store.move_ingest_alias("a", id),
        store.update_customer_config(id, UpdateCustomerConfig::default()),
    ] {
        assert_eq!(fault(refused), bare);
    }
    assert_eq!(ids(&store, &CustomerFilter::default()), []);
    assert_eq!(ids(&store, &CustomerFilter { customer_ids: vec![id], ..Default::default() }), []);
    store.archive(id).unwrap();
    assert_eq!(ids(&store, &CustomerFilter { only_archived: true, ..Default::default() }), []);
    store.forget(id).unwrap();
}

#[test]
fn an_id_that_was_taken_in_is_not_issued_again() {
    let store = StoreOptions::new().id_source(IdSource::Counted).in_memory().unwrap();
    let counted = |n: u128| CustomerId::from(Uuid::from_u128((0x7000 << 64) | (0x8000 << 48) | n));
    store.adopt(counted(1)).unwrap();
    store.adopt(counted(2)).unwrap();
    assert_eq!(store.create_customer(with_aliases("a", [])).unwrap(), counted(3));
    assert_eq!(store.entities(Customer, &PageRequest::default()).unwrap().items.len(), 3);
}

#[test]
fn what_a_transaction_did_to_customers_goes_with_it() {
    let store = Store::in_memory().unwrap();
    let id = store.create_customer(with_aliases("a", ["a"])).unwrap();
    let act = |tx: &Transaction<'_>| {
        let made = tx.create_customer(with_aliases("b", ["b"]))?;
        tx.move_ingest_alias("a", made)?;
        tx.update_customer_config(id, account(Some("s")))?;
        tx.set_customer_name(id, "gone")?;
        assert_eq!(tx.find_customer("a")?, Some(made), "a transaction sees its own changes");
        assert_eq!(tx.customer(made)?.ingest_aliases, ["b", "a"]);
        assert_eq!(ids(tx, &of_account("s")), [id]);
        assert_eq!(ids(tx, &CustomerFilter::default()), [id, made]);
        // One that is refused inside leaves the others as they are.
        assert!(tx.create_customer(with_aliases("c", ["c", "a"])).is_err());
        assert_eq!(tx.find_customer("c")?, None);
        Ok(made)
    };
    let before = store.customer(id).unwrap();
    let made = store.dry_run(act).unwrap();
    store.write(|tx| act(tx).and_then(|_| Err::<(), _>(Error::stop("no")))).unwrap_err();
    panics(|| store.write(|tx| -> Result<(), Error> { act(tx).map(|_| panic_quietly()) }));
    assert_eq!(store.customer(id).unwrap(), before);
    assert_eq!(fault(store.customer(made)), Fault::InstanceNotFound { target: made.into() });
    assert_eq!(["a", "b"].map(|alias| store.find_customer(alias).unwrap()), [Some(id), None]);
    assert_eq!(ids(&store, &of_account("s")), []);
    let made = store.write(act).unwrap();
    assert_eq!(store.find_customer("a").unwrap(), Some(made));
}

#[test]
fn customers_are_as_they_were_when_a_store_is_opened_again() {
    let disk = Disk::default();
    let open = || StoreOptions::new().on_backend(disk.clone()).unwrap();
    let store = open();
    let id = store.create_customer(with_aliases("a", ["a", "b"])).unwrap();
    let gone = store.create_customer(with_aliases("gone", ["c"])).unwrap();
    store.update_customer_config(id, account(Some("s"))).unwrap();
    store.move_ingest_alias("b", gone).unwrap();
    store.archive(gone).unwrap();
    let before = [id, gone].map(|id| store.customer(id).unwrap());
    store.close().unwrap();
    let store = open();
    assert_eq!([id, gone].map(|id| store.customer(id).unwrap()), before);
    assert_eq!(store.find_customer("b").unwrap(), Some(gone));
    assert_eq!(ids(&store, &of_account("s")), [id]);
    let later = store.create_customer(with_aliases("later", [])).unwrap();
    assert!(later > gone, "ids go on in order");
}
