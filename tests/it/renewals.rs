//! Renewals: a contract that goes on from another one.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::at;
use crate::support::ready::{Ready, fields, item, segment};
use crate::support::{fault, faults};

const YEAR_END: &str = "2025-11-01T00:00:00Z";

fn renewal(ready: &Ready, from: ContractId, start: &str) -> CreateContract {
    CreateContract {
        transition: Some(Renewal { from_contract_id: from, trueup: None }),
        rate_card: Some(CardChoice::Id(ready.card)),
        ..CreateContract::new(ready.customer, at(start))
    }
}

fn rolling(fraction: &str, mut commit: CreateCommit) -> CreateCommit {
    commit.terms.rollover_fraction = Some(fraction.parse().unwrap());
    commit
}

#[test]
fn the_old_contract_ends_where_the_new_one_starts_and_the_history_says_so() {
    let ready = Ready::new();
    let old = ready.store.create_contract(ready.with_every_part("A")).unwrap();
    ready.clock.set(at("2025-05-05T05:05:05Z"));
    let about = About { actor: Some("sales".into()), reason: None };
    let new =
        ready.store.write_as(about, |tx| tx.create_contract(renewal(&ready, old, "2025-06-01T00:00:00Z")));
    let new = new.unwrap();
    let before = ready.store.contract(old).unwrap();
    let start = at("2025-06-01T00:00:00Z");
    assert_eq!((before.terms.ending_before, before.terms.renewed_by), (Some(start), Some(new)));
    assert_eq!(before.terms.archived_at, None);
    assert_eq!(before.commits[0].access_schedule.schedule_items[0].ending_before, start);
    let after = ready.store.contract(new).unwrap();
    assert_eq!((after.origin.renewal_of, after.terms.ending_before), (Some(old), None));
    assert!(after.commits.is_empty() && after.credits.is_empty(), "nothing was to be rolled over");
    let [edit] = &ready.store.contract_edits(old, &PageRequest::default()).unwrap().items[..] else {
        panic!("one edit")
    };
    assert_eq!(edit.update_contract_end_date, Some(Some(start)));
    assert_eq!((edit.timestamp, edit.edited_by.as_deref()), (ready.clock.now(), Some("sales")));
    assert!(ready.store.contract_edits(new, &PageRequest::default()).unwrap().items.is_empty());

    let covering = |moment: &str| {
        let filter = ContractFilter { covering_date: Some(at(moment)), ..Default::default() };
        let found = ready.store.contracts(ready.customer, &filter, &PageRequest::default()).unwrap();
        found.items.into_iter().map(|contract| contract.id).collect::<Vec<_>>()
    };
    assert_eq!(covering("2025-05-31T23:59:59Z"), [old]);
    assert_eq!(covering("2025-06-01T00:00:00Z"), [new]);
}

