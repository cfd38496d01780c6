//! What an approval is worth: how old it may be, whether it was used, and whose it is.

mod kept;
mod person;

use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::duration;
use crate::history::Recorded;
use crate::journal::Run;
use crate::language::{Wording, worded};
use crate::plan::{About, DigestAt, Plan};
use crate::resource::{Address, LiveState, Reading};
use crate::spec::{Interface, Spec};
use crate::state::RunId;
use crate::store::{Medium, Store, recorder};

use super::failure::{Exit, Refusal};
use super::project::Project;
use super::saved;
use super::session::{Approval, Task};

pub use kept::{Kept, Waiting, waiting};
pub use person::{is_same_person, parts, speaking_for};

/// How far ahead of this clock the clock of whoever made a plan may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// Refuses a saved plan or a digest that is older than `--max-age`, does not say how old it is, or comes from the future.
///
/// # Errors
/// Exit 4.
pub(super) fn check_age(task: &Task, approval: &Approval, now: Timestamp) -> Result<(), Refusal> {
    let Some(most) = approval.max_age else { return Ok(()) };
    if let Task::Saved { plan, .. } = task {
        judge_age(&worded!("the saved plan"), plan.timestamp, now, most)?;
    }
    match &approval.digest {
        Some(DigestAt { at: Some(at), .. }) => judge_age(&worded!("the plan of the digest"), *at, now, most),
        Some(DigestAt { at: None, .. }) => {
            let summary = worded!("the digest does not say when its plan was made, and --max-age asks");
            let hint = worded!("give it whole, with the `@` and the time after it, as the plan printed it");
            Err(Refusal::new(Exit::Moved, summary).hint(hint))
        }
        None => Ok(()),
    }
}

fn judge_age(what: &Wording, made: Timestamp, now: Timestamp, most: Duration) -> Result<(), Refusal> {
    let age = now.duration_since(made);
    let shown = duration::format(Duration::from_secs(age.as_secs().unsigned_abs()));
    let summary = if age < -AHEAD {
        worded!("{what} was made {ahead} in the future", what, ahead = shown)
    } else if age > SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX) {
        worded!("{what} was made {age} ago, and --max-age is {most}", what, age = shown, most = duration::format(most))
    } else {
        return Ok(());
    };
    Err(Refusal::new(Exit::Moved, summary).hint(worded!("run `rictl plan` again and review what it says now")))
}

/// Returns the run that used a digest: one that sent a call, and began after `made` where that is known. A plan that was made
/// later than `now` was not: what it says of itself is not known then.
///
/// # Errors
/// A history that cannot be read.
pub(super) fn used_by(
    store: &impl Store,
    digest: &str,
    made: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Run>> {
    let run = store.newest_run_of(digest)?;
    let made = made.filter(|made| now.duration_since(*made) >= -AHEAD);
    Ok(run.filter(|run| made.is_none_or(|made| run.started.at > made)))
}

/// Returns the run that used a saved plan, where nobody writes.
///
/// # Errors
/// A history that cannot be read.
pub fn run_of(medium: &impl Medium, recorded: &Recorded, saved: &Plan) -> Result<Option<RunId>> {
    let run = recorder::newest_run_of(medium, recorded.journal.replay(), &saved.digest())?;
    Ok(run.filter(|run| run.started.at > saved.timestamp).map(|run| run.id().clone()))
}

/// Says that a saved plan or a digest was used.
pub(super) fn used(what: &Wording, run: &Run) -> Refusal {
    let refusal = Refusal::new(Exit::Moved, worded!("{what} was used already, by run {run}", what, run = run.id()));
    refusal.hint(worded!("make a new plan and review it, or give --again if the same is meant once more"))
}

/// Returns what is left of a saved plan whose steps are all at their goals: nothing; `None` where one is not. That says nothing of
/// the spec, which may want something else by now.
pub(super) fn nothing_left(saved: &Plan, spec: &Spec, live: &LiveState) -> Option<Plan> {
    let about = if is_met(spec, live) { About::Spec } else { About::SavedSteps };
    saved::is_done(saved, live).then(|| Plan { about, ..saved.clone().without_steps() })
}

/// Returns whether every interface is where the spec says.
pub(super) fn is_met(spec: &Spec, live: &LiveState) -> bool {
    let is_met = |(address, entry): (&Address, &Interface)| {
        let found = live.readings.get(address).and_then(Reading::found);
        found.is_some_and(|found| found.status == entry.status.value.status())
    };
    spec.interfaces.iter().all(is_met)
}

/// Returns who approved a digest by `rictl approve`, somebody else than `who`: as `limits.approvals: other` wants it.
///
/// # Errors
/// Exit 3 where nobody has, and approvals that cannot be read.
pub(super) fn of_other(project: &Project, digest: &str, who: &str, now: Timestamp) -> Result<String> {
    let is_valid = |kept: &Kept| kept.plan.digest() == digest && kept.due() <= now && now < kept.expires;
    let valid: Vec<Kept> = waiting(&project.place)?.kept.into_iter().filter(is_valid).collect();
    if let Some(kept) = valid.iter().find(|kept| !is_same_person(&kept.by, who)) {
        return Ok(kept.by.clone());
    }
    let refusal = Refusal::new(Exit::Refused, worded!("the digest is not approved by somebody else (approval)"));
    let refusal = refusal.cause(worded!("limits.approvals is `other`, and this is run by {who}", who));
    let refusal = valid.iter().fold(refusal, |refusal, kept| refusal.cause(worded!("approved by {by}", by = kept.by)));
    Err(refusal.hint(worded!("let somebody else run `rictl approve DIGEST`")).into())
}
