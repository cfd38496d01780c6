//! Durations as people write them: `500ms`, `5s`, `10m`, `1h30m`.
//!
//! The spec, the command line and the emulator's world share this grammar. Whole numbers only, each with a unit,
//! the units from large to small, each at most once: one way to write a duration, and no way to misread it.

use std::time::Duration;

use thiserror::Error;

use crate::language::say;

/// The units, from large to small, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DurationError {
    /// A number without a unit, or nothing at all.
    #[error("{}", say!("a duration needs a unit: `500ms`, `5s`, `10m` or `1h30m`"))]
    MissingUnit,
    /// Something that is neither a whole number nor one of the units.
    #[error("{}", say!("a duration is whole numbers with the units {days}h, m, s and ms, such as `1h30m`", days = days_too(*days)))]
    Malformed {
        /// Whether days may be told there.
        days: bool,
    },
    /// A unit twice, or after a smaller one.
    #[error("{}", say!("the units of a duration go from large to small, each once: {days}h, m, s, ms", days = days_too(*days)))]
    Disordered {
        /// Whether days may be told there.
        days: bool,
    },
    /// More milliseconds than fit 64 bits.
    #[error("{}", say!("the duration is too long"))]
    TooLong,
}

fn days_too(days: bool) -> &'static str {
    if days { "d, " } else { "" }
}

/// The units of a time span, which may be weeks old or ahead: days too, of 24 hours each.
const UNITS_WITH_DAYS: [(&str, u64); 5] = [("d", 24 * UNITS[0].1), UNITS[0], UNITS[1], UNITS[2], UNITS[3]];

/// Reads a duration such as `1h30m`.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    parse_in(&UNITS, text)
}

/// Reads a duration that may be told in days, such as `7d` or `1d12h`.
pub fn parse_with_days(text: &str) -> Result<Duration, DurationError> {
    parse_in(&UNITS_WITH_DAYS, text)
}

fn parse_in(known: &[(&str, u64)], text: &str) -> Result<Duration, DurationError> {
    let mut rest = text;
    let mut units = known.iter();
    let mut total = 0u64;
    let days = known.len() > UNITS.len();
    let malformed = DurationError::Malformed { days };
    if rest.is_empty() {
        return Err(DurationError::MissingUnit);
    }
    while !rest.is_empty() {
        let (number, after) = split(rest, |byte| byte.is_ascii_digit());
        let (unit, after) = split(after, |byte| byte.is_ascii_alphabetic());
        if number.is_empty() {
            return Err(malformed);
        }
        if unit.is_empty() {
            return Err(if after.is_empty() { DurationError::MissingUnit } else { malformed });
        }
        if known.iter().all(|(known, _)| *known != unit) {
            return Err(malformed);
        }
        let (_, scale) = units.find(|(known, _)| *known == unit).ok_or(DurationError::Disordered { days })?;
        let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
        total = number.checked_mul(*scale).and_then(|part| total.checked_add(part)).ok_or(DurationError::TooLong)?;
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

/// Counts the milliseconds of a duration, the unit of every document and record.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Writes a duration as [`parse`] reads it, to the millisecond: `1h30m`, `0s`.
pub fn format(duration: Duration) -> String {
    let mut rest = milliseconds(duration);
    let mut text = String::new();
    for (unit, scale) in UNITS {
        if rest >= scale {
            text.push_str(&(rest / scale).to_string());
            text.push_str(unit);
            rest %= scale;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn split(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_the_contract_names() {
        let millis = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("5s"), Ok(5_000));
        assert_eq!(millis("10m"), Ok(600_000));
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("0s"), Ok(0));
    }

    #[test]
    fn refuses_everything_else_by_name() {
        for text in ["", "5", "1h30"] {
            assert_eq!(parse(text), Err(DurationError::MissingUnit), "{text:?}");
        }
        for text in ["s", "5 s", "-5s", "1.5s", "5d", "5S", "5s ", "٥s"] {
            assert_eq!(parse(text), Err(DurationError::Malformed { days: false }), "{text:?}");
        }
        for text in ["5s5s", "5s1h"] {
            assert_eq!(parse(text), Err(DurationError::Disordered { days: false }), "{text:?}");
        }
        for text in ["99999999999999999999s", "18446744073709551615h"] {
            assert_eq!(parse(text), Err(DurationError::TooLong), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_back_what_it_writes(millis: u64) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn writes_back_what_it_reads_from_any_text(text in ".{0,40}|[0-9]{1,30}(ms|[hms]){1,3}[0-9hms]{0,9}") {
            if let Ok(duration) = parse(&text) {
                prop_assert_eq!(parse(&format(duration)), Ok(duration));
            }
        }
    }
}
