//! Editing contracts: what is added, changed, archived and removed, and what is refused and where.

use billfold::ContractFilter;
use billfold::prelude::*;
use uuid::Uuid;

use crate::support::provisioned::{
    Provisioned, charge, day, fields, five_percent_off, number, provisioned, segment,
};
use crate::support::ready::PARTS;
use crate::support::{fault, faults};

fn unknown<I: From<Uuid>>() -> I {
    I::from(Uuid::from_u128(99))
}

/// A contract with one of each part, of which nothing that can be archived was charged yet.
fn full() -> Provisioned {
    let full = provisioned();
    full.edit(full.one_of_each_from_march()).unwrap();
    full
}

#[test]
fn every_kind_of_part_is_added_by_one_edit_with_values_of_its_own() {
    let here = provisioned();
    for entity in PARTS {
        here.store.add_key(entity, "crm", KeyKind::Enforced).unwrap();
    }
    let mut edit = here.one_of_each();
    let value = || CustomFields::from([("crm", "7")]);
    edit.add_commits[0].custom_fields = value();
    edit.add_credits[0].custom_fields = value();
    edit.add_scheduled_charges[0].custom_fields = value();
    edit.add_discounts[0].custom_fields = value();
    edit.add_professional_services[0].custom_fields = value();
    edit.add_subscriptions[0].custom_fields = value();
    here.edit(edit).unwrap();

    let contract = here.now();
    let [commit] = &contract.commits[..] else { panic!("{:?}", contract.commits) };
    assert_eq!(commit.custom_fields["crm"], "7");
    assert_eq!(here.store.find("crm", "7").unwrap(), Some(commit.id));
    assert_eq!(here.store.find("crm", "7").unwrap(), Some(contract.credits[0].id));
    assert_eq!(here.store.find("crm", "7").unwrap(), Some(contract.scheduled_charges[0].id));
    assert_eq!(here.store.find("crm", "7").unwrap(), Some(contract.discounts[0].id));
    assert_eq!(here.store.find("crm", "7").unwrap(), Some(contract.professional_services[0].id));
    assert_eq!(here.store.find("crm", "7").unwrap(), Some(contract.subscriptions[0].id));
    assert_eq!(here.store.commit(commit.id).unwrap().contract_id, Some(here.contract));
    assert_eq!(contract.recurring_commits[0].terms, here.monthly());
    assert_eq!(contract.recurring_credits[0].terms, here.monthly());
    assert_eq!(contract.overrides[0].terms, five_percent_off("cloud"));
    let dates: Vec<_> =
        contract.scheduled_charges[0].schedule.schedule_items.iter().map(|item| item.timestamp).collect();
    assert_eq!(dates, ["01-01", "04-01", "07-01", "10-01"].map(day));
}

#[test]
fn an_edit_tells_every_fault_of_every_part_by_its_path() {
    let here = provisioned();
    let mut edit = here.one_of_each();
    edit.uniqueness_key = Some(String::new());
    edit.update_contract_name = Some(Some("n".repeat(1_001)));
    edit.update_net_payment_terms_days = Some(Some((-1).into()));
    edit.add_commits[0].terms.product_id = here.usage;
    edit.add_credits[0].terms.product_id = unknown();
    edit.add_recurring_commits[0].terms.terms.product_id = here.seats;
    edit.add_recurring_credits[0].terms.terms.product_id = here.service;
    edit.add_overrides[0] = OverrideTerms {
        product_id: Some(here.fixed),
        applicable_product_tags: vec![],
        ..five_percent_off("")
    };
    edit.add_scheduled_charges.insert(0, here.quarterly());
    edit.add_scheduled_charges[1].product_id = here.usage;
    edit.add_discounts[0].product_id = here.usage;
    edit.add_professional_services[0].service.product_id = here.fixed;
    edit.add_subscriptions[0].terms.billing_frequency = BillingFrequency::Annual;
    let before = here.everything();
    assert_eq!(
        fields(here.edit(edit)),
        [
            "uniqueness_key",
            "update_contract_name",
            "update_net_payment_terms_days",
            "add_commits[0].product_id",
            "add_credits[0].product_id",
            "add_recurring_commits[0].product_id",
            "add_recurring_credits[0].product_id",
            "add_scheduled_charges[1].product_id",
            "add_discounts[0].product_id",
            "add_professional_services[0].product_id",
            "add_subscriptions[0].subscription_rate.product_id",
            "add_overrides[0].product_id",
        ]
    );
    assert_eq!(here.everything(), before);
}

