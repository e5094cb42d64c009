//! The values that invoices show: their own, and those that are passed down to them; names and prices as they were.

use billfold::prelude::*;
use uuid::Uuid;

use crate::invoices::{all, charging, table};
use crate::support::catalog::at;
use crate::support::fault;
use crate::support::provisioned::{Provisioned, charge, day, number, provisioned_in};

const SHOWN: [ManagedEntity; 8] = [
    ManagedEntity::Customer,
    ManagedEntity::Contract,
    ManagedEntity::ContractProduct,
    ManagedEntity::Commit,
    ManagedEntity::ScheduledCharge,
    ManagedEntity::Discount,
    ManagedEntity::ProfessionalService,
    ManagedEntity::Subscription,
];

/// With the keys `note`, of all that is shown and of invoices, and `number`, which is an invoice's alone.
fn with_keys(options: StoreOptions) -> Provisioned {
    let here = provisioned_in(options);
    for entity in SHOWN.into_iter().chain([ManagedEntity::Invoice]) {
        here.store.add_key(entity, "note", KeyKind::Indexed).unwrap();
    }
    here.store.add_key(ManagedEntity::Invoice, "number", KeyKind::Enforced).unwrap();
    here
}

fn journals() -> [StoreOptions; 2] {
    [true, false].map(|keeps| StoreOptions::new().keep_journal(keeps))
}

/// What an invoice shows of an instance's note.
fn note(here: &Provisioned, invoice: InvoiceId, from: impl Into<EntityRef>) -> Option<String> {
    here.store.invoice(invoice).unwrap().passed_down_by(from).get("note").cloned()
}

/// A contract's scheduled invoice of a day.
fn of_day(here: &Provisioned, moment: Time) -> InvoiceId {
    let found = all(&here.store, here.contract, moment);
    let of_day = |invoice: &&Invoice| invoice.period.is_none() && invoice.issued_at == moment;
    found.iter().find(of_day).unwrap().id
}

/// All that the invoice of 1 January or 1 July shows the values of, but for the professional service, which is on
/// the first one alone.
fn shown(here: &Provisioned) -> Vec<EntityRef> {
    let now = here.now();
    vec![
        here.customer.into(),
        here.contract.into(),
        here.fixed.into(),
        now.commits[0].id.into(),
        now.scheduled_charges[0].id.into(),
        now.discounts[0].id.into(),
    ]
}

#[test]
fn an_invoice_shows_the_values_of_all_that_it_is_made_of() {
    let here = with_keys(StoreOptions::new());
    // A contract that is not in force yet, so that its first invoice is a draft.
    let later = CreateContract { starting_at: day("07-01"), ..here.plain() };
    let here = Provisioned { contract: here.store.create_contract(later).unwrap(), ..here };
    here.edit(EditContract {
        add_recurring_commits: Vec::new(),
        add_recurring_credits: Vec::new(),
        add_overrides: Vec::new(),
        ..here.one_of_each()
    })
    .unwrap();
    let now = here.now();
    let mut all_of_it = shown(&here);
    all_of_it.extend::<[EntityRef; 4]>([
        now.professional_services[0].id.into(),
        now.subscriptions[0].id.into(),
        here.service.into(),
        here.seats.into(),
    ]);
    for target in &all_of_it {
        here.store.set_values(*target, [("note", target.to_string())]).unwrap();
    }
    // It is not on the invoice: nothing is used, and credits are given for nothing.
    here.store.set_values(here.usage, [("note", "unused")]).unwrap();
    let invoice = here.store.invoice(of_day(&here, day("07-01"))).unwrap();
    assert_eq!(invoice.status, InvoiceStatus::Draft);
    let told: Vec<_> =
        invoice.passed_down.iter().map(|(from, values)| (*from, values["note"].clone())).collect();
    let mut expected: Vec<_> = all_of_it.iter().map(|target| (*target, target.to_string())).collect();
    expected.sort();
    assert_eq!(told, expected);
    assert!(invoice.passed_down_by(here.usage).is_empty());
}

