//! What is left of a commit or credit when its contract is renewed.

use crate::entity::{ContractId, EntityRef};
use crate::id::ScheduleItemId;
use crate::model::balance::{Balance, BalanceTerms};
use crate::model::scalar::{Amount, Time, Written};
use crate::model::schedule::{AccessItem, AccessSchedule};

/// What a commit or credit, as it was before its contract was ended, becomes in the contract that goes on from it
/// at `at`. `from` is that commit or credit, and the contract it is of. `None` where nothing is left: it is
/// archived, rolls nothing over, or had no segment that began before `at` and ends there or later.
///
/// Each such segment becomes one in the new contract: its rollover fraction of the amount. No usage is metered
/// here, so all of the amount counts as unused. The fraction of an amount is exact where it has up to 28 digits,
/// up to 28 of them behind the point; else it is rounded to them, and what is halfway goes to the even digit.
///
/// The new segments begin at `at` and end with the new contract. Where that has no end they last as long as the
/// longest of the old ones did. Nobody is charged for them; the type and the terms stay, so that it is known what
/// it was and drawn from as before. The rollover fraction alone goes: what was left of what was left is given up.
pub fn rollover(
    before: &Balance,
    from: (EntityRef, ContractId),
    at: Time,
    new_end: Option<Time>,
    new_id: &mut impl FnMut() -> ScheduleItemId,
    now: Time,
    by: Option<String>,
) -> Option<Balance> {
    let fraction = before.terms.rollover_fraction?;
    if before.archived_at.is_some() {
        return None;
    }
    let segments = &before.access_schedule.schedule_items;
    let left = segments.iter().filter(|item| item.starting_at < at && at <= item.ending_before);
    let longest = left.clone().map(|item| item.ending_before.since(item.starting_at)).max()?;
    let ending_before = new_end.unwrap_or_else(|| at.after(longest));
    let of = |item: &AccessItem| Written::of(item.amount).times(fraction).rounded(i32::MAX, None);
    let amounts = left.filter_map(of).filter(|left| *left > Amount::ZERO);
    let schedule_items: Vec<_> =
        amounts.map(|amount| AccessItem { id: new_id(), amount, starting_at: at, ending_before }).collect();
    let credit_type_id = before.access_schedule.credit_type_id;
    (!schedule_items.is_empty()).then(|| Balance {
        terms: BalanceTerms { rollover_fraction: None, ..before.terms.clone() },
        access_schedule: AccessSchedule { credit_type_id, schedule_items },
        invoice_schedule: None,
        rolled_over_from: Some(from),
        created_at: now,
        created_by: by,
        ..before.clone()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use uuid::Uuid;

    use super::super::sample::{charge, day, ids, made, made_credit, postpaid, segment, year};
    use super::*;
    use crate::entity::CommitId;
    use crate::model::balance::CommitType;

    fn rolled(before: &Balance, at: &str, new_end: Option<&str>) -> Option<Balance> {
        let from = (CommitId::from(Uuid::from_u128(5)).into(), Uuid::from_u128(6).into());
        let by = Some("ada".to_owned());
        rollover(before, from, day(at), new_end.map(day), &mut ids(), day("2025-12-01"), by)
    }

    fn with(fraction: &str, mut balance: Balance) -> Balance {
        balance.terms.rollover_fraction = Some(fraction.parse().unwrap());
        balance
    }

    #[test]
    fn the_fraction_of_what_was_given_goes_on_until_the_new_end() {
        let commit = with("0.25", made(&postpaid(year(100), [charge(100, "2026-01-01")])));
        let after = rolled(&commit, "2026-01-01", Some("2027-01-01")).unwrap();
        let [item] = &after.access_schedule.schedule_items[..] else { panic!("{after:?}") };
        assert_eq!(
            (item.amount, item.starting_at, item.ending_before),
            (25.into(), day("2026-01-01"), day("2027-01-01"))
        );
        assert_eq!((after.commit_type, &after.invoice_schedule), (Some(CommitType::Postpaid), &None));
        assert_eq!(after.terms, BalanceTerms { rollover_fraction: None, ..commit.terms.clone() });
        assert_eq!((after.created_at, after.created_by.as_deref()), (day("2025-12-01"), Some("ada")));
        assert!(after.rolled_over_from.is_some());
        assert_eq!(rolled(&after, "2027-01-01", None), None);
    }

    #[test]
    fn without_a_new_end_it_lasts_as_long_as_the_longest_did() {
        let items = [segment(40, "2025-01-01", "2025-03-01"), segment(60, "2025-02-01", "2025-06-01")];
        let after = rolled(&with("0.5", made_credit(items.into())), "2025-02-10", None).unwrap();
        let segments = &after.access_schedule.schedule_items;
        assert_eq!(segments.iter().map(|item| item.amount).collect::<Vec<_>>(), [20.into(), 30.into()]);
        // 120 days after 10 February.
        assert!(segments.iter().all(|item| item.ending_before == day("2025-06-10")));
        assert_ne!(segments[0].id, segments[1].id);
        assert_eq!(after.commit_type, None);
    }

    #[test]
    fn segments_that_are_over_or_to_come_stay_behind() {
        let items = [
            segment(1, "2025-01-01", "2025-02-01"),
            segment(2, "2025-01-01", "2025-02-02"),
            segment(4, "2025-02-01", "2025-03-01"),
            segment(8, "2025-02-02", "2025-03-01"),
        ];
        let amounts = |at: &str| {
            let after = rolled(&with("1", made_credit(items.into())), at, None)?;
            Some(after.access_schedule.schedule_items.iter().map(|item| item.amount).collect::<Vec<_>>())
        };
        assert_eq!(amounts("2025-02-02"), Some(vec![2.into(), 4.into()]));
        assert_eq!(amounts("2025-02-01"), Some(vec![1.into(), 2.into()]));
        assert_eq!(amounts("2025-01-01"), None);
        assert_eq!(amounts("2025-03-02"), None);
    }

    #[test]
    fn nothing_is_left_without_a_fraction_an_amount_or_of_an_archived_one() {
        assert_eq!(rolled(&made_credit(year(100)), "2026-01-01", None), None);
        assert_eq!(rolled(&with("0", made_credit(year(100))), "2026-01-01", None), None);
        assert_eq!(rolled(&with("1", made_credit(year(0))), "2026-01-01", None), None);
        let archived = Balance { archived_at: Some(day("2025-02-01")), ..with("1", made_credit(year(1))) };
        assert_eq!(rolled(&archived, "2026-01-01", None), None);
    }

    #[test]
    fn what_has_no_room_goes_to_the_even_digit() {
        let whole = |amount: &str, fraction: &str| {
            let amount: Amount = amount.parse().unwrap();
            let after = rolled(&with(fraction, made_credit(year(amount))), "2026-01-01", None)?;
            Some(after.access_schedule.schedule_items[0].amount.to_string())
        };
        let (odd, even) = ("1000000000000000000000000003", "1000000000000000000000000001");
        assert_eq!(whole(odd, "0.5").as_deref(), Some("500000000000000000000000001.5"));
        assert_eq!(whole(even, "0.25").as_deref(), Some("250000000000000000000000000.2"));
        assert_eq!(whole(odd, "0.25").as_deref(), Some("250000000000000000000000000.8"));
        assert_eq!(whole("0.0000000000000000000000000001", "0.5"), None);
    }

    proptest! {
        #[test]
        fn the_fraction_is_exact_where_there_is_room_and_never_more_than_the_whole(
            amount in 0_i64..=999_999_999_999, places in 0_u32..=6, fraction in 0_u32..=10_000,
        ) {
            let number = |mantissa, places| Decimal::new(mantissa, places);
            let (amount, fraction) = (number(amount, places), number(fraction.into(), 4));
            let balance = with(&fraction.to_string(), made_credit(year(Amount::of(amount))));
            let after = rolled(&balance, "2026-01-01", None);
            let left = after.map_or(Amount::ZERO, |after| after.access_schedule.schedule_items[0].amount);
            prop_assert_eq!(left, Amount::of(amount * fraction));
            prop_assert!(left <= Amount::of(amount));
        }
    }
}
