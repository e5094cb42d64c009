//! Customers: made, changed, archived and forgotten, and above all found by their ingest aliases.

use std::sync::Barrier;

use billfold::prelude::*;
use billfold::{FieldProblem, MAX_ALIASES_PER_CUSTOMER, NameSpace};

use crate::support::{customer, every, fault, faults};
use KeyKind::{Enforced, Indexed};
use ManagedEntity::Customer;

/// A customer of that name with these aliases.
pub fn with_aliases<const N: usize>(name: &str, aliases: [&str; N]) -> CreateCustomer {
    CreateCustomer {
        name: name.into(),
        ingest_aliases: aliases.map(str::to_owned).to_vec(),
        ..Default::default()
    }
}

/// Everything that can be read of customers: their ids, records, and who has these aliases.
fn everything(store: &impl Reading, aliases: &[&str]) -> String {
    let instances = every(1_000, |page| store.entities(Customer, page));
    let records = [false, true].map(|only_archived| {
        let filter = CustomerFilter { only_archived, ..Default::default() };
        every(1_000, |page| store.customers(&filter, page))
    });
    let holders: Vec<_> = aliases.iter().map(|alias| store.find_customer(alias).unwrap()).collect();
    format!("{instances:?} {records:?} {holders:?} {:?}", store.keys(&[]).unwrap())
}

fn at(field: &str, problem: FieldProblem) -> Fault {
    Fault::Field { field: field.into(), problem }
}

fn taken(name: &str, holder: CustomerId, archived: bool) -> Fault {
    Fault::NameTaken { space: NameSpace::IngestAlias, name: name.into(), holder: holder.into(), archived }
}

fn too_long(characters: usize, most: usize) -> FieldProblem {
    FieldProblem::TooLong { characters, most }
}

#[test]
fn a_customer_is_made_with_its_aliases_and_values_at_once() {
    let store = Store::in_memory().unwrap();
    store.add_key(Customer, "sfdc_account_id", Enforced).unwrap();
    let id = store
        .create_customer(CreateCustomer {
            salesforce_account_id: Some("0015500001WO1ZiABL".into()),
            custom_fields: [("sfdc_account_id", "sfdc1001")].into(),
            ..with_aliases("WidgetsExpress", ["team@widgetsexpress.com", "widgets"])
        })
        .unwrap();
    let found = store.customer(id).unwrap();
    assert_eq!((found.id, found.name.as_str()), (id, "WidgetsExpress"));
    assert_eq!(found.ingest_aliases, ["team@widgetsexpress.com", "widgets"], "in the order they were given");
    assert_eq!(found.salesforce_account_id.as_deref(), Some("0015500001WO1ZiABL"));
    assert_eq!(found.leave_stripe_invoices_in_draft, None);
    assert_eq!(found.custom_fields, [("sfdc_account_id".into(), "sfdc1001".into())].into());
    assert_eq!((found.created_at, found.archived_at), (found.updated_at, None));
    for alias in ["team@widgetsexpress.com", "widgets"] {
        assert_eq!(store.find_customer(alias).unwrap(), Some(id));
    }
    assert_eq!(store.find("sfdc_account_id", "sfdc1001").unwrap(), Some(id));
}

#[test]
fn a_name_is_cut_behind_160_characters() {
    let store = Store::in_memory().unwrap();
    let (kept, cut) = ("\u{1F4B0}".repeat(160), "\u{1F4B0}".repeat(161));
    for name in [&kept, &cut] {
        let id = store.create_customer(with_aliases(name, [])).unwrap();
        assert_eq!(store.customer(id).unwrap().name, kept);
        store.set_customer_name(id, "short").unwrap();
        store.set_customer_name(id, name).unwrap();
        assert_eq!(store.customer(id).unwrap().name, kept);
    }
}

