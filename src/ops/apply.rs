//! `apply` and `rollback`: the way to a locked history and a reached cloud. What happens then is in [`super::locked`].

use std::borrow::Cow;

use anyhow::Result;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::alibaba::credentials::Identities;
use crate::history::{self, Recorded};
use crate::journal::Operation;
use crate::language::Wording;
use crate::render::words;
use crate::resource::Target;
use crate::store::lock::Holder;
use crate::store::overlay::Overlay;
use crate::store::{Home, Recorder, Store as _};

use super::account_lock;
use super::approval;
use super::beside;
use super::claim::Patience;
use super::connection::{self, Cloud, Connection};
use super::foreseen::{self, Again};
use super::locked::{Locked, unless_signalled, unless_taken_over};
use super::neighbours::{Neighbour, open_runs};
use super::one_state::{self, Held};
use super::session::{Applied, Approval, Foreseen, Front, Session, Task};

/// What a lock says of whoever takes back.
pub(super) const WAY_BACK: &str = "rollback";

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
    if !foreseen::is_asked_first(session, &task, &approval) {
        return carry_out(session, task, &approval, front, signals).await;
    }
    let mut front = Again::new(front);
    let asked = foresee(session, task.clone(), &approval, &mut front);
    let given = match unless_signalled(&signals, asked).await? {
        Foreseen::Over(applied) => return Ok(applied),
        Foreseen::Open => None,
        Foreseen::Approved(approved) => Some(approved),
    };
    carry_out(session, task, &Approval { given, ..approval }, &mut front, signals).await
}

/// Plans and asks, without a claim; nothing is written.
///
/// # Errors
/// Everything that would end the run before it begins; exit 6 while somebody is at work.
async fn foresee(session: &Session, task: Task, approval: &Approval, front: &mut impl Front) -> Result<Foreseen> {
    let place = &session.project.place;
    place.check()?;
    let medium = place.medium();
    foreseen::wait_for_others(session, &medium, front).await?;
    let run_id = session.run_id(task.operation());
    let holder = Holder::this_process(session.who.clone(), "plan".to_owned(), None, session.clock.now());
    let (store, mut recorded) = history::open(Overlay::over(medium)?, &holder)?;
    recorded.notes.iter().for_each(|note| front.note(&|| words::history::note(note)));
    let connection = connection::connect(&session.project, &session.access, session.clock).await?;
    say_identities(&connection, front);
    connection.check_accounts(&session.project).await?;
    let has_taken_along = take_along(session, &mut recorded, &connection.target, front)?;
    let locked = Locked::new(session, run_id, connection.cloud, connection.target, store, recorded)?;
    locked.taking_along(has_taken_along).foresee(task, approval, front).await
}

async fn carry_out(
    session: &Session,
    task: Task,
    approval: &Approval,
    front: &mut impl Front,
    signals: watch::Receiver<u32>,
) -> Result<Applied> {
    let waits_for_ever = matches!(task, Task::TakeBack { .. });
    let locked = unless_signalled(&signals, begin(session, task.operation(), waits_for_ever, front)).await?;
    locked.carry_out(task, approval, front, signals).await
}

/// Locks the state, reaches the cloud, checks whose it is, and locks the accounts. What the run rests on is read after
/// that: others may have been at work until then.
async fn begin<'s>(
    session: &'s Session,
    operation: Operation,
    waits_for_ever: bool,
    front: &mut impl Front,
) -> Result<Locked<'s, Cloud, Recorder<Home>>> {
    let run_id = session.run_id(operation);
    let word = if operation == Operation::Rollback { WAY_BACK } else { "apply" };
    let holder = Holder::this_process(session.who.clone(), word.to_owned(), Some(run_id.clone()), session.clock.now());
    // What has to be taken back waits for everybody.
    let deadline = (!waits_for_ever).then(|| Instant::now() + session.lock_timeout);
    let mut waiting = |holder: &Wording| front.note(&|| words::history::waits_for_lock(holder));
    let (store, recorded) = Patience::until(deadline, &mut waiting).open(&session.project.place, &holder).await?;
    recorded.notes.iter().for_each(|note| front.note(&|| words::history::note(note)));
    let reached = async {
        let connection = connection::connect_to_act(&session.project, &session.access, session.clock).await?;
        say_identities(&connection, front);
        let accounts = connection.check_accounts(&session.project).await?;
        let directory = session.lock_dir.as_deref();
        let account = account_lock::locks(directory, &connection.target, &accounts, &connection.reach, holder);
        let mut waiting = |holder: &Wording| front.note(&|| words::history::waits_for_account(holder));
        account_lock::take(&account, deadline, &mut waiting).await?;
        anyhow::Ok((connection, account, accounts))
    };
    let (connection, account, accounts) = unless_taken_over(store.lease(), reached).await?;
    for Neighbour { state, run } in open_runs(session, &connection.target) {
        front.note(&|| words::report::warned(&words::history::open_beside(&run, state.as_str())));
    }
    let held_elsewhere = if operation == Operation::Apply { Held::Refused } else { Held::LeftThere };
    let state = recorded.state_for(&connection.target);
    let left = one_state::take(&session.project, &connection.target, &accounts, state, held_elsewhere).await?;
    let mut recorded = recorded;
    let has_taken_along = take_along(session, &mut recorded, &connection.target, front)?;
    Ok(Locked::new(session, run_id, connection.cloud, connection.target, store, recorded)?
        .taking_along(has_taken_along)
        .leaving(left)
        .speaking_as(connection.principal)
        .keeping(account))
}

fn say_identities(connection: &Connection, front: &mut impl Front) {
    if let Some(Identities { used, passed_over }) = connection.identities() {
        front.identities(&used, &passed_over);
    }
}

/// Adds the records of declared interfaces that only states beside this one have, says whose, and returns whether there are any.
pub(super) fn take_along(
    session: &Session,
    recorded: &mut Recorded,
    target: &Target,
    front: &mut impl Front,
) -> Result<bool> {
    let with = beside::told_with_others(recorded.state_for(target), &session.project, target)?;
    for (name, taken) in &with.taken_along {
        front.note(&|| words::plan::taken_along(name, &taken.addresses));
    }
    let Some(Cow::Owned(mut state)) = with.state else { return Ok(false) };
    if state.lineage.is_empty() {
        state.lineage.clone_from(&session.salt);
    }
    recorded.state = Some(state);
    Ok(true)
}
