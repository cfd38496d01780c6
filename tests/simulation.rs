//! The deterministic simulation: worlds, specs, faults, crashes and third parties drawn from seeds, in process and on
//! virtual time, with the planner, executor, recovery, journal and store codecs that users run.
//!
//! ```text
//! cargo test --test all simulation::                  some thousand seeds, the exhaustive small scope and the seams
//! SIM_SEEDS=1000000 cargo test --release --test all simulation::swarm::every_seed -- --nocapture
//! SIM_SEED=42 cargo test --test all simulation::swarm::one_seed -- --nocapture     one seed with its trace
//! SIM_SEED=42 SIM_SEAMS=1 ...                                                      one with trouble at the seams
//! SIM_SEED=42 SIM_BACK=1 ...                                                       one with ways back
//! SIM_KNOWN=none cargo test --test all simulation::seams::                         what is known to fail today, too
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints what it counted"
)]

mod dice;
mod exhaustive;
mod handovers;
mod judge;
mod ledger;
mod life;
mod planted;
mod scenario;
mod seams;
mod swarm;
mod wires;
