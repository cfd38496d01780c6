//! The state: what was recorded. History, not truth; every command works without it.
//!
//! One record per interface that an apply has seen. [`decode`] sniffs the format version, upgrades older
//! files step by step and refuses newer and damaged ones; [`encode`] writes the current one with a checksum
//! over its content. Which bytes are on which disk is the store's business; who writes which fact, that of `history`.

mod awaiting;
mod codec;
mod durations;
mod guards;
mod records;
mod upgrade;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::{LineHash, Outcome};
use crate::plan::StepId;
use crate::resource::{
    Call, ChangeName, DesiredStatus, GroupName, RequestId, RouterInterfaceId, Scope, Status, Target,
};
use crate::run::StepReason;
use crate::uptime::Uptime;

pub use awaiting::{Awaiting, Touched};
pub use codec::{FORMAT_VERSION, Unreadable, decode, encode, is_remnant, version};
pub use durations::Durations;
pub use guards::{Guards, WindowGuard};
pub use records::{Identity, Records};

/// The state of one spec against one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// Made once per state; a state of another lineage is another history.
    pub lineage: String,
    /// Grows by one with every commit.
    pub serial: u64,
    /// Whose interfaces these are.
    pub target: Target,
    /// The last run folded in from the journal.
    pub last_run: Option<RunId>,
    /// The line of the journal that it rests on; `None` in one that an older version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
    /// The runs that await confirmation, or were not taken back whole, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaiting: Vec<Awaiting>,
    /// The guards of the last apply that ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guards: Option<Guards>,
    /// One record per interface.
    pub interfaces: Records,
}

/// Where in the journal a state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Anchor {
    /// The serial of the commit that wrote this.
    pub serial: u64,
    /// The journal's last line then.
    pub head: LineHash,
}

impl State {
    /// Starts the history `lineage` of `target`: nothing recorded, never committed.
    pub fn new(lineage: impl Into<String>, target: Target) -> Self {
        let (lineage, interfaces) = (lineage.into(), Records::default());
        Self {
            lineage,
            serial: 0,
            target,
            last_run: None,
            anchor: None,
            awaiting: Vec::new(),
            guards: None,
            interfaces,
        }
    }
}

/// What was recorded of one interface. It belongs to the interface, which its id, region and account name; its address
/// is what the spec calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// The status that was last declared and confirmed by a read; `None` if none ever was.
    pub declared: Option<DesiredStatus>,
    /// The change that asked for that; `None` where the entry itself did, or an older version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeName>,
    /// What the last read of an apply said.
    pub observed: Sighting,
    /// The interface was protected when last applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// It was gone from the spec at an apply that ended well: known to whoever declares it again, here or beside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
    /// Its group when last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
    /// How long its last calls took to settle.
    #[serde(default, skip_serializing_if = "Durations::is_empty")]
    pub durations: Durations,
    /// The last mutating call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_action: Option<LastAction>,
    /// A copy of an earlier call whose answer was lost and that may still arrive, whatever was seen since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub straggler: Option<Straggler>,
    /// The apply whose change of it stands: the newest that sent a call to it and was not taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<RunId>,
    /// That a change of it was taken back, while its entry asks for that change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<TakenBack>,
}

/// A copy of a call that may still arrive: its answer was lost, and what was seen since came of another copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Straggler {
    /// The call.
    pub action: Call,
    /// When it had been sent.
    pub at: Timestamp,
    /// The same by a clock that nobody can set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
}

/// A change that was taken back, and what had asked for it: as long as that stands, it is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakenBack {
    /// The run that took it back.
    pub by: RunId,
    /// The run that had made it.
    pub run: RunId,
    /// The digest of the entry of the spec that asked for it.
    pub entry: String,
}

/// A status, and between which times we know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// What Describe said; `None` for an interface that the API said is absent.
    pub status: Option<Status>,
    /// The first read that saw it after one that saw another; of a transition that our own call began, when the API
    /// accepted the call.
    pub since: Timestamp,
    /// The last read that saw it.
    pub at: Timestamp,
    /// No read saw another status before it: since when it is so, nobody knows, and `since` is when it was read first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_the_first: bool,
}

impl Sighting {
    /// Returns what one read at `at` saw.
    pub fn first(status: Option<Status>, at: Timestamp) -> Self {
        Self { status, since: at, at, from_the_first: true }
    }

    /// Returns since when it is so, as far as a read that saw another status proves it. What is on its way was seen to begin by whoever
    /// saw it first.
    pub fn proven_since(&self) -> Option<Timestamp> {
        let is_on_its_way = self.status.as_ref().is_some_and(Status::is_transitional);
        (is_on_its_way || !self.from_the_first).then_some(self.since)
    }

    /// Takes it for seen at `now` at the latest: one of the clocks was wrong that wrote it and that reads it, and what is read
    /// from now on is the newer, whatever they show.
    pub fn keep_from_the_future(&mut self, now: Timestamp) {
        self.since = self.since.min(now);
        self.at = self.at.min(now);
    }

