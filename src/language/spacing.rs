//! Blanks where Chinese and what is typed meet: one between a word and code, none beside a full-width mark.

/// Adds a piece of a template to what is said so far, or what fills one of its fields.
pub(super) fn push(text: &mut String, piece: &str, is_filling: bool) {
    let (Some(last), Some(first)) = (text.chars().next_back(), piece.chars().next()) else {
        return text.push_str(piece);
    };
    match (last, first) {
        (mark, ' ') if is_mark(mark) => text.push_str(piece.trim_start_matches(' ')),
        // A backtick of the template itself opens or closes what a name stands in.
        (word, '`') if is_filling && is_ideograph(word) => {
            text.push(' ');
            text.push_str(piece);
        }
        ('`', word) if !is_filling && is_ideograph(word) => {
            text.push(' ');
            text.push_str(piece);
        }
        (' ', mark) if is_mark(mark) => {
            text.truncate(text.trim_end_matches(' ').len());
            text.push_str(piece);
        }
        _ => text.push_str(piece),
    }
}

fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{4e00}'..='\u{9fff}')
}

/// Returns whether a letter is a full-width mark, which brings its own room.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{3001}' | '\u{3002}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
}
