//! Lists of customers: every condition alone and with others, a page at a time.

use std::collections::BTreeSet;

use billfold::FieldProblem;
use billfold::prelude::*;
use uuid::Uuid;

use crate::support::{customer, every, fault, faults};

/// Twelve customers, three archived, of two Salesforce accounts and none; ids taken in lie before, between and
/// behind them.
struct Listed {
    store: Store,
    ids: Vec<CustomerId>,
}

fn listed() -> Listed {
    let store = StoreOptions::new().id_source(IdSource::Counted).in_memory().unwrap();
    for n in [0, 1, u128::MAX] {
        store.adopt(customer(n)).unwrap();
    }
    let mut ids = Vec::new();
    for n in 0..12_u128 {
        let id = store.create_customer(CreateCustomer {
            name: format!("customer {n}"),
            ingest_aliases: vec![format!("alias {n}"), format!("other {n}")],
            salesforce_account_id: ["one", "two"].get(n as usize % 3).map(|account| (*account).to_owned()),
            ..Default::default()
        });
        ids.push(id.unwrap());
        if n % 2 == 0 {
            let next = ids[n as usize].uuid().as_u128() + 1;
            for between in [next, next + 1] {
                store.adopt(CustomerId::from(Uuid::from_u128(between))).unwrap();
            }
            store.archive(CustomerId::from(Uuid::from_u128(next))).unwrap();
        }
    }
    for n in [0, 5, 11] {
        store.archive(ids[n]).unwrap();
    }
    Listed { store, ids }
}

impl Listed {
    fn pick(&self, which: impl IntoIterator<Item = usize>) -> Vec<CustomerId> {
        which.into_iter().map(|n| self.ids[n]).collect()
    }

    /// Asserts that the list is these, whatever the size of its pages, and each as it is read alone.
    #[track_caller]
    fn is(&self, filter: &CustomerFilter, which: impl IntoIterator<Item = usize>) {
        let expected: Vec<_> =
            self.pick(which).into_iter().map(|id| self.store.customer(id).unwrap()).collect();
        let view = self.store.snapshot().unwrap();
        for limit in [1, 2, 3, 5, 8, 9, 10, 1_000] {
            assert_eq!(every(limit, |page| self.store.customers(filter, page)), expected, "limit {limit}");
            assert_eq!(every(limit, |page| view.customers(filter, page)), expected, "limit {limit}");
        }
    }
}

const ACTIVE: [usize; 9] = [1, 2, 3, 4, 6, 7, 8, 9, 10];

#[test]
fn active_customers_are_listed_unless_archived_ones_are_asked_for() {
    let listed = listed();
    listed.is(&CustomerFilter::default(), ACTIVE);
    listed.is(&CustomerFilter { only_archived: true, ..Default::default() }, [0, 5, 11]);
}

#[test]
fn a_list_by_alias_has_its_holder() {
    let listed = listed();
    let of = |alias: &str, only_archived| CustomerFilter {
        ingest_alias: Some(alias.into()),
        only_archived,
        ..Default::default()
    };
    listed.is(&of("alias 4", false), [4]);
    listed.is(&of("other 4", false), [4]);
    listed.is(&of("alias 4", true), []);
    listed.is(&of("alias 5", false), []);
    listed.is(&of("alias 5", true), [5]);
    for nobody in ["alias", "alias 44", "", "Alias 4"] {
        listed.is(&of(nobody, false), []);
    }
}

#[test]
fn a_list_by_ids_is_in_the_order_of_the_ids_and_has_each_once() {
    let listed = listed();
    let mut customer_ids = listed.pick([7, 3, 5, 7, 10]);
    customer_ids.extend([customer(1), customer(77)]);
    let filter = CustomerFilter { customer_ids, ..Default::default() };
    listed.is(&filter, [3, 7, 10]);
    listed.is(&CustomerFilter { only_archived: true, ..filter }, [5]);
    let nobody = CustomerFilter { customer_ids: vec![customer(1)], ..Default::default() };
    listed.is(&nobody, []);
}

#[test]
fn a_list_by_salesforce_accounts_has_the_customers_of_all_of_them() {
    let listed = listed();
    let of = |accounts: &[&str]| CustomerFilter {
        salesforce_account_ids: accounts.iter().map(|account| (*account).to_owned()).collect(),
        ..Default::default()
    };
    listed.is(&of(&["one"]), [3, 6, 9]);
    listed.is(&of(&["two", "one", "two"]), [1, 3, 4, 6, 7, 9, 10]);
    listed.is(&CustomerFilter { only_archived: true, ..of(&["one", "two"]) }, [0]);
    listed.is(&of(&["three", "on", ""]), []);
}

#[test]
fn all_conditions_of_a_list_have_to_hold() {
    let listed = listed();
    let filter = CustomerFilter {
        ingest_alias: Some("alias 6".into()),
        customer_ids: listed.pick([4, 6, 7]),
        salesforce_account_ids: vec!["one".into()],
        only_archived: false,
    };
    listed.is(&filter, [6]);
    listed.is(&CustomerFilter { ingest_alias: None, ..filter.clone() }, [6]);
    listed.is(&CustomerFilter { ingest_alias: Some("alias 3".into()), ..filter.clone() }, []);
    listed.is(&CustomerFilter { only_archived: true, ..filter.clone() }, []);
    let accounts = vec!["one".to_owned(), "two".to_owned()];
    listed.is(&CustomerFilter { ingest_alias: None, salesforce_account_ids: accounts, ..filter }, [4, 6, 7]);
}

