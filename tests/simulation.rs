//! The deterministic simulation: worlds, specs, faults, crashes and third parties drawn from seeds, in process and on
//! virtual time, with the planner, executor, recovery, journal and store codecs that users run.
//!
//! ```text
//! cargo test --test all simulation::                  10,000 seeds and the exhaustive small scope
//! SIM_SEEDS=1000000 cargo test --test all simulation::swarm::ten_thousand -- --nocapture
//! SIM_SEED=42 cargo test --test all simulation::swarm::one_seed -- --nocapture     one seed with its trace
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints what it counted"
)]

mod dice;
mod exhaustive;
mod judge;
mod ledger;
mod life;
mod planted;
mod scenario;
mod seams;
mod swarm;
mod wires;
