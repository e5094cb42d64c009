//! Packages that are refused, and for what.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::{at, of_type};
use crate::support::ready::{Ready, fields};
use crate::support::template::{item, ready, segment, weeks};

/// Where a package has the terms of a commit or credit.
type TermsOf = fn(&mut CreatePackage) -> &mut BalanceTerms;

/// The fields that a refusal of the package is about, in an order of their own.
#[track_caller]
fn refused(ready: &Ready, package: CreatePackage) -> Vec<String> {
    let told = ready.refused(|store| store.create_package(package));
    let mut fields: Vec<_> = fields(&told).into_iter().map(str::to_owned).collect();
    fields.sort_unstable();
    fields
}

/// Asserts that the package is refused for that field and for nothing else.
#[track_caller]
fn refused_for(ready: &Ready, field: &str, change: impl FnOnce(&mut CreatePackage)) {
    let mut package = ready.full_plan(&CustomFields::default());
    change(&mut package);
    assert_eq!(refused(ready, package), [field]);
}

#[test]
fn every_fault_of_a_package_is_named_at_once_as_a_package_names_it() {
    let ready = ready();
    let unknown = ContractProductId::from(Uuid::from_u128(9));
    let mut package = ready.full_plan(&CustomFields::default());
    package.aliases = vec!["".into(), "twice".into(), "twice".into()];
    package.terms.name = String::new();
    package.terms.contract_name = Some("x".repeat(1_001));
    package.terms.uniqueness_key = Some(String::new());
    package.terms.duration = Some(RelativeDate::years(0));
    package.terms.net_payment_terms_days = Some((-1).into());
    package.commits[0].access_schedule = [
        segment(-1, RelativeDate::at_start(), RelativeDate::months(0)),
        segment(1, RelativeDate::days(u32::MAX), RelativeDate::days(1)),
    ]
    .into();
    package.commits[0].invoice_schedule = Some([item(RelativeDate::years(u32::MAX), 1)].into());
    package.credits[0].terms.product_id = unknown;
    package.recurring_commits[0].terms.starting_at = weeks(u32::MAX);
    package.recurring_credits[0].terms.ending_before = Some(RelativeDate::days(0));
    package.recurring_credits[0].subscription_config = Some(SubscriptionConfig {
        subscription_id: "seats".into(),
        is_prorated: false,
        allocation: SeatAllocation::Pooled,
    });
    package.overrides[0].starting_at = RelativeDate::months(u32::MAX);
    package.overrides[0].ending_before = Some(weeks(0));
    package.scheduled_charges[0].schedule = [item(weeks(u32::MAX), 1)].into();
    package.scheduled_charges[0].custom_fields = [("tear", "1")].into();
    package.subscriptions[0].initial_quantity = None;
    package.subscriptions[0].starting_at = Some(RelativeDate::years(u32::MAX));
    package.subscriptions[0].ending_before = Some(RelativeDate::years(u32::MAX));
    assert_eq!(
        refused(&ready, package),
        [
            "Invalid custom field keys",
            "aliases[0].name",
            "aliases[2]",
            "commits[0].access_schedule.schedule_items[0].amount",
            "commits[0].access_schedule.schedule_items[0].duration.value",
            "commits[0].access_schedule.schedule_items[1].starting_at_offset",
            "commits[0].invoice_schedule.schedule_items[0].date_offset",
            "contract_name",
            "credits[0].product_id",
            "duration.value",
            "name",
            "net_payment_terms_days",
            "overrides[0].duration.value",
            "overrides[0].starting_at_offset",
            "recurring_commits[0].starting_at_offset",
            "recurring_credits[0].access_amount.quantity",
            "recurring_credits[0].duration.value",
            "recurring_credits[0].subscription_config.subscription_id",
            "scheduled_charges[0].schedule.schedule_items[0].date_offset",
            "subscriptions[0].duration",
            "subscriptions[0].initial_quantity",
            "subscriptions[0].starting_at_offset",
            "uniqueness_key",
        ]
    );
}

