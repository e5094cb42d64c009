//! The parts of contracts: their values, products, rates and names for each other.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::{at, of_type};
use crate::support::ready::{Ready, fields, item, segment};
use crate::support::{fault, faults};

/// The instances of a contract that have values, the contract first.
fn instances(contract: &Contract) -> [EntityRef; 7] {
    [
        contract.id.into(),
        contract.commits[0].id.into(),
        contract.credits[0].id.into(),
        contract.scheduled_charges[0].id.into(),
        contract.discounts[0].id.into(),
        contract.professional_services[0].id.into(),
        contract.subscriptions[0].id.into(),
    ]
}

#[test]
fn every_part_has_values_that_find_it_and_can_be_changed() {
    let ready = Ready::new();
    let id = ready.store.create_contract(ready.with_every_part("A")).unwrap();
    let contract = ready.store.contract(id).unwrap();
    assert_eq!(contract.recurring_commits.len() + contract.recurring_credits.len(), 2);
    assert_eq!(contract.overrides.len(), 1);
    let page = PageRequest::default();
    for target in instances(&contract) {
        assert_eq!(ready.store.find_ref(target.entity, "slot", "A").unwrap(), Some(target));
        assert_eq!(ready.store.find_all_ref(target.entity, "note", "told", &page).unwrap().items, [target]);
        ready.store.set_values(target, [("slot", "B")]).unwrap();
        assert_eq!(ready.store.find_ref(target.entity, "slot", "A").unwrap(), None);
        assert_eq!(ready.store.find_ref(target.entity, "slot", "B").unwrap(), Some(target));
    }
    let contract = ready.store.contract(id).unwrap();
    let expected = [("note".to_owned(), "told".to_owned()), ("slot".to_owned(), "B".to_owned())].into();
    for values in [
        &contract.custom_fields,
        &contract.commits[0].custom_fields,
        &contract.credits[0].custom_fields,
        &contract.scheduled_charges[0].custom_fields,
        &contract.discounts[0].custom_fields,
        &contract.professional_services[0].custom_fields,
        &contract.subscriptions[0].custom_fields,
        &ready.store.commit(contract.commits[0].id).unwrap().custom_fields,
        &ready.store.credit(contract.credits[0].id).unwrap().custom_fields,
    ] {
        assert_eq!(values, &expected);
    }
    assert!(contract.overrides[0].custom_fields.is_empty(), "overrides have none");
    assert!(ready.store.contract_edits(id, &page).unwrap().items.is_empty(), "setting values is no edit");
}

#[test]
fn a_value_is_unique_among_the_parts_of_one_call_and_in_the_store() {
    let ready = Ready::new();
    let valued = |slot: &str| CreateCommit { custom_fields: [("slot", slot)].into(), ..ready.commit(1) };
    let with = |commits: Vec<CreateCommit>| CreateContract { commits, ..ready.plain() };
    let twice = ready.refused(|store| store.create_contract(with(vec![valued("A"), valued("A")])));
    assert!(twice[0].contains("\"A\""), "{twice:?}");
    let id = ready.store.create_contract(with(vec![valued("A"), valued("B")])).unwrap();
    let holder = ready.store.contract(id).unwrap().commits[1].id;
    let told = faults(ready.store.create_contract(with(vec![valued("C"), valued("B")])));
    assert!(
        matches!(&told[..], [Fault::ValueTaken { value, holder: found, archived: false, .. }]
            if value == "B" && *found == holder.uuid()),
        "{told:?}"
    );
    // A credit is no commit: the same value is free there. A customer's commit has the same keys.
    let credit = CreateCredit { custom_fields: [("slot", "B")].into(), ..ready.credit(1) };
    ready.store.create_contract(CreateContract { credits: vec![credit], ..ready.plain() }).unwrap();
    let mut own = valued("B");
    own.terms.priority = Some(1.into());
    let level = CustomerLevel::new(ready.customer);
    let told = ready.refused(|store| store.create_commit(level, own));
    assert!(told[0].contains(&holder.uuid().to_string()), "{told:?}");
}

