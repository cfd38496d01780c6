//! All wording of reasons and outcomes: what the rooms below hand on as typed facts reads here, and nowhere else.

pub mod plan;
pub(crate) mod run;