#[test]
fn a_commit_is_changed_in_all_that_can_change_and_in_nothing_else() {
    let here = full();
    let before = here.now().commits[0].clone();
    let (access, invoice) =
        (&before.access_schedule.schedule_items, &before.invoice_schedule.as_ref().unwrap().schedule_items);
    let update = UpdateBalance {
        name: Some("Prepaid".into()),
        description: Some("of 2025".into()),
        access_schedule: UpdateAccessSchedule {
            add_schedule_items: vec![segment(3, day("03-01"), day("04-01"))],
            update_schedule_items: vec![UpdateAccessItem {
                id: access[1].id,
                amount: Some(60_000.into()),
                starting_at: None,
                ending_before: Some(day("12-01")),
            }],
            remove_schedule_items: vec![access[0].id],
        },
        invoice_schedule: UpdateInvoiceSchedule {
            add_schedule_items: vec![charge(5, day("09-01"))],
            update_schedule_items: vec![UpdateInvoiceItem {
                id: invoice[0].id,
                timestamp: None,
                price: Some(UpdatePrice::Quantity(2.into())),
            }],
            remove_schedule_items: vec![invoice[1].id],
        },
        rollover_fraction: Some(Some(number("0.5"))),
        applicable_product_tags: Some(Some(vec!["cloud".into()])),
        priority: Some(Some(4.into())),
        rate_type: Some(RateChoice::CommitRate),
        ..UpdateBalance::new(before.id)
    };
    here.update(PartUpdates { update_commits: vec![update], ..Default::default() }).unwrap();
    let after = here.now().commits[0].clone();
    let terms = BalanceTerms {
        name: Some("Prepaid".into()),
        description: Some("of 2025".into()),
        rollover_fraction: Some(number("0.5")),
        priority: Some(4.into()),
        rate_type: Some(RateChoice::CommitRate),
        applies_to: Applicability { product_tags: vec!["cloud".into()], ..Default::default() },
        ..before.terms.clone()
    };
    assert_eq!(after.terms, terms);
    let segments = |balance: &Balance| -> Vec<_> {
        let items = &balance.access_schedule.schedule_items;
        items.iter().map(|item| (item.amount, item.starting_at, item.ending_before)).collect()
    };
    let expected = [(60_000, "07-01", "12-01"), (3, "03-01", "04-01")];
    assert_eq!(segments(&after), expected.map(|(amount, from, to)| (amount.into(), day(from), day(to))));
    assert_eq!(after.access_schedule.schedule_items[0].id, access[1].id, "a changed item keeps its id");
    let charges = &after.invoice_schedule.as_ref().unwrap().schedule_items;
    let charges: Vec<_> = charges.iter().map(|item| (item.timestamp, item.price.amount().unwrap())).collect();
    assert_eq!(charges, [(day("03-01"), 80_000.into()), (day("09-01"), 5.into())]);

    let clear = UpdateBalance {
        rollover_fraction: Some(None),
        applicable_product_tags: Some(None),
        priority: Some(None),
        ..UpdateBalance::new(before.id)
    };
    here.update(PartUpdates { update_commits: vec![clear], ..Default::default() }).unwrap();
    let cleared = here.now().commits[0].terms.clone();
    let none = Applicability::default();
    assert_eq!((cleared.rollover_fraction, cleared.priority, cleared.applies_to), (None, None, none));
    assert_eq!(cleared.name.as_deref(), Some("Prepaid"));
}

#[test]
fn a_credit_is_never_charged_for_and_a_schedule_keeps_at_least_one_segment() {
    let here = full();
    let contract = here.now();
    let credit = &contract.credits[0];
    let all = credit.access_schedule.schedule_items.iter().map(|item| item.id).collect();
    let updates = PartUpdates {
        update_credits: vec![UpdateBalance {
            access_schedule: UpdateAccessSchedule { remove_schedule_items: all, ..Default::default() },
            invoice_schedule: UpdateInvoiceSchedule {
                add_schedule_items: vec![charge(1, day("02-01"))],
                ..Default::default()
            },
            product_id: Some(here.usage),
            ..UpdateBalance::new(credit.id)
        }],
        ..Default::default()
    };
    let found = fields(here.update(updates));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("update_credits[0].access_schedule"), "{found:?}");
    assert_eq!(found[1..], ["update_credits[0].invoice_schedule", "update_credits[0].product_id"]);
    let named = UpdateBalance { name: Some("thanks".into()), ..UpdateBalance::new(credit.id) };
    here.update(PartUpdates { update_credits: vec![named], ..Default::default() }).unwrap();
    assert_eq!(here.now().credits[0].terms.name.as_deref(), Some("thanks"));
}

