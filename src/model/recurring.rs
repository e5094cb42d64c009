//! Commits and credits that a contract gives anew every period.

use serde::{Deserialize, Serialize};

use super::balance::{BalanceTerms, RateChoice};
use super::scalar::{Amount, Time};
use super::word::words;
use crate::entity::SubscriptionId;
use crate::error::FieldProblem;
use crate::id::{CreditTypeId, RecurringCommitId, RecurringCreditId};

/// The most updates of one recurring commit or credit.
pub const MAX_RECURRING_UPDATES: usize = 1_000;

words! {
    /// How often a recurring commit or credit is given.
    RecurrenceFrequency {
        /// Every calendar month.
        Monthly "MONTHLY",
        /// Every three calendar months.
        Quarterly "QUARTERLY",
        /// Every twelve calendar months.
        Annual "ANNUAL",
        /// Every seven days.
        Weekly "WEEKLY",
        /// Every day. One of a contract's recurring commits and credits at most.
        Daily "DAILY",
    }
}

words! {
    /// Which grants of a recurring commit or credit are smaller because their period is cut short.
    #[derive(Default)]
    RecurringProration {
        /// None: every grant is whole.
        None "NONE",
        /// The first.
        First "FIRST",
        /// The last.
        Last "LAST",
        /// The first and the last. The default.
        #[default]
        FirstAndLast "FIRST_AND_LAST",
    }
}

words! {
    /// How a prorated amount is rounded.
    ProrationRoundingMethod {
        /// To the nearest, the middle away from 0.
        HalfUp "HALF_UP",
        /// Down.
        Floor "FLOOR",
        /// Up.
        Ceiling "CEILING",
    }
}

/// How a prorated amount is rounded, and to which place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ProrationRounding {
    /// How.
    pub rounding_method: ProrationRoundingMethod,
    /// How many places behind the point are left: -5 to 5. -2 rounds cents to whole dollars.
    pub decimal_places: i8,
}

impl ProrationRounding {
    /// What is wrong with its decimal places.
    pub(crate) fn check(self) -> Option<FieldProblem> {
        let (value, rule) = (self.decimal_places.to_string(), "it has to be from -5 to 5");
        (!(-5..=5).contains(&self.decimal_places)).then_some(FieldProblem::Value { value, rule })
    }
}

/// How the two prorated amounts of a recurring commit are rounded.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct RecurringRounding {
    /// What can be drawn from.
    pub access: Option<ProrationRounding>,
    /// What is charged. Commits alone.
    pub invoice: Option<ProrationRounding>,
}

words! {
    /// Who of a subscription's seats may draw from what it brings.
    #[derive(Default)]
    SeatAllocation {
        /// All seats together.
        #[default]
        Pooled "POOLED",
        /// Each seat its own.
        Individual "INDIVIDUAL",
    }
}

/// A subscription whose quantity says how much a recurring commit or credit gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct SubscriptionConfig<S> {
    /// Which: of the same contract. In a request its id, or the temporary id of one that the same call makes.
    pub subscription_id: S,
    /// Whether seats that are added within a period bring a part of the amount.
    pub is_prorated: bool,
    /// Who may draw from it.
    pub allocation: SeatAllocation,
}

/// An amount that is given or charged every period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct RecurringAmount {
    /// For each of the quantity: 0 or more.
    pub unit_price: Amount,
    /// How many: 0 or more. Needed, unless a subscription says how many; then there is none.
    pub quantity: Option<Amount>,
    /// What the price is in.
    pub credit_type_id: CreditTypeId,
}

/// What a recurring commit or credit gives, and when. Source: `metronome-api.md` §6.2.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct RecurringTerms<D = Time> {
    /// What every grant is. Its priority is needed.
    pub terms: BalanceTerms,
    /// What a grant gives.
    pub access_amount: RecurringAmount,
    /// What a grant charges. Commits alone, and with a quantity.
    pub invoice_amount: Option<RecurringAmount>,
    /// When the first grant begins: on the hour, and not before the contract does.
    pub starting_at: D,
    /// When there are no more grants, exclusive: later than the start. With the contract where nothing is said.
    pub ending_before: Option<D>,
    /// For how many periods a grant can be drawn from: 1 or more.
    pub commit_duration: u32,
    /// How long a period is: from `starting_at` on, or as the contract's usage statements where nothing is said.
    pub recurrence_frequency: Option<RecurrenceFrequency>,
    /// Which grants are smaller because their period is cut short.
    pub proration: RecurringProration,
    /// How prorated amounts are rounded.
    pub proration_rounding: RecurringRounding,
}

