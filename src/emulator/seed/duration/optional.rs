//! A duration that may be left out.

use std::time::Duration;

use serde::de::Deserializer;
use serde::ser::Serializer;

pub(in super::super) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => super::serialize(value, serializer),
        None => serializer.serialize_none(),
    }
}

pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    super::deserialize(deserializer).map(Some)
}
