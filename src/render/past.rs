//! A past run as it is shown: what became of it, and what is known of its circumstances.

use super::text::Tone;
use super::words::report::incomplete;
use super::words::run::run_outcome;
use crate::history::{Past, Resolved};
use crate::journal::Evidence;
use crate::run::{Report, RunOutcome};

/// A past run, ready to be shown.
#[derive(Clone, Debug)]
pub struct PastRun {
    /// What became of its steps, and how it ended.
    pub report: Report,
    /// Its process is at work.
    pub is_running: bool,
    /// What closed what its dead process left open, if something has.
    pub resolved: Option<Resolved>,
    /// Who, why and from which text.
    pub evidence: Evidence,
}

impl From<Past> for PastRun {
    fn from(past: Past) -> Self {
        Self {
            report: past.report(),
            is_running: past.is_running,
            resolved: past.resolved,
            evidence: past.run.started.evidence,
        }
    }
}

/// Returns by which run a run was taken back, in words behind others.
fn taken_back(report: &Report) -> String {
    report.taken_back_by.as_ref().map(|by| format!("; taken back by run {by}")).unwrap_or_default()
}

impl PastRun {
    /// Returns how it came out; `None` while it goes on.
    pub(crate) fn outcome(&self) -> Option<RunOutcome> {
        (!self.is_running).then(|| self.report.outcome())
    }

    /// Returns what it came to, in words.
    pub(crate) fn verdict(&self) -> (Tone, String) {
        let back = taken_back(&self.report);
        match (self.outcome(), &self.resolved) {
            (None, _) => (Tone::Change, "goes on".to_owned()),
            (Some(RunOutcome::Died), None) => (Tone::Bad, format!("died{back}")),
            (Some(RunOutcome::Died), Some(Resolved { by: Some(run), .. })) => {
                (Tone::Bad, format!("died; resolved by run {run}{back}"))
            }
            (Some(RunOutcome::Died), Some(Resolved { at, by: None })) => {
                (Tone::Bad, format!("died; resolved at {at:.0} by a command that made no run{back}"))
            }
            (Some(RunOutcome::Complete), _) => {
                (Tone::Good, format!("complete, {} changed{back}", self.report.changed()))
            }
            (Some(outcome), _) => (Tone::Bad, format!("{}: {}{back}", run_outcome(outcome), incomplete(&self.report))),
        }
    }
}