#[test]
fn what_a_contract_alone_can_say_is_refused_by_name() {
    let ready = ready();
    let whole = || ready.full_plan(&CustomFields::default());
    ready.store.create_package(whole()).unwrap();
    let ends_before_it_starts = RecurringSchedule {
        starting_at: at("2024-11-01T00:00:00Z"),
        ending_before: at("2023-11-01T00:00:00Z"),
        frequency: ScheduleFrequency::Monthly,
        price: Amount::from(1).into(),
        amount_distribution: AmountDistribution::Each,
    };
    let dates = || ScheduleDates::Recurring(ends_before_it_starts);
    refused_for(&ready, "commits[0].invoice_schedule.recurring_schedule", |package| {
        let schedule = CreateInvoiceSchedule { dates: dates(), credit_type_id: None, do_not_invoice: false };
        package.commits[0].invoice_schedule = Some(schedule);
    });
    refused_for(&ready, "scheduled_charges[0].schedule.recurring_schedule", |package| {
        package.scheduled_charges[0].schedule.dates = dates();
    });
    refused_for(&ready, "commits[0].spend_tracker_attributes", |package| {
        package.commits[0].counts_as_discounted = Some(true);
    });
    refused_for(&ready, "commits[0].payment_gate_config", |package| {
        package.commits[0].invoice_schedule = Some([item(RelativeDate::at_start(), 1)].into());
        package.commits[0].payment_gate = Some(PaymentGate::new(PaymentGateType::None));
    });
    refused_for(&ready, "credits[0].rollover_fraction", |package| {
        package.credits[0].terms.rollover_fraction = Some(1.into());
    });
    let of_balances: [(&str, TermsOf); 4] = [
        ("commits[0]", |package| &mut package.commits[0].terms),
        ("credits[0]", |package| &mut package.credits[0].terms),
        ("recurring_commits[0]", |package| &mut package.recurring_commits[0].terms.terms),
        ("recurring_credits[0]", |package| &mut package.recurring_credits[0].terms.terms),
    ];
    for (part, terms) in of_balances {
        refused_for(&ready, &format!("{part}.hierarchy_configuration"), |package| {
            terms(package).child_access = Some(ChildAccess::All);
        });
        refused_for(&ready, &format!("{part}.netsuite_sales_order_id"), |package| {
            terms(package).netsuite_sales_order_id = Some("1".into());
        });
    }
    refused_for(&ready, "scheduled_charges[0].netsuite_sales_order_id", |package| {
        package.scheduled_charges[0].netsuite_sales_order_id = Some("1".into());
    });
    refused_for(&ready, "overrides[0].product_id", |package| {
        package.overrides[0].product_id = Some(ready.cloud);
    });
    refused_for(&ready, "overrides[0].applicable_product_tags", |package| {
        package.overrides[0].applicable_product_tags = vec!["cloud".into()];
    });
    refused_for(&ready, "overrides[0].override_specifiers", |package| {
        package.overrides[0].override_specifiers = Vec::new();
    });
    refused_for(&ready, "subscriptions[0].payment_gate_config", |package| {
        let stripe_tax = None;
        package.subscriptions[0].terms.payment_gate = Some(SubscriptionPaymentGate { stripe_tax });
    });
    refused_for(&ready, "subscriptions[0].billing_cycle_config.anchor_date", |package| {
        package.subscriptions[0].terms.billing_anchor_date = Some(at("2024-11-05T00:00:00Z"));
    });
    refused_for(&ready, "subscriptions[0].seat_config.initial_seat_ids", |package| {
        let seats = &mut package.subscriptions[0];
        seats.terms.quantity_management_mode = QuantityManagement::SeatBased;
        seats.terms.seat_group_key = Some("seat".into());
        (seats.initial_quantity, seats.initial_seat_ids) = (None, ["ada".to_owned()].into());
    });
    // What is wrong with a contract's part is wrong with a package's.
    refused_for(&ready, "recurring_credits[0].invoice_amount", |package| {
        package.recurring_credits[0].terms.invoice_amount = Some(ready.monthly(1).terms.access_amount);
    });
}

