//! What can be told, and how it may stand.

use serde::{Deserialize, Serialize};

use crate::resource::{Address, GroupName, Scope};

/// Something that can be told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// A declared interface.
    Interface(Address),
    /// A group.
    Group(GroupName),
    /// A region that was to be read.
    Scope(Scope),
    /// The check of the spec itself.
    Check,
}

/// How something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As it should be.
    Normal,
    /// A finding; equal texts are equal findings.
    Found(String),
    /// It is away, and nobody wants to hear of it: `hands_off`, a cause that was not asked for.
    Hidden,
    /// It is listed and no finding: on its way, or blocked.
    Aside,
    /// It was not looked at, or could not be seen.
    Unknown,
}
