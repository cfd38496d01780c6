//! A run as lines while it goes on: Terraform's sentences, one per event worth one.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use super::text::{Line, Screen, Tone, View};
use super::words::plan::some;
use super::words::report::word;
use super::words::run as words;
use super::{counted, duration};
use crate::calendar::Zone;
use crate::cloud::{Call, RequestId};
use crate::journal::Outcome;
use crate::plan::{Action, Plan, Step, StepId};
use crate::resource::Status;
use crate::run::{Event, StepReason, WaveFailure};

/// How often a step that takes its time says so.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Writes the events of one run as lines.
#[derive(Debug)]
pub struct Progress {
    steps: BTreeMap<StepId, Step>,
    beats: BTreeMap<StepId, Duration>,
    zone: Zone,
    view: View,
    wraps: bool,
}

impl Progress {
    /// Starts the view of a run of `plan`.
    pub fn new(plan: &Plan, view: View) -> Self {
        let steps = plan.steps.iter().map(|step| (step.id.clone(), step.clone())).collect();
        Self { steps, beats: BTreeMap::new(), zone: plan.time_zone.clone(), view, wraps: false }
    }

    /// Breaks lines at the width of the view; elsewhere an event is one line, for whoever greps.
    pub(crate) fn wrapped(mut self) -> Self {
        self.wraps = true;
        self
    }

    /// Takes in that the terminal is `columns` wide now.
    pub(crate) fn resize(&mut self, columns: u16) {
        self.view.width = columns;
    }

    /// Writes what an event is worth: a line, or nothing for a heartbeat that comes too early.
    pub fn event<W: Write + ?Sized>(&mut self, out: &mut W, event: &Event) -> io::Result<()> {
        if self.is_early(event) {
            return Ok(());
        }
        let Some((tone, sentence)) = sentence(event, &self.zone, |id| self.steps.get(id)) else { return Ok(()) };
        let mut screen = Screen::new(out, self.view);
        let line = match (step_of(event), sentence.split_once(": ")) {
            (Some(_), Some((head, rest))) => {
                Line::at(0).with(Tone::Strong, format!("{head}:")).text(" ").with(tone, rest.to_owned())
            }
            _ => Line::at(0).with(tone, sentence),
        };
        if self.wraps { screen.line(&line) } else { screen.unwrapped(&line) }
    }

    fn is_early(&mut self, event: &Event) -> bool {
        match event {
            Event::Progress { step, elapsed, .. } => {
                let last = self.beats.get(step).copied().unwrap_or_default();
                if *elapsed < last + HEARTBEAT {
                    return true;
                }
                self.beats.insert(step.clone(), *elapsed);
                false
            }
            Event::StepFinished { step, .. } => {
                self.beats.remove(step);
                false
            }
            _ => false,
        }
    }
}

/// Returns the step that an event is about.
pub(crate) fn step_of(event: &Event) -> Option<&StepId> {
    match event {
        Event::StepWaiting { step, .. }
        | Event::CallSent { step }
        | Event::CallAccepted { step, .. }
        | Event::Progress { step, .. }
        | Event::HeldUp { step, .. }
        | Event::StepFinished { step, .. } => Some(step),
        _ => None,
    }
}

