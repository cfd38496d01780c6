//! The command line as types. Help texts are written to be read by somebody who has the tool for the first time.

mod apply;
mod approve;
mod at;
mod change;
mod confirm;
mod emulator;
mod fleet;
mod format;
mod global;
mod history;
mod look;
mod notify;
mod plan;
mod recorded;
mod rehearse;
mod rollback;
mod specs;
mod terraform;
mod trust;
mod value;
mod watch;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub(super) use apply::{ApplyArgs, OnErrorArg, RunArgs};
pub(super) use approve::ApproveArgs;
pub(super) use at::AtArgs;
pub(super) use change::{ChangeAddArgs, ChangeCommand};
pub(super) use confirm::ConfirmArgs;
pub(super) use emulator::EmulatorCommand;
pub(super) use fleet::FleetArgs;
pub(super) use format::{Format, FormatArgs};
pub(super) use global::{Global, Signature};
pub(super) use history::{HistoryArgs, HistoryFormat, ReportArgs, ReportFormat};
pub(super) use look::{ExplainArgs, GraphArgs, GraphFormat, StatusArgs, WhatIfArgs};
pub(super) use notify::RobotArg;
pub(super) use plan::{Choice, DriftArg, PlanArgs, Selection};
pub(super) use recorded::{ShowArgs, StateCommand};
pub(super) use rehearse::RehearseArgs;
pub(super) use rollback::RollbackArgs;
pub(super) use specs::{InitArgs, SchemaFormat};
pub(super) use terraform::TerraformArgs;
pub(super) use watch::DriftArgs;

/// Keeps Alibaba Cloud VPC router interfaces in the states that a reviewed YAML spec declares.
#[derive(Debug, Parser)]
#[command(
    name = "rictl",
    version,
    about,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Start here:\n  rictl init                  write rictl.yaml from what is live\n  rictl validate              check rictl.yaml, offline\n  rictl plan                  show what apply would do; changes nothing\n  rictl apply                 plan, ask, and do it\n  rictl drift                 exit 2 when something moved\n\nLong flags also work with one dash, as in Terraform: -auto-approve, -out=FILE.\n`rictl COMMAND -h` is short; `--help` has every option, the global ones included.\nExit codes: 0 done or no changes, 1 error, 2 changes or drift, 3 refused by a guard,\n4 something moved since the plan, 5 partly applied, 6 locked, 130 interrupted."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a starter spec from what is live; changes nothing in the cloud
    Init(InitArgs),
    /// Check the spec: no network and no credentials, but with --live
    Validate {
        #[command(flatten)]
        at: AtArgs,
        /// Read the cloud as well, and say where groups and its route tables disagree
        #[arg(long)]
        live: bool,
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Give the spec's files one layout: line ends, trailing blanks, empty lines; comments and the rest stay
    Fmt {
        /// Write nothing; exit 1 if a file would change
        #[arg(long)]
        check: bool,
    },
    /// Show what apply would do; changes nothing
    Plan(PlanArgs),
    /// Run the plan on a copy of what is live, in memory and on virtual time; changes nothing, and exits as the apply would
    Rehearse(RehearseArgs),
    /// Plan, ask, and do it; or do exactly what a saved plan says
    Apply(ApplyArgs),
    /// Make a plan, and keep it for `apply --approved` if it is the one that is approved
    Approve(ApproveArgs),
    /// Write what is to be planned, approved and closed as one
    Change {
        #[command(subcommand)]
        command: ChangeCommand,
    },
    /// Compare the live cloud with what was last applied and with the spec; exit 2 when something moved
    Drift(DriftArgs),
    /// Print a saved plan or a past run
    Show(ShowArgs),
    /// List past runs, newest first
    History(HistoryArgs),
    /// Write what past runs prove about a change, for its ticket: drain and return, times, RequestIds, who approved
    Report(ReportArgs),
    /// Read or edit what was recorded
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Plan and do the inverse of what a past run did
    Rollback(RollbackArgs),
    /// Keep a run that is taken back unless somebody confirms it; or take back what nobody has confirmed in time
    Confirm(ConfirmArgs),
    /// Draw dependencies, groups and the steps of a plan; the spec alone where the cloud cannot be reached
    Graph(GraphArgs),
    /// Say how every group and link stands, live: what is down, why, since when, until when, by whom
    Status(StatusArgs),
    /// Show every state of a store on one page: last check, what moved, floors, runs, approvals, what begins; exit 2 if any wants a look
    Fleet(FleetArgs),
    /// Say which groups would fall below their floors without some links; exit 3 if any
    #[command(name = "whatif")]
    WhatIf(WhatIfArgs),
    /// Tell everything about interfaces: spec and line, live, last applied, and why it is or is not planned
    Explain(ExplainArgs),
    /// Say whose credentials would be used, and where they come from; never a secret
    Whoami {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Free a lock, after showing who holds it
    ForceUnlock {
        /// The lock's id, as the refusal showed it
        id: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
        /// The process that holds it, where that is at work on this host: its lock is not freed by mistake
        #[arg(long, value_name = "PID")]
        pid: Option<u32>,
    },
    /// The VPC API emulator on loopback
    Emulator {
        #[command(subcommand)]
        command: EmulatorCommand,
    },
    /// Print the JSON Schema of a format, for editors and other tools
    Schema {
        /// Of which format
        #[arg(value_enum, default_value = "spec")]
        format: SchemaFormat,
    },
    /// Print a completion script
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Write a man page per command into a directory
    Man {
        /// Where to; it is made if need be
        directory: PathBuf,
    },
    /// Print the version
    Version {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
