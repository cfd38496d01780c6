//! The one implementation of [`Store`]: the formats and the rules of history, over any [`Medium`].

mod look;

use std::collections::BTreeMap;

use super::medium::{Mark, digits_of};
use super::{About, Lease, Medium, Store, StoreError};
use crate::journal::{self, Base, Entry, Journal, LineHash, Replay, Run};
use crate::language::worded;
use crate::resource::Target;
use crate::state::{self, Anchor, RunId, State};

use look::{look, read_state};

pub use look::{Distrusted, Found, distrust, found, misfit, newest_run, past_run};

/// History on a medium.
#[derive(Clone, Debug)]
pub struct Recorder<M> {
    pub(super) medium: M,
    journal: Journal,
    /// Bytes of the journal that are durable.
    length: u64,
    /// What could not be appended; more is not tried.
    unsaved: Option<Vec<u8>>,
    /// The state that is known to be there, so that it need not be read again.
    known: Option<KnownState>,
}

/// A state as it was read or written last.
#[derive(Clone, Debug)]
struct KnownState {
    mark: Mark,
    lineage: String,
    serial: u64,
}

impl KnownState {
    fn of(mark: Mark, state: &State) -> Self {
        Self { mark, lineage: state.lineage.clone(), serial: state.serial }
    }
}

impl<M: Medium> Recorder<M> {
    /// Goes on with what is on a medium that was claimed: a torn end of the journal is cut off.
    ///
    /// # Errors
    /// Bytes that cannot be read, cannot be trusted, or cannot be mended.
    pub fn open(mut medium: M) -> Result<(Self, Found), StoreError> {
        let before = medium.mark()?;
        let (found, mut length) = look(&medium)?;
        let mark = before.filter(|before| medium.mark().is_ok_and(|after| after.as_ref() == Some(before)));
        let known = mark.zip(found.state.as_ref()).map(|(mark, state)| KnownState::of(mark, state));
        if let Some(torn) = found.torn {
            length = torn.good_length as u64;
            medium.mend(length)?;
        }
        Ok((Self { medium, journal: found.journal.clone(), length, unsaved: None, known }, found))
    }

    /// Puts a new journal in the place of one that cannot be trusted, on a medium that was claimed, and returns the name
    /// under which the old one is kept. The new one goes on from the state, without one from what is left of the old
    /// journal, else from the newest run in the archive, with what is left of a run that is open; runs that had ended are
    /// kept.
    ///
    /// # Errors
    /// A write that fails: the old journal is there, or the new one.
    pub fn restart(mut medium: M, target: &Target, lineage: &str) -> Result<(Self, Option<String>), StoreError> {
        let state = read_state(&medium)?.map(|(_, state)| state);
        let state = state.as_ref();
        let bytes = medium.journal()?.unwrap_or_default();
        let kept = if bytes.is_empty() { None } else { Some(medium.keep_aside(&bytes)?) };
        let (journal, length) = (Journal::salvage(&bytes), bytes.len() as u64);
        let (lineage, serial) = match state {
            Some(state) => (state.lineage.clone(), state.serial),
            None => goes_on(&medium, &journal, target)?.unwrap_or((lineage.to_owned(), 0)),
        };
        let mut recorder = Self { medium, journal, length, unsaved: None, known: None };
        let is_ours = |run: &&Run| run.started.lineage == lineage || state.is_none();
        let runs = recorder.replay().runs().iter().filter(is_ours).cloned();
        let (ended, open): (Vec<_>, Vec<_>) = runs.partition(|run| run.folded.is_some());
        recorder.keep_all(&ended)?;
        let mut left = Vec::new();
        for run in open {
            let is_over = run.started.serial < serial || recorder.medium.run(run.id())?.is_some();
            if !is_over && state.and_then(|state| state.last_run.as_ref()) != Some(run.id()) {
                left.push(run);
            }
        }
        let lineage = left.last().map_or(lineage, |run| run.started.lineage.clone());
        let newest = ended.iter().filter_map(|run| run.folded).max().unwrap_or(0).max(serial);
        let head = state.and_then(|state| state.anchor).map(|anchor| anchor.head).unwrap_or_default();
        let base = Base { lineage, target: target.clone(), serial: newest, head };
        recorder.go_on_from(base, LineHash::default(), &left)?;
        Ok((recorder, kept))
    }

