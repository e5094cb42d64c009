//! What commits, scheduled charges, discounts and professional services charge in a window of time.

use std::ops::Range;

use super::Term;
use crate::entity::{CommitId, ContractProductId, DiscountId, ProfessionalServiceId, ScheduledChargeId};
use crate::id::ScheduleItemId;
use crate::model::balance::Balance;
use crate::model::charge_line::{DatedCharge, LineSource};
use crate::model::credit_type::CreditType;
use crate::model::scalar::Time;
use crate::model::schedule::{InvoiceItem, InvoiceSchedule, Price};
use crate::model::scheduled_charge::{ProfessionalService, ScheduledCharge};

/// What a commit of a contract or a customer charges. A postpaid one charges all of it: no usage is metered that would
/// have been drawn from it.
pub fn commit(id: CommitId, commit: &Balance, window: &Range<Time>) -> Vec<DatedCharge> {
    let Some(schedule) = commit.invoice_schedule.as_ref().filter(|_| commit.archived_at.is_none()) else {
        return Vec::new();
    };
    let terms = &commit.terms;
    let mut charges = scheduled(schedule, terms.product_id, terms.name.as_deref(), window, |item| {
        LineSource::Commit { id, item }
    });
    for charge in &mut charges {
        charge.commit_type = commit.commit_type;
    }
    charges
}

/// What a scheduled charge charges.
pub fn scheduled_charge(
    id: ScheduledChargeId,
    charge: &ScheduledCharge,
    window: &Range<Time>,
) -> Vec<DatedCharge> {
    of_charge(charge, window, |item| LineSource::ScheduledCharge { id, item })
}

/// What a discount takes off: its prices are negative by themselves.
pub fn discount(id: DiscountId, discount: &ScheduledCharge, window: &Range<Time>) -> Vec<DatedCharge> {
    of_charge(discount, window, |item| LineSource::Discount { id, item })
}

fn of_charge(
    charge: &ScheduledCharge,
    window: &Range<Time>,
    source: impl Fn(ScheduleItemId) -> LineSource,
) -> Vec<DatedCharge> {
    if charge.archived_at.is_some() {
        return Vec::new();
    }
    scheduled(&charge.schedule, charge.product_id, charge.name.as_deref(), window, source)
}

/// The items of a schedule in a window, by time; none where nothing is to be invoiced for it.
fn scheduled(
    schedule: &InvoiceSchedule,
    product_id: ContractProductId,
    name: Option<&str>,
    window: &Range<Time>,
    source: impl Fn(ScheduleItemId) -> LineSource,
) -> Vec<DatedCharge> {
    if schedule.do_not_invoice {
        return Vec::new();
    }
    let items = schedule.schedule_items.iter().filter(|item| window.contains(&item.timestamp));
    let charge = |item: &InvoiceItem| DatedCharge {
        name: name.map(str::to_owned),
        ..DatedCharge::new(source(item.id), product_id, item.timestamp, schedule.credit_type_id, item.price)
    };
    let mut charges: Vec<_> = items.map(charge).collect();
    charges.sort_by_key(|charge| (charge.at, charge.source));
    charges
}

