//! Overrides: prices and entitlements that a contract has in place of its rate card's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::balance::RateChoice;
use super::rate::{BillingFrequency, Rate};
use super::scalar::{Amount, Time};
use super::word::words;
use crate::entity::ContractProductId;
use crate::id::CreditTypeId;

/// The most specifiers of an override, and the most ids, tags or values in one.
pub const MAX_OVERRIDE_SPECIFIERS: usize = 1_000;

words! {
    /// What an override does to a rate. Source: `metronome-api.md` §6.2.
    OverrideType {
        /// Puts another rate in its place. Goes before the other types.
        Overwrite "OVERWRITE",
        /// Multiplies its prices.
        Multiplier "MULTIPLIER",
        /// Multiplies its price by a factor that depends on how many units came before.
        Tiered "TIERED",
    }
}

words! {
    /// Which of several multipliers wins.
    #[derive(Default)]
    OverridePrioritization {
        /// The lowest, so that the largest discount counts. The default.
        #[default]
        LowestMultiplier "LOWEST_MULTIPLIER",
        /// The one with the lowest priority number. TIERED overrides need it.
        Explicit "EXPLICIT",
    }
}

/// A range of quantities with a multiplier of its own: beyond the tiers before it, and up to its size, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct OverrideTier {
    /// How many units it has: more than 0. Every tier but the last has a size. Where the last one has a size too,
    /// the price of units beyond it stays as it is.
    pub size: Option<Amount>,
    /// What the price of a unit in it is multiplied by: 0 or more.
    pub multiplier: Amount,
}

/// The rate that an OVERWRITE override puts in place of a card's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct OverwriteRate {
    /// What a unit costs.
    pub rate: Rate,
    /// What the prices are in; what the card's rate is in where nothing is said.
    pub credit_type_id: Option<CreditTypeId>,
}

/// Which rates an override is for: all conditions have to hold. Of several specifiers one is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct OverrideSpecifier {
    /// Of this product.
    pub product_id: Option<ContractProductId>,
    /// Of products that have all of these tags.
    pub product_tags: Vec<String>,
    /// For these pricing group values, among others. An OVERWRITE that names some names all that the rate has.
    pub pricing_group_values: BTreeMap<String, String>,
    /// For usage that is shown with these presentation group values, among others.
    pub presentation_group_values: BTreeMap<String, String>,
    /// Billed this often.
    pub billing_frequency: Option<BillingFrequency>,
    /// When these commits pay. In a request their ids, or the temporary ids of some that the same call makes;
    /// read back they are ids. Commit-specific overrides alone, and with a product, tags or values.
    pub commit_ids: Vec<String>,
    /// When commits that these recurring ones gave pay; as `commit_ids`. Of both lists together, one that pays is
    /// enough.
    pub recurring_commit_ids: Vec<String>,
    /// When any of these commits, credits, recurring commits or recurring credits pays; in place of both lists
    /// before it.
    pub any_commit_or_credit_ids: Vec<String>,
    /// Not for products that have all tags of one of these lists.
    pub exclude: Vec<Vec<String>>,
}

impl OverrideSpecifier {
    /// Whether it names what pays.
    pub(crate) fn names_balances(&self) -> bool {
        !(self.commit_ids.is_empty()
            && self.recurring_commit_ids.is_empty()
            && self.any_commit_or_credit_ids.is_empty())
    }
}

/// What an override is. Source: the seed "Provision a customer", and `metronome-api.md` §6.2.
///
/// Its dates are [`Time`]s, or [`RelativeDate`](crate::RelativeDate)s in a package.
///
/// ```
/// use billfold::prelude::*;
///
/// let start: Time = "2024-11-01T00:00:00Z".parse()?;
/// let five_percent_off = OverrideTerms {
///     entitled: Some(true),
///     override_type: Some(OverrideType::Multiplier),
///     multiplier: Some("0.95".parse()?),
///     applicable_product_tags: vec!["cloud".into()],
///     ..OverrideTerms::new(start)
/// };
/// # drop(five_percent_off);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct OverrideTerms<D = Time> {
    /// From when on, inclusive.
    pub starting_at: D,
    /// Until when, exclusive: later than the start. With the contract where nothing is said.
    pub ending_before: Option<D>,
    /// Whether the product is part of the contract; as the card says where nothing is said.
    pub entitled: Option<bool>,
    /// What it does to the rate; nothing where nothing is said, and then `entitled` is needed.
    pub override_type: Option<OverrideType>,
    /// MULTIPLIER: needed, 0 or more.
    pub multiplier: Option<Amount>,
    /// More than 0; the lowest goes first, and of equal ones the last that was made. Needed for TIERED overrides,
    /// and for MULTIPLIER ones of a contract with [explicit](OverridePrioritization::Explicit) priorities; others
    /// may have one that means nothing. None without a type.
    pub priority: Option<Amount>,
    /// OVERWRITE: needed.
    pub overwrite_rate: Option<OverwriteRate>,
    /// TIERED: 1 or more, up to 1,000.
    pub tiers: Vec<OverrideTier>,
    /// For this product. Not with tags or specifiers. Where none of the three is said it is for all products, which
    /// an OVERWRITE cannot be: it names its products by their ids.
    pub product_id: Option<ContractProductId>,
    /// For products with any of these tags. Not with a product or specifiers, and not for an OVERWRITE.
    pub applicable_product_tags: Vec<String>,
    /// For what one of these says. Not with a product or tags.
    pub override_specifiers: Vec<OverrideSpecifier>,
    /// Whether it is only for usage that a commit or credit pays for.
    pub is_commit_specific: bool,
    /// Which of the two rates it is for; the list rate where nothing is said. Commit-specific overrides alone.
    pub target: Option<RateChoice>,
}

impl<D> OverrideTerms<D> {
    /// For all of the card's rates from a moment on, without an effect of its own yet.
    #[must_use]
    pub const fn new(starting_at: D) -> Self {
        Self {
            starting_at,
            ending_before: None,
            entitled: None,
            override_type: None,
            multiplier: None,
            priority: None,
            overwrite_rate: None,
            tiers: Vec::new(),
            product_id: None,
            applicable_product_tags: Vec::new(),
            override_specifiers: Vec::new(),
            is_commit_specific: false,
            target: None,
        }
    }
}

/// An override of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Override {
    /// What it is.
    pub terms: OverrideTerms,
    /// When it was made. Of overwrites, the last one that was made wins.
    pub created_at: Time,
}
