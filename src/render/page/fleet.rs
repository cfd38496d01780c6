//! The sections of a fleet: what somebody has to look at, what is open, what waits, what begins, and every state.

use super::table::Table;
use super::{Body, Fact, Lead, Page, Section, Verdict, version};
use crate::calendar::Zone;
use crate::fleet::{Awaits, Fleet, StateRow};
use crate::plan::{Approval, Upcoming, What};
use crate::render::phrase::Phrase;
use crate::render::text::Tone;
use crate::render::words::fleet as words;
use crate::run::Exit;

/// Builds the page of a fleet.
pub(crate) fn page(fleet: &Fleet) -> Page {
    let read = format!("{}, {}", Zone::utc().stamp(fleet.timestamp), version());
    let table = |title, table: Table| Section::new(title, Lead::Nothing, Body::Table(table)).whole();
    Page {
        title: Phrase::ours("rictl fleet of ").and_theirs(fleet.store.as_str()),
        facts: vec![Fact::new("Read", Phrase::ours(read))],
        verdict: Verdict::new(tone_of_all(fleet), words::verdict(fleet), ""),
        sections: vec![
            table("Look at these", worries(fleet)),
            table("Runs", runs(fleet)),
            table("Awaiting confirmation", awaiting(fleet)),
            table("Approved and waiting", approvals(fleet)),
            table("Next 24 hours", upcoming(fleet)),
            table("States", states(fleet)),
        ],
        next: None,
    }
    .without_empty_sections()
}

/// How the whole is meant.
pub(crate) fn tone_of_all(fleet: &Fleet) -> Tone {
    match fleet.exit() {
        // Where there is nothing, nothing is good.
        Exit::Done if fleet.states.is_empty() => Tone::Change,
        Exit::Done => Tone::Good,
        Exit::Changes => Tone::Change,
        _ => Tone::Bad,
    }
}

/// How a state is meant.
pub(crate) fn tone(state: &StateRow) -> Tone {
    if state.error.is_some() || !state.below_floor.is_empty() {
        Tone::Bad
    } else if state.is_finding() {
        Tone::Change
    } else {
        Tone::Good
    }
}

fn theirs(text: impl ToString) -> Phrase {
    Phrase::theirs(text.to_string())
}

fn worries(fleet: &Fleet) -> Table {
    let worrying = || {
        let mut states: Vec<&StateRow> = fleet.states.iter().filter(|state| tone(state) != Tone::Good).collect();
        states.sort_by_key(|state| (tone(state) != Tone::Bad, state.below_floor.is_empty()));
        states
    };
    let row = |state: &StateRow| [theirs(&state.name), Phrase::joined(words::worries(state, fleet.timestamp), "; ")];
    Table::of(["State", "Why"], worrying().into_iter().map(row)).toned(worrying().into_iter().map(tone))
}

fn runs(fleet: &Fleet) -> Table {
    let row = |state: &StateRow| Some([theirs(&state.name), theirs(words::at_work(state)?)]);
    Table::of(["State", "At work"], fleet.states.iter().filter_map(row))
}

fn awaiting(fleet: &Fleet) -> Table {
    let rows = fleet.states.iter().flat_map(|state| {
        let row = |awaits: &Awaits| {
            [theirs(&state.name), theirs(&awaits.run_id), theirs(words::awaits(awaits, fleet.timestamp))]
        };
        state.awaiting.iter().map(row)
    });
    Table::of(["State", "Run", "How it stands"], rows)
}

fn approvals(fleet: &Fleet) -> Table {
    let rows = fleet.states.iter().flat_map(|state| {
        let row = |approval: &Approval| [theirs(&state.name), theirs(words::approval(approval, fleet.timestamp))];
        state.approvals.iter().map(row)
    });
    Table::of(["State", "Approval"], rows)
}

fn upcoming(fleet: &Fleet) -> Table {
    let known = |state: &StateRow| {
        let until = state.known_until?;
        let from = Phrase::ours(Zone::utc().shown(until));
        Some((until, [theirs(&state.name), Phrase::default(), Phrase::ours(UNKNOWN), from, Phrase::default()]))
    };
    let soon = fleet.states.iter().flat_map(|state| {
        state.upcoming.iter().map(|upcoming| (upcoming.at, begins_or_ends(state, upcoming))).chain(known(state))
    });
    let mut soon: Vec<_> = soon.collect();
    soon.sort_by_key(|(at, _)| *at);
    Table::of(["State", "Change", "What", "At", "Interfaces"], soon.into_iter().map(|(_, row)| row))
}

/// What stands where a check did not look so far ahead.
const UNKNOWN: &str = "nothing is known from then on";

fn begins_or_ends(state: &StateRow, upcoming: &Upcoming) -> [Phrase; 5] {
    let what = match upcoming.what {
        What::Begins => "begins",
        What::Ends => "ends",
    };
    let about = upcoming.status.map(|status| format!(" to {status}")).unwrap_or_default();
    [
        theirs(&state.name),
        theirs(&upcoming.change_id),
        Phrase::ours(what),
        Phrase::ours(Zone::utc().shown(upcoming.at)),
        Phrase::ours(format!("{}{about}", upcoming.interfaces)),
    ]
}

fn states(fleet: &Fleet) -> Table {
    let row = |state: &StateRow| {
        [
            theirs(&state.name),
            state.target.as_ref().map_or_else(Phrase::default, |target| theirs(&target.account_id)),
            Phrase::ours(words::age(state)),
            match state.drifted {
                None => Phrase::ours("unknown"),
                Some(false) => Phrase::ours("nothing moved"),
                Some(true) => words::moved(state).map_or_else(|| Phrase::ours("groups"), theirs),
            },
            theirs(words::groups(state)),
        ]
    };
    Table::of(["State", "Account", "Checked", "Drift", "Groups"], fleet.states.iter().map(row))
        .toned(fleet.states.iter().map(tone))
}
