//! The words of a run: how it ends, with which exit code, and for which reasons.
//!
//! Typed facts only: how any of them reads is decided in `render`. What stands in a journal, in `history`, in every
//! report and in the process's exit code is made from these values once, when the run ends.

mod end;
mod exit;
mod outcome;
mod reason;

pub use end::RunEnd;
pub use exit::Exit;
pub use outcome::RunOutcome;
pub use reason::{Reason, StepReason};
