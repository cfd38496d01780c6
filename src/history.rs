//! History: what is recorded, brought up to now, folded, archived, over any medium.
//!
//! The only writer of records and of what becomes of a run that is over: [`close_runs`] folds it and what was read beside
//! it into the state, commits, and takes it out of the journal into the archive. Reading catches up in memory what a
//! crash left between those steps. It decides nothing about a run's end and sends nothing.

mod catch_up;
pub mod confirmation;
pub mod dossier;
mod fold;
mod note;
mod pace;
mod past;
mod records;
mod standing;

use std::borrow::Cow;

use crate::journal::{Entry, Journal, Outcome, Run};
use crate::language::Wording;
use crate::resource::Target;
use crate::state::State;
use crate::store::local::{Files, LocalStore, Paths};
use crate::store::lock::Holder;
use crate::store::place::{Home, Place, Seen as SeenThere};
use crate::store::recorder::{self, Found, Recorder};
use crate::store::{Medium, Store, StoreError, explain};

pub use fold::fold;
pub use note::Note;
pub use pace::{Pace, expected_durations};
pub use past::{
    Missing, Past, Resolved, answered_with, find, find_in, last, last_standing, last_to_take_back, over_at, past_runs,
    resolved, runs_that_name,
};
pub use records::{Seen, write};

pub use crate::store::recorder::all_ids;

/// What is recorded.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The state, with every run folded in that the journal knows to be over; `None` if there is none, which is
    /// never an error. Its serial is the one on disk; 0 where the file is gone and the runs that are kept tell what was in
    /// it: such a one steers nothing of another target.
    pub state: Option<State>,
    /// The open journal. Runs that ended before are in the archive.
    pub journal: Journal,
    /// Who is at work on it now.
    pub running: Option<Holder>,
    /// What is odd about it.
    pub notes: Vec<Note>,
}

impl Recorded {
    /// Returns the state, but for one that was made anew and is about another target.
    pub fn state_for(&self, target: &Target) -> Option<&State> {
        self.state.as_ref().filter(|state| state.serial > 0 || state.target.is_same_as(target))
    }

    /// Returns the state as the next command that writes will plan from: with what is recorded of runs whose processes died.
    pub fn state_as_closed(&self, target: &Target) -> Option<Cow<'_, State>> {
        self.state_for(target).map(|state| self.closed(state))
    }

    /// Returns the state with what is recorded of runs whose processes died, whosever interfaces it is about.
    pub fn any_state_as_closed(&self) -> Option<Cow<'_, State>> {
        self.state.as_ref().map(|state| self.closed(state))
    }

    fn closed<'s>(&self, state: &'s State) -> Cow<'s, State> {
        let is_dead = |run: &&Run| run.over.is_none() && run.started.lineage == state.lineage;
        let dead: Vec<&Run> = self.journal.replay().runs().iter().filter(is_dead).collect();
        if self.running.is_some() || dead.is_empty() {
            return Cow::Borrowed(state);
        }
        let mut state = state.clone();
        dead.into_iter().for_each(|run| catch_up::take_in_dead(&mut state, run));
        Cow::Owned(state)
    }

    /// Returns the run that whoever holds the lock is at work on; never one that a dead process left.
    pub fn at_work(&self) -> Option<&Run> {
        let holder = self.running.as_ref()?;
        let host = holder.host.as_str();
        self.journal.replay().open_run().filter(|run| {
            let started = &run.started;
            started.pid == holder.pid && started.evidence.host.as_deref().is_none_or(|known| known == host)
        })
    }

    /// Returns the run that a dead process left without an end, unless somebody is at work who will close it.
    pub fn dead_run(&self) -> Option<&Run> {
        self.journal.replay().open_run().filter(|_| self.running.is_none())
    }

    /// Takes the state out, or starts one: it goes on with the lineage of the journal if that has the same target,
    /// and begins `lineage` otherwise.
    pub fn take_state_or_new(&mut self, target: &Target, lineage: String) -> State {
        let known = self.state_for(target).is_some();
        self.state.take().filter(|_| known).unwrap_or_else(|| {
            let goes_on = self.journal.origin().filter(|(_, other)| other.is_same_as(target));
            State::new(goes_on.map_or(lineage, |(lineage, _)| lineage.to_owned()), target.clone())
        })
    }
}

