//! What is approved before a state that many machines share is claimed: a person may take an hour over a plan, and nobody waits
//! for that. It is planned over what is recorded, in memory; under the claim it is planned again, and has to come out the same.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::history;
use crate::journal::Approved;
use crate::plan::Plan;
use crate::render::words;
use crate::run::{Event, Report};
use crate::state::Awaiting;
use crate::store::lock::Holder;
use crate::store::overlay::Overlay;
use crate::store::{Home, Medium as _, StoreError};

use super::locked::Locked;
use super::session::{Applied, Approval, Front, Session, Task};
use super::{apply, connection};

/// What came of asking.
pub(super) enum Foreseen {
    /// Nothing more is to be done.
    Over(Applied),
    /// The claim decides: nothing was asked.
    Open,
    /// It is approved.
    Approved(Approved),
}

/// Returns whether somebody is to be asked before the state is claimed.
pub(super) fn is_asked_first(session: &Session, task: &Task, approval: &Approval) -> bool {
    let asks = matches!(task, Task::Fresh(_) | Task::Rollback { .. });
    session.project.place.far().is_some() && asks && !approval.auto && approval.digest.is_none()
}

/// Plans and asks, without a claim; nothing is written.
///
/// # Errors
/// Everything that would end the run before it begins; exit 6 while somebody is at work.
pub(super) async fn ask(
    session: &Session,
    task: Task,
    approval: &Approval,
    front: &mut impl Front,
) -> Result<Foreseen> {
    let place = &session.project.place;
    place.check()?;
    let medium = place.medium();
    wait_for_others(session, &medium, front).await?;
    let run_id = session.run_id(task.operation());
    let holder = Holder::this_process(session.who.clone(), "plan".to_owned(), None, session.clock.now());
    let (store, mut recorded) = history::open(Overlay::over(medium)?, &holder)?;
    recorded.notes.iter().for_each(|note| front.note(&words::history::note(note)));
    let connection = connection::connect(&session.project, &session.access, session.clock).await?;
    connection.check_accounts(&session.project).await?;
    let has_taken_along = apply::take_along(session, &mut recorded, &connection.target, front);
    let locked = Locked::new(session, run_id, connection.cloud, connection.target, store, recorded)?;
    locked.taking_along(has_taken_along).foresee(task, approval, front).await
}

/// Waits as long as the session allows while somebody holds the state: what they are at work on would be planned as left open.
async fn wait_for_others(session: &Session, medium: &Home, front: &mut impl Front) -> Result<()> {
    let (deadline, mut told) = (Instant::now() + session.lock_timeout, false);
    while let Some(holder) = medium.running()? {
        if Instant::now() >= deadline {
            return Err(StoreError::Locked { holder: holder.to_string(), id: holder.id }.into());
        }
        if !told {
            front.note(&format!("waiting for the lock of {holder}"));
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
    fn note(&mut self, text: &str) {
        if self.said.insert(text.to_owned()) {
            self.front.note(text);
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
