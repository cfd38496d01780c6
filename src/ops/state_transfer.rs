//! A whole history taken elsewhere: `state move`, `state pull` and `state push`.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::history;
use crate::journal::{Journal, decode_run};
use crate::state::{self, RunId, State};
use crate::store::lock::Holder;
use crate::store::place::Moved;
use crate::store::{About, Home, Medium, Place, Store as _, StoreError};

use super::failure::{Exit, Refusal};

/// What was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many ended runs.
    pub runs: usize,
    /// How many approvals that wait.
    pub approvals: usize,
}

/// Copies state, open journal, runs, what is noted of them and approvals, under claims on both; killed half-way, the source
/// counts, and the same command goes on.
///
/// # Errors
/// A target that has a history, a source that has none, an open run, a claim that somebody holds.
pub fn take(from: &Place, to: &Place, who: &str, now: Timestamp) -> Result<Taken> {
    if from.label() == to.label() {
        return Err(Refusal::new(Exit::Error, format!("the state is in {} already", to.label())).into());
    }
    from.check()?;
    to.check()?;
    let holder = |what: &str| Holder::this_process(who.to_owned(), what.to_owned(), None, now);
    let (mut source, mut target) = (from.medium(), to.medium());
    source.claim(&holder("state move"))?;
    let (journal, state) = (source.journal()?.unwrap_or_default(), source.state()?);
    let runs = source.runs()?;
    if state.is_none() && journal.is_empty() && runs.is_empty() {
        let refusal = Refusal::new(Exit::Error, format!("nothing is recorded in {}", from.label()));
        return Err(refusal.hint("name the store that has the state with --state; nothing was moved").into());
    }
    refuse_open_run(&source, &journal)?;
    target.claim(&holder("state move"))?;
    to.settle()?;
    let there = target.journal()?.unwrap_or_default();
    if target.state()?.is_some() || (!there.is_empty() && there != journal) {
        let refusal = Refusal::new(Exit::Error, format!("{} has a history already", to.label()));
        return Err(refusal.hint("give the spec another `state.name`; nothing was moved").into());
    }
    copy_runs(&source, &mut target, &runs)?;
    let approvals = copy_approvals(from, to)?;
    if there.is_empty() && !journal.is_empty() {
        target.append(0, &journal)?;
    }
    if let Some(state) = state {
        let serial = state::decode(&state).map_or(0, |state| state.serial);
        target.keep_state(serial, &state)?;
    }
    from.leave(&Moved { to: to.label(), at: now })?;
    Ok(Taken { runs: runs.len(), approvals })
}

fn refuse_open_run(source: &Home, journal: &[u8]) -> Result<()> {
    let unreadable = |detail: String| {
        let hint = "`rictl state accept` goes on without it".to_owned();
        StoreError::Damaged { path: source.journal_name(), detail, hint }
    };
    let (journal, _) = Journal::decode(journal).map_err(|damaged| unreadable(damaged.to_string()))?;
    if let Some(run) = journal.replay().open_run() {
        let refusal = Refusal::new(Exit::Error, format!("run {} has not been closed", run.id()));
        return Err(refusal.hint("run `rictl apply` first: it reads what became of it; nothing was moved").into());
    }
    Ok(())
}

/// Copies ended runs with what is noted of them. What is there already stays.
fn copy_runs(source: &Home, target: &mut Home, runs: &[RunId]) -> Result<()> {
    /// How many are held at a time.
    const AT_ONCE: usize = 100;
    let mut sent: BTreeMap<String, RunId> = BTreeMap::new();
    for ids in runs.chunks(AT_ONCE) {
        let (mut copied, mut taken_back) = (Vec::new(), Vec::new());
        for id in ids {
            let Some(bytes) = source.run(id)? else { continue };
            if let Ok(run) = decode_run(&bytes)
                && let Some(newest) = source.newest_sent(&run.started.digest)?
            {
                sent.insert(run.started.digest.clone(), newest);
            }
            for about in [About::Decision, About::Rest, About::End] {
                if let Some(word) = source.word(id, about)? {
                    target.put_word(id, about, &word)?;
                }
            }
            taken_back.extend(source.taken_back_by(id)?.map(|by| (id.clone(), by)));
            copied.push((id.clone(), bytes));
        }
        target.keep_runs(&copied)?;
        if !taken_back.is_empty() {
            target.keep_taken_back(&taken_back)?;
        }
    }
    let sent: Vec<(String, RunId)> = sent.into_iter().collect();
    if sent.is_empty() { Ok(()) } else { Ok(target.keep_newest_sent(&sent)?) }
}

fn copy_approvals(from: &Place, to: &Place) -> Result<usize> {
    let mut copied = 0;
    for (name, bytes) in from.approvals()? {
        match to.keep_approval(&name, &bytes?) {
            // Copied by a move that was killed.
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            kept => kept?,
        }
        copied += 1;
    }
    Ok(copied)
}

/// A whole history, as one document: the backup.
#[derive(Debug, Serialize)]
pub struct Backup {
    /// The version of this document.
    pub format_version: &'static str,
    /// Where it was.
    pub from: String,
    /// The state, as it was written.
    pub state: Option<String>,
    /// The open journal, line by line.
    pub journal: Vec<String>,
    /// The ended runs, line by line.
    pub runs: BTreeMap<String, Vec<String>>,
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
    let lines = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    // In this order the journal shows every run that the state lacks.
    let journal = medium.journal()?.map(lines).unwrap_or_default();
    let state = medium.state()?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut runs = BTreeMap::new();
    for id in medium.runs()? {
        runs.extend(medium.run(&id)?.map(|bytes| (id.to_string(), lines(bytes))));
    }
    Ok(Backup { format_version: "1.0", from: place.label(), state, journal, runs })
}

/// Puts a state in the place of the one that is there; returns its serial.
///
/// # Errors
/// Bytes that are no state, another lineage, a serial that is not above; exit 6 beside a run.
pub fn push(place: &Place, bytes: &[u8], who: &str, now: Timestamp) -> Result<u64> {
    let mut pushed: State = state::decode(bytes).map_err(|reason| {
        let refusal = Refusal::new(Exit::Error, "what was given is no state").cause(reason.to_string());
        refusal.hint("`rictl state pull` writes one")
    })?;
    let holder = Holder::this_process(who.to_owned(), "state push".to_owned(), None, now);
    let (mut store, recorded) = history::open_at(place, &holder)?;
    if let Some(run) = store.replay().open_run() {
        let refusal = Refusal::new(Exit::Locked, format!("run {} has not been closed", run.id()));
        return Err(refusal.hint("run `rictl apply` first: it reads what became of it").into());
    }
    let stored = recorded.state.as_ref();
    if let Some(stored) = stored.filter(|stored| stored.lineage != pushed.lineage) {
        let refusal = Refusal::new(Exit::Error, "the state is of another history")
            .cause(format!("stored: {}", stored.lineage))
            .cause(format!("given:  {}", pushed.lineage));
        return Err(refusal.hint("push it to a name of its own: `state.name`").into());
    }
    let serial = stored.map_or(0, |stored| stored.serial);
    if pushed.serial <= serial {
        let summary = format!("the state has serial {}, and serial {serial} is stored", pushed.serial);
        return Err(Refusal::new(Exit::Error, summary)
            .hint("what is stored is newer; `rictl state pull` shows it")
            .into());
    }
    store.commit(&mut pushed, serial)?;
    store.archive(&pushed)?;
    Ok(pushed.serial)
}
