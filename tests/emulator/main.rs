//! The emulator from outside: its world, its two faces, its file, its faults.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod documents;
mod support;
mod world;
