//! `apply` and `rollback`: the way to a locked history and a reached cloud. What happens then is in [`super::locked`].

use anyhow::Result;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::history::{self, Recorded};
use crate::journal::Operation;
use crate::render::words;
use crate::store::StoreError;
use crate::store::local::LocalStore;
use crate::store::lock::Holder;

use super::account_lock::{self, LOCK_INTERVAL};
use super::approval;
use super::connection::{self, Cloud};
use super::locked::{Locked, unless_signalled};
use super::session::{Applied, Approval, Front, Session, Task};

/// Does a task from the lock to the last record.
///
/// # Errors
/// Everything that ends it before the run begins; what happens in the run is in its report.
pub async fn apply(
    session: &Session,
    task: Task,
    approval: Approval,
    front: &mut impl Front,
    signals: watch::Receiver<u32>,
) -> Result<Applied> {
    approval::check_age(&task, &approval, session.clock.now())?;
    let locked = unless_signalled(&signals, begin(session, task.operation(), front)).await?;
    locked.carry_out(task, &approval, front, signals).await
}

/// Locks the state, reaches the cloud, checks whose it is, and locks the accounts. What the run rests on is read after
/// that: others may have been at work until then.
async fn begin<'s>(
    session: &'s Session,
    operation: Operation,
    front: &mut impl Front,
) -> Result<Locked<'s, Cloud, LocalStore>> {
    let run_id = session.run_id(operation);
    let word = if operation == Operation::Rollback { "rollback" } else { "apply" };
    let holder = Holder::this_process(session.who.clone(), word.to_owned(), Some(run_id.clone()), session.clock.now());
    let deadline = Instant::now() + session.lock_timeout;
    let (store, recorded) = lock(session, &holder, deadline, front).await?;
    recorded.notes.iter().for_each(|note| front.note(&words::history::note(note)));
    let connection = connection::connect_to_act(&session.project, &session.access, session.clock).await?;
    let accounts = connection.check_accounts(&session.project).await?;
    let directory = session.lock_dir.as_deref();
    let account = account_lock::locks(directory, &connection.target, &accounts, &connection.reach, holder);
    let mut waiting = |holder: &str| front.note(&format!("waiting for the account's lock of {holder}"));
    account_lock::take(&account, Some(deadline), &mut waiting).await?;
    Ok(Locked::new(session, run_id, connection.cloud, connection.target, store, recorded)?.keeping(account))
}

/// Takes the state's lock, waiting for it until `deadline`.
async fn lock(
    session: &Session,
    holder: &Holder,
    deadline: Instant,
    front: &mut impl Front,
) -> Result<(LocalStore, Recorded)> {
    let mut told = false;
    loop {
        match history::open_files(session.project.paths.clone(), holder) {
            Err(StoreError::Locked { holder, .. }) if Instant::now() < deadline => {
                if !told {
                    front.note(&format!("waiting for the lock of {holder}"));
                    told = true;
                }
                tokio::time::sleep(LOCK_INTERVAL).await;
            }
            outcome => return Ok(outcome?),
        }
    }
}
