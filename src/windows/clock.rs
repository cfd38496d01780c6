//! Times of day, and days of the week.

use std::fmt;

use jiff::civil::{Date, DateTime, Weekday};

use crate::calendar::clock_numbers;
use crate::language::say;

/// A time of day on the clock, to the second: 00:00 to 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    seconds: u32,
}

/// A text is no time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", say!("a time of day is written 01:00, 18:30 or 24:00, quoted or not"))]
pub struct NotAClock;

const DAY: u32 = 24 * 60 * 60;

impl Clock {
    /// The beginning of a day.
    pub const MIDNIGHT: Self = Self { seconds: 0 };
    /// The end of a day.
    pub const END: Self = Self { seconds: DAY };

    /// Reads `HH:MM` or `HH:MM:SS`.
    ///
    /// # Errors
    /// Anything else, and what is after 24:00.
    pub fn parse(text: &str) -> Result<Self, NotAClock> {
        let [hours, minutes, seconds] = clock_numbers(text).map_err(|_| NotAClock)?;
        let clock = Self { seconds: hours * 3600 + minutes * 60 + seconds };
        let is_one = minutes < 60 && seconds < 60 && clock <= Self::END;
        if is_one { Ok(clock) } else { Err(NotAClock) }
    }

    /// Returns the local time that it is on a day; 24:00 is midnight of the next.
    pub(super) fn on(self, day: Date) -> Option<DateTime> {
        if self == Self::END {
            return day.tomorrow().ok().map(|next| next.at(0, 0, 0, 0));
        }
        let small = |number: u32| i8::try_from(number).ok();
        let Self { seconds } = self;
        Some(day.at(small(seconds / 3600)?, small(seconds / 60 % 60)?, small(seconds % 60)?, 0))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.seconds / 3600, self.seconds / 60 % 60)?;
        if self.seconds.is_multiple_of(60) { Ok(()) } else { write!(f, ":{:02}", self.seconds % 60) }
    }
}

/// Days of the week, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);
    /// How the days are written.
    pub const WORDS: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Returns the day that a word means.
    pub fn word(word: &str) -> Option<Self> {
        Self::WORDS.iter().position(|known| *known == word).map(|place| Self(1 << place))
    }

    /// Returns both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the words of those that are in it, from Monday on.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().enumerate().filter(move |(place, _)| self.0 >> place & 1 == 1).map(|(_, word)| word)
    }

    pub(super) fn has(self, day: Weekday) -> bool {
        self.0 >> day.to_monday_zero_offset() & 1 == 1
    }
}
