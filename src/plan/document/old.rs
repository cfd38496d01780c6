//! Plans of format 1.0, which held sentences where there are facts now. They are read to be shown, never to be applied.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::calendar::Zone;
use crate::plan::{
    Basis, BlockCode, BlockReason, Blocked, Doubt, Floor, FloorLink, Guard, Knob, LeftAlone, LeftAloneCode,
    LeftAloneReason, Plan, PlanInputs, ResourceChange, RolloutPlan, Step, StepId, Warning,
};
use crate::resource::{Address, GroupName, ScopeFailure, Status, Target};
use crate::selector::Selector;

/// The version of the format.
pub(super) const VERSION: &str = "1.0";

/// The keys of the document that are still of use.
#[derive(Deserialize)]
pub(super) struct Document {
    timestamp: Timestamp,
    target: Target,
    resource_changes: Vec<ResourceChange>,
    resource_drift: Vec<ResourceChange>,
    steps: Vec<OldStep>,
    blocked: Vec<OldBlocked>,
    basis: Basis,
    floors: Vec<OldFloor>,
    rollout: Option<RolloutPlan>,
    warnings: Vec<OldWarning>,
    doubts: Vec<OldDoubt>,
    failures: Vec<ScopeFailure>,
    targeted: Vec<Address>,
    excluded: Vec<Address>,
}

#[derive(Deserialize)]
struct OldStep {
    #[serde(flatten)]
    step: Step,
    guards: Vec<String>,
}

#[derive(Deserialize)]
struct OldBlocked {
    address: Address,
    code: OldCode,
    detail: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OldCode {
    /// It blocks no more.
    LeftAlone(LeftAloneCode),
    Blocks(BlockCode),
}

#[derive(Deserialize)]
struct OldFloor {
    group: GroupName,
    links: Vec<FloorLink>,
    min_up: u32,
    knob: String,
}

#[derive(Deserialize)]
struct OldWarning {
    summary: String,
    detail: Option<String>,
}

#[derive(Deserialize)]
struct OldDoubt {
    step: StepId,
    run_id: String,
    finding: String,
}

impl Document {
    pub(super) fn into_plan(self) -> Plan {
        let (mut blocked, mut left_alone) = (Vec::new(), Vec::new());
        for OldBlocked { address, code, detail: text } in self.blocked {
            match code {
                OldCode::Blocks(of) => blocked.push(Blocked { address, reason: BlockReason::Told { of, text } }),
                OldCode::LeftAlone(of) => {
                    left_alone.push(LeftAlone { address, reason: LeftAloneReason::Told { of, text } });
                }
            }
        }
        Plan {
            about: crate::plan::About::Spec,
            forgotten: Vec::new(),
            guards_weakened: Vec::new(),
            timestamp: self.timestamp,
            target: self.target,
            basis: self.basis,
            resource_changes: self.resource_changes,
            resource_drift: self.resource_drift,
            steps: self.steps.into_iter().map(step).collect(),
            blocked,
            left_alone,
            groups: Vec::new(),
            inputs: PlanInputs {
                target: self.targeted.iter().map(Selector::of).collect(),
                exclude: self.excluded.iter().map(Selector::of).collect(),
                ..PlanInputs::default()
            },
            at: None,
            assumed: Vec::new(),
            upcoming: Vec::new(),
            time_zone: Zone::utc(),
            gates: BTreeMap::new(),
            overridden: None,
            traffic: Vec::new(),
            quiet_below: None,
            routes: Vec::new(),
            route_guards: Default::default(),
            floors: self.floors.into_iter().map(floor).collect(),
            rollout: self.rollout,
            warnings: self
                .warnings
                .into_iter()
                .map(|OldWarning { summary, detail }| Warning::Told { summary, detail })
                .collect(),
            doubts: self.doubts.into_iter().map(doubt).collect(),
            failures: self.failures,
            targeted: self.targeted,
            excluded: self.excluded,
        }
    }
}

fn step(old: OldStep) -> Step {
    Step { guards: old.guards.iter().filter_map(|text| guard(text)).collect(), ..old.step }
}

/// Reads `idc-shanghai: 1 of 2 stay active, floor 1`; a group's name may hold any of these words itself.
fn guard(text: &str) -> Option<Guard> {
    let (text, floor) = text.rsplit_once(" stay active, floor ")?;
    let (text, of) = text.rsplit_once(" of ")?;
    let (group, end) = text.rsplit_once(": ")?;
    Some(Guard {
        group: group.into(),
        lowest: None,
        of: of.parse().ok()?,
        end: end.parse().ok()?,
        floor: floor.parse().ok()?,
        takes_nothing: false,
    })
}

fn floor(old: OldFloor) -> Floor {
    let OldFloor { group, links, min_up, knob } = old;
    Floor { group, links, min_up, knob: self::knob(&knob) }
}

/// Reads `groups.idc-shanghai.min_active 1 at rictl.yaml:18:5`.
fn knob(text: &str) -> Option<Knob> {
    let (key, at) = text.rsplit_once(" at ")?;
    let (key, value) = key.rsplit_once(' ')?;
    Some(Knob { key: key.to_owned(), value: value.parse().ok()?, at: at.to_owned() })
}

/// Reads `unknown, found Inactive`, or `not clear yet, found Active`.
fn doubt(old: OldDoubt) -> Doubt {
    let OldDoubt { step, run_id, finding } = old;
    let found = finding.rsplit_once(", found ").map(|(_, status)| status).filter(|status| *status != "nothing there");
    Doubt { step, run_id, is_clear: finding.starts_with("unknown, "), found: found.map(Status::parse) }
}