#[test]
fn values_are_those_of_now_until_the_date_and_stay_from_then_on() {
    for options in journals() {
        let here = with_keys(options);
        here.edit(here.one_of_each()).unwrap();
        let invoice = of_day(&here, day("07-01"));
        let set_all = |note: &str| {
            for target in shown(&here) {
                here.store.set_values(target, [("note", note)]).unwrap();
            }
        };
        let notes =
            || -> Vec<_> { shown(&here).into_iter().map(|from| note(&here, invoice, from)).collect() };
        let all_have = |text: &str| vec![Some(text.to_owned()); 6];
        for (moment, text) in [("03-01", "spring"), ("06-01", "summer"), ("06-01", "summer after all")] {
            here.clock.set(day(moment));
            set_all(text);
            assert_eq!(notes(), all_have(text));
        }
        // From the date on, even at that very moment, it is what it had been before.
        for moment in ["07-01", "07-01", "07-02", "09-01"] {
            here.clock.set(day(moment));
            set_all(&format!("{moment}, too late"));
            assert_eq!(notes(), all_have("summer after all"));
        }
        for target in shown(&here) {
            here.store.delete_values(target, ["note"]).unwrap();
        }
        assert_eq!(notes(), all_have("summer after all"));
        // A change of the contract stores it, and shows the same.
        let before = here.store.invoice(invoice).unwrap();
        here.edit(charging(&here, 1, &[day("12-01")])).unwrap();
        assert_eq!(here.store.invoice(invoice).unwrap(), before);
    }
}

#[test]
fn a_key_that_is_removed_is_gone_from_drafts_and_stays_on_what_is_final() {
    for options in journals() {
        let here = with_keys(options);
        here.edit(here.one_of_each()).unwrap();
        here.store.set_values(here.contract, [("note", "kept")]).unwrap();
        let (april, july) = (of_day(&here, day("04-01")), of_day(&here, day("07-01")));
        here.clock.set(day("04-05"));
        here.store.remove_key(ManagedEntity::Contract, "note").unwrap();
        assert_eq!(note(&here, april, here.contract).as_deref(), Some("kept"));
        assert_eq!(note(&here, july, here.contract), None);
        // Added again it is another key, without values.
        here.store.add_key(ManagedEntity::Contract, "note", KeyKind::Indexed).unwrap();
        here.store.set_values(here.contract, [("note", "anew")]).unwrap();
        here.clock.set(day("07-05"));
        assert_eq!(note(&here, april, here.contract).as_deref(), Some("kept"));
        assert_eq!(note(&here, july, here.contract).as_deref(), Some("anew"));
    }
}

#[test]
fn values_set_on_a_drafts_id_are_the_invoices_own_for_good() {
    let here = with_keys(StoreOptions::new());
    here.edit(charging(&here, 100, &[day("02-10"), day("03-10")])).unwrap();
    let [first, second] = [day("02-10"), day("03-10")].map(|moment| of_day(&here, moment));
    here.store.set_values(first, [("number", "INV-1"), ("note", "draft")]).unwrap();
    assert_eq!(here.store.find("number", "INV-1").unwrap(), Some(first));
    let own = || here.store.invoice(first).unwrap().custom_fields;
    assert_eq!(own()["number"], "INV-1");
    assert!(here.store.invoice(second).unwrap().custom_fields.is_empty());
    let taken = |id| match fault(here.store.set_values(id, [("number", "INV-1")])) {
        Fault::ValueTaken { holder, .. } => assert_eq!(InvoiceId::from(holder), first),
        other => panic!("{other}"),
    };
    taken(second);
    here.clock.set(day("02-20"));
    assert_eq!(here.store.invoice(first).unwrap().status, InvoiceStatus::Finalized);
    // Settled or not, its own values can be changed.
    here.store.set_values(first, [("note", "sent")]).unwrap();
    assert_eq!(own()["note"], "sent");
    here.edit(charging(&here, 1, &[day("12-01")])).unwrap();
    here.store.void_invoice(first).unwrap();
    here.store.set_values(first, [("note", "void")]).unwrap();
    assert_eq!((own()["number"].as_str(), own()["note"].as_str()), ("INV-1", "void"));
    taken(second);
    let listed = &all(&here.store, here.contract, day("02-10"))[1];
    assert_eq!((listed.id, &listed.custom_fields), (first, &own()));
    here.store.delete_values(first, ["number"]).unwrap();
    here.store.set_values(second, [("number", "INV-1")]).unwrap();
    assert_eq!(here.store.find("number", "INV-1").unwrap(), Some(second));
}

