//! The steps: what the executor does, one mutating call or one wait each.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Guard;
use crate::attribute::{Expectation, Goal};
use crate::resource::{Address, Call, ChangeName, Mutation, RouterInterfaceId, Scope};

/// A readable, stable step id such as `sh-primary/deactivate`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepId(pub Arc<str>);

impl StepId {
    /// Names the step of `address` that does `action`.
    pub fn new(address: &Address, action: Action) -> Self {
        let verb = match action {
            Action::Call(call) => call.transition().verb,
            Action::Wait => "wait",
        };
        Self(format!("{address}/{verb}").into())
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Action {
    /// Sends one mutating call, then waits until the goal is seen.
    Call(Call),
    /// Sends nothing; waits until a transition that somebody else started has ended.
    #[serde(with = "wait_word")]
    #[schemars(with = "String")]
    Wait,
}

mod wait_word {
    //! `Wait` as the word it is in the document.
    pub(super) fn serialize<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("Wait")
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        let word = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
        if word == "Wait" { Ok(()) } else { Err(serde::de::Error::custom("expected `Wait`")) }
    }
}

/// One thing the executor does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// The interface's key in the spec.
    pub address: Address,
    /// What it does.
    pub action: Action,
    /// The interface.
    pub interface_id: RouterInterfaceId,
    /// Where the call goes.
    #[serde(flatten)]
    pub scope: Scope,
    /// What must hold right before.
    pub expect: Expectation,
    /// What ends the step.
    pub goal: Goal,
    /// The steps that must have reached their goals before.
    pub after: Vec<StepId>,
    /// The earliest wave of steps it can run in, from 1: display order, and the rollout's waves.
    pub wave: u32,
    /// The floors that were checked: what each group is left with.
    #[serde(rename = "margins", default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
    /// How long to wait for the goal, in milliseconds; `None` for the setting of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_timeout_ms: Option<u64>,
    /// The change that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeName>,
    /// When the next change about its interface begins or ends: a call is sent before, or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

impl Step {
    /// Returns the request that the step sends, with everything it carries; `None` for a wait.
    pub fn mutation(&self) -> Option<Mutation> {
        match self.action {
            Action::Call(call) => Some(Mutation::of(call, self.interface_id.clone())),
            Action::Wait => None,
        }
    }
}
