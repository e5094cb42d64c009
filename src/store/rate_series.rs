//! The rates of one product, pricing group values and billing frequency: by their starts; and, apart from these, by
//! start and by when they were added, those that others with the same start have replaced.
//!
//! What a card says now is read without the past. The past tells what it said as of a moment: what had been added
//! before that moment, which is the last that had been added of each start.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use crate::entity::{ContractProductId, EntityId};
use crate::error::Result;
use crate::model::rate::{AddRate, BillingFrequency, PastRate, RateRecord};
use crate::model::scalar::Time;
use crate::storage::codec::FieldsRow;
use crate::storage::collection::{self, Put};
use crate::storage::key_bytes;
use crate::storage::member::Member;
use crate::storage::view::Reader;

/// A rate with its key: its series, then its start.
pub struct Keyed {
    pub key: Vec<u8>,
    rate: RateRecord,
}

impl Keyed {
    pub fn new(rate: AddRate, recorded_at: Time) -> Self {
        let mut key = of(rate.product_id, &rate.pricing_group_values, rate.billing_frequency);
        key.extend(key_bytes::moment(Some(rate.starting_at)));
        let credit_type = rate.credit_type();
        let AddRate { pricing_group_values, billing_frequency, starting_at, ending_before, .. } = rate;
        let AddRate { entitled, rate, commit_rate, .. } = rate;
        let rate = RateRecord {
            pricing_group_values,
            billing_frequency,
            starting_at,
            ending_before,
            entitled,
            rate,
            credit_type,
            commit_rate,
            recorded_at,
        };
        Self { key, rate }
    }
}

/// What the keys of the rates of one series begin with: product, pricing group values and billing frequency.
pub fn of(
    product: ContractProductId,
    groups: &BTreeMap<String, String>,
    frequency: Option<BillingFrequency>,
) -> Vec<u8> {
    let groups = groups.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut key = product.uuid().as_bytes().to_vec();
    key.extend(key_bytes::pairs(groups));
    key.push(frequency.map_or(0, |frequency| frequency as u8 + 1));
    key
}

/// Whether a rate can stand under a key, or one that was replaced.
#[cfg(feature = "wire")]
pub fn fits(key: &[u8], rate: &RateRecord, replaced: bool) -> bool {
    let Some((product, _)) = key.split_first_chunk() else { return false };
    let product = ContractProductId::from(Uuid::from_bytes(*product));
    let mut right = of(product, &rate.pricing_group_values, rate.billing_frequency);
    right.extend(key_bytes::moment(Some(rate.starting_at)));
    if replaced {
        right.extend(key_bytes::moment(Some(rate.recorded_at)));
    }
    key == right
}

/// The key of a rate without its start.
pub fn of_key(key: &[u8]) -> &[u8] {
    key.split_last_chunk::<{ key_bytes::MOMENT_BYTES }>().map_or(key, |(series, _)| series)
}

/// Puts rates on a card. One that says what is said already is no change.
pub fn put(member: &Member<'_>, card: Uuid, row: &mut FieldsRow, rates: Vec<Keyed>) -> Result<()> {
    let (mut past, mut puts) = (Vec::new(), Vec::with_capacity(rates.len()));
    for Keyed { key, mut rate } in rates {
        if let Some(before) = collection::get::<RateRecord>(member, card, &key)? {
            // When it was added is no part of what it says.
            let now = std::mem::replace(&mut rate.recorded_at, before.recorded_at);
            if rate == before {
                continue;
            }
            // Where the clock went back while nobody knew, no rate is added before the one it replaces.
            rate.recorded_at = now.max(before.recorded_at);
            // What was replaced at the moment it was added does not count as of any.
            if before.recorded_at < rate.recorded_at {
                let added = key_bytes::moment(Some(before.recorded_at));
                let key = [key.as_slice(), &added].concat();
                past.push(Put { key, part: Some(PastRate(before)) });
            }
        }
        puts.push(Put { key, part: Some(rate) });
    }
    collection::put(member, card, row, past)?;
    collection::put(member, card, row, puts)
}

/// The last rate of a series that starts at a moment or before, and when the next one starts: as far as had been
/// recorded before `as_of`, or is known now. Reads no other series, and of the past nothing but for the former.
pub fn around(
    reader: &impl Reader,
    card: Uuid,
    series: &[u8],
    moment: Time,
    as_of: Option<Time>,
) -> Result<(Option<RateRecord>, Option<Time>)> {
    let mut found = Around { moment, as_of, last: None, next: None };
    if as_of.is_some() {
        collection::scan(reader, card, series, Bound::Unbounded, |_, PastRate(rate)| Ok(found.see(rate)))?;
    }
    // Of one start, the rate that there is came last.
    collection::scan(reader, card, series, Bound::Unbounded, |_, rate| Ok(found.see(rate)))?;
    Ok((found.last, found.next))
}

struct Around {
    moment: Time,
    as_of: Option<Time>,
    last: Option<RateRecord>,
    next: Option<Time>,
}

impl Around {
    /// Takes in a rate, in order of the starts and of one start in the order they were added.
    fn see(&mut self, rate: RateRecord) -> ControlFlow<()> {
        if self.as_of.is_some_and(|as_of| as_of <= rate.recorded_at) {
            return ControlFlow::Continue(());
        }
        let start = rate.starting_at;
        if self.moment < start {
            self.next = Some(self.next.map_or(start, |next| next.min(start)));
            return ControlFlow::Break(());
        }
        if self.last.as_ref().is_none_or(|last| last.starting_at <= start) {
            self.last = Some(rate);
        }
        ControlFlow::Continue(())
    }
}
