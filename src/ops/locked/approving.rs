//! Who approves a plan, and how: it has to be the very plan that they saw.

use anyhow::Result;

use crate::cloud::acting::Acting;
use crate::journal::{Approved, ApprovedHow};
use crate::language::worded;
use crate::ops::session::{Approval, Front, Session};
use crate::ops::{approval, saved};
use crate::spec::ApprovalPolicy;
use crate::store::Store;

use super::{Locked, Planned};

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Returns who approves the plan, and how; `None` where the answer was no.
    pub(super) async fn approved(
        &self,
        planned: &Planned,
        approval: &Approval,
        is_saved: bool,
        front: &mut impl Front,
    ) -> Result<Option<Approved>> {
        let Planned { plan, takes_back, .. } = planned;
        let digest = plan.digest();
        if let Some(given) = &approval.given {
            return if given.digest.as_ref() == Some(&digest) {
                Ok(Some(given.clone()))
            } else {
                Err(saved::other_digest(given.digest.as_deref().unwrap_or_default(), plan, &shown_by(planned)).into())
            };
        }
        if let Some(word) = approval.digest.as_ref().filter(|word| word.digest != digest) {
            return Err(saved::other_digest(&word.digest, plan, &shown_by(planned)).into());
        }
        let who = || self.session.who.clone();
        let (by, how) = match &approval.digest {
            Some(word) => {
                let used = if approval.again {
                    None
                } else {
                    approval::used_by(&self.store, &digest, word.at, self.session.clock.now())?
                };
                if let Some(run) = used {
                    return Err(approval::used(&worded!("the digest"), &run).into());
                }
                // A way back waits for nobody else.
                if takes_back.is_some() { (who(), ApprovedHow::Digest) } else { self.by_digest(&digest)? }
            }
            // It was reviewed when it was saved, as in Terraform.
            None if is_saved => match &approval.by {
                Some(by) => (by.clone(), ApprovedHow::Approval),
                None => (who(), ApprovedHow::Plan),
            },
            None if approval.auto => (who(), ApprovedHow::AutoApprove),
            None if front.approve().await? => (who(), ApprovedHow::Terminal),
            None => return Ok(None),
        };
        Ok(Some(Approved { by, how, digest: Some(digest) }))
    }

    /// Returns who approves by a digest: whoever gives it, or who approved it before where the spec wants somebody else.
    fn by_digest(&self, digest: &str) -> Result<(String, ApprovedHow)> {
        let Session { project, who, clock, .. } = self.session;
        let by = match project.spec.limits.approvals {
            ApprovalPolicy::Any => who.clone(),
            ApprovalPolicy::Other => approval::of_other(project, digest, who, clock.now())?,
        };
        Ok((by, ApprovedHow::Digest))
    }
}

/// Returns the command that shows a plan.
fn shown_by(planned: &Planned) -> String {
    match planned.takes_back.as_ref().map(|takes_back| takes_back.run_ids.as_slice()) {
        None => "plan".to_owned(),
        Some([run_id]) => format!("rollback {run_id}"),
        Some(_) => "rollback".to_owned(),
    }
}