#[test]
fn what_the_whole_of_a_contract_can_say_alone_is_refused_by_name() {
    let ready = ready();
    let stripe = ConfigurationChoice::Of {
        provider: BillingProvider::Stripe,
        delivery_method: DeliveryMethod::DirectToBillingProvider,
    };
    refused_for(&ready, "billing_provider_configuration_id", |package| {
        let id = BillingProviderConfigurationId::from(Uuid::from_u128(1));
        package.terms.settings.billing_provider = Some(ConfigurationChoice::Id(id).into());
    });
    refused_for(&ready, "billing_provider_configuration.schedule.effective_at", |package| {
        let effective_at = Some(ConfigurationStart::CurrentPeriod);
        package.terms.settings.billing_provider =
            Some(BillingProviderConfiguration { choice: stripe, effective_at });
    });
    refused_for(&ready, "billing_provider", |package| {
        let provider = ConfigurationChoice::Of {
            provider: BillingProvider::Workday,
            delivery_method: DeliveryMethod::DirectToBillingProvider,
        };
        package.terms.settings.billing_provider = Some(provider.into());
    });
    refused_for(&ready, "hierarchy_configuration", |package| {
        let invoice_consolidation_type = None;
        package.terms.settings.hierarchy = Some(Hierarchy::Parent { invoice_consolidation_type });
    });
    refused_for(&ready, "revenue_system_configuration", |package| {
        let revenue = RevenueSystemConfiguration::from(ConfigurationChoice::Of {
            provider: RevenueSystem::Netsuite,
            delivery_method: DeliveryMethod::DirectToBillingProvider,
        });
        package.terms.settings.revenue_system = Some(revenue);
    });
    refused_for(&ready, "reseller_royalties", |package| {
        package.terms.settings.reseller_royalties = vec![ResellerRoyalty {
            reseller_type: ResellerType::Aws,
            fraction: "0.1".parse().unwrap(),
            netsuite_reseller_id: "1".into(),
            applicable_product_ids: Vec::new(),
            applicable_product_tags: vec!["cloud".into()],
            starting_at: at("2024-11-01T00:00:00Z"),
            ending_before: None,
            reseller_contract_value: None,
            aws: AwsOptions::default(),
            gcp: GcpOptions::default(),
        }];
    });
    let statements = |day, date: Option<&str>| {
        let billing_anchor_date = date.map(at);
        CreateStatementSchedule { day, billing_anchor_date, ..Default::default() }
    };
    let date = "2024-11-05T00:00:00Z";
    refused_for(&ready, "usage_statement_schedule.day", |package| {
        package.terms.usage_statement_schedule = Some(statements(StatementDay::CustomDate, None));
    });
    refused_for(&ready, "usage_statement_schedule.billing_anchor_date", |package| {
        package.terms.usage_statement_schedule = Some(statements(StatementDay::FirstOfMonth, Some(date)));
    });
}

#[test]
fn what_a_package_cannot_have_is_not_judged_besides() {
    let ready = ready();
    let nobody = Uuid::from_u128(9);
    refused_for(&ready, "credits[0].rollover_fraction", |package| {
        package.credits[0].terms.rollover_fraction = Some(7.into());
    });
    refused_for(&ready, "credits[0].hierarchy_configuration", |package| {
        package.credits[0].terms.child_access = Some(ChildAccess::Contracts(Default::default()));
    });
    refused_for(&ready, "hierarchy_configuration", |package| {
        let parent = HierarchyLink { customer_id: ready.customer, contract_id: nobody.into() };
        package.terms.settings.hierarchy =
            Some(Hierarchy::Child { parent, payer: None, usage_statement_behavior: None });
    });
    refused_for(&ready, "overrides[0].override_specifiers", |package| {
        let rate = Rate::flat(1.into());
        package.overrides[0] = OverrideTerms {
            override_type: Some(OverrideType::Overwrite),
            overwrite_rate: Some(OverwriteRate { rate, credit_type_id: None }),
            ..OverrideTerms::new(RelativeDate::at_start())
        };
    });
    let mut package = ready.full_plan(&CustomFields::default());
    package.overrides[0].product_id = Some(nobody.into());
    package.overrides[0].override_specifiers = Vec::new();
    // What else is wrong is told all the same.
    package.credits[0].terms.rollover_fraction = Some(7.into());
    package.credits[0].terms.product_id = nobody.into();
    let expected = [
        "credits[0].product_id",
        "credits[0].rollover_fraction",
        "overrides[0].override_specifiers",
        "overrides[0].product_id",
    ];
    assert_eq!(refused(&ready, package), expected);
}

#[test]
fn parts_name_each_other_and_nothing_that_is_there_already() {
    let ready = ready();
    let commit = CreateCommit { temporary_id: Some("welcome".into()), ..ready.year_long(1) };
    let for_commits = |names: &[&str]| OverrideTerms {
        is_commit_specific: true,
        override_specifiers: vec![OverrideSpecifier {
            product_id: Some(ready.cloud),
            commit_ids: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Default::default()
        }],
        ..ready.cheaper()
    };
    let by_seats = |name: &str| {
        let mut credit = ready.monthly(250);
        credit.terms.access_amount.quantity = None;
        let (subscription_id, is_prorated, allocation) = (name.to_owned(), false, SeatAllocation::Pooled);
        credit.subscription_config = Some(SubscriptionConfig { subscription_id, is_prorated, allocation });
        credit
    };
    let seats = CreateSubscription { temporary_id: Some("seats".into()), ..ready.subscribed(4) };
    let with = |names: &[&str], subscription: &str| CreatePackage {
        commits: vec![commit.clone()],
        overrides: vec![for_commits(names)],
        recurring_credits: vec![by_seats(subscription)],
        subscriptions: vec![seats.clone()],
        ..ready.plan("Named")
    };
    let id = ready.store.create_package(with(&["welcome"], "seats")).unwrap();
    let package = ready.store.package(id).unwrap();
    let contract = ready.store.create_contract(ready.of_package(id)).unwrap();
    let contract = ready.store.contract(contract).unwrap();
    for (commit, subscription) in [
        ("seats", "welcome"),
        (&package.commits[0].id.to_string(), &package.subscriptions[0].id.to_string()),
        (&contract.commits[0].id.to_string(), &contract.subscriptions[0].id.to_string()),
    ] {
        assert_eq!(
            refused(&ready, with(&["welcome", commit], subscription)),
            [
                "overrides[0].override_specifiers[0].commit_ids[1]",
                "recurring_credits[0].subscription_config.subscription_id"
            ]
        );
    }
    let twice = CreatePackage { commits: vec![commit.clone(), commit.clone()], ..ready.plan("Twice") };
    assert_eq!(refused(&ready, twice), ["commits[1].temporary_id"]);
}

