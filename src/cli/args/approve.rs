//! `rictl approve`.

use clap::Args;

use super::{AtArgs, Choice};
use crate::cli::completion;

/// `rictl approve`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ApproveArgs {
    /// A plan that `plan --out` saved, or the digest of a plan, with its --at, --target and --exclude
    #[arg(value_name = "PLAN|DIGEST", add = completion::runs_and_plans())]
    pub(in crate::cli) what: String,
    #[command(flatten)]
    pub(in crate::cli) choice: Choice,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    /// From when on it runs no more: a TIME as --at takes it [default: 24 h after the plan's --at, else after now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) expires: Option<String>,
}
