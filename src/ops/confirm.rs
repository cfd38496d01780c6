//! Commit-confirmed: the wait beside the locks, the confirmation, and what is taken back where none comes.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::calendar::Zone;
use crate::clock::{BootTime, Clock};
use crate::history::{self, Recorded, confirmation};
use crate::journal::{Outcome, Run};
use crate::plan::{Plan, StepId};
use crate::render::words::confirmation as words;
use crate::run::{Exit, Reason, RunEnd};
use crate::state::{Awaiting, RunId};
use crate::store::local::{Files, Paths};
use crate::store::lock::Holder;
use crate::store::{About, Medium as _, Store as _, StoreError, recorder};
use crate::uptime::Uptime;

use super::apply;
use super::failure::Refusal;
use super::history as past;
use super::session::{Applied, Approval, Came, Front, Ran, Session, Task};

use confirmation::{Confirmation, Decision, Verdict};

/// How often it is looked whether somebody has confirmed.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Returns which of these runs nobody has confirmed in time.
pub(super) fn past(awaiting: &[Awaiting], now: Timestamp, uptime: Option<&Uptime>) -> Vec<RunId> {
    let is_past = |awaits: &&Awaiting| awaits.deadline.is_past(now, uptime);
    awaiting.iter().filter(is_past).map(|awaits| awaits.run_id.clone()).collect()
}

/// Lists what awaits confirmation, oldest first, and what was not taken back whole.
///
/// # Errors
/// What is recorded cannot be read.
pub fn awaiting(paths: &Paths) -> Result<Vec<Awaiting>> {
    Ok(history::read_files(paths)?.state.map(|state| state.awaiting).unwrap_or_default())
}

/// Lists the runs that nobody has confirmed in time.
///
/// # Errors
/// As [`awaiting`].
pub fn due(paths: &Paths, now: Timestamp) -> Result<Vec<RunId>> {
    Ok(past(&awaiting(paths)?, now, BootTime::now().uptime().as_ref()))
}

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
pub fn confirm(paths: &Paths, name: &str, confirming: &Confirming) -> Result<Confirmed> {
    let recorded = history::read_files(paths)?;
    let files = Files::new(paths.clone());
    if name == "last" && history::all_ids(&files, recorded.journal.replay())?.is_empty() {
        let refusal = Refusal::new(Exit::Error, "nothing has been applied yet, so there is nothing to confirm");
        return Err(refusal.hint("what apply does is recorded beside the spec; -f names another spec").into());
    }
    let Some(run) = past::standing(&files, &recorded, name)? else {
        return Err(Refusal::new(Exit::Moved, "every apply was taken back").into());
    };
    let id = run.id().clone();
    let noted = Confirmation::read(&id, |id, about| files.word(id, about))?;
    if noted.kept().is_some() {
        return Ok(Confirmed::Already(id));
    }
    let Some(deadline) = run.deadline() else { return Err(no_need(&run).into()) };
    if is_at_work(&run, &recorded) {
        let refusal = Refusal::new(Exit::Error, format!("run {id} is still at work"));
        return Err(refusal.hint("confirm it once it says that it awaits confirmation").into());
    }
    let by = recorder::taken_back_by(&files, recorded.journal.replay(), &id)?;
    let is_left = recorded.state.as_ref().is_some_and(|state| state.awaiting.iter().any(|left| left.run_id == id));
    if by.is_some() || !is_left {
        return Err(taken_back(&id, by.as_ref()).into());
    }
    if noted.is_begun_back() {
        return keep_rest(paths, &recorded, id, confirming);
    }
    if deadline.is_past(confirming.clock.now(), BootTime::now().uptime().as_ref()) {
        let until = confirming.zone.shown(deadline.until);
        let refusal = Refusal::new(Exit::Moved, format!("too late: run {id} could be confirmed until {until}"));
        return Err(refusal.hint("it is taken back by the next `rictl apply` or `rictl confirm --expired`").into());
    }
    let word = confirming.decision(Verdict::Kept);
    match confirmation::decide(&id, About::Decision, &word, |id, about, bytes| files.put_word(id, about, bytes))? {
        None => Ok(Confirmed::Now(id)),
        Some(first) if first.decision == Verdict::Kept => Ok(Confirmed::Already(id)),
        Some(_) => Err(taken_back(&id, None).into()),
    }
}

impl Confirming {
    /// Returns whoever a session works for, with the id of what they do.
    pub(super) fn of(session: &Session, id: RunId) -> Self {
        let zone = session.project.spec.time_zone.clone();
        Self { id, by: session.who.clone(), clock: session.clock, zone }
    }

    /// Words a decision.
    pub(super) fn decision(&self, verdict: Verdict) -> Decision {
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
        Some(_) => Refusal::new(Exit::Error, format!("run {id} changed nothing, so there is nothing to confirm")),
        None => Refusal::new(Exit::Error, format!("run {id} need not be confirmed"))
            .hint("`rictl apply --confirm-within DURATION` begins one that has to be"),
    }
}

