//! What is told of an approval that waits for its time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// An approval that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Approval {
    /// The plan that was approved, as one word.
    pub digest: String,
    /// Who approved it, untrusted text.
    pub by: String,
    /// When.
    pub approved_at: Timestamp,
    /// From when on it may run.
    pub at: Timestamp,
    /// From when on it runs no more.
    pub expires: Timestamp,
}
