//! What it costs in calls, counted by the emulator: the real binary over a fleet, and the bounds on virtual time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod fleet;
mod limits;
mod parts;
mod specs;
