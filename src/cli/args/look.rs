//! Commands that only look: `rictl status`, `rictl whatif`, `rictl explain` and `rictl graph`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::selector::Selector;

use super::super::completion;
use super::{AtArgs, value};

/// `rictl status`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// Which interfaces: addresses, ids, patterns, group:G, label:K=V and the like [default: all; above 40 links, groups only]
    #[arg(value_name = "SELECTOR", add = completion::selectors())]
    pub(in crate::cli) selectors: Vec<Selector>,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    /// Say what each interface carries, both directions, by the newest minute of the last 10 (cms:QueryMetricLast); figures are 3 to
    /// 4 minutes old
    #[arg(long)]
    pub(in crate::cli) traffic: bool,
    /// Look again and again, so long after each look; q or Ctrl-C ends it
    #[arg(long, value_name = "DURATION", value_parser = value::positive_duration)]
    pub(in crate::cli) watch: Option<Duration>,
    /// Exit 2 when a group is below its floor, or has nothing up
    #[arg(long)]
    pub(in crate::cli) detailed_exitcode: bool,
    /// Print one JSON document, or with --watch one a line
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `rictl whatif`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct WhatIfArgs {
    /// What is taken not to be up: addresses, ids, also of live interfaces that no spec declares, patterns, group:G, label:K=V and
    /// the like; may be given several times
    #[arg(long, value_name = "SELECTOR", required = true, num_args = 1.., add = completion::selectors())]
    pub(in crate::cli) down: Vec<Selector>,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

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
