//! The first line of a run since version 3: what its steps have in common is said once, and nothing that follows from it.
//!
//! ```text
//! "steps":{"on":[["a","ri-a"],["b","ri-b"]],"call":{"of":["DeactivateRouterInterface"]},"scope":{"of":[{"region":"cn-shanghai"}]}}
//! ```
//!
//! `on` has a step's address and interface, in the order of the plan: later lines name a step by its place there, from 0. A
//! step's name follows from its address and its call, status and goal from its call where they are the usual ones. What the
//! run stood under is told as a patch (RFC 7386) of what the steps say of their interfaces.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::column::Column;
use super::line::FORMAT_VERSION;
use super::{Evidence, Ground, Operation, PlannedStep, RunStarted, patch};
use crate::plan::{Action, Expectation, Goal, Guard, StepId};
use crate::resource::{Address, Call, ChangeName, DesiredStatus, RouterInterfaceId, Scope, Status, Target};
use crate::state::RunId;

/// The first version that words a run so.
pub(super) const SINCE: u64 = 3;

/// The first line of a run.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    format_version: u64,
    run_id: RunId,
    at: Timestamp,
    operation: Operation,
    who: String,
    pid: u32,
    target: Target,
    lineage: String,
    serial: u64,
    digest: String,
    #[serde(flatten)]
    evidence: Evidence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stood_under_patch: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grounds_of_steps: Option<Grounds>,
    steps: Steps,
}

#[derive(Serialize, Deserialize)]
struct Steps {
    on: Vec<(Address, RouterInterfaceId)>,
    call: Column<Option<Call>>,
    scope: Column<Scope>,
    /// Where it is another than the call leads from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect: Option<Column<Option<Expectation>>>,
    /// Where it is another than the call leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    goal: Option<Column<Option<Goal>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Column<Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change_id: Option<Column<Option<ChangeName>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    margins: Option<Column<Vec<Guard>>>,
}

/// What the interfaces of a run stood on.
#[derive(Serialize, Deserialize)]
struct Grounds {
    of: Vec<Grounded>,
    follows: Column<Option<RunId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Column<Option<String>>>,
}

/// An interface: that of a step, by the step's place, or another.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Grounded {
    Step(usize),
    Other {
        interface_id: RouterInterfaceId,
        #[serde(flatten)]
        scope: Scope,
    },
}

impl Head {
    /// Words the beginning of a run.
    pub(super) fn of(run: &RunStarted) -> Self {
        let RunStarted {
            run_id,
            at,
            operation,
            who,
            pid,
            target,
            lineage,
            serial,
            digest,
            evidence: Evidence { grounds, stood_under, .. },
            steps,
        } = run;
        let mut evidence = Evidence { grounds: Vec::new(), stood_under: None, ..run.evidence.clone() };
        let said = said_of_interfaces(steps);
        let stood_under_patch = stood_under.as_ref().and_then(|stood_under| patch::between(&said, stood_under));
        if stood_under_patch.is_none() {
            evidence.stood_under = stood_under.clone();
        }
        Self {
            format_version: FORMAT_VERSION,
            run_id: run_id.clone(),
            at: *at,
            operation: *operation,
            who: who.clone(),
            pid: *pid,
            target: target.clone(),
            lineage: lineage.clone(),
            serial: *serial,
            digest: digest.clone(),
            evidence,
            stood_under_patch,
            grounds_of_steps: (!grounds.is_empty()).then(|| Grounds::of(grounds, steps)),
            steps: Steps::of(steps),
        }
    }

    /// Reads the beginning of a run.
    pub(super) fn into_run(self) -> Result<RunStarted, String> {
        let Self { run_id, at, operation, who, pid, target, lineage, serial, digest, mut evidence, .. } = self;
        let steps = self.steps.into_steps()?;
        if let Some(patch) = self.stood_under_patch {
            let mut stood_under = said_of_interfaces(&steps);
            patch::apply(&mut stood_under, patch);
            evidence.stood_under = Some(stood_under);
        }
        if let Some(grounds) = self.grounds_of_steps {
            evidence.grounds = grounds.into_grounds(&steps)?;
        }
        Ok(RunStarted { run_id, at, operation, who, pid, target, lineage, serial, digest, evidence, steps })
    }
}

impl Steps {
    fn of(steps: &[PlannedStep]) -> Self {
        fn each<T>(steps: &[PlannedStep], of: impl Fn(&PlannedStep) -> T) -> Column<T>
        where
            T: Clone + Serialize + DeserializeOwned,
        {
            Column::new(steps.iter().map(of).collect())
        }
        let any = |is_told: fn(&PlannedStep) -> bool| steps.iter().any(is_told);
        Self {
            on: steps.iter().map(|step| (step.address.clone(), step.interface_id.clone())).collect(),
            call: each(steps, |step| step.call),
            scope: each(steps, |step| step.scope.clone()),
            expect: any(|step| told_expect(step).is_some()).then(|| each(steps, told_expect)),
            goal: any(|step| told_goal(step).is_some()).then(|| each(steps, told_goal)),
            reason: any(|step| step.reason.is_some()).then(|| each(steps, |step| step.reason.clone())),
            change_id: any(|step| step.change_id.is_some()).then(|| each(steps, |step| step.change_id.clone())),
            margins: any(|step| !step.guards.is_empty()).then(|| each(steps, |step| step.guards.clone())),
        }
    }

