//! The layout of a spec's text: line ends, trailing blanks, empty lines; comments and everything else stay.
//!
//! Modest on purpose: whoever wrote the spec chose its order, its quotes and its indentation. What a text says is
//! compared before and after, so a change that would mean something else is never made.

use saphyr_parser::{Event, ScalarStyle};

use super::events::{Events, NoEvent};
use crate::bounds;

/// Why a text cannot be formatted.
#[derive(Debug, thiserror::Error)]
pub enum Unformattable {
    /// The text is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText(#[from] std::str::Utf8Error),
    /// It is not YAML.
    #[error("it cannot be read as YAML")]
    NotYaml,
    /// Blanks at the end of its lines, or its empty lines, are part of a value.
    #[error("a text over several lines would come to say something else")]
    Meaningful,
}

/// Formats a spec: equal meaning, one layout; a formatted text stays as it is.
pub fn format(bytes: &[u8]) -> Result<String, Unformattable> {
    let text = std::str::from_utf8(bytes)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let formatted = laid_out(text);
    compare(text, &formatted)?;
    Ok(formatted)
}

/// Compares what two texts say, event by event, whatever stands where.
fn compare(before: &str, after: &str) -> Result<(), Unformattable> {
    let mut both = [before, after].map(|text| Events::new(text, bounds::SPEC_LOOKAHEAD));
    // Readers disagree whether the last line of a block says that it ends where the text does.
    let is_cut_off = !before.ends_with('\n');
    let mut ends_in_block = false;
    loop {
        let [before, after] = both.each_mut().map(next);
        match (before?, after) {
            (one, Ok(other)) if one == other => {
                if let Event::Scalar(_, style, ..) = &one {
                    ends_in_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                }
                if one == Event::StreamEnd {
                    return if is_cut_off && ends_in_block { Err(Unformattable::Meaningful) } else { Ok(()) };
                }
            }
            _ => return Err(Unformattable::Meaningful),
        }
    }
}

fn next<'t>(events: &mut Events<'t>) -> Result<Event<'t>, Unformattable> {
    match events.next() {
        Ok((event, _)) => Ok(event),
        Err(NoEvent::End) => Ok(Event::StreamEnd),
        Err(NoEvent::Endless | NoEvent::NotYaml(_)) => Err(Unformattable::NotYaml),
    }
}

fn laid_out(text: &str) -> String {
    let mut formatted = String::with_capacity(text.len());
    let mut empty_lines = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        if empty_lines > 0 && !formatted.is_empty() {
            formatted.push('\n');
        }
        empty_lines = 0;
        formatted.push_str(line);
        formatted.push('\n');
    }
    formatted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use serde_yaml::Value;

    use super::*;

    #[test]
    fn lays_out_lines_and_keeps_comments() {
        let text = "\u{feff}\r\n\r\nversion: 1   # first\t \r\n\r\n\r\n\r\n# why\r\ncloud:  {region: cn-a}  \r\n\r\n";
        assert_eq!(format(text.as_bytes()).unwrap(), "version: 1   # first\n\n# why\ncloud:  {region: cn-a}\n");
        assert_eq!(format(b"version: 1").unwrap(), "version: 1\n");
        assert_eq!(format(b"").unwrap(), "");
    }

    #[test]
    fn leaves_alone_what_means_something() {
        for text in
            ["reason: |\n  two  \n  lines\n", "reason: |\n  a\n\n\n  b\n", "reason: \"a\n\n\n  b\"\n", "reason: >\n  a"]
        {
            assert!(matches!(format(text.as_bytes()), Err(Unformattable::Meaningful)), "{text:?}");
        }
        let kept = "reason: |\n  a\n\n  b\n";
        assert_eq!(format(kept.as_bytes()).unwrap(), kept);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for text in ["a: [ \n", "a: [\n"] {
            assert!(matches!(format(text.as_bytes()), Err(Unformattable::NotYaml)), "{text:?}");
        }
        assert!(matches!(format(b"\xff"), Err(Unformattable::NotText(_))));
    }

    proptest! {
        #[test]
        fn never_changes_what_a_text_says(text in "([a-c]: ?[a-c|>\"'#]?| {0,3}[a-c#]? {0,2}|- [ab]|\r?\n){0,14}") {
            if let Ok(once) = format(text.as_bytes()) {
                let value = |text: &str| serde_yaml::from_str::<Value>(text).ok();
                prop_assert_eq!(value(&text), value(&once));
                prop_assert_eq!(format(once.as_bytes()).unwrap(), once);
            }
        }
    }
}
