//! `approve`: makes a plan, and keeps it with who approved it for the time that it is of.

use anyhow::Result;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::history;
use crate::language::worded;
use crate::plan::Plan;

use super::approval::{self, Kept};
use super::asked::{self, Asked};
use super::connection::{self, Access};
use super::failure::{Exit, Refusal};
use super::project::Project;
use super::saved;

/// Who approves what.
#[derive(Debug)]
pub struct Approving<'a> {
    /// The digest of the plan.
    pub digest: &'a str,
    /// How to make it.
    pub planned: Asked<'a>,
    /// Who.
    pub by: String,
    /// `--expires`.
    pub expires: Option<Timestamp>,
}

/// Makes the plan and keeps it if it is the one that is approved.
///
/// # Errors
/// Exit 4 where it is another one, 3 where there is nothing in it to approve, and those of planning.
pub async fn approve(project: Project, access: &Access, clock: Clock, approving: Approving<'_>) -> Result<Kept> {
    let recorded = history::read_at(&project.place)?;
    let (connection, read) = connection::connect_and_read(&project, access, clock).await?;
    let (cloud, target) = (&connection.cloud, (&connection.target, read));
    let (project, plan, _) = asked::plan(project, &recorded, cloud, target, approving.planned).await?;
    if plan.digest() != approving.digest {
        return Err(saved::other_digest(approving.digest, &plan, "plan").into());
    }
    refuse_empty(&plan)?;
    let kept = Kept::new(plan, approving.by, clock.now(), approving.expires)?;
    kept.keep(&project.place)?;
    // Who approves the same once more means one run of it; what was said before is over.
    let before = approval::waiting(&project.place)?.kept.into_iter().filter(|before| before.is_said_again_by(&kept));
    for before in before {
        before.put_by(&project.place)?;
    }
    Ok(kept)
}

fn refuse_empty(plan: &Plan) -> Result<(), Refusal> {
    if !plan.steps.is_empty() {
        return Ok(());
    }
    let refusal = Refusal::new(Exit::Refused, worded!("there is nothing to approve: the plan has no steps"));
    Err(refusal.hint(worded!("`rictl plan` says why")))
}