#[test]
fn a_part_that_is_not_the_contracts_or_is_named_twice_is_refused_in_every_list() {
    let here = full();
    let contract = here.now();
    let charges = |id| UpdateScheduledCharge {
        id,
        schedule: UpdateInvoiceSchedule::default(),
        netsuite_sales_order_id: None,
    };
    let seats = |id| UpdateSubscription {
        id,
        ending_before: None,
        manage_by_seats: None,
        quantity_updates: vec![],
        rounding: None,
    };
    fn both<T>(make: impl Fn(bool) -> T) -> Vec<T> {
        vec![make(true), make(true), make(false)]
    }
    fn pick<I: From<Uuid>>(own: bool, id: I) -> I {
        if own { id } else { unknown() }
    }
    let changes = billfold::RecurringChanges::default;
    let updates = PartUpdates {
        update_commits: both(|own| UpdateBalance::new(pick(own, contract.commits[0].id))),
        update_credits: both(|own| UpdateBalance::new(pick(own, contract.credits[0].id))),
        update_recurring_commits: both(|own| UpdateRecurring {
            id: pick(own, contract.recurring_commits[0].id),
            changes: changes(),
        }),
        update_recurring_credits: both(|own| UpdateRecurring {
            id: pick(own, contract.recurring_credits[0].id),
            changes: changes(),
        }),
        update_scheduled_charges: both(|own| charges(pick(own, contract.scheduled_charges[0].id))),
        update_subscriptions: both(|own| seats(pick(own, contract.subscriptions[0].id))),
        archive_commits: vec![unknown()],
        archive_credits: vec![unknown()],
        archive_scheduled_charges: vec![unknown()],
        remove_overrides: vec![contract.overrides[0].id, unknown()],
    };
    let before = here.everything();
    assert_eq!(
        fields(here.update(updates)),
        [
            "update_commits[1].commit_id",
            "update_commits[2].commit_id",
            "update_credits[1].credit_id",
            "update_credits[2].credit_id",
            "update_recurring_commits[1].recurring_commit_id",
            "update_recurring_commits[2].recurring_commit_id",
            "update_recurring_credits[1].recurring_credit_id",
            "update_recurring_credits[2].recurring_credit_id",
            "update_scheduled_charges[1].scheduled_charge_id",
            "update_scheduled_charges[2].scheduled_charge_id",
            "update_subscriptions[1].subscription_id",
            "update_subscriptions[2].subscription_id",
            "archive_commits[0].id",
            "archive_credits[0].id",
            "archive_scheduled_charges[0].id",
            "remove_overrides[1].id",
        ]
    );
    assert_eq!(here.everything(), before);
}

#[test]
fn what_is_archived_stays_readable_and_is_neither_edited_nor_archived_again() {
    let here = full();
    let contract = here.now();
    let (commit, credit) = (contract.commits[0].id, contract.credits[0].id);
    let charge = contract.scheduled_charges[0].id;
    here.clock.set(day("02-01"));
    let archive = PartUpdates {
        archive_commits: vec![commit],
        archive_credits: vec![credit],
        archive_scheduled_charges: vec![charge],
        remove_overrides: vec![contract.overrides[0].id],
        ..Default::default()
    };
    here.update(archive.clone()).unwrap();
    let after = here.now();
    let archived = Some(day("02-01"));
    assert_eq!(after.commits[0].archived_at, archived);
    assert_eq!((after.credits[0].archived_at, after.scheduled_charges[0].archived_at), (archived, archived));
    assert!(after.overrides.is_empty(), "what is removed is gone");
    assert_eq!(here.store.commit(commit).unwrap().balance, after.commits[0].part);
    let instances = here.store.entities(ManagedEntity::Commit, &PageRequest::default()).unwrap().items;
    assert!(instances[0].archived, "and so is the instance");

    let again = faults(here.update(archive));
    assert!(matches!(again[0], Fault::AlreadyArchived { target } if target == commit.into()), "{again:?}");
    assert_eq!(again.len(), 4, "{again:?}");
    let edits = PartUpdates {
        update_commits: vec![UpdateBalance { name: Some("x".into()), ..UpdateBalance::new(commit) }],
        update_scheduled_charges: vec![UpdateScheduledCharge {
            id: charge,
            schedule: UpdateInvoiceSchedule::default(),
            netsuite_sales_order_id: Some(Some("x".into())),
        }],
        ..Default::default()
    };
    let expected = ["update_commits[0].commit_id", "update_scheduled_charges[0].scheduled_charge_id"];
    assert_eq!(fields(here.update(edits)), expected);
}

