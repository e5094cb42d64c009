//! From measured to billed quantities.

use billfold::billed_quantity;
use billfold::prelude::*;
use proptest::prelude::*;

use crate::support::catalog::{cpu_hours, usage};
use crate::support::fault;

use ConversionOperation::{Divide, Multiply};
use RoundingMethod::{RoundDown, RoundHalfUp, RoundUp};

fn product(
    conversion: Option<(ConversionOperation, Amount)>,
    rounding: Option<(RoundingMethod, u32)>,
) -> ProductState {
    let store = Store::in_memory().unwrap();
    let request = CreateProduct {
        quantity_conversion: conversion.map(|(operation, conversion_factor)| QuantityConversion {
            conversion_factor,
            operation,
            name: None,
        }),
        quantity_rounding: rounding
            .map(|(rounding_method, decimal_places)| QuantityRounding { rounding_method, decimal_places }),
        ..usage(cpu_hours(&store))
    };
    let id = store.create_product(request).unwrap();
    store.product(id).unwrap().current
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[track_caller]
fn billed(
    raw: &str,
    conversion: Option<(ConversionOperation, &str)>,
    rounding: Option<(RoundingMethod, u32)>,
) -> String {
    let product = product(conversion.map(|(operation, factor)| (operation, amount(factor))), rounding);
    billed_quantity(&product, amount(raw)).map_or_else(|error| error.to_string(), |billed| billed.to_string())
}

#[test]
fn a_product_without_conversion_and_rounding_bills_what_was_measured() {
    for raw in ["0", "7", "0.1234567890123456789012345678", "9999999999999999999999999999"] {
        assert_eq!(billed(raw, None, None), raw);
    }
}

#[test]
fn a_quantity_is_multiplied_or_divided() {
    assert_eq!(billed("2.5", Some((Multiply, "100")), None), "250");
    assert_eq!(billed("1536", Some((Divide, "1024")), None), "1.5");
    assert_eq!(billed("0", Some((Divide, "3")), None), "0");
    assert_eq!(billed("0.1", Some((Multiply, "0.2")), None), "0.02");
    assert_eq!(
        billed("99999999999999", Some((Multiply, "99999999999999")), None),
        "9999999999999800000000000001"
    );
}

#[test]
fn what_does_not_come_out_even_is_rounded_at_28_digits_half_to_even() {
    assert_eq!(billed("1", Some((Divide, "3")), None), "0.3333333333333333333333333333");
    assert_eq!(billed("2", Some((Divide, "3")), None), "0.6666666666666666666666666667");
    assert_eq!(billed("200", Some((Divide, "3")), None), "66.66666666666666666666666667");
    // Halfway: 28 places and a 5 behind them.
    assert_eq!(billed("0.0000000000000000000000000001", Some((Divide, "2")), None), "0");
    let three_halves = billed("0.0000000000000000000000000003", Some((Divide, "2")), None);
    assert_eq!(three_halves, "0.0000000000000000000000000002");
    assert_eq!(
        billed("0.0000000000000000000000000001", Some((Multiply, "0.51")), None),
        "0.0000000000000000000000000001"
    );
}

#[test]
fn every_method_rounds_to_its_decimal_places() {
    let cases = [
        ("1.240", "1.3", "1.2", "1.2"),
        ("1.250", "1.3", "1.2", "1.3"),
        ("1.2499999", "1.3", "1.2", "1.2"),
        ("1.2000001", "1.3", "1.2", "1.2"),
        ("1.2", "1.2", "1.2", "1.2"),
        ("9.99", "10", "9.9", "10"),
        ("0.05", "0.1", "0", "0.1"),
        ("0.000001", "0.1", "0", "0"),
        ("0", "0", "0", "0"),
    ];
    for (raw, up, down, half_up) in cases {
        assert_eq!(billed(raw, None, Some((RoundUp, 1))), up, "{raw} up");
        assert_eq!(billed(raw, None, Some((RoundDown, 1))), down, "{raw} down");
        assert_eq!(billed(raw, None, Some((RoundHalfUp, 1))), half_up, "{raw} half up");
    }
    assert_eq!(billed("1.5", None, Some((RoundUp, 0))), "2");
    assert_eq!(billed("1.234", None, Some((RoundUp, u32::MAX))), "1.234");
}

#[test]
fn a_quantity_is_converted_first_and_rounded_once() {
    assert_eq!(billed("1500", Some((Divide, "1024")), Some((RoundUp, 2))), "1.47");
    // The exact product has 54 places, the exact quotient no end; at 28 digits there would be nothing to round.
    let barely_more = "1.000000000000000000000000001";
    let billed_more = billed(barely_more, Some((Multiply, barely_more)), Some((RoundUp, 27)));
    assert_eq!(billed_more, "1.000000000000000000000000003");
    assert_eq!(billed("2", Some((Divide, "0.9999999999999999999999999999")), Some((RoundUp, 0))), "3");
    assert_eq!(billed("2", Some((Divide, "3")), Some((RoundUp, 28))), "0.6666666666666666666666666667");
    assert_eq!(billed("2", Some((Divide, "3")), Some((RoundDown, 28))), "0.6666666666666666666666666666");
    // As many places as there is room for, by the same method.
    assert_eq!(billed("20000", Some((Divide, "3")), Some((RoundDown, 28))), "6666.666666666666666666666666");
}

#[test]
fn what_is_beyond_the_last_place_counts_however_small_it_is() {
    let least = "0.0000000000000000000000000001";
    let tiny = Some((Divide, "1e27"));
    assert_eq!(billed(least, tiny, Some((RoundUp, 28))), least);
    assert_eq!(billed(least, tiny, Some((RoundUp, 0))), "1");
    assert_eq!(billed(least, tiny, Some((RoundDown, 28))), "0");
    assert_eq!(billed(least, tiny, None), "0");
    // Half of the least amount goes to the even digit, and a little more than half of it up.
    assert_eq!(billed(least, Some((Divide, "2")), None), "0");
    assert_eq!(billed(least, Some((Divide, "1.999999999999999999999999999")), None), least);
}

#[test]
fn a_negative_quantity_is_refused() {
    let plain = product(None, None);
    let refused = fault(billed_quantity(&plain, amount("-0.1")));
    assert_eq!(refused.to_string(), "quantity: \"-0.1\" is not allowed; a quantity is 0 or more");
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!(billed_quantity(&plain, amount("-0")).unwrap(), Amount::ZERO);
}

#[test]
fn a_factor_that_no_stored_product_has_is_refused() {
    let mut state = product(Some((Divide, amount("2"))), None);
    for (factor, sound) in [("0", false), ("-2", false), ("2", true)] {
        state.quantity_conversion =
            Some(QuantityConversion { conversion_factor: amount(factor), operation: Divide, name: None });
        let billed = billed_quantity(&state, amount("3"));
        assert_eq!(billed.is_ok(), sound, "{factor}: {billed:?}");
    }
}

#[test]
fn an_outcome_of_more_than_28_digits_before_the_point_is_refused() {
    let rule = "converted, it has more digits than the 28 there is room for";
    let refused = |raw: &str| format!("quantity: \"{raw}\" is not allowed; {rule}");
    let most = "9999999999999999999999999999";
    assert_eq!(billed(most, Some((Multiply, "1")), None), most);
    assert_eq!(billed(most, Some((Multiply, "2")), None), refused(most));
    assert_eq!(billed(most, Some((Multiply, most)), None), refused(most));
    assert_eq!(billed(most, Some((Divide, "0.0000000000000000000000000001")), None), refused(most));
    assert_eq!(billed("1000", Some((Multiply, "1e25")), Some((RoundDown, 0))), refused("1000"));
    // Rounding up can be what there is no room for.
    let almost = "999999999999999999999999999.9";
    assert_eq!(billed(almost, None, Some((RoundUp, 0))), "1000000000000000000000000000");
    let tenfold = Some((Multiply, "10.00000000000000000000000001"));
    assert_eq!(billed(almost, tenfold, Some((RoundUp, 0))), refused(almost));
}

/// A number of so many digits that sums of products of three fit into 128 bits.
fn decimal() -> impl Strategy<Value = (u64, u32)> {
    (0_u64..1_000_000_000, 0_u32..=6)
}

fn as_amount((digits, behind): (u64, u32)) -> Amount {
    amount(&format!("{digits}e-{behind}"))
}

/// The billed quantity in units of its last decimal place.
fn units(billed: Amount, places: u32) -> i128 {
    let text = billed.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= places as usize, "{text} has more than {places} places");
    format!("{whole}{fraction:0<places$}", places = places as usize).parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// On fractions of whole numbers: the exact quantity is `above / below` units of the last decimal place.
    #[test]
    fn rounding_is_that_of_the_exact_quantity(
        raw in decimal(),
        factor in decimal().prop_filter("more than 0", |(digits, _)| *digits > 0),
        operation in prop::sample::select(vec![Multiply, Divide]),
        method in prop::sample::select(vec![RoundUp, RoundDown, RoundHalfUp]),
        places in 0_u32..=6,
    ) {
        let state = shared_state();
        let mut state = state.clone();
        state.quantity_conversion =
            Some(QuantityConversion { conversion_factor: as_amount(factor), operation, name: None });
        state.quantity_rounding = Some(QuantityRounding { rounding_method: method, decimal_places: places });
        let billed = units(billed_quantity(&state, as_amount(raw)).unwrap(), places);

        let ten = |power: u32| 10_i128.pow(power);
        let (a, b) = (i128::from(raw.0), i128::from(factor.0));
        let (above, below) = match operation {
            Multiply => (a * b * ten(places), ten(raw.1 + factor.1)),
            Divide => (a * ten(factor.1 + places), b * ten(raw.1)),
        };
        let expected = match method {
            RoundUp => (above + below - 1) / below,
            RoundDown => above / below,
            RoundHalfUp => (2 * above + below) / (2 * below),
        };
        prop_assert_eq!(billed, expected);
    }

    /// Without rounding, what fits is exact: going back gives what was measured.
    #[test]
    fn a_conversion_that_comes_out_even_is_exact(raw in decimal(), factor in decimal()) {
        prop_assume!(factor.0 > 0);
        let mut state = shared_state().clone();
        let conversion = |operation| Some(QuantityConversion { conversion_factor: as_amount(factor), operation, name: None });
        state.quantity_conversion = conversion(Multiply);
        let there = billed_quantity(&state, as_amount(raw)).unwrap();
        state.quantity_conversion = conversion(Divide);
        prop_assert_eq!(billed_quantity(&state, there).unwrap(), as_amount(raw));
    }

    /// No amount, however long, makes it panic; what is billed has up to 28 digits and reads back.
    #[test]
    fn any_amounts_are_billed_or_refused(
        raw in "[0-9]{1,14}(\\.[0-9]{1,14})?",
        factor in "[0-9]{1,20}\\.[0-9]{1,8}",
        operation in prop::sample::select(vec![Multiply, Divide]),
        rounding in prop::option::of((prop::sample::select(vec![RoundUp, RoundDown, RoundHalfUp]), 0_u32..40)),
    ) {
        prop_assume!(amount(&factor) > Amount::ZERO);
        let mut state = shared_state().clone();
        state.quantity_conversion =
            Some(QuantityConversion { conversion_factor: amount(&factor), operation, name: None });
        state.quantity_rounding = rounding
            .map(|(rounding_method, decimal_places)| QuantityRounding { rounding_method, decimal_places });
        if let Ok(billed) = billed_quantity(&state, amount(&raw)) {
            prop_assert_eq!(billed.to_string().parse::<Amount>(), Ok(billed));
        }
    }
}

/// The state of a product without conversion and rounding, made once.
fn shared_state() -> &'static ProductState {
    static STATE: std::sync::OnceLock<ProductState> = std::sync::OnceLock::new();
    STATE.get_or_init(|| product(None, None))
}
