//! How plans and runs are printed.

use clap::{Args, ValueEnum};

/// How to print.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct FormatArgs {
    /// Print one JSON document
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Cut nothing on a terminal, however long; elsewhere nothing is ever cut
    #[arg(long)]
    pub(in crate::cli) full: bool,
}

impl FormatArgs {
    pub(in crate::cli) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For a terminal
    Text,
    /// One document
    Json,
    /// For a pull request
    Markdown,
    /// One self-contained page
    Html,
}
