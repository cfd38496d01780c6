//! Records by address, where the second of two equal keys is an error and not a silent winner.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::resource::Address;

/// An object by address (serde would keep the last of two equal keys).
pub(super) struct Distinct<W>(pub(super) BTreeMap<Address, W>);

impl<'de, W: Deserialize<'de>> Deserialize<'de> for Distinct<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneEach<W>(PhantomData<W>);

        impl<'de, W: Deserialize<'de>> Visitor<'de> for OneEach<W> {
            type Value = Distinct<W>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one record per address")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut records = BTreeMap::new();
                while let Some((address, wire)) = map.next_entry::<Address, W>()? {
                    if records.insert(address.clone(), wire).is_some() {
                        return Err(A::Error::custom(format_args!("address {address} stands twice")));
                    }
                }
                Ok(Distinct(records))
            }
        }

        deserializer.deserialize_map(OneEach(PhantomData))
    }
}