/// Returns an event as a sentence, and its colour; `None` for one that only machines want.
pub(crate) fn sentence<'p>(
    event: &Event,
    zone: &Zone,
    step_of: impl Fn(&StepId) -> Option<&'p Step>,
) -> Option<(Tone, String)> {
    let name = |id: &StepId| step_of(id).map_or_else(|| id.to_string(), |step| step.address.to_string());
    let tag = |id: &StepId| step_of(id).map(|step| format!(" [id={}]", step.interface_id)).unwrap_or_default();
    let verbs = |id: &StepId| Verbs::of(step_of(id).map_or(Action::Wait, |step| step.action));
    Some(match event {
        Event::CallAccepted { .. } => return None,
        Event::RunStarted { run_id, steps } => (Tone::Faint, format!("Run {run_id}: {}", counted(*steps, "step"))),
        Event::WaveStarted { wave, waves } => (Tone::Strong, format!("Wave {wave} of {waves} begins")),
        Event::WaveFinished { wave, waves, check: Err(because @ WaveFailure::Unmeasured { .. }) } => {
            (Tone::Bad, format!("Wave {wave} of {waves} not begun: {}", words::wave_failure(because)))
        }
        Event::WaveFinished { wave, waves, check } => {
            let (tone, check) = match check {
                Ok(()) => (Tone::Good, "check passed: every other member is up".to_owned()),
                Err(because) => (Tone::Bad, format!("check failed: {}", words::wave_failure(because))),
            };
            (tone, format!("Wave {wave} of {waves} complete; {check}"))
        }
        Event::StepWaiting { step, status } => {
            let goal = step_of(step).map_or_else(|| "its goal".to_owned(), |step| step.goal.to_string());
            (Tone::Wait, format!("{}: Waiting for {goal}, now {status}...{}", name(step), tag(step)))
        }
        Event::HeldUp { step, moved, wait } => {
            let (moved, wait) = (some(moved), duration(whole_seconds(*wait)));
            let because =
                format!("a run before this one has just moved {moved}, and a read may still show how that was");
            (Tone::Wait, format!("{}: Waiting up to {wait}: {because}{}", name(step), tag(step)))
        }
        Event::CallSent { step } => (Tone::Plain, format!("{}: {}...{}", name(step), verbs(step).doing, tag(step))),
        Event::Progress { step, elapsed, status } => {
            let doing = verbs(step).doing.to_lowercase();
            // Said where it is not what one would expect.
            let found = status.as_ref().filter(|status| !status.is_transitional());
            let found = found.map(|status| format!(", the API says {status}")).unwrap_or_default();
            (Tone::Plain, format!("{}: Still {doing}... [{} elapsed{found}]", name(step), duration(*elapsed)))
        }
        Event::StepFinished { step, outcome, status, elapsed, request_id, because } => {
            let detail = because.as_ref().map(|because| words::step_reason(because, zone));
            // Of what went well the history has the ids, and an error names its own.
            let is_told = |id: &&RequestId| detail.as_ref().is_some_and(|detail| detail.contains(&*id.0));
            let untold = request_id.as_ref().filter(|id| !outcome.is_at_goal() && !is_told(id));
            let request = untold.map(|id| format!(" [RequestId={id}]")).unwrap_or_default();
            let status = status.as_ref().map_or("unread", Status::as_str);
            let ended = (*outcome, because.as_ref());
            let (tone, text) = ending(ended, status, verbs(step).noun, &duration(*elapsed));
            let detail = detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            (tone, format!("{}: {text}{}{request}{detail}", name(step), tag(step)))
        }
        Event::Throttled { scope, action, wait, attempt } => (
            Tone::Change,
            format!("Throttled: {action} in {scope}, waiting {} (attempt {attempt})", duration(whole_seconds(*wait))),
        ),
        Event::Stopping { because } => (Tone::Faint, format!("starting nothing new: {}", words::stop_reason(because))),
        Event::CannotRecord { error } => (Tone::Faint, format!("{error}; starting nothing new")),
        Event::Interrupted { grace: Duration::ZERO, .. } => {
            (Tone::Faint, "interrupted: starting nothing new; nothing that was sent has to be settled".to_owned())
        }
        Event::Interrupted { in_flight, grace } => {
            let grace = grace.as_secs();
            let text = format!(
                "interrupted: starting nothing new, settling {in_flight} in flight for up to {grace} s; interrupt again to abandon"
            );
            (Tone::Faint, text)
        }
        Event::NoClearAnswer { step, error } => {
            (Tone::Faint, format!("{step}: no clear answer, reading what happened: {error}"))
        }
        Event::LookingAgain { step, error } => (Tone::Faint, format!("{step}: {error}; looking again")),
        Event::CannotRead { scope, error } => (Tone::Faint, format!("cannot read {scope}: {error}")),
        Event::FoundDown { member } => (Tone::Change, format!("Went down meanwhile: {}", words::not_up(member))),
        Event::WaitingForTraffic { wave, waves, percent, within } => {
            let within = duration(*within);
            (
                Tone::Wait,
                format!(
                    "Wave {wave} of {waves}: Waiting for {percent}% of the traffic to come back, up to {within}..."
                ),
            )
        }
        Event::WaitingForAccount { holder } => (Tone::Faint, format!("the pause is over; waiting for {holder}")),
        Event::Found { reason } => (Tone::Bad, format!("{}{}", words::label(reason), words::reason_line(reason, zone))),
    })
}

/// Rounds up, so that nobody waits longer than was said.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

fn ending(
    (outcome, because): (Outcome, Option<&StepReason>),
    status: &str,
    noun: &str,
    elapsed: &str,
) -> (Tone, String) {
    match outcome {
        Outcome::Done => (Tone::Good, format!("{noun} complete after {elapsed}")),
        Outcome::Already => (Tone::Good, format!("Already {status}")),
        Outcome::DoneUnknown => (Tone::Good, format!("{noun} complete after {elapsed}, answer lost")),
        Outcome::InDoubt => (Tone::Change, format!("{noun} in doubt after {elapsed}")),
        Outcome::Unsettled => (Tone::Change, format!("{noun} not settled after {elapsed}")),
        Outcome::Guarded | Outcome::Moved | Outcome::Failed => {
            (Tone::Bad, format!("{noun} {}", word(outcome, because)))
        }
        Outcome::Skipped | Outcome::NotStarted => (Tone::Faint, format!("{noun} {}", word(outcome, because))),
    }
}

/// How an action is spoken of.
struct Verbs {
    doing: &'static str,
    noun: &'static str,
}

impl Verbs {
    fn of(action: Action) -> Self {
        match action {
            Action::Call(Call::Activate) => Self { doing: "Activating", noun: "Activation" },
            Action::Call(Call::Deactivate) => Self { doing: "Deactivating", noun: "Deactivation" },
            Action::Wait => Self { doing: "Waiting", noun: "Wait" },
        }
    }
}

#[cfg(test)]
mod tests;
