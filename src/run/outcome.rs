//! How a run as a whole came out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a run came out (`outcome` of runs in JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything wanted was done, and stood at the last look: exit code 0.
    Complete,
    /// Something was not done, or did not stay: 5, 1, or 130 where a signal asked for the way back.
    Incomplete,
    /// Begun, and nothing was sent: 3 or 4.
    Refused,
    /// A signal came before the last look had ended: 130.
    Interrupted,
    /// Its process died before its end was recorded: no exit code.
    Died,
    /// Done, and waits for `rictl confirm`: no exit code yet.
    AwaitingConfirmation,
    /// Not confirmed in time, or a signal came in the wait: taken back.
    TakenBack,
}
