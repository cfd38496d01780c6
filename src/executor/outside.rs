//! What a run is given, what it is asked through, and what it leaves behind.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use super::earlier::Earlier;
use crate::clock::Clock;
use crate::cloud::listing::ScopeRead;
use crate::language::Wording;
use crate::plan::{FloorMember, StepId};
use crate::resource::{Address, LastSeen};
use crate::run::{Event, LastLook, Report};
use crate::store::StoreError;

/// What stands between two waves besides the floors: the check command of the spec.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Gate {
    /// Runs the argument list; `Err` says why the next wave may not begin.
    async fn check(&self, arguments: &[String], timeout: Duration) -> Result<(), String>;

    /// Lets others act on the account while the run pauses.
    fn step_aside(&self) {}

    /// Keeps others from the account again, and waits for whoever is at work on it; `waiting` hears once who that is.
    /// `Err` says why it cannot be done.
    async fn step_back(&self, _waiting: &mut dyn FnMut(&Wording)) -> Result<(), Wording> {
        Ok(())
    }
}

/// The outside of a run.
pub struct Surroundings<'a, C, S, G> {
    /// Where the calls go.
    pub cloud: &'a C,
    /// Where intents and results go.
    pub store: &'a mut S,
    /// What is asked between waves.
    pub gate: &'a G,
    /// The time.
    pub clock: &'a Clock,
    /// How many signals have arrived: the first stops, the second abandons.
    pub signals: watch::Receiver<u32>,
    /// Who listens.
    pub emit: &'a mut dyn FnMut(&Event),
}

/// What a run left behind; its end is decided and recorded by whoever started it.
#[derive(Debug)]
pub struct Ended {
    /// What happened to each step.
    pub report: Report,
    /// What the last look found.
    pub last_look: LastLook,
    /// A signal came before the last look had ended.
    pub interrupted: bool,
    /// A call was left open in the journal: its run must not be ended there.
    pub is_open: bool,
    /// Why something could not be recorded.
    pub unrecorded: Option<StoreError>,
    /// What was read since the plan was made, each interface as it was seen last.
    pub seen: Vec<LastSeen>,
}

/// What is known when a run begins.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the plan was made from, so that what is still young need not be asked for again.
    pub reads: Vec<ScopeRead>,
    /// What earlier runs sent and did not see to its end.
    pub earlier: Vec<Earlier>,
    /// What each interface needs to be up before it comes up.
    pub needs: BTreeMap<Address, Vec<FloorMember>>,
    /// How long each step may be expected to take, as far as is recorded.
    pub expected: BTreeMap<StepId, Duration>,
}
