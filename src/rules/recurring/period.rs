//! The periods of a recurring commit or credit, and how much of a grant's own counts.

use super::proration::prorated;
use crate::model::recurring::{ProrationRounding, RecurringAmount, RecurringProration, RecurringTerms};
use crate::model::scalar::{Amount, Time};
use crate::model::statement::StatementSchedule;
use crate::rules::calendar::Cycle;
use crate::rules::statement::boundaries;

/// When grants come around, wherever in a period the first one begins.
pub fn cycle(terms: &RecurringTerms, statements: &StatementSchedule) -> Cycle {
    match terms.recurrence_frequency {
        Some(frequency) => Cycle::new(terms.starting_at, frequency),
        None => boundaries(statements),
    }
}

/// The periods that grants are given in.
#[derive(Debug, Clone, Copy)]
pub struct Periods {
    cycle: Cycle,
    /// The number that the period of the first grant has in the cycle.
    first: i64,
    starting_at: Time,
}

impl Periods {
    pub fn of(terms: &RecurringTerms, statements: &StatementSchedule) -> Self {
        let starting_at = terms.starting_at;
        let cycle = cycle(terms, statements);
        Self { cycle, first: cycle.at_or_before(starting_at), starting_at }
    }

    /// When that grant begins; `None` beyond the calendar.
    pub fn start(self, number: u32) -> Option<Time> {
        if number == 0 { Some(self.starting_at) } else { self.cycle.nth(self.first + i64::from(number)) }
    }

    /// The number of the first grant that begins at that moment or later.
    pub fn number_from(self, moment: Time) -> u32 {
        if moment <= self.starting_at {
            return 0;
        }
        let last = self.cycle.at_or_before(moment);
        let number = last - self.first + i64::from(self.cycle.nth(last) != Some(moment));
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// When so many periods are over from that grant's on, or the calendar is.
    pub fn end_after(self, number: u32, periods: u32) -> Time {
        self.cycle.nth(self.first + i64::from(number) + i64::from(periods)).unwrap_or(Time::LAST)
    }

    /// The first grant that is not over at a moment, where each lasts so many periods and there are no others.
    pub fn lasting_at(self, moment: Time, periods: u32) -> u32 {
        let over = self.cycle.at_or_before(moment) - self.first - i64::from(periods);
        u32::try_from((over + 1).max(0)).unwrap_or(u32::MAX)
    }

    /// That grant's period as it is in the calendar, wherever the grant begins in it.
    pub fn whole(self, number: u32) -> (Time, Time) {
        let start = self.cycle.nth(self.first + i64::from(number)).unwrap_or(self.starting_at);
        (start, self.end_after(number, 1))
    }
}

/// The period of one grant.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// When the grant begins: with the period, or within it where it is the first.
    pub start: Time,
    /// When there are no more grants, whether within this period or later.
    pub end: Time,
    pub whole: (Time, Time),
}

impl Period {
    /// What there is of that amount in this period.
    pub fn amount(
        &self,
        proration: RecurringProration,
        amount: &RecurringAmount,
        subscribed: Option<Amount>,
        rounding: Option<ProrationRounding>,
    ) -> Amount {
        let quantity = subscribed.or(amount.quantity).unwrap_or_default();
        prorated((amount.unit_price, quantity), self.counted(proration), self.whole, rounding)
    }

    /// From when to when the period counts.
    fn counted(&self, proration: RecurringProration) -> (Time, Time) {
        use RecurringProration::{First, FirstAndLast, Last};
        let (start, end) = self.whole;
        let from = if matches!(proration, First | FirstAndLast) { self.start } else { start };
        let to = if matches!(proration, Last | FirstAndLast) { self.end.min(end) } else { end };
        (from, to)
    }
}