#[test]
fn an_invoice_that_comes_to_be_after_its_date_shows_what_holds_when_it_does() {
    let here = with_keys(StoreOptions::new());
    here.store.set_values(here.contract, [("note", "January")]).unwrap();
    here.clock.set(day("03-10"));
    here.store.set_values(here.contract, [("note", "March")]).unwrap();
    here.edit(charging(&here, 100, &[day("02-10")])).unwrap();
    let late = of_day(&here, day("02-10"));
    let usage = all(&here.store, here.contract, day("01-01"))[0].id;
    here.clock.set(day("03-11"));
    here.store.set_values(here.contract, [("note", "later")]).unwrap();
    assert_eq!(note(&here, late, here.contract).as_deref(), Some("March"));
    assert_eq!(note(&here, usage, here.contract).as_deref(), Some("January"), "final since February");
}

#[test]
fn a_draft_that_is_finalised_by_hand_keeps_what_it_showed() {
    let here = with_keys(StoreOptions::new());
    here.edit(charging(&here, 100, &[day("02-10")])).unwrap();
    let invoice = of_day(&here, day("02-10"));
    here.clock.set(day("01-20"));
    here.store.set_values(here.fixed, [("note", "before")]).unwrap();
    here.store
        .write(|tx| {
            tx.set_values(here.contract, [("note", "before")])?;
            tx.finalize_invoice(invoice, &[])?;
            tx.set_values(here.contract, [("note", "after")])
        })
        .unwrap();
    here.clock.set(day("01-21"));
    here.store.set_values(here.fixed, [("note", "after")]).unwrap();
    assert_eq!(note(&here, invoice, here.contract).as_deref(), Some("before"));
    assert_eq!(note(&here, invoice, here.fixed).as_deref(), Some("before"));
}

#[test]
fn names_of_products_are_those_that_had_been_given_by_the_date() {
    let here = with_keys(StoreOptions::new());
    here.edit(here.one_of_each()).unwrap();
    let name = |moment: &str| {
        let invoice = here.store.invoice(of_day(&here, day(moment))).unwrap();
        invoice.lines[0].name.clone()
    };
    let rename = |name: &str, from: Time| {
        let changes = ProductChanges { name: Some(name.into()), ..Default::default() };
        here.store.update_product(here.fixed, from, changes).unwrap();
    };
    here.clock.set(day("03-01"));
    rename("Spring", day("04-01"));
    here.clock.set(day("05-01"));
    // Said too late for the invoice of April, though it is to hold since March.
    rename("Late", day("04-01"));
    assert_eq!(
        [name("01-01"), name("04-01"), name("07-01")],
        ["My Product", "Spring", "Late"].map(str::to_owned)
    );
    let before = all(&here.store, here.contract, day("04-01"));
    here.edit(charging(&here, 1, &[day("12-01")])).unwrap();
    assert_eq!(all(&here.store, here.contract, day("04-01")), before);
}

/// Says what a seat costs a month from a date on.
fn monthly_rate(
    here: &Provisioned,
    seats: ContractProductId,
    price: i64,
    credit_type_id: Option<CreditTypeId>,
    from: Time,
) {
    let billing_frequency = Some(BillingFrequency::Monthly);
    let rate = AddRate::new(seats, from, Rate::flat(price.into()));
    here.store.add_rate(here.card, AddRate { billing_frequency, credit_type_id, ..rate }).unwrap();
}

