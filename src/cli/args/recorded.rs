//! `rictl show` and `rictl state`: what was recorded.

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
    /// Forget one record; the interface itself is not touched
    Rm {
        /// The interface's key
        #[arg(add = completion::addresses())]
        address: Address,
    },
}
