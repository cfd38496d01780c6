//! Lines of version 1: read, and never written again.
//!
//! ```text
//! {"n":17,"intent":[3,48213],"crc":"1a2b3c4d"}
//! {"n":18,"accepted":[3,48391,"4EC47282-1B74-4534-BD0E-403F3EE64CAF"],"crc":"5e6f7a8b"}
//! {"n":19,"closed":[3,60391,"done","Inactive",null],"crc":"9c0d1e2f"}
//! ```
//!
//! A step is its position in the `steps` of the run's first line, what it does is in its name, and a time is
//! milliseconds since that run started. Nothing ties a line to the one before it but its number.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::replay::Run;
use super::{Entry, Evidence, Operation, Outcome, PlannedStep, RunStarted};
use crate::plan::{Goal, StepId};
use crate::resource::{
    AccountName, Address, Call, Receipt, Region, RequestId, RouterInterfaceId, Scope, Status, Target,
};
use crate::run::{Exit, RunEnd, StepReason};
use crate::state::RunId;

/// What a line says, after its number and before its seal.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    RunStarted(Box<WireRun>),
    Intent(usize, i64),
    Accepted(usize, i64, RequestId),
    Refused(usize, i64, String),
    Doubtful(usize, i64, String),
    Closed(usize, i64, Outcome, Option<Status>, Option<String>),
    RunEnded(i64, u8),
    Folded(u64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRun {
    // The lines of the first releases do not say it.
    #[serde(default, rename = "format_version")]
    _format_version: u64,
    run_id: RunId,
    at: Timestamp,
    operation: Operation,
    who: String,
    pid: u32,
    target: Target,
    lineage: String,
    serial: u64,
    digest: String,
    steps: Vec<WireStep>,
}

/// A [`PlannedStep`] without what its name and its call imply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireStep {
    id: StepId,
    interface: RouterInterfaceId,
    region: Region,
    #[serde(default)]
    account: Option<AccountName>,
    #[serde(default)]
    expect: Option<Status>,
    #[serde(default)]
    goal: Option<Goal>,
    #[serde(default)]
    reason: Option<String>,
}

/// Reads the object of a line; `open` is the run that it may belong to.
pub(super) fn entry(object: &[u8], open: Option<&Run>) -> Result<Entry, String> {
    let body: Body = serde_json::from_slice(object).map_err(|error| error.to_string())?;
    body.into_entry(open)
}

impl Body {
    fn into_entry(self, open: Option<&Run>) -> Result<Entry, String> {
        let at = |millis| time_after(open, millis);
        let step = |position| step_at(open, position);
        Ok(match self {
            Self::RunStarted(run) => Entry::RunStarted(Box::new(run.into_run()?)),
            Self::Intent(position, millis) => Entry::Intent { step: step(position)?, at: at(millis)? },
            Self::Accepted(position, millis, request_id) => Entry::Accepted {
                step: step(position)?,
                at: at(millis)?,
                receipt: Receipt { request_id, cloud_date: None },
            },
            Self::Refused(position, millis, detail) => {
                Entry::Refused { step: step(position)?, at: at(millis)?, detail, receipt: None }
            }
            Self::Doubtful(position, millis, detail) => {
                Entry::Doubtful { step: step(position)?, at: at(millis)?, detail, receipt: None }
            }
            Self::Closed(position, millis, outcome, status, detail) => {
                let because = detail.map(|text| StepReason::Told { text });
                Entry::Closed { step: step(position)?, at: at(millis)?, outcome, status, because, uptime: None }
            }
            Self::RunEnded(millis, code) => Entry::RunEnded(end(at(millis)?, code)?),
            Self::Folded(serial) => Entry::Folded { serial },
        })
    }
}

/// What version 1 knew of an end is its code.
fn end(at: Timestamp, code: u8) -> Result<RunEnd, String> {
    let exit = Exit::try_from(code).map_err(|error| error.to_string())?;
    Ok(RunEnd::of_code(at, exit))
}

fn time_after(open: Option<&Run>, millis: i64) -> Result<Timestamp, String> {
    let run = open.ok_or("it belongs to a run, and none is open")?;
    run.started.at.checked_add(SignedDuration::from_millis(millis)).map_err(|error| error.to_string())
}

fn step_at(open: Option<&Run>, position: usize) -> Result<StepId, String> {
    let run = open.ok_or("it belongs to a run, and none is open")?;
    let step =
        run.started.steps.get(position).ok_or_else(|| format!("run {} has no step {position}", run.started.run_id))?;
    Ok(step.id.clone())
}

impl WireRun {
    fn into_run(self) -> Result<RunStarted, String> {
        let steps = self.steps.into_iter().map(WireStep::into_step).collect::<Result<_, _>>()?;
        let Self { run_id, at, operation, who, pid, target, lineage, serial, digest, .. } = self;
        let (who, host) = match who.rsplit_once('@') {
            Some((who, host)) => (who.to_owned(), Some(host.to_owned())),
            None => (who, None),
        };
        let evidence = Evidence { host, ..Evidence::default() };
        Ok(RunStarted { run_id, at, operation, who, pid, target, lineage, serial, digest, evidence, steps })
    }
}

impl WireStep {
    fn into_step(self) -> Result<PlannedStep, String> {
        let Self { id, interface, region, account, expect, goal, reason } = self;
        let (address, call) = match id.0.rsplit_once('/') {
            Some((address, "wait")) => (address, None),
            Some((address, verb)) if Call::of_verb(verb).is_some() => (address, Call::of_verb(verb)),
            _ => return Err(format!("step {id} does not say what it does")),
        };
        let address = Address::from(address);
        let (expect, goal) = match (expect, goal, implied(call)) {
            (Some(expect), Some(goal), _) => (expect, goal),
            (expect, goal, Some(implied)) => (expect.unwrap_or(implied.0), goal.unwrap_or(implied.1)),
            _ => return Err(format!("step {id} does not say what it waits for")),
        };
        let scope = Scope { account: account.unwrap_or_else(AccountName::default_account), region };
        Ok(PlannedStep {
            id,
            address,
            call,
            interface_id: interface,
            scope,
            expect: expect.into(),
            goal,
            reason,
            change_id: None,
            guards: Vec::new(),
        })
    }
}

/// The statuses between which a call usually moves.
fn implied(call: Option<Call>) -> Option<(Status, Goal)> {
    let transition = call?.transition();
    let goal = if *transition.to == Status::Active { Goal::Active } else { Goal::Inactive };
    Some((transition.from.clone(), goal))
}
