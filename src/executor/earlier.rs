//! What earlier runs sent and did not see to its end: until a read shows how it ended, it is still on its way.
//!
//! An accepted Deactivate that lagging reads never showed, or one whose answer was lost, may take its link down at any
//! moment, whatever the last read says. So it counts as down in the next run as well, the way back included, and the same
//! call is not sent again beside it.

use std::time::Duration;

use jiff::Timestamp;

use crate::journal::Outcome;
use crate::resource::{Call, RouterInterfaceId, Scope};
use crate::run::StepReason;
use crate::state::{LastAction, Record, Records};

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
    /// When it was sent, by the wall, or was last looked for.
    pub at: Timestamp,
    /// The API accepted it.
    pub accepted: bool,
}

impl Earlier {
    /// Returns for how long from `now` it has to be reckoned with, if no read shows its goal before.
    pub(super) fn remaining(&self, now: Timestamp) -> Duration {
        let most = if self.accepted { ACCEPTED } else { SIGNED };
        // A clock that was set back since proves nothing.
        most.saturating_sub(self.age(now))
    }

    /// Returns how long ago it was sent; nothing by a clock that was set back since.
    pub(super) fn age(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.at)).unwrap_or_default()
    }
}

/// Lists what the records say is still on its way.
pub fn unsettled(records: &Records) -> Vec<Earlier> {
    records.values().filter_map(of_record).collect()
}

fn of_record(record: &Record) -> Option<Earlier> {
    let action = record.last_action.as_ref().filter(|action| is_open(action))?;
    let way = action.action.transition();
    let observed = &record.observed;
    let is_unmoved = observed.status.as_ref() == Some(way.from);
    // Another status was seen after it was sent: whatever it did is over.
    if observed.status.as_ref() == Some(way.to) || (is_unmoved && observed.since > action.started_at) {
        return None;
    }
    Some(Earlier {
        scope: record.scope.clone(),
        id: record.id.clone(),
        call: action.action,
        at: sent_at(action),
        accepted: action.request_id.is_some(),
    })
}

/// Returns when it was sent, or was still reckoned with. Its own time may be another process's, by a clock that was set since;
/// what says that it ended so is the newer.
fn sent_at(action: &LastAction) -> Timestamp {
    match action.because {
        Some(StepReason::NotSettled { waited_ms, .. }) => {
            action.finished_at.checked_sub(Duration::from_millis(waited_ms)).unwrap_or(action.finished_at)
        }
        _ => action.finished_at,
    }
}

/// Returns whether a call ended without anybody seeing how.
fn is_open(action: &LastAction) -> bool {
    // It was seen on its way, and then back: somebody else has acted since.
    let is_contradicted = matches!(action.because, Some(StepReason::Diverted { .. }));
    match action.outcome {
        Some(Outcome::InDoubt) => true,
        Some(Outcome::Unsettled) => !is_contradicted,
        // A run is over only when every call that was not refused is closed.
        None | Some(_) => false,
    }
}

#[cfg(test)]
mod tests;
