//! `rictl plan`, and what every plan looks at.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::resource::Address;
use crate::selector::Selector;

use super::super::completion;
use super::{AtArgs, FormatArgs, TerraformArgs, value};

/// `rictl plan`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    pub(in crate::cli) choice: Choice,
    #[command(flatten)]
    pub(in crate::cli) at: AtArgs,
    /// Save the plan, for `show` and `apply`
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Let --out replace a file that is not a plan
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Exit 2 when there are changes
    #[arg(long)]
    pub(in crate::cli) detailed_exitcode: bool,
    /// Say what each interface carries, both directions, by the newest minute of the last 10 (cms:QueryMetricLast); figures are 3 to
    /// 4 minutes old
    #[arg(long)]
    pub(in crate::cli) traffic: bool,
    /// A plan sends no calls that could run side by side
    #[arg(long, hide = true, value_name = "N")]
    parallelism: Option<u16>,
    #[command(flatten)]
    pub(in crate::cli) terraform: TerraformArgs,
    #[command(flatten)]
    pub(in crate::cli) format: FormatArgs,
}

/// What a plan looks at.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct Choice {
    #[command(flatten)]
    pub(in crate::cli) selection: Selection,
    /// Override the caps of `limits`: the exact number of changes
    #[arg(long, value_name = "N")]
    pub(in crate::cli) allow_changes: Option<u32>,
    /// Send what windows hold back all the same, and say why: the reason is recorded, the windows are in the digest
    #[arg(long, value_name = "REASON", value_parser = value::reason, allow_hyphen_values = true)]
    pub(in crate::cli) override_window: Option<String>,
    /// Do again what a rollback took back; without it that is left alone until its entry in the spec is altered
    #[arg(long)]
    pub(in crate::cli) redo: bool,
    /// Run a saved plan or a digest once more that a run has used
    #[arg(long)]
    pub(in crate::cli) again: bool,
    /// What becomes of an interface that only the cloud has moved since the last apply [default: what the spec says, else fix]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(in crate::cli) drift: Option<DriftArg>,
    /// Override limits.max_forgotten: the exact number of recorded interfaces that are gone from the spec
    #[arg(long, value_name = "N")]
    pub(in crate::cli) allow_forgotten: Option<u32>,
    /// Let this interface go down although a route has no other next hop, where limits.last_route is block: it is recorded; may be
    /// given several times
    #[arg(long, value_name = "ADDRESS", add = completion::addresses())]
    pub(in crate::cli) allow_last_route: Vec<Address>,
}

/// `--drift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DriftArg {
    /// Bring it back
    Fix,
    /// Leave it alone, and say so
    Leave,
}

/// Which interfaces a command looks at.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct Selection {
    /// Look at these interfaces only: an address, an id, a pattern such as 'sh-*', group:G, label:K=V, region:R, account:A, change:C,
    /// or several of these joined by commas where all must hold; what must change before them blocks them unless it is
    /// selected too; may be given several times
    #[arg(long, value_name = "SELECTOR", add = completion::selectors())]
    pub(in crate::cli) target: Vec<Selector>,
    /// Leave these interfaces out; may be given several times
    #[arg(long, value_name = "SELECTOR", add = completion::selectors())]
    pub(in crate::cli) exclude: Vec<Selector>,
}