/// Reads what is recorded, without a claim and without writing.
///
/// # Errors
/// Bytes that cannot be read or cannot be trusted.
pub fn read(medium: &impl Medium) -> Result<Recorded, StoreError> {
    let running = medium.running()?;
    let found = recorder::found(medium)?;
    // While somebody is at work, the end of the journal may be a line that is just being written.
    let torn = found.torn.filter(|_| running.is_none());
    let mut recorded = assemble(medium, found, RUNS_ASKED)?;
    recorded.notes.extend(torn.map(|torn| torn_note(medium, torn.torn_length)));
    recorded.running = running;
    if let Some(state) = recorded.state.as_mut().filter(|_| recorded.running.is_none()) {
        let dead = recorded.journal.replay().runs().iter().filter(|run| run.over.is_none());
        for run in dead {
            confirmation::note_open(state, run);
            confirmation::note_begun_back(state, run);
        }
        confirmation::drop_kept(state, |id, about| medium.word(id, about))?;
    }
    Ok(recorded)
}

/// Reads what is recorded in files.
///
/// # Errors
/// As [`read`].
pub fn read_files(paths: &Paths) -> Result<Recorded, StoreError> {
    read(&Files::new(paths.clone()))
}

/// Reads what is recorded at a place.
///
/// # Errors
/// As [`read`]; a state that was moved, or is of another spec.
pub fn read_at(place: &Place) -> Result<Recorded, StoreError> {
    place.check()?;
    let mut recorded = read(&place.medium())?;
    recorded.notes.extend(went_back(place, recorded.state.as_ref()));
    Ok(recorded)
}

/// Says that a place holds less than was seen there before, and remembers what is seen now where that is newer.
fn went_back(place: &Place, state: Option<&State>) -> Option<Note> {
    let known = place.seen();
    let found = state.map_or(0, |state| state.serial);
    let is_behind = known.as_ref().is_some_and(|known| found < known.serial);
    match (known, state) {
        (Some(known), _) if is_behind => Some(Note::WentBack { state: place.label(), found, known: known.serial }),
        (known, Some(state)) if state.serial > 0 => {
            let seen = SeenThere { lineage: state.lineage.clone(), serial: state.serial };
            if known.as_ref() != Some(&seen) {
                place.see(&seen);
            }
            None
        }
        _ => None,
    }
}

/// Claims a medium, or fails at once with [`StoreError::Locked`]; then reads what is recorded, cuts a torn end off the
/// journal, upgrades what an older version wrote and archives what is over. What the notes tell was done under the
/// claim.
///
/// # Errors
/// Bytes that cannot be read or cannot be trusted, and writes that fail.
pub fn open<M: Medium>(mut medium: M, holder: &Holder) -> Result<(Recorder<M>, Recorded), StoreError> {
    let taken_over = medium.claim(holder)?;
    open_claimed(medium, taken_over)
}

/// Does the same on a medium that was claimed, where the claim said this.
///
/// # Errors
/// As [`open`].
pub fn open_claimed<M: Medium>(medium: M, taken_over: Option<Wording>) -> Result<(Recorder<M>, Recorded), StoreError> {
    let (recorder, mut recorded) = bring_up_to_now(medium)?;
    recorded.notes.extend(taken_over.map(Note::TakenOver));
    Ok((recorder, recorded))
}

/// Claims a place, as [`open`].
///
/// # Errors
/// As [`open`]; a state that was moved, or is of another spec.
pub fn open_at(place: &Place, holder: &Holder) -> Result<(Recorder<Home>, Recorded), StoreError> {
    place.check()?;
    let mut medium = place.medium();
    let taken_over = medium.claim(holder)?;
    open_claimed_at(place, medium, taken_over)
}

/// Does the same on a medium of the place that was claimed.
///
/// # Errors
/// As [`open_at`].
pub fn open_claimed_at(
    place: &Place,
    medium: Home,
    taken_over: Option<Wording>,
) -> Result<(Recorder<Home>, Recorded), StoreError> {
    // It may have been moved while somebody waited for it.
    place.refuse_moved()?;
    place.settle()?;
    let (recorder, mut recorded) = open_claimed(medium, taken_over)?;
    recorded.notes.extend(went_back(place, recorded.state.as_ref()));
    Ok((recorder, recorded))
}

