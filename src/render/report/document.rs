//! A run as a document: the keys that scripts read, in `show --json`, `history --json` and the last event alike.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::words::plan::guard;
use super::super::words::run as words;
use crate::calendar::Zone;
use crate::journal::{Operation, Outcome, PlannedStep};
use crate::plan::Action;
use crate::resource::{Address, GroupName, RequestId, Status, Target};
use crate::run::{Exit, Reason, Report, RunOutcome, StepResult, Subject};
use crate::state::RunId;

/// A run, its steps and its end.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunDocument<'a> {
    run_id: &'a RunId,
    operation: Operation,
    who: &'a str,
    target: &'a Target,
    digest: &'a str,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    results: Vec<StepDocument<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
    /// Why it began no further steps, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_reason: Option<String>,
    /// What could not be recorded, and where it was written instead, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    unrecorded: Option<String>,
    /// `null` while the run goes on.
    outcome: Option<RunOutcome>,
    /// `null` for a run that died or goes on.
    exit_code: Option<Exit>,
    reasons: Vec<ReasonDocument<'a>>,
}

/// One step of a run and how it ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepDocument<'a> {
    #[serde(flatten)]
    step: &'a PlannedStep,
    outcome: Option<Outcome>,
    status: Option<&'a Status>,
    request_id: Option<&'a RequestId>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    /// What it does: the API's action, or `Wait`.
    action: Action,
    /// The status that was there before.
    before: Option<Status>,
    /// The status that was read last.
    after: Option<&'a Status>,
    /// When its call was sent, by this machine's clock.
    sent_at: Option<Timestamp>,
    /// When its goal was seen, by this machine's clock.
    settled_at: Option<Timestamp>,
    /// When the API answered the call, by the cloud's clock: the Date of that answer; `null` where there was none, or a
    /// version wrote the run down that did not keep it.
    cloud_date: Option<Timestamp>,
    /// What each group was to be left with when it was planned, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guards: Vec<String>,
    /// Why, as a word, where the step is not at its goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why, in words; untrusted text.
    detail: Option<String>,
}

/// One reason why a run did not end with code 0.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReasonDocument<'a> {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a GroupName>,
    /// In words; untrusted text.
    detail: String,
}

impl<'a> From<&'a Report> for RunDocument<'a> {
    fn from(report: &'a Report) -> Self {
        let reasons = || report.end.iter().flat_map(|end| &end.reasons);
        let word_of = |is_wanted: fn(&Reason) -> bool| {
            reasons().find(|reason| is_wanted(reason)).map(|reason| words::reason(reason, &report.time_zone))
        };
        Self {
            run_id: &report.run_id,
            operation: report.operation,
            who: &report.who,
            target: &report.target,
            digest: &report.digest,
            started_at: report.started_at,
            finished_at: report.finished_at(),
            results: report.results.iter().map(|result| StepDocument::of(result, &report.time_zone)).collect(),
            interrupted: report.is_interrupted(),
            stopped_reason: word_of(|reason| matches!(reason, Reason::Stopped { .. })),
            unrecorded: word_of(|reason| matches!(reason, Reason::Unrecorded(_))),
            outcome: Some(report.outcome()),
            exit_code: report.exit(),
            reasons: reasons().map(|reason| ReasonDocument::of(reason, &report.time_zone)).collect(),
        }
    }
}

impl RunDocument<'_> {
    /// Says how it came out; `None` of a run that goes on.
    pub(crate) fn with_outcome(mut self, outcome: Option<RunOutcome>) -> Self {
        self.outcome = outcome;
        self
    }
}

impl<'a> StepDocument<'a> {
    /// Words what became of a step; its times are shown in a zone.
    pub(crate) fn of(result: &'a StepResult, zone: &Zone) -> Self {
        let because = result.because.as_ref();
        Self {
            step: &result.step,
            outcome: result.outcome,
            status: result.status.as_ref(),
            request_id: result.request_id.as_ref(),
            started_at: result.started_at,
            finished_at: result.finished_at,
            action: result.step.action(),
            before: result.before(),
            after: result.status.as_ref(),
            sent_at: result.sent_at(),
            settled_at: result.finished_at.filter(|_| result.is_at_goal()),
            cloud_date: result.cloud_date,
            guards: result.step.guards.iter().map(guard).collect(),
            code: because.filter(|_| !result.is_at_goal()).map(|because| because.code(result.outcome)),
            detail: because.map(|because| words::step_reason(because, zone)),
        }
    }
}

impl<'a> ReasonDocument<'a> {
    /// Words a reason; its times are shown in a zone.
    pub(crate) fn of(reason: &'a Reason, zone: &Zone) -> Self {
        let (address, group) = match reason.subject() {
            Subject::Address(address) => (Some(address), None),
            Subject::Group(group) => (None, Some(group)),
            Subject::Run => (None, None),
        };
        Self { code: reason.code(), address, group, detail: words::reason(reason, zone) }
    }
}
