//! `rictl fleet`.

use std::time::Duration;

use clap::Args;

use crate::selector::Selector;

use super::{FormatArgs, value};

/// `rictl fleet`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct FleetArgs {
    /// Which states: those that declare such interfaces (addresses, ids, patterns, group:G, label:K=V, region:R, account:A, change:C), or
    /// are called so [default: all]
    #[arg(value_name = "SELECTOR")]
    pub(in crate::cli) selectors: Vec<Selector>,
    #[command(flatten)]
    pub(in crate::cli) format: FormatArgs,
    /// A state that no `drift --record` has checked for so long is stale: exit 2
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = value::positive_days)]
    pub(in crate::cli) stale_after: Duration,
}
