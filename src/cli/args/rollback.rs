//! `rictl rollback`.

use clap::Args;

use crate::resource::Address;

use super::super::completion;
use super::RunArgs;

/// `rictl rollback`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RollbackArgs {
    /// The run to undo: an id of `history`, or the beginning of one; `last` is the newest apply that was not taken back
    #[arg(value_name = "RUN_ID|last", default_value = "last", add = completion::runs())]
    pub(in crate::cli) run_id: String,
    /// Take back every run of this change that was not taken back, as one plan, to what stood before the first
    #[arg(long, value_name = "CHANGE", conflicts_with = "run_id")]
    pub(in crate::cli) change: Option<String>,
    /// Make the pauses and run the checks of the spec's rollout
    #[arg(long)]
    pub(in crate::cli) with_rollout: bool,
    /// Take back what a newer run has changed since, too
    #[arg(long)]
    pub(in crate::cli) force_superseded: bool,
    /// Take back what the spec does not declare any more, too
    #[arg(long)]
    pub(in crate::cli) undeclared: bool,
    /// Override the caps of `limits`: the exact number of changes
    #[arg(long, value_name = "N")]
    pub(in crate::cli) allow_changes: Option<u32>,
    /// Let this interface go down although a route has no other next hop; may be given several times
    #[arg(long, value_name = "ADDRESS", add = completion::addresses())]
    pub(in crate::cli) allow_last_route: Vec<Address>,
    /// Run a digest once more that a run has used
    #[arg(long)]
    pub(in crate::cli) again: bool,
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
}