#[test]
fn prices_of_seats_are_those_that_had_been_said_when_the_invoice_was_final() {
    let here = with_keys(StoreOptions::new());
    here.edit(EditContract { add_subscriptions: vec![here.subscription()], ..Default::default() }).unwrap();
    let rate = |price, from| monthly_rate(&here, here.seats, price, None, from);
    let rows = || table(&here.store, here.contract, day("03-01"));
    // The seats of February are with the usage of January, which is a draft until the 2nd.
    here.clock.set(at("2025-02-01T23:00:00Z"));
    rate(2_000, day("01-15"));
    here.clock.set(day("02-02"));
    rate(5_000, day("01-20"));
    let expected = [
        "2025-01-01 SCHEDULED FINALIZED 1 3000",
        "2025-02-01 USAGE FINALIZED 1 6000",
        "2025-03-01 USAGE DRAFT 1 15000",
        "2025-04-01 USAGE DRAFT 1 15000",
    ];
    assert_eq!(rows(), expected);
    here.edit(charging(&here, 1, &[day("12-01")])).unwrap();
    assert_eq!(rows(), expected);
    // Cheaper by an override, which is a change of the contract: drafts alone.
    let half = OverrideTerms {
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some(number("0.5")),
        product_id: Some(here.seats),
        ..OverrideTerms::new(day("01-01"))
    };
    here.edit(EditContract { add_overrides: vec![half], ..Default::default() }).unwrap();
    assert_eq!(rows()[..2], expected[..2]);
    assert_eq!(rows()[2], "2025-03-01 USAGE DRAFT 1 7500");
}

#[test]
fn seats_beside_a_usage_invoice_that_was_finalised_early_keep_the_price_of_their_own_day() {
    let here = with_keys(StoreOptions::new());
    let january = all(&here.store, here.contract, day("01-01"))[0].id;
    here.store.finalize_invoice(january, &[]).unwrap();
    here.edit(EditContract { add_subscriptions: vec![here.subscription()], ..Default::default() }).unwrap();
    let of_february = || table(&here.store, here.contract, day("02-01"))[1..3].to_vec();
    // Those of February are on an invoice of their own, which is final on the 1st, and not only on the 2nd.
    let expected = ["2025-02-01 SCHEDULED FINALIZED 1 3000", "2025-02-01 USAGE FINALIZED 0 0"];
    here.clock.set(at("2025-02-01T12:00:00Z"));
    assert_eq!(of_february(), expected);
    monthly_rate(&here, here.seats, 2_000, None, day("01-15"));
    assert_eq!(of_february(), expected);
    here.clock.set(day("02-05"));
    assert_eq!(of_february(), expected);
    here.edit(charging(&here, 1, &[day("12-01")])).unwrap();
    assert_eq!(of_february(), expected);
}

#[test]
fn seats_in_a_pricing_unit_keep_the_price_of_their_own_day() {
    let here = with_keys(StoreOptions::new());
    let tokens = CreditTypeId::from(Uuid::from_u128(77));
    let conversion =
        CreditTypeConversion { custom_credit_type_id: tokens, fiat_per_custom_credit: number("0.25") };
    let update = UpdateRateCard { add_credit_type_conversions: vec![conversion], ..Default::default() };
    here.store.update_rate_card(here.card, update).unwrap();
    let product = CreateProduct { product_type: ProductType::Subscription, ..Default::default() };
    let seats = here.store.create_product(product).unwrap();
    let mut subscription = here.subscription();
    subscription.terms.product_id = seats;
    monthly_rate(&here, seats, 50, Some(tokens), day("01-01"));
    here.edit(EditContract { add_subscriptions: vec![subscription], ..Default::default() }).unwrap();
    // What is not in dollars does not go with the usage, and so is final a day before it.
    here.clock.set(at("2025-02-01T12:00:00Z"));
    let expected = ["2025-02-01 SCHEDULED FINALIZED 1 150", "2025-02-01 USAGE DRAFT 0 0"];
    let of_february = || table(&here.store, here.contract, day("02-01"))[1..3].to_vec();
    assert_eq!(of_february(), expected);
    monthly_rate(&here, seats, 70, Some(tokens), day("01-15"));
    here.clock.set(at("2025-02-01T13:00:00Z"));
    assert_eq!(of_february(), expected);
    here.clock.set(day("02-02"));
    assert_eq!(of_february()[0], expected[0]);
}

