//! Every rule of a contract's settings, on both sides of it.

mod thresholds;

use uuid::Uuid;

use crate::model::balance::UsageSpecifier;
use crate::model::hierarchy::{Hierarchy, HierarchyLink};
use crate::model::payment_gate::{PaymentGate, PaymentGateType};
use crate::model::provider_configuration::{
    BillingProvider, BillingProviderConfiguration, ConfigurationChoice, ConfigurationStart, DeliveryMethod,
    RevenueSystem,
};
use crate::model::relative_date::{DurationUnit, RelativeDate};
use crate::model::reseller_royalty::{ResellerRoyalty, ResellerRoyaltyChange, ResellerType};
use crate::model::scalar::Amount;
use crate::model::settings::{ContractSettings, SettingsChanges};
use crate::model::spend_tracker::{SpendReset, SpendSource, SpendSpecifier, SpendTracker, SpendType};
use crate::model::threshold::{
    DiscountCap, PrepaidBalanceThreshold, PrepaidThresholdCommit, SpendThreshold, ThresholdCommit,
    ThresholdDiscount,
};
use crate::model::threshold_change::{
    PrepaidBalanceThresholdChanges, SpendThresholdChanges, ThresholdDiscountChanges,
};

fn id<I: From<Uuid>>(number: u128) -> I {
    Uuid::from_u128(number).into()
}

fn tracker(alias: &str) -> SpendTracker {
    let reset_frequency = SpendReset::BillingPeriod;
    SpendTracker { alias: alias.into(), credit_type_id: id(9), reset_frequency, specifiers: Vec::new() }
}

fn spend() -> SpendThreshold {
    SpendThreshold {
        is_enabled: true,
        threshold_amount: 0.into(),
        commit: ThresholdCommit::new(id(1)),
        payment_gate: PaymentGate::new(PaymentGateType::Stripe),
        discount: Some(ThresholdDiscount {
            payment_fraction: 1.into(),
            cap: Some(DiscountCap { spend_tracker_alias: "all".into(), amount: 0.into() }),
        }),
    }
}

fn prepaid() -> PrepaidBalanceThreshold {
    PrepaidBalanceThreshold {
        is_enabled: true,
        threshold_amount: 10.into(),
        recharge_to_amount: 11.into(),
        custom_credit_type_id: None,
        commit: PrepaidThresholdCommit::new(id(2)),
        payment_gate: PaymentGate::new(PaymentGateType::None),
        discount: None,
        balance_specifiers: Vec::new(),
    }
}

fn royalty(reseller_type: ResellerType, start: &str) -> ResellerRoyalty {
    ResellerRoyalty {
        reseller_type,
        fraction: 0.into(),
        netsuite_reseller_id: "n".into(),
        applicable_product_ids: vec![id(3)],
        applicable_product_tags: Vec::new(),
        starting_at: start.parse().unwrap(),
        ending_before: None,
        reseller_contract_value: None,
        aws: Default::default(),
        gcp: Default::default(),
    }
}

fn settings() -> ContractSettings {
    ContractSettings {
        spend_threshold: Some(spend()),
        prepaid_balance_threshold: Some(prepaid()),
        spend_trackers: vec![tracker("all"), tracker("other")],
        reseller_royalties: vec![royalty(ResellerType::Aws, "2025-01-01T00:00:00Z")],
        ..Default::default()
    }
}

