//! On which invoice a charge is, and when an invoice is final.

use std::time::Duration;

use crate::error::Result;
use crate::id::CreditTypeId;
use crate::model::charge_line::DatedCharge;
use crate::model::scalar::Time;
use crate::model::statement::StatementSchedule;
use crate::model::subscription::InvoicePlacement;
use crate::rules::statement::{boundaries, period, periods};

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
    pub statements: StatementSchedule,
    /// When the first period begins.
    pub first: Time,
    /// When the contract ends.
    pub end: Option<Time>,
    pub credit_type_id: CreditTypeId,
    /// Whether the contract puts all of its charges on them.
    pub consolidates: bool,
}

impl UsageInvoices {
    /// The one that stands for a period has the number of the boundary at which the period begins, or within whose
    /// period it does. A contract's boundaries never change.
    pub fn number(&self, period_start: Time) -> i64 {
        boundaries(&self.statements).at_or_before(period_start)
    }

    /// The end of the period that a moment is in.
    pub fn around(&self, moment: Time) -> Option<Time> {
        self.period(self.number(moment.max(self.first))).map(|(_, end)| end)
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