/// What a professional service charges: once, when its contract starts, and no more than its most. It is in US
/// dollars, as schedules are where nothing is said.
pub fn professional_service(
    id: ProfessionalServiceId,
    service: &ProfessionalService,
    term: &Term,
    window: &Range<Time>,
) -> Vec<DatedCharge> {
    if !window.contains(&term.starting_at) {
        return Vec::new();
    }
    let price = Price { unit_price: service.unit_price, quantity: service.quantity };
    let source = LineSource::ProfessionalService { id };
    let charge = DatedCharge::new(source, service.product_id, term.starting_at, CreditType::USD_CENTS, price);
    vec![DatedCharge { total: charge.total.min(service.max_amount), ..charge }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::balance::{BalanceTerms, CommitType};
    use crate::model::rate::BillingFrequency;
    use crate::model::schedule::AccessSchedule;
    use crate::model::statement::StatementSchedule;
    use proptest::prelude::*;
    use std::time::Duration;
    use uuid::Uuid;

    fn day(text: &str) -> Time {
        format!("2025-{text}T00:00:00Z").parse().unwrap()
    }

    fn product() -> ContractProductId {
        Uuid::from_u128(1).into()
    }

    /// Items with ids 0, 1, 2, ...
    fn schedule(items: &[(Time, Price)]) -> InvoiceSchedule {
        let item = |(n, &(timestamp, price)): (u128, &(Time, Price))| InvoiceItem {
            id: Uuid::from_u128(n).into(),
            timestamp,
            price,
        };
        InvoiceSchedule {
            credit_type_id: CreditType::EUR,
            schedule_items: (0..).zip(items).map(item).collect(),
            do_not_invoice: false,
        }
    }

    fn seats(unit_price: i64, quantity: i64) -> Price {
        Price { unit_price: unit_price.into(), quantity: quantity.into() }
    }

    fn balance(commit_type: CommitType, items: &[(Time, Price)]) -> Balance {
        Balance {
            terms: BalanceTerms { name: Some("Half a year".into()), ..BalanceTerms::new(product()) },
            commit_type: Some(commit_type),
            access_schedule: AccessSchedule { credit_type_id: CreditType::EUR, schedule_items: Vec::new() },
            invoice_schedule: Some(schedule(items)),
            counts_as_discounted: None,
            payment_gate: None,
            rolled_over_from: None,
            created_at: day("01-01"),
            created_by: None,
            archived_at: None,
        }
    }

    fn charge(items: &[(Time, Price)]) -> ScheduledCharge {
        ScheduledCharge {
            product_id: product(),
            name: None,
            schedule: schedule(items),
            netsuite_sales_order_id: None,
            created_at: day("01-01"),
            archived_at: None,
        }
    }

    fn term() -> Term {
        Term {
            starting_at: day("01-01"),
            ending_before: None,
            statements: StatementSchedule {
                frequency: BillingFrequency::Monthly,
                billing_anchor_date: day("01-01"),
                invoice_generation_starting_at: None,
            },
        }
    }

    #[test]
    fn a_schedule_charges_its_items_in_the_window_by_time() {
        let id = Uuid::from_u128(9).into();
        let items = [
            (day("06-01"), seats(500, 3)),
            (day("01-01"), seats(0, 1)),
            (day("06-30"), seats(1, 1)),
            (day("07-01"), seats(1, 1)),
        ];
        let prepaid = balance(CommitType::Prepaid, &items);
        let found = commit(id, &prepaid, &(day("01-01")..day("06-30")));
        let told: Vec<_> = found.iter().map(|charge| (charge.at, charge.total)).collect();
        assert_eq!(told, [(day("01-01"), 0.into()), (day("06-01"), 1_500.into())]);
        let [.., june] = &found[..] else { panic!("{found:?}") };
        let item = Uuid::from_u128(0).into();
        let expected = DatedCharge {
            name: Some("Half a year".into()),
            commit_type: Some(CommitType::Prepaid),
            ..DatedCharge::new(
                LineSource::Commit { id, item },
                product(),
                day("06-01"),
                CreditType::EUR,
                seats(500, 3),
            )
        };
        assert_eq!(june, &expected);
    }

    #[test]
    fn all_of_a_postpaid_commit_is_charged_at_its_date() {
        let postpaid = balance(CommitType::Postpaid, &[(day("12-31"), seats(100_000, 1))]);
        let found = commit(Uuid::from_u128(9).into(), &postpaid, &(day("01-01")..Time::LAST));
        assert_eq!((found[0].total, found[0].commit_type), (100_000.into(), Some(CommitType::Postpaid)));
    }

    #[test]
    fn what_is_archived_free_or_not_to_be_invoiced_charges_nothing() {
        let ever = Time::FIRST..Time::LAST;
        let items = [(day("06-01"), seats(500, 3))];
        let id = Uuid::from_u128(9).into();
        let good = balance(CommitType::Prepaid, &items);
        assert_eq!(commit(id, &good, &ever).len(), 1);
        let archived = Balance { archived_at: Some(day("12-01")), ..good.clone() };
        let unsaid = InvoiceSchedule { do_not_invoice: true, ..schedule(&items) };
        let unsaid = Balance { invoice_schedule: Some(unsaid), ..good.clone() };
        let free = Balance { invoice_schedule: None, ..good };
        for balance in [archived, unsaid, free] {
            assert!(commit(id, &balance, &ever).is_empty(), "{balance:?}");
        }
        let archived = ScheduledCharge { archived_at: Some(day("12-01")), ..charge(&items) };
        assert_eq!(scheduled_charge(Uuid::from_u128(9).into(), &charge(&items), &ever).len(), 1);
        assert!(scheduled_charge(Uuid::from_u128(9).into(), &archived, &ever).is_empty());
    }

    #[test]
    fn a_discount_takes_off_what_its_price_says() {
        let id = Uuid::from_u128(9).into();
        let found = discount(id, &charge(&[(day("06-01"), seats(-500, 3))]), &(day("06-01")..day("06-02")));
        assert_eq!(found[0].total, (-1_500).into());
        assert_eq!(found[0].source, LineSource::Discount { id, item: Uuid::from_u128(0).into() });
    }

    #[test]
    fn a_professional_service_is_charged_when_its_contract_starts_and_no_more_than_its_most() {
        let charged = |unit_price: &str, quantity: &str, most: i64| {
            let service = ProfessionalService {
                product_id: product(),
                description: None,
                unit_price: unit_price.parse().unwrap(),
                quantity: quantity.parse().unwrap(),
                max_amount: most.into(),
                netsuite_sales_order_id: None,
            };
            let told = |from, to| {
                let found = professional_service(Uuid::from_u128(9).into(), &service, &term(), &(from..to));
                found.iter().map(|charge| charge.total.to_string()).collect::<Vec<_>>()
            };
            assert!(told(day("01-02"), Time::LAST).is_empty() && told(Time::FIRST, day("01-01")).is_empty());
            told(day("01-01"), day("01-02"))
        };
        assert_eq!(charged("100", "3", 1_000), ["300"]);
        assert_eq!(charged("100", "30", 1_000), ["1000"]);
        let nines = "9".repeat(28);
        assert_eq!(charged(&nines, &nines, 1_000), ["1000"]);
    }

    proptest! {
        #[test]
        fn windows_side_by_side_have_what_both_have_together(
            items in prop::collection::vec((0..100_u64, -9..9_i64), 0..20),
            mut cuts in prop::array::uniform3(0..110_u64),
        ) {
            let on = |days: u64| day("01-01").after(Duration::from_secs(days * 86_400));
            let items: Vec<_> = items.into_iter().map(|(at, price)| (on(at), seats(price, 2))).collect();
            cuts.sort_unstable();
            let [a, b, c] = cuts.map(on);
            let part = charge(&items);
            let told = |window: Range<Time>| scheduled_charge(Uuid::from_u128(9).into(), &part, &window);
            prop_assert_eq!(told(a..c), [told(a..b), told(b..c)].concat());
        }
    }
}