/// Reads a medium that was claimed, and does what the last process could not.
fn bring_up_to_now<M: Medium>(medium: M) -> Result<(Recorder<M>, Recorded), StoreError> {
    let (mut recorder, found) = Recorder::open(medium)?;
    let (torn, is_older) = (found.torn, found.is_older_version || found.journal.is_first_version());
    let anchored = found.state.as_ref().and_then(|state| state.anchor);
    let mut recorded = assemble(recorder.medium(), found, usize::MAX)?;
    recorded.notes.extend(torn.map(|torn| torn_note(recorder.medium(), torn.torn_length)));
    if is_older {
        recorder.upgrade(recorded.state.as_mut().filter(|state| state.serial > 0))?;
    } else if let Some(anchor) = anchored.filter(|anchor| recorder.journal().is_in(anchor.head))
        && !recorder.replay().unfolded().is_empty()
    {
        // The last process died between the commit and the line that says so.
        recorder.append(&[Entry::Folded { serial: anchor.serial }])?;
    }
    if let Some(state) = recorded.state.as_ref().filter(|state| state.serial > 0)
        && !recorder.replay().runs().is_empty()
        && let Err(error) = recorder.archive(state)
    {
        recorded.notes.push(not_archived(&error));
    }
    recorded.journal = recorder.journal().clone();
    Ok((recorder, recorded))
}

/// Claims files, as [`open`].
///
/// # Errors
/// As [`open`].
pub fn open_files(paths: Paths, holder: &Holder) -> Result<(LocalStore, Recorded), StoreError> {
    open(Files::new(paths), holder)
}

/// A history that goes on without what could not be trusted.
#[derive(Debug)]
pub struct Restarted<M> {
    /// Where it goes on.
    pub recorder: Recorder<M>,
    /// What is recorded, with what could be read of the old journal.
    pub recorded: Recorded,
    /// What was put aside: the state before the journal.
    pub aside: Vec<Aside>,
}

/// A file that was put aside.
#[derive(Debug)]
pub struct Aside {
    /// Why it could not be trusted.
    pub why: StoreError,
    /// Under which name it is kept; `None` where there was nothing in it.
    pub kept: Option<String>,
}

/// Claims a medium and puts aside what of it cannot be trusted; `None` where everything can. Without its state the history
/// goes on from what the runs tell, as where the state is missing; without its journal with a new one, which goes on from
/// the state, or from what is left of the history of `target`, or begins `lineage`.
///
/// # Errors
/// Bytes of a newer version, and writes that fail.
pub fn restart<M: Medium>(
    mut medium: M,
    holder: &Holder,
    target: &Target,
    lineage: &str,
) -> Result<Option<Restarted<M>>, StoreError> {
    medium.claim(holder)?;
    let distrusted = recorder::distrust(&medium)?;
    if distrusted.is_nothing() {
        return Ok(None);
    }
    let mut aside = Vec::new();
    let is_put_aside = distrusted.state.is_some();
    if let Some(why) = distrusted.state {
        aside.push(Aside { why, kept: medium.put_state_aside()? });
    }
    let (recorder, mut recorded) = match distrusted.journal {
        None => bring_up_to_now(medium)?,
        Some(why) => {
            let (recorder, kept) = Recorder::restart(medium, target, lineage)?;
            aside.push(Aside { why, kept });
            let found = recorder::found(recorder.medium())?;
            let recorded = assemble(recorder.medium(), found, usize::MAX)?;
            (recorder, recorded)
        }
    };
    if is_put_aside {
        recorded.notes.iter_mut().for_each(Note::put_aside);
    }
    Ok(Some(Restarted { recorder, recorded, aside }))
}

