//! The events of a YAML text, one by one, holding no more of it than a bound.
//!
//! The parser reads a whole collection in brackets before it tells of its start where that could be a key, and a quoted
//! text to its end. Its input is metered here, so that nonsense ends early instead of filling the memory. Brackets nest
//! 255 deep at most, which the parser sees to; how deep a value may be is for whoever takes the events to say.

use std::cell::Cell;
use std::rc::Rc;
use std::str::Chars;

use saphyr_parser::{BufferedInput, Event, Parser, ScanError, Span};

/// Why there is no next event.
#[derive(Debug)]
pub(crate) enum NoEvent {
    /// A value does not end within what may be held of it.
    Endless,
    /// The text is not YAML.
    NotYaml(ScanError),
    /// The text has ended.
    End,
}

/// Reads the events of a text.
pub(crate) struct Events<'t> {
    parser: Parser<'t, BufferedInput<Metered<'t>>>,
    /// Characters read since the last event.
    spent: Rc<Cell<usize>>,
    lookahead: usize,
}

impl<'t> Events<'t> {
    /// Begins a text, of which `lookahead` characters may be read before an event comes of them.
    pub(crate) fn new(text: &'t str, lookahead: usize) -> Self {
        let spent = Rc::new(Cell::new(0));
        let input =
            Metered { chars: text.chars(), spent: Rc::clone(&spent), lookahead, before: '\n', is_quoted: false };
        Self { parser: Parser::new(BufferedInput::new(input)), spent, lookahead }
    }

    /// Returns the next event and where it stands.
    pub(crate) fn next(&mut self) -> Result<(Event<'t>, Span), NoEvent> {
        self.spent.set(0);
        let next = self.parser.next_event();
        if self.spent.get() > self.lookahead {
            return Err(NoEvent::Endless);
        }
        next.ok_or(NoEvent::End)?.map_err(NoEvent::NotYaml)
    }
}

/// The characters of a text, ending early when nothing comes of them.
struct Metered<'t> {
    chars: Chars<'t>,
    spent: Rc<Cell<usize>>,
    lookahead: usize,
    before: char,
    /// As far as one line tells.
    is_quoted: bool,
}

impl Iterator for Metered<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if self.spent.get() > self.lookahead {
            return None;
        }
        self.spent.set(self.spent.get() + 1);
        let character = self.chars.next()?;
        // The parser refuses a tab between a key and its value, where YAML takes it for a blank.
        let is_blank = character == '\t' && self.before == ':' && !self.is_quoted;
        match character {
            '\n' | '\r' => self.is_quoted = false,
            '"' | '\'' => self.is_quoted = !self.is_quoted,
            _ => {}
        }
        self.before = character;
        Some(if is_blank { ' ' } else { character })
    }
}
