//! The ids of invoices and of their lines, which are made of what they are for.

use uuid::{Uuid, uuid};

use crate::entity::{ContractId, EntityId, InvoiceId};
use crate::id::{CreditTypeId, InvoiceLineId};
use crate::model::charge_line::LineSource;
use crate::model::scalar::Time;

/// What contracts' and credit types' digests are told apart from others by.
const NAMESPACE: Uuid = uuid!("5f0a2c1e-93d7-4b86-a41f-0d6c27e8b953");
const DAY_SECONDS: i64 = 86_400;

const TAG_BITS: u32 = 50;
const DAY_BITS: u32 = 23;
const NTH_BITS: u32 = 16;
const DIGEST_BITS: u32 = 32;
const BOUNDARY_BITS: u32 = 40;
/// Behind what says which usage invoice it is there is nothing.
const REST_BITS: u32 = DAY_BITS + DIGEST_BITS - BOUNDARY_BITS;
/// Numbers of boundaries are counted in both directions, and stored from the middle on.
const BOUNDARY_MIDDLE: i64 = 1 << (BOUNDARY_BITS - 1);

/// What an invoice's id is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvoiceKey {
    /// See [`contract_tag`].
    pub contract_tag: u64,
    pub of: KeyOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOf {
    /// The `nth` invoice of charges of a UTC day, which begins then, in a credit type: [that](credit_type_digest) of it.
    Scheduled { day: Time, credit_type_digest: u32, nth: u16 },
    /// The `nth` usage invoice of the period with that [number](super::placement::UsageInvoices::number): 40 bits,
    /// which are more than the calendar has days.
    Usage { boundary: i64, nth: u16 },
}

/// The 50 bits by which invoices' ids lead to their contract.
pub fn contract_tag(contract: ContractId) -> u64 {
    // The four bits behind the first 48 are the digest's version.
    let digest = Uuid::new_v5(&NAMESPACE, contract.uuid().as_bytes()).as_u128();
    low(digest >> 80, 48) << 2 | low(digest >> 74, 2)
}

/// The 32 bits by which invoices' ids say what they are in.
pub fn credit_type_digest(credit_type: CreditTypeId) -> u32 {
    let digest = Uuid::new_v5(&NAMESPACE, Uuid::from(credit_type).as_bytes());
    digest.as_fields().0
}

impl InvoiceKey {
    /// The id: of version 8, so that its 122 free bits are what is said here, and it leads back to it.
    pub fn id(&self) -> InvoiceId {
        let mut bits = Bits::default();
        bits.push(self.contract_tag, TAG_BITS);
        match self.of {
            KeyOf::Scheduled { day, credit_type_digest, nth } => {
                bits.push(0, 1);
                bits.push(day_number(day), DAY_BITS);
                bits.push(nth.into(), NTH_BITS);
                bits.push(credit_type_digest.into(), DIGEST_BITS);
            }
            KeyOf::Usage { boundary, nth } => {
                bits.push(1, 1);
                let from_first = boundary.saturating_add(BOUNDARY_MIDDLE).max(0);
                bits.push(from_first.unsigned_abs(), BOUNDARY_BITS);
                bits.push(nth.into(), NTH_BITS);
                bits.push(0, REST_BITS);
            }
        }
        InvoiceId::from(bits.uuid())
    }
}

/// What ids of scheduled invoices of a day, which begins then, do not come before.
pub fn first_of_day(contract_tag: u64, day: Time) -> InvoiceId {
    let of = KeyOf::Scheduled { day, credit_type_digest: 0, nth: 0 };
    InvoiceKey { contract_tag, of }.id()
}

/// The first and the last id that an invoice of a contract can have.
pub fn ids_of(contract: ContractId) -> (InvoiceId, InvoiceId) {
    let all = |rest: u64| {
        let mut bits = Bits::default();
        bits.push(contract_tag(contract), TAG_BITS);
        bits.push(rest, 36);
        bits.push(rest, 36);
        InvoiceId::from(bits.uuid())
    };
    (all(0), all(u64::MAX))
}

/// What an id says; `None` of one that is none of those made here.
pub fn read(id: InvoiceId) -> Option<InvoiceKey> {
    let mut bits = Bits::of(id.uuid())?;
    let contract_tag = bits.pull(TAG_BITS);
    let of = if bits.pull(1) == 0 {
        let day = day_of(bits.pull(DAY_BITS))?;
        let nth = u16::try_from(bits.pull(NTH_BITS)).ok()?;
        let credit_type_digest = u32::try_from(bits.pull(DIGEST_BITS)).ok()?;
        KeyOf::Scheduled { day, credit_type_digest, nth }
    } else {
        let boundary = i64::try_from(bits.pull(BOUNDARY_BITS)).ok()? - BOUNDARY_MIDDLE;
        let nth = u16::try_from(bits.pull(NTH_BITS)).ok()?;
        if bits.pull(REST_BITS) != 0 {
            return None;
        }
        KeyOf::Usage { boundary, nth }
    };
    Some(InvoiceKey { contract_tag, of })
}

/// Counted from the first day there is.
fn day_number(day: Time) -> u64 {
    (utc_day(day) - utc_day(Time::FIRST)).unsigned_abs()
}

