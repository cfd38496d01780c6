//! What of an interface can differ from what is declared, and how expectations and goals are said of it.
//!
//! Today that is the status alone. Another attribute is a variant of [`Attribute`], [`Expectation`] and [`Goal`] and a
//! field of [`Values`]; how it is lowered to steps is the planner's, what its call carries is
//! [`crate::resource::Mutation`]'s. Floors and pairs ask [`Attribute::moves_traffic`] and know no attribute by its name.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{DesiredStatus, Status};

/// What can differ between a declared interface and the live one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// Whether it is up.
    Status,
}

impl Attribute {
    /// Returns whether a change of it takes traffic off a link or brings traffic onto one.
    pub fn moves_traffic(self) -> bool {
        match self {
            Self::Status => true,
        }
    }
}

/// What each attribute is, as Terraform's `before` and `after` carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Values {
    /// The status.
    pub status: Status,
}

/// What an attribute must be right before a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Expectation {
    /// This status.
    Status(Status),
}

impl Expectation {
    /// Returns what the expectation is about.
    pub fn attribute(&self) -> Attribute {
        match self {
            Self::Status(_) => Attribute::Status,
        }
    }

    /// Returns the status of whatever meets it, where it says one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Status(status) => Some(status),
        }
    }

    /// Returns whether an interface of this live status meets it.
    pub fn is_met_by(&self, live: &Status) -> bool {
        match self {
            Self::Status(status) => status == live,
        }
    }
}

impl From<Status> for Expectation {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => f.pad(status.as_str()),
        }
    }
}

/// What a step must end at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Goal {
    /// Up.
    Active,
    /// Drained.
    Inactive,
    /// Either of the two: the end of Modifying.
    #[serde(rename = "Active or Inactive")]
    Stable,
    /// Up, or never connected after all: the end of Connecting and AcceptingConnecting.
    #[serde(rename = "Active or Idle")]
    Connected,
}

impl Goal {
    /// Returns what the goal is about.
    pub fn attribute(self) -> Attribute {
        match self {
            Self::Active | Self::Inactive | Self::Stable | Self::Connected => Attribute::Status,
        }
    }

    /// Returns whether `status` is where the step must end.
    pub fn is_reached_by(self, status: &Status) -> bool {
        match self {
            Self::Active => *status == Status::Active,
            Self::Inactive => *status == Status::Inactive,
            Self::Stable => matches!(status, Status::Active | Status::Inactive),
            Self::Connected => matches!(status, Status::Active | Status::Idle),
        }
    }

    /// Returns the one wish that the goal fulfils; `None` where it leaves open which.
    pub fn desired(self) -> Option<DesiredStatus> {
        match self {
            Self::Active => Some(DesiredStatus::Active),
            Self::Inactive => Some(DesiredStatus::Inactive),
            Self::Stable | Self::Connected => None,
        }
    }
}

impl From<DesiredStatus> for Goal {
    fn from(desired: DesiredStatus) -> Self {
        match desired {
            DesiredStatus::Active => Self::Active,
            DesiredStatus::Inactive => Self::Inactive,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Stable => "Active or Inactive",
            Self::Connected => "Active or Idle",
        })
    }
}
