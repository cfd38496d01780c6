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
use crate::language::{self, say};
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
        language::speak(self.view.language, || self.told(out, event))
    }

    fn told<W: Write + ?Sized>(&self, out: &mut W, event: &Event) -> io::Result<()> {
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
        Event::RunStarted { run_id, steps } => {
            (Tone::Faint, say!("Run {run_id}: {steps}", run_id, steps = counted(*steps, say!("step"))))
        }
        Event::WaveStarted { wave, waves } => (Tone::Strong, say!("Wave {wave} of {waves} begins", wave, waves)),
        Event::WaveFinished { wave, waves, check: Err(because @ WaveFailure::Unmeasured { .. }) } => (
            Tone::Bad,
            say!("Wave {wave} of {waves} not begun: {because}", wave, waves, because = words::wave_failure(because)),
        ),
        Event::WaveFinished { wave, waves, check } => {
            let (tone, check) = match check {
                Ok(()) => (Tone::Good, say!("check passed: every other member is up").to_owned()),
                Err(because) => (Tone::Bad, say!("check failed: {because}", because = words::wave_failure(because))),
            };
            (tone, say!("Wave {wave} of {waves} complete; {check}", wave, waves, check))
        }
        Event::StepWaiting { step, status } => {
            let goal = step_of(step).map_or_else(|| say!("its goal").to_owned(), |step| step.goal.to_string());
            (
                Tone::Wait,
                say!(
                    "{name}: Waiting for {goal}, now {status}...{tag}",
                    name = name(step),
                    goal,
                    status,
                    tag = tag(step)
                ),
            )
        }
        Event::HeldUp { step, moved, wait } => {
            let (moved, wait) = (some(moved), duration(whole_seconds(*wait)));
            let because =
                say!("a run before this one has just moved {moved}, and a read may still show how that was", moved);
            (
                Tone::Wait,
                say!("{name}: Waiting up to {wait}: {because}{tag}", name = name(step), wait, because, tag = tag(step)),
            )
        }
        Event::CallSent { step } => (Tone::Plain, format!("{}: {}...{}", name(step), verbs(step).doing, tag(step))),
        Event::Progress { step, elapsed, status } => {
            let doing = verbs(step).doing.to_lowercase();
            // Said where it is not what one would expect.
            let found = status.as_ref().filter(|status| !status.is_transitional());
            let found = found.map(|status| say!(", the API says {status}", status)).unwrap_or_default();
            (
                Tone::Plain,
                say!(
                    "{name}: Still {doing}... [{elapsed} elapsed{found}]",
                    name = name(step),
                    doing,
                    elapsed = duration(*elapsed),
                    found
                ),
            )
        }
        Event::StepFinished { step, outcome, status, elapsed, request_id, because } => {
            let detail = because.as_ref().map(|because| words::step_reason(because, zone));
            // Of what went well the history has the ids, and an error names its own.
            let is_told = |id: &&RequestId| detail.as_ref().is_some_and(|detail| detail.contains(&*id.0));
            let untold = request_id.as_ref().filter(|id| !outcome.is_at_goal() && !is_told(id));
            let request = untold.map(|id| format!(" [RequestId={id}]")).unwrap_or_default();
            let status = status.as_ref().map_or(say!("unread"), Status::as_str);
            let ended = (*outcome, because.as_ref());
            let (tone, text) = ending(ended, status, verbs(step).noun, &duration(*elapsed));
            let detail = detail.as_ref().map(|detail| format!("{}{detail}", say!(": "))).unwrap_or_default();
            (tone, format!("{}: {text}{}{request}{detail}", name(step), tag(step)))
        }
        Event::Throttled { scope, action, wait, attempt } => (
            Tone::Change,
            say!(
                "Throttled: {action} in {scope}, waiting {wait} (attempt {attempt})",
                action,
                scope,
                wait = duration(whole_seconds(*wait)),
                attempt
            ),
        ),
        Event::Stopping { because } => {
            (Tone::Faint, say!("starting nothing new: {because}", because = words::stop_reason(because)))
        }
        Event::CannotRecord { error } => (Tone::Faint, say!("{error}; starting nothing new", error)),
        Event::Interrupted { grace: Duration::ZERO, .. } => {
            (Tone::Faint, say!("interrupted: starting nothing new; nothing that was sent has to be settled").to_owned())
        }
        Event::Interrupted { in_flight, grace } => {
            let grace = grace.as_secs();
            let text = say!(
                "interrupted: starting nothing new, settling {in_flight} in flight for up to {grace} s; interrupt again to abandon",
                in_flight,
                grace
            );
            (Tone::Faint, text)
        }
        Event::NoClearAnswer { step, error } => {
            (Tone::Faint, say!("{step}: no clear answer, reading what happened: {error}", step, error))
        }
        Event::LookingAgain { step, error } => (Tone::Faint, say!("{step}: {error}; looking again", step, error)),
        Event::CannotRead { scope, error } => (Tone::Faint, say!("cannot read {scope}: {error}", scope, error)),
        Event::FoundDown { member } => {
            (Tone::Change, say!("Went down meanwhile: {member}", member = words::not_up(member)))
        }
        Event::WaitingForTraffic { wave, waves, percent, within } => {
            let within = duration(*within);
            (
                Tone::Wait,
                say!(
                    "Wave {wave} of {waves}: Waiting for {percent}% of the traffic to come back, up to {within}...",
                    wave,
                    waves,
                    percent,
                    within
                ),
            )
        }
        Event::WaitingForAccount { holder } => (Tone::Faint, say!("the pause is over; waiting for {holder}", holder)),
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
        Outcome::Done => (Tone::Good, say!("{noun} complete after {elapsed}", noun, elapsed)),
        Outcome::Already => (Tone::Good, say!("Already {status}", status)),
        Outcome::DoneUnknown => (Tone::Good, say!("{noun} complete after {elapsed}, answer lost", noun, elapsed)),
        Outcome::InDoubt => (Tone::Change, say!("{noun} in doubt after {elapsed}", noun, elapsed)),
        Outcome::Unsettled => (Tone::Change, say!("{noun} not settled after {elapsed}", noun, elapsed)),
        Outcome::Guarded | Outcome::Moved | Outcome::Failed => {
            (Tone::Bad, say!("{noun} {outcome}", noun, outcome = word(outcome, because)))
        }
        Outcome::Skipped | Outcome::NotStarted => {
            (Tone::Faint, say!("{noun} {outcome}", noun, outcome = word(outcome, because)))
        }
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
            Action::Call(Call::Activate) => Self { doing: say!("Activating"), noun: say!("Activation") },
            Action::Call(Call::Deactivate) => Self { doing: say!("Deactivating"), noun: say!("Deactivation") },
            Action::Wait => Self { doing: say!("Waiting"), noun: say!("Wait") },
        }
    }
}

#[cfg(test)]
mod tests;
