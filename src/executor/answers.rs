//! What comes back from a call: accepted, refused, or no answer that tells.

use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::{Cloud, CloudError, Effect, ErrorKind, RequestId};
use crate::journal::{Entry, Outcome};
use crate::plan::Action;
use crate::run::{Event, StepReason, StopReason};
use crate::store::Store;

use super::tracked::{Cause, Phase};
use super::{Execution, Gate};

/// How often the API may refuse one step for the moment before that is a failure.
const REFUSALS: u32 = 5;

/// The same for flow control, which costs patience but no harm.
const THROTTLED: u32 = 10;

/// The longest wait that an answer can impose (docs/reference/faults.md#n13).
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl<C: Cloud, S: Store, G: Gate> Execution<'_, C, S, G> {
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
        let cause = match error.kind {
            ErrorKind::IncorrectStatus => Cause::Contradiction,
            _ => Cause::Lost,
        };
        self.steps[number].phase = Phase::Doubt { since: Instant::now(), untouched: 0, error: detail, cause };
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

/// Keeps what the API said of a call that it refused.
fn refused(error: &CloudError) -> StepReason {
    StepReason::Failed {
        error: error.to_string(),
        api_code: error.code.as_deref().map(str::to_owned),
        request_id: error.request_id.clone(),
        hint: error.next_step(),
    }
}
