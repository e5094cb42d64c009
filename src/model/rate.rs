//! Rates: what a product costs on a rate card, from a moment on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::credit_type::CreditType;
use super::scalar::{Amount, Time};
use super::word::words;
use crate::entity::ContractProductId;
use crate::id::CreditTypeId;

/// The most pairs of a rate's pricing group values.
pub const MAX_PRICING_GROUP_VALUES: usize = 20;
/// The most characters of a rate's pricing group values, names and values together.
pub const MAX_PRICING_GROUP_CHARACTERS: usize = 500;
/// The most tiers of a rate.
pub const MAX_TIERS: usize = 1_000;
/// The most characters of a custom rate's JSON.
pub const MAX_CUSTOM_RATE_CHARACTERS: usize = 10_000;
/// The most selectors of a question about rates.
pub const MAX_RATE_SELECTORS: usize = 100;

words! {
    /// How a rate makes a price out of a quantity. Source: `metronome-api.md` §5.
    ///
    /// ```
    /// use billfold::RateType;
    ///
    /// assert_eq!(RateType::TieredPercentage.name(), "TIERED_PERCENTAGE");
    /// ```
    #[derive(Default)]
    RateType {
        /// The same price for each unit. The default.
        #[default]
        Flat "FLAT",
        /// A share of what other products come to.
        Percentage "PERCENTAGE",
        /// A price for each unit of a subscription. The API's older form of a flat rate with a billing frequency.
        Subscription "SUBSCRIPTION",
        /// A price for each unit that depends on how many came before.
        Tiered "TIERED",
        /// A share that depends on how much there is. Kept and given back; only its shape is checked.
        TieredPercentage "TIERED_PERCENTAGE",
        /// Something that the caller makes a price of. Kept and given back; only its shape is checked.
        Custom "CUSTOM",
    }
}

impl RateType {
    /// Whether it is a share of prices that have credit types of their own.
    pub(crate) const fn is_a_share(self) -> bool {
        matches!(self, Self::Percentage | Self::TieredPercentage)
    }
}

words! {
    /// How often a subscription is billed.
    BillingFrequency {
        /// Every calendar month.
        Monthly "MONTHLY",
        /// Every three calendar months.
        Quarterly "QUARTERLY",
        /// Every twelve calendar months.
        Annual "ANNUAL",
        /// Every seven days.
        Weekly "WEEKLY",
    }
}

/// A range of quantities with a price of its own: beyond the tiers before it, and up to its size, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Tier {
    /// How many units it has: more than 0. Every tier but the last has a size; the last one has none, and no end.
    pub size: Option<Amount>,
    /// The price of a unit in it: 0 or more, in the rate's credit type.
    pub price: Amount,
}

/// What a unit costs. Source: `metronome-api.md` §5.
///
/// ```
/// use billfold::{Amount, Rate, RateType};
///
/// let ten_cents = Rate::flat(Amount::from(10));
/// assert_eq!(ten_cents.rate_type, RateType::Flat);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Rate {
    /// How it makes a price.
    pub rate_type: RateType,
    /// The price, in the credit type's unit. FLAT and SUBSCRIPTION: needed, 0 or more. PERCENTAGE: needed, the
    /// share as a fraction from 0 to 1. TIERED: none, because the tiers have it.
    pub price: Option<Amount>,
    /// TIERED: 1 to 1,000, the last one without a size. TIERED_PERCENTAGE: may have some. Others have none.
    pub tiers: Vec<Tier>,
    /// The least that it comes to: 0 or more. PERCENTAGE and TIERED_PERCENTAGE alone. The API's
    /// `minimum_config.minimum`.
    pub minimum: Option<Amount>,
    /// How many units there are where nobody says: 0 or more.
    pub quantity: Option<Amount>,
    /// Whether part of a period costs part of the price. SUBSCRIPTION alone, and true where it is said.
    pub is_prorated: Option<bool>,
    /// CUSTOM alone: whatever JSON object the caller makes a price of, up to 10,000 characters of it.
    pub custom_rate: Option<String>,
}

impl Rate {
    /// The same price for each unit: 0 or more.
    #[must_use]
    pub fn flat(price: Amount) -> Self {
        Self { price: Some(price), ..Self::default() }
    }

    /// A share of what other products come to: a fraction from 0 to 1.
    #[must_use]
    pub fn percentage(fraction: Amount) -> Self {
        Self { rate_type: RateType::Percentage, price: Some(fraction), ..Self::default() }
    }

    /// A price that depends on how many units came before. The last tier has no size.
    #[must_use]
    pub fn tiered(tiers: impl Into<Vec<Tier>>) -> Self {
        Self { rate_type: RateType::Tiered, tiers: tiers.into(), ..Self::default() }
    }
}

/// A second price, for usage that a commit or credit pays for. Its fields are as in [`Rate`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CommitRate {
    /// See [`Rate::rate_type`].
    pub rate_type: RateType,
    /// See [`Rate::price`].
    pub price: Option<Amount>,
    /// See [`Rate::tiers`].
    pub tiers: Vec<Tier>,
    /// See [`Rate::minimum`].
    pub minimum: Option<Amount>,
}

