//! The emulator from outside: its world, its two faces, its file, its faults.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod documents;
mod faces;
mod fault_kinds;
mod file;
mod http_face;
mod life;
mod limits;
mod pages;
mod pairs;
mod routes;
mod support;
mod traffic;
mod trail;
mod world;
