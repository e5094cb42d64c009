//! When the usage of a contract is invoiced.

use serde::{Deserialize, Serialize};

use super::rate::BillingFrequency;
use super::scalar::Time;
use super::word::words;

words! {
    /// The day on which a usage statement ends and the next one begins. Source: `metronome-api.md` §6.2.
    #[derive(Default)]
    StatementDay {
        /// The first of the month. The default.
        #[default]
        FirstOfMonth "FIRST_OF_MONTH",
        /// The day of the contract's start.
        ContractStart "CONTRACT_START",
        /// The day of a date that is given.
        CustomDate "CUSTOM_DATE",
    }
}

/// When the usage of a contract is to be invoiced.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateStatementSchedule<D = Time> {
    /// How often.
    pub frequency: BillingFrequency,
    /// On which day.
    pub day: StatementDay,
    /// CUSTOM_DATE: needed. The date that periods are counted from; it may be before the contract's start.
    pub billing_anchor_date: Option<Time>,
    /// From when on there are usage invoices; from the contract's start where nothing is said.
    pub invoice_generation_starting_at: Option<D>,
}

impl<D> Default for CreateStatementSchedule<D> {
    /// Every month on the first, as the API does where nothing is said.
    fn default() -> Self {
        Self {
            frequency: BillingFrequency::Monthly,
            day: StatementDay::FirstOfMonth,
            billing_anchor_date: None,
            invoice_generation_starting_at: None,
        }
    }
}

/// When the usage of a contract is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct StatementSchedule {
    /// How often.
    pub frequency: BillingFrequency,
    /// The date that periods are counted from, in both directions.
    pub billing_anchor_date: Time,
    /// From when on there are usage invoices; from the contract's start where nothing is said.
    pub invoice_generation_starting_at: Option<Time>,
}

/// The time that one usage invoice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct StatementPeriod {
    /// Its start, inclusive: the contract's start, or the end of the period before.
    pub starting_at: Time,
    /// Its end, exclusive: the contract's end, or the start of the period behind.
    pub ending_before: Time,
}