    /// Returns the open journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns what it writes onto.
    pub fn medium(&self) -> &M {
        &self.medium
    }

    /// Gives up what it writes onto, with its claim.
    pub fn into_medium(self) -> M {
        self.medium
    }

    /// Brings what an older version wrote into this version's formats, once: the old files are kept aside, ended runs go
    /// into the archive, a run that is not in the state goes on in the new journal. `state` has everything that is in
    /// it; its serial stays.
    ///
    /// # Errors
    /// A write that fails: the old files are what counts, and the next try begins again.
    pub fn upgrade(&mut self, state: Option<&mut State>) -> Result<(), StoreError> {
        self.medium.set_aside()?;
        if self.journal.is_first_version() {
            self.split(state.as_deref())?;
        }
        if let Some(state) = state {
            state.anchor = Some(Anchor { serial: state.serial, head: self.journal.head() });
            self.known = None;
            self.medium.keep_state(state.serial, &state::encode(state))?;
        }
        Ok(())
    }

    fn split(&mut self, state: Option<&State>) -> Result<(), StoreError> {
        let (serial, prev) = (self.replay().last_serial(), self.journal.head());
        let (ended, open): (Vec<_>, Vec<_>) =
            self.replay().runs().iter().cloned().partition(|run| run.folded.is_some());
        let last = ended.last().or(open.last()).map(|run| (run.started.lineage.clone(), run.started.target.clone()));
        let Some((lineage, target)) = last else { return Ok(()) };
        self.keep_all(&ended)?;
        let serial = state.filter(|state| state.lineage == lineage).map_or(serial, |state| serial.max(state.serial));
        self.go_on_from(Base { lineage, target, serial, head: prev }, prev, &open)
    }

    /// Takes ended runs into the archive.
    fn keep_all(&mut self, ended: &[Run]) -> Result<(), StoreError> {
        keep_newest_sent(&mut self.medium, ended)?;
        for runs in ended.chunks(RUNS_AT_ONCE) {
            let runs = runs.iter().map(lines_of).collect::<Result<Vec<_>, StoreError>>()?;
            self.medium.keep_runs(&runs)?;
        }
        Ok(())
    }

    /// Puts a journal that goes on from `base` with these runs in the place of the one that is there.
    fn go_on_from(&mut self, base: Base, prev: LineHash, open: &[Run]) -> Result<(), StoreError> {
        let (mut journal, mut bytes) = Journal::begin(base, prev);
        for run in open {
            bytes.extend(journal.encode(&run.entries()).map_err(bug)?);
        }
        self.replace(journal, &bytes)
    }

    fn replace(&mut self, journal: Journal, bytes: &[u8]) -> Result<(), StoreError> {
        self.medium.replace_journal(self.length, bytes)?;
        self.length = bytes.len() as u64;
        self.journal = journal;
        Ok(())
    }

    /// Returns the lines of entries that are to be appended; after a failed append they are kept with what failed.
    fn next_lines(&mut self, entries: &[Entry]) -> Result<Vec<u8>, StoreError> {
        let lines = self.journal.encode(entries).map_err(bug)?;
        match &mut self.unsaved {
            Some(unsaved) => {
                unsaved.extend(lines);
                Err(self.broken())
            }
            None => Ok(lines),
        }
    }

    /// What was unsaved is durable.
    fn appended(&mut self) {
        self.length += self.unsaved.take().map_or(0, |lines| lines.len() as u64);
    }

