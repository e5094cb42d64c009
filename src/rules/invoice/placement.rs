//! On which invoice a charge is, and when an invoice is final.

use std::time::Duration;

use super::Term;
use crate::error::Result;
use crate::id::CreditTypeId;
use crate::model::charge_line::DatedCharge;
use crate::model::scalar::Time;
use crate::model::statement::StatementSchedule;
use crate::model::subscription::InvoicePlacement;
use crate::rules::statement::{boundaries, first_moment, period, periods};

/// How long behind its period's end a usage invoice is still a draft.
pub const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// The invoice that a charge is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// That of a UTC day, which begins then, and of a credit type.
    Scheduled { day: Time, credit_type_id: CreditTypeId },
    /// The usage invoice of a period.
    Usage { period: (Time, Time) },
}

/// The usage invoices of a contract, and what else is on them.
#[derive(Debug, Clone, Copy)]
pub struct UsageInvoices {
    statements: StatementSchedule,
    /// When the first period begins.
    pub first: Time,
    /// When the contract ends.
    pub end: Option<Time>,
    pub credit_type_id: CreditTypeId,
    consolidates: bool,
}

impl UsageInvoices {
    /// Those of a contract, in that credit type; with all other charges of their day where it `consolidates`.
    pub fn of(term: &Term, credit_type_id: CreditTypeId, consolidates: bool) -> Self {
        let &Term { starting_at, ending_before: end, statements } = term;
        let first = first_moment(&statements, starting_at);
        Self { statements, first, end, credit_type_id, consolidates }
    }

    /// What the one of a period is told from others by: how many boundaries its first moment is behind the one that
    /// they are counted from. A contract's boundaries never change.
    pub fn number(&self, period_start: Time) -> i64 {
        boundaries(&self.statements).at_or_before(period_start)
    }

    /// The end of the period that a moment is in, or of the first one, as if the contract did not end: one that was
    /// settled before the contract came to end earlier is no shorter.
    pub fn end_around(&self, moment: Time) -> Option<Time> {
        let number = self.number(moment.max(self.first));
        period(&self.statements, self.first, None, number).map(|(_, end)| end)
    }

    /// The period of the one with that number.
    pub fn period(&self, number: i64) -> Option<(Time, Time)> {
        period(&self.statements, self.first, self.end, number)
    }

    /// The invoice that a charge is on: the usage invoice whose period ends on the charge's UTC day, where charges of
    /// its kind go there, it is in the same credit type, and `is_settled` does not say of the period's start that the
    /// invoice is final; else that of its day. Where two periods end on one day, it is the first that ends no earlier
    /// than the charge is due, or the last.
    pub fn place(
        &self,
        charge: &DatedCharge,
        is_settled: impl FnOnce(Time) -> Result<bool>,
    ) -> Result<Place> {
        let joins = charge
            .placement
            .map_or(self.consolidates, |placement| placement == InvoicePlacement::OnUsageInvoice);
        let period = (joins && charge.credit_type_id == self.credit_type_id)
            .then(|| self.ending_on_the_day_of(charge.at))
            .flatten();
        match period {
            Some(period) if !is_settled(period.0)? => Ok(Place::Usage { period }),
            _ => {
                Ok(Place::Scheduled { day: charge.at.first_of_day(), credit_type_id: charge.credit_type_id })
            }
        }
    }

    /// The period that ends on the UTC day of a moment: of several the first that ends no earlier than it, or the last.
    pub fn ending_on_the_day_of(&self, at: Time) -> Option<(Time, Time)> {
        let day = at.first_of_day();
        let boundaries = boundaries(&self.statements);
        // The boundary before the one before the day: a period may end exactly when the day begins.
        let before = boundaries.nth(boundaries.at_or_before(day) - 1);
        let from = before.map_or(self.first, |before| before.max(self.first));
        let until_then = periods(&self.statements, from, self.end)
            .take_while(|(start, _)| start.first_of_day() <= day)
            .filter(|(_, end)| end.first_of_day() == day);
        let mut last = None;
        for period in until_then {
            last = Some(period);
            if period.1 >= at {
                break;
            }
        }
        last
    }
}

/// When a usage invoice is final.
pub fn usage_due(period_end: Time) -> Time {
    period_end.after(GRACE)
}

