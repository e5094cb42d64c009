//! What stands for a name in memory: the name itself where it is short, and a keyed hash of one that is not.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use siphasher::sip128::SipHasher13;

/// A name of no more bytes is compared itself: most are no longer.
pub const SHORT: usize = 40;
/// The bytes of a long name's hash.
const HASH: usize = 16;

/// A name, as it is found and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'n> {
    /// Where to look for it. Whoever can choose names so that these crowd together gains nothing but to be answered by
    /// the file.
    pub place: u64,
    /// The bytes of the name.
    pub len: usize,
    shown: Shown<'n>,
}

/// What is compared of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown<'n> {
    Name(&'n [u8]),
    /// Of a long one its keyed hash, of which nobody can find two that are the same.
    Hash([u8; HASH]),
}

impl Stamp<'_> {
    /// The bytes that are compared, up to [`SHORT`].
    pub fn bytes(&self) -> &[u8] {
        match &self.shown {
            Shown::Name(name) => name,
            Shown::Hash(hash) => hash,
        }
    }
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
    pub fn stamp<'n>(&self, name: &'n [u8]) -> Stamp<'n> {
        if name.len() <= SHORT {
            return Stamp { place: self.place(name), len: name.len(), shown: Shown::Name(name) };
        }
        let hash = self.long.hash(name).as_bytes();
        Stamp { place: self.place(&hash), len: name.len(), shown: Shown::Hash(hash) }
    }

    /// The stamp of a name of so many bytes, from what was kept of it.
    pub fn kept<'n>(&self, len: u64, kept: &'n [u8; SHORT]) -> Stamp<'n> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let shown = match kept.get(..len) {
            Some(name) => Shown::Name(name),
            None => Shown::Hash(kept.first_chunk().copied().unwrap_or_default()),
        };
        let stamp = Stamp { place: 0, len, shown };
        Stamp { place: self.place(stamp.bytes()), ..stamp }
    }

    #[inline]
    fn place(&self, shown: &[u8]) -> u64 {
        let mut hasher = self.place.build_hasher();
        hasher.write(shown);
        hasher.finish()
    }
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
        let hash = stamper.stamp(long.bytes());
        assert_eq!(hash.bytes(), long.bytes());
        assert_ne!(hash.len, long.len);
    }

    #[test]
    fn the_stamp_of_a_name_follows_from_what_is_kept_of_it() {
        let stamper = Stamper::new();
        for len in 0..100 {
            let name = "n".repeat(len);
            let stamp = stamper.stamp(name.as_bytes());
            let mut kept = [0; SHORT];
            kept[..stamp.bytes().len()].copy_from_slice(stamp.bytes());
            assert_eq!(stamper.kept(len as u64, &kept), stamp);
        }
    }

    #[test]
    fn where_a_name_is_looked_for_is_a_secret() {
        assert_ne!(Stamper::new().stamp(b"acct_1").place, Stamper::new().stamp(b"acct_1").place);
    }
}