#[test]
fn an_alias_has_1_to_128_characters() {
    let store = Store::in_memory().unwrap();
    let (longest, too_much) = ("\u{1F4B0}".repeat(128), "\u{1F4B0}".repeat(129));
    let id = store.create_customer(with_aliases("a", [&longest, "b"])).unwrap();
    assert_eq!(store.find_customer(&longest).unwrap(), Some(id));
    let empty = FieldProblem::Empty { rule: "an ingest alias has 1 to 128 characters" };
    let wrong = [(too_much.as_str(), too_long(129, 128)), ("", empty)];
    for (alias, problem) in wrong {
        let before = everything(&store, &[alias]);
        let second = at("ingest_aliases[1]", problem.clone());
        assert_eq!(fault(store.create_customer(with_aliases("c", ["d", alias]))), second);
        assert_eq!(fault(store.set_ingest_aliases(id, ["d", alias])), second);
        let single = at("ingest_alias", problem);
        assert_eq!(fault(store.add_ingest_alias(id, alias)), single);
        assert_eq!(fault(store.move_ingest_alias(alias, id)), single);
        store.remove_ingest_alias(id, alias).unwrap();
        assert_eq!(everything(&store, &[alias]), before);
    }
}

#[test]
fn a_customer_has_at_most_2_000_aliases() {
    let store = Store::in_memory().unwrap();
    let names = |n: usize| (0..n).map(|n| format!("{n:\u{1F4B0}>128}")).collect::<Vec<_>>();
    let too_many = at("ingest_aliases", FieldProblem::TooMany { items: 2_001, most: 2_000 });
    let request = |n| CreateCustomer { ingest_aliases: names(n), ..Default::default() };
    assert_eq!(fault(store.create_customer(request(2_001))), too_many);
    assert_eq!(MAX_ALIASES_PER_CUSTOMER, 2_000);
    let full = store.create_customer(request(2_000)).unwrap();
    let other = store.create_customer(with_aliases("other", ["x"])).unwrap();
    assert_eq!(store.find_customer(&names(2_000)[1_999]).unwrap(), Some(full));

    let before = everything(&store, &["x"]);
    let free = (0..2_001).map(|n| format!("free {n}"));
    assert_eq!(fault(store.set_ingest_aliases(other, free)), too_many);
    assert_eq!(fault(store.add_ingest_alias(full, "free")), too_many);
    assert_eq!(fault(store.move_ingest_alias("free", full)), too_many);
    assert_eq!(fault(store.move_ingest_alias("x", full)), too_many);
    assert_eq!(everything(&store, &["x"]), before);

    store.remove_ingest_alias(full, &names(1)[0]).unwrap();
    store.move_ingest_alias("x", full).unwrap();
    assert_eq!(store.find_customer("x").unwrap(), Some(full));
    assert_eq!(store.customer(full).unwrap().ingest_aliases.len(), 2_000);
}

#[test]
fn an_alias_given_twice_in_one_call_is_refused() {
    let store = Store::in_memory().unwrap();
    let id = store.create_customer(with_aliases("a", ["a"])).unwrap();
    let twice = at("ingest_aliases[2]", FieldProblem::Repeated { item: "b".into() });
    assert_eq!(fault(store.create_customer(with_aliases("c", ["b", "c", "b"]))), twice);
    assert_eq!(fault(store.set_ingest_aliases(id, ["b", "c", "b"])), twice);
    let of_another = fault(store.create_customer(with_aliases("c", ["a"])));
    assert_eq!(of_another, taken("a", id, false));
    let both = faults(store.create_customer(with_aliases("c", ["a", "a"])));
    assert_eq!(both.len(), 2, "who has it is said once: {both:?}");
}