fn taken_back(id: &RunId, by: Option<&RunId>) -> Refusal {
    let by = by.map(|by| format!(" by run {by}")).unwrap_or_default();
    let refusal = Refusal::new(Exit::Moved, format!("too late: run {id} is taken back{by}"));
    refusal.hint("`rictl history` shows what became of it, `rictl apply --redo` does it again")
}

/// Keeps what a way back has left, where none is at work.
fn keep_rest(paths: &Paths, recorded: &Recorded, id: RunId, confirming: &Confirming) -> Result<Confirmed> {
    let open = recorded.journal.replay().open_run();
    let is_going_back = open.is_some_and(|run| run.started.evidence.takes_back.contains(&id));
    if recorded.running.is_some() && is_going_back {
        return Err(taken_back(&id, None).into());
    }
    let now = confirming.clock.now();
    let holder = Holder::this_process(confirming.by.clone(), "confirm".to_owned(), Some(confirming.id.clone()), now);
    // Whoever takes it back holds the lock from before its decision until its end.
    let (store, recorded) = loop {
        match (history::open_files(paths.clone(), &holder), Files::new(paths.clone()).running()?) {
            (Err(StoreError::Locked { .. }), None) => {}
            (Err(StoreError::Locked { .. }), Some(other)) if takes_back(&other, &id, paths)? => {
                return Err(taken_back(&id, None).into());
            }
            (opened, _) => break opened?,
        }
    };
    let left = recorded.state.iter().flat_map(|state| &state.awaiting).find(|left| left.run_id == id);
    let Some(left) = left else { return Err(taken_back(&id, None).into()) };
    let back = match dead_way_back(&recorded, &id) {
        // It may be on its way back now, whatever anybody says.
        Some(dead) if dead.open_steps().next().is_some() => return Err(in_flight(&id, dead).into()),
        Some(dead) => Some(dead.clone()),
        None => left.left_by.as_ref().map(|by| store.run(by)).transpose()?.flatten(),
    };
    let in_doubt = back.as_ref().map(unsettled).unwrap_or_default();
    let word = confirming.decision(Verdict::Kept);
    let put = |id: &RunId, about: About, bytes: &[u8]| store.medium().put_word(id, about, bytes);
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
    let summary = format!("run {id} is being taken back: run {by} died, and what became of its calls is not known yet");
    let refusal = back.open_steps().fold(Refusal::new(Exit::Moved, summary), |refusal, (step, _)| {
        refusal.cause(format!("{} was sent, or may have been", step.id))
    });
    refusal.hint("`rictl confirm --expired` reads what became of them, and finishes it")
}

/// Returns whether whoever holds the lock is at work on taking a run back: the one that decided so, or another way back.
fn takes_back(holder: &Holder, id: &RunId, paths: &Paths) -> Result<bool> {
    let files = Files::new(paths.clone());
    let noted = Confirmation::read(id, |id, about| files.word(id, about))?;
    let decided = noted.decision.map(|decision| decision.id);
    Ok(holder.operation == apply::WAY_BACK || (holder.run_id.is_some() && holder.run_id == decided))
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// The run is kept.
    Kept,
    /// Somebody takes it back.
    Back,
    /// Nobody confirmed it in time.
    Silence,
    /// A signal came.
    Signal,
}

/// Waits until a run is confirmed, or takes it back, and ends it: with no lock held while it waits. `again` makes the session of
/// the way back, of the spec of then.
pub async fn see_through(
    mut ran: Ran,
    session: &Session,
    again: impl Fn(&RunId) -> Result<Session>,
    front: &mut impl Front,
    signals: watch::Receiver<u32>,
) -> Ran {
    let Some(awaiting) = ran.awaits.take() else { return ran };
    let files = Files::new(session.project.paths.clone());
    let waited = wait(&files, &awaiting, session, front, signals.clone()).await;
    if waited == Waited::Kept {
        return finish(ran, session, front, |end, at| end.confirmed(at));
    }
    let heard = u32::from(waited == Waited::Signal);
    let rest = after(&signals, heard);
    if waited == Waited::Silence {
        front.note(&words::nobody_confirmed(&awaiting.run_id));
    }
    let came = match again(&awaiting.run_id) {
        Ok(way_back) => take_back(&way_back, &awaiting.run_id, front, rest.clone()).await,
        Err(error) => Err(error),
    };
    let came = match came {
        Ok(came) => came,
        Err(error) => {
            front.note(&words::not_taken_back(&awaiting.run_id, &format!("{error:#}")));
            return left_open(ran, waited == Waited::Signal || *rest.borrow() > 0);
        }
    };
    if matches!(came, Came::Kept) {
        return finish(ran, session, front, |end, at| end.confirmed(at));
    }
    let mut because = Vec::new();
    if waited == Waited::Signal || *rest.borrow() > 0 {
        because.push(Reason::Interrupted);
    }
    if waited == Waited::Silence {
        because.push(Reason::Unconfirmed { until: awaiting.deadline.until });
    }
    let is_whole = came.is_whole();
    let by = match &came {
        Came::Ran(back) => Some(back.report.run_id.clone()),
        Came::Settled | Came::Closed => taken_back_by(&files, &awaiting.run_id),
        Came::Kept | Came::Left(_) => None,
    };
    if is_whole {
        ran.report.taken_back_by.clone_from(&by);
    }
    because.extend(by.map(|by| if is_whole { Reason::TakenBack { by } } else { Reason::LeftOver { by } }));
    match came {
        Came::Ran(back) => {
            ran.report.groups = back.report.groups.clone();
            ran.rollback = Some(back);
        }
        Came::Left(plan) => because.extend(left(*plan)),
        Came::Settled | Came::Closed | Came::Kept => {}
    }
    finish(ran, session, front, |end, at| end.unconfirmed(at, because, is_whole))
}

