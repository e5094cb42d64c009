//! Numbers written out digit by digit, for what has to be calculated before it is rounded once.

use rust_decimal::Decimal;

use super::Amount;
use crate::model::product::RoundingMethod;

/// The most digits of an [`Amount`], and the most of them behind its point.
const MAX_DIGITS: i32 = 28;

/// A number of 0 or more, written out. It has room for what an amount has none for: a product of amounts in full, a
/// quotient as far as any rounding can need it.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// Its digits from the first on, which may be 0.
    digits: Vec<u8>,
    /// How many of them stand behind the point: 0 or more.
    behind: i32,
    /// Whether it goes on behind the last digit with something else than zeroes.
    more: bool,
}

impl Written {
    /// The number without its sign.
    pub(crate) fn of(number: Amount) -> Self {
        let (digits, behind) = parts(number);
        Self { digits, behind, more: false }
    }

    /// A whole number, and 28 digits behind the point as another one.
    pub(super) fn joined(whole: u128, fraction: u128) -> Self {
        let digits = format!("{whole}{fraction:028}").bytes().map(|digit| digit - b'0').collect();
        Self { digits, behind: MAX_DIGITS, more: false }
    }

    /// This number that many times, the sign aside. For numbers that do not go on.
    pub(crate) fn times(self, by: Amount) -> Self {
        let (b, behind) = parts(by);
        // As on paper, from the last digits on; the sums are carried in the end.
        let mut sums = vec![0_u32; self.digits.len() + b.len()];
        for (i, x) in self.digits.iter().rev().enumerate() {
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
        Self { digits, behind: self.behind + behind, more: self.more }
    }

    /// This number shared out, the sign aside; `None` by 0.
    pub(crate) fn over(mut self, divisor: Amount) -> Option<Self> {
        let behind = scale(divisor);
        let divisor = divisor.decimal().mantissa().unsigned_abs();
        // Behind the point as many digits as an amount has, and one more to see what is halfway.
        let further = usize::try_from(MAX_DIGITS + 1 + behind - self.behind).unwrap_or(0);
        self.digits.extend(std::iter::repeat_n(0, further));
        let mut rest: u128 = 0;
        for digit in &mut self.digits {
            // The rest is smaller than the divisor, which has up to 28 digits.
            let part = rest * 10 + u128::from(*digit);
            *digit = last_digit(part.checked_div(divisor)?);
            rest = part % divisor;
        }
        self.behind += i32::try_from(further).ok()? - behind;
        self.more |= rest != 0;
        Some(self)
    }

    /// The amount that it is, if it is one exactly.
    pub(crate) fn exact(mut self) -> Option<Amount> {
        while self.behind > 0 && self.digits.last() == Some(&0) {
            self.digits.pop();
            self.behind -= 1;
        }
        self.trim();
        if self.digits.is_empty() {
            return (!self.more).then_some(Amount::ZERO);
        }
        let fits = !self.more && i32::try_from(self.digits.len()).is_ok_and(|digits| digits <= MAX_DIGITS);
        let scale = u32::try_from(self.behind).ok().filter(|_| fits)?;
        Decimal::try_from_i128_with_scale(self.mantissa(), scale).ok().map(Amount::of)
    }

    /// Rounded to that many decimal places, or to as many as there is room for. `None` where there is no room for
    /// what stands before the point.
    pub(crate) fn rounded(mut self, places: i32, method: Option<RoundingMethod>) -> Option<Amount> {
        self.trim();
        let before = i32::try_from(self.digits.len()).ok()? - self.behind;
        let places = places.min(MAX_DIGITS).min(MAX_DIGITS - before.max(0));
        if places < 0 {
            return None;
        }
        let cut = self.cut_to(places);
        let kept = self.mantissa();
        let odd = kept % 2 != 0;
        let kept = if cut.goes_up(method, odd) { kept + 1 } else { kept };
        let scale = u32::try_from(self.behind).ok()?;
        let number = Amount::of(Decimal::try_from_i128_with_scale(kept, scale).ok()?);
        // Going up may have made a digit more.
        (number.decimal().mantissa() < 10_i128.pow(MAX_DIGITS.unsigned_abs())).then_some(number)
    }

    /// Rounded to a power of ten: 2 rounds to hundreds. `None` where there is no room for it.
    pub(crate) fn rounded_to_power(mut self, power: u32, method: RoundingMethod) -> Option<Amount> {
        self.behind += i32::try_from(power).ok()?;
        let units = Self::of(self.rounded(0, Some(method))?);
        units.times(Amount::from(10_i64.checked_pow(power)?)).exact()
    }

    /// Drops the zeroes in front.
    fn trim(&mut self) {
        let zeroes = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeroes);
    }

    /// The digits as a whole number: for no more of them than an amount has.
    fn mantissa(&self) -> i128 {
        self.digits.iter().fold(0, |number, digit| number * 10 + i128::from(*digit))
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
