//! A run: from its first line in the journal to the one that says how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use crate::clock::BootTime;
use crate::cloud::acting::Acting;
use crate::duration::milliseconds;
use crate::executor::{self, Ended, Known, OnError, Surroundings};
use crate::history::{self, Seen};
use crate::journal::{Commit, Entry, Evidence, Ground, LateCalls, LockWord, Operation, PlannedStep, RunStarted};
use crate::language::{Wording, worded};
use crate::ops::approval::parts;
use crate::ops::session::{Front, Ran};
use crate::ops::{check, checkout, live};
use crate::plan::{Action, FloorMember, Plan, Step};
use crate::refresh::Refresh;
use crate::render::words;
use crate::resource::{Address, ChangeName, LastSeen, LiveState, RouterInterfaceId};
use crate::run::{self, Exit, Facts, Report, StopReason, Unrecorded, planned_step};
use crate::spec::Spec;
use crate::spec::footing::footing;
use crate::state::{Identity, RunId};
use crate::store::lock::{Holder, Locking};
use crate::store::{Store, StoreError, explain};

use super::{Locked, Planned, Standing, TakesBack};

/// A run that has done what it could, and has no end yet.
pub(super) struct Worked {
    /// What it was to do.
    pub(super) plan: Plan,
    /// What its plan was made from.
    pub(super) before: LiveState,
    /// What became of its steps, and what was seen.
    pub(super) ended: Ended,
}

impl Worked {
    /// Returns whether a step ended elsewhere than at its goal, or a wave was not good.
    pub(super) fn has_failed(&self) -> bool {
        let report = &self.ended.report;
        let wave_failed = matches!(report.stopped, Some(StopReason::Wave { .. }));
        wave_failed || report.results.iter().any(|result| result.outcome.is_some() && !result.is_at_goal())
    }
}

