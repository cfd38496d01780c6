//! What a dead run left open: read, recorded and folded before anything else is done.

use anyhow::{Context as _, Result};

use crate::clock::BootTime;
use crate::cloud::acting::Acting;
use crate::executor;
use crate::executor::recovery::{OpenStep, Resolution};
use crate::history;
use crate::journal::{Died, Entry, Run};
use crate::language::worded;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::live;
use crate::ops::session::Front;
use crate::render::words;
use crate::state::{Identity, LastAction, RunId};
use crate::store::Store;

use super::{Locked, Standing};

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Says of each open step of a run for how long reads may show what was before the call of a run before it.
    fn note_lag(&self, run: &Run, open: &mut [OpenStep]) {
        let mut known = self.state.clone();
        let before = self.store.replay().runs().iter().take_while(|before| before.id() != run.id());
        before.for_each(|before| history::write(&mut known, Some(before), None));
        let (now, uptime) = (self.session.clock.now(), BootTime::now().uptime());
        for OpenStep { step, lagging, .. } in open {
            let record = known.interfaces.of(&Identity::of(&step.scope, &step.interface_id));
            let last = record.and_then(|(_, record)| record.last_action.as_ref());
            let is_other_way = |last: &&LastAction| step.call.is_some_and(|call| last.action != call);
            if let Some(last) = last.filter(is_other_way) {
                *lagging = self.session.settings.doubt_window.saturating_sub(last.age(now, uptime.as_ref()));
            }
        }
    }

    /// Reads what became of the calls whose end nobody recorded, and records that.
    pub(super) async fn close_dead_run(&mut self, front: &mut impl Front) -> Result<()> {
        // A way back, and then the run that it takes back.
        while let Some(run) = self.store.replay().open_run() {
            if !run.started.target.is_same_as(&self.target) {
                let refusal = Refusal::new(Exit::Refused, worded!("an unfinished run was about another target"))
                    .cause(worded!("run {run_id}: {target}", run_id = run.id(), target = run.started.target))
                    .cause(worded!("now: {target}", target = self.target));
                return Err(refusal
                    .hint(worded!("finish it with the spec and the credentials that it was started with"))
                    .into());
            }
            let run_id = run.started.run_id.clone();
            let mut open = live::open_steps(run);
            self.note_lag(run, &mut open);
            self.wait_for_late_calls(run, &mut open, front);
            front.note(&|| words::report::did_not_end(&run_id, open.len()));
            let (cloud, clock) = (&self.cloud, &self.session.clock);
            let resolutions = executor::recovery::resolve(&open, cloud, &self.session.settings)
                .await
                .with_context(|| worded!("cannot find out what became of run {run_id}; nothing was done", run_id))?;
            let resolved: Vec<(OpenStep, Resolution)> = open.into_iter().zip(resolutions).collect();
            self.refuse_endless_doubt(run, &resolved)?;
            let mut entries = Vec::new();
            for (open, resolution) in resolved {
                let because = resolution.because();
                let zone = &self.session.project.spec.time_zone;
                front.note(&|| format!("{}: {}", open.step.id, words::run::step_reason(&because, zone)));
                entries.push(Entry::Closed {
                    step: open.step.id.clone(),
                    at: clock.now(),
                    outcome: resolution.outcome,
                    status: resolution.status,
                    because: Some(because),
                    uptime: BootTime::now().uptime(),
                });
            }
            entries.push(Entry::Died(Died { at: clock.now(), resolved_by: self.run_id.clone() }));
            self.store.append(&entries)?;
        }
        if !self.store.replay().unfolded().is_empty() {
            let awaited: Vec<_> = self.state.awaiting.iter().map(|awaits| awaits.run_id.clone()).collect();
            let warning = history::close_runs(&mut self.store, &mut self.state, &[])?;
            let is_over = |id: &RunId| self.state.awaiting.iter().all(|awaits| awaits.run_id != *id);
            self.settled = awaited.into_iter().filter(is_over).collect();
            warning.iter().for_each(|warning| front.note(&|| words::history::note(warning)));
            self.standing = Standing::Committed;
        }
        Ok(())
    }
}
