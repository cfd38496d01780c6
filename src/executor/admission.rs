//! What may be sent: a place under the quota, compare and swap against a fresh read, the floors again.

use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::{Call, Cloud, CloudError, Effect, ErrorKind, Permit, RequestId};
use crate::journal::{Entry, Outcome};
use crate::plan::Action;
use crate::resource::{BusinessStatus, Observed, Status};
use crate::run::{Event, StepReason, StopReason};
use crate::store::Store;

use super::judge::{self, Before};
use super::tracked::Phase;
use super::{Execution, Gate};

/// How often the API may refuse one step for the moment before that is a failure.
const REFUSALS: u32 = 5;

/// The same for flow control, which costs patience but no harm.
const THROTTLED: u32 = 10;

/// The longest wait that an answer can impose (docs/reference/faults.md#n13).
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a ready step turned out to be.
enum Verdict {
    Send,
    Finish(Outcome, Option<StepReason>),
    Hold,
}

impl<'a, C: Cloud, S: Store, G: Gate> Execution<'a, C, S, G> {
    /// Makes a step startable if its wave has begun.
    pub(super) fn release(&mut self, number: usize) {
        let in_wave = self.plan.rollout.is_none() || self.step(number).wave <= self.wave;
        if in_wave && matches!(self.steps[number].phase, Phase::Waiting) {
            self.steps[number].phase = Phase::Startable;
            self.startable.insert(number);
        }
    }

    /// Asks for places under the quota, as many as `parallelism` has left. A wait needs none.
    pub(super) fn ask_permits(&mut self) {
        if self.is_stopped() {
            self.permits.clear();
            let waiting =
                self.in_flight.iter().copied().filter(|number| matches!(self.steps[*number].phase, Phase::Startable));
            for number in waiting.chain(self.startable.iter().copied()).collect::<Vec<_>>() {
                self.withdraw(number);
            }
            return;
        }
        let mut calls = self.in_flight.iter().filter(|number| self.step(**number).action != Action::Wait).count();
        for number in self.startable.clone() {
            let step = self.step(number);
            let Action::Call(call) = step.action else {
                self.startable.remove(&number);
                self.in_flight.insert(number);
                self.on_permit(number, Permit::free());
                continue;
            };
            if calls >= self.settings.parallelism.max(1) {
                continue;
            }
            calls += 1;
            self.startable.remove(&number);
            self.in_flight.insert(number);
            self.ask_permit(number, call, Duration::ZERO);
        }
    }

    /// Asks for a place for one call, after a pause.
    fn ask_permit(&mut self, number: usize, call: Call, pause: Duration) {
        let (cloud, scope) = (self.around.cloud, &self.step(number).scope);
        self.steps[number].phase = Phase::Startable;
        self.permits.push(Box::pin(async move {
            tokio::time::sleep(pause).await;
            (number, cloud.permit(scope, call).await)
        }));
    }

    /// Sends a doubtful call once more, through the same checks as the first time.
    pub(super) fn try_again(&mut self, number: usize) {
        if let Action::Call(call) = self.step(number).action {
            self.polled.remove(&number);
            self.ask_permit(number, call, Duration::ZERO);
        }
    }

    pub(super) fn on_permit(&mut self, number: usize, permit: Permit) {
        if self.steps[number].is_finished() {
            return;
        }
        self.steps[number].permit = Some(permit);
        let now = Instant::now();
        self.steps[number].phase = Phase::Ready { since: now, not_before: now };
        self.ready.insert(number);
    }

    /// Looks at every ready step that has a fresh read; returns whether one has ended.
    pub(super) fn admit(&mut self) -> bool {
        let unfinished = self.unfinished;
        for number in self.ready.clone() {
            if self.is_stopped() {
                self.ready.remove(&number);
                self.withdraw(number);
                continue;
            }
            match self.examine(number) {
                None | Some(Verdict::Hold) => {}
                Some(Verdict::Finish(outcome, because)) => self.finish(number, outcome, because),
                Some(Verdict::Send) => self.start(number),
            }
        }
        self.unfinished < unfinished
    }

    /// A ready step that is not going to be sent: nothing was done, unless an earlier answer was lost.
    pub(super) fn withdraw(&mut self, number: usize) {
        if self.steps[number].doubted {
            self.finish(number, Outcome::InDoubt, Some(StepReason::Unwatched));
        } else {
            self.leave_unstarted(number);
        }
    }

