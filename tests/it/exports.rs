//! Exports: everything that a store holds, moved into another one.

use billfold::prelude::*;
use billfold::{Export, Progress};

use crate::support::catalog::at;
use crate::support::moved::{comes_out_again, exported, imported, rich, told, without_revisions};
use crate::support::provisioned::{Provisioned, day};
use crate::support::whole;

/// The same calls about the same contracts, balances and invoices; what they answer, and what the store tells then.
fn goes_on(store: &Store, clock: &SetClock, here: &Provisioned) -> String {
    clock.set(day("04-20"));
    let mut answers = String::new();
    let contract = store.contract(here.contract).unwrap();
    let subscription = contract.subscriptions[0].id;
    let edit = EditContract {
        add_commits: vec![CreateCommit { custom_fields: [("slot", "later")].into(), ..here.commit() }],
        add_overrides: vec![here.discounted()],
        ..EditContract::default()
    };
    answers += &format!("{:?}\n", store.edit_contract(here.contract, edit));
    let again = EditContract { uniqueness_key: Some("one of each".into()), ..EditContract::default() };
    answers += &format!("{:?}\n", store.edit_contract(here.contract, again));
    let level = CustomerLevel { uniqueness_key: Some("gift".into()), ..CustomerLevel::new(here.customer) };
    let (mut commit, mut credit) = (here.commit(), here.credit());
    (commit.terms.priority, credit.terms.priority) = (Some(1.into()), Some(2.into()));
    commit.invoice_schedule = None;
    answers += &format!("{:?}\n", store.create_credit(level, credit));
    answers += &format!("{:?}\n", store.create_commit(CustomerLevel::new(here.customer), commit));
    answers += &format!("{:?}\n", store.set_values(subscription, [("slot", "B")]));
    answers += &format!("{:?}\n", store.set_values(here.contract, [("note", "at last")]));
    answers += &format!("{:?}\n", store.create_contract(here.with_every_part("N")));
    answers += &format!("{:?}\n", store.archive_contract_and_void_invoices(here.contract));
    clock.set(day("06-02"));
    let question = InvoiceQuestion::through(day("07-01"));
    for invoice in store.invoices(here.customer, &question, &PageRequest::first(1_000)).unwrap().items {
        let ended = match invoice.status {
            InvoiceStatus::Draft => store.finalize_invoice(invoice.id, &[]),
            _ => store.void_invoice(invoice.id),
        };
        answers += &format!("{ended:?}\n");
    }
    without_revisions(&answers) + &told(store)
}

#[track_caller]
fn same_text(left: &str, right: &str) {
    for (number, (left, right)) in left.lines().zip(right.lines()).enumerate() {
        assert_eq!(left, right, "line {}", number + 1);
    }
    assert_eq!(left.lines().count(), right.lines().count());
}

#[test]
fn a_store_with_something_of_everything_comes_out_of_another_one_byte_for_byte() {
    let here = rich();
    let lines = exported(&here.store);
    for kind in ["key", "instance", "part", "package", "past", "settled"] {
        assert!(lines.contains(&format!("\n{{\"{kind}\":")), "no {kind} is in it");
    }
    for of in
        ["rate_card.rates", "rate_card.past_rates", "contract.parts", "contract.edits", "contract.invoices"]
    {
        assert!(lines.contains(&format!("\"of\":\"{of}\"")), "nothing of {of} is in it");
    }
    comes_out_again(&here.store);
}

#[test]
fn what_was_imported_answers_as_where_it_came_from_and_goes_on_as_that_does() {
    let here = rich();
    let clock = SetClock::default();
    clock.set(here.clock.now());
    let moved = imported(&exported(&here.store), &clock);
    same_text(&told(&moved), &told(&here.store));
    same_text(&goes_on(&moved, &clock, &here), &goes_on(&here.store, &here.clock, &here));
    whole(&moved);
    whole(&here.store);
    billfold::assert_same(&here.store, &moved);
}