#[test]
fn every_fault_of_a_creation_is_named_and_nothing_of_it_is_left() {
    let store = Store::in_memory().unwrap();
    store.add_key(Customer, "account", Enforced).unwrap();
    store.add_key(Customer, "tier", Indexed).unwrap();
    let custom_fields: CustomFields = [("account", "1"), ("tier", "gold")].into();
    let holder = CreateCustomer { custom_fields, ..with_aliases("holder", ["held"]) };
    let holder = store.create_customer(holder).unwrap();
    let before = everything(&store, &["held", "free", ""]);

    let wrong = CreateCustomer {
        custom_fields: [("account", "1"), ("tier", "x".repeat(201).as_str()), ("nokey", ""), ("tier", "a")]
            .into(),
        salesforce_account_id: Some("s".into()),
        ..with_aliases("wrong", ["free", "", "held", "free"])
    };
    let found = faults(store.create_customer(wrong));
    let target = match &found[3..] {
        [Fault::ValueTooLong { .. }, Fault::KeyRepeated { target, .. }, ..] => *target,
        _ => panic!("{found:?}"),
    };
    let expected = [
        at("ingest_aliases[1]", FieldProblem::Empty { rule: "an ingest alias has 1 to 128 characters" }),
        at("ingest_aliases[3]", FieldProblem::Repeated { item: "free".into() }),
        taken("held", holder, false),
        Fault::ValueTooLong { entity: Customer, key: "tier".into(), characters: 201 },
        Fault::KeyRepeated { target, key: "tier".into() },
        Fault::KeysNotRegistered { entity: Customer, keys: vec!["nokey".into()] },
        Fault::ValueTaken {
            target,
            key: "account".into(),
            value: "1".into(),
            holder: holder.uuid(),
            archived: false,
        },
    ];
    assert_eq!(found, expected);
    // Each fault alone is enough, too.
    let fields: [CustomFields; 2] = [[("nokey", "")].into(), [("tier", "gold"), ("account", "1")].into()];
    for custom_fields in fields {
        fault(store.create_customer(CreateCustomer { custom_fields, ..with_aliases("wrong", ["free"]) }));
    }
    assert_eq!(everything(&store, &["held", "free", ""]), before);
    let listed: Page<CustomerId> = store.find_all("tier", "gold", &PageRequest::default()).unwrap();
    assert_eq!(listed.items, [holder]);
    let of_account = CustomerFilter { salesforce_account_ids: vec!["s".into()], ..Default::default() };
    assert!(store.customers(&of_account, &PageRequest::default()).unwrap().items.is_empty());
}

#[test]
fn a_refused_change_names_an_unknown_customer_and_its_other_faults_together() {
    let store = Store::in_memory().unwrap();
    let holder = store.create_customer(with_aliases("holder", ["held"])).unwrap();
    let missing = Fault::InstanceNotFound { target: customer(1).into() };
    let empty = FieldProblem::Empty { rule: "an ingest alias has 1 to 128 characters" };
    let all = faults(store.set_ingest_aliases(customer(1), ["", "held"]));
    assert_eq!(all, [missing.clone(), at("ingest_aliases[0]", empty.clone()), taken("held", holder, false)]);
    assert_eq!(
        faults(store.add_ingest_alias(customer(1), "held")),
        [missing.clone(), taken("held", holder, false)]
    );
    assert_eq!(
        faults(store.add_ingest_alias(customer(1), "")),
        [missing.clone(), at("ingest_alias", empty.clone())]
    );
    assert_eq!(
        faults(store.move_ingest_alias("", customer(1))),
        [missing.clone(), at("ingest_alias", empty)]
    );
    for refused in [
        store.move_ingest_alias("held", customer(1)),
        store.remove_ingest_alias(customer(1), "held"),
        store.set_customer_name(customer(1), "x"),
        store.update_customer_config(customer(1), UpdateCustomerConfig::default()),
        store.customer(customer(1)).map(drop),
    ] {
        assert_eq!(fault(refused), missing);
    }
    assert_eq!(store.find_customer("held").unwrap(), Some(holder));
}

