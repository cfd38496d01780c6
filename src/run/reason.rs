//! Why a step, or a run, did not end plainly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::StepId;
use crate::resource::{Address, GroupName, Scope, Status};

/// Why a step ended as it did, beside its outcome. Written into journals: variants are added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum StepReason {
    /// The live status was not the expected one.
    Moved {
        /// What the step expected.
        expected: Status,
        /// What was read; `None` for an interface that is gone.
        found: Option<Status>,
    },
    /// The sentence of an older version, which kept no more than that.
    Told {
        /// The sentence; untrusted text.
        text: String,
    },
    /// A step that this one needs did not reach its goal.
    Dependency {
        /// The step that is needed.
        step: StepId,
    },
    /// Its scope could not be read.
    Unread {
        /// What could not be read.
        scope: Scope,
        /// What the API or the network said; untrusted text.
        error: String,
    },
}

/// One reason why a run did not end with code 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// An interface reached its goal and was seen elsewhere at the last look.
    DidNotStay {
        /// The interface.
        address: Address,
        /// What was seen last.
        found: Option<Status>,
    },
    /// A touched group is below its floor at the last look, whoever did it.
    BelowFloor {
        /// The group.
        group: GroupName,
        /// How many are up.
        up: u32,
        /// How many have to be.
        floor: u32,
    },
    /// A signal came before the last look had ended.
    Interrupted,
}
