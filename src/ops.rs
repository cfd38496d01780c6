//! The operations: what each command does, assembled from the rooms below and returned as values.
//!
//! Nothing here prints, asks or reads the environment; `cli` does, and hands in what it found. Each file is a
//! command, or what several of them begin with: `project` reads the spec and names the files, `connection` reaches
//! the cloud, `live` brings both together into a plan, `session` has the words of a run.

pub mod accept;
mod account_lock;
pub mod apply;
pub mod approval;
pub mod approve;
pub mod approved;
pub mod asked;
pub mod beside;
pub mod buckets;
pub mod change;
pub mod check;
pub mod checkout;
pub mod claim;
mod command;
pub mod confirm;
pub mod connection;
pub mod drift;
pub mod evidence;
pub mod failure;
pub mod fleet;
pub mod fmt;
mod foreseen;
pub mod history;
pub mod init;
mod interface_key;
pub mod live;
pub mod locked;
mod neighbours;
pub mod notify;
pub mod one_state;
pub mod part;
pub mod project;
pub mod prospects;
pub mod record;
pub mod rehearse;
pub mod rollback;
mod routes;
mod saved;
pub mod session;
pub mod several;
pub mod shared_file;
pub mod state_backup;
pub mod state_edit;
pub mod state_transfer;
pub mod status;
pub mod stores;
pub mod traffic;
pub mod trust;
pub mod unmanaged;
pub mod validate;
pub mod who;
