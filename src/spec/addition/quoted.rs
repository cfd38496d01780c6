//! Words that every YAML reader takes for the same text.

use crate::spec::slips;
use crate::spec::syntax::unquoted_kind;

/// Writes a text without quotes where every reader takes it for one.
pub(super) fn plain_or_quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || " -_./()+".contains(letter);
    let is_text = text.starts_with(char::is_alphanumeric)
        && !text.ends_with(' ')
        && text.chars().all(is_plain)
        && unquoted_kind(text).is_none()
        && slips::in_word(text).is_none();
    if is_text { text.to_owned() } else { quoted(text) }
}

/// Writes a text as JSON has it, which is YAML too. What cannot be seen, or turns what stands around it, is escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() || is_unseen(letter) => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