    /// Returns lineage and serial of the state that is there: as they are known, where nobody has touched it since.
    fn state_before(&mut self) -> Result<Option<(String, u64)>, StoreError> {
        // Taken out: after a write that fails nobody knows what is there.
        let known = self.known.take();
        let is_there = |known: &KnownState| self.medium.mark().is_ok_and(|now| now.as_ref() == Some(&known.mark));
        if let Some(known) = known.filter(is_there) {
            return Ok(Some((known.lineage, known.serial)));
        }
        Ok(read_state(&self.medium)?.map(|(_, state)| (state.lineage, state.serial)))
    }

    fn broken(&self) -> StoreError {
        StoreError::Broken { path: self.medium.journal_name() }
    }
}

/// Returns the lineage and the newest serial that a history without a state goes on with, if one of `target` is left.
fn goes_on(medium: &impl Medium, journal: &Journal, target: &Target) -> Result<Option<(String, u64)>, StoreError> {
    if let Some((lineage, _)) = journal.origin().filter(|(_, other)| other.is_same_as(target)) {
        return Ok(Some((lineage.to_owned(), journal.replay().last_serial())));
    }
    let newest = newest_run(medium)?.filter(|run| run.started.target.is_same_as(target));
    Ok(newest.map(|run| (run.started.lineage, run.folded.unwrap_or_default())))
}

fn bug(illegal: journal::Illegal) -> StoreError {
    StoreError::Bug(illegal.to_string())
}

/// How many runs are split off between two looks at the disk.
const RUNS_AT_ONCE: usize = 1024;

impl<M: Medium> Store for Recorder<M> {
    fn replay(&self) -> &Replay {
        self.journal.replay()
    }

    fn prepare(&self, steps: usize, state_length: usize) -> Result<(), StoreError> {
        /// A step's lines and its part of the run's first line, with long names and error texts.
        const BYTES_PER_STEP: u64 = 2048;
        self.medium.reserve(self.length, BYTES_PER_STEP * (steps as u64 + 2), 4096 + state_length as u64)
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let lines = self.next_lines(entries)?;
        self.medium.append(self.length, self.unsaved.insert(lines))?;
        self.appended();
        Ok(())
    }

    async fn append_without_blocking(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let lines = self.next_lines(entries)?;
        // Given up before it is answered, this stays: nobody knows how much of it is on disk, so nothing may follow it.
        self.medium.append_without_blocking(self.length, self.unsaved.insert(lines)).await?;
        self.appended();
        Ok(())
    }

    fn commit(&mut self, state: &mut State, expected_serial: u64) -> Result<(), StoreError> {
        if self.unsaved.is_some() {
            return Err(self.broken());
        }
        let before = self.state_before()?;
        let before = before.as_ref().map(|(lineage, serial)| (lineage.as_str(), *serial));
        compare(&self.medium.state_name(), before, state, expected_serial)?;
        let anchor = Anchor { serial: state.serial, head: self.journal.head() };
        let before = state.anchor.replace(anchor);
        let kept = self.medium.keep_state(state.serial, &state::encode(state));
        kept.inspect_err(|_| state.anchor = before)?;
        // The state stands; a mark that cannot be had only costs a read.
        let mark = self.medium.mark().ok().flatten();
        self.known = mark.map(|mark| KnownState::of(mark, state));
        Ok(())
    }

    fn archive(&mut self, state: &State) -> Result<(), StoreError> {
        if self.unsaved.is_some() {
            return Err(self.broken());
        }
        let replay = self.journal.replay();
        if replay.open_run().is_some() || !replay.unfolded().is_empty() {
            return Ok(());
        }
        let head = state.anchor.map_or_else(LineHash::default, |anchor| anchor.head);
        let serial = state.serial.max(replay.last_serial());
        let base = Base { lineage: state.lineage.clone(), target: state.target.clone(), serial, head };
        if !replay.runs().is_empty() {
            keep_what_is_known(&mut self.medium, replay.runs())?;
            let bytes = self.medium.journal()?.unwrap_or_default();
            let is_ours = Journal::decode(&bytes).is_ok_and(|(journal, _)| journal.head() == self.journal.head());
            if !is_ours {
                let detail = worded!("it does not hold what was written here");
                return Err(StoreError::Moved { path: self.medium.journal_name(), detail });
            }
            self.medium.keep_runs(&runs_apart(replay, &bytes)?)?;
        } else if self.journal.base() == Some(&base) {
            return Ok(());
        }
        let (journal, bytes) = Journal::begin(base, self.journal.head());
        self.replace(journal, &bytes)
    }

    fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        run_in(&self.medium, self.replay(), id)
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        newest_sent(&self.medium, self.replay(), digest)
    }

    fn run_ids(&self) -> Result<Vec<RunId>, StoreError> {
        all_ids(&self.medium, self.replay())
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        taken_back_by(&self.medium, self.replay(), id)
    }

    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError> {
        self.medium.word(id, about)
    }

    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.medium.put_word(id, about, bytes)
    }

    fn lease(&self) -> Option<Lease> {
        self.medium.lease()
    }

    fn rescue(&mut self) -> Result<String, StoreError> {
        // Whoever brings them back has to know of which history they are.
        let last = self.journal.give_up().map_err(bug)?;
        let unsaved = self.unsaved.get_or_insert_default();
        unsaved.extend(last);
        self.medium.rescue(unsaved)
    }

    fn unsaved(&self) -> &[u8] {
        self.unsaved.as_deref().unwrap_or_default()
    }
}

/// Takes the runs of a journal apart, each with its lines. A run and its way back stand in each other's lines, so that each
/// is told again.
fn runs_apart(replay: &Replay, bytes: &[u8]) -> Result<Vec<(RunId, Vec<u8>)>, StoreError> {
    if replay.runs().iter().all(|run| run.started.evidence.takes_back.is_empty()) {
        return Ok(journal::runs_in(bytes).into_iter().map(|(id, lines)| (id, lines.to_vec())).collect());
    }
    replay.runs().iter().map(lines_of).collect()
}

fn lines_of(run: &Run) -> Result<(RunId, Vec<u8>), StoreError> {
    Ok((run.id().clone(), journal::encode_run(run).map_err(bug)?))
}

/// Lists the runs that the ways back among `runs` took back whole, each with the one that did.
pub fn taken_back<'r>(runs: impl IntoIterator<Item = &'r Run>) -> impl Iterator<Item = (RunId, RunId)> {
    runs.into_iter()
        .filter(|run| run.took_back_all())
        .flat_map(|run| run.takes_back_all_of().map(|taken| (taken.clone(), run.id().clone())))
}

/// Returns which run took a run back whole, if one has and was not taken back itself.
///
/// # Errors
/// An archive that cannot be read.
pub fn taken_back_by(medium: &impl Medium, replay: &Replay, id: &RunId) -> Result<Option<RunId>, StoreError> {
    let recent: BTreeMap<RunId, RunId> = taken_back(replay.runs()).collect();
    still_taken_back(id, |id| match recent.get(id) {
        Some(by) => Ok(Some(by.clone())),
        None => medium.taken_back_by(id),
    })
}

/// Returns which run took a run back whole, and was not taken back itself; `noted` says of a run which was the last that did,
/// whatever became of that one.
///
/// # Errors
/// Whatever `noted` fails with.
pub fn still_taken_back<E>(id: &RunId, noted: impl Fn(&RunId) -> Result<Option<RunId>, E>) -> Result<Option<RunId>, E> {
    let Some(by) = noted(id)? else { return Ok(None) };
    let (mut stands, mut last) = (true, by.clone());
    // Each is newer than the one before, but where somebody wrote the notes by hand.
    while let Some(next) = noted(&last)?.filter(|next| *next > last) {
        (stands, last) = (!stands, next);
    }
    Ok(stands.then_some(by))
}

