//! Why the parser stopped, in terms of what people type: its own complaint is often about something lines below.

use crate::bounds;
use crate::diagnostic::Place;
use crate::spec::finding::{Mark, SyntaxFault, YamlFault};
use crate::spec::slips::{self, Found, Slip, dash, foreign, indent_of, number_of, says_something};

/// Where the parser stopped.
pub(super) struct Stumble<'t> {
    pub(super) text: &'t str,
    /// Its complaint.
    pub(super) info: &'t str,
    pub(super) place: Place,
    /// Where the innermost collection begins that is open.
    pub(super) open: Option<Place>,
    /// Whether that is right behind a word of several lines.
    pub(super) goes_on: bool,
}

/// Returns what is wrong, and where.
pub(super) fn explain(stumble: &Stumble<'_>) -> (Place, SyntaxFault) {
    let Stumble { text, info, place, open, .. } = *stumble;
    if info.contains("unknown anchor") {
        return (place, SyntaxFault::NotAllowed(Mark::Alias));
    }
    if info.contains("recursion limit") {
        // The parser looks ahead, and gives up before the bracket is read that is one too many.
        let place = open.unwrap_or(place);
        return (Place { length: 1, ..place }, SyntaxFault::TooDeep { levels: bounds::SPEC_DEPTH });
    }
    if let Some(column) = tab_column(text, place.line) {
        return (Place { column, ..place }, SyntaxFault::Tab);
    }
    // Of text that goes on in the next line the parser tells where it begins.
    if info.contains("tab")
        && let Some((line, column)) = tab_below(text, place.line)
    {
        return (Place { line, column, length: 1, ..place }, SyntaxFault::Tab);
    }
    if let Some(Found { line, column, length, slip }) = stumble.slip() {
        return (Place { line, column, length, ..place }, SyntaxFault::Slip(slip));
    }
    stumble.within_brackets().or_else(|| stumble.indentation()).unwrap_or_else(|| stumble.complaint())
}

impl Stumble<'_> {
    /// Returns where it is, in line and column.
    fn at(&self) -> (u32, u32) {
        (self.place.line, self.place.column)
    }

    fn is_within(&self) -> bool {
        ["while parsing a flow", "illegal placement of"].iter().any(|text| self.info.contains(text))
    }

    fn slip(&self) -> Option<Found> {
        let (text, line) = (self.text, self.place.line);
        slips::remark(text, line)
            .or_else(|| foreign::comment(text, self.at()))
            .or_else(|| if self.is_within() { None } else { foreign::comma(text, self.at()) })
            .or_else(|| dash::missing(text, line))
            .or_else(|| slips::near(text, line))
    }

    /// Explains what is wrong between brackets, or right behind them.
    fn within_brackets(&self) -> Option<(Place, SyntaxFault)> {
        let (before, behind) = foreign::parted(self.text, self.at()).unwrap_or_default();
        if self.info.contains("did not find expected node content") && behind.starts_with(',') {
            return Some((Place { length: 1, ..self.place }, SyntaxFault::NotYaml(YamlFault::NothingBeforeComma)));
        }
        let is_apart = self.info.contains("trailing content after") && before.ends_with([' ', '\t']);
        if is_apart && foreign::is_within_brackets(before) {
            return Some(self.no_comma());
        }
        if self.is_within() {
            let open = self.open.filter(|open| self.is_bracket(*open))?;
            let is_closed = foreign::is_closed(self.text, (open.line, open.column));
            return match is_closed {
                true if self.info.contains("did not find expected ',' or") => Some(self.no_comma()),
                false if open.line < self.place.line => {
                    Some((Place { length: 1, ..open }, SyntaxFault::NotYaml(YamlFault::OpenBracket)))
                }
                _ => None,
            };
        }
        let is_behind = self.info.contains("did not find expected") && before.trim_end().ends_with(['}', ']']);
        is_behind.then_some((Place { length: 1, ..self.place }, SyntaxFault::NotYaml(YamlFault::TextAfterBracket)))
    }

    /// Says that a comma may be missing: before the word that reading stopped at or, where that is a colon, behind.
    fn no_comma(&self) -> (Place, SyntaxFault) {
        let word = foreign::word_at(self.text, self.at());
        let place = word.map_or(self.place, |(column, length)| Place { column, length, ..self.place });
        (place, SyntaxFault::NotYaml(YamlFault::NoComma))
    }

    fn is_bracket(&self, place: Place) -> bool {
        foreign::parted(self.text, (place.line, place.column)).is_some_and(|(_, behind)| behind.starts_with(['{', '[']))
    }

    /// Returns whether the place is the first of a line that begins with a word.
    fn begins_key(&self) -> bool {
        let (before, behind) = foreign::parted(self.text, self.at()).unwrap_or_default();
        let is_word = |first: char| first.is_alphanumeric() || matches!(first, '"' | '\'');
        before.trim_start_matches(' ').is_empty() && behind.starts_with(is_word)
    }

    /// Explains what the columns say in which lines begin.
    fn indentation(&self) -> Option<(Place, SyntaxFault)> {
        let place = Place { length: 1, ..self.place };
        if self.info.contains("expected <document start>") {
            let (line, column) = indented_start(self.text, place.line)?;
            let fault = YamlFault::IndentedStart { below: place.line };
            return Some((Place { line, column, ..place }, SyntaxFault::NotYaml(fault)));
        }
        if self.info.contains("did not find expected key") && self.begins_key() {
            let is_odd = is_oddly_indented(self.text, self.place.line);
            let fault = if is_odd { YamlFault::OddIndent } else { YamlFault::UnfitIndent };
            return Some((place, SyntaxFault::NotYaml(fault)));
        }
        if self.goes_on && self.info.contains("mapping values are not allowed") {
            let (before, _) = foreign::parted(self.text, self.at())?;
            let indent = before.chars().take_while(|character| *character == ' ').count();
            let column = u32::try_from(indent).ok()?.saturating_add(1);
            return Some((Place { column, ..place }, SyntaxFault::NotYaml(YamlFault::GoesOn)));
        }
        None
    }

    fn complaint(&self) -> (Place, SyntaxFault) {
        match complaint(self.info) {
            // The parser notices where the next key begins.
            YamlFault::NoColon => (word_before(self.text, self.place), SyntaxFault::Slip(Slip::NoColon)),
            fault => (self.place, SyntaxFault::NotYaml(fault)),
        }
    }
}

