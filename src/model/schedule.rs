//! Schedules: when an amount can be drawn from, and when something is charged.

use serde::{Deserialize, Serialize};

use super::scalar::{Amount, Time};
use super::word::words;
use crate::id::{CreditTypeId, ScheduleItemId};

/// The most dated items of one schedule.
pub const MAX_SCHEDULE_ITEMS: usize = 1_000;

words! {
    /// How often a recurring schedule comes around, in UTC calendar months or weeks from its start.
    ScheduleFrequency {
        /// Every calendar month.
        Monthly "MONTHLY",
        /// Every three calendar months.
        Quarterly "QUARTERLY",
        /// Every six calendar months.
        SemiAnnual "SEMI_ANNUAL",
        /// Every twelve calendar months.
        Annual "ANNUAL",
        /// Every seven days.
        Weekly "WEEKLY",
    }
}

words! {
    /// How the amount of a recurring schedule falls on its dates. Source: `metronome-api.md` §6.2; the API says
    /// nothing of the arithmetic, so what is said here is this store's own.
    AmountDistribution {
        /// Split evenly over all dates, exactly. What does not come out even in 28 digits goes on the last one.
        Divided "DIVIDED",
        /// Split over all dates in whole units of the currency's smallest part, the remainder on the last one.
        DividedRounded "DIVIDED_ROUNDED",
        /// The whole amount on each date.
        Each "EACH",
    }
}

/// An amount as a price for each of a quantity. The API's `amount` alone is that amount once.
///
/// ```
/// use billfold::{Amount, Price};
///
/// let once = Price::from(Amount::from(100));
/// assert_eq!((once.unit_price, once.quantity), (100.into(), 1.into()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Price {
    /// What one of them costs, in the schedule's credit type; cents for US dollars. It is what an invoice adds, so
    /// that what makes an invoice smaller, such as a discount, is negative. A commit's is 0 or more.
    pub unit_price: Amount,
    /// How many there are: 0 or more. Their product has to be exact in 28 digits.
    pub quantity: Amount,
}

impl Price {
    /// What all of them cost; `None` where that is not exact in 28 digits, which no stored price is.
    ///
    /// ```
    /// use billfold::Price;
    ///
    /// let seats = Price { unit_price: "12.5".parse()?, quantity: 4.into() };
    /// assert_eq!(seats.amount(), Some(50.into()));
    /// # Ok::<(), billfold::AmountError>(())
    /// ```
    #[must_use]
    pub fn amount(self) -> Option<Amount> {
        self.unit_price.times(self.quantity)
    }
}

impl From<Amount> for Price {
    fn from(amount: Amount) -> Self {
        Self { unit_price: amount, quantity: 1.into() }
    }
}

/// When how much of a commit or credit is to be drawn from: 1 to 1,000 segments.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
///
/// ```
/// use billfold::{CreateAccessItem, CreateAccessSchedule};
///
/// let whole_year: CreateAccessSchedule = [CreateAccessItem {
///     amount: 1_000_000.into(),
///     starting_at: "2024-11-01T00:00:00Z".parse()?,
///     ending_before: "2025-11-01T00:00:00Z".parse()?,
/// }]
/// .into();
/// assert!(whole_year.credit_type_id.is_none());
/// # Ok::<(), billfold::TimeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateAccessSchedule<D = Time> {
    /// What the amounts are in; US dollars in cents where nothing is said.
    pub credit_type_id: Option<CreditTypeId>,
    /// The segments, in any order; they may overlap.
    pub schedule_items: Vec<CreateAccessItem<D>>,
}

impl<D> Default for CreateAccessSchedule<D> {
    /// No segments yet.
    fn default() -> Self {
        Self { credit_type_id: None, schedule_items: Vec::new() }
    }
}

impl<D, const N: usize> From<[CreateAccessItem<D>; N]> for CreateAccessSchedule<D> {
    fn from(items: [CreateAccessItem<D>; N]) -> Self {
        Self { credit_type_id: None, schedule_items: items.into() }
    }
}

/// A segment that is to be: an amount and the time it can be drawn from.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateAccessItem<D = Time> {
    /// How much: 0 or more.
    pub amount: Amount,
    /// From when on, inclusive, on the hour.
    pub starting_at: D,
    /// Until when, exclusive, on the hour and later than the start.
    pub ending_before: D,
}

