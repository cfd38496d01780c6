//! What earlier runs sent and did not see to its end: until a read shows how it ended, it is still on its way.
//!
//! An accepted Deactivate that lagging reads never showed, or one whose answer was lost, may take its link down at any
//! moment, whatever the last read says. So it counts as down in the next run as well, the way back included, and the same
//! call is not sent again beside it.

use std::time::Duration;

use jiff::Timestamp;

use super::machine::time::Now;
use crate::journal::Outcome;
use crate::resource::{Call, RouterInterfaceId, Scope};
use crate::run::StepReason;
use crate::state::{LastAction, READS_LAG, Record, Records};
use crate::uptime::Uptime;

/// For how long an accepted call may still show, from its intent: longer than transitions take and reads lag.
const ACCEPTED: Duration = Duration::from_secs(660);

/// For how long a call without an answer may still arrive: as long as its signature is good.
const SIGNED: Duration = Duration::from_secs(900);

/// A call of an earlier run that was accepted, or may have been, and whose goal nobody saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Where it was sent to.
    pub scope: Scope,
    /// To which interface.
    pub id: RouterInterfaceId,
    /// The call.
    pub call: Call,
    /// When it was sent, or was last looked for, by the wall clock of that time.
    pub at: Timestamp,
    /// The same by the clock of the machine's boot.
    pub uptime: Option<Uptime>,
    /// The API accepted it.
    pub accepted: bool,
    /// What of it has to be reckoned with.
    pub kind: Leftover,
    /// It was seen on its way: how long after `at` a read that shows the status before it tells that it came to nothing.
    pub tells_its_end: Option<Duration>,
}

/// Why a call of an earlier run has to be reckoned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Nobody saw its goal: a read that does ends it.
    OnItsWay,
    /// It is one of two copies: that a read shows its goal tells of the other.
    Straggler,
    /// Its goal was seen, so recently that a read which lags may still show what was before it.
    JustDone,
}

impl Earlier {
    /// Returns for how long from `now` it has to be reckoned with, if no read shows its goal before.
    pub(super) fn remaining(&self, now: Now) -> Duration {
        let most = if self.accepted { ACCEPTED } else { SIGNED };
        most.saturating_sub(self.age(now))
    }

    /// Returns how long ago it was sent: in the same boot of the same machine by its clock, whatever was done to the one on the
    /// wall; else by that one, and nothing if it was set back since, for that proves nothing.
    pub(super) fn age(&self, now: Now) -> Duration {
        let by_boot = self.uptime.as_ref().and_then(|sent| now.boot.uptime()?.since(sent));
        by_boot.unwrap_or_else(|| Duration::try_from(now.wall.duration_since(self.at)).unwrap_or_default())
    }
}

/// Lists what the records say is still on its way, and what was moved so recently that reads may not show it yet.
pub fn unsettled(records: &Records, now: Timestamp, uptime: Option<&Uptime>) -> Vec<Earlier> {
    let is_recent = |action: &LastAction| action.age(now, uptime) < RECENT;
    let of = |record| of_straggler(record).into_iter().chain(of_record(record)).chain(of_done(record, is_recent));
    records.values().flat_map(of).collect()
}

/// What is older than this is shown by any read, whatever a doubt window is.
const RECENT: Duration = Duration::from_secs(600);

/// Who takes down another link of its group, or moves this one back, goes by reads of this one, which may be of the past.
fn of_done(record: &Record, is_recent: impl Fn(&LastAction) -> bool) -> Option<Earlier> {
    let action = record.last_action.as_ref()?;
    let is_there = action.found.as_ref() == Some(action.action.transition().to);
    (is_there && action.outcome.is_some_and(Outcome::is_at_goal) && is_recent(action)).then(|| Earlier {
        scope: record.scope.clone(),
        id: record.id.clone(),
        call: action.action,
        at: action.finished_at,
        uptime: action.uptime.clone(),
        accepted: true,
        kind: Leftover::JustDone,
        tells_its_end: None,
    })
}

fn of_record(record: &Record) -> Option<Earlier> {
    let action = record.open_action()?;
    Some(Earlier {
        scope: record.scope.clone(),
        id: record.id.clone(),
        call: action.action,
        at: action.finished_at.checked_sub(watched(action)).unwrap_or(action.finished_at),
        uptime: action.uptime.as_ref().map(|uptime| uptime.before(watched(action))),
        accepted: action.request_id.is_some(),
        kind: Leftover::OnItsWay,
        tells_its_end: was_seen(action).then(|| watched(action) + READS_LAG.unsigned_abs()),
    })
}

fn of_straggler(record: &Record) -> Option<Earlier> {
    let straggler = record.straggler.as_ref()?;
    Some(Earlier {
        scope: record.scope.clone(),
        id: record.id.clone(),
        call: straggler.action,
        at: straggler.at,
        uptime: straggler.uptime.clone(),
        accepted: false,
        kind: Leftover::Straggler,
        tells_its_end: None,
    })
}

/// Returns whether a read showed it at work.
fn was_seen(action: &LastAction) -> bool {
    action.has_moved_since || action.found.as_ref() == Some(action.action.transition().through)
}

/// Returns for how long before its end it is known to have been on its way. When it was sent may be another process's time, by
/// a clock that was set since; what says that it ended so is the newer.
fn watched(action: &LastAction) -> Duration {
    match action.because {
        Some(StepReason::NotSettled { waited_ms, .. }) => Duration::from_millis(waited_ms),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests;
