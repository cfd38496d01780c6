//! Untrusted text made visible and harmless for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces what a terminal would act on, or would not show, by a visible escape; injective.
pub fn escape_terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ if u32::from(character) < 0x80 && is_unsafe(character) => {
                write!(escaped, "\\x{:02x}", u32::from(character)).expect("writing to a String cannot fail");
            }
            _ if is_unsafe(character) => {
                write!(escaped, "\\u{{{:x}}}", u32::from(character)).expect("writing to a String cannot fail");
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

fn is_unsafe(character: char) -> bool {
    character == '\\'
        || character.is_control()
        || matches!(u32::from(character),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0xE000..=0xF8FF | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x10FFFF)
}
