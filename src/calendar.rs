//! Times as people write and read them: a time zone, and what a time without an offset means in it.
//!
//! A TIME is RFC 3339, a local time in the zone (a bare date is its midnight there), or a duration, which also takes days: `7d`.
//! Zone data is in the binary, so that equal input means the same on every machine. No clock: whoever reads a duration hands
//! in now. Text shows times with their offset ([`Zone::shown`], [`Zone::stamp`]); documents have them in UTC.

#[cfg(test)]
mod tests;
mod time;
mod written;
mod zone;

pub use time::{TimeError, Toward, read};
pub(crate) use written::clock_numbers;
pub use written::{Written, WrittenError};
pub use zone::{Instants, Zone};
