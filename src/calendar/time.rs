//! TIME, as the command line takes it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::duration::{self, DurationError};
use crate::language::say;

use super::written::{Written, WrittenError};
use super::zone::Zone;

/// Which way a duration is counted from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// Before now: `--since`, `--until`.
    Past,
    /// After now: `--at`, `--expires`.
    Future,
}

impl fmt::Display for Toward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Past => say!("before"),
            Self::Future => say!("after"),
        })
    }
}

/// Why a text is no TIME.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It is neither a time nor a duration.
    #[error("{}", say!("{time}, or a duration such as 90m or 7d", time = WrittenError::Malformed))]
    Neither,
    /// It begins as a time does, and is none.
    #[error(transparent)]
    NotATime(WrittenError),
    /// It is a duration with a sign.
    #[error("{}", say!("a duration takes no sign: it is counted {toward} now; for the other way write the time, such as 2026-12-02T01:00", toward = _0))]
    Signed(Toward),
    /// It is no duration.
    #[error(transparent)]
    NotADuration(DurationError),
    /// The local time occurs twice.
    #[error("{}", say!("that local time occurs twice; write {earlier} or {later}", earlier = _0[0], later = _0[1]))]
    Twice([String; 2]),
    /// It is further away than any time can be.
    #[error("{}", say!("the time is too far away"))]
    TooFar,
}

/// Reads a TIME.
///
/// # Errors
/// What is none, and a local time that occurs twice.
pub fn read(text: &str, zone: &Zone, now: Timestamp, toward: Toward) -> Result<Timestamp, TimeError> {
    if text.strip_prefix(['-', '+']).is_some_and(looks_like_a_duration) {
        return Err(TimeError::Signed(toward));
    }
    if looks_like_a_duration(text) {
        let duration = duration::parse_with_days(text).map_err(TimeError::NotADuration)?;
        let duration = SignedDuration::try_from(duration).map_err(|_| TimeError::TooFar)?;
        let moved = match toward {
            Toward::Past => now.checked_sub(duration),
            Toward::Future => now.checked_add(duration),
        };
        return moved.map_err(|_| TimeError::TooFar);
    }
    let written = Written::parse(text).map_err(|error| match error {
        WrittenError::Malformed => TimeError::Neither,
        error => TimeError::NotATime(error),
    })?;
    if written.is_too_far() {
        return Err(TimeError::TooFar);
    }
    written.at(zone).map_err(TimeError::Twice)
}

fn looks_like_a_duration(text: &str) -> bool {
    text.ends_with(|last: char| last.is_ascii_alphabetic() && !"zZ".contains(last))
        && text.starts_with(|first: char| first.is_ascii_digit())
        && !Written::is_begun_by(text)
}
