//! What past runs prove about a change, or about one run: which runs those are, and how long each link was down.
//!
//! A value of what is recorded: it reads nothing and words nothing. `ops::evidence` gathers the runs, `render::evidence` shows them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Past;
use crate::calendar::Zone;
use crate::journal::{PlannedStep, Run, Trace};
use crate::plan::StepId;
use crate::resource::{Address, Call, ChangeName, RequestId, RouterInterfaceId, Scope};
use crate::state::{Identity, RunId};

/// A past run, and the spec in whose records it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfSpec {
    /// The run.
    pub past: Past,
    /// The spec, as it was named to this command, where several were.
    pub spec: Option<String>,
    /// The zone of that spec; UTC where it cannot be read.
    pub zone: Zone,
}

/// What a part of a dossier is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Every run that touched steps of this change, its ways back included.
    Change(String),
    /// One run.
    Run(RunId),
}

/// What past runs prove about one change, or one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is about.
    pub about: About,
    /// Its runs, oldest first.
    pub runs: Vec<OfSpec>,
    /// The steps of these runs that it is not about: those of other changes.
    pub others: Others,
    /// How long each link was down, in the order in which they went.
    pub downs: Vec<Down>,
}

impl Part {
    /// Makes a part of the runs that were found, whatever their order.
    pub fn of(about: About, mut runs: Vec<OfSpec>) -> Self {
        runs.sort_by(|one, other| one.past.run.id().cmp(other.past.run.id()));
        let others = match &about {
            About::Change(change) => others(change, runs.iter().map(|of| &of.past.run)),
            About::Run(_) => Others::new(),
        };
        let steps =
            runs.iter().flat_map(|of| of.past.run.steps().map(move |(step, trace)| (&of.past.run, step, trace)));
        let is_own = |run: &Run, step: &PlannedStep| !others.contains(&(run.id().clone(), step.id.clone()));
        let downs = downs(steps.filter(|(run, step, _)| is_own(run, step)));
        Self { about, runs, others, downs }
    }
}

/// Steps of runs.
pub type Others = BTreeSet<(RunId, StepId)>;

/// Returns the steps of runs, oldest first, that are not of a change. One of a way back that an older version ran says of no change,
/// and is of the change of what it takes back.
fn others<'r>(change: &str, runs: impl IntoIterator<Item = &'r Run>) -> Others {
    let mut others = Others::new();
    let mut touched: BTreeMap<&RunId, BTreeSet<Identity>> = BTreeMap::new();
    for run in runs {
        let evidence = &run.started.evidence;
        for step in &run.started.steps {
            let identity = Identity::of(&step.scope, &step.interface_id);
            let takes_back_own = || {
                let mut taken = evidence.takes_back.iter().filter_map(|taken| touched.get(taken));
                taken.any(|touched| touched.contains(&identity))
            };
            let is_own = match step.change_id.as_ref().map(ChangeName::as_str).or(evidence.change_id.as_deref()) {
                Some(of) => of == change,
                None => takes_back_own(),
            };
            if is_own {
                touched.entry(run.id()).or_default().insert(identity);
            } else {
                others.insert((run.id().clone(), step.id.clone()));
            }
        }
    }
    others
}

/// How long an interface was down, between two calls of ours that were seen to their ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// The name that it had when it went down.
    pub address: Address,
    /// The interface.
    pub interface_id: RouterInterfaceId,
    /// Where it lives.
    pub scope: Scope,
    /// When it was seen down.
    pub drained: Settled,
    /// When it was seen up again; `None` where none of the runs has brought it back.
    pub returned: Option<Settled>,
}

/// A call that was seen to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// When its goal was seen, by the clock of the machine that sent it.
    pub at: Timestamp,
    /// The run that sent it.
    pub by: RunId,
    /// The API's id of its answer; `None` where that was lost.
    pub request_id: Option<RequestId>,
}

/// Returns how long each interface was down, of steps whose runs stand oldest first. What was only found down, or up, counts for neither:
/// no call of ours tells since when it was.
fn downs<'r>(steps: impl IntoIterator<Item = (&'r Run, &'r PlannedStep, &'r Trace)>) -> Vec<Down> {
    let mut downs: Vec<Down> = Vec::new();
    let mut open: BTreeMap<Identity, usize> = BTreeMap::new();
    let mut moves: Vec<(&PlannedStep, Call, Settled)> =
        steps.into_iter().filter_map(|(run, step, trace)| Some((step, step.call?, settled(run, trace)?))).collect();
    moves.sort_by_key(|(_, _, settled)| settled.at);
    for (step, call, settled) in moves {
        let identity = Identity::of(&step.scope, &step.interface_id);
        match call {
            Call::Deactivate => {
                open.entry(identity).or_insert_with(|| {
                    downs.push(Down {
                        address: step.address.clone(),
                        interface_id: step.interface_id.clone(),
                        scope: step.scope.clone(),
                        drained: settled,
                        returned: None,
                    });
                    downs.len() - 1
                });
            }
            Call::Activate => {
                if let Some(place) = open.remove(&identity) {
                    downs[place].returned = Some(settled);
                }
            }
        }
    }
    downs
}

/// Returns when a call of a run was seen to its end, if one of its was.
fn settled(run: &Run, trace: &Trace) -> Option<Settled> {
    let closed = trace.closed.as_ref().filter(|closed| closed.outcome.is_at_goal())?;
    let request_id = trace.receipt().map(|receipt| receipt.request_id.clone());
    trace.may_have_changed_something().then(|| Settled { at: closed.at, by: run.id().clone(), request_id })
}

/// Returns whether a run touched steps of a change. Runs of older versions know it of all their steps, or of none; a way back that
/// found everything back has no steps.
pub fn is_of_change(run: &Run, change: &str) -> bool {
    let of_steps =
        || run.started.steps.iter().any(|step| step.change_id.as_ref().is_some_and(|of| of.as_str() == change));
    run.started.evidence.change_id.as_deref() == Some(change) || of_steps()
}

/// Lists the changes whose steps a run touched.
pub fn changes_of(run: &Run) -> impl Iterator<Item = &str> {
    let of_steps = run.started.steps.iter().filter_map(|step| step.change_id.as_ref().map(ChangeName::as_str));
    run.started.evidence.change_id.as_deref().into_iter().chain(of_steps)
}

#[cfg(test)]
mod tests;
