//! Every integration test, as one program: it is built and linked once, and its cases share what they stand on.
//!
//! ```text
//! cargo test --test all                        everything here
//! cargo test --test all simulation::           one part
//! UPDATE=1 cargo test                          writes what is said now into the files that hold what is expected
//! ```
//!
//! The cases run beside each other on the threads of one process: none changes the directory, the environment, the
//! umask or a limit of it. What needs another one starts a child.
#![allow(
    clippy::disallowed_methods,
    reason = "tests are outside the house: they have a process and a clock of their own"
)]

mod account_lock;
mod adversary;
mod alerts;
mod alibaba_client;
mod architecture;
mod both_ends;
mod confirmations;
mod credentials;
mod documents;
mod emulator;
mod executor;
mod fault_matrix;
mod features;
mod fleet;
mod golden;
mod group_health;
mod harness;
mod health_checks;
mod hostile;
mod https;
mod kills;
mod kubernetes;
mod language;
mod last_routes;
mod made_meanwhile;
mod mutations;
mod objects;
mod packaging;
mod planner;
#[cfg(feature = "postgres")]
mod postgres;
mod real_cloud;
mod recovery;
mod rehearsals;
mod scale;
mod sdk;
mod sessions;
mod shared_gate;
mod signals;
mod signature;
mod simulation;
mod spec;
mod state_everywhere;
mod store;
mod traffic;
mod wall_clock;
