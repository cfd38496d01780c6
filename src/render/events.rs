//! A run as JSON lines: Terraform's types for what Terraform also says, our own for the rest.
//!
//! Each line is one object with `@level`, `@message`, `@module`, `@timestamp` and `type`. Source: Terraform's
//! machine-readable UI. The first line is `version` and names the format; the last, `run_finished`, the exit code.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use super::page::plan::by_address;
use super::progress::sentence;
use super::report::document::{ReasonDocument, RunDocument};
use super::words::plan::blocked as why_blocked;
use super::words::plan::{Said, intention_of, plan_line, warning as said};
use super::words::report::{last_line, reasons};
use super::words::run as words;
use crate::calendar::Zone;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::journal::{Operation, Outcome};
use crate::plan::{
    Action, ActionReason, BlockCode, ChangeAction, GroupHealth, Plan, ResourceType, Step, StepId, Warning,
};
use crate::resource::{Address, RouterInterfaceId, Scope, Status};
use crate::run::{Event, Exit, Report, RunOutcome, WaveFailure};
use crate::state::RunId;

/// The version of the lines.
const FORMAT_VERSION: &str = "1.0";

/// One line.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "rictl apply --json, one line")]
pub struct EventLine<'a> {
    #[serde(rename = "@level")]
    level: &'static str,
    #[serde(rename = "@message")]
    message: String,
    #[serde(rename = "@module")]
    module: &'static str,
    #[serde(rename = "@timestamp")]
    timestamp: Timestamp,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Body<'a> {
    /// The first line.
    Version { format_version: &'static str, rictl: &'static str, ui: &'static str },
    /// An interface that will get a call.
    PlannedChange { change: Planned<'a> },
    /// An interface whose wanted change cannot be had.
    Blocked { address: &'a Address, code: BlockCode, detail: String },
    /// What a plan or an apply comes to.
    ChangeSummary { changes: Changes },
    /// A step begins.
    ApplyStart { hook: Hook<'a> },
    /// A step goes on.
    ApplyProgress { hook: Hook<'a> },
    /// A step was observed at its goal.
    ApplyComplete { hook: Hook<'a> },
    /// A step ended elsewhere.
    ApplyErrored { hook: Hook<'a> },
    /// An error or a warning.
    Diagnostic { diagnostic: Finding<'a> },
    /// The run is recorded and begins.
    RunStarted { run_id: &'a RunId, steps: usize },
    /// The API accepted a call.
    CallAccepted { hook: Hook<'a> },
    /// A wave begins.
    WaveStarted { wave: u32, waves: u32 },
    /// A wave has ended.
    WaveFinished {
        wave: u32,
        waves: u32,
        check_passed: bool,
        /// Why not, as a word.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'static str>,
    },
    /// The API asked to slow down.
    Throttled { scope: &'a Scope, action: &'a str, wait_seconds: f64, attempt: u32 },
    /// Anything else; what it is stands in `code`.
    Note {
        code: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        step: Option<&'a StepId>,
    },
    /// The last look found what the steps did not show.
    Found { reason: ReasonDocument<'a> },
    /// The run has done its steps, and is taken back unless somebody confirms it.
    AwaitingConfirmation { run_id: &'a RunId, until: Timestamp },
    /// The last line.
    RunFinished {
        run_id: &'a RunId,
        outcome: RunOutcome,
        exit_code: Option<Exit>,
        reasons: Vec<ReasonDocument<'a>>,
        groups: &'a [GroupHealth],
        report: RunDocument<'a>,
    },
}

#[derive(Debug, Serialize, JsonSchema)]
struct Resource<'a> {
    addr: &'a Address,
    module: &'static str,
    resource: &'a Address,
    resource_type: ResourceType,
    resource_name: &'a Address,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Planned<'a> {
    resource: Resource<'a>,
    action: ChangeAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ActionReason>,
    steps: Vec<&'a StepId>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Changes {
    add: usize,
    change: usize,
    import: usize,
    remove: usize,
    operation: &'static str,
}

/// What Terraform calls a hook: a resource and what happens to it.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Hook<'a> {
    step: Option<&'a StepId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Resource<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ChangeAction>,
    id_key: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_value: Option<&'a RouterInterfaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a crate::cloud::RequestId>,
    /// Why, as a word, where the step is not at its goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Finding<'a> {
    severity: &'static str,
    /// What it is about, where findings of its kind have codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

/// Writes the lines of one run.
#[derive(Debug)]
pub struct Events {
    steps: BTreeMap<StepId, Step>,
    zone: Zone,
}

impl Events {
    /// Starts the lines of a run of `plan`.
    pub fn new(plan: &Plan) -> Self {
        let steps = plan.steps.iter().map(|step| (step.id.clone(), step.clone())).collect();
        Self { steps, zone: plan.time_zone.clone() }
    }

    /// Writes what is planned: one line per interface, per blocked one, per warning, and the summary.
    pub fn plan<W: Write + ?Sized>(out: &mut W, at: Timestamp, plan: &Plan) -> io::Result<()> {
        for (address, steps) in by_address(&plan.steps) {
            let calls = steps.iter().any(|step| step.action != Action::Wait) && !plan.is_there_already(address);
            let change = Planned {
                resource: resource(address),
                action: if calls { ChangeAction::Update } else { ChangeAction::NoOp },
                reason: plan.change(address).and_then(|change| change.action_reason),
                steps: steps.iter().map(|step| &step.id).collect(),
            };
            write(
                out,
                at,
                "info",
                format!("{address} {}", intention_of(address, &steps, plan)),
                Body::PlannedChange { change },
            )?;
        }
        for blocked in &plan.blocked {
            let (address, code, detail) = (&blocked.address, blocked.code(), why_blocked(plan, blocked));
            let message = format!("{address} is blocked: {}", code.as_str());
            write(out, at, "warn", message, Body::Blocked { address, code, detail })?;
        }
        // Findings of the spec were told when it was read.
        for warning in plan.warnings.iter().filter(|warning| !matches!(warning, Warning::Spec { .. })) {
            let Said { summary, detail } = said(warning, &plan.time_zone);
            let (code, summary) = (warning.code(), summary.as_str());
            let diagnostic = Finding { severity: "warning", code, summary, detail, place: None };
            write(out, at, "warn", format!("warning: {summary}"), Body::Diagnostic { diagnostic })?;
        }
        let summary = plan.summary();
        write(out, at, "info", plan_line(summary), change_summary(summary.to_change, "plan"))
    }

    /// Writes one event.
    pub fn event<W: Write + ?Sized>(&self, out: &mut W, at: Timestamp, event: &Event) -> io::Result<()> {
        let message = match event {
            Event::CallAccepted { step, request_id } => format!("{step}: accepted [RequestId={request_id}]"),
            _ => sentence(event, &self.zone, |id| self.steps.get(id)).map(|(_, text)| text).unwrap_or_default(),
        };
        let body = self.body(event);
        let level = match &body {
            Body::ApplyErrored { .. } | Body::WaveFinished { check_passed: false, .. } | Body::Found { .. } => "error",
            Body::Throttled { .. } => "warn",
            _ => "info",
        };
        write(out, at, level, message, body)
    }

    fn body<'a>(&'a self, event: &'a Event) -> Body<'a> {
        match event {
            Event::RunStarted { run_id, steps } => Body::RunStarted { run_id, steps: *steps },
            Event::WaveStarted { wave, waves } => Body::WaveStarted { wave: *wave, waves: *waves },
            Event::WaveFinished { wave, waves, check } => Body::WaveFinished {
                wave: *wave,
                waves: *waves,
                check_passed: check.is_ok(),
                code: check.as_ref().err().map(WaveFailure::code),
            },
            Event::StepWaiting { step, status } => {
                Body::ApplyStart { hook: Hook { status: Some(status), ..self.hook(step) } }
            }
            Event::CallSent { step } => Body::ApplyStart { hook: self.hook(step) },
            Event::CallAccepted { step, request_id } => {
                Body::CallAccepted { hook: Hook { request_id: Some(request_id), ..self.hook(step) } }
            }
            Event::Progress { step, status, elapsed } => Body::ApplyProgress {
                hook: Hook { status: status.as_ref(), elapsed_seconds: Some(elapsed.as_secs()), ..self.hook(step) },
            },
            Event::StepFinished { step, outcome, status, elapsed, request_id, because } => {
                let code = because.as_ref().filter(|_| !outcome.is_at_goal());
                let hook = Hook {
                    status: status.as_ref(),
                    outcome: Some(*outcome),
                    elapsed_seconds: Some(elapsed.as_secs()),
                    request_id: request_id.as_ref(),
                    code: code.map(|because| because.code(Some(*outcome))),
                    detail: because.as_ref().map(|because| words::step_reason(because, &self.zone)),
                    ..self.hook(step)
                };
                if outcome.is_at_goal() { Body::ApplyComplete { hook } } else { Body::ApplyErrored { hook } }
            }
            Event::Throttled { scope, action, wait, attempt } => {
                Body::Throttled { scope, action, wait_seconds: wait.as_secs_f64(), attempt: *attempt }
            }
            Event::HeldUp { step, .. } => Body::Note { code: "held_up", step: Some(step) },
            Event::Stopping { .. } => Body::Note { code: "stopping", step: None },
            Event::CannotRecord { .. } => Body::Note { code: "cannot_record", step: None },
            Event::Interrupted { .. } => Body::Note { code: "interrupted", step: None },
            Event::NoClearAnswer { step, .. } => Body::Note { code: "no_clear_answer", step: Some(step) },
            Event::LookingAgain { step, .. } => Body::Note { code: "looking_again", step: Some(step) },
            Event::CannotRead { .. } => Body::Note { code: "cannot_read", step: None },
            Event::FoundDown { .. } => Body::Note { code: "member_down", step: None },
            Event::WaitingForTraffic { .. } => Body::Note { code: "waiting_for_traffic", step: None },
            Event::WaitingForAccount { .. } => Body::Note { code: "waiting_for_account", step: None },
            Event::Found { reason } => Body::Found { reason: ReasonDocument::of(reason, &self.zone) },
        }
    }

    fn hook<'a>(&'a self, id: &'a StepId) -> Hook<'a> {
        let step = self.steps.get(id);
        Hook {
            step: Some(id),
            resource: step.map(|step| resource(&step.address)),
            action: step.map(|step| match step.action {
                Action::Call(_) => ChangeAction::Update,
                Action::Wait => ChangeAction::NoOp,
            }),
            id_key: "id",
            id_value: step.map(|step| &step.interface_id),
            call: step.map(|step| step.action),
            ..Hook::default()
        }
    }
}

/// Writes the first line.
pub fn version<W: Write + ?Sized>(out: &mut W, at: Timestamp) -> io::Result<()> {
    let rictl = env!("CARGO_PKG_VERSION");
    let body = Body::Version { format_version: FORMAT_VERSION, rictl, ui: "1.2" };
    write(out, at, "info", format!("rictl {rictl}"), body)
}

/// Writes an error or a warning.
pub fn diagnostic<W: Write + ?Sized>(
    out: &mut W,
    at: Timestamp,
    sources: &Sources,
    finding: &Diagnostic,
) -> io::Result<()> {
    let (severity, level) = match finding.severity {
        Severity::Error => ("error", "error"),
        Severity::Warning => ("warning", "warn"),
    };
    let detail: Vec<&str> = finding.causes.iter().chain(&finding.hint).map(String::as_str).collect();
    let diagnostic = Finding {
        severity,
        code: finding.code,
        summary: &finding.summary,
        detail: (!detail.is_empty()).then(|| detail.join("; ")),
        place: finding.place.map(|place| sources.locate(place)),
    };
    write(out, at, level, format!("{severity}: {}", finding.summary), Body::Diagnostic { diagnostic })
}

/// Writes the last line of an apply that found nothing to do.
pub fn nothing_to_do<W: Write + ?Sized>(out: &mut W, at: Timestamp, operation: Operation) -> io::Result<()> {
    let message = super::words::report::nothing_to_do(operation);
    write(out, at, "info", message, change_summary(0, "apply"))
}

/// Writes that a run awaits confirmation.
pub fn awaiting<W: Write + ?Sized>(out: &mut W, at: Timestamp, run_id: &RunId, until: Timestamp) -> io::Result<()> {
    let message = super::words::confirmation::awaits(until, &Zone::utc());
    write(out, at, "info", message, Body::AwaitingConfirmation { run_id, until })
}

/// Writes the summary and the last line.
pub fn finished<W: Write + ?Sized>(out: &mut W, at: Timestamp, report: &Report) -> io::Result<()> {
    let level = if report.exit() == Some(Exit::Done) { "info" } else { "error" };
    let message = last_line(report);
    write(out, at, level, message.clone(), change_summary(report.changed(), "apply"))?;
    let body = Body::RunFinished {
        run_id: &report.run_id,
        outcome: report.outcome(),
        exit_code: report.exit(),
        reasons: reasons(report).map(|reason| ReasonDocument::of(reason, &report.time_zone)).collect(),
        groups: &report.groups,
        report: report.into(),
    };
    write(out, at, level, message, body)
}

fn resource(address: &Address) -> Resource<'_> {
    Resource {
        addr: address,
        module: "",
        resource: address,
        resource_type: ResourceType::RouterInterface,
        resource_name: address,
    }
}

fn change_summary(change: usize, operation: &'static str) -> Body<'static> {
    Body::ChangeSummary { changes: Changes { add: 0, change, import: 0, remove: 0, operation } }
}

fn write<W: Write + ?Sized>(
    out: &mut W,
    timestamp: Timestamp,
    level: &'static str,
    message: String,
    body: Body<'_>,
) -> io::Result<()> {
    json::line(out, &EventLine { level, message, module: "rictl.ui", timestamp, body })
}

#[cfg(test)]
mod tests;
