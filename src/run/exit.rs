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

    /// Returns which of two codes a process ends with that did two things: the first that holds of 130, 5, 3, 4, 6, 1, 2, 0.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        const WORST_FIRST: [Exit; 8] = [
            Exit::Interrupted,
            Exit::Partial,
            Exit::Refused,
            Exit::Moved,
            Exit::Locked,
            Exit::Error,
            Exit::Changes,
            Exit::Done,
        ];
        WORST_FIRST.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(self)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_codes_what_was_half_done_comes_first_and_a_guard_before_what_moved() {
        assert_eq!(Exit::Done.worse(Exit::Moved), Exit::Moved);
        assert_eq!(Exit::Moved.worse(Exit::Refused), Exit::Refused);
        assert_eq!(Exit::Partial.worse(Exit::Refused), Exit::Partial);
        assert_eq!(Exit::Error.worse(Exit::Done), Exit::Error);
        assert_eq!(Exit::ALL.into_iter().fold(Exit::Done, Exit::worse), Exit::Interrupted);
    }
}
