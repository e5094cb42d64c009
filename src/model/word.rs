//! Choices that the vendor's API spells as words.

/// A choice between words. Each is understood in upper and lower case.
#[cfg(feature = "wire")]
pub(crate) trait Word: Copy + 'static {
    /// Every word that is understood, in upper case, and what it means.
    const SPELLINGS: &'static [(&'static str, Self)];
}

/// Makes an enum of words: `Variant "WORD"`, with `| "OTHER"` for another word that means the same and is
/// understood, but never written.
macro_rules! words {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$about_variant:meta])* $variant:ident $word:literal $(| $also:literal)*),* $(,)? }
    ) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, bincode::Encode, bincode::Decode,
        )]
        pub enum $name { $($(#[$about_variant])* $variant),* }

        impl $name {
            /// The word for it, as the vendor's API writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                match &*word {
                    $($word => Ok(Self::$variant),)*
                    other => Err(serde::de::Error::unknown_variant(other, &[$($word),*])),
                }
            }
        }

        #[cfg(feature = "wire")]
        impl $crate::model::word::Word for $name {
            const SPELLINGS: &'static [(&'static str, Self)] =
                &[$(($word, Self::$variant), $(($also, Self::$variant),)*)*];
        }
    };
}

pub(crate) use words;
