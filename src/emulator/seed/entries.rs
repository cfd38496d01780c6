//! Lists and mappings of a world file, of no more entries than a world may have.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::bounds;
use crate::resource::RouterInterfaceId;

/// Reads a list of no more entries than a world may have.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct Bounded<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut pieces: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(piece) = pieces.next_element()? {
                if list.len() == bounds::WORLD_ENTRIES {
                    let most = bounds::grouped(bounds::WORLD_ENTRIES as u64);
                    return Err(de::Error::custom(format_args!("more than {most} entries")));
                }
                list.push(piece);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(Bounded(PhantomData))
}

/// Reads a mapping of no more entries than a world may have, none of them twice.
pub(super) fn mapping<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<RouterInterfaceId, T>, D::Error> {
    struct Bounded<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
        type Value = BTreeMap<RouterInterfaceId, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping of ids of interfaces")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut pieces: A) -> Result<Self::Value, A::Error> {
            let mut mapping = BTreeMap::new();
            while let Some(key) = pieces.next_key()? {
                if mapping.len() == bounds::WORLD_ENTRIES {
                    let most = bounds::grouped(bounds::WORLD_ENTRIES as u64);
                    return Err(de::Error::custom(format_args!("more than {most} entries")));
                }
                if mapping.contains_key(&key) {
                    return Err(de::Error::custom("an id stands here for the second time"));
                }
                mapping.insert(key, pieces.next_value()?);
            }
            Ok(mapping)
        }
    }
    deserializer.deserialize_map(Bounded(PhantomData))
}

/// Returns whether a value is what it is where nothing says so.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
