//! A history written out as one document and put back: `state pull` and `state push`.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::journal::{Journal, Run, decode_run};
use crate::state::{self, RunId, State};
use crate::store::lock::Holder;
use crate::store::{About, Home, Medium, Place, Recorder, Store as _, StoreError, recorder};

use super::claim::Patience;
use super::failure::{Exit, Refusal};
use super::one_state;
use super::state_transfer::{Own, put};

/// A whole history, as one document: the backup. Approvals are no history, and are not in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Backup {
    /// The version of this document.
    format_version: String,
    /// Where it was.
    from: String,
    /// The state, as it was written.
    state: Option<String>,
    /// The open journal, line by line.
    journal: Vec<String>,
    /// The ended runs, line by line.
    runs: BTreeMap<String, Vec<String>>,
    /// What is noted of runs that had to be confirmed. The first backups do not have it.
    #[serde(default)]
    words: BTreeMap<String, Words>,
}

/// What is noted of one run that had to be confirmed.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Words {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest_kept: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

impl Words {
    fn of(&mut self, about: About) -> &mut Option<String> {
        match about {
            About::Decision => &mut self.decision,
            About::Rest => &mut self.rest_kept,
            About::End => &mut self.end,
        }
    }
}

const ALL_WORDS: [About; 3] = [About::Decision, About::Rest, About::End];

/// The version of a backup.
const FORMAT_VERSION: &str = "1.0";

/// What was put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The serial that is stored now.
    pub serial: u64,
    /// How many ended runs came along, where a backup was given.
    pub runs: Option<usize>,
}

/// Returns the state as it was written.
///
/// # Errors
/// Nothing is recorded; a store that cannot be read.
pub fn state_of(place: &Place) -> Result<Vec<u8>> {
    place.check()?;
    let nothing = || {
        Refusal::new(Exit::Error, format!("nothing is recorded in {}", place.label()))
            .hint("`rictl apply` records what it does; --state names another store")
    };
    Ok(place.medium().state()?.ok_or_else(nothing)?)
}

