//! The log: lines on standard error that begin like every other message there. The API's words stand in them, so they
//! are escaped as they pass.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::sync::Mutex;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::language::{self, Language};
use crate::render::escape::escape_terminal;
use crate::render::words::report::warned;

use super::outlet;
use super::output::make_room;

/// Writes everything up to `level` from now on, warnings in the language of whoever reads.
pub(super) fn start(level: Level, language: Language) {
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(level))
        .with_writer(|| EscapedStderr)
        .event_format(Lines { language, said: Mutex::default() })
        .init();
}

/// `warning: what happened`.
struct Lines {
    /// The language of whoever reads what is meant for people.
    language: Language,
    /// The warnings about credentials that were given: each account looks for its own in the same files.
    said: Mutex<BTreeSet<String>>,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let word = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        let said = || {
            let mut text = String::new();
            context.format_fields(Writer::new(&mut text), event).map(|()| text)
        };
        let text = said()?;
        let is_of_credentials = event.metadata().target().starts_with("rictl::alibaba::credentials");
        if word == "warning" && is_of_credentials && !self.said.lock().is_ok_and(|mut said| said.insert(text.clone())) {
            return Ok(());
        }
        // What nobody has worded in another language is said in English as a whole.
        let told = language::speak(self.language, said)?;
        match (told == text, word) {
            (false, "warning") => writeln!(out, "{}", language::speak(self.language, || warned(&told))),
            _ => writeln!(out, "{word}: {text}"),
        }
    }
}

struct EscapedStderr;

impl Write for EscapedStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        make_room();
        let mut escaped = Vec::with_capacity(bytes.len());
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => writeln!(escaped, "{}", escape_terminal(line))?,
                None => write!(escaped, "{}", escape_terminal(line))?,
            }
        }
        outlet::to_errors(escaped);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
