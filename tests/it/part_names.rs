//! What parts of a contract call each other: temporary ids of one call, and ids.

use billfold::prelude::*;

use crate::support::ready::{Ready, fields};

/// A specifier for usage of the cloud product that these commits and the others pay for.
fn paid_by(ready: &Ready, commits: &[&str], recurring: &[&str], any: &[&str]) -> OverrideTerms {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    OverrideTerms {
        is_commit_specific: true,
        override_specifiers: vec![OverrideSpecifier {
            product_id: Some(ready.cloud),
            commit_ids: texts(commits),
            recurring_commit_ids: texts(recurring),
            any_commit_or_credit_ids: texts(any),
            ..Default::default()
        }],
        ..ready.discounted()
    }
}

fn named(temporary_id: &str, part: CreateRecurring) -> CreateRecurring {
    CreateRecurring { temporary_id: Some(temporary_id.into()), ..part }
}

#[test]
fn temporary_ids_lead_to_the_parts_of_the_same_call() {
    let ready = Ready::new();
    let by_seats = |name: &str| {
        let mut part = ready.recurring(100, RecurrenceFrequency::Monthly);
        part.terms.access_amount.quantity = None;
        part.subscription_config = Some(SubscriptionConfig {
            subscription_id: name.into(),
            is_prorated: true,
            allocation: SeatAllocation::Individual,
        });
        part
    };
    let request = CreateContract {
        commits: vec![CreateCommit { temporary_id: Some("first".into()), ..ready.commit(1) }],
        recurring_commits: vec![named("monthly", by_seats("first"))],
        recurring_credits: vec![named("free", ready.recurring(5, RecurrenceFrequency::Monthly))],
        // A subscription is named where no commit is, so that both may be called the same.
        subscriptions: vec![CreateSubscription {
            temporary_id: Some("first".into()),
            ..ready.subscription(3)
        }],
        overrides: vec![
            paid_by(&ready, &["first"], &["monthly"], &[]),
            paid_by(&ready, &[], &[], &["free", "first", "monthly"]),
        ],
        ..ready.plain()
    };
    let id = ready.store.create_contract(request).unwrap();
    let contract = ready.store.contract(id).unwrap();
    let commit = contract.commits[0].id.to_string();
    let (monthly, free) = (contract.recurring_commits[0].id, contract.recurring_credits[0].id);
    let specifier = |n: usize| &contract.overrides[n].terms.override_specifiers[0];
    assert_eq!(specifier(0).commit_ids, std::slice::from_ref(&commit));
    assert_eq!(specifier(0).recurring_commit_ids, [monthly.to_string()]);
    assert_eq!(
        specifier(1).any_commit_or_credit_ids,
        [free.to_string(), commit.clone(), monthly.to_string()]
    );
    let config = contract.recurring_commits[0].subscription_config.as_ref().unwrap();
    assert_eq!(config.subscription_id, contract.subscriptions[0].id);

    // An edit names what is there by ids; the temporary ones are forgotten.
    let edit = |terms: OverrideTerms, config: &str| EditContract {
        add_overrides: vec![terms],
        add_recurring_commits: vec![by_seats(config)],
        ..Default::default()
    };
    let told =
        ready.refused(|store| store.edit_contract(id, edit(paid_by(&ready, &["first"], &[], &[]), "first")));
    assert_eq!(
        fields(&told),
        [
            "add_recurring_commits[0].subscription_config.subscription_id",
            "add_overrides[0].override_specifiers[0].commit_ids[0]",
        ]
    );
    let by_ids = paid_by(&ready, &[&commit], &[&monthly.to_string()], &[]);
    let seats = contract.subscriptions[0].id.to_string();
    ready.store.edit_contract(id, edit(by_ids, &seats)).unwrap();
    let contract = ready.store.contract(id).unwrap();
    assert_eq!(contract.overrides[2].terms.override_specifiers[0].commit_ids, [commit]);
    assert_eq!(contract.recurring_commits.len(), 2);
}

#[test]
fn a_customers_own_commit_can_be_named_and_another_contracts_cannot() {
    let ready = Ready::new();
    let mut own = ready.commit(1);
    own.terms.priority = Some(1.into());
    let level = CustomerLevel::new(ready.customer);
    let own = ready.store.create_commit(level, own).unwrap().to_string();
    let with = CreateContract { commits: vec![ready.commit(1)], ..ready.plain() };
    let other = ready.store.create_contract(with).unwrap();
    let others = ready.store.contract(other).unwrap().commits[0].id.to_string();
    let naming =
        |name: &str| CreateContract { overrides: vec![paid_by(&ready, &[], &[], &[name])], ..ready.plain() };
    ready.store.create_contract(naming(&own)).unwrap();
    let told = ready.refused(|store| store.create_contract(naming(&others)));
    assert_eq!(fields(&told), ["overrides[0].override_specifiers[0].any_commit_or_credit_ids[0]"]);
}

#[test]
fn a_temporary_id_names_one_commit_or_credit_of_a_call() {
    let ready = Ready::new();
    let monthly = || ready.recurring(1, RecurrenceFrequency::Monthly);
    let commit = |name: &str| CreateCommit { temporary_id: Some(name.into()), ..ready.commit(1) };
    let request = CreateContract {
        commits: vec![commit("a"), commit("b"), commit("a")],
        recurring_commits: vec![named("c", monthly()), named("b", monthly())],
        recurring_credits: vec![named("c", monthly()), named("d", monthly())],
        ..ready.plain()
    };
    let told = ready.refused(|store| store.create_contract(request));
    assert_eq!(
        fields(&told),
        ["commits[2].temporary_id", "recurring_commits[1].temporary_id", "recurring_credits[0].temporary_id"]
    );
}