/// A way back that has ended.
pub(super) struct WayBack {
    /// Its plan and its report.
    pub(super) ran: Ran,
    /// What its plan was made from.
    pub(super) before: LiveState,
    /// What was seen since.
    pub(super) after: Vec<LastSeen>,
}

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Runs a plan up to its last look.
    pub(super) async fn run(
        &mut self,
        planned: Planned,
        run_id: RunId,
        operation: Operation,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Worked> {
        let Planned { plan, refresh: Refresh { live, reads }, takes_back, earlier, approved } = planned;
        if let Some(taken) = takes_back.as_ref().filter(|takes_back| takes_back.is_confirmable) {
            // Whoever confirms from now on is too late.
            for run_id in &taken.run_ids {
                self.decide_back(run_id)?;
            }
        }
        // That only the archive failed is made good by the next command that writes.
        history::anchor(&mut self.store, &mut self.state)?;
        self.store.prepare(plan.steps.len(), 1024 * (self.session.project.spec.interfaces.len() + 1))?;
        // The way back brings up what was up, whatever it needed then.
        let needs = if takes_back.is_none() { needs(&self.session.project.spec) } else { BTreeMap::new() };
        let expected = history::expected_durations(&plan.steps, &self.state.interfaces);
        let known = Known { reads, earlier, needs, expected };
        let late_calls = self.late_calls(plan.steps.first().map(|step| &step.scope)).await?;
        let claim = self.store.lease().map(|lease| lease.claim());
        let commit = self.commit().await;
        let evidence = Evidence {
            approved,
            claim,
            late_calls,
            principal: self.principal.clone(),
            commit_dirty: commit.as_ref().and_then(|commit| commit.is_altered),
            commit: commit.map(|commit| commit.id),
            ..self.evidence(&plan, takes_back, &live)
        };
        let header = self.header(&plan, run_id, operation, evidence);
        front.begin(&plan);
        let clock = &self.session.clock;
        let settings = executor::Settings {
            waits_for_traffic: !self.is_rehearsal,
            signed_back: late_calls.map_or(Duration::ZERO, LateCalls::signed_back),
            ..settings(&self.session.settings, operation)
        };
        let around = Surroundings {
            cloud: &self.cloud,
            store: &mut self.store,
            gate: &check::CheckCommand::beside(
                &self.session.project,
                self.session.access.environment.children(),
                self.account.as_ref(),
            )
            .rehearsed(self.is_rehearsal),
            clock,
            signals,
            emit: &mut |event| front.event(clock.now(), event),
        };
        let ended = executor::run(&plan, header, &known, &settings, around).await;
        Ok(Worked { plan, before: live, ended })
    }

    /// Ends a run whose way back, if there was one, has ended; then brings both into the state.
    pub(super) fn conclude(&mut self, worked: Worked, back: Option<WayBack>, front: &mut impl Front) -> Ran {
        let Worked { plan, before, mut ended } = worked;
        let after = std::mem::take(&mut ended.seen);
        let waits = back.is_none() && ended.report.operation == Operation::Apply;
        let (mut report, is_recorded) = self.end(&plan, ended, waits && self.session.confirm_within.is_some());
        if let Some(lines) = self.unrescued.take() {
            front.note(&|| words::history::unrescued(&lines));
        }
        if let Some(unrecorded) = report.unrecorded.as_ref().filter(|_| report.exit() == Some(Exit::Done)) {
            front.note(&|| words::report::warned(&words::run::unrecorded(unrecorded)));
        }
        let (awaits, left) = (self.awaits(&report), self.left_awaiting(&report));
        let whole = back.as_ref().filter(|back| back.ran.report.left_nothing());
        report.taken_back_by = whole.map(|back| back.ran.report.run_id.clone());
        // What was read last, be it by the way back.
        report.groups = match &back {
            Some(back) => back.ran.report.groups.clone(),
            None => live::groups_after(&self.session.project.spec, &before, &after),
        };
        if is_recorded {
            let spec = &self.session.project.spec;
            let is_well = report.exit() == Some(Exit::Done) && report.operation == Operation::Apply;
            let is_whole = plan.targeted.is_empty();
            let own = Seen { spec, before: Some(&before), after: &after, is_well, is_whole };
            let of_back = back.as_ref().map(|back| Seen {
                spec,
                before: Some(&back.before),
                after: &back.after,
                is_well: false,
                is_whole: false,
            });
            let seen: Vec<Seen<'_>> = [own].into_iter().chain(of_back).collect();
            match history::close_runs(&mut self.store, &mut self.state, &seen) {
                Ok(note) => {
                    self.standing = Standing::Committed;
                    note.iter().for_each(|note| front.note(&|| words::report::warned(&words::history::note(note))));
                }
                Err(error) => front.note(&|| words::report::warned(&words::report::unfolded(&explain(&error)))),
            }
        }
        match &awaits {
            Some(awaiting) => front.awaits(&plan, awaiting),
            None => {
                front.end(&plan, &report);
                left.iter().for_each(|left| {
                    front.note(&|| words::confirmation::awaits_all_the_same(left, &plan.time_zone));
                });
            }
        }
        Ran { plan, report, rollback: back.map(|back| Box::new(back.ran)), awaits, left: None }
    }

    /// Decides how a run ends and puts that into the journal, once, and returns whether it is there. What stands there
    /// is what everybody tells of the run, this process included.
    ///
    /// A run with a call that nobody watched to its end has no end yet: whoever comes next reads what became of it. One that
    /// `waits` has done something, and that no signal ended, awaits confirmation.
    pub(super) fn end(&mut self, plan: &Plan, ended: Ended, waits: bool) -> (Report, bool) {
        let Ended { mut report, last_look, interrupted, is_open, unrecorded, .. } = ended;
        report.time_zone = self.session.project.spec.time_zone.clone();
        report.unrecorded = unrecorded.map(|error| self.rescue(&error));
        let at = self.session.clock.now();
        let decide = |report: &Report| {
            let facts = Facts {
                results: &report.results,
                blocked: &plan.blocked,
                failures: &plan.failures,
                last_look: &last_look,
                interrupted,
                stopped: report.stopped.as_ref(),
                unrecorded: report.unrecorded.as_ref(),
                not_taken_back: &report.not_taken_back,
            };
            run::end(&facts, at)
        };
        let mut end = decide(&report);
        if waits && !interrupted && report.unrecorded.is_none() && report.did_something() {
            end = end.awaiting();
        }
        let mut is_recorded = false;
        if !is_open && report.unrecorded.is_none() {
            match self.store.append(&[Entry::RunEnded(end.clone())]) {
                Ok(()) => is_recorded = true,
                Err(error) => {
                    let unrecorded = report.unrecorded.insert(self.rescue(&error));
                    // What is missing is that it ended well: whoever took over finds every step at its goal.
                    if !(unrecorded.taken_over && end.exit == Exit::Done) {
                        end = decide(&report);
                    }
                }
            }
        }
        report.end = Some(end);
        (report, is_recorded)
    }

    fn header(&self, plan: &Plan, run_id: RunId, operation: Operation, evidence: Evidence) -> RunStarted {
        let reasons: BTreeMap<_, _> =
            plan.resource_changes.iter().filter_map(|change| Some((&change.address, change.reason.clone()?))).collect();
        let steps: Vec<PlannedStep> =
            plan.steps.iter().map(|step| planned_step(step, reasons.get(&step.address).cloned())).collect();
        let (who, actor) = parts(&self.session.who);
        let evidence = Evidence { actor: actor.map(str::to_owned), reason: reason_of(&steps), ..evidence };
        RunStarted {
            run_id,
            at: self.session.clock.now(),
            operation,
            who: who.to_owned(),
            pid: std::process::id(),
            target: self.target.clone(),
            lineage: self.state.lineage.clone(),
            serial: self.state.serial,
            digest: plan.digest(),
            evidence,
            steps,
        }
    }

    /// Returns what the spec was checked out of.
    async fn commit(&self) -> Option<Commit> {
        if self.is_rehearsal {
            return None;
        }
        checkout::commit_of(&self.session.project, self.session.access.environment.children()).await
    }

    /// Returns what is known of the circumstances.
    fn evidence(&self, plan: &Plan, takes_back: Option<TakesBack>, live: &LiveState) -> Evidence {
        let project = &self.session.project;
        let takes_back_whole = takes_back.is_some() && plan.is_complete();
        let confirm_within = self.session.confirm_within.filter(|_| takes_back.is_none());
        let part_of = takes_back.as_ref().map(|takes_back| takes_back.part_of.clone()).unwrap_or_default();
        let of_steps = change_of(plan).map(ToString::to_string);
        let (takes_back, change_id, grounds) = match takes_back {
            Some(takes_back) => {
                let grounds = takes_back.grounds_of(plan);
                // Without steps only what it takes back tells.
                let found_back = takes_back.change_id.filter(|_| plan.steps.is_empty());
                (takes_back.run_ids, of_steps.or(found_back), grounds)
            }
            None => (Vec::new(), of_steps, self.grounds(plan)),
        };
        Evidence {
            host: Some(Holder::host_name()),
            spec: Some(project.name.clone()),
            spec_digest: Some(project.digest.as_str().to_owned()),
            takes_back,
            takes_back_whole,
            takes_back_part_of: part_of,
            grounds,
            change_id,
            stood_under: Some(footing(&project.spec, &touched(plan, live, &project.spec))),
            override_window: plan.overridden.as_ref().map(|overridden| overridden.reason.clone()),
            allow_last_route: plan.inputs.allow_last_route.clone(),
            lock: (project.place.locking() == Locking::None).then_some(LockWord::None),
            confirm_within_ms: confirm_within.map(milliseconds),
            uptime: confirm_within.and_then(|_| BootTime::now().uptime()),
            ..Evidence::default()
        }
    }

    /// Returns of what the plan changes whose change of it stands.
    fn grounds(&self, plan: &Plan) -> Vec<Ground> {
        let calls = plan.steps.iter().filter(|step| step.action != Action::Wait);
        let ground = |step: &Step| {
            let identity = Identity::of(&step.scope, &step.interface_id);
            let follows = self.state.interfaces.of(&identity)?.1.changed_by.clone()?;
            let Identity { scope, id: interface_id } = identity;
            Some(Ground { interface_id, scope, follows: Some(follows), entry: None })
        };
        calls.filter_map(ground).collect()
    }

    /// Writes what could not be recorded to a second place.
    fn rescue(&mut self, error: &StoreError) -> Unrecorded {
        let rescued = match error {
            // The second place may lie on the same disk, and whoever asked twice to stop waits.
            StoreError::Stalled => Err(worded!("nothing more is written")),
            _ => self.store.rescue().or_else(|error| match self.store.lease() {
                // Of a state far away nothing is on this machine: whoever keeps what is printed has it.
                Some(_) => {
                    self.unrescued = Some(String::from_utf8_lossy(self.store.unsaved()).trim_end().to_owned());
                    Ok("standard error".to_owned())
                }
                None => Err(Wording::new(|| explain(&error))),
            }),
        };
        let taken_over = matches!(error, StoreError::Fenced { .. });
        Unrecorded { error: Wording::new(|| explain(error)), rescued, taken_over }
    }
}

