//! Queries: what each condition is true of, what is refused, and pages that carry their whole question.

use std::ops::Bound;

use billfold::prelude::*;
use billfold::{FieldProblem, MAX_CONDITIONS};
use data_encoding::BASE64URL_NOPAD;

use crate::support::{contract, customer, every, fault, faults, store_with_keys};

use KeyKind::{Enforced, Indexed, Unindexed};
use ManagedEntity::{Contract, Customer};

fn found(from: &impl Reading, condition: &Condition) -> Vec<CustomerId> {
    every(2, |page| from.query_ids(condition, ArchiveFilter::default(), page))
}

fn numbered<const N: usize>(numbers: [u128; N]) -> [CustomerId; N] {
    numbers.map(customer)
}

/// Customers 1 to 6: three tiers, a blank one, none, and an archived one; one account each, two of them awkward.
fn six() -> Store {
    let store = store_with_keys([("tier", Indexed), ("region", Indexed), ("account", Enforced)]);
    let rows = [
        (1, vec![("tier", "gold"), ("region", "EU-west"), ("account", "a=b&c=d")]),
        (2, vec![("tier", "gold"), ("region", "US"), ("account", "a")]),
        (3, vec![("tier", "iron"), ("region", "EU-east"), ("account", "a=b")]),
        (4, vec![("tier", ""), ("account", "")]),
        (5, vec![("region", "EU-west")]),
        (6, vec![("tier", "gold"), ("region", "EU-west"), ("account", "b")]),
    ];
    for (number, values) in rows {
        store.set_values(customer(number), values).unwrap();
    }
    store.archive(customer(6)).unwrap();
    store
}

#[test]
fn each_condition_is_true_of_what_holds_such_a_value() {
    let store = six();
    let cases: [(Condition, &[u128]); 13] = [
        (Condition::equals("tier", "gold"), &[1, 2]),
        (Condition::equals("tier", "gol"), &[]),
        (Condition::one_of("tier", ["iron", "gold", "tin", "gold"]), &[1, 2, 3]),
        (Condition::one_of("account", ["a=b", "nobody's", ""]), &[3, 4]),
        (Condition::exists("tier"), &[1, 2, 3, 4]),
        (Condition::absent("tier"), &[5]),
        (Condition::prefix("region", "EU-"), &[1, 3, 5]),
        (Condition::prefix("account", ""), &[1, 2, 3, 4]),
        (Condition::range("region", "EU-east".."EU-west"), &[3]),
        (Condition::range("region", "EU-east"..="EU-west"), &[1, 3, 5]),
        (Condition::range::<&str>("region", (Bound::Excluded("EU-east"), Bound::Unbounded)), &[1, 2, 5]),
        (Condition::range("account", .."a=b"), &[2, 4]),
        (Condition::range("region", "b".."a"), &[]),
    ];
    for (condition, expected) in cases {
        let expected: Vec<_> = expected.iter().copied().map(customer).collect();
        assert_eq!(found(&store, &condition), expected, "{condition:?}");
        let query = Query::new(Customer, condition);
        assert_eq!(store.count(&query).unwrap(), expected.len() as u64);
        let all = every(1_000, |page| store.query(&query, page));
        assert_eq!(all, expected.into_iter().map(EntityRef::from).collect::<Vec<_>>());
    }
}

#[test]
fn conditions_over_several_keys_are_put_together() {
    let store = six();
    let gold = || Condition::equals("tier", "gold");
    let european = || Condition::prefix("region", "EU-");
    assert_eq!(found(&store, &gold().and(european())), numbered([1]));
    assert_eq!(found(&store, &gold().or(european())), numbered([1, 2, 3, 5]));
    assert_eq!(found(&store, &gold().and(!european())), numbered([2]));
    assert_eq!(found(&store, &!gold().or(european())), numbered([4]));
    assert_eq!(found(&store, &(!Condition::all([gold(), european()]))), numbered([2, 3, 4, 5]));
    assert_eq!(found(&store, &!!gold()), numbered([1, 2]));
    assert_eq!(found(&store, &gold().and(Condition::absent("account"))), numbered([]));
    let neither = Condition::absent("tier").and(Condition::absent("account"));
    assert_eq!(found(&store, &neither.or(Condition::equals("account", "a"))), numbered([2, 5]));
}

