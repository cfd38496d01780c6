//! Calls that are late on their way, where several machines act one after the other: a process that stood still may send one after
//! somebody else took over, and only the API can refuse it, by its signature.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::future::join;

use crate::clock::BootTime;
use crate::cloud::acting::Acting;
use crate::executor::recovery::{OpenStep, Resolution};
use crate::journal::{LateCalls, Outcome, Run};
use crate::language::worded;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::session::Front;
use crate::render::words;
use crate::resource::Scope;
use crate::store::Store;
use crate::store::lock::Holder;

use super::{Locked, unless_taken_over};

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Finds out, once a session, what the API does with what was signed long ago; nothing where nobody else acts on the state.
    ///
    /// # Errors
    /// A read that fails otherwise: then nothing is sent.
    pub(super) async fn late_calls(&mut self, scope: Option<&Scope>) -> Result<Option<LateCalls>> {
        let Some(scope) = scope.filter(|_| self.store.lease().is_some()) else { return Ok(None) };
        if self.late_calls.is_none() {
            let ask = |back| self.cloud.takes_stamp(scope, back);
            let asked = async {
                let (soon, old) = join(ask(LateCalls::SIGNED_BACK), ask(LateCalls::TOO_OLD)).await;
                let is_taken = |taken: Result<bool, _>| {
                    taken.with_context(|| {
                        worded!("cannot find out whether the API refuses calls that come late; nothing was sent")
                    })
                };
                anyhow::Ok((is_taken(old)?, is_taken(soon)?))
            };
            self.late_calls = Some(match unless_taken_over(self.store.lease(), asked).await? {
                (true, _) => LateCalls::Taken,
                (false, true) => LateCalls::RefusedSoon,
                (false, false) => LateCalls::Refused,
            });
        }
        Ok(self.late_calls)
    }

    /// Lets the open steps of a dead run wait for as long as their calls may still arrive, and says so.
    pub(super) fn wait_for_late_calls(&self, run: &Run, open: &mut [OpenStep], front: &mut impl Front) {
        let Some(lease) = self.store.lease() else { return };
        let Some(late) = count_for(run) else { return };
        let before = lease.before();
        let of_before = before.as_ref().map(|before| before.may_arrive_until(late).since(BootTime::now()));
        // Of a process that gave the state back, or was not the last to hold it, nobody knows when it could send last; but it was
        // before now, or as long as anybody could who did not give it back.
        let is_its_own = before.as_ref().is_some_and(|before| is_of(run, &before.holder));
        let left = of_before.into_iter().chain((!is_its_own).then_some(late)).max().unwrap_or(late);
        let open: Vec<&mut OpenStep> = open.iter_mut().filter(|open| !open.accepted).collect();
        if !open.is_empty() && !left.is_zero() {
            let until = self.session.clock.at(tokio::time::Instant::now() + left);
            let zone = &self.session.project.spec.time_zone;
            front.note(&|| words::history::waits_for_calls(run.id(), until, zone));
        }
        open.into_iter().for_each(|open| open.may_arrive = Some(left));
    }

    /// Refuses to take for untouched what a call may still touch, however late it comes, unless somebody takes that on.
    ///
    /// # Errors
    /// Exit 3, naming the steps.
    pub(super) fn refuse_endless_doubt(&self, run: &Run, resolved: &[(OpenStep, Resolution)]) -> Result<(), Refusal> {
        if self.store.lease().is_none() || count_for(run).is_some() || self.session.settings.accepts_doubt {
            return Ok(());
        }
        let doubtful = resolved.iter().filter(|(open, end)| !open.accepted && end.outcome == Outcome::InDoubt);
        let mut doubtful = doubtful.map(|(open, _)| open.step.id.to_string()).peekable();
        if doubtful.peek().is_none() {
            return Ok(());
        }
        let summary = worded!("a call of run {run} may still arrive, and nobody knows until when", run = run.id());
        let refusal = Refusal::new(Exit::Refused, summary)
            .cause(worded!("the API takes requests however long ago they were signed"));
        let shows = |step| worded!("{step}: nothing of it shows", step);
        let refusal = doubtful.fold(refusal, |refusal, step| refusal.cause(shows(step)));
        Err(refusal
            .hint(worded!("make sure that its process is gone and its calls have ended, then give --accept-doubt")))
    }
}

/// Returns whether a run was run under a claim.
fn is_of(run: &Run, holder: &Holder) -> bool {
    run.started.evidence.claim.as_ref() == Some(&holder.id)
}

/// Returns how long after it was signed a call of a run counts. One that was recorded before its state was shared was signed as of now.
fn count_for(run: &Run) -> Option<Duration> {
    run.started.evidence.late_calls.unwrap_or(LateCalls::Refused).count_for()
}
