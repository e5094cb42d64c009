//! Recurring schedules as their dated items. Source: DESIGN's decisions, because the vendor's API says nothing of
//! the arithmetic.

use super::calendar::Cycle;
use crate::id::CreditTypeId;
use crate::model::credit_type::CreditType;
use crate::model::scalar::Amount;
use crate::model::schedule::{
    AmountDistribution, CreateInvoiceItem, MAX_SCHEDULE_ITEMS, Price, RecurringSchedule,
};

/// How many dates a recurring schedule has.
pub fn date_count(schedule: &RecurringSchedule) -> usize {
    cycle(schedule).count_before(schedule.ending_before)
}

/// The dated items of a recurring schedule, the first [`MAX_SCHEDULE_ITEMS`] of them: there are no more in one that
/// has no faults.
///
/// EACH keeps the unit price and the quantity on every date. The others split their product, and say on every date
/// that date's part once: a part of the price would seldom be exact for each of the quantity.
pub fn items(schedule: &RecurringSchedule, credit_type: CreditTypeId) -> Vec<CreateInvoiceItem> {
    let dates: Vec<_> = cycle(schedule).before(schedule.ending_before).take(MAX_SCHEDULE_ITEMS).collect();
    let Some(last) = dates.len().checked_sub(1) else { return Vec::new() };
    let (price, last_price) = prices(schedule, dates.len(), credit_type);
    let priced = dates.into_iter().enumerate();
    priced
        .map(|(place, timestamp)| CreateInvoiceItem {
            timestamp,
            price: if place == last { last_price } else { price },
        })
        .collect()
}

fn cycle(schedule: &RecurringSchedule) -> Cycle {
    Cycle::new(schedule.starting_at, schedule.frequency)
}

/// The price of every date, and that of the last one.
fn prices(schedule: &RecurringSchedule, dates: usize, credit_type: CreditTypeId) -> (Price, Price) {
    let whole = schedule.price;
    let places = match schedule.amount_distribution {
        AmountDistribution::Each => return (whole, whole),
        AmountDistribution::Divided => MAX_PLACES,
        AmountDistribution::DividedRounded => CreditType::decimal_places(credit_type),
    };
    let parts = whole.amount().and_then(|amount| split(amount, dates, places));
    parts.map_or((whole, whole), |(part, last)| (part.into(), last.into()))
}

/// The most digits behind an amount's point.
const MAX_PLACES: u32 = 28;

/// An amount in so many parts: what every part is, and what the last one is. All together are the amount exactly.
///
/// A part has as many places behind its point as are wanted, or as many as leave all parts exact in 28 digits; what
/// does not come out even goes on the last part, which is of the same sign. `None` for no parts.
fn split(whole: Amount, parts: usize, places: u32) -> Option<(Amount, Amount)> {
    let scale = whole.decimal().scale();
    // With no more places than the whole itself has, every part has room.
    let tried = (scale.min(places)..=places).rev();
    tried.into_iter().find_map(|places| split_at(whole, i128::try_from(parts).ok()?, places))
}