/// When a scheduled invoice of such charges is final, which is its date of issue; `None` of no charges.
pub fn scheduled_due<'c>(charges: impl IntoIterator<Item = &'c DatedCharge>) -> Option<Time> {
    charges.into_iter().map(|charge| charge.at).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::charge_line::LineSource;
    use crate::model::credit_type::CreditType;
    use crate::model::rate::BillingFrequency;
    use crate::model::scalar::Amount;
    use proptest::prelude::*;
    use uuid::Uuid;

    use BillingFrequency::{Annual, Monthly, Quarterly, Weekly};
    use InvoicePlacement::{OnScheduledInvoice, OnUsageInvoice};

    fn time(text: &str) -> Time {
        format!("2025-{text}:00:00Z").parse().unwrap()
    }

    /// A contract from 1 January on whose statements are counted from a date.
    fn term(anchor: &str, end: Option<&str>) -> Term {
        Term {
            starting_at: time("01-01T00"),
            ending_before: end.map(time),
            statements: StatementSchedule {
                frequency: Monthly,
                billing_anchor_date: time(anchor),
                invoice_generation_starting_at: None,
            },
        }
    }

    fn all(term: &Term) -> UsageInvoices {
        UsageInvoices::of(term, CreditType::USD_CENTS, true)
    }

    fn charge(at: Time) -> DatedCharge {
        let source = LineSource::ProfessionalService { id: Uuid::from_u128(1).into() };
        let price = Amount::from(7_500).into();
        DatedCharge::new(source, Uuid::from_u128(2).into(), at, CreditType::USD_CENTS, price)
    }

    fn place(invoices: &UsageInvoices, charge: &DatedCharge) -> Place {
        invoices.place(charge, |_| Ok(false)).unwrap()
    }

    fn on_its_own(day: &str) -> Place {
        Place::Scheduled { day: time(day), credit_type_id: CreditType::USD_CENTS }
    }

    fn with_usage(start: &str, end: &str) -> Place {
        Place::Usage { period: (time(start), time(end)) }
    }

    #[test]
    fn the_first_month_is_on_its_own_and_each_further_one_with_the_usage_of_the_one_before() {
        let invoices = all(&term("01-01T00", None));
        assert_eq!(place(&invoices, &charge(time("01-01T00"))), on_its_own("01-01T00"));
        let february = place(&invoices, &charge(time("02-01T00")));
        assert_eq!(february, with_usage("01-01T00", "02-01T00"));
        assert_eq!(place(&invoices, &charge(time("03-01T13"))), with_usage("02-01T00", "03-01T00"));
        assert_eq!(place(&invoices, &charge(time("03-02T00"))), on_its_own("03-02T00"));
        assert_eq!(place(&invoices, &charge(time("02-28T23"))), on_its_own("02-28T00"));
        let apart = UsageInvoices::of(&term("01-01T00", None), CreditType::USD_CENTS, false);
        assert_eq!(place(&apart, &charge(time("02-01T00"))), on_its_own("02-01T00"));
    }

    #[test]
    fn a_subscription_says_itself_where_it_is() {
        let placed = |consolidates, placement| {
            let invoices = UsageInvoices::of(&term("01-01T00", None), CreditType::USD_CENTS, consolidates);
            let charge = DatedCharge { placement: Some(placement), ..charge(time("02-01T00")) };
            matches!(place(&invoices, &charge), Place::Usage { .. })
        };
        for consolidates in [true, false] {
            assert!(placed(consolidates, OnUsageInvoice) && !placed(consolidates, OnScheduledInvoice));
        }
    }

    #[test]
    fn a_usage_invoice_takes_charges_in_its_own_unit_as_long_as_it_is_not_settled() {
        let invoices = all(&term("01-01T00", None));
        let euros = DatedCharge { credit_type_id: CreditType::EUR, ..charge(time("02-01T00")) };
        let in_euros = Place::Scheduled { day: time("02-01T00"), credit_type_id: CreditType::EUR };
        assert_eq!(place(&invoices, &euros), in_euros);
        let january = |start| Ok(start == time("01-01T00"));
        let placed = |day| invoices.place(&charge(time(day)), january).unwrap();
        assert_eq!(placed("02-01T00"), on_its_own("02-01T00"));
        assert_eq!(placed("03-01T00"), with_usage("02-01T00", "03-01T00"));
        let lost = || crate::Error::corrupt("a row that cannot be read");
        assert!(invoices.place(&charge(time("02-01T00")), |_| Err(lost())).is_err());
        // Where no invoice could take it, none is asked for.
        assert!(invoices.place(&charge(time("02-02T00")), |_| Err(lost())).is_ok());
    }

    #[test]
    fn a_contract_that_ends_has_a_last_usage_invoice() {
        let invoices = all(&term("01-01T05", Some("03-01T17")));
        for (due, start, end) in [
            // The day of the first boundary and, on the last one, of a boundary and of the end.
            ("02-01T00", "01-01T05", "02-01T05"),
            ("02-01T23", "01-01T05", "02-01T05"),
            ("03-01T04", "02-01T05", "03-01T05"),
            ("03-01T05", "02-01T05", "03-01T05"),
            ("03-01T06", "03-01T05", "03-01T17"),
            ("03-01T17", "03-01T05", "03-01T17"),
            ("03-01T18", "03-01T05", "03-01T17"),
        ] {
            assert_eq!(place(&invoices, &charge(time(due))), with_usage(start, end), "{due}");
        }
        assert_eq!(place(&invoices, &charge(time("04-01T05"))), on_its_own("04-01T00"));
        // The anchor's hour cuts a first period of five hours off.
        assert_eq!(place(&invoices, &charge(time("01-01T00"))), with_usage("01-01T00", "01-01T05"));
    }

    #[test]
    fn there_is_no_usage_invoice_before_the_first_one() {
        let mut late = term("01-01T00", None);
        late.statements.invoice_generation_starting_at = Some(time("02-15T00"));
        let invoices = all(&late);
        assert_eq!(place(&invoices, &charge(time("02-01T00"))), on_its_own("02-01T00"));
        assert_eq!(place(&invoices, &charge(time("02-15T00"))), on_its_own("02-15T00"));
        assert_eq!(place(&invoices, &charge(time("03-01T00"))), with_usage("02-15T00", "03-01T00"));
        assert_eq!(
            invoices.period(invoices.number(time("02-15T00"))),
            Some((time("02-15T00"), time("03-01T00")))
        );
        assert_eq!(invoices.period(0), None);
    }

    #[test]
    fn a_usage_invoice_is_final_a_day_after_its_period_and_a_scheduled_one_with_its_last_charge() {
        assert_eq!(usage_due(time("02-01T00")), time("02-02T00"));
        assert_eq!(usage_due(Time::LAST), Time::LAST);
        let charges = ["02-01T00", "02-01T17", "02-01T05"].map(|at| charge(time(at)));
        assert_eq!(scheduled_due(&charges), Some(time("02-01T17")));
        assert_eq!(scheduled_due(&[]), None);
    }

    proptest! {
        #[test]
        fn a_usage_invoice_is_found_without_walking_to_it(
            (anchor, start) in (0..20_000_u64, 0..20_000_u64),
            length in prop::option::of(1..20_000_u64),
            offset in 0..22_000_u64,
            frequency in prop::sample::select(vec![Monthly, Quarterly, Annual, Weekly]),
        ) {
            let hour = |hours: u64| Time::UNIX_EPOCH.after(Duration::from_secs(hours * 3_600));
            let statements = StatementSchedule {
                frequency,
                billing_anchor_date: hour(anchor),
                invoice_generation_starting_at: None,
            };
            let ending_before = length.map(|length| hour(start + length));
            let term = Term { starting_at: hour(start), ending_before, statements };
            let at = hour(start + offset);
            let day = at.first_of_day();
            let walked: Vec<_> = periods(&statements, hour(start), ending_before)
                .take_while(|(start, _)| *start <= hour(50_000))
                .filter(|(_, end)| end.first_of_day() == day)
                .collect();
            let best = walked.iter().find(|(_, end)| *end >= at).or(walked.last());
            let expected = best.map_or(
                Place::Scheduled { day, credit_type_id: CreditType::USD_CENTS },
                |period| Place::Usage { period: *period },
            );
            let invoices = all(&term);
            prop_assert_eq!(place(&invoices, &charge(at)), expected);
            if let Some(period) = best {
                prop_assert_eq!(invoices.period(invoices.number(period.0)), Some(*period));
            }
        }
    }
}