    /// Returns `None` where a read is needed first.
    fn examine(&mut self, number: usize) -> Option<Verdict> {
        let Phase::Ready { since, not_before } = self.steps[number].phase else { return None };
        let step = self.step(number);
        let interval = self.settings.poll_interval;
        if not_before > Instant::now() || !self.sightings.is_fresh(&step.scope, &step.interface_id, since, interval) {
            return None;
        }
        let newer = self.sightings.is_newer(&step.scope, &step.interface_id, since);
        let observed = self.sightings.get(&step.scope, &step.interface_id);
        let status = observed.map(|observed| &observed.status);
        match judge::before(step, status) {
            Before::AtGoal if self.steps[number].doubted => Some(self.found(number)),
            Before::AtGoal => Some(Verdict::Finish(Outcome::Already, None)),
            // Only a read that was begun after the step became ready may refuse it.
            Before::Moved if !newer => None,
            Before::Moved => {
                let because = StepReason::Moved { expected: step.expect.clone(), found: status.cloned() };
                Some(Verdict::Finish(Outcome::Moved, Some(because)))
            }
            Before::InTransition if step.action == Action::Wait => Some(Verdict::Send),
            Before::InTransition => Some(self.hold(number)),
            Before::AsExpected if !self.sightings.is_recent(&step.scope, &step.interface_id, interval) => None,
            Before::AsExpected => self.examine_guards(number, since),
        }
    }

    /// What the spec guards, from the same fresh reads.
    fn examine_guards(&mut self, number: usize, since: Instant) -> Option<Verdict> {
        let step = self.step(number);
        let Action::Call(call) = step.action else { return Some(Verdict::Send) };
        let observed = self.sightings.get(&step.scope, &step.interface_id)?;
        if let Some(because) = locked(call, observed) {
            return Some(Verdict::Finish(Outcome::Guarded, Some(because)));
        }
        if call == Call::Deactivate {
            let interval = self.settings.poll_interval;
            let sides = || self.floors.sides_to_read(&step.address);
            if !sides().all(|side| self.sightings.is_fresh(&side.scope, &side.interface_id, since, interval)) {
                return None;
            }
            if let Err(because) = self.floors.allow(&step.address, &self.sightings, &self.going_down) {
                if !sides().all(|side| self.sightings.is_newer(&side.scope, &side.interface_id, since)) {
                    return None;
                }
                return Some(Verdict::Finish(Outcome::Guarded, Some(because)));
            }
        }
        Some(Verdict::Send)
    }

    /// The cloud is at work on the interface although the plan did not say so: wait for it, within the settle timeout.
    fn hold(&mut self, number: usize) -> Verdict {
        let tracked = &mut self.steps[number];
        let held_up_since = *tracked.held_up_since.get_or_insert_with(Instant::now);
        if held_up_since.elapsed() > self.settle_timeout(number) {
            let found = self.last_status(number);
            return Verdict::Finish(Outcome::Moved, Some(StepReason::InTransition { found }));
        }
        let now = Instant::now();
        self.steps[number].phase = Phase::Ready { since: now, not_before: now + self.settings.poll_interval };
        self.tell_progress(number);
        Verdict::Hold
    }

    /// The goal was found after an answer had been lost.
    fn found(&self, number: usize) -> Verdict {
        Verdict::Finish(Outcome::DoneUnknown, Some(self.answer_lost(number, None)))
    }

    /// Puts a call and its intent in line, or begins to wait.
    fn start(&mut self, number: usize) {
        let step = self.step(number);
        let now = self.around.clock.now();
        self.ready.remove(&number);
        self.steps[number].started.get_or_insert_with(Instant::now);
        self.report.results[number].started_at.get_or_insert(now);
        match step.action {
            Action::Wait => {
                let deadline = Instant::now() + self.settle_timeout(number);
                self.steps[number].phase = Phase::Settling { deadline };
                self.polled.insert(number);
                if let Some(observed) = self.sightings.get(&step.scope, &step.interface_id) {
                    let status = observed.status.clone();
                    (self.around.emit)(&Event::StepWaiting { step: step.id.clone(), status });
                }
            }
            Action::Call(call) => {
                if self.steps[number].doubted {
                    self.steps[number].resent = true;
                }
                if call == Call::Deactivate {
                    self.going_down.insert(&step.address);
                }
                self.record(Entry::Intent { step: step.id.clone(), at: now });
                self.to_send.push((number, call));
            }
        }
    }