#[test]
fn of_no_conditions_all_are_true_and_none_is() {
    let store = six();
    assert_eq!(found(&store, &Condition::all([])).len(), 5);
    assert_eq!(found(&store, &!Condition::any([])).len(), 5);
    assert!(found(&store, &Condition::any([])).is_empty());
    assert!(found(&store, &Condition::one_of("tier", [""; 0])).is_empty());
    assert_eq!(found(&store, &!Condition::one_of("tier", [""; 0])).len(), 5);
}

#[test]
fn a_blank_value_is_a_value_and_not_its_absence() {
    let store = six();
    assert_eq!(found(&store, &Condition::equals("tier", "")), numbered([4]));
    assert_eq!(found(&store, &Condition::absent("tier")), numbered([5]));
    assert_eq!(found(&store, &Condition::range("tier", ""..="")), numbered([4]));
    assert_eq!(found(&store, &!Condition::equals("tier", "")), numbered([1, 2, 3, 5]));
    store.delete_values(customer(4), ["tier"]).unwrap();
    assert_eq!(found(&store, &Condition::equals("tier", "")), []);
    assert_eq!(found(&store, &Condition::absent("tier")), numbered([4, 5]));
}

#[test]
fn a_value_is_never_taken_apart() {
    let store = six();
    assert_eq!(found(&store, &Condition::equals("account", "a=b&c=d")), numbered([1]));
    assert_eq!(found(&store, &Condition::equals("account", "a=b")), numbered([3]));
    assert_eq!(found(&store, &Condition::one_of("account", ["a=b&c=d", "a"])), numbered([1, 2]));
    assert_eq!(found(&store, &Condition::prefix("account", "a=b&")), numbered([1]));
}

#[test]
fn archived_instances_are_shown_where_they_are_asked_for() {
    let store = six();
    let gold = Query::new(Customer, Condition::equals("tier", "gold"));
    let shown = |archived| every(1, |page| store.query(&gold.clone().showing(archived), page));
    assert_eq!(shown(ArchiveFilter::NotArchived), numbered([1, 2]).map(EntityRef::from));
    assert_eq!(shown(ArchiveFilter::Archived), numbered([6]).map(EntityRef::from));
    assert_eq!(shown(ArchiveFilter::All), numbered([1, 2, 6]).map(EntityRef::from));
    assert_eq!(store.count(&gold.showing(ArchiveFilter::All)).unwrap(), 3);
    let archived = Condition::equals("account", "b");
    let found = every(9, |page| store.query_ids::<CustomerId>(&archived, ArchiveFilter::Archived, page));
    assert_eq!(found, numbered([6]));
}

#[test]
fn each_entity_is_asked_by_itself() {
    let store = six();
    store.add_key(Contract, "tier", Indexed).unwrap();
    store.set_values(contract(1), [("tier", "gold")]).unwrap();
    let of_contracts = Query::new(Contract, Condition::equals("tier", "gold"));
    assert_eq!(store.query(&of_contracts, &PageRequest::default()).unwrap().items, [contract(1).into()]);
    let unknown = Query::new(Contract, Condition::equals("region", "US"));
    assert_eq!(fault(store.count(&unknown)), Fault::KeyNotFound { entity: Contract, key: "region".into() });
}

#[test]
fn every_fault_of_a_query_is_named_wherever_it_stands() {
    let store = store_with_keys([("tier", Indexed), ("note", Unindexed)]);
    let too_long = "x".repeat(201);
    let condition = Condition::equals("tier", "gold")
        .or(!Condition::exists("teir"))
        .or(Condition::all([Condition::absent("note"), Condition::any([Condition::one_of("", ["a"])])]))
        .or(Condition::prefix("tier", &too_long).and(Condition::equals("teir", "again")))
        .or(Condition::range("tier", "a"..too_long.as_str()));
    let unknown = |key: &str| Fault::KeyNotFound { entity: Customer, key: key.into() };
    let too_long = || Fault::ValueTooLong { entity: Customer, key: "tier".into(), characters: 201 };
    let unindexed = Fault::KeyNotSearchable {
        entity: Customer,
        key: "note".into(),
        kind: Unindexed,
        needs: &[Enforced, Indexed],
    };
    let expected = [too_long(), too_long(), unknown(""), unindexed, unknown("teir")];
    let query = Query::new(Customer, condition);
    assert_eq!(faults(store.query(&query, &PageRequest::default())), expected);
    assert_eq!(faults(store.count(&query)), expected);
    // Nor is there one less where nothing could be found anyway.
    let nothing = Query::new(Customer, Condition::any([]).and(Condition::exists("teir")));
    assert_eq!(fault(store.count(&nothing)), unknown("teir"));
}

