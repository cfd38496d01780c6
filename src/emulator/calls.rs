//! The call log: one line of JSON per request that a face received. Never a secret, a signature or a token.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::answer::{Answer, Delivery, Reply};
use super::caller::Caller;
use super::refusal::Refusal;
use super::request::Request;

/// How the parameters begin that say what a read asks for.
const ASKED_FOR: [&str; 12] = [
    "Filter.",
    "LookupAttribute.",
    "Dimensions",
    "MetricName",
    "Tags.",
    "Page",
    "RouterType",
    "RouterId",
    "RouteTableId",
    "NextHop",
    "MaxResult",
    "NextToken",
];

/// What the call log says about one request.
#[derive(Debug, Serialize)]
pub(super) struct CallRecord<'a> {
    time: Timestamp,
    signature: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'a str>,
    /// Filters, tags and pages as they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query: BTreeMap<&'a str, &'a str>,
    /// Missing where no answer was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    mutated: bool,
    /// What a fault made of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    spoiled: Option<String>,
    request_id: &'a str,
}

impl<'a> CallRecord<'a> {
    /// Describes a call that the world answered.
    pub(super) fn answered(
        time: Timestamp,
        signature: &'static str,
        caller: Option<&'a Caller>,
        request: &'a Request,
        reply: &'a Reply,
    ) -> Self {
        let (http_status, code) = match (&reply.delivery, &reply.answer) {
            (Delivery::Dropped | Delivery::Hung, _) => (None, None),
            (Delivery::Html(status), _) => (Some(*status), None),
            (Delivery::Redirect, _) => (Some(302), None),
            (_, Answer::Refused(refusal)) => (Some(refusal.http_status), Some(refusal.code.as_ref())),
            _ => (Some(200), None),
        };
        let parameters = request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Self {
            time,
            signature,
            account: caller.map(|caller| caller.account.as_str()),
            region: request.parameter("RegionId"),
            action: &request.action,
            interface: match &reply.answer {
                Answer::Created { id, .. } => Some(id.as_str()),
                _ => request.interface(),
            },
            query: parameters.filter(|(name, _)| ASKED_FOR.iter().any(|prefix| name.starts_with(prefix))).collect(),
            http_status,
            code,
            mutated: reply.events.iter().any(|event| event.cause == request.action && event.moves()),
            spoiled: (reply.delivery != Delivery::Whole).then(|| format!("{:?}", reply.delivery)),
            request_id: &request.request_id,
        }
    }

    /// Describes a request that did not get as far as the world.
    pub(super) fn turned_away(
        time: Timestamp,
        signature: &'static str,
        action: &'a str,
        refusal: &'a Refusal,
        request_id: &'a str,
    ) -> Self {
        Self {
            time,
            signature,
            account: None,
            region: None,
            action,
            interface: None,
            query: BTreeMap::new(),
            http_status: Some(refusal.http_status),
            code: Some(&refusal.code),
            mutated: false,
            spoiled: None,
            request_id,
        }
    }
}

/// A file that call records are appended to.
#[derive(Debug)]
pub struct CallLog(Mutex<File>);

impl CallLog {
    /// Opens a call log, keeping what is in it.
    ///
    /// # Errors
    ///
    /// The file cannot be opened for appending.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }

    pub(super) fn write(&self, record: &CallRecord<'_>) {
        let mut line = serde_json::to_vec(record).expect("a call record has text keys only");
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            tracing::error!(%error, "cannot write the emulator's call log");
        }
    }
}