#[test]
fn it_makes_no_difference_which_keys_and_instances_a_store_had_before() {
    let here = rich();
    let store = Store::in_memory().unwrap();
    store.adopt(CustomerId::from(uuid::Uuid::from_u128(77))).unwrap();
    store.forget(CustomerId::from(uuid::Uuid::from_u128(77))).unwrap();
    for key in here.store.keys(&[]).unwrap().into_iter().rev() {
        let rules = KeyRules { kind: key.kind, comparison: key.comparison, archived: key.archived };
        store.add_key(key.entity, "of no use", KeyKind::Indexed).ok();
        store.add_key(key.entity, &key.key, rules).unwrap();
        store.remove_key(key.entity, "of no use").unwrap();
    }
    let lines = exported(&here.store);
    store.import(lines.as_bytes()).unwrap();
    whole(&store);
    let of_instances = |lines: &str| {
        let others = lines.lines().filter(|line| !line.starts_with("{\"key\":"));
        others.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of_instances(&exported(&store)), of_instances(&lines));
}

#[test]
fn the_same_lines_again_change_nothing_also_where_they_came_from() {
    let here = rich();
    let lines = exported(&here.store);
    let moved = imported(&lines, &SetClock::default());
    for store in [&moved, &here.store] {
        let revision = store.revision(here.contract).unwrap();
        let report = store.import(lines.as_bytes()).unwrap();
        assert_eq!((report.added, report.changed, report.refused), (0, 0, 0));
        assert_eq!(report.lines, lines.lines().count() as u64);
        assert!(report.unchanged > 20);
        assert_eq!(store.revision(here.contract).unwrap(), revision);
        assert_eq!(exported(store), lines);
    }
}

#[test]
fn an_export_of_some_entities_has_their_keys_and_all_that_belongs_to_them() {
    let here = rich();
    let only = |entities: &[ManagedEntity]| {
        let mut lines = Vec::new();
        Export::of(&here.store).unwrap().only(entities).write(&mut lines).unwrap();
        String::from_utf8(lines).unwrap()
    };
    let (customers, contracts) = (only(&[ManagedEntity::Customer]), only(&[ManagedEntity::Contract]));
    let whole = exported(&here.store);
    assert_eq!(only(&ManagedEntity::ALL), whole);
    for (lines, entity) in [(&customers, "customer"), (&contracts, "contract")] {
        for line in lines.lines().skip(1) {
            assert!(whole.contains(line));
            let belongs = line.starts_with("{\"part\":{") || line.starts_with("{\"settled\":{");
            assert!(belongs || line.contains(&format!("\"entity\":\"{entity}\"")), "{line}");
        }
    }
    assert!(contracts.contains("\"part\":") && !customers.contains("\"part\":"));
    // Customers can stand alone; contracts need what they name.
    let store = Store::in_memory().unwrap();
    let refused = store.import(contracts.as_bytes()).unwrap_err().to_string();
    assert!(refused.contains("nothing was imported") && refused.contains("customer_id"), "{refused}");
    store.import(customers.as_bytes()).unwrap();
    assert_eq!(exported(&store), customers);
}

#[test]
fn an_export_shows_one_moment_and_tells_how_far_it_is() {
    let store = Store::in_memory().unwrap();
    let before = Export::of(&store).unwrap();
    let frozen = store.snapshot().unwrap();
    store.load((1..=2_500_u128).map(|n| (crate::support::customer(n), CreateCustomer::default()))).unwrap();
    let mut lines = Vec::new();
    assert_eq!(before.write(&mut lines).unwrap().lines, 1);
    assert_eq!(Export::of_snapshot(&frozen).write(&mut lines).unwrap().lines, 1);
    let mut told: Vec<Progress> = Vec::new();
    let mut lines = Vec::new();
    let done = Export::of(&store).unwrap().on_progress(|so_far| told.push(so_far)).write(&mut lines).unwrap();
    assert_eq!(told.iter().map(|so_far| so_far.lines).collect::<Vec<_>>(), [1_000, 2_000, 2_501]);
    assert_eq!(done.bytes, lines.len() as u64);
    assert_eq!(told.last(), Some(&done));
}

#[test]
fn a_writer_that_fails_ends_the_export() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let here = rich();
    let refused = here.store.export(Full(1_000)).unwrap_err();
    assert!(matches!(refused, billfold::ExportError::Write(_)), "{refused}");
    here.clock.set(at("2025-06-01T00:00:00Z"));
    whole(&here.store);
}
