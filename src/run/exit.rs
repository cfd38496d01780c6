//! Exit codes: the only digits of them in this project.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a process, or a run, ends for those who look at a number only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "u8", try_from = "u8")]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Error or usage.
    Error = 1,
    /// Changes (`plan --detailed-exitcode`), or drift.
    Changes = 2,
    /// Refused by a guard: floor, cap, protection, what is blocked.
    Refused = 3,
    /// The live cloud, the state or the target moved since the plan.
    Moved = 4,
    /// Something was done or is in doubt, and something was not.
    Partial = 5,
    /// The state is locked.
    Locked = 6,
    /// SIGINT or SIGTERM.
    Interrupted = 130,
}

impl Exit {
    /// Every code, in their order.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Error,
        Self::Changes,
        Self::Refused,
        Self::Moved,
        Self::Partial,
        Self::Locked,
        Self::Interrupted,
    ];

    /// Returns the number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        exit.code()
    }
}

/// A number that is no exit code of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no exit code")]
pub struct NoExit(u8);

impl TryFrom<u8> for Exit {
    type Error = NoExit;

    fn try_from(code: u8) -> Result<Self, NoExit> {
        Self::ALL.into_iter().find(|exit| exit.code() == code).ok_or(NoExit(code))
    }
}
