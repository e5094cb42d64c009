//! Instances that are found by a unique name or made, and values that are taken from their holder.

use std::sync::Barrier;

use billfold::prelude::*;
use billfold::{FieldProblem, NameSpace};

use crate::support::{customer, fault, faults, store_with_keys};

use KeyKind::{Enforced, Indexed};
use ManagedEntity::Customer;

fn named(name: &str) -> CreateCustomer {
    CreateCustomer { name: name.into(), ..Default::default() }
}

fn make(tx: &Transaction<'_>) -> Result<CustomerId, Error> {
    tx.create_customer(named("made"))
}

fn all_customers(store: &impl Reading) -> usize {
    store.entities(Customer, &PageRequest::default()).unwrap().items.len()
}

#[test]
fn of_16_threads_that_get_or_create_one_creates_and_all_have_the_same() {
    const CALLERS: usize = 16;
    let store = store_with_keys([("x_account_id", Enforced)]);
    for round in 0..10 {
        let value = format!("account {round}");
        let start = Barrier::new(CALLERS);
        let got: Vec<_> = std::thread::scope(|scope| {
            let callers = (0..CALLERS).map(|_| {
                scope.spawn(|| {
                    start.wait();
                    store.get_or_create(("x_account_id", value.as_str()), make).unwrap()
                })
            });
            let callers: Vec<_> = callers.collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        let holder = store.find::<CustomerId>("x_account_id", &value).unwrap().unwrap();
        assert!(got.iter().all(|got| got.id() == holder));
        let created = got.iter().filter(|got| matches!(got, GotOrCreated::Created(_))).count();
        assert_eq!(created, 1);
        assert_eq!(all_customers(&store), round + 1);
    }
}

#[test]
fn what_is_made_gets_the_name_unless_it_has_it_already() {
    let store = store_with_keys([("x_account_id", Enforced)]);
    let by_value = store.get_or_create_customer(("x_account_id", "KyVn"), named("a")).unwrap().id();
    assert_eq!(store.value(by_value, "x_account_id").unwrap().as_deref(), Some("KyVn"));
    let request = CreateCustomer { ingest_aliases: vec!["other".into()], ..named("b") };
    let by_alias = store.get_or_create_customer(UniqueName::ingest_alias("alias"), request).unwrap().id();
    assert_eq!(store.customer(by_alias).unwrap().ingest_aliases, ["other", "alias"]);
    let request = CreateCustomer { custom_fields: [("x_account_id", "own")].into(), ..named("c") };
    let own = store.get_or_create_customer(("x_account_id", "own"), request).unwrap();
    assert!(matches!(own, GotOrCreated::Created(_)));
    // An archived one is found as any other.
    store.archive(by_value).unwrap();
    let again = store.get_or_create_customer(("x_account_id", "KyVn"), named("d")).unwrap();
    assert_eq!(again, GotOrCreated::Found(by_value));
    assert_eq!(store.customer(by_value).unwrap().name, "a", "what is found stays as it is");
}

#[test]
fn contracts_commits_and_alerts_are_found_by_the_uniqueness_key_they_were_made_with() {
    let store = Store::in_memory().unwrap();
    let owner = store.create_customer(named("owner")).unwrap();
    let start: Time = "2025-01-01T00:00:00Z".parse().unwrap();
    let key = || UniqueName::uniqueness_key("order 7");
    let with = |uniqueness_key: Option<&str>| CreateContract {
        uniqueness_key: uniqueness_key.map(str::to_owned),
        ..CreateContract::new(owner, start)
    };
    let made = store.get_or_create(key(), |tx| tx.create_contract(with(Some("order 7")))).unwrap();
    let again = store.get_or_create(key(), |tx| tx.create_contract(with(Some("order 7")))).unwrap();
    assert_eq!(again, GotOrCreated::Found(made.id()));

    let other = UniqueName::uniqueness_key("order 8");
    let without = fault(store.get_or_create(other, |tx| tx.create_contract(with(None))));
    assert!(
        matches!(&without, Fault::Field { field, problem: FieldProblem::Missing { .. } } if field == "uniqueness_key")
    );
    assert_eq!(store.entities(ManagedEntity::Contract, &PageRequest::default()).unwrap().items.len(), 1);

    let alert = CreateAlert {
        uniqueness_key: Some("order 7".into()),
        ..CreateAlert::new(AlertType::SpendThreshold, "spend", Amount::from(1))
    };
    let made = store.get_or_create(key(), |tx| tx.create_alert(alert)).unwrap();
    assert_eq!(store.alert_by_key("order 7").unwrap(), Some(made.id()));

    let none = fault(store.get_or_create(key(), make));
    assert!(matches!(&none, Fault::Field { problem: FieldProblem::NotAllowed { .. }, .. }), "{none}");
}

#[test]
fn a_name_that_could_lead_to_several_or_to_nothing_is_refused_before_anything_is_made() {
    let store = store_with_keys([("x_account_id", Enforced), ("tier", Indexed)]);
    let unmade = |_: &Transaction<'_>| -> Result<CustomerId, Error> { panic!("nothing is to be made") };
    let tier = fault(store.get_or_create(("tier", "gold"), unmade));
    let needs = &[Enforced];
    assert_eq!(tier, Fault::KeyNotSearchable { entity: Customer, key: "tier".into(), kind: Indexed, needs });
    let unknown = faults(store.get_or_create(("tear", "x".repeat(201)), unmade));
    assert!(
        matches!(&unknown[..], [Fault::ValueTooLong { .. }, Fault::KeyNotFound { .. }]),
        "all at once: {unknown:?}"
    );
    let empty = fault(store.get_or_create(UniqueName::ingest_alias(""), unmade));
    assert!(matches!(empty, Fault::Field { problem: FieldProblem::Empty { .. }, .. }));
    let contracts = |_: &Transaction<'_>| -> Result<ContractId, Error> { panic!("nothing is to be made") };
    let elsewhere = fault(store.get_or_create(UniqueName::ingest_alias("a"), contracts));
    assert!(matches!(elsewhere, Fault::Field { problem: FieldProblem::NotAllowed { .. }, .. }));
}

#[test]
fn what_was_made_and_cannot_have_the_name_is_taken_back_and_a_larger_transaction_goes_on() {
    let store = store_with_keys([("x_account_id", Enforced)]);
    store.set_values(customer(1), [("x_account_id", "first")]).unwrap();
    store
        .write(|tx| {
            tx.set_values(customer(2), [("x_account_id", "second")])?;
            let refused = tx.get_or_create(("x_account_id", "third"), |tx| {
                tx.add_key(Customer, "made in vain", Enforced)?;
                tx.set_values(customer(2), [("x_account_id", "moved")])?;
                let request =
                    CreateCustomer { custom_fields: [("x_account_id", "other")].into(), ..named("x") };
                tx.create_customer(request)
            });
            assert!(matches!(fault(refused), Fault::ValueDiffers { holds_another: true, .. }));
            assert_eq!(tx.key(Customer, "made in vain")?, None);
            assert_eq!(tx.find("x_account_id", "second")?, Some(customer(2)));
            assert_eq!(tx.find::<CustomerId>("x_account_id", "moved")?, None);
            assert_eq!(all_customers(tx), 2);
            let stopped = tx.get_or_create(("x_account_id", "third"), |tx| {
                tx.remove_key(Customer, "x_account_id")?;
                Err::<CustomerId, _>(Error::stop("after all"))
            });
            assert!(matches!(stopped, Err(Error::Stopped(_))));
            // And what comes after stands, under the same key.
            tx.set_values(customer(3), [("x_account_id", "third")])
        })
        .unwrap();
    assert_eq!(store.find("x_account_id", "first").unwrap(), Some(customer(1)));
    assert_eq!(store.find("x_account_id", "third").unwrap(), Some(customer(3)));
    assert_eq!(all_customers(&store), 3);
}

#[test]
fn an_attempt_inside_an_attempt_is_taken_back_by_itself_and_with_the_other() {
    let store = store_with_keys([("a", Enforced), ("b", Enforced)]);
    let nested = |tx: &Transaction<'_>, fails: bool| {
        let inner = tx.get_or_create(("b", "inner"), |tx| {
            tx.adopt(customer(7))?;
            Err::<CustomerId, _>(Error::stop("the inner one"))
        });
        assert!(inner.is_err());
        assert!(!tx.exists(customer(7))?);
        tx.adopt(customer(8))?;
        if fails { Err(Error::stop("the outer one")) } else { make(tx) }
    };
    store
        .write(|tx| {
            assert!(tx.get_or_create(("a", "outer"), |tx| nested(tx, true)).is_err());
            assert!(!tx.exists(customer(8))?);
            tx.get_or_create(("a", "outer"), |tx| nested(tx, false))
        })
        .unwrap();
    assert!(store.exists(customer(8)).unwrap());
    assert!(store.find::<CustomerId>("a", "outer").unwrap().is_some());
}

#[test]
fn a_name_that_something_else_got_meanwhile_is_refused() {
    let store = store_with_keys([("x_account_id", Enforced)]);
    let refused = store.get_or_create(("x_account_id", "KyVn"), |tx| {
        tx.set_values(customer(1), [("x_account_id", "KyVn")])?;
        make(tx)
    });
    assert!(matches!(fault(refused), Fault::ValueTaken { holder, .. } if holder == customer(1).uuid()));
    let refused = store.get_or_create(UniqueName::ingest_alias("a"), |tx| {
        tx.create_customer(CreateCustomer { ingest_aliases: vec!["a".into()], ..named("x") })?;
        make(tx)
    });
    assert!(matches!(fault(refused), Fault::NameTaken { space: NameSpace::IngestAlias, .. }));
    assert_eq!(all_customers(&store), 0);
}

#[test]
fn what_is_archived_cannot_be_made_to_hold_what_archived_ones_let_go() {
    let store = store_with_keys([]);
    let rules = KeyRules { archived: ArchivedHolders::Release, ..Enforced.into() };
    store.add_key(Customer, "x_account_id", rules).unwrap();
    let refused = store.get_or_create(("x_account_id", "KyVn"), |tx| {
        let made = make(tx)?;
        tx.archive(made)?;
        Ok(made)
    });
    assert!(matches!(fault(refused), Fault::AlreadyArchived { .. }));
    assert_eq!(all_customers(&store), 0);
}

#[test]
fn upsert_says_whether_it_made_changed_or_found_all_as_it_was() {
    let store = store_with_keys([("x_account_id", Enforced), ("tier", Indexed)]);
    let put = |tier: &str| {
        store.upsert(("x_account_id", "KyVn"), make, |tx, id| tx.set_values(id, [("tier", tier)]).map(drop))
    };
    let made = put("gold").unwrap();
    assert!(matches!(made, Upserted::Created(_)));
    assert_eq!(store.value(made.id(), "tier").unwrap(), None, "a change is for what there is");
    assert_eq!(put("gold").unwrap(), Upserted::Updated(made.id()));
    let revision = store.revision(made.id()).unwrap();
    assert_eq!(put("gold").unwrap(), Upserted::Unchanged(made.id()));
    assert_eq!(store.revision(made.id()).unwrap(), revision);
    assert!(put(&"x".repeat(201)).is_err());
    let elsewhere = store.upsert(("x_account_id", "KyVn"), make, |tx, _| tx.adopt(customer(1)).map(drop));
    assert_eq!(elsewhere.unwrap(), Upserted::Updated(made.id()), "something was changed");
}

#[test]
fn a_closure_that_panics_leaves_nothing_even_where_the_panic_is_caught() {
    let store = store_with_keys([("x_account_id", Enforced)]);
    let caught = store.write(|tx| {
        crate::support::panics(|| {
            tx.get_or_create::<CustomerId>(("x_account_id", "KyVn"), |tx| {
                tx.adopt(customer(1))?;
                crate::support::panic_quietly()
            })
        });
        Ok(())
    });
    assert!(matches!(caught, Err(Error::Stopped(_))));
    assert!(!store.exists(customer(1)).unwrap());
}

#[test]
fn a_value_is_taken_from_its_holder_in_one_step() {
    let store = store_with_keys([("x_account_id", Enforced)]);
    let free = store.take_value(customer(1), "x_account_id", "KyVn").unwrap();
    assert_eq!((free.from, free.outcome.values["x_account_id"]), (None, ValueOutcome::Added));
    store.archive(customer(1)).unwrap();
    store.set_values(customer(2), [("x_account_id", "mine")]).unwrap();
    let before = store.revision(customer(1)).unwrap();
    let taken = store.take_value(customer(2), "x_account_id", "KyVn").unwrap();
    assert_eq!(taken.from, Some(customer(1).into()), "an archived holder loses it too");
    assert_eq!(taken.outcome.values["x_account_id"], ValueOutcome::Changed);
    assert_eq!(taken.outcome.revision, store.revision(customer(2)).unwrap());
    assert!(store.revision(customer(1)).unwrap() > before, "one change of each");
    assert!(store.values(customer(1)).unwrap().is_empty());
    assert_eq!(store.find("x_account_id", "KyVn").unwrap(), Some(customer(2)));
    assert_eq!(store.find::<CustomerId>("x_account_id", "mine").unwrap(), None);
    let own = store.take_value(customer(2), "x_account_id", "KyVn").unwrap();
    assert_eq!((own.from, own.outcome.changed()), (None, false));
}

#[test]
fn what_cannot_be_taken_is_refused_with_all_that_is_wrong() {
    let store = StoreOptions::new().in_memory().unwrap();
    store.add_key(Customer, "tier", Indexed).unwrap();
    let wrong = faults(store.take_value(customer(1), "tier", "x".repeat(201)));
    assert!(
        matches!(
            &wrong[..],
            [Fault::KeyNotSearchable { .. }, Fault::InstanceNotFound { .. }, Fault::ValueTooLong { .. }]
        ),
        "{wrong:?}"
    );
    assert_eq!(wrong[0].to_string(), r#"customer: "tier" is indexed; this call needs enforced"#);
    store.adopt(customer(1)).unwrap();
    let unknown = fault(store.take_value(customer(1), "tear", "x"));
    assert_eq!(unknown, Fault::KeysNotRegistered { entity: Customer, keys: vec!["tear".into()] });
}

#[test]
fn an_archived_instance_takes_nothing_under_a_key_that_releases() {
    let store = store_with_keys([]);
    let rules = KeyRules { archived: ArchivedHolders::Release, ..Enforced.into() };
    store.add_key(Customer, "x_account_id", rules).unwrap();
    store.set_values(customer(1), [("x_account_id", "KyVn")]).unwrap();
    store.adopt(customer(2)).unwrap();
    store.archive(customer(2)).unwrap();
    assert_eq!(store.take_value(customer(2), "x_account_id", "KyVn").unwrap().from, None);
    assert_eq!(store.find("x_account_id", "KyVn").unwrap(), Some(customer(1)));
}