#[test]
fn a_whole_set_of_aliases_is_replaced() {
    let store = Store::in_memory().unwrap();
    let id = store.create_customer(with_aliases("a", ["a", "b", "c"])).unwrap();
    store.set_ingest_aliases(id, ["d", "b"]).unwrap();
    assert_eq!(store.customer(id).unwrap().ingest_aliases, ["d", "b"]);
    let holders = ["a", "b", "c", "d"].map(|alias| store.find_customer(alias).unwrap());
    assert_eq!(holders, [None, Some(id), None, Some(id)]);
    let revision = store.revision(id).unwrap();
    store.set_ingest_aliases(id, ["d", "b"]).unwrap();
    assert_eq!(store.revision(id).unwrap(), revision, "the same set again writes nothing");
    store.set_ingest_aliases(id, ["b", "d"]).unwrap();
    assert_eq!(store.customer(id).unwrap().ingest_aliases, ["b", "d"], "another order is another set");
    store.set_ingest_aliases(id, [""; 0]).unwrap();
    assert!(["b", "d"].iter().all(|alias| store.find_customer(alias).unwrap().is_none()));
    store.create_customer(with_aliases("b", ["a", "b", "c", "d"])).unwrap();
}

#[test]
fn aliases_are_compared_byte_for_byte() {
    let store = Store::in_memory().unwrap();
    let names = ["Team", "team", "team ", "te\0am", "te", "\u{e9}", "e\u{301}"];
    let ids = names.map(|name| store.create_customer(with_aliases(name, [name])).unwrap());
    for (name, id) in names.into_iter().zip(ids) {
        assert_eq!(store.find_customer(name).unwrap(), Some(id), "{name:?}");
    }
    assert_eq!(store.find_customer("tea").unwrap(), None);
    assert_eq!(store.find_customer("").unwrap(), None);
}

#[test]
fn one_alias_is_added_and_removed() {
    let store = Store::in_memory().unwrap();
    let id = store.create_customer(with_aliases("a", ["a"])).unwrap();
    let other = store.create_customer(with_aliases("b", ["b"])).unwrap();
    store.add_ingest_alias(id, "c").unwrap();
    let revision = store.revision(id).unwrap();
    store.add_ingest_alias(id, "a").unwrap();
    store.remove_ingest_alias(id, "b").unwrap();
    store.remove_ingest_alias(id, "never").unwrap();
    assert_eq!(store.revision(id).unwrap(), revision, "nothing to do, nothing written");
    assert_eq!(store.customer(id).unwrap().ingest_aliases, ["a", "c"]);
    assert_eq!(store.find_customer("b").unwrap(), Some(other), "only its own are removed");
    assert_eq!(fault(store.add_ingest_alias(id, "b")), taken("b", other, false));
    store.remove_ingest_alias(id, "a").unwrap();
    assert_eq!(store.customer(id).unwrap().ingest_aliases, ["c"]);
    assert_eq!(store.find_customer("a").unwrap(), None);
}

#[test]
fn an_alias_moves_from_one_customer_to_another_at_once() {
    let store = Store::in_memory().unwrap();
    let from = store.create_customer(with_aliases("from", ["a", "b"])).unwrap();
    let to = store.create_customer(with_aliases("to", ["c"])).unwrap();
    let view = store.snapshot().unwrap();
    store.move_ingest_alias("a", to).unwrap();
    assert_eq!(store.find_customer("a").unwrap(), Some(to));
    assert_eq!(store.customer(from).unwrap().ingest_aliases, ["b"]);
    assert_eq!(store.customer(to).unwrap().ingest_aliases, ["c", "a"]);
    assert_eq!(view.find_customer("a").unwrap(), Some(from), "a snapshot stays as it was");
    assert_eq!(view.customer(from).unwrap().ingest_aliases, ["a", "b"]);
    let revision = store.revision(to).unwrap();
    store.move_ingest_alias("a", to).unwrap();
    assert_eq!(store.revision(to).unwrap(), revision);
    store.move_ingest_alias("new", to).unwrap();
    assert_eq!(store.find_customer("new").unwrap(), Some(to), "one that nobody has is given");
    store.archive(from).unwrap();
    store.move_ingest_alias("b", to).unwrap();
    assert_eq!(store.find_customer("b").unwrap(), Some(to), "also away from an archived one");
    assert!(store.customer(from).unwrap().ingest_aliases.is_empty());
}

