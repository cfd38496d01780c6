//! A time as it is written: a date, perhaps with a time of day, perhaps with an offset.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::language::say;

use super::zone::{Instants, Zone, colons};

/// A time as it is written: what it means without an offset is for a zone to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    local: DateTime,
    offset: Option<Offset>,
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrittenError {
    /// It is not written as one.
    #[error("{}", say!("a time is written 2026-12-02T01:00:00+08:00, without the offset for the local time, or 2026-12-02 for its midnight"))]
    Malformed,
    /// It is later than any moment that can be told.
    #[error("{}", say!("no time later than 9999-12-29 can be told; what has no end is written without one"))]
    TooFar,
    /// There is no such day.
    #[error("{}", say!("there is no such day; months go from 01 to 12, days to the end of the month"))]
    NoSuchDay,
    /// There is no such time of day, or no such offset.
    #[error("{}", say!("there is no such time of day; hours go from 00 to 23, minutes and seconds to 59"))]
    NoSuchTime,
    /// It ends with the name of a zone.
    #[error("{}", say!("a zone's name can mean several: its offset is written, such as +08:00, or nothing for the local time"))]
    ZoneName,
}

impl Written {
    /// Reads a time: `2026-12-02`, `2026-12-02T01:00`, `2026-12-02T01:00:00.250+08:00`, `…Z`. A blank may stand for the `T`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, WrittenError> {
        let (day, rest) = text.split_at_checked(10).ok_or(WrittenError::Malformed)?;
        let date = date(day)?;
        if rest.is_empty() {
            return Ok(Self { local: date.at(0, 0, 0, 0), offset: None });
        }
        let clock = rest.strip_prefix(['T', 't', ' ']).ok_or(WrittenError::Malformed)?;
        let end = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
        let (clock, offset) = clock.split_at(end);
        // As people are shown it: `2026-12-02 01:00 +08:00`.
        let clock = if offset.is_empty() { clock } else { clock.strip_suffix(' ').unwrap_or(clock) };
        if clock.ends_with(|last: char| last.is_ascii_alphabetic()) {
            return Err(WrittenError::ZoneName);
        }
        Ok(Self { local: date.to_datetime(time_of_day(clock)?), offset: self::offset(offset)? })
    }

    /// Returns whether a text begins as one does: with numbers where a date has them.
    pub fn is_begun_by(text: &str) -> bool {
        text.get(..10).is_some_and(|day| numbers(day, '-', [4, 2, 2]).is_ok())
    }

    /// Returns whether it is later than any moment that can be told, wherever its clock stands.
    pub fn is_too_far(&self) -> bool {
        let last = Date::constant(9999, 12, 29);
        self.local.date() > last
    }

    /// Returns the moments that it means in a zone; with an offset of its own, the one.
    pub fn instants(&self, zone: &Zone) -> Instants {
        match self.offset {
            Some(offset) => Instants::One(offset.to_timestamp(self.local).unwrap_or(Timestamp::MAX)),
            None => zone.instants(self.local),
        }
    }

    /// Returns the moment that it means.
    ///
    /// # Errors
    /// A local time that occurs twice, written in both ways.
    pub fn at(&self, zone: &Zone) -> Result<Timestamp, [String; 2]> {
        match self.instants(zone) {
            Instants::One(at) | Instants::Skipped(at) => Ok(at),
            Instants::Twice(one, other) => {
                let with = |at: Timestamp| format!("{}{}", self.local, colons(zone.offset(at)));
                Err([with(one), with(other)])
            }
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.local, self.offset.map(colons).unwrap_or_default())
    }
}

fn date(text: &str) -> Result<Date, WrittenError> {
    let [year, month, day] = numbers(text, '-', [4, 2, 2])?;
    let small = |number: u32| i8::try_from(number).map_err(|_| WrittenError::NoSuchDay);
    let year = i16::try_from(year).map_err(|_| WrittenError::NoSuchDay)?;
    Date::new(year, small(month)?, small(day)?).map_err(|_| WrittenError::NoSuchDay)
}

/// Reads `HH:MM`, `HH:MM:SS` or that with a fraction.
fn time_of_day(text: &str) -> Result<Time, WrittenError> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let [hour, minute, second] =
        if fraction.is_some() { numbers(clock, ':', [2, 2, 2])? } else { clock_numbers(clock)? };
    let nanosecond = match fraction {
        None => 0,
        Some(digits) if (1..=9).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            format!("{digits:0<9}").parse().map_err(|_| WrittenError::Malformed)?
        }
        Some(_) => return Err(WrittenError::Malformed),
    };
    let small = |number: u32| i8::try_from(number).map_err(|_| WrittenError::NoSuchTime);
    Time::new(small(hour)?, small(minute)?, small(second)?, nanosecond).map_err(|_| WrittenError::NoSuchTime)
}

fn offset(text: &str) -> Result<Option<Offset>, WrittenError> {
    let sign = match text.as_bytes() {
        [] => return Ok(None),
        [b'Z' | b'z'] => return Ok(Some(Offset::UTC)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return Err(WrittenError::Malformed),
    };
    let [hours, minutes] = numbers(&text[1..], ':', [2, 2])?;
    if hours > 23 || minutes > 59 {
        return Err(WrittenError::NoSuchTime);
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).map_err(|_| WrittenError::NoSuchTime)?;
    Offset::from_seconds(sign * seconds).map(Some).map_err(|_| WrittenError::NoSuchTime)
}

/// Reads the numbers of `HH:MM` or `HH:MM:SS`, whatever they are.
///
/// # Errors
/// Anything else.
pub(crate) fn clock_numbers(text: &str) -> Result<[u32; 3], WrittenError> {
    match text.len() {
        5 => numbers(text, ':', [2, 2]).map(|[hour, minute]| [hour, minute, 0]),
        _ => numbers(text, ':', [2, 2, 2]),
    }
}

/// Reads numbers of so many digits each, with a mark between them.
fn numbers<const N: usize>(text: &str, mark: char, digits: [usize; N]) -> Result<[u32; N], WrittenError> {
    let mut found = [0; N];
    let mut parts = text.split(mark);
    for (place, digits) in found.iter_mut().zip(digits) {
        let part = parts.next().ok_or(WrittenError::Malformed)?;
        if part.len() != digits || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(WrittenError::Malformed);
        }
        *place = part.parse().map_err(|_| WrittenError::Malformed)?;
    }
    if parts.next().is_some() { Err(WrittenError::Malformed) } else { Ok(found) }
}