/// A rate that is to be added to a card.
///
/// It is in force from its start until its end, or until the next start of a rate for the same product, pricing
/// group values and billing frequency: that one takes over for good. A rate with the very same start is replaced.
/// So a price changes by adding one that starts later, and ends by adding it once more with an end.
///
/// ```
/// use billfold::prelude::*;
///
/// # let product = ContractProductId::from(uuid::Uuid::from_u128(1));
/// let rate = AddRate {
///     pricing_group_values: [("region".to_owned(), "EU".to_owned())].into(),
///     ..AddRate::new(product, "2025-01-01T00:00:00Z".parse()?, Rate::flat("0.5".parse()?))
/// };
/// assert!(rate.entitled);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddRate {
    /// What it is the price of.
    pub product_id: ContractProductId,
    /// For which usage: values of the product's pricing group key, up to 20, of up to 500 characters altogether.
    pub pricing_group_values: BTreeMap<String, String>,
    /// How often it is billed: needed for a FLAT rate of a SUBSCRIPTION product, and for no other type of product.
    pub billing_frequency: Option<BillingFrequency>,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive: later than the start. `None` until the next rate starts.
    pub ending_before: Option<Time>,
    /// Whether the product is part of a contract with this card unless the contract says otherwise.
    pub entitled: bool,
    /// What a unit costs.
    pub rate: Rate,
    /// What the prices are in: the card's currency, or a unit that it converts; US dollars in cents where nothing
    /// is said. All of a product's rates on a card are in the same. A share needs none: it is in what it is a
    /// share of.
    pub credit_type_id: Option<CreditTypeId>,
    /// What a unit costs that a commit or credit pays for.
    pub commit_rate: Option<CommitRate>,
}

impl AddRate {
    /// A rate without an end, for all of a product's usage, that entitles to the product.
    #[must_use]
    pub const fn new(product_id: ContractProductId, starting_at: Time, rate: Rate) -> Self {
        Self {
            product_id,
            pricing_group_values: BTreeMap::new(),
            billing_frequency: None,
            starting_at,
            ending_before: None,
            entitled: true,
            rate,
            credit_type_id: None,
            commit_rate: None,
        }
    }

    /// What the prices are in, and stay in; `None` for a share.
    pub(crate) fn unit(&self) -> Option<CreditTypeId> {
        (!self.rate.rate_type.is_a_share()).then(|| self.credit_type_id.unwrap_or(CreditType::USD_CENTS))
    }

    /// The credit type that is kept: of a share what was given, though it means nothing.
    pub(crate) fn credit_type(&self) -> Option<CreditTypeId> {
        self.unit().or(self.credit_type_id)
    }
}

/// Which rates are asked for: all conditions have to hold. Of several selectors one is enough.
///
/// ```
/// use billfold::RateSelector;
///
/// let everything = RateSelector::default();
/// assert!(everything.product_id.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateSelector {
    /// Of this product.
    pub product_id: Option<ContractProductId>,
    /// Of a product with one of these tags at the moment that is asked about, where any is named.
    pub product_tags: Vec<String>,
    /// For exactly these pricing group values.
    pub pricing_group_values: Option<BTreeMap<String, String>>,
    /// For pricing group values that these are among.
    pub partial_pricing_group_values: Option<BTreeMap<String, String>>,
    /// Billed this often.
    pub billing_frequency: Option<BillingFrequency>,
}

/// A rate and when it is in force, with what a price list shows of its product.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateSegment {
    /// What it is the price of.
    pub product_id: ContractProductId,
    /// What the product is called at the moment that is asked about; empty where the product was forgotten since.
    pub product_name: String,
    /// The product's tags at that moment.
    pub product_tags: Vec<String>,
    /// The product's values, by key.
    pub product_custom_fields: BTreeMap<String, String>,
    /// See [`AddRate::pricing_group_values`].
    pub pricing_group_values: BTreeMap<String, String>,
    /// See [`AddRate::billing_frequency`].
    pub billing_frequency: Option<BillingFrequency>,
    /// From when on it is in force, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive: its own end, or the next rate's start where that is earlier; `None` for ever.
    pub ending_before: Option<Time>,
    /// See [`AddRate::entitled`].
    pub entitled: bool,
    /// What a unit costs.
    pub rate: Rate,
    /// What the prices are in; `None` for a share that was given none.
    pub credit_type: Option<CreditType>,
    /// See [`AddRate::commit_rate`].
    pub commit_rate: Option<CommitRate>,
}

/// What is stored of a rate. Its product stands in its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct RateRecord {
    pub(crate) pricing_group_values: BTreeMap<String, String>,
    pub(crate) billing_frequency: Option<BillingFrequency>,
    pub(crate) starting_at: Time,
    pub(crate) ending_before: Option<Time>,
    pub(crate) entitled: bool,
    pub(crate) rate: Rate,
    pub(crate) credit_type: Option<CreditTypeId>,
    pub(crate) commit_rate: Option<CommitRate>,
    /// When it was added.
    pub(crate) recorded_at: Time,
}

/// A rate that another one with the same start has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct PastRate(pub(crate) RateRecord);
