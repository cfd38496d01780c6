//! What all answers share: how objects and times are written.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::emulator::details::CREATED;

/// Writes when everything was made that does not say otherwise.
pub(super) fn created() -> String {
    second(CREATED)
}

/// Writes an instant as the API does: in seconds.
pub(in crate::emulator::http) fn second(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns the fields of an object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