/// Folds the runs that are over, and what was read beside each (`seen`, oldest run first), into `state`, commits it once,
/// says so in the journal, and takes the runs out into the archive, but where one leaves something on its way; does nothing if no run waits for that. `state` is the
/// one last read or committed. Returns a warning where the runs are recorded and could not be archived: the next writer
/// does that.
///
/// # Errors
/// A commit that fails: the journal holds the runs, and the next writer folds them in.
pub fn close_runs(store: &mut impl Store, state: &mut State, seen: &[Seen<'_>]) -> Result<Option<Note>, StoreError> {
    let runs = store.replay().unfolded();
    if runs.is_empty() {
        return Ok(None);
    }
    for (number, run) in runs.iter().enumerate() {
        // A run of another history, whose state was taken away, is over and has no place in this one.
        let run = Some(run).filter(|run| run.started.lineage == state.lineage);
        records::write(state, run, seen.get(number));
    }
    let is_on_its_way = runs.iter().any(leaves_something_on_its_way);
    confirmation::drop_kept(state, |id, about| store.word(id, about))?;
    commit_next(store, state)?;
    store.append(&[Entry::Folded { serial: state.serial }])?;
    if is_on_its_way {
        return Ok(None);
    }
    Ok(store.archive(state).err().map(|error| not_archived(&error)))
}

/// Returns whether a call of the run is still to show what becomes of it. Such a run stays in the journal until the next
/// writer: whoever looks there for what was accepted and has not ended finds it.
fn leaves_something_on_its_way(run: &Run) -> bool {
    run.traces.iter().any(|trace| {
        let outcome = trace.closed.as_ref().map(|closed| closed.outcome);
        !trace.attempts.is_empty() && matches!(outcome, Some(Outcome::Unsettled | Outcome::InDoubt))
    })
}

/// Commits a state that was changed without a run, and lets the journal go on from it. Returns a warning where only that
/// failed.
///
/// # Errors
/// A commit that fails: nothing has changed.
pub fn commit(store: &mut impl Store, state: &mut State) -> Result<Option<Note>, StoreError> {
    commit_next(store, state)?;
    Ok(store.archive(state).err().map(|error| not_archived(&error)))
}

/// Makes sure that a state stands which rests on a line of the journal, before a run begins: a journal that is lost in the
/// middle of the very first run is missed by whoever comes next, as it is in any later one.
///
/// # Errors
/// A commit that fails: no run may begin.
pub fn anchor(store: &mut impl Store, state: &mut State) -> Result<Option<Note>, StoreError> {
    if state.serial > 0 && !rests_on_nothing(state) { Ok(None) } else { commit(store, state) }
}

/// Returns whether the state names no line of a journal.
fn rests_on_nothing(state: &State) -> bool {
    state.anchor.is_none_or(|anchor| anchor.head.is_of_nothing())
}

/// Commits the state under the next serial that nobody has used: a state that was lost or restored from a copy is older
/// than its journal.
fn commit_next(store: &mut impl Store, state: &mut State) -> Result<(), StoreError> {
    let mut told = store.replay().last_serial();
    if state.serial == 0 && told == 0 {
        // The journal was lost too; what was archived tells.
        let newest = store.run_ids()?.pop().map(|id| store.run(&id)).transpose()?.flatten();
        told = newest.and_then(|run| run.folded).unwrap_or(0);
    }
    if rests_on_nothing(state) && store.replay().runs().is_empty() {
        // A state rests on a line, so that a journal that is emptied later is missed.
        store.archive(state)?;
    }
    let expected = state.serial;
    state.serial = expected.max(told) + 1;
    store.commit(state, expected).inspect_err(|_| state.serial = expected)
}

/// How many past runs a reader asks for what a lost state said; a writer asks all, since it writes the state anew.
const RUNS_ASKED: usize = 100;

fn assemble(medium: &impl Medium, found: Found, runs_asked: usize) -> Result<Recorded, StoreError> {
    let Found { journal, state, .. } = found;
    let mut recorded = Recorded { journal, state, ..Recorded::default() };
    match &mut recorded.state {
        Some(state) => recorded.notes.extend(catch_up::catch_up(state, &recorded.journal, medium)?),
        None if recorded.journal.replay().last_serial() > 0 || medium.has_backup() || !medium.runs()?.is_empty() => {
            let backup = medium.has_backup().then(|| medium.backup_name());
            recorded.state = catch_up::rebuild(&recorded.journal, medium, runs_asked)?;
            let records = recorded.state.as_ref().map_or(0, |state| state.interfaces.len());
            recorded.notes.push(Note::StateMissing { state: medium.state_name(), backup, records });
        }
        None => {}
    }
    if let Some(state) = &mut recorded.state {
        confirmation::drop_kept(state, |id, about| medium.word(id, about))?;
    }
    Ok(recorded)
}

fn torn_note(medium: &impl Medium, bytes: usize) -> Note {
    Note::TornEnd { journal: medium.journal_name(), bytes }
}

fn not_archived(error: &StoreError) -> Note {
    Note::NotArchived { error: explain(error) }
}