#[test]
fn a_condition_beyond_the_limits_is_refused_and_crashes_nothing() {
    let store = six();
    let gold = || Condition::equals("tier", "gold");
    let deep = (0..100_000).fold(gold(), |inside, _| Condition::any([!inside]));
    let refused = faults(store.count(&Query::new(Customer, deep)));
    let conditions = FieldProblem::TooMany { items: 200_001, most: MAX_CONDITIONS };
    assert_eq!(refused[0], Fault::Field { field: "conditions".into(), problem: conditions });
    assert!(matches!(&refused[1], Fault::Field { field, .. } if field == "depth"), "{refused:?}");
    let values = (0..10_001).map(|n| n.to_string());
    let many = fault(store.count(&Query::new(Customer, Condition::one_of("tier", values))));
    let most = FieldProblem::TooMany { items: 10_001, most: 10_000 };
    assert_eq!(many, Fault::Field { field: "values".into(), problem: most });

    // Up to them it is answered.
    let values = (0..9_000).map(|n| n.to_string()).chain(["gold".to_owned()]);
    let alternating =
        |inside: Condition, n: u32| if n.is_multiple_of(2) { !inside } else { Condition::all([inside]) };
    let deepest = (0..31).fold(Condition::one_of("tier", values), alternating);
    assert_eq!(found(&store, &deepest), numbered([1, 2]));
    let widest = Condition::any((0..999).map(|_| gold()));
    assert_eq!(found(&store, &widest), numbered([1, 2]));
}

#[test]
fn a_cursor_of_one_query_does_not_continue_another() {
    let store = six();
    let gold = || Condition::equals("tier", "gold");
    let query = |condition| Query::new(Customer, condition);
    let asked = query(gold().or(Condition::exists("region")));
    let cursor = store.query(&asked, &PageRequest::first(2)).unwrap().next.unwrap();
    let others = [
        query(gold()),
        query(gold().and(Condition::exists("region"))),
        query(Condition::exists("region").or(Condition::equals("tier", "iron"))),
        query(gold().or(!Condition::exists("region"))),
        query(gold().or(Condition::exists("region")).or(Condition::any([]))),
        query(gold().or(Condition::range("region", ""..))),
        query(gold().or(Condition::exists("account"))),
        asked.clone().showing(ArchiveFilter::All),
    ];
    for page in
        [PageRequest::after(cursor.clone(), 2), PageRequest::after(cursor.to_string().parse().unwrap(), 9)]
    {
        assert_eq!(store.query(&asked, &page).unwrap().items[0], customer(3).into());
        for other in &others {
            assert_eq!(fault(store.query(other, &page)), Fault::CursorOfAnotherQuestion, "{other:?}");
        }
        assert_eq!(fault(six().query(&asked, &page)), Fault::CursorOfAnotherQuestion);
        let listed = store.find_all::<CustomerId>("tier", "gold", &page);
        assert_eq!(fault(listed), Fault::CursorOfAnotherQuestion);
    }
    let refused = store.query(&asked, &PageRequest::first(0));
    assert_eq!(fault(refused), Fault::PageLimit { found: 0, most: 1_000 });

    // A key that has come instead of another is another key, whatever it is called.
    store.remove_key(Customer, "region").unwrap();
    store.add_key(Customer, "region", Indexed).unwrap();
    let page = PageRequest::after(cursor, 2);
    assert_eq!(fault(store.query(&asked, &page)), Fault::CursorOfAnotherQuestion);
}

#[test]
fn pages_of_a_snapshot_give_each_instance_once_whatever_happens_meanwhile() {
    let store = store_with_keys([("tier", Indexed)]);
    for n in 0..300 {
        store.set_values(customer(n), [("tier", if n % 3 == 0 { "iron" } else { "gold" })]).unwrap();
    }
    let view = store.snapshot().unwrap();
    let query = Query::new(Customer, Condition::one_of("tier", ["gold", "silver"]));
    let mut seen = 0;
    let pages = every(7, |page| {
        // What comes next changes sides, and what was seen goes.
        store.set_values(customer(seen * 3), [("tier", "silver")])?;
        store.forget(customer(seen * 3 + 1))?;
        seen += 1;
        view.query(&query, page)
    });
    let expected: Vec<EntityRef> = (0..300).filter(|n| n % 3 != 0).map(|n| customer(n).into()).collect();
    assert_eq!(pages, expected);
    assert_eq!(view.count(&query).unwrap(), 200);
}

