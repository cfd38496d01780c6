//! `rictl`: plan and apply the states of Alibaba Cloud VPC router interfaces.
//!
//! A functional core in an imperative shell. A module imports only from floors below it; siblings on F4 do not
//! import each other (`tests/architecture.rs` holds the table).
//!
//! ```text
//! F7  cli        clap types, argument -> operation, streams, environment, exit code
//! F6  ops        validate, plan, apply, drift, show, init, state, history: assemble and sequence
//! F5  render     plan, report, diagnostics, events -> text, JSON, Markdown, HTML
//! F4  refresh    CloudRead -> LiveState, in bulk       executor  walks the steps against Cloud and Store
//!     alibaba    Cloud over HTTPS                      emulator  the world and its two faces
//!     retry      retries and quotas around any Cloud
//! F3  cloud      the port to the cloud                 store     the port to history, local files
//!     clock      one clock for the shell
//! F2  planner    match -> drift -> diff -> lower -> order -> guard
//! F1  spec       YAML -> Spec, every error placed      plan      the plan as data, saved and read back
//!     state      the state, versioned                  journal   replay as a pure transition function
//!     report     what a run or a drift check found
//! F0  resource   the vocabulary                        diagnostic  findings and places
//!     signature  V1 and V3
//! ```

pub mod alibaba;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod diagnostic;
pub mod emulator;
pub mod executor;
pub mod journal;
pub mod ops;
pub mod plan;
pub mod planner;
pub mod refresh;
pub mod render;
pub mod report;
pub mod resource;
pub mod retry;
pub mod signature;
pub mod spec;
pub mod state;
pub mod store;