#[test]
fn an_alias_added_later_resolves_usage_that_was_sent_before() {
    let store = Store::in_memory().unwrap();
    // Usage arrives under the application's own name of the account, before anybody has that name.
    let events = [("org_17", 40), ("org_17", 2), ("org_18", 5)];
    let usage_of = |store: &Store, id| {
        let of_customer =
            events.iter().filter(|(account, _)| store.find_customer(account).unwrap() == Some(id));
        of_customer.map(|(_, units)| units).sum::<i32>()
    };
    let id = store.create_customer(with_aliases("WidgetsExpress", [])).unwrap();
    assert_eq!(usage_of(&store, id), 0);
    store.add_ingest_alias(id, "org_17").unwrap();
    assert_eq!(usage_of(&store, id), 42);
    let successor = store.create_customer(with_aliases("WidgetsExpress 2", ["org_18"])).unwrap();
    store.move_ingest_alias("org_17", successor).unwrap();
    assert_eq!((usage_of(&store, id), usage_of(&store, successor)), (0, 47));
}

#[test]
fn an_archived_customer_keeps_its_aliases_and_a_clash_says_so() {
    let store = Store::in_memory().unwrap();
    let gone = store.create_customer(with_aliases("gone", ["a", "b"])).unwrap();
    let other = store.create_customer(with_aliases("other", [])).unwrap();
    store.archive(gone).unwrap();
    assert_eq!(store.find_customer("a").unwrap(), Some(gone));
    let clash = store.create_customer(with_aliases("new", ["a"]));
    let said = format!(r#"the ingest alias "a" belongs to customer {gone}, which is archived and keeps it"#);
    assert_eq!(clash.as_ref().unwrap_err().to_string(), said);
    assert_eq!(clash.as_ref().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(fault(clash), taken("a", gone, true));
    assert_eq!(fault(store.set_ingest_aliases(other, ["a"])), taken("a", gone, true));
    assert_eq!(fault(store.add_ingest_alias(other, "a")), taken("a", gone, true));
    store.remove_ingest_alias(gone, "a").unwrap();
    store.add_ingest_alias(other, "a").unwrap();
    assert_eq!(store.customer(gone).unwrap().ingest_aliases, ["b"]);
}

#[test]
fn of_16_that_want_an_alias_exactly_one_gets_it() {
    let store = Store::in_memory().unwrap();
    let rivals: Vec<_> = (0..8).map(|_| store.create_customer(with_aliases("rival", [])).unwrap()).collect();
    for round in 0..20 {
        let alias = format!("round {round}");
        let start = Barrier::new(16);
        let race = |caller: usize| {
            start.wait();
            if caller < 8 {
                store.add_ingest_alias(rivals[caller], &alias).map(|()| rivals[caller])
            } else {
                store.create_customer(with_aliases("new", [&alias]))
            }
        };
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..16)
                .map(|caller| {
                    scope.spawn({
                        let race = &race;
                        move || race(caller)
                    })
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        let winner = store.find_customer(&alias).unwrap().unwrap();
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [winner]);
        for refused in lost {
            assert_eq!(fault(refused), taken(&alias, winner, false));
        }
    }
    let all = every(100, |page| store.customers(&CustomerFilter::default(), page));
    assert_eq!(all.iter().map(|one| one.ingest_aliases.len()).sum::<usize>(), 20);
    let created = all.iter().filter(|one| one.name == "new");
    assert!(created.into_iter().all(|one| one.ingest_aliases.len() == 1), "a loser left something behind");
}
