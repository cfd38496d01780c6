//! What operators tune of a run.

use std::time::Duration;

use crate::state::READS_LAG;

/// What to do after a step did not reach its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// Start nothing new.
    Stop,
    /// Skip what needs it, go on with the rest.
    Continue,
    /// Start nothing new; the caller then plans the way back.
    Rollback,
}

/// What operators tune.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// At most this many calls unsettled at a time in all, if somebody says so.
    pub parallelism: Option<usize>,
    /// At most this many of each account and region.
    pub per_scope: usize,
    /// The longest time between two reads of a scope with something in flight.
    pub poll_interval: Duration,
    /// How long ago a page may have been asked for that a call rests on when it is sent.
    pub max_read_age: Duration,
    /// How long a step may take to reach its goal, where the spec does not say.
    pub settle_timeout: Duration,
    /// How long a call without an answer is watched before it may be sent again, once.
    pub doubt_window: Duration,
    /// How long a first signal lets what is in flight settle.
    pub interrupt_grace: Duration,
    /// What to do after a failure.
    pub on_error: OnError,
    /// Whether a person says that calls of a dead run cannot arrive any more, where the API would take them however late.
    pub accepts_doubt: bool,
    /// How far in the past calls are signed, so that the API refuses them so much earlier when they are late.
    pub signed_back: Duration,
    /// Whether a wave of a rollout waits for traffic to come back, where the plan says so.
    pub waits_for_traffic: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parallelism: None,
            // As many as the documented quota lets through at once; fewer would leave some of it unused whenever a
            // transition takes longer than ten seconds. What may be down together is for floors and limits to say.
            per_scope: 300,
            poll_interval: Duration::from_secs(2),
            max_read_age: Duration::from_secs(2),
            // Transitions take seconds to tens of seconds; the usual tools give up after 5 to 8 minutes.
            settle_timeout: Duration::from_secs(600),
            doubt_window: READS_LAG.unsigned_abs(),
            interrupt_grace: Duration::from_secs(30),
            on_error: OnError::Continue,
            accepts_doubt: false,
            signed_back: Duration::ZERO,
            waits_for_traffic: true,
        }
    }
}
