//! The rate in force on a contract: the card's, and what the contract's overrides make of it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::credit_type::CreditType;
use super::rate::{BillingFrequency, CommitRate, Rate};
use super::scalar::Time;
use crate::entity::{CommitId, ContractCreditId, ContractProductId, RateCardId};
use crate::id::{CreditTypeId, OverrideId, RecurringCommitId, RecurringCreditId};

/// What pays for usage. Overrides that are only for usage that a commit or credit pays for count where there is
/// one, and those that name commits or credits where they name this one.
///
/// ```
/// use billfold::prelude::*;
/// use billfold::PayingBalance;
///
/// # let commit = CommitId::from(uuid::Uuid::from_u128(1));
/// let paid_by = PayingBalance::Commit { id: commit, given_by: None };
/// # drop(paid_by);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayingBalance {
    /// A commit.
    Commit {
        /// Its id.
        id: CommitId,
        /// The recurring commit that gave it; `None` where none did.
        given_by: Option<RecurringCommitId>,
    },
    /// A credit.
    Credit {
        /// Its id.
        id: ContractCreditId,
        /// The recurring credit that gave it; `None` where none did.
        given_by: Option<RecurringCreditId>,
    },
}

impl PayingBalance {
    /// Its own id.
    pub(crate) fn id(self) -> Uuid {
        match self {
            Self::Commit { id, .. } => id.into(),
            Self::Credit { id, .. } => id.into(),
        }
    }

    /// The id of the recurring one that gave it.
    pub(crate) fn given_by(self) -> Option<Uuid> {
        match self {
            Self::Commit { given_by, .. } => given_by.map(Uuid::from),
            Self::Credit { given_by, .. } => given_by.map(Uuid::from),
        }
    }
}

/// A rate that an override put in place of the card's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverrideRate {
    /// The override.
    pub override_id: OverrideId,
    /// What a unit costs.
    pub rate: Rate,
    /// What the prices are in; `None` for a share that was given none.
    pub credit_type: Option<CreditType>,
}

/// What a unit of a product costs on a contract, at one moment. Source: `metronome-api.md` §5 and §6.2.
///
/// One override wins, and changes the card's rate, not what another override makes of it. First come those that
/// are only for usage a commit or credit pays for, then all others; in both OVERWRITE goes before MULTIPLIER and
/// TIERED. Of several OVERWRITE ones the last that was made wins; of the others the lowest multiplier, or the
/// lowest priority number where the contract says [explicit](crate::OverridePrioritization::Explicit), and the last
/// that was made where that is the same.
///
/// MULTIPLIER does nothing to TIERED_PERCENTAGE and CUSTOM rates, TIERED nothing to PERCENTAGE ones either. Where
/// the card's rate has a minimum, or an override's that would be in force if nothing paid, overrides that are only
/// for usage a commit or credit pays for do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContractRate {
    /// Whether the product is part of the contract: as the last override says that was made and says anything of
    /// it, as the card says otherwise.
    pub entitled: bool,
    /// The card's rate.
    pub list_rate: Rate,
    /// What the card's prices are in; `None` for a share that was given none.
    pub credit_type: Option<CreditType>,
    /// The rate that counts in place of the card's; `None` where no override changes it.
    pub override_rate: Option<OverrideRate>,
    /// What a unit costs that a commit or credit pays for which draws at the commit rate; `None` where the card has
    /// no such rate, and then such a commit or credit draws as any other.
    pub commit_rate: Option<CommitRate>,
    /// The override that made the commit rate what it is; `None` where it is the card's.
    pub commit_rate_override_id: Option<OverrideId>,
}

impl ContractRate {
    /// The rate that counts, unless a commit or credit draws at the commit rate.
    #[must_use]
    pub fn in_force(&self) -> &Rate {
        self.override_rate.as_ref().map_or(&self.list_rate, |by| &by.rate)
    }

    /// What the prices of the rate in force are in; `None` for a share that was given none.
    pub(crate) fn unit(&self) -> Option<CreditTypeId> {
        let by = self.override_rate.as_ref().and_then(|by| by.credit_type.as_ref());
        by.or(self.credit_type.as_ref()).map(|unit| unit.id)
    }
}

/// A product's rate on a contract and when it is so, with what a price list shows of the product.
///
/// It lasts as long as the card's rate does on the contract, cut where another override wins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContractRateSegment {
    /// The card that the rate is from.
    pub rate_card_id: RateCardId,
    /// What it is the price of.
    pub product_id: ContractProductId,
    /// See [`RateSegment::product_name`](crate::RateSegment::product_name).
    pub product_name: String,
    /// The product's tags at the moment that is asked about.
    pub product_tags: Vec<String>,
    /// The product's values, by key.
    pub product_custom_fields: BTreeMap<String, String>,
    /// See [`AddRate::pricing_group_values`](crate::AddRate::pricing_group_values).
    pub pricing_group_values: BTreeMap<String, String>,
    /// See [`AddRate::billing_frequency`](crate::AddRate::billing_frequency).
    pub billing_frequency: Option<BillingFrequency>,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive; `None` for ever.
    pub ending_before: Option<Time>,
    /// What a unit costs: of a product that is part of the contract.
    pub rate: ContractRate,
}

/// Which rate of a contract is asked for.
///
/// ```
/// use billfold::RateQuestion;
///
/// # let product = billfold::ContractProductId::from(uuid::Uuid::from_u128(1));
/// let in_eu = RateQuestion {
///     pricing_group_values: [("region".to_owned(), "EU".to_owned())].into(),
///     ..RateQuestion::new(product)
/// };
/// assert!(in_eu.paid_by.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateQuestion {
    /// Of this product.
    pub product_id: ContractProductId,
    /// For exactly these pricing group values.
    pub pricing_group_values: BTreeMap<String, String>,
    /// For usage that is shown with these presentation group values.
    pub presentation_group_values: BTreeMap<String, String>,
    /// Billed this often: of subscriptions alone.
    pub billing_frequency: Option<BillingFrequency>,
    /// For usage that this commit or credit pays for; `None` for usage that none does.
    pub paid_by: Option<PayingBalance>,
}

impl RateQuestion {
    /// Usage of a product without groups that nothing pays for.
    #[must_use]
    pub const fn new(product_id: ContractProductId) -> Self {
        Self {
            product_id,
            pricing_group_values: BTreeMap::new(),
            presentation_group_values: BTreeMap::new(),
            billing_frequency: None,
            paid_by: None,
        }
    }
}
