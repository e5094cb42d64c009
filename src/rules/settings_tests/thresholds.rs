//! What thresholds need and may have.

use super::{wrong, wrong_prepaid, wrong_spend};
use crate::model::balance::UsageSpecifier;
use crate::model::payment_gate::{
    PaymentGate, PaymentGateType, PrecalculatedTax, StripePayment, StripePaymentType, TaxType,
};
use crate::model::relative_date::{DurationUnit, RelativeDate};
use crate::model::threshold::{BalanceEntity, BalanceFieldFilter, DiscountCap, ThresholdBalanceSpecifier};

#[test]
fn amounts_fractions_and_texts_of_thresholds_have_limits() {
    assert_eq!(wrong(|_| {}), "");
    let at = "spend_threshold_configuration";
    assert_eq!(
        wrong_spend(|spend| spend.threshold_amount = (-1).into()),
        format!("{at}.threshold_amount: \"-1\" is not allowed; it has to be 0 or more")
    );
    let name = |length: usize| wrong_spend(|spend| spend.commit.name = Some("x".repeat(length)));
    assert_eq!(name(1_000), "");
    assert!(name(1_001).starts_with(&format!("{at}.commit.name: 1001 characters")));
    let text = |length: usize| wrong_spend(|spend| spend.commit.description = Some("x".repeat(length)));
    assert_eq!(text(10_000), "");
    assert!(text(10_001).starts_with(&format!("{at}.commit.description: ")));
    let fraction = |text: &str| {
        wrong_spend(|spend| spend.discount.as_mut().unwrap().payment_fraction = text.parse().unwrap())
    };
    assert_eq!((fraction("0"), fraction("0.5")), (String::new(), String::new()));
    assert!(fraction("1.01").contains("discount_configuration.payment_fraction: \"1.01\""));
    assert!(fraction("-0.01").contains("it is a fraction from 0 to 1"));
}

#[test]
fn a_cap_is_measured_by_a_tracker_of_the_contract() {
    let cap = |alias: &str, amount: i64| {
        wrong_spend(|spend| {
            let cap = DiscountCap { spend_tracker_alias: alias.into(), amount: amount.into() };
            spend.discount.as_mut().unwrap().cap = Some(cap);
        })
    };
    assert_eq!(cap("other", 5), "");
    assert!(cap("unknown", 5).contains("cap.spend_tracker_alias: \"unknown\""));
    assert!(cap("all", -1).contains("discount_configuration.cap.amount"));
    assert_eq!(wrong_spend(|spend| spend.discount = None), "");
}

