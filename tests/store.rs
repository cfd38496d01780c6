//! State, journal and store: formats under damage, replay, files under hostile conditions, both stores alike.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

#[path = "store/arrange.rs"]
mod arrange;
#[path = "store/contract.rs"]
mod contract;
#[path = "store/journal.rs"]
mod journal;
#[path = "store/local.rs"]
mod local;
#[path = "store/processes.rs"]
mod processes;
#[path = "store/state.rs"]
mod state;
#[path = "store/upgrades.rs"]
mod upgrades;