fn day_of(number: u64) -> Option<Time> {
    let day = utc_day(Time::FIRST).checked_add_unsigned(number)?;
    // The first day does not begin at midnight.
    if number == 0 { Some(Time::FIRST) } else { Time::of_unix(day.checked_mul(DAY_SECONDS)?, 0) }
}

fn utc_day(time: Time) -> i64 {
    time.unix().0.div_euclid(DAY_SECONDS)
}

/// The free bits of a UUID of version 8, the first one first.
#[derive(Debug, Default)]
struct Bits(u128);

impl Bits {
    const CUSTOM_VERSION: u128 = 8;
    const VARIANT: u128 = 0b10;

    /// Those of such a UUID; `None` of any other.
    fn of(id: Uuid) -> Option<Self> {
        let all = id.as_u128();
        let custom = (all >> 76) & 0xF == Self::CUSTOM_VERSION && (all >> 62) & 0b11 == Self::VARIANT;
        let bits = (all >> 80) << 74 | u128::from(low(all >> 64, 12)) << 62 | u128::from(low(all, 62));
        // To the top, from where they are taken.
        custom.then_some(Self(bits << 6))
    }

    fn push(&mut self, value: u64, count: u32) {
        self.0 = self.0 << count | u128::from(low(value.into(), count));
    }

    fn pull(&mut self, count: u32) -> u64 {
        let value = low(self.0 >> (128 - count), count);
        self.0 <<= count;
        value
    }

    /// The UUID, once all bits are there.
    fn uuid(&self) -> Uuid {
        let first = (self.0 >> 74) << 80;
        let second = u128::from(low(self.0 >> 62, 12)) << 64;
        let third = u128::from(low(self.0, 62));
        Uuid::from_u128(first | Self::CUSTOM_VERSION << 76 | second | Self::VARIANT << 62 | third)
    }
}

/// The last bits of a number: 63 at most.
fn low(number: u128, count: u32) -> u64 {
    u64::try_from(number & ((1 << count) - 1)).unwrap_or_default()
}

/// The id of an invoice's line; `n` tells apart several lines for one thing, which usage has.
pub fn line_id(invoice: InvoiceId, source: &LineSource, n: usize) -> InvoiceLineId {
    let mut bytes = source_bytes(source);
    bytes.extend(u64::try_from(n).unwrap_or(u64::MAX).to_be_bytes());
    Uuid::new_v5(&invoice.uuid(), &bytes).into()
}

/// What a line is for, in bytes: of one kind always equally many. They are part of the ids, and so never change.
fn source_bytes(source: &LineSource) -> Vec<u8> {
    let (kind, id, rest): (u8, Uuid, Vec<u8>) = match *source {
        LineSource::Commit { id, item } => (0, id.into(), Uuid::from(item).into_bytes().into()),
        LineSource::RecurringCommit { id, number } => (1, id.into(), number.to_be_bytes().into()),
        LineSource::ScheduledCharge { id, item } => (2, id.into(), Uuid::from(item).into_bytes().into()),
        LineSource::Discount { id, item } => (3, id.into(), Uuid::from(item).into_bytes().into()),
        LineSource::ProfessionalService { id } => (4, id.into(), Vec::new()),
        LineSource::Subscription { id, period, from } => {
            (5, id.into(), [moment_bytes(period), moment_bytes(from)].concat())
        }
        LineSource::Usage { product_id } => (6, product_id.into(), Vec::new()),
        LineSource::Conversion { credit_type_id } => (7, credit_type_id.into(), Vec::new()),
    };
    let mut bytes = vec![kind];
    bytes.extend(id.as_bytes());
    bytes.extend(rest);
    bytes
}