#[test]
fn a_balance_is_filled_up_to_more_than_the_threshold() {
    assert!(wrong_prepaid(|prepaid| prepaid.recharge_to_amount = 10.into()).contains("recharge_to_amount"));
    let duration = |value: u32| {
        let unit = DurationUnit::Days;
        wrong_prepaid(|prepaid| prepaid.commit.duration = Some(RelativeDate { value, unit }))
    };
    assert_eq!(duration(1), "");
    assert!(duration(0).contains("prepaid_balance_threshold_configuration.commit.duration.value"));
    let rollover =
        |share: i64| wrong_prepaid(|prepaid| prepaid.commit.rollover_fraction = Some(share.into()));
    assert_eq!(rollover(1), "");
    assert!(rollover(2).contains("commit.rollover_fraction"));
    let usage = |tags: &[&str]| {
        wrong_prepaid(|prepaid| {
            let applies_to = &mut prepaid.commit.applies_to;
            applies_to.product_tags = tags.iter().map(ToString::to_string).collect();
            applies_to.specifiers =
                vec![UsageSpecifier { product_tags: vec!["t".into()], ..Default::default() }];
        })
    };
    assert_eq!(usage(&[]), "");
    assert!(usage(&["t"]).contains("commit.applicable_product_tags: not allowed"));
    let filters = |key: &str, value: usize| {
        let (key, value) = (key.to_owned(), "x".repeat(value));
        let filter = BalanceFieldFilter { entity: BalanceEntity::Commit, key, value };
        let exclude = vec![Vec::new(), vec![filter]];
        wrong_prepaid(|prepaid| prepaid.balance_specifiers = vec![ThresholdBalanceSpecifier { exclude }])
    };
    assert_eq!(filters("k", 200), "");
    assert!(filters("", 0).contains("balance_specifiers[0].exclude[1].custom_field_filters[0].key: empty"));
    assert!(filters(&"k".repeat(101), 201).contains("key: 101 characters"));
    assert!(filters("k", 201).contains("value: 201 characters"));
    let many = |outer: usize, middle: usize, inner: usize| {
        let filter =
            BalanceFieldFilter { entity: BalanceEntity::Commit, key: "k".into(), value: String::new() };
        let specifier = ThresholdBalanceSpecifier { exclude: vec![vec![filter; inner]; middle] };
        wrong_prepaid(|prepaid| prepaid.balance_specifiers = vec![specifier; outer])
    };
    assert_eq!(many(1_000, 1, 1) + &many(1, 1_000, 1) + &many(1, 1, 1_000), "");
    assert!(many(1_001, 1, 1).contains("threshold_balance_specifiers: 1001 items"));
    assert!(many(1, 1_001, 1).contains("[0].exclude: 1001 items"));
    assert!(many(1, 1, 1_001).contains("exclude[0].custom_field_filters: 1001 items"));
}

#[test]
fn stripe_and_a_known_tax_are_configured_where_they_are_meant() {
    let gate = |gate: PaymentGate| wrong_spend(|spend| spend.payment_gate = gate);
    let stripe = PaymentGate::new(PaymentGateType::Stripe);
    let external = PaymentGate::new(PaymentGateType::External);
    assert_eq!(gate(PaymentGate { tax_type: Some(TaxType::Stripe), ..stripe.clone() }), "");
    assert_eq!(gate(PaymentGate { tax_type: Some(TaxType::Anrok), ..external.clone() }), "");
    assert!(
        gate(PaymentGate { tax_type: Some(TaxType::Stripe), ..external.clone() }).contains("tax_type: not")
    );
    let paid = |payment_type: StripePaymentType, entries: usize| {
        let invoice_metadata = (0..entries).map(|entry| (entry.to_string(), "x".to_owned())).collect();
        Some(StripePayment { payment_type, invoice_metadata, on_session_payment: None })
    };
    let by =
        |payment_type, entries| gate(PaymentGate { stripe: paid(payment_type, entries), ..stripe.clone() });
    assert_eq!(by(StripePaymentType::Invoice, 100) + &by(StripePaymentType::PaymentIntent, 0), "");
    assert!(by(StripePaymentType::Invoice, 101).contains("stripe_config.invoice_metadata: 101 items"));
    assert!(by(StripePaymentType::PaymentIntent, 1).contains("invoice_metadata: not allowed"));
    let config = paid(StripePaymentType::Invoice, 0);
    assert!(gate(PaymentGate { stripe: config, ..external.clone() }).contains("stripe_config: not allowed"));
    let tax = |tax_type: TaxType, amount: Option<i64>| {
        let tax = amount.map(|amount| PrecalculatedTax { tax_amount: amount.into(), tax_name: None });
        gate(PaymentGate { tax_type: Some(tax_type), precalculated_tax: tax, ..external.clone() })
    };
    assert_eq!(tax(TaxType::Precalculated, Some(0)), "");
    assert!(tax(TaxType::Precalculated, Some(-1)).contains("precalculated_tax_config.tax_amount"));
    assert!(tax(TaxType::Precalculated, None).contains("precalculated_tax_config: missing"));
    assert!(tax(TaxType::None, Some(1)).contains("precalculated_tax_config: not allowed"));
}
