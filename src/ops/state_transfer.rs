//! A whole history taken elsewhere: `state move`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;

use crate::journal::{Journal, decode_run};
use crate::state::{self, RunId};
use crate::store::lock::Holder;
use crate::store::place::Moved;
use crate::store::{About, Home, Medium, Place, StoreError};

use super::claim::Patience;
use super::failure::{Exit, Refusal};
use super::one_state;

/// What was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many ended runs.
    pub runs: usize,
    /// How many approvals that wait.
    pub approvals: usize,
}

/// Copies state, open journal, runs, what is noted of them and approvals, under claims on both; killed half-way, the source
/// counts, and the same command goes on. Where the state once was it may come back to: what it left there is older.
///
/// # Errors
/// A target that has another history, or a newer one; a source that has none, an open run, a claim that somebody holds.
pub async fn take(
    from: &Place,
    to: &Place,
    (who, now): (&str, Timestamp),
    mut patience: Patience<'_>,
) -> Result<Taken> {
    if from.label() == to.label() {
        let refusal = Refusal::new(Exit::Error, format!("the state is in {} already", to.label()));
        return Err(refusal.hint("name the place to take a history from with --state; nothing was moved").into());
    }
    // Made for each: a claim's id is of one claim.
    let holder = || Holder::this_process(who.to_owned(), "state move".to_owned(), None, now);
    let (mut source, mut target) = (from.medium(), to.medium());
    if has_all_but_come_back(from, to)? {
        let mover = holder();
        patience.claimed(to, || target.claim(&mover)).await?;
        to.come_back(now)?;
        return Ok(Taken { runs: target.runs()?.len(), approvals: to.approvals()?.len() });
    }
    from.check()?;
    to.refuse_foreign()?;
    let mover = holder();
    patience.claimed(from, || source.claim(&mover)).await?;
    let own = Own::of(&source)?;
    let runs = source.runs()?;
    if own.is_nothing() && runs.is_empty() {
        return Err(refuse_nothing(from, to, &target)?.into());
    }
    refuse_open_run(&source, &own.journal)?;
    let mover = holder();
    patience.claimed(to, || target.claim(&mover)).await?;
    let comes_back = to.moved()?.is_some();
    to.settle()?;
    let there = Own::of(&target)?;
    if comes_back {
        refuse_to_replace(&there, &own, to)?;
    } else if there.state.is_some() || (!there.journal.is_empty() && there.journal != own.journal) {
        let refusal = Refusal::new(Exit::Error, format!("{} has a history already", to.label()));
        return Err(refusal.hint("give the spec another `state.name`; nothing was moved").into());
    }
    copy_runs(&source, &mut target, &runs)?;
    let approvals = copy_approvals(from, to, comes_back)?;
    put(&mut target, &there, &own)?;
    if let Some(Ok(state)) = own.state.as_deref().map(state::decode) {
        one_state::tell_whole(to, &state)?;
    }
    from.leave(Moved { to: to.label(), address: Some(to.address()), at: now })?;
    if comes_back {
        to.come_back(now)?;
    }
    Ok(Taken { runs: runs.len(), approvals })
}

/// Refuses to take a history from where none is. Whoever comes second to a store finds it there.
fn refuse_nothing(from: &Place, to: &Place, target: &Home) -> Result<Refusal, StoreError> {
    let refusal = Refusal::new(Exit::Error, format!("nothing is recorded in {}", from.label()));
    Ok(if Own::of(target)?.is_nothing() {
        refusal.hint("name the store that has the state with --state; nothing was moved")
    } else {
        refusal.hint(format!("the state is in {} already; nothing was moved", to.label()))
    })
}

/// Returns whether a move back was killed once everything was copied: each end says that the state is at the other, and the one
/// that it came from said so last.
fn has_all_but_come_back(from: &Place, to: &Place) -> Result<bool> {
    let Some(left) = from.moved()?.filter(|left| left.to == to.label()) else { return Ok(false) };
    Ok(to.moved()?.is_some_and(|before| before.to == from.label() && before.at < left.at))
}

/// What a medium holds besides ended runs, as bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) journal: Vec<u8>,
    pub(super) state: Option<Vec<u8>>,
}

impl Own {
    /// Reads a medium: the journal first, so that it shows every run that the state lacks.
    pub(super) fn of(medium: &impl Medium) -> Result<Self, StoreError> {
        Ok(Self { journal: medium.journal()?.unwrap_or_default(), state: medium.state()? })
    }

    fn is_nothing(&self) -> bool {
        self.state.is_none() && self.journal.is_empty()
    }

    /// Returns the lineage and the newest serial of its history, as far as they can be read.
    fn version(&self) -> Option<(String, u64)> {
        let journal = || {
            let (journal, _) = Journal::decode(&self.journal).ok()?;
            Some((journal.origin()?.0.to_owned(), journal.replay().last_serial()))
        };
        match &self.state {
            Some(state) => state::decode(state).ok().map(|state| (state.lineage, state.serial)),
            None => journal(),
        }
    }
}

/// Refuses to put a history in the place of what it did not come from.
fn refuse_to_replace(there: &Own, own: &Own, to: &Place) -> Result<(), Refusal> {
    if there.is_nothing() {
        return Ok(());
    }
    let refusal = |summary: String| {
        Refusal::new(Exit::Error, summary).hint("give the spec another `state.name`; nothing was moved")
    };
    match (there.version(), own.version()) {
        (Some((lineage, _)), Some((own, _))) if lineage != own => {
            Err(refusal(format!("another history was moved away from {}", to.label()))
                .cause(format!("there: {lineage}")))
        }
        (Some((_, serial)), Some((_, own))) if own < serial => {
            Err(refusal(format!("{} was left with serial {serial}, and serial {own} is older", to.label())))
        }
        (Some(_), Some(_)) => Ok(()),
        _ => Err(refusal(format!("what was left in {} cannot be read", to.label()))),
    }
}

/// Puts journal and state in the place of those that are there.
pub(super) fn put(target: &mut Home, there: &Own, own: &Own) -> Result<(), StoreError> {
    if there.journal.is_empty() && !own.journal.is_empty() {
        target.append(0, &own.journal)?;
    } else if there.journal != own.journal {
        target.replace_journal(there.journal.len() as u64, &own.journal)?;
    }
    if let Some(state) = own.state.as_ref().filter(|state| there.state.as_ref() != Some(state)) {
        let serial = state::decode(state).map_or(0, |state| state.serial);
        target.keep_state(serial, state)?;
    }
    Ok(())
}

fn refuse_open_run(source: &Home, journal: &[u8]) -> Result<()> {
    let unreadable = |detail: String| {
        let hint = "`rictl state accept` goes on without it".into();
        StoreError::Damaged { path: source.journal_name(), detail: detail.into(), hint }
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

/// Copies the approvals that wait. Where the state comes back, what still waits there alone was over elsewhere.
fn copy_approvals(from: &Place, to: &Place, comes_back: bool) -> Result<usize> {
    let mut copied = BTreeSet::new();
    for (name, bytes) in from.approvals()? {
        match to.keep_approval(&name, &bytes?) {
            // Copied by a move that was killed, or before the state was moved away.
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            kept => kept?,
        }
        copied.insert(name);
    }
    let left = if comes_back { to.approvals()? } else { Vec::new() };
    for (name, _) in left.into_iter().filter(|(name, _)| !copied.contains(name)) {
        to.put_approval_by(&name)?;
    }
    Ok(copied.len())
}
