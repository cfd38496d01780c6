//! What tests of the real binary against a served emulator share.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

pub(crate) mod binary;
pub(crate) mod emulator;
pub(crate) mod relay;
