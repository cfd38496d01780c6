//! Commit-confirmed, under the lock: what nobody has confirmed in time is taken back, once.

use anyhow::{Result, anyhow};
use tokio::sync::watch;

use crate::clock::BootTime;
use crate::cloud::acting::Acting;
use crate::history::{self, confirmation};
use crate::journal::Operation;
use crate::language::worded;
use crate::ops::confirm::{self, Confirming};
use crate::ops::failure::exit_of;
use crate::ops::rollback::{Done, Way};
use crate::ops::session::{Applied, Back, Came, Front};
use crate::plan::PlanOptions;
use crate::render::words;
use crate::run::{Report, RunOutcome};
use crate::state::{Awaiting, RunId};
use crate::store::{About, Store};

use super::{Locked, unless_signalled, unless_taken_over};

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Returns the runs that nobody has confirmed in time, oldest first.
    pub(super) fn due(&self) -> Vec<RunId> {
        confirm::past(&self.state.awaiting, self.session.clock.now(), BootTime::now().uptime().as_ref())
    }

    /// Returns until when a run awaits confirmation whose end has just been recorded.
    pub(super) fn awaits(&self, report: &Report) -> Option<Awaiting> {
        if report.outcome() != RunOutcome::AwaitingConfirmation {
            return None;
        }
        self.awaiting(report)
    }

    /// Returns what awaits confirmation of a run that a signal ended before its steps were done.
    pub(super) fn left_awaiting(&self, report: &Report) -> Option<Awaiting> {
        let is_stopped = matches!(report.outcome(), RunOutcome::Interrupted | RunOutcome::Died);
        let is_stopped = is_stopped && report.operation == Operation::Apply;
        self.awaiting(report).filter(|awaiting| is_stopped && !awaiting.interfaces.is_empty())
    }

    fn awaiting(&self, report: &Report) -> Option<Awaiting> {
        let run = self.store.replay().runs().iter().rev().find(|run| *run.id() == report.run_id)?;
        confirmation::awaiting(run)
    }

    /// Decides that a run is taken back, where nobody has decided yet; returns whether somebody kept it.
    pub(super) fn decide_back(&self, run_id: &RunId) -> Result<bool> {
        let whoever = Confirming::of(self.session, self.run_id.clone());
        let decision = whoever.decision(confirmation::Verdict::TakenBack);
        let put = |id: &RunId, about: About, bytes: &[u8]| self.store.put_word(id, about, bytes);
        confirmation::decide(run_id, About::Decision, &decision, put)?;
        self.is_kept(run_id)
    }

    /// Returns whether somebody kept a run.
    fn is_kept(&self, run_id: &RunId) -> Result<bool> {
        let noted = confirmation::Confirmation::read(run_id, |id, about| self.store.word(id, about))?;
        Ok(noted.kept().is_some())
    }

    /// Takes runs back that nobody has confirmed in time, one after the other.
    pub(super) async fn take_back_all(
        mut self,
        due: Vec<RunId>,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Applied> {
        let mut backs = Vec::with_capacity(due.len());
        for (number, run_id) in due.into_iter().enumerate() {
            let came = match self.take_next(&run_id, number, front, signals.clone()).await {
                Ok(came) => came,
                // What was done for others before is still to be told.
                Err(error) if !backs.is_empty() => {
                    front.note(&|| words::confirmation::not_taken_back(&run_id, &format!("{error:#}")));
                    Came::Unbegun(exit_of(&error))
                }
                Err(error) => return Err(error),
            };
            let is_over = matches!(came, Came::Unbegun(_));
            backs.push(Back { run_id, came });
            if is_over {
                break;
            }
        }
        Ok(Applied::TookBack(backs))
    }

    /// Takes back one of several, unless a signal has ended the way back of the one before: nobody decides about a run then.
    async fn take_next(
        &mut self,
        run_id: &RunId,
        number: usize,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Came> {
        unless_signalled(&signals, async { Ok(()) }).await?;
        self.take_back(run_id, number, front, signals).await
    }

    async fn take_back(
        &mut self,
        run_id: &RunId,
        number: usize,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Came> {
        if self.state.awaiting.iter().all(|awaits| awaits.run_id != *run_id) {
            let noted = confirmation::Confirmation::read(run_id, |id, about| self.store.word(id, about))?;
            return Ok(if noted.kept().is_some() {
                Came::Kept
            } else if self.settled.contains(run_id) {
                Came::Closed
            } else {
                Came::Settled
            });
        }
        if self.is_kept(run_id)? {
            return Ok(Came::Kept);
        }
        let run =
            self.store.run(run_id)?.ok_or_else(|| anyhow!(worded!("there is no run {run_id} any more", run_id)))?;
        front.note(&|| words::confirmation::taking_back(run_id));
        let now = self.session.clock.now();
        let options = PlanOptions::of_all(now, self.session.settings.settle_timeout);
        let done = Done::by(&run);
        let planned = self.plan_back(done, self.known_state(), Way::Automatic, &options, front);
        let planned = unless_taken_over(self.store.lease(), planned);
        let planned = match unless_signalled(&signals, planned).await? {
            Some(planned) => planned,
            // The way back that did it died before it could say so.
            None => match self.plan_back(done, self.known_state(), Way::Closing, &options, front).await? {
                Some(closing) if closing.finds_everything_back() => closing,
                _ => {
                    if self.decide_back(run_id)? {
                        return Ok(Came::Kept);
                    }
                    self.settle(run_id)?;
                    return Ok(Came::Settled);
                }
            },
        };
        // A signal up to here leaves it to the deadline, and whoever confirms it up to here keeps it.
        unless_signalled(&signals, async { Ok(()) }).await?;
        if self.decide_back(run_id)? {
            return Ok(Came::Kept);
        }
        front.planned(&planned.plan);
        if planned.plan.steps.is_empty() && !planned.finds_everything_back() {
            return Ok(Came::Left(Box::new(planned.plan)));
        }
        let id = self.session.way_back_id(number);
        let worked = self.run(planned, id, Operation::Rollback, front, signals).await?;
        Ok(Came::Ran(Box::new(self.conclude(worked, None, front))))
    }

    /// Records that nothing of a run is left to take back, and that others have moved since what was.
    fn settle(&mut self, run_id: &RunId) -> Result<()> {
        self.state.awaiting.retain(|awaits| awaits.run_id != *run_id);
        // That only the archive failed is made good by the next command that writes.
        history::commit(&mut self.store, &mut self.state)?;
        Ok(())
    }
}
