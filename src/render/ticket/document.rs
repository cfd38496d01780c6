//! What past runs prove, as one JSON document.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Ticket, TicketPart, length};
use crate::history::dossier::{About, Down};
use crate::render::history::Run;
use crate::render::json;
use crate::resource::{Address, RequestId, RouterInterfaceId, Scope};
use crate::state::RunId;

/// The version of the report's document.
const FORMAT_VERSION: &str = "1.0";

/// What `report --format json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl report")]
pub(crate) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that made it.
    rictl_version: &'static str,
    /// When it was made.
    timestamp: Timestamp,
    /// What it is about, in the order that was asked for.
    about: Vec<AboutDocument<'a>>,
    /// The runs, each once, oldest first.
    runs: Vec<Run<'a>>,
    /// How long each link was down.
    down: Vec<DownDocument<'a>>,
    /// The specs that were given, where several were.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    specs: BTreeSet<&'a str>,
}

/// One change, or one run.
#[derive(Serialize, JsonSchema)]
struct AboutDocument<'a> {
    /// The change; `null` where one run was asked for.
    change_id: Option<&'a str>,
    /// The run; `null` where a change was asked for.
    run_id: Option<&'a RunId>,
    /// Its runs, oldest first.
    run_ids: Vec<&'a RunId>,
}

/// How long an interface was down, between two calls that were seen to their ends.
#[derive(Serialize, JsonSchema)]
struct DownDocument<'a> {
    address: &'a Address,
    id: &'a RouterInterfaceId,
    #[serde(flatten)]
    scope: &'a Scope,
    /// When it was seen down.
    down_at: Timestamp,
    /// When it was seen up again; `null` where none of these runs has brought it back.
    up_at: Option<Timestamp>,
    /// The time between the two, in milliseconds.
    duration_ms: Option<u64>,
    /// The run that took it down.
    drained_by: &'a RunId,
    /// The RequestId of that call; `null` where its answer was lost.
    drain_request_id: Option<&'a RequestId>,
    /// The run that brought it back.
    returned_by: Option<&'a RunId>,
    /// The RequestId of that call.
    return_request_id: Option<&'a RequestId>,
}

/// Writes a report as one JSON document, on one line.
pub fn write<W: Write + ?Sized>(out: &mut W, ticket: &Ticket) -> io::Result<()> {
    json::line(
        out,
        &Document {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            timestamp: ticket.made_at,
            about: ticket.parts.iter().map(AboutDocument::from).collect(),
            runs: ticket.runs().map(Run::from).collect(),
            down: ticket.downs().into_iter().map(DownDocument::from).collect(),
            specs: ticket.specs.iter().map(String::as_str).collect(),
        },
    )
}

impl<'a> From<&'a TicketPart> for AboutDocument<'a> {
    fn from(part: &'a TicketPart) -> Self {
        let (change_id, run_id) = match &part.about {
            About::Change(change) => (Some(change.as_str()), None),
            About::Run(run_id) => (None, Some(run_id)),
        };
        Self { change_id, run_id, run_ids: part.runs.iter().map(|run| &run.report.run_id).collect() }
    }
}

impl<'a> From<&'a Down> for DownDocument<'a> {
    fn from(down: &'a Down) -> Self {
        let returned = down.returned.as_ref();
        Self {
            address: &down.address,
            id: &down.interface_id,
            scope: &down.scope,
            down_at: down.drained.at,
            up_at: returned.map(|returned| returned.at),
            duration_ms: length(down).and_then(|length| u64::try_from(length.as_millis()).ok()),
            drained_by: &down.drained.by,
            drain_request_id: down.drained.request_id.as_ref(),
            returned_by: returned.map(|returned| &returned.by),
            return_request_id: returned.and_then(|returned| returned.request_id.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests;
