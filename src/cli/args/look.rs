//! `rictl explain` and `rictl graph`.

use clap::{Args, ValueEnum};

use crate::selector::Selector;

use super::super::completion;
use super::AtArgs;

/// `rictl explain`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// Which interfaces: addresses, ids, patterns, group:G, label:K=V and the like
    #[arg(value_name = "SELECTOR", required_unless_present = "key", add = completion::selectors())]
    pub(in crate::cli) selectors: Vec<Selector>,
    /// Say what a key of the spec means instead, such as limits.max_changes or changes.*.expect
    #[arg(long, value_name = "KEY", conflicts_with = "selectors")]
    pub(in crate::cli) key: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `rictl graph`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct GraphArgs {
    /// Draw these interfaces only: addresses, ids, patterns, group:G, label:K=V and the like
    #[arg(value_name = "SELECTOR", add = completion::selectors())]
    pub(in crate::cli) selectors: Vec<Selector>,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    /// Draw the spec alone: no network, no credentials
    #[arg(long)]
    pub(in crate::cli) offline: bool,
    /// How to draw
    #[arg(long, value_enum, default_value = "dot")]
    pub(in crate::cli) format: GraphFormat,
}

/// `graph --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum GraphFormat {
    /// Graphviz
    Dot,
    /// For Markdown
    Mermaid,
    /// A picture
    Svg,
    /// Data
    Json,
}
