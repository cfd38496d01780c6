//! The words of a run: what happens while it goes on, what became of each step, how it ends, and for which reasons.
//!
//! Typed facts only: how any of them reads is decided in `render`, and events refer to steps by id, so whoever shows them
//! holds the plan. The executor emits [`Event`]s and fills in a [`Report`]; `history` makes the same [`Report`] from the
//! journal of a past run. What stands in a journal, in `history`, in every report and in the process's exit code is made
//! once, by [`end()`], when the run ends.

mod end;
mod event;
mod exit;
mod lowest;
mod outcome;
mod reason;
mod report;
mod step;

pub use end::{Facts, LastLook, RunEnd, end};
pub use event::Event;
pub use exit::Exit;
pub use lowest::Lowest;
pub use outcome::RunOutcome;
pub use reason::{
    GroupTraffic, NotUp, OldPage, Reason, Shortfall, StepReason, StopReason, Subject, Unrecorded, WaveFailure, WhyNotUp,
};
pub use report::Report;
pub use step::{StepResult, planned_step};
