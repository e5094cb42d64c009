//! JSON forms that serde does not give by itself.

/// A field that may be left as it is, be emptied, or be set: nothing, `[]` or `[value]`. A `null` could not be told
/// from nothing.
pub(super) mod change_of {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, clippy::option_option)] // serde's signature
    pub fn serialize<T: Serialize, S: Serializer>(
        change: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        change.as_ref().map(Option::as_slice).serialize(serializer)
    }

    #[allow(clippy::option_option)]
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        let Some(mut list) = Option::<Vec<T>>::deserialize(deserializer)? else { return Ok(None) };
        let value = list.pop();
        if list.is_empty() {
            Ok(Some(value))
        } else {
            Err(serde::de::Error::custom("a list of no value, or of one"))
        }
    }
}

/// A map whose keys are no texts: a list of pairs, in the order of the keys.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
