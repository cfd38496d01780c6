//! `rictl change …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::completion;
use crate::resource::DesiredStatus;
use crate::selector::Selector;

/// `rictl change …`.
#[derive(Clone, Debug, Subcommand)]
pub(in crate::cli) enum ChangeCommand {
    /// Write a change into the spec, every other byte as it was, if the spec is valid with it
    Add(Box<ChangeAddArgs>),
}

/// `rictl change add`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ChangeAddArgs {
    /// What it is called: the number of its ticket
    pub(in crate::cli) name: String,
    /// What it is about: an address, an id, a pattern, group:G, label:K=V, region:R, account:A, or several of these joined by
    /// commas where all must hold; may be given several times
    #[arg(long, value_name = "SELECTOR", required = true, add = completion::selectors())]
    pub(in crate::cli) select: Vec<Selector>,
    /// The status that it wants
    #[arg(long, value_name = "Active|Inactive", value_parser = status)]
    pub(in crate::cli) status: DesiredStatus,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    pub(in crate::cli) reason: String,
    /// From when on: RFC 3339, a local time or a date in the spec's time_zone, or a duration from now such as 90m or 7d [default: now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) from: Option<String>,
    /// Up to when: a TIME as --from takes it [default: until its block is removed]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: Option<String>,
    /// How many interfaces it is about, both ends of a link counted [default: as many as are selected now]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) expect: Option<u32>,
    /// Whose change it is
    #[arg(long, allow_hyphen_values = true)]
    pub(in crate::cli) owner: Option<String>,
    /// Into which file it goes, where the spec is a directory of several [default: the one that has changes]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

fn status(text: &str) -> Result<DesiredStatus, String> {
    match text {
        "Active" => Ok(DesiredStatus::Active),
        "Inactive" => Ok(DesiredStatus::Inactive),
        _ => Err("it is Active or Inactive".to_owned()),
    }
}