#[test]
fn a_filter_names_at_most_100_ids_and_accounts() {
    let listed = listed();
    let filter = |n: u128| CustomerFilter {
        customer_ids: (1..=n).map(customer).collect(),
        salesforce_account_ids: (1..=n).map(|n| n.to_string()).collect(),
        ..Default::default()
    };
    listed.is(&filter(100), []);
    let too_many = |field: &str| Fault::Field {
        field: field.into(),
        problem: FieldProblem::TooMany { items: 101, most: 100 },
    };
    let refused = faults(listed.store.customers(&filter(101), &PageRequest::first(0)));
    let limit = Fault::PageLimit { found: 0, most: 1_000 };
    assert_eq!(refused, [too_many("customer_ids"), too_many("salesforce_account_ids"), limit]);
}

#[test]
fn a_cursor_belongs_to_its_own_conditions_and_its_own_store() {
    let listed = listed();
    let ids = listed.pick([1, 2, 3]);
    let filters = [
        CustomerFilter::default(),
        CustomerFilter { only_archived: true, ..Default::default() },
        CustomerFilter { customer_ids: ids.clone(), ..Default::default() },
        CustomerFilter { customer_ids: ids, ingest_alias: Some("alias 1".into()), ..Default::default() },
        CustomerFilter { salesforce_account_ids: vec!["one".into()], ..Default::default() },
        CustomerFilter { salesforce_account_ids: vec!["two".into()], ..Default::default() },
    ];
    let cursors: Vec<_> = filters
        .iter()
        .map(|filter| listed.store.customers(filter, &PageRequest::first(1)).unwrap().next)
        .collect();
    for (own, cursor) in cursors.iter().enumerate().filter_map(|(own, cursor)| Some((own, cursor.as_ref()?)))
    {
        for (other, filter) in filters.iter().enumerate() {
            let page = listed.store.customers(filter, &PageRequest::after(cursor.clone(), 1));
            if own == other {
                assert_eq!(page.unwrap().items.len(), 1);
            } else {
                assert_eq!(fault(page), Fault::CursorOfAnotherQuestion);
            }
        }
        let next = PageRequest::after(cursor.clone(), 1);
        let elsewhere = Store::in_memory().unwrap();
        assert_eq!(fault(elsewhere.customers(&filters[own], &next)), Fault::CursorOfAnotherQuestion);
    }
    assert_eq!(cursors.iter().flatten().count(), 5, "all but the one that has a single item");
    let of_entities = listed.store.entities(ManagedEntity::Customer, &PageRequest::first(1)).unwrap().next;
    let next = PageRequest::after(of_entities.unwrap(), 1);
    assert_eq!(fault(listed.store.customers(&filters[0], &next)), Fault::CursorOfAnotherQuestion);
}

#[test]
fn a_page_goes_on_behind_an_item_that_is_gone() {
    let listed = listed();
    let filter = CustomerFilter::default();
    let first = listed.store.customers(&filter, &PageRequest::first(2)).unwrap();
    assert_eq!(first.items.iter().map(|one| one.id).collect::<Vec<_>>(), listed.pick([1, 2]));
    listed.store.forget(listed.ids[2]).unwrap();
    listed.store.archive(listed.ids[3]).unwrap();
    let second = listed.store.customers(&filter, &PageRequest::after(first.next.unwrap(), 2)).unwrap();
    assert_eq!(second.items.iter().map(|one| one.id).collect::<Vec<_>>(), listed.pick([4, 6]));
}

#[test]
fn ids_taken_in_and_archived_customers_are_passed_over_however_many_there_are() {
    let store = StoreOptions::new().id_source(IdSource::Counted).in_memory().unwrap();
    let mut expected = [BTreeSet::new(), BTreeSet::new()];
    // Runs of each kind, longer and shorter than any page: nothing but ids, archived ones, active ones.
    for (round, run) in [0, 1, 2, 3, 5, 7, 17, 64].into_iter().enumerate() {
        for kind in 0..3 {
            for _ in 0..run {
                let id = store.create_customer(CreateCustomer::default()).unwrap();
                match (kind + round) % 3 {
                    0 => {
                        store.forget(id).unwrap();
                        store.adopt(id).unwrap();
                    }
                    1 => {
                        store.archive(id).unwrap();
                        expected[1].insert(id);
                    }
                    _ => {
                        expected[0].insert(id);
                    }
                }
            }
        }
    }
    for (only_archived, expected) in [false, true].into_iter().zip(expected) {
        let filter = CustomerFilter { only_archived, ..Default::default() };
        for limit in [1, 2, 3, 4, 16, 63, 64, 98, 99, 100, 1_000] {
            let found = every(limit, |page| store.customers(&filter, page));
            assert!(found.iter().map(|one| one.id).eq(expected.iter().copied()), "limit {limit}");
        }
    }
}
