//! What is told of calls about contracts that have several faults, and of edits that change the same part in more
//! than one way.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::{at, of_type};
use crate::support::provisioned::{Provisioned, day, fields, five_percent_off, provisioned};
use crate::support::{every, fault, faults};

fn unknown<I: From<Uuid>>() -> I {
    I::from(Uuid::from_u128(404))
}

/// A subscription and overrides that a card has to have rates for, and a contract that asks for them.
fn rated(here: &Provisioned, rate_card: CardChoice) -> CreateContract {
    let by_id = OverrideTerms {
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some(2.into()),
        product_id: Some(here.usage),
        ..OverrideTerms::new(day("01-01"))
    };
    CreateContract {
        rate_card: Some(rate_card),
        overrides: vec![five_percent_off("cloud"), by_id],
        subscriptions: vec![here.subscription()],
        ..CreateContract::new(here.customer, day("01-01"))
    }
}

#[test]
fn a_card_that_there_is_not_is_the_only_fault_of_what_needs_its_rates() {
    let here = provisioned();
    let made = |choice| here.store.create_contract(rated(&here, choice));
    made(CardChoice::Id(here.card)).unwrap();
    assert_eq!(fields(made(CardChoice::Alias("nobody".into()))), ["rate_card_alias"]);
    assert_eq!(fields(made(CardChoice::Id(unknown()))), ["rate_card_id"]);
    here.store.archive(here.card).unwrap();
    assert_eq!(fields(made(CardChoice::Id(here.card))), ["rate_card_id"]);
    // What can be told without the card is told.
    let mut wrong = rated(&here, CardChoice::Alias("nobody".into()));
    wrong.overrides[1].product_id = Some(unknown());
    wrong.subscriptions[0].terms.product_id = here.fixed;
    let found = fields(here.store.create_contract(wrong));
    assert_eq!(
        found,
        ["rate_card_alias", "subscriptions[0].subscription_rate.product_id", "overrides[1].product_id"]
    );
    // Without any card there is nothing to override, and no rate for a subscription.
    let none = CreateContract { rate_card: None, ..rated(&here, CardChoice::Id(here.card)) };
    let found = fields(here.store.create_contract(none));
    assert_eq!(found, ["subscriptions[0].subscription_rate.product_id", "overrides[0]", "overrides[1]"]);
}

#[test]
fn a_product_that_no_subscription_can_be_of_is_one_fault() {
    let here = provisioned();
    let of = |product: ContractProductId| {
        let mut subscription = here.subscription();
        subscription.terms.product_id = product;
        faults(here.edit(EditContract { add_subscriptions: vec![subscription], ..Default::default() }))
    };
    let field = "add_subscriptions[0].subscription_rate.product_id";
    let unknown: ContractProductId = unknown();
    assert_eq!(of(unknown), [Fault::ReferenceNotFound { field: field.into(), target: unknown.into() }]);
    let told = of(here.fixed);
    assert_eq!(told.len(), 1, "{told:?}");
    let unrated = here.store.create_product(of_type(ProductType::Subscription)).unwrap();
    let told = of(unrated);
    assert!(told.len() == 1 && told[0].to_string().starts_with(field), "{told:?}");
}

#[test]
fn what_an_edit_archives_or_removes_twice_is_told_once() {
    let here = provisioned();
    here.edit(here.one_of_each_from_march()).unwrap();
    let contract = here.now();
    let before = here.everything();
    let twice = PartUpdates {
        archive_commits: vec![contract.commits[0].id; 2],
        archive_credits: vec![contract.credits[0].id; 2],
        archive_scheduled_charges: vec![contract.scheduled_charges[0].id; 2],
        remove_overrides: vec![contract.overrides[0].id; 2],
        ..Default::default()
    };
    let expected = ["archive_commits", "archive_credits", "archive_scheduled_charges", "remove_overrides"];
    assert_eq!(fields(here.update(twice)), expected.map(|list| format!("{list}[1].id")));
    assert_eq!(here.everything(), before);
}

#[test]
fn a_part_that_is_too_large_is_named_by_its_place() {
    let here = provisioned();
    let mut large = here.commit();
    large.terms.applies_to.product_tags = (0..110).map(|n| format!("{n:x>10000}")).collect();
    let before = here.everything();
    let add_commits = vec![here.commit(), large.clone()];
    let told = here.edit(EditContract { add_commits, ..here.one_of_each() });
    assert_eq!(fields(told), ["add_commits[1]"]);
    assert_eq!(here.everything(), before);
    let request = CreateContract { commits: vec![large], ..here.plain() };
    assert_eq!(fields(here.store.create_contract(request)), ["commits[0]"]);
}

