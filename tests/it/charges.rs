//! What usage comes to on a contract, and the periods it is invoiced for.

use billfold::prelude::*;
use proptest::prelude::*;

use crate::support::catalog::at;
use crate::support::fault;
use crate::support::ready::Ready;

const START: &str = "2024-11-01T00:00:00Z";

/// A contract on the card of a ready store, with 5% off what is tagged `cloud`.
fn discounted(ready: &Ready) -> ContractId {
    let five_percent_off = OverrideTerms {
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some("0.95".parse().unwrap()),
        applicable_product_tags: vec!["cloud".into()],
        ..OverrideTerms::new(at("2025-01-01T00:00:00Z"))
    };
    let contract = CreateContract {
        rate_card: Some(CardChoice::Id(ready.card)),
        overrides: vec![five_percent_off],
        ..CreateContract::new(ready.customer, at(START))
    };
    ready.store.create_contract(contract).unwrap()
}

#[test]
fn usage_is_converted_rounded_and_charged_at_the_rate_in_force() {
    let ready = Ready::new();
    let contract = discounted(&ready);
    let changes = ProductChanges {
        quantity_conversion: Some(Some(QuantityConversion {
            conversion_factor: 1_000.into(),
            operation: ConversionOperation::Divide,
            name: None,
        })),
        quantity_rounding: Some(Some(QuantityRounding {
            rounding_method: RoundingMethod::RoundUp,
            decimal_places: 0,
        })),
        ..Default::default()
    };
    ready.store.update_product(ready.cloud, at("2025-02-01T00:00:00Z"), changes).unwrap();
    let question = RateQuestion::new(ready.cloud);
    let total = |day: &str| {
        let moment = at(&format!("{day}T00:00:00Z"));
        let charge = ready.store.charge(contract, &question, 1_500.into(), moment).unwrap();
        charge.map(|charge| (charge.quantity.to_string(), charge.total.to_string()))
    };
    let said = |quantity: &str, total: &str| Some((quantity.to_owned(), total.to_owned()));
    // A unit is 30 cents, from 2025 on 5% less; from February on a thousand are one.
    assert_eq!(total("2024-10-31"), None, "before the contract");
    assert_eq!(total("2024-11-01"), said("1500", "45000"));
    assert_eq!(total("2025-01-01"), said("1500", "42750"));
    assert_eq!(total("2025-02-01"), said("2", "57"));
}

#[test]
fn usage_of_what_is_no_part_of_a_contract_and_negative_usage_are_not_charged() {
    let ready = Ready::new();
    let without = OverrideTerms {
        entitled: Some(false),
        product_id: Some(ready.cloud),
        ..OverrideTerms::new(at("2025-01-01T00:00:00Z"))
    };
    let contract = discounted(&ready);
    let edit = EditContract { add_overrides: vec![without], ..Default::default() };
    ready.store.edit_contract(contract, edit).unwrap();
    let question = RateQuestion::new(ready.cloud);
    let charge = |day: &str, raw: i64| ready.store.charge(contract, &question, raw.into(), at(day));
    assert!(charge("2024-12-31T00:00:00Z", 1).unwrap().is_some());
    assert!(charge("2025-01-01T00:00:00Z", 1).unwrap().is_none());
    assert!(fault(charge("2024-12-31T00:00:00Z", -1)).to_string().starts_with("quantity: \"-1\""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn statement_periods_tile_the_contract_page_by_page(
        start in 0_i64..40, length in 1_i64..500, anchor in -40_i64..40, which in 0_usize..4, limit in 1_usize..9,
    ) {
        let Ready { store, customer, .. } = Ready::new();
        let day = |days: i64| at("2024-06-01T00:00:00Z").after(std::time::Duration::from_secs(
            u64::try_from(days + 100).unwrap() * 86_400,
        ));
        let frequency = [
            BillingFrequency::Weekly, BillingFrequency::Monthly, BillingFrequency::Quarterly, BillingFrequency::Annual,
        ][which];
        let (first, last) = (day(start), day(start + length));
        let contract = store.create_contract(CreateContract {
            ending_before: Some(last),
            usage_statement_schedule: Some(CreateStatementSchedule {
                frequency,
                day: StatementDay::CustomDate,
                billing_anchor_date: Some(day(anchor)),
                ..Default::default()
            }),
            ..CreateContract::new(customer, first)
        }).unwrap();
        let mut page = PageRequest::first(limit);
        let mut reached = first;
        loop {
            let found = store.statement_periods(contract, last, &page).unwrap();
            prop_assert!(found.items.len() <= limit);
            for period in &found.items {
                prop_assert_eq!(period.starting_at, reached);
                prop_assert!(period.starting_at < period.ending_before);
                reached = period.ending_before;
            }
            let Some(next) = found.next else { break };
            page = PageRequest::after(next, limit);
        }
        prop_assert_eq!(reached, last);
    }
}