#[test]
fn an_edit_refused_at_its_last_part_leaves_everything_as_it_was_also_in_a_transaction_that_goes_on() {
    let here = full();
    let contract = here.now();
    let mut edit = here.one_of_each();
    edit.uniqueness_key = Some("once".into());
    edit.update_contract_name = Some(Some("other".into()));
    edit.update_contract_end_date = Some(Some(day("06-01")));
    edit.updates.archive_commits.push(contract.commits[0].id);
    edit.updates.remove_overrides.push(contract.overrides[0].id);
    edit.add_subscriptions.push(here.subscription());
    let good = edit.clone();
    // The last part of the last list.
    edit.add_subscriptions[1].initial_quantity = Some((-1).into());
    let before = here.everything();
    assert_eq!(fields(here.edit(edit.clone())), ["add_subscriptions[1].initial_quantity"]);
    assert_eq!(here.everything(), before);

    here.store
        .write(|tx| {
            tx.edit_contract(here.contract, edit.clone()).unwrap_err();
            assert_eq!(tx.contract(here.contract)?, contract);
            let all = ContractFilter { include_archived: true, ..Default::default() };
            let found = tx.contracts(here.customer, &all, &PageRequest::default())?;
            assert_eq!(found.items, std::slice::from_ref(&contract));
            assert_eq!(tx.contract_edit_by_key("once")?, None);
            assert_eq!(tx.entities(ManagedEntity::Subscription, &PageRequest::default())?.items.len(), 1);
            tx.create_customer(CreateCustomer::default()).map(drop)
        })
        .unwrap();
    assert_eq!(here.now(), contract);
    assert_eq!(here.edits().len(), 1);
    here.edit(good).expect("the same without the fault");
    assert_eq!(here.now().terms.name.as_deref(), Some("other"));
}

/// The seed's edit: 5 % off everything that is tagged `cloud`.
#[test]
fn the_seeds_edit_takes_five_percent_off_what_is_tagged_cloud() {
    let here = provisioned();
    let question = RateQuestion::new(here.usage);
    let rate = || here.store.rate(here.contract, &question, day("02-01")).unwrap().unwrap();
    assert_eq!((rate().in_force().price, rate().override_rate), (Some(100.into()), None));
    let seeds = OverrideTerms { entitled: Some(true), ..five_percent_off("cloud") };
    let id = here.edit(EditContract { add_overrides: vec![seeds], ..Default::default() }).unwrap();
    assert_eq!((rate().list_rate.price, rate().in_force().price), (Some(100.into()), Some(95.into())));
    assert!(rate().entitled);
    let [edit] = &here.edits()[..] else { panic!("one edit") };
    assert_eq!((edit.id, &edit.added.overrides), (id, &here.now().overrides));
}

#[test]
fn an_archived_contract_is_not_edited_in_any_way() {
    let here = full();
    here.clock.set(day("05-05"));
    here.store.archive_contract(here.contract).unwrap();
    let before = here.everything();
    let target = here.contract.into();
    let calls = [
        here.edit(EditContract::default()),
        here.store.set_contract_end(here.contract, None),
        here.store.set_usage_filter(here.contract, UsageFilter::new("region", ["US"], day("02-01"))),
        here.store.archive_contract(here.contract).map(|()| unreachable!()),
    ];
    for call in calls {
        assert_eq!(fault(call), Fault::AlreadyArchived { target });
    }
    assert_eq!(here.everything(), before);
    let unknown: ContractId = unknown();
    let missing = here.store.edit_contract(unknown, EditContract::default());
    assert_eq!(fault(missing), Fault::InstanceNotFound { target: unknown.into() });
    here.store.adopt(unknown).unwrap();
    let bare = here.store.edit_contract(unknown, EditContract::default());
    assert_eq!(fault(bare), Fault::NothingButAnId { target: unknown.into() });
}
