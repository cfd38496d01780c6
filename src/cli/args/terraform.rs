//! Flags that wrappers of Terraform send along: taken where they change nothing, refused where they would.

use clap::Args;
use clap::builder::BoolishValueParser;

/// They are not in `--help`: nobody needs to learn them.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct TerraformArgs {
    /// Every plan reads the live cloud
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(in crate::cli) refresh: Option<bool>,
    /// There is one form of warnings
    #[arg(long, hide = true)]
    compact_warnings: bool,
}
