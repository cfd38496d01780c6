//! The arguments of the commands that make, format and explain specs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::resource::Region;

/// `rictl init`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct InitArgs {
    /// Read this region; may be given several times [default: with --append those of the spec,
    /// else the environment's, or all of a world]
    #[arg(long, value_name = "REGION", value_parser = super::value::region)]
    pub(in crate::cli) region: Vec<Region>,
    /// Where to write; - for stdout [default: what --file names]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Add what no entry declares to the spec of --file; every other byte stays. Of a directory, --output names the file
    #[arg(long, conflicts_with_all = ["force", "world", "from_tfstate"])]
    pub(in crate::cli) append: bool,
    /// Read the emulator's world in FILE, not the cloud
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) world: Option<PathBuf>,
    /// Only the router interfaces of this Terraform state, under the names that it has for them
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) from_tfstate: Option<PathBuf>,
}

/// `rictl schema FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaFormat {
    /// What you write
    Spec,
    /// What `plan --json` prints and `plan --out` saves
    Plan,
    /// The state file
    State,
    /// One line of `apply --json`
    Events,
    /// What `drift --json` prints
    Drift,
    /// What `status --json` prints
    Status,
    /// What `fleet --json` prints
    Fleet,
    /// What `whatif --json` prints
    #[value(name = "whatif")]
    WhatIf,
    /// What `history --json` prints
    History,
    /// What `report --format json` prints
    Report,
    /// What `rehearse --json` prints
    Rehearse,
}
