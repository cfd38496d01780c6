//! All wording of reasons and outcomes: what the rooms below hand on as typed facts reads here, and nowhere else.

pub mod approval;
pub mod change;
pub mod confirmation;
pub(crate) mod drift;
pub mod exit_code;
pub(crate) mod fleet;
pub(crate) mod groups;
pub(crate) mod history;
pub mod identity;
pub mod next;
pub(crate) mod overview;
pub mod plan;
pub mod rehearsal;
pub mod report;
pub(crate) mod run;
pub(crate) mod schedule;
pub mod selection;
pub(crate) mod ticket;

use std::fmt::Display;

use crate::language::say;

/// Says something aside, behind other words.
pub(crate) fn aside(what: impl Display) -> String {
    say!(" ({what})", what)
}
