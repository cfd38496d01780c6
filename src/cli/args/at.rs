//! `--at`: as of which moment.
//!
//! Where windows open is for a plan to find: `--at open` is no moment here.

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;

use crate::calendar::{self, Toward, Zone};
use crate::ops::failure::{Exit, Refusal};

/// What is written where windows are to say when.
const OPEN: &str = "open";

#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(in crate::cli) struct AtArgs {
    /// As of then, past or to come; a plan of the past is for looking, never for an apply: RFC 3339, a local time or a date in the spec's time_zone, or a duration from now such as 90m or 7d; of plan,
    /// approve and rehearse also `open`: the first moment at which the windows let all of it through
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl AtArgs {
    /// Asks for a moment that is known.
    pub(in crate::cli) fn of(moment: Timestamp) -> Self {
        Self { at: Some(moment.to_string()) }
    }

    /// Returns what was typed.
    pub(in crate::cli) fn typed(&self) -> Option<&str> {
        self.at.as_deref()
    }

    /// Returns whether it asks for the first moment at which the windows let all of a plan through.
    pub(in crate::cli) fn is_open(&self) -> bool {
        self.at.as_deref() == Some(OPEN)
    }

    /// Returns the moment that was asked for.
    ///
    /// # Errors
    /// Exit 1 for what is no time, and for a local time that occurs twice.
    pub(in crate::cli) fn moment(&self, zone: &Zone, now: Timestamp) -> Result<Option<Timestamp>> {
        let Some(text) = &self.at else { return Ok(None) };
        if self.is_open() {
            let refusal = Refusal::new(Exit::Error, "--at open: when windows open is for a plan to find");
            return Err(refusal.hint("`rictl plan --at open` says when; give that time here").into());
        }
        match calendar::read(text, zone, now, Toward::Future) {
            Ok(at) => Ok(Some(at)),
            Err(error) => Err(Refusal::new(Exit::Error, format!("--at {text}: {error}")).into()),
        }
    }
}
