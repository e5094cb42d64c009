//! A store's life in single calls, with something of everything in it.

use billfold::Import;
use billfold::prelude::*;

use super::catalog::at;
use super::moved::exported;
use super::{contract, customer};

/// A call, and what it is about. Its outcome is one that the call is to have.
pub type Call = (&'static str, fn(&Store) -> Result<(), Error>);

const CUSTOMER: ManagedEntity = ManagedEntity::Customer;

/// What a store of this life is opened with.
pub fn options() -> StoreOptions {
    let now = at("2025-01-10T00:00:00Z");
    StoreOptions::new()
        .id_source(IdSource::Counted)
        .clock(move || now)
        .adopt_unknown(true)
        .names_in_memory(NamesInMemory::Off)
}

/// All calls, in an order in which each finds what it needs. Those that change nothing are among them.
pub const CALLS: [Call; 30] = [
    ("a key", |store| store.add_key(CUSTOMER, "x_account_id", KeyKind::Enforced).map(drop)),
    ("an indexed key", |store| store.add_key(CUSTOMER, "tier", KeyKind::Indexed).map(drop)),
    ("a folded key", |store| {
        let rules = KeyRules { comparison: Comparison::CaseFolded, ..KeyKind::Enforced.into() };
        store.add_key(CUSTOMER, "email", rules).map(drop)
    }),
    ("a contract's key", |store| store.add_key(ManagedEntity::Contract, "sfdc", KeyKind::Enforced).map(drop)),
    ("a customer", |store| {
        let custom_fields = [("x_account_id", "acct_1"), ("tier", "gold")].into();
        let ingest_aliases = vec!["acme".into(), "acme.com".into()];
        let name = "Acme".into();
        store
            .create_customer(CreateCustomer { name, ingest_aliases, custom_fields, ..Default::default() })
            .map(drop)
    }),
    ("many customers", |store| {
        let values = |n: u128| [("x_account_id", format!("acct 1{n}")), ("tier", "iron".to_owned())];
        store.set_many((1..=60).map(|n| (customer(n), values(n)))).map(drop)
    }),
    ("values that change hands", |store| {
        let values = |n: u128| [("x_account_id", format!("acct 1{n}"))];
        store.set_many([(customer(1), values(2)), (customer(2), values(1))]).map(drop)
    }),
    ("a value that is taken", |store| store.take_value(customer(7), "x_account_id", "acct_1").map(drop)),
    ("a refusal", |store| {
        match store.set_values(customer(8), [("x_account_id", "acct_1"), ("tier", "lost")]) {
            Err(Error::Refused(_)) => Ok(()),
            other => other.map(|_| panic!("the value was free")),
        }
    }),
    ("a transaction that stops", |store| {
        let stopped = store.write(|tx| {
            tx.set_values(customer(9), [("tier", "never")])?;
            Err::<(), _>(Error::stop("for a reason"))
        });
        match stopped {
            Err(Error::Stopped(_)) => Ok(()),
            other => other,
        }
    }),
    ("a folded value", |store| store.set_values(customer(3), [("email", "Ann@Example.com")]).map(drop)),
    ("an archived customer", |store| store.archive(customer(4)).map(drop)),
    ("all that a contract needs", |store| {
        store.write(|tx| {
            let (name, product_type) = ("Seats".into(), ProductType::Fixed);
            let product = tx.create_product(CreateProduct { name, product_type, ..Default::default() })?;
            let aliases = vec!["base".into()];
            let card = tx.create_rate_card(CreateRateCard { aliases, ..Default::default() })?;
            tx.add_rate(card, AddRate::new(product, at("2025-01-01T00:00:00Z"), Rate::flat(30.into())))?;
            let made = CreateContract {
                rate_card: Some(CardChoice::Id(card)),
                uniqueness_key: Some("once".into()),
                custom_fields: [("sfdc", "opp_1")].into(),
                ..CreateContract::new(customer(1), at("2025-01-01T00:00:00Z"))
            };
            tx.create_contract(made).map(drop)
        })
    }),
    ("an end", |store| store.set_contract_end(signed(store)?, Some(at("2026-01-01T00:00:00Z"))).map(drop)),
    ("no end", |store| store.set_contract_end(signed(store)?, None).map(drop)),
    ("an outcome that is kept", |store| {
        let outcome = store.write_once("request 1", b"set", |tx| {
            tx.set_values(customer(5), [("tier", "once")])?;
            Ok(b"done".to_vec())
        });
        outcome.map(drop)
    }),
    ("get or create", |store| {
        let name = ("x_account_id", "acct_new");
        let made = store.get_or_create(name, |tx| tx.set_values(customer(70), [name]).map(|_| customer(70)));
        made.map(drop)
    }),
    ("many at once", |store| {
        let values = |n: u128| [("x_account_id", format!("load {n}")), ("tier", format!("{}", n % 7))];
        store.load((100..220).map(|n| (customer(n), CustomFields::from(values(n))))).map(drop)
    }),
    ("a value that goes", |store| store.delete_values(customer(6), ["tier"]).map(drop)),
    ("another contract", |store| store.adopt(contract(9)).map(drop)),
    ("its value", |store| store.set_values(contract(9), [("sfdc", "opp_9")]).map(drop)),
    ("a customer that is forgotten", |store| store.forget(customer(10)).map(drop)),
    ("a key that goes", |store| store.remove_key(CUSTOMER, "tier").map(drop)),
    ("compacting", |store| store.compact().map(drop)),
    ("rebuilding", |store| store.rebuild_indexes().map(drop)),
    ("the key again", |store| store.add_key(CUSTOMER, "tier", KeyKind::Indexed).map(drop)),
    ("an import", |store| {
        let id = customer(0xffff);
        let line = format!(
            r#"{{"instance":{{"entity":"customer","id":"{id}","custom_fields":{{"tier":"moved"}}}}}}"#
        );
        Import::into(store).read(line.as_bytes()).map(drop).map_err(Error::stop)
    }),
    ("a change after it", |store| store.set_values(customer(1), [("tier", "last")]).map(drop)),
    ("a long value", |store| store.set_values(customer(2), [("tier", "x".repeat(200))]).map(drop)),
    ("a flush", |store| store.flush()),
];

fn signed(store: &Store) -> Result<ContractId, Error> {
    Ok(store.find("sfdc", "opp_1")?.unwrap())
}

/// All that a store holds, and how many changes it has had.
pub fn state(store: &Store) -> (u64, String) {
    (store.last_change().unwrap(), exported(store))
}
