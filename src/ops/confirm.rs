//! Commit-confirmed: the wait beside the locks, the confirmation, and what is taken back where none comes.

mod keep;

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::BootTime;
use crate::history::{self, confirmation};
use crate::language::{Wording, worded};
use crate::plan::Plan;
use crate::render::words::confirmation as words;
use crate::run::{Exit, Reason, RunEnd};
use crate::state::{Awaiting, RunId};
use crate::store::{About, Home, Medium as _, Place, StoreError, recorder};
use crate::uptime::Uptime;

use super::apply;
use super::session::{Applied, Approval, Came, Front, Ran, Session, Task};

use confirmation::Confirmation;

pub use keep::{Confirmed, Confirming, Decided, confirm, decide, keep_left};

/// How often it is looked whether somebody has confirmed.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Returns which of these runs nobody has confirmed in time.
pub(super) fn past(awaiting: &[Awaiting], now: Timestamp, uptime: Option<&Uptime>) -> Vec<RunId> {
    awaiting.iter().filter(|awaits| awaits.is_due(now, uptime)).map(|awaits| awaits.run_id.clone()).collect()
}

/// Lists what awaits confirmation, oldest first, and what was not taken back whole.
///
/// # Errors
/// What is recorded cannot be read.
pub fn awaiting(place: &Place) -> Result<Vec<Awaiting>> {
    Ok(history::read_at(place)?.state.map(|state| state.awaiting).unwrap_or_default())
}

/// Lists the runs that nobody has confirmed in time.
///
/// # Errors
/// As [`awaiting`].
pub fn due(place: &Place, now: Timestamp) -> Result<Vec<RunId>> {
    Ok(past(&awaiting(place)?, now, BootTime::now().uptime().as_ref()))
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
    let files = session.project.place.medium();
    let waited = wait(&files, &awaiting, session, front, signals.clone()).await;
    if waited == Waited::Kept {
        return finish(ran, session, front, |end, at| end.confirmed(at));
    }
    let heard = u32::from(waited == Waited::Signal);
    let rest = after(&signals, heard);
    if waited == Waited::Silence {
        front.note(&|| words::nobody_confirmed(&awaiting.run_id));
    }
    let came = match again(&awaiting.run_id) {
        Ok(way_back) => take_back(&way_back, &awaiting.run_id, front, rest.clone()).await,
        Err(error) => Err(error),
    };
    let came = match came {
        Ok(came) => came,
        Err(error) => {
            front.note(&|| words::not_taken_back(&awaiting.run_id, &format!("{error:#}")));
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
        Came::Kept | Came::Left(_) | Came::Unbegun(_) => None,
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
        Came::Settled | Came::Closed | Came::Kept | Came::Unbegun(_) => {}
    }
    finish(ran, session, front, |end, at| end.unconfirmed(at, because, is_whole))
}

/// Returns why nothing could be taken back.
fn left(plan: Plan) -> impl Iterator<Item = Reason> {
    plan.failures.into_iter().map(Reason::Unread).chain(plan.blocked.into_iter().map(Reason::Blocked))
}

/// Returns by whom a run was taken back, as far as that can be read.
fn taken_back_by(files: &Home, run_id: &RunId) -> Option<RunId> {
    let recorded = history::read(files).ok()?;
    recorder::taken_back_by(files, recorded.journal.replay(), run_id).ok().flatten()
}

/// Waits beside the locks.
async fn wait(
    files: &Home,
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
                if let Err(error) = confirm(&session.project.place, &run_id.0, &confirming) {
                    front.note(&|| format!("{error:#}"));
                }
            }
            () = tokio::time::sleep(LOOK_INTERVAL.max(session.project.place.interval())) => {}
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
    let files = session.project.place.medium();
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
    let error = Wording::new(|| crate::store::explain(error));
    let rescued = Err(worded!("it is a note of its own"));
    end.reasons.insert(0, Reason::Unrecorded(crate::run::Unrecorded { error, rescued, taken_over: false }));
    if end.exit == Exit::Done {
        (end.exit, end.outcome) = (Exit::Partial, crate::run::RunOutcome::Incomplete);
    }
}

/// Leaves a run to whoever takes it back later: it has no end, and this process a code.
fn left_open(mut ran: Ran, is_signalled: bool) -> Ran {
    ran.left = Some(if is_signalled { Exit::Interrupted } else { Exit::Partial });
    ran
}
