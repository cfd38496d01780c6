//! How far a clock is ahead or, with a minus before it, behind.

use jiff::SignedDuration;
use serde::de::Deserializer;
use serde::ser::Serializer;

use super::Grammar;
use crate::duration::{DurationError, format, parse};

pub(in super::super) fn serialize<S: Serializer>(value: &SignedDuration, serializer: S) -> Result<S::Ok, S::Error> {
    let sign = if value.is_negative() { "-" } else { "" };
    serializer.serialize_str(&format!("{sign}{}", format(value.unsigned_abs())))
}

pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    deserializer.deserialize_any(Grammar(ahead))
}

fn ahead(text: &str) -> Result<SignedDuration, DurationError> {
    let behind = text.strip_prefix('-');
    let length = parse(behind.unwrap_or(text))?;
    let length = SignedDuration::try_from(length).map_err(|_| DurationError::TooLong)?;
    Ok(if behind.is_some() { -length } else { length })
}
