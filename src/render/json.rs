//! JSON for a stream: the same values as anywhere, with everything a terminal would act on written as `\u…`.
//!
//! serde_json escapes the C0 controls only; a C1 control or a bidi override in a name would reach the terminal of
//! whoever reads the lines. Escaped inside a JSON string it is the same string to a parser, and inert.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::escape::escape_terminal;

/// Writes a value on one line.
pub(crate) fn line<W: Write + ?Sized>(out: &mut W, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Inert))?;
    out.write_all(b"\n")
}

struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && !fragment.contains('\x7f') {
            return out.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for character in fragment.chars() {
            let mut bytes = [0; 4];
            let text: &str = character.encode_utf8(&mut bytes);
            if escape_terminal(text) == text {
                out.write_all(text.as_bytes())?;
            } else {
                for unit in character.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::render::samples::{HOSTILE, written};

    #[test]
    fn is_the_same_value_and_inert() {
        for text in HOSTILE {
            let shown = written(|out| line(out, text));
            assert_eq!(serde_json::from_str::<String>(&shown).expect("it is JSON"), *text);
            assert!(shown.trim_end().chars().all(|character| !character.is_control()), "{shown:?}");
            for hidden in ['\u{202e}', '\u{200b}', '\u{2028}', '\u{feff}'] {
                assert!(!shown.contains(hidden), "{shown:?}");
            }
        }
    }
}
