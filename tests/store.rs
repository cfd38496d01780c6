//! State, journal and store: formats under damage, replay, files under hostile conditions, every store alike.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

pub(crate) mod arrange;
mod contract;
mod journal;
pub(crate) mod local;
mod processes;
pub(crate) mod remotes;
mod state;
#[path = "store/upgrades.rs"]
mod upgrades;
