//! A run in process: the plan of what is live, the first line of its run, and a gate that is always open.

use std::time::Duration;

use rictl::clock::Clock;
use rictl::cloud::CloudRead;
use rictl::executor::Gate;
use rictl::journal::{Evidence, Operation, RunStarted};
use rictl::ops::live;
use rictl::plan::{Plan, PlanOptions, RoutesHeard};
use rictl::planner::{Inputs, plan};
use rictl::resource::{AccountId, Provider, Target};
use rictl::run::planned_step;
use rictl::spec::Spec;
use rictl::state::RunId;

/// A gate that always says yes.
pub(crate) struct Open;

impl Gate for Open {
    async fn check(&self, _: &[String], _: Duration) -> Result<(), String> {
        Ok(())
    }
}

pub(crate) fn target(account_id: AccountId) -> Target {
    Target { provider: Provider::Emulator, account_id, endpoint: "in process".to_owned() }
}

/// Plans everything that the spec wants of what is live.
pub(crate) async fn planned(spec: &Spec, cloud: &impl CloudRead, clock: &Clock, target: &Target) -> Plan {
    let live = live::refresh(spec, cloud, clock).await;
    let inputs = Inputs {
        spec,
        spec_digest: "sha256:0",
        live: &live,
        state: None,
        target,
        doubts: &[],
        health: &[],
        traffic: &[],
        routes: &RoutesHeard::default(),
    };
    let options = PlanOptions::of_all(clock.now(), Duration::from_secs(600));
    plan(&inputs, &options).unwrap()
}

/// The first line of a run of the plan.
pub(crate) fn started(plan: &Plan, clock: &Clock) -> RunStarted {
    RunStarted {
        run_id: RunId("run-1".into()),
        at: clock.now(),
        operation: Operation::Apply,
        who: "ops@bastion".to_owned(),
        pid: 1,
        target: plan.target.clone(),
        lineage: "lineage".to_owned(),
        serial: 0,
        digest: plan.digest(),
        evidence: Evidence::default(),
        steps: plan.steps.iter().map(|step| planned_step(step, None)).collect(),
    }
}