#[test]
fn products_and_rates_are_looked_for_when_a_package_is_made_and_again_for_each_contract() {
    let ready = ready();
    let mut package = ready.full_plan(&CustomFields::default());
    package.commits[0].terms.product_id = ready.cloud;
    package.subscriptions[0].terms.billing_frequency = BillingFrequency::Annual;
    package.overrides[0].override_specifiers[0].product_id = Some(ready.fixed);
    package.recurring_commits.extend([ready.monthly(1)]);
    package.recurring_commits[1].terms.recurrence_frequency = Some(RecurrenceFrequency::Daily);
    package.recurring_credits[0].terms.recurrence_frequency = Some(RecurrenceFrequency::Daily);
    assert_eq!(
        refused(&ready, package),
        [
            "commits[0].product_id",
            "overrides[0].override_specifiers[0].product_id",
            "recurring_credits[0].recurrence_frequency",
            "subscriptions[0].subscription_rate.product_id",
        ]
    );
    let mut package = ready.full_plan(&CustomFields::default());
    package.terms.rate_card = None;
    assert_eq!(refused(&ready, package), ["overrides[0]", "subscriptions[0].subscription_rate.product_id"]);

    let gone = ready.store.create_product(of_type(ProductType::Fixed)).unwrap();
    let mut package = ready.full_plan(&CustomFields::default());
    package.scheduled_charges[0].product_id = gone;
    let id = ready.store.create_package(package.clone()).unwrap();
    ready.store.archive(gone).unwrap();
    assert_eq!(refused(&ready, package), ["scheduled_charges[0].product_id"]);
    let told = ready.refused(|store| store.create_contract(ready.of_package(id)));
    assert_eq!(fields(&told), ["scheduled_charges[0].product_id"]);
}

#[test]
fn the_card_of_an_alias_is_the_one_it_leads_to_now_or_first_from_now_on() {
    let ready = ready();
    let with = |name: &str| {
        let mut package = ready.full_plan(&CustomFields::default());
        package.terms.rate_card = Some(CardChoice::Alias(name.to_owned()));
        package
    };
    assert_eq!(refused(&ready, with("nobody")), ["rate_card_alias"]);
    ready.store.create_package(with("base_usage_products")).unwrap();
    let named = |name: &str, from: &str| CreateRateCard {
        aliases: vec![ScheduledAlias { name: name.into(), starting_at: Some(at(from)), ending_before: None }],
        ..Default::default()
    };
    // It leads to a card without rates from next year on.
    let next = ready.store.create_rate_card(named("next", "2025-01-01T00:00:00Z")).unwrap();
    let without_rates = ["subscriptions[0].subscription_rate.product_id"];
    assert_eq!(refused(&ready, with("next")), without_rates);
    let since = at("2025-01-01T00:00:00Z");
    let monthly = AddRate {
        billing_frequency: Some(BillingFrequency::Monthly),
        ..AddRate::new(ready.seats, since, Rate::flat(1.into()))
    };
    ready.store.add_rate(next, monthly).unwrap();
    let id = ready.store.create_package(with("next")).unwrap();
    let told = ready.refused(|store| store.create_contract(ready.of_package(id)));
    assert_eq!(fields(&told), ["rate_card_alias"], "a contract of this year has no card");
    let later = CreateContract { starting_at: since, ..ready.of_package(id) };
    let contract = ready.store.create_contract(later).unwrap();
    assert_eq!(ready.store.contract(contract).unwrap().origin.rate_card_id, Some(next));
    // An alias that leads to an archived card is as good as the card's own id.
    ready.store.archive(next).unwrap();
    assert_eq!(refused(&ready, with("next")), ["rate_card_alias"]);
    let mut by_id = with("");
    by_id.terms.rate_card = Some(CardChoice::Id(next));
    assert_eq!(refused(&ready, by_id), ["rate_card_id"]);
}
