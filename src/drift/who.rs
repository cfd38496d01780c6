//! Who moved what is not where it was, as the cloud's log of calls has it.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::resource::RequestId;
use crate::state::{Record, RunId};

/// How far back calls are looked for.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How long a call may take to appear in the log.
const LAG: SignedDuration = SignedDuration::from_mins(15);

/// Who moved an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Who {
    /// A run of ours: its RequestId is recorded.
    Run {
        /// Which.
        run: RunId,
    },
    /// Somebody else.
    Somebody(Mover),
}

/// Somebody who moved an interface. Everything is untrusted text of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mover {
    /// The user, or the session of a role; null where the log does not say.
    pub name: Option<String>,
    /// What that is: `ram-user`, `assumed-role`, `root-account`, …
    pub kind: Option<String>,
    /// The call.
    pub event: String,
    /// When it was made, by the cloud's clock.
    pub time: Timestamp,
    /// What it was answered with.
    pub request_id: Option<RequestId>,
    /// It says of itself that it is a rictl: another one, whose records are elsewhere.
    #[serde(skip)]
    pub is_rictl: bool,
}

/// Why nobody knows who moved an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhoUnknown {
    /// The log may not have it yet.
    NotYet,
    /// The log has no call that could have done it.
    NotThere,
    /// The log could not be read.
    Unread,
}

/// Calls that leave a status alone.
const STILL: [&str; 4] = [
    "ModifyRouterInterfaceAttribute",
    "TagResourcesForExpressConnect",
    "UntagResourcesForExpressConnect",
    "ChangeResourceGroup",
];

/// Returns whether a call of this name can have moved an interface.
pub fn can_move(call: &str) -> bool {
    !STILL.contains(&call)
}

/// Returns since when a call can have moved what was seen last as it was before at `seen`: after that, and not too long ago.
pub(super) fn moved_after(seen: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let earliest = now.checked_sub(LOOKS_BACK).unwrap_or(Timestamp::MIN);
    seen.map_or(earliest, |seen| seen.max(earliest))
}

/// Returns why the log has nobody at `now` who moved what is known to be so since then: a call that is known to be older than
/// the log takes should be there.
pub(super) fn nobody(since: Option<Timestamp>, now: Timestamp) -> WhoUnknown {
    match since.is_some_and(|since| now.duration_since(since) > LAG) {
        true => WhoUnknown::NotThere,
        false => WhoUnknown::NotYet,
    }
}

/// Returns when an interface was seen last in another status than the one that is live now, by what is recorded: by a read, or as our
/// own last call left it.
pub(super) fn last_seen_before(record: &Record, has_moved_since: bool) -> Option<Timestamp> {
    if has_moved_since {
        return Some(record.observed.at);
    }
    let own = record.last_action.as_ref().map(|action| action.finished_at);
    own.filter(|own| *own <= record.observed.since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn a_call_is_looked_for_since_the_old_status_was_seen_last_and_ninety_days_back_at_most() {
        let now = minute(1_000_000);
        assert_eq!(moved_after(Some(minute(999_000)), now), minute(999_000));
        let earliest = minute(1_000_000 - 90 * 24 * 60);
        assert_eq!((moved_after(Some(minute(0)), now), moved_after(None, now)), (earliest, earliest));
    }

    #[test]
    fn a_call_may_take_fifteen_minutes_to_appear() {
        let now = minute(100);
        assert_eq!(nobody(Some(minute(85)), now), WhoUnknown::NotYet);
        assert_eq!(nobody(Some(minute(84)), now), WhoUnknown::NotThere);
        assert_eq!(nobody(None, now), WhoUnknown::NotYet, "it may have moved a moment ago");
    }

    #[test]
    fn what_alters_no_status_moves_nothing() {
        assert!(can_move("DeactivateRouterInterface") && can_move("DeleteExpressConnect"));
        assert!(!can_move("ModifyRouterInterfaceAttribute"));
    }
}