#[test]
fn the_values_of_a_key_come_in_order_with_how_many_hold_each() {
    let store = six();
    let of = |key: &str, limit| every(limit, |page| store.distinct_values(Customer, key, page));
    let expected = [("", 1), ("gold", 3), ("iron", 1)].map(|(value, count)| (value.to_owned(), count));
    for limit in [1, 2, 1_000] {
        assert_eq!(of("tier", limit), expected);
        let accounts: Vec<_> = of("account", limit).into_iter().map(|(value, _)| value).collect();
        assert_eq!(accounts, ["", "a", "a=b", "a=b&c=d", "b"]);
    }
    store.add_key(Customer, "unheld", Indexed).unwrap();
    assert!(of("unheld", 1).is_empty());
    store.add_key(Customer, "note", Unindexed).unwrap();
    let page = PageRequest::default();
    assert!(matches!(
        fault(store.distinct_values(Customer, "note", &page)),
        Fault::KeyNotSearchable { kind: Unindexed, .. }
    ));
    assert!(matches!(fault(store.distinct_values(Customer, "teir", &page)), Fault::KeyNotFound { .. }));
    let cursor = store.distinct_values(Customer, "tier", &PageRequest::first(1)).unwrap().next.unwrap();
    let page = PageRequest::after(cursor, 1);
    assert_eq!(fault(store.distinct_values(Customer, "region", &page)), Fault::CursorOfAnotherQuestion);
    assert_eq!(fault(store.duplicates(Customer, "tier", &page)), Fault::CursorOfAnotherQuestion);
}

#[test]
fn duplicates_are_what_uniqueness_would_be_refused_for() {
    let store = six();
    for (n, tier) in [(11, "gold\0"), (12, "gold\0"), (13, "zinc"), (14, "iron")] {
        store.set_values(customer(n), [("tier", tier)]).unwrap();
    }
    let refused = faults(store.enforce_uniqueness(Customer, "tier"));
    let refused: Vec<_> = refused
        .into_iter()
        .map(|fault| match fault {
            Fault::ValueShared { value, holders, .. } => (value.into_inner(), holders),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(refused.len(), 3);
    for limit in [1, 2, 3, 1_000] {
        assert_eq!(every(limit, |page| store.duplicates(Customer, "tier", page)), refused);
    }
    assert!(every(1, |page| store.duplicates(Customer, "account", page)).is_empty());
    for n in [2, 6, 11, 3] {
        store.delete_values(customer(n), ["tier"]).unwrap();
    }
    assert!(every(1, |page| store.duplicates(Customer, "tier", page)).is_empty());
    store.enforce_uniqueness(Customer, "tier").unwrap();
}

/// A cursor that ends with other bytes than the last `stood`, in front of which stands how many they are.
fn ending(cursor: &Cursor, stood: usize, ends: &[u8]) -> Cursor {
    let mut bytes = BASE64URL_NOPAD.decode(cursor.to_string().as_bytes()).unwrap();
    bytes.truncate(bytes.len() - 4 - stood - 1);
    bytes.push(u8::try_from(ends.len()).unwrap());
    bytes.extend(ends);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    BASE64URL_NOPAD.encode(&bytes).parse().unwrap()
}

#[test]
fn a_cursor_that_was_made_up_is_refused_and_no_damage() {
    let store = six();
    let has_tier = Query::new(Customer, Condition::exists("tier"));
    let cursor = store.query(&has_tier, &PageRequest::first(1)).unwrap().next.unwrap();
    let second = PageRequest::after(ending(&cursor, 16, EntityRef::from(customer(1)).id.as_bytes()), 1);
    assert_eq!(store.query(&has_tier, &second).unwrap().items, [customer(2).into()]);
    let made_up = PageRequest::after(ending(&cursor, 16, b"2"), 1);
    assert_eq!(fault(store.query(&has_tier, &made_up)), Fault::CursorOfAnotherQuestion);

    let cursor = store.distinct_values(Customer, "tier", &PageRequest::first(2)).unwrap().next.unwrap();
    let made_up = PageRequest::after(ending(&cursor, "gold".len(), b"\xff"), 1);
    assert_eq!(fault(store.distinct_values(Customer, "tier", &made_up)), Fault::CursorOfAnotherQuestion);
}