#[test]
fn every_fault_of_a_call_is_told_with_its_path() {
    let ready = Ready::new();
    let mut request = ready.with_every_part("A");
    let unknown = ContractProductId::from(Uuid::from_u128(9));
    request.name = Some("x".repeat(1_001));
    request.net_payment_terms_days = Some((-1).into());
    request.commits[0].access_schedule = [segment(-1, "2024-11-01T00:30:00Z", "2025-11-01T00:00:00Z")].into();
    request.credits[0].terms.product_id = ready.cloud;
    request.recurring_commits[0].subscription_config = Some(SubscriptionConfig {
        subscription_id: "nobody".into(),
        is_prorated: false,
        allocation: SeatAllocation::Pooled,
    });
    request.recurring_commits[0].terms.access_amount.quantity = None;
    request.recurring_credits[0].terms.starting_at = at("2024-10-01T00:00:00Z");
    request.scheduled_charges[0].product_id = unknown;
    request.discounts[0].custom_fields = [("tear", "1")].into();
    request.professional_services[0].service.unit_price = (-5).into();
    request.subscriptions[0].initial_quantity = None;
    request.overrides[0].override_specifiers = vec![OverrideSpecifier {
        product_id: Some(unknown),
        commit_ids: vec!["nothing".into()],
        ..Default::default()
    }];
    request.overrides[0].is_commit_specific = true;
    let told = ready.refused(|store| store.create_contract(request));
    let mut found = fields(&told);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "Invalid custom field keys",
            "commits[0].access_schedule.schedule_items[0].amount",
            "commits[0].access_schedule.schedule_items[0].starting_at",
            "credits[0].product_id",
            "name",
            "net_payment_terms_days",
            "overrides[0].override_specifiers[0].commit_ids[0]",
            "overrides[0].override_specifiers[0].product_id",
            "professional_services[0].unit_price",
            "recurring_commits[0].subscription_config.subscription_id",
            "recurring_credits[0].starting_at",
            "scheduled_charges[0].product_id",
            "subscriptions[0].initial_quantity",
        ],
        "{told:#?}"
    );
}

