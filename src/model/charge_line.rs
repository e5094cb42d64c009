//! What a contract charges, one thing at a time: what becomes a line of an invoice.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::balance::CommitType;
use super::scalar::{Amount, Time, Written};
use super::schedule::Price;
use super::subscription::InvoicePlacement;
use crate::entity::{
    CommitId, ContractProductId, DiscountId, EntityRef, ProfessionalServiceId, ScheduledChargeId,
    SubscriptionId,
};
use crate::id::{CreditTypeId, RecurringCommitId, ScheduleItemId};

/// What a line of an invoice is for. A contract charges for each of them once at most, but for usage.
///
/// ```
/// use billfold::prelude::*;
///
/// let id = SubscriptionId::from(uuid::Uuid::from_u128(1));
/// let january: Time = "2025-01-01T00:00:00Z".parse()?;
/// let two_more_seats = "2025-01-11T00:00:00Z".parse()?;
/// let whole = LineSource::Subscription { id, period: january, from: january };
/// let added = LineSource::Subscription { id, period: january, from: two_more_seats };
/// assert!(whole < added);
/// # Ok::<(), billfold::TimeError>(())
/// ```
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LineSource {
    /// One item of the invoice schedule of a commit: of the contract, or of its customer.
    Commit {
        /// The commit.
        id: CommitId,
        /// The item.
        item: ScheduleItemId,
    },
    /// One grant of a recurring commit.
    RecurringCommit {
        /// The recurring commit.
        id: RecurringCommitId,
        /// The grant's [number](crate::Grant::number).
        number: u32,
    },
    /// One item of the schedule of a scheduled charge.
    ScheduledCharge {
        /// The scheduled charge.
        id: ScheduledChargeId,
        /// The item.
        item: ScheduleItemId,
    },
    /// One item of the schedule of a discount.
    Discount {
        /// The discount.
        id: DiscountId,
        /// The item.
        item: ScheduleItemId,
    },
    /// A professional service.
    ProfessionalService {
        /// The professional service.
        id: ProfessionalServiceId,
    },
    /// A period of a subscription, or what changed within it.
    Subscription {
        /// The subscription.
        id: SubscriptionId,
        /// When the period begins.
        period: Time,
        /// When what is charged begins: with the period, or when the quantity changed.
        from: Time,
    },
    /// Usage of a product.
    Usage {
        /// The product.
        product_id: ContractProductId,
    },
    /// What usage in a pricing unit comes to in the invoice's own credit type.
    Conversion {
        /// The pricing unit.
        credit_type_id: CreditTypeId,
    },
}

impl LineSource {
    /// The commit that is paid for. That of a recurring commit's grant is made of the recurring commit's id and the
    /// grant's number, and always the same; no commit is kept under it.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use uuid::Uuid;
    ///
    /// let id = RecurringCommitId::from(Uuid::from_u128(1));
    /// let grant = |number| LineSource::RecurringCommit { id, number }.commit_id();
    /// assert!(grant(0).is_some() && grant(0) == grant(0) && grant(0) != grant(1));
    /// let usage = LineSource::Usage { product_id: ContractProductId::from(Uuid::from_u128(2)) };
    /// assert_eq!(usage.commit_id(), None);
    /// ```
    #[must_use]
    pub fn commit_id(self) -> Option<CommitId> {
        match self {
            Self::Commit { id, .. } => Some(id),
            Self::RecurringCommit { id, number } => {
                Some(Uuid::new_v5(&Uuid::from(id), &number.to_be_bytes()).into())
            }
            _ => None,
        }
    }

    /// The part of the contract, besides the product, whose values are passed down to the line.
    pub(crate) fn passes_down(self) -> Option<EntityRef> {
        match self {
            Self::Commit { id, .. } => Some(id.into()),
            Self::ScheduledCharge { id, .. } => Some(id.into()),
            Self::Discount { id, .. } => Some(id.into()),
            Self::ProfessionalService { id } => Some(id.into()),
            Self::Subscription { id, .. } => Some(id.into()),
            Self::Usage { .. } | Self::RecurringCommit { .. } | Self::Conversion { .. } => None,
        }
    }
}

/// One thing that a contract charges at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatedCharge {
    pub(crate) source: LineSource,
    /// When it is due.
    pub(crate) at: Time,
    pub(crate) credit_type_id: CreditTypeId,
    pub(crate) product_id: ContractProductId,
    /// What it is called where it is not called as its product is.
    pub(crate) name: Option<String>,
    pub(crate) unit_price: Amount,
    pub(crate) quantity: Amount,
    /// Unit price times quantity, or the share of it that is charged.
    pub(crate) total: Amount,
    /// Of commits and recurring commits.
    pub(crate) commit_type: Option<CommitType>,
    /// The time that is paid for: of a subscription, or in which a grant can be drawn from.
    pub(crate) period: Option<(Time, Time)>,
    /// Whether the total is a share, because a period is cut short.
    pub(crate) is_prorated: bool,
    /// Which invoice it is on, whatever its contract says of other charges. Of subscriptions alone.
    pub(crate) placement: Option<InvoicePlacement>,
}

impl DatedCharge {
    /// All that a price comes to; where that has no room, in the 28 digits nearest to it, of which a price of
    /// less than 0 never needs more.
    pub(crate) fn new(
        source: LineSource,
        product_id: ContractProductId,
        at: Time,
        credit_type_id: CreditTypeId,
        price: Price,
    ) -> Self {
        let Price { unit_price, quantity } = price;
        let nearest = || Written::of(unit_price).times(quantity).rounded(i32::MAX, None);
        Self {
            source,
            at,
            credit_type_id,
            product_id,
            name: None,
            unit_price,
            quantity,
            total: price.amount().or_else(nearest).unwrap_or(Amount::MAX),
            commit_type: None,
            period: None,
            is_prorated: false,
            placement: None,
        }
    }
}