/// What is wrong after a change of settings that are well, as text.
fn wrong(change: impl FnOnce(&mut ContractSettings)) -> String {
    let mut settings = settings();
    change(&mut settings);
    settings.check().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn wrong_spend(change: impl FnOnce(&mut SpendThreshold)) -> String {
    wrong(|settings| change(settings.spend_threshold.as_mut().unwrap()))
}

fn wrong_prepaid(change: impl FnOnce(&mut PrepaidBalanceThreshold)) -> String {
    wrong(|settings| change(settings.prepaid_balance_threshold.as_mut().unwrap()))
}

fn wrong_royalty(change: impl FnOnce(&mut ResellerRoyalty)) -> String {
    wrong(|settings| change(&mut settings.reseller_royalties[0]))
}

/// The settings after an edit, or what is wrong with it.
fn edited(change: impl FnOnce(&mut SettingsChanges)) -> Result<ContractSettings, String> {
    edited_from(&settings(), change)
}

fn edited_from(
    before: &ContractSettings,
    change: impl FnOnce(&mut SettingsChanges),
) -> Result<ContractSettings, String> {
    let mut changes = SettingsChanges::default();
    change(&mut changes);
    let text = |faults: Vec<_>| faults.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ");
    changes.apply(before).map_err(|faults: Vec<crate::error::Fault>| text(faults))
}

#[test]
fn a_contract_is_made_with_fewer_configurations_than_an_edit_adds() {
    let of = |provider| ConfigurationChoice::Of { provider, delivery_method: DeliveryMethod::Tackle };
    let billing = |provider| wrong(|settings| settings.billing_provider = Some(of(provider).into()));
    assert_eq!(billing(BillingProvider::Stripe), "");
    assert!(billing(BillingProvider::Workday).contains("billing_provider_configuration.billing_provider"));
    let revenue = |delivery_method| {
        let choice = ConfigurationChoice::Of { provider: RevenueSystem::Netsuite, delivery_method };
        wrong(|settings| settings.revenue_system = Some(choice.into()))
    };
    assert_eq!(revenue(DeliveryMethod::DirectToBillingProvider), "");
    assert!(revenue(DeliveryMethod::AwsSqs).contains("revenue_system_configuration.delivery_method"));

    let workday = BillingProviderConfiguration {
        choice: of(BillingProvider::Workday),
        effective_at: Some(ConfigurationStart::NextPeriod),
    };
    assert!(
        wrong(|settings| settings.billing_provider = Some(workday)).contains("schedule.effective_at: not")
    );
    let after = edited(|changes| changes.add_billing_provider = Some(workday)).unwrap();
    assert_eq!(after.billing_provider, Some(workday));
    let again = edited_from(&after, |changes| changes.add_billing_provider = Some(workday)).unwrap_err();
    assert!(again.contains("add_billing_provider_configuration_update: not allowed"));
    let unsaid = BillingProviderConfiguration { effective_at: None, ..workday };
    let unsaid = edited(|changes| changes.add_billing_provider = Some(unsaid)).unwrap_err();
    assert!(unsaid.contains("schedule.effective_at: missing"));
}

#[test]
fn aliases_and_sources_of_trackers_stand_once() {
    let alias = |alias: String| wrong(|settings| settings.spend_trackers.push(tracker(&alias)));
    assert_eq!(alias("x".repeat(1_000)), "");
    assert!(alias("x".repeat(1_001)).contains("spend_trackers[2].alias: 1001 characters"));
    assert!(alias(String::new()).contains("spend_trackers[2].alias: empty"));
    assert!(alias("all".into()).contains("spend_trackers[2].alias: \"all\" is given more than once"));
    let specified = |sources: &[SpendSource], items: usize| {
        let (spend_type, sources) = (SpendType::CommitPurchase, sources.to_vec());
        let specifier = SpendSpecifier { spend_type, sources, discounted: None };
        wrong(|settings| settings.spend_trackers[0].specifiers = vec![specifier; items])
    };
    use SpendSource::{Manual, ThresholdRecharge};
    assert_eq!(specified(&[Manual, ThresholdRecharge], 1_000), "");
    assert!(specified(&[Manual, Manual], 1).contains("applicable_spend_specifiers[0].sources: \"MANUAL\""));
    assert!(specified(&[], 1_001).contains("applicable_spend_specifiers: 1001 items"));
    let many = |items: usize| {
        wrong(|settings| {
            settings.spend_trackers.extend((2..items).map(|number| tracker(&number.to_string())));
        })
    };
    assert_eq!(many(1_000), "");
    assert!(many(1_001).contains("spend_trackers: 1001 items"));
}

#[test]
fn trackers_go_before_others_come_and_none_that_a_cap_needs() {
    let archive = |alias: &str| edited(|changes| changes.archive_spend_trackers = vec![alias.into()]);
    assert_eq!(archive("other").unwrap().spend_trackers, [tracker("all")]);
    assert!(archive("unknown").unwrap_err().contains("archive_spend_trackers[0]: \"unknown\""));
    assert!(
        archive("all").unwrap_err().contains("archive_spend_trackers[0]: \"all\" is not allowed; the cap")
    );
    let twice = edited(|changes| changes.archive_spend_trackers = vec!["other".into(), "other".into()]);
    assert!(twice.unwrap_err().contains("archive_spend_trackers[1]: \"other\" is given more than once"));
    let replaced = edited(|changes| {
        changes.archive_spend_trackers = vec!["all".into()];
        changes.add_spend_trackers = vec![tracker("all")];
    });
    assert_eq!(replaced.unwrap().spend_trackers, [tracker("other"), tracker("all")]);
    let known = edited(|changes| changes.add_spend_trackers = vec![tracker("new"), tracker("all")]);
    assert!(known.unwrap_err().contains("add_spend_trackers[1].alias: \"all\""));
    let freed = edited(|changes| {
        changes.archive_spend_trackers = vec!["all".into()];
        let discount = Some(None);
        changes.update_spend_threshold = Some(SpendThresholdChanges { discount, ..Default::default() });
    });
    assert_eq!(freed.unwrap().spend_threshold.unwrap().discount, None);
}

#[test]
fn a_royalty_is_a_share_of_something_for_some_time() {
    assert!(wrong_royalty(|royalty| royalty.fraction = 2.into()).contains("reseller_royalties[0].fraction"));
    assert!(wrong_royalty(|royalty| royalty.applicable_product_ids.clear()).contains("_ids: missing"));
    let tagged = wrong_royalty(|royalty| {
        royalty.applicable_product_ids.clear();
        royalty.applicable_product_tags = vec!["t".into()];
        royalty.fraction = 1.into();
    });
    assert_eq!(tagged, "");
    let end = |end: &str| wrong_royalty(|royalty| royalty.ending_before = Some(end.parse().unwrap()));
    assert_eq!(end("2025-01-01T00:00:01Z"), "");
    assert!(end("2025-01-01T00:00:00Z").contains("reseller_royalties[0].ending_before"));
    let value = |value: i64| wrong_royalty(|royalty| royalty.reseller_contract_value = Some(value.into()));
    assert_eq!(value(0), "");
    assert!(value(-1).contains("reseller_contract_value"));
    let long = Some("x".repeat(10_001));
    assert!(wrong_royalty(|royalty| royalty.aws.offer_id = long).contains("aws_options.aws_offer_id"));
    let many = |items: usize| wrong_royalty(|royalty| royalty.applicable_product_ids = vec![id(1); items]);
    assert_eq!(many(1_000), "");
    assert!(many(1_001).contains("applicable_product_ids: 1001 items"));
}

#[test]
fn a_royalty_without_a_start_changes_the_last_of_its_reseller_and_one_with_a_start_comes_beside_it() {
    let change = |change: ResellerRoyaltyChange| {
        edited(|changes| changes.add_reseller_royalties = vec![change]).map(|after| after.reseller_royalties)
    };
    let aws = ResellerRoyaltyChange::new(ResellerType::Aws);
    let end = Some(Some("2025-06-01T00:00:00Z".parse().unwrap()));
    let ended = change(ResellerRoyaltyChange { ending_before: end, ..aws.clone() }).unwrap();
    assert_eq!((ended.len(), ended[0].ending_before), (1, end.flatten()));
    let start = Some("2025-03-01T00:00:00Z".parse().unwrap());
    let half: Amount = "0.5".parse().unwrap();
    let added =
        change(ResellerRoyaltyChange { starting_at: start, fraction: Some(half), ..aws.clone() }).unwrap();
    assert_eq!((added.len(), added[0].fraction), (2, 0.into()));
    let expected = ResellerRoyalty { fraction: half, ..royalty(ResellerType::Aws, "2025-03-01T00:00:00Z") };
    assert_eq!(added[1], expected);
    let share = change(ResellerRoyaltyChange { fraction: Some(2.into()), ..aws }).unwrap_err();
    assert!(share.contains("add_reseller_royalties[0].fraction"));
    let gcp = change(ResellerRoyaltyChange::new(ResellerType::Gcp)).unwrap_err();
    for field in ["fraction", "netsuite_reseller_id", "starting_at"] {
        assert!(gcp.contains(&format!("add_reseller_royalties[0].{field}: missing")), "{gcp}");
    }
    let whole = ResellerRoyaltyChange {
        fraction: Some(half),
        netsuite_reseller_id: Some("n".into()),
        starting_at: start,
        applicable_product_tags: Some(vec!["t".into()]),
        ..ResellerRoyaltyChange::new(ResellerType::Gcp)
    };
    assert_eq!(change(whole).unwrap()[1].applicable_product_tags, ["t"]);
}

#[test]
fn a_threshold_is_added_where_there_is_none_and_updated_where_there_is_one() {
    let none = ContractSettings { spend_trackers: vec![tracker("all")], ..Default::default() };
    let added = edited_from(&none, |changes| {
        changes.add_spend_threshold = Some(spend());
        changes.add_prepaid_balance_threshold = Some(prepaid());
    });
    let added = added.unwrap();
    assert_eq!((added.spend_threshold, added.prepaid_balance_threshold), (Some(spend()), Some(prepaid())));
    let refused = edited(|changes| {
        changes.add_spend_threshold = Some(SpendThreshold { threshold_amount: (-1).into(), ..spend() });
    });
    let refused = refused.unwrap_err();
    assert!(refused.contains("add_spend_threshold_configuration: not allowed"));
    assert!(refused.contains("add_spend_threshold_configuration.threshold_amount"));
    let update = PrepaidBalanceThresholdChanges { threshold_amount: Some(11.into()), ..Default::default() };
    let missing = edited_from(&none, |changes| {
        changes.update_prepaid_balance_threshold = Some(update.clone());
    });
    assert!(missing.unwrap_err().contains("update_prepaid_balance_threshold_configuration: not allowed"));
    let crossed = edited(|changes| changes.update_prepaid_balance_threshold = Some(update.clone()));
    assert!(
        crossed.unwrap_err().contains("update_prepaid_balance_threshold_configuration.recharge_to_amount")
    );
    let recharge_to_amount = Some(12.into());
    let raised = PrepaidBalanceThresholdChanges { recharge_to_amount, ..update };
    let raised = edited(|changes| changes.update_prepaid_balance_threshold = Some(raised)).unwrap();
    let expected =
        PrepaidBalanceThreshold { threshold_amount: 11.into(), recharge_to_amount: 12.into(), ..prepaid() };
    assert_eq!(raised.prepaid_balance_threshold, Some(expected));
    assert_eq!(edited(|_| {}), Ok(settings()));
}

#[test]
fn what_a_change_clears_is_gone_and_all_else_stays() {
    let mut before = settings();
    let commit = &mut before.prepaid_balance_threshold.as_mut().unwrap().commit;
    commit.duration = Some(RelativeDate { value: 1, unit: DurationUnit::Weeks });
    commit.applies_to.product_tags = vec!["t".into()];
    commit.commit.priority = Some(5.into());
    let mut update = PrepaidBalanceThresholdChanges::default();
    let same =
        edited_from(&before, |changes| changes.update_prepaid_balance_threshold = Some(update.clone()));
    assert_eq!(same.as_ref(), Ok(&before));
    update.commit.duration = Some(None);
    update.commit.applicable_product_tags = Some(None);
    update.commit.commit.priority = Some(None);
    update.commit.specifiers =
        Some(Some(vec![UsageSpecifier { product_id: Some(id(4)), ..Default::default() }]));
    let after = edited_from(&before, |changes| changes.update_prepaid_balance_threshold = Some(update));
    let after = after.unwrap().prepaid_balance_threshold.unwrap().commit;
    assert_eq!((after.duration, after.commit.priority), (None, None));
    assert!(after.applies_to.product_tags.is_empty() && after.applies_to.specifiers.len() == 1);
}

#[test]
fn a_discount_lives_and_dies_with_its_fraction() {
    let discount = |before: &ContractSettings, changes: ThresholdDiscountChanges| {
        let discount = Some(Some(changes));
        let update = SpendThresholdChanges { discount, ..Default::default() };
        edited_from(before, |changes| changes.update_spend_threshold = Some(update))
            .map(|after| after.spend_threshold.unwrap().discount)
    };
    let mut bare = settings();
    bare.spend_threshold.as_mut().unwrap().discount = None;
    let cap = Some(Some(DiscountCap { spend_tracker_alias: "other".into(), amount: 1.into() }));
    let payment_fraction = Some(Some(0.into()));
    let capped = ThresholdDiscountChanges { payment_fraction: None, cap: cap.clone() };
    assert_eq!(discount(&settings(), capped.clone()).unwrap().unwrap().cap, cap.clone().flatten());
    assert!(
        discount(&bare, capped).unwrap_err().contains("discount_configuration.payment_fraction: missing")
    );
    let whole = ThresholdDiscountChanges { payment_fraction, cap: cap.clone() };
    assert_eq!(discount(&bare, whole).unwrap().unwrap().payment_fraction, 0.into());
    let uncapped = ThresholdDiscountChanges { payment_fraction: None, cap: Some(None) };
    assert_eq!(discount(&settings(), uncapped).unwrap().unwrap().cap, None);
    let ended = ThresholdDiscountChanges { payment_fraction: Some(None), cap: None };
    assert_eq!(discount(&settings(), ended), Ok(None));
    let both = ThresholdDiscountChanges { payment_fraction: Some(None), cap };
    assert!(discount(&settings(), both).unwrap_err().contains("discount_configuration.cap: not allowed"));
}

#[test]
fn everything_that_is_named_is_told_with_its_field() {
    let mut all = settings();
    let link = HierarchyLink { contract_id: id(5), customer_id: id(6) };
    all.hierarchy = Some(Hierarchy::Child { parent: link, payer: None, usage_statement_behavior: None });
    let applies_to = &mut all.prepaid_balance_threshold.as_mut().unwrap().commit.applies_to;
    applies_to.product_ids = vec![id(7)];
    applies_to.specifiers = vec![UsageSpecifier { product_id: Some(id(8)), ..Default::default() }];
    let named = |references: Vec<(String, crate::entity::EntityRef)>| {
        references.into_iter().map(|(field, target)| (field, target.id.as_u128())).collect::<Vec<_>>()
    };
    let prepaid_fields = |at: &str| {
        let fields = [("product_id", 2), ("applicable_product_ids[0]", 7), ("specifiers[0].product_id", 8)];
        fields.map(|(field, id)| (format!("{at}prepaid_balance_threshold_configuration.commit.{field}"), id))
    };
    let mut expected = vec![("spend_threshold_configuration.commit.product_id".to_owned(), 1)];
    expected.extend(prepaid_fields(""));
    expected.push(("hierarchy_configuration.parent.contract_id".to_owned(), 5));
    expected.push(("hierarchy_configuration.parent.customer_id".to_owned(), 6));
    expected.push(("reseller_royalties[0].applicable_product_ids[0]".to_owned(), 3));
    assert_eq!(named(all.references()), expected);

    let mut update = PrepaidBalanceThresholdChanges::default();
    update.commit.commit.product_id = Some(id(2));
    update.commit.applicable_product_ids = Some(Some(vec![id(7)]));
    update.commit.specifiers =
        Some(Some(all.prepaid_balance_threshold.as_ref().unwrap().commit.applies_to.specifiers.clone()));
    let mut changes = SettingsChanges {
        add_spend_threshold: all.spend_threshold.clone(),
        add_prepaid_balance_threshold: all.prepaid_balance_threshold,
        update_spend_threshold: Some(SpendThresholdChanges::default()),
        update_prepaid_balance_threshold: Some(update),
        add_reseller_royalties: vec![ResellerRoyaltyChange::new(ResellerType::Aws)],
        ..Default::default()
    };
    changes.update_spend_threshold.as_mut().unwrap().commit.product_id = Some(id(4));
    changes.add_reseller_royalties[0].applicable_product_ids = Some(vec![id(3)]);
    let mut expected = vec![("add_spend_threshold_configuration.commit.product_id".to_owned(), 1)];
    expected.extend(prepaid_fields("add_"));
    expected.push(("update_spend_threshold_configuration.commit.product_id".to_owned(), 4));
    expected.extend(prepaid_fields("update_"));
    expected.push(("add_reseller_royalties[0].applicable_product_ids[0]".to_owned(), 3));
    assert_eq!(named(changes.references()), expected);
}
