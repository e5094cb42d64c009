//! Credit types: the units that prices and amounts are in.

use serde::Serialize;
use uuid::uuid;

use crate::id::CreditTypeId;

/// A unit of money: a currency, or a pricing unit of the caller's own. Source: `metronome-api.md` §0.
///
/// The store keeps ids alone. The API's text for two of them is known here; any other is answered with its id as
/// its name, because there is no call that would name it.
///
/// ```
/// use billfold::CreditType;
///
/// assert_eq!(CreditType::of(CreditType::USD_CENTS).name, "USD (cents)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CreditType {
    /// What it is called.
    pub name: String,
    /// Its id.
    pub id: CreditTypeId,
}

impl CreditType {
    /// US dollars, in cents: what a price is in where nothing is said.
    pub const USD_CENTS: CreditTypeId = CreditTypeId::new(uuid!("2714e483-4ff1-48e4-9e25-ac732e8f24f2"));
    /// Euros, in whole units.
    pub const EUR: CreditTypeId = CreditTypeId::new(uuid!("58f0be15-cc47-4220-bdaf-072ab0e44f96"));

    /// The credit type with that id.
    #[must_use]
    pub fn of(id: CreditTypeId) -> Self {
        let name = match id {
            Self::USD_CENTS => "USD (cents)".to_owned(),
            Self::EUR => "EUR".to_owned(),
            other => other.to_string(),
        };
        Self { name, id }
    }

    /// How many places behind the point the smallest part of it that can be paid has: US dollars are in cents
    /// already, and all others in whole units of a hundred parts.
    pub(crate) fn decimal_places(id: CreditTypeId) -> u32 {
        if id == Self::USD_CENTS { 0 } else { 2 }
    }
}