#[test]
fn what_is_left_goes_on_by_its_rollover_fraction() {
    let ready = Ready::new();
    // A quarter of 10,000 dollars; a tenth of a credit of 3.33; half of the segment that is open, not of the one
    // that is over; nothing of a commit that rolls nothing over.
    let mut halves = rolling("0.5", ready.commit(0));
    halves.access_schedule = [
        segment(800, "2024-11-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        segment(500, "2025-01-01T00:00:00Z", YEAR_END),
    ]
    .into();
    let mut credit = ready.credit(333);
    credit.terms.rollover_fraction = Some("0.1".parse().unwrap());
    let mut quarter = rolling("0.25", ready.commit(1_000_000));
    quarter.custom_fields = [("slot", "A")].into();
    quarter.terms.name = Some("Prepaid".into());
    let request = CreateContract {
        ending_before: Some(at(YEAR_END)),
        commits: vec![quarter, halves, ready.commit(7)],
        credits: vec![credit],
        ..ready.plain()
    };
    let old = ready.store.create_contract(request).unwrap();
    let bound = |request| CreateContract { ending_before: Some(at("2026-11-01T00:00:00Z")), ..request };
    let new = ready.store.create_contract(bound(renewal(&ready, old, YEAR_END))).unwrap();
    let before = ready.store.contract(old).unwrap();
    let after = ready.store.contract(new).unwrap();

    let amounts = |items: &[AccessItem]| -> Vec<_> {
        let read = |item: &AccessItem| (item.amount.to_string(), item.starting_at, item.ending_before);
        items.iter().map(read).collect()
    };
    let (start, end) = (at(YEAR_END), at("2026-11-01T00:00:00Z"));
    let rolled: Vec<_> =
        after.commits.iter().flat_map(|commit| amounts(&commit.access_schedule.schedule_items)).collect();
    assert_eq!(rolled, [("250000".to_owned(), start, end), ("250".to_owned(), start, end)]);
    let of_credit = amounts(&after.credits[0].access_schedule.schedule_items);
    assert_eq!(of_credit, [("33.3".to_owned(), start, end)]);
    assert_eq!(after.commits[0].rolled_over_from, Some((before.commits[0].id.into(), old)));
    assert_eq!(after.credits[0].rolled_over_from, Some((before.credits[0].id.into(), old)));
    assert_eq!(after.commits[0].terms.name.as_deref(), Some("Prepaid"));
    assert_eq!(after.commits[0].terms.rollover_fraction, None);
    assert!(after.commits[0].custom_fields.is_empty(), "a value has one holder, and that stays");
    assert_eq!(ready.store.find("slot", "A").unwrap(), Some(before.commits[0].id));
    let listed = BalanceFilter { include_contract_balances: true, ..Default::default() };
    let listed = ready.store.commits(ready.customer, &listed, &PageRequest::default()).unwrap().items;
    assert_eq!(listed.len(), 5, "three of the old contract, two of the new one");

    // It is one of the new contract's own, that values can be set on and that is not edited.
    ready.store.set_values(after.commits[0].id, [("slot", "B")]).unwrap();
    let mut change = UpdateBalance::new(after.commits[0].id);
    change.name = Some("Another".into());
    let updates = PartUpdates { update_commits: vec![change], ..Default::default() };
    let edit = EditContract { updates, ..Default::default() };
    let told = ready.refused(|store| store.edit_contract(new, edit));
    assert_eq!(fields(&told), ["update_commits[0].commit_id"]);
}

#[test]
fn the_charge_for_what_was_not_used_stays_or_goes_with_the_renewal() {
    // What the old contract still charges for its postpaid commit at the end of the year.
    let left = |end: Option<&str>, trueup, start: &str| {
        let ready = Ready::new();
        let postpaid = CreateCommit {
            commit_type: CommitType::Postpaid,
            invoice_schedule: Some([item(YEAR_END, 700)].into()),
            ..ready.commit(700)
        };
        let prepaid = CreateCommit {
            invoice_schedule: Some([item("2024-11-01T00:00:00Z", 5), item(start, 5)].into()),
            ..ready.commit(10)
        };
        let commits = vec![postpaid, prepaid];
        let request = CreateContract { ending_before: end.map(at), commits, ..ready.plain() };
        let old = ready.store.create_contract(request).unwrap();
        let transition = Some(Renewal { from_contract_id: old, trueup });
        let request = CreateContract { transition, ..renewal(&ready, old, start) };
        ready.store.create_contract(request).unwrap();
        let commits = ready.store.contract(old).unwrap().commits;
        let charges = |n: usize| commits[n].invoice_schedule.as_ref().unwrap().schedule_items.len();
        assert_eq!(charges(1), 2, "a prepaid commit is charged up to the end");
        charges(0)
    };
    use TrueupBehavior::{AsIs, Remove};
    let early = "2025-06-01T00:00:00Z";
    for (trueup, charges) in [(None, 1), (Some(AsIs), 1), (Some(Remove), 0)] {
        assert_eq!(left(None, trueup, early), charges, "{trueup:?} before the end");
        assert_eq!(left(None, trueup, YEAR_END), charges, "{trueup:?} at the day of the charge");
        assert_eq!(left(Some(YEAR_END), trueup, YEAR_END), charges, "{trueup:?} at the contract's end");
    }
    assert_eq!(left(Some(YEAR_END), Some(Remove), "2025-12-01T00:00:00Z"), 1, "it was charged by then");
}

#[test]
fn a_contract_that_was_over_keeps_its_end() {
    let ready = Ready::new();
    let request = CreateContract {
        ending_before: Some(at("2025-03-01T00:00:00Z")),
        commits: vec![rolling("0.5", ready.commit(100))],
        ..ready.plain()
    };
    let old = ready.store.create_contract(request).unwrap();
    let new = ready.store.create_contract(renewal(&ready, old, "2025-06-01T00:00:00Z")).unwrap();
    let before = ready.store.contract(old).unwrap();
    assert_eq!(before.terms.ending_before, Some(at("2025-03-01T00:00:00Z")));
    let item = |id| ready.store.contract(id).unwrap().commits[0].access_schedule.schedule_items[0];
    // What went on is not to be drawn from in both.
    assert_eq!(item(old).ending_before, at("2025-06-01T00:00:00Z"));
    // From June on for as long as the first one was to last: 365 days.
    assert_eq!((item(new).amount, item(new).ending_before), (50.into(), at("2026-06-01T00:00:00Z")));
}

#[test]
fn a_contract_is_renewed_once_by_a_later_one_of_its_customer() {
    let ready = Ready::new();
    let old = ready.store.create_contract(ready.plain()).unwrap();
    let later = "2025-06-01T00:00:00Z";
    let told = |request: CreateContract| {
        let told = ready.refused(|store| store.create_contract(request));
        assert_eq!(fields(&told), ["transition.from_contract_id"], "{told:?}");
        told[0].clone()
    };
    assert!(told(renewal(&ready, old, "2024-11-01T00:00:00Z")).contains("starts later"));
    let unknown = ContractId::from(Uuid::from_u128(9));
    let request = renewal(&ready, unknown, later);
    let field = "transition.from_contract_id".to_owned();
    let not_found =
        |target: ContractId| Fault::ReferenceNotFound { field: field.clone(), target: target.into() };
    assert_eq!(fault(ready.store.create_contract(request)), not_found(unknown));
    let another = ready.store.create_customer(CreateCustomer::default()).unwrap();
    let theirs = CreateContract { customer_id: another, ..renewal(&ready, old, later) };
    assert_eq!(fault(ready.store.create_contract(theirs)), not_found(old));
    let adopted = ContractId::from(Uuid::from_u128(4));
    ready.store.adopt(adopted).unwrap();
    let nothing = Fault::NothingButAnId { target: adopted.into() };
    assert_eq!(fault(ready.store.create_contract(renewal(&ready, adopted, later))), nothing);

    let new = ready.store.create_contract(renewal(&ready, old, later)).unwrap();
    assert!(told(renewal(&ready, old, "2025-07-01T00:00:00Z")).contains("renewed before"));
    // The renewal can be renewed.
    let third = ready.store.create_contract(renewal(&ready, new, "2025-07-01T00:00:00Z")).unwrap();
    ready.store.archive_contract(third).unwrap();
    assert!(told(renewal(&ready, third, "2026-07-01T00:00:00Z")).contains("archived"));
}

#[test]
fn a_refused_renewal_leaves_the_old_contract_as_it_was() {
    let ready = Ready::new();
    let with = CreateContract { commits: vec![rolling("1", ready.commit(5))], ..ready.plain() };
    let old = ready.store.create_contract(with).unwrap();
    let request = CreateContract {
        custom_fields: [("tear", "1")].into(),
        commits: vec![CreateCommit { custom_fields: [("drop", "1")].into(), ..ready.commit(-1) }],
        ..renewal(&ready, old, "2025-06-01T00:00:00Z")
    };
    assert_eq!(faults(ready.store.create_contract(request.clone())).len(), 3);
    ready.refused(|store| store.create_contract(request));
    assert_eq!(ready.store.contract(old).unwrap().terms.renewed_by, None);
}
