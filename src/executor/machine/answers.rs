//! What comes back from a call: accepted, refused, or no answer that tells.

use std::time::Duration;

use super::Machine;
use super::phase::{Attempts, By, Cause, Doubt, Phase};
use super::time::Moment;
use crate::cloud::{CloudError, Effect, ErrorKind, Receipt};
use crate::journal::{Entry, Outcome};
use crate::language::Wording;
use crate::plan::Action;
use crate::run::{Event, StepReason, StopReason};

/// How often the API may refuse one step for the moment before that is a failure.
const REFUSALS: u32 = 5;

/// The same for flow control, which costs patience but no harm.
const THROTTLED: u32 = 10;

/// The longest wait that an answer can impose (docs/reference/faults.md#n13).
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Machine<'_> {
    /// Takes in that a call has left.
    pub(super) fn on_sent(&mut self, number: usize) {
        let step = self.planned(number).id.clone();
        self.tell(Event::CallSent { step });
    }

    /// Takes in the answer to a call; it means nothing any more where the step was abandoned meanwhile.
    pub(super) fn on_answer(&mut self, number: usize, answer: Result<Receipt, CloudError>) {
        let Phase::Calling(attempts) = self.steps[number].phase else {
            debug_assert!(self.steps[number].is_finished(), "an answer to a call that was not sent");
            return;
        };
        let step = self.planned(number);
        let at = self.now.wall;
        match answer {
            Ok(receipt) => {
                self.record(Entry::Accepted { step: step.id.clone(), at, receipt: receipt.clone() });
                self.tell(Event::CallAccepted { step: step.id.clone(), request_id: receipt.request_id.clone() });
                self.keep(number, Some(receipt));
                self.is_moved_anew(&step.address);
                self.settle(number, By::Acceptance);
            }
            // The read before it showed the expected status. So reads lag, or somebody was quicker, or an earlier copy of
            // this very call arrived: that nothing was done is no longer known, and a read that still shows the old
            // status proves nothing.
            Err(error) if error.effect == Effect::InDoubt || error.kind == ErrorKind::IncorrectStatus => {
                self.on_doubt(number, attempts.doubted(), &error);
            }
            Err(error) => self.on_refusal(number, attempts, &error),
        }
    }

    /// Keeps what came with the last answer that was one.
    fn keep(&mut self, number: usize, receipt: Option<Receipt>) {
        let Some(Receipt { request_id, cloud_date }) = receipt else { return };
        let result = &mut self.report.results[number];
        (result.request_id, result.cloud_date) = (Some(request_id), cloud_date);
    }

    /// Nobody knows whether this call, or an earlier copy of it, was done: only reads can tell.
    fn on_doubt(&mut self, number: usize, attempts: Attempts, error: &CloudError) {
        let step = self.planned(number);
        let at = self.now.wall;
        let detail = Wording::new(|| error.to_string());
        let receipt = error.receipt.as_deref().cloned();
        let (step_id, said) = (step.id.clone(), detail.english().to_owned());
        self.record(Entry::Doubtful { step: step_id, at, detail: said, receipt: receipt.clone() });
        self.tell(Event::NoClearAnswer { step: step.id.clone(), error: detail.clone() });
        self.keep(number, receipt);
        let cause = match error.kind {
            ErrorKind::IncorrectStatus => Cause::Contradiction,
            _ => Cause::Lost,
        };
        let since = self.now.instant;
        self.enter(
            number,
            Phase::Doubt(Doubt {
                attempts,
                since,
                untouched: 0,
                contrary: 0,
                counted: Moment::default(),
                error: detail,
                cause,
            }),
        );
    }

    /// Nothing was done by this call. What the status says decides whether to look again. An earlier copy whose answer
    /// was lost stays in doubt all the same.
    fn on_refusal(&mut self, number: usize, mut attempts: Attempts, error: &CloudError) {
        let step = self.planned(number);
        let at = self.now.wall;
        let detail = Wording::new(|| error.to_string());
        let receipt = error.receipt.as_deref().cloned();
        let (step_id, said) = (step.id.clone(), detail.english().to_owned());
        self.record(Entry::Refused { step: step_id, at, detail: said, receipt: receipt.clone() });
        self.keep(number, receipt);
        attempts.refusals += 1;
        let most = match error.kind {
            ErrorKind::Throttled => THROTTLED,
            ErrorKind::Conflict | ErrorKind::Unreachable => REFUSALS,
            _ => 0,
        };
        if attempts.refusals <= most {
            // Sent again through the same checks as the first time: by then much may have changed.
            if !attempts.are_doubted() {
                self.going_down.remove(&step.address);
            }
            let attempt = attempts.refusals;
            let wait = error.retry_after.unwrap_or(self.settings.poll_interval).min(LONGEST_PAUSE);
            self.tell(match error.kind {
                ErrorKind::Throttled => {
                    Event::Throttled { scope: step.scope.clone(), action: error.action, wait, attempt }
                }
                _ => Event::LookingAgain { step: step.id.clone(), error: detail },
            });
            if let Action::Call(call) = step.action {
                self.ask_permit(number, call, wait, attempts);
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
        error: Wording::new(|| error.to_string()),
        api_code: error.code.as_deref().map(str::to_owned),
        request_id: error.request_id().cloned(),
        hint: error.advice(),
    }
}
