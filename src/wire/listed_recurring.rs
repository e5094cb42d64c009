//! Recurring commits and credits as the calls that read contracts answer them: as grants to come are.

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listed_balance::ListedTerms;
use super::listing::{JustId, Listing, NamedProduct, Number};
use crate::entity::{ContractId, SubscriptionId};
use crate::id::CreditTypeId;
use crate::model::balance::RateChoice;
use crate::model::contract::Part;
use crate::model::contract_edit::UpdateRecurring;
use crate::model::recurring::{
    ProrationRounding, ProrationRoundingMethod, RecurrenceFrequency, Recurring, RecurringAmount,
    RecurringProration, RecurringRounding, RecurringTerms, RoundingChanges, SeatAllocation,
    SubscriptionConfig,
};
use crate::model::scalar::Amount;
use crate::rules::recurring::terms_now;

#[derive(Serialize)]
pub(super) struct ListedRecurring<I> {
    id: I,
    contract: JustId<ContractId>,
    #[serde(flatten)]
    terms: ListedRecurringTerms,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_config: Option<ListedConfig<ItsSubscription>>,
}

/// What recurring commits and credits of contracts and packages have in common.
#[derive(Serialize)]
pub(super) struct ListedRecurringTerms {
    product: NamedProduct,
    #[serde(flatten)]
    terms: ListedTerms,
    access_amount: ListedAmount,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_amount: Option<ListedAmount>,
    commit_duration: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurrence_frequency: Option<RecurrenceFrequency>,
    proration: RecurringProration,
    #[serde(skip_serializing_if = "Option::is_none")]
    proration_rounding: Option<Roundings>,
}

#[derive(Serialize)]
struct ListedAmount {
    unit_price: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Number,
    credit_type_id: CreditTypeId,
}

impl ListedAmount {
    fn of(amount: RecurringAmount) -> Self {
        Self {
            unit_price: number(amount.unit_price),
            quantity: amount.quantity.and_then(number),
            credit_type_id: amount.credit_type_id,
        }
    }
}

#[derive(Serialize)]
struct Duration {
    value: u32,
    unit: &'static str,
}

/// How one goes by a subscription, which contracts and packages name differently.
#[derive(Serialize)]
pub(super) struct ListedConfig<S> {
    allocation: SeatAllocation,
    apply_seat_increase_config: SeatIncrease,
    #[serde(flatten)]
    subscription: S,
}

#[derive(Serialize)]
struct ItsSubscription {
    subscription_id: SubscriptionId,
}

#[derive(Serialize)]
struct SeatIncrease {
    is_prorated: bool,
}

impl<S> ListedConfig<S> {
    pub(super) fn of<I>(config: &SubscriptionConfig<I>, subscription: impl FnOnce(&I) -> S) -> Self {
        Self {
            allocation: config.allocation,
            apply_seat_increase_config: SeatIncrease { is_prorated: config.is_prorated },
            subscription: subscription(&config.subscription_id),
        }
    }
}

/// How an amount is rounded.
#[derive(Serialize)]
pub(super) struct Rounding {
    rounding_method: ProrationRoundingMethod,
    decimal_places: i8,
}

impl Rounding {
    pub(super) const fn of(rounding: ProrationRounding) -> Self {
        Self { rounding_method: rounding.rounding_method, decimal_places: rounding.decimal_places }
    }
}

/// How the two amounts are rounded; `null` where one is rounded no more.
#[derive(Serialize)]
struct Roundings {
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Option<Rounding>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<Option<Rounding>>,
}

impl Roundings {
    fn of(rounding: RecurringRounding) -> Option<Self> {
        let listed = |one: Option<ProrationRounding>| one.map(Rounding::of).map(Some);
        (rounding != RecurringRounding::default())
            .then(|| Self { access: listed(rounding.access), invoice: listed(rounding.invoice) })
    }

    fn changes(changes: RoundingChanges) -> Self {
        let listed = |one: Option<Option<ProrationRounding>>| one.map(|to| to.map(Rounding::of));
        Self { access: listed(changes.access), invoice: listed(changes.invoice) }
    }
}

impl<I> ListedRecurring<I> {
    pub(super) fn of(contract: ContractId, part: Part<I, Recurring>, listing: &Listing<'_>) -> Self {
        let terms = terms_now(&part.part);
        let its = |id: &SubscriptionId| ItsSubscription { subscription_id: *id };
        Self {
            id: part.id,
            contract: JustId { id: contract },
            starting_at: timestamp(terms.starting_at),
            ending_before: terms.ending_before.map(timestamp),
            subscription_config: part.part.subscription_config.as_ref().map(|one| ListedConfig::of(one, its)),
            terms: ListedRecurringTerms::of(terms, listing),
        }
    }
}

impl ListedRecurringTerms {
    pub(super) fn of<D>(terms: RecurringTerms<D>, listing: &Listing<'_>) -> Self {
        Self {
            product: listing.product(terms.terms.product_id),
            access_amount: ListedAmount::of(terms.access_amount),
            invoice_amount: terms.invoice_amount.map(ListedAmount::of),
            commit_duration: Duration { value: terms.commit_duration, unit: "PERIODS" },
            recurrence_frequency: terms.recurrence_frequency,
            proration: terms.proration,
            proration_rounding: Roundings::of(terms.proration_rounding),
            terms: ListedTerms::of(terms.terms).with_rate_type(),
        }
    }
}

/// What an edit changed in one.
#[derive(Serialize)]
pub(super) struct ListedRecurringUpdate<I> {
    id: I,
    #[serde(skip_serializing_if = "AmountChanges::is_empty")]
    access_amount: AmountChanges,
    #[serde(skip_serializing_if = "AmountChanges::is_empty")]
    invoice_amount: AmountChanges,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_type: Option<RateChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proration_rounding: Option<Option<Roundings>>,
}

#[derive(Serialize)]
struct AmountChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Number,
}

impl AmountChanges {
    fn of(unit_price: Option<Amount>, quantity: Option<Amount>) -> Self {
        Self { unit_price: unit_price.and_then(number), quantity: quantity.and_then(number) }
    }

    const fn is_empty(&self) -> bool {
        self.unit_price.is_none() && self.quantity.is_none()
    }
}

impl<I> ListedRecurringUpdate<I> {
    pub(super) fn of(update: UpdateRecurring<I>) -> Self {
        let changes = update.changes;
        Self {
            id: update.id,
            access_amount: AmountChanges::of(changes.access_unit_price, changes.access_quantity),
            invoice_amount: AmountChanges::of(changes.invoice_unit_price, changes.invoice_quantity),
            ending_before: changes.ending_before.map(|end| end.map(timestamp)),
            rate_type: changes.rate_type,
            proration_rounding: changes.proration_rounding.map(|to| to.map(Roundings::changes)),
        }
    }
}
