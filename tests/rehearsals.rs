//! What a rehearsal says is what the run then does, and a rehearsal touches nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod binary;
mod case;
mod seeds;
