//! What stands for a name in memory: the name itself where it is short, and a keyed hash of one that is not.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use siphasher::sip128::SipHasher13;

/// A name of no more bytes is compared itself: most are no longer.
const SHORT: usize = WORDS * 8;
/// The words that are kept of each name, which make a line of the processor's cache with what it leads to.
pub const WORDS: usize = 5;

/// A name, as it is found and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Where to look for it. Whoever can choose names so that these crowd together gains nothing but to be answered by
    /// the file.
    pub place: u64,
    /// How many bytes the name has.
    pub len: u64,
    /// A short name itself, filled up with zeroes. Of a long one its keyed hash of 128 bits, of which nobody can find two
    /// that are the same.
    pub kept: [u64; WORDS],
}

/// Makes stamps, with secrets of its own.
#[derive(Clone)]
pub struct Stamper {
    place: SeedableRandomState,
    long: SipHasher13,
}

impl Stamper {
    pub fn new() -> Self {
        let secret = RandomState::new();
        Self {
            place: SeedableRandomState::with_seed(secret.hash_one(0), SharedSeed::global_random()),
            long: SipHasher13::new_with_keys(secret.hash_one(1), secret.hash_one(2)),
        }
    }

    #[inline]
    pub fn stamp(&self, name: &[u8]) -> Stamp {
        let kept = if name.len() <= SHORT { words(name) } else { self.long(name) };
        self.stamp_of(name.len() as u64, kept)
    }

    /// The stamp of a name of so many bytes, of which that is kept.
    #[inline]
    pub fn stamp_of(&self, len: u64, kept: [u64; WORDS]) -> Stamp {
        let mut hasher = self.place.build_hasher();
        let [a, b, c, d, e] = kept.map(u128::from);
        for pair in [a << 64 | b, c << 64 | d, e << 64 | u128::from(len)] {
            hasher.write_u128(pair);
        }
        Stamp { place: hasher.finish(), len, kept }
    }

    #[cold]
    fn long(&self, name: &[u8]) -> [u64; WORDS] {
        let hash = self.long.hash(name);
        let mut kept = [0; WORDS];
        kept.iter_mut().zip([hash.h1, hash.h2]).for_each(|(place, word)| *place = word);
        kept
    }
}

/// The bytes of a short name, the first of them lowest, filled up with zeroes. They stay in the processor's registers:
/// what is written down a byte at a time and read in words at once is waited for.
#[inline]
fn words(name: &[u8]) -> [u64; WORDS] {
    // Those behind the last whole word; without any, no word is made of them.
    let rest = name.len() % 8;
    let last = match name.last_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes) >> ((8 - rest) % 8 * 8),
        None => name.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    std::array::from_fn(|word| match name.get(word * 8..word * 8 + 8).and_then(<[u8]>::first_chunk) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None if word * 8 < name.len() => last,
        None => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_stamp_each_whatever_their_length() {
        let stamper = Stamper::new();
        let names: Vec<_> = (0..200).flat_map(|len| ["a", "b", "\0"].map(|byte| byte.repeat(len))).collect();
        for one in &names {
            for other in &names {
                let is_same = stamper.stamp(one.as_bytes()) == stamper.stamp(other.as_bytes());
                assert_eq!(is_same, one == other, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_long_name_and_what_stands_for_it_are_two_names() {
        let stamper = Stamper::new();
        let long = stamper.stamp(&[7; 100]);
        let hash: Vec<_> = long.kept.into_iter().flat_map(u64::to_le_bytes).collect();
        let hash = stamper.stamp(&hash);
        assert_eq!(hash.kept, long.kept);
        assert_ne!(hash.len, long.len);
        assert_ne!(hash.place, long.place);
    }

    #[test]
    fn a_short_name_is_kept_as_it_is() {
        let name: Vec<u8> = (1..=40).collect();
        for len in 0..=SHORT {
            let mut expected = name.clone();
            expected[len..].fill(0);
            let stamp = Stamper::new().stamp(&name[..len]);
            let kept: Vec<_> = stamp.kept.into_iter().flat_map(u64::to_le_bytes).collect();
            assert_eq!((kept, stamp.len), (expected, len as u64));
        }
    }

    #[test]
    fn the_stamp_of_a_name_follows_from_what_is_kept_of_it() {
        let stamper = Stamper::new();
        for len in 0..100 {
            let stamp = stamper.stamp("n".repeat(len).as_bytes());
            assert_eq!(stamper.stamp_of(stamp.len, stamp.kept), stamp);
        }
    }

    #[test]
    fn where_a_name_is_looked_for_is_a_secret() {
        assert_ne!(Stamper::new().stamp(b"acct_1").place, Stamper::new().stamp(b"acct_1").place);
    }
}
