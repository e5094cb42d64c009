//! The dates of a contract that is made of a package: it is the one that would have been made by hand.

use std::collections::HashMap;

use billfold::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::support::by_hand::by_hand;
use crate::support::catalog::at;
use crate::support::ready::{PARTS, Ready, fields};
use crate::support::template::{item, ready, segment, weeks};

/// All that a contract is, with numbers in place of ids: the first one that it has is 0 wherever it stands.
fn shape(mut contract: Contract) -> String {
    contract.origin.package_id = None;
    let text = format!("{contract:#?}");
    let (mut shape, mut rest, mut numbers) = (String::new(), text.as_str(), HashMap::new());
    while let Some(first) = rest.chars().next() {
        let id = rest.get(..36).and_then(|word| Uuid::try_parse(word).ok());
        let Some(id) = id else {
            shape.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let next = numbers.len();
        shape += &format!("id {}", numbers.entry(id).or_insert(next));
        rest = &rest[36..];
    }
    shape
}

/// Whether a contract of the package is the one made by hand; both are refused where one is.
#[track_caller]
fn same_as_by_hand(ready: &Ready, start: Time, package: &CreatePackage) -> Option<Contract> {
    let id = ready.store.create_package(package.clone()).unwrap();
    let of_package = CreateContract { starting_at: start, ..ready.of_package(id) };
    let by_hand = by_hand(ready.customer, start, package);
    match ready.store.create_contract(by_hand) {
        Ok(by_hand) => {
            let made = ready.store.create_contract(of_package).unwrap();
            let made = ready.store.contract(made).unwrap();
            assert_eq!(made.origin.package_id, Some(id));
            assert_eq!(shape(made.clone()), shape(ready.store.contract(by_hand).unwrap()));
            Some(made)
        }
        Err(refused) => {
            let told = ready.store.create_contract(of_package).unwrap_err();
            assert_eq!(told.to_string(), refused.to_string());
            None
        }
    }
}

#[test]
fn every_field_of_a_part_and_of_the_package_arrives() {
    let ready = ready();
    let mut package = ready.full_plan(&[("note", "told")].into());
    let say_all = |terms: &mut BalanceTerms| {
        terms.name = Some("named".into());
        terms.description = Some("told".into());
        terms.priority = Some(7.into());
        terms.rate_type = Some(RateChoice::CommitRate);
        terms.applies_to.product_ids = vec![ready.cloud];
        terms.applies_to.product_tags = vec!["cloud".into()];
        terms.access_type = Some(AccessType::Quantity);
    };
    let terms = &mut package.terms;
    terms.contract_name = Some("A contract".into());
    terms.net_payment_terms_days = Some(30.into());
    terms.multiplier_override_prioritization = Some(OverridePrioritization::Explicit);
    terms.scheduled_charges_on_usage_invoices = Some(ConsolidatedCharges::All);
    terms.settings.spend_threshold = Some(SpendThreshold {
        is_enabled: true,
        threshold_amount: 5_000.into(),
        commit: ThresholdCommit::new(ready.fixed),
        payment_gate: PaymentGate::new(PaymentGateType::None),
        discount: None,
    });
    say_all(&mut package.commits[0].terms);
    say_all(&mut package.credits[0].terms);
    say_all(&mut package.recurring_commits[0].terms.terms);
    say_all(&mut package.recurring_credits[0].terms.terms);
    let commit = &mut package.commits[0];
    (commit.terms.rollover_fraction, commit.temporary_id) = (Some("0.5".parse().unwrap()), Some("c".into()));
    commit.commit_type = CommitType::Postpaid;
    commit.access_schedule.credit_type_id = Some(CreditType::EUR);
    let mut due: CreateInvoiceSchedule<_> = [item(RelativeDate::years(1), 100)].into();
    (due.credit_type_id, due.do_not_invoice) = (Some(CreditType::EUR), true);
    commit.invoice_schedule = Some(due);
    package.scheduled_charges[0].name = Some("set-up".into());
    package.overrides[0].priority = Some(3.into());
    package.overrides[0].is_commit_specific = true;
    package.overrides[0].target = Some(RateChoice::CommitRate);
    package.overrides[0].override_specifiers[0].commit_ids = vec!["c".into()];
    let seats = &mut package.subscriptions[0];
    (seats.temporary_id, seats.initial_unassigned_seats) = (Some("s".into()), 4);
    seats.initial_quantity = None;
    seats.terms.quantity_management_mode = QuantityManagement::SeatBased;
    seats.terms.seat_group_key = Some("seat".into());
    let recurring = &mut package.recurring_commits[0];
    recurring.terms.invoice_amount = Some(recurring.terms.access_amount);
    recurring.terms.commit_duration = 3;
    recurring.terms.proration = RecurringProration::First;
    recurring.terms.proration_rounding.access =
        Some(ProrationRounding { rounding_method: ProrationRoundingMethod::Floor, decimal_places: -2 });
    let credit = &mut package.recurring_credits[0];
    (credit.terms.access_amount.quantity, credit.temporary_id) = (None, Some("r".into()));
    let (subscription_id, is_prorated, allocation) = ("s".to_owned(), true, SeatAllocation::Individual);
    credit.subscription_config = Some(SubscriptionConfig { subscription_id, is_prorated, allocation });

    let made = same_as_by_hand(&ready, at("2025-01-31T05:00:00Z"), &package).unwrap();
    assert_eq!(made.terms.name.as_deref(), Some("A contract"));
    assert_eq!(made.settings, package.terms.settings);
    assert_eq!(made.commits[0].terms, package.commits[0].terms);
    assert_eq!(made.subscriptions[0].initial_unassigned_seats, 4);
    let by_seats = made.recurring_credits[0].subscription_config.as_ref().unwrap();
    assert_eq!(by_seats.subscription_id, made.subscriptions[0].id);
    assert_eq!(made.overrides[0].terms.override_specifiers[0].commit_ids, [made.commits[0].id.to_string()]);
}

#[test]
fn months_and_years_end_where_the_calendar_has_no_such_day() {
    let ready = ready();
    let month = segment(1, RelativeDate::months(1), RelativeDate::months(1));
    let fortnight = segment(2, weeks(2), weeks(2));
    let year = segment(3, RelativeDate::years(1), RelativeDate::years(3));
    let access_schedule = [month, fortnight, year].into();
    let package = CreatePackage {
        commits: vec![CreateCommit { access_schedule, ..ready.year_long(1) }],
        ..CreatePackage::from(PackageTerms {
            duration: Some(RelativeDate::years(1)),
            ..PackageTerms::new("Months")
        })
    };
    let dates = |start: &str| {
        let made = same_as_by_hand(&ready, at(&format!("{start}T00:00:00Z")), &package).unwrap();
        let day = |time: Time| time.to_string()[..10].to_owned();
        let items = made.commits[0].access_schedule.schedule_items.iter();
        let mut dates: Vec<_> = items.map(|item| [day(item.starting_at), day(item.ending_before)]).collect();
        dates.push([day(made.origin.starting_at), day(made.terms.ending_before.unwrap())]);
        dates.into_iter().map(|[from, to]| format!("{from} {to}")).collect::<Vec<_>>()
    };
    // The second month begins on the last of February, and lasts a month from there.
    assert_eq!(
        dates("2025-01-31"),
        ["2025-02-28 2025-03-28", "2025-02-14 2025-02-28", "2026-01-31 2029-01-31", "2025-01-31 2026-01-31"]
    );
    assert_eq!(
        dates("2024-02-29"),
        ["2024-03-29 2024-04-29", "2024-03-14 2024-03-28", "2025-02-28 2028-02-28", "2024-02-29 2025-02-28"]
    );
    assert_eq!(dates("2024-01-31")[0], "2024-02-29 2024-03-29");
}

#[test]
fn what_does_not_fit_one_contract_is_refused_there_as_the_package_names_it() {
    let ready = ready();
    let mut plan = ready.full_plan(&CustomFields::default());
    plan.terms.duration = Some(RelativeDate::months(1));
    plan.subscriptions[0].ending_before = Some(RelativeDate::days(30));
    let package = ready.store.create_package(plan).unwrap();
    let starting = |start: &str| CreateContract { starting_at: at(start), ..ready.of_package(package) };
    let told = ready.refused(|store| store.create_contract(starting("2025-02-01T00:00:00Z")));
    assert_eq!(fields(&told), ["subscriptions[0].duration"]);
    // What the contract says itself has its own name, and is at fault for no date that is counted from it.
    let told = ready.refused(|store| store.create_contract(starting("2025-03-01T00:30:00Z")));
    assert_eq!(fields(&told), ["starting_at"]);
    ready.store.create_contract(starting("2025-03-01T01:00:00Z")).unwrap();
}

#[test]
fn dates_beyond_the_calendar_are_refused_where_they_are_said() {
    let ready = ready();
    let mut plan = ready.full_plan(&CustomFields::default());
    plan.terms.duration = Some(RelativeDate::years(5));
    plan.commits[0].access_schedule = [segment(1, RelativeDate::years(2), RelativeDate::years(7_000))].into();
    let package = ready.store.create_package(plan).unwrap();
    let starting = |start: &str| {
        let contract = CreateContract { starting_at: at(start), ..ready.of_package(package) };
        ready.refused(|store| store.create_contract(contract))
    };
    let told = starting("3000-01-01T00:00:00Z");
    let field = "commits[0].access_schedule.schedule_items[0].duration";
    assert_eq!(fields(&told), [field]);
    assert!(told[0].contains("7000 YEARS"), "{told:?}");
    // A day before the last there is, where hardly anything of it has an end.
    let told = starting("9999-12-29T00:00:00Z");
    let item = |part: &str, field: &str| format!("{part}[0].access_schedule.schedule_items[0].{field}");
    assert_eq!(
        fields(&told),
        [
            "duration",
            &item("commits", "starting_at_offset"),
            &item("commits", "duration"),
            &item("credits", "starting_at_offset"),
            &item("credits", "duration"),
        ]
    );
    ready.store.create_contract(ready.of_package(package)).unwrap();
    for entity in PARTS {
        assert!(ready.store.entities(entity, &PageRequest::default()).unwrap().items.len() < 2);
    }
}

fn length(least: u32) -> impl Strategy<Value = RelativeDate> {
    let units = [DurationUnit::Days, DurationUnit::Weeks, DurationUnit::Months, DurationUnit::Years];
    // A few years at most: what is due is made at once.
    (select(units.to_vec()), 0..40_u32).prop_map(move |(unit, value)| {
        let most = if unit == DurationUnit::Years { 3 } else { 40 };
        RelativeDate { value: value.min(most).max(least), unit }
    })
}

fn start() -> impl Strategy<Value = Time> {
    let days = ["2024-01-31", "2024-02-29", "2024-12-31", "2025-03-30", "2023-05-31", "2025-08-01"];
    (select(days.to_vec()), 0..24_u32).prop_map(|(day, hour)| at(&format!("{day}T{hour:02}:00:00Z")))
}

fn charges() -> impl Strategy<Value = CreateInvoiceSchedule<RelativeDate>> {
    let charge = (length(0), 0..9_i64).prop_map(|(when, amount)| item(when, amount));
    vec(charge, 1..4).prop_map(|items| CreateInvoiceSchedule {
        credit_type_id: None,
        dates: ScheduleDates::Items(items),
        do_not_invoice: false,
    })
}

fn segments() -> impl Strategy<Value = CreateAccessSchedule<RelativeDate>> {
    let one = (0..9_i64, length(0), length(1)).prop_map(|(amount, from, lasts)| segment(amount, from, lasts));
    vec(one, 1..4).prop_map(|schedule_items| CreateAccessSchedule { credit_type_id: None, schedule_items })
}

/// When parts begin and how long they last, with some that have no end.
type Windows = Vec<(RelativeDate, Option<RelativeDate>)>;

fn windows() -> impl Strategy<Value = Windows> {
    vec((length(0), option::of(length(1))), 0..3)
}

/// A package with as many parts as dates are given for.
fn package(
    ready: &Ready,
    (segments, charges): (Vec<CreateAccessSchedule<RelativeDate>>, Vec<CreateInvoiceSchedule<RelativeDate>>),
    windows: [Windows; 3],
    duration: Option<RelativeDate>,
    statements: Option<(StatementDay, Option<RelativeDate>)>,
) -> CreatePackage {
    let [recurring, overrides, subscriptions] = windows;
    let note = |n: usize| CustomFields::from([("note", n.to_string())]);
    let commits = segments.iter().enumerate().map(|(n, access)| CreateCommit {
        access_schedule: access.clone(),
        invoice_schedule: charges.get(n).cloned(),
        temporary_id: Some(n.to_string()),
        custom_fields: note(n),
        ..ready.year_long(1)
    });
    let credits = segments.iter().map(|access| CreateCredit {
        access_schedule: access.clone(),
        custom_fields: note(7),
        ..ready.welcome(1)
    });
    let recurring = recurring.into_iter().map(|(from, lasts)| {
        let mut monthly = ready.monthly(5);
        (monthly.terms.starting_at, monthly.terms.ending_before) = (from, lasts);
        monthly
    });
    let overrides = overrides.into_iter().enumerate().map(|(n, (from, lasts))| {
        let mut cheaper = OverrideTerms { ending_before: lasts, ..ready.cheaper() };
        cheaper.starting_at = from;
        if n < segments.len() {
            cheaper.is_commit_specific = true;
            cheaper.override_specifiers[0].commit_ids = vec![n.to_string()];
        }
        cheaper
    });
    let subscriptions = subscriptions.into_iter().map(|(from, lasts)| CreateSubscription {
        starting_at: (from.value > 0).then_some(from),
        ending_before: lasts,
        custom_fields: note(8),
        ..ready.subscribed(2)
    });
    let charge = |schedule: &CreateInvoiceSchedule<_>| CreateScheduledCharge {
        schedule: schedule.clone(),
        custom_fields: note(9),
        ..ready.set_up(1)
    };
    let mut made = CreatePackage {
        commits: commits.collect(),
        credits: credits.collect(),
        recurring_commits: recurring.clone().collect(),
        recurring_credits: recurring.collect(),
        overrides: overrides.collect(),
        scheduled_charges: charges.iter().map(charge).collect(),
        subscriptions: subscriptions.collect(),
        ..ready.plan("Random")
    };
    made.terms.duration = duration;
    made.terms.usage_statement_schedule = statements.map(|(day, invoice_generation_starting_at)| {
        CreateStatementSchedule { day, invoice_generation_starting_at, ..Default::default() }
    });
    made
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_contract_of_a_package_is_the_one_that_would_have_been_made_by_hand(
        starts in vec(start(), 1..4),
        schedules in (vec(segments(), 0..3), vec(charges(), 0..3)),
        windows in [windows(), windows(), windows()],
        duration in option::of(length(1)),
        statements in option::of((
            select(vec![StatementDay::FirstOfMonth, StatementDay::ContractStart]),
            option::of(length(0)),
        )),
    ) {
        let ready = ready();
        let package = package(&ready, schedules, windows, duration, statements);
        // What does not fit into a contract of today is no package; that is another test's subject.
        if ready.store.dry_run(|tx| tx.create_package(package.clone())).is_ok() {
            for start in starts {
                same_as_by_hand(&ready, start, &package);
            }
        }
    }
}