    /// Takes in what a read at `at` saw; the same status again keeps its `since`. A read that is older than what is
    /// known changes nothing. `begun` is when something that we hold proves that this status began, if it does.
    pub fn update(&mut self, status: Option<Status>, at: Timestamp, begun: Option<Timestamp>) {
        if at < self.at {
            return;
        }
        if self.status != status {
            let since = begun.filter(|begun| *begun >= self.at && *begun <= at).unwrap_or(at);
            *self = Self { status, since, at, from_the_first: false };
        }
        self.at = at;
    }
}

/// The last mutating call that was sent for an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastAction {
    /// The run that sent it.
    pub run_id: RunId,
    /// The step it was.
    pub step: StepId,
    /// The call.
    pub action: Call,
    /// The API's id of the answer that accepted it; `None` where none did.
    pub request_id: Option<RequestId>,
    /// When the intent was recorded.
    pub started_at: Timestamp,
    /// When its outcome was.
    pub finished_at: Timestamp,
    /// How it ended; `None` where nobody knows yet.
    pub outcome: Option<Outcome>,
    /// What was read of the interface when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Status>,
    /// Why, where the outcome does not say it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<StepReason>,
    /// When that was by a clock that nobody can set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
    /// Its interface was seen in another status since than it was found in then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_moved_since: bool,
}

/// For how long after an answer a read may show what was before it, where nobody says otherwise: the default of `--doubt-window`
/// (docs/reference/faults.md#doubt).
pub const READS_LAG: SignedDuration = SignedDuration::from_secs(15);

impl Record {
    /// Returns the last call, if nobody saw how it ended and no read has shown that since: it may still be on its way.
    pub fn open_action(&self) -> Option<&LastAction> {
        let action = self.last_action.as_ref().filter(|action| action.is_open())?;
        let way = action.action.transition();
        let status = self.observed.status.as_ref();
        // Another status was seen after it was sent: whatever it did is over. Where it was sent a read that lags shows it too.
        let can_be_believed = self.observed.at.duration_since(action.finished_at) >= READS_LAG;
        let is_over = status == Some(way.to) || (status == Some(way.from) && action.has_moved_since && can_be_believed);
        (!is_over).then_some(action)
    }

    /// Takes in what one read saw, in the order of reading.
    pub fn see(&mut self, status: Option<Status>, at: Timestamp, begun: Option<Timestamp>) {
        let before = self.observed.status.clone();
        self.observed.update(status, at, begun);
        if let Some(action) =
            self.last_action.as_mut().filter(|action| action.is_open() && before != self.observed.status)
        {
            action.has_moved_since = true;
        }
    }
}

impl LastAction {
    /// Returns how long ago it ended: by the clock of the boot where both know it, else by the one on the wall, and nothing where
    /// that was set back since.
    pub fn age(&self, now: Timestamp, uptime: Option<&Uptime>) -> Duration {
        let of_boot = uptime.zip(self.uptime.as_ref()).and_then(|(now, then)| now.since(then));
        of_boot.unwrap_or_else(|| now.duration_since(self.finished_at).try_into().unwrap_or_default())
    }

    /// Returns whether it ended without anybody seeing how.
    pub(crate) fn is_open(&self) -> bool {
        match self.outcome {
            Some(Outcome::InDoubt) => true,
            // It was seen on its way, and then back: somebody else has acted since.
            Some(Outcome::Unsettled) => !matches!(self.because, Some(StepReason::Diverted { .. })),
            // A run is over only when every call that was not refused is closed.
            None | Some(_) => false,
        }
    }
}

/// The id of one run; sorts by time: `20261123T120304.567Z-1a2b3c`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RunId(pub Box<str>);

impl RunId {
    /// Makes the id of what begins at `at`; `salt` keeps it apart from what begins at the same time.
    pub fn made(at: Timestamp, salt: &str) -> Self {
        let time = jiff::fmt::strtime::format("%Y%m%dT%H%M%S", at).expect("the format has only fixed fields");
        Self(format!("{time}.{:03}Z-{salt}", at.subsec_millisecond()).into())
    }

    /// Returns when it was made: when the command began, which may have waited for a `yes` or a lock before the run did. `None` of
    /// an id that says no time.
    pub fn made_at(&self) -> Option<Timestamp> {
        let part = |range: std::ops::Range<usize>| self.0.get(range);
        let (day, clock) = (part(0..8)?, part(9..19)?);
        let [year, month, date] = [day.get(0..4)?, day.get(4..6)?, day.get(6..8)?];
        let [hour, minute, second] = [clock.get(0..2)?, clock.get(2..4)?, clock.get(4..)?];
        format!("{year}-{month}-{date}T{hour}:{minute}:{second}Z").parse().ok()
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}
