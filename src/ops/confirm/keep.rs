//! Keeping a run: by one record that decides, and of what a way back has left under the lock.

use anyhow::Result;

use crate::calendar::Zone;
use crate::clock::{BootTime, Clock};
use crate::history::confirmation::{self, Confirmation, Decision, Verdict};
use crate::history::{self, Recorded};
use crate::journal::{Outcome, Run};
use crate::language::worded;
use crate::ops::apply;
use crate::ops::failure::Refusal;
use crate::ops::history as past;
use crate::ops::session::Session;
use crate::plan::StepId;
use crate::run::Exit;
use crate::state::RunId;
use crate::store::Place;
use crate::store::lock::Holder;
use crate::store::{About, Medium, Store, StoreError, recorder};

/// Who confirms, or decides that nobody did.
#[derive(Clone, Debug)]
pub struct Confirming {
    /// The id of the confirmation.
    pub id: RunId,
    /// The login name, untrusted text.
    pub by: String,
    /// The time.
    pub clock: Clock,
    /// The zone that times are told in.
    pub zone: Zone,
}

/// What a confirmation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The run is kept.
    Now(RunId),
    /// It was kept before.
    Already(RunId),
    /// What a way back had left of it is kept.
    Rest {
        /// The run.
        run_id: RunId,
        /// Calls of that way back of which nobody has seen how they end: they may still take something back.
        in_doubt: Vec<StepId>,
    },
}

/// Confirms a run; `name` as in `history`.
///
/// # Errors
/// Exit 4 where it is too late, or the run was taken back; exit 1 where it need not be confirmed, or is still at work.
pub fn confirm(place: &Place, name: &str, confirming: &Confirming) -> Result<Confirmed> {
    let recorded = history::read_at(place)?;
    match decide(&place.medium(), &recorded, name, confirming)? {
        Decided::Kept(confirmed) => Ok(confirmed),
        Decided::BegunBack(id) => keep_rest(place, &recorded, id, confirming),
    }
}

/// What a confirmation finds.
#[derive(Debug)]
pub enum Decided {
    /// The run is kept.
    Kept(Confirmed),
    /// A way back of it was begun: what that has left can be kept where none is at work, by [`keep_left`].
    BegunBack(RunId),
}

/// Decides that a run is kept, where nobody has decided otherwise: without a lock, since somebody else may be at work for hours.
///
/// # Errors
/// As [`confirm`].
pub fn decide(medium: &impl Medium, recorded: &Recorded, name: &str, confirming: &Confirming) -> Result<Decided> {
    if name == "last" && history::all_ids(medium, recorded.journal.replay())?.is_empty() {
        let refusal =
            Refusal::new(Exit::Error, worded!("nothing has been applied yet, so there is nothing to confirm"));
        return Err(refusal.hint(worded!("what apply does is recorded beside the spec; -f names another spec")).into());
    }
    let Some(run) = past::standing(medium, recorded, name)? else {
        return Err(Refusal::new(Exit::Moved, worded!("every apply was taken back")).into());
    };
    let id = run.id().clone();
    let noted = Confirmation::read(&id, |id, about| medium.word(id, about))?;
    if noted.kept().is_some() {
        return Ok(Decided::Kept(Confirmed::Already(id)));
    }
    let Some(deadline) = run.deadline() else { return Err(no_need(&run).into()) };
    if is_at_work(&run, recorded) {
        let refusal = Refusal::new(Exit::Error, worded!("run {id} is still at work", id));
        return Err(refusal.hint(worded!("confirm it once it says that it awaits confirmation")).into());
    }
    let by = recorder::taken_back_by(medium, recorded.journal.replay(), &id)?;
    let is_left = recorded.state.as_ref().is_some_and(|state| state.awaiting.iter().any(|left| left.run_id == id));
    if by.is_some() || !is_left {
        return Err(taken_back(&id, by.as_ref()).into());
    }
    if noted.is_begun_back() {
        return Ok(Decided::BegunBack(id));
    }
    if deadline.is_past(confirming.clock.now(), BootTime::now().uptime().as_ref()) {
        let until = confirming.zone.stamp(deadline.until);
        let refusal =
            Refusal::new(Exit::Moved, worded!("too late: run {id} could be confirmed until {until}", id, until));
        let hint = worded!("it is taken back by the next `rictl apply` or `rictl confirm --expired`");
        return Err(refusal.hint(hint).into());
    }
    let word = confirming.decision(Verdict::Kept);
    match confirmation::decide(&id, About::Decision, &word, |id, about, bytes| medium.put_word(id, about, bytes))? {
        None => Ok(Decided::Kept(Confirmed::Now(id))),
        Some(first) if first.decision == Verdict::Kept => Ok(Decided::Kept(Confirmed::Already(id))),
        Some(_) => Err(taken_back(&id, None).into()),
    }
}

impl Confirming {
    /// Returns whoever a session works for, with the id of what they do.
    pub(in crate::ops) fn of(session: &Session, id: RunId) -> Self {
        let zone = session.project.spec.time_zone.clone();
        Self { id, by: session.who.clone(), clock: session.clock, zone }
    }

    /// Words a decision.
    pub(in crate::ops) fn decision(&self, verdict: Verdict) -> Decision {
        let (id, by) = (self.id.clone(), self.by.clone());
        Decision { decision: verdict, id, at: self.clock.now(), by, host: Holder::host_name() }
    }
}

