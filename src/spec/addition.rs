//! A new entry of `changes`, written into the text of a spec: every other byte stays as it was.
//!
//! Where it goes is read from the events of the text, YAML or JSON, in blocks or in brackets. What a text says is compared
//! before and after, so an entry that would mean something else, or alter what is there, is never written.

mod place;
mod quoted;

use saphyr_parser::{Event, ScalarStyle};

use super::events::{Events, NoEvent};
use super::keys::Grammar;
use crate::bounds;
use crate::resource::{ChangeName, DesiredStatus};
use crate::selector::Selector;

use place::{Layout, Spot};
use quoted::{plain_or_quoted, quoted};

/// An entry of `changes` as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// Its key.
    pub name: ChangeName,
    /// `reason`.
    pub reason: String,
    /// `select`.
    pub select: Vec<Selector>,
    /// `expect`.
    pub expect: u32,
    /// `status`.
    pub status: DesiredStatus,
    /// `from`, as it is written.
    pub from: Option<String>,
    /// `until`, as it is written.
    pub until: Option<String>,
    /// `owner`.
    pub owner: Option<String>,
}

/// Why an entry cannot be written into a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unaddable {
    /// The text is not UTF-8, or no YAML.
    #[error("it cannot be read as YAML")]
    NotYaml,
    /// `changes` has a value that would have to go.
    #[error("its `changes` is written as `{0}`")]
    Written(String),
    /// An entry there would alter what the text says elsewhere.
    #[error("it is laid out so that an entry more would alter what is there")]
    Entangled,
}

/// Returns the first character of a name that no key of `changes` may hold.
pub fn strange(name: &str) -> Option<String> {
    name.chars().find(|character| !Grammar::Name.admits(*character)).map(super::words::named)
}

/// Returns whether a text has a section `changes`.
pub fn has_changes(bytes: &[u8]) -> bool {
    let body = |whole: &'_ str| place::find(whole.strip_prefix('\u{feff}').unwrap_or(whole));
    text(bytes).and_then(body).is_ok_and(|spot| !spot.needs_section)
}

/// Writes an entry into a text.
///
/// # Errors
/// A text in which there is no room for it.
pub fn add(bytes: &[u8], addition: &Addition) -> Result<String, Unaddable> {
    let whole = text(bytes)?;
    let body = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let mark = &whole[..whole.len() - body.len()];
    let spot = place::find(body)?;
    let (before, after) = body.split_at(spot.at);
    let entry = addition.laid_out(body, &spot, before);
    let added = format!("{before}{entry}{after}");
    compare(body, &added)?;
    Ok(format!("{mark}{added}"))
}

fn text(bytes: &[u8]) -> Result<&str, Unaddable> {
    std::str::from_utf8(bytes).map_err(|_| Unaddable::NotYaml)
}

impl Addition {
    /// Lists its keys and values, in the order in which people write them.
    fn fields(&self, in_json: bool) -> Vec<(&'static str, String)> {
        let text = |text: &str| if in_json { quoted(text) } else { plain_or_quoted(text) };
        let select: Vec<String> = self.select.iter().map(|selector| quoted(selector.as_str())).collect();
        let status = self.status.to_string();
        let mut fields = vec![
            ("reason", text(&self.reason)),
            ("select", format!("[{}]", select.join(", "))),
            ("expect", self.expect.to_string()),
            ("status", if in_json { quoted(&status) } else { status }),
        ];
        // No YAML reader takes these for anything but a time, and this one wants no quotes around it.
        let moment = |moment: &String| if in_json { quoted(moment) } else { moment.clone() };
        fields.extend(self.from.as_ref().map(|from| ("from", moment(from))));
        fields.extend(self.until.as_ref().map(|until| ("until", moment(until))));
        fields.extend(self.owner.as_ref().map(|owner| ("owner", text(owner))));
        fields
    }

    fn laid_out(&self, body: &str, spot: &Spot, before: &str) -> String {
        match &spot.layout {
            Layout::Block { key, entry, field } => {
                let eol = if body.contains("\r\n") { "\r\n" } else { "\n" };
                let mut lines = Vec::new();
                let cut_off = !before.is_empty() && !before.ends_with('\n');
                if spot.needs_section {
                    let last = before.lines().next_back().unwrap_or_default();
                    lines.extend((!last.trim().is_empty()).then(String::new));
                    lines.push(format!("{}changes:", " ".repeat(*key)));
                }
                lines.push(format!("{}{}:", " ".repeat(*entry), plain_or_quoted(self.name.as_str())));
                let fields = self.fields(false).into_iter();
                lines.extend(fields.map(|(key, value)| format!("{}{key}: {value}", " ".repeat(*field))));
                let text: String = lines.iter().map(|line| format!("{line}{eol}")).collect();
                if cut_off { format!("{eol}{text}") } else { text }
            }
            Layout::Flow { is_first, in_json } => {
                let key = |key: &str| if *in_json { quoted(key) } else { key.to_owned() };
                let fields = self.fields(*in_json).into_iter();
                let fields: Vec<String> = fields.map(|(name, value)| format!("{}: {value}", key(name))).collect();
                let name = if *in_json { quoted(self.name.as_str()) } else { plain_or_quoted(self.name.as_str()) };
                let mut entry = format!("{name}: {{{}}}", fields.join(", "));
                if spot.needs_section {
                    entry = format!("{}: {{{entry}}}", key("changes"));
                }
                if *is_first { entry } else { format!(", {entry}") }
            }
        }
    }
}

/// Insists that a text says what it said, but for one piece more.
fn compare(before: &str, after: &str) -> Result<(), Unaddable> {
    let more = count(after)?.checked_sub(count(before)?).filter(|more| *more > 0).ok_or(Unaddable::Entangled)?;
    let mut both = [before, after].map(|text| Events::new(text, bounds::SPEC_LOOKAHEAD));
    let mut has_skipped = false;
    loop {
        let [mut one, mut other] = both.each_mut().map(next);
        if !has_skipped && one != other {
            has_skipped = true;
            // A section without entries was one event, a null.
            let is_null = |event: &Event<'_>| matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let stood_empty = matches!((&one, &other), (Ok(one), Ok(Event::MappingStart(..))) if is_null(one));
            if stood_empty {
                one = next(&mut both[0]);
            }
            for _ in 0..more + usize::from(stood_empty) {
                other = next(&mut both[1]);
            }
        }
        match (one?, other?) {
            (one, other) if one != other => return Err(Unaddable::Entangled),
            (Event::StreamEnd, _) => return Ok(()),
            _ => {}
        }
    }
}

fn count(text: &str) -> Result<usize, Unaddable> {
    let mut events = Events::new(text, bounds::SPEC_LOOKAHEAD);
    let mut count = 0;
    while next(&mut events)? != Event::StreamEnd {
        count += 1;
    }
    Ok(count)
}

fn next<'t>(events: &mut Events<'t>) -> Result<Event<'t>, Unaddable> {
    match events.next() {
        Ok((event, _)) => Ok(event),
        Err(NoEvent::End) => Ok(Event::StreamEnd),
        Err(NoEvent::Endless | NoEvent::NotYaml(_)) => Err(Unaddable::NotYaml),
    }
}

#[cfg(test)]
mod tests;
