//! What is approved before a state that many machines share is claimed: a person may take an hour over a plan, and nobody waits
//! for that. It is planned over what is recorded, in memory; under the claim it is planned again, and has to come out the same.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::plan::Plan;
use crate::render::words;
use crate::run::{Event, Report};
use crate::state::Awaiting;
use crate::store::{Home, Medium as _, StoreError};

use super::session::{Approval, Front, Session, Task};

/// Returns whether somebody is to be asked before the state is claimed.
pub(super) fn is_asked_first(session: &Session, task: &Task, approval: &Approval) -> bool {
    let asks = matches!(task, Task::Fresh(_) | Task::Rollback { .. });
    session.project.place.far().is_some() && asks && !approval.auto && approval.digest.is_none()
}

/// Waits as long as the session allows while somebody holds the state: what they are at work on would be planned as left open.
pub(super) async fn wait_for_others(session: &Session, medium: &Home, front: &mut impl Front) -> Result<()> {
    let (deadline, mut told) = (Instant::now() + session.lock_timeout, false);
    while let Some(holder) = medium.running()? {
        if Instant::now() >= deadline {
            return Err(StoreError::locked(holder).into());
        }
        if !told {
            front.note(&|| words::history::waits_for_lock(&holder));
            told = true;
        }
        tokio::time::sleep(session.project.place.interval()).await;
    }
    Ok(())
}

/// Who watches the same done a second time: what was said before is not said again.
pub(super) struct Again<'f, F> {
    front: &'f mut F,
    said: BTreeSet<String>,
    /// The digest of the plan that was shown last.
    shown: Option<String>,
}

impl<'f, F: Front> Again<'f, F> {
    /// Watches for `front`.
    pub(super) fn new(front: &'f mut F) -> Self {
        Self { front, said: BTreeSet::new(), shown: None }
    }
}

impl<F: Front> Front for Again<'_, F> {
    fn note(&mut self, say: &dyn Fn() -> String) {
        if self.said.insert(say()) {
            self.front.note(say);
        }
    }

    fn identities(&mut self, used: &str, passed_over: &str) {
        if self.said.insert(format!("{used}\n{passed_over}")) {
            self.front.identities(used, passed_over);
        }
    }

    fn planned(&mut self, plan: &Plan) {
        let digest = plan.digest();
        if self.shown.replace(digest.clone()) != Some(digest) {
            self.front.planned(plan);
        }
    }

    async fn approve(&mut self) -> Result<bool> {
        self.front.approve().await
    }

    fn begin(&mut self, plan: &Plan) {
        self.front.begin(plan);
    }

    fn event(&mut self, at: Timestamp, event: &Event) {
        self.front.event(at, event);
    }

    fn end(&mut self, plan: &Plan, report: &Report) {
        self.front.end(plan, report);
    }

    fn awaits(&mut self, plan: &Plan, awaiting: &Awaiting) {
        self.front.awaits(plan, awaiting);
    }

    async fn confirms(&mut self) {
        self.front.confirms().await;
    }
}