/// Returns the change that all steps belong to, if there is one.
fn change_of(plan: &Plan) -> Option<&ChangeName> {
    let first = plan.steps.first()?.change_id.as_ref()?;
    plan.steps.iter().all(|step| step.change_id.as_ref() == Some(first)).then_some(first)
}

/// Returns why all these steps are taken, where they agree on that.
fn reason_of(steps: &[PlannedStep]) -> Option<String> {
    let first = steps.first()?.reason.as_ref()?;
    steps.iter().all(|step| step.reason.as_ref() == Some(first)).then(|| first.clone())
}

/// Lists what the steps of a plan touch: their interfaces, and the declared other ends of those.
fn touched(plan: &Plan, live: &LiveState, spec: &Spec) -> BTreeSet<Address> {
    let own: BTreeSet<Address> = plan.steps.iter().map(|step| step.address.clone()).collect();
    let ends: BTreeSet<&RouterInterfaceId> =
        own.iter().filter_map(|address| live.readings.get(address)?.found()?.opposite.interface_id.as_ref()).collect();
    let others = spec.interfaces.iter().filter(|(_, entry)| ends.contains(&entry.id.value));
    others.map(|(address, _)| address.clone()).chain(own.iter().cloned()).collect()
}

/// A way back is not taken back when it fails: it does what it can.
fn settings(settings: &executor::Settings, operation: Operation) -> executor::Settings {
    let goes_on = operation == Operation::Rollback && settings.on_error == OnError::Rollback;
    let on_error = if goes_on { OnError::Continue } else { settings.on_error };
    executor::Settings { on_error, ..*settings }
}

/// Lists what each interface needs to be up before it comes up.
fn needs(spec: &Spec) -> BTreeMap<Address, Vec<FloorMember>> {
    let side = |address: &Address| {
        let declared = spec.interfaces.get(address)?;
        let (interface_id, scope) = (declared.id.value.clone(), declared.scope.clone());
        Some(FloorMember { address: address.clone(), interface_id, scope })
    };
    let needs = spec.interfaces.iter().map(|(address, declared)| {
        let needed: Vec<FloorMember> = declared.needed().filter_map(side).collect();
        (address.clone(), needed)
    });
    needs.filter(|(_, needed)| !needed.is_empty()).collect()
}