#[test]
fn an_edit_may_use_the_time_that_it_adds_to_a_contract() {
    let here = provisioned();
    here.edit(EditContract { add_subscriptions: vec![here.subscription()], ..Default::default() }).unwrap();
    let id = here.now().subscriptions[0].id;
    let later = at("2026-03-01T00:00:00Z");
    let change = QuantityUpdate { starting_at: later, change: QuantityChange::To(9.into()) };
    let updates = PartUpdates {
        update_subscriptions: vec![UpdateSubscription {
            quantity_updates: vec![change],
            ending_before: Some(Some(at("2026-04-01T00:00:00Z"))),
            ..UpdateSubscription::new(id)
        }],
        ..Default::default()
    };
    assert_eq!(
        fields(here.update(updates.clone())),
        ["update_subscriptions[0].ending_before", "update_subscriptions[0].quantity_updates[0].starting_at"]
    );
    for end in [None, Some(at("2026-06-01T00:00:00Z"))] {
        here.store
            .dry_run(|tx| {
                let edit = EditContract {
                    update_contract_end_date: Some(end),
                    updates: updates.clone(),
                    ..Default::default()
                };
                tx.edit_contract(here.contract, edit)?;
                let last = tx.subscription_quantities(id)?.pop().unwrap();
                assert_eq!((last.quantity, last.starting_at), (9.into(), later));
                Ok::<_, Error>(())
            })
            .unwrap();
    }
}

#[test]
fn an_override_that_was_to_begin_behind_a_contracts_new_end_has_no_time_at_all() {
    let here = provisioned();
    let autumn = OverrideTerms {
        starting_at: day("09-01"),
        ending_before: Some(day("12-01")),
        ..five_percent_off("cloud")
    };
    here.edit(EditContract { add_overrides: vec![autumn], ..Default::default() }).unwrap();
    here.store.set_contract_end(here.contract, Some(day("06-01"))).unwrap();
    let left = here.now().overrides[0].part.terms.clone();
    assert_eq!((left.starting_at, left.ending_before), (day("09-01"), Some(day("09-01"))));
    here.store.set_contract_end(here.contract, None).unwrap();
    let asked = RateQuestion::new(here.usage);
    let rate = here.store.rate(here.contract, &asked, day("10-01")).unwrap().unwrap();
    assert_eq!(rate.override_rate, None);
}

#[test]
fn what_a_renewal_rolls_over_says_who_made_it() {
    let here = provisioned();
    let mut commit = here.commit();
    commit.terms.rollover_fraction = Some("0.5".parse().unwrap());
    here.edit(EditContract { add_commits: vec![commit], ..Default::default() }).unwrap();
    let renewal = CreateContract {
        transition: Some(Renewal { from_contract_id: here.contract, trueup: None }),
        ..CreateContract::new(here.customer, day("06-01"))
    };
    let about = About { actor: Some("renewals".into()), ..Default::default() };
    let next = here.store.write_as(about, |tx| tx.create_contract(renewal)).unwrap();
    let rolled = here.store.contract(next).unwrap().commits.remove(0);
    assert_eq!(rolled.part.created_by.as_deref(), Some("renewals"));
}

#[test]
fn questions_about_a_contract_tell_all_of_their_faults() {
    let here = provisioned();
    let (contract, product): (ContractId, ContractProductId) = (unknown(), unknown());
    let told = faults(here.store.rate(contract, &RateQuestion::new(product), day("02-01")));
    let missing = |target| Fault::InstanceNotFound { target };
    assert_eq!(told, [missing(contract.into()), missing(product.into())]);

    let commit: RecurringCommitId = unknown();
    let none = PageRequest::first(0);
    assert_eq!(
        fields(here.store.grants(here.contract, commit, day("02-01"), &none)),
        ["limit is 0; a page holds 1 to 1000 items", "recurring_id"]
    );
    let told = fault(here.store.grants(contract, commit, day("02-01"), &PageRequest::default()));
    assert_eq!(told, missing(contract.into()));
}

#[test]
fn grants_are_the_same_a_page_at_a_time() {
    let here = provisioned();
    let daily = RecurringTerms { recurrence_frequency: Some(RecurrenceFrequency::Daily), ..here.monthly() };
    here.edit(EditContract { add_recurring_commits: vec![daily.into()], ..Default::default() }).unwrap();
    let id = here.now().recurring_commits[0].id;
    let read = |limit| every(limit, |page| here.store.grants(here.contract, id, day("03-01"), page));
    let all = read(1_000);
    assert_eq!(all.len(), 31 + 28);
    for limit in [1, 7, 59] {
        assert_eq!(read(limit), all);
    }
}
