//! From the quantity that a metric measured to the quantity that is billed: conversion and rounding, on exact
//! decimals.
//!
//! The converted quantity is written out digit by digit, as far as any rounding can need it, and rounded once.

use rust_decimal::Decimal;

use super::product::conversion_fault;
use crate::error::{Fault, FieldProblem, Result};
use crate::model::product::{ConversionOperation, ProductState, QuantityConversion, RoundingMethod};
use crate::model::scalar::Amount;

/// The most digits of a quantity, and the most of them behind its point: those of an [`Amount`].
const MAX_DIGITS: i32 = 28;

/// The quantity that is billed where the metric of a product measured `raw`: converted first, then rounded, as
/// the product says in that state.
///
/// The outcome is exact where it has up to 28 digits, up to 28 of them behind the point. Where it has more, such
/// as a third, it is rounded once: by the product's own method to its decimal places, or to as many as 28 digits
/// have room for; without a method to 28 digits, and what is halfway goes to the even digit. A product without
/// conversion and rounding bills what was measured. Source: the seed "Create a product".
///
/// ```
/// use billfold::prelude::*;
/// use billfold::billed_quantity;
///
/// let store = Store::in_memory()?;
/// let metric = store.create_billable_metric(CreateBillableMetric {
///     name: "Data transfer (MB)".into(),
///     aggregation_type: Some(Aggregation::Count),
///     ..Default::default()
/// })?;
/// let product = store.create_product(CreateProduct {
///     name: "Data transfer (GB)".into(),
///     billable_metric_id: Some(metric),
///     quantity_conversion: Some(QuantityConversion {
///         conversion_factor: 1_024.into(),
///         operation: ConversionOperation::Divide,
///         name: Some("MB to GB".into()),
///     }),
///     quantity_rounding: Some(QuantityRounding {
///         rounding_method: RoundingMethod::RoundUp,
///         decimal_places: 2,
///     }),
///     ..Default::default()
/// })?;
/// let billed = billed_quantity(&store.product(product)?.current, 1_500.into())?;
/// assert_eq!(billed.to_string(), "1.47");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// A refusal where `raw` is negative, where the outcome has more than 28 digits before its point, or where the
/// conversion's factor is not more than 0, which no stored product has.
pub fn billed_quantity(product: &ProductState, raw: Amount) -> Result<Amount> {
    if raw.is_negative() {
        let rule = "a quantity is 0 or more";
        return Err(FieldProblem::Value { value: raw.to_string(), rule }.at("quantity").into());
    }
    Fault::none_of(conversion_fault(product.quantity_conversion.as_ref()).into_iter().collect())?;
    let converted = match &product.quantity_conversion {
        Some(conversion) => convert(raw, conversion),
        None => Some(Written::of(raw)),
    };
    let rounding = product.quantity_rounding;
    let places = rounding.map_or(MAX_DIGITS, |to| to.decimal_places.try_into().unwrap_or(MAX_DIGITS));
    let billed =
        converted.and_then(|quantity| quantity.rounded(places, rounding.map(|to| to.rounding_method)));
    billed.ok_or_else(|| {
        let rule = "converted, it has more digits than the 28 there is room for";
        FieldProblem::Value { value: raw.to_string(), rule }.at("quantity").into()
    })
}

/// `None` for a division by 0.
fn convert(raw: Amount, conversion: &QuantityConversion) -> Option<Written> {
    let factor = conversion.conversion_factor;
    match conversion.operation {
        ConversionOperation::Multiply => Some(Written::product(raw, factor)),
        ConversionOperation::Divide => Written::quotient(raw, factor),
    }
}

/// The product of two numbers of 0 or more. It is exact where it has up to 28 digits; where it has more it is
/// rounded once, and what is halfway goes to the even digit. `None` where it has more than 28 before its point.
pub(crate) fn times(a: Amount, b: Amount) -> Option<Amount> {
    Written::product(a, b).rounded(MAX_DIGITS, None)
}

/// A number of 0 or more, written out.
struct Written {
    /// Its digits from the first on, which may be 0.
    digits: Vec<u8>,
    /// How many of them stand behind the point: 0 or more.
    behind: i32,
    /// Whether it goes on behind the last digit with something else than zeroes.
    more: bool,
}

impl Written {
    fn of(number: Amount) -> Self {
        let (digits, behind) = parts(number);
        Self { digits, behind, more: false }
    }

