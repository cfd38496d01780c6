//! `rictl show` and `rictl state`: what was recorded.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::resource::Address;

use super::super::completion;
use super::FormatArgs;

/// `rictl show`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// A saved plan's file or a run's id; the last run where neither is given
    #[arg(value_name = "PLAN|RUN_ID", add = completion::runs_and_plans())]
    pub(in crate::cli) what: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) format: FormatArgs,
}

/// `rictl state …`.
#[derive(Clone, Debug, Subcommand)]
pub(in crate::cli) enum StateCommand {
    /// List the recorded interfaces
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one record
    Show {
        /// The interface's key
        #[arg(add = completion::addresses())]
        address: Address,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Go on where state or journal was damaged, emptied, cut or replaced: it is kept aside, what is open is read from the cloud
    Accept,
    /// Say who holds the state: id, who, host, run, since when and for how long. Takes nothing; exit 0, held or not
    Lock {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make what a shared store needs, by claiming the state and giving it back
    Init {
        /// Print what makes the schema of a Postgres instead, for whoever may
        #[arg(long)]
        print_sql: bool,
    },
    /// Take the whole history to another store: state, open journal, every run. The old place then names the new one
    Move {
        /// Where to, as in --state. The history is taken from --state or RICTL_STATE; from the spec's files where that
        /// variable names the new place already
        #[arg(value_name = "URL")]
        url: String,
    },
    /// Write the state to standard output
    Pull {
        /// The journal and every run as well: the backup
        #[arg(long)]
        all: bool,
    },
    /// Put a state or a backup in the place of what is stored, if it is of the same lineage and its serial is above
    Push {
        /// The state, as `state pull` wrote it, or the backup of `state pull --all`
        #[arg(value_name = "FILE")]
        given: PathBuf,
    },
    /// Keep the lines of a rescue file beside the history, as notes that `show` names; nothing of them is believed
    Rescue {
        /// The file that a run named
        #[arg(value_name = "FILE")]
        given: PathBuf,
    },
    /// Forget one record; the interface itself is not touched
    Rm {
        /// The interface's key
        #[arg(add = completion::addresses())]
        address: Address,
    },
}
