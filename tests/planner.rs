//! The planner from outside: what it promises of every plan, shown on generated worlds.
//!
//! `oracle` tries every order that a plan allows, `laws` are the properties of a plan as a whole, `table` goes through
//! the rows of the status table and the guards, `health` through health checks, `texts` holds what people read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod changes;
mod health;
mod laws;
mod oracle;
mod random;
mod routes;
mod table;
mod texts;
mod traffic;
mod windows;
mod world;
