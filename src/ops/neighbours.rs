//! Other states of the same store, as far as a run has to know of them: two states of one account are kept apart by the account's
//! lock on one host, and by nothing across hosts.

use std::time::Duration;

use crate::clock::BootTime;
use crate::journal::{Journal, Run};
use crate::resource::Target;
use crate::store::place::Far;
use crate::store::remote::{Prefix, StateName};

use super::session::Session;

/// A run of another state that acts on the same account, or was left open there.
pub(super) struct Neighbour {
    /// The state.
    pub(super) state: StateName,
    /// The run.
    pub(super) run: Run,
}

/// Lists the runs that other states of the same store have open on the same account. What cannot be read, or not soon, is passed over:
/// it is a warning, and keeps nobody from anything.
pub(super) fn open_runs(session: &Session, target: &Target) -> Vec<Neighbour> {
    /// A store of hundreds of states is not read to its end.
    const LONGEST: Duration = Duration::from_secs(5);
    /// The claim is kept alive in between.
    const AT_ONCE: usize = 8;
    let Some(Far { store, name, .. }) = session.project.place.far() else { return Vec::new() };
    let others = store.states().unwrap_or_else(|error| {
        tracing::debug!("the other states cannot be listed: {error}");
        Vec::new()
    });
    let others: Vec<StateName> = others.into_iter().filter(|other| other != name).collect();
    let (begun, mut found) = (BootTime::now(), Vec::new());
    for names in others.chunks(AT_ONCE).take_while(|_| begun.elapsed() < LONGEST) {
        let read = store.read_all(names.to_vec()).unwrap_or_default();
        found.extend(names.iter().cloned().zip(read).filter_map(|(state, prefix)| {
            let run = open_run(&prefix.ok()?)?;
            run.started.target.is_same_as(target).then_some(Neighbour { state, run })
        }));
    }
    found
}

fn open_run(prefix: &Prefix) -> Option<Run> {
    let journal = Journal::salvage(prefix.journal.as_deref().unwrap_or_default());
    journal.replay().open_run().cloned()
}
