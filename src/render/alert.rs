//! Messages for chat robots and webhooks: what is news of a drift check, and how a run goes.
//!
//! The first line says it all and holds the word `rictl`; then a line an item: sites that are down, what is news, what is over, what
//! is still so. Where the robot cuts, it cuts the last of them.

pub mod run;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::drift::document::{Ended, told};
use super::escape::escape_terminal;
use super::words::drift as words;
use super::words::plan::span;
use crate::calendar::Zone;
use crate::drift::{Drift, DriftCheck, DriftItem};
use crate::language::say;
use crate::news::{Judged, Matter, News};
use crate::plan::GroupHealth;
use crate::resource::{Address, GroupName};
use crate::robot::Message;

/// What a channel is told of one spec.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What was found, without what is not to be told.
    pub check: &'a DriftCheck,
    /// What of it is news.
    pub judged: &'a Judged,
}

/// The name that a message begins with: robots with keywords look for it.
const NAME: &str = "rictl";

/// How many specs the first line names.
const SPECS_NAMED: usize = 3;

/// In which order lines stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Down,
    News,
    Over,
    Still,
}

/// Writes what a channel is told.
pub fn message(parts: &[Part<'_>], is_reminder: bool) -> std::io::Result<Message> {
    let (mut lines, mut ended) = (Vec::new(), Vec::new());
    for part in parts {
        let all = of_part(part, &mut ended);
        let name = if parts.len() > 1 { format!("[{}] ", part.check.spec) } else { String::new() };
        lines.extend(all.into_iter().map(|(rank, text)| (rank, shown(&format!("{name}{text}")))));
    }
    lines.sort_by_key(|(rank, _)| *rank);
    let head = shown(&head(parts, &lines, is_reminder));
    let checks: Vec<DriftCheck> = parts.iter().map(|part| part.check.clone()).collect();
    let mut document = Vec::new();
    told(&mut document, &checks, &ended)?;
    Ok(Message { head, lines: lines.into_iter().map(|(_, text)| text).collect(), document })
}

/// Lists what is over.
pub fn ended(parts: &[Part<'_>]) -> Vec<Ended> {
    let mut ended = Vec::new();
    for part in parts {
        of_part(part, &mut ended);
    }
    ended
}

/// Writes the document that a command gets.
pub fn document(parts: &[Part<'_>]) -> std::io::Result<Vec<u8>> {
    message(parts, false).map(|message| message.document)
}

fn shown(text: &str) -> String {
    escape_terminal(&words::one_line(text)).into_owned()
}

fn head(parts: &[Part<'_>], lines: &[(Rank, String)], is_reminder: bool) -> String {
    let concerned = |part: &&Part<'_>| !part.judged.news.is_empty() || !part.judged.open.is_empty();
    let names: Vec<&str> = parts.iter().filter(concerned).map(|part| part.check.spec.as_str()).collect();
    let more = names.len().saturating_sub(SPECS_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = names.into_iter().take(SPECS_NAMED).collect::<Vec<_>>().join(", ");
    let count = |rank| lines.iter().filter(|(of, _)| *of == rank).count();
    let (down, news, over, still) = (count(Rank::Down), count(Rank::News), count(Rank::Over), count(Rank::Still));
    let sites = if down == 1 { "1 site down".to_owned() } else { format!("{down} sites down") };
    let counts = [
        (down, sites),
        (news, format!("{news} found")),
        (over, format!("{over} back to normal")),
        (still, format!("{still} still there")),
    ];
    let counts: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, says)| says).collect();
    let reminder = if is_reminder { "reminder, " } else { "" };
    format!("{NAME} drift in {names}{more}: {reminder}{}", counts.join(", "))
}

/// Lists what is told of one spec; what is over is added to `ended`.
fn of_part(part: &Part<'_>, ended: &mut Vec<Ended>) -> Vec<(Rank, String)> {
    let drift = part.check.outcome.as_ref().ok();
    let teller = Teller {
        check: part.check,
        drift,
        items: drift.iter().flat_map(|drift| &drift.items).map(|item| (&item.address, item)).collect(),
        groups: drift.iter().flat_map(|drift| &drift.groups).map(|group| (&group.name, group)).collect(),
    };
    let mut lines = Vec::new();
    for (matter, news) in &part.judged.news {
        let line = match news {
            News::New | News::Changed if teller.is_down(matter) => (Rank::Down, teller.found(matter)),
            News::New | News::Changed => (Rank::News, teller.found(matter)),
            News::Over { first_seen, is_declared } => {
                let text = teller.over(matter, *first_seen, *is_declared);
                ended.push(teller.ended(matter, *first_seen, &text));
                (Rank::Over, text)
            }
        };
        lines.push(line);
    }
    for (matter, first_seen) in &part.judged.open {
        let rank = if teller.is_down(matter) { Rank::Down } else { Rank::Still };
        let since = teller.zone().shown(*first_seen);
        lines.push((rank, format!("{} (since {since})", teller.found(matter))));
    }
    lines
}

/// Says what is told of one spec.
struct Teller<'a> {
    check: &'a DriftCheck,
    drift: Option<&'a Drift>,
    items: BTreeMap<&'a Address, &'a DriftItem>,
    groups: BTreeMap<&'a GroupName, &'a GroupHealth>,
}

impl Teller<'_> {
    fn zone(&self) -> Zone {
        self.drift.map_or_else(Zone::utc, |drift| drift.time_zone.clone())
    }

    fn is_down(&self, matter: &Matter) -> bool {
        matches!(matter, Matter::Group(name) if self.groups.get(name).is_some_and(|group| group.down))
    }

    /// Says how something stands that is a finding, or was one when it could be seen last.
    fn found(&self, matter: &Matter) -> String {
        match (matter, self.drift) {
            (Matter::Interface(address), Some(drift)) => match self.items.get(address) {
                Some(item) => words::line(item, drift),
                None => format!("{address}: cannot be seen now"),
            },
            (Matter::Group(name), _) => match self.groups.get(name) {
                Some(group) => words::group_line(group),
                None => format!("group {name}: cannot be seen now"),
            },
            (Matter::Interface(address), None) => format!("{address}: cannot be seen now"),
            (Matter::Scope(scope), drift) => {
                let mut failures = drift.iter().flat_map(|drift| &drift.failures);
                let detail = failures.find(|failure| failure.scope == *scope).map(|failure| failure.detail.told());
                format!("cannot read {scope}: {}", detail.unwrap_or("it could not be read before"))
            }
            (Matter::Check, _) => {
                let why = self.check.outcome.as_ref().err().map_or("", String::as_str);
                format!("{} could not be checked: {why}", self.check.path)
            }
        }
    }

    fn over(&self, matter: &Matter, first_seen: Timestamp, is_declared: bool) -> String {
        let after = span(self.check.at.duration_since(first_seen));
        let what = match matter {
            Matter::Interface(address) => address.to_string(),
            Matter::Group(name) => say!("group {name}", name),
            Matter::Scope(scope) if is_declared => {
                return say!("{scope}: back to normal, it can be read again after {after}", scope, after);
            }
            Matter::Scope(scope) => scope.to_string(),
            Matter::Check => {
                let path = &self.check.path;
                return say!("{path}: back to normal, it can be checked again after {after}", path, after);
            }
        };
        match is_declared {
            true => say!("{what}: back to normal after {after}", what, after),
            false => say!("{what}: declared no more, after {after}", what, after),
        }
    }

    fn ended(&self, matter: &Matter, first_seen: Timestamp, text: &str) -> Ended {
        let (address, group) = match matter {
            Matter::Interface(address) => (Some(address.to_string()), None),
            Matter::Group(name) => (None, Some(name.to_string())),
            Matter::Scope(_) | Matter::Check => (None, None),
        };
        Ended { spec: self.check.path.clone(), address, group, first_seen, text: words::one_line(text) }
    }
}

#[cfg(test)]
mod tests;