/// Notes of ended runs, which stand oldest first, what is found without opening them: which one took which back, and who used a
/// digest last.
///
/// # Errors
/// A write that fails.
pub fn keep_what_is_known(medium: &mut impl Medium, ended: &[Run]) -> Result<(), StoreError> {
    let taken_back: Vec<(RunId, RunId)> = taken_back(ended).collect();
    if !taken_back.is_empty() {
        medium.keep_taken_back(&taken_back)?;
    }
    keep_newest_sent(medium, ended)
}

/// Notes which digests these runs used; they stand oldest first.
fn keep_newest_sent(medium: &mut impl Medium, ended: &[Run]) -> Result<(), StoreError> {
    let mut newest: BTreeMap<&str, &RunId> = BTreeMap::new();
    for run in ended.iter().filter(|run| digits_of(&run.started.digest).is_some() && run.has_sent()) {
        newest.insert(&run.started.digest, run.id());
    }
    let mut news = Vec::new();
    for (digest, id) in newest {
        // A run that is archived once more, after a crash, is not newer than what has run since.
        if medium.newest_sent(digest)?.is_none_or(|known| known < *id) {
            news.push((digest.to_owned(), id.clone()));
        }
    }
    if news.is_empty() { Ok(()) } else { medium.keep_newest_sent(&news) }
}

/// Returns the run with this id, from the journal or from the archive.
///
/// # Errors
/// An archive that cannot be read.
pub fn run_in(medium: &impl Medium, replay: &Replay, id: &RunId) -> Result<Option<Run>, StoreError> {
    match replay.runs().iter().rev().find(|run| run.started.run_id == *id) {
        Some(run) => Ok(Some(run.clone())),
        None => past_run(medium, id),
    }
}

/// Returns the newest run of a plan of this digest that has sent a call, if there is one, where nobody writes.
///
/// # Errors
/// An archive that cannot be read.
pub fn newest_run_of(medium: &impl Medium, replay: &Replay, digest: &str) -> Result<Option<Run>, StoreError> {
    let Some(id) = newest_sent(medium, replay, digest)? else { return Ok(None) };
    let run = run_in(medium, replay, &id)?.ok_or_else(|| StoreError::Damaged {
        path: medium.journal_name(),
        detail: worded!("run {id} has used {digest}, and is not there", id, digest),
        hint: worded!("restore the past runs from a backup"),
    })?;
    Ok(Some(run))
}

fn newest_sent(medium: &impl Medium, replay: &Replay, digest: &str) -> Result<Option<RunId>, StoreError> {
    let is_of_it = |run: &&Run| run.started.digest == digest && run.has_sent();
    match replay.runs().iter().rev().find(is_of_it) {
        Some(run) => Ok(Some(run.id().clone())),
        None => medium.newest_sent(digest),
    }
}

/// Returns the ids of the runs in the archive and in the journal, oldest first.
///
/// # Errors
/// An archive that cannot be listed.
pub fn all_ids(medium: &impl Medium, replay: &Replay) -> Result<Vec<RunId>, StoreError> {
    let mut ids = medium.runs()?;
    ids.extend(replay.runs().iter().map(|run| run.started.run_id.clone()));
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Fails if `after` does not follow the state that is there.
fn compare(name: &str, before: Option<(&str, u64)>, after: &State, expected_serial: u64) -> Result<(), StoreError> {
    if after.serial <= expected_serial {
        return Err(StoreError::Bug(format!("serial {} does not follow serial {expected_serial}", after.serial)));
    }
    let detail = match before {
        Some((lineage, _)) if lineage != after.lineage => worded!("it has another lineage now"),
        Some((_, serial)) if serial != expected_serial => {
            worded!("it has serial {serial} now, and serial {read} was read", serial, read = expected_serial)
        }
        None if expected_serial != 0 => worded!("it is gone, and serial {read} was read", read = expected_serial),
        _ => return Ok(()),
    };
    Err(StoreError::Moved { path: name.to_owned(), detail })
}