    fn product(a: Amount, b: Amount) -> Self {
        let ((a, behind_a), (b, behind_b)) = (parts(a), parts(b));
        // As on paper, from the last digits on; the sums are carried in the end.
        let mut sums = vec![0_u32; a.len() + b.len()];
        for (i, x) in a.iter().rev().enumerate() {
            for (sum, y) in sums.iter_mut().skip(i).zip(b.iter().rev()) {
                *sum += u32::from(*x) * u32::from(*y);
            }
        }
        let mut carried = 0;
        let mut digits: Vec<u8> = Vec::with_capacity(sums.len());
        for sum in sums {
            let whole = sum + carried;
            digits.push(last_digit(whole.into()));
            carried = whole / 10;
        }
        digits.reverse();
        Self { digits, behind: behind_a + behind_b, more: false }
    }

    fn quotient(a: Amount, b: Amount) -> Option<Self> {
        let (behind_a, behind_b) = (scale(a), scale(b));
        let divisor = b.decimal().mantissa().unsigned_abs();
        // Behind the point as many digits as an amount has, and one more to see what is halfway.
        let further = usize::try_from(MAX_DIGITS + 1 + behind_b - behind_a).unwrap_or(0);
        let (mut digits, _) = parts(a);
        digits.extend(std::iter::repeat_n(0, further));
        let mut rest: u128 = 0;
        for digit in &mut digits {
            // The rest is smaller than the divisor, which has up to 28 digits.
            let part = rest * 10 + u128::from(*digit);
            *digit = last_digit(part.checked_div(divisor)?);
            rest = part % divisor;
        }
        let behind = behind_a - behind_b + i32::try_from(further).ok()?;
        Some(Self { digits, behind, more: rest != 0 })
    }

    /// Rounded to that many decimal places, or to as many as there is room for. `None` where there is no room for
    /// what stands before the point.
    fn rounded(mut self, places: i32, method: Option<RoundingMethod>) -> Option<Amount> {
        let zeroes = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeroes);
        let before = i32::try_from(self.digits.len()).ok()? - self.behind;
        let places = places.min(MAX_DIGITS).min(MAX_DIGITS - before.max(0));
        if places < 0 {
            return None;
        }
        let cut = self.cut_to(places);
        let kept = self.digits.iter().fold(0_i128, |number, digit| number * 10 + i128::from(*digit));
        let odd = kept % 2 != 0;
        let kept = if cut.goes_up(method, odd) { kept + 1 } else { kept };
        let scale = u32::try_from(self.behind).ok()?;
        let number = Amount::of(Decimal::try_from_i128_with_scale(kept, scale).ok()?);
        // Going up may have made a digit more.
        (number.decimal().mantissa() < 10_i128.pow(MAX_DIGITS.unsigned_abs())).then_some(number)
    }

    /// Cuts off what stands behind that many decimal places, and says what it was.
    fn cut_to(&mut self, places: i32) -> Cut {
        let beyond = usize::try_from(self.behind - places).unwrap_or(0);
        // A number that begins further behind gets its zeroes.
        while self.digits.len() < beyond {
            self.digits.insert(0, 0);
        }
        let off = self.digits.split_off(self.digits.len() - beyond);
        self.behind = self.behind.min(places);
        let more = self.more || off.iter().skip(1).any(|digit| *digit != 0);
        Cut { first: off.first().copied().unwrap_or(0), more }
    }
}

/// What was cut off from a number.
struct Cut {
    first: u8,
    /// Whether there was anything but zeroes behind the first digit.
    more: bool,
}

impl Cut {
    /// Whether the last digit that is left becomes 1 more.
    const fn goes_up(&self, method: Option<RoundingMethod>, odd: bool) -> bool {
        match method {
            Some(RoundingMethod::RoundUp) => self.first > 0 || self.more,
            Some(RoundingMethod::RoundDown) => false,
            Some(RoundingMethod::RoundHalfUp) => self.first >= 5,
            None => self.first > 5 || (self.first == 5 && (self.more || odd)),
        }
    }
}

/// The digits of a number of 0 or more, and how many of them stand behind its point.
fn parts(number: Amount) -> (Vec<u8>, i32) {
    let mut rest = number.decimal().mantissa().unsigned_abs();
    let mut digits = Vec::new();
    while rest > 0 {
        digits.push(last_digit(rest));
        rest /= 10;
    }
    digits.reverse();
    (digits, scale(number))
}

fn scale(number: Amount) -> i32 {
    number.decimal().scale().try_into().unwrap_or(MAX_DIGITS)
}

fn last_digit(number: u128) -> u8 {
    u8::try_from(number % 10).unwrap_or_default()
}
