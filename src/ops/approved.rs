//! `apply --approved`: what becomes of each approval that waits, judged by our own clock. What runs, runs as a saved plan does.

use anyhow::Result;
use jiff::Timestamp;

use crate::history;
use crate::run::{Exit, RunEnd};
use crate::spec::ApprovalPolicy;
use crate::state::RunId;
use crate::store::recorder;

use super::approval::{self, Kept};
use super::project::Project;

/// What is to be done about an approval that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its time has not come.
    Early,
    /// Its time is over.
    Expired,
    /// A run of it is going on.
    AtWork(RunId),
    /// A run of it has ended well.
    Ran(RunId),
    /// A run of it has not: with which code, if it said one.
    Failed(RunId, Option<Exit>),
    /// Who wants to run it approved it, and `limits.approvals` wants somebody else.
    Own,
    /// It is to be run.
    Due,
}

/// Makes sure that what is recorded can be read, and is here: where nothing waits, that may be because it is not.
///
/// # Errors
/// A state that was moved, is of another spec, or cannot be read.
pub fn judgeable(project: &Project) -> Result<()> {
    project.place.check()?;
    Ok(history::read_at(&project.place).map(drop)?)
}

/// Judges an approval by what is recorded now.
///
/// # Errors
/// A history that cannot be read.
pub fn standing(project: &Project, kept: &Kept, who: &str, now: Timestamp) -> Result<Standing> {
    match used(project, kept)? {
        Some(Standing::Failed(..)) if now >= kept.expires => return Ok(Standing::Expired),
        Some(used) => return Ok(used),
        None => {}
    }
    let wants_other = project.spec.limits.approvals == ApprovalPolicy::Other;
    Ok(if now >= kept.expires {
        Standing::Expired
    } else if now < kept.due() {
        Standing::Early
    } else if wants_other && approval::is_same_person(&kept.by, who) {
        Standing::Own
    } else {
        Standing::Due
    })
}

/// Returns what became of the run that used an approval, if one has.
fn used(project: &Project, kept: &Kept) -> Result<Option<Standing>> {
    let recorded = history::read_at(&project.place)?;
    let (medium, replay) = (project.place.medium(), recorded.journal.replay());
    let run = recorder::newest_run_of(&medium, replay, &kept.plan.digest())?;
    Ok(run.filter(|run| run.started.at > kept.plan.timestamp).map(|run| match run.end().and_then(RunEnd::exit) {
        Some(Exit::Done) => Standing::Ran(run.id().clone()),
        None if run.over.is_none() && recorded.running.is_some() => Standing::AtWork(run.id().clone()),
        exit => Standing::Failed(run.id().clone(), exit),
    }))
}
