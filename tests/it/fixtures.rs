//! Fixtures: a store made once, and one of its own for every test.

use std::sync::LazyLock;

use billfold::prelude::*;

use crate::support::{customer, every, fault};

const MADE: &str = "2025-02-01T00:00:00Z";

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn named(name: &str) -> CreateCustomer {
    CreateCustomer { name: name.into(), ..CreateCustomer::default() }
}

/// Two customers with an account each.
fn two() -> Fixture {
    Fixture::make(at(MADE), |store| {
        store.add_key(ManagedEntity::Customer, "account", KeyKind::Enforced)?;
        for (name, account) in [("WidgetsExpress", "a-1"), ("GadgetsDirect", "a-2")] {
            let id = store.create_customer(named(name))?;
            store.set_values(id, [("account", account)])?;
        }
        Ok(())
    })
    .unwrap()
}

static TWO: LazyLock<Fixture> = LazyLock::new(two);

fn customers(store: &Store) -> Vec<Customer> {
    every(10, |page| store.customers(&CustomerFilter::default(), page))
}

#[test]
fn what_a_fork_writes_neither_the_fixture_nor_another_fork_sees() {
    let (one, other) = (TWO.fork().unwrap(), TWO.fork().unwrap());
    let holder: CustomerId = one.find("account", "a-1").unwrap().unwrap();
    one.forget(holder).unwrap();
    other.set_values(holder, [("account", "a-3")]).unwrap();
    other.remove_key(ManagedEntity::Customer, "account").unwrap();
    assert_eq!(customers(&one).len(), 1);
    assert_eq!(customers(&other).len(), 2);
    let third = TWO.fork().unwrap();
    assert_eq!(third.find("account", "a-1").unwrap(), Some(holder));
    drop((one, other));
    assert_eq!(third.value(holder, "account").unwrap().as_deref(), Some("a-1"));
}

#[test]
fn ids_and_times_are_the_same_in_every_run_and_every_fork() {
    let made = customers(&two().fork().unwrap());
    assert_eq!(made, customers(&TWO.fork().unwrap()));
    let told: Vec<_> = made.iter().map(|made| (made.id.to_string(), made.created_at.to_string())).collect();
    let id = |n| format!("00000000-0000-7000-8000-{n:012}");
    assert_eq!(told, [(id(2), MADE.to_owned()), (id(3), MADE.to_owned())]);
    for _ in 0..2 {
        let store = TWO.fork().unwrap();
        let next = store.create_customer(named("A third one")).unwrap();
        assert_eq!(next.to_string(), id(4));
        assert_eq!(store.customer(next).unwrap().created_at, at(MADE));
    }
}

#[test]
fn tests_at_the_same_time_have_a_fork_each() {
    let fixture = two();
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let fixture = fixture.clone();
                scope.spawn(move || {
                    let store = fixture.fork().unwrap();
                    drop(fixture);
                    for n in 0..thread {
                        store.create_customer(named(&format!("{thread} {n}"))).unwrap();
                    }
                    customers(&store)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (thread, made) in made.iter().enumerate() {
        assert_eq!(made.len(), 2 + thread);
        assert!(made.iter().skip(2).all(|made| made.name.starts_with(&format!("{thread} "))));
    }
}

#[test]
fn a_forks_clock_stands_where_the_making_ended_until_the_test_moves_it() {
    let clock = SetClock::default();
    clock.set(at(MADE));
    let fixture = Fixture::make_with(StoreOptions::new(), &clock, |store| {
        store.create_customer(named("Early"))?;
        clock.set(at("2025-06-01T00:00:00Z"));
        store.create_customer(named("Late"))?;
        clock.set(at("2025-03-01T00:00:00Z"));
        Ok(())
    });
    let fixture = fixture.unwrap();
    assert_eq!(fixture.now(), at("2025-06-01T00:00:00Z"), "recorded times never run backwards");

    clock.set(at("2030-01-01T00:00:00Z"));
    let store = fixture.fork().unwrap();
    let id = store.create_customer(named("In a fork")).unwrap();
    assert_eq!(store.customer(id).unwrap().created_at, fixture.now());

    let store = fixture.fork_with(&clock).unwrap();
    assert_eq!(clock.now(), fixture.now());
    clock.set(at("2025-06-02T00:00:00Z"));
    let id = store.create_customer(named("A day later")).unwrap();
    assert_eq!(store.customer(id).unwrap().created_at, at("2025-06-02T00:00:00Z"));
}

#[test]
fn forks_have_the_options_of_their_fixture() {
    let options = StoreOptions::new().adopt_unknown(true);
    let clock = SetClock::default();
    let fixture = Fixture::make_with(options, &clock, |store| {
        store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).map(drop)
    });
    fixture.unwrap().fork().unwrap().set_values(customer(1), [("tier", "gold")]).unwrap();
    let refused = TWO.fork().unwrap().set_values(customer(1), [("account", "a-9")]);
    assert_eq!(fault(refused), Fault::InstanceNotFound { target: customer(1).into() });
}

#[test]
fn a_fixture_that_cannot_be_made_says_why() {
    let made = Fixture::make(at(MADE), |store| store.archive(customer(1)));
    assert_eq!(fault(made), Fault::InstanceNotFound { target: customer(1).into() });
}

#[cfg(feature = "wire")]
#[test]
fn a_script_makes_a_fixture_up_to_its_last_moment_or_names_the_line_it_stopped_at() {
    use billfold::ScriptError;

    let calls = |name: &str| {
        format!(
            r#"{{"path": "/v1/customers", "body": {{"name": "WidgetsExpress", "ingest_aliases": ["w"]}}}}
            {{"now": "2025-03-01T00:00:00Z"}}
            {{"path": "/v1/customers", "body": {{"name": "GadgetsDirect", "ingest_aliases": ["{name}"]}}}}"#
        )
    };
    let fixture = Fixture::from_script(at(MADE), calls("g").as_bytes()).unwrap();
    assert_eq!(fixture.now(), at("2025-03-01T00:00:00Z"));
    let times: Vec<_> = customers(&fixture.fork().unwrap()).iter().map(|made| made.created_at).collect();
    assert_eq!(times, [at(MADE), fixture.now()]);

    let refused = Fixture::from_script(at(MADE), calls("w").as_bytes());
    assert!(matches!(refused, Err(ScriptError::Refused { line: 3, .. })), "{refused:?}");
}