    fn into_steps(self) -> Result<Vec<PlannedStep>, String> {
        fn each<T>(column: Option<Column<T>>, count: usize) -> Result<impl Iterator<Item = T>, String>
        where
            T: Clone + Default + Serialize + DeserializeOwned,
        {
            let values = column.map_or_else(|| Ok(vec![T::default(); count]), |column| column.each(count))?;
            Ok(values.into_iter())
        }
        let count = self.on.len();
        let calls = self.call.each(count)?.into_iter();
        let scopes = self.scope.each(count)?.into_iter();
        let (mut expects, mut goals) = (each(self.expect, count)?, each(self.goal, count)?);
        let (mut reasons, mut changes) = (each(self.reason, count)?, each(self.change_id, count)?);
        let mut margins = each(self.margins, count)?;
        let steps = self.on.into_iter().zip(calls).zip(scopes).map(|(((address, interface_id), call), scope)| {
            let id = StepId::new(&address, call.map_or(Action::Wait, Action::Call));
            let (expect, goal) = (expects.next().flatten(), goals.next().flatten());
            let untold = || format!("step {id} does not say what it waits for");
            let expect = expect.or_else(|| usual_expect(call)).ok_or_else(untold)?;
            let goal = goal.or_else(|| usual_goal(call)).ok_or_else(untold)?;
            let (reason, change_id) = (reasons.next().flatten(), changes.next().flatten());
            let guards = margins.next().unwrap_or_default();
            Ok(PlannedStep { id, address, call, interface_id, scope, expect, goal, reason, change_id, guards })
        });
        steps.collect()
    }
}

impl Grounds {
    fn of(grounds: &[Ground], steps: &[PlannedStep]) -> Self {
        let mut next = 0;
        let mut of = Vec::with_capacity(grounds.len());
        for ground in grounds {
            let is_it = |step: &PlannedStep| step.interface_id == ground.interface_id && step.scope == ground.scope;
            // They stand in the order of the steps, but for those that have none.
            let place = steps[next..].iter().position(is_it).map(|more| next + more);
            of.push(match place {
                Some(place) => {
                    next = place;
                    Grounded::Step(place)
                }
                None => Grounded::Other { interface_id: ground.interface_id.clone(), scope: ground.scope.clone() },
            });
        }
        let has_entry = grounds.iter().any(|ground| ground.entry.is_some());
        Self {
            of,
            follows: Column::new(grounds.iter().map(|ground| ground.follows.clone()).collect()),
            entry: has_entry.then(|| Column::new(grounds.iter().map(|ground| ground.entry.clone()).collect())),
        }
    }

    fn into_grounds(self, steps: &[PlannedStep]) -> Result<Vec<Ground>, String> {
        let count = self.of.len();
        let entries = self.entry.map_or_else(|| Ok(vec![None; count]), |entry| entry.each(count))?;
        let told = self.follows.each(count)?.into_iter().zip(entries);
        let grounds = self.of.into_iter().zip(told).map(|(of, (follows, entry))| {
            let (interface_id, scope) = match of {
                Grounded::Step(place) => {
                    let step = steps.get(place).ok_or_else(|| format!("it has no step {place}"))?;
                    (step.interface_id.clone(), step.scope.clone())
                }
                Grounded::Other { interface_id, scope } => (interface_id, scope),
            };
            Ok(Ground { interface_id, scope, follows, entry })
        });
        grounds.collect()
    }
}

fn usual_expect(call: Option<Call>) -> Option<Expectation> {
    Some(call?.transition().from.clone().into())
}

fn usual_goal(call: Option<Call>) -> Option<Goal> {
    match call?.transition().to {
        Status::Active => Some(Goal::Active),
        Status::Inactive => Some(Goal::Inactive),
        _ => None,
    }
}

fn told_expect(step: &PlannedStep) -> Option<Expectation> {
    Some(step.expect.clone()).filter(|expect| usual_expect(step.call).as_ref() != Some(expect))
}

fn told_goal(step: &PlannedStep) -> Option<Goal> {
    Some(step.goal).filter(|goal| usual_goal(step.call) != Some(*goal))
}

/// Returns what the steps say of their interfaces, in the words of [`crate::spec::footing`].
fn said_of_interfaces(steps: &[PlannedStep]) -> Value {
    let entry = |step: &PlannedStep| {
        let status = step.goal.desired().map(DesiredStatus::status);
        let account = Some(&step.scope.account).filter(|account| !account.is_default_account());
        let members = [
            ("id", Some(step.interface_id.as_str())),
            ("region", Some(step.scope.region.as_str())),
            ("account", account.map(|account| account.as_str())),
            ("status", status.as_ref().map(Status::as_str)),
            ("reason", step.reason.as_deref()),
        ];
        let members = members.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::from(text?))));
        (step.address.as_str().to_owned(), Value::Object(members.collect()))
    };
    let interfaces: Map<String, Value> = steps.iter().map(entry).collect();
    Value::Object([("interfaces".to_owned(), Value::Object(interfaces))].into_iter().collect())
}
