//! What tests of the real binary against a served emulator share.

pub(crate) mod binary;
pub(crate) mod emulator;
pub(crate) mod relay;
