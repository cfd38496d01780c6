//! `--on-error rollback`: a run of its own, which begins and ends while the run that it takes back has no end yet.

use anyhow::{Result, anyhow};
use tokio::sync::watch;

use crate::cloud::acting::Acting;
use crate::history::{self, Seen};
use crate::journal::{Operation, Run};
use crate::language::{Wording, say, worded};
use crate::ops::rollback::{self, Done, Way};
use crate::ops::session::{Front, Ran};
use crate::ops::{account_lock, live};
use crate::plan::PlanOptions;
use crate::render::words;
use crate::store::Store;

use super::work::{WayBack, Worked};
use super::{Locked, Planned, unless_signalled, unless_taken_over};

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Takes back what a failed run did, through the same guards.
    pub(super) async fn roll_back(
        &mut self,
        worked: &mut Worked,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Option<WayBack>> {
        let ended = &worked.ended;
        let report = &ended.report;
        if ended.unrecorded.is_some() || ended.is_open {
            return Err(anyhow!(worded!("the run could not be recorded, so no other may follow")));
        }
        let run = self.store.replay().open_run().cloned().ok_or_else(|| anyhow!("bug: no run to take back is open"))?;
        let sent = rollback::sent(&run).count();
        if sent == 0 {
            front.note(&|| say!("nothing was done, so there is nothing to take back").to_owned());
            return Ok(None);
        }
        if let Some(account) = &self.account {
            // The run may have ended in a pause, which frees the account.
            let mut waiting = |holder: &Wording| front.note(&|| words::history::waits_for_account(holder));
            let again = async { account_lock::retake(account, &mut waiting).await.map_err(|error| anyhow!(error)) };
            unless_signalled(&signals, again).await?;
        }
        front.note(&|| words::report::taking_back(sent, &report.run_id));
        let planned = {
            let lease = self.store.lease();
            unless_signalled(&signals, unless_taken_over(lease, self.plan_way_back(worked, &run, front))).await?
        };
        let Some(planned) = planned else { return Ok(None) };
        front.planned(&planned.plan);
        if planned.plan.steps.is_empty() && !planned.finds_everything_back() {
            worked.ended.report.not_taken_back = planned.plan.blocked;
            return Ok(None);
        }
        let run_id = self.session.run_id(Operation::Rollback);
        let back = self.run(planned, run_id, Operation::Rollback, front, signals).await?;
        // What is left open of it keeps both open.
        worked.ended.is_open |= back.ended.is_open;
        Ok(Some(self.end_way_back(back, front)))
    }

    async fn plan_way_back(&self, worked: &Worked, run: &Run, front: &mut impl Front) -> Result<Option<Planned>> {
        let Worked { before, ended, .. } = worked;
        let now = self.session.clock.now();
        let options = PlanOptions::of_all(now, self.session.settings.settle_timeout);
        // What this run did is not in the state yet, and is what the way back must know.
        let mut known = self.state.clone();
        let seen = Seen {
            spec: &self.session.project.spec,
            before: Some(before),
            after: &ended.seen,
            is_well: false,
            is_whole: false,
        };
        history::write(&mut known, Some(run), Some(&seen));
        self.plan_back(Done::by(run), Some(&known), Way::Automatic, &options, front).await
    }

    fn end_way_back(&mut self, back: Worked, front: &mut impl Front) -> WayBack {
        let Worked { plan, before, mut ended } = back;
        let after = std::mem::take(&mut ended.seen);
        let (mut report, _) = self.end(&plan, ended, false);
        report.groups = live::groups_after(&self.session.project.spec, &before, &after);
        front.end(&plan, &report);
        WayBack { ran: Ran { plan, report, rollback: None, awaits: None, left: None }, before, after }
    }
}
