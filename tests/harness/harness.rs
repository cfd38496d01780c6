//! What tests of the real binary against a served emulator share; each target takes what it needs of it.
#![allow(dead_code, reason = "included by several targets, none of which needs all of it")]

pub(crate) mod binary;
pub(crate) mod emulator;
pub(crate) mod relay;
