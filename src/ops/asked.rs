//! Plans as they are asked for: as of a moment, or with `--at open` as of the first at which the windows let all of it through.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::cloud::CloudRead;
use crate::cloud::routes::RoutesRead;
use crate::cloud::traffic::TrafficRead;
use crate::history::Recorded;
use crate::language::{Wording, say, worded};
use crate::plan::{BlockReason, Blocked, Plan, PlanOptions};
use crate::resource::{Address, LiveState, Target};
use crate::schedule;
use crate::spec::Spec;
use crate::windows::HORIZON_DAYS;

use super::failure::{Exit, Refusal};
use super::live::{self, Known};
use super::project::Project;

/// How a plan is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What it looks at, and as of when.
    pub options: &'a PlanOptions,
    /// As of the first moment at which the windows let all of it through.
    pub when_open: bool,
}

/// Plans as [`live::plan_of`] does, and returns the spec as of the moment of the plan.
///
/// # Errors
/// As [`live::plan_of`]; exit 3 where windows never let it through.
pub async fn plan(
    project: Project,
    recorded: &Recorded,
    cloud: &(impl CloudRead + RoutesRead + TrafficRead),
    (target, live): (&Target, LiveState),
    asked: Asked<'_>,
) -> Result<(Project, Plan, LiveState)> {
    if !asked.when_open {
        let (plan, live) = live::plan_of(&project, recorded, cloud, (target, live), asked.options).await?;
        project.refuse_clashes(&live, asked.options.moment())?;
        return Ok((project, plan, live));
    }
    let state = recorded.state_for(target);
    live::check_target(state, target, &project)?;
    let known = Known { project: &project, state, live: &live, doubts: &[], target };
    let options = find(&known, asked.options)?;
    let project = project.as_of(options.moment());
    project.refuse_clashes(&live, options.moment())?;
    let (plan, live) = live::plan_read(&project, recorded, cloud, (target, live), &options).await?;
    Ok((project, plan, live))
}

/// Finds the moment, and returns the options of its plan. What is planned is another plan once a change begins or ends, so each
/// such moment is looked at. Nothing of what is wanted is taken as done by then: it is to go through at once.
///
/// # Errors
/// Exit 3 where windows do not let it through within 400 days.
fn find(known: &Known<'_>, options: &PlanOptions) -> Result<PlanOptions> {
    let spec = &known.project.spec;
    let start = start(spec, options);
    let limit = start.checked_add(SignedDuration::from_hours(24 * HORIZON_DAYS)).unwrap_or(Timestamp::MAX);
    let mut wanted: Option<BTreeSet<Address>> = None;
    let (mut moment, mut windows) = (start, BTreeSet::new());
    loop {
        let options = PlanOptions { at: Some(moment), assumed_before: Some(start), ..options.clone() };
        let plan = at(known, &options, moment)?;
        let still_wanted = let_through_or_held(&plan);
        let is_over = wanted.get_or_insert_with(|| still_wanted.clone()).difference(&still_wanted).next().is_some();
        let Some(closed) = closed(&plan).filter(|_| !is_over) else {
            return if is_over { Err(never(&windows, true).into()) } else { Ok(options) };
        };
        let turn = schedule::moments(spec, moment).into_iter().next();
        let next = [closed.opens_at, turn].into_iter().flatten().min().filter(|next| *next <= limit);
        if closed.opens_at.is_none() {
            // Whatever else opens, this one does not.
            windows.clear();
        }
        windows.insert(closed.window);
        match next {
            Some(next) => moment = next,
            None => return Err(never(&windows, false).into()),
        }
    }
}

/// Lists what a plan changes, and what windows keep it from changing.
fn let_through_or_held(plan: &Plan) -> BTreeSet<Address> {
    let is_held = |blocked: &&Blocked| matches!(blocked.reason, BlockReason::Window { .. });
    let held = plan.blocked.iter().filter(is_held).map(|blocked| blocked.address.clone());
    plan.steps.iter().map(|step| step.address.clone()).chain(held).collect()
}

/// Returns where to begin: now; where only changes are asked for of which none has begun, the beginning of the first.
fn start(spec: &Spec, options: &PlanOptions) -> Timestamp {
    let asked = |name: &str| options.targets.iter().any(|target| target.asks_for_change(name));
    let only_changes = options.targets.iter().all(|target| target.asks_for_changes());
    let changes = spec.changes.iter().filter(|(name, _)| only_changes && asked(name.as_str()));
    let begins = changes.map(|(_, change)| change.from.as_ref().map_or(options.now, |from| from.value));
    begins.min().map_or(options.now, |begins| begins.max(options.now))
}

/// Plans as of a moment. Nothing is asked for: windows come before it.
fn at(known: &Known<'_>, options: &PlanOptions, moment: Timestamp) -> Result<Plan> {
    let project = known.project.clone().as_of(moment);
    let live = live::as_of(&project.spec, known.live.clone(), options);
    Ok(live::draw(&Known { project: &project, live: &live, ..*known }, &live::Heard::default(), options)?.plan)
}

/// What windows hold back.
struct Held {
    /// The one that opens last.
    window: String,
    /// When all are open that are closed now, as far as one after the other tells.
    opens_at: Option<Timestamp>,
}

fn closed(plan: &Plan) -> Option<Held> {
    let held = plan.blocked.iter().filter_map(|blocked| match &blocked.reason {
        BlockReason::Window { window, opens_at } => Some(Held { window: window.clone(), opens_at: *opens_at }),
        _ => None,
    });
    // What never opens is last.
    held.max_by_key(|held| held.opens_at.unwrap_or(Timestamp::MAX))
}

/// Says that windows never let all of it through: one that does not open, or several that are never open together.
fn never(windows: &BTreeSet<String>, is_over: bool) -> Refusal {
    let names: Vec<String> = windows.iter().map(|window| format!("`{window}`")).collect();
    let summary = Wording::new(|| {
        let names = names.join(say!(" and "));
        let within = match is_over {
            true => say!("before what is planned is over").to_owned(),
            false => say!("within {days} days", days = HORIZON_DAYS),
        };
        match windows.len() {
            1 => say!("--at open: the window {names} does not open {within}", names, within),
            _ => say!("--at open: the windows {names} are never open together {within}", names, within),
        }
    });
    Refusal::new(Exit::Refused, summary)
        .hint(worded!("`rictl plan` says what is held back; --override-window REASON does not wait"))
}