/// Returns everything that is recorded.
///
/// # Errors
/// A store that cannot be read.
pub fn backup(place: &Place) -> Result<Backup> {
    place.check()?;
    let medium = place.medium();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let lines = |bytes: Vec<u8>| text(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    let Own { mut journal, state } = Own::of(&medium)?;
    // What a crash left of a write was never there.
    if let Ok((_, Some(torn))) = Journal::decode(&journal) {
        journal.truncate(torn.good_length);
    }
    let (mut runs, mut words) = (BTreeMap::new(), BTreeMap::new());
    for id in medium.runs()? {
        let Some(bytes) = medium.run(&id)? else { continue };
        // Nothing is noted of any other.
        if decode_run(&bytes).map_or(true, |run| run.started.evidence.confirm_within_ms.is_some()) {
            let mut noted = Words::default();
            for about in ALL_WORDS {
                *noted.of(about) = medium.word(&id, about)?.map(text);
            }
            words.extend(Some((id.to_string(), noted)).filter(|(_, noted)| *noted != Words::default()));
        }
        runs.insert(id.to_string(), lines(bytes));
    }
    let (journal, state) = (lines(journal), state.map(text));
    Ok(Backup { format_version: FORMAT_VERSION.to_owned(), from: place.label(), state, journal, runs, words })
}

/// Puts a state, or what a backup holds, in the place of what is there.
///
/// # Errors
/// Bytes that are neither, another lineage, a serial that is not above; exit 6 beside a run.
pub async fn push(
    place: &Place,
    bytes: &[u8],
    (who, now): (&str, Timestamp),
    mut patience: Patience<'_>,
) -> Result<Pushed> {
    place.check()?;
    // Read before anything is claimed. A state is no such document.
    let backup = serde_json::from_slice::<Backup>(bytes).ok();
    let given = match &backup {
        Some(backup) => Given::Backup(backup.history()?),
        None => Given::State(Box::new(state::decode(bytes).map_err(|reason| {
            let refusal = Refusal::new(Exit::Error, "what was given is no state").cause(reason.to_string());
            refusal.hint("`rictl state pull` writes one, and with --all a backup, which is taken as well")
        })?)),
    };
    let holder = Holder::this_process(who.to_owned(), "state push".to_owned(), None, now);
    let (store, recorded) = patience.open(place, &holder).await?;
    if let Some(run) = store.replay().open_run() {
        let refusal = Refusal::new(Exit::Locked, format!("run {} has not been closed", run.id()));
        return Err(refusal.hint("run `rictl apply` first: it reads what became of it").into());
    }
    let pushed = match given {
        Given::State(state) => put_state(store, recorded.state.as_ref(), *state)?,
        Given::Backup(history) => put_history(store, recorded.state.as_ref(), &history)?,
    };
    if let Some(Ok(state)) = place.medium().state()?.as_deref().map(state::decode) {
        one_state::tell_whole(place, &state)?;
    }
    Ok(pushed)
}

/// What is to be put back.
enum Given {
    State(Box<State>),
    Backup(History),
}

/// A backup, as bytes that were looked at.
struct History {
    own: Own,
    lineage: String,
    serial: u64,
    runs: Vec<(RunId, Vec<u8>)>,
    words: Vec<(RunId, About, String)>,
}

impl Backup {
    /// Makes sure that it can be put back: that a state and the journal that it rests on are what they were.
    fn history(&self) -> Result<History, Refusal> {
        let refusal = |cause: String| {
            let refusal = Refusal::new(Exit::Error, "the backup cannot be put back").cause(cause);
            refusal.hint("nothing was pushed; `rictl state pull --all` writes one")
        };
        if self.format_version.split('.').next() != FORMAT_VERSION.split('.').next() {
            let (found, own) = (&self.format_version, FORMAT_VERSION);
            return Err(refusal(format!("it has format version {found}, and this rictl reads version {own}")));
        }
        let bytes =
            |lines: &[String]| lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect::<Vec<u8>>();
        let journal = bytes(&self.journal);
        let (decoded, _) = Journal::decode(&journal).map_err(|damaged| refusal(format!("its journal: {damaged}")))?;
        let state = self.state.as_ref().map(|text| state::decode(text.as_bytes())).transpose();
        let state = state.map_err(|reason| refusal(format!("its state: {reason}")))?;
        if let Some(misfit) = state.as_ref().and_then(|state| recorder::misfit(&decoded, state, Some(&journal))) {
            return Err(refusal(format!("its journal: {misfit}")));
        }
        let version = state.map(|state| (state.lineage, state.serial));
        let of_journal = || Some((decoded.origin()?.0.to_owned(), decoded.replay().last_serial()));
        let (lineage, serial) =
            version.or_else(of_journal).ok_or_else(|| refusal("there is no history in it".into()))?;
        let id = |id: &String| RunId(id.as_str().into());
        let words = self.words.iter().flat_map(|(run, words)| {
            let all = [(About::Decision, &words.decision), (About::Rest, &words.rest_kept), (About::End, &words.end)];
            all.into_iter().filter_map(move |(about, word)| Some((id(run), about, word.clone()?)))
        });
        Ok(History {
            words: words.collect(),
            runs: self.runs.iter().map(|(run, lines)| (id(run), bytes(lines))).collect(),
            own: Own { journal, state: self.state.clone().map(String::into_bytes) },
            lineage,
            serial,
        })
    }
}

/// Refuses what is of another history than what is stored, or not newer; returns the stored serial.
fn refuse_older(stored: Option<&State>, lineage: &str, serial: u64) -> Result<u64, Refusal> {
    if let Some(stored) = stored.filter(|stored| stored.lineage != lineage) {
        let refusal = Refusal::new(Exit::Error, "the state is of another history")
            .cause(format!("stored: {}", stored.lineage))
            .cause(format!("given:  {lineage}"));
        return Err(refusal.hint("push it to a name of its own: `state.name`"));
    }
    let known = stored.map_or(0, |stored| stored.serial);
    match stored {
        Some(_) if serial <= known => Err(older(serial, known)),
        _ => Ok(known),
    }
}

fn older(serial: u64, known: u64) -> Refusal {
    let summary = format!("the state has serial {serial}, and serial {known} is stored");
    let stored = if serial == known { "as new" } else { "newer" };
    Refusal::new(Exit::Error, summary).hint(format!("what is stored is {stored}; `rictl state pull` shows it"))
}

fn put_state(mut store: Recorder<Home>, stored: Option<&State>, mut pushed: State) -> Result<Pushed> {
    let known = refuse_older(stored, &pushed.lineage, pushed.serial)?;
    if pushed.serial == 0 {
        return Err(older(0, known).into());
    }
    store.commit(&mut pushed, known)?;
    store.archive(&pushed)?;
    Ok(Pushed { serial: pushed.serial, runs: None })
}

/// Puts a backup back: runs that are there stay, the journal and its state come in the place of those that are there.
fn put_history(mut store: Recorder<Home>, stored: Option<&State>, history: &History) -> Result<Pushed> {
    refuse_older(stored, &history.lineage, history.serial)?;
    if let Some(stored) = stored {
        store.archive(stored)?;
    }
    if let Some(run) = store.replay().runs().last() {
        let refusal = Refusal::new(Exit::Error, format!("run {} is in no state yet", run.id()));
        return Err(refusal.hint("run `rictl apply` first; nothing was pushed").into());
    }
    let mut medium = store.into_medium();
    put_runs(&mut medium, &history.runs)?;
    for (run, about, word) in &history.words {
        medium.put_word(run, *about, word.as_bytes())?;
    }
    let there = Own::of(&medium)?;
    put(&mut medium, &there, &history.own)?;
    Ok(Pushed { serial: history.serial, runs: Some(history.runs.len()) })
}

/// Keeps ended runs, with what is known of them: which one took which back, and who used a digest last.
fn put_runs(medium: &mut Home, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
    /// How many are decoded at a time.
    const AT_ONCE: usize = 100;
    for runs in runs.chunks(AT_ONCE) {
        medium.keep_runs(runs)?;
        // One that cannot be read is put back as it was, and told where it is read.
        let decoded: Vec<Run> = runs.iter().filter_map(|(_, bytes)| decode_run(bytes).ok()).collect();
        recorder::keep_what_is_known(medium, &decoded)?;
    }
    Ok(())
}
