//! The bytes of keys: built by hand, so that their order is the order of what they say.

use uuid::Uuid;

use super::tables::ID_BYTES;
use crate::error::{Error, Result};
use crate::model::scalar::Time;

/// Ends the value in a listed key. Within the value every 00 is followed by FF, so that a value sorts before
/// every longer one it begins.
const END: [u8; 2] = [0x00, 0x00];
const ESCAPED_ZERO: [u8; 2] = [0x00, 0xFF];

/// The key of an indexed key's row: value, then id.
pub fn listed(value: &str, id: Uuid) -> Vec<u8> {
    let mut key = holders_of(value);
    key.extend(id.as_bytes());
    key
}

/// What the listed keys of every holder of exactly this value begin with, and no others.
pub fn holders_of(value: &str) -> Vec<u8> {
    let mut key = values_from(value);
    key.extend(END);
    key
}

/// What the listed keys of every value with this prefix begin with, and no others.
pub fn values_from(prefix: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + END.len() + ID_BYTES);
    for byte in prefix.bytes() {
        match byte {
            0x00 => key.extend(ESCAPED_ZERO),
            other => key.push(other),
        }
    }
    key
}

/// The value and id that a listed key was made of.
pub fn split_listed(key: &[u8]) -> Result<(String, Uuid)> {
    let damaged = || Error::corrupt("an index key that does not hold a value and an id");
    let (escaped, id) = key.split_last_chunk::<ID_BYTES>().ok_or_else(damaged)?;
    let escaped = escaped.strip_suffix(&END).ok_or_else(damaged)?;
    let mut value = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.iter();
    while let Some(&byte) = bytes.next() {
        if byte == 0x00 && bytes.next() != Some(&0xFF) {
            return Err(damaged());
        }
        value.push(byte);
    }
    let value = String::from_utf8(value).map_err(|_| damaged())?;
    Ok((value, Uuid::from_bytes(*id)))
}

/// The bytes a moment takes.
pub const MOMENT_BYTES: usize = 12;

/// A moment; `None` comes before every other.
pub fn moment(time: Option<Time>) -> [u8; MOMENT_BYTES] {
    let mut bytes = [0; MOMENT_BYTES];
    if let Some(time) = time {
        let (seconds, nanoseconds) = time.unix();
        // With the sign turned around, negative numbers come first.
        let seconds = (seconds ^ i64::MIN).to_be_bytes();
        let nanoseconds = (nanoseconds ^ i32::MIN).to_be_bytes();
        for (place, byte) in bytes.iter_mut().zip(seconds.iter().chain(&nanoseconds)) {
            *place = *byte;
        }
    }
    bytes
}

/// The moment that such bytes are, of those that are not `None`'s.
pub fn moment_of(bytes: &[u8]) -> Result<Time> {
    let damaged = || Error::corrupt("bytes that are no moment");
    let (seconds, nanoseconds) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
    let seconds = i64::from_be_bytes(*seconds) ^ i64::MIN;
    let nanoseconds = i32::from_be_bytes(nanoseconds.try_into().map_err(|_| damaged())?) ^ i32::MIN;
    Time::of_unix(seconds, nanoseconds).ok_or_else(damaged)
}

/// The key of a name from a moment on. Of one name, the latest moment comes first.
pub fn scheduled(name: &str, starting_at: Option<Time>) -> Vec<u8> {
    let mut key = holders_of(name);
    key.extend(moment(starting_at).map(|byte| !byte));
    key
}

/// Pairs of texts in the order they come in; no list's bytes begin another's.
pub fn pairs<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in pairs {
        bytes.push(1);
        bytes.extend(holders_of(name));
        bytes.extend(holders_of(value));
    }
    bytes.push(0);
    bytes
}

/// The id that a key of 16 bytes is.
pub fn id(key: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(key).map_err(|_| Error::corrupt("a row whose key is not an id"))
}

/// The number that a key of 4 bytes is.
pub fn key_number(key: &[u8]) -> Result<u32> {
    key.try_into().map(u32::from_be_bytes).map_err(|_| Error::corrupt("table keys: a key without a number"))
}

/// The number that a key of 8 bytes is.
pub fn sequence(key: &[u8]) -> Result<u64> {
    key.try_into().map(u64::from_be_bytes).map_err(|_| Error::corrupt("a journal row without a number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time() -> impl Strategy<Value = Option<Time>> {
        let second = 1_000_000_000_i128;
        prop::option::of((-3 * second..3 * second).prop_map(|nanoseconds| {
            jiff::Timestamp::from_nanosecond(nanoseconds).unwrap().to_string().parse().unwrap()
        }))
    }

    proptest! {
        #[test]
        fn order_of_bytes_is_order_of_moments_and_of_pairs(
            a in (time(), prop::collection::vec(("[\\x00a]{0,2}", "[\\x00a]{0,2}"), 0..3)),
            b in (time(), prop::collection::vec(("[\\x00a]{0,2}", "[\\x00a]{0,2}"), 0..3)),
        ) {
            prop_assert_eq!(moment(a.0).cmp(&moment(b.0)), a.0.cmp(&b.0));
            if let Some(a) = a.0 {
                prop_assert_eq!(moment_of(&moment(Some(a))).unwrap(), a);
            }
            prop_assert_eq!(scheduled("a", a.0).cmp(&scheduled("a", b.0)), b.0.cmp(&a.0));
            let bytes = |list: &[(String, String)]| {
                pairs(list.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            };
            let (a_bytes, b_bytes) = (bytes(&a.1), bytes(&b.1));
            prop_assert_eq!(a_bytes.cmp(&b_bytes), a.1.cmp(&b.1));
            prop_assert!(a.1 == b.1 || !a_bytes.starts_with(&b_bytes));
        }

        #[test]
        fn order_of_bytes_is_order_of_value_and_id(
            a in ("[\\x00\\x01\u{ff}a]{0,5}", any::<u128>()),
            b in ("[\\x00\\x01\u{ff}a]{0,5}", any::<u128>()),
        ) {
            let (a, b) = ((a.0, Uuid::from_u128(a.1)), (b.0, Uuid::from_u128(b.1)));
            let (a_key, b_key) = (listed(&a.0, a.1), listed(&b.0, b.1));
            prop_assert_eq!(a_key.cmp(&b_key), a.cmp(&b));
            prop_assert_eq!(a_key.starts_with(&holders_of(&b.0)), a.0 == b.0);
            prop_assert_eq!(a_key.starts_with(&values_from(&b.0)), a.0.starts_with(&b.0));
            prop_assert_eq!(split_listed(&a_key).unwrap(), a);
        }

        #[test]
        fn any_bytes_are_split_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok((value, id)) = split_listed(&bytes) {
                prop_assert_eq!(listed(&value, id), bytes);
            }
        }
    }
}
