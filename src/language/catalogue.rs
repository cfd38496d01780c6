//! Reads a catalogue: the part of gettext's PO format that ours are written in, an `msgid` and an `msgstr` of one line each.

use std::borrow::Cow;

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Words, or a brace.
    Text(&'t str),
    /// The name of a field.
    Field(&'t str),
}

/// Returns each text with its translation; the header, whose `msgid` is empty, is none.
pub(super) fn entries(text: &'static str) -> impl Iterator<Item = (Cow<'static, str>, Cow<'static, str>)> {
    let quoted = |line: &'static str, keyword: &str| {
        let text = line.strip_prefix(keyword)?.trim().strip_prefix('"')?.strip_suffix('"')?;
        Some(unescaped(text))
    };
    let mut id = None;
    text.lines().filter_map(move |line| {
        if let Some(text) = quoted(line, "msgid ") {
            id = Some(text);
            return None;
        }
        let translation = quoted(line, "msgstr ")?;
        Some((id.take().filter(|id| !id.is_empty())?, translation))
    })
}

fn unescaped(text: &'static str) -> Cow<'static, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut letters = text.chars();
    let mut whole = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        whole.push(match (letter, letters.as_str().chars().next()) {
            ('\\', Some(escaped)) => {
                letters.next();
                if escaped == 'n' { '\n' } else { escaped }
            }
            _ => letter,
        });
    }
    whole.into()
}

/// Takes a template apart; a brace that opens no field is words.
pub fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let brace = rest.find(['{', '}']);
        let (piece, after) = match brace {
            None if rest.is_empty() => return None,
            None => (Piece::Text(rest), ""),
            Some(0) if rest.starts_with("{{") || rest.starts_with("}}") => (Piece::Text(&rest[..1]), &rest[2..]),
            Some(0) => match rest[1..].split_once('}').filter(|_| rest.starts_with('{')) {
                Some((name, after)) => (Piece::Field(name), after),
                None => (Piece::Text(&rest[..1]), &rest[1..]),
            },
            Some(at) => (Piece::Text(&rest[..at]), &rest[at..]),
        };
        rest = after;
        Some(piece)
    })
}
