//! `drift`: compares live, last applied and spec; changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::cloud::CloudRead;
use crate::drift::{self, Drift, DriftCause};
use crate::history::Recorded;
use crate::plan::{PlanOptions, StepId, Warning};
use crate::planner;
use crate::refresh;
use crate::resource::{Address, LiveState, Reading, Target};

use super::beside;
use super::live;
use super::project::Project;

/// How a drift check looks.
#[derive(Clone, Copy, Debug)]
pub struct Watching {
    /// `--at`: the moment that the spec is of, where that is not now.
    pub at: Option<Timestamp>,
    /// After which time what is in transition is read again.
    pub poll_interval: Duration,
}

/// Finds what moved, from what was read while the cloud was reached, and returns that as well. An interface in transition is read again, a poll interval later, before anything is said of it.
///
/// # Errors
/// A state of another target.
pub async fn drift(
    project: &Project,
    recorded: &Recorded,
    cloud: &impl CloudRead,
    (target, mut seen): (&Target, LiveState),
    clock: &Clock,
    watching: Watching,
) -> Result<(Drift, LiveState)> {
    let closed = recorded.state_as_closed(target);
    live::check_target(closed.as_deref(), target, project)?;
    let with = beside::with_others(closed.as_deref(), project, target)?;
    let state = with.as_deref();
    let Watching { at, poll_interval } = watching;
    let options = PlanOptions { at, ..PlanOptions::of_all(clock.now(), Duration::ZERO) };
    let compare = |seen: &LiveState| {
        let held = planner::held_back(&project.spec, seen, state, &options);
        let mut items = drift::compare(&project.spec, seen, state, &held, options.moment());
        recorded.at_work().iter().for_each(|run| drift::at_work::leave_out(&mut items, seen, run));
        items
    };
    let mut items = compare(&seen);
    let moving: BTreeSet<Address> =
        items.iter().filter(|item| item.cause == DriftCause::InTransition).map(|item| item.address.clone()).collect();
    if !moving.is_empty() {
        tokio::time::sleep(poll_interval).await;
        let mut wanted = live::wanted(&project.spec);
        wanted.retain(|wanted| moving.contains(&wanted.address));
        let again = refresh::refresh(cloud, clock, &wanted).await;
        seen.readings.extend(again.readings);
        seen.failures.extend(again.failures);
        items = compare(&seen);
    }
    let found = Drift {
        spec: project.name.clone(),
        timestamp: clock.now(),
        at,
        target: target.clone(),
        time_zone: project.spec.time_zone.clone(),
        declared: project.spec.interfaces.len(),
        unread: unread(&seen),
        items,
        groups: drift::groups(&project.spec, &seen, state),
        failures: seen.failures.clone(),
        warnings: live::going_on(recorded)
            .into_iter()
            .chain(died(recorded))
            .chain(planner::overdue(state, clock.now()))
            .chain(drift::clashes(&project.spec))
            .chain(live::clashes_of_links(project, &seen, options.moment()))
            .chain(drift::expired_hands_off(&project.spec, options.moment()))
            .collect(),
        unmanaged: None,
        hides_groups: false,
        unsettled: BTreeSet::new(),
        groups_first_seen: BTreeMap::new(),
    };
    Ok((found, seen))
}

/// Warns of a run whose process died over calls that nobody has seen to their end.
fn died(recorded: &Recorded) -> Option<Warning> {
    let run = recorded.journal.replay().open_run().filter(|_| recorded.at_work().is_none())?;
    let steps: Vec<StepId> = run.open_steps().map(|(step, _)| step.id.clone()).collect();
    (!steps.is_empty()).then(|| Warning::RunDied { run_id: run.id().clone(), steps })
}

fn unread(seen: &LiveState) -> BTreeSet<Address> {
    let is_unread = |reading: &Reading| matches!(reading, Reading::Unreadable);
    seen.readings.iter().filter(|(_, reading)| is_unread(reading)).map(|(address, _)| address.clone()).collect()
}
