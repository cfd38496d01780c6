//! The commands around plan and apply, each through the real binary against an embedded world.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bulk;
mod changes;
mod children;
mod confirm;
mod drift;
mod evidence;
mod explain;
mod files;
mod forged;
mod habits;
mod hostile;
mod identity;
mod init;
mod reports;
mod rollback;
mod said;
mod scene;
mod schema;
mod seams;
mod specs;
mod stability;
mod status;
pub(crate) mod terminal;
mod trust;
mod watch;
