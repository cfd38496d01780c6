//! `rictl confirm`.

use clap::Args;

use super::super::completion;

/// `rictl confirm`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// The run to keep: an id of `history`, or the beginning of one; `last` is the newest apply that was not taken back.
    /// Without it, what awaits is listed
    #[arg(value_name = "RUN_ID|last", add = completion::runs())]
    pub(crate) run_id: Option<String>,
    /// Take back every run that nobody has confirmed in time; exit 4 if there was one, 5 if something of it is left. For a timer
    #[arg(long, conflicts_with = "run_id")]
    pub(crate) expired: bool,
    /// Print JSON: one document, or with --expired one object a line
    #[arg(long)]
    pub(crate) json: bool,
}
