//! Plans, runs, drift and findings as text, JSON, Markdown and HTML, onto any `impl Write`.
//!
//! Every view reads the same typed values; none is derived from another. What comes from the cloud or the spec is
//! untrusted: text for a terminal goes through `text::Screen`, which escapes every piece it is given and writes
//! the colours itself; Markdown and HTML have one escaping function each. Colour, width and symbols are the
//! caller's choice ([`View`]); nothing here knows what the stream is.

pub mod alert;
pub mod diagnostic;
pub mod drift;
pub mod escape;
pub mod events;
pub mod explain;
pub mod fleet;
mod frame;
pub mod graph;
pub mod history;
pub mod html;
mod json;
pub mod junit;
pub mod key;
pub mod live;
pub mod lock;
pub mod markdown;
pub mod metrics;
pub(crate) mod page;
pub mod past;
mod phrase;
pub mod plan;
pub mod progress;
pub mod rehearsal;
pub mod report;
#[cfg(test)]
mod samples;
pub mod schema;
pub mod starter;
pub mod state;
pub mod status;
mod svg;
pub mod text;
pub mod ticket;
pub mod topology;
pub mod whatif;
pub mod words;

pub use self::text::View;

use crate::language::{self, Language};

/// Counts things as people say it: `1 step`, `2 steps`. Chinese has no plural, and counts with a measure word, which is in its `what`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let is_plural = count != 1 && language::in_force() == Language::English;
    format!("{count} {what}{}", if is_plural { "s" } else { "" })
}

/// Writes a duration as people say it: `12s`, `3m5s`, `1h2m`; below a second in milliseconds.
pub(crate) fn duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) if duration.subsec_millis() > 0 => format!("{}ms", duration.subsec_millis()),
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, _) => format!("{hours}h{minutes}m"),
    }
}

#[cfg(test)]
mod tests;
