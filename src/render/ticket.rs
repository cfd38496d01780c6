//! What past runs prove, ready to be shown: one document for a ticket, a part for each change or run.
//!
//! [`csv`] and [`document`] write it for programs; `page::ticket` words it for `markdown` and `html`.

pub mod csv;
pub mod document;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::past::PastRun;
use crate::history::dossier::{About, Down, Part};
use crate::state::RunId;
use crate::uptime::Uptime;

/// One document for a ticket.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// When it is made.
    pub made_at: Timestamp,
    /// What it is about, in the order that was asked for.
    pub parts: Vec<TicketPart>,
}

/// What past runs prove about one change, or one run.
#[derive(Clone, Debug)]
pub struct TicketPart {
    /// What it is about.
    pub about: About,
    /// Its runs, oldest first.
    pub runs: Vec<PastRun>,
    /// How long each link was down.
    pub downs: Vec<Down>,
}

impl Ticket {
    /// Tells what was gathered as of a moment.
    pub fn of(parts: Vec<Part>, now: Timestamp, uptime: Option<&Uptime>) -> Self {
        let part = |Part { about, runs, downs }| {
            let runs = runs.into_iter().map(|run| PastRun::from(run).as_of(now, uptime)).collect();
            TicketPart { about, runs, downs }
        };
        Self { made_at: now, parts: parts.into_iter().map(part).collect() }
    }

    /// Lists the runs of all parts, each once, oldest first.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &PastRun> {
        let runs = self.parts.iter().flat_map(|part| &part.runs);
        let by_id: BTreeMap<&RunId, &PastRun> = runs.map(|run| (&run.report.run_id, run)).collect();
        by_id.into_values()
    }

    /// Lists how long each link was down, each time once. Where a change and a run of it were asked for, the change knows more: it has
    /// the return.
    pub(crate) fn downs(&self) -> Vec<&Down> {
        let mut downs: BTreeMap<_, &Down> = BTreeMap::new();
        for down in self.parts.iter().flat_map(|part| &part.downs) {
            let key = (down.drained.at, &down.drained.by, &down.scope, &down.interface_id);
            let known = downs.entry(key).or_insert(down);
            if known.returned.is_none() {
                *known = down;
            }
        }
        downs.into_values().collect()
    }
}

/// Returns how long a link was down, where it is known when it came back.
pub(crate) fn length(down: &Down) -> Option<SignedDuration> {
    down.returned.as_ref().map(|returned| returned.at.duration_since(down.drained.at))
}