/// When how much of a commit or credit can be drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct AccessSchedule {
    /// What the amounts are in.
    pub credit_type_id: CreditTypeId,
    /// The segments, in the order they were added.
    pub schedule_items: Vec<AccessItem>,
}

impl AccessSchedule {
    /// How much the segments give that are open at a moment; `None` where that is no amount.
    #[cfg(feature = "wire")]
    pub(crate) fn open_at(&self, at: Time) -> Option<Amount> {
        Amount::sum(self.open_amounts(at))
    }

    /// What the segments give, one by one, that are open at a moment.
    pub(crate) fn open_amounts(&self, at: Time) -> impl Iterator<Item = Amount> {
        let open = move |item: &&AccessItem| item.starting_at <= at && at < item.ending_before;
        self.schedule_items.iter().filter(open).map(|item| item.amount)
    }
}

/// One segment of an access schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct AccessItem {
    /// Its id, by which an edit changes it.
    pub id: ScheduleItemId,
    /// How much.
    pub amount: Amount,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive.
    pub ending_before: Time,
}

/// When how much is to be charged. Source: `metronome-api.md` §6.2.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
///
/// ```
/// use billfold::prelude::*;
///
/// let a_thousand_dollars_each_quarter = CreateInvoiceSchedule::from(RecurringSchedule {
///     starting_at: "2024-11-01T00:00:00Z".parse()?,
///     ending_before: "2025-11-01T00:00:00Z".parse()?,
///     frequency: ScheduleFrequency::Quarterly,
///     price: Price { unit_price: 100_000.into(), quantity: 1.into() },
///     amount_distribution: AmountDistribution::Each,
/// });
/// assert!(!a_thousand_dollars_each_quarter.do_not_invoice);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateInvoiceSchedule<D = Time> {
    /// What the prices are in; US dollars in cents where nothing is said.
    pub credit_type_id: Option<CreditTypeId>,
    /// The dates and prices.
    pub dates: ScheduleDates<D>,
    /// Whether nothing is invoiced for it. For the invoice schedules of commits alone.
    pub do_not_invoice: bool,
}

impl From<RecurringSchedule> for CreateInvoiceSchedule {
    fn from(recurring: RecurringSchedule) -> Self {
        Self { credit_type_id: None, dates: ScheduleDates::Recurring(recurring), do_not_invoice: false }
    }
}

impl<D, const N: usize> From<[CreateInvoiceItem<D>; N]> for CreateInvoiceSchedule<D> {
    fn from(items: [CreateInvoiceItem<D>; N]) -> Self {
        Self { credit_type_id: None, dates: ScheduleDates::Items(items.into()), do_not_invoice: false }
    }
}

/// The dates of an invoice schedule, one by one or by a rule.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ScheduleDates<D = Time> {
    /// One by one: 1 to 1,000.
    Items(Vec<CreateInvoiceItem<D>>),
    /// By a rule, which becomes dated items at once. Not in packages.
    Recurring(RecurringSchedule),
}

/// A charge that is to be made at a date.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateInvoiceItem<D = Time> {
    /// When.
    pub timestamp: D,
    /// How much.
    pub price: Price,
}

/// Charges that come around: at `starting_at` and every period from there, while before `ending_before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct RecurringSchedule {
    /// The first date.
    pub starting_at: Time,
    /// The end, exclusive: later than the start. No more than 1,000 dates fit before it.
    pub ending_before: Time,
    /// How long a period is.
    pub frequency: ScheduleFrequency,
    /// How much: on each date, or altogether, as the distribution says.
    pub price: Price,
    /// How the amount falls on the dates.
    pub amount_distribution: AmountDistribution,
}

/// When how much is charged: a recurring schedule is read back as its dated items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct InvoiceSchedule {
    /// What the prices are in.
    pub credit_type_id: CreditTypeId,
    /// The charges, in the order they were added.
    pub schedule_items: Vec<InvoiceItem>,
    /// Whether nothing is invoiced for it.
    pub do_not_invoice: bool,
}

/// One charge of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct InvoiceItem {
    /// Its id, by which an edit changes it.
    pub id: ScheduleItemId,
    /// When.
    pub timestamp: Time,
    /// How much.
    pub price: Price,
}
