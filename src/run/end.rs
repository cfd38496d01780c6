//! The end of a run: one value, written once, after the last look.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Exit, Reason, RunOutcome};

/// How a run ended. What stands in the journal is what every report, `history` and the exit code say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunEnd {
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// The code that its process ends with.
    pub exit: Exit,
    /// How it came out.
    pub outcome: RunOutcome,
    /// Why it did not end with code 0, most important first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}
