//! The arguments of a drift check that a timer runs.

use std::path::PathBuf;

use clap::Args;

use crate::ops::notify::Words;

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
    /// Run this with the finding as JSON on its standard input, only when the finding changed since the last run (kept
    /// beside the state as <stem>.notified). Words as in a shell's quotes, but no shell: 'mail -s "moved" noc@example.com'
    #[arg(long, value_name = "CMD")]
    pub(in crate::cli) notify_command: Option<Words>,
}