fn is_at_work(run: &Run, recorded: &Recorded) -> bool {
    run.over.is_none() && recorded.running.is_some()
}

fn no_need(run: &Run) -> Refusal {
    let id = run.id();
    match run.started.evidence.confirm_within_ms {
        Some(_) => Refusal::new(Exit::Error, worded!("run {id} changed nothing, so there is nothing to confirm", id)),
        None => Refusal::new(Exit::Error, worded!("run {id} need not be confirmed", id))
            .hint(worded!("`rictl apply --confirm-within DURATION` begins one that has to be")),
    }
}

fn taken_back(id: &RunId, by: Option<&RunId>) -> Refusal {
    let summary = match by {
        Some(by) => worded!("too late: run {id} is taken back by run {by}", id, by),
        None => worded!("too late: run {id} is taken back", id),
    };
    Refusal::new(Exit::Moved, summary)
        .hint(worded!("`rictl history` shows what became of it, `rictl apply --redo` does it again"))
}

/// Keeps what a way back has left, where none is at work.
fn keep_rest(place: &Place, recorded: &Recorded, id: RunId, confirming: &Confirming) -> Result<Confirmed> {
    let open = recorded.journal.replay().open_run();
    let is_going_back = open.is_some_and(|run| run.started.evidence.takes_back.contains(&id));
    if recorded.running.is_some() && is_going_back {
        return Err(taken_back(&id, None).into());
    }
    let now = confirming.clock.now();
    let holder = Holder::this_process(confirming.by.clone(), "confirm".to_owned(), Some(confirming.id.clone()), now);
    // Whoever takes it back holds the lock from before its decision until its end.
    let (store, recorded) = loop {
        match (history::open_at(place, &holder), place.medium().running()?) {
            (Err(StoreError::Locked { .. }), None) => {}
            (Err(StoreError::Locked { .. }), Some(other)) if takes_back(&other, &id, place)? => {
                return Err(taken_back(&id, None).into());
            }
            (opened, _) => break opened?,
        }
    };
    keep_left(&store, &recorded, id, confirming)
}

/// Keeps what a way back has left, for whoever holds the lock; `recorded` is what `store` began with.
///
/// # Errors
/// Exit 4 where nothing is left, or a call of a way back may still do something.
pub fn keep_left(store: &impl Store, recorded: &Recorded, id: RunId, confirming: &Confirming) -> Result<Confirmed> {
    let left = recorded.state.iter().flat_map(|state| &state.awaiting).find(|left| left.run_id == id);
    let Some(left) = left else { return Err(taken_back(&id, None).into()) };
    let back = match dead_way_back(recorded, &id) {
        // It may be on its way back now, whatever anybody says.
        Some(dead) if dead.open_steps().next().is_some() => return Err(in_flight(&id, dead).into()),
        Some(dead) => Some(dead.clone()),
        None => left.left_by.as_ref().map(|by| store.run(by)).transpose()?.flatten(),
    };
    let in_doubt = back.as_ref().map(unsettled).unwrap_or_default();
    let word = confirming.decision(Verdict::Kept);
    let put = |id: &RunId, about: About, bytes: &[u8]| store.put_word(id, about, bytes);
    confirmation::decide(&id, About::Rest, &word, put)?;
    Ok(Confirmed::Rest { run_id: id, in_doubt })
}

/// Returns the way back of a run whose process died, where nobody has closed it yet.
fn dead_way_back<'r>(recorded: &'r Recorded, id: &RunId) -> Option<&'r Run> {
    let mut runs = recorded.journal.replay().runs().iter().rev();
    runs.find(|run| run.over.is_none() && run.started.evidence.takes_back.contains(id))
}

/// Returns the calls of a way back that ended before anybody saw how they end.
fn unsettled(back: &Run) -> Vec<StepId> {
    let is_open = |outcome: Outcome| matches!(outcome, Outcome::Unsettled | Outcome::InDoubt);
    let sent = back.steps().filter(|(_, trace)| trace.may_have_changed_something());
    let open = sent.filter(|(_, trace)| trace.closed.as_ref().is_some_and(|closed| is_open(closed.outcome)));
    open.map(|(step, _)| step.id.clone()).collect()
}

fn in_flight(id: &RunId, back: &Run) -> Refusal {
    let by = back.id();
    let summary =
        worded!("run {id} is being taken back: run {by} died, and what became of its calls is not known yet", id, by);
    let refusal = back.open_steps().fold(Refusal::new(Exit::Moved, summary), |refusal, (step, _)| {
        refusal.cause(worded!("{step} was sent, or may have been", step = step.id))
    });
    refusal.hint(worded!("`rictl confirm --expired` reads what became of them, and finishes it"))
}

/// Returns whether whoever holds the lock is at work on taking a run back: the one that decided so, or another way back.
fn takes_back(holder: &Holder, id: &RunId, place: &Place) -> Result<bool> {
    let files = place.medium();
    let noted = Confirmation::read(id, |id, about| files.word(id, about))?;
    let decided = noted.decision.map(|decision| decision.id);
    Ok(holder.operation == apply::WAY_BACK || (holder.run_id.is_some() && holder.run_id == decided))
}
