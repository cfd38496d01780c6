//! The operations: what each command does, assembled from the rooms below and returned as values.
//!
//! Nothing here prints, asks or reads the environment; `cli` does, and hands in what it found. Each file is a
//! command, or what several of them begin with: `project` reads the spec and names the files, `connection` reaches
//! the cloud, `live` brings both together into a plan.

pub mod failure;