#[test]
fn a_product_that_is_forgotten_leaves_its_invoices_readable() {
    let here = with_keys(StoreOptions::new());
    let later = charging(&here, 100, &[day("02-10")]);
    here.edit(EditContract { add_subscriptions: vec![here.subscription()], ..later }).unwrap();
    here.clock.set(day("03-05"));
    here.store.forget(here.seats).unwrap();
    here.store.forget(here.fixed).unwrap();
    let found = all(&here.store, here.contract, day("03-05"));
    let line = &found.iter().find(|invoice| invoice.issued_at == day("02-10")).unwrap().lines[0];
    assert_eq!((line.name.clone(), &line.product), (here.fixed.to_string(), &None));
}

#[test]
fn an_invoice_that_nothing_is_stored_of_is_an_instance_like_any_other() {
    let here = with_keys(StoreOptions::new());
    here.edit(charging(&here, 100, &[day("02-10"), day("03-10")])).unwrap();
    let [first, second] = [day("02-10"), day("03-10")].map(|moment| of_day(&here, moment));
    let whole = |id| here.store.invoice(id).unwrap();
    let before = [whole(first), whole(second)];
    assert!(!here.store.adopt(first).unwrap(), "it is there");
    let unchanged = [Expectation::Revision(0)];
    here.store.set_values_if(first, [("note", "once")], &unchanged).unwrap();
    assert!(here.store.set_values_if(first, [("note", "twice")], &unchanged).is_err());
    assert_eq!(whole(first).custom_fields["note"], "once");
    here.store.delete_values(second, ["note"]).unwrap();
    // Forgotten, it has no values, and follows from its contract as before.
    here.store.forget(first).unwrap();
    here.store.forget(second).unwrap();
    assert_eq!([whole(first), whole(second)], before);
    assert!(
        here.store.find_all::<InvoiceId>("note", "once", &PageRequest::default()).unwrap().items.is_empty()
    );
    here.store.set_values(first, [("number", "INV-1")]).unwrap();
    // Archived, its values can be changed no more than those of other instances.
    here.store.archive(second).unwrap();
    assert!(matches!(fault(here.store.archive(second)), Fault::AlreadyArchived { .. }));
    assert_eq!(whole(second).statement, before[1].statement);
}

#[test]
fn a_commit_of_a_customer_brings_about_its_own_charges_alone() {
    let here = with_keys(StoreOptions::new());
    let product = CreateProduct { product_type: ProductType::Subscription, ..Default::default() };
    let seats = here.store.create_product(product).unwrap();
    let mut subscription = here.subscription();
    subscription.terms.product_id = seats;
    monthly_rate(&here, seats, 50, None, day("02-10"));
    here.edit(EditContract { add_subscriptions: vec![subscription], ..Default::default() }).unwrap();
    // A price of January is said when its invoice is final, and so comes too late.
    here.clock.set(day("02-20"));
    monthly_rate(&here, seats, 40, None, day("01-01"));
    let of_january = || table(&here.store, here.contract, day("01-01"));
    let before = of_january();
    let access =
        CreateAccessItem { amount: 1.into(), starting_at: day("01-01"), ending_before: day("12-01") };
    let terms = BalanceTerms { priority: Some(1.into()), ..BalanceTerms::new(here.fixed) };
    let commit = CreateCommit {
        invoice_schedule: Some([charge(5, day("02-25"))].into()),
        ..CreateCommit::prepaid(terms, [access].into())
    };
    let level =
        CustomerLevel { invoice_contract_id: Some(here.contract), ..CustomerLevel::new(here.customer) };
    here.store.create_commit(level, commit).unwrap();
    assert_eq!(of_january(), before);
}