fn moment_bytes(time: Time) -> Vec<u8> {
    let (seconds, nanoseconds) = time.unix();
    let mut bytes = seconds.to_be_bytes().to_vec();
    bytes.extend(nanoseconds.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credit_type::CreditType;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use uuid::{Variant, Version};

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn any_day() -> impl Strategy<Value = Time> {
        let (first, last) = (utc_day(Time::FIRST), utc_day(Time::LAST));
        let day = |day: i64| Time::of_unix(day * DAY_SECONDS, 0).unwrap_or(Time::FIRST);
        prop_oneof![4 => 0..40_000_i64, 1 => first..=last, 1 => Just(first), 1 => Just(last)].prop_map(day)
    }

    fn any_key() -> impl Strategy<Value = InvoiceKey> {
        let credit_type = prop_oneof![
            Just(CreditType::USD_CENTS),
            Just(CreditType::EUR),
            any::<u128>().prop_map(|id| Uuid::from_u128(id).into()),
        ];
        let of_a_day = (any_day(), credit_type, any::<u16>())
            .prop_map(|(day, credit_type, nth)| scheduled(day, credit_type, nth));
        let boundary = prop_oneof![-1_000..1_000_i64, -BOUNDARY_MIDDLE..BOUNDARY_MIDDLE];
        let usage = (boundary, any::<u16>()).prop_map(|(boundary, nth)| KeyOf::Usage { boundary, nth });
        let contract_tag = prop_oneof![0..1_u64 << TAG_BITS, Just((1 << TAG_BITS) - 1), Just(0)];
        (contract_tag, prop_oneof![of_a_day, usage])
            .prop_map(|(contract_tag, of)| InvoiceKey { contract_tag, of })
    }

    fn scheduled(day: Time, credit_type: CreditTypeId, nth: u16) -> KeyOf {
        KeyOf::Scheduled { day, credit_type_digest: credit_type_digest(credit_type), nth }
    }

    /// Worked out apart from this program.
    #[test]
    fn an_id_is_the_same_for_ever() {
        let contract = ContractId::from(Uuid::from_u128(1));
        let day = time("2025-02-01T00:00:00Z");
        let id = |of| InvoiceKey { contract_tag: contract_tag(contract), of }.id().to_string();
        assert_eq!(id(scheduled(day, CreditType::USD_CENTS, 0)), "836f7c50-201d-890c-831a-00008ca4c10a");
        assert_eq!(id(KeyOf::Usage { boundary: 0, nth: 0 }), "836f7c50-201d-8b00-8000-000000000000");
        let invoice = InvoiceId::from(Uuid::from_u128(2));
        let source = LineSource::Usage { product_id: Uuid::from_u128(3).into() };
        assert_eq!(line_id(invoice, &source, 0).to_string(), "456b7f3b-f462-5fa4-9011-61ff661591b2");
    }

    #[test]
    fn an_id_that_was_not_made_here_says_nothing() {
        let usage =
            InvoiceKey { contract_tag: 5, of: KeyOf::Usage { boundary: 0, nth: 0 } }.id().uuid().as_u128();
        for (other, what) in [
            (0, "nil"),
            (Uuid::now_v7().as_u128(), "version 7"),
            (usage ^ 1, "something behind what says which usage invoice it is"),
            (usage ^ (0b11 << 62), "another variant"),
            (usage ^ (0xC << 76), "version 4"),
        ] {
            assert_eq!(read(Uuid::from_u128(other).into()), None, "{what}");
        }
        // Its 23 bits are more than there are days.
        let mut bits = Bits::default();
        for (value, count) in [(5, TAG_BITS), (0, 1), ((1 << 23) - 1, DAY_BITS), (0, NTH_BITS + DIGEST_BITS)]
        {
            bits.push(value, count);
        }
        assert_eq!(read(bits.uuid().into()), None);
    }

    #[test]
    fn lines_of_one_invoice_have_ids_of_their_own() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let [early, late] = ["2025-01-01T00:00:00Z", "2025-01-01T00:00:00.001Z"].map(time);
        let sources = [
            LineSource::Commit { id: a.into(), item: b.into() },
            LineSource::Commit { id: b.into(), item: a.into() },
            LineSource::ScheduledCharge { id: a.into(), item: b.into() },
            LineSource::Discount { id: a.into(), item: b.into() },
            LineSource::RecurringCommit { id: a.into(), number: 0 },
            LineSource::RecurringCommit { id: a.into(), number: 1 },
            LineSource::ProfessionalService { id: a.into() },
            LineSource::Subscription { id: a.into(), period: early, from: early },
            LineSource::Subscription { id: a.into(), period: early, from: late },
            LineSource::Subscription { id: a.into(), period: late, from: late },
            LineSource::Usage { product_id: a.into() },
        ];
        let ids: BTreeSet<_> = [a, b]
            .iter()
            .flat_map(|invoice| sources.iter().flat_map(|s| [0, 1].map(|n| line_id((*invoice).into(), s, n))))
            .collect();
        assert_eq!(ids.len(), 2 * sources.len() * 2);
    }

    proptest! {
        #[test]
        fn every_id_says_what_it_was_made_of(key in any_key()) {
            let id = key.id();
            prop_assert_eq!(read(id), Some(key));
            prop_assert_eq!(id.uuid().get_version(), Some(Version::Custom));
            prop_assert_eq!((id.uuid().get_version_num(), id.uuid().get_variant()), (8, Variant::RFC4122));
        }

        #[test]
        fn different_keys_have_different_ids(a in any_key(), b in any_key()) {
            prop_assert_eq!(a.id() == b.id(), a == b);
        }

        #[test]
        fn what_is_read_of_any_id_is_what_it_is(tag in any::<u64>(), rest in any::<u128>()) {
            let mut bits = Bits::default();
            bits.push(tag, TAG_BITS);
            bits.push(low(rest, 63) >> 27, 36);
            bits.push(low(rest >> 64, 36), 36);
            let id = InvoiceId::from(bits.uuid());
            if let Some(key) = read(id) {
                prop_assert_eq!(key.contract_tag, low(tag.into(), TAG_BITS));
                prop_assert_eq!(key.id(), id);
            }
        }

        #[test]
        fn contracts_are_told_apart_by_50_bits(a in any::<u128>(), b in any::<u128>()) {
            let tag = |id| contract_tag(Uuid::from_u128(id).into());
            prop_assert_eq!(tag(a) == tag(b), a == b);
            prop_assert!(tag(a) < 1 << TAG_BITS);
        }
    }
}
