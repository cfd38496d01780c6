//! `rictl history` and `rictl report`: what past runs tell.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::calendar::{self, Toward, Zone};
use crate::ops::failure::{Exit, Refusal};
use crate::selector::Selector;

use super::super::completion;

/// `rictl history`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct HistoryArgs {
    /// Only the runs that touched these interfaces: addresses, ids, patterns, group:G, label:K=V and the like
    #[arg(value_name = "SELECTOR", add = completion::selectors())]
    pub(in crate::cli) selectors: Vec<Selector>,
    /// Only the runs that began then or later: RFC 3339, a local time or a date in the spec's time_zone, or a duration before now
    /// such as 90m or 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only the runs that began before then, not at that moment
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only the runs that touched steps of this change
    #[arg(long, value_name = "CHANGE", add = completion::changes())]
    pub(in crate::cli) change: Option<String>,
    /// Only the runs of this login name, or that CI ran for this actor: the whole name
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) who: Option<String>,
    /// Only this run: its id, the beginning of one, or `last`
    #[arg(long, value_name = "RUN_ID|last", add = completion::runs())]
    pub(in crate::cli) run: Option<String>,
    /// Only the newest so many of those
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) limit: Option<u32>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: HistoryFormat,
}

/// `history --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum HistoryFormat {
    /// For a terminal: one line a run
    Text,
    /// One document
    Json,
    /// One document a run, each on a line of its own
    Ndjson,
}

impl HistoryArgs {
    pub(in crate::cli) fn format(&self) -> HistoryFormat {
        if self.json { HistoryFormat::Json } else { self.format }
    }

    /// Returns whether not every run was asked for.
    pub(in crate::cli) fn asks_for_some(&self) -> bool {
        let texts = [&self.since, &self.until, &self.change, &self.who, &self.run];
        !self.selectors.is_empty() || texts.iter().any(|text| text.is_some())
    }

    /// Returns the span that was asked for, in a zone.
    ///
    /// # Errors
    /// Exit 1 for what is no time, for a local time that occurs twice, and for a span in which nothing can begin.
    pub(in crate::cli) fn span(&self, zone: &Zone, now: Timestamp) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
        let read = |flag: &str, text: &Option<String>| -> Result<Option<Timestamp>> {
            let Some(text) = text else { return Ok(None) };
            match calendar::read(text, zone, now, Toward::Past) {
                Ok(at) => Ok(Some(at)),
                Err(error) => Err(Refusal::new(Exit::Error, format!("{flag} {text}: {error}")).into()),
            }
        };
        let (since, until) = (read("--since", &self.since)?, read("--until", &self.until)?);
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            let (since, until) = (zone.shown(since), zone.shown(until));
            let refusal = Refusal::new(Exit::Error, format!("--until {until} is not later than --since {since}"));
            return Err(refusal.hint("--since includes its moment, --until does not").into());
        }
        Ok((since, until))
    }
}

/// `rictl report`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// Changes, with all their runs, the ways back included; and runs, by their ids, the beginnings of those, or `last`
    #[arg(value_name = "CHANGE|RUN_ID", required = true, add = completion::changes_and_runs())]
    pub(in crate::cli) names: Vec<String>,
    /// How to print [default: what the ending of --output says, else markdown]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    /// Write into this file, and replace what is there; - for stdout. CSV begins with a byte order mark there
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// `report --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// For a ticket
    Markdown,
    /// One self-contained page
    Html,
    /// For a spreadsheet: one row a step
    Csv,
    /// One document
    Json,
}

impl ReportArgs {
    /// Returns the file to write; `None` for standard output.
    pub(in crate::cli) fn output(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// Returns how it is written.
    ///
    /// # Errors
    /// An ending that promises a format which there is not.
    pub(in crate::cli) fn format(&self) -> Result<ReportFormat, Refusal> {
        const OF_OTHERS: [&str; 10] = ["pdf", "doc", "docx", "odt", "xls", "xlsx", "ods", "xml", "yaml", "yml"];
        let ending = self.output().and_then(Path::extension).and_then(|ending| ending.to_str());
        let by_ending = match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("html" | "htm") => Some(ReportFormat::Html),
            Some("csv") => Some(ReportFormat::Csv),
            Some("json") => Some(ReportFormat::Json),
            Some(other) if self.format.is_none() && OF_OTHERS.contains(&other) => {
                let refusal = Refusal::new(Exit::Error, format!("--output: no report is written as .{other}"));
                return Err(refusal.hint("an ending is .md, .html, .csv or .json; --format says it whatever the name"));
            }
            _ => None,
        };
        Ok(self.format.or(by_ending).unwrap_or(ReportFormat::Markdown))
    }
}
