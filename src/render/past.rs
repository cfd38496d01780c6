//! A past run as it is shown: what became of it, and what is known of its circumstances.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::text::Tone;
use super::words::confirmation::{Stands, kept_by, needed};
use super::words::report::incomplete;
use super::words::run::run_outcome;
use crate::calendar::Zone;
use crate::history::confirmation::Confirmation;
use crate::history::dossier::OfSpec;
use crate::history::{Past, Resolved};
use crate::journal::Evidence;
use crate::resource::{Address, ChangeName};
use crate::run::{Report, RunOutcome};
use crate::uptime::{Deadline, Uptime};

/// A past run, ready to be shown.
#[derive(Clone, Debug)]
pub struct PastRun {
    /// What became of its steps, and how it ended.
    pub report: Report,
    /// Its process is at work.
    pub is_running: bool,
    /// What closed what its dead process left open, if something has.
    pub resolved: Option<Resolved>,
    /// Until when it can be confirmed, where it awaits that.
    pub awaits: Option<Deadline>,
    /// That moment is over.
    pub is_due: bool,
    /// What was decided where it has to be confirmed, and by whom.
    pub confirmation: Confirmation,
    /// Where lines are kept that it could not record: notes, of which nothing is believed.
    pub notes: Vec<String>,
    /// Who, why and from which text.
    pub evidence: Evidence,
    /// The spec as it was named to this command, where several were.
    pub spec: Option<String>,
}

impl From<Past> for PastRun {
    fn from(past: Past) -> Self {
        Self {
            report: past.report(),
            is_running: past.is_running,
            resolved: past.resolved(),
            awaits: past.awaits(),
            is_due: false,
            confirmation: past.confirmation,
            notes: Vec::new(),
            evidence: past.run.started.evidence,
            spec: None,
        }
    }
}

impl From<OfSpec> for PastRun {
    fn from(of: OfSpec) -> Self {
        Self { spec: of.spec, ..Self::from(of.past) }.in_zone(&of.zone)
    }
}

/// Returns by which run a run was taken back, in words behind others.
fn taken_back(report: &Report) -> String {
    report.taken_back_by.as_ref().map(|by| format!("; taken back by run {by}")).unwrap_or_default()
}

impl PastRun {
    /// Shows its times in a zone.
    #[must_use]
    pub fn in_zone(mut self, zone: &Zone) -> Self {
        self.report.time_zone = zone.clone();
        self
    }

    /// Tells it as of a moment: what awaits confirmation may be due by then.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp, uptime: Option<&Uptime>) -> Self {
        self.is_due = self.awaits.as_ref().is_some_and(|deadline| deadline.is_past(now, uptime));
        self
    }

    /// Takes in where lines are kept that it could not record.
    #[must_use]
    pub fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// Says that it has to be confirmed, within which time, and what was decided by whom; nothing of one that has not.
    pub(crate) fn confirmed(&self) -> Option<String> {
        let within = Duration::from_millis(self.evidence.confirm_within_ms?);
        Some(needed(within, &self.confirmation, &self.report.time_zone))
    }

    /// Lists the changes that its steps belong to; of an older run, the one that all did.
    pub(crate) fn changes(&self) -> BTreeSet<&str> {
        let steps = self.report.results.iter().filter_map(|result| result.step.change_id.as_ref());
        steps.map(ChangeName::as_str).chain(self.evidence.change_id.as_deref()).collect()
    }

    /// Returns the change that all its steps belong to.
    pub(crate) fn change_id(&self) -> Option<&str> {
        self.evidence.change_id.as_deref()
    }

    /// Returns the spec that it is of: as it was named to this command, else as it was to the run.
    pub(crate) fn spec(&self) -> Option<&str> {
        self.spec.as_deref().or(self.evidence.spec.as_deref())
    }

    /// Lists the interfaces that it was about.
    pub(crate) fn addresses(&self) -> BTreeSet<&Address> {
        self.report.results.iter().map(|result| &result.step.address).collect()
    }

    /// Returns how it came out; `None` while it goes on.
    pub(crate) fn outcome(&self) -> Option<RunOutcome> {
        (!self.is_running).then(|| self.report.outcome())
    }

    /// Returns what it came to, in words.
    pub(crate) fn verdict(&self) -> (Tone, String) {
        let back = taken_back(&self.report);
        if let Some(Deadline { until, .. }) = self.awaits {
            let ended = match self.outcome() {
                None | Some(RunOutcome::AwaitingConfirmation) => String::new(),
                Some(outcome) => format!("{}; ", run_outcome(outcome)),
            };
            let stands =
                Stands { run_id: &self.report.run_id, until, left_by: None, is_due: self.is_due, in_doubt: &[] };
            return (Tone::Change, format!("{ended}{}", stands.said(&self.report.time_zone)));
        }
        match (self.outcome(), &self.resolved) {
            (None, _) => (Tone::Change, "goes on".to_owned()),
            (Some(RunOutcome::Died), None) => (Tone::Bad, format!("died{back}")),
            (Some(RunOutcome::Died), Some(Resolved { by: Some(run), .. })) => {
                (Tone::Bad, format!("died; resolved by run {run}{back}"))
            }
            (Some(RunOutcome::Died), Some(Resolved { at, by: None })) => {
                let at = self.report.time_zone.stamp(*at);
                (Tone::Bad, format!("died; resolved at {at} by a command that made no run{back}"))
            }
            (Some(RunOutcome::Complete), _) => {
                let kept = kept_by(&self.confirmation);
                (Tone::Good, format!("complete, {} changed{kept}{back}", self.report.changed()))
            }
            (Some(outcome), _) => (Tone::Bad, format!("{}: {}{back}", run_outcome(outcome), incomplete(&self.report))),
        }
    }
}
