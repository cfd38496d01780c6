//! A run that awaits confirmation: until when, and which interfaces nobody else may touch meanwhile.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Identity, RunId};
use crate::resource::{RouterInterfaceId, Scope};
use crate::uptime::{Deadline, Uptime};

/// A run that is taken back unless somebody confirms it in time, or that was not taken back whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Awaiting {
    /// The run.
    pub run_id: RunId,
    /// Until when it can be confirmed.
    #[serde(flatten)]
    pub deadline: Deadline,
    /// What it changed, or may have.
    pub interfaces: Vec<Touched>,
    /// The way back that was begun and left something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_by: Option<RunId>,
    /// That way back came to no end of its own, by a signal or because its process died: what it left is due at the deadline,
    /// and not before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
}

/// An interface that a run changed, or may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
}

impl Touched {
    /// Returns what it is.
    pub fn identity(&self) -> Identity {
        Identity::of(&self.scope, &self.id)
    }
}

impl Awaiting {
    /// Returns whether it is to be taken back now: nobody has confirmed it in time, or a way back has left something of it.
    pub fn is_due(&self, now: Timestamp, uptime: Option<&Uptime>) -> bool {
        (self.left_by.is_some() && !self.stopped) || self.deadline.is_past(now, uptime)
    }

    /// Returns whether an interface is one of those that the run changed.
    pub fn is_about(&self, identity: &Identity) -> bool {
        self.interfaces.iter().any(|touched| touched.id == identity.id && touched.scope == identity.scope)
    }
}
