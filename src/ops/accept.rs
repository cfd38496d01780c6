//! `state accept`: the one way out where a journal cannot be trusted. It is kept aside, what is open is read from the
//! cloud, and the history goes on with the next serial. Nothing is changed in the cloud.

use anyhow::Result;

use crate::history::{self, Restarted};
use crate::journal::Operation;
use crate::render::words;
use crate::store::local::Files;
use crate::store::lock::Holder;
use crate::store::{StoreError, recorder};

use super::connection;
use super::locked::Locked;
use super::session::{Front, Session};

/// What became of a journal.
#[derive(Debug)]
pub enum Accepted {
    /// It fits its state: nothing was changed.
    Nothing,
    /// It was put aside.
    Restarted {
        /// Why it could not be trusted.
        why: StoreError,
        /// Where it is kept; `None` where there was nothing in it.
        kept: Option<String>,
        /// The serial of the state now.
        serial: u64,
    },
}

/// Puts the journal aside if it cannot be trusted, and goes on without it.
///
/// # Errors
/// A state that cannot be trusted, a lock that somebody holds, a cloud that cannot be read, another target.
pub async fn accept(session: &Session, front: &mut impl Front) -> Result<Accepted> {
    let paths = &session.project.paths;
    if recorder::distrust(&Files::new(paths.clone()))?.is_none() {
        return Ok(Accepted::Nothing);
    }
    let connection = connection::connect(&session.project, &session.access, session.clock).await?;
    connection.check_accounts(&session.project).await?;
    let run_id = session.run_id(Operation::Apply);
    let holder = Holder::this_process(session.who.clone(), "state accept".to_owned(), None, session.clock.now());
    let files = Files::new(paths.clone());
    let Some(restarted) = history::restart(files, &holder, &connection.target, &session.salt)? else {
        return Ok(Accepted::Nothing);
    };
    let Restarted { recorder, recorded, why, kept } = restarted;
    recorded.notes.iter().for_each(|note| front.note(&words::history::note(note)));
    let locked = Locked::new(session, run_id, connection.cloud, connection.target, recorder, recorded)?;
    let serial = locked.accept(front).await?;
    Ok(Accepted::Restarted { why, kept, serial })
}