    /// Takes in the answer to a call.
    pub(super) fn on_answer(&mut self, number: usize, answer: Result<RequestId, CloudError>) {
        if self.steps[number].is_finished() {
            return;
        }
        let step = self.step(number);
        let at = self.around.clock.now();
        match answer {
            Ok(request_id) => {
                self.record(Entry::Accepted { step: step.id.clone(), at, request_id: request_id.clone() });
                (self.around.emit)(&Event::CallAccepted { step: step.id.clone(), request_id: request_id.clone() });
                self.report.results[number].request_id = Some(request_id);
                self.steps[number].accepted = true;
                self.settle(number);
            }
            // The read before it showed the expected status. So reads lag, or somebody was quicker, or an earlier copy of
            // this very call arrived: that nothing was done is no longer known, and a read that still shows the old
            // status proves nothing.
            Err(error) if error.effect == Effect::InDoubt || error.kind == ErrorKind::IncorrectStatus => {
                self.on_doubt(number, &error);
            }
            Err(error) => self.on_refusal(number, &error),
        }
    }

    /// Nobody knows whether this call, or an earlier copy of it, was done: only reads can tell.
    fn on_doubt(&mut self, number: usize, error: &CloudError) {
        let step = self.step(number);
        let at = self.around.clock.now();
        let detail = error.to_string();
        self.record(Entry::Doubtful { step: step.id.clone(), at, detail: detail.clone() });
        (self.around.emit)(&Event::NoClearAnswer { step: step.id.clone(), error: detail.clone() });
        if error.request_id.is_some() {
            self.report.results[number].request_id.clone_from(&error.request_id);
        }
        self.steps[number].doubted = true;
        let is_refused = error.kind == ErrorKind::IncorrectStatus;
        self.steps[number].phase = Phase::Doubt { since: Instant::now(), untouched: 0, error: detail, is_refused };
        self.polled.insert(number);
    }

    /// Nothing was done by this call. What the status says decides whether to look again.
    fn on_refusal(&mut self, number: usize, error: &CloudError) {
        let step = self.step(number);
        let at = self.around.clock.now();
        let detail = error.to_string();
        self.record(Entry::Refused { step: step.id.clone(), at, detail: detail.clone() });
        if error.request_id.is_some() {
            self.report.results[number].request_id.clone_from(&error.request_id);
        }
        let tracked = &mut self.steps[number];
        tracked.refusals += 1;
        let most = match error.kind {
            ErrorKind::Throttled => THROTTLED,
            ErrorKind::Conflict | ErrorKind::Unreachable => REFUSALS,
            _ => 0,
        };
        if tracked.refusals <= most {
            // Sent again through the same checks as the first time: by then much may have changed.
            if !tracked.doubted {
                self.going_down.remove(&step.address);
            }
            let attempt = tracked.refusals;
            let wait = error.retry_after.unwrap_or(self.settings.poll_interval).min(LONGEST_PAUSE);
            (self.around.emit)(&match error.kind {
                ErrorKind::Throttled => {
                    Event::Throttled { scope: step.scope.clone(), action: error.action, wait, attempt }
                }
                _ => Event::LookingAgain { step: step.id.clone(), error: detail },
            });
            if let Action::Call(call) = step.action {
                self.ask_permit(number, call, wait);
            }
            return;
        }
        let outcome = match error.kind {
            ErrorKind::ClockSkew => {
                self.stop(StopReason::ClockSkew);
                Outcome::Failed
            }
            ErrorKind::OtherAccount => {
                self.stop(StopReason::OtherAccount);
                Outcome::Moved
            }
            _ => Outcome::Failed,
        };
        self.finish(number, outcome, Some(refused(error)));
    }
}

/// Returns why the API would refuse a call anyway, or why it can never settle.
fn locked(call: Call, observed: &Observed) -> Option<StepReason> {
    if observed.business_status != BusinessStatus::Normal {
        return Some(StepReason::BusinessLocked { business_status: observed.business_status.clone() });
    }
    (call == Call::Activate && observed.opposite.status == Some(Status::Deleted)).then_some(StepReason::PeerDeleted)
}

/// Keeps what the API said of a call that it refused.
fn refused(error: &CloudError) -> StepReason {
    StepReason::Failed {
        error: error.to_string(),
        api_code: error.code.as_deref().map(str::to_owned),
        request_id: error.request_id.clone(),
        hint: error.next_step(),
    }
}
