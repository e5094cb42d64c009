//! Invoices as they follow from a contract: what it charges and when, on which invoice that is, when the invoice is
//! final, and what its id is.
//!
//! Nothing here is stored or walked to: the charges of a window of time are worked out from the parts as they are,
//! and those of two windows side by side are those of both together.

pub mod due_count;
pub mod id;
mod part;
pub mod placement;
mod recurring;
mod subscription;
#[cfg(test)]
mod subscription_walk;

pub use part::{commit, discount, professional_service, scheduled_charge};
pub use recurring::recurring_commit;
pub use subscription::subscription;

use std::ops::Range;

use uuid::Uuid;

use crate::error::Result;
use crate::id::CreditTypeId;
use crate::model::charge_line::DatedCharge;
use crate::model::contract::{ContractOrigin, ContractPart};
use crate::model::scalar::{Amount, Time};
use crate::model::statement::StatementSchedule;

/// The time of a contract, and how its usage is invoiced.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    pub starting_at: Time,
    pub ending_before: Option<Time>,
    pub statements: StatementSchedule,
}

impl Term {
    /// That of a contract that ends then.
    pub fn of(origin: &ContractOrigin, ending_before: Option<Time>) -> Self {
        Self { starting_at: origin.starting_at, ending_before, statements: origin.usage_statement_schedule }
    }
}

/// What a part of a contract charges in a window of time, by time: nothing where it is archived, because what was due
/// before that is stored already.
///
/// `price` is what one of a subscription costs at a moment, and in what, where it is due at another; `None` where no
/// rate is in force then, or the contract is not entitled to it: nothing is charged there.
pub fn charges(
    id: Uuid,
    part: &ContractPart,
    term: &Term,
    window: &Range<Time>,
    price: &mut impl FnMut(Time, Time) -> Result<Option<(Amount, CreditTypeId)>>,
) -> Result<Vec<DatedCharge>> {
    Ok(match part {
        ContractPart::Commit(balance) => commit(id.into(), balance, window),
        ContractPart::RecurringCommit(recurring) => recurring_commit(id.into(), recurring, term, window),
        ContractPart::ScheduledCharge(charge) => scheduled_charge(id.into(), charge, window),
        ContractPart::Discount(charge) => discount(id.into(), charge, window),
        ContractPart::ProfessionalService(service) => professional_service(id.into(), service, term, window),
        ContractPart::Subscription(part) => subscription(id.into(), part, term, window, price)?,
        ContractPart::Terms(_)
        | ContractPart::Settings(_)
        | ContractPart::UsageFilter(_)
        | ContractPart::Credit(_)
        | ContractPart::RecurringCredit(_)
        | ContractPart::Override(_) => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::balance::BalanceTerms;
    use crate::model::charge_line::LineSource;
    use crate::model::contract::ContractTerms;
    use crate::model::credit_type::CreditType;
    use crate::model::rate::BillingFrequency;
    use crate::model::recurring::{Recurring, RecurringAmount, RecurringTerms};
    use crate::model::scheduled_charge::ProfessionalService;
    use crate::model::subscription::{CreateSubscription, SubscriptionTerms};
    use crate::rules::subscription::make;
    use placement::{Place, UsageInvoices};

    fn day(text: &str) -> Time {
        format!("2025-{text}T00:00:00Z").parse().unwrap()
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

    /// 75 dollars a month for what is worth as much.
    fn best_package() -> ContractPart {
        let amount = RecurringAmount {
            unit_price: 7_500.into(),
            quantity: Some(1.into()),
            credit_type_id: CreditType::USD_CENTS,
        };
        let terms = RecurringTerms::new(BalanceTerms::new(Uuid::from_u128(1).into()), amount, day("01-01"));
        ContractPart::RecurringCommit(Box::new(Recurring {
            terms: RecurringTerms { invoice_amount: Some(amount), ..terms },
            subscription_config: None,
            updates: Vec::new(),
            created_at: day("01-01"),
        }))
    }

    fn one_seat() -> ContractPart {
        let terms = SubscriptionTerms::new(Uuid::from_u128(2).into(), BillingFrequency::Monthly);
        let request = CreateSubscription::new(terms, 1);
        ContractPart::Subscription(Box::new(make(&request, day("01-01"), day("01-01"))))
    }

    fn charged(part: &ContractPart, window: Range<Time>) -> Vec<DatedCharge> {
        let mut price = |_, _| Ok(Some((900.into(), CreditType::USD_CENTS)));
        charges(Uuid::from_u128(7), part, &term(), &window, &mut price).unwrap()
    }

    #[test]
    fn the_first_75_dollars_stand_alone_and_the_next_with_the_usage_of_january() {
        let invoices = UsageInvoices::of(&term(), CreditType::USD_CENTS, true);
        let found = charged(&best_package(), day("01-01")..day("02-02"));
        let placed: Vec<_> = found
            .iter()
            .map(|charge| (invoices.place(charge, |_| Ok(false)).unwrap(), charge.total))
            .collect();
        let alone = Place::Scheduled { day: day("01-01"), credit_type_id: CreditType::USD_CENTS };
        let with_usage = Place::Usage { period: (day("01-01"), day("02-01")) };
        assert_eq!(placed, [(alone, 7_500.into()), (with_usage, 7_500.into())]);
    }

    #[test]
    fn every_kind_of_part_charges_for_itself_or_nothing() {
        let id = Uuid::from_u128(7);
        let january = || day("01-01")..day("01-02");
        let recurring = charged(&best_package(), january());
        assert_eq!(recurring[0].source, LineSource::RecurringCommit { id: id.into(), number: 0 });
        let (period, from) = (day("01-01"), day("01-01"));
        let seat = charged(&one_seat(), january());
        assert_eq!(seat[0].source, LineSource::Subscription { id: id.into(), period, from });
        let service = ContractPart::ProfessionalService(Box::new(ProfessionalService {
            product_id: Uuid::from_u128(3).into(),
            description: None,
            unit_price: 100.into(),
            quantity: 3.into(),
            max_amount: 1_000.into(),
            netsuite_sales_order_id: None,
        }));
        assert_eq!(charged(&service, january())[0].source, LineSource::ProfessionalService { id: id.into() });
        let ContractPart::RecurringCommit(free) = best_package() else { unreachable!() };
        assert!(charged(&ContractPart::RecurringCredit(free), january()).is_empty());
        let terms = ContractPart::Terms(ContractTerms::default());
        assert!(charged(&terms, january()).is_empty());
    }

    #[test]
    fn a_window_of_no_time_has_no_charges() {
        for part in [best_package(), one_seat()] {
            assert_eq!(charged(&part, day("02-01")..day("02-01")), []);
            assert_eq!(charged(&part, day("02-01")..day("01-01")), []);
            assert_eq!(charged(&part, Time::LAST..Time::LAST), []);
            assert_eq!(charged(&part, Time::FIRST..day("01-01")), []);
        }
    }
}
