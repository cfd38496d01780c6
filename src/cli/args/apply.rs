//! `rictl apply`, and how every run goes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::plan::DigestAt;

use super::{Choice, RobotArg, TerraformArgs, value};

/// `rictl apply`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ApplyArgs {
    /// A plan that `plan --out` saved
    #[arg(value_name = "PLAN")]
    pub(in crate::cli) plan: Option<PathBuf>,
    /// Run what `rictl approve` kept and what is due now; approves by itself
    #[arg(long, conflicts_with_all = ["plan", "target", "exclude", "approve_digest", "auto_approve", "max_age", "again"])]
    pub(in crate::cli) approved: bool,
    /// Refuse a saved plan, or a digest by its @TIME, that is older than this, such as 2h or 7d
    #[arg(long, value_name = "DURATION", value_parser = value::days)]
    pub(in crate::cli) max_age: Option<Duration>,
    /// Take it back unless `rictl confirm`, or `yes` at the terminal, keeps it within this time after its last call, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = value::positive_days)]
    pub(in crate::cli) confirm_within: Option<Duration>,
    /// Say to a chat robot or a webhook that it begins, that it awaits confirmation, and how it ended. RICTL_NOTIFY_URL holds the
    /// address, RICTL_NOTIFY_SECRET what messages are signed with; what is not taken is a warning
    #[arg(long, value_name = "ROBOT", value_enum)]
    pub(in crate::cli) notify: Option<RobotArg>,
    #[command(flatten)]
    pub(in crate::cli) choice: Choice,
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
    #[command(flatten)]
    pub(in crate::cli) terraform: TerraformArgs,
}

/// How a run goes.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RunArgs {
    /// Do not ask
    #[arg(long)]
    pub(in crate::cli) auto_approve: bool,
    /// Run only if the plan, made afresh, has this digest; approves by itself
    #[arg(long, value_name = "DIGEST[@TIME]")]
    pub(in crate::cli) approve_digest: Option<DigestAt>,
    /// At most this many calls unsettled at a time in all; else as many in each account and region as --quota lets through in a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) parallelism: Option<u16>,
    /// What to do after a step that did not reach its goal
    #[arg(long, value_enum, default_value = "continue")]
    pub(in crate::cli) on_error: OnErrorArg,
    /// Cut nothing of the plan on a terminal, however long; elsewhere nothing is ever cut
    #[arg(long)]
    pub(in crate::cli) full: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Write the JSON lines into this file as well
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) json_into: Option<PathBuf>,
}

/// `--on-error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OnErrorArg {
    /// Start nothing new
    Stop,
    /// Skip what needs it, go on with the rest
    Continue,
    /// Start nothing new, and undo what this run did
    Rollback,
}