/// Returns where the first line begins that says something, if that is further to the right than `line` does.
fn indented_start(text: &str, line: u32) -> Option<(u32, u32)> {
    let own = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?).map(indent_of)?;
    let (number, first) = text.lines().enumerate().find(|(_, line)| says_something(line))?;
    (indent_of(first) > own).then(|| (number_of(number), number_of(indent_of(first))))
}

/// Returns the column of the first tab in the indentation of a line.
pub(super) fn tab_column(text: &str, line: u32) -> Option<u32> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let column = line.find(|character| character != ' ').filter(|at| line[*at..].starts_with('\t'))?;
    u32::try_from(column).ok()?.checked_add(1)
}

/// Returns whether a line is indented as no line above it is.
fn is_oddly_indented(text: &str, line: u32) -> bool {
    let above = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let own = text.lines().nth(above).map(indent_of);
    let mut others = text.lines().take(above).filter(|line| !line.trim().is_empty()).map(indent_of);
    own.is_some_and(|own| others.all(|other| other != own))
}

/// Returns where the first tab in the indentation of a line below this one stands.
fn tab_below(text: &str, line: u32) -> Option<(u32, u32)> {
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    (line.saturating_add(1)..=lines).find_map(|line| Some((line, tab_column(text, line)?)))
}

/// Returns the place of the last line before `place` that says something.
fn word_before(text: &str, place: Place) -> Place {
    let number = usize::try_from(place.line).unwrap_or(usize::MAX).saturating_sub(1);
    let lines: Vec<&str> = text.lines().take(number).collect();
    let Some((index, line)) = lines.iter().enumerate().rev().find(|(_, line)| says_something(line)) else {
        return place;
    };
    Place { line: number_of(index), column: number_of(line.trim_end().chars().count()), length: 1, ..place }
}

/// Recognises the parser's commonest complaints.
fn complaint(info: &str) -> YamlFault {
    if info.contains("mapping values are not allowed") {
        YamlFault::ColonInText
    } else if info.contains("simple key expect") {
        YamlFault::NoColon
    } else if info.contains("unexpected end of stream") {
        YamlFault::OpenQuote
    } else if info.contains("trailing content after") {
        YamlFault::TextAfterQuote
    } else if info.contains("unknown escape") {
        YamlFault::UnknownEscape
    } else if info.contains("unexpected character") {
        YamlFault::UnexpectedCharacter(info.to_owned())
    } else {
        YamlFault::Other(info.to_owned())
    }
}
