//! Records by address, where the second of two equal keys is an error and not a silent winner.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::Record;
use crate::resource::Address;

/// Reads an object by address into a map, refusing the second of two equal keys (serde keeps the last).
pub(super) fn distinct<'de, D, W, F>(deserializer: D, convert: F) -> Result<BTreeMap<Address, Record>, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de>,
    F: FnMut(W) -> Record,
{
    struct Distinct<W, F>(F, PhantomData<W>);

    impl<'de, W: Deserialize<'de>, F: FnMut(W) -> Record> Visitor<'de> for Distinct<W, F> {
        type Value = BTreeMap<Address, Record>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with one record per address")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut records = BTreeMap::new();
            while let Some((address, wire)) = map.next_entry::<Address, W>()? {
                if let Some(twice) = records.insert(address.clone(), (self.0)(wire)) {
                    return Err(A::Error::custom(format_args!("address {address} ({}) stands twice", twice.id)));
                }
            }
            Ok(records)
        }
    }

    deserializer.deserialize_map(Distinct(convert, PhantomData))
}