/// The parts with that many places; `None` where they have no room.
fn split_at(whole: Amount, parts: i128, places: u32) -> Option<(Amount, Amount)> {
    let (mantissa, scale) = (whole.decimal().mantissa(), whole.decimal().scale());
    let finest = scale.max(places);
    let mantissa = mantissa.checked_mul(10_i128.checked_pow(finest - scale)?)?;
    let unit = 10_i128.checked_pow(finest - places)?;
    let part = mantissa.checked_div(parts.checked_mul(unit)?)?;
    let last = mantissa - part * unit * (parts - 1);
    Some((Amount::scaled(part, places)?, Amount::scaled(last, finest)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scalar::Time;
    use crate::model::schedule::ScheduleFrequency;
    use proptest::prelude::*;
    use std::time::Duration;

    use AmountDistribution::{Divided, DividedRounded, Each};
    use ScheduleFrequency::{Annual, Monthly, Quarterly, SemiAnnual, Weekly};

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn schedule(
        (start, end): (&str, &str),
        frequency: ScheduleFrequency,
        distribution: AmountDistribution,
        price: Price,
    ) -> RecurringSchedule {
        RecurringSchedule {
            starting_at: time(&format!("{start}T00:00:00Z")),
            ending_before: time(&format!("{end}T00:00:00Z")),
            frequency,
            price,
            amount_distribution: distribution,
        }
    }

    fn dated(schedule: &RecurringSchedule, credit_type: CreditTypeId) -> Vec<(String, String)> {
        let items = items(schedule, credit_type);
        let text = |item: &CreateInvoiceItem| {
            (item.timestamp.to_string()[..10].to_owned(), item.price.amount().unwrap().to_string())
        };
        items.iter().map(text).collect()
    }

    fn amounts(schedule: &RecurringSchedule, credit_type: CreditTypeId) -> Vec<String> {
        dated(schedule, credit_type).into_iter().map(|(_, amount)| amount).collect()
    }

    #[test]
    fn the_platform_charge_of_the_seed_is_charged_each_quarter() {
        let price = Price { unit_price: 100_000.into(), quantity: 1.into() };
        let platform = schedule(("2024-11-01", "2025-11-01"), Quarterly, Each, price);
        let expected = ["2024-11-01", "2025-02-01", "2025-05-01", "2025-08-01"];
        let expected: Vec<_> = expected.map(|day| (day.to_owned(), "100000".to_owned())).into();
        assert_eq!(dated(&platform, CreditType::USD_CENTS), expected);
        assert!(items(&platform, CreditType::USD_CENTS).iter().all(|item| item.price == price));
    }

    #[test]
    fn each_keeps_the_quantity_and_the_divided_ones_give_a_part_once() {
        let price = Price { unit_price: 30.into(), quantity: 4.into() };
        let each = schedule(("2025-01-31", "2025-04-01"), Monthly, Each, price);
        assert!(items(&each, CreditType::EUR).iter().all(|item| item.price == price));
        let divided = RecurringSchedule { amount_distribution: Divided, ..each };
        let once = Price::from(Amount::from(40));
        assert!(items(&divided, CreditType::EUR).iter().all(|item| item.price == once));
        let days: Vec<_> = dated(&divided, CreditType::EUR).into_iter().map(|(day, _)| day).collect();
        assert_eq!(days, ["2025-01-31", "2025-02-28", "2025-03-31"]);
    }

    #[test]
    fn what_does_not_come_out_even_goes_on_the_last() {
        let year = ("2024-02-29", "2025-02-28");
        let thirds = schedule(("2025-01-01", "2025-04-01"), Monthly, Divided, Amount::from(100).into());
        let exact = [
            "33.33333333333333333333333333",
            "33.33333333333333333333333333",
            "33.33333333333333333333333334",
        ];
        assert_eq!(amounts(&thirds, CreditType::USD_CENTS), exact);
        let rounded = RecurringSchedule { amount_distribution: DividedRounded, ..thirds };
        assert_eq!(amounts(&rounded, CreditType::USD_CENTS), ["33", "33", "34"]);
        assert_eq!(amounts(&rounded, CreditType::EUR), ["33.33", "33.33", "33.34"]);
        let less = RecurringSchedule { price: Amount::from(-100).into(), ..rounded };
        assert_eq!(amounts(&less, CreditType::USD_CENTS), ["-33", "-33", "-34"]);
        let finer = RecurringSchedule { price: amount("100.005").into(), ..rounded };
        assert_eq!(amounts(&finer, CreditType::USD_CENTS), ["33", "33", "34.005"]);
        let halves = schedule(year, SemiAnnual, DividedRounded, Amount::from(1).into());
        assert_eq!(amounts(&halves, CreditType::USD_CENTS), ["0", "1"]);
        // The end of the last year is the leap day's own day of a common year: one date, and all of it.
        assert_eq!(amounts(&schedule(year, Annual, Divided, Amount::from(7).into()), CreditType::EUR), ["7"]);
        let weekly = schedule(("2025-01-01", "2025-01-15"), Weekly, Divided, Amount::from(7).into());
        assert_eq!(amounts(&weekly, CreditType::EUR), ["3.5", "3.5"]);
    }

    #[test]
    fn parts_have_fewer_places_where_the_last_one_would_have_no_room() {
        let split = |whole: &str, parts, places| {
            let (part, last) = split(amount(whole), parts, places).unwrap();
            (part.to_string(), last.to_string())
        };
        // With 27 places the last part would be 10.000000000000000000000000002, which has 29 digits.
        let (part, last) = split("69.99999999999999999999999999", 7, 28);
        assert_eq!(part, "9.99999999999999999999999999");
        assert_eq!(last, "10.00000000000000000000000005");
        let (part, last) = split("9999999999999999999999999999", 2, 2);
        assert_eq!(
            (part.as_str(), last.as_str()),
            ("4999999999999999999999999999", "5000000000000000000000000000")
        );
    }

    fn any_amount() -> impl Strategy<Value = Amount> {
        (1..=28_u32, any::<i128>(), 0..=28_u32)
            .prop_map(|(digits, any, places)| Amount::scaled(any % 10_i128.pow(digits), places).unwrap())
    }

    fn any_schedule() -> impl Strategy<Value = RecurringSchedule> {
        let frequency = prop::sample::select(vec![Monthly, Quarterly, SemiAnnual, Annual, Weekly]);
        let distribution = prop::sample::select(vec![Each, Divided, DividedRounded]);
        (0..50_000_u64, 1..6_000_u64, frequency, distribution, any_amount()).prop_map(
            |(start, days, frequency, amount_distribution, amount)| {
                let day = |days: u64| Time::UNIX_EPOCH.after(Duration::from_secs(days * 86_400));
                RecurringSchedule {
                    starting_at: day(start),
                    ending_before: day(start + days),
                    frequency,
                    price: amount.into(),
                    amount_distribution,
                }
            },
        )
    }

    /// Year, month and day of a number of days since 1970, by going through them one by one.
    fn civil(mut day: u64) -> (u64, u64, u64) {
        let (mut year, mut month) = (1970, 1);
        while day >= month_length(year, month) {
            day -= month_length(year, month);
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        }
        (year, month, day + 1)
    }

    fn month_length(year: u64, month: u64) -> u64 {
        match month {
            4 | 6 | 9 | 11 => 30,
            2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
            2 => 28,
            _ => 31,
        }
    }

    /// The days since 1970 on which a schedule falls, found by looking at every day.
    fn days_by_force(start: u64, end: u64, frequency: ScheduleFrequency) -> Vec<u64> {
        let (first_year, first_month, first_day) = civil(start);
        let step = match frequency {
            Monthly => 1,
            Quarterly => 3,
            SemiAnnual => 6,
            Annual => 12,
            Weekly => return (start..end).filter(|day| (day - start).is_multiple_of(7)).collect(),
        };
        let falls_on = |day: &u64| {
            let (year, month, day) = civil(*day);
            let months = year * 12 + month - first_year * 12 - first_month;
            months.is_multiple_of(step) && day == first_day.min(month_length(year, month))
        };
        (start..end).filter(falls_on).collect()
    }

    proptest! {
        #[test]
        fn amounts_sum_to_the_whole_and_dates_go_on(schedule in any_schedule()) {
            let items = items(&schedule, CreditType::EUR);
            prop_assert_eq!(items.len(), date_count(&schedule));
            prop_assert_eq!(items[0].timestamp, schedule.starting_at);
            prop_assert!(items.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp));
            prop_assert!(items.iter().all(|item| item.timestamp < schedule.ending_before));
            let sum = Amount::sum(items.iter().map(|item| item.price.amount().unwrap()));
            let times = if schedule.amount_distribution == Each { items.len() as i64 } else { 1 };
            prop_assert_eq!(sum, schedule.price.amount().unwrap().times(times.into()));
        }

        #[test]
        fn parts_are_even_but_for_the_last(whole in any_amount(), parts in 1..=1_000_usize, places in 0..=28_u32) {
            let (part, last) = split(whole, parts, places).unwrap();
            let all = std::iter::repeat_n(part, parts - 1).chain([last]);
            prop_assert_eq!(Amount::sum(all), Some(whole));
            prop_assert!(part.decimal().scale() <= places);
            // The last is no smaller than the others, whatever the sign.
            prop_assert!(last.decimal().abs() >= part.decimal().abs() || parts == 1);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn dates_are_those_of_the_calendar(start in 0..30_000_u64, days in 1..2_000_u64, frequency in prop::sample::select(vec![Monthly, Quarterly, SemiAnnual, Annual, Weekly])) {
            let day = |days: u64| Time::UNIX_EPOCH.after(Duration::from_secs(days * 86_400));
            let schedule = RecurringSchedule {
                starting_at: day(start),
                ending_before: day(start + days),
                frequency,
                price: Amount::from(1).into(),
                amount_distribution: Each,
            };
            let dates: Vec<_> = items(&schedule, CreditType::EUR).iter().map(|item| item.timestamp).collect();
            let expected: Vec<_> = days_by_force(start, start + days, frequency).into_iter().map(day).collect();
            prop_assert_eq!(dates, expected);
        }
    }
}
