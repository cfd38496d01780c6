//! `rictl rehearse`.

use std::path::PathBuf;

use clap::Args;

use super::{AtArgs, Choice, OnErrorArg};

/// `rictl rehearse`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RehearseArgs {
    /// A plan that `plan --out` saved; one of a later moment is rehearsed as of then
    #[arg(value_name = "PLAN")]
    pub(in crate::cli) plan: Option<PathBuf>,
    /// What is to go wrong: a file of faults as `emulator serve --faults` takes it, such as a transition that never ends
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) faults: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) choice: Choice,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    /// At most this many calls unsettled at a time in all, as of an apply
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) parallelism: Option<u16>,
    /// What to do after a step that did not reach its goal, as of an apply
    #[arg(long, value_enum, default_value = "continue")]
    pub(in crate::cli) on_error: OnErrorArg,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