/// Returns why nothing could be taken back.
fn left(plan: Plan) -> impl Iterator<Item = Reason> {
    plan.failures.into_iter().map(Reason::Unread).chain(plan.blocked.into_iter().map(Reason::Blocked))
}

/// Returns by whom a run was taken back, as far as that can be read.
fn taken_back_by(files: &Files, run_id: &RunId) -> Option<RunId> {
    let recorded = history::read(files).ok()?;
    recorder::taken_back_by(files, recorded.journal.replay(), run_id).ok().flatten()
}

/// Waits beside the locks.
async fn wait(
    files: &Files,
    awaiting: &Awaiting,
    session: &Session,
    front: &mut impl Front,
    mut signals: watch::Receiver<u32>,
) -> Waited {
    let run_id = &awaiting.run_id;
    loop {
        // What cannot be read now may be the next time; the deadline stands.
        if let Ok(noted) = Confirmation::read(run_id, |id, about| files.word(id, about)) {
            if noted.kept().is_some() {
                return Waited::Kept;
            } else if noted.is_begun_back() {
                return Waited::Back;
            }
        }
        if awaiting.deadline.is_past(session.clock.now(), BootTime::now().uptime().as_ref()) {
            return Waited::Silence;
        }
        let listens = signals.has_changed().is_ok();
        tokio::select! {
            biased;
            Ok(_) = signals.wait_for(|count| *count > 0), if listens => return Waited::Signal,
            () = front.confirms() => {
                let confirming = Confirming::of(session, session.way_back_id(3));
                if let Err(error) = confirm(&session.project.paths, &run_id.0, &confirming) {
                    front.note(&format!("{error:#}"));
                }
            }
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

/// Takes back a run that nobody confirmed, however long others are at work.
///
/// # Errors
/// Everything that ends it before the way back begins.
pub async fn take_back(
    session: &Session,
    run_id: &RunId,
    front: &mut impl Front,
    signals: watch::Receiver<u32>,
) -> Result<Came> {
    let task = Task::TakeBack { run_id: run_id.clone() };
    match apply::apply(session, task, Approval::default(), front, signals).await? {
        Applied::TookBack(mut backs) if backs.len() == 1 => Ok(backs.remove(0).came),
        _ => Ok(Came::Settled),
    }
}

/// Returns the signals that come after those that were heard.
fn after(signals: &watch::Receiver<u32>, heard: u32) -> watch::Receiver<u32> {
    let mut signals = signals.clone();
    let (sender, rest) = watch::channel(signals.borrow_and_update().saturating_sub(heard));
    tokio::spawn(async move {
        while signals.changed().await.is_ok() {
            sender.send_replace(signals.borrow_and_update().saturating_sub(heard));
        }
    });
    rest
}

/// Ends a run that has waited, in the records first.
fn finish(
    mut ran: Ran,
    session: &Session,
    front: &mut impl Front,
    end: impl FnOnce(RunEnd, Timestamp) -> RunEnd,
) -> Ran {
    let now = session.clock.now();
    ran.report.end = ran.report.end.take().map(|provisional| end(provisional, now));
    let files = Files::new(session.project.paths.clone());
    if let Some(end) = &mut ran.report.end {
        let put = |id: &RunId, about: About, bytes: &[u8]| files.put_word(id, about, bytes);
        if let Err(error) = confirmation::end(&ran.report.run_id, end, put) {
            unrecorded(end, &error);
        }
    }
    front.end(&ran.plan, &ran.report);
    ran
}

fn unrecorded(end: &mut RunEnd, error: &StoreError) {
    let (error, rescued) = (crate::store::explain(error), Err("it is a note of its own".to_owned()));
    end.reasons.insert(0, Reason::Unrecorded(crate::run::Unrecorded { error, rescued }));
    if end.exit == Exit::Done {
        (end.exit, end.outcome) = (Exit::Partial, crate::run::RunOutcome::Incomplete);
    }
}

/// Leaves a run to whoever takes it back later: it has no end, and this process a code.
fn left_open(mut ran: Ran, is_signalled: bool) -> Ran {
    ran.left = Some(if is_signalled { Exit::Interrupted } else { Exit::Partial });
    ran
}
