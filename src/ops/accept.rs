//! `state accept`: the one way out where a state or its journal cannot be trusted. It is kept aside, what is open is read
//! from the cloud, and the history goes on with the next serial. Nothing is changed in the cloud.

use anyhow::Result;

use crate::history::{self, Aside, Restarted};
use crate::journal::Operation;
use crate::language::Wording;
use crate::render::words;
use crate::store::lock::Holder;
use crate::store::{Store as _, recorder};

use super::claim::Patience;
use super::connection;
use super::locked::{Locked, unless_taken_over};
use super::session::{Front, Session};

/// What became of a state and its journal.
#[derive(Debug)]
pub enum Accepted {
    /// They can be trusted and fit each other: nothing was changed.
    Nothing,
    /// The history goes on without what could not be trusted.
    Restarted {
        /// What was put aside.
        aside: Vec<Aside>,
        /// The serial of the state now.
        serial: u64,
    },
}

/// Puts aside what cannot be trusted of state and journal, and goes on without it.
///
/// # Errors
/// A state or a journal of a newer version, a lock that somebody holds, a cloud that cannot be read, another target.
pub async fn accept(session: &Session, front: &mut impl Front) -> Result<Accepted> {
    let place = &session.project.place;
    place.check()?;
    if recorder::distrust(&place.medium())?.is_nothing() {
        return Ok(Accepted::Nothing);
    }
    let connection = connection::connect(&session.project, &session.access, session.clock).await?;
    connection.check_accounts(&session.project).await?;
    let run_id = session.run_id(Operation::Apply);
    let holder = Holder::this_process(session.who.clone(), "state accept".to_owned(), None, session.clock.now());
    let mut waiting = |holder: &Wording| front.note(&|| words::history::waits_for_lock(holder));
    let mut patience = Patience::of(session.lock_timeout, &mut waiting);
    let restart = || history::restart(place.medium(), &holder, &connection.target, &session.salt);
    let Some(restarted) = patience.claimed(place, restart).await? else {
        return Ok(Accepted::Nothing);
    };
    let Restarted { recorder, recorded, aside } = restarted;
    recorded.notes.iter().for_each(|note| front.note(&|| words::history::note(note)));
    let lease = recorder.lease();
    let locked = Locked::new(session, run_id, connection.cloud, connection.target, recorder, recorded)?;
    let serial = unless_taken_over(lease, locked.accept(front)).await?;
    Ok(Accepted::Restarted { aside, serial })
}
