//! A time zone, and which moments a local time means in it.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::diagnostic::nearest::nearest;

/// The data that is in the binary, and no other: a machine's own may be older.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Names by which people ask for China's only clock.
const CHINESE: [&str; 6] = ["Beijing", "China", "Chongqing", "CST", "PRC", "Shanghai"];
/// Longer words in capitals are cities.
const LONGEST_ABBREVIATION: usize = 5;

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The moments that a local time means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instants {
    /// It occurs once.
    One(Timestamp),
    /// It is skipped; this is the first moment after the gap.
    Skipped(Timestamp),
    /// It occurs twice.
    Twice(Timestamp, Timestamp),
}

impl Instants {
    /// Returns the first of them.
    pub fn earlier(self) -> Timestamp {
        match self {
            Self::One(at) | Self::Skipped(at) | Self::Twice(at, _) => at,
        }
    }

    /// Returns the last of them.
    pub fn later(self) -> Timestamp {
        match self {
            Self::One(at) | Self::Skipped(at) | Self::Twice(_, at) => at,
        }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl Zone {
    /// Returns UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Returns the zone of a name such as `Asia/Shanghai`, in its own spelling.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "UTC" => Some(Self::utc()),
            _ => DATABASE.get(name).ok().filter(|zone| zone.iana_name() == Some(name)).map(Self),
        }
    }

    /// Returns the name most like a word that is none.
    pub fn near(word: &str) -> Option<String> {
        let word = word.rsplit('/').next().unwrap_or(word);
        if CHINESE.iter().any(|name| name.eq_ignore_ascii_case(word)) {
            return Some("Asia/Shanghai".to_owned());
        }
        // An abbreviation stands for several zones, and is near to others that are hours away.
        if word.len() <= LONGEST_ABBREVIATION && word.chars().all(|letter| letter.is_ascii_uppercase()) {
            return None;
        }
        let names: Vec<String> = DATABASE.available().map(|name| name.as_str().to_owned()).collect();
        let cities = names.iter().filter_map(|name| Some((name.rsplit_once('/')?.1, name.as_str())));
        let known = CHINESE.iter().map(|name| (*name, "Asia/Shanghai")).chain(cities);
        let near = nearest(word, known.clone().map(|(city, _)| city))?;
        let is_close = near.len().abs_diff(word.len()) <= 2 && near[..1].eq_ignore_ascii_case(word.get(..1)?);
        known.filter(|_| is_close).find(|(city, _)| *city == near).map(|(_, name)| name.to_owned())
    }

    /// Returns whether a word is an offset from UTC, which a name is wanted instead of.
    pub fn is_offset(word: &str) -> bool {
        let word = word.to_ascii_uppercase();
        let rest = ["UTC", "GMT"].iter().find_map(|name| word.strip_prefix(name)).unwrap_or(&word);
        rest.strip_prefix(['+', '-']).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns whether it is UTC.
    pub fn is_utc(&self) -> bool {
        *self == Self::utc()
    }

    /// Returns the local time at a moment.
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }

    /// Returns the offset at a moment.
    pub(super) fn offset(&self, at: Timestamp) -> Offset {
        self.0.to_offset(at)
    }

    /// Returns the moments that a local time means. A time beyond what can be told is the last moment that can.
    pub fn instants(&self, local: DateTime) -> Instants {
        let at = |offset: Offset| offset.to_timestamp(local).unwrap_or(Timestamp::MAX);
        match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => Instants::One(at(offset)),
            AmbiguousOffset::Fold { before, after } => Instants::Twice(at(before), at(after)),
            AmbiguousOffset::Gap { before, .. } => {
                // By the offset before the gap, the local time is at its end or later.
                let within = at(before);
                let after = within.checked_add(SignedDuration::from_nanos(1)).unwrap_or(within);
                let end = self.0.preceding(after).next().map(|transition| transition.timestamp());
                Instants::Skipped(end.unwrap_or(within))
            }
        }
    }

    /// Returns the moment at which a day begins.
    pub fn midnight(&self, day: Date) -> Timestamp {
        self.instants(day.at(0, 0, 0, 0)).earlier()
    }

    /// Writes a moment for people: `2026-12-02 01:00 +08:00`, with what it has of seconds.
    pub fn shown(&self, at: Timestamp) -> String {
        let (local, offset) = (self.local(at), colons(self.offset(at)));
        format!("{} {}{} {offset}", local.date(), local.strftime("%H:%M"), seconds(local))
    }

    /// Writes a moment as RFC 3339 has it: `2026-12-02T02:20:00+08:00`, with what it has below a second.
    pub fn exact(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let fraction = match local.subsec_nanosecond() {
            nanosecond if nanosecond % 1_000_000 == 0 => fraction(local),
            nanosecond => format!(".{nanosecond:09}"),
        };
        format!("{}{fraction}{}", local.strftime("%Y-%m-%dT%H:%M:%S"), self.suffix(at))
    }

    /// Writes a moment as RFC 3339 has it: `2026-12-02T02:20:00+08:00`, to the second that it is in.
    pub fn stamp(&self, at: Timestamp) -> String {
        format!("{}{}", self.local(at).strftime("%Y-%m-%dT%H:%M:%S"), self.suffix(at))
    }

    fn suffix(&self, at: Timestamp) -> String {
        if self.is_utc() { "Z".to_owned() } else { colons(self.offset(at)) }
    }
}

fn seconds(local: DateTime) -> String {
    match (local.second(), fraction(local)) {
        (0, fraction) if fraction.is_empty() => String::new(),
        (second, fraction) => format!(":{second:02}{fraction}"),
    }
}

fn fraction(local: DateTime) -> String {
    match local.subsec_nanosecond() / 1_000_000 {
        0 => String::new(),
        milliseconds => format!(".{milliseconds:03}"),
    }
}

/// Writes an offset: `+08:00`.
pub(super) fn colons(offset: Offset) -> String {
    let sign = if offset.is_negative() { '-' } else { '+' };
    let (minutes, seconds) = (offset.seconds().abs() / 60, offset.seconds().abs() % 60);
    let seconds = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
    format!("{sign}{:02}:{:02}{seconds}", minutes / 60, minutes % 60)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom("no time zone of that name"))
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The name of a time zone, such as Asia/Shanghai.",
        })
    }
}
