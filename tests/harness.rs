//! What tests share: of the real binary against a served emulator, and of runs in process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

pub(crate) mod binary;
pub(crate) mod emulator;
pub(crate) mod handing_on;
pub(crate) mod in_process;
pub(crate) mod machines;
pub(crate) mod relay;
