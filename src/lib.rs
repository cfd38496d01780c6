//! `rictl`: plan and apply the states of Alibaba Cloud VPC router interfaces.
//!
//! A functional core in an imperative shell. A module imports only from floors below it; siblings on F4 do not
//! import each other (`tests/architecture.rs` holds the table).
//!
//! ```text
//! F7  cli        args, commands, front (what an apply shows and asks), streams, signals, environment, exit code
//! F6  ops        project and connection, then what each command amounts to: live plan, apply, saved plan,
//!                approvals, rollback, confirmation, drift, status, rehearsal, history, evidence, edits of state and spec;
//!                which store, and a history taken to another; the commit that a spec lies in
//! F5  render     plan, report, drift, status, history, ticket, diagnostics, events -> text, JSON, Markdown, HTML, CSV,
//!                SVG, graphs
//! F4  refresh    CloudRead -> LiveState, in bulk       executor  its machine decides what is next: admission,
//!     alibaba    Cloud over HTTPS, and credentials               floors, waves; its driver does it; recovery
//!     history    the one writer of records: folds, catches up, archives
//!     retry      retries and quotas around any Cloud,  emulator  the world and its two faces
//!                with the other processes of this host
//! F3  cloud      the port to the cloud, error codes    store     the port to history and its recorder; files,
//!     clock      one clock for the shell                         stores that machines share: Postgres, buckets
//!     child      somebody else's program, and its end  exchange   one HTTP exchange, read up to a bound
//!     robot      chat robots and webhooks: messages, answers
//! F2  planner    select -> lower -> pairs -> order -> floors -> caps -> rollout
//!     drift      declared, recorded and live, compared: the one definition
//!     schedule   changes over time: what holds when, and what clashes
//!     overview   how every link stands, and what may go down next
//!     fleet      how every state of a store stands, by its rows
//!     news       what of a drift check is news to whoever was told before
//! F1  spec       YAML -> Spec and back by an entry      plan      the plan as data: checked, digested, saved
//!     state      the state, versioned                  journal   replay as a pure transition function
//!     survey     what is live, arranged for a first spec
//!     run        how runs end: exit, outcome, reasons
//! F0  resource   the vocabulary                        diagnostic  findings and places, the nearest word
//!     attribute  what can differ, its goals            duration  how durations are written
//!     signature  V1 and V3                             dice      chance from a seed
//!     bounds     how much of each input is read        selector  which interfaces people mean
//!     uptime     how long a machine has been up        loopback   which hosts are this machine
//!     calendar   time zones, how times are written     windows   when calls may be sent
//!     language   English, or what the catalogue has for it
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests are outside the house"))]

pub mod alibaba;
pub mod attribute;
pub mod bounds;
pub mod calendar;
pub mod child;
#[expect(clippy::disallowed_methods, reason = "owns the process: its environment, streams, clock and end")]
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod diagnostic;
pub mod dice;
pub mod drift;
pub mod duration;
pub mod emulator;
pub mod exchange;
pub mod executor;
#[cfg(test)]
#[path = "../tests/mutations/feed.rs"]
#[allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]
mod feed;
pub mod fleet;
pub mod history;
pub mod journal;
pub mod language;
pub mod loopback;
pub mod news;
pub mod ops;
pub mod overview;
pub mod plan;
pub mod planner;
pub mod refresh;
pub mod render;
pub mod resource;
pub mod retry;
pub mod robot;
pub mod run;
pub mod schedule;
pub mod selector;
pub mod signature;
pub mod spec;
pub mod state;
pub mod store;
pub mod survey;
pub mod uptime;
pub mod windows;