#[test]
fn a_part_has_a_product_of_its_type_that_is_known_and_in_use() {
    let ready = Ready::new();
    // Every part with the product that another one needs.
    let mut request = ready.with_every_part("A");
    request.commits[0].terms.product_id = ready.cloud;
    request.credits[0].terms.product_id = ready.seats;
    request.recurring_commits[0].terms.terms.product_id = ready.cloud;
    request.recurring_credits[0].terms.terms.product_id = ready.service;
    request.scheduled_charges[0].product_id = ready.seats;
    request.discounts[0].product_id = ready.cloud;
    request.professional_services[0].service.product_id = ready.fixed;
    request.subscriptions[0].terms.product_id = ready.cloud;
    let told = ready.refused(|store| store.create_contract(request));
    let wrong = |part: &str, name: &str| (format!("{part}.product_id"), name.to_owned());
    let expected = [
        wrong("commits[0]", "FIXED"),
        wrong("credits[0]", "FIXED"),
        wrong("recurring_commits[0]", "FIXED"),
        wrong("recurring_credits[0]", "FIXED"),
        wrong("scheduled_charges[0]", "FIXED"),
        wrong("discounts[0]", "FIXED"),
        wrong("professional_services[0]", "PRO_SERVICE"),
        wrong("subscriptions[0].subscription_rate", "SUBSCRIPTION"),
        // The card has no rate for it that is billed every month either.
        wrong("subscriptions[0].subscription_rate", "no rate"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, (field, rule)) in told.iter().zip(expected) {
        assert!(told.starts_with(&format!("{field}: ")) && told.contains(&rule), "{told}");
    }

    let archived = ready.store.create_product(of_type(ProductType::Fixed)).unwrap();
    ready.store.archive(archived).unwrap();
    let adopted = ContractProductId::from(Uuid::from_u128(5));
    ready.store.adopt(adopted).unwrap();
    let charges =
        [archived, adopted].map(|product| CreateScheduledCharge { product_id: product, ..ready.charge(1) });
    let request = CreateContract { scheduled_charges: charges.into(), ..ready.plain() };
    assert_eq!(
        faults(ready.store.create_contract(request)),
        [
            Fault::ReferenceArchived {
                field: "scheduled_charges[0].product_id".into(),
                target: archived.into()
            },
            Fault::NothingButAnId { target: adopted.into() },
        ]
    );

    // What a commit is for may be archived, and has to be known.
    let unknown = ContractProductId::from(Uuid::from_u128(6));
    let mut bound = ready.commit(1);
    bound.terms.applies_to.product_ids = vec![ready.cloud, archived, unknown];
    let told = ready
        .refused(|store| store.create_contract(CreateContract { commits: vec![bound], ..ready.plain() }));
    assert_eq!(fields(&told), ["commits[0].applicable_product_ids[2]"]);
}

#[test]
fn overrides_and_subscriptions_need_rates_on_the_card() {
    let ready = Ready::new();
    let mut named = ready.discounted();
    named.product_id = Some(ready.fixed);
    let specified = OverrideTerms {
        override_specifiers: vec![
            OverrideSpecifier { product_id: Some(ready.cloud), ..Default::default() },
            OverrideSpecifier { product_id: Some(ready.fixed), ..Default::default() },
        ],
        ..ready.discounted()
    };
    let mut yearly = ready.subscription(1);
    yearly.terms.billing_frequency = BillingFrequency::Annual;
    let request = CreateContract {
        overrides: vec![ready.discounted(), named, specified],
        subscriptions: vec![ready.subscription(1), yearly],
        ..ready.plain()
    };
    let told = ready.refused(|store| store.create_contract(request.clone()));
    assert_eq!(
        fields(&told),
        [
            "subscriptions[1].subscription_rate.product_id",
            "overrides[1].product_id",
            "overrides[2].override_specifiers[1].product_id",
        ]
    );
    assert!(
        told[1].ends_with("No such product in rate card") && told[2].ends_with("in rate card"),
        "{told:?}"
    );
    let since = at("2024-01-01T00:00:00Z");
    let annual = AddRate {
        billing_frequency: Some(BillingFrequency::Annual),
        ..AddRate::new(ready.seats, since, Rate::flat(20_000.into()))
    };
    let fixed = AddRate::new(ready.fixed, since, Rate::flat(1.into()));
    ready.store.add_rates(ready.card, [annual, fixed]).unwrap();
    ready.store.create_contract(request).unwrap();
}

#[test]
fn one_recurring_commit_or_credit_of_a_contract_comes_every_day() {
    let ready = Ready::new();
    let daily = || ready.recurring(1, RecurrenceFrequency::Daily);
    let both = CreateContract {
        recurring_commits: vec![ready.recurring(1, RecurrenceFrequency::Weekly), daily()],
        recurring_credits: vec![daily()],
        ..ready.plain()
    };
    let told = ready.refused(|store| store.create_contract(both.clone()));
    assert_eq!(fields(&told), ["recurring_credits[0].recurrence_frequency"], "{told:?}");
    let id = ready.store.create_contract(CreateContract { recurring_credits: Vec::new(), ..both }).unwrap();
    let more = EditContract { add_recurring_credits: vec![daily()], ..Default::default() };
    let told = ready.refused(|store| store.edit_contract(id, more.clone()));
    assert_eq!(fields(&told), ["add_recurring_credits[0].recurrence_frequency"]);
    let other = ready.store.create_contract(ready.plain()).unwrap();
    ready.store.edit_contract(other, more).unwrap();
}

#[test]
fn grants_and_quantities_follow_the_subscription() {
    let ready = Ready::new();
    let mut per_seat = ready.recurring(250, RecurrenceFrequency::Monthly);
    per_seat.terms.access_amount.quantity = None;
    per_seat.subscription_config = Some(SubscriptionConfig {
        subscription_id: "seats".into(),
        is_prorated: false,
        allocation: SeatAllocation::Pooled,
    });
    let request = CreateContract {
        recurring_credits: vec![per_seat],
        subscriptions: vec![CreateSubscription {
            temporary_id: Some("seats".into()),
            ..ready.subscription(4)
        }],
        ending_before: Some(at("2025-03-01T00:00:00Z")),
        ..ready.plain()
    };
    let id = ready.store.create_contract(request).unwrap();
    let contract = ready.store.contract(id).unwrap();
    let (credit, seats) = (contract.recurring_credits[0].id, contract.subscriptions[0].id);
    let update = UpdateSubscription {
        id: seats,
        ending_before: None,
        manage_by_seats: None,
        quantity_updates: vec![QuantityUpdate {
            starting_at: at("2025-01-01T00:00:00Z"),
            change: QuantityChange::By(2.into()),
        }],
        rounding: None,
    };
    let updates = PartUpdates { update_subscriptions: vec![update], ..Default::default() };
    ready.store.edit_contract(id, EditContract { updates, ..Default::default() }).unwrap();

    let quantities = ready.store.subscription_quantities(seats).unwrap();
    let read: Vec<_> =
        quantities.iter().map(|q| (q.quantity.to_string(), q.starting_at, q.ending_before)).collect();
    let (start, change, end) =
        (at("2024-11-01T00:00:00Z"), at("2025-01-01T00:00:00Z"), at("2025-03-01T00:00:00Z"));
    assert_eq!(read, [("4".into(), start, Some(change)), ("6".into(), change, Some(end))]);
    assert!(ready.store.subscription_seats(seats, change).unwrap().is_empty());

    // 4 seats of 2.50 dollars in November and December, 6 from January on; nothing from March on.
    let grants =
        crate::support::every(3, |page| ready.store.grants(id, credit, at("2026-01-01T00:00:00Z"), page));
    let read: Vec<_> =
        grants.iter().map(|grant| (grant.starting_at.to_string(), grant.amount.to_string())).collect();
    let expected =
        [("2024-11-01", "1000"), ("2024-12-01", "1000"), ("2025-01-01", "1500"), ("2025-02-01", "1500")];
    assert_eq!(read, expected.map(|(day, amount)| (format!("{day}T00:00:00Z"), amount.to_owned())));
    let before = at("2024-12-01T00:00:00Z");
    assert_eq!(ready.store.grants(id, credit, before, &PageRequest::default()).unwrap().items.len(), 1);
    let other = ready.store.create_contract(ready.plain()).unwrap();
    let elsewhere = fault(ready.store.grants(other, credit, before, &PageRequest::default()));
    assert!(matches!(elsewhere, Fault::NameNotFound { .. }), "{elsewhere:?}");
}

#[test]
fn a_postpaid_commit_is_read_back_with_its_trueup() {
    let ready = Ready::new();
    let year_end = "2025-11-01T00:00:00Z";
    let postpaid = CreateCommit {
        commit_type: CommitType::Postpaid,
        invoice_schedule: Some([item(year_end, 700)].into()),
        ..ready.commit(700)
    };
    let with = |commit| CreateContract { commits: vec![commit], ..ready.plain() };
    let id = ready.store.create_contract(with(postpaid.clone())).unwrap();
    let commit = &ready.store.contract(id).unwrap().commits[0];
    assert_eq!(commit.commit_type, Some(CommitType::Postpaid));
    assert_eq!(commit.invoice_schedule.as_ref().unwrap().schedule_items[0].timestamp, at(year_end));
    let unequal = CreateCommit { invoice_schedule: Some([item(year_end, 699)].into()), ..postpaid.clone() };
    let uncharged = CreateCommit { invoice_schedule: None, ..postpaid };
    for wrong in [unequal, uncharged] {
        let told = ready.refused(|store| store.create_contract(with(wrong)));
        assert_eq!(fields(&told), ["commits[0].invoice_schedule"]);
    }
}

#[test]
fn what_an_edit_keeps_has_a_largest_size() {
    let ready = Ready::new();
    let charges = CreateContract {
        scheduled_charges: (0..120).map(|n| ready.charge(n)).collect(),
        ..CreateContract::new(ready.customer, at("2024-11-01T00:00:00Z"))
    };
    let id = ready.store.create_contract(charges).unwrap();
    let ids: Vec<_> =
        ready.store.contract(id).unwrap().scheduled_charges.iter().map(|part| part.id).collect();
    // 10,000 characters for each: a hundred of them have room in 1 MiB, 120 have not.
    let describe = |ids: &[ScheduledChargeId]| {
        let update = |id: &ScheduledChargeId| UpdateScheduledCharge {
            id: *id,
            schedule: UpdateInvoiceSchedule::default(),
            netsuite_sales_order_id: Some(Some("x".repeat(10_000))),
        };
        let update_scheduled_charges = ids.iter().map(update).collect();
        let updates = PartUpdates { update_scheduled_charges, ..Default::default() };
        EditContract { updates, ..Default::default() }
    };
    let told = ready.refused(|store| store.edit_contract(id, describe(&ids)));
    assert_eq!(fields(&told), ["edit"]);
    assert!(told[0].contains("1 MiB"), "{told:?}");
    ready.store.edit_contract(id, describe(&ids[..100])).unwrap();

    // A filter of 2,000 values of 1,000 characters is one, too.
    let values = (0..2_000).map(|n| format!("{n:0>1000}"));
    let filter = UsageFilter::new("region", values, at("2024-11-01T00:00:00Z"));
    let told = ready.refused(|store| store.set_usage_filter(id, filter.clone()));
    assert_eq!(fields(&told), ["group_values"]);
    let request = CreateContract {
        usage_filter: Some(filter),
        ..CreateContract::new(ready.customer, at("2024-11-01T00:00:00Z"))
    };
    let told = ready.refused(|store| store.create_contract(request));
    assert_eq!(fields(&told), ["usage_filter"]);
}
