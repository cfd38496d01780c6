//! The sections of a drift check: what is not where it was, what could not be read, the warnings.

use super::findings::Finding;
use super::{
    Body, Card, Entry, Fact, Lead, Page, Section, Verdict, by_trouble, card, groups, spec_fact, unread, warnings,
};
use crate::drift::{Drift, DriftCause, DriftItem, Unmanaged};
use crate::language::say;
use crate::render::phrase::Phrase;
use crate::render::text::Tone;
use crate::render::words::drift as words;
use crate::render::words::groups::worrying;
use crate::render::words::next::{Given, after_drift};

/// Builds the page of a drift check; `given` is what the command was typed with.
pub(crate) fn page(drift: &Drift, given: &Given) -> Page {
    let tone = if drift.has_moved() { Tone::Change } else { Tone::Good };
    let of = |is_blocked: bool| {
        let items = drift.items.iter().filter(|item| (item.cause == DriftCause::Blocked) == is_blocked);
        Body::Findings(items.map(|item| finding(item, drift)).collect())
    };
    let as_of = drift.at.map(|at| Fact::new(say!("As of"), Phrase::theirs(drift.time_zone.shown(at))));
    let facts = [
        Fact::new(say!("Target"), Phrase::theirs(drift.target.to_string())),
        spec_fact(Some(&drift.spec), drift.timestamp, &drift.time_zone),
    ];
    Page {
        title: Phrase::ours("rictl drift of ").and_theirs(drift.spec.as_str()),
        facts: facts.into_iter().chain(as_of).collect(),
        verdict: Verdict::new(tone, words::verdict(drift), ""),
        sections: vec![
            Section::new("Findings", Lead::Nothing, of(false)),
            Section::new("Blocked", Lead::Line(say!("Blocked:")), of(true)),
            groups(&worrying(drift.worrying_groups())).whole(),
            warnings(&drift.warnings, &drift.time_zone, given),
            unread(&drift.failures),
            unmanaged(drift.unmanaged.as_deref()),
        ],
        next: after_drift(drift, given),
    }
    .without_empty_sections()
}

/// Makes a card of each group.
pub(crate) fn cards(drift: &Drift) -> Vec<Card> {
    let shown = drift.groups.iter().filter(|_| !drift.hides_groups);
    by_trouble(shown.map(|group| card(group, None, "Now")).collect())
}

/// Lists what is live and no spec declares, where that was asked for: that there is nothing is an answer as well.
fn unmanaged(live: Option<&[Unmanaged]>) -> Section {
    let entry = |one: &Unmanaged| {
        let name = one.name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
        let says = say!("{name}in {scope}, {status}", name, scope = one.scope, status = one.status);
        Entry::new(Tone::Faint, say!("Unmanaged: "), one.id.to_string(), Some(says))
    };
    let entries = match live {
        None => Vec::new(),
        Some([]) => vec![Entry::new(Tone::Faint, say!("Unmanaged: "), say!("none").to_owned(), None)],
        Some(live) => live.iter().map(entry).collect(),
    };
    Section::new("Unmanaged", Lead::Labels { are_own: false }, Body::List(entries)).whole()
}

fn finding(item: &DriftItem, drift: &Drift) -> Finding {
    let (tone, mark) = match item.cause {
        DriftCause::InTransition => (Tone::Wait, "<= "),
        DriftCause::HandsOff | DriftCause::OtherEnd => (Tone::Faint, "=  "),
        DriftCause::Differs(_) | DriftCause::RolledBack | DriftCause::Overdue => (Tone::Change, "~  "),
        DriftCause::Blocked => (Tone::Bad, "!  "),
    };
    Finding {
        address: item.address.to_string(),
        id: item.id.to_string(),
        scope: item.scope.to_string(),
        tone,
        mark,
        cause: words::why(item),
        is_moving: item.cause == DriftCause::InTransition,
        spec: item.spec.to_string(),
        last_applied: words::last_applied(item),
        live: words::live(item).to_owned(),
        since: item.since.map(|since| drift.time_zone.stamp(since)),
        note: words::note(item, drift),
        note_tone: if item.hands_off_expired { Tone::Bad } else { Tone::Faint },
    }
}