impl<D> RecurringTerms<D> {
    /// A grant with every usage statement from a moment on, each to be drawn from until the next one, for as long
    /// as the contract lasts. Its priority is 1 where the terms have none.
    #[must_use]
    pub fn new(terms: BalanceTerms, access_amount: RecurringAmount, starting_at: D) -> Self {
        let priority = terms.priority.or(Some(1.into()));
        Self {
            terms: BalanceTerms { priority, ..terms },
            access_amount,
            invoice_amount: None,
            starting_at,
            ending_before: None,
            commit_duration: 1,
            recurrence_frequency: None,
            proration: RecurringProration::default(),
            proration_rounding: RecurringRounding::default(),
        }
    }
}

impl<D> From<RecurringTerms<D>> for CreateRecurring<D> {
    fn from(terms: RecurringTerms<D>) -> Self {
        Self { terms, subscription_config: None, temporary_id: None }
    }
}

/// A recurring commit or credit that is to be made with a contract.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateRecurring<D = Time> {
    /// What it gives, and when.
    pub terms: RecurringTerms<D>,
    /// A subscription whose quantity says how much it gives.
    pub subscription_config: Option<SubscriptionConfig<String>>,
    /// A name of the caller's own, by which overrides of the same call name it. No other commit, recurring commit
    /// or recurring credit of the call has it.
    pub temporary_id: Option<String>,
}

/// A recurring commit or credit of a contract. It has no custom fields of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Recurring {
    /// What it was made with.
    pub terms: RecurringTerms,
    /// The subscription whose quantity says how much it gives.
    pub subscription_config: Option<SubscriptionConfig<SubscriptionId>>,
    /// What changed since, oldest first. An update counts for the grants that begin after it was made.
    pub updates: Vec<RecurringUpdate>,
    /// When it was made.
    pub created_at: Time,
}

/// A change of a recurring commit or credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct RecurringUpdate {
    /// When it was made: grants that had begun then stay as they were.
    pub created_at: Time,
    /// What it changed.
    pub changes: RecurringChanges,
}

/// What changes in a recurring commit or credit: what is `None` stays as it is, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct RecurringChanges {
    /// See [`RecurringTerms::access_amount`].
    pub access_unit_price: Option<Amount>,
    /// See [`RecurringTerms::access_amount`].
    pub access_quantity: Option<Amount>,
    /// See [`RecurringTerms::invoice_amount`]. Commits alone.
    pub invoice_unit_price: Option<Amount>,
    /// See [`RecurringTerms::invoice_amount`]. Commits alone.
    pub invoice_quantity: Option<Amount>,
    /// See [`RecurringTerms::ending_before`].
    #[serde(default, with = "super::serde_form::change_of")]
    pub ending_before: Option<Option<Time>>,
    /// At which rates usage draws from grants to come.
    pub rate_type: Option<RateChoice>,
    /// `Some(None)` rounds no more; a part that is `None` stays as it is, and one that is `Some(None)` rounds no
    /// more.
    #[serde(default, with = "super::serde_form::change_of")]
    pub proration_rounding: Option<Option<RoundingChanges>>,
}

/// What changes in how a recurring commit's amounts are rounded.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct RoundingChanges {
    /// See [`RecurringRounding::access`].
    #[serde(default, with = "super::serde_form::change_of")]
    pub access: Option<Option<ProrationRounding>>,
    /// See [`RecurringRounding::invoice`].
    #[serde(default, with = "super::serde_form::change_of")]
    pub invoice: Option<Option<ProrationRounding>>,
}

/// One grant of a recurring commit or credit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// The number of its period, counted from 0. A period that brings nothing has a number too.
    pub number: u32,
    /// From when on it can be drawn from, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive.
    pub ending_before: Time,
    /// How much it gives.
    pub amount: Amount,
    /// How much is charged for it, at its start; `None` where nothing is.
    pub invoice_amount: Option<Amount>,
    /// At which rates usage draws from it.
    pub rate_type: Option<RateChoice>,
}

/// Whose grants are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantsOf {
    /// Of this recurring commit.
    Commit(RecurringCommitId),
    /// Of this recurring credit.
    Credit(RecurringCreditId),
}

impl From<RecurringCommitId> for GrantsOf {
    fn from(id: RecurringCommitId) -> Self {
        Self::Commit(id)
    }
}

impl From<RecurringCreditId> for GrantsOf {
    fn from(id: RecurringCreditId) -> Self {
        Self::Credit(id)
    }
}
