//! What Stripe is told of an invoice besides its amounts. Source: the seed "Create a custom field key", and
//! `metronome-api.md` §1.9; the limits are those of <https://docs.stripe.com/metadata>.

use std::collections::BTreeMap;

use crate::entity::EntityRef;
use crate::id::InvoiceLineId;

/// The most keys in the metadata of one thing at Stripe.
pub const MAX_STRIPE_KEYS: usize = 50;
/// The most characters of a key of Stripe's metadata.
pub const MAX_STRIPE_KEY_CHARACTERS: usize = 40;
/// The most characters of a value of Stripe's metadata.
pub const MAX_STRIPE_VALUE_CHARACTERS: usize = 500;

/// The metadata of an invoice and its lines at Stripe: the values that are passed down to them, as far as Stripe takes
/// them. Nothing is cut to fit, and nothing is sent.
///
/// - **Whose.** The invoice has its own values, those of its contract and those of its customer; a line has those of
///   its commit, charge, discount, subscription or service, and those of its product.
///   The vendor is told field by field which go where, a contract's to what Stripe prints; here all are metadata.
/// - **One key, several values.** The first of them in that order is kept: the invoice's own before its contract's
///   before its customer's, and a line's source before its product.
/// - **Too many keys.** The first 50 in that order are kept, those of one source by key.
/// - **What Stripe does not take** (see [`StripeProblem`]) counts for neither: the next source with the key has it.
///
/// ```
/// use billfold::prelude::*;
///
/// # let clock = SetClock::default();
/// # clock.set("2025-01-10T00:00:00Z".parse()?);
/// # let store = StoreOptions::new().clock_from(&clock).in_memory()?;
/// store.add_key(ManagedEntity::Customer, "region", KeyKind::Indexed)?;
/// store.add_key(ManagedEntity::Contract, "region", KeyKind::Indexed)?;
/// let customer = store.create_customer(CreateCustomer {
///     custom_fields: [("region", "US")].into(),
///     ..Default::default()
/// })?;
/// let start: Time = "2025-01-01T00:00:00Z".parse()?;
/// let contract = store.create_contract(CreateContract {
///     custom_fields: [("region", "EU")].into(),
///     ..CreateContract::new(customer, start)
/// })?;
/// let invoices = store.invoices(contract, &InvoiceQuestion::through(start), &PageRequest::default())?;
///
/// let metadata = store.stripe_metadata(invoices.items[0].id)?;
/// assert_eq!(metadata.invoice["region"], "EU");
/// let left_out = &metadata.left_out[0];
/// assert_eq!((left_out.from, left_out.value.as_str()), (customer.into(), "US"));
/// assert_eq!(left_out.why, StripeProblem::KeyTaken { by: contract.into() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StripeMetadata {
    /// That of the invoice.
    pub invoice: BTreeMap<String, String>,
    /// That of each of its lines, in their order.
    pub lines: Vec<StripeLine>,
    /// What is in neither, once for each reason: of the invoice first, then line by line; by source as they are kept,
    /// then by key.
    pub left_out: Vec<LeftOut>,
}

/// The metadata of a line: of an invoice item, as Stripe calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StripeLine {
    /// The line.
    pub id: InvoiceLineId,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
}

/// What metadata is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StripeObject {
    /// The invoice.
    Invoice,
    /// One of its lines.
    Line(InvoiceLineId),
}

/// A value that is not in the metadata of a thing that it is passed down to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Where it is missing.
    pub on: StripeObject,
    /// Whose value it is.
    pub from: EntityRef,
    /// Its key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Why it is left out.
    pub why: StripeProblem,
}

/// Why a value is not in Stripe's metadata. Characters are Unicode scalar values.
///
/// ```
/// use billfold::StripeProblem;
///
/// let problem = StripeProblem::KeyTooLong { characters: 41 };
/// assert_eq!(problem.to_string(), "the key has 41 characters; Stripe takes up to 40");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StripeProblem {
    /// The key has too many characters.
    #[error("the key has {characters} characters; Stripe takes up to {MAX_STRIPE_KEY_CHARACTERS}")]
    KeyTooLong {
        /// How many it has.
        characters: usize,
    },
    /// The key has a square bracket.
    #[error("the key has a square bracket at place {at}; Stripe takes none")]
    KeyHasBracket {
        /// Which character is the first, counted from 0.
        at: usize,
    },
    /// The value has no characters: Stripe would take away what stands under the key.
    #[error("the value is empty; to Stripe that means to take the key away")]
    ValueEmpty,
    /// The value has too many characters.
    #[error("the value has {characters} characters; Stripe takes up to {MAX_STRIPE_VALUE_CHARACTERS}")]
    ValueTooLong {
        /// How many it has.
        characters: usize,
    },
    /// Another value stands under the key. The same value is no problem.
    #[error("another value stands under the key: that of {by}")]
    KeyTaken {
        /// Whose value it is.
        by: EntityRef,
    },
    /// There are as many keys as Stripe takes.
    #[error("Stripe takes up to {MAX_STRIPE_KEYS} keys")]
    TooManyKeys,
}
