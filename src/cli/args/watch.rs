//! The arguments of a drift check that a timer runs.

use std::path::PathBuf;

use clap::Args;

use crate::drift::Causes;
use crate::ops::notify::Words;

use super::notify::{RobotArg, WhenArgs};
use super::{AtArgs, FormatArgs, Selection};

/// `rictl drift`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct DriftArgs {
    #[command(flatten)]
    pub(in crate::cli) selection: Selection,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    #[command(flatten)]
    pub(in crate::cli) format: FormatArgs,
    /// Drift always says so by its exit code
    #[arg(long, hide = true)]
    detailed_exitcode: bool,
    /// List what is live and declared by no spec that is given, too; no cause of an exit code
    #[arg(long)]
    pub(in crate::cli) unmanaged: bool,
    /// Ask ActionTrail who moved what is not where it was (actiontrail:LookupEvents); at most two calls a second
    #[arg(long)]
    pub(in crate::cli) who: bool,
    /// Write metrics for Prometheus' textfile collector, replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) metrics_file: Option<PathBuf>,
    /// Write a JUnit report: a suite per spec, a case per interface and per group
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Leave what was found beside the state, for `rictl fleet`: one row a state, without a claim. It is about all of a spec, now
    #[arg(long)]
    pub(in crate::cli) record: bool,
    /// Look for these causes alone, such as drift,group; others are not printed, told or counted
    #[arg(long, value_name = "CAUSE,...", value_parser = super::value::causes)]
    pub(in crate::cli) causes: Option<Causes>,
    #[command(flatten)]
    pub(in crate::cli) channels: ChannelArgs,
    #[command(flatten)]
    pub(in crate::cli) when: WhenArgs,
}

/// Who is told what is news.
#[derive(Clone, Debug, Args)]
#[group(id = "channels", multiple = true)]
pub(in crate::cli) struct ChannelArgs {
    /// Post what is news to a chat robot, or the document to a webhook. RICTL_NOTIFY_URL holds the address (https),
    /// RICTL_NOTIFY_SECRET what messages are signed with
    #[arg(long, value_name = "ROBOT", value_enum)]
    pub(in crate::cli) notify: Option<RobotArg>,
    /// Run this with the finding as JSON on its standard input, only when there is news (what was told is kept beside the state as
    /// <stem>.notified). Words as in a shell's quotes, but no shell: 'mail -s "moved" noc@example.com'
    #[arg(long, value_name = "CMD")]
    pub(in crate::cli) notify_command: Option<Words>,
    /// Print nothing unless there is news; the exit code says what was found all the same
    #[arg(long)]
    pub(in crate::cli) quiet: bool,
}
