//! What usage comes to.

use super::contract_rate::ContractRate;
use super::scalar::Amount;

/// What a quantity of a product comes to on a contract, at one moment. Nothing is metered here: the quantity comes
/// from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Charge {
    /// The quantity that is billed: what was measured, converted and rounded as the product says at that moment.
    pub quantity: Amount,
    /// The rate that it is billed at.
    pub rate: ContractRate,
    /// What each part of the quantity costs: one, or one for each tier that the quantity reaches.
    pub parts: Vec<ChargedPart>,
    /// What it comes to, in the unit of the rate in force; for US dollars, cents. Where a share has a minimum, at
    /// least that.
    pub total: Amount,
}

/// Units that all cost the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChargedPart {
    /// How many units; of a share, how much it is a share of.
    pub quantity: Amount,
    /// What each of them costs; the share, as a fraction.
    pub unit_price: Amount,
    /// The product of both: exact where it has up to 28 digits, else rounded once, and what is halfway goes to the
    /// even digit.
    pub total: Amount,
}
